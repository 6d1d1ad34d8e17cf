/* detector.h - the interface each row of detectors.def implements
 *
 * A detector sees the event kinds it asked for, with the context the correlator made, and reports
 * findings. It keeps its own bounded state, knows no log dialect, looks at no clock but the
 * events', and never includes another detector. */
#ifndef DETECT_DETECTOR_H
#define DETECT_DETECTOR_H

#include "alert/incident.h"
#include "alert/relay_board.h"
#include "base/geo.h"
#include "base/outbuf.h"
#include "base/siphash.h"
#include "correlate/correlate.h"
#include "detect/honey_users.h"
#include "event/event.h"

struct relay_tests;

#define KIND(id) (1U << EVENT_##id)

struct state_io;

/* What a detector may use; all pointers outlive it. */
struct detect_env {
    struct hash_key key;
    struct incidents *incidents;
    struct relay_board *board;
    struct relay_tests *tests;      /* NULL: nobody asks which battery it is */
    struct message_table *messages; /* read only */
    const struct zones *zones;
    const struct honey_users *honey_users; /* NULL: none */
    const struct signatures *signatures;   /* NULL: the built-in ones */
    const struct scenario_set *scenarios;  /* NULL: none; its tally is written */
    const struct policy *policy;           /* NULL: the built-in one */
    bool unshadow;                         /* scenarios that are only to count raise alerts too */
    struct geo *geo;                       /* NULL: no database */
    size_t memory_bytes;                   /* its share of the budget: more it must not take */
    struct tally *tally; /* for tables of clients, see table.h; shared; NULL: none */
};

struct detector {
    const char *name, *summary, *reference;
    uint32_t kinds;        /* set of KIND(): the rest never reaches it */
    unsigned memory_parts; /* its weight when the budget is divided */
    /* Which of `kinds` it wants in this run; none: it is not created and gets no memory. NULL: all
     */
    uint32_t (*wants)(const struct detect_env *env);
    void *(*create)(const struct detect_env *env);
    void (*on_event)(void *state, const struct event *ev, const struct context *cx);
    /* Told of an event just before on_event(), after every other detector of the kind: fetch what
     * will be looked up (table_warm(), pair_filter_warm()), so that their cache misses overlap and
     * do not queue. Changes nothing; may be NULL. */
    void (*warm)(const void *state, const struct event *ev, const struct context *cx);
    /* For "relaywatch explain", just after on_event(): append, in our own words and numbers, what
     * is kept for the client or user of the event, what the threshold is and what is missing;
     * nothing when the event does not count here. Changes nothing; may be NULL. */
    void (*explain)(const void *state, const struct event *ev, const struct context *cx,
                    struct outbuf *out);
    /* Files of signatures were read again: env has others, which outlive it, while the rest is as
     * it was; those of before are still there during the call, and not after it. NULL: uses none.
     */
    void (*renew)(void *state, const struct detect_env *env);
    void (*on_time)(void *state, int64_t now_us); /* once a minute of event time; may be NULL */
    uint64_t (*evictions)(const void *state);     /* may be NULL */
    size_t (*bytes)(const void *state);           /* memory in use; may be NULL */
    void (*destroy)(void *state);
    /* All that it keeps to a state or back, see base/state.h; what create() makes again is a hole.
     */
    void (*persist)(void *state, struct state_io *io);
};

/* detectors_count, detector_at - the table made of detectors.def, in its order */
unsigned detectors_count(void);
const struct detector *detector_at(unsigned index);

#endif
