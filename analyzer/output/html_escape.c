/* html_escape.c - see html_escape.h
 * grammar:  HTML 13.1.4 (character references); in text and in quoted values & < > " ' suffice
 * source:   WHATWG HTML; Unicode 15 UAX 9 (direction controls), see page.c for the ranges
 * limits:   combining marks are spelled out as well: a pile of them covers the lines around it */
#include "output/html_escape.h"

#include "base/utf8.h"
#include "output/page.h"

static const char *reference(char c)
{
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    default:
        return NULL;
    }
}

static bool is_plain(char c)
{
    return c >= ' ' && c < 0x7f && reference(c) == NULL;
}

/* Noncharacters are an error in HTML. */
static bool is_unsafe(uint32_t point)
{
    return page_is_unsafe(point) || (point & 0xfffe) == 0xfffe ||
           (point >= 0xfdd0 && point <= 0xfdef);
}

static void spell(struct outbuf *out, uint32_t point, slice whole)
{
    if (point == UTF8_BAD)
        for (size_t i = 0; i < whole.len; i++)
            outbuf_printf(out, "\\x%02x", (unsigned)(uint8_t)whole.ptr[i]);
    else if (point < 0x80)
        outbuf_printf(out, "\\x%02x", (unsigned)point);
    else if (point < 0x10000)
        outbuf_printf(out, "\\u%04x", (unsigned)point);
    else
        outbuf_printf(out, "\\u{%x}", (unsigned)point);
}

/* One code point that is not plain ASCII. */
static void put_point(struct outbuf *out, slice *s, bool marked)
{
    const char *start = s->ptr, *entity = reference(*start);
    uint32_t point = utf8_take(s);
    slice whole = slice_between(start, s->ptr);

    if (entity != NULL) {
        outbuf_puts(out, entity);
    } else if (point == '\t') {
        outbuf_putc(out, ' ');
    } else if (!is_unsafe(point)) {
        outbuf_put(out, whole);
    } else {
        outbuf_puts(out, marked ? "<b class=\"x\">" : "");
        spell(out, point, whole);
        outbuf_puts(out, marked ? "</b>" : "");
    }
}

static void put(struct outbuf *out, slice s, size_t max, bool marked)
{
    while (s.len > 0 && max > 0) {
        size_t n = 0;
        while (n < s.len && n < max && is_plain(s.ptr[n]))
            n++;
        outbuf_put(out, slice_first(s, n));
        s = slice_from(s, n);
        max -= n;
        if (s.len == 0 || max == 0)
            break;
        put_point(out, &s, marked);
        max--;
    }
    if (s.len > 0)
        outbuf_puts(out, "\xe2\x80\xa6");
}

void html_text(struct outbuf *out, slice s, size_t max)
{
    put(out, s, max, true);
}

void html_attr(struct outbuf *out, slice s, size_t max)
{
    put(out, s, max, false);
}

void html_value(struct outbuf *out, slice s, size_t max)
{
    outbuf_puts(out, "<bdi>");
    html_text(out, s, max);
    outbuf_puts(out, "</bdi>");
}
