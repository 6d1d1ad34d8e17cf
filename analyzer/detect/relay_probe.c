/* relay_probe.c - D1: who tries to relay and is refused, alone, slowly, or from many places
 * algorithm: per client a decayed count of refusals with the distinct recipients and address
 *            forms tried; per network (/24, /48) and per target domain a campaign of clients
 *            that are each too quiet to matter; relay_probe_site.c looks at the whole. A client
 *            that has done little gets no alert of its own once a campaign has enough of them.
 *            Who wrote as one of ours, plainly, and logs in from there within two days is a user
 *            whose client does not always authenticate: from then on told as such
 * source:    RFC 2505 2.1; peers' window rules miss tests slower than their window, hence the
 *            long half-life
 * limits:    what was told before the login keeps its severity for that day, only its words change;
 *            a single plain refusal is counted, not reported; greylisting and "try later" never
 *            count */
#include "detect/detector.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/decay.h"
#include "base/distinct.h"
#include "base/panic.h"
#include "detect/campaign.h"
#include "detect/policy.h"
#include "detect/relay_probe_site.h"
#include "detect/relay_tests.h"

#define HOURS_US(h) ((int64_t)(h)*3600 * 1000000)

static const uint32_t form_plain = 1U << 31;

struct probe {
    int64_t first_us, last_us;
    double half_life_slow_us; /* for the score, which sees nothing else */
    struct decayed fast, slow;
    struct distinct recipients, domains, senders;
    uint32_t refused, on_board; /* refusals in all; those that count for the verdict */
    uint32_t forms;             /* set of enum address_form tried, and form_plain */
    bool foreign_sender;        /* at least one sender was not ours */
    bool logged_in;             /* afterwards, from the same address */
    bool raised;
    bool tester; /* a relay test known by name */
};

struct relay_probe {
    struct detect_env env;
    struct policy *policy;
    struct table *clients;
    struct campaigns *networks, *targets;
    struct relay_probe_site *site;
};

static float probe_score(const void *entry, int64_t now_us)
{
    const struct probe *p = entry;
    return (float)decayed_at(&p->slow, now_us, p->half_life_slow_us) + (p->raised ? 100 : 0);
}

static void *create(const struct detect_env *env)
{
    struct relay_probe *d = panic_calloc(1, sizeof *d);
    uint32_t clients = (uint32_t)(env->memory_bytes / 2 / (sizeof(struct probe) + 40));
    struct table_spec spec = {.name = "relay probes",
                              .capacity = clients,
                              .entry_size = sizeof(struct probe),
                              .score = probe_score,
                              .tally = env->tally};

    d->env = *env;
    d->policy = policy_copy(env->policy);
    d->clients = table_new(&spec);
    d->networks = campaigns_new("probing networks", clients / 4, HOURS_US(6));
    d->targets = campaigns_new("probed targets", clients / 4, HOURS_US(24));
    d->site = relay_probe_site_new(env->incidents);
    return d;
}

static void renew(void *state, const struct detect_env *env)
{
    struct relay_probe *d = state;

    *d->policy = *env->policy;
}

static void destroy(void *state)
{
    struct relay_probe *d = state;

    table_free(d->clients);
    campaigns_free(d->networks);
    campaigns_free(d->targets);
    relay_probe_site_free(d->site);
    free(d->policy);
    free(d);
}

/* Refused for good, or for relaying with the temporary code that newer Postfix uses for it. */
static bool is_probe(const struct event *ev, const struct context *cx)
{
    if (!cx->outside || ev->soft ||
        (ev->outcome != OUTCOME_REFUSED && ev->outcome != OUTCOME_TEMPFAIL))
        return false;
    if (cx->rcpt_class == RCPT_OURS || cx->rcpt_class == RCPT_RELAYED)
        return false;
    if (cx->reason == REASON_RELAY_DENIED)
        return true;
    return cx->rcpt_class == RCPT_TRICK && ev->outcome == OUTCOME_REFUSED &&
           cx->reason != REASON_BLOCKLIST;
}

static unsigned bits(uint32_t set)
{
    return (unsigned)__builtin_popcount(set);
}

