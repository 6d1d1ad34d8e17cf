/* log_cursor.h - the inside of a log stream, shared by the files that make it: log_stream.c
 * (reading and merging), log_follow.c (logs that grow and are rotated), log_state.c (going on after
 * a restart) */
#ifndef LOG_CURSOR_H
#define LOG_CURSOR_H

#include "input/follow.h"
#include "input/line_reader.h"
#include "input/positions.h"
#include "log_stream.h"
#include "parser_memory.h"
#include "reorder.h"

enum { LOG_OPEN_MAX = 64, LOG_JOURNALS_MAX = 16 };

/* Where a journal was left: it has no bytes it could be known again by. */
struct journal_place {
    uint64_t name; /* positions_name() */
    char cursor[JOURNAL_CURSOR_MAX];
};

/* One input that is being read. */
struct cursor {
    unsigned input;
    struct source *source;
    struct line_reader reader;
    struct record_reader *records;
    struct reorder *reorder; /* NULL while the input is in order */
    int64_t first_us;        /* of the file, as far as its first lines tell */
    int64_t latest_us;
    bool drained; /* the reader is at its end; the window may still hold records */
    struct log_record next;
    char *next_text; /* bytes of next, when it was restored from a state; owned */
    struct position pos;
    uint64_t base_bytes, base_lines; /* read in an earlier run, or before it was parked */
    /* of a log that is followed */
    struct positions *positions; /* of the stream */
    bool live;                   /* more may come */
    bool replaced;               /* another file has its name now */
    bool has_next;               /* next is a record */
    bool starved;                /* it was at its end when it was read last */
    bool again;                  /* ... and is to be read again */
    bool emptied;                /* the file was truncated, or has another log in it */
    bool twin;                   /* the same log is being read under another name */
    bool went_on;                /* where it was left in an earlier run */
    int64_t tried_us;            /* wall clock of that */
    int64_t data_us;             /* monotonic: when it began to be at its end */
    int64_t leaving_us;          /* monotonic: when it was replaced or removed; 0 */
};

struct waiting {
    unsigned input;
    int64_t first_us;
};

struct log_follow;

struct log_stream {
    const struct config *config;
    struct input_set *inputs;
    struct parser_memory *memory;
    int64_t now_us;
    size_t max_read;
    struct waiting *waiting; /* by first time */
    unsigned waiting_count, waiting_next, waiting_room;
    struct cursor *open[LOG_OPEN_MAX]; /* by first_us */
    unsigned open_count;
    struct cursor *taken; /* gave the last record: it is read on at the next call */
    struct input_totals totals;
    uint64_t consumed_closed;
    struct positions *positions; /* NULL: nobody asks where a log was left */
    struct journal_place journals[LOG_JOURNALS_MAX];
    unsigned journals_count;
    struct log_follow *follow; /* NULL: a batch */
    struct cursor
        *left[LOG_OPEN_MAX]; /* from a state: records, window and next of logs that were open */
    unsigned left_count;
    int64_t restored_ns; /* wall clock at which the state was written; 0: there was none */
    void (*warn)(void *arg, const char *text);
    void *warn_arg;
    void (*passed)(void *arg, enum record_status status, const struct line_pos *pos,
                   const struct parser *format);
    void *passed_arg;
};

/* log_say - give a warning */
void log_say(const struct log_stream *s, const char *text);

/* log_cursor_open - open an input where it was left; NULL and a warning when it cannot be */
struct cursor *log_cursor_open(struct log_stream *s, unsigned input);

/* log_is_settled - has nobody written to a file for two seconds */
bool log_is_settled(const struct stat *facts);

/* log_cursor_is_over - the same of an open input, whose last line is complete then. Else what is
 * left of it is read when it is looked at again */
bool log_cursor_is_over(const struct cursor *c);

/* log_cursor_read - the next record of an input into *ret; false when there is none (now, of a live
 * one) */
bool log_cursor_read(struct log_stream *s, struct cursor *c, struct log_record *ret);

/* log_cursor_drop - close an input; its position is noted */
void log_cursor_drop(struct log_stream *s, struct cursor *c);

/* log_cursor_note - note how far it has been read */
void log_cursor_note(struct log_stream *s, struct cursor *c, bool is_open);

/* log_records_new - a reader of records for an input last written at mtime_us (0: now) that begins
 * with head */
struct record_reader *log_records_new(const struct log_stream *s, int64_t mtime_us, slice head);

/* log_left_take - give a cursor what its log had when it was left; false when there is nothing
 *
 *   in        id   of the position at which it was left */
bool log_left_take(struct log_stream *s, struct cursor *c, uint64_t id);

/* log_left_free - of a log that did not come again */
void log_left_free(struct cursor *c);

/* log_cursor_put - among the open ones, where there has to be room. Of records of one time that of
 * the log which began first goes out first: a log goes on in the one that took its place
 *
 *   in        c   owned from now on: log_cursor_drop() */
void log_cursor_put(struct log_stream *s, struct cursor *c);

/* log_cursor_earliest - of those that have a record, the one whose record is first; NULL: none has
 */
struct cursor *log_cursor_earliest(const struct log_stream *s);

/* log_waiting_add - an input that is to be opened when its first time is reached */
void log_waiting_add(struct log_stream *s, unsigned input);

/* log_waiting_due - is the next waiting input to be opened before this record is given out? */
bool log_waiting_due(const struct log_stream *s, const struct cursor *first);

/* log_follow_next - as log_stream_next(), for logs that are followed: false when nothing can be
 * given now */
bool log_follow_next(struct log_stream *s, struct log_record *ret);

/* log_follow_free - forget the names; result NULL */
struct log_follow *log_follow_free(struct log_follow *f);

#endif
