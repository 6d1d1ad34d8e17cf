/* test_correlate.c - joins of lines to sessions and messages, and who is judged how
 * source:   shapes of Postfix log lines, addresses of the documentation ranges */
#include "flow_fixture.h"

/* ---- joins ---- */

#define LIFE_CLIENT "10:00:00 smtpd[11]: 4A1F000: client=mail.example.net[198.51.100.7]\n"
#define LIFE_QUEUED                                                                                \
    "10:00:01 qmgr[12]: 4A1F000: from=<a@example.net>, size=700, nrcpt=1 (queue active)\n"
#define LIFE_SENT                                                                                  \
    "10:00:02 smtp[13]: 4A1F000: to=<v@victim.example>, relay=mx.victim.example[203.0.113.9]:25, " \
    "delay=1, delays=0/0/1/0, dsn=2.0.0, status=sent (250 2.0.0 Ok)\n"
#define LIFE_REMOVED "10:00:02 qmgr[12]: 4A1F000: removed\n"

static void a_message_has_its_origin_at_every_line(void)
{
    struct flow *f = flow_start();
    const struct flow_seen *s;

    flow_lines(f, LIFE_CLIENT LIFE_QUEUED LIFE_SENT LIFE_REMOVED);
    s = flow_last(f, EVENT_QUEUED, "4A1F000");
    CHECK(s->new_message);
    CHECK_STR(s->client, "198.51.100.7");
    CHECK_INT(s->sender_zone, DOMAIN_FOREIGN);
    s = flow_last(f, EVENT_DELIVERY, "4A1F000");
    CHECK_STR(s->client, "198.51.100.7");
    CHECK_STR(s->sender, "a@example.net");
    CHECK_INT(s->rcpt_class, RCPT_THIRD_PARTY);
    CHECK(s->outside);
    CHECK_STR(flow_last(f, EVENT_DONE, "4A1F000")->sender, "a@example.net");
    CHECK_INT(flow_verdict(f), VERDICT_YES);
    flow_end(f);
}

/* Whatever the order of qmgr's and smtp's lines, a delivery whose client is known is judged. */
static void the_verdict_does_not_depend_on_the_order_of_lines(void)
{
    static const char *const orders[] = {
        LIFE_CLIENT LIFE_QUEUED LIFE_SENT LIFE_REMOVED,
        LIFE_CLIENT LIFE_SENT LIFE_QUEUED LIFE_REMOVED,
        LIFE_CLIENT LIFE_SENT LIFE_REMOVED LIFE_QUEUED,
        LIFE_CLIENT LIFE_QUEUED LIFE_REMOVED LIFE_SENT,
        LIFE_CLIENT LIFE_REMOVED LIFE_QUEUED LIFE_SENT,
    };

    for (size_t i = 0; i < sizeof orders / sizeof orders[0]; i++) {
        struct flow *f = flow_start();
        flow_lines(f, orders[i]);
        CHECK_INT(flow_verdict(f), VERDICT_YES);
        CHECK_INT(relay_board_count(f->board, RELAY_DELIVERED), 1);
        flow_end(f);
    }
}

static void without_a_client_nobody_is_blamed(void)
{
    struct flow *f = flow_start();

    flow_lines(f, LIFE_QUEUED LIFE_SENT);
    CHECK_INT(flow_last(f, EVENT_DELIVERY, NULL)->client_zone, CLIENT_UNKNOWN);
    CHECK(!flow_last(f, EVENT_DELIVERY, NULL)->outside);
    CHECK_INT(flow_verdict(f), VERDICT_NO);
    flow_end(f);
}

static void a_queue_id_in_use_again_is_another_message(void)
{
    struct flow *f = flow_start();
    const struct flow_seen *s;

    flow_lines(
        f, LIFE_CLIENT LIFE_QUEUED LIFE_REMOVED
        "10:05:00 submission/smtpd[21]: 4A1F000: client=unknown[203.0.113.50], "
        "sasl_method=PLAIN, sasl_username=joe@example.org\n"
        "10:05:01 qmgr[12]: 4A1F000: from=<joe@example.org>, size=9, nrcpt=1 (queue active)\n"
        "10:05:02 smtp[13]: 4A1F000: to=<f@example.com>, relay=mx.example.com[203.0.113.9]:25, "
        "delay=1, delays=0/0/1/0, dsn=2.0.0, status=sent (250 Ok)\n");
    s = flow_last(f, EVENT_DELIVERY, NULL);
    CHECK_STR(s->sender, "joe@example.org");
    CHECK_STR(s->user, "joe@example.org");
    CHECK(s->authed);
    CHECK(!s->outside);
    CHECK_INT(flow_verdict(f), VERDICT_NO);
    flow_end(f);
}

/* The id of a finished message of an outside client goes to a notification made here: it has no
 * client, and its delivery to a stranger is no relay. */
