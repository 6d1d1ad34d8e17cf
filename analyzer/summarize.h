/* summarize.h - build the summary of a run from what the stages know */
#ifndef SUMMARIZE_H
#define SUMMARIZE_H

#include "alert/incident.h"
#include "alert/relay_board.h"
#include "alert/summary.h"
#include "correlate/correlate.h"
#include "correlate/hygiene.h"
#include "correlate/marks.h"
#include "correlate/originators.h"
#include "correlate/timeline.h"
#include "event/zones.h"

struct summarize_from {
    const struct alert *const *incidents; /* most severe first */
    unsigned incidents_count;
    struct incidents *incident_rules;
    const struct relay_board *board;
    const struct correlate *correlate;
    const struct originators *originators;
    const struct hygiene *hygiene;
    const struct timeline *timeline;
    struct geo *geo; /* NULL without a database */
    const struct marks *marks;
    const struct zones *zones;
    unsigned top; /* rows of each table */
    const char *mta, *host;
    int64_t now_us; /* event time at the end; INT64_MIN when there was no event */
};

/* summarize - fill ret (input and evictions are the caller's); summarize_fini() frees its tables
 * and cases */
void summarize(const struct summarize_from *from, struct summary *ret);
void summarize_fini(struct summary *s);

#endif
