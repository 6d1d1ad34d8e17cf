/* envelopes.h - from the envelope of mail that goes out to the record of the mail that came in
 *
 * A protocol log shows what a client handed in, and what this server handed on, but no id that both
 * share. What they share is the envelope: a delivery to the recipient, from the sender, of an
 * accepted message is that message's; a notification to the sender of an accepted message is about
 * that message. Only events without a queue id are joined so.
 *
 * source: RFC 5321 3.6.3 (a notification goes to the reverse-path), 4.5.5 (with a null one). */
#ifndef CORRELATE_ENVELOPES_H
#define CORRELATE_ENVELOPES_H

#include "correlate/correlate.h"

struct state_io;

struct envelopes;

/* envelopes_new - room for capacity envelopes; messages is borrowed. _free returns NULL */
struct envelopes *envelopes_new(const struct hash_key *key, struct message_table *messages,
                                uint32_t capacity);
struct envelopes *envelopes_free(struct envelopes *e);

/* envelopes_find - the message that a DELIVERY or DSN without queue id is about
 *
 *   result    key of a live record, 0 when none is known; the newest of several */
uint64_t envelopes_find(struct envelopes *e, const struct event *ev);

/* envelopes_note - the event has been joined: remember an accepted recipient or message; of what
 * envelopes_find() found, say what it means
 *
 *   in/out    cx   a delivery to the inner address of a hidden recipient becomes RCPT_TRICK; a
 *                  notification says how many foreign recipients it settles: those of one message,
 *                  if none of that sender's was ever tried. It can only be a failure then */
void envelopes_note(struct envelopes *e, const struct event *ev, struct context *cx);

/* envelopes_bytes - memory reserved */
size_t envelopes_bytes(const struct envelopes *e);

/* envelopes_persist - to a state or back, see base/state.h */
void envelopes_persist(struct envelopes *e, struct state_io *io);

#endif
