/* explain_out.c - rows and sections over output/page.h and output/json_build.h
 * source:   the text report's columns; RFC 8259
 * limits:   in text, a value longer than VALUE_ROWS lines loses its middle; JSON cuts nothing */
#include "explain_out.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/panic.h"
#include "output/text_format.h"

enum { INDENT = 2, VALUE_COLUMN = 24, VALUE_ROWS = 8, BUFFER_MAX = 64 << 20 };

void explain_out_init(struct explain_out *o, bool json, unsigned columns, bool colour)
{
    *o = (struct explain_out){.json = json, .columns = columns, .colour = colour};
    outbuf_init(&o->buf, BUFFER_MAX);
}

void explain_out_fini(struct explain_out *o)
{
    outbuf_fini(&o->buf);
}

static void push(struct explain_out *o, struct json_mark mark, bool list)
{
    ASSERT(o->depth < EXPLAIN_OUT_DEPTH);
    o->levels[o->depth++] = (struct explain_level){mark, list};
}

static unsigned indent_of(const struct explain_out *o)
{
    unsigned n = 0;

    for (unsigned i = 0; i < o->depth; i++)
        n += o->levels[i].list ? 0 : INDENT;
    return n;
}

void explain_out_begin(struct explain_out *o, slice title)
{
    if (o->json) {
        o->writer = json_begin(&o->buf, SIZE_MAX);
        push(o, json_object(&o->writer, NULL), false);
        return;
    }
    o->page = page_begin(&o->buf, o->columns, o->colour);
    page_safe(&o->page, title, o->columns, CUT_MIDDLE);
    page_newline(&o->page);
    push(o, (struct json_mark){0}, false);
}

void explain_out_end(struct explain_out *o)
{
    ASSERT(o->depth == 1);
    o->depth = 0;
    if (o->json)
        json_close_kept(&o->writer, o->levels[0].mark);
    outbuf_putc(&o->buf, '\n');
}

void explain_out_open(struct explain_out *o, const char *key, const char *heading, const char *name)
{
    if (o->json) {
        push(o, json_object(&o->writer, key), false);
        return;
    }
    page_to(&o->page, indent_of(o));
    page_tinted(&o->page, TINT_BOLD, heading);
    if (name != NULL && name[0] != '\0') {
        page_to(&o->page, VALUE_COLUMN);
        page_tinted(&o->page, TINT_CYAN, name);
    }
    page_newline(&o->page);
    push(o, (struct json_mark){0}, false);
}

void explain_out_list(struct explain_out *o, const char *key)
{
    push(o, o->json ? json_array(&o->writer, key) : (struct json_mark){0}, true);
}

void explain_out_close(struct explain_out *o)
{
    ASSERT(o->depth > 1);
    o->depth--;
    if (o->json)
        json_close(&o->writer, o->levels[o->depth].mark);
}

static void put_key(struct explain_out *o, const char *key)
{
    page_to(&o->page, indent_of(o));
    page_tinted(&o->page, TINT_DIM, key);
    page_to(&o->page, VALUE_COLUMN);
}

void explain_out_text(struct explain_out *o, const char *key, slice value)
{
    if (value.ptr == NULL)
        return;
    if (o->json) {
        json_text_kept(&o->writer, key, value);
        return;
    }
    put_key(o, key);
    if (value.len == 0)
        page_put(&o->page, "(empty)");
    else
        page_split(&o->page, value, VALUE_COLUMN, VALUE_ROWS);
    page_newline(&o->page);
}

void explain_out_words(struct explain_out *o, const char *key, const char *words)
{
    if (words == NULL || words[0] == '\0')
        return;
    if (o->json) {
        json_string(&o->writer, key, words);
        return;
    }
    put_key(o, key);
    page_wrap(&o->page, slice_of(words), VALUE_COLUMN);
    page_newline(&o->page);
}

void explain_out_set(struct explain_out *o, const char *key, const char *words)
{
    char spaced[512];
    size_t n = 0;

    if (words[0] == '\0')
        return;
    if (o->json) {
        json_words(&o->writer, key, words);
        return;
    }
    for (; *words != '\0' && n + 3 < sizeof spaced; words++) {
        spaced[n++] = *words;
        if (*words == ',')
            spaced[n++] = ' ';
    }
    spaced[n] = '\0';
    explain_out_words(o, key, spaced);
}

void explain_out_number(struct explain_out *o, const char *key, uint64_t value)
{
    char text[TEXT_NUMBER];

    if (o->json) {
        json_u64(&o->writer, key, value);
        return;
    }
    snprintf(text, sizeof text, "%" PRIu64, value);
    explain_out_words(o, key, text);
}

void explain_out_real(struct explain_out *o, const char *key, double value)
{
    char text[TEXT_NUMBER];

    if (o->json)
        json_real(&o->writer, key, value);
    else
        explain_out_words(o, key, text_real(value, text));
}

void explain_out_ip(struct explain_out *o, const char *key, const struct ip_addr *ip)
{
    char text[IP_ADDR_TEXT];

    if (ip->family != 0)
        explain_out_text(o, key, ip_addr_format(ip, text));
}

void explain_out_time(struct explain_out *o, const char *key, int64_t time_us)
{
    struct outbuf b;

    if (time_us == 0)
        return;
    if (o->json) {
        json_time(&o->writer, key, time_us);
        return;
    }
    outbuf_init(&b, TEXT_TIME);
    outbuf_time_iso(&b, time_us);
    explain_out_text(o, key, outbuf_slice(&b));
    outbuf_fini(&b);
}

void explain_out_positive(struct explain_out *o, const char *key, uint64_t value)
{
    if (value > 0)
        explain_out_number(o, key, value);
}

void explain_out_true(struct explain_out *o, const char *key, bool value)
{
    if (!value)
        return;
    if (o->json)
        json_bool(&o->writer, key, true);
    else
        explain_out_words(o, key, "yes");
}
