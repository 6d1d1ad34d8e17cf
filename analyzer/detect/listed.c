/* listed.c - D10: remote servers refuse our mail and name a block list or our reputation
 * algorithm: per list or reputation system the distinct organisations that name it within a day.
 *            Two are proof; one is enough when a list of the table is named and the reply quotes
 *            the address that connected, which is ours. Only replies of remote servers count: our
 *            own refusals use the same words. The worst incident of ours that began before is
 *            named with it.
 * source:    Zeek's SMTP block list notice (own address quoted: more certain); wordings in
 *            signatures/block-lists.json
 * limits:    an organisation is taken to be the last two labels of the relay's name (three under
 *            "co.uk" and the like); one incident a list, whichever of our addresses is on it */
#include "detect/detector.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/decay.h"
#include "base/distinct.h"
#include "base/pair_filter.h"
#include "base/panic.h"
#include "base/state.h"
#include "base/table.h"
#include "detect/policy.h"
#include "match/signatures.h"

#define HOURS_US(h) ((int64_t)(h)*3600 * 1000000)

enum { LISTS_MAX = 256 };

struct listing {
    int64_t first_us, last_us;
    int64_t day_us; /* since when organisations are counted */
    uint32_t replies, quoted;
    struct distinct organisations;
    enum block_kind kind;
    bool known;
    char name[BLOCK_NAME_MAX];
    char address[IP_ADDR_TEXT]; /* of ours, as quoted last */
    bool cause_sought;          /* once, when the listing is certain */
    char cause[48];             /* "account_burst"; "" none */
    struct alert_related culprit;
};

struct listed {
    struct detect_env env;
    struct policy *policy;
    const struct block_lists *names;
    struct signatures *own_signatures; /* where none were given */
    struct table *lists;
    struct pair_filter *seen; /* (list, message, recipient): a retry is no second refusal */
    struct decayed outbound, refused;
};

static float listing_score(const void *entry, int64_t now_us)
{
    const struct listing *l = entry;
    return (float)(100 * distinct_count(&l->organisations)) + (l->known ? 50 : 0) +
           (float)l->replies - (float)((double)(now_us - l->last_us) / 3600e6);
}

static void *create(const struct detect_env *env)
{
    struct listed *d = panic_calloc(1, sizeof *d);
    struct table_spec spec = {.name = "block lists",
                              .capacity = LISTS_MAX,
                              .entry_size = sizeof(struct listing),
                              .score = listing_score};
    size_t rest = env->memory_bytes / 4;

    d->env = *env;
    d->policy = policy_copy(env->policy);
    if (env->signatures == NULL)
        d->own_signatures = signatures_load(NULL, NULL);
    d->names = (env->signatures == NULL ? d->own_signatures : env->signatures)->block_lists;
    d->lists = table_new(&spec);
    d->seen = pair_filter_new(rest < 65536 ? rest : 65536, HOURS_US(24));
    return d;
}

static void renew(void *state, const struct detect_env *env)
{
    struct listed *d = state;

    *d->policy = *env->policy;
    d->names = env->signatures->block_lists;
}

static void destroy(void *state)
{
    struct listed *d = state;

    signatures_free(d->own_signatures);
    table_free(d->lists);
    pair_filter_free(d->seen);
    free(d->policy);
    free(d);
}

/* ---- whose answer ---- */

static slice last_labels(slice host, unsigned labels)
{
    size_t i = host.len;

    while (i > 0) {
        if (host.ptr[i - 1] == '.' && --labels == 0)
            break;
        i--;
    }
    return slice_from(host, i);
}

static bool is_second_level(slice label)
{
    static const char *const words[] = {"co", "com", "net", "org", "ac", "gov", "edu", "or", "ne"};

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (slice_ieq(label, slice_of(words[i])))
            return true;
    return false;
}

/* The registrable domain, nearly: two labels, three under a country's "co", "com" and so on. */
static slice registrable(slice host)
{
    slice two, label;

    while (host.len > 0 && host.ptr[host.len - 1] == '.')
        host.len--;
    two = last_labels(host, 2);
    label = slice_first(two, slice_find_byte(two, '.'));
    if (two.len == label.len + 3 && is_second_level(label))
        return last_labels(host, 3);
    return two;
}

