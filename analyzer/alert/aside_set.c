/* aside_set.c - 32 bytes an incident, in buckets of eight, two buckets a key
 * algorithm: a key may stand in either of two buckets and goes into the emptier one; in two full
 *            ones the entry seen longest ago gives way. With two choices that hardly happens
 *            before three quarters of the set are in use
 * source:    Azar et al., "Balanced allocations" (1994)
 * limits:    the day of an id as a number of 16 bits, up to 2149; seconds of 32 bits, up to 2106 */
#include "alert/aside_set.h"

#include <stdlib.h>
#include <string.h>

#include "base/pages.h"
#include "base/panic.h"
#include "base/state.h"

enum { BUCKET = 8, DAY_S = 86400, TOLD_MINUTES_MAX = 4095 };
static const int64_t second_us = 1000000;

struct cell {
    uint64_t key; /* as given, but 1 for 0 */
    uint32_t first_s, last_s;
    float observed, told_observed;
    uint16_t day, sequence, unit;
    uint16_t told; /* 12 bits minutes from told to last, 3 severity, 1 closed */
};
_Static_assert(sizeof(struct cell) == 32, "two cells a cache line");

struct aside_set {
    struct cell *cells;
    uint32_t buckets, count;
    uint64_t forgotten;
    uint32_t latest_s; /* seen of any incident: what is a day older is of no use */
};

struct aside_set *aside_set_new(size_t bytes)
{
    struct aside_set *s = panic_calloc(1, sizeof *s);
    size_t buckets = bytes / (BUCKET * sizeof(struct cell));

    ASSERT(buckets <= UINT32_MAX);
    s->buckets = buckets < 2 ? 2 : (uint32_t)buckets;
    s->cells = pages_new((size_t)s->buckets * BUCKET * sizeof *s->cells);
    return s;
}

struct aside_set *aside_set_free(struct aside_set *s)
{
    if (s != NULL)
        pages_free(s->cells);
    free(s);
    return NULL;
}

/* ---- packing ---- */

static bool in_range(int64_t time_us)
{
    return time_us >= 0 && time_us / second_us <= UINT32_MAX;
}

static uint32_t second_of(int64_t time_us)
{
    return (uint32_t)(time_us / second_us);
}

uint16_t aside_unit_tag(const char *unit)
{
    uint32_t h = UINT32_C(2166136261); /* FNV-1a */

    if (unit == NULL)
        return 0;
    for (; *unit != '\0'; unit++)
        h = (h ^ (unsigned char)*unit) * UINT32_C(16777619);
    h ^= h >> 16;
    return (uint16_t)h == 0 ? 1 : (uint16_t)h;
}

static struct cell pack(uint64_t key, const struct aside *a)
{
    int64_t told_min = (a->last_us - a->told_us) / (60 * second_us);
    unsigned told = told_min < 0                  ? 0
                    : told_min > TOLD_MINUTES_MAX ? TOLD_MINUTES_MAX
                                                  : (unsigned)told_min;
    unsigned closed = a->closed ? 1 : 0;

    return (struct cell){.key = key,
                         .first_s = second_of(a->first_us),
                         .last_s = second_of(a->last_us),
                         .observed = (float)a->observed,
                         .told_observed = (float)a->told_observed,
                         .day = (uint16_t)(second_of(a->window_start_us) / DAY_S),
                         .sequence = a->sequence > UINT16_MAX ? UINT16_MAX : (uint16_t)a->sequence,
                         .unit = aside_unit_tag(a->unit),
                         .told = (uint16_t)(told << 4 | (unsigned)a->severity << 1 | closed)};
}

static void unpack(const struct cell *c, struct aside *ret)
{
    *ret = (struct aside){.first_us = c->first_s * second_us,
                          .last_us = c->last_s * second_us,
                          .window_start_us = c->day * (DAY_S * second_us),
                          .told_us = (c->last_s - (c->told >> 4) * INT64_C(60)) * second_us,
                          .observed = (double)c->observed,
                          .told_observed = (double)c->told_observed,
                          .unit_tag = c->unit,
                          .severity = (enum severity)(c->told >> 1 & 7),
                          .sequence = c->sequence,
                          .closed = c->told & 1};
}
_Static_assert(SEVERITY_CRITICAL < 8, "a severity has three bits");

