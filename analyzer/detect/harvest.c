/* harvest.c - D7: who tries out which recipients exist, alone, from one network, or from
 * everywhere
 * algorithm: Bernoulli CUSUM (.30 against .85, half-life 12 h) on recipients of ours, each once a
 *            day per client: bad is unknown, good is one that was reached. A run of straight
 *            unknown names alarms at any tempo; a mailing list with stale entries never does,
 *            since most of its recipients exist. A name that another client has tried as well is
 *            on old lists rather than guessed: it counts half. Who also delivers and writes under
 *            the name its address has is a mail server with an old list, not a harvester: for ever
 *            when others try many of its names, else for fifty names. The same test runs per /24
 *            and /48.
 * source:    Page (1954); Jung et al., "Fast portscan detection" (2004): first contacts only
 * limits:    catch-all domains give no signal; mail that is accepted and bounced later tells a
 *            client little, so it is worth "low" at most; a dictionary that several harvesters
 *            share makes the later ones need twice as many names */
#include "detect/detector.h"

#include <stdlib.h>
#include <strings.h>

#include "base/cusum.h"
#include "base/distinct.h"
#include "base/pair_filter.h"
#include "base/panic.h"
#include "base/state.h"
#include "base/table.h"
#include "detect/capacity.h"
#include "detect/harvest_site.h"

#define HOURS_US(h) ((int64_t)(h)*3600 * 1000000)

enum {
    WARN_UNKNOWN = 8,
    ALERT_UNKNOWN = 10,
    SHARE_MAX =
        5, /* names an hour that one client adds to the counts of its network and the site */
    NETWORK_CLIENTS_MIN = 5,
    EARLY_MAX = 12,
    LOUD_UNKNOWN = 100, /* a client that stands out even of a campaign, or of servers with lists */
    OWN_NAME_UNKNOWN = 50, /* a server that writes under its own name may have so many */
    VRFY_MAX = 20,         /* VRFY commands that one session is charged with */
    ORDER_MIN = 10         /* names needed to speak of an order */
};
static const double half_life_us = 12 * 3600e6;
static const int64_t open_us = INT64_C(60) * 1000000; /* a transaction takes no longer */
static const float warn_height = 9.2F, alert_height = 11.5F;
static const double shared_name_weight = .5; /* of a name that others try, too */

/* One client or network, since its S left 0. */
struct harvester {
    struct cusum test;
    int64_t first_us, last_us;
    uint32_t unknown, known;
    uint32_t unknown_ever, known_ever; /* also before S left 0 */
    uint32_t accepted;                 /* unknown ones that were taken at RCPT and bounced later */
    uint32_t same_sender;
    uint32_t own_name;    /* unknown ones tried under a sender of the client's own domain */
    uint32_t shared;      /* unknown ones that other clients have tried as well */
    uint64_t sender_hash; /* of the first unknown one */
    uint32_t ascending;
    uint32_t vrfy;
    int64_t hour_us;
    uint32_t in_hour; /* names shared with network and site since hour_us */
    char last_name[16];
    bool raised;
    bool held; /* crossed the line inside a transaction that is still open */
};

struct harvest_net {
    struct harvester h;
    struct distinct clients;
    struct ip_addr early[EARLY_MAX];
    unsigned early_count;
};

struct harvest {
    struct detect_env env;
    struct bernoulli_llr llr;
    struct table *clients, *networks;
    struct pair_filter *pairs; /* (client, recipient) and its outcome */
    struct harvest_site *site;
};

/* One outcome for one recipient. */
struct attempt {
    bool unknown, accepted;
    bool shared;   /* unknown, and another client has tried it within the day */
    uint64_t name; /* hash of the recipient */
    slice local;
};

static float harvester_score(const void *entry, int64_t now_us)
{
    const struct harvester *h = entry;
    return cusum_at(&h->test, now_us, half_life_us) + (h->raised ? 100 : 0);
}

static struct table *new_table(const char *name, size_t bytes, uint32_t entry_size,
                               struct tally *tally)
{
    struct table_spec spec = {.name = name,
                              .capacity = capacity_of(bytes, entry_size),
                              .entry_size = entry_size,
                              .score = harvester_score,
                              .tally = tally};
    return table_new(&spec);
}

