/* test_timeline.c - counts over time: what counts, round widths, late and early events, any order
 */
#include "test.h"

#include "correlate/timeline.h"

static const int64_t second_us = 1000000;
/* 2026-03-02 00:00:00Z */
static const int64_t day_us = INT64_C(1772409600000000);

static void refuse(struct timeline *t, int64_t time_us, uint32_t repeat)
{
    struct event ev = {.kind = EVENT_RCPT, .outcome = OUTCOME_REFUSED, .time_us = time_us};
    struct context cx = {.outside = true};

    ev.repeat = repeat;
    timeline_event(t, &ev, &cx);
}

static void test_nothing(void)
{
    struct timeline *t = timeline_new();
    struct timeline_view v;

    timeline_view_of(t, &v);
    CHECK_INT(v.count, 0);
    CHECK_INT(v.total[TRAFFIC_REFUSED], 0);
    timeline_free(t);
}

struct kind_case {
    struct event ev;
    struct context cx;
    uint64_t want[TRAFFIC_COUNT]; /* in the order of enum traffic */
};

static const struct kind_case kind_cases[] = {
    {{.kind = EVENT_QUEUED}, {.new_message = true}, {1, 0, 0, 0, 0, 0}},
    {{.kind = EVENT_QUEUED}, {.new_message = false}, {0, 0, 0, 0, 0, 0}},
    {{.kind = EVENT_QUEUED},
     {.new_message = true, .null_sender = true, .outside = true},
     {1, 0, 0, 0, 0, 1}},
    {{.kind = EVENT_QUEUED}, {.new_message = true, .null_sender = true}, {1, 0, 0, 0, 0, 0}},
    {{.kind = EVENT_DELIVERY, .outcome = OUTCOME_DELIVERED, .route = ROUTE_REMOTE},
     {0},
     {0, 1, 0, 0, 0, 0}},
    {{.kind = EVENT_DELIVERY, .outcome = OUTCOME_DELIVERED, .route = ROUTE_LOOPBACK},
     {0},
     {0, 0, 0, 0, 0, 0}},
    {{.kind = EVENT_DELIVERY, .outcome = OUTCOME_DELIVERED, .route = ROUTE_FORWARD},
     {0},
     {0, 0, 0, 0, 0, 0}},
    {{.kind = EVENT_DELIVERY, .outcome = OUTCOME_DEFERRED}, {0}, {0, 0, 0, 0, 0, 0}},
    {{.kind = EVENT_DELIVERY, .outcome = OUTCOME_BOUNCED}, {0}, {0, 0, 0, 1, 0, 0}},
    {{.kind = EVENT_DELIVERY, .outcome = OUTCOME_EXPIRED}, {0}, {0, 0, 0, 1, 0, 0}},
    {{.kind = EVENT_RCPT, .outcome = OUTCOME_REFUSED}, {0}, {0, 0, 1, 0, 0, 0}},
    {{.kind = EVENT_RCPT, .outcome = OUTCOME_TEMPFAIL}, {0}, {0, 0, 1, 0, 0, 0}},
    {{.kind = EVENT_RCPT, .outcome = OUTCOME_ACCEPTED}, {0}, {0, 0, 0, 0, 0, 0}},
    {{.kind = EVENT_RCPT, .outcome = OUTCOME_REFUSED, .soft = true}, {0}, {0, 0, 0, 0, 0, 0}},
    {{.kind = EVENT_REFUSAL, .outcome = OUTCOME_REFUSED}, {0}, {0, 0, 1, 0, 0, 0}},
    {{.kind = EVENT_AUTH, .outcome = OUTCOME_REFUSED}, {0}, {0, 0, 0, 0, 1, 0}},
    {{.kind = EVENT_AUTH, .outcome = OUTCOME_ACCEPTED}, {0}, {0, 0, 0, 0, 0, 0}},
    {{.kind = EVENT_CONNECT}, {0}, {0, 0, 0, 0, 0, 0}},
};

static void test_kinds(void)
{
    for (size_t i = 0; i < sizeof kind_cases / sizeof kind_cases[0]; i++) {
        struct timeline *t = timeline_new();
        struct timeline_view v;
        struct event ev = kind_cases[i].ev;
        ev.repeat = 1;
        ev.time_us = day_us;
        timeline_event(t, &ev, &kind_cases[i].cx);
        timeline_view_of(t, &v);
        for (unsigned k = 0; k < TRAFFIC_COUNT; k++)
            if (v.total[k] != kind_cases[i].want[k]) {
                test_fail(__FILE__, __LINE__, traffic_name((enum traffic)k));
                printf("#   case %zu\n", i);
            }
        timeline_free(t);
    }
}

