/* transport.c - bytes to a file that grows, a file that is replaced, or standard output
 *
 * A file is opened with O_APPEND, so several writers and log rotation by rename or truncation do no
 * harm. A document that replaces the one before is written to PATH.new and renamed. Short writes
 * and EINTR are continued; a non-blocking standard output (shared with a terminal program) is
 * waited for with poll. source:  POSIX write(2), open(2), rename(2). limits:  no buffering, fsync
 * before a rename only; EPIPE needs SIGPIPE to be ignored. */
#include "output/transport.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/panic.h"

struct transport {
    char *path;   /* NULL: standard output */
    char *beside; /* of a file that is replaced: where the next document is written; else NULL */
    int fd;       /* of a file that is replaced: -1 between two documents; of a collector: -1 */
    struct net_sink *net; /* a collector; else NULL */
    bool stopped, torn;
    uint64_t failures;
};

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

static void note_failure(struct transport *t, int code)
{
    if (code == EPIPE) {
        t->stopped = true;
        return;
    }
    if (t->failures++ == 0)
        fprintf(stderr, "relaywatch: cannot write to %s: %s\n",
                t->path == NULL ? "standard output" : t->path, strerror(code));
}

static bool write_counted(struct transport *t, slice bytes)
{
    slice left;
    int code = write_all(t->fd, bytes, &left);
    if (code == 0)
        return true;
    size_t written = bytes.len - left.len;
    if (written > 0)
        t->torn = bytes.ptr[written - 1] != '\n';
    note_failure(t, code);
    return false;
}

struct transport *transport_open_net(const char *path, enum net_frame frame, struct error *reterr)
{
    struct net_sink *net = net_sink_open(path, frame, reterr);
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

/* The whole document into the file beside, which then takes the name. */
static bool write_whole(struct transport *t, slice bytes)
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
    if (code == 0)
        return true;
    (void)unlink(t->beside);
    note_failure(t, code);
    return false;
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
    if (t->torn) {
        if (!write_counted(t, SLICE_LIT("\n")))
            return false;
        t->torn = false;
    }
    return write_counted(t, bytes);
}

bool transport_is_empty(const struct transport *t)
{
    struct stat st;
    return t->path == NULL || (fstat(t->fd, &st) == 0 && st.st_size == 0);
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
    t->torn = false;
    return true;
}

void transport_sync(struct transport *t)
{
    if (t->path != NULL)
        (void)fdatasync(t->fd); /* a pipe has no disk: EINVAL */
}

bool transport_stopped(const struct transport *t)
{
    return t->stopped;
}

uint64_t transport_failures(const struct transport *t)
{
    return t->failures + (t->net != NULL ? net_sink_dropped(t->net) : 0);
}

uint64_t transport_dropped(const struct transport *t)
{
    return t->net == NULL ? 0 : net_sink_dropped(t->net);
}

bool transport_close(struct transport **t)
{
    struct transport *old = *t;
    if (old == NULL)
        return true;
    /* standard output stays open: others may still write to it */
    if (old->path != NULL && old->fd >= 0 && close(old->fd) != 0 && errno != EINTR)
        note_failure(old, errno);
    if (old->beside != NULL && old->fd >= 0) /* no document came */
        (void)unlink(old->beside);
    bool ok = net_sink_close(&old->net) && old->failures == 0;
    free(old->path);
    free(old->beside);
    free(old);
    *t = NULL;
    return ok;
}
