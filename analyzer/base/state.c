/* state.c - pieces to a file and back
 * algorithm: writing goes through stdio to PATH.new; reading maps the file and checks every CRC
 *            before the first piece is handed out. The layout is a hash of the sources that
 *            structures, enumerations and numberings in a state stand in, made by
 *            state_layout.cmake.
 * source:    zlib's crc32()
 * limits:    what a number in a table means to code that is in none of those sources is not seen:
 *            there a state may be a little off, never out of bounds. Compilers lay out structures
 *            alike on one kind of machine. */
#include "base/state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "base/panic.h"
#include "base/slice.h"
#include "base/state_layout.h"

enum { PAGE = 4096, FORMAT = 1, NAME = 28, LAYOUT = 40 };
_Static_assert(sizeof STATE_LAYOUT == LAYOUT + 1, "hexadecimal digits");
static const char magic[8] = "RWSTATE";

struct file_head {
    char magic[8];
    uint32_t format, head_size;
    char version[24]; /* for people: layouts may outlive versions */
    char layout[LAYOUT];
    uint64_t config;
    struct hash_key key;
    uint32_t reserved, crc; /* crc: of all before it */
};

struct piece_head {
    char name[NAME];
    uint32_t size;   /* of an element */
    uint64_t count;  /* of elements */
    uint64_t stored; /* bytes of the body */
    uint32_t body_crc, crc;
};

struct state_io {
    bool loading;
    bool failed;
    struct error error;
    char *path, *new_path;
    /* writing */
    FILE *out;
    unsigned char *body; /* of the piece in hand */
    size_t body_used, body_room;
    /* reading */
    unsigned char *map;
    size_t map_bytes, at;
    bool of_others; /* somebody else may write the file */
};

static void fill_head(struct file_head *h, const struct state_facts *facts)
{
    memset(h, 0, sizeof *h);
    memcpy(h->magic, magic, sizeof h->magic);
    h->format = FORMAT;
    h->head_size = sizeof *h;
    snprintf(h->version, sizeof h->version, "%s", RELAYWATCH_VERSION);
    memcpy(h->layout, STATE_LAYOUT, LAYOUT);
    h->config = facts->config;
    h->key = facts->key;
    h->crc = (uint32_t)crc32(0, (const Bytef *)h, offsetof(struct file_head, crc));
}

/* ---- common ---- */

static struct state_io *state_free(struct state_io *io)
{
    if (io->out != NULL)
        fclose(io->out);
    if (io->map != NULL)
        munmap(io->map, io->map_bytes);
    free(io->body);
    free(io->path);
    free(io->new_path);
    free(io);
    return NULL;
}

static void fail(struct state_io *io, enum error_code code, const char *what)
{
    if (!io->failed)
        error_set(&io->error, code, "state %s: %s", io->path, what);
    io->failed = true;
}

static struct state_io *state_new(const char *path, bool loading)
{
    struct state_io *io = panic_calloc(1, sizeof *io);
    size_t room = strlen(path) + 8;

    io->loading = loading;
    io->path = panic_calloc(1, room);
    io->new_path = panic_calloc(1, room);
    snprintf(io->path, room, "%s", path);
    snprintf(io->new_path, room, "%s.new", path);
    return io;
}

bool state_loading(const struct state_io *io)
{
    return io->loading;
}

bool state_good(const struct state_io *io)
{
    return !io->failed;
}

void state_fail(struct state_io *io, const char *what)
{
    fail(io, ERROR_CONFIG, what);
}

/* ---- writing ---- */

static void put(struct state_io *io, const void *data, size_t bytes)
{
    if (!io->failed && bytes > 0 && fwrite(data, 1, bytes, io->out) != bytes)
        fail(io, ERROR_OUTPUT, strerror(errno));
}

struct state_io *state_save(const char *path, const struct state_facts *facts, struct error *reterr)
{
    struct state_io *io = state_new(path, false);
    struct file_head head;
    int fd = open(io->new_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);