static void *create(const struct detect_env *env)
{
    struct harvest *d = panic_calloc(1, sizeof *d);

    d->env = *env;
    d->llr = bernoulli_llr_of(.30, .85);
    d->clients = new_table("harvesting clients", env->memory_bytes * 45 / 100,
                           sizeof(struct harvester), env->tally);
    d->networks = new_table("harvesting networks", env->memory_bytes * 20 / 100,
                            sizeof(struct harvest_net), NULL);
    d->pairs = pair_filter_new(env->memory_bytes * 25 / 100, HOURS_US(24));
    d->site = harvest_site_new(env->incidents, env->memory_bytes * 5 / 100);
    return d;
}

static void destroy(void *state)
{
    struct harvest *d = state;

    table_free(d->clients);
    table_free(d->networks);
    pair_filter_free(d->pairs);
    harvest_site_free(d->site);
    free(d);
}

/* ---- what the event says about a recipient of ours ---- */

static bool is_ours(enum rcpt_class class)
{
    return class == RCPT_OURS || class == RCPT_RELAYED;
}

/* Answers to forged mail are the business of the bounce flood; Postfix probes with double-bounce.
 */
static bool is_bounce_sender(const struct context *cx)
{
    slice local = slice_first(cx->sender, slice_rfind_byte(cx->sender, '@'));
    return cx->null_sender || slice_ieq(local, SLICE_LIT("double-bounce"));
}

static bool judge_dialogue(const struct event *ev, const struct context *cx, struct attempt *ret)
{
    if (ev->soft || (ev->kind == EVENT_RCPT && !is_ours(cx->rcpt_class)))
        return false;
    if (ev->kind == EVENT_REFUSAL && ev->stage != STAGE_VRFY)
        return false;
    /* whoever asks by VRFY or EXPN is after names, whatever the answer is */
    ret->unknown = cx->reason == REASON_RCPT_UNKNOWN ||
                   (ev->stage == STAGE_VRFY && ev->outcome == OUTCOME_REFUSED);
    return ret->unknown || ev->outcome == OUTCOME_ACCEPTED;
}

/* An alias that leads outside and fails there is no mistake of the sender. */
static bool failed_here(const struct event *ev, const struct context *cx)
{
    if (ev->route != ROUTE_REMOTE)
        return true;
    return cx->rcpt_class == RCPT_RELAYED && !event_has(ev, EF_ORIG_RCPT);
}

static bool judge_delivery(const struct event *ev, const struct context *cx, struct attempt *ret)
{
    if (cx->message == NULL || !is_ours(cx->rcpt_class))
        return false;
    if (ev->outcome == OUTCOME_DELIVERED)
        return true;
    ret->unknown = ret->accepted = cx->reason == REASON_RCPT_UNKNOWN && failed_here(ev, cx);
    return ret->unknown && (ev->outcome == OUTCOME_BOUNCED || ev->outcome == OUTCOME_DEFERRED);
}

/* The name that was tried: as it was written, before any alias of ours. */
static uint64_t name_of(const struct event *ev, const struct context *cx, slice address)
{
    if (cx->rcpt_hash != 0 && !event_has(ev, EF_ORIG_RCPT))
        return cx->rcpt_hash;
    return siphash13_lower(cx->key, address) | 1;
}

static bool judge(const struct event *ev, const struct context *cx, struct attempt *ret)
{
    slice address = event_field(ev, EF_ORIG_RCPT);

    *ret = (struct attempt){.unknown = false};
    if (address.len == 0)
        address = event_field(ev, EF_RCPT);
    if (address.len == 0 || is_bounce_sender(cx))
        return false;
    ret->name = name_of(ev, cx, address);
    ret->local = slice_first(address, slice_rfind_byte(address, '@'));
    return ev->kind == EVENT_DELIVERY ? judge_delivery(ev, cx, ret) : judge_dialogue(ev, cx, ret);
}

/* ---- counting ---- */

static bool sunk(const struct harvester *h, int64_t now_us)
{
    return h->unknown == 0 || cusum_at(&h->test, now_us, half_life_us) <= 0;
}

static void restart(struct harvester *h, int64_t now_us)
{
    *h = (struct harvester){.test = h->test,
                            .first_us = now_us,
                            .last_us = now_us,
                            .unknown_ever = h->unknown_ever,
                            .known_ever = h->known_ever,
                            .hour_us = h->hour_us,
                            .in_hour = h->in_hour};
}

