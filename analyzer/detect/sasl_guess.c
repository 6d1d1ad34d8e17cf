/* sasl_guess.c - D11: who guesses passwords, alone or in company, and whether it worked
 * algorithm: per client a CUSUM of failures and logins (six in a row at any tempo) and the number
 *            of accounts tried: many accounts and few logins is spraying. Per account the number
 *            of networks that fail. An account that is a trap needs one try. A login is suspicious
 *            when its own client guessed before, or when the account is being guessed and the
 *            place is new to it. What a client or account is used to (place = /16, IPv6 /48) is
 *            learnt from logins without suspicion.
 * source:    Jung et al. (2004), Javed and Paxson (2013); windows of peers miss slow guessing and
 *            hit stale clients
 * limits:    one account failed against slowly from one client looks the same for a guesser and
 *            for a device with an old password: that stays below medium severity, and is only a
 *            note where the client has logged in before. Of very many clients only the first and
 *            the severe get an alert of their own, see sasl_folded.c. A login that names nobody is
 *            taken for that of the account which failed just before it in the same session: a
 *            guesser with an account of his own can look like an office so, at the price of using
 *            it each time */
#include "detect/detector.h"

#include <stdlib.h>

#include "base/pair_filter.h"
#include "base/panic.h"
#include "base/state.h"
#include "detect/auth_result.h"
#include "detect/sasl_clients.h"
#include "detect/sasl_folded.h"
#include "detect/sasl_targets.h"

enum {
    SPRAY_USERS = 5,
    SPRAY_USERS_HIGH = 10,
    SEVERAL_USERS = 3, /* more than a device with an old password */
    FAILURES_HIGH = 20,
    STALE_PER_DAY = 50,
    PLACES_MIN = 8, /* networks failing against one account */
    PLACES_HIGH = 20,
    CLIENTS_MIN = 20, /* or clients, if they share networks */
    SUSPICION_FAILURES = 5,
    SUSPICION_PLACES = 3
};
static const double brute_level = 9.2;
static const double spray_login_share = .2;
static const int64_t known_turn_us = INT64_C(15) * 86400 * 1000000;
static const uint64_t second_key = UINT64_C(0x6b6e6f776e); /* of a client, see knows_client() */

struct sasl_guess {
    struct detect_env env;
    struct sasl_clients *clients;
    struct sasl_targets *targets;
    struct pair_filter *known; /* logins without suspicion: client; account; (account, place) */
    struct sasl_folded folded; /* clients without an alert of their own */
};

static void *create(const struct detect_env *env)
{
    struct sasl_guess *d = panic_calloc(1, sizeof *d);

    d->env = *env;
    d->clients = sasl_clients_new(env->memory_bytes / 2, env->tally);
    d->targets = sasl_targets_new(env->memory_bytes / 4);
    d->known = pair_filter_new(env->memory_bytes / 4, known_turn_us);
    return d;
}

static void destroy(void *state)
{
    struct sasl_guess *d = state;

    sasl_clients_free(d->clients);
    sasl_targets_free(d->targets);
    pair_filter_free(d->known);
    free(d);
}

/* ---- what is known ---- */

/* A full filter takes 3 % of strangers for somebody it has seen, and a guesser so taken would be a
 * device with an old password. Two keys, in two places of the filter, make that .1 %. */
static bool knows_client(const struct sasl_guess *d, uint64_t client_hash)
{
    return pair_filter_seen(d->known, client_hash) &&
           pair_filter_seen(d->known, hash_mix(client_hash, second_key));
}

static void learn_client(struct sasl_guess *d, uint64_t client_hash, int64_t time_us)
{
    pair_filter_first(d->known, client_hash, time_us);
    pair_filter_first(d->known, hash_mix(client_hash, second_key), time_us);
}

/* ---- one client ---- */

static unsigned users_of(const struct sasl_client *k)
{
    return (unsigned)distinct_count(&k->users);
}

static bool is_spray(const struct sasl_client *k)
{
    double users = distinct_count(&k->users), logins = distinct_count(&k->logins);
    return users >= SPRAY_USERS && logins < spray_login_share * (logins + users);
}

/* -1: nothing to say. Medium and above only where no device with an old password can be the reason.
 */
