/* ip_addr.h - IPv4 and IPv6 addresses and networks: parse, format, mask
 *
 * An address is kept as two 64-bit words in host order. IPv4 lives in the low 32 bits of `lo`; an
 * IPv4-mapped IPv6 address (::ffff:a.b.c.d) is turned into IPv4 when parsed, so that one client has
 * one key. */
#ifndef BASE_IP_ADDR_H
#define BASE_IP_ADDR_H

#include <stdint.h>

#include "base/slice.h"

struct ip_addr {
    uint64_t hi, lo; /* host order */
    uint8_t family;  /* 0 absent, 4, 6 */
};

struct ip_net {
    struct ip_addr base; /* host bits are zero */
    uint8_t bits;        /* prefix length: 0..32 or 0..128 */
};

enum {
    IP_ADDR_TEXT = 48,
    IP_NET_TEXT = 52
}; /* bytes that hold any formatted address or network with its NUL */

/* ip_addr_parse - read a whole address ("192.0.2.1", "2001:db8::1", "IPv6:2001:db8::1"); no port,
 * no brackets
 *
 *   in        text   the whole slice must be the address; a "%zone" suffix is ignored
 *   out       ret    set on success only
 *   result    false when text is not an address
 *   source    RFC 4291 2.2, RFC 5321 4.1.3 */
bool ip_addr_parse(slice text, struct ip_addr *ret);

/* ip_addr_format - write the RFC 5952 form and a NUL into buf[IP_ADDR_TEXT]
 *
 *   result    the text as a slice over buf; empty for an absent address */
slice ip_addr_format(const struct ip_addr *ip, char *buf);

/* ip_net_parse - read "ADDR/BITS" or a bare address (as /32 or /128); host bits are cleared */
bool ip_net_parse(slice text, struct ip_net *ret);

/* ip_net_format - write "base/bits" into buf[IP_NET_TEXT] */
slice ip_net_format(const struct ip_net *net, char *buf);

/* ip_net_contains - is ip inside net; never across families */
bool ip_net_contains(const struct ip_net *net, const struct ip_addr *ip);

/* ip_net_of - the network of `bits` prefix length (by family: v4_bits or v6_bits) that holds ip */
struct ip_net ip_net_of(const struct ip_addr *ip, unsigned v4_bits, unsigned v6_bits);

/* ip_addr_is_private - loopback, RFC 1918, link-local, ULA, CGNAT (RFC 6598) */
bool ip_addr_is_private(const struct ip_addr *ip);

/* ip_addr_is_loopback - 127.0.0.0/8 or ::1 */
bool ip_addr_is_loopback(const struct ip_addr *ip);

/* ip_addr_eq - same family and bits */
static inline bool ip_addr_eq(const struct ip_addr *a, const struct ip_addr *b)
{
    return a->family == b->family && a->hi == b->hi && a->lo == b->lo;
}

#endif
