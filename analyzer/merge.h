/* merge.h - "relaywatch merge STATE...": one report of several runs, such as one a server or a day
 *
 * The states must be of this build, of one configuration and of one hash key; none may be the
 * continuation of another, or what they share is counted twice. What is added, and what is not, is
 * pipeline_merge()'s: detectors are not run over the sum, so an attack that no run saw by itself is
 * not found. Nothing is written to the states. */
#ifndef MERGE_H
#define MERGE_H

#include "config.h"

/* merge_run - read the states, write alerts and summary of all to the outputs
 *
 *   in        config   made with the first state as its state
 *   result    false with *reterr for a state that cannot be used */
bool merge_run(const struct settings *settings, const struct config *config, struct error *reterr);

#endif
