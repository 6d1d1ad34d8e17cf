/* decay.h - a count that forgets: each event's weight halves every half-life
 *
 * C(t) = sum of w * 2^-((t - t_event)/H). Late events are exact: they enter with the weight they
 * would have by now. Two counters of one half-life are merged exactly by decayed_add(&a, b.t_us,
 * half_life_us, b.value). */
#ifndef BASE_DECAY_H
#define BASE_DECAY_H

#include <math.h>
#include <stdint.h>

struct decayed {
    double value; /* as of t_us */
    int64_t t_us; /* latest event; all zero is the empty counter */
};

/* decayed_add - count an event of time t_us, in any order
 *
 *   in        half_life_us  > 0, the same for each call on d
 *   result    the count as of d->t_us */
static inline double decayed_add(struct decayed *d, int64_t t_us, double half_life_us,
                                 double weight)
{
    if (d->value == 0) { /* nothing to age; also the first event */
        d->t_us = t_us;
        d->value = weight;
    } else if (t_us == d->t_us) {
        d->value += weight;
    } else if (t_us > d->t_us) {
        d->value = d->value * exp2((double)(d->t_us - t_us) / half_life_us) + weight;
        d->t_us = t_us;
    } else {
        d->value += weight * exp2((double)(t_us - d->t_us) / half_life_us);
    }
    return d->value;
}

/* decayed_at - the count as of t_us; for a time before the latest event, as of the latest event */
static inline double decayed_at(const struct decayed *d, int64_t t_us, double half_life_us)
{
    if (d->value == 0 || t_us <= d->t_us)
        return d->value;
    return d->value * exp2((double)(d->t_us - t_us) / half_life_us);
}

#endif
