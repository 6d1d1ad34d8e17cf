/* exchange_protocol_refuse.c - commands of clients that this server refused
 *
 * A wrong order or form of commands is a matter of the protocol, all else is a refusal. Recipients
 * and logins have events of their own.
 * source:   RFC 5321 4.2.4 (500 to 504), RFC 3463 (X.5.X); real rows
 * limits:   what a client wrote that is no SMTP is told by its first word or its control bytes */
#include "exchange_protocol.h"

static bool has_bytes_of_no_text(slice line)
{
    for (size_t i = 0; i < line.len; i++)
        if ((unsigned char)line.ptr[i] < 0x20 && line.ptr[i] != '\t')
            return true;
    return false;
}

static enum anomaly anomaly_of(slice line)
{
    static const char *const verbs[] = {"GET ", "POST ", "PUT ", "HEAD ", "OPTIONS ", "CONNECT "};

    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++)
        if (slice_starts(line, slice_of(verbs[i])))
            return ANOMALY_NON_SMTP;
    return has_bytes_of_no_text(line) ? ANOMALY_NON_SMTP : ANOMALY_BAD_SYNTAX;
}

static enum smtp_stage stage_of(enum exchange_verb verb)
{
    switch (verb) {
    case EXCHANGE_EHLO:
        return STAGE_HELO;
    case EXCHANGE_STARTTLS:
    case EXCHANGE_ANONYMOUSTLS:
        return STAGE_STARTTLS;
    case EXCHANGE_MAIL:
        return STAGE_MAIL;
    case EXCHANGE_RCPT:
        return STAGE_RCPT;
    case EXCHANGE_DATA:
        return STAGE_DATA;
    case EXCHANGE_END_OF_DATA:
    case EXCHANGE_BDAT:
    case EXCHANGE_BDAT_LAST:
        return STAGE_END_OF_DATA;
    case EXCHANGE_VRFY:
        return STAGE_VRFY;
    default:
        return STAGE_OTHER;
    }
}

static slice command_name(enum exchange_verb verb)
{
    static const char *const names[] = {
        [EXCHANGE_EHLO] = "EHLO", [EXCHANGE_STARTTLS] = "STARTTLS",
        [EXCHANGE_MAIL] = "MAIL", [EXCHANGE_RCPT] = "RCPT",
        [EXCHANGE_DATA] = "DATA", [EXCHANGE_END_OF_DATA] = "end of data",
        [EXCHANGE_BDAT] = "BDAT", [EXCHANGE_BDAT_LAST] = "BDAT",
        [EXCHANGE_VRFY] = "VRFY", [EXCHANGE_XPROXYFROM] = NULL};

    return slice_of(names[verb]);
}

bool exchange_protocol_is_syntax(const struct exchange_reply *r)
{
    return r->code == 503 || (r->code >= 500 && r->code <= 504 && r->status[1] == 5);
}

static void tell_protocol(struct exchange_row *row, const struct exchange_command *c,
                          const struct exchange_reply *reply, slice text)
{
    bool unknown = stage_of((enum exchange_verb)c->verb) == STAGE_OTHER;
    slice line = exchange_protocol_command_text(c);
    struct event *ev =
        exchange_protocol_client_event(row, EVENT_PROTOCOL, stage_of((enum exchange_verb)c->verb));

    ev->anomaly = unknown ? anomaly_of(line) : ANOMALY_BAD_SYNTAX;
    exchange_text_set_reply(ev, reply, c->verb == EXCHANGE_OTHER && line.len > 0 ? line : text);
    event_set(ev, EF_COMMAND,
              unknown ? SLICE_LIT("UNKNOWN") : command_name((enum exchange_verb)c->verb));
    exchange_protocol_emit(row);
}

static void tell_refusal(struct exchange_row *row, const struct exchange_command *c,
                         const struct exchange_reply *reply, slice text)
{
    enum smtp_stage stage = stage_of((enum exchange_verb)c->verb);
    slice argument = exchange_protocol_command_text(c);
    struct event *ev = exchange_protocol_client_event(row, EVENT_REFUSAL, stage);

    ev->outcome = exchange_text_outcome(reply->code);
    exchange_text_set_reply(ev, reply, text);
    event_set(ev, EF_COMMAND, command_name((enum exchange_verb)c->verb));
    exchange_protocol_set_login(ev, row->s);
    if (c->verb == EXCHANGE_MAIL && argument.ptr != NULL)
        event_set_sender(ev, argument);
    else
        exchange_protocol_set_sender(ev, row->s);
    if (c->verb == EXCHANGE_VRFY)
        event_set(ev, EF_RCPT, exchange_text_angle(argument));
    if (c->verb == EXCHANGE_EHLO && argument.len > 0)
        event_set(ev, EF_HELO, argument);
    exchange_protocol_emit(row);
}

void exchange_protocol_refuse(struct exchange_row *row, const struct exchange_command *c,
                              const struct exchange_reply *reply, slice text)
{
    bool unknown = stage_of((enum exchange_verb)c->verb) == STAGE_OTHER;

    if (unknown || exchange_protocol_is_syntax(reply))
        tell_protocol(row, c, reply, text);
    else
        tell_refusal(row, c, reply, text);
}
