/* backlog.h - what an output could not deliver yet, in order
 *
 * In memory: 4,096 documents and 4 MiB at most, and one that is longer alone. With a spool what
 * waits lies on the disk as well, and outlives the process. What has no room is refused and
 * counted; the older stay. A document given out is held until it is known to have arrived, so that
 * a broken connection does not lose it. */
#ifndef OUTPUT_BACKLOG_H
#define OUTPUT_BACKLOG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/slice.h"

struct backlog;

/* backlog_new - empty, in memory; backlog_free returns NULL, and what was in memory only is gone */
struct backlog *backlog_new(void);
struct backlog *backlog_free(struct backlog *b);

/* backlog_spool - go on with the spool of this output, see spool_open(); before the first put */
bool backlog_spool(struct backlog *b, const char *dir, const char *name, size_t max,
                   struct error *reterr);

/* backlog_has_room - would backlog_put() take that many bytes */
bool backlog_has_room(const struct backlog *b, size_t len);

/* backlog_put - keep a copy at the end; false: no room, counted as dropped */
bool backlog_put(struct backlog *b, slice document);

/* backlog_next - the oldest document that was not given out; valid until the next call
 *
 *   result    false when there is none */
bool backlog_next(struct backlog *b, slice *ret);

/* backlog_sent - that document was given out
 *
 *   in        mark     where it ends in the stream of this connection; now_ms: when */
void backlog_sent(struct backlog *b, uint64_t mark, int64_t now_ms);

/* backlog_oldest_sent - of the oldest document given out and still held; false: none */
bool backlog_oldest_sent(const struct backlog *b, uint64_t *ret_mark, int64_t *ret_ms);

/* backlog_release - that one has arrived, and is forgotten */
void backlog_release(struct backlog *b);

/* backlog_rewind - the connection broke: all that are held go out again */
void backlog_rewind(struct backlog *b);

/* backlog_keep - what is in memory only is put into the spool
 *
 *   result    false when something is in memory only now: no spool, or no room there */
bool backlog_keep(struct backlog *b);

/* backlog_sync - backlog_keep(), and on the disk */
bool backlog_sync(struct backlog *b);

/* backlog_drop_all - give up what is in memory only, and count it; result: how many */
uint64_t backlog_drop_all(struct backlog *b);

/* backlog_unsent, backlog_held - documents not given out (in memory), all documents in memory */
unsigned backlog_unsent(const struct backlog *b);
unsigned backlog_held(const struct backlog *b);
/* backlog_spooled - bytes in the spool; backlog_dropped - documents lost */
size_t backlog_spooled(const struct backlog *b);
uint64_t backlog_dropped(const struct backlog *b);
/* backlog_refuse - a document that can never go is lost: count it, forget it */
void backlog_refuse(struct backlog *b);

#endif
