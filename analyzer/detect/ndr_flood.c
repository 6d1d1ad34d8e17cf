/* ndr_flood.c - D6: bounces flood in for mail that we did not send: a sender of ours is forged
 * elsewhere
 * algorithm: per domain of ours, a Poisson CUSUM on the distinct networks (/24, /48) a minute that
 *            bring null-sender mail for recipients who have not written enough to get so many
 *            answers. Who has sent is learnt from our own outbound mail: an address may get back a
 *            third of the messages it sent. Sessions that end before DATA are counted apart: many
 *            verify our forged senders, others give a bounce up when it is refused.
 * source:    Postfix BACKSCATTER_README (the victim's log is a run of from=<> refused with 550
 *            5.1.1); Page (1954)
 * limits:    sender verification that is refused is a trace of the same forgery and counts as
 *            such; accepted, it leaves nothing here. The systems that send the bounces are
 *            innocent and are never named */
#include "detect/detector.h"

#include <stdlib.h>

#include "base/cusum.h"
#include "base/decay.h"
#include "base/distinct.h"
#include "base/panic.h"
#include "base/state.h"
#include "base/table.h"
#include "detect/bounce_address.h"
#include "detect/capacity.h"
#include "detect/inbound.h"
#include "detect/top_few.h"

#define MINUTES_US(m) ((int64_t)(m)*60 * 1000000)

enum {
    NETWORKS_MIN = 15,
    NETWORKS_HIGH = 50,
    BROKEN_REMOTE_MIN = 100, /* attempts of hardly any networks */
    BROKEN_REMOTE_NETWORKS = 3,
    RELATED_VICTIMS = 8,
    ANSWERS_MIN = 3
};
static const double alarm_height = 12, first_baseline_per_min = 0.1;
static const double null_share_high = 0.3, null_share_normal = 0.03;
static const double answered_share = 0.3; /* of what an address sent; dirty lists bounce 0.15 */
static const double sender_half_life_us = 7 * 24 * 3600e6;
/* With this half-life (ln 2 of an hour) a steady stream of n an hour reads n. */
static const double hour_half_life_us = 3600e6 * 0.69314718;

/* A domain of ours. */
struct target {
    struct poisson_cusum networks_per_min;
    struct distinct minute_networks;
    int64_t minute_us;
    int64_t excursion_us, first_us, last_us;
    struct distinct networks, recipients;
    struct top_few victims;
    uint32_t attempts, unknown, accepted;
    bool raised;
};

/* A local address without its tags, as a sender. */
struct writer {
    struct decayed sent, answered;
};

struct ndr_flood {
    struct detect_env env;
    struct table *targets, *writers;
    struct decayed inbound_hour, null_hour;
    struct decayed before_data; /* sessions of refused null-sender mail that sent no DATA */
    int64_t started_us;
};

static float target_score(const void *entry, int64_t now_us)
{
    const struct target *t = entry;
    return (float)distinct_count(&t->networks) + (t->raised ? 100 : 0) -
           (float)((double)(now_us - t->last_us) / 3600e6);
}

static float writer_score(const void *entry, int64_t now_us)
{
    const struct writer *w = entry;
    return (float)decayed_at(&w->sent, now_us, sender_half_life_us);
}

static void *create(const struct detect_env *env)
{
    struct ndr_flood *d = panic_calloc(1, sizeof *d);
    struct table_spec targets = {.name = "domains that get bounces",
                                 .capacity =
                                     capacity_of(env->memory_bytes / 8, sizeof(struct target)),
                                 .entry_size = sizeof(struct target),
                                 .score = target_score};
    struct table_spec writers = {.name = "local senders",
                                 .capacity =
                                     capacity_of(env->memory_bytes / 8 * 7, sizeof(struct writer)),
                                 .entry_size = sizeof(struct writer),
                                 .score = writer_score};

    d->env = *env;
    d->targets = table_new(&targets);
    d->writers = table_new(&writers);
    return d;
}

static void destroy(void *state)
{
    struct ndr_flood *d = state;

    table_free(d->targets);
    table_free(d->writers);
    free(d);
}

/* ---- who has written, and what comes in ---- */

static uint64_t writer_hash(const struct context *cx, slice address)
{
    return hash_mix(siphash13_lower(cx->key, bounce_address_local(address)),
                    siphash13_lower(cx->key, address_domain(address)));
}

static bool is_ours(enum domain_zone zone)
{
    return zone == DOMAIN_LOCAL || zone == DOMAIN_RELAY;
}

