/* test_read_ahead.c - a decoder in a thread gives what it gives without one, and ends cleanly */
#include "input/read_ahead.h"

#include "input/source.h"
#include "input_fixtures.h"
#include "test.h"

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

struct outcome {
    struct bytes text;
    ssize_t last;
    bool truncated;
    uint64_t trailing, consumed;
    struct error error;
};

/* A whole file, with or without a thread, by reads of step bytes. */
static struct outcome read_file(const char *path, unsigned threads, size_t step)
{
    struct outcome o = {0};
    struct source_options how = {.threads_left = &threads};
    unsigned before = threads;
    struct source *source = source_open_with(path, &how, &o.error);
    char *buf = panic_calloc(1, step);

    ASSERT(source != NULL);
    while ((o.last = source_read(source, buf, step)) > 0)
        bytes_add(&o.text, (slice){buf, (size_t)o.last});
    CHECK_INT(threads, before == 0 ? 0 : before - 1);
    CHECK_INT(source_read(source, buf, step), o.last);
    o.truncated = source_truncated(source);
    o.trailing = source_trailing_bytes(source);
    o.consumed = source_consumed_bytes(source);
    o.error = *source_error(source);
    source_free(&source);
    CHECK_INT(threads, before);
    free(buf);
    return o;
}

static void write_file(char *path, slice content)
{
    int fd = mkstemp(path);

    ASSERT(fd >= 0);
    write_fully(fd, content);
    close(fd);
}

static void check_same(slice content)
{
    char path[] = "/tmp/relaywatch-ahead-XXXXXX";

    write_file(path, content);
    for (size_t step = 1000; step < 1000000; step = step * 9 + 1) {
        struct outcome a = read_file(path, 0, step), b = read_file(path, 1, step);
        CHECK_INT(a.last, b.last);
        CHECK(slice_eq(bytes_slice(&a.text), bytes_slice(&b.text)));
        CHECK_INT(a.truncated, b.truncated);
        CHECK_INT(a.trailing, b.trailing);
        CHECK_INT(a.consumed, b.consumed);
        CHECK_STR(a.error.text, b.error.text);
        bytes_free(&a.text);
        bytes_free(&b.text);
    }
    unlink(path);
}

static void the_same_with_and_without(void)
{
    struct bytes text = {0}, packed = {0}, wide = {0};
    slice all = sample_text(&text, 60000);

    bytes_add_gzip(&packed, SLICE_LIT(""), 0);
    check_same(bytes_slice(&packed));
    bytes_add_gzip(&packed, all, 0);
    check_same(bytes_slice(&packed));
    check_same(slice_first(bytes_slice(&packed), packed.len - 100)); /* torn */
    bytes_fill(&packed, '\0', 70000);
    bytes_add_gzip(&packed, all, 0);
    bytes_add(&packed, SLICE_LIT("garbage"));
    check_same(bytes_slice(&packed));
    packed.ptr[packed.len - 5000] ^= 0x10;
    check_same(bytes_slice(&packed)); /* damaged */
    packed.len = 0;
    bytes_add(&wide, SLICE_LIT("\xFF\xFE"));
    bytes_add_utf16(&wide, all, false);
    bytes_add_gzip(&packed, bytes_slice(&wide), 0);
    check_same(bytes_slice(&packed));
    bytes_free(&wide);
    bytes_free(&packed);
    bytes_free(&text);
}

/* At any moment: before it has begun, while it waits for room, at its end. */
static void stopped_early(void)
{
    struct bytes text = {0}, packed = {0};
    char path[] = "/tmp/relaywatch-ahead-XXXXXX", buf[1000];
    unsigned threads = 1;
    struct source_options how = {.threads_left = &threads};

    bytes_add_gzip(&packed, sample_text(&text, 60000), 0);
    write_file(path, bytes_slice(&packed));
    for (unsigned i = 0; i < 200; i++) {
        struct source *source = source_open_with(path, &how, NULL);
        for (unsigned reads = i % 7; reads > 0; reads--)
            CHECK(source_read(source, buf, sizeof buf) > 0);
        if (i % 50 == 0)
            usleep(20000); /* it fills the ring meanwhile */
        source_free(&source);
        CHECK_INT(threads, 1);
    }
    unlink(path);
    bytes_free(&packed);
    bytes_free(&text);
}

static void threads_are_counted(void)
{
    struct bytes packed = {0};
    char path[] = "/tmp/relaywatch-ahead-XXXXXX", plain[] = "/tmp/relaywatch-ahead-XXXXXX", c;
    unsigned threads = 2;
    struct source_options how = {.threads_left = &threads};
    struct source *sources[3];

    bytes_add_gzip(&packed, SLICE_LIT("line\n"), 0);
    write_file(path, bytes_slice(&packed));
    write_file(plain, SLICE_LIT("line\n"));
    for (unsigned i = 0; i < 3; i++) {
        sources[i] = source_open_with(path, &how, NULL);
        CHECK(source_read(sources[i], &c, 1) == 1 && c == 'l');
        CHECK_INT(threads, i == 0 ? 1 : 0);
    }
    for (unsigned i = 0; i < 3; i++)
        source_free(&sources[i]);
    CHECK_INT(threads, 2);
    sources[0] = source_open_with(plain, &how, NULL);
    CHECK(source_read(sources[0], &c, 1) == 1);
    CHECK_INT(threads, 2); /* nothing to unpack */
    source_free(&sources[0]);
    unlink(path);
    unlink(plain);
    bytes_free(&packed);
}

static void looking_takes_no_thread(void)
{
    struct bytes packed = {0};
    char path[] = "/tmp/relaywatch-ahead-XXXXXX", c;
    unsigned threads = 1;
    struct source_options how = {.threads_left = &threads};
    slice head;

    bytes_add_gzip(&packed, SLICE_LIT("line one\nline two\n"), 0);
    write_file(path, bytes_slice(&packed));
    struct source *source = source_open_with(path, &how, NULL);
    CHECK(source_peek(source, 100, &head));
    CHECK_SLICE(head, "line one\nline two\n");
    CHECK_INT(threads, 1);
    CHECK_INT(source_skip(source, 9), 9);
    CHECK_INT(threads, 0);
    CHECK(source_read(source, &c, 1) == 1 && c == 'l');
    CHECK(source_ended_line(source)); /* of a packed file nobody can tell */
    source_free(&source);
    unlink(path);
    bytes_free(&packed);
}

static const struct test_case cases[] = {
    {"a thread changes no byte, note or error", the_same_with_and_without},
    {"it can be stopped at any moment", stopped_early},
    {"there are no more threads than allowed", threads_are_counted},
    {"to look at the first bytes takes no thread", looking_takes_no_thread},
};

TEST_MAIN(cases)
