/* table.c - fixed pool of entries behind an open-addressing index
 * algorithm: LIFO free list over slots, untouched slots last; eviction of the worst of eight
 *            sampled entries; a two-generation Bloom filter as doorkeeper, so that keys seen once
 *            cannot push out anything. With a tally, an entry's spread is one and one more for each
 *            use 10 s after the one counted before, minus one for each four minutes of idleness; a
 *            newcomer that came at fewer separate times than the worst of the sample was used at
 *            gets the waiting slot behind the others, which the next newcomer overwrites
 * source:    sampling as in Redis' LRU approximation; doorkeeper and admission: Einziger et al.,
 *            "TinyLFU" (2017)
 * limits:    2^30 entries; an entry is aligned to 8 bytes; a quarter of the entries may be pinned
 */
#include "base/table.h"

#include <string.h>

#include "base/bytes.h"
#include "base/hash_index.h"
#include "base/pages.h"
#include "base/pair_filter.h"
#include "base/panic.h"
#include "base/state.h"

enum { SAMPLES = 8, DOORKEEPER_MAX_BYTES = 4 << 20, HOLES_MAX = 32, FETCH_BYTES = 40 };
enum { SPREAD_BITS = 4 };
enum slot_state { SLOT_FREE, SLOT_LIVE, SLOT_PINNED, SLOT_WAITING };
static const int64_t loss_us = INT64_C(3600) * 1000000;
static const uint32_t seconds_mask = UINT32_MAX >> SPREAD_BITS;

/* In front of each user part. */
struct header {
    uint64_t key;
    int64_t last_us;
    union {
        uint32_t next_free1; /* of a free slot: the next free one + 1 */
        uint32_t spread;     /* of a used one: second of the use counted last, and the level */
    } as;
    uint32_t state;
};
_Static_assert(sizeof(struct header) == 24, "keeps the user part aligned to 8 bytes");

struct table {
    struct hash_index index;
    unsigned char *slots; /* from a cache line on */
    size_t stride;
    uint32_t free1; /* latest slot given back + 1 */
    uint32_t fresh; /* slots from here on were never used */
    uint32_t count, pinned;
    uint64_t evictions, random;
    uint64_t salt; /* so that tables which share a tally do not share keys */
    struct pair_filter *doorkeeper;
    struct table_spec spec;
};

static struct header *header_at(const struct table *t, uint32_t slot)
{
    return (struct header *)(void *)(t->slots + slot * t->stride);
}

static struct header *header_of(void *entry)
{
    return (struct header *)entry - 1;
}

static const struct header *header_of_const(const void *entry)
{
    return (const struct header *)entry - 1;
}

static uint32_t slot_of(const struct table *t, const struct header *h)
{
    return (uint32_t)((size_t)((const unsigned char *)h - t->slots) / t->stride);
}

/* FNV-1a: any number that names differ in will do. */
static uint64_t salt_of(const char *name)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325);

    for (; *name != '\0'; name++)
        h = (h ^ (unsigned char)*name) * UINT64_C(0x100000001b3);
    return h;
}

struct table *table_new(const struct table_spec *spec)
{
    struct table *t = panic_calloc(1, sizeof(*t));

    ASSERT(spec->capacity > 0 && (spec->worth <= 0 || spec->score != NULL));
    t->spec = *spec;
    t->stride = (sizeof(struct header) + spec->entry_size + 7) & ~(size_t)7;
    t->slots = pages_new(((size_t)spec->capacity + (spec->tally != NULL)) * t->stride);
    t->salt = salt_of(spec->name);
    hash_index_init(&t->index, spec->capacity);
    t->random = UINT64_C(0x2545f4914f6cdd1d);
    if (spec->doorkeeper) { /* 64 bits per entry and generation */
        size_t bytes = (size_t)spec->capacity * 16;
        t->doorkeeper = pair_filter_new(bytes < DOORKEEPER_MAX_BYTES ? bytes : DOORKEEPER_MAX_BYTES,
                                        spec->doorkeeper_rotate_us);
    }
    return t;
}

struct table *table_free(struct table *t)
{
    if (t == NULL)
        return NULL;
    pair_filter_free(t->doorkeeper);
    hash_index_fini(&t->index);
    pages_free(t->slots);
    free(t);
    return NULL;
}

