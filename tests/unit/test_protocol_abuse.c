/* test_protocol_abuse.c - D12 by event and by session, and the meter of the analyzer's own tables
 */
#include "detect/state_pressure.h"
#include "detect_world.h"

enum { MEMORY = 1 << 18 };

static const char outsider[] = "203.0.113.9";

static void protocol(struct world *w, int64_t at, const char *ip, const char *session,
                     enum anomaly anomaly, enum smtp_stage stage, const char *excerpt)
{
    struct event ev;

    world_begin(&ev, at, EVENT_PROTOCOL);
    world_client(&ev, ip);
    ev.anomaly = anomaly;
    ev.stage = stage;
    event_set(&ev, EF_SESSION, slice_of(session));
    event_set(&ev, EF_TEXT, slice_of(excerpt));
    world_event(w, &ev);
}

static void end_session(struct world *w, int64_t at, const char *ip, const char *session,
                        bool bare_lf)
{
    struct event ev;

    world_begin(&ev, at, EVENT_DISCONNECT);
    world_client(&ev, ip);
    event_set(&ev, EF_SESSION, slice_of(session));
    ev.counters.present = true;
    ev.counters.bare_lf = bare_lf;
    world_event(w, &ev);
}

static int severity(const struct world *w, const char *ip)
{
    return world_severity(w, RULE_PROTOCOL, ip);
}

static void both_marks_in_one_session_are_critical(void)
{
    struct world w;

    world_start(&w, "protocol_abuse", MEMORY);
    protocol(&w, day_start, outsider, "100", ANOMALY_PIPELINING, STAGE_DATA, "Subject: x");
    CHECK_INT(severity(&w, outsider), SEVERITY_HIGH);
    end_session(&w, day_start + SECOND, outsider, "100", true);
    CHECK_INT(severity(&w, outsider), SEVERITY_CRITICAL);
    world_end(&w);
}

static void the_marks_in_two_sessions_are_not(void)
{
    struct world w;

    world_start(&w, "protocol_abuse", MEMORY);
    protocol(&w, day_start, outsider, "100", ANOMALY_PIPELINING, STAGE_DATA, "Subject: x");
    end_session(&w, day_start, outsider, "100", false);
    end_session(&w, day_start + SECOND, outsider, "101", true);
    CHECK_INT(severity(&w, outsider), SEVERITY_HIGH);
    world_end(&w);
}

static void a_bare_newline_within_the_excerpt_is_a_mark_too(void)
{
    static const struct {
        const char *excerpt;
        int want;
    } rows[] = {
        {"Subject: a\\r\\n\\r\\nb\\r\\n\\n.\\r\\nMAIL FROM:<c@d.example>\\r\\n", SEVERITY_CRITICAL},
        {"b\\r\\n.\\rMAIL FROM:<c@d.example>\\r\\n", SEVERITY_CRITICAL},
        {"Subject: a\\r\\n\\r\\nb\\r\\n.\\r\\nQUIT\\r\\n", SEVERITY_HIGH},
        {"cut at a hundred bytes\\r", SEVERITY_HIGH},
        {"C:\\\\new\\\\root", SEVERITY_HIGH}, /* an escaped backslash before an n */
        {"", SEVERITY_HIGH},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct world w;
        world_start(&w, "protocol_abuse", MEMORY);
        protocol(&w, day_start, outsider, "100", ANOMALY_PIPELINING, STAGE_DATA, rows[i].excerpt);
        CHECK_INT(severity(&w, outsider), rows[i].want);
        world_end(&w);
    }
}

static void bots_are_low(void)
{
    static const struct {
        enum anomaly anomaly;
        enum smtp_stage stage;
    } rows[] = {{ANOMALY_PREGREET, STAGE_CONNECT},
                {ANOMALY_NON_SMTP, STAGE_CONNECT},
                {ANOMALY_PIPELINING, STAGE_HELO}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct world w;
        world_start(&w, "protocol_abuse", MEMORY);
        for (int n = 0; n < 100; n++)
            protocol(&w, day_start + n * SECOND, outsider, NULL, rows[i].anomaly, rows[i].stage,
                     "EHLO ylmf-pc");
        CHECK_INT(severity(&w, outsider), SEVERITY_LOW);
        CHECK_INT(world_count(&w, SEVERITY_INFO), 1);
        world_end(&w);
    }
}

static void bare_newlines_alone_need_five_an_hour(void)
{
    struct world w;

    world_start(&w, "protocol_abuse", MEMORY);
    for (int i = 0; i < 8; i++) /* one every two hours: never more than 1.34 remembered */
        end_session(&w, day_start + i * 2 * HOUR, outsider, "100", true);
    CHECK_INT(severity(&w, outsider), SEVERITY_INFO);
    for (int i = 0; i < 5; i++)
        end_session(&w, day_start + DAY + i * SECOND, "203.0.113.10", "100", true);
    CHECK(severity(&w, "203.0.113.10") <= SEVERITY_LOW);
    end_session(&w, day_start + DAY + 6 * SECOND, "203.0.113.10", "100", true);
    CHECK_INT(severity(&w, "203.0.113.10"), SEVERITY_LOW);
    world_end(&w);
}

