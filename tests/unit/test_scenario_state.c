/* test_scenario_state.c - every way to count against its definition, by brute force where there is
 * more than one event to remember */
#include "detect/scenario_state.h"

#include <math.h>
#include <stdlib.h>

#include "test.h"

#define SECONDS(s) ((int64_t)llround((s)*1e6))
enum { EVENTS = 400 };
static const int64_t start_us = INT64_C(1772409600) * 1000000;

static uint64_t random_state = 7;

/* xorshift64*: the same numbers in each run */
static unsigned random_below(unsigned n)
{
    random_state ^= random_state >> 12;
    random_state ^= random_state << 25;
    random_state ^= random_state >> 27;
    return (unsigned)((random_state * UINT64_C(0x2545f4914f6cdd1d)) >> 33) % n;
}

/* Tables look at all bits of a hash. */
static uint64_t hash_of(unsigned value)
{
    return (value + 1) * UINT64_C(0x9e3779b97f4a7c15);
}

static struct scenario_group *group_new(const struct scenario *s)
{
    return calloc(1, scenario_state_size(s));
}

static bool enough(const struct scenario *s, struct scenario_group *g,
                   const struct scenario_input *in)
{
    return scenario_state_add(s, g, in) == SCENARIO_ENOUGH;
}

static struct scenario_input at(double seconds)
{
    return (struct scenario_input){.time_us = start_us + SECONDS(seconds), .repeat = 1};
}

/* ---- leaky ---- */

static void a_bucket_leaks_as_defined(void)
{
    struct scenario s = {.kind = SCENARIO_LEAKY, .capacity = 4, .leak_us = SECONDS(10)};

    for (unsigned run = 0; run < 50; run++) {
        struct scenario_group *g = group_new(&s);
        double t = 0, level = 0;
        for (unsigned i = 0; i < EVENTS; i++) {
            double gap = random_below(150) / 10.0;
            struct scenario_input in;
            t += gap;
            in = at(t);
            level = fmax(0, level - gap / 10) + 1;
            bool want = level > 4 + 1e-8, got = enough(&s, g, &in);
            CHECK_INT(got, want);
            if (want) {
                level = 0;
                scenario_state_reset(&s, g);
            } else {
                CHECK_NEAR(scenario_state_level(&s, g), level, 1e-6);
            }
        }
        free(g);
    }
}

static void a_value_counts_once_until_the_bucket_is_empty(void)
{
    struct scenario s = {
        .kind = SCENARIO_LEAKY, .capacity = 1, .leak_us = SECONDS(10), .distinct = FACT_USER};
    struct scenario_group *g = group_new(&s);
    struct scenario_input in = at(0);

    in.value = hash_of(11);
    CHECK(!enough(&s, g, &in));
    in = at(1);
    in.value = hash_of(11);
    CHECK(!enough(&s, g, &in));
    in = at(2);
    in.value = hash_of(12);
    CHECK(enough(&s, g, &in));
    scenario_state_reset(&s, g);
    in = at(100);
    in.value = hash_of(11);
    CHECK(!enough(&s, g, &in));
    in = at(200); /* empty: 11 is new again, and alone */
    in.value = hash_of(11);
    CHECK(!enough(&s, g, &in));
    CHECK_NEAR(scenario_state_level(&s, g), 1, 1e-9);
    free(g);
}

/* ---- window ---- */

static bool window_is_full(const double *times, unsigned n, unsigned count, double within)
{
    unsigned inside = 0;

    for (unsigned i = 0; i < n; i++)
        inside += times[n - 1] - times[i] < within - 1e-7;
    return inside >= count;
}