static slice organisation_of(const struct event *ev, const struct context *cx)
{
    slice relay = event_field(ev, EF_RELAY);
    struct ip_addr ip;

    if (relay.len == 0 || ip_addr_parse(relay, &ip) || slice_find_byte(relay, '.') == relay.len)
        relay = cx->rcpt_domain;
    return registrable(relay);
}

/* ---- what it says ---- */

/* Reasons that can hide a listing behind a general word; the rest has said what it is. */
static bool may_be_listing(enum reason reason)
{
    switch (reason) {
    case REASON_NONE:
    case REASON_BLOCKLIST:
    case REASON_RATE:
    case REASON_POLICY:
    case REASON_CONTENT:
    case REASON_SENDER_AUTH:
    case REASON_RDNS:
    case REASON_LOCAL_TROUBLE:
    case REASON_UNREACHABLE:
        return true;
    default:
        return false;
    }
}

/* The first address in the reply that can be ours: neither the remote's nor that of the message's
 * first client, which a server that looks into the headers may have found on a list. */
static const struct ip_addr *own_address(const struct block_hit *hit, const struct event *ev,
                                         const struct context *cx)
{
    for (unsigned i = 0; i < hit->quoted_count; i++) {
        const struct ip_addr *ip = &hit->quoted[i];
        if (!ip_addr_eq(ip, &ev->remote) && !ip_addr_eq(ip, &cx->client) && !ip_addr_is_private(ip))
            return ip;
    }
    return NULL;
}

/* The remote's own list, without a name: believed when it is about an address, not about senders or
 * content. */
static bool is_unnamed_list(const struct block_hit *hit, const struct context *cx,
                            const struct ip_addr *own)
{
    return hit->kind == BLOCK_NONE && cx->reason == REASON_BLOCKLIST && own != NULL;
}

static bool is_listing(const struct block_hit *hit, const struct context *cx,
                       const struct ip_addr *own)
{
    if (hit->kind == BLOCK_ERROR || hit->kind == BLOCK_DOMAIN)
        return false;
    if (hit->kind == BLOCK_NONE)
        return is_unnamed_list(hit, cx, own);
    return hit->known || cx->reason == REASON_BLOCKLIST || own != NULL;
}

/* ---- counting ---- */

static struct listing *count(struct listed *d, const struct block_hit *hit, const struct event *ev,
                             const struct context *cx, slice organisation,
                             const struct ip_addr *own)
{
    slice name = hit->name[0] ? slice_of(hit->name) : organisation;
    bool created;
    struct listing *l = table_get(d->lists, siphash13_lower(cx->key, name), ev->time_us, &created);

    if (created || ev->time_us - l->last_us > HOURS_US(48)) {
        *l = (struct listing){.first_us = ev->time_us, .day_us = ev->time_us};
        slice_keep(name, l->name, sizeof l->name);
    }
    if (ev->time_us - l->day_us > HOURS_US(24)) {
        l->day_us = ev->time_us;
        distinct_reset(&l->organisations);
    }
    if (ev->time_us > l->last_us)
        l->last_us = ev->time_us;
    l->replies++;
    l->kind = hit->kind == BLOCK_NONE ? BLOCK_LIST : hit->kind;
    l->known |= hit->known;
    distinct_add(&l->organisations, siphash13_lower(cx->key, organisation));
    if (own != NULL) {
        l->quoted++;
        ip_addr_format(own, l->address);
    }
    return l;
}

static double half_life_us(const struct listed *d)
{
    return policy_number(d->policy, POLICY_LISTED_half_life);
}

static double refused_share(const struct listed *d, int64_t now_us)
{
    double all = decayed_at(&d->outbound, now_us, half_life_us(d));
    double refused = decayed_at(&d->refused, now_us, half_life_us(d));

    return refused < policy_number(d->policy, POLICY_LISTED_refused_least) || all <= 0
               ? 0
               : refused / all;
}

static bool is_throttled(const struct listed *d, const struct listing *l)
{
    const struct policy *p = d->policy;

    return l->replies >= policy_unsigned(p, POLICY_LISTED_throttled_many) ||
           distinct_count(&l->organisations) >=
               policy_number(p, POLICY_LISTED_organisations_certain);
}

