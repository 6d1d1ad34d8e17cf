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
#include "input/input_set.h"

struct pipeline;

struct pipeline_options {
    const struct config *config;
    struct input_set *inputs;
    int64_t now_us;  /* wall clock at start: the year rule's reference for pipes, nothing else */
    size_t max_read; /* tests: bytes a read; 0 in normal use */
};

/* pipeline_new - NULL with *reterr when an output cannot be opened; pipeline_free returns NULL */
struct pipeline *pipeline_new(const struct pipeline_options *options, struct error *reterr);
struct pipeline *pipeline_free(struct pipeline *p);

/* pipeline_run - until the end of the inputs, or until *stop becomes non-zero (a signal), or the
 * reader has gone */
void pipeline_run(struct pipeline *p, const volatile int *stop);

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
