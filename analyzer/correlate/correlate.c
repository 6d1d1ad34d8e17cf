/* correlate.c - join events to sessions and messages, and judge who, whom and why
 * algorithm: key (host, instance) + session or queue id; two-stage join: the session until a
 *            queue id is known, the queue id from then on. A recipient is judged on the address
 *            before aliasing, where the log has it, since an alias of ours that points outside
 *            is our own doing. Origins behind a content filter are taken over only on exact
 *            evidence: the filter's "queued as", or the original queue id passed on to us by a
 *            local client. A message told by several logs has one record (message_ids.h).
 * source:    RFC 2505 2.1 (who may relay), RFC 5321 3.6; Postfix collate (join),
 *            XFORWARD_README (origins)
 * limits:    an alias to the outside that is expanded before a filter excuses all foreign
 *            recipients of that message */
#include "correlate/correlate.h"

#include <stdlib.h>

#include "base/panic.h"
#include "base/state.h"
#include "correlate/echo.h"
#include "correlate/envelopes.h"
#include "correlate/message_ids.h"
#include "correlate/origin.h"
#include "correlate/recipient.h"

struct correlate {
    struct hash_key key;
    struct zones *zones;
    struct session_table *sessions;
    struct message_table *messages;
    struct message_ids *ids;
    struct envelopes *envelopes;
    struct recipient_judge judge;
    const struct reasons *reasons;
    struct signatures *own_signatures; /* where none were given */
    struct echo *echo;
    uint64_t event_scope;                              /* of the last event */
    void (*turned)(void *arg, const struct event *ev); /* NULL: nobody asks */
    void *turned_arg;
    struct event_keyer keyer;
    const struct event_keys *keys; /* of the event in hand: its thread's, or own_keys */
    struct event_keys own_keys;
    struct address
        rcpt; /* of the event in hand; apart from the context so that a reset stays cheap */
    struct session *closing; /* ended by the last event; detectors have seen it by now */
    struct correlate_stats stats;
};

struct correlate *correlate_new(const struct correlate_config *config)
{
    struct correlate *c = panic_calloc(1, sizeof *c);

    c->key = c->keyer.key = config->key;
    c->zones = config->zones;
    c->sessions = session_table_new(config->sessions);
    c->messages = message_table_new(config->messages);
    c->ids = message_ids_new(&c->key, c->messages,
                             config->ids == 0 ? 2 * config->messages : config->ids);
    c->envelopes = envelopes_new(&c->key, c->messages, config->messages);
    c->judge = (struct recipient_judge){&c->key, c->zones, c->ids};
    if (config->signatures == NULL)
        c->own_signatures = signatures_load(NULL, NULL);
    c->reasons = (config->signatures == NULL ? c->own_signatures : config->signatures)->reasons;
    c->echo = echo_new();
    return c;
}

struct correlate *correlate_free(struct correlate *c)
{
    if (c == NULL)
        return NULL;
    session_table_free(c->sessions);
    message_table_free(c->messages);
    message_ids_free(c->ids);
    envelopes_free(c->envelopes);
    signatures_free(c->own_signatures);
    echo_free(c->echo);
    free(c);
    return NULL;
}

void correlate_renew(struct correlate *c, const struct signatures *signatures)
{
    c->reasons = signatures->reasons;
}

struct message_table *correlate_messages(struct correlate *c)
{
    return c->messages;
}

uint64_t correlate_principal(const struct hash_key *key, const struct ip_addr *ip)
{
    uint64_t words[2] = {ip->hi, ip->family == 6 ? 0 : ip->lo};

    return ip->family == 0 ? 0 : siphash13(key, words, sizeof words);
}

slice correlate_principal_text(const struct ip_addr *ip, char *buf)
{
    return ip_addr_format(ip, buf);
}

/* ---- keys ---- */

static uint64_t id_key(struct correlate *c, uint64_t scope, slice id)
{
    return event_key_of_id(&c->keyer, scope, id);
}

