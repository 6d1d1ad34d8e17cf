/* space_saving.c - weighted Space-Saving: rows, an index over their hashes, and the rows that are
 * lightest
 * algorithm: a new key in a full table takes over the lightest row and keeps its weight as error;
 *            of equal ones that with the lowest number. Weights only grow, so the lightest rows are
 *            found by one pass over all weights and used up one after the other; a row that has
 *            grown meanwhile is passed over. Most keys of a long tail weigh the same, so one pass
 *            serves many keys, and adding to a known key costs no order at all
 * source:    Metwally et al. (2005); merge: Agarwal et al. (2012), a key that one side lacks may
 *            have had the least weight of that side when it is full
 * limits:    weights are 64-bit sums and are not checked for overflow; where every row weighs
 *            something else, each new key costs a pass over k weights */
#include "base/space_saving.h"

#include <string.h>

#include "base/bytes.h"
#include "base/hash_index.h"
#include "base/panic.h"
#include "base/state.h"

enum { WORD = 64, LINE_BYTES = 64 };
_Static_assert(sizeof(struct ss_row) % LINE_BYTES == 0 &&
                   offsetof(struct ss_row, error) == LINE_BYTES,
               "a row begins with a cache line of its own");

struct space_saving {
    struct hash_index index;
    struct ss_row *rows;
    uint64_t *weights; /* of the rows once more, close together */
    uint64_t
        *lightest; /* bits of rows that weighed `least` at the last pass, and are not used up */
    uint64_t least;
    uint32_t word; /* of `lightest`: those before are empty */
    uint32_t k, count;
    void *memory;
    uint64_t total;
};

static uint32_t words_of(uint32_t k)
{
    return (k + WORD - 1) / WORD;
}

struct space_saving *space_saving_new(uint32_t k)
{
    struct space_saving *s = panic_calloc(1, sizeof(*s));

    ASSERT(k > 0);
    s->k = k;
    s->memory = panic_calloc(k + 1, sizeof(*s->rows)); /* one more to begin at a cache line */
    s->rows = (struct ss_row *)(void *)((char *)s->memory +
                                        (LINE_BYTES - (uintptr_t)s->memory % LINE_BYTES));
    s->weights = panic_calloc(k, sizeof(*s->weights));
    s->lightest = panic_calloc(words_of(k), sizeof(*s->lightest));
    hash_index_init(&s->index, k);
    return s;
}

struct space_saving *space_saving_free(struct space_saving *s)
{
    if (s == NULL)
        return NULL;
    hash_index_fini(&s->index);
    free(s->lightest);
    free(s->weights);
    free(s->memory);
    free(s);
    return NULL;
}

static uint64_t least_of(const struct space_saving *s)
{
    uint64_t least = UINT64_MAX;

    for (uint32_t i = 0; i < s->count; i++)
        least = s->weights[i] < least ? s->weights[i] : least;
    return least;
}

static void mark(struct space_saving *s, uint32_t row)
{
    s->lightest[row / WORD] |= UINT64_C(1) << row % WORD;
    s->word = row / WORD < s->word ? row / WORD : s->word;
}

static void find_lightest(struct space_saving *s)
{
    s->least = least_of(s);
    s->word = 0;
    for (uint32_t i = 0; i < s->count; i++)
        s->lightest[i / WORD] |= (uint64_t)(s->weights[i] == s->least) << i % WORD;
}

/* Go on to the next row that is as light as at the last pass; false: all are used up. */
static bool go_to_lightest(struct space_saving *s)
{
    for (; s->word < words_of(s->k); s->word++) {
        uint64_t *bits = &s->lightest[s->word];
        for (; *bits != 0; *bits &= *bits - 1) /* passing over those that have grown */
            if (s->weights[s->word * WORD + (uint32_t)__builtin_ctzll(*bits)] == s->least)
                return true;
    }
    return false;
}

static uint32_t row_at_hand(const struct space_saving *s)
{
    return s->word * WORD + (uint32_t)__builtin_ctzll(s->lightest[s->word]);
}

