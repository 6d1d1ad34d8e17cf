/* log_stream.c - order of inputs, merge by time, and the sorting window for inputs out of order
 * algorithm: inputs are ordered by the first time in their head. A cursor holds the next record
 *            of each open input; the earliest goes out, ties by the order in which they were
 *            opened. An input is opened when its first time is reached.
 * source:    design decision "batch mode merges files by time with one cursor each"
 * limits:    64 inputs open at once: with more that overlap, the later ones wait and come late */
#include "log_stream.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/panic.h"
#include "log_cursor.h"

enum { HEAD_BYTES = 65536, PRIME_LINES = 64 };

/* Two lines of one second may stand in either order, and clocks round: only more than this is
 * disorder. */
static const int64_t disorder_us = 1500000;
/* A jump back by more than this is another log appended, not lateness. */
static const int64_t restart_us = (int64_t)6 * 3600 * 1000000;

struct record_reader *log_records_new(const struct log_stream *s, int64_t mtime_us, slice head)
{
    struct parser_env env = {.zone = &s->config->zone,
                             .year = s->config->year,
                             .reference_us = mtime_us > 0 ? mtime_us : s->now_us,
                             .memory = s->memory};

    return record_reader_new(&env, s->config->format, slice_first(head, RECORD_READER_HEAD));
}

/* Time of the first record in the first bytes of an input; INT64_MIN when none is found. Of a log
 * of which a part is known: the time where that part ended. */
static int64_t first_time(struct log_stream *s, unsigned input, char *head)
{
    ssize_t n = input_set_head(s->inputs, input, head, HEAD_BYTES);
    slice rest = {head, n > 0 ? (size_t)n : 0};
    const char *name = s->inputs->inputs[input].path;
    const struct position *known =
        s->positions == NULL ? NULL
        : journal_is(name)   ? positions_latest_of(s->positions, positions_name(s->positions, name))
                             : positions_find(s->positions, rest, 0, 0);

    if (known != NULL && known->latest_us != INT64_MIN)
        return known->latest_us;
    struct record_reader *records = log_records_new(s, s->inputs->inputs[input].mtime_us, rest);
    struct line_pos pos = {0};
    int64_t found = INT64_MIN;
    struct log_record rec;

    while (rest.len > 0 && found == INT64_MIN) {
        size_t eol = slice_find_byte(rest, '\n');
        slice line = slice_first(rest, eol);
        if (record_reader_next(records, line, &pos, &rec) == RECORD_READY && rec.rec.has_time)
            found = rec.rec.time_us;
        rest = slice_from(rest, eol + 1);
    }
    record_reader_free(records);
    return found;
}

static int by_first_time(const void *a, const void *b)
{
    const struct waiting *x = a, *y = b;

    if (x->first_us != y->first_us)
        return x->first_us < y->first_us ? -1 : 1;
    return x->input < y->input ? -1 : x->input > y->input;
}

static void order_inputs(struct log_stream *s)
{
    char *head = s->inputs->count > 1 ? panic_calloc(1, HEAD_BYTES) : NULL;

    s->waiting = panic_calloc(s->inputs->count + 1, sizeof *s->waiting);
    s->waiting_count = s->inputs->count;
    for (unsigned i = 0; i < s->inputs->count; i++)
        s->waiting[i] = (struct waiting){i, head == NULL ? INT64_MIN : first_time(s, i, head)};
    qsort(s->waiting, s->waiting_count, sizeof *s->waiting, by_first_time);
    free(head);
}

void log_waiting_add(struct log_stream *s, unsigned input)
{
    unsigned left = s->waiting_count - s->waiting_next;
    struct waiting *list = panic_calloc((size_t)left + 1, sizeof *list);
    char *head = panic_calloc(1, HEAD_BYTES);

    if (left > 0) /* s->waiting may be NULL */
        memcpy(list, s->waiting + s->waiting_next, left * sizeof *list);
    list[left] = (struct waiting){input, first_time(s, input, head)};
    qsort(list, (size_t)left + 1, sizeof *list, by_first_time);
    free(head);
    free(s->waiting);
    s->waiting = list;
    s->waiting_next = 0;
    s->waiting_count = left + 1;
}

