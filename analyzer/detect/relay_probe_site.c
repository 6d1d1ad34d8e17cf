/* relay_probe_site.c - D1 for the site: networks that probe per minute, and who took part
 * algorithm: Poisson CUSUM on distinct /24s and /48s a minute, h = 12; a campaign needs twenty
 *            networks and ten target domains of which none has half of the refusals: one target is
 *            rather a domain that was ours
 * source:    the design's D1, site level; Page (1954)
 * limits:    one series for all hosts of the log; see crowd.c for who is named */
#include "detect/relay_probe_site.h"

#include <math.h>
#include <stdlib.h>

#include "base/cusum.h"
#include "base/panic.h"
#include "base/state.h"
#include "detect/crowd.h"
#include "detect/top_few.h"

enum { NETWORKS_MIN = 20, DOMAINS_MIN = 10, HOST_MAX = 128 };
static const double alarm_height = 12, first_baseline_per_min = 0.05;
static const double level_max = 24; /* else a strong attack would be remembered for days */
static const int64_t minute_us = INT64_C(60) * 1000000;

struct relay_probe_site {
    struct incidents *incidents;
    struct poisson_cusum series;
    int64_t minute_us; /* networks of this minute so far */
    struct distinct minute_networks;
    struct crowd crowd;
    struct distinct domains;
    struct top_few targets;
    char host[HOST_MAX];
};

struct relay_probe_site *relay_probe_site_new(struct incidents *incidents)
{
    struct relay_probe_site *s = panic_calloc(1, sizeof *s);

    s->incidents = incidents;
    poisson_cusum_init(&s->series, alarm_height, first_baseline_per_min);
    return s;
}

struct relay_probe_site *relay_probe_site_free(struct relay_probe_site *s)
{
    free(s);
    return NULL;
}

static void begin(struct relay_probe_site *s, const struct event *ev)
{
    crowd_begin(&s->crowd, ev->time_us);
    distinct_reset(&s->domains);
    memset(&s->targets, 0, sizeof s->targets);
    slice_keep(event_field(ev, EF_HOST), s->host, sizeof s->host);
}

static void feed_series(struct relay_probe_site *s, const struct event *ev,
                        const struct context *cx)
{
    struct ip_net net = ip_net_of(&cx->client, 24, 48);
    uint64_t words[2] = {net.base.hi, net.base.lo};
    int64_t minute = ev->time_us - ev->time_us % minute_us;

    if (minute != s->minute_us)
        distinct_reset(&s->minute_networks);
    s->minute_us = minute;
    if (!distinct_add(&s->minute_networks, siphash13(cx->key, words, sizeof words)))
        return;
    if (poisson_cusum_level(&s->series) < level_max)
        poisson_cusum_add(&s->series, ev->time_us, 1);
}

static bool has_one_target(const struct relay_probe_site *s)
{
    const struct top_few_row *best = top_few_best(&s->targets);
    return best != NULL && 2 * top_few_certain(best) >= s->targets.total;
}

static bool is_campaign(const struct relay_probe_site *s)
{
    return poisson_cusum_level(&s->series) >= alarm_height &&
           distinct_count(&s->crowd.networks) >= NETWORKS_MIN &&
           distinct_count(&s->domains) >= DOMAINS_MIN && !has_one_target(s);
}

static void report(struct relay_probe_site *s, const struct event *ev, const struct context *cx)
{
    struct alert_related related[CROWD_MEMBERS + 1];
    unsigned n = crowd_related(&s->crowd, cx, related);
    uint64_t clients = (uint64_t)distinct_count(&s->crowd.clients);
    uint64_t networks = (uint64_t)distinct_count(&s->crowd.networks);
    struct alert_counter counters[] = {
        {"refused", s->crowd.events},
        {"clients", clients},
        {"networks", networks},
        {"recipient_domains", (uint64_t)distinct_count(&s->domains)}};

    s->crowd.told = true;
    incident_report(
        s->incidents,
        &(struct finding){.rule = RULE_RELAY_PROBE,
                          .severity = SEVERITY_MEDIUM,
                          .entity_type = ENTITY_HOST,
                          .entity = s->host[0] != '\0' ? slice_of(s->host) : SLICE_LIT("server"),
                          .first_us = s->crowd.first_us,
                          .time_us = ev->time_us,
                          .observed = (double)networks,
                          .threshold = NETWORKS_MIN,
                          .unit = "probing networks",
                          .confidence = 80,
                          .reason = SLICE_LIT("clients of many networks try to relay to many "
                                              "domains, each a little"),
                          .counters = counters,
                          .counters_count = sizeof counters / sizeof counters[0],
                          .related = related,
                          .related_count = n,
                          .related_total = (uint32_t)clients,
                          .ev = ev});
}

void relay_probe_site_add(struct relay_probe_site *s, const struct event *ev,
                          const struct context *cx)
{
    uint64_t domain = siphash13_lower(cx->key, cx->rcpt_domain);

    poisson_cusum_advance(&s->series, ev->time_us);
    if (s->crowd.first_us == 0 || (s->series.s <= 0 && s->series.bin_count <= 0))
        begin(s, ev);
    feed_series(s, ev, cx);
    crowd_add(&s->crowd, cx, ev->repeat, ev->time_us);
    distinct_add(&s->domains, domain);
    top_few_add(&s->targets, domain, cx->rcpt_domain);
    if (is_campaign(s))
        report(s, ev, cx);
}

bool relay_probe_site_covers(struct relay_probe_site *s, int64_t time_us, unsigned spread)
{
    return crowd_covers(&s->crowd, time_us, spread);
}

size_t relay_probe_site_bytes(const struct relay_probe_site *s)
{
    return sizeof *s;
}

void relay_probe_site_persist(struct relay_probe_site *s, struct state_io *io)
{
    static const struct state_hole holes[] = {STATE_HOLE(struct relay_probe_site, incidents)};

    state_struct(io, "relay probe site", s, sizeof *s, STATE_HOLES(holes));
}
