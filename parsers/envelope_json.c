/* envelope_json.c - the wrappers that are JSON objects, and RFC 5424
 *
 * journal:    MESSAGE, SYSLOG_IDENTIFIER (not _COMM: that loses the instance), SYSLOG_PID or _PID,
 *             _HOSTNAME, _SOURCE_REALTIME_TIMESTAMP or __REALTIME_TIMESTAMP (microseconds since
 *             1970, as a string)
 * json-file:  "log" (a line of text with its newline), "time" (RFC 3339); lines above 16 KiB come
 *             in pieces
 * RFC 5424:   TIME SP HOST SP APP SP PROCID SP MSGID SP ("-" | 1*("[" ... "]")) [SP [BOM] TEXT]
 * source:     systemd "Journal JSON Format"; Docker json-file logging driver; RFC 5424 6. */
#include "envelope.h"

#include "base/cursor.h"

/* What the objects of both kinds hold. */
struct members {
    struct json_value message, identifier, pid, pid_real, host, source_time, real_time, log, time;
};

static void note_member(struct members *m, slice key, const struct json_value *value)
{
    const struct {
        slice key;
        struct json_value *slot;
    } rows[] = {
        {SLICE_LIT("MESSAGE"), &m->message},
        {SLICE_LIT("SYSLOG_IDENTIFIER"), &m->identifier},
        {SLICE_LIT("SYSLOG_PID"), &m->pid},
        {SLICE_LIT("_PID"), &m->pid_real},
        {SLICE_LIT("_HOSTNAME"), &m->host},
        {SLICE_LIT("_SOURCE_REALTIME_TIMESTAMP"), &m->source_time},
        {SLICE_LIT("__REALTIME_TIMESTAMP"), &m->real_time},
        {SLICE_LIT("log"), &m->log},
        {SLICE_LIT("time"), &m->time},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (slice_eq(key, rows[i].key) && rows[i].slot->raw.ptr == NULL)
            *rows[i].slot = *value;
}

static bool take_epoch_us(const struct json_value *value, int64_t *ret_us)
{
    slice digits = value->raw;
    uint64_t us;

    if (value->kind != JSON_STRING || !cursor_take_uint(&digits, INT64_MAX / 2, &us) ||
        digits.len != 0)
        return false;
    *ret_us = (int64_t)us;
    return true;
}

static slice strip_newline(slice text)
{
    while (text.len > 0 && (text.ptr[text.len - 1] == '\n' || text.ptr[text.len - 1] == '\r'))
        text.len--;
    return text;
}

static enum envelope_result read_journal(struct envelope *state, const struct members *m,
                                         struct record *rec)
{
    struct json_room *room = &state->room;

    if (!take_epoch_us(&m->source_time, &rec->time_us) &&
        !take_epoch_us(&m->real_time, &rec->time_us))
        return ENVELOPE_REJECT;
    rec->text = strip_newline(json_line_text(&m->message, room));
    if (rec->text.ptr == NULL)
        return ENVELOPE_SKIP; /* null: the journal left a large text out */
    rec->tag = json_line_text(&m->identifier, room);
    rec->pid = json_line_text(m->pid.raw.ptr != NULL ? &m->pid : &m->pid_real, room);
    rec->host = json_line_text(&m->host, room);
    rec->has_time = true;
    rec->repeat = 1;
    envelope_finish_text(rec);
    return ENVELOPE_RECORD;
}

static enum envelope_result read_container(struct envelope *state, const struct members *m,
                                           struct record *rec)
{
    slice time = m->time.raw, log = json_line_text(&m->log, &state->room);
    bool was_partial = state->partial;
    int64_t outer_us;

    state->partial = !slice_ends(log, SLICE_LIT("\n"));
    if (was_partial)
        return ENVELOPE_SKIP;
    log = strip_newline(log);
    if (log.len == 0)
        return ENVELOPE_SKIP;
    bool cut = state->partial;
    enum envelope_result result = envelope_read_plain(state, log, rec);
    state->partial = cut;
    if (m->time.kind == JSON_STRING && timestamp_take_iso(&state->time, &time, &outer_us))
        rec->time_us = outer_us;
    return result;
}

enum envelope_result envelope_read_json(struct envelope *state, slice line, struct record *rec)
{
    struct members m = {0};
    struct json_value value;
    struct json_line json;
    slice key;

    state->room.used = 0;
    if (!json_line_begin(line, &json))
        return ENVELOPE_REJECT;
    while (json_line_next(&json, &key, &value))
        note_member(&m, key, &value);
    if (json.broken)
        return ENVELOPE_REJECT;
    if (m.message.raw.ptr != NULL)
        return read_journal(state, &m, rec);
    return m.log.raw.ptr != NULL ? read_container(state, &m, rec) : ENVELOPE_REJECT;
}

/* One [id k="v" ...] element; a quoted value may hold \" \\ and \] . */
static bool skip_element(slice *cur)
{
    bool quoted = false;

    for (size_t i = 1; i < cur->len; i++) {
        char c = cur->ptr[i];
        if (quoted && c == '\\') {
            i++;
        } else if (c == '"') {
            quoted = !quoted;
        } else if (c == ']' && !quoted) {
            *cur = slice_from(*cur, i + 1);
            return true;
        }
    }
    return false;
}

static bool skip_structured_data(slice *cur)
{
    if (cursor_take_byte(cur, '-'))
        return true;
    if (cur->len == 0 || cur->ptr[0] != '[')
        return false;
    while (cur->len > 0 && cur->ptr[0] == '[')
        if (!skip_element(cur))
            return false;
    return true;
}

/* A header token and the blank after it; "-" is absent. */
static bool take_nil_token(slice *cur, slice *ret)
{
    if (!cursor_take_token(cur, ret) || !cursor_take_byte(cur, ' '))
        return false;
    if (slice_eq(*ret, SLICE_LIT("-")))
        *ret = SLICE_NONE;
    return true;
}

enum envelope_result envelope_read_rfc5424(struct envelope *state, slice rest, struct record *rec)
{
    slice msgid;

    rec->has_time = timestamp_take_iso(&state->time, &rest, &rec->time_us);
    if (!rec->has_time) {
        if (!cursor_take_byte(&rest, '-'))
            return ENVELOPE_REJECT;
        rec->time_us = state->time.last_us;
    }
    if (!cursor_take_byte(&rest, ' ') || !take_nil_token(&rest, &rec->host) ||
        !take_nil_token(&rest, &rec->tag) || !take_nil_token(&rest, &rec->pid) ||
        !take_nil_token(&rest, &msgid) || !skip_structured_data(&rest))
        return ENVELOPE_REJECT;
    (void)cursor_take_byte(&rest, ' ');
    (void)cursor_take_lit(&rest, SLICE_LIT("\xef\xbb\xbf"));
    rec->text = rest;
    rec->repeat = 1;
    envelope_finish_text(rec);
    return ENVELOPE_RECORD;
}
