/* test_several_logs.c - one message told by several logs: one record, each fact once
 * The events are made by hand, as a protocol log and the tracking logs of two servers give them.
 * source:   Exchange message tracking; addresses of the documentation ranges */
#include "flow_fixture.h"

/* What an event of these tests may say; members that are NULL or 0 stay absent. */
struct told {
    enum event_kind kind;
    const char *host, *queue_host, *session, *id, *trace, *client, *user, *sender, *rcpt, *orig,
        *child, *name, *reference;
    enum event_outcome outcome;
    enum dsn_action dsn;
    uint32_t nrcpt;
    bool hidden;
};

static void set(struct event *ev, enum event_field f, const char *text)
{
    event_set(ev, f, slice_of(text));
}

static void tell(struct flow *f, const struct told *t)
{
    struct event ev = {.time_us = (int64_t)1772400000 * 1000000 + f->seen_count};

    event_reset(&ev);
    ev.kind = t->kind;
    ev.outcome = t->outcome;
    ev.dsn = t->dsn;
    ev.nrcpt = t->nrcpt;
    ev.may_repeat = true;
    ev.auth_hidden = t->hidden;
    ev.route = t->kind != EVENT_DELIVERY || t->rcpt == NULL ? ROUTE_NONE
               : strstr(t->rcpt, "@example.org")            ? ROUTE_MAILBOX
                                                            : ROUTE_REMOTE;
    set(&ev, EF_HOST, t->host);
    set(&ev, EF_QUEUE_HOST, t->queue_host);
    set(&ev, EF_SESSION, t->session);
    set(&ev, EF_QUEUE_ID, t->id);
    set(&ev, EF_TRACE_ID, t->trace);
    set(&ev, EF_USER, t->user);
    set(&ev, EF_RCPT, t->rcpt);
    set(&ev, EF_ORIG_RCPT, t->orig);
    set(&ev, EF_CHILD_ID, t->child);
    set(&ev, EF_MESSAGE_ID, t->name);
    set(&ev, EF_REFERENCE, t->reference);
    if (t->sender != NULL)
        event_set_sender(&ev, slice_of(t->sender));
    if (t->client != NULL)
        CHECK(ip_addr_parse(slice_of(t->client), &ev.client));
    flow_event(f, &ev);
}

#define TELL(...)      tell(f, &(struct told){__VA_ARGS__})
#define DELIVERED      .kind = EVENT_DELIVERY, .outcome = OUTCOME_DELIVERED
#define BOUNCED        .kind = EVENT_DELIVERY, .outcome = OUTCOME_BOUNCED
#define OUTSIDE_CLIENT .client = "198.51.100.7"
#define FRONT_END      .client = "192.0.2.5"

static unsigned delivered(const struct flow *f)
{
    return (unsigned)relay_board_count(f->board, RELAY_DELIVERED);
}

static void every_server_tells_it_and_it_counts_once(void)
{
    struct flow *f = flow_start();

    TELL(.kind = EVENT_MAIL, .host = "hub", .id = "7", .trace = "t1", OUTSIDE_CLIENT);
    TELL(.kind = EVENT_QUEUED, .host = "hub", .id = "7", .trace = "t1", .sender = "a@example.net",
         .nrcpt = 1);
    CHECK(flow_last(f, EVENT_QUEUED, NULL)->new_message);
    TELL(.kind = EVENT_MAIL, .host = "edge", .id = "3", .trace = "t1", FRONT_END);
    CHECK(flow_last(f, EVENT_MAIL, NULL)->repeated);
    TELL(.kind = EVENT_QUEUED, .host = "edge", .id = "3", .trace = "t1", .sender = "a@example.net",
         .nrcpt = 1);
    CHECK(!flow_last(f, EVENT_QUEUED, NULL)->new_message);
    TELL(DELIVERED, .host = "edge", .id = "3", .trace = "t1", .rcpt = "v@victim.example");
    CHECK_STR(flow_last(f, EVENT_DELIVERY, NULL)->client, "198.51.100.7");
    TELL(DELIVERED, .host = "edge", .id = "3", .trace = "t1", .rcpt = "v@victim.example");
    CHECK(flow_last(f, EVENT_DELIVERY, NULL)->repeated);
    CHECK_INT(delivered(f), 1);
    TELL(DELIVERED, .host = "edge", .id = "3", .trace = "t1", .rcpt = "w@victim.example");
    CHECK_INT(delivered(f), 2);
    flow_end(f);
}

