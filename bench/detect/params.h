/* params.h - how a population behaves: sets A and C to tune on, set B, shifted, to report on
 *
 * source: the evaluation protocol (docs: Foster 2011, Duan et al. 2012 for the orders of
 * magnitude). B has bad shares of benign senders 1.5 times as high, thieves whose lists are three
 * times cleaner in half of the cases, volumes halved or doubled, and classes of benign actors that
 * A does not have. C is that in worse measure: bad shares twice A's, volumes .4 or 3 times. */
#ifndef PARAMS_H
#define PARAMS_H

#include <stdbool.h>
#include <stdint.h>

#include "rng.h"

struct share { /* a beta distribution, then scaled */
    double a, b, scale;
};

struct params {
    char set; /* 'A', 'B' or 'C' */
    double user_messages;
    struct share user_bad, user_first;
    double mta_median, mta_sigma; /* recipients a day */
    struct share mta_unknown, list_unknown;
    struct share invitation_bad, clean_bad, dirty_bad; /* newsletters: clean and dirty lists */
    struct share stolen_bad, stolen_clean_bad;         /* lists of thieves */
    double stolen_first, stolen_clean_first, dirty_first;
    double harvest_unknown;
    bool extra_classes;
};

/* params_of - the set for this seed; 'A', 'B' or 'C' */
struct params params_of(char set, uint64_t seed);

/* params_share - draw the share of one actor, at most .98 */
double params_share(const struct share *s, struct rng *r);

#endif
