/* world.c - the agenda
 * algorithm: acts in the order of time; before each, what the stream has up to then is written, as
 * no act puts events into the past
 * limits:    actors live until the end of the program */
#include "world.h"

#include <stdlib.h>

struct entry {
    world_act *act;
    void *actor;
    struct entry *next;
};

static struct entry *spare;

void world_at(struct world *w, int64_t time_us, world_act *act, void *actor)
{
    struct entry *e = spare;

    if (time_us >= w->end_us)
        return;
    if (e != NULL)
        spare = e->next;
    else
        e = world_alloc(sizeof *e);
    *e = (struct entry){act, actor, NULL};
    heap_put(&w->agenda, time_us, e);
}

void world_run(struct world *w)
{
    while (w->agenda.count > 0) {
        int64_t now_us;
        struct entry *e = heap_take(&w->agenda, &now_us), todo = *e;

        e->next = spare;
        spare = e;
        stream_flush(w->stream, now_us);
        todo.act(w, todo.actor, now_us);
    }
    stream_flush(w->stream, w->end_us);
}

void *world_alloc(size_t size)
{
    static char *block;
    static size_t left;
    void *p;

    size = (size + 15) / 16 * 16;
    if (size > left) {
        left = size > 65536 ? size : 65536;
        block = calloc(1, left);
        if (block == NULL)
            abort();
    }
    p = block;
    block += size;
    left -= size;
    return p;
}
