/* sasl_folded.h - password guessers beyond those that have an alert of their own
 *
 * State of the detector sasl_guess. */
#ifndef DETECT_SASL_FOLDED_H
#define DETECT_SASL_FOLDED_H

#include "detect/detector.h"
#include "detect/recent_set.h"
#include "detect/sasl_clients.h"

/* All zero is the start. */
struct sasl_folded {
    struct recent_set told;    /* clients with an alert of their own, of 6 to 12 hours */
    struct recent_set clients; /* those without */
    struct recent_set failing; /* all that failed, of 1 to 2 hours */
    uint32_t failures;
    int severity; /* of the worst of them */
    int64_t first_us;
};

/* sasl_folded_failed - a client failed to log in */
void sasl_folded_failed(struct sasl_folded *f, uint64_t client_hash, int64_t time_us);

/* sasl_folded_told - a client got an alert of its own */
void sasl_folded_told(struct sasl_folded *f, uint64_t client_hash, int64_t time_us);

/* sasl_folded_takes - is enough said of clients like this one? Then it becomes a member of the
 * alert about the server. Of a flood of clients that fail once or twice, those that return stand
 * out (crowd_stands_out()) and are not taken
 *
 *   in        k         not told of yet, and not severe
 *             severity  what its own alert would have
 *             ev, cx  of its failure
 *   result    true: no alert of its own is due */
bool sasl_folded_takes(struct sasl_folded *f, struct incidents *incidents,
                       const struct sasl_client *k, int severity, const struct event *ev,
                       const struct context *cx);

#endif
