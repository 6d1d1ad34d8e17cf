/* ip_addr.c - IPv4 and IPv6 addresses and networks
 * grammar:   dotted quad without leading zeros; RFC 4291 2.2 forms 1 to 3; "IPv6:" in front (RFC
 *            5321 4.1.3)
 * source:    RFC 4291, RFC 5952 4 (format), RFC 4007 11 (zone), RFC 1918, RFC 4193, RFC 6598, RFC
 *            3927
 * limits:    a zone is dropped; an embedded dotted quad is written in hexadecimal, except that
 *            mapped is IPv4 */
#include "base/ip_addr.h"

#include "base/cursor.h"

enum { GROUPS = 8 };

static bool take_quad(slice *cur, uint32_t *ret)
{
    slice rest = *cur;
    uint32_t ip = 0;

    for (int i = 0; i < 4; i++) {
        uint64_t n;
        if (i > 0 && !cursor_take_byte(&rest, '.'))
            return false;
        bool zero = rest.len > 0 && rest.ptr[0] == '0';
        const char *start = rest.ptr;
        if (!cursor_take_uint(&rest, 255, &n) || (zero && rest.ptr - start > 1))
            return false;
        ip = ip << 8 | (uint32_t)n;
    }
    *cur = rest;
    *ret = ip;
    return true;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = slice_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool take_group(slice *cur, uint16_t *ret)
{
    unsigned n = 0, digits = 0;

    for (; digits < cur->len && hex_digit(cur->ptr[digits]) >= 0; digits++) {
        if (digits == 4)
            return false;
        n = n << 4 | (unsigned)hex_digit(cur->ptr[digits]);
    }
    if (digits == 0)
        return false;
    *cur = slice_from(*cur, digits);
    *ret = (uint16_t)n;
    return true;
}

/* Groups with single colons between them up to the end or a "::"; the last two may be a dotted
 * quad. */
static bool take_groups(slice *cur, uint16_t group[GROUPS], unsigned *count)
{
    while (*count < GROUPS) {
        uint32_t quad;
        if (*count + 2 <= GROUPS && take_quad(cur, &quad)) {
            group[(*count)++] = (uint16_t)(quad >> 16);
            group[(*count)++] = (uint16_t)quad;
            return cur->len == 0;
        }
        if (!take_group(cur, &group[(*count)++]))
            return false;
        if (cur->len == 0 || slice_starts(*cur, SLICE_LIT("::")))
            return true;
        if (!cursor_take_byte(cur, ':'))
            return false;
    }
    return false;
}

static struct ip_addr of_groups(const uint16_t group[GROUPS])
{
    struct ip_addr ip = {.family = 6};

    for (unsigned i = 0; i < 4; i++) {
        ip.hi = ip.hi << 16 | group[i];
        ip.lo = ip.lo << 16 | group[i + 4];
    }
    if (ip.hi == 0 && ip.lo >> 32 == 0xffff)
        return (struct ip_addr){.lo = ip.lo & UINT32_MAX, .family = 4};
    return ip;
}

static bool parse_v6(slice text, struct ip_addr *ret)
{
    uint16_t group[GROUPS] = {0}, behind[GROUPS] = {0};
    unsigned count = 0, behind_count = 0;
    slice cur = slice_first(text, slice_find_byte(text, '%'));

    if (!slice_starts(cur, SLICE_LIT("::")) && !take_groups(&cur, group, &count))
        return false;
    if (cur.len > 0) {
        if (!cursor_take_lit(&cur, SLICE_LIT("::")) ||
            (cur.len > 0 && !take_groups(&cur, behind, &behind_count)) || cur.len > 0 ||
            count + behind_count >= GROUPS) /* "::" stands for one group at least */
            return false;
        memcpy(group + GROUPS - behind_count, behind, behind_count * sizeof(*behind));
    } else if (count != GROUPS) {
        return false;
    }
    *ret = of_groups(group);
    return true;
}

/* All of text as a dotted quad, the form of nearly every address of a log. */
static bool parse_quad(slice text, uint32_t *ret)
{
    const char *p = text.ptr, *end = text.ptr + text.len;
    uint32_t ip = 0;

    for (int i = 0; i < 4; i++) {
        unsigned n, digit;
        if (i > 0 && (p == end || *p++ != '.'))
            return false;
        if (p == end || (n = (unsigned)*p++ - '0') > 9)
            return false;
        while (p < end && (digit = (unsigned)*p - '0') <= 9) {
            if (n == 0 || (n = n * 10 + digit) > 255)
                return false;
            p++;
        }
        ip = ip << 8 | n;
    }
    *ret = ip;
    return p == end;
}

bool ip_addr_parse(slice text, struct ip_addr *ret)
{
    slice tag = SLICE_LIT("IPv6:");
    uint32_t quad;

    if (text.len == 0) /* may be absent: no pointer to count from */
        return false;
    if (parse_quad(text, &quad)) {
        *ret = (struct ip_addr){.lo = quad, .family = 4};
        return true;
    }
    if (text.len >= tag.len && slice_ieq(slice_first(text, tag.len), tag))
        return parse_v6(slice_from(text, tag.len), ret);
    return slice_find_byte(text, ':') < text.len && parse_v6(text, ret);
}

static char *put_number(char *out, unsigned n, unsigned base)
{
    if (n >= base)
        out = put_number(out, n / base, base);
    *out = "0123456789abcdef"[n % base];
    return out + 1;
}

static char *format_v4(uint64_t lo, char *out)
{
    for (int shift = 24; shift >= 0; shift -= 8) {
        out = put_number(out, lo >> shift & 255, 10);
        if (shift > 0)
            *out++ = '.';
    }
    return out;
}

static unsigned group_at(const struct ip_addr *ip, unsigned i)
{
    return (unsigned)((i < 4 ? ip->hi : ip->lo) >> (48 - 16 * (i % 4)) & 0xffff);
}

/* RFC 5952 4.2: the longest run of zero groups, the first of equals, never a single one. Returns
 * its length. */
static unsigned zero_run(const struct ip_addr *ip, unsigned *ret_start)
{
    unsigned best = 1;

    *ret_start = GROUPS;
    for (unsigned i = 0, run = 0; i < GROUPS; i++) {
        run = group_at(ip, i) == 0 ? run + 1 : 0;
        if (run > best) {
            best = run;
            *ret_start = i + 1 - run;
        }
    }
    return best;
}

static char *format_v6(const struct ip_addr *ip, char *out)
{
    unsigned start, run = zero_run(ip, &start);

    for (unsigned i = 0; i < GROUPS; i++) {
        if (i == start) {
            *out++ = ':';
            *out++ = ':';
            i += run - 1;
            continue;
        }
        if (i > 0 && out[-1] != ':')
            *out++ = ':';
        out = put_number(out, group_at(ip, i), 16);
    }
    return out;
}

slice ip_addr_format(const struct ip_addr *ip, char *buf)
{
    char *end = buf;

    if (ip->family == 4)
        end = format_v4(ip->lo, buf);
    else if (ip->family == 6)
        end = format_v6(ip, buf);
    *end = '\0';
    return slice_between(buf, end);
}

static uint64_t mask64(unsigned bits)
{
    return bits == 0 ? 0 : ~UINT64_C(0) << (64 - (bits > 64 ? 64 : bits));
}

static struct ip_addr masked(struct ip_addr ip, unsigned bits)
{
    if (ip.family == 4) {
        ip.lo &= mask64(bits + 32);
        return ip;
    }
    ip.hi &= mask64(bits);
    ip.lo &= mask64(bits > 64 ? bits - 64 : 0);
    return ip;
}

struct ip_net ip_net_of(const struct ip_addr *ip, unsigned v4_bits, unsigned v6_bits)
{
    unsigned bits = ip->family == 4 ? v4_bits : ip->family == 6 ? v6_bits : 0;
    unsigned most = ip->family == 4 ? 32 : 128;

    bits = bits < most ? bits : most;
    return (struct ip_net){masked(*ip, bits), (uint8_t)bits};
}

bool ip_net_parse(slice text, struct ip_net *ret)
{
    slice rest = text, addr = text;
    struct ip_addr ip;
    uint64_t bits;
    bool has_bits = cursor_take_past(&rest, '/', &addr);

    if (!ip_addr_parse(addr, &ip))
        return false;
    bool is_mapped = ip.family == 4 && slice_find_byte(addr, ':') < addr.len;
    unsigned most = ip.family == 4 && !is_mapped ? 32 : 128;
    if (!has_bits)
        bits = most;
    else if (!cursor_take_uint(&rest, most, &bits) || rest.len > 0)
        return false;
    if (is_mapped && bits < 96)
        return false; /* wider than the mapped range: neither an IPv4 nor a sensible IPv6 network */
    bits -= is_mapped ? 96 : 0;
    *ret = (struct ip_net){masked(ip, (unsigned)bits), (uint8_t)bits};
    return true;
}

slice ip_net_format(const struct ip_net *net, char *buf)
{
    slice text = ip_addr_format(&net->base, buf);

    if (text.len == 0)
        return text;
    buf[text.len] = '/';
    char *end = put_number(buf + text.len + 1, net->bits, 10);
    *end = '\0';
    return slice_between(buf, end);
}

bool ip_net_contains(const struct ip_net *net, const struct ip_addr *ip)
{
    struct ip_addr inside = masked(*ip, net->bits);

    return ip->family != 0 && ip_addr_eq(&inside, &net->base);
}

bool ip_addr_is_loopback(const struct ip_addr *ip)
{
    if (ip->family == 4)
        return ip->lo >> 24 == 127;
    return ip->family == 6 && ip->hi == 0 && ip->lo == 1;
}

bool ip_addr_is_private(const struct ip_addr *ip)
{
    uint64_t lo = ip->lo;

    if (ip_addr_is_loopback(ip))
        return true;
    if (ip->family == 6) /* fc00::/7, fe80::/10 */
        return ip->hi >> 57 == 0xfc >> 1 || ip->hi >> 54 == 0xfe80 >> 6;
    return ip->family == 4 &&
           (lo >> 24 == 10 || lo >> 20 == 0xac1 || lo >> 16 == 0xc0a8 || lo >> 16 == 0xa9fe ||
            lo >> 22 == 0x6440 >> 6); /* 10/8, 172.16/12, 192.168/16, 169.254/16, 100.64/10 */
}
