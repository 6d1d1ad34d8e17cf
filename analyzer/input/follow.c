/* follow.c - directories listed again, inotify for waking up
 * algorithm: names in slots; a scan marks those that are still there. inotify only says when to
 *            look: nothing is concluded from its events, so that lost ones do no harm.
 * source:    inotify(7), readdir(3), fnmatch(3)
 * limits:    directories are not recursive; hidden files are left out; 64 directories watched */
#include "input/follow.h"

#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <time.h>
#include <unistd.h>

#include "base/panic.h"
#include "base/slice.h"
#include "input/journal.h"

enum { ASKED_FOR = -1, ONCE = -2, JOURNAL = -3, LISTEN_MAX = 16 };
enum { TARGETS_MAX = 256, BLIND_WAIT_MS = 200 };

static const uint32_t watched_events = IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE |
                                       IN_MODIFY | IN_ATTRIB | IN_CLOSE_WRITE | IN_ONLYDIR;

struct name {
    char *path;    /* NULL: free */
    int directory; /* in which it was found, or ASKED_FOR, or ONCE, or JOURNAL */
    bool there;    /* at the last scan */
};

struct directory {
    char *path, *pattern;
    int64_t scanned_ns; /* its modification time at the last scan; 0: to be scanned */
};

struct follow {
    struct name *names;
    unsigned count;
    struct directory directories[TARGETS_MAX];
    unsigned directories_count;
    int inotify; /* -1: not available */
    int listen[LISTEN_MAX];
    unsigned listen_count;
};

struct follow *follow_new(void)
{
    struct follow *f = panic_calloc(1, sizeof *f);

    f->names = panic_calloc(FOLLOW_NAMES_MAX, sizeof *f->names);
    f->inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    return f;
}

struct follow *follow_free(struct follow *f)
{
    if (f == NULL)
        return NULL;
    for (unsigned i = 0; i < f->count; i++)
        free(f->names[i].path);
    for (unsigned i = 0; i < f->directories_count; i++) {
        free(f->directories[i].path);
        free(f->directories[i].pattern);
    }
    if (f->inotify >= 0)
        close(f->inotify);
    free(f->names);
    free(f);
    return NULL;
}

static char *keep_text(slice text)
{
    char *copy = panic_calloc(text.len + 1, 1);

    if (text.len > 0)
        memcpy(copy, text.ptr, text.len);
    return copy;
}

/* The directory of a path, as a path of its own. */
static void keep_directory(const char *path, char *buf, size_t size)
{
    slice whole = slice_of(path);
    size_t slash = slice_rfind_byte(whole, '/');

    if (slash == whole.len)
        slice_keep(SLICE_LIT("."), buf, size);
    else
        slice_keep(slice_first(whole, slash == 0 ? 1 : slash), buf, size);
}

static const char *last_part(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash == NULL ? path : slash + 1;
}

static void watch(struct follow *f, const char *directory)
{
    if (f->inotify >= 0)
        (void)inotify_add_watch(f->inotify, directory, watched_events); /* a wish */
}

/* The directory a name is in, and the one its file is in, when it is a symbolic link. */
static void watch_places(struct follow *f, const char *path)
{
    char place[PATH_MAX], real[PATH_MAX];

    keep_directory(path, place, sizeof place);
    watch(f, place);
    if (realpath(path, real) != NULL) {
        keep_directory(real, place, sizeof place);
        watch(f, place);
    }
}

static struct name *find_name(struct follow *f, const char *path)
{
    for (unsigned i = 0; i < f->count; i++)
        if (f->names[i].path != NULL && strcmp(f->names[i].path, path) == 0)
            return &f->names[i];
    return NULL;
}

static struct name *add_name(struct follow *f, const char *path, int directory)
{
    struct name *n = find_name(f, path);
    unsigned i = 0;

