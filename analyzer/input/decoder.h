/* decoder.h - the interface each row of decoders.def implements: compressed bytes to bytes
 *
 * A decoder is constant; its state lives with the source. It pulls from a feed and knows nothing of
 * lines or text. */
#ifndef INPUT_DECODER_H
#define INPUT_DECODER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/slice.h"
#include "input/feed.h"

enum { DECODER_MAGIC_MAX = 16 }; /* first bytes shown to magic and mtime_us */

/* What a decoder found out while decoding; zeroed at opening, read by the source's accessors. */
struct decoder_notes {
    bool truncated;          /* ended inside a member */
    uint64_t trailing_bytes; /* ignored after the last member */
};

struct decoder {
    const char *name;
    size_t state_size; /* zeroed before init; 0: state is NULL */
    /* Prepare the state. NULL: nothing to do. */
    bool (*init)(void *state, struct error *reterr);
    /* At most size bytes into buf: number of bytes, 0 at the end, -1 with *reterr (text without the
     * file's name). */
    ssize_t (*read)(void *state, struct feed *feed, char *buf, size_t size,
                    struct decoder_notes *notes, struct error *reterr);
    /* When the content was last written, by the file's own header; 0 not known. NULL: format does
     * not say. */
    int64_t (*mtime_us)(slice head);
    /* Release what init took. NULL: nothing. */
    void (*fini)(void *state);
};

/* The rows that are built in, each in its own decoder_<name>.c */
#define DECODER(row_name, row_magic) extern const struct decoder decoder_##row_name;
#include "input/decoders.def"
#undef DECODER

/* decoder_find - the decoder for a file with these first bytes
 *
 *   in        head    up to DECODER_MAGIC_MAX bytes; fewer when the file is shorter
 *   result    never NULL for a format that is built in (plain is the last row and fits all); NULL
 *             and *reterr for a known compression that is not, with the tool to pipe through */
const struct decoder *decoder_find(slice head, struct error *reterr);

#endif
