/* spoof_local.c - D8: our own domain as the sender of an outside client that has not authenticated
 * algorithm: per client the distinct senders and recipients of ours, within an hour and within a
 *            day, counted apart for mail that was delivered; senders that speak with authority
 *            (board, money, computing) weigh more
 * source:    RFC 2505 2.6.2 and RFC 5321 7.1 warn against refusing such mail: forwards, lists and
 *            service providers do the same, so it takes variety to be more than "low"; a pair seen
 *            delivered on five days is an exception
 * limits:    one forged sender towards many recipients looks like a service provider and stays
 *            "low" */
#include "detect/detector.h"

#include <stdlib.h>

#include "base/distinct.h"
#include "base/panic.h"
#include "base/table.h"
#include "detect/capacity.h"
#include "detect/policy.h"

#define HOURS_US(h) ((int64_t)(h)*3600 * 1000000)

enum role_group { ROLE_BOARD = 1 << 0, ROLE_MONEY = 1 << 1, ROLE_COMPUTING = 1 << 2 };

struct spoofer {
    int64_t first_us, last_us; /* of the present day-long window */
    int64_t hour_us;
    struct distinct hour_senders, hour_recipients; /* recipients: delivered */
    struct distinct senders, role_recipients;
    uint32_t delivered, refused;
    uint32_t roles; /* set of enum role_group that was delivered */
    bool helo_is_ours;
};

struct pair_days {
    int32_t last_day;
    uint16_t days;
};

struct spoof_local {
    struct detect_env env;
    struct policy *policy;
    struct table *clients, *pairs;
};

static float spoofer_score(const void *entry, int64_t now_us)
{
    const struct spoofer *s = entry;
    return (float)(distinct_count(&s->senders) + s->delivered) -
           (float)((double)(now_us - s->last_us) / 3600e6);
}

static float pair_score(const void *entry, int64_t now_us)
{
    const struct pair_days *p = entry;
    return (float)p->days - (float)((double)now_us / 86400e6 - p->last_day) / 8;
}

static void *create(const struct detect_env *env)
{
    struct spoof_local *d = panic_calloc(1, sizeof *d);
    struct table_spec spec = {.name = "local senders from outside",
                              .capacity =
                                  capacity_of(env->memory_bytes / 4 * 3, sizeof(struct spoofer)),
                              .entry_size = sizeof(struct spoofer),
                              .score = spoofer_score};
    struct table_spec pair_spec = {.name = "known local senders",
                                   .capacity =
                                       capacity_of(env->memory_bytes / 4, sizeof(struct pair_days)),
                                   .entry_size = sizeof(struct pair_days),
                                   .score = pair_score};

    d->env = *env;
    d->policy = policy_copy(env->policy);
    d->clients = table_new(&spec);
    d->pairs = table_new(&pair_spec);
    return d;
}

static void renew(void *state, const struct detect_env *env)
{
    struct spoof_local *d = state;

    *d->policy = *env->policy;
}

static void destroy(void *state)
{
    struct spoof_local *d = state;

    table_free(d->clients);
    table_free(d->pairs);
    free(d->policy);
    free(d);
}

/* ---- roles ---- */

/* The local part without what only separates or numbers: "it-support2" is "itsupport". */
static slice squeeze(slice local, char *buf, size_t size)
{
    size_t n = 0;

    for (size_t i = 0; i < local.len && n < size; i++) {
        char c = slice_lower(local.ptr[i]);
        if (c == '+')
            break;
        if (c >= 'a' && c <= 'z')
            buf[n++] = c;
    }
    return (slice){buf, n};
}

static bool is_among(slice name, const struct policy_names *names)
{
    for (unsigned i = 0; i < names->count; i++)
        if (slice_eq(name, slice_of(names->name[i])))
            return true;
    return false;
}

