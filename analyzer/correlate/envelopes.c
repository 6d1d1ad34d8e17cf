/* envelopes.c - a keyed table: (sender, recipient) or sender -> record
 * algorithm: kinds of keys are kept apart by a constant mixed into the hash. A recipient that hides
 *            another one is entered under both. An entry holds for the life of a queue.
 * source:    RFC 5321 4.5.4.1 (give-up time of four to five days)
 * limits:    capacity fixed at start, longest idle goes first: then a delivery has no origin. Two
 *            messages with the same sender and recipient are one */
#include "correlate/envelopes.h"

#include <stdlib.h>

#include "base/panic.h"
#include "base/state.h"
#include "base/table.h"

static const uint64_t kind_pair = 0x70616972ULL, kind_return = 0x72657475726eULL;
static const int64_t queue_life_us = (int64_t)5 * 86400 * 1000000;

struct entry {
    uint64_t message_key; /* the newest */
    int64_t time_us;
    uint32_t forms;         /* pair: of the recipient that hid this one; 0 plain */
    uint32_t plain, hidden; /* sender: foreign recipients accepted from strangers, not settled */
    uint32_t messages;      /* sender: queued, without a notification so far */
    bool tried;             /* sender: a recipient was handed on, or refused by a remote */
};

struct envelopes {
    struct hash_key key;
    struct message_table *messages;
    struct table *table;
    uint32_t found_forms; /* of the last delivery that was found */
};

struct envelopes *envelopes_new(const struct hash_key *key, struct message_table *messages,
                                uint32_t capacity)
{
    struct envelopes *e = panic_calloc(1, sizeof *e);
    struct table_spec spec = {
        .name = "envelopes", .capacity = capacity, .entry_size = sizeof(struct entry)};

    e->key = *key;
    e->messages = messages;
    e->table = table_new(&spec);
    return e;
}

struct envelopes *envelopes_free(struct envelopes *e)
{
    if (e != NULL)
        table_free(e->table);
    free(e);
    return NULL;
}

static uint64_t hash_of(const struct envelopes *e, slice address)
{
    return address.len == 0 ? 0 : siphash13_lower(&e->key, address) | 1;
}

static uint64_t pair_key(uint64_t sender, uint64_t rcpt)
{
    return hash_mix(hash_mix(sender, rcpt), kind_pair) | 1;
}

static uint64_t return_key(uint64_t sender)
{
    return hash_mix(sender, kind_return) | 1;
}

static struct entry *look_up(struct envelopes *e, uint64_t key, int64_t now_us)
{
    struct entry *found = table_find(e->table, key);

    if (found == NULL || now_us - found->time_us > queue_life_us ||
        message_table_find(e->messages, found->message_key) == NULL)
        return NULL;
    return found;
}

static uint64_t find_delivery(struct envelopes *e, const struct event *ev)
{
    uint64_t sender = hash_of(e, event_field(ev, EF_SENDER));
    struct entry *found, *of_sender;

    if (!event_has(ev, EF_SENDER) || event_field(ev, EF_RCPT).len == 0)
        return 0;
    found = look_up(e, pair_key(sender, hash_of(e, event_field(ev, EF_RCPT))), ev->time_us);
    if (found == NULL)
        return 0;
    of_sender = table_find(e->table, return_key(sender));
    if (of_sender != NULL)
        of_sender->tried = true;
    e->found_forms = found->forms;
    return found->message_key;
}

/* What a client handed in with a null sender for this recipient is no notification of ours. */
static uint64_t find_notified(struct envelopes *e, const struct event *ev)
{
    uint64_t rcpt = hash_of(e, event_field(ev, EF_RCPT));
    const struct entry *found;

    if (rcpt == 0 || look_up(e, pair_key(0, rcpt), ev->time_us) != NULL)
        return 0;
    found = look_up(e, return_key(rcpt), ev->time_us);
    return found == NULL ? 0 : found->message_key;
}

uint64_t envelopes_find(struct envelopes *e, const struct event *ev)
{
    e->found_forms = 0;
    if (event_has(ev, EF_QUEUE_ID) || ev->may_repeat || table_count(e->table) == 0)
        return 0;
    if (ev->kind == EVENT_DELIVERY)
        return find_delivery(e, ev);
    return ev->kind == EVENT_DSN ? find_notified(e, ev) : 0;
}

