/* fuzz_line.c - log lines through envelope or file format, and parser
 * source:   libFuzzer
 * limits:   lines of one input share one reader, as in a file */
#include <stdlib.h>

#include "record_reader.h"

static void take(void *arg, struct event *ev)
{
    size_t *sum = arg;

    for (unsigned f = 0; f < EF_COUNT; f++) /* touch every byte a later stage may read */
        for (size_t i = 0; i < event_field(ev, (enum event_field)f).len; i++)
            *sum += (unsigned char)event_field(ev, (enum event_field)f).ptr[i];
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    static const struct time_zone utc;
    static const struct parser_env env = {.zone = &utc, .year = 2026};
    slice rest = {(const char *)data, size};
    struct record_reader *records =
        record_reader_new(&env, NULL, slice_first(rest, RECORD_READER_HEAD));
    size_t sum = 0;
    struct event_sink sink = {take, &sum};
    bool more = true;

    while (more) {
        size_t eol = slice_find_byte(rest, '\n');
        struct line_pos pos = {.text = rest.len > 0 ? slice_first(rest, eol) : SLICE_NONE};
        struct log_record rec;
        struct event ev;
        bool ready = record_reader_next(records, pos.text, &pos, &rec) == RECORD_READY;
        if (ready)
            rec.parser->parse(rec.state, &rec.rec, &ev, &sink);
        more = rest.len > 0 || ready;
        rest = slice_from(rest, eol + 1);
    }
    record_reader_free(records);
    return sum == (size_t)-1;
}
