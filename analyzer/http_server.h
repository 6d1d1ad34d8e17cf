/* http_server.h - finished documents by HTTP: metrics, or the report with its event stream
 *
 * The server has a thread of its own and nothing but copies of what was published, so a slow or
 * hostile client never holds the analysis up. It only reads: GET and HEAD.
 *
 *   /healthz   200 while the run gives signs of life, else 503
 *   /readyz    200 once a document was published, else 503
 *   /metrics   of a server of metrics
 *   /          of a server of the report;  /events  its news, as server-sent events
 *
 * A report names addresses and accounts: beyond the loopback interface it needs a token, given as
 * "Authorization: Bearer TOKEN" or "?token=TOKEN". There is no TLS; that is a reverse proxy's.
 *
 * source:    RFC 9110, RFC 6750 2.1, WHATWG HTML 9.2 (server-sent events); libmicrohttpd
 * lifetime:  functions are called from one thread; without libmicrohttpd http_open() only fails */
#ifndef HTTP_SERVER_H
#define HTTP_SERVER_H

#include <stdint.h>

#include "base/error.h"
#include "base/slice.h"
#include "http_address.h"

enum { HTTP_TOKEN_MIN = 16, HTTP_TOKEN_MAX = 256 };

enum http_kind { HTTP_METRICS, HTTP_REPORT };

struct http_server;

/* http_version - "0.9.75"; NULL: this program was built without */
const char *http_version(void);

/* http_open - listen and answer from now on; the documents come later
 *
 *   in        token   NULL: none is asked for; kept by copy
 *   result    NULL with *reterr (ERROR_OUTPUT) when the address cannot be had */
struct http_server *http_open(enum http_kind kind, const struct http_address *address,
                              const char *token, struct error *reterr);

/* http_port - the port that is listened at: the system's choice when 0 was asked for */
unsigned http_port(const struct http_server *s);

/* http_publish - the document as of now, kept by copy; clients being served get the one before
 *
 *   in        number   of the newest alert in it: who listens to /events is told when it changes */
void http_publish(struct http_server *s, slice document, uint64_t number);

/* http_alive - a sign of life; now and then listeners get one as well, so that dead ones are found
 */
void http_alive(struct http_server *s);

/* http_close - end all connections, stop and free; *s becomes NULL */
void http_close(struct http_server **s);

#endif