/* ---- what is remembered ---- */

static struct entry *enter(struct envelopes *e, uint64_t key, const struct context *cx,
                           int64_t now_us)
{
    struct entry *entry = table_get(e->table, key, now_us, NULL);

    if (now_us - entry->time_us > queue_life_us)
        *entry = (struct entry){0};
    entry->message_key = message_table_key(cx->message);
    entry->time_us = now_us;
    entry->forms = 0;
    return entry;
}

static bool is_foreign(enum rcpt_class class)
{
    return class == RCPT_THIRD_PARTY || class == RCPT_TRICK;
}

static void note_recipient(struct envelopes *e, const struct event *ev, const struct context *cx)
{
    bool accepted = ev->outcome == OUTCOME_ACCEPTED;
    struct entry *of_sender;

    if (cx->message == NULL || (!accepted && ev->outcome != OUTCOME_NONE) || cx->rcpt_hash == 0 ||
        ev->may_repeat)
        return;
    cx->message->flags |= MESSAGE_FROM_DIALOGUE;
    enter(e, pair_key(cx->sender_hash, cx->rcpt_hash), cx, ev->time_us);
    if (cx->rcpt_class == RCPT_TRICK)
        enter(e, pair_key(cx->sender_hash, hash_of(e, slice_of(cx->rcpt->inner))), cx, ev->time_us)
            ->forms = cx->rcpt->forms;
    if (!accepted || cx->client_zone != CLIENT_OUTSIDE || cx->authed || cx->sender_hash == 0 ||
        !is_foreign(cx->rcpt_class))
        return;
    of_sender = enter(e, return_key(cx->sender_hash), cx, ev->time_us);
    of_sender->plain += cx->rcpt_class == RCPT_THIRD_PARTY;
    of_sender->hidden += cx->rcpt_class == RCPT_TRICK;
}

/* Servers that log no accepted recipient name their messages by queue id: nothing to remember. */
static void note_queued(struct envelopes *e, const struct event *ev, const struct context *cx)
{
    if (cx->message != NULL && (cx->message->flags & MESSAGE_FROM_DIALOGUE) && cx->sender_hash != 0)
        enter(e, return_key(cx->sender_hash), cx, ev->time_us)->messages++;
}

static void note_delivery(struct envelopes *e, struct context *cx)
{
    if (e->found_forms == 0 || !is_foreign(cx->rcpt_class))
        return;
    cx->rcpt_class = RCPT_TRICK;
    cx->rcpt->forms |= e->found_forms;
}

/* What one of `messages` has, on average: they are alike where one sender is the aim. */
static uint32_t take_share(uint32_t *open, uint32_t messages)
{
    uint32_t share = messages == 0 ? *open : (*open + messages - 1) / messages;

    *open -= share;
    return share;
}

static void note_notification(struct envelopes *e, const struct event *ev, struct context *cx)
{
    struct entry *of_sender;

    if (cx->message == NULL || ev->dsn != DSN_NONE)
        return;
    of_sender = table_find(e->table, return_key(hash_of(e, event_field(ev, EF_RCPT))));
    if (of_sender == NULL || of_sender->tried)
        return;
    cx->bounced_plain = take_share(&of_sender->plain, of_sender->messages);
    cx->bounced_hidden = take_share(&of_sender->hidden, of_sender->messages);
    of_sender->messages -= of_sender->messages > 0;
}

void envelopes_note(struct envelopes *e, const struct event *ev, struct context *cx)
{
    switch (ev->kind) {
    case EVENT_RCPT:
        note_recipient(e, ev, cx);
        break;
    case EVENT_QUEUED:
        note_queued(e, ev, cx);
        break;
    case EVENT_DELIVERY:
        note_delivery(e, cx);
        break;
    case EVENT_DSN:
        note_notification(e, ev, cx);
        break;
    default:
        break;
    }
}

size_t envelopes_bytes(const struct envelopes *e)
{
    return table_bytes(e->table) + sizeof *e;
}

void envelopes_persist(struct envelopes *e, struct state_io *io)
{
    table_persist(e->table, io);
}
