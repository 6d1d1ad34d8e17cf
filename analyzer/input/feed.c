/* feed.c - the raw bytes of a descriptor, with a look ahead
 * algorithm: one linear buffer; unread bytes move to its front when a look ahead needs more room
 * source:    read(2): short reads are normal, EINTR is retried; EAGAIN (a pipe that another program
 *            has made non-blocking) is waited out with poll(2)
 * limits:    a look ahead is at most the buffer */
#include "input/feed.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "base/panic.h"

void feed_init(struct feed *feed, int fd, const struct feed_waiter *waiter)
{
    *feed = (struct feed){.fd = fd, .buffer = panic_calloc(1, FEED_BUFFER_BYTES)};
    if (waiter != NULL)
        feed->waiter = *waiter;
}

void feed_fini(struct feed *feed)
{
    free(feed->buffer);
    feed->buffer = NULL;
}

static bool descriptor_is_readable(int fd, int wait_ms)
{
    struct pollfd waiting = {.fd = fd, .events = POLLIN};

    return poll(&waiting, 1, wait_ms) > 0; /* an error or a hang-up is for read(2) to tell */
}

/* Wait for bytes, asking the waiter now and then; false when it has had enough. */
static bool wait_for_bytes(const struct feed *feed)
{
    while (!descriptor_is_readable(feed->fd, FEED_WAIT_MS))
        if (!feed->waiter.on_wait(feed->waiter.arg))
            return false;
    return true;
}

static ssize_t read_some(struct feed *feed, char *buf, size_t size)
{
    for (;;) {
        if (feed->waiter.on_wait != NULL && !wait_for_bytes(feed)) {
            feed->at_end = true;
            return 0;
        }
        ssize_t got = read(feed->fd, buf, size);
        if (got >= 0) {
            feed->at_end = got == 0;
            return got;
        }
        if (errno == EAGAIN || errno == EWOULDBLOCK)
            descriptor_is_readable(feed->fd, -1);
        else if (errno != EINTR)
            break;
    }
    feed->error_number = errno;
    return -1;
}

static void move_to_front(struct feed *feed)
{
    size_t have = feed->end - feed->begin;

    if (have > 0 && feed->begin > 0)
        memmove(feed->buffer, feed->buffer + feed->begin, have);
    feed->begin = 0;
    feed->end = have;
}

slice feed_peek(struct feed *feed, size_t want)
{
    ASSERT(want <= FEED_BUFFER_BYTES);
    if (feed->end - feed->begin < want)
        move_to_front(feed);
    while (feed->end - feed->begin < want) {
        ssize_t got = read_some(feed, feed->buffer + feed->end, FEED_BUFFER_BYTES - feed->end);
        if (got <= 0)
            break;
        feed->end += (size_t)got;
    }
    return slice_between(feed->buffer + feed->begin, feed->buffer + feed->end);
}

void feed_take(struct feed *feed, size_t n)
{
    ASSERT(n <= feed->end - feed->begin);
    feed->begin += n;
    feed->taken += n;
}

ssize_t feed_read(struct feed *feed, char *buf, size_t size)
{
    size_t have = feed->end - feed->begin;

    if (have == 0) {
        ssize_t got = read_some(feed, buf, size);
        feed->taken += got > 0 ? (size_t)got : 0;
        return got;
    }
    size_t n = have < size ? have : size;
    memcpy(buf, feed->buffer + feed->begin, n);
    feed_take(feed, n);
    return (ssize_t)n;
}

bool feed_quiet(const struct feed *feed, int wait_ms)
{
    return feed->begin == feed->end && !descriptor_is_readable(feed->fd, wait_ms);
}
