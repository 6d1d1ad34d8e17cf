/* source.c - bytes of one log, decompressed and as UTF-8, whatever the file was
 * layers:    descriptor -> feed -> decoder (by magic) -> [UTF-16 (by mark)] -> head -> caller;
 *            the head holds what was looked at ahead of reading and is empty soon after the start
 * source:    RFC 1952, RFC 3629 6 (byte order mark), RFC 2781 3.2
 * limits:    UTF-16 only with a mark; a followed UTF-16 file must not grow by half a unit */
#include "input/source.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/panic.h"
#include "input/decoder.h"
#include "input/feed.h"
#include "input/read_ahead.h"
#include "input/utf16.h"

enum {
    SOURCE_MARK_MAX = 3,
    SOURCE_STAGING_BYTES = 32 * 1024,
    SOURCE_QUIET_MS = 1000 /* a pipe silent for so long is a live one */
};

static const size_t memory_default = (size_t)256 << 20;

struct source {
    char *name;
    struct feed feed;
    const struct decoder *decoder;
    void *decoder_state;
    struct decoder_notes notes;
    /* a thread unpacks: feed and decoder_state are its own while there is one */
    unsigned *threads_left; /* NULL: there may be none, or it has been tried */
    unsigned *thread_from;  /* the number that the running one was taken from */
    struct read_ahead *ahead;
    uint64_t ahead_taken;
    struct error error;
    struct journal *journal; /* it gives the bytes; else NULL */
    bool is_regular;
    uint64_t size_bytes;
    int64_t mtime_us;
    enum source_encoding encoding;
    uint64_t skipped_bytes;
    /* UTF-16 only */
    struct utf16 utf16;
    char *staging; /* decoded but not yet converted: staged is the unread part */
    slice staged;
    /* looked at ahead: head[head_begin, head_end) */
    char *head;
    size_t head_begin, head_end, head_capacity;
};

static ssize_t source_fail(struct source *source, const struct error *cause)
{
    error_set(&source->error, cause->code, "%s: %s", source->name, cause->text);
    return -1;
}

static ssize_t read_decoded(struct source *source, char *buf, size_t size)
{
    struct error cause = {0};

    if (source->error.code != ERROR_NONE)
        return -1;
    if (source->journal != NULL) {
        ssize_t n = journal_read(source->journal, buf, size, &source->error);
        source->feed.taken += n > 0 ? (uint64_t)n : 0;
        return n;
    }
    ssize_t got = source->ahead != NULL
                      ? read_ahead_read(source->ahead, buf, size, &source->notes,
                                        &source->ahead_taken, &cause)
                      : source->decoder->read(source->decoder_state, &source->feed, buf, size,
                                              &source->notes, &cause);
    return got < 0 ? source_fail(source, &cause) : got;
}

static ssize_t read_utf16(struct source *source, char *buf, size_t size)
{
    for (;;) {
        size_t n = utf16_convert(&source->utf16, &source->staged, buf, size);
        if (n > 0)
            return (ssize_t)n;
        ssize_t got = read_decoded(source, source->staging, SOURCE_STAGING_BYTES);
        if (got < 0)
            return got;
        if (got == 0)
            return (ssize_t)utf16_finish(&source->utf16, buf, size);
        source->staged = (slice){source->staging, (size_t)got};
    }
}

static ssize_t read_text(struct source *source, char *buf, size_t size)
{
    bool is_utf16 = source->encoding == SOURCE_UTF16LE || source->encoding == SOURCE_UTF16BE;

    return is_utf16 ? read_utf16(source, buf, size) : read_decoded(source, buf, size);
}

static void head_reserve(struct source *source, size_t capacity)
{
    if (capacity <= source->head_capacity)
        return;
    char *head = panic_calloc(1, capacity);
    size_t have = source->head_end - source->head_begin;
    if (have > 0)
        memcpy(head, source->head + source->head_begin, have);
    free(source->head);
    source->head = head;
    source->head_begin = 0;
    source->head_end = have;
    source->head_capacity = capacity;
}

