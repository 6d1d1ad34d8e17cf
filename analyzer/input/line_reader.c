/* line_reader.c - lines out of a source, by one bounded window
 * algorithm: memchr for LF over what has not been scanned yet; when there is none, read more behind
 *            the unfinished tail. The tail moves to the front when it is no longer than what was
 *            consumed before it: at most one copy of each byte, with reads of any size.
 * limits:    a line is at most LINE_READER_LINE_MAX bytes; the window never grows */
#include "input/line_reader.h"

#include "base/panic.h"

void line_reader_init(struct line_reader *reader, struct source *source,
                      const struct line_reader_options *options)
{
    static const struct line_reader_options defaults = {0};
    const struct line_reader_options *o = options == NULL ? &defaults : options;
    size_t capacity = o->window_bytes == 0 ? LINE_READER_WINDOW_DEFAULT : o->window_bytes;

    if (capacity < LINE_READER_WINDOW_MIN)
        capacity = LINE_READER_WINDOW_MIN;
    *reader = (struct line_reader){
        .source = source,
        .window = panic_calloc(1, capacity),
        .capacity = capacity,
        .window_offset = source_skipped_bytes(source),
        .max_read = o->max_read == 0 ? capacity : o->max_read,
        .keep_partial = o->keep_partial,
    };
}

void line_reader_fini(struct line_reader *reader)
{
    free(reader->window);
    reader->window = NULL;
}

static void make_room(struct line_reader *reader)
{
    size_t tail = reader->end - reader->begin;

    if (tail > reader->begin && reader->end < reader->capacity)
        return;
    if (tail > 0)
        memmove(reader->window, reader->window + reader->begin, tail);
    reader->window_offset += reader->begin;
    reader->begin = 0;
    reader->end = tail;
}

/* More bytes behind the tail; false at the end of the input or after a failure. */
static OUT_OF_LINE bool refill(struct line_reader *reader)
{
    if (reader->failed || (reader->at_end && !reader->keep_partial))
        return false;
    if (reader->may_read != NULL && !reader->may_read(reader->may_read_arg)) {
        reader->at_end = true;
        return false;
    }
    make_room(reader);
    size_t room = reader->capacity - reader->end;
    ssize_t got = source_read(reader->source, reader->window + reader->end,
                              room < reader->max_read ? room : reader->max_read);
    reader->at_end = got == 0;
    reader->failed = got < 0;
    if (got <= 0)
        return false;
    reader->end += (size_t)got;
    return true;
}

/* Drop up to and with the next LF of the window, or all of the window. */
static OUT_OF_LINE void skip_rest_of_line(struct line_reader *reader)
{
    const char *start = reader->window + reader->begin;
    const char *newline = memchr(start, '\n', reader->end - reader->begin);

    reader->skip_rest = newline == NULL;
    reader->begin = newline == NULL ? reader->end : (size_t)(newline + 1 - reader->window);
}

static OUT_OF_LINE void skip_nuls(struct line_reader *reader)
{
    size_t from = reader->begin;

    while (reader->begin < reader->end && reader->window[reader->begin] == '\0')
        reader->begin++;
    reader->nul_bytes += reader->begin - from;
    reader->nul_ahead = true;
}

/* The line is the next len bytes, then its end of `ending` bytes (0 or 1, CR is still inside);
 * false: only NULs. */
static bool take_line(struct line_reader *reader, size_t len, size_t ending, slice *ret_line)
{
    const char *start = reader->window + reader->begin;
    bool nul_ahead = reader->nul_ahead;

    reader->line_number++;
    reader->line_offset = reader->window_offset + reader->begin;
    reader->begin += len + ending;
    reader->scanned = 0;
    reader->nul_ahead = false;
    if (len > 0 && start[len - 1] == '\r')
        len--;
    if (nul_ahead && len == 0) {
        reader->lines_nul++;
        return false;
    }
    reader->line_cut = len > LINE_READER_LINE_MAX;
    reader->lines_cut += reader->line_cut;
    *ret_line = (slice){start, reader->line_cut ? LINE_READER_LINE_MAX : len};
    return true;
}

/* No LF in sight and nothing more comes. */
static OUT_OF_LINE enum line_status take_last_line(struct line_reader *reader, slice *ret_line)
{
    size_t len = reader->end - reader->begin;
    enum line_status last = reader->failed ? LINE_ERROR : LINE_END;

    if (last == LINE_END && reader->keep_partial)
        return LINE_END;
    if (len == 0 && !reader->nul_ahead)
        return last;
    return take_line(reader, len, 0, ret_line) ? LINE_OK : last;
}

/* Longer than any line may be, even if CR LF followed: cut it here, the rest is skipped by the next
 * call. */
static bool is_too_long(const struct line_reader *reader)
{
    return reader->end - reader->begin >= LINE_READER_LINE_MAX + 2;
}

enum line_status line_reader_next(struct line_reader *reader, slice *ret_line)
{
    for (;;) {
        if (reader->skip_rest)
            skip_rest_of_line(reader);
        if (reader->begin < reader->end && reader->window[reader->begin] == '\0')
            skip_nuls(reader);
        const char *start = reader->window + reader->begin;
        size_t have = reader->end - reader->begin;
        const char *newline = memchr(start + reader->scanned, '\n', have - reader->scanned);
        if (newline != NULL) {
            if (take_line(reader, (size_t)(newline - start), 1, ret_line))
                return LINE_OK;
            continue;
        }
        reader->scanned = have;
        if (is_too_long(reader)) {
            reader->skip_rest = true;
            take_line(reader, have, 0, ret_line);
            return LINE_OK;
        }
        if (!refill(reader))
            return take_last_line(reader, ret_line);
    }
}
