/* address.c - decode the form of an envelope address
 * grammar:  ["@" route ":"] local "@" domain; local may hide host!user, user%host, "user@host",
 *           IMCEASMTP-...
 * source:   RFC 5321 4.1.2 (Path, Mailbox, quoted-string), RFC 1123 5.2.16, Microsoft KB
 *           189492, KB 237927, KB 264330
 * limits:   four levels; the inner address is kept up to 319 bytes; X.400 addresses are not
 *           taken apart */
#include "event/address.h"

#include <stdio.h>

/* Bytes that make an address worth a second look. Everything else is user@domain. */
static const unsigned char is_special[256] = {
    ['%'] = 1, ['!'] = 1, ['"'] = 1, ['@'] = 1, ['['] = 1, [':'] = 1, ['<'] = 1, [' '] = 1};

static slice strip_dot(slice domain)
{
    if (domain.len > 1 && domain.ptr[domain.len - 1] == '.')
        domain.len--;
    return domain;
}

/* Index of the last at-sign outside double quotes, or len. */
static size_t last_unquoted_at(slice s)
{
    size_t found = s.len;
    bool quoted = false;

    for (size_t i = 0; i < s.len; i++) {
        char c = s.ptr[i];
        if (c == '\\' && quoted)
            i++;
        else if (c == '"')
            quoted = !quoted;
        else if (c == '@' && !quoted)
            found = i;
    }
    return found;
}

