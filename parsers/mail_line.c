/* mail_line.c - pieces that the lines of several mail servers have in common
 * source:  RFC 5321 4.1.2 (quoted local parts), 4.2 (replies), 4.1.3 (address literals), RFC 3463
 */
#include "mail_line.h"

#include "base/cursor.h"
#include "smtp_text.h"

struct event *mail_begin(struct mail_line *line, enum event_kind kind)
{
    struct event *ev = line->ev;

    record_event(line->rec, kind, ev);
    event_set(ev, EF_INSTANCE, line->instance);
    event_set(ev, EF_PROGRAM, line->program);
    event_set(ev, EF_QUEUE_ID, line->queue_id);
    return ev;
}

enum parse_result mail_emit(struct mail_line *line)
{
    line->sink->take(line->sink->arg, line->ev);
    return PARSE_EVENT;
}

enum parse_result mail_emit_text(struct mail_line *line, enum event_kind kind,
                                 enum event_outcome outcome, const struct mail_host *host,
                                 slice text)
{
    struct event *ev = mail_begin(line, kind);

    ev->outcome = outcome;
    if (host != NULL)
        mail_set_client(ev, host);
    event_set(ev, EF_TEXT, text);
    return mail_emit(line);
}

enum parse_result mail_emit_protocol(struct mail_line *line, enum anomaly anomaly, slice command,
                                     const struct mail_host *host, slice text)
{
    struct event *ev = mail_begin(line, EVENT_PROTOCOL);

    ev->anomaly = anomaly;
    if (command.ptr != NULL)
        ev->stage = mail_stage_of(command);
    event_set(ev, EF_COMMAND, command);
    event_set(ev, EF_TEXT, text);
    mail_set_client(ev, host);
    return mail_emit(line);
}

void mail_set_client(struct event *ev, const struct mail_host *host)
{
    ev->client = host->ip;
    ev->client_port = host->port;
    event_set(ev, EF_CLIENT_NAME, host->name);
    event_set(ev, EF_HELO, host->helo);
}

void mail_set_reply(struct event *ev, slice text)
{
    char status[96] = "550 ";
    struct smtp_reply reply;

    if (smtp_reply_read(text, &reply)) {
        ev->reply_code = reply.code;
        memcpy(ev->status, reply.status, sizeof ev->status);
        return;
    }
    if (text.len < 5 || text.ptr[1] != '.')
        return;
    size_t n = text.len < sizeof status - 4 ? text.len : sizeof status - 4;
    memcpy(status + 4, text.ptr, n);
    if (smtp_reply_read((slice){status, n + 4}, &reply))
        memcpy(ev->status, reply.status, sizeof ev->status);
}

enum event_outcome mail_refusal_outcome(const struct event *ev)
{
    if (ev->reply_code != 0)
        return ev->reply_code / 100 == 4 ? OUTCOME_TEMPFAIL : OUTCOME_REFUSED;
    return ev->status[0] == 4 ? OUTCOME_TEMPFAIL : OUTCOME_REFUSED;
}

/* The length of an address that ends before one of these bytes outside quotes; text.len: none, and
 * open says whether a quote was not closed. */
static size_t address_end(slice text, const char *ends, bool *open)
{
    bool quoted = false;

    *open = false;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (c == '\\' && quoted && i + 1 < text.len)
            i++;
        else if (c == '"')
            quoted = !quoted;
        else if (!quoted && c != '\0' && strchr(ends, c) != NULL)
            return i;
    }
    *open = quoted;
    return text.len;
}

bool mail_take_angle(slice *cur, slice *ret)
{
    slice rest = *cur;
    bool open;

    if (!cursor_take_byte(&rest, '<'))
        return false;
    size_t end = address_end(rest, ">", &open);
    if (end == rest.len)
        end = slice_find_byte(rest, '>'); /* a quote that nobody closes */
    if (end == rest.len)
        return false;
    *ret = slice_first(rest, end);
    *cur = slice_from(rest, end + 1);
    return true;
}

bool mail_take_address(slice *cur, slice *ret)
{
    bool open;

    if (cur->len > 0 && cur->ptr[0] == '<')
        return mail_take_angle(cur, ret);
    size_t end = address_end(*cur, " ,", &open);
    if (open) {
        size_t blank = slice_find_byte(*cur, ' '), comma = slice_find_byte(*cur, ',');
        end = blank < comma ? blank : comma;
    }
    if (end == 0)
        return false;
    *ret = slice_first(*cur, end);
    *cur = slice_from(*cur, end);
    return true;
}

bool mail_take_ip(slice *cur, struct ip_addr *ret)
{
    slice rest = *cur, text;

    if (!cursor_take_byte(&rest, '[') || !cursor_take_past(&rest, ']', &text) ||
        !ip_addr_parse(text, ret))
        return false;
    *cur = rest;
    return true;
}

slice mail_after(slice text, slice key)
{
    size_t at = slice_find(text, key);

    return at == text.len ? SLICE_NONE : slice_from(text, at + key.len);
}

slice mail_before(slice text, slice key)
{
    return slice_first(text, slice_find(text, key));
}

bool mail_starts_any(slice text, const char *const *rows)
{
    for (; *rows != NULL; rows++)
        if (slice_starts(text, slice_of(*rows)))
            return true;
    return false;
}

enum smtp_stage mail_stage_of(slice word)
{
    return smtp_stage_of(smtp_verb_of(word));
}

uint64_t mail_hash(slice a, slice b)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325);

    for (size_t i = 0; i < a.len; i++)
        h = (h ^ (unsigned char)a.ptr[i]) * UINT64_C(0x100000001b3);
    h = (h ^ 0xff) * UINT64_C(0x100000001b3);
    for (size_t i = 0; i < b.len; i++)
        h = (h ^ (unsigned char)b.ptr[i]) * UINT64_C(0x100000001b3);
    return h ^ h >> 29;
}
