/* pipeline.c - THE MAP: how one log line becomes an alert
 *
 *   log_stream   inputs -> records in event time            input/, parsers/envelope.c, reorder.c
 *   parser       record -> events                           parsers/
 *   (with two threads these are one, the rest another)      parse_ahead.c
 *   correlate    event  -> context (who, whom, why)         correlate/, match/
 *   marks        event  -> patterns that caught its client  correlate/marks.c, match/
 *   originators  event  -> top tables                       correlate/originators.c
 *   hygiene      event  -> counts for the scorecard         correlate/hygiene.c, alert/scorecard.c
 *   timeline     event  -> counts over time                 correlate/timeline.c
 *   detectors    event  -> findings                         detect/, one file a detector
 *   incidents    finding -> alerts                          alert/
 *   sinks        alert, summary -> bytes                    sinks.c, output/
 *
 * source: the design's flow; event time only, the wall clock never reaches this file but as now_us
 * limits: memory is divided once at the start, see divide_memory(); what a run says of itself is
 *         pipeline_report.c */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/panic.h"
#include "pipeline_parts.h"

static const size_t FIXED_BYTES = 5 << 20;
static const int64_t minute_us = 60 * 1000000;
/* Block lists of followed logs are written anew after so long: with news, without. */
static const int64_t lists_news_us = 10 * 1000000, lists_age_us = 60 * (int64_t)60 * 1000000;
/* Lines arrive so much later than their time says. */
static const int64_t idle_slack_us = 5 * 1000000;
/* A jump ahead by more than this moves the clock only when the next line confirms it. */
static const int64_t wild_jump_us = (int64_t)7 * 86400 * 1000000;

/* ---- stages ---- */

static const char *input_name(void *arg, uint32_t source)
{
    struct pipeline *p = arg;
    return log_stream_source_name(p->stream, source);
}

static const char *mta_name(void *arg)
{
    struct pipeline *p = arg;
    return p->parser == NULL ? "" : p->parser->name;
}

static const struct rule_info *scenario_of(void *arg, slice id)
{
    const struct pipeline *p = arg;

    for (unsigned i = 0; i < p->scenarios->count; i++)
        if (slice_eq(slice_of(p->scenarios->list[i].info.id), id))
            return &p->scenarios->list[i].info;
    return NULL;
}

static const struct alert_mark *mark_of(void *arg, slice id)
{
    const struct pipeline *p = arg;

    for (unsigned i = 0; i < patterns_count(p->signatures->patterns); i++)
        if (slice_eq(slice_of(p->alert_marks[i].id), id))
            return &p->alert_marks[i];
    return NULL;
}

static void emit_alert(void *arg, const struct alert *alert)
{
    struct pipeline *p = arg;

    progress_clear(&p->progress);
    sinks_alert(p->sinks, alert);
    if (p->watch.alert != NULL)
        p->watch.alert(p->watch.arg, alert);
}

/* The present event may be of another server than the one before. */
static void note_turn(void *arg, const struct event *ev)
{
    struct pipeline *p = arg;

    servers_turn(p->servers, ev, p->parser, p->event_us);
    p->event_parser = p->parser;
    p->event_source = ev->pos.source;
}

struct alert_mark *pipeline_describe_marks(struct pipeline *p)
{
    const struct patterns *patterns = p->signatures->patterns;
    struct alert_mark *before = p->alert_marks;

    p->alert_marks = panic_calloc(PATTERNS_MAX, sizeof *p->alert_marks);
    for (unsigned i = 0; i < patterns_count(patterns); i++) {
        const struct pattern_info *info = patterns_info(patterns, i);
        p->alert_marks[i] = (struct alert_mark){
            info->id, info->title, pattern_meaning_name(info->meaning), info->severity};
    }
    return before;
}

/* Which of them the client of the present event was caught by. */
static unsigned marks_of_client(void *arg, const struct alert_mark **ret)
{
    const struct pipeline *p = arg;
    const struct pattern_bits *bits = marks_of(p->marks, p->client_hash);
    unsigned n = 0;

    for (unsigned i = 0; bits != NULL && i < PATTERNS_MAX && n < ALERT_MARKS_MAX; i++)
        if (pattern_bits_has(bits, i))
            ret[n++] = &p->alert_marks[i];
    return n;
}

