/* account_burst.c - D3: an account is used by somebody else to send
 * algorithm: per recipient of an authenticated message the evidence of account_burst_evidence.c:
 *            contact, tempo, network and identity when it is first seen, outcome when it is known.
 *            Each (message, recipient) counts once, however often it is tried again.
 * source:    SPOT (Duan et al. 2012), COMPA (Egele et al. 2013); the design's D3
 * limits:    a message is seen whole only through its deliveries; a refusal that names a block
 *            list counts as long as fewer than three senders meet it, for it then speaks of the
 *            server */
#include "detect/account_burst.h"

#include <stdlib.h>

#include "base/pair_filter.h"
#include "base/panic.h"
#include "base/state.h"
#include "base/table.h"
#include "detect/account_burst_report.h"
#include "detect/auth_result.h"
#include "detect/capacity.h"
#include "detect/delivery_sign.h"
#include "detect/detector.h"
#include "detect/listing_fault.h"

static const int64_t contact_turn_us = INT64_C(90) * 86400 * 1000000;
static const int64_t judged_turn_us = INT64_C(3) * 86400 * 1000000;
static const int64_t half_day_us = INT64_C(12) * 3600 * 1000000;

struct account_burst {
    struct detect_env env;
    struct table *accounts;
    struct pair_filter *contacts; /* (account, recipient) */
    struct pair_filter
        *judged; /* (message, recipient) seen; its outcome counted; message counted as waiting */
    struct listing_fault listing;
};

static void *create(const struct detect_env *env)
{
    struct account_burst *d = panic_calloc(1, sizeof *d);
    struct table_spec spec = {.name = "accounts",
                              .capacity =
                                  capacity_of(env->memory_bytes / 2, sizeof(struct account)),
                              .entry_size = sizeof(struct account),
                              .score = account_burst_score,
                              .worth = .5F};

    d->env = *env;
    d->accounts = table_new(&spec);
    d->contacts = pair_filter_new(env->memory_bytes / 4, contact_turn_us);
    d->judged = pair_filter_new(env->memory_bytes / 12, judged_turn_us);
    return d;
}

static void destroy(void *state)
{
    struct account_burst *d = state;

    table_free(d->accounts);
    pair_filter_free(d->contacts);
    pair_filter_free(d->judged);
    free(d);
}

static struct account *open_account(struct account_burst *d, const struct event *ev,
                                    const struct context *cx)
{
    bool created;
    struct account *a = table_get(d->accounts, cx->user_hash, ev->time_us, &created);

    if (created) {
        a->first_us = ev->time_us;
        slice_keep(cx->user, a->user, sizeof a->user);
        for (char *p = a->user; *p != '\0'; p++)
            *p = slice_lower(*p);
    }
    account_burst_begin(a, ev->time_us);
    return a;
}

/* ---- a message ---- */

static void note_address(struct account *a, const struct ip_addr *ip)
{
    struct excursion *x = &a->now;

    for (unsigned i = 0; i < x->addresses_count; i++)
        if (ip_addr_eq(&x->addresses[i], ip))
            return;
    if (x->addresses_count < ACCOUNT_ADDRESSES)
        x->addresses[x->addresses_count++] = *ip;
}

/* A front end stands for all its users, and this host for none of them: neither is a place of the
 * account's. */
static void note_place(struct account_burst *d, struct account *a, const struct event *ev,
                       const struct context *cx)
{
    struct geo_place where;

    if (cx->client.family == 0 || cx->client_zone == CLIENT_LOOPBACK ||
        cx->client_zone == CLIENT_FRONTEND)
        return;
    if (account_burst_place(a, auth_result_place(cx->key, &cx->client), ev->time_us) &&
        geo_find(d->env.geo, &cx->client, &where))
        account_burst_locate(a, &where, ev->time_us);
    recent_set_add(&a->addresses, cx->client_hash, ev->time_us, half_day_us);
    note_address(a, &cx->client);
}

