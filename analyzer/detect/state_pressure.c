/* state_pressure.c - evictions an hour against a threshold
 * algorithm: running total, differences summed over an hour that starts anew when it is over
 * source:    house rule: every eviction is counted and shown. Measured: simulated quiet days of
 *            5,000 users in 16 MiB lose some 5,000 an hour, for the tables of accounts and senders
 *            do not hold them all; a flood loses as many in a second
 * limits:    the hour is not sliding: a burst over its end needs up to twice the threshold */
#include "detect/state_pressure.h"

enum { THRESHOLD_MIN = 36000 }; /* ten a second */
static const int64_t HOUR_US = INT64_C(3600000000);

void state_pressure_init(struct state_pressure *p, uint64_t capacity)
{
    *p = (struct state_pressure){.threshold = capacity > THRESHOLD_MIN ? capacity : THRESHOLD_MIN};
}

static void count(struct state_pressure *p, uint64_t total, int64_t now_us)
{
    uint64_t more = total > p->last_total ? total - p->last_total : 0;

    if (!p->started || now_us - p->hour_us >= HOUR_US) {
        if (p->in_hour <= p->threshold)
            p->first_us = 0;
        p->started = true;
        p->hour_us = now_us;
        p->in_hour = 0;
    }
    p->last_total = total;
    p->in_hour += more;
    p->in_all += more;
    if (p->in_hour > p->threshold && p->first_us == 0) {
        p->first_us = p->hour_us;
        p->in_all = p->in_hour;
    }
}

static void report(const struct state_pressure *p, struct incidents *incidents, int64_t now_us,
                   slice host)
{
    struct alert_counter counters[] = {{"evictions", p->in_all},
                                       {"evictions_this_hour", p->in_hour}};

    incident_report(incidents,
                    &(struct finding){.rule = RULE_STATE_PRESSURE,
                                      .severity = SEVERITY_MEDIUM,
                                      .entity_type = ENTITY_HOST,
                                      .entity = host.len > 0 ? host : SLICE_LIT("analyzer"),
                                      .first_us = p->first_us,
                                      .time_us = now_us,
                                      .observed = (double)p->in_all,
                                      .threshold = (double)p->threshold,
                                      .unit = "evictions an hour",
                                      .confidence = 100,
                                      .reason = SLICE_LIT("new keys push others out of the "
                                                          "analyzer's tables; give it more memory "
                                                          "or look who floods"),
                                      .counters = counters,
                                      .counters_count = sizeof counters / sizeof counters[0]});
}

bool state_pressure_check(struct state_pressure *p, struct incidents *incidents,
                          uint64_t total_evictions, int64_t now_us, slice host)
{
    count(p, total_evictions, now_us);
    if (p->in_hour <= p->threshold)
        return false;
    report(p, incidents, now_us, host);
    return true;
}
