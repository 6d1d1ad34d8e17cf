/* test_envelopes.c - mail that goes out finds the mail that came in by its envelope alone
 *
 * The events are made by hand, as a protocol log gives them: what a client handed in has an id that
 * nothing on the way out repeats. */
#include "flow_fixture.h"

struct told {
    enum event_kind kind;
    const char *id, *session, *client, *sender, *rcpt;
    enum event_outcome outcome;
    int64_t later_s;
    bool hidden;
};

static int64_t now_s = 1772400000;

static void tell(struct flow *f, const struct told *t)
{
    struct event ev = {.time_us = (now_s += 1 + t->later_s) * 1000000};

    event_reset(&ev);
    ev.kind = t->kind;
    ev.outcome = t->outcome;
    ev.auth_hidden = t->hidden;
    ev.route = t->kind == EVENT_DELIVERY ? ROUTE_REMOTE : ROUTE_NONE;
    event_set(&ev, EF_QUEUE_ID, slice_of(t->id));
    event_set(&ev, EF_SESSION, slice_of(t->session));
    event_set(&ev, EF_RCPT, slice_of(t->rcpt));
    if (t->sender != NULL)
        event_set_sender(&ev, slice_of(t->sender));
    if (t->client != NULL)
        CHECK(ip_addr_parse(slice_of(t->client), &ev.client));
    flow_event(f, &ev);
}

#define TELL(...) tell(f, &(struct told){__VA_ARGS__})
#define OUTSIDE   .client = "198.51.100.7"
#define SENDER    .sender = "a@example.net"

/* A message with one recipient comes in and is queued. */
static void come_in(struct flow *f, const char *id, const char *client, const char *sender,
                    const char *rcpt)
{
    TELL(.kind = EVENT_MAIL, .id = id, .client = client, .sender = sender);
    TELL(.kind = EVENT_RCPT, .id = id, .client = client, .sender = sender, .rcpt = rcpt,
         .outcome = OUTCOME_ACCEPTED);
    TELL(.kind = EVENT_QUEUED, .id = id, .client = client, .sender = sender);
}

static void go_out(struct flow *f, const char *sender, const char *rcpt, enum event_outcome outcome)
{
    TELL(.kind = EVENT_DELIVERY, .sender = sender, .rcpt = rcpt, .outcome = outcome);
}

static unsigned level(const struct flow *f, enum relay_level l)
{
    return (unsigned)relay_board_count(f->board, l);
}

static void a_delivery_is_the_accepted_messages(void)
{
    struct flow *f = flow_start();

    come_in(f, "s.1", "198.51.100.7", "a@example.net", "v@example.com");
    go_out(f, "A@Example.NET", "V@example.com", OUTCOME_DELIVERED);
    CHECK(flow_last(f, EVENT_DELIVERY, NULL)->outside);
    CHECK_STR(flow_last(f, EVENT_DELIVERY, NULL)->client, "198.51.100.7");
    CHECK_INT(level(f, RELAY_DELIVERED), 1);
    CHECK_INT(flow_verdict(f), VERDICT_YES);
    flow_end(f);
}

static void another_sender_or_recipient_is_another_message(void)
{
    struct flow *f = flow_start();

    come_in(f, "s.1", "198.51.100.7", "a@example.net", "v@example.com");
    go_out(f, "joe@example.org", "v@example.com", OUTCOME_DELIVERED);
    go_out(f, "a@example.net", "w@example.com", OUTCOME_DELIVERED);
    CHECK_INT(level(f, RELAY_DELIVERED), 0);
    CHECK_INT(flow_verdict(f), VERDICT_EXPOSED);
    flow_end(f);
}

static void an_envelope_is_forgotten_after_the_life_of_a_queue(void)
{
    struct flow *f = flow_start();

    come_in(f, "s.1", "198.51.100.7", "a@example.net", "v@example.com");
    TELL(.kind = EVENT_DELIVERY, SENDER, .rcpt = "v@example.com", .outcome = OUTCOME_DELIVERED,
         .later_s = (int64_t)5 * 86400);
    CHECK_INT(level(f, RELAY_DELIVERED), 0);
    flow_end(f);
}

static void the_inner_address_of_a_hidden_recipient_is_found(void)
{
    struct flow *f = flow_start();

    come_in(f, "s.1", "198.51.100.7", "a@example.net", "IMCEASMTP-v+40example+2Ecom@example.org");
    go_out(f, "a@example.net", "v@example.com", OUTCOME_DELIVERED);
    CHECK_INT(flow_last(f, EVENT_DELIVERY, NULL)->rcpt_class, RCPT_TRICK);
    CHECK_INT(level(f, RELAY_DELIVERED), 1);
    flow_end(f);
}

static void inside_clients_and_logins_are_no_relay(void)
{
    struct flow *f = flow_start();

    come_in(f, "s.1", "192.0.2.9", "a@example.net", "v@example.com");
    go_out(f, "a@example.net", "v@example.com", OUTCOME_DELIVERED);
    TELL(.kind = EVENT_AUTH, .session = "t", OUTSIDE, .outcome = OUTCOME_ACCEPTED);
    TELL(.kind = EVENT_MAIL, .session = "t", .id = "t.1", OUTSIDE, .sender = "b@example.net");
    TELL(.kind = EVENT_RCPT, .session = "t", .id = "t.1", OUTSIDE, .sender = "b@example.net",
         .rcpt = "w@example.com", .outcome = OUTCOME_ACCEPTED);
    go_out(f, "b@example.net", "w@example.com", OUTCOME_DELIVERED);
    CHECK(flow_last(f, EVENT_DELIVERY, NULL)->authed);
    CHECK_INT(flow_verdict(f), VERDICT_NO);
    flow_end(f);
}

