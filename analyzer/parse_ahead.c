/* parse_ahead.c - reading, parsing and hashing in a thread of its own, ahead of the analysis
 * algorithm: a ring of batches with two counters, filled and emptied, under one lock; each side
 *            works on its batch without it. A batch is full at BATCH_BYTES: then it is handed over,
 *            if need be in the middle of a record, so that a line of very many events takes no more
 *            memory. The thread that found the ring full is woken when half of it is empty: each
 *            wake costs some microseconds.
 * source:    pthreads(7)
 * limits:    files on disk only, as read_ahead.c */
#include "parse_ahead.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "base/panic.h"
#include "base/thread.h"
#include "event/event_pack.h"

enum { BATCHES = 8, BATCH_BYTES = 64 * 1024, FETCH_BYTES = 960 };

/* All of them stand in the pack of their batch, and are read there. */
struct packed_event {
    struct event_keys keys;
    const struct event *event;
    struct packed_event *next;
};

struct packed_part {
    struct parse_ahead_part part;
    struct packed_event *events, *last_event;
    struct packed_part *next;
};

struct batch {
    struct event_pack pack;
    struct packed_part *first, *last; /* NULL: none */
};

struct parse_ahead {
    struct log_stream *stream;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t filled_one, emptied_some;
    /* under the lock; what is atomic is also looked at without it */
    uint64_t filled, emptied; /* batches so far */
    atomic_bool rest, stop;   /* what it shall do */
    bool resting, ended;
    /* the thread's */
    struct batch *to;         /* being filled; NULL: nothing is */
    struct packed_part *open; /* of the record in hand, in it */
    const struct log_record *record;
    bool dropping; /* it shall stop, in the middle of a record */
    struct event_keyer keyer;
    /* the reader's */
    bool has_batch;
    const struct packed_part *next;
    const struct packed_event *next_event;
    /* a batch belongs to the thread from emptied on, to the reader until filled */
    struct batch batches[BATCHES];
};

/* ---- the thread ---- */

/* The batch to be filled next; NULL: it shall stop. Between records it may rest here. */
static struct batch *wait_for_room(struct parse_ahead *a, bool between_records)
{
    struct batch *batch = NULL;

    pthread_mutex_lock(&a->lock);
    while (!a->stop && ((a->rest && between_records) || a->filled - a->emptied == BATCHES)) {
        a->resting = a->rest && between_records;
        if (a->resting)
            pthread_cond_signal(&a->filled_one);
        pthread_cond_wait(&a->emptied_some, &a->lock);
    }
    a->resting = false;
    if (!a->stop)
        batch = &a->batches[a->filled % BATCHES];
    pthread_mutex_unlock(&a->lock);
    if (batch != NULL) {
        event_pack_clear(&batch->pack);
        batch->first = batch->last = NULL;
    }
    return batch;
}

static void hand_over(struct parse_ahead *a, bool ended)
{
    pthread_mutex_lock(&a->lock);
    a->filled += a->to != NULL;
    a->ended = ended;
    pthread_cond_signal(&a->filled_one);
    pthread_mutex_unlock(&a->lock);
    a->to = NULL;
}

static bool shall_rest(struct parse_ahead *a)
{
    return atomic_load_explicit(&a->rest, memory_order_relaxed) ||
           atomic_load_explicit(&a->stop, memory_order_relaxed);
}

static struct packed_part *add_part(struct batch *batch, const struct parse_ahead_part *part)
{
    struct packed_part *p = event_pack_room(&batch->pack, sizeof *p);

    *p = (struct packed_part){.part = *part};
    if (batch->last == NULL)
        batch->first = p;
    else
        batch->last->next = p;
    return batch->last = p;
}

/* Of the record in hand, its first part or another one. */
static void open_part(struct parse_ahead *a, bool begins)
{
    const struct log_record *rec = a->record;
    const struct parse_ahead_part part = {.parser = rec->parser,
                                          .time_us = rec->rec.time_us,
                                          .evictions = begins ? log_stream_evictions(a->stream) : 0,
                                          .result = PARSE_SKIP,
                                          .begins = begins};

    a->open = add_part(a->to, &part);
}

static void add_event(struct parse_ahead *a, const struct event *ev)
{
    struct event_pack *pack = &a->to->pack;
    struct packed_event *e = event_pack_room(pack, sizeof *e);

    if (a->open->events == NULL)
        event_pack_line(pack, a->record->rec.pos.text);
    event_keys_of(&a->keyer, ev, &e->keys);
    e->event = event_pack_put(pack, ev);
    e->next = NULL;
    if (a->open->last_event == NULL)
        a->open->events = e;
    else
        a->open->last_event->next = e;
    a->open->last_event = e;
    a->open->part.events++;
}

static void take_event(void *arg, struct event *ev)
{
    struct parse_ahead *a = arg;

    if (!a->dropping && a->to->pack.len >= BATCH_BYTES) {
        hand_over(a, false);
        a->to = wait_for_room(a, false);
        a->dropping = a->to == NULL;
        if (!a->dropping)
            open_part(a, false);
    }
    if (!a->dropping)
        add_event(a, ev);
}

