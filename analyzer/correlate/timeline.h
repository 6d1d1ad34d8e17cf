/* timeline.h - traffic over time: how much was accepted, delivered, refused, in at most 192 buckets
 *
 * The buckets are of one width, a round one (10 s, 1 min, 10 min, 1 h, 1 day ...), aligned to UTC.
 * The width is the smallest with which first and last event are at most 192 buckets apart; it grows
 * with the log. So the same events give the same buckets, in whatever order they come.
 *
 * source: alert/summary.h for what is counted. */
#ifndef CORRELATE_TIMELINE_H
#define CORRELATE_TIMELINE_H

#include "alert/summary.h"
#include "correlate/correlate.h"

struct state_io;

struct timeline;

/* timeline_new - no counts; timeline_free returns NULL */
struct timeline *timeline_new(void);
struct timeline *timeline_free(struct timeline *t);

/* timeline_event - account for one event, at its own time: a late one goes where it belongs
 *
 *   cost      O(1); a few instructions for an event that is not counted */
void timeline_event(struct timeline *t, const struct event *ev, const struct context *cx);

/* timeline_view_of - the buckets from the first to the last that counted something */
void timeline_view_of(const struct timeline *t, struct timeline_view *ret);

/* timeline_persist - to a state or back, see base/state.h */
void timeline_persist(struct timeline *t, struct state_io *io);

/* timeline_merge - add what another run has counted */
void timeline_merge(struct timeline *dst, const struct timeline *src);

#endif
