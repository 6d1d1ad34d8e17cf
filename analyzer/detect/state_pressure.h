/* state_pressure.h - somebody floods the analyzer's own tables with new keys
 *
 * All tables are bounded: when they are full, entries are evicted and rare keys may be missed. That
 * is itself worth an alert, since flooding us is a way to hide. Not a detector of detectors.def: it
 * looks at the tables, not at events.
 *
 * lifetime: caller-owned; plain values, nothing to release. */
#ifndef DETECT_STATE_PRESSURE_H
#define DETECT_STATE_PRESSURE_H

#include <stdint.h>

#include "alert/incident.h"

struct state_pressure {
    uint64_t threshold; /* evictions an hour */
    uint64_t last_total;
    int64_t hour_us;  /* start of the hour being counted */
    int64_t first_us; /* of the pressure being reported; 0 none */
    uint64_t in_hour;
    uint64_t in_all; /* since first_us */
    bool started;
};

/* state_pressure_init - an idle meter
 *
 *   in        capacity  entries of the tables of messages and sessions together: as many losses an
 *             hour are pressure, but no less than 36,000, since small tables lose entries on quiet
 *             days, too
 */
void state_pressure_init(struct state_pressure *p, uint64_t capacity);

/* state_pressure_check - poll the eviction counters; call about once a minute of event time
 *
 *   in        total_evictions  running total over all tables; never decreases
 *             now_us           event time
 *             host             entity of the alert: the host that wrote the log; absent: "analyzer"
 *   result    true when there is pressure now; then RW-STATE-PRESSURE was reported */
bool state_pressure_check(struct state_pressure *p, struct incidents *incidents,
                          uint64_t total_evictions, int64_t now_us, slice host);

#endif
