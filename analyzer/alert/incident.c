/* incident.c - life cycle of incidents and the alerts they give off
 * algorithm: keyed table of incidents; decades of the count, an hourly refresh and a new
 *            beginning decide about "ongoing"; a scan once a minute of event time decides about
 *            "ended". Members go into a list that grows up to a fixed length. Of an incident that
 *            gives way to another its identity and what was told of it are kept in a hundredth of
 *            the room (aside_set.h), so that it goes on where it was, and is not new again
 * source:    RFC 9562 5.5 for ids
 * limits:    capacity fixed; an incident that gave way is not told to have ended, and keeps no
 *            samples; MEMBERS_BUDGET members over all incidents, then only counted */
#include "alert/incident.h"

#include <stdio.h>
#include <stdlib.h>

#include "alert/advice.h"
#include "alert/alert_id.h"
#include "alert/incident_table.h"
#include "base/panic.h"

enum { MINUTE_S = 60, HOUR_S = 3600, DAY_S = 86400, MEMBERS_BUDGET = 65536, ENTITIES_MAX = 8192 };
#define SECONDS_US(s) ((int64_t)(s)*1000000)

static float drop_score(const void *entry, int64_t now_us)
{
    const struct incident *in = entry;

    return (float)in->alert.severity * 10 - (in->closed ? 5 : 0) -
           (float)((double)(now_us - in->alert.last_us) / 86400e6);
}

static void put_aside(struct incidents *s, const struct incident *in)
{
    const struct alert *a = &in->alert;

    aside_set_put(s->asides, table_key_of(in),
                  &(struct aside){.first_us = a->first_us,
                                  .last_us = a->last_us,
                                  .window_start_us = a->window_start_us,
                                  .told_us = in->told_us,
                                  .observed = a->observed,
                                  .told_observed = in->told_observed,
                                  .unit = a->unit,
                                  .severity = a->severity,
                                  .sequence = a->sequence,
                                  .closed = in->closed});
}

static void before_drop(void *arg, void *entry)
{
    struct incidents *s = arg;
    struct incident *in = entry;

    put_aside(s, in);
    s->members -= in->alert.related_count;
    free(in->alert.related);
    in->alert.related = NULL;
    s->dropped++;
}

struct incidents *incidents_new(const struct incident_config *config)
{
    struct incidents *s = panic_calloc(1, sizeof *s);
    struct table_spec spec = {.name = "incidents",
                              .capacity = config->capacity,
                              .entry_size = sizeof(struct incident),
                              .score = drop_score,
                              .evict = before_drop,
                              .evict_arg = s};
    struct table_spec entities = {.name = "incident entities",
                                  .capacity = ENTITIES_MAX,
                                  .entry_size = sizeof(struct entity_rules)};

    s->config = *config;
    s->table = table_new(&spec);
    s->asides = aside_set_new(config->aside_bytes);
    s->entities = table_new(&entities);
    return s;
}

struct incidents *incidents_free(struct incidents *s)
{
    uint32_t cursor = 0;

    if (s == NULL)
        return NULL;
    for (struct incident *in; (in = table_next(s->table, &cursor)) != NULL;)
        free(in->alert.related);
    table_free(s->table);
    aside_set_free(s->asides);
    table_free(s->entities);
    state_texts_free(&s->texts);
    incidents_forget_kept(s);
    free(s);
    return NULL;
}

static uint64_t incident_key(const struct incidents *s, enum rule rule, enum entity_type type,
                             slice entity)
{
    uint64_t head = ((uint64_t)rule << 8 | (uint64_t)type) + 1;
    return hash_mix(head, siphash13_lower(&s->config.key, entity));
}

/* Scenarios share a rule, not their incidents. */
static uint64_t finding_key(const struct incidents *s, const struct finding *f)
{
    uint64_t key = incident_key(s, f->rule, f->entity_type, f->entity);

    if (f->scenario == NULL)
        return key;
    return hash_mix(key, siphash13_lower(&s->config.key, slice_of(f->scenario->id)));
}

/* How long nothing must happen before an incident counts as over. */
static int64_t quiet_us(const struct alert *a)
{
    if (a->quiet_us > 0)
        return a->quiet_us;
    switch (a->rule) {
    case RULE_RELAY_PROBE:
    case RULE_SASL_BRUTE:
    case RULE_SASL_SPRAY:
    case RULE_SASL_DISTRIBUTED:
    case RULE_HARVEST:
    case RULE_SPOOF_LOCAL:
    case RULE_ACCOUNT_BURST:
    case RULE_LISTED:
    case RULE_QUEUE_NDR:
        return SECONDS_US(6 * HOUR_S);
    default:
        return SECONDS_US(30 * MINUTE_S);
    }
}

