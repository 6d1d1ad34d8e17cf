/* sasl_site.c - D11, the whole site: many clients guess, each too little to be seen, whether the
 * log names accounts or not
 * algorithm: epochs of 100 attempts, an attempt being a login or a failure, each account a client
 *            fails at once a day, of one client three at most; of the logins of one client three
 *            an epoch, or a mailing, which logs in twice a second, would fill epoch after epoch; x
 *            = how many are failures of clients that have never logged in. Baseline beta-binomial
 *            (mu, rho); CUSUM of (x - 100 mu) / sd with k = 0.5, alarm at 8, tested at each
 *            failure since x only grows within an epoch. mu begins as if four epochs of .03 had
 *            been seen. Failures that another rule explains (an open alert for that client or
 *            account) do not count. Whoever failed since S left 0 and has not logged in since is
 *            named as a participant.
 * source:    Javed and Paxson, "Detecting stealthy, distributed SSH brute-forcing" (2013); the
 *            design's D11.4
 * limits:    one series for all hosts of the log; mu is learnt from calm epochs only */
#include "detect/detector.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/pair_filter.h"
#include "base/panic.h"
#include "base/state.h"
#include "detect/auth_result.h"
#include "detect/recent_set.h"

enum {
    EPOCH = 100,
    MEMBERS_MIN = 20,
    MEMBERS_HIGH = 50,
    OF_ONE_CLIENT = 3,
    MU_BEFORE = 4,     /* epochs that first_mu is worth */
    LOGIN_SLOTS = 256, /* of clients that logged in within an epoch: a power of two above EPOCH */
    HOST_MAX = 128
};
static const double alarm_level = 8, slack = .5, level_max = 16;
static const double first_mu = .03, mu_floor = .01, mu_ceiling = .5, rho = .02;
static const double learn_share = .05; /* of an epoch in mu, in the long run: half-life 14 epochs */
static const int64_t turn_us = INT64_C(12) * 3600 * 1000000;
static const int64_t known_turn_us = INT64_C(15) * 86400 * 1000000;

struct member {
    uint64_t principal;
    struct ip_addr ip;
};

struct login_slot { /* tag 0: unused */
    uint32_t tag, count;
};

struct sasl_site {
    struct detect_env env;
    struct pair_filter *failed; /* (client, account) and (client, n), one to two half-days */
    struct pair_filter *known;  /* clients that have logged in */
    double mu, s;
    unsigned attempts, failures; /* of the open epoch */
    struct login_slot logins[LOGIN_SLOTS];
    unsigned learnt; /* calm epochs in mu, as far as it matters how many */
    struct recent_set members;
    struct member early[ALERT_RELATED_MAX];
    unsigned early_count;
    uint64_t members_total; /* since S left 0 */
    int64_t first_us;       /* first failure since S left 0 */
    bool told;
    char host[HOST_MAX];
};

static void *create(const struct detect_env *env)
{
    struct sasl_site *d = panic_calloc(1, sizeof *d);

    d->env = *env;
    d->failed = pair_filter_new(env->memory_bytes / 2, turn_us);
    d->known = pair_filter_new(env->memory_bytes / 2, known_turn_us);
    d->mu = first_mu;
    return d;
}

static void destroy(void *state)
{
    struct sasl_site *d = state;

    pair_filter_free(d->failed);
    pair_filter_free(d->known);
    free(d);
}

static double epoch_sd(double mu)
{
    return sqrt(EPOCH * mu * (1 - mu) * (1 + (EPOCH - 1) * rho));
}

/* S as it would be if the epoch ended now without another failure. */
static double level(const struct sasl_site *d)
{
    double z = (d->failures - EPOCH * d->mu) / epoch_sd(d->mu);
    return fmin(fmax(0, d->s + z - slack), level_max);
}

static void forget_members(struct sasl_site *d)
{
    d->early_count = 0;
    d->members_total = 0;
    d->first_us = 0;
    d->told = false;
    d->members = (struct recent_set){0};
}

/* A mean at first, in which the prior is some epochs of many; later the young ones count more. Of
 * an outlier, which may be the first epoch of an attack, only so much is believed. */
