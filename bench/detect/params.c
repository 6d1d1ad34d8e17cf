/* params.c - the numbers of sets A and B
 * source: see params.h
 * limits: set C is to tune on beside A: its honest people are worse than those of B, so that a rule
 * which keeps quiet there has not been fitted to the days it is reported on */
#include "params.h"

static const struct params nominal = {
    .set = 'A',
    .user_messages = 15,
    .user_bad = {.5, 30, 1},
    .user_first = {2, 6, 1},
    .mta_median = 5,
    .mta_sigma = 1.5,
    .mta_unknown = {.3, 6, 1},
    .list_unknown = {2, 18, 1},
    .invitation_bad = {1, 30, 1},
    .clean_bad = {2, 60, 1},
    .dirty_bad = {6, 34, 1},
    .stolen_bad = {6, 14, 1},
    .stolen_clean_bad = {6, 14, 1},
    .stolen_first = .98,
    .stolen_clean_first = .98,
    .dirty_first = .5,
    .harvest_unknown = .95,
};

/* The thieves' cleaner lists are not scaled: they make detection harder, a dirtier list easier. */
struct params params_of(char set, uint64_t seed)
{
    struct params p = nominal;
    double volume = seed % 2 == 0 ? 2 : .5, worse = 1.5;

    if (set != 'B' && set != 'C')
        return p;
    if (set == 'C') {
        volume = seed % 2 == 0 ? 3 : .4;
        worse = 2;
    }
    p.set = set;
    p.user_messages *= volume;
    p.mta_median *= volume;
    p.user_bad.scale = p.mta_unknown.scale = p.list_unknown.scale = worse;
    p.invitation_bad.scale = p.clean_bad.scale = p.dirty_bad.scale = worse;
    p.stolen_clean_bad = (struct share){3, 27, 1};
    p.stolen_clean_first = .90;
    p.user_first = (struct share){3, 6, 1};
    p.extra_classes = true;
    return p;
}

double params_share(const struct share *s, struct rng *r)
{
    double x = s->scale * rng_beta(r, s->a, s->b);
    return x > .98 ? .98 : x;
}
