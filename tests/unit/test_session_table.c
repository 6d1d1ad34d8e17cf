/* test_session_table.c - sessions are opened, found, closed and given up when there is no room */
#include "correlate/session_table.h"

#include "test.h"

static void opening_forgets_what_was_left_behind(void)
{
    struct session_table *t = session_table_new(16);
    struct session *s = session_table_open(t, 7, 1000);

    s->flags |= SESSION_AUTHED;
    s->rcpt_refused = 3;
    snprintf(s->user, sizeof s->user, "joe");
    s = session_table_open(t, 7, 2000);
    CHECK_INT(s->flags, SESSION_CONNECTED);
    CHECK_INT(s->rcpt_refused, 0);
    CHECK_STR(s->user, "");
    CHECK_INT(s->first_us, 2000);
    CHECK_INT(session_table_count(t), 1);
    session_table_free(t);
}

static void a_session_without_its_beginning_is_made(void)
{
    struct session_table *t = session_table_new(16);
    struct session *s = session_table_get(t, 7, 1000);

    CHECK_INT(s->flags, 0);
    CHECK_INT(s->first_us, 1000);
    s->rcpt_refused = 2;
    CHECK(session_table_get(t, 7, 3000) == s);
    CHECK_INT(s->rcpt_refused, 2);
    CHECK_INT(s->last_us, 3000);
    CHECK(session_table_find(t, 7) == s);
    session_table_close(t, s);
    CHECK(session_table_find(t, 7) == NULL);
    CHECK_INT(session_table_get(t, 7, 4000)->rcpt_refused, 0);
    session_table_free(t);
}

static void the_longest_idle_goes_first(void)
{
    struct session_table *t = session_table_new(8);

    for (uint64_t key = 1; key <= 8; key++)
        session_table_open(t, key, (int64_t)key);
    session_table_get(t, 1, 100);
    session_table_open(t, 9, 101);
    CHECK(session_table_find(t, 1) != NULL);
    CHECK(session_table_find(t, 2) == NULL);
    CHECK_INT(session_table_count(t), 8);
    CHECK_INT(session_table_evictions(t), 1);
    session_table_free(t);
}

static void a_flood_of_sessions_is_bounded(void)
{
    struct session_table *t = session_table_new(256);
    size_t bytes = session_table_bytes(t);

    for (uint64_t key = 1; key <= 100000; key++)
        session_table_open(t, key, (int64_t)key);
    CHECK_INT(session_table_count(t), 256);
    CHECK_INT(session_table_evictions(t), 100000 - 256);
    CHECK_INT(session_table_bytes(t), bytes);
    session_table_free(t);
}

static const struct test_case cases[] = {
    {"opening forgets what was left behind", opening_forgets_what_was_left_behind},
    {"a session without its beginning is made", a_session_without_its_beginning_is_made},
    {"the longest idle goes first", the_longest_idle_goes_first},
    {"a flood of sessions is bounded", a_flood_of_sessions_is_bounded},
};

TEST_MAIN(cases)
