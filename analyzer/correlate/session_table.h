/* session_table.h - what is known of each SMTP session, by (host, instance, session key)
 *
 * In Postfix one smtpd process serves one session at a time, so its process id is the key between
 * connect and disconnect; other servers log a session id.
 *
 * lifetime: a pointer is valid for the event that was being correlated. */
#ifndef CORRELATE_SESSION_TABLE_H
#define CORRELATE_SESSION_TABLE_H

#include <stdint.h>

#include "base/ip_addr.h"
#include "event/zones.h"

struct state_io;

enum session_flag {
    SESSION_CONNECTED = 1 << 0, /* its beginning was seen */
    SESSION_AUTHED = 1 << 1,
    SESSION_PIPELINED_DATA = 1 << 2, /* improper pipelining after DATA or BDAT */
    SESSION_BARE_LF = 1 << 3,
    SESSION_HAS_RCPT = 1 << 4,     /* a decision about a recipient was visible */
    SESSION_NULL_REFUSED = 1 << 5, /* a recipient of null-sender mail was refused */
    SESSION_LOGGED_IN = 1 << 6     /* the login itself was seen: it holds for all that follows */
};

struct session {
    int64_t first_us, last_us;
    uint32_t flags; /* set of enum session_flag */
    struct ip_addr client;
    uint64_t client_hash;
    uint32_t auth_failures, rcpt_refused, rcpt_accepted, transactions;
    uint64_t message_key; /* message opened last in this session; 0 none */
    uint64_t failed_user; /* hash of the account that failed last to log in; 0 none, or not named */
    char user[80];
    char helo[64];
};

struct session_table;

/* session_table_new - room for capacity sessions; _free returns NULL */
struct session_table *session_table_new(uint32_t capacity);
struct session_table *session_table_free(struct session_table *t);
/* session_table_find - the open session of key, or NULL */
struct session *session_table_find(struct session_table *t, uint64_t key);
/* session_table_open - a new session under key: what an earlier one left behind is forgotten */
struct session *session_table_open(struct session_table *t, uint64_t key, int64_t now_us);
/* session_table_get - the open session of key, or one whose beginning was not seen */
struct session *session_table_get(struct session_table *t, uint64_t key, int64_t now_us);
/* session_table_close - forget it */
void session_table_close(struct session_table *t, struct session *s);

/* session_table_count - live records */
uint32_t session_table_count(const struct session_table *t);
/* session_table_evictions - records given up for want of room */
uint64_t session_table_evictions(const struct session_table *t);
/* session_table_bytes - memory reserved */
size_t session_table_bytes(const struct session_table *t);

/* session_table_persist - to a state or back, see base/state.h */
void session_table_persist(struct session_table *t, struct state_io *io);

#endif
