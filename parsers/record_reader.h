/* record_reader.h - from the lines of one input to records, each with the parser that claims it
 *
 * An input is either a log with envelopes (syslog, journal, container), where the tag chooses the
 * parser line by line, or a file in a program's own format (Exchange, Exim mainlog, qmail), told by
 * its first lines and never by its name. In a stream put together from several files the format may
 * change: a line that the present format does not know as its own is shown to the others.
 *
 * lifetime: a record borrows from the line and from the reader; it is valid until the next call. */
#ifndef PARSERS_RECORD_READER_H
#define PARSERS_RECORD_READER_H

#include "event/parser.h"

struct state_io;

enum { RECORD_READER_HEAD = 8192 }; /* bytes of an input that are enough to tell its format */

/* One record with the parser that claims it and that parser's state for its source. */
struct log_record {
    struct record rec;
    const struct parser *parser;
    void *state;
};

struct record_reader;

/* record_reader_new - start an input
 *
 *   in        env     zone, year and reference time; its members are copied or outlive the reader
 *             format  the only parser to be asked, or NULL for all
 *             head    the first bytes of the input, may be empty: then the first line decides
 *   lifetime  record_reader_free() returns NULL */
struct record_reader *record_reader_new(const struct parser_env *env, const struct parser *format,
                                        slice head);
struct record_reader *record_reader_free(struct record_reader *r);

/* record_reader_next - one line
 *
 *   in        line   without its newline; absent (SLICE_NONE) at the end of the input: what is held
 *                    of an unfinished record comes out, call until it is not RECORD_READY
 *             pos    where the line stands; pos->text is the line
 *   out       ret    on RECORD_READY only. rec.pos is pos, or the place of the earlier line at
 * which a record of several lines begins */
enum record_status record_reader_next(struct record_reader *r, slice line,
                                      const struct line_pos *pos, struct log_record *ret);

/* record_reader_format - the parser whose own file format this input has; NULL for enveloped logs
 */
const struct parser *record_reader_format(const struct record_reader *r);

/* record_reader_state - what a parser keeps for this input; NULL when it keeps nothing */
void *record_reader_state(struct record_reader *r, const struct parser *parser);

/* record_reader_persist - what is known of the lines before, to a state or back, see base/state.h
 */
void record_reader_persist(struct record_reader *r, struct state_io *io);

#endif