struct shares {
    uint32_t messages, sessions, incidents;
    size_t detectors, tally, asides;
};

/* The budget is for the memory of the process that is its own. What is there before the first table
 * (wordings, top tables, windows) comes off first. Of the rest, in seventeenths, eight are for the
 * detectors, three for messages, four for the tally of who came lately, one for sessions, one for
 * incidents, of that a quarter for what was told of those that gave way; the ids of messages that
 * several logs tell live in what tables of messages leave untouched. */
static struct shares divide_memory(size_t memory)
{
    size_t budget = memory < 2 * FIXED_BYTES ? memory / 2 : memory - FIXED_BYTES;
    size_t part = budget / 17;
    struct shares s;

    s.messages = (uint32_t)(3 * part / (sizeof(struct message) + 40));
    s.sessions = (uint32_t)(part / (sizeof(struct session) + 40));
    s.incidents = (uint32_t)(part / 4 * 3 / (sizeof(struct alert) + 64));
    s.detectors = 8 * part;
    s.tally = 4 * part;
    s.asides = part / 4;
    return s;
}

static uint32_t kinds_wanted(const struct detector *d, const struct detect_env *env)
{
    return d->wants == NULL ? d->kinds : d->wants(env);
}

static unsigned parts_wanted(const struct detect_env *env)
{
    unsigned parts = 0;

    for (unsigned i = 0; i < detectors_count(); i++)
        if (kinds_wanted(detector_at(i), env) != 0)
            parts += detector_at(i)->memory_parts;
    return parts;
}

static void *find_detector(const struct pipeline_detector *list, unsigned count,
                           const struct detector *d)
{
    for (unsigned i = 0; i < count; i++)
        if (list[i].detector == d)
            return list[i].state;
    return NULL;
}

static void list_detector(struct pipeline *p, const struct pipeline_detector *a, uint32_t kinds,
                          unsigned *fill, unsigned *warm)
{
    for (unsigned kind = 0; kind < EVENT_KIND_COUNT; kind++) {
        if (!(kinds >> kind & 1))
            continue;
        p->by_kind[kind][fill[kind]++] = *a;
        if (a->detector->warm != NULL)
            p->warm[kind][warm[kind]++] = *a;
    }
}

/* Always in the order of the table, which is that of a state as well. */
void pipeline_start_detectors(struct pipeline *p)
{
    unsigned fill[EVENT_KIND_COUNT] = {0}, warm[EVENT_KIND_COUNT] = {0};
    unsigned before_count = p->detectors_count;
    struct pipeline_detector before[DETECTORS_MAX];

    ASSERT(detectors_count() <= DETECTORS_MAX);
    if (p->detector_parts == 0)
        p->detector_parts = parts_wanted(&p->env);
    ASSERT(p->detector_parts > 0);
    p->other_layout = p->detector_parts != parts_wanted(&p->env);
    memcpy(before, p->detectors, sizeof before);
    memset(p->by_kind, 0, sizeof p->by_kind);
    memset(p->warm, 0, sizeof p->warm);
    p->detectors_count = 0;
    for (unsigned i = 0; i < detectors_count(); i++) {
        const struct detector *d = detector_at(i);
        struct pipeline_detector a = {d, find_detector(before, before_count, d)};
        uint32_t kinds = kinds_wanted(d, &p->env);
        struct detect_env env = p->env;
        if (kinds == 0 && a.state == NULL)
            continue;
        env.memory_bytes = env.memory_bytes / p->detector_parts * d->memory_parts;
        if (a.state == NULL)
            a.state = d->create(&env);
        p->detectors[p->detectors_count++] = a;
        list_detector(p, &a, kinds, fill, warm);
    }
}

/* ---- going on after a restart ---- */

