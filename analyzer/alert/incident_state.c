/* incident_state.c - incidents to a state and back, and those of two runs as one
 * algorithm: what an alert borrows from the program (units, advice, names of counters, scenarios,
 *            patterns) goes as numbers into a list of texts; an incident that both runs have is the
 *            sum of the two
 * limits:    a scenario or pattern that is not in the present files is left out */
#include <stdlib.h>
#include <string.h>

#include "alert/incident_table.h"
#include "base/panic.h"

/* ---- to a state and back ---- */

/* What an alert borrows from the program, by number. */
struct borrowed {
    uint16_t unit, stage, mta, advice, scenario, counter[ALERT_COUNTERS_MAX], mark[ALERT_MARKS_MAX];
};

static void number_texts(struct state_texts *texts, const struct alert *a, struct borrowed *ret)
{
    ret->unit = state_texts_number(texts, a->unit);
    ret->stage = state_texts_number(texts, a->stage);
    ret->mta = state_texts_number(texts, a->mta);
    ret->advice = state_texts_number(texts, a->advice);
    ret->scenario = a->scenario == NULL ? 0 : state_texts_number(texts, a->scenario->id);
    for (unsigned i = 0; i < a->counters_count; i++)
        ret->counter[i] = state_texts_number(texts, a->counters[i].name);
    for (unsigned i = 0; i < a->marks_count; i++)
        ret->mark[i] = state_texts_number(texts, a->marks[i]->id);
}

static const char *text_of(const struct state_texts *texts, uint16_t number)
{
    const char *text = state_texts_at(texts, number);

    return text == NULL ? "" : text;
}

/* Marks of files that say the same as before: those of another configuration never come here. */
static void take_marks_back(const struct incidents *s, const struct borrowed *from, struct alert *a)
{
    unsigned count = a->marks_count < ALERT_MARKS_MAX ? a->marks_count : ALERT_MARKS_MAX;

    a->marks_count = 0;
    for (unsigned i = 0; i < count && s->config.mark != NULL; i++) {
        const struct alert_mark *mark =
            s->config.mark(s->config.marks_arg, slice_of(text_of(&s->texts, from->mark[i])));
        if (mark != NULL)
            a->marks[a->marks_count++] = mark;
    }
}

static void take_texts(const struct incidents *s, const struct borrowed *from, struct alert *a)
{
    const struct state_texts *texts = &s->texts;

    if (from->scenario != 0 && s->config.scenario != NULL)
        a->scenario =
            s->config.scenario(s->config.scenario_arg, slice_of(text_of(texts, from->scenario)));
    a->unit = state_texts_at(texts, from->unit);
    a->stage = text_of(texts, from->stage);
    a->mta = text_of(texts, from->mta);
    a->advice = text_of(texts, from->advice);
    if (a->counters_count > ALERT_COUNTERS_MAX)
        a->counters_count = 0;
    for (unsigned i = 0; i < a->counters_count; i++)
        a->counters[i].name = text_of(texts, from->counter[i]);
    take_marks_back(s, from, a);
}

static unsigned room_of_members(unsigned n)
{
    unsigned room = 1;

    while (room < n)
        room *= 2;
    return n == 0 ? 0 : room;
}

static void persist_members(struct state_io *io, struct alert *a)
{
    if (!state_loading(io)) {
        state_bytes(io, "members", a->related, sizeof *a->related, a->related_count);
        return;
    }
    a->related = NULL;
    if (a->related_count > ALERT_RELATED_MAX)
        state_fail(io, "an alert with too many members");
    if (!state_good(io))
        a->related_count = 0;
    unsigned room = room_of_members(a->related_count);
    a->related = room == 0 ? NULL : panic_calloc(room, sizeof *a->related);
    state_bytes(io, "members", a->related, sizeof *a->related, a->related_count);
}

static void persist_borrowed(struct incidents *s, struct state_io *io)
{
    uint32_t count = table_count(s->table), cursor = 0, n = 0;
    struct borrowed *all = panic_calloc((size_t)count + 1, sizeof *all);
    struct incident *in;

    for (; !state_loading(io) && (in = table_next(s->table, &cursor)) != NULL; n++)
        number_texts(&s->texts, &in->alert, &all[n]);
    state_texts(io, &s->texts);
    state_bytes(io, "borrowed texts", all, sizeof *all, count);
    cursor = n = 0;
    for (; (in = table_next(s->table, &cursor)) != NULL; n++) {
        if (state_loading(io) && n < count)
            take_texts(s, &all[n], &in->alert);
        persist_members(io, &in->alert);
    }
    free(all);
}

