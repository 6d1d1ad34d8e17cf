/* test_source.c - decoders, marks, conversion and facts of one input; and the progress line */
#include "input/source.h"

#include <signal.h>
#include <sys/time.h>

#include "input/progress.h"
#include "input/utf16.h"
#include "input_fixtures.h"
#include "test.h"

/* All of a source by reads of `step` bytes; *ret_last is the result of the last read: 0 or -1. */
static struct bytes read_all(struct source *source, size_t step, ssize_t *ret_last)
{
    struct bytes all = {0};
    char *buf = panic_calloc(1, step);

    while ((*ret_last = source_read(source, buf, step)) > 0)
        bytes_add(&all, (slice){buf, (size_t)*ret_last});
    free(buf);
    return all;
}

static void check_reads(slice content, slice want)
{
    for (size_t step = 1; step <= 4096; step = step * 3 + 1) {
        struct error error = {0};
        struct source *source = source_open_fd(file_with(content), "test.log", &error);
        CHECK_STR(error.text, "");
        if (source == NULL)
            return;
        ssize_t last;
        struct bytes got = read_all(source, step, &last);
        CHECK_INT(last, 0);
        CHECK_INT(got.len, want.len);
        CHECK(slice_eq(bytes_slice(&got), want));
        bytes_free(&got);
        source_free(&source);
        CHECK(source == NULL);
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

static void plain_and_short_files(void)
{
    static const char *const contents[] = {"",       "a",    "ab",       "abc",
                                           "abcd\n", "\x1f", "\x1f\x8b", "one\ntwo\n"};

    for (size_t i = 0; i < sizeof contents / sizeof contents[0]; i++)
        check_reads(slice_of(contents[i]), slice_of(contents[i]));
}

static void gzip_of_one_and_many_members(void)
{
    struct bytes text = {0}, packed = {0};
    slice all = sample_text(&text, 20000);

    bytes_add_gzip(&packed, all, 0);
    check_reads(bytes_slice(&packed), all);
    packed.len = 0;
    for (slice rest = all; rest.len > 0; rest = slice_from(rest, 99991))
        bytes_add_gzip(&packed, slice_first(rest, 99991), 0);
    bytes_add_gzip(&packed, SLICE_LIT(""), 0);
    check_reads(bytes_slice(&packed), all);
    bytes_free(&packed);
    bytes_free(&text);
}

static void gzip_padding_and_garbage(void)
{
    static const struct {
        slice tail;
        size_t zeros;
    } cases[] = {
        {BYTES(""), 1},
        {BYTES(""), 1 << 19},
        {BYTES("x"), 0},
        {BYTES("\x1f\x8b"), 0},
        {BYTES("garbage \x1f\x8b\x08"), 0},
        {BYTES("after zeros"), 700000},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct bytes packed = {0};
        bytes_add_gzip(&packed, SLICE_LIT("line\n"), 0);
        bytes_fill(&packed, '\0', cases[i].zeros);
        bytes_add(&packed, cases[i].tail);
        check_reads(bytes_slice(&packed), SLICE_LIT("line\n"));
        struct source *source = source_open_fd(file_with(bytes_slice(&packed)), "padded.gz", NULL);
        ssize_t last;
        struct bytes got = read_all(source, 4096, &last);
        CHECK_INT(source_trailing_bytes(source), cases[i].zeros + cases[i].tail.len);
        CHECK(!source_truncated(source));
        CHECK_INT(source_consumed_bytes(source), packed.len);
        source_free(&source);
        bytes_free(&got);
        bytes_free(&packed);
    }
}

/* Damage comes after all that could be decoded, with the name and a reason, again and again. */
static void gzip_damaged(void)
{
    struct bytes text = {0}, packed = {0};
    slice all = sample_text(&text, 5000);
    ssize_t last;
    char byte;

    bytes_add_gzip(&packed, all, 0);
    packed.ptr[packed.len - 6] ^= 0x40; /* in the CRC */
    struct source *source = source_open_fd(file_with(bytes_slice(&packed)), "bad.gz", NULL);
    struct bytes got = read_all(source, 1000, &last);
    CHECK_INT(last, -1);
    CHECK(slice_eq(bytes_slice(&got), all));
    CHECK(slice_starts(slice_of(source_error(source)->text),
                       SLICE_LIT("bad.gz: damaged gzip data at byte ")));
    CHECK_INT(source_error(source)->code, ERROR_INPUT);
    CHECK_INT(source_read(source, &byte, 1), -1);
    source_free(&source);
    bytes_free(&got);

    packed.ptr[3] = (char)0xE0; /* reserved header flags */
    struct error error = {0};
    CHECK(source_open_fd(file_with(bytes_slice(&packed)), "bad.gz", &error) == NULL);
    CHECK(slice_starts(slice_of(error.text), SLICE_LIT("bad.gz: damaged gzip data")));
    bytes_free(&packed);
    bytes_free(&text);
}

static void gzip_on_a_slow_pipe(void)
{
    struct bytes text = {0}, packed = {0};
    slice all = sample_text(&text, 2000);

    for (slice rest = all; rest.len > 0; rest = slice_from(rest, 9999))
        bytes_add_gzip(&packed, slice_first(rest, 9999), 0);
    for (size_t chunk = 1; chunk < 5000; chunk *= 7) {
        struct source *source =
            source_open_fd(pipe_with(bytes_slice(&packed), chunk), "pipe", NULL);
        CHECK_STR(source_decoder(source), "gzip");
        CHECK(!source_is_regular(source));
        CHECK_INT(source_size_bytes(source), 0);
        ssize_t last;
        struct bytes got = read_all(source, 8192, &last);
        CHECK(last == 0 && slice_eq(bytes_slice(&got), all));
        source_free(&source);
        bytes_free(&got);
        wait(NULL);
    }
    bytes_free(&packed);
    bytes_free(&text);
}

static void facts_of_files(void)
{
    struct bytes packed = {0};
    const struct timespec times[2] = {{1700000000, 0}, {1700000123, 456789000}};

    bytes_add_gzip(&packed, SLICE_LIT("x\n"), 1600000000);
    int fd = file_with(bytes_slice(&packed));
    CHECK_INT(futimens(fd, times), 0);
    struct source *source = source_open_fd(fd, "a.gz", NULL);
    CHECK_INT(source_mtime_us(source), 1600000000LL * 1000000);
    CHECK_INT(source_size_bytes(source), packed.len);
    CHECK(source_is_regular(source));
    CHECK_STR(source_name(source), "a.gz");
    source_free(&source);

    packed.len = 0;
    bytes_add_gzip(&packed, SLICE_LIT("x\n"), 0);
    fd = file_with(bytes_slice(&packed));
    CHECK_INT(futimens(fd, times), 0);
    source = source_open_fd(fd, "b.gz", NULL);
    CHECK_INT(source_mtime_us(source), 1700000123456789LL);
    source_free(&source);

    source = source_open_fd(pipe_with(SLICE_LIT("plain\n"), 6), "pipe", NULL);
    CHECK_INT(source_mtime_us(source), 0);
    CHECK_STR(source_decoder(source), "plain");
    source_free(&source);
    wait(NULL);
    bytes_free(&packed);
}

static void errors_name_the_file(void)
{
    struct error error = {0};

    CHECK(source_open("/nonexistent/mail.log", &error) == NULL);
    CHECK_STR(error.text, "/nonexistent/mail.log: cannot open: No such file or directory");
    CHECK_INT(error.code, ERROR_INPUT);
    error = (struct error){0};
    CHECK(source_open("/tmp", &error) == NULL);
    CHECK_STR(error.text, "/tmp: is a directory");
    error = (struct error){0};
    int fd = file_with(SLICE_LIT("\x04\x22\x4d\x18 rest"));
    CHECK(source_open_fd(fd, "mail.lz4", &error) == NULL);
    CHECK_STR(error.text, "mail.lz4: this build cannot read lz4; use: lz4cat FILE | relaywatch -");
}

static void marks_choose_the_encoding(void)
{
    check_reads(SLICE_LIT("\xEF\xBB\xBF#Fields: a\r\n"), SLICE_LIT("#Fields: a\r\n"));
    check_reads(SLICE_LIT("\xEF\xBB\xBF"), SLICE_LIT(""));
    check_reads(SLICE_LIT("\xEF\xBBx"), SLICE_LIT("\xEF\xBBx"));
    check_reads(SLICE_LIT("\xFF\xFE"), SLICE_LIT(""));
    check_reads(SLICE_LIT("\xFF\xFE\x0A\x00"), SLICE_LIT("\n"));
    check_reads(SLICE_LIT("\xFE\xFF\x00\x41\x00\x0A"), SLICE_LIT("A\n"));
    /* U+E9, U+20AC, U+1F4E7 in each order */
    check_reads(SLICE_LIT("\xFF\xFE\xE9\x00\xAC\x20\x3D\xD8\xE7\xDC"),
                SLICE_LIT("\xC3\xA9\xE2\x82\xAC\xF0\x9F\x93\xA7"));
    check_reads(SLICE_LIT("\xFE\xFF\x00\xE9\x20\xAC\xD8\x3D\xDC\xE7"),
                SLICE_LIT("\xC3\xA9\xE2\x82\xAC\xF0\x9F\x93\xA7"));
}

static void bad_utf16_becomes_replacement(void)
{
    check_reads(SLICE_LIT("\xFE\xFF\xD8\x3D\x00\x41"), SLICE_LIT("\xEF\xBF\xBD\x41"));
    check_reads(SLICE_LIT("\xFE\xFF\xDC\xE7\x00\x41"), SLICE_LIT("\xEF\xBF\xBD\x41"));
    check_reads(SLICE_LIT("\xFE\xFF\xD8\x3D\xD8\x3D\xDC\xE7"),
                SLICE_LIT("\xEF\xBF\xBD\xF0\x9F\x93\xA7"));
    check_reads(SLICE_LIT("\xFE\xFF\x00\x41\xD8\x3D"), SLICE_LIT("A\xEF\xBF\xBD"));
    check_reads(SLICE_LIT("\xFE\xFF\x00\x41\x00"), SLICE_LIT("A\xEF\xBF\xBD"));
}

/* Every code point but the surrogates: the closed form of UTF-8 decoded back. */
static void utf16_round_trip_of_all_code_points(void)
{
    for (uint32_t code = 0; code < 0x110000; code++) {
        unsigned char units[4] = {(unsigned char)(code >> 8), (unsigned char)code};
        uint32_t rest = code - 0x10000, high = 0xD800 + (rest >> 10), low = 0xDC00 + (rest & 0x3FF);
        char out[8];
        if (code >= 0xD800 && code <= 0xDFFF)
            continue;
        if (code >= 0x10000)
            memcpy(units,
                   (unsigned char[]){(unsigned char)(high >> 8), (unsigned char)high,
                                     (unsigned char)(low >> 8), (unsigned char)low},
                   4);
        struct utf16 state = {.big_endian = true};
        slice in = {(char *)units, code >= 0x10000 ? 4 : 2};
        size_t n = utf16_convert(&state, &in, out, sizeof out);
        uint32_t back = (unsigned char)out[0];
        if (n > 1)
            back &= 0x7Fu >> n;
        for (size_t i = 1; i < n; i++)
            back = back << 6 | ((unsigned char)out[i] & 0x3F);
        if (back != code || n != (code < 0x80 ? 1u : code < 0x800 ? 2u : code < 0x10000 ? 3u : 4u))
            CHECK_INT(back, code);
    }
}

static void utf16_inside_gzip(void)
{
    struct bytes text = {0}, wide = {0}, packed = {0};
    slice all = sample_text(&text, 3000);

    bytes_add(&wide, SLICE_LIT("\xFF\xFE"));
    bytes_add_utf16(&wide, all, false);
    bytes_add_gzip(&packed, bytes_slice(&wide), 0);
    check_reads(bytes_slice(&packed), all);
    bytes_free(&packed);
    bytes_free(&wide);
    bytes_free(&text);
}

static void peek_does_not_take(void)
{
    struct bytes text = {0}, wide = {0};
    slice all = sample_text(&text, 3000), head = SLICE_NONE;
    ssize_t last;

    bytes_add(&wide, SLICE_LIT("\xFF\xFE"));
    bytes_add_utf16(&wide, all, false);
    struct source *source = source_open_fd(file_with(bytes_slice(&wide)), "wide", NULL);
    CHECK(source_peek(source, 10, &head) && slice_eq(head, slice_first(all, 10)));
    CHECK(source_peek(source, 5000, &head) && slice_eq(head, slice_first(all, 5000)));
    CHECK(source_peek(source, 7, &head) && slice_eq(head, slice_first(all, 7)));
    struct bytes got = read_all(source, 77, &last);
    CHECK(slice_eq(bytes_slice(&got), all));
    source_free(&source);
    source = source_open_fd(file_with(SLICE_LIT("")), "empty", NULL);
    CHECK(source_peek(source, 100, &head));
    CHECK(head.ptr != NULL && head.len == 0);
    source_free(&source);
    bytes_free(&got);
    bytes_free(&wide);
    bytes_free(&text);
}

/* The writer stays connected and silent: what has come must be enough. */
static void peek_does_not_wait_for_a_live_pipe(void)
{
    int ends[2];
    slice head;

    ASSERT(pipe(ends) == 0);
    write_fully(ends[1], SLICE_LIT("the first line of a live log\n"));
    struct source *source = source_open_fd(ends[0], "live", NULL);
    CHECK(source_peek(source, 4096, &head));
    CHECK_SLICE(head, "the first line of a live log\n");
    close(ends[1]);
    source_free(&source);
}

static bool wait_twice(void *arg)
{
    int *waits = arg;

    return ++*waits < 2;
}

static void waiter_can_end_a_silent_pipe(void)
{
    int ends[2], waits = 0;
    char path[32], buf[8];
    struct source_options how = {.waiter = {wait_twice, &waits}};

    ASSERT(pipe(ends) == 0);
    write_fully(ends[1], SLICE_LIT("a line longer than a magic\n"));
    snprintf(path, sizeof path, "/dev/fd/%d", ends[0]);
    struct source *source = source_open_with(path, &how, NULL);
    size_t total = 0;
    for (ssize_t n; (n = source_read(source, buf, sizeof buf)) > 0;)
        total += (size_t)n;
    CHECK_INT(total, 27);
    CHECK_INT(waits, 2);
    CHECK_INT(source_error(source)->code, ERROR_NONE);
    source_free(&source);
    close(ends[0]);
    close(ends[1]);
}

static void on_alarm(int number)
{
    (void)number;
}

/* Signals without SA_RESTART come every 5 ms while a child writes slowly. */
static void signals_do_not_disturb_reading(void)
{
    struct sigaction action = {.sa_handler = on_alarm}, old;
    const struct itimerval often = {{0, 5000}, {0, 5000}}, never = {{0, 0}, {0, 0}};
    struct bytes text = {0};
    slice all = sample_text(&text, 200);
    ssize_t last;

    int fd = pipe_with_pauses(all, 997, 10000);
    sigaction(SIGALRM, &action, &old);
    setitimer(ITIMER_REAL, &often, NULL);
    struct source *source = source_open_fd(fd, "pipe", NULL);
    struct bytes got = read_all(source, 4096, &last);
    setitimer(ITIMER_REAL, &never, NULL);
    sigaction(SIGALRM, &old, NULL);
    CHECK_INT(last, 0);
    CHECK(slice_eq(bytes_slice(&got), all));
    source_free(&source);
    wait(NULL);
    bytes_free(&got);
    bytes_free(&text);
}

static void plain_file_may_grow(void)
{
    int fd = file_with(SLICE_LIT("one\n"));
    int writer = dup(fd); /* shares the offset: appends after what was read */
    char buf[16];

    struct source *source = source_open_fd(fd, "growing", NULL);
    CHECK_INT(source_read(source, buf, sizeof buf), 3);
    CHECK_INT(source_read(source, buf, sizeof buf), 1);
    CHECK_INT(source_read(source, buf, sizeof buf), 0);
    write_fully(writer, SLICE_LIT("two\n"));
    ASSERT(lseek(writer, 4, SEEK_SET) == 4);
    CHECK_INT(source_read(source, buf, sizeof buf), 4);
    CHECK(memcmp(buf, "two\n", 4) == 0);
    close(writer);
    source_free(&source);
}

static void progress_line_reads_well(void)
{
    struct progress progress;
    char buf[80], tiny[8];
    struct progress_state state = {"mail.log", 50000000, 1234567};

    progress_init(&progress, STDERR_FILENO, PROGRESS_NEVER, 200000000);
    CHECK(!progress.enabled);
    progress_format(&progress, &state, 500000, buf, sizeof buf);
    CHECK_STR(buf, "mail.log   25%  100.0 MB/s  1,234,567 lines");
    state.consumed_bytes = 300000000; /* the file has grown */
    progress_format(&progress, &state, 1000000, buf, sizeof buf);
    CHECK_STR(buf, "mail.log  100%  300.0 MB/s  1,234,567 lines");
    progress.total_bytes = 0;
    state = (struct progress_state){"/var/log/archive/mail/with\033[31m/mail.log", 1500000, 999};
    progress_format(&progress, &state, 1000000, buf, sizeof buf);
    CHECK_STR(buf, "archive/mail/with?[31m/mail.log  1.5 MB  1.5 MB/s  999 lines");
    CHECK_INT(progress_format(&progress, &state, 0, tiny, sizeof tiny), sizeof tiny - 1);
    state = (struct progress_state){NULL, UINT64_MAX, UINT64_MAX};
    CHECK(progress_format(&progress, &state, 1, buf, sizeof buf) < sizeof buf);
}

static void progress_is_drawn_rarely_and_erased(void)
{
    struct progress progress;
    struct progress_state state = {"a", 1, 1};
    char buf[512];
    int fd = file_with(SLICE_LIT(""));

    progress_init(&progress, fd, PROGRESS_AUTO, 10); /* not a terminal */
    CHECK(!progress.enabled);
    progress_init(&progress, fd, PROGRESS_ALWAYS, 10);
    progress_clear(&progress);          /* nothing drawn, nothing to erase */
    progress_update(&progress, &state); /* too early */
    CHECK_INT(lseek(fd, 0, SEEK_END), 0);
    progress.next_us = 0;
    for (int i = 0; i < 3; i++)
        progress_update(&progress, &state);
    progress_clear(&progress);
    ASSERT(lseek(fd, 0, SEEK_SET) == 0);
    slice written = {buf, (size_t)read(fd, buf, sizeof buf)};
    CHECK(slice_starts(written, SLICE_LIT("\ra   10%  ")));
    CHECK(slice_ends(written, SLICE_LIT(" 1 lines\033[K\r\033[K")));
    CHECK_INT(slice_find(slice_from(written, 1), SLICE_LIT("\ra")), written.len - 1);
    close(fd);
}

static const struct test_case cases[] = {
    {"plain files of every short length come out as they are", plain_and_short_files},
    {"gzip of one and of many members is the text", gzip_of_one_and_many_members},
    {"zeros and garbage after gzip are ignored and counted", gzip_padding_and_garbage},
    {"damaged gzip gives what is good, then an error", gzip_damaged},
    {"gzip through a pipe in small pieces is the text", gzip_on_a_slow_pipe},
    {"modification time, size and name are known", facts_of_files},
    {"errors name the file and the reason", errors_name_the_file},
    {"byte order marks choose the encoding and disappear", marks_choose_the_encoding},
    {"broken UTF-16 becomes replacement characters", bad_utf16_becomes_replacement},
    {"every code point survives UTF-16 to UTF-8", utf16_round_trip_of_all_code_points},
    {"UTF-16 inside gzip is the text", utf16_inside_gzip},
    {"peeking takes nothing from later reads", peek_does_not_take},
    {"peeking does not wait for a silent live pipe", peek_does_not_wait_for_a_live_pipe},
    {"a waiter can end the wait for a silent pipe", waiter_can_end_a_silent_pipe},
    {"signals do not disturb reading", signals_do_not_disturb_reading},
    {"a plain file that has grown can be read on", plain_file_may_grow},
    {"the progress line has name, percent, speed and lines", progress_line_reads_well},
    {"the progress line is drawn rarely and erased", progress_is_drawn_rarely_and_erased},
};

TEST_MAIN(cases)
