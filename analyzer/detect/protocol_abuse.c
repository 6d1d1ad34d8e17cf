/* protocol_abuse.c - D12: SMTP smuggling and other abuse of the protocol
 * algorithm: single events and the marks of a session. A bare newline together with commands sent
 * ahead after DATA is how a second message is smuggled past the sender checks; commands ahead after
 * DATA alone are suspicious from outside; clients that talk before the greeting or speak no SMTP
 * are bots. What counts as what, from which number on and how severe it is, is policy (policy.def).
 * source:    RFC 5321 2.3.8 (line ends), RFC 2920 (pipelining); Postfix smtpd_forbid_bare_newline
 * limits:    a smuggled message that the server took for an ordinary one leaves no trace in the
 * log. Inside clients' web programs send bare newlines too: they are "info" whatever they do */
#include "detect/detector.h"

#include <stdlib.h>

#include "base/decay.h"
#include "base/panic.h"
#include "base/state.h"
#include "base/table.h"
#include "detect/capacity.h"
#include "detect/policy.h"

#define HOURS_US(h) ((int64_t)(h)*3600 * 1000000)

enum offence {
    OFFENCE_NONE,
    OFFENCE_SLOPPY,     /* bare newlines, bad syntax, command limits: counts only in numbers */
    OFFENCE_BOT,        /* early talker, another protocol, commands ahead of their turn */
    OFFENCE_AHEAD_DATA, /* commands sent ahead after DATA */
    OFFENCE_SMUGGLING   /* and a bare newline in the same session */
};

struct offender {
    int64_t first_us, last_us;
    struct decayed sloppy;
    enum offence worst;
    uint32_t total, bare_newline, pipelining, after_data, early, not_smtp, smuggling;
};

struct protocol_abuse {
    struct detect_env env;
    struct policy *policy;
    struct table *clients;
};

static float offender_score(const void *entry, int64_t now_us)
{
    const struct offender *o = entry;
    return (float)o->worst * 10 - (float)((double)(now_us - o->last_us) / 3600e6);
}

static void *create(const struct detect_env *env)
{
    struct protocol_abuse *d = panic_calloc(1, sizeof *d);
    struct table_spec spec = {.name = "protocol offenders",
                              .capacity = capacity_of(env->memory_bytes, sizeof(struct offender)),
                              .entry_size = sizeof(struct offender),
                              .score = offender_score};

    d->env = *env;
    d->policy = policy_copy(env->policy);
    d->clients = table_new(&spec);
    return d;
}

static void renew(void *state, const struct detect_env *env)
{
    struct protocol_abuse *d = state;

    *d->policy = *env->policy;
}

static void destroy(void *state)
{
    struct protocol_abuse *d = state;

    table_free(d->clients);
    free(d->policy);
    free(d);
}

/* ---- what kind of event ---- */

static bool is_data_stage(enum smtp_stage stage)
{
    return stage == STAGE_DATA || stage == STAGE_END_OF_DATA;
}

static bool session_has(const struct context *cx, uint32_t flags)
{
    return cx->session != NULL && (cx->session->flags & flags) == flags;
}

/* A refusal says in its words what a PROTOCOL event says in its class. */
static enum anomaly anomaly_of(const struct event *ev, const struct context *cx)
{
    slice text = event_field(ev, EF_TEXT);

    if (ev->kind == EVENT_PROTOCOL)
        return ev->anomaly;
    if (ev->kind == EVENT_DISCONNECT)
        return ev->counters.bare_lf ? ANOMALY_BARE_LF : ANOMALY_NONE;
    if (cx->reason != REASON_PROTOCOL)
        return ANOMALY_NONE;
    if (slice_has(text, SLICE_LIT("bare <LF>")))
        return ANOMALY_BARE_LF;
    return slice_has(text, SLICE_LIT("pipelining")) ? ANOMALY_PIPELINING : ANOMALY_NONE;
}

/* The logged excerpt of what was sent ahead, in C escapes: a newline without its CR, or a CR
 * without its newline? The excerpt is cut, so a CR at its end proves nothing. */
static bool has_bare_newline(slice excerpt)
{
    for (size_t i = 0; i + 1 < excerpt.len; i++) {
        if (excerpt.ptr[i] != '\\')
            continue;
        char c = excerpt.ptr[++i];
        if (c == 'n')
            return true;
        if (c != 'r')
            continue;
        if (slice_starts(slice_from(excerpt, i + 1), SLICE_LIT("\\n")))
            i += 2;
        else if (i + 2 < excerpt.len)
            return true;
    }
    return false;
}

static bool is_smuggling(const struct event *ev, const struct context *cx)
{
    return session_has(cx, SESSION_BARE_LF) || has_bare_newline(event_field(ev, EF_TEXT));
}

