/* reverse_ndr.c - D5: one victim bombarded with our bounces
 * algorithm: for each foreign sender of mail from outside, decayed counts of its accepted messages
 *            and of our bounces to it. Many bounces an hour that are a large share of its mail:
 *            the sender is forged, the bounces are the aim
 * source:    Frei, Silvestri, Ollmann, "Mail non-delivery notice attacks" (2004); Microsoft KB
 *            909005
 * limits:    a list that mails many dead addresses of ours under one sender stays below the share,
 *            not below the rate */
#include "detect/detector.h"

#include <stdlib.h>

#include "base/decay.h"
#include "base/panic.h"
#include "base/table.h"
#include "detect/campaign.h"
#include "detect/capacity.h"
#include "detect/inbound.h"
#include "detect/own_bounce.h"

#define HOURS_US(h) ((int64_t)(h)*3600 * 1000000)

enum { EARLY_PER_HOUR = 10, HIGH_PER_HOUR = 20, CRITICAL_PER_HOUR = 100, MEDIUM_PER_DAY = 50 };
static const double share_min = 0.3;   /* bounces per accepted message: dirty lists reach 0.2 */
static const double share_clear = 0.5; /* what is early or slow needs clearer evidence */
static const double delayed_weight = 0.2, full_weight = 0.2;
/* With these half-lives (ln 2 of the time) a steady stream of n an hour, or a day, reads n. */
static const double hour_half_life_us = 3600e6 * 0.69314718;
static const double day_half_life_us = 24 * 3600e6 * 0.69314718;

struct sender {
    struct decayed day; /* our bounces to it; the score looks at the first two */
    bool raised;
    struct decayed hour;       /* bounces */
    struct decayed accepted;   /* its messages, over a day */
    int64_t first_us, last_us; /* of the bounces */
    uint32_t failed, delayed, amplified;
};

struct reverse_ndr {
    struct detect_env env;
    struct table *senders;
    struct campaigns *clients; /* by victim: who caused the bounces */
};

static float sender_score(const void *entry, int64_t now_us)
{
    const struct sender *s = entry;
    return (float)decayed_at(&s->day, now_us, day_half_life_us) + (s->raised ? 100 : 0);
}

static void *create(const struct detect_env *env)
{
    struct reverse_ndr *d = panic_calloc(1, sizeof *d);
    struct table_spec spec = {.name = "senders of inbound mail",
                              .capacity =
                                  capacity_of(env->memory_bytes / 4 * 3, sizeof(struct sender)),
                              .entry_size = sizeof(struct sender),
                              .score = sender_score,
                              .worth = .5F}; /* a bounce, of half a day ago */

    d->env = *env;
    d->senders = table_new(&spec);
    d->clients =
        campaigns_new("reverse NDR clients",
                      capacity_of(env->memory_bytes / 4, sizeof(struct campaign)), HOURS_US(6));
    return d;
}

static void destroy(void *state)
{
    struct reverse_ndr *d = state;

    table_free(d->senders);
    campaigns_free(d->clients);
    free(d);
}

static bool is_accepted(const struct event *ev, const struct context *cx)
{
    return ev->kind == EVENT_QUEUED && inbound_is_new(cx) && !cx->null_sender &&
           cx->sender_zone == DOMAIN_FOREIGN;
}

static struct sender *count_bounce(struct reverse_ndr *d, enum own_bounce what,
                                   const struct event *ev, const struct context *cx)
{
    struct sender *s = table_get(d->senders, cx->sender_hash, ev->time_us, NULL);
    double weight = what == OWN_BOUNCE_DELAYED ? delayed_weight
                    : own_bounce_overfull(cx)  ? full_weight
                                               : 1;

    if (s->last_us == 0 || ev->time_us - s->last_us > HOURS_US(6)) {
        s->first_us = ev->time_us;
        s->failed = s->delayed = s->amplified = 0;
        s->raised = false;
    }
    if (ev->time_us < s->first_us)
        s->first_us = ev->time_us;
    if (ev->time_us > s->last_us)
        s->last_us = ev->time_us;
    s->failed += what != OWN_BOUNCE_DELAYED; /* one address gets many: no absence notes */
    s->delayed += what == OWN_BOUNCE_DELAYED;
    s->amplified += own_bounce_amplified(ev, cx);
    decayed_add(&s->hour, ev->time_us, hour_half_life_us, weight);
    decayed_add(&s->day, ev->time_us, day_half_life_us, weight);
    return s;
}

static double bounced_share(const struct sender *s, int64_t now_us)
{
    double bounced = decayed_at(&s->day, now_us, day_half_life_us);
    double accepted = decayed_at(&s->accepted, now_us, day_half_life_us);

    return bounced <= 0 ? 0 : bounced / (accepted > bounced ? accepted : bounced);
}

