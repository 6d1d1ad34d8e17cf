/* backscatter.c - D5: this server sends bounces to strangers who did not write the mail
 * algorithm: per host, decayed counts of bounces to foreign senders of outside mail and of
 *            accepted inbound messages; the ratio decides, a Poisson CUSUM on distinct victims a
 *            minute tells a sudden run early. One victim counts a few times an hour only (an
 *            attack on one victim is reverse NDR), known correspondents and full mailboxes count
 *            little
 * source:    RFC 5321 6.1, 6.2; Postfix BACKSCATTER_README; Page (1954) for the CUSUM
 * limits:    where the server that bounces is not the one that took the mail from outside, its
 *            origin is not visible */
#include "detect/detector.h"

#include <stdlib.h>

#include "base/cusum.h"
#include "base/decay.h"
#include "base/distinct.h"
#include "base/hll.h"
#include "base/pair_filter.h"
#include "base/panic.h"
#include "base/state.h"
#include "base/table.h"
#include "detect/capacity.h"
#include "detect/inbound.h"
#include "detect/own_bounce.h"
#include "detect/own_hosts.h"
#include "detect/top_few.h"

#define MINUTES_US(m) ((int64_t)(m)*60 * 1000000)

enum {
    MANY_PER_HOUR = 20,
    EARLY_PER_HOUR = 10, /* enough once the CUSUM has alarmed */
    MANY_PER_DAY = 50,
    VICTIM_PER_HOUR = 5,
    RELAYED_PER_HOUR = 1000, /* bounces of relayed mail: the relay alert speaks for fewer */
    REPEATED_VICTIM = 3,     /* bounces in a day: worth naming, random forgeries do not return */
    RELATED_DOMAINS = 6,
    RELATED_CLIENTS = 4,
    CLIENT_MIN = 10 /* bounces that one client caused, and a fifth of all: worth naming */
};
static const double ratio_medium = 0.02, ratio_high = 0.10;
static const double known_weight = 0.2, delayed_weight = 0.2, full_weight = 0.2;
static const double unsure_weight = 0.2; /* absence notes and receipts have a null sender too */
static const double alarm_height = 12, first_baseline_per_min = 0.2;
/* With these half-lives (ln 2 of the time) a steady stream of n an hour, or a day, reads n. */
static const double hour_half_life_us = 3600e6 * 0.69314718;
static const double day_half_life_us = 24 * 3600e6 * 0.69314718;
static const double now_half_life_us = 900e6; /* for the share in a run that began just now */

/* A run of bounces, from the first after a quiet time. */
struct run {
    int64_t first_us;
    uint32_t failed, delayed, relayed, amplified, refused, unattributed;
    uint32_t relay_failed; /* recipients in domains that we relay: they need a list here */
    char relay_domain[48];
    uint32_t unsure; /* of a kind that the log does not tell */
    struct hll victims;
    struct top_few domains;
    struct top_few clients; /* whose mail was bounced */
};

struct host {
    struct decayed failed_hour, delayed_hour, relayed_hour, inbound_hour;
    struct decayed failed_day, inbound_day;
    struct decayed failed_now, inbound_now;
    struct poisson_cusum victims;
    struct distinct minute_victims;
    int64_t minute_us;
    int64_t said_us; /* last finding; 0 none */
    struct run run;
};

struct victim {
    struct decayed hour, day;
};

struct backscatter {
    struct detect_env env;
    struct own_hosts hosts;
    struct host host[OWN_HOSTS_MAX];
    struct table *victims;
    struct pair_filter *correspondents; /* foreign addresses that our users have written to */
};

