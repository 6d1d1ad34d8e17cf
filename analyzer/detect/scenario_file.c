/* scenario_file.c - an entry of a file of scenarios, member by member
 * source:    docs/signatures.md; signatures/schema.json says the same as a JSON Schema
 * limits:    SCENARIOS_MAX scenarios in a run; durations from a second to 30 days */
#include "detect/scenario_file.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/duration.h"
#include "base/outbuf.h"
#include "base/panic.h"
#include "detect/scenario_where.h"

enum { EXAMPLE_LINES_MAX = 200, ENTRIES_MAX_MOST = 1 << 20, TITLE_MAX = 80 };
static const uint32_t entries_max_default = 32768;
#define SECOND_US ((int64_t)1000000)

static const char *const kind_names[SCENARIO_KINDS] = {"trigger", "leaky", "window", "distinct",
                                                       "ratio",   "cusum", "seq"};

const char *scenario_kind_name(enum scenario_kind kind)
{
    return kind_names[kind];
}

/* One entry on its way to a scenario. */
struct reader {
    struct scenario_set *set;
    const struct signature_entry *e;
    struct scenario *s;
    struct error *reterr;
};

static const cJSON *member(const struct reader *r, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(r->e->object, name);
}

/* ---- values ---- */

static bool read_number(struct reader *r, const char *name, double min, double max, bool whole,
                        double *ret)
{
    const cJSON *m = member(r, name);

    if (m == NULL)
        return signature_entry_error(r->e, r->reterr, "\"%s\" is missing: kind \"%s\" needs it",
                                     name, kind_names[r->s->kind]);
    *ret = cJSON_IsNumber(m) ? m->valuedouble : min - 1;
    if (*ret < min || *ret > max || (whole && *ret != (double)(int64_t)*ret))
        return signature_entry_error(r->e, r->reterr, "\"%s\" must be a %snumber from %g to %g",
                                     name, whole ? "whole " : "", min, max);
    return true;
}

static bool read_count(struct reader *r, const char *name, unsigned min, unsigned max,
                       unsigned *ret)
{
    double number;

    if (!read_number(r, name, min, max, true, &number))
        return false;
    *ret = (unsigned)number;
    return true;
}

static bool read_duration(struct reader *r, const char *name, bool needed, int64_t *ret_us)
{
    const cJSON *m = member(r, name);
    int64_t us;

    if (m == NULL && !needed)
        return true;
    if (m == NULL)
        return signature_entry_error(r->e, r->reterr, "\"%s\" is missing: kind \"%s\" needs it",
                                     name, kind_names[r->s->kind]);
    if (!cJSON_IsString(m) || !duration_parse(slice_of(m->valuestring), &us))
        return signature_entry_error(
            r->e, r->reterr,
            "\"%s\" must be a time from 1s to 30d, such as \"90s\", \"10m\", "
            "\"2h\", \"1d\"",
            name);
    *ret_us = us;
    return true;
}

static bool read_flag(struct reader *r, const char *name, bool *ret)
{
    const cJSON *m = member(r, name);

    if (m == NULL)
        return true;
    *ret = cJSON_IsTrue(m);
    return cJSON_IsBool(m) ||
           signature_entry_error(r->e, r->reterr, "\"%s\" must be true or false", name);
}

static bool read_words(struct reader *r, const char *name, size_t max, bool needed,
                       const char **ret)
{
    slice text;

    if (!needed && member(r, name) == NULL)
        return true;
    if (!signature_entry_text(r->e, name, 3, &text, r->reterr))
        return false;
    if (text.len > max)
        return signature_entry_error(r->e, r->reterr, "\"%s\" must be a text of 3 to %zu bytes",
                                     name, max);
    for (size_t i = 0; i < text.len; i++)
        if ((unsigned char)text.ptr[i] < ' ' || text.ptr[i] == 0x7f)
            return signature_entry_error(
                r->e, r->reterr, "\"%s\" must be on one line, without control characters", name);
    *ret = text.ptr;
    return true;
}

