/* scenario.h - a rule of thumb as data: what events it counts, by what, how, and what it then says
 *
 * A scenario is compiled once from an entry of a file of the kind "scenarios"
 * (scenario_file.h): names are resolved to numbers, texts are borrowed from the file, and nothing
 * is allocated when an event is looked at. What it keeps for a group is scenario_state.h's.
 *
 * source: leaky, trigger and distinct as CrowdSec's buckets; window, distinct and seq as Sigma's
 *         correlations event_count, value_count and temporal; Page's CUSUM for cusum. */
#ifndef DETECT_SCENARIO_H
#define DETECT_SCENARIO_H

#include "alert/summary.h"
#include "base/cusum.h"
#include "detect/scenario_facts.h"

enum scenario_kind {
    SCENARIO_TRIGGER,  /* one event */
    SCENARIO_LEAKY,    /* a bucket that leaks one event each `leak` holds more than `capacity` */
    SCENARIO_WINDOW,   /* `count` events within `within` */
    SCENARIO_DISTINCT, /* `count` different values of a fact within `within` */
    SCENARIO_RATIO,    /* a share of bad ones among at least `min` events within `within` */
    SCENARIO_CUSUM,    /* evidence of each outcome adds up: when did it turn bad? */
    SCENARIO_SEQ,      /* several steps within `within` */
    SCENARIO_KINDS
};

enum {
    SCENARIOS_MAX = 256,
    SCENARIO_KEYS_MAX = 4,
    SCENARIO_STEPS_MAX = 8,
    SCENARIO_COUNT_MAX = 500, /* of window and distinct, which remember each event or value */
    SCENARIO_SLOTS = 12,      /* of ratio: parts of its window */
    SCENARIO_LATE_S = 120     /* an event that is later does not count where order matters */
};

struct scenario_where; /* a condition, see scenario_where.h */

struct scenario_step {
    uint32_t kinds; /* set of 1 << enum event_kind */
    const struct scenario_where *where;
};

struct scenario {
    struct rule_info info; /* id, name, description: borrowed from the file */
    const char *advice;    /* borrowed; NULL: none */
    enum severity severity;
    enum scenario_kind kind;
    bool shadow; /* counts, and raises nothing */
    uint32_t kinds;
    const struct scenario_where *where; /* NULL: every event of these kinds */
    enum fact by[SCENARIO_KEYS_MAX];
    unsigned by_count; /* 0: one group for the whole site */
    enum fact entity;  /* of by; FACT_NONE: the host */
    enum entity_type entity_type;
    enum fact distinct; /* FACT_NONE: every event counts */
    unsigned count;     /* window, distinct: threshold; ratio: events; cusum: bad ones */
    double capacity;    /* leaky */
    double share;       /* ratio */
    double limit;       /* cusum */
    double half_life_us;
    struct bernoulli_llr llr;
    int64_t leak_us, within_us, cooldown_us;
    const struct scenario_where *bad; /* ratio, cusum */
    struct scenario_step steps[SCENARIO_STEPS_MAX];
    unsigned steps_count;
    bool ordered;
    uint32_t entries_max;
    const char *unit; /* of what it observes */
    double threshold; /* as the alert shows it */
};

struct scenario_set {
    struct scenario *list;
    struct scenario_tally *tally; /* one for each, written by the detector */
    unsigned count;
    struct scenario_where *nodes; /* all conditions */
    unsigned nodes_count;
    slice *texts; /* and their literals */
    unsigned texts_count;
    struct ip_net *nets;
    unsigned nets_count;
};

#endif
