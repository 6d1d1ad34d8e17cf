/* own_bounce.h - what a notification of ours means: whom does it reach, and could that person have
 * asked for it
 *
 * Shared by the detectors of backscatter and of reverse NDR attacks. */
#ifndef DETECT_OWN_BOUNCE_H
#define DETECT_OWN_BOUNCE_H

#include "correlate/correlate.h"
#include "event/event.h"

enum own_bounce {
    OWN_BOUNCE_NONE,    /* no failure or delay, or to a user of ours, or about mail of an authorised
                           client */
    OWN_BOUNCE_FAILED,  /* accepted from a stranger for a recipient of ours, then bounced:
                           backscatter */
    OWN_BOUNCE_DELAYED, /* the same, a warning of delay */
    OWN_BOUNCE_UNSURE,  /* the same, but the log does not tell the kind: failure, delay, receipt or
                           absence note */
    OWN_BOUNCE_RELAYED, /* about mail that a stranger relayed through us: a consequence of the relay
                         */
    OWN_BOUNCE_UNATTRIBUTED /* about mail whose origin is not known: counted, never proof */
};

/* own_bounce_of - classify a DSN event; any other event is OWN_BOUNCE_NONE */
enum own_bounce own_bounce_of(const struct event *ev, const struct context *cx);

/* own_bounce_amplified - more than one failure notice went out about the same message */
bool own_bounce_amplified(const struct event *ev, const struct context *cx);

/* own_bounce_overfull - the mail failed for full mailboxes only: every server sends such bounces,
 * to real senders most of all, so they say little */
bool own_bounce_overfull(const struct context *cx);

#endif
