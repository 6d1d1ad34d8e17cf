/* test_queue_ndr.c - bounces that pile up in the queue */
#include <stdio.h>

#include "detector_fixture.h"

enum { MEMORY = 4 << 20 };

struct attempt {
    int64_t time_us;
    unsigned id; /* of the message */
    const char *domain;
    enum event_outcome outcome; /* 0 = DEFERRED */
    enum reason reason;         /* 0 = UNREACHABLE */
    uint16_t reply_code;
    bool ordinary; /* has a sender */
    bool done;     /* then leaves the queue */
};

static void feed_attempt(struct fixture *f, const struct attempt *a)
{
    struct address rcpt;
    char address[96];
    struct event ev = fixture_event(EVENT_DELIVERY, a->time_us);
    struct context cx = fixture_context(f, &rcpt);

    snprintf(address, sizeof address, "u%u@%s", a->id, a->domain);
    cx.message = message_table_get(f->env.messages, hash_mix(f->env.key.k0, a->id + 1), a->time_us);
    cx.message->flags |= MESSAGE_QUEUED | (a->ordinary ? 0U : MESSAGE_NULL_SENDER | MESSAGE_IS_DSN);
    fixture_rcpt(f, &cx, slice_of(address));
    ev.outcome = a->outcome == OUTCOME_NONE ? OUTCOME_DEFERRED : a->outcome;
    ev.route = a->reply_code != 0 ? ROUTE_REMOTE : ROUTE_NONE;
    ev.reply_code = a->reply_code;
    cx.reason = a->reason == REASON_NONE ? REASON_UNREACHABLE : a->reason;
    fixture_feed(f, &ev, &cx);
    if (!a->done)
        return;
    ev.kind = EVENT_DONE;
    fixture_feed(f, &ev, &cx);
}

/* n bounces begin to wait, over so many minutes */
static void feed_backlog(struct fixture *f, unsigned n, double begin_h, double minutes,
                         struct attempt like)
{
    for (unsigned i = 0; i < n; i++) {
        like.id++;
        like.time_us = fixture_day_us + HOURS(begin_h) + MINUTES(minutes * i / n);
        feed_attempt(f, &like);
    }
    fixture_flush(f);
}

static const struct attempt dead = {.domain = "down.example"};

static void a_backlog_of_bounces_is_reported_early(void)
{
    struct fixture f;
    struct fixture_alert *a;

    fixture_begin(&f, "queue_ndr", MEMORY);
    feed_backlog(&f, 150, 7, 150, dead); /* one a minute */
    a = fixture_find(&f, RULE_QUEUE_NDR, "mx1");
    CHECK(a != NULL);
    if (a != NULL) {
        CHECK_INT(a->entity_type, ENTITY_HOST);
        CHECK_INT(a->severity, SEVERITY_HIGH);
        CHECK_STR(a->related, "down.example ");
        CHECK_INT(a->first_us, fixture_day_us + HOURS(7));
        CHECK(a->raised_us - a->first_us <= MINUTES(30));
        CHECK_NEAR(a->observed, 150, 0);
    }
    fixture_end(&f);
}

static void a_slow_backlog_is_found_too(void)
{
    struct fixture f;
    struct fixture_alert *a;

    fixture_begin(&f, "queue_ndr", MEMORY);
    feed_backlog(&f, 60, 2, 20 * 60, dead); /* three an hour: the CUSUM says nothing */
    a = fixture_find(&f, RULE_QUEUE_NDR, "mx1");
    CHECK(a != NULL && a->severity == SEVERITY_MEDIUM);
    fixture_end(&f);
}

static void a_few_bounces_are_silent(void)
{
    struct fixture f;

    fixture_begin(&f, "queue_ndr", MEMORY);
    feed_backlog(&f, 12, 7, 600, dead);
    CHECK_INT(f.alerts, 0);
    fixture_end(&f);
}

static void the_outage_of_a_big_domain_is_not_ours(void)
{
    struct fixture f;
    struct attempt ordinary = {.domain = "big.example", .ordinary = true, .id = 1000};
    struct attempt bounce = {.domain = "big.example"};

    fixture_begin(&f, "queue_ndr", MEMORY);
    feed_backlog(&f, 400, 7, 60, ordinary);
    feed_backlog(&f, 150, 8, 60, bounce);
    CHECK_INT(f.alerts, 0);
    fixture_end(&f);
}

static void our_own_outage_is_a_note(void)
{
    struct fixture f;
    struct fixture_alert *a;
    char domain[32];
    struct attempt x = {.domain = domain};

    fixture_begin(&f, "queue_ndr", MEMORY);
    for (unsigned i = 0; i < 200; i++) {
        snprintf(domain, sizeof domain, "d%u.example", i % 10);
        x.id = i;
        x.time_us = fixture_day_us + MINUTES(i);
        feed_attempt(&f, &x);
    }
    fixture_flush(&f);
    a = fixture_find(&f, RULE_QUEUE_NDR, "mx1");
    CHECK(a != NULL && a->severity == SEVERITY_LOW);
    x = (struct attempt){.time_us = fixture_day_us + MINUTES(200),
                         .id = 9999,
                         .domain = "alive.example",
                         .reply_code = 250};
    x.outcome = OUTCOME_DELIVERED;
    feed_attempt(&f, &x);
    feed_backlog(&f, 1, 3.5, 1, (struct attempt){.domain = "d1.example", .id = 5000});
    a = fixture_find(&f, RULE_QUEUE_NDR, "mx1");
    CHECK(a != NULL && a->severity == SEVERITY_HIGH); /* others answer: it is not our line */
    fixture_end(&f);
}

