/* pipeline_parts.h - what a run is made of, for pipeline.c and pipeline_report.c alone; others use
 * pipeline.h */
#ifndef PIPELINE_PARTS_H
#define PIPELINE_PARTS_H

#include "pipeline.h"

#include "alert/incident.h"
#include "alert/relay_board.h"
#include "base/geo.h"
#include "base/panic.h"
#include "base/state.h"
#include "base/tally.h"
#include "correlate/correlate.h"
#include "correlate/hygiene.h"
#include "correlate/marks.h"
#include "correlate/originators.h"
#include "correlate/timeline.h"
#include "detect/detector.h"
#include "detect/policy.h"
#include "detect/relay_tests.h"
#include "detect/scenario_file.h"
#include "detect/state_pressure.h"
#include "log_state.h"
#include "log_stream.h"
#include "parse_ahead.h"
#include "servers.h"
#include "sinks.h"
#include "summarize.h"

enum {
    DETECTORS_MAX = 32,
    PARSERS_MAX = METRICS_ROWS_MAX,
    TOP_K = 1024,
    PROGRESS_EVERY = 16384,
    REST_EVERY = 4 * PROGRESS_EVERY, /* a thread ahead rests: costs what it is ahead */
    WAIT_MS = 500
};

struct pipeline {
    const struct config *config;
    struct pipeline_watch watch; /* all NULL: nobody looks on */
    void (*service)(void *arg);
    void *service_arg;
    struct log_stream *stream;
    bool may_read_ahead;
    struct parse_ahead *ahead; /* has the stream while pipeline_run() lasts; NULL: one thread */
    uint64_t ahead_evictions;  /* of the stream, when it read the present record */
    struct signatures *signatures;
    struct scenario_set *scenarios;
    struct policy policy;
    struct correlate *correlate;
    struct originators *originators;
    struct hygiene *hygiene;
    struct timeline *timeline;
    struct incidents *incidents;
    struct relay_board *board;
    struct servers *servers;
    struct relay_tests *tests;
    struct marks *marks;
    struct alert_mark *alert_marks; /* what alerts say of each pattern */
    uint64_t signatures_hash;       /* of the folder's files, as they were read */
    uint64_t client_hash;           /* of the present event */
    struct geo *geo;                /* NULL without a database */
    struct tally *tally;
    struct pipeline_detector detectors[DETECTORS_MAX];
    unsigned detectors_count;
    struct detect_env env;   /* what detectors were made with; memory_bytes: of all */
    unsigned detector_parts; /* into which that was divided */
    bool other_layout;       /* detectors came or went: a state of this run fits no other */
    /* lists that end with detector NULL; warm: those of a kind that want it */
    struct pipeline_detector by_kind[EVENT_KIND_COUNT][DETECTORS_MAX + 1];
    struct pipeline_detector warm[EVENT_KIND_COUNT][DETECTORS_MAX + 1];
    struct state_pressure pressure;
    struct sinks *sinks;
    struct progress progress;
    int64_t clock_us, next_tick_us, wild_us; /* event time */
    int64_t lists_us; /* when block lists were last written while following */
    int64_t first_us; /* earliest record; 0 before the first */
    int64_t read_us;  /* latest record; the clock is ahead of it while followed logs are idle */
    uint64_t events, parsed, parser_skipped, repeats, wild;
    const struct parser *parser;       /* of the present record */
    const struct parser *event_parser; /* of the last event */
    uint32_t event_source;
    int64_t event_us;
    struct metrics_format formats[PARSERS_MAX]; /* rows that some record was of */
    unsigned formats_count, format;             /* that of the present record */
    char mta[24], host[128];                    /* of the first event: what server this is */
    bool mta_unsure;                            /* so far only login daemons have written */
};

/* pipeline_start_detectors - create those that are wanted and not there, with their share, and list
 * them all by the kinds of events that they want
 *
 *   note      a part of the memory is what it was at the first call */
void pipeline_start_detectors(struct pipeline *p);

/* pipeline_describe_marks - fill alert_marks from the patterns; result: those of before, to be
 * freed
 */
struct alert_mark *pipeline_describe_marks(struct pipeline *p);

/* pipeline_geo - the GeoIP files of the configuration */
struct geo_config pipeline_geo(const struct pipeline *p);

/* pipeline_evictions - entries that gave way in all tables so far */
uint64_t pipeline_evictions(const struct pipeline *p);

/* pipeline_report_live - the documents that are wanted while logs are followed */
void pipeline_report_live(struct pipeline *p);

#endif
