/* tls.h - the client's end of TLS over a non-blocking socket, for net_sink.c
 *
 * The other end is believed when its certificate leads to a known authority, is valid now and is
 * for the name it was asked for by; or, where a fingerprint is given, when its certificate has that
 * and for no other reason. There is no way to do without, and none back to plain bytes. No call
 * waits.
 *
 * Made by GnuTLS (tls_gnutls.c); without it tls_none.c says so.
 *
 * source: RFC 5425 (syslog over TLS), RFC 9662 (its versions: 1.2 at least), RFC 6125 (names), RFC
 * 6066 3 (server name) */
#ifndef OUTPUT_TLS_H
#define OUTPUT_TLS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/slice.h"

enum { TLS_SYSLOG_PORT = 6514 };

/* What is configured; NULL: not given. */
struct tls_settings {
    const char *ca;          /* PEM file of authorities; else those of the system */
    const char *cert, *key;  /* PEM files: who we are */
    const char *fingerprint; /* SHA-256 of the collector's certificate, hexadecimal */
};

enum tls_result { TLS_DONE, TLS_WAITS, TLS_FAILED };

struct tls_credentials;
struct tls;

/* tls_version - of the library; NULL: this program is built without */
const char *tls_version(void);

/* tls_credentials_new - read the files: no file is needed later
 *
 *   in        what     for messages: the output
 *   result    NULL with *reterr (ERROR_CONFIG): no library, a file that cannot be read or is no
 *             certificate, a key that is not the certificate's
 *   lifetime  longer than every struct tls made with it; tls_credentials_free() returns NULL */
struct tls_credentials *tls_credentials_new(const struct tls_settings *settings, const char *what,
                                            struct error *reterr);
struct tls_credentials *tls_credentials_free(struct tls_credentials *c);

/* tls_new - over a connected socket, which stays the caller's
 *
 *   in        host   name or address that the certificate has to be for; borrowed
 *   result    never NULL; tls_free() returns NULL */
struct tls *tls_new(const struct tls_credentials *credentials, int fd, const char *host);
struct tls *tls_free(struct tls *t);

/* tls_handshake - a step of it
 *
 *   result    TLS_WAITS: call again when the socket is ready, see tls_wants_input() */
enum tls_result tls_handshake(struct tls *t);

/* tls_wants_input - does the handshake wait for bytes of the other end, or for room for ours */
bool tls_wants_input(const struct tls *t);

/* tls_send - after the handshake
 *
 *   out       ret_sent  bytes taken, on TLS_DONE; may be less than there are
 *   result    TLS_WAITS: the same bytes must be given again */
enum tls_result tls_send(struct tls *t, slice bytes, size_t *ret_sent);

/* tls_look - take what the other end says; it has nothing to say but that it leaves or refuses us
 *
 *   result    TLS_FAILED: it did; else TLS_WAITS */
enum tls_result tls_look(struct tls *t);

/* tls_is_accepted - has the other end seen our part of the handshake and not refused it, as far as
 * it has told
 *
 *   note      with TLS 1.3 a collector that wants a certificate says so after the handshake */
bool tls_is_accepted(const struct tls *t);

/* tls_written - bytes given to the socket so far */
uint64_t tls_written(const struct tls *t);

/* tls_leave - tell the other end that nothing more comes */
void tls_leave(struct tls *t);

/* tls_why - after TLS_FAILED: for a person; the tls' own text */
const char *tls_why(const struct tls *t);

#endif
