/* test_state.c - pieces there and back; a file with any byte changed, or cut anywhere, is refused
 */
#include "base/state.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "base/pair_filter.h"
#include "base/space_saving.h"
#include "base/table.h"
#include "test.h"

struct thing {
    uint64_t number;
    const char *borrowed;
    char text[24];
};

static const struct state_hole thing_holes[] = {STATE_HOLE(struct thing, borrowed)};
static const struct state_facts facts = {.config = 7, .key = {1, 2}};
static char path[64];

static struct state_io *begin(bool load)
{
    struct error error = {0};
    struct state_io *io =
        load ? state_load(path, &facts, &error) : state_save(path, &facts, &error);

    CHECK_STR(error.text, "");
    return io;
}

static bool finish(struct state_io *io)
{
    return io != NULL && state_close(io, NULL);
}

/* All kinds of pieces, in either direction. */
static void persist_all(struct state_io *io, struct thing *t, unsigned char *pages, size_t bytes,
                        void **block, size_t *block_bytes)
{
    state_struct(io, "thing", t, sizeof *t, STATE_HOLES(thing_holes));
    t->number = state_number(io, "number", t->number);
    state_bytes(io, "pages", pages, 1, bytes);
    state_block(io, "block", block, block_bytes, 100);
}

static void write_small(void)
{
    struct thing t = {42, "here", "a text"};
    unsigned char pages[3 * 4096 + 100] = {0};
    void *block = path;
    size_t bytes = 10;
    struct state_io *io = begin(false);

    pages[5000] = 9;
    persist_all(io, &t, pages, sizeof pages, &block, &bytes);
    CHECK(finish(io));
}

static void pieces_come_back_and_holes_are_left_alone(void)
{
    struct thing t = {0, "there", ""};
    unsigned char pages[3 * 4096 + 100];
    void *block = NULL;
    size_t bytes = 0;

    write_small();
    memset(pages, 0xee, sizeof pages);
    struct state_io *io = begin(true);
    persist_all(io, &t, pages, sizeof pages, &block, &bytes);
    CHECK(finish(io));
    CHECK_INT(t.number, 42);
    CHECK_STR(t.borrowed, "there");
    CHECK_STR(t.text, "a text");
    CHECK_INT(bytes, 10);
    CHECK(block != NULL && memcmp(block, path, 10) == 0);
    for (size_t i = 0; i < sizeof pages; i++)
        if (pages[i] != (i == 5000 ? 9 : 0))
            CHECK_INT(i, -1);
    free(block);
}

static size_t read_file(unsigned char *buf, size_t size)
{
    FILE *f = fopen(path, "rb");
    size_t n = f == NULL ? 0 : fread(buf, 1, size, f);

    if (f != NULL)
        fclose(f);
    return n;
}

/* Is the file taken as it is now? It may not crash in any case. */
static bool is_taken(void)
{
    struct error error = {0};
    struct state_io *io = state_load(path, &facts, &error);

    CHECK((io == NULL) == (error.code != ERROR_NONE));
    return finish(io);
}

static void a_file_that_others_may_write_is_refused(void)
{
    write_small();
    CHECK(is_taken());
    CHECK_INT(chmod(path, 0620), 0);
    CHECK(!is_taken());
    CHECK_INT(chmod(path, 0602), 0);
    CHECK(!is_taken());
    CHECK_INT(chmod(path, 0640), 0);
    CHECK(is_taken());
}

static void a_change_of_any_byte_is_refused(void)
{
    static const unsigned char masks[] = {0x01, 0x80, 0xff};
    static unsigned char bytes[65536];

    write_small();
    size_t size = read_file(bytes, sizeof bytes);
    int fd = open(path, O_RDWR | O_CLOEXEC);
    CHECK(size > 400 && size < sizeof bytes && fd >= 0);
    CHECK(is_taken());
    for (size_t i = 0; i < size; i++) {
        for (unsigned m = 0; m < 3; m++) {
            unsigned char changed = bytes[i] ^ masks[m];
            CHECK_INT(pwrite(fd, &changed, 1, (off_t)i), 1);
            if (is_taken())
                CHECK_INT(i, -1);
        }
        CHECK_INT(pwrite(fd, &bytes[i], 1, (off_t)i), 1);
    }
    CHECK(is_taken());
    close(fd);
}

static void a_cut_at_any_length_is_refused(void)
{
    static unsigned char bytes[65536];

    write_small();
    size_t size = read_file(bytes, sizeof bytes);
    int fd = open(path, O_RDWR | O_CLOEXEC);
    CHECK_INT(pwrite(fd, "", 1, (off_t)size), 1); /* nor may anything follow */
    CHECK(!is_taken());
    CHECK_INT(ftruncate(fd, (off_t)size), 0);
    CHECK(is_taken());
    for (size_t i = size; i-- > 0;) {
        CHECK_INT(ftruncate(fd, (off_t)i), 0);
        if (is_taken())
            CHECK_INT(i, -1);
    }
    close(fd);
}

