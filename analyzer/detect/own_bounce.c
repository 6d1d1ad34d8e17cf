/* own_bounce.c - classify the notifications this server makes
 * algorithm: the origin of the message they are about decides, and which of its recipients failed
 * source:    RFC 5321 3.6.3, 6.1, 6.2; Microsoft KB 909005 (how operators tell reverse NDR from
 *            relaying)
 * limits:    if the message is not known (its lines lie before the log, or it was forgotten), that
 *            is all that is said */
#include "detect/own_bounce.h"

#include "detect/inbound.h"

enum own_bounce own_bounce_of(const struct event *ev, const struct context *cx)
{
    uint32_t flags = cx->message == NULL ? 0 : cx->message->flags;
    bool known = ev->dsn == DSN_FAILED || ev->dsn == DSN_DELAYED;

    if (ev->kind != EVENT_DSN || (!known && (ev->dsn != DSN_NONE || cx->message == NULL)))
        return OWN_BOUNCE_NONE;
    if (cx->message == NULL || (flags & (MESSAGE_HAS_CLIENT | MESSAGE_FORWARDED | MESSAGE_IS_DSN |
                                         MESSAGE_REINJECTED)) == 0)
        return OWN_BOUNCE_UNATTRIBUTED;
    if (!inbound_by_stranger(cx) || cx->null_sender || cx->sender.len == 0 ||
        cx->sender_zone != DOMAIN_FOREIGN)
        return OWN_BOUNCE_NONE;
    if ((flags & MESSAGE_FOREIGN_RCPT) && !(flags & MESSAGE_LOCAL_FAILED))
        return OWN_BOUNCE_RELAYED;
    if (!known)
        return cx->bounced_plain + cx->bounced_hidden > 0 ? OWN_BOUNCE_FAILED : OWN_BOUNCE_UNSURE;
    return ev->dsn == DSN_DELAYED ? OWN_BOUNCE_DELAYED : OWN_BOUNCE_FAILED;
}

/* A delay warning and the final notice are two by design; three are one for each bad recipient. */
bool own_bounce_amplified(const struct event *ev, const struct context *cx)
{
    return ev->dsn == DSN_FAILED && cx->message->dsn_sent >= 3;
}

bool own_bounce_overfull(const struct context *cx)
{
    return (cx->message->flags & MESSAGE_LOCAL_OVERFULL) != 0;
}
