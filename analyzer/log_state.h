/* log_state.h - where each log was left, to a state and back
 *
 * Of a log that is being read: its position, what its reader knows of the lines before (the year of
 * stamps without one, open records), the sorting window, and a record that was read and not yet
 * given out. Of any other: its position. */
#ifndef LOG_STATE_H
#define LOG_STATE_H

#include "log_stream.h"

struct state_io;

/* log_stream_persist - to a state or back, see base/state.h; between two records only. Back: before
 * the first record is asked for, and before log_stream_follow() */
void log_stream_persist(struct log_stream *s, struct state_io *io);

/* log_stream_keep_positions - remember where logs are left, so that log_stream_persist() can tell
 */
void log_stream_keep_positions(struct log_stream *s);

/* log_stream_merge - add the input totals of another run */
void log_stream_merge(struct log_stream *dst, const struct log_stream *src);

#endif