/* The row that will be taken next is fetched while other lines are read. */
static void warm_next(struct space_saving *s)
{
    if (!go_to_lightest(s))
        return;
    const char *row = (const char *)&s->rows[row_at_hand(s)];
    for (size_t i = 0; i < offsetof(struct ss_row, note); i += LINE_BYTES)
        __builtin_prefetch(row + i, 1);
}

/* Only when full: the row with the least (weight, number). */
static uint32_t take_lightest(struct space_saving *s)
{
    while (!go_to_lightest(s))
        find_lightest(s);
    uint32_t row = row_at_hand(s);
    s->lightest[s->word] &= s->lightest[s->word] - 1;
    warm_next(s);
    return row;
}

void space_saving_warm(const struct space_saving *s, uint64_t hash)
{
    hash_index_warm(&s->index, hash);
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
    *ret_error = 0;
    if (s->count < s->k)
        return s->count++;
    uint32_t row = take_lightest(s);
    hash_index_remove(&s->index, s->rows[row].hash, row);
    *ret_error = s->least;
    return row;
}

static struct ss_row *admit(struct space_saving *s, uint64_t hash, slice key, uint64_t weight)
{
    uint64_t error;
    bool full = s->count == s->k;
    uint32_t row = take_row(s, &error);
    struct ss_row *r = &s->rows[row];

    if (r->noted)
        r->note[0] = '\0';
    bytes_zero(r, offsetof(struct ss_row, error));
    r->hash = hash;
    r->weight = error + weight;
    r->error = error;
    slice_keep(key, r->key, sizeof(r->key));
    hash_index_insert(&s->index, hash, row);
    s->weights[row] = r->weight;
    if (full && weight == 0) /* as light as before: it stays in the order */
        mark(s, row);
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
    r->weight += weight;
    s->weights[r - s->rows] = r->weight;
    r->first_us = t_us < r->first_us ? t_us : r->first_us;
    r->last_us = t_us > r->last_us ? t_us : r->last_us;
    return r;
}

/* Order of reports. Keys are equal only when both were cut; then the earlier one is first. */
static int compare_rows(const void *a, const void *b)
{
    const struct ss_row *x = a, *y = b;

    if (x->weight != y->weight)
        return x->weight > y->weight ? -1 : 1;
    int order = strcmp(x->key, y->key);
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
           s->k * (sizeof(*s->rows) + sizeof(*s->weights)) + words_of(s->k) * sizeof(*s->lightest);
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
    space_saving_note(to, slice_of(from->note));
}

static uint64_t least_weight(const struct space_saving *s)
{
    return s->count < s->k ? 0 : least_of(s);
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
    memset(s->lightest, 0, words_of(s->k) * sizeof(*s->lightest));
    s->word = 0;
    s->count = 0;
    for (uint32_t i = 0; i < count && i < s->k; i++) {
        s->rows[i] = rows[i];
        s->weights[i] = rows[i].weight;
        hash_index_insert(&s->index, rows[i].hash, i);
        s->count++;
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

void space_saving_persist(struct space_saving *s, struct state_io *io)
{
    static const struct state_hole own[] = {
        STATE_HOLE(struct space_saving, index),    STATE_HOLE(struct space_saving, rows),
        STATE_HOLE(struct space_saving, memory),   STATE_HOLE(struct space_saving, weights),
        STATE_HOLE(struct space_saving, lightest), STATE_HOLE(struct space_saving, k)};

    state_struct(io, "top table", s, sizeof *s, STATE_HOLES(own));
    if (s->count > s->k || s->word > words_of(s->k)) {
        state_fail(io, "a top table of another size");
        s->count = s->word = 0;
    }
    state_bytes(io, "top rows", s->rows, sizeof *s->rows, s->count);
    state_bytes(io, "top weights", s->weights, sizeof *s->weights, s->count);
    state_bytes(io, "top lightest", s->lightest, sizeof *s->lightest, words_of(s->k));
    if (!state_loading(io))
        return;
    hash_index_clear(&s->index);
    for (uint32_t i = 0; i < s->count; i++)
        hash_index_insert(&s->index, s->rows[i].hash, i);
}