static void another_configuration_or_key_is_refused_and_no_file_is_no_error(void)
{
    struct state_facts other = facts;
    struct error error = {0};
    struct hash_key key;

    write_small();
    other.config++;
    CHECK(state_load(path, &other, &error) == NULL);
    CHECK(strstr(error.text, "another configuration") != NULL);
    other = facts;
    other.key.k1++;
    CHECK(state_load(path, &other, NULL) == NULL);
    CHECK(state_read_key(path, &key));
    CHECK_INT(key.k1, facts.key.k1);
    unlink(path);
    error = (struct error){0};
    CHECK(state_load(path, &facts, &error) == NULL);
    CHECK_INT(error.code, ERROR_NONE);
    CHECK(!state_read_key(path, &key));
}

/* A byte of the head changed, and its checksum made right again. */
static void change_head(int fd, off_t at)
{
    enum { HEAD_CRC = 108 };
    unsigned char head[HEAD_CRC];
    uint32_t crc;

    CHECK_INT(pread(fd, head, sizeof head, 0), HEAD_CRC);
    head[at] ^= 1;
    crc = (uint32_t)crc32(0, head, sizeof head);
    CHECK_INT(pwrite(fd, head, sizeof head, 0), HEAD_CRC);
    CHECK_INT(pwrite(fd, &crc, sizeof crc, HEAD_CRC), sizeof crc);
}

static void another_version_is_taken_and_another_layout_is_not(void)
{
    enum { VERSION_AT = 16, LAYOUT_AT = 40 };
    struct error error = {0};
    int fd;

    write_small();
    fd = open(path, O_RDWR | O_CLOEXEC);
    change_head(fd, VERSION_AT);
    CHECK(is_taken());
    change_head(fd, LAYOUT_AT + 39);
    CHECK(state_load(path, &facts, &error) == NULL);
    CHECK_INT(error.code, ERROR_CONFIG);
    CHECK(strstr(error.text, "laid out otherwise") != NULL);
    change_head(fd, LAYOUT_AT + 39);
    CHECK(is_taken());
    close(fd);
}

static void pieces_that_are_not_those_expected_fail(void)
{
    struct thing t = {0};
    struct error error = {0};

    write_small();
    struct state_io *io = begin(true);
    t.number = 5;
    state_bytes(io, "another name", &t, sizeof t, 1);
    CHECK(!state_good(io));
    CHECK_INT(t.number, 5);
    CHECK(!state_close(io, &error));
    CHECK(strstr(error.text, "does not fit") != NULL);
}

static void a_file_is_private_and_a_failed_one_leaves_the_old(void)
{
    struct stat info;
    struct error error = {0};
    char folder[80];

    write_small();
    CHECK_INT(stat(path, &info), 0);
    CHECK_INT(info.st_mode & 0777, 0600);
    struct state_io *io = begin(false);
    state_fail(io, "for a test");
    CHECK(!finish(io));
    CHECK(is_taken());
    snprintf(folder, sizeof folder, "%s.none/x", path);
    CHECK(state_save(folder, &facts, &error) == NULL);
    CHECK_INT(error.code, ERROR_OUTPUT);
}

static void a_state_is_for_one_run_at_a_time(void)
{
    struct error error = {0};
    char name[80];
    int first = state_lock(path, &error);

    CHECK(first >= 0);
    CHECK(state_lock(path, &error) < 0);
    CHECK(strstr(error.text, "another run") != NULL);
    close(first);
    int second = state_lock(path, NULL);
    CHECK(second >= 0);
    close(second);
    snprintf(name, sizeof name, "%s.lock", path);
    unlink(name);
}

static void texts_keep_their_numbers(void)
{
    struct state_texts texts = {0}, back = {0};
    uint16_t a = state_texts_number(&texts, "recipients"), b = state_texts_number(&texts, "");

    CHECK_INT(state_texts_number(&texts, "recipients"), a);
    CHECK_INT(state_texts_number(&texts, NULL), 0);
    struct state_io *io = begin(false);
    state_texts(io, &texts);
    CHECK(finish(io));
    io = begin(true);
    state_texts(io, &back);
    CHECK(finish(io));
    CHECK_STR(state_texts_at(&back, a), "recipients");
    CHECK_STR(state_texts_at(&back, b), "");
    CHECK(state_texts_at(&back, 0) == NULL);
    CHECK(state_texts_at(&back, 9) == NULL);
    state_texts_free(&back);
}

/* ---- what goes on must be what would have been ---- */

static uint64_t random_state;

static uint64_t draw(void)
{
    random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return random_state >> 20;
}

static struct table *new_table(void)
{
    return table_new(&(struct table_spec){.name = "test",
                                          .capacity = 300,
                                          .entry_size = 40,
                                          .doorkeeper = true,
                                          .doorkeeper_rotate_us = 1000});
}

static void work_table(struct table *t, unsigned from, unsigned to)
{
    for (unsigned i = from; i < to; i++) {
        uint64_t key = draw() % 900 + 1;
        uint64_t *e = table_get(t, key, i, NULL);
        if (e != NULL)
            *e += key;
        if (e != NULL && key % 17 == 0)
            table_remove(t, e);
        else if (e != NULL && key % 23 == 0)
            table_pin(t, e);
    }
}

