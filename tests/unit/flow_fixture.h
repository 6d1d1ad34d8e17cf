/* flow_fixture.h - log lines through envelope, parser, correlator, top tables, hygiene and the two
 * relay detectors
 *
 * A scenario is Postfix log text; hand-made events serve where Postfix logs nothing (an accepted
 * recipient). What each event meant is kept by copy, since contexts live for one event only.
 * The site of flow_start(): example.org local, backup.example relayed, 192.0.2.0/24 trusted. */
#ifndef TESTS_UNIT_FLOW_FIXTURE_H
#define TESTS_UNIT_FLOW_FIXTURE_H

#include <stdlib.h>

#include "base/panic.h"
#include "correlate/hygiene.h"
#include "correlate/originators.h"
#include "detect/detector.h"
#include "envelope.h"
#include "parsers.h"
#include "test.h"

enum { FLOW_SEEN_MAX = 8192, FLOW_TOLD_MAX = 1024 };
#define FLOW_MEMORY ((size_t)8 << 20)

/* One event and what it meant. */
struct flow_seen {
    enum event_kind kind;
    enum rcpt_class rcpt_class;
    enum client_zone client_zone;
    enum domain_zone sender_zone;
    enum reason reason;
    bool authed, outside, new_message, null_sender, repeated, has_message, has_child, has_parent;
    uint32_t session_flags;
    uint32_t flags; /* of the message */
    char client[IP_ADDR_TEXT], user[80], sender[120], rcpt_domain[120], queue_id[24];
};

struct flow_told {
    enum rule rule;
    enum alert_state state;
    enum severity severity;
    enum entity_type type;
    char entity[80], id[37], reason[200], how[32];
    double observed;
    unsigned related_count;
    uint32_t related_total, sequence;
};

struct flow {
    struct hash_key key;
    struct zones *zones;
    struct correlate *correlate;
    struct originators *originators;
    struct hygiene *hygiene;
    struct incidents *incidents;
    struct relay_board *board;
    const struct detector *detector[2];
    void *state[2];
    struct time_zone utc; /* borrowed by the envelope */
    struct envelope *envelope;
    unsigned seen_count, told_count;
    struct flow_seen seen[FLOW_SEEN_MAX];
    struct flow_told told[FLOW_TOLD_MAX];
};

static inline void flow_emit(void *arg, const struct alert *a)
{
    struct flow *f = arg;
    struct flow_told *t = &f->told[f->told_count];

    ASSERT(f->told_count++ < FLOW_TOLD_MAX);
    *t = (struct flow_told){.rule = a->rule,
                            .state = a->state,
                            .severity = a->severity,
                            .type = a->entity_type,
                            .observed = a->observed,
                            .related_count = a->related_count,
                            .related_total = a->related_total,
                            .sequence = a->sequence};
    slice_keep(slice_of(a->entity), t->entity, sizeof t->entity);
    slice_keep(slice_of(a->id), t->id, sizeof t->id);
    slice_keep(slice_of(a->reason), t->reason, sizeof t->reason);
    slice_keep(slice_of(a->how), t->how, sizeof t->how);
}

static inline const char *flow_source(void *arg, uint32_t source)
{
    (void)arg;
    (void)source;
    return "test.log";
}

static inline const char *flow_mta(void *arg)
{
    (void)arg;
    return "postfix";
}

static inline const struct detector *flow_detector(const char *name)
{
    for (unsigned i = 0; i < detectors_count(); i++)
        if (strcmp(detector_at(i)->name, name) == 0)
            return detector_at(i);
    ASSERT(false); /* no such detector */
    return NULL;
}

/* A site that has told us nothing about itself. */
static inline struct flow *flow_start_learning(void)
{
    struct flow *f = panic_calloc(1, sizeof *f);
    struct incident_config incidents = {.key = {1, 2},
                                        .capacity = 4096,
                                        .tenant = "default",
                                        .emit = flow_emit,
                                        .emit_arg = f,
                                        .source_name = flow_source,
                                        .mta_name = flow_mta};

    f->key = incidents.key;
    f->zones = zones_new(&f->key);
    f->correlate = correlate_new(&(struct correlate_config){
        .key = f->key, .zones = f->zones, .messages = 4096, .sessions = 1024});
    f->originators = originators_new(64);
    f->hygiene = hygiene_new();
    f->incidents = incidents_new(&incidents);
    f->board = relay_board_new();
    f->envelope = panic_calloc(1, sizeof *f->envelope);
    envelope_init(f->envelope, &f->utc, 2026, 0);
    f->detector[0] = flow_detector("relay_probe");
    f->detector[1] = flow_detector("relay_accepted");
    for (int i = 0; i < 2; i++)
        f->state[i] = f->detector[i]->create(
            &(struct detect_env){.key = f->key,
                                 .incidents = f->incidents,
                                 .board = f->board,
                                 .messages = correlate_messages(f->correlate),
                                 .zones = f->zones,
                                 .memory_bytes = FLOW_MEMORY});
    return f;
}

static inline void flow_trust(struct flow *f, const char *network, enum client_zone zone)
{
    struct ip_net net;

    CHECK(ip_net_parse(slice_of(network), &net));
    zones_add_network(f->zones, &net, zone);
}

static inline struct flow *flow_start(void)
{
    struct flow *f = flow_start_learning();

    zones_add_domain(f->zones, SLICE_LIT("example.org"), DOMAIN_LOCAL);
    zones_add_domain(f->zones, SLICE_LIT("backup.example"), DOMAIN_RELAY);
    flow_trust(f, "192.0.2.0/24", CLIENT_TRUSTED);
    return f;
}