static void a_notification_does_not_inherit_the_id_s_former_life(void)
{
    struct flow *f = flow_start();
    const struct flow_seen *s;

    flow_lines(
        f, LIFE_CLIENT LIFE_QUEUED LIFE_REMOVED
        "10:06:00 smtpd[22]: 4B2F000: client=unknown[203.0.113.60]\n"
        "10:06:01 qmgr[12]: 4B2F000: from=<b@example.com>, size=9, nrcpt=1 (queue active)\n"
        "10:06:02 bounce[14]: 4B2F000: sender non-delivery notification: 4A1F000\n"
        "10:06:02 qmgr[12]: 4A1F000: from=<>, size=9, nrcpt=1 (queue active)\n"
        "10:06:03 smtp[13]: 4A1F000: to=<b@example.com>, relay=mx.example.com[203.0.113.9]:25, "
        "delay=1, delays=0/0/1/0, dsn=2.0.0, status=sent (250 Ok)\n");
    s = flow_last(f, EVENT_DELIVERY, "4A1F000");
    CHECK_STR(s->client, "");
    CHECK(s->null_sender);
    CHECK(s->has_parent);
    CHECK(!s->outside);
    CHECK_INT(flow_verdict(f), VERDICT_NO);
    flow_end(f);
}

static void hosts_and_instances_have_their_own_ids(void)
{
    struct flow *f = flow_start();

    flow_line(f,
              SLICE_LIT("Mar  2 10:00:00 mx1 postfix/smtpd[1]: 4A1F000: client=x[198.51.100.7]"));
    flow_line(f, SLICE_LIT("Mar  2 10:00:01 mx2 postfix/smtp[1]: 4A1F000: to=<v@victim.example>, "
                           "relay=mx[203.0.113.9]:25, delay=1, dsn=2.0.0, status=sent (250 Ok)"));
    CHECK_STR(flow_last(f, EVENT_DELIVERY, NULL)->client, "");
    flow_line(f,
              SLICE_LIT("Mar  2 10:00:01 mx1 postfix-out/smtp[1]: 4A1F000: to=<v@victim.example>, "
                        "relay=mx[203.0.113.9]:25, delay=1, dsn=2.0.0, status=sent (250 Ok)"));
    CHECK_STR(flow_last(f, EVENT_DELIVERY, NULL)->client, "");
    CHECK_INT(flow_verdict(f), VERDICT_NO);
    flow_end(f);
}

static void a_notification_knows_its_parent_and_victim(void)
{
    struct flow *f = flow_start();
    const struct flow_seen *s;

    flow_lines(
        f, "10:00:00 smtpd[11]: 4A1F000: client=mail.example.net[198.51.100.7]\n"
           "10:00:01 qmgr[12]: 4A1F000: from=<victim@example.net>, size=7, nrcpt=1 (queue active)\n"
           "10:00:02 local[15]: 4A1F000: to=<ghost@example.org>, relay=local, delay=0, dsn=5.1.1, "
           "status=bounced (unknown user: \"ghost\")\n"
           "10:00:02 bounce[14]: 4A1F000: sender non-delivery notification: 4C3F000\n"
           "10:00:02 qmgr[12]: 4C3F000: from=<>, size=9, nrcpt=1 (queue active)\n");
    s = flow_last(f, EVENT_DSN, NULL);
    CHECK(s->has_message);
    CHECK(s->has_child);
    CHECK(s->outside);
    CHECK_STR(s->sender, "victim@example.net");
    s = flow_last(f, EVENT_QUEUED, "4C3F000");
    CHECK(s->has_parent);
    CHECK((s->flags & MESSAGE_IS_DSN) != 0);
    CHECK(s->null_sender);
    CHECK_INT(flow_last(f, EVENT_DELIVERY, "4A1F000")->reason, REASON_RCPT_UNKNOWN);
    flow_end(f);
}

/* ---- content filters ---- */

#define FILTER_FIRST                                                                               \
    "10:00:00 smtpd[11]: 4A1F000: client=mail.example.net[198.51.100.7]\n"                         \
    "10:00:00 qmgr[12]: 4A1F000: from=<a@example.net>, size=700, nrcpt=1 (queue active)\n"
#define FILTER_SECOND                                                                              \
    "10:00:01 10025/smtpd[16]: 4B2F000: client=localhost[127.0.0.1]\n"                             \
    "10:00:01 qmgr[12]: 4B2F000: from=<a@example.net>, size=900, nrcpt=1 (queue active)\n"
#define FILTER_HAND_OVER                                                                           \
    "10:00:01 smtp[13]: 4A1F000: to=<v@victim.example>, relay=127.0.0.1[127.0.0.1]:10024, "        \
    "delay=1, "                                                                                    \
    "delays=0/0/0/1, dsn=2.0.0, status=sent (250 2.0.0 from MTA(smtp:[127.0.0.1]:10025): 250 "     \
    "2.0.0 Ok: queued as 4B2F000)\n"
#define FILTER_OUT                                                                                 \
    "10:00:03 smtp[13]: 4B2F000: to=<v@victim.example>, relay=mx.victim.example[203.0.113.9]:25, " \
    "delay=1, delays=0/0/1/0, dsn=2.0.0, status=sent (250 Ok)\n"