/* Width and number of buckets of two events so far apart. */
static void check_span(int64_t apart_s, int64_t width_s, unsigned count)
{
    struct timeline *t = timeline_new();
    struct timeline_view v;

    refuse(t, day_us, 1);
    refuse(t, day_us + apart_s * second_us, 2);
    timeline_view_of(t, &v);
    CHECK_INT(v.width_us, width_s * second_us);
    CHECK_INT(v.count, count);
    CHECK_INT(v.start_us % v.width_us, 0);
    CHECK(v.start_us <= day_us && day_us < v.start_us + v.width_us);
    CHECK_INT(v.total[TRAFFIC_REFUSED], 3);
    CHECK_INT(v.bucket[0][TRAFFIC_REFUSED], count == 1 ? 3 : 1);
    if (count > 1)
        CHECK_INT(v.bucket[count - 1][TRAFFIC_REFUSED], 2);
    timeline_free(t);
}

static void test_widths(void)
{
    check_span(0, 10, 1);
    check_span(9, 10, 1);
    check_span(10, 10, 2);
    check_span(1919, 10, 192);
    check_span(1920, 30, 65);
    check_span(3600, 30, 121);
    check_span(86399, 600, 144);
    check_span(7 * 86400 - 1, 3600, 168);
    check_span(30 * 86400 - 1, 14400, 180);
    check_span(365 * 86400, 172800, 183);
}

static uint64_t mix(uint64_t x)
{
    x ^= x >> 33;
    x *= UINT64_C(0xff51afd7ed558ccd);
    return x ^ x >> 29;
}

/* The same events forwards, backwards and shuffled. */
static void test_order(void)
{
    enum { EVENTS = 5000 };
    struct timeline *t[3] = {timeline_new(), timeline_new(), timeline_new()};
    struct timeline_view v[3];

    for (unsigned i = 0; i < EVENTS; i++) {
        unsigned order[3] = {i, EVENTS - 1 - i, i * 1237 % EVENTS};
        for (unsigned k = 0; k < 3; k++) {
            uint64_t n = order[k];
            refuse(t[k], day_us + (int64_t)(n * 17 + mix(n) % 9) * second_us,
                   (uint32_t)(1 + n % 3));
        }
    }
    for (unsigned k = 0; k < 3; k++) {
        timeline_view_of(t[k], &v[k]);
        timeline_free(t[k]);
    }
    CHECK_INT(v[0].width_us, 600 * second_us);
    CHECK_INT(v[0].total[TRAFFIC_REFUSED], 9999);
    CHECK(memcmp(&v[0], &v[1], sizeof v[0]) == 0);
    CHECK(memcmp(&v[0], &v[2], sizeof v[0]) == 0);
}

/* The buckets against a plain count of the same events. */
static void test_counts(void)
{
    struct timeline *t = timeline_new();
    struct timeline_view v;
    uint64_t want[144] = {0};

    for (uint64_t i = 0; i < 20000; i++) {
        int64_t at = (int64_t)(mix(i + 1) % 86400);
        want[at / 600]++;
        refuse(t, day_us + at * second_us, 1);
    }
    timeline_view_of(t, &v);
    CHECK_INT(v.count, 144);
    CHECK_INT(v.start_us, day_us);
    for (unsigned b = 0; b < 144; b++)
        CHECK_INT(v.bucket[b][TRAFFIC_REFUSED], want[b]);
    timeline_free(t);
}

static void test_far(void)
{
    struct timeline *t = timeline_new();
    struct timeline_view v;

    refuse(t, -5 * second_us, 1); /* before 1970 */
    refuse(t, day_us, 1);
    refuse(t, INT64_C(250000000000) * second_us, 1); /* year 9892 */
    refuse(t, INT64_C(-60000000000) * second_us, 1);
    timeline_view_of(t, &v);
    CHECK(v.count <= TIMELINE_MAX);
    CHECK_INT(v.total[TRAFFIC_REFUSED], 4);
    timeline_free(t);
}

static const struct test_case cases[] = {
    {"without events there are no buckets", test_nothing},
    {"each kind of event counts for what it is, and others for nothing", test_kinds},
    {"the width is the smallest round one with which the span fits", test_widths},
    {"the order of the events does not matter", test_order},
    {"each bucket has what belongs to it", test_counts},
    {"times at the ends of the calendar are counted at the ends", test_far},
};

TEST_MAIN(cases)
