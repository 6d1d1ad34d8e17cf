/* test_case.c - which incidents make a case, and how it is told */
#include "alert/case.h"

#include <stdio.h>
#include <stdlib.h>

#include "alert/alert_id.h"
#include "test.h"

#define MINUTE_US INT64_C(60000000)

enum { LIST_MAX = 2 * (CASES_MAX + 4) };

static const int64_t day_us = INT64_C(1772409600) * 1000000; /* 2026-03-02 00:00 UTC */

struct site {
    struct alert alerts[LIST_MAX];
    struct alert_related related[LIST_MAX][4];
    const struct alert *list[LIST_MAX];
    unsigned count;
    struct case_list cases;
};

static struct site *site_new(void)
{
    return calloc(1, sizeof(struct site));
}

static void site_free(struct site *s)
{
    case_free(&s->cases);
    free(s);
}

/* An incident from minute `from` to minute `to` of the day. */
static struct alert *add(struct site *s, enum rule rule, enum entity_type type, const char *entity,
                         int from, int to)
{
    struct alert *a = &s->alerts[s->count];

    a->rule = rule;
    a->severity = SEVERITY_HIGH;
    a->entity_type = type;
    slice_keep(slice_of(entity), a->entity, sizeof a->entity);
    a->first_us = day_us + from * MINUTE_US;
    a->last_us = day_us + to * MINUTE_US;
    a->observed = 7;
    a->related = s->related[s->count];
    snprintf(a->dedup_key, sizeof a->dedup_key, "%s/default/%s/%s", rule_info(rule)->id,
             entity_type_name(type), entity);
    alert_id_of(a->dedup_key, a->id);
    s->list[s->count++] = a;
    return a;
}

static void relate(struct alert *a, enum entity_type type, const char *value)
{
    struct alert_related *r = &a->related[a->related_count++];

    r->type = type;
    slice_keep(slice_of(value), r->value, sizeof r->value);
    a->related_total = a->related_count;
}

static void count(struct alert *a, const char *name, uint64_t value)
{
    a->counters[a->counters_count++] = (struct alert_counter){name, value};
}

static const struct alert_case *chain(struct site *s)
{
    case_free(&s->cases);
    case_chain(s->list, s->count, &s->cases);
    return s->cases.count == 0 ? NULL : &s->cases.cases[0];
}

static unsigned chained(struct site *s)
{
    chain(s);
    return s->cases.total;
}

/* guessing -> login -> burst -> listing */
static void add_theft(struct site *s)
{
    struct alert *a = add(s, RULE_SASL_BRUTE, ENTITY_IP, "203.0.113.9", 190, 219);

    count(a, "failed", 80);
    a = add(s, RULE_SASL_BRUTE_SUCCESS, ENTITY_USER, "joe@example.org", 220, 220);
    relate(a, ENTITY_IP, "203.0.113.9");
    a->severity = SEVERITY_CRITICAL;
    a = add(s, RULE_ACCOUNT_BURST, ENTITY_USER, "joe@example.org", 221, 290);
    count(a, "recipients", 812);
    add(s, RULE_LISTED, ENTITY_LIST, "zen.spamhaus.org", 302, 310);
}

static void test_story(void)
{
    struct site *s = site_new();
    const struct alert_case *k;

    add_theft(s);
    k = chain(s);
    CHECK_INT(s->cases.total, 1);
    CHECK_INT(k->alerts_count, 4);
    CHECK_INT(k->severity, SEVERITY_CRITICAL);
    CHECK_INT(k->first_us, day_us + 190 * MINUTE_US);
    CHECK_INT(k->last_us, day_us + 310 * MINUTE_US);
    CHECK_STR(k->story, "03:10 203.0.113.9 guesses passwords, 80 failed -> 03:40 logs in as "
                        "joe@example.org -> 03:41 joe@example.org sends to 812 recipients -> 05:02 "
                        "listed by zen.spamhaus.org");
    site_free(s);
}

/* The id hangs on the earliest incident alone: it stays while the case grows, in any order. */
static void test_id(void)
{
    struct site *s = site_new();
    const struct alert *swap;
    char first[37], name[64];

    add_theft(s);
    s->count = 2;
    slice_keep(slice_of(chain(s)->id), first, sizeof first);
    snprintf(name, sizeof name, "case/%s", s->alerts[0].id);
    alert_id_of(name, name);
    CHECK_STR(first, name);
    s->count = 4;
    swap = s->list[0];
    s->list[0] = s->list[3];
    s->list[3] = swap;
    CHECK_STR(chain(s)->id, first);
    CHECK_STR(s->cases.cases[0].alerts[0]->entity, "203.0.113.9");
    site_free(s);
}

