/* hll.h - HyperLogLog: distinct count of any size in 1 KiB, standard error 3.25 %
 *
 * source: Flajolet et al. (2007); estimator of Ertl, "New cardinality estimation algorithms for
 * HyperLogLog sketches" (2017), which needs no bias tables and no switch of method. */
#ifndef BASE_HLL_H
#define BASE_HLL_H

#include <stdbool.h>
#include <stdint.h>

enum { HLL_BITS = 10, HLL_REGISTERS = 1 << HLL_BITS };

/* All zero is the empty sketch. */
struct hll {
    uint8_t rank[HLL_REGISTERS];
};

/* hll_add - add a 64-bit keyed hash; true when the sketch changed (then the item is new) */
static inline bool hll_add(struct hll *h, uint64_t hash)
{
    uint8_t *r = &h->rank[hash >> (64 - HLL_BITS)];
    uint64_t rest = hash << HLL_BITS | UINT64_C(1)
                                           << (HLL_BITS - 1); /* the guard bit ends the run */
    uint8_t rank = (uint8_t)(__builtin_clzll(rest) + 1);

    if (rank <= *r)
        return false;
    *r = rank;
    return true;
}

/* hll_count - estimate of the number of distinct items added */
double hll_count(const struct hll *h);

/* hll_merge - dst becomes the sketch of the union; both need the same hash key */
void hll_merge(struct hll *dst, const struct hll *src);

#endif
