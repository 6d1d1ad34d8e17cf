/* net_sink.c - a non-blocking socket behind a queue of whole messages
 *
 * While the collector takes what it is given, a full queue is waited for, so that a batch loses
 * nothing to a slow reader. One that takes nothing for STALL_MS is waited for no more until it
 * does. source:   RFC 6587 3.4.1; POSIX connect(2), send(2), poll(2). limits:   no TLS: hand over
 * to a syslog server on this host, which has it. What the system's own buffer held when a
 * connection broke is lost, as with all syslog over TCP. The monotonic clock times attempts and
 * waits, never an alert. */
#include "output/net_sink.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/panic.h"

enum { QUEUE_MESSAGES = 4096, QUEUE_BYTES = 4 << 20 };
enum { STALL_MS = 2000, CLOSE_MS = 5000, RETRY_MS = 1000 };

struct message {
    char *ptr; /* owned, framed */
    size_t len;
};

struct net_sink {
    char *path; /* for messages to people */
    enum net_frame frame;
    int type; /* SOCK_STREAM or SOCK_DGRAM */
    struct sockaddr_storage address;
    socklen_t address_len;
    int fd; /* -1: none */
    bool connected, stalled, told;
    int64_t retry_ms; /* no attempt before */
    struct message queue[QUEUE_MESSAGES];
    unsigned first, count;
    size_t bytes, sent; /* in the queue; of its first message */
    uint64_t dropped;
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
    s->retry_ms = now_ms() + RETRY_MS;
    if (!s->told)
        fprintf(stderr, "relaywatch: %s: %s; trying again\n", s->path, strerror(code));
    s->told = true;
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

static void drop_first(struct net_sink *s)
{
    struct message *m = &s->queue[s->first];

    s->bytes -= m->len;
    free(m->ptr);
    *m = (struct message){0};
    s->first = (s->first + 1) % QUEUE_MESSAGES;
    s->count--;
    s->sent = 0;
}

/* Send what goes without waiting; false when the socket takes no more. */
static bool push(struct net_sink *s)
{
    while (s->count > 0) {
        const struct message *m = &s->queue[s->first];
        ssize_t n = send(s->fd, m->ptr + s->sent, m->len - s->sent, MSG_NOSIGNAL);
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS))
            return false;
        if (n < 0 && errno == EMSGSIZE) { /* no datagram can be so long */
            s->dropped++;
            drop_first(s);
            continue;
        }
        if (n < 0) {
            lose(s, errno);
            return false;
        }
        s->sent += (size_t)n;
        if (s->sent == m->len || s->type == SOCK_DGRAM)
            drop_first(s);
    }
    return true;
}

/* Send for at most wait_ms, until the queue holds no more than goal messages. */
static void drain(struct net_sink *s, unsigned goal, int wait_ms)
{
    int64_t end = now_ms() + wait_ms;

    do {
        unsigned before = s->count;
        attempt(s);
        if (ready(s, 0) || (wait_ms > 0 && ready(s, 100)))
            push(s);
        else if (wait_ms > 0 && s->fd < 0)
            (void)poll(NULL, 0, 50);
        if (s->count < before)
            s->stalled = false;
    } while (s->count > goal && now_ms() < end);
}

static bool is_full(const struct net_sink *s, size_t more)
{
    return s->count == QUEUE_MESSAGES || s->bytes + more > QUEUE_BYTES;
}

static struct message framed(const struct net_sink *s, slice text)
{
    bool datagram = s->type == SOCK_DGRAM;
    size_t size = text.len + 32;
    struct message m = {panic_calloc(1, size), 0};

    if (!datagram && s->frame == FRAME_OCTETS)
        m.len = (size_t)snprintf(m.ptr, size, "%zu ", text.len);
    memcpy(m.ptr + m.len, text.ptr, text.len);
    m.len += text.len;
    if (!datagram && s->frame != FRAME_OCTETS)
        m.ptr[m.len++] = s->frame == FRAME_NUL ? '\0' : '\n';
    return m;
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
    attempt(s);
    return s;
}

bool net_sink_write(struct net_sink *s, slice message)
{
    uint64_t before = s->dropped;
    struct message m;

    if (message.len > 0 && message.ptr[message.len - 1] == '\n')
        message.len--;
    if (message.len == 0)
        return true;
    drain(s, 0, 0);
    if (is_full(s, message.len + 32) && !s->stalled) {
        s->stalled = true; /* unless something moves */
        drain(s, QUEUE_MESSAGES / 2, STALL_MS);
    }
    if (is_full(s, message.len + 32)) {
        s->dropped++;
        return false;
    }
    m = framed(s, message);
    s->queue[(s->first + s->count++) % QUEUE_MESSAGES] = m;
    s->bytes += m.len;
    drain(s, 0, 0);
    return s->dropped == before;
}

uint64_t net_sink_dropped(const struct net_sink *s)
{
    return s->dropped;
}

bool net_sink_close(struct net_sink **s)
{
    struct net_sink *old = *s;
    bool ok;

    if (old == NULL)
        return true;
    if (old->count > 0)
        drain(old, 0, CLOSE_MS);
    old->dropped += old->count;
    ok = old->dropped == 0;
    if (!ok)
        fprintf(stderr, "relaywatch: %s: %llu messages were lost\n", old->path,
                (unsigned long long)old->dropped);
    while (old->count > 0)
        drop_first(old);
    if (old->fd >= 0)
        (void)close(old->fd);
    free(old->path);
    free(old);
    *s = NULL;
    return ok;
}