static uint64_t lower_hash(const struct correlate *c, slice text)
{
    return event_key_of_text(&c->key, text);
}

/* ---- who ---- */

static void origin_from_event(struct correlate *c, const struct event *ev, struct context *cx)
{
    cx->client = ev->client;
    cx->client_name = event_field(ev, EF_CLIENT_NAME);
    cx->client_zone = zones_client(c->zones, &ev->client, cx->client_name);
    cx->client_hash = c->keys->client;
}

static void user_from_event(const struct correlate *c, const struct event *ev, struct context *cx)
{
    slice user = event_field(ev, EF_USER);

    if (user.len == 0)
        return;
    cx->user = user;
    cx->user_hash = c->keys->user;
    cx->authed = ev->kind != EVENT_AUTH || ev->outcome == OUTCOME_ACCEPTED;
}

static void user_from_session(struct correlate *c, struct context *cx)
{
    const struct session *s = cx->session;

    if (cx->authed || s == NULL || !(s->flags & SESSION_AUTHED))
        return;
    cx->authed = true;
    cx->user = slice_of(s->user);
    cx->user_hash = lower_hash(c, cx->user);
}

static void sender_from_event(struct correlate *c, const struct event *ev, struct context *cx)
{
    slice domain;

    if (!event_has(ev, EF_SENDER))
        return;
    cx->sender = event_field(ev, EF_SENDER);
    cx->null_sender = ev->null_sender;
    cx->sender_hash = c->keys->sender;
    address_untag(cx->sender, &domain);
    cx->sender_zone = zones_domain(c->zones, domain);
}

/* ---- joins, one function an event kind ---- */

static void join_connect(struct correlate *c, const struct event *ev, uint64_t key,
                         struct context *cx)
{
    if (key == 0)
        return;
    cx->session = session_table_open(c->sessions, key, ev->time_us);
    cx->session->client = cx->client;
    cx->session->client_hash = cx->client_hash;
}

/* Two sessions under one key within one second of a log that is out of order: neither ends the
 * other, nor answers for it. */
static bool is_other_client(const struct session *s, const struct context *cx)
{
    return s->client.family != 0 && cx->client.family != 0 && !ip_addr_eq(&s->client, &cx->client);
}

static void join_disconnect(struct correlate *c, const struct event *ev, uint64_t key,
                            struct context *cx)
{
    struct session *s = key == 0 ? NULL : session_table_find(c->sessions, key);

    if (ev->kind == EVENT_DISCONNECT && (ev->counters.mail_all > 0 || ev->counters.rcpt_all > 0)) {
        c->stats.sessions++;
        c->stats.sessions_with_rcpt +=
            ev->counters.present || (s != NULL && (s->flags & SESSION_HAS_RCPT));
    }
    c->stats.auth_seen += ev->counters.auth_all > 0;
    if (s == NULL || is_other_client(s, cx))
        return;
    cx->session = s;
    if (ev->kind == EVENT_DISCONNECT)
        c->closing = s;
}

/* Another client under the same key: the end of the one before and the beginning of this one were
 * lost, or came in another order. What the one before was allowed to do is not this one's. */
static struct session *open_session(struct correlate *c, const struct event *ev, uint64_t key,
                                    const struct context *cx)
{
    struct session *s = key == 0 ? NULL : session_table_get(c->sessions, key, ev->time_us);

    if (s == NULL)
        return NULL;
    if (is_other_client(s, cx))
        s = session_table_open(c->sessions, key, ev->time_us);
    if (s->client.family == 0) {
        s->client = cx->client;
        s->client_hash = cx->client_hash;
    }
    return s;
}

static void join_auth(struct correlate *c, const struct event *ev, uint64_t key, struct context *cx)
{
    cx->session = open_session(c, ev, key, cx);
    c->stats.auth_seen++;
    if (cx->session == NULL)
        return;
    if (ev->outcome == OUTCOME_REFUSED) {
        cx->session->auth_failures += ev->repeat;
        cx->session->failed_user = cx->user_hash;
    }
    if (ev->outcome == OUTCOME_ACCEPTED) {
        cx->session->flags |= SESSION_AUTHED | SESSION_LOGGED_IN;
        slice_keep(cx->user, cx->session->user, sizeof cx->session->user);
    }
}

