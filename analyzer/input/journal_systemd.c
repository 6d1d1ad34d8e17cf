/* journal_systemd.c - the journal by libsystemd
 * algorithm: of each entry all fields are looked at once, those wanted go into a line. The cursor
 *            is asked for only when somebody wants it: the library stands at the entry whose line
 *            was given out last.
 * source:    sd_journal_open(3), sd_journal_next(3), sd_journal_enumerate_available_data(3),
 *            sd_journal_get_cursor(3), sd_journal_get_fd(3), sd_journal_add_match(3)
 * limits:    a text is cut where its line would be LINE_MAX long. Damaged files are left out by
 *            the library without a word. */
#include "input/journal.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <systemd/sd-journal.h>

#include "base/panic.h"
#include "base/slice.h"

enum { LINE_BYTES = 64 * 1024 - 16, VALUE_BYTES = 256, ESCAPED_MAX = 6 };

/* An entry may be a little late: its time is when journald took it. */
static const int64_t slack_us = 60 * INT64_C(1000000);

struct journal {
    sd_journal *handle;
    char *name;
    bool listens;
    char last[JOURNAL_CURSOR_MAX];   /* the library forgets its place when a file is rotated */
    char before[JOURNAL_CURSOR_MAX]; /* cursor behind which we began; "" the beginning */
    uint64_t given, end;             /* bytes given out; ... when the present line is over */
    uint64_t lines;
    size_t at, len; /* of the present line: given out, all */
    char line[LINE_BYTES];
};

const char *journal_library(void)
{
    return "libsystemd " RW_SYSTEMD_VERSION;
}

/* ---- opening ---- */

static bool fail(const struct journal *j, const char *what, int code, struct error *reterr)
{
    return error_set(reterr, ERROR_INPUT, "%s: %s: %s", j->name, what, strerror(-code));
}

static int open_place(struct journal *j, const char *path)
{
    const char *files[] = {path, NULL};
    struct stat facts;

    if (path[0] == '\0')
        return sd_journal_open(&j->handle, SD_JOURNAL_LOCAL_ONLY);
    if (stat(path, &facts) != 0)
        return -errno;
    if (S_ISREG(facts.st_mode))
        return sd_journal_open_files(&j->handle, files, 0);
    return sd_journal_open_directory(&j->handle, path, 0);
}

/* "FIELD=VALUE&FIELD=VALUE" */
static bool add_matches(struct journal *j, slice rest, struct error *reterr)
{
    unsigned count = 0;

    while (rest.len > 0) {
        size_t len = slice_find_byte(rest, '&');
        slice one = slice_first(rest, len);
        if (count++ == JOURNAL_MATCHES_MAX || one.len == 0 ||
            sd_journal_add_match(j->handle, one.ptr, one.len) < 0)
            return error_set(reterr, ERROR_INPUT, "%s: \"%.*s\" is no FIELD=VALUE of a journal",
                             j->name, (int)(one.len < 100 ? one.len : 100), one.ptr);
        rest = slice_from(rest, len + 1);
    }
    return true;
}

static bool begin(struct journal *j, int64_t since_us, struct error *reterr)
{
    slice name = slice_of(j->name);
    char path[PATH_MAX];
    int code;

    if (!journal_path(j->name, path, sizeof path))
        return error_set(reterr, ERROR_INPUT, "%s: path too long", j->name);
    code = open_place(j, path);
    if (code < 0)
        return fail(j, "cannot open", code, reterr);
    if (!add_matches(j, slice_from(name, slice_find_byte(name, '?') + 1), reterr))
        return false;
    (void)sd_journal_set_data_threshold(j->handle, LINE_BYTES);
    code = since_us > slack_us
               ? sd_journal_seek_realtime_usec(j->handle, (uint64_t)(since_us - slack_us))
               : sd_journal_seek_head(j->handle);
    return code >= 0 || fail(j, "cannot read", code, reterr);
}

struct journal *journal_open(const char *name, int64_t since_us, struct error *reterr)
{
    struct journal *j = panic_calloc(1, sizeof *j);
    size_t size = strlen(name) + 1;

    j->name = memcpy(panic_calloc(1, size), name, size);
    if (!begin(j, since_us, reterr))
        journal_free(&j);
    return j;
}

void journal_free(struct journal **journal)
{
    struct journal *old = *journal;

    *journal = NULL;
    if (old == NULL)
        return;
    sd_journal_close(old->handle);
    free(old->name);
    free(old);
}

/* ---- an entry ---- */

static void put(struct journal *j, slice bytes)
{
    memcpy(j->line + j->len, bytes.ptr, bytes.len);
    j->len += bytes.len;
}

/* A string of JSON, without what there is no room for; bytes that are not ASCII go as they are. */
static void put_string(struct journal *j, slice text, size_t room)
{
    size_t limit = j->len + room;

    put(j, SLICE_LIT("\""));
    for (size_t i = 0; i < text.len && j->len + ESCAPED_MAX < limit; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        if (c == '"' || c == '\\')
            j->line[j->len++] = '\\';
        if (c >= ' ')
            j->line[j->len++] = (char)c;
        else
            j->len += (size_t)snprintf(j->line + j->len, ESCAPED_MAX + 1, "\\u%04x", c);
    }
    put(j, SLICE_LIT("\""));
}

