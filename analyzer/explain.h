/* explain.h - "relaywatch explain": for each line, what it was taken for, what it means, and what
 * it counts for
 *
 * The lines take the way of every other log through pipeline.c; explain looks on. With a file all
 * of it is read, so that sessions and messages are joined; a line of its own meets empty tables. */
#ifndef EXPLAIN_H
#define EXPLAIN_H

#include "base/error.h"
#include "config.h"
#include "input/input_set.h"
#include "options.h"

/* explain_run - explain the LINE or the files of the settings on the output of the configuration
 *
 *   in        config   its zones learn, as in a run
 *             inputs   empty and initialised; the caller's to release
 *             now_us   as in pipeline_options
 *             stop     ends it when not 0
 *   result    false with *reterr: ERROR_USAGE, ERROR_INPUT, ERROR_OUTPUT */
bool explain_run(const struct settings *settings, const struct config *config,
                 struct input_set *inputs, int64_t now_us, const volatile int *stop,
                 struct error *reterr);

#endif
