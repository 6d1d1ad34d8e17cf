/* confine.h - what a run still needs once everything is open, and nothing else: --user, --sandbox
 */
#ifndef CONFINE_H
#define CONFINE_H

#include "config.h"
#include "options.h"

/* confine - become the user and enter the sandbox that the configuration asks for
 *
 *   in        settings   for the logs
 *   result    false with *reterr (ERROR_CONFIG). With --sandbox auto a kernel that has none is told
 *             and is no failure */
bool confine(const struct settings *settings, const struct config *config, struct error *reterr);

/* confine_admits - may another configuration be gone over to, as far as the sandbox is concerned?
 * Files are tried by opening them
 *
 *   result    false with *reterr: a collector at a port that is not admitted */
bool confine_admits(const struct config *config, struct error *reterr);

#endif
