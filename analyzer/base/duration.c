/* duration.c - "90s" -> microseconds
 * grammar:  1*7DIGIT ( "s" / "m" / "h" / "d" )
 * limits:   DURATION_DAYS_MAX */
#include "base/duration.h"

static int64_t seconds_of(char unit)
{
    switch (unit) {
    case 's':
        return 1;
    case 'm':
        return 60;
    case 'h':
        return 3600;
    case 'd':
        return 86400;
    default:
        return 0;
    }
}

bool duration_parse(slice text, int64_t *ret_us)
{
    int64_t n = 0, seconds;

    if (text.len < 2 || text.len > 8)
        return false;
    for (size_t i = 0; i + 1 < text.len; i++) {
        if (text.ptr[i] < '0' || text.ptr[i] > '9')
            return false;
        n = n * 10 + (text.ptr[i] - '0');
    }
    seconds = n * seconds_of(text.ptr[text.len - 1]);
    if (seconds < 1 || seconds > (int64_t)DURATION_DAYS_MAX * 86400)
        return false;
    *ret_us = seconds * 1000000;
    return true;
}