/* The protocol log knows the queue id of one server only; whichever log comes first. */
static void a_protocol_log_adds_the_account(void)
{
    for (int first = 0; first < 2; first++) {
        struct flow *f = flow_start();
        for (int i = 0; i < 2; i++)
            if (i == first)
                TELL(.kind = EVENT_MAIL, .host = "hub", .id = "7", OUTSIDE_CLIENT,
                     .user = "joe@example.org");
            else
                TELL(.kind = EVENT_MAIL, .host = "hub", .id = "7", .trace = "t1", OUTSIDE_CLIENT,
                     .hidden = true);
        TELL(DELIVERED, .host = "hub", .id = "7", .trace = "t1", .rcpt = "v@victim.example");
        CHECK_STR(flow_last(f, EVENT_DELIVERY, NULL)->user, "joe@example.org");
        CHECK(!flow_last(f, EVENT_DELIVERY, NULL)->outside);
        CHECK_INT(delivered(f), 0);
        flow_end(f);
    }
}

static void what_a_log_cannot_show_accuses_nobody_until_another_shows_it(void)
{
    struct flow *f = flow_start();
    struct correlate_stats stats;

    TELL(.kind = EVENT_MAIL, .host = "hub", .id = "7", .trace = "t1", OUTSIDE_CLIENT,
         .hidden = true);
    TELL(DELIVERED, .host = "hub", .id = "7", .trace = "t1", .rcpt = "v@victim.example");
    CHECK_INT(delivered(f), 0);
    correlate_stats(f->correlate, &stats);
    CHECK_INT(stats.auth_hidden, 1);
    TELL(.kind = EVENT_MAIL, .host = "hub", .id = "7", FRONT_END); /* says nothing of the client */
    TELL(DELIVERED, .host = "hub", .id = "7", .trace = "t1", .rcpt = "w@victim.example");
    CHECK_INT(delivered(f), 0);
    TELL(.kind = EVENT_MAIL, .host = "hub", .id = "7", OUTSIDE_CLIENT);
    TELL(DELIVERED, .host = "hub", .id = "7", .trace = "t1", .rcpt = "x@victim.example");
    CHECK_INT(delivered(f), 1);
    correlate_stats(f->correlate, &stats);
    CHECK_INT(stats.auth_hidden, 0);
    flow_end(f);
}

static void a_client_inside_hides_nothing(void)
{
    struct flow *f = flow_start();
    struct correlate_stats stats;

    TELL(.kind = EVENT_MAIL, .host = "hub", .id = "7", .trace = "t1", FRONT_END, .hidden = true);
    correlate_stats(f->correlate, &stats);
    CHECK_INT(stats.auth_hidden, 0);
    flow_end(f);
}

/* A service counts its ids from 1 after each start. */
static void an_id_used_again_under_another_trace_is_another_message(void)
{
    struct flow *f = flow_start();

    TELL(.kind = EVENT_MAIL, .host = "hub", .id = "7", .trace = "t1", .client = "192.0.2.9",
         .user = "joe@example.org");
    TELL(.kind = EVENT_MAIL, .host = "hub", .id = "7", .trace = "t2", OUTSIDE_CLIENT);
    TELL(DELIVERED, .host = "hub", .id = "7", .trace = "t2", .rcpt = "v@victim.example");
    CHECK_INT(delivered(f), 1);
    CHECK_STR(flow_last(f, EVENT_DELIVERY, NULL)->user, "");
    flow_end(f);
}

