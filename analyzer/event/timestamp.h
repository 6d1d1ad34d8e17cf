/* timestamp.h - the times log lines begin with, as microseconds since 1970-01-01 UTC
 *
 * One struct timestamp per source holds the zone, the year rule (see year_rule.h) and the last
 * minute that was worked out: most lines compare some bytes and read two digits. No clock is read
 * and no C library call made.
 *
 * source: RFC 3164 4.1.2, RFC 3339 5.6, journalctl(1), syslog-ng and rsyslog templates. */
#ifndef EVENT_TIMESTAMP_H
#define EVENT_TIMESTAMP_H

#include "base/bytes.h"
#include "event/time_zone.h"
#include "event/year_rule.h"

enum { TIMESTAMP_MINUTE = 24 };

struct timestamp {
    const struct time_zone *zone; /* borrowed; outlives the source */
    struct year_rule year;
    int64_t last_us; /* the last time that was read; 0 before the first */
    /* "Nov  5 09:11:" or "2024-08-29T01:08:" and what they stand for: UTC seconds, or for an
     * RFC 3339 time, whose zone follows, wall-clock seconds */
    char minute[TIMESTAMP_MINUTE];
    char iso_minute[TIMESTAMP_MINUTE];
    int64_t minute_s, iso_minute_s;
};

/* timestamp_init - start a source
 *
 *   in        zone            of times that carry none; borrowed
 *             explicit_year   --year, or 0
 *             reference_us    see year_rule.h */
void timestamp_init(struct timestamp *ts, const struct time_zone *zone, int explicit_year,
                    int64_t reference_us);

/* timestamp_take_syslog - read a time as syslog writes it
 *
 *   in        cur      the time is expected at its first byte; advanced past the time on success
 *                      "Nov  5 09:11:01", "Nov 05 09:11:01", "Nov 5 09:11:01",
 *                      "2013 Jun 16 16:05:07"; each may have a fraction after a dot or comma
 *   out       ret_us   UTC microseconds
 *   result    false when it is no such time; then the cursor does not move
 *   limits    month names: English, and those journalctl prints in German, French, Spanish,
 *             Italian, Dutch, Portuguese, Polish and the Scandinavian languages. A second of 60
 *             counts as the next minute's first */
bool timestamp_take_syslog(struct timestamp *ts, slice *cur, int64_t *ret_us);

/* timestamp_take_iso - read an RFC 3339 time: "2024-08-29T01:08:59.764590+00:00"
 *
 *   in        cur   T may be a blank; a fraction of any length after a dot or comma is cut to
 *                   microseconds; the zone is Z, +hh:mm, +hhmm, +hh, or missing: the source's
 *   others    as timestamp_take_syslog */
bool timestamp_take_iso(struct timestamp *ts, slice *cur, int64_t *ret_us);

/* timestamp_take_epoch - read seconds since 1970 with 9 to 11 digits and an optional fraction */
bool timestamp_take_epoch(struct timestamp *ts, slice *cur, int64_t *ret_us);

/* timestamp_take_tai64n - read "@" and 24 hexadecimal digits, as multilog writes
 *
 *   source   D. J. Bernstein, libtai (tai64n): seconds since 1970 TAI plus 2^62, and nanoseconds;
 *            multilog takes TAI for UTC plus 10 seconds */
bool timestamp_take_tai64n(struct timestamp *ts, slice *cur, int64_t *ret_us);

/* timestamp_same_minute - a syslog time within the minute that was worked out last, which moves
 * neither the year rule nor anything else
 *
 *   in        p        15 bytes: "Nov  5 09:11:01"
 *   out       ret_us   UTC microseconds
 *   result    false when it is another minute, or no such time */
static inline bool timestamp_same_minute(const struct timestamp *ts, const char *p, int64_t *ret_us)
{
    unsigned tens = (unsigned char)p[13] - (unsigned)'0',
             ones = (unsigned char)p[14] - (unsigned)'0';

    if (!bytes_eq(p, ts->minute, 13) || ones > 9 || tens * 10 + ones > 60 || tens > 6)
        return false;
    *ret_us = (ts->minute_s + tens * 10 + ones) * 1000000;
    return true;
}

#endif
