/* space_saving.c - weighted Space-Saving: rows, an index over their hashes, a min-heap over their
 * weights algorithm: a new key in a full table takes over the lightest row and keeps its weight as
 * error; the heap is ordered by (weight, row number), a total order, so the row taken does not
 * depend on the shape of the heap source:    Metwally et al. (2005); merge: Agarwal et al. (2012),
 * a key that one side lacks may have had the least weight of that side when it is full limits:
 * weights are 64-bit sums and are not checked for overflow */
#include "base/space_saving.h"

#include <string.h>

#include "base/hash_index.h"
#include "base/panic.h"

/* Small, so that sifting touches few lines; the rows are five lines each. */
struct node {
    uint64_t weight;
    uint32_t row;
};

struct space_saving {
    struct hash_index index;
    struct ss_row *rows;
    struct node *heap;
    uint32_t *heap_pos; /* of each row */
    uint32_t k, count;
    uint64_t total;
};

struct space_saving *space_saving_new(uint32_t k)
{
    struct space_saving *s = panic_calloc(1, sizeof(*s));

    ASSERT(k > 0);
    s->k = k;
    s->rows = panic_calloc(k, sizeof(*s->rows));
    s->heap = panic_calloc(k, sizeof(*s->heap));
    s->heap_pos = panic_calloc(k, sizeof(*s->heap_pos));
    hash_index_init(&s->index, k);
    return s;
}

struct space_saving *space_saving_free(struct space_saving *s)
{
    if (s == NULL)
        return NULL;
    hash_index_fini(&s->index);
    free(s->heap_pos);
    free(s->heap);
    free(s->rows);
    free(s);
    return NULL;
}

static bool lighter(struct node a, struct node b)
{
    return a.weight != b.weight ? a.weight < b.weight : a.row < b.row;
}

static void heap_set(struct space_saving *s, uint32_t pos, struct node n)
{
    s->heap[pos] = n;
    s->heap_pos[n.row] = pos;
}

static void sift_up(struct space_saving *s, uint32_t pos, struct node n)
{
    while (pos > 0 && lighter(n, s->heap[(pos - 1) / 2])) {
        heap_set(s, pos, s->heap[(pos - 1) / 2]);
        pos = (pos - 1) / 2;
    }
    heap_set(s, pos, n);
}

static void sift_down(struct space_saving *s, uint32_t pos, struct node n)
{
    for (uint32_t child; (child = 2 * pos + 1) < s->count; pos = child) {
        if (child + 1 < s->count && lighter(s->heap[child + 1], s->heap[child]))
            child++;
        if (!lighter(s->heap[child], n))
            break;
        heap_set(s, pos, s->heap[child]);
    }
    heap_set(s, pos, n);
}

struct ss_row *space_saving_find(struct space_saving *s, uint64_t hash)
{
    uint32_t tag = hash_index_tag(hash), pos = tag;

    for (const struct hash_cell *c; (c = hash_index_cell(&s->index, tag, &pos)) != NULL; pos++)
        if (s->rows[c->slot1 - 1].hash == hash)
            return &s->rows[c->slot1 - 1];
    return NULL;
}

/* An unused row, or the lightest one, taken off the index. */
static uint32_t take_row(struct space_saving *s, uint64_t *ret_error)
{
    if (s->count < s->k) {
        *ret_error = 0;
        return s->count;
    }
    uint32_t row = s->heap[0].row;
    hash_index_remove(&s->index, s->rows[row].hash, row);
    *ret_error = s->rows[row].weight;
    return row;
}

static struct ss_row *admit(struct space_saving *s, uint64_t hash, slice key, uint64_t weight)
{
    uint64_t error;
    uint32_t row = take_row(s, &error);
    struct ss_row *r = &s->rows[row];
    struct node n = {error + weight, row};

    *r = (struct ss_row){.hash = hash, .weight = n.weight, .error = error};
    slice_keep(key, r->key, sizeof(r->key));
    hash_index_insert(&s->index, hash, row);
    if (row == s->count)
        sift_up(s, s->count++, n);
    else
        sift_down(s, 0, n);
    return r;
}

struct ss_row *space_saving_add(struct space_saving *s, uint64_t hash, slice key, uint64_t weight,
                                int64_t t_us)
{
    struct ss_row *r = space_saving_find(s, hash);

    s->total += weight;
    if (r == NULL) {
        r = admit(s, hash, key, weight);
        r->first_us = r->last_us = t_us;
        return r;
    }
    uint32_t row = (uint32_t)(r - s->rows);
    r->weight += weight;
    r->first_us = t_us < r->first_us ? t_us : r->first_us;
    r->last_us = t_us > r->last_us ? t_us : r->last_us;
    sift_down(s, s->heap_pos[row], (struct node){r->weight, row});
    return r;
}

