/* test_block_set.c - exactly the listed are covered, in any order, and never too wide */
#include "test.h"

#include <stdlib.h>

#include "output/block_set.h"
#include "output_fixture.h"

enum { MEMBERS = 64, HOSTS = 256 };

static const struct block_policy plain = {.min_severity = SEVERITY_MEDIUM};

static uint32_t random_state = 20260302;

static uint32_t next_random(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 17;
    random_state ^= random_state << 5;
    return random_state;
}

static void make_alert(struct alert *a, struct alert_related *members, enum severity severity)
{
    fixture_alert(a, RULE_RELAY_PROBE, severity, ENTITY_HOST, "mx1.example.net");
    a->related = members;
}

static void add_member(struct alert *a, const char *text)
{
    a->related[a->related_count].type = ENTITY_IP;
    FIXTURE_COPY(a->related[a->related_count].value, text);
    a->related_count++;
}

static bool covers(const struct block_set *set, const char *text)
{
    struct ip_addr ip;

    CHECK(ip_addr_parse(slice_of(text), &ip));
    for (unsigned i = 0; i < set->count; i++)
        if (ip_net_contains(&set->entries[i].net, &ip))
            return true;
    return false;
}

static void check_disjoint(const struct block_set *set)
{
    for (unsigned i = 1; i < set->count; i++) {
        const struct ip_net *a = &set->entries[i - 1].net, *b = &set->entries[i].net;
        CHECK(!ip_net_contains(a, &b->base) && !ip_net_contains(b, &a->base));
    }
}

/* One random choice of hosts of a /24, told by several alerts: the union is that choice. */
static void check_random(unsigned per_mille, const struct block_policy *policy, unsigned allowed)
{
    static struct alert alerts[HOSTS / MEMBERS];
    static struct alert_related members[HOSTS / MEMBERS][MEMBERS];
    const struct alert *list[HOSTS / MEMBERS];
    bool chosen[HOSTS];
    struct block_set set, again;
    char text[IP_ADDR_TEXT];

    for (unsigned i = 0; i < HOSTS / MEMBERS; i++) {
        make_alert(&alerts[i], members[i], i % 2 == 0 ? SEVERITY_MEDIUM : SEVERITY_HIGH);
        list[i] = &alerts[i];
    }
    for (unsigned host = 0; host < HOSTS; host++) {
        chosen[host] = next_random() % 1000 < per_mille;
        snprintf(text, sizeof text, "203.0.113.%u", host);
        if (chosen[host])
            add_member(&alerts[host % (HOSTS / MEMBERS)], text);
    }
    block_set_build(policy, list, HOSTS / MEMBERS, fixture_us(8000), &set);
    for (unsigned host = 0; host < HOSTS; host++) {
        snprintf(text, sizeof text, "203.0.113.%u", host);
        CHECK(covers(&set, text) == (chosen[host] && host != allowed));
    }
    check_disjoint(&set);
    list[0] = &alerts[3];
    list[3] = &alerts[0];
    block_set_build(policy, list, HOSTS / MEMBERS, fixture_us(8000), &again);
    CHECK_INT(again.count, set.count);
    for (unsigned i = 0; i < set.count && i < again.count; i++)
        CHECK(ip_addr_eq(&set.entries[i].net.base, &again.entries[i].net.base) &&
              set.entries[i].net.bits == again.entries[i].net.bits &&
              set.entries[i].expires_us == again.entries[i].expires_us);
    block_set_free(&set);
    block_set_free(&again);
}

static void test_random(void)
{
    struct ip_net allow;
    struct block_policy policy = plain;

    CHECK(ip_net_parse(SLICE_LIT("203.0.113.77"), &allow));
    policy.allow = &allow;
    policy.allow_count = 1;
    for (unsigned round = 0; round < 200; round++) {
        check_random(round * 5, &plain, HOSTS);
        check_random(round * 5 + 5, &policy, 77);
    }
}

static void test_full_network(void)
{
    struct alert alert;
    struct alert_related members[HOSTS * 2];
    const struct alert *list[] = {&alert};
    struct block_set set;
    char text[IP_NET_TEXT];

    make_alert(&alert, members, SEVERITY_MEDIUM);
    for (unsigned i = 0; i < HOSTS * 2; i++) { /* two /24 side by side */
        snprintf(text, sizeof text, "198.51.%u.%u", 100 + i / HOSTS, i % HOSTS);
        add_member(&alert, text);
    }
    block_set_build(&plain, list, 1, fixture_us(8000), &set);
    CHECK_INT(set.count, 2);
    CHECK_INT(set.entries[0].net.bits, BLOCK_V4_FLOOR);
    CHECK_INT(set.entries[0].merged, HOSTS);
    CHECK(!set.entries[0].whole);
    block_set_free(&set);
}

