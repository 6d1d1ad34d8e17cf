/* json_line.c - a small strict scanner for one JSON object on one line
 *
 * Grammar:  "{" [ STRING ":" VALUE *( "," STRING ":" VALUE ) ] "}"  with blanks between tokens
 * Nested arrays and objects are skipped by counting brackets outside of strings.
 * source:   RFC 8259.
 * limits:   keys keep their escapes; escaped control bytes come out raw; lone surrogates as "?". */
#include "json_line.h"

#include "base/cursor.h"

enum { MAX_DEPTH = 32 };

static void skip_blanks(slice *cur)
{
    while (cur->len > 0 && (cur->ptr[0] == ' ' || cur->ptr[0] == '\t' || cur->ptr[0] == '\r' ||
                            cur->ptr[0] == '\n'))
        *cur = slice_from(*cur, 1);
}

/* A string whose opening quote is at the cursor. */
static bool take_string(slice *cur, slice *ret, bool *ret_escaped)
{
    size_t i = 1;
    bool escaped = false;

    if (cur->len == 0 || cur->ptr[0] != '"')
        return false;
    for (; i < cur->len && cur->ptr[i] != '"'; i++) {
        if ((unsigned char)cur->ptr[i] < 0x20)
            return false;
        if (cur->ptr[i] == '\\') {
            escaped = true;
            i++;
        }
    }
    if (i >= cur->len)
        return false;
    *ret = (slice){cur->ptr + 1, i - 1};
    *ret_escaped = escaped;
    *cur = slice_from(*cur, i + 1);
    return true;
}

/* Pass an array or object, brackets and all. */
static bool take_nested(slice *cur, slice *ret)
{
    slice rest = *cur, text;
    unsigned depth = 0;
    bool escaped;

    while (rest.len > 0) {
        char c = rest.ptr[0];
        if (c == '"') {
            if (!take_string(&rest, &text, &escaped))
                return false;
            continue;
        }
        rest = slice_from(rest, 1);
        if ((c == '[' || c == '{') && ++depth > MAX_DEPTH)
            return false;
        if ((c == ']' || c == '}') && --depth == 0) {
            *ret = slice_between(cur->ptr, rest.ptr);
            *cur = rest;
            return true;
        }
    }
    return false;
}

static bool take_number(slice *cur, slice *ret)
{
    size_t n = 0;

    while (n < cur->len && cur->ptr[n] != '\0' && strchr("+-.0123456789eE", cur->ptr[n]) != NULL)
        n++;
    *ret = slice_first(*cur, n);
    *cur = slice_from(*cur, n);
    return n > 0;
}

static bool take_value(slice *cur, struct json_value *ret)
{
    const char *start = cur->ptr;

    ret->escaped = false;
    switch (cur->len == 0 ? '\0' : cur->ptr[0]) {
    case '"':
        ret->kind = JSON_STRING;
        return take_string(cur, &ret->raw, &ret->escaped);
    case '[':
        ret->kind = JSON_ARRAY;
        return take_nested(cur, &ret->raw);
    case '{':
        ret->kind = JSON_OBJECT;
        return take_nested(cur, &ret->raw);
    case 'n':
        ret->kind = JSON_NULL;
        ret->raw = (slice){start, 4};
        return cursor_take_lit(cur, SLICE_LIT("null"));
    case 't':
    case 'f':
        ret->kind = JSON_BOOL;
        if (!cursor_take_lit(cur, SLICE_LIT("true")) && !cursor_take_lit(cur, SLICE_LIT("false")))
            return false;
        ret->raw = slice_between(start, cur->ptr);
        return true;
    default:
        ret->kind = JSON_NUMBER;
        return take_number(cur, &ret->raw);
    }
}

bool json_line_begin(slice line, struct json_line *ret)
{
    *ret = (struct json_line){.rest = line};
    skip_blanks(&ret->rest);
    return cursor_take_byte(&ret->rest, '{');
}

static bool break_off(struct json_line *json)
{
    json->broken = true;
    return false;
}

bool json_line_next(struct json_line *json, slice *ret_key, struct json_value *ret_value)
{
    bool escaped;

    skip_blanks(&json->rest);
    if (cursor_take_byte(&json->rest, '}')) {
        skip_blanks(&json->rest);
        if (json->rest.len != 0)
            json->broken = true;
        return false;
    }
    if (json->begun && !cursor_take_byte(&json->rest, ','))
        return break_off(json);
    json->begun = true;
    skip_blanks(&json->rest);
    if (!take_string(&json->rest, ret_key, &escaped))
        return break_off(json);
    skip_blanks(&json->rest);
    if (!cursor_take_byte(&json->rest, ':'))
        return break_off(json);
    skip_blanks(&json->rest);
    return take_value(&json->rest, ret_value) || break_off(json);
}

