/* relay_accepted.c - D2: this server carried, or took on, mail for strangers
 * algorithm: no threshold. Each recipient of an outside, unauthenticated client that is
 *            somebody else's reaches a level: accepted at RCPT (L2 hidden, L3 plain), queued
 *            and tried (L4), handed to a remote host (L5), or accepted and bounced here (L5n:
 *            no relay). The highest level of all recipients is the verdict.
 * source:    RFC 2505 2.1; RFC 5321 3.6, 6.1; Microsoft KB 304897 (addresses that are accepted
 *            and bounced later)
 * limits:    beyond CLIENTS_NAMED_MAX clients the rest is named in one alert for the host */
#include "detect/detector.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/distinct.h"
#include "base/hll.h"
#include "base/panic.h"
#include "base/state.h"
#include "base/table.h"
#include "detect/capacity.h"
#include "detect/relay_tests.h"

enum { CLIENTS_NAMED_MAX = 64, ONE_DOMAIN_CLIENTS = 5 };

struct relayer {
    int64_t first_us, last_us;
    uint32_t delivered, waiting, accepted;
    uint32_t forms;
    struct distinct domains, senders;
    bool named;    /* has its own incident */
    bool by_right; /* the server says itself that the session may relay */
};

struct relay_accepted {
    struct detect_env env;
    struct table *clients;
    uint32_t named;
    int64_t folded_first_us;
    uint32_t folded_recipients;
    struct hll folded_clients;
    /* one plain domain for all clients: perhaps one that we are MX of */
    bool several_domains;
    char domain[112];
    struct distinct clients_seen;
};

static float relayer_score(const void *entry, int64_t now_us)
{
    const struct relayer *r = entry;
    return (float)(r->delivered + r->waiting) - (float)((double)(now_us - r->last_us) / 86400e6);
}

static void *create(const struct detect_env *env)
{
    struct relay_accepted *d = panic_calloc(1, sizeof *d);
    struct table_spec spec = {.name = "relaying clients",
                              .capacity = capacity_of(env->memory_bytes, sizeof(struct relayer)),
                              .entry_size = sizeof(struct relayer),
                              .score = relayer_score};

    d->env = *env;
    d->clients = table_new(&spec);
    return d;
}

static void destroy(void *state)
{
    struct relay_accepted *d = state;

    table_free(d->clients);
    free(d);
}

/* The second life of a message behind a filter is judged once the line is known that handed the
 * first one over: only that line tells an alias of ours from a relay. When it comes late, it speaks
 * for the deliveries before it. */
static bool is_judged_later(const struct context *cx)
{
    return (cx->message->flags & (MESSAGE_REINJECTED | MESSAGE_JOINED)) == MESSAGE_REINJECTED;
}

static bool was_delivered_before(const struct event *ev, const struct context *cx)
{
    const uint32_t outside = MESSAGE_DELIVERED | MESSAGE_FOREIGN_RCPT;

    return ev->route == ROUTE_LOOPBACK && cx->child != NULL &&
           (cx->child->flags & outside) == outside;
}

/* Which level this recipient reached; false when the event says nothing about relaying. */
static bool level_of_delivery(const struct event *ev, const struct context *cx,
                              enum relay_level *ret)
{
    bool trick = cx->rcpt_class == RCPT_TRICK;

    switch (ev->outcome) {
    case OUTCOME_DELIVERED:
        *ret = RELAY_DELIVERED;
        return ev->route == ROUTE_REMOTE || was_delivered_before(ev, cx);
    case OUTCOME_DEFERRED:
        *ret = RELAY_QUEUED;
        return ev->route == ROUTE_REMOTE || ev->route == ROUTE_NONE;
    case OUTCOME_BOUNCED:
        *ret = trick && ev->route != ROUTE_REMOTE ? RELAY_TRICK_BOUNCED : RELAY_QUEUED;
        return true;
    default:
        return false;
    }
}

static bool level_of(const struct event *ev, const struct context *cx, enum relay_level *ret)
{
    if (!cx->outside || (cx->rcpt_class != RCPT_THIRD_PARTY && cx->rcpt_class != RCPT_TRICK))
        return false;
    if (ev->kind == EVENT_DELIVERY)
        return cx->message != NULL && (cx->message->flags & MESSAGE_HAS_CLIENT) &&
               !is_judged_later(cx) && level_of_delivery(ev, cx, ret);
    *ret = cx->rcpt_class == RCPT_TRICK ? RELAY_TRICK_ACCEPTED : RELAY_RCPT_ACCEPTED;
    return ev->outcome == OUTCOME_ACCEPTED;
}