/* The inside of "..."; a literal right behind it ("u@t"[192.0.2.1], no at-sign) is dropped. */
static slice unquote(slice s, bool *ret_quoted)
{
    size_t end = slice_rfind_byte(s, '"');
    slice tail = slice_from(s, end + 1);

    *ret_quoted = s.len >= 2 && s.ptr[0] == '"' && end > 0 && end < s.len &&
                  (tail.len == 0 || (tail.ptr[0] == '[' && slice_find_byte(tail, '@') == tail.len));
    return *ret_quoted ? slice_between(s.ptr + 1, s.ptr + end) : s;
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = slice_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* IMCEA encoding: +XX is a byte, _ stands for a slash. */
static size_t imcea_decode(slice in, char *out, size_t max)
{
    size_t n = 0;

    for (size_t i = 0; i < in.len && n < max; i++) {
        if (in.ptr[i] == '+' && i + 2 < in.len && hex_value(in.ptr[i + 1]) >= 0 &&
            hex_value(in.ptr[i + 2]) >= 0) {
            out[n++] = (char)(hex_value(in.ptr[i + 1]) * 16 + hex_value(in.ptr[i + 2]));
            i += 2;
        } else {
            out[n++] = in.ptr[i] == '_' ? '/' : in.ptr[i];
        }
    }
    return n;
}

/* Write "user@host" for host!user. */
static size_t put_swapped(slice host, slice user, char *out, size_t max)
{
    int n = snprintf(out, max, "%.*s@%.*s", (int)user.len, user.ptr, (int)host.len, host.ptr);
    return n < 0 ? 0 : (size_t)n < max ? (size_t)n : max - 1;
}

static size_t put_copy(slice s, char *out, size_t max)
{
    slice_keep(s, out, max);
    return strlen(out);
}

/* The inside of a quoted string: a backslash stands for nothing but the byte behind it. */
static size_t put_unescaped(slice s, char *out, size_t max)
{
    size_t n = 0;

    for (size_t i = 0; i < s.len && n + 1 < max; i++) {
        if (s.ptr[i] == '\\' && i + 1 < s.len)
            i++;
        out[n++] = s.ptr[i];
    }
    out[n] = '\0';
    return n;
}

/* Find what one local part hides. Writes the next address to out; returns the form, or 0 when
 * nothing is hidden. */
static uint32_t local_unwrap(slice local, char *out, size_t max)
{
    bool quoted;
    slice body = unquote(local, &quoted);
    size_t at, n;

    if (body.len > 10 && slice_ieq(slice_first(body, 10), SLICE_LIT("IMCEASMTP-"))) {
        n = imcea_decode(slice_from(body, 10), out, max - 1);
        out[n] = '\0';
        return memchr(out, '@', n) != NULL ? FORM_IMCEA : 0;
    }
    if (body.len > 6 && slice_ieq(slice_first(body, 6), SLICE_LIT("IMCEA ")) &&
        slice_find_byte(body, '@') < body.len) {
        put_copy(slice_trim(slice_from(body, 6)), out, max);
        return FORM_IMCEA_QUOTED;
    }
    at = slice_rfind_byte(body, '@');
    if (at < body.len && at > 0) {
        (void)(quoted ? put_unescaped(body, out, max) : put_copy(body, out, max));
        return quoted ? FORM_QUOTED_AT : FORM_DOUBLE_AT;
    }
    at = slice_rfind_byte(body, '%');
    if (at < body.len && at > 0 && at + 1 < body.len) {
        put_swapped(slice_from(body, at + 1), slice_first(body, at), out, max);
        return FORM_PERCENT;
    }
    at = slice_find_byte(body, '!');
    if (at < body.len && at > 0 && at + 1 < body.len) {
        put_swapped(slice_first(body, at), slice_from(body, at + 1), out, max);
        return FORM_BANG;
    }
    return 0;
}

struct split {
    slice route; /* first host of a source route; absent when none */
    slice local, domain;
    uint32_t forms;
};

static struct split split_once(slice text)
{
    struct split s = {SLICE_NONE, text, SLICE_NONE, 0};
    size_t at, colon;

    while (text.len > 0 && text.ptr[0] == '@' && (colon = slice_find_byte(text, ':')) < text.len) {
        slice hosts = slice_between(text.ptr + 1, text.ptr + colon);
        if (!(s.forms & FORM_SOURCE_ROUTE))
            s.route = slice_first(hosts, slice_find_byte(hosts, ','));
        s.forms |= FORM_SOURCE_ROUTE;
        text = slice_from(text, colon + 1);
        s.local = text;
    }
    at = last_unquoted_at(text);
    if (at == text.len) {
        s.forms |= FORM_BARE;
        return s;
    }
    s.local = slice_first(text, at);
    s.domain = strip_dot(slice_from(text, at + 1));
    if (s.domain.len == 0) {
        s.domain = SLICE_NONE;
        s.forms |= FORM_TRAILING_AT;
    } else if (s.domain.ptr[0] == '[') {
        s.forms |= FORM_LITERAL;
    }
    return s;
}

/* Decode inner levels: ret->inner holds an address and is replaced as long as it hides another one.
 */
static void decode_inner(struct address *ret)
{
    char next[ADDRESS_INNER_MAX];

    for (int level = 1; level < ADDRESS_LEVELS_MAX; level++) {
        struct split s = split_once(slice_of(ret->inner));
        uint32_t form = local_unwrap(s.local, next, sizeof next);
        if (s.forms & FORM_SOURCE_ROUTE && form == 0) {
            ret->forms |= FORM_SOURCE_ROUTE;
            put_copy(s.domain.ptr == NULL ? s.local
                                          : slice_between(s.local.ptr, s.domain.ptr + s.domain.len),
                     next, sizeof next);
        } else if (form == 0) {
            break;
        }
        if (strcmp(next, ret->inner) == 0) /* an unbalanced quote: nothing more comes off */
            break;
        ret->forms |= form;
        memcpy(ret->inner, next, sizeof next);
    }
    ret->inner_domain = address_domain(slice_of(ret->inner));
}

static void parse_special(slice text, struct address *ret)
{
    struct split s = split_once(text);
    uint32_t form;

    ret->local = s.local;
    ret->domain = s.domain;
    ret->forms = s.forms;
    form = local_unwrap(s.local, ret->inner, sizeof ret->inner);
    if (form != 0) {
        ret->forms |= form;
        ret->has_inner = true;
    } else if (s.forms & FORM_SOURCE_ROUTE) {
        put_copy(slice_between(s.local.ptr, text.ptr + text.len), ret->inner, sizeof ret->inner);
        ret->has_inner = true;
    }
    if (s.forms &
        FORM_SOURCE_ROUTE) /* on the outside stands the host that is asked to carry the mail on */
        ret->domain = strip_dot(s.route);
    if (ret->has_inner)
        decode_inner(ret);
}

void address_parse(slice text, struct address *ret)
{
    size_t at = 0, specials = 0;

    if (text.len >= 2 && text.ptr[0] == '<' && text.ptr[text.len - 1] == '>')
        text = (slice){text.ptr + 1, text.len - 2};
    ret->has_inner = false;
    ret->inner[0] = '\0';
    ret->inner_domain = SLICE_NONE;
    ret->forms = 0;
    for (size_t i = 0; i < text.len; i++)
        specials += is_special[(unsigned char)text.ptr[i]];
    if (specials == 1)
        at = bytes_find(text.ptr, text.len, '@');
    if (specials == 1 && at > 0 && at + 1 < text.len &&
        !(text.len > 5 && slice_ieq(slice_first(text, 5), SLICE_LIT("IMCEA")))) {
        ret->local = slice_first(text, at);
        ret->domain = strip_dot(slice_from(text, at + 1));
        return;
    }
    if (text.len == 0) {
        ret->local = text;
        ret->domain = SLICE_NONE;
        return;
    }
    parse_special(text, ret);
}

const char *address_form_name(uint32_t one_form)
{
    static const struct {
        uint32_t form;
        const char *name;
    } names[] = {
        {FORM_SOURCE_ROUTE, "source_route"},
        {FORM_PERCENT, "percent"},
        {FORM_BANG, "bang"},
        {FORM_QUOTED_AT, "quoted_at"},
        {FORM_DOUBLE_AT, "double_at"},
        {FORM_TRAILING_AT, "trailing_at"},
        {FORM_LITERAL, "literal"},
        {FORM_BARE, "bare"},
        {FORM_IMCEA, "imcea"},
        {FORM_IMCEA_QUOTED, "imcea_quoted"},
    };

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (names[i].form == one_form)
            return names[i].name;
    return "plain";
}

uint32_t address_trick_form(uint32_t forms)
{
    static const uint32_t order[] = {
        FORM_IMCEA,     FORM_IMCEA_QUOTED, FORM_SOURCE_ROUTE, FORM_PERCENT, FORM_BANG,
        FORM_QUOTED_AT, FORM_DOUBLE_AT,    FORM_TRAILING_AT,  FORM_LITERAL, FORM_BARE};

    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++)
        if (forms & order[i])
            return order[i];
    return 0;
}

