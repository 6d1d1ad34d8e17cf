/* time_zone.h - from a wall clock to UTC by a table made once at set-up
 *
 * A named zone is turned into a list of its changes from 1990 to 2040; after that a conversion is
 * arithmetic and never calls the C library. A value is read-only after time_zone_parse() and may
 * be shared by any number of sources. */
#ifndef EVENT_TIME_ZONE_H
#define EVENT_TIME_ZONE_H

#include <stdint.h>

#include "base/error.h"
#include "base/slice.h"

enum { TIME_ZONE_CHANGES = 256 };

struct time_zone {
    int64_t change_s[TIME_ZONE_CHANGES]; /* UTC seconds at which offset_s[i + 1] begins to hold */
    int32_t offset_s[TIME_ZONE_CHANGES + 1]; /* seconds east of Greenwich */
    uint32_t changes;
};

/* time_zone_parse - read the value of --tz
 *
 *   in        text     "UTC", "Z", "+hh:mm", "-hhmm", "+hh", a name of the zone database such as
 *                      "Europe/Berlin", or "local" for the zone of this system
 *   out       ret      set on success only
 *   result    false with a message when the zone is not known
 *   limits    set-up only: for a name it sets the process's TZ for a moment and puts it back, so
 *             no other thread may be using local time */
bool time_zone_parse(const char *text, struct time_zone *ret, struct error *reterr);

/* time_zone_to_utc - UTC seconds of a wall-clock time
 *
 *   in        zone      a zero struct is UTC
 *             local_s   the wall clock as if it were UTC
 *             after_s   UTC seconds of an earlier line of the same source, or INT64_MIN
 *   result    in the hour that autumn repeats: the first occurrence, unless that lies more than
 *             half an hour before after_s. A time that spring skips counts on from the last valid
 *             one */
int64_t time_zone_to_utc(const struct time_zone *zone, int64_t local_s, int64_t after_s);

/* time_zone_offset - seconds east of Greenwich that hold at a UTC time */
int32_t time_zone_offset(const struct time_zone *zone, int64_t utc_s);

#endif
