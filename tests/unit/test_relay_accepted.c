/* test_relay_accepted.c - every cell of the verdict matrix: who, whom, and what came of it
 * source:   the levels L1 to L5n of alert/relay_board.h */
#include "flow_fixture.h"

/* ---- the matrix ---- */

enum who { WHO_OUTSIDE, WHO_TRUSTED, WHO_LOOPBACK, WHO_AUTHED, WHO_UNKNOWN, WHO_COUNT };
enum fate {
    FATE_RCPT_REFUSED,
    FATE_RCPT_ACCEPTED,
    FATE_WAITS,
    FATE_UNREACHABLE, /* deferred without contact */
    FATE_BOUNCED_HERE,
    FATE_BOUNCED_THERE,
    FATE_DELIVERED,
    FATE_COUNT
};

static const char *const who_names[] = {"outside", "trusted", "loopback", "authenticated",
                                        "unknown"};
static const char *const fate_names[] = {"refused",     "accepted at RCPT", "waits",
                                         "unreachable", "bounced here",     "bounced there",
                                         "delivered"};

struct whom {
    const char *rcpt;
    bool foreign, trick;
};

static const struct whom whoms[] = {
    {"u@example.org", false, false},
    {"u@backup.example", false, false},
    {"u@victim.example", true, false},
    {"u%victim.example@example.org", true, true},
    {"victim.example!u@example.org", true, true},
    {"\"u@victim.example\"@example.org", true, true},
    {"@example.org:u@victim.example", true, true},
    {"u%backup.example@example.org", false, false},
};

static enum verdict_state expected(enum who who, const struct whom *whom, enum fate fate)
{
    if (who != WHO_OUTSIDE || !whom->foreign)
        return VERDICT_NO;
    switch (fate) {
    case FATE_RCPT_REFUSED:
        return VERDICT_ATTEMPTED;
    case FATE_BOUNCED_HERE:
        return whom->trick ? VERDICT_ATTEMPTED : VERDICT_EXPOSED;
    case FATE_DELIVERED:
        return VERDICT_YES;
    default:
        return VERDICT_EXPOSED;
    }
}

static void set_who(struct event *ev, enum who who)
{
    static const char *const ips[] = {"198.51.100.7", "192.0.2.7", "127.0.0.1", "198.51.100.7"};

    if (who != WHO_UNKNOWN)
        CHECK(ip_addr_parse(slice_of(ips[who]), &ev->client));
    if (who == WHO_AUTHED)
        event_set(ev, EF_USER, SLICE_LIT("joe@example.org"));
}

static void begin(struct event *ev, enum event_kind kind, const char *queue_id)
{
    memset(ev, 0, sizeof *ev);
    event_reset(ev);
    ev->kind = kind;
    ev->time_us = INT64_C(1772409600) * 1000000;
    event_set(ev, EF_HOST, SLICE_LIT("mx1"));
    event_set(ev, EF_QUEUE_ID, slice_of(queue_id));
}

static void rcpt(struct flow *f, enum who who, const char *address, enum event_outcome outcome)
{
    struct event ev;

    begin(&ev, EVENT_RCPT, NULL);
    set_who(&ev, who);
    ev.outcome = outcome;
    event_set_sender(&ev, SLICE_LIT("s@sender.example"));
    event_set(&ev, EF_RCPT, slice_of(address));
    if (outcome == OUTCOME_REFUSED) {
        ev.reply_code = 554;
        event_set(&ev, EF_TEXT, SLICE_LIT("Relay access denied"));
    }
    flow_event(f, &ev);
}

static void message(struct flow *f, enum who who, const char *queue_id)
{
    struct event ev;

    if (who != WHO_UNKNOWN) {
        begin(&ev, EVENT_MAIL, queue_id);
        set_who(&ev, who);
        flow_event(f, &ev);
    }
    begin(&ev, EVENT_QUEUED, queue_id);
    event_set_sender(&ev, SLICE_LIT("s@sender.example"));
    ev.nrcpt = 1;
    flow_event(f, &ev);
}

