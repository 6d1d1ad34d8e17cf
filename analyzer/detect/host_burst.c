/* host_burst.c - D4: an inside host that may relay by its address sends what strangers do not want
 * algorithm: per host, over outside recipients: CUSUM of bad outcomes (.05 honest, .30 infected;
 * for a host with one steady sender of ours .15, since lists decay); fan-out (first-seen recipients
 * at 50 an hour, four of five new); identity (many foreign senders or sender domains, or HELO
 * names, an hour); bounces (null sender) to people who never wrote to us. High when the CUSUM has
 * company; medium when a host begins its spell with many senders and refusals; two families without
 * refusals are a note. Refusals of one sender's mail as an old mailing list has them are medium,
 * and a note where the senders are those of a list manager, or it is a spell within much that
 * arrived. Where our own filter says spam or virus, SPOT's own test on its verdicts (.20 honest,
 * .90 infected).
 * source:    SPOT (Duan et al. 2012); Clayton, "Stopping spam by extrusion detection" (2004);
 *            Foster (2011); RFC 5321 4.5.5
 * limits:    hosts of other organisations behind us (customers, a gateway in front) have foreign
 *            senders by right: without refusals they stay below medium. Where mail comes in by
 *            another way, nobody has written to us as far as we know, so the null sender is not
 *            judged there */
#include "detect/detector.h"

#include <stdlib.h>

#include "base/cusum.h"
#include "base/decay.h"
#include "base/pair_filter.h"
#include "base/panic.h"
#include "base/state.h"
#include "base/table.h"
#include "detect/capacity.h"
#include "detect/delivery_sign.h"
#include "detect/inbound.h"
#include "detect/listing_fault.h"
#include "detect/recent_set.h"

enum {
    BAD_MIN = 5,
    BAD_SOME = 2,
    FRESH_PER_HOUR = 50,
    SENDERS_PER_HOUR = 10,
    DOMAINS_PER_HOUR = 5,
    HELOS_PER_HOUR = 3,
    NULL_PER_HOUR = 10,
    SPAM_MIN = 4, /* verdicts of our own filter */
    STEADY_SENDERS = 2,
    EARLY_RECIPIENTS = 100 /* of a spell, among which less evidence will do */
};
static const double alarm_level = 9.2, early_level = 4.6, spam_level = 4.6, fresh_share = .8;
static const double half_life_us = 6 * 3600e6, hour_half_life_us = 3600e6;
static const int64_t half_hour_us =
    INT64_C(1800) * 1000000; /* turn: a window of half an hour to an hour */
static const int64_t idle_us = INT64_C(24) * 3600 * 1000000;
static const int64_t contact_turn_us = INT64_C(30) * 86400 * 1000000;
static const int64_t writer_turn_us = INT64_C(7) * 86400 * 1000000; /* as long as bounces wait */
static const int64_t judged_turn_us = INT64_C(3) * 86400 * 1000000;

struct host {
    int64_t first_us, last_us; /* of the present spell; starts over after a quiet day */
    struct ip_addr ip;
    struct cusum outcome, strict, spam;
    uint32_t recipients, bad, delivered, spam_verdicts;
    uint32_t tagged;             /* recipients under a sender that a list manager has marked */
    struct decayed total, fresh; /* recipients, first-seen recipients; half-life an hour */
    struct recent_set senders;   /* all */
    struct recent_set strangers; /* foreign senders */
    struct recent_set domains;   /* foreign sender domains */
    struct recent_set helos;
    struct decayed unasked; /* null-sender recipients who never wrote to us; half-life an hour */
    bool told;
};

struct host_burst {
    struct detect_env env;
    struct table *hosts;
    struct pair_filter *contacts; /* (host, recipient) */
    struct pair_filter *judged;   /* (message, recipient), see account_burst */
    struct pair_filter *writers;  /* senders of mail that came in from outside */
    bool takes_mail;              /* any came in */
    struct listing_fault listing;
    struct bernoulli_llr usual, steady, spam;
};

static float score(const void *entry, int64_t now_us)
{
    const struct host *h = entry;
    return cusum_at(&h->outcome, now_us, half_life_us) +
           (float)decayed_at(&h->fresh, now_us, hour_half_life_us) / FRESH_PER_HOUR +
           (h->told ? 100.F : 0.F);
}

