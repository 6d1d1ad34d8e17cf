/* test_line_reader.c - framing: every line, once, whole, whatever the chunking */
#include "input/line_reader.h"

#include "input_fixtures.h"
#include "test.h"

enum { MAX = LINE_READER_LINE_MAX };

/* The definition of framing over a whole file in memory, the slow and plain way; advances *rest. */
struct framed {
    slice line;
    uint64_t number, offset;
    bool cut;
};

static bool frame_next(slice *rest, slice all, uint64_t *number, struct framed *ret)
{
    while (rest->len > 0) {
        bool had_nul = rest->ptr[0] == '\0';
        (*number)++;
        while (rest->len > 0 && rest->ptr[0] == '\0')
            *rest = slice_from(*rest, 1);
        size_t end = slice_find_byte(*rest, '\n');
        slice line = slice_first(*rest, end);
        *rest = slice_from(*rest, end + 1);
        if (line.len > 0 && line.ptr[line.len - 1] == '\r')
            line.len--;
        if (line.len == 0 && had_nul)
            continue;
        *ret = (struct framed){slice_first(line, MAX), *number, (uint64_t)(line.ptr - all.ptr),
                               line.len > MAX};
        return true;
    }
    return false;
}

static void check_same_line(const struct line_reader *reader, slice line, const struct framed *want)
{
    CHECK(slice_eq(line, want->line));
    CHECK_INT(line_reader_number(reader), want->number);
    CHECK_INT(line_reader_offset(reader), want->offset);
    CHECK_INT(line_reader_cut(reader), want->cut);
}

static void check_framing_at(slice content, size_t max_read, size_t window_bytes)
{
    struct source *source = source_open_fd(file_with(content), "test.log", NULL);
    struct line_reader reader;
    slice line, rest = content;
    uint64_t number = 0;
    struct framed want;
    int before = test_failures;

    line_reader_init(
        &reader, source,
        &(struct line_reader_options){.max_read = max_read, .window_bytes = window_bytes});
    while (line_reader_next(&reader, &line) == LINE_OK && test_failures == before) {
        bool expected = frame_next(&rest, content, &number, &want);
        CHECK(expected);
        if (expected)
            check_same_line(&reader, line, &want);
    }
    CHECK(!frame_next(&rest, content, &number, &want));
    CHECK_INT(line_reader_next(&reader, &line), LINE_END);
    CHECK_INT(line_reader_bytes(&reader), content.len);
    if (test_failures != before)
        printf("#   with reads of %zu bytes, window %zu\n", max_read, reader.capacity);
    line_reader_fini(&reader);
    source_free(&source);
}

static void check_framing(slice content)
{
    for (size_t max_read = 1; max_read <= 64; max_read++)
        check_framing_at(content, max_read, 0);
    check_framing_at(content, 4096, 0);
    check_framing_at(content, 0, 1); /* the smallest window */
    check_framing_at(content, 0, 0);
}

static void small_files_at_every_chunk_size(void)
{
    static const slice contents[] = {
        BYTES(""),
        BYTES("\n"),
        BYTES("\n\n\n"),
        BYTES("a"),
        BYTES("a\nb"),
        BYTES("a\r\nb\r\n\r\n"),
        BYTES("a\r"),
        BYTES("a\r\r\n"),
        BYTES("\r\n"),
        BYTES("in\0side\nnul at end\0\n"),
        BYTES("\0\0\0\n"),
        BYTES("\0\0\r\n"),
        BYTES("\0\0"),
        BYTES("a\n\0\0\0\0b\n\n\0\nc"),
        BYTES("no newline\nat the end"),
        BYTES("Nov 24 06:00:00 mx postfix/smtpd[1]: connect from unknown[192.0.2.1]\r\nNov"),
    };

    for (size_t i = 0; i < sizeof contents / sizeof contents[0]; i++)
        check_framing(contents[i]);
}