static enum offence offence_by_policy(const struct policy *p, enum anomaly anomaly)
{
    static const enum offence offences[] = {[POLICY_IGNORE] = OFFENCE_NONE,
                                            [POLICY_SLOPPY] = OFFENCE_SLOPPY,
                                            [POLICY_BOT] = OFFENCE_BOT};
    static const enum policy_setting settings[ANOMALY_COUNT] = {
        [ANOMALY_PIPELINING] = POLICY_PROTOCOL_pipelining,
        [ANOMALY_BARE_LF] = POLICY_PROTOCOL_bare_lf,
        [ANOMALY_PREGREET] = POLICY_PROTOCOL_pregreet,
        [ANOMALY_NON_SMTP] = POLICY_PROTOCOL_non_smtp,
        [ANOMALY_HANGUP] = POLICY_PROTOCOL_hangup,
        [ANOMALY_COMMAND_LIMIT] = POLICY_PROTOCOL_command_limit,
        [ANOMALY_BAD_SYNTAX] = POLICY_PROTOCOL_bad_syntax};

    return anomaly == ANOMALY_NONE ? OFFENCE_NONE : offences[policy_unsigned(p, settings[anomaly])];
}

/* What smuggling is made of is no matter of policy. reject_unauth_pipelining speaks at DATA of what
 * came before it: that is a refusal, not a PROTOCOL event. */
static enum offence offence_of(const struct policy *p, enum anomaly anomaly, const struct event *ev,
                               const struct context *cx)
{
    if (anomaly == ANOMALY_PIPELINING && is_data_stage(ev->stage) && ev->kind == EVENT_PROTOCOL)
        return is_smuggling(ev, cx) ? OFFENCE_SMUGGLING : OFFENCE_AHEAD_DATA;
    if (anomaly == ANOMALY_BARE_LF && session_has(cx, SESSION_PIPELINED_DATA))
        return OFFENCE_SMUGGLING;
    return offence_by_policy(p, anomaly);
}

/* ---- counting and reporting ---- */

static struct offender *count(struct protocol_abuse *d, enum anomaly anomaly, enum offence offence,
                              const struct event *ev, const struct context *cx)
{
    struct offender *o = table_get(d->clients, cx->client_hash, ev->time_us, NULL);

    if (o->total == 0 || ev->time_us - o->last_us > HOURS_US(24))
        *o = (struct offender){.first_us = ev->time_us, .last_us = ev->time_us};
    if (ev->time_us > o->last_us)
        o->last_us = ev->time_us;
    o->total += ev->repeat;
    o->bare_newline += anomaly == ANOMALY_BARE_LF;
    o->pipelining += anomaly == ANOMALY_PIPELINING;
    o->after_data += offence >= OFFENCE_AHEAD_DATA && anomaly == ANOMALY_PIPELINING;
    o->early += anomaly == ANOMALY_PREGREET;
    o->not_smtp += anomaly == ANOMALY_NON_SMTP;
    o->smuggling += offence == OFFENCE_SMUGGLING;
    o->worst = offence > o->worst ? offence : o->worst;
    if (offence == OFFENCE_SLOPPY)
        decayed_add(&o->sloppy, ev->time_us, policy_number(d->policy, POLICY_PROTOCOL_half_life),
                    1);
    return o;
}

static bool is_many(const struct policy *p, const struct offender *o)
{
    return o->sloppy.value >= policy_number(p, POLICY_PROTOCOL_sloppy_many);
}

/* -1: not worth a word. Whoever logged in is still told on when he smuggles: his mail goes out in
 * our name. */
static int severity_of(const struct policy *p, const struct offender *o, const struct context *cx)
{
    bool inside = !cx->authed && !cx->outside;
    enum policy_setting setting = POLICY_PROTOCOL_severity_little;

    if (o->worst == OFFENCE_SLOPPY && !is_many(p, o) && o->bare_newline == 0)
        return -1;
    if (inside)
        return (int)policy_severity(p, setting);
    switch (o->worst) {
    case OFFENCE_SMUGGLING:
        setting = POLICY_PROTOCOL_severity_smuggling;
        break;
    case OFFENCE_AHEAD_DATA:
        setting =
            cx->outside ? POLICY_PROTOCOL_severity_ahead : POLICY_PROTOCOL_severity_ahead_known;
        break;
    case OFFENCE_BOT:
        setting = cx->outside ? POLICY_PROTOCOL_severity_bot : POLICY_PROTOCOL_severity_bot_known;
        break;
    default:
        if (o->bare_newline > 0 && is_many(p, o))
            setting = POLICY_PROTOCOL_severity_sloppy;
        break;
    }
    return (int)policy_severity(p, setting);
}

