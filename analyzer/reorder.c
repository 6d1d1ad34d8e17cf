/* reorder.c - binary heap of owned records
 * algorithm: min-heap by (epoch, time, rank of the event, sequence). The rank is found by
 *            parsing the record once with a sink that only looks at the kind; parsers that keep
 *            state across lines have no rank. A jump back by hours (another log appended, or a
 *            clock that was wrong for one line) begins a new epoch: what is held of the old one
 *            goes out first.
 * source:    Postfix: the order of a message's lines, smtpd to qmgr
 * limits:    65,536 records or 16 MiB an input */
#include "reorder.h"

#include <stdlib.h>

#include "base/panic.h"
#include "base/state.h"
#include "log_stream.h"
#include "parsers.h"

enum { RECORDS_MAX = 65536, BYTES_MAX = 16 << 20, TEXT_MAX = 1 << 20 };
static const int64_t window_us = (int64_t)120 * 1000000;
static const int64_t restart_us = (int64_t)6 * 3600 * 1000000;

struct held {
    struct log_record record;
    uint32_t epoch;
    unsigned rank;
    uint64_t sequence;
    size_t bytes;
    char *text; /* owned copy of the line and of slices outside it */
};

struct reorder {
    struct held *heap;
    uint32_t count, capacity;
    size_t bytes;
    uint64_t sequence, overflowed, late;
    int64_t latest_us, released_us;
    int64_t idle_us; /* the input is silent for so long */
    uint32_t epoch, released_epoch;
    char *given; /* text of the record handed out last */
};

struct reorder *reorder_new(int64_t latest_us)
{
    struct reorder *r = panic_calloc(1, sizeof *r);

    r->latest_us = latest_us;
    r->released_us = INT64_MIN;
    r->capacity = 1024;
    r->heap = panic_calloc(r->capacity, sizeof *r->heap);
    return r;
}

struct reorder *reorder_free(struct reorder *r)
{
    if (r == NULL)
        return NULL;
    for (uint32_t i = 0; i < r->count; i++)
        free(r->heap[i].text);
    free(r->heap);
    free(r->given);
    free(r);
    return NULL;
}

/* ---- what comes first within one moment ---- */

static void see_kind(void *arg, struct event *ev)
{
    static const unsigned char order[EVENT_KIND_COUNT] = {
        [EVENT_CONNECT] = 0,    [EVENT_AUTH] = 1,   [EVENT_MAIL] = 2,        [EVENT_RCPT] = 3,
        [EVENT_REFUSAL] = 3,    [EVENT_ACTION] = 3, [EVENT_PROTOCOL] = 3,    [EVENT_LIMIT] = 3,
        [EVENT_MESSAGE_ID] = 4, [EVENT_QUEUED] = 5, [EVENT_DELIVERY] = 6,    [EVENT_DSN] = 7,
        [EVENT_DONE] = 8,       [EVENT_LOST] = 9,   [EVENT_DISCONNECT] = 10, [EVENT_RESTART] = 10};
    unsigned *rank = arg;

    *rank = order[ev->kind];
}

static unsigned rank_of(const struct log_record *rec)
{
    unsigned rank = 3;
    struct event ev;
    struct event_sink sink = {see_kind, &rank};

    if (rec->parser->state_size == 0)
        rec->parser->parse(NULL, &rec->rec, &ev, &sink);
    return rank;
}

/* ---- owned copies ---- */

static bool inside(slice part, slice whole)
{
    return part.ptr >= whole.ptr && part.ptr + part.len <= whole.ptr + whole.len;
}

static size_t outside_len(slice part, slice line)
{
    return part.ptr == NULL || inside(part, line) ? 0 : part.len;
}

/* Move a slice from the borrowed line to the copy; what lay outside the line is copied behind it.
 */
static void rebase(slice *part, slice line, char *copy, char **end)
{
    if (part->ptr == NULL)
        return;
    if (inside(*part, line)) {
        part->ptr = copy + (part->ptr - line.ptr);
        return;
    }
    memcpy(*end, part->ptr, part->len);
    part->ptr = *end;
    *end += part->len;
}

