/* tally.h - how often a key has come lately, at separate times, for very many keys in fixed memory
 *
 * A full table cannot keep everybody who knocks, but it can remember that somebody did, in three
 * bytes: who comes again a quarter of a minute later is another than the thousands that come twice
 * at once and never return. A key has a level: 1 for its first sight, one more for each sight at
 * least TALLY_APART_S after the one counted before, TALLY_LEVEL_MAX at most.
 *
 * A tally is exact for the keys it holds, but for fingerprints that two keys share. When it is
 * full, the key that was counted longest ago goes; each level above the first stands for four
 * minutes, so that keys that recur outlive any number of fresh ones. At r fresh keys a second and n
 * cells a first sight is remembered for about n / r seconds: 140 s in 2 MiB at 5,000 keys a second.
 *
 * lifetime: shared by tables (table.h), which are given up first. */
#ifndef BASE_TALLY_H
#define BASE_TALLY_H

#include <stddef.h>
#include <stdint.h>

enum {
    TALLY_LEVEL_MAX = 7,
    TALLY_APART_S = 10,
    TALLY_LEVEL_S = 240, /* of rest cost a level, here and in tables */
    TALLY_BELIEVED = 3   /* events at most that a client is charged with for its level, when a table
                            lets it in that was full when they happened */
};

struct state_io;
struct tally;

/* tally_new - a tally in so many bytes (rounded down to 64, at least 64), all reserved here;
 * untouched pages cost nothing. tally_free: NULL is allowed; result NULL */
struct tally *tally_new(size_t bytes);
struct tally *tally_free(struct tally *t);

/* tally_add - count a sight of a key
 *
 *   in        hash    64-bit keyed hash
 *             now_us  event time; a sight before the one counted last changes nothing
 *   result    its level, 1 to TALLY_LEVEL_MAX. One above the truth for a key that shares the
 *             fingerprint of another: about one in 200 keys in a full tally
 *   cost      one cache line */
unsigned tally_add(struct tally *t, uint64_t hash, int64_t now_us);

/* tally_raise - a key is known to have had this level at now_us; a higher level is left alone */
void tally_raise(struct tally *t, uint64_t hash, unsigned level, int64_t now_us);

/* tally_bytes - memory reserved */
size_t tally_bytes(const struct tally *t);

/* tally_persist - to a state or back, see base/state.h */
void tally_persist(struct tally *t, struct state_io *io);

#endif