/* A client inside passes on for whom it speaks. What it says is believed, but it does not say
 * whether that client had authenticated: that is known only when the first life of the message is
 * known. */
static void origin_from_filter(struct correlate *c, const struct event *ev, uint64_t scope,
                               struct context *cx)
{
    struct message *m = cx->message;
    uint64_t first_key = id_key(c, scope, event_field(ev, EF_CHILD_ID));
    struct message *first = first_key == 0 ? NULL : message_table_find(c->messages, first_key);

    if (cx->client_zone == CLIENT_OUTSIDE)
        return;
    if (first != NULL && first != m) {
        origin_copy(m, first);
        first->flags |= MESSAGE_HANDED_ON;
    } else if (ev->orig_client.family != 0) {
        cx->client = m->client = ev->orig_client;
        m->client_port = 0;
        cx->client_name = event_field(ev, EF_ORIG_CLIENT_NAME);
        m->zone = zones_client(c->zones, &ev->orig_client, cx->client_name);
        m->client_hash = correlate_principal(&c->key, &ev->orig_client);
        slice_keep(cx->client_name, m->client_name, sizeof m->client_name);
        m->flags |= MESSAGE_REINJECTED | MESSAGE_ORIGIN_UNSURE;
    } else {
        return;
    }
    origin_to_context(m, cx);
}

static bool life_begun(const struct message *m)
{
    return (m->flags & (MESSAGE_HAS_CLIENT | MESSAGE_QUEUED | MESSAGE_DONE)) != 0;
}

static void join_mail(struct correlate *c, const struct event *ev, uint64_t scope,
                      uint64_t session_key, uint64_t message_key, struct context *cx)
{
    struct message *m;

    if (!ev->local_submit)
        cx->session = open_session(c, ev, session_key, cx);
    if (cx->session != NULL && (cx->session->flags & SESSION_LOGGED_IN))
        user_from_session(c, cx);
    if (cx->session != NULL) {
        cx->session->transactions++;
        cx->session->message_key = message_key;
        if (cx->authed) {
            cx->session->flags |= SESSION_AUTHED;
            slice_keep(cx->user, cx->session->user, sizeof cx->session->user);
        }
    }
    c->stats.auth_seen += cx->authed;
    if (message_key == 0)
        return;
    m = cx->message = message_table_get(c->messages, message_key, ev->time_us);
    if (life_begun(m) && ev->may_repeat) {
        cx->repeated = !origin_add(m, ev, cx, &c->stats.auth_hidden);
        return;
    }
    if (life_begun(m))
        message_table_restart(m, ev->time_us);
    origin_take(m, cx);
    c->stats.auth_hidden += origin_hide(m, ev, cx);
    if (ev->local_submit)
        m->flags |= MESSAGE_LOCAL_SUBMIT;
    slice_keep(event_field(ev, EF_QUEUE_ID), m->queue_id, sizeof m->queue_id);
    slice_keep(event_field(ev, EF_HELO), m->helo, sizeof m->helo);
    m->client_port = ev->client_port;
    if (ev->orig_client.family != 0 || event_has(ev, EF_CHILD_ID))
        origin_from_filter(c, ev, scope, cx);
}

static void join_rcpt(struct correlate *c, const struct event *ev, uint64_t session_key,
                      uint64_t message_key, struct context *cx)
{
    cx->session = open_session(c, ev, session_key, cx);
    user_from_session(c, cx);
    if (message_key != 0)
        cx->message = message_table_find(c->messages, message_key);
    if (cx->session == NULL)
        return;
    if (ev->outcome != OUTCOME_NONE)
        cx->session->flags |= SESSION_HAS_RCPT;
    if (cx->null_sender && ev->outcome == OUTCOME_REFUSED)
        cx->session->flags |= SESSION_NULL_REFUSED;
    if (ev->outcome == OUTCOME_ACCEPTED)
        cx->session->rcpt_accepted += ev->repeat;
    else if (ev->outcome != OUTCOME_NONE)
        cx->session->rcpt_refused += ev->repeat;
}

