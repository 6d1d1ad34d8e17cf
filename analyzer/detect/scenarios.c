/* scenarios.c - the rules of thumb of files: which of them an event counts for, and their alerts
 * algorithm: a list of scenarios for each kind of event; the conditions first, then the key, then
 *            the group of the key in the scenario's own table, so that a flood in one scenario
 *            takes no room from another. A group that has fired adds to the same incident until
 *            its cool-down is over
 * source:    docs/signatures.md; scenario_state.h has the definitions
 * limits:    an event that lacks a fact of the key does not count; what is more than two minutes
 *            late does not either, and both are in the tally */
#include "detect/detector.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/panic.h"
#include "base/state.h"
#include "base/table.h"
#include "detect/scenario.h"
#include "detect/scenario_state.h"
#include "detect/scenario_where.h"

enum { TABLE_OVERHEAD = 96, GROUPS_LEAST = 4 };

struct scenarios {
    struct detect_env env;
    struct table *groups[SCENARIOS_MAX];
    uint16_t by_kind[EVENT_KIND_COUNT][SCENARIOS_MAX];
    unsigned by_kind_count[EVENT_KIND_COUNT];
};

static uint32_t wants(const struct detect_env *env)
{
    uint32_t kinds = 0;

    for (unsigned i = 0; env->scenarios != NULL && i < env->scenarios->count; i++)
        kinds |= env->scenarios->list[i].kinds;
    return kinds;
}

/* Whoever has fired, then whoever has done most lately. */
static float group_score(const void *entry, int64_t now_us)
{
    const struct scenario_group *g = entry;

    return (float)g->counted + (g->cool_us > now_us ? 1000 : 0) -
           (float)((double)(now_us - g->last_us) / 3600e6);
}

static struct table *groups_new(const struct scenario *s, size_t memory_bytes)
{
    size_t size = scenario_state_size(s), room = memory_bytes / (size + TABLE_OVERHEAD);

    room = room < GROUPS_LEAST ? GROUPS_LEAST : room;
    return table_new(
        &(struct table_spec){.name = "scenario groups",
                             .capacity = room < s->entries_max ? (uint32_t)room : s->entries_max,
                             .entry_size = (uint32_t)size,
                             .score = group_score});
}

/* Tables and lists for the scenarios of env. */
static void set_up(struct scenarios *d)
{
    const struct scenario_set *set = d->env.scenarios;
    unsigned count = set == NULL ? 0 : set->count;

    memset(d->groups, 0, sizeof d->groups);
    memset(d->by_kind_count, 0, sizeof d->by_kind_count);
    for (unsigned i = 0; i < count; i++) {
        const struct scenario *s = &set->list[i];
        d->groups[i] = groups_new(s, d->env.memory_bytes / count);
        for (unsigned kind = 0; kind < EVENT_KIND_COUNT; kind++)
            if (s->kinds >> kind & 1)
                d->by_kind[kind][d->by_kind_count[kind]++] = (uint16_t)i;
    }
}

static void *create(const struct detect_env *env)
{
    struct scenarios *d = panic_calloc(1, sizeof *d);

    d->env = *env;
    set_up(d);
    return d;
}

/* Do groups mean the same in both? Thresholds may differ. */
static bool is_alike(const struct scenario *a, const struct scenario *b)
{
    return strcmp(a->info.id, b->info.id) == 0 && a->kind == b->kind &&
           scenario_state_size(a) == scenario_state_size(b) && a->by_count == b->by_count &&
           memcmp(a->by, b->by, a->by_count * sizeof *a->by) == 0 && a->distinct == b->distinct &&
           a->steps_count == b->steps_count;
}

static void move_groups(struct table *from, struct table *to, size_t size)
{
    uint32_t cursor = 0;

    for (const void *g; (g = table_next(from, &cursor)) != NULL;)
        memcpy(table_get(to, table_key_of(g), table_last_us(g), NULL), g, size);
}