static void note_writer(struct ndr_flood *d, const struct event *ev, const struct context *cx)
{
    struct writer *w;

    if (cx->outside || cx->null_sender || !is_ours(cx->sender_zone) || ev->late_delivery)
        return;
    if (!cx->new_message && cx->client_zone != CLIENT_LOOPBACK)
        return;
    w = table_get(d->writers, writer_hash(cx, cx->sender), ev->time_us, NULL);
    decayed_add(&w->sent, ev->time_us, sender_half_life_us, ev->nrcpt > 0 ? ev->nrcpt : 1);
}

static void count_inbound(struct ndr_flood *d, const struct event *ev, const struct context *cx)
{
    decayed_add(&d->inbound_hour, ev->time_us, hour_half_life_us, ev->repeat);
    if (cx->null_sender)
        decayed_add(&d->null_hour, ev->time_us, hour_half_life_us, ev->repeat);
}

/* Does this address get back more than it can have asked for? */
static bool answers_our_mail(struct ndr_flood *d, slice rcpt, const struct event *ev,
                             const struct context *cx)
{
    struct writer *w = table_find(d->writers, writer_hash(cx, rcpt));
    double allowed;

    if (bounce_address_is_forward(rcpt))
        return true;
    if (w == NULL)
        return false;
    allowed =
        fmax(ANSWERS_MIN, answered_share * decayed_at(&w->sent, ev->time_us, sender_half_life_us));
    if (decayed_at(&w->answered, ev->time_us, sender_half_life_us) >= allowed)
        return false;
    decayed_add(&w->answered, ev->time_us, sender_half_life_us, ev->repeat);
    return true;
}

/* ---- bounces ---- */

static bool to_us(const struct context *cx)
{
    return inbound_by_stranger(cx) &&
           (cx->rcpt_class == RCPT_OURS || cx->rcpt_class == RCPT_RELAYED);
}

/* A refusal for the client's or the network's sake says nothing about the recipient. */
static bool is_refused_bounce(const struct event *ev, const struct context *cx)
{
    if (ev->kind != EVENT_RCPT || ev->outcome != OUTCOME_REFUSED || ev->soft || !cx->null_sender ||
        !to_us(cx))
        return false;
    switch (cx->reason) {
    case REASON_RCPT_UNKNOWN:
    case REASON_MAILBOX_FULL:
    case REASON_MAILBOX_DISABLED:
    case REASON_MULTI_RCPT_BOUNCE:
    case REASON_POLICY:
    case REASON_CONTENT:
        return true;
    default:
        return false;
    }
}

static bool is_accepted_bounce(const struct event *ev, const struct context *cx)
{
    if (ev->kind != EVENT_DELIVERY || cx->message == NULL || !to_us(cx))
        return false;
    if (!(cx->message->flags & MESSAGE_NULL_SENDER) || (cx->message->flags & MESSAGE_IS_DSN))
        return false;
    if (ev->route == ROUTE_LOOPBACK ||
        ev->route == ROUTE_FORWARD) /* its delivery proper is still to come */
        return false;
    return ev->outcome == OUTCOME_DELIVERED || ev->outcome == OUTCOME_BOUNCED ||
           ev->outcome == OUTCOME_EXPIRED;
}

static uint64_t network_hash(const struct context *cx)
{
    struct ip_net net = ip_net_of(&cx->client, 24, 48);
    uint64_t words[3] = {net.base.hi, net.base.lo, net.bits};
    return siphash13(cx->key, words, sizeof words);
}

/* The CUSUM sees each network once a minute; its level is capped so that an alarm ends soon after
 * the flood. */
static void feed_cusum(struct target *t, uint64_t network, int64_t time_us)
{
    int64_t minute_us = time_us - time_us % MINUTES_US(1);

    if (minute_us != t->minute_us)
        distinct_reset(&t->minute_networks);
    t->minute_us = minute_us;
    if (!distinct_add(&t->minute_networks, network))
        return;
    poisson_cusum_add(&t->networks_per_min, time_us, 1);
    t->networks_per_min.s = fmin(t->networks_per_min.s, 3 * alarm_height);
}

static bool goes_on(const struct target *t, int64_t time_us)
{
    if (t->last_us == 0)
        return false;
    if (t->networks_per_min.excursion_start_us == t->excursion_us)
        return true;
    return t->raised && time_us - t->last_us < MINUTES_US(60);
}

static void begin(struct target *t, int64_t time_us)
{
    t->excursion_us = t->networks_per_min.excursion_start_us;
    t->first_us = time_us;
    t->attempts = t->unknown = t->accepted = 0;
    t->raised = false;
    distinct_reset(&t->networks);
    distinct_reset(&t->recipients);
    memset(&t->victims, 0, sizeof t->victims);
}