/* A user who forgot to authenticate: our own sender, ordinary recipients, no tricks, soon over. */
static bool looks_roaming(const struct policy *policy, const struct probe *p)
{
    return !p->foreign_sender && !p->tester && (p->forms & ~form_plain) == 0 &&
           distinct_count(&p->recipients) <=
               policy_number(policy, POLICY_RELAY_PROBE_roaming_recipients);
}

/* The same, however much of it, once somebody has logged in from there. */
static bool is_misconfigured(const struct probe *p)
{
    return p->logged_in && !p->foreign_sender && (p->forms & ~form_plain) == 0;
}

/* What looks like a user who forgot to authenticate is no attempt of a stranger, until it no longer
 * looks so. */
static void note_on_board(struct relay_probe *d, struct probe *p, const struct event *ev,
                          const struct context *cx, slice client)
{
    uint32_t count = p->refused - p->on_board;

    if (looks_roaming(d->policy, p) || is_misconfigured(p))
        return;
    p->on_board = p->refused;
    relay_board_note(d->env.board, &(struct relay_note){
                                       .level = RELAY_REFUSED,
                                       .time_us = ev->time_us,
                                       .client_hash = cx->client_hash,
                                       .client = client,
                                       .client_name = cx->client_name,
                                       .forms = cx->rcpt_class == RCPT_TRICK ? cx->rcpt->forms : 0,
                                       .count = count});
}

static bool probe_restart(struct probe *p)
{
    *p = (struct probe){0};
    return true;
}

/* A hidden recipient whose form is no trick by policy counts as a plain one. */
static uint32_t form_of(const struct policy *policy, const struct context *cx)
{
    uint32_t tricks = (uint32_t)policy_number(policy, POLICY_RELAY_PROBE_tricks), form;

    if (cx->rcpt_class != RCPT_TRICK)
        return form_plain;
    form = address_trick_form(cx->rcpt->forms);
    return (form & ~tricks) == 0 ? form : form_plain;
}

static struct probe *count_probe(struct relay_probe *d, const struct event *ev,
                                 const struct context *cx)
{
    bool created;
    struct probe *p = table_get(d->clients, cx->client_hash, ev->time_us, &created);

    if (!created && ev->time_us - p->last_us > HOURS_US(48))
        created = probe_restart(p);
    if (created || ev->time_us < p->first_us)
        p->first_us = ev->time_us;
    if (ev->time_us > p->last_us)
        p->last_us = ev->time_us;
    p->refused += ev->repeat;
    decayed_add(&p->fast, ev->time_us, policy_number(d->policy, POLICY_RELAY_PROBE_half_life_fast),
                ev->repeat);
    p->half_life_slow_us = policy_number(d->policy, POLICY_RELAY_PROBE_half_life_slow);
    decayed_add(&p->slow, ev->time_us, p->half_life_slow_us, ev->repeat);
    distinct_add(&p->recipients, cx->rcpt_hash);
    distinct_add(&p->domains, siphash13_lower(cx->key, cx->rcpt_domain));
    distinct_add(&p->senders, cx->sender_hash);
    p->forms |= form_of(d->policy, cx);
    p->foreign_sender |= cx->sender_zone != DOMAIN_LOCAL;
    return p;
}

/* A mail server that tries an old address again repeats itself; a tester varies the recipient or
 * the sender. */
static bool has_varied(const struct policy *policy, const struct probe *p)
{
    double least = policy_number(policy, POLICY_RELAY_PROBE_plain_varied);

    return p->refused >= least &&
           (distinct_count(&p->recipients) >= least || distinct_count(&p->senders) >= least);
}

static bool is_battery(const struct policy *policy, const struct probe *p)
{
    return bits(p->forms) >= policy_unsigned(policy, POLICY_RELAY_PROBE_forms_battery);
}

static bool is_many(const struct policy *policy, const struct probe *p)
{
    double many = policy_number(policy, POLICY_RELAY_PROBE_rate_many);

    return is_battery(policy, p) || p->fast.value >= many || p->slow.value >= many;
}

