/* cursor.h - read a line from left to right: each take moves the cursor on success and only then
 *
 * Slices that are returned are borrowed from the bytes the cursor walks over. */
#ifndef BASE_CURSOR_H
#define BASE_CURSOR_H

#include <stdint.h>

#include "base/slice.h"

/* cursor_take_byte - pass the byte c */
static inline bool cursor_take_byte(slice *cur, char c)
{
    if (cur->len == 0 || cur->ptr[0] != c)
        return false;
    cur->ptr++;
    cur->len--;
    return true;
}

/* cursor_take_lit - pass the bytes of lit; always inline, where its length is a constant: a compare
 * of one or two words, and else a call of memcmp() */
static inline __attribute__((always_inline)) bool cursor_take_lit(slice *cur, slice lit)
{
    if (!slice_starts(*cur, lit))
        return false;
    cur->ptr += lit.len;
    cur->len -= lit.len;
    return true;
}

/* cursor_take_blanks - pass blanks and tabs, if any; true when there was one */
static inline bool cursor_take_blanks(slice *cur)
{
    size_t n = 0;

    while (n < cur->len && (cur->ptr[n] == ' ' || cur->ptr[n] == '\t'))
        n++;
    if (n == 0)
        return false;
    *cur = slice_from(*cur, n);
    return true;
}

enum { CURSOR_SAFE_DIGITS = 19 }; /* a number of so many digits fits into 64 bits */

/* cursor_take_uint - read an unsigned decimal number: all digits that follow
 *
 *   in        max     largest accepted value
 *   result    false when there is no digit or the value exceeds max: then nothing moves and ret is
 * untouched */
static inline bool cursor_take_uint(slice *cur, uint64_t max, uint64_t *ret)
{
    uint64_t n = 0;
    size_t i = 0;

    for (unsigned digit; i < cur->len && (digit = (unsigned)cur->ptr[i] - '0') <= 9; i++) {
        if (i >= CURSOR_SAFE_DIGITS && n > (UINT64_MAX - digit) / 10)
            return false;
        n = n * 10 + digit;
    }
    if (i == 0 || n > max)
        return false;
    *cur = slice_from(*cur, i);
    *ret = n;
    return true;
}

/* cursor_take_until - read up to the byte c, which is not passed; false when there is no c */
static inline bool cursor_take_until(slice *cur, char c, slice *ret)
{
    size_t n = slice_find_byte(*cur, c);

    if (n == cur->len)
        return false;
    *ret = slice_first(*cur, n);
    *cur = slice_from(*cur, n);
    return true;
}

/* cursor_take_past - read up to the byte c and pass it; false when there is no c */
static inline bool cursor_take_past(slice *cur, char c, slice *ret)
{
    if (!cursor_take_until(cur, c, ret))
        return false;
    *cur = slice_from(*cur, 1);
    return true;
}

/* cursor_take_token - read up to a blank, a tab or the end; false when that is nothing */
static inline bool cursor_take_token(slice *cur, slice *ret)
{
    size_t n = 0;

    while (n < cur->len && cur->ptr[n] != ' ' && cur->ptr[n] != '\t')
        n++;
    if (n == 0)
        return false;
    *ret = slice_first(*cur, n);
    *cur = slice_from(*cur, n);
    return true;
}

/* cursor_take_decimal_ms - read seconds as "63495", "0.05" or "1.2" into milliseconds
 *
 *   out       ret_ms  rounded to the nearest millisecond, half up
 *   result    false when there is no digit or the value does not fit; a dot without a digit after
 * it is not passed */
bool cursor_take_decimal_ms(slice *cur, int64_t *ret_ms);

#endif
