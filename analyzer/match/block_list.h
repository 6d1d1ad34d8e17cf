/* block_list.h - which block list or reputation system a remote reply names, and which addresses it
 * quotes
 *
 * A server that refuses mail because of the client's address says so in its own words: the zone of
 * a DNS block list after "blocked using", the name of a well-known list, or a provider's code.
 * Answers that look the same and are not listings are told apart: lists of domains and links, and
 * the error codes of list operators.
 *
 * source: Postfix default_rbl_reply, Exim "in a black list at", Sendmail FEATURE(dnsbl); providers'
 * public postmaster pages; wordings in signatures/block-lists.json. */
#ifndef MATCH_BLOCK_LIST_H
#define MATCH_BLOCK_LIST_H

#include <stdint.h>

#include "base/ip_addr.h"
#include "base/slice.h"
#include "match/signature_set.h"

enum block_kind {
    BLOCK_NONE,
    BLOCK_LIST,       /* the address is on a list, public or the provider's own */
    BLOCK_REPUTATION, /* the address has a bad reputation with the provider */
    BLOCK_THROTTLE,   /* slowed down because of volume, complaints or reputation */
    BLOCK_DOMAIN,     /* a list of domains or links: not about the address */
    BLOCK_ERROR       /* the list could not be asked: no listing at all */
};

enum { BLOCK_NAME_MAX = 96, BLOCK_QUOTED_MAX = 4 };

struct block_hit {
    enum block_kind kind;
    bool known;                /* a name of the table, not only a zone that the reply quotes */
    bool as_client;            /* "client host [...]": the address is that of the connection */
    char name[BLOCK_NAME_MAX]; /* "zen.spamhaus.org", "outlook.com/S3140"; lower case; "" unnamed */
    struct ip_addr quoted[BLOCK_QUOTED_MAX]; /* addresses in the reply, in order */
    unsigned quoted_count;
};

struct block_lists;

/* block_lists_new - read and compile the entries of all files of the kind
 *
 *   in        files   outlives the result
 *   result    NULL with *reterr (ERROR_CONFIG): file, entry, member, what is allowed */
struct block_lists *block_lists_new(const struct signature_set *files, struct error *reterr);

/* block_lists_free - release; NULL is allowed; result NULL */
struct block_lists *block_lists_free(struct block_lists *b);

/* block_lists_check - does every match text of every entry fall to that entry, among those of its
 * file, and give its name, and no nomatch text?
 *
 *   result    false with *reterr */
bool block_lists_check(const struct block_lists *b, const struct signature_set *files,
                       struct error *reterr);

/* block_lists_find - read one remote reply
 *
 *   in        text   reply as logged, borrowed; the first 1,024 bytes are looked at
 *   out       ret    always filled; kind BLOCK_NONE and no name when no list is named
 *   result    kind != BLOCK_NONE
 *   cost      one pass over text, and one more for the addresses; no allocation */
bool block_lists_find(const struct block_lists *b, slice text, struct block_hit *ret);

#endif
