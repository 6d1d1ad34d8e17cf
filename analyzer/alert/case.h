/* case.h - incidents that belong together, with their story in one line
 *
 * "03:10 203.0.113.9 guesses passwords, 80 failed -> 03:40 logs in as joe -> 03:41 joe sends 812
 * recipients -> 05:02 listed by zen.spamhaus.org": four alerts, one case. Two incidents are linked
 * when they share a principal (an address, a /64, an account, a member of a campaign) or when one
 * is the known consequence of the other, and when they overlap or follow within an hour. A common
 * /24 or the same rule is no link.
 *
 * A case is made at the end from the incidents known then. Its id comes from the alert id of its
 * earliest incident, so that it stays while the case grows.
 *
 * source: the design's section on alert aggregation, second level. */
#ifndef ALERT_CASE_H
#define ALERT_CASE_H

#include "alert/alert.h"

enum {
    CASES_MAX = 256,       /* told in full; the rest is counted */
    CASE_STORY_MAX = 1536, /* bytes with NUL */
    CASE_NAME_MAX = 64     /* bytes of an entity in a story; a longer one loses its end */
};

struct alert_case {
    char id[37];            /* UUIDv5 of "case/" and the alert id of the first incident */
    enum severity severity; /* the highest of its incidents */
    int64_t first_us, last_us;
    const struct alert *const *alerts; /* borrowed; earliest first, at least two */
    unsigned alerts_count;
    char story[CASE_STORY_MAX];
};

struct case_list {
    struct alert_case *cases; /* most severe first, then earliest */
    unsigned count;
    unsigned total;               /* with those beyond CASES_MAX */
    const struct alert **members; /* what `alerts` of all cases points into */
};

/* case_chain - find the cases among these incidents
 *
 *   in        incidents  borrowed: must outlive the list; any order gives the same cases
 *   out       ret        free with case_free()
 *   cost      O(n log n) over incidents and their listed members, once at the end of a run */
void case_chain(const struct alert *const *incidents, unsigned count, struct case_list *ret);

/* case_free - release what case_chain() made; an all-zero list is fine */
void case_free(struct case_list *list);

/* case_story - the story of incidents in one line of ASCII
 *
 *   in        alerts  earliest first
 *   out       buf     a step for each rule, joined by " -> "; names of the log in it have neither
 *                     blanks nor control characters, so that none can pretend to be a step */
void case_story(const struct alert *const *alerts, unsigned count, char *buf, size_t size);

#endif
