/* message_ids.h - one message under several ids, and what was told of it already
 *
 * Some servers write several logs of the same mail: a protocol log, a tracking log on every machine
 * it crosses, a log of the mailbox service. Each names the message by an id of its own; some also
 * by one that is the same in the whole organisation (TRACE_ID). Here all of them lead to one
 * record, and each fact counts once. Only events marked may_repeat come here.
 *
 * What an outsider writes (Message-ID) is never an id by itself: it leads to a message only where
 * this server confirmed it (REFERENCE of a failed delivery), or where sender and recipient agree.
 */
#ifndef CORRELATE_MESSAGE_IDS_H
#define CORRELATE_MESSAGE_IDS_H

#include "base/siphash.h"
#include "correlate/message_table.h"
#include "event/event.h"

struct state_io;

struct message_ids;

/* message_ids_new - room for capacity ids and facts; messages is borrowed. _free returns NULL */
struct message_ids *message_ids_new(const struct hash_key *key, struct message_table *messages,
                                    uint32_t capacity);
struct message_ids *message_ids_free(struct message_ids *ids);

/* message_ids_key - the key of the record an event is about
 *
 *   in        ev          TRACE_ID is learnt
 *             queue_key   hash of host and QUEUE_ID; 0 none
 *   result    queue_key itself for events that are not may_repeat; 0 when there is no id at all */
uint64_t message_ids_key(struct message_ids *ids, const struct event *ev, uint64_t queue_key);
/* message_ids_root - the record that a single id leads to; id itself when nothing is known */
uint64_t message_ids_root(const struct message_ids *ids, uint64_t id);
/* message_ids_lead - from now on id leads to the record of root */
void message_ids_lead(struct message_ids *ids, uint64_t id, uint64_t root, int64_t now_us);

/* message_ids_note - remember the Message-ID of a message, and the one (REFERENCE) of the
 * notification that a failed delivery announces */
void message_ids_note(struct message_ids *ids, const struct event *ev, uint64_t root);
/* message_ids_about - of a DSN event: the message it is about; 0 when that is not certain */
uint64_t message_ids_about(const struct message_ids *ids, const struct event *ev,
                           uint64_t rcpt_hash);

/* message_ids_first - is it the first time that this event's outcome is told for the recipient?
 * message_ids_excuse, _excused - this server itself put the recipient in: alias, group, forward
 * message_ids_ask, _asked - the client gave the recipient */
bool message_ids_first(struct message_ids *ids, const struct event *ev, uint64_t root,
                       uint64_t rcpt_hash);
void message_ids_excuse(struct message_ids *ids, uint64_t root, uint64_t rcpt_hash, int64_t now_us);
bool message_ids_excused(const struct message_ids *ids, uint64_t root, uint64_t rcpt_hash);
void message_ids_ask(struct message_ids *ids, uint64_t root, uint64_t rcpt_hash, int64_t now_us);
bool message_ids_asked(const struct message_ids *ids, uint64_t root, uint64_t rcpt_hash);

/* message_ids_bytes - memory reserved */
size_t message_ids_bytes(const struct message_ids *ids);

/* message_ids_persist - to a state or back, see base/state.h */
void message_ids_persist(struct message_ids *ids, struct state_io *io);

#endif
