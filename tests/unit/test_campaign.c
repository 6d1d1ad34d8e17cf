/* test_campaign.c - distinct members per shared key */
#include "detect/campaign.h"

#include "base/siphash.h"
#include "test.h"

#define HOUR ((int64_t)3600 * 1000000)
static const struct hash_key key = {1, 2};

static struct ip_addr member(unsigned n)
{
    return (struct ip_addr){.family = 4, .lo = 0xC6336400U + n}; /* 198.51.100.n */
}

static struct campaign *add(struct campaigns *c, uint64_t shared, unsigned n, int64_t time_us)
{
    struct ip_addr ip = member(n);
    return campaigns_add(c, shared, siphash13(&key, &ip.lo, sizeof ip.lo), &ip, time_us);
}

static void members_count_once(void)
{
    struct campaigns *c = campaigns_new("test", 16, HOUR);
    struct campaign *k = NULL;

    for (unsigned i = 0; i < 30; i++)
        k = add(c, 7, i % 5, i);
    CHECK_INT((int)distinct_count(&k->members), 5);
    CHECK_INT(k->events, 30);
    CHECK_INT(k->early_count, 5);
    CHECK_INT(k->first_us, 0);
    CHECK_INT(k->last_us, 29);
    campaigns_free(c);
}

static void the_first_twelve_and_the_present_one_are_named(void)
{
    struct campaigns *c = campaigns_new("test", 16, HOUR);
    struct alert_related named[CAMPAIGN_EARLY_MEMBERS + 1];
    struct campaign *k = NULL;
    struct ip_addr present = member(99);

    for (unsigned i = 0; i < 100; i++)
        k = add(c, 7, i, i);
    CHECK_INT(campaign_members(k, &present, named), CAMPAIGN_EARLY_MEMBERS + 1);
    CHECK_STR(named[0].value, "198.51.100.0");
    CHECK_STR(named[11].value, "198.51.100.11");
    CHECK_STR(named[12].value, "198.51.100.99");
    CHECK_NEAR(distinct_count(&k->members), 100, 10);
    campaigns_free(c);
}

static void silence_begins_another_campaign(void)
{
    struct campaigns *c = campaigns_new("test", 16, HOUR);
    struct campaign *k;

    add(c, 7, 1, 0);
    k = add(c, 7, 2, HOUR);
    CHECK_INT(k->events, 2);
    k = add(c, 7, 3, 2 * HOUR + 1);
    CHECK_INT(k->events, 1);
    CHECK_INT(k->first_us, 2 * HOUR + 1);
    CHECK_INT(k->early_count, 1);
    campaigns_free(c);
}

static void late_events_widen_and_do_not_restart(void)
{
    struct campaigns *c = campaigns_new("test", 16, HOUR);
    struct campaign *k;

    add(c, 7, 1, 10 * HOUR);
    k = add(c, 7, 2, 2 * HOUR);
    CHECK_INT(k->events, 2);
    CHECK_INT(k->first_us, 2 * HOUR);
    CHECK_INT(k->last_us, 10 * HOUR);
    campaigns_free(c);
}

static void a_big_campaign_outlives_a_flood_of_small_ones(void)
{
    struct campaigns *c = campaigns_new("test", 64, HOUR);

    for (unsigned i = 0; i < 50; i++)
        add(c, 7, i, i);
    for (unsigned i = 0; i < 10000; i++)
        add(c, 1000 + i, 1, 100 + i);
    CHECK_INT(add(c, 7, 50, 20000)->events, 51);
    CHECK(campaigns_evictions(c) >= 10000 - 64);
    campaigns_free(c);
}

static const struct test_case cases[] = {
    {"members count once", members_count_once},
    {"the first twelve and the present one are named",
     the_first_twelve_and_the_present_one_are_named},
    {"silence begins another campaign", silence_begins_another_campaign},
    {"late events widen and do not restart", late_events_widen_and_do_not_restart},
    {"a big campaign outlives a flood of small ones",
     a_big_campaign_outlives_a_flood_of_small_ones},
};

TEST_MAIN(cases)
