/* test_ground.c - recipients that were accepted, by what is known of the server: domains that the
 * administrator named, domains learnt, and what the server's own log says of the session
 * source:   the levels L1 to L5n of alert/relay_board.h; Exchange "Set Session Permissions" */
#include "flow_fixture.h"

static struct event rcpt_event(const char *rcpt, enum ground ground, enum event_outcome outcome)
{
    struct event ev = {0};

    event_reset(&ev);
    ev.kind = EVENT_RCPT;
    ev.time_us = INT64_C(1772409600) * 1000000;
    ev.stage = STAGE_RCPT;
    ev.outcome = outcome;
    ev.ground = ground;
    CHECK(ip_addr_parse(SLICE_LIT("198.51.100.7"), &ev.client));
    event_set(&ev, EF_HOST, SLICE_LIT("ex1"));
    event_set(&ev, EF_SESSION, SLICE_LIT("A1"));
    event_set(&ev, EF_RCPT, slice_of(rcpt));
    return ev;
}

static enum rcpt_class accepted(struct flow *f, const char *rcpt, enum ground ground)
{
    struct event ev = rcpt_event(rcpt, ground, OUTCOME_ACCEPTED);

    flow_event(f, &ev);
    return flow_last(f, EVENT_RCPT, NULL)->rcpt_class;
}

/* While domains are learnt, an acceptance alone says nothing of whose the domain is. */
static void an_acceptance_accuses_nobody_where_domains_are_not_known(void)
{
    struct flow *f = flow_start_learning();

    CHECK_INT(accepted(f, "bob@example.org", GROUND_UNKNOWN), RCPT_OURS);
    CHECK_INT(flow_verdict(f), VERDICT_NO);
    CHECK_INT(accepted(f, "u%victim.example@example.org", GROUND_UNKNOWN), RCPT_OURS);
    flow_end(f);
}

static void the_right_to_relay_accuses_even_then(void)
{
    struct flow *f = flow_start_learning();

    CHECK_INT(accepted(f, "v@victim.example", GROUND_RIGHT), RCPT_THIRD_PARTY);
    CHECK_INT(flow_verdict(f), VERDICT_EXPOSED);
    flow_end(f);
}

/* Who may not relay and is accepted writes to a domain of ours: that teaches it. */
static void what_a_session_without_the_right_reaches_is_ours(void)
{
    struct flow *f = flow_start_learning();
    struct event refused = rcpt_event("v@victim.example", GROUND_UNKNOWN, OUTCOME_REFUSED);

    CHECK_INT(accepted(f, "bob@Example.ORG", GROUND_SERVED), RCPT_OURS);
    CHECK_INT(zones_domain(f->zones, SLICE_LIT("example.org")), DOMAIN_LOCAL);
    CHECK_INT(accepted(f, "bob@example.org", GROUND_RIGHT), RCPT_OURS);
    CHECK_INT(flow_verdict(f), VERDICT_NO);
    CHECK_INT(accepted(f, "u%victim.example@example.org", GROUND_UNKNOWN), RCPT_TRICK);
    event_set(&refused, EF_TEXT, SLICE_LIT("550 5.7.54 Unable to relay"));
    flow_event(f, &refused);
    CHECK_INT(flow_last(f, EVENT_RCPT, NULL)->rcpt_class, RCPT_THIRD_PARTY);
    flow_end(f);
}

/* "user unknown" of its own directory says the same as an acceptance. */
static void a_user_that_was_looked_up_teaches_the_domain_too(void)
{
    struct flow *f = flow_start_learning();
    struct event ev = rcpt_event("no@example.org", GROUND_SERVED, OUTCOME_REFUSED);

    flow_event(f, &ev);
    CHECK_INT(zones_domain(f->zones, SLICE_LIT("example.org")), DOMAIN_LOCAL);
    CHECK_INT(flow_verdict(f), VERDICT_NO);
    flow_end(f);
}

/* An accepted domain "*" is an open relay without any right: more than twenty are not believed. */
static void a_server_that_serves_everybody_teaches_nothing(void)
{
    struct flow *f = flow_start_learning();
    char rcpt[64];

    for (int i = 0; i < 40; i++) {
        snprintf(rcpt, sizeof rcpt, "v@victim%d.example", i);
        (void)accepted(f, rcpt, GROUND_SERVED);
    }
    CHECK_INT(zones_domain(f->zones, SLICE_LIT("victim1.example")), DOMAIN_FOREIGN);
    CHECK_INT(zones_domain(f->zones, SLICE_LIT("victim39.example")), DOMAIN_FOREIGN);
    flow_end(f);
}

/* What stands in brackets or behind a route is not the domain that was accepted. */
static void only_a_plain_domain_is_learnt(void)
{
    struct flow *f = flow_start_learning();

    (void)accepted(f, "bob@[198.51.100.99]", GROUND_SERVED);
    (void)accepted(f, "@example.org:v@victim.example", GROUND_SERVED);
    CHECK_INT(zones_learnt_count(f->zones), 0);
    flow_end(f);
}

/* The administrator's list is stronger than anything a log says. */
static void named_domains_decide_whatever_the_ground(void)
{
    static const enum ground grounds[] = {GROUND_UNKNOWN, GROUND_SERVED, GROUND_RIGHT};

    for (size_t i = 0; i < sizeof grounds / sizeof grounds[0]; i++) {
        struct flow *f = flow_start();
        CHECK_INT(accepted(f, "bob@example.org", grounds[i]), RCPT_OURS);
        CHECK_INT(flow_verdict(f), VERDICT_NO);
        CHECK_INT(accepted(f, "v@victim.example", grounds[i]), RCPT_THIRD_PARTY);
        CHECK_INT(flow_verdict(f), VERDICT_EXPOSED);
        CHECK_INT(zones_learnt_count(f->zones), 0);
        flow_end(f);
    }
}

/* A refusal that the filter's log tells again is one probe. */
static void an_echo_is_not_counted_again(void)
{
    struct flow *f = flow_start();
    struct event door = rcpt_event("v@victim.example", GROUND_UNKNOWN, OUTCOME_REFUSED), again;

    door.reply_code = 550;
    door.teller = TELLER_DOOR;
    event_set(&door, EF_TEXT, SLICE_LIT("550 5.7.54 Unable to relay"));
    again = door;
    again.teller = TELLER_FILTER;
    event_set(&again, EF_HOST, SLICE_LIT("192.0.2.10"));
    flow_event(f, &door);
    flow_event(f, &again);
    CHECK(flow_last(f, EVENT_RCPT, NULL)->repeated);
    CHECK_INT(relay_board_count(f->board, RELAY_REFUSED), 1);
    flow_end(f);
}

static const struct test_case cases[] = {
    {"an acceptance accuses nobody where domains are not known",
     an_acceptance_accuses_nobody_where_domains_are_not_known},
    {"the right to relay accuses even then", the_right_to_relay_accuses_even_then},
    {"what a session without the right reaches is ours",
     what_a_session_without_the_right_reaches_is_ours},
    {"a user that was looked up teaches the domain too",
     a_user_that_was_looked_up_teaches_the_domain_too},
    {"a server that serves everybody teaches nothing",
     a_server_that_serves_everybody_teaches_nothing},
    {"only a plain domain is learnt", only_a_plain_domain_is_learnt},
    {"named domains decide whatever the ground", named_domains_decide_whatever_the_ground},
    {"an echo is not counted again", an_echo_is_not_counted_again},
};

TEST_MAIN(cases)