static struct header *find(const struct table *t, uint64_t key)
{
    uint32_t tag = hash_index_tag(key), pos = tag;

    for (const struct hash_cell *c; (c = hash_index_cell(&t->index, tag, &pos)) != NULL; pos++) {
        struct header *h = header_at(t, c->slot1 - 1);
        if (h->key == key)
            return h;
    }
    return NULL;
}

void *table_find(struct table *t, uint64_t key)
{
    struct header *h = find(t, key);

    return h == NULL ? NULL : h + 1;
}

void table_warm(const struct table *t, uint64_t key)
{
    hash_index_warm(&t->index, key);
}

static void release(struct table *t, struct header *h)
{
    uint32_t slot = slot_of(t, h);

    ASSERT(h->state != SLOT_FREE);
    if (h->state == SLOT_WAITING)
        return;
    hash_index_remove(&t->index, h->key, slot);
    t->pinned -= h->state == SLOT_PINNED;
    h->state = SLOT_FREE;
    h->as.next_free1 = t->free1;
    t->free1 = slot + 1;
    t->count--;
}

/* xorshift64*: its sequence is a function of the number of draws only */
static uint32_t draw_slot(struct table *t)
{
    t->random ^= t->random >> 12;
    t->random ^= t->random << 25;
    t->random ^= t->random >> 27;
    uint64_t high = (t->random * UINT64_C(0x2545f4914f6cdd1d)) >> 32;
    return (uint32_t)((high * t->spec.capacity) >> 32);
}

/* ---- uses at separate times ---- */

static uint32_t second_of(int64_t time_us)
{
    return (uint32_t)(time_us / 1000000) & seconds_mask;
}

static unsigned spread_of(const struct header *h)
{
    return h->as.spread & ((1U << SPREAD_BITS) - 1);
}

static void set_spread(struct header *h, unsigned spread, int64_t now_us)
{
    h->as.spread = second_of(now_us) << SPREAD_BITS | spread;
}

static void count_use(struct header *h, int64_t now_us)
{
    uint32_t since = (second_of(now_us) - (h->as.spread >> SPREAD_BITS)) & seconds_mask;
    unsigned spread = spread_of(h);

    if (since >= TALLY_APART_S && since <= seconds_mask / 2) /* else it is late */
        set_spread(h, spread + (spread < TALLY_LEVEL_MAX), now_us);
}

/* What is left of it by now; never below 1, so that without a tally all are equal. */
static unsigned spread_at(const struct table *t, const struct header *h, int64_t now_us)
{
    int64_t lost;

    if (t->spec.tally == NULL)
        return 1;
    lost = (now_us - h->last_us) / (INT64_C(1000000) * TALLY_LEVEL_S);
    return lost <= 0 ? spread_of(h) : lost >= spread_of(h) ? 1 : spread_of(h) - (unsigned)lost;
}

/* ---- eviction ---- */

/* Header and score of a slot; what the score looks at should stand first in an entry. */
static void fetch_slot(const struct table *t, uint32_t slot)
{
    const char *header = (const char *)header_at(t, slot);

    __builtin_prefetch(header, 1);
    __builtin_prefetch(header + FETCH_BYTES, 1);
}

struct victim {
    struct header *header;
    unsigned spread;
    float score;
};

static void consider(const struct table *t, struct victim *best, struct header *h, int64_t now_us)
{
    if (h->state != SLOT_LIVE)
        return;
    unsigned spread = spread_at(t, h, now_us);
    if (best->header != NULL && spread > best->spread)
        return;
    float score = t->spec.score == NULL ? 0.0F : t->spec.score(h + 1, now_us);
    bool worse = best->header == NULL || spread < best->spread || score < best->score ||
                 (!(score > best->score) && h->last_us < best->header->last_us);
    if (worse)
        *best = (struct victim){h, spread, score};
}

/* Only when full: every slot is live or pinned, and at most a quarter is pinned. A table of up to
 * eight is searched whole; else a draw of nothing but pinned entries goes on from the last slot
 * drawn. */