static void only_recipients_that_we_put_in_are_excused(void)
{
    struct flow *f = flow_start();

    TELL(.kind = EVENT_MAIL, .host = "hub", .id = "7", .trace = "t1", OUTSIDE_CLIENT);
    TELL(.kind = EVENT_REWRITE, .host = "hub", .id = "7", .trace = "t1", .orig = "team@example.org",
         .rcpt = "list@example.org");
    TELL(.kind = EVENT_REWRITE, .host = "hub", .id = "7", .trace = "t1", .orig = "list@example.org",
         .rcpt = "Out@example.com");
    TELL(.kind = EVENT_REWRITE, .host = "hub", .id = "7", .trace = "t1",
         .orig = "far@victim.example", .rcpt = "v@victim.example");
    TELL(.kind = EVENT_REWRITE, .host = "hub", .id = "7", .trace = "t1", .orig = "w@victim.example",
         .rcpt = "w@victim.example");
    TELL(DELIVERED, .host = "edge", .id = "3", .trace = "t1", .rcpt = "out@example.com");
    CHECK_INT(delivered(f), 0);
    TELL(DELIVERED, .host = "edge", .id = "3", .trace = "t1", .rcpt = "v@victim.example");
    TELL(DELIVERED, .host = "edge", .id = "3", .trace = "t1", .rcpt = "w@victim.example");
    CHECK_INT(delivered(f), 2);
    TELL(.kind = EVENT_MAIL, .host = "hub", .id = "8", .trace = "t2", OUTSIDE_CLIENT);
    TELL(DELIVERED, .host = "hub", .id = "8", .trace = "t2", .rcpt = "out@example.com");
    CHECK_INT(delivered(f), 3); /* in another message it is a stranger's recipient */
    flow_end(f);
}

/* The first account has what the client asked for; what comes up later was put in here. */
static void a_recipient_nobody_asked_for_is_our_doing(void)
{
    struct flow *f = flow_start();

    TELL(.kind = EVENT_MAIL, .host = "hub", .id = "7", .trace = "t1", OUTSIDE_CLIENT);
    TELL(.kind = EVENT_ENVELOPE, .host = "hub", .id = "7", .trace = "t1",
         .rcpt = "joe@example.org");
    TELL(.kind = EVENT_ENVELOPE, .host = "hub", .id = "7", .trace = "t1",
         .rcpt = "V@victim.example");
    TELL(.kind = EVENT_QUEUED, .host = "hub", .id = "7", .trace = "t1", .sender = "a@example.net",
         .nrcpt = 2);
    TELL(.kind = EVENT_ENVELOPE, .host = "edge", .id = "3", .trace = "t1",
         .rcpt = "joe@private.example"); /* too late: what became of them */
    TELL(DELIVERED, .host = "edge", .id = "3", .trace = "t1", .rcpt = "joe@private.example");
    CHECK_INT(delivered(f), 0);
    CHECK_INT(flow_last(f, EVENT_DELIVERY, NULL)->rcpt_class, RCPT_OURS);
    TELL(DELIVERED, .host = "edge", .id = "3", .trace = "t1", .rcpt = "v@victim.example");
    CHECK_INT(delivered(f), 1);
    flow_end(f);
}

static void what_a_trick_hides_was_asked_for(void)
{
    struct flow *f = flow_start();

    TELL(.kind = EVENT_MAIL, .host = "hub", .id = "7", .trace = "t1", OUTSIDE_CLIENT);
    TELL(.kind = EVENT_ENVELOPE, .host = "hub", .id = "7", .trace = "t1",
         .rcpt = "v%victim.example@example.org");
    TELL(.kind = EVENT_QUEUED, .host = "hub", .id = "7", .trace = "t1", .sender = "a@example.net",
         .nrcpt = 1);
    TELL(DELIVERED, .host = "hub", .id = "7", .trace = "t1", .rcpt = "v@victim.example");
    CHECK_INT(delivered(f), 1);
    TELL(DELIVERED, .host = "hub", .id = "7", .trace = "t1", .rcpt = "w@victim.example");
    CHECK_INT(delivered(f), 1);
    flow_end(f);
}

/* A hidden foreign address stays a relay trick, whatever the server makes of it. */
static void a_trick_is_not_excused_by_being_rewritten(void)
{
    struct flow *f = flow_start();

    TELL(.kind = EVENT_MAIL, .host = "hub", .id = "7", .trace = "t1", OUTSIDE_CLIENT);
    TELL(.kind = EVENT_REWRITE, .host = "hub", .id = "7", .trace = "t1",
         .orig = "v%victim.example@example.org", .rcpt = "v@victim.example");
    TELL(DELIVERED, .host = "hub", .id = "7", .trace = "t1", .rcpt = "v@victim.example");
    CHECK_INT(delivered(f), 1);
    flow_end(f);
}