struct log_stream *log_stream_new(const struct config *config, struct input_set *inputs,
                                  int64_t now_us, size_t max_read)
{
    struct log_stream *s = panic_calloc(1, sizeof *s);

    s->config = config;
    s->inputs = inputs;
    s->memory = parser_memory_new();
    s->now_us = now_us;
    s->max_read = max_read;
    return s;
}

void log_stream_on_warning(struct log_stream *s, void (*warn)(void *arg, const char *text),
                           void *arg)
{
    s->warn = warn;
    s->warn_arg = arg;
}

void log_stream_on_passed(struct log_stream *s,
                          void (*passed)(void *arg, enum record_status status,
                                         const struct line_pos *pos, const struct parser *format),
                          void *arg)
{
    s->passed = passed;
    s->passed_arg = arg;
}

void log_say(const struct log_stream *s, const char *text)
{
    if (s->warn != NULL)
        s->warn(s->warn_arg, text);
}

/* ---- cursors ---- */

/* Let the reader see the lines ahead of the first record, which may name columns: the rest of the
 * log is read without them. */
static void prime(struct record_reader *records, slice head)
{
    struct line_pos pos = {0};
    struct log_record rec;

    for (int i = 0; head.len > 0 && i < PRIME_LINES; i++) {
        size_t eol = slice_find_byte(head, '\n');
        if (eol == head.len ||
            record_reader_next(records, slice_first(head, eol), &pos, &rec) == RECORD_READY)
            return;
        head = slice_from(head, eol + 1);
    }
}

/* What was dealt with of a log of which a part is known. */
static void take_position(struct cursor *c, const struct position *known)
{
    c->pos.id = known->id;
    c->reader.window_offset = c->base_bytes = known->offset;
    c->reader.line_number = c->base_lines = known->line;
    c->reader.skip_rest = known->in_line;
    c->latest_us = known->latest_us;
    c->went_on = true;
}

/* Where was this log left? False: nowhere. */
static bool go_on(struct log_stream *s, struct cursor *c, slice head)
{
    struct stat facts = {0};
    (void)fstat(source_descriptor(c->source), &facts);
    struct position *known = positions_find(s->positions, head, facts.st_dev, facts.st_ino);
    char kept[RECORD_READER_HEAD]; /* skipping takes the head away */
    slice text = {kept, head.len < sizeof kept ? head.len : sizeof kept};

    memcpy(kept, head.ptr, text.len);
    positions_mark(s->positions, head, &c->pos);
    c->twin = known != NULL && known->is_open;
    if (known == NULL || c->twin)
        return false;
    uint64_t ahead = known->offset - source_skipped_bytes(c->source);
    (void)source_skip(c->source, ahead); /* shorter: a copy of which all was read */
    if (!log_left_take(s, c, known->id))
        prime(c->records, slice_first(text, ahead < text.len ? (size_t)ahead : text.len));
    take_position(c, known);
    return true;
}

/* The place of a journal that was left; NULL: none was, or there is no room for one. */
static struct journal_place *place_of(struct log_stream *s, uint64_t name, bool make)
{
    for (unsigned i = 0; i < s->journals_count; i++)
        if (s->journals[i].name == name)
            return &s->journals[i];
    if (!make || s->journals_count == LOG_JOURNALS_MAX)
        return NULL;
    s->journals[s->journals_count].name = name;
    return &s->journals[s->journals_count++];
}

/* Where was this journal left? False: nowhere. */
static bool go_on_journal(struct log_stream *s, struct cursor *c)
{
    uint64_t name = positions_name(s->positions, s->inputs->inputs[c->input].path);
    const struct position *known = positions_latest_of(s->positions, name);
    const struct journal_place *place = place_of(s, name, false);

    if (known == NULL || place == NULL || place->cursor[0] == '\0' ||
        !source_journal_go_on(c->source, place->cursor))
        return false;
    (void)log_left_take(s, c, known->id);
    take_position(c, known);
    return true;
}

bool log_is_settled(const struct stat *facts)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return facts->st_mtim.tv_sec + 2 < now.tv_sec;
}

