/* positions.h - how far each log has been read, known again whatever it is called by now
 *
 * A log is known by its first bytes (a keyed hash of up to 1 KiB of the decompressed text), so that
 * it is the same log after it was renamed, copied or compressed; device and inode tell apart what
 * has no bytes yet. The list is bounded: what was not used for longest is forgotten first.
 *
 * A log that is shorter than 1 KiB is known by what it had when its position was noted. */
#ifndef INPUT_POSITIONS_H
#define INPUT_POSITIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/siphash.h"
#include "base/slice.h"

enum { POSITIONS_MAX = 4096, POSITION_HEAD = 1024, POSITION_SURE = 512 };

struct position {
    uint64_t id;            /* never 0; given by positions_put() */
    uint64_t device, inode; /* of the file it was read from last */
    uint64_t name;          /* positions_name() of the path it was read under last */
    uint64_t head_hash;     /* of the first head_len bytes */
    uint32_t head_len;
    bool is_open;       /* being read now */
    bool in_line;       /* offset is within a line that was cut: its rest is not read */
    uint64_t offset;    /* bytes of the stream dealt with, a byte order mark included */
    uint64_t line;      /* lines dealt with */
    int64_t latest_us;  /* latest event time read; INT64_MIN none */
    int64_t mtime_ns;   /* of the file, when its position was noted */
    uint64_t last_used; /* order of use */
};

struct positions {
    struct hash_key key;
    struct position list[POSITIONS_MAX];
    uint32_t count;
    uint64_t serial;
};

/* positions_new - empty; positions_free returns NULL */
struct positions *positions_new(const struct hash_key *key);
struct positions *positions_free(struct positions *p);

/* positions_name - the hash of a path */
uint64_t positions_name(const struct positions *p, const char *path);

/* positions_mark - fill head_hash and head_len from the first bytes of a log */
void positions_mark(const struct positions *p, slice head, struct position *ret);

/* positions_find - the log that begins like this: the longest beginning that is known wins
 *
 *   in        head    as many of the first bytes as there are; POSITION_HEAD are enough
 *             device, inode   of the file: logs that were known by few bytes, such as a header
 *                     only, must be the same file as well; 0, 0: not known
 *   result    NULL when there is none; valid until the next positions_put()
 *   cost      one pass over the list, for the opening of a file */
struct position *positions_find(struct positions *p, slice head, uint64_t device, uint64_t inode);

/* positions_latest_of - the log that was read last under a path, or NULL */
struct position *positions_latest_of(struct positions *p, uint64_t name);

/* positions_put - note a position: the entry of pos->id, or a new one when that is 0 or forgotten
 *
 *   in,out    pos     its id is set */
void positions_put(struct positions *p, struct position *pos);

#endif
