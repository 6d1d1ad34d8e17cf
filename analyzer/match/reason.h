/* reason.h - the meaning of a refusal, from its wording first and its codes second
 *
 * Codes alone are not reliable (Exchange answers 5.7.1 to many things), wordings are. Both are one
 * table each; that of the wordings is read from files.
 *
 * source: RFC 3463, RFC 5248 registry; wordings in signatures/reasons.json. */
#ifndef MATCH_REASON_H
#define MATCH_REASON_H

#include "base/error.h"
#include "event/event.h"
#include "match/signature_set.h"

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

/* reasons_new - read and compile the wordings of all files of the kind
 *
 *   in        files   the first wording of the first file that occurs in a text decides; outlives
 *                     the result
 *   result    NULL with *reterr (ERROR_CONFIG): file, entry, member, what is allowed */
struct reasons *reasons_new(const struct signature_set *files, struct error *reterr);

/* reasons_free - release; NULL is allowed; result NULL */
struct reasons *reasons_free(struct reasons *r);

/* reasons_check - does every match text of every entry fall to that entry, among those of its file,
 * and no nomatch text? In each direction the entry is for.
 *
 *   result    false with *reterr */
bool reasons_check(const struct reasons *r, const struct signature_set *files,
                   struct error *reterr);

/* reason_classify - why
 *
 *   in        code, status   as in struct event; 0 when absent
 *             text           the reply text, borrowed
 *   result    REASON_NONE when neither text nor codes say anything
 *   cost      one pass over text; call it on refusals and failures only */
enum reason reason_classify(const struct reasons *r, enum reason_direction direction, uint16_t code,
                            const uint8_t status[3], slice text);

/* Where a wording stands. */
struct reason_wording {
    slice literal;
    const char *file; /* as messages name it */
    unsigned entry;   /* number in it */
};

/* reason_wording - the wording that decides; for "explain"
 *
 *   result    false when no wording occurs in the text and its codes alone count */
bool reason_wording(const struct reasons *r, enum reason_direction direction, slice text,
                    struct reason_wording *ret);

/* reason_text - what a reply says, without the quoted address or name in front of it
 *
 *   in        ev     a refusal or a delivery
 *   result    borrows from ev: "<ADDR>: Recipient address rejected: ..." gives ": Recipient ...".
 *             What is quoted is the client's own: a recipient called spamhaus must not pass for a
 *             block list, nor hide that the recipient is unknown
 *   source    Postfix src/smtpd/smtpd_check.c: "<%s>: %s rejected: ..." */
slice reason_text(const struct event *ev);

/* reason_name - the table's word for it; "" for REASON_NONE */
const char *reason_name(enum reason reason);

#endif