static bool is_amplified(const struct sender *s)
{
    return s->amplified > s->failed / 2;
}

/* -1: not worth a word. Once raised, what follows belongs to it. */
static int severity_of(const struct sender *s, int64_t now_us)
{
    double share = bounced_share(s, now_us);
    double hour = decayed_at(&s->hour, now_us, hour_half_life_us);

    if (share >= share_min &&
        (hour >= CRITICAL_PER_HOUR || (hour >= HIGH_PER_HOUR && is_amplified(s))))
        return SEVERITY_CRITICAL;
    if (share >= share_min && hour >= HIGH_PER_HOUR)
        return SEVERITY_HIGH;
    if (s->raised ||
        (share >= share_clear && (hour >= EARLY_PER_HOUR - 1 || s->day.value >= MEDIUM_PER_DAY)))
        return SEVERITY_MEDIUM;
    return -1;
}

static void report(struct reverse_ndr *d, struct sender *s, const struct campaign *clients,
                   const struct event *ev, const struct context *cx)
{
    int severity = severity_of(s, ev->time_us);
    struct alert_related members[CAMPAIGN_EARLY_MEMBERS + 1];
    unsigned n = campaign_members(clients, &cx->client, members);
    uint32_t total = (uint32_t)distinct_count(&clients->members);
    struct alert_counter counters[] = {
        {"bounces", s->failed},
        {"delay_warnings", s->delayed},
        {"amplified", s->amplified},
        {"clients", total},
        {"bounced_percent", (uint64_t)(100 * bounced_share(s, ev->time_us))}};

    if (severity < 0)
        return;
    s->raised = true;
    incident_report(
        d->env.incidents,
        &(struct finding){
            .rule = RULE_REVERSE_NDR,
            .severity = (enum severity)severity,
            .entity_type = ENTITY_ADDRESS,
            .entity = cx->sender,
            .first_us = s->first_us,
            .time_us = ev->time_us,
            .observed = (double)s->failed + s->delayed,
            .threshold = severity == SEVERITY_MEDIUM ? EARLY_PER_HOUR : HIGH_PER_HOUR,
            .unit = "bounces to one victim",
            .confidence = 90,
            .reason = SLICE_LIT("mail under this sender goes to recipients that fail here, so "
                                "that our bounces hit the owner of the address"),
            .how = is_amplified(s) ? SLICE_LIT("several bounces a message") : SLICE_NONE,
            .counters = counters,
            .counters_count = sizeof counters / sizeof counters[0],
            .related = members,
            .related_count = n,
            .related_total = total,
            .ev = ev});
}

static void warm(const void *state, const struct event *ev, const struct context *cx)
{
    const struct reverse_ndr *d = state;

    if (is_accepted(ev, cx))
        table_warm(d->senders, cx->sender_hash);
}

static void on_event(void *state, const struct event *ev, const struct context *cx)
{
    struct reverse_ndr *d = state;
    enum own_bounce what = own_bounce_of(ev, cx);
    struct sender *s;

    if (is_accepted(ev, cx)) {
        s = table_get(d->senders, cx->sender_hash, ev->time_us, NULL);
        decayed_add(&s->accepted, ev->time_us, day_half_life_us, 1);
    }
    if (what == OWN_BOUNCE_NONE || what == OWN_BOUNCE_RELAYED || what == OWN_BOUNCE_UNATTRIBUTED)
        return;
    s = count_bounce(d, what, ev, cx);
    report(d, s,
           campaigns_add(d->clients, cx->sender_hash, cx->client_hash, &cx->client, ev->time_us),
           ev, cx);
}

static uint64_t evictions(const void *state)
{
    const struct reverse_ndr *d = state;
    return table_evictions(d->senders) + campaigns_evictions(d->clients);
}

static size_t bytes(const void *state)
{
    const struct reverse_ndr *d = state;
    return table_bytes(d->senders) + campaigns_bytes(d->clients) + sizeof *d;
}

static void persist(void *state, struct state_io *io)
{
    struct reverse_ndr *d = state;

    table_persist(d->senders, io);
    campaigns_persist(d->clients, io);
}

const struct detector detector_reverse_ndr = {
    .name = "reverse_ndr",
    .summary = "bounces of this server aimed at one victim",
    .reference = "D5; RFC 5321 6.1, 6.2",
    .kinds = KIND(DSN) | KIND(QUEUED),
    .memory_parts = 2,
    .create = create,
    .on_event = on_event,
    .warm = warm,
    .evictions = evictions,
    .bytes = bytes,
    .destroy = destroy,
    .persist = persist,
};