    if (n != NULL)
        return n;
    while (i < f->count && f->names[i].path != NULL)
        i++;
    if (i == FOLLOW_NAMES_MAX)
        return NULL;
    f->count = i == f->count ? i + 1 : f->count;
    f->names[i] = (struct name){keep_text(slice_of(path)), directory, true};
    if (directory == ASKED_FOR)
        watch_places(f, path);
    return &f->names[i];
}

static bool add_directory(struct follow *f, const char *path, const char *pattern,
                          struct error *reterr)
{
    if (f->directories_count == TARGETS_MAX)
        return error_set(reterr, ERROR_INPUT, "%s: more than %d directories to follow", path,
                         TARGETS_MAX);
    f->directories[f->directories_count++] =
        (struct directory){keep_text(slice_of(path)), keep_text(slice_of(pattern)), 0};
    watch(f, path);
    return true;
}

static bool add_journal(struct follow *f, const char *name, struct error *reterr)
{
    struct journal *journal = journal_open(name, 0, reterr);

    if (journal == NULL)
        return false;
    journal_free(&journal);
    return add_name(f, name, JOURNAL) != NULL;
}

bool follow_add(struct follow *f, const char *arg, struct error *reterr)
{
    struct stat facts;
    char place[PATH_MAX];

    if (journal_is(arg))
        return add_journal(f, arg, reterr);
    if (strcmp(arg, "-") == 0)
        return error_set(reterr, ERROR_USAGE,
                         "standard input cannot be followed beside files: a pipe is read as it "
                         "comes, without --follow");
    if (stat(arg, &facts) != 0) {
        if (strpbrk(last_part(arg), "*?[") == NULL)
            return add_name(f, arg, ASKED_FOR) != NULL;
        keep_directory(arg, place, sizeof place);
        return add_directory(f, place, last_part(arg), reterr);
    }
    if (S_ISDIR(facts.st_mode))
        return add_directory(f, arg, "*", reterr);
    if (!S_ISREG(facts.st_mode))
        return error_set(reterr, ERROR_INPUT, "%s: only files and directories can be followed",
                         arg);
    return add_name(f, arg, ASKED_FOR) != NULL;
}

static void take_entry(struct follow *f, int directory, const struct dirent *entry)
{
    const struct directory *d = &f->directories[directory];
    char path[PATH_MAX];
    size_t len = strlen(d->path);
    const char *slash = len > 0 && d->path[len - 1] == '/' ? "" : "/";
    int n = snprintf(path, sizeof path, "%s%s%s", d->path, slash, entry->d_name);

    if (entry->d_name[0] == '.' || entry->d_type == DT_DIR || n < 0 || (size_t)n >= sizeof path ||
        fnmatch(d->pattern, entry->d_name, 0) != 0)
        return;
    struct name *found = add_name(f, path, directory);
    if (found != NULL)
        found->there = true;
}

/* Is there reason to list it again? Its time is that of the last change of a name; one of just now
 * may be followed by another in the same tick of the clock. */
static bool has_changed(struct directory *d)
{
    struct stat facts;
    struct timespec now;

    if (stat(d->path, &facts) != 0)
        return true;
    int64_t ns = (int64_t)facts.st_mtim.tv_sec * 1000000000 + facts.st_mtim.tv_nsec;
    clock_gettime(CLOCK_REALTIME, &now);
    bool settled = facts.st_mtim.tv_sec + 2 < now.tv_sec;
    bool same = settled && ns == d->scanned_ns;
    d->scanned_ns = settled ? ns : 0;
    return !same;
}

static void scan_directory(struct follow *f, int directory)
{
    struct directory *d = &f->directories[directory];
    struct dirent **entries;

    if (!has_changed(d))
        return;
    int count = scandir(d->path, &entries, NULL, alphasort);
    for (unsigned i = 0; i < f->count; i++)
        if (f->names[i].directory == directory)
            f->names[i].there = false;
    for (int i = 0; i < count; i++) {
        take_entry(f, directory, entries[i]);
        free(entries[i]);
    }
    if (count >= 0)
        free(entries);
}