/* Without trace ids copies are tied by the id they were split from. */
static void a_copy_belongs_to_its_message(void)
{
    struct flow *f = flow_start();

    TELL(.kind = EVENT_MAIL, .host = "hub", .id = "7", OUTSIDE_CLIENT);
    TELL(.kind = EVENT_SPLIT, .host = "hub", .id = "7", .child = "8");
    TELL(.kind = EVENT_SPLIT, .host = "hub", .id = "8", .child = "9");
    TELL(DELIVERED, .host = "hub", .id = "9", .rcpt = "v@victim.example");
    CHECK_INT(delivered(f), 1);
    TELL(DELIVERED, .host = "other", .id = "9", .rcpt = "w@victim.example");
    CHECK_INT(delivered(f), 1); /* another server's id */
    flow_end(f);
}

static void message_of_a_stranger(struct flow *f)
{
    TELL(.kind = EVENT_MAIL, .host = "hub", .id = "7", .trace = "t1", OUTSIDE_CLIENT);
    TELL(.kind = EVENT_MESSAGE_ID, .host = "hub", .id = "7", .trace = "t1",
         .name = "m@example.net");
    TELL(.kind = EVENT_QUEUED, .host = "hub", .id = "7", .trace = "t1", .sender = "a@example.net",
         .nrcpt = 1);
}

static void a_failed_delivery_announces_its_notification(void)
{
    struct flow *f = flow_start();
    const struct flow_seen *s;

    message_of_a_stranger(f);
    TELL(BOUNCED, .host = "hub", .id = "7", .trace = "t1", .rcpt = "no@example.org",
         .reference = "d@hub.example.org");
    TELL(.kind = EVENT_DSN, .host = "hub", .dsn = DSN_FAILED, .child = "20",
         .name = "d@hub.example.org", .reference = "forged@example.net", .rcpt = "a@example.net");
    s = flow_last(f, EVENT_DSN, NULL);
    CHECK_STR(s->sender, "a@example.net");
    CHECK(s->has_child && s->outside && !s->repeated);
    TELL(.kind = EVENT_QUEUED, .host = "hub", .id = "20", .trace = "t2", .sender = "", .nrcpt = 1);
    CHECK(flow_last(f, EVENT_QUEUED, NULL)->flags & MESSAGE_IS_DSN);
    TELL(.kind = EVENT_DSN, .host = "hub", .dsn = DSN_FAILED, .child = "20",
         .name = "d@hub.example.org", .rcpt = "a@example.net");
    CHECK(flow_last(f, EVENT_DSN, NULL)->repeated);
    flow_end(f);
}

/* A Message-ID is the sender's own words: it counts when the notification goes to that sender. */
static void a_notification_is_about_the_message_of_its_recipient(void)
{
    struct flow *f = flow_start();

    message_of_a_stranger(f);
    TELL(.kind = EVENT_DSN, .host = "hub", .dsn = DSN_DELAYED, .child = "20",
         .name = "d1@hub.example.org", .reference = "m@example.net", .rcpt = "boss@example.org");
    CHECK(!flow_last(f, EVENT_DSN, NULL)->has_message);
    TELL(.kind = EVENT_DSN, .host = "hub", .dsn = DSN_DELAYED, .child = "21",
         .name = "d2@hub.example.org", .reference = "other@example.net", .rcpt = "a@example.net");
    CHECK(!flow_last(f, EVENT_DSN, NULL)->has_message);
    TELL(.kind = EVENT_DSN, .host = "hub", .dsn = DSN_DELAYED, .child = "22",
         .name = "d3@hub.example.org", .reference = "m@example.net", .rcpt = "A@example.net");
    CHECK_STR(flow_last(f, EVENT_DSN, NULL)->sender, "a@example.net");
    flow_end(f);
}