static struct message *join_message(struct correlate *c, const struct event *ev, uint64_t key,
                                    struct context *cx)
{
    struct message *m = cx->message =
        key == 0 ? NULL : message_table_get(c->messages, key, ev->time_us);

    if (m == NULL)
        return NULL;
    if (m->queue_id[0] == '\0')
        slice_keep(event_field(ev, EF_QUEUE_ID), m->queue_id, sizeof m->queue_id);
    if (m->parent_key != 0)
        cx->parent = message_table_at(c->messages, m->parent_handle, m->parent_key);
    return m;
}

static void join_queued(struct correlate *c, const struct event *ev, uint64_t key,
                        struct context *cx)
{
    struct message *m = join_message(c, ev, key, cx);

    if (m == NULL)
        return;
    cx->repeated = ev->may_repeat && (m->flags & MESSAGE_QUEUED);
    if (!(m->flags & MESSAGE_QUEUED)) {
        origin_take_sender(m, cx);
        m->nrcpt = ev->nrcpt;
        m->size = ev->size > UINT32_MAX ? UINT32_MAX : (uint32_t)ev->size;
        m->flags |= MESSAGE_QUEUED;
        cx->new_message = !(m->flags & MESSAGE_REINJECTED) && m->zone != CLIENT_LOOPBACK;
        c->stats.queued++;
        c->stats.queued_client_known +=
            ((m->flags & MESSAGE_HAS_CLIENT) &&
             (m->client.family != 0 || (m->flags & MESSAGE_LOCAL_SUBMIT))) ||
            (m->flags & (MESSAGE_IS_DSN | MESSAGE_FORWARDED)) || cx->null_sender;
    }
    origin_to_context(m, cx);
}

/* An alias of ours leads to somebody else's domain: our doing, not a relay. Behind the filter only
 * the outcome shows. */
static bool is_aliased_outside(const struct correlate *c, const struct event *ev,
                               const struct context *cx)
{
    return event_has(ev, EF_ORIG_RCPT) &&
           (cx->rcpt_class == RCPT_OURS || cx->rcpt_class == RCPT_RELAYED) &&
           zones_domain(c->zones, address_domain(event_field(ev, EF_RCPT))) == DOMAIN_FOREIGN;
}

/* Handed to a filter on this host: the message goes on under another id, with this origin. */
static void join_handed_on(struct correlate *c, const struct event *ev, uint64_t scope,
                           struct context *cx)
{
    uint64_t child_key = id_key(c, scope, event_field(ev, EF_CHILD_ID));
    struct message *child = child_key == 0 ? NULL : message_table_find(c->messages, child_key);

    if (child == NULL || child == cx->message)
        return;
    cx->child = child;
    cx->message->flags |= MESSAGE_HANDED_ON;
    if (child->zone == CLIENT_LOOPBACK || (child->flags & MESSAGE_ORIGIN_UNSURE))
        origin_copy(child, cx->message);
    child->flags |= MESSAGE_JOINED;
    if (is_aliased_outside(c, ev, cx))
        child->flags |= MESSAGE_ALIASED;
}

/* The record of a message this server made; an id in use again keeps nothing of its former life. */
static struct message *new_child(struct correlate *c, uint64_t key, int64_t time_us,
                                 struct message *made_for)
{
    struct message *child = message_table_get_beside(c->messages, key, time_us, made_for);

    if (child->flags & MESSAGE_DONE)
        message_table_restart(child, time_us);
    return child;
}

