/* originators.h - who sends most, to whom, and what comes of it: the top tables of the summary
 *
 * Space-Saving tables, one a dimension, weighted by recipients. Each row tells messages,
 * recipients, bytes, failures, first and last time, and by how much its weight may be too high.
 *
 * source: Metwally et al. (2005), see base/space_saving.h. */
#ifndef CORRELATE_ORIGINATORS_H
#define CORRELATE_ORIGINATORS_H

#include "alert/summary.h"
#include "correlate/correlate.h"

struct state_io;

struct originators;

/* originators_new - k rows a table; originators_free returns NULL */
struct originators *originators_new(uint32_t k);
struct originators *originators_free(struct originators *o);

/* originators_warm - fetch what originators_event() will look up, ahead of it; changes nothing */
void originators_warm(const struct originators *o, const struct event *ev,
                      const struct context *cx);

/* originators_event - account for one event */
void originators_event(struct originators *o, const struct event *ev, const struct context *cx);

/* originators_top - the heaviest rows of a dimension
 *
 *   out       ret     rows allocated here, at most max; free with originators_top_free(). `rules`
 * is left 0 */
void originators_top(const struct originators *o, enum top_dimension dim, unsigned max,
                     struct top_table *ret);
/* originators_top_free - release the rows */
void originators_top_free(struct top_table *t);

/* originators_bytes - memory reserved */
size_t originators_bytes(const struct originators *o);

/* originators_persist - to a state or back, see base/state.h */
void originators_persist(struct originators *o, struct state_io *io);

/* originators_merge - add what another run has counted; both need the same hash key */
void originators_merge(struct originators *dst, const struct originators *src);

#endif
