/* decoder_plain.c - a file that is not compressed: bytes as they are
 * algorithm: what the look ahead left in the feed, then read(2) straight into the caller's buffer
 * limits:    none; after its end a file may be read again, it may have grown */
#include "input/decoder.h"

static ssize_t plain_read(void *state, struct feed *feed, char *buf, size_t size,
                          struct decoder_notes *notes, struct error *reterr)
{
    ssize_t got = feed_read(feed, buf, size);

    (void)state;
    (void)notes;
    if (got < 0)
        error_set(reterr, ERROR_INPUT, "cannot read: %s", strerror(feed->error_number));
    return got;
}

const struct decoder decoder_plain = {.name = "plain", .read = plain_read};
