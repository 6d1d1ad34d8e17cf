/* net_sink.c - a non-blocking socket behind a queue of whole messages
 *
 * While the collector takes what it is given, a full queue is waited for, so that a batch loses
 * nothing to a slow reader. One that takes nothing for STALL_MS is waited for no more until it
 * does. With a spool nobody is waited for. Syslog has no receipts, so the system is asked what the
 * other end has acknowledged (SIOCOUTQ): a message stays in the backlog until then, and for a
 * second more while there is room, since a receiver that is killed may have acknowledged what it
 * did not read. When the connection breaks all those go again: at least once.
 * With TLS (tls.h) the bytes on the wire are counted instead of those of the messages, and nothing
 * goes out before the other end is known to be the right one.
 * source:   RFC 6587 3.4.1, RFC 5425; POSIX connect(2), send(2), poll(2); tcp(7), unix(7).
 * limits:   the name is looked up once, at the start. What a receiver took and lost more than a
 * second later is lost; so is any datagram the network loses. The monotonic clock times attempts
 * and waits, never an alert. */
#include "output/net_sink.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <linux/sockios.h>

#include "base/outbuf.h"
#include "base/panic.h"

enum { STALL_MS = 2000, CLOSE_MS = 5000, RETRY_MS = 1000, HOLD_MS = 1000, TELL_MS = 60000 };
enum { SHAKE_MS = 10000, RETRY_MOST_MS = 8000 }; /* of TLS */
enum { HOLD_MESSAGES = 1024 };

struct net_sink {
    char *path; /* for messages to people */
    char *host; /* of TLS: the name its certificate has to have; else NULL */
    enum net_frame frame;
    int type; /* SOCK_STREAM or SOCK_DGRAM */
    struct sockaddr_storage address;
    socklen_t address_len;
    int fd; /* -1: none */
    bool connected, stalled, told_full, closing;
    int64_t retry_ms, told_ms; /* no attempt before; when a failure was told, 0 never */
    struct backlog *backlog;   /* owned; framed messages */
    size_t sent;               /* of the message that goes out next */
    uint64_t total;            /* bytes of whole messages on this connection */
    /* of TLS */
    struct tls_credentials *credentials;
    struct tls *tls;    /* of this connection; NULL before it */
    bool secure;        /* the handshake is over */
    int64_t shaking_ms; /* it began */
    int refused;        /* handshakes that failed since the last good one */
    char told_why[256]; /* the failure of TLS that was told last */
};

