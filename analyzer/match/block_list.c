/* block_list.c - one automaton over names, codes and marks; the zone of a list is read behind its
 * mark algorithm: error and domain rows decide first, then a domain name behind a mark, then the
 * first row of the table source:    block_lists.def limits:    a list that is neither known nor
 * quoted by its zone has no name */
#include "match/block_list.h"

#include <stdlib.h>

#include "base/literal_set.h"
#include "base/panic.h"

enum { TEXT_SCAN_MAX = 1024 };

struct block_row {
    slice literal;
    enum block_kind kind; /* BLOCK_NONE: a mark */
    const char *name;
};

static const struct block_row rows[] = {
#define BLOCK_MARK(literal)            {SLICE_INIT(literal), BLOCK_NONE, ""},
#define BLOCK_ROW(literal, kind, name) {SLICE_INIT(literal), BLOCK_##kind, name},
#include "match/block_lists.def"
#undef BLOCK_MARK
#undef BLOCK_ROW
};
enum { ROWS = sizeof rows / sizeof rows[0] };

struct block_lists {
    struct literal_set *literals;
};

struct block_lists *block_lists_new(void)
{
    struct block_lists *b = panic_calloc(1, sizeof *b);
    slice literals[ROWS];

    for (unsigned i = 0; i < ROWS; i++)
        literals[i] = rows[i].literal;
    b->literals = literal_set_new(literals, ROWS);
    return b;
}

struct block_lists *block_lists_free(struct block_lists *b)
{
    if (b != NULL)
        literal_set_free(b->literals);
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

struct hits {
    bool row[ROWS];
    bool any;
};

static void note_hit(void *arg, unsigned index)
{
    struct hits *h = arg;

    h->row[index] = h->any = true;
}

static const struct block_row *first_row(const struct hits *h, enum block_kind from,
                                         enum block_kind to)
{
    for (unsigned i = 0; i < ROWS; i++)
        if (h->row[i] && rows[i].kind >= from && rows[i].kind <= to)
            return &rows[i];
    return NULL;
}

static bool name_by_mark(const struct hits *h, slice text, struct block_hit *ret)
{
    for (unsigned i = 0; i < ROWS; i++)
        if (h->row[i] && rows[i].kind == BLOCK_NONE && take_zone(text, rows[i].literal, ret->name))
            return true;
    return false;
}

static void name_by_row(const struct block_row *row, struct block_hit *ret)
{
    ret->kind = row->kind;
    ret->known = row->name[0] != '\0';
    slice_keep(slice_of(row->name), ret->name, sizeof ret->name);
}

/* A zone is known when it is, or ends in, the name of a row: not merely contains it. */
static bool zone_known(const char *zone)
{
    slice z = slice_of(zone);

    for (unsigned i = 0; i < ROWS; i++) {
        slice name = slice_of(rows[i].name);
        if (rows[i].kind == BLOCK_NONE || name.len < 4 || !slice_ends(z, name))
            continue;
        if (z.len == name.len || z.ptr[z.len - name.len - 1] == '.')
            return true;
    }
    return false;
}

bool block_lists_find(const struct block_lists *b, slice text, struct block_hit *ret)
{
    struct hits hits = {.any = false};
    const struct block_row *row;

    *ret = (struct block_hit){.kind = BLOCK_NONE};
    text = slice_first(text, TEXT_SCAN_MAX);
    literal_set_scan(b->literals, text, note_hit, &hits);
    take_addresses(text, ret);
    ret->as_client = find_lower(text, SLICE_LIT("client host [")) < text.len ||
                     find_lower(text, SLICE_LIT("client [")) < text.len;
    if (!hits.any)
        return false;
    if ((row = first_row(&hits, BLOCK_ERROR, BLOCK_ERROR)) != NULL ||
        (row = first_row(&hits, BLOCK_DOMAIN, BLOCK_DOMAIN)) != NULL) {
        name_by_row(row, ret);
    } else if (name_by_mark(&hits, text, ret)) {
        ret->kind = BLOCK_LIST;
        ret->known = zone_known(ret->name);
    } else if ((row = first_row(&hits, BLOCK_LIST, BLOCK_THROTTLE)) != NULL) {
        name_by_row(row, ret);
    }
    return ret->kind != BLOCK_NONE;
}