/* A front end's session ends in the queue of another server. */
static void a_session_is_of_its_host_and_a_message_of_the_queues(void)
{
    struct flow *f = flow_start();

    TELL(.kind = EVENT_MAIL, .host = "edge", .queue_host = "hub", .id = "7", .session = "A1",
         OUTSIDE_CLIENT);
    TELL(.kind = EVENT_QUEUED, .host = "edge", .id = "7", .sender = "a@example.com");
    TELL(.kind = EVENT_QUEUED, .host = "hub", .id = "7", .sender = "s@sender.example");
    TELL(DELIVERED, .host = "hub", .id = "7", .rcpt = "v@victim.example");
    CHECK_STR(flow_last(f, EVENT_DELIVERY, NULL)->client, "198.51.100.7");
    CHECK_STR(flow_last(f, EVENT_DELIVERY, NULL)->sender, "s@sender.example");
    CHECK_INT(delivered(f), 1);
    flow_end(f);
}

/* Of a server whose receive log is missing, the delivery alone names the sender. */
static void a_delivery_may_bring_the_sender(void)
{
    struct flow *f = flow_start();

    TELL(DELIVERED, .host = "hub", .id = "7", .sender = "a@example.org",
         .rcpt = "v@victim.example");
    CHECK_STR(flow_last(f, EVENT_DELIVERY, NULL)->sender, "a@example.org");
    TELL(DELIVERED, .host = "hub", .id = "7", .sender = "b@example.org",
         .rcpt = "w@victim.example");
    CHECK_STR(flow_last(f, EVENT_DELIVERY, NULL)->sender, "a@example.org");
    TELL(DELIVERED, .host = "hub", .id = "8", .sender = "", .rcpt = "v@victim.example");
    CHECK(flow_last(f, EVENT_DELIVERY, NULL)->null_sender);
    flow_end(f);
}

static void a_login_is_of_all_messages_of_its_session(void)
{
    struct flow *f = flow_start();

    TELL(.kind = EVENT_AUTH, .host = "hub", .session = "A1", OUTSIDE_CLIENT, .user = "EXAMPLE\\joe",
         .outcome = OUTCOME_ACCEPTED);
    TELL(.kind = EVENT_MAIL, .host = "hub", .id = "7", .session = "A1", OUTSIDE_CLIENT);
    CHECK(flow_last(f, EVENT_MAIL, NULL)->authed);
    TELL(DELIVERED, .host = "hub", .id = "7", .rcpt = "v@victim.example");
    CHECK_STR(flow_last(f, EVENT_DELIVERY, NULL)->user, "EXAMPLE\\joe");
    CHECK_INT(delivered(f), 0);
    TELL(.kind = EVENT_MAIL, .host = "hub", .id = "8", .session = "A2", OUTSIDE_CLIENT);
    CHECK(!flow_last(f, EVENT_MAIL, NULL)->authed);
    flow_end(f);
}

static const struct test_case cases[] = {
    {"a session is of its host and a message of the queue's",
     a_session_is_of_its_host_and_a_message_of_the_queues},
    {"a delivery may bring the sender", a_delivery_may_bring_the_sender},
    {"a login is of all messages of its session", a_login_is_of_all_messages_of_its_session},
    {"every server tells it, and it counts once", every_server_tells_it_and_it_counts_once},
    {"a protocol log adds the account", a_protocol_log_adds_the_account},
    {"what a log cannot show accuses nobody until another shows it",
     what_a_log_cannot_show_accuses_nobody_until_another_shows_it},
    {"a client inside hides nothing", a_client_inside_hides_nothing},
    {"an id used again under another trace is another message",
     an_id_used_again_under_another_trace_is_another_message},
    {"only recipients that we put in are excused", only_recipients_that_we_put_in_are_excused},
    {"a recipient nobody asked for is our doing", a_recipient_nobody_asked_for_is_our_doing},
    {"what a trick hides was asked for", what_a_trick_hides_was_asked_for},
    {"a trick is not excused by being rewritten", a_trick_is_not_excused_by_being_rewritten},
    {"a copy belongs to its message", a_copy_belongs_to_its_message},
    {"a failed delivery announces its notification", a_failed_delivery_announces_its_notification},
    {"a notification is about the message of its recipient",
     a_notification_is_about_the_message_of_its_recipient},
};

TEST_MAIN(cases)