/* ---- what it is called ---- */

static bool is_id(slice id)
{
    for (size_t i = 0; i < id.len; i++) {
        char c = id.ptr[i];
        bool upper = c >= 'A' && c <= 'Z', other = (c >= '0' && c <= '9') || c == '-';
        if (!upper && (!other || i == 0))
            return false;
    }
    return id.len >= 3 && id.len <= 40;
}

static bool read_id(struct reader *r)
{
    slice id;

    if (!signature_entry_text(r->e, "id", 1, &id, r->reterr))
        return false;
    if (!is_id(id))
        return signature_entry_error(r->e, r->reterr,
                                     "\"id\" must be 3 to 40 of A-Z, 0-9 and \"-\", a letter "
                                     "first, such as LOCAL-RELAY-1");
    if (slice_starts(id, SLICE_LIT("RW-")))
        return signature_entry_error(r->e, r->reterr,
                                     "\"id\" must not begin with RW-, which the built-in rules "
                                     "have; LOCAL- is a good beginning");
    for (unsigned i = 0; i < r->set->count; i++)
        if (slice_eq(id, slice_of(r->set->list[i].info.id)))
            return signature_entry_error(r->e, r->reterr, "\"id\" is that of another scenario");
    r->s->info.id = id.ptr;
    return true;
}

static bool read_names(struct reader *r)
{
    static const char *const severities[] = {"info", "low", "medium", "high", "critical"};
    struct rule_info *info = &r->s->info;
    unsigned n;

    *info = *rule_info(RULE_SCENARIO);
    if (!read_id(r) || !read_words(r, "title", TITLE_MAX, true, &info->name))
        return false;
    info->description = info->name;
    if (!read_words(r, "description", SIGNATURE_TEXT_MAX, false, &info->description) ||
        !read_words(r, "advice", SIGNATURE_TEXT_MAX, false, &r->s->advice) ||
        !signature_entry_choice(r->e, "severity", severities, SEVERITY_COUNT, &n, r->reterr))
        return false;
    r->s->severity = (enum severity)n;
    return true;
}

/* ---- which events ---- */

static bool kind_error(struct reader *r, const char *name, const cJSON *value)
{
    char allowed[300] = "";
    size_t used = 0;

    for (unsigned i = 0; i < EVENT_KIND_COUNT && used < sizeof allowed; i++)
        used += (size_t)snprintf(allowed + used, sizeof allowed - used, "%s%s",
                                 used == 0 ? "" : ", ", event_kind_name((enum event_kind)i));
    if (value != NULL && cJSON_IsString(value))
        return signature_entry_error(r->e, r->reterr, "\"%s\" has \"%.40s\"; allowed: %s", name,
                                     value->valuestring, allowed);
    return signature_entry_error(
        r->e, r->reterr, "\"%s\" must be a list of kinds of events; allowed: %s", name, allowed);
}

static bool read_kinds(struct reader *r, const char *name, const cJSON *list, uint32_t *ret)
{
    const cJSON *m;

    if (!cJSON_IsArray(list) || list->child == NULL)
        return kind_error(r, name, NULL);
    cJSON_ArrayForEach(m, list)
    {
        unsigned i = 0;
        while (i < EVENT_KIND_COUNT &&
               (!cJSON_IsString(m) ||
                strcmp(m->valuestring, event_kind_name((enum event_kind)i)) != 0))
            i++;
        if (i == EVENT_KIND_COUNT)
            return kind_error(r, name, m);
        *ret |= 1U << i;
    }
    return true;
}

static bool read_events(struct reader *r)
{
    return read_kinds(r, "events", member(r, "events"), &r->s->kinds) &&
           where_compile(r->set, r->e, member(r, "where"), "where", r->s->kinds, &r->s->where,
                         r->reterr);
}

