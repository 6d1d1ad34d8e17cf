/* log_follow.c - logs that grow, are rotated and appear while the program runs
 * algorithm: a name has at most one live cursor. Before a live log is read on it is looked at: a
 *            file that became shorter, or begins with other bytes, was emptied in place
 *            (copytruncate), and what had not been read of it is sought in the copy. Once a second
 *            the names are looked at: another file under a name means that the old one was moved
 *            away; it is read on for five seconds, since its writer may still hold it. Files
 *            beyond LOG_OPEN_MAX are parked, the longest silent first, and opened again where they
 *            were left once they grow. Several live logs are merged by event time: a record waits
 *            until no other log can have an earlier one, two seconds at most.
 * source:    logrotate(8) create, copytruncate, nocreate; rsyslogd and Exchange's hourly files
 * limits:    what is written to a log between the end of copytruncate's copying and its truncation
 *            is lost, as it is to any program; a log that is emptied and grows beyond its old
 *            length between two looks at it is only noticed by its first bytes */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/panic.h"
#include "log_cursor.h"
#include "log_state.h"

enum slot_state { SLOT_NONE, SLOT_WAITING, SLOT_OPEN, SLOT_PARKED };

static const int64_t second_us = 1000000;
static const int64_t hold_us = 2000000;    /* for records of other logs, at the live end */
static const int64_t leaving_us = 5000000; /* a log that was moved away is read on for so long */
static const int64_t catching_us = 10000000;
static const int64_t parking_us = 60000000;

struct slot {
    enum slot_state state;
    int64_t parked_bytes;
    ino_t parked_inode;
    bool at_start;                          /* the name had a file when we began */
    int64_t catch_since_ns, catch_until_us; /* see catch_up_from_now_on() */
};

struct log_follow {
    struct follow *names;
    struct slot *slots;
    unsigned count;
    int64_t looked_us, now_us; /* monotonic */
    int64_t started_ns;        /* wall clock */
    int64_t held_until_us;     /* wall clock; 0: nothing is held */
    bool from_end, told_truncation;
};

static int64_t clock_us(clockid_t which)
{
    struct timespec now;

    clock_gettime(which, &now);
    return (int64_t)now.tv_sec * second_us + now.tv_nsec / 1000;
}

struct log_follow *log_follow_free(struct log_follow *f)
{
    if (f == NULL)
        return NULL;
    follow_free(f->names);
    free(f->slots);
    free(f);
    return NULL;
}

/* ---- names ---- */

/* Has a file so much that it can be told what it is: a whole line; of a compressed one everything.
 * What may be the copy of another log, and is being copied now, must have its first KiB to be
 * known. */
static bool is_ready(const char *path, const struct stat *facts, bool may_be_copy)
{
    char head[4096];
    int fd = facts->st_size == 0 ? -1 : open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    ssize_t n = fd < 0 ? -1 : pread(fd, head, sizeof head, 0);
    slice got = {head, n > 0 ? (size_t)n : 0};

    if (fd >= 0)
        close(fd);
    if (slice_starts(got, SLICE_LIT("\x1f\x8b")) || (may_be_copy && got.len < POSITION_HEAD))
        return got.len > 0 && log_is_settled(facts);
    return got.len == sizeof head || slice_find_byte(got, '\n') < got.len;
}

/* A name has another log than the one that was read last under it: what rotation has made since, of
 * that one and of logs that came and went in between, is read as well. What of it was read before
 * is known by its first bytes. */
static void catch_up(struct log_stream *s, unsigned slot, int64_t since_ns)
{
    struct log_follow *f = s->follow;
    char **paths;
    unsigned count = follow_siblings(follow_path(f->names, slot), since_ns, &paths);

    for (unsigned i = 0; i < count; i++) {
        struct stat facts;
        bool ready = stat(paths[i], &facts) == 0 && is_ready(paths[i], &facts, true);
        int once = ready ? follow_add_once(f->names, paths[i]) : -1;
        if (once >= 0 && f->slots[once].state == SLOT_NONE) {
            input_set_name(s->inputs, (unsigned)once, paths[i]);
            f->slots[once].state = SLOT_WAITING;
            log_waiting_add(s, (unsigned)once);
        }
        free(paths[i]);
    }
    free(paths);
}

/* Rotation may be at work still, and rename what was found: it is looked at for some time. */
static void catch_up_from_now_on(struct log_stream *s, unsigned slot, int64_t since_ns)
{
    struct slot *at = &s->follow->slots[slot];

    if (at->catch_until_us <= s->follow->now_us)
        at->catch_since_ns = since_ns;
    at->catch_until_us = s->follow->now_us + catching_us;
    catch_up(s, slot, at->catch_since_ns);
}