static int brute_severity(const struct sasl_client *k, bool known)
{
    bool several = users_of(k) >= SEVERAL_USERS && distinct_count(&k->logins) < 1;

    if (!known && (several || k->fast))
        return k->failures >= FAILURES_HIGH ? SEVERITY_HIGH : SEVERITY_MEDIUM;
    if (known && (several || k->fast))
        return SEVERITY_LOW;
    if (known)
        return k->day.value >= STALE_PER_DAY ? SEVERITY_INFO : -1;
    return SEVERITY_LOW;
}

/* An office behind one address, on the day after the passwords expired, may look like it for a
 * while. */
static int spray_severity(const struct sasl_client *k, bool known)
{
    if (known && users_of(k) < SPRAY_USERS_HIGH)
        return SEVERITY_LOW;
    return users_of(k) >= SPRAY_USERS_HIGH || k->failures >= FAILURES_HIGH ? SEVERITY_HIGH
                                                                           : SEVERITY_MEDIUM;
}

static slice client_reason(const struct sasl_client *k, bool known)
{
    if (k->honey)
        return SLICE_LIT("one client tries an account that is a trap and has no owner");
    if (k->told_spray)
        return SLICE_LIT("one client fails to log in as many different accounts");
    if (users_of(k) >= SEVERAL_USERS)
        return SLICE_LIT("one client fails to log in again and again, as several accounts");
    if (known && !k->fast)
        return SLICE_LIT(
            "a client that has logged in before fails all day: a device with an old password");
    if (k->fast)
        return SLICE_LIT("failed logins follow each other faster than a person types");
    return SLICE_LIT(
        "one client fails to log in again and again: guessing, or a device with an old password");
}

static void report_client(struct sasl_guess *d, const struct sasl_client *k, int severity,
                          bool known, const struct event *ev)
{
    char text[IP_NET_TEXT];
    struct alert_counter counters[] = {{"failed", k->failures},
                                       {"accounts", users_of(k)},
                                       {"logins", (uint64_t)distinct_count(&k->logins)},
                                       {"unnamed", k->unnamed}};

    incident_report(d->env.incidents,
                    &(struct finding){.rule = k->told_spray ? RULE_SASL_SPRAY : RULE_SASL_BRUTE,
                                      .severity = (enum severity)severity,
                                      .entity_type = ENTITY_IP,
                                      .entity = correlate_principal_text(&k->ip, text),
                                      .first_us = k->first_us,
                                      .time_us = ev->time_us,
                                      .observed = k->failures,
                                      .threshold = k->honey        ? 1
                                                   : k->told_spray ? SPRAY_USERS
                                                                   : 6,
                                      .unit = "failed logins",
                                      .confidence = severity >= SEVERITY_MEDIUM ? 90 : 50,
                                      .reason = client_reason(k, known),
                                      .counters = counters,
                                      .counters_count = sizeof counters / sizeof counters[0],
                                      .ev = ev});
}

/* One alert a client: spraying is reported instead of guessing from the moment it is known. */
static void judge_client(struct sasl_guess *d, struct sasl_client *k, const struct event *ev,
                         const struct context *cx)
{
    bool known = knows_client(d, cx->client_hash);
    int severity = -1;

    if (k->told_spray || is_spray(k)) {
        k->told_spray = true;
        severity = spray_severity(k, known);
    } else if (sasl_client_level(k, ev->time_us) >= brute_level) {
        severity = brute_severity(k, known);
    }
    if (k->honey && severity < SEVERITY_MEDIUM)
        severity = SEVERITY_MEDIUM;
    if (severity < 0)
        return;
    if (!k->told && severity < SEVERITY_HIGH &&
        sasl_folded_takes(&d->folded, d->env.incidents, k, severity, ev, cx))
        return;
    k->told = true;
    sasl_folded_told(&d->folded, cx->client_hash, ev->time_us);
    report_client(d, k, severity, known, ev);
}

/* ---- one account ---- */

static bool is_distributed(const struct sasl_target *k, int64_t time_us)
{
    return sasl_target_places(k, time_us) >= PLACES_MIN ||
           sasl_target_clients(k, time_us) >= CLIENTS_MIN;
}

