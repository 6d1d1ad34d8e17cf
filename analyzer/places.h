/* places.h - clients and incidents by country and by network, for the summary */
#ifndef PLACES_H
#define PLACES_H

#include "alert/summary.h"
#include "correlate/originators.h"

/* places_collect - add up what came from where
 *
 *   in        geo        NULL: there is no database, and *ret is left empty
 *             incidents  each counts for the place of its source
 *   out       ret        most severe incidents first, then most refused, then most mail
 *   cost      one look-up for each row of the three tables of clients; once at the end of a run */
void places_collect(struct geo *geo, const struct originators *originators,
                    const struct alert *const *incidents, unsigned incidents_count,
                    struct places *ret);

#endif