static void own(struct held *h, const struct log_record *rec)
{
    slice line = rec->rec.pos.text;
    struct record *r = &h->record.rec;
    char *end;

    h->bytes = line.len + outside_len(rec->rec.host, line) + outside_len(rec->rec.tag, line) +
               outside_len(rec->rec.pid, line) + outside_len(rec->rec.text, line);
    h->text = panic_calloc(h->bytes + 1, 1);
    h->record = *rec;
    memcpy(h->text, line.ptr, line.len);
    end = h->text + line.len;
    rebase(&r->host, line, h->text, &end);
    rebase(&r->tag, line, h->text, &end);
    rebase(&r->pid, line, h->text, &end);
    rebase(&r->text, line, h->text, &end);
    r->pos.text.ptr = h->text;
}

/* ---- heap ---- */

static bool before(const struct held *a, const struct held *b)
{
    if (a->epoch != b->epoch)
        return a->epoch < b->epoch;
    if (a->record.rec.time_us != b->record.rec.time_us)
        return a->record.rec.time_us < b->record.rec.time_us;
    if (a->rank != b->rank)
        return a->rank < b->rank;
    return a->sequence < b->sequence;
}

static void sift_up(struct reorder *r, uint32_t i)
{
    struct held moved = r->heap[i];

    while (i > 0 && before(&moved, &r->heap[(i - 1) / 2])) {
        r->heap[i] = r->heap[(i - 1) / 2];
        i = (i - 1) / 2;
    }
    r->heap[i] = moved;
}

static void sift_down(struct reorder *r)
{
    struct held moved = r->heap[0];
    uint32_t i = 0, child;

    while ((child = 2 * i + 1) < r->count) {
        if (child + 1 < r->count && before(&r->heap[child + 1], &r->heap[child]))
            child++;
        if (!before(&r->heap[child], &moved))
            break;
        r->heap[i] = r->heap[child];
        i = child;
    }
    r->heap[i] = moved;
}

/* Follow the time of the input; late is what belongs before a record that is gone already. */
static void note_time(struct reorder *r, int64_t time_us)
{
    if (time_us < r->latest_us - restart_us) {
        r->epoch++;
        r->latest_us = time_us;
    }
    if (time_us > r->latest_us)
        r->latest_us = time_us;
    r->late += r->epoch == r->released_epoch && time_us < r->released_us;
}

void reorder_put(struct reorder *r, const struct log_record *rec)
{
    struct held *h;

    note_time(r, rec->rec.time_us);
    r->idle_us = 0;
    if (r->count == r->capacity) {
        r->capacity *= 2;
        r->heap = realloc(r->heap, r->capacity * sizeof *r->heap);
        ASSERT(r->heap != NULL);
    }
    h = &r->heap[r->count++];
    own(h, rec);
    h->epoch = r->epoch;
    h->rank = rank_of(rec);
    h->sequence = r->sequence++;
    r->bytes += h->bytes;
    sift_up(r, r->count - 1);
}

static bool is_full(const struct reorder *r)
{
    return r->count >= RECORDS_MAX || r->bytes >= BYTES_MAX;
}

bool reorder_ready(const struct reorder *r)
{
    return r->count > 0 && (is_full(r) || r->heap[0].epoch != r->epoch ||
                            r->heap[0].record.rec.time_us <= r->latest_us + r->idle_us - window_us);
}

bool reorder_take(struct reorder *r, struct log_record *ret)
{
    struct held h;

    if (r->count == 0)
        return false;
    r->overflowed += is_full(r);
    h = r->heap[0];
    r->heap[0] = r->heap[--r->count];
    sift_down(r);
    r->bytes -= h.bytes;
    free(r->given);
    r->given = h.text;
    *ret = h.record;
    if (h.epoch != r->released_epoch || ret->rec.time_us > r->released_us)
        r->released_us = ret->rec.time_us;
    r->released_epoch = h.epoch;
    return true;
}

void reorder_idle(struct reorder *r, int64_t idle_us)
{
    r->idle_us = idle_us;
}

uint32_t reorder_count(const struct reorder *r)
{
    return r->count;
}

uint64_t reorder_overflowed(const struct reorder *r)
{
    return r->overflowed;
}

uint64_t reorder_late(const struct reorder *r)
{
    return r->late;
}

/* ---- to a state and back ---- */

/* A slice inside a text that is kept beside it. */
struct place {
    uint32_t at, len; /* at: UINT32_MAX absent */
};

struct saved {
    int64_t time_us;
    struct place host, tag, pid, text, line;
    uint64_t offset, number;
    uint32_t repeat, note;
    bool has_time;
    char parser[31];
    /* of the window */
    uint64_t sequence;
    uint32_t epoch, rank;
};