static void behind_a_filter_the_origin_is_that_of_queued_as(void)
{
    struct flow *f = flow_start();
    const struct flow_seen *s;
    struct correlate_stats stats;

    flow_lines(f, FILTER_FIRST FILTER_SECOND FILTER_HAND_OVER FILTER_OUT);
    s = flow_last(f, EVENT_DELIVERY, "4B2F000");
    CHECK_STR(s->client, "198.51.100.7");
    CHECK(s->outside);
    CHECK((s->flags & MESSAGE_REINJECTED) != 0);
    CHECK(!flow_last(f, EVENT_QUEUED, "4B2F000")->new_message);
    CHECK_INT(flow_verdict(f), VERDICT_YES);
    CHECK_INT(relay_board_count(f->board, RELAY_DELIVERED), 1);
    correlate_stats(f->correlate, &stats);
    CHECK_INT(stats.queued, 2);
    CHECK_INT(stats.queued_client_known, 2);
    flow_end(f);
}

static void behind_a_filter_an_authenticated_user_stays_one(void)
{
    struct flow *f = flow_start();

    flow_lines(f,
               "10:00:00 submission/smtpd[11]: 4A1F000: client=unknown[203.0.113.50], "
               "sasl_method=PLAIN, sasl_username=joe@example.org\n" FILTER_SECOND FILTER_HAND_OVER
                   FILTER_OUT);
    CHECK(flow_last(f, EVENT_DELIVERY, "4B2F000")->authed);
    CHECK_STR(flow_last(f, EVENT_DELIVERY, "4B2F000")->user, "joe@example.org");
    CHECK_INT(flow_verdict(f), VERDICT_NO);
    flow_end(f);
}

/* The origin is known at once; an alias of ours is only ruled out by the line that handed the mail
 * over. */
static void behind_a_filter_the_original_queue_id_gives_the_origin(void)
{
    struct flow *f = flow_start();

    flow_lines(f, FILTER_FIRST
               "10:00:01 10025/smtpd[16]: 4B2F000: client=localhost[127.0.0.1], "
               "orig_queue_id=4A1F000, orig_client=mail.example.net[198.51.100.7]\n" FILTER_OUT);
    CHECK_STR(flow_last(f, EVENT_DELIVERY, "4B2F000")->client, "198.51.100.7");
    CHECK((flow_last(f, EVENT_DELIVERY, "4B2F000")->flags & MESSAGE_ORIGIN_UNSURE) == 0);
    CHECK_INT(flow_verdict(f), VERDICT_NO);
    flow_lines(f, FILTER_HAND_OVER);
    CHECK_INT(flow_verdict(f), VERDICT_YES);
    CHECK_INT(relay_board_count(f->board, RELAY_DELIVERED), 1);
    flow_end(f);
}

static void an_alias_expanded_before_the_filter_is_not_relay(void)
{
    struct flow *f = flow_start();

    flow_lines(f, FILTER_FIRST FILTER_SECOND
               "10:00:01 smtp[13]: 4A1F000: to=<v@victim.example>, orig_to=<info@example.org>, "
               "relay=127.0.0.1[127.0.0.1]:10024, delay=1, delays=0/0/0/1, dsn=2.0.0, status=sent "
               "(250 2.0.0 Ok: queued as 4B2F000)\n" FILTER_OUT);
    CHECK_STR(rcpt_class_name(flow_last(f, EVENT_DELIVERY, "4B2F000")->rcpt_class), "ours");
    CHECK_INT(flow_verdict(f), VERDICT_NO);
    flow_end(f);
}

/* The filter names the client, but nobody says whether that client had logged in. */
static void an_unsure_origin_is_never_blamed(void)
{
    struct flow *f = flow_start();

    flow_lines(
        f, "10:00:01 10025/smtpd[16]: 4B2F000: client=localhost[127.0.0.1], orig_queue_id=4A1F000, "
           "orig_client=unknown[203.0.113.50]\n" FILTER_OUT);
    CHECK_STR(flow_last(f, EVENT_DELIVERY, "4B2F000")->client, "203.0.113.50");
    CHECK((flow_last(f, EVENT_DELIVERY, "4B2F000")->flags & MESSAGE_ORIGIN_UNSURE) != 0);
    CHECK(!flow_last(f, EVENT_DELIVERY, "4B2F000")->outside);
    CHECK_INT(flow_verdict(f), VERDICT_NO);
    flow_end(f);
}

static void what_an_outside_client_says_of_its_origin_is_not_believed(void)
{
    struct flow *f = flow_start();

    flow_lines(f,
               "10:00:01 smtpd[16]: 4B2F000: client=unknown[203.0.113.50], orig_queue_id=4A1F000, "
               "orig_client=inside.example.org[192.0.2.5]\n" FILTER_OUT);
    CHECK_STR(flow_last(f, EVENT_DELIVERY, "4B2F000")->client, "203.0.113.50");
    CHECK_INT(flow_verdict(f), VERDICT_YES);
    flow_end(f);
}

/* ---- sessions ---- */

