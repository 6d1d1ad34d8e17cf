/* parsers.c - the table made of parsers.def, and a small cache from tag to parser per source
 *
 * The cache is direct-mapped by the tag's length and its last bytes, so the handful of tags a mail
 * log has rarely meet. A miss asks each parser in turn. */
#include "parsers.h"

#include "base/bytes.h"

#define PARSER(symbol) extern const struct parser parser_##symbol;
#include "parsers.def"
#undef PARSER

static const struct parser *const table[] = {
#define PARSER(symbol) &parser_##symbol,
#include "parsers.def"
#undef PARSER
};

size_t parsers_count(void)
{
    return sizeof table / sizeof table[0];
}

const struct parser *parsers_at(size_t i)
{
    return table[i];
}

const struct parser *parsers_find(slice name)
{
    for (size_t i = 0; i < parsers_count(); i++)
        if (slice_eq(slice_of(table[i]->name), name))
            return table[i];
    return NULL;
}

static const struct parser *ask_each(slice tag)
{
    for (size_t i = 0; i < parsers_count(); i++)
        if (table[i]->claims != NULL && table[i]->claims(tag))
            return table[i];
    return NULL;
}

static size_t slot_of(slice tag)
{
    uint64_t end = (unsigned char)tag.ptr[tag.len - 1];

    if (tag.len >= sizeof end)
        end = bytes_load_le64(tag.ptr + tag.len - sizeof end);
    return ((end + tag.len) * UINT64_C(0x9e3779b97f4a7c15) >> 32) % PARSERS_CHOICES;
}

static uint32_t note_of(const struct parser *parser, slice tag)
{
    return parser == NULL || parser->tag_note == NULL ? 0 : parser->tag_note(tag);
}

const struct parser *parsers_choose(struct parser_choices *choices, slice tag, uint32_t *ret_note)
{
    *ret_note = 0;
    if (tag.len == 0)
        return NULL;
    if (choices == NULL || tag.len > PARSERS_TAG)
        return ask_each(tag);

    struct parser_choice *row = &choices->rows[slot_of(tag)];
    if (row->len != tag.len || !bytes_eq(row->tag, tag.ptr, tag.len)) {
        row->parser = ask_each(tag);
        row->note = note_of(row->parser, tag);
        row->len = (uint32_t)tag.len;
        memcpy(row->tag, tag.ptr, tag.len);
    }
    *ret_note = row->note;
    return row->parser;
}

const struct parser *parsers_for_tag(struct parser_choices *choices, slice tag)
{
    uint32_t note;

    return parsers_choose(choices, tag, &note);
}