static void *create(const struct detect_env *env)
{
    struct backscatter *d = panic_calloc(1, sizeof *d);
    size_t rest = env->memory_bytes > 2 * sizeof *d ? env->memory_bytes - sizeof *d : sizeof *d;
    struct table_spec spec = {.name = "backscatter victims",
                              .capacity = capacity_of(rest / 2, sizeof(struct victim)),
                              .entry_size = sizeof(struct victim)};

    d->env = *env;
    d->victims = table_new(&spec);
    d->correspondents = pair_filter_new(rest / 2, 30 * MINUTES_US(24 * 60));
    for (unsigned i = 0; i < OWN_HOSTS_MAX; i++)
        poisson_cusum_init(&d->host[i].victims, alarm_height, first_baseline_per_min);
    return d;
}

static void destroy(void *state)
{
    struct backscatter *d = state;

    table_free(d->victims);
    pair_filter_free(d->correspondents);
    free(d);
}

/* ---- what is normal here ---- */

static void count_inbound(struct host *h, const struct event *ev, const struct context *cx)
{
    if (!inbound_is_new(cx))
        return;
    decayed_add(&h->inbound_hour, ev->time_us, hour_half_life_us, 1);
    decayed_add(&h->inbound_day, ev->time_us, day_half_life_us, 1);
    decayed_add(&h->inbound_now, ev->time_us, now_half_life_us, 1);
}

static bool written_by_our_user(const struct context *cx)
{
    if (cx->outside || cx->null_sender ||
        (cx->message->flags & (MESSAGE_IS_DSN | MESSAGE_FORWARDED)))
        return false;
    return cx->authed || cx->sender_zone == DOMAIN_LOCAL;
}

static void note_relay_failure(struct run *r, const struct event *ev, const struct context *cx)
{
    if (!cx->outside || cx->rcpt_class != RCPT_RELAYED || ev->outcome != OUTCOME_BOUNCED ||
        cx->reason != REASON_RCPT_UNKNOWN)
        return;
    r->relay_failed++;
    slice_keep(cx->rcpt_domain, r->relay_domain, sizeof r->relay_domain);
}

static void note_delivery(struct backscatter *d, struct host *h, const struct event *ev,
                          const struct context *cx)
{
    if (cx->message == NULL)
        return;
    if (ev->outcome == OUTCOME_DELIVERED && cx->rcpt_class == RCPT_THIRD_PARTY &&
        written_by_our_user(cx))
        pair_filter_first(d->correspondents, cx->rcpt_hash, ev->time_us);
    note_relay_failure(&h->run, ev, cx);
    if ((cx->message->flags & MESSAGE_IS_DSN) &&
        (ev->outcome == OUTCOME_BOUNCED || ev->outcome == OUTCOME_EXPIRED) &&
        cx->rcpt_class == RCPT_THIRD_PARTY)
        h->run.refused++;
}

/* ---- bounces ---- */

static struct victim *count_victim_hit(struct backscatter *d, const struct event *ev,
                                       const struct context *cx)
{
    struct victim *v = table_get(d->victims, cx->sender_hash, ev->time_us, NULL);

    decayed_add(&v->hour, ev->time_us, hour_half_life_us, 1);
    decayed_add(&v->day, ev->time_us, day_half_life_us, 1);
    return v;
}

/* How much this bounce says: 0 when its victim had its share for the hour. */
static double weight_of(const struct backscatter *d, const struct victim *v,
                        const struct context *cx)
{
    if (v->hour.value > VICTIM_PER_HOUR)
        return 0;
    if (own_bounce_overfull(cx))
        return full_weight;
    return pair_filter_seen(d->correspondents, cx->sender_hash) ? known_weight : 1;
}

static void begin_run_if_quiet(struct host *h, int64_t now_us)
{
    double hour = decayed_at(&h->failed_hour, now_us, hour_half_life_us) +
                  decayed_at(&h->delayed_hour, now_us, hour_half_life_us) +
                  decayed_at(&h->relayed_hour, now_us, hour_half_life_us);

    if (h->run.first_us != 0 && hour >= 1)
        return;
    memset(&h->run, 0, sizeof h->run);
    h->run.first_us = now_us;
}