static void a_login_holds_for_the_session_and_ends_with_it(void)
{
    struct flow *f = flow_start();

    flow_lines(f, "10:00:00 smtpd[11]: connect from unknown[203.0.113.50]\n"
                  "10:00:01 smtpd[11]: 4A1F000: client=unknown[203.0.113.50], sasl_method=PLAIN, "
                  "sasl_username=joe\n"
                  "10:00:02 smtpd[11]: NOQUEUE: reject: RCPT from unknown[203.0.113.50]: 554 5.7.1 "
                  "<x@victim.example>: Relay access denied; from=<a@example.net> "
                  "to=<x@victim.example> proto=ESMTP helo=<pc>\n");
    CHECK(flow_last(f, EVENT_RCPT, NULL)->authed);
    CHECK(!flow_last(f, EVENT_RCPT, NULL)->outside);
    flow_lines(f, "10:00:03 smtpd[11]: disconnect from unknown[203.0.113.50] auth=1 mail=1 "
                  "rcpt=0/1 commands=2/3\n"
                  "10:00:04 smtpd[11]: connect from unknown[203.0.113.51]\n"
                  "10:00:05 smtpd[11]: NOQUEUE: reject: RCPT from unknown[203.0.113.51]: 554 5.7.1 "
                  "<x@victim.example>: Relay access denied; from=<a@example.net> "
                  "to=<x@victim.example> proto=ESMTP helo=<pc>\n");
    CHECK(!flow_last(f, EVENT_RCPT, NULL)->authed);
    CHECK(flow_last(f, EVENT_RCPT, NULL)->outside);
    CHECK_INT(relay_board_count(f->board, RELAY_REFUSED), 1);
    flow_end(f);
}

static void a_session_without_its_end_does_not_pass_on_its_login(void)
{
    struct flow *f = flow_start();

    flow_lines(f, "10:00:01 smtpd[11]: 4A1F000: client=unknown[203.0.113.50], sasl_method=PLAIN, "
                  "sasl_username=joe\n"
                  "10:00:04 smtpd[11]: connect from unknown[203.0.113.51]\n"
                  "10:00:05 smtpd[11]: NOQUEUE: reject: RCPT from unknown[203.0.113.51]: 554 5.7.1 "
                  "<x@victim.example>: Relay access denied; from=<a@example.net> "
                  "to=<x@victim.example> proto=ESMTP helo=<pc>\n");
    CHECK(!flow_last(f, EVENT_RCPT, NULL)->authed);
    flow_end(f);
}

/* Neither the end of the one nor the beginning of the other was logged, or they come later. */
static void another_client_is_another_session(void)
{
    static const char *const ips[] = {"203.0.113.50", "203.0.113.51"};

    for (unsigned other = 0; other < 2; other++) {
        struct flow *f = flow_start();
        char line[256];
        flow_lines(f, "10:00:01 smtpd[11]: 4A1F000: client=unknown[203.0.113.50], "
                      "sasl_method=PLAIN, sasl_username=joe\n");
        snprintf(line, sizeof line,
                 "10:00:05 smtpd[11]: NOQUEUE: reject: RCPT from unknown[%s]: 554 5.7.1 "
                 "<x@victim.example>: Relay access denied; from=<a@example.net> "
                 "to=<x@victim.example> proto=ESMTP helo=<pc>\n",
                 ips[other]);
        flow_lines(f, line);
        CHECK(flow_last(f, EVENT_RCPT, NULL)->authed == !other);
        CHECK_INT(relay_board_count(f->board, RELAY_REFUSED), other);
        flow_end(f);
    }
}

/* Lines of one second may come in any order: the end of one session is not that of the next. */
static void a_disconnect_of_another_client_ends_nothing(void)
{
    struct flow *f = flow_start();

    flow_lines(f, "08:00:00 smtpd[9]: connect from unknown[203.0.113.9]\n"
                  "08:00:00 smtpd[9]: warning: unknown[203.0.113.9]: SASL PLAIN authentication "
                  "failed: (reason unavailable)\n"
                  "08:00:00 smtpd[9]: connect from unknown[203.0.113.50]\n"
                  "08:00:00 smtpd[9]: 4A1F000: client=unknown[203.0.113.50], sasl_method=PLAIN, "
                  "sasl_username=joe\n"
                  "08:00:00 smtpd[9]: disconnect from unknown[203.0.113.9] ehlo=1 auth=0/1 quit=1 "
                  "commands=2/3\n");
    CHECK_INT(flow_last(f, EVENT_DISCONNECT, NULL)->session_flags, 0);
    flow_lines(f, "08:00:02 smtpd[9]: NOQUEUE: reject: RCPT from unknown[203.0.113.50]: 554 5.7.1 "
                  "<x@victim.example>: Relay access denied; from=<a@example.net> "
                  "to=<x@victim.example> proto=ESMTP helo=<pc>\n");
    CHECK(flow_last(f, EVENT_RCPT, NULL)->authed);
    flow_end(f);
}

static void a_refused_bounce_marks_its_session(void)
{
    static const char *const senders[] = {"", "a@x.example"};

    for (unsigned i = 0; i < 2; i++) {
        struct flow *f = flow_start();
        char lines[512];
        snprintf(lines, sizeof lines,
                 "08:00:00 smtpd[9]: connect from mail.x.example[203.0.113.9]\n"
                 "08:00:01 smtpd[9]: NOQUEUE: reject: RCPT from mail.x.example[203.0.113.9]: 550 "
                 "5.1.1 <no@example.org>: Recipient address rejected: User unknown in local "
                 "recipient table; from=<%s> to=<no@example.org> proto=ESMTP helo=<x>\n"
                 "08:00:02 smtpd[9]: disconnect from mail.x.example[203.0.113.9] helo=1 mail=1 "
                 "rcpt=0/1 quit=1 commands=3/4\n",
                 senders[i]);
        flow_lines(f, lines);
        CHECK_INT((flow_last(f, EVENT_DISCONNECT, NULL)->session_flags & SESSION_NULL_REFUSED) != 0,
                  i == 0);
        flow_end(f);
    }
}

