/* tester_shape.c - an envelope without its names: what is left of a relay test in any log
 * grammar:  u mailbox, p postmaster; t target domain, l localhost, i address
 *           literal, b bare address, r any other domain; @ % ! : and blanks as they stand
 * source:   what servers log of the same test: Postfix drops a source route and quotes where it
 *           need not have them, puts others around, and puts its own domain behind a bare sender;
 *           Exchange logs the command as it came
 * limits:   hence quotes, routes and bare senders are not told apart; IPv6 without brackets is a
 *           domain like any other */
#include "match/tester.h"

#include "base/ip_addr.h"

enum { SHAPE_MAX = 40 }; /* of one address */

struct shape {
    char *out;
    size_t len, max;
    slice target; /* without brackets */
    bool good;
};

static void put(struct shape *s, char c)
{
    s->good &= s->len < s->max;
    if (s->good)
        s->out[s->len++] = c;
}

static bool is_word(char c)
{
    return (unsigned char)c > ' ' && c != 0x7f && strchr("@%!:,;<>()[]\"\\", c) == NULL;
}

static char domain_sign(const struct shape *s, slice word)
{
    struct ip_addr ip;

    if (word.len > 1 && word.ptr[word.len - 1] == '.')
        word.len--;
    if (s->target.len > 0 && slice_ieq(word, s->target))
        return 't';
    if (slice_ieq(word, SLICE_LIT("localhost")))
        return 'l';
    return ip_addr_parse(word, &ip) ? 'b' : 'r';
}

/* One run of word bytes, at the start of rest. */
static slice put_word(struct shape *s, slice rest)
{
    size_t n = 0;
    char before = s->len > 0 ? s->out[s->len - 1] : '\0';
    bool domain;

    while (n < rest.len && is_word(rest.ptr[n]))
        n++;
    domain = before == '@' || before == '%' || (n < rest.len && rest.ptr[n] == '!');
    if (domain)
        put(s, domain_sign(s, slice_first(rest, n)));
    else if (slice_ieq(slice_first(rest, n), SLICE_LIT("IMCEA")))
        put(s, 'm');
    else
        put(s, slice_ieq(slice_first(rest, n), SLICE_LIT("postmaster")) ? 'p' : 'u');
    return slice_from(rest, n);
}

static slice put_literal(struct shape *s, slice rest)
{
    size_t end = slice_find_byte(rest, ']');
    slice inside = slice_first(slice_from(rest, 1), end - 1);

    s->good &= end < rest.len;
    put(s, s->target.len > 0 && slice_ieq(inside, s->target) ? 't' : 'i');
    return slice_from(rest, end + 1);
}

/* What stands behind "@relay,@relay:", or all of it. */
static slice without_route(slice address)
{
    bool literal = false;

    if (address.len == 0 || address.ptr[0] != '@')
        return address;
    for (size_t i = 0; i < address.len; i++) {
        literal = address.ptr[i] == '[' || (literal && address.ptr[i] != ']');
        if (address.ptr[i] == ':' && !literal)
            return slice_from(address, i + 1);
    }
    return address;
}

/* IMCEASMTP-user+40domain+2Eexample: all of it is one mailbox, with the target inside. */
static slice put_encapsulated(struct shape *s, slice address)
{
    size_t quote = address.len > 0 && address.ptr[0] == '"';
    slice body = slice_from(address, quote);

    if (!slice_ieq(slice_first(body, 10), SLICE_LIT("IMCEASMTP-")))
        return address;
    put(s, 'm');
    return slice_from(body, slice_find_byte(body, '@'));
}

static void put_address(struct shape *s, slice address)
{
    slice rest = put_encapsulated(s, without_route(address));

    while (rest.len > 0 && s->good) {
        char c = rest.ptr[0];
        if (c == '[') {
            rest = put_literal(s, rest);
        } else if (is_word(c)) {
            rest = put_word(s, rest);
        } else {
            s->good &= strchr("@%!: \"\\", c) != NULL && c != '\0';
            if (c != '"' && c != '\\')
                put(s, c);
            rest = slice_from(rest, 1);
        }
    }
}

bool tester_shape(slice sender, slice rcpt, slice target, char *buf, size_t size)
{
    struct shape s = {.out = buf, .max = SHAPE_MAX < size ? SHAPE_MAX : size - 1, .good = true};
    struct ip_addr ip;

    if (target.len > 2 && target.ptr[0] == '[') {
        target = slice_first(slice_from(target, 1), target.len - 2);
        if (ip_addr_parse(target, &ip)) /* an address of ours, or anybody's: no name to go by */
            target = SLICE_NONE;
    }
    s.target = target;
    put_address(&s, sender);
    if (s.len == 1 && buf[0] == 'u') { /* a bare sender gets the server's own domain */
        put(&s, '@');
        put(&s, 'r');
    }
    put(&s, ' ');
    s.max = s.len + SHAPE_MAX < size - 1 ? s.len + SHAPE_MAX : size - 1;
    put_address(&s, rcpt);
    buf[s.len] = '\0';
    return s.good;
}