static struct victim choose_victim(struct table *t, int64_t now_us)
{
    struct victim best = {0};
    uint32_t slot = 0;

    if (t->spec.capacity <= SAMPLES) {
        for (; slot < t->spec.capacity; slot++)
            consider(t, &best, header_at(t, slot), now_us);
        return best;
    }
    struct header *drawn[SAMPLES];
    for (int i = 0; i < SAMPLES; i++) {
        slot = draw_slot(t);
        drawn[i] = header_at(t, slot);
        fetch_slot(t, slot); /* eight misses at once, not one after the other */
    }
    for (int i = 0; i < SAMPLES; i++)
        consider(t, &best, drawn[i], now_us);
    while (best.header == NULL) {
        slot = (slot + 1) % t->spec.capacity;
        consider(t, &best, header_at(t, slot), now_us);
    }
    return best;
}

/* The slots that the next eviction will draw, fetched while other lines are read. */
static void warm_next_victims(struct table *t)
{
    uint64_t random = t->random;

    for (int i = 0; i < SAMPLES; i++)
        fetch_slot(t, draw_slot(t));
    t->random = random;
}

static bool is_loss(const struct table *t, const struct header *h, int64_t now_us)
{
    if (now_us - h->last_us >= loss_us)
        return false;
    return t->spec.worth <= 0 || t->spec.score(h + 1, now_us) >= t->spec.worth;
}

static void evict(struct table *t, struct header *h, int64_t now_us)
{
    bool loss = is_loss(t, h, now_us);

    if (t->spec.tally != NULL && spread_of(h) > 1)
        tally_raise(t->spec.tally, h->key ^ t->salt, spread_of(h), h->last_us);
    if (t->spec.evict != NULL)
        t->spec.evict(t->spec.evict_arg, h + 1);
    t->evictions += loss;
    release(t, h);
    warm_next_victims(t);
}

/* NULL when nobody gives way to a newcomer of this spread. */
static struct header *take_slot(struct table *t, unsigned spread, int64_t now_us)
{
    if (t->free1 == 0 && t->fresh < t->spec.capacity)
        return header_at(t, t->fresh++);
    if (t->free1 == 0) {
        struct victim v = choose_victim(t, now_us);
        if (v.spread > spread)
            return NULL;
        evict(t, v.header, now_us);
    }
    struct header *h = header_at(t, t->free1 - 1);
    t->free1 = h->as.next_free1;
    memset(h + 1, 0, t->spec.entry_size);
    return h;
}

static struct header *wait_outside(struct table *t, uint64_t key, int64_t now_us)
{
    struct header *h = header_at(t, t->spec.capacity);

    *h = (struct header){.key = key, .last_us = now_us, .state = SLOT_WAITING};
    memset(h + 1, 0, t->spec.entry_size);
    t->evictions++;
    return h;
}

static struct header *create(struct table *t, uint64_t key, int64_t now_us)
{
    unsigned spread = 1;

    if (t->doorkeeper != NULL && pair_filter_first(t->doorkeeper, key, now_us))
        return NULL;
    if (t->spec.tally != NULL && t->count == t->spec.capacity)
        spread = tally_add(t->spec.tally, key ^ t->salt, now_us);
    struct header *h = take_slot(t, spread, now_us);
    if (h == NULL) {
        h = wait_outside(t, key, now_us);
        set_spread(h, spread, now_us);
        return h;
    }
    h->key = key;
    h->last_us = now_us;
    h->state = SLOT_LIVE;
    set_spread(h, spread, now_us);
    hash_index_insert(&t->index, key, slot_of(t, h));
    t->count++;
    return h;
}

void *table_get(struct table *t, uint64_t key, int64_t now_us, bool *ret_created)
{
    struct header *h = find(t, key);
    bool created = h == NULL;

    if (created) {
        h = create(t, key, now_us);
    } else {
        if (t->spec.tally != NULL)
            count_use(h, now_us);
        if (now_us > h->last_us)
            h->last_us = now_us;
    }
    if (ret_created != NULL)
        *ret_created = created && h != NULL;
    return h == NULL ? NULL : h + 1;
}

void table_touch(struct table *t, void *entry, int64_t now_us)
{
    struct header *h = header_of(entry);

    (void)t;
    if (now_us > h->last_us)
        h->last_us = now_us;
}

