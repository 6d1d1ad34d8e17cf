/* parse_ahead.c - reading and parsing in a thread of its own, ahead of the analysis
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

enum { BATCHES = 8, BATCH_BYTES = 64 * 1024, FETCH_BYTES = 640 };

struct head {
    struct parse_ahead_part part; /* warning: only whether it is one */
    uint32_t first, next;         /* place of its first event, or text; of the next head */
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
    struct event_pack *to; /* being filled; NULL: nothing is */
    size_t open;           /* place of the head of the record in hand in it */
    const struct log_record *record;
    bool dropping; /* it shall stop, in the middle of a record */
    /* the reader's */
    bool has_batch;
    size_t at, event_at;
    /* a batch belongs to the thread from emptied on, to the reader until filled */
    struct event_pack batches[BATCHES];
};

/* ---- the thread ---- */

/* The batch to be filled next; NULL: it shall stop. Between records it may rest here. */
static struct event_pack *wait_for_room(struct parse_ahead *a, bool between_records)
{
    struct event_pack *batch = NULL;

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
    if (batch != NULL)
        event_pack_clear(batch);
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

static struct head *head_at(const struct event_pack *batch, size_t at)
{
    return (struct head *)(void *)(batch->ptr + at);
}

/* Of the record in hand, its first part or another one. */
static void open_part(struct parse_ahead *a, bool begins)
{
    const struct log_record *rec = a->record;
    const struct head head = {.part = {.parser = rec->parser,
                                       .time_us = rec->rec.time_us,
                                       .evictions = begins ? log_stream_evictions(a->stream) : 0,
                                       .result = PARSE_SKIP,
                                       .begins = begins}};

    a->open = event_pack_bytes(a->to, &head, sizeof head);
    event_pack_line(a->to, rec->rec.pos.text);
    head_at(a->to, a->open)->first = (uint32_t)a->to->len;
}

static void close_part(struct parse_ahead *a)
{
    head_at(a->to, a->open)->next = (uint32_t)a->to->len;
}

static void take_event(void *arg, struct event *ev)
{
    struct parse_ahead *a = arg;

    if (!a->dropping && a->to->len >= BATCH_BYTES) {
        close_part(a);
        hand_over(a, false);
        a->to = wait_for_room(a, false);
        a->dropping = a->to == NULL;
        if (!a->dropping)
            open_part(a, false);
    }
    if (a->dropping)
        return;
    event_pack_put(a->to, ev);
    head_at(a->to, a->open)->part.events++;
}

/* The stream has something to say, which it does only while it reads: there is a batch then. */
static void note_warning(void *arg, const char *text)
{
    struct parse_ahead *a = arg;
    struct head head = {.part = {.warning = ""}};

    if (a->to == NULL)
        return;
    size_t at = event_pack_bytes(a->to, &head, sizeof head);
    head.first = (uint32_t)event_pack_bytes(a->to, text, strlen(text) + 1);
    head.next = (uint32_t)a->to->len;
    *head_at(a->to, at) = head;
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
    head_at(a->to, a->open)->part.result = result;
    head_at(a->to, a->open)->part.ends = true;
    close_part(a);
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
        if (!a->dropping && (a->to->len >= BATCH_BYTES || shall_rest(a)))
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
        event_pack_fini(&a->batches[i]);
    free(a);
    return NULL;
}

struct parse_ahead *parse_ahead_start(struct log_stream *stream)
{
    struct parse_ahead *a = panic_calloc(1, sizeof *a);

    a->stream = stream;
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
    a->at = 0;
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

static const struct event_pack *batch_at_hand(const struct parse_ahead *a)
{
    return &a->batches[a->emptied % BATCHES];
}

/* What the thread wrote lies in the cache of another processor. */
static void fetch(const struct event_pack *batch, size_t at)
{
    for (size_t i = 0; i < FETCH_BYTES && at + i < batch->len; i += 64)
        __builtin_prefetch(batch->ptr + at + i);
}

bool parse_ahead_next(struct parse_ahead *a, struct parse_ahead_part *ret)
{
    if (a->has_batch && a->at == batch_at_hand(a)->len)
        give_back(a);
    while (!a->has_batch) {
        if (!wait_for_batch(a))
            return false;
        if (batch_at_hand(a)->len == 0)
            give_back(a);
    }
    const struct event_pack *batch = batch_at_hand(a);
    const struct head *head = head_at(batch, a->at);
    *ret = head->part;
    if (ret->warning != NULL)
        ret->warning = batch->ptr + head->first;
    a->event_at = head->first;
    a->at = head->next;
    fetch(batch, a->at);
    return true;
}

void parse_ahead_event(struct parse_ahead *a, struct event *ret)
{
    a->event_at = event_pack_get(batch_at_hand(a), a->event_at, ret);
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