/* Rewritten senders (BATV, VERP, SRS) change with every message; the domain behind them does not.
 */
static uint64_t sender_identity(const struct context *cx)
{
    slice domain;

    return address_untag(cx->sender, &domain) ? siphash13_lower(cx->key, domain) | 1
                                              : cx->sender_hash;
}

/* A sender whose domain is neither ours nor the one the account is named by. */
static bool is_foreign_sender(const struct context *cx)
{
    slice domain;

    address_untag(cx->sender, &domain);
    return cx->sender_zone == DOMAIN_FOREIGN && domain.len > 0 &&
           slice_find_byte(cx->user, '@') < cx->user.len &&
           !slice_ieq(address_domain(cx->user), domain);
}

static void note_guessing(struct account *a, const struct event *ev, const struct context *cx)
{
    account_burst_after_guessing(a, ev->time_us);
    if (cx->client_zone == CLIENT_OUTSIDE)
        account_burst_guessed(a, ev->nrcpt, ev->time_us);
}

static void on_queued(struct account_burst *d, const struct event *ev, const struct context *cx)
{
    struct account *a;

    if (!cx->new_message)
        return;
    a = open_account(d, ev, cx);
    account_burst_message(a, ev->time_us);
    note_place(d, a, ev, cx);
    if (cx->null_sender)
        account_burst_null_sender(a, ev->nrcpt, ev->time_us);
    else if (cx->sender.len > 0)
        account_burst_sender(a, sender_identity(cx), ev->time_us);
    if (!cx->null_sender && is_foreign_sender(cx))
        account_burst_foreign_sender(a);
    if (incident_is_open(d->env.incidents, RULE_SASL_BRUTE_SUCCESS, ENTITY_USER, slice_of(a->user)))
        note_guessing(a, ev, cx);
    account_burst_report(d->env.incidents, a, ev, cx);
}

/* ---- a recipient ---- */

/* What the sender wrote: behind an alias of ours many recipients are one. */
static uint64_t written_recipient(const struct event *ev, const struct context *cx)
{
    slice orig = event_field(ev, EF_ORIG_RCPT);
    return orig.len > 0 ? siphash13_lower(cx->key, orig) | 1 : cx->rcpt_hash;
}

static uint64_t message_identity(const struct message *m)
{
    return hash_mix(message_table_key(m), (uint64_t)m->first_us);
}

enum { WAITING = 1, FINAL = 2 }; /* once for a deferral, once for what became of it */

static void note_outcome(struct account_burst *d, struct account *a, uint64_t message,
                         uint64_t pair, bool our_fault, const struct event *ev,
                         const struct context *cx)
{
    double weight;
    bool listing;
    enum delivery_sign sign = delivery_sign_of(ev, cx, &weight, &listing);
    uint64_t once = sign == SIGN_BAD_ONCE ? hash_mix(message, WAITING) : hash_mix(pair, FINAL);

    if (sign == SIGN_NONE || !pair_filter_first(d->judged, once, ev->time_us))
        return;
    if (listing && our_fault)
        return;
    a->now.delivered += sign == SIGN_GOOD;
    account_burst_outcome(a, sign == SIGN_GOOD ? 0 : weight, ev->time_us - cx->message->first_us,
                          ev->time_us);
}

static void on_delivery(struct account_burst *d, bool our_fault, const struct event *ev,
                        const struct context *cx)
{
    uint64_t recipient = written_recipient(ev, cx), message, pair;
    struct account *a;

    if (cx->message == NULL || recipient == 0 || ev->route == ROUTE_LOOPBACK ||
        ev->outcome == OUTCOME_PROBED)
        return;
    a = open_account(d, ev, cx);
    message = message_identity(cx->message);
    pair = hash_mix(message, recipient);
    if (pair_filter_first(d->judged, pair, ev->time_us)) {
        bool first =
            pair_filter_first(d->contacts, hash_mix(cx->user_hash, recipient), ev->time_us);
        account_burst_contact(a, first, ev->time_us);
        if (cx->rcpt_class == RCPT_THIRD_PARTY)
            recent_set_add(&a->strangers, recipient, ev->time_us, half_day_us);
    }
    note_outcome(d, a, message, pair, our_fault, ev, cx);
    account_burst_report(d->env.incidents, a, ev, cx);
}

