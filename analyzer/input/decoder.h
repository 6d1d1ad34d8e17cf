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
    const char *tool; /* what else unpacks it; NULL: nothing needs to */
    /* Is it really this, when the magic alone does not say? NULL: it does. */
    bool (*claims)(slice head);
    /* What does the work, and its version, for --version. NULL: no library. */
    const char *library;
    const char *(*version)(void);
    bool slow;         /* unpacking takes longer than what is done with the text */
    size_t state_size; /* zeroed before init; 0: state is NULL */
    /* Prepare the state, whose window may have memory_bytes. NULL: nothing to do. When it fails,
     * fini is still called. */
    bool (*init)(void *state, size_t memory_bytes, struct error *reterr);
    /* NULL: not in this build, for lack of the library.
     * At most size bytes into buf: number of bytes, 0 at the end, -1 with *reterr (text without the
     * file's name). */
    ssize_t (*read)(void *state, struct feed *feed, char *buf, size_t size,
                    struct decoder_notes *notes, struct error *reterr);
    /* When the content was last written, by the file's own header; 0 not known. NULL: format does
     * not say. */
    int64_t (*mtime_us)(slice head);
    /* Release what init took. NULL: nothing. */
    void (*fini)(void *state);
};

/* The rows that can be built in, each in its own decoder_<name>.c */
#define DECODER(row_name, row_magic) extern const struct decoder decoder_##row_name;
#include "input/decoders.def"
#undef DECODER

/* decoder_find - the decoder for a file with these first bytes
 *
 *   in        head    up to DECODER_MAGIC_MAX bytes; fewer when the file is shorter
 *   result    never NULL for a format that is built in (plain is the last row and fits all); NULL
 *             and *reterr for a known compression that is not, with the tool to pipe through */
const struct decoder *decoder_find(slice head, struct error *reterr);

/* decoder_at - the i-th decoder of the table, built in or not; NULL behind the last
 *
 *   note      one that has several magics comes several times */
const struct decoder *decoder_at(unsigned i);

#endif
