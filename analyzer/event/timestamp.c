/* timestamp.c - syslog, RFC 3339 and epoch times
 *
 * Grammar: [YYYY SP] Mon SP [SP] D[D] SP hh:mm:ss [frac] YYYY-MM-DD (T|SP) hh:mm:ss [frac] [zone]
 * 9*11DIGIT [frac] Both calendar forms split into a minute, which is remembered with its bytes,
 * and seconds with a fraction.
 * source:    RFC 3164 4.1.2, RFC 3339 5.6. */
#include "event/timestamp.h"

#include "base/cursor.h"

enum { SYSLOG_MINUTE_LEN = 13, ISO_MINUTE_LEN = 17, US = 1000000 };

void timestamp_init(struct timestamp *ts, const struct time_zone *zone, int explicit_year,
                    int64_t reference_us)
{
    *ts = (struct timestamp){.zone = zone};
    memset(ts->minute, '\n', sizeof ts->minute); /* a byte that no line holds */
    memset(ts->iso_minute, '\n', sizeof ts->iso_minute);
    year_rule_init(&ts->year, explicit_year, reference_us);
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Two digits at p as a number, or -1. */
static int two_digits(const char *p)
{
    return is_digit(p[0]) && is_digit(p[1]) ? (p[0] - '0') * 10 + (p[1] - '0') : -1;
}

/* ".764590" or ",123" at the cursor: microseconds; 0 and nothing passed when there is none. */
static int64_t take_fraction_us(slice *cur)
{
    int64_t us = 0, scale = US / 10;
    size_t i = 1;

    if (cur->len < 2 || (cur->ptr[0] != '.' && cur->ptr[0] != ',') || !is_digit(cur->ptr[1]))
        return 0;
    for (; i < cur->len && is_digit(cur->ptr[i]); i++, scale /= 10)
        us += (cur->ptr[i] - '0') * scale;
    *cur = slice_from(*cur, i);
    return us;
}

/* "hh:mm:" at p: seconds since midnight, or -1. */
static int64_t clock_minute(const char *p)
{
    int hour = two_digits(p), minute = two_digits(p + 3);

    if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || p[2] != ':' || p[5] != ':')
        return -1;
    return hour * 3600 + minute * 60;
}

/* "ss[frac]" at the cursor: microseconds, or -1. */
static int64_t take_seconds_us(slice *cur)
{
    int second = cur->len < 2 ? -1 : two_digits(cur->ptr);

    if (second < 0 || second > 60)
        return -1;
    *cur = slice_from(*cur, 2);
    return (int64_t)second * US + take_fraction_us(cur);
}

