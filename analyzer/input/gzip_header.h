/* gzip_header.h - what both decoders of gzip read in a member's header themselves */
#ifndef INPUT_GZIP_HEADER_H
#define INPUT_GZIP_HEADER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

enum { GZIP_MAGIC_LEN = 3 };

/* gzip_is_member - RFC 1952 2.3.1: ID1, ID2, and the one method that there is */
static inline bool gzip_is_member(slice head)
{
    return slice_starts(head, SLICE_LIT("\x1f\x8b\x08"));
}

/* gzip_mtime_us - RFC 1952 2.3.1: MTIME, seconds since 1970, little endian, at byte 4; 0 means none
 */
static inline int64_t gzip_mtime_us(slice head)
{
    uint32_t seconds = 0;

    if (head.len < 8)
        return 0;
    for (size_t i = 0; i < 4; i++)
        seconds |= (uint32_t)(unsigned char)head.ptr[4 + i] << (8 * i);
    return (int64_t)seconds * 1000000;
}

#endif
