/* mail_line.h - what the parsers of Exim, Sendmail, OpenSMTPD, qmail and the login daemons share:
 * the line being read, and the pieces of text that their lines are made of
 *
 * Everything a client can write may hold anything but control bytes, so each piece is read at the
 * position its template fixes. All functions of the form mail_take_x() advance the cursor on
 * success and only then. Slices are borrowed from the record. */
#ifndef PARSERS_MAIL_LINE_H
#define PARSERS_MAIL_LINE_H

#include "event/parser.h"

struct mail_line {
    const struct record *rec;
    struct event *ev;
    const struct event_sink *sink;
    void *shared;   /* the parser's block, or NULL */
    slice instance; /* whose queue ids these are */
    slice program;
    slice queue_id; /* absent: none */
    slice text;     /* what is left to read */
};

/* A client or server as logs name it; ip.family 0: none was read. */
struct mail_host {
    slice name, helo; /* absent: none */
    struct ip_addr ip;
    uint16_t port; /* 0: none */
};

/* mail_begin - empty the event and set its kind and what every event carries */
struct event *mail_begin(struct mail_line *line, enum event_kind kind);

/* mail_emit - hand the event over; result is PARSE_EVENT */
enum parse_result mail_emit(struct mail_line *line);

/* mail_emit_text - an event of a kind, an outcome, a client and some words, and nothing else
 *
 *   in        host   may be NULL
 *             text   may be absent */
enum parse_result mail_emit_text(struct mail_line *line, enum event_kind kind,
                                 enum event_outcome outcome, const struct mail_host *host,
                                 slice text);

/* mail_emit_protocol - a PROTOCOL event; command and text may be absent */
enum parse_result mail_emit_protocol(struct mail_line *line, enum anomaly anomaly, slice command,
                                     const struct mail_host *host, slice text);

/* mail_set_client - copy a host into the client members of an event */
void mail_set_client(struct event *ev, const struct mail_host *host);

/* mail_set_reply - the codes at the beginning of a reply, into reply_code and status
 *
 *   in        text   "550 5.1.1 text", "550-text", "5.1.1 text"; anything else sets nothing */
void mail_set_reply(struct event *ev, slice text);

/* mail_refusal_outcome - TEMPFAIL when the codes of the event are 4xx, else REFUSED */
enum event_outcome mail_refusal_outcome(const struct event *ev);

/* mail_take_angle - read "<" ADDR ">"; the local part may be in quotes and hold ">"
 *
 *   out       ret   without the brackets; present and empty for "<>" */
bool mail_take_angle(slice *cur, slice *ret);

/* mail_take_address - as mail_take_angle, or a word without brackets up to a blank, a comma or the
 * end; quotes in it may hold both */
bool mail_take_address(slice *cur, slice *ret);

/* mail_take_ip - read "[" IP "]", also with "IPv6:" in front of it */
bool mail_take_ip(slice *cur, struct ip_addr *ret);

/* mail_after - what follows the first occurrence of key, or the absent slice */
slice mail_after(slice text, slice key);

/* mail_before - what stands before the first occurrence of key; all of text if there is none */
slice mail_before(slice text, slice key);

/* mail_starts_any - does text begin with one of these; rows end with NULL */
bool mail_starts_any(slice text, const char *const *rows);

/* mail_stage_of - the stage for a command in any case; STAGE_OTHER if unknown */
enum smtp_stage mail_stage_of(slice word);

/* mail_hash - of two slices, for the look-up of what a parser itself has seen; not keyed: whoever
 * uses it bounds what a collision can do */
uint64_t mail_hash(slice a, slice b);

#endif
