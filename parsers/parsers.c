/* parsers.c - the table made of parsers.def, and a small cache from tag to parser per source
 *
 * The cache is direct-mapped: a slot is picked by the tag's length, its last and its middle byte,
 * so the handful of tags a mail log has rarely meet. A miss asks each parser in turn. */
#include "parsers.h"

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
    unsigned last = (unsigned char)tag.ptr[tag.len - 1],
             before = (unsigned char)tag.ptr[tag.len / 2];

    return (tag.len * 5 + last * 3 + before) % PARSERS_CHOICES;
}

const struct parser *parsers_for_tag(struct parser_choices *choices, slice tag)
{
    if (tag.len == 0)
        return NULL;
    if (choices == NULL || tag.len > PARSERS_TAG)
        return ask_each(tag);

    struct parser_choice *row = &choices->rows[slot_of(tag)];
    if (row->len == tag.len && memcmp(row->tag, tag.ptr, tag.len) == 0)
        return row->parser;
    row->parser = ask_each(tag);
    row->len = (unsigned char)tag.len;
    memcpy(row->tag, tag.ptr, tag.len);
    return row->parser;
}