static void visible_decisions_and_origins_are_counted_for_coverage(void)
{
    struct flow *f = flow_start();
    struct correlate_stats stats;

    flow_lines(f, LIFE_CLIENT LIFE_QUEUED LIFE_SENT
               "10:00:03 qmgr[12]: 4D4F000: from=<x@example.net>, size=7, nrcpt=1 (queue active)\n"
               "10:00:04 smtpd[11]: disconnect from mail.example.net[198.51.100.7] ehlo=1 mail=1 "
               "rcpt=1 data=1 quit=1 commands=5\n"
               "10:00:05 smtpd[18]: connect from mail.example.net[198.51.100.7]\n"
               "10:00:05 smtpd[18]: disconnect from mail.example.net[198.51.100.7]\n");
    correlate_stats(f->correlate, &stats);
    CHECK_INT(stats.queued, 2);
    CHECK_INT(stats.queued_client_known, 1);
    CHECK_INT(stats.deliveries, 1);
    CHECK_INT(stats.deliveries_with_reply, 1);
    CHECK_INT(stats.sessions, 1);
    CHECK_INT(stats.sessions_with_rcpt, 1);
    CHECK_INT(stats.auth_seen, 0);
    flow_end(f);
}

/* ---- who and whom ---- */

struct whom_case {
    const char *what;
    const char *to, *orig_to; /* of a delivery by smtp */
    enum rcpt_class want;
    const char *domain;
};

static const struct whom_case whom_cases[] = {
    {"a local recipient", "u@example.org", NULL, RCPT_OURS, "example.org"},
    {"a recipient in a subdomain of ours", "u@list.example.org", NULL, RCPT_OURS,
     "list.example.org"},
    {"a relay domain", "u@backup.example", NULL, RCPT_RELAYED, "backup.example"},
    {"somebody else", "u@victim.example", NULL, RCPT_THIRD_PARTY, "victim.example"},
    {"an alias of ours that leads outside", "u@victim.example", "info@example.org", RCPT_OURS,
     "example.org"},
    {"a bare alias that leads outside", "u@victim.example", "info", RCPT_OURS, ""},
    {"a percent hack behind an alias", "u@victim.example", "u%victim.example@example.org",
     RCPT_TRICK, "victim.example"},
    {"a percent hack with our own domain inside", "u@example.org", "u%example.org@example.org",
     RCPT_OURS, "example.org"},
    {"a percent hack on a foreign host", "u%x.example@victim.example", NULL, RCPT_THIRD_PARTY,
     "victim.example"},
    {"a bang path", "v.example!u@example.org", NULL, RCPT_TRICK, "v.example"},
    {"a literal of ours around a foreign address", "\"u@v.example\"@[192.0.2.1]", NULL, RCPT_TRICK,
     "v.example"},
};

static void recipients_are_judged_before_aliasing(void)
{
    for (size_t i = 0; i < sizeof whom_cases / sizeof whom_cases[0]; i++) {
        const struct whom_case *c = &whom_cases[i];
        struct flow *f = flow_start();
        const struct flow_seen *s;
        int before = test_failures;
        char line[512];
        snprintf(line, sizeof line,
                 "10:00:02 smtp[13]: 4A1F000: to=<%s>%s%s%s, relay=mx[203.0.113.9]:25, delay=1, "
                 "delays=0/0/1/0, dsn=2.0.0, status=sent (250 Ok)\n",
                 c->to, c->orig_to ? ", orig_to=<" : "", c->orig_to ? c->orig_to : "",
                 c->orig_to ? ">" : "");
        flow_lines(f, LIFE_CLIENT);
        flow_lines(f, line);
        s = flow_last(f, EVENT_DELIVERY, NULL);
        CHECK_STR(rcpt_class_name(s->rcpt_class), rcpt_class_name(c->want));
        CHECK_STR(s->rcpt_domain, c->domain);
        CHECK_INT(flow_verdict(f) == VERDICT_YES,
                  c->want == RCPT_THIRD_PARTY || c->want == RCPT_TRICK);
        if (test_failures != before)
            printf("#   %s\n", c->what);
        flow_end(f);
    }
}

static void a_forward_is_not_relay(void)
{
    struct flow *f = flow_start();
    const struct flow_seen *s;

    flow_lines(
        f, LIFE_CLIENT LIFE_QUEUED
        "10:00:02 local[15]: 4A1F000: to=<joe@example.org>, relay=local, delay=0, dsn=2.0.0, "
        "status=sent (forwarded as 4B2F000)\n"
        "10:00:02 qmgr[12]: 4B2F000: from=<a@example.net>, size=9, nrcpt=1 (queue "
        "active)\n" FILTER_OUT);
    CHECK(flow_last(f, EVENT_DELIVERY, "4A1F000")->has_child);
    s = flow_last(f, EVENT_DELIVERY, "4B2F000");
    CHECK((s->flags & MESSAGE_FORWARDED) != 0);
    CHECK_STR(s->client, "");
    CHECK(!s->outside);
    CHECK_INT(flow_verdict(f), VERDICT_NO);
    flow_end(f);
}