static bool read_step(struct reader *r, const cJSON *step, unsigned number)
{
    char name[24], events[32], where[32];
    struct scenario_step *to = &r->s->steps[number];
    const cJSON *m;

    snprintf(name, sizeof name, "steps %u", number + 1);
    snprintf(events, sizeof events, "%s events", name);
    snprintf(where, sizeof where, "%s where", name);
    if (!cJSON_IsObject(step))
        return signature_entry_error(r->e, r->reterr,
                                     "\"%s\" must be {\"events\": [..], \"where\": {..}}", name);
    cJSON_ArrayForEach(m, step)
    {
        if (strcmp(m->string, "events") != 0 && strcmp(m->string, "where") != 0)
            return signature_entry_error(r->e, r->reterr,
                                         "\"%s\": unknown member \"%.40s\"; allowed: events, where",
                                         name, m->string);
    }
    if (!read_kinds(r, events, cJSON_GetObjectItemCaseSensitive(step, "events"), &to->kinds) ||
        !where_compile(r->set, r->e, cJSON_GetObjectItemCaseSensitive(step, "where"), where,
                       to->kinds, &to->where, r->reterr))
        return false;
    r->s->kinds |= to->kinds;
    return true;
}

static bool read_steps(struct reader *r)
{
    const cJSON *list = member(r, "steps"), *step;
    int count = cJSON_GetArraySize(list);

    if (!cJSON_IsArray(list) || count < 2 || count > SCENARIO_STEPS_MAX)
        return signature_entry_error(r->e, r->reterr,
                                     "\"steps\" must be a list of 2 to %d steps [{\"events\": "
                                     "[..], \"where\": {..}}, ..]",
                                     SCENARIO_STEPS_MAX);
    cJSON_ArrayForEach(step, list)
    {
        if (!read_step(r, step, r->s->steps_count))
            return false;
        r->s->steps_count++;
    }
    return true;
}

/* ---- by whom ---- */

/* The kind of entity that a fact names; -1 when it is none. */
static int entity_of(enum fact fact)
{
    switch (fact) {
    case FACT_CLIENT:
    case FACT_REMOTE:
        return ENTITY_IP;
    case FACT_CLIENT_NETWORK:
        return ENTITY_NETWORK;
    case FACT_USER:
        return ENTITY_USER;
    case FACT_SENDER:
    case FACT_RCPT:
    case FACT_ORIG_RCPT:
        return ENTITY_ADDRESS;
    case FACT_SENDER_DOMAIN:
    case FACT_RCPT_DOMAIN:
        return ENTITY_DOMAIN;
    case FACT_HOST:
    case FACT_CLIENT_NAME:
    case FACT_RELAY:
    case FACT_HELO:
        return ENTITY_HOST;
    default:
        return -1;
    }
}

/* Every kind of event that is counted must be able to have the fact. */
static bool read_fact(struct reader *r, const char *name, const cJSON *value, enum fact *ret)
{
    const char *text = cJSON_GetStringValue(value);
    char allowed[700] = "";
    size_t used = 0;

    *ret = text == NULL ? FACT_NONE : fact_find(slice_of(text));
    if (*ret != FACT_NONE && (r->s->kinds & ~fact_kinds(*ret)) == 0)
        return true;
    for (unsigned i = FACT_NONE + 1; i < FACT_COUNT && used < sizeof allowed; i++)
        if ((r->s->kinds & ~fact_kinds((enum fact)i)) == 0)
            used += (size_t)snprintf(allowed + used, sizeof allowed - used, "%s%s",
                                     used == 0 ? "" : ", ", fact_name((enum fact)i));
    return signature_entry_error(
        r->e, r->reterr, "\"%s\": \"%.40s\" %s; allowed: %s", name, text == NULL ? "" : text,
        *ret == FACT_NONE ? "is no fact" : "is not in all of these events", allowed);
}

