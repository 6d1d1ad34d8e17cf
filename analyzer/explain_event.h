/* explain_event.h - one event and what was made of it, for "relaywatch explain" */
#ifndef EXPLAIN_EVENT_H
#define EXPLAIN_EVENT_H

#include "correlate/correlate.h"
#include "explain_out.h"
#include "match/signatures.h"
#include "pipeline.h"

/* explain_event - everything that is present in the event, by the keys of --events */
void explain_event(struct explain_out *o, const struct event *ev);

/* explain_meaning - what the correlator made of it
 *
 *   in        signatures   to see which wording decided, and which block list it names */
void explain_meaning(struct explain_out *o, const struct event *ev, const struct context *cx,
                     const struct signatures *signatures);

/* explain_patterns - which were tried on the event, which hit, and what its client was caught by
 * before; nothing when none was tried and it was not caught */
void explain_patterns(struct explain_out *o, const struct context *cx);

/* explain_detectors - those that want its kind, with what they keep for its client or user */
void explain_detectors(struct explain_out *o, const struct event *ev, const struct context *cx,
                       const struct pipeline_detector *wanted);

#endif