static void hand_made(struct flow *f, enum event_kind kind, const char *id, const char *child,
                      const char *rcpt, const char *text)
{
    struct event ev;

    event_reset(&ev);
    ev.kind = kind;
    ev.time_us = INT64_C(1770000000) * 1000000;
    event_set(&ev, EF_HOST, slice_of("mx1"));
    event_set(&ev, EF_INSTANCE, slice_of("other"));
    event_set(&ev, EF_QUEUE_ID, slice_of(id));
    event_set(&ev, EF_CHILD_ID, slice_of(child));
    event_set(&ev, EF_RCPT, slice_of(rcpt));
    event_set(&ev, EF_TEXT, slice_of(text));
    if (kind == EVENT_MAIL || kind == EVENT_RCPT)
        CHECK(ip_addr_parse(slice_of("203.0.113.9"), &ev.client));
    if (kind == EVENT_RCPT) {
        ev.stage = STAGE_RCPT;
        ev.outcome = OUTCOME_REFUSED;
        ev.reply_code = 550;
    }
    if (kind == EVENT_DELIVERY) {
        ev.outcome = OUTCOME_DELIVERED;
        ev.route = ROUTE_REMOTE;
        CHECK(ip_addr_parse(slice_of("198.51.100.80"), &ev.remote));
    }
    flow_event(f, &ev);
}

/* The copy of a message for the members of a list of ours (Sendmail: clone, qmail: qp). */
static void a_copy_for_a_list_is_not_relay(void)
{
    struct flow *f = flow_start();

    hand_made(f, EVENT_MAIL, "A1", NULL, NULL, NULL);
    hand_made(f, EVENT_SPLIT, "A1", "A2", NULL, NULL);
    hand_made(f, EVENT_DELIVERY, "A2", NULL, "x@victim.example", "250 Ok");
    CHECK(flow_last(f, EVENT_SPLIT, "A1")->has_child);
    CHECK((flow_last(f, EVENT_DELIVERY, "A2")->flags & MESSAGE_FORWARDED) != 0);
    CHECK(!flow_last(f, EVENT_DELIVERY, "A2")->outside);
    CHECK_INT(flow_verdict(f), VERDICT_NO);
    flow_end(f);
}

/* One reply for unknown users and for relaying: the domain tells them apart, where it is known. */
static void a_reply_for_both_is_read_by_the_domain(void)
{
    const char *text = "550 Invalid recipient";
    struct flow *f = flow_start();

    hand_made(f, EVENT_RCPT, NULL, NULL, "x@victim.example", text);
    CHECK_INT(f->seen[0].reason, REASON_RELAY_DENIED);
    hand_made(f, EVENT_RCPT, NULL, NULL, "ghost@example.org", text);
    CHECK_INT(f->seen[1].reason, REASON_RCPT_UNKNOWN);
    hand_made(f, EVENT_RCPT, NULL, NULL, "x@victim.example", "550 5.1.1 User unknown");
    CHECK_INT(f->seen[2].reason, REASON_RCPT_UNKNOWN);
    flow_end(f);
    f = flow_start_learning();
    hand_made(f, EVENT_RCPT, NULL, NULL, "x@victim.example", text);
    CHECK_INT(f->seen[0].reason, REASON_RCPT_UNKNOWN);
    flow_end(f);
}

struct who_case {
    const char *what, *client_line;
    bool outside;
};

static const struct who_case who_cases[] = {
    {"an outside client", "client=unknown[198.51.100.7]", true},
    {"an outside client over IPv6", "client=unknown[2001:db8::7]", true},
    {"a trusted client", "client=pc.example.org[192.0.2.77]", false},
    {"a client on this host", "client=localhost[127.0.0.1]", false},
    {"a client on this host over IPv6", "client=localhost[::1]", false},
    {"an authenticated client", "client=unknown[198.51.100.7], sasl_method=LOGIN, sasl_username=x",
     false},
    {"a client whose address is not known", "client=unknown[unknown]", false},
    {"a local process", "uid=33 from=<www-data>", false},
};

static void only_a_known_outside_client_without_login_may_be_blamed(void)
{
    for (size_t i = 0; i < sizeof who_cases / sizeof who_cases[0]; i++) {
        const struct who_case *c = &who_cases[i];
        struct flow *f = flow_start();
        char line[256];
        snprintf(line, sizeof line, "10:00:00 %s[11]: 4A1F000: %s\n",
                 c->client_line[0] == 'u' ? "pickup" : "smtpd", c->client_line);
        flow_lines(f, line);
        flow_lines(f, LIFE_QUEUED LIFE_SENT);
        if (flow_last(f, EVENT_DELIVERY, NULL)->outside != c->outside) {
            test_fail(__FILE__, __LINE__, "outside is as wanted");
            printf("#   %s\n", c->what);
        }
        CHECK_INT(flow_verdict(f), c->outside ? VERDICT_YES : VERDICT_NO);
        flow_end(f);
    }
}

/* ---- learning ---- */

