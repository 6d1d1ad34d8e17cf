/* test_timestamp.c - times of log lines, the year rule and time zones, against timegm() and dates
 * worked out by hand */
#include "test.h"

#include <stdlib.h>
#include <time.h>

#include "event/timestamp.h"

static struct time_zone utc;

static struct timestamp source(int year, int64_t reference_s)
{
    struct timestamp ts;

    timestamp_init(&ts, &utc, year, reference_s * 1000000);
    return ts;
}

/* UTC seconds of a date, by the C library. */
static int64_t at(int year, int month, int day, int hour, int minute, int second)
{
    struct tm tm = {.tm_year = year - 1900,
                    .tm_mon = month - 1,
                    .tm_mday = day,
                    .tm_hour = hour,
                    .tm_min = minute,
                    .tm_sec = second};

    return timegm(&tm);
}

/* Microseconds of a syslog time, or -1; what is left over goes to *rest. */
static int64_t syslog_us(struct timestamp *ts, const char *text, slice *rest)
{
    slice cur = slice_of(text);
    int64_t us = -1;

    if (!timestamp_take_syslog(ts, &cur, &us))
        us = -1;
    if (rest != NULL)
        *rest = cur;
    return us;
}

static int64_t iso_us(struct timestamp *ts, const char *text)
{
    slice cur = slice_of(text);
    int64_t us = -1;

    return timestamp_take_iso(ts, &cur, &us) ? us : -1;
}

static void days_agree_with_timegm(void)
{
    for (int64_t day = -30000; day < 80000; day += 1) {
        time_t t = (time_t)(day * 86400);
        struct tm tm;
        gmtime_r(&t, &tm);
        if (year_rule_days(tm.tm_year + 1900, (unsigned)tm.tm_mon + 1, (unsigned)tm.tm_mday) !=
            day) {
            CHECK_INT(
                year_rule_days(tm.tm_year + 1900, (unsigned)tm.tm_mon + 1, (unsigned)tm.tm_mday),
                day);
            return;
        }
    }
}

static void syslog_forms(void)
{
    static const struct {
        const char *text;
        int month, day, hour, minute, second, us;
    } rows[] = {
        {"Nov  5 09:11:01 mail", 11, 5, 9, 11, 1, 0},
        {"Nov 5 09:11:01 mail", 11, 5, 9, 11, 1, 0},
        {"Nov 05 09:11:01 mail", 11, 5, 9, 11, 1, 0},
        {"Nov 15 23:59:59 mail", 11, 15, 23, 59, 59, 0},
        {"Jan  1 00:00:00 mail", 1, 1, 0, 0, 0, 0},
        {"Sep 12 16:49:12.5 m", 9, 12, 16, 49, 12, 500000},
        {"Sep 12 16:49:12,0125 m", 9, 12, 16, 49, 12, 12500},
        {"Dez 24 18:00:00 m", 12, 24, 18, 0, 0, 0},
        {"M\xc3\xa4r  8 10:00:00 m", 3, 8, 10, 0, 0, 0},
        {"ao\xc3\xbbt 14 07:08:09 m", 8, 14, 7, 8, 9, 0},
        {"nov. 14 07:08:09 m", 11, 14, 7, 8, 9, 0},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct timestamp ts = source(2025, 0);
        slice rest;
        int64_t want =
            at(2025, rows[i].month, rows[i].day, rows[i].hour, rows[i].minute, rows[i].second);
        CHECK_INT(syslog_us(&ts, rows[i].text, &rest), want * 1000000 + rows[i].us);
        CHECK(rest.len > 0 && rest.ptr[0] == ' ');
    }
}

static void year_first_form_needs_no_rule(void)
{
    struct timestamp ts = source(2025, 0);

    CHECK_INT(syslog_us(&ts, "2013 Jun 16 16:05:07.123 gds", NULL),
              at(2013, 6, 16, 16, 5, 7) * 1000000 + 123000);
    CHECK_INT(syslog_us(&ts, "Jun 16 16:05:07 gds", NULL), at(2025, 6, 16, 16, 5, 7) * 1000000);
}