static void begin_utf16(struct source *source, slice rest, bool big_endian)
{
    source->encoding = big_endian ? SOURCE_UTF16BE : SOURCE_UTF16LE;
    source->utf16.big_endian = big_endian;
    source->staging = panic_calloc(1, SOURCE_STAGING_BYTES);
    memcpy(source->staging, rest.ptr, rest.len);
    source->staged = (slice){source->staging, rest.len};
}

/* Decide by the first decoded bytes; those that are not a mark go to the head buffer, to be read
 * first. */
static void choose_encoding(struct source *source, slice first)
{
    if (slice_eq(first, SLICE_LIT("\xEF\xBB\xBF"))) {
        source->encoding = SOURCE_UTF8_BOM;
        source->skipped_bytes = first.len;
    } else if (slice_starts(first, SLICE_LIT("\xFF\xFE"))) {
        begin_utf16(source, slice_from(first, 2), false);
    } else if (slice_starts(first, SLICE_LIT("\xFE\xFF"))) {
        begin_utf16(source, slice_from(first, 2), true);
    } else if (first.len > 0) {
        head_reserve(source, SOURCE_MARK_MAX);
        memcpy(source->head, first.ptr, first.len);
        source->head_end = first.len;
    }
}

static bool start_decoding(struct source *source)
{
    char first[SOURCE_MARK_MAX];
    size_t have = 0;

    while (have < sizeof first) {
        ssize_t got = read_decoded(source, first + have, sizeof first - have);
        if (got < 0 && have == 0)
            return false;
        if (got <= 0)
            break;
        have += (size_t)got;
    }
    choose_encoding(source, (slice){first, have});
    return true;
}

static bool choose_decoder(struct source *source, size_t memory_bytes)
{
    struct error cause = {0};
    slice head = feed_peek(&source->feed, DECODER_MAGIC_MAX);

    if (head.len == 0 && source->feed.error_number != 0) {
        error_set(&cause, ERROR_INPUT, "cannot read: %s", strerror(source->feed.error_number));
        return source_fail(source, &cause) == 0;
    }
    const struct decoder *decoder = decoder_find(head, &cause);
    if (decoder == NULL)
        return source_fail(source, &cause) == 0;
    int64_t mtime_us = decoder->mtime_us == NULL ? 0 : decoder->mtime_us(head);
    if (mtime_us != 0)
        source->mtime_us = mtime_us;
    source->decoder_state = decoder->state_size == 0 ? NULL : panic_calloc(1, decoder->state_size);
    source->decoder = decoder;
    if (decoder->init != NULL && !decoder->init(source->decoder_state, memory_bytes, &cause))
        return source_fail(source, &cause) == 0;
    return true;
}

static bool learn_facts(struct source *source)
{
    struct error cause = {0};
    struct stat facts;

    if (fstat(source->feed.fd, &facts) != 0) {
        error_set(&cause, ERROR_INPUT, "cannot open: %s", strerror(errno));
        return source_fail(source, &cause) == 0;
    }
    if (S_ISDIR(facts.st_mode)) {
        error_set(&cause, ERROR_INPUT, "is a directory");
        return source_fail(source, &cause) == 0;
    }
    source->is_regular = S_ISREG(facts.st_mode);
    if (!source->is_regular)
        return true;
    source->feed.waiter = (struct feed_waiter){0}; /* a file never makes us wait */
    source->size_bytes = (uint64_t)facts.st_size;
    source->mtime_us = (int64_t)facts.st_mtim.tv_sec * 1000000 + facts.st_mtim.tv_nsec / 1000;
    /* advice only: read further ahead */
    (void)posix_fadvise(source->feed.fd, 0, 0, POSIX_FADV_SEQUENTIAL);
    return true;
}

static char *keep_name(const char *name)
{
    size_t size = strlen(name) + 1;

    return memcpy(panic_calloc(1, size), name, size);
}