/* -1: not worth a word yet. */
static int severity_of(const struct policy *policy, const struct probe *p)
{
    bool trick = (p->forms & ~form_plain) != 0, roaming = looks_roaming(policy, p);
    enum policy_setting setting;

    if (is_misconfigured(p) && !has_varied(policy, p))
        return -1;
    if (is_misconfigured(p))
        setting = POLICY_RELAY_PROBE_severity_roaming;
    else if (is_many(policy, p))
        setting =
            roaming ? POLICY_RELAY_PROBE_severity_roaming_many : POLICY_RELAY_PROBE_severity_many;
    else if (trick || has_varied(policy, p))
        setting = roaming ? POLICY_RELAY_PROBE_severity_roaming : POLICY_RELAY_PROBE_severity_few;
    else
        return p->tester ? SEVERITY_INFO : -1;
    return (int)policy_severity(policy, setting);
}

static slice reason_of(const struct policy *policy, const struct probe *p, slice tester, char *buf)
{
    if (tester.len > 0) {
        snprintf(buf, ALERT_TEXT_MAX, "tester: %.*s", (int)tester.len, tester.ptr);
        return slice_of(buf);
    }
    if (is_misconfigured(p))
        return SLICE_LIT("a misconfigured client: it sends as one of ours without authenticating, "
                         "and logs in at other times");
    if (looks_roaming(policy, p))
        return SLICE_LIT(
            "refused with a sender of ours: perhaps a user who forgot to authenticate");
    if (is_battery(policy, p))
        return SLICE_LIT("a relay-test battery: many address forms, each refused");
    if (p->forms & ~form_plain)
        return SLICE_LIT("a hidden foreign recipient was refused");
    return SLICE_LIT("relaying to domains not served here was refused");
}

/* A hidden recipient, or the one envelope of a known tester, is enough. */
static double threshold_of(const struct policy *policy, const struct probe *p)
{
    double varied = policy_number(policy, POLICY_RELAY_PROBE_plain_varied);

    return (p->forms & ~form_plain) != 0 || p->refused < varied ? 1 : varied;
}

static void report_client(struct relay_probe *d, struct probe *p, int severity,
                          const struct event *ev, slice client, slice tester)
{
    char reason[ALERT_TEXT_MAX];
    slice form = slice_of(address_form_name(address_trick_form(p->forms & ~form_plain)));
    struct alert_counter counters[] = {{"refused", p->refused},
                                       {"recipients", (uint64_t)distinct_count(&p->recipients)},
                                       {"recipient_domains", (uint64_t)distinct_count(&p->domains)},
                                       {"address_forms", bits(p->forms)}};

    p->raised = true;
    incident_report(d->env.incidents,
                    &(struct finding){
                        .rule = RULE_RELAY_PROBE,
                        .severity = (enum severity)severity,
                        .entity_type = ENTITY_IP,
                        .entity = client,
                        .first_us = p->first_us,
                        .time_us = ev->time_us,
                        .observed = p->refused,
                        .threshold = threshold_of(d->policy, p),
                        .unit = "refused recipients",
                        .confidence = looks_roaming(d->policy, p) || is_misconfigured(p) ? 40 : 90,
                        .reason = reason_of(d->policy, p, tester, reason),
                        .how = tester.len > 0 ? tester : form,
                        .counters = counters,
                        .counters_count = sizeof counters / sizeof counters[0],
                        .ev = ev});
}

static void report_campaign(struct relay_probe *d, const struct campaign *k, enum entity_type type,
                            slice entity, const struct event *ev, const struct context *cx)
{
    struct alert_related members[CAMPAIGN_EARLY_MEMBERS + 1];
    unsigned n = campaign_members(k, &cx->client, members);
    uint32_t total = (uint32_t)distinct_count(&k->members);
    struct alert_counter counters[] = {{"refused", k->events}, {"clients", total}};
    bool network = type == ENTITY_NETWORK;

    incident_report(
        d->env.incidents,
        &(struct finding){
            .rule = RULE_RELAY_PROBE,
            .severity = policy_severity(d->policy, network ? POLICY_RELAY_PROBE_severity_network
                                                           : POLICY_RELAY_PROBE_severity_target),
            .entity_type = type,
            .entity = entity,
            .first_us = k->first_us,
            .time_us = ev->time_us,
            .observed = total,
            .threshold = policy_number(d->policy, network ? POLICY_RELAY_PROBE_network_clients
                                                          : POLICY_RELAY_PROBE_target_networks),
            .unit = network ? "probing clients" : "probing networks",
            .confidence = network ? 85 : 60,
            .reason = network
                          ? SLICE_LIT("many clients of one network try to relay, each a little")
                          : SLICE_LIT("clients of many networks try to relay to the same domain"),
            .counters = counters,
            .counters_count = sizeof counters / sizeof counters[0],
            .related = members,
            .related_count = n,
            .related_total = total,
            .ev = ev});
}