bool log_cursor_is_over(const struct cursor *c)
{
    struct stat facts;

    return !source_is_regular(c->source) || fstat(source_descriptor(c->source), &facts) != 0 ||
           log_is_settled(&facts);
}

struct cursor *log_cursor_open(struct log_stream *s, unsigned input)
{
    struct error error = {0};
    struct line_reader_options options = {.max_read = s->max_read};
    struct source *source = input_set_open(s->inputs, input, &error);
    struct cursor *c;

    if (source == NULL) {
        log_say(s, error.text);
        s->totals.sources_failed++;
        return NULL;
    }
    c = panic_calloc(1, sizeof *c);
    c->input = input;
    c->source = source;
    c->latest_us = INT64_MIN;
    slice head = SLICE_NONE;
    (void)source_peek(source, RECORD_READER_HEAD, &head); /* a failure shows at the first read */
    c->records = log_records_new(s, source_mtime_us(source), head);
    line_reader_init(&c->reader, source, &options);
    bool known = s->positions != NULL &&
                 (source_is_journal(source) ? go_on_journal(s, c) : go_on(s, c, head));
    s->totals.sources += !known && !c->twin;
    return c;
}

static void cursor_totals(const struct cursor *c, struct input_totals *t)
{
    t->bytes += line_reader_bytes(&c->reader) - c->base_bytes;
    t->lines += c->reader.line_number - c->base_lines;
    t->lines_cut += c->reader.lines_cut;
    t->skipped += c->reader.lines_nul;
    t->gzip_truncated += source_truncated(c->source);
    t->sources_failed += source_error(c->source)->code != ERROR_NONE; /* damaged further on */
    t->reorder_overflow += c->reorder == NULL ? 0 : reorder_overflowed(c->reorder);
    t->late_ignored += c->reorder == NULL ? 0 : reorder_late(c->reorder);
}

static void cursor_close(struct log_stream *s, struct cursor *c)
{
    char text[4200];

    if (source_truncated(c->source)) {
        snprintf(text, sizeof text,
                 "%s: compressed data ends in the middle; what came before was read",
                 source_name(c->source));
        log_say(s, text);
    }
    if (s->positions != NULL)
        log_cursor_note(s, c, false);
    cursor_totals(c, &s->totals);
    s->consumed_closed += source_consumed_bytes(c->source);
    reorder_free(c->reorder);
    record_reader_free(c->records);
    line_reader_fini(&c->reader);
    source_free(&c->source);
    free(c->next_text);
    free(c);
}

static void fill_position(struct log_stream *s, struct cursor *c, bool is_open)
{
    c->pos.name = positions_name(s->positions, s->inputs->inputs[c->input].path);
    c->pos.offset = line_reader_bytes(&c->reader);
    c->pos.line = c->reader.line_number;
    c->pos.in_line = c->reader.skip_rest;
    c->pos.latest_us = c->latest_us;
    c->pos.is_open = is_open;
}

static void note_place(struct log_stream *s, struct cursor *c, bool is_open)
{
    struct journal_place *place;

    fill_position(s, c, is_open);
    place = place_of(s, c->pos.name, true);
    if (place != NULL)
        source_journal_cursor(c->source, c->pos.offset - c->base_bytes, place->cursor);
    positions_put(s->positions, &c->pos);
}

void log_cursor_note(struct log_stream *s, struct cursor *c, bool is_open)
{
    struct stat facts = {0};

    if (source_is_journal(c->source)) {
        note_place(s, c, is_open);
        return;
    }
    if (c->twin || !source_is_regular(c->source) ||
        fstat(source_descriptor(c->source), &facts) != 0)
        return;
    c->pos.device = facts.st_dev;
    c->pos.inode = facts.st_ino;
    fill_position(s, c, is_open);
    c->pos.mtime_ns = (int64_t)facts.st_mtim.tv_sec * 1000000000 + facts.st_mtim.tv_nsec;
    positions_put(s->positions, &c->pos);
}

static bool in_span(const struct log_stream *s, const struct record *rec)
{
    return rec->time_us >= s->config->since_us && rec->time_us < s->config->until_us;
}