/* What was counted is kept for a scenario that is still there, in a table of the size that it would
 * have after a new start. */
static void renew(void *state, const struct detect_env *env)
{
    struct scenarios *d = state;
    const struct scenario_set *before = d->env.scenarios, *now = env->scenarios;
    struct table *groups[SCENARIOS_MAX];

    memcpy(groups, d->groups, sizeof groups);
    d->env.scenarios = now;
    d->env.signatures = env->signatures;
    set_up(d);
    for (unsigned i = 0; i < before->count; i++) {
        for (unsigned k = 0; k < now->count; k++)
            if (is_alike(&before->list[i], &now->list[k])) {
                move_groups(groups[i], d->groups[k], scenario_state_size(&now->list[k]));
                now->tally[k].counted = before->tally[i].counted;
                now->tally[k].fired = before->tally[i].fired;
                now->tally[k].late = before->tally[i].late;
            }
        table_free(groups[i]);
    }
}

static void destroy(void *state)
{
    struct scenarios *d = state;

    for (unsigned i = 0; i < SCENARIOS_MAX; i++)
        table_free(d->groups[i]);
    free(d);
}

/* ---- one event and one scenario ---- */

/* The steps that the event is. */
static uint32_t steps_of(const struct scenario *s, const struct event *ev, const struct context *cx)
{
    uint32_t steps = 0;

    for (unsigned i = 0; i < s->steps_count; i++)
        if ((s->steps[i].kinds >> ev->kind & 1) && where_holds(s->steps[i].where, ev, cx))
            steps |= 1U << i;
    return steps;
}

static bool fits(const struct scenario *s, const struct event *ev, const struct context *cx,
                 struct scenario_input *in)
{
    *in = (struct scenario_input){.time_us = ev->time_us, .repeat = ev->repeat};
    if (s->kind == SCENARIO_SEQ) {
        in->steps = steps_of(s, ev, cx);
        return in->steps != 0;
    }
    if (!where_holds(s->where, ev, cx))
        return false;
    if (s->distinct != FACT_NONE && (in->value = fact_hash(s->distinct, ev, cx)) == 0)
        return false;
    in->bad = s->bad != NULL && where_holds(s->bad, ev, cx);
    return true;
}

/* 0: a fact of the key is missing. */
static uint64_t key_of(const struct scenario *s, const struct event *ev, const struct context *cx)
{
    uint64_t key = 1;

    for (unsigned i = 0; i < s->by_count; i++) {
        uint64_t part = fact_hash(s->by[i], ev, cx);
        if (part == 0)
            return 0;
        key = hash_mix(key, part);
    }
    return key == 0 ? 1 : key;
}

static slice entity_of(const struct scenario *s, const struct event *ev, const struct context *cx,
                       struct fact_value *v, char *buf)
{
    if (s->entity == FACT_NONE)
        return event_has(ev, EF_HOST) ? event_field(ev, EF_HOST) : SLICE_LIT("site");
    if (s->entity == FACT_CLIENT)
        return correlate_principal_text(&cx->client, buf);
    fact_read(s->entity, ev, cx, v);
    return fact_type(s->entity) == FACT_TYPE_ADDRESS ? correlate_principal_text(&v->ip, buf)
                                                     : v->text;
}

