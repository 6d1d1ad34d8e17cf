/* test_cusum.c - CUSUM against closed forms and bin-by-bin computation */
#include "base/cusum.h"

#include "test.h"

static const int64_t MINUTE_US = 60000000;

static void ratios_are_those_of_the_design(void)
{
    static const struct {
        double p0, p1, bad, good;
        int fewest_bad; /* in a row, until h = 9.2 */
    } rows[] = {
        {.10, .70, 1.95, -1.10, 5},
        {.05, .30, 1.79, -0.31, 6},
        {.15, .90, 1.79, -2.14, 6},
    };

    for (unsigned i = 0; i < 3; i++) {
        struct bernoulli_llr llr = bernoulli_llr_of(rows[i].p0, rows[i].p1);
        struct cusum c = {0};
        int n = 0;
        CHECK_NEAR(llr.bad, rows[i].bad, 0.006);
        CHECK_NEAR(llr.good, rows[i].good, 0.006);
        do
            n++;
        while (cusum_add(&c, n, 0, (double)llr.bad) < 9.2F);
        CHECK_INT(n, rows[i].fewest_bad);
    }
}

static void s_is_clamped_and_an_excursion_has_a_start(void)
{
    struct cusum c = {0};

    CHECK_NEAR(cusum_add(&c, 100, 0, -2), 0, 0);
    CHECK_NEAR(cusum_add(&c, 200, 0, 2), 2, 0);
    CHECK_NEAR(cusum_add(&c, 300, 0, 1.5), 3.5, 0);
    CHECK_NEAR(cusum_add(&c, 400, 0, -1), 2.5, 0);
    CHECK_INT(c.start_us, 200);
    CHECK_NEAR(c.peak, 3.5, 0);
    CHECK_NEAR(cusum_add(&c, 500, 0, -9), 0, 0);
    CHECK_NEAR(c.peak, 3.5, 0); /* of the latest excursion */
    CHECK_NEAR(cusum_add(&c, 600, 0, 1), 1, 0);
    CHECK_INT(c.start_us, 600);
    CHECK_NEAR(c.peak, 1, 0);
}

static void s_decays_between_events(void)
{
    struct cusum c = {0};

    cusum_add(&c, 0, 1000, 4);
    CHECK_NEAR(cusum_at(&c, 1000, 1000), 2, 1e-6);
    CHECK_NEAR(cusum_at(&c, 1000, 0), 4, 0);
    CHECK_NEAR(cusum_add(&c, 2000, 1000, 1), 2, 1e-6);
    CHECK_INT(c.start_us, 0);
    CHECK_NEAR(cusum_add(&c, 1000, 1000, 1), 2.5, 1e-6); /* a half-life late: half the weight */
    CHECK_INT(c.t_us, 2000);
    cusum_add(&c, 60000, 1000, 1); /* 58 half-lives later the old evidence is gone */
    CHECK_INT(c.start_us, 60000);
    CHECK_NEAR(c.s, 1, 0);
}

static void a_late_event_can_move_the_start_back(void)
{
    struct cusum c = {0};

    cusum_add(&c, 500, 0, 1);
    cusum_add(&c, 400, 0, 1);
    CHECK_INT(c.start_us, 400);
    CHECK_INT(c.t_us, 500);
}

/* The formulas of the design, one bin at a time. */
struct reference {
    double s, l0, h;
    int64_t start_bin; /* -1: S never left 0 */
};

static void reference_close(struct reference *r, double x, int64_t bin)
{
    double l1 = r->l0 >= 2 ? 2 * r->l0 : fmax(3 * r->l0, r->l0 + 0.5);
    double s = fmax(0, r->s + x * log(l1 / r->l0) - (l1 - r->l0));

    if (r->s == 0 && s > 0)
        r->start_bin = bin;
    r->s = s;
    if (s <= r->h / 2)
        r->l0 = fmax(0.02, r->l0 + (1 - exp2(-1.0 / 10080)) * (x - r->l0));
}

static void compare_series(double initial, const int *counts, int bins, int64_t origin_us)
{
    struct reference r = {.l0 = fmax(initial, 0.02), .h = 12, .start_bin = -1};
    struct poisson_cusum p;

    poisson_cusum_init(&p, 12, initial);
    poisson_cusum_add(&p, origin_us, 0);
    for (int bin = 0; bin < bins; bin++) {
        for (int i = 0; i < counts[bin]; i++)
            poisson_cusum_add(&p, origin_us + bin * MINUTE_US + i, 1);
        reference_close(&r, counts[bin], bin);
    }
    poisson_cusum_advance(&p, origin_us + bins * MINUTE_US);
    CHECK_NEAR(p.s, r.s, 1e-7);
    CHECK_NEAR(p.baseline_per_min, r.l0, 1e-9);
    if (r.start_bin >= 0)
        CHECK_INT(p.excursion_start_us, origin_us + r.start_bin * MINUTE_US);
    else
        CHECK_INT(p.excursion_start_us, 0);
}

