/* top_few.c - Space-Saving on a fixed array
 * algorithm: a new key takes a free row, else the row of the lightest key, whose count it inherits
 *            as its error
 * source:    Metwally et al., "Efficient computation of frequent and top-k elements in data
 *            streams" (2005)
 * limits:    16 rows; among equals the first row is taken, so the result depends on the order of
 *            the stream only */
#include "detect/top_few.h"

static struct top_few_row *row_for(struct top_few *t, uint64_t hash, slice text)
{
    struct top_few_row *lightest = &t->row[0];

    for (uint32_t i = 0; i < t->used; i++) {
        if (t->row[i].hash == hash)
            return &t->row[i];
        if (t->row[i].count < lightest->count)
            lightest = &t->row[i];
    }
    if (t->used < TOP_FEW_ROWS) {
        lightest = &t->row[t->used++];
        lightest->count = 0;
    }
    lightest->hash = hash;
    lightest->error = lightest->count;
    slice_keep(text, lightest->text, sizeof lightest->text);
    return lightest;
}

void top_few_add(struct top_few *t, uint64_t hash, slice text)
{
    t->total++;
    row_for(t, hash, text)->count++;
}

const struct top_few_row *top_few_best(const struct top_few *t)
{
    const struct top_few_row *best = NULL;

    for (uint32_t i = 0; i < t->used; i++)
        if (best == NULL || top_few_certain(&t->row[i]) > top_few_certain(best))
            best = &t->row[i];
    return best;
}

/* The heaviest row not yet in the set of rows taken. */
static int next_heaviest(const struct top_few *t, uint32_t min, uint32_t taken)
{
    int best = -1;

    for (uint32_t i = 0; i < t->used; i++) {
        if ((taken >> i & 1U) || top_few_certain(&t->row[i]) < min)
            continue;
        if (best < 0 || top_few_certain(&t->row[i]) > top_few_certain(&t->row[best]))
            best = (int)i;
    }
    return best;
}

unsigned top_few_related(const struct top_few *t, enum entity_type type, uint32_t min,
                         struct alert_related *ret, unsigned max)
{
    uint32_t taken = 0;
    unsigned n = 0;

    for (int i; n < max && (i = next_heaviest(t, min, taken)) >= 0; n++) {
        taken |= 1U << i;
        ret[n].type = type;
        slice_keep(slice_of(t->row[i].text), ret[n].value, sizeof ret[n].value);
    }
    return n;
}
