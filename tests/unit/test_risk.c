/* test_risk.c - the risk score against values computed by hand */
#include "alert/risk.h"

#include "test.h"

#define HOUR_US INT64_C(3600000000)

static const int64_t end_us = INT64_C(1772409600) * 1000000;

static struct alert incident(enum rule rule, double observed, double threshold, int64_t age_us)
{
    return (struct alert){.rule = rule,
                          .severity = SEVERITY_HIGH,
                          .observed = observed,
                          .threshold = threshold,
                          .last_us = end_us - age_us};
}

static double score(const struct alert *list, unsigned count)
{
    const struct alert *pointers[8];

    for (unsigned i = 0; i < count; i++)
        pointers[i] = &list[i];
    return risk_of(pointers, count, end_us).score;
}

static void test_none(void)
{
    CHECK_NEAR(score(NULL, 0), 0, 0);
}

/* c = 0.8; ratio 2 halves to 1 in a day, to 1/2 in two, to 1/4 in three. */
static void test_decay(void)
{
    struct alert a = incident(RULE_HOST_BURST, 10, 5, 0);

    CHECK_NEAR(score(&a, 1), 80, 1e-9);
    a.last_us = end_us - 24 * HOUR_US;
    CHECK_NEAR(score(&a, 1), 80, 1e-9);
    a.last_us = end_us - 48 * HOUR_US;
    CHECK_NEAR(score(&a, 1), 40, 1e-9);
    a.last_us = end_us - 72 * HOUR_US;
    CHECK_NEAR(score(&a, 1), 20, 1e-9);
    a.last_us = end_us + HOUR_US; /* the log's clock stepped back: no growth */
    CHECK_NEAR(score(&a, 1), 80, 1e-9);
}

/* 12 hours: 2^-0.5 = 0.70711; 0.6 * 0.70711 = 0.42426 */
static void test_half_a_day(void)
{
    struct alert a = incident(RULE_LISTED, 1, 1, 12 * HOUR_US);

    CHECK_NEAR(score(&a, 1), 42.426406871, 1e-6);
}

/* 1 - (1 - 0.6 * 1) * (1 - 0.1 * 0.5) = 1 - 0.4 * 0.95 = 0.62 */
static void test_product(void)
{
    struct alert list[] = {incident(RULE_LISTED, 21, 1, 0),
                           incident(RULE_RELAY_PROBE, 3, 3, 24 * HOUR_US)};

    CHECK_NEAR(score(list, 2), 62, 1e-9);
}

/* Of one kind only the worst counts: two rules of bounces are one detector. */
static void test_one_kind(void)
{
    struct alert list[] = {incident(RULE_BACKSCATTER, 800, 20, 0),
                           incident(RULE_REVERSE_NDR, 20, 20, 24 * HOUR_US),
                           incident(RULE_BACKSCATTER, 20, 20, 24 * HOUR_US)};
    const struct alert *pointers[] = {&list[0], &list[1], &list[2]};
    struct risk risk = risk_of(pointers, 3, end_us);

    CHECK_NEAR(risk.score, 60, 1e-9);
    CHECK_NEAR(risk.share[RISK_BACKSCATTER], 60, 1e-9);
    CHECK_NEAR(risk.share[RISK_RELAY], 0, 0);
    risk = risk_of(pointers + 1, 2, end_us);
    CHECK_NEAR(risk.score, 30, 1e-9);
}

static void test_weak(void)
{
    struct alert a = incident(RULE_SASL_BRUTE, 100, 6, 0);

    CHECK_NEAR(score(&a, 1), 35, 1e-9);
    a.severity = SEVERITY_MEDIUM;
    CHECK_NEAR(score(&a, 1), 35, 1e-9);
    a.severity = SEVERITY_LOW;
    CHECK_NEAR(score(&a, 1), 10.5, 1e-9);
    a.severity = SEVERITY_INFO;
    CHECK_NEAR(score(&a, 1), 3.5, 1e-9);
}

static void test_below_threshold(void)
{
    struct alert a = incident(RULE_HARVEST, 6, 8, 0);

    CHECK_NEAR(score(&a, 1), 15, 1e-9); /* 0.2 * 6/8 */
    a.threshold = 0;
    CHECK_NEAR(score(&a, 1), 20, 1e-9);
}

/* An open relay is as bad as it gets; the analyzer's own trouble is none of the server's. */
static void test_extremes(void)
{
    struct alert list[] = {incident(RULE_RELAY_ACCEPTED, 1, 1, 0),
                           incident(RULE_STATE_PRESSURE, 9, 1, 0)};

    CHECK_NEAR(score(list, 2), 100, 1e-9);
    CHECK_NEAR(score(list + 1, 1), 0, 0);
}

static const struct test_case cases[] = {
    {"no incident, no risk", test_none},
    {"the ratio halves each day", test_decay},
    {"half a day", test_half_a_day},
    {"kinds multiply what is left of safety", test_product},
    {"of one kind the worst counts", test_one_kind},
    {"low and info count for little", test_weak},
    {"below the threshold it is a part", test_below_threshold},
    {"an open relay is 100, our own tables are 0", test_extremes},
};

TEST_MAIN(cases)
