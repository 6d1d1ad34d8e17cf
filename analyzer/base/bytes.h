/* bytes.h - loads of fixed byte order, rotation, and short searches: what the other base files
 * share
 *
 * The pieces of a log line are short: a call of memchr() or memcmp() costs more than its work. The
 * searches here are inline and take 16 bytes at a time where the machine can (SSE2, part of every
 * x86-64); elsewhere they are the C library's. They never read beyond the n bytes they are given.
 */
#ifndef BASE_BYTES_H
#define BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* For a function that few lines need, called by one that all lines need: kept out of it, so that
 * the other pays neither for its registers nor for its place in the cache. */
#define OUT_OF_LINE __attribute__((noinline))

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

/* bytes_load_le32 - four bytes at p, least significant first; any alignment */
static inline uint32_t bytes_load_le32(const void *p)
{
    uint32_t x;

    memcpy(&x, p, sizeof(x));
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    x = __builtin_bswap32(x);
#endif
    return x;
}

/* bytes_newline - the first LF in [from, to), or NULL */
static inline const char *bytes_newline(const char *from, const char *to)
{
    return from == to ? NULL : memchr(from, '\n', (size_t)(to - from));
}

#ifdef __SSE2__

/* Bit i is set when byte i of the 16 at p is c. */
static inline __attribute__((always_inline)) unsigned bytes_mask16(const char *p, char c)
{
    __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)p);

    return (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, _mm_set1_epi8(c)));
}

/* The same of 8 bytes. */
static inline __attribute__((always_inline)) unsigned bytes_mask8(const char *p, char c)
{
    __m128i bytes = _mm_loadl_epi64((const __m128i *)(const void *)p);

    return (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, _mm_set1_epi8(c))) & 0xff;
}

/* bytes_find - index of the first byte c of n at p, or n when there is none */
static inline __attribute__((always_inline)) size_t bytes_find(const char *p, size_t n, char c)
{
    size_t i = 0;
    unsigned mask;

    if (n >= 16) {
        for (; i + 16 <= n; i += 16)
            if ((mask = bytes_mask16(p + i, c)) != 0)
                return i + (unsigned)__builtin_ctz(mask);
        mask = bytes_mask16(p + n - 16, c); /* what was seen before holds no c */
        return mask == 0 ? n : n - 16 + (unsigned)__builtin_ctz(mask);
    }
    if (n >= 8) {
        if ((mask = bytes_mask8(p, c)) != 0)
            return (unsigned)__builtin_ctz(mask);
        mask = bytes_mask8(p + n - 8, c);
        return mask == 0 ? n : n - 8 + (unsigned)__builtin_ctz(mask);
    }
    while (i < n && p[i] != c)
        i++;
    return i;
}

/* bytes_find_any - index of the first of n bytes at p that is one of the four in set, or n */
static inline __attribute__((always_inline)) size_t bytes_find_any(const char *p, size_t n,
                                                                   const char set[4])
{
    size_t i = 0;

    for (; i + 16 <= n; i += 16) {
        unsigned mask = bytes_mask16(p + i, set[0]) | bytes_mask16(p + i, set[1]) |
                        bytes_mask16(p + i, set[2]) | bytes_mask16(p + i, set[3]);
        if (mask != 0)
            return i + (unsigned)__builtin_ctz(mask);
    }
    while (i < n && p[i] != set[0] && p[i] != set[1] && p[i] != set[2] && p[i] != set[3])
        i++;
    return i;
}

/* bytes_zero - set n bytes at p to 0; n is a constant, so this becomes n / 16 stores */
static inline __attribute__((always_inline)) void bytes_zero(void *p, size_t n)
{
    char *to = p;
    size_t i = 0;

#pragma GCC unroll 64
    for (; i + 16 <= n; i += 16)
        _mm_storeu_si128((__m128i *)(void *)(to + i), _mm_setzero_si128());
    if (i < n)
        memset(to + i, 0, n - i);
}