static void put_byte(struct json_room *room, unsigned byte)
{
    if (room->used < room->size)
        room->bytes[room->used++] = (char)(unsigned char)byte;
}

static void put_bytes(struct json_room *room, slice bytes)
{
    bytes = slice_first(bytes, room->size - room->used);
    if (bytes.len > 0)
        memcpy(room->bytes + room->used, bytes.ptr, bytes.len);
    room->used += bytes.len;
}

static void put_utf8(struct json_room *room, unsigned code)
{
    if (code < 0x80) {
        put_byte(room, code);
    } else if (code < 0x800) {
        put_byte(room, 0xc0 | code >> 6);
        put_byte(room, 0x80 | (code & 0x3f));
    } else if (code < 0x10000) {
        put_byte(room, 0xe0 | code >> 12);
        put_byte(room, 0x80 | (code >> 6 & 0x3f));
        put_byte(room, 0x80 | (code & 0x3f));
    } else {
        put_byte(room, 0xf0 | code >> 18);
        put_byte(room, 0x80 | (code >> 12 & 0x3f));
        put_byte(room, 0x80 | (code >> 6 & 0x3f));
        put_byte(room, 0x80 | (code & 0x3f));
    }
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = slice_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* "uXXXX" at the cursor as a code unit, or -1. */
static int take_unit(slice *cur)
{
    int unit = 0;

    if (cur->len < 5 || cur->ptr[0] != 'u')
        return -1;
    for (size_t i = 1; i <= 4; i++) {
        int digit = hex_digit(cur->ptr[i]);
        if (digit < 0)
            return -1;
        unit = unit * 16 + digit;
    }
    *cur = slice_from(*cur, 5);
    return unit;
}

static void put_unicode(struct json_room *room, slice *cur)
{
    int unit = take_unit(cur);

    if (unit < 0) {
        put_byte(room, '?');
        *cur = slice_from(*cur, 1);
        return;
    }
    if (unit >= 0xd800 && unit < 0xdc00 && cur->len > 1 && cur->ptr[0] == '\\') {
        slice low = slice_from(*cur, 1);
        int second = take_unit(&low);
        if (second >= 0xdc00 && second < 0xe000) {
            *cur = low;
            put_utf8(room,
                     0x10000 + ((unsigned)unit - 0xd800) * 0x400 + ((unsigned)second - 0xdc00));
            return;
        }
    }
    put_utf8(room, unit >= 0xd800 && unit < 0xe000 ? '?' : (unsigned)unit);
}

/* The escape after a backslash. */
static void put_escape(struct json_room *room, slice *cur)
{
    static const char codes[] = "bfnrt", bytes[] = "\b\f\n\r\t";
    char c = cur->ptr[0];
    const char *at = c == '\0' ? NULL : strchr(codes, c);

    if (c == 'u') {
        put_unicode(room, cur);
        return;
    }
    put_byte(room, (unsigned char)(at == NULL ? c : bytes[at - codes]));
    *cur = slice_from(*cur, 1);
}

static slice unescape(slice raw, struct json_room *room)
{
    size_t start = room->used;

    while (raw.len > 0) {
        size_t plain = slice_find_byte(raw, '\\');
        put_bytes(room, slice_first(raw, plain));
        raw = slice_from(raw, plain + 1);
        if (raw.len > 0)
            put_escape(room, &raw);
    }
    return (slice){room->bytes + start, room->used - start};
}

static slice array_text(slice raw, struct json_room *room)
{
    struct json_value item;
    size_t start = room->used;
    uint64_t byte;

    raw = slice_from(slice_first(raw, raw.len - 1), 1);
    skip_blanks(&raw);
    if (raw.len > 0 && raw.ptr[0] == '"')
        return take_value(&raw, &item) ? json_line_text(&item, room) : SLICE_NONE;
    while (cursor_take_uint(&raw, 255, &byte)) {
        put_byte(room, (unsigned)byte);
        skip_blanks(&raw);
        if (!cursor_take_byte(&raw, ','))
            break;
        skip_blanks(&raw);
    }
    return raw.len == 0 && room->used > start ? (slice){room->bytes + start, room->used - start}
                                              : SLICE_NONE;
}

slice json_line_text(const struct json_value *value, struct json_room *room)
{
    switch (value->kind) {
    case JSON_STRING:
        return value->escaped ? unescape(value->raw, room) : value->raw;
    case JSON_NUMBER:
        return value->raw;
    case JSON_ARRAY:
        return array_text(value->raw, room);
    default:
        return SLICE_NONE;
    }
}