    io->out = fd < 0 ? NULL : fdopen(fd, "wb");
    if (io->out == NULL) {
        error_set(reterr, ERROR_OUTPUT, "state %s: cannot write: %s", io->new_path,
                  strerror(errno));
        if (fd >= 0)
            close(fd);
        return state_free(io);
    }
    (void)fchmod(fd, 0600);
    fill_head(&head, facts);
    put(io, &head, sizeof head);
    return io;
}

static void body_put(struct state_io *io, const void *data, size_t bytes)
{
    if (io->body_used + bytes > io->body_room) {
        io->body_room = 2 * (io->body_used + bytes);
        io->body = realloc(io->body, io->body_room);
        ASSERT(io->body != NULL);
    }
    memcpy(io->body + io->body_used, data, bytes);
    io->body_used += bytes;
}

static bool is_zero_page(const unsigned char *page, size_t bytes)
{
    return page[0] == 0 && memcmp(page, page + 1, bytes - 1) == 0;
}

/* Runs of zero pages and of others. */
static void body_fill(struct state_io *io, const unsigned char *data, size_t bytes)
{
    size_t at = 0;

    io->body_used = 0;
    while (at < bytes) {
        uint32_t run[2] = {0, 0};
        size_t from;
        for (; at < bytes && is_zero_page(data + at, bytes - at < PAGE ? bytes - at : PAGE);
             at += PAGE)
            run[0]++;
        for (from = at; at < bytes && run[1] < UINT32_MAX / PAGE; at += PAGE) {
            if (is_zero_page(data + at, bytes - at < PAGE ? bytes - at : PAGE))
                break;
            run[1]++;
        }
        body_put(io, run, sizeof run);
        if (from < bytes)
            body_put(io, data + from, (at < bytes ? at : bytes) - from);
    }
}

/* AddressSanitizer reserves so much of the address space that hashes look like pointers. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define STATE_SANITIZED 1
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define STATE_SANITIZED 1
#endif
#if !defined(NDEBUG) && !defined(STATE_SANITIZED)
#define STATE_SEARCH_POINTERS 1
#endif

#ifdef STATE_SEARCH_POINTERS
/* A pointer in a piece is a hole that somebody forgot. */
static void check_no_pointer(const char *name, const unsigned char *data, size_t bytes)
{
    for (size_t at = 0; at + sizeof(uint64_t) <= bytes; at += sizeof(uint64_t)) {
        uint64_t word;
        memcpy(&word, data + at, sizeof word);
        if (word >> 40 < 0x55 || word >> 40 > 0x7f)
            continue;
        if (msync((void *)(uintptr_t)(word & ~(uint64_t)(PAGE - 1)), PAGE, MS_ASYNC) == 0) {
            fprintf(stderr, "relaywatch: panic: state piece %s holds a pointer at byte %zu\n", name,
                    at);
            abort();
        }
    }
}
#endif

static void write_piece(struct state_io *io, const char *name, const void *data, size_t size,
                        size_t count)
{
    struct piece_head head;

    if (io->failed)
        return;
#ifdef STATE_SEARCH_POINTERS
    if (size % sizeof(uint64_t) == 0)
        check_no_pointer(name, data, size * count);
#endif
    memset(&head, 0, sizeof head);
    body_fill(io, data, size * count);
    snprintf(head.name, sizeof head.name, "%s", name);
    head.size = (uint32_t)size;
    head.count = count;
    head.stored = io->body_used;
    head.body_crc = io->body_used == 0 ? 0 : (uint32_t)crc32_z(0, io->body, io->body_used);
    head.crc = (uint32_t)crc32(0, (const Bytef *)&head, offsetof(struct piece_head, crc));
    put(io, &head, sizeof head);
    put(io, io->body, io->body_used);
}

/* ---- reading ---- */