static struct target *count_bounce(struct ndr_flood *d, slice rcpt, uint64_t domain,
                                   const struct event *ev, const struct context *cx)
{
    bool created;
    struct target *t = table_get(d->targets, domain, ev->time_us, &created);
    uint64_t network = network_hash(cx), recipient = siphash13_lower(cx->key, rcpt);

    if (created)
        poisson_cusum_init(&t->networks_per_min, alarm_height, first_baseline_per_min);
    feed_cusum(t, network, ev->time_us);
    if (!goes_on(t, ev->time_us))
        begin(t, ev->time_us);
    if (ev->time_us > t->last_us)
        t->last_us = ev->time_us;
    t->attempts += ev->repeat;
    if (ev->kind == EVENT_RCPT)
        t->unknown += ev->repeat;
    else
        t->accepted += ev->repeat;
    distinct_add(&t->networks, network);
    distinct_add(&t->recipients, recipient);
    top_few_add(&t->victims, recipient, rcpt);
    return t;
}

/* ---- judgement ---- */

static bool is_flood(const struct target *t)
{
    return poisson_cusum_level(&t->networks_per_min) >= alarm_height &&
           distinct_count(&t->networks) >= NETWORKS_MIN;
}

static bool is_broken_remote(const struct target *t)
{
    return t->attempts >= BROKEN_REMOTE_MIN &&
           distinct_count(&t->networks) <= BROKEN_REMOTE_NETWORKS;
}

static enum severity severity_of(const struct ndr_flood *d, const struct target *t, int64_t now_us)
{
    double inbound = decayed_at(&d->inbound_hour, now_us, hour_half_life_us);
    double null = decayed_at(&d->null_hour, now_us, hour_half_life_us);

    if (!is_flood(t))
        return SEVERITY_LOW;
    return distinct_count(&t->networks) >= NETWORKS_HIGH && null >= null_share_high * inbound
               ? SEVERITY_HIGH
               : SEVERITY_MEDIUM;
}

/* The one address that gets most of it, or NULL. */
static const struct top_few_row *single_victim(const struct target *t)
{
    const struct top_few_row *best = top_few_best(&t->victims);
    return best != NULL && is_flood(t) && 2 * top_few_certain(best) > t->victims.total ? best
                                                                                       : NULL;
}

static slice reason_of(const struct target *t, bool single)
{
    if (!is_flood(t))
        return SLICE_LIT("one remote system sends bounces again and again: it is broken, or "
                         "searches for addresses");
    if (single)
        return SLICE_LIT("bounces from many networks for one address that did not write the mail");
    return SLICE_LIT(
        "bounces from many networks for many addresses of the domain that did not write the mail");
}

static unsigned related_of(const struct target *t, slice domain, bool single,
                           struct alert_related *ret)
{
    uint32_t min = t->victims.total / 20 > 5 ? t->victims.total / 20 : 5;

    if (!single)
        return top_few_related(&t->victims, ENTITY_ADDRESS, min, ret, RELATED_VICTIMS);
    ret[0].type = ENTITY_DOMAIN;
    slice_keep(domain, ret[0].value, sizeof ret[0].value);
    return 1;
}

static void report(struct ndr_flood *d, struct target *t, slice domain, const struct event *ev)
{
    const struct top_few_row *victim = single_victim(t);
    struct alert_related related[RELATED_VICTIMS];
    uint64_t networks = (uint64_t)distinct_count(&t->networks);
    struct alert_counter counters[] = {
        {"bounces", t->attempts},
        {"refused", t->unknown},
        {"accepted", t->accepted},
        {"networks", networks},
        {"recipients", (uint64_t)distinct_count(&t->recipients)},
        {"ended_before_data_per_hour",
         (uint64_t)decayed_at(&d->before_data, ev->time_us, hour_half_life_us)}};

    t->raised = true;
    incident_report(
        d->env.incidents,
        &(struct finding){.rule = RULE_NDR_FLOOD,
                          .severity = severity_of(d, t, ev->time_us),
                          .entity_type = victim != NULL ? ENTITY_ADDRESS : ENTITY_DOMAIN,
                          .entity = victim != NULL ? slice_of(victim->text) : domain,
                          .first_us = t->first_us,
                          .time_us = ev->time_us,
                          .observed = t->attempts,
                          .threshold = is_flood(t) ? NETWORKS_MIN : BROKEN_REMOTE_MIN,
                          .unit = "bounces received",
                          .confidence = is_flood(t) ? 90 : 50,
                          .reason = reason_of(t, victim != NULL),
                          .counters = counters,
                          .counters_count = sizeof counters / sizeof counters[0],
                          .related = related,
                          .related_count = related_of(t, domain, victim != NULL, related),
                          .ev = ev});
}

/* The address as the sender of the bounce wrote it: an alias of ours may point elsewhere. */
static slice recipient_of(const struct event *ev)
{
    return event_has(ev, EF_ORIG_RCPT) ? event_field(ev, EF_ORIG_RCPT) : event_field(ev, EF_RCPT);
}