/* One client must not make a campaign: it adds a few names an hour to what many do together. A
 * forwarder, whose mail mostly arrives, adds none. */
static bool may_share(struct harvester *h, int64_t now_us)
{
    if (h->raised || h->known > h->unknown || h->known_ever > h->unknown_ever)
        return false;
    if (now_us - h->hour_us > HOURS_US(1)) {
        h->hour_us = now_us;
        h->in_hour = 0;
    }
    return h->in_hour++ < SHARE_MAX;
}

static void count_known(const struct harvest *d, struct harvester *h, int64_t time_us)
{
    h->known++;
    h->known_ever++;
    cusum_add(&h->test, time_us, half_life_us, d->llr.good);
}

static void note_order(struct harvester *h, slice local)
{
    char name[sizeof h->last_name] = ""; /* all of it is kept */

    slice_keep(local, name, sizeof name);
    h->ascending += h->unknown > 1 && strcasecmp(name, h->last_name) > 0;
    memcpy(h->last_name, name, sizeof name);
}

/* mail.example.net[192.0.2.1], a name that was verified, writes as somebody@example.net. */
static bool is_own_name(const struct context *cx)
{
    slice domain = address_domain(cx->sender), name = cx->client_name;

    if (domain.len == 0 || name.len < domain.len)
        return false;
    return slice_ieq(slice_from(name, name.len - domain.len), domain) &&
           (name.len == domain.len || name.ptr[name.len - domain.len - 1] == '.');
}

static bool has_own_name(const struct harvester *h)
{
    return 5 * h->own_name >= 4 * h->unknown;
}

static void count_unknown(struct harvester *h, const struct event *ev, const struct context *cx,
                          const struct attempt *a, double llr)
{
    if (sunk(h, ev->time_us))
        restart(h, ev->time_us);
    h->unknown++;
    h->unknown_ever++;
    h->accepted += a->accepted;
    if (h->unknown == 1)
        h->sender_hash = cx->sender_hash;
    h->same_sender += cx->sender_hash == h->sender_hash;
    h->own_name += is_own_name(cx);
    h->shared += a->shared;
    if (ev->time_us < h->first_us)
        h->first_us = ev->time_us;
    if (ev->time_us > h->last_us)
        h->last_us = ev->time_us;
    note_order(h, a->local);
    cusum_add(&h->test, ev->time_us, half_life_us, llr);
}

/* ---- reporting ---- */

/* A quarter of its mail arrives: a server with an old list. Where less does it is held possible
 * until the names are many; under its own name, with names that others try, too, however many. */
static bool is_mailing(const struct harvester *h)
{
    if (3 * h->known_ever >= h->unknown_ever)
        return true;
    if (10 * h->known_ever >= h->unknown_ever && h->unknown_ever < LOUD_UNKNOWN)
        return true;
    if (!has_own_name(h))
        return false;
    if (h->known_ever == 0)
        return h->unknown_ever < OWN_NAME_UNKNOWN / 2;
    return 4 * h->shared >= h->unknown || h->unknown_ever < OWN_NAME_UNKNOWN;
}

/* -1: not worth a word. Mail accepted first gives its answer to the sender it names: only who
 * writes under one name can learn from it. */
static int severity_of(const struct harvester *h)
{
    bool refused = 2 * h->accepted <= h->unknown;

    if (h->test.s < warn_height || h->unknown < WARN_UNKNOWN)
        return -1;
    if (!refused)
        return 5 * h->same_sender >= 4 * h->unknown ? SEVERITY_LOW : SEVERITY_INFO;
    if (h->test.s < alert_height || h->unknown < ALERT_UNKNOWN || is_mailing(h))
        return SEVERITY_LOW;
    return SEVERITY_MEDIUM;
}

static slice how_of(const struct harvester *h)
{
    if (h->vrfy > 0)
        return SLICE_LIT("VRFY");
    if (h->unknown >= ORDER_MIN && 10 * h->ascending >= 8 * (h->unknown - 1))
        return SLICE_LIT("alphabetical");
    return SLICE_NONE;
}

static slice reason_of(const struct harvester *h, bool network)
{
    if (2 * h->accepted > h->unknown)
        return SLICE_LIT("nearly all recipients tried do not exist; they were accepted first and "
                         "bounced later");
    return network ? SLICE_LIT("the clients of one network try names that do not exist here")
                   : SLICE_LIT("nearly all recipients tried do not exist here");
}