/* A waiting recipient is tried again and again: once a message is enough. */
static bool counted_before(const struct context *cx, enum relay_level level)
{
    if (level != RELAY_QUEUED || cx->message == NULL)
        return false;
    if (cx->message->flags & MESSAGE_RELAY_JUDGED)
        return true;
    cx->message->flags |= MESSAGE_RELAY_JUDGED;
    return false;
}

static void note_on_board(struct relay_accepted *d, enum relay_level level, const struct event *ev,
                          const struct context *cx, slice client)
{
    relay_board_note(d->env.board, &(struct relay_note){
                                       .level = level,
                                       .time_us = ev->time_us,
                                       .client_hash = cx->client_hash,
                                       .client = client,
                                       .client_name = cx->client_name,
                                       .forms = cx->rcpt_class == RCPT_TRICK ? cx->rcpt->forms : 0,
                                       .count = ev->repeat});
}

static struct relayer *count(struct relay_accepted *d, enum relay_level level,
                             const struct event *ev, const struct context *cx)
{
    bool created;
    struct relayer *r = table_get(d->clients, cx->client_hash, ev->time_us, &created);

    if (created || ev->time_us < r->first_us)
        r->first_us = ev->time_us;
    if (ev->time_us > r->last_us)
        r->last_us = ev->time_us;
    r->delivered += level == RELAY_DELIVERED;
    r->waiting += level == RELAY_QUEUED;
    r->accepted += level == RELAY_RCPT_ACCEPTED || level == RELAY_TRICK_ACCEPTED;
    r->by_right |= ev->ground == GROUND_RIGHT;
    if (cx->rcpt_class == RCPT_TRICK)
        r->forms |= address_trick_form(cx->rcpt->forms);
    distinct_add(&r->domains, siphash13_lower(cx->key, cx->rcpt_domain));
    distinct_add(&r->senders, cx->sender_hash);
    return r;
}

static bool is_same_domain(const char *known, slice domain, size_t size)
{
    return slice_ieq(slice_of(known), slice_first(domain, size - 1));
}

static void note_domain(struct relay_accepted *d, const struct context *cx)
{
    bool trick = cx->rcpt_class == RCPT_TRICK;

    distinct_add(&d->clients_seen, cx->client_hash);
    if (!trick && d->domain[0] == '\0')
        slice_keep(cx->rcpt_domain, d->domain, sizeof d->domain);
    if (trick || !is_same_domain(d->domain, cx->rcpt_domain, sizeof d->domain))
        d->several_domains = true;
}

/* Relay abuse goes everywhere; the backup MX of a domain gets mail for that one from everywhere. */
static bool looks_like_mx(const struct relay_accepted *d)
{
    return !d->several_domains && distinct_count(&d->clients_seen) >= ONE_DOMAIN_CLIENTS;
}

/* What the server did for a stranger. */
static slice deed_of(const struct relay_accepted *d, const struct relayer *r, char *buf,
                     size_t size)
{
    if (looks_like_mx(d)) {
        snprintf(buf, size,
                 "mail of many unauthenticated outside clients was accepted for one foreign domain "
                 "only: if this server is its MX, add --relay-domain %s",
                 d->domain);
        return slice_of(buf);
    }
    if (r->delivered > 0)
        return SLICE_LIT(
            "unauthenticated outside client: mail to domains not served here was delivered");
    if (r->waiting > 0)
        return SLICE_LIT(
            "unauthenticated outside client: mail to domains not served here was queued and tried");
    if (r->by_right)
        return SLICE_LIT("unauthenticated outside client: the server lets it relay to any domain, "
                         "and accepted a recipient in one not served here");
    return SLICE_LIT(
        "unauthenticated outside client: a recipient in a domain not served here was accepted");
}

