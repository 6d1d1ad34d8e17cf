/* bytes.h - loads of fixed byte order, rotation, newline search: what the other base files share */
#ifndef BASE_BYTES_H
#define BASE_BYTES_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* bytes_rotl64 - rotate left by n bits, 1..63 */
static inline uint64_t bytes_rotl64(uint64_t x, unsigned n)
{
    return x << n | x >> (64 - n);
}

/* bytes_load_le64 - eight bytes at p, least significant first; any alignment */
static inline uint64_t bytes_load_le64(const void *p)
{
    uint64_t x;

    memcpy(&x, p, sizeof(x));
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    x = __builtin_bswap64(x);
#endif
    return x;
}

/* bytes_newline - the first LF in [from, to), or NULL */
static inline const char *bytes_newline(const char *from, const char *to)
{
    return from == to ? NULL : memchr(from, '\n', (size_t)(to - from));
}

#endif
