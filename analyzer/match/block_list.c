/* block_list.c - one automaton over names, codes and marks; the zone of a list is read behind its
 * mark
 * algorithm: errors and domains decide first, then a zone behind a mark, then the first entry
 * source:    signatures/block-lists.json
 * limits:    a list that is neither known nor quoted by its zone has no name; 256 marks */
#include "match/block_list.h"

#include <stdlib.h>

#include "base/literal_set.h"
#include "base/panic.h"

enum { TEXT_SCAN_MAX = 1024, MARKS_MAX = 256 };

struct block_row {
    slice literal;        /* borrowed from its file */
    enum block_kind kind; /* BLOCK_NONE: a mark */
    slice name;           /* the same; empty: none; of a mark: what its match texts give */
    unsigned mark;        /* its number among the marks */
};

struct block_lists {
    struct literal_set *literals;
    struct block_row *rows; /* in the order in which they decide */
    unsigned count;
    unsigned marks[MARKS_MAX]; /* their rows */
    unsigned marks_count;
};

/* ---- from the files ---- */

static bool read_mark(const struct signature_entry *e, struct block_row *ret, struct error *reterr)
{
    static const char *const members[] = {"mark", "expect", "source", "match", "nomatch", NULL};
    slice source;

    ret->kind = BLOCK_NONE;
    return signature_entry_members(e, members, reterr) &&
           signature_entry_literal(e, "mark", &ret->literal, reterr) &&
           signature_entry_text(e, "expect", 1, &ret->name, reterr) &&
           signature_entry_text(e, "source", 1, &source, reterr);
}

static bool read_literal(const struct signature_entry *e, struct block_row *ret,
                         struct error *reterr)
{
    static const char *const members[] = {"literal",       "kind",  "name",    "source",
                                          "short_because", "match", "nomatch", NULL};
    static const char *const kinds[] = {"", "list", "reputation", "throttle", "domain", "error"};
    unsigned kind = 0;
    slice source;

    if (!signature_entry_members(e, members, reterr) ||
        !signature_entry_literal(e, "literal", &ret->literal, reterr) ||
        !signature_entry_choice(e, "kind", kinds, 6, &kind, reterr) ||
        !signature_entry_text(e, "name", 0, &ret->name, reterr) ||
        !signature_entry_text(e, "source", 1, &source, reterr))
        return false;
    ret->kind = (enum block_kind)kind;
    return ret->name.len < BLOCK_NAME_MAX ||
           signature_entry_error(e, reterr, "\"name\" is longer than %d bytes", BLOCK_NAME_MAX - 1);
}

static bool read_entry(struct block_lists *b, const struct signature_entry *e,
                       struct block_row *ret, struct error *reterr)
{
    bool mark = signature_entry_has(e, "mark");

    if (!(mark ? read_mark(e, ret, reterr) : read_literal(e, ret, reterr)) ||
        !signature_entry_lines(e, "match", 1, NULL, NULL, reterr) ||
        !signature_entry_lines(e, "nomatch", 0, NULL, NULL, reterr))
        return false;
    if (!mark)
        return true;
    if (b->marks_count == MARKS_MAX)
        return signature_entry_error(e, reterr, "more than %d marks", MARKS_MAX);
    ret->mark = b->marks_count;
    b->marks[b->marks_count++] = (unsigned)(ret - b->rows);
    return true;
}

static bool keep_entry(void *arg, const struct signature_entry *e, unsigned from, unsigned index,
                       struct error *reterr)
{
    struct block_lists *b = arg;
    struct block_row *row = &b->rows[index];

    if (!read_entry(b, e, row, reterr))
        return false;
    for (unsigned i = from; i < index; i++)
        if (slice_ieq(b->rows[i].literal, row->literal))
            return signature_entry_error(e, reterr, "the literal is that of entry %u already",
                                         i - from + 1);
    return true;
}

struct block_lists *block_lists_new(const struct signature_set *files, struct error *reterr)
{
    struct block_lists *b = panic_calloc(1, sizeof *b);

    b->count = signature_set_count(files, SIGNATURE_BLOCK_LISTS);
    b->rows = panic_calloc(b->count + 1, sizeof *b->rows);
    if (!signature_set_each(files, SIGNATURE_BLOCK_LISTS, keep_entry, b, reterr))
        return block_lists_free(b);
    b->literals = literal_set_of(&b->rows->literal, sizeof *b->rows, b->count);
    return b;
}

struct block_lists *block_lists_free(struct block_lists *b)
{
    if (b == NULL)
        return NULL;
    literal_set_free(b->literals);
    free(b->rows);
    free(b);
    return NULL;
}