static slice reason_of(const struct relay_accepted *d, const struct relayer *r, slice tester,
                       char *buf, size_t size)
{
    slice deed = deed_of(d, r, buf, size);
    char text[ALERT_TEXT_MAX];

    if (tester.len == 0)
        return deed;
    snprintf(text, sizeof text, "%.*s (tester: %.*s)", (int)deed.len, deed.ptr, (int)tester.len,
             tester.ptr);
    slice_keep(slice_of(text), buf, size);
    return slice_of(buf);
}

/* Where acceptance and fate are both logged, a recipient was seen twice. */
static double recipients_of(const struct relayer *r)
{
    uint32_t fates = r->delivered + r->waiting;
    return fates > r->accepted ? fates : r->accepted;
}

static enum severity severity_of(const struct relayer *r)
{
    return r->delivered > 0 ? SEVERITY_CRITICAL : SEVERITY_HIGH;
}

static uint32_t confidence_of(const struct relay_accepted *d, const struct context *cx)
{
    if (looks_like_mx(d))
        return 40;
    return zones_explicit_networks(cx->zones) ? 95 : 70;
}

static struct finding_origin origin_of(const struct context *cx)
{
    const struct message *m = cx->message;

    return (struct finding_origin){
        .client = cx->client,
        .client_port = m != NULL && ip_addr_eq(&m->client, &cx->client) ? m->client_port : 0,
        .client_name = cx->client_name,
        .helo = m != NULL ? slice_of(m->helo) : SLICE_NONE,
        .sender = cx->sender,
        .null_sender = cx->null_sender};
}

static void report_client(struct relay_accepted *d, struct relayer *r, const struct event *ev,
                          const struct context *cx, slice client, slice tester)
{
    char reason[ALERT_TEXT_MAX];
    slice form = slice_of(address_form_name(r->forms & (~r->forms + 1)));
    struct alert_counter counters[] = {{"delivered", r->delivered},
                                       {"waiting", r->waiting},
                                       {"accepted", r->accepted},
                                       {"recipient_domains", (uint64_t)distinct_count(&r->domains)},
                                       {"senders", (uint64_t)distinct_count(&r->senders)}};

    const struct finding_origin origin = origin_of(cx);

    d->named += !r->named;
    r->named = true;
    incident_report(d->env.incidents,
                    &(struct finding){.rule = RULE_RELAY_ACCEPTED,
                                      .severity = severity_of(r),
                                      .entity_type = ENTITY_IP,
                                      .entity = client,
                                      .first_us = r->first_us,
                                      .time_us = ev->time_us,
                                      .observed = recipients_of(r),
                                      .threshold = 1,
                                      .unit = "relayed recipients",
                                      .confidence = confidence_of(d, cx),
                                      .reason = reason_of(d, r, tester, reason, sizeof reason),
                                      .how = tester.len > 0 ? tester : form,
                                      .counters = counters,
                                      .counters_count = sizeof counters / sizeof counters[0],
                                      .ev = ev,
                                      .origin = &origin});
}

/* So many clients that their number is the news: one alert for the server, the clients as its
 * members. */
static void report_folded(struct relay_accepted *d, struct relayer *r, const struct event *ev,
                          const struct context *cx, slice client)
{
    slice host = event_field(ev, EF_HOST);
    struct alert_related member = {.type = ENTITY_IP};
    struct alert_counter counters[2];

    slice_keep(client, member.value, sizeof member.value);
    d->folded_recipients += ev->repeat;
    if (d->folded_first_us == 0)
        d->folded_first_us = r->first_us;
    hll_add(&d->folded_clients, cx->client_hash);
    counters[0] = (struct alert_counter){"clients", (uint64_t)hll_count(&d->folded_clients)};
    counters[1] = (struct alert_counter){"recipients", d->folded_recipients};
    incident_report(d->env.incidents,
                    &(struct finding){
                        .rule = RULE_RELAY_ACCEPTED,
                        .severity = severity_of(r),
                        .entity_type = ENTITY_HOST,
                        .entity = host.len > 0 ? host : SLICE_LIT("server"),
                        .first_us = d->folded_first_us,
                        .time_us = ev->time_us,
                        .observed = d->folded_recipients,
                        .threshold = 1,
                        .unit = "relayed recipients",
                        .confidence = 90,
                        .reason = SLICE_LIT("many more outside clients relay through this server"),
                        .counters = counters,
                        .counters_count = 2,
                        .related = &member,
                        .related_count = 1,
                        .related_total = (uint32_t)counters[0].value,
                        .ev = ev});
}