/* The CUSUM sees each victim once a minute; its level is capped so that an alarm ends soon after
 * the run. */
static void feed_cusum(struct host *h, const struct event *ev, const struct context *cx,
                       double weight)
{
    int64_t minute_us = ev->time_us - ev->time_us % MINUTES_US(1);

    if (minute_us != h->minute_us)
        distinct_reset(&h->minute_victims);
    h->minute_us = minute_us;
    if (!distinct_add(&h->minute_victims, cx->sender_hash))
        return;
    poisson_cusum_add(&h->victims, ev->time_us, weight);
    h->victims.s = fmin(h->victims.s, 3 * alarm_height);
}

static void count_parties(struct host *h, const struct context *cx)
{
    slice domain = address_domain(cx->sender);
    char text[IP_NET_TEXT];

    top_few_add(&h->run.clients, cx->client_hash, correlate_principal_text(&cx->client, text));
    hll_add(&h->run.victims, cx->sender_hash);
    top_few_add(&h->run.domains, siphash13_lower(cx->key, domain), domain);
}

/* result    the victim; NULL for relayed mail, whose victims are not ours to count */
static const struct victim *count_bounce(struct backscatter *d, struct host *h,
                                         enum own_bounce what, const struct event *ev,
                                         const struct context *cx)
{
    struct victim *v;
    double weight;

    begin_run_if_quiet(h, ev->time_us);
    if (what == OWN_BOUNCE_RELAYED) {
        h->run.relayed++;
        decayed_add(&h->relayed_hour, ev->time_us, hour_half_life_us, 1);
        return NULL;
    }
    v = count_victim_hit(d, ev, cx);
    weight = weight_of(d, v, cx);
    count_parties(h, cx);
    h->run.amplified += own_bounce_amplified(ev, cx);
    if (what == OWN_BOUNCE_DELAYED) {
        h->run.delayed++;
        decayed_add(&h->delayed_hour, ev->time_us, hour_half_life_us, weight * delayed_weight);
        return v;
    }
    if (what == OWN_BOUNCE_UNSURE)
        weight *= unsure_weight;
    h->run.failed += what == OWN_BOUNCE_FAILED;
    h->run.unsure += what == OWN_BOUNCE_UNSURE;
    decayed_add(&h->failed_hour, ev->time_us, hour_half_life_us, weight);
    decayed_add(&h->failed_day, ev->time_us, day_half_life_us, weight);
    decayed_add(&h->failed_now, ev->time_us, now_half_life_us, weight);
    feed_cusum(h, ev, cx, weight);
    return v;
}

/* ---- judgement ---- */

static double ratio(double part, double whole)
{
    return part <= 0 ? 0 : part / fmax(part, whole);
}

/* Warnings of delay count little, and never more than the failures do: a mailbox outage makes many
 * of them. */
static double bounces_an_hour(const struct host *h, int64_t now_us)
{
    double failed = decayed_at(&h->failed_hour, now_us, hour_half_life_us);
    return failed + fmin(failed, decayed_at(&h->delayed_hour, now_us, hour_half_life_us));
}

/* At a large site an hour of inbound mail hides the first minutes of a run. */
static double share_of_now(const struct host *h, int64_t now_us)
{
    return ratio(decayed_at(&h->failed_now, now_us, now_half_life_us),
                 decayed_at(&h->inbound_now, now_us, now_half_life_us));
}

