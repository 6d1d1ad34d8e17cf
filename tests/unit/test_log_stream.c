/* test_log_stream.c - many inputs as one stream in event time */
#include "log_stream.h"

#include <stdlib.h>

#include "input_fixtures.h"
#include "parsers.h"
#include "test.h"

enum { FILES = 4, NAME_MAX_BYTES = 96 };
static const int64_t start_s = 1772409600; /* 2026-03-02 00:00 UTC */

/* A folder of logs, a stream over them, and what came out. */
struct world {
    char folder[40];
    char path[FILES][NAME_MAX_BYTES];
    unsigned files;
    struct config config;
    struct input_set inputs;
    struct log_stream *stream;
    struct input_totals totals;
    char ids[4096]; /* queue ids, each followed by a blank */
    unsigned warnings;
};

static void world_begin(struct world *w)
{
    memset(w, 0, sizeof *w);
    strcpy(w->folder, "/tmp/relaywatch-test-XXXXXX");
    ASSERT(mkdtemp(w->folder) != NULL);
    ASSERT(time_zone_parse("UTC", &w->config.zone, NULL));
    w->config.since_us = INT64_MIN;
    w->config.until_us = INT64_MAX;
    input_set_init(&w->inputs);
}

static void add_line(struct bytes *b, int at_s, const char *id)
{
    char line[160];

    snprintf(line, sizeof line, "2026-03-02T%02d:%02d:%02d+00:00 mx postfix/qmgr[1]: %s: removed\n",
             at_s / 3600, at_s / 60 % 60, at_s % 60, id);
    bytes_add(b, slice_of(line));
}

/* Write a file into the folder. */
static void world_bytes(struct world *w, const char *name, slice content)
{
    char path[NAME_MAX_BYTES];
    int fd;

    ASSERT(w->files < FILES);
    snprintf(path, sizeof path, "%s/%s", w->folder, name);
    memcpy(w->path[w->files++], path, sizeof path);
    fd = open(path, O_CREAT | O_WRONLY | O_EXCL, 0600);
    ASSERT(fd >= 0);
    write_fully(fd, content);
    close(fd);
}

/* "10 A,20 B": the log with queue id A ten seconds after midnight, and so on. A name that ends in
 * .gz is compressed. */
static void world_file(struct world *w, const char *name, const char *lines)
{
    struct bytes plain = {0}, packed = {0};
    char id[32];
    int at_s, used;

    while (sscanf(lines, "%d %31[A-F0-9]%n", &at_s, id, &used) == 2) {
        add_line(&plain, at_s, id);
        lines += used + (lines[used] == ',');
    }
    if (slice_ends(slice_of(name), SLICE_LIT(".gz")))
        bytes_add_gzip(&packed, bytes_slice(&plain), 0);
    else
        bytes_add(&packed, bytes_slice(&plain));
    world_bytes(w, name, bytes_slice(&packed));
    bytes_free(&plain);
    bytes_free(&packed);
}

static void warned(void *arg, const char *text)
{
    struct world *w = arg;

    (void)text;
    w->warnings++;
}

/* Read all; `order` names the files to give, by their digits. */
static const char *world_read(struct world *w, const char *order)
{
    struct log_record rec;
    size_t n = 0;

    for (; *order != '\0'; order++)
        CHECK(input_set_add(&w->inputs, w->path[*order - '0'], NULL));
    w->stream = log_stream_new(&w->config, &w->inputs, start_s * 1000000, 0);
    log_stream_on_warning(w->stream, warned, w);
    while (log_stream_next(w->stream, &rec)) {
        slice id = slice_first(rec.rec.text, slice_find_byte(rec.rec.text, ':'));
        n += (size_t)snprintf(w->ids + n, sizeof w->ids - n, "%.*s ", (int)id.len, id.ptr);
        CHECK_STR(rec.parser->name, "postfix");
        CHECK_SLICE(rec.rec.tag, "postfix/qmgr");
    }
    log_stream_totals(w->stream, &w->totals);
    return w->ids;
}

