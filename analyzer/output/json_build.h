/* json_build.h - writes JSON members in the order of the calls, leaves empty ones out
 *
 * Built for documents of which two runs can be compared byte by byte: no sorting, no floating point
 * surprises, no empty string, object or array unless it is asked for. Text from a log may be passed
 * as it is. */
#ifndef OUTPUT_JSON_BUILD_H
#define OUTPUT_JSON_BUILD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/ip_addr.h"
#include "base/outbuf.h"

struct json {
    struct outbuf *out;
    size_t text_max; /* longest json_text() in bytes before escaping; cut at a code point */
    bool comma;      /* the next member needs a comma in front */
    bool cut;        /* a string was cut */
};

/* What json_close needs to know; opaque to callers. */
struct json_mark {
    size_t start, body;
    bool comma;
    char close;
};

/* json_begin - a writer appending to out, which must outlive it */
struct json json_begin(struct outbuf *out, size_t text_max);

/* json_object, json_array - open a container; key NULL inside an array or at the top */
struct json_mark json_object(struct json *j, const char *key);
struct json_mark json_array(struct json *j, const char *key);

/* json_close - close the container; when nothing was put into it, it and its key vanish */
void json_close(struct json *j, struct json_mark mark);

/* json_close_kept - close the container; an empty one stays as {} or [] */
void json_close_kept(struct json *j, struct json_mark mark);

/* json_text - a string member with text from a log, cut to text_max; left out when empty; key NULL
 * in an array */
void json_text(struct json *j, const char *key, slice value);

/* json_text_kept - the same, but written even when empty */
void json_text_kept(struct json *j, const char *key, slice value);

/* json_string - a string member in our own words, never cut; left out when NULL or empty; key NULL
 * in an array */
void json_string(struct json *j, const char *key, const char *value);

/* json_u64, json_i64, json_bool - a number or truth value member; always written */
void json_u64(struct json *j, const char *key, uint64_t value);
void json_i64(struct json *j, const char *key, int64_t value);
void json_bool(struct json *j, const char *key, bool value);

/* json_real - a number member: an integer when it is one, else at most six significant decimals;
 * left out when it is not finite */
void json_real(struct json *j, const char *key, double value);

/* json_score - a number member with one decimal, always written with its point: 73.0 */
void json_score(struct json *j, const char *key, double value);

/* json_time - a timestamp member in UTC with milliseconds; 0 is absent and left out */
void json_time(struct json *j, const char *key, int64_t time_us);

/* json_ip - an address member; left out when the family is 0 */
void json_ip(struct json *j, const char *key, const struct ip_addr *ip);

/* json_words - an array of strings from a comma separated list; left out when empty */
void json_words(struct json *j, const char *key, const char *list);

#endif