/* The pipeline's own figures. */
static void persist_figures(struct pipeline *p, struct state_io *io)
{
    int64_t times[] = {p->clock_us, p->next_tick_us, p->wild_us, p->first_us, p->read_us};
    uint64_t counts[] = {p->events, p->parsed, p->parser_skipped, p->repeats, p->wild};

    state_bytes(io, "times", times, sizeof times, 1);
    state_bytes(io, "counts", counts, sizeof counts, 1);
    state_bytes(io, "mta", p->mta, sizeof p->mta, 1);
    state_bytes(io, "host", p->host, sizeof p->host, 1);
    state_bytes(io, "pressure", &p->pressure, sizeof p->pressure, 1);
    p->clock_us = times[0];
    p->next_tick_us = times[1];
    p->wild_us = times[2];
    p->first_us = times[3];
    p->read_us = times[4];
    p->events = counts[0];
    p->parsed = counts[1];
    p->parser_skipped = counts[2];
    p->repeats = counts[3];
    p->wild = counts[4];
}

/* Everything, always in this order. */
static void persist(struct pipeline *p, struct state_io *io)
{
    persist_figures(p, io);
    zones_persist(p->config->zones, io);
    log_stream_persist(p->stream, io);
    incidents_persist(p->incidents, io);
    relay_board_persist(p->board, io);
    servers_persist(p->servers, p->event_us, io);
    originators_persist(p->originators, io);
    hygiene_persist(p->hygiene, io);
    timeline_persist(p->timeline, io);
    correlate_persist(p->correlate, io);
    marks_persist(p->marks, io);
    relay_tests_persist(p->tests, io);
    tally_persist(p->tally, io);
    for (unsigned i = 0; i < p->detectors_count; i++)
        if (p->detectors[i].detector->persist != NULL)
            p->detectors[i].detector->persist(p->detectors[i].state, io);
}

static struct state_facts facts_of(const struct pipeline *p)
{
    return (struct state_facts){.config = p->config->fingerprint ^ p->other_layout,
                                .key = p->config->hash_key};
}

/* False with *reterr when what was read fits no structure: the pipeline cannot be used. A state
 * that is refused as a whole is a warning, and the run begins with nothing. */
static bool restore(struct pipeline *p, bool must, struct error *reterr)
{
    const struct state_facts facts = facts_of(p);
    struct error error = {0};
    char text[sizeof error.text + 32];
    struct state_io *io = state_load(p->config->state_path, &facts, &error);

    log_stream_keep_positions(p->stream);
    if (io != NULL) {
        persist(p, io);
        return state_close(io, reterr);
    }
    if (must && error.code == ERROR_NONE)
        error_set(&error, ERROR_INPUT, "state %s: there is none", p->config->state_path);
    if (must)
        return error_set(reterr, error.code, "%s", error.text);
    if (error.code != ERROR_NONE) {
        snprintf(text, sizeof text, "%s; beginning anew", error.text);
        sinks_warn(p->sinks, text);
    }
    return true;
}

bool pipeline_save(struct pipeline *p, struct error *reterr)
{
    const struct state_facts facts = facts_of(p);
    struct state_io *io;

    sinks_sync(p->sinks);
    io = state_save(p->config->state_path, &facts, reterr);
    if (io == NULL)
        return false;
    persist(p, io);
    return state_close(io, reterr);
}

void pipeline_merge(struct pipeline *p, struct pipeline *from)
{
    incidents_merge(p->incidents, from->incidents);
    relay_board_merge(p->board, from->board);
    servers_merge(p->servers, from->servers);
    originators_merge(p->originators, from->originators);
    timeline_merge(p->timeline, from->timeline);
    correlate_merge(p->correlate, from->correlate);
    log_stream_merge(p->stream, from->stream);
    p->events += from->events;
    p->parsed += from->parsed;
    p->parser_skipped += from->parser_skipped;
    p->repeats += from->repeats;
    p->wild += from->wild;
    if (from->first_us != 0 && (p->first_us == 0 || from->first_us < p->first_us))
        p->first_us = from->first_us;
    p->clock_us = from->clock_us > p->clock_us ? from->clock_us : p->clock_us;
}