static void test_alone(void)
{
    struct site *s = site_new();

    CHECK_INT(chained(s), 0);
    add(s, RULE_SASL_BRUTE, ENTITY_IP, "203.0.113.9", 0, 10);
    CHECK_INT(chained(s), 0);
    /* the same rule, another client of the same /24, at the same time */
    add(s, RULE_SASL_BRUTE, ENTITY_IP, "203.0.113.10", 0, 10);
    CHECK_INT(chained(s), 0);
    /* nor does the network that they are in, unless it lists them */
    add(s, RULE_RELAY_PROBE, ENTITY_NETWORK, "203.0.113.0/24", 0, 10);
    CHECK_INT(chained(s), 0);
    relate(&s->alerts[2], ENTITY_IP, "203.0.113.10");
    CHECK_INT(chained(s), 1);
    CHECK_INT(s->cases.cases[0].alerts_count, 2);
    site_free(s);
}

static void test_hour(void)
{
    struct site *s = site_new();
    struct alert *later;

    add(s, RULE_HARVEST, ENTITY_IP, "203.0.113.9", 0, 10);
    later = add(s, RULE_RELAY_PROBE, ENTITY_IP, "203.0.113.9", 70, 80);
    CHECK_INT(chained(s), 1);
    later->first_us++; /* a microsecond more than an hour after */
    CHECK_INT(chained(s), 0);
    s->alerts[0].last_us = day_us + 75 * MINUTE_US; /* they overlap */
    CHECK_INT(chained(s), 1);
    site_free(s);
}

/* A short incident within a long one does not end the reach of the long one. */
static void test_long_first(void)
{
    struct site *s = site_new();

    add(s, RULE_RELAY_PROBE, ENTITY_IP, "203.0.113.9", 0, 600);
    add(s, RULE_HARVEST, ENTITY_IP, "203.0.113.9", 10, 20);
    add(s, RULE_SASL_BRUTE, ENTITY_IP, "203.0.113.9", 650, 660);
    CHECK_INT(chained(s), 1);
    CHECK_INT(s->cases.cases[0].alerts_count, 3);
    site_free(s);
}

static void test_ipv6(void)
{
    struct site *s = site_new();

    add(s, RULE_HARVEST, ENTITY_IP, "2001:db8:0:1::9", 0, 10);
    add(s, RULE_RELAY_PROBE, ENTITY_IP, "2001:db8:0:1::aa", 0, 10);
    add(s, RULE_SASL_BRUTE, ENTITY_NETWORK, "2001:db8:0:1::/64", 0, 10);
    add(s, RULE_SPOOF_LOCAL, ENTITY_IP, "2001:db8:0:2::9", 0, 10); /* another /64 */
    CHECK_INT(chained(s), 1);
    CHECK_INT(s->cases.cases[0].alerts_count, 3);
    site_free(s);
}

static void test_account(void)
{
    struct site *s = site_new();

    add(s, RULE_ACCOUNT_BURST, ENTITY_USER, "joe@example.org", 0, 10);
    add(s, RULE_NDR_FLOOD, ENTITY_ADDRESS, "Joe@example.org", 5, 30);
    CHECK_INT(chained(s), 1);
    /* not the domain in common */
    add(s, RULE_NDR_FLOOD, ENTITY_DOMAIN, "example.org", 5, 30);
    add(s, RULE_HARVEST, ENTITY_DOMAIN, "example.org", 5, 30);
    CHECK_INT(chained(s), 1);
    CHECK_INT(s->cases.cases[0].alerts_count, 2);
    site_free(s);
}

/* Those who bounce forged mail back are innocent: what they do besides is another matter. */
static void test_innocent(void)
{
    struct site *s = site_new();

    relate(add(s, RULE_NDR_FLOOD, ENTITY_ADDRESS, "joe@example.org", 0, 10), ENTITY_IP,
           "198.51.100.7");
    add(s, RULE_HARVEST, ENTITY_IP, "198.51.100.7", 0, 10);
    CHECK_INT(chained(s), 0);
    site_free(s);
}

