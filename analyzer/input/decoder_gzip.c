/* decoder_gzip.c - gzip, of any number of members, whole or cut
 * grammar:   file = 1*( member *NUL ) [ garbage ];  member = header deflate-data crc32 length
 * source:    RFC 1952 2.2 and 2.3; zlib.h of zlib 1.2.13 (inflate reads header and check itself)
 * limits:    memory is zlib's 32 KiB window and the feed's buffer, whatever the expansion, so that
 *            a bomb only takes time; after damaged data no further member is searched for */
#include <limits.h>
#include <zlib.h>

#include "input/decoder.h"

enum { GZIP_WINDOW_BITS = 15 + 16 };

struct gzip {
    z_stream stream;
    bool in_member, at_end;
    bool failed;         /* no more output; the message is given once what was decoded is out */
    struct error reason; /* valid when failed */
};

static const slice gzip_magic = {"\x1f\x8b\x08", 3};

static bool gzip_init(void *state, struct error *reterr)
{
    struct gzip *gzip = state;

    gzip->in_member = true; /* the magic has been seen */
    if (inflateInit2(&gzip->stream, GZIP_WINDOW_BITS) != Z_OK)
        return error_set(reterr, ERROR_RUNTIME, "cannot start zlib (out of memory)");
    return true;
}

static void gzip_fini(void *state)
{
    struct gzip *gzip = state;

    inflateEnd(&gzip->stream);
}

static void gzip_fail(struct gzip *gzip, const struct feed *feed, const char *what)
{
    gzip->failed = true;
    if (feed->error_number != 0)
        error_set(&gzip->reason, ERROR_INPUT, "cannot read: %s", strerror(feed->error_number));
    else
        error_set(&gzip->reason, ERROR_INPUT, "damaged gzip data at byte %llu: %s",
                  (unsigned long long)feed->taken, what == NULL ? "no progress" : what);
}

/* No input is left: the right place for it is between two members. */
static void gzip_ends(struct gzip *gzip, const struct feed *feed, struct decoder_notes *notes)
{
    gzip->at_end = true;
    if (feed->error_number != 0)
        gzip_fail(gzip, feed, NULL);
    else
        notes->truncated = gzip->in_member;
}

static size_t count_zeros(slice in)
{
    size_t n = 0;

    while (n < in.len && in.ptr[n] == '\0')
        n++;
    return n;
}

static void ignore_bytes(struct feed *feed, size_t n, struct decoder_notes *notes)
{
    notes->trailing_bytes += n;
    feed_take(feed, n);
}

/* After a member: zero padding is skipped; then comes a further member, the end, or garbage up to
 * the end. */
static void gzip_next_member(struct gzip *gzip, struct feed *feed, struct decoder_notes *notes)
{
    slice in = feed_peek(feed, gzip_magic.len);

    while (in.len > 0 && in.ptr[0] == '\0') {
        ignore_bytes(feed, count_zeros(in), notes);
        in = feed_peek(feed, gzip_magic.len);
    }
    if (slice_starts(in, gzip_magic)) {
        gzip->in_member = inflateReset(&gzip->stream) == Z_OK;
        return;
    }
    while (in.len > 0) {
        ignore_bytes(feed, in.len, notes);
        in = feed_peek(feed, 1);
    }
    gzip_ends(gzip, feed, notes);
}

/* One step of inflate() over what the feed has. */
static void gzip_inflate(struct gzip *gzip, struct feed *feed, struct decoder_notes *notes)
{
    z_stream *stream = &gzip->stream;
    slice in = feed_peek(feed, 1);

    if (in.len == 0) {
        gzip_ends(gzip, feed, notes);
        return;
    }
    /* zlib's pointer lacks const but it only reads */
    memcpy(&stream->next_in, &in.ptr, sizeof stream->next_in);
    stream->avail_in = (uInt)in.len;
    int result = inflate(stream, Z_NO_FLUSH);
    feed_take(feed, in.len - stream->avail_in);
    if (result == Z_STREAM_END)
        gzip->in_member = false;
    else if (result != Z_OK)
        gzip_fail(gzip, feed, stream->msg);
}

static ssize_t gzip_read(void *state, struct feed *feed, char *buf, size_t size,
                         struct decoder_notes *notes, struct error *reterr)
{
    struct gzip *gzip = state;
    uInt room = size > INT_MAX ? INT_MAX : (uInt)size;

    gzip->stream.next_out = (Bytef *)buf;
    gzip->stream.avail_out = room;
    while (gzip->stream.avail_out > 0 && !gzip->at_end && !gzip->failed) {
        /* do not wait for a slow pipe while there is something to give */
        if (gzip->stream.avail_out < room && feed->begin == feed->end)
            break;
        if (gzip->in_member)
            gzip_inflate(gzip, feed, notes);
        else
            gzip_next_member(gzip, feed, notes);
    }
    ssize_t got = (ssize_t)(room - gzip->stream.avail_out);
    if (got > 0 || !gzip->failed)
        return got;
    error_set(reterr, gzip->reason.code, "%s", gzip->reason.text);
    return -1;
}

/* RFC 1952 2.3.1: MTIME, seconds since 1970, little endian, at byte 4; 0 means none */
static int64_t gzip_mtime_us(slice head)
{
    uint32_t seconds = 0;

    if (head.len < 8)
        return 0;
    for (size_t i = 0; i < 4; i++)
        seconds |= (uint32_t)(unsigned char)head.ptr[4 + i] << (8 * i);
    return (int64_t)seconds * 1000000;
}

const struct decoder decoder_gzip = {
    .name = "gzip",
    .state_size = sizeof(struct gzip),
    .init = gzip_init,
    .read = gzip_read,
    .mtime_us = gzip_mtime_us,
    .fini = gzip_fini,
};
