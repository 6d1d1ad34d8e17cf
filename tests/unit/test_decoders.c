/* test_decoders.c - every compression by the same table: members, padding, torn, damaged, too large
 */
#include "input/decoder.h"

#ifdef RW_ZSTD
#include <zstd.h>
#endif
#ifdef RW_XZ
#include <lzma.h>
#endif
#ifdef RW_BZIP2
#include <bzlib.h>
#endif

#include "input_fixtures.h"
#include "test.h"

/* ---- packers: append one member ---- */

static void pack_gzip(struct bytes *b, slice plain)
{
    bytes_add_gzip(b, plain, 0);
}

#ifdef RW_ZSTD
static void pack_zstd(struct bytes *b, slice plain)
{
    ZSTD_CCtx *context = ZSTD_createCCtx();
    size_t room = ZSTD_compressBound(plain.len);
    char *packed = panic_calloc(1, room);

    ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
    size_t len = ZSTD_compress2(context, packed, room, plain.ptr, plain.len);
    ASSERT(!ZSTD_isError(len));
    bytes_add(b, (slice){packed, len});
    ZSTD_freeCCtx(context);
    free(packed);
}
#endif

#ifdef RW_XZ
static void pack_xz(struct bytes *b, slice plain)
{
    size_t room = lzma_stream_buffer_bound(plain.len), len = 0;
    uint8_t *packed = panic_calloc(1, room);

    ASSERT(lzma_easy_buffer_encode(1, LZMA_CHECK_CRC32, NULL, (const uint8_t *)plain.ptr, plain.len,
                                   packed, &len, room) == LZMA_OK);
    bytes_add(b, (slice){(char *)packed, len});
    free(packed);
}
#endif

#ifdef RW_BZIP2
static void pack_bzip2(struct bytes *b, slice plain)
{
    unsigned room = (unsigned)(plain.len + plain.len / 100 + 700);
    char *packed = panic_calloc(1, room), *in = panic_calloc(1, plain.len + 1);

    memcpy(in, plain.ptr, plain.len);
    ASSERT(BZ2_bzBuffToBuffCompress(packed, &room, in, (unsigned)plain.len, 1, 0, 0) == BZ_OK);
    bytes_add(b, (slice){packed, room});
    free(in);
    free(packed);
}
#endif

static const struct kind {
    const struct decoder *decoder;
    const char *name;
    void (*pack)(struct bytes *b, slice plain);
    size_t magic_len;
    unsigned bomb_ratio; /* 16 MiB of zeros get at least so many times smaller */
} kinds[] = {
    {&decoder_gzip, "gzip", pack_gzip, 3, 900},
#ifdef RW_ISAL
    {&decoder_igzip, "gzip", pack_gzip, 3, 900},
#endif
#ifdef RW_ZSTD
    {&decoder_zstd, "zstd", pack_zstd, 4, 5000},
#endif
#ifdef RW_XZ
    {&decoder_xz, "xz", pack_xz, 6, 5000},
#endif
#ifdef RW_BZIP2
    {&decoder_bzip2, "bzip2", pack_bzip2, 10, 5000},
#endif
};

enum { KINDS = sizeof kinds / sizeof kinds[0] };

/* ---- one reading ---- */

struct reading {
    struct bytes text;
    struct decoder_notes notes;
    struct error error;
    ssize_t last;
    uint64_t taken;
};

static struct reading read_fd(const struct decoder *decoder, int fd, size_t step,
                              size_t memory_bytes)
{
    struct reading r = {0};
    struct feed feed;
    void *state = panic_calloc(1, decoder->state_size);
    char *buf = panic_calloc(1, step);

    feed_init(&feed, fd, NULL);
    ASSERT(decoder->init(state, memory_bytes, &r.error));
    while ((r.last = decoder->read(state, &feed, buf, step, &r.notes, &r.error)) > 0)
        bytes_add(&r.text, (slice){buf, (size_t)r.last});
    CHECK_INT(decoder->read(state, &feed, buf, step, &r.notes, NULL), r.last); /* and again */
    r.taken = feed.taken;
    if (decoder->fini != NULL)
        decoder->fini(state);
    feed_fini(&feed);
    close(fd);
    free(state);
    free(buf);
    return r;
}