/* ---- addresses ---- */

static bool is_address_byte(char c)
{
    char l = slice_lower(c);
    return (c >= '0' && c <= '9') || (l >= 'a' && l <= 'f') || c == '.' || c == ':';
}

static bool is_word_byte(char c)
{
    char l = slice_lower(c);
    return (c >= '0' && c <= '9') || (l >= 'a' && l <= 'z') || c == '-' || c == '_';
}

static unsigned count_byte(slice s, char c)
{
    unsigned n = 0;

    for (size_t i = 0; i < s.len; i++)
        n += s.ptr[i] == c;
    return n;
}

static void take_address(slice token, struct block_hit *ret)
{
    while (token.len > 0 && (token.ptr[token.len - 1] == '.' || token.ptr[token.len - 1] == ':'))
        token.len--;
    if (ret->quoted_count == BLOCK_QUOTED_MAX ||
        (count_byte(token, '.') != 3 && count_byte(token, ':') < 2))
        return;
    if (ip_addr_parse(token, &ret->quoted[ret->quoted_count]))
        ret->quoted_count++;
}

/* Every address that stands alone: in brackets, behind "=", "/", a blank, or the "550-" of a reply.
 */
static void take_addresses(slice text, struct block_hit *ret)
{
    for (size_t i = 0; i < text.len;) {
        size_t end = i;

        while (end < text.len && is_address_byte(text.ptr[end]))
            end++;
        if (end == i) {
            i++;
            continue;
        }
        bool alone = (i == 0 || text.ptr[i - 1] == '-' || !is_word_byte(text.ptr[i - 1])) &&
                     (end == text.len || !is_word_byte(text.ptr[end]));
        if (alone)
            take_address((slice){text.ptr + i, end - i}, ret);
        i = end;
    }
}

/* ---- the zone behind a mark ---- */

static size_t find_lower(slice text, slice literal)
{
    for (size_t i = 0; i + literal.len <= text.len; i++)
        if (slice_ieq((slice){text.ptr + i, literal.len}, literal))
            return i;
    return text.len;
}

/* At least two labels, the last one of letters: neither an address nor a status code. */
static bool is_zone(slice s)
{
    size_t dot = slice_rfind_byte(s, '.');

    if (dot == 0 || dot + 2 >= s.len || s.len >= BLOCK_NAME_MAX)
        return false;
    for (size_t i = dot + 1; i < s.len; i++)
        if (slice_lower(s.ptr[i]) < 'a' || slice_lower(s.ptr[i]) > 'z')
            return false;
    return true;
}

static slice strip_scheme(slice s)
{
    size_t at = slice_find(slice_first(s, 8), SLICE_LIT("://"));

    s = at < slice_first(s, 8).len ? slice_from(s, at + 3) : s;
    return slice_ieq(slice_first(s, 4), SLICE_LIT("www.")) ? slice_from(s, 4) : s;
}

static bool take_zone(slice text, slice mark, char *name)
{
    size_t at = find_lower(text, mark), n = 0;
    slice rest = strip_scheme(slice_from(text, at + mark.len));

    while (n < rest.len && (is_word_byte(rest.ptr[n]) || rest.ptr[n] == '.'))
        n++;
    while (n > 0 && rest.ptr[n - 1] == '.')
        n--;
    if (at == text.len || !is_zone(slice_first(rest, n)))
        return false;
    slice_keep(slice_first(rest, n), name, BLOCK_NAME_MAX);
    for (size_t i = 0; i < n; i++)
        name[i] = slice_lower(name[i]);
    return true;
}

/* ---- the whole ---- */

/* Those of one file only when checking, all else. */
struct hits {
    const struct block_lists *lists;
    unsigned from, none;
    unsigned error, domain, other; /* the first row of each; none: no such */
    uint64_t marks[MARKS_MAX / 64];
    bool any;
};

static void note_hit(void *arg, unsigned index)
{
    struct hits *h = arg;
    const struct block_row *row = &h->lists->rows[index];
    unsigned *first = row->kind == BLOCK_ERROR    ? &h->error
                      : row->kind == BLOCK_DOMAIN ? &h->domain
                                                  : &h->other;

    if (index < h->from || index >= h->none)
        return;
    h->any = true;
    if (row->kind == BLOCK_NONE)
        h->marks[row->mark / 64] |= UINT64_C(1) << row->mark % 64;
    else if (index < *first)
        *first = index;
}

