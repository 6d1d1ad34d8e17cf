/* message_ids.c - one keyed table: id -> record, and facts as keys of their own
 * algorithm: an id that leads nowhere is its own record. The first account of a message makes the
 *            record under the id it has; a later one with another id and the same TRACE_ID joins
 *            it. Kinds of keys are kept apart by a constant mixed into the hash.
 * source:    Exchange message tracking (internal-message-id is unique on one server,
 *            network-message-id in the organisation)
 * limits:    capacity fixed at start, longest idle goes first: then a fact may count again */
#include "correlate/message_ids.h"

#include <stdlib.h>

#include "base/panic.h"
#include "base/state.h"
#include "base/table.h"

/* Mixed in last, so that no id can be another kind's. */
static const uint64_t kind_trace = 0x7472616365ULL, kind_name = 0x6e616d65ULL,
                      kind_notice = 0x6e6f74696365ULL, kind_excuse = 0x657863757365ULL,
                      kind_fact = 0x66616374ULL, kind_ask = 0x61736bULL;

struct message_ids {
    struct hash_key key;
    struct message_table *messages;
    struct table *table;
};

struct entry {
    uint64_t root;
};

struct message_ids *message_ids_new(const struct hash_key *key, struct message_table *messages,
                                    uint32_t capacity)
{
    struct message_ids *ids = panic_calloc(1, sizeof *ids);
    struct table_spec spec = {
        .name = "message ids", .capacity = capacity, .entry_size = sizeof(struct entry)};

    ids->key = *key;
    ids->messages = messages;
    ids->table = table_new(&spec);
    return ids;
}

struct message_ids *message_ids_free(struct message_ids *ids)
{
    if (ids != NULL)
        table_free(ids->table);
    free(ids);
    return NULL;
}

static uint64_t text_key(const struct message_ids *ids, slice text, uint64_t kind)
{
    return text.len == 0 ? 0 : hash_mix(siphash13(&ids->key, text.ptr, text.len), kind) | 1;
}

uint64_t message_ids_root(const struct message_ids *ids, uint64_t id)
{
    const struct entry *e = id == 0 ? NULL : table_find(ids->table, id);
    return e == NULL ? id : e->root;
}

void message_ids_lead(struct message_ids *ids, uint64_t id, uint64_t root, int64_t now_us)
{
    struct entry *e;

    if (id == 0 || root == 0 || id == root)
        return;
    e = table_get(ids->table, id, now_us, NULL);
    e->root = root;
}

/* Has a log without trace ids already made the record? */
static bool is_known_untraced(const struct message_ids *ids, uint64_t key)
{
    const struct message *m = key == 0 ? NULL : message_table_find(ids->messages, key);
    return m != NULL && !(m->flags & MESSAGE_TRACED);
}

uint64_t message_ids_key(struct message_ids *ids, const struct event *ev, uint64_t queue_key)
{
    uint64_t trace, root, of_queue;

    if (!ev->may_repeat)
        return queue_key;
    of_queue = message_ids_root(ids, queue_key);
    trace = text_key(ids, event_field(ev, EF_TRACE_ID), kind_trace);
    if (trace == 0)
        return of_queue;
    root = message_ids_root(ids, trace);
    if (root == trace && message_table_find(ids->messages, root) == NULL &&
        is_known_untraced(ids, of_queue)) {
        root = of_queue;
        message_ids_lead(ids, trace, root, ev->time_us);
    }
    if (of_queue != root)
        message_ids_lead(ids, queue_key, root, ev->time_us);
    return root;
}

void message_ids_note(struct message_ids *ids, const struct event *ev, uint64_t root)
{
    uint64_t name = text_key(ids, event_field(ev, EF_MESSAGE_ID), kind_name);
    uint64_t notice = text_key(ids, event_field(ev, EF_REFERENCE), kind_notice);

    message_ids_lead(ids, name, root, ev->time_us);
    message_ids_lead(ids, notice, root, ev->time_us);
}

uint64_t message_ids_about(const struct message_ids *ids, const struct event *ev,
                           uint64_t rcpt_hash)
{
    uint64_t notice = text_key(ids, event_field(ev, EF_MESSAGE_ID), kind_notice);
    uint64_t name = text_key(ids, event_field(ev, EF_REFERENCE), kind_name);
    uint64_t root = message_ids_root(ids, notice);
    const struct message *m;

    if (root != notice)
        return root;
    root = message_ids_root(ids, name);
    m = root == name ? NULL : message_table_find(ids->messages, root);
    return m != NULL && rcpt_hash != 0 && m->sender_hash == rcpt_hash ? root : 0;
}

static uint64_t pair_key(uint64_t root, uint64_t rcpt_hash, uint64_t kind)
{
    return hash_mix(hash_mix(root, rcpt_hash), kind) | 1;
}

bool message_ids_first(struct message_ids *ids, const struct event *ev, uint64_t root,
                       uint64_t rcpt_hash)
{
    uint64_t fact = (uint64_t)ev->kind << 8 | (uint64_t)ev->outcome << 4 | (uint64_t)ev->dsn;
    bool created;

    table_get(ids->table, pair_key(root, rcpt_hash, kind_fact ^ fact), ev->time_us, &created);
    return created;
}

void message_ids_excuse(struct message_ids *ids, uint64_t root, uint64_t rcpt_hash, int64_t now_us)
{
    table_get(ids->table, pair_key(root, rcpt_hash, kind_excuse), now_us, NULL);
}

bool message_ids_excused(const struct message_ids *ids, uint64_t root, uint64_t rcpt_hash)
{
    return table_find(ids->table, pair_key(root, rcpt_hash, kind_excuse)) != NULL;
}

void message_ids_ask(struct message_ids *ids, uint64_t root, uint64_t rcpt_hash, int64_t now_us)
{
    table_get(ids->table, pair_key(root, rcpt_hash, kind_ask), now_us, NULL);
}

bool message_ids_asked(const struct message_ids *ids, uint64_t root, uint64_t rcpt_hash)
{
    return table_find(ids->table, pair_key(root, rcpt_hash, kind_ask)) != NULL;
}

size_t message_ids_bytes(const struct message_ids *ids)
{
    return table_bytes(ids->table) + sizeof *ids;
}

void message_ids_persist(struct message_ids *ids, struct state_io *io)
{
    table_persist(ids->table, io);
}