static slice reason_of(const struct offender *o)
{
    switch (o->worst) {
    case OFFENCE_SMUGGLING:
        return SLICE_LIT(
            "bare newlines and commands sent ahead after DATA in one session: a second "
            "message was to be smuggled in");
    case OFFENCE_AHEAD_DATA:
        return SLICE_LIT("commands or content were sent ahead after DATA, without leave");
    case OFFENCE_BOT:
        return o->early > 0 ? SLICE_LIT("talks before the greeting: a bot")
                            : SLICE_LIT("does not speak SMTP as a mail server does: a bot");
    default:
        return o->bare_newline > 0 ? SLICE_LIT("sends bare newlines")
                                   : SLICE_LIT("breaks the rules of the SMTP dialogue");
    }
}

static slice how_of(enum anomaly anomaly)
{
    return slice_of(event_anomaly_name(anomaly));
}

static void report(struct protocol_abuse *d, const struct offender *o, enum anomaly anomaly,
                   const struct event *ev, const struct context *cx)
{
    int severity = severity_of(d->policy, o, cx);
    char text[IP_NET_TEXT];
    struct alert_counter counters[] = {{"anomalies", o->total},
                                       {"bare_newline", o->bare_newline},
                                       {"pipelining", o->pipelining},
                                       {"pipelining_after_data", o->after_data},
                                       {"before_greeting", o->early},
                                       {"non_smtp", o->not_smtp},
                                       {"smuggling_sessions", o->smuggling}};

    if (severity < 0)
        return;
    incident_report(
        d->env.incidents,
        &(struct finding){.rule = RULE_PROTOCOL,
                          .severity = (enum severity)severity,
                          .entity_type = ENTITY_IP,
                          .entity = correlate_principal_text(&cx->client, text),
                          .first_us = o->first_us,
                          .time_us = ev->time_us,
                          .observed = o->total,
                          .threshold = o->worst == OFFENCE_SLOPPY
                                           ? policy_number(d->policy, POLICY_PROTOCOL_sloppy_many)
                                           : 1,
                          .unit = "protocol anomalies",
                          .confidence = o->worst >= OFFENCE_AHEAD_DATA ? 90 : 70,
                          .reason = reason_of(o),
                          .how = how_of(anomaly),
                          .counters = counters,
                          .counters_count = sizeof counters / sizeof counters[0],
                          .ev = ev});
}

static void on_event(void *state, const struct event *ev, const struct context *cx)
{
    struct protocol_abuse *d = state;
    enum anomaly anomaly = anomaly_of(ev, cx);
    enum offence offence = offence_of(d->policy, anomaly, ev, cx);

    if (offence == OFFENCE_NONE || ev->soft || cx->client_hash == 0)
        return;
    report(d, count(d, anomaly, offence, ev, cx), anomaly, ev, cx);
}

static void explain(const void *state, const struct event *ev, const struct context *cx,
                    struct outbuf *out)
{
    const struct protocol_abuse *d = state;
    const struct offender *o = NULL;
    int severity;

    if (offence_of(d->policy, anomaly_of(ev, cx), ev, cx) != OFFENCE_NONE && !ev->soft)
        o = table_find(d->clients, cx->client_hash);
    if (o == NULL)
        return;
    severity = severity_of(d->policy, o, cx);
    outbuf_printf(out, "%u anomalies, %.1f of %g sloppy ones", o->total, o->sloppy.value,
                  policy_number(d->policy, POLICY_PROTOCOL_sloppy_many));
    if (severity < 0)
        outbuf_puts(out, ": not enough yet");
    else
        outbuf_printf(out, ": reported, %s", severity_name((enum severity)severity));
}

static uint64_t evictions(const void *state)
{
    const struct protocol_abuse *d = state;
    return table_evictions(d->clients);
}

static size_t bytes(const void *state)
{
    const struct protocol_abuse *d = state;
    return sizeof *d + table_bytes(d->clients);
}

static void persist(void *state, struct state_io *io)
{
    static const struct state_hole holes[] = {STATE_HOLE(struct protocol_abuse, env),
                                              STATE_HOLE(struct protocol_abuse, policy),
                                              STATE_HOLE(struct protocol_abuse, clients)};
    struct protocol_abuse *d = state;

    state_struct(io, "protocol_abuse", d, sizeof *d, STATE_HOLES(holes));
    table_persist(d->clients, io);
}

const struct detector detector_protocol_abuse = {
    .name = "protocol_abuse",
    .summary = "smuggling, bare newlines, pipelining without leave, talking before the greeting",
    .reference = "D12; RFC 5321 2.3.8, RFC 2920",
    .kinds = KIND(PROTOCOL) | KIND(RCPT) | KIND(REFUSAL) | KIND(DISCONNECT),
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