/* The row of the mark that a zone stands behind, its name taken; h->none when there is none. */
static unsigned name_by_mark(const struct hits *h, slice text, struct block_hit *ret)
{
    const struct block_lists *b = h->lists;

    for (unsigned i = 0; i < b->marks_count; i++)
        if ((h->marks[i / 64] >> i % 64 & 1) != 0 &&
            take_zone(text, b->rows[b->marks[i]].literal, ret->name))
            return b->marks[i];
    return h->none;
}

static unsigned name_by_row(const struct hits *h, unsigned index, struct block_hit *ret)
{
    const struct block_row *row = &h->lists->rows[index];

    ret->kind = row->kind;
    ret->known = row->name.len > 0;
    slice_keep(row->name, ret->name, sizeof ret->name);
    return index;
}

/* A zone is known when it is, or ends in, the name of a row: not merely contains it. */
static bool zone_known(const struct block_lists *b, const char *zone)
{
    slice z = slice_of(zone);

    for (unsigned i = 0; i < b->count; i++) {
        slice name = b->rows[i].name;
        if (b->rows[i].kind == BLOCK_NONE || name.len < 4 || !slice_ends(z, name))
            continue;
        if (z.len == name.len || z.ptr[z.len - name.len - 1] == '.')
            return true;
    }
    return false;
}

/* The row that decides, what it says in *ret; h->none when there is none. */
static unsigned decide(struct hits *h, slice text, struct block_hit *ret)
{
    unsigned mark;

    h->error = h->domain = h->other = h->none;
    literal_set_scan(h->lists->literals, text, note_hit, h);
    if (!h->any)
        return h->none;
    if (h->error < h->none)
        return name_by_row(h, h->error, ret);
    if (h->domain < h->none)
        return name_by_row(h, h->domain, ret);
    if ((mark = name_by_mark(h, text, ret)) < h->none) {
        ret->kind = BLOCK_LIST;
        ret->known = zone_known(h->lists, ret->name);
        return mark;
    }
    return h->other < h->none ? name_by_row(h, h->other, ret) : h->none;
}

bool block_lists_find(const struct block_lists *b, slice text, struct block_hit *ret)
{
    struct hits hits = {.lists = b, .none = b->count};

    *ret = (struct block_hit){.kind = BLOCK_NONE};
    text = slice_first(text, TEXT_SCAN_MAX);
    decide(&hits, text, ret);
    take_addresses(text, ret);
    ret->as_client = find_lower(text, SLICE_LIT("client host [")) < text.len ||
                     find_lower(text, SLICE_LIT("client [")) < text.len;
    return ret->kind != BLOCK_NONE;
}

/* ---- the texts of the files ---- */

struct check {
    const struct block_lists *lists;
    const struct signature_entry *entry;
    unsigned from, index; /* of the first entry of the file, of this one */
    bool wanted;
};

static bool check_text(void *arg, unsigned number, slice text, struct error *reterr)
{
    const struct check *c = arg;
    const struct block_row *row = &c->lists->rows[c->index];
    struct hits hits = {
        .lists = c->lists, .from = c->from, .none = c->from + c->entry->file->count};
    struct block_hit hit = {.kind = BLOCK_NONE};
    unsigned got = decide(&hits, text, &hit);

    if (!c->wanted && got == c->index)
        return signature_entry_error(c->entry, reterr, "\"nomatch\" %u \"%.120s\" matches", number,
                                     text.ptr);
    if (got == hits.none && c->wanted)
        return signature_entry_error(c->entry, reterr, "\"match\" %u \"%.120s\" does not match",
                                     number, text.ptr);
    if (c->wanted && got != c->index)
        return signature_entry_error(
            c->entry, reterr, "\"match\" %u \"%.120s\" is decided by entry %u (\"%.60s\") before",
            number, text.ptr, got - c->from + 1, c->lists->rows[got].literal.ptr);
    if (c->wanted && !slice_eq(slice_of(hit.name), row->name))
        return signature_entry_error(c->entry, reterr,
                                     "\"match\" %u \"%.120s\" gives the name \"%s\"", number,
                                     text.ptr, hit.name);
    return true;
}

static bool check_entry(void *arg, const struct signature_entry *e, unsigned from, unsigned index,
                        struct error *reterr)
{
    struct check *c = arg;

    c->entry = e;
    c->from = from;
    c->index = index;
    return signature_entry_examples(e, &c->wanted, check_text, c, reterr);
}

bool block_lists_check(const struct block_lists *b, const struct signature_set *files,
                       struct error *reterr)
{
    struct check c = {.lists = b};

    return signature_set_each(files, SIGNATURE_BLOCK_LISTS, check_entry, &c, reterr);
}
