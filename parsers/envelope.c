/* envelope.c - syslog lines: RFC 3164 and its dialects, RFC 3339 heads, container prefixes
 *
 * Grammar:  LINE = [name " | "] [<PRI>] TIME [TIME] [" <fac.sev>"] [" " HOST] " " TAG " " TEXT
 *           TAG  = NAME ["[" PID "]"] [":"]
 *           TEXT may begin with "[ID n fac.sev] " (Solaris), or be "message repeated N times: [
 *           TEXT]" (rsyslog).
 * The time stands at the first byte of the line or nowhere: words further right may be an
 * attacker's. The first byte tells the form, so no form is tried in vain.
 *           TIME may also be the TAI64N label of multilog.
 * source:   RFC 3164; RFC 3339; journalctl(1); syslogd(8) of FreeBSD and Solaris; rsyslog
 *           runtime/ratelimit.c; Docker and Kubernetes log formats.
 * limits:   a tag without "[pid]" and without ":" is not told from text. */
#include "envelope.h"

#include "base/bytes.h"
#include "base/cursor.h"

void envelope_init(struct envelope *state, const struct time_zone *zone, int explicit_year,
                   int64_t reference_us)
{
    memset(state, 0, offsetof(struct envelope, last));
    timestamp_init(&state->time, zone, explicit_year, reference_us);
    state->room = (struct json_room){.bytes = state->room_bytes, .size = sizeof state->room_bytes};
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* CR, NUL padding (a crash leaves blocks of it) and the empty cells of a spreadsheet export. */
static slice trim_line(slice line)
{
    while (line.len > 0 && line.ptr[0] == '\0')
        line = slice_from(line, 1);
    while (line.len > 0 && (line.ptr[line.len - 1] == '\r' || line.ptr[line.len - 1] == '\0'))
        line.len--;
    if (slice_ends(line, SLICE_LIT(",,")))
        while (line.len > 0 && line.ptr[line.len - 1] == ',')
            line.len--;
    if (slice_starts(line, SLICE_LIT("\xef\xbb\xbf")))
        line = slice_from(line, 3);
    return line;
}

static bool is_noise(slice line)
{
    return slice_trim(line).len == 0 ||
           (slice_starts(line, SLICE_LIT("==> ")) && slice_ends(line, SLICE_LIT(" <=="))) ||
           slice_starts(line, SLICE_LIT("-- "));
}

/* "smtp_1       | " of docker compose. */
static void skip_compose(slice *cur)
{
    slice rest = *cur, name;

    if (cursor_take_token(&rest, &name) && cursor_take_blanks(&rest) &&
        cursor_take_lit(&rest, SLICE_LIT("| ")))
        *cur = rest;
}

/* "<22>": true when it was passed. */
static bool skip_priority(slice *cur)
{
    slice rest = *cur;
    uint64_t pri;

    if (!cursor_take_byte(&rest, '<') || !cursor_take_uint(&rest, 191, &pri) ||
        !cursor_take_byte(&rest, '>'))
        return false;
    *cur = rest;
    return true;
}

/* Could an RFC 3164 time stand at p? Cheap, to keep hosts from being tried as dates. */
static bool looks_like_syslog_time(slice s)
{
    return s.len >= 15 && s.ptr[3] == ' ' && s.ptr[9] == ':' && s.ptr[12] == ':';
}

/* TIME, or TIME of the container runtime with the program's own TIME after it: the outer one
 * counts. */
static bool take_time(struct envelope *state, slice *cur, int64_t *ret_us)
{
    struct timestamp *ts = &state->time;
    int64_t inner_us;

    if (cur->len < 15)
        return false;
    if (cur->ptr[0] == '@')
        return timestamp_take_tai64n(ts, cur, ret_us);
    if (!is_digit(cur->ptr[0]) || cur->ptr[4] == ' ')
        return timestamp_take_syslog(ts, cur, ret_us);
    if (!timestamp_take_iso(ts, cur, ret_us))
        return timestamp_take_epoch(ts, cur, ret_us);
    if (cur->len > 1 && looks_like_syslog_time(slice_from(*cur, 1))) {
        slice rest = slice_from(*cur, 1);
        if (timestamp_take_syslog(ts, &rest, &inner_us))
            *cur = rest;
    }
    return true;
}

/* " stdout F " of the container runtime interface. 'F' full, 'P' cut; '\0' when it is no such line.
 */
static char take_cri(slice *cur)
{
    slice rest = *cur;

    if (!cursor_take_lit(&rest, SLICE_LIT(" stdout ")) &&
        !cursor_take_lit(&rest, SLICE_LIT(" stderr ")))
        return '\0';
    if (rest.len < 2 || (rest.ptr[0] != 'F' && rest.ptr[0] != 'P') || rest.ptr[1] != ' ')
        return '\0';
    *cur = slice_from(rest, 2);
    return rest.ptr[0];
}

/* Digits in brackets at the end of token: the offset of the bracket, or 0. */
static size_t find_pid(slice token)
{
    size_t open = token.len;

    if (token.len < 4 || token.ptr[token.len - 1] != ']')
        return 0;
    open -= 2;
    if (token.len > 17) /* 16 bytes and a bracket on either side: a pid of up to 15 digits */
        open -= bytes_digits_before(token.ptr + token.len - 1);
    while (open > 0 && is_digit(token.ptr[open]))
        open--;
    return token.ptr[open] == '[' && open + 2 < token.len ? open : 0;
}

bool envelope_split_tag(slice token, struct record *rec)
{
    bool colon = token.len > 1 && token.ptr[token.len - 1] == ':';

    token.len -= colon;
    size_t open = find_pid(token);
    if (open == 0 && !colon)
        return false;
    rec->tag = open == 0 ? token : slice_first(token, open);
    rec->pid =
        open == 0 ? SLICE_NONE : slice_first(slice_from(token, open + 1), token.len - open - 2);
    return true;
}

/* Read up to a blank or the end; false when that is nothing. */
static bool take_word(slice *cur, slice *ret)
{
    *ret = slice_first(*cur, slice_find_byte(*cur, ' '));
    *cur = slice_from(*cur, ret->len);
    return ret->len > 0;
}

/* [" <fac.sev>"] [" " HOST] " " TAG " " TEXT */
static void take_head(slice cur, struct record *rec)
{
    slice first, second;

    rec->host = rec->tag = rec->pid = SLICE_NONE;
    (void)cursor_take_blanks(&cur);
    if (cur.len > 0 && cur.ptr[0] == '<') {
        size_t close = slice_find_byte(cur, '>');
        if (close < 24)
            cur = slice_from(cur, close + 1);
        (void)cursor_take_blanks(&cur);
    }
    rec->text = cur;
    if (!take_word(&cur, &first))
        return;
    if (!envelope_split_tag(first, rec)) {
        rec->host = first;
        (void)cursor_take_blanks(&cur);
        rec->text = cur;
        if (!take_word(&cur, &second) || !envelope_split_tag(second, rec))
            return;
    }
    rec->text = slice_from(cur, cur.len > 0);
}

/* "N times" at the cursor. */
static bool take_times(slice *cur, uint32_t *ret)
{
    uint64_t n;

    if (!cursor_take_uint(cur, UINT32_MAX, &n) || n == 0 ||
        !cursor_take_lit(cur, SLICE_LIT(" times")))
        return false;
    *ret = (uint32_t)n;
    return true;
}

void envelope_finish_text(struct record *rec)
{
    slice text = rec->text;

    if (text.len > 0 && text.ptr[0] == '[' && slice_starts(text, SLICE_LIT("[ID "))) {
        size_t end = slice_find(slice_first(text, 64), SLICE_LIT("] "));
        if (end < text.len && end < 62)
            rec->text = slice_from(text, end + 2);
    }
    text = rec->text;
    if (text.len == 0 || text.ptr[0] != 'm' ||
        !cursor_take_lit(&text, SLICE_LIT("message repeated ")) ||
        !take_times(&text, &rec->repeat) || !cursor_take_lit(&text, SLICE_LIT(": [")))
        return;
    (void)cursor_take_byte(&text, ' ');
    if (slice_ends(text, SLICE_LIT("]")))
        text.len--;
    rec->text = text;
}

/* That message names nothing but the host; the daemons that write it write no ISO times, so lines
 * with them are not kept. */
void envelope_keep_last(struct envelope *state, slice line)
{
    state->last_len = line.len > sizeof state->last ? 0 : line.len;
    if (state->last_len > 0)
        memcpy(state->last, line.ptr, state->last_len);
}

/* The line before once more, at this line's time. */
static enum envelope_result repeat_last(struct envelope *state, struct record *rec, uint32_t times)
{
    slice host = rec->host, last = {state->last, state->last_len};
    int64_t last_us;

    if (last.len == 0)
        return ENVELOPE_SKIP;
    (void)skip_priority(&last);
    struct timestamp scratch =
        state->time; /* reading the old time again must not move the year rule */
    if (!timestamp_take_syslog(&scratch, &last, &last_us))
        return ENVELOPE_SKIP;
    take_head(last, rec);
    envelope_finish_text(rec);
    if (!slice_eq(rec->host, host))
        return ENVELOPE_SKIP;
    rec->repeat = times;
    return ENVELOPE_RECORD;
}

static enum envelope_result read_repeated(struct envelope *state, struct record *rec)
{
    slice text = rec->text;
    uint32_t times;

    if (!cursor_take_lit(&text, SLICE_LIT("last message repeated ")) || !take_times(&text, &times))
        return ENVELOPE_RECORD;
    return repeat_last(state, rec, times);
}

/* For envelope_read_again(): the host of "Mon DD hh:mm:ss HOST TAG", one blank on either side. */
static void keep_host(struct envelope *state, slice line, slice host)
{
    state->host_len = 0;
    if (host.len == 0 || host.len > ENVELOPE_HOST || host.ptr != line.ptr + 16 ||
        line.len < 17 + host.len || host.ptr[host.len] != ' ')
        return;
    memcpy(state->host, host.ptr - 1, host.len + 2);
    state->host_len = host.len;
}

enum envelope_result envelope_read_plain(struct envelope *state, slice line, struct record *rec)
{
    slice cur = line;
    bool has_priority = cur.ptr[0] == '<' && skip_priority(&cur);

    if (has_priority && cursor_take_lit(&cur, SLICE_LIT("1 ")))
        return envelope_read_rfc5424(state, cur, rec);
    if (!take_time(state, &cur, &rec->time_us)) {
        if (has_priority)
            return ENVELOPE_REJECT;
        slice after = cur;
        skip_compose(&after);
        if (after.ptr == cur.ptr || !take_time(state, &after, &rec->time_us))
            return ENVELOPE_REJECT;
        cur = after;
    }
    if (cur.len == 0 || (cur.ptr[0] != ' ' && cur.ptr[0] != '\t' && cur.ptr[0] != ':'))
        return ENVELOPE_REJECT;
    bool was_partial = state->partial;
    char cri = cur.len > 1 && cur.ptr[1] == 's' ? take_cri(&cur) : '\0';
    state->partial = cri == 'P';
    if (was_partial && cri != '\0')
        return ENVELOPE_SKIP; /* the rest of a line whose beginning was read */
    if (cri != '\0') {
        int64_t outer_us = rec->time_us;
        (void)take_time(state, &cur, &rec->time_us);
        rec->time_us = outer_us;
    }
    rec->has_time = true;
    rec->repeat = 1;
    take_head(cur, rec);
    if (rec->tag.ptr == NULL && rec->text.len > 0 && rec->text.ptr[0] == 'l')
        return read_repeated(state, rec);
    envelope_finish_text(rec);
    keep_host(state, line, rec->host);
    envelope_keep_last(state, is_digit(line.ptr[0]) ? SLICE_NONE : line);
    return ENVELOPE_RECORD;
}

static OUT_OF_LINE enum envelope_result read_any(struct envelope *state, slice line,
                                                 struct record *rec)
{
    line = trim_line(line);
    if (line.len == 0 || line.ptr[0] == '=' || line.ptr[0] == '-' || line.ptr[0] == ' ')
        return is_noise(line) ? ENVELOPE_SKIP : ENVELOPE_REJECT;
    if (line.ptr[0] != '{')
        return envelope_read_plain(state, line, rec);
    enum envelope_result result = envelope_read_json(state, line, rec);
    state->last_len = 0;
    return result;
}

enum envelope_result envelope_read(struct envelope *state, slice line, struct record *rec)
{
    return envelope_read_again(state, line, rec) ? ENVELOPE_RECORD : read_any(state, line, rec);
}
