/* smtp_pending.h - commands that wait for their replies, in order
 *
 * For logs that show commands and replies in turn. A client may send several commands before it
 * reads a reply (RFC 2920); replies come in the order of the commands. */
#ifndef PARSERS_SMTP_PENDING_H
#define PARSERS_SMTP_PENDING_H

#include "smtp_text.h"

enum { SMTP_PENDING_MAX = 64, SMTP_PENDING_TEXT = 3072, SMTP_PENDING_LINE = 600 };

struct smtp_pending_command {
    uint16_t at, line_len; /* of the kept line in text */
};

/* A zeroed struct is empty. */
struct smtp_pending {
    struct smtp_pending_command list[SMTP_PENDING_MAX]; /* a ring */
    uint16_t first, count;
    uint16_t used;    /* bytes of text in use */
    uint32_t dropped; /* commands for which there was no room */
    char text[SMTP_PENDING_TEXT];
};

/* smtp_pending_put - keep a copy of a command line, cut at SMTP_PENDING_LINE bytes
 *
 *   notes     when there is no room the line is kept without its arguments, or dropped: its reply
 *             is then taken for the next command's until the dialogue is in step again */
void smtp_pending_put(struct smtp_pending *p, slice line);

/* smtp_pending_take - the command that the next reply answers
 *
 *   out       ret   borrows from p until the next put; on failure SMTP_NONE
 *   result    false when none waits */
bool smtp_pending_take(struct smtp_pending *p, struct smtp_command *ret);

/* smtp_pending_clear - forget all: a new session */
void smtp_pending_clear(struct smtp_pending *p);

#endif
