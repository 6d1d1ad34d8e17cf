/* test_ndr_flood.c - bounces that flood in for forged senders of ours */
#include <stdio.h>

#include "detector_fixture.h"

enum { MEMORY = 4 << 20 };

/* One null-sender recipient that is refused (550 5.1.1), or accepted and put into its mailbox. */
struct bounce {
    int64_t time_us;
    const char *rcpt;
    unsigned network; /* number of the /24 it comes from */
    bool accepted;
    enum reason reason;         /* 0 = RCPT_UNKNOWN */
    enum event_outcome outcome; /* 0 = REFUSED or DELIVERED */
    const char *sender;         /* NULL = the null sender */
};

static void feed_bounce(struct fixture *f, const struct bounce *b)
{
    struct message message = {.flags = MESSAGE_HAS_CLIENT | MESSAGE_QUEUED | MESSAGE_NULL_SENDER};
    struct address rcpt;
    struct event ev = fixture_event(EVENT_RCPT, b->time_us);
    struct context cx = fixture_context(f, &rcpt);

    fixture_outside(f, &cx, fixture_ip(100, b->network >> 8 & 255, b->network & 255, 25));
    fixture_sender(f, &cx, b->sender == NULL ? SLICE_LIT("") : slice_of(b->sender));
    fixture_rcpt(f, &cx, slice_of(b->rcpt));
    event_set(&ev, EF_RCPT, slice_of(b->rcpt));
    ev.outcome = OUTCOME_REFUSED;
    cx.reason = b->reason == REASON_NONE ? REASON_RCPT_UNKNOWN : b->reason;
    if (b->accepted) {
        cx.message = &message;
        cx.new_message = true;
        cx.reason = REASON_NONE;
        ev.kind = EVENT_QUEUED;
        fixture_feed(f, &ev, &cx);
        cx.new_message = false;
        ev.kind = EVENT_DELIVERY;
        ev.route = ROUTE_MAILBOX;
        ev.outcome = OUTCOME_DELIVERED;
    }
    if (b->outcome != OUTCOME_NONE)
        ev.outcome = b->outcome;
    fixture_feed(f, &ev, &cx);
}

/* Ordinary mail from outside. */
static void feed_inbound(struct fixture *f, int64_t time_us)
{
    struct address rcpt;
    struct event ev = fixture_event(EVENT_QUEUED, time_us);
    struct context cx = fixture_context(f, &rcpt);

    fixture_outside(f, &cx, fixture_ip(198, 51, 100, 7));
    fixture_sender(f, &cx, SLICE_LIT("person@corr.example"));
    cx.new_message = true;
    fixture_feed(f, &ev, &cx);
}

/* A message of a user of ours. */
static void feed_sent(struct fixture *f, int64_t time_us, const char *sender)
{
    struct address rcpt;
    struct event ev = fixture_event(EVENT_QUEUED, time_us);
    struct context cx = fixture_context(f, &rcpt);

    ev.nrcpt = 1;
    cx.client_zone = CLIENT_TRUSTED;
    cx.client = fixture_ip(192, 0, 2, 20);
    cx.new_message = true;
    fixture_sender(f, &cx, slice_of(sender));
    fixture_feed(f, &ev, &cx);
}

/* n bounces over a stretch of time from so many networks; each tenth (or all) to one user, the
 * others to made-up names */
struct flood {
    unsigned n, networks;
    double begin_h, minutes;
    const char *user;
    unsigned user_each; /* 10 = each tenth, 1 = all, 0 = none */
    bool accepted;
};

static void feed_flood(struct fixture *f, const struct flood *x)
{
    char rcpt[64];

    for (unsigned i = 0; i < x->n; i++) {
        bool user = x->user_each != 0 && i % x->user_each == 0;
        struct bounce b = {
            .rcpt = user ? x->user : rcpt, .network = i * 7 % x->networks, .accepted = x->accepted};
        snprintf(rcpt, sizeof rcpt, "x%uq@example.org", i * 31 + 7);
        b.time_us = fixture_day_us + HOURS(x->begin_h) + MINUTES(x->minutes * i / x->n);
        feed_bounce(f, &b);
    }
    fixture_flush(f);
}

