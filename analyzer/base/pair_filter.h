/* pair_filter.h - "first time this pair?" for very many pairs in fixed memory: a Bloom filter of
 * two generations
 *
 * A pair is remembered for one to two rotation times after it was last seen, or until 64 pairs per
 * line of 64 bytes came after it: a flood shortens the memory, but does not make everything look
 * seen. Without a flood it never says "first" wrongly within one rotation time; it says "seen"
 * wrongly in about 0.3 % (a small filter) to 0.5 % (one of 8 MiB) of cases at 16 bits per pair and
 * generation, 3 % to 4 % at 8 bits, which is the most in a generation. */
#ifndef BASE_PAIR_FILTER_H
#define BASE_PAIR_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct state_io;

struct pair_filter;

/* pair_filter_new - a filter of `bytes` for both generations together (rounded down to 128, at
 * least 128)
 *
 *   in        rotate_us  length of a generation in event time; 0 or less: never rotates
 *   lifetime  until pair_filter_free(); ends the program when there is no memory */
struct pair_filter *pair_filter_new(size_t bytes, int64_t rotate_us);

/* pair_filter_free - release; NULL is allowed; result NULL */
struct pair_filter *pair_filter_free(struct pair_filter *f);

/* pair_filter_first - true if hash was in neither generation; it is in the current one afterwards
 *
 *   in        hash    64-bit keyed hash of the pair
 *             now_us  event time; rotates when a generation is over, an earlier time does not
 *   cost      one cache line per generation, the two are neighbours; rotating is O(1) */
bool pair_filter_first(struct pair_filter *f, uint64_t hash, int64_t now_us);

/* pair_filter_seen - was hash in either generation as of the latest pair_filter_first(); changes
 * nothing */
bool pair_filter_seen(const struct pair_filter *f, uint64_t hash);

/* pair_filter_warm - fetch what a call with this hash will look at, ahead of it */
void pair_filter_warm(const struct pair_filter *f, uint64_t hash);

/* pair_filter_bytes - memory reserved */
size_t pair_filter_bytes(const struct pair_filter *f);

/* pair_filter_persist - to a state or back, see base/state.h */
void pair_filter_persist(struct pair_filter *f, struct state_io *io);

#endif
