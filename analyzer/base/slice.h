/* slice.h - borrowed bytes, by value
 *
 * A slice is two words, passed and returned in registers. It is not NUL-terminated and may hold any
 * byte. {NULL, 0} means absent; {non-NULL, 0} means present and empty. A slice never owns: the
 * bytes belong to whoever made it, and the header of that function says for how long. Only
 * functions with `keep` in their name copy. */
#ifndef BASE_SLICE_H
#define BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "base/bytes.h"

typedef struct slice {
    const char *ptr;
    size_t len;
} slice;

#define SLICE_NONE   ((slice){NULL, 0})
#define SLICE_LIT(s) ((slice){("" s), sizeof("" s) - 1})
#define SLICE_INIT(s)                                                                              \
    {                                                                                              \
        ("" s), sizeof("" s) - 1                                                                   \
    } /* the same, as the initialiser of a static */

/* slice_of - a slice over a C string; NULL gives the absent slice */
static inline slice slice_of(const char *s)
{
    return s == NULL ? SLICE_NONE : (slice){s, strlen(s)};
}

/* slice_between - the bytes from `from` up to but not including `to` */
static inline slice slice_between(const char *from, const char *to)
{
    return (slice){from, (size_t)(to - from)};
}

/* slice_eq - same length and bytes; absent equals empty */
static inline bool slice_eq(slice a, slice b)
{
    return a.len == b.len && bytes_eq(a.ptr, b.ptr, a.len);
}

/* slice_starts - does s begin with prefix */
static inline __attribute__((always_inline)) bool slice_starts(slice s, slice prefix)
{
    return prefix.len == 0 || (s.len >= prefix.len && memcmp(s.ptr, prefix.ptr, prefix.len) == 0);
}

/* slice_ends - does s end with suffix */
static inline bool slice_ends(slice s, slice suffix)
{
    return suffix.len == 0 ||
           (s.len >= suffix.len && memcmp(s.ptr + s.len - suffix.len, suffix.ptr, suffix.len) == 0);
}

/* slice_from - s without its first n bytes; empty when n is larger */
static inline slice slice_from(slice s, size_t n)
{
    if (s.ptr == NULL)
        return s;
    return n >= s.len ? (slice){s.ptr + s.len, 0} : (slice){s.ptr + n, s.len - n};
}

/* slice_first - at most the first n bytes of s */
static inline slice slice_first(slice s, size_t n)
{
    return n >= s.len ? s : (slice){s.ptr, n};
}

/* slice_find_byte - index of the first byte c, or s.len when there is none */
static inline size_t slice_find_byte(slice s, char c)
{
    return bytes_find(s.ptr, s.len, c);
}

/* slice_rfind_byte - index of the last byte c, or s.len when there is none */
static inline size_t slice_rfind_byte(slice s, char c)
{
    return bytes_rfind(s.ptr, s.len, c);
}

/* slice_find - index of the first occurrence of needle, or s.len when there is none */
static inline size_t slice_find(slice s, slice needle)
{
    const char *p = s.len == 0 ? NULL : memmem(s.ptr, s.len, needle.ptr, needle.len);
    return p == NULL ? s.len : (size_t)(p - s.ptr);
}

/* slice_has - does s contain needle */
static inline bool slice_has(slice s, slice needle)
{
    return needle.len == 0 || slice_find(s, needle) < s.len;
}

/* slice_lower - ASCII lower case of one byte */
static inline char slice_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

/* slice_ieq - equal but for ASCII case */
static inline bool slice_ieq(slice a, slice b)
{
    if (a.len != b.len)
        return false;
    for (size_t i = 0; i < a.len; i++)
        if (slice_lower(a.ptr[i]) != slice_lower(b.ptr[i]))
            return false;
    return true;
}

/* slice_is_blank - a blank, a tab, CR or LF */
static inline bool slice_is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* slice_trim - s without leading and trailing blanks, tabs, CR and LF */
static inline slice slice_trim(slice s)
{
    for (; s.len > 0 && slice_is_blank(s.ptr[0]); s.len--)
        s.ptr++;
    while (s.len > 0 && slice_is_blank(s.ptr[s.len - 1]))
        s.len--;
    return s;
}

/* slice_keep - copy s into buf as a C string, cut to size - 1 bytes
 *
 *   result    true when all of s fitted; buf is always NUL-terminated
 *   lifetime  the copy lives as long as buf */
static inline bool slice_keep(slice s, char *buf, size_t size)
{
    size_t n = s.len < size ? s.len : size - 1;
    if (n > 0)
        memcpy(buf, s.ptr, n);
    buf[n] = '\0';
    return n == s.len;
}

#endif