static void same_tables(struct table *a, struct table *b)
{
    uint32_t x = 0, y = 0;

    CHECK_INT(table_count(a), table_count(b));
    CHECK_INT(table_evictions(a), table_evictions(b));
    CHECK_INT(table_pinned(a), table_pinned(b));
    for (uint64_t *e, *f; (e = table_next(a, &x)) != NULL;) {
        f = table_next(b, &y);
        CHECK(f != NULL && *e == *f && table_key_of(e) == table_key_of(f));
        CHECK(f != NULL && table_handle(a, e) == table_handle(b, f));
        CHECK(table_find(b, table_key_of(e)) == f);
    }
}

static void a_table_goes_on_as_if_nothing_had_happened(void)
{
    struct table *a = new_table(), *b = new_table();

    random_state = 5;
    work_table(a, 0, 20000);
    work_table(b, 0, 77); /* what is there is replaced */
    random_state = 9;
    struct state_io *io = begin(false);
    table_persist(a, io);
    CHECK(finish(io));
    io = begin(true);
    table_persist(b, io);
    CHECK(finish(io));
    same_tables(a, b);
    random_state = 11;
    work_table(a, 20000, 40000);
    random_state = 11;
    work_table(b, 20000, 40000);
    same_tables(a, b);
    table_free(a);
    table_free(b);
}

static void work_top(struct space_saving *s)
{
    for (int i = 0; i < 5000; i++) {
        uint64_t key = draw() % 200 * (draw() % 7);
        char text[24];
        snprintf(text, sizeof text, "k%llu", (unsigned long long)key);
        space_saving_add(s, key + 1, slice_of(text), draw() % 3, i);
    }
}

static void a_top_table_goes_on_as_if_nothing_had_happened(void)
{
    struct space_saving *a = space_saving_new(70), *b = space_saving_new(70);
    const struct ss_row *x[70], *y[70];

    random_state = 3;
    work_top(a);
    struct state_io *io = begin(false);
    space_saving_persist(a, io);
    CHECK(finish(io));
    io = begin(true);
    space_saving_persist(b, io);
    CHECK(finish(io));
    random_state = 4;
    work_top(a);
    random_state = 4;
    work_top(b);
    CHECK_INT(space_saving_total(a), space_saving_total(b));
    unsigned n = space_saving_top(a, x, 70);
    CHECK_INT(space_saving_top(b, y, 70), n);
    for (unsigned i = 0; i < n; i++)
        CHECK(strcmp(x[i]->key, y[i]->key) == 0 && x[i]->weight == y[i]->weight);
    space_saving_free(a);
    space_saving_free(b);
}

static void a_filter_remembers_its_pairs(void)
{
    struct pair_filter *a = pair_filter_new(1 << 20, 1000), *b = pair_filter_new(1 << 20, 1000);

    for (uint64_t i = 0; i < 5000; i++)
        pair_filter_first(a, i * UINT64_C(0x9e3779b97f4a7c15), 10);
    struct state_io *io = begin(false);
    pair_filter_persist(a, io);
    CHECK(finish(io));
    io = begin(true);
    pair_filter_persist(b, io);
    CHECK(finish(io));
    for (uint64_t i = 0; i < 10000; i++)
        CHECK_INT(pair_filter_seen(b, i * UINT64_C(0x9e3779b97f4a7c15)),
                  pair_filter_seen(a, i * UINT64_C(0x9e3779b97f4a7c15)));
    pair_filter_free(a);
    pair_filter_free(b);
}

static const struct test_case cases[] = {
    {"pieces come back and holes are left alone", pieces_come_back_and_holes_are_left_alone},
    {"a file that others may write is refused", a_file_that_others_may_write_is_refused},
    {"a change of any byte is refused", a_change_of_any_byte_is_refused},
    {"a cut at any length is refused", a_cut_at_any_length_is_refused},
    {"another configuration or key is refused, and no file is no error",
     another_configuration_or_key_is_refused_and_no_file_is_no_error},
    {"another version is taken, and another layout is not",
     another_version_is_taken_and_another_layout_is_not},
    {"pieces that are not those expected fail", pieces_that_are_not_those_expected_fail},
    {"a file is private, and a failed one leaves the old",
     a_file_is_private_and_a_failed_one_leaves_the_old},
    {"a state is for one run at a time", a_state_is_for_one_run_at_a_time},
    {"texts keep their numbers", texts_keep_their_numbers},
    {"a table goes on as if nothing had happened", a_table_goes_on_as_if_nothing_had_happened},
    {"a top table goes on as if nothing had happened",
     a_top_table_goes_on_as_if_nothing_had_happened},
    {"a filter remembers its pairs", a_filter_remembers_its_pairs},
};

/* As TEST_MAIN(), with a file of its own. */
int main(void)
{
    snprintf(path, sizeof path, "test_state.%d", (int)getpid());
    int status = test_main(cases, sizeof cases / sizeof cases[0]);
    unlink(path);
    return status;
}
