/* distinct.h - how many different items one key has seen, in 72 bytes
 *
 * Exact up to 8 (their hashes are kept), then linear counting on 512 bits (3.2 % at 100, 5.8 % at
 * 1,500), then it says DISTINCT_CAP. For counts without a limit use struct hll.
 *
 * source: Whang et al., "A linear-time probabilistic counting algorithm" (1990). */
#ifndef BASE_DISTINCT_H
#define BASE_DISTINCT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/hll.h"

enum { DISTINCT_EXACT = 8, DISTINCT_BITS = 512, DISTINCT_CAP = 2500 };

/* All zero is the empty counter. */
struct distinct {
    uint16_t exact;    /* hashes held, 0..8; not used once is_bitmap */
    uint16_t bits_set; /* of the bitmap */
    bool is_bitmap;
    union {
        uint32_t hash[DISTINCT_EXACT];
        uint64_t bitmap[DISTINCT_BITS / 64];
    } as;
};
_Static_assert(sizeof(struct distinct) <= 72, "many tables hold one per entry");

/* distinct_add - add an item by its 64-bit keyed hash
 *
 *   result    true when it is new for certain; false when it was seen, or (in the bitmap) shares
 * the bit of another */
bool distinct_add(struct distinct *d, uint64_t hash);

/* distinct_count - the number of different items: exact to 8, estimated beyond, at most
 * DISTINCT_CAP */
double distinct_count(const struct distinct *d);

/* distinct_merge - dst becomes the counter of the union; both need the same hash key */
void distinct_merge(struct distinct *dst, const struct distinct *src);

/* distinct_reset - make it empty */
static inline void distinct_reset(struct distinct *d)
{
    *d = (struct distinct){0};
}

#endif