static void appear(struct log_stream *s, unsigned slot)
{
    s->follow->slots[slot].state = SLOT_WAITING;
    log_waiting_add(s, slot);
}

static struct cursor *live_cursor(const struct log_stream *s, unsigned slot)
{
    for (unsigned i = 0; i < s->open_count; i++)
        if (s->open[i]->input == slot && s->open[i]->live && !s->open[i]->replaced)
            return s->open[i];
    return NULL;
}

static void look_at_open(struct log_stream *s, unsigned slot, const struct stat *there)
{
    struct log_follow *f = s->follow;
    struct cursor *c = live_cursor(s, slot);
    struct stat own;

    if (c == NULL || fstat(source_descriptor(c->source), &own) != 0)
        return;
    bool same = there != NULL && there->st_ino == own.st_ino && there->st_dev == own.st_dev;
    if (!same && c->leaving_us == 0)
        c->leaving_us = f->now_us;
    if (same)
        c->leaving_us = 0;
    if (there == NULL && own.st_nlink > 0) /* moved, and nothing is in its place yet */
        c->leaving_us = 0;
    if (there == NULL || same)
        return;
    c->replaced = true;
    f->slots[slot].state = SLOT_NONE;
}

static void look_at(struct log_stream *s, unsigned slot)
{
    struct log_follow *f = s->follow;
    struct slot *at = &f->slots[slot];
    struct stat facts;
    bool there = follow_stat(f->names, slot, &facts);

    if (follow_is_journal(f->names, slot)) {
        if (at->state == SLOT_NONE)
            appear(s, slot);
        return;
    }
    if (f->now_us < at->catch_until_us)
        catch_up(s, slot, at->catch_since_ns);
    if (at->state == SLOT_OPEN)
        look_at_open(s, slot, there ? &facts : NULL);
    if (there && at->state == SLOT_PARKED &&
        (facts.st_ino != at->parked_inode || facts.st_size != at->parked_bytes))
        at->state = SLOT_NONE;
    if (there && at->state == SLOT_NONE &&
        is_ready(follow_path(f->names, slot), &facts, follow_is_found(f->names, slot)))
        appear(s, slot);
    if (!there && at->state != SLOT_OPEN && at->state != SLOT_WAITING &&
        live_cursor(s, slot) == NULL && follow_release(f->names, slot))
        at->state = SLOT_NONE;
}

/* Slots and inputs have the same numbers; an input whose slot was used again gets the new name. */
static void look_around(struct log_stream *s)
{
    struct log_follow *f = s->follow;

    f->count = follow_scan(f->names);
    for (unsigned i = 0; i < f->count; i++) {
        const char *path = follow_path(f->names, i);
        if (path != NULL && !follow_is_once(f->names, i)) {
            input_set_name(s->inputs, i, path);
            look_at(s, i);
        }
    }
    f->looked_us = f->now_us;
}

/* ---- rotation ---- */

/* Has a live log been emptied, or another one been written into its file? A log that had less than
 * POSITION_HEAD bytes is known by more of them from now on. */
static bool was_emptied(const struct positions *p, struct position *known,
                        const struct source *source)
{
    char head[POSITION_HEAD];
    int fd = source_descriptor(source);
    struct position now = {0};
    struct stat facts;

    if (!source_is_regular(source) || source_encoding(source) > SOURCE_UTF8_BOM ||
        strcmp(source_decoder(source), "plain") != 0)
        return false;
    if (fstat(fd, &facts) != 0 || facts.st_size < lseek(fd, 0, SEEK_CUR))
        return true;
    ssize_t n = pread(fd, head, sizeof head, (off_t)source_skipped_bytes(source));
    slice got = {head, n > 0 ? (size_t)n : 0};
    positions_mark(p, slice_first(got, known->head_len), &now);
    if (now.head_len != known->head_len || now.head_hash != known->head_hash)
        return true;
    if (got.len > known->head_len)
        positions_mark(p, got, known);
    return false;
}

/* Before each read of a live log: is it still the one that was opened? */
static bool may_read(void *arg)
{
    struct cursor *c = arg;
    uint32_t known_by = c->pos.head_len;

    c->emptied = was_emptied(c->positions, &c->pos, c->source);
    if (c->pos.head_len > known_by) /* copies of it are known by that now */
        positions_put(c->positions, &c->pos);
    return !c->emptied;
}

