/* pipeline_report.c - what a run says of itself: totals, summary, figures for metrics
 * limits:   looks only; what it shows is kept by the parts of pipeline_parts.h */
#include <stdlib.h>
#include <string.h>

#include "base/panic.h"
#include "pipeline_parts.h"

void pipeline_totals(const struct pipeline *p, struct input_totals *t)
{
    log_stream_totals(p->stream, t);
    t->parsed = p->parsed;
    t->skipped += p->parser_skipped;
    t->events = p->events;
    t->repeats = p->repeats;
    t->wild_time = p->wild;
    t->first_us = p->first_us;
    t->last_us = p->clock_us == INT64_MIN ? 0 : p->clock_us;
}

void pipeline_look(struct pipeline *p,
                   void (*look)(void *arg, const struct summary *summary,
                                const struct alert *const *incidents, unsigned incidents_count),
                   void *arg)
{
    struct server servers[SERVERS_MAX + 1];
    unsigned servers_count = servers_list(p->servers, p->event_us, servers);
    struct correlate_stats stats;
    struct summary *summary = panic_calloc(1, sizeof *summary);
    uint32_t count = incidents_count(p->incidents);
    const struct alert **list = panic_calloc((size_t)count + 1, sizeof *list);

    count = incidents_list(p->incidents, list, count);
    correlate_stats(p->correlate, &stats);
    pipeline_totals(p, &summary->input);
    summary->evictions = pipeline_evictions(p);
    summary->scenarios = p->scenarios->tally;
    summary->scenarios_count = p->scenarios->count;
    summarize(&(struct summarize_from){.incidents = list,
                                       .incidents_count = count,
                                       .incident_rules = p->incidents,
                                       .board = p->board,
                                       .stats = &stats,
                                       .servers = servers,
                                       .servers_count = servers_count,
                                       .originators = p->originators,
                                       .hygiene = p->hygiene,
                                       .timeline = p->timeline,
                                       .geo = p->geo,
                                       .marks = p->marks,
                                       .zones = p->config->zones,
                                       .top = p->config->top,
                                       .mta = p->mta,
                                       .host = p->host,
                                       .now_us = p->clock_us},
              summary);
    sinks_report(p->sinks, summary);
    look(arg, summary, list, count);
    summarize_fini(summary);
    servers_list_free(p->servers, servers, servers_count);
    free(list);
    free(summary);
}

static void to_all(void *arg, const struct summary *summary, const struct alert *const *incidents,
                   unsigned count)
{
    sinks_summary(arg, summary, incidents, count);
}

static void to_live(void *arg, const struct summary *summary, const struct alert *const *incidents,
                    unsigned count)
{
    sinks_live(arg, summary, incidents, count);
}

void pipeline_report(struct pipeline *p)
{
    pipeline_look(p, to_all, p->sinks);
}

void pipeline_report_live(struct pipeline *p)
{
    pipeline_look(p, to_live, p->sinks);
}

void pipeline_finish(struct pipeline *p)
{
    incidents_flush(p->incidents);
    pipeline_report(p);
    sinks_settle(p->sinks);
}

int pipeline_worst(const struct pipeline *p)
{
    return sinks_worst(p->sinks);
}

uint64_t pipeline_alerts(const struct pipeline *p)
{
    return sinks_alerts(p->sinks);
}

bool pipeline_output_failed(const struct pipeline *p)
{
    return sinks_failed(p->sinks);
}

static void add_table(struct metrics_figures *f, const char *name, int64_t entries,
                      uint64_t evictions)
{
    if (f->tables_count == METRICS_ROWS_MAX)
        return;
    f->tables[f->tables_count++] =
        (struct metrics_table){name, entries >= 0, entries >= 0 ? (uint64_t)entries : 0, evictions};
}

static void add_databases(const struct geo *geo, struct metrics_figures *f)
{
    for (unsigned i = 0; geo_name(i) != NULL; i++)
        if (geo_built_s(geo, i) > 0)
            f->databases[f->databases_count++] =
                (struct metrics_database){geo_name(i), geo_built_s(geo, i)};
}

void pipeline_figures(const struct pipeline *p, struct metrics_figures *ret)
{
    struct correlate_stats stats;
    uint64_t detectors = 0;

    for (unsigned i = 0; i < p->detectors_count; i++)
        if (p->detectors[i].detector->evictions != NULL)
            detectors += p->detectors[i].detector->evictions(p->detectors[i].state);
    correlate_stats(p->correlate, &stats);
    add_table(ret, "messages", message_table_count(correlate_messages(p->correlate)),
              stats.message_evictions);
    add_table(ret, "sessions", -1, stats.session_evictions);
    add_table(ret, "incidents", incidents_count(p->incidents), incidents_dropped(p->incidents));
    add_table(ret, "incidents_aside", incidents_aside(p->incidents),
              incidents_forgotten(p->incidents));
    add_table(ret, "parsers", -1, log_stream_evictions(p->stream));
    add_table(ret, "relay_tests", -1, relay_tests_evictions(p->tests));
    add_table(ret, "marks", -1, marks_evictions(p->marks));
    add_table(ret, "detectors", -1, detectors);
    memcpy(ret->formats, p->formats, sizeof p->formats);
    ret->formats_count = p->formats_count;
    ret->last_event_us = p->read_us == INT64_MIN ? 0 : p->read_us;
    add_databases(p->geo, ret);
    sinks_figures(p->sinks, ret);
}
