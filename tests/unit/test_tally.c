/* test_tally.c - levels against a plain list, and what a flood leaves of those who recur */
#include "base/tally.h"

#include <stdlib.h>

#include "test.h"

#define SECOND INT64_C(1000000)

static uint64_t random_state;

static uint64_t random_u64(void)
{
    uint64_t z = (random_state += UINT64_C(0x9e3779b97f4a7c15));

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static void sights_at_once_are_one_and_apart_are_more(void)
{
    struct tally *t = tally_new(4096);

    CHECK_INT(tally_add(t, 77, 1000 * SECOND), 1);
    CHECK_INT(tally_add(t, 77, 1001 * SECOND), 1);
    CHECK_INT(tally_add(t, 77, 1010 * SECOND), 1);
    CHECK_INT(tally_add(t, 77, 1030 * SECOND), 2);
    CHECK_INT(tally_add(t, 77, 1035 * SECOND), 2);
    CHECK_INT(tally_add(t, 77, 1060 * SECOND), 3);
    CHECK_INT(tally_add(t, 77, 990 * SECOND), 3); /* late: not counted */
    CHECK_INT(tally_add(t, ~UINT64_C(77), 1060 * SECOND), 1);
    for (int i = 1; i < 30; i++)
        tally_add(t, 77, (1060 + 60 * i) * SECOND);
    CHECK_INT(tally_add(t, 77, 4000 * SECOND), TALLY_LEVEL_MAX);
    CHECK(tally_bytes(t) >= 4096);
    t = tally_free(t);
    CHECK(t == NULL && tally_free(NULL) == NULL);
}

static void a_known_level_is_taken_and_never_lowered(void)
{
    struct tally *t = tally_new(4096);

    tally_raise(t, 5, 6, 100 * SECOND);
    CHECK_INT(tally_add(t, 5, 105 * SECOND), 6);
    CHECK_INT(tally_add(t, 5, 200 * SECOND), 7);
    tally_raise(t, 5, 2, 210 * SECOND);
    CHECK_INT(tally_add(t, 5, 215 * SECOND), 7);
    tally_raise(t, 6, 99, 210 * SECOND);
    CHECK_INT(tally_add(t, 6, 300 * SECOND), TALLY_LEVEL_MAX);
    tally_free(t);
}

enum { KEYS = 400 };

struct model {
    uint64_t key;
    int64_t counted; /* in units of 8 s */
    unsigned level;
};

/* Room for all of them: the tally has to agree with a list. */
static void with_room_it_agrees_with_a_plain_list(void)
{
    struct tally *t = tally_new(1 << 20);
    static struct model model[KEYS];
    unsigned wrong = 0;
    int64_t now = 0;

    random_state = 3;
    for (unsigned i = 0; i < KEYS; i++)
        model[i] = (struct model){.key = random_u64()};
    for (unsigned step = 0; step < 20000; step++, now += (int64_t)(random_u64() % 300000)) {
        struct model *m = &model[random_u64() % KEYS];
        int64_t unit = now / (8 * SECOND);
        if (m->level == 0 || unit - m->counted >= 2) {
            m->level += m->level < TALLY_LEVEL_MAX;
            m->counted = unit;
        }
        wrong += tally_add(t, m->key, now) != m->level;
    }
    CHECK_INT(wrong, 0);
    tally_free(t);
}

/* A tenth of 2 MiB and 5,000 fresh keys a second, each twice within a second. */
static void those_who_recur_are_known_in_a_flood(void)
{
    enum { SLOW = 500, RATE = 500, MINUTES = 15 };
    struct tally *t = tally_new((2 << 20) / 10);
    uint64_t slow[SLOW];
    unsigned known = 0, mistaken = 0, fresh = 0;

    random_state = 9;
    for (unsigned i = 0; i < SLOW; i++)
        slow[i] = random_u64();
    for (int64_t s = 0; s < MINUTES * 60; s++) {
        for (unsigned i = 0; i < RATE; i++, fresh++) {
            uint64_t key = random_u64();
            tally_add(t, key, s * SECOND);
            mistaken += tally_add(t, key, (s + 1) * SECOND) > 1;
        }
        for (unsigned i = (unsigned)s % 60; i < SLOW; i += 60)
            tally_add(t, slow[i], s * SECOND);
    }
    for (unsigned i = 0; i < SLOW; i++)
        known += tally_add(t, slow[i], MINUTES * 60 * SECOND) == TALLY_LEVEL_MAX;
    CHECK(known >= 495);
    CHECK(mistaken < fresh / 100); /* 1 in 200 expected */
    tally_free(t);
}

/* Twice, a minute apart: as patient as a scanner, but each only once. */
static void those_who_recur_outlive_a_patient_flood(void)
{
    enum { SLOW = 200, RATE = 250, MINUTES = 20 };
    struct tally *t = tally_new(1 << 16);
    static uint64_t fresh[60 * RATE];
    uint64_t slow[SLOW];
    unsigned known = 0;

    random_state = 11;
    for (unsigned i = 0; i < SLOW; i++)
        slow[i] = random_u64();
    for (int64_t s = 0; s < MINUTES * 60; s++) {
        for (unsigned i = 0; i < RATE; i++) {
            uint64_t *key = &fresh[(unsigned)(s % 60) * RATE + i];
            tally_add(t, *key, s * SECOND);
            *key = random_u64();
            tally_add(t, *key, s * SECOND);
        }
        for (unsigned i = (unsigned)s % 40; i < SLOW; i += 40)
            tally_add(t, slow[i], s * SECOND);
    }
    for (unsigned i = 0; i < SLOW; i++)
        known += tally_add(t, slow[i], MINUTES * 60 * SECOND) >= 5;
    CHECK(known >= 190);
    tally_free(t);
}

static const struct test_case cases[] = {
    {"sights at once are one, sights apart are more", sights_at_once_are_one_and_apart_are_more},
    {"a known level is taken and never lowered", a_known_level_is_taken_and_never_lowered},
    {"with room for all it agrees with a plain list", with_room_it_agrees_with_a_plain_list},
    {"those who recur are known in a flood of fresh keys", those_who_recur_are_known_in_a_flood},
    {"those who recur outlive a patient flood", those_who_recur_outlive_a_patient_flood},
};
TEST_MAIN(cases)
