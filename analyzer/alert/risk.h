/* risk.h - one number from 0 to 100 for a run, to sort servers and to draw a trend
 *
 * Each kind of trouble has a weight c: how bad it is for a mail server when it is certain. How
 * certain and how recent it is, is s: the worst incident of the kind, observed over threshold, at
 * most 1, halved for each day from its last event to the end of the log. Then
 *
 *     R = 100 * (1 - product over the kinds of (1 - c * s))
 *
 * It never replaces the verdict.
 *
 * source: the design's section on the risk score: weights, half-life and formula. */
#ifndef ALERT_RISK_H
#define ALERT_RISK_H

#include "alert/alert.h"

enum risk_kind {
    RISK_RELAY,
    RISK_ACCOUNT,
    RISK_INSIDE,
    RISK_LISTED,
    RISK_BACKSCATTER,
    RISK_QUEUE,
    RISK_GUESSING,
    RISK_PROTOCOL,
    RISK_VICTIM,
    RISK_HARVEST,
    RISK_SPOOF,
    RISK_PROBE,
    RISK_KINDS
};
/* risk_kind_name - the member name in the summary document: "relay" "account" ... */
const char *risk_kind_name(enum risk_kind kind);

struct risk {
    double score;             /* 0..100 */
    double share[RISK_KINDS]; /* 100 * c * s of each kind: the score if it stood alone */
};

/* risk_of - the score of these incidents
 *
 *   in        end_us  event time at the end of the log; an incident after it does not decay
 *   cost      O(count) */
struct risk risk_of(const struct alert *const *incidents, unsigned count, int64_t end_us);

#endif
