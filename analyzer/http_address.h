/* http_address.h - where to listen, as a person writes it */
#ifndef HTTP_ADDRESS_H
#define HTTP_ADDRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

struct http_address {
    bool given; /* false: nobody wants to listen */
    bool ipv6;
    bool loopback;        /* only this machine can come */
    uint16_t port;        /* 0: any that is free */
    unsigned char ip[16]; /* network order; 4 bytes for IPv4 */
};

/* http_address_parse - "127.0.0.1:9469", "[::1]:9469", "localhost:9469", "9469" or ":9469"
 *
 * Without an address it is that of the loopback interface, 127.0.0.1. Names are not looked up.
 *
 *   result    false when it is none of these */
bool http_address_parse(slice text, struct http_address *ret);

/* http_host_is_local - does a Host header name this machine by a name that no other site can have:
 * localhost, 127.0.0.0/8 or [::1], with or without a port
 *
 * Else a page of a stranger could reach a loopback server by a name of its own that leads there
 * (DNS rebinding). */
bool http_host_is_local(slice host);

#endif