/* "3 events within 600 s": what was enough. */
static slice reason_of(const struct scenario *s, double level, char *buf, size_t size)
{
    double seconds = (double)s->within_us / 1e6;

    switch (s->kind) {
    case SCENARIO_LEAKY:
        snprintf(buf, size, "%s: more than %g, of which one is forgotten every %g s", s->info.name,
                 s->capacity, (double)s->leak_us / 1e6);
        break;
    case SCENARIO_WINDOW:
        snprintf(buf, size, "%s: %u within %g s", s->info.name, s->count, seconds);
        break;
    case SCENARIO_DISTINCT:
        snprintf(buf, size, "%s: %u different %s within %g s", s->info.name, s->count,
                 fact_name(s->distinct), seconds);
        break;
    case SCENARIO_RATIO:
        snprintf(buf, size, "%s: %.0f %% within %g s", s->info.name, 100 * level, seconds);
        break;
    case SCENARIO_CUSUM:
        snprintf(buf, size, "%s: evidence %.1f of %g", s->info.name, level, s->limit);
        break;
    case SCENARIO_SEQ:
        snprintf(buf, size, "%s: %u steps%s within %g s", s->info.name, s->steps_count,
                 s->ordered ? " in this order" : "", seconds);
        break;
    default:
        snprintf(buf, size, "%s", s->info.name);
        break;
    }
    return slice_of(buf);
}

static void report(struct scenarios *d, const struct scenario *s, const struct scenario_group *g,
                   double level, const struct event *ev, const struct context *cx)
{
    struct fact_value v;
    char reason[ALERT_TEXT_MAX], text[IP_NET_TEXT];

    if (s->shadow && !d->env.unshadow)
        return;
    incident_report(d->env.incidents,
                    &(struct finding){.rule = RULE_SCENARIO,
                                      .scenario = &s->info,
                                      .advice = s->advice,
                                      .quiet_us = s->cooldown_us,
                                      .severity = s->severity,
                                      .entity_type = s->entity_type,
                                      .entity = entity_of(s, ev, cx, &v, text),
                                      .first_us = g->first_us,
                                      .time_us = ev->time_us,
                                      .observed = g->counted,
                                      .threshold = s->threshold,
                                      .unit = s->unit,
                                      .confidence = 70,
                                      .reason = reason_of(s, level, reason, sizeof reason),
                                      .ev = ev});
}

/* After it fired a group begins anew; only what the alert says of it is kept. */
static void fire(struct scenarios *d, unsigned index, struct scenario_group *g,
                 const struct event *ev, const struct context *cx)
{
    const struct scenario *s = &d->env.scenarios->list[index];
    double level = scenario_state_level(s, g);
    struct scenario_group kept = *g;

    d->env.scenarios->tally[index].fired++;
    report(d, s, g, level, ev, cx);
    scenario_state_reset(s, g);
    *g = kept;
    g->cool_us = ev->time_us + s->cooldown_us;
}

/* One more of a group that has fired a while ago. */
static void add_to_fired(struct scenarios *d, const struct scenario *s, struct scenario_group *g,
                         const struct event *ev, const struct context *cx)
{
    if (ev->time_us > g->last_us)
        g->last_us = ev->time_us;
    g->counted += g->counted < UINT32_MAX - ev->repeat ? ev->repeat : 0;
    report(d, s, g, s->kind == SCENARIO_CUSUM ? s->limit : s->share, ev, cx);
}

static void count(struct scenarios *d, unsigned index, const struct event *ev,
                  const struct context *cx)
{
    const struct scenario *s = &d->env.scenarios->list[index];
    struct scenario_tally *tally = &d->env.scenarios->tally[index];
    struct scenario_input in;
    struct scenario_group *g;
    uint64_t key;

    if (!fits(s, ev, cx, &in) || (key = key_of(s, ev, cx)) == 0)
        return;
    g = table_get(d->groups[index], key, ev->time_us, NULL);
    tally->groups_dropped = table_evictions(d->groups[index]);
    if (g->cool_us != 0 && ev->time_us < g->cool_us) {
        tally->counted++;
        if (s->bad == NULL || in.bad)
            add_to_fired(d, s, g, ev, cx);
        return;
    }
    if (g->cool_us != 0)
        scenario_state_reset(s, g);
    switch (scenario_state_add(s, g, &in)) {
    case SCENARIO_LATE:
        tally->late++;
        break;
    case SCENARIO_ENOUGH:
        tally->counted++;
        fire(d, index, g, ev, cx);
        break;
    default:
        tally->counted++;
        break;
    }
}