static bool is_certain(const struct listed *d, const struct listing *l)
{
    return distinct_count(&l->organisations) >=
               policy_number(d->policy, POLICY_LISTED_organisations_certain) ||
           (l->known && l->quoted > 0);
}

static bool is_critical(const struct listed *d, const struct listing *l, int64_t now_us)
{
    const struct policy *p = d->policy;

    return distinct_count(&l->organisations) >=
               policy_number(p, POLICY_LISTED_organisations_critical) ||
           refused_share(d, now_us) >= policy_number(p, POLICY_LISTED_refused_share);
}

static enum severity severity_of(const struct listed *d, const struct listing *l, int64_t now_us)
{
    enum policy_setting setting = POLICY_LISTED_severity_uncertain;

    if (l->kind == BLOCK_THROTTLE && is_throttled(d, l))
        setting = POLICY_LISTED_severity_throttled;
    else if (l->kind != BLOCK_THROTTLE && is_certain(d, l))
        setting = is_critical(d, l, now_us) ? POLICY_LISTED_severity_critical
                                            : POLICY_LISTED_severity_certain;
    return policy_severity(d->policy, setting);
}

/* What we sent that earned it: an incident that began before. */
static void seek_cause(struct listed *d, struct listing *l)
{
    const uint32_t rules = 1U << RULE_RELAY_ACCEPTED | 1U << RULE_ACCOUNT_BURST |
                           1U << RULE_HOST_BURST | 1U << RULE_BACKSCATTER | 1U << RULE_REVERSE_NDR;
    const struct alert *a = incidents_cause(d->env.incidents, rules, l->first_us);

    l->cause_sought = true;
    if (a == NULL)
        return;
    slice_keep(slice_of(alert_rule(a)->type), l->cause, sizeof l->cause);
    l->culprit.type = a->entity_type;
    slice_keep(slice_of(a->entity), l->culprit.value, sizeof l->culprit.value);
}

static slice reason_of(const struct listing *l, char *buf, size_t size)
{
    if (l->cause[0] != '\0') {
        snprintf(buf, size, "remote servers refuse us and name this list; %s %s began before it",
                 l->cause, l->culprit.value);
        return slice_of(buf);
    }
    if (l->kind == BLOCK_THROTTLE)
        return SLICE_LIT("a remote provider slows us down for volume, complaints or reputation");
    if (l->quoted > 0)
        return SLICE_LIT("remote servers refuse us by this list and quote our address");
    return SLICE_LIT("remote servers refuse us and name this list");
}

static void report(struct listed *d, struct listing *l, slice organisation, const struct event *ev)
{
    enum severity severity = severity_of(d, l, ev->time_us);
    bool certain = l->kind != BLOCK_THROTTLE && is_certain(d, l);
    uint32_t total = (uint32_t)distinct_count(&l->organisations);
    char reason[ALERT_TEXT_MAX];
    struct alert_related who[2] = {{.type = ENTITY_DOMAIN}};
    struct alert_counter counters[] = {
        {"refused_recipients", l->replies},
        {"organisations", total},
        {"own_address_quoted", l->quoted},
        {"refused_percent_of_outbound", (uint64_t)(100 * refused_share(d, ev->time_us))}};

    if (certain && !l->cause_sought)
        seek_cause(d, l);
    who[1] = l->culprit;
    slice_keep(organisation, who[0].value, sizeof who[0].value);
    incident_report(
        d->env.incidents,
        &(struct finding){
            .rule = RULE_LISTED,
            .severity = severity,
            .entity_type = ENTITY_LIST,
            .entity = slice_of(l->name),
            .first_us = l->first_us,
            .time_us = ev->time_us,
            .observed = l->replies,
            .threshold =
                l->quoted > 0 ? 1 : policy_number(d->policy, POLICY_LISTED_organisations_certain),
            .unit = "refused recipients",
            .confidence = certain ? 90 : 50,
            .reason = reason_of(l, reason, sizeof reason),
            .how = l->address[0] ? slice_of(l->address) : SLICE_NONE,
            .counters = counters,
            .counters_count = sizeof counters / sizeof counters[0],
            .related = who,
            .related_count = l->cause[0] != '\0' ? 2 : 1,
            .related_total = total + (l->cause[0] != '\0'),
            .ev = ev});
}