static uint32_t role_of(const struct policy *p, slice sender)
{
    static const struct {
        enum policy_setting names;
        enum role_group group;
    } groups[] = {{POLICY_SPOOF_LOCAL_roles_board, ROLE_BOARD},
                  {POLICY_SPOOF_LOCAL_roles_money, ROLE_MONEY},
                  {POLICY_SPOOF_LOCAL_roles_computing, ROLE_COMPUTING}};
    char buf[POLICY_NAME_MAX];
    slice name = squeeze(slice_first(sender, slice_rfind_byte(sender, '@')), buf, sizeof buf);

    for (size_t i = 0; i < sizeof groups / sizeof groups[0]; i++)
        if (is_among(name, policy_names(p, groups[i].names)))
            return groups[i].group;
    return 0;
}

/* ---- which events count ---- */

/* A forwarder that rewrites (SRS) speaks in its own name: what stands behind the at-sign decides.
 */
static bool sender_is_ours(const struct context *cx)
{
    return !cx->null_sender && cx->sender.len > 0 && cx->sender_zone == DOMAIN_LOCAL &&
           zones_domain(cx->zones, address_domain(cx->sender)) == DOMAIN_LOCAL;
}

/* A host whose verified name is one of ours is a part of the site that the admin did not list. */
static bool client_is_ours(const struct context *cx)
{
    return cx->client_name.len > 0 && zones_domain(cx->zones, cx->client_name) == DOMAIN_LOCAL;
}

static bool is_ours(enum rcpt_class class)
{
    return class == RCPT_OURS || class == RCPT_RELAYED;
}

static bool is_delivered(const struct event *ev, const struct context *cx)
{
    return ev->kind == EVENT_DELIVERY && ev->outcome == OUTCOME_DELIVERED &&
           ev->route != ROUTE_LOOPBACK && cx->message != NULL && is_ours(cx->rcpt_class);
}

static bool is_refused(const struct event *ev, const struct context *cx)
{
    if (ev->soft || (ev->outcome != OUTCOME_REFUSED && ev->outcome != OUTCOME_TEMPFAIL))
        return false;
    if (cx->reason == REASON_GREYLIST) /* comes again */
        return false;
    return ev->kind == EVENT_RCPT ? is_ours(cx->rcpt_class)
                                  : ev->kind == EVENT_REFUSAL && ev->stage == STAGE_MAIL;
}

/* "192.0.2.25" or "[192.0.2.25]" inside our networks, from outside. */
static bool is_address_of_ours(slice helo, const struct context *cx)
{
    enum client_zone zone;
    struct ip_addr ip;

    if (helo.len > 2 && helo.ptr[0] == '[' && helo.ptr[helo.len - 1] == ']')
        helo = (slice){helo.ptr + 1, helo.len - 2};
    if (!ip_addr_parse(helo, &ip))
        return false;
    zone = zones_client(cx->zones, &ip, SLICE_NONE);
    return zone == CLIENT_LOOPBACK || (zone == CLIENT_TRUSTED && !ip_addr_is_private(&ip));
}

static bool helo_is_ours(const struct event *ev, const struct context *cx)
{
    slice helo = event_field(ev, EF_HELO);

    if (helo.len == 0 && cx->message != NULL)
        helo = slice_of(cx->message->helo);
    return helo.len > 0 &&
           (zones_domain(cx->zones, helo) == DOMAIN_LOCAL ||
            slice_ieq(helo, event_field(ev, EF_HOST)) || is_address_of_ours(helo, cx));
}

/* Delivered on enough days: a forward, a list, a provider at work. Only deliveries teach. */
static bool is_learnt(const struct spoof_local *d, const struct event *ev, const struct context *cx,
                      bool delivered)
{
    uint64_t key = hash_mix(cx->client_hash, cx->sender_hash);
    int32_t day = (int32_t)(ev->time_us / HOURS_US(24));
    uint16_t enough = (uint16_t)policy_unsigned(d->policy, POLICY_SPOOF_LOCAL_days_learnt);
    struct pair_days *p =
        delivered ? table_get(d->pairs, key, ev->time_us, NULL) : table_find(d->pairs, key);

    if (p == NULL)
        return false;
    if (delivered && day > p->last_day) {
        p->last_day = day;
        p->days = (uint16_t)(p->days < enough ? p->days + 1 : enough);
    }
    return p->days >= enough;
}

