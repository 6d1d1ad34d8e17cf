/* queue_ndr.c - D9: the queue fills with bounces that nobody accepts
 * algorithm: per host, the set of messages that wait in the queue and, of these, the notifications
 *            to foreign domains; their share and number decide. A Poisson CUSUM on notifications
 *            that begin to wait tells growth at sites where a hundred would take days, or where
 *            bounces are soon given up
 * source:    Postfix QSHAPE_README (78 % of a deferred queue from MAILER-DAEMON is a dictionary
 *            attack's trace); RFC 7505
 * limits:    at the start of a log the queue is unknown until its messages are tried again;
 *            greylisting does not count; when no remote host at all answers it is our own network,
 *            and only a low note is made */
#include "detect/detector.h"

#include <stdlib.h>

#include "base/cusum.h"
#include "base/decay.h"
#include "base/panic.h"
#include "base/state.h"
#include "base/table.h"
#include "detect/capacity.h"
#include "detect/own_hosts.h"
#include "detect/top_few.h"

#define MINUTES_US(m) ((int64_t)(m)*60 * 1000000)
#define HOURS_US(h)   ((int64_t)(h)*3600 * 1000000)

enum {
    NOTE_MIN = 20, /* waiting bounces worth a low note; with the CUSUM, a medium alert */
    SMALL_SITE_MIN = 50,
    MANY_MIN = 100,
    VERY_MANY_MIN = 1000,
    OUTAGE_DOMAINS = 3,
    RELATED_DOMAINS = 8
};
static const double share_min = 0.5, share_high = 0.75;
static const double alarm_height = 12, first_baseline_per_min = 0.02;
static const double contact_half_life_us = 2 * 3600e6;
/* With this half-life (ln 2 of a day) a steady stream of n a day reads n. */
static const double day_half_life_us = 24 * 3600e6 * 0.69314718;

/* A message in the queue that has been deferred. */
struct waiting {
    int64_t first_us;
    uint8_t host; /* number of the own host */
    bool bounce;  /* a notification to a foreign domain */
};

struct host {
    uint32_t waiting, bounces;           /* messages in the queue now, and the bounces among them */
    struct decayed all_day, bounces_day; /* that began to wait */
    struct poisson_cusum growth;
    struct decayed contacts; /* remote hosts that answered, with whatever */
    struct top_few domains;
    int64_t first_us;
    uint32_t total, refused, expired; /* bounces, since first_us */
    bool aged;                        /* half of the bounces have waited for half a day */
};

struct queue_ndr {
    struct detect_env env;
    struct own_hosts hosts;
    struct host host[OWN_HOSTS_MAX];
    struct table *waiting;
    int64_t next_scan_us;
};

static void forget(struct queue_ndr *d, const struct waiting *w)
{
    struct host *h = &d->host[w->host];

    h->waiting -= h->waiting > 0;
    h->bounces -= w->bounce && h->bounces > 0;
}

static void on_evict(void *arg, void *entry)
{
    forget(arg, entry);
}

/* Ordinary messages go first: the bounces are what is counted. */
static float keep_score(const void *entry, int64_t now_us)
{
    const struct waiting *w = entry;
    return (w->bounce ? 100.0F : 0) - (float)((double)(now_us - w->first_us) / 86400e6);
}

static void *create(const struct detect_env *env)
{
    struct queue_ndr *d = panic_calloc(1, sizeof *d);
    size_t rest = env->memory_bytes > 2 * sizeof *d ? env->memory_bytes - sizeof *d : sizeof *d;
    struct table_spec spec = {.name = "waiting messages",
                              .capacity = capacity_of(rest, sizeof(struct waiting)),
                              .entry_size = sizeof(struct waiting),
                              .score = keep_score,
                              .evict = on_evict,
                              .evict_arg = d};

    d->env = *env;
    d->waiting = table_new(&spec);
    for (unsigned i = 0; i < OWN_HOSTS_MAX; i++)
        poisson_cusum_init(&d->host[i].growth, alarm_height, first_baseline_per_min);
    return d;
}

static void destroy(void *state)
{
    struct queue_ndr *d = state;

    table_free(d->waiting);
    free(d);
}

/* ---- the queue ---- */

static bool is_bounce(const struct context *cx)
{
    return (cx->message->flags & (MESSAGE_NULL_SENDER | MESSAGE_IS_DSN)) != 0 &&
           (cx->rcpt_class == RCPT_THIRD_PARTY || cx->rcpt_class == RCPT_TRICK);
}

static void begin_if_quiet(struct host *h, int64_t now_us)
{
    if (h->first_us != 0 &&
        (h->bounces > 0 || decayed_at(&h->bounces_day, now_us, day_half_life_us) >= 1))
        return;
    h->first_us = now_us;
    h->total = h->refused = h->expired = 0;
    memset(&h->domains, 0, sizeof h->domains);
}

