/* session_table.c - open SMTP sessions in a keyed table; the longest idle goes first when it is
 * full
 * source:   Postfix smtpd serves one client at a time per process (max_use), smtpd(8)
 * limits:   capacity fixed at start; evictions are counted */
#include "correlate/session_table.h"

#include <stdlib.h>

#include "base/panic.h"
#include "base/state.h"
#include "base/table.h"

struct session_table {
    struct table *table;
};

struct session_table *session_table_new(uint32_t capacity)
{
    struct session_table *t = panic_calloc(1, sizeof *t);
    struct table_spec spec = {
        .name = "sessions", .capacity = capacity, .entry_size = sizeof(struct session)};

    t->table = table_new(&spec);
    return t;
}

struct session_table *session_table_free(struct session_table *t)
{
    if (t != NULL)
        table_free(t->table);
    free(t);
    return NULL;
}

struct session *session_table_find(struct session_table *t, uint64_t key)
{
    return table_find(t->table, key);
}

struct session *session_table_open(struct session_table *t, uint64_t key, int64_t now_us)
{
    bool created;
    struct session *s = table_get(t->table, key, now_us, &created);

    if (!created)
        memset(s, 0, sizeof *s);
    s->first_us = s->last_us = now_us;
    s->flags = SESSION_CONNECTED;
    return s;
}

struct session *session_table_get(struct session_table *t, uint64_t key, int64_t now_us)
{
    bool created;
    struct session *s = table_get(t->table, key, now_us, &created);

    if (created)
        s->first_us = now_us;
    if (now_us > s->last_us)
        s->last_us = now_us;
    return s;
}

void session_table_close(struct session_table *t, struct session *s)
{
    table_remove(t->table, s);
}

uint32_t session_table_count(const struct session_table *t)
{
    return table_count(t->table);
}

uint64_t session_table_evictions(const struct session_table *t)
{
    return table_evictions(t->table);
}

size_t session_table_bytes(const struct session_table *t)
{
    return table_bytes(t->table) + sizeof *t;
}

void session_table_persist(struct session_table *t, struct state_io *io)
{
    table_persist(t->table, io);
}
