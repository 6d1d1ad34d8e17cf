/* address.h - the form of an envelope address: what it says on the outside and where it would
 * really go
 *
 * Relay tests and relay abuse hide a foreign destination inside an address that looks local:
 * user%victim@ours, victim!user@ours, "user@victim"@ours, @ours:user@victim,
 * IMCEASMTP-user+40victim@ours. This module reads the argument of RCPT TO as the client wrote it,
 * before any alias expansion, and decodes such forms up to four levels deep.
 *
 * source: RFC 5321 3.6.1 and 4.1.2, RFC 1123 5.2.16, Microsoft KB 189492 (IMCEA encoding). */
#ifndef EVENT_ADDRESS_H
#define EVENT_ADDRESS_H

#include <stdint.h>

#include "base/slice.h"

/* Forms seen while decoding, as a set. */
enum address_form {
    FORM_SOURCE_ROUTE = 1 << 0, /* @relay:user@victim */
    FORM_PERCENT = 1 << 1,      /* user%victim@relay  */
    FORM_BANG = 1 << 2,         /* victim!user@relay  */
    FORM_QUOTED_AT = 1 << 3,    /* "user@victim"@relay */
    FORM_DOUBLE_AT = 1 << 4,    /* user@victim@relay  */
    FORM_TRAILING_AT = 1 << 5,  /* user@victim@, user%victim@ */
    FORM_LITERAL = 1 << 6,      /* ...@[192.0.2.1] on the outside */
    FORM_BARE = 1 << 7,         /* no domain at all   */
    FORM_IMCEA = 1 << 8,        /* IMCEASMTP-user+40victim@relay */
    FORM_IMCEA_QUOTED = 1 << 9  /* "IMCEA user@victim"@relay */
};
enum { ADDRESS_FORM_COUNT = 10, ADDRESS_INNER_MAX = 320, ADDRESS_LEVELS_MAX = 4 };

struct address {
    slice local, domain; /* outermost parts, borrowed; domain is absent for a bare address, without
                            the dot at its end */
    uint32_t forms;      /* set of enum address_form; 0 = user@domain */
    bool has_inner;      /* an address is hidden inside */
    char inner[ADDRESS_INNER_MAX]; /* the innermost address found, decoded, NUL-terminated; cut when
                                      longer */
    slice inner_domain;            /* its domain, points into inner; absent when it has none */
};

/* address_parse - read an envelope address (without or with its angle brackets)
 *
 *   in        text   any bytes; an empty slice is the null sender and yields an empty address
 *   out       ret    local and domain borrow from text; inner is a copy
 *   cost      one pass for an ordinary address; no allocation */
void address_parse(slice text, struct address *ret);

/* address_form_name - the word for one form: "percent", "source_route" ... ; "plain" for 0 */
const char *address_form_name(uint32_t one_form);

/* address_trick_form - the form worth naming in a set: the innermost trick before the shape of the
 * outside */
uint32_t address_trick_form(uint32_t forms);

/* address_domain - the domain of a simple address, after the last at-sign, without the dot at its
 * end; absent if none */
slice address_domain(slice text);

/* address_untag - undo sender rewriting that hides the person behind: BATV prvs=tag=user@dom and
 * VERP user-key@dom keep their domain; SRS0=hash=tt=dom=user@fwd gives the original domain.
 *
 *   out       ret_domain   domain to use for the sender's identity, borrowed from text
 *   result    true when text is SRS, BATV or VERP tagged (harmless, not a relay trick) */
bool address_untag(slice text, slice *ret_domain);

#endif
