/* fuzz_input.c - a file of any kind: compression, byte order mark, UTF-16, line framing
 * algorithm: the first byte says how much is read at once, and whether the rest is to be packed
 *            first, so that the text inside a member is reached too
 * source:    libFuzzer
 * limits:    the first MAX bytes of what a file unpacks to */
#include <zlib.h>

#include "fuzz.h"
#include "input/line_reader.h"
#include "input/source.h"

enum { MAX = 4 << 20, PACKED = 1 << 16 };

static size_t pack(const unsigned char *data, size_t size, unsigned char *ret)
{
    z_stream z = {0};
    size_t n;

    ASSERT(deflateInit2(&z, 1, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK);
    z.next_in = (z_const Bytef *)(uintptr_t)data;
    z.avail_in = (uInt)size;
    z.next_out = ret;
    z.avail_out = PACKED;
    n = deflate(&z, Z_FINISH) == Z_STREAM_END ? PACKED - z.avail_out : 0;
    deflateEnd(&z);
    return n;
}

static void read_lines(struct source *source, size_t max_read)
{
    const struct line_reader_options options = {.max_read = max_read};
    struct line_reader reader;
    uint64_t seen = 0, lines = 0;
    slice line;

    line_reader_init(&reader, source, &options);
    while (seen < MAX && line_reader_next(&reader, &line) == LINE_OK) {
        fuzz_touch(line);
        ASSERT(slice_find_byte(line, '\n') == line.len);
        lines++;
        ASSERT(line_reader_number(&reader) == lines + reader.lines_nul); /* those are skipped */
        seen = line_reader_offset(&reader);
    }
    line_reader_fini(&reader);
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    static unsigned char packed[PACKED];
    struct error error = {0};
    struct source *source;
    slice head;
    char path[FUZZ_PATH];
    size_t packed_size = 0;
    unsigned how = size == 0 ? 0 : data[0];

    data += size > 0;
    size -= size > 0;
    if (how & 0x80)
        packed_size = pack(data, size, packed);
    int fd = packed_size > 0 ? fuzz_file(packed, packed_size, path) : fuzz_file(data, size, path);
    source = source_open(path, &error);
    close(fd);
    if (source != NULL) {
        if (how & 0x40)
            source_peek(source, 1024, &head);
        read_lines(source, how & 0x3f);
        source_free(&source);
    }
    return 0;
}
