/* refused.h - what one of our own refusals is aimed at: the client, its name, the sender, the
 * recipient
 *
 * The reason says why (policy, a bad sender), not at what: "Access denied" may be about an address,
 * a host name or a sender. A server that says which, says it in words.
 *
 * source: wordings in refused_texts.def. */
#ifndef MATCH_REFUSED_H
#define MATCH_REFUSED_H

#include "match/reason.h"

enum refused {
    REFUSED_NOTHING,       /* not told */
    REFUSED_CLIENT,        /* the client's address or verified name: a host, a network, a list */
    REFUSED_HELO,          /* what the client called itself */
    REFUSED_SENDER,        /* the sender address or its domain, by policy */
    REFUSED_SENDER_DOMAIN, /* the sender's domain: not in DNS, or it takes no mail */
    REFUSED_SENDER_DNS,    /* the sender's domain: DNS did not answer */
    REFUSED_SENDER_PART,   /* the sender's local part: no such user, or it could not be verified */
    REFUSED_SENDER_LOGIN,  /* the sender: not that of the account, or not without a login */
    REFUSED_RECIPIENT
};

struct refused_texts;

/* refused_texts_new - compile the table; refused_texts_free returns NULL */
struct refused_texts *refused_texts_new(void);
struct refused_texts *refused_texts_free(struct refused_texts *t);

/* refused_what - what a refusal of ours is aimed at
 *
 *   in        reason   of the same refusal
 *             status   RFC 3463, as in struct event
 *             text     the reply without the quoted address: reason_text()
 *   cost      the reason decides for what makes up a flood (unknown recipients, relaying); else one
 *             pass over text; call it on refusals only */
enum refused refused_what(const struct refused_texts *t, enum reason reason,
                          const uint8_t status[3], slice text);

#endif
