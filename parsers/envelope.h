/* envelope.h - take the syslog, journal or container wrapper off a line
 *
 * Forms that are read (see envelope.c for the grammar): RFC 3164 with its many dialects, RFC 3339
 * heads as rsyslog writes them, RFC 5424, journalctl short, short-iso, short-unix and json, docker
 * and compose prefixes, docker json-file, Kubernetes CRI. One struct envelope per source.
 *
 * Escapes that a syslog daemon made of control bytes (rsyslog: #011, #012; BSD: \ooo, ^I) stay in
 * the text as they are: undoing them could only give bytes that no later stage wants, and the
 * evidence would differ from the file. */
#ifndef PARSERS_ENVELOPE_H
#define PARSERS_ENVELOPE_H

#include "event/parser.h"
#include "event/timestamp.h"
#include "json_line.h"

enum { ENVELOPE_ROOM = 16384, ENVELOPE_LAST = 2560, ENVELOPE_HOST = 64 };

enum envelope_result {
    ENVELOPE_RECORD, /* rec is filled */
    ENVELOPE_SKIP,   /* blank line, "==> file <==" of tail, journal banner, rest of a split line */
    ENVELOPE_REJECT  /* no form was recognised */
};

/* State of one source. Some 20 KB, allocated by the caller once per source. */
struct envelope {
    struct timestamp time;
    bool partial;    /* CRI, json-file: the line before was cut by the container runtime */
    size_t last_len; /* bytes in `last`; 0: nothing kept */
    size_t host_len; /* of `host`; 0: the line before was of another form */
    char host[ENVELOPE_HOST + 2]; /* of the line before, with the blanks around it */
    struct json_room room;
    char last[ENVELOPE_LAST];       /* the last syslog line, for "last message repeated N times" */
    char room_bytes[ENVELOPE_ROOM]; /* unescaped JSON text */
};

/* envelope_init - start a source; parameters as in timestamp_init() */
void envelope_init(struct envelope *state, const struct time_zone *zone, int explicit_year,
                   int64_t reference_us);

/* envelope_read - take the wrapper off one line
 *
 *   in        state   of this source
 *             line    without its newline; a CR and NUL padding at its ends are ignored
 *   in/out    rec     all members but `pos` are set on ENVELOPE_RECORD; pos is the caller's
 *   lifetime  slices point into line or into state: valid until the next call with this state
 *   limits    JSON text beyond ENVELOPE_ROOM bytes is cut. "last message repeated" gives the line
 *             before it once more, with repeat = N, if that came from the same host; otherwise it
 *             is skipped */
enum envelope_result envelope_read(struct envelope *state, slice line, struct record *rec);

/* envelope_read_plain - as envelope_read, for a line that is not empty and no JSON object */
enum envelope_result envelope_read_plain(struct envelope *state, slice line, struct record *rec);

/* envelope_read_again - as envelope_read, for a line whose minute and host are those of the line
 * before it, nearly every line of a busy log; false: ask the others, nothing was touched */
bool envelope_read_again(struct envelope *state, slice line, struct record *rec);

/* envelope_keep_last - keep a copy of a line for "last message repeated N times" */
void envelope_keep_last(struct envelope *state, slice line);

/* envelope_form - the name of the form of a line, for people; static text
 *
 *   in        line   one of which envelope_read() made a record */
const char *envelope_form(slice line);

/* envelope_split_tag - split "tag[pid]:", "tag[pid]" or "tag:" into rec; false when the token is
 * none of them */
bool envelope_split_tag(slice token, struct record *rec);

/* envelope_read_json - as envelope_read, for a line that begins with "{" */
enum envelope_result envelope_read_json(struct envelope *state, slice line, struct record *rec);

/* envelope_read_rfc5424 - as envelope_read, for what follows "<PRI>1 " */
enum envelope_result envelope_read_rfc5424(struct envelope *state, slice rest, struct record *rec);

/* envelope_finish_text - last step of every form: take the marks of Solaris ("[ID ...] ") and of
 * rsyslog ("message repeated N times: [ ...]") off rec->text */
void envelope_finish_text(struct record *rec);

#endif
