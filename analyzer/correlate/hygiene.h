/* hygiene.h - counts what the scorecard judges: refusals by aim, joins, DSN and role mailboxes
 *
 * Watches every event after the correlator. A benign line costs a switch and a few additions;
 * only a refusal is looked at closer.
 *
 * source: RFC 2505, RFC 5321; see alert/scorecard.h. */
#ifndef CORRELATE_HYGIENE_H
#define CORRELATE_HYGIENE_H

#include "alert/scorecard.h"
#include "correlate/correlate.h"

struct state_io;

struct hygiene;

/* hygiene_new - no counts; hygiene_free returns NULL */
struct hygiene *hygiene_new(void);
struct hygiene *hygiene_free(struct hygiene *h);

/* hygiene_event - account for one event; keeps nothing of it */
void hygiene_event(struct hygiene *h, const struct event *ev, const struct context *cx);

/* hygiene_facts - a copy of the counts so far; what the relay board and the coverage know is left
 * 0 */
void hygiene_facts(const struct hygiene *h, struct scorecard_facts *ret);

/* hygiene_persist - to a state or back, see base/state.h */
void hygiene_persist(struct hygiene *h, struct state_io *io);

#endif