static struct source *open_descriptor(int fd, const char *name,
                                      const struct source_options *options, struct error *reterr)
{
    struct source *source = panic_calloc(1, sizeof *source);
    size_t memory_bytes = options->memory_bytes == 0 ? memory_default : options->memory_bytes;

    source->name = keep_name(name);
    source->threads_left = options->threads_left;
    feed_init(&source->feed, fd, &options->waiter);
    if (learn_facts(source) && choose_decoder(source, memory_bytes) && start_decoding(source))
        return source;
    error_set(reterr, source->error.code, "%s", source->error.text);
    source_free(&source);
    return NULL;
}

static const struct source_options no_options;

struct source *source_open_fd(int fd, const char *name, struct error *reterr)
{
    return open_descriptor(fd, name, &no_options, reterr);
}

struct source *source_open(const char *path, struct error *reterr)
{
    return source_open_with(path, &no_options, reterr);
}

/* Its lines are text as it is. */
static struct source *open_journal(const char *name, const struct source_options *options,
                                   struct error *reterr)
{
    struct journal *journal = journal_open(name, options->since_us, reterr);
    struct source *source;

    if (journal == NULL)
        return NULL;
    source = panic_calloc(1, sizeof *source);
    source->name = keep_name(name);
    source->journal = journal;
    source->decoder = decoder_find(SLICE_NONE, NULL);
    source->feed.fd = -1;
    return source;
}

struct source *source_open_with(const char *path, const struct source_options *options,
                                struct error *reterr)
{
    if (journal_is(path))
        return open_journal(path, options, reterr);
    if (strcmp(path, "-") == 0)
        return open_descriptor(STDIN_FILENO, "(stdin)", options, reterr);
    int fd;
    do
        fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    while (fd < 0 && errno == EINTR);
    if (fd < 0) {
        error_set(reterr, ERROR_INPUT, "%s: cannot open: %s", path, strerror(errno));
        return NULL;
    }
    return open_descriptor(fd, path, options, reterr);
}

/* Pipes stay on this thread: the one who waits for them is asked whether to go on. */
static void begin_thread(struct source *source)
{
    unsigned *left = source->threads_left;

    source->threads_left = NULL;
    if (*left == 0 || !source->is_regular || source->decoder->library == NULL)
        return;
    source->ahead_taken = source->feed.taken;
    source->ahead =
        read_ahead_start(source->decoder, source->decoder_state, &source->feed, &source->notes);
    if (source->ahead == NULL)
        return;
    source->thread_from = left;
    --*left;
}

static void end_thread(struct source *source)
{
    if (source->ahead == NULL)
        return;
    source->ahead = read_ahead_stop(source->ahead);
    ++*source->thread_from;
}

void source_free(struct source **source)
{
    struct source *old = *source;

    *source = NULL;
    if (old == NULL)
        return;
    end_thread(old);
    if (old->decoder != NULL && old->decoder->fini != NULL)
        old->decoder->fini(old->decoder_state);
    journal_free(&old->journal);
    if (old->feed.fd != STDIN_FILENO && old->feed.fd >= 0)
        close(old->feed.fd);
    feed_fini(&old->feed);
    free(old->decoder_state);
    free(old->staging);
    free(old->head);
    free(old->name);
    free(old);
}

ssize_t source_read(struct source *source, char *buf, size_t size)
{
    size_t have = source->head_end - source->head_begin;

    if (source->threads_left != NULL)
        begin_thread(source);
    if (have == 0)
        return read_text(source, buf, size);
    size_t n = have < size ? have : size;
    memcpy(buf, source->head + source->head_begin, n);
    source->head_begin += n;
    return (ssize_t)n;
}

/* A pipe that has given a whole line and now is silent will not be waited for. Of a journal no more
 * than an entry may be read ahead. */
static bool is_enough(const struct source *source)
{
    return !source->is_regular && source->head_end > 0 &&
           memchr(source->head, '\n', source->head_end) != NULL &&
           (source->journal != NULL || feed_quiet(&source->feed, SOURCE_QUIET_MS));
}