static void join_forward(struct correlate *c, const struct event *ev, uint64_t scope,
                         struct context *cx)
{
    uint64_t child_key = id_key(c, scope, event_field(ev, EF_CHILD_ID));

    if (child_key == 0 || child_key == message_table_key(cx->message))
        return;
    cx->child = new_child(c, child_key, ev->time_us, cx->message);
    cx->child->flags |= MESSAGE_FORWARDED;
}

static void note_local_failure(struct message *m, enum reason reason)
{
    bool full = reason == REASON_MAILBOX_FULL || reason == REASON_MAILBOX_DISABLED;

    if (!full)
        m->flags &= ~(uint32_t)MESSAGE_LOCAL_OVERFULL;
    else if (!(m->flags & MESSAGE_LOCAL_FAILED))
        m->flags |= MESSAGE_LOCAL_OVERFULL;
    m->flags |= MESSAGE_LOCAL_FAILED;
}

static void note_outcome(const struct event *ev, const struct context *cx)
{
    struct message *m = cx->message;

    if (cx->rcpt_class == RCPT_THIRD_PARTY || cx->rcpt_class == RCPT_TRICK)
        m->flags |= MESSAGE_FOREIGN_RCPT;
    else if (cx->rcpt_class != RCPT_NONE)
        m->flags |= MESSAGE_LOCAL_RCPT;
    m->recipients_seen += ev->outcome != OUTCOME_DEFERRED;
    if (ev->outcome == OUTCOME_DEFERRED)
        m->flags |= MESSAGE_DEFERRED;
    if (ev->outcome == OUTCOME_DELIVERED)
        m->flags |= MESSAGE_DELIVERED;
    if (ev->outcome != OUTCOME_BOUNCED && ev->outcome != OUTCOME_EXPIRED)
        return;
    m->flags |= MESSAGE_BOUNCED;
    m->recipients_bad++;
    if (cx->rcpt_class == RCPT_OURS || cx->rcpt_class == RCPT_RELAYED)
        note_local_failure(m, cx->reason);
}

/* Final outcomes count once; a delay may come again. */
static bool told_before(struct correlate *c, const struct event *ev, uint64_t key,
                        const struct context *cx)
{
    return ev->may_repeat && key != 0 && cx->rcpt_hash != 0 && ev->outcome != OUTCOME_DEFERRED &&
           !message_ids_first(c->ids, ev, key, cx->rcpt_hash);
}

static void join_delivery(struct correlate *c, const struct event *ev, uint64_t scope, uint64_t key,
                          struct context *cx)
{
    struct message *m = join_message(c, ev, key, cx);

    recipient_of_delivery(&c->judge, ev, c->keys->rcpt, key, cx);
    cx->repeated = told_before(c, ev, key, cx);
    if (cx->repeated)
        return;
    c->stats.deliveries++;
    c->stats.deliveries_with_reply += ev->reply_code != 0 || event_has(ev, EF_TEXT);
    if (m == NULL)
        return;
    if (!(m->flags & MESSAGE_HAS_SENDER) && event_has(ev, EF_SENDER))
        origin_take_sender(m, cx);
    origin_to_context(m, cx);
    if ((m->flags & MESSAGE_ALIASED) && cx->rcpt_class == RCPT_THIRD_PARTY)
        cx->rcpt_class = RCPT_OURS;
    note_outcome(ev, cx);
    if (ev->may_repeat)
        message_ids_note(c->ids, ev, key);
    if (ev->may_repeat && m->recipients_seen >= m->nrcpt)
        m->flags |= MESSAGE_SETTLED;
    if (ev->route == ROUTE_LOOPBACK)
        join_handed_on(c, ev, scope, cx);
    if (ev->route == ROUTE_FORWARD)
        join_forward(c, ev, scope, cx);
}

/* The log names the notification, and the message it is about by what the sender wrote. */
static uint64_t noticed_key(struct correlate *c, const struct event *ev, uint64_t child_key,
                            struct context *cx)
{
    cx->repeated = child_key != 0 && !message_ids_first(c->ids, ev, child_key, 0);
    return message_ids_about(c->ids, ev, lower_hash(c, event_field(ev, EF_RCPT)));
}

