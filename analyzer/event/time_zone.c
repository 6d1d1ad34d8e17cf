/* time_zone.c - the table of a zone's changes, and the search in it
 *
 * Changes are found by asking localtime_r every four days from 1990 to 2040 and halving each
 * interval in which the offset differs. Interval i holds wall-clock times below change_s[i] +
 * offset_s[i]; that bound grows with i, so a binary search finds the first interval a wall-clock
 * time fits into.
 * limits:   a zone that changes twice within four days would lose both; none did since 1990. */
#include "event/time_zone.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/cursor.h"

enum { PROBE_STEP_S = 4 * 86400, MAX_OFFSET_S = 14 * 3600, REPEAT_SLACK_S = 1800 };

static const int64_t first_probe_s = 631152000; /* 1990-01-01 */
static const int64_t last_probe_s = 2208988800; /* 2040-01-01 */

int32_t time_zone_offset(const struct time_zone *zone, int64_t utc_s)
{
    uint32_t low = 0, high = zone->changes;

    while (low < high) {
        uint32_t mid = (low + high) / 2;
        if (utc_s < zone->change_s[mid])
            high = mid;
        else
            low = mid + 1;
    }
    return zone->offset_s[low];
}

/* The first interval that a wall-clock time may belong to. */
static uint32_t interval_of(const struct time_zone *zone, int64_t local_s)
{
    uint32_t low = 0, high = zone->changes;

    while (low < high) {
        uint32_t mid = (low + high) / 2;
        if (local_s < zone->change_s[mid] + zone->offset_s[mid])
            high = mid;
        else
            low = mid + 1;
    }
    return low;
}

int64_t time_zone_to_utc(const struct time_zone *zone, int64_t local_s, int64_t after_s)
{
    if (zone->changes == 0)
        return local_s - zone->offset_s[0];

    uint32_t i = interval_of(zone, local_s);
    int64_t utc_s = local_s - zone->offset_s[i];

    if (i > 0 && utc_s < zone->change_s[i - 1])
        return local_s - zone->offset_s[i - 1]; /* skipped by the clock */
    if (i < zone->changes && after_s != INT64_MIN && utc_s < after_s - REPEAT_SLACK_S) {
        int64_t second_s = local_s - zone->offset_s[i + 1];
        if (second_s >= zone->change_s[i])
            return second_s; /* the repeated hour, second time round */
    }
    return utc_s;
}

/* ":30" */
static bool take_minutes(slice *cur, uint64_t *ret)
{
    return cursor_take_byte(cur, ':') && cur->len == 2 && cursor_take_uint(cur, 59, ret);
}

static bool parse_fixed(slice text, struct time_zone *ret)
{
    uint64_t hours, minutes = 0;
    size_t digits = 0;

    if (text.len < 2 || (text.ptr[0] != '+' && text.ptr[0] != '-'))
        return false;
    slice cur = slice_from(text, 1);
    while (digits < cur.len && cur.ptr[digits] >= '0' && cur.ptr[digits] <= '9')
        digits++;
    if (!cursor_take_uint(&cur, 2359, &hours))
        return false;
    bool joined = digits == 4 && cur.len == 0; /* "0130", and not "01:30" or "01" */
    if (joined) {
        minutes = hours % 100;
        hours /= 100;
    }
    if (!joined && (digits > 2 || (cur.len > 0 && !take_minutes(&cur, &minutes))))
        return false;
    int64_t offset_s = (int64_t)(hours * 3600 + minutes * 60);
    if (minutes > 59 || offset_s > MAX_OFFSET_S)
        return false;
    *ret = (struct time_zone){.offset_s = {(int32_t)(text.ptr[0] == '-' ? -offset_s : offset_s)}};
    return true;
}

static int32_t offset_at(int64_t utc_s)
{
    time_t t = (time_t)utc_s;
    struct tm tm;

    return localtime_r(&t, &tm) == NULL ? 0 : (int32_t)tm.tm_gmtoff;
}

/* The first second in (low_s, high_s] at which the offset is no longer that of low_s. */
static int64_t find_change(int64_t low_s, int64_t high_s)
{
    int32_t before = offset_at(low_s);

    while (high_s - low_s > 1) {
        int64_t mid_s = low_s + (high_s - low_s) / 2;
        if (offset_at(mid_s) == before)
            low_s = mid_s;
        else
            high_s = mid_s;
    }
    return high_s;
}

static void build_table(struct time_zone *zone)
{
    *zone = (struct time_zone){.offset_s = {offset_at(first_probe_s)}};
    for (int64_t t = first_probe_s; t < last_probe_s; t += PROBE_STEP_S) {
        int32_t after = offset_at(t + PROBE_STEP_S);
        if (after == zone->offset_s[zone->changes] || zone->changes == TIME_ZONE_CHANGES)
            continue;
        zone->change_s[zone->changes] = find_change(t, t + PROBE_STEP_S);
        zone->offset_s[++zone->changes] = after;
    }
}

/* tzset() takes any text silently as UTC, so a name must be a file of the zone database first. */
static bool name_exists(slice name)
{
    const char *dir = getenv("TZDIR");
    char path[512];

    if (name.len == 0 || name.ptr[0] == '/' || slice_has(name, SLICE_LIT("..")))
        return false;
    int n = snprintf(path, sizeof path, "%s/%.*s", dir == NULL ? "/usr/share/zoneinfo" : dir,
                     (int)name.len, name.ptr);
    return n > 0 && (size_t)n < sizeof path && access(path, R_OK) == 0;
}

static void build_named(const char *name, struct time_zone *ret)
{
    const char *old = getenv("TZ");
    char *kept = old == NULL ? NULL : strdup(old);

    setenv("TZ", name, 1);
    tzset();
    build_table(ret);
    if (kept == NULL)
        unsetenv("TZ");
    else
        setenv("TZ", kept, 1);
    tzset();
    free(kept);
}

bool time_zone_parse(const char *text, struct time_zone *ret, struct error *reterr)
{
    slice name = slice_of(text);

    if (slice_ieq(name, SLICE_LIT("UTC")) || slice_ieq(name, SLICE_LIT("Z")) ||
        slice_ieq(name, SLICE_LIT("GMT"))) {
        *ret = (struct time_zone){0};
        return true;
    }
    if (parse_fixed(name, ret))
        return true;
    if (slice_ieq(name, SLICE_LIT("local"))) {
        tzset();
        build_table(ret);
        return true;
    }
    if (!name_exists(name))
        return error_set(
            reterr, ERROR_USAGE,
            "time zone \"%.*s\" is not known: use UTC, local, an offset like +02:00, or a name "
            "like Europe/Berlin",
            (int)(name.len < 80 ? name.len : 80), name.ptr);
    build_named(text, ret);
    return true;
}