static void *create(const struct detect_env *env)
{
    struct host_burst *d = panic_calloc(1, sizeof *d);
    struct table_spec spec = {.name = "inside hosts",
                              .capacity = capacity_of(env->memory_bytes / 2, sizeof(struct host)),
                              .entry_size = sizeof(struct host),
                              .score = score};

    d->env = *env;
    d->hosts = table_new(&spec);
    d->contacts = pair_filter_new(env->memory_bytes / 6, contact_turn_us);
    d->judged = pair_filter_new(env->memory_bytes / 6, judged_turn_us);
    d->writers = pair_filter_new(env->memory_bytes / 6, writer_turn_us);
    d->usual = bernoulli_llr_of(.05, .30);
    d->steady = bernoulli_llr_of(.15, .30);
    d->spam = bernoulli_llr_of(.20, .90);
    return d;
}

static void destroy(void *state)
{
    struct host_burst *d = state;

    table_free(d->hosts);
    pair_filter_free(d->contacts);
    pair_filter_free(d->judged);
    pair_filter_free(d->writers);
    free(d);
}

static struct host *open_host(struct host_burst *d, const struct event *ev,
                              const struct context *cx)
{
    bool created;
    struct host *h = table_get(d->hosts, cx->client_hash, ev->time_us, &created);

    if (!created && ev->time_us - h->last_us > idle_us) {
        *h = (struct host){0};
        created = true;
    }
    if (created) {
        h->ip = cx->client;
        h->first_us = ev->time_us;
    }
    if (ev->time_us > h->last_us)
        h->last_us = ev->time_us;
    return h;
}

static void note_identity(struct host *h, const struct event *ev, const struct context *cx)
{
    slice domain;

    bool tagged = address_untag(cx->sender, &domain);

    /* a list manager marks each sender (VERP): they are one */
    h->tagged += tagged;
    recent_set_add(&h->senders, tagged ? siphash13_lower(cx->key, domain) | 1 : cx->sender_hash,
                   ev->time_us, half_hour_us);
    if (cx->message->helo[0] != '\0')
        recent_set_add(&h->helos, siphash13_lower(cx->key, slice_of(cx->message->helo)),
                       ev->time_us, half_hour_us);
    if (cx->sender_zone != DOMAIN_FOREIGN)
        return;
    recent_set_add(&h->strangers, cx->sender_hash, ev->time_us, half_hour_us);
    recent_set_add(&h->domains, siphash13_lower(cx->key, domain), ev->time_us, half_hour_us);
}

static void note_recipient(struct host_burst *d, struct host *h, const struct event *ev,
                           const struct context *cx)
{
    bool fresh =
        pair_filter_first(d->contacts, hash_mix(cx->client_hash, cx->rcpt_hash), ev->time_us);

    h->recipients++;
    decayed_add(&h->total, ev->time_us, hour_half_life_us, 1);
    if (fresh)
        decayed_add(&h->fresh, ev->time_us, hour_half_life_us, 1);
    if (cx->null_sender)
        decayed_add(&h->unasked, ev->time_us, hour_half_life_us, 1);
    else
        note_identity(h, ev, cx);
}

static void count_outcome(struct host_burst *d, struct host *h, double bad, int64_t time_us)
{
    h->bad += bad > 0;
    h->delivered += bad <= 0;
    cusum_add(&h->outcome, time_us, half_life_us,
              bad > 0 ? bad * (double)d->usual.bad : (double)d->usual.good);
    cusum_add(&h->strict, time_us, half_life_us,
              bad > 0 ? bad * (double)d->steady.bad : (double)d->steady.good);
}

static void note_outcome(struct host_burst *d, struct host *h, uint64_t message, bool our_fault,
                         const struct event *ev, const struct context *cx)
{
    enum { WAITING = 1, FINAL = 2 };
    double weight;
    bool listing;
    enum delivery_sign sign = delivery_sign_of(ev, cx, &weight, &listing);
    uint64_t once = sign == SIGN_BAD_ONCE ? hash_mix(message, WAITING)
                                          : hash_mix(hash_mix(message, cx->rcpt_hash), FINAL);

    if (sign == SIGN_NONE || !pair_filter_first(d->judged, once, ev->time_us))
        return;
    if (listing && our_fault)
        return;
    count_outcome(d, h, sign == SIGN_GOOD ? 0 : weight, ev->time_us);
}

