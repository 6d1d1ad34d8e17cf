/* listing_fault.c - how many senders met a listing lately, and at how many servers
 * algorithm: distinct accounts and inside clients, and distinct remote servers, in a window of
 *            three to six hours; three of either make it ours
 * limits:    strangers' mail does not count: who relays through us may be listed himself */
#include "detect/listing_fault.h"

#include "detect/delivery_sign.h"

enum { SENDERS_MAX = 2, REMOTES_MAX = 2 };
static const int64_t turn_us = INT64_C(3) * 3600 * 1000000;

bool listing_fault_note(struct listing_fault *f, const struct event *ev, const struct context *cx)
{
    uint64_t sender = cx->authed ? cx->user_hash : cx->client_hash;
    double weight;
    bool listing;

    if (ev->kind != EVENT_DELIVERY || cx->outside || sender == 0)
        return false;
    delivery_sign_of(ev, cx, &weight, &listing);
    if (!listing)
        return false;
    recent_set_add(&f->senders, sender, ev->time_us, turn_us);
    recent_set_add(&f->remotes, siphash13_lower(cx->key, event_field(ev, EF_RELAY)), ev->time_us,
                   turn_us);
    return recent_set_count(&f->senders, ev->time_us, turn_us) > SENDERS_MAX ||
           recent_set_count(&f->remotes, ev->time_us, turn_us) > REMOTES_MAX;
}