static void hangups_and_limits_are_no_word_worth(void)
{
    struct world w;

    world_start(&w, "protocol_abuse", MEMORY);
    for (int i = 0; i < 4; i++) {
        protocol(&w, day_start, outsider, NULL, ANOMALY_HANGUP, STAGE_CONNECT, "");
        protocol(&w, day_start, outsider, NULL, ANOMALY_COMMAND_LIMIT, STAGE_CONNECT, "");
    }
    CHECK_INT(world_count(&w, SEVERITY_INFO), 0);
    world_end(&w);
}

static void inside_clients_are_info_whatever_they_do(void)
{
    struct world w;

    world_start(&w, "protocol_abuse", MEMORY);
    for (int i = 0; i < 20; i++)
        end_session(&w, day_start + i * SECOND, "192.0.2.7", "100", true);
    protocol(&w, day_start + MINUTE, "192.0.2.7", "100", ANOMALY_PIPELINING, STAGE_DATA, "\\n.\\n");
    CHECK_INT(severity(&w, "192.0.2.7"), SEVERITY_INFO);
    world_end(&w);
}

static void a_refused_bare_newline_marks_the_session(void)
{
    struct world w;
    struct event ev;

    world_start(&w, "protocol_abuse", MEMORY);
    world_begin(&ev, day_start, EVENT_REFUSAL);
    world_client(&ev, outsider);
    ev.stage = STAGE_END_OF_DATA;
    ev.outcome = OUTCOME_REFUSED;
    event_set(&ev, EF_SESSION, SLICE_LIT("100"));
    event_set(&ev, EF_TEXT, SLICE_LIT("bare <LF> received"));
    world_event(&w, &ev);
    CHECK_INT(severity(&w, outsider), SEVERITY_INFO);
    protocol(&w, day_start, outsider, "100", ANOMALY_PIPELINING, STAGE_DATA, "x");
    CHECK_INT(severity(&w, outsider), SEVERITY_CRITICAL);
    world_end(&w);
}

/* ---- state pressure ---- */

static void few_evictions_are_no_pressure(void)
{
    struct world w;
    struct state_pressure p;

    world_start(&w, "protocol_abuse", MEMORY);
    state_pressure_init(&p, 5000);
    for (unsigned minute = 0; minute < 600; minute++) /* 35,400 an hour: not yet ten a second */
        CHECK(!state_pressure_check(&p, w.incidents, minute * 590, day_start + minute * MINUTE,
                                    SLICE_LIT("mx1")));
    CHECK_INT(world_count(&w, SEVERITY_INFO), 0);
    world_end(&w);
}

static void more_than_the_threshold_within_an_hour_is_pressure(void)
{
    struct world w;
    struct state_pressure p;
    const struct alert *a;

    world_start(&w, "protocol_abuse", MEMORY);
    state_pressure_init(&p, 40000);
    CHECK(!state_pressure_check(&p, w.incidents, 40000, day_start, SLICE_LIT("mx1")));
    CHECK(state_pressure_check(&p, w.incidents, 40001, day_start + MINUTE, SLICE_LIT("mx1")));
    a = world_alert(&w, RULE_STATE_PRESSURE, "mx1");
    CHECK(a != NULL);
    if (a != NULL) {
        CHECK_INT(a->severity, SEVERITY_MEDIUM);
        CHECK_INT(a->observed, 40001);
        CHECK_INT(a->first_us, day_start);
    }
    CHECK(!state_pressure_check(&p, w.incidents, 40001, day_start + 2 * HOUR, SLICE_LIT("mx1")));
    world_end(&w);
}

static const struct test_case cases[] = {
    {"both marks in one session are critical", both_marks_in_one_session_are_critical},
    {"the marks in two sessions are not", the_marks_in_two_sessions_are_not},
    {"a bare newline within the excerpt is a mark too",
     a_bare_newline_within_the_excerpt_is_a_mark_too},
    {"bots are low", bots_are_low},
    {"bare newlines alone need five an hour", bare_newlines_alone_need_five_an_hour},
    {"hangups and limits are no word worth", hangups_and_limits_are_no_word_worth},
    {"inside clients are info whatever they do", inside_clients_are_info_whatever_they_do},
    {"a refused bare newline marks the session", a_refused_bare_newline_marks_the_session},
    {"few evictions are no pressure", few_evictions_are_no_pressure},
    {"more than the threshold within an hour is pressure",
     more_than_the_threshold_within_an_hour_is_pressure},
};

TEST_MAIN(cases)
