/* cusum.h - sequential tests that find when a source turned bad (Page's CUSUM)
 *
 * Bernoulli form: S = max(0, S + llr) over outcomes bad/good of one source; alarm at S >= h, which
 * the caller tests. Poisson form: S = max(0, S + x*ln(l1/l0) - (l1 - l0)) over counts x of
 * one-minute bins, l0 a slow baseline.
 *
 * source: Page, "Continuous inspection schemes" (1954); Lucas, "Counted data CUSUMs" (1985). */
#ifndef BASE_CUSUM_H
#define BASE_CUSUM_H

#include <stdbool.h>
#include <stdint.h>

/* What one outcome adds to S. */
struct bernoulli_llr {
    float bad, good;
};

/* One source. All zero is the start. */
struct cusum {
    float s;
    float peak;       /* highest S of the present or latest excursion */
    int64_t t_us;     /* latest event */
    int64_t start_us; /* first event of the present or latest excursion from 0 */
};

/* bernoulli_llr_of - log-likelihood ratios of a bad and a good outcome, 0 < p0 < p1 < 1 being
 * P(bad) of a good and of a bad source */
struct bernoulli_llr bernoulli_llr_of(double p0, double p1);

/* cusum_add - account for one outcome
 *
 *   in        half_life_us  S halves over this time without events; 0: never. What has sunk below
 *                           0.01 is 0
 *             llr           from struct bernoulli_llr, or any other evidence in nats
 *   result    the new S. A late event counts with the weight left after its age, and may move
 *             start_us back */
float cusum_add(struct cusum *c, int64_t t_us, double half_life_us, double llr);

/* cusum_at - S as of t_us, decayed; for a time before the latest event, S as it is */
float cusum_at(const struct cusum *c, int64_t t_us, double half_life_us);

/* A series of counts per minute. */
struct poisson_cusum {
    double s;                   /* of the closed bins */
    double baseline_per_min;    /* l0, never below floor_per_min */
    int64_t bin_start_us;       /* of the open bin, a whole minute */
    double bin_count;           /* x of the open bin */
    int64_t excursion_start_us; /* start of the bin in which S left 0, present or latest time */
    double h;                   /* alarm threshold */
    double floor_per_min;       /* 0.02 after init; may be set before the first event */
    double gain, drift;         /* ln(l1/l0) and l1 - l0 for the open bin */
    uint64_t late_ignored;      /* events older than the grace */
    bool started;
};

/* poisson_cusum_init - an empty series
 *
 *   in        h   12 is the default of the design: one false alarm in about two years */
void poisson_cusum_init(struct poisson_cusum *p, double h, double initial_baseline_per_min);

/* poisson_cusum_add - count an event; closes the bins that end at or before t_us
 *
 *   in        weight  >= 0; feed distinct sources or capped counts, mail is over-dispersed
 *   result    S >= h, the open bin included: S can only be higher when that bin closes
 *   cost      O(1) amortised, whatever the gap; events up to 5 minutes late count in the open bin,
 * older are ignored */
bool poisson_cusum_add(struct poisson_cusum *p, int64_t t_us, double weight);

/* poisson_cusum_advance - close the bins that end at or before now_us; result as above */
bool poisson_cusum_advance(struct poisson_cusum *p, int64_t now_us);

/* poisson_cusum_level - S with the open bin included, as if it closed now */
double poisson_cusum_level(const struct poisson_cusum *p);

#endif
