/* fuzz_pipeline.c - a whole log through the whole analysis, JSON and text out
 * source:   libFuzzer
 * limits:   small tables (--memory 16M); the log is a file */
#include "fuzz.h"
#include "whole_run.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    const char *argv[] = {
        "relaywatch",     "--no-config", "--memory",       "16M",      "-qq",       "-o",
        "json:/dev/null", "-o",          "text:/dev/null", "--events", "/dev/null", NULL};
    char path[FUZZ_PATH];
    int stop = 0, fd = fuzz_file(data, size, path);
    struct whole_run run;

    whole_run_configure(&run, argv);
    if (whole_run_begin(&run, path, &(struct pipeline_options){.now_us = 1772409600000000})) {
        pipeline_run(run.pipeline, &stop);
        pipeline_finish(run.pipeline);
    }
    whole_run_end(&run);
    close(fd);
    return 0;
}
