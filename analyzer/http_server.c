/* http_server.c - libmicrohttpd over documents that do not change
 *
 * The run's thread publishes, the library's one thread answers. What they share is under one mutex:
 * the present document, which is a response object that the library counts references to, and the
 * list of event streams. A stream with nothing to tell is suspended and costs nothing; news and
 * signs of life resume it. No lock is held while bytes go out.
 * source:  libmicrohttpd manual; RFC 9110 15.5.20 (421), 11.6.1; Content Security Policy Level 3
 * limits:  CONNECTIONS at once, STREAMS of them event streams, REQUEST_BYTES of request line and
 *          headers (414 or 431 beyond), IDLE_S seconds without a byte, REQUEST_S for a request and
 *          its answer; a request body is refused */
#include "http_server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include <microhttpd.h>

#include "base/panic.h"
#include "output/metrics.h"

enum { CONNECTIONS = 64, CONNECTIONS_ONE_IP = 32, STREAMS = 16, IDLE_S = 30, REQUEST_S = 30 };
enum { REQUEST_BYTES = 16 << 10, EVENT_BYTES = 256 };
/* The run is called dead after so long; streams hear something as often. */
enum { DEAD_S = 60, BEAT_S = 15 };

/* One connection, from its start to just before its socket is closed. */
struct peer {
    struct peer *next;
    int fd;
    int64_t since_s; /* monotonic: its start, or the end of its last request */
    bool listens;    /* to /events, without end */
};

/* One listener to /events. */
struct stream {
    struct stream *next;
    struct http_server *server;
    struct MHD_Connection *connection;
    bool greeted, suspended;
    uint64_t number, beat; /* told last */
};

struct http_server {
    enum http_kind kind;
    char token[HTTP_TOKEN_MAX + 1]; /* "": none is asked for */
    struct MHD_Daemon *daemon;
    pthread_mutex_t lock; /* of all below */
    struct MHD_Response *document;
    struct peer *peers;
    struct stream *streams;
    unsigned streams_count;
    uint64_t number, beat;
    int64_t alive_s, beat_s; /* monotonic */
    bool closing;
};

static int64_t clock_s(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec;
}

const char *http_version(void)
{
    return MHD_get_version();
}

/* ---- answers ---- */

static void set_headers(struct MHD_Response *r, const char *type)
{
    static const char *const rows[][2] = {{"Cache-Control", "no-store"},
                                          {"X-Content-Type-Options", "nosniff"},
                                          {"Referrer-Policy", "no-referrer"},
                                          {"Cross-Origin-Resource-Policy", "same-origin"}};

    MHD_add_response_header(r, "Content-Type", type);
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++)
        MHD_add_response_header(r, rows[i][0], rows[i][1]);
}

static enum MHD_Result answer_with(struct MHD_Connection *c, unsigned status, const char *text,
                                   const char *header, const char *value)
{
    struct MHD_Response *r = MHD_create_response_from_buffer(strlen(text), (void *)(uintptr_t)text,
                                                             MHD_RESPMEM_PERSISTENT);
    enum MHD_Result result;

    if (r == NULL)
        return MHD_NO;
    set_headers(r, "text/plain; charset=utf-8");
    if (header != NULL)
        MHD_add_response_header(r, header, value);
    result = MHD_queue_response(c, status, r);
    MHD_destroy_response(r);
    return result;
}

static enum MHD_Result answer(struct MHD_Connection *c, unsigned status, const char *text)
{
    return answer_with(c, status, text, NULL, NULL);
}

static enum MHD_Result answer_document(struct http_server *s, struct MHD_Connection *c)
{
    enum MHD_Result result = MHD_NO;
    bool ready;

    pthread_mutex_lock(&s->lock);
    ready = s->document != NULL;
    if (ready)
        result = MHD_queue_response(c, MHD_HTTP_OK, s->document);
    pthread_mutex_unlock(&s->lock);
    return ready ? result : answer_with(c, 503, "not yet\n", "Retry-After", "1");
}

static enum MHD_Result answer_health(struct http_server *s, struct MHD_Connection *c)
{
    pthread_mutex_lock(&s->lock);
    bool alive = clock_s() - s->alive_s < DEAD_S;
    pthread_mutex_unlock(&s->lock);
    return alive ? answer(c, 200, "ok\n") : answer(c, 503, "the run gives no sign of life\n");
}