static void join_dsn(struct correlate *c, const struct event *ev, uint64_t scope, uint64_t key,
                     struct context *cx)
{
    uint64_t child_key = message_ids_root(c->ids, id_key(c, scope, event_field(ev, EF_CHILD_ID)));
    struct message *m;

    if (ev->may_repeat && key == 0)
        key = noticed_key(c, ev, child_key, cx);
    m = cx->repeated ? NULL : join_message(c, ev, key, cx);
    if (m == NULL && child_key != 0 && !cx->repeated)
        new_child(c, child_key, ev->time_us, NULL)->flags |= MESSAGE_IS_DSN;
    if (m == NULL)
        return;
    origin_to_context(m, cx);
    if (ev->dsn == DSN_FAILED || ev->dsn == DSN_DELAYED)
        m->dsn_sent++;
    if (child_key == 0 || child_key == key)
        return;
    cx->child = new_child(c, child_key, ev->time_us, m);
    cx->child->flags |= MESSAGE_IS_DSN;
    cx->child->parent_key = key;
    cx->child->parent_handle = message_table_handle(c->messages, m);
}

static void join_done(struct correlate *c, const struct event *ev, uint64_t key, struct context *cx)
{
    struct message *m = key == 0 ? NULL : message_table_find(c->messages, key);

    (void)ev;
    if (m == NULL)
        return;
    cx->message = m;
    origin_to_context(m, cx);
    message_table_done(c->messages, m);
}

/* Only the first account of a message has the recipients that the client gave: on later servers
 * they are what became of them. */
static void join_envelope(struct correlate *c, const struct event *ev, uint64_t key,
                          struct context *cx)
{
    struct message *m = key == 0 ? NULL : message_table_find(c->messages, key);

    if (m == NULL || (m->flags & MESSAGE_QUEUED))
        return;
    cx->message = m;
    m->flags |= MESSAGE_ENVELOPE;
    recipient_of_envelope(&c->judge, ev, c->keys->rcpt, key, cx);
}

/* A copy with an id of its own: of one message told by several logs, or of a list of ours, whose
 * members are our doing as with an alias. */
static void join_split(struct correlate *c, const struct event *ev, uint64_t scope, uint64_t key,
                       struct context *cx)
{
    uint64_t copy_key = id_key(c, scope, event_field(ev, EF_CHILD_ID));

    if (!ev->may_repeat) {
        if (join_message(c, ev, key, cx) != NULL)
            join_forward(c, ev, scope, cx);
        return;
    }
    if (message_ids_root(c->ids, copy_key) == copy_key)
        message_ids_lead(c->ids, copy_key, key, ev->time_us);
}

/* A before-queue proxy says under which id the mail went on: that message belongs to this session's
 * client. */
static void join_action(struct correlate *c, const struct event *ev, uint64_t scope,
                        uint64_t session_key, struct context *cx)
{
    uint64_t child_key = id_key(c, scope, event_field(ev, EF_CHILD_ID));
    struct message *child;

    cx->session = session_key == 0 ? NULL : session_table_find(c->sessions, session_key);
    user_from_session(c, cx);
    child = child_key == 0 ? NULL : message_table_find(c->messages, child_key);
    if (child == NULL || cx->session == NULL || cx->session->client.family == 0)
        return;
    cx->client = cx->session->client;
    cx->client_hash = cx->session->client_hash;
    cx->client_zone = zones_client(c->zones, &cx->client, SLICE_NONE);
    child->flags =
        (child->flags & ~(uint32_t)MESSAGE_ORIGIN_UNSURE) | MESSAGE_REINJECTED | MESSAGE_JOINED;
    origin_take(child, cx);
}

/* What makes a smuggled message possible, kept for the session: both marks in one session are no
 * accident. */
