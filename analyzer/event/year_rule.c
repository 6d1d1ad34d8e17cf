/* year_rule.c - the year of a date without one; the rule is written down in the header
 *
 * Day numbers are counted in years that begin in March, so that the leap day is the last of its
 * year and the days before a month are (153 * m + 2) / 5.
 * source:   RFC 3164 4.1.2 (the date), the Gregorian calendar's cycle of 400 years, 146097 days. */
#include "event/year_rule.h"

enum { DAY_S = 86400, HALF_YEAR_S = 180 * DAY_S, STRAGGLER_S = 30 * DAY_S, SLACK_S = DAY_S };

int64_t year_rule_days(int64_t year, unsigned month, unsigned day)
{
    int64_t y = month > 2 ? year : year - 1;
    int64_t m = month > 2 ? (int64_t)month - 3 : (int64_t)month + 9;
    int64_t century_cycle = y >= 0 ? y / 400 : (y - 399) / 400;
    int64_t year_in_cycle = y - century_cycle * 400;
    int64_t day_in_cycle =
        year_in_cycle * 365 + year_in_cycle / 4 - year_in_cycle / 100 + (153 * m + 2) / 5 + day - 1;

    return century_cycle * 146097 + day_in_cycle - 719468;
}

void year_rule_init(struct year_rule *rule, int explicit_year, int64_t reference_us)
{
    *rule = (struct year_rule){.explicit_year = explicit_year, .reference_us = reference_us};
}

static bool is_leap(int year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int64_t seconds_in(int year, unsigned month, unsigned day, int64_t day_s)
{
    return year_rule_days(year, month, day) * DAY_S + day_s;
}

/* An upper bound of the reference's year, counted in mean years; the search below goes down from
 * it. */
static int year_bound(int64_t limit_s)
{
    return 1971 + (int)(limit_s / 31556952);
}

static int first_year(const struct year_rule *rule, unsigned month, unsigned day, int64_t day_s)
{
    if (rule->explicit_year != 0)
        return rule->explicit_year;

    int64_t limit_s = rule->reference_us / 1000000 + SLACK_S;
    int year = year_bound(limit_s);
    bool leap_day = month == 2 && day == 29;

    while (seconds_in(year, month, day, day_s) > limit_s || (leap_day && !is_leap(year)))
        year--;
    return year;
}

int64_t year_rule_seconds(struct year_rule *rule, unsigned month, unsigned day, int64_t day_s)
{
    if (!rule->started) {
        rule->year = first_year(rule, month, day, day_s);
        rule->started = true;
        return rule->last_s = seconds_in(rule->year, month, day, day_s);
    }
    int64_t s = seconds_in(rule->year, month, day, day_s);
    if (s - rule->last_s > HALF_YEAR_S) {
        int64_t year_before_s = seconds_in(rule->year - 1, month, day, day_s);
        if (rule->last_s - year_before_s <= STRAGGLER_S)
            return year_before_s;
    }
    if (s - rule->last_s < -HALF_YEAR_S)
        s = seconds_in(++rule->year, month, day, day_s);
    return rule->last_s = s;
}
