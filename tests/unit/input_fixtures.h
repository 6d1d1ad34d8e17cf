/* input_fixtures.h - temporary files, pipes and gzip members for the tests of the input stage */
#ifndef TESTS_INPUT_FIXTURES_H
#define TESTS_INPUT_FIXTURES_H

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zlib.h>

#include "base/panic.h"
#include "base/slice.h"

/* A constant slice for static tables, where SLICE_LIT() is not constant enough. */
#define BYTES(s)                                                                                   \
    {                                                                                              \
        "" s, sizeof("" s) - 1                                                                     \
    }

/* A growing buffer of bytes; freed by bytes_free(). */
struct bytes {
    char *ptr;
    size_t len, capacity;
};

static inline void bytes_add(struct bytes *b, slice more)
{
    if (b->len + more.len > b->capacity) {
        b->capacity = 2 * (b->len + more.len);
        b->ptr = realloc(b->ptr, b->capacity);
        ASSERT(b->ptr != NULL);
    }
    if (more.len > 0)
        memcpy(b->ptr + b->len, more.ptr, more.len);
    b->len += more.len;
}

static inline void bytes_fill(struct bytes *b, char c, size_t count)
{
    for (size_t i = 0; i < count; i++)
        bytes_add(b, (slice){&c, 1});
}

static inline slice bytes_slice(const struct bytes *b)
{
    return (slice){b->len == 0 ? "" : b->ptr, b->len};
}

static inline void bytes_free(struct bytes *b)
{
    free(b->ptr);
    *b = (struct bytes){0};
}

/* Append one gzip member; mtime_s goes into its header. */
static inline void bytes_add_gzip(struct bytes *b, slice plain, uint32_t mtime_s)
{
    z_stream stream = {0};
    gz_header header = {.time = mtime_s, .os = 3};
    size_t room = plain.len + plain.len / 100 + 1024;
    unsigned char *packed = panic_calloc(1, room);

    ASSERT(deflateInit2(&stream, 6, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY) == Z_OK);
    ASSERT(deflateSetHeader(&stream, &header) == Z_OK);
    memcpy(&stream.next_in, &plain.ptr, sizeof stream.next_in);
    stream.avail_in = (uInt)plain.len;
    stream.next_out = packed;
    stream.avail_out = (uInt)room;
    ASSERT(deflate(&stream, Z_FINISH) == Z_STREAM_END);
    bytes_add(b, (slice){(char *)packed, room - stream.avail_out});
    deflateEnd(&stream);
    free(packed);
}

static inline void write_fully(int fd, slice content)
{
    while (content.len > 0) {
        ssize_t n = write(fd, content.ptr, content.len);
        ASSERT(n > 0);
        content = slice_from(content, (size_t)n);
    }
}

/* A descriptor at the start of an unnamed file with this content. */
static inline int file_with(slice content)
{
    char path[] = "/tmp/relaywatch-test-XXXXXX";
    int fd = mkstemp(path);

    ASSERT(fd >= 0);
    unlink(path);
    write_fully(fd, content);
    ASSERT(lseek(fd, 0, SEEK_SET) == 0);
    return fd;
}

/* The reading end of a pipe into which a child process writes `chunk` bytes at a time with a pause
 * after each; reap the child with wait(). */
static inline int pipe_with_pauses(slice content, size_t chunk, unsigned pause_us)
{
    int ends[2];

    fflush(stdout);
    ASSERT(pipe(ends) == 0);
    pid_t child = fork();
    ASSERT(child >= 0);
    if (child == 0) {
        close(ends[0]);
        for (; content.len > 0; content = slice_from(content, chunk)) {
            write_fully(ends[1], slice_first(content, chunk));
            if (pause_us > 0)
                usleep(pause_us);
        }
        _exit(0);
    }
    close(ends[1]);
    return ends[0];
}

static inline int pipe_with(slice content, size_t chunk)
{
    return pipe_with_pauses(content, chunk, 0);
}

/* UTF-16 of ASCII text, without a mark. */
static inline void bytes_add_utf16(struct bytes *b, slice ascii, bool big_endian)
{
    for (size_t i = 0; i < ascii.len; i++) {
        char unit[2] = {big_endian ? '\0' : ascii.ptr[i], big_endian ? ascii.ptr[i] : '\0'};
        bytes_add(b, (slice){unit, 2});
    }
}

#endif