static unsigned put_members(const struct sasl_target *k, const struct ip_addr *present,
                            struct alert_related *ret)
{
    unsigned n = 0;
    char text[IP_NET_TEXT];

    for (unsigned i = 0; !k->told && i < k->early_count; i++, n++) {
        ret[n].type = ENTITY_IP;
        slice_keep(correlate_principal_text(&k->early[i], text), ret[n].value, sizeof ret[n].value);
    }
    ret[n].type = ENTITY_IP;
    slice_keep(correlate_principal_text(present, text), ret[n].value, sizeof ret[n].value);
    return n + 1;
}

static void report_target(struct sasl_guess *d, struct sasl_target *k, const struct event *ev,
                          const struct context *cx)
{
    struct alert_related members[SASL_EARLY_MAX + 1];
    unsigned n = put_members(k, &cx->client, members);
    unsigned places = sasl_target_places(k, ev->time_us),
             clients = sasl_target_clients(k, ev->time_us);
    struct alert_counter counters[] = {
        {"failed", k->failures}, {"clients", clients}, {"networks", places}};

    k->told = true;
    incident_report(
        d->env.incidents,
        &(struct finding){.rule = RULE_SASL_DISTRIBUTED,
                          .severity = places >= PLACES_HIGH ? SEVERITY_HIGH : SEVERITY_MEDIUM,
                          .entity_type = ENTITY_USER,
                          .entity = slice_of(k->user),
                          .first_us = k->first_us,
                          .time_us = ev->time_us,
                          .observed = clients,
                          .threshold = places >= PLACES_MIN ? PLACES_MIN : CLIENTS_MIN,
                          .unit = "failing clients",
                          .confidence = 90,
                          .reason =
                              SLICE_LIT("clients of many networks fail to log in as one account"),
                          .counters = counters,
                          .counters_count = sizeof counters / sizeof counters[0],
                          .related = members,
                          .related_count = n,
                          .related_total = clients,
                          .ev = ev});
}

static bool is_usual_place(const struct sasl_guess *d, const struct auth_result *r)
{
    return pair_filter_seen(d->known, hash_mix(r->user_hash, r->place));
}

static void on_failure(struct sasl_guess *d, const struct auth_result *r, const struct event *ev,
                       const struct context *cx)
{
    struct sasl_client *k = sasl_clients_fail(d->clients, cx->client_hash, &cx->client,
                                              r->user_hash, r->count, ev->time_us);
    struct sasl_attempt attempt = {.user_hash = r->user_hash,
                                   .principal = cx->client_hash,
                                   .place = r->place,
                                   .user = cx->user,
                                   .ip = &cx->client,
                                   .count = r->count,
                                   .time_us = ev->time_us};
    struct sasl_target *t;

    sasl_folded_failed(&d->folded, cx->client_hash, ev->time_us);
    k->honey |= honey_users_has(d->env.honey_users, cx->user);
    judge_client(d, k, ev, cx);
    if (r->user_hash == 0 || is_usual_place(d, r))
        return;
    t = sasl_targets_fail(d->targets, &attempt);
    if (t != NULL && (t->told || is_distributed(t, ev->time_us)))
        report_target(d, t, ev, cx);
}

/* ---- a login ---- */

struct suspicion {
    int severity; /* -1: none */
    uint32_t failures, accounts, places;
    slice reason;
};

static void suspect_client(struct sasl_guess *d, const struct auth_result *r,
                           const struct event *ev, const struct context *cx, struct suspicion *ret)
{
    const struct sasl_client *k = sasl_clients_recent(d->clients, cx->client_hash, ev->time_us);
    bool known = knows_client(d, cx->client_hash); /* nameless failures there may be anybody's */

    if (k == NULL)
        return;
    ret->failures = sasl_client_against(k, r->user_hash) + (known ? 0 : k->unnamed);
    ret->accounts = users_of(k);
    if (is_spray(k) || (k->fast && ret->failures >= SASL_FAST)) {
        ret->severity = SEVERITY_HIGH;
        ret->reason = SLICE_LIT("the client that guessed passwords has logged in");
    } else if (ret->failures >= SUSPICION_FAILURES || (ret->accounts >= SEVERAL_USERS && !known)) {
        ret->severity = SEVERITY_LOW;
        ret->reason = SLICE_LIT(
            "a login after a run of failures from the same client, which is new for the account");
    }
}