/* ---- set-up ---- */

/* What may be wrong: files of signatures, and outputs. False with *reterr. */
static bool open_files(struct pipeline *p, struct error *reterr)
{
    p->signatures_hash = signature_set_hash(p->config->signatures);
    p->signatures = signatures_load(p->config->signatures, reterr);
    if (p->signatures != NULL)
        p->scenarios = scenarios_load(p->signatures->files, reterr);
    if (p->scenarios != NULL && policy_load(p->signatures->files, &p->policy, reterr))
        p->sinks = sinks_new(p->config, reterr);
    return p->sinks != NULL;
}

/* Everything between an event and the detectors. */
static void start_correlation(struct pipeline *p, const struct shares *shares)
{
    const struct config *config = p->config;

    p->correlate = correlate_new(&(struct correlate_config){.key = config->hash_key,
                                                            .zones = config->zones,
                                                            .signatures = p->signatures,
                                                            .messages = shares->messages,
                                                            .sessions = shares->sessions});
    p->originators = originators_new(TOP_K);
    p->hygiene = hygiene_new();
    p->timeline = timeline_new();
    p->board = relay_board_new();
    p->servers = servers_new(&(struct servers_config){.key = config->hash_key,
                                                      .correlate = p->correlate,
                                                      .events = &p->events,
                                                      .source_name = input_name,
                                                      .source_arg = p});
    correlate_on_turn(p->correlate, note_turn, p);
    relay_board_mirror(p->board, servers_board, p->servers);
    p->marks = marks_new(p->signatures->patterns, sinks_warn, p->sinks);
    (void)pipeline_describe_marks(p);
    p->tests = relay_tests_new(p->signatures->testers, p->board);
}

/* A second thread that reads and parses. Where there is one only, and unpacking is most of the
 * work, it is better used there. */
static bool take_thread(const struct pipeline_options *options)
{
    unsigned *left = options->inputs->how.threads_left;

    if (options->follow != NULL || options->watch != NULL || left == NULL ||
        *left < (options->inputs->slow ? 2U : 1U) || !options->inputs->size_known)
        return false;
    --*left;
    return true;
}

struct geo_config pipeline_geo(const struct pipeline *p)
{
    return (struct geo_config){.city = p->config->geoip_city,
                               .country = p->config->geoip_country,
                               .as = p->config->geoip_asn,
                               .warn = sinks_warn,
                               .warn_arg = p->sinks,
                               .may_change = p->service != NULL};
}

static void start_incidents(struct pipeline *p, const struct shares *shares)
{
    const struct config *config = p->config;
    const struct geo_config geo = pipeline_geo(p);

    p->geo = geo_open(&geo);
    p->incidents = incidents_new(&(struct incident_config){.key = config->hash_key,
                                                           .capacity = shares->incidents,
                                                           .aside_bytes = shares->asides,
                                                           .tenant = "default",
                                                           .emit = emit_alert,
                                                           .emit_arg = p,
                                                           .source_name = input_name,
                                                           .source_arg = p,
                                                           .mta_name = mta_name,
                                                           .mta_arg = p,
                                                           .scenario = scenario_of,
                                                           .scenario_arg = p,
                                                           .geo = p->geo,
                                                           .marks = marks_of_client,
                                                           .mark = mark_of,
                                                           .marks_arg = p});
}

struct pipeline *pipeline_new(const struct pipeline_options *options, struct error *reterr)
{
    const struct config *config = options->config;
    struct pipeline *p = panic_calloc(1, sizeof *p);
    struct shares shares = divide_memory(config->memory_bytes);

