/* utf8.h - UTF-8 decoding that treats every byte string as data */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stdint.h>

#include "base/slice.h"

#define UTF8_BAD UINT32_MAX

/* utf8_take - decode one code point at the front of s and advance s
 *
 *   in        s       not empty
 *   result    the code point, or UTF8_BAD for one maximal ill-formed part (overlong, surrogate,
 *             cut, above 10FFFF)
 *   source    RFC 3629; Unicode 15 table 3-7 */
uint32_t utf8_take(slice *s);

#endif