static struct place place_of(slice part, const char *text)
{
    if (part.ptr == NULL)
        return (struct place){UINT32_MAX, 0};
    return (struct place){(uint32_t)(part.ptr - text), (uint32_t)part.len};
}

static slice part_at(struct place p, const char *text, size_t bytes)
{
    if (p.at > bytes || p.len > bytes - p.at)
        return SLICE_NONE;
    return (slice){text + p.at, p.len};
}

static void fill_saved(const struct held *h, struct saved *ret)
{
    const struct record *r = &h->record.rec;

    memset(ret, 0, sizeof *ret); /* padding as well */
    ret->time_us = r->time_us;
    ret->host = place_of(r->host, h->text);
    ret->tag = place_of(r->tag, h->text);
    ret->pid = place_of(r->pid, h->text);
    ret->text = place_of(r->text, h->text);
    ret->line = place_of(r->pos.text, h->text);
    ret->offset = r->pos.offset;
    ret->number = r->pos.number;
    ret->repeat = r->repeat;
    ret->note = r->note;
    ret->has_time = r->has_time;
    slice_keep(slice_of(h->record.parser->name), ret->parser, sizeof ret->parser);
    ret->sequence = h->sequence;
    ret->epoch = h->epoch;
    ret->rank = h->rank;
}

static bool take_saved(struct held *h, struct saved *from, struct record_reader *records)
{
    struct record *r = &h->record.rec;

    from->parser[sizeof from->parser - 1] = '\0';
    h->record.parser = parsers_find(slice_of(from->parser));
    if (h->record.parser == NULL)
        return false;
    h->record.state = record_reader_state(records, h->record.parser);
    *r = (struct record){.time_us = from->time_us,
                         .has_time = from->has_time,
                         .host = part_at(from->host, h->text, h->bytes),
                         .tag = part_at(from->tag, h->text, h->bytes),
                         .pid = part_at(from->pid, h->text, h->bytes),
                         .text = part_at(from->text, h->text, h->bytes),
                         .repeat = from->repeat,
                         .note = from->note,
                         .pos = {.offset = from->offset,
                                 .number = from->number,
                                 .text = part_at(from->line, h->text, h->bytes)}};
    h->sequence = from->sequence;
    h->epoch = from->epoch;
    h->rank = from->rank;
    return true;
}

static void held_persist(struct held *h, struct state_io *io, struct record_reader *records)
{
    struct saved saved = {0};
    void *text = h->text;
    char *whole;

    if (!state_loading(io))
        fill_saved(h, &saved);
    state_bytes(io, "record", &saved, sizeof saved, 1);
    state_block(io, "record text", &text, &h->bytes, TEXT_MAX);
    if (!state_loading(io))
        return;
    whole = panic_calloc(h->bytes + 1, 1); /* never NULL: an empty part points to it */
    if (h->bytes > 0)
        memcpy(whole, text, h->bytes);
    free(text);
    h->text = whole;
    if (state_good(io) && !take_saved(h, &saved, records))
        state_fail(io, "a record of a parser that is not here");
}

void log_record_persist(struct log_record *rec, char **text, struct state_io *io,
                        struct record_reader *records)
{
    struct held h = {0};

    if (!state_loading(io)) {
        own(&h, rec);
        held_persist(&h, io, records);
        free(h.text);
        return;
    }
    held_persist(&h, io, records);
    *rec = h.record;
    *text = h.text;
}

void reorder_persist(struct reorder *r, struct state_io *io, struct record_reader *records)
{
    static const struct state_hole holes[] = {STATE_HOLE(struct reorder, heap),
                                              STATE_HOLE(struct reorder, capacity),
                                              STATE_HOLE(struct reorder, given)};

    state_struct(io, "sorting window", r, sizeof *r, STATE_HOLES(holes));
    if (!state_good(io) || r->count > RECORDS_MAX + 1)
        r->count = 0;
    if (state_loading(io)) {
        free(r->heap);
        r->capacity = r->count < 1024 ? 1024 : r->count;
        r->heap = panic_calloc(r->capacity, sizeof *r->heap);
        r->overflowed = r->late = 0; /* they are in the totals */
    }
    for (uint32_t i = 0; i < r->count; i++)
        held_persist(&r->heap[i], io, records);
}

void reorder_source(struct reorder *r, uint32_t source)
{
    for (uint32_t i = 0; i < r->count; i++)
        r->heap[i].record.rec.pos.source = source;
}
