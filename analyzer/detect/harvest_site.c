/* harvest_site.c - D7 for the site: unknown names per minute, and who brought them
 * algorithm: two Poisson CUSUMs, h = 12. One counts clients' second and further unknown names in a
 *            row: rare among honest senders, so it names culprits. The other counts all of them
 *            and sees a botnet of one try each, but also honest mistakes and replies to forged
 *            mail, so it is worth "low". The floor of each follows the mail that does arrive, so a
 *            busy site needs no time to learn.
 * source:    Lucas (1985); Javed and Paxson (2013)
 * limits:    see crowd.c for who is named */
#include "detect/harvest_site.h"

#include <math.h>
#include <stdlib.h>

#include "base/cusum.h"
#include "base/decay.h"
#include "base/pair_filter.h"
#include "base/panic.h"
#include "base/state.h"
#include "detect/crowd.h"

#define HOURS_US(h) ((int64_t)(h)*3600 * 1000000)

enum {
    CLIENTS_MIN = 10, /* fewer are each judged on their own */
    NETWORKS_MIN = 5, /* fewer are judged as a network */
    NAMES_MIN = 20
};
static const double alarm_height = 12;
static const double level_max = 24; /* else a strong attack would be remembered for days */
static const double known_half_life_us = 20 * 60e6; /* follows the morning rise */
static const double minute_us = 60e6;
static const double floor_per_min = 0.02;
static const double floor_rise_max = 1.5;

/* Upper bounds of what honest senders do, as a share of the recipients that exist. */
static const double repeated_share = 0.015, single_share = 0.10;

/* One of the two series, and those who take part in it since S left 0. */
struct tide {
    struct poisson_cusum series;
    double share;
    enum severity severity;
    uint32_t accepted;
    struct crowd crowd; /* its events are names */
    char domain[128];
};

struct harvest_site {
    struct incidents *incidents;
    struct pair_filter *names; /* each name once a day */
    struct tide repeated, single;
    struct decayed known;
    int64_t known_since_us;
};

static void tide_init(struct tide *t, double share, enum severity severity)
{
    t->share = share;
    t->severity = severity;
    poisson_cusum_init(&t->series, alarm_height, floor_per_min);
}

struct harvest_site *harvest_site_new(struct incidents *incidents, size_t memory_bytes)
{
    struct harvest_site *s = panic_calloc(1, sizeof *s);

    s->incidents = incidents;
    s->names = pair_filter_new(memory_bytes, HOURS_US(24));
    tide_init(&s->repeated, repeated_share, SEVERITY_MEDIUM);
    tide_init(&s->single, single_share, SEVERITY_LOW);
    return s;
}

struct harvest_site *harvest_site_free(struct harvest_site *s)
{
    if (s != NULL)
        pair_filter_free(s->names);
    free(s);
    return NULL;
}

void harvest_site_known(struct harvest_site *s, int64_t time_us)
{
    if (s->known.value == 0)
        s->known_since_us = time_us;
    decayed_add(&s->known, time_us, known_half_life_us, 1);
}

/* Recipients a minute, also while the decayed count has not filled up yet. */
static double known_per_min(const struct harvest_site *s, int64_t now_us)
{
    double tau_us = known_half_life_us / log(2);
    double age_us = fmax((double)(now_us - s->known_since_us), minute_us);
    double weight_min = tau_us * (1 - exp(-age_us / tau_us)) / minute_us;

    return decayed_at(&s->known, now_us, known_half_life_us) / weight_min;
}

static void begin_excursion(struct tide *t, const struct event *ev, const struct context *cx)
{
    t->accepted = 0;
    crowd_begin(&t->crowd, ev->time_us);
    slice_keep(cx->rcpt_domain, t->domain, sizeof t->domain);
}

static bool is_due(const struct tide *t)
{
    return poisson_cusum_level(&t->series) >= alarm_height && t->crowd.events >= NAMES_MIN &&
           distinct_count(&t->crowd.clients) >= CLIENTS_MIN &&
           distinct_count(&t->crowd.networks) >= NETWORKS_MIN;
}