/* bytes_rfind - index of the last byte c of n at p, or n when there is none */
static inline __attribute__((always_inline)) size_t bytes_rfind(const char *p, size_t n, char c)
{
    size_t left = n;

    for (; left >= 16; left -= 16) {
        unsigned mask = bytes_mask16(p + left - 16, c);
        if (mask != 0)
            return left - 16 + (31 - (unsigned)__builtin_clz(mask));
    }
    while (left > 0)
        if (p[--left] == c)
            return left;
    return n;
}

static inline __attribute__((always_inline)) bool bytes_eq16(const char *a, const char *b)
{
    __m128i x = _mm_loadu_si128((const __m128i *)(const void *)a);
    __m128i y = _mm_loadu_si128((const __m128i *)(const void *)b);

    return _mm_movemask_epi8(_mm_cmpeq_epi8(x, y)) == 0xffff;
}

/* bytes_eq - are the n bytes at a those at b */
static inline __attribute__((always_inline)) bool bytes_eq(const char *a, const char *b, size_t n)
{
    if (__builtin_constant_p(n)) /* the compiler knows best */
        return n == 0 || memcmp(a, b, n) == 0;
    if (n >= 16) {
        for (size_t i = 0; i + 16 < n; i += 16)
            if (!bytes_eq16(a + i, b + i))
                return false;
        return bytes_eq16(a + n - 16, b + n - 16);
    }
    if (n >= 8)
        return ((bytes_load_le64(a) ^ bytes_load_le64(b)) |
                (bytes_load_le64(a + n - 8) ^ bytes_load_le64(b + n - 8))) == 0;
    if (n >= 4)
        return ((bytes_load_le32(a) ^ bytes_load_le32(b)) |
                (bytes_load_le32(a + n - 4) ^ bytes_load_le32(b + n - 4))) == 0;
    return n == 0 || (a[0] == b[0] && a[n / 2] == b[n / 2] && a[n - 1] == b[n - 1]);
}

/* bytes_hex_span - how many of the 16 bytes at p, from the first on, are digits or "A" to "F" */
static inline __attribute__((always_inline)) unsigned bytes_hex_span(const char *p)
{
    __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)p);
    __m128i digit = _mm_sub_epi8(bytes, _mm_set1_epi8('0'));
    __m128i letter = _mm_sub_epi8(bytes, _mm_set1_epi8('A'));
    __m128i is_digit = _mm_cmpeq_epi8(_mm_min_epu8(digit, _mm_set1_epi8(9)), digit);
    __m128i is_letter = _mm_cmpeq_epi8(_mm_min_epu8(letter, _mm_set1_epi8(5)), letter);
    unsigned mask = (unsigned)_mm_movemask_epi8(_mm_or_si128(is_digit, is_letter));

    return (unsigned)__builtin_ctz(~mask);
}

/* bytes_digits_before - how many of the 16 bytes before `end`, counted back from it, are digits */
static inline __attribute__((always_inline)) unsigned bytes_digits_before(const char *end)
{
    __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)(end - 16));
    __m128i digit = _mm_sub_epi8(bytes, _mm_set1_epi8('0'));
    __m128i is_digit = _mm_cmpeq_epi8(_mm_min_epu8(digit, _mm_set1_epi8(9)), digit);
    unsigned others = ~(unsigned)_mm_movemask_epi8(is_digit) & 0xffff;

    return others == 0 ? 16 : (unsigned)__builtin_clz(others) - 16;
}

/* bytes_places16 - bit i is set when byte i of the 16 at p is c */
static inline __attribute__((always_inline)) unsigned bytes_places16(const char *p, char c)
{
    return bytes_mask16(p, c);
}

#else

/* bytes_places16 - bit i is set when byte i of the 16 at p is c */
static inline unsigned bytes_places16(const char *p, char c)
{
    unsigned mask = 0;

    for (unsigned i = 0; i < 16; i++)
        mask |= (unsigned)(p[i] == c) << i;
    return mask;
}

