/* recent_set.c - two generations of a distinct counter: the present one is filled, both are counted
 * limits: the window is between one and two turns long, as with every two-generation structure;
 * counts are those of struct distinct: exact to 8, estimated beyond */
#include "detect/recent_set.h"

static void turn(struct recent_set *s, int64_t time_us, int64_t turn_us)
{
    if (s->start_us == 0)
        s->start_us = time_us;
    if (time_us - s->start_us < turn_us)
        return;
    if (time_us - s->start_us < 2 * turn_us) {
        s->before = s->now;
        s->start_us += turn_us;
    } else {
        distinct_reset(&s->before);
        s->start_us = time_us;
    }
    distinct_reset(&s->now);
}

bool recent_set_add(struct recent_set *s, uint64_t hash, int64_t time_us, int64_t turn_us)
{
    struct distinct before;

    turn(s, time_us, turn_us);
    before = s->before;
    return distinct_add(&s->now, hash) && distinct_add(&before, hash);
}

double recent_set_count(const struct recent_set *s, int64_t time_us, int64_t turn_us)
{
    struct recent_set aged = *s;

    if (s->start_us == 0)
        return 0;
    turn(&aged, time_us, turn_us);
    distinct_merge(&aged.now, &aged.before);
    return distinct_count(&aged.now);
}
