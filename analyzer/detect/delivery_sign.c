/* delivery_sign.c - outcome and reason of a delivery as evidence about its sender
 * source:    RFC 3463; what bounces of honest and of spam mail have in common: Foster (2011),
 *            undelivered shares by source
 * limits:    a remote that accepts everything and bounces later shows as good */
#include "detect/delivery_sign.h"

static const double domain_typo_weight = .7; /* people mistype domains too */

static enum delivery_sign bounced(const struct event *ev, const struct context *cx,
                                  double *ret_weight, bool *ret_listing)
{
    bool remote = ev->route == ROUTE_REMOTE;

    switch (cx->reason) {
    case REASON_DOMAIN_UNKNOWN:
        *ret_weight = domain_typo_weight;
        return SIGN_BAD;
    case REASON_BLOCKLIST:
        *ret_listing = true;
        return remote ? SIGN_BAD : SIGN_NONE;
    case REASON_RCPT_UNKNOWN:
    case REASON_POLICY:
    case REASON_CONTENT:
        return remote ? SIGN_BAD : SIGN_NONE;
    default:
        return SIGN_NONE;
    }
}

enum delivery_sign delivery_sign_of(const struct event *ev, const struct context *cx,
                                    double *ret_weight, bool *ret_listing)
{
    *ret_weight = 1;
    *ret_listing = false;
    if (ev->route == ROUTE_LOOPBACK || ev->route == ROUTE_FORWARD || ev->soft)
        return SIGN_NONE;
    switch (ev->outcome) {
    case OUTCOME_DELIVERED:
        return SIGN_GOOD;
    case OUTCOME_BOUNCED:
        return bounced(ev, cx, ret_weight, ret_listing);
    case OUTCOME_DEFERRED:
        *ret_listing = cx->reason == REASON_BLOCKLIST || cx->reason == REASON_RATE;
        return *ret_listing && ev->route == ROUTE_REMOTE ? SIGN_BAD_ONCE : SIGN_NONE;
    default:
        return SIGN_NONE;
    }
}
