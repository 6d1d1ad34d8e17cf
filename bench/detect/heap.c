/* heap.c - binary heap by (time, order of arrival) */
#include "heap.h"

#include <stdbool.h>
#include <stdlib.h>

static bool is_before(const struct heap_item *a, const struct heap_item *b)
{
    return a->time_us != b->time_us ? a->time_us < b->time_us : a->order < b->order;
}

static void grow(struct heap *h)
{
    uint32_t room = h->room == 0 ? 1024 : 2 * h->room;
    struct heap_item *items = realloc(h->items, room * sizeof *items);

    if (items == NULL)
        abort();
    h->items = items;
    h->room = room;
}

void heap_put(struct heap *h, int64_t time_us, void *value)
{
    struct heap_item item = {time_us, h->next_order++, value};
    uint32_t i = h->count;

    if (h->count == h->room)
        grow(h);
    h->count++;
    for (; i > 0 && is_before(&item, &h->items[(i - 1) / 2]); i = (i - 1) / 2)
        h->items[i] = h->items[(i - 1) / 2];
    h->items[i] = item;
}

int64_t heap_next_us(const struct heap *h)
{
    return h->count == 0 ? INT64_MAX : h->items[0].time_us;
}

void *heap_take(struct heap *h, int64_t *ret_time_us)
{
    struct heap_item first = h->items[0], last = h->items[--h->count];
    uint32_t i = 0;

    for (uint32_t child; (child = 2 * i + 1) < h->count; i = child) {
        child += child + 1 < h->count && is_before(&h->items[child + 1], &h->items[child]);
        if (!is_before(&h->items[child], &last))
            break;
        h->items[i] = h->items[child];
    }
    if (h->count > 0)
        h->items[i] = last;
    if (ret_time_us != NULL)
        *ret_time_us = first.time_us;
    return first.value;
}

void heap_free(struct heap *h)
{
    free(h->items);
    *h = (struct heap){0};
}