/* ---- announcing ---- */

static void tell(struct incidents *s, struct incident *in, enum alert_state state)
{
    struct alert *a = &in->alert;
    char name[64];

    a->state = state;
    a->sequence++;
    snprintf(name, sizeof name, "%s/%u", a->id, a->sequence);
    alert_id_of(name, a->event_id);
    in->told_us = a->last_us;
    in->told_observed = a->observed;
    in->changed = false;
    s->config.emit(s->config.emit_arg, a);
}

static bool decade_passed(double before, double now)
{
    for (uint64_t step = 10; step <= 1000000000; step *= 10)
        if (before < (double)step && now >= (double)step)
            return true;
    return false;
}

static void tell_if_due(struct incidents *s, struct incident *in, bool severity_rose)
{
    const struct alert *a = &in->alert;
    bool refresh =
        a->last_us - in->told_us >= SECONDS_US(HOUR_S) && a->observed > in->told_observed;

    if (severity_rose || refresh || decade_passed(in->told_observed, a->observed))
        tell(s, in, ALERT_ONGOING);
}

/* ---- filling ---- */

static void keep_lower_domain(slice entity, enum entity_type type, char *buf, size_t size)
{
    size_t from = 0;

    slice_keep(entity, buf, size);
    if (type == ENTITY_ADDRESS || type == ENTITY_USER) {
        size_t at = slice_rfind_byte(slice_of(buf), '@');
        from = buf[at] == '@' ? at : strlen(buf);
    }
    for (size_t i = from; buf[i] != '\0'; i++)
        buf[i] = slice_lower(buf[i]);
}

static int64_t day_of(int64_t time_us)
{
    int64_t day = SECONDS_US(DAY_S);
    return time_us - ((time_us % day) + day) % day;
}

static void make_id(const struct incidents *s, struct alert *a)
{
    char name[sizeof a->dedup_key + 32];

    snprintf(a->dedup_key, sizeof a->dedup_key, "%s/%s/%s/%s", alert_rule(a)->id, s->config.tenant,
             entity_type_name(a->entity_type), a->entity);
    snprintf(name, sizeof name, "%s/%lld", a->dedup_key, (long long)(a->window_start_us / 1000));
    alert_id_of(name, a->id);
}

static void take_context(struct alert *a, const struct event *ev)
{
    a->client = ev->client;
    a->client_port = ev->client_port;
    slice_keep(event_field(ev, EF_CLIENT_NAME), a->client_name, sizeof a->client_name);
    slice_keep(event_field(ev, EF_HELO), a->helo, sizeof a->helo);
    slice_keep(event_field(ev, EF_USER), a->user, sizeof a->user);
    slice_keep(event_field(ev, EF_SENDER), a->sender, sizeof a->sender);
    slice_keep(event_field(ev, EF_RCPT), a->recipient, sizeof a->recipient);
    a->null_sender = ev->null_sender;
    slice_keep(event_field(ev, EF_HOST), a->host, sizeof a->host);
    slice_keep(event_field(ev, EF_PROGRAM), a->program, sizeof a->program);
    slice_keep(event_field(ev, EF_SERVICE), a->service, sizeof a->service);
    slice_keep(event_field(ev, EF_QUEUE_ID), a->queue_id, sizeof a->queue_id);
    slice_keep(event_field(ev, EF_MESSAGE_ID), a->message_id, sizeof a->message_id);
    slice_keep(event_field(ev, EF_RELAY), a->relay, sizeof a->relay);
    a->reply_code = ev->reply_code;
    memcpy(a->status, ev->status, sizeof a->status);
    a->stage = event_stage_name(ev->stage);
}

static void fill(char *to, size_t size, slice value)
{
    if (to[0] == '\0' && value.len > 0)
        slice_keep(value, to, size);
}

/* The line that shows the deed often lacks who did it: that was told when the message came in. */
static void take_origin(struct alert *a, const struct finding_origin *o)
{
    if (a->client.family == 0)
        a->client = o->client;
    if (a->client_port == 0 && ip_addr_eq(&a->client, &o->client))
        a->client_port = o->client_port;
    if (ip_addr_eq(&a->client, &o->client))
        fill(a->client_name, sizeof a->client_name, o->client_name);
    fill(a->helo, sizeof a->helo, o->helo);
    fill(a->user, sizeof a->user, o->user);
    fill(a->sender, sizeof a->sender, o->sender);
    a->null_sender |= o->null_sender && a->sender[0] == '\0';
}