/* -1: nothing to say. */
static int severity_of(const struct host *h, int64_t now_us)
{
    double hour = bounces_an_hour(h, now_us);
    double share = ratio(hour, decayed_at(&h->inbound_hour, now_us, hour_half_life_us));
    double day = decayed_at(&h->failed_day, now_us, day_half_life_us);
    bool sudden = poisson_cusum_level(&h->victims) >= alarm_height && hour >= EARLY_PER_HOUR;

    if (hour >= MANY_PER_HOUR && h->run.amplified >= MANY_PER_HOUR &&
        h->run.amplified > h->run.failed / 2)
        return SEVERITY_CRITICAL;
    if (hour >= MANY_PER_HOUR && share >= ratio_high)
        return SEVERITY_HIGH;
    if (hour >= MANY_PER_HOUR && share >= ratio_medium)
        return SEVERITY_MEDIUM;
    if (sudden && share_of_now(h, now_us) >= ratio_medium)
        return SEVERITY_MEDIUM;
    if (day >= MANY_PER_DAY &&
        ratio(day, decayed_at(&h->inbound_day, now_us, day_half_life_us)) >= ratio_high)
        return SEVERITY_MEDIUM;
    if (decayed_at(&h->relayed_hour, now_us, hour_half_life_us) >= RELAYED_PER_HOUR)
        return SEVERITY_MEDIUM;
    if (h->said_us != 0 && now_us - h->said_us < MINUTES_US(30)) /* the tail of what was said */
        return SEVERITY_MEDIUM;
    return -1;
}

static bool is_relay_domains_fault(const struct run *r)
{
    return 2 * r->relay_failed > r->failed + 1;
}

static slice reason_of(const struct host *h)
{
    if (h->run.relayed > h->run.failed)
        return SLICE_LIT("mail relayed for strangers bounces to senders who may be forged");
    if (is_relay_domains_fault(&h->run))
        return SLICE_LIT("mail for a relay domain is accepted for anybody, then bounced to senders "
                         "who may be forged: there is no list of its recipients here");
    if (h->run.amplified > h->run.failed / 2)
        return SLICE_LIT(
            "several bounces go out for each message accepted for recipients that fail");
    return SLICE_LIT(
        "mail for recipients that fail is accepted, then bounced to senders who may be forged");
}

/* The domains hit most, the clients that caused most of it, and this victim if it is hit again and
 * again. */
static unsigned parties_of(const struct run *r, const struct victim *v, const struct context *cx,
                           struct alert_related *ret)
{
    uint32_t min = r->domains.total / 20 > 2 ? r->domains.total / 20 : 2;
    uint32_t client_min = r->clients.total / 5 > CLIENT_MIN ? r->clients.total / 5 : CLIENT_MIN;
    unsigned n = top_few_related(&r->domains, ENTITY_DOMAIN, min, ret, RELATED_DOMAINS);

    n += top_few_related(&r->clients, ENTITY_IP, client_min, ret + n, RELATED_CLIENTS);
    if (v == NULL || v->day.value < REPEATED_VICTIM - 0.5)
        return n;
    ret[n].type = ENTITY_ADDRESS;
    slice_keep(cx->sender, ret[n].value, sizeof ret[n].value);
    return n + 1;
}

static void report(struct backscatter *d, unsigned slot, const struct victim *v,
                   const struct event *ev, const struct context *cx)
{
    struct host *h = &d->host[slot];
    const struct run *r = &h->run;
    char name[ALERT_ENTITY_MAX];
    struct alert_related related[RELATED_DOMAINS + RELATED_CLIENTS + 1];
    double inbound = decayed_at(&h->inbound_hour, ev->time_us, hour_half_life_us);
    double hour = bounces_an_hour(h, ev->time_us);
    uint64_t victims = (uint64_t)(hll_count(&r->victims) + 0.5);
    uint32_t bounces = r->failed + r->unsure;
    struct alert_counter counters[] = {{"bounces", bounces},
                                       {"delay_warnings", r->delayed},
                                       {"victims", victims},
                                       {"amplified", r->amplified},
                                       {"bounces_refused", r->refused},
                                       {"relayed_bounces", r->relayed},
                                       {"unattributed", r->unattributed},
                                       {"accepted_inbound_per_hour", (uint64_t)inbound},
                                       {"bounced_percent", (uint64_t)(100 * ratio(hour, inbound))}};

    incident_report(
        d->env.incidents,
        &(struct finding){.rule = RULE_BACKSCATTER,
                          .severity = (enum severity)severity_of(h, ev->time_us),
                          .entity_type = ENTITY_HOST,
                          .entity = own_hosts_entity(&d->hosts, slot, d->env.zones, name),
                          .first_us = r->first_us,
                          .time_us = ev->time_us,
                          .observed = bounces > r->relayed ? bounces : r->relayed,
                          .threshold = MANY_PER_HOUR,
                          .unit = "bounces to strangers",
                          .confidence = 85,
                          .reason = reason_of(h),
                          .how = is_relay_domains_fault(r) ? slice_of(r->relay_domain) : SLICE_NONE,
                          .counters = counters,
                          .counters_count = sizeof counters / sizeof counters[0],
                          .related = related,
                          .related_count = parties_of(r, v, cx, related),
                          .related_total = (uint32_t)victims,
                          .ev = ev});
    h->said_us = ev->time_us;
}

