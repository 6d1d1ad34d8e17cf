/* outbuf.h - bytes on their way out: grows to a limit, escapes hostile text, never fails midway
 *
 * What does not fit below `max` sets `overflow`; from then on everything is dropped until
 * outbuf_clear(). The writer goes on unaware and the transport looks at `overflow` once, at the
 * end. */
#ifndef BASE_OUTBUF_H
#define BASE_OUTBUF_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

struct outbuf {
    char *ptr; /* not NUL-terminated; NULL while nothing was put */
    size_t len, cap, max;
    bool overflow;
};

/* outbuf_init - an empty buffer that may grow to max bytes; nothing is allocated yet */
void outbuf_init(struct outbuf *b, size_t max);

/* outbuf_fini - release the memory; the buffer is empty and usable again */
void outbuf_fini(struct outbuf *b);

/* outbuf_clear - forget content and overflow; the memory is kept */
void outbuf_clear(struct outbuf *b);

/* outbuf_slice - the content; valid until the next put */
static inline slice outbuf_slice(const struct outbuf *b)
{
    return (slice){b->ptr == NULL ? "" : b->ptr, b->len};
}

/* outbuf_put, outbuf_puts, outbuf_putc - append bytes, a C string (NULL: nothing), one byte; as
 * they are */
void outbuf_put(struct outbuf *b, slice s);
void outbuf_puts(struct outbuf *b, const char *s);
void outbuf_putc(struct outbuf *b, char c);

/* outbuf_printf - append formatted text; not for bytes from a log: see outbuf_json_string,
 * outbuf_plain */
void outbuf_printf(struct outbuf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* outbuf_u64, outbuf_i64 - append a decimal number */
void outbuf_u64(struct outbuf *b, uint64_t n);
void outbuf_i64(struct outbuf *b, int64_t n);

/* outbuf_json_string - append s as a JSON string with its quotes
 *
 * Each ill-formed UTF-8 sequence becomes U+FFFD. Control bytes, DEL, C1 controls, bidirectional and
 * line separator controls are written as \u escapes: the text is safe in JSON, in a script and on a
 * terminal.
 *
 *   source    RFC 8259 7; Unicode 15 3.9 for what is one ill-formed sequence */
void outbuf_json_string(struct outbuf *b, slice s);

/* outbuf_json_key - append s as a JSON string and a colon */
void outbuf_json_key(struct outbuf *b, slice s);

/* outbuf_plain - append s made safe for a terminal
 *
 * Each control character (C0, DEL, C1), bidirectional or line separator control and ill-formed
 * UTF-8 sequence becomes one '?'.
 *
 *   in        max     most bytes to append; longer text is cut at a code point and ends in "..." */
void outbuf_plain(struct outbuf *b, slice s, size_t max);

/* outbuf_time_iso - append "2026-11-24T05:29:58.731Z", cut to the millisecond
 *
 *   units     microseconds since 1970-01-01 UTC; years before 0000 or after 9999 are written with a
 * sign */
void outbuf_time_iso(struct outbuf *b, int64_t time_us);

#endif