static void on_bounce(struct ndr_flood *d, const struct event *ev, const struct context *cx)
{
    slice rcpt = recipient_of(ev);
    slice domain = cx->rcpt_domain.len > 0 ? cx->rcpt_domain : event_field(ev, EF_HOST);
    struct target *t;

    if (cx->client.family == 0 || domain.len == 0 || answers_our_mail(d, rcpt, ev, cx))
        return;
    t = count_bounce(d, rcpt, siphash13_lower(cx->key, domain), ev, cx);
    if (is_flood(t) || is_broken_remote(t))
        report(d, t, domain, ev);
}

static void on_session_end(struct ndr_flood *d, const struct event *ev, const struct context *cx)
{
    if (cx->session == NULL || !(cx->session->flags & SESSION_NULL_REFUSED))
        return;
    if (ev->counters.present && ev->counters.rcpt_all > 0 && ev->counters.data_all == 0)
        decayed_add(&d->before_data, ev->time_us, hour_half_life_us, 1);
}

static void on_event(void *state, const struct event *ev, const struct context *cx)
{
    struct ndr_flood *d = state;

    if (d->started_us == 0)
        d->started_us = ev->time_us;
    if (ev->kind == EVENT_DISCONNECT) {
        on_session_end(d, ev, cx);
    } else if (ev->kind == EVENT_QUEUED) {
        note_writer(d, ev, cx);
        if (inbound_is_new(cx))
            count_inbound(d, ev, cx);
    } else if (is_refused_bounce(ev, cx)) {
        count_inbound(d, ev, cx);
        on_bounce(d, ev, cx);
    } else if (is_accepted_bounce(ev, cx)) {
        on_bounce(d, ev, cx);
    } else if (ev->kind == EVENT_RCPT && ev->outcome == OUTCOME_REFUSED &&
               cx->reason == REASON_RCPT_UNKNOWN) {
        count_inbound(d, ev, cx);
    }
}

/* Ordinary messages a minute; soon after the start of the log the decayed count covers less than an
 * hour. */
static double ordinary_per_min(const struct ndr_flood *d, int64_t now_us)
{
    double hour = decayed_at(&d->inbound_hour, now_us, hour_half_life_us) -
                  decayed_at(&d->null_hour, now_us, hour_half_life_us);
    double covered = 1 - exp(-(double)(now_us - d->started_us) / 3600e6);

    return covered < 0.01 ? 0 : hour / 60 / covered;
}

/* Where much mail comes in, a few percent of honest bounces and receipts are no news. In the
 * first minutes of a log the series begin anew with what the site turns out to be. */
static void on_time(void *state, int64_t now_us)
{
    struct ndr_flood *d = state;
    double floor_per_min = fmax(0.02, null_share_normal * ordinary_per_min(d, now_us));
    uint32_t cursor = 0;

    for (struct target *t; (t = table_next(d->targets, &cursor)) != NULL;) {
        if (now_us - d->started_us < MINUTES_US(10) &&
            floor_per_min > t->networks_per_min.baseline_per_min)
            poisson_cusum_init(&t->networks_per_min, alarm_height, floor_per_min);
        t->networks_per_min.floor_per_min = floor_per_min;
    }
}

static uint64_t evictions(const void *state)
{
    const struct ndr_flood *d = state;
    return table_evictions(d->targets) + table_evictions(d->writers);
}

static size_t bytes(const void *state)
{
    const struct ndr_flood *d = state;
    return table_bytes(d->targets) + table_bytes(d->writers) + sizeof *d;
}

static void persist(void *state, struct state_io *io)
{
    static const struct state_hole holes[] = {STATE_HOLE(struct ndr_flood, env),
                                              STATE_HOLE(struct ndr_flood, targets),
                                              STATE_HOLE(struct ndr_flood, writers)};
    struct ndr_flood *d = state;

    state_struct(io, "ndr_flood", d, sizeof *d, STATE_HOLES(holes));
    table_persist(d->targets, io);
    table_persist(d->writers, io);
}

const struct detector detector_ndr_flood = {
    .name = "ndr_flood",
    .summary = "bounces flood in for a forged sender of ours: a domain, or one address",
    .reference = "D6; RFC 5321 4.5.5; Postfix BACKSCATTER_README",
    .kinds = KIND(RCPT) | KIND(QUEUED) | KIND(DELIVERY) | KIND(DISCONNECT),
    .memory_parts = 2,
    .create = create,
    .on_event = on_event,
    .on_time = on_time,
    .evictions = evictions,
    .bytes = bytes,
    .destroy = destroy,
    .persist = persist,
};