static void report(struct harvest *d, struct harvester *h, enum entity_type type, slice entity,
                   const struct alert_related *members, unsigned members_count, uint32_t total,
                   const struct event *ev)
{
    int severity = severity_of(h);
    struct alert_counter counters[] = {{"unknown_recipients", h->unknown},
                                       {"known_recipients", h->known},
                                       {"accepted_then_bounced", h->accepted},
                                       {"clients", total}};

    h->raised = true;
    incident_report(
        d->env.incidents,
        &(struct finding){.rule = RULE_HARVEST,
                          .severity = (enum severity)severity,
                          .entity_type = type,
                          .entity = entity,
                          .first_us = h->first_us,
                          .time_us = ev->time_us,
                          .observed = h->unknown,
                          .threshold = severity == SEVERITY_MEDIUM ? ALERT_UNKNOWN : WARN_UNKNOWN,
                          .unit = "unknown recipients",
                          .confidence = severity == SEVERITY_MEDIUM ? 90 : 60,
                          .reason = reason_of(h, type == ENTITY_NETWORK),
                          .how = how_of(h),
                          .counters = counters,
                          .counters_count = sizeof counters / sizeof counters[0],
                          .related = members,
                          .related_count = members_count,
                          .related_total = total,
                          .ev = ev});
}

static void report_client(struct harvest *d, struct harvester *h, const struct event *ev,
                          const struct context *cx)
{
    char text[IP_NET_TEXT];

    if (severity_of(h) < 0)
        return;
    if (!h->raised && h->unknown < LOUD_UNKNOWN &&
        harvest_site_covers(d->site, ev->time_us, table_spread(h)))
        return; /* a member of the campaign that the site's alert is about */
    report(d, h, ENTITY_IP, correlate_principal_text(&cx->client, text), NULL, 0, 1, ev);
}

static void put_member(const struct ip_addr *ip, struct alert_related *ret)
{
    char text[IP_ADDR_TEXT];

    ret->type = ENTITY_IP;
    slice_keep(ip_addr_format(ip, text), ret->value, sizeof ret->value);
}

static void report_network(struct harvest *d, struct harvest_net *n, const struct ip_net *net,
                           const struct event *ev, const struct context *cx)
{
    struct alert_related members[EARLY_MAX + 1];
    char text[IP_NET_TEXT];

    if (severity_of(&n->h) < 0 || distinct_count(&n->clients) < NETWORK_CLIENTS_MIN)
        return;
    for (unsigned i = 0; i < n->early_count; i++)
        put_member(&n->early[i], &members[i]);
    put_member(&cx->client, &members[n->early_count]);
    report(d, &n->h, ENTITY_NETWORK, ip_net_format(net, text), members, n->early_count + 1,
           (uint32_t)distinct_count(&n->clients), ev);
}

/* ---- networks ---- */

static uint64_t net_hash(const struct hash_key *key, const struct ip_net *net)
{
    uint64_t words[3] = {net->base.hi, net->base.lo, net->bits};
    return siphash13(key, words, sizeof words);
}

/* Returns whether the network has been reported: then its clients are no news for the site. */
static bool count_network(struct harvest *d, const struct event *ev, const struct context *cx,
                          const struct attempt *a, double llr)
{
    struct ip_net net = ip_net_of(&cx->client, 24, 48);
    struct harvest_net *n = table_get(d->networks, net_hash(cx->key, &net), ev->time_us, NULL);

    if (sunk(&n->h, ev->time_us)) {
        distinct_reset(&n->clients);
        n->early_count = 0;
    }
    count_unknown(&n->h, ev, cx, a, llr);
    if (distinct_add(&n->clients, cx->client_hash) && n->early_count < EARLY_MAX)
        n->early[n->early_count++] = cx->client;
    report_network(d, n, &net, ev, cx);
    return n->h.raised;
}

/* ---- events ---- */

static void on_known(struct harvest *d, const struct event *ev, const struct context *cx,
                     const struct attempt *a)
{
    struct ip_net net = ip_net_of(&cx->client, 24, 48);
    struct harvester *h;
    struct harvest_net *n;

    if (!pair_filter_first(d->pairs, hash_mix(cx->client_hash, a->name), ev->time_us))
        return;
    harvest_site_known(d->site, ev->time_us);
    if ((h = table_find(d->clients, cx->client_hash)) != NULL)
        count_known(d, h, ev->time_us);
    if ((n = table_find(d->networks, net_hash(cx->key, &net))) != NULL)
        count_known(d, &n->h, ev->time_us);
}

