/* json_line.h - walk the members of one JSON object on one line, without building a tree
 *
 * For log files whose every line is an object (journalctl -o json, container logs). Values are
 * slices over the line; only a string with escapes, or text given as an array of bytes, is written
 * into a buffer of the caller's. */
#ifndef PARSERS_JSON_LINE_H
#define PARSERS_JSON_LINE_H

#include <stdint.h>

#include "base/slice.h"

enum json_kind { JSON_NULL, JSON_STRING, JSON_NUMBER, JSON_BOOL, JSON_ARRAY, JSON_OBJECT };

/* A value as it stands in the line. raw: a string without its quotes, others with brackets. */
struct json_value {
    enum json_kind kind;
    bool escaped; /* a string that holds a backslash */
    slice raw;
};

struct json_line {
    slice rest;  /* what is still to be read */
    bool broken; /* a syntax error was met: the line is not the object it began as */
    bool begun;
};

/* Room for unescaped text: many values share it, one after the other. */
struct json_room {
    char *bytes; /* owner: the caller */
    size_t size, used;
};

/* json_line_begin - start on a line; false when it does not begin with "{" */
bool json_line_begin(slice line, struct json_line *ret);

/* json_line_next - read the next member
 *
 *   out       ret_key     as it stands, escapes are not taken out of keys
 *             ret_value   borrowed from the line
 *   result    false at the end of the object, or with `broken` set on a syntax error
 *   limits    strict RFC 8259, but nested values (up to 32 levels) are only skipped */
bool json_line_next(struct json_line *json, slice *ret_key, struct json_value *ret_value);

/* json_line_text - a value as text
 *
 *   in        value   string; array of byte numbers (journald: text that is not printable); array
 *                     of strings (the first counts); number (its digits); others are absent
 *             room    unescaped bytes go there
 *   result    absent when there is no text; cut when room is full
 *   lifetime  borrowed from the line or from room
 *   source    RFC 8259 7; systemd "Journal JSON Format" */
slice json_line_text(const struct json_value *value, struct json_room *room);

#endif
