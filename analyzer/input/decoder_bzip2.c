/* decoder_bzip2.c - bzip2 by libbz2
 * grammar:   stream = "BZh" level ( block-magic ... | end-magic ) ...; level is a digit from 1 to 9
 * source:    bzlib.h of libbz2 1.0.8; compress.c there for the two magics
 * limits:    memory is 100 KB to 3.7 MB, by the level */
#include "input/decoder.h"

/* "BZh" alone could begin a text. */
static bool bzip2_is_member(slice head)
{
    slice rest = slice_from(head, 4);

    return slice_starts(head, SLICE_LIT("BZh")) && head.len > 4 && head.ptr[3] >= '1' &&
           head.ptr[3] <= '9' &&
           (slice_starts(rest, SLICE_LIT("1AY&SY")) ||
            slice_starts(rest, SLICE_LIT("\x17\x72\x45\x38\x50\x90")));
}

#ifdef RW_BZIP2

#include <bzlib.h>

#include "input/packed.h"

enum { BZIP2_MAGIC_LEN = 10 };

struct bzip2 {
    struct packed packed;
    bz_stream stream;
};

static bool bzip2_start(struct bzip2 *bzip2)
{
    bzip2->stream = (bz_stream){0};
    return BZ2_bzDecompressInit(&bzip2->stream, 0, 0) == BZ_OK;
}

static bool bzip2_again(void *state)
{
    struct bzip2 *bzip2 = state;

    BZ2_bzDecompressEnd(&bzip2->stream);
    return bzip2_start(bzip2);
}

static enum packed_step bzip2_step(void *state, struct packed_io *io)
{
    struct bzip2 *bzip2 = state;
    bz_stream *stream = &bzip2->stream;

    /* its pointer lacks const but it only reads */
    memcpy(&stream->next_in, &io->in.ptr, sizeof stream->next_in);
    stream->avail_in = (unsigned)io->in.len;
    stream->next_out = io->out;
    stream->avail_out = (unsigned)io->room;
    int result = BZ2_bzDecompress(stream);
    io->in = slice_from(io->in, io->in.len - stream->avail_in);
    io->out += io->room - stream->avail_out;
    io->room = stream->avail_out;
    io->why = result == BZ_MEM_ERROR ? "out of memory" : "incorrect data";
    if (result == BZ_STREAM_END)
        return PACKED_END;
    return result == BZ_OK ? PACKED_MORE : PACKED_BAD;
}

static const struct packed_codec codec = {.name = "bzip2",
                                          .tool = "bzcat",
                                          .magic_len = BZIP2_MAGIC_LEN,
                                          .is_member = bzip2_is_member,
                                          .again = bzip2_again,
                                          .step = bzip2_step};

static bool bzip2_init(void *state, size_t memory_bytes, struct error *reterr)
{
    struct bzip2 *bzip2 = state;

    (void)memory_bytes;
    bzip2->packed.codec = &codec;
    if (!bzip2_start(bzip2))
        return error_set(reterr, ERROR_RUNTIME, "cannot start libbz2 (out of memory)");
    return true;
}

static void bzip2_fini(void *state)
{
    struct bzip2 *bzip2 = state;

    BZ2_bzDecompressEnd(&bzip2->stream);
}

const struct decoder decoder_bzip2 = {
    .name = "bzip2",
    .tool = "bzcat",
    .claims = bzip2_is_member,
    .library = "libbz2",
    .version = BZ2_bzlibVersion,
    .slow = true,
    .state_size = sizeof(struct bzip2),
    .init = bzip2_init,
    .read = packed_read,
    .fini = bzip2_fini,
};

#else

const struct decoder decoder_bzip2 = {.name = "bzip2", .tool = "bzcat", .claims = bzip2_is_member};

#endif