unsigned follow_scan(struct follow *f)
{
    for (unsigned i = 0; i < f->directories_count; i++) {
        watch(f, f->directories[i].path); /* it may be a new one of that name */
        scan_directory(f, (int)i);
    }
    for (unsigned i = 0; i < f->count; i++)
        if (f->names[i].path != NULL && f->names[i].directory == ASKED_FOR)
            watch_places(f, f->names[i].path);
    return f->count;
}

const char *follow_path(const struct follow *f, unsigned slot)
{
    return f->names[slot].path;
}

bool follow_release(struct follow *f, unsigned slot)
{
    struct name *n = &f->names[slot];

    if (n->path == NULL || n->there || n->directory < 0)
        return false;
    free(n->path);
    *n = (struct name){0};
    return true;
}

int follow_add_once(struct follow *f, const char *path)
{
    struct name *n = find_name(f, path);

    if (n == NULL)
        n = add_name(f, path, ONCE);
    return n == NULL || n->directory != ONCE ? -1 : (int)(n - f->names);
}

void follow_forget(struct follow *f, unsigned slot)
{
    struct name *n = &f->names[slot];

    if (n->path == NULL || n->directory != ONCE)
        return;
    free(n->path);
    *n = (struct name){0};
}

bool follow_is_once(const struct follow *f, unsigned slot)
{
    return f->names[slot].directory == ONCE;
}

bool follow_is_found(const struct follow *f, unsigned slot)
{
    return f->names[slot].directory >= 0;
}

bool follow_is_journal(const struct follow *f, unsigned slot)
{
    return f->names[slot].directory == JOURNAL;
}

void follow_listen(struct follow *f, int fd)
{
    if (fd >= 0 && f->listen_count < LISTEN_MAX) /* others are looked at now and then */
        f->listen[f->listen_count++] = fd;
}

bool follow_stat(const struct follow *f, unsigned slot, struct stat *ret)
{
    return f->names[slot].path != NULL && stat(f->names[slot].path, ret) == 0 &&
           S_ISREG(ret->st_mode);
}

/* Empty the queue; did any event speak of names? */
static bool take_events(struct follow *f)
{
    const uint32_t of_names = IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_Q_OVERFLOW |
                              IN_IGNORED | IN_ATTRIB;
    union {
        struct inotify_event first; /* for its alignment */
        char bytes[16384];
    } room;
    bool names = false;
    ssize_t got;

    while ((got = read(f->inotify, room.bytes, sizeof room.bytes)) > 0) {
        for (size_t at = 0; at + sizeof(struct inotify_event) <= (size_t)got;) {
            struct inotify_event ev;
            memcpy(&ev, room.bytes + at, sizeof ev);
            names |= (ev.mask & of_names) != 0;
            at += sizeof ev + ev.len;
        }
    }
    return names;
}

bool follow_wait(struct follow *f, int timeout_ms)
{
    struct pollfd waiting[1 + LISTEN_MAX] = {{.fd = f->inotify, .events = POLLIN}};

    for (unsigned i = 0; i < f->listen_count; i++)
        waiting[1 + i] = (struct pollfd){.fd = f->listen[i], .events = POLLIN};
    if (f->inotify < 0) {
        int ms = timeout_ms < BLIND_WAIT_MS ? timeout_ms : BLIND_WAIT_MS;
        (void)nanosleep(&(struct timespec){.tv_nsec = (long)ms * 1000000}, NULL);
        return false;
    }
    return poll(waiting, 1 + f->listen_count, timeout_ms) > 0 && waiting[0].revents != 0 &&
           take_events(f);
}

/* ---- what rotation has made of a log ---- */

struct sibling {
    char *path;
    int64_t mtime_ns;
};

static int by_age(const void *a, const void *b)
{
    const struct sibling *x = a, *y = b;

    if (x->mtime_ns != y->mtime_ns)
        return x->mtime_ns < y->mtime_ns ? -1 : 1;
    return strcmp(x->path, y->path);
}

