/* test_pair_filter.c - first-seen pairs: never wrong within a rotation, rarely wrong otherwise */
#include "base/pair_filter.h"

#include "test.h"

static uint64_t item(uint64_t i)
{
    uint64_t z = (i + 1) * UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static void a_pair_is_first_once(void)
{
    struct pair_filter *f = pair_filter_new(1 << 16, 1000);

    CHECK(!pair_filter_seen(f, item(1)));
    CHECK(pair_filter_first(f, item(1), 0));
    CHECK(pair_filter_seen(f, item(1)));
    CHECK(!pair_filter_first(f, item(1), 0));
    CHECK(!pair_filter_seen(f, item(2))); /* asking adds nothing */
    CHECK(pair_filter_first(f, item(2), 0));
    f = pair_filter_free(f);
    CHECK(f == NULL && pair_filter_free(NULL) == NULL);
}

static void a_pair_is_forgotten_after_two_rotations(void)
{
    struct pair_filter *f = pair_filter_new(1 << 12, 1000);

    CHECK(pair_filter_first(f, item(1), 5000)); /* the first event starts the clock */
    CHECK(!pair_filter_first(f, item(1), 6500));
    CHECK(!pair_filter_first(f, item(1), 7500)); /* each sight renews it */
    CHECK(!pair_filter_first(f, item(1), 8999));
    CHECK(pair_filter_first(f, item(1), 10000));
    CHECK(pair_filter_first(f, item(2), 10000));
    CHECK(pair_filter_first(f, item(1), 999999)); /* a long silence forgets everything */
    CHECK(pair_filter_first(f, item(2), 999999));
    CHECK(!pair_filter_first(f, item(1), 5000)); /* time does not run backwards */
    pair_filter_free(f);
}

static void without_rotation_nothing_is_forgotten(void)
{
    struct pair_filter *f = pair_filter_new(0, 0);

    CHECK(pair_filter_first(f, item(1), 0));
    CHECK(!pair_filter_first(f, item(1), INT64_C(1) << 60));
    pair_filter_free(f);
}

static unsigned wrong_of(size_t bytes, uint64_t pairs)
{
    struct pair_filter *f = pair_filter_new(bytes, 0);
    unsigned wrong = 0;

    for (uint64_t i = 0; i < pairs; i++)
        pair_filter_first(f, item(i), 0);
    for (uint64_t i = 0; i < pairs; i++)
        CHECK(pair_filter_seen(f, item(i)));
    for (uint64_t i = 0; i < 100000; i++)
        wrong += pair_filter_seen(f, item(pairs + i));
    CHECK(pair_filter_bytes(f) >= bytes);
    pair_filter_free(f);
    return wrong;
}

static void wrong_answers_are_as_rare_as_documented(void)
{
    unsigned sparse = wrong_of(1 << 18, 65536), dense = wrong_of(1 << 17, 65536);

    CHECK(sparse > 100 && sparse < 500); /* 16 bits per pair: about 0.3 % of 100,000 */
    CHECK(dense > 1500 && dense < 4000); /* 8 bits: about 3 % */
}

static void a_flood_ends_a_generation_early(void)
{
    enum { BYTES = 1 << 16, FRESH = 1 << 20 };
    struct pair_filter *f = pair_filter_new(BYTES, INT64_C(1) << 50);
    unsigned wrong = 0;

    for (uint64_t i = 0; i < FRESH; i++)
        wrong += !pair_filter_first(f, item(i), (int64_t)i);
    CHECK(wrong < FRESH / 15); /* without it nearly all; each generation 3 % at its end */
    for (uint64_t i = FRESH - BYTES / 128 * 64; i < FRESH; i++)
        CHECK(pair_filter_seen(f, item(i))); /* the latest are known for certain */
    pair_filter_free(f);
}

static const struct test_case cases[] = {
    {"a pair is first once", a_pair_is_first_once},
    {"a pair is forgotten one to two rotations after its last sight",
     a_pair_is_forgotten_after_two_rotations},
    {"without rotation nothing is forgotten", without_rotation_nothing_is_forgotten},
    {"a flood ends a generation early", a_flood_ends_a_generation_early},
    {"wrong answers are as rare as documented", wrong_answers_are_as_rare_as_documented},
};
TEST_MAIN(cases)