static void on_dsn(struct backscatter *d, unsigned slot, const struct event *ev,
                   const struct context *cx)
{
    enum own_bounce what = own_bounce_of(ev, cx);
    const struct victim *v;

    if (what == OWN_BOUNCE_UNATTRIBUTED)
        d->host[slot].run.unattributed++; /* no proof of anything */
    if (what == OWN_BOUNCE_NONE || what == OWN_BOUNCE_UNATTRIBUTED)
        return;
    v = count_bounce(d, &d->host[slot], what, ev, cx);
    if (severity_of(&d->host[slot], ev->time_us) >= 0)
        report(d, slot, v, ev, cx);
}

static void on_event(void *state, const struct event *ev, const struct context *cx)
{
    struct backscatter *d = state;
    unsigned slot = own_hosts_slot(&d->hosts, ev);

    if (ev->kind == EVENT_QUEUED)
        count_inbound(&d->host[slot], ev, cx);
    else if (ev->kind == EVENT_DELIVERY)
        note_delivery(d, &d->host[slot], ev, cx);
    else
        on_dsn(d, slot, ev, cx);
}

/* A large site sends honest bounces all day: about one for a hundred messages is no news. */
static void on_time(void *state, int64_t now_us)
{
    struct backscatter *d = state;

    for (unsigned i = 0; i < d->hosts.count; i++) {
        double inbound_per_min =
            decayed_at(&d->host[i].inbound_hour, now_us, hour_half_life_us) / 60;
        d->host[i].victims.floor_per_min = fmax(0.02, inbound_per_min / 100);
    }
}

static uint64_t evictions(const void *state)
{
    const struct backscatter *d = state;
    return table_evictions(d->victims);
}

static size_t bytes(const void *state)
{
    const struct backscatter *d = state;
    return table_bytes(d->victims) + pair_filter_bytes(d->correspondents) + sizeof *d;
}

static void persist(void *state, struct state_io *io)
{
    static const struct state_hole holes[] = {
        STATE_HOLE(struct backscatter, env), STATE_HOLE(struct backscatter, hosts.last),
        STATE_HOLE(struct backscatter, victims), STATE_HOLE(struct backscatter, correspondents)};
    struct backscatter *d = state;

    state_struct(io, "backscatter", d, sizeof *d, STATE_HOLES(holes));
    if (state_loading(io))
        own_hosts_forget_last(&d->hosts);
    table_persist(d->victims, io);
    pair_filter_persist(d->correspondents, io);
}

const struct detector detector_backscatter = {
    .name = "backscatter",
    .summary = "bounces of this server to strangers: mail accepted first and refused later",
    .reference = "D5; RFC 5321 6.1, 6.2",
    .kinds = KIND(DSN) | KIND(QUEUED) | KIND(DELIVERY),
    .memory_parts = 2,
    .create = create,
    .on_event = on_event,
    .on_time = on_time,
    .evictions = evictions,
    .bytes = bytes,
    .destroy = destroy,
    .persist = persist,
};
