/* tls_gnutls.c - TLS by GnuTLS: handshake, records, and whom to believe
 * algorithm: bytes go through a push function of our own, which counts them: the system is asked
 *            how many of them have arrived. Certificates are judged inside the handshake, so that
 *            not one byte of a message goes to a stranger.
 * source:    GnuTLS manual 3.7: gnutls_init, gnutls_certificate_set_verify_function,
 *            gnutls_certificate_verify_peers, gnutls_record_send; RFC 5425 4.2, 5.1
 * limits:    TLS 1.2 and 1.3. Revocation is not asked for. The certificate's times are judged by
 *            the wall clock, as they have to be. With a fingerprint names and times are not looked
 *            at. */
#include "output/tls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

#include "base/panic.h"

enum { FINGERPRINT = 32, LOOKS_MAX = 16 };

struct tls_credentials {
    gnutls_certificate_credentials_t own;
    bool pinned, has_own;
    unsigned char fingerprint[FINGERPRINT];
};

struct tls {
    gnutls_session_t session;
    const struct tls_credentials *credentials;
    const char *host;
    int fd;
    uint64_t written;
    char why[256];
};

const char *tls_version(void)
{
    return gnutls_check_version(NULL);
}

/* ---- whom to believe ---- */

static enum tls_result say(struct tls *t, const char *what)
{
    if (t->why[0] == '\0')
        snprintf(t->why, sizeof t->why, "%s", what);
    return TLS_FAILED;
}

static int judge_fingerprint(struct tls *t)
{
    unsigned char seen[FINGERPRINT];
    size_t size = sizeof seen;
    unsigned count = 0;
    const gnutls_datum_t *list = gnutls_certificate_get_peers(t->session, &count);

    if (count > 0 && gnutls_fingerprint(GNUTLS_DIG_SHA256, &list[0], seen, &size) == 0 &&
        size == sizeof seen && memcmp(seen, t->credentials->fingerprint, sizeof seen) == 0)
        return 0;
    say(t, "its certificate has another fingerprint than --tls-fingerprint");
    return GNUTLS_E_CERTIFICATE_ERROR;
}

/* What is wrong with a certificate, the worst first. */
static const char *fault_of(unsigned status)
{
    static const struct {
        unsigned flag;
        const char *text;
    } faults[] = {
        {GNUTLS_CERT_SIGNER_NOT_FOUND, "its certificate is of an unknown authority (--tls-ca)"},
        {GNUTLS_CERT_SIGNER_NOT_CA, "its certificate was signed by one that is no authority"},
        {GNUTLS_CERT_REVOKED, "its certificate is revoked"},
        {GNUTLS_CERT_EXPIRED, "its certificate has expired"},
        {GNUTLS_CERT_NOT_ACTIVATED,
         "its certificate is not valid yet (or the clock here is wrong)"},
        {GNUTLS_CERT_UNEXPECTED_OWNER, "its certificate is for other names"},
        {GNUTLS_CERT_PURPOSE_MISMATCH, "its certificate is not for servers"},
        {GNUTLS_CERT_INSECURE_ALGORITHM, "its certificate was made with an insecure algorithm"},
    };

    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++)
        if (status & faults[i].flag)
            return faults[i].text;
    return "its certificate is not good";
}

/* Inside the handshake; anything but 0 ends it. */
static int judge(gnutls_session_t session)
{
    struct tls *t = gnutls_session_get_ptr(session);
    char host[256], purpose[] = GNUTLS_KP_TLS_WWW_SERVER;
    gnutls_typed_vdata_st wanted[] = {
        {.type = GNUTLS_DT_DNS_HOSTNAME, .data = (unsigned char *)host},
        {.type = GNUTLS_DT_KEY_PURPOSE_OID, .data = (unsigned char *)purpose}};
    unsigned status = 0;

    if (t->credentials->pinned)
        return judge_fingerprint(t);
    snprintf(host, sizeof host, "%s", t->host);
    if (gnutls_certificate_verify_peers(session, wanted, 2, &status) != 0) {
        say(t, "it has no certificate that can be checked");
        return GNUTLS_E_CERTIFICATE_ERROR;
    }
    if (status == 0)
        return 0;
    say(t, fault_of(status));
    return GNUTLS_E_CERTIFICATE_ERROR;
}

/* ---- files ---- */

