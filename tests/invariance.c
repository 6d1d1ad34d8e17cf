/* invariance.c - how the bytes arrive must not matter: invariance LOG...
 *
 * Each log goes through the whole pipeline as one file, one byte a read, seven bytes a read, with
 * CRLF line ends, and twice over. Normalised events and JSON output must be the same bytes each
 * time. Then each line is parsed from a heap block of exactly its size, so that a sanitizer sees
 * one byte too far.
 * source:    house rule on invariance tests
 * limits:    line offsets differ with CRLF, so events are compared there without them */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/panic.h"
#include "record_reader.h"
#include "whole_run.h"

struct text {
    char *ptr;
    size_t len;
};

static int failures, checks;

static struct text read_file(const char *path)
{
    FILE *f = fopen(path, "rb");
    struct text t = {NULL, 0};
    size_t n;

    ASSERT(f != NULL);
    do {
        t.ptr = realloc(t.ptr, t.len + 65536);
        ASSERT(t.ptr != NULL);
        n = fread(t.ptr + t.len, 1, 65536, f);
        t.len += n;
    } while (n > 0);
    fclose(f);
    return t;
}

/* Run the pipeline over path; leaves alerts.json and events.ndjson in dir. */
static void run(const char *path, const char *dir, size_t max_read)
{
    char json[512], events[512];
    const char *argv[] = {"relaywatch", "--no-config", "--year",
                          "2026",       "--hash-key",  "00112233445566778899aabbccddeeff",
                          "-qq",        "--output",    json,
                          "--events",   events,        NULL};
    int stop = 0;
    struct whole_run r;

    snprintf(json, sizeof json, "json:%s/alerts.json", dir);
    snprintf(events, sizeof events, "%s/events.ndjson", dir);
    unlink(json + 5);
    unlink(events);
    whole_run_configure(&r, argv);
    ASSERT(whole_run_begin(&r, path, &(struct pipeline_options){.max_read = max_read}) != NULL);
    pipeline_run(r.pipeline, &stop);
    pipeline_finish(r.pipeline);
    whole_run_end(&r);
}

static struct text output_of(const char *dir, const char *name)
{
    char path[512];

    snprintf(path, sizeof path, "%s/%s", dir, name);
    return read_file(path);
}

static void check_same(const char *log, const char *how, const struct text *a, const struct text *b)
{
    checks++;
    if (a->len == b->len && memcmp(a->ptr, b->ptr, a->len) == 0)
        return;
    failures++;
    printf("not ok - %s: %s gives other output (%zu and %zu bytes)\n", log, how, a->len, b->len);
}

static void compare_run(const char *log, const char *path, const char *dir, size_t max_read,
                        const char *how, const struct text *alerts, const struct text *events)
{
    struct text again;

    run(path, dir, max_read);
    if (alerts != NULL) {
        again = output_of(dir, "alerts.json");
        check_same(log, how, alerts, &again);
        free(again.ptr);
    }
    again = output_of(dir, "events.ndjson");
    check_same(log, how, events, &again);
    free(again.ptr);
}

static void write_crlf(const struct text *t, const char *path)
{
    FILE *f = fopen(path, "wb");
    bool wide = t->len >= 2 && memcmp(t->ptr, "\xff\xfe", 2) == 0; /* UTF-16 */

    ASSERT(f != NULL);
    for (size_t i = 0; i < t->len; i++) {
        if (t->ptr[i] == '\n')
            fwrite("\r\0", 1, wide ? 2 : 1, f);
        fputc(t->ptr[i], f);
    }
    fclose(f);
}

static void ignore_event(void *arg, struct event *ev)
{
    (void)arg;
    (void)ev;
}

/* One line in a block of its own; false at the end, when nothing is held any more. */
static bool parse_line(struct record_reader *records, slice line)
{
    char *block = line.ptr == NULL ? NULL : malloc(line.len == 0 ? 1 : line.len);
    struct event_sink sink = {ignore_event, NULL};
    struct line_pos pos = {.text = {block, line.len}};
    struct log_record rec;
    struct event ev;
    bool ready;

    if (block != NULL)
        memcpy(block, line.ptr, line.len);
    ready = record_reader_next(records, pos.text, &pos, &rec) == RECORD_READY;
    if (ready)
        rec.parser->parse(rec.state, &rec.rec, &ev, &sink);
    free(block);
    return ready;
}

static void parse_exact(const struct text *t)
{
    struct time_zone utc = {0};
    struct parser_env env = {.zone = &utc, .year = 2026};
    slice rest = {t->ptr, t->len};
    struct record_reader *records =
        record_reader_new(&env, NULL, slice_first(rest, RECORD_READER_HEAD));

    while (rest.len > 0) {
        size_t eol = slice_find_byte(rest, '\n');
        parse_line(records, slice_first(rest, eol));
        rest = slice_from(rest, eol + 1);
    }
    while (parse_line(records, SLICE_NONE))
        ;
    record_reader_free(records);
}

static void check_log(const char *log, const char *dir)
{
    char crlf[512];
    struct text bytes = read_file(log), alerts, events;

    run(log, dir, 0);
    alerts = output_of(dir, "alerts.json");
    events = output_of(dir, "events.ndjson");
    compare_run(log, log, dir, 0, "the same run again", &alerts, &events);
    compare_run(log, log, dir, 1, "one byte a read", &alerts, &events);
    compare_run(log, log, dir, 7, "seven bytes a read", &alerts, &events);
    snprintf(crlf, sizeof crlf, "%s/crlf.log", dir);
    write_crlf(&bytes, crlf);
    compare_run(log, crlf, dir, 0, "CRLF line ends", NULL, &events);
    parse_exact(&bytes);
    free(bytes.ptr);
    free(alerts.ptr);
    free(events.ptr);
    unlink(crlf);
}

int main(int argc, char **argv)
{
    char dir[] = "invariance.XXXXXX";
    char path[64];

    ASSERT(mkdtemp(dir) != NULL);
    for (int i = 1; i < argc; i++)
        check_log(argv[i], dir);
    snprintf(path, sizeof path, "%s/alerts.json", dir);
    unlink(path);
    snprintf(path, sizeof path, "%s/events.ndjson", dir);
    unlink(path);
    rmdir(dir);
    printf("%d logs, %d comparisons, %d differ\n", argc - 1, checks, failures);
    return failures != 0 || checks == 0;
}
