/* transport.h - where finished output goes: a file that only grows, a file that is replaced, or
 * standard output
 *
 * Bytes are written whole and in order. The reader's end (a closed pipe) stops the transport
 * quietly; a full disk or another error is told on standard error, at most once a minute, and what
 * was not taken waits within a bound (output/backlog.h) and is tried again each second. SIGPIPE
 * must be ignored by the program, else a closed pipe ends it. */
#ifndef OUTPUT_TRANSPORT_H
#define OUTPUT_TRANSPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/slice.h"
#include "output/net_sink.h"

struct transport;

/* transport_open - open a destination for appending
 *
 *   in        path    a file, made with mode 0640 when missing; NULL or "-" is standard output
 *   result    NULL on failure, with *reterr set (ERROR_OUTPUT)
 *   lifetime  until transport_close() */
struct transport *transport_open(const char *path, struct error *reterr);

/* transport_open_whole - open a file in which every write takes the place of the one before
 *
 * For a document that is a whole, such as a page. Who opens the file sees the old document or the
 * new one, never a part: the bytes go into a file beside it, which is then renamed. A device, a
 * pipe or standard output gets one document after the other.
 *
 *   in        path    as above; a symbolic link is followed, and a file that is there keeps its
 *                     mode
 *   result    NULL on failure, also when the folder takes no new file */
struct transport *transport_open_whole(const char *path, struct error *reterr);

/* transport_open_net - a collector, see net_sink.h; each write is one message
 *
 *   result    NULL on failure, with *reterr set */
struct transport *transport_open_net(const char *path, enum net_frame frame,
                                     const struct tls_settings *tls, struct error *reterr);

/* transport_spool - what has to wait lies in a folder too, and what an earlier run left there goes
 * first; nothing for standard output and for files that are replaced
 *
 *   in        name   of the output; max: bytes that may wait
 *   result    false with *reterr; before the first write only */
bool transport_spool(struct transport *t, const char *dir, const char *name, size_t max,
                     struct error *reterr);

/* transport_write - append bytes, best whole lines: one write(2) unless the system takes fewer
 *
 *   result    false when bytes were lost: no room to wait, or stopped. Empty input is a success,
 *             and so is what waits
 *   errors    a line torn by an error is gone on with; if somebody else wrote to the file meanwhile
 *             it is closed with a newline and written again */
bool transport_write(struct transport *t, slice bytes);

/* transport_is_empty - is nothing there yet: an empty file; standard output always counts as that
 */
bool transport_is_empty(const struct transport *t);

/* transport_is_whole - does each write take the place of the one before */
bool transport_is_whole(const struct transport *t);

/* transport_reopen - open the file of the same name again, after log rotation
 *
 *   result    true, also for standard output, which stays; false when it cannot be opened: *reterr
 *             is set and the old file stays in use */
bool transport_reopen(struct transport *t, struct error *reterr);

/* transport_is_idle - does nothing wait to go out, or to be acknowledged */
bool transport_is_idle(const struct transport *t);

/* transport_sync - wait until what was written to a file is on the disk; standard output is left
 * alone */
void transport_sync(struct transport *t);

/* transport_stopped - has the reader gone away (EPIPE); what is written now is dropped silently */
bool transport_stopped(const struct transport *t);

/* transport_failures - number of attempts to write to a file that failed, not counting a reader
 * that has gone */
uint64_t transport_failures(const struct transport *t);

/* transport_lost - documents given up so far */
uint64_t transport_lost(const struct transport *t);

/* transport_poll - try again what waits, if it is time; to be called now and then */
void transport_poll(struct transport *t);

/* transport_settle - a last attempt (a collector is waited for some seconds); what has not gone out
 * stays in the spool, or is lost
 *
 *   result    false when documents were lost, now or before */
bool transport_settle(struct transport *t);

/* How an output fares. */
struct transport_report {
    const char *path;        /* NULL: standard output; the transport's */
    uint64_t failures, lost; /* as above */
    uint64_t waiting;        /* documents in memory that did not go out yet */
    uint64_t spooled_bytes;  /* that wait in the spool, with those */
};

/* transport_report - as of now; nothing is tried for it */
void transport_report(const struct transport *t, struct transport_report *ret);

/* transport_close - close and free; *t becomes NULL. NULL is allowed
 *
 *   result    false when documents were lost, now or before */
bool transport_close(struct transport **t);

#endif
