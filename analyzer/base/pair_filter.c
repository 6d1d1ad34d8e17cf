/* pair_filter.c - cache-line-blocked Bloom filter of two generations
 * algorithm: a pair has one block; a block is two neighbouring lines, for even and odd generations;
 *            four bits of 480 are set in a line. The other 32 bits tell its generation: a line of
 *            an older one counts as empty, so that rotating clears nothing, and replaying a year of
 *            quiet logs costs nothing. A filter begins with few blocks and doubles them while there
 *            is memory: a block is split by copying it to both halves of its hash range, so nothing
 *            is forgotten. Few pairs so touch few pages and stay in the caches
 * source:    Putze et al., "Cache-, hash- and space-efficient Bloom filters" (2007)
 * limits:    2^32 generations and blocks */
#include "base/pair_filter.h"

#include <string.h>

#include "base/pages.h"
#include "base/panic.h"
#include "base/state.h"

enum {
    LINE_BYTES = 64,
    BLOCK_BYTES = 2 * LINE_BYTES,
    WORDS = 15,
    LINE_BITS = 32 * WORDS,
    PROBES = 4,
    /* Pairs a line before the blocks double. Each split leaves half as many in a line that are not
     * its own: some 7 over the seven splits from 64 KiB to 8 MiB, beside the 30 of a full filter.
     */
    PAIRS_A_LINE = 2,
    FIRST_BLOCKS = 512,
    FULL_LINE = 64 /* pairs a line that end a generation early: 3 % of wrong answers */
};

struct line {
    uint32_t generation; /* 0: never used */
    uint32_t word[WORDS];
};
_Static_assert(sizeof(struct line) == LINE_BYTES, "a line of the filter is a cache line");

struct pair_filter {
    struct line *lines;          /* two a block */
    uint32_t blocks, max_blocks; /* in use; reserved */
    uint32_t added;              /* pairs of the current generation */
    uint32_t generation;         /* current, from 1 */
    int64_t rotate_us, start_us;
    bool started;
};

struct pair_filter *pair_filter_new(size_t bytes, int64_t rotate_us)
{
    struct pair_filter *f = panic_calloc(1, sizeof(*f));
    size_t blocks = bytes < BLOCK_BYTES ? 1 : bytes / BLOCK_BYTES;

    ASSERT(blocks <= UINT32_MAX);
    f->blocks = f->max_blocks = (uint32_t)blocks;
    while (f->blocks >= 2 * FIRST_BLOCKS)
        f->blocks /= 2;
    f->lines = pages_new(blocks * BLOCK_BYTES);
    f->generation = 1;
    f->rotate_us = rotate_us;
    return f;
}

struct pair_filter *pair_filter_free(struct pair_filter *f)
{
    if (f == NULL)
        return NULL;
    pages_free(f->lines);
    free(f);
    return NULL;
}

static void rotate(struct pair_filter *f, int64_t now_us)
{
    if (!f->started) {
        f->started = true;
        f->start_us = now_us;
    }
    if (f->rotate_us <= 0 || now_us - f->start_us < f->rotate_us)
        return;
    int64_t steps = (now_us - f->start_us) / f->rotate_us;
    f->start_us += steps * f->rotate_us;
    f->added = 0;
    f->generation += steps > 2 ? 2 : (uint32_t)steps; /* two forget everything */
}

/* A flood of pairs must not make everything look seen. */
static void end_full_generation(struct pair_filter *f, int64_t now_us)
{
    if (f->added / FULL_LINE < f->max_blocks)
        return;
    f->generation++;
    f->added = 0;
    if (now_us > f->start_us)
        f->start_us = now_us;
}

/* The line of a block for a generation; it may hold an older one. */
static struct line *line_of(const struct pair_filter *f, uint64_t hash, uint32_t generation)
{
    uint64_t block = ((hash >> 32) * f->blocks) >> 32;

    return &f->lines[2 * block + (generation & 1)];
}

/* The high half of the hash chose the block, so the bits come from the low half. */
static void bits_of(uint64_t hash, uint32_t ret_bits[PROBES])
{
    uint64_t spread = (hash & UINT32_MAX) * UINT64_C(0x9e3779b97f4a7c15);

    spread ^= spread >> 32;
    for (int i = 0; i < PROBES; i++)
        ret_bits[i] = (uint32_t)(((spread >> (16 * i) & 0xffff) * LINE_BITS) >> 16);
}

static bool line_has(const struct line *line, uint32_t generation, const uint32_t bits[PROBES])
{
    uint32_t all = 1;

    if (line->generation != generation)
        return false;
    for (int i = 0; i < PROBES; i++)
        all &= line->word[bits[i] / 32] >> (bits[i] % 32);
    return all != 0;
}

static void line_add(struct line *line, uint32_t generation, const uint32_t bits[PROBES])
{
    if (line->generation != generation)
        *line = (struct line){.generation = generation};
    for (int i = 0; i < PROBES; i++)
        line->word[bits[i] / 32] |= UINT32_C(1) << (bits[i] % 32);
}

/* Twice the blocks. The block of a hash is its high half times blocks, so block b becomes 2b and
 * 2b + 1. From the last to the first, since the copies go upwards in the same memory. */
static void split_blocks(struct pair_filter *f)
{
    for (uint32_t b = f->blocks; b-- > 0;) {
        const struct line even = f->lines[2 * (size_t)b], odd = f->lines[2 * (size_t)b + 1];
        struct line *to = &f->lines[4 * (size_t)b];
        to[0] = to[2] = even;
        to[1] = to[3] = odd;
    }
    f->blocks *= 2;
}

bool pair_filter_first(struct pair_filter *f, uint64_t hash, int64_t now_us)
{
    uint32_t bits[PROBES];

    rotate(f, now_us);
    bits_of(hash, bits);
    struct line *now = line_of(f, hash, f->generation);
    if (line_has(now, f->generation, bits))
        return false;
    line_add(now, f->generation, bits);
    bool first = !line_has(line_of(f, hash, f->generation - 1), f->generation - 1, bits);
    if (++f->added / PAIRS_A_LINE >= f->blocks && f->blocks <= f->max_blocks / 2)
        split_blocks(f);
    end_full_generation(f, now_us);
    return first;
}

bool pair_filter_seen(const struct pair_filter *f, uint64_t hash)
{
    uint32_t bits[PROBES], now = f->generation;

    bits_of(hash, bits);
    return line_has(line_of(f, hash, now), now, bits) ||
           line_has(line_of(f, hash, now - 1), now - 1, bits);
}

void pair_filter_warm(const struct pair_filter *f, uint64_t hash)
{
    __builtin_prefetch(line_of(f, hash, f->generation), 1);
    __builtin_prefetch(line_of(f, hash, f->generation - 1));
}

size_t pair_filter_bytes(const struct pair_filter *f)
{
    return sizeof(*f) + (size_t)f->max_blocks * BLOCK_BYTES;
}

void pair_filter_persist(struct pair_filter *f, struct state_io *io)
{
    static const struct state_hole own[] = {STATE_HOLE(struct pair_filter, lines),
                                            STATE_HOLE(struct pair_filter, max_blocks)};

    state_struct(io, "pair filter", f, sizeof *f, STATE_HOLES(own));
    if (f->blocks > f->max_blocks) {
        state_fail(io, "a filter of another size");
        f->blocks = f->max_blocks;
    }
    state_bytes(io, "pair filter lines", f->lines, sizeof *f->lines, 2 * (size_t)f->blocks);
}
