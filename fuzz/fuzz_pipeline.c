/* fuzz_pipeline.c - a whole log through the whole analysis, JSON and text out
 * source:   libFuzzer
 * limits:   small tables (--memory 16M); the log is a file */
#include "config.h"
#include "fuzz.h"
#include "options.h"
#include "pipeline.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    const char *argv[] = {
        "relaywatch",     "--no-config", "--memory",       "16M",      "-qq",       "-o",
        "json:/dev/null", "-o",          "text:/dev/null", "--events", "/dev/null", NULL};
    struct settings settings = {0};
    struct config config = {0};
    struct error error = {0};
    struct input_set inputs;
    struct pipeline *p;
    char path[FUZZ_PATH];
    int stop = 0, fd = fuzz_file(data, size, path);
    union {
        const char **in;
        char **out;
    } args = {.in = argv};

    ASSERT(options_parse((int)(sizeof argv / sizeof argv[0]) - 1, args.out, &settings, &error));
    ASSERT(config_make(&settings, &config, &error));
    input_set_init(&inputs);
    if (input_set_add(&inputs, path, &error)) {
        p = pipeline_new(&(struct pipeline_options){.config = &config,
                                                    .inputs = &inputs,
                                                    .now_us = 1772409600000000},
                         &error);
        ASSERT(p != NULL);
        pipeline_run(p, &stop);
        pipeline_finish(p);
        pipeline_free(p);
    }
    input_set_fini(&inputs);
    config_fini(&config);
    options_free(&settings);
    close(fd);
    return 0;
}
