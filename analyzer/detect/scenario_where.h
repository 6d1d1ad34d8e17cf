/* scenario_where.h - the conditions of a scenario: JSON -> nodes, and nodes on an event
 *
 * {"outcome": "refused", "reason": ["policy", "content"], "rcpt_domain": {"domain": "example.org"},
 * "any": [{...}, {...}], "not": {...}}: all members must hold. A value is equal to it, a list to
 * one of it, an object names another comparison. Case does not matter. A fact that the event does
 * not have fails every comparison but {"exists": false} and "not".
 *
 * cost: no allocation, no regular expression; texts are compared one after the other */
#ifndef DETECT_SCENARIO_WHERE_H
#define DETECT_SCENARIO_WHERE_H

#include "base/outbuf.h"
#include "detect/scenario.h"
#include "match/signature_file.h"

enum {
    SCENARIO_VALUES_MAX = 256, /* of one comparison */
    SCENARIO_NODES_MAX = 8192, /* of all scenarios */
    SCENARIO_TEXTS_MAX = 16384,
    SCENARIO_NETS_MAX = 4096
};

struct cJSON;

/* where_compile - a condition of an entry
 *
 *   in        set     its pools have room for what the bounds above allow
 *             object  the JSON object; NULL gives NULL: no condition
 *             name    of the member, for messages: "where", "bad", "steps 2 where"
 *             kinds   of the events it is asked about
 *   out       ret
 *   result    false with *reterr: what is wrong and what is allowed */
bool where_compile(struct scenario_set *set, const struct signature_entry *e,
                   const struct cJSON *object, const char *name, uint32_t kinds,
                   const struct scenario_where **ret, struct error *reterr);

/* where_holds - does the condition hold for this event? NULL holds always */
bool where_holds(const struct scenario_where *where, const struct event *ev,
                 const struct context *cx);

/* where_explain - append the first member that does not hold, as the file has it; nothing when all
 * hold */
void where_explain(const struct scenario_where *where, const struct event *ev,
                   const struct context *cx, struct outbuf *out);

/* where_pools_new, where_pools_free - room for the conditions of a set */
void where_pools_new(struct scenario_set *set);
void where_pools_free(struct scenario_set *set);

#endif
