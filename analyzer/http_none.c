/* http_none.c - in place of http_server.c where the program is built without libmicrohttpd
 * source:  CMakeLists.txt, RW_HTTP */
#include "http_server.h"

#include <stddef.h>

const char *http_version(void)
{
    return NULL;
}

struct http_server *http_open(enum http_kind kind, const struct http_address *address,
                              const char *token, struct error *reterr)
{
    (void)kind, (void)address, (void)token;
    error_set(reterr, ERROR_USAGE,
              "this program was built without libmicrohttpd: it has no --metrics-listen, no "
              "--serve");
    return NULL;
}

unsigned http_port(const struct http_server *s)
{
    (void)s;
    return 0;
}

void http_publish(struct http_server *s, slice document, uint64_t number)
{
    (void)s, (void)document, (void)number;
}

void http_alive(struct http_server *s)
{
    (void)s;
}

void http_close(struct http_server **s)
{
    *s = NULL;
}