/* Is this file the log with these first bytes, and longer than what was read of it? */
static bool holds_rest(const struct log_stream *s, struct source *source,
                       const struct position *pos, uint64_t read_bytes)
{
    struct position found = {0};
    slice head;

    if (!source_peek(source, POSITION_HEAD, &head) || head.len < pos->head_len)
        return false;
    positions_mark(s->positions, slice_first(head, pos->head_len), &found);
    uint64_t ahead = read_bytes - source_skipped_bytes(source);
    return found.head_hash == pos->head_hash && source_skip(source, ahead) == ahead;
}

/* The copy of a log, open behind what was read of the log; NULL when there is none. */
static struct source *find_copy(const struct log_stream *s, const char *path,
                                const struct position *pos, uint64_t read_bytes)
{
    char **paths;
    unsigned count = follow_siblings(path, 0, &paths);
    struct source *found = NULL;

    for (unsigned i = count; i-- > 0;) {
        struct source *source = found == NULL ? source_open(paths[i], NULL) : NULL;
        if (source != NULL && holds_rest(s, source, pos, read_bytes))
            found = source;
        else
            source_free(&source);
        free(paths[i]);
    }
    free(paths);
    return found;
}

/* Emptied in place: the rest is read from the copy, then the log begins anew. */
static void leave_for_copy(struct log_stream *s, struct cursor *c)
{
    const char *path = s->inputs->inputs[c->input].path;
    struct source *copy = find_copy(s, path, &c->pos, line_reader_ahead(&c->reader));
    char text[4200];

    c->live = c->reader.keep_partial = c->emptied = false;
    c->reader.may_read = NULL;
    if (!c->replaced)
        s->follow->slots[c->input].state = SLOT_NONE;
    c->replaced = true;
    if (copy != NULL) {
        line_reader_take_over(&c->reader, copy);
        source_free(&c->source);
        c->source = copy;
        return;
    }
    line_reader_give_up(&c->reader);
    if (!s->follow->told_truncation) {
        snprintf(text, sizeof text,
                 "%s: emptied in place, and no copy of it was found: lines may be missing", path);
        log_say(s, text);
    }
    s->follow->told_truncation = true;
}

/* A log that was moved away or removed, and was silent since: what it has left is given out. */
static void leave_if_due(const struct log_follow *f, struct cursor *c)
{
    if (!c->live || !c->starved || c->leaving_us == 0 || f->now_us - c->leaving_us < leaving_us ||
        f->now_us - c->data_us < leaving_us)
        return;
    c->live = c->reader.keep_partial = c->starved = false;
}

static void mark_parked(struct slot *slot, int64_t bytes, ino_t inode)
{
    slot->state = SLOT_PARKED;
    slot->parked_bytes = bytes;
    slot->parked_inode = inode;
}

/* A file that was read once needs its name no more. */
static void forget_once(struct log_stream *s, unsigned slot)
{
    if (!follow_is_once(s->follow->names, slot))
        return;
    follow_forget(s->follow->names, slot);
    s->follow->slots[slot].state = SLOT_NONE;
}

/* Close it; its name is looked at again when the file has become another. */
static void park(struct log_stream *s, struct cursor *c)
{
    struct stat facts = {0};

    (void)fstat(source_descriptor(c->source), &facts);
    if (!c->replaced)
        mark_parked(&s->follow->slots[c->input], facts.st_size, facts.st_ino);
    forget_once(s, c->input);
    log_cursor_drop(s, c);
}

static bool is_idle(const struct cursor *c)
{
    return c->live && c->starved && !c->has_next && c->reorder == NULL &&
           !source_is_journal(c->source) &&
           line_reader_bytes(&c->reader) == line_reader_ahead(&c->reader);
}

/* Close a silent log, to make room; it is opened again when it grows. */
static bool park_one(struct log_stream *s, int64_t silent_us)
{
    struct cursor *best = NULL;

    for (unsigned i = 0; i < s->open_count; i++)
        if (is_idle(s->open[i]) && !s->open[i]->replaced &&
            s->follow->now_us - s->open[i]->data_us >= silent_us &&
            (best == NULL || s->open[i]->data_us < best->data_us))
            best = s->open[i];
    if (best != NULL)
        park(s, best);
    return best != NULL;
}

/* ---- reading ---- */

/* --from-end: what is there at the start is not read, nor is the rest of a line that is being
 * written. */
static void pass_over_present(struct cursor *c)
{
    uint64_t bytes = source_skip(c->source, UINT64_MAX);

    c->reader.window_offset = c->base_bytes = source_skipped_bytes(c->source) + bytes;
    c->reader.skip_rest = bytes > 0 && !source_ended_line(c->source);
}

