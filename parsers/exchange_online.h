/* exchange_online.h - message trace objects and downloads of Exchange Online, shared by the files
 * exchange_online*.c */
#ifndef PARSERS_EXCHANGE_ONLINE_H
#define PARSERS_EXCHANGE_ONLINE_H

#include "exchange_csv.h"
#include "json_line.h"

enum { ONLINE_LEVELS = 16, ONLINE_UNESCAPED = 16384 };

/* One message to one recipient, as message trace tells it; members may be absent. */
struct exchange_online_trace {
    slice organization, message_id, received, sender, recipient, status, to_ip, from_ip, size, id;
};

/* Objects of a text that hold a key, innermost first: alone on their lines, in an array, or in the
 * "value" of an answer of the service. */
struct exchange_online_walk {
    slice text;
    size_t at;
    unsigned depth;
    size_t start[ONLINE_LEVELS];
    bool holds[ONLINE_LEVELS]; /* a record lies inside: the object is a wrapping */
};

struct exchange_online {
    struct exchange_csv csv;
    /* an object over several lines, held in csv.room */
    size_t held;
    unsigned depth; /* open braces; 0: none is held */
    bool reopened;  /* the line that ended the last object began the next */
    bool too_long;
    struct line_pos begun;
    char unescaped[ONLINE_UNESCAPED];
};

/* exchange_online_time - a time of a cell or member: RFC 3339, as people read it, "/Date(MS)/"
 *
 *   in        local   a time that names no zone is local, else UTC */
bool exchange_online_time(struct exchange_csv *f, bool local, slice text, int64_t *ret_us);

/* exchange_online_next - the next object of the walk that is a message trace; false at the end */
bool exchange_online_next(struct exchange_online_walk *walk, slice *ret);
/* exchange_online_object - its members
 *
 *   lifetime  borrowed from object and room */
bool exchange_online_object(slice object, struct json_room *room,
                            struct exchange_online_trace *ret);
/* exchange_online_read_json - the parser's read() for lines of JSON */
enum record_status exchange_online_read_json(struct exchange_online *s, slice line,
                                             struct record *rec);

/* What the events of one message share. */
struct exchange_online_out {
    const struct record *rec;
    struct event *ev;
    const struct event_sink *sink;
    int64_t time_us;
};

/* exchange_online_give_trace - the events of a message trace */
enum parse_result exchange_online_give_trace(const struct exchange_online_out *out,
                                             const struct exchange_online_trace *trace);
/* exchange_online_give_summary - the events of a row of the enhanced summary
 *
 *   in        trace      recipient and status absent, from_ip the client
 *             statuses   "ADDRESS##WORD, WORD;ADDRESS##..." */
enum parse_result exchange_online_give_summary(const struct exchange_online_out *out,
                                               const struct exchange_online_trace *trace,
                                               slice statuses);

#endif
