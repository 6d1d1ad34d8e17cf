/* line_shapes.c - masked texts in a table, by the hash of the masked text
 * algorithm: one pass over the text, words end at punctuation; the table gives up what is rarest
 * limits:    only the first 110 bytes of a masked text tell shapes apart */
#include "line_shapes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/panic.h"
#include "base/table.h"

struct line_shapes {
    struct hash_key key;
    struct table *table;
};

static float shape_score(const void *entry, int64_t now_us)
{
    const struct line_shape *shape = entry;

    (void)now_us;
    return (float)shape->count;
}

struct line_shapes *line_shapes_new(const struct hash_key *key)
{
    struct line_shapes *s = panic_calloc(1, sizeof *s);
    struct table_spec spec = {.name = "line shapes",
                              .capacity = LINE_SHAPES_MAX,
                              .entry_size = sizeof(struct line_shape),
                              .score = shape_score};

    s->key = *key;
    s->table = table_new(&spec);
    return s;
}

struct line_shapes *line_shapes_free(struct line_shapes *s)
{
    if (s == NULL)
        return NULL;
    table_free(s->table);
    free(s);
    return NULL;
}

/* The word at text[i]: where it ends, and what it becomes; '\0': it stays. */
static size_t end_of_word(slice text, size_t i, char *ret_mask)
{
    bool digit = false, at = false;

    static const slice ends = SLICE_INIT(" ,:;()[]{}<>=\"'");

    for (; i < text.len && slice_find_byte(ends, text.ptr[i]) == ends.len; i++) {
        digit |= text.ptr[i] >= '0' && text.ptr[i] <= '9';
        at |= text.ptr[i] == '@';
    }
    *ret_mask = at ? 'A' : digit ? 'N' : '\0';
    return i;
}

void line_shape_mask(slice text, char *out)
{
    const size_t room = LINE_SHAPE_TEXT - 8;
    size_t n = 0, i = 0;
    char mask;

    while (i < text.len && n < room) {
        if (text.ptr[i] == '<') {
            slice quoted = slice_from(text, i);
            size_t close = slice_find_byte(quoted, '>');
            i += close < quoted.len ? close + 1 : 1;
            memcpy(out + n, "<>", 2);
            n += 2;
            continue;
        }
        size_t end = end_of_word(text, i, &mask);
        if (mask != '\0')
            out[n++] = mask;
        else
            for (; i < end && n < room; i++)
                out[n++] = text.ptr[i];
        i = end;
        if (i < text.len && text.ptr[i] != '<')
            out[n++] = text.ptr[i++];
    }
    out[n] = '\0';
}

void line_shapes_add(struct line_shapes *s, const char *kind, slice label, slice text)
{
    char masked[LINE_SHAPE_TEXT], name[48], whole[LINE_SHAPE_TEXT];
    struct line_shape *shape;
    uint64_t hash;
    bool created;

    line_shape_mask(text, masked);
    slice_keep(label, name, sizeof name);
    int n = snprintf(whole, sizeof whole, "%.40s: %.110s", name, masked);
    hash = hash_mix(siphash13(&s->key, kind, strlen(kind)), siphash13(&s->key, whole, (size_t)n));
    shape = table_get(s->table, hash, 0, &created);
    if (created) {
        memcpy(shape->text, whole, sizeof whole);
        shape->kind = kind;
    }
    shape->count++;
}

static int by_count(const void *a, const void *b)
{
    const struct line_shape *const *x = a, *const *y = b;

    if ((*x)->count != (*y)->count)
        return (*x)->count < (*y)->count ? 1 : -1;
    int order = strcmp((*x)->text, (*y)->text);
    return order != 0 ? order : strcmp((*x)->kind, (*y)->kind);
}

unsigned line_shapes_list(struct line_shapes *s, const struct line_shape **ret)
{
    uint32_t cursor = 0;
    unsigned n = 0;
    const struct line_shape *shape;

    while ((shape = table_next(s->table, &cursor)) != NULL)
        ret[n++] = shape;
    qsort(ret, n, sizeof *ret, by_count);
    return n;
}

uint64_t line_shapes_dropped(const struct line_shapes *s)
{
    return table_evictions(s->table);
}
