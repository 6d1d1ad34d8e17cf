/* tally.c - fingerprints with a time and a level, twenty-one to a cache line
 * algorithm: the high half of the hash chooses a line, the low half is the fingerprint. A cell has
 *            24 bits: 12 of the fingerprint, the time of the last counted sight in units of 8 s
 *            modulo 512, and three bits of level; level 0 is an empty cell. In a full line the cell
 *            with the greatest age gives way, each level above the first making it four minutes
 *            younger. Measured with twice as many bits of fingerprint: who recurs is known as well,
 *            but of one and a half times as many keys the first sight is remembered
 * source:    Einziger et al., "TinyLFU" (2017): whether a newcomer may enter a full cache is asked
 *            of a small memory of how often it came; Yang et al., "HeavyKeeper" (2018):
 *            fingerprints, so that fresh keys do not add up to a frequent one
 * limits:    an age is known modulo 68 min; what is up to 4 min older than the latest sight of its
 *            cell counts as the same time; "apart" is 9 to 16 s, the unit being what it is */
#include "base/tally.h"

#include <stdbool.h>

#include "base/pages.h"
#include "base/panic.h"
#include "base/state.h"

enum {
    LINE_BYTES = 64,
    CELL_BYTES = 3,
    CELLS = LINE_BYTES / CELL_BYTES,
    LEVEL_BITS = 3,
    TIME_BITS = 9,
    FINGERPRINT_BITS = 8 * CELL_BYTES - LEVEL_BITS - TIME_BITS,
    UNIT_S = 8,
    APART = (TALLY_APART_S + UNIT_S - 1) / UNIT_S,
    TIMES = 1 << TIME_BITS,
    LATE = 32, /* units that an event may be late */
    LEVEL_WORTH = TALLY_LEVEL_S / UNIT_S
};
static const uint32_t level_mask = (1U << LEVEL_BITS) - 1;
_Static_assert((TALLY_LEVEL_MAX - 1) * LEVEL_WORTH + LATE < TIMES,
               "the highest level gives way before its age begins anew");

struct line {
    unsigned char bytes[LINE_BYTES];
};

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

static uint32_t load(const struct line *line, unsigned i)
{
    const unsigned char *b = &line->bytes[i * CELL_BYTES];

    return (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16;
}

static void store(struct line *line, unsigned i, uint32_t cell)
{
    unsigned char *b = &line->bytes[i * CELL_BYTES];

    b[0] = (unsigned char)cell;
    b[1] = (unsigned char)(cell >> 8);
    b[2] = (unsigned char)(cell >> 16);
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

static struct line *line_of(const struct tally *t, uint64_t hash)
{
    return &t->lines[((hash >> 32) * t->count) >> 32];
}

static uint32_t fingerprint_of_hash(uint64_t hash)
{
    return (uint32_t)hash >> (32 - FINGERPRINT_BITS);
}

/* The cell of the fingerprint; else the one that gives way. Which it is tells *ret_level: 0 for the
 * latter. */
static unsigned find(const struct line *line, uint32_t fingerprint, uint32_t unit,
                     uint32_t *ret_level)
{
    unsigned worst = 0;
    int32_t worst_age = INT32_MIN;

    for (unsigned i = 0; i < CELLS; i++) {
        uint32_t cell = load(line, i);
        *ret_level = level_of(cell);
        if (*ret_level != 0 && fingerprint_of(cell) == fingerprint)
            return i;
        int32_t age = *ret_level == 0
                          ? INT32_MAX
                          : (int32_t)age_of(cell, unit) - LEVEL_WORTH * ((int32_t)*ret_level - 1);
        if (age > worst_age) {
            worst = i;
            worst_age = age;
        }
    }
    *ret_level = 0;
    return worst;
}

unsigned tally_add(struct tally *t, uint64_t hash, int64_t now_us)
{
    struct line *line = line_of(t, hash);
    uint32_t unit = unit_of(now_us), fingerprint = fingerprint_of_hash(hash), level;
    unsigned i = find(line, fingerprint, unit, &level);

    if (level != 0 && age_of(load(line, i), unit) < APART)
        return level;
    level += level < TALLY_LEVEL_MAX;
    store(line, i, make(fingerprint, unit, level));
    return level;
}

void tally_raise(struct tally *t, uint64_t hash, unsigned level, int64_t now_us)
{
    struct line *line = line_of(t, hash);
    uint32_t unit = unit_of(now_us), fingerprint = fingerprint_of_hash(hash), known;
    unsigned i = find(line, fingerprint, unit, &known);

    ASSERT(level >= 1);
    if (known < level)
        store(line, i, make(fingerprint, unit, level < TALLY_LEVEL_MAX ? level : TALLY_LEVEL_MAX));
}

size_t tally_bytes(const struct tally *t)
{
    return sizeof *t + t->count * sizeof(struct line);
}

void tally_persist(struct tally *t, struct state_io *io)
{
    state_bytes(io, "tally", t->lines, sizeof *t->lines, t->count);
}