static void what_is_no_syslog_time_is_refused(void)
{
    static const char *const rows[] = {
        "",
        "Nov",
        "Nov  5 09:11:0",
        "Nov  5 9:11:01 mail",
        "Nov 32 09:11:01 mail",
        "Foo  5 09:11:01 mail",
        "Nov  5 24:11:01 mail",
        "Nov  5 09:60:01 mail",
        "Feb 30 09:11:01 mail",
        "Nov  0 09:11:01 mail",
        "Nov  5 09-11-01 mail",
        "Nov  5 09:11:61 mail",
        "Novem 5 09:11:01 mail",
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct timestamp ts = source(2025, 0);
        slice rest;
        CHECK_INT(syslog_us(&ts, rows[i], &rest), -1);
        CHECK(rest.ptr == rows[i]);
    }
}

static void cached_minute_gives_the_same_times(void)
{
    struct timestamp warm = source(2025, 0);
    char text[32];

    for (int s = 0; s < 7200; s += 7) {
        struct timestamp cold = source(2025, 0);
        snprintf(text, sizeof text, "Nov  5 %02d:%02d:%02d x", 9 + s / 3600, s / 60 % 60, s % 60);
        CHECK_INT(syslog_us(&warm, text, NULL), syslog_us(&cold, text, NULL));
    }
}

static void iso_forms(void)
{
    const int64_t base = at(2024, 8, 29, 1, 8, 59) * 1000000;
    struct timestamp ts = source(0, 0);

    CHECK_INT(iso_us(&ts, "2024-08-29T01:08:59.764590+00:00 h"), base + 764590);
    CHECK_INT(iso_us(&ts, "2024-08-29T03:08:59.764590+02:00 h"), base + 764590);
    CHECK_INT(iso_us(&ts, "2024-08-29T03:08:59+0200 h"), base);
    CHECK_INT(iso_us(&ts, "2024-08-29T03:08:59+02 h"), base);
    CHECK_INT(iso_us(&ts, "2024-08-28 19:38:59-05:30 h"), base);
    CHECK_INT(iso_us(&ts, "2024-08-29T01:08:59Z h"), base);
    CHECK_INT(iso_us(&ts, "2024-08-29T01:08:59.123456789Z h"), base + 123456);
    CHECK_INT(iso_us(&ts, "2024-08-29T01:08:59 h"), base);
    CHECK_INT(iso_us(&ts, "2024-13-29T01:08:59Z h"), -1);
    CHECK_INT(iso_us(&ts, "2024-08-29T01:08"), -1);
    CHECK_INT(iso_us(&ts, "2024/08/29T01:08:59Z"), -1);
}

static void epoch_form(void)
{
    struct timestamp ts = source(0, 0);
    slice cur = slice_of("1546300800.123456 host");
    int64_t us = 0;

    CHECK(timestamp_take_epoch(&ts, &cur, &us));
    CHECK_INT(us, INT64_C(1546300800123456));
    cur = slice_of("12345 host");
    CHECK(!timestamp_take_epoch(&ts, &cur, &us));
}

/* multilog(8): TAI64N of 2000-03-06 17:45:10 UTC */
static void tai64n_labels(void)
{
    static const char *const broken[] = {
        "@4000000038c3eeb027f41c7", "@4000000038c3eeb0fffffffff x", "@0000000038c3eeb027f41c7c x",
        "@4000000038C3eeb027f41c7c x", "4000000038c3eeb027f41c7c x"};
    struct timestamp ts;
    slice cur = slice_of("@4000000038c3eeb027f41c7c new msg 93869");
    int64_t us = 0;

    timestamp_init(&ts, &utc, 0, 0);
    CHECK(timestamp_take_tai64n(&ts, &cur, &us));
    CHECK_INT(us, INT64_C(952364710670309));
    CHECK_SLICE(cur, " new msg 93869");
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
        cur = slice_of(broken[i]);
        CHECK(!timestamp_take_tai64n(&ts, &cur, &us));
    }
}

