/* regional_time.h - dates and times as Windows programs write them in the server's regional format
 *
 * "5/13/00 2:36:27 PM", "13.05.00 14:36:27", "13/05/2000 14:36:27", "2000-05-13 14:36:27",
 * "13.05.00 14.36.27". The order of day and month is not stated anywhere: it is taken from the
 * separator and the clock, and from the first date that can be read one way only.
 *
 * source: Windows short date and long time formats of the regional settings. */
#ifndef EVENT_REGIONAL_TIME_H
#define EVENT_REGIONAL_TIME_H

#include "event/time_zone.h"

enum date_order { DATE_ORDER_UNKNOWN, DATE_MONTH_FIRST, DATE_DAY_FIRST };

struct regional_time {
    const struct time_zone *zone; /* borrowed; outlives the source */
    enum date_order order;        /* learnt from a date with a number above 12 */
    int64_t last_s;               /* UTC seconds of the last time; INT64_MIN before the first */
};

/* regional_time_init - start a source; zone is borrowed */
void regional_time_init(struct regional_time *rt, const struct time_zone *zone);

/* A date as it stands: three numbers in their order and what is between them. */
struct regional_date {
    unsigned number[3];
    unsigned digits[3];
    char separator;
};

/* regional_time_take_date - read three numbers with '/', '.' or '-' between them
 *
 *   in        cur   the date is expected at its first byte; advanced on success only
 *   result    false when it is no date in any order of day and month */
bool regional_time_take_date(slice *cur, struct regional_date *ret);

/* regional_time_take_clock - read "2:36:27 PM", "14:36:27", "14.36.27" or "14:36"
 *
 *   out       ret_s      seconds since midnight
 *             ret_half   true when AM or PM was said: a clock of twelve hours */
bool regional_time_take_clock(slice *cur, int64_t *ret_s, bool *ret_half);

/* regional_time_us - UTC microseconds of a date and a clock; learns the order and moves the source
 * on
 *
 *   in        half   as regional_time_take_clock() told it
 *   out       ret_us
 *   result    false when the date does not exist in the order that holds for this source
 *   notes     a year of two digits: 70 to 99 are 1970 to 1999. With '/' the month comes first if
 *             the clock has AM and PM, else the day, until a date proves the contrary; with '.' and
 *             '-' the day; a first number of four digits is the year */
bool regional_time_us(struct regional_time *rt, const struct regional_date *date, int64_t clock_s,
                      bool half, int64_t *ret_us);

/* regional_time_take - a date, a comma or blank, a clock: all of the above in one
 *
 *   in        cur   advanced past the clock on success only */
bool regional_time_take(struct regional_time *rt, slice *cur, int64_t *ret_us);

#endif