static void note_anomaly(const struct event *ev, struct session *s)
{
    if (s == NULL)
        return;
    if (ev->anomaly == ANOMALY_BARE_LF || ev->counters.bare_lf)
        s->flags |= SESSION_BARE_LF;
    if (ev->kind == EVENT_REFUSAL && slice_has(event_field(ev, EF_TEXT), SLICE_LIT("bare <LF>")))
        s->flags |= SESSION_BARE_LF;
    if (ev->anomaly == ANOMALY_PIPELINING &&
        (ev->stage == STAGE_DATA || ev->stage == STAGE_END_OF_DATA))
        s->flags |= SESSION_PIPELINED_DATA;
}

/* ---- why ---- */

static enum reason why(const struct correlate *c, const struct event *ev)
{
    enum reason_direction direction = DIRECTION_OWN;

    if (ev->outcome == OUTCOME_ACCEPTED || ev->outcome == OUTCOME_DELIVERED ||
        ev->outcome == OUTCOME_NONE)
        return REASON_NONE;
    if (ev->kind == EVENT_DELIVERY && ev->route == ROUTE_REMOTE)
        direction = DIRECTION_REMOTE;
    return reason_classify(c->reasons, direction, ev->reply_code, ev->status, reason_text(ev));
}

/* This is the one place that looks at the host of each event, so that others are told from here
 * when it is not that of the event before. */
static void note_scope(struct correlate *c, const struct event *ev)
{
    if (c->keys->scope != c->event_scope && c->turned != NULL)
        c->turned(c->turned_arg, ev);
    c->event_scope = c->keys->scope;
}

static void join(struct correlate *c, const struct event *ev, struct context *cx)
{
    uint64_t scope = c->keys->queue_scope, session_key = c->keys->session;
    uint64_t message_key = message_ids_key(c->ids, ev, c->keys->queue);

    if (message_key == 0)
        message_key = envelopes_find(c->envelopes, ev);
    switch (ev->kind) {
    case EVENT_CONNECT:
        join_connect(c, ev, session_key, cx);
        break;
    case EVENT_DISCONNECT:
    case EVENT_LOST:
        join_disconnect(c, ev, session_key, cx);
        note_anomaly(ev, cx->session);
        break;
    case EVENT_AUTH:
        join_auth(c, ev, session_key, cx);
        break;
    case EVENT_MAIL:
        join_mail(c, ev, scope, session_key, message_key, cx);
        break;
    case EVENT_RCPT:
        recipient_of_rcpt(&c->judge, ev, c->keys->rcpt, cx);
        join_rcpt(c, ev, session_key, message_key, cx);
        break;
    case EVENT_QUEUED:
        join_queued(c, ev, message_key, cx);
        break;
    case EVENT_DELIVERY:
        join_delivery(c, ev, scope, message_key, cx);
        break;
    case EVENT_DSN:
        join_dsn(c, ev, scope, message_key, cx);
        break;
    case EVENT_DONE:
        join_done(c, ev, message_key, cx);
        break;
    case EVENT_MESSAGE_ID:
        if (ev->may_repeat)
            message_ids_note(c->ids, ev, message_key);
        break;
    case EVENT_ENVELOPE:
        join_envelope(c, ev, message_key, cx);
        break;
    case EVENT_REWRITE:
        cx->message = message_key == 0 ? NULL : message_table_find(c->messages, message_key);
        recipient_of_rewrite(&c->judge, ev, message_key, cx);
        break;
    case EVENT_SPLIT:
        join_split(c, ev, scope, message_key, cx);
        break;
    case EVENT_ACTION:
        join_action(c, ev, scope, session_key, cx);
        break;
    case EVENT_REFUSAL:
    case EVENT_PROTOCOL:
        cx->session = open_session(c, ev, session_key, cx);
        user_from_session(c, cx);
        note_anomaly(ev, cx->session);
        break;
    default:
        break;
    }
    if (ev->may_repeat && cx->message != NULL && ev->kind != EVENT_DSN &&
        event_has(ev, EF_TRACE_ID))
        cx->message->flags |= MESSAGE_TRACED;
}

