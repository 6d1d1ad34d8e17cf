/* message_table.c - live messages in a keyed table, finished ones in a short queue before they go
 * algorithm: a record that is done stays for DONE_KEPT further messages, since lines of other
 *            processes (a local delivery, a notification) may follow `removed`. Eviction takes
 *            messages without any suspicion first.
 * source:    Postfix queue-id life; house rules for bounded tables
 * limits:    capacity fixed at start; evictions are counted */
#include "correlate/message_table.h"

#include <stdlib.h>

#include "base/panic.h"
#include "base/state.h"
#include "base/table.h"

enum { DONE_KEPT = 512 };

struct done_ref {
    uint32_t handle;
    uint64_t key;
};

struct message_table {
    struct table *table;
    struct done_ref done[DONE_KEPT];
    unsigned done_next;
    uint64_t lost;
};

/* What is lost when the record is evicted: a relay finding that waits for its delivery weighs most.
 */
static float keep_score(const void *entry, int64_t now_us)
{
    const struct message *m = entry;
    float score = 0;

    if (m->flags & (MESSAGE_DONE | MESSAGE_SETTLED))
        return -1 - (float)((double)(now_us - m->last_us) / 86400e6);
    if (m->flags & MESSAGE_RELAY_JUDGED)
        score += 8;
    if (m->flags & MESSAGE_QUEUED)
        score += 2;
    if (m->flags & (MESSAGE_AUTHED | MESSAGE_DEFERRED))
        score += 1;
    return score - (float)((double)(now_us - m->last_us) / 86400e6);
}

/* Where no log line says that a message left the queue, its record goes when room is needed. */
static void note_eviction(void *arg, void *entry)
{
    struct message_table *t = arg;
    const struct message *m = entry;

    t->lost += (m->flags & MESSAGE_SETTLED) == 0;
}

struct message_table *message_table_new(uint32_t capacity)
{
    struct message_table *t = panic_calloc(1, sizeof *t);
    struct table_spec spec = {.name = "messages",
                              .capacity = capacity,
                              .entry_size = sizeof(struct message),
                              .score = keep_score,
                              .evict = note_eviction,
                              .evict_arg = t};

    t->table = table_new(&spec);
    return t;
}

struct message_table *message_table_free(struct message_table *t)
{
    if (t != NULL)
        table_free(t->table);
    free(t);
    return NULL;
}

struct message *message_table_find(struct message_table *t, uint64_t key)
{
    return table_find(t->table, key);
}

struct message *message_table_get(struct message_table *t, uint64_t key, int64_t now_us)
{
    bool created;
    struct message *m = table_get(t->table, key, now_us, &created);

    if (created)
        m->first_us = now_us;
    if (now_us > m->last_us)
        m->last_us = now_us;
    return m;
}

struct message *message_table_get_beside(struct message_table *t, uint64_t key, int64_t now_us,
                                         struct message *keep)
{
    bool pinned = keep != NULL && table_pin(t->table, keep);
    struct message *m = message_table_get(t, key, now_us);

    if (pinned)
        table_unpin(t->table, keep);
    return m;
}

void message_table_restart(struct message *m, int64_t now_us)
{
    memset(m, 0, sizeof *m);
    m->first_us = m->last_us = now_us;
}

void message_table_done(struct message_table *t, struct message *m)
{
    struct done_ref *slot = &t->done[t->done_next++ % DONE_KEPT];
    struct message *old =
        slot->handle == TABLE_NO_HANDLE ? NULL : table_at(t->table, slot->handle, slot->key);

    if (old != NULL && old != m && (old->flags & MESSAGE_DONE))
        table_remove(t->table, old);
    m->flags |= MESSAGE_DONE;
    *slot = (struct done_ref){table_handle(t->table, m), table_key_of(m)};
}

uint32_t message_table_handle(const struct message_table *t, const struct message *m)
{
    return table_handle(t->table, m);
}

struct message *message_table_at(struct message_table *t, uint32_t handle, uint64_t key)
{
    return handle == TABLE_NO_HANDLE ? NULL : table_at(t->table, handle, key);
}

uint64_t message_table_key(const struct message *m)
{
    return table_key_of(m);
}

struct message *message_table_next(struct message_table *t, uint32_t *cursor)
{
    return table_next(t->table, cursor);
}

uint32_t message_table_count(const struct message_table *t)
{
    return table_count(t->table);
}

uint64_t message_table_evictions(const struct message_table *t)
{
    return t->lost;
}

size_t message_table_bytes(const struct message_table *t)
{
    return table_bytes(t->table) + sizeof *t;
}

void message_table_persist(struct message_table *t, struct state_io *io)
{
    static const struct state_hole holes[] = {STATE_HOLE(struct message_table, table)};

    state_struct(io, "messages", t, sizeof *t, STATE_HOLES(holes));
    table_persist(t->table, io);
}
