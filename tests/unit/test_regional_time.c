/* test_regional_time.c - the regional forms of dates and clocks, and how day and month are told
 * apart */
#include "test.h"

#include <stdlib.h>
#include <time.h>

#include "event/regional_time.h"

static struct time_zone utc;

static struct regional_time source(void)
{
    struct regional_time rt;

    regional_time_init(&rt, &utc);
    return rt;
}

/* Seconds of a time read whole, -1 when it is none or something is left. */
static int64_t read_s(struct regional_time *rt, const char *text)
{
    slice cur = slice_of(text);
    int64_t us;

    if (!regional_time_take(rt, &cur, &us) || cur.len > 0)
        return -1;
    return us / 1000000;
}

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

static void every_regional_form_is_read(void)
{
    static const struct {
        const char *text;
        int year, month, day, hour, minute, second;
    } rows[] = {
        {"5/13/00 2:36:27 PM", 2000, 5, 13, 14, 36, 27},
        {"5/13/00 2:36:27\xe2\x80\xafPM", 2000, 5, 13, 14, 36, 27},
        {"4/5/99 10:22:41 AM", 1999, 4, 5, 10, 22, 41},
        {"1/1/96 12:00:00 AM", 1996, 1, 1, 0, 0, 0},
        {"1/1/96 12:00:00 PM", 1996, 1, 1, 12, 0, 0},
        {"12/31/10 11:59:59 PM", 2010, 12, 31, 23, 59, 59},
        {"13.05.00 14:36:27", 2000, 5, 13, 14, 36, 27},
        {"1.2.2003 4:05:06", 2003, 2, 1, 4, 5, 6},
        {"05/04/99 10:22:41", 1999, 4, 5, 10, 22, 41}, /* no AM or PM: the day first */
        {"05-04-1999 10:22:41", 1999, 4, 5, 10, 22, 41},
        {"2000-05-13 14:36:27", 2000, 5, 13, 14, 36, 27},
        {"2000/05/13 14:36:27", 2000, 5, 13, 14, 36, 27},
        {"13/05/00 14.36.27", 2000, 5, 13, 14, 36, 27},
        {"5/13/2000, 2:36 PM", 2000, 5, 13, 14, 36, 0},
        {"13/05/2000 2:36:27 p.m.", 2000, 5, 13, 14, 36, 27},
        {"2/29/00 1:00:00 AM", 2000, 2, 29, 1, 0, 0},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct regional_time rt = source();
        int64_t want = at(rows[i].year, rows[i].month, rows[i].day, rows[i].hour, rows[i].minute,
                          rows[i].second);
        int64_t got = read_s(&rt, rows[i].text);
        if (got != want)
            printf("# %s\n", rows[i].text);
        CHECK_INT(got, want);
    }
}

static void what_is_no_time_is_refused(void)
{
    static const char *const rows[] = {
        "",
        "5/13/00",
        "5/13/00 ",
        "5/13/00 2:36:27 XM",
        "5/13/00 25:36:27",
        "5/13/00 13:36:27 PM",
        "5/13/00 0:36:27 AM",
        "5/13/00 2:6:27 PM",
        "5/13/00 2:66:27 PM",
        "13/13/00 2:36:27 PM",
        "0/13/00 2:36:27 PM",
        "5.13/00 2:36:27 PM",
        "5/13/000 2:36:27 PM",
        "2/30/00 1:00:00 AM",
        "2/29/01 1:00:00 AM",
        "005/13/00 1:00:00 AM",
        "99999999999999999999/13/00 1:00:00 AM",
        "10..1.1.1",
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct regional_time rt = source();
        slice cur = slice_of(rows[i]);
        int64_t us;
        if (regional_time_take(&rt, &cur, &us) && cur.len == 0) {
            printf("# taken: %s\n", rows[i]);
            CHECK(false);
        }
    }
}

static void a_refused_time_moves_nothing(void)
{
    struct regional_time rt = source();
    slice cur = SLICE_LIT("5/13/00 2:36");
    int64_t us = 7;

    CHECK(!regional_time_take(&rt, &(slice){cur.ptr, 9}, &us));
    CHECK_INT(us, 7);
    CHECK_INT(rt.last_s, INT64_MIN);
}

static void a_date_that_reads_one_way_settles_the_order(void)
{
    struct regional_time rt = source();

    CHECK_INT(read_s(&rt, "5/4/99 1:00:00 PM"), at(1999, 5, 4, 13, 0, 0));
    CHECK_INT(read_s(&rt, "13/4/99 1:00:00 PM"), at(1999, 4, 13, 13, 0, 0));
    CHECK_INT(read_s(&rt, "5/5/99 1:00:00 PM"), at(1999, 5, 5, 13, 0, 0));
    CHECK_INT(read_s(&rt, "1/6/99 1:00:00 PM"), at(1999, 6, 1, 13, 0, 0));
}

static void a_two_digit_year_turns_at_seventy(void)
{
    struct regional_time rt = source();

    CHECK_INT(read_s(&rt, "1/2/70 1:00:00 AM"), at(1970, 1, 2, 1, 0, 0));
    CHECK_INT(read_s(&rt, "1/2/69 1:00:00 AM"), at(2069, 1, 2, 1, 0, 0));
}

static void the_hour_that_autumn_repeats_goes_on(void)
{
    struct error error = {0};
    struct time_zone berlin;
    struct regional_time rt;

    if (!time_zone_parse("Europe/Berlin", &berlin, &error))
        return;
    regional_time_init(&rt, &berlin);
    CHECK_INT(read_s(&rt, "29.10.00 02:50:00"), at(2000, 10, 29, 0, 50, 0));
    CHECK_INT(read_s(&rt, "29.10.00 02:10:00"), at(2000, 10, 29, 1, 10, 0));
}

static void a_time_cut_anywhere_is_survived(void)
{
    const char *text = "5/13/2000, 12:36:27 p.m.";

    for (size_t n = 0; n <= strlen(text); n++) {
        struct regional_time rt = source();
        char *block = malloc(n == 0 ? 1 : n);
        slice cur = {block, n};
        int64_t us;
        memcpy(block, text, n);
        bool taken = regional_time_take(&rt, &cur, &us);
        CHECK(taken == (n >= 16)); /* "12:36" ends there */
        free(block);
    }
}

static const struct test_case cases[] = {
    {"every regional form is read", every_regional_form_is_read},
    {"what is no time is refused", what_is_no_time_is_refused},
    {"a refused time moves nothing", a_refused_time_moves_nothing},
    {"a date that reads one way settles the order", a_date_that_reads_one_way_settles_the_order},
    {"a two-digit year turns at seventy", a_two_digit_year_turns_at_seventy},
    {"the hour that autumn repeats goes on", the_hour_that_autumn_repeats_goes_on},
    {"a time cut anywhere is survived", a_time_cut_anywhere_is_survived},
};

TEST_MAIN(cases)
