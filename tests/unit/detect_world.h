/* detect_world.h - a small site around one detector: real zones, joins and incidents, hand-made
 * events
 *
 * Local domain example.org, relay domain partner.example, trusted 192.0.2.0/24. Queue ids are made
 * up one by one. Alerts are looked up in the incident store. */
#ifndef TESTS_DETECT_WORLD_H
#define TESTS_DETECT_WORLD_H

#include <stdlib.h>

#include "base/tally.h"
#include "detect/detector.h"
#include "test.h"

#define SECOND ((int64_t)1000000)
#define MINUTE (60 * SECOND)
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)

static const int64_t day_start = INT64_C(1772409600) * 1000000; /* 2026-03-02 00:00 UTC */

struct world {
    struct hash_key key;
    struct zones *zones;
    struct correlate *correlate;
    struct incidents *incidents;
    struct relay_board *board;
    struct tally *tally;
    const struct detector *detector;
    void *state;
    unsigned queue_ids;
    unsigned told;
};

static inline void world_tell(void *arg, const struct alert *a)
{
    struct world *w = arg;

    (void)a;
    w->told++;
}

static inline const char *world_source(void *arg, uint32_t source)
{
    (void)arg;
    (void)source;
    return "test.log";
}

static inline const char *world_mta(void *arg)
{
    (void)arg;
    return "postfix";
}

static inline const struct detector *world_detector(const char *name)
{
    for (unsigned i = 0; i < detectors_count(); i++)
        if (strcmp(detector_at(i)->name, name) == 0)
            return detector_at(i);
    return NULL;
}

/* env: its memory and what the configuration gives; the rest is made here */
static inline void world_start_env(struct world *w, const char *detector,
                                   const struct detect_env *env)
{
    struct detect_env all = *env;
    struct ip_net trusted;

    *w = (struct world){.key = {1, 2}, .detector = world_detector(detector)};
    w->zones = zones_new(&w->key);
    zones_add_domain(w->zones, SLICE_LIT("example.org"), DOMAIN_LOCAL);
    zones_add_domain(w->zones, SLICE_LIT("partner.example"), DOMAIN_RELAY);
    if (ip_net_parse(SLICE_LIT("192.0.2.0/24"), &trusted))
        zones_add_network(w->zones, &trusted, CLIENT_TRUSTED);
    w->correlate = correlate_new(&(struct correlate_config){
        .key = w->key, .zones = w->zones, .messages = 4096, .sessions = 1024});
    w->incidents = incidents_new(&(struct incident_config){.key = w->key,
                                                           .capacity = 4096,
                                                           .tenant = "default",
                                                           .emit = world_tell,
                                                           .emit_arg = w,
                                                           .source_name = world_source,
                                                           .mta_name = world_mta});
    w->board = relay_board_new();
    all.key = w->key;
    all.incidents = w->incidents;
    all.board = w->board;
    all.messages = correlate_messages(w->correlate);
    all.zones = w->zones;
    w->tally = tally_new(all.memory_bytes / 4);
    all.tally = w->tally;
    w->state = w->detector->create(&all);
}

static inline void world_start(struct world *w, const char *detector, size_t memory_bytes)
{
    world_start_env(w, detector, &(struct detect_env){.memory_bytes = memory_bytes});
}

static inline void world_end(struct world *w)
{
    w->detector->destroy(w->state);
    tally_free(w->tally);
    correlate_free(w->correlate);
    incidents_free(w->incidents);
    relay_board_free(w->board);
    zones_free(w->zones);
}

static inline void world_event(struct world *w, const struct event *ev)
{
    struct context cx;

    correlate_event(w->correlate, ev, NULL, &cx);
    if (cx.repeated)
        return;
    if (w->detector->kinds >> ev->kind & 1U)
        w->detector->on_event(w->state, ev, &cx);
}

static inline void world_begin(struct event *ev, int64_t time_us, enum event_kind kind)
{
    memset(ev, 0, sizeof *ev);
    event_reset(ev);
    ev->time_us = time_us;
    ev->kind = kind;
    event_set(ev, EF_HOST, SLICE_LIT("mx1"));
}

static inline void world_client(struct event *ev, const char *ip)
{
    CHECK(ip_addr_parse(slice_of(ip), &ev->client));
}

