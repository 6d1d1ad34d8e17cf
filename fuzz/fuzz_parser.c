/* fuzz_parser.c - log lines through envelope or file format, and one parser
 * algorithm: one program for all rows of parsers.def; the name it is called by says which one:
 *            fuzz_parser_postfix. fuzz_parser_any lets the bytes choose, as a run does
 * source:    libFuzzer
 * limits:    lines of one input share one reader and the parser's memory, as in a file */
#include "fuzz.h"
#include "parser_memory.h"
#include "parsers.h"
#include "record_reader.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);

static const struct parser *only; /* NULL: any */

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    static const char prefix[] = "fuzz_parser_";
    const char *name = strstr((*argv)[0], prefix);

    (void)argc;
    name = name == NULL ? "any" : name + sizeof prefix - 1;
    only = parsers_find(slice_of(name));
    if (only == NULL && strcmp(name, "any") != 0) {
        fprintf(stderr, "no parser is called %s\n", name);
        exit(1);
    }
    return 0;
}

/* Every byte that a later stage may read is there; sets of numbers hold what they may. */
static void take(void *arg, struct event *ev)
{
    (void)arg;
    ASSERT(ev->kind < EVENT_KIND_COUNT && ev->stage < STAGE_COUNT && ev->repeat > 0);
    for (unsigned f = 0; f < EF_COUNT; f++)
        fuzz_touch(event_field(ev, (enum event_field)f));
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    static const struct time_zone utc;
    struct parser_memory *memory = parser_memory_new();
    const struct parser_env env = {.zone = &utc, .year = 2026, .memory = memory};
    slice rest = {(const char *)data, size};
    struct record_reader *records =
        record_reader_new(&env, only, slice_first(rest, RECORD_READER_HEAD));
    struct event_sink sink = {take, NULL};
    struct line_pos pos = {0};
    bool more = true;

    while (more) {
        struct log_record rec;
        struct event ev;
        pos.text = rest.len > 0 ? fuzz_take_line(&rest) : SLICE_NONE;
        pos.number++;
        bool ready = record_reader_next(records, pos.text, &pos, &rec) == RECORD_READY;
        if (ready)
            rec.parser->parse(rec.state, &rec.rec, &ev, &sink);
        more = pos.text.ptr != NULL || ready;
    }
    record_reader_free(records);
    parser_memory_free(memory);
    return 0;
}