bool source_peek(struct source *source, size_t want, slice *ret)
{
    head_reserve(source, want + 1); /* never NULL */
    while (source->head_end < want && !is_enough(source)) {
        ssize_t got = read_text(source, source->head + source->head_end, want - source->head_end);
        if (got < 0 && source->head_end == 0)
            return false;
        if (got <= 0)
            break;
        source->head_end += (size_t)got;
    }
    size_t have = source->head_end - source->head_begin;
    *ret = (slice){source->head + source->head_begin, have < want ? have : want};
    return true;
}

/* Are its bytes on disk those that come out. */
static bool is_plain(const struct source *source)
{
    return source->is_regular && source->decoder->library == NULL;
}

/* By lseek(2), where the bytes of the file are those of the stream: how many. */
static uint64_t seek_ahead(struct source *source, uint64_t n)
{
    bool same = is_plain(source) && source->encoding <= SOURCE_UTF8_BOM &&
                source->feed.begin == source->feed.end;
    off_t at = same ? lseek(source->feed.fd, 0, SEEK_CUR) : -1;
    struct stat facts;

    if (at < 0 || fstat(source->feed.fd, &facts) != 0 || facts.st_size <= at)
        return 0;
    uint64_t left = (uint64_t)(facts.st_size - at), step = n < left ? n : left;
    if (lseek(source->feed.fd, (off_t)step, SEEK_CUR) < 0)
        return 0;
    source->feed.taken += step;
    return step;
}

uint64_t source_skip(struct source *source, uint64_t n)
{
    enum { PIECE = 32 * 1024 };
    char *piece = panic_calloc(1, PIECE);
    uint64_t done = 0;

    while (done < n) {
        if (source->head_begin == source->head_end)
            done += seek_ahead(source, n - done);
        size_t most = n - done < PIECE ? (size_t)(n - done) : PIECE;
        ssize_t got = most == 0 ? 0 : source_read(source, piece, most);
        if (got <= 0)
            break;
        done += (uint64_t)got;
    }
    free(piece);
    return done;
}

bool source_ended_line(const struct source *source)
{
    off_t at = is_plain(source) ? lseek(source->feed.fd, 0, SEEK_CUR) : 0;
    char last = '\n';

    return at <= 0 || pread(source->feed.fd, &last, 1, at - 1) != 1 || last == '\n';
}

int source_descriptor(const struct source *source)
{
    return source->feed.fd;
}

bool source_is_journal(const struct source *source)
{
    return source->journal != NULL;
}

bool source_journal_go_on(struct source *source, const char *cursor)
{
    if (!journal_go_on(source->journal, cursor))
        return false;
    source->head_begin = source->head_end = 0;
    return true;
}

void source_journal_cursor(const struct source *source, uint64_t offset,
                           char ret[JOURNAL_CURSOR_MAX])
{
    journal_cursor(source->journal, offset, ret);
}

int source_journal_descriptor(struct source *source)
{
    return journal_descriptor(source->journal);
}

void source_journal_heed(struct source *source)
{
    journal_heed(source->journal);
}

const struct error *source_error(const struct source *source)
{
    return &source->error;
}

const char *source_name(const struct source *source)
{
    return source->name;
}

int64_t source_mtime_us(const struct source *source)
{
    return source->mtime_us;
}

uint64_t source_size_bytes(const struct source *source)
{
    return source->size_bytes;
}

uint64_t source_consumed_bytes(const struct source *source)
{
    return source->ahead != NULL ? source->ahead_taken : source->feed.taken;
}

uint64_t source_skipped_bytes(const struct source *source)
{
    return source->skipped_bytes;
}

bool source_is_regular(const struct source *source)
{
    return source->is_regular;
}

bool source_truncated(const struct source *source)
{
    return source->notes.truncated;
}

uint64_t source_trailing_bytes(const struct source *source)
{
    return source->notes.trailing_bytes;
}

const char *source_decoder(const struct source *source)
{
    return source->decoder->name;
}

bool source_is_slow(const struct source *source)
{
    return source->decoder->slow;
}

enum source_encoding source_encoding(const struct source *source)
{
    return source->encoding;
}
