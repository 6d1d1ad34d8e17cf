/* read_ahead.c - a decoder that works in a thread of its own, ahead of the reader
 * algorithm: a ring of pieces with two counters, filled and emptied, under one lock; each side
 *            works on its piece without it. A piece carries what the decoder said with its bytes,
 *            so that the reader never looks at the decoder. The piece with the end, or the error,
 *            is the last: the thread returns, and the reader gets it again and again.
 * source:    pthreads(7)
 * limits:    files on disk only; one that stands still (a network file system) holds up
 *            read_ahead_stop() as it would hold up a read */
#include "input/read_ahead.h"

#include <pthread.h>

#include "base/panic.h"
#include "base/thread.h"

struct piece {
    char *bytes;
    ssize_t result; /* of decoder.read() */
    struct decoder_notes notes;
    uint64_t taken;
    struct error error;
};

struct read_ahead {
    const struct decoder *decoder;
    void *state;
    struct feed *feed;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t moved;
    /* under the lock */
    uint64_t filled, emptied; /* pieces so far */
    bool stop;
    /* the thread's */
    struct decoder_notes notes;
    /* the reader's */
    size_t given; /* of the piece at hand */
    /* a piece belongs to the thread from emptied on, to the reader until filled */
    struct piece pieces[READ_AHEAD_PIECES];
};

/* The next piece to be filled; NULL: there is no need of more. */
static struct piece *wait_for_room(struct read_ahead *ra)
{
    struct piece *piece = NULL;

    pthread_mutex_lock(&ra->lock);
    while (!ra->stop && ra->filled - ra->emptied == READ_AHEAD_PIECES)
        pthread_cond_wait(&ra->moved, &ra->lock);
    if (!ra->stop)
        piece = &ra->pieces[ra->filled % READ_AHEAD_PIECES];
    pthread_mutex_unlock(&ra->lock);
    return piece;
}

static void count(struct read_ahead *ra, uint64_t *counter)
{
    pthread_mutex_lock(&ra->lock);
    ++*counter;
    pthread_cond_signal(&ra->moved); /* at most one side waits: full and empty exclude each other */
    pthread_mutex_unlock(&ra->lock);
}

static void *decode(void *arg)
{
    struct read_ahead *ra = arg;
    struct piece *piece;
    ssize_t result = 1;

    while (result > 0 && (piece = wait_for_room(ra)) != NULL) {
        piece->error = (struct error){0};
        result = ra->decoder->read(ra->state, ra->feed, piece->bytes, READ_AHEAD_PIECE_BYTES,
                                   &ra->notes, &piece->error);
        piece->result = result;
        piece->notes = ra->notes;
        piece->taken = ra->feed->taken;
        count(ra, &ra->filled);
    }
    return NULL;
}

static struct read_ahead *release(struct read_ahead *ra)
{
    pthread_cond_destroy(&ra->moved);
    pthread_mutex_destroy(&ra->lock);
    for (unsigned i = 0; i < READ_AHEAD_PIECES; i++)
        free(ra->pieces[i].bytes);
    free(ra);
    return NULL;
}

struct read_ahead *read_ahead_start(const struct decoder *decoder, void *state, struct feed *feed,
                                    const struct decoder_notes *notes)
{
    struct read_ahead *ra = panic_calloc(1, sizeof *ra);

    ra->decoder = decoder;
    ra->state = state;
    ra->feed = feed;
    ra->notes = *notes;
    pthread_mutex_init(&ra->lock, NULL);
    pthread_cond_init(&ra->moved, NULL);
    for (unsigned i = 0; i < READ_AHEAD_PIECES; i++)
        ra->pieces[i].bytes = panic_calloc(1, READ_AHEAD_PIECE_BYTES);
    return thread_start(&ra->thread, decode, ra) ? ra : release(ra);
}

/* The piece at hand, once it is filled. */
static struct piece *wait_for_piece(struct read_ahead *ra)
{
    pthread_mutex_lock(&ra->lock);
    while (ra->filled == ra->emptied)
        pthread_cond_wait(&ra->moved, &ra->lock);
    struct piece *piece = &ra->pieces[ra->emptied % READ_AHEAD_PIECES];
    pthread_mutex_unlock(&ra->lock);
    return piece;
}

ssize_t read_ahead_read(struct read_ahead *ra, char *buf, size_t size, struct decoder_notes *notes,
                        uint64_t *ret_taken, struct error *reterr)
{
    struct piece *piece = wait_for_piece(ra);

    *notes = piece->notes;
    *ret_taken = piece->taken;
    if (piece->result < 0)
        error_set(reterr, piece->error.code, "%s", piece->error.text);
    if (piece->result <= 0)
        return piece->result;
    size_t have = (size_t)piece->result - ra->given, n = have < size ? have : size;
    memcpy(buf, piece->bytes + ra->given, n);
    ra->given += n;
    if (n == have) {
        ra->given = 0;
        count(ra, &ra->emptied);
    }
    return (ssize_t)n;
}

struct read_ahead *read_ahead_stop(struct read_ahead *ra)
{
    if (ra == NULL)
        return NULL;
    pthread_mutex_lock(&ra->lock);
    ra->stop = true;
    pthread_cond_signal(&ra->moved);
    pthread_mutex_unlock(&ra->lock);
    pthread_join(ra->thread, NULL);
    return release(ra);
}