/* Count a line that gives no record. */
static OUT_OF_LINE void pass_over(struct log_stream *s, const struct cursor *c,
                                  enum record_status status, slice line)
{
    struct line_pos pos = {c->reader.line_offset, c->reader.line_number, c->input, line};

    s->totals.foreign += status == RECORD_FOREIGN;
    s->totals.rejected += status == RECORD_REJECT;
    s->totals.skipped += status == RECORD_SKIP || status == RECORD_READY;
    if (s->passed != NULL)
        s->passed(s->passed_arg, status, &pos, record_reader_format(c->records));
}

/* What a format of its own still holds when the input has ended. The line that it began with was
 * passed over when it came: it is a record's after all. */
static OUT_OF_LINE bool read_held(struct log_stream *s, struct cursor *c, struct log_record *ret)
{
    struct line_pos pos = {c->reader.line_offset, c->reader.line_number, c->input, SLICE_NONE};

    if (c->live)
        return false;
    while (record_reader_next(c->records, SLICE_NONE, &pos, ret) == RECORD_READY)
        if (in_span(s, &ret->rec)) {
            s->totals.skipped -= s->totals.skipped > 0;
            return true;
        }
    c->drained = true;
    return false;
}

/* The next claimed record of an input, in the order of its lines. */
static bool read_record(struct log_stream *s, struct cursor *c, struct log_record *ret)
{
    enum line_status status;
    slice line;

    while ((status = line_reader_next(&c->reader, &line)) == LINE_OK) {
        ret->rec.pos =
            (struct line_pos){c->reader.line_offset, c->reader.line_number, c->input, line};
        enum record_status record = record_reader_next(c->records, line, &ret->rec.pos, ret);
        if (record != RECORD_READY || !in_span(s, &ret->rec))
            pass_over(s, c, record, line);
        else
            return true;
    }
    if (status == LINE_ERROR)
        log_say(s, source_error(c->source)->text);
    return read_held(s, c, ret);
}

/* Read on until the sorting window can give a record, or the input ends. */
static OUT_OF_LINE bool read_sorted(struct log_stream *s, struct cursor *c, struct log_record *ret)
{
    struct log_record rec;

    while (!c->drained && !reorder_ready(c->reorder)) {
        if (read_record(s, c, &rec))
            reorder_put(c->reorder, &rec);
        else if (c->live)
            return false;
    }
    return reorder_take(c->reorder, ret);
}

static bool is_disorder(const struct cursor *c, int64_t time_us)
{
    return c->latest_us != INT64_MIN && time_us < c->latest_us - disorder_us &&
           time_us >= c->latest_us - restart_us;
}

/* From this record on the input is sorted. */
static OUT_OF_LINE bool begin_sorting(struct log_stream *s, struct cursor *c,
                                      struct log_record *ret)
{
    c->reorder = reorder_new(c->latest_us);
    reorder_put(c->reorder, ret);
    return read_sorted(s, c, ret);
}

bool log_cursor_read(struct log_stream *s, struct cursor *c, struct log_record *ret)
{
    if (c->reorder != NULL)
        return read_sorted(s, c, ret);
    if (!read_record(s, c, ret))
        return false;
    int64_t time_us = ret->rec.time_us;
    if (is_disorder(c, time_us))
        return begin_sorting(s, c, ret);
    if (time_us > c->latest_us || time_us < c->latest_us - restart_us)
        c->latest_us = time_us;
    return true;
}

static bool cursor_advance(struct log_stream *s, struct cursor *c)
{
    return log_cursor_read(s, c, &c->next);
}

/* ---- merge ---- */

struct cursor *log_cursor_earliest(const struct log_stream *s)
{
    struct cursor *best = NULL;

    for (unsigned i = 0; i < s->open_count; i++)
        if ((s->follow == NULL || s->open[i]->has_next) &&
            (best == NULL || s->open[i]->next.rec.time_us < best->next.rec.time_us))
            best = s->open[i];
    return best;
}

void log_cursor_put(struct log_stream *s, struct cursor *c)
{
    unsigned i = s->open_count++;

    for (; i > 0 && s->open[i - 1]->first_us > c->first_us; i--)
        s->open[i] = s->open[i - 1];
    s->open[i] = c;
}