#define LEARN_REFUSED(rcpt, text)                                                                  \
    "10:00:02 smtpd[11]: NOQUEUE: reject: RCPT from unknown[203.0.113.50]: 550 5.1.1 " text        \
    "; from=<ghost@ours.example> to=<" rcpt "> proto=ESMTP helo=<pc>\n"

static void domains_are_learnt_from_our_own_tables_only(void)
{
    struct flow *f = flow_start_learning();

    flow_lines(f, LEARN_REFUSED("g@ours.example", "<g@ours.example>: Recipient address rejected: "
                                                  "User unknown in local recipient table"));
    CHECK_INT(zones_domain(f->zones, SLICE_LIT("ours.example")), DOMAIN_LOCAL);
    flow_lines(f, LEARN_REFUSED("g@inner.example", "<g@inner.example>: Recipient address rejected: "
                                                   "User unknown in relay recipient table"));
    CHECK_INT(zones_domain(f->zones, SLICE_LIT("inner.example")), DOMAIN_RELAY);
    /* the sender is the unknown one: nothing is said of the recipient's domain */
    flow_lines(f,
               LEARN_REFUSED("v@victim.example", "<ghost@ours.example>: Sender address rejected: "
                                                 "User unknown in local recipient table"));
    CHECK_INT(zones_domain(f->zones, SLICE_LIT("victim.example")), DOMAIN_FOREIGN);
    /* the words are the client's own */
    flow_lines(f, LEARN_REFUSED("user unknown in x@evil.example",
                                "<user unknown in x@evil.example>: Relay access denied"));
    CHECK_INT(zones_domain(f->zones, SLICE_LIT("evil.example")), DOMAIN_FOREIGN);
    CHECK_INT(flow_last(f, EVENT_RCPT, NULL)->reason, REASON_RELAY_DENIED);
    flow_end(f);
}

static void a_recipient_s_name_cannot_choose_the_reason(void)
{
    struct flow *f = flow_start();

    flow_lines(f, LEARN_REFUSED("spamhaus@example.org",
                                "<spamhaus@example.org>: Recipient address "
                                "rejected: User unknown in local recipient table"));
    CHECK_INT(flow_last(f, EVENT_RCPT, NULL)->reason, REASON_RCPT_UNKNOWN);
    flow_end(f);
}

/* A virtual domain of nothing but aliases never has a delivery here to learn it from. */
static void while_learning_an_alias_to_outside_is_not_relay(void)
{
    struct flow *f = flow_start_learning();

    flow_lines(
        f, LIFE_CLIENT
        "10:00:02 smtp[13]: 4A1F000: to=<joe@mailbox.example>, orig_to=<info@shop.example>, "
        "relay=mx.mailbox.example[203.0.113.9]:25, delay=1, dsn=2.0.0, status=sent (250 Ok)\n");
    CHECK_STR(rcpt_class_name(flow_last(f, EVENT_DELIVERY, NULL)->rcpt_class), "ours");
    CHECK_INT(flow_verdict(f), VERDICT_NO);
    /* the server only took the dot or the quotes off: that is no alias */
    flow_lines(
        f, "10:00:03 smtp[13]: 4A1F000: to=<joe@mailbox.example>, orig_to=<joe@mailbox.example.>, "
           "relay=mx.mailbox.example[203.0.113.9]:25, delay=1, dsn=2.0.0, status=sent (250 Ok)\n");
    CHECK_STR(rcpt_class_name(flow_last(f, EVENT_DELIVERY, NULL)->rcpt_class), "third_party");
    /* a hidden recipient is rewritten too */
    flow_lines(f, "10:00:03 smtp[13]: 4A1F000: to=<joe@v.example>, orig_to=<joe%v.example>, "
                  "relay=mx.v.example[203.0.113.9]:25, delay=1, dsn=2.0.0, status=sent (250 Ok)\n");
    CHECK_STR(rcpt_class_name(flow_last(f, EVENT_DELIVERY, NULL)->rcpt_class), "trick");
    CHECK_INT(flow_verdict(f), VERDICT_YES);
    flow_end(f);
}

static void a_mailbox_teaches_the_domain_and_a_smart_host_does_not(void)
{
    struct flow *f = flow_start_learning();
    char line[256];

    flow_lines(f,
               "10:00:01 local[15]: 4A1F000: to=<joe@ours.example>, orig_to=<info@shop.example>, "
               "relay=local, delay=0, dsn=2.0.0, status=sent (delivered to mailbox)\n");
    CHECK_INT(zones_domain(f->zones, SLICE_LIT("ours.example")), DOMAIN_LOCAL);
    CHECK_INT(zones_domain(f->zones, SLICE_LIT("shop.example")), DOMAIN_LOCAL);
    for (int i = 0; i < 40; i++) {
        snprintf(
            line, sizeof line,
            "10:00:02 smtp[13]: 4A2F000: to=<u@d%d.example>, relay=smart[10.0.0.3]:25, delay=1, "
            "dsn=2.0.0, status=sent (250 Ok)\n",
            i);
        flow_lines(f, line);
    }
    CHECK_INT(zones_domain(f->zones, SLICE_LIT("d3.example")), DOMAIN_FOREIGN);
    flow_end(f);
}

/* ---- hostile input ---- */