/* bytes_digits_before - how many of the 16 bytes before `end`, counted back from it, are digits */
static inline unsigned bytes_digits_before(const char *end)
{
    unsigned n = 0;

    while (n < 16 && end[-1 - (int)n] >= '0' && end[-1 - (int)n] <= '9')
        n++;
    return n;
}

/* bytes_find - index of the first byte c of n at p, or n when there is none */
static inline __attribute__((always_inline)) size_t bytes_find(const char *p, size_t n, char c)
{
    const char *found = n == 0 ? NULL : memchr(p, c, n);

    return found == NULL ? n : (size_t)(found - p);
}

/* bytes_find_any - index of the first of n bytes at p that is one of the four in set, or n */
static inline size_t bytes_find_any(const char *p, size_t n, const char set[4])
{
    size_t i = 0;

    while (i < n && p[i] != set[0] && p[i] != set[1] && p[i] != set[2] && p[i] != set[3])
        i++;
    return i;
}

/* bytes_zero - set n bytes at p to 0 */
static inline void bytes_zero(void *p, size_t n)
{
    memset(p, 0, n);
}

/* bytes_rfind - index of the last byte c of n at p, or n when there is none */
static inline __attribute__((always_inline)) size_t bytes_rfind(const char *p, size_t n, char c)
{
    const char *found = n == 0 ? NULL : memrchr(p, c, n);

    return found == NULL ? n : (size_t)(found - p);
}

/* bytes_eq - are the n bytes at a those at b */
static inline __attribute__((always_inline)) bool bytes_eq(const char *a, const char *b, size_t n)
{
    return n == 0 || memcmp(a, b, n) == 0;
}

/* bytes_hex_span - how many of the 16 bytes at p, from the first on, are digits or "A" to "F" */
static inline __attribute__((always_inline)) unsigned bytes_hex_span(const char *p)
{
    unsigned n = 0;

    while (n < 16 && ((p[n] >= '0' && p[n] <= '9') || (p[n] >= 'A' && p[n] <= 'F')))
        n++;
    return n;
}

#endif

/* A walk from left to right over the places of one byte among n at p. Where they are close
 * together, as separators are, each 16 bytes are compared once and not once a place. */
struct bytes_walk {
    const char *p;
    size_t n, block;
    unsigned mask; /* places not given yet in the 16 bytes at `block` */
    char c;
};

static inline unsigned bytes_walk_mask(const struct bytes_walk *w)
{
    size_t left = w->n - w->block;
    char last[16] = {0};

    if (left >= sizeof last)
        return bytes_places16(w->p + w->block, w->c);
    memcpy(last, w->p + w->block, left);
    return bytes_places16(last, w->c) & ((1U << left) - 1);
}

/* bytes_walk_begin - at the start of n bytes at p, which is not NULL, to look for c */
static inline struct bytes_walk bytes_walk_begin(const char *p, size_t n, char c)
{
    struct bytes_walk w = {.p = p, .n = n, .c = c};

    w.mask = bytes_walk_mask(&w);
    return w;
}

/* bytes_walk_next - index of the next c, or n when there is none */
static inline size_t bytes_walk_next(struct bytes_walk *w)
{
    while (w->mask == 0) {
        if (w->n - w->block <= 16)
            return w->n;
        w->block += 16;
        w->mask = bytes_walk_mask(w);
    }
    size_t at = w->block + (unsigned)__builtin_ctz(w->mask);
    w->mask &= w->mask - 1;
    return at;
}

/* bytes_walk_skip - go on at `from`, which lies behind the place given last, and before n */
static inline void bytes_walk_skip(struct bytes_walk *w, size_t from)
{
    if (from - w->block >= 16) {
        w->block = from & ~(size_t)15;
        w->mask = bytes_walk_mask(w);
    }
    w->mask &= ~0U << (from - w->block);
}

#endif
