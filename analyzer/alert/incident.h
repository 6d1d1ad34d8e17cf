/* incident.h - from findings to alerts: one incident an entity and rule, with a life of its own
 *
 * The first finding opens an incident ("new"). Later ones update it; something is said again only
 * when the severity rises, the count passes a power of ten, or an hour of event time has gone by
 * ("ongoing"). After a quiet time it is closed ("ended"); when it starts again within a day it
 * keeps its id. Ids are made of the rule, the entity and the UTC day of the first contributing
 * event: a re-run, a batch over rotated files and a live run give the same ids.
 *
 * source: RFC 9562 5.5 (UUIDv5). */
#ifndef ALERT_INCIDENT_H
#define ALERT_INCIDENT_H

#include "alert/alert.h"
#include "base/siphash.h"
#include "event/event.h"

struct state_io;

struct incidents;

struct incident_config {
    struct hash_key key;
    uint32_t capacity;  /* incidents kept; when full, the least severe, longest quiet gives way: it
                           keeps its id and is not announced again, but loses its samples */
    size_t aside_bytes; /* for what is remembered of those that gave way, 32 bytes each; oldest out
                           first */
    const char *tenant; /* part of the ids; "default" */
    void (*emit)(void *arg, const struct alert *); /* called for each state change to be told */
    void *emit_arg;
    const char *(*source_name)(void *arg, uint32_t source); /* name of an input, for samples */
    void *source_arg;
    const char *(*mta_name)(void *arg); /* parser that made the present event, for advice */
    void *mta_arg;
    /* the scenario of an id, for incidents that come from a state; NULL: there are none */
    const struct rule_info *(*scenario)(void *arg, slice id);
    void *scenario_arg;
    struct geo *geo; /* places of the sources; NULL: no database */
    /* Patterns that the client of the present event was caught by, at most ALERT_MARKS_MAX; NULL:
     * none are kept. */
    unsigned (*marks)(void *arg, const struct alert_mark **ret);
    /* the mark of an id, for incidents that come from a state; NULL: there are none */
    const struct alert_mark *(*mark)(void *arg, slice id);
    void *marks_arg;
};

/* incidents_new - all memory at once (lists of members grow within a bound); incidents_free returns
 * NULL */
struct incidents *incidents_new(const struct incident_config *config);
struct incidents *incidents_free(struct incidents *s);

/* incident_report - a detector has something to say
 *
 *   in        f       borrowed; observed is the running total of the incident, not an increment
 *   cost      O(1) without an announcement; a full alert is rendered when one is due */
void incident_report(struct incidents *s, const struct finding *f);

/* incident_touch - one more contributing event of an incident that is open anyway
 *
 *   result    false when there is no such incident open: report it instead */
bool incident_touch(struct incidents *s, enum rule rule, enum entity_type type, slice entity,
                    int64_t time_us, double observed);

/* incident_is_open - has this entity an open incident of this rule */
bool incident_is_open(const struct incidents *s, enum rule rule, enum entity_type type,
                      slice entity);

/* incidents_tick - event time has come to now_us: end what has been quiet; call at least once a
 * minute of event time */
void incidents_tick(struct incidents *s, int64_t now_us);

/* incidents_flush - tell the final counts of everything that changed since it was last told;
 * nothing is ended */
void incidents_flush(struct incidents *s);

/* incidents_list - all incidents known, most severe first, then by first contributing event, then
 * by key
 *
 *   out       ret     borrowed pointers, room for max
 *   result    how many were set */
unsigned incidents_list(struct incidents *s, const struct alert **ret, unsigned max);

/* incidents_rules_of - set of 1 << enum rule: the rules under which this entity text has an
 * incident */
uint32_t incidents_rules_of(struct incidents *s, slice entity);

/* incidents_cause - the incident that most likely brought about what began at before_us
 *
 *   in        rules   set of 1 << enum rule that it may be of
 *   result    the most severe one, medium or above, that began earlier and ended less than three
 *             days before; NULL when there is none. Owned by s, valid until the next report
 *   cost      looks at every incident: not for every event */
const struct alert *incidents_cause(struct incidents *s, uint32_t rules, int64_t before_us);

/* incidents_count - incidents known now, open and closed */
uint32_t incidents_count(const struct incidents *s);
/* incidents_dropped - incidents dropped for want of room */
uint64_t incidents_dropped(const struct incidents *s);
/* incidents_aside - those of them that would go on where they were */
uint32_t incidents_aside(const struct incidents *s);
/* incidents_forgotten - those of them that would be announced as new again */
uint64_t incidents_forgotten(const struct incidents *s);
/* incidents_bytes - memory reserved and used for members */
size_t incidents_bytes(const struct incidents *s);

/* incidents_renew - scenarios and marks are others now: those of the same id are taken, a scenario
 * that is no more keeps its words, a mark that is no more is dropped. Afterwards nothing of the old
 * ones is needed; config.scenario and config.mark answer with the new */
void incidents_renew(struct incidents *s);

/* incidents_persist - to a state or back, see base/state.h */
void incidents_persist(struct incidents *s, struct state_io *io);

/* incidents_merge - add the incidents of another run: those of one rule and entity become one,
 * whose counters are the sums
 *
 *   in        src   outlives dst, which borrows its texts; both need the same hash key */
void incidents_merge(struct incidents *dst, struct incidents *src);

#endif
