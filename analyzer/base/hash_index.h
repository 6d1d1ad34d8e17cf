/* hash_index.h - open addressing from a 64-bit hash to a small number (slot), for pools that keep
 * their own entries
 *
 * A cell is 8 bytes: slot + 1 (0 = free) and 32 bits of the hash. The home cell is taken from the
 * tag as well, so a removal can shift its followers back without a look at the entries, and there
 * are no tombstones. At most half the cells are used: a miss normally reads one cache line. Shared
 * by table and space_saving. */
#ifndef BASE_HASH_INDEX_H
#define BASE_HASH_INDEX_H

#include <stdint.h>
#include <string.h>

#include "base/panic.h"

struct hash_cell {
    uint32_t slot1, tag;
};

struct hash_index {
    struct hash_cell *cells;
    struct hash_cell *spare; /* where the cells move when they become more */
    uint32_t mask;           /* cells in use - 1 */
    uint32_t max_mask;
    uint32_t used;
};

/* hash_index_tag - the 32 bits kept of a hash; both halves count, so poor hashes do no harm */
static inline uint32_t hash_index_tag(uint64_t hash)
{
    return (uint32_t)(hash ^ hash >> 32);
}

/* hash_index_init - room for `capacity` slots, at most 2^30; ends the program when there is no
 * memory. All memory is reserved here, but a small number of entries uses a small part of it, which
 * stays in the processor's caches */
static inline void hash_index_init(struct hash_index *x, uint32_t capacity)
{
    uint32_t cells = 16;

    ASSERT(capacity <= UINT32_C(1) << 30);
    while (cells < 2 * capacity)
        cells *= 2;
    *x = (struct hash_index){.max_mask = cells - 1};
    x->cells = panic_calloc(cells, sizeof(*x->cells));
    x->spare = panic_calloc(cells, sizeof(*x->spare));
    x->mask = cells < 256 ? cells - 1 : 255;
}

/* hash_index_fini - release the memory */
static inline void hash_index_fini(struct hash_index *x)
{
    free(x->cells);
    free(x->spare);
    *x = (struct hash_index){0};
}

/* hash_index_bytes - memory reserved */
static inline size_t hash_index_bytes(const struct hash_index *x)
{
    return 2 * ((size_t)x->max_mask + 1) * sizeof(*x->cells);
}

/* hash_index_clear - take all slots out */
static inline void hash_index_clear(struct hash_index *x)
{
    memset(x->cells, 0, ((size_t)x->mask + 1) * sizeof(*x->cells));
    x->used = 0;
}

/* hash_index_warm - fetch the home of a hash ahead of its use */
static inline void hash_index_warm(const struct hash_index *x, uint64_t hash)
{
    __builtin_prefetch(&x->cells[hash_index_tag(hash) & x->mask], 1);
}

/* hash_index_cell - walk the slots that may belong to hash
 *
 *   in,out    pos     starts as hash_index_tag(hash); add 1 to go on behind a cell that was not the
 * one result    the next cell with the tag, or NULL when there is none */
static inline const struct hash_cell *hash_index_cell(const struct hash_index *x, uint32_t tag,
                                                      uint32_t *pos)
{
    for (;; ++*pos) {
        const struct hash_cell *c = &x->cells[*pos & x->mask];
        if (c->slot1 == 0)
            return NULL;
        if (c->tag == tag)
            return c;
    }
}

/* Put a cell that is not there yet at its place. */
static inline void hash_index_place(struct hash_index *x, struct hash_cell cell)
{
    uint32_t pos = cell.tag & x->mask;

    while (x->cells[pos].slot1 != 0)
        pos = (pos + 1) & x->mask;
    x->cells[pos] = cell;
}

/* Twice the cells, in the other half of the memory; the tag is all that a new place needs. */
static inline void hash_index_grow(struct hash_index *x)
{
    struct hash_cell *old = x->cells;
    uint32_t old_mask = x->mask;

    x->cells = x->spare;
    x->spare = old;
    x->mask = 2 * old_mask + 1;
    memset(x->cells, 0, ((size_t)x->mask + 1) * sizeof(*x->cells));
    for (uint32_t i = 0; i <= old_mask; i++)
        if (old[i].slot1 != 0)
            hash_index_place(x, old[i]);
}

/* hash_index_insert - add a slot that is not there yet
 *
 *   cost      O(1) amortised; no allocation */
static inline void hash_index_insert(struct hash_index *x, uint64_t hash, uint32_t slot)
{
    if (2 * x->used > x->mask && x->mask < x->max_mask)
        hash_index_grow(x);
    hash_index_place(x, (struct hash_cell){slot + 1, hash_index_tag(hash)});
    x->used++;
}

/* hash_index_remove - take out a slot that is there; followers that would be cut off from their
 * home move up */
static inline void hash_index_remove(struct hash_index *x, uint64_t hash, uint32_t slot)
{
    uint32_t hole = hash_index_tag(hash) & x->mask;

    while (x->cells[hole].slot1 != slot + 1)
        hole = (hole + 1) & x->mask;
    for (uint32_t pos = (hole + 1) & x->mask; x->cells[pos].slot1 != 0; pos = (pos + 1) & x->mask) {
        uint32_t home = x->cells[pos].tag & x->mask;
        if (((pos - home) & x->mask) < ((pos - hole) & x->mask))
            continue; /* its home lies behind the hole */
        x->cells[hole] = x->cells[pos];
        hole = pos;
    }
    x->cells[hole].slot1 = 0;
    x->used--;
}

#endif