static bool read_entity(struct reader *r)
{
    const cJSON *m = member(r, "entity");
    const char *text = cJSON_GetStringValue(m);
    struct scenario *s = r->s;

    s->entity_type = ENTITY_HOST;
    for (unsigned i = 0; i < s->by_count; i++) {
        if (entity_of(s->by[i]) < 0 || s->entity != FACT_NONE)
            continue;
        if (text == NULL || strcmp(text, fact_name(s->by[i])) == 0)
            s->entity = s->by[i];
    }
    if (s->entity != FACT_NONE)
        s->entity_type = (enum entity_type)entity_of(s->entity);
    if (m == NULL || s->entity != FACT_NONE)
        return true;
    return signature_entry_error(r->e, r->reterr,
                                 "\"entity\" must be one of \"by\" that names somebody: client, "
                                 "client_network, client_name, user, sender, sender_domain, rcpt, "
                                 "rcpt_domain, relay, remote, host, helo");
}

static bool read_by(struct reader *r)
{
    const cJSON *list = member(r, "by"), *m;

    if (list != NULL && (!cJSON_IsArray(list) || cJSON_GetArraySize(list) > SCENARIO_KEYS_MAX))
        return signature_entry_error(r->e, r->reterr,
                                     "\"by\" must be a list of at most %d facts, such as "
                                     "[\"client\"]",
                                     SCENARIO_KEYS_MAX);
    cJSON_ArrayForEach(m, list)
    {
        if (!read_fact(r, "by", m, &r->s->by[r->s->by_count]))
            return false;
        r->s->by_count++;
    }
    return read_entity(r);
}

static bool read_distinct(struct reader *r, bool needed)
{
    const cJSON *m = member(r, "distinct");

    if (m == NULL && !needed)
        return true;
    return read_fact(r, "distinct", m, &r->s->distinct);
}

/* ---- how it counts ---- */

static bool read_bad(struct reader *r)
{
    const cJSON *m = member(r, "bad");

    if (m == NULL)
        return signature_entry_error(r->e, r->reterr, "\"bad\" is missing: kind \"%s\" needs it",
                                     kind_names[r->s->kind]);
    return where_compile(r->set, r->e, m, "bad", r->s->kinds, &r->s->bad, r->reterr);
}

static bool read_trigger(struct reader *r)
{
    r->s->unit = "events";
    r->s->threshold = 1;
    return true;
}

static bool read_leaky(struct reader *r)
{
    struct scenario *s = r->s;

    if (!read_number(r, "capacity", 1, 1000000, true, &s->capacity) ||
        !read_duration(r, "leak", true, &s->leak_us) || !read_distinct(r, false))
        return false;
    s->unit = "events";
    s->threshold = s->capacity + 1;
    return true;
}

static bool read_window(struct reader *r)
{
    struct scenario *s = r->s;

    if (!read_count(r, "count", 2, SCENARIO_COUNT_MAX, &s->count) ||
        !read_duration(r, "within", true, &s->within_us))
        return false;
    s->unit = "events";
    s->threshold = s->count;
    return true;
}

static bool read_values(struct reader *r)
{
    if (!read_distinct(r, true) || !read_window(r))
        return false;
    return true;
}

static bool read_ratio(struct reader *r)
{
    struct scenario *s = r->s;

    if (!read_bad(r) || !read_number(r, "share", 0.01, 1, false, &s->share) ||
        !read_count(r, "min", 2, 1000000, &s->count) ||
        !read_duration(r, "within", true, &s->within_us))
        return false;
    if (s->within_us < SCENARIO_SLOTS * SECOND_US)
        return signature_entry_error(r->e, r->reterr,
                                     "\"within\" must be at least 12s for kind "
                                     "\"ratio\"");
    s->unit = "events";
    s->threshold = s->count;
    return true;
}

static bool read_cusum(struct reader *r)
{
    struct scenario *s = r->s;
    double p0, p1;
    int64_t half_life_us = 0;

    s->count = 1;
    if (!read_bad(r) || !read_number(r, "p0", 0.0001, 0.9999, false, &p0) ||
        !read_number(r, "p1", 0.0001, 0.9999, false, &p1) ||
        !read_number(r, "threshold", 0.1, 1000, false, &s->limit) ||
        !read_duration(r, "half_life", false, &half_life_us) || !read_distinct(r, false))
        return false;
    if (p1 <= p0)
        return signature_entry_error(r->e, r->reterr,
                                     "\"p1\", the share of bad ones of a bad source, must be "
                                     "larger than \"p0\", that of a good one");
    if (member(r, "min") != NULL && !read_count(r, "min", 1, 1000000, &s->count))
        return false;
    s->half_life_us = (double)half_life_us;
    s->llr = bernoulli_llr_of(p0, p1);
    s->unit = "events";
    s->threshold = s->count;
    return true;
}