static bool first_sight(struct listed *d, const struct event *ev, const struct context *cx,
                        const struct block_hit *hit)
{
    uint64_t message = cx->message == NULL ? 0 : message_table_key(cx->message);
    uint64_t list = siphash13_lower(cx->key, slice_of(hit->name));

    return pair_filter_first(d->seen, hash_mix(hash_mix(message, cx->rcpt_hash), list),
                             ev->time_us);
}

static void on_failure(struct listed *d, const struct event *ev, const struct context *cx)
{
    struct block_hit hit;
    const struct ip_addr *own;
    slice organisation;

    if (!may_be_listing(cx->reason))
        return;
    block_lists_find(d->names, event_field(ev, EF_TEXT), &hit);
    own = own_address(&hit, ev, cx);
    organisation = organisation_of(ev, cx);
    if (!is_listing(&hit, cx, own) || organisation.len == 0 || !first_sight(d, ev, cx, &hit))
        return;
    decayed_add(&d->refused, ev->time_us, half_life_us(d), 1);
    if (ev->outcome == OUTCOME_DEFERRED)
        decayed_add(&d->outbound, ev->time_us, half_life_us(d), 1);
    report(d, count(d, &hit, ev, cx, organisation, own), organisation, ev);
}

static void on_event(void *state, const struct event *ev, const struct context *cx)
{
    struct listed *d = state;

    if (ev->route != ROUTE_REMOTE)
        return;
    if (ev->outcome == OUTCOME_DELIVERED || ev->outcome == OUTCOME_BOUNCED)
        decayed_add(&d->outbound, ev->time_us, half_life_us(d), 1);
    if (ev->outcome == OUTCOME_BOUNCED || ev->outcome == OUTCOME_DEFERRED)
        on_failure(d, ev, cx);
}

static void explain(const void *state, const struct event *ev, const struct context *cx,
                    struct outbuf *out)
{
    const struct listed *d = state;
    const struct policy *p = d->policy;
    const struct listing *l;
    struct block_hit hit;
    slice name;

    if (ev->route != ROUTE_REMOTE || !may_be_listing(cx->reason) ||
        (ev->outcome != OUTCOME_BOUNCED && ev->outcome != OUTCOME_DEFERRED))
        return;
    block_lists_find(d->names, event_field(ev, EF_TEXT), &hit);
    name = hit.name[0] ? slice_of(hit.name) : organisation_of(ev, cx);
    l = table_find(d->lists, siphash13_lower(cx->key, name));
    if (l == NULL)
        return;
    outbuf_printf(out,
                  "%u refusals by %.0f organisations, of which %u are certain and %u critical; our "
                  "address quoted %u times: reported, %s",
                  l->replies, distinct_count(&l->organisations),
                  policy_unsigned(p, POLICY_LISTED_organisations_certain),
                  policy_unsigned(p, POLICY_LISTED_organisations_critical), l->quoted,
                  severity_name(severity_of(d, l, ev->time_us)));
}

static uint64_t evictions(const void *state)
{
    const struct listed *d = state;
    return table_evictions(d->lists);
}

static size_t bytes(const void *state)
{
    const struct listed *d = state;
    return sizeof *d + table_bytes(d->lists) + pair_filter_bytes(d->seen);
}

static void persist(void *state, struct state_io *io)
{
    static const struct state_hole holes[] = {
        STATE_HOLE(struct listed, env),   STATE_HOLE(struct listed, policy),
        STATE_HOLE(struct listed, names), STATE_HOLE(struct listed, own_signatures),
        STATE_HOLE(struct listed, lists), STATE_HOLE(struct listed, seen)};
    struct listed *d = state;

    state_struct(io, "listed", d, sizeof *d, STATE_HOLES(holes));
    table_persist(d->lists, io);
    pair_filter_persist(d->seen, io);
}

const struct detector detector_listed = {
    .name = "listed",
    .summary = "remote servers that refuse us by a block list or for our reputation",
    .reference = "D10",
    .kinds = KIND(DELIVERY),
    .memory_parts = 1,
    .create = create,
    .on_event = on_event,
    .renew = renew,
    .explain = explain,
    .evictions = evictions,
    .bytes = bytes,
    .destroy = destroy,
    .persist = persist,
};
