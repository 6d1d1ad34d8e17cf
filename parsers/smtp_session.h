/* smtp_session.h - one SMTP session in which our server answers a client, from its protocol log
 *
 * The caller pairs commands with replies (a log may show both in one row, or in turn, see
 * smtp_pending.h) and hands over each pair; the session keeps what later events need (client, HELO,
 * account, sender) and makes the events:
 *
 *   connect, disconnect          smtp_session_open(), _close(), QUIT
 *   AUTH                         AUTH (accepted, refused, tempfail)
 *   MAIL accepted                MAIL with a queue id made of the session's id and a number
 *   RCPT                         RCPT accepted (with that id), refused, tempfail
 *   end of the data, accepted    QUEUED; refused: REFUSAL, and DONE (cancelled)
 *   anything else refused        REFUSAL at its stage, PROTOCOL for what is no SMTP
 *
 * source: RFC 5321 3 and 4, RFC 4954. */
#ifndef PARSERS_SMTP_SESSION_H
#define PARSERS_SMTP_SESSION_H

#include "sasl_text.h"
#include "smtp_out.h"

enum { SMTP_ADDRESS_MAX = 320, SMTP_NAME_MAX = 72, SMTP_ID_MAX = 40 };

struct smtp_session {
    char id[SMTP_ID_MAX];           /* of the session: unique on its host */
    char queue_id[SMTP_ID_MAX + 8]; /* of the transaction */
    struct ip_addr client;          /* family 0: the log has none */
    uint16_t client_port, listener_port;
    char client_name[SMTP_NAME_MAX]; /* "" when none */
    char helo[SMTP_NAME_MAX];
    char user[SASL_USER_MAX], mechanism[24];
    char sender[SMTP_ADDRESS_MAX]; /* cut */
    bool has_sender;
    bool in_transaction; /* between an accepted MAIL and its end */
    bool in_auth;        /* a challenge waits for the client's answer */
    bool in_data;        /* 354 was said: what comes next is the message */
    bool authed;
    bool esmtp;         /* greeted with EHLO */
    bool auth_hidden;   /* set by the caller: its log may not show AUTH */
    bool blind;         /* set by the caller: its log does not show the answers */
    unsigned auth_step; /* lines of the client in this AUTH */
    uint32_t transactions;
    uint32_t recipients; /* accepted, of this transaction */
    uint64_t size;       /* of the message, as far as it was told */
    uint64_t chunks;     /* bytes of BDAT so far */
    struct session_counters counters;
};

/* smtp_session_open - begin a session: emits CONNECT
 *
 *   in        s      id, client, ports, client_name, auth_hidden, blind set by the caller, rest
 * zero */
void smtp_session_open(struct smtp_session *s, struct smtp_out *out);

/* smtp_session_answer - the client said c and the server answered r
 *
 *   in        c   after 334 whatever stands there is the answer to the challenge
 *             r   code 0: the log does not show the answer. Only QUIT and RSET have an effect then;
 * in a blind session MAIL is taken as accepted, and RCPT says no outcome notes     after 354 the
 * caller hands over the end of the data with smtp_session_data_end() */
void smtp_session_answer(struct smtp_session *s, const struct smtp_command *c,
                         const struct smtp_reply *r, struct smtp_out *out);

/* smtp_session_data_end - the server's answer to the message itself, after 354
 *
 *   in        message_id   without brackets; absent when the log does not tell
 *             size         bytes; 0 not known */
void smtp_session_data_end(struct smtp_session *s, const struct smtp_reply *r, slice message_id,
                           uint64_t size, struct smtp_out *out);

/* smtp_session_close - the session ended: emits DISCONNECT with what it did; s is zero then */
void smtp_session_close(struct smtp_session *s, struct smtp_out *out);

/* smtp_session_event - begin an event with all that this session knows: for what a caller reads
 * besides the dialogue */
struct event *smtp_session_event(const struct smtp_session *s, enum event_kind kind,
                                 struct smtp_out *out);

#endif
