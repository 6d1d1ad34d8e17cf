/* hygiene.c - counts for the scorecard, one function an event kind
 * algorithm: counters only. That a whole sender domain is refused, and not one address, shows when
 *            a second address of it is refused: the last few refused senders are remembered.
 *            An outcome counts as traceable when the log joins client, sender and recipient to it;
 *            mail that arrived before the log began is left out
 * source:    RFC 2505 2.1 to 2.13, RFC 5321 4.5.1 and 6.1, RFC 2142
 * limits:    SENDERS_KEPT refused senders are remembered; a refusal that names no aim counts for
 *            no aim */
#include "correlate/hygiene.h"

#include <stdlib.h>

#include "base/panic.h"
#include "base/state.h"
#include "match/refused.h"

enum { SENDERS_KEPT = 16 };

struct refused_sender {
    uint64_t domain, address; /* hashes; 0 = free */
};

struct hygiene {
    struct scorecard_facts n;
    struct refused_texts *texts;
    struct refused_sender senders[SENDERS_KEPT];
    unsigned next_sender;
    uint64_t vrfy_told, etrn_told; /* refusals that had a line of their own */
    int64_t first_us;              /* earliest event */
};

struct hygiene *hygiene_new(void)
{
    struct hygiene *h = panic_calloc(1, sizeof *h);

    h->texts = refused_texts_new();
    h->first_us = INT64_MAX;
    return h;
}

struct hygiene *hygiene_free(struct hygiene *h)
{
    if (h != NULL)
        refused_texts_free(h->texts);
    free(h);
    return NULL;
}

/* ---- refusals ---- */

/* Is the recipient postmaster or abuse of a domain of ours? */
static struct role_facts *role_of(struct scorecard_facts *n, const struct context *cx)
{
    slice local;

    if ((cx->rcpt_class != RCPT_OURS && cx->rcpt_class != RCPT_RELAYED) || cx->rcpt->has_inner)
        return NULL;
    local = cx->rcpt->local;
    if (local.len == 10 && slice_ieq(local, SLICE_LIT("postmaster")))
        return &n->postmaster;
    if (local.len == 5 && slice_ieq(local, SLICE_LIT("abuse")))
        return &n->abuse;
    return NULL;
}

/* Answers that a site chooses: against abuse, not for a fact about the mailbox or a fault of its
 * own. */
static bool is_policy(enum reason reason)
{
    switch (reason) {
    case REASON_RELAY_DENIED:
    case REASON_SENDER_BAD:
    case REASON_SENDER_LOGIN:
    case REASON_GREYLIST:
    case REASON_BLOCKLIST:
    case REASON_RATE:
    case REASON_POLICY:
    case REASON_CONTENT:
    case REASON_SENDER_AUTH:
    case REASON_RDNS:
    case REASON_TLS:
    case REASON_PROTOCOL:
    case REASON_MULTI_RCPT_BOUNCE:
        return true;
    default:
        return false;
    }
}

static bool aims_at_sender(enum refused what)
{
    return what == REFUSED_SENDER || what == REFUSED_SENDER_DOMAIN || what == REFUSED_SENDER_DNS ||
           what == REFUSED_SENDER_PART || what == REFUSED_SENDER_LOGIN;
}

/* A null sender refused as such: the words say so, or MAIL itself was refused and nothing but the
 * sender is left as the cause. */
static bool refuses_null(const struct event *ev, const struct context *cx, enum refused what)
{
    if (!ev->null_sender || cx->authed)
        return false;
    if (aims_at_sender(what))
        return true;
    return ev->stage == STAGE_MAIL && what == REFUSED_NOTHING &&
           (cx->reason == REASON_NONE || cx->reason == REASON_SENDER_BAD);
}

/* Is it a second address of a domain that was refused before? */
static bool domain_again(struct hygiene *h, const struct context *cx)
{
    uint64_t domain = siphash13_lower(cx->key, address_domain(cx->sender));

    for (unsigned i = 0; i < SENDERS_KEPT; i++)
        if (h->senders[i].address != 0 && h->senders[i].domain == domain)
            return h->senders[i].address != cx->sender_hash;
    h->senders[h->next_sender] = (struct refused_sender){domain, cx->sender_hash};
    h->next_sender = (h->next_sender + 1) % SENDERS_KEPT;
    return false;
}