static void first_line_gets_the_largest_year_not_after_the_reference(void)
{
    static const struct {
        const char *text;
        int year;
    } rows[] = {
        {"Nov 24 09:00:00 m", 2026}, /* the day itself */
        {"Nov 25 08:00:00 m", 2026}, /* less than a day ahead: another zone */
        {"Nov 25 12:00:00 m", 2025}, /* more than a day ahead */
        {"Jan  1 00:00:00 m", 2026}, {"Dec 31 23:59:59 m", 2025},
        {"Feb 29 10:00:00 m", 2024}, /* the last leap year */
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct timestamp ts = source(0, at(2026, 11, 24, 10, 0, 0));
        time_t t = (time_t)(syslog_us(&ts, rows[i].text, NULL) / 1000000);
        struct tm tm;
        gmtime_r(&t, &tm);
        CHECK_INT(tm.tm_year + 1900, rows[i].year);
    }
}

static void new_year_and_stragglers(void)
{
    struct timestamp ts = source(2025, 0);

    CHECK_INT(syslog_us(&ts, "Dec 31 23:59:58 m", NULL), at(2025, 12, 31, 23, 59, 58) * 1000000);
    CHECK_INT(syslog_us(&ts, "Jan  1 00:00:01 m", NULL), at(2026, 1, 1, 0, 0, 1) * 1000000);
    CHECK_INT(syslog_us(&ts, "Dec 31 23:59:59 m", NULL), at(2025, 12, 31, 23, 59, 59) * 1000000);
    CHECK_INT(syslog_us(&ts, "Jan  1 00:00:02 m", NULL), at(2026, 1, 1, 0, 0, 2) * 1000000);
    CHECK_INT(syslog_us(&ts, "Jun 15 00:00:00 m", NULL), at(2026, 6, 15, 0, 0, 0) * 1000000);
    CHECK_INT(syslog_us(&ts, "Dec  1 00:00:00 m", NULL), at(2026, 12, 1, 0, 0, 0) * 1000000);
    CHECK_INT(syslog_us(&ts, "Jan  2 00:00:00 m", NULL), at(2027, 1, 2, 0, 0, 0) * 1000000);
}

static void a_gap_of_seven_months_stays_in_the_year(void)
{
    struct timestamp ts = source(2025, 0);

    CHECK_INT(syslog_us(&ts, "Mar 29 10:00:00 m", NULL), at(2025, 3, 29, 10, 0, 0) * 1000000);
    CHECK_INT(syslog_us(&ts, "Oct 25 10:00:00 m", NULL), at(2025, 10, 25, 10, 0, 0) * 1000000);
}

static void small_steps_back_stay_in_the_year(void)
{
    struct timestamp ts = source(2025, 0);

    syslog_us(&ts, "Jun 15 10:00:00 m", NULL);
    CHECK_INT(syslog_us(&ts, "Mar  1 10:00:00 m", NULL), at(2025, 3, 1, 10, 0, 0) * 1000000);
    CHECK_INT(syslog_us(&ts, "Jun 15 09:59:59 m", NULL), at(2025, 6, 15, 9, 59, 59) * 1000000);
}

static void leap_day_in_a_common_year_is_the_first_of_march(void)
{
    struct timestamp ts = source(2025, 0);

    CHECK_INT(syslog_us(&ts, "Feb 29 10:00:00 m", NULL), at(2025, 3, 1, 10, 0, 0) * 1000000);
    ts = source(2024, 0);
    CHECK_INT(syslog_us(&ts, "Feb 29 10:00:00 m", NULL), at(2024, 2, 29, 10, 0, 0) * 1000000);
}

static void zone_texts(void)
{
    struct time_zone zone;
    struct error error = {0};

    CHECK(time_zone_parse("+02:00", &zone, &error) && zone.offset_s[0] == 7200);
    CHECK(time_zone_parse("-0530", &zone, &error) && zone.offset_s[0] == -19800);
    CHECK(time_zone_parse("+9", &zone, &error) && zone.offset_s[0] == 32400);
    CHECK(time_zone_parse("utc", &zone, &error) && zone.offset_s[0] == 0 && zone.changes == 0);
    CHECK(!time_zone_parse("+25:00", &zone, &error));
    CHECK(!time_zone_parse("+02:75", &zone, &error));
    CHECK(!time_zone_parse("Europe/Nowhere", &zone, &error) && error.code == ERROR_USAGE);
    CHECK(!time_zone_parse("../../etc/passwd", &zone, NULL));
    CHECK(!time_zone_parse("", &zone, NULL));
}