static void delivery(struct flow *f, const char *queue_id, const char *address, enum fate fate)
{
    struct event ev;

    begin(&ev, EVENT_DELIVERY, queue_id);
    event_set(&ev, EF_RCPT, slice_of(address));
    event_set(&ev, EF_TEXT, SLICE_LIT("mailbox unavailable"));
    ev.route = fate == FATE_UNREACHABLE || fate == FATE_BOUNCED_HERE ? ROUTE_NONE : ROUTE_REMOTE;
    ev.outcome = fate == FATE_DELIVERED                                    ? OUTCOME_DELIVERED
                 : fate == FATE_BOUNCED_HERE || fate == FATE_BOUNCED_THERE ? OUTCOME_BOUNCED
                                                                           : OUTCOME_DEFERRED;
    flow_event(f, &ev);
}

static void play(struct flow *f, enum who who, const char *address, enum fate fate,
                 const char *queue_id)
{
    if (fate == FATE_RCPT_REFUSED) {
        rcpt(f, who, address, OUTCOME_REFUSED);
    } else if (fate == FATE_RCPT_ACCEPTED) {
        rcpt(f, who, address, OUTCOME_ACCEPTED);
    } else {
        message(f, who, queue_id);
        delivery(f, queue_id, address, fate);
    }
}

static void every_cell_of_the_matrix_has_its_verdict(void)
{
    unsigned cells = 0;

    for (int who = 0; who < WHO_COUNT; who++)
        for (size_t i = 0; i < sizeof whoms / sizeof whoms[0]; i++)
            for (int fate = 0; fate < FATE_COUNT; fate++) {
                struct flow *f = flow_start();
                enum verdict_state want = expected((enum who)who, &whoms[i], (enum fate)fate);
                int before = test_failures;
                play(f, (enum who)who, whoms[i].rcpt, (enum fate)fate, "Q1");
                CHECK_STR(verdict_state_name(flow_verdict(f)), verdict_state_name(want));
                CHECK_INT(flow_told(f, RULE_RELAY_ACCEPTED, "198.51.100.7") != NULL,
                          want >= VERDICT_EXPOSED &&
                              !(whoms[i].trick && fate == FATE_RCPT_ACCEPTED));
                if (test_failures != before)
                    printf("#   %s client, %s, %s\n", who_names[who], whoms[i].rcpt,
                           fate_names[fate]);
                cells++;
                flow_end(f);
            }
    CHECK_INT(cells, 5 * 8 * 7);
}

/* Exchange accepts a hidden recipient and bounces it later: no relay, though it looked like one. */
static void an_accepted_trick_is_settled_by_its_fate(void)
{
    static const struct {
        enum fate fate;
        enum verdict_state want;
    } fates[] = {{FATE_BOUNCED_HERE, VERDICT_ATTEMPTED},
                 {FATE_BOUNCED_THERE, VERDICT_EXPOSED},
                 {FATE_WAITS, VERDICT_EXPOSED},
                 {FATE_DELIVERED, VERDICT_YES}};
    const char *trick = "u%victim.example@example.org";

    for (size_t i = 0; i < sizeof fates / sizeof fates[0]; i++) {
        struct flow *f = flow_start();
        rcpt(f, WHO_OUTSIDE, trick, OUTCOME_ACCEPTED);
        CHECK_INT(flow_verdict(f), VERDICT_EXPOSED);
        message(f, WHO_OUTSIDE, "Q1");
        delivery(f, "Q1", trick, fates[i].fate);
        CHECK_STR(verdict_state_name(flow_verdict(f)), verdict_state_name(fates[i].want));
        flow_end(f);
    }
}

/* ---- counting ---- */

static void a_waiting_message_counts_once(void)
{
    struct flow *f = flow_start();

    message(f, WHO_OUTSIDE, "Q1");
    for (int i = 0; i < 50; i++)
        delivery(f, "Q1", "u@victim.example", FATE_WAITS);
    CHECK_INT(relay_board_count(f->board, RELAY_QUEUED), 1);
    message(f, WHO_OUTSIDE, "Q2");
    delivery(f, "Q2", "u@victim.example", FATE_WAITS);
    CHECK_INT(relay_board_count(f->board, RELAY_QUEUED), 2);
    CHECK_NEAR(flow_told(f, RULE_RELAY_ACCEPTED, NULL)->observed, 1, 0);
    flow_end(f);
}

