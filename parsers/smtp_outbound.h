/* smtp_outbound.h - one SMTP session in which our server hands mail to another, from its log
 *
 * Recipients that the remote accepted are kept until its answer to the message is known. Events:
 *
 *   RCPT refused                   DELIVERY (bounced, deferred) of that recipient
 *   MAIL, DATA or the message      DELIVERY of each recipient accepted so far; of MAIL: one
 *   refused                        without recipient
 *   the message accepted           DELIVERY (delivered) of each
 *   with MAIL FROM:<>              before each of these a DSN: a null sender is how a server sends
 *                                  its notifications. Of which kind (failure, delay, receipt,
 *                                  absence note) the log does not show
 *
 * The deliveries carry no queue id: they are joined to what came in by envelope.
 *
 * source: RFC 5321 3.3, 4.5.5. */
#ifndef PARSERS_SMTP_OUTBOUND_H
#define PARSERS_SMTP_OUTBOUND_H

#include "smtp_out.h"

enum {
    SMTP_OUTBOUND_RCPTS = 100, /* RFC 5321 4.5.3.1.8; Exchange sends as many at once */
    SMTP_OUTBOUND_TEXT = 3584,
    SMTP_OUTBOUND_NAME = 72,
    SMTP_OUTBOUND_SENDER = 320
};

struct smtp_outbound {
    struct ip_addr remote; /* family 0: not known */
    char relay[SMTP_OUTBOUND_NAME];
    char sender[SMTP_OUTBOUND_SENDER];
    bool has_sender, in_transaction, in_data, ended;
    bool mixed;           /* several sessions cannot be told apart: the sender is not certain */
    uint16_t rcpts, used; /* recipients kept, bytes of text in use */
    uint16_t at[SMTP_OUTBOUND_RCPTS];
    uint32_t dropped; /* recipients for which there was no room */
    char text[SMTP_OUTBOUND_TEXT];
};

/* smtp_outbound_open - begin a session: set remote and relay afterwards */
void smtp_outbound_open(struct smtp_outbound *o);

/* smtp_outbound_answer - our server said c and the remote answered r
 *
 *   in        c   SMTP_NONE: the greeting, or the answer to the message after 354 */
void smtp_outbound_answer(struct smtp_outbound *o, const struct smtp_command *c,
                          const struct smtp_reply *r, struct smtp_out *out);

/* smtp_outbound_fail - the attempt ended without an answer (no route, connection lost): what was
 * accepted so far is DEFERRED; text says why */
void smtp_outbound_fail(struct smtp_outbound *o, slice text, struct smtp_out *out);

#endif