static void learn(struct sasl_site *d)
{
    double share = fmax(learn_share, 1.0 / (MU_BEFORE + ++d->learnt));
    double believed = fmin(d->failures, EPOCH * d->mu + 2 * epoch_sd(d->mu));

    d->mu += share * (believed / EPOCH - d->mu);
    d->mu = fmin(fmax(d->mu, mu_floor), mu_ceiling);
}

static void count_attempt(struct sasl_site *d)
{
    if (++d->attempts < EPOCH)
        return;
    d->s = level(d);
    if (d->s <= alarm_level / 2)
        learn(d);
    if (d->s <= 0)
        forget_members(d);
    d->attempts = d->failures = 0;
    memset(d->logins, 0, sizeof d->logins);
}

/* Has this client logged in less than three times in the epoch? At most EPOCH clients get a slot in
 * it. */
static bool is_fresh_login(struct sasl_site *d, uint64_t principal)
{
    uint32_t tag = (uint32_t)(principal >> 32) | 1U;
    unsigned at = (unsigned)principal % LOGIN_SLOTS;

    while (d->logins[at].tag != 0 && d->logins[at].tag != tag)
        at = (at + 1) % LOGIN_SLOTS;
    d->logins[at].tag = tag;
    return ++d->logins[at].count <= OF_ONE_CLIENT;
}

/* Somebody who logs in after a failure only mistyped. */
static void drop_member(struct sasl_site *d, uint64_t principal)
{
    for (unsigned i = 0; i < d->early_count; i++) {
        if (d->early[i].principal != principal)
            continue;
        d->early[i] = d->early[--d->early_count];
        d->members_total--;
        d->failures -= d->failures > 0;
        return;
    }
}

static void on_login(struct sasl_site *d, const struct auth_result *r, const struct event *ev,
                     const struct context *cx)
{
    if (pair_filter_first(d->known, cx->client_hash, ev->time_us))
        drop_member(d, cx->client_hash);
    if (r->first && is_fresh_login(d, cx->client_hash))
        count_attempt(d);
}

static void lower_user(slice user, char *buf, size_t size)
{
    slice_keep(user, buf, size);
    for (; *buf != '\0'; buf++)
        *buf = slice_lower(*buf);
}

/* Has a rule about this one client or account spoken already? */
static bool is_explained(const struct sasl_site *d, const struct auth_result *r,
                         const struct context *cx)
{
    char ip[IP_NET_TEXT], user[80];
    slice client = correlate_principal_text(&cx->client, ip);

    if (incident_is_open(d->env.incidents, RULE_SASL_BRUTE, ENTITY_IP, client) ||
        incident_is_open(d->env.incidents, RULE_SASL_SPRAY, ENTITY_IP, client))
        return true;
    if (r->user_hash == 0)
        return false;
    lower_user(cx->user, user, sizeof user);
    return incident_is_open(d->env.incidents, RULE_SASL_DISTRIBUTED, ENTITY_USER, slice_of(user));
}

static void add_member(struct sasl_site *d, const struct event *ev, const struct context *cx)
{
    if (d->first_us == 0)
        d->first_us = ev->time_us;
    d->members_total++;
    recent_set_add(&d->members, cx->client_hash, ev->time_us, turn_us);
    if (d->early_count < ALERT_RELATED_MAX)
        d->early[d->early_count++] = (struct member){cx->client_hash, cx->client};
}

static void put_member(const struct ip_addr *ip, struct alert_related *ret)
{
    char text[IP_NET_TEXT];

    ret->type = ENTITY_IP;
    slice_keep(correlate_principal_text(ip, text), ret->value, sizeof ret->value);
}