static enum MHD_Result answer_ready(struct http_server *s, struct MHD_Connection *c)
{
    pthread_mutex_lock(&s->lock);
    bool ready = s->document != NULL;
    pthread_mutex_unlock(&s->lock);
    return ready ? answer(c, 200, "ready\n") : answer(c, 503, "not yet\n");
}

/* ---- connections ---- */

static void on_connection(void *arg, struct MHD_Connection *c, void **note,
                          enum MHD_ConnectionNotificationCode what)
{
    struct http_server *s = arg;
    struct peer *peer = *note;

    pthread_mutex_lock(&s->lock);
    if (what == MHD_CONNECTION_NOTIFY_STARTED) {
        *note = peer = panic_calloc(1, sizeof *peer);
        *peer = (struct peer){
            s->peers, MHD_get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd,
            clock_s(), false};
        s->peers = peer;
    } else {
        for (struct peer **at = &s->peers; *at != NULL; at = &(*at)->next)
            if (*at == peer) {
                *at = peer->next;
                break;
            }
        free(peer);
    }
    pthread_mutex_unlock(&s->lock);
}

/* A request begins to listen, or is over. */
static void note_request(struct http_server *s, struct MHD_Connection *c, bool listens)
{
    struct peer *peer =
        MHD_get_connection_info(c, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;

    pthread_mutex_lock(&s->lock);
    peer->listens = listens;
    peer->since_s = clock_s();
    pthread_mutex_unlock(&s->lock);
}

static void on_completed(void *arg, struct MHD_Connection *c, void **note,
                         enum MHD_RequestTerminationCode why)
{
    (void)note, (void)why;
    note_request(arg, c, false);
}

/* Under the lock: who gives or takes a byte now and then would keep a place for ever. The library
 * finds the socket at its end, and closes it. */
static void shut_slow(const struct http_server *s, int64_t now_s)
{
    for (const struct peer *peer = s->peers; peer != NULL; peer = peer->next)
        if (!peer->listens && now_s - peer->since_s > REQUEST_S)
            (void)shutdown(peer->fd, SHUT_RDWR);
}

/* ---- event streams ---- */

/* What a stream has to hear now; 0 bytes: nothing. */
static int next_event(struct stream *t, char *buf, size_t size)
{
    const struct http_server *s = t->server;
    bool news = t->number != s->number || !t->greeted;
    int n = 0;

    if (news)
        n = snprintf(buf, size, "%sid: %" PRIu64 "\nevent: report\ndata: %" PRIu64 "\n\n",
                     t->greeted ? "" : "retry: 3000\n", s->number, s->number);
    else if (t->beat != s->beat)
        n = snprintf(buf, size, ":\n\n");
    t->greeted = true;
    t->number = s->number;
    t->beat = s->beat;
    return n;
}

/* Called by the library's thread when the stream may send; it sleeps when there is nothing. */
static ssize_t read_stream(void *arg, uint64_t at, char *buf, size_t size)
{
    struct stream *t = arg;
    struct http_server *s = t->server;
    ssize_t n;

    (void)at;
    pthread_mutex_lock(&s->lock);
    if (s->closing || size < EVENT_BYTES / 2) {
        n = MHD_CONTENT_READER_END_OF_STREAM;
    } else {
        n = next_event(t, buf, size);
        if (n == 0) {
            MHD_suspend_connection(t->connection);
            t->suspended = true;
        }
    }
    pthread_mutex_unlock(&s->lock);
    return n;
}

static void end_stream(void *arg)
{
    struct stream *t = arg;
    struct http_server *s = t->server;

    pthread_mutex_lock(&s->lock);
    for (struct stream **at = &s->streams; *at != NULL; at = &(*at)->next)
        if (*at == t) {
            *at = t->next;
            s->streams_count--;
            break;
        }
    pthread_mutex_unlock(&s->lock);
    free(t);
}

/* Under the lock: streams that sleep look again whether there is something. */
static void wake_streams(struct http_server *s)
{
    for (struct stream *t = s->streams; t != NULL; t = t->next)
        if (t->suspended) {
            t->suspended = false;
            MHD_resume_connection(t->connection);
        }
}

static struct stream *begin_stream(struct http_server *s, struct MHD_Connection *c)
{
    struct stream *t = NULL;

    pthread_mutex_lock(&s->lock);
    if (s->streams_count < STREAMS && !s->closing) {
        t = panic_calloc(1, sizeof *t);
        *t = (struct stream){.next = s->streams, .server = s, .connection = c};
        s->streams = t;
        s->streams_count++;
    }
    pthread_mutex_unlock(&s->lock);
    return t;
}

static enum MHD_Result answer_stream(struct http_server *s, struct MHD_Connection *c)
{
    struct stream *t = begin_stream(s, c);
    struct MHD_Response *r;
    enum MHD_Result result;

    if (t == NULL)
        return answer_with(c, 503, "too many listeners\n", "Retry-After", "30");
    r = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, EVENT_BYTES, read_stream, t,
                                          end_stream);
    if (r == NULL) {
        end_stream(t);
        return MHD_NO;
    }
    note_request(s, c, true);
    set_headers(r, "text/event-stream; charset=utf-8");
    MHD_add_response_header(r, "X-Accel-Buffering", "no");
    result = MHD_queue_response(c, MHD_HTTP_OK, r);
    MHD_destroy_response(r);
    return result;
}