/* Pseudo-random bytes of which many are LF, CR and NUL. */
static void random_bytes_at_every_chunk_size(void)
{
    static const char alphabet[] = "\n\r\0abcdefgh\n";
    struct bytes b = {0};
    uint64_t state = 1;

    for (int i = 0; i < 3000; i++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        bytes_add(&b, (slice){alphabet + (state >> 33) % 12, 1});
    }
    check_framing(bytes_slice(&b));
    bytes_free(&b);
}

static void lines_around_the_limit(void)
{
    static const char *const endings[] = {"\n", "\r\n", "", "\r", "\r\r\n"};

    for (size_t e = 0; e < sizeof endings / sizeof endings[0]; e++)
        for (size_t len = MAX - 2; len <= MAX + 3; len++) {
            struct bytes b = {0};
            bytes_add(&b, SLICE_LIT("before\n"));
            bytes_fill(&b, 'x', len);
            bytes_add(&b, slice_of(endings[e]));
            check_framing_at(bytes_slice(&b), 7, 0);
            check_framing_at(bytes_slice(&b), 0, 1);
            check_framing_at(bytes_slice(&b), 0, 0);
            bytes_add(&b, SLICE_LIT("\nafter\n"));
            check_framing_at(bytes_slice(&b), 61, 1);
            check_framing_at(bytes_slice(&b), 0, 0);
            bytes_free(&b);
        }
}

static void one_byte_too_long_is_cut(void)
{
    struct bytes b = {0};
    struct line_reader reader;
    slice line = SLICE_NONE;

    bytes_fill(&b, 'x', MAX + 1);
    bytes_add(&b, SLICE_LIT("\nnext\n"));
    struct source *source = source_open_fd(file_with(bytes_slice(&b)), "long", NULL);
    line_reader_init(&reader, source, NULL);
    CHECK_INT(line_reader_next(&reader, &line), LINE_OK);
    CHECK_INT(line.len, MAX);
    CHECK(line_reader_cut(&reader));
    CHECK_INT(line_reader_next(&reader, &line), LINE_OK);
    CHECK_SLICE(line, "next");
    CHECK(!line_reader_cut(&reader));
    CHECK_INT(reader.lines_cut, 1);
    line_reader_fini(&reader);
    source_free(&source);
    bytes_free(&b);
}

static void ten_megabytes_in_one_line(void)
{
    struct bytes b = {0};

    bytes_add(&b, SLICE_LIT("before\n"));
    bytes_fill(&b, 'y', 10 << 20);
    bytes_add(&b, SLICE_LIT("\nafter"));
    check_framing_at(bytes_slice(&b), 0, 0);
    check_framing_at(bytes_slice(&b), 997, 0);
    b.len -= strlen("\nafter"); /* and as the last one */
    check_framing_at(bytes_slice(&b), 0, 0);
    bytes_free(&b);
}

/* A block left by a crash, larger than the window, right before the next line. */
static void megabytes_of_nuls_lose_no_line(void)
{
    struct bytes b = {0};
    struct line_reader reader;
    slice line = SLICE_NONE;

    bytes_add(&b, SLICE_LIT("before\n"));
    bytes_fill(&b, '\0', 3 << 20);
    bytes_add(&b, SLICE_LIT("after\n"));
    bytes_fill(&b, '\0', 1 << 20);
    check_framing_at(bytes_slice(&b), 0, 0);
    check_framing_at(bytes_slice(&b), 4099, 1);
    struct source *source = source_open_fd(file_with(bytes_slice(&b)), "crash", NULL);
    line_reader_init(&reader, source, NULL);
    CHECK_INT(line_reader_next(&reader, &line), LINE_OK);
    CHECK_INT(line_reader_next(&reader, &line), LINE_OK);
    CHECK_SLICE(line, "after");
    CHECK_INT(line_reader_next(&reader, &line), LINE_END);
    CHECK_INT(reader.nul_bytes, 4 << 20);
    CHECK_INT(reader.lines_nul, 1);
    CHECK_INT(reader.lines_cut, 0);
    line_reader_fini(&reader);
    source_free(&source);
    bytes_free(&b);
}

