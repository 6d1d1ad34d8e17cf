/* scenario_state.h - what a scenario keeps for one group, and when that is enough
 *
 * One entry of a table a group: how many bytes depends on the kind (scenario_state_size()). All
 * zero is the empty group. Times are event times, in nearly any order: where order matters, what is
 * more than SCENARIO_LATE_S late does not count.
 *
 * Definitions, all on the events that fit the conditions:
 * leaky     level = max(0, level - time / leak) + 1 for each; more than `capacity` is enough. With
 *           `distinct` a value counts once until the bucket is empty
 * window    `count` events of which the last is less than `within` after the first
 * distinct  `count` values, each seen less than `within` ago
 * ratio     of the events of the twelfth parts of `within` up to the present one
 * cusum     S = max(0, S + ln(p1/p0)) for a bad one, + ln((1-p1)/(1-p0)) for a good one; S halves
 *           every `half_life`
 * seq       the steps one after the other (or in any order), the last at most `within` after the
 *           first */
#ifndef DETECT_SCENARIO_STATE_H
#define DETECT_SCENARIO_STATE_H

#include "base/distinct.h"
#include "detect/scenario.h"

/* What stands in front of every group. */
struct scenario_group {
    int64_t first_us, last_us; /* of the events that count */
    int64_t cool_us;           /* until then it has fired already; 0: it has not */
    uint32_t counted;          /* since first_us */
};

/* One event that fits, taken apart. */
struct scenario_input {
    int64_t time_us;
    uint32_t repeat; /* how many times it happened */
    uint64_t value;  /* of `distinct`; 0 where there is none */
    bool bad;        /* ratio, cusum */
    uint32_t steps;  /* seq: set of 1 << number of the steps that it fits */
};

enum scenario_answer { SCENARIO_MORE, SCENARIO_ENOUGH, SCENARIO_LATE };

/* scenario_state_size - bytes of a group of this scenario */
size_t scenario_state_size(const struct scenario *s);

/* scenario_state_add - count an event; the caller empties the group after SCENARIO_ENOUGH
 *
 *   cost      O(1); window and distinct: O(count) */
enum scenario_answer scenario_state_add(const struct scenario *s, struct scenario_group *group,
                                        const struct scenario_input *in);

/* scenario_state_level - how much there is of scenario.threshold: the level, events, values, share,
 * S or steps, as of the latest event */
double scenario_state_level(const struct scenario *s, const struct scenario_group *group);

/* scenario_state_reset - an empty group */
void scenario_state_reset(const struct scenario *s, struct scenario_group *group);

#endif