/* ---- counting ---- */

static void restart_windows(struct spoofer *s, int64_t now_us)
{
    if (s->first_us == 0 || now_us - s->first_us > HOURS_US(24))
        *s = (struct spoofer){.first_us = now_us, .last_us = now_us};
    if (s->hour_us == 0 || now_us - s->hour_us > HOURS_US(1)) {
        s->hour_us = now_us;
        distinct_reset(&s->hour_senders);
        distinct_reset(&s->hour_recipients);
    }
}

static struct spoofer *count(struct spoof_local *d, const struct event *ev,
                             const struct context *cx, bool delivered)
{
    struct spoofer *s = table_get(d->clients, cx->client_hash, ev->time_us, NULL);
    uint32_t role = role_of(d->policy, cx->sender);

    restart_windows(s, ev->time_us);
    if (ev->time_us > s->last_us)
        s->last_us = ev->time_us;
    distinct_add(&s->senders, cx->sender_hash);
    distinct_add(&s->hour_senders, cx->sender_hash);
    s->helo_is_ours |= helo_is_ours(ev, cx);
    s->delivered += delivered;
    s->refused += !delivered;
    if (!delivered)
        return s;
    distinct_add(&s->hour_recipients, cx->rcpt_hash);
    s->roles |= role;
    if (role != 0)
        distinct_add(&s->role_recipients, cx->rcpt_hash);
    return s;
}

/* ---- reporting ---- */

static bool reaches(const struct policy *p, const struct distinct *d, enum policy_setting least)
{
    return distinct_count(d) >= policy_number(p, least);
}

static bool many_roles(const struct policy *p, const struct spoofer *s)
{
    return (unsigned)__builtin_popcount(s->roles) >=
               policy_unsigned(p, POLICY_SPOOF_LOCAL_role_groups) &&
           reaches(p, &s->role_recipients, POLICY_SPOOF_LOCAL_role_recipients_many);
}

static bool many_senders(const struct policy *p, const struct spoofer *s)
{
    return reaches(p, &s->hour_senders, POLICY_SPOOF_LOCAL_senders_many);
}

static bool many_recipients(const struct policy *p, const struct spoofer *s)
{
    return reaches(p, &s->hour_recipients, POLICY_SPOOF_LOCAL_recipients_many);
}

static bool is_much(const struct policy *p, const struct spoofer *s)
{
    return many_roles(p, s) || (many_senders(p, s) && many_recipients(p, s));
}

static enum severity severity_of(const struct policy *p, const struct spoofer *s)
{
    if (is_much(p, s))
        return policy_severity(p, POLICY_SPOOF_LOCAL_severity_many);
    if (many_senders(p, s) || s->helo_is_ours || many_recipients(p, s) ||
        reaches(p, &s->role_recipients, POLICY_SPOOF_LOCAL_role_recipients_some))
        return policy_severity(p, POLICY_SPOOF_LOCAL_severity_some);
    return policy_severity(p, POLICY_SPOOF_LOCAL_severity_one);
}

static slice reason_of(const struct policy *p, const struct spoofer *s)
{
    if (many_roles(p, s))
        return SLICE_LIT("speaks for several of our departments from outside, and was delivered");
    if (many_senders(p, s))
        return SLICE_LIT("uses many senders of our own domain from outside");
    if (s->helo_is_ours)
        return SLICE_LIT("uses a sender of our own domain and greets with our own name");
    return SLICE_LIT("uses a sender of our own domain from outside without authentication");
}

