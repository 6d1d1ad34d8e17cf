/* explain_event.h - one event and what was made of it, for "relaywatch explain" */
#ifndef EXPLAIN_EVENT_H
#define EXPLAIN_EVENT_H

#include "correlate/correlate.h"
#include "explain_out.h"
#include "match/reason.h"
#include "pipeline.h"

/* explain_event - everything that is present in the event, by the keys of --events */
void explain_event(struct explain_out *o, const struct event *ev);

/* explain_meaning - what the correlator made of it
 *
 *   in        reasons   to see whether wording or code decided */
void explain_meaning(struct explain_out *o, const struct event *ev, const struct context *cx,
                     const struct reasons *reasons);

/* explain_detectors - those that want its kind, with what they keep for its client or user */
void explain_detectors(struct explain_out *o, const struct event *ev, const struct context *cx,
                       const struct pipeline_detector *wanted);

#endif