    p->config = config;
    if (options->watch != NULL)
        p->watch = *options->watch;
    p->service = options->service;
    p->service_arg = options->service_arg;
    p->may_read_ahead = take_thread(options);
    if (!open_files(p, reterr))
        return pipeline_free(p);
    p->stream = log_stream_new(config, options->inputs, options->now_us, options->max_read);
    log_stream_on_warning(p->stream, sinks_warn, p->sinks);
    log_stream_on_passed(p->stream, p->watch.passed, p->watch.arg);
    start_correlation(p, &shares);
    start_incidents(p, &shares);
    p->tally = tally_new(shares.tally);
    p->env = (struct detect_env){.key = config->hash_key,
                                 .incidents = p->incidents,
                                 .board = p->board,
                                 .tests = p->tests,
                                 .messages = correlate_messages(p->correlate),
                                 .zones = config->zones,
                                 .honey_users = config->honey_users,
                                 .signatures = p->signatures,
                                 .scenarios = p->scenarios,
                                 .policy = &p->policy,
                                 .unshadow = options->unshadow,
                                 .geo = p->geo,
                                 .memory_bytes = shares.detectors,
                                 .tally = p->tally};
    pipeline_start_detectors(p);
    state_pressure_init(&p->pressure, (uint64_t)shares.messages + shares.sessions);
    progress_init(&p->progress, 2, config->quiet ? PROGRESS_NEVER : config->progress,
                  options->inputs->size_known ? options->inputs->size_bytes : 0);
    p->clock_us = p->wild_us = p->read_us = INT64_MIN;
    if (config->state_path != NULL && !restore(p, options->must_restore, reterr))
        return pipeline_free(p);
    if (options->follow != NULL)
        log_stream_follow(p->stream, options->follow, config->from_end);
    return p;
}

struct pipeline *pipeline_free(struct pipeline *p)
{
    if (p == NULL)
        return NULL;
    for (unsigned i = 0; i < p->detectors_count; i++)
        p->detectors[i].detector->destroy(p->detectors[i].state);
    tally_free(p->tally);
    incidents_free(p->incidents);
    relay_board_free(p->board);
    servers_free(p->servers);
    relay_tests_free(p->tests);
    marks_free(p->marks);
    originators_free(p->originators);
    hygiene_free(p->hygiene);
    timeline_free(p->timeline);
    correlate_free(p->correlate);
    scenarios_free(p->scenarios);
    signatures_free(p->signatures);
    log_stream_free(p->stream);
    sinks_free(p->sinks);
    geo_close(p->geo);
    free(p->alert_marks);
    free(p);
    return NULL;
}

/* ---- time ---- */

uint64_t pipeline_evictions(const struct pipeline *p)
{
    struct correlate_stats stats;
    uint64_t sum;

    correlate_stats(p->correlate, &stats);
    sum = stats.message_evictions + stats.session_evictions + incidents_dropped(p->incidents) +
          (p->ahead == NULL ? log_stream_evictions(p->stream) : p->ahead_evictions) +
          relay_tests_evictions(p->tests) + marks_evictions(p->marks);
    for (unsigned i = 0; i < p->detectors_count; i++)
        if (p->detectors[i].detector->evictions != NULL)
            sum += p->detectors[i].detector->evictions(p->detectors[i].state);
    return sum;
}

static void tick(struct pipeline *p)
{
    for (unsigned i = 0; i < p->detectors_count; i++)
        if (p->detectors[i].detector->on_time != NULL)
            p->detectors[i].detector->on_time(p->detectors[i].state, p->clock_us);
    state_pressure_check(&p->pressure, p->incidents, pipeline_evictions(p), p->clock_us,
                         slice_of(p->host));
    incidents_tick(p->incidents, p->clock_us);
    p->next_tick_us = p->clock_us + minute_us;
}

/* One line with a broken clock must not end every incident and empty every window. */
static void move_clock(struct pipeline *p, int64_t time_us)
{
    if (p->first_us == 0 || time_us < p->first_us)
        p->first_us = time_us;
    if (time_us <= p->clock_us)
        return;
    if (p->clock_us != INT64_MIN && time_us - p->clock_us > wild_jump_us &&
        !(p->wild_us != INT64_MIN && time_us >= p->wild_us - minute_us)) {
        p->wild_us = time_us;
        p->wild++;
        return;
    }
    p->wild_us = INT64_MIN;
    p->clock_us = p->read_us = time_us;
    if (time_us >= p->next_tick_us)
        tick(p);
}

