/* parser.h - the interface each row of parsers/parsers.def implements
 *
 * Reading a line has two layers. The envelope layer (parsers/envelope.c) takes the syslog, journal
 * or container wrapper off and yields a record: time, host, tag, process id, text. The parser layer
 * turns the text into at most a few events. A parser whose file has no syslog envelope (Exchange,
 * Exim mainlog, qmail) does both: its `probe` looks at the first lines and its `read` makes
 * records.
 *
 * A parser never decides anything and never keeps a slice: bytes are borrowed until the next line.
 */
#ifndef EVENT_PARSER_H
#define EVENT_PARSER_H

#include "event/event.h"
#include "event/time_zone.h"

struct state_io;

/* One log line without its envelope. All slices are borrowed from the line. */
struct record {
    int64_t time_us; /* UTC */
    bool has_time;   /* false: a continuation or header; time_us repeats the source's last */
    slice host;      /* absent when the envelope has none */
    slice tag;       /* syslog tag without [pid]: "postfix/submission/smtpd" */
    slice pid;       /* digits between the brackets; absent when none */
    slice text;      /* what the program wrote */
    uint32_t repeat; /* 1, or N of "message repeated N times" */
    uint32_t note;   /* the parser's own, from read() to parse(): which column layout, say */
    struct line_pos pos;
};

/* record_event - ev anew, as an event of this kind at the time, place and host of a record */
static inline void record_event(const struct record *rec, enum event_kind kind, struct event *ev)
{
    event_reset(ev);
    ev->kind = kind;
    ev->time_us = rec->time_us;
    ev->pos = rec->pos;
    ev->repeat = rec->repeat == 0 ? 1 : rec->repeat;
    event_set(ev, EF_HOST, rec->host);
}

/* What read() made of one line. */
enum record_status {
    RECORD_READY,   /* the record is filled */
    RECORD_SKIP,    /* header, blank line, part of a record that is not complete */
    RECORD_FOREIGN, /* nothing this format could have written: another one may know it */
    RECORD_REJECT   /* of this format, but broken; counted */
};

struct parser_memory;

/* What a parser may need to know about its input; all outlives it. */
struct parser_env {
    const struct time_zone *zone; /* of times that carry none */
    int year;                     /* --year, or 0 */
    int64_t reference_us;         /* when the input was last written, or now; see year_rule.h */
    struct parser_memory *memory; /* of the run; NULL: this input stands alone */
    void *shared;                 /* for start(): this parser's block of shared_size bytes */
};

enum parse_result {
    PARSE_EVENT,  /* one event was handed to the sink (or several)                          */
    PARSE_SKIP,   /* ours and well formed, of no interest                                   */
    PARSE_REJECT, /* ours by its tag or format, but broken or of unknown shape; counted     */
    PARSE_FOREIGN /* another program's line: not counted against the parser                 */
};

/* Receives each event while its slices are valid. */
struct event_sink {
    void (*take)(void *arg, struct event *ev);
    void *arg;
};

struct parser {
    const char *name;    /* "postfix": --format value, counter label, samples folder */
    const char *summary; /* one line for --list-parsers */
    const char *source;  /* program and version whose source the grammar was read from */
    bool logins_only;    /* no mail server: it says what server this is only if nobody else does */
    /* Does this parser want records with this tag? Called for syslog-enveloped lines; NULL: never.
     */
    bool (*claims)(slice tag);
    /* What parse() finds in rec->note of a syslog-enveloped line: the tag taken apart, so that it
     * is done once a tag and not once a line. 0 means nothing, and parse() has to do it itself.
     * NULL: always 0. */
    uint32_t (*tag_note)(slice tag);
    /* Turn one record into events.
     *   in      state   state_size zeroed bytes per source, this parser's own
     *           rec     borrowed
     *           ev      scratch: reset it (event_reset) before each event; time, host and pos are
     * the parser's to copy sink    call sink->take once an event is complete */
    enum parse_result (*parse)(void *state, const struct record *rec, struct event *ev,
                               const struct event_sink *sink);
    size_t state_size;
    /* Zeroed bytes that all inputs of a run share; start() keeps env->shared, and only parse()
     * looks into it: sessions that go on in the next file, names that another file told. */
    size_t shared_size;
    uint64_t (*evictions)(const void *shared); /* given up for want of room; may be NULL */
    /* Set up a fresh state; NULL when zeroed bytes will do. */
    void (*start)(void *state, const struct parser_env *env);
    /* For files in a format of their own; both NULL for syslog dialects.
     * probe: how surely (0..100) do these first bytes, which may be a single line, belong to this
     *        parser? 50 and more: surely enough to take the input.
     * read:  one raw line, or SLICE_NONE at the end of the input, when a record that is held may
     *        come out. Fills all of *rec but pos, which is this line's and stays so unless the
     *        record began earlier. Slices are valid until the next read(); records may be sorted by
     *        time in between, so parse() must not look at what read() keeps for later lines, but at
     *        rec->note. A line that an outsider can write freely (message text) is RECORD_SKIP. */
    unsigned (*probe)(slice head);
    enum record_status (*read)(void *state, slice line, struct record *rec);
    /* The state of a source to a state file or back, see base/state.h: what start() sets is a hole.
     * NULL: after a restart it is as start() leaves it, and has seen the lines ahead of the first
     * record once more. */
    void (*persist)(void *state, struct state_io *io);
};

#endif
