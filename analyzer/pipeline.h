/* pipeline.h - one pass of all inputs through all stages
 *
 * pipeline_new() builds every stage with its share of the memory budget; pipeline_run() takes each
 * record through parse -> correlate -> originators -> detectors -> incidents -> outputs;
 * pipeline_finish() tells final counts and the summary. Nothing is global: two pipelines in one
 * process do not meet. */
#ifndef PIPELINE_H
#define PIPELINE_H

#include "alert/summary.h"
#include "config.h"
#include "detect/detector.h"
#include "event/parser.h"
#include "input/input_set.h"
#include "output/metrics.h"
#include "record_reader.h"

struct pipeline;
struct pipeline_change;

/* A detector at work. */
struct pipeline_detector {
    const struct detector *detector;
    void *state;
};

/* Somebody who looks on while lines pass: "relaywatch explain". Functions that are NULL are not
 * called; whatever is handed over is valid during the call. */
struct pipeline_watch {
    void *arg;
    /* a line of which no record was made, see log_stream_on_passed() */
    void (*passed)(void *arg, enum record_status status, const struct line_pos *pos,
                   const struct parser *format);
    void (*begin)(void *arg, const struct log_record *rec); /* before anything is done with it */
    /* after the detectors of this kind, which end with detector NULL, have seen it */
    void (*event)(void *arg, const struct event *ev, const struct context *cx,
                  const struct pipeline_detector *wanted);
    void (*end)(void *arg, enum parse_result result);
    void (*alert)(void *arg, const struct alert *alert); /* between begin and end */
    bool (*stopped)(void *arg);                          /* no need to go on */
};

struct pipeline_options {
    const struct config *config;
    struct input_set *inputs;
    int64_t now_us;  /* wall clock at start: the year rule's reference for pipes, nothing else */
    size_t max_read; /* tests: bytes a read; 0 in normal use */
    const struct pipeline_watch *watch; /* NULL: none; its arg outlives the pipeline */
    bool must_restore;     /* a state that cannot be used is a failure, not a warning */
    struct follow *follow; /* logs to be followed, the pipeline's from now on; NULL: a batch */
    /* called between two records, every few thousand of them and while there is nothing to read:
     * the place to look at signals and at the wall clock; may be NULL */
    void (*service)(void *arg);
    void *service_arg;
    bool unshadow; /* scenarios that are only to count raise alerts: for a check */
};

/* pipeline_new - NULL with *reterr when a signature file is wrong or an output cannot be opened;
 * pipeline_free returns NULL */
struct pipeline *pipeline_new(const struct pipeline_options *options, struct error *reterr);
struct pipeline *pipeline_free(struct pipeline *p);

/* pipeline_run - until the end of the inputs, or until *stop becomes non-zero (a signal), or the
 * reader has gone */
void pipeline_run(struct pipeline *p, const volatile int *stop);

/* pipeline_save - write the state file of the configuration; between two records only
 *
 *   result    false with *reterr: the last good one is as it was
 *   note      outputs are on the disk before it: no alert can be lost between the two */
bool pipeline_save(struct pipeline *p, struct error *reterr);

/* pipeline_merge - add what another run knows that can be added: incidents, the relay board, top
 * tables, traffic, totals and coverage. Detectors, sessions, messages, what was learnt of zones and
 * the scorecard stay those of p
 *
 *   in        from   outlives p; of the same configuration and hash key */
void pipeline_merge(struct pipeline *p, struct pipeline *from);

/* pipeline_drain - followed logs are left for good: take what was held back of them, such as a last
 * line without its end */
void pipeline_drain(struct pipeline *p);

/* pipeline_report - the summary as of now, to every output */
void pipeline_report(struct pipeline *p);

/* pipeline_look - the summary as of now, for somebody beside the outputs
 *
 *   in        look   is called once; what it gets is valid during the call
 *   cost      looks at every incident and top table: some milliseconds */
void pipeline_look(struct pipeline *p,
                   void (*look)(void *arg, const struct summary *summary,
                                const struct alert *const *incidents, unsigned incidents_count),
                   void *arg);

/* pipeline_figures - what of metrics the pipeline knows; the rest of ret is left alone
 *
 *   out       ret   zeroed by the caller; names live as long as the pipeline */
void pipeline_figures(const struct pipeline *p, struct metrics_figures *ret);

/* pipeline_reopen - open every output file again, after log rotation, and the GeoIP files that were
 * replaced; what cannot be opened is told and the old file stays in use */
void pipeline_reopen(struct pipeline *p);

/* pipeline_prepare - read, compile and check what another configuration brings: files of signatures
 * with their examples, outputs. Nothing changes yet
 *
 *   result    for pipeline_take() or pipeline_abandon(); NULL with *reterr when something is wrong
 */
struct pipeline_change *pipeline_prepare(struct pipeline *p, const struct config *config,
                                         struct error *reterr);
void pipeline_abandon(struct pipeline_change *change);

/* pipeline_take - the configuration that the pipeline was made with has become that other one: go
 * on by it, with all that tables know; change is freed. Between two records only */
void pipeline_take(struct pipeline *p, struct pipeline_change *change);

/* pipeline_finish - final counts of open incidents, then the summary, to every output */
void pipeline_finish(struct pipeline *p);

/* pipeline_worst - the highest severity told so far; -1 when there was no alert */
int pipeline_worst(const struct pipeline *p);
/* pipeline_output_failed - bytes were lost on some output */
bool pipeline_output_failed(const struct pipeline *p);
/* pipeline_totals - input counters; pipeline_alerts: distinct alerts told */
void pipeline_totals(const struct pipeline *p, struct input_totals *ret);
uint64_t pipeline_alerts(const struct pipeline *p);

#endif