static bool day_valid(unsigned month, unsigned day)
{
    static const unsigned char days[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

    return month >= 1 && month <= 12 && day >= 1 && day <= days[month - 1];
}

/* Months as journalctl prints them, without a closing dot; the first twelve are what files hold. */
static const struct month_name {
    const char *name;
    unsigned char month;
} month_names[] = {
    {"Jan", 1},  {"Feb", 2},  {"Mar", 3},  {"Apr", 4},  {"May", 5},   {"Jun", 6},  {"Jul", 7},
    {"Aug", 8},  {"Sep", 9},  {"Oct", 10}, {"Nov", 11}, {"Dec", 12},  {"ene", 1},  {"gen", 1},
    {"janv", 1}, {"sty", 1},  {"fév", 2},  {"févr", 2}, {"fev", 2},   {"lut", 2},  {"Mär", 3},
    {"Mrz", 3},  {"mars", 3}, {"mrt", 3},  {"abr", 4},  {"avril", 4}, {"kwi", 4},  {"Mai", 5},
    {"maj", 5},  {"mei", 5},  {"mag", 5},  {"mayo", 5}, {"juin", 6},  {"giu", 6},  {"cze", 6},
    {"juil", 7}, {"lug", 7},  {"lip", 7},  {"août", 8}, {"ago", 8},   {"sie", 8},  {"sept", 9},
    {"set", 9},  {"wrz", 9},  {"Okt", 10}, {"ott", 10}, {"out", 10},  {"paź", 10}, {"lis", 11},
    {"Dez", 12}, {"déc", 12}, {"dic", 12}, {"des", 12}, {"gru", 12},
};

/* Pass a month name and the blank after it: 1..12, or 0. */
static unsigned take_month(slice *cur)
{
    size_t len = slice_find_byte(slice_first(*cur, 8), ' ');
    slice name = slice_first(*cur, len);

    if (len == cur->len || len < 3 || len > 7)
        return 0;
    if (slice_ends(name, SLICE_LIT(".")))
        name.len--;
    for (size_t i = 0; i < sizeof month_names / sizeof month_names[0]; i++)
        if (slice_ieq(name, slice_of(month_names[i].name))) {
            *cur = slice_from(*cur, len + 1);
            return month_names[i].month;
        }
    return 0;
}

/* "5 ", " 5 " or "05 " at the cursor. */
static bool take_day(slice *cur, unsigned *ret)
{
    uint64_t day;

    (void)cursor_take_byte(cur, ' ');
    if (!cursor_take_uint(cur, 31, &day) || !cursor_take_byte(cur, ' '))
        return false;
    *ret = (unsigned)day;
    return true;
}

static int64_t finish(struct timestamp *ts, int64_t us)
{
    return ts->last_us = us;
}

static int64_t after_s(const struct timestamp *ts)
{
    return ts->last_us == 0 ? INT64_MIN : ts->last_us / US;
}

/* The minute of a syslog time in UTC seconds; false when it is none. year 0: by the rule. */
static bool take_syslog_minute(struct timestamp *ts, slice *cur, int64_t year, int64_t *ret_s)
{
    slice rest = *cur;
    unsigned day = 0, month = take_month(&rest);

    if (month == 0 || !take_day(&rest, &day) || !day_valid(month, day) || rest.len < 8)
        return false;
    int64_t day_s = clock_minute(rest.ptr);
    if (day_s < 0 || two_digits(rest.ptr + 6) < 0)
        return false;
    int64_t local_s = year != 0 ? year_rule_days(year, month, day) * 86400 + day_s
                                : year_rule_seconds(&ts->year, month, day, day_s);
    *ret_s = time_zone_to_utc(ts->zone, local_s, after_s(ts));
    *cur = slice_from(rest, 6);
    return true;
}

/* Both caches hold the bytes of a whole minute at a fixed length. */
static bool take_cached(const char *cached, size_t len, slice *cur)
{
    if (cur->len < len + 2 || memcmp(cur->ptr, cached, len) != 0)
        return false;
    cur->ptr += len;
    cur->len -= len;
    return true;
}

static int64_t take_year(slice *cur)
{
    if (cur->len < 5 || !is_digit(cur->ptr[0]) || cur->ptr[4] != ' ')
        return 0;
    int century = two_digits(cur->ptr), year = two_digits(cur->ptr + 2);
    if (century < 19 || year < 0)
        return 0;
    *cur = slice_from(*cur, 5);
    return century * 100 + year;
}

bool timestamp_take_syslog(struct timestamp *ts, slice *cur, int64_t *ret_us)
{
    slice rest = *cur;
    int64_t minute_s = ts->minute_s;

    if (!take_cached(ts->minute, SYSLOG_MINUTE_LEN, &rest)) {
        int64_t year = take_year(&rest);
        if (!take_syslog_minute(ts, &rest, year, &minute_s))
            return false;
        if (year == 0 && rest.ptr - cur->ptr == SYSLOG_MINUTE_LEN) {
            memcpy(ts->minute, cur->ptr, SYSLOG_MINUTE_LEN);
            ts->minute_s = minute_s;
        }
    }
    int64_t us = take_seconds_us(&rest);
    if (us < 0)
        return false;
    *cur = rest;
    *ret_us = finish(ts, minute_s * US + us);
    return true;
}

/* "2024-08-29T01:08:" at the cursor as wall-clock seconds. */
static bool take_iso_minute(slice *cur, int64_t *ret_s)
{
    const char *p = cur->ptr;

    if (cur->len < ISO_MINUTE_LEN + 2 || p[4] != '-' || p[7] != '-' ||
        (p[10] != 'T' && p[10] != ' ' && p[10] != 't'))
        return false;
    int century = two_digits(p), year = two_digits(p + 2), month = two_digits(p + 5),
        day = two_digits(p + 8);
    int64_t day_s = clock_minute(p + 11);
    if (century < 19 || year < 0 || month < 1 || day < 1 ||
        !day_valid((unsigned)month, (unsigned)day) || day_s < 0)
        return false;
    *ret_s = year_rule_days(century * 100 + year, (unsigned)month, (unsigned)day) * 86400 + day_s;
    *cur = slice_from(*cur, ISO_MINUTE_LEN);
    return true;
}

/* Z, +hh:mm, +hhmm or +hh at the cursor: seconds east; false when there is none. */
static bool take_zone(slice *cur, int64_t *ret_s)
{
    if (cursor_take_byte(cur, 'Z') || cursor_take_byte(cur, 'z')) {
        *ret_s = 0;
        return true;
    }
    if (cur->len < 3 || (cur->ptr[0] != '+' && cur->ptr[0] != '-'))
        return false;
    int hours = two_digits(cur->ptr + 1), minutes = 0;
    size_t used = 3, colon = cur->len > 3 && cur->ptr[3] == ':';
    if (cur->len >= 5 + colon && (minutes = two_digits(cur->ptr + 3 + colon)) >= 0)
        used = 5 + colon;
    if (hours < 0 || hours > 23 || minutes > 59)
        return false;
    int64_t east_s = hours * 3600 + (minutes < 0 ? 0 : minutes * 60);
    *ret_s = cur->ptr[0] == '-' ? -east_s : east_s;
    *cur = slice_from(*cur, used);
    return true;
}

bool timestamp_take_iso(struct timestamp *ts, slice *cur, int64_t *ret_us)
{
    slice rest = *cur;
    int64_t minute_s = ts->iso_minute_s, zone_s;

    if (!take_cached(ts->iso_minute, ISO_MINUTE_LEN, &rest)) {
        if (!take_iso_minute(&rest, &minute_s))
            return false;
        memcpy(ts->iso_minute, cur->ptr, ISO_MINUTE_LEN);
        ts->iso_minute_s = minute_s;
    }
    int64_t us = take_seconds_us(&rest);
    if (us < 0)
        return false;
    if (take_zone(&rest, &zone_s))
        minute_s -= zone_s;
    else
        minute_s = time_zone_to_utc(ts->zone, minute_s, after_s(ts));
    *cur = rest;
    *ret_us = finish(ts, minute_s * US + us);
    return true;
}

bool timestamp_take_epoch(struct timestamp *ts, slice *cur, int64_t *ret_us)
{
    slice rest = *cur;
    uint64_t s;

    if (!cursor_take_uint(&rest, UINT64_C(99999999999), &s) || cur->len - rest.len < 9)
        return false;
    *ret_us = finish(ts, (int64_t)s * US + take_fraction_us(&rest));
    *cur = rest;
    return true;
}

/* So many hexadecimal digits in lower case. */
static bool take_hex(slice *cur, size_t digits, uint64_t *ret)
{
    uint64_t n = 0;

    if (cur->len < digits)
        return false;
    for (size_t i = 0; i < digits; i++) {
        char c = cur->ptr[i];
        if (c >= '0' && c <= '9')
            n = n << 4 | (uint64_t)(c - '0');
        else if (c >= 'a' && c <= 'f')
            n = n << 4 | (uint64_t)(c - 'a' + 10);
        else
            return false;
    }
    *cur = slice_from(*cur, digits);
    *ret = n;
    return true;
}

bool timestamp_take_tai64n(struct timestamp *ts, slice *cur, int64_t *ret_us)
{
    const uint64_t epoch = UINT64_C(1) << 62, tai_minus_utc = 10, far = UINT64_C(1) << 40;
    slice rest = *cur;
    uint64_t seconds, nanoseconds;

    if (rest.len < 25 || rest.ptr[0] != '@')
        return false;
    rest = slice_from(rest, 1);
    if (!take_hex(&rest, 16, &seconds) || !take_hex(&rest, 8, &nanoseconds) ||
        nanoseconds > 999999999 || seconds < epoch + tai_minus_utc || seconds > epoch + far)
        return false;
    *ret_us =
        finish(ts, (int64_t)(seconds - epoch - tai_minus_utc) * US + (int64_t)(nanoseconds / 1000));
    *cur = rest;
    return true;
}
