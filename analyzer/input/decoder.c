/* decoder.c - picks the decoder of a file by its first bytes
 * algorithm: the rows of decoders.def in order; the first whose magic the file begins with
 * source:    RFC 1952 2.3.1 (gzip), RFC 8878 3.1.1 (zstd), the formats' own descriptions (others)
 * limits:    a log beginning with a magic would be misread; bzip2's, the only one of
 *            printable text, is ten bytes long */
#include "input/decoder.h"

struct decoder_row {
    slice magic;
    const struct decoder *decoder; /* NULL: never built in */
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

static bool fits(const struct decoder_row *row, slice head)
{
    return slice_starts(head, row->magic) &&
           (row->decoder == NULL || row->decoder->claims == NULL || row->decoder->claims(head));
}

const struct decoder *decoder_find(slice head, struct error *reterr)
{
    const char *name = NULL, *tool = NULL;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]) && name == NULL; i++) {
        const struct decoder_row *row = &rows[i];
        if (!fits(row, head))
            continue;
        if (row->decoder != NULL && row->decoder->read != NULL)
            return row->decoder;
        name = row->decoder == NULL ? row->name : row->decoder->name;
        tool = row->decoder == NULL ? row->tool : row->decoder->tool;
        if (tool == NULL) /* another row has it */
            name = NULL;
    }
    error_set(reterr, ERROR_INPUT, "this build cannot read %s; use: %s FILE | relaywatch -", name,
              tool);
    return NULL;
}

const struct decoder *decoder_at(unsigned i)
{
    unsigned n = 0;

    for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++)
        if (rows[row].decoder != NULL && n++ == i)
            return rows[row].decoder;
    return NULL;
}
