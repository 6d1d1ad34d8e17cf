/* parser.h - the interface each row of parsers/parsers.def implements
 *
 * Reading a line has two layers. The envelope layer (parsers/envelope.c) takes the syslog, journal
 * or container wrapper off and yields a record: time, host, tag, process id, text. The parser layer
 * turns the text into at most a few events. A parser whose file has no syslog envelope (Exchange,
 * Exim mainlog, qmail) does both: its `open` looks at first lines and its `record` yields the time.
 *
 * A parser never decides anything and never keeps a slice: bytes are borrowed until the next line.
 */
#ifndef EVENT_PARSER_H
#define EVENT_PARSER_H

#include "event/event.h"

/* One log line without its envelope. All slices are borrowed from the line. */
struct record {
    int64_t time_us; /* UTC */
    bool has_time;   /* false: a continuation or header; time_us repeats the source's last */
    slice host;      /* absent when the envelope has none */
    slice tag;       /* syslog tag without [pid]: "postfix/submission/smtpd" */
    slice pid;       /* digits between the brackets; absent when none */
    slice text;      /* what the program wrote */
    uint32_t repeat; /* 1, or N of "message repeated N times" */
    struct line_pos pos;
};

enum parse_result {
    PARSE_EVENT,  /* one event was handed to the sink (or several)                          */
    PARSE_SKIP,   /* ours and well formed, of no interest                                   */
    PARSE_HELD,   /* first part of a multi-line record; kept in *state, by copy             */
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
    /* Does this parser want records with this tag? Called for syslog-enveloped lines; NULL: never.
     */
    bool (*claims)(slice tag);
    /* Turn one record into events.
     *   in      state   state_size zeroed bytes per source, this parser's own
     *           rec     borrowed
     *           ev      scratch: reset it (event_reset) before each event; time, host and pos are
     * the parser's to copy sink    call sink->take once an event is complete */
    enum parse_result (*parse)(void *state, const struct record *rec, struct event *ev,
                               const struct event_sink *sink);
    size_t state_size;
    /* For files without a syslog envelope; NULL for syslog dialects.
     * probe: how surely (0..100) do these first bytes of a file belong to this parser?
     * read:  take one raw line; fills rec->time_us/has_time (UTC; tz_offset_s = zone of local-time
     * formats). */
    unsigned (*probe)(slice head);
    enum parse_result (*read)(void *state, slice line, struct record *rec);
};

#endif