/* ---- judging ---- */

struct opinion {
    bool refused, mailing, list, early, spam, fan_out, identity, unasked, steady;
    double level;
    unsigned senders, strangers, domains, helos;
};

static unsigned lately(const struct recent_set *s, int64_t time_us)
{
    return (unsigned)recent_set_count(s, time_us, half_hour_us);
}

static struct opinion form_opinion(const struct host *h, int64_t time_us)
{
    struct opinion o = {.senders = lately(&h->senders, time_us),
                        .strangers = lately(&h->strangers, time_us),
                        .domains = lately(&h->domains, time_us),
                        .helos = lately(&h->helos, time_us)};
    double fresh = decayed_at(&h->fresh, time_us, hour_half_life_us);

    o.unasked = decayed_at(&h->unasked, time_us, hour_half_life_us) >= NULL_PER_HOUR;
    o.steady =
        o.senders <= STEADY_SENDERS && o.strangers == 0 && o.helos < HELOS_PER_HOUR && !o.unasked;
    o.spam = h->spam_verdicts >= SPAM_MIN &&
             (double)cusum_at(&h->spam, time_us, half_life_us) >= spam_level;
    o.level = (double)cusum_at(o.steady ? &h->strict : &h->outcome, time_us, half_life_us);
    o.refused = o.level >= alarm_level && h->bad >= BAD_MIN;
    o.mailing = o.steady && h->bad >= BAD_MIN &&
                cusum_at(&h->outcome, time_us, half_life_us) >= (float)alarm_level;
    o.list = 10 * h->tagged >= 9 * h->recipients;
    o.fan_out = fresh >= FRESH_PER_HOUR &&
                fresh >= fresh_share * decayed_at(&h->total, time_us, hour_half_life_us);
    o.identity = o.strangers >= SENDERS_PER_HOUR || o.domains >= DOMAINS_PER_HOUR ||
                 o.helos >= HELOS_PER_HOUR;
    o.early = o.identity && h->recipients <= EARLY_RECIPIENTS && h->bad >= BAD_MIN &&
              o.level >= early_level;
    return o;
}

/* An eighth of all it has sent is refused: more than chance does with a list in good order. */
static bool is_old_list(const struct host *h)
{
    return 8 * h->bad >= h->bad + h->delivered;
}

/* -1: nothing to say. */
static int severity_of(const struct host *h, const struct opinion *o, int64_t time_us)
{
    if (o->spam)
        return SEVERITY_HIGH;
    if (o->refused)
        return o->fan_out || o->identity || o->unasked || o->strangers > 0 ? SEVERITY_HIGH
                                                                           : SEVERITY_MEDIUM;
    if (o->early)
        return SEVERITY_MEDIUM;
    if (o->fan_out && (o->identity || o->unasked))
        return h->bad >= BAD_SOME && cusum_at(&h->outcome, time_us, half_life_us) > 0
                   ? SEVERITY_MEDIUM
                   : SEVERITY_LOW;
    if (!o->mailing)
        return -1;
    return o->list || !is_old_list(h) ? SEVERITY_LOW : SEVERITY_MEDIUM;
}

static slice reason_of(const struct opinion *o)
{
    if (o->spam)
        return SLICE_LIT(
            "our own filter finds spam or a virus in most of what an inside host sends");
    if (o->unasked)
        return SLICE_LIT("an inside host sends bounces to people who never wrote to us");
    if ((o->refused || o->early) && o->identity)
        return SLICE_LIT(
            "an inside host sends under changing senders, and remote servers refuse much of it");
    if (o->refused)
        return SLICE_LIT("remote servers refuse much of what an inside host sends");
    if (o->identity)
        return SLICE_LIT("an inside host sends to many strangers under many foreign senders");
    return SLICE_LIT("remote servers refuse much of what an inside host sends under one sender: a "
                     "bulk mailer with an old list, or an infected machine");
}

