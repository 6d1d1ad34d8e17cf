/* stages.c - the analysis up to one stage: stages STAGE LOG
 * algorithm: the same functions as pipeline.c, in the same order, with nothing behind STAGE. The
 *            cost of a stage is what it takes more than the one before it:
 *              framing     bytes -> lines                          input/
 *              envelope    lines -> records, in event time         parsers/, log_stream.c
 *              parser      records -> events                       parsers/
 *              correlate   events -> context                       correlate/, match/
 *              originators context -> top tables                   correlate/originators.c
 *              all         detectors, incidents, summary, output   detect/, alert/, output/
 * source:    bench/run, which measures each in a process of its own
 * limits:    Postfix logs; options are those of bench/run */
#include <stdio.h>
#include <string.h>

#include "base/panic.h"
#include "config.h"
#include "correlate/correlate.h"
#include "correlate/originators.h"
#include "input/line_reader.h"
#include "log_stream.h"
#include "options.h"
#include "pipeline.h"

enum { MESSAGES = 100000, SESSIONS = 50000, TOP_K = 1024 };
enum stage { FRAMING, ENVELOPE, PARSER, CORRELATE, ORIGINATORS, ALL, STAGES };

struct bench {
    enum stage stage;
    struct config config;
    struct input_set inputs;
    struct correlate *correlate;
    struct originators *originators;
};

static void run_framing(struct bench *b)
{
    struct error error = {0};
    struct source *source = input_set_open(&b->inputs, 0, &error);
    struct line_reader reader;
    slice line;

    ASSERT(source != NULL);
    line_reader_init(&reader, source, NULL);
    while (line_reader_next(&reader, &line) == LINE_OK)
        continue;
    line_reader_fini(&reader);
    source_free(&source);
}

static void take_event(void *arg, struct event *ev)
{
    struct bench *b = arg;
    struct context cx;

    if (b->stage < CORRELATE)
        return;
    correlate_event(b->correlate, ev, NULL, &cx);
    if (b->stage >= ORIGINATORS)
        originators_event(b->originators, ev, &cx);
}

static void run_records(struct bench *b)
{
    struct log_stream *stream = log_stream_new(&b->config, &b->inputs, 0, 0);
    struct event_sink sink = {take_event, b};
    struct log_record rec;
    struct event ev;

    b->correlate = correlate_new(&(struct correlate_config){.key = b->config.hash_key,
                                                            .zones = b->config.zones,
                                                            .messages = MESSAGES,
                                                            .sessions = SESSIONS});
    b->originators = originators_new(TOP_K);
    while (log_stream_next(stream, &rec))
        if (b->stage >= PARSER)
            rec.parser->parse(rec.state, &rec.rec, &ev, &sink);
    originators_free(b->originators);
    correlate_free(b->correlate);
    log_stream_free(stream);
}

static void run_all(struct bench *b)
{
    struct error error = {0};
    struct pipeline *p = pipeline_new(
        &(struct pipeline_options){.config = &b->config, .inputs = &b->inputs}, &error);
    int stop = 0;

    ASSERT(p != NULL);
    pipeline_run(p, &stop);
    pipeline_finish(p);
    pipeline_free(p);
}

static enum stage stage_of(const char *name)
{
    static const char *const names[STAGES] = {"framing",   "envelope",    "parser",
                                              "correlate", "originators", "all"};
    unsigned i = 0;

    while (i < STAGES && strcmp(names[i], name) != 0)
        i++;
    return (enum stage)i;
}

int main(int argc, char **argv)
{
    const char *options[] = {
        "stages", "--no-config",    "--year",      "2026",     "--trusted",      "192.0.2.0/24",
        "-qq",    "--local-domain", "example.org", "--output", "json:/dev/null", NULL};
    union { /* the option parser permutes its arguments */
        const char **in;
        char **out;
    } args = {.in = options};
    struct bench b = {.stage = argc == 3 ? stage_of(argv[1]) : STAGES};
    struct settings settings = {0};
    struct error error = {0};

    if (b.stage == STAGES) {
        fputs("usage: stages framing|envelope|parser|correlate|originators|all LOG\n", stderr);
        return 2;
    }
    ASSERT(
        options_parse((int)(sizeof options / sizeof options[0]) - 1, args.out, &settings, &error));
    ASSERT(config_make(&settings, &b.config, &error));
    input_set_init(&b.inputs);
    ASSERT(input_set_add(&b.inputs, argv[2], &error));
    if (b.stage == FRAMING)
        run_framing(&b);
    else if (b.stage == ALL)
        run_all(&b);
    else
        run_records(&b);
    input_set_fini(&b.inputs);
    config_fini(&b.config);
    options_free(&settings);
    return 0;
}