static void named_zone_agrees_with_the_c_library(void)
{
    struct time_zone zone;

    if (!time_zone_parse("Europe/Berlin", &zone, NULL)) {
        printf("# no zone database here\n");
        return;
    }
    setenv("TZ", "Europe/Berlin", 1);
    tzset();
    for (int64_t t = at(1991, 1, 1, 0, 0, 0); t < at(2039, 12, 1, 0, 0, 0); t += 86400 * 3 + 1801) {
        time_t tt = (time_t)t;
        struct tm tm;
        localtime_r(&tt, &tm);
        CHECK_INT(time_zone_offset(&zone, t), tm.tm_gmtoff);
        int64_t local = t + tm.tm_gmtoff;
        int64_t back = time_zone_to_utc(&zone, local, INT64_MIN);
        CHECK(back == t || back == t - 3600); /* the repeated hour: first occurrence */
    }
    unsetenv("TZ");
    tzset();
}

static void the_repeated_and_the_skipped_hour(void)
{
    struct time_zone berlin;

    if (!time_zone_parse("Europe/Berlin", &berlin, NULL))
        return;
    struct timestamp ts;
    timestamp_init(&ts, &berlin, 2026, 0);
    CHECK_INT(syslog_us(&ts, "Mar 29 01:59:59 m", NULL), at(2026, 3, 29, 0, 59, 59) * 1000000);
    CHECK_INT(syslog_us(&ts, "Mar 29 02:30:00 m", NULL),
              at(2026, 3, 29, 1, 30, 0) * 1000000); /* never shown by a clock */
    CHECK_INT(syslog_us(&ts, "Mar 29 03:00:00 m", NULL), at(2026, 3, 29, 1, 0, 0) * 1000000);
    CHECK_INT(syslog_us(&ts, "Oct 25 01:59:59 m", NULL), at(2026, 10, 24, 23, 59, 59) * 1000000);
    CHECK_INT(syslog_us(&ts, "Oct 25 02:00:00 m", NULL), at(2026, 10, 25, 0, 0, 0) * 1000000);
    CHECK_INT(syslog_us(&ts, "Oct 25 02:59:59 m", NULL), at(2026, 10, 25, 0, 59, 59) * 1000000);
    CHECK_INT(syslog_us(&ts, "Oct 25 02:00:00 m", NULL),
              at(2026, 10, 25, 1, 0, 0) * 1000000); /* second time round */
    CHECK_INT(syslog_us(&ts, "Oct 25 03:00:00 m", NULL), at(2026, 10, 25, 2, 0, 0) * 1000000);
}

static const struct test_case cases[] = {
    {"day numbers agree with timegm over 300 years", days_agree_with_timegm},
    {"every syslog form gives its microseconds and stops at the blank", syslog_forms},
    {"a year in front needs no rule and does not disturb it", year_first_form_needs_no_rule},
    {"what is no syslog time is refused and not passed", what_is_no_syslog_time_is_refused},
    {"a remembered minute gives the same times as a fresh one", cached_minute_gives_the_same_times},
    {"every RFC 3339 form gives its microseconds", iso_forms},
    {"seconds since 1970 are read with their fraction", epoch_form},
    {"the first line gets the largest year not after the reference",
     first_line_gets_the_largest_year_not_after_the_reference},
    {"New Year moves the year on and a straggler stays in the old one", new_year_and_stragglers},
    {"a gap of seven months within a year stays in it", a_gap_of_seven_months_stays_in_the_year},
    {"TAI64N labels of multilog are read", tai64n_labels},
    {"steps back of less than half a year stay in the year", small_steps_back_stay_in_the_year},
    {"29 February in a common year counts as 1 March",
     leap_day_in_a_common_year_is_the_first_of_march},
    {"zone texts are read or refused", zone_texts},
    {"a named zone agrees with the C library for fifty years",
     named_zone_agrees_with_the_c_library},
    {"the repeated hour is the first one unless time would run back",
     the_repeated_and_the_skipped_hour},
};

TEST_MAIN(cases)
