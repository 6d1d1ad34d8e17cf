/* test_listed.c - D10: which replies mean that we are on a list, and when that is certain */
#include "detect_world.h"
#include "match/signatures.h"

enum { MEMORY = 1 << 18 };

struct reply {
    const char *text;
    enum block_kind kind;
    const char *name;
    bool known;
    const char *quoted; /* first address in the text */
};

/* Wordings as the programs and providers write them, with documentation addresses. */
static const struct reply replies[] = {
    {"554 5.7.1 Service unavailable; Client host [198.51.100.5] blocked using zen.spamhaus.org; "
     "https://www.spamhaus.org/query/ip/198.51.100.5",
     BLOCK_LIST, "zen.spamhaus.org", true, "198.51.100.5"},
    {"550 5.7.1 Rejected: 198.51.100.5 listed at SBL-XBL.spamhaus.org", BLOCK_LIST,
     "sbl-xbl.spamhaus.org", true, "198.51.100.5"},
    {"550-198.51.100.5 is in a black list at bl.list.example.", BLOCK_LIST, "bl.list.example",
     false, "198.51.100.5"},
    {"554 Service unavailable; Client host [2001:db8::25] blocked using all.s5h.net", BLOCK_LIST,
     "all.s5h.net", true, "2001:db8::25"},
    {"554 blocked using zen.spamhaus.org.attacker.example", BLOCK_LIST,
     "zen.spamhaus.org.attacker.example", false, NULL},
    {"550 5.7.1 Service unavailable; client host [198.51.100.5] blocked using Trend Micro RBL+",
     BLOCK_LIST, "mail-abuse.com", true, "198.51.100.5"},
    {"550 5.7.1 Unfortunately, messages from [198.51.100.5] weren't sent. Please contact your "
     "Internet service provider since part of their network is on our block list (S3140).",
     BLOCK_LIST, "outlook.com/S3140", true, "198.51.100.5"},
    {"550 5.7.606 Access denied, banned sending IP [198.51.100.5]", BLOCK_LIST,
     "outlook.com/banned", true, "198.51.100.5"},
    {"451 4.7.650 The mail server [198.51.100.5] has been temporarily rate limited due to IP "
     "reputation.",
     BLOCK_THROTTLE, "outlook.com/reputation", true, "198.51.100.5"},
    {"421 4.7.0 [TSS04] Messages from 198.51.100.5 temporarily deferred due to unexpected volume "
     "or user complaints - 4.16.55.1",
     BLOCK_THROTTLE, "yahoo.com/TSS04", true, "198.51.100.5"},
    {"421-4.7.28 [198.51.100.5      15] Our system has detected an unusual rate of 421-4.7.28 "
     "unsolicited mail originating from your IP address.",
     BLOCK_THROTTLE, "gmail.com/4.7.28", true, "198.51.100.5"},
    {"550-5.7.1 [198.51.100.5] Our system has detected that this message is 550-5.7.1 likely "
     "suspicious due to the very low reputation of the sending IP address.",
     BLOCK_REPUTATION, "gmail.com/ip", true, "198.51.100.5"},
    {"521 5.2.1 (SMTP) 521 DNSBL:ATTRBL 521< 198.51.100.5 >_is_blocked.", BLOCK_LIST,
     "att.net/ATTRBL", true, "198.51.100.5"},
    {"554 IP=198.51.100.5 - A problem occurred. (Ask your postmaster for help or to contact "
     "tosa@rx.t-online.de to clarify.)",
     BLOCK_LIST, "t-online.de", true, "198.51.100.5"},
    {"554 Blocked - see https://ipcheck.proofpoint.com/?ip=198.51.100.5", BLOCK_LIST,
     "ipcheck.proofpoint.com", true, "198.51.100.5"},
    /* not about our address */
    {"554 5.7.1 Service unavailable; Sender address [a@b.example] blocked using dbl.spamhaus.org",
     BLOCK_DOMAIN, "dbl.spamhaus.org", true, NULL},
    {"550 5.7.1 Message contains a link listed in multi.uribl.com", BLOCK_DOMAIN, "multi.uribl.com",
     true, NULL},
    {"550-5.7.1 likely suspicious due to the very low reputation of the sending domain",
     BLOCK_DOMAIN, "gmail.com/domain", true, NULL},
    /* the list could not be asked */
    {"554 5.7.1 Client host [198.51.100.5] blocked using zen.spamhaus.org; Error: open resolver; "
     "https://check.spamhaus.org/returnc/pub/192.0.2.53/",
     BLOCK_ERROR, "", false, "198.51.100.5"},
    {"554 5.7.1 listed at list.example: 127.255.255.254", BLOCK_ERROR, "", false,
     "127.255.255.254"},
    /* no list at all */
    {"550 5.1.1 <a@b.example>: user unknown", BLOCK_NONE, "", false, NULL},
    {"450 4.7.1 try again in 104.7.28.1 seconds", BLOCK_NONE, "", false, "104.7.28.1"},
    {"554 5.7.1 message rejected, listed in our policy", BLOCK_NONE, "", false, NULL},
    {"", BLOCK_NONE, "", false, NULL},
};

