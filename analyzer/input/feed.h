/* feed.h - the raw bytes of a descriptor, with a look ahead
 *
 * Under a decoder: one buffer, filled by read(2), EINTR retried. A decoder either works inside the
 * buffer (feed_peek, feed_take) or copies out of it (feed_read), which by-passes the buffer once it
 * is empty. */
#ifndef INPUT_FEED_H
#define INPUT_FEED_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/slice.h"

enum { FEED_BUFFER_BYTES = 256 * 1024, FEED_WAIT_MS = 500 };

/* Called while a pipe gives nothing: every FEED_WAIT_MS and after each signal. False ends the
 * input as if the pipe had been closed. on_wait NULL: wait without asking. */
struct feed_waiter {
    bool (*on_wait)(void *arg);
    void *arg;
};

struct feed {
    int fd;
    char *buffer;      /* FEED_BUFFER_BYTES */
    size_t begin, end; /* unread bytes are buffer[begin, end) */
    struct feed_waiter waiter;
    uint64_t taken;   /* bytes given out since the start */
    int error_number; /* errno of the read that failed; 0 none */
    bool at_end;      /* the last read(2) returned 0, or the waiter had enough */
};

/* feed_init - over an open descriptor, which stays the caller's; allocates the buffer
 *
 *   in        waiter  copied; NULL for none, as for files on disk, which never wait */
void feed_init(struct feed *feed, int fd, const struct feed_waiter *waiter);

/* feed_fini - free the buffer */
void feed_fini(struct feed *feed);

/* feed_peek - look at the next bytes without taking them
 *
 *   in        want    <= FEED_BUFFER_BYTES
 *   result    at least want bytes; fewer at the end or after a failure (feed->error_number)
 *   lifetime  until the next call on the feed */
slice feed_peek(struct feed *feed, size_t want);

/* feed_take - take n bytes, all of which a peek has shown */
void feed_take(struct feed *feed, size_t n);

/* feed_read - copy the next bytes out: number of bytes, 0 at the end, -1 on failure
 * (feed->error_number) */
ssize_t feed_read(struct feed *feed, char *buf, size_t size);

/* feed_quiet - is nothing buffered, and does nothing arrive for so long
 *
 *   note      always false for a file on disk; used to tell a live pipe from a busy one */
bool feed_quiet(const struct feed *feed, int wait_ms);

#endif
