/* sasl_folded.c - D11: so many guessing clients that their number is the news
 * algorithm: the first 64 clients in half a day have alerts of their own, or the first 16 while
 *            the whole site is told to be guessed from everywhere; the rest are members of one
 *            alert about the server, which is worth what the worst of them is: devices with an old
 *            password are many at a big site, and each is a note
 * source:    Javed and Paxson (2013): detect in aggregate, then name the participants
 * limits:    which clients are named is a matter of who comes first */
#include "detect/sasl_folded.h"

#include "detect/crowd.h"

enum { NAMED_MAX = 64, NAMED_CAMPAIGN = 16 };
static const int64_t turn_us = INT64_C(6) * 3600 * 1000000;
static const int64_t flood_turn_us = INT64_C(3600) * 1000000;

void sasl_folded_failed(struct sasl_folded *f, uint64_t client_hash, int64_t time_us)
{
    recent_set_add(&f->failing, client_hash, time_us, flood_turn_us);
}

void sasl_folded_told(struct sasl_folded *f, uint64_t client_hash, int64_t time_us)
{
    recent_set_add(&f->told, client_hash, time_us, turn_us);
}

static unsigned clients_of(const struct sasl_folded *f, int64_t time_us)
{
    return (unsigned)recent_set_count(&f->clients, time_us, turn_us);
}

static bool stands_out(const struct sasl_folded *f, const struct sasl_client *k, double told,
                       int64_t time_us)
{
    return told < CROWD_OUTSTANDING &&
           crowd_stands_out(sasl_client_spread(k),
                            recent_set_count(&f->failing, time_us, flood_turn_us));
}

static void count(struct sasl_folded *f, const struct sasl_client *k, int severity,
                  const struct event *ev, const struct context *cx)
{
    if (clients_of(f, ev->time_us) == 0) {
        f->first_us = k->first_us;
        f->failures = 0;
        f->severity = SEVERITY_INFO;
    }
    if (severity > f->severity)
        f->severity = severity;
    recent_set_add(&f->clients, cx->client_hash, ev->time_us, turn_us);
    f->failures += ev->repeat;
}

static void report(const struct sasl_folded *f, struct incidents *incidents, slice host,
                   const struct sasl_client *k, const struct event *ev)
{
    struct alert_related member = {.type = ENTITY_IP};
    char text[IP_NET_TEXT];
    unsigned clients = clients_of(f, ev->time_us);
    struct alert_counter counters[] = {{"clients", clients}, {"failed", f->failures}};

    slice_keep(correlate_principal_text(&k->ip, text), member.value, sizeof member.value);
    incident_report(
        incidents,
        &(struct finding){.rule = RULE_SASL_DISTRIBUTED,
                          .severity = (enum severity)f->severity,
                          .entity_type = ENTITY_HOST,
                          .entity = host,
                          .first_us = f->first_us,
                          .time_us = ev->time_us,
                          .observed = clients,
                          .threshold = 1,
                          .unit = "more failing clients",
                          .confidence = f->severity >= SEVERITY_MEDIUM ? 85 : 50,
                          .reason = SLICE_LIT("many more clients fail to log in again and again"),
                          .counters = counters,
                          .counters_count = sizeof counters / sizeof counters[0],
                          .related = &member,
                          .related_count = 1,
                          .related_total = clients,
                          .ev = ev});
}

bool sasl_folded_takes(struct sasl_folded *f, struct incidents *incidents,
                       const struct sasl_client *k, int severity, const struct event *ev,
                       const struct context *cx)
{
    slice host = event_has(ev, EF_HOST) ? event_field(ev, EF_HOST) : SLICE_LIT("server");
    double told = recent_set_count(&f->told, ev->time_us, turn_us);

    if (told < NAMED_CAMPAIGN || stands_out(f, k, told, ev->time_us))
        return false;
    if (clients_of(f, ev->time_us) == 0) {
        /* the detector of the whole site has them as members when it has spoken */
        if (incident_is_open(incidents, RULE_SASL_DISTRIBUTED, ENTITY_HOST, host))
            return true;
        if (told < NAMED_MAX)
            return false;
    }
    count(f, k, severity, ev, cx);
    report(f, incidents, host, k, ev);
    return true;
}