static void test_facts(void)
{
    struct alert alerts[2];
    struct alert_related members[2][2];
    const struct alert *list[] = {&alerts[0], &alerts[1]};
    struct block_set set;

    make_alert(&alerts[0], members[0], SEVERITY_MEDIUM);
    make_alert(&alerts[1], members[1], SEVERITY_CRITICAL);
    alerts[1].rule = RULE_HARVEST;
    FIXTURE_COPY(alerts[1].id, "11111111-9341-5221-b68d-24bd389759bd");
    add_member(&alerts[0], "203.0.113.8");
    add_member(&alerts[1], "203.0.113.9");
    add_member(&alerts[1], "203.0.113.8");
    block_set_build(&plain, list, 2, fixture_us(8000), &set);
    CHECK_INT(set.count, 1);
    CHECK_INT(set.entries[0].net.bits, 31);
    CHECK_INT(set.entries[0].severity, SEVERITY_CRITICAL);
    CHECK_INT(set.entries[0].merged, 2);
    CHECK_INT(set.entries[0].rules_count, 2);
    CHECK(strcmp(set.entries[0].rules[0], "RW-HARVEST") == 0);
    CHECK(strcmp(set.entries[0].id, alerts[1].id) == 0);
    CHECK_INT(set.entries[0].expires_us - alerts[1].last_us, INT64_C(7) * 86400 * 1000000);
    block_set_free(&set);
    block_set_build(&plain, list, 2, fixture_us(7768 + 8 * 86400), &set);
    CHECK_INT(set.count, 0);
    block_set_free(&set);
}

static void test_full_list(void)
{
    enum { ALERTS = BLOCK_ENTRIES_MAX / MEMBERS + 10 };
    struct alert *alerts = calloc(ALERTS, sizeof *alerts);
    struct alert_related(*members)[MEMBERS] = calloc(ALERTS, sizeof *members);
    const struct alert **list = calloc(ALERTS, sizeof *list);
    struct block_set set;

    for (unsigned i = 0; i < ALERTS; i++) {
        make_alert(&alerts[i], members[i], i == ALERTS - 1 ? SEVERITY_HIGH : SEVERITY_MEDIUM);
        list[i] = &alerts[i];
        for (unsigned k = 0; k < MEMBERS; k++) { /* every second /64: nothing to join */
            char text[64];
            snprintf(text, sizeof text, "2001:db8:%x:%x::1", i, 2 * k);
            add_member(&alerts[i], text);
        }
    }
    block_set_build(&plain, list, ALERTS, fixture_us(8000), &set);
    CHECK_INT(set.count, BLOCK_ENTRIES_MAX);
    CHECK_INT(set.dropped, ALERTS * MEMBERS - BLOCK_ENTRIES_MAX);
    CHECK(covers(&set, "2001:db8:409:2::77")); /* the severe one stays */
    check_disjoint(&set);
    block_set_free(&set);
    free(list);
    free(members);
    free(alerts);
}

static void test_who_is_not_asked(void)
{
    static const enum rule innocent[] = {RULE_NDR_FLOOD,   RULE_BACKSCATTER,   RULE_QUEUE_NDR,
                                         RULE_LISTED,      RULE_ACCOUNT_BURST, RULE_HOST_BURST,
                                         RULE_SPOOF_LOCAL, RULE_STATE_PRESSURE};

    for (size_t i = 0; i < sizeof innocent / sizeof innocent[0]; i++) {
        struct alert alert;
        struct alert_related member[1];
        const struct alert *list[] = {&alert};
        struct block_set set;
        make_alert(&alert, member, SEVERITY_CRITICAL);
        alert.rule = innocent[i];
        add_member(&alert, "203.0.113.8");
        block_set_build(&plain, list, 1, fixture_us(8000), &set);
        CHECK_INT(set.count, 0);
        block_set_free(&set);
    }
}

static const struct test_case cases[] = {
    {"what is listed is covered, and nothing else, in any order", test_random},
    {"no entry is wider than the floor", test_full_network},
    {"one entry of several has the most severe and the longest", test_facts},
    {"a full list keeps the most severe and counts the rest", test_full_list},
    {"rules about the innocent, ourselves and accounts list nobody", test_who_is_not_asked},
};

TEST_MAIN(cases)