static int64_t now_ms(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

bool net_sink_is(const char *path)
{
    slice s = slice_of(path);

    return slice_starts(s, SLICE_LIT("tcp://")) || slice_starts(s, SLICE_LIT("udp://")) ||
           slice_starts(s, SLICE_LIT("unix:")) || net_sink_is_tls(path);
}

bool net_sink_is_tls(const char *path)
{
    return slice_starts(slice_of(path), SLICE_LIT("tls://"));
}

/* ---- addresses ---- */

static bool resolve_unix(struct net_sink *s, slice path, struct error *reterr)
{
    struct sockaddr_un un = {.sun_family = AF_UNIX};

    while (slice_starts(path, SLICE_LIT("//")))
        path = slice_from(path, 1);
    if (path.len == 0 || path.ptr[0] != '/' || !slice_keep(path, un.sun_path, sizeof un.sun_path))
        return error_set(reterr, ERROR_OUTPUT, "%s is no path of a socket (unix:/dev/log)",
                         s->path);
    memcpy(&s->address, &un, sizeof un);
    s->address_len = sizeof un;
    return true;
}

/* "host:514", "[2001:db8::1]:514"; the port may be missing where there is a usual one. */
static bool split_host(slice text, unsigned usual_port, char host[256], char port[16])
{
    size_t colon = slice_rfind_byte(text, ':'), bracket = slice_rfind_byte(text, ']');
    bool has_port = colon < text.len && (bracket == text.len || colon > bracket);
    slice name = has_port ? slice_first(text, colon) : text;

    if (name.len > 1 && name.ptr[0] == '[' && name.ptr[name.len - 1] == ']')
        name = (slice){name.ptr + 1, name.len - 2};
    if (!has_port)
        snprintf(port, 16, "%u", usual_port);
    else if (colon + 1 == text.len || !slice_keep(slice_from(text, colon + 1), port, 16))
        return false;
    return (has_port || usual_port != 0) && name.len > 0 && slice_keep(name, host, 256);
}

bool net_sink_tcp_port(const char *path, unsigned *ret_port)
{
    bool tls = net_sink_is_tls(path);
    char host[256], port[16], *end = NULL;
    unsigned long n = 0;

    if (!tls && !slice_starts(slice_of(path), SLICE_LIT("tcp://")))
        return false;
    if (split_host(slice_from(slice_of(path), 6), tls ? TLS_SYSLOG_PORT : 0, host, port))
        n = strtoul(port, &end, 10);
    *ret_port = n > 65535 || end == NULL || *end != '\0' ? 0 : (unsigned)n;
    return true;
}

static bool resolve_host(struct net_sink *s, slice text, struct error *reterr)
{
    bool tls = net_sink_is_tls(s->path);
    char host[256], port[16];
    struct addrinfo hints = {.ai_socktype = s->type}, *found = NULL;
    int code;

    if (!split_host(text, tls ? TLS_SYSLOG_PORT : 0, host, port))
        return error_set(reterr, ERROR_OUTPUT, "%s is no collector (%s)", s->path,
                         tls ? "tls://HOST[:PORT]" : "tcp://HOST:PORT");
    code = getaddrinfo(host, port, &hints, &found);
    if (code != 0)
        return error_set(reterr, ERROR_OUTPUT, "%s: %s", s->path, gai_strerror(code));
    memcpy(&s->address, found->ai_addr, found->ai_addrlen);
    s->address_len = found->ai_addrlen;
    freeaddrinfo(found);
    if (tls) {
        s->host = panic_calloc(1, sizeof host);
        memcpy(s->host, host, sizeof host);
    }
    return true;
}

static bool resolve(struct net_sink *s, struct error *reterr)
{
    slice path = slice_of(s->path);
    bool stream = net_sink_is_tls(s->path) || slice_starts(path, SLICE_LIT("tcp://"));

    s->type = stream ? SOCK_STREAM : SOCK_DGRAM;
    if (slice_starts(path, SLICE_LIT("unix:")))
        return resolve_unix(s, slice_from(path, 5), reterr);
    return resolve_host(s, slice_from(path, 6), reterr);
}

/* ---- connection ---- */

/* Of TLS each reason is told, and of others one a minute: there are many of those in one outage. */
static void tell(struct net_sink *s, const char *why, bool of_tls)
{
    bool is_news = of_tls && strcmp(why, s->told_why) != 0;

    if (is_news || s->told_ms == 0 || now_ms() - s->told_ms > TELL_MS)
        fprintf(stderr, "relaywatch: %s: %s; trying again\n", s->path, why);
    if (of_tls)
        snprintf(s->told_why, sizeof s->told_why, "%s", why);
    s->told_ms = now_ms();
}

static void hang_up(struct net_sink *s)
{
    s->tls = tls_free(s->tls);
    if (s->fd >= 0)
        (void)close(s->fd);
    s->fd = -1;
    s->connected = s->secure = false;
    s->sent = 0; /* the cut message goes again from its beginning */
    s->total = 0;
    backlog_rewind(s->backlog);
}

static void lose(struct net_sink *s, int code)
{
    hang_up(s);
    s->retry_ms = now_ms() + RETRY_MS;
    tell(s, strerror(code), false);
}

/* A collector that is the wrong one is likely to stay so for a while. */
static void lose_tls(struct net_sink *s, const char *why)
{
    char text[256];
    int before = s->secure ? 0 : s->refused;
    int64_t wait_ms = before > 2 ? RETRY_MOST_MS : (int64_t)RETRY_MS << before;

    snprintf(text, sizeof text, "TLS: %s", why);
    s->refused += !s->secure;
    hang_up(s);
    s->retry_ms = now_ms() + wait_ms;
    tell(s, text, true);
}

static void attempt(struct net_sink *s)
{
    if (s->fd >= 0 || now_ms() < s->retry_ms)
        return;
    s->fd = socket(s->address.ss_family, s->type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (s->fd < 0) {
        lose(s, errno);
        return;
    }
    if (connect(s->fd, (const struct sockaddr *)&s->address, s->address_len) == 0)
        s->connected = true;
    else if (errno != EINPROGRESS)
        lose(s, errno);
}

static bool is_shaking(const struct net_sink *s)
{
    return s->tls != NULL && !s->secure;
}

static void lose_silent(struct net_sink *s)
{
    lose_tls(s, "no answer to the handshake: a collector without TLS?");
}

/* A step of the handshake; true when it is over. */
static bool shake(struct net_sink *s)
{
    switch (tls_handshake(s->tls)) {
    case TLS_DONE:
        s->secure = true;
        s->refused = 0;
        return true;
    case TLS_FAILED:
        lose_tls(s, tls_why(s->tls));
        return false;
    default:
        return false;
    }
}

static bool has_connected(struct net_sink *s)
{
    int code = 0;
    socklen_t size = sizeof code;

    if (getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &code, &size) != 0 || code != 0) {
        lose(s, code);
        return false;
    }
    return s->connected = true;
}

/* Is the socket ready for bytes of messages within so many milliseconds? */
static bool ready(struct net_sink *s, int wait_ms)
{
    bool listens = is_shaking(s) && tls_wants_input(s->tls);
    struct pollfd one = {.fd = s->fd, .events = listens ? POLLIN : POLLOUT};

    if (s->fd < 0)
        return false;
    if (poll(&one, 1, wait_ms) <= 0) {
        if (is_shaking(s) && now_ms() - s->shaking_ms > SHAKE_MS)
            lose_silent(s);
        return false;
    }
    if (!s->connected && !has_connected(s))
        return false;
    if (s->host != NULL && s->tls == NULL) {
        s->tls = tls_new(s->credentials, s->fd, s->host);
        s->shaking_ms = now_ms();
    }
    return !is_shaking(s) || shake(s);
}

/* ---- queue ---- */

/* Has the other end closed? What is sent then would be lost without an error. */
static bool still_there(struct net_sink *s)
{
    char byte;

    if (s->tls != NULL && tls_look(s->tls) == TLS_FAILED) {
        lose_tls(s, tls_why(s->tls));
        return false;
    }
    if (s->tls == NULL && s->type == SOCK_STREAM &&
        recv(s->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0) {
        lose(s, ECONNRESET);
        return false;
    }
    return true;
}

/* Bytes given to the system on this connection. */
static uint64_t written(const struct net_sink *s)
{
    return s->tls != NULL ? tls_written(s->tls) : s->total + s->sent;
}

/* Forget what has arrived; in_haste: at once, and not a second later. */
static void release_arrived(struct net_sink *s, bool in_haste)
{
    uint64_t mark, waits;
    int64_t sent_ms, now = now_ms();
    int bytes = 0;

    if (s->tls != NULL && !tls_is_accepted(s->tls))
        in_haste = false; /* it may be refused yet */
    if (s->fd < 0 || !backlog_oldest_sent(s->backlog, &mark, &sent_ms) ||
        ioctl(s->fd, SIOCOUTQ, &bytes) != 0)
        return;
    /* of a local socket it counts more than the bytes, and 0 is all of it */
    waits = s->address.ss_family == AF_UNIX && bytes > 0 ? written(s) : (uint64_t)bytes;
    while (backlog_oldest_sent(s->backlog, &mark, &sent_ms) && mark + waits <= written(s) &&
           (in_haste || now - sent_ms >= HOLD_MS ||
            backlog_held(s->backlog) - backlog_unsent(s->backlog) > HOLD_MESSAGES))
        backlog_release(s->backlog);
}

/* The whole of the next message has gone out. */
static void note_sent(struct net_sink *s, size_t len)
{
    s->total += len;
    s->sent = 0;
    backlog_sent(s->backlog, written(s), now_ms());
    if (s->type == SOCK_DGRAM)
        backlog_release(s->backlog); /* nobody will say more of it */
}

/* A piece of the next message; false when the socket takes no more, or is there no more. */
static bool push_piece(struct net_sink *s, slice rest, size_t *ret_sent)
{
    enum tls_result result;
    ssize_t n;

    if (s->tls != NULL) {
        result = tls_send(s->tls, rest, ret_sent);
        if (result == TLS_FAILED)
            lose_tls(s, tls_why(s->tls));
        return result == TLS_DONE;
    }
    n = send(s->fd, rest.ptr, rest.len, MSG_NOSIGNAL);
    if (n >= 0)
        *ret_sent = (size_t)n;
    else if (errno != EAGAIN && errno != EWOULDBLOCK && errno != ENOBUFS && errno != EMSGSIZE)
        lose(s, errno);
    return n >= 0;
}

/* Send what goes without waiting; false when the socket takes no more. */
static bool push(struct net_sink *s)
{
    size_t n = 0;
    slice m;

    if (!still_there(s))
        return false;
    while (backlog_next(s->backlog, &m)) {
        errno = 0;
        if (!push_piece(s, slice_from(m, s->sent), &n)) {
            if (s->fd < 0 || s->tls != NULL || errno != EMSGSIZE)
                return false;
            backlog_refuse(s->backlog); /* no datagram can be so long */
            continue;
        }
        s->sent += n;
        if (s->sent == m.len || s->type == SOCK_DGRAM)
            note_sent(s, m.len);
        release_arrived(s, s->closing);
    }
    return true;
}

/* Send for at most wait_ms, until no more than goal messages wait. */
static void drain(struct net_sink *s, unsigned goal, int wait_ms)
{
    int64_t end = now_ms() + wait_ms;
    bool more;

    do {
        unsigned before = backlog_unsent(s->backlog);
        attempt(s);
        if (ready(s, 0) || (wait_ms > 0 && ready(s, 100)))
            push(s);
        else if (wait_ms > 0 && s->fd < 0)
            (void)poll(NULL, 0, 50);
        release_arrived(s, s->closing);
        if (backlog_unsent(s->backlog) < before)
            s->stalled = false;
        more = backlog_unsent(s->backlog) > goal;
        if (!more && s->closing && backlog_held(s->backlog) > 0) {
            more = true; /* it has gone out and not arrived */
            (void)poll(NULL, 0, wait_ms > 0 ? 5 : 0);
        }
    } while (more && now_ms() < end);
}

static void frame_message(const struct net_sink *s, slice text, struct outbuf *out)
{
    bool datagram = s->type == SOCK_DGRAM;

    if (!datagram && s->frame == FRAME_OCTETS)
        outbuf_printf(out, "%zu ", text.len);
    outbuf_put(out, text);
    if (!datagram && s->frame != FRAME_OCTETS)
        outbuf_putc(out, s->frame == FRAME_NUL ? '\0' : '\n');
}

/* ---- what others call ---- */

static struct net_sink *free_sink(struct net_sink *s)
{
    s->tls = tls_free(s->tls);
    if (s->fd >= 0)
        (void)close(s->fd);
    backlog_free(s->backlog);
    tls_credentials_free(s->credentials);
    free(s->host);
    free(s->path);
    free(s);
    return NULL;
}

struct net_sink *net_sink_open(const char *path, enum net_frame frame,
                               const struct tls_settings *tls, struct error *reterr)
{
    static const struct tls_settings defaults = {0};
    struct net_sink *s = panic_calloc(1, sizeof *s);
    size_t size = strlen(path) + 1;

    s->path = panic_calloc(1, size);
    memcpy(s->path, path, size);
    s->frame = frame;
    s->fd = -1;
    if (net_sink_is_tls(path))
        s->credentials = tls_credentials_new(tls == NULL ? &defaults : tls, path, reterr);
    if ((net_sink_is_tls(path) && s->credentials == NULL) || !resolve(s, reterr))
        return free_sink(s);
    s->backlog = backlog_new();
    attempt(s);
    return s;
}

struct backlog *net_sink_backlog(const struct net_sink *s)
{
    return s->backlog;
}

void net_sink_poll(struct net_sink *s)
{
    drain(s, 0, 0);
    /* what the receiver does not take now waits on the disk, where there is a spool */
    if (backlog_unsent(s->backlog) > 0)
        (void)backlog_keep(s->backlog);
}

static bool put(struct net_sink *s, slice message)
{
    struct outbuf framed;
    bool kept;

    outbuf_init(&framed, message.len + 32);
    frame_message(s, message, &framed);
    kept = backlog_put(s->backlog, (slice){framed.ptr, framed.len});
    outbuf_fini(&framed);
    if (!kept && !s->told_full)
        fprintf(stderr, "relaywatch: %s: no room for what waits; messages are lost\n", s->path);
    s->told_full = !kept;
    return kept;
}

bool net_sink_write(struct net_sink *s, slice message)
{
    uint64_t before = backlog_dropped(s->backlog);

    if (message.len > 0 && message.ptr[message.len - 1] == '\n')
        message.len--;
    if (message.len == 0)
        return true;
    drain(s, 0, 0);
    if (!backlog_has_room(s->backlog, message.len + 32)) {
        release_arrived(s, true);
        if (!backlog_has_room(s->backlog, message.len + 32) && !s->stalled) {
            s->stalled = true; /* unless something moves */
            drain(s, backlog_unsent(s->backlog) / 2, STALL_MS);
            release_arrived(s, true);
        }
    }
    if (put(s, message))
        net_sink_poll(s);
    return backlog_dropped(s->backlog) == before;
}

bool net_sink_sync(struct net_sink *s)
{
    release_arrived(s, false);
    return backlog_sync(s->backlog);
}

uint64_t net_sink_dropped(const struct net_sink *s)
{
    return backlog_dropped(s->backlog);
}

bool net_sink_settle(struct net_sink *s)
{
    s->closing = true;
    if (backlog_held(s->backlog) > 0)
        drain(s, 0, CLOSE_MS);
    if (backlog_held(s->backlog) > 0 && is_shaking(s))
        lose_silent(s); /* so that it is told */
    s->closing = false;
    if (!backlog_sync(s->backlog))
        (void)backlog_drop_all(s->backlog);
    return backlog_dropped(s->backlog) == 0;
}

bool net_sink_close(struct net_sink **s)
{
    struct net_sink *old = *s;
    bool ok;

    if (old == NULL)
        return true;
    ok = net_sink_settle(old);
    if (!ok)
        fprintf(stderr, "relaywatch: %s: %llu messages were lost\n", old->path,
                (unsigned long long)backlog_dropped(old->backlog));
    if (backlog_spooled(old->backlog) > 0)
        fprintf(stderr, "relaywatch: %s: %zu bytes wait in the spool for the next start\n",
                old->path, backlog_spooled(old->backlog));
    if (old->secure)
        tls_leave(old->tls);
    *s = free_sink(old);
    return ok;
}
