/* regional_time.c - dates and times in a Windows server's regional format
 *
 * Grammar:  DATE  = N SEP N SEP N     SEP = "/" | "." | "-"
 *           CLOCK = N C NN [C NN] [SP ("AM" | "PM" | "A.M." | "P.M.")]     C = ":" | "."
 * source:   Windows regional settings (LOCALE_SSHORTDATE, LOCALE_STIMEFORMAT)
 * limits:   AM and PM in English only; other languages' words for them are not known, and such a
 *           time is no time. */
#include "event/regional_time.h"

#include "base/cursor.h"
#include "event/year_rule.h"

enum { US = 1000000, CENTURY_TURN = 70 };

void regional_time_init(struct regional_time *rt, const struct time_zone *zone)
{
    *rt = (struct regional_time){.zone = zone, .last_s = INT64_MIN};
}

static bool take_number(slice *cur, unsigned max_digits, unsigned *ret, unsigned *ret_digits)
{
    uint64_t n;
    size_t before = cur->len;
    slice rest = *cur;

    if (!cursor_take_uint(&rest, 9999, &n) || before - rest.len > max_digits)
        return false;
    *ret = (unsigned)n;
    *ret_digits = (unsigned)(before - rest.len);
    *cur = rest;
    return true;
}

static bool is_separator(char c)
{
    return c == '/' || c == '.' || c == '-';
}

/* Could these two be a day and a month, in one order or the other? */
static bool may_be_day_and_month(unsigned a, unsigned b)
{
    return a >= 1 && b >= 1 && a <= 31 && b <= 31 && (a <= 12 || b <= 12);
}

bool regional_time_take_date(slice *cur, struct regional_date *ret)
{
    slice rest = *cur;
    struct regional_date d = {0};

    for (unsigned i = 0; i < 3; i++) {
        if (i > 0) {
            if (rest.len == 0 || !is_separator(rest.ptr[0]))
                return false;
            if (i == 2 && rest.ptr[0] != d.separator)
                return false;
            d.separator = rest.ptr[0];
            rest = slice_from(rest, 1);
        }
        if (!take_number(&rest, 4, &d.number[i], &d.digits[i]))
            return false;
    }
    bool year_first = d.digits[0] == 4;
    unsigned year_digits = d.digits[year_first ? 0 : 2];
    if ((year_digits != 2 && year_digits != 4) || d.digits[1] > 2 ||
        d.digits[year_first ? 2 : 0] > 2)
        return false;
    if (!may_be_day_and_month(d.number[1], d.number[year_first ? 2 : 0]))
        return false;
    *ret = d;
    *cur = rest;
    return true;
}

/* A blank, or one of those that do not break a line (U+00A0, U+202F). */
static bool take_blank(slice *cur)
{
    return cursor_take_byte(cur, ' ') || cursor_take_lit(cur, SLICE_LIT("\xc2\xa0")) ||
           cursor_take_lit(cur, SLICE_LIT("\xe2\x80\xaf"));
}

/* "AM", "PM", "a.m.", "p.m." behind one blank: 'a', 'p', or 0 when there is none. */
static char take_half(slice *cur)
{
    slice rest = *cur;
    char half;

    if (!take_blank(&rest) || rest.len < 2)
        return 0;
    half = slice_lower(rest.ptr[0]);
    if (half != 'a' && half != 'p')
        return 0;
    rest = slice_from(rest, 1);
    bool dotted = cursor_take_byte(&rest, '.');
    if (rest.len == 0 || slice_lower(rest.ptr[0]) != 'm')
        return 0;
    rest = slice_from(rest, 1);
    if (dotted)
        (void)cursor_take_byte(&rest, '.');
    *cur = rest;
    return half;
}

/* Two digits behind the clock's separator. */
static bool take_part(slice *cur, char separator, unsigned *ret)
{
    slice rest = *cur;
    unsigned digits;

    if (!cursor_take_byte(&rest, separator) || !take_number(&rest, 2, ret, &digits) ||
        digits != 2 || *ret > 60)
        return false;
    *cur = rest;
    return true;
}

bool regional_time_take_clock(slice *cur, int64_t *ret_s, bool *ret_half)
{
    slice rest = *cur;
    unsigned hour, minute, second = 0, digits;
    char separator, half;

    if (!take_number(&rest, 2, &hour, &digits) || rest.len == 0)
        return false;
    separator = rest.ptr[0];
    if ((separator != ':' && separator != '.') || !take_part(&rest, separator, &minute) ||
        minute > 59)
        return false;
    (void)take_part(&rest, separator, &second);
    half = take_half(&rest);
    if (hour > 23 || (half != 0 && (hour < 1 || hour > 12)))
        return false;
    if (half != 0)
        hour = hour % 12 + (half == 'p' ? 12 : 0);
    *ret_s = (int64_t)hour * 3600 + minute * 60 + second;
    *ret_half = half != 0;
    *cur = rest;
    return true;
}

static bool month_first(struct regional_time *rt, const struct regional_date *d, bool half)
{
    if (d->number[0] > 12 && d->number[1] <= 12)
        rt->order = DATE_DAY_FIRST;
    else if (d->number[1] > 12 && d->number[0] <= 12)
        rt->order = DATE_MONTH_FIRST;
    if (rt->order != DATE_ORDER_UNKNOWN)
        return rt->order == DATE_MONTH_FIRST;
    return d->separator == '/' && half;
}

static bool date_exists(unsigned year, unsigned month, unsigned day)
{
    static const unsigned char days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

    if (month < 1 || month > 12 || day < 1)
        return false;
    return day <= days[month - 1] + (leap && month == 2 ? 1U : 0U);
}

static unsigned full_year(unsigned number, unsigned digits)
{
    if (digits == 4)
        return number;
    return number + (number >= CENTURY_TURN ? 1900 : 2000);
}

bool regional_time_us(struct regional_time *rt, const struct regional_date *d, int64_t clock_s,
                      bool half, int64_t *ret_us)
{
    unsigned year, month, day;

    if (d->digits[0] == 4) {
        year = d->number[0];
        month = d->number[1];
        day = d->number[2];
    } else {
        bool month_leads = month_first(rt, d, half);
        year = full_year(d->number[2], d->digits[2]);
        month = d->number[month_leads ? 0 : 1];
        day = d->number[month_leads ? 1 : 0];
    }
    if (!date_exists(year, month, day))
        return false;
    int64_t local_s = year_rule_days(year, month, day) * 86400 + clock_s;
    rt->last_s = time_zone_to_utc(rt->zone, local_s, rt->last_s);
    *ret_us = rt->last_s * US;
    return true;
}

bool regional_time_take(struct regional_time *rt, slice *cur, int64_t *ret_us)
{
    slice rest = *cur;
    struct regional_date date;
    int64_t clock_s;
    bool half;

    if (!regional_time_take_date(&rest, &date))
        return false;
    (void)cursor_take_byte(&rest, ',');
    if (!cursor_take_blanks(&rest) || !regional_time_take_clock(&rest, &clock_s, &half) ||
        !regional_time_us(rt, &date, clock_s, half, ret_us))
        return false;
    *cur = rest;
    return true;
}
