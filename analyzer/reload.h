/* reload.h - the configuration read again while a run goes on, with all that the run knows
 *
 * What options_change_at_once() names takes effect for the lines that follow: domains, networks,
 * honey users, signatures, scenarios, policies, GeoIP files, outputs, block lists. What the tables,
 * the inputs or the rights of the process depend on is named, stays as it is, and needs a restart.
 * A configuration with anything wrong in it is refused as a whole, and the one of before holds. */
#ifndef RELOAD_H
#define RELOAD_H

#include "config.h"
#include "options.h"
#include "pipeline.h"

/* reload - read the configuration file of the start, and the files that it names, again
 *
 *   in,out    settings   of the run; those of the command line hold on
 *             config     of the run and of the pipeline; at the same place afterwards
 *   result    false: something is wrong, which is told, and nothing has changed */
bool reload(struct settings *settings, struct config *config, struct pipeline *pipeline);

#endif
