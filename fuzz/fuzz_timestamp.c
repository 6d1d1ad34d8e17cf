/* fuzz_timestamp.c - times as logs write them, and zones
 * source:    libFuzzer
 * limits:    lines of one input share one
 * source:    its minute and its year rule */
#include "event/regional_time.h"
#include "event/timestamp.h"
#include "fuzz.h"

typedef bool take_fn(struct timestamp *ts, slice *cur, int64_t *ret_us);

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    static take_fn *const takes[] = {timestamp_take_syslog, timestamp_take_iso,
                                     timestamp_take_epoch, timestamp_take_tai64n};
    struct time_zone zone = {0};
    struct timestamp ts;
    struct regional_time regional;
    slice rest = {(const char *)data, size};

    char name[64];
    struct error error = {0};

    (void)slice_keep(fuzz_take_line(&rest), name, sizeof name);
    (void)time_zone_parse(name, &zone, &error);
    timestamp_init(&ts, &zone, 0, INT64_C(1772409600000000));
    regional_time_init(&regional, &zone);
    while (rest.len > 0) {
        slice line = fuzz_take_line(&rest);
        int64_t us = 0;
        for (size_t i = 0; i < sizeof takes / sizeof takes[0]; i++) {
            slice cur = line;
            if (takes[i](&ts, &cur, &us))
                ASSERT(cur.len < line.len && cur.ptr + cur.len == line.ptr + line.len);
            else
                ASSERT(cur.ptr == line.ptr && cur.len == line.len);
        }
        if (line.len >= 15)
            timestamp_same_minute(&ts, line.ptr, &us);
        slice cur = line;
        regional_time_take(&regional, &cur, &us);
    }
    return 0;
}
