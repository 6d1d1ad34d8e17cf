/* recent_set.h - how many different items in the last while, in two generations of struct distinct
 *
 * An item counts for one to two turns after it was last seen. Used by several detectors; knows
 * nothing of rules. */
#ifndef DETECT_RECENT_SET_H
#define DETECT_RECENT_SET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/distinct.h"

/* All zero is the empty set. */
struct recent_set {
    int64_t start_us; /* of the present generation */
    struct distinct now, before;
};

/* recent_set_add - an item by its 64-bit keyed hash
 *
 *   in        turn_us  length of a generation in event time, the same at each call; an earlier time
 *             than before counts as the present generation
 *   result    true when it was in neither generation, for certain */
bool recent_set_add(struct recent_set *s, uint64_t hash, int64_t time_us, int64_t turn_us);

/* recent_set_count - different items of both generations, see distinct_count(); generations that
 * are over by time_us are left out */
double recent_set_count(const struct recent_set *s, int64_t time_us, int64_t turn_us);

#endif
