/* space_saving.h - the heaviest keys of a stream in k rows (weighted Space-Saving)
 *
 * Every key whose true weight exceeds total/k has a row; weight overestimates by at most error, and
 * error <= total/k. A full table gives the row of the lightest key to a new one, which inherits its
 * weight as error.
 *
 * source: Metwally et al. (2005); merging: Agarwal et al., "Mergeable summaries" (2012). */
#ifndef BASE_SPACE_SAVING_H
#define BASE_SPACE_SAVING_H

#include <stdint.h>

#include "base/slice.h"

struct state_io;

enum { SS_KEY_SIZE = 120, SS_NOTE_SIZE = 64, SS_VALUES = 3 };

/* What an addition to a known key touches stands in the first 64 bytes, one cache line. */
struct ss_row {
    uint64_t hash;             /* identity, 64-bit keyed hash of the whole key */
    uint64_t weight;           /* true weight <= weight <= true weight + error */
    uint64_t value[SS_VALUES]; /* caller's additive counters since the key got the row */
    int64_t first_us, last_us; /* since the key got the row */
    uint32_t flags;            /* caller's; or-ed by a merge */
    bool noted;                /* note is not empty */
    uint64_t error;
    char key[SS_KEY_SIZE];   /* cut to 119 bytes, NUL-terminated */
    char note[SS_NOTE_SIZE]; /* for example a verified host name; see space_saving_note() */
};

struct space_saving;

/* space_saving_new - k rows, k >= 1; ends the program when there is no memory */
struct space_saving *space_saving_new(uint32_t k);

/* space_saving_free - release; NULL is allowed; result NULL */
struct space_saving *space_saving_free(struct space_saving *s);

/* space_saving_add - add weight to a key
 *
 *   in        key     text for display, copied when the key gets a row; absent: row->key stays
 *                     empty and the caller writes it when he finds it so (a text that costs to
 *                     make)
 *             weight  recipients, bytes ...; 0 is allowed
 *   result    its row, never NULL; value, flags and note are the caller's to change. Valid until
 *             the next add
 *   cost      O(1) for a known key, O(1) on average for a new one; no allocation. Which of several
 *             lightest rows is taken over is deterministic */
struct ss_row *space_saving_add(struct space_saving *s, uint64_t hash, slice key, uint64_t weight,
                                int64_t t_us);

/* space_saving_note - keep a note with the row, if it has none yet and text is not empty */
static inline void space_saving_note(struct ss_row *row, slice text)
{
    if (row->noted || text.len == 0)
        return;
    slice_keep(text, row->note, sizeof row->note);
    row->noted = true;
}

/* space_saving_warm - fetch what an addition with this hash will look at first, ahead of it */
void space_saving_warm(const struct space_saving *s, uint64_t hash);

/* space_saving_find - the row of a key, or NULL */
struct ss_row *space_saving_find(struct space_saving *s, uint64_t hash);

/* space_saving_top - the heaviest rows, by weight descending, then key bytes ascending
 *
 *   out       rows    room for max pointers, valid until the next add or merge
 *   result    how many were set */
unsigned space_saving_top(const struct space_saving *s, const struct ss_row **rows, unsigned max);

/* space_saving_total - sum of all weights added */
uint64_t space_saving_total(const struct space_saving *s);

/* space_saving_count - rows in use */
uint32_t space_saving_count(const struct space_saving *s);

/* space_saving_bytes - memory reserved */
size_t space_saving_bytes(const struct space_saving *s);

/* space_saving_merge - add all of src to dst; errors add up, both need the same hash key
 *
 *   cost      allocates scratch of the size of both; for the end of a run */
void space_saving_merge(struct space_saving *dst, const struct space_saving *src);

/* space_saving_persist - to a state or back, see base/state.h; k is the reader's, and may not be
 * less */
void space_saving_persist(struct space_saving *s, struct state_io *io);

#endif