void table_remove(struct table *t, void *entry)
{
    release(t, header_of(entry));
}

bool table_pin(struct table *t, void *entry)
{
    struct header *h = header_of(entry);

    ASSERT(h->state != SLOT_FREE);
    if (h->state == SLOT_PINNED)
        return true;
    if (h->state == SLOT_WAITING || t->pinned >= t->spec.capacity / 4)
        return false;
    h->state = SLOT_PINNED;
    t->pinned++;
    return true;
}

void table_unpin(struct table *t, void *entry)
{
    struct header *h = header_of(entry);

    if (h->state != SLOT_PINNED)
        return;
    h->state = SLOT_LIVE;
    t->pinned--;
}

bool table_is_pinned(const void *entry)
{
    return header_of_const(entry)->state == SLOT_PINNED;
}

uint64_t table_key_of(const void *entry)
{
    return header_of_const(entry)->key;
}

unsigned table_spread(const void *entry)
{
    return spread_of(header_of_const(entry));
}

bool table_is_full(const struct table *t)
{
    return t->count == t->spec.capacity;
}

int64_t table_last_us(const void *entry)
{
    return header_of_const(entry)->last_us;
}

void *table_next(struct table *t, uint32_t *cursor)
{
    while (*cursor < t->fresh) {
        struct header *h = header_at(t, (*cursor)++);
        if (h->state != SLOT_FREE)
            return h + 1;
    }
    return NULL;
}

uint32_t table_handle(const struct table *t, const void *entry)
{
    return slot_of(t, header_of_const(entry)) + 1;
}

void *table_at(struct table *t, uint32_t handle, uint64_t key)
{
    if (handle == TABLE_NO_HANDLE || handle > t->fresh)
        return NULL;
    struct header *h = header_at(t, handle - 1);
    return h->state != SLOT_FREE && h->key == key ? h + 1 : NULL;
}

uint32_t table_count(const struct table *t)
{
    return t->count;
}

uint32_t table_capacity(const struct table *t)
{
    return t->spec.capacity;
}

uint32_t table_pinned(const struct table *t)
{
    return t->pinned;
}

uint64_t table_evictions(const struct table *t)
{
    return t->evictions;
}

size_t table_bytes(const struct table *t)
{
    size_t bytes = sizeof(*t) + ((size_t)t->spec.capacity + 1) * t->stride;

    bytes += hash_index_bytes(&t->index);
    return t->doorkeeper == NULL ? bytes : bytes + pair_filter_bytes(t->doorkeeper);
}

const char *table_name(const struct table *t)
{
    return t->spec.name;
}

static void index_again(struct table *t)
{
    hash_index_clear(&t->index);
    for (uint32_t slot = 0; slot < t->fresh; slot++)
        if (header_at(t, slot)->state != SLOT_FREE)
            hash_index_insert(&t->index, header_at(t, slot)->key, slot);
}

void table_persist_holes(struct table *t, struct state_io *io, const struct state_hole *holes,
                         size_t count)
{
    static const struct state_hole own[] = {
        STATE_HOLE(struct table, index), STATE_HOLE(struct table, slots),
        STATE_HOLE(struct table, doorkeeper), STATE_HOLE(struct table, spec)};
    struct state_hole inner[HOLES_MAX];

    ASSERT(count <= sizeof inner / sizeof inner[0]);
    for (size_t i = 0; i < count; i++)
        inner[i] = (struct state_hole){sizeof(struct header) + holes[i].offset, holes[i].size};
    state_struct(io, t->spec.name, t, sizeof *t, STATE_HOLES(own));
    if (t->fresh > t->spec.capacity || t->free1 > t->spec.capacity) {
        state_fail(io, "a table of another size");
        t->fresh = t->free1 = 0;
    }
    state_array(io, "slots", t->slots, t->stride, t->fresh, inner, count);
    if (state_loading(io))
        index_again(t);
    if (t->doorkeeper != NULL)
        pair_filter_persist(t->doorkeeper, io);
}

void table_persist(struct table *t, struct state_io *io)
{
    table_persist_holes(t, io, NULL, 0);
}