static uint64_t net_hash(const struct hash_key *key, const struct ip_net *net)
{
    uint64_t words[3] = {net->base.hi, net->base.lo, net->bits};
    return siphash13(key, words, sizeof words);
}

/* The campaigns that a refusal belongs to and that are told of. */
struct part_of {
    struct campaign *network, *target; /* NULL: none */
};

static struct part_of count_campaigns(struct relay_probe *d, const struct event *ev,
                                      const struct context *cx)
{
    struct ip_net net = ip_net_of(&cx->client, 24, 48);
    uint64_t network = net_hash(cx->key, &net);
    char text[IP_NET_TEXT], domain[ALERT_ENTITY_MAX];
    struct part_of part = {0};
    struct campaign *k =
        campaigns_add(d->networks, network, cx->client_hash, &cx->client, ev->time_us);

    if (distinct_count(&k->members) >=
        policy_number(d->policy, POLICY_RELAY_PROBE_network_clients)) {
        report_campaign(d, k, ENTITY_NETWORK, ip_net_format(&net, text), ev, cx);
        part.network = k;
    }
    if (cx->rcpt_domain.len == 0)
        return part;
    k = campaigns_add(d->targets, siphash13_lower(cx->key, cx->rcpt_domain), network, &cx->client,
                      ev->time_us);
    if (distinct_count(&k->members) < policy_number(d->policy, POLICY_RELAY_PROBE_target_networks))
        return part;
    slice_keep(cx->rcpt_domain, domain, sizeof domain);
    report_campaign(d, k, ENTITY_DOMAIN, slice_of(domain), ev, cx);
    part.target = k;
    return part;
}

/* Does the alert about a campaign say enough of a client that has no alert yet? */
static bool is_covered(struct relay_probe *d, const struct part_of *part, unsigned spread,
                       int64_t time_us)
{
    return (part->network != NULL && campaign_covers(part->network, spread)) ||
           (part->target != NULL && campaign_covers(part->target, spread)) ||
           relay_probe_site_covers(d->site, time_us, spread);
}

static bool is_login(const struct event *ev, const struct context *cx)
{
    return cx->client_hash != 0 && ((ev->kind == EVENT_AUTH && ev->outcome == OUTCOME_ACCEPTED) ||
                                    (ev->kind == EVENT_MAIL && cx->authed));
}

static void on_login(struct relay_probe *d, const struct event *ev, const struct context *cx)
{
    struct probe *p = table_find(d->clients, cx->client_hash);
    char text[IP_NET_TEXT], name[TESTER_TEXT_MAX];

    if (p == NULL || p->logged_in || ev->time_us - p->last_us > HOURS_US(48))
        return;
    p->logged_in = true;
    if (p->raised && is_misconfigured(p))
        report_client(d, p, severity_of(d->policy, p), ev,
                      correlate_principal_text(&cx->client, text),
                      relay_tests_text(d->env.tests, cx, name));
}

static void warm(const void *state, const struct event *ev, const struct context *cx)
{
    const struct relay_probe *d = state;

    if (is_login(ev, cx))
        table_warm(d->clients, cx->client_hash);
}

