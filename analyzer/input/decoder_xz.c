/* decoder_xz.c - xz by liblzma
 * source:    the .xz file format 1.1.0 (streams, stream padding); lzma/container.h of liblzma 5.4.1
 * limits:    memory is the dictionary (xz -9: 65 MiB), at most --memory and never above 256 MiB;
 *            padding need not be a multiple of four bytes */
#include "input/decoder.h"

#ifdef RW_XZ

#include <lzma.h>

#include "input/packed.h"

static const uint64_t memory_most = (uint64_t)256 << 20;

enum { XZ_MAGIC_LEN = 6 };

struct xz {
    struct packed packed;
    lzma_stream stream;
    uint64_t memory_bytes;
};

static bool xz_is_member(slice head)
{
    return slice_starts(head, (slice){"\xfd"
                                      "7zXZ",
                                      XZ_MAGIC_LEN});
}

/* One stream; a decoder that is there already is used again. */
static bool xz_again(void *state)
{
    struct xz *xz = state;

    return lzma_stream_decoder(&xz->stream, xz->memory_bytes, 0) == LZMA_OK;
}

static const char *reason(lzma_ret result)
{
    switch (result) {
    case LZMA_FORMAT_ERROR:
        return "invalid header";
    case LZMA_OPTIONS_ERROR:
        return "unknown options";
    case LZMA_DATA_ERROR:
        return "incorrect data";
    case LZMA_MEM_ERROR:
        return "out of memory";
    default:
        return NULL;
    }
}

static enum packed_step xz_step(void *state, struct packed_io *io)
{
    struct xz *xz = state;
    lzma_stream *stream = &xz->stream;

    stream->next_in = (const uint8_t *)io->in.ptr;
    stream->avail_in = io->in.len;
    stream->next_out = (uint8_t *)io->out;
    stream->avail_out = io->room;
    lzma_ret result = lzma_code(stream, LZMA_RUN);
    io->in = slice_from(io->in, io->in.len - stream->avail_in);
    io->out += io->room - stream->avail_out;
    io->room = stream->avail_out;
    io->why = reason(result);
    switch (result) {
    case LZMA_STREAM_END:
        return PACKED_END;
    case LZMA_OK:
    case LZMA_BUF_ERROR: /* neither input nor room was of use */
        return PACKED_MORE;
    case LZMA_MEMLIMIT_ERROR:
        return PACKED_LIMIT;
    default:
        return PACKED_BAD;
    }
}

static const struct packed_codec codec = {.name = "xz",
                                          .tool = "xzcat",
                                          .magic_len = XZ_MAGIC_LEN,
                                          .is_member = xz_is_member,
                                          .again = xz_again,
                                          .step = xz_step};

static bool xz_init(void *state, size_t memory_bytes, struct error *reterr)
{
    struct xz *xz = state;

    xz->packed.codec = &codec;
    xz->memory_bytes = memory_bytes < memory_most ? memory_bytes : memory_most;
    xz->stream = (lzma_stream)LZMA_STREAM_INIT;
    if (!xz_again(xz))
        return error_set(reterr, ERROR_RUNTIME, "cannot start liblzma (out of memory)");
    return true;
}

static void xz_fini(void *state)
{
    struct xz *xz = state;

    lzma_end(&xz->stream);
}

const struct decoder decoder_xz = {
    .name = "xz",
    .tool = "xzcat",
    .library = "liblzma",
    .version = lzma_version_string,
    .slow = true,
    .state_size = sizeof(struct xz),
    .init = xz_init,
    .read = packed_read,
    .fini = xz_fini,
};

#else

const struct decoder decoder_xz = {.name = "xz", .tool = "xzcat"};

#endif
