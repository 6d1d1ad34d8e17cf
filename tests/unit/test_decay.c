/* test_decay.c - decayed counts against the sum of their definition */
#include "base/decay.h"

#include "test.h"

static const double HALF_LIFE_US = 60e6;

static double by_definition(const int64_t *t_us, const double *weight, unsigned count, int64_t at)
{
    double sum = 0;

    for (unsigned i = 0; i < count; i++)
        sum += weight[i] * exp2((double)(t_us[i] - at) / HALF_LIFE_US);
    return sum;
}

static void any_order_gives_the_sum_of_the_definition(void)
{
    static const int64_t t_us[] = {50000000, 10000000, 50000000, 90000000, 89999999, 0};
    static const double weight[] = {1, 2, 0.5, 3, 1, 7};
    struct decayed d = {0};

    for (unsigned i = 0; i < 6; i++) {
        double now = decayed_add(&d, t_us[i], HALF_LIFE_US, weight[i]);
        CHECK_NEAR(now, by_definition(t_us, weight, i + 1, d.t_us), 1e-12);
    }
    CHECK_INT(d.t_us, 90000000);
    CHECK_NEAR(decayed_at(&d, 200000000, HALF_LIFE_US), by_definition(t_us, weight, 6, 200000000),
               1e-12);
}

static void a_half_life_halves(void)
{
    struct decayed d = {0};

    decayed_add(&d, 1000, HALF_LIFE_US, 8);
    CHECK_NEAR(decayed_at(&d, 1000 + 60000000, HALF_LIFE_US), 4, 1e-12);
    CHECK_NEAR(decayed_at(&d, 1000 + 180000000, HALF_LIFE_US), 1, 1e-12);
    CHECK_NEAR(decayed_at(&d, 0, HALF_LIFE_US), 8, 0); /* never grows back */
}

static void two_counters_merge_exactly(void)
{
    struct decayed a = {0}, b = {0}, both = {0};

    decayed_add(&a, 5000000, HALF_LIFE_US, 1);
    decayed_add(&both, 5000000, HALF_LIFE_US, 1);
    decayed_add(&b, 70000000, HALF_LIFE_US, 2);
    decayed_add(&both, 70000000, HALF_LIFE_US, 2);
    decayed_add(&b, 3000000, HALF_LIFE_US, 4);
    decayed_add(&both, 3000000, HALF_LIFE_US, 4);
    decayed_add(&a, b.t_us, HALF_LIFE_US, b.value);
    CHECK_NEAR(a.value, both.value, 1e-12);
    CHECK_INT(a.t_us, both.t_us);
}

static void times_before_1970_work(void)
{
    struct decayed d = {0};

    decayed_add(&d, -60000000, HALF_LIFE_US, 2);
    CHECK_NEAR(decayed_at(&d, 0, HALF_LIFE_US), 1, 1e-12);
}

static const struct test_case cases[] = {
    {"events in any order give the sum of the definition",
     any_order_gives_the_sum_of_the_definition},
    {"a half-life halves, and the past is not extrapolated", a_half_life_halves},
    {"two counters merge exactly", two_counters_merge_exactly},
    {"times before 1970 work", times_before_1970_work},
};
TEST_MAIN(cases)