void log_cursor_drop(struct log_stream *s, struct cursor *c)
{
    unsigned i = 0;

    while (s->open[i] != c)
        i++;
    memmove(&s->open[i], &s->open[i + 1], (s->open_count - i - 1) * sizeof s->open[0]);
    s->open_count--;
    cursor_close(s, c);
}

bool log_waiting_due(const struct log_stream *s, const struct cursor *first)
{
    if (s->waiting_next == s->waiting_count || s->open_count == LOG_OPEN_MAX)
        return false;
    return first == NULL || s->waiting[s->waiting_next].first_us <= first->next.rec.time_us;
}

/* With a state there is another run, which reads a last line that is being written now. */
static void open_next_input(struct log_stream *s)
{
    struct waiting w = s->waiting[s->waiting_next++];
    struct cursor *c = log_cursor_open(s, w.input);

    if (c == NULL)
        return;
    c->reader.keep_partial = s->positions != NULL && !log_cursor_is_over(c);
    c->first_us = w.first_us;
    log_cursor_put(s, c);
    bool has = c->has_next; /* from a state */
    c->has_next = false;
    if (!has && !cursor_advance(s, c))
        log_cursor_drop(s, c);
}

/* With one input, which gave the last record, and none waiting there is nothing to merge. */
static bool is_alone(const struct log_stream *s)
{
    return s->taken != NULL && s->open_count == 1 && s->waiting_next == s->waiting_count;
}

static OUT_OF_LINE bool end_alone(struct log_stream *s)
{
    log_cursor_drop(s, s->taken);
    s->taken = NULL;
    return false;
}

/* Every line of most runs comes this way, so all of it is one function, but for what is out of
 * line. */
static __attribute__((flatten)) bool next_alone(struct log_stream *s, struct log_record *ret)
{
    if (log_cursor_read(s, s->taken, ret))
        return true;
    return end_alone(s);
}

static OUT_OF_LINE bool next_merged(struct log_stream *s, struct log_record *ret)
{
    struct cursor *c;

    if (s->waiting == NULL) /* only now it is known which of them have been read before */
        order_inputs(s);
    if (s->taken != NULL && !cursor_advance(s, s->taken))
        log_cursor_drop(s, s->taken);
    s->taken = NULL;
    while (log_waiting_due(s, c = log_cursor_earliest(s)))
        open_next_input(s);
    if (c == NULL)
        return false;
    *ret = c->next;
    s->taken = c;
    return true;
}

bool log_stream_next(struct log_stream *s, struct log_record *ret)
{
    if (s->follow != NULL)
        return log_follow_next(s, ret);
    return is_alone(s) ? next_alone(s, ret) : next_merged(s, ret);
}

void log_stream_reject(struct log_stream *s, const struct log_record *rec)
{
    (void)rec;
    s->totals.rejected++;
}

void log_stream_totals(const struct log_stream *s, struct input_totals *ret)
{
    *ret = s->totals;
    for (unsigned i = 0; i < s->open_count; i++)
        cursor_totals(s->open[i], ret);
}

uint64_t log_stream_evictions(const struct log_stream *s)
{
    return parser_memory_evictions(s->memory);
}

const char *log_stream_source_name(const struct log_stream *s, uint32_t source)
{
    return source < s->inputs->count ? s->inputs->inputs[source].name : "";
}

uint64_t log_stream_consumed(const struct log_stream *s)
{
    uint64_t sum = s->consumed_closed;

    for (unsigned i = 0; i < s->open_count; i++)
        sum += source_consumed_bytes(s->open[i]->source);
    return sum;
}

const char *log_stream_current(const struct log_stream *s)
{
    return s->taken == NULL ? NULL : source_name(s->taken->source);
}

struct log_stream *log_stream_free(struct log_stream *s)
{
    if (s == NULL)
        return NULL;
    while (s->open_count > 0)
        log_cursor_drop(s, s->open[s->open_count - 1]);
    free(s->waiting);
    log_follow_free(s->follow);
    while (s->left_count > 0)
        log_left_free(s->left[--s->left_count]);
    positions_free(s->positions);
    parser_memory_free(s->memory);
    free(s);
    return NULL;
}