static void on_event(void *state, const struct event *ev, const struct context *cx)
{
    struct scenarios *d = state;

    for (unsigned i = 0; i < d->by_kind_count[ev->kind]; i++)
        count(d, d->by_kind[ev->kind][i], ev, cx);
}

/* ---- explain ---- */

static void explain_group(const struct scenarios *d, unsigned index, const struct event *ev,
                          const struct context *cx, struct outbuf *out)
{
    const struct scenario *s = &d->env.scenarios->list[index];
    uint64_t key = key_of(s, ev, cx);
    const struct scenario_group *g = key == 0 ? NULL : table_find(d->groups[index], key);
    double limit = s->kind == SCENARIO_RATIO   ? s->share
                   : s->kind == SCENARIO_CUSUM ? s->limit
                                               : s->threshold;

    if (key == 0)
        outbuf_puts(out, "fits, but a fact of \"by\" is missing");
    else if (g == NULL)
        outbuf_puts(out, "fits");
    else if (g->cool_us > ev->time_us)
        outbuf_printf(out, "fired, %s, %u %s%s", severity_name(s->severity), g->counted, s->unit,
                      s->shadow ? ", in its shadow" : "");
    else
        outbuf_printf(out, "%g of %g", scenario_state_level(s, g), limit);
}

static void explain(const void *state, const struct event *ev, const struct context *cx,
                    struct outbuf *out)
{
    const struct scenarios *d = state;
    struct scenario_input in;

    for (unsigned i = 0; i < d->by_kind_count[ev->kind]; i++) {
        unsigned index = d->by_kind[ev->kind][i];
        const struct scenario *s = &d->env.scenarios->list[index];
        outbuf_printf(out, "%s%s: ", i == 0 ? "" : "; ", s->info.id);
        if (fits(s, ev, cx, &in)) {
            explain_group(d, index, ev, cx, out);
        } else if (s->kind == SCENARIO_SEQ) {
            outbuf_puts(out, "none of its steps");
        } else if (!where_holds(s->where, ev, cx)) {
            where_explain(s->where, ev, cx, out);
        } else {
            outbuf_printf(out, "has no %s", fact_name(s->distinct));
        }
    }
}

static uint64_t evictions(const void *state)
{
    const struct scenarios *d = state;
    uint64_t sum = 0;

    for (unsigned i = 0; i < SCENARIOS_MAX && d->groups[i] != NULL; i++)
        sum += table_evictions(d->groups[i]);
    return sum;
}

static size_t bytes(const void *state)
{
    const struct scenarios *d = state;
    size_t sum = sizeof *d;

    for (unsigned i = 0; i < SCENARIOS_MAX && d->groups[i] != NULL; i++)
        sum += table_bytes(d->groups[i]);
    return sum;
}

static void persist(void *state, struct state_io *io)
{
    struct scenarios *d = state;
    unsigned count = d->env.scenarios == NULL ? 0 : d->env.scenarios->count;

    for (unsigned i = 0; i < count; i++) {
        static const struct state_hole holes[] = {STATE_HOLE(struct scenario_tally, id),
                                                  STATE_HOLE(struct scenario_tally, name),
                                                  STATE_HOLE(struct scenario_tally, shadow)};
        state_struct(io, "scenario", &d->env.scenarios->tally[i], sizeof d->env.scenarios->tally[i],
                     STATE_HOLES(holes));
        table_persist(d->groups[i], io);
    }
}

const struct detector detector_scenarios = {
    .name = "scenarios",
    .summary = "rules of thumb of this site, from files",
    .reference = "Documented in docs/signatures.md",
    .kinds = (1U << EVENT_KIND_COUNT) - 1,
    .memory_parts = 2,
    .wants = wants,
    .create = create,
    .on_event = on_event,
    .renew = renew,
    .explain = explain,
    .evictions = evictions,
    .bytes = bytes,
    .destroy = destroy,
    .persist = persist,
};
