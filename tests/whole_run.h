/* whole_run.h - one run over one log as the program makes it, for tests, fuzz targets and
 * benchmarks
 *
 *   whole_run_configure()   command line -> configuration, which may be changed before the next
 * step whole_run_begin()       log + pipeline_options -> a pipeline whole_run_end()         release
 * all; also after a step that failed
 *
 * limits: anything wrong with the arguments is a fault of the test and ends it */
#ifndef TESTS_WHOLE_RUN_H
#define TESTS_WHOLE_RUN_H

#include "base/panic.h"
#include "config.h"
#include "options.h"
#include "pipeline.h"

struct whole_run {
    struct settings settings;
    struct config config;
    struct input_set inputs;
    struct pipeline *pipeline;
    struct error error;
};

/* whole_run_configure - first step
 *
 *   in        argv   the program's name, options, NULL; its order may change, its texts outlive r
 */
static inline void whole_run_configure(struct whole_run *r, const char **argv)
{
    union { /* the option parser permutes what it may not write */
        const char **in;
        char **out;
    } args = {.in = argv};
    int argc = 0;

    while (argv[argc] != NULL)
        argc++;
    *r = (struct whole_run){0};
    input_set_init(&r->inputs);
    ASSERT(options_parse(argc, args.out, &r->settings, &r->error));
    ASSERT(config_make(&r->settings, &r->config, &r->error));
}

/* whole_run_begin - second step
 *
 *   in        more     what else pipeline_new() shall be told; NULL: nothing
 *   result    r->pipeline; NULL with r->error when there is no reading the log or no starting */
static inline struct pipeline *whole_run_begin(struct whole_run *r, const char *path,
                                               const struct pipeline_options *more)
{
    struct pipeline_options options = more == NULL ? (struct pipeline_options){0} : *more;

    if (!input_set_add(&r->inputs, path, &r->error))
        return NULL;
    options.config = &r->config;
    options.inputs = &r->inputs;
    r->pipeline = pipeline_new(&options, &r->error);
    return r->pipeline;
}

static inline void whole_run_end(struct whole_run *r)
{
    pipeline_free(r->pipeline);
    input_set_fini(&r->inputs);
    config_fini(&r->config);
    options_free(&r->settings);
}

#endif