static void settle(struct relay_accepted *d, enum relay_level level, uint32_t recipients,
                   const struct event *ev, const struct context *cx)
{
    char text[IP_NET_TEXT];

    if (recipients == 0)
        return;
    relay_board_note(d->env.board,
                     &(struct relay_note){.level = level,
                                          .time_us = ev->time_us,
                                          .client_hash = cx->client_hash,
                                          .client = correlate_principal_text(&cx->client, text),
                                          .client_name = cx->client_name,
                                          .count = recipients});
}

/* What was accepted for strangers comes back to the sender: the server bounces what it does not
 * relay. */
static void on_dsn(struct relay_accepted *d, const struct event *ev, const struct context *cx)
{
    if (!cx->outside)
        return;
    settle(d, RELAY_PLAIN_BOUNCED, cx->bounced_plain, ev, cx);
    settle(d, RELAY_TRICK_BOUNCED, cx->bounced_hidden, ev, cx);
}

static void on_event(void *state, const struct event *ev, const struct context *cx)
{
    struct relay_accepted *d = state;
    enum relay_level level;
    char text[IP_NET_TEXT], name[TESTER_TEXT_MAX];
    struct relayer *r;
    slice client, tester;
    bool waited = cx->message != NULL && (cx->message->flags & MESSAGE_RELAY_JUDGED);

    if (ev->kind == EVENT_DSN) {
        on_dsn(d, ev, cx);
        return;
    }
    if (cx->outside)
        relay_tests_note_own(d->env.tests, ev, cx);
    if (!level_of(ev, cx, &level) || counted_before(cx, level))
        return;
    client = correlate_principal_text(&cx->client, text);
    note_on_board(d, level, ev, cx, client);
    tester = waited ? relay_tests_text(d->env.tests, cx, name)
                    : relay_tests_note(d->env.tests, ev, cx, TESTER_ACCEPTED, name);
    if (level == RELAY_TRICK_BOUNCED || level == RELAY_TRICK_ACCEPTED)
        return;
    r = count(d, level, ev, cx);
    note_domain(d, cx);
    if (r->named || d->named < CLIENTS_NAMED_MAX)
        report_client(d, r, ev, cx, client, tester);
    else
        report_folded(d, r, ev, cx, client);
}

static void explain(const void *state, const struct event *ev, const struct context *cx,
                    struct outbuf *out)
{
    const struct relay_accepted *d = state;
    enum relay_level level;
    const struct relayer *r;

    if (ev->kind == EVENT_DSN || !level_of(ev, cx, &level))
        return;
    r = table_find(d->clients, cx->client_hash);
    if (r == NULL)
        return;
    outbuf_printf(out,
                  "%u accepted, %u waiting, %u delivered recipients of this client: one is enough",
                  r->accepted, r->waiting, r->delivered);
    if (looks_like_mx(d))
        outbuf_puts(out, "; perhaps this server is an MX of the domain");
    relay_tests_explain(d->env.tests, cx, out);
}

static uint64_t evictions(const void *state)
{
    const struct relay_accepted *d = state;
    return table_evictions(d->clients);
}

static size_t bytes(const void *state)
{
    const struct relay_accepted *d = state;
    return table_bytes(d->clients) + sizeof *d;
}

static void persist(void *state, struct state_io *io)
{
    static const struct state_hole holes[] = {STATE_HOLE(struct relay_accepted, env),
                                              STATE_HOLE(struct relay_accepted, clients)};
    struct relay_accepted *d = state;

    state_struct(io, "relay_accepted", d, sizeof *d, STATE_HOLES(holes));
    table_persist(d->clients, io);
}

const struct detector detector_relay_accepted = {
    .name = "relay_accepted",
    .summary = "third-party relay accepted or delivered for an outside, unauthenticated client",
    .reference = "D2; RFC 2505 2.1",
    .kinds = KIND(RCPT) | KIND(DELIVERY) | KIND(DSN),
    .memory_parts = 2,
    .create = create,
    .on_event = on_event,
    .explain = explain,
    .evictions = evictions,
    .bytes = bytes,
    .destroy = destroy,
    .persist = persist,
};