static inline void flow_end(struct flow *f)
{
    for (int i = 0; i < 2; i++)
        f->detector[i]->destroy(f->state[i]);
    correlate_free(f->correlate);
    originators_free(f->originators);
    hygiene_free(f->hygiene);
    incidents_free(f->incidents);
    relay_board_free(f->board);
    zones_free(f->zones);
    free(f->envelope);
    free(f);
}

static inline void flow_keep(struct flow *f, const struct event *ev, const struct context *cx)
{
    struct flow_seen *s = &f->seen[f->seen_count];
    char client[IP_ADDR_TEXT];

    ASSERT(f->seen_count++ < FLOW_SEEN_MAX);
    *s = (struct flow_seen){.kind = ev->kind,
                            .rcpt_class = cx->rcpt_class,
                            .client_zone = cx->client_zone,
                            .sender_zone = cx->sender_zone,
                            .reason = cx->reason,
                            .authed = cx->authed,
                            .outside = cx->outside,
                            .new_message = cx->new_message,
                            .null_sender = cx->null_sender,
                            .session_flags = cx->session == NULL ? 0 : cx->session->flags,
                            .repeated = cx->repeated,
                            .has_message = cx->message != NULL,
                            .has_child = cx->child != NULL,
                            .has_parent = cx->parent != NULL,
                            .flags = cx->message == NULL ? 0 : cx->message->flags};
    slice_keep(ip_addr_format(&cx->client, client), s->client, sizeof s->client);
    slice_keep(cx->user, s->user, sizeof s->user);
    slice_keep(cx->sender, s->sender, sizeof s->sender);
    slice_keep(cx->rcpt_class == RCPT_NONE ? SLICE_NONE : cx->rcpt_domain, s->rcpt_domain,
               sizeof s->rcpt_domain);
    slice_keep(event_field(ev, EF_QUEUE_ID), s->queue_id, sizeof s->queue_id);
}

static inline void flow_event(void *arg, struct event *ev)
{
    struct flow *f = arg;
    struct context cx;

    correlate_event(f->correlate, ev, NULL, &cx);
    flow_keep(f, ev, &cx);
    if (cx.repeated)
        return;
    originators_event(f->originators, ev, &cx);
    hygiene_event(f->hygiene, ev, &cx);
    for (int i = 0; i < 2; i++)
        if (f->detector[i]->kinds >> ev->kind & 1)
            f->detector[i]->on_event(f->state[i], ev, &cx);
}

/* One line, from a heap block of exactly its size: slices kept too long are found by a sanitizer.
 */
static inline void flow_line(struct flow *f, slice line)
{
    struct record rec = {0};
    struct event ev;
    struct event_sink sink = {flow_event, f};
    char *block = panic_calloc(line.len + 1, 1);
    const struct parser *parser;

    memcpy(block, line.ptr, line.len);
    rec.pos = (struct line_pos){.number = 1, .text = {block, line.len}};
    if (envelope_read(f->envelope, (slice){block, line.len}, &rec) != ENVELOPE_RECORD) {
        test_fail(__FILE__, __LINE__, "the line has an envelope");
        printf("#   %.*s\n", (int)line.len, line.ptr);
    } else {
        parser = parsers_for_tag(NULL, rec.tag);
        if (parser == NULL || parser->parse(NULL, &rec, &ev, &sink) == PARSE_REJECT) {
            test_fail(__FILE__, __LINE__, "the line is read");
            printf("#   %.*s\n", (int)line.len, line.ptr);
        }
    }
    free(block);
}

/* Lines without date and host: "HH:MM:SS daemon[pid]: text". The day is 2 March 2026, the host mx1.
 */
static inline void flow_lines(struct flow *f, const char *text)
{
    slice rest = slice_of(text);
    char line[4096];

    while (rest.len > 0) {
        slice one = slice_first(rest, slice_find_byte(rest, '\n'));
        if (one.len > 9) {
            snprintf(line, sizeof line, "Mar  2 %.8s mx1 postfix/%.*s", one.ptr, (int)(one.len - 9),
                     one.ptr + 9);
            flow_line(f, slice_of(line));
        }
        rest = slice_from(rest, one.len + 1);
    }
}

/* The last event of a kind, optionally of a queue id; a check fails when there is none. */
static inline const struct flow_seen *flow_last(const struct flow *f, enum event_kind kind,
                                                const char *queue_id)
{
    static const struct flow_seen none = {0};

    for (unsigned i = f->seen_count; i > 0; i--)
        if (f->seen[i - 1].kind == kind &&
            (queue_id == NULL || strcmp(f->seen[i - 1].queue_id, queue_id) == 0))
            return &f->seen[i - 1];
    test_fail(__FILE__, __LINE__, "such an event was seen");
    return &none;
}

/* The last alert of a rule about an entity (NULL: any), or NULL. */
static inline const struct flow_told *flow_told(const struct flow *f, enum rule rule,
                                                const char *entity)
{
    for (unsigned i = f->told_count; i > 0; i--)
        if (f->told[i - 1].rule == rule &&
            (entity == NULL || strcmp(f->told[i - 1].entity, entity) == 0))
            return &f->told[i - 1];
    return NULL;
}

static inline enum verdict_state flow_verdict(const struct flow *f)
{
    struct verdict v = {0};

    relay_board_verdict(f->board, &v);
    return v.state;
}

#endif