/* Those who send the bounces are innocent: no output may show one of them as the source. */
static void forget_client(struct alert *a)
{
    a->client = (struct ip_addr){0};
    a->client_port = 0;
    a->client_name[0] = a->helo[0] = '\0';
}

static void take_place(struct incidents *s, struct alert *a)
{
    struct ip_addr source = alert_source(a);

    geo_find(s->config.geo, &source, &a->place);
}

static void take_sample(struct incidents *s, struct alert *a, const struct event *ev)
{
    struct alert_sample *sample;

    if (ev == NULL || a->samples_count == ALERT_SAMPLES_MAX || ev->pos.text.ptr == NULL)
        return;
    sample = &a->samples[a->samples_count++];
    slice_keep(ev->pos.text, sample->text, sizeof sample->text);
    slice_keep(slice_of(s->config.source_name(s->config.source_arg, ev->pos.source)),
               sample->source, sizeof sample->source);
    sample->line = ev->pos.number;
    sample->offset = ev->pos.offset;
    sample->time_us = ev->time_us;
}

static bool has_member(const struct alert *a, const struct alert_related *member)
{
    for (unsigned i = 0; i < a->related_count; i++)
        if (a->related[i].type == member->type && strcmp(a->related[i].value, member->value) == 0)
            return true;
    return false;
}

static bool room_for_member(struct incidents *s, struct alert *a)
{
    unsigned n = a->related_count;
    struct alert_related *grown;

    if (n == ALERT_RELATED_MAX || s->members == MEMBERS_BUDGET)
        return false;
    if (n != 0 && (n & (n - 1)) != 0) /* room doubles at powers of two */
        return true;
    grown = realloc(a->related, (n == 0 ? 1 : 2 * (size_t)n) * sizeof *grown);
    if (grown == NULL)
        return false;
    a->related = grown;
    return true;
}

/* The text alone: what lies behind it in a detector's stack is not for the state's file. */
static void put_member(struct alert_related *to, const struct alert_related *from)
{
    memset(to, 0, sizeof *to);
    to->type = from->type;
    (void)slice_keep(slice_of(from->value), to->value, sizeof to->value);
}

void incident_take_members(struct incidents *s, struct alert *a, const struct finding *f)
{
    for (unsigned i = 0; i < f->related_count && a->related_count < ALERT_RELATED_MAX; i++) {
        if (has_member(a, &f->related[i]) || !room_for_member(s, a))
            continue;
        put_member(&a->related[a->related_count++], &f->related[i]);
        s->members++;
    }
    if (f->related_total > a->related_total)
        a->related_total = f->related_total;
    if (a->related_count > a->related_total)
        a->related_total = a->related_count;
}

static void take_counters(struct alert *a, const struct finding *f)
{
    a->counters_count =
        f->counters_count < ALERT_COUNTERS_MAX ? f->counters_count : ALERT_COUNTERS_MAX;
    for (unsigned i = 0; i < a->counters_count; i++)
        a->counters[i] = f->counters[i];
}

/* One detector may count different things under one rule: figures of different units are never
 * compared, and the more severe finding says which one is shown. */
static void take_measure(struct alert *a, const struct finding *f)
{
    bool same = a->unit != NULL && f->unit != NULL && strcmp(a->unit, f->unit) == 0;

    if (same && f->observed > a->observed)
        a->observed = f->observed;
    if (same || (a->unit != NULL && f->severity <= a->severity))
        return;
    a->unit = f->unit;
    a->threshold = f->threshold;
    a->observed = f->observed;
}

static void take_mark(struct alert *a, const struct alert_mark *mark)
{
    unsigned i = 0;

    while (i < a->marks_count && a->marks[i] != mark)
        i++;
    if (i == a->marks_count && i < ALERT_MARKS_MAX)
        a->marks[a->marks_count++] = mark;
    if (mark->severity > (int)a->severity)
        a->severity = (enum severity)mark->severity;
}

/* The client of the event is what the alert is about, or the one who uses the account. */
static void take_marks(struct incidents *s, struct alert *a, const struct finding *f)
{
    const struct alert_mark *marks[ALERT_MARKS_MAX];
    bool about_client = f->entity_type == ENTITY_IP || f->entity_type == ENTITY_USER;
    unsigned n = 0;

    if (s->config.marks != NULL && f->ev != NULL && about_client)
        n = s->config.marks(s->config.marks_arg, marks);
    for (unsigned i = 0; i < n; i++)
        take_mark(a, marks[i]);
}

/* Where a clock was wrong, or lines are out of order, what began it may be later than its event. */
static int64_t began_us(const struct finding *f)
{
    return f->first_us < f->time_us ? f->first_us : f->time_us;
}