static void names_with_nul_and_long_names_are_survived(void)
{
    struct flow *f = flow_start();
    static char big[65000];
    struct event ev = {0};

    memset(big, 'x', sizeof big);
    big[30000] = '@';
    big[100] = '\0';
    for (int kind = 0; kind < EVENT_KIND_COUNT; kind++) {
        event_reset(&ev);
        ev.time_us = 1000000 + kind;
        ev.kind = (enum event_kind)kind;
        ev.outcome = OUTCOME_REFUSED;
        CHECK(ip_addr_parse(SLICE_LIT("198.51.100.7"), &ev.client));
        for (int field = 0; field < EF_COUNT; field++)
            event_set(&ev, (enum event_field)field, (slice){big, sizeof big});
        flow_event(f, &ev);
        flow_event(f, &ev);
    }
    CHECK_INT(f->seen_count, 2 * EVENT_KIND_COUNT);
    flow_end(f);
}

/* More live messages than there is room for: notifications and forwards must not drop the message
 * they belong to. */
static void a_full_table_never_mixes_up_parent_and_child(void)
{
    struct zones *z = zones_new(&(struct hash_key){1, 2});
    struct correlate *c = correlate_new(
        &(struct correlate_config){.key = {1, 2}, .zones = z, .messages = 8, .sessions = 8});
    struct event ev = {0};
    struct context cx;
    char parent[16], child[16];

    for (int i = 0; i < 2000; i++) {
        snprintf(parent, sizeof parent, "P%d", i);
        snprintf(child, sizeof child, "C%d", i);
        event_reset(&ev);
        ev.time_us = i;
        ev.kind = i % 2 ? EVENT_DSN : EVENT_DELIVERY;
        ev.dsn = DSN_FAILED;
        ev.route = ROUTE_FORWARD;
        ev.outcome = OUTCOME_DELIVERED;
        event_set(&ev, EF_QUEUE_ID, slice_of(parent));
        event_set(&ev, EF_CHILD_ID, slice_of(child));
        event_set(&ev, EF_RCPT, SLICE_LIT("u@example.org"));
        correlate_event(c, &ev, NULL, &cx);
        CHECK(cx.message != NULL && cx.child != NULL && cx.message != cx.child);
        CHECK_STR(cx.message->queue_id, parent);
        if (test_failures > 3)
            break;
    }
    correlate_free(c);
    zones_free(z);
}

static const struct test_case cases[] = {
    {"a message has its origin at every line", a_message_has_its_origin_at_every_line},
    {"the verdict does not depend on the order of lines",
     the_verdict_does_not_depend_on_the_order_of_lines},
    {"without a client nobody is blamed", without_a_client_nobody_is_blamed},
    {"a queue id in use again is another message", a_queue_id_in_use_again_is_another_message},
    {"a notification does not inherit the id's former life",
     a_notification_does_not_inherit_the_id_s_former_life},
    {"hosts and instances have their own ids", hosts_and_instances_have_their_own_ids},
    {"a notification knows its parent and victim", a_notification_knows_its_parent_and_victim},
    {"behind a filter the origin is that of \"queued as\"",
     behind_a_filter_the_origin_is_that_of_queued_as},
    {"behind a filter an authenticated user stays one",
     behind_a_filter_an_authenticated_user_stays_one},
    {"behind a filter the original queue id gives the origin",
     behind_a_filter_the_original_queue_id_gives_the_origin},
    {"an alias expanded before the filter is not relay",
     an_alias_expanded_before_the_filter_is_not_relay},
    {"an unsure origin is never blamed", an_unsure_origin_is_never_blamed},
    {"what an outside client says of its origin is not believed",
     what_an_outside_client_says_of_its_origin_is_not_believed},
    {"a login holds for the session and ends with it",
     a_login_holds_for_the_session_and_ends_with_it},
    {"a disconnect of another client ends nothing", a_disconnect_of_another_client_ends_nothing},
    {"a session without its end does not pass on its login",
     a_session_without_its_end_does_not_pass_on_its_login},
    {"another client is another session", another_client_is_another_session},
    {"a refused bounce marks its session", a_refused_bounce_marks_its_session},
    {"visible decisions and origins are counted for coverage",
     visible_decisions_and_origins_are_counted_for_coverage},
    {"recipients are judged before aliasing", recipients_are_judged_before_aliasing},
    {"a forward is not relay", a_forward_is_not_relay},
    {"a copy for a list is not relay", a_copy_for_a_list_is_not_relay},
    {"a reply for both is read by the domain", a_reply_for_both_is_read_by_the_domain},
    {"only a known outside client without login may be blamed",
     only_a_known_outside_client_without_login_may_be_blamed},
    {"domains are learnt from our own tables only", domains_are_learnt_from_our_own_tables_only},
    {"a recipient's name cannot choose the reason", a_recipient_s_name_cannot_choose_the_reason},
    {"while learning, an alias to outside is not relay",
     while_learning_an_alias_to_outside_is_not_relay},
    {"a mailbox teaches the domain and a smart host does not",
     a_mailbox_teaches_the_domain_and_a_smart_host_does_not},
    {"names with NUL and long names are survived", names_with_nul_and_long_names_are_survived},
    {"a full table never mixes up parent and child", a_full_table_never_mixes_up_parent_and_child},
};

TEST_MAIN(cases)