void incidents_persist(struct incidents *s, struct state_io *io)
{
    enum { FIXED = 7 };
    static const struct state_hole own[] = {
        STATE_HOLE(struct incidents, config),    STATE_HOLE(struct incidents, table),
        STATE_HOLE(struct incidents, entities),  STATE_HOLE(struct incidents, texts),
        STATE_HOLE(struct incidents, asides),    STATE_HOLE(struct incidents, kept),
        STATE_HOLE(struct incidents, kept_rules)};
    struct state_hole holes[FIXED + ALERT_COUNTERS_MAX] = {
        STATE_HOLE(struct incident, alert.unit),    STATE_HOLE(struct incident, alert.stage),
        STATE_HOLE(struct incident, alert.mta),     STATE_HOLE(struct incident, alert.advice),
        STATE_HOLE(struct incident, alert.related), STATE_HOLE(struct incident, alert.scenario),
        STATE_HOLE(struct incident, alert.marks)};

    for (unsigned i = 0; i < ALERT_COUNTERS_MAX; i++)
        holes[FIXED + i] = (struct state_hole){offsetof(struct incident, alert.counters) +
                                                   i * sizeof(struct alert_counter),
                                               sizeof(const char *)};
    state_struct(io, "incidents", s, sizeof *s, STATE_HOLES(own));
    table_persist_holes(s->table, io, holes, sizeof holes / sizeof holes[0]);
    table_persist(s->entities, io);
    aside_set_persist(s->asides, io);
    if (!state_loading(io)) /* numbers are of one state; what they were of may be gone by now */
        s->texts.count = 0;
    persist_borrowed(s, io);
}

/* ---- two runs as one ---- */

/* The incident keeps the id of the earlier one, the severity of the graver, and the text of
 * whichever has more to show. */
static void merge_facts(struct alert *a, const struct alert *b)
{
    if (b->first_us < a->first_us) {
        a->first_us = b->first_us;
        a->window_start_us = b->window_start_us;
        memcpy(a->id, b->id, sizeof a->id);
    }
    if (b->severity > a->severity || (b->severity == a->severity && b->observed > a->observed)) {
        a->severity = b->severity;
        a->observed = b->observed;
        a->threshold = b->threshold;
        a->unit = b->unit;
        memcpy(a->reason, b->reason, sizeof a->reason);
        memcpy(a->how, b->how, sizeof a->how);
    }
    a->last_us = b->last_us > a->last_us ? b->last_us : a->last_us;
    a->raised_us = b->raised_us < a->raised_us ? b->raised_us : a->raised_us;
    a->confidence = b->confidence > a->confidence ? b->confidence : a->confidence;
    a->sequence = b->sequence > a->sequence ? b->sequence : a->sequence;
}

static void merge_counters(struct alert *a, const struct alert *b)
{
    for (unsigned i = 0; i < b->counters_count; i++) {
        unsigned k = 0;
        while (k < a->counters_count && strcmp(a->counters[k].name, b->counters[i].name) != 0)
            k++;
        if (k == ALERT_COUNTERS_MAX)
            continue;
        if (k == a->counters_count)
            a->counters[a->counters_count++] = (struct alert_counter){b->counters[i].name, 0};
        a->counters[k].value += b->counters[i].value;
    }
}

static void merge_incident(struct incidents *s, struct incident *in, const struct incident *from)
{
    struct alert *a = &in->alert;
    const struct alert *b = &from->alert;
    const struct finding members = {.related = b->related,
                                    .related_count = b->related_count,
                                    .related_total = b->related_total};

    merge_facts(a, b);
    merge_counters(a, b);
    incident_take_members(s, a, &members);
    for (unsigned i = 0; i < b->samples_count && a->samples_count < ALERT_SAMPLES_MAX; i++)
        a->samples[a->samples_count++] = b->samples[i];
    in->closed = in->closed && from->closed;
}

static void adopt_incident(struct incidents *s, struct incident *in, const struct incident *from)
{
    const struct finding members = {.related = from->alert.related,
                                    .related_count = from->alert.related_count,
                                    .related_total = from->alert.related_total};

    *in = *from;
    in->alert.related = NULL;
    in->alert.related_count = 0;
    incident_take_members(s, &in->alert, &members);
}

void incidents_merge(struct incidents *dst, struct incidents *src)
{
    uint32_t cursor = 0;
    bool created;

    for (struct incident *in; (in = table_next(dst->table, &cursor)) != NULL;)
        in->changed = true; /* all of them are told */
    cursor = 0;
    for (struct incident *from; (from = table_next(src->table, &cursor)) != NULL;) {
        struct incident *in =
            table_get(dst->table, table_key_of(from), table_last_us(from), &created);
        if (created)
            adopt_incident(dst, in, from);
        else
            merge_incident(dst, in, from);
        in->changed = true;
    }
    cursor = 0;
    for (struct entity_rules *from; (from = table_next(src->entities, &cursor)) != NULL;) {
        struct entity_rules *er =
            table_get(dst->entities, table_key_of(from), table_last_us(from), NULL);
        er->rules |= from->rules;
    }
    dst->dropped += src->dropped;
}
