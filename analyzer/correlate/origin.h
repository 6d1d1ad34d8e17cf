/* origin.h - who sent a message: from the event to its record, from there to every later event
 *
 * Two accounts of one message may differ: a log behind a front end knows the front end only, a log
 * of the queue cannot show who authenticated. The record keeps the best of all. */
#ifndef CORRELATE_ORIGIN_H
#define CORRELATE_ORIGIN_H

#include "correlate/correlate.h"

/* origin_to_context - what the record knows of client, user and sender into the context */
void origin_to_context(const struct message *m, struct context *cx);
/* origin_take - the client and user of the event in hand are those of the message */
void origin_take(struct message *m, const struct context *cx);
/* origin_take_sender - likewise its envelope sender */
void origin_take_sender(struct message *m, const struct context *cx);
/* origin_copy - the second life behind a filter has the origin of the first */
void origin_copy(struct message *to, const struct message *from);

/* origin_hide - ev's log cannot show whether a client outside had authenticated: nobody is accused
 * on its word. Result: 1 when that is so, to be counted */
unsigned origin_hide(struct message *m, const struct event *ev, const struct context *cx);
/* origin_add - another log tells of a message that is known: the client that stands farthest
 * outside is its origin, and what one log hides the other may show
 *
 *   in/out    cx       filled from the record at last
 *             hidden   messages whose authentication is hidden, kept up to date
 *   result    whether anything was new */
bool origin_add(struct message *m, const struct event *ev, struct context *cx, uint64_t *hidden);

/* origin_is_outside - a known client, outside, not authenticated as far as event and message tell:
 * it may not relay */
bool origin_is_outside(const struct context *cx);

/* origin_unjudged - an accepted recipient of somebody else's, where the log does not show that the
 * client was a stranger: it has no client, or hides whether he had authenticated */
bool origin_unjudged(const struct event *ev, const struct context *cx);

#endif
