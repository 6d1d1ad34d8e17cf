/* message_table.h - what is known of each message in the queue, by (host, instance, queue id)
 *
 * Lines about one message come from several processes in nearly any order. Each line finds or makes
 * the record; the record ends a while after the message left the queue, or when the table needs the
 * room. A queue id that is opened anew (the server uses short ids again) starts a new record.
 *
 * lifetime:  a pointer is valid for the event that was being correlated; across events keep the
 *            handle.
 * source:    queue-id life as documented in Postfix's own collate script: id from client= to
 *            removed. */
#ifndef CORRELATE_MESSAGE_TABLE_H
#define CORRELATE_MESSAGE_TABLE_H

#include <stdint.h>

#include "base/ip_addr.h"
#include "event/zones.h"

struct state_io;

enum message_flag {
    MESSAGE_HAS_CLIENT = 1 << 0,   /* a client= line or a local submission was seen */
    MESSAGE_LOCAL_SUBMIT = 1 << 1, /* by a local process */
    MESSAGE_AUTHED = 1 << 2,
    MESSAGE_HAS_SENDER = 1 << 3,
    MESSAGE_NULL_SENDER = 1 << 4,
    MESSAGE_QUEUED = 1 << 5,     /* counted as queued; further QUEUED events are retries */
    MESSAGE_IS_DSN = 1 << 6,     /* made by this server about another message */
    MESSAGE_REINJECTED = 1 << 7, /* second life behind a filter: origin copied from the first */
    MESSAGE_HANDED_ON = 1 << 8,  /* first life: given to a filter on this host */
    MESSAGE_FORWARDED = 1 << 9,  /* child of an alias or .forward */
    MESSAGE_DONE = 1 << 10,
    MESSAGE_DEFERRED = 1 << 11, /* has a recipient that waits for another attempt */
    MESSAGE_BOUNCED = 1 << 12,  /* a recipient failed for good */
    MESSAGE_DELIVERED = 1 << 13,
    MESSAGE_LOCAL_FAILED = 1 << 14, /* a recipient of ours failed after acceptance */
    MESSAGE_RELAY_JUDGED =
        1 << 15, /* a relay finding was already counted for a waiting recipient */
    MESSAGE_FOREIGN_RCPT = 1 << 16, /* has a recipient in a domain that is not ours */
    MESSAGE_LOCAL_RCPT = 1 << 17,
    MESSAGE_ORIGIN_UNSURE =
        1 << 18,               /* a filter told the client, but not whether it was authenticated */
    MESSAGE_JOINED = 1 << 19,  /* second life: the line that handed the first one over was seen */
    MESSAGE_TRACED = 1 << 21,  /* known by an id of the whole organisation */
    MESSAGE_SETTLED = 1 << 22, /* all recipients have their fate, in a log that tells no more */
    MESSAGE_FROM_DIALOGUE = 1 << 23, /* its recipients were seen in the SMTP dialogue */
    MESSAGE_ENVELOPE =
        1 << 24, /* the recipients that the client gave are known, see message_ids.h */
    MESSAGE_ALIASED =
        1 << 20, /* second life: an alias of ours had put foreign recipients in before the filter */
    MESSAGE_LOCAL_OVERFULL =
        1 << 25 /* all recipients of ours that failed had full or disabled mailboxes */
};

enum {
    MESSAGE_SENDER_MAX = 120,
    MESSAGE_USER_MAX = 80,
    MESSAGE_NAME_MAX = 72,
    MESSAGE_HELO_MAX = 40
};

struct message {
    int64_t first_us, last_us;
    uint32_t flags;        /* set of enum message_flag */
    enum client_zone zone; /* of client */
    struct ip_addr client; /* origin; family 0 when unknown or local */
    uint64_t client_hash;  /* principal of the client, see correlate.h; 0 when none */
    uint64_t user_hash, sender_hash;
    uint64_t parent_key; /* of a notification: the message it is about; 0 none */
    uint32_t parent_handle;
    uint32_t nrcpt, recipients_seen, recipients_bad, dsn_sent;
    uint32_t size;
    uint16_t client_port; /* of client; 0 unknown */
    enum domain_zone sender_zone;
    char sender[MESSAGE_SENDER_MAX]; /* cut; sender_hash is of the whole */
    char user[MESSAGE_USER_MAX];
    char client_name[MESSAGE_NAME_MAX];
    char helo[MESSAGE_HELO_MAX];
    char queue_id[24];
};

struct message_table;

/* message_table_new - room for capacity messages; _free returns NULL */
struct message_table *message_table_new(uint32_t capacity);
struct message_table *message_table_free(struct message_table *t);

/* message_table_find - the record of key, or NULL */
struct message *message_table_find(struct message_table *t, uint64_t key);
/* message_table_get - the record of key, made when missing (first_us = now_us) */
struct message *message_table_get(struct message_table *t, uint64_t key, int64_t now_us);
/* message_table_get_beside - as message_table_get, but making the record never drops `keep`, which
 * may be NULL */
struct message *message_table_get_beside(struct message_table *t, uint64_t key, int64_t now_us,
                                         struct message *keep);
/* message_table_restart - forget what is known and begin a new life under the same key */
void message_table_restart(struct message *m, int64_t now_us);
/* message_table_done - the message left the queue; its record stays for the next few hundred that
 * leave */
void message_table_done(struct message_table *t, struct message *m);
/* message_table_handle, message_table_at - a reference across events; at gives NULL once the record
 * is gone */
uint32_t message_table_handle(const struct message_table *t, const struct message *m);
struct message *message_table_at(struct message_table *t, uint32_t handle, uint64_t key);
uint64_t message_table_key(const struct message *m);
/* message_table_next - walk all records; cursor starts as 0 */
struct message *message_table_next(struct message_table *t, uint32_t *cursor);

/* message_table_count - live records */
uint32_t message_table_count(const struct message_table *t);
/* message_table_evictions - records given up for want of room, settled ones left out */
uint64_t message_table_evictions(const struct message_table *t);
/* message_table_bytes - memory reserved */
size_t message_table_bytes(const struct message_table *t);

/* message_table_persist - to a state or back, see base/state.h */
void message_table_persist(struct message_table *t, struct state_io *io);

#endif
