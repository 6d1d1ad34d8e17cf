/* spool.c - a file of length, CRC and bytes a document, behind a head that says where it begins
 * source:   zlib.h crc32(); flock(2)
 * limits:   byte order of the machine: a spool is not carried to another kind. Documents that may
 *           wait are bounded by max; the part that was delivered is cut off once it is as long as
 *           what waits or a quarter of max, by a copy that takes the place of the file. */
#include "output/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <zlib.h>

#include "base/panic.h"
#include "base/siphash.h"

enum { COPY_BYTES = 64 << 10, NAME_CHARS = 40 };

struct head {
    char magic[8];
    uint64_t begin; /* offset of the oldest document */
};

struct record {
    uint32_t len, crc;
};

static const char magic[8] = {'R', 'W', 'S', 'P', 'O', 'O', 'L', '1'};

struct spool {
    char *path;
    int fd;
    uint64_t begin, read_at, end; /* offsets of documents */
    uint64_t max;
};

/* ---- bytes at a place ---- */

static bool put_at(int fd, const void *data, size_t len, uint64_t at)
{
    const char *ptr = data;

    while (len > 0) {
        ssize_t n = pwrite(fd, ptr, len, (off_t)at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        ptr += n;
        len -= (size_t)n;
        at += (uint64_t)n;
    }
    return true;
}

static bool get_at(int fd, void *data, size_t len, uint64_t at)
{
    char *ptr = data;

    while (len > 0) {
        ssize_t n = pread(fd, ptr, len, (off_t)at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        ptr += n;
        len -= (size_t)n;
        at += (uint64_t)n;
    }
    return true;
}

static uint32_t crc_of(const char *ptr, size_t len)
{
    return (uint32_t)crc32(crc32(0, NULL, 0), (const unsigned char *)ptr, (unsigned)len);
}

static bool put_head(int fd, uint64_t begin)
{
    struct head head = {.begin = begin};

    memcpy(head.magic, magic, sizeof magic);
    return put_at(fd, &head, sizeof head, 0);
}

/* ---- opening ---- */

/* DIR/NAME-HASH.spool: a name that people recognise, and that no two outputs share. */
static char *path_of(const char *dir, const char *name)
{
    static const struct hash_key fixed = {UINT64_C(0x73706f6f6c), UINT64_C(0x6e616d65)};
    size_t size = strlen(dir) + NAME_CHARS + 32, n = 0;
    char *path = panic_calloc(1, size), plain[NAME_CHARS + 1];

    for (; n < NAME_CHARS && name[n] != '\0'; n++) {
        char c = name[n];
        bool good = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                    (c == '.' && n > 0);
        plain[n] = good ? c : '_';
    }
    plain[n] = '\0';
    snprintf(path, size, "%s/%s-%016llx.spool", dir, plain,
             (unsigned long long)siphash13(&fixed, name, strlen(name)));
    return path;
}

/* How far the documents are whole. */
static uint64_t find_end(const struct spool *s, uint64_t size)
{
    uint64_t at = s->begin;
    struct record r;

    while (at + sizeof r <= size && get_at(s->fd, &r, sizeof r, at) &&
           r.len <= size - at - sizeof r) {
        char *ptr = panic_calloc(1, (size_t)r.len + 1);
        bool whole = get_at(s->fd, ptr, r.len, at + sizeof r) && crc_of(ptr, r.len) == r.crc;
        free(ptr);
        if (!whole)
            break;
        at += sizeof r + r.len;
    }
    return at;
}

/* What an earlier run left, or a new head. */
static bool take_over(struct spool *s)
{
    struct stat st;
    struct head head;

    if (fstat(s->fd, &st) != 0)
        return false;
    uint64_t size = (uint64_t)st.st_size;
    bool known = size >= sizeof head && get_at(s->fd, &head, sizeof head, 0) &&
                 memcmp(head.magic, magic, sizeof magic) == 0 && head.begin >= sizeof head &&
                 head.begin <= size;
    s->begin = known ? head.begin : sizeof head;
    s->end = known ? find_end(s, size) : sizeof head;
    s->read_at = s->begin;
    if (size > (known ? s->end : 0))
        fprintf(stderr, "relaywatch: %s: %llu bytes at its end are broken and left out\n", s->path,
                (unsigned long long)(size - (known ? s->end : 0)));
    return (known || put_head(s->fd, s->begin)) && ftruncate(s->fd, (off_t)s->end) == 0;
}

struct spool *spool_open(const char *dir, const char *name, size_t max, struct error *reterr)
{
    struct spool *s = panic_calloc(1, sizeof *s);

    s->path = path_of(dir, name);
    s->max = max;
    s->fd = open(s->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (s->fd < 0)
        error_set(reterr, ERROR_OUTPUT, "cannot open the spool %s: %s", s->path, strerror(errno));
    else if (flock(s->fd, LOCK_EX | LOCK_NB) != 0)
        error_set(reterr, ERROR_OUTPUT, "the spool %s is in use", s->path);
    else if (!take_over(s))
        error_set(reterr, ERROR_OUTPUT, "cannot use the spool %s: %s", s->path, strerror(errno));
    else
        return s;
    if (s->fd >= 0)
        (void)close(s->fd);
    free(s->path);
    free(s);
    return NULL;
}

/* ---- growing and giving back ---- */

static bool copy_rest(const struct spool *s, int to)
{
    char *buf = panic_calloc(1, COPY_BYTES);
    uint64_t at = s->begin, put = sizeof(struct head);
    bool good = put_head(to, put);

    while (good && at < s->end) {
        size_t n = s->end - at < COPY_BYTES ? (size_t)(s->end - at) : COPY_BYTES;
        good = get_at(s->fd, buf, n, at) && put_at(to, buf, n, put);
        at += n;
        put += n;
    }
    free(buf);
    return good && fsync(to) == 0;
}

/* Cut off what was delivered. When it cannot be, the file stays as it is. */
static void tidy(struct spool *s)
{
    size_t size = strlen(s->path) + sizeof ".new";
    char *beside = panic_calloc(1, size);

    snprintf(beside, size, "%s.new", s->path);
    int fd = open(beside, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0 && copy_rest(s, fd) &&
        rename(beside, s->path) == 0) {
        uint64_t less = s->begin - sizeof(struct head);
        (void)close(s->fd);
        s->fd = fd;
        s->begin -= less;
        s->read_at -= less;
        s->end -= less;
    } else if (fd >= 0) {
        (void)unlink(beside);
        (void)close(fd);
    }
    free(beside);
}

bool spool_append(struct spool *s, slice document)
{
    struct record r = {(uint32_t)document.len, crc_of(document.ptr, document.len)};
    uint64_t live = s->end - s->begin, dead = s->begin - sizeof(struct head);

    if (live + sizeof r + document.len > s->max)
        return false;
    if (dead > live || dead > s->max / 4)
        tidy(s);
    if (put_at(s->fd, &r, sizeof r, s->end) &&
        put_at(s->fd, document.ptr, document.len, s->end + sizeof r)) {
        s->end += sizeof r + document.len;
        return true;
    }
    (void)!ftruncate(s->fd, (off_t)s->end); /* else find_end() leaves it out */
    return false;
}

bool spool_read(struct spool *s, char **ret_ptr, size_t *ret_len)
{
    struct record r;
    char *ptr;

    if (s->read_at == s->end || !get_at(s->fd, &r, sizeof r, s->read_at) ||
        r.len > s->end - s->read_at - sizeof r)
        return false;
    ptr = panic_calloc(1, (size_t)r.len + 1);
    if (!get_at(s->fd, ptr, r.len, s->read_at + sizeof r)) {
        free(ptr);
        return false;
    }
    s->read_at += sizeof r + r.len;
    *ret_ptr = ptr;
    *ret_len = r.len;
    return true;
}

void spool_skip_all(struct spool *s)
{
    s->read_at = s->end;
}

void spool_clear(struct spool *s)
{
    s->begin = s->read_at = s->end = sizeof(struct head);
    (void)put_head(s->fd, s->begin);
    (void)!ftruncate(s->fd, (off_t)s->end);
}

void spool_release(struct spool *s, size_t len)
{
    s->begin += sizeof(struct record) + len;
    ASSERT(s->begin <= s->end);
    if (s->begin == s->end)
        spool_clear(s);
    else
        (void)put_head(s->fd, s->begin);
}

bool spool_has_unread(const struct spool *s)
{
    return s->read_at < s->end;
}

size_t spool_bytes(const struct spool *s)
{
    return (size_t)(s->end - s->begin);
}

void spool_sync(struct spool *s)
{
    (void)fdatasync(s->fd);
}

void spool_close(struct spool **s)
{
    struct spool *old = *s;

    if (old == NULL)
        return;
    if (old->begin == old->end)
        (void)unlink(old->path);
    (void)close(old->fd);
    free(old->path);
    free(old);
    *s = NULL;
}