/* When the present behaviour began, as far as the evidence reaches back. */
static int64_t begin_of(const struct host *h, const struct opinion *o, int64_t time_us)
{
    int64_t hour_ago = time_us - 2 * half_hour_us;

    if (o->refused || o->early || o->mailing || !o->fan_out)
        return h->outcome.start_us != 0 ? h->outcome.start_us : h->first_us;
    return hour_ago > h->first_us ? hour_ago : h->first_us;
}

static void report(struct host_burst *d, struct host *h, const struct event *ev)
{
    struct opinion o = form_opinion(h, ev->time_us);
    int severity = severity_of(h, &o, ev->time_us);
    char text[IP_NET_TEXT];
    struct alert_counter counters[] = {
        {"recipients", h->recipients},
        {"refused", h->bad},
        {"delivered", h->delivered},
        {"first_contacts", (uint64_t)decayed_at(&h->fresh, ev->time_us, hour_half_life_us)},
        {"senders", o.senders},
        {"foreign_sender_domains", o.domains},
        {"helo_names", o.helos},
        {"spam_verdicts", h->spam_verdicts},
        {"unasked_bounces", (uint64_t)decayed_at(&h->unasked, ev->time_us, hour_half_life_us)}};
    bool by_number = !o.refused && !o.early && !o.mailing && o.fan_out;

    if (severity < 0)
        return;
    h->told = true;
    incident_report(d->env.incidents,
                    &(struct finding){.rule = RULE_HOST_BURST,
                                      .severity = (enum severity)severity,
                                      .entity_type = ENTITY_IP,
                                      .entity = correlate_principal_text(&h->ip, text),
                                      .first_us = begin_of(h, &o, ev->time_us),
                                      .time_us = ev->time_us,
                                      .observed = by_number ? h->recipients : h->bad,
                                      .threshold = by_number ? FRESH_PER_HOUR : BAD_MIN,
                                      .unit = by_number ? "recipients" : "refused recipients",
                                      .confidence = severity >= SEVERITY_HIGH ? 90 : 55,
                                      .reason = reason_of(&o),
                                      .counters = counters,
                                      .counters_count = sizeof counters / sizeof counters[0],
                                      .ev = ev});
}

/* ---- events ---- */

static bool is_inside(const struct context *cx)
{
    return cx->client_zone == CLIENT_TRUSTED && !cx->authed && cx->client_hash != 0;
}

/* A notification about mail that came in, whatever made it, goes to the one who wrote; and it has
 * one recipient. */
static bool is_answer(const struct host_burst *d, const struct context *cx)
{
    if (!cx->null_sender || cx->message->nrcpt > 1)
        return false;
    return !d->takes_mail || pair_filter_seen(d->writers, cx->rcpt_hash);
}

static void on_delivery(struct host_burst *d, bool our_fault, const struct event *ev,
                        const struct context *cx)
{
    uint64_t message;
    struct host *h;

    if (cx->message == NULL || cx->rcpt_class != RCPT_THIRD_PARTY || is_answer(d, cx) ||
        ev->route == ROUTE_LOOPBACK || ev->outcome == OUTCOME_PROBED)
        return;
    h = open_host(d, ev, cx);
    message = hash_mix(message_table_key(cx->message), (uint64_t)cx->message->first_us);
    if (pair_filter_first(d->judged, hash_mix(message, cx->rcpt_hash), ev->time_us))
        note_recipient(d, h, ev, cx);
    note_outcome(d, h, message, our_fault, ev, cx);
    report(d, h, ev);
}

/* Content that our own filter refuses from an inside host. */
static void on_refusal(struct host_burst *d, const struct event *ev, const struct context *cx)
{
    struct host *h;

    if (cx->reason != REASON_CONTENT || ev->outcome != OUTCOME_REFUSED || ev->soft)
        return;
    h = open_host(d, ev, cx);
    h->spam_verdicts += ev->repeat;
    cusum_add(&h->spam, ev->time_us, half_life_us, (double)d->spam.bad);
    count_outcome(d, h, 1, ev->time_us);
    report(d, h, ev);
}

