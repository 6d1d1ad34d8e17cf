/* event_pack.h - events as bytes that can be moved: what one thread hands to another
 *
 * An event borrows its text from a line that is gone when the next one is read. Packed, it stands
 * in a buffer with a copy of the line; text that lies in the line is told by its place there, other
 * text is copied behind the event. A packed event of a mail log takes some 500 bytes, line
 * included.
 *
 * Caller-owned: zero the structure, and event_pack_fini() it. */
#ifndef EVENT_EVENT_PACK_H
#define EVENT_EVENT_PACK_H

#include "event/event.h"

struct event_pack {
    char *ptr;        /* 8-byte aligned */
    size_t len, room; /* len is a multiple of 8 */
    /* private */
    slice line;
    size_t line_at;
};

/* event_pack_fini - release the memory; the buffer is empty and usable again */
void event_pack_fini(struct event_pack *p);

/* event_pack_clear - forget what is in it; the memory is kept */
void event_pack_clear(struct event_pack *p);

/* event_pack_bytes - append bytes as they are; result: where they begin, a multiple of 8 */
size_t event_pack_bytes(struct event_pack *p, const void *bytes, size_t n);

/* event_pack_line - append the line that the next events borrow from; their other text need not lie
 * in it
 *
 *   in        line   must stay where it is until the last of them was put */
void event_pack_line(struct event_pack *p, slice line);

/* event_pack_put - append an event
 *
 *   cost      a copy of its fixed part and 8 bytes a text field */
void event_pack_put(struct event_pack *p, const struct event *ev);

/* event_pack_get - the event that was put at a place
 *
 *   in        at    a result of event_pack_get(), or where the first event was put
 *   out       ret   borrows from the buffer: valid until it is changed
 *   result    the place behind it */
size_t event_pack_get(const struct event_pack *p, size_t at, struct event *ret);

#endif