static void context_reset(struct correlate *c, struct context *cx)
{
    bytes_zero(cx, sizeof *cx);
    cx->zones = c->zones;
    cx->key = &c->key;
    cx->rcpt = &c->rcpt;
}

void correlate_on_turn(struct correlate *c, void (*turned)(void *arg, const struct event *ev),
                       void *arg)
{
    c->turned = turned;
    c->turned_arg = arg;
}

void correlate_event(struct correlate *c, const struct event *ev, const struct event_keys *keys,
                     struct context *cx)
{
    if (keys == NULL)
        event_keys_of(&c->keyer, ev, &c->own_keys);
    c->keys = keys == NULL ? &c->own_keys : keys;
    note_scope(c, ev);
    if (c->closing != NULL) {
        session_table_close(c->sessions, c->closing);
        c->closing = NULL;
    }
    context_reset(c, cx);
    cx->repeated = ev->teller != TELLER_ONLY && echo_heard(c->echo, &c->key, ev);
    if (cx->repeated)
        return;
    if (!event_is_joined(ev))
        return; /* carried by no join, see the limits of the filter links above */
    if (ev->client.family != 0)
        origin_from_event(c, ev, cx);
    user_from_event(c, ev, cx);
    sender_from_event(c, ev, cx);
    cx->reason = why(c, ev);
    c->stats.dialogues += event_has(ev, EF_SESSION) || ev->kind == EVENT_RCPT;
    join(c, ev, cx);
    cx->outside = origin_is_outside(cx);
    envelopes_note(c->envelopes, ev, cx);
    c->stats.unjudged += origin_unjudged(ev, cx);
    if (cx->client_zone == CLIENT_TRUSTED && !zones_explicit_networks(c->zones) &&
        ev->kind == EVENT_MAIL)
        zones_learn_client(c->zones, &cx->client);
}

void correlate_stats(const struct correlate *c, struct correlate_stats *ret)
{
    *ret = c->stats;
    ret->message_evictions = message_table_evictions(c->messages);
    ret->session_evictions = session_table_evictions(c->sessions);
}

const char *rcpt_class_name(enum rcpt_class class)
{
    static const char *const names[] = {"", "ours", "relayed", "third_party", "trick"};
    return names[class];
}

void correlate_persist(struct correlate *c, struct state_io *io)
{
    if (c->closing != NULL) /* what the next event would do first */
        session_table_close(c->sessions, c->closing);
    c->closing = NULL;
    state_bytes(io, "correlate", &c->stats, sizeof c->stats, 1);
    session_table_persist(c->sessions, io);
    message_table_persist(c->messages, io);
    message_ids_persist(c->ids, io);
    envelopes_persist(c->envelopes, io);
    echo_persist(c->echo, io);
}

const struct correlate_stats *correlate_live(const struct correlate *c)
{
    return &c->stats;
}

void correlate_stats_add(struct correlate_stats *sum, const struct correlate_stats *now,
                         const struct correlate_stats *before)
{
    sum->sessions += now->sessions - before->sessions;
    sum->sessions_with_rcpt += now->sessions_with_rcpt - before->sessions_with_rcpt;
    sum->queued += now->queued - before->queued;
    sum->queued_client_known += now->queued_client_known - before->queued_client_known;
    sum->deliveries += now->deliveries - before->deliveries;
    sum->deliveries_with_reply += now->deliveries_with_reply - before->deliveries_with_reply;
    sum->auth_seen += now->auth_seen - before->auth_seen;
    sum->dialogues += now->dialogues - before->dialogues;
    sum->auth_hidden += now->auth_hidden - before->auth_hidden;
    sum->unjudged += now->unjudged - before->unjudged;
}

void correlate_merge(struct correlate *dst, const struct correlate *src)
{
    const struct correlate_stats none = {0};

    correlate_stats_add(&dst->stats, &src->stats, &none);
}
