/* text_format.h - numbers, sizes and times as people read them: C strings in the caller's buf */
#ifndef OUTPUT_TEXT_FORMAT_H
#define OUTPUT_TEXT_FORMAT_H

#include <stddef.h>
#include <stdint.h>

enum { TEXT_NUMBER = 32, TEXT_TIME = 40, TEXT_SPAN = 96 }; /* sizes of buf that hold any result */

/* text_count - "1,234,567" into buf[TEXT_NUMBER] */
const char *text_count(uint64_t n, char *buf);

/* text_real - an observed value into buf[TEXT_NUMBER]: like text_count when whole, else with two
 * decimals */
const char *text_real(double value, char *buf);

/* text_size - "812 B", "1.8 MB" (powers of 1000) into buf[TEXT_NUMBER] */
const char *text_size(uint64_t size_bytes, char *buf);

/* text_percent - part of whole as "4.1%" below 10, "48%" above, "<0.1%" when tiny, into
 * buf[TEXT_NUMBER] */
const char *text_percent(double part, double whole, char *buf);

/* text_time - "2026-03-02 03:00:32Z" into buf[TEXT_TIME]; the blank is a no-break space for
 * page_wrap()
 *
 *   units     microseconds since 1970-01-01 UTC; 0 gives "?" */
const char *text_time(int64_t time_us, char *buf);

/* text_span - "2026-03-02 03:00:32Z - 05:10:00Z" into buf[TEXT_SPAN]; the second date only when it
 * differs, one time only when both are equal */
const char *text_span(int64_t first_us, int64_t last_us, char *buf);

/* text_width - a round length of time in one unit, "30 min", "2 h", "1 d", into buf[TEXT_NUMBER]
 *
 *   units     microseconds; less than a second is not shown */
const char *text_width(int64_t width_us, char *buf);

/* text_add - append printf-style to the C string in buf[size]; what does not fit is dropped */
void text_add(char *buf, size_t size, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