static void many_lines_across_windows(void)
{
    struct bytes b = {0};

    for (unsigned i = 0; i < 3000; i++) {
        bytes_fill(&b, (char)('a' + i % 26), i * 7919 % 400);
        bytes_add(&b, i % 3 == 0 ? SLICE_LIT("\r\n") : SLICE_LIT("\n"));
    }
    check_framing_at(bytes_slice(&b), 0, 1);
    check_framing_at(bytes_slice(&b), 0, 0);
    check_framing_at(bytes_slice(&b), 7, 0);
    check_framing_at(bytes_slice(&b), 65521, 1);
    bytes_free(&b);
}

/* The lines of `packed` must be those of `plain`. */
static void check_lines_of(slice packed, slice plain, size_t max_read)
{
    struct source *source = source_open_fd(file_with(packed), "packed", NULL);
    struct line_reader reader;
    slice line, rest = plain;
    uint64_t number = 0;
    struct framed want;

    line_reader_init(&reader, source, &(struct line_reader_options){.max_read = max_read});
    while (line_reader_next(&reader, &line) == LINE_OK) {
        CHECK(frame_next(&rest, plain, &number, &want));
        check_same_line(&reader, line, &want);
    }
    CHECK(!frame_next(&rest, plain, &number, &want));
    line_reader_fini(&reader);
    source_free(&source);
}

static void packed_and_wide_files_give_the_same_lines(void)
{
    static const slice plain =
        BYTES("date_time_utc,sender_address\r\n2026-11-24,a@example.org\r\nend");
    struct bytes b = {0};

    for (size_t max_read = 1; max_read <= 64; max_read++) {
        b.len = 0;
        bytes_add_gzip(&b, slice_first(plain, 40), 0);
        bytes_add_gzip(&b, slice_from(plain, 40), 0);
        check_lines_of(bytes_slice(&b), plain, max_read);
        b.len = 0;
        bytes_add(&b, SLICE_LIT("\xFF\xFE"));
        bytes_add_utf16(&b, plain, false);
        check_lines_of(bytes_slice(&b), plain, max_read);
        b.len = 0;
        bytes_add(&b, SLICE_LIT("\xFE\xFF"));
        bytes_add_utf16(&b, plain, true);
        check_lines_of(bytes_slice(&b), plain, max_read);
    }
    bytes_free(&b);
}

static void offsets_count_the_mark(void)
{
    struct source *source =
        source_open_fd(file_with(SLICE_LIT("\xEF\xBB\xBFone\ntwo\n")), "m", NULL);
    struct line_reader reader;
    slice line = SLICE_NONE;

    line_reader_init(&reader, source, NULL);
    CHECK_INT(line_reader_next(&reader, &line), LINE_OK);
    CHECK_SLICE(line, "one");
    CHECK_INT(line_reader_offset(&reader), 3);
    CHECK_INT(line_reader_next(&reader, &line), LINE_OK);
    CHECK_INT(line_reader_offset(&reader), 7);
    line_reader_fini(&reader);
    source_free(&source);
}

static void truncated_gzip_keeps_its_lines(void)
{
    struct bytes text = {0}, packed = {0};
    struct line_reader reader;
    slice line;
    uint64_t lines = 0, state = 7;

    for (int i = 0; i < 20000; i++) {
        char buf[32];
        state = state * 6364136223846793005u + 1442695040888963407u;
        int n = snprintf(buf, sizeof buf, "%016" PRIx64 "\n", state);
        bytes_add(&text, (slice){buf, (size_t)n});
    }
    bytes_add_gzip(&packed, bytes_slice(&text), 0);
    packed.len /= 2;
    struct source *source = source_open_fd(file_with(bytes_slice(&packed)), "cut.gz", NULL);
    line_reader_init(&reader, source, NULL);
    while (line_reader_next(&reader, &line) == LINE_OK) {
        slice want = {text.ptr + 17 * lines, 16};
        CHECK(slice_starts(want, line));
        lines++;
    }
    CHECK(lines > 8000 && lines < 12000);
    CHECK(source_truncated(source));
    line_reader_fini(&reader);
    source_free(&source);
    bytes_free(&text);
    bytes_free(&packed);
}

