/* transport.c - bytes to a file that grows, a file that is replaced, or standard output
 *
 * A file is opened with O_APPEND, so several writers and log rotation by rename or truncation do no
 * harm. A document that replaces the one before is written to PATH.new and renamed. Short writes
 * and EINTR are continued; a non-blocking standard output (shared with a terminal program) is
 * waited for with poll. What a full disk does not take waits (output/backlog.h) and is tried again
 * every second, from where the write ended; of a document that is replaced the latest waits.
 * source:  POSIX write(2), open(2), rename(2).
 * limits:  fsync before a rename only; EPIPE needs SIGPIPE to be ignored, a limit of the size of
 * files SIGXFSZ. The monotonic clock times attempts, never an alert. */
#include "output/transport.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/outbuf.h"
#include "base/panic.h"

enum { RETRY_MS = 1000, TELL_MS = 60000, LATEST_MAX = 64 << 20 };

struct transport {
    char *path;   /* NULL: standard output */
    char *beside; /* of a file that is replaced: where the next document is written; else NULL */
    int fd;       /* of a file that is replaced: -1 between two documents; of a collector: -1 */
    struct net_sink *net; /* a collector; else NULL */
    bool stopped, told_full;
    uint64_t failures, lost;   /* writes that failed; documents given up */
    int64_t retry_ms, told_ms; /* no attempt before; when a failure was told, 0 never */
    struct backlog *backlog;   /* of a file that grows; NULL while nothing had to wait */
    size_t sent;               /* of its next document, in the file already */
    off_t size_after;          /* of the file, then */
    struct outbuf latest;      /* of a file that is replaced: the document that waits */
    bool latest_waits;
};

