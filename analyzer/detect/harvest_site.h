/* harvest_site.h - a directory harvest spread over so many clients that none of them stands out
 *
 * Counts names of ours that do not exist, each once, over the whole site and minute by minute. When
 * they come faster than typing mistakes do, the clients that took part are the harvest.
 *
 * source: Poisson CUSUM, see base/cusum.h; Javed and Paxson (2013): detect in aggregate, then name
 * the participants. */
#ifndef DETECT_HARVEST_SITE_H
#define DETECT_HARVEST_SITE_H

#include "detect/detector.h"

struct state_io;

struct harvest_site;

/* harvest_site_new - an empty series; memory_bytes for the filter of names. harvest_site_free: NULL
 */
struct harvest_site *harvest_site_new(struct incidents *incidents, size_t memory_bytes);
struct harvest_site *harvest_site_free(struct harvest_site *s);

/* harvest_site_known - a recipient of ours that exists was reached: more mail brings more mistakes
 */
void harvest_site_known(struct harvest_site *s, int64_t time_us);

/* A recipient that does not exist. */
struct harvest_try {
    uint64_t name; /* lower-case hash of the recipient */
    uint32_t run;  /* which one in a row it is for this client, from 1 */
    bool accepted; /* it was taken at RCPT and bounced later */
};

/* harvest_site_unknown - an outside client, not reported by itself, made such a try; reports the
 * campaign while it lasts
 *
 *   in        ev, cx  of the event that showed it
 *   cost      O(1); a report while there is a campaign */
void harvest_site_unknown(struct harvest_site *s, const struct event *ev, const struct context *cx,
                          const struct harvest_try *try);

/* harvest_site_covers - a campaign goes on, and enough of its clients have an alert of their own:
 * see crowd_covers() */
bool harvest_site_covers(struct harvest_site *s, int64_t time_us, unsigned spread);

/* harvest_site_bytes - memory in use */
size_t harvest_site_bytes(const struct harvest_site *s);

/* harvest_site_persist - to a state or back, see base/state.h */
void harvest_site_persist(struct harvest_site *s, struct state_io *io);

#endif
