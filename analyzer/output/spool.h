/* spool.h - documents of one output that wait on the disk, in order, over a restart
 *
 * A file of records. It grows at its end; what has been delivered is given back at its beginning.
 * After a crash the documents whose delivery was not written down yet come again: at least once.
 *
 * limits: a record at the end that a crash cut, and all behind a broken one, is left out and told.
 */
#ifndef OUTPUT_SPOOL_H
#define OUTPUT_SPOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/slice.h"

struct spool;

/* spool_open - the spool of an output, with what an earlier run left in it
 *
 *   in        dir     a folder that is there
 *             name    of the output, as it is configured; another one has another file
 *             max     bytes that may wait
 *   result    NULL with *reterr (ERROR_OUTPUT), also when another process has it open */
struct spool *spool_open(const char *dir, const char *name, size_t max, struct error *reterr);

/* spool_append - a document at the end; false when there is no room, in the spool or on its disk */
bool spool_append(struct spool *s, slice document);

/* spool_read - the oldest document that was not read yet
 *
 *   out       ret_ptr   allocated, the caller's
 *   result    false when there is none */
bool spool_read(struct spool *s, char **ret_ptr, size_t *ret_len);

/* spool_skip_all - what is there counts as read: the caller has it in memory */
void spool_skip_all(struct spool *s);

/* spool_release - the oldest document, of len bytes, was delivered */
void spool_release(struct spool *s, size_t len);

/* spool_clear - all documents are given up */
void spool_clear(struct spool *s);

/* spool_has_unread - is there a document that spool_read() would give */
bool spool_has_unread(const struct spool *s);

/* spool_bytes - what waits, in bytes; 0: nothing */
size_t spool_bytes(const struct spool *s);

/* spool_sync - wait until it is on the disk */
void spool_sync(struct spool *s);

/* spool_close - close and free, *s becomes NULL; an empty spool leaves no file */
void spool_close(struct spool **s);

#endif