/* Where acceptance and fate are both logged, a recipient is one recipient. */
static void an_accepted_recipient_that_is_delivered_counts_once(void)
{
    struct flow *f = flow_start();

    for (int i = 0; i < 3; i++)
        rcpt(f, WHO_OUTSIDE, "u@victim.example", OUTCOME_ACCEPTED);
    message(f, WHO_OUTSIDE, "Q1");
    for (int i = 0; i < 2; i++)
        delivery(f, "Q1", i == 0 ? "u@victim.example" : "v@victim.example", FATE_DELIVERED);
    incidents_flush(f->incidents);
    CHECK_NEAR(flow_told(f, RULE_RELAY_ACCEPTED, "198.51.100.7")->observed, 3, 0);
    CHECK_INT(relay_board_count(f->board, RELAY_DELIVERED), 2);
    CHECK_INT(flow_verdict(f), VERDICT_YES);
    flow_end(f);
}

static const char *reason_of_acceptance(enum ground ground)
{
    static char reason[200];
    struct flow *f = flow_start();
    struct event ev;

    begin(&ev, EVENT_RCPT, NULL);
    set_who(&ev, WHO_OUTSIDE);
    ev.outcome = OUTCOME_ACCEPTED;
    ev.ground = ground;
    event_set(&ev, EF_RCPT, SLICE_LIT("u@victim.example"));
    flow_event(f, &ev);
    CHECK_INT(flow_verdict(f), VERDICT_EXPOSED);
    snprintf(reason, sizeof reason, "%s", flow_told(f, RULE_RELAY_ACCEPTED, NULL)->reason);
    flow_end(f);
    return reason;
}

/* The server's own word is better proof than one recipient. */
static void a_right_to_relay_is_named(void)
{
    CHECK(strstr(reason_of_acceptance(GROUND_RIGHT), "lets it relay to any domain") != NULL);
    CHECK(strstr(reason_of_acceptance(GROUND_UNKNOWN), "lets it relay") == NULL);
    CHECK(strstr(reason_of_acceptance(GROUND_SERVED), "lets it relay") == NULL);
}

static void severity_rises_with_the_first_delivery(void)
{
    struct flow *f = flow_start();

    message(f, WHO_OUTSIDE, "Q1");
    delivery(f, "Q1", "u@victim.example", FATE_WAITS);
    CHECK_INT(flow_told(f, RULE_RELAY_ACCEPTED, "198.51.100.7")->severity, SEVERITY_HIGH);
    CHECK_INT(flow_told(f, RULE_RELAY_ACCEPTED, "198.51.100.7")->state, ALERT_NEW);
    delivery(f, "Q1", "u@victim.example", FATE_DELIVERED);
    CHECK_INT(flow_told(f, RULE_RELAY_ACCEPTED, "198.51.100.7")->severity, SEVERITY_CRITICAL);
    CHECK_INT(flow_told(f, RULE_RELAY_ACCEPTED, "198.51.100.7")->state, ALERT_ONGOING);
    CHECK_INT(f->told_count, 2);
    flow_end(f);
}

static void the_form_is_told(void)
{
    struct flow *f = flow_start();

    message(f, WHO_OUTSIDE, "Q1");
    delivery(f, "Q1", "victim.example!u@example.org", FATE_DELIVERED);
    CHECK_STR(flow_told(f, RULE_RELAY_ACCEPTED, NULL)->how, "bang");
    flow_end(f);
}

static void relayed_by(struct flow *f, unsigned client, unsigned messages)
{
    struct event ev;
    char ip[32], queue_id[32];

    snprintf(ip, sizeof ip, "198.51.100.%u", client);
    for (unsigned i = 0; i < messages; i++) {
        snprintf(queue_id, sizeof queue_id, "Q%u-%u", client, i);
        begin(&ev, EVENT_MAIL, queue_id);
        CHECK(ip_addr_parse(slice_of(ip), &ev.client));
        flow_event(f, &ev);
        delivery(f, queue_id, "u@victim.example", FATE_DELIVERED);
    }
}