slice address_domain(slice text)
{
    size_t at = slice_rfind_byte(text, '@');

    if (at == text.len || at + 1 == text.len)
        return SLICE_NONE;
    return strip_dot(slice_from(text, at + 1));
}

/* SRS0=HHH=TT=orig-domain=orig-user@forwarder; SRS1=HHH=fwd==HHH=TT=orig-domain=user@forwarder */
static bool srs_domain(slice local, slice *ret_domain)
{
    slice rest = slice_from(local, 5);
    unsigned want =
        slice_lower(local.ptr[3]) == '1' ? 5 : 2; /* fields before the original domain */

    for (unsigned i = 0; i < want; i++) {
        size_t eq = slice_find_byte(rest, '=');
        if (eq == rest.len)
            return false;
        rest = slice_from(rest, eq + 1);
    }
    rest = slice_first(rest, slice_find_byte(rest, '='));
    if (rest.len == 0)
        return false;
    *ret_domain = rest;
    return true;
}

bool address_untag(slice text, slice *ret_domain)
{
    size_t at = slice_rfind_byte(text, '@');
    slice local = slice_first(text, at);

    *ret_domain = address_domain(text);
    if (at == text.len)
        return false;
    if (local.len > 5 && (slice_ieq(slice_first(local, 4), SLICE_LIT("SRS0")) ||
                          slice_ieq(slice_first(local, 4), SLICE_LIT("SRS1"))))
        return srs_domain(local, ret_domain);
    if (local.len > 5 && slice_ieq(slice_first(local, 5), SLICE_LIT("prvs=")))
        return true;
    return slice_find_byte(local, '=') < local.len; /* VERP: list-bounce-user=their.domain@list */
}
