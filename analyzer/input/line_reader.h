/* line_reader.h - lines out of a source, by one bounded window
 *
 * The window is the only copy of the bytes: a line is borrowed from it until the next call. When no
 * newline is left the unfinished tail is moved to the front and the rest of the window is filled.
 * How the bytes arrive (7 at a time or a megabyte) never changes the lines.
 *
 *   line      up to LF, without it and without one CR before it; the last line may lack its LF
 *   long      more than LINE_READER_LINE_MAX bytes: cut there, flagged, the rest skipped
 *   NULs      a block of NULs ahead of a line is what a crash leaves behind (space allocated, data
 *             never written): skipped and counted. A line of nothing else is not returned. NULs
 *             further inside a line stay.
 *
 * Caller-owned: line_reader_init() ... line_reader_fini(). The counters may be read directly. */
#ifndef INPUT_LINE_READER_H
#define INPUT_LINE_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"
#include "input/source.h"

enum {
    LINE_READER_LINE_MAX = 64 * 1024,
    LINE_READER_WINDOW_MIN = 2 * LINE_READER_LINE_MAX,
    LINE_READER_WINDOW_DEFAULT = 256 * 1024
};

enum line_status {
    LINE_OK,
    LINE_END,  /* no (whole) line is left */
    LINE_ERROR /* reading failed: source_error() of the source; all lines before it were returned */
};

struct line_reader_options {
    size_t window_bytes; /* 0: default; raised to LINE_READER_WINDOW_MIN */
    size_t max_read;     /* bytes asked for in one read; 0: as many as fit. For tests. */
    bool keep_partial; /* follow mode: at the end hold a line without LF back, and read again at the
                          next call */
};

struct line_reader {
    /* of the line returned last */
    uint64_t line_number; /* 1-based; skipped lines count */
    uint64_t line_offset; /* bytes of the decompressed UTF-8 stream before its first byte */
    bool line_cut;
    /* totals so far */
    uint64_t lines_cut; /* longer than LINE_READER_LINE_MAX */
    uint64_t lines_nul; /* only NULs: skipped */
    uint64_t nul_bytes; /* skipped ahead of lines */
    /* as in the options; a follower clears it to get the last, unfinished line of a file it leaves
     */
    bool keep_partial;
    /* private */
    struct source *source;
    bool (*may_read)(void *arg); /* asked before each read; false: as if nothing were there now */
    void *may_read_arg;
    char *window;
    size_t begin, end, capacity; /* unread bytes are window[begin, end) */
    size_t scanned;              /* of them, known to hold no newline */
    uint64_t window_offset;      /* of window[0] in the stream */
    size_t max_read;
    bool skip_rest; /* of a line that was cut; also set by whoever goes on within one */
    bool at_end, failed;
    bool nul_ahead; /* NULs were skipped at the front of the current line */
};

/* line_reader_init - set up over a source
 *
 *   in        source   borrowed; must outlive the reader
 *             options  NULL: defaults
 *   note      offsets count from the start of the file: a UTF-8 byte order mark is 3 bytes
 *   cost      allocates the window; nothing is allocated afterwards */
void line_reader_init(struct line_reader *reader, struct source *source,
                      const struct line_reader_options *options);

/* line_reader_fini - free the window; the source stays open */
void line_reader_fini(struct line_reader *reader);

/* line_reader_next - the next line
 *
 *   out       ret_line  borrowed until the next call; may hold NULs and any other byte but LF
 *   result    LINE_OK, or LINE_END / LINE_ERROR with *ret_line untouched
 *   cost      one memchr over the line; a read when no newline is left */
enum line_status line_reader_next(struct line_reader *reader, slice *ret_line);

/* line_reader_cut - was the line returned last cut */
static inline bool line_reader_cut(const struct line_reader *reader)
{
    return reader->line_cut;
}

/* line_reader_number, line_reader_offset - of the line returned last: 1-based, bytes before it */
static inline uint64_t line_reader_number(const struct line_reader *reader)
{
    return reader->line_number;
}
static inline uint64_t line_reader_offset(const struct line_reader *reader)
{
    return reader->line_offset;
}

/* line_reader_bytes - bytes of the stream dealt with: up to the end of the line returned last */
static inline uint64_t line_reader_bytes(const struct line_reader *reader)
{
    return reader->window_offset + reader->begin;
}

/* line_reader_ahead - bytes of the stream taken from the source: those of the window included */
static inline uint64_t line_reader_ahead(const struct line_reader *reader)
{
    return reader->window_offset + reader->end;
}

/* line_reader_take_over - go on with another source, which stands where the first one stood */
static inline void line_reader_take_over(struct line_reader *reader, struct source *source)
{
    reader->source = source;
    reader->at_end = reader->failed = false;
}

/* line_reader_give_up - drop the line that is not complete; nothing more comes */
static inline void line_reader_give_up(struct line_reader *reader)
{
    reader->begin = reader->end;
    reader->scanned = 0;
    reader->at_end = true;
    reader->keep_partial = false;
}

#endif