static bool head_is_whole(const struct state_io *io, size_t at, struct piece_head *ret)
{
    if (io->map_bytes - at < sizeof *ret)
        return false;
    memcpy(ret, io->map + at, sizeof *ret);
    return ret->crc == (uint32_t)crc32(0, (const Bytef *)ret, offsetof(struct piece_head, crc)) &&
           ret->stored <= io->map_bytes - at - sizeof *ret;
}

/* Every piece up to the end, which closes the file. */
static bool is_whole(const struct state_io *io)
{
    struct piece_head head;
    size_t at = sizeof(struct file_head);

    while (head_is_whole(io, at, &head)) {
        at += sizeof head;
        if (head.stored > 0 && head.body_crc != (uint32_t)crc32_z(0, io->map + at, head.stored))
            return false;
        at += head.stored;
        if (strcmp(head.name, "end") == 0)
            return at == io->map_bytes;
    }
    return false;
}

/* The checks of a file find damage, not malice: who may write it may make all of them right, and a
 * table's memory is believed. So it must be our own, as it was made. Root may use anybody's. */
static bool is_of_others(const struct stat *facts)
{
    uid_t we = geteuid();

    return (facts->st_mode & (S_IWGRP | S_IWOTH)) != 0 ||
           (we != 0 && facts->st_uid != we && facts->st_uid != 0);
}