static void report(struct sasl_site *d, const struct event *ev, const struct context *cx)
{
    struct alert_related related[ALERT_RELATED_MAX];
    unsigned n = 0;
    struct alert_counter counters[] = {{"clients", d->members_total},
                                       {"epoch_failures", d->failures},
                                       {"epoch_attempts", d->attempts},
                                       {"usual_failures", (uint64_t)lround(d->mu * EPOCH)}};

    if (d->told) /* the earlier ones are in the alert already */
        put_member(&cx->client, &related[n++]);
    for (; !d->told && n < d->early_count; n++)
        put_member(&d->early[n].ip, &related[n]);
    if (!d->told)
        slice_keep(event_field(ev, EF_HOST), d->host, sizeof d->host);
    d->told = true;
    incident_report(
        d->env.incidents,
        &(struct finding){
            .rule = RULE_SASL_DISTRIBUTED,
            .severity = d->members_total >= MEMBERS_HIGH ? SEVERITY_HIGH : SEVERITY_MEDIUM,
            .entity_type = ENTITY_HOST,
            .entity = d->host[0] != '\0' ? slice_of(d->host) : SLICE_LIT("server"),
            .first_us = d->first_us,
            .time_us = ev->time_us,
            .observed = (double)d->members_total,
            .threshold = MEMBERS_MIN,
            .unit = "failing clients",
            .confidence = 85,
            .reason = SLICE_LIT("far more clients than usual fail to log in, each a little"),
            .counters = counters,
            .counters_count = sizeof counters / sizeof counters[0],
            .related = related,
            .related_count = n,
            .related_total = (uint32_t)d->members_total,
            .ev = ev});
}

static bool is_alarm(const struct sasl_site *d, int64_t time_us)
{
    if (d->told)
        return d->s >= alarm_level / 2 || level(d) >= alarm_level / 2;
    return level(d) >= alarm_level &&
           recent_set_count(&d->members, time_us, turn_us) >= MEMBERS_MIN;
}

/* The number of this failure among those of its client that count; 0: it does not. */
static unsigned number_of(struct sasl_site *d, const struct auth_result *r, const struct event *ev,
                          const struct context *cx)
{
    uint64_t pair = hash_mix(cx->client_hash, r->user_hash);

    if (r->user_hash != 0 && !pair_filter_first(d->failed, pair, ev->time_us))
        return 0;
    for (unsigned n = 1; n <= OF_ONE_CLIENT; n++)
        if (pair_filter_first(d->failed, hash_mix(cx->client_hash, n), ev->time_us))
            return n;
    return 0;
}

static void on_failure(struct sasl_site *d, const struct auth_result *r, const struct event *ev,
                       const struct context *cx)
{
    unsigned number;

    if (pair_filter_seen(d->known, cx->client_hash) || is_explained(d, r, cx))
        return;
    number = number_of(d, r, ev, cx);
    if (number == 0)
        return;
    d->failures++;
    if (number == 1)
        add_member(d, ev, cx);
    if (is_alarm(d, ev->time_us))
        report(d, ev, cx);
    count_attempt(d);
}

static void warm(const void *state, const struct event *ev, const struct context *cx)
{
    const struct sasl_site *d = state;

    if (ev->kind == EVENT_MAIL && cx->authed)
        pair_filter_warm(d->known, cx->client_hash);
}

static void on_event(void *state, const struct event *ev, const struct context *cx)
{
    struct sasl_site *d = state;
    struct auth_result r;

    if (!auth_result_of(ev, cx, &r))
        return;
    if (r.ok)
        on_login(d, &r, ev, cx);
    else
        on_failure(d, &r, ev, cx);
}

static size_t bytes(const void *state)
{
    const struct sasl_site *d = state;
    return pair_filter_bytes(d->failed) + pair_filter_bytes(d->known) + sizeof *d;
}

static void persist(void *state, struct state_io *io)
{
    static const struct state_hole holes[] = {STATE_HOLE(struct sasl_site, env),
                                              STATE_HOLE(struct sasl_site, failed),
                                              STATE_HOLE(struct sasl_site, known)};
    struct sasl_site *d = state;

    state_struct(io, "sasl_site", d, sizeof *d, STATE_HOLES(holes));
    pair_filter_persist(d->failed, io);
    pair_filter_persist(d->known, io);
}

const struct detector detector_sasl_site = {
    .name = "sasl_site",
    .summary = "guessing of the site's passwords from many clients, each a little",
    .reference = "D11; Javed and Paxson 2013",
    .kinds = KIND(AUTH) | KIND(MAIL) | KIND(DISCONNECT),
    .memory_parts = 1,
    .create = create,
    .on_event = on_event,
    .warm = warm,
    .bytes = bytes,
    .destroy = destroy,
    .persist = persist,
};
