/* reorder.h - a sorting window over the records of one input that is out of order
 *
 * Records are copied in and come out by time, two minutes of event time later; within one moment by
 * the order in which a mail server does things (connect, open, queue, deliver, bounce, remove,
 * disconnect), then as they stood. When the window is full the oldest goes out early and is
 * counted.
 *
 * source: design decision "watermark = latest time less 120 s". */
#ifndef REORDER_H
#define REORDER_H

#include <stdbool.h>
#include <stdint.h>

struct state_io;

struct reorder;
struct log_record;
struct record_reader;

/* reorder_new - empty window of an input whose latest time so far is latest_us; reorder_free
 * returns NULL */
struct reorder *reorder_new(int64_t latest_us);
struct reorder *reorder_free(struct reorder *r);

/* reorder_put - copy a record in */
void reorder_put(struct reorder *r, const struct log_record *rec);
/* reorder_ready - is the oldest record older than the window, or the window full? */
bool reorder_ready(const struct reorder *r);
/* reorder_take - the oldest record, ready or not; valid until the next reorder_take()
 *
 *   result    false when the window is empty */
bool reorder_take(struct reorder *r, struct log_record *ret);

/* reorder_idle - nothing was put in for so long by the wall clock: the window moves on as far;
 * until the next record */
void reorder_idle(struct reorder *r, int64_t idle_us);
/* reorder_count - records held */
uint32_t reorder_count(const struct reorder *r);

/* reorder_overflowed - records that went out early; reorder_late: that came too late for the window
 */
uint64_t reorder_overflowed(const struct reorder *r);
uint64_t reorder_late(const struct reorder *r);

/* reorder_persist - to a state or back, see base/state.h
 *
 *   in        records   the input's reader: its parsers' states are those of the records */
void reorder_persist(struct reorder *r, struct state_io *io, struct record_reader *records);

/* reorder_source - all records held are of this input now */
void reorder_source(struct reorder *r, uint32_t source);

/* log_record_persist - one record, as above
 *
 *   out       text  the bytes the record points to, when it is read; to be freed */
void log_record_persist(struct log_record *rec, char **text, struct state_io *io,
                        struct record_reader *records);

#endif
