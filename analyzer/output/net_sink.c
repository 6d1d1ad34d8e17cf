/* net_sink.c - a non-blocking socket behind a queue of whole messages
 *
 * While the collector takes what it is given, a full queue is waited for, so that a batch loses
 * nothing to a slow reader. One that takes nothing for STALL_MS is waited for no more until it
 * does. With a spool nobody is waited for. Syslog has no receipts, so the system is asked what the
 * other end has acknowledged (SIOCOUTQ): a message stays in the backlog until then, and for a
 * second more while there is room, since a receiver that is killed may have acknowledged what it
 * did not read. When the connection breaks all those go again: at least once.
 * source:   RFC 6587 3.4.1; POSIX connect(2), send(2), poll(2); tcp(7), unix(7).
 * limits:   no TLS: hand over to a syslog server on this host, which has it. What a receiver took
 * and lost more than a second later is lost; so is any datagram the network loses. The monotonic
 * clock times attempts and waits, never an alert. */
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
enum { HOLD_MESSAGES = 1024 };

struct net_sink {
    char *path; /* for messages to people */
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
           slice_starts(s, SLICE_LIT("unix:"));
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

/* "host:514", "[2001:db8::1]:514" */
static bool resolve_host(struct net_sink *s, slice text, struct error *reterr)
{
    char host[256], port[16];
    size_t colon = slice_rfind_byte(text, ':');
    slice name = slice_first(text, colon);
    struct addrinfo hints = {.ai_socktype = s->type}, *found = NULL;
    int code;

    if (name.len > 1 && name.ptr[0] == '[' && name.ptr[name.len - 1] == ']')
        name = (slice){name.ptr + 1, name.len - 2};
    if (colon == text.len || name.len == 0 || colon + 1 == text.len ||
        !slice_keep(name, host, sizeof host) ||
        !slice_keep(slice_from(text, colon + 1), port, sizeof port))
        return error_set(reterr, ERROR_OUTPUT, "%s is no collector (tcp://HOST:PORT)", s->path);
    code = getaddrinfo(host, port, &hints, &found);
    if (code != 0)
        return error_set(reterr, ERROR_OUTPUT, "%s: %s", s->path, gai_strerror(code));
    memcpy(&s->address, found->ai_addr, found->ai_addrlen);
    s->address_len = found->ai_addrlen;
    freeaddrinfo(found);
    return true;
}

static bool resolve(struct net_sink *s, struct error *reterr)
{
    slice path = slice_of(s->path);

    s->type = slice_starts(path, SLICE_LIT("tcp://")) ? SOCK_STREAM : SOCK_DGRAM;
    if (slice_starts(path, SLICE_LIT("unix:")))
        return resolve_unix(s, slice_from(path, 5), reterr);
    return resolve_host(s, slice_from(path, 6), reterr);
}

/* ---- connection ---- */

static void lose(struct net_sink *s, int code)
{
    if (s->fd >= 0)
        (void)close(s->fd);
    s->fd = -1;
    s->connected = false;
    s->sent = 0; /* the cut message goes again from its beginning */
    s->total = 0;
    backlog_rewind(s->backlog);
    s->retry_ms = now_ms() + RETRY_MS;
    if (s->told_ms == 0 || now_ms() - s->told_ms > TELL_MS)
        fprintf(stderr, "relaywatch: %s: %s; trying again\n", s->path, strerror(code));
    s->told_ms = now_ms();
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

/* Is the socket ready for bytes within so many milliseconds? */
static bool ready(struct net_sink *s, int wait_ms)
{
    struct pollfd one = {.fd = s->fd, .events = POLLOUT};
    int code = 0;
    socklen_t size = sizeof code;

    if (s->fd < 0 || poll(&one, 1, wait_ms) <= 0)
        return false;
    if (s->connected)
        return true;
    if (getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &code, &size) == 0 && code == 0)
        s->connected = true;
    else
        lose(s, code);
    return s->connected;
}

/* ---- queue ---- */

/* The other end has closed: what is sent now would be lost without an error. */
static bool has_left(const struct net_sink *s)
{
    char byte;

    return s->type == SOCK_STREAM && recv(s->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

/* Forget what has arrived; in_haste: at once, and not a second later. */
static void release_arrived(struct net_sink *s, bool in_haste)
{
    uint64_t mark, waits;
    int64_t sent_ms, now = now_ms();
    int bytes = 0;

    if (s->fd < 0 || !backlog_oldest_sent(s->backlog, &mark, &sent_ms) ||
        ioctl(s->fd, SIOCOUTQ, &bytes) != 0)
        return;
    /* of a local socket it counts more than the bytes, and 0 is all of it */
    waits = s->address.ss_family == AF_UNIX && bytes > 0 ? s->total + s->sent : (uint64_t)bytes;
    while (backlog_oldest_sent(s->backlog, &mark, &sent_ms) && mark + waits <= s->total + s->sent &&
           (in_haste || now - sent_ms >= HOLD_MS ||
            backlog_held(s->backlog) - backlog_unsent(s->backlog) > HOLD_MESSAGES))
        backlog_release(s->backlog);
}

/* The whole of the next message has gone out. */
static void note_sent(struct net_sink *s, size_t len)
{
    s->total += len;
    s->sent = 0;
    backlog_sent(s->backlog, s->total, now_ms());
    if (s->type == SOCK_DGRAM)
        backlog_release(s->backlog); /* nobody will say more of it */
}

/* Send what goes without waiting; false when the socket takes no more. */
static bool push(struct net_sink *s)
{
    slice m;

    if (has_left(s)) {
        lose(s, ECONNRESET);
        return false;
    }
    while (backlog_next(s->backlog, &m)) {
        ssize_t n = send(s->fd, m.ptr + s->sent, m.len - s->sent, MSG_NOSIGNAL);
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS))
            return false;
        if (n < 0 && errno == EMSGSIZE) { /* no datagram can be so long */
            backlog_refuse(s->backlog);
            continue;
        }
        if (n < 0) {
            lose(s, errno);
            return false;
        }
        s->sent += (size_t)n;
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

struct net_sink *net_sink_open(const char *path, enum net_frame frame, struct error *reterr)
{
    struct net_sink *s = panic_calloc(1, sizeof *s);
    size_t size = strlen(path) + 1;

    s->path = panic_calloc(1, size);
    memcpy(s->path, path, size);
    s->frame = frame;
    s->fd = -1;
    if (!resolve(s, reterr)) {
        free(s->path);
        free(s);
        return NULL;
    }
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
    backlog_free(old->backlog);
    if (old->fd >= 0)
        (void)close(old->fd);
    free(old->path);
    free(old);
    *s = NULL;
    return ok;
}
