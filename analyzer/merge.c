/* merge.c - a pipeline a state; the first one takes up the others and reports
 * limits:   all states are in memory at once: those that follow lend their texts to the first */
#include "merge.h"

#include <stdlib.h>

#include "base/panic.h"
#include "input/input_set.h"
#include "pipeline.h"

/* A run that reads nothing and writes nothing: a state's memory. */
struct part {
    struct config config;
    struct input_set inputs;
    struct pipeline *pipeline;
};

static bool part_load(struct part *part, const struct config *config, const char *path, bool first,
                      struct error *reterr)
{
    part->config = *config;
    part->config.state_path = path;
    if (!first) { /* what it has learnt is its own, and it has no output */
        part->config.zones = zones_new(&config->hash_key);
        part->config.outputs_count = 0;
        part->config.events_path = NULL;
    }
    input_set_init(&part->inputs);
    part->pipeline = pipeline_new(&(struct pipeline_options){.config = &part->config,
                                                             .inputs = &part->inputs,
                                                             .must_restore = true},
                                  reterr);
    return part->pipeline != NULL;
}

static void part_free(struct part *part, bool first)
{
    pipeline_free(part->pipeline);
    input_set_fini(&part->inputs);
    if (!first)
        zones_free(part->config.zones);
}

bool merge_run(const struct settings *settings, const struct config *config, struct error *reterr)
{
    int count = settings->operand_count, loaded = 0;
    struct part *parts = panic_calloc((size_t)count + 1, sizeof *parts);
    bool good = count > 0 || error_set(reterr, ERROR_USAGE, "merge: no state is named");

    while (good && loaded < count) {
        good = part_load(&parts[loaded], config, settings->operands[loaded], loaded == 0, reterr);
        loaded++;
    }
    for (int i = 1; good && i < count; i++)
        pipeline_merge(parts[0].pipeline, parts[i].pipeline);
    if (good)
        pipeline_finish(parts[0].pipeline);
    for (int i = 0; i < loaded; i++) /* the first one borrows from the others */
        part_free(&parts[i], i == 0);
    free(parts);
    return good;
}
