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
#include "servers.h"

struct summarize_from {
    const struct alert *const *incidents; /* most severe first */
    unsigned incidents_count;
    struct incidents *incident_rules;
    const struct relay_board *board;
    const struct correlate_stats *stats;
    const struct originators *originators;
    const struct hygiene *hygiene;
    const struct timeline *timeline;
    struct geo *geo; /* NULL without a database */
    const struct marks *marks;
    const struct zones *zones;
    unsigned top; /* rows of each table */
    const char *mta, *host;
    const struct server *servers; /* see servers_list() */
    unsigned servers_count;
    int64_t now_us; /* event time at the end; INT64_MIN when there was no event */
};

/* summarize - fill ret (input and evictions are the caller's); summarize_fini() frees its tables
 * and cases */
void summarize(const struct summarize_from *from, struct summary *ret);
void summarize_fini(struct summary *s);

/* summarize_verdicts - the five answers from a part of it: board, incidents, figures, mta, now_us
 *
 *   in        zones  where the domains are from, see struct coverage
 *   out       ret    TOPIC_COUNT verdicts, zeroed by the caller */
void summarize_verdicts(const struct summarize_from *from, enum zones_origin zones,
                        struct verdict *ret);

/* summarize_servers - the rows of s->servers; coverage must be there; summarize_fini() frees them
 */
void summarize_servers(const struct summarize_from *from, struct summary *s);

#endif