struct siblings {
    struct sibling *list;
    unsigned count;
    int64_t since_ns;
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* "mail.log.1", "mail.log-20260302.gz"; or "mail-20260302.log" with the ending kept. */
static bool is_rotated_name(slice name, slice of)
{
    size_t dot = slice_rfind_byte(of, '.');
    slice stem = slice_first(of, dot), rest = slice_from(name, of.len);

    if (slice_starts(name, of))
        return rest.len > 1 && (rest.ptr[0] == '.' || rest.ptr[0] == '-') && is_digit(rest.ptr[1]);
    rest = slice_from(name, stem.len);
    return dot > 0 && dot < of.len && slice_starts(name, stem) && rest.len > of.len - dot &&
           (rest.ptr[0] == '-' || rest.ptr[0] == '.' || rest.ptr[0] == '_') &&
           is_digit(rest.ptr[1]);
}

/* Equal but for the digits of the names. */
static bool differ_in_digits(slice a, slice b)
{
    for (;;) {
        bool digits = a.len > 0 && b.len > 0 && is_digit(a.ptr[0]) && is_digit(b.ptr[0]);
        while (digits && a.len > 0 && is_digit(a.ptr[0]))
            a = slice_from(a, 1);
        while (digits && b.len > 0 && is_digit(b.ptr[0]))
            b = slice_from(b, 1);
        if (a.len == 0 || b.len == 0)
            return a.len == b.len;
        if (!digits && a.ptr[0] != b.ptr[0])
            return false;
        a = slice_from(a, !digits);
        b = slice_from(b, !digits);
    }
}

static void take_sibling(struct siblings *s, const char *place, const char *name)
{
    char full[PATH_MAX];
    struct stat facts;
    int n = snprintf(full, sizeof full, "%s/%s", place, name);

    if (n < 0 || (size_t)n >= sizeof full || stat(full, &facts) != 0 || !S_ISREG(facts.st_mode))
        return;
    int64_t mtime_ns = (int64_t)facts.st_mtim.tv_sec * 1000000000 + facts.st_mtim.tv_nsec;
    if (mtime_ns < s->since_ns)
        return;
    if ((s->count & (s->count - 1)) == 0) { /* room doubles at powers of two */
        size_t room = s->count == 0 ? 1 : 2 * (size_t)s->count;
        s->list = realloc(s->list, room * sizeof *s->list);
        ASSERT(s->list != NULL);
    }
    s->list[s->count++] = (struct sibling){keep_text(slice_of(full)), mtime_ns};
}

static void take_siblings(struct siblings *s, const char *path, bool (*fits)(slice, slice))
{
    char place[PATH_MAX];
    slice name = slice_of(last_part(path));
    DIR *d;

    keep_directory(path, place, sizeof place);
    if ((d = opendir(place)) == NULL)
        return;
    for (struct dirent *e; (e = readdir(d)) != NULL;)
        if (!slice_eq(slice_of(e->d_name), name) && fits(slice_of(e->d_name), name))
            take_sibling(s, place, e->d_name);
    closedir(d);
}

unsigned follow_siblings(const char *path, int64_t since_ns, char ***ret)
{
    struct siblings s = {.since_ns = since_ns};
    char real[PATH_MAX];
    struct stat facts;

    ASSERT(path != NULL);
    take_siblings(&s, path, is_rotated_name);
    if (lstat(path, &facts) == 0 && S_ISLNK(facts.st_mode) && realpath(path, real) != NULL)
        take_siblings(&s, real, differ_in_digits);
    if (s.count > 0)
        qsort(s.list, s.count, sizeof *s.list, by_age);
    *ret = panic_calloc((size_t)s.count + 1, sizeof **ret);
    for (unsigned i = 0; i < s.count; i++)
        (*ret)[i] = s.list[i].path;
    free(s.list);
    return s.count;
}
