/* envelope_again.c - the short way for a line that begins like the line before
 *
 * Grammar:  Mon DD hh:mm:ss " " HOST " " TAG ["[" PID "]"] ":" " " TEXT
 * Where the thirteen bytes up to the seconds are those of the minute worked out last, and HOST is
 * that of the line before, both are known to be what they look like, and only seconds, tag and pid
 * are left to be read. Anything unusual is left to envelope_read_plain(), which gives the same
 * record for every line that is read here.
 * source:   RFC 3164; see envelope.c. */
#include "envelope.h"

#include "base/bytes.h"

enum { HEAD = 15, ROOM_FOR_TAG = 5 }; /* bytes of a time; of the shortest tag with its text */

/* Bytes that envelope_read() or envelope_finish_text() would take off. */
static bool has_trimmings(slice line, slice text)
{
    char last = line.ptr[line.len - 1];

    return last == '\r' || last == '\0' || last == ',' || text.ptr[0] == '[' || text.ptr[0] == 'm';
}

bool envelope_read_again(struct envelope *state, slice line, struct record *rec)
{
    size_t before_tag = HEAD + state->host_len + 2;

    if (state->host_len == 0 || line.len < before_tag + ROOM_FOR_TAG ||
        !timestamp_same_minute(&state->time, line.ptr, &rec->time_us) ||
        !bytes_eq(line.ptr + HEAD, state->host, state->host_len + 2))
        return false;
    slice rest = {line.ptr + before_tag, line.len - before_tag};
    size_t word = bytes_find(rest.ptr, rest.len, ' ');
    if (word == 0 || word + 1 >= rest.len || rest.ptr[0] == '\t')
        return false;
    rec->text = (slice){rest.ptr + word + 1, rest.len - word - 1};
    if (has_trimmings(line, rec->text) || !envelope_split_tag((slice){rest.ptr, word}, rec))
        return false;
    rec->has_time = true;
    rec->repeat = 1;
    rec->host = (slice){line.ptr + HEAD + 1, state->host_len};
    state->time.last_us = rec->time_us;
    state->partial = false;
    envelope_keep_last(state, line);
    return true;
}
