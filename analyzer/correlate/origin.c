/* origin.c - origins taken, copied, and put together from several accounts
 * algorithm: an authenticated account is final; else a client outside outweighs one inside (the
 *            front end); a log that shows the same client without authentication lifts the doubt
 *            of one that could not show it
 * source:    Postfix XFORWARD_README; Exchange original-client-ip behind the front end */
#include "correlate/origin.h"

void origin_to_context(const struct message *m, struct context *cx)
{
    cx->client = m->client;
    cx->client_zone = m->zone;
    cx->client_hash = m->client_hash;
    cx->client_name = m->client_name[0] ? slice_of(m->client_name) : SLICE_NONE;
    if (m->flags & MESSAGE_AUTHED) {
        cx->authed = true;
        cx->user = slice_of(m->user);
        cx->user_hash = m->user_hash;
    }
    if (m->flags & MESSAGE_HAS_SENDER) {
        cx->sender = slice_of(m->sender);
        cx->sender_hash = m->sender_hash;
        cx->null_sender = (m->flags & MESSAGE_NULL_SENDER) != 0;
        cx->sender_zone = m->sender_zone;
    }
}

static void take_user(struct message *m, const struct context *cx)
{
    m->flags |= MESSAGE_AUTHED;
    m->user_hash = cx->user_hash;
    slice_keep(cx->user, m->user, sizeof m->user);
}

void origin_take(struct message *m, const struct context *cx)
{
    m->flags |= MESSAGE_HAS_CLIENT;
    m->zone = cx->client_zone;
    m->client = cx->client;
    m->client_hash = cx->client_hash;
    slice_keep(cx->client_name, m->client_name, sizeof m->client_name);
    if (cx->authed)
        take_user(m, cx);
}

void origin_take_sender(struct message *m, const struct context *cx)
{
    m->sender_hash = cx->sender_hash;
    m->sender_zone = cx->sender_zone;
    slice_keep(cx->sender, m->sender, sizeof m->sender);
    m->flags |= MESSAGE_HAS_SENDER | (cx->null_sender ? MESSAGE_NULL_SENDER : 0U);
}

void origin_copy(struct message *to, const struct message *from)
{
    uint32_t origin = MESSAGE_HAS_CLIENT | MESSAGE_LOCAL_SUBMIT | MESSAGE_AUTHED | MESSAGE_IS_DSN |
                      MESSAGE_FORWARDED;

    to->flags = (to->flags & ~(origin | MESSAGE_ORIGIN_UNSURE)) | (from->flags & origin) |
                MESSAGE_REINJECTED;
    to->zone = from->zone;
    to->client = from->client;
    to->client_hash = from->client_hash;
    to->client_port = from->client_port;
    to->user_hash = from->user_hash;
    to->parent_key = from->parent_key;
    to->parent_handle = from->parent_handle;
    memcpy(to->client_name, from->client_name, sizeof to->client_name);
    memcpy(to->user, from->user, sizeof to->user);
    memcpy(to->helo, from->helo, sizeof to->helo);
}

unsigned origin_hide(struct message *m, const struct event *ev, const struct context *cx)
{
    if (!ev->auth_hidden || cx->authed || cx->client_zone != CLIENT_OUTSIDE)
        return 0; /* a client inside needs no login */
    m->flags |= MESSAGE_ORIGIN_UNSURE;
    return 1;
}

static void show(struct message *m, uint64_t *hidden)
{
    *hidden -= *hidden > 0 && (m->flags & MESSAGE_ORIGIN_UNSURE) != 0;
    m->flags &= ~(uint32_t)MESSAGE_ORIGIN_UNSURE;
}

static bool knows_more(const struct message *m, const struct context *cx)
{
    if (cx->client.family == 0 || (m->flags & MESSAGE_AUTHED))
        return false;
    return m->client.family == 0 ||
           (m->zone != CLIENT_OUTSIDE && cx->client_zone == CLIENT_OUTSIDE);
}

bool origin_add(struct message *m, const struct event *ev, struct context *cx, uint64_t *hidden)
{
    bool more = knows_more(m, cx), names_user = cx->authed && !(m->flags & MESSAGE_AUTHED);

    if (more || names_user || (!ev->auth_hidden && ip_addr_eq(&m->client, &cx->client)))
        show(m, hidden);
    if (more) {
        origin_take(m, cx);
        *hidden += origin_hide(m, ev, cx);
    } else if (names_user) {
        take_user(m, cx);
    }
    if (m->helo[0] == '\0')
        slice_keep(event_field(ev, EF_HELO), m->helo, sizeof m->helo);
    origin_to_context(m, cx);
    return more || names_user;
}

bool origin_is_outside(const struct context *cx)
{
    if (cx->authed || cx->client_zone != CLIENT_OUTSIDE)
        return false;
    return cx->message == NULL || !(cx->message->flags & (MESSAGE_ORIGIN_UNSURE | MESSAGE_AUTHED));
}

bool origin_unjudged(const struct event *ev, const struct context *cx)
{
    if (ev->kind != EVENT_RCPT || ev->outcome != OUTCOME_ACCEPTED || cx->authed || cx->outside)
        return false;
    return (cx->rcpt_class == RCPT_THIRD_PARTY || cx->rcpt_class == RCPT_TRICK) &&
           (cx->client_zone == CLIENT_UNKNOWN || cx->client_zone == CLIENT_OUTSIDE);
}
