/* case_story.c - the incidents of a case told in one line
 *
 *   STORY = STEP *(" -> " STEP)
 *   STEP  = [DATE " "] HH:MM " " [WHO " "] WHAT      DATE where the day changes
 * algorithm: a step for each rule, at the time of its first incident. Its worst incident speaks;
 *            others like it are counted ("and 4 more"), while the members of a campaign that speaks
 *            are in its own figures already. WHO is left out when it is that of the step before
 * source:    counters and units of the detectors
 * limits:    times are UTC. Names come from the log: bytes that are not printable ASCII, and
 *            blanks, are shown as "?" */
#include "alert/case.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

struct step {
    const struct alert *lead;
    const struct alert *const *alerts; /* of the case: those of the lead's rule are meant */
    unsigned alerts_count;
    unsigned others; /* incidents of the rule and kind of entity beside the lead */
};

struct story {
    char *buf;
    size_t size;
    char who[CASE_NAME_MAX + 32]; /* of the step before */
    struct tm day;                /* of the step before; tm_mday 0 = none */
};

static void say(struct story *s, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void say(struct story *s, const char *format, ...)
{
    size_t used = strlen(s->buf);
    va_list args;

    va_start(args, format);
    vsnprintf(s->buf + used, s->size - used, format, args);
    va_end(args);
}

/* ---- figures and names ---- */

/* The alert about a campaign has its members' figures in it; that about the server as a relay is
 * only about the clients that have no alert of their own. */
static bool knows_its_members(enum rule rule)
{
    return rule != RULE_RELAY_ACCEPTED;
}

/* Do these two speak of different things of one kind, so that their figures add up? */
static bool adds_up(const struct alert *lead, const struct alert *a)
{
    return a->rule == lead->rule &&
           (a->entity_type == lead->entity_type || !knows_its_members(a->rule));
}

/* A counter over the incidents of the step; -1 when none has it. */
static int64_t sum_of(const struct step *t, const char *counter)
{
    int64_t sum = -1;

    for (unsigned i = 0; i < t->alerts_count; i++) {
        const struct alert *a = t->alerts[i];
        for (unsigned k = 0; adds_up(t->lead, a) && k < a->counters_count; k++)
            if (strcmp(a->counters[k].name, counter) == 0)
                sum = (sum < 0 ? 0 : sum) + (int64_t)a->counters[k].value;
    }
    return sum;
}

static int64_t observed_of(const struct step *t)
{
    double sum = 0;

    for (unsigned i = 0; i < t->alerts_count; i++)
        if (adds_up(t->lead, t->alerts[i]))
            sum += t->alerts[i]->observed;
    return sum < 9e15 ? (int64_t)sum : INT64_MAX;
}

static int64_t sum_or_observed(const struct step *t, const char *counter)
{
    int64_t sum = sum_of(t, counter);
    return sum < 0 ? observed_of(t) : sum;
}

/* "1 message", "812 messages" */
static void say_count(struct story *s, int64_t n, const char *what)
{
    say(s, "%" PRId64 " %s%s", n, what, n == 1 ? "" : "s");
}

/* A name without anything that could pass for a step of the story. */
static const char *plain(const char *name, char buf[CASE_NAME_MAX])
{
    size_t n = 0, length = strlen(name);

    for (; n < length && n < CASE_NAME_MAX - 1; n++)
        buf[n] = name[n] > ' ' && name[n] <= '~' ? name[n] : '?';
    if (n < length)
        memcpy(buf + n - 3, "...", 3);
    buf[n] = '\0';
    return buf;
}

static void say_who(struct story *s, const char *name, unsigned others)
{
    char buf[CASE_NAME_MAX], who[sizeof s->who];

    snprintf(who, sizeof who, others > 0 ? "%s and %u more" : "%s", plain(name, buf), others);
    if (strcmp(who, s->who) != 0)
        say(s, "%s ", who);
    memcpy(s->who, who, sizeof s->who);
}

/* A step that no one acts in. */
static void say_nobody(struct story *s)
{
    s->who[0] = '\0';
}

/* The clients of a campaign: as many as its counter says, else as it lists. */
static void say_clients(struct story *s, const struct step *t)
{
    int64_t n = sum_of(t, "clients");

    say_nobody(s);
    say_count(s, n > 0 ? n : (int64_t)t->lead->related_total, "client");
    say(s, " ");
}

static bool is_client(const struct step *t)
{
    return t->lead->entity_type == ENTITY_IP;
}

static const char *verb(const struct step *t, const char *one, const char *many)
{
    return t->others > 0 || !is_client(t) ? many : one;
}

/* The client that acts: the entity, or the members of the campaign. */
static void say_actor(struct story *s, const struct step *t)
{
    if (is_client(t))
        say_who(s, t->lead->entity, t->others);
    else
        say_clients(s, t);
}

/* ---- steps ---- */

static void tell_probe(struct story *s, const struct step *t)
{
    say_actor(s, t);
    say(s, "%s to relay, %" PRId64 " refused", verb(t, "tries", "try"),
        sum_or_observed(t, "refused"));
}

static void tell_relay(struct story *s, const struct step *t)
{
    say_actor(s, t);
    say(s, "%s ", verb(t, "relays", "relay"));
    say_count(s, observed_of(t), "recipient");
}

static void tell_guess(struct story *s, const struct step *t)
{
    say_actor(s, t);
    say(s, "%s passwords, %" PRId64 " failed", verb(t, "guesses", "guess"),
        sum_or_observed(t, "failed"));
}

static void tell_spray(struct story *s, const struct step *t)
{
    say_actor(s, t);
    say(s, "%s passwords of ", verb(t, "tries", "try"));
    say_count(s, sum_or_observed(t, "accounts"), "account");
    say(s, ", %" PRId64 " failed", sum_or_observed(t, "failed"));
}

static void tell_distributed(struct story *s, const struct step *t)
{
    char buf[CASE_NAME_MAX];

    say_clients(s, t);
    if (t->lead->entity_type == ENTITY_USER)
        say(s, t->others > 0 ? "guess the passwords of %s and %u more" : "guess the password of %s",
            plain(t->lead->entity, buf), t->others);
    else
        say(s, "guess passwords");
}

static void tell_login(struct story *s, const struct step *t)
{
    const struct alert *a = t->lead;
    char buf[CASE_NAME_MAX];
    bool named = a->related_count > 0 && a->related[0].type == ENTITY_IP && a->related_total <= 1;

    if (named)
        say_who(s, a->related[0].value, 0);
    else
        say_nobody(s);
    say(s, t->others > 0 ? "%s as %s and %u more" : "%s as %s", named ? "logs in" : "login",
        plain(a->entity, buf), t->others);
}

static void tell_sending(struct story *s, const struct step *t)
{
    int64_t refused = sum_of(t, "refused");

    say_who(s, t->lead->entity, t->others);
    say(s, t->others > 0 ? "send to " : "sends to ");
    say_count(s, sum_or_observed(t, "recipients"), "recipient");
    if (refused > 0)
        say(s, ", %" PRId64 " refused", refused);
}

static void tell_flood(struct story *s, const struct step *t)
{
    char buf[CASE_NAME_MAX];

    say_nobody(s);
    say(s,
        t->others > 0 ? "%" PRId64 " bounces flood in for %s and %u more"
                      : "%" PRId64 " bounces flood in for %s",
        sum_or_observed(t, "bounces"), plain(t->lead->entity, buf), t->others);
}

static void tell_bounces(struct story *s, const struct step *t)
{
    char buf[CASE_NAME_MAX];
    int64_t n = t->lead->rule == RULE_REVERSE_NDR ? sum_or_observed(t, "bounces") : observed_of(t);

    say_nobody(s);
    if (t->lead->rule == RULE_REVERSE_NDR)
        say(s,
            t->others > 0 ? "%" PRId64 " of our bounces hit %s and %u more"
                          : "%" PRId64 " of our bounces hit %s",
            n, plain(t->lead->entity, buf), t->others);
    else if (t->lead->rule == RULE_BACKSCATTER)
        say(s, "%" PRId64 " bounces go to strangers", n);
    else
        say(s, "%" PRId64 " undeliverable bounces wait", n);
}

static void tell_harvest(struct story *s, const struct step *t)
{
    say_actor(s, t);
    say(s, "%s ", verb(t, "tries", "try"));
    say_count(s, sum_or_observed(t, "unknown_recipients"), "unknown recipient");
}

static void tell_spoof(struct story *s, const struct step *t)
{
    say_actor(s, t);
    say(s, "%s a sender of ours in ", verb(t, "forges", "forge"));
    say_count(s, observed_of(t), "message");
}

static void tell_listed(struct story *s, const struct step *t)
{
    char buf[CASE_NAME_MAX];

    say_nobody(s);
    say(s, t->others > 0 ? "listed by %s and %u more" : "listed by %s", plain(t->lead->entity, buf),
        t->others);
}

static void tell_protocol(struct story *s, const struct step *t)
{
    say_actor(s, t);
    say(s, "%s the protocol ", verb(t, "breaks", "break"));
    say_count(s, observed_of(t), "time");
}

static void tell_scenario(struct story *s, const struct step *t)
{
    say_actor(s, t);
    if (t->lead->scenario == NULL)
        say(s, "%s a scenario", verb(t, "meets", "meet"));
    else
        say(s, "%s %s: %s", verb(t, "meets", "meet"), t->lead->scenario->id,
            t->lead->scenario->name);
}

static void tell_other(struct story *s, const struct step *t)
{
    say_nobody(s);
    say(s, "%s", alert_rule(t->lead)->name);
}

static void tell(struct story *s, const struct step *t)
{
    static void (*const tellers[RULE_COUNT])(struct story *, const struct step *) = {
        [RULE_RELAY_PROBE] = tell_probe,
        [RULE_RELAY_ACCEPTED] = tell_relay,
        [RULE_SASL_BRUTE] = tell_guess,
        [RULE_SASL_SPRAY] = tell_spray,
        [RULE_SASL_DISTRIBUTED] = tell_distributed,
        [RULE_SASL_BRUTE_SUCCESS] = tell_login,
        [RULE_ACCOUNT_BURST] = tell_sending,
        [RULE_HOST_BURST] = tell_sending,
        [RULE_NDR_FLOOD] = tell_flood,
        [RULE_BACKSCATTER] = tell_bounces,
        [RULE_REVERSE_NDR] = tell_bounces,
        [RULE_QUEUE_NDR] = tell_bounces,
        [RULE_HARVEST] = tell_harvest,
        [RULE_SPOOF_LOCAL] = tell_spoof,
        [RULE_LISTED] = tell_listed,
        [RULE_PROTOCOL] = tell_protocol,
        [RULE_SCENARIO] = tell_scenario,
    };

    if (tellers[t->lead->rule] != NULL)
        tellers[t->lead->rule](s, t);
    else
        tell_other(s, t);
}

static void say_time(struct story *s, int64_t time_us)
{
    time_t seconds = (time_t)(time_us / 1000000 - (time_us % 1000000 < 0));
    struct tm tm;

    if (gmtime_r(&seconds, &tm) == NULL)
        return;
    if (s->day.tm_mday != 0 && (s->day.tm_mday != tm.tm_mday || s->day.tm_yday != tm.tm_yday))
        say(s, "%04d-%02d-%02d ", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday);
    say(s, "%02d:%02d ", tm.tm_hour, tm.tm_min);
    s->day = tm;
}

/* Who speaks for a rule: the worst; of equal ones a campaign that knows its members; then the
 * first. */
static bool speaks_better(const struct alert *a, const struct alert *lead)
{
    bool campaign = a->entity_type != ENTITY_IP, of_lead = lead->entity_type != ENTITY_IP;

    if (a->severity != lead->severity)
        return a->severity > lead->severity;
    return campaign != of_lead && campaign == knows_its_members(a->rule);
}

static struct step step_of(const struct alert *const *alerts, unsigned count, enum rule rule)
{
    struct step t = {.alerts = alerts, .alerts_count = count};

    for (unsigned i = 0; i < count; i++)
        if (alerts[i]->rule == rule && (t.lead == NULL || speaks_better(alerts[i], t.lead)))
            t.lead = alerts[i];
    for (unsigned i = 0; i < count; i++)
        t.others += alerts[i] != t.lead && adds_up(t.lead, alerts[i]);
    return t;
}

void case_story(const struct alert *const *alerts, unsigned count, char *buf, size_t size)
{
    struct story s = {.buf = buf, .size = size};
    uint32_t told = 0;

    buf[0] = '\0';
    for (unsigned i = 0; i < count; i++) {
        enum rule rule = alerts[i]->rule;
        struct step t;
        if ((told >> rule & 1) != 0)
            continue;
        told |= 1U << rule;
        t = step_of(alerts, count, rule);
        if (buf[0] != '\0')
            say(&s, " -> ");
        say_time(&s, alerts[i]->first_us);
        tell(&s, &t);
    }
}
