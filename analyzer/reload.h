/* reload.h - the configuration read again while a run goes on
 *
 * What decides on outputs only takes effect at once: block-allow, block-severity, block-expire,
 * block-networks. Whatever shapes tables, inputs or outputs needs a restart, and is named. */
#ifndef RELOAD_H
#define RELOAD_H

#include "config.h"
#include "options.h"

/* reload - read the configuration file, and the files that it names, again
 *
 *   in        settings   those of the start: the command line's hold
 *   inout     config     of the run; as it was when the new one is wrong, which is told
 *   result    false: it is wrong */
bool reload(const struct settings *settings, struct config *config);

#endif