static void damage_comes_after_the_lines(void)
{
    struct bytes packed = {0};
    struct line_reader reader;
    slice line = SLICE_NONE;

    bytes_add_gzip(&packed, SLICE_LIT("one\ntwo"), 0);
    packed.ptr[packed.len - 6] ^= 1;
    struct source *source = source_open_fd(file_with(bytes_slice(&packed)), "bad.gz", NULL);
    line_reader_init(&reader, source, NULL);
    CHECK_INT(line_reader_next(&reader, &line), LINE_OK);
    CHECK_INT(line_reader_next(&reader, &line), LINE_OK);
    CHECK_SLICE(line, "two");
    CHECK_INT(line_reader_next(&reader, &line), LINE_ERROR);
    CHECK_INT(line_reader_next(&reader, &line), LINE_ERROR);
    line_reader_fini(&reader);
    source_free(&source);
    bytes_free(&packed);
}

/* Follow mode: half a line is held back until its rest is written, or until the follower leaves the
 * file. */
static void partial_lines_wait_for_their_rest(void)
{
    char path[] = "/tmp/relaywatch-test-XXXXXX";
    int writer = mkstemp(path);
    struct line_reader reader;
    slice line = SLICE_NONE;

    write_fully(writer, SLICE_LIT("one\ntw"));
    struct source *source = source_open(path, NULL);
    line_reader_init(&reader, source, &(struct line_reader_options){.keep_partial = true});
    CHECK_INT(line_reader_next(&reader, &line), LINE_OK);
    CHECK_INT(line_reader_next(&reader, &line), LINE_END);
    CHECK_INT(line_reader_next(&reader, &line), LINE_END);
    CHECK_INT(line_reader_bytes(&reader), 4);
    write_fully(writer, SLICE_LIT("o\nthr"));
    CHECK_INT(line_reader_next(&reader, &line), LINE_OK);
    CHECK_SLICE(line, "two");
    CHECK_INT(line_reader_next(&reader, &line), LINE_END);
    reader.keep_partial = false;
    CHECK_INT(line_reader_next(&reader, &line), LINE_OK);
    CHECK_SLICE(line, "thr");
    CHECK_INT(line_reader_number(&reader), 3);
    CHECK_INT(line_reader_next(&reader, &line), LINE_END);
    line_reader_fini(&reader);
    source_free(&source);
    close(writer);
    unlink(path);
}

static const struct test_case cases[] = {
    {"small files give the same lines at every chunk size", small_files_at_every_chunk_size},
    {"random bytes give the same lines at every chunk size", random_bytes_at_every_chunk_size},
    {"lines around 64 KiB are cut exactly above it", lines_around_the_limit},
    {"a line of 64 KiB and one byte is cut and counted", one_byte_too_long_is_cut},
    {"a line of 10 MB is cut and the next one is whole", ten_megabytes_in_one_line},
    {"megabytes of NULs are skipped and lose no line", megabytes_of_nuls_lose_no_line},
    {"many lines across the window's end are whole", many_lines_across_windows},
    {"gzip and UTF-16 files give the same lines", packed_and_wide_files_give_the_same_lines},
    {"offsets count the byte order mark", offsets_count_the_mark},
    {"a truncated gzip file keeps its lines", truncated_gzip_keeps_its_lines},
    {"damage is told after all lines before it", damage_comes_after_the_lines},
    {"in follow mode half a line waits for its rest", partial_lines_wait_for_their_rest},
};

TEST_MAIN(cases)