static void test_bounce_domain(void)
{
    struct site *s = site_new();
    struct alert *a = add(s, RULE_BACKSCATTER, ENTITY_HOST, "mx1", 0, 100);

    relate(a, ENTITY_DOMAIN, "victim.example");
    add(s, RULE_REVERSE_NDR, ENTITY_ADDRESS, "target@victim.example", 10, 20);
    add(s, RULE_REVERSE_NDR, ENTITY_ADDRESS, "target@other.example", 10, 20);
    /* the host in common is ours: no link */
    add(s, RULE_SASL_DISTRIBUTED, ENTITY_HOST, "mx1", 0, 100);
    CHECK_INT(chained(s), 1);
    CHECK_INT(s->cases.cases[0].alerts_count, 2);
    CHECK_STR(s->cases.cases[0].story,
              "00:00 7 bounces go to strangers -> 00:10 7 of our bounces hit "
              "target@victim.example");
    site_free(s);
}

static void test_listing(void)
{
    struct site *s = site_new();
    struct alert *listed, *burst;

    burst = add(s, RULE_HOST_BURST, ENTITY_IP, "192.0.2.77", 100, 160);
    listed = add(s, RULE_LISTED, ENTITY_LIST, "zen.spamhaus.org", 220, 230);
    add(s, RULE_LISTED, ENTITY_LIST, "bl.example", 700, 710); /* nothing goes before it */
    add(s, RULE_HARVEST, ENTITY_IP, "203.0.113.9", 100, 230); /* brings no listing about */
    CHECK_INT(chained(s), 1);
    CHECK_INT(s->cases.cases[0].alerts_count, 2);
    listed->first_us++; /* more than an hour after the end of the burst */
    CHECK_INT(chained(s), 0);
    listed->first_us = burst->first_us - 1; /* before it */
    CHECK_INT(chained(s), 0);
    listed->first_us = burst->first_us;
    CHECK_INT(chained(s), 1);
    burst->severity = SEVERITY_LOW; /* a mere suspicion is not blamed */
    CHECK_INT(chained(s), 0);
    site_free(s);
}

static void test_queue(void)
{
    struct site *s = site_new();

    add(s, RULE_BACKSCATTER, ENTITY_HOST, "mx1", 0, 100);
    add(s, RULE_QUEUE_NDR, ENTITY_HOST, "mx1", 20, 400);
    CHECK_INT(chained(s), 1);
    CHECK_STR(s->cases.cases[0].story,
              "00:00 7 bounces go to strangers -> 00:20 7 undeliverable bounces wait");
    site_free(s);
}

/* A campaign and its members are one step, counted once. */
static void test_campaign(void)
{
    struct site *s = site_new();
    struct alert *net, *a;

    count(a = add(s, RULE_RELAY_PROBE, ENTITY_IP, "203.0.113.9", 0, 10), "refused", 5);
    net = add(s, RULE_RELAY_PROBE, ENTITY_NETWORK, "203.0.113.0/24", 5, 60);
    count(net, "refused", 80);
    count(net, "clients", 40);
    relate(net, ENTITY_IP, "203.0.113.9");
    CHECK_STR(chain(s)->story, "00:00 40 clients try to relay, 80 refused");
    a->severity = SEVERITY_CRITICAL; /* the worst speaks */
    CHECK_STR(chain(s)->story, "00:00 203.0.113.9 tries to relay, 5 refused");
    site_free(s);
}

static void test_several(void)
{
    struct site *s = site_new();

    add(s, RULE_RELAY_ACCEPTED, ENTITY_IP, "203.0.113.7", 0, 10);
    add(s, RULE_RELAY_ACCEPTED, ENTITY_IP, "203.0.113.8", 1, 10);
    add(s, RULE_RELAY_ACCEPTED, ENTITY_IP, "203.0.113.9", 2, 10);
    CHECK_INT(chained(s), 0); /* three clients of an open relay have nothing in common */
    add(s, RULE_LISTED, ENTITY_LIST, "zen.spamhaus.org", 30, 40);
    CHECK_STR(chain(s)->story, "00:00 203.0.113.7 and 2 more relay 21 recipients -> 00:30 listed "
                               "by zen.spamhaus.org");
    /* the clients beyond those with an alert of their own */
    add(s, RULE_RELAY_ACCEPTED, ENTITY_HOST, "mx1", 0, 10)->observed = 1000;
    CHECK_STR(chain(s)->story, "00:00 203.0.113.7 and 3 more relay 1021 recipients -> 00:30 listed "
                               "by zen.spamhaus.org");
    site_free(s);
}

static void test_midnight(void)
{
    struct site *s = site_new();

    add(s, RULE_HARVEST, ENTITY_IP, "203.0.113.9", 1430, 1435);
    add(s, RULE_RELAY_PROBE, ENTITY_IP, "203.0.113.9", 1450, 1460);
    CHECK_STR(chain(s)->story, "23:50 203.0.113.9 tries 7 unknown recipients -> 2026-03-03 00:10 "
                               "tries to relay, 7 refused");
    site_free(s);
}

