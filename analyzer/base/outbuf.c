/* outbuf.c - output buffer with a limit, and the escapes that make log text safe to show
 * algorithm: doubling up to max; a piece that does not fit is dropped whole and marks the buffer
 * source:    RFC 8259 7 (JSON strings); civil date from a day count over 400-year cycles that
 *            begin in March
 * limits:    no memory counts as overflow */
#include "base/outbuf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/utf8.h"

enum { FIRST_CAPACITY = 256 };

void outbuf_init(struct outbuf *b, size_t max)
{
    *b = (struct outbuf){.max = max};
}

void outbuf_fini(struct outbuf *b)
{
    free(b->ptr);
    outbuf_init(b, b->max);
}

void outbuf_clear(struct outbuf *b)
{
    b->len = 0;
    b->overflow = false;
}

static bool grow(struct outbuf *b, size_t need)
{
    size_t cap = b->cap == 0 ? FIRST_CAPACITY : b->cap;

    while (cap < need && cap <= b->max / 2)
        cap *= 2;
    if (cap < need || cap > b->max)
        cap = b->max;
    char *ptr = realloc(b->ptr, cap);
    if (ptr == NULL)
        return false;
    b->ptr = ptr;
    b->cap = cap;
    return true;
}

/* Room for n more bytes; false marks the overflow. */
static bool reserve(struct outbuf *b, size_t n)
{
    if (!b->overflow && n <= b->cap - b->len)
        return true;
    if (b->overflow || n > b->max - b->len || !grow(b, b->len + n))
        b->overflow = true;
    return !b->overflow;
}

void outbuf_put(struct outbuf *b, slice s)
{
    if (s.len == 0 || !reserve(b, s.len))
        return;
    memcpy(b->ptr + b->len, s.ptr, s.len);
    b->len += s.len;
}

void outbuf_puts(struct outbuf *b, const char *s)
{
    outbuf_put(b, slice_of(s));
}

void outbuf_putc(struct outbuf *b, char c)
{
    outbuf_put(b, (slice){&c, 1});
}

void outbuf_printf(struct outbuf *b, const char *format, ...)
{
    char small[256];
    va_list args, again;

    va_start(args, format);
    va_copy(again, args);
    int n = vsnprintf(small, sizeof(small), format, args);
    if (n >= 0 && (size_t)n < sizeof(small)) {
        outbuf_put(b, (slice){small, (size_t)n});
    } else if (n >= 0 && reserve(b, (size_t)n + 1)) { /* one more for the NUL, not counted */
        vsnprintf(b->ptr + b->len, (size_t)n + 1, format, again);
        b->len += (size_t)n;
    }
    va_end(again);
    va_end(args);
}

void outbuf_u64(struct outbuf *b, uint64_t n)
{
    char text[20], *p = text + sizeof(text);

    do
        *--p = (char)('0' + n % 10);
    while ((n /= 10) != 0);
    outbuf_put(b, slice_between(p, text + sizeof(text)));
}

void outbuf_i64(struct outbuf *b, int64_t n)
{
    if (n < 0)
        outbuf_putc(b, '-');
    outbuf_u64(b, n < 0 ? 0 - (uint64_t)n : (uint64_t)n);
}

static bool is_terminal_unsafe(uint32_t code)
{
    return code == UTF8_BAD || code < 0x20 || (code >= 0x7f && code < 0xa0) || code == 0x061c ||
           code == 0x200e || code == 0x200f || (code >= 0x2028 && code <= 0x202e) ||
           (code >= 0x2066 && code <= 0x2069);
}

static bool is_json_plain(char c)
{
    return c >= ' ' && c < 0x7f && c != '"' && c != '\\';
}