static void on_event(void *state, const struct event *ev, const struct context *cx)
{
    struct relay_probe *d = state;
    char text[IP_NET_TEXT], name[TESTER_TEXT_MAX];
    struct part_of part;
    struct probe *p;
    slice client, tester;
    int severity;
    bool is_much;

    if (is_login(ev, cx))
        on_login(d, ev, cx);
    if (ev->kind != EVENT_RCPT || !is_probe(ev, cx))
        return;
    client = correlate_principal_text(&cx->client, text);
    p = count_probe(d, ev, cx);
    tester = relay_tests_note(d->env.tests, ev, cx, TESTER_REFUSED, name);
    p->tester |= tester.len > 0;
    note_on_board(d, p, ev, cx, client);
    part = count_campaigns(d, ev, cx);
    if (!looks_roaming(d->policy, p) && !is_misconfigured(p))
        relay_probe_site_add(d->site, ev, cx);
    severity = severity_of(d->policy, p);
    if (severity < 0)
        return;
    is_much = is_many(d->policy, p) && !looks_roaming(d->policy, p) && !is_misconfigured(p);
    if (p->raised || is_much || !is_covered(d, &part, table_spread(p), ev->time_us))
        report_client(d, p, severity, ev, client, tester);
}

static unsigned missing(unsigned have, unsigned want)
{
    return have < want ? want - have : 0;
}

static void explain_missing(const struct policy *policy, const struct probe *p, struct outbuf *out)
{
    unsigned least = policy_unsigned(policy, POLICY_RELAY_PROBE_plain_varied);
    unsigned refusals = missing(p->refused, least);
    unsigned recipients = (unsigned)distinct_count(&p->recipients);
    unsigned senders = (unsigned)distinct_count(&p->senders);
    unsigned most = recipients > senders ? recipients : senders;
    unsigned others = missing(most, least);

    outbuf_printf(out, ": needs %u more, %u of them with another recipient or sender",
                  refusals > others ? refusals : others, others);
}

static void explain(const void *state, const struct event *ev, const struct context *cx,
                    struct outbuf *out)
{
    const struct relay_probe *d = state;
    const struct probe *p =
        ev->kind == EVENT_RCPT && is_probe(ev, cx) ? table_find(d->clients, cx->client_hash) : NULL;

    if (p == NULL)
        return;
    outbuf_printf(out, "%u of %u refusals, %u of %u address forms", p->refused,
                  policy_unsigned(d->policy, POLICY_RELAY_PROBE_plain_varied), bits(p->forms),
                  policy_unsigned(d->policy, POLICY_RELAY_PROBE_forms_battery));
    if (severity_of(d->policy, p) < 0)
        explain_missing(d->policy, p, out);
    else if (p->raised)
        outbuf_printf(out, ": reported, %s",
                      severity_name((enum severity)severity_of(d->policy, p)));
    else
        outbuf_puts(out, ": enough, and told as part of a campaign");
    if ((p->forms & ~form_plain) != 0)
        outbuf_puts(out, "; one hidden recipient is enough");
    if (is_misconfigured(p))
        outbuf_puts(out, "; a client of ours that does not always authenticate");
    else if (looks_roaming(d->policy, p))
        outbuf_puts(out, "; looks like a user who forgot to authenticate");
    relay_tests_explain(d->env.tests, cx, out);
}

static uint64_t evictions(const void *state)
{
    const struct relay_probe *d = state;
    return table_evictions(d->clients) + campaigns_evictions(d->networks) +
           campaigns_evictions(d->targets);
}

static size_t bytes(const void *state)
{
    const struct relay_probe *d = state;
    return sizeof *d + table_bytes(d->clients) + campaigns_bytes(d->networks) +
           campaigns_bytes(d->targets) + relay_probe_site_bytes(d->site);
}

static void persist(void *state, struct state_io *io)
{
    struct relay_probe *d = state;

    table_persist(d->clients, io);
    campaigns_persist(d->networks, io);
    campaigns_persist(d->targets, io);
    relay_probe_site_persist(d->site, io);
}

const struct detector detector_relay_probe = {
    .name = "relay_probe",
    .summary = "relaying tried and refused: by one client, by a network, towards one domain",
    .reference = "D1; RFC 2505 2.1",
    .kinds = KIND(RCPT) | KIND(AUTH) | KIND(MAIL),
    .memory_parts = 3,
    .create = create,
    .on_event = on_event,
    .renew = renew,
    .warm = warm,
    .explain = explain,
    .evictions = evictions,
    .bytes = bytes,
    .destroy = destroy,
    .persist = persist,
};
