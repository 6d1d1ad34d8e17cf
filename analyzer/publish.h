/* publish.h - what of a run can be seen from outside while it goes on: metrics in a file and by
 * HTTP, the report by HTTP
 *
 * Rendering happens in the run's own thread between two records, seldom enough to cost it a
 * fiftieth at most. */
#ifndef PUBLISH_H
#define PUBLISH_H

#include "config.h"
#include "pipeline.h"

struct publisher;

/* publish_open - open what the configuration asks for
 *
 *   result    NULL when it asks for nothing, or with *reterr when an address or a token cannot be
 *             had */
struct publisher *publish_open(const struct config *config, struct error *reterr);

/* publish_run - publish what is due by the clock; no publisher: nothing */
void publish_run(struct publisher *p, struct pipeline *pipeline);

/* publish_reloaded - the configuration was read again, and was good or not; no publisher: nothing
 */
void publish_reloaded(struct publisher *p, bool good);

/* publish_end - the last figures of a run into the text file
 *
 *   result    false when that could not be written */
bool publish_end(struct publisher *p, struct pipeline *pipeline);

/* publish_close - stop serving and free; *p becomes NULL */
void publish_close(struct publisher **p);

#endif