/* A recipient is refused in the dialogue. */
static inline void world_refuse(struct world *w, int64_t time_us, const char *ip,
                                const char *sender, const char *rcpt, uint16_t code,
                                const char *text)
{
    struct event ev;

    world_begin(&ev, time_us, EVENT_RCPT);
    world_client(&ev, ip);
    ev.stage = STAGE_RCPT;
    ev.outcome = code / 100 == 4 ? OUTCOME_TEMPFAIL : OUTCOME_REFUSED;
    ev.reply_code = code;
    event_set_sender(&ev, slice_of(sender));
    event_set(&ev, EF_RCPT, slice_of(rcpt));
    event_set(&ev, EF_HELO, SLICE_LIT("mail.example"));
    event_set(&ev, EF_TEXT, slice_of(text));
    world_event(w, &ev);
}

static inline void world_unknown(struct world *w, int64_t time_us, const char *ip,
                                 const char *sender, const char *rcpt)
{
    world_refuse(w, time_us, ip, sender, rcpt, 550,
                 "Recipient address rejected: User unknown in local recipient table");
}

/* A message of one recipient is accepted and tried once. */
struct world_mail {
    uint32_t nrcpt; /* 0: one */
    const char *ip, *name, *user, *sender, *rcpt;
    enum route route;
    enum event_outcome outcome;
    uint16_t code;
    const char *text, *relay, *remote;
};

static inline void world_mail(struct world *w, int64_t time_us, const struct world_mail *mail)
{
    struct event ev;
    char id[16];

    snprintf(id, sizeof id, "Q%08X", ++w->queue_ids);
    world_begin(&ev, time_us, EVENT_MAIL);
    world_client(&ev, mail->ip);
    event_set(&ev, EF_CLIENT_NAME, slice_of(mail->name));
    event_set(&ev, EF_USER, slice_of(mail->user));
    event_set(&ev, EF_QUEUE_ID, slice_of(id));
    world_event(w, &ev);

    world_begin(&ev, time_us, EVENT_QUEUED);
    event_set(&ev, EF_QUEUE_ID, slice_of(id));
    event_set_sender(&ev, slice_of(mail->sender));
    ev.nrcpt = mail->nrcpt == 0 ? 1 : mail->nrcpt;
    world_event(w, &ev);

    world_begin(&ev, time_us, EVENT_DELIVERY);
    event_set(&ev, EF_QUEUE_ID, slice_of(id));
    event_set(&ev, EF_RCPT, slice_of(mail->rcpt));
    event_set(&ev, EF_RELAY, slice_of(mail->relay));
    event_set(&ev, EF_TEXT, slice_of(mail->text));
    ev.route = mail->route;
    ev.outcome = mail->outcome;
    ev.reply_code = mail->code;
    if (mail->remote != NULL)
        CHECK(ip_addr_parse(slice_of(mail->remote), &ev.remote));
    world_event(w, &ev);

    world_begin(&ev, time_us, EVENT_DONE);
    event_set(&ev, EF_QUEUE_ID, slice_of(id));
    world_event(w, &ev);
}

static inline void world_inbound(struct world *w, int64_t time_us, const char *ip,
                                 const char *sender, const char *rcpt)
{
    world_mail(w, time_us,
               &(struct world_mail){.ip = ip,
                                    .sender = sender,
                                    .rcpt = rcpt,
                                    .route = ROUTE_MAILBOX,
                                    .outcome = OUTCOME_DELIVERED,
                                    .text = "250 2.1.5 Ok"});
}

/* The alert of an entity, or NULL. */
static inline const struct alert *world_alert(const struct world *w, enum rule rule,
                                              const char *entity)
{
    static const struct alert *all[4096];
    unsigned n = incidents_list(w->incidents, all, 4096);

    for (unsigned i = 0; i < n; i++)
        if (all[i]->rule == rule && strcmp(all[i]->entity, entity) == 0)
            return all[i];
    return NULL;
}

static inline int world_severity(const struct world *w, enum rule rule, const char *entity)
{
    const struct alert *a = world_alert(w, rule, entity);
    return a == NULL ? -1 : (int)a->severity;
}

/* How many incidents there are of at least this severity. */
static inline unsigned world_count(const struct world *w, enum severity severity)
{
    static const struct alert *all[4096];
    unsigned n = incidents_list(w->incidents, all, 4096), count = 0;

    for (unsigned i = 0; i < n; i++)
        count += all[i]->severity >= severity;
    return count;
}

#endif
