/* test_aside_set.c - what comes back of what was laid aside, and what goes when there is no room */
#include "alert/aside_set.h"

#include "test.h"

#define SECOND INT64_C(1000000)
#define DAY    (86400 * SECOND)
static const int64_t noon = 1772452800 * SECOND; /* 2026-03-02 12:00 UTC */

static uint64_t key_of(unsigned i)
{
    return (i + 1) * UINT64_C(0x9e3779b97f4a7c15);
}

static struct aside seen_at(int64_t last_us)
{
    return (struct aside){.first_us = noon,
                          .last_us = last_us,
                          .window_start_us = noon - DAY / 2,
                          .told_us = last_us,
                          .severity = SEVERITY_LOW,
                          .sequence = 1};
}

static void what_was_laid_aside_comes_back_once(void)
{
    struct aside_set *s = aside_set_new(4096);
    struct aside a = {.first_us = noon,
                      .last_us = noon + 7265 * SECOND,
                      .window_start_us = noon - DAY / 2,
                      .told_us = noon + 60 * SECOND,
                      .observed = 1234567,
                      .told_observed = 99,
                      .unit = "unknown recipients",
                      .severity = SEVERITY_CRITICAL,
                      .sequence = 513,
                      .closed = true},
                 b;

    aside_set_put(s, 7, &a);
    CHECK_INT(aside_set_count(s), 1);
    CHECK(!aside_set_take(s, 8, &b));
    CHECK(aside_set_take(s, 7, &b));
    CHECK(b.first_us == a.first_us && b.last_us == a.last_us);
    CHECK(b.window_start_us == a.window_start_us);
    CHECK(b.told_us >= a.told_us && b.told_us < a.told_us + 60 * SECOND);
    CHECK_INT(b.observed, 1234567);
    CHECK_INT(b.told_observed, 99);
    CHECK_INT(b.unit_tag, aside_unit_tag("unknown recipients"));
    CHECK_INT(b.severity, SEVERITY_CRITICAL);
    CHECK_INT(b.sequence, 513);
    CHECK(b.closed);
    CHECK(!aside_set_take(s, 7, &b));
    CHECK_INT(aside_set_count(s), 0);
    CHECK(aside_set_free(s) == NULL && aside_set_free(NULL) == NULL);
}

static void the_later_word_counts(void)
{
    struct aside_set *s = aside_set_new(512);
    struct aside a = seen_at(noon), b;

    aside_set_put(s, 0, &a);
    a.sequence = 100000;
    a.told_us = a.last_us + SECOND;
    aside_set_put(s, 0, &a);
    CHECK_INT(aside_set_count(s), 1);
    CHECK(aside_set_take(s, 0, &b));
    CHECK_INT(b.sequence, 65535);
    CHECK(b.told_us == b.last_us);
    aside_set_free(s);
}

static void nearly_all_of_the_room_is_used(void)
{
    enum { ROOM = 4096, PUT = ROOM * 4 / 5 };
    struct aside_set *s = aside_set_new((size_t)ROOM * 32);
    struct aside b;
    unsigned back = 0;

    for (unsigned i = 0; i < PUT; i++) {
        struct aside a = seen_at(noon + i * SECOND);
        aside_set_put(s, key_of(i), &a);
    }
    CHECK_INT(aside_set_forgotten(s), 0);
    for (unsigned i = 0; i < PUT; i++)
        back += aside_set_take(s, key_of(i), &b) && b.last_us == noon + i * SECOND;
    CHECK_INT(back, PUT);
    aside_set_free(s);
}

static void without_room_the_oldest_go_and_are_counted(void)
{
    enum { ROOM = 1024, PUT = 3 * ROOM, LATEST = ROOM / 2 };
    struct aside_set *s = aside_set_new((size_t)ROOM * 32);
    struct aside b;
    unsigned back = 0;

    for (unsigned i = 0; i < PUT; i++) {
        struct aside a = seen_at(noon + i * SECOND);
        aside_set_put(s, key_of(i), &a);
    }
    CHECK_INT(aside_set_count(s) + aside_set_forgotten(s), PUT);
    CHECK(aside_set_count(s) <= ROOM);
    for (unsigned i = PUT - LATEST; i < PUT; i++)
        back += aside_set_take(s, key_of(i), &b);
    CHECK(back >= LATEST * 99 / 100);
    aside_set_free(s);
}

static void what_has_rested_for_a_day_goes_without_a_word(void)
{
    enum { ROOM = 1024 };
    struct aside_set *s = aside_set_new((size_t)ROOM * 32);

    for (unsigned i = 0; i < ROOM / 2; i++) {
        struct aside a = seen_at(noon);
        aside_set_put(s, key_of(i), &a);
    }
    for (unsigned i = 0; i < ROOM * 3 / 4; i++) {
        struct aside a = seen_at(noon + DAY + 2 * SECOND);
        aside_set_put(s, key_of(ROOM + i), &a);
    }
    CHECK_INT(aside_set_forgotten(s), 0);
    CHECK(aside_set_count(s) >= ROOM * 3 / 4);
    aside_set_free(s);
}

static void times_without_room_are_refused(void)
{
    struct aside_set *s = aside_set_new(512);
    struct aside a = seen_at(noon), b;

    a.first_us = -1;
    aside_set_put(s, 1, &a);
    a = seen_at((INT64_C(1) << 32) * SECOND);
    aside_set_put(s, 2, &a);
    CHECK_INT(aside_set_forgotten(s), 2);
    CHECK(!aside_set_take(s, 1, &b) && !aside_set_take(s, 2, &b));
    aside_set_free(s);
}

static void units_are_told_apart(void)
{
    CHECK_INT(aside_unit_tag(NULL), 0);
    CHECK(aside_unit_tag("") != 0);
    CHECK(aside_unit_tag("recipients") != aside_unit_tag("bounces"));
}

static const struct test_case cases[] = {
    {"what was laid aside comes back, once", what_was_laid_aside_comes_back_once},
    {"the later word counts", the_later_word_counts},
    {"nearly all of the room is used", nearly_all_of_the_room_is_used},
    {"without room the oldest go and are counted", without_room_the_oldest_go_and_are_counted},
    {"what has rested for a day goes without a word",
     what_has_rested_for_a_day_goes_without_a_word},
    {"times without room are refused", times_without_room_are_refused},
    {"units are told apart", units_are_told_apart},
};

TEST_MAIN(cases)
