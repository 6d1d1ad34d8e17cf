/* cusum.c - Page's CUSUM on outcomes and on counts per minute
 * algorithm: S = max(0, S + evidence). Poisson: l1 = 2*l0 when l0 >= 2/min, else max(3*l0, l0 +
 *            0.5); the baseline l0 is an EWMA of the bins with a half-life of 7 days, frozen while
 *            S > h/2 so that an attack is not learnt
 * source:    Page (1954); Lucas (1985)
 * limits:    bins of one minute; events more than 5 minutes late are not counted */
#include "base/cusum.h"

#include <math.h>

static const int64_t MINUTE_US = INT64_C(60000000);
static const int64_t GRACE_US = INT64_C(300000000);
static const double BASELINE_HALF_LIFE_BINS = 7 * 24 * 60;
static const float SUNK =
    0.01F; /* a decayed S below this starts anew: else no excursion would ever end */

struct bernoulli_llr bernoulli_llr_of(double p0, double p1)
{
    return (struct bernoulli_llr){(float)log(p1 / p0), (float)log((1 - p1) / (1 - p0))};
}

float cusum_at(const struct cusum *c, int64_t t_us, double half_life_us)
{
    if (!(half_life_us > 0) || c->s == 0 || t_us <= c->t_us)
        return c->s;
    float s = (float)(c->s * exp2((double)(c->t_us - t_us) / half_life_us));
    return s < SUNK ? 0 : s;
}

float cusum_add(struct cusum *c, int64_t t_us, double half_life_us, double llr)
{
    bool empty = c->s == 0 && c->t_us == 0;

    if (empty || t_us > c->t_us) {
        c->s = cusum_at(c, t_us, half_life_us);
        c->t_us = t_us;
    } else if (half_life_us > 0 && t_us < c->t_us) {
        llr *= exp2((double)(t_us - c->t_us) / half_life_us);
    }
    double s = fmax(0, c->s + llr);
    if (s > 0 && c->s == 0) {
        c->start_us = t_us;
        c->peak = 0;
    } else if (s > 0 && t_us < c->start_us) {
        c->start_us = t_us;
    }
    c->s = (float)s;
    c->peak = fmaxf(c->peak, c->s);
    return c->s;
}

static void update_rates(struct poisson_cusum *p)
{
    double l0 = fmax(p->baseline_per_min, p->floor_per_min);
    double l1 = l0 >= 2 ? 2 * l0 : fmax(3 * l0, l0 + 0.5);

    p->baseline_per_min = l0;
    p->gain = log(l1 / l0);
    p->drift = l1 - l0;
}

void poisson_cusum_init(struct poisson_cusum *p, double h, double initial_baseline_per_min)
{
    *p = (struct poisson_cusum){
        .h = h, .baseline_per_min = initial_baseline_per_min, .floor_per_min = 0.02};
    update_rates(p);
}

double poisson_cusum_level(const struct poisson_cusum *p)
{
    return fmax(0, p->s + p->bin_count * p->gain - p->drift);
}

static bool alarmed(const struct poisson_cusum *p)
{
    return p->s >= p->h || poisson_cusum_level(p) >= p->h;
}

static void close_bin(struct poisson_cusum *p)
{
    double s = poisson_cusum_level(p);

    if (p->s == 0 && s > 0)
        p->excursion_start_us = p->bin_start_us;
    p->s = s;
    if (s <= p->h / 2) {
        p->baseline_per_min +=
            (1 - exp2(-1 / BASELINE_HALF_LIFE_BINS)) * (p->bin_count - p->baseline_per_min);
        update_rates(p);
    }
    p->bin_count = 0;
    p->bin_start_us += MINUTE_US;
}

/* While S > h/2 an empty bin only takes the drift off: as many of them at once as leave S above
 * h/2. */
static int64_t skip_frozen(struct poisson_cusum *p, int64_t bins)
{
    double above = ceil((p->s - p->h / 2) / p->drift) - 1;
    int64_t n = above < 1 ? 0 : above < (double)bins ? (int64_t)above : bins;

    p->s -= (double)n * p->drift;
    p->bin_start_us += n * MINUTE_US;
    return bins - n;
}

/* With S at 0 an empty bin only ages the baseline: all of them at once. */
static void skip_idle(struct poisson_cusum *p, int64_t bins)
{
    p->baseline_per_min *= exp2(-(double)bins / BASELINE_HALF_LIFE_BINS);
    p->bin_start_us += bins * MINUTE_US;
    update_rates(p);
}

bool poisson_cusum_advance(struct poisson_cusum *p, int64_t now_us)
{
    if (!p->started || now_us - p->bin_start_us < MINUTE_US)
        return p->started && alarmed(p);
    int64_t bins = (now_us - p->bin_start_us) / MINUTE_US;
    close_bin(p); /* the only one that may hold events */
    bins = skip_frozen(p, bins - 1);
    for (; bins > 0 && p->s > 0; bins--) /* the drift is at least 0.5: at most h rounds */
        close_bin(p);
    if (bins > 0)
        skip_idle(p, bins);
    return alarmed(p);
}

static int64_t whole_minute(int64_t t_us)
{
    int64_t rest = t_us % MINUTE_US;

    return t_us - (rest < 0 ? rest + MINUTE_US : rest);
}

bool poisson_cusum_add(struct poisson_cusum *p, int64_t t_us, double weight)
{
    if (!p->started) {
        p->started = true;
        p->bin_start_us = whole_minute(t_us);
        update_rates(p);
    }
    if (t_us < p->bin_start_us && p->bin_start_us - t_us > GRACE_US)
        p->late_ignored++;
    else {
        poisson_cusum_advance(p, t_us);
        p->bin_count += weight;
        if (p->s == 0 && poisson_cusum_level(p) > 0)
            p->excursion_start_us = p->bin_start_us;
    }
    return alarmed(p);
}
