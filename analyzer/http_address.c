/* http_address.c - where to listen, as a person writes it
 * source:  RFC 3986 3.2.2 for the brackets, RFC 6761 6.3 for localhost */
#include "http_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

static bool take_port(slice text, unsigned *ret)
{
    *ret = 0;
    if (text.len == 0 || text.len > 5)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] < '0' || text.ptr[i] > '9')
            return false;
        *ret = *ret * 10 + (unsigned)(text.ptr[i] - '0');
    }
    return *ret <= 65535;
}

/* "[::1]:80" -> "::1", ":80"; "127.0.0.1:80" -> "127.0.0.1", ":80" */
static bool divide(slice text, char *host, size_t size, bool *ret_ipv6, slice *ret_rest)
{
    bool ipv6 = text.len > 0 && text.ptr[0] == '[';
    slice body = slice_from(text, ipv6);
    size_t end = slice_find_byte(body, ipv6 ? ']' : ':');

    if (end >= size || (ipv6 && end == body.len))
        return false;
    if (end > 0)
        memcpy(host, body.ptr, end);
    host[end] = '\0';
    *ret_ipv6 = ipv6;
    *ret_rest = slice_from(body, end + ipv6);
    return strlen(host) == end;
}

static bool take_host(const char *host, bool ipv6, unsigned port, struct http_address *ret)
{
    static const unsigned char ipv6_loopback[16] = {[15] = 1};

    *ret = (struct http_address){.given = true, .ipv6 = ipv6, .port = (uint16_t)port};
    if (ipv6) {
        if (inet_pton(AF_INET6, host, ret->ip) != 1)
            return false;
        ret->loopback = memcmp(ret->ip, ipv6_loopback, sizeof ret->ip) == 0;
        return true;
    }
    if (inet_pton(AF_INET, strcmp(host, "localhost") == 0 ? "127.0.0.1" : host, ret->ip) != 1)
        return false;
    ret->loopback = ret->ip[0] == 127;
    return true;
}

bool http_address_parse(slice text, struct http_address *ret)
{
    char host[INET6_ADDRSTRLEN];
    unsigned port;
    bool ipv6;
    slice rest;

    if (take_port(text, &port))
        return take_host("127.0.0.1", false, port, ret);
    if (!divide(text, host, sizeof host, &ipv6, &rest) || rest.len == 0 || rest.ptr[0] != ':' ||
        !take_port(slice_from(rest, 1), &port))
        return false;
    return take_host(host[0] == '\0' && !ipv6 ? "127.0.0.1" : host, ipv6, port, ret);
}

bool http_host_is_local(slice text)
{
    char host[INET6_ADDRSTRLEN];
    struct http_address address;
    unsigned port;
    bool ipv6;
    slice rest;

    return divide(text, host, sizeof host, &ipv6, &rest) &&
           (rest.len == 0 || (rest.ptr[0] == ':' && take_port(slice_from(rest, 1), &port))) &&
           take_host(host, ipv6, 0, &address) && address.loopback;
}