static void a_joe_job_names_the_domain(void)
{
    struct fixture f;
    struct fixture_alert *a;

    fixture_begin(&f, "ndr_flood", MEMORY);
    for (unsigned i = 0; i < 300; i++)
        feed_inbound(&f, fixture_day_us + MINUTES(i * 3));
    feed_flood(&f, &(struct flood){1800, 500, 16, 60, "user7@example.org", 10, false});
    a = fixture_find(&f, RULE_NDR_FLOOD, "example.org");
    CHECK(a != NULL);
    if (a != NULL) {
        CHECK_INT(a->entity_type, ENTITY_DOMAIN);
        CHECK_INT(a->severity, SEVERITY_HIGH);
        CHECK_STR(a->related, "user7@example.org "); /* the victim, and no sender of a bounce */
        CHECK_NEAR(a->observed, 1800, 5);
        CHECK(a->raised_us - (fixture_day_us + HOURS(16)) <= MINUTES(2));
    }
    CHECK_INT(f.alerts, 1);
    fixture_end(&f);
}

static void one_mailbox_is_named_itself(void)
{
    static const bool accepted[] = {false, true};

    for (unsigned i = 0; i < 2; i++) {
        struct fixture f;
        struct fixture_alert *a;

        fixture_begin(&f, "ndr_flood", MEMORY);
        feed_flood(&f, &(struct flood){300, 200, 13, 30, "walter@example.org", 1, accepted[i]});
        a = fixture_find(&f, RULE_NDR_FLOOD, "walter@example.org");
        CHECK(a != NULL);
        if (a != NULL) {
            CHECK_INT(a->entity_type, ENTITY_ADDRESS);
            CHECK_STR(a->related, "example.org ");
            CHECK(a->raised_us - (fixture_day_us + HOURS(13)) <= MINUTES(3));
        }
        CHECK_INT(f.alerts, 1);
        fixture_end(&f);
    }
}

static void ten_times_the_normal_rate_is_found_in_ten_minutes(void)
{
    struct fixture f;
    struct fixture_alert *a;

    fixture_begin(&f, "ndr_flood", MEMORY);
    feed_flood(&f, &(struct flood){120, 120, 9, 60, NULL, 0, false}); /* 2 a minute over 0.2 */
    a = fixture_find(&f, RULE_NDR_FLOOD, "example.org");
    CHECK(a != NULL && a->raised_us - (fixture_day_us + HOURS(9)) <= MINUTES(10));
    fixture_end(&f);
}

static void honest_bounces_of_a_day_are_silent(void)
{
    struct fixture f;
    char rcpt[64];

    fixture_begin(&f, "ndr_flood", MEMORY);
    for (unsigned i = 0; i < 60; i++) {
        struct bounce b = {.rcpt = rcpt, .network = i, .accepted = i % 8 != 0};
        snprintf(rcpt, sizeof rcpt, "user%u@example.org", i % 40);
        /* office hours, in pairs */
        b.time_us = fixture_day_us + HOURS(8 + 10.0 * (i / 2) / 30) + SECONDS(i % 2);
        feed_bounce(&f, &b);
    }
    CHECK_INT(f.alerts, 0);
    fixture_end(&f);
}

/* A large site: 100 messages and 3 null-sender ones a minute, from the first minute of the log. */
static void a_large_site_has_honest_bounces_all_day(void)
{
    struct fixture f;
    char rcpt[64];

    fixture_begin(&f, "ndr_flood", MEMORY);
    for (unsigned i = 0; i < 6 * 60 * 103; i++) {
        int64_t time_us = fixture_day_us + MINUTES(i / 103.0);
        struct bounce b = {.time_us = time_us, .rcpt = rcpt, .network = i / 34, .accepted = true};
        snprintf(rcpt, sizeof rcpt, "user%u@example.org", i / 34 % 5000);
        if (i % 34 == 0)
            feed_bounce(&f, &b);
        else
            feed_inbound(&f, time_us);
    }
    CHECK_INT(f.alerts, 0);
    fixture_end(&f);
}