static bool read_seq(struct reader *r)
{
    struct scenario *s = r->s;

    s->ordered = true;
    if (!read_flag(r, "ordered", &s->ordered) || !read_duration(r, "within", true, &s->within_us))
        return false;
    s->unit = "events";
    s->threshold = s->steps_count;
    return true;
}

static const struct {
    bool (*read)(struct reader *r);
    const char *members[10]; /* beside the common ones */
} kinds[SCENARIO_KINDS] = {
    [SCENARIO_TRIGGER] = {read_trigger, {"events", "where"}},
    [SCENARIO_LEAKY] = {read_leaky, {"events", "where", "capacity", "leak", "distinct"}},
    [SCENARIO_WINDOW] = {read_window, {"events", "where", "count", "within"}},
    [SCENARIO_DISTINCT] = {read_values, {"events", "where", "distinct", "count", "within"}},
    [SCENARIO_RATIO] = {read_ratio, {"events", "where", "bad", "share", "min", "within"}},
    [SCENARIO_CUSUM] = {read_cusum,
                        {"events", "where", "bad", "p0", "p1", "threshold", "half_life", "min",
                         "distinct"}},
    [SCENARIO_SEQ] = {read_seq, {"steps", "within", "ordered"}},
};

static const char *const common[] = {"id",     "title",  "description", "severity", "kind",
                                     "by",     "entity", "cooldown",    "shadow",   "entries_max",
                                     "advice", "source", "match",       "nomatch"};

/* The kind first: it says which members there may be. */
static bool read_kind(struct reader *r)
{
    const char *names[sizeof common / sizeof common[0] + 11];
    unsigned n = 0, kind;

    if (!cJSON_IsObject(r->e->object))
        return signature_entry_error(r->e, r->reterr, "is not an object {...}");
    if (!signature_entry_choice(r->e, "kind", kind_names, SCENARIO_KINDS, &kind, r->reterr))
        return false;
    r->s->kind = (enum scenario_kind)kind;
    for (size_t i = 0; i < 10 && kinds[kind].members[i] != NULL; i++)
        names[n++] = kinds[kind].members[i];
    for (size_t i = 0; i < sizeof common / sizeof common[0]; i++)
        names[n++] = common[i];
    names[n] = NULL;
    return signature_entry_members(r->e, names, r->reterr);
}

static bool read_rest(struct reader *r)
{
    struct scenario *s = r->s;
    double entries = entries_max_default;
    const char *source;

    s->cooldown_us = 1800 * SECOND_US;
    if (!read_duration(r, "cooldown", false, &s->cooldown_us) ||
        !read_flag(r, "shadow", &s->shadow) ||
        !read_words(r, "source", SIGNATURE_TEXT_MAX, false, &source))
        return false;
    if (member(r, "entries_max") != NULL &&
        !read_number(r, "entries_max", 16, ENTRIES_MAX_MOST, true, &entries))
        return false;
    s->entries_max = (uint32_t)entries;
    return true;
}

static bool check_example(void *arg, const struct signature_entry *e, const char *name,
                          unsigned number, bool fires, slice lines, struct error *reterr)
{
    unsigned *count = arg;

    (void)e;
    (void)name;
    (void)number;
    (void)lines;
    (void)reterr;
    *count += fires;
    return true;
}

static bool read_examples(struct reader *r)
{
    unsigned fires = 0;

    if (!scenario_examples(r->e, check_example, &fires, r->reterr))
        return false;
    return fires > 0 || signature_entry_error(r->e, r->reterr,
                                              "\"match\" must have at least one list of log "
                                              "lines that the scenario fires on");
}

