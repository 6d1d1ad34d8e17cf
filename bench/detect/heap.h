/* heap.h - a queue by time: what has the same time leaves in the order it came */
#ifndef HEAP_H
#define HEAP_H

#include <stdint.h>

struct heap_item {
    int64_t time_us;
    uint64_t order;
    void *value;
};

/* All zero is an empty heap; heap_free() gives its memory back. */
struct heap {
    struct heap_item *items;
    uint32_t count, room;
    uint64_t next_order;
};

/* heap_put - add a value */
void heap_put(struct heap *h, int64_t time_us, void *value);

/* heap_next_us - time of the first; INT64_MAX when empty */
int64_t heap_next_us(const struct heap *h);

/* heap_take - remove the first; the heap must not be empty */
void *heap_take(struct heap *h, int64_t *ret_time_us);

/* heap_free - the values are the caller's */
void heap_free(struct heap *h);

#endif