static int digit_of(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* "sha-256:AB:CD:...", "ab cd"; RFC 5425 5.1 has the first form. */
static bool take_fingerprint(struct tls_credentials *c, const char *text)
{
    unsigned digits = 0;

    if (strncasecmp(text, "sha-256:", 8) == 0 || strncasecmp(text, "sha256:", 7) == 0)
        text = strchr(text, ':') + 1;
    for (; *text != '\0'; text++) {
        int digit = digit_of(*text >= 'A' && *text <= 'F' ? (char)(*text | 0x20) : *text);
        if (digit < 0 && (*text == ':' || *text == ' '))
            continue;
        if (digit < 0 || digits == 2 * FINGERPRINT)
            return false;
        c->fingerprint[digits / 2] = (unsigned char)(c->fingerprint[digits / 2] << 4 | digit);
        digits++;
    }
    return c->pinned = digits == 2 * FINGERPRINT;
}

static bool take_authorities(struct tls_credentials *c, const struct tls_settings *s,
                             struct error *reterr)
{
    int n;

    if (c->pinned)
        return true; /* nobody is asked */
    n = s->ca == NULL ? gnutls_certificate_set_x509_system_trust(c->own)
                      : gnutls_certificate_set_x509_trust_file(c->own, s->ca, GNUTLS_X509_FMT_PEM);
    if (n > 0)
        return true;
    if (s->ca == NULL)
        return error_set(reterr, ERROR_CONFIG,
                         "tls: the system has no certificates of authorities (ca-certificates); "
                         "name a file with --tls-ca");
    return error_set(reterr, ERROR_CONFIG, "--tls-ca %s: %s", s->ca,
                     n == 0 ? "holds no certificate" : gnutls_strerror(n));
}

static bool take_own(struct tls_credentials *c, const struct tls_settings *s, struct error *reterr)
{
    int code;

    if (s->cert == NULL && s->key == NULL)
        return true;
    if (s->cert == NULL)
        return error_set(reterr, ERROR_CONFIG, "--tls-key needs --tls-cert");
    /* the key may be in the same file */
    const char *key = s->key == NULL ? s->cert : s->key;
    code = gnutls_certificate_set_x509_key_file(c->own, s->cert, key, GNUTLS_X509_FMT_PEM);
    c->has_own = code >= 0;
    return code >= 0 || error_set(reterr, ERROR_CONFIG, "--tls-cert %s, key %s: %s", s->cert, key,
                                  gnutls_strerror(code));
}

struct tls_credentials *tls_credentials_new(const struct tls_settings *settings, const char *what,
                                            struct error *reterr)
{
    struct tls_credentials *c = panic_calloc(1, sizeof *c);

    (void)what;
    if (gnutls_certificate_allocate_credentials(&c->own) != 0) {
        free(c);
        error_set(reterr, ERROR_RUNTIME, "tls: no memory");
        return NULL;
    }
    gnutls_certificate_set_verify_function(c->own, judge);
    if (settings->fingerprint != NULL && !take_fingerprint(c, settings->fingerprint))
        error_set(reterr, ERROR_CONFIG,
                  "--tls-fingerprint \"%s\" is no SHA-256 of a certificate (64 hexadecimal digits)",
                  settings->fingerprint);
    else if (take_authorities(c, settings, reterr) && take_own(c, settings, reterr))
        return c;
    return tls_credentials_free(c);
}

struct tls_credentials *tls_credentials_free(struct tls_credentials *c)
{
    if (c == NULL)
        return NULL;
    gnutls_certificate_free_credentials(c->own);
    free(c);
    return NULL;
}

/* ---- a connection ---- */

static ssize_t push(gnutls_transport_ptr_t arg, const void *bytes, size_t len)
{
    struct tls *t = arg;
    ssize_t n = send(t->fd, bytes, len, MSG_NOSIGNAL);

    if (n > 0)
        t->written += (uint64_t)n;
    return n;
}

static ssize_t pull(gnutls_transport_ptr_t arg, void *bytes, size_t len)
{
    struct tls *t = arg;

    return recv(t->fd, bytes, len, 0);
}

static bool is_address(const char *host)
{
    unsigned char room[sizeof(struct in6_addr)];

    return inet_pton(AF_INET, host, room) == 1 || inet_pton(AF_INET6, host, room) == 1;
}

struct tls *tls_new(const struct tls_credentials *credentials, int fd, const char *host)
{
    struct tls *t = panic_calloc(1, sizeof *t);

    t->credentials = credentials;
    t->fd = fd;
    t->host = host;
    ASSERT(gnutls_init(&t->session, GNUTLS_CLIENT | GNUTLS_NONBLOCK) == 0);
    gnutls_session_set_ptr(t->session, t);
    gnutls_transport_set_ptr(t->session, t);
    gnutls_transport_set_push_function(t->session, push);
    gnutls_transport_set_pull_function(t->session, pull);
    if (gnutls_set_default_priority_append(t->session, "-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2", NULL,
                                           0) != 0 ||
        gnutls_credentials_set(t->session, GNUTLS_CRD_CERTIFICATE, credentials->own) != 0 ||
        (!is_address(host) &&
         gnutls_server_name_set(t->session, GNUTLS_NAME_DNS, host, strlen(host)) != 0))
        say(t, "the TLS library does not take these settings"); /* told by the handshake */
    return t;
}

struct tls *tls_free(struct tls *t)
{
    if (t == NULL)
        return NULL;
    gnutls_deinit(t->session);
    free(t);
    return NULL;
}

/* In words that say what to look at. A collector that wants a certificate of ours may break off
 * before its refusal is read. */
static enum tls_result fail(struct tls *t, int code)
{
    bool asked =
        !t->credentials->has_own && gnutls_certificate_client_get_request_status(t->session) != 0;
    const char *hint = asked ? "; it asks for a certificate (--tls-cert)" : "";
    char text[200];

    switch (code) {
    case GNUTLS_E_UNEXPECTED_PACKET_LENGTH:
    case GNUTLS_E_UNEXPECTED_PACKET:
    case GNUTLS_E_UNSUPPORTED_VERSION_PACKET:
    case GNUTLS_E_RECORD_OVERFLOW:
        return say(t, "what answers there does not speak TLS");
    case GNUTLS_E_PREMATURE_TERMINATION:
        snprintf(text, sizeof text, "the connection was closed without a word%s", hint);
        return say(t, text);
    case GNUTLS_E_FATAL_ALERT_RECEIVED:
        snprintf(text, sizeof text, "it refuses us: %s%s",
                 gnutls_alert_get_name(gnutls_alert_get(t->session)), hint);
        return say(t, text);
    case GNUTLS_E_PUSH_ERROR:
    case GNUTLS_E_PULL_ERROR:
        snprintf(text, sizeof text, "the connection broke%s", hint);
        return say(t, text);
    default:
        return say(t, gnutls_strerror(code));
    }
}

enum tls_result tls_handshake(struct tls *t)
{
    int code;

    if (t->why[0] != '\0')
        return TLS_FAILED;
    do
        code = gnutls_handshake(t->session);
    while (code == GNUTLS_E_INTERRUPTED || code == GNUTLS_E_WARNING_ALERT_RECEIVED);
    if (code == 0)
        return TLS_DONE;
    if (!gnutls_error_is_fatal(code))
        return TLS_WAITS;
    (void)gnutls_alert_send_appropriate(t->session, code);
    return fail(t, code);
}

bool tls_wants_input(const struct tls *t)
{
    return gnutls_record_get_direction(t->session) == 0;
}

enum tls_result tls_send(struct tls *t, slice bytes, size_t *ret_sent)
{
    ssize_t n;

    do
        n = gnutls_record_send(t->session, bytes.ptr, bytes.len);
    while (n == GNUTLS_E_INTERRUPTED);
    if (n >= 0) {
        *ret_sent = (size_t)n;
        return TLS_DONE;
    }
    return gnutls_error_is_fatal((int)n) ? fail(t, (int)n) : TLS_WAITS;
}

enum tls_result tls_look(struct tls *t)
{
    char room[1024];

    for (int i = 0; i < LOOKS_MAX; i++) {
        ssize_t n = gnutls_record_recv(t->session, room, sizeof room);
        if (n == 0)
            return say(t, "the collector closed the connection");
        if (n == GNUTLS_E_AGAIN)
            return TLS_WAITS;
        if (n < 0 && gnutls_error_is_fatal((int)n))
            return fail(t, (int)n);
    }
    return TLS_WAITS;
}

bool tls_is_accepted(const struct tls *t)
{
    return gnutls_protocol_get_version(t->session) != GNUTLS_TLS1_3 ||
           (gnutls_session_get_flags(t->session) & GNUTLS_SFLAGS_SESSION_TICKET) != 0;
}

uint64_t tls_written(const struct tls *t)
{
    return t->written;
}

void tls_leave(struct tls *t)
{
    (void)gnutls_bye(t->session, GNUTLS_SHUT_WR);
}

const char *tls_why(const struct tls *t)
{
    return t->why;
}