static void replies_are_named_and_classed(void)
{
    struct signatures *signatures = signatures_load(NULL, NULL);
    const struct block_lists *lists = signatures->block_lists;

    for (size_t i = 0; i < sizeof replies / sizeof replies[0]; i++) {
        const struct reply *r = &replies[i];
        struct block_hit hit;
        char text[IP_ADDR_TEXT] = "";

        CHECK_INT(block_lists_find(lists, slice_of(r->text), &hit), r->kind != BLOCK_NONE);
        CHECK_INT(hit.kind, r->kind);
        CHECK_STR(hit.name, r->name);
        CHECK_INT(hit.known, r->known);
        if (hit.quoted_count > 0)
            ip_addr_format(&hit.quoted[0], text);
        CHECK_STR(text, r->quoted == NULL ? "" : r->quoted);
        if (hit.kind != r->kind || strcmp(hit.name, r->name) != 0)
            printf("# in: %s\n", r->text);
    }
    signatures_free(signatures);
}

static const char own_quoted[] = "host mx.one.example[203.0.113.25] said: 554 5.7.1 Service "
                                 "unavailable; Client host [198.51.100.5] blocked using "
                                 "zen.spamhaus.org (in reply to MAIL FROM command)";

static void answer(struct world *w, int64_t at, const char *rcpt, const char *relay,
                   enum event_outcome outcome, const char *text)
{
    world_mail(w, at,
               &(struct world_mail){.ip = "192.0.2.7",
                                    .sender = "user1@example.org",
                                    .rcpt = rcpt,
                                    .route = ROUTE_REMOTE,
                                    .outcome = outcome,
                                    .code = 554,
                                    .text = text,
                                    .relay = relay,
                                    .remote = "203.0.113.25"});
}

static void one_organisation_is_enough_when_it_quotes_us(void)
{
    struct world w;
    const struct alert *a;

    world_start(&w, "listed", MEMORY);
    answer(&w, day_start, "a@one.example", "mx.one.example", OUTCOME_BOUNCED, own_quoted);
    a = world_alert(&w, RULE_LISTED, "zen.spamhaus.org");
    CHECK(a != NULL);
    if (a != NULL) {
        CHECK_INT(a->entity_type, ENTITY_LIST);
        CHECK_INT(a->severity, SEVERITY_HIGH);
        CHECK_STR(a->how, "198.51.100.5");
        CHECK_STR(a->related[0].value, "one.example");
    }
    world_end(&w);
}

static void without_our_address_two_organisations_are_needed(void)
{
    static const char text[] = "554 5.7.1 blocked using zen.spamhaus.org";
    struct world w;

    world_start(&w, "listed", MEMORY);
    answer(&w, day_start, "a@one.example", "mx1.one.example", OUTCOME_BOUNCED, text);
    answer(&w, day_start, "b@one.example", "mx2.one.example", OUTCOME_BOUNCED, text);
    CHECK_INT(world_severity(&w, RULE_LISTED, "zen.spamhaus.org"), SEVERITY_LOW);
    answer(&w, day_start + HOUR, "c@two.example", "mx.two.example", OUTCOME_DEFERRED, text);
    CHECK_INT(world_severity(&w, RULE_LISTED, "zen.spamhaus.org"), SEVERITY_HIGH);
    world_end(&w);
}

static void incident(struct world *w, enum rule rule, enum severity severity, const char *entity,
                     int64_t at)
{
    incident_report(w->incidents, &(struct finding){.rule = rule,
                                                    .severity = severity,
                                                    .entity_type = ENTITY_USER,
                                                    .entity = slice_of(entity),
                                                    .first_us = at,
                                                    .time_us = at,
                                                    .unit = "recipients"});
}

