/* mail_event.h - what happens at a mail server, before any log dialect: sessions, messages, events
 *
 * The scenario makes these in the order of time; a dialect (dialect.h) turns each into the lines
 * that its program would have written, or into none. An event is complete: a dialect needs no
 * other knowledge of the scenario. Sessions and messages are shared by their events and counted.
 *
 * source: RFC 5321 (session, envelope), RFC 3463 (status), RFC 3464 (notifications). */
#ifndef MAIL_EVENT_H
#define MAIL_EVENT_H

#include <stdbool.h>
#include <stdint.h>

enum {
    MAIL_ADDRESS_MAX = 112,
    MAIL_HOST_MAX = 64,
    MAIL_IP_MAX = 46,
    MAIL_TEXT_MAX = 200,
    MAIL_USER_MAX = 64
};

enum mail_kind {
    MAIL_CONNECT,
    MAIL_DISCONNECT, /* the session's counters are final */
    MAIL_LOST,       /* ends before DISCONNECT; stage: `text` */
    MAIL_AUTH,       /* verdict; `rcpt` is the account the client named */
    MAIL_OPEN,       /* MAIL FROM accepted: message */
    MAIL_RCPT,       /* verdict, why; rcpt */
    MAIL_VRFY,       /* verdict, why; rcpt */
    MAIL_QUEUED,     /* end of data, accepted: message is in the queue */
    MAIL_DATA_NO,    /* end of data, refused: why */
    MAIL_DELIVERY,   /* one attempt for one recipient: verdict OK, NO (bounced), LATER (deferred) */
    MAIL_EXPIRED,    /* given up after the queue's lifetime; a DSN follows */
    MAIL_DSN,        /* the server made `child` to tell the sender about `message` */
    MAIL_DONE,       /* message left the queue */
    MAIL_ANOMALY,    /* anomaly; `text` is what the client sent */
    MAIL_LIMIT       /* a connection limit was met */
};

enum mail_verdict { MAIL_OK, MAIL_NO, MAIL_LATER };

/* Why this server refused; the words are the dialect's. */
enum mail_why {
    WHY_NONE,
    WHY_RCPT_UNKNOWN,
    WHY_RELAY_DENIED,
    WHY_GREYLISTED,
    WHY_MAILBOX_FULL,
    WHY_BLOCK_LIST,
    WHY_PASSWORD,
    WHY_BACKEND, /* AUTH: our own password store does not answer */
    WHY_CONTENT,
    WHY_BARE_LF
};

/* Where a delivery attempt led. */
enum mail_place {
    PLACE_MAILBOX, /* final delivery here; `why` says why not */
    PLACE_REMOTE,  /* host and ip answered with `text`, "" for a plain 250 */
    PLACE_NOBODY   /* nobody answered: `text` says so (no such domain, timeout) */
};

enum mail_anomaly {
    ANOMALY_NONE,
    ANOMALY_PREGREET,
    ANOMALY_NON_SMTP,
    ANOMALY_PIPELINE_DATA, /* commands sent ahead after DATA */
    ANOMALY_PIPELINE_HELO,
    ANOMALY_BARE_LF
};

struct mail_client {
    char ip[MAIL_IP_MAX];
    char name[MAIL_HOST_MAX]; /* verified; "" when unknown */
    char helo[MAIL_HOST_MAX];
};

struct mail_counters {
    unsigned helo, auth_ok, auth_all, mail_ok, mail_all, rcpt_ok, rcpt_all, data_ok, data_all;
    unsigned rset, vrfy_all, quit, unknown_all;
    bool bare_lf;
};

struct mail_session {
    unsigned refs;
    uint32_t number; /* 1, 2, 3 ... of the day */
    struct mail_client client;
    bool submission, screened; /* port 587; met by the screen in front of the server */
    char user[MAIL_USER_MAX];  /* account, once logged in */
    const char *mechanism;
    struct mail_counters count;
    uint32_t slot; /* the dialect's: process id and the like */
};

struct mail_message {
    unsigned refs;
    uint64_t number;
    struct mail_session *session; /* NULL: made by the server itself */
    char sender[MAIL_ADDRESS_MAX];
    uint32_t size, nrcpt;
    bool opened; /* the dialect's: its client is in the log */
};

struct mail_event {
    int64_t time_us;
    enum mail_kind kind;
    enum mail_verdict verdict;
    enum mail_why why;
    enum mail_place place;
    enum mail_anomaly anomaly;
    struct mail_session *session;
    struct mail_message *message, *child;
    char rcpt[MAIL_ADDRESS_MAX], orig[MAIL_ADDRESS_MAX]; /* orig: before aliasing, or "" */
    char host[MAIL_HOST_MAX], ip[MAIL_IP_MAX];           /* of the remote server */
    char status[8];                                      /* RFC 3463, of a delivery */
    char text[MAIL_TEXT_MAX];
    double delay_s; /* DELIVERY: since arrival */
};

/* mail_session_new, mail_message_new - one reference, the caller's; mail_session_drop,
 * mail_message_drop - give one back, NULL is allowed */
struct mail_session *mail_session_new(const struct mail_client *client);
struct mail_session *mail_session_keep(struct mail_session *s);
void mail_session_drop(struct mail_session *s);
struct mail_message *mail_message_new(struct mail_session *s, const char *sender, uint64_t number);
struct mail_message *mail_message_keep(struct mail_message *m);
void mail_message_drop(struct mail_message *m);

/* mail_copy - like snprintf("%s"), cutting without complaint */
void mail_copy(char *buf, unsigned size, const char *text);

#endif