/* ---- finding ---- */

static struct cell *bucket_of(const struct aside_set *s, uint32_t half)
{
    return &s->cells[(((uint64_t)half * s->buckets) >> 32) * BUCKET];
}

/* The two buckets of a key; a second one that is the first is moved to its neighbour. */
static void buckets_of(const struct aside_set *s, uint64_t key, struct cell *ret[2])
{
    ret[0] = bucket_of(s, (uint32_t)(key >> 32));
    ret[1] = bucket_of(s, (uint32_t)key);
    if (ret[1] == ret[0])
        ret[1] = &s->cells[(size_t)(ret[0] - s->cells + BUCKET) % ((size_t)s->buckets * BUCKET)];
}

static struct cell *find(const struct aside_set *s, uint64_t key)
{
    struct cell *bucket[2];

    buckets_of(s, key, bucket);
    for (unsigned i = 0; i < 2 * BUCKET; i++)
        if (bucket[i / BUCKET][i % BUCKET].key == key)
            return &bucket[i / BUCKET][i % BUCKET];
    return NULL;
}

static bool is_useless(const struct aside_set *s, const struct cell *c)
{
    return c->key == 0 || (c->last_s < s->latest_s && s->latest_s - c->last_s > DAY_S);
}

static unsigned useless_in(const struct aside_set *s, const struct cell *bucket)
{
    unsigned n = 0;

    for (unsigned i = 0; i < BUCKET; i++)
        n += is_useless(s, &bucket[i]);
    return n;
}

/* Where a new one goes: a cell that is of no use in the emptier bucket, else the oldest of both. */
static struct cell *make_room(struct aside_set *s, uint64_t key)
{
    struct cell *bucket[2], *worst = NULL;

    buckets_of(s, key, bucket);
    unsigned emptier = useless_in(s, bucket[1]) > useless_in(s, bucket[0]);
    for (unsigned i = 0; i < 2 * BUCKET; i++) {
        struct cell *c = &bucket[(i / BUCKET) ^ emptier][i % BUCKET];
        if (is_useless(s, c)) {
            s->count -= c->key != 0;
            return c;
        }
        if (worst == NULL || c->last_s < worst->last_s)
            worst = c;
    }
    s->forgotten++;
    s->count--;
    return worst;
}

/* ---- the set ---- */

void aside_set_put(struct aside_set *s, uint64_t key, const struct aside *a)
{
    struct cell *c = find(s, key == 0 ? 1 : key);

    if (!in_range(a->first_us) || !in_range(a->last_us) || !in_range(a->window_start_us)) {
        s->forgotten++;
        return;
    }
    if (second_of(a->last_us) > s->latest_s)
        s->latest_s = second_of(a->last_us);
    if (c == NULL) {
        c = make_room(s, key == 0 ? 1 : key);
        s->count++;
    }
    *c = pack(key == 0 ? 1 : key, a);
}

bool aside_set_take(struct aside_set *s, uint64_t key, struct aside *ret)
{
    struct cell *c = find(s, key == 0 ? 1 : key);

    if (c == NULL)
        return false;
    unpack(c, ret);
    *c = (struct cell){0};
    s->count--;
    return true;
}

uint32_t aside_set_count(const struct aside_set *s)
{
    return s->count;
}

uint64_t aside_set_forgotten(const struct aside_set *s)
{
    return s->forgotten;
}

size_t aside_set_bytes(const struct aside_set *s)
{
    return sizeof *s + (size_t)s->buckets * BUCKET * sizeof *s->cells;
}

void aside_set_persist(struct aside_set *s, struct state_io *io)
{
    static const struct state_hole own[] = {STATE_HOLE(struct aside_set, cells),
                                            STATE_HOLE(struct aside_set, buckets)};

    state_struct(io, "asides", s, sizeof *s, STATE_HOLES(own));
    state_bytes(io, "aside cells", s->cells, sizeof *s->cells, (size_t)s->buckets * BUCKET);
}
