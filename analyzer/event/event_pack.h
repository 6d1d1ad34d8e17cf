/* event_pack.h - events that outlive their line: what one thread hands to another
 *
 * An event borrows its text from a line that is gone when the next one is read. Packed, it stands
 * beside a copy of the line and borrows from that; text that lay elsewhere is copied as well. What
 * is in the pack stays where it is until event_pack_clear(), and is read in place. A packed event
 * of a mail log takes some 800 bytes, line included.
 *
 * Caller-owned: zero the structure, and event_pack_fini() it. */
#ifndef EVENT_EVENT_PACK_H
#define EVENT_EVENT_PACK_H

#include "event/event.h"

/* private */
struct event_pack_block {
    struct event_pack_block *next;
    size_t used, size;
    char bytes[];
};

struct event_pack {
    size_t len; /* bytes in it */
    /* private */
    struct event_pack_block *first, *last;
    slice line;
    const char *copy; /* of the line */
};

/* event_pack_fini - release the memory; the pack is empty and usable again */
void event_pack_fini(struct event_pack *p);

/* event_pack_clear - forget what is in it; the memory of an ordinary pack is kept */
void event_pack_clear(struct event_pack *p);

/* event_pack_more - event_pack_room() where the last block is full */
OUT_OF_LINE void *event_pack_more(struct event_pack *p, size_t n);

/* event_pack_room - n bytes for the caller's own use, aligned to 8, not zeroed; they do not move */
static inline void *event_pack_room(struct event_pack *p, size_t n)
{
    struct event_pack_block *b = p->last;
    size_t whole = (n + 7) / 8 * 8;

    if (b == NULL || whole > b->size - b->used)
        return event_pack_more(p, whole);
    void *room = b->bytes + b->used;
    b->used += whole;
    p->len += whole;
    return room;
}

/* event_pack_text - a copy with a NUL behind it */
const char *event_pack_text(struct event_pack *p, slice text);

/* event_pack_line - copy the line that the next events borrow from; their other text need not lie
 * in it
 *
 *   in        line   must stay where it is until the last of them was put */
void event_pack_line(struct event_pack *p, slice line);

/* event_pack_put - add an event
 *
 *   result    the one in the pack; of its text fields only those that are present are defined, as
 *             always
 *   cost      a copy of its fixed part and 16 bytes a text field */
const struct event *event_pack_put(struct event_pack *p, const struct event *ev);

#endif
