/* correlate.h - from an event to what it means: who sent, is he allowed to, where does it go, and
 * why was it refused
 *
 * correlate_event() is the only writer of the session and message tables. It joins the event to
 * both, finds the origin behind content filters and notifications, classifies sender, recipient and
 * refusal, and teaches the zones. Detectors read the resulting context and never a log dialect. */
#ifndef CORRELATE_CORRELATE_H
#define CORRELATE_CORRELATE_H

#include "base/siphash.h"
#include "correlate/event_keys.h"
#include "correlate/message_table.h"
#include "correlate/session_table.h"
#include "event/address.h"
#include "event/event.h"
#include "event/zones.h"
#include "match/signatures.h"

struct state_io;

/* What a recipient is to this server, judged on the address before alias expansion where it is
 * known. */
enum rcpt_class {
    RCPT_NONE,        /* no recipient in the event */
    RCPT_OURS,        /* local domain, or no domain at all */
    RCPT_RELAYED,     /* a domain we are MX or backup MX for */
    RCPT_THIRD_PARTY, /* somebody else's domain, said plainly */
    RCPT_TRICK        /* somebody else's domain hidden inside an address of ours */
};
/* rcpt_class_name - for --events and explain; "" for RCPT_NONE */
const char *rcpt_class_name(enum rcpt_class class);

struct marks;

/* Valid for one event; every pointer may be NULL unless said otherwise. */
struct context {
    struct session *session;
    struct message *message; /* the message of QUEUE_ID; of a DSN: the one it is about */
    struct message *
        child; /* of a DSN, a forward, a hand-over to a filter: the other message, if it is known */
    struct message *parent;     /* message is itself a notification: what it was made about */
    const struct zones *zones;  /* never NULL */
    const struct hash_key *key; /* never NULL */
    enum reason reason;
    enum client_zone client_zone;
    bool authed;           /* the session or message is authenticated */
    bool outside;          /* a known client, outside, not authenticated: may not relay */
    struct ip_addr client; /* origin of event or message; family 0 when unknown */
    uint64_t client_hash;  /* principal: the IPv4 address or the IPv6 /64; 0 when unknown */
    slice client_name;     /* verified host name; absent */
    slice
        user; /* authenticated (MAIL, AUTH ok, message) or claimed (AUTH failed) account; absent */
    uint64_t user_hash;   /* of the lower-cased account; 0 when none */
    slice sender;         /* envelope sender of event or message; absent when unknown */
    uint64_t sender_hash; /* of the lower-cased sender; 0 when unknown */
    bool null_sender;
    enum domain_zone sender_zone;
    enum rcpt_class rcpt_class;
    struct address
        *rcpt; /* RCPT, or ORIG_RCPT where that decides; valid when rcpt_class != RCPT_NONE */
    slice rcpt_domain;  /* where it would really go: inner domain of a trick, else the outer one;
                           absent */
    uint64_t rcpt_hash; /* of the lower-cased recipient address */
    bool new_message;   /* QUEUED: first time, and not the second life behind a filter */
    uint32_t bounced_plain, bounced_hidden; /* DSN: foreign recipients that were accepted, never
                                               tried, and are bounced with it: no relaying */
    const struct marks *marks;              /* patterns and who was caught; set by the pipeline */
    bool repeated; /* another log has told this before: nobody counts it again */
};

struct correlate;

struct correlate_config {
    struct hash_key key;
    struct zones *zones;                 /* borrowed; learns */
    const struct signatures *signatures; /* borrowed; NULL: the built-in ones */
    uint32_t messages, sessions;         /* capacities */
    uint32_t ids;                        /* of message_ids.h; 0: twice the messages */
};

/* correlate_new - all memory at once; correlate_free returns NULL */
struct correlate *correlate_new(const struct correlate_config *config);
struct correlate *correlate_free(struct correlate *c);

/* correlate_on_turn - called for an event that may not be of the host and instance of the event
 * before, ahead of all that is made of it */
void correlate_on_turn(struct correlate *c, void (*turned)(void *arg, const struct event *ev),
                       void *arg);

/* correlate_event - join ev and say what it means
 *
 *   in        ev    borrowed; nothing of it is kept but by copy
 *             keys  of ev, by the same hash key, as far as somebody has them; NULL: nobody has
 *   out       ret   filled completely; slices borrow from ev or from the tables, valid for this
 * event */
void correlate_event(struct correlate *c, const struct event *ev, const struct event_keys *keys,
                     struct context *ret);

/* Figures for coverage and the report. */
struct correlate_stats {
    uint64_t sessions,
        sessions_with_rcpt; /* ended sessions with mail; those with a visible recipient decision */
    uint64_t queued, queued_client_known;
    uint64_t deliveries, deliveries_with_reply;
    uint64_t auth_seen;   /* events that show authentication, ok or not */
    uint64_t dialogues;   /* events of SMTP sessions; 0: this log shows none */
    uint64_t auth_hidden; /* messages of which the log cannot show it */
    uint64_t unjudged; /* foreign recipients accepted from a client that the log does not show, or
                          whose authentication it hides */
    uint64_t message_evictions, session_evictions;
};
/* correlate_stats - a copy of the figures so far */
void correlate_stats(const struct correlate *c, struct correlate_stats *ret);

/* correlate_live - the figures as they grow, without evictions; valid as long as c */
const struct correlate_stats *correlate_live(const struct correlate *c);

/* correlate_stats_add - add to sum what came between two states of the figures, evictions left out
 */
void correlate_stats_add(struct correlate_stats *sum, const struct correlate_stats *now,
                         const struct correlate_stats *before);

/* correlate_renew - from now on the wordings of other signatures, which outlive it */
void correlate_renew(struct correlate *c, const struct signatures *signatures);

/* correlate_messages - the live messages, for detectors that look at the queue; owned by c */
struct message_table *correlate_messages(struct correlate *c);

/* correlate_principal - the hash that stands for a client: the whole IPv4 address, the /64 of an
 * IPv6 address */
uint64_t correlate_principal(const struct hash_key *key, const struct ip_addr *ip);

/* correlate_principal_text - the principal as an entity: "192.0.2.1", or "2001:db8::1" (the address
 * seen first)
 *
 *   out       buf   IP_NET_TEXT bytes; result borrows it */
slice correlate_principal_text(const struct ip_addr *ip, char *buf);

/* correlate_persist - to a state or back, see base/state.h; between two events only */
void correlate_persist(struct correlate *c, struct state_io *io);

/* correlate_merge - add the figures of coverage of another run; sessions and messages are not
 * joined */
void correlate_merge(struct correlate *dst, const struct correlate *src);

#endif
