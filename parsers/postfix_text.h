/* postfix_text.h - the pieces Postfix lines are made of
 *
 * Everything a client can write may hold anything but control bytes, so each piece is read at the
 * position its template fixes, and a piece that does not end as the template says is not read at
 * all. Nothing here searches a line for something that looks like an address.
 *
 * All functions of the form postfix_take_x() advance the cursor on success and only then. */
#ifndef PARSERS_POSTFIX_TEXT_H
#define PARSERS_POSTFIX_TEXT_H

#include "event/parser.h"

/* name[addr] or name[addr]:port */
struct postfix_peer {
    slice name;        /* absent when "unknown" */
    slice addr;        /* as it stands between the brackets */
    struct ip_addr ip; /* family 0: a socket path, or "unknown" */
    uint16_t port;     /* 0: none */
};

/* The tail of a policy line: "; from=<> to=<> proto= helo=<> ..."; members may be absent. */
struct postfix_context {
    slice text; /* what stands before it */
    slice from, to, helo, mechanism, user;
};

/* How the context's members are separated and its HELO is escaped. */
enum postfix_dialect { POSTFIX_SMTPD, POSTFIX_POSTSCREEN };

/* postfix_take_peer - read name[addr] with an optional :port; postscreen's has an empty name */
bool postfix_take_peer(slice *cur, struct postfix_peer *ret);

/* postfix_set_client - copy a peer into the client members of an event */
void postfix_set_client(struct event *ev, const struct postfix_peer *peer);

/* postfix_take_angle - read "<" ADDR ">"
 *
 *   out       ret    without the brackets; present and empty for "<>"
 *   source    Postfix 3.5 and later put local parts in quotes where needed; ">" may occur there */
bool postfix_take_angle(slice *cur, slice *ret);

/* postfix_take_address - as postfix_take_angle, or a bare word as edited logs have it */
bool postfix_take_address(slice *cur, slice *ret);

/* postfix_take_queue_id - read "ID: " at the start of a text
 *
 *   out       ret    absent for NOQUEUE
 *   result    true when the first word is NOQUEUE or has the form of a queue id and ": " follows */
bool postfix_take_queue_id(slice *cur, slice *ret);

/* postfix_is_queue_id - has the word the form of a short or long queue id */
bool postfix_is_queue_id(slice word);

/* postfix_take_reply - read "550 5.1.1 " into reply_code and status, as far as they are there */
void postfix_take_reply(slice *cur, struct event *ev);

/* postfix_take_status - read "5.1.1"; the detail is capped at 255 */
bool postfix_take_status(slice *cur, uint8_t ret[3]);

/* postfix_read_context - split the text of a policy line into its words and its context
 *
 *   in        text   what follows "STAGE from name[addr]: "
 *   out       ret    ret->text is all of text when there is no context, or when it is ambiguous:
 *                    then no member is set, because one of the readings would be an attacker's
 *   limits    the end of the line must be there; the caller checks that it was not cut off
 *   cost      O(length), times 64 for a text made to be slow
 *   source    the algorithm: candidates of ";" are tried from the right and must match up to the
 *             end of the line. A HELO argument cannot hold blank < > ( ) \ " ; or @, which makes
 *             the end strong. Where sasl_sender= occurs, which is free client text at the very
 *             end, exactly one candidate must match */
void postfix_read_context(slice text, enum postfix_dialect dialect, struct postfix_context *ret);

/* postfix_stage - the enum of a stage word ("RCPT", "END-OF-MESSAGE"); STAGE_OTHER if unknown */
enum smtp_stage postfix_stage(slice word);

#endif