/* Nobody logs in from outside as a guest, a test or a copier: the login itself is the news. */
static void on_login(struct account_burst *d, const struct event *ev, const struct context *cx)
{
    struct account *a;

    if (cx->client_zone != CLIENT_OUTSIDE || !account_burst_is_guest(cx->user))
        return;
    a = open_account(d, ev, cx);
    a->outside_uses++;
    note_address(a, &cx->client);
    account_burst_report(d->env.incidents, a, ev, cx);
}

static void warm(const void *state, const struct event *ev, const struct context *cx)
{
    const struct account_burst *d = state;

    if (!cx->authed || cx->user_hash == 0)
        return;
    table_warm(d->accounts, cx->user_hash);
    if (ev->kind == EVENT_DELIVERY && cx->message != NULL) {
        uint64_t pair = hash_mix(message_identity(cx->message), cx->rcpt_hash);
        pair_filter_warm(d->judged, pair);
        pair_filter_warm(d->judged, hash_mix(pair, FINAL));
        pair_filter_warm(d->contacts, hash_mix(cx->user_hash, cx->rcpt_hash));
    }
}

static void on_event(void *state, const struct event *ev, const struct context *cx)
{
    struct account_burst *d = state;
    bool our_fault = listing_fault_note(&d->listing, ev, cx);

    if (!cx->authed || cx->user_hash == 0)
        return;
    switch (ev->kind) {
    case EVENT_AUTH:
    case EVENT_MAIL:
        on_login(d, ev, cx);
        break;
    case EVENT_QUEUED:
        on_queued(d, ev, cx);
        break;
    default:
        on_delivery(d, our_fault, ev, cx);
        break;
    }
}

static void explain(const void *state, const struct event *ev, const struct context *cx,
                    struct outbuf *out)
{
    const struct account_burst *d = state;
    const struct account *a =
        cx->authed && cx->user_hash != 0 ? table_find(d->accounts, cx->user_hash) : NULL;

    if (a != NULL)
        account_burst_explain(a, ev->time_us, out);
}

static uint64_t evictions(const void *state)
{
    const struct account_burst *d = state;
    return table_evictions(d->accounts);
}

static size_t bytes(const void *state)
{
    const struct account_burst *d = state;
    return table_bytes(d->accounts) + pair_filter_bytes(d->contacts) +
           pair_filter_bytes(d->judged) + sizeof *d;
}

static void persist(void *state, struct state_io *io)
{
    static const struct state_hole holes[] = {
        STATE_HOLE(struct account_burst, env), STATE_HOLE(struct account_burst, accounts),
        STATE_HOLE(struct account_burst, contacts), STATE_HOLE(struct account_burst, judged)};
    struct account_burst *d = state;

    state_struct(io, "account_burst", d, sizeof *d, STATE_HOLES(holes));
    table_persist(d->accounts, io);
    pair_filter_persist(d->contacts, io);
    pair_filter_persist(d->judged, io);
}

const struct detector detector_account_burst = {
    .name = "account_burst",
    .summary = "an authenticated account sends unlike its owner",
    .reference = "D3; SPOT, COMPA",
    .kinds = KIND(AUTH) | KIND(MAIL) | KIND(QUEUED) | KIND(DELIVERY),
    .memory_parts = 5,
    .create = create,
    .on_event = on_event,
    .warm = warm,
    .explain = explain,
    .evictions = evictions,
    .bytes = bytes,
    .destroy = destroy,
    .persist = persist,
};
