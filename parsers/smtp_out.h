/* smtp_out.h - where the events of a protocol log's record go: what the SMTP modules share */
#ifndef PARSERS_SMTP_OUT_H
#define PARSERS_SMTP_OUT_H

#include "event/parser.h"
#include "smtp_text.h"

/* One record on its way to events; made for each parse(), everything borrowed. */
struct smtp_out {
    const struct record *rec;
    struct event *ev;
    const struct event_sink *sink;
    slice host, service; /* of the server that wrote the log; absent when it says neither */
    unsigned events;     /* handed over so far */
};

/* smtp_out_begin - an empty event of this kind, with time, place and server set */
struct event *smtp_out_begin(struct smtp_out *out, enum event_kind kind);

/* smtp_out_emit - hand the present event over */
void smtp_out_emit(struct smtp_out *out);

/* smtp_out_reply - set codes and text of an event from a reply, and command from its verb */
void smtp_out_reply(struct event *ev, const struct smtp_command *c, const struct smtp_reply *r);

/* smtp_out_result - PARSE_EVENT when something was handed over, else PARSE_SKIP */
enum parse_result smtp_out_result(const struct smtp_out *out);

#endif
