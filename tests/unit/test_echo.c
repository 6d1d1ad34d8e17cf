/* test_echo.c - what several logs of one session tell, and what happened */
#include "correlate/echo.h"

#include "test.h"

static const struct hash_key key = {1, 2};
static const int64_t start_us = INT64_C(1772409600) * 1000000;

static struct event telling(enum event_kind kind, enum teller teller, const char *session)
{
    struct event ev = {0};

    event_reset(&ev);
    ev.kind = kind;
    ev.teller = teller;
    ev.time_us = start_us;
    ev.outcome = OUTCOME_REFUSED;
    event_set(&ev, EF_SESSION, slice_of(session));
    return ev;
}

static bool heard(struct echo *e, enum teller teller, const char *session, const char *rcpt,
                  int64_t time_us)
{
    struct event ev = telling(EVENT_RCPT, teller, session);

    ev.time_us = time_us;
    event_set(&ev, EF_RCPT, slice_of(rcpt));
    return echo_heard(e, &key, &ev);
}

#define AT(seconds) (start_us + (seconds)*INT64_C(1000000))

static void three_logs_tell_one_refusal(void)
{
    struct echo *e = echo_new();

    CHECK(!heard(e, TELLER_BEHIND, "A1", "no@example.org", AT(0)));
    CHECK(heard(e, TELLER_DOOR, "A1", "NO@example.org", AT(1)));
    CHECK(heard(e, TELLER_FILTER, "A1", "no@example.org", AT(2)));
    echo_free(e);
}

/* Twice at the door and twice behind it: two refusals, in whatever order the logs are read. */
static void what_one_log_tells_twice_happened_twice(void)
{
    static const enum teller orders[][4] = {
        {TELLER_DOOR, TELLER_DOOR, TELLER_FILTER, TELLER_FILTER},
        {TELLER_DOOR, TELLER_FILTER, TELLER_DOOR, TELLER_FILTER},
        {TELLER_FILTER, TELLER_FILTER, TELLER_DOOR, TELLER_DOOR},
        {TELLER_FILTER, TELLER_DOOR, TELLER_DOOR, TELLER_BEHIND}};

    for (size_t i = 0; i < sizeof orders / sizeof orders[0]; i++) {
        struct echo *e = echo_new();
        unsigned happened = 0;
        for (unsigned j = 0; j < 4; j++)
            happened += !heard(e, orders[i][j], "A1", "no@example.org", AT(j));
        CHECK_INT(happened, 2);
        echo_free(e);
    }
}

static void another_subject_is_no_echo(void)
{
    struct echo *e = echo_new();
    struct event ev = telling(EVENT_RCPT, TELLER_FILTER, "A1");

    CHECK(!heard(e, TELLER_DOOR, "A1", "no@example.org", AT(0)));
    CHECK(!heard(e, TELLER_FILTER, "A2", "no@example.org", AT(0)));
    CHECK(!heard(e, TELLER_FILTER, "A1", "not@example.org", AT(0)));
    event_set(&ev, EF_RCPT, SLICE_LIT("no@example.org"));
    ev.outcome = OUTCOME_ACCEPTED;
    CHECK(!echo_heard(e, &key, &ev));
    ev.outcome = OUTCOME_REFUSED;
    ev.kind = EVENT_REFUSAL;
    CHECK(!echo_heard(e, &key, &ev));
    echo_free(e);
}

/* A refusal of a whole message has no recipient: the stage tells it from others. */
static void refusals_are_told_apart_by_their_stage(void)
{
    struct echo *e = echo_new();
    struct event ev = telling(EVENT_REFUSAL, TELLER_DOOR, "A1");

    ev.stage = STAGE_END_OF_DATA;
    CHECK(!echo_heard(e, &key, &ev));
    ev.teller = TELLER_FILTER;
    event_set(&ev, EF_RCPT, SLICE_LIT("bob@example.org"));
    CHECK(echo_heard(e, &key, &ev));
    ev.stage = STAGE_MAIL;
    CHECK(!echo_heard(e, &key, &ev));
    echo_free(e);
}

static void ten_minutes_later_it_is_another(void)
{
    struct echo *e = echo_new();

    CHECK(!heard(e, TELLER_DOOR, "A1", "no@example.org", AT(0)));
    CHECK(heard(e, TELLER_FILTER, "A1", "no@example.org", AT(599)));
    CHECK(!heard(e, TELLER_BEHIND, "A1", "no@example.org", AT(599 + 600)));
    CHECK(!heard(e, TELLER_DOOR, "A1", "no@example.org", AT(-600)));
    echo_free(e);
}

static void what_only_one_log_tells_is_never_an_echo(void)
{
    struct echo *e = echo_new();
    struct event ev = telling(EVENT_AUTH, TELLER_DOOR, "A1");

    CHECK(!heard(e, TELLER_ONLY, "A1", "no@example.org", AT(0)));
    CHECK(!heard(e, TELLER_ONLY, "A1", "no@example.org", AT(0)));
    CHECK(!heard(e, TELLER_DOOR, NULL, "no@example.org", AT(0)));
    CHECK(!heard(e, TELLER_FILTER, NULL, "no@example.org", AT(0)));
    CHECK(!echo_heard(e, &key, &ev));
    ev.teller = TELLER_BEHIND;
    CHECK(!echo_heard(e, &key, &ev));
    CHECK(echo_free(e) == NULL);
}

static const struct test_case cases[] = {
    {"three logs tell one refusal", three_logs_tell_one_refusal},
    {"what one log tells twice happened twice", what_one_log_tells_twice_happened_twice},
    {"another subject is no echo", another_subject_is_no_echo},
    {"refusals are told apart by their stage", refusals_are_told_apart_by_their_stage},
    {"ten minutes later it is another", ten_minutes_later_it_is_another},
    {"what only one log tells is never an echo", what_only_one_log_tells_is_never_an_echo},
};

TEST_MAIN(cases)