static void report(struct spoof_local *d, const struct spoofer *s, const struct event *ev,
                   const struct context *cx)
{
    char text[IP_NET_TEXT];
    slice client = correlate_principal_text(&cx->client, text);
    const struct policy *p = d->policy;
    enum severity severity = severity_of(p, s);
    struct alert_counter counters[] = {
        {"delivered", s->delivered},
        {"refused", s->refused},
        {"senders", (uint64_t)distinct_count(&s->senders)},
        {"recipients_last_hour", (uint64_t)distinct_count(&s->hour_recipients)},
        {"role_recipients", (uint64_t)distinct_count(&s->role_recipients)}};

    if (is_much(p, s) &&
        (incidents_rules_of(d->env.incidents, client) & 1U << RULE_RELAY_ACCEPTED) != 0)
        severity = policy_severity(p, POLICY_SPOOF_LOCAL_severity_relayed);
    incident_report(
        d->env.incidents,
        &(struct finding){
            .rule = RULE_SPOOF_LOCAL,
            .severity = severity,
            .entity_type = ENTITY_IP,
            .entity = client,
            .first_us = s->first_us,
            .time_us = ev->time_us,
            .observed = (double)s->delivered + s->refused,
            .threshold = policy_number(p, many_roles(p, s) ? POLICY_SPOOF_LOCAL_role_recipients_many
                                                           : POLICY_SPOOF_LOCAL_senders_many),
            .unit = "messages with a sender of ours",
            .confidence = is_much(p, s) ? 75 : 40,
            .reason = reason_of(p, s),
            .counters = counters,
            .counters_count = sizeof counters / sizeof counters[0],
            .ev = ev});
}

static bool is_counted(const struct event *ev, const struct context *cx)
{
    return cx->outside && cx->client_hash != 0 && sender_is_ours(cx) && !client_is_ours(cx) &&
           (is_delivered(ev, cx) || is_refused(ev, cx));
}

static void on_event(void *state, const struct event *ev, const struct context *cx)
{
    struct spoof_local *d = state;
    bool delivered = is_delivered(ev, cx);

    if (!is_counted(ev, cx))
        return;
    if (!is_learnt(d, ev, cx, delivered))
        report(d, count(d, ev, cx, delivered), ev, cx);
}

static void explain(const void *state, const struct event *ev, const struct context *cx,
                    struct outbuf *out)
{
    const struct spoof_local *d = state;
    const struct policy *p = d->policy;
    const struct spoofer *s = NULL;

    if (is_counted(ev, cx))
        s = table_find(d->clients, cx->client_hash);
    if (s == NULL)
        return;
    if (is_learnt(d, ev, cx, false)) {
        outbuf_puts(out, "delivered on enough days: a client that may use this sender");
        return;
    }
    outbuf_printf(
        out,
        "within an hour %.0f of %u senders, %.0f of %u recipients; %.0f of %u recipients "
        "of roles: reported, %s",
        distinct_count(&s->hour_senders), policy_unsigned(p, POLICY_SPOOF_LOCAL_senders_many),
        distinct_count(&s->hour_recipients), policy_unsigned(p, POLICY_SPOOF_LOCAL_recipients_many),
        distinct_count(&s->role_recipients),
        policy_unsigned(p, POLICY_SPOOF_LOCAL_role_recipients_some),
        severity_name(severity_of(p, s)));
}

static uint64_t evictions(const void *state)
{
    const struct spoof_local *d = state;
    return table_evictions(d->clients) + table_evictions(d->pairs);
}

static size_t bytes(const void *state)
{
    const struct spoof_local *d = state;
    return sizeof *d + table_bytes(d->clients) + table_bytes(d->pairs);
}

static void persist(void *state, struct state_io *io)
{
    struct spoof_local *d = state;

    table_persist(d->clients, io);
    table_persist(d->pairs, io);
}

const struct detector detector_spoof_local = {
    .name = "spoof_local",
    .summary = "senders of our own domain used by outside, unauthenticated clients",
    .reference = "D8; RFC 2505 2.6.2, RFC 5321 7.1",
    .kinds = KIND(RCPT) | KIND(REFUSAL) | KIND(DELIVERY),
    .memory_parts = 2,
    .create = create,
    .on_event = on_event,
    .renew = renew,
    .explain = explain,
    .evictions = evictions,
    .bytes = bytes,
    .destroy = destroy,
    .persist = persist,
};