static bool is_plain_file(const struct cursor *c)
{
    return source_is_regular(c->source) && strcmp(source_decoder(c->source), "plain") == 0;
}

/* Has this name another log than when it was read last? A name that is new since the state was
 * written may have been rotated in between as well. */
static void see_rotation(struct log_stream *s, const struct cursor *c, const struct position *last)
{
    int64_t since_ns = s->restored_ns;

    if (since_ns == 0 && !s->follow->slots[c->input].at_start)
        since_ns = s->follow->started_ns;
    if (last->id == 0 && since_ns != 0 && !follow_is_found(s->follow->names, c->input))
        catch_up_from_now_on(s, c->input, since_ns);
    if (last->id != 0 && last->id != c->pos.id && !follow_is_found(s->follow->names, c->input))
        catch_up_from_now_on(s, c->input, last->mtime_ns);
}

static void drop_twin(struct log_stream *s, struct cursor *c)
{
    mark_parked(&s->follow->slots[c->input], -1, 0); /* until the other is closed */
    forget_once(s, c->input);
    log_cursor_drop(s, c);
}

static void take_up_journal(struct log_stream *s, struct cursor *c)
{
    follow_listen(s->follow->names, source_journal_descriptor(c->source));
    if (s->follow->from_end && !c->went_on)
        (void)source_journal_go_on(c->source, NULL);
}

static void take_up(struct log_stream *s, struct cursor *c)
{
    struct follow *names = s->follow->names;
    const struct position *last = positions_latest_of(
        s->positions, positions_name(s->positions, s->inputs->inputs[c->input].path));
    const struct position before = last == NULL ? (struct position){0} : *last;

    log_cursor_note(s, c, true);
    c->live =
        source_is_journal(c->source) || (is_plain_file(c) && !follow_is_once(names, c->input));
    c->reader.keep_partial = c->live || !log_cursor_is_over(c);
    c->positions = s->positions;
    c->reader.may_read = c->live ? may_read : NULL;
    c->reader.may_read_arg = c;
    s->follow->slots[c->input].state = SLOT_OPEN;
    if (source_is_journal(c->source)) {
        take_up_journal(s, c);
        return;
    }
    if (s->follow->from_end && c->base_bytes == 0)
        pass_over_present(c);
    if (!follow_is_once(names, c->input))
        see_rotation(s, c, &before);
}

static void open_waiting(struct log_stream *s)
{
    struct waiting w = s->waiting[s->waiting_next++];
    unsigned input = w.input;
    struct stat before = {0}; /* what could not be opened; rotation may put another there by now */

    (void)follow_stat(s->follow->names, input, &before);
    struct cursor *c = log_cursor_open(s, input);
    if (c == NULL) {
        mark_parked(&s->follow->slots[input], before.st_size, before.st_ino);
        forget_once(s, input);
        return;
    }
    c->first_us = w.first_us;
    log_cursor_put(s, c);
    if (!source_is_journal(c->source))
        c->twin |= c->pos.head_len == 0; /* emptied just now: it is looked at again */
    if (c->twin)
        drop_twin(s, c);
    else
        take_up(s, c);
}

/* The next record of one log, unless it has none: then it is starved, or gone. */
static bool advance(struct log_stream *s, struct cursor *c)
{
    bool waited = c->starved;

    c->starved = c->again = false;
    c->has_next = log_cursor_read(s, c, &c->next);
    if (!c->has_next && c->emptied) {
        leave_for_copy(s, c);
        c->has_next = log_cursor_read(s, c, &c->next);
    }
    if (c->has_next)
        return true;
    if (!c->live) {
        park(s, c);
        return false;
    }
    c->starved = true;
    c->tried_us = clock_us(CLOCK_REALTIME);
    if (!waited || c->data_us == 0)
        c->data_us = clock_us(CLOCK_MONOTONIC);
    return false;
}

static void advance_all(struct log_stream *s)
{
    for (unsigned i = 0; i < s->open_count;) {
        struct cursor *c = s->open[i];
        bool quiet = c->has_next || (c->starved && !c->again);
        if (quiet || advance(s, c) || (i < s->open_count && s->open[i] == c))
            i++;
    }
}

/* May this record go out, or may another log still get an earlier one? At the live end a line is
 * written within two seconds of its time; an older record waits for nobody. Nor does one wait for a
 * log that was rotated away: it was read to its end after the one in its place had its first line,
 * and what a writer that still holds it adds comes as it comes. */
