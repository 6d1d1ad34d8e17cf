/* decoder_gzip.c - gzip by zlib, where ISA-L (decoder_igzip.c) is not built in
 * source:    RFC 1952; zlib.h of zlib 1.2.13 (inflate reads header and check itself)
 * limits:    memory is zlib's window of 32 KiB */
#include <zlib.h>

#include "input/decoder.h"
#include "input/gzip_header.h"
#include "input/packed.h"

enum { GZIP_WINDOW_BITS = 15 + 16 };

struct gzip {
    struct packed packed;
    z_stream stream;
};

static bool gzip_again(void *state)
{
    struct gzip *gzip = state;

    return inflateReset(&gzip->stream) == Z_OK;
}

static enum packed_step gzip_step(void *state, struct packed_io *io)
{
    struct gzip *gzip = state;
    z_stream *stream = &gzip->stream;

    /* zlib's pointer lacks const but it only reads */
    memcpy(&stream->next_in, &io->in.ptr, sizeof stream->next_in);
    stream->avail_in = (uInt)io->in.len;
    stream->next_out = (Bytef *)io->out;
    stream->avail_out = (uInt)io->room;
    int result = inflate(stream, Z_NO_FLUSH);
    io->in = slice_from(io->in, io->in.len - stream->avail_in);
    io->out += io->room - stream->avail_out;
    io->room = stream->avail_out;
    io->why = stream->msg;
    if (result == Z_STREAM_END)
        return PACKED_END;
    return result == Z_OK || result == Z_BUF_ERROR ? PACKED_MORE : PACKED_BAD;
}

static const struct packed_codec codec = {.name = "gzip",
                                          .tool = "zcat",
                                          .magic_len = GZIP_MAGIC_LEN,
                                          .is_member = gzip_is_member,
                                          .again = gzip_again,
                                          .step = gzip_step};

static bool gzip_init(void *state, size_t memory_bytes, struct error *reterr)
{
    struct gzip *gzip = state;

    (void)memory_bytes;
    gzip->packed.codec = &codec;
    if (inflateInit2(&gzip->stream, GZIP_WINDOW_BITS) != Z_OK)
        return error_set(reterr, ERROR_RUNTIME, "cannot start zlib (out of memory)");
    return true;
}

static void gzip_fini(void *state)
{
    struct gzip *gzip = state;

    inflateEnd(&gzip->stream);
}

const struct decoder decoder_gzip = {
    .name = "gzip",
    .library = "zlib",
    .version = zlibVersion,
    .state_size = sizeof(struct gzip),
    .init = gzip_init,
    .read = packed_read,
    .mtime_us = gzip_mtime_us,
    .fini = gzip_fini,
};
