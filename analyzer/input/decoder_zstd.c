/* decoder_zstd.c - zstd by libzstd
 * source:    RFC 8878 3.1 (frames, skippable frames); zstd.h of libzstd 1.5.4, streaming
 * limits:    the window of a frame may have 128 MiB (zstd --ultra -22), with a --memory below 256M
 *            half of that; --long=31 is beyond it. No dictionaries. */
#include "input/decoder.h"

#ifdef RW_ZSTD

#include <zstd.h>
#include <zstd_errors.h>

#include "input/packed.h"

enum { ZSTD_MAGIC_LEN = 4, ZSTD_WINDOW_LOG_LEAST = 20, ZSTD_WINDOW_LOG_MOST = 27 };

struct zstd {
    struct packed packed;
    ZSTD_DCtx *context;
};

/* 3.1.1 and 3.1.2: a frame, or one of the sixteen kinds of frame that decoders skip */
static bool zstd_is_member(slice head)
{
    return slice_starts(head, SLICE_LIT("\x28\xb5\x2f\xfd")) ||
           (head.len >= ZSTD_MAGIC_LEN && ((unsigned char)head.ptr[0] & 0xF0) == 0x50 &&
            slice_starts(slice_from(head, 1), SLICE_LIT("\x2a\x4d\x18")));
}

static bool zstd_again(void *state)
{
    struct zstd *zstd = state;

    return !ZSTD_isError(ZSTD_DCtx_reset(zstd->context, ZSTD_reset_session_only));
}

static enum packed_step zstd_step(void *state, struct packed_io *io)
{
    struct zstd *zstd = state;
    ZSTD_inBuffer in = {io->in.ptr, io->in.len, 0};
    ZSTD_outBuffer out = {io->out, io->room, 0};
    size_t result = ZSTD_decompressStream(zstd->context, &out, &in);

    io->in = slice_from(io->in, in.pos);
    io->out += out.pos;
    io->room -= out.pos;
    if (ZSTD_getErrorCode(result) == ZSTD_error_frameParameter_windowTooLarge)
        return PACKED_LIMIT;
    if (ZSTD_isError(result)) {
        io->why = ZSTD_getErrorName(result);
        return PACKED_BAD;
    }
    return result == 0 ? PACKED_END : PACKED_MORE;
}

static const struct packed_codec codec = {.name = "zstd",
                                          .tool = "zstdcat --long=31",
                                          .magic_len = ZSTD_MAGIC_LEN,
                                          .is_member = zstd_is_member,
                                          .again = zstd_again,
                                          .step = zstd_step};

static int window_log(size_t memory_bytes)
{
    int log = ZSTD_WINDOW_LOG_LEAST;

    while (log < ZSTD_WINDOW_LOG_MOST && (size_t)4 << log <= memory_bytes)
        log++;
    return log;
}

static bool zstd_init(void *state, size_t memory_bytes, struct error *reterr)
{
    struct zstd *zstd = state;

    zstd->packed.codec = &codec;
    zstd->context = ZSTD_createDCtx();
    if (zstd->context == NULL || ZSTD_isError(ZSTD_DCtx_setParameter(
                                     zstd->context, ZSTD_d_windowLogMax, window_log(memory_bytes))))
        return error_set(reterr, ERROR_RUNTIME, "cannot start libzstd (out of memory)");
    return true;
}

static void zstd_fini(void *state)
{
    struct zstd *zstd = state;

    ZSTD_freeDCtx(zstd->context);
}

const struct decoder decoder_zstd = {
    .name = "zstd",
    .tool = "zstdcat",
    .library = "libzstd",
    .version = ZSTD_versionString,
    .state_size = sizeof(struct zstd),
    .init = zstd_init,
    .read = packed_read,
    .fini = zstd_fini,
};

#else

const struct decoder decoder_zstd = {.name = "zstd", .tool = "zstdcat"};

#endif