static void update(struct incidents *s, struct incident *in, const struct finding *f)
{
    struct alert *a = &in->alert;

    if (began_us(f) < a->first_us)
        a->first_us = began_us(f);
    if (f->time_us > a->last_us)
        a->last_us = f->time_us;
    take_measure(a, f);
    if (f->severity > a->severity)
        a->severity = f->severity;
    a->confidence = f->confidence > a->confidence ? f->confidence : a->confidence;
    take_counters(a, f);
    incident_take_members(s, a, f);
    if (f->reason.len > 0)
        slice_keep(f->reason, a->reason, sizeof a->reason);
    if (f->how.len > 0)
        slice_keep(f->how, a->how, sizeof a->how);
    take_marks(s, a, f);
    in->changed = true;
}

static void open_incident(struct incidents *s, struct incident *in, const struct finding *f,
                          int64_t window_start_us)
{
    struct alert *a = &in->alert;
    const char *mta = s->config.mta_name(s->config.mta_arg);
    struct entity_rules *er;

    a->rule = f->rule;
    a->scenario = f->scenario;
    a->quiet_us = f->quiet_us;
    a->severity = f->severity;
    a->entity_type = f->entity_type;
    keep_lower_domain(f->entity, f->entity_type, a->entity, sizeof a->entity);
    a->first_us = began_us(f);
    a->last_us = a->raised_us = f->time_us;
    a->window_start_us = window_start_us;
    a->stage = "";
    a->mta = mta;
    a->advice = f->advice != NULL ? f->advice : advice_for_rule(f->rule, mta);
    make_id(s, a);
    if (f->ev != NULL)
        take_context(a, f->ev);
    if (f->origin != NULL)
        take_origin(a, f->origin);
    if (f->rule == RULE_NDR_FLOOD)
        forget_client(a);
    take_place(s, a);
    update(s, in, f);
    er = table_get(s->entities, siphash13_lower(&s->config.key, slice_of(a->entity)), f->time_us,
                   NULL);
    er->rules |= 1U << f->rule;
}

/* It gave way before, within a day: it is as it was told. */
static void resume(struct incident *in, const struct aside *old)
{
    struct alert *a = &in->alert;

    if (old->first_us < a->first_us)
        a->first_us = old->first_us;
    if (old->unit_tag == aside_unit_tag(a->unit) && old->observed > a->observed)
        a->observed = old->observed;
    a->severity = old->severity;
    a->sequence = old->sequence;
    in->told_us = old->told_us;
    in->told_observed = old->told_observed;
    in->closed = old->closed;
}

/* The day that the id is made of. A detector may remember more than a day, and begin an incident
 * with events of one that was over: its id is of a later day, or it would be the id of that one. */
static int64_t window_of(const struct finding *f, int64_t day_before_us)
{
    int64_t day_us = day_of(f->first_us);

    return day_us > day_before_us ? day_us : day_of(f->time_us);
}

/* Fill an empty incident; day_before_us is the day of the one before, if any. True: it goes on. */
static bool begin(struct incidents *s, struct incident *in, const struct finding *f,
                  int64_t day_before_us)
{
    struct aside old;
    bool known = aside_set_take(s->asides, table_key_of(in), &old);

    if (known && f->time_us - old.last_us <= SECONDS_US(DAY_S)) {
        open_incident(s, in, f, old.window_start_us);
        resume(in, &old);
        return true;
    }
    open_incident(s, in, f, window_of(f, known ? old.window_start_us : day_before_us));
    return false;
}

/* Quiet for more than a day: what comes now is another incident. */
static bool is_stale(const struct incident *in, const struct finding *f)
{
    return in->closed && f->time_us - in->alert.last_us > SECONDS_US(DAY_S);
}

static void forget(struct incidents *s, struct incident *in)
{
    s->members -= in->alert.related_count;
    free(in->alert.related);
    memset(in, 0, sizeof *in);
}

void incident_report(struct incidents *s, const struct finding *f)
{
    bool created;
    struct incident *in = table_get(s->table, finding_key(s, f), f->time_us, &created);
    int64_t day_before_us = INT64_MIN;
    enum severity before;
    bool reopened;

    if (!created && is_stale(in, f)) {
        day_before_us = in->alert.window_start_us;
        forget(s, in);
        created = true;
    }
    if (created && !begin(s, in, f, day_before_us)) {
        take_sample(s, &in->alert, f->ev);
        tell(s, in, ALERT_NEW);
        return;
    }
    before = in->alert.severity;
    reopened = in->closed;
    in->closed = false;
    update(s, in, f);
    take_sample(s, &in->alert, f->ev);
    if (reopened) /* it was told to have ended */
        tell(s, in, ALERT_ONGOING);
    else
        tell_if_due(s, in, in->alert.severity > before);
}