/* A bounce began to wait, or was given up without a wait. */
static void count_bounce(struct host *h, const struct event *ev, const struct context *cx)
{
    begin_if_quiet(h, ev->time_us);
    h->total++;
    top_few_add(&h->domains, siphash13_lower(cx->key, cx->rcpt_domain), cx->rcpt_domain);
    decayed_add(&h->bounces_day, ev->time_us, day_half_life_us, 1);
    poisson_cusum_add(&h->growth, ev->time_us, 1);
    h->growth.s = fmin(h->growth.s, 3 * alarm_height);
}

/* result    a bounce was counted that was not known before */
static bool note_waiting(struct queue_ndr *d, unsigned slot, const struct event *ev,
                         const struct context *cx)
{
    struct host *h = &d->host[slot];
    bool created, bounce = is_bounce(cx);
    struct waiting *w =
        table_get(d->waiting, message_table_key(cx->message), ev->time_us, &created);

    if (!created)
        return false;
    *w = (struct waiting){.first_us = ev->time_us, .host = (uint8_t)slot, .bounce = bounce};
    decayed_add(&h->all_day, ev->time_us, day_half_life_us, 1);
    if (bounce)
        count_bounce(h, ev, cx); /* before it is in: the first of a run begins it */
    h->waiting++;
    h->bounces += bounce;
    return bounce;
}

static bool note_given_up(struct queue_ndr *d, struct host *h, const struct event *ev,
                          const struct context *cx)
{
    if (!is_bounce(cx))
        return false;
    h->refused += ev->outcome == OUTCOME_BOUNCED;
    h->expired += ev->outcome == OUTCOME_EXPIRED;
    if (ev->outcome != OUTCOME_EXPIRED ||
        table_find(d->waiting, message_table_key(cx->message)) != NULL)
        return false;
    decayed_add(&h->all_day, ev->time_us, day_half_life_us, 1);
    count_bounce(h, ev, cx);
    return true;
}

static void note_done(struct queue_ndr *d, const struct context *cx)
{
    struct waiting *w =
        cx->message == NULL ? NULL : table_find(d->waiting, message_table_key(cx->message));

    if (w == NULL)
        return;
    forget(d, w);
    table_remove(d->waiting, w);
}

static void note_contact(struct host *h, const struct event *ev)
{
    bool answered =
        ev->outcome == OUTCOME_DELIVERED || ev->reply_code != 0 || ev->remote.family != 0;

    if (ev->route == ROUTE_REMOTE && answered)
        decayed_add(&h->contacts, ev->time_us, contact_half_life_us, 1);
}

/* ---- judgement ---- */

static double share_waiting(const struct host *h)
{
    return h->waiting == 0 ? 0 : (double)h->bounces / h->waiting;
}

static double share_flow(const struct host *h, int64_t now_us)
{
    double all = decayed_at(&h->all_day, now_us, day_half_life_us);
    return all <= 0 ? 0 : decayed_at(&h->bounces_day, now_us, day_half_life_us) / all;
}

/* Several domains cannot be reached, and nobody else has answered for hours: our own line is down.
 */
static bool is_our_outage(const struct host *h, int64_t now_us)
{
    return h->domains.used >= OUTAGE_DOMAINS &&
           decayed_at(&h->contacts, now_us, contact_half_life_us) < 0.5;
}

/* -1: nothing to say. */
static int severity_of(const struct host *h, int64_t now_us)
{
    double share = share_waiting(h);
    bool growing = poisson_cusum_level(&h->growth) >= alarm_height &&
                   decayed_at(&h->bounces_day, now_us, day_half_life_us) >= NOTE_MIN - 1 &&
                   share_flow(h, now_us) >= share_min;

    if (!growing && (h->bounces < NOTE_MIN || share < share_min))
        return -1;
    if (is_our_outage(h, now_us))
        return SEVERITY_LOW;
    if (h->bounces >= MANY_MIN && share >= share_min &&
        (share >= share_high || h->bounces >= VERY_MANY_MIN || h->aged))
        return SEVERITY_HIGH;
    if (growing || h->bounces >= MANY_MIN || (h->bounces >= SMALL_SITE_MIN && share >= share_high))
        return SEVERITY_MEDIUM;
    return SEVERITY_LOW;
}

static slice reason_of(const struct host *h, int64_t now_us)
{
    if (is_our_outage(h, now_us))
        return SLICE_LIT("bounces wait in the queue, but no remote host has answered at all: check "
                         "our own network");
    if (h->bounces < NOTE_MIN)
        return SLICE_LIT(
            "bounces to foreign domains are deferred one after the other and given up");
    return SLICE_LIT("most of the messages that wait in the queue are bounces that nobody accepts");
}