/* What the filter lets pass speaks for a host that it has spoken against. */
static void on_passed(struct host_burst *d, const struct event *ev, const struct context *cx)
{
    struct host *h = cx->new_message ? table_find(d->hosts, cx->client_hash) : NULL;

    if (h != NULL)
        cusum_add(&h->spam, ev->time_us, half_life_us, (double)d->spam.good);
}

static void note_writer(struct host_burst *d, const struct event *ev, const struct context *cx)
{
    if (cx->null_sender || !inbound_is_new(cx))
        return;
    d->takes_mail = true;
    pair_filter_first(d->writers, cx->sender_hash, ev->time_us);
}

static void warm(const void *state, const struct event *ev, const struct context *cx)
{
    const struct host_burst *d = state;

    if (ev->kind == EVENT_QUEUED && !is_inside(cx))
        pair_filter_warm(d->writers, cx->sender_hash);
}

static void on_event(void *state, const struct event *ev, const struct context *cx)
{
    struct host_burst *d = state;
    bool our_fault = listing_fault_note(&d->listing, ev, cx);

    if (!is_inside(cx)) {
        if (ev->kind == EVENT_QUEUED)
            note_writer(d, ev, cx);
        return;
    }
    switch (ev->kind) {
    case EVENT_DELIVERY:
        on_delivery(d, our_fault, ev, cx);
        break;
    case EVENT_QUEUED:
        on_passed(d, ev, cx);
        break;
    default:
        on_refusal(d, ev, cx);
        break;
    }
}

static void explain(const void *state, const struct event *ev, const struct context *cx,
                    struct outbuf *out)
{
    const struct host_burst *d = state;
    const struct host *h = is_inside(cx) ? table_find(d->hosts, cx->client_hash) : NULL;
    struct opinion o;

    if (h == NULL)
        return;
    o = form_opinion(h, ev->time_us);
    outbuf_printf(out,
                  "score %.1f of %.1f, %u of %u refused; %.0f of %u first contacts an hour; "
                  "%u of %u foreign senders, %u of %u of their domains",
                  o.level, alarm_level, h->bad, BAD_MIN,
                  decayed_at(&h->fresh, ev->time_us, hour_half_life_us), FRESH_PER_HOUR,
                  o.strangers, SENDERS_PER_HOUR, o.domains, DOMAINS_PER_HOUR);
    if (severity_of(h, &o, ev->time_us) >= 0)
        outbuf_puts(out, ": enough");
    else if (o.level < alarm_level)
        outbuf_printf(out, ": score lacks %.1f", alarm_level - o.level);
    else
        outbuf_printf(out, ": needs %u more refused", BAD_MIN - h->bad);
}

static uint64_t evictions(const void *state)
{
    const struct host_burst *d = state;
    return table_evictions(d->hosts);
}

static size_t bytes(const void *state)
{
    const struct host_burst *d = state;
    return table_bytes(d->hosts) + pair_filter_bytes(d->contacts) + pair_filter_bytes(d->judged) +
           pair_filter_bytes(d->writers) + sizeof *d;
}

static void persist(void *state, struct state_io *io)
{
    static const struct state_hole holes[] = {
        STATE_HOLE(struct host_burst, env),      STATE_HOLE(struct host_burst, hosts),
        STATE_HOLE(struct host_burst, contacts), STATE_HOLE(struct host_burst, judged),
        STATE_HOLE(struct host_burst, writers),  STATE_HOLE(struct host_burst, usual),
        STATE_HOLE(struct host_burst, steady),   STATE_HOLE(struct host_burst, spam)};
    struct host_burst *d = state;

    state_struct(io, "host_burst", d, sizeof *d, STATE_HOLES(holes));
    table_persist(d->hosts, io);
    pair_filter_persist(d->contacts, io);
    pair_filter_persist(d->judged, io);
    pair_filter_persist(d->writers, io);
}

const struct detector detector_host_burst = {
    .name = "host_burst",
    .summary = "an inside host sends abuse through this server",
    .reference = "D4; SPOT, extrusion detection",
    .kinds = KIND(QUEUED) | KIND(DELIVERY) | KIND(REFUSAL),
    .memory_parts = 2,
    .create = create,
    .on_event = on_event,
    .warm = warm,
    .explain = explain,
    .evictions = evictions,
    .bytes = bytes,
    .destroy = destroy,
    .persist = persist,
};
