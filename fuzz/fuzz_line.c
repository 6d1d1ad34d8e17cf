/* fuzz_line.c - one log line through envelope and parser
 * source:   libFuzzer
 * limits:   lines of one input share the envelope's state, as in a file */
#include <stdlib.h>

#include "envelope.h"
#include "parsers.h"

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
    static struct envelope envelope;
    static const struct time_zone utc;
    slice rest = {(const char *)data, size};
    size_t sum = 0;
    struct event_sink sink = {take, &sum};

    envelope_init(&envelope, &utc, 2026, 0);
    while (rest.len > 0) {
        size_t eol = slice_find_byte(rest, '\n');
        struct record rec = {0};
        struct event ev;
        if (envelope_read(&envelope, slice_first(rest, eol), &rec) == ENVELOPE_RECORD) {
            const struct parser *parser = parsers_for_tag(NULL, rec.tag);
            rec.pos.text = slice_first(rest, eol);
            if (parser != NULL && parser->state_size == 0)
                parser->parse(NULL, &rec, &ev, &sink);
        }
        rest = slice_from(rest, eol + 1);
    }
    return sum == (size_t)-1;
}
