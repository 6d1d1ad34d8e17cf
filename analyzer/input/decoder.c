/* decoder.c - picks the decoder of a file by its first bytes
 * algorithm: the rows of decoders.def in order; the first whose magic the file begins with
 * source:    RFC 1952 2.3.1 (gzip), RFC 8878 3.1.1 (zstd), the formats' own descriptions (others)
 * limits:    a log beginning with a magic would be misread; only bzip2's is printable text */
#include "input/decoder.h"

struct decoder_row {
    slice magic;
    const struct decoder *decoder; /* NULL: not built in */
    const char *name, *tool;
};

static const struct decoder_row rows[] = {
#define DECODER(row_name, row_magic)                                                               \
    {.magic = {row_magic, sizeof(row_magic) - 1}, .decoder = &decoder_##row_name},
#define DECODER_FOREIGN(row_name, row_magic, row_tool)                                             \
    {.magic = {row_magic, sizeof(row_magic) - 1}, .name = #row_name, .tool = row_tool},
#include "input/decoders.def"
#undef DECODER
};

const struct decoder *decoder_find(slice head, struct error *reterr)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct decoder_row *row = &rows[i];
        if (!slice_starts(head, row->magic))
            continue;
        if (row->decoder == NULL)
            error_set(reterr, ERROR_INPUT,
                      "%s compressed, which is not built in; use: %s FILE | relaywatch -",
                      row->name, row->tool);
        return row->decoder;
    }
    return NULL; /* not reached: plain fits everything */
}