static bool map_file(struct state_io *io)
{
    int fd = open(io->path, O_RDONLY | O_CLOEXEC);
    struct stat facts;

    if (fd < 0)
        return false;
    if (fstat(fd, &facts) == 0 && S_ISREG(facts.st_mode) && facts.st_size > 0) {
        void *map = mmap(NULL, (size_t)facts.st_size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
        io->map = map == MAP_FAILED ? NULL : map;
        io->map_bytes = io->map == NULL ? 0 : (size_t)facts.st_size;
        io->of_others = is_of_others(&facts);
    }
    close(fd);
    return true;
}

/* What keeps this file from being used; NULL: nothing. */
static const char *what_is_wrong(const struct state_io *io, const struct state_facts *facts)
{
    const struct state_facts none = {0};
    struct file_head head, own;

    if (io->map_bytes < sizeof head || memcmp(io->map, magic, sizeof magic) != 0)
        return "is not a state of relaywatch";
    if (io->of_others)
        return "can be written by others, so it is not believed (chmod go-w)";
    memcpy(&head, io->map, sizeof head);
    fill_head(&own, facts == NULL ? &none : facts);
    if (head.format != own.format || head.head_size != own.head_size)
        return "has the form of another version";
    if (head.crc != (uint32_t)crc32(0, (const Bytef *)&head, offsetof(struct file_head, crc)))
        return "is damaged";
    if (memcmp(head.layout, own.layout, LAYOUT) != 0)
        return "was written by a program whose tables are laid out otherwise";
    if (facts != NULL &&
        (head.config != own.config || head.key.k0 != own.key.k0 || head.key.k1 != own.key.k1))
        return "belongs to another configuration";
    return is_whole(io) ? NULL : "is damaged or cut";
}

struct state_io *state_load(const char *path, const struct state_facts *facts, struct error *reterr)
{
    struct state_io *io = state_new(path, true);
    const char *wrong;

    if (!map_file(io)) {
        if (errno != ENOENT)
            error_set(reterr, ERROR_INPUT, "state %s: cannot open: %s", path, strerror(errno));
        return state_free(io);
    }
    wrong = what_is_wrong(io, facts);
    if (wrong != NULL) {
        error_set(reterr, ERROR_CONFIG, "state %s: %s", path, wrong);
        return state_free(io);
    }
    io->at = sizeof(struct file_head);
    return io;
}

bool state_read_key(const char *path, struct hash_key *ret)
{
    struct state_io *io = state_new(path, true);
    struct file_head head;
    bool good = map_file(io) && what_is_wrong(io, NULL) == NULL;

    if (good) {
        memcpy(&head, io->map, sizeof head);
        *ret = head.key;
    }
    state_free(io);
    return good;
}

/* The body of the next piece, if it is the one that is expected. */
static bool next_piece(struct state_io *io, const char *name, size_t size, uint64_t *ret_count,
                       slice *ret_body)
{
    struct piece_head head;
    char short_name[NAME];

    snprintf(short_name, sizeof short_name, "%s", name);
    if (io->failed)
        return false;
    if (!head_is_whole(io, io->at, &head) || strcmp(head.name, short_name) != 0 ||
        head.size != size) {
        fail(io, ERROR_CONFIG, "does not fit this program");
        return false;
    }
    *ret_count = head.count;
    *ret_body = (slice){(const char *)io->map + io->at + sizeof head, head.stored};
    io->at += sizeof head + head.stored;
    return true;
}

/* Undo the runs; false when they do not give so many bytes. */
static bool body_take(slice body, unsigned char *data, size_t bytes)
{
    size_t at = 0;

    while (at < bytes) {
        uint32_t run[2];
        if (body.len < sizeof run)
            return false;
        memcpy(run, body.ptr, sizeof run);
        body = slice_from(body, sizeof run);
        size_t zeros = (size_t)run[0] * PAGE, full = (size_t)run[1] * PAGE;
        zeros = zeros < bytes - at ? zeros : bytes - at;
        memset(data + at, 0, zeros);
        at += zeros;
        full = full < bytes - at ? full : bytes - at;
        if (full > body.len || zeros + full == 0)
            return false;
        memcpy(data + at, body.ptr, full);
        body = slice_from(body, full);
        at += full;
    }
    return body.len == 0;
}

static void read_piece(struct state_io *io, const char *name, void *data, size_t size, size_t count)
{
    uint64_t got;
    slice body;

    if (next_piece(io, name, size, &got, &body) &&
        (got != count || !body_take(body, data, size * count)))
        fail(io, ERROR_CONFIG, "does not fit this program");
}

/* ---- pieces ---- */

void state_bytes(struct state_io *io, const char *name, void *data, size_t size, size_t count)
{
    if (io->loading)
        read_piece(io, name, data, size, count);
    else
        write_piece(io, name, data, size, count);
}

void state_array(struct state_io *io, const char *name, void *data, size_t size, size_t count,
                 const struct state_hole *holes, size_t holes_count)
{
    unsigned char *copy;

    if (holes_count == 0 || io->loading || io->failed) {
        state_bytes(io, name, data, size, count);
        return;
    }
    copy = panic_calloc(count + 1, size);
    memcpy(copy, data, size * count);
    for (size_t i = 0; i < count; i++)
        for (size_t h = 0; h < holes_count; h++)
            memset(copy + i * size + holes[h].offset, 0, holes[h].size);
    write_piece(io, name, copy, size, count);
    free(copy);
}

void state_struct(struct state_io *io, const char *name, void *data, size_t size,
                  const struct state_hole *holes, size_t holes_count)
{
    unsigned char *copy;

    if (!io->loading) {
        state_array(io, name, data, size, 1, holes, holes_count);
        return;
    }
    copy = panic_calloc(1, size);
    read_piece(io, name, copy, size, 1);
    for (size_t h = 0; h < holes_count; h++)
        memcpy(copy + holes[h].offset, (unsigned char *)data + holes[h].offset, holes[h].size);
    if (!io->failed)
        memcpy(data, copy, size);
    free(copy);
}

uint64_t state_number(struct state_io *io, const char *name, uint64_t value)
{
    uint64_t number = value;

    state_bytes(io, name, &number, sizeof number, 1);
    return io->failed ? 0 : number;
}

void state_block(struct state_io *io, const char *name, void **data, size_t *bytes, size_t max)
{
    uint64_t n = state_number(io, name, *bytes);

    if (n > max)
        fail(io, ERROR_CONFIG, "does not fit this program");
    if (io->loading) {
        *bytes = io->failed ? 0 : (size_t)n;
        *data = *bytes == 0 ? NULL : panic_calloc(1, *bytes);
    }
    if (*bytes > 0)
        state_bytes(io, name, *data, 1, *bytes);
}

uint16_t state_texts_number(struct state_texts *texts, const char *text)
{
    for (unsigned i = 0; text != NULL && i < texts->count; i++)
        if (strcmp(texts->list[i], text) == 0)
            return (uint16_t)(i + 1);
    if (text == NULL || texts->count == STATE_TEXTS_MAX)
        return 0;
    texts->list[texts->count++] = text;
    return (uint16_t)texts->count;
}

const char *state_texts_at(const struct state_texts *texts, uint16_t number)
{
    return number == 0 || number > texts->count ? NULL : texts->list[number - 1];
}

void state_texts(struct state_io *io, struct state_texts *texts)
{
    enum { BYTES_MAX = 1 << 20 };
    size_t bytes = 0, at = 0;
    char *all;
    void *block = NULL;

    if (!io->loading) {
        for (unsigned i = 0; i < texts->count; i++)
            bytes += strlen(texts->list[i]) + 1;
        block = all = panic_calloc(1, bytes + 1);
        for (unsigned i = 0; i < texts->count; i++)
            all = stpcpy(all, texts->list[i]) + 1;
        state_block(io, "texts", &block, &bytes, BYTES_MAX);
        free(block);
        return;
    }
    state_block(io, "texts", &block, &bytes, BYTES_MAX);
    *texts = (struct state_texts){.bytes = block};
    for (all = block; at < bytes && texts->count < STATE_TEXTS_MAX; at += strlen(all + at) + 1)
        texts->list[texts->count++] = all + at;
}

void state_texts_free(struct state_texts *texts)
{
    free(texts->bytes);
    *texts = (struct state_texts){0};
}

int state_lock(const char *path, struct error *reterr)
{
    char name[4096];
    int n = snprintf(name, sizeof name, "%s.lock", path);
    int fd = n < 0 || (size_t)n >= sizeof name
                 ? -1
                 : open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

    if (fd < 0) {
        error_set(reterr, ERROR_OUTPUT, "state %s: cannot lock: %s", path, strerror(errno));
        return -1;
    }
    if (flock(fd, LOCK_EX | LOCK_NB) == 0)
        return fd;
    error_set(reterr, ERROR_OUTPUT, "state %s: another run is using it", path);
    close(fd);
    return -1;
}

/* ---- the end ---- */

/* So that the rename itself is on the disk. */
static void sync_directory(const char *path)
{
    char place[4096];
    slice whole = slice_of(path);
    size_t slash = slice_rfind_byte(whole, '/');

    slice_keep(slash == whole.len ? SLICE_LIT(".") : slice_first(whole, slash + 1), place,
               sizeof place);
    int fd = open(place, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        (void)fsync(fd);
        close(fd);
    }
}

static void finish_file(struct state_io *io)
{
    write_piece(io, "end", NULL, 0, 0);
    if (!io->failed && (fflush(io->out) != 0 || fsync(fileno(io->out)) != 0))
        fail(io, ERROR_OUTPUT, strerror(errno));
    if (!io->failed && rename(io->new_path, io->path) != 0)
        fail(io, ERROR_OUTPUT, strerror(errno));
    if (io->failed)
        (void)unlink(io->new_path);
    else
        sync_directory(io->path);
}

bool state_close(struct state_io *io, struct error *reterr)
{
    bool good;

    if (!io->loading)
        finish_file(io);
    good = !io->failed;
    if (!good)
        error_set(reterr, io->error.code, "%s", io->error.text);
    state_free(io);
    return good;
}
