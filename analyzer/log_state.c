/* log_state.c - cursors to a state; from it, what a cursor takes over when its log is opened again
 * algorithm: an open log is saved under the number of its position. When a log is opened whose
 * first bytes are those of that position, its reader goes on where it was; logs that were moved
 *            meanwhile are found in the same way.
 * limits:    what was held back of a log that is there no more is lost */
#include "log_state.h"

#include <stdlib.h>
#include <time.h>

#include "base/panic.h"
#include "base/state.h"
#include "log_cursor.h"

/* A log may have been there for so long and not have been looked at. */
static const int64_t unseen_ns = INT64_C(10000000000);

/* Of a cursor, in a state. */
struct cursor_facts {
    uint64_t id; /* of its position */
    int64_t latest_us;
    bool sorts, has_next, skip_rest;
};

static bool holds_next(const struct log_stream *s, const struct cursor *c)
{
    return c != s->taken && (s->follow == NULL || c->has_next);
}

static void save_cursor(struct log_stream *s, struct cursor *c, struct state_io *io)
{
    struct cursor_facts facts;

    memset(&facts, 0, sizeof facts); /* padding as well */
    facts.id = c->pos.id;
    facts.latest_us = c->latest_us;
    facts.sorts = c->reorder != NULL;
    facts.has_next = holds_next(s, c);
    facts.skip_rest = c->reader.skip_rest;
    state_bytes(io, "open log", &facts, sizeof facts, 1);
    record_reader_persist(c->records, io);
    if (facts.sorts)
        reorder_persist(c->reorder, io, c->records);
    if (facts.has_next)
        log_record_persist(&c->next, &c->next_text, io, c->records);
}

static void load_cursor(struct log_stream *s, struct state_io *io)
{
    struct cursor *c = panic_calloc(1, sizeof *c);
    struct cursor_facts facts = {0};

    state_bytes(io, "open log", &facts, sizeof facts, 1);
    c->pos.id = facts.id;
    c->latest_us = facts.latest_us;
    c->has_next = facts.has_next;
    c->reader.skip_rest = facts.skip_rest;
    c->records = log_records_new(s, 0, SLICE_NONE);
    record_reader_persist(c->records, io);
    if (facts.sorts) {
        c->reorder = reorder_new(facts.latest_us);
        reorder_persist(c->reorder, io, c->records);
    }
    if (facts.has_next)
        log_record_persist(&c->next, &c->next_text, io, c->records);
    if (s->left_count < LOG_OPEN_MAX)
        s->left[s->left_count++] = c;
    else
        log_left_free(c);
}

void log_left_free(struct cursor *c)
{
    reorder_free(c->reorder);
    record_reader_free(c->records);
    free(c->next_text);
    free(c);
}

bool log_left_take(struct log_stream *s, struct cursor *c, uint64_t id)
{
    for (unsigned i = 0; i < s->left_count; i++) {
        struct cursor *left = s->left[i];
        if (left->pos.id != id)
            continue;
        record_reader_free(c->records);
        c->records = left->records;
        c->reorder = left->reorder;
        c->next = left->next;
        c->next_text = left->next_text;
        c->has_next = left->has_next;
        c->next.rec.pos.source = c->input;
        c->reader.skip_rest = left->reader.skip_rest;
        if (c->reorder != NULL)
            reorder_source(c->reorder, c->input);
        free(left);
        s->left[i] = s->left[--s->left_count];
        return true;
    }
    return false;
}

static bool is_kept(const struct cursor *c)
{
    return !c->twin && c->pos.id != 0;
}

/* Logs that were open in the last run and not yet in this one are passed on. */
static void save_cursors(struct log_stream *s, struct state_io *io)
{
    unsigned count = s->left_count;

    for (unsigned i = 0; i < s->open_count; i++)
        count += is_kept(s->open[i]);
    state_number(io, "open logs", count);
    for (unsigned i = 0; i < s->open_count; i++)
        if (is_kept(s->open[i]))
            save_cursor(s, s->open[i], io);
    for (unsigned i = 0; i < s->left_count; i++)
        save_cursor(s, s->left[i], io);
}

static void load_cursors(struct log_stream *s, struct state_io *io)
{
    uint64_t count = state_number(io, "open logs", 0);

    for (uint64_t i = 0; i < count && state_good(io); i++)
        load_cursor(s, io);
}

static int64_t wall_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void persist_positions(struct positions *p, struct state_io *io)
{
    p->count = (uint32_t)state_number(io, "positions", p->count);
    if (p->count > POSITIONS_MAX) {
        state_fail(io, "too many positions");
        p->count = 0;
    }
    p->serial = state_number(io, "positions serial", p->serial);
    state_bytes(io, "positions", p->list, sizeof p->list[0], p->count);
    for (uint32_t i = 0; state_loading(io) && i < p->count; i++)
        p->list[i].is_open = false;
}

static void persist_journals(struct log_stream *s, struct state_io *io)
{
    uint64_t count = state_number(io, "journals", s->journals_count);

    if (count > LOG_JOURNALS_MAX) {
        state_fail(io, "too many journals");
        return;
    }
    s->journals_count = (unsigned)count;
    state_bytes(io, "journal places", s->journals, sizeof s->journals[0], s->journals_count);
    for (unsigned i = 0; i < s->journals_count; i++)
        s->journals[i].cursor[JOURNAL_CURSOR_MAX - 1] = '\0';
}

void log_stream_persist(struct log_stream *s, struct state_io *io)
{
    struct input_totals totals;

    log_stream_keep_positions(s);
    memset(&totals, 0, sizeof totals);
    if (!state_loading(io)) {
        for (unsigned i = 0; i < s->open_count; i++)
            log_cursor_note(s, s->open[i], true);
        log_stream_totals(s, &totals);
    }
    uint64_t noted_ns = state_number(io, "wall clock", (uint64_t)wall_ns());
    state_bytes(io, "input totals", &totals, sizeof totals, 1);
    persist_positions(s->positions, io);
    persist_journals(s, io);
    parser_memory_persist(s->memory, io);
    if (!state_loading(io)) {
        save_cursors(s, io);
        return;
    }
    if (state_good(io)) {
        s->totals = totals;
        s->restored_ns = (int64_t)noted_ns - unseen_ns;
    }
    load_cursors(s, io);
}

void log_stream_keep_positions(struct log_stream *s)
{
    if (s->positions == NULL)
        s->positions = positions_new(&s->config->hash_key);
}

void log_stream_merge(struct log_stream *dst, const struct log_stream *src)
{
    struct input_totals *a = &dst->totals;
    struct input_totals b;

    log_stream_totals(src, &b);
    a->lines += b.lines;
    a->skipped += b.skipped;
    a->rejected += b.rejected;
    a->foreign += b.foreign;
    a->bytes += b.bytes;
    a->lines_cut += b.lines_cut;
    a->gzip_truncated += b.gzip_truncated;
    a->late_ignored += b.late_ignored;
    a->reorder_overflow += b.reorder_overflow;
    a->sources += b.sources;
    a->sources_failed += b.sources_failed;
}
