/* delivery_sign.h - what the fate of a recipient says about the sender: an address list of a
 * spammer, or a person's
 *
 * Used by the detectors that look at outbound mail; knows nothing of rules. */
#ifndef DETECT_DELIVERY_SIGN_H
#define DETECT_DELIVERY_SIGN_H

#include "correlate/correlate.h"
#include "event/event.h"

enum delivery_sign {
    SIGN_NONE,    /* not final, or nobody's fault: greylisting, full mailbox, unreachable, our own
                     trouble */
    SIGN_GOOD,    /* handed over or put into a mailbox */
    SIGN_BAD,     /* no such recipient, or refused for what was sent */
    SIGN_BAD_ONCE /* bad while it still waits: counts at most once a message */
};

/* delivery_sign_of - judge a DELIVERY event
 *
 *   out       ret_weight   of a bad sign: 1, or less where honest typing errors are frequent
 *             ret_listing  the refusal names a block list, reputation or rate: when several
 *             principals meet it, it is this server that is refused, and the sign is worth nothing
 *   note      a hand-over to a filter or next queue on this host is SIGN_NONE: the message
 *             lives on */
enum delivery_sign delivery_sign_of(const struct event *ev, const struct context *cx,
                                    double *ret_weight, bool *ret_listing);

#endif