static void put_json_escape(struct outbuf *b, uint32_t code)
{
    static const char digits[] = "0123456789abcdef";
    static const char named[] = "\"\"\\\\\bb\ff\nn\rr\tt"; /* pairs: byte, letter */

    for (const char *p = named; *p != '\0' && code < 0x7f; p += 2)
        if ((uint32_t)*p == code) {
            outbuf_put(b, (slice){(char[]){'\\', p[1]}, 2});
            return;
        }
    char hex[6] = {'\\',
                   'u',
                   digits[code >> 12 & 15],
                   digits[code >> 8 & 15],
                   digits[code >> 4 & 15],
                   digits[code & 15]};
    outbuf_put(b, (slice){hex, sizeof(hex)});
}

/* One code point that is not plain ASCII; whole = its bytes. */
static void put_json_code(struct outbuf *b, uint32_t code, slice whole)
{
    if (code == UTF8_BAD)
        outbuf_put(b, SLICE_LIT("\xef\xbf\xbd"));
    else if (code < 0xa0 || is_terminal_unsafe(code))
        put_json_escape(b, code);
    else
        outbuf_put(b, whole);
}

void outbuf_json_string(struct outbuf *b, slice s)
{
    outbuf_putc(b, '"');
    while (s.len > 0) {
        size_t n = 0;
        while (n < s.len && is_json_plain(s.ptr[n]))
            n++;
        outbuf_put(b, slice_first(s, n));
        s = slice_from(s, n);
        if (s.len == 0)
            break;
        const char *start = s.ptr;
        uint32_t code = utf8_take(&s);
        put_json_code(b, code, slice_between(start, s.ptr));
    }
    outbuf_putc(b, '"');
}

void outbuf_json_key(struct outbuf *b, slice s)
{
    outbuf_json_string(b, s);
    outbuf_putc(b, ':');
}

/* The next code point of s as it will be shown. */
static slice take_plain(slice *s)
{
    const char *start = s->ptr;
    uint32_t code = utf8_take(s);

    return is_terminal_unsafe(code) ? SLICE_LIT("?") : slice_between(start, s->ptr);
}

static bool plain_fits(slice s, size_t max)
{
    for (size_t n = 0; s.len > 0;)
        if ((n += take_plain(&s).len) > max)
            return false;
    return true;
}

void outbuf_plain(struct outbuf *b, slice s, size_t max)
{
    slice dots = plain_fits(s, max) ? SLICE_NONE : slice_first(SLICE_LIT("..."), max);

    for (size_t room = max - dots.len; s.len > 0;) {
        slice piece = take_plain(&s);
        if (piece.len > room)
            break;
        outbuf_put(b, piece);
        room -= piece.len;
    }
    outbuf_put(b, dots);
}

struct civil {
    int64_t year;
    unsigned month, day;
};

/* Days since 1970-01-01 to the proleptic Gregorian date. A year here begins on 1 March, so that the
 * leap day is the last; 153 days are the five months March to July. 719468 days lie between
 * 0000-03-01 and 1970-01-01. */
static struct civil civil_of_days(int64_t days)
{
    days += 719468;
    int64_t cycle = (days >= 0 ? days : days - 146096) / 146097;
    unsigned day = (unsigned)(days - cycle * 146097);
    unsigned year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
    unsigned year_day = day - (365 * year + year / 4 - year / 100);
    unsigned month = (5 * year_day + 2) / 153;
    struct civil c = {cycle * 400 + year, month < 10 ? month + 3 : month - 9,
                      year_day - (153 * month + 2) / 5 + 1};

    c.year += c.month <= 2;
    return c;
}

void outbuf_time_iso(struct outbuf *b, int64_t time_us)
{
    const int64_t day_us = INT64_C(86400000000);
    int64_t days = time_us / day_us - (time_us % day_us < 0);
    unsigned ms = (unsigned)((time_us - days * day_us) / 1000);
    struct civil c = civil_of_days(days);

    outbuf_printf(b, c.year >= 0 && c.year <= 9999 ? "%04lld" : "%+05lld", (long long)c.year);
    outbuf_printf(b, "-%02u-%02uT%02u:%02u:%02u.%03uZ", c.month, c.day, ms / 3600000,
                  ms / 60000 % 60, ms / 1000 % 60, ms % 1000);
}
