/* detector_fixture.h - run one detector on events and contexts made by hand, and keep the alerts it
 * causes */
#ifndef TESTS_DETECTOR_FIXTURE_H
#define TESTS_DETECTOR_FIXTURE_H

#include <stdlib.h>

#include "alert/incident.h"
#include "detect/detector.h"
#include "test.h"

#define SECONDS(s) ((int64_t)((s)*1e6))
#define MINUTES(m) SECONDS((m)*60.0)
#define HOURS(h)   SECONDS((h)*3600.0)

enum { FIXTURE_ALERTS = 64 };
static const int64_t fixture_day_us = (int64_t)20514 * 86400 * 1000000; /* midnight, UTC */

struct fixture_alert {
    enum rule rule;
    enum severity severity;
    enum entity_type entity_type;
    char entity[ALERT_ENTITY_MAX];
    int64_t raised_us; /* first told */
    int64_t first_us;
    double observed;
    char reason[ALERT_TEXT_MAX], how[64];
    struct alert_counter counters[ALERT_COUNTERS_MAX];
    unsigned counters_count;
    char related[1024]; /* the values, each followed by a blank */
    uint32_t related_total;
};

struct fixture {
    const struct detector *detector;
    void *state;
    struct detect_env env;
    struct fixture_alert alert[FIXTURE_ALERTS];
    unsigned alerts;
    int64_t now_us, next_tick_us;
    char text[2][160];
};

static inline struct fixture_alert *fixture_find(struct fixture *f, enum rule rule,
                                                 const char *entity)
{
    for (unsigned i = 0; i < f->alerts; i++)
        if (f->alert[i].rule == rule && (entity == NULL || strcmp(f->alert[i].entity, entity) == 0))
            return &f->alert[i];
    return NULL;
}

/* A counter of an alert by name; -1 when it has none. */
static inline int64_t fixture_counter(const struct fixture_alert *a, const char *name)
{
    for (unsigned i = 0; a != NULL && i < a->counters_count; i++)
        if (strcmp(a->counters[i].name, name) == 0)
            return (int64_t)a->counters[i].value;
    return -1;
}

static inline void fixture_take(void *arg, const struct alert *a)
{
    struct fixture *f = arg;
    struct fixture_alert *to = fixture_find(f, a->rule, a->entity);

    if (to == NULL && f->alerts == FIXTURE_ALERTS)
        return;
    if (to == NULL) {
        to = &f->alert[f->alerts++];
        to->raised_us = a->raised_us;
    }
    to->rule = a->rule;
    to->severity = a->severity;
    to->entity_type = a->entity_type;
    to->first_us = a->first_us;
    to->observed = a->observed;
    to->related_total = a->related_total;
    slice_keep(slice_of(a->entity), to->entity, sizeof to->entity);
    memcpy(to->counters, a->counters, sizeof to->counters);
    to->counters_count = a->counters_count;
    slice_keep(slice_of(a->reason), to->reason, sizeof to->reason);
    slice_keep(slice_of(a->how), to->how, sizeof to->how);
    to->related[0] = '\0';
    for (unsigned i = 0; i < a->related_count && strlen(to->related) < sizeof to->related - 80;
         i++) {
        strcat(to->related, a->related[i].value);
        strcat(to->related, " ");
    }
}

static inline const char *fixture_source(void *arg, uint32_t source)
{
    (void)arg;
    (void)source;
    return "test";
}

static inline const char *fixture_mta(void *arg)
{
    (void)arg;
    return "postfix";
}

static inline const struct detector *fixture_detector(const char *name)
{
    for (unsigned i = 0; i < detectors_count(); i++)
        if (strcmp(detector_at(i)->name, name) == 0)
            return detector_at(i);
    return NULL;
}

static inline void fixture_begin(struct fixture *f, const char *detector, size_t memory_bytes)
{
    struct incident_config incidents = {.key = {1, 2},
                                        .capacity = 256,
                                        .tenant = "default",
                                        .emit = fixture_take,
                                        .emit_arg = f,
                                        .source_name = fixture_source,
                                        .mta_name = fixture_mta};
    struct zones *zones;

    memset(f, 0, sizeof *f);
    f->env.key = incidents.key;
    zones = zones_new(&f->env.key);
    zones_add_domain(zones, SLICE_LIT("example.org"), DOMAIN_LOCAL);
    f->env.zones = zones;
    f->env.incidents = incidents_new(&incidents);
    f->env.board = relay_board_new();
    f->env.messages = message_table_new(4096);
    f->env.memory_bytes = memory_bytes;
    f->detector = fixture_detector(detector);
    f->state = f->detector->create(&f->env);
    f->next_tick_us = fixture_day_us;
}

static inline void fixture_end(struct fixture *f)
{
    union {
        const struct zones *in;
        struct zones *out;
    } zones = {.in = f->env.zones};

    f->detector->destroy(f->state);
    incidents_free(f->env.incidents);
    relay_board_free(f->env.board);
    message_table_free(f->env.messages);
    zones_free(zones.out);
}

/* Tell all final counts. */
static inline void fixture_flush(struct fixture *f)
{
    incidents_flush(f->env.incidents);
}

static inline struct event fixture_event(enum event_kind kind, int64_t time_us)
{
    struct event ev = {.kind = kind, .time_us = time_us, .repeat = 1};

    event_set(&ev, EF_HOST, SLICE_LIT("mx1"));
    return ev;
}

static inline uint64_t fixture_hash(const struct fixture *f, slice text)
{
    return siphash13_lower(&f->env.key, text) | 1;
}

static inline struct ip_addr fixture_ip(unsigned a, unsigned b, unsigned c, unsigned d)
{
    return (struct ip_addr){.family = 4, .lo = (uint64_t)a << 24 | b << 16 | c << 8 | d};
}

static inline struct context fixture_context(const struct fixture *f, struct address *rcpt)
{
    return (struct context){.zones = f->env.zones, .key = &f->env.key, .rcpt = rcpt};
}

/* A client outside, not authenticated. */
static inline void fixture_outside(const struct fixture *f, struct context *cx,
                                   struct ip_addr client)
{
    cx->outside = true;
    cx->client_zone = CLIENT_OUTSIDE;
    cx->client = client;
    cx->client_hash = correlate_principal(&f->env.key, &client);
}

static inline void fixture_sender(const struct fixture *f, struct context *cx, slice sender)
{
    cx->sender = sender;
    cx->null_sender = sender.len == 0;
    cx->sender_hash = sender.len == 0 ? 0 : fixture_hash(f, sender);
    cx->sender_zone = zones_domain(f->env.zones, address_domain(sender));
}

static inline void fixture_rcpt(const struct fixture *f, struct context *cx, slice rcpt)
{
    enum domain_zone zone;

    address_parse(rcpt, cx->rcpt);
    zone = zones_domain(f->env.zones, cx->rcpt->domain);
    cx->rcpt_domain = cx->rcpt->domain;
    cx->rcpt_hash = fixture_hash(f, rcpt);
    cx->rcpt_class = zone == DOMAIN_LOCAL ? RCPT_OURS : RCPT_THIRD_PARTY;
}

static inline void fixture_feed(struct fixture *f, const struct event *ev, const struct context *cx)
{
    for (; f->next_tick_us <= ev->time_us; f->next_tick_us += MINUTES(1)) {
        if (f->detector->on_time != NULL)
            f->detector->on_time(f->state, f->next_tick_us);
        incidents_tick(f->env.incidents, f->next_tick_us);
    }
    if (f->detector->kinds >> ev->kind & 1)
        f->detector->on_event(f->state, ev, cx);
}

#endif