/* While all followed logs are at their end and silent, event time moves with the wall clock, a
 * little behind it: so that what is over is told to be over. Any line sets it right again. */
static void move_idle_clock(struct pipeline *p)
{
    int64_t idle_us = log_stream_idle_us(p->stream) - idle_slack_us;

    if (p->read_us == INT64_MIN || idle_us <= 0 || p->read_us + idle_us < p->next_tick_us)
        return;
    p->clock_us = p->read_us + idle_us;
    tick(p);
}

/* ---- one event ---- */

static void note_server(struct pipeline *p, const struct event *ev)
{
    slice_keep(event_field(ev, EF_HOST), p->host, sizeof p->host);
    slice_keep(slice_of(p->parser->name), p->mta, sizeof p->mta);
    p->mta_unsure = p->parser->logins_only;
}

/* Everything that counts events. */
static void count_event(struct pipeline *p, const struct event *ev, struct context *cx)
{
    originators_warm(p->originators, ev, cx);
    for (const struct pipeline_detector *a = p->warm[ev->kind]; a->detector != NULL; a++)
        a->detector->warm(a->state, ev, cx);
    originators_event(p->originators, ev, cx);
    hygiene_event(p->hygiene, ev, cx);
    if (ev->time_us <= p->clock_us) /* a broken clock must not stretch it */
        timeline_event(p->timeline, ev, cx);
    for (const struct pipeline_detector *a = p->by_kind[ev->kind]; a->detector != NULL; a++)
        a->detector->on_event(a->state, ev, cx);
}

static void judge(struct pipeline *p, const struct event *ev, const struct event_keys *keys)
{
    struct context cx;

    p->events++;
    p->repeats += ev->repeat - 1;
    if (p->mta[0] == '\0' || (p->mta_unsure && !p->parser->logins_only))
        note_server(p, ev);
    sinks_event(p->sinks, ev, p->parser->name);
    if (ev->pos.source != p->event_source || p->parser != p->event_parser)
        note_turn(p, ev);
    correlate_event(p->correlate, ev, keys, &cx);
    p->event_us = ev->time_us;
    cx.marks = p->marks;
    p->client_hash = cx.client_hash;
    if (!cx.repeated) {
        marks_event(p->marks, ev, &cx);
        count_event(p, ev, &cx);
    }
    if (p->watch.event != NULL)
        p->watch.event(p->watch.arg, ev, &cx, p->by_kind[ev->kind]);
}

static void take_event(void *arg, struct event *ev)
{
    judge(arg, ev, NULL);
}

/* The row of the present parser, as a rule that of the record before. */
static struct metrics_format *format_row(struct pipeline *p)
{
    if (p->format < p->formats_count && p->formats[p->format].name == p->parser->name)
        return &p->formats[p->format];
    for (p->format = 0; p->format < p->formats_count; p->format++)
        if (p->formats[p->format].name == p->parser->name)
            return &p->formats[p->format];
    if (p->formats_count < PARSERS_MAX)
        p->formats[p->formats_count++].name = p->parser->name;
    p->format = p->formats_count - 1;
    return &p->formats[p->format];
}

static void count_result(struct pipeline *p, enum parse_result result)
{
    switch (result) {
    case PARSE_EVENT:
        p->parsed++;
        format_row(p)->parsed++;
        break;
    case PARSE_REJECT:
        format_row(p)->rejected++;
        break;
    default:
        p->parser_skipped++;
        break;
    }
}

static void take_record(struct pipeline *p, const struct log_record *rec, struct event *ev)
{
    struct event_sink sink = {take_event, p};
    enum parse_result result;

    if (p->watch.begin != NULL)
        p->watch.begin(p->watch.arg, rec);
    move_clock(p, rec->rec.time_us);
    p->parser = rec->parser;
    result = rec->parser->parse(rec->state, &rec->rec, ev, &sink);
    count_result(p, result);
    if (result == PARSE_REJECT)
        log_stream_reject(p->stream, rec);
    if (p->watch.end != NULL)
        p->watch.end(p->watch.arg, result);
}