/* Of an account under attack, even a login from a new place is more likely its owner's: a hint, not
 * an alarm. */
static void suspect_place(struct sasl_guess *d, const struct auth_result *r, const struct event *ev,
                          struct suspicion *ret)
{
    const struct sasl_target *t = sasl_targets_find(d->targets, r->user_hash);
    bool has_history = pair_filter_seen(d->known, r->user_hash);

    if (t == NULL || ret->severity > SEVERITY_LOW)
        return;
    ret->places = sasl_target_places(t, ev->time_us);
    if (ret->places < SUSPICION_PLACES || (!has_history && ret->failures == 0))
        return;
    ret->severity = SEVERITY_LOW;
    ret->reason = SLICE_LIT(
        "an account whose password is being guessed logged in from a place that is new for it");
}

static void report_success(struct sasl_guess *d, const struct suspicion *s, const struct event *ev,
                           const struct context *cx)
{
    char user[SASL_USER_MAX], text[IP_NET_TEXT];
    struct alert_related client = {.type = ENTITY_IP};
    struct alert_counter counters[] = {
        {"failed", s->failures}, {"accounts_tried", s->accounts}, {"failing_networks", s->places}};

    slice_keep(cx->user, user, sizeof user);
    for (char *p = user; *p != '\0'; p++)
        *p = slice_lower(*p);
    slice_keep(correlate_principal_text(&cx->client, text), client.value, sizeof client.value);
    incident_report(
        d->env.incidents,
        &(struct finding){.rule = RULE_SASL_BRUTE_SUCCESS,
                          .severity = (enum severity)s->severity,
                          .entity_type = ENTITY_USER,
                          .entity = slice_of(user),
                          .first_us = ev->time_us,
                          .time_us = ev->time_us,
                          .observed = s->failures > s->places ? s->failures : s->places,
                          .threshold = s->failures > 0 ? SUSPICION_FAILURES : SUSPICION_PLACES,
                          .unit = "failures before the login",
                          .confidence = s->severity >= SEVERITY_MEDIUM ? 90 : 35,
                          .reason = s->reason,
                          .counters = counters,
                          .counters_count = sizeof counters / sizeof counters[0],
                          .related = &client,
                          .related_count = 1,
                          .ev = ev});
}

static void learn_login(struct sasl_guess *d, const struct auth_result *r, int64_t time_us,
                        const struct context *cx)
{
    sasl_clients_login(d->clients, cx->client_hash, r->user_hash, time_us);
    learn_client(d, cx->client_hash, time_us);
    pair_filter_first(d->known, r->user_hash, time_us);
    pair_filter_first(d->known, hash_mix(r->user_hash, r->place), time_us);
}

static void on_login(struct sasl_guess *d, const struct auth_result *r, const struct event *ev,
                     const struct context *cx)
{
    struct suspicion s = {.severity = -1};

    if (honey_users_has(d->env.honey_users, cx->user)) {
        s.severity = SEVERITY_HIGH;
        s.reason = SLICE_LIT("somebody logged in to an account that is a trap and has no owner");
    } else if (!is_usual_place(d, r)) {
        suspect_client(d, r, ev, cx, &s);
        suspect_place(d, r, ev, &s);
    }
    if (s.severity >= 0)
        report_success(d, &s, ev, cx);
    else
        learn_login(d, r, ev->time_us, cx);
}

/* People who mistype and then get in: an office behind one address, however many they are. */
static void on_silent_login(struct sasl_guess *d, const struct event *ev, const struct context *cx)
{
    const struct sasl_client *k = sasl_clients_recent(d->clients, cx->client_hash, ev->time_us);

    if (k == NULL)
        learn_client(d, cx->client_hash, ev->time_us);
    else if (cx->session->auth_failures > 0 && !k->told_spray)
        sasl_clients_login(d->clients, cx->client_hash, cx->session->failed_user, ev->time_us);
}