static void greylisting_is_no_trouble(void)
{
    struct fixture f;
    struct attempt x = dead;

    x.reason = REASON_GREYLIST;
    x.reply_code = 451;
    fixture_begin(&f, "queue_ndr", MEMORY);
    feed_backlog(&f, 200, 7, 60, x);
    CHECK_INT(f.alerts, 0);
    fixture_end(&f);
}

static void a_message_counts_once_however_often_it_is_tried(void)
{
    struct fixture f;

    fixture_begin(&f, "queue_ndr", MEMORY);
    for (unsigned round = 0; round < 30; round++)
        feed_backlog(&f, 10, 1 + round / 2.0, 5, dead); /* the same ten ids */
    CHECK_INT(f.alerts, 0);
    fixture_end(&f);
}

static void what_has_left_the_queue_is_taken_off(void)
{
    struct fixture f;
    struct attempt x = dead;

    fixture_begin(&f, "queue_ndr", MEMORY);
    for (unsigned i = 0; i < 18; i++) { /* each is delivered at its second try */
        x = (struct attempt){
            .time_us = fixture_day_us + MINUTES(i * 60), .id = i, .domain = "slow.example"};
        feed_attempt(&f, &x);
        x.time_us += MINUTES(10);
        x.outcome = OUTCOME_DELIVERED;
        x.reply_code = 250;
        x.done = true;
        feed_attempt(&f, &x);
    }
    feed_backlog(&f, 5, 22, 60, (struct attempt){.domain = "down.example", .id = 1000});
    CHECK_INT(f.alerts, 0); /* 23 in all, never more than 5 at a time */
    fixture_end(&f);
}

static void bounces_given_up_at_once_are_found_by_their_flow(void)
{
    struct fixture f;
    struct attempt x = dead;

    x.outcome = OUTCOME_EXPIRED;
    x.done = true;
    fixture_begin(&f, "queue_ndr", MEMORY);
    feed_backlog(&f, 60, 7, 60, x);
    CHECK(fixture_find(&f, RULE_QUEUE_NDR, "mx1") != NULL);
    fixture_end(&f);
}

static void null_senders_to_our_own_users_do_not_count(void)
{
    struct fixture f;

    fixture_begin(&f, "queue_ndr", MEMORY);
    feed_backlog(&f, 200, 7, 60, (struct attempt){.domain = "example.org"});
    CHECK_INT(f.alerts, 0);
    fixture_end(&f);
}

static void what_vanished_unseen_is_forgotten(void)
{
    struct fixture f;

    fixture_begin(&f, "queue_ndr", MEMORY);
    feed_backlog(&f, 19, 1, 19 * 60, dead);
    feed_backlog(&f, 5, 24 * 4, 300, (struct attempt){.domain = "down.example", .id = 1000});
    CHECK_INT(f.alerts, 0); /* not 24 */
    fixture_end(&f);
}

static void memory_stays_in_its_share(void)
{
    struct fixture f;
    struct attempt ordinary = {.domain = "big.example", .ordinary = true, .id = 1000};

    fixture_begin(&f, "queue_ndr", 1 << 19);
    feed_backlog(&f, 20000, 1, 60, ordinary);
    CHECK(f.detector->evictions(f.state) > 0);
    CHECK(f.detector->bytes(f.state) <= (1 << 19) * 105 / 100);
    feed_backlog(&f, 10, 3, 60, dead);
    CHECK_INT(f.alerts, 0);
    fixture_end(&f);
}

static const struct test_case cases[] = {
    {"a backlog of bounces is reported early", a_backlog_of_bounces_is_reported_early},
    {"a slow backlog is found too", a_slow_backlog_is_found_too},
    {"a few bounces are silent", a_few_bounces_are_silent},
    {"the outage of a big domain is not ours", the_outage_of_a_big_domain_is_not_ours},
    {"our own outage is a note, until others answer", our_own_outage_is_a_note},
    {"greylisting is no trouble", greylisting_is_no_trouble},
    {"a message counts once, however often it is tried",
     a_message_counts_once_however_often_it_is_tried},
    {"what has left the queue is taken off", what_has_left_the_queue_is_taken_off},
    {"bounces given up at once are found by their flow",
     bounces_given_up_at_once_are_found_by_their_flow},
    {"null senders to our own users do not count", null_senders_to_our_own_users_do_not_count},
    {"what vanished unseen is forgotten", what_vanished_unseen_is_forgotten},
    {"memory stays in its share", memory_stays_in_its_share},
};
TEST_MAIN(cases)