static void one_broken_remote_is_a_note(void)
{
    struct fixture f;
    struct fixture_alert *a;

    fixture_begin(&f, "ndr_flood", MEMORY);
    feed_flood(&f, &(struct flood){400, 1, 3, 60, NULL, 0, false});
    a = fixture_find(&f, RULE_NDR_FLOOD, "example.org");
    CHECK(a != NULL && a->severity == SEVERITY_LOW);
    CHECK(a != NULL && strstr(a->related, "100.0.0") == NULL);
    fixture_end(&f);
}

/* A mailing of our own comes back from many networks: tagged senders are one writer. */
static void bounces_of_our_own_mailing_are_answers(void)
{
    static const char *const patterns[] = {
        "list-bounce-%u@example.org", "news+%u=corr.example@example.org",
        "prvs=0%u3a1b2c=news@example.org", "news.a%u.77@example.org"};

    for (unsigned k = 0; k < sizeof patterns / sizeof patterns[0]; k++) {
        struct fixture f;
        char address[64];

        fixture_begin(&f, "ndr_flood", MEMORY);
        for (unsigned i = 0; i < 3000; i++) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
            snprintf(address, sizeof address, patterns[k], i);
            feed_sent(&f, fixture_day_us + HOURS(10) + SECONDS(i / 2.0), address);
        }
        for (unsigned i = 0; i < 600; i++) {
            struct bounce b = {.rcpt = address, .network = i};
            snprintf(address, sizeof address, patterns[k], i * 5);
#pragma GCC diagnostic pop
            b.time_us = fixture_day_us + HOURS(10.5) + SECONDS(i);
            feed_bounce(&f, &b);
        }
        CHECK_INT(f.alerts, 0);
        fixture_end(&f);
    }
}

static void who_writes_a_little_can_still_be_a_victim(void)
{
    struct fixture f;

    fixture_begin(&f, "ndr_flood", MEMORY);
    for (unsigned i = 0; i < 60; i++)
        feed_sent(&f, fixture_day_us + MINUTES(i * 5), "felix@example.org");
    feed_flood(&f, &(struct flood){300, 250, 14, 30, "felix@example.org", 1, true});
    CHECK(fixture_find(&f, RULE_NDR_FLOOD, "felix@example.org") != NULL);
    fixture_end(&f);
}

static void what_is_no_bounce_to_us_does_not_count(void)
{
    static const struct bounce rows[] = {
        {.rcpt = "a@example.org", .reason = REASON_RELAY_DENIED},
        {.rcpt = "a@example.org", .reason = REASON_BLOCKLIST},
        {.rcpt = "a@example.org", .reason = REASON_GREYLIST, .outcome = OUTCOME_TEMPFAIL},
        {.rcpt = "a@example.org",
         .outcome = OUTCOME_ACCEPTED}, /* sender verification: QUIT follows */
        {.rcpt = "a@example.org", .sender = "x@corr.example"}, /* a harvest */
        {.rcpt = "a@elsewhere.example"},
        {.rcpt = "SRS0=ab=cd=corr.example=joe@example.org"}, /* an answer to mail we forwarded */
        {.rcpt = "a@example.org", .accepted = true, .outcome = OUTCOME_DEFERRED},
    };

    for (unsigned k = 0; k < sizeof rows / sizeof rows[0]; k++) {
        struct fixture f;

        fixture_begin(&f, "ndr_flood", MEMORY);
        for (unsigned i = 0; i < 500; i++) {
            struct bounce b = rows[k];
            b.time_us = fixture_day_us + SECONDS(i * 5);
            b.network = i;
            feed_bounce(&f, &b);
        }
        CHECK_INT(f.alerts, 0);
        fixture_end(&f);
    }
}