static bool read_entry(struct reader *r)
{
    if (!read_kind(r) || !read_names(r))
        return false;
    if (!(r->s->kind == SCENARIO_SEQ ? read_steps(r) : read_events(r)))
        return false;
    return read_by(r) && kinds[r->s->kind].read(r) && read_rest(r) && read_examples(r);
}

static bool keep_entry(void *arg, const struct signature_entry *e, unsigned from, unsigned index,
                       struct error *reterr)
{
    struct scenario_set *set = arg;
    struct reader r = {set, e, &set->list[index], reterr};

    (void)from;
    if (index == SCENARIOS_MAX)
        return signature_entry_error(e, reterr, "there are more than %d scenarios", SCENARIOS_MAX);
    if (!read_entry(&r))
        return false;
    set->tally[index] =
        (struct scenario_tally){.id = r.s->info.id, .name = r.s->info.name, .shadow = r.s->shadow};
    set->count = index + 1;
    return true;
}

struct scenario_set *scenarios_load(const struct signature_set *files, struct error *reterr)
{
    struct scenario_set *set = panic_calloc(1, sizeof *set);

    if (signature_set_count(files, SIGNATURE_SCENARIOS) == 0)
        return set; /* most runs have none: then nothing is kept for them */
    set->list = panic_calloc(SCENARIOS_MAX, sizeof *set->list);
    set->tally = panic_calloc(SCENARIOS_MAX, sizeof *set->tally);
    where_pools_new(set);
    return signature_set_each(files, SIGNATURE_SCENARIOS, keep_entry, set, reterr)
               ? set
               : scenarios_free(set);
}

struct scenario_set *scenarios_free(struct scenario_set *set)
{
    if (set == NULL)
        return NULL;
    where_pools_free(set);
    free(set->list);
    free(set->tally);
    free(set);
    return NULL;
}

/* ---- examples ---- */

static bool example_error(const struct signature_entry *e, const char *name, struct error *reterr)
{
    return signature_entry_error(e, reterr,
                                 "\"%s\" must be a list of examples, each a list of 1 to %d log "
                                 "lines of at most 2000 bytes: [[\"line\", \"line\"], ..]",
                                 name, EXAMPLE_LINES_MAX);
}

static bool join_lines(const cJSON *example, struct outbuf *out)
{
    const cJSON *line;
    int count = cJSON_GetArraySize(example);

    outbuf_clear(out);
    if (!cJSON_IsArray(example) || count < 1 || count > EXAMPLE_LINES_MAX)
        return false;
    cJSON_ArrayForEach(line, example)
    {
        slice text = slice_of(cJSON_GetStringValue(line));
        if (text.len == 0 || text.len > 2000 || slice_find_byte(text, '\n') < text.len)
            return false;
        outbuf_put(out, text);
        outbuf_putc(out, '\n');
    }
    return true;
}

bool scenario_examples(const struct signature_entry *e,
                       bool (*take)(void *arg, const struct signature_entry *e, const char *name,
                                    unsigned number, bool fires, slice lines, struct error *reterr),
                       void *arg, struct error *reterr)
{
    static const char *const names[] = {"nomatch", "match"};
    struct outbuf lines;
    bool ok = true;

    outbuf_init(&lines, (size_t)EXAMPLE_LINES_MAX * 2001);
    for (unsigned i = 0; ok && i < 2; i++) {
        const cJSON *list = cJSON_GetObjectItemCaseSensitive(e->object, names[i]), *example;
        unsigned number = 0;
        ok = list == NULL || cJSON_IsArray(list) || example_error(e, names[i], reterr);
        for (example = list == NULL ? NULL : list->child; ok && example != NULL;
             example = example->next) {
            ok = join_lines(example, &lines) || example_error(e, names[i], reterr);
            ok = ok && take(arg, e, names[i], ++number, i == 1, outbuf_slice(&lines), reterr);
        }
    }
    outbuf_fini(&lines);
    return ok;
}