bool incident_touch(struct incidents *s, enum rule rule, enum entity_type type, slice entity,
                    int64_t time_us, double observed)
{
    struct incident *in = table_find(s->table, incident_key(s, rule, type, entity));

    if (in == NULL || in->closed)
        return false;
    if (time_us > in->alert.last_us)
        in->alert.last_us = time_us;
    if (observed > in->alert.observed)
        in->alert.observed = observed;
    in->changed = true;
    tell_if_due(s, in, false);
    return true;
}

bool incident_is_open(const struct incidents *s, enum rule rule, enum entity_type type,
                      slice entity)
{
    const struct incident *in = table_find(s->table, incident_key(s, rule, type, entity));
    return in != NULL && !in->closed;
}

void incidents_tick(struct incidents *s, int64_t now_us)
{
    uint32_t cursor = 0;

    if (now_us < s->next_scan_us)
        return;
    s->next_scan_us = now_us + SECONDS_US(MINUTE_S);
    for (struct incident *in; (in = table_next(s->table, &cursor)) != NULL;) {
        if (in->closed || now_us - in->alert.last_us < quiet_us(&in->alert))
            continue;
        in->closed = true;
        tell(s, in, ALERT_ENDED);
    }
}

/* ---- reading ---- */

static int by_rank(const void *a, const void *b)
{
    const struct alert *const *x = a, *const *y = b;

    if ((*x)->severity != (*y)->severity)
        return (*x)->severity < (*y)->severity ? 1 : -1;
    if ((*x)->first_us != (*y)->first_us)
        return (*x)->first_us < (*y)->first_us ? -1 : 1;
    return strcmp((*x)->dedup_key, (*y)->dedup_key);
}

unsigned incidents_list(struct incidents *s, const struct alert **ret, unsigned max)
{
    uint32_t cursor = 0, n = 0, total = table_count(s->table);
    const struct alert **all = panic_calloc((size_t)total + 1, sizeof *all);

    for (struct incident *in; n < total && (in = table_next(s->table, &cursor)) != NULL;)
        all[n++] = &in->alert;
    qsort(all, n, sizeof *all, by_rank);
    n = n < max ? n : max;
    memcpy(ret, all, n * sizeof *all);
    free(all);
    return n;
}

/* The incident an alert is part of: the alert is its first member. */
static struct incident *incident_of(const struct alert *a)
{
    union {
        const struct alert *alert;
        struct incident *incident;
    } cast = {.alert = a};
    return cast.incident;
}

void incidents_flush(struct incidents *s)
{
    uint32_t total = table_count(s->table);
    const struct alert **all = panic_calloc((size_t)total + 1, sizeof *all);
    unsigned n = incidents_list(s, all, total);

    for (unsigned i = 0; i < n; i++) {
        struct incident *in = incident_of(all[i]);
        if (in->changed)
            tell(s, in, ALERT_ONGOING);
    }
    free(all);
}

uint32_t incidents_rules_of(struct incidents *s, slice entity)
{
    const struct entity_rules *er =
        table_find(s->entities, siphash13_lower(&s->config.key, entity));
    return er == NULL ? 0 : er->rules;
}

const struct alert *incidents_cause(struct incidents *s, uint32_t rules, int64_t before_us)
{
    const struct alert *best = NULL;
    uint32_t cursor = 0;

    for (const struct incident *in; (in = table_next(s->table, &cursor)) != NULL;) {
        const struct alert *a = &in->alert;
        if ((rules >> a->rule & 1) == 0 || a->severity < SEVERITY_MEDIUM ||
            a->first_us >= before_us || before_us - a->last_us > SECONDS_US(3 * DAY_S))
            continue;
        if (best == NULL || by_rank(&a, &best) < 0)
            best = a;
    }
    return best;
}

uint32_t incidents_count(const struct incidents *s)
{
    return table_count(s->table);
}

uint64_t incidents_dropped(const struct incidents *s)
{
    return s->dropped;
}

uint32_t incidents_aside(const struct incidents *s)
{
    return aside_set_count(s->asides);
}

uint64_t incidents_forgotten(const struct incidents *s)
{
    return aside_set_forgotten(s->asides);
}

size_t incidents_bytes(const struct incidents *s)
{
    return table_bytes(s->table) + aside_set_bytes(s->asides) + table_bytes(s->entities) +
           s->members * sizeof(struct alert_related);
}