static void counts_agree_with_the_formulas_bin_by_bin(void)
{
    enum { BINS = 30000 };
    static int counts[BINS];
    static const double initial[] = {0, 0.02, 0.2, 2, 20};
    uint32_t random = 7;

    for (int i = 0; i < BINS; i++) {
        random = random * 1664525 + 1013904223;
        counts[i] = (i / 500) % 7 == 3 ? (int)(random >> 29) : random >> 24 == 0;
    }
    counts[100] = 400; /* one huge bin: a long frozen time */
    counts[20] = counts[21] = 9;
    for (unsigned i = 0; i < 5; i++) {
        compare_series(initial[i], counts, BINS, 0);
        compare_series(initial[i], counts, 90, 1795497600000000);
        compare_series(initial[i], counts, 3000, -100 * MINUTE_US);
    }
}

static void long_gaps_agree_with_many_empty_bins(void)
{
    static const int64_t gaps[] = {1, 2, 3, 7, 29, 100, 1000, 20000, 400000};
    static const double initial[] = {0.02, 0.24, 0.26, 1.9, 2.1, 50};

    for (unsigned i = 0; i < 6; i++)
        for (unsigned g = 0; g < 9; g++) {
            struct reference r = {.l0 = initial[i], .h = 12};
            struct poisson_cusum p;
            poisson_cusum_init(&p, 12, initial[i]);
            poisson_cusum_add(&p, 0, 120);
            poisson_cusum_advance(&p, gaps[g] * MINUTE_US);
            reference_close(&r, 120, 0);
            for (int64_t bin = 1; bin < gaps[g]; bin++)
                reference_close(&r, 0, bin);
            CHECK_NEAR(p.s, r.s, 1e-7);
            CHECK_NEAR(p.baseline_per_min, r.l0, 1e-9);
            CHECK_INT(p.bin_start_us, gaps[g] * MINUTE_US);
        }
}

static void a_burst_alarms_inside_its_minute_and_says_since_when(void)
{
    struct poisson_cusum p;
    int64_t t0 = 5 * MINUTE_US + 17;
    int n = 0;

    poisson_cusum_init(&p, 12, 0.02);
    CHECK(!poisson_cusum_advance(&p, MINUTE_US)); /* nothing yet */
    while (!poisson_cusum_add(&p, t0 + n, 1))
        n++;
    CHECK_INT(n + 1, 4); /* x * ln(0.52/0.02) - 0.5 >= 12 from x = 4 */
    CHECK_INT(p.excursion_start_us, 5 * MINUTE_US);
    CHECK(poisson_cusum_advance(&p, 6 * MINUTE_US));
    CHECK_NEAR(p.s, 4 * log(26) - 0.5, 1e-9);
}

static void late_events_have_five_minutes(void)
{
    struct poisson_cusum p;

    poisson_cusum_init(&p, 12, 1);
    poisson_cusum_add(&p, 100 * MINUTE_US, 1);
    poisson_cusum_add(&p, 95 * MINUTE_US, 1);
    CHECK_NEAR(p.bin_count, 2, 0);
    poisson_cusum_add(&p, 95 * MINUTE_US - 1, 1);
    CHECK_NEAR(p.bin_count, 2, 0);
    CHECK_INT(p.late_ignored, 1);
    CHECK_INT(p.bin_start_us, 100 * MINUTE_US);
}

static void an_attack_is_not_learnt(void)
{
    struct poisson_cusum p;
    double before = 0;

    poisson_cusum_init(&p, 12, 0.2);
    for (int bin = 0; bin < 5000; bin++) {
        for (int i = 0; i < 10; i++)
            poisson_cusum_add(&p, bin * MINUTE_US + i, 1);
        if (bin == 5)
            before = p.baseline_per_min;
    }
    CHECK_NEAR(p.baseline_per_min, before, 0);
}

static const struct test_case cases[] = {
    {"log-likelihood ratios and steps to alarm are those of the design",
     ratios_are_those_of_the_design},
    {"S is clamped at 0 and an excursion has start and peak",
     s_is_clamped_and_an_excursion_has_a_start},
    {"S decays between events and late evidence counts for less", s_decays_between_events},
    {"a late event can move the start of an excursion back", a_late_event_can_move_the_start_back},
    {"counts per minute agree with the formulas bin by bin",
     counts_agree_with_the_formulas_bin_by_bin},
    {"a long gap agrees with as many empty bins", long_gaps_agree_with_many_empty_bins},
    {"a burst alarms inside its minute and says since when",
     a_burst_alarms_inside_its_minute_and_says_since_when},
    {"late events are counted for five minutes, then ignored", late_events_have_five_minutes},
    {"the baseline does not learn an attack", an_attack_is_not_learnt},
};
TEST_MAIN(cases)
