/* parse_ahead.h - reading, parsing and hashing in a thread of its own, ahead of the analysis
 *
 * What a line says does not depend on what the analysis makes of it; so one processor reads,
 * unpacks, parses and takes the keys of events while another judges. The thread hands over records
 * with their events in batches, in the order in which they would have come without it. Between
 * parse_ahead_start() and parse_ahead_stop() the log stream is the thread's, but for the time in
 * which it rests.
 *
 * All functions are for the one thread that analyses. */
#ifndef PARSE_AHEAD_H
#define PARSE_AHEAD_H

#include "correlate/event_keys.h"
#include "log_stream.h"

/* A record, or a part of one of very many events, or a warning of the stream. */
struct parse_ahead_part {
    const char *warning; /* NULL: a record */
    const struct parser *parser;
    int64_t time_us;
    uint64_t evictions; /* log_stream_evictions() before this record was parsed */
    unsigned events;    /* to be fetched by parse_ahead_event() */
    enum parse_result result;
    bool begins, ends; /* its first part, its last one: only that knows the result */
};

struct parse_ahead;

/* parse_ahead_start - let a thread read and parse from here on
 *
 *   in        stream   borrowed; of regular files that nobody waits for
 *             key      of the keys of events
 *   result    NULL when no thread can be had
 *   note      the thread takes no signals
 *   cost      one thread; half a MiB, more while single lines have very many events */
struct parse_ahead *parse_ahead_start(struct log_stream *stream, const struct hash_key *key);

/* parse_ahead_next - the next part; waits for the thread when it is behind
 *
 *   out       ret    valid, as its events, until the next call
 *   result    false: everything that was read has been handed out, and the thread rests or is at
 *             the end of the inputs */
bool parse_ahead_next(struct parse_ahead *a, struct parse_ahead_part *ret);

/* parse_ahead_event - the next event of the part handed out last
 *
 *   out       ret_keys   its keys
 *   result    valid, as its keys, as long as the part */
const struct event *parse_ahead_event(struct parse_ahead *a, const struct event_keys **ret_keys);

/* parse_ahead_rest - read no further than now: parse_ahead_next() gives what was read, then false
 */
void parse_ahead_rest(struct parse_ahead *a);

/* parse_ahead_go_on - after parse_ahead_next() said false: read on
 *
 *   result    false: that was the end of the inputs */
bool parse_ahead_go_on(struct parse_ahead *a);

/* parse_ahead_stop - end the thread, wherever it is, and free; result NULL
 *
 *   note      what was not handed out is lost: rest first */
struct parse_ahead *parse_ahead_stop(struct parse_ahead *a);

#endif
