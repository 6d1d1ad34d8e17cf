/* sasl_text.h - the account that a client claims in the lines of an AUTH dialogue
 *
 * The lines also hold passwords and answers to challenges. Nothing but the account's name is ever
 * returned.
 *
 * source: RFC 4954 (dialogue), RFC 4648 4 (base64), RFC 4616 (PLAIN); LOGIN and NTLM as Microsoft
 *         documents them (MS-NLMP 2.2.1.3). */
#ifndef PARSERS_SASL_TEXT_H
#define PARSERS_SASL_TEXT_H

#include "base/slice.h"

enum { SASL_USER_MAX = 80 };

/* sasl_text_user - the account in one line of the client's
 *
 *   in        mechanism   in any case; LOGIN, PLAIN and NTLM are known
 *             step        1: the client's first line, be it the initial response; 2, 3 ...
 *             data        base64, borrowed
 *             buf         SASL_USER_MAX bytes
 *   result    the name, "DOMAIN\user" where NTLM says a domain, cut to fit; borrows from buf.
 *             Absent when the line holds none or cannot be read
 *   limits    NTLM names beyond Latin-1 are shown with "?" */
slice sasl_text_user(slice mechanism, unsigned step, slice data, char *buf);

#endif
