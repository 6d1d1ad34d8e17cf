/* packed.c - what all compressions have in common: members, padding between them, a torn end
 * grammar:   file = 1*( member *NUL ) [ garbage ]
 * source:    RFC 1952 2.2 (gzip), RFC 8878 3 (zstd), the .xz file format 1.1.0 section 2, bzip2(1);
 *            padding and garbage are treated as gzip(1) does
 * limits:    memory is the codec's and the feed's buffer, whatever the expansion, so that a bomb
 * only takes time; behind damaged data no further member is searched for */
#include "input/packed.h"

#include <limits.h>

static void fail(struct packed *p, const struct feed *feed, const char *why)
{
    p->failed = true;
    if (feed->error_number != 0)
        error_set(&p->reason, ERROR_INPUT, "cannot read: %s", strerror(feed->error_number));
    else
        error_set(&p->reason, ERROR_INPUT, "damaged %s data at byte %llu: %s", p->codec->name,
                  (unsigned long long)feed->taken, why == NULL ? "no progress" : why);
}

static void fail_limit(struct packed *p)
{
    p->failed = true;
    error_set(&p->reason, ERROR_INPUT,
              "this %s data takes more memory to unpack than --memory allows; use: %s FILE | "
              "relaywatch -",
              p->codec->name, p->codec->tool);
}

/* No input is left: the right place for it is between two members. */
static void end(struct packed *p, const struct feed *feed, struct decoder_notes *notes)
{
    p->at_end = true;
    if (feed->error_number != 0)
        fail(p, feed, NULL);
    else
        notes->truncated = !p->behind_member;
}

static size_t count_zeros(slice in)
{
    size_t n = 0;

    while (n < in.len && in.ptr[n] == '\0')
        n++;
    return n;
}

static void ignore_bytes(struct feed *feed, size_t n, struct decoder_notes *notes)
{
    notes->trailing_bytes += n;
    feed_take(feed, n);
}

/* After a member: zero padding is skipped; then comes a further member, the end, or garbage up to
 * the end. */
static void next_member(struct packed *p, struct feed *feed, struct decoder_notes *notes)
{
    slice in = feed_peek(feed, p->codec->magic_len);

    while (in.len > 0 && in.ptr[0] == '\0') {
        ignore_bytes(feed, count_zeros(in), notes);
        in = feed_peek(feed, p->codec->magic_len);
    }
    if (p->codec->is_member(in)) {
        p->behind_member = false;
        if (!p->codec->again(p))
            fail(p, feed, "out of memory");
        return;
    }
    while (in.len > 0) {
        ignore_bytes(feed, in.len, notes);
        in = feed_peek(feed, 1);
    }
    end(p, feed, notes);
}

/* One step of the codec over what the feed has. What it holds back comes first, so that a silent
 * pipe is not waited for while there is something to give. */
static void decode(struct packed *p, struct feed *feed, struct packed_io *io,
                   struct decoder_notes *notes)
{
    bool from_codec = p->was_full && feed->begin == feed->end;
    slice in = from_codec ? SLICE_LIT("") : feed_peek(feed, 1);
    size_t room = io->room;

    io->in = in;
    io->why = NULL;
    enum packed_step step = p->codec->step(p, io);
    feed_take(feed, in.len - io->in.len);
    p->was_full = io->room == 0;
    if (step == PACKED_END)
        p->behind_member = true;
    else if (step == PACKED_LIMIT)
        fail_limit(p);
    else if (step == PACKED_BAD)
        fail(p, feed, io->why);
    else if (io->room < room || io->in.len < in.len || from_codec)
        return; /* it moves */
    else if (in.len == 0)
        end(p, feed, notes);
    else
        fail(p, feed, NULL);
}

ssize_t packed_read(void *state, struct feed *feed, char *buf, size_t size,
                    struct decoder_notes *notes, struct error *reterr)
{
    struct packed *p = state;
    size_t room = size > INT_MAX ? INT_MAX : size; /* libraries count in unsigned int */
    struct packed_io io = {.out = buf, .room = room};

    while (io.room > 0 && !p->at_end && !p->failed) {
        /* do not wait for a slow pipe while there is something to give */
        if (io.room < room && feed->begin == feed->end)
            break;
        if (p->behind_member)
            next_member(p, feed, notes);
        else
            decode(p, feed, &io, notes);
    }
    ssize_t got = (ssize_t)(room - io.room);
    if (got > 0 || !p->failed)
        return got;
    error_set(reterr, p->reason.code, "%s", p->reason.text);
    return -1;
}