/* The stream has something to say, which it does only while it reads: there is a batch then. */
static void note_warning(void *arg, const char *text)
{
    struct parse_ahead *a = arg;

    if (a->to != NULL)
        add_part(a->to, &(struct parse_ahead_part){
                            .warning = event_pack_text(&a->to->pack, slice_of(text))});
}

static void parse_record(struct parse_ahead *a, const struct log_record *rec, struct event *ev)
{
    const struct event_sink sink = {take_event, a};

    a->record = rec;
    open_part(a, true);
    enum parse_result result = rec->parser->parse(rec->state, &rec->rec, ev, &sink);
    if (result == PARSE_REJECT)
        log_stream_reject(a->stream, rec);
    if (a->dropping)
        return;
    a->open->part.result = result;
    a->open->part.ends = true;
}

static void *read_and_parse(void *arg)
{
    struct parse_ahead *a = arg;
    struct log_record rec;
    struct event ev;

    while (!a->dropping) {
        if (a->to == NULL && (a->to = wait_for_room(a, true)) == NULL)
            return NULL;
        if (!log_stream_next(a->stream, &rec)) {
            hand_over(a, true);
            return NULL;
        }
        parse_record(a, &rec, &ev);
        if (!a->dropping && (a->to->pack.len >= BATCH_BYTES || shall_rest(a)))
            hand_over(a, false);
    }
    return NULL;
}

/* ---- the reader ---- */

static struct parse_ahead *release(struct parse_ahead *a)
{
    pthread_cond_destroy(&a->filled_one);
    pthread_cond_destroy(&a->emptied_some);
    pthread_mutex_destroy(&a->lock);
    for (unsigned i = 0; i < BATCHES; i++)
        event_pack_fini(&a->batches[i].pack);
    free(a);
    return NULL;
}

struct parse_ahead *parse_ahead_start(struct log_stream *stream, const struct hash_key *key)
{
    struct parse_ahead *a = panic_calloc(1, sizeof *a);

    a->stream = stream;
    a->keyer.key = *key;
    pthread_mutex_init(&a->lock, NULL);
    pthread_cond_init(&a->filled_one, NULL);
    pthread_cond_init(&a->emptied_some, NULL);
    log_stream_on_warning(stream, note_warning, a);
    return thread_start(&a->thread, read_and_parse, a) ? a : release(a);
}

static bool wait_for_batch(struct parse_ahead *a)
{
    pthread_mutex_lock(&a->lock);
    while (a->filled == a->emptied && !a->resting && !a->ended)
        pthread_cond_wait(&a->filled_one, &a->lock);
    a->has_batch = a->filled != a->emptied;
    pthread_mutex_unlock(&a->lock);
    a->next = a->has_batch ? a->batches[a->emptied % BATCHES].first : NULL;
    return a->has_batch;
}

static void give_back(struct parse_ahead *a)
{
    pthread_mutex_lock(&a->lock);
    a->emptied++;
    if (a->filled - a->emptied == BATCHES / 2)
        pthread_cond_signal(&a->emptied_some);
    pthread_mutex_unlock(&a->lock);
    a->has_batch = false;
}

/* What the thread wrote lies in the cache of another processor. */
static void fetch(const struct packed_part *part)
{
    for (size_t i = 0; part != NULL && i < FETCH_BYTES; i += 64)
        __builtin_prefetch((const char *)part + i);
}

bool parse_ahead_next(struct parse_ahead *a, struct parse_ahead_part *ret)
{
    while (a->next == NULL) {
        if (a->has_batch)
            give_back(a);
        if (!wait_for_batch(a))
            return false;
    }
    *ret = a->next->part;
    a->next_event = a->next->events;
    a->next = a->next->next;
    if (a->next != NULL)
        fetch(a->next->next); /* the one before was fetched a call ago */
    return true;
}

const struct event *parse_ahead_event(struct parse_ahead *a, const struct event_keys **ret_keys)
{
    const struct packed_event *e = a->next_event;

    a->next_event = e->next;
    *ret_keys = &e->keys;
    return e->event;
}

void parse_ahead_rest(struct parse_ahead *a)
{
    pthread_mutex_lock(&a->lock);
    a->rest = true;
    pthread_cond_signal(&a->emptied_some); /* one that waits for room may rest as well */
    pthread_mutex_unlock(&a->lock);
}

bool parse_ahead_go_on(struct parse_ahead *a)
{
    pthread_mutex_lock(&a->lock);
    bool more = !a->ended;
    a->rest = a->resting = false;
    pthread_cond_signal(&a->emptied_some);
    pthread_mutex_unlock(&a->lock);
    return more;
}

struct parse_ahead *parse_ahead_stop(struct parse_ahead *a)
{
    pthread_mutex_lock(&a->lock);
    a->stop = true;
    pthread_cond_signal(&a->emptied_some);
    pthread_mutex_unlock(&a->lock);
    pthread_join(a->thread, NULL);
    return release(a);
}
