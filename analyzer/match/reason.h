/* reason.h - the meaning of a refusal, from its wording first and its codes second
 *
 * Codes alone are not reliable (Exchange answers 5.7.1 to many things), wordings are; both are one
 * table each. source: RFC 3463, RFC 5248 registry; wordings in reason_texts.def. */
#ifndef MATCH_REASON_H
#define MATCH_REASON_H

#include "event/event.h"

enum reason {
#define REASON(id, name, meaning) REASON_##id,
#include "match/reasons.def"
#undef REASON
    REASON_COUNT
};

/* Who speaks: our server to a client, or a remote server to us. The same words mean different
 * things. */
enum reason_direction { DIRECTION_OWN = 1, DIRECTION_REMOTE = 2, DIRECTION_BOTH = 3 };

struct reasons;

/* reasons_new - compile the table; reasons_free returns NULL */
struct reasons *reasons_new(void);
struct reasons *reasons_free(struct reasons *r);

/* reason_classify - why
 *
 *   in        code, status   as in struct event; 0 when absent
 *             text           the reply text, borrowed
 *   result    REASON_NONE when neither text nor codes say anything
 *   cost      one pass over text; call it on refusals and failures only */
enum reason reason_classify(const struct reasons *r, enum reason_direction direction, uint16_t code,
                            const uint8_t status[3], slice text);

/* reason_text - what a reply says, without the quoted address or name in front of it
 *
 *   in        ev     a refusal or a delivery
 *   result    borrows from ev: "<ADDR>: Recipient address rejected: ..." gives ": Recipient ...".
 * What is quoted is the client's own: a recipient called spamhaus must not pass for a block list,
 * nor hide that the recipient is unknown source    Postfix src/smtpd/smtpd_check.c: "<%s>: %s
 * rejected: ..." */
slice reason_text(const struct event *ev);

/* reason_name - the table's word for it; "" for REASON_NONE */
const char *reason_name(enum reason reason);

#endif