static void a_window_is_exact(void)
{
    struct scenario s = {.kind = SCENARIO_WINDOW, .within_us = SECONDS(60)};

    for (s.count = 2; s.count < 40; s.count += 3) {
        struct scenario_group *g = group_new(&s);
        double times[EVENTS];
        unsigned n = 0;
        double t = 0;
        for (unsigned i = 0; i < EVENTS; i++) {
            struct scenario_input in;
            t += random_below(1200 / s.count) / 10.0;
            times[n++] = t;
            in = at(t);
            bool want = window_is_full(times, n, s.count, 60);
            CHECK_INT(enough(&s, g, &in), want);
            if (want) {
                CHECK_INT(g->counted, s.count);
                CHECK_INT(g->first_us, start_us + SECONDS(times[n - s.count]));
                scenario_state_reset(&s, g);
                n = 0;
            }
        }
        free(g);
    }
}

/* Ten events within nine seconds among others, in any order within two minutes. */
static void a_window_finds_late_events(void)
{
    struct scenario s = {.kind = SCENARIO_WINDOW, .within_us = SECONDS(10), .count = 10};

    for (unsigned run = 0; run < 200; run++) {
        struct scenario_group *g = group_new(&s);
        double times[20];
        bool fired = false;
        for (unsigned i = 0; i < 10; i++) {
            times[i] = i;
            times[10 + i] = 20 + 10 * i;
        }
        for (unsigned i = 19; i > 0; i--) {
            unsigned k = random_below(i + 1);
            double swap = times[i];
            times[i] = times[k];
            times[k] = swap;
        }
        for (unsigned i = 0; i < 20; i++) {
            struct scenario_input in = at(times[i]);
            fired |= enough(&s, g, &in);
        }
        CHECK(fired);
        free(g);
    }
}

static void what_is_too_late_does_not_count(void)
{
    struct scenario s = {.kind = SCENARIO_WINDOW, .within_us = SECONDS(600), .count = 3};
    struct scenario_group *g = group_new(&s);
    struct scenario_input in = at(200);

    CHECK_INT(scenario_state_add(&s, g, &in), SCENARIO_MORE);
    in = at(79.9);
    CHECK_INT(scenario_state_add(&s, g, &in), SCENARIO_LATE);
    in = at(80);
    CHECK_INT(scenario_state_add(&s, g, &in), SCENARIO_MORE);
    in = at(81);
    CHECK_INT(scenario_state_add(&s, g, &in), SCENARIO_ENOUGH);
    CHECK_INT(g->first_us, start_us + SECONDS(80));
    free(g);
}

static void a_repeated_event_counts_as_often(void)
{
    struct scenario s = {.kind = SCENARIO_WINDOW, .within_us = SECONDS(600), .count = 5};
    struct scenario_group *g = group_new(&s);
    struct scenario_input in = at(0);

    in.repeat = 4;
    CHECK(!enough(&s, g, &in));
    in = at(1);
    CHECK(enough(&s, g, &in));
    scenario_state_reset(&s, g);
    in.repeat = UINT32_MAX;
    CHECK(enough(&s, g, &in));
    CHECK_INT(g->counted, UINT32_MAX);
    free(g);
}

/* ---- distinct ---- */

static unsigned different(const double *times, const unsigned *values, unsigned n, double within)
{
    unsigned count = 0;

    for (unsigned i = 0; i < n; i++) {
        bool again = times[n - 1] - times[i] >= within - 1e-7;
        for (unsigned k = i + 1; k < n; k++)
            again |= values[k] == values[i];
        count += !again;
    }
    return count;
}

static void distinct_is_exact(void)
{
    struct scenario s = {.kind = SCENARIO_DISTINCT, .within_us = SECONDS(60)};

    for (s.count = 2; s.count < 30; s.count += 3) {
        struct scenario_group *g = group_new(&s);
        double times[EVENTS], t = 0;
        unsigned values[EVENTS], n = 0;
        for (unsigned i = 0; i < EVENTS; i++) {
            struct scenario_input in;
            t += random_below(900 / s.count) / 10.0;
            times[n] = t;
            values[n++] = random_below(2 * s.count);
            in = at(t);
            in.value = hash_of(values[n - 1]);
            bool want = different(times, values, n, 60) >= s.count;
            CHECK_INT(enough(&s, g, &in), want);
            if (want) {
                scenario_state_reset(&s, g);
                n = 0;
            }
        }
        free(g);
    }
}

