/* top_few.h - the heaviest keys of a small stream, inside an entry of a table
 *
 * Space-Saving with 16 rows and no memory of its own, for detectors that keep one per host or per
 * domain: every key with more than a sixteenth of the total has a row. base/space_saving.h is the
 * larger one, for the report. */
#ifndef DETECT_TOP_FEW_H
#define DETECT_TOP_FEW_H

#include <stdint.h>

#include "alert/alert.h"

enum { TOP_FEW_ROWS = 16, TOP_FEW_TEXT = 128 };

struct top_few_row {
    uint64_t hash;
    uint32_t count, error; /* count - error <= true count <= count */
    char text[TOP_FEW_TEXT];
};

/* All zero is empty. */
struct top_few {
    uint32_t used, total;
    struct top_few_row row[TOP_FEW_ROWS];
};

/* top_few_add - count a key once
 *
 *   in        hash   of the key as it is to be told apart
 *             text   for display; copied, cut to 127 bytes
 *   cost      one pass over 16 rows; no allocation */
void top_few_add(struct top_few *t, uint64_t hash, slice text);

/* top_few_best - the row that is certain to have most, or NULL when empty */
const struct top_few_row *top_few_best(const struct top_few *t);

/* top_few_certain - how often the key of a row was added at the least */
static inline uint32_t top_few_certain(const struct top_few_row *r)
{
    return r->count - r->error;
}

/* top_few_related - the keys that are certain to have at least min, heaviest first, as related
 * entities
 *
 *   out       ret    room for max
 *   result    how many were filled */
unsigned top_few_related(const struct top_few *t, enum entity_type type, uint32_t min,
                         struct alert_related *ret, unsigned max);

#endif