static void put_member(struct journal *j, slice name, slice value, size_t room)
{
    put(j, j->len == 0 ? SLICE_LIT("{\"") : SLICE_LIT(",\""));
    put(j, name);
    put(j, SLICE_LIT("\":"));
    put_string(j, value, room);
}

static const struct {
    const char *name;
    size_t room;
} wanted[] = {
    {"MESSAGE", LINE_BYTES - 4096}, {"SYSLOG_IDENTIFIER", VALUE_BYTES},
    {"SYSLOG_PID", VALUE_BYTES},    {"_PID", VALUE_BYTES},
    {"_HOSTNAME", VALUE_BYTES},     {"_SOURCE_REALTIME_TIMESTAMP", VALUE_BYTES},
};
enum { WANTED = sizeof wanted / sizeof wanted[0] };

/* One "NAME=VALUE"; of a field that is there twice the first counts. */
static void take_field(struct journal *j, slice field, unsigned *seen)
{
    size_t equals = slice_find_byte(field, '=');
    slice name = slice_first(field, equals);

    for (unsigned i = 0; i < WANTED; i++) {
        if ((*seen >> i & 1) || !slice_eq(name, slice_of(wanted[i].name)))
            continue;
        *seen |= 1U << i;
        put_member(j, name, slice_from(field, equals + 1), wanted[i].room);
    }
}

static void take_fields(struct journal *j)
{
    const void *data;
    unsigned seen = 0;
    size_t len;

    sd_journal_restart_data(j->handle);
    while (sd_journal_enumerate_available_data(j->handle, &data, &len) > 0)
        take_field(j, (slice){data, len}, &seen);
}

/* The entry the library stands at, as a line. One without a text gives an object without one. */
static int make_line(struct journal *j)
{
    char number[32];
    uint64_t time_us;
    int code = sd_journal_get_realtime_usec(j->handle, &time_us);

    if (code < 0)
        return code;
    j->at = j->len = 0;
    snprintf(number, sizeof number, "%llu", (unsigned long long)time_us);
    put_member(j, SLICE_LIT("__REALTIME_TIMESTAMP"), slice_of(number), VALUE_BYTES);
    take_fields(j);
    put(j, SLICE_LIT("}\n"));
    j->lines++;
    j->end = j->given + j->len;
    return 0;
}

ssize_t journal_read(struct journal *j, char *buf, size_t size, struct error *reterr)
{
    if (j->at == j->len) {
        int code = sd_journal_next(j->handle);
        if (code > 0)
            code = make_line(j) < 0 ? -EIO : 1;
        if (code < 0)
            fail(j, "cannot read", code, reterr);
        if (code <= 0)
            return code < 0 ? -1 : 0;
    }
    size_t left = j->len - j->at, n = left < size ? left : size;
    memcpy(buf, j->line + j->at, n);
    j->at += n;
    j->given += n;
    return (ssize_t)n;
}

/* ---- places ---- */

/* Of the entry the library stands at; nothing changes when it does not know. */
static void note_cursor(struct journal *j, char ret[JOURNAL_CURSOR_MAX])
{
    char *cursor = NULL;

    if (sd_journal_get_cursor(j->handle, &cursor) >= 0)
        slice_keep(slice_of(cursor), ret, JOURNAL_CURSOR_MAX);
    free(cursor);
}

/* The library stands nowhere behind the last entry: it has to be made to stand at it. */
static void go_to_end(struct journal *j)
{
    if (sd_journal_seek_tail(j->handle) >= 0 && sd_journal_previous(j->handle) > 0)
        note_cursor(j, j->before);
    else
        (void)sd_journal_seek_head(j->handle); /* empty so far */
}

bool journal_go_on(struct journal *j, const char *cursor)
{
    if (cursor != NULL && sd_journal_seek_cursor(j->handle, cursor) < 0)
        return false;
    j->at = j->len = 0;
    j->given = j->end = j->lines = 0;
    j->before[0] = '\0';
    if (cursor == NULL) {
        go_to_end(j);
        return true;
    }
    slice_keep(slice_of(cursor), j->before, sizeof j->before);
    /* that entry, or the first one behind it where it is gone */
    if (sd_journal_next(j->handle) > 0 && sd_journal_test_cursor(j->handle, cursor) <= 0 &&
        make_line(j) < 0)
        j->at = j->len = 0;
    return true;
}

void journal_cursor(struct journal *j, uint64_t offset, char ret[JOURNAL_CURSOR_MAX])
{
    bool ahead = j->lines == 0 || offset < j->end;

    ASSERT(j->lines <= 1 || !ahead);
    if (!ahead)
        note_cursor(j, j->last);
    slice_keep(slice_of(ahead ? j->before : j->last), ret, JOURNAL_CURSOR_MAX);
}

int journal_descriptor(struct journal *j)
{
    int fd = sd_journal_get_fd(j->handle);

    j->listens = fd >= 0;
    return fd < 0 ? -1 : fd;
}

void journal_heed(struct journal *j)
{
    if (j->lines > 0)
        note_cursor(j, j->last);
    if (j->listens)
        (void)sd_journal_process(
            j->handle); /* files that came and went; entries show by themselves */
}