/* ---- ratio ---- */

static void a_ratio_is_that_of_its_twelve_parts(void)
{
    struct scenario s = {
        .kind = SCENARIO_RATIO, .within_us = SECONDS(120), .count = 10, .share = 0.5};
    struct scenario_group *g = group_new(&s);
    static long slots[EVENTS * 4];
    static bool bad[EVENTS * 4];
    unsigned n = 0;
    double t = 0;
    unsigned fired = 0;

    for (unsigned i = 0; i < EVENTS * 4; i++) {
        struct scenario_input in;
        unsigned all = 0, wrong = 0;
        t += random_below(100) / 10.0 + (random_below(50) == 0 ? 400 : 0);
        in = at(t);
        in.bad = random_below(5) < 2;
        slots[n] = (long)((double)(start_us / 10000000) + floor(t / 10 + 1e-9));
        bad[n++] = in.bad;
        for (unsigned k = 0; k < n; k++)
            if (slots[n - 1] - slots[k] < 12) {
                all++;
                wrong += bad[k];
            }
        bool want = all >= 10 && wrong * 2 >= all;
        CHECK_INT(enough(&s, g, &in), want);
        if (want) {
            scenario_state_reset(&s, g);
            n = 0;
            fired++;
        }
    }
    CHECK(fired > 20);
    free(g);
}

/* ---- cusum ---- */

static void a_cusum_has_its_closed_form(void)
{
    struct scenario s = {
        .kind = SCENARIO_CUSUM, .limit = 6, .count = 1, .llr = bernoulli_llr_of(0.2, 0.8)};
    struct scenario_group *g = group_new(&s);
    const double step = log(4);

    for (unsigned n = 1; n * step < 6; n++) {
        struct scenario_input in = at(n);
        in.bad = true;
        CHECK(!enough(&s, g, &in));
        CHECK_NEAR(scenario_state_level(&s, g), n * step, 1e-4);
    }
    for (unsigned i = 0; i < 2; i++) { /* a good one takes as much off */
        struct scenario_input in = at(10 + i);
        in.bad = i == 1;
        CHECK(!enough(&s, g, &in));
    }
    CHECK_NEAR(scenario_state_level(&s, g), floor(6 / step) * step, 1e-4);
    struct scenario_input in = at(20);
    in.bad = true;
    CHECK(enough(&s, g, &in));
    CHECK_INT(g->first_us, start_us + SECONDS(1));
    free(g);
}

static void a_cusum_halves_and_needs_its_minimum(void)
{
    struct scenario s = {.kind = SCENARIO_CUSUM,
                         .limit = 2,
                         .count = 4,
                         .half_life_us = 10e6,
                         .llr = bernoulli_llr_of(0.2, 0.8)};
    struct scenario_group *g = group_new(&s);

    for (unsigned i = 0; i < 4; i++) {
        struct scenario_input in = at(0);
        in.bad = true;
        CHECK_INT(enough(&s, g, &in), i == 3);
    }
    scenario_state_reset(&s, g);
    struct scenario_input in = at(0);
    in.bad = true;
    CHECK(!enough(&s, g, &in));
    in = at(10);
    in.bad = true;
    CHECK(!enough(&s, g, &in));
    CHECK_NEAR(scenario_state_level(&s, g), 1.5 * log(4), 1e-4);
    free(g);
}

/* ---- seq ---- */

/* Is there a chain of the steps 0, 1, 2 in this order that ends with the event n - 1? */
static bool chain_ends(const double *times, const unsigned *steps, unsigned n, double within)
{
    if (steps[n - 1] != 2)
        return false;
    for (unsigned a = 0; a < n; a++)
        for (unsigned b = a + 1; b < n - 1; b++)
            if (steps[a] == 0 && steps[b] == 1 && times[n - 1] - times[a] <= within + 1e-7)
                return true;
    return false;
}

