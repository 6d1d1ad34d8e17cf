/* packed.h - what all compressions have in common: members, padding between them, a torn end
 *
 * gzip, zstd, xz and bzip2 files are each one or more members, one behind the other, that know
 * where they end. Whatever the compression:
 *
 *   file = 1*( member *NUL ) [ garbage ]
 *
 * - zeros behind a member (tapes, preallocated files) are skipped and counted
 * - what follows and is no member is ignored up to the end, and counted
 * - an end inside a member is noted; what came out until then has been given
 * - damage is an error, given once all that could be decoded is out; no further member is sought
 *
 * A decoder has a codec for one member of its format; the loop over the file is here, once. */
#ifndef INPUT_PACKED_H
#define INPUT_PACKED_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/slice.h"
#include "input/decoder.h"
#include "input/feed.h"

enum packed_step {
    PACKED_MORE,  /* go on: with more input, or with more room */
    PACKED_END,   /* the member is over, and its check was right */
    PACKED_LIMIT, /* it wants more memory than it may have */
    PACKED_BAD    /* damaged */
};

/* One call of a codec: it moves on in what is in and in what is out. */
struct packed_io {
    slice in;
    char *out;
    size_t room;
    const char *why; /* of PACKED_BAD: a static text, or NULL */
};

/* state is the decoder's, which begins with a struct packed */
struct packed_codec {
    const char *name, *tool; /* of the format, and what else unpacks it: for messages */
    size_t magic_len;        /* how many first bytes is_member() asks for */
    /* Do these bytes begin a member? Asked for each but the first. */
    bool (*is_member)(slice head);
    /* Get ready for a further member. */
    bool (*again)(void *state);
    enum packed_step (*step)(void *state, struct packed_io *io);
};

/* Where the loop is. The first member of a decoder's state; codec is set by its init(). */
struct packed {
    const struct packed_codec *codec;
    bool behind_member, at_end;
    bool was_full;       /* the last step used all of its room: it may hold more back */
    bool failed;         /* no more output; the message is given once what was decoded is out */
    struct error reason; /* valid when failed */
};

/* packed_read - the next decoded bytes: the read() of every decoder that takes a compression off
 *
 *   in        state   begins with a struct packed
 *   result    number of bytes, 0 at the end, -1 with *reterr
 *   cost      that of the codec; no allocation of its own */
ssize_t packed_read(void *state, struct feed *feed, char *buf, size_t size,
                    struct decoder_notes *notes, struct error *reterr);

#endif
