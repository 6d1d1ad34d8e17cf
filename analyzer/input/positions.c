/* positions.c - a list of logs by their first bytes
 * algorithm: linear; the hash of the whole head is compared first, shorter ones are made when an
 *            entry of that length is met
 * limits:    two logs whose first KiB is equal are taken for one: logs with times are not */
#include "input/positions.h"

#include "base/panic.h"

struct positions *positions_new(const struct hash_key *key)
{
    struct positions *p = panic_calloc(1, sizeof *p);

    p->key = *key;
    return p;
}

struct positions *positions_free(struct positions *p)
{
    free(p);
    return NULL;
}

uint64_t positions_name(const struct positions *p, const char *path)
{
    return siphash13(&p->key, path, strlen(path));
}

void positions_mark(const struct positions *p, slice head, struct position *ret)
{
    head = slice_first(head, POSITION_HEAD);
    ret->head_len = (uint32_t)head.len;
    ret->head_hash = siphash13(&p->key, head.ptr, head.len);
}

struct position *positions_find(struct positions *p, slice head, uint64_t device, uint64_t inode)
{
    struct position *best = NULL, made = {0};

    for (uint32_t i = 0; i < p->count; i++) {
        struct position *at = &p->list[i];
        if (at->head_len == 0 || at->head_len > head.len ||
            (best != NULL && at->head_len <= best->head_len))
            continue;
        if (at->head_len < POSITION_SURE && (at->device != device || at->inode != inode))
            continue;
        if (made.head_len != at->head_len)
            positions_mark(p, slice_first(head, at->head_len), &made);
        if (made.head_hash == at->head_hash)
            best = at;
    }
    return best;
}

struct position *positions_latest_of(struct positions *p, uint64_t name)
{
    struct position *best = NULL;

    for (uint32_t i = 0; i < p->count; i++)
        if (p->list[i].name == name && (best == NULL || p->list[i].last_used > best->last_used))
            best = &p->list[i];
    return best;
}

static struct position *by_id(struct positions *p, uint64_t id)
{
    for (uint32_t i = 0; id != 0 && i < p->count; i++)
        if (p->list[i].id == id)
            return &p->list[i];
    return NULL;
}

static struct position *room(struct positions *p)
{
    struct position *oldest = NULL;

    if (p->count < POSITIONS_MAX)
        return &p->list[p->count++];
    for (uint32_t i = 0; i < p->count; i++)
        if (oldest == NULL || (!p->list[i].is_open && p->list[i].last_used < oldest->last_used))
            oldest = &p->list[i];
    return oldest;
}

void positions_put(struct positions *p, struct position *pos)
{
    struct position *at = by_id(p, pos->id);

    p->serial++;
    if (at == NULL) {
        at = room(p);
        pos->id = p->serial;
    }
    pos->last_used = p->serial;
    *at = *pos;
}