/* Has nobody else tried the name within the day? */
static bool is_new_name(const struct harvest *d, const struct attempt *a, int64_t time_us)
{
    return pair_filter_first(d->pairs, hash_mix(a->name, d->env.key.k0 | 1), time_us);
}

/* A name that was counted as good when it was accepted is taken back when it bounces. */
static bool first_unknown(struct harvest *d, const struct event *ev, const struct context *cx,
                          struct attempt *a, double *ret_llr)
{
    uint64_t pair = hash_mix(cx->client_hash, a->name);
    bool was_good = false;

    *ret_llr = d->llr.bad;
    if (table_is_full(d->clients) && table_find(d->clients, cx->client_hash) == NULL)
        return true; /* a flood of fresh clients must not fill the filter as well */
    if (!pair_filter_first(d->pairs, hash_mix(pair, d->env.key.k1 | 1), ev->time_us))
        return false;
    a->shared = !is_new_name(d, a, ev->time_us);
    if (a->shared)
        *ret_llr *= shared_name_weight;
    if (a->accepted)
        was_good = pair_filter_seen(d->pairs, pair);
    if (was_good)
        *ret_llr -= d->llr.good;
    return true;
}

/* Whoever was kept outside by a flood begins with the tries that the tally knows of. */
static struct harvester *get_client(struct harvest *d, const struct event *ev,
                                    const struct context *cx, const struct attempt *a)
{
    bool created;
    struct harvester *h = table_get(d->clients, cx->client_hash, ev->time_us, &created);

    for (unsigned i = 1; created && i < table_spread(h) && i <= TALLY_BELIEVED; i++)
        count_unknown(h, ev, cx, a, d->llr.bad);
    return h;
}

/* A server that logs refused recipients at once and accepted ones when they are delivered shows a
 * mailing as a run of unknown names first. While its transaction is open, and somebody in it was
 * accepted, nothing is said and nothing is shared: what follows may outweigh it. */
static bool is_half_told(const struct event *ev, const struct context *cx)
{
    return ev->kind == EVENT_RCPT && cx->message != NULL &&
           (cx->message->flags & (MESSAGE_QUEUED | MESSAGE_DONE)) == 0 &&
           ev->time_us - cx->message->first_us < open_us;
}

static void release(struct harvest *d, struct harvester *h, const struct event *ev,
                    const struct context *cx)
{
    if (h == NULL || !h->held)
        return;
    h->held = false;
    report_client(d, h, ev, cx);
}

/* The end of the session decides when its mail never reached the queue; else its deliveries do. */
static bool is_in_queue(const struct harvest *d, const struct context *cx)
{
    const struct message *m = cx->session == NULL || cx->session->message_key == 0
                                  ? NULL
                                  : message_table_find(d->env.messages, cx->session->message_key);

    return m != NULL && (m->flags & MESSAGE_QUEUED) && !(m->flags & MESSAGE_DONE);
}

static void on_unknown(struct harvest *d, const struct event *ev, const struct context *cx,
                       struct attempt *a)
{
    struct harvester *h;
    double llr;

    if (!first_unknown(d, ev, cx, a, &llr))
        return;
    h = get_client(d, ev, cx, a);
    count_unknown(h, ev, cx, a, llr);
    h->vrfy += ev->stage == STAGE_VRFY;
    h->held = is_half_told(ev, cx);
    if (h->held)
        return;
    report_client(d, h, ev, cx);
    if (!may_share(h, ev->time_us) || count_network(d, ev, cx, a, llr))
        return;
    harvest_site_unknown(d->site, ev, cx,
                         &(struct harvest_try){
                             .name = a->name,
                             .run = has_own_name(h) ? 1 : h->unknown, /* one of its own, no crowd */
                             .accepted = a->accepted});
}

/* VRFY that is switched off is not logged command by command; the end of the session counts them.
 */
