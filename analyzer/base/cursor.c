/* cursor.c - the longer readers of cursor.h
 * grammar:  1*DIGIT [ "." 1*DIGIT ], seconds
 * source:   RFC 5234 DIGIT; the form of delay= and xdelay= in mail logs
 * limits:   up to 9.2e15 seconds; digits behind the fourth decimal are passed and ignored */
#include "base/cursor.h"

static bool is_digit(slice s, size_t i)
{
    return i < s.len && s.ptr[i] >= '0' && s.ptr[i] <= '9';
}

bool cursor_take_decimal_ms(slice *cur, int64_t *ret_ms)
{
    slice rest = *cur;
    uint64_t seconds, tenth_ms = 0;

    if (!cursor_take_uint(&rest, INT64_MAX / 1000 - 1, &seconds))
        return false;
    if (rest.len > 0 && rest.ptr[0] == '.' && is_digit(rest, 1)) {
        size_t n = 1;
        for (uint64_t unit = 1000; is_digit(rest, n); n++, unit /= 10)
            tenth_ms += unit * (uint64_t)(rest.ptr[n] - '0');
        rest = slice_from(rest, n);
    }
    *cur = rest;
    *ret_ms = (int64_t)(seconds * 1000 + (tenth_ms + 5) / 10);
    return true;
}
