/* stages.c - the analysis up to one stage, or of one kind of event: stages STAGE|kind=KIND LOG
 * algorithm: the same functions as pipeline.c, in the same order, with nothing behind STAGE. The
 *            cost of a stage is what it takes more than the one before it:
 *              framing     bytes -> lines                          input/
 *              envelope    lines -> records, in event time         parsers/, log_stream.c
 *              parser      records -> events                       parsers/
 *              correlate   events -> context                       correlate/, match/
 *              originators context -> top tables                   correlate/originators.c
 *              all         detectors, incidents, summary, output   detect/, alert/, output/
 *            Of one kind: the log is read twice, first to know which records are of it, then with
 *            callgrind counting (--collect-atstart=no) only while one of those is parsed and judged;
 *            prints how many there were
 * source:    bench/run, which measures each in a process of its own
 * limits:    Postfix logs; options are those of bench/run */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#if __has_include(<valgrind/callgrind.h>)
#include <valgrind/callgrind.h>
#else
#define CALLGRIND_TOGGLE_COLLECT /* nobody counts */
#endif

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

static void run_all(struct bench *b, const struct pipeline_watch *watch)
{
    struct error error = {0};
    struct pipeline *p = pipeline_new(
        &(struct pipeline_options){.config = &b->config, .inputs = &b->inputs, .watch = watch},
        &error);
    int stop = 0;

    ASSERT(p != NULL);
    pipeline_run(p, &stop);
    pipeline_finish(p);
    pipeline_free(p);
}

/* ---- one kind of event ---- */

struct of_kind {
    enum event_kind wanted;
    bool counting;       /* the second reading */
    unsigned char *kind; /* of each record, that of its first event; EVENT_KIND_COUNT: none */
    size_t room, at;
    unsigned records; /* of the kind wanted */
};

static void begin_record(void *arg, const struct log_record *rec)
{
    struct of_kind *k = arg;

    (void)rec;
    if (k->counting) {
        if (k->kind[k->at] == k->wanted)
            CALLGRIND_TOGGLE_COLLECT;
        return;
    }
    if (k->at == k->room) {
        k->room = k->room == 0 ? 4096 : 2 * k->room;
        k->kind = realloc(k->kind, k->room);
        ASSERT(k->kind != NULL);
    }
    k->kind[k->at] = EVENT_KIND_COUNT;
}

static void see_event(void *arg, const struct event *ev, const struct context *cx,
                      const struct pipeline_detector *wanted)
{
    struct of_kind *k = arg;

    (void)cx;
    (void)wanted;
    if (!k->counting && k->kind[k->at] == EVENT_KIND_COUNT)
        k->kind[k->at] = (unsigned char)ev->kind;
}

static void end_record(void *arg, enum parse_result result)
{
    struct of_kind *k = arg;

    (void)result;
    if (k->counting && k->kind[k->at] == k->wanted) {
        CALLGRIND_TOGGLE_COLLECT;
        k->records++;
    }
    k->at++;
}

static bool kind_of(const char *name, enum event_kind *ret)
{
    for (*ret = (enum event_kind)0; *ret < EVENT_KIND_COUNT; ++*ret)
        if (strcmp(event_kind_name(*ret), name) == 0)
            return true;
    return false;
}

static void run_kind(struct bench *b, enum event_kind wanted)
{
    struct of_kind k = {.wanted = wanted};
    const struct pipeline_watch watch = {
        .arg = &k, .begin = begin_record, .event = see_event, .end = end_record};

    run_all(b, &watch);
    k.counting = true;
    k.at = 0;
    run_all(b, &watch);
    printf("%u\n", k.records);
    free(k.kind);
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
    enum event_kind kind = EVENT_KIND_COUNT;
    bool one_kind = argc == 3 && strncmp(argv[1], "kind=", 5) == 0 && kind_of(argv[1] + 5, &kind);
    struct settings settings = {0};
    struct error error = {0};

    if (b.stage == STAGES && !one_kind) {
        fputs("usage: stages framing|envelope|parser|correlate|originators|all|kind=KIND LOG\n",
              stderr);
        return 2;
    }
    ASSERT(
        options_parse((int)(sizeof options / sizeof options[0]) - 1, args.out, &settings, &error));
    ASSERT(config_make(&settings, &b.config, &error));
    input_set_init(&b.inputs);
    ASSERT(input_set_add(&b.inputs, argv[2], &error));
    if (one_kind)
        run_kind(&b, kind);
    else if (b.stage == FRAMING)
        run_framing(&b);
    else if (b.stage == ALL)
        run_all(&b, NULL);
    else
        run_records(&b);
    input_set_fini(&b.inputs);
    config_fini(&b.config);
    options_free(&settings);
    return 0;
}