static void report(struct queue_ndr *d, unsigned slot, int severity, const struct event *ev)
{
    struct host *h = &d->host[slot];
    char name[ALERT_ENTITY_MAX];
    struct alert_related related[RELATED_DOMAINS];
    uint32_t min = h->domains.total / 20 > 1 ? h->domains.total / 20 : 1;
    struct alert_counter counters[] = {{"bounces_waiting", h->bounces},
                                       {"messages_waiting", h->waiting},
                                       {"bounce_percent", (uint64_t)(100 * share_waiting(h))},
                                       {"bounces_deferred", h->total},
                                       {"bounces_expired", h->expired},
                                       {"bounces_refused", h->refused}};

    incident_report(d->env.incidents,
                    &(struct finding){
                        .rule = RULE_QUEUE_NDR,
                        .severity = (enum severity)severity,
                        .entity_type = ENTITY_HOST,
                        .entity = own_hosts_entity(&d->hosts, slot, d->env.zones, name),
                        .first_us = h->first_us,
                        .time_us = ev->time_us,
                        .observed = h->total,
                        .threshold = NOTE_MIN,
                        .unit = "undeliverable bounces",
                        .confidence = severity > SEVERITY_LOW ? 85 : 50,
                        .reason = reason_of(h, ev->time_us),
                        .how = h->aged ? SLICE_LIT("waiting for more than half a day") : SLICE_NONE,
                        .counters = counters,
                        .counters_count = sizeof counters / sizeof counters[0],
                        .related = related,
                        .related_count = top_few_related(&h->domains, ENTITY_DOMAIN, min, related,
                                                         RELATED_DOMAINS),
                        .ev = ev});
}

static void on_delivery(struct queue_ndr *d, unsigned slot, const struct event *ev,
                        const struct context *cx)
{
    struct host *h = &d->host[slot];
    bool counted = false;
    int severity;

    note_contact(h, ev);
    if (cx->message == NULL)
        return;
    if (ev->outcome == OUTCOME_DEFERRED && cx->reason != REASON_GREYLIST)
        counted = note_waiting(d, slot, ev, cx);
    else if (ev->outcome == OUTCOME_BOUNCED || ev->outcome == OUTCOME_EXPIRED)
        counted = note_given_up(d, h, ev, cx);
    severity = counted ? severity_of(h, ev->time_us) : -1;
    if (severity >= 0)
        report(d, slot, severity, ev);
}

static void on_event(void *state, const struct event *ev, const struct context *cx)
{
    struct queue_ndr *d = state;

    if (ev->kind == EVENT_DONE)
        note_done(d, cx);
    else
        on_delivery(d, own_hosts_slot(&d->hosts, ev), ev, cx);
}

/* Once an hour: a message not tried for two days left the queue unseen; and how old are the
 * bounces? */
static void on_time(void *state, int64_t now_us)
{
    struct queue_ndr *d = state;
    uint32_t old[OWN_HOSTS_MAX] = {0}, cursor = 0;

    if (now_us < d->next_scan_us)
        return;
    d->next_scan_us = now_us + HOURS_US(1);
    for (struct waiting *w; (w = table_next(d->waiting, &cursor)) != NULL;) {
        if (now_us - table_last_us(w) > HOURS_US(48)) {
            forget(d, w);
            table_remove(d->waiting, w);
        } else {
            old[w->host] += w->bounce && now_us - w->first_us >= HOURS_US(12);
        }
    }
    for (unsigned i = 0; i < d->hosts.count; i++)
        d->host[i].aged = old[i] > 0 && 2 * old[i] >= d->host[i].bounces;
}

static uint64_t evictions(const void *state)
{
    const struct queue_ndr *d = state;
    return table_evictions(d->waiting);
}

static size_t bytes(const void *state)
{
    const struct queue_ndr *d = state;
    return table_bytes(d->waiting) + sizeof *d;
}

static void persist(void *state, struct state_io *io)
{
    static const struct state_hole holes[] = {STATE_HOLE(struct queue_ndr, env),
                                              STATE_HOLE(struct queue_ndr, hosts.last),
                                              STATE_HOLE(struct queue_ndr, waiting)};
    struct queue_ndr *d = state;

    state_struct(io, "queue_ndr", d, sizeof *d, STATE_HOLES(holes));
    if (state_loading(io))
        own_hosts_forget_last(&d->hosts);
    table_persist(d->waiting, io);
}

const struct detector detector_queue_ndr = {
    .name = "queue_ndr",
    .summary = "the queue fills with bounces that nobody accepts",
    .reference = "D9; Postfix QSHAPE_README",
    .kinds = KIND(DELIVERY) | KIND(DONE),
    .memory_parts = 1,
    .create = create,
    .on_event = on_event,
    .on_time = on_time,
    .evictions = evictions,
    .bytes = bytes,
    .destroy = destroy,
    .persist = persist,
};
