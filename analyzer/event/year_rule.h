/* year_rule.h - which year a syslog time belongs to
 *
 * RFC 3164 writes "Nov  5 09:11:01": no year. One rule per source, and it reads no clock:
 *
 *   1. The first line gets the year the user gave (--year). Without one it gets the largest year
 *      in which its time is not later than the reference + 24 h. The reference is the file's
 *      modification time, or the start of the run for a pipe. The 24 h cover zones and clocks that
 *      differ.
 *   2. A line more than 180 days before the one before it means New Year: the year grows by one.
 *   3. A line more than 180 days after the one before it, which in the year before would be at
 *      most 30 days older than that one, is a straggler of the old year (31 December after
 *      1 January): it, and only it, gets the year before, and the next line is still compared with
 *      the line before the straggler. Any other jump forward is a gap and stays in the year.
 *   4. 29 February: the first line gets a leap year. Where the running year is not one, the day
 *      counts as 1 March.
 *
 * The year never comes from anything else in the line. Times are wall-clock; the zone does not
 * matter here. Limits: a gap of about a whole year is not seen; give one file per year, or
 * --year. */
#ifndef EVENT_YEAR_RULE_H
#define EVENT_YEAR_RULE_H

#include <stdbool.h>
#include <stdint.h>

struct year_rule {
    int64_t reference_us;
    int64_t last_s; /* wall-clock seconds of the last line that was no straggler */
    int explicit_year;
    int year;
    bool started;
};

/* year_rule_init - start a source
 *
 *   in        explicit_year   --year, or 0 for none
 *             reference_us    UTC microseconds, see rule 1 */
void year_rule_init(struct year_rule *rule, int explicit_year, int64_t reference_us);

/* year_rule_seconds - wall-clock seconds since 1970 of a date without a year; moves the rule on
 *
 *   in        month, day    1..12, 1..31 and valid for the month in some year
 *             day_s         seconds since midnight
 *   result    as if the wall clock were UTC */
int64_t year_rule_seconds(struct year_rule *rule, unsigned month, unsigned day, int64_t day_s);

/* year_rule_days - days from 1970-01-01 to a date of the Gregorian calendar; month 1..12 */
int64_t year_rule_days(int64_t year, unsigned month, unsigned day);

#endif