/* ---- requests ---- */

/* As long for every text of one length, wherever it differs. */
static bool is_token(const struct http_server *s, const char *given)
{
    size_t len = strlen(s->token), given_len = given == NULL ? 0 : strlen(given);
    volatile unsigned differ = given_len != len;

    for (size_t i = 0; i < len; i++)
        differ |= (unsigned char)s->token[i] ^ (unsigned char)(i < given_len ? given[i] : 0);
    return differ == 0;
}

static bool may_read(const struct http_server *s, struct MHD_Connection *c)
{
    static const char scheme[] = "Bearer ";
    const char *header = MHD_lookup_connection_value(c, MHD_HEADER_KIND, "Authorization");

    if (s->token[0] == '\0')
        return true;
    if (header != NULL && strncasecmp(header, scheme, sizeof scheme - 1) == 0)
        return is_token(s, header + sizeof scheme - 1);
    return is_token(s, MHD_lookup_connection_value(c, MHD_GET_ARGUMENT_KIND, "token"));
}

/* Without a token the page is for this machine only, and not for a stranger's page in its browser.
 */
static bool is_for_us(const struct http_server *s, struct MHD_Connection *c)
{
    const char *host = MHD_lookup_connection_value(c, MHD_HEADER_KIND, "Host");

    return s->kind != HTTP_REPORT || s->token[0] != '\0' ||
           (host != NULL && http_host_is_local(slice_of(host)));
}

static enum MHD_Result answer_report(struct http_server *s, struct MHD_Connection *c,
                                     const char *path, bool head)
{
    bool events = strcmp(path, "/events") == 0;

    if (!events && strcmp(path, "/") != 0)
        return answer(c, 404, "no such document\n");
    if (!may_read(s, c))
        return answer_with(c, 401, "a token is needed\n", "WWW-Authenticate",
                           "Bearer realm=\"relaywatch\"");
    return events && !head ? answer_stream(s, c) : answer_document(s, c);
}

static enum MHD_Result route(struct http_server *s, struct MHD_Connection *c, const char *path,
                             bool head)
{
    if (!is_for_us(s, c))
        return answer(c, 421, "this server is not known by that name\n");
    if (strcmp(path, "/healthz") == 0)
        return answer_health(s, c);
    if (strcmp(path, "/readyz") == 0)
        return answer_ready(s, c);
    if (s->kind == HTTP_REPORT)
        return answer_report(s, c, path, head);
    return strcmp(path, "/metrics") == 0 ? answer_document(s, c) : answer(c, 404, "see /metrics\n");
}

/* The first call of a request is for its headers, the second one when it is complete. */
static enum MHD_Result on_request(void *arg, struct MHD_Connection *c, const char *path,
                                  const char *method, const char *version, const char *upload,
                                  size_t *upload_size, void **note)
{
    static char seen;
    bool head = strcmp(method, MHD_HTTP_METHOD_HEAD) == 0;

    (void)version, (void)upload;
    if (!head && strcmp(method, MHD_HTTP_METHOD_GET) != 0)
        return answer_with(c, 405, "read only\n", "Allow", "GET, HEAD");
    if (*note == NULL) {
        *note = &seen;
        return MHD_YES;
    }
    if (*upload_size != 0)
        return MHD_NO;
    return route(arg, c, path, head);
}

/* ---- the server ---- */

