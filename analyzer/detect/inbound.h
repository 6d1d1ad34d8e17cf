/* inbound.h - mail that comes in from outside, as the bounce detectors count it
 *
 * context.outside is for blame: it is false while a filter in front has named the client but not
 * said whether it had authenticated. For counting what comes in, the client's address is enough. */
#ifndef DETECT_INBOUND_H
#define DETECT_INBOUND_H

#include "correlate/correlate.h"

/* inbound_by_stranger - the client is outside, and nothing says that it authenticated */
static inline bool inbound_by_stranger(const struct context *cx)
{
    return cx->client_zone == CLIENT_OUTSIDE && !cx->authed;
}

/* inbound_is_new - of a QUEUED event: a stranger's message, seen for the first time. Behind a
 * filter before the queue it has no earlier life in the log. */
static inline bool inbound_is_new(const struct context *cx)
{
    bool first = cx->new_message ||
                 (cx->message != NULL && (cx->message->flags & MESSAGE_ORIGIN_UNSURE) != 0);
    return first && inbound_by_stranger(cx);
}

#endif