static struct reading read_bytes(const struct decoder *decoder, slice packed, size_t step)
{
    return read_fd(decoder, file_with(packed), step, (size_t)256 << 20);
}

static void check_reads(const struct kind *kind, slice packed, slice want, uint64_t trailing)
{
    for (size_t step = 1; step <= 300000; step = step * 7 + 1) {
        struct reading r = read_bytes(kind->decoder, packed, step);
        CHECK_INT(r.last, 0);
        CHECK_STR(r.error.text, "");
        CHECK_INT(r.text.len, want.len);
        CHECK(slice_eq(bytes_slice(&r.text), want));
        CHECK_INT(r.notes.trailing_bytes, trailing);
        CHECK(!r.notes.truncated);
        CHECK_INT(r.taken, packed.len);
        bytes_free(&r.text);
    }
}

static slice sample_text(struct bytes *b, unsigned lines)
{
    char line[80];

    for (unsigned i = 0; i < lines; i++) {
        int n = snprintf(line, sizeof line, "Nov 24 06:00:%02u mx postfix/qmgr[1]: %X: removed\n",
                         i % 60, i * 2654435761u);
        bytes_add(b, (slice){line, (size_t)n});
    }
    return bytes_slice(b);
}

/* ---- the table's cases ---- */

static void one_and_many_members(void)
{
    struct bytes text = {0}, packed = {0};
    slice all = sample_text(&text, 5000);

    for (unsigned k = 0; k < KINDS; k++) {
        packed.len = 0;
        kinds[k].pack(&packed, all);
        check_reads(&kinds[k], bytes_slice(&packed), all, 0);
        packed.len = 0;
        for (slice rest = all; rest.len > 0; rest = slice_from(rest, 49991))
            kinds[k].pack(&packed, slice_first(rest, 49991));
        kinds[k].pack(&packed, SLICE_LIT(""));
        check_reads(&kinds[k], bytes_slice(&packed), all, 0);
        packed.len = 0;
        kinds[k].pack(&packed, SLICE_LIT("")); /* as written by a rotation of nothing */
        check_reads(&kinds[k], bytes_slice(&packed), SLICE_LIT(""), 0);
    }
    bytes_free(&packed);
    bytes_free(&text);
}

static void padding_and_garbage(void)
{
    static const struct {
        slice tail;
        size_t zeros;
    } cases[] = {{BYTES(""), 1},     {BYTES(""), 1 << 19},
                 {BYTES("x"), 0},    {BYTES("garbage \x1f\x8b\x08 BZh9"), 0},
                 {BYTES("BZh9"), 4}, {BYTES("after zeros"), 700000}};
    struct bytes packed = {0};

    for (unsigned k = 0; k < KINDS; k++)
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
            packed.len = 0;
            kinds[k].pack(&packed, SLICE_LIT("line\n"));
            bytes_fill(&packed, '\0', cases[i].zeros);
            bytes_add(&packed, cases[i].tail);
            check_reads(&kinds[k], bytes_slice(&packed), SLICE_LIT("line\n"),
                        cases[i].zeros + cases[i].tail.len);
        }
    bytes_free(&packed);
}

static void member_after_zeros(void)
{
    struct bytes packed = {0};

    for (unsigned k = 0; k < KINDS; k++) {
        packed.len = 0;
        kinds[k].pack(&packed, SLICE_LIT("one\n"));
        bytes_fill(&packed, '\0', 300000);
        kinds[k].pack(&packed, SLICE_LIT("two\n"));
        check_reads(&kinds[k], bytes_slice(&packed), SLICE_LIT("one\ntwo\n"), 300000);
    }
    bytes_free(&packed);
}