static void beyond_64_clients_the_server_is_the_news(void)
{
    struct flow *f = flow_start();
    const struct flow_told *t;
    unsigned named = 0;

    for (unsigned client = 1; client <= 100; client++)
        relayed_by(f, client, 1);
    relayed_by(f, 1, 10); /* one that has an alert of its own keeps it */
    for (unsigned i = 0; i < f->told_count; i++)
        named += f->told[i].type == ENTITY_IP && f->told[i].state == ALERT_NEW;
    CHECK_INT(named, 64);
    incidents_flush(f->incidents);
    t = flow_told(f, RULE_RELAY_ACCEPTED, "mx1");
    CHECK(t != NULL);
    if (t != NULL) {
        CHECK_INT(t->type, ENTITY_HOST);
        CHECK_INT(t->severity, SEVERITY_CRITICAL);
        CHECK_NEAR(t->observed, 36, 0);
        CHECK_INT(t->related_count, 36);
        CHECK_NEAR(t->related_total, 36, 3);
    }
    CHECK_NEAR(flow_told(f, RULE_RELAY_ACCEPTED, "198.51.100.1")->observed, 11, 0);
    CHECK_INT(relay_board_count(f->board, RELAY_DELIVERED), 110);
    flow_end(f);
}

/* A backup MX whose domain was not named looks like a relay; what differs is that all goes to one
 * domain. It stays an alert, and says what to do. */
static void mail_of_many_for_one_domain_asks_whether_it_is_ours(void)
{
    for (unsigned domains = 1; domains <= 2; domains++) {
        struct flow *f = flow_start();
        const struct flow_told *t;
        for (unsigned client = 1; client <= 5; client++)
            relayed_by(f, client, 1);
        if (domains == 2) {
            struct event ev;
            begin(&ev, EVENT_MAIL, "QX");
            CHECK(ip_addr_parse(SLICE_LIT("198.51.100.5"), &ev.client));
            flow_event(f, &ev);
            delivery(f, "QX", "u@other.example", FATE_DELIVERED);
            incidents_flush(f->incidents);
        }
        t = flow_told(f, RULE_RELAY_ACCEPTED, "198.51.100.5");
        CHECK(t != NULL);
        if (t != NULL) {
            CHECK_INT(t->severity, SEVERITY_CRITICAL);
            CHECK_INT(slice_has(slice_of(t->reason), SLICE_LIT("one foreign domain")),
                      domains == 1);
        }
        t = flow_told(f, RULE_RELAY_ACCEPTED, "198.51.100.4"); /* four clients are not many */
        CHECK(t != NULL && !slice_has(slice_of(t->reason), SLICE_LIT("one foreign domain")));
        CHECK_INT(flow_verdict(f), VERDICT_YES);
        flow_end(f);
    }
}

/* An IPv6 host changes its address within its /64 at will: it is one client. */
static void addresses_of_one_ipv6_network_are_one_client(void)
{
    struct flow *f = flow_start();

    for (int i = 1; i <= 3; i++) {
        struct event ev;
        char ip[64], queue_id[16];
        snprintf(ip, sizeof ip, "2001:db8:0:1::%x", i * 4099);
        snprintf(queue_id, sizeof queue_id, "Q%d", i);
        begin(&ev, EVENT_MAIL, queue_id);
        CHECK(ip_addr_parse(slice_of(ip), &ev.client));
        flow_event(f, &ev);
        delivery(f, queue_id, "u@victim.example", FATE_DELIVERED);
    }
    struct verdict v = {0};
    relay_board_verdict(f->board, &v);
    CHECK_INT(v.by_total, 1);
    CHECK_INT(v.by[0].count, 3);
    flow_end(f);
}

static const struct test_case cases[] = {
    {"every cell of the matrix has its verdict", every_cell_of_the_matrix_has_its_verdict},
    {"an accepted trick is settled by its fate", an_accepted_trick_is_settled_by_its_fate},
    {"a waiting message counts once", a_waiting_message_counts_once},
    {"an accepted recipient that is delivered counts once",
     an_accepted_recipient_that_is_delivered_counts_once},
    {"a right to relay is named", a_right_to_relay_is_named},
    {"severity rises with the first delivery", severity_rises_with_the_first_delivery},
    {"the form is told", the_form_is_told},
    {"beyond 64 clients the server is the news", beyond_64_clients_the_server_is_the_news},
    {"mail of many for one domain asks whether it is ours",
     mail_of_many_for_one_domain_asks_whether_it_is_ours},
    {"addresses of one IPv6 network are one client", addresses_of_one_ipv6_network_are_one_client},
};

TEST_MAIN(cases)
