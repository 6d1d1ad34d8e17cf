/* line_text.c - plain first, then the format's own bytes
 * source:   line_text.h
 * limits:   allocates a copy of the text; alerts are rare */
#include "output/line_text.h"

static bool is_one_of(char c, const char *set)
{
    return c != '\0' && strchr(set, c) != NULL;
}

void line_text(struct outbuf *out, slice text, size_t max, const char *escaped,
               const char *replaced)
{
    struct outbuf plain;
    slice rest;

    outbuf_init(&plain, max + 1);
    outbuf_plain(&plain, text, max);
    rest = slice_trim(outbuf_slice(&plain));
    for (size_t i = 0; i < rest.len; i++) {
        char c = rest.ptr[i];
        if (is_one_of(c, escaped))
            outbuf_putc(out, '\\');
        outbuf_putc(out, is_one_of(c, replaced) ? ' ' : c);
    }
    outbuf_fini(&plain);
}

void line_word(struct outbuf *out, slice text, size_t max)
{
    size_t start = out->len;

    for (size_t i = 0; i < text.len && out->len - start < max; i++)
        if (text.ptr[i] > ' ' && text.ptr[i] < 0x7f)
            outbuf_putc(out, text.ptr[i]);
    if (out->len == start)
        outbuf_putc(out, '-');
}