static void the_alarm_ends_with_the_flood(void)
{
    struct fixture f;
    struct fixture_alert *a;
    struct bounce late = {.rcpt = "q@example.org", .network = 60000};

    fixture_begin(&f, "ndr_flood", MEMORY);
    feed_flood(&f, &(struct flood){1000, 500, 3, 20, NULL, 0, false});
    late.time_us = fixture_day_us + HOURS(12);
    feed_bounce(&f, &late);
    fixture_flush(&f);
    a = fixture_find(&f, RULE_NDR_FLOOD, "example.org");
    CHECK(a != NULL && a->observed <= 1000);
    fixture_end(&f);
}

static void memory_stays_in_its_share(void)
{
    struct fixture f;
    char sender[64];

    fixture_begin(&f, "ndr_flood", 1 << 20);
    for (unsigned i = 0; i < 120000; i++) {
        snprintf(sender, sizeof sender, "u%ux@example.org", i / 4);
        feed_sent(&f, fixture_day_us + (int64_t)i * 20000, sender);
    }
    CHECK(f.detector->evictions(f.state) > 0);
    CHECK(f.detector->bytes(f.state) <= (1 << 20) * 105 / 100);
    fixture_end(&f);
}

/* The end of a session in which a recipient was refused, with the commands it had sent. */
static void feed_end(struct fixture *f, int64_t time_us, uint32_t session_flags, uint32_t data_all)
{
    struct session session = {.flags = session_flags};
    struct address rcpt;
    struct event ev = fixture_event(EVENT_DISCONNECT, time_us);
    struct context cx = fixture_context(f, &rcpt);

    ev.counters = (struct session_counters){
        .present = true, .mail_all = 1, .mail_ok = 1, .rcpt_all = 1, .data_all = data_all};
    cx.session = &session;
    fixture_feed(f, &ev, &cx);
}

/* Of 200 sessions half verify a sender and leave; as many are real bounces, or of other mail. */
static void sessions_that_end_before_data_are_counted_apart(void)
{
    struct fixture f;
    struct fixture_alert *a;
    char rcpt[64];

    fixture_begin(&f, "ndr_flood", MEMORY);
    for (unsigned i = 0; i < 200; i++) {
        int64_t t = fixture_day_us + SECONDS(i * 2);
        snprintf(rcpt, sizeof rcpt, "x%uq@example.org", i);
        feed_bounce(&f, &(struct bounce){.time_us = t, .rcpt = rcpt, .network = i % 60});
        feed_end(&f, t, SESSION_NULL_REFUSED, i % 2);
        feed_end(&f, t, SESSION_HAS_RCPT, 0);
    }
    fixture_flush(&f);
    a = fixture_find(&f, RULE_NDR_FLOOD, "example.org");
    CHECK(a != NULL);
    if (a != NULL) {
        CHECK_NEAR(fixture_counter(a, "ended_before_data_per_hour"), 100, 7);
        CHECK_INT(fixture_counter(a, "bounces"), 200);
        CHECK_STR(a->related, ""); /* nobody who sends bounces is named */
    }
    fixture_end(&f);
}

static const struct test_case cases[] = {
    {"a joe-job names the domain, and no sender of a bounce", a_joe_job_names_the_domain},
    {"one flooded mailbox is named itself", one_mailbox_is_named_itself},
    {"ten times the normal rate is found in ten minutes",
     ten_times_the_normal_rate_is_found_in_ten_minutes},
    {"honest bounces of a day are silent", honest_bounces_of_a_day_are_silent},
    {"a large site has honest bounces all day", a_large_site_has_honest_bounces_all_day},
    {"one broken remote is a note", one_broken_remote_is_a_note},
    {"bounces of our own mailing are answers", bounces_of_our_own_mailing_are_answers},
    {"who writes a little can still be a victim", who_writes_a_little_can_still_be_a_victim},
    {"what is no bounce to us does not count", what_is_no_bounce_to_us_does_not_count},
    {"sessions that end before DATA are counted apart",
     sessions_that_end_before_data_are_counted_apart},
    {"the alarm ends with the flood", the_alarm_ends_with_the_flood},
    {"memory stays in its share", memory_stays_in_its_share},
};
TEST_MAIN(cases)