static void world_end(struct world *w)
{
    log_stream_free(w->stream);
    input_set_fini(&w->inputs);
    for (unsigned i = 0; i < w->files; i++)
        unlink(w->path[i]);
    rmdir(w->folder);
}

static void inputs_become_one_stream(void)
{
    static const struct {
        const char *name, *file[3], *file_name[3], *since_until, *out;
        int lines;
    } rows[] = {
        {"one file", {"10 A,20 B"}, {"mail.log"}, "", "A B ", 2},
        {"rotated files, whatever their age by name",
         {"50 E,60 F", "30 C,40 D", "10 A,20 B"},
         {"mail.log", "mail.log.1", "mail.log.2.gz"},
         "",
         "A B C D E F ",
         6},
        {"logs of two hosts overlap",
         {"10 A,30 C,50 E", "20 B,40 D,60 F"},
         {"one.log", "two.log"},
         "",
         "A B C D E F ",
         6},
        {"one log lies inside another",
         {"10 A,90 F", "20 B,30 C", "40 D,50 E"},
         {"one.log", "two.log.gz", "three.log"},
         "",
         "A B C D E F ",
         6},
        {"lines out of order by less than two minutes",
         {"100 C,50 B,130 D,20 A,140 E"},
         {"mail.log"},
         "",
         "C A B D E ", /* C was out before the disorder showed */
         5},
        {"a second of disorder is none", {"11 A,10 B,12 C"}, {"mail.log"}, "", "A B C ", 3},
        {"another log appended", {"50000 A,50010 B,10 C,20 D"}, {"mail.log"}, "", "A B C D ", 4},
        {"since is included and until is not",
         {"10 A,20 B,30 C,40 D"},
         {"mail.log"},
         "20 40",
         "B C ",
         4},
        {"an empty file is no obstacle",
         {"10 A", "", "20 B"},
         {"one.log", "two.log", "three.log"},
         "",
         "A B ",
         2},
    };
    static const char *const orders[3][3] = {
        {"0", "0", "0"}, {"01", "10", "01"}, {"012", "210", "120"}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (unsigned k = 0; k < 3; k++) { /* the order of arguments does not matter */
            struct world w;
            int since_s, until_s, before = test_failures;
            world_begin(&w);
            for (unsigned f = 0; f < 3 && rows[i].file[f] != NULL; f++)
                world_file(&w, rows[i].file_name[f], rows[i].file[f]);
            if (sscanf(rows[i].since_until, "%d %d", &since_s, &until_s) == 2) {
                w.config.since_us = (start_s + since_s) * 1000000;
                w.config.until_us = (start_s + until_s) * 1000000;
            }
            CHECK_STR(world_read(&w, orders[w.files - 1][k]), rows[i].out);
            CHECK_INT(w.totals.lines, rows[i].lines);
            CHECK_INT(w.totals.sources, w.files);
            CHECK_INT(w.totals.sources_failed, 0);
            CHECK_INT(w.warnings, 0);
            if (test_failures != before)
                printf("#   in: %s, order %s\n", rows[i].name, orders[w.files - 1][k]);
            world_end(&w);
        }
    }
}

static void a_shuffled_log_comes_out_sorted(void)
{
    enum { COUNT = 600 };
    struct world w;
    struct bytes b = {0};
    struct log_record rec;
    int64_t last = INT64_MIN;
    unsigned seed = 7, seen = 0, back = 0;
    char id[16];

    world_begin(&w);
    for (int i = 0; i < COUNT; i++) {
        seed = seed * 1103515245 + 12345;
        snprintf(id, sizeof id, "%X", 0xA000 + i);
        add_line(&b, 200 + i * 5 - (i == 0 ? 0 : (int)(seed >> 16) % 100), id);
    }
    world_bytes(&w, "mail.log", bytes_slice(&b));
    CHECK(input_set_add(&w.inputs, w.path[0], NULL));
    w.stream = log_stream_new(&w.config, &w.inputs, 0, 0);
    while (log_stream_next(w.stream, &rec)) {
        back +=
            seen > 4 && rec.rec.time_us < last; /* the first lines show that there is disorder */
        last = rec.rec.time_us;
        seen++;
    }
    log_stream_totals(w.stream, &w.totals);
    CHECK_INT(seen, COUNT);
    CHECK_INT(back, 0);
    CHECK_INT(w.totals.reorder_overflow, 0);
    bytes_free(&b);
    world_end(&w);
}

