/* smtp_text.h - one SMTP command or one reply, as a protocol log shows it
 *
 * source: RFC 5321 4.1.1 (commands), 4.2 (replies), RFC 3463 (enhanced status), RFC 4954 (AUTH). */
#ifndef PARSERS_SMTP_TEXT_H
#define PARSERS_SMTP_TEXT_H

#include "event/event.h"

enum smtp_verb {
    SMTP_NONE, /* nothing, or an answer to a challenge */
    SMTP_HELO,
    SMTP_EHLO,
    SMTP_AUTH, /* AUTH, and X-EXPS of Exchange */
    SMTP_STARTTLS,
    SMTP_MAIL,
    SMTP_RCPT,
    SMTP_DATA,
    SMTP_BDAT,
    SMTP_RSET,
    SMTP_QUIT,
    SMTP_VRFY,
    SMTP_EXPN,
    SMTP_ETRN,   /* ETRN, TURN, ATRN */
    SMTP_QUIET,  /* NOOP, HELP, XEXCH50 and other extensions that say nothing about mail */
    SMTP_MASKED, /* a firewall wrote X over the verb */
    SMTP_HTTP,   /* a request line or header of a web client */
    SMTP_OTHER
};

/* All slices are borrowed from what was read. */
struct smtp_command {
    enum smtp_verb verb;
    slice word;    /* as it was typed; absent for SMTP_NONE */
    slice args;    /* what follows the word, without blanks around it */
    slice path;    /* MAIL, RCPT: the address without brackets; empty for <>; absent: none */
    uint64_t size; /* SIZE= of MAIL, bytes of BDAT; 0 when not said */
    bool last;     /* BDAT ... LAST */
};

/* smtp_command_read - split a command line
 *
 *   in        line   without its line end
 *   cost      one pass; no allocation */
void smtp_command_read(slice line, struct smtp_command *ret);

/* smtp_command_of - the same from a verb and its arguments that the log keeps apart */
void smtp_command_of(slice word, slice args, struct smtp_command *ret);

/* smtp_verb_of - the verb for a word in any case */
enum smtp_verb smtp_verb_of(slice word);

struct smtp_reply {
    uint16_t code;     /* 200..599; 0: not known */
    uint8_t status[3]; /* RFC 3463; class 0 absent */
    slice text;        /* behind the codes; of a reply of several lines the first */
    slice whole;       /* with its codes */
};

/* smtp_reply_read - read "550 5.7.1 text", "250-text" or "250"
 *
 *   result    false when there is no reply code at the beginning: then ret is all zero */
bool smtp_reply_read(slice line, struct smtp_reply *ret);

/* smtp_path_is_whole - could a server have taken this as an address? "<...>" whose first ">"
 * outside quotes is its last byte, or a word without brackets. What was cut is not whole */
bool smtp_path_is_whole(slice path);

/* smtp_stage_of - the stage of the dialogue that a verb belongs to */
enum smtp_stage smtp_stage_of(enum smtp_verb verb);

#endif