static void count_sender_refusal(struct hygiene *h, const struct context *cx, enum refused what,
                                 bool hard, uint64_t times)
{
    struct scorecard_facts *n = &h->n;
    bool ours = cx->sender.len > 0 && cx->sender_zone == DOMAIN_LOCAL;

    if (what == REFUSED_SENDER_DOMAIN || what == REFUSED_SENDER_DNS)
        n->sender_dns += times;
    if (what == REFUSED_SENDER_DNS && hard)
        n->sender_dns_broken += times;
    if (what == REFUSED_SENDER_LOGIN)
        n->login_refused += times;
    if (what == REFUSED_SENDER_PART && ours)
        n->part_refused += times;
    if ((what == REFUSED_SENDER || what == REFUSED_SENDER_LOGIN) && ours && cx->outside && hard)
        n->own_refused += times;
    if (what != REFUSED_SENDER || cx->sender.len == 0)
        return;
    n->sender_refused += times;
    if (domain_again(h, cx))
        n->sender_domain_refused += times;
}

static void count_role_refusal(struct scorecard_facts *n, const struct context *cx,
                               enum refused what, uint64_t times)
{
    struct role_facts *role = role_of(n, cx);

    if (role == NULL)
        return;
    if (what == REFUSED_RECIPIENT)
        role->refused += times;
    else
        role->held_off += times;
}

static void count_rcpt_refusal(struct scorecard_facts *n, const struct event *ev,
                               const struct context *cx, enum refused what, bool hard)
{
    const struct session *s = cx->session;
    bool client = cx->client.family != 0 || (s != NULL && s->client.family != 0);

    n->rcpt_refusals += ev->repeat;
    if (client && event_field(ev, EF_RCPT).len > 0 && event_field(ev, EF_TEXT).len > 0)
        n->rcpt_logged += ev->repeat;
    if (hard)
        count_role_refusal(n, cx, what, ev->repeat);
    if (cx->reason == REASON_RCPT_UNKNOWN && cx->outside)
        n->unknown_refused += ev->repeat;
    if (cx->reason == REASON_RELAY_DENIED)
        *(hard ? &n->relay_5xx : &n->relay_4xx) += ev->repeat;
}

static void take_refusal(struct hygiene *h, const struct event *ev, const struct context *cx)
{
    struct scorecard_facts *n = &h->n;
    bool hard = ev->outcome == OUTCOME_REFUSED;
    enum refused what;

    if (ev->soft)
        return;
    what = refused_what(h->texts, cx->reason, ev->status, reason_text(ev));
    n->refusals += ev->repeat;
    n->refusals_helo += event_has(ev, EF_HELO) ? ev->repeat : 0;
    if (is_policy(cx->reason))
        *(hard ? &n->policy_5xx : &n->policy_4xx) += ev->repeat;
    if (cx->reason == REASON_RATE)
        n->rate_limited += ev->repeat;
    if (what == REFUSED_CLIENT)
        n->client_refused += ev->repeat;
    if (hard && cx->reason == REASON_MULTI_RCPT_BOUNCE)
        n->null_multi += ev->repeat;
    if (hard && refuses_null(ev, cx, what))
        n->null_refused += ev->repeat;
    if (aims_at_sender(what))
        count_sender_refusal(h, cx, what, hard, ev->repeat);
    if (ev->kind == EVENT_RCPT)
        count_rcpt_refusal(n, ev, cx, what, hard);
    if (ev->stage == STAGE_VRFY)
        h->vrfy_told += ev->repeat;
    if (ev->stage == STAGE_ETRN)
        h->etrn_told += ev->repeat;
}

/* ---- sessions and messages ---- */

