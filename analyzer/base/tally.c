/* tally.c - fingerprints with a time and a level, sixteen to a cache line
 * algorithm: the high half of the hash chooses a line, the low half is the fingerprint. A cell is
 *            18 bits of it, the time of the last counted sight in units of 8 s modulo 1,024, and
 *            four bits of level; level 0 is an empty cell. In a full line the cell with the
 *            greatest age gives way, each level above the first making it two minutes younger
 * source:    Einziger et al., "TinyLFU" (2017): whether a newcomer may enter a full cache is asked
 *            of a small memory of how often it came; Yang et al., "HeavyKeeper" (2018):
 *            fingerprints, so that fresh keys do not add up to a frequent one
 * limits:    an age is known modulo 2 h 16 min; what is up to 4 min older than the latest sight of
 *            its cell counts as the same time; "apart" is 17 to 24 s, the unit being what it is */
#include "base/tally.h"

#include <stdbool.h>

#include "base/pages.h"
#include "base/panic.h"
#include "base/state.h"

enum {
    CELLS = 16,
    LEVEL_BITS = 4,
    TIME_BITS = 10,
    UNIT_S = 8,
    APART = (TALLY_APART_S + UNIT_S - 1) / UNIT_S,
    TIMES = 1 << TIME_BITS,
    LATE = 32,       /* units that an event may be late */
    LEVEL_WORTH = 16 /* units */
};
static const uint32_t level_mask = (1U << LEVEL_BITS) - 1;

struct line {
    uint32_t cell[CELLS];
};
_Static_assert(sizeof(struct line) == 64, "a line of the tally is a cache line");

struct tally {
    struct line *lines;
    uint32_t count;
};

struct tally *tally_new(size_t bytes)
{
    struct tally *t = panic_calloc(1, sizeof *t);
    size_t lines = bytes / sizeof(struct line);

    ASSERT(lines <= UINT32_MAX);
    t->count = lines == 0 ? 1 : (uint32_t)lines;
    t->lines = pages_new(t->count * sizeof(struct line));
    return t;
}

struct tally *tally_free(struct tally *t)
{
    if (t != NULL)
        pages_free(t->lines);
    free(t);
    return NULL;
}

static uint32_t unit_of(int64_t now_us)
{
    return (uint32_t)(now_us / (INT64_C(1000000) * UNIT_S)) & (TIMES - 1);
}

static uint32_t level_of(uint32_t cell)
{
    return cell & level_mask;
}

static uint32_t fingerprint_of(uint32_t cell)
{
    return cell >> (LEVEL_BITS + TIME_BITS);
}

/* Units since the cell was counted; 0 for an event that is late. */
static uint32_t age_of(uint32_t cell, uint32_t unit)
{
    uint32_t age = (unit - (cell >> LEVEL_BITS)) & (TIMES - 1);
    return age >= TIMES - LATE ? 0 : age;
}

static uint32_t make(uint32_t fingerprint, uint32_t unit, uint32_t level)
{
    return fingerprint << (LEVEL_BITS + TIME_BITS) | unit << LEVEL_BITS | level;
}

/* The cell of the fingerprint; else, with level 0, the one that gives way. */
static uint32_t *find_or_clear(struct line *line, uint32_t fingerprint, uint32_t unit)
{
    uint32_t *worst = NULL;
    int32_t worst_age = 0;

    for (int i = 0; i < CELLS; i++) {
        uint32_t *c = &line->cell[i], level = level_of(*c);
        if (level != 0 && fingerprint_of(*c) == fingerprint)
            return c;
        int32_t age =
            level == 0 ? INT32_MAX : (int32_t)age_of(*c, unit) - LEVEL_WORTH * ((int32_t)level - 1);
        if (worst == NULL || age > worst_age) {
            worst = c;
            worst_age = age;
        }
    }
    *worst = 0;
    return worst;
}

static uint32_t *cell_of(struct tally *t, uint64_t hash, uint32_t unit, uint32_t *ret_fingerprint)
{
    uint64_t line = ((hash >> 32) * t->count) >> 32;

    *ret_fingerprint = (uint32_t)hash >> (LEVEL_BITS + TIME_BITS);
    return find_or_clear(&t->lines[line], *ret_fingerprint, unit);
}

unsigned tally_add(struct tally *t, uint64_t hash, int64_t now_us)
{
    uint32_t unit = unit_of(now_us), fingerprint;
    uint32_t *c = cell_of(t, hash, unit, &fingerprint), level = level_of(*c);

    if (level != 0 && age_of(*c, unit) < APART)
        return level;
    level += level < TALLY_LEVEL_MAX;
    *c = make(fingerprint, unit, level);
    return level;
}

void tally_raise(struct tally *t, uint64_t hash, unsigned level, int64_t now_us)
{
    uint32_t unit = unit_of(now_us), fingerprint;
    uint32_t *c = cell_of(t, hash, unit, &fingerprint);

    ASSERT(level >= 1);
    if (level_of(*c) >= level)
        return;
    *c = make(fingerprint, unit, level < TALLY_LEVEL_MAX ? level : TALLY_LEVEL_MAX);
}

size_t tally_bytes(const struct tally *t)
{
    return sizeof *t + t->count * sizeof(struct line);
}

void tally_persist(struct tally *t, struct state_io *io)
{
    state_bytes(io, "tally", t->lines, sizeof *t->lines, t->count);
}
