/* event_pack.c - the fixed part of an event, its text fields as places, then text of its own
 * algorithm: places count from the start of the buffer, which may move while it grows. Addresses
 *            other than the client's and the counters of a session are copied where there are any:
 *            what one processor writes and another reads is not cheap
 * limits:    4 GiB a buffer */
#include "event/event_pack.h"

#include <stdlib.h>

#include "base/panic.h"

enum { ALIGN = 8, ROOM_FIRST = 4096 };

/* The fixed part is what stands before these, then those that are not all zero. */
static const struct block {
    size_t at, size;
} blocks[] = {
    {offsetof(struct event, orig_client), sizeof(struct ip_addr)},
    {offsetof(struct event, remote), sizeof(struct ip_addr)},
    {offsetof(struct event, counters), sizeof(struct session_counters)},
};
enum { ALWAYS = offsetof(struct event, orig_client), BLOCKS = sizeof blocks / sizeof blocks[0] };
_Static_assert(offsetof(struct event, remote) == ALWAYS + sizeof(struct ip_addr) &&
                   offsetof(struct event, counters) == ALWAYS + 2 * sizeof(struct ip_addr) &&
                   offsetof(struct event, field) <=
                       ALWAYS + 2 * sizeof(struct ip_addr) + sizeof(struct session_counters) + 7,
               "nothing else stands between them and the fields");

struct place {
    uint32_t at, len;
};

struct packed {
    uint32_t next;
    struct place text; /* of the position */
    uint32_t source;
    int64_t time_us;
    uint64_t offset, number;
    uint32_t blocks; /* set of places in blocks[] */
    char fixed[ALWAYS];
    struct place field[]; /* of those that are present, in their order; then the blocks */
};

static void *grow(void *ptr, size_t room)
{
    void *p = realloc(ptr, room);

    ASSERT(p != NULL);
    return p;
}

/* Room for n bytes at the end; result: where they begin. */
static size_t add(struct event_pack *p, size_t n)
{
    size_t at = p->len, end = at + (n + ALIGN - 1) / ALIGN * ALIGN;

    if (end > p->room) {
        size_t room = p->room == 0 ? ROOM_FIRST : p->room;
        while (room < end)
            room *= 2;
        ASSERT(room <= UINT32_MAX);
        p->ptr = grow(p->ptr, room);
        p->room = room;
    }
    p->len = end;
    return at;
}

void event_pack_fini(struct event_pack *p)
{
    free(p->ptr);
    *p = (struct event_pack){0};
}

void event_pack_clear(struct event_pack *p)
{
    p->len = 0;
    p->line = SLICE_NONE;
}

size_t event_pack_bytes(struct event_pack *p, const void *bytes, size_t n)
{
    size_t at = add(p, n);

    if (n > 0)
        memcpy(p->ptr + at, bytes, n);
    return at;
}

void event_pack_line(struct event_pack *p, slice line)
{
    p->line = line;
    p->line_at = event_pack_bytes(p, line.ptr, line.len);
}

static bool lies_in(slice s, slice line)
{
    uintptr_t from = (uintptr_t)line.ptr, at = (uintptr_t)s.ptr;

    return line.ptr != NULL && at >= from && at - from <= line.len &&
           s.len <= line.len - (at - from);
}

static struct place place_of(struct event_pack *p, slice s)
{
    size_t at = lies_in(s, p->line) ? p->line_at + (size_t)(s.ptr - p->line.ptr)
                                    : event_pack_bytes(p, s.ptr, s.len);

    return (struct place){(uint32_t)at, (uint32_t)s.len};
}

static struct packed *packed_at(const struct event_pack *p, size_t at)
{
    return (struct packed *)(void *)(p->ptr + at);
}

static bool is_zero(const char *p, size_t n)
{
    static const char zero[sizeof(struct session_counters)];

    return bytes_eq(p, zero, n);
}

/* Which blocks an event has; and how many bytes those are. */
static uint32_t blocks_of(const struct event *ev, size_t *ret_bytes)
{
    uint32_t set = 0;

    *ret_bytes = 0;
    for (unsigned i = 0; i < BLOCKS; i++) {
        if (is_zero((const char *)ev + blocks[i].at, blocks[i].size))
            continue;
        set |= 1U << i;
        *ret_bytes += blocks[i].size;
    }
    return set;
}

static void put_blocks(const struct event *ev, uint32_t set, char *to)
{
    for (; set != 0; set &= set - 1) {
        const struct block *b = &blocks[__builtin_ctz(set)];
        memcpy(to, (const char *)ev + b->at, b->size);
        to += b->size;
    }
}

static void get_blocks(struct event *ret, uint32_t set, const char *from)
{
    bytes_zero((char *)ret + ALWAYS, offsetof(struct event, field) - ALWAYS);
    for (; set != 0; set &= set - 1) {
        const struct block *b = &blocks[__builtin_ctz(set)];
        memcpy((char *)ret + b->at, from, b->size);
        from += b->size;
    }
}

void event_pack_put(struct event_pack *p, const struct event *ev)
{
    unsigned count = (unsigned)__builtin_popcount(ev->present), n = 0;
    size_t block_bytes, at;
    uint32_t set = blocks_of(ev, &block_bytes);

    at = add(p, sizeof(struct packed) + count * sizeof(struct place) + block_bytes);
    struct packed *to = packed_at(p, at);
    to->source = ev->pos.source;
    to->time_us = ev->time_us;
    to->offset = ev->pos.offset;
    to->number = ev->pos.number;
    to->blocks = set;
    memcpy(to->fixed, ev, ALWAYS);
    put_blocks(ev, set, (char *)&to->field[count]);
    for (uint32_t left = ev->present; left != 0; left &= left - 1) {
        struct place place = place_of(p, ev->field[__builtin_ctz(left)]);
        packed_at(p, at)->field[n++] = place; /* the buffer may have moved */
    }
    struct place text = place_of(p, ev->pos.text);
    packed_at(p, at)->text = text;
    packed_at(p, at)->next = (uint32_t)p->len;
}

static slice slice_at(const struct event_pack *p, struct place place)
{
    return (slice){p->ptr + place.at, place.len};
}

size_t event_pack_get(const struct event_pack *p, size_t at, struct event *ret)
{
    const struct packed *from = packed_at(p, at);
    unsigned n = 0;

    memcpy(ret, from->fixed, ALWAYS);
    for (uint32_t left = ret->present; left != 0; left &= left - 1)
        ret->field[__builtin_ctz(left)] = slice_at(p, from->field[n++]);
    get_blocks(ret, from->blocks, (const char *)&from->field[n]);
    ret->time_us = from->time_us;
    ret->pos = (struct line_pos){.offset = from->offset,
                                 .number = from->number,
                                 .source = from->source,
                                 .text = slice_at(p, from->text)};
    return from->next;
}
