/* distinct.c - distinct count in two stages: up to eight hashes, then a linear-counting bitmap
 * algorithm: with z of m bits still 0, count = -m ln(z/m); promotion sets the bits of the hashes
 *            held
 * source:    Whang et al. (1990)
 * limits:    32 bits of a hash tell items apart in the exact stage; above DISTINCT_CAP the bitmap
 *            tells nothing */
#include "base/distinct.h"

#include <math.h>

static bool bitmap_add(struct distinct *d, uint32_t hash)
{
    uint32_t bit = hash >> 23; /* the top 9 of 32 bits */
    uint64_t mask = UINT64_C(1) << (bit % 64);
    uint64_t *word = &d->as.bitmap[bit / 64];

    if ((*word & mask) != 0)
        return false;
    *word |= mask;
    d->bits_set++;
    return true;
}

static void promote(struct distinct *d)
{
    struct distinct old = *d;

    *d = (struct distinct){.is_bitmap = true};
    for (unsigned i = 0; i < old.exact; i++)
        bitmap_add(d, old.as.hash[i]);
}

static bool hash_add(struct distinct *d, uint32_t hash)
{
    if (d->is_bitmap)
        return bitmap_add(d, hash);
    for (unsigned i = 0; i < d->exact; i++)
        if (d->as.hash[i] == hash)
            return false;
    if (d->exact < DISTINCT_EXACT) {
        d->as.hash[d->exact++] = hash;
        return true;
    }
    promote(d);
    bitmap_add(d, hash); /* new for certain, whether or not its bit was free */
    return true;
}

bool distinct_add(struct distinct *d, uint64_t hash)
{
    return hash_add(d, (uint32_t)(hash >> 32));
}

double distinct_count(const struct distinct *d)
{
    if (!d->is_bitmap)
        return d->exact;
    if (d->bits_set == DISTINCT_BITS)
        return DISTINCT_CAP;
    double zero = (double)(DISTINCT_BITS - d->bits_set) / DISTINCT_BITS;
    double count = fmin(DISTINCT_CAP, -DISTINCT_BITS * log(zero));
    return fmax(count, DISTINCT_EXACT + 1); /* at least nine made it a bitmap */
}

void distinct_merge(struct distinct *dst, const struct distinct *src)
{
    if (!src->is_bitmap) {
        for (unsigned i = 0; i < src->exact; i++)
            hash_add(dst, src->as.hash[i]);
        return;
    }
    if (!dst->is_bitmap)
        promote(dst);
    dst->bits_set = 0;
    for (unsigned i = 0; i < DISTINCT_BITS / 64; i++) {
        dst->as.bitmap[i] |= src->as.bitmap[i];
        dst->bits_set += (uint16_t)__builtin_popcountll(dst->as.bitmap[i]);
    }
}
