/* relay_probe_site.h - relay probing spread over so many networks and targets that neither shows it
 *
 * Counts the distinct networks that are refused for relaying, minute by minute, over the whole
 * site. When there are far more than usual and they have no target in common, they are one
 * campaign.
 *
 * source: Poisson CUSUM, see base/cusum.h; the design's D1. */
#ifndef DETECT_RELAY_PROBE_SITE_H
#define DETECT_RELAY_PROBE_SITE_H

#include "detect/detector.h"

struct state_io;

struct relay_probe_site;

/* relay_probe_site_new - an empty series; relay_probe_site_free: NULL */
struct relay_probe_site *relay_probe_site_new(struct incidents *incidents);
struct relay_probe_site *relay_probe_site_free(struct relay_probe_site *s);

/* relay_probe_site_add - an outside client was refused for relaying; reports the campaign while it
 * lasts
 *
 *   in        ev, cx  of the refusal
 *   cost      O(1); a report while there is a campaign */
void relay_probe_site_add(struct relay_probe_site *s, const struct event *ev,
                          const struct context *cx);

/* relay_probe_site_covers - a campaign goes on, and enough of its clients have an alert of their
 * own: see crowd_covers() */
bool relay_probe_site_covers(struct relay_probe_site *s, int64_t time_us, unsigned spread);

/* relay_probe_site_bytes - memory in use */
size_t relay_probe_site_bytes(const struct relay_probe_site *s);

/* relay_probe_site_persist - to a state or back, see base/state.h */
void relay_probe_site_persist(struct relay_probe_site *s, struct state_io *io);

#endif