/* A file of two members cut at every byte: a prefix of the text, and the flag tells where. */
static void torn_anywhere(void)
{
    slice all = SLICE_LIT("first member\nsecond member, a little longer\n");
    struct bytes packed = {0};

    for (unsigned k = 0; k < KINDS; k++) {
        packed.len = 0;
        kinds[k].pack(&packed, slice_first(all, 13));
        size_t first_len = packed.len;
        kinds[k].pack(&packed, slice_from(all, 13));
        for (size_t len = kinds[k].magic_len; len <= packed.len; len++) {
            struct reading r = read_bytes(kinds[k].decoder, (slice){packed.ptr, len}, 64);
            CHECK_INT(r.last, 0);
            CHECK(slice_starts(all, bytes_slice(&r.text)));
            CHECK(len < first_len || r.text.len >= 13);
            /* a piece of the next magic is not yet a member */
            bool inside =
                len < first_len || (len >= first_len + kinds[k].magic_len && len < packed.len);
            CHECK_INT(r.notes.truncated, inside);
            bytes_free(&r.text);
        }
    }
    bytes_free(&packed);
}

/* The blocks before the tear come out, not only whole members. */
static void torn_late_keeps_the_most(void)
{
    struct bytes text = {0}, packed = {0};
    slice all = sample_text(&text, 60000);

    for (unsigned k = 0; k < KINDS; k++) {
        packed.len = 0;
        kinds[k].pack(&packed, all);
        struct reading r =
            read_bytes(kinds[k].decoder, slice_first(bytes_slice(&packed), packed.len - 20), 8192);
        CHECK(r.last == 0 && r.notes.truncated);
        CHECK(slice_starts(all, bytes_slice(&r.text)) && r.text.len > all.len * 9 / 10);
        bytes_free(&r.text);
    }
    bytes_free(&packed);
    bytes_free(&text);
}

/* One wrong byte anywhere: an error or the right text, never wrong text without an error; gzip's
 * header has bytes that mean nothing to us. */
static void damaged_anywhere(void)
{
    struct bytes text = {0}, packed = {0};
    slice all = sample_text(&text, 300);
    unsigned errors = 0;

    for (unsigned k = 0; k < KINDS; k++) {
        packed.len = 0;
        kinds[k].pack(&packed, all);
        for (size_t at = kinds[k].magic_len; at < packed.len; at += 1 + packed.len / 700) {
            packed.ptr[at] ^= 0x20;
            struct reading r = read_bytes(kinds[k].decoder, bytes_slice(&packed), 4096);
            CHECK(r.last == -1 || r.notes.truncated || slice_eq(bytes_slice(&r.text), all));
            errors += r.last == -1;
            packed.ptr[at] ^= 0x20;
            bytes_free(&r.text);
        }
    }
    CHECK(errors > KINDS * 100);
    bytes_free(&packed);
    bytes_free(&text);
}

/* What was good comes out before the error, which has format, place and reason. */
static void damage_is_told_last(void)
{
    struct bytes text = {0}, packed = {0};
    slice all = sample_text(&text, 40000);
    char want[64];

    for (unsigned k = 0; k < KINDS; k++) {
        packed.len = 0;
        kinds[k].pack(&packed, all);
        packed.ptr[packed.len / 2] ^= 0x55;
        packed.ptr[packed.len / 2 + 1] ^= 0x55;
        struct reading r = read_bytes(kinds[k].decoder, bytes_slice(&packed), 4096);
        snprintf(want, sizeof want, "damaged %s data at byte ", kinds[k].name);
        CHECK_INT(r.last, -1);
        CHECK(r.text.len > all.len / 4);
        CHECK(slice_starts(slice_of(r.error.text), slice_of(want)));
        CHECK_INT(r.error.code, ERROR_INPUT);
        bytes_free(&r.text);
    }
    bytes_free(&packed);
    bytes_free(&text);
}

