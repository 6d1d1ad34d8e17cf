/* log_stream.h - all inputs as one stream of records in event time
 *
 * Inputs that follow each other in time are read one after the other; inputs that overlap (several
 * servers, several logs of one server) are merged by time, one cursor each. Lines of one input that
 * are out of order are sorted in a window of two minutes; an input is read straight through until
 * its first such line. The order of the records depends on the bytes of the inputs only.
 *
 * lifetime: a record and all its slices are valid until the next log_stream_next(). */
#ifndef LOG_STREAM_H
#define LOG_STREAM_H

#include "alert/summary.h"
#include "config.h"
#include "event/parser.h"
#include "input/follow.h"
#include "input/input_set.h"
#include "record_reader.h"

struct log_stream;

/* log_stream_new - over a set of inputs
 *
 *   in        inputs   borrowed, as is config; both outlive the stream
 *             now_us   wall clock, the year rule's reference for pipes only
 *             max_read see line_reader_options; 0 in normal use */
struct log_stream *log_stream_new(const struct config *config, struct input_set *inputs,
                                  int64_t now_us, size_t max_read);
struct log_stream *log_stream_free(struct log_stream *s);

/* log_stream_next - the next record that some parser claims
 *
 *   result    false at the end of all inputs */
bool log_stream_next(struct log_stream *s, struct log_record *ret);

/* log_stream_follow - do not end, but wait for more of these logs and for new ones
 *
 *   in        names     the stream's from now on; the set of inputs, which must be empty, is filled
 *                       with them
 *             from_end  pass over what the files hold now, unless it is known how far they were
 *                       read
 *   note      log_stream_next() is then false when nothing can be given now */
void log_stream_follow(struct log_stream *s, struct follow *names, bool from_end);

/* log_stream_wait - after log_stream_next() said false: wait until there may be more
 *
 *   in        most_ms  return after so long in any case; a signal ends the wait as well
 *   result    false: nothing is followed, it was the end */
bool log_stream_wait(struct log_stream *s, int most_ms);

/* log_stream_idle_us - for how long (wall clock) all followed logs have been at their end with
 * nothing held back; 0: they are not */
int64_t log_stream_idle_us(const struct log_stream *s);

/* log_stream_end - no more is to come of the logs that are followed: if all have been read to their
 * end, log_stream_next() gives out what was held back, then ends; else nothing changes
 *
 *   result    whether it is so */
bool log_stream_end(struct log_stream *s);

/* log_stream_reject - the parser could not read this record: count it */
void log_stream_reject(struct log_stream *s, const struct log_record *rec);

/* log_stream_on_passed - called for each line of which no record was made
 *
 *   status    as record_reader_next() said; RECORD_READY: outside --since and --until
 *   format    the parser whose own file format the input has, or NULL */
void log_stream_on_passed(struct log_stream *s,
                          void (*passed)(void *arg, enum record_status status,
                                         const struct line_pos *pos, const struct parser *format),
                          void *arg);

/* log_stream_totals - counters so far: lines, bytes, skipped, foreign, rejected, cut, sources ...
 */
void log_stream_totals(const struct log_stream *s, struct input_totals *ret);

/* log_stream_evictions - what the parsers gave up for want of room, so far */
uint64_t log_stream_evictions(const struct log_stream *s);

/* log_stream_source_name - of line_pos.source */
const char *log_stream_source_name(const struct log_stream *s, uint32_t source);
/* log_stream_consumed - compressed bytes read so far, for progress; log_stream_current: the input
 * being read */
uint64_t log_stream_consumed(const struct log_stream *s);
const char *log_stream_current(const struct log_stream *s);

/* log_stream_on_warning - called with one line of text for each thing worth a warning (cannot open,
 * truncated gzip ...) */
void log_stream_on_warning(struct log_stream *s, void (*warn)(void *arg, const char *text),
                           void *arg);

#endif