static void what_began_before_is_named_as_the_cause(void)
{
    struct world w;
    const struct alert *a;

    world_start(&w, "listed", MEMORY);
    incident(&w, RULE_ACCOUNT_BURST, SEVERITY_HIGH, "anna@example.org", day_start - HOUR);
    incident(&w, RULE_ACCOUNT_BURST, SEVERITY_LOW, "note@example.org", day_start - HOUR);
    incident(&w, RULE_RELAY_PROBE, SEVERITY_CRITICAL, "refused", day_start - HOUR);
    incident(&w, RULE_RELAY_ACCEPTED, SEVERITY_CRITICAL, "long ago", day_start - 9 * DAY);
    incident(&w, RULE_RELAY_ACCEPTED, SEVERITY_CRITICAL, "later", day_start + MINUTE);
    answer(&w, day_start, "a@one.example", "mx.one.example", OUTCOME_BOUNCED, own_quoted);
    a = world_alert(&w, RULE_LISTED, "zen.spamhaus.org");
    CHECK(a != NULL);
    if (a != NULL) {
        CHECK(slice_has(slice_of(a->reason), SLICE_LIT("account_burst anna@example.org")));
        CHECK_INT(a->related_count, 2);
        CHECK_INT(a->related[1].type, ENTITY_USER);
        CHECK_STR(a->related[1].value, "anna@example.org");
    }
    world_end(&w);
    world_start(&w, "listed", MEMORY);
    answer(&w, day_start, "a@one.example", "mx.one.example", OUTCOME_BOUNCED, own_quoted);
    a = world_alert(&w, RULE_LISTED, "zen.spamhaus.org");
    CHECK(a != NULL && a->related_count == 1 &&
          !slice_has(slice_of(a->reason), SLICE_LIT("began")));
    world_end(&w);
}

static void hosts_of_one_organisation_are_one(void)
{
    static const char text[] = "554 5.7.1 blocked using zen.spamhaus.org";
    struct world w;

    world_start(&w, "listed", MEMORY);
    answer(&w, day_start, "a@x.example", "mx1.mail.co.uk", OUTCOME_BOUNCED, text);
    answer(&w, day_start, "a@y.example", "mx2.mail.co.uk.", OUTCOME_BOUNCED, text);
    CHECK_INT(world_severity(&w, RULE_LISTED, "zen.spamhaus.org"), SEVERITY_LOW);
    answer(&w, day_start, "a@z.example", "mx1.post.co.uk", OUTCOME_BOUNCED, text);
    CHECK_INT(world_severity(&w, RULE_LISTED, "zen.spamhaus.org"), SEVERITY_HIGH);
    world_end(&w);
}

static void an_unknown_list_of_one_remote_is_low_even_with_an_address(void)
{
    struct world w;

    world_start(&w, "listed", MEMORY);
    answer(&w, day_start, "a@evil.example", "mx.evil.example", OUTCOME_BOUNCED,
           "554 5.7.1 Client host [198.51.100.5] blocked using made.up.example");
    CHECK_INT(world_severity(&w, RULE_LISTED, "made.up.example"), SEVERITY_LOW);
    world_end(&w);
}

static void five_organisations_are_critical(void)
{
    struct world w;
    char relay[32];

    world_start(&w, "listed", MEMORY);
    for (unsigned i = 0; i < 5; i++) {
        snprintf(relay, sizeof relay, "mx.org%u.example", i);
        answer(&w, day_start + i * MINUTE, "a@one.example", relay, OUTCOME_BOUNCED, own_quoted);
    }
    CHECK_INT(world_severity(&w, RULE_LISTED, "zen.spamhaus.org"), SEVERITY_CRITICAL);
    world_end(&w);
}

static void a_tenth_of_all_outbound_mail_is_critical(void)
{
    struct world w;
    char rcpt[32];

    world_start(&w, "listed", MEMORY);
    for (unsigned i = 0; i < 500; i++) {
        snprintf(rcpt, sizeof rcpt, "r%u@one.example", i);
        answer(&w, day_start + i * SECOND, rcpt, "mx.one.example",
               i % 8 == 0 ? OUTCOME_BOUNCED : OUTCOME_DELIVERED,
               i % 8 == 0 ? own_quoted : "250 Ok");
    }
    CHECK_INT(world_severity(&w, RULE_LISTED, "zen.spamhaus.org"), SEVERITY_CRITICAL);
    world_end(&w);
}

static void our_own_refusals_are_not_listings(void)
{
    struct world w;

    world_start(&w, "listed", MEMORY);
    for (unsigned i = 0; i < 20; i++)
        world_refuse(&w, day_start, "203.0.113.9", "a@b.example", "user1@example.org", 554,
                     "5.7.1 Service unavailable; Client host [203.0.113.9] blocked using "
                     "zen.spamhaus.org");
    world_mail(&w, day_start, /* a filter on this host */
               &(struct world_mail){.ip = "203.0.113.9",
                                    .sender = "a@b.example",
                                    .rcpt = "user1@example.org",
                                    .route = ROUTE_LOOPBACK,
                                    .outcome = OUTCOME_BOUNCED,
                                    .code = 554,
                                    .text = "554 Client host [203.0.113.9] blocked using "
                                            "zen.spamhaus.org",
                                    .relay = "127.0.0.1",
                                    .remote = "127.0.0.1"});
    CHECK_INT(world_count(&w, SEVERITY_INFO), 0);
    world_end(&w);
}

