/* tls_none.c - in place of tls_gnutls.c where the program is built without GnuTLS
 * source:  CMakeLists.txt
 * limits:  nothing but the error: no struct tls is ever made */
#include "output/tls.h"

#include <stddef.h>

#include "base/panic.h"

const char *tls_version(void)
{
    return NULL;
}

struct tls_credentials *tls_credentials_new(const struct tls_settings *settings, const char *what,
                                            struct error *reterr)
{
    (void)settings;
    error_set(reterr, ERROR_CONFIG,
              "%s: this program was built without GnuTLS (libgnutls28-dev), which TLS needs", what);
    return NULL;
}

struct tls_credentials *tls_credentials_free(struct tls_credentials *c)
{
    ASSERT(c == NULL);
    return NULL;
}

struct tls *tls_new(const struct tls_credentials *credentials, int fd, const char *host)
{
    (void)credentials, (void)fd, (void)host;
    ASSERT(false); /* without credentials nobody gets here */
    return NULL;
}

struct tls *tls_free(struct tls *t)
{
    ASSERT(t == NULL);
    return NULL;
}

enum tls_result tls_handshake(struct tls *t)
{
    (void)t;
    return TLS_FAILED;
}

bool tls_wants_input(const struct tls *t)
{
    (void)t;
    return false;
}

enum tls_result tls_send(struct tls *t, slice bytes, size_t *ret_sent)
{
    (void)t, (void)bytes, (void)ret_sent;
    return TLS_FAILED;
}

enum tls_result tls_look(struct tls *t)
{
    (void)t;
    return TLS_FAILED;
}

bool tls_is_accepted(const struct tls *t)
{
    (void)t;
    return false;
}

uint64_t tls_written(const struct tls *t)
{
    (void)t;
    return 0;
}

void tls_leave(struct tls *t)
{
    (void)t;
}

const char *tls_why(const struct tls *t)
{
    (void)t;
    return "TLS is left out";
}
