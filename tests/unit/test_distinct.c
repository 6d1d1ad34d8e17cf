/* test_distinct.c - small distinct counter: exact, estimated, saturated */
#include "base/distinct.h"

#include "test.h"

static uint64_t item(uint64_t i)
{
    uint64_t z = (i + 1) * UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static void counts_are_exact_to_eight(void)
{
    struct distinct d = {0};

    for (uint64_t i = 0; i < 8; i++) {
        CHECK_NEAR(distinct_count(&d), (double)i, 0);
        CHECK(distinct_add(&d, item(i)));
        CHECK(!distinct_add(&d, item(i)));
    }
    CHECK_NEAR(distinct_count(&d), 8, 0);
    CHECK(distinct_add(&d, item(8))); /* the ninth is new even if it shares a bit */
    CHECK(distinct_count(&d) >= 9 && distinct_count(&d) < 10);
    for (uint64_t i = 0; i < 9; i++)
        CHECK(!distinct_add(&d, item(i)));
}

static void estimates_are_within_four_standard_errors(void)
{
    static const struct {
        uint64_t n;
        double error; /* of the design */
    } rows[] = {{100, .032}, {500, .037}, {1500, .058}};

    for (unsigned r = 0; r < 3; r++)
        for (uint64_t seed = 0; seed < 20; seed++) {
            struct distinct d = {0};
            for (uint64_t i = 0; i < rows[r].n; i++)
                distinct_add(&d, item(seed * 1000000 + i));
            CHECK_NEAR(distinct_count(&d) / (double)rows[r].n, 1, 4 * rows[r].error);
        }
}

static void many_items_saturate(void)
{
    struct distinct d = {0};

    for (uint64_t i = 0; i < 100000; i++)
        distinct_add(&d, item(i));
    CHECK_NEAR(distinct_count(&d), DISTINCT_CAP, 0);
    distinct_reset(&d);
    CHECK_NEAR(distinct_count(&d), 0, 0);
    CHECK(distinct_add(&d, item(1)));
}

static void a_merge_is_the_count_of_the_union(void)
{
    static const uint64_t sizes[] = {0, 3, 8, 9, 200};

    for (unsigned a = 0; a < 5; a++)
        for (unsigned b = 0; b < 5; b++) {
            struct distinct x = {0}, y = {0}, both = {0};
            for (uint64_t i = 0; i < sizes[a]; i++)
                distinct_add(&x, item(i)), distinct_add(&both, item(i));
            for (uint64_t i = 0; i < sizes[b]; i++)
                distinct_add(&y, item(i + 2)), distinct_add(&both, item(i + 2));
            distinct_merge(&x, &y);
            CHECK_NEAR(distinct_count(&x), distinct_count(&both), 1e-9);
        }
}

static const struct test_case cases[] = {
    {"counts up to eight are exact", counts_are_exact_to_eight},
    {"estimates are as close as the design says", estimates_are_within_four_standard_errors},
    {"a saturated counter reports the cap until it is reset", many_items_saturate},
    {"a merge counts the union", a_merge_is_the_count_of_the_union},
};
TEST_MAIN(cases)