/* Mail that is accepted and bounced later tells who sent it little. */
static enum severity severity_of(const struct tide *t)
{
    return 2 * t->accepted > t->crowd.events ? SEVERITY_LOW : t->severity;
}

static void report(struct harvest_site *s, struct tide *t, const struct event *ev,
                   const struct context *cx)
{
    struct alert_related related[CROWD_MEMBERS + 1];
    unsigned n = crowd_related(&t->crowd, cx, related);
    uint64_t clients = (uint64_t)distinct_count(&t->crowd.clients);
    enum severity severity = severity_of(t);
    struct alert_counter counters[] = {{"unknown_recipients", t->crowd.events},
                                       {"clients", clients},
                                       {"networks", (uint64_t)distinct_count(&t->crowd.networks)},
                                       {"accepted_then_bounced", t->accepted}};

    t->crowd.told = true;
    incident_report(
        s->incidents,
        &(struct finding){.rule = RULE_HARVEST,
                          .severity = severity,
                          .entity_type = ENTITY_DOMAIN,
                          .entity = t->domain[0] ? slice_of(t->domain) : SLICE_LIT("local"),
                          .first_us = t->crowd.first_us,
                          .time_us = ev->time_us,
                          .observed = t->crowd.events,
                          .threshold = NAMES_MIN,
                          .unit = "unknown recipients",
                          .confidence = severity == SEVERITY_LOW ? 50 : 80,
                          .reason = SLICE_LIT("many clients try names that do not exist here, each "
                                              "only a few"),
                          .counters = counters,
                          .counters_count = sizeof counters / sizeof counters[0],
                          .related = related,
                          .related_count = n,
                          .related_total = (uint32_t)clients,
                          .ev = ev});
}

/* What was summed up under a much lower rate than the present one says nothing: start over. */
static void follow_traffic(struct tide *t, double known)
{
    double floor = fmax(floor_per_min, t->share * known);

    if (floor > floor_rise_max * t->series.baseline_per_min)
        poisson_cusum_init(&t->series, alarm_height, floor);
    t->series.floor_per_min = floor;
}

static void tide_add(struct harvest_site *s, struct tide *t, const struct event *ev,
                     const struct context *cx, unsigned names, bool accepted)
{
    follow_traffic(t, known_per_min(s, ev->time_us));
    poisson_cusum_advance(&t->series, ev->time_us);
    if (t->series.s == 0 && t->series.bin_count == 0)
        begin_excursion(t, ev, cx);
    t->accepted += accepted ? names : 0;
    crowd_add(&t->crowd, cx, names, ev->time_us);
    if (poisson_cusum_level(&t->series) < level_max)
        poisson_cusum_add(&t->series, ev->time_us, names);
    if (is_due(t))
        report(s, t, ev, cx);
}

void harvest_site_unknown(struct harvest_site *s, const struct event *ev, const struct context *cx,
                          const struct harvest_try *try)
{
    if (!pair_filter_first(s->names, try->name, ev->time_us))
        return;
    tide_add(s, &s->single, ev, cx, 1, try->accepted);
    if (try->run >= 2) /* the second makes the first count as well */
        tide_add(s, &s->repeated, ev, cx, try->run == 2 ? 2 : 1, try->accepted);
}

bool harvest_site_covers(struct harvest_site *s, int64_t time_us, unsigned spread)
{
    return crowd_covers(&s->repeated.crowd, time_us, spread);
}

size_t harvest_site_bytes(const struct harvest_site *s)
{
    return sizeof *s + pair_filter_bytes(s->names);
}

void harvest_site_persist(struct harvest_site *s, struct state_io *io)
{
    static const struct state_hole holes[] = {STATE_HOLE(struct harvest_site, incidents),
                                              STATE_HOLE(struct harvest_site, names)};

    state_struct(io, "harvest site", s, sizeof *s, STATE_HOLES(holes));
    pair_filter_persist(s->names, io);
}