static void take_disconnect(struct hygiene *h, const struct event *ev, const struct context *cx)
{
    const struct session_counters *c = &ev->counters;
    const struct session *s = cx->session;

    if ((c->vrfy_all | c->etrn_all) == 0 || cx->client_zone != CLIENT_OUTSIDE || c->auth_ok > 0 ||
        (s != NULL && (s->flags & SESSION_AUTHED)))
        return;
    h->n.vrfy_taken += c->vrfy_ok;
    h->n.vrfy_refused += c->vrfy_all - c->vrfy_ok;
    h->n.etrn_taken += c->etrn_ok;
    h->n.etrn_refused += c->etrn_all - c->etrn_ok;
}

/* A server that logs the answer to VRFY or ETRN itself; without a code it is no answer yet. */
static void take_command(struct hygiene *h, const struct event *ev, const struct context *cx)
{
    if (ev->outcome != OUTCOME_ACCEPTED || ev->reply_code == 0 ||
        cx->client_zone != CLIENT_OUTSIDE || cx->authed)
        return;
    if (ev->stage == STAGE_ETRN)
        h->n.etrn_taken += ev->repeat;
    else if (ev->stage == STAGE_VRFY && ev->reply_code == 250)
        h->n.vrfy_mailbox += ev->repeat;
    else if (ev->stage == STAGE_VRFY)
        h->n.vrfy_refused += ev->repeat; /* 252: it says nothing */
}

static void take_mail(struct scorecard_facts *n, const struct event *ev)
{
    if (ev->local_submit)
        return;
    n->messages++;
    n->messages_client += ev->client.family != 0;
}

/* Does the sender belong to the login? For joe@example.org both "joe" and "joe@example.org" do. */
static bool is_own_sender(const struct context *cx)
{
    slice user = cx->user;

    if (cx->user_hash == cx->sender_hash)
        return true;
    return slice_find_byte(user, '@') == user.len && cx->sender.len > user.len &&
           cx->sender.ptr[user.len] == '@' && slice_ieq(slice_first(cx->sender, user.len), user);
}

static void take_queued(struct scorecard_facts *n, const struct context *cx)
{
    if (!cx->new_message)
        return;
    if (cx->null_sender) {
        n->null_taken += cx->outside;
    } else if (cx->sender_zone == DOMAIN_LOCAL && cx->sender.len > 0) {
        n->own_taken += cx->outside;
        n->logged_in += cx->authed;
        n->logged_in_other += cx->authed && !is_own_sender(cx);
    }
}

/* ---- outcomes ---- */

/* What other servers say about our own mail. */
static void take_remote(struct scorecard_facts *n, const struct event *ev, const struct context *cx)
{
    n->remote_replies += ev->reply_code != 0;
    if ((cx->reason == REASON_SENDER_AUTH || cx->reason == REASON_RDNS) &&
        cx->sender_zone == DOMAIN_LOCAL && cx->sender.len > 0)
        n->remote_refused++;
}

static bool arrived_before(const struct hygiene *h, const struct event *ev)
{
    return ev->delay_ms > 0 && (ev->time_us - h->first_us) / 1000 < ev->delay_ms;
}

/* Our own notifications have no client; the line that tells what they are about may come after the
 * outcome. So <> without an origin is left out. */
static void count_join(struct hygiene *h, const struct event *ev, const struct context *cx)
{
    const uint32_t origin = MESSAGE_HAS_CLIENT | MESSAGE_IS_DSN | MESSAGE_FORWARDED;
    uint32_t flags = cx->message == NULL ? 0 : cx->message->flags;

    if (cx->rcpt_class == RCPT_NONE || arrived_before(h, ev))
        return;
    if ((flags & origin) == 0 && (flags & MESSAGE_NULL_SENDER) != 0)
        return;
    h->n.outcomes++;
    h->n.outcomes_joined += (flags & origin) != 0 && (flags & MESSAGE_HAS_SENDER) != 0;
}

/* A recipient of ours has failed for what he is, not for what was sent to him. */
static bool is_mailbox_fault(enum reason reason)
{
    return reason == REASON_RCPT_UNKNOWN || reason == REASON_MAILBOX_DISABLED ||
           reason == REASON_MAILBOX_FULL;
}