/* What the library has to say is about clients, who could fill our log with it. */
static void say_nothing(void *arg, const char *format, va_list values)
{
    (void)arg, (void)format, (void)values;
}

static void fill_address(const struct http_address *address, struct sockaddr_storage *ret)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(address->port)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(address->port)};

    memcpy(&v4.sin_addr, address->ip, sizeof v4.sin_addr);
    memcpy(&v6.sin6_addr, address->ip, sizeof v6.sin6_addr);
    if (address->ipv6)
        memcpy(ret, &v6, sizeof v6);
    else
        memcpy(ret, &v4, sizeof v4);
}

/* Signals are the run's: its waits end with them. */
static void start(struct http_server *s, const struct http_address *address)
{
    const unsigned flags = MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_AUTO |
                           MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG |
                           (address->ipv6 ? MHD_USE_IPv6 : 0);
    struct sockaddr_storage at = {0};
    sigset_t all, before;

    fill_address(address, &at);
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    s->daemon = MHD_start_daemon(
        flags, 0, NULL, NULL, on_request, s, MHD_OPTION_EXTERNAL_LOGGER, say_nothing, NULL,
        MHD_OPTION_NOTIFY_CONNECTION, on_connection, s, MHD_OPTION_NOTIFY_COMPLETED, on_completed,
        s, MHD_OPTION_SOCK_ADDR, &at, MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS,
        MHD_OPTION_PER_IP_CONNECTION_LIMIT,
        (unsigned)(address->loopback ? CONNECTIONS : CONNECTIONS_ONE_IP),
        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        (size_t)REQUEST_BYTES, MHD_OPTION_END);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

struct http_server *http_open(enum http_kind kind, const struct http_address *address,
                              const char *token, struct error *reterr)
{
    struct http_server *s = panic_calloc(1, sizeof *s);

    s->kind = kind;
    if (token != NULL)
        slice_keep(slice_of(token), s->token, sizeof s->token);
    s->alive_s = s->beat_s = clock_s();
    pthread_mutex_init(&s->lock, NULL);
    errno = 0;
    start(s, address);
    if (s->daemon != NULL)
        return s;
    error_set(reterr, ERROR_OUTPUT, "%s: cannot listen: %s",
              kind == HTTP_METRICS ? "--metrics-listen" : "--serve",
              errno != 0 ? strerror(errno) : "the address cannot be had");
    http_close(&s);
    return NULL;
}

unsigned http_port(const struct http_server *s)
{
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(s->daemon, MHD_DAEMON_INFO_BIND_PORT);

    return info == NULL ? 0 : info->port;
}

void http_publish(struct http_server *s, slice document, uint64_t number)
{
    struct MHD_Response *old,
        *r = MHD_create_response_from_buffer(document.len, (void *)(uintptr_t)document.ptr,
                                             MHD_RESPMEM_MUST_COPY);

    if (r == NULL)
        return;
    set_headers(r, s->kind == HTTP_METRICS ? METRICS_MEDIA_TYPE : "text/html; charset=utf-8");
    if (s->kind == HTTP_REPORT) {
        MHD_add_response_header(r, "Content-Security-Policy", "frame-ancestors 'none'");
        MHD_add_response_header(r, "X-Frame-Options", "DENY");
    }
    pthread_mutex_lock(&s->lock);
    old = s->document;
    s->document = r;
    if (s->number != number) {
        s->number = number;
        wake_streams(s);
    }
    pthread_mutex_unlock(&s->lock);
    if (old != NULL)
        MHD_destroy_response(old);
}

void http_alive(struct http_server *s)
{
    int64_t now = clock_s();

    pthread_mutex_lock(&s->lock);
    s->alive_s = now;
    shut_slow(s, now);
    if (now - s->beat_s >= BEAT_S) {
        s->beat_s = now;
        s->beat++;
        wake_streams(s);
    }
    pthread_mutex_unlock(&s->lock);
}

void http_close(struct http_server **server)
{
    struct http_server *s = *server;

    *server = NULL;
    if (s == NULL)
        return;
    pthread_mutex_lock(&s->lock);
    s->closing = true;
    wake_streams(s);
    pthread_mutex_unlock(&s->lock);
    if (s->daemon != NULL)
        MHD_stop_daemon(s->daemon);
    if (s->document != NULL)
        MHD_destroy_response(s->document);
    pthread_mutex_destroy(&s->lock);
    free(s);
}
