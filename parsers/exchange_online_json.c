/* exchange_online_json.c - message trace as JSON: objects a line, in arrays, or printed over lines
 *
 * Grammar:  an object with the member "MessageTraceId" is a record, wherever it stands. A line that
 *           holds whole objects is one text. Printed over several lines, an object begins where a
 *           line ends in "{" without a name in front, and ends where as many lines began with "}":
 *           strings cannot hold line breaks, so neither can be an outsider's.
 * source:   reports.office365.com ReportingWebService and Get-MessageTrace | ConvertTo-Json
 *           (members, /Date(MS)/); RFC 8259
 * limits:   32 KiB an object over several lines; an array on one line ends where the line was cut
 *           (64 KiB): jq -c '.[]' makes lines of it. */
#include "base/cursor.h"
#include "exchange_online.h"

static const slice record_key = SLICE_INIT("\"MessageTraceId\"");

/* ---- objects of a text ---- */

static size_t behind_string(slice text, size_t at)
{
    for (at++; at < text.len && text.ptr[at] != '"'; at++)
        at += text.ptr[at] == '\\';
    return at;
}

/* An object ends at `at`; is it a record? */
static bool close_object(struct exchange_online_walk *w, slice *ret)
{
    unsigned level;
    bool found;

    if (w->depth == 0)
        return false;
    level = --w->depth;
    if (level >= ONLINE_LEVELS)
        return false;
    *ret = slice_between(w->text.ptr + w->start[level], w->text.ptr + w->at + 1);
    found = !w->holds[level] && slice_has(*ret, record_key);
    if (level > 0)
        w->holds[level - 1] |= found || w->holds[level];
    return found;
}

bool exchange_online_next(struct exchange_online_walk *w, slice *ret)
{
    for (; w->at < w->text.len; w->at++) {
        char c = w->text.ptr[w->at];
        if (c == '"') {
            w->at = behind_string(w->text, w->at);
        } else if (c == '{') {
            if (w->depth < ONLINE_LEVELS) {
                w->start[w->depth] = w->at;
                w->holds[w->depth] = false;
            }
            w->depth++;
        } else if (c == '}' && close_object(w, ret)) {
            w->at++;
            return true;
        }
    }
    return false;
}

bool exchange_online_object(slice object, struct json_room *room, struct exchange_online_trace *ret)
{
    struct json_line json;
    struct json_value value;
    slice key;
    const struct {
        const char *name;
        slice *member;
    } members[] = {
        {"MessageId", &ret->message_id}, {"Received", &ret->received},
        {"SenderAddress", &ret->sender}, {"RecipientAddress", &ret->recipient},
        {"Status", &ret->status},        {"ToIP", &ret->to_ip},
        {"FromIP", &ret->from_ip},       {"Size", &ret->size},
        {"MessageTraceId", &ret->id},    {"Organization", &ret->organization},
    };

    memset(ret, 0, sizeof *ret);
    if (!json_line_begin(object, &json))
        return false;
    while (json_line_next(&json, &key, &value))
        for (size_t i = 0; i < sizeof members / sizeof members[0]; i++)
            if (slice_ieq(key, slice_of(members[i].name)))
                *members[i].member = json_line_text(&value, room);
    return !json.broken && ret->id.len > 0;
}

/* ---- lines ---- */

/* A record of the first object's time; its other objects have their own. */
static enum record_status make_record(struct exchange_online *s, slice text, struct record *rec)
{
    struct exchange_online_walk walk = {.text = text};
    struct json_room room = {s->unescaped, sizeof s->unescaped, 0};
    struct exchange_online_trace trace;
    int64_t time_us;
    slice object;

    if (!exchange_online_next(&walk, &object))
        return RECORD_SKIP;
    if (!exchange_online_object(object, &room, &trace) ||
        !exchange_online_time(&s->csv, false, trace.received, &time_us))
        return RECORD_REJECT;
    *rec = (struct record){
        .time_us = time_us, .has_time = true, .text = text, .repeat = 1, .pos = rec->pos};
    return RECORD_READY;
}

static void hold(struct exchange_online *s, slice part)
{
    if (s->too_long || part.len + 1 > sizeof s->csv.room - s->held) {
        s->too_long = true;
        return;
    }
    memcpy(s->csv.room + s->held, part.ptr, part.len);
    s->held += part.len;
    s->csv.room[s->held++] = ' ';
}

static void open_object(struct exchange_online *s, const struct line_pos *pos)
{
    s->held = 0;
    s->too_long = false;
    s->reopened = false;
    s->depth = 1;
    s->begun = *pos;
    hold(s, SLICE_LIT("{"));
}

static enum record_status finish_object(struct exchange_online *s, struct record *rec)
{
    slice object = {s->csv.room, s->held};

    if (s->too_long)
        return RECORD_REJECT;
    rec->pos = s->begun;
    rec->pos.text = object;
    return make_record(s, object, rec);
}

static enum record_status read_part(struct exchange_online *s, slice line, struct record *rec)
{
    bool opens = line.ptr[line.len - 1] == '{', ends = false;

    if (s->depth > 0 && line.ptr[0] == '}') {
        hold(s, SLICE_LIT("}"));
        ends = --s->depth == 0;
        if (!ends) /* the comma behind it parts members */
            hold(s, slice_from(line, 1));
    } else if (s->depth > 0 && (!opens || line.ptr[0] == '"')) {
        hold(s, line);
        s->depth += opens;
        return RECORD_SKIP;
    }
    if (ends) {
        s->reopened = opens;
        return finish_object(s, rec);
    }
    if (opens)
        open_object(s, &rec->pos);
    return RECORD_SKIP;
}

enum record_status exchange_online_read_json(struct exchange_online *s, slice line,
                                             struct record *rec)
{
    slice text = slice_trim(line);
    enum record_status status;

    if (s->reopened)
        open_object(s, &rec->pos);
    if (text.len == 0)
        return RECORD_SKIP;
    if (text.len > record_key.len && slice_has(text, record_key) && text.ptr[0] != '"') {
        s->depth = 0;
        status = make_record(s, text, rec);
        return status == RECORD_SKIP ? RECORD_REJECT : status;
    }
    return read_part(s, text, rec);
}