static void bombs_only_stream(void)
{
    enum { SIZE = 16 << 20 };
    struct bytes packed = {0};
    char *zeros = panic_calloc(1, SIZE);

    for (unsigned k = 0; k < KINDS; k++) {
        packed.len = 0;
        kinds[k].pack(&packed, (slice){zeros, SIZE});
        CHECK(packed.len < SIZE / kinds[k].bomb_ratio);
        struct reading r = read_bytes(kinds[k].decoder, bytes_slice(&packed), 1 << 18);
        CHECK_INT(r.text.len, SIZE);
        CHECK(r.last == 0 && memcmp(r.text.ptr, zeros, SIZE) == 0);
        bytes_free(&r.text);
    }
    bytes_free(&packed);
    free(zeros);
}

static void slow_pipes(void)
{
    struct bytes text = {0}, packed = {0};
    slice all = sample_text(&text, 500);

    for (unsigned k = 0; k < KINDS; k++) {
        packed.len = 0;
        for (slice rest = all; rest.len > 0; rest = slice_from(rest, 9999))
            kinds[k].pack(&packed, slice_first(rest, 9999));
        for (size_t chunk = 1; chunk < 5000; chunk *= 11) {
            struct reading r = read_fd(kinds[k].decoder, pipe_with(bytes_slice(&packed), chunk),
                                       8192, (size_t)256 << 20);
            CHECK(r.last == 0 && slice_eq(bytes_slice(&r.text), all));
            bytes_free(&r.text);
            wait(NULL);
        }
    }
    bytes_free(&packed);
    bytes_free(&text);
}

/* ---- what only some have ---- */

static void gzip_reserved_flags_are_refused(void)
{
    for (unsigned k = 0; k < KINDS; k++) {
        struct bytes packed = {0};
        if (kinds[k].pack != pack_gzip)
            continue;
        pack_gzip(&packed, SLICE_LIT("line\n"));
        packed.ptr[3] = (char)0xE0;
        struct reading r = read_bytes(kinds[k].decoder, bytes_slice(&packed), 64);
        CHECK_INT(r.last, -1);
        CHECK_INT(r.text.len, 0);
        bytes_free(&packed);
        bytes_free(&r.text);
    }
}

#ifdef RW_ZSTD
static void zstd_skippable_frames(void)
{
    struct bytes packed = {0};

    bytes_add(&packed, SLICE_LIT("\x50\x2a\x4d\x18\x04\x00\x00\x00"
                                 "pzst"));
    pack_zstd(&packed, SLICE_LIT("line\n"));
    bytes_add(&packed, SLICE_LIT("\x5f\x2a\x4d\x18\x00\x00\x00\x00"));
    check_reads(&(struct kind){&decoder_zstd, "zstd", pack_zstd, 4, 0}, bytes_slice(&packed),
                SLICE_LIT("line\n"), 0);
    struct error error = {0};
    CHECK(decoder_find(bytes_slice(&packed), &error) == &decoder_zstd);
    bytes_free(&packed);
}

/* A frame that wants a window of 2 GiB, hand-made: RFC 8878 3.1.1.1.2, exponent 21. */
static void zstd_window_is_bounded(void)
{
    slice greedy = SLICE_LIT("\x28\xb5\x2f\xfd\x00\xa8\x01\x00\x00");
    struct reading r = read_bytes(&decoder_zstd, greedy, 64);

    CHECK_INT(r.last, -1);
    CHECK_STR(r.error.text, "this zstd data takes more memory to unpack than --memory allows; use: "
                            "zstdcat --long=31 FILE | relaywatch -");
}
#endif

