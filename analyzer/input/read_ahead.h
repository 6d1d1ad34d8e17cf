/* read_ahead.h - a decoder that works in a thread of its own, ahead of the reader
 *
 * Unpacking and analysis take about the same time, so that two processors halve it. The thread
 * fills a ring of pieces and waits when all are full; the reader empties them in order. Bytes,
 * notes and errors come as they do without the thread, only sooner.
 *
 * Between start and stop, decoder state and feed are the thread's: nobody else may look at them.
 * All functions are for the one thread that reads. */
#ifndef INPUT_READ_AHEAD_H
#define INPUT_READ_AHEAD_H

#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "input/decoder.h"
#include "input/feed.h"

enum { READ_AHEAD_PIECES = 4, READ_AHEAD_PIECE_BYTES = 128 * 1024 };

struct read_ahead;

/* read_ahead_start - let a thread decode from here on
 *
 *   in        decoder, state, feed   stay the caller's, untouched until read_ahead_stop(). The feed
 *                     must not be one that waits for long, or asks a waiter.
 *             notes   what the decoder found so far
 *   result    NULL when no thread can be had: then read as before
 *   note      the thread takes no signals
 *   cost      one thread; READ_AHEAD_PIECES * READ_AHEAD_PIECE_BYTES of memory */
struct read_ahead *read_ahead_start(const struct decoder *decoder, void *state, struct feed *feed,
                                    const struct decoder_notes *notes);

/* read_ahead_read - as decoder.read(); waits for the thread when it is behind
 *
 *   out       notes   of all that was given out so far and what is in the same piece
 *             ret_taken  bytes taken from the feed for it */
ssize_t read_ahead_read(struct read_ahead *ra, char *buf, size_t size, struct decoder_notes *notes,
                        uint64_t *ret_taken, struct error *reterr);

/* read_ahead_stop - end the thread, wherever it is, and free; NULL is fine
 *
 *   result    NULL
 *   cost      waits for at most one call of the decoder */
struct read_ahead *read_ahead_stop(struct read_ahead *ra);

#endif
