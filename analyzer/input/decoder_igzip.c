/* decoder_igzip.c - gzip by ISA-L, which inflates several times as fast as zlib
 * source:    RFC 1952; isa-l/igzip_lib.h of ISA-L 2.30 (isal_inflate with ISAL_GZIP reads header
 *            and check itself)
 * limits:    memory is the state, about 120 KiB; without the library, decoder_gzip.c does the same
 */
#include "input/decoder.h"

#ifdef RW_ISAL

#include <isa-l.h>

#include "input/gzip_header.h"
#include "input/packed.h"

#define AS_TEXT_OF(x) #x
#define AS_TEXT(x)    AS_TEXT_OF(x)

struct igzip {
    struct packed packed;
    struct inflate_state stream;
    size_t seen; /* bytes of this member, up to those looked at here */
};

static bool igzip_again(void *state)
{
    struct igzip *igzip = state;

    igzip->seen = 0;
    isal_inflate_reset(&igzip->stream);
    igzip->stream.crc_flag = ISAL_GZIP;
    return true;
}

static const char *reason(int result)
{
    switch (result) {
    case ISAL_INVALID_BLOCK:
        return "invalid block";
    case ISAL_INVALID_SYMBOL:
        return "invalid symbol";
    case ISAL_INVALID_LOOKBACK:
        return "invalid distance";
    case ISAL_INVALID_WRAPPER:
        return "invalid header";
    case ISAL_UNSUPPORTED_METHOD:
        return "unknown method";
    case ISAL_INCORRECT_CHECKSUM:
        return "incorrect data check";
    default:
        return NULL;
    }
}

/* RFC 1952 2.3.1.2: reserved bits of FLG must be zero, which the library does not look at. */
static bool has_reserved_flags(struct igzip *igzip, slice in)
{
    enum { FLG_AT = 3, FLG_RESERVED = 0xE0 };
    size_t seen = igzip->seen;

    if (seen > FLG_AT)
        return false;
    igzip->seen += in.len;
    return igzip->seen > FLG_AT && ((unsigned char)in.ptr[FLG_AT - seen] & FLG_RESERVED) != 0;
}

static enum packed_step igzip_step(void *state, struct packed_io *io)
{
    struct igzip *igzip = state;
    struct inflate_state *stream = &igzip->stream;

    if (has_reserved_flags(igzip, io->in)) {
        io->why = "unknown header flags set";
        return PACKED_BAD;
    }
    /* its pointer lacks const but it only reads */
    memcpy(&stream->next_in, &io->in.ptr, sizeof stream->next_in);
    stream->avail_in = (uint32_t)io->in.len;
    stream->next_out = (uint8_t *)io->out;
    stream->avail_out = (uint32_t)io->room;
    int result = isal_inflate(stream);
    io->in = slice_from(io->in, io->in.len - stream->avail_in);
    io->out += io->room - stream->avail_out;
    io->room = stream->avail_out;
    io->why = reason(result);
    if (result < 0)
        return PACKED_BAD;
    return stream->block_state == ISAL_BLOCK_FINISH ? PACKED_END : PACKED_MORE;
}

static const struct packed_codec codec = {.name = "gzip",
                                          .tool = "zcat",
                                          .magic_len = GZIP_MAGIC_LEN,
                                          .is_member = gzip_is_member,
                                          .again = igzip_again,
                                          .step = igzip_step};

static bool igzip_init(void *state, size_t memory_bytes, struct error *reterr)
{
    struct igzip *igzip = state;

    (void)memory_bytes;
    (void)reterr;
    igzip->packed.codec = &codec;
    isal_inflate_init(&igzip->stream);
    igzip->stream.crc_flag = ISAL_GZIP;
    return true;
}

static const char *igzip_version(void)
{
    return AS_TEXT(ISAL_MAJOR_VERSION) "." AS_TEXT(ISAL_MINOR_VERSION) "." AS_TEXT(
        ISAL_PATCH_VERSION);
}

const struct decoder decoder_igzip = {
    .name = "gzip",
    .library = "ISA-L",
    .version = igzip_version,
    .state_size = sizeof(struct igzip),
    .init = igzip_init,
    .read = packed_read,
    .mtime_us = gzip_mtime_us,
};

#else

const struct decoder decoder_igzip = {.name = "gzip"};

#endif
