/* text_format.c - numbers, sizes and times for the text report
 *
 * Times are UTC and end in Z, so that they can be searched for in the log of another host. A time
 * never breaks over two lines: its blank is U+00A0, which the terminal gets as a plain blank.
 * limits:  years outside 0..9999 show as "?". */
#include "output/text_format.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "output/page.h"

const char *text_count(uint64_t n, char *buf)
{
    char digits[24];
    int length = snprintf(digits, sizeof(digits), "%" PRIu64, n);
    size_t at = 0;
    for (int i = 0; i < length; i++) {
        if (i > 0 && (length - i) % 3 == 0)
            buf[at++] = ',';
        buf[at++] = digits[i];
    }
    buf[at] = '\0';
    return buf;
}

const char *text_real(double value, char *buf)
{
    if (isfinite(value) && value >= 0 && value < 1e15 && value == floor(value))
        return text_count((uint64_t)value, buf);
    snprintf(buf, TEXT_NUMBER, isfinite(value) && fabs(value) < 1e15 ? "%.2f" : "%.3g", value);
    return buf;
}

const char *text_size(uint64_t size_bytes, char *buf)
{
    static const char *const units[] = {"kB", "MB", "GB", "TB", "PB", "EB"};
    if (size_bytes < 1000) {
        snprintf(buf, TEXT_NUMBER, "%" PRIu64 " B", size_bytes);
        return buf;
    }
    double value = (double)size_bytes / 1000;
    unsigned unit = 0;
    while (value >= 999.5 && unit + 1 < sizeof(units) / sizeof(units[0])) {
        value /= 1000;
        unit++;
    }
    snprintf(buf, TEXT_NUMBER, value < 9.95 ? "%.1f %s" : "%.0f %s", value, units[unit]);
    return buf;
}

const char *text_percent(double part, double whole, char *buf)
{
    double percent = whole > 0 ? 100 * part / whole : 0;
    if (percent > 0 && percent < 0.1)
        snprintf(buf, TEXT_NUMBER, "<0.1%%");
    else if (percent < 9.95 && percent > 0)
        snprintf(buf, TEXT_NUMBER, "%.1f%%", percent);
    else
        snprintf(buf, TEXT_NUMBER, "%.0f%%", percent > 100 ? 100 : percent);
    return buf;
}

/* The parts of a UTC time; false when the year has not four digits. */
static bool split_time(int64_t time_us, struct tm *ret)
{
    int64_t seconds = time_us / 1000000 - (time_us % 1000000 < 0);
    time_t t = (time_t)seconds;
    return gmtime_r(&t, ret) != NULL && ret->tm_year >= -1900 && ret->tm_year <= 8099;
}

static void format_date(const struct tm *tm, char *buf, size_t size)
{
    snprintf(buf, size, "%04d-%02d-%02d" TEXT_NBSP "%02d:%02d:%02dZ", tm->tm_year + 1900,
             tm->tm_mon + 1, tm->tm_mday, tm->tm_hour, tm->tm_min, tm->tm_sec);
}

const char *text_time(int64_t time_us, char *buf)
{
    struct tm tm;
    if (time_us == 0 || !split_time(time_us, &tm))
        snprintf(buf, TEXT_TIME, "?");
    else
        format_date(&tm, buf, TEXT_TIME);
    return buf;
}

const char *text_span(int64_t first_us, int64_t last_us, char *buf)
{
    char first[TEXT_TIME], last[TEXT_TIME];
    text_time(first_us, first);
    text_time(last_us, last);
    size_t date = sizeof("2026-03-02" TEXT_NBSP) - 1;
    if (strcmp(first, last) == 0)
        snprintf(buf, TEXT_SPAN, "%s", first);
    else if (strlen(first) == strlen(last) && strncmp(first, last, date) == 0)
        snprintf(buf, TEXT_SPAN, "%s" TEXT_NBSP "-" TEXT_NBSP "%s", first, last + date);
    else
        snprintf(buf, TEXT_SPAN, "%s" TEXT_NBSP "- %s", first, last);
    return buf;
}

const char *text_width(int64_t width_us, char *buf)
{
    static const struct {
        int64_t seconds;
        const char *name;
    } units[] = {{86400, "d"}, {3600, "h"}, {60, "min"}, {1, "s"}};
    int64_t seconds = width_us / 1000000;
    unsigned unit = 0;
    while (seconds % units[unit].seconds != 0)
        unit++;
    snprintf(buf, TEXT_NUMBER, "%" PRId64 " %s", seconds / units[unit].seconds, units[unit].name);
    return buf;
}

void text_add(char *buf, size_t size, const char *format, ...)
{
    size_t used = strlen(buf);
    va_list args;
    va_start(args, format);
    vsnprintf(buf + used, size - used, format, args);
    va_end(args);
}
