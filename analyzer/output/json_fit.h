/* json_fit.h - one alert as one JSON line that no log shipper cuts
 *
 * source: Splunk cuts a line at 10,000 bytes (TRUNCATE), and others near it. */
#ifndef OUTPUT_JSON_FIT_H
#define OUTPUT_JSON_FIT_H

#include "output/json.h"

/* How much of an alert goes into a document. */
struct json_detail {
    size_t text_max, sample_max, key_max; /* bytes of a text, a log line, an identifying text */
    unsigned samples, related;            /* how many */
};

/* json_fit - append put()'s document and "\n"; again with less detail while it is too long
 *
 *   in        put     writes one object; text_max of j is set, it may be changed and put back
 *   result    at most JSON_LINE_MAX bytes as long as the last level of detail has them */
void json_fit(const struct run_info *run, const struct alert *alert, struct outbuf *out,
              void (*put)(struct json *j, const struct run_info *run, const struct alert *alert,
                          const struct json_detail *detail));

/* json_key_text - an identifying text of the log, cut later than others */
void json_key_text(struct json *j, const char *key, const char *value,
                   const struct json_detail *detail);

/* json_samples - the log lines as an array of strings */
void json_samples(struct json *j, const char *key, const struct alert *alert,
                  const struct json_detail *detail);

/* json_seconds - a time member as a number of seconds with three decimals; left out when
 * unknown */
void json_seconds(struct json *j, const char *key, int64_t time_us);

#endif