static void warm(const void *state, const struct event *ev, const struct context *cx)
{
    const struct sasl_guess *d = state;

    if (ev->kind != EVENT_MAIL || !cx->authed)
        return;
    pair_filter_warm(d->known, hash_mix(cx->client_hash, cx->user_hash));
    pair_filter_warm(d->known, cx->client_hash);
    pair_filter_warm(d->known, hash_mix(cx->client_hash, second_key));
    pair_filter_warm(d->known, cx->user_hash);
}

static void on_event(void *state, const struct event *ev, const struct context *cx)
{
    struct sasl_guess *d = state;
    struct auth_result r;

    if (auth_result_is_silent_login(ev, cx))
        on_silent_login(d, ev, cx);
    if (!auth_result_of(ev, cx, &r))
        return;
    if (!r.ok)
        on_failure(d, &r, ev, cx);
    else if (r.user_hash != 0)
        on_login(d, &r, ev, cx);
}

static void explain_client(const struct sasl_client *k, int64_t time_us, struct outbuf *out)
{
    double level = sasl_client_level(k, time_us);

    outbuf_printf(out, "client: score %.1f of %.1f after %u failures, %u of %u accounts", level,
                  brute_level, k->failures, users_of(k), SPRAY_USERS);
    if (k->told)
        outbuf_puts(out, ": reported");
    else if (level < brute_level && !is_spray(k) && !k->honey)
        outbuf_printf(out, ": score lacks %.1f (six failures in a row reach it)",
                      brute_level - level);
    if (k->honey)
        outbuf_puts(out, "; an account that is a trap: one try is enough");
}

static void explain_account(const struct sasl_target *t, int64_t time_us, struct outbuf *out)
{
    outbuf_printf(out, "; account: %u of %u networks, %u of %u clients",
                  sasl_target_places(t, time_us), PLACES_MIN, sasl_target_clients(t, time_us),
                  CLIENTS_MIN);
    outbuf_puts(out, t->told ? ": reported" : "");
}

static void explain(const void *state, const struct event *ev, const struct context *cx,
                    struct outbuf *out)
{
    const struct sasl_guess *d = state;
    const struct sasl_client *k;
    const struct sasl_target *t;
    struct auth_result r;

    if (!auth_result_of(ev, cx, &r))
        return;
    k = sasl_clients_recent(d->clients, cx->client_hash, ev->time_us);
    if (k != NULL)
        explain_client(k, ev->time_us, out);
    else if (r.ok)
        outbuf_puts(out, "a login; no failure of this client in the last day");
    t = r.user_hash == 0 ? NULL : sasl_targets_find(d->targets, r.user_hash);
    if (t != NULL)
        explain_account(t, ev->time_us, out);
}

static uint64_t evictions(const void *state)
{
    const struct sasl_guess *d = state;
    return sasl_clients_evictions(d->clients) + sasl_targets_evictions(d->targets);
}

static size_t bytes(const void *state)
{
    const struct sasl_guess *d = state;
    return sasl_clients_bytes(d->clients) + sasl_targets_bytes(d->targets) +
           pair_filter_bytes(d->known) + sizeof *d;
}

static void persist(void *state, struct state_io *io)
{
    static const struct state_hole holes[] = {
        STATE_HOLE(struct sasl_guess, env), STATE_HOLE(struct sasl_guess, clients),
        STATE_HOLE(struct sasl_guess, targets), STATE_HOLE(struct sasl_guess, known)};
    struct sasl_guess *d = state;

    state_struct(io, "sasl_guess", d, sizeof *d, STATE_HOLES(holes));
    sasl_clients_persist(d->clients, io);
    sasl_targets_persist(d->targets, io);
    pair_filter_persist(d->known, io);
}

const struct detector detector_sasl_guess = {
    .name = "sasl_guess",
    .summary = "password guessing by one client, spraying, guessing of one account from many, and "
               "logins after it",
    .reference = "D11; TRW",
    .kinds = KIND(AUTH) | KIND(MAIL) | KIND(DISCONNECT),
    .memory_parts = 3,
    .create = create,
    .on_event = on_event,
    .warm = warm,
    .explain = explain,
    .evictions = evictions,
    .bytes = bytes,
    .destroy = destroy,
    .persist = persist,
};