static void take_failure(struct scorecard_facts *n, const struct context *cx)
{
    struct role_facts *role = is_mailbox_fault(cx->reason) ? role_of(n, cx) : NULL;

    n->null_failed += cx->null_sender;
    if (role != NULL)
        role->refused++;
    if (cx->reason == REASON_RCPT_UNKNOWN && cx->outside &&
        (cx->rcpt_class == RCPT_OURS || cx->rcpt_class == RCPT_RELAYED))
        n->unknown_bounced++;
}

static void take_delivery(struct hygiene *h, const struct event *ev, const struct context *cx)
{
    struct role_facts *role;

    if (ev->outcome == OUTCOME_PROBED)
        return;
    if (ev->route == ROUTE_REMOTE)
        take_remote(&h->n, ev, cx);
    if (ev->outcome == OUTCOME_DEFERRED)
        return;
    count_join(h, ev, cx);
    if (ev->outcome == OUTCOME_BOUNCED || ev->outcome == OUTCOME_EXPIRED)
        take_failure(&h->n, cx);
    else if (ev->route == ROUTE_MAILBOX && (role = role_of(&h->n, cx)) != NULL)
        role->taken++;
}

/* RFC 5321 6.1: a message with the null sender is never answered. A note to our own postmaster is
 * no answer. */
static void take_dsn(struct scorecard_facts *n, const struct event *ev, const struct context *cx)
{
    if (ev->dsn != DSN_NONE && ev->dsn != DSN_POSTMASTER && cx->message != NULL &&
        (cx->message->flags & MESSAGE_NULL_SENDER))
        n->dsn_about_null++;
}

/* Gone without any outcome in the log: not traceable. */
static void take_done(struct scorecard_facts *n, const struct event *ev, const struct context *cx)
{
    const struct message *m = cx->message;

    if (ev->done == DONE_REMOVED && m != NULL && (m->flags & MESSAGE_QUEUED) &&
        m->recipients_seen == 0)
        n->outcomes++;
}

void hygiene_event(struct hygiene *h, const struct event *ev, const struct context *cx)
{
    h->n.events++;
    if (ev->time_us < h->first_us)
        h->first_us = ev->time_us;
    switch (ev->kind) {
    case EVENT_DISCONNECT:
        take_disconnect(h, ev, cx);
        break;
    case EVENT_MAIL:
        take_mail(&h->n, ev);
        break;
    case EVENT_RCPT:
    case EVENT_REFUSAL:
        if (ev->outcome == OUTCOME_REFUSED || ev->outcome == OUTCOME_TEMPFAIL)
            take_refusal(h, ev, cx);
        break;
    case EVENT_QUEUED:
        take_queued(&h->n, cx);
        break;
    case EVENT_DELIVERY:
        take_delivery(h, ev, cx);
        break;
    case EVENT_DSN:
        take_dsn(&h->n, ev, cx);
        break;
    case EVENT_DONE:
        take_done(&h->n, ev, cx);
        break;
    case EVENT_ACTION:
        take_command(h, ev, cx);
        break;
    case EVENT_LIMIT: /* with a client it is that client's; without one it is ours */
        h->n.rate_limited += ev->client.family != 0;
        break;
    default:
        break;
    }
}

static uint64_t larger(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* A refused VRFY or ETRN may be told twice, by its own line and by the counters of the session. */
void hygiene_facts(const struct hygiene *h, struct scorecard_facts *ret)
{
    *ret = h->n;
    ret->vrfy_refused = larger(h->n.vrfy_refused, h->vrfy_told);
    ret->etrn_refused = larger(h->n.etrn_refused, h->etrn_told);
}

void hygiene_persist(struct hygiene *h, struct state_io *io)
{
    static const struct state_hole holes[] = {STATE_HOLE(struct hygiene, texts)};

    state_struct(io, "hygiene", h, sizeof *h, STATE_HOLES(holes));
}