static void who_is_not_known_is_not_accused(void)
{
    struct flow *f = flow_start();
    struct correlate_stats stats;

    come_in(f, "s.1", NULL, "a@example.net", "v@example.com");
    go_out(f, "a@example.net", "v@example.com", OUTCOME_DELIVERED);
    TELL(.kind = EVENT_MAIL, .id = "t.1", OUTSIDE, SENDER, .hidden = true);
    TELL(.kind = EVENT_RCPT, .id = "t.1", OUTSIDE, SENDER, .rcpt = "w@example.com",
         .outcome = OUTCOME_ACCEPTED, .hidden = true);
    TELL(.kind = EVENT_QUEUED, .id = "t.1", OUTSIDE, SENDER);
    go_out(f, "a@example.net", "w@example.com", OUTCOME_DELIVERED);
    CHECK_INT(flow_verdict(f), VERDICT_NO);
    correlate_stats(f->correlate, &stats);
    CHECK_INT(stats.unjudged, 2);
    CHECK_INT(stats.queued, 2);
    CHECK_INT(stats.queued_client_known, 1);
    flow_end(f);
}

/* ---- notifications ---- */

static void notify(struct flow *f, const char *rcpt)
{
    TELL(.kind = EVENT_DSN, .sender = "", .rcpt = rcpt);
    go_out(f, "", rcpt, OUTCOME_DELIVERED);
}

static void what_is_bounced_untried_was_not_relayed(void)
{
    struct flow *f = flow_start();

    for (int i = 0; i < 3; i++)
        come_in(f,
                i == 0   ? "s.1"
                : i == 1 ? "s.2"
                         : "s.3",
                "198.51.100.7", "a@example.net", "v@example.com");
    CHECK_INT(flow_verdict(f), VERDICT_EXPOSED);
    notify(f, "a@example.net");
    CHECK(flow_last(f, EVENT_DSN, NULL)->outside);
    CHECK_INT(level(f, RELAY_PLAIN_BOUNCED), 1);
    CHECK_INT(flow_verdict(f), VERDICT_EXPOSED);
    notify(f, "a@example.net");
    notify(f, "a@example.net");
    CHECK_INT(level(f, RELAY_PLAIN_BOUNCED), 3);
    CHECK_INT(flow_verdict(f), VERDICT_ATTEMPTED);
    CHECK_INT(level(f, RELAY_DELIVERED), 0);
    flow_end(f);
}

static void what_was_tried_first_stays_relayed(void)
{
    struct flow *f = flow_start();

    come_in(f, "s.1", "198.51.100.7", "a@example.net", "v@example.com");
    go_out(f, "a@example.net", "v@example.com", OUTCOME_BOUNCED);
    notify(f, "a@example.net");
    CHECK_INT(level(f, RELAY_PLAIN_BOUNCED), 0);
    CHECK_INT(flow_verdict(f), VERDICT_EXPOSED);
    flow_end(f);
}

static void a_notification_to_somebody_else_is_about_nothing(void)
{
    struct flow *f = flow_start();

    come_in(f, "s.1", "198.51.100.7", "a@example.net", "b@example.org");
    notify(f, "x@example.net");
    CHECK(!flow_last(f, EVENT_DSN, NULL)->has_message);
    notify(f, "a@example.net");
    CHECK(flow_last(f, EVENT_DSN, NULL)->has_message);
    flow_end(f);
}

static void relayed_mail_with_a_null_sender_is_no_notification(void)
{
    struct flow *f = flow_start();

    come_in(f, "s.1", "198.51.100.7", "a@example.net", "v@example.com");
    come_in(f, "s.2", "198.51.100.7", "", "a@example.net");
    notify(f, "a@example.net");
    CHECK_INT(level(f, RELAY_PLAIN_BOUNCED), 0);
    CHECK_INT(level(f, RELAY_DELIVERED), 1);
    flow_end(f);
}

/* ---- while domains are learnt ---- */

static void a_server_is_taken_to_serve_whom_it_accepts(void)
{
    struct flow *f = flow_start_learning();

    come_in(f, "s.1", "198.51.100.7", "a@example.net", "b@example.org");
    CHECK_INT(flow_last(f, EVENT_RCPT, NULL)->rcpt_class, RCPT_OURS);
    CHECK_INT(flow_verdict(f), VERDICT_NO);
    come_in(f, "s.2", "198.51.100.7", "a@example.net", "v@example.com");
    go_out(f, "a@example.net", "v@example.com", OUTCOME_DELIVERED);
    CHECK_INT(flow_verdict(f), VERDICT_YES);
    flow_end(f);
}

static const struct test_case cases[] = {
    {"a delivery is the accepted message's", a_delivery_is_the_accepted_messages},
    {"another sender or recipient is another message",
     another_sender_or_recipient_is_another_message},
    {"an envelope is forgotten after the life of a queue",
     an_envelope_is_forgotten_after_the_life_of_a_queue},
    {"the inner address of a hidden recipient is found",
     the_inner_address_of_a_hidden_recipient_is_found},
    {"inside clients and logins are no relay", inside_clients_and_logins_are_no_relay},
    {"who is not known is not accused", who_is_not_known_is_not_accused},
    {"what is bounced untried was not relayed", what_is_bounced_untried_was_not_relayed},
    {"what was tried first stays relayed", what_was_tried_first_stays_relayed},
    {"a notification to somebody else is about nothing",
     a_notification_to_somebody_else_is_about_nothing},
    {"relayed mail with a null sender is no notification",
     relayed_mail_with_a_null_sender_is_no_notification},
    {"a server is taken to serve whom it accepts", a_server_is_taken_to_serve_whom_it_accepts},
};

TEST_MAIN(cases)
