/* smtp_out.c - begin, fill and hand over the events of a protocol log */
#include "smtp_out.h"

struct event *smtp_out_begin(struct smtp_out *out, enum event_kind kind)
{
    struct event *ev = out->ev;

    event_reset(ev);
    ev->kind = kind;
    ev->time_us = out->rec->time_us;
    ev->pos = out->rec->pos;
    event_set(ev, EF_HOST, out->host);
    event_set(ev, EF_SERVICE, out->service);
    return ev;
}

void smtp_out_emit(struct smtp_out *out)
{
    out->events++;
    out->sink->take(out->sink->arg, out->ev);
}

void smtp_out_reply(struct event *ev, const struct smtp_command *c, const struct smtp_reply *r)
{
    ev->reply_code = r->code;
    memcpy(ev->status, r->status, sizeof ev->status);
    event_set(ev, EF_TEXT, r->text);
    if (c != NULL)
        event_set(ev, EF_COMMAND, c->word);
}

enum parse_result smtp_out_result(const struct smtp_out *out)
{
    return out->events > 0 ? PARSE_EVENT : PARSE_SKIP;
}