static void what_is_no_listing_stays_silent(void)
{
    static const char *const texts[] = {
        "554 5.7.1 Client host [198.51.100.5] blocked using zen.spamhaus.org; Error: open resolver",
        "554 5.7.1 Sender address [a@b.example] blocked using dbl.spamhaus.org",
        "550 5.1.1 user unknown; see https://www.spamcop.example/",
        "451 4.7.1 Greylisted, please try again later",
        "421 4.7.0 too many connections from your host",
        "554 5.7.1 your message contains a blacklisted word",
        "552 5.2.2 mailbox full",
    };
    struct world w;

    world_start(&w, "listed", MEMORY);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        answer(&w, day_start, "a@one.example", "mx.one.example", OUTCOME_BOUNCED, texts[i]);
    CHECK_INT(world_count(&w, SEVERITY_INFO), 0);
    world_end(&w);
}

static void a_list_without_a_name_takes_the_name_of_its_owner(void)
{
    struct world w;

    world_start(&w, "listed", MEMORY);
    answer(&w, day_start, "a@one.example", "mx.one.example", OUTCOME_BOUNCED,
           "554 5.7.1 your address 198.51.100.5 is on our blocklist");
    CHECK_INT(world_severity(&w, RULE_LISTED, "one.example"), SEVERITY_LOW);
    world_end(&w);
}

static void the_address_of_the_first_client_is_not_ours(void)
{
    struct world w;

    world_start(&w, "listed", MEMORY);
    world_mail(&w, day_start, /* the remote looked into the headers */
               &(struct world_mail){.ip = "203.0.113.77",
                                    .user = "user1@example.org",
                                    .sender = "user1@example.org",
                                    .rcpt = "a@one.example",
                                    .route = ROUTE_REMOTE,
                                    .outcome = OUTCOME_BOUNCED,
                                    .code = 554,
                                    .text = "554 5.7.1 [203.0.113.77] listed at zen.spamhaus.org",
                                    .relay = "mx.one.example",
                                    .remote = "203.0.113.25"});
    CHECK_INT(world_severity(&w, RULE_LISTED, "zen.spamhaus.org"), SEVERITY_LOW);
    world_end(&w);
}

static void throttling_becomes_medium_when_it_goes_on(void)
{
    static const char text[] = "421 4.7.0 [TSS04] Messages from 198.51.100.5 temporarily deferred "
                               "due to unexpected volume or user complaints";
    struct world w;
    char rcpt[32];

    world_start(&w, "listed", MEMORY);
    for (unsigned i = 0; i < 10; i++) {
        snprintf(rcpt, sizeof rcpt, "r%u@yahoo.example", i);
        answer(&w, day_start + i * MINUTE, rcpt, "mta5.am0.yahoodns.example", OUTCOME_DEFERRED,
               text);
        CHECK_INT(world_severity(&w, RULE_LISTED, "yahoo.com/tss04") >= 0 ||
                      world_severity(&w, RULE_LISTED, "yahoo.com/TSS04") >= 0,
                  1);
        CHECK_INT(world_count(&w, SEVERITY_MEDIUM), i < 9 ? 0 : 1);
    }
    world_end(&w);
}

static const struct test_case cases[] = {
    {"replies are named and classed", replies_are_named_and_classed},
    {"one organisation is enough when it quotes us", one_organisation_is_enough_when_it_quotes_us},
    {"without our address two organisations are needed",
     without_our_address_two_organisations_are_needed},
    {"what began before is named as the cause", what_began_before_is_named_as_the_cause},
    {"hosts of one organisation are one", hosts_of_one_organisation_are_one},
    {"an unknown list of one remote is low even with an address",
     an_unknown_list_of_one_remote_is_low_even_with_an_address},
    {"five organisations are critical", five_organisations_are_critical},
    {"a tenth of all outbound mail is critical", a_tenth_of_all_outbound_mail_is_critical},
    {"our own refusals are not listings", our_own_refusals_are_not_listings},
    {"what is no listing stays silent", what_is_no_listing_stays_silent},
    {"a list without a name takes the name of its owner",
     a_list_without_a_name_takes_the_name_of_its_owner},
    {"the address of the first client is not ours", the_address_of_the_first_client_is_not_ours},
    {"throttling becomes medium when it goes on", throttling_becomes_medium_when_it_goes_on},
};

TEST_MAIN(cases)
