/* test_auth_result.c - a login counts once, whichever events tell it */
#include "detect/auth_result.h"

#include "test.h"

struct site {
    struct hash_key key;
    struct zones *zones;
    struct correlate *correlate;
    struct context cx;
    struct auth_result result;
};

static void begin(struct site *s)
{
    *s = (struct site){.key = {1, 2}};
    s->zones = zones_new(&s->key);
    s->correlate = correlate_new(&(struct correlate_config){
        .key = s->key, .zones = s->zones, .messages = 64, .sessions = 64});
}

static void end(struct site *s)
{
    correlate_free(s->correlate);
    zones_free(s->zones);
}

static struct event event_of(enum event_kind kind, const char *user)
{
    struct event ev = {0};

    event_reset(&ev);
    ev.kind = kind;
    ev.time_us = INT64_C(1772409600) * 1000000;
    CHECK(ip_addr_parse(SLICE_LIT("198.51.100.7"), &ev.client));
    event_set(&ev, EF_HOST, SLICE_LIT("ex1"));
    event_set(&ev, EF_SESSION, SLICE_LIT("A1"));
    event_set(&ev, EF_USER, slice_of(user));
    return ev;
}

static bool says(struct site *s, struct event ev)
{
    correlate_event(s->correlate, &ev, NULL, &s->cx);
    return auth_result_of(&ev, &s->cx, &s->result);
}

static struct event auth(enum event_outcome outcome, const char *user)
{
    struct event ev = event_of(EVENT_AUTH, user);

    ev.outcome = outcome;
    return ev;
}

static struct event mail(const char *user)
{
    struct event ev = event_of(EVENT_MAIL, user);

    event_set(&ev, EF_QUEUE_ID, SLICE_LIT("7"));
    return ev;
}

/* Postfix tells a login with the message only. */
static void a_message_with_an_account_is_a_login(void)
{
    struct site s;

    begin(&s);
    CHECK(says(&s, event_of(EVENT_CONNECT, NULL)) == false);
    CHECK(says(&s, mail("joe@example.org")));
    CHECK(s.result.ok && s.result.first);
    CHECK(says(&s, mail("joe@example.org")));
    CHECK(!s.result.first);
    CHECK(!says(&s, mail(NULL)));
    end(&s);
}

/* Others tell it when it happens: then the message says nothing new, though it has the account. */
static void a_login_that_was_told_is_not_told_by_its_message(void)
{
    struct site s;

    begin(&s);
    (void)says(&s, event_of(EVENT_CONNECT, NULL));
    CHECK(says(&s, auth(OUTCOME_ACCEPTED, "joe@example.org")));
    CHECK(s.result.ok && s.result.first);
    CHECK(!says(&s, mail("joe@example.org")));
    CHECK_SLICE(s.cx.user, "joe@example.org");
    CHECK(!says(&s, mail(NULL)));
    CHECK(s.cx.authed);
    CHECK_SLICE(s.cx.user, "joe@example.org");
    end(&s);
}

static void only_a_wrong_password_fails(void)
{
    struct site s;

    begin(&s);
    (void)says(&s, event_of(EVENT_CONNECT, NULL));
    CHECK(says(&s, auth(OUTCOME_REFUSED, NULL)));
    CHECK(!s.result.ok);
    CHECK(!says(&s, auth(OUTCOME_TEMPFAIL, NULL)));
    CHECK(!says(&s, event_of(EVENT_REFUSAL, NULL)));
    end(&s);
}

/* The counters add what had no line of its own. */
static void the_counters_add_unseen_failures_once(void)
{
    struct site s;
    struct event bye = event_of(EVENT_DISCONNECT, NULL);

    begin(&s);
    bye.counters = (struct session_counters){.present = true, .auth_all = 3, .auth_ok = 1};
    (void)says(&s, event_of(EVENT_CONNECT, NULL));
    (void)says(&s, auth(OUTCOME_REFUSED, NULL));
    CHECK(says(&s, bye));
    CHECK_INT(s.result.count, 1);
    end(&s);
}

static const struct test_case cases[] = {
    {"a message with an account is a login", a_message_with_an_account_is_a_login},
    {"a login that was told is not told by its message",
     a_login_that_was_told_is_not_told_by_its_message},
    {"only a wrong password fails", only_a_wrong_password_fails},
    {"the counters add unseen failures once", the_counters_add_unseen_failures_once},
};

TEST_MAIN(cases)