static int64_t now_ms(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static int open_append(const char *path, struct error *reterr)
{
    int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
    if (fd < 0)
        error_set(reterr, ERROR_OUTPUT, "cannot write to %s: %s", path, strerror(errno));
    return fd;
}

struct transport *transport_open(const char *path, struct error *reterr)
{
    bool to_stdout = path == NULL || strcmp(path, "-") == 0;
    int fd = to_stdout ? STDOUT_FILENO : open_append(path, reterr);
    if (fd < 0)
        return NULL;
    struct transport *t = panic_calloc(1, sizeof(*t));
    t->fd = fd;
    if (!to_stdout) {
        size_t size = strlen(path) + 1;
        t->path = panic_calloc(1, size);
        memcpy(t->path, path, size);
    }
    return t;
}

/* A new file beside the one to be replaced, with its mode and, where that may be, its owner; an
 * old one left there is removed. */
static int open_beside(const struct transport *t)
{
    struct stat status;
    bool status_known = stat(t->path, &status) == 0;
    mode_t mode = status_known ? status.st_mode & 0777 : 0640;
    if (unlink(t->beside) != 0 && errno != ENOENT)
        return -1;
    int fd = open(t->beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd >= 0 && status_known && fchown(fd, status.st_uid, status.st_gid) != 0)
        errno = 0; /* not ours to give away: it stays with the user who runs this */
    if (fd >= 0 && fchmod(fd, mode) != 0) {
        (void)close(fd);
        return -1;
    }
    return fd;
}

struct transport *transport_open_whole(const char *path, struct error *reterr)
{
    struct stat status;
    bool to_stdout = path == NULL || strcmp(path, "-") == 0;
    if (to_stdout || (stat(path, &status) == 0 && !S_ISREG(status.st_mode)))
        return transport_open(path, reterr);
    struct transport *t = panic_calloc(1, sizeof(*t));
    char *real = realpath(path, NULL);
    const char *name = real == NULL ? path : real;
    size_t size = strlen(name) + sizeof(".new");
    t->path = panic_calloc(1, size);
    memcpy(t->path, name, size - (sizeof(".new") - 1));
    t->beside = panic_calloc(1, size);
    outbuf_init(&t->latest, LATEST_MAX);
    snprintf(t->beside, size, "%s.new", name);
    free(real);
    t->fd = open_beside(t);
    if (t->fd >= 0)
        return t;
    error_set(reterr, ERROR_OUTPUT, "cannot write to %s: %s", t->beside, strerror(errno));
    free(t->path);
    free(t->beside);
    free(t);
    return NULL;
}

static void wait_writable(int fd)
{
    struct pollfd poll_fd = {.fd = fd, .events = POLLOUT};
    (void)poll(&poll_fd, 1, -1);
}

/* Write all of it; 0, or the errno that ended it. *ret_left is what was not written. */
static int write_all(int fd, slice bytes, slice *ret_left)
{
    while (bytes.len > 0) {
        ssize_t n = write(fd, bytes.ptr, bytes.len);
        if (n >= 0)
            bytes = slice_from(bytes, (size_t)n);
        else if (errno == EAGAIN || errno == EWOULDBLOCK)
            wait_writable(fd);
        else if (errno != EINTR)
            break;
    }
    *ret_left = bytes;
    return bytes.len == 0 ? 0 : errno;
}

static const char *name_of(const struct transport *t)
{
    return t->path == NULL ? "standard output" : t->path;
}

static void note_failure(struct transport *t, int code)
{
    if (code == EPIPE) {
        t->stopped = true;
        return;
    }
    t->failures++;
    t->retry_ms = now_ms() + RETRY_MS;
    if (t->told_ms == 0 || now_ms() - t->told_ms > TELL_MS)
        fprintf(stderr, "relaywatch: cannot write to %s: %s; trying again\n", name_of(t),
                strerror(code));
    t->told_ms = now_ms();
}

/* ---- what had to wait ---- */

static struct backlog *backlog_of(struct transport *t)
{
    if (t->net != NULL)
        return net_sink_backlog(t->net);
    if (t->backlog == NULL)
        t->backlog = backlog_new();
    return t->backlog;
}

static void note_sent(struct transport *t, size_t sent)
{
    struct stat st;

    t->sent = sent;
    t->size_after = fstat(t->fd, &st) == 0 ? st.st_size : -1;
}

/* Where the next document goes on. When the file is another one by now, or others have written to
 * it, the piece of a line there is closed and the document goes again as a whole. */
static int resume(struct transport *t)
{
    struct stat st;
    slice left;

    if (t->sent == 0 || (fstat(t->fd, &st) == 0 && st.st_size == t->size_after))
        return 0;
    t->sent = 0;
    return fstat(t->fd, &st) == 0 && st.st_size == 0 ? 0 : write_all(t->fd, SLICE_LIT("\n"), &left);
}

static void retry(struct transport *t)
{
    slice document, left;

    if (t->backlog == NULL || t->stopped || now_ms() < t->retry_ms)
        return;
    while (backlog_next(t->backlog, &document)) {
        int code = resume(t);
        if (code == 0) {
            code = write_all(t->fd, slice_from(document, t->sent), &left);
            note_sent(t, document.len - left.len);
        }
        if (code != 0) {
            note_failure(t, code);
            return;
        }
        t->sent = 0;
        backlog_sent(t->backlog, 0, 0);
        backlog_release(t->backlog);
    }
}

static bool is_waiting(const struct transport *t)
{
    return t->backlog != NULL && (backlog_held(t->backlog) > 0 || backlog_spooled(t->backlog) > 0);
}

static bool put(struct transport *t, slice bytes)
{
    bool kept = backlog_put(backlog_of(t), bytes);

    if (kept)
        (void)backlog_keep(t->backlog);
    else if (!t->told_full)
        fprintf(stderr, "relaywatch: %s: no room for what waits; documents are lost\n", name_of(t));
    t->told_full = !kept;
    return kept;
}

static bool write_or_wait(struct transport *t, slice bytes)
{
    slice left;
    bool kept;

    retry(t);
    if (t->stopped)
        return false;
    if (is_waiting(t))
        return put(t, bytes);
    int code = write_all(t->fd, bytes, &left);
    if (code == 0)
        return true;
    note_failure(t, code);
    if (t->stopped)
        return false;
    kept = put(t, bytes);
    if (kept)
        note_sent(t, bytes.len - left.len);
    return kept;
}

struct transport *transport_open_net(const char *path, enum net_frame frame,
                                     const struct tls_settings *tls, struct error *reterr)
{
    struct net_sink *net = net_sink_open(path, frame, tls, reterr);
    struct transport *t;
    size_t size = strlen(path) + 1;

    if (net == NULL)
        return NULL;
    t = panic_calloc(1, sizeof *t);
    t->net = net;
    t->fd = -1;
    t->path = panic_calloc(1, size);
    memcpy(t->path, path, size);
    return t;
}

/* The whole document into the file beside, which then takes the name; 0 or the errno. */
static int replace(struct transport *t, slice bytes)
{
    slice left;
    int code = 0;
    if (t->fd < 0 && (t->fd = open_beside(t)) < 0)
        code = errno;
    if (code == 0)
        code = write_all(t->fd, bytes, &left);
    if (code == 0 && fsync(t->fd) != 0 && errno != EINVAL)
        code = errno; /* else a crash could leave an empty file under the name */
    if (t->fd >= 0 && close(t->fd) != 0 && errno != EINTR && code == 0)
        code = errno;
    t->fd = -1;
    if (code == 0 && rename(t->beside, t->path) != 0)
        code = errno;
    if (code != 0)
        (void)unlink(t->beside);
    return code;
}

/* When it fails, this one waits instead of the one that waited. */
static bool write_whole(struct transport *t, slice bytes)
{
    int code = replace(t, bytes);

    t->latest_waits = code != 0;
    if (code == 0) {
        outbuf_fini(&t->latest);
        return true;
    }
    outbuf_clear(&t->latest);
    outbuf_put(&t->latest, bytes);
    note_failure(t, code);
    return !t->latest.overflow;
}

static void retry_whole(struct transport *t)
{
    int code;

    if (!t->latest_waits || now_ms() < t->retry_ms)
        return;
    code = replace(t, outbuf_slice(&t->latest));
    if (code != 0) {
        note_failure(t, code);
        return;
    }
    t->latest_waits = false;
    outbuf_fini(&t->latest);
}

bool transport_write(struct transport *t, slice bytes)
{
    if (t->net != NULL)
        return net_sink_write(t->net, bytes);
    if (t->beside != NULL) /* nobody to tell of is a document too */
        return write_whole(t, bytes);
    if (bytes.len == 0)
        return true;
    if (t->stopped)
        return false;
    return write_or_wait(t, bytes);
}

bool transport_spool(struct transport *t, const char *dir, const char *name, size_t max,
                     struct error *reterr)
{
    if (t->path == NULL || t->beside != NULL)
        return true;
    return backlog_spool(backlog_of(t), dir, name, max, reterr);
}

void transport_poll(struct transport *t)
{
    if (t->net != NULL)
        net_sink_poll(t->net);
    else if (t->beside != NULL)
        retry_whole(t);
    else
        retry(t);
}

bool transport_settle(struct transport *t)
{
    t->retry_ms = 0;
    if (t->net != NULL)
        return net_sink_settle(t->net);
    transport_poll(t);
    if (t->latest_waits) {
        t->latest_waits = false;
        t->lost++;
    }
    if (t->backlog != NULL && !backlog_sync(t->backlog))
        (void)backlog_drop_all(t->backlog);
    return transport_lost(t) == 0;
}

void transport_report(const struct transport *t, struct transport_report *ret)
{
    const struct backlog *b = t->net != NULL ? net_sink_backlog(t->net) : t->backlog;

    *ret = (struct transport_report){
        .path = t->path, .failures = t->failures, .lost = transport_lost(t)};
    if (b != NULL) {
        ret->waiting = t->net != NULL ? backlog_unsent(b) : backlog_held(b);
        ret->spooled_bytes = backlog_spooled(b);
    }
    ret->waiting += t->latest_waits;
}

bool transport_is_idle(const struct transport *t)
{
    const struct backlog *b = t->net != NULL ? net_sink_backlog(t->net) : t->backlog;

    return !t->latest_waits && (b == NULL || (backlog_held(b) == 0 && backlog_spooled(b) == 0));
}

bool transport_is_empty(const struct transport *t)
{
    struct stat st;
    return t->path == NULL || (fstat(t->fd, &st) == 0 && st.st_size == 0 && !is_waiting(t));
}

bool transport_is_whole(const struct transport *t)
{
    return t->beside != NULL;
}

bool transport_reopen(struct transport *t, struct error *reterr)
{
    if (t->path == NULL || t->beside != NULL || t->net != NULL) /* a new file each time anyway */
        return true;
    int fd = open_append(t->path, reterr);
    if (fd < 0)
        return false;
    (void)close(t->fd);
    t->fd = fd;
    if (t->sent > 0)
        t->size_after = -1; /* the rest of a line does not go into another file */
    return true;
}

void transport_sync(struct transport *t)
{
    if (t->net != NULL)
        (void)net_sink_sync(t->net);
    else if (t->path != NULL && t->fd >= 0)
        (void)fdatasync(t->fd); /* a pipe has no disk: EINVAL */
    if (t->backlog != NULL)
        (void)backlog_sync(t->backlog);
}

bool transport_stopped(const struct transport *t)
{
    return t->stopped;
}

uint64_t transport_failures(const struct transport *t)
{
    return t->failures;
}

uint64_t transport_lost(const struct transport *t)
{
    return t->lost + (t->net != NULL       ? net_sink_dropped(t->net)
                      : t->backlog != NULL ? backlog_dropped(t->backlog)
                                           : 0);
}

/* What is said at the end. A collector says it itself. */
static void say_rest(const struct transport *t)
{
    uint64_t lost = transport_lost(t);

    if (t->net != NULL)
        return;
    if (lost > 0)
        fprintf(stderr, "relaywatch: %s: %llu documents were lost\n", name_of(t),
                (unsigned long long)lost);
    if (t->backlog != NULL && backlog_spooled(t->backlog) > 0)
        fprintf(stderr, "relaywatch: %s: %zu bytes wait in the spool for the next start\n",
                name_of(t), backlog_spooled(t->backlog));
}

bool transport_close(struct transport **t)
{
    struct transport *old = *t;
    bool ok;
    if (old == NULL)
        return true;
    ok = transport_settle(old);
    say_rest(old);
    /* standard output stays open: others may still write to it */
    if (old->path != NULL && old->fd >= 0 && close(old->fd) != 0 && errno != EINTR) {
        note_failure(old, errno);
        ok = false;
    }
    if (old->beside != NULL && old->fd >= 0) /* no document came */
        (void)unlink(old->beside);
    ok = net_sink_close(&old->net) && ok;
    backlog_free(old->backlog);
    outbuf_fini(&old->latest);
    free(old->path);
    free(old->beside);
    free(old);
    *t = NULL;
    return ok;
}