/* Order of reports. Keys are equal only when both were cut; then the earlier one is first. */
static int compare_rows(const void *a, const void *b)
{
    const struct ss_row *x = a, *y = b;

    if (x->weight != y->weight)
        return x->weight > y->weight ? -1 : 1;
    int order = memcmp(x->key, y->key, SS_KEY_SIZE);
    return order != 0 ? order : (x->first_us > y->first_us) - (x->first_us < y->first_us);
}

/* The place for row in the sorted list, behind its equals. */
static unsigned upper_bound(const struct ss_row *const *rows, unsigned count,
                            const struct ss_row *row)
{
    unsigned low = 0;

    while (low < count) {
        unsigned middle = (low + count) / 2;
        if (compare_rows(row, rows[middle]) < 0)
            count = middle;
        else
            low = middle + 1;
    }
    return low;
}

unsigned space_saving_top(const struct space_saving *s, const struct ss_row **rows, unsigned max)
{
    unsigned count = 0;

    for (uint32_t i = 0; i < s->count; i++) {
        unsigned at = upper_bound(rows, count, &s->rows[i]);
        if (at == max)
            continue;
        if (count < max)
            count++;
        memmove(&rows[at + 1], &rows[at], (count - at - 1) * sizeof(*rows));
        rows[at] = &s->rows[i];
    }
    return count;
}

uint64_t space_saving_total(const struct space_saving *s)
{
    return s->total;
}

uint32_t space_saving_count(const struct space_saving *s)
{
    return s->count;
}

size_t space_saving_bytes(const struct space_saving *s)
{
    return sizeof(*s) + hash_index_bytes(&s->index) +
           s->k * (sizeof(*s->rows) + sizeof(*s->heap) + sizeof(*s->heap_pos));
}

static void absorb(struct ss_row *to, const struct ss_row *from)
{
    to->weight += from->weight;
    to->error += from->error;
    to->flags |= from->flags;
    to->first_us = from->first_us < to->first_us ? from->first_us : to->first_us;
    to->last_us = from->last_us > to->last_us ? from->last_us : to->last_us;
    for (unsigned i = 0; i < SS_VALUES; i++)
        to->value[i] += from->value[i];
    if (to->note[0] == '\0')
        memcpy(to->note, from->note, sizeof(to->note));
}

static uint64_t least_weight(const struct space_saving *s)
{
    return s->count < s->k ? 0 : s->heap[0].weight;
}

/* All keys of both sides, each once, into rows; returns how many. */
static size_t unite(struct space_saving *dst, const struct space_saving *src, struct ss_row *rows)
{
    uint64_t least_dst = least_weight(dst), least_src = least_weight(src);
    size_t count = dst->count;
    bool *met = panic_calloc(dst->k, sizeof(*met));

    memcpy(rows, dst->rows, dst->count * sizeof(*rows));
    for (uint32_t i = 0; i < src->count; i++) {
        const struct ss_row *r = &src->rows[i], *held = space_saving_find(dst, r->hash);
        if (held != NULL) {
            absorb(&rows[held - dst->rows], r);
            met[held - dst->rows] = true;
            continue;
        }
        rows[count] = *r;
        rows[count].weight += least_dst;
        rows[count++].error += least_dst;
    }
    for (uint32_t i = 0; i < dst->count; i++) {
        rows[i].weight += met[i] ? 0 : least_src;
        rows[i].error += met[i] ? 0 : least_src;
    }
    free(met);
    return count;
}

static void refill(struct space_saving *s, const struct ss_row *rows, size_t count)
{
    hash_index_clear(&s->index);
    memset(s->rows, 0, s->k * sizeof(*s->rows));
    s->count = 0;
    for (uint32_t i = 0; i < count && i < s->k; i++) {
        s->rows[i] = rows[i];
        hash_index_insert(&s->index, rows[i].hash, i);
        sift_up(s, s->count++, (struct node){rows[i].weight, i});
    }
}

void space_saving_merge(struct space_saving *dst, const struct space_saving *src)
{
    struct ss_row *rows = panic_calloc((size_t)dst->count + src->count + 1, sizeof(*rows));

    ASSERT(dst != src);
    size_t count = unite(dst, src, rows);
    qsort(rows, count, sizeof(*rows), compare_rows);
    refill(dst, rows, count);
    dst->total += src->total;
    free(rows);
}
