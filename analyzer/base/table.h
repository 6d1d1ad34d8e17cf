/* table.h - a pool of equal entries of fixed number, found by a 64-bit keyed hash
 *
 * The hash is the identity of an entry; a caller who shows names keeps the text in the entry. All
 * memory is reserved at start and zero pages cost nothing until used. Removed slots are used again
 * first, so the live entries stay compact. When full, a table evicts: of eight sampled entries the
 * one with the lowest score, ties by longest idle. The sampling is deterministic: the same calls
 * give the same evictions.
 *
 * A flood of fresh keys fills any table. With a tally, a full table keeps those that recur:
 * evidence spread over time stands above more evidence, and that above recent evidence. A newcomer
 * gets an entry only where it came at as many separate times as the entry that would go; else it
 * gets one that is forgotten at once, and the tally remembers that it came. Nobody who comes again
 * and again so stays outside, and nobody inside is lost to what comes once.
 *
 * A pointer to an entry is valid until that entry is removed or evicted, that is until the next
 * table_get() of another key at the latest, unless pinned. Across events hold a handle. Entries are
 * aligned to 8 bytes. */
#ifndef BASE_TABLE_H
#define BASE_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/tally.h"

struct state_hole;
struct state_io;

struct table;

enum { TABLE_NO_HANDLE = 0 }; /* never a handle of an entry */

struct table_spec {
    const char *name;    /* static; for messages */
    uint32_t capacity;   /* entries, 1..2^30 */
    uint32_t entry_size; /* bytes of the user part */
    bool doorkeeper;     /* a key gets an entry only at its second sight */
    int64_t
        doorkeeper_rotate_us; /* a first sight is remembered for one to two of these; 0: for ever */
    float (*score)(const void *entry, int64_t now_us); /* lowest is evicted; NULL: longest idle */
    float worth; /* an entry of a lower score shows nothing: that it goes is no loss; 0: all are */
    void (*evict)(void *arg,
                  void *entry); /* told before an eviction; may be NULL; must not call the table */
    void *evict_arg;
    struct tally
        *tally; /* who came lately; borrowed, may be shared; NULL: newcomers always enter */
};

/* table_new - reserve all memory; ends the program when there is none */
struct table *table_new(const struct table_spec *spec);

/* table_free - release; the evict callback is not called; NULL is allowed
 *
 *   result    NULL, to be assigned to the pointer */
struct table *table_free(struct table *t);

/* table_find - the entry of key, or NULL; last-used time and doorkeeper are untouched
 *
 *   cost      a miss normally touches one cache line */
void *table_find(struct table *t, uint64_t key);

/* table_warm - fetch what a call with this key will look at first, ahead of it */
void table_warm(const struct table *t, uint64_t key);

/* table_get - find the entry of key or create it zeroed; its last-used time becomes now_us if that
 * is later
 *
 *   out       ret_created  whether the entry is new; may be NULL
 *   result    the entry; NULL only with a doorkeeper, at the first sight of key. With a tally it
 *             may be one that table_find() will not know and that cannot be pinned
 *   cost      O(1); may evict one entry when the table is full; no allocation */
void *table_get(struct table *t, uint64_t key, int64_t now_us, bool *ret_created);

/* table_touch - the entry was used at now_us; an earlier time than the last changes nothing */
void table_touch(struct table *t, void *entry, int64_t now_us);

/* table_remove - give the entry back; it is unpinned if need be; the evict callback is not called
 */
void table_remove(struct table *t, void *entry);

/* table_pin - keep the entry from eviction (an open incident); at most a quarter of the capacity
 *
 *   result    false when the quarter is used up; pinning a pinned entry is true and changes nothing
 */
bool table_pin(struct table *t, void *entry);

/* table_unpin - let the entry be evicted again */
void table_unpin(struct table *t, void *entry);

/* table_is_pinned - see table_pin() */
bool table_is_pinned(const void *entry);

/* table_key_of - the key the entry was created with */
uint64_t table_key_of(const void *entry);

/* table_spread - with a tally: at how many separate times, 10 s apart, the entry was used (and
 * tried for before it was let in), at most TALLY_LEVEL_MAX; without one it is 1 */
unsigned table_spread(const void *entry);

/* table_is_full - the next newcomer pushes somebody out */
bool table_is_full(const struct table *t);

/* table_last_us - event time of the last use, microseconds */
int64_t table_last_us(const void *entry);

/* table_next - walk all entries in slot order
 *
 *   in,out    cursor  starts as 0
 *   result    NULL at the end; the entry just returned may be removed during the walk */
void *table_next(struct table *t, uint32_t *cursor);

/* table_handle - a number for the entry to be kept across events, never TABLE_NO_HANDLE */
uint32_t table_handle(const struct table *t, const void *entry);

/* table_at - the entry of a handle, if it still belongs to key; NULL when it was removed or evicted
 */
void *table_at(struct table *t, uint32_t handle, uint64_t key);

/* table_count, table_capacity - live entries, most entries */
uint32_t table_count(const struct table *t);
uint32_t table_capacity(const struct table *t);

/* table_pinned - entries pinned now */
uint32_t table_pinned(const struct table *t);

/* table_evictions - what was lost so far for want of room: entries evicted less than an hour after
 * their last use, and newcomers not let in. What gave way after a longer rest is no loss, nor what
 * showed nothing (worth) */
uint64_t table_evictions(const struct table *t);

/* table_bytes - memory reserved, all parts */
size_t table_bytes(const struct table *t);

/* table_name - as in the spec */
const char *table_name(const struct table *t);

/* table_persist - the entries to a state or back, see base/state.h; handles keep their meaning
 *
 *   in        holes  parts of an entry that are not state; they are zero after reading */
void table_persist(struct table *t, struct state_io *io);
void table_persist_holes(struct table *t, struct state_io *io, const struct state_hole *holes,
                         size_t count);

#endif
