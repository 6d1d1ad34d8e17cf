/* listing_fault.h - is it the sender's fault that a remote server names a block list, or ours?
 *
 * A listing that several accounts and inside machines meet, or that several remote servers name, is
 * this server's, and no sign of what one of them sends. Shared by the detectors that judge senders
 * by refusals. */
#ifndef DETECT_LISTING_FAULT_H
#define DETECT_LISTING_FAULT_H

#include "correlate/correlate.h"
#include "detect/recent_set.h"

/* All zero is the start. */
struct listing_fault {
    struct recent_set senders; /* accounts and inside hosts refused for a listing */
    struct recent_set remotes; /* servers that named one */
};

/* listing_fault_note - read any DELIVERY event, whoever sent: true when it is a refusal for a
 * listing that is not the sender's doing */
bool listing_fault_note(struct listing_fault *f, const struct event *ev, const struct context *cx);

#endif