static bool is_released(struct log_stream *s, const struct cursor *first, bool *ret_again)
{
    int64_t due_us = first->next.rec.time_us + hold_us, now_us = 0;

    for (unsigned i = 0; i < s->open_count; i++) {
        struct cursor *c = s->open[i];
        if (!c->starved || c->replaced || c->tried_us >= due_us)
            continue;
        if (now_us == 0)
            now_us = clock_us(CLOCK_REALTIME);
        if (now_us < first->next.rec.time_us - hold_us) /* a clock that is ahead */
            continue;
        if (now_us < due_us) {
            s->follow->held_until_us = due_us;
            return false;
        }
        c->again = *ret_again = true;
    }
    return true;
}

bool log_follow_next(struct log_stream *s, struct log_record *ret)
{
    struct cursor *first;
    bool again;

    if (s->taken != NULL)
        s->taken->has_next = false;
    s->taken = NULL;
    s->follow->held_until_us = 0;
    do {
        again = false;
        advance_all(s);
        first = log_cursor_earliest(s);
        while (s->open_count == LOG_OPEN_MAX && s->waiting_next < s->waiting_count &&
               park_one(s, 0))
            ;
        if (log_waiting_due(s, first)) {
            open_waiting(s);
            again = true;
        } else if (first != NULL && s->open_count > 1 && !is_released(s, first, &again)) {
            return false;
        }
    } while (again);
    if (first == NULL)
        return false;
    *ret = first->next;
    s->taken = first;
    return true;
}

/* ---- from outside ---- */

void log_stream_follow(struct log_stream *s, struct follow *names, bool from_end)
{
    struct log_follow *f = panic_calloc(1, sizeof *f);

    f->names = names;
    f->slots = panic_calloc(FOLLOW_NAMES_MAX, sizeof *f->slots);
    f->now_us = clock_us(CLOCK_MONOTONIC);
    f->from_end = from_end;
    s->follow = f;
    log_stream_keep_positions(s);
    f->started_ns = clock_us(CLOCK_REALTIME_COARSE) * 1000; /* files have their times from it */
    look_around(s);
    for (unsigned i = 0; i < f->count; i++)
        f->slots[i].at_start = f->slots[i].state != SLOT_NONE;
    while (from_end && s->waiting_next < s->waiting_count && s->open_count < LOG_OPEN_MAX)
        open_waiting(s);
    f->from_end = false;
}

int64_t log_stream_idle_us(const struct log_stream *s)
{
    int64_t since_us = 0;

    if (s->follow == NULL || s->waiting_next < s->waiting_count)
        return 0;
    for (unsigned i = 0; i < s->open_count; i++) {
        const struct cursor *c = s->open[i];
        if (!c->starved || c->has_next || (c->reorder != NULL && reorder_count(c->reorder) > 0))
            return 0;
        since_us = c->data_us > since_us ? c->data_us : since_us;
    }
    return since_us == 0 ? 0 : clock_us(CLOCK_MONOTONIC) - since_us;
}

bool log_stream_end(struct log_stream *s)
{
    for (unsigned i = 0; i < s->open_count; i++)
        if (!s->open[i]->starved) /* in the middle of much that is old */
            return false;
    for (unsigned i = 0; i < s->open_count; i++)
        s->open[i]->live = s->open[i]->reader.keep_partial = s->open[i]->starved = false;
    return s->follow != NULL;
}

/* ---- waiting ---- */

static int wait_ms(const struct log_follow *f, int most_ms)
{
    if (f->held_until_us == 0)
        return most_ms;
    int64_t ms = (f->held_until_us - clock_us(CLOCK_REALTIME)) / 1000 + 1;
    return ms < 1 ? 1 : ms < most_ms ? (int)ms : most_ms;
}

bool log_stream_wait(struct log_stream *s, int most_ms)
{
    struct log_follow *f = s->follow;

    if (f == NULL)
        return false;
    bool names = follow_wait(f->names, wait_ms(f, most_ms));
    f->now_us = clock_us(CLOCK_MONOTONIC);
    if (names || f->now_us - f->looked_us >= (int64_t)FOLLOW_LOOK_MS * 1000)
        look_around(s);
    for (unsigned i = 0; i < s->open_count; i++) {
        struct cursor *c = s->open[i];
        if (c->reorder != NULL && c->starved)
            reorder_idle(c->reorder, f->now_us - c->data_us);
        leave_if_due(f, c);
        if (source_is_journal(c->source))
            source_journal_heed(c->source);
        c->again = true;
    }
    while (s->open_count > LOG_OPEN_MAX / 2 && park_one(s, parking_us))
        ;
    return true;
}
