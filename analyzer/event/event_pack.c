/* event_pack.c - events as they are, in blocks of memory that do not move
 * algorithm: a line is copied once, and slices within it are moved by one difference. Nothing is
 *            made smaller: to write few bytes and to make an event of them again cost more than to
 *            move the fields of which one processor or the other needs each
 * limits:    what is larger than a block gets one of its own, for one filling */
#include "event/event_pack.h"

#include <stdlib.h>

#include "base/panic.h"

enum { BLOCK_BYTES = 72 << 10 };

static struct event_pack_block *block_new(size_t size)
{
    struct event_pack_block *b = malloc(sizeof *b + size);

    ASSERT(b != NULL);
    *b = (struct event_pack_block){.size = size};
    return b;
}

static void free_from(struct event_pack_block *b)
{
    while (b != NULL) {
        struct event_pack_block *next = b->next;
        free(b);
        b = next;
    }
}

void event_pack_fini(struct event_pack *p)
{
    free_from(p->first);
    *p = (struct event_pack){0};
}

void event_pack_clear(struct event_pack *p)
{
    struct event_pack_block *kept = p->first;

    if (kept != NULL && kept->size == BLOCK_BYTES) {
        free_from(kept->next);
        kept->next = NULL;
        kept->used = 0;
    } else {
        free_from(kept);
        kept = NULL;
    }
    *p = (struct event_pack){.first = kept, .last = kept};
}

void *event_pack_more(struct event_pack *p, size_t n)
{
    struct event_pack_block *b = block_new(n > BLOCK_BYTES ? n : BLOCK_BYTES);

    if (p->last == NULL)
        p->first = b;
    else
        p->last->next = b;
    p->last = b;
    return event_pack_room(p, n);
}

const char *event_pack_text(struct event_pack *p, slice text)
{
    char *copy = event_pack_room(p, text.len + 1);

    if (text.len > 0)
        memcpy(copy, text.ptr, text.len);
    copy[text.len] = '\0';
    return copy;
}

void event_pack_line(struct event_pack *p, slice line)
{
    p->line = line;
    p->copy = event_pack_text(p, line);
}

/* Nothing lies in an absent line: there is no text at address 0. */
static slice moved(struct event_pack *p, slice s)
{
    uintptr_t at = (uintptr_t)s.ptr - (uintptr_t)p->line.ptr; /* huge: in front of it */

    if (at <= p->line.len && s.len <= p->line.len - at)
        return (slice){p->copy + at, s.len};
    return (slice){event_pack_text(p, s), s.len};
}

const struct event *event_pack_put(struct event_pack *p, const struct event *ev)
{
    struct event *to = event_pack_room(p, sizeof *to);

    memcpy(to, ev, offsetof(struct event, field));
    for (uint32_t left = ev->present; left != 0; left &= left - 1) {
        unsigned i = (unsigned)__builtin_ctz(left);
        to->field[i] = moved(p, ev->field[i]);
    }
    to->time_us = ev->time_us;
    to->pos = ev->pos;
    to->pos.text = moved(p, ev->pos.text);
    return to;
}
