/* fuzz_envelope.c - syslog, journal and container wrappers of lines
 * source:    libFuzzer
 * limits:    one
 * source:    lines know what came before them */
#include "envelope.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    static const struct time_zone utc;
    static struct envelope state;
    slice rest = {(const char *)data, size};

    memset(&state, 0, sizeof state);
    envelope_init(&state, &utc, 0, INT64_C(1772409600000000));
    while (rest.len > 0) {
        slice line = fuzz_take_line(&rest);
        struct record rec = {0};
        if (envelope_read(&state, line, &rec) != ENVELOPE_RECORD)
            continue;
        ASSERT(rec.repeat > 0);
        fuzz_touch(rec.host);
        fuzz_touch(rec.tag);
        fuzz_touch(rec.pid);
        fuzz_touch(rec.text);
        fuzz_touch(slice_of(envelope_form(line)));
    }
    return 0;
}
