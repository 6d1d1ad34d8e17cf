/* json_build.c - JSON members in call order over an outbuf
 *
 * An opened container remembers where it began; when it is closed empty, the buffer is cut back to
 * there. Escaping and repair of bad UTF-8 are outbuf_json_string's.
 * source:  RFC 8259.
 * limits:  keys are our own words and need no escaping. */
#include "output/json_build.h"

#include <math.h>

static void put_key(struct json *j, const char *key)
{
    if (j->comma)
        outbuf_putc(j->out, ',');
    j->comma = true;
    if (key == NULL)
        return;
    outbuf_putc(j->out, '"');
    outbuf_puts(j->out, key);
    outbuf_puts(j->out, "\":");
}

/* At most max bytes of s, not ending inside a UTF-8 sequence. */
static slice cut_text(slice s, size_t max)
{
    if (s.len <= max)
        return s;
    size_t end = max;
    while (end > 0 && max - end < 4 && ((unsigned char)s.ptr[end] & 0xC0U) == 0x80U)
        end--;
    /* four continuation bytes in a row are no UTF-8: any place is as good */
    return slice_first(s, max - end == 4 ? max : end);
}

struct json json_begin(struct outbuf *out, size_t text_max)
{
    return (struct json){.out = out, .text_max = text_max};
}

static struct json_mark open_container(struct json *j, const char *key, char open, char close)
{
    struct json_mark mark = {.start = j->out->len, .comma = j->comma, .close = close};
    put_key(j, key);
    outbuf_putc(j->out, open);
    j->comma = false;
    mark.body = j->out->len;
    return mark;
}

struct json_mark json_object(struct json *j, const char *key)
{
    return open_container(j, key, '{', '}');
}

struct json_mark json_array(struct json *j, const char *key)
{
    return open_container(j, key, '[', ']');
}

void json_close(struct json *j, struct json_mark mark)
{
    if (j->out->len > mark.body) {
        json_close_kept(j, mark);
        return;
    }
    if (j->out->len > mark.start)
        j->out->len = mark.start;
    j->comma = mark.comma;
}

void json_close_kept(struct json *j, struct json_mark mark)
{
    outbuf_putc(j->out, mark.close);
    j->comma = true;
}

/* Our own words: never cut, left out when empty. */
static void put_string(struct json *j, const char *key, slice value)
{
    if (value.len == 0)
        return;
    put_key(j, key);
    outbuf_json_string(j->out, value);
}

void json_text_kept(struct json *j, const char *key, slice value)
{
    slice shown = cut_text(value, j->text_max);
    j->cut |= shown.len < value.len;
    put_key(j, key);
    outbuf_json_string(j->out, shown);
}

void json_text(struct json *j, const char *key, slice value)
{
    if (value.len > 0)
        json_text_kept(j, key, value);
}

void json_string(struct json *j, const char *key, const char *value)
{
    put_string(j, key, slice_of(value));
}

void json_u64(struct json *j, const char *key, uint64_t value)
{
    put_key(j, key);
    outbuf_u64(j->out, value);
}

void json_i64(struct json *j, const char *key, int64_t value)
{
    put_key(j, key);
    outbuf_i64(j->out, value);
}

void json_bool(struct json *j, const char *key, bool value)
{
    put_key(j, key);
    outbuf_puts(j->out, value ? "true" : "false");
}

void json_real(struct json *j, const char *key, double value)
{
    if (!isfinite(value))
        return;
    put_key(j, key);
    /* doubles are exact integers up to 2^53 */
    if (value == floor(value) && fabs(value) < 9007199254740992.0)
        outbuf_i64(j->out, (int64_t)value);
    else
        outbuf_printf(j->out, "%.6g", value);
}

void json_score(struct json *j, const char *key, double value)
{
    if (!isfinite(value))
        return;
    put_key(j, key);
    outbuf_printf(j->out, "%.1f", value);
}

void json_time(struct json *j, const char *key, int64_t time_us)
{
    if (time_us == 0)
        return;
    put_key(j, key);
    outbuf_putc(j->out, '"');
    outbuf_time_iso(j->out, time_us);
    outbuf_putc(j->out, '"');
}

void json_ip(struct json *j, const char *key, const struct ip_addr *ip)
{
    char text[IP_ADDR_TEXT];
    if (ip->family != 0)
        put_string(j, key, ip_addr_format(ip, text));
}

void json_words(struct json *j, const char *key, const char *list)
{
    slice rest = slice_of(list);
    struct json_mark words = json_array(j, key);
    while (rest.len > 0) {
        size_t end = slice_find_byte(rest, ',');
        put_string(j, NULL, slice_first(rest, end));
        rest = slice_from(rest, end + 1);
    }
    json_close(j, words);
}