/* A name cannot pretend to be a step of the story, nor push the others out. */
static void test_hostile_name(void)
{
    char name[ALERT_ENTITY_MAX], want[160];
    struct site *s = site_new();

    add(s, RULE_SASL_DISTRIBUTED, ENTITY_USER, "x -> 05:02\xc2\xa0listed\x1b[2J", 0, 10);
    relate(&s->alerts[0], ENTITY_IP, "203.0.113.9");
    add(s, RULE_HARVEST, ENTITY_IP, "203.0.113.9", 20, 30);
    CHECK_STR(chain(s)->story, "00:00 1 client guess the password of x?->?05:02??listed?[2J -> "
                               "00:20 203.0.113.9 tries 7 unknown recipients");
    memset(name, 'a', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    slice_keep(slice_of(name), s->alerts[0].entity, sizeof s->alerts[0].entity);
    snprintf(want, sizeof want,
             "00:00 1 client guess the password of %.60s... -> 00:20 203.0.113.9 tries 7 unknown "
             "recipients",
             name);
    CHECK_STR(chain(s)->story, want);
    site_free(s);
}

/* What was cut may have been two different names. */
static void test_cut_member(void)
{
    char name[128];
    struct site *s = site_new();

    memset(name, 'a', sizeof name);
    name[72] = '\0'; /* one more than a member holds */
    relate(add(s, RULE_SASL_BRUTE, ENTITY_IP, "203.0.113.7", 0, 10), ENTITY_USER, name);
    relate(add(s, RULE_SASL_BRUTE, ENTITY_IP, "203.0.113.8", 0, 10), ENTITY_USER, name);
    CHECK_INT(chained(s), 0);
    site_free(s);
}

/* Most severe first; those beyond the bound are counted. */
static void test_many(void)
{
    char ip[32];
    struct site *s = site_new();

    for (unsigned i = 0; i < LIST_MAX / 2; i++) {
        snprintf(ip, sizeof ip, "198.51.%u.%u", i / 200, i % 200);
        add(s, RULE_HARVEST, ENTITY_IP, ip, 0, 10)->severity = SEVERITY_LOW;
        add(s, RULE_RELAY_PROBE, ENTITY_IP, ip, 0, 10)->severity =
            i == 77 ? SEVERITY_HIGH : SEVERITY_LOW;
    }
    chain(s);
    CHECK_INT(s->cases.total, LIST_MAX / 2);
    CHECK_INT(s->cases.count, CASES_MAX);
    CHECK_STR(s->cases.cases[0].alerts[0]->entity, "198.51.0.77");
    site_free(s);
}

/* Every rule has words of its own, and a story never runs over its buffer. */
static void test_all_rules(void)
{
    struct site *s = site_new();
    char small[64];

    for (unsigned rule = 0; rule < RULE_COUNT; rule++)
        add(s, (enum rule)rule, ENTITY_IP, "203.0.113.9", (int)rule, 100);
    chain(s);
    for (unsigned rule = 0; rule < RULE_COUNT; rule++)
        if (rule != RULE_STATE_PRESSURE)
            CHECK(strstr(s->cases.cases[0].story, rule_info((enum rule)rule)->name) == NULL);
    CHECK(strlen(s->cases.cases[0].story) < CASE_STORY_MAX - 1);
    case_story(s->list, s->count, small, sizeof small);
    CHECK_INT(strlen(small), sizeof small - 1);
    site_free(s);
}

static const struct test_case cases[] = {
    {"guessing, login, burst and listing are one story", test_story},
    {"the id comes from the earliest incident", test_id},
    {"the same rule or a common /24 is no link", test_alone},
    {"an hour, and not a microsecond more", test_hour},
    {"a long incident reaches over a short one", test_long_first},
    {"an IPv6 principal is its /64", test_ipv6},
    {"an account and its mailbox are one principal, a domain is none", test_account},
    {"senders of bounces are not linked to what else they do", test_innocent},
    {"bounces are linked by the domain they hit, not by our host", test_bounce_domain},
    {"a listing follows what began before it", test_listing},
    {"a full queue follows backscatter", test_queue},
    {"a campaign speaks for its members", test_campaign},
    {"several causes of one listing are one case", test_several},
    {"the date is said where the day changes", test_midnight},
    {"a hostile name stays a name", test_hostile_name},
    {"a name that was cut links nothing", test_cut_member},
    {"many cases: the worst first, the rest counted", test_many},
    {"all rules have words", test_all_rules},
};

TEST_MAIN(cases)
