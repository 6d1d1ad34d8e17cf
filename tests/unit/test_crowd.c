/* test_crowd.c - who takes part in a crowd, and which of them get an alert of their own */
#include "detect/crowd.h"

#include "test.h"

#define MINUTE ((int64_t)60 * 1000000)
static const struct hash_key key = {1, 2};

static struct context client(unsigned network, unsigned host)
{
    struct context cx = {.key = &key,
                         .client = {.family = 4, .lo = 0xC6120000U + network * 256 + host}};

    cx.client_hash = correlate_principal(&key, &cx.client);
    return cx;
}

static void add(struct crowd *c, unsigned network, unsigned host, int64_t time_us)
{
    struct context cx = client(network, host);
    crowd_add(c, &cx, 2, time_us);
}

static void members_and_networks_are_told_apart(void)
{
    struct crowd c;

    crowd_begin(&c, MINUTE);
    for (unsigned i = 0; i < 12; i++)
        add(&c, i % 3, i % 6, (2 + i) * MINUTE);
    CHECK_INT(c.events, 24);
    CHECK_INT(distinct_count(&c.networks), 3);
    CHECK_INT(distinct_count(&c.clients), 6);
    CHECK_INT(c.members, 6);
    CHECK_INT(c.first_us, MINUTE);
    CHECK_INT(c.last_us, 13 * MINUTE);
    crowd_begin(&c, 20 * MINUTE);
    CHECK_INT(c.members, 0);
    CHECK_INT(c.events, 0);
}

static void all_are_listed_once_then_those_that_come(void)
{
    struct alert_related related[CROWD_MEMBERS + 1];
    struct context cx = client(9, 9);
    struct crowd c;

    crowd_begin(&c, 0);
    for (unsigned i = 0; i < 100; i++)
        add(&c, i, 1, i);
    CHECK_INT(crowd_related(&c, &cx, related), CROWD_MEMBERS + 1);
    CHECK_STR(related[0].value, "198.18.0.1");
    CHECK_STR(related[CROWD_MEMBERS].value, "198.18.9.9");
    c.told = true;
    CHECK_INT(crowd_related(&c, &cx, related), 1);
    CHECK_STR(related[0].value, "198.18.9.9");
}

static void sixteen_members_get_an_alert_of_their_own(void)
{
    struct crowd c;
    unsigned own = 0;

    crowd_begin(&c, 0);
    add(&c, 1, 1, MINUTE);
    CHECK(!crowd_covers(&c, MINUTE, 1)); /* nobody was told of it yet */
    CHECK_INT(c.named, 0);
    c.told = true;
    for (unsigned i = 0; i < 100; i++)
        own += !crowd_covers(&c, MINUTE, 1);
    CHECK_INT(own, CROWD_NAMED);
    CHECK(!crowd_covers(&c, 62 * MINUTE, 1)); /* it is over */
}

static void in_a_flood_those_who_return_stand_out(void)
{
    struct crowd c;
    unsigned own = 0;

    crowd_begin(&c, 0);
    for (unsigned i = 0; i < 3000; i++)
        add(&c, i, 1, MINUTE);
    c.told = true;
    c.named = CROWD_NAMED;
    CHECK(crowd_covers(&c, MINUTE, 1) && crowd_covers(&c, MINUTE, 3));
    for (unsigned i = 0; i < 3000; i++)
        own += !crowd_covers(&c, MINUTE, 4);
    CHECK_INT(own, CROWD_OUTSTANDING);
    CHECK(!crowd_stands_out(4, 500)); /* among hundreds alike nobody does */
}

static const struct test_case cases[] = {
    {"members and networks are told apart", members_and_networks_are_told_apart},
    {"all are listed once, then those that come", all_are_listed_once_then_those_that_come},
    {"sixteen members get an alert of their own", sixteen_members_get_an_alert_of_their_own},
    {"in a flood, those who return stand out", in_a_flood_those_who_return_stand_out},
};

TEST_MAIN(cases)
