/* event_pack.c - the fixed part of an event, its text fields as places, then text of its own
 * algorithm: places count from the start of the buffer, which may move while it grows
 * limits:    4 GiB a buffer */
#include "event/event_pack.h"

#include <stdlib.h>

#include "base/panic.h"

enum { FIXED = offsetof(struct event, field), ALIGN = 8, ROOM_FIRST = 4096 };

struct place {
    uint32_t at, len;
};

struct packed {
    uint32_t next;
    struct place text; /* of the position */
    uint32_t source;
    int64_t time_us;
    uint64_t offset, number;
    char fixed[FIXED];
    struct place field[]; /* of those that are present, in their order */
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

void event_pack_put(struct event_pack *p, const struct event *ev)
{
    unsigned count = (unsigned)__builtin_popcount(ev->present), n = 0;
    size_t at = add(p, sizeof(struct packed) + count * sizeof(struct place));
    struct packed *to = packed_at(p, at);

    to->source = ev->pos.source;
    to->time_us = ev->time_us;
    to->offset = ev->pos.offset;
    to->number = ev->pos.number;
    memcpy(to->fixed, ev, FIXED);
    for (uint32_t left = ev->present; left != 0; left &= left - 1) {
        struct place place = place_of(p, ev->field[__builtin_ctz(left)]);
        packed_at(p, at)->field[n++] = place;
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

    memcpy(ret, from->fixed, FIXED);
    for (uint32_t left = ret->present; left != 0; left &= left - 1)
        ret->field[__builtin_ctz(left)] = slice_at(p, from->field[n++]);
    ret->time_us = from->time_us;
    ret->pos = (struct line_pos){.offset = from->offset,
                                 .number = from->number,
                                 .source = from->source,
                                 .text = slice_at(p, from->text)};
    return from->next;
}
