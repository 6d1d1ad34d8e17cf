/* exchange_session.h - open SMTP sessions of the protocol logs, and the commands in them that wait
 * for a reply
 *
 * One pool for all inputs of a run, in the parser's shared memory: a session that begins in one
 * file goes on in the next. Everything has a fixed place and no pointer leaves the pool, so it can
 * be released as plain bytes. When a place is wanted and none is free, the session that was silent
 * longest gives way and is counted.
 *
 * lifetime: a session pointer is valid until the next exchange_session_get() or _end(); a command
 * until it is taken or the session ends. */
#ifndef PARSERS_EXCHANGE_SESSION_H
#define PARSERS_EXCHANGE_SESSION_H

#include "event/event.h"
#include "exchange_text.h"

enum {
    EXCHANGE_SESSIONS = 2048,
    EXCHANGE_COMMANDS = 16384,     /* of all sessions together */
    EXCHANGE_COMMANDS_EACH = 4096, /* of one */
    EXCHANGE_COMMAND_TEXT = 320,   /* RFC 5321 4.5.3.1: 64 + 1 + 255 */
    EXCHANGE_HOSTS = 32,
    EXCHANGE_HOST_TEXT = 48
};

/* A command that waits for its reply, or a recipient that waits for the end of the message. */
struct exchange_command {
    uint16_t next; /* place + 1 in its list; 0: the last */
    uint8_t verb;  /* enum exchange_verb */
    bool missing;  /* its text is not known: there was none, or it did not fit */
    uint16_t len;
    char text[EXCHANGE_COMMAND_TEXT]; /* argument; of MAIL and RCPT the address; of an unknown verb
                                         the whole line */
};

struct exchange_list {
    uint16_t first, last; /* place + 1; 0: empty */
    uint16_t count;
};

enum exchange_session_flag {
    EXCHANGE_BEGUN = 1 << 0,      /* its "+" row was seen */
    EXCHANGE_MUTE = 1 << 1,       /* a hop inside the organisation: another log tells it */
    EXCHANGE_BEHIND = 1 << 2,     /* a front end passed the client on */
    EXCHANGE_VOUCHED = 1 << 3,    /* ... and has authenticated it, as whom it does not say */
    EXCHANGE_AUTHED = 1 << 4,     /* logged in, user is set */
    EXCHANGE_AUTH_TOLD = 1 << 5,  /* the outcome of the pending AUTH was told */
    EXCHANGE_IN_AUTH = 1 << 6,    /* the server has asked for more: the next line is no command */
    EXCHANGE_HAS_SENDER = 1 << 7, /* MAIL was accepted */
    EXCHANGE_INSIDE = 1 << 8,     /* sending: the next host is a server of ours */
    EXCHANGE_PASSED_ON = 1 << 9   /* sending: through a front end, the peer is not the next host */
};

struct exchange_session {
    /* key and place */
    uint64_t hash;
    char id[24], peer[56]; /* session-id and remote-endpoint, as the log has them */
    bool sending;
    uint16_t older, newer, chain; /* place + 1 */
    /* what is known */
    uint32_t flags; /* set of enum exchange_session_flag */
    enum ground ground;
    struct ip_addr client, local;
    uint16_t client_port, local_port;
    struct session_counters counters;
    uint64_t size;                 /* SIZE of the pending message; 0 none */
    uint32_t nrcpt;                /* accepted recipients of the pending message */
    char front[24];                /* session-id at the front end */
    char host[EXCHANGE_HOST_TEXT]; /* sending: this server */
    char helo[72];
    char user[80], mechanism[24], why[120]; /* of the login in hand */
    char relay[72];                         /* sending: name in the banner */
    char queue_id[24], message_id[200];     /* sending: the message in hand */
    char sender[EXCHANGE_COMMAND_TEXT];
    char reply[600]; /* lines of a refusal of several lines */
    uint16_t reply_len;
    struct exchange_list waiting, accepted;
};

struct exchange_sessions {
    struct exchange_session session[EXCHANGE_SESSIONS];
    struct exchange_command command[EXCHANGE_COMMANDS];
    uint16_t chain[EXCHANGE_SESSIONS];     /* hash -> place + 1 */
    uint16_t free_session, free_command;   /* place + 1 of the first that was given back */
    uint16_t used_sessions, used_commands; /* places ever used */
    uint16_t oldest, newest;
    uint64_t evictions;
    struct {
        struct ip_addr ip;
        char name[EXCHANGE_HOST_TEXT];
    } host[EXCHANGE_HOSTS]; /* whose address is it: what receive logs have told */
    unsigned hosts;
};

/* exchange_session_get - the session of a row, made when missing
 *
 *   in        id, peer   session-id and remote-endpoint; their first bytes count
 *   out       ret_new    may be NULL */
struct exchange_session *exchange_session_get(struct exchange_sessions *all, slice id, slice peer,
                                              bool sending, bool *ret_new);

/* exchange_session_restart - forget all but the key: the same id begins anew */
void exchange_session_restart(struct exchange_sessions *all, struct exchange_session *s);

/* exchange_session_end - give its place back */
void exchange_session_end(struct exchange_sessions *all, struct exchange_session *s);

/* exchange_session_push - put a command at the end of the session's `waiting`
 *
 * A session that has as many as it may loses those that wait: their replies will find nothing. */
void exchange_session_push(struct exchange_sessions *all, struct exchange_session *s,
                           enum exchange_verb verb, slice text);

/* exchange_session_first - the command at the head of a list, or NULL */
struct exchange_command *exchange_session_first(struct exchange_sessions *all,
                                                const struct exchange_list *list);

/* exchange_session_drop - take the head of a list out and give it back */
void exchange_session_drop(struct exchange_sessions *all, struct exchange_list *list);

/* exchange_session_clear - drop all of a list */
void exchange_session_clear(struct exchange_sessions *all, struct exchange_list *list);

/* exchange_session_accept - move the head of `waiting` to the end of `accepted` */
void exchange_session_accept(struct exchange_sessions *all, struct exchange_session *s);

/* exchange_session_reset - the end of a mail transaction: sender and recipients are forgotten */
void exchange_session_reset(struct exchange_sessions *all, struct exchange_session *s);

/* exchange_session_learn_host, exchange_session_host - which server has this address
 *
 *   result    absent when no receive log has told */
void exchange_session_learn_host(struct exchange_sessions *all, const struct ip_addr *ip,
                                 slice name);
slice exchange_session_host(const struct exchange_sessions *all, const struct ip_addr *ip);

#endif