static void evidence_points_at_the_line(void)
{
    struct world w;
    struct log_record rec;
    unsigned seen[2] = {0, 0};

    world_begin(&w);
    world_file(&w, "one.log", "10 A,30 C");
    world_file(&w, "two.log.gz", "20 B,40 D");
    CHECK(input_set_add(&w.inputs, w.path[0], NULL));
    CHECK(input_set_add(&w.inputs, w.path[1], NULL));
    w.stream = log_stream_new(&w.config, &w.inputs, 0, 0);
    while (log_stream_next(w.stream, &rec)) {
        const struct line_pos *pos = &rec.rec.pos;
        CHECK(pos->source < 2);
        CHECK_STR(log_stream_source_name(w.stream, pos->source), w.path[pos->source & 1]);
        CHECK_INT(pos->number, seen[pos->source & 1] + 1);
        CHECK_INT(pos->offset, seen[pos->source & 1] * (pos->text.len + 1));
        CHECK(slice_ends(pos->text, SLICE_LIT(": removed")));
        seen[pos->source & 1]++;
    }
    CHECK_INT(seen[0], 2);
    CHECK_INT(seen[1], 2);
    CHECK_STR(log_stream_source_name(w.stream, 2), "");
    world_end(&w);
}

static void a_broken_input_does_not_stop_the_rest(void)
{
    struct world w;

    world_begin(&w);
    world_file(&w, "one.log", "10 A");
    world_file(&w, "two.log.gz", "20 B,21 B,22 B,23 B");
    world_file(&w, "three.log", "30 C");
    CHECK(input_set_add(&w.inputs, w.path[0], NULL));
    CHECK(input_set_add(&w.inputs, w.path[1], NULL));
    CHECK(truncate(w.path[1], 25) == 0); /* the head of a gzip file and hardly more */
    CHECK(unlink(w.path[0]) == 0);       /* gone before it is opened */
    CHECK_STR(world_read(&w, "2"), "C ");
    CHECK_INT(w.totals.sources, 2);
    CHECK_INT(w.totals.sources_failed, 1);
    CHECK_INT(w.totals.gzip_truncated, 1);
    CHECK_INT(w.warnings, 2);
    world_end(&w);
}

static void a_late_start_is_not_forgotten(void)
{
    struct world w;
    struct bytes b = {0};

    world_begin(&w);
    world_file(&w, "one.log", "10 A,500 E");
    bytes_add(&b, SLICE_LIT("no time in this line\n\n"));
    add_line(&b, 100, "B");
    bytes_add(&b, SLICE_LIT("2026-03-02T00:03:00+00:00 mx cron[1]: job\n"));
    add_line(&b, 200, "D");
    world_bytes(&w, "two.log", bytes_slice(&b));
    bytes_free(&b);
    CHECK_STR(world_read(&w, "10"), "A B D E ");
    CHECK_INT(w.totals.lines, 7);
    CHECK_INT(w.totals.foreign, 2); /* the line without a time, and cron */
    CHECK_INT(w.totals.skipped, 1); /* the blank line */
    world_end(&w);
}

static const struct test_case cases[] = {
    {"inputs become one stream, whatever the order of arguments", inputs_become_one_stream},
    {"a shuffled log comes out sorted", a_shuffled_log_comes_out_sorted},
    {"evidence points at the line of its file", evidence_points_at_the_line},
    {"a broken input does not stop the rest", a_broken_input_does_not_stop_the_rest},
    {"headers and other programs' lines are counted apart", a_late_start_is_not_forgotten},
};

TEST_MAIN(cases)
