/* echo.h - a refusal that several logs of one session tell counts once
 *
 * Some mail systems keep several logs that see the same recipient refused: the dialogue at the
 * door, the same dialogue behind a front end, the filter that decided. Each tells it once. An event
 * that another teller has told already is its echo and is not counted again; the same teller
 * telling it twice means that it happened twice. Messages and deliveries are joined by their ids
 * instead, see message_ids.h.
 *
 * source: event/event.h, enum teller. */
#ifndef CORRELATE_ECHO_H
#define CORRELATE_ECHO_H

#include "base/siphash.h"
#include "event/event.h"

struct state_io;

struct echo;

/* echo_new - room for 16,384 events; echo_free returns NULL */
struct echo *echo_new(void);
struct echo *echo_free(struct echo *e);

/* echo_heard - has another teller told this event within ten minutes?
 *
 *   in        key   keyed hashing of what the event is about
 *             ev    of RCPT and REFUSAL; false for all others
 *   result    two tellings of one log and two of another are two events */
bool echo_heard(struct echo *e, const struct hash_key *key, const struct event *ev);

/* echo_persist - to a state or back, see base/state.h */
void echo_persist(struct echo *e, struct state_io *io);

#endif