#ifdef RW_XZ
static void xz_memory_is_bounded(void)
{
    struct bytes text = {0};
    slice all = sample_text(&text, 100);
    uint8_t packed[8192];
    size_t len = 0;

    ASSERT(lzma_easy_buffer_encode(6, LZMA_CHECK_CRC64, NULL, (const uint8_t *)all.ptr, all.len,
                                   packed, &len, sizeof packed) == LZMA_OK);
    slice in = {(char *)packed, len};
    struct reading r = read_fd(&decoder_xz, file_with(in), 4096, (size_t)16 << 20);
    CHECK(r.last == 0 && slice_eq(bytes_slice(&r.text), all));
    bytes_free(&r.text);
    r = read_fd(&decoder_xz, file_with(in), 4096, (size_t)4 << 20);
    CHECK(r.last == -1 && r.text.len == 0);
    CHECK_STR(r.error.text, "this xz data takes more memory to unpack than --memory allows; use: "
                            "xzcat FILE | relaywatch -");
    bytes_free(&text);
}
#endif

/* ---- told by first bytes ---- */

static void found_by_magic(void)
{
    struct bytes packed = {0};
    struct error error = {0};

    for (unsigned k = 0; k < KINDS; k++) {
        packed.len = 0;
        kinds[k].pack(&packed, SLICE_LIT("x"));
        const struct decoder *found =
            decoder_find(slice_first(bytes_slice(&packed), DECODER_MAGIC_MAX), &error);
        CHECK(found != NULL);
        CHECK_STR(found == NULL ? "" : found->name, kinds[k].name);
    }
    CHECK_STR(decoder_find(SLICE_LIT("BZh9 is how this text begins"), &error)->name, "plain");
    CHECK_STR(decoder_find(SLICE_LIT("BZh"), &error)->name, "plain");
    CHECK_STR(decoder_find(SLICE_LIT(""), &error)->name, "plain");
    bytes_free(&packed);
}

/* Whatever was left out at configure time is refused by name, never read as text. */
static void what_is_not_built_in_is_refused(void)
{
    static const struct {
        const struct decoder *decoder;
        slice head;
        const char *text;
    } rows[] = {
        {&decoder_zstd, BYTES("\x28\xb5\x2f\xfd\x04"),
         "this build cannot read zstd; use: zstdcat FILE | relaywatch -"},
        {&decoder_xz, BYTES("\xfd\x37zXZ\0"),
         "this build cannot read xz; use: xzcat FILE | relaywatch -"},
        {&decoder_bzip2, BYTES("BZh91AY&SY"),
         "this build cannot read bzip2; use: bzcat FILE | relaywatch -"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct error error = {0};
        const struct decoder *found = decoder_find(rows[i].head, &error);
        CHECK(rows[i].decoder->read == NULL ? found == NULL : found == rows[i].decoder);
        CHECK_STR(error.text, rows[i].decoder->read == NULL ? rows[i].text : "");
    }
}

static const struct test_case cases[] = {
    {"one and many members are the text", one_and_many_members},
    {"zeros and garbage behind are ignored and counted", padding_and_garbage},
    {"a member behind zeros is read", member_after_zeros},
    {"cut at any byte gives a prefix and the flag", torn_anywhere},
    {"cut late in a member, what came before is kept", torn_late_keeps_the_most},
    {"no wrong byte gives wrong text without an error", damaged_anywhere},
    {"damage is told when what was good is out", damage_is_told_last},
    {"bombs are streamed", bombs_only_stream},
    {"pipes in small pieces give the text", slow_pipes},
    {"reserved flags in a gzip header are refused", gzip_reserved_flags_are_refused},
#ifdef RW_ZSTD
    {"zstd's skippable frames are skipped", zstd_skippable_frames},
    {"a zstd frame with a huge window is refused", zstd_window_is_bounded},
#endif
#ifdef RW_XZ
    {"xz that takes too much memory is refused", xz_memory_is_bounded},
#endif
    {"each is found by its first bytes", found_by_magic},
    {"what is not built in is refused by name", what_is_not_built_in_is_refused},
};

TEST_MAIN(cases)
