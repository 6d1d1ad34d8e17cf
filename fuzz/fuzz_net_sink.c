/* fuzz_net_sink.c - framing of messages to a collector: what it reads is what was said
 * algorithm: the first byte chooses the frame, the rest is messages, one a line; a collector at the
 *            other end of a connection on the loopback interface takes the frames apart again
 * source:    RFC 6587 3.4, GELF 1.1
 * limits:    messages fit the socket's buffer: the collector reads when all are sent */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "fuzz.h"
#include "output/net_sink.h"

enum { BYTES = 65536 };

int LLVMFuzzerInitialize(int *argc, char ***argv);

static int listener;
static char address[64];

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct sockaddr *any = (struct sockaddr *)&in;
    socklen_t len = sizeof in;

    (void)argc, (void)argv;
    listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ASSERT(listener >= 0 && bind(listener, any, sizeof in) == 0 && listen(listener, 4) == 0);
    ASSERT(getsockname(listener, any, &len) == 0);
    snprintf(address, sizeof address, "tcp://127.0.0.1:%u", ntohs(in.sin_port));
    return 0;
}

/* The next message of a stream; false when the rest is no frame. */
static bool take_frame(enum net_frame frame, slice *stream, slice *ret)
{
    size_t n = 0, at = 0;

    if (frame != FRAME_OCTETS) {
        n = slice_find_byte(*stream, frame == FRAME_NUL ? '\0' : '\n');
        *ret = slice_first(*stream, n);
        if (n == stream->len)
            return false;
        *stream = slice_from(*stream, n + 1);
        return true;
    }
    for (; at < stream->len && stream->ptr[at] >= '0' && stream->ptr[at] <= '9'; at++)
        n = n * 10 + (size_t)(stream->ptr[at] - '0');
    if (at == 0 || at >= stream->len || stream->ptr[at] != ' ' || n > stream->len - at - 1)
        return false;
    *ret = (slice){stream->ptr + at + 1, n};
    *stream = slice_from(*stream, at + 1 + n);
    return true;
}

/* What came; the sink is closed by now, so it ends. */
static slice collect(char *buf, size_t size)
{
    int fd = accept(listener, NULL, NULL);
    size_t used = 0;
    ssize_t n = 1;

    ASSERT(fd >= 0);
    while (used < size && n > 0) {
        n = read(fd, buf + used, size - used);
        used += n > 0 ? (size_t)n : 0;
    }
    close(fd);
    return (slice){buf, used};
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    static char buf[2 * BYTES];
    slice rest = {(const char *)data, size}, stream, again, message, seen;
    struct error error = {0};
    struct net_sink *sink;
    enum net_frame frame;

    if (size < 2 || size > BYTES / 2)
        return 0;
    frame = (enum net_frame)(FRAME_LINE + data[0] % 3);
    rest = again = slice_from(rest, 1);
    sink = net_sink_open(address, frame, NULL, &error);
    ASSERT(sink != NULL);
    while (rest.len > 0) {
        message = fuzz_take_line(&rest);
        ASSERT(net_sink_write(sink, message));
    }
    ASSERT(net_sink_close(&sink));
    stream = collect(buf, sizeof buf);
    while (again.len > 0) {
        message = fuzz_take_line(&again);
        if (message.len == 0)
            continue; /* nothing is sent of nothing */
        if (frame == FRAME_NUL && slice_find_byte(message, '\0') < message.len)
            return 0; /* no writer makes such a message */
        ASSERT(take_frame(frame, &stream, &seen) && slice_eq(seen, message));
    }
    ASSERT(stream.len == 0);
    return 0;
}
