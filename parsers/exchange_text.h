/* exchange_text.h - the pieces that the cells of Exchange's protocol and agent logs are made of
 *
 * What a client or a remote server wrote may hold anything, so a piece is read from its fixed end:
 * a command from its verb, a reply from its code, the server's own tail of a reply from the right.
 *
 * source: RFC 5321 4.1 (commands), 4.2 (replies); Microsoft "Protocol logging"; real rows. */
#ifndef PARSERS_EXCHANGE_TEXT_H
#define PARSERS_EXCHANGE_TEXT_H

#include "event/event.h"

/* Verbs that matter; all others get one reply like any command. */
enum exchange_verb {
    EXCHANGE_OTHER,
    EXCHANGE_EHLO, /* and HELO */
    EXCHANGE_STARTTLS,
    EXCHANGE_ANONYMOUSTLS, /* X-ANONYMOUSTLS: between servers of one organisation */
    EXCHANGE_AUTH,
    EXCHANGE_EXPS, /* X-EXPS: authentication of one Exchange server to another */
    EXCHANGE_MAIL,
    EXCHANGE_RCPT,
    EXCHANGE_DATA,
    EXCHANGE_END_OF_DATA, /* no verb: what DATA becomes at its 354 */
    EXCHANGE_BDAT,
    EXCHANGE_BDAT_LAST,
    EXCHANGE_RSET,
    EXCHANGE_NOOP,
    EXCHANGE_QUIT,
    EXCHANGE_VRFY,      /* and EXPN */
    EXCHANGE_XPROXY,    /* a front end has authenticated this client */
    EXCHANGE_XPROXYFROM /* a front end passes this client on */
};

/* exchange_text_verb - the verb of a client's line, in any case
 *
 *   out       ret_argument   what follows the verb and its blanks */
enum exchange_verb exchange_text_verb(slice line, slice *ret_argument);

/* exchange_text_path - the address of "FROM:<A> PARAMETERS" or "TO:<A>"
 *
 *   in        argument   as exchange_text_verb() leaves it; any case, blanks, no brackets
 *   out       ret        without brackets; present and empty for "<>"; absent when there is none
 *             ret_rest   the parameters */
void exchange_text_path(slice argument, slice *ret, slice *ret_rest);

/* exchange_text_size - SIZE=N among the parameters of MAIL; 0 when it is not there */
uint64_t exchange_text_size(slice parameters);

/* exchange_text_value - VALUE of "KEY=VALUE" among words parted by blanks, KEY in any case
 *
 *   result    absent when there is no such word */
slice exchange_text_value(slice words, slice key);

/* A reply line. */
struct exchange_reply {
    uint16_t code;     /* 200..599 */
    uint8_t status[3]; /* class 0: none */
    bool more;         /* "250-": more lines follow */
    slice text;        /* behind code and status */
};

/* exchange_text_reply - read a reply line; false when it does not begin with a code */
bool exchange_text_reply(slice line, struct exchange_reply *ret);

/* exchange_text_queued - read "<ID> [InternalId=N, Hostname=H] ...Queued mail for delivery"
 *
 *   in        text       of a reply; the Message-ID in it is the sender's and may imitate the rest
 *   out       ret_id     N, digits; ret_host H or absent; ret_message_id without brackets
 *   result    false when the text does not end so */
bool exchange_text_queued(slice text, slice *ret_id, slice *ret_host, slice *ret_message_id);

/* exchange_text_endpoint - read "192.0.2.1:25", "[2001:db8::1]:25" or an address without port
 *
 *   out       ret_ip     family 0 when there is none: copies of logs have names or x.x.x.x there
 *             ret_port   0 when there is none */
void exchange_text_endpoint(slice endpoint, struct ip_addr *ret_ip, uint16_t *ret_port);

/* exchange_text_angle - "<x>" or "x" without its brackets; absent stays absent */
slice exchange_text_angle(slice text);

/* exchange_text_set_reply - code, status and the whole line as TEXT of an event */
void exchange_text_set_reply(struct event *ev, const struct exchange_reply *reply, slice line);

/* exchange_text_outcome - refused or tempfail, by the reply's code */
enum event_outcome exchange_text_outcome(uint16_t code);

#endif
