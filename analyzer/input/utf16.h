/* utf16.h - UTF-16 to UTF-8, in pieces of any size
 *
 * A unit or a surrogate pair may be split between two calls; the state carries it over. Bad input
 * never fails: an unpaired surrogate and an odd last byte become U+FFFD.
 *
 * source: RFC 2781 2.2 (decoding), RFC 3629 3 (encoding) */
#ifndef INPUT_UTF16_H
#define INPUT_UTF16_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

struct utf16 {
    bool big_endian;
    bool has_byte; /* first half of a unit waits */
    unsigned char byte;
    uint16_t high;        /* high surrogate that waits for its partner; 0 none */
    unsigned char out[8]; /* encoded but not yet written: no room */
    unsigned out_begin, out_end;
};

/* utf16_convert - convert as much of *in as has room
 *
 *   in        in      advanced past what was used
 *   out       buf     UTF-8, at most size bytes
 *   result    bytes written; 0 only when *in is used up and nothing waits for room */
size_t utf16_convert(struct utf16 *state, slice *in, char *buf, size_t size);

/* utf16_finish - at the end of the input: what waits becomes U+FFFD; result as utf16_convert(),
 * call until 0 */
size_t utf16_finish(struct utf16 *state, char *buf, size_t size);

#endif
