/* test_hll.c - HyperLogLog estimates against known counts */
#include "base/hll.h"

#include "test.h"

static uint64_t item(uint64_t i)
{
    uint64_t z = (i + 1) * UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static void estimates_are_close_at_every_size(void)
{
    static const uint64_t sizes[] = {1, 5, 50, 500, 2500, 5000, 50000, 1000000};
    struct hll h;

    for (unsigned s = 0; s < 8; s++) {
        memset(&h, 0, sizeof(h));
        for (uint64_t i = 0; i < sizes[s]; i++)
            hll_add(&h, item(i));
        CHECK_NEAR(hll_count(&h) / (double)sizes[s], 1, 4 * 0.0325);
    }
}

static void the_mean_is_not_biased(void)
{
    struct hll h;
    double sum = 0;

    for (uint64_t seed = 0; seed < 50; seed++) {
        memset(&h, 0, sizeof(h));
        for (uint64_t i = 0; i < 3000; i++) /* where the raw estimator of 2007 is worst */
            hll_add(&h, item(seed * 10000000 + i));
        sum += hll_count(&h) / 3000;
    }
    CHECK_NEAR(sum / 50, 1, 4 * 0.0325 / sqrt(50));
}

static void an_empty_sketch_counts_nothing(void)
{
    static struct hll h;

    CHECK_NEAR(hll_count(&h), 0, 0);
}

static void ranks_are_those_of_the_definition(void)
{
    static struct hll h;

    CHECK(hll_add(&h, 0)); /* no one bit at all: the highest rank */
    CHECK_INT(h.rank[0], 55);
    CHECK(hll_add(&h, UINT64_C(1) << 54 | UINT64_C(1) << 53));
    CHECK_INT(h.rank[1], 1);
    CHECK(hll_add(&h, UINT64_C(1) << 54 | UINT64_C(1) << 50));
    CHECK_INT(h.rank[1], 4);
    CHECK(!hll_add(&h, UINT64_C(1) << 54 | UINT64_C(1) << 51));
    CHECK(hll_add(&h, ~UINT64_C(0)));
    CHECK_INT(h.rank[1023], 1);
    for (unsigned i = 0; i < HLL_REGISTERS; i++)
        h.rank[i] = 55;
    CHECK(hll_count(&h) > 1e15);
}

static void a_merge_is_the_sketch_of_the_union(void)
{
    static struct hll a, b, both;

    for (uint64_t i = 0; i < 4000; i++) {
        hll_add(i % 3 != 0 ? &a : &b, item(i));
        if (i % 5 == 0)
            hll_add(&b, item(i));
        hll_add(&both, item(i));
    }
    hll_merge(&a, &b);
    CHECK(memcmp(&a, &both, sizeof(a)) == 0);
}

static const struct test_case cases[] = {
    {"estimates are close at every size", estimates_are_close_at_every_size},
    {"the estimate has no bias in the middle range", the_mean_is_not_biased},
    {"an empty sketch counts nothing", an_empty_sketch_counts_nothing},
    {"ranks are those of the definition", ranks_are_those_of_the_definition},
    {"a merge is the sketch of the union", a_merge_is_the_sketch_of_the_union},
};
TEST_MAIN(cases)
