/* transport.h - where finished output goes: a file that only grows, a file that is replaced, or
 * standard output
 *
 * Bytes are written whole and in order; nothing is kept back. The reader's end (a closed pipe)
 * stops the transport quietly; a full disk or another error is told once on standard error,
 * counted, and tried again with the next write. SIGPIPE must be ignored by the program, else a
 * closed pipe ends it. */
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
 *   result    NULL on failure, with *reterr set (ERROR_OUTPUT) */
struct transport *transport_open_net(const char *path, enum net_frame frame, struct error *reterr);

/* transport_write - append bytes, best whole lines: one write(2) unless the system takes fewer
 *
 *   result    false when bytes were lost: error, or stopped. Empty input is a success
 *   errors    a line torn by an error is closed with a newline before the next bytes, so that
 *             later lines stay whole */
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

/* transport_sync - wait until what was written to a file is on the disk; standard output is left
 * alone */
void transport_sync(struct transport *t);

/* transport_stopped - has the reader gone away (EPIPE); what is written now is dropped silently */
bool transport_stopped(const struct transport *t);

/* transport_failures - number of writes that failed, not counting a reader that has gone */
uint64_t transport_failures(const struct transport *t);

/* transport_dropped - messages that a collector did not take; 0 for files */
uint64_t transport_dropped(const struct transport *t);

/* transport_close - close and free; *t becomes NULL. NULL is allowed
 *
 *   result    false when closing showed that bytes were lost, or a write had failed before */
bool transport_close(struct transport **t);

#endif
