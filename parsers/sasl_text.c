/* sasl_text.c - the claimed account out of base64 AUTH lines
 *
 * Grammar:  LOGIN  the first line is the account, the second the password
 *           PLAIN  [authorisation] NUL account NUL password
 *           NTLM   message 3: "NTLMSSP\0", 3, then (length, size, offset) of six fields; the third
 *                  is the domain, the fourth the user; UTF-16LE when bit 0 of the flags is set
 * source:   RFC 4616; MS-NLMP 2.2.1.3
 * limits:   384 bytes of a line are decoded: what lies behind is not looked at */
#include "sasl_text.h"

#include <stdint.h>

enum { DECODED_MAX = 384, NTLM_DOMAIN_AT = 28, NTLM_USER_AT = 36, NTLM_FLAGS_AT = 60 };

static int digit_of(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    if (c == '+')
        return 62;
    return c == '/' ? 63 : -1;
}

/* Decode up to DECODED_MAX bytes; false when it is no base64. */
static bool decode(slice data, unsigned char *out, size_t *ret_len)
{
    uint32_t bits = 0;
    unsigned have = 0;
    size_t n = 0;

    while (data.len > 0 && data.ptr[data.len - 1] == '=')
        data.len--;
    for (size_t i = 0; i < data.len && n < DECODED_MAX; i++) {
        int digit = digit_of(data.ptr[i]);
        if (digit < 0)
            return false;
        bits = bits << 6 | (uint32_t)digit;
        have += 6;
        if (have < 8)
            continue;
        have -= 8;
        out[n++] = (unsigned char)(bits >> have);
    }
    *ret_len = n;
    return n > 0;
}

static slice keep_text(const unsigned char *text, size_t len, char *buf)
{
    size_t n = len < SASL_USER_MAX - 1 ? len : SASL_USER_MAX - 1;

    memcpy(buf, text, n);
    buf[n] = '\0';
    return n == 0 ? SLICE_NONE : (slice){buf, n};
}

static slice plain_user(const unsigned char *text, size_t len, char *buf)
{
    const unsigned char *first = memchr(text, 0, len);

    if (first == NULL)
        return SLICE_NONE;
    size_t left = len - (size_t)(first + 1 - text);
    const unsigned char *second = left == 0 ? NULL : memchr(first + 1, 0, left);
    return second == NULL ? SLICE_NONE : keep_text(first + 1, (size_t)(second - first - 1), buf);
}

static unsigned little16(const unsigned char *p)
{
    return p[0] | (unsigned)p[1] << 8;
}

/* Append one field of the message to buf as bytes; n grows. */
static void add_field(const unsigned char *text, size_t len, size_t at, char *buf, size_t *n)
{
    size_t size = little16(text + at), from = little16(text + at + 4), step = 1;
    bool near = text[at + 6] == 0 && text[at + 7] == 0;

    if (!near || from > len || size > len - from)
        return;
    if (len >= NTLM_FLAGS_AT + 4 && (text[NTLM_FLAGS_AT] & 1) != 0)
        step = 2;
    for (size_t i = 0; i + step <= size && *n < SASL_USER_MAX - 1; i += step)
        buf[(*n)++] = step == 2 && text[from + i + 1] != 0 ? '?' : (char)text[from + i];
}

static slice ntlm_user(const unsigned char *text, size_t len, char *buf)
{
    size_t n = 0, domain;

    if (len < NTLM_USER_AT + 8 || memcmp(text, "NTLMSSP", 8) != 0 || text[8] != 3)
        return SLICE_NONE;
    add_field(text, len, NTLM_DOMAIN_AT, buf, &n);
    if (n > 0 && n < SASL_USER_MAX - 1)
        buf[n++] = '\\';
    domain = n;
    add_field(text, len, NTLM_USER_AT, buf, &n);
    buf[n] = '\0';
    return n == domain ? SLICE_NONE : (slice){buf, n};
}

slice sasl_text_user(slice mechanism, unsigned step, slice data, char *buf)
{
    unsigned char text[DECODED_MAX];
    size_t len;

    if (!decode(slice_trim(data), text, &len))
        return SLICE_NONE;
    if (slice_ieq(mechanism, SLICE_LIT("LOGIN")))
        return step == 1 ? keep_text(text, len, buf) : SLICE_NONE;
    if (slice_ieq(mechanism, SLICE_LIT("PLAIN")))
        return plain_user(text, len, buf);
    return slice_ieq(mechanism, SLICE_LIT("NTLM")) ? ntlm_user(text, len, buf) : SLICE_NONE;
}