/* The same of a record that was parsed ahead. */
static void take_part(struct pipeline *p, const struct parse_ahead_part *part)
{
    if (part->warning != NULL) {
        sinks_warn(p->sinks, part->warning);
        return;
    }
    if (part->begins) {
        p->ahead_evictions = part->evictions;
        move_clock(p, part->time_us);
        p->parser = part->parser;
    }
    for (unsigned i = 0; i < part->events; i++) {
        const struct event_keys *keys;
        const struct event *ev = parse_ahead_event(p->ahead, &keys);
        judge(p, ev, keys);
    }
    if (part->ends)
        count_result(p, part->result);
}

static void now_and_then(struct pipeline *p, uint64_t records)
{
    progress_update(&p->progress,
                    &(struct progress_state){log_stream_current(p->stream),
                                             log_stream_consumed(p->stream), records});
    sinks_flush(p->sinks);
    if (p->service != NULL)
        p->service(p->service_arg);
}

static bool is_over(const struct pipeline *p)
{
    return sinks_stopped(p->sinks) || (p->watch.stopped != NULL && p->watch.stopped(p->watch.arg));
}

/* Followed logs are at their end: block lists are made anew when there is news, or after a time in
 * which entries may have ended. */
static void refresh_lists(struct pipeline *p)
{
    int64_t age_us = p->clock_us - p->lists_us;

    if (p->clock_us == INT64_MIN || !sinks_has_live(p->sinks, false) ||
        age_us < (sinks_has_live(p->sinks, true) ? lists_news_us : lists_age_us))
        return;
    p->lists_us = p->clock_us;
    pipeline_report_live(p);
}

/* Nothing can be read now; false: nor will there be. */
static bool wait_for_more(struct pipeline *p)
{
    if (!log_stream_wait(p->stream, WAIT_MS))
        return false;
    move_idle_clock(p);
    refresh_lists(p);
    sinks_flush(p->sinks);
    if (p->service != NULL)
        p->service(p->service_arg);
    return true;
}

static void run_alone(struct pipeline *p, const volatile int *stop)
{
    struct log_record rec;
    struct event ev;
    uint64_t records = 0;

    while (!*stop && !is_over(p)) {
        if (log_stream_next(p->stream, &rec)) {
            take_record(p, &rec, &ev);
            if (++records % PROGRESS_EVERY == 0)
                now_and_then(p, records);
        } else if (!wait_for_more(p)) {
            break;
        }
    }
}

/* Now and then the other thread rests, so that whoever looks at the stream finds it where the
 * analysis is. */
static void run_behind(struct pipeline *p, const volatile int *stop)
{
    struct parse_ahead_part part;
    uint64_t records = 0;

    while (!is_over(p)) {
        if (parse_ahead_next(p->ahead, &part)) {
            take_part(p, &part);
            records += part.ends;
            if (*stop || (part.ends && records % REST_EVERY == 0))
                parse_ahead_rest(p->ahead);
        } else {
            now_and_then(p, records);
            if (*stop || !parse_ahead_go_on(p->ahead))
                break;
        }
    }
}

void pipeline_run(struct pipeline *p, const volatile int *stop)
{
    if (p->service != NULL)
        p->service(p->service_arg);
    p->ahead = p->may_read_ahead ? parse_ahead_start(p->stream, &p->config->hash_key) : NULL;
    if (p->ahead != NULL) {
        run_behind(p, stop);
        p->ahead = parse_ahead_stop(p->ahead);
    }
    log_stream_on_warning(p->stream, sinks_warn, p->sinks); /* the thread had it */
    run_alone(p, stop);
    progress_clear(&p->progress);
}

/* ---- the end ---- */

void pipeline_drain(struct pipeline *p)
{
    struct log_record rec;
    struct event ev;

    if (!log_stream_end(p->stream))
        return;
    while (log_stream_next(p->stream, &rec))
        take_record(p, &rec, &ev);
}
