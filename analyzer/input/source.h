/* source.h - bytes of one log, decompressed and as UTF-8, whatever the file was
 *
 * A source is a path, a descriptor, stdin or a journal (journal.h). What it holds is told by its
 * first bytes, never by its name: a decoder (decoders.def) takes the compression off, then a byte
 * order mark chooses UTF-16 to UTF-8 conversion. Nothing seeks, so that a pipe works like a file. A
 * source is used by one thread at a time, which may have the decoder work in another.
 *
 * source: RFC 1952 (gzip), RFC 3629 and RFC 2781 (UTF-8, UTF-16 and their marks). */
#ifndef INPUT_SOURCE_H
#define INPUT_SOURCE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/slice.h"
#include "input/feed.h"
#include "input/journal.h"

struct source;

enum source_encoding { SOURCE_BYTES, SOURCE_UTF8_BOM, SOURCE_UTF16LE, SOURCE_UTF16BE };

/* source_open - open a file for reading; "-" is stdin, "journal:..." a journal
 *
 *   in        path    copied
 *   result    the source, or NULL and *reterr ("mail.log: cannot open: No such file or directory"):
 *             missing, no permission, a directory, or compressed in a way that is not built in
 *             (the message names the tool to pipe through)
 *   lifetime  until source_free()
 *   cost      reads the first bytes to find the decoder, so it waits for them on a pipe */
struct source *source_open(const char *path, struct error *reterr);

/* source_open_fd - the same over an open descriptor
 *
 *   in        fd      the source's from now on, also when opening fails; 0 (stdin) is not closed
 *             name    for messages and evidence, copied */
struct source *source_open_fd(int fd, const char *name, struct error *reterr);

/* How to read an input; zeroed: as source_open() does. */
struct source_options {
    /* For an input that may be silent for long, such as a live pipe, see feed.h. Its on_wait is
     * called, on this thread, from inside source_open..., _peek and _read while they wait: the
     * place to look at signal flags and to flush outputs. When it returns false the input ends (a
     * member that was not complete then counts as truncated). */
    struct feed_waiter waiter;
    size_t memory_bytes; /* what a decoder's window may take; 0: 256 MiB */
    /* How many more threads there may be; taken from and given back to by the sources, on this
     * thread. A compressed file on disk is then unpacked in one of them (read_ahead.h), from the
     * first source_read() on. NULL: none. Must outlive the source. */
    unsigned *threads_left;
    int64_t since_us; /* of a journal: what is older need not be read; 0 all */
};

/* source_open_with - source_open() with options, which are copied */
struct source *source_open_with(const char *path, const struct source_options *options,
                                struct error *reterr);

/* source_free - close and free; *source becomes NULL. NULL inside is fine. */
void source_free(struct source **source);

/* source_read - the next decompressed bytes
 *
 *   out       buf     at most size bytes; size > 0
 *   result    number of bytes, 0 at the end, -1 on failure: source_error() says what. Whatever was
 *             read before a failure has been returned by then. A truncated last member is an
 *             end, not a failure: source_truncated(). After 0 a plain file may be read again, it
 *             may have grown.
 *   cost      one read(2) or a few calls of the decoder; no allocation */
ssize_t source_read(struct source *source, char *buf, size_t size);

/* source_peek - the first bytes, without taking them from later reads
 *
 *   in        want    how many; before any source_read()
 *   out       ret     borrowed until the next call on the source. Shorter than want at the end of
 *                     the input, or when a pipe has given a whole line at least and then nothing
 *                     for a second (a live tail)
 *   result    false on failure before the first byte: source_error()
 *   cost      allocates the buffer at the first call */
bool source_peek(struct source *source, size_t want, slice *ret);

/* source_skip - pass over the next bytes of the decompressed stream, by seeking where that is
 * possible
 *
 *   result    how many were passed over; less than n at the end or after a failure
 *   cost      a plain file: one lseek(2); else as reading them */
uint64_t source_skip(struct source *source, uint64_t n);

/* source_ended_line - is the byte before the present place of a plain file a line feed; true where
 * that cannot be told */
bool source_ended_line(const struct source *source);

/* source_descriptor - of the file underneath, for fstat(2) and poll(2); it stays the source's */
int source_descriptor(const struct source *source);

/* source_is_journal - is it one; it has no descriptor of a file, and never ends for good */
bool source_is_journal(const struct source *source);

/* source_journal_go_on - of a journal: see journal_go_on(); what was looked at ahead is forgotten
 */
bool source_journal_go_on(struct source *source, const char *cursor);

/* source_journal_cursor - of a journal: see journal_cursor() */
void source_journal_cursor(const struct source *source, uint64_t offset,
                           char ret[JOURNAL_CURSOR_MAX]);

/* source_journal_descriptor, source_journal_heed - of a journal: see journal_descriptor() */
int source_journal_descriptor(struct source *source);
void source_journal_heed(struct source *source);

/* source_error - what made source_read() return -1; code ERROR_NONE when nothing did */
const struct error *source_error(const struct source *source);

/* source_name - the name given at opening; "(stdin)" for "-" */
const char *source_name(const struct source *source);

/* source_mtime_us - when the log was last written: the gzip header's MTIME if it is set, else the
 * file's, else 0 (pipe)
 *
 *   units     microseconds since 1970-01-01 UTC; the gzip header has whole seconds
 *   note      in a file of several gzip members this is the first member's */
int64_t source_mtime_us(const struct source *source);

/* source_size_bytes - compressed size on disk at opening; 0 when not known (pipe) */
uint64_t source_size_bytes(const struct source *source);

/* source_consumed_bytes - compressed bytes used so far, on the scale of source_size_bytes() */
uint64_t source_consumed_bytes(const struct source *source);

/* source_skipped_bytes - decompressed bytes dropped ahead of the text: the length of a UTF-8 byte
 * order mark, else 0 */
uint64_t source_skipped_bytes(const struct source *source);

/* source_is_regular - is it a file on disk, not a pipe, socket or terminal */
bool source_is_regular(const struct source *source);

/* source_truncated - did the compressed data end in the middle of a member (so far) */
bool source_truncated(const struct source *source);

/* source_trailing_bytes - bytes after the last gzip member that were ignored: padding or garbage */
uint64_t source_trailing_bytes(const struct source *source);

/* source_decoder - "plain", "gzip": a row of decoders.def */
const char *source_decoder(const struct source *source);

/* source_is_slow - it is unpacked more slowly than its text is dealt with */
bool source_is_slow(const struct source *source);

/* source_encoding - what the byte order mark said */
enum source_encoding source_encoding(const struct source *source);

#endif
