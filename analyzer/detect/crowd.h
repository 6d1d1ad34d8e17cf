/* crowd.h - many clients at one thing at the same time: who they are, and which of them still get
 * an alert of their own
 *
 * A crowd lasts as long as its owner's test says. It counts clients and networks, remembers the
 * first members for the alert, and grants the first few members an alert of their own: for the
 * rest the alert about the crowd speaks. In a flood of clients that come and never return, those
 * that do return stand out and are not hidden by it. Used by several detectors; knows nothing of
 * rules. */
#ifndef DETECT_CROWD_H
#define DETECT_CROWD_H

#include "alert/alert.h"
#include "base/distinct.h"
#include "correlate/correlate.h"

enum { CROWD_MEMBERS = 48, CROWD_NAMED = 16, CROWD_OUTSTANDING = 1024 };

/* All zero is no crowd. */
struct crowd {
    int64_t first_us, last_us;
    uint32_t events;
    uint32_t named;       /* members with an alert of their own since the crowd was told */
    uint32_t outstanding; /* and those of them that stood out */
    bool told;            /* the owner sets it with its first report */
    unsigned members;
    struct distinct clients, networks;
    struct ip_addr member[CROWD_MEMBERS];
};

/* crowd_begin - forget the former one */
void crowd_begin(struct crowd *c, int64_t time_us);

/* crowd_add - a client took part; networks are /24 and /48 */
void crowd_add(struct crowd *c, const struct context *cx, uint32_t events, int64_t time_us);

/* crowd_related - the members for a report: all that are known for the first one, afterwards only
 * the client that came
 *
 *   out       ret   room for CROWD_MEMBERS + 1
 *   result    how many were filled */
unsigned crowd_related(const struct crowd *c, const struct context *cx, struct alert_related *ret);

/* crowd_covers - the crowd has been told of within the last hour and enough of its members have an
 * alert of their own: another member needs none. Counts the member otherwise
 *
 *   in        spread  at how many separate times the member came, see table_spread() */
bool crowd_covers(struct crowd *c, int64_t time_us, unsigned spread);

/* crowd_stands_out - does who came at so many separate times stand out of so many others */
bool crowd_stands_out(unsigned spread, double others);

#endif
