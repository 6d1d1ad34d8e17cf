/* test_metrics.c - the text for Prometheus: labels are escaped, the same values give the same bytes
 */
#include "output/metrics.h"

#include <stdlib.h>

#include "base/panic.h"
#include "test.h"

static bool has(const struct outbuf *out, const char *text)
{
    return memmem(out->ptr, out->len, text, strlen(text)) != NULL;
}

static struct summary *a_summary(void)
{
    static const struct scenario_tally scenarios[] = {{.id = "a\"b\\c\nd", .fired = 7}};
    struct summary *s = panic_calloc(1, sizeof *s);

    s->input.lines = 12;
    s->input.bytes = UINT64_MAX;
    s->timeline.total[TRAFFIC_BOUNCED] = 5;
    s->verdict[TOPIC_RELAY].state = VERDICT_EXPOSED;
    s->scenarios = scenarios;
    s->scenarios_count = 1;
    s->risk_score = -1;
    return s;
}

static void writes(void)
{
    struct summary *s = a_summary();
    struct alert *open = panic_calloc(2, sizeof *open);
    const struct alert *list[] = {&open[0], &open[1]};
    struct metrics_figures f = {.version = "1", .pcre2_version = "10 \"x\"", .pcre2_jit = true};
    struct outbuf out, again;

    open[0].rule = open[1].rule = RULE_HARVEST;
    open[1].state = ALERT_ENDED;
    f.alerts[RULE_HARVEST][SEVERITY_LOW] = 3;
    f.last_event_us = 1700000000500000;
    f.now_us = f.last_event_us - 250000;
    outbuf_init(&out, 1 << 20);
    outbuf_init(&again, 1 << 20);
    metrics_write(&f, s, list, 2, &out);
    metrics_write(&f, s, list, 2, &again);
    CHECK(has(&out, "relaywatch_build_info{version=\"1\",pcre2=\"10 \\\"x\\\"\",jit=\"yes\"} 1\n"));
    CHECK(has(&out, "relaywatch_scenario_fired_total{scenario=\"a\\\"b\\\\c\\nd\"} 7\n"));
    CHECK(has(&out, "relaywatch_lines_total 12\n"));
    CHECK(has(&out, "relaywatch_bytes_read_total 18446744073709551615\n"));
    CHECK(has(&out, "relaywatch_recipients_total{outcome=\"bounced\"} 5\n"));
    CHECK(has(&out, "relaywatch_alerts_total{rule=\"RW-HARVEST\",severity=\"low\"} 3\n"));
    CHECK(has(&out, "relaywatch_alerts_active{rule=\"RW-HARVEST\"} 1\n"));
    CHECK(has(&out, "relaywatch_verdict{topic=\"relay\"} 2\n"));
    CHECK(has(&out, "relaywatch_last_event_timestamp_seconds 1700000000.500000\n"));
    CHECK(has(&out, "relaywatch_input_lag_seconds -0.250000\n"));
    CHECK(!has(&out, "risk_score"));
    CHECK(out.len == again.len && memcmp(out.ptr, again.ptr, out.len) == 0);
    CHECK(out.ptr[out.len - 1] == '\n');
    outbuf_fini(&out);
    outbuf_fini(&again);
    free(open);
    free(s);
}

static const struct test_case cases[] = {
    {"metrics have their values, labels are escaped, the same gives the same", writes},
};

TEST_MAIN(cases)