static void on_session_end(struct harvest *d, const struct event *ev, const struct context *cx)
{
    uint32_t tries = ev->counters.vrfy_all < VRFY_MAX ? ev->counters.vrfy_all : VRFY_MAX;
    struct attempt a = {.unknown = true};
    struct harvester *h;

    if (!is_in_queue(d, cx))
        release(d, table_find(d->clients, cx->client_hash), ev, cx);
    if (tries == 0)
        return;
    h = table_get(d->clients, cx->client_hash, ev->time_us, NULL);
    if (h->vrfy > 0 && h->unknown >= tries) /* seen one by one */
        return;
    for (uint32_t i = 0; i < tries; i++)
        count_unknown(h, ev, cx, &a, d->llr.bad);
    h->vrfy += tries;
    report_client(d, h, ev, cx);
}

static void warm(const void *state, const struct event *ev, const struct context *cx)
{
    const struct harvest *d = state;

    if (!cx->outside || cx->rcpt_class == RCPT_NONE)
        return;
    table_warm(d->clients, cx->client_hash);
    if (ev->kind == EVENT_DELIVERY)
        pair_filter_warm(d->pairs, hash_mix(cx->client_hash, cx->rcpt_hash));
}

static void on_event(void *state, const struct event *ev, const struct context *cx)
{
    struct harvest *d = state;
    struct attempt a;

    if (!cx->outside || cx->client_hash == 0)
        return;
    if (ev->kind == EVENT_DISCONNECT)
        on_session_end(d, ev, cx);
    else if (ev->kind == EVENT_DONE)
        release(d, table_find(d->clients, cx->client_hash), ev, cx);
    else if (!judge(ev, cx, &a))
        return;
    else if (a.unknown)
        on_unknown(d, ev, cx, &a);
    else
        on_known(d, ev, cx, &a);
}

static void explain(const void *state, const struct event *ev, const struct context *cx,
                    struct outbuf *out)
{
    const struct harvest *d = state;
    const struct harvester *h;

    if (!cx->outside || cx->client_hash == 0)
        return;
    h = table_find(d->clients, cx->client_hash);
    if (h == NULL || h->unknown == 0)
        return;
    outbuf_printf(out, "score %.1f of %.1f, %u of %u unknown recipients, %u known",
                  (double)cusum_at(&h->test, ev->time_us, half_life_us), (double)warn_height,
                  h->unknown, WARN_UNKNOWN, h->known);
    if (h->raised)
        outbuf_puts(out, ": reported");
    else if (h->unknown < WARN_UNKNOWN)
        outbuf_printf(out, ": needs %u more unknown recipients", WARN_UNKNOWN - h->unknown);
    else if (h->test.s < warn_height)
        outbuf_printf(out, ": score lacks %.1f (one unknown recipient adds %.1f)",
                      (double)(warn_height - h->test.s), (double)d->llr.bad);
}

static uint64_t evictions(const void *state)
{
    const struct harvest *d = state;
    return table_evictions(d->clients) + table_evictions(d->networks);
}

static size_t bytes(const void *state)
{
    const struct harvest *d = state;
    return sizeof *d + table_bytes(d->clients) + table_bytes(d->networks) +
           pair_filter_bytes(d->pairs) + harvest_site_bytes(d->site);
}

static void persist(void *state, struct state_io *io)
{
    static const struct state_hole holes[] = {
        STATE_HOLE(struct harvest, env),     STATE_HOLE(struct harvest, llr),
        STATE_HOLE(struct harvest, clients), STATE_HOLE(struct harvest, networks),
        STATE_HOLE(struct harvest, pairs),   STATE_HOLE(struct harvest, site)};
    struct harvest *d = state;

    state_struct(io, "harvest", d, sizeof *d, STATE_HOLES(holes));
    table_persist(d->clients, io);
    table_persist(d->networks, io);
    pair_filter_persist(d->pairs, io);
    harvest_site_persist(d->site, io);
}

const struct detector detector_harvest = {
    .name = "harvest",
    .summary = "recipients tried to find out which exist: by one client, a network, or many",
    .reference = "D7; RFC 5321 7.3, 7.8",
    .kinds = KIND(RCPT) | KIND(REFUSAL) | KIND(DELIVERY) | KIND(DONE) | KIND(DISCONNECT),
    .memory_parts = 4,
    .create = create,
    .on_event = on_event,
    .warm = warm,
    .explain = explain,
    .evictions = evictions,
    .bytes = bytes,
    .destroy = destroy,
    .persist = persist,
};
