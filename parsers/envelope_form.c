/* envelope_form.c - the name of a line's envelope, for people
 * algorithm: the order in which envelope_read() tries the forms, told by the first bytes only
 * source:    envelope.c, envelope_json.c
 * limits:    only for lines of which envelope_read() made a record: nothing is checked again */
#include "base/cursor.h"
#include "envelope.h"

static bool is_digit_at(slice s, size_t i)
{
    return i < s.len && s.ptr[i] >= '0' && s.ptr[i] <= '9';
}

/* "2026-11-27T...", as against "1796000000.123" and "2026 Nov 27". */
static bool is_iso(slice cur)
{
    return is_digit_at(cur, 0) && cur.len > 4 && cur.ptr[4] == '-';
}

static const char *form_of_iso(slice cur)
{
    slice rest = slice_from(cur, slice_find_byte(cur, ' '));

    if (slice_starts(rest, SLICE_LIT(" stdout ")) || slice_starts(rest, SLICE_LIT(" stderr ")))
        return "Kubernetes CRI";
    return "syslog with an ISO 8601 time (RFC 3339)";
}

const char *envelope_form(slice line)
{
    slice cur = line, after;
    bool priority = false;

    if (line.len > 0 && line.ptr[0] == '{')
        return slice_has(line, SLICE_LIT("\"MESSAGE\"")) ? "journal JSON" : "docker json-file";
    if (line.len > 0 && line.ptr[0] == '@')
        return "multilog (TAI64N)";
    if (line.len > 0 && line.ptr[0] == '<') {
        cur = slice_from(cur, slice_find_byte(cur, '>') + 1);
        priority = true;
    }
    if (priority && slice_starts(cur, SLICE_LIT("1 ")))
        return "RFC 5424";
    after = slice_from(cur, slice_find(cur, SLICE_LIT(" | ")));
    if (!priority && !is_iso(cur) && is_iso(slice_from(after, 3)))
        return "docker compose";
    if (is_iso(cur))
        return form_of_iso(cur);
    if (is_digit_at(cur, 0) && cur.len > 4 && cur.ptr[4] != ' ')
        return "journalctl short-unix";
    return "syslog (RFC 3164)";
}