static void a_sequence_is_found_when_it_is_there(void)
{
    struct scenario s = {
        .kind = SCENARIO_SEQ, .within_us = SECONDS(30), .steps_count = 3, .ordered = true};
    unsigned fired = 0;

    for (unsigned run = 0; run < 100; run++) {
        struct scenario_group *g = group_new(&s);
        double times[60], t = 1;
        unsigned steps[60], n = 0;
        for (unsigned i = 0; i < 60; i++) {
            struct scenario_input in;
            t += random_below(200) / 10.0;
            times[n] = t;
            steps[n++] = random_below(3);
            in = at(t);
            in.steps = 1U << steps[n - 1];
            bool want = chain_ends(times, steps, n, 30);
            CHECK_INT(enough(&s, g, &in), want);
            if (want) {
                scenario_state_reset(&s, g);
                n = 0;
                fired++;
            }
        }
        free(g);
    }
    CHECK(fired > 100);
}

static void a_sequence_without_order_needs_all_steps(void)
{
    struct scenario s = {.kind = SCENARIO_SEQ, .within_us = SECONDS(30), .steps_count = 3};
    struct scenario_group *g = group_new(&s);
    static const struct {
        double t;
        unsigned step;
        bool want;
    } rows[] = {{1, 2, false},  {5, 0, false},  {40, 1, false},
                {41, 2, false}, {42, 2, false}, {43, 0, true}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct scenario_input in = at(rows[i].t);
        in.steps = 1U << rows[i].step;
        CHECK_INT(enough(&s, g, &in), rows[i].want);
    }
    free(g);
}

static void one_event_is_one_step_of_a_chain(void)
{
    struct scenario s = {
        .kind = SCENARIO_SEQ, .within_us = SECONDS(30), .steps_count = 2, .ordered = true};
    struct scenario_group *g = group_new(&s);
    struct scenario_input in = at(1);

    in.steps = 3;
    CHECK(!enough(&s, g, &in));
    in = at(2);
    in.steps = 3;
    CHECK(enough(&s, g, &in));
    free(g);
}

static void a_late_step_closes_a_chain(void)
{
    struct scenario s = {
        .kind = SCENARIO_SEQ, .within_us = SECONDS(30), .steps_count = 3, .ordered = true};
    static const unsigned orders[][3] = {{0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};

    for (size_t i = 0; i < sizeof orders / sizeof orders[0]; i++) {
        struct scenario_group *g = group_new(&s);
        for (unsigned k = 0; k < 3; k++) {
            struct scenario_input in = at(10 + 5 * orders[i][k]);
            in.steps = 1U << orders[i][k];
            CHECK_INT(enough(&s, g, &in), k == 2);
        }
        free(g);
    }
}

static const struct test_case cases[] = {
    {"a bucket leaks as it is defined", a_bucket_leaks_as_defined},
    {"a value counts once until the bucket is empty",
     a_value_counts_once_until_the_bucket_is_empty},
    {"a window is exact", a_window_is_exact},
    {"a window finds what came out of order", a_window_finds_late_events},
    {"more than two minutes late does not count", what_is_too_late_does_not_count},
    {"a repeated event counts as often as it happened", a_repeated_event_counts_as_often},
    {"distinct is exact", distinct_is_exact},
    {"a ratio is that of the twelve parts", a_ratio_is_that_of_its_twelve_parts},
    {"a cusum has its closed form", a_cusum_has_its_closed_form},
    {"a cusum halves, and needs its minimum", a_cusum_halves_and_needs_its_minimum},
    {"a sequence is found when it is there", a_sequence_is_found_when_it_is_there},
    {"a sequence without order needs all steps", a_sequence_without_order_needs_all_steps},
    {"one event is one step of a chain", one_event_is_one_step_of_a_chain},
    {"a late step closes a chain", a_late_step_closes_a_chain},
};

TEST_MAIN(cases)
