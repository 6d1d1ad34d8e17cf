/* exchange_eventlog.h - what the files of the application event log parser share
 *
 * exchange_eventlog.c reads exports in rows, exchange_eventlog_block.c those in paragraphs; both
 * make records: tag = source, pid = number, host = computer, text = description.
 * exchange_eventlog_text.c makes events of descriptions. */
#ifndef PARSERS_EXCHANGE_EVENTLOG_H
#define PARSERS_EXCHANGE_EVENTLOG_H

#include "event/parser.h"

enum { EVENTLOG_ROOM = 8192, EVENTLOG_NAME = 64 };

/* An entry that is being put together from lines. */
struct eventlog_block {
    bool open, has_text; /* anything was read; the description has begun */
    char source[EVENTLOG_NAME], id[8], computer[EVENTLOG_NAME];
    char date[32], clock[32];
    struct line_pos begun;
    size_t len; /* of the description */
    char text[EVENTLOG_ROOM];
};

/* exchange_eventlog_source - is this the name of a source of ours? Result: its name in our
 * spelling, absent when it is another program's */
slice exchange_eventlog_source(slice name);

/* exchange_eventlog_block_starts - does this line begin a new entry, given what is open?
 *
 *   in        line   without indent and line end */
bool exchange_eventlog_block_starts(const struct eventlog_block *b, slice line);

/* exchange_eventlog_block_add - one more line of the present entry; cut at EVENTLOG_ROOM */
void exchange_eventlog_block_add(struct eventlog_block *b, slice line);

/* exchange_eventlog_block_clear - the next entry */
void exchange_eventlog_block_clear(struct eventlog_block *b);

/* exchange_eventlog_parse - the record of one entry to events */
enum parse_result exchange_eventlog_parse(void *state, const struct record *rec, struct event *ev,
                                          const struct event_sink *sink);

#endif
