/* exim.c - Exim main log, reject log and syslog: time, process id, message id; then a reader
 *
 * Grammar:  LINE = TIME [" " ZONE] " " ["[" PID "] "] [ID " "] TEXT      main and reject log
 *           LINE = SYSLOG " exim" ["[" PID "]"] ": " [TIME " "] ["[" N ("/" | "\") N "] "] ...
 *           TIME = "YYYY-MM-DD hh:mm:ss" ["." mmm]
 *           ID   = 6 "-" 6 "-" 2, or since 4.97 6 "-" 11 "-" 4 letters and digits
 * source:   Exim 4.100-dev src/src/log.c, receive.c, deliver.c, smtp_in.c, acl.c, auths/; spec.txt
 *           chapter "Log files" for log_selector
 * algorithm: a reject log repeats lines of the main log: what one file has told is not told again
 *           by another, within the second. Of each message the last fate is kept, which says
 *           whether the notification about it is a bounce or a delay
 * limits:   ACLs, routers and filters of the administrator write any text (logwrite, warn): a line
 *           of no known form is skipped, not rejected. Message text in a reject log is never read.
 *           Of a record that syslog cut into pieces the first is read */
#include "exim.h"

#include "base/cursor.h"
#include "base/state.h"
#include "event/timestamp.h"

enum { ID_OLD = 16, ID_NEW = 23 };

struct exim_state {
    struct timestamp time;
    struct exim_shared *shared;
};

static bool is_alnum(char c)
{
    char l = slice_lower(c);
    return (l >= 'a' && l <= 'z') || (c >= '0' && c <= '9');
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_message_id(slice id)
{
    size_t dash = id.len == ID_OLD ? 13 : 18;

    if (id.len != ID_OLD && id.len != ID_NEW)
        return false;
    for (size_t i = 0; i < id.len; i++)
        if (i == 6 || i == dash ? id.ptr[i] != '-' : !is_alnum(id.ptr[i]))
            return false;
    return true;
}

bool exim_take_message_id(slice *cur, slice *ret)
{
    size_t end = cur->len > ID_OLD && cur->ptr[ID_OLD] == ' '   ? ID_OLD
                 : cur->len > ID_NEW && cur->ptr[ID_NEW] == ' ' ? ID_NEW
                                                                : 0;

    if (end == 0 || !is_message_id(slice_first(*cur, end)))
        return false;
    *ret = slice_first(*cur, end);
    *cur = slice_from(*cur, end + 1);
    return true;
}

/* ---- time ---- */

static bool looks_like_time(slice s)
{
    return s.len > 19 && s.ptr[4] == '-' && s.ptr[7] == '-' && s.ptr[10] == ' ' &&
           s.ptr[13] == ':' && s.ptr[16] == ':' && is_digit(s.ptr[0]);
}

/* " +hhmm", which stands apart from the time. */
static bool has_zone(slice s)
{
    if (s.len < 7 || s.ptr[0] != ' ' || (s.ptr[1] != '+' && s.ptr[1] != '-') || s.ptr[6] != ' ')
        return false;
    return is_digit(s.ptr[2]) && is_digit(s.ptr[3]) && is_digit(s.ptr[4]) && is_digit(s.ptr[5]);
}

/* TIME [" " ZONE] " " at the cursor. */
static bool take_time(struct timestamp *ts, slice *cur, int64_t *ret_us)
{
    char joined[40];
    slice rest = *cur;

    if (!looks_like_time(rest))
        return false;
    size_t n = 19;
    if (rest.ptr[n] == '.')
        for (n++; n < rest.len && n < 27 && is_digit(rest.ptr[n]);)
            n++;
    if (has_zone(slice_from(rest, n))) {
        memcpy(joined, rest.ptr, n);
        memcpy(joined + n, rest.ptr + n + 1, 5);
        slice whole = {joined, n + 5};
        if (!timestamp_take_iso(ts, &whole, ret_us))
            return false;
        rest = slice_from(rest, n + 6);
    } else if (!timestamp_take_iso(ts, &rest, ret_us)) {
        return false;
    }
    if (!cursor_take_byte(&rest, ' '))
        return false;
    *cur = rest;
    return true;
}

/* ---- the file format ---- */

/* "[" N "] " */
static slice take_pid(slice *cur)
{
    slice rest = *cur, pid;
    uint64_t n;

    if (!cursor_take_byte(&rest, '['))
        return SLICE_NONE;
    pid = rest;
    if (!cursor_take_uint(&rest, UINT32_MAX, &n))
        return SLICE_NONE;
    pid.len -= rest.len;
    if (!cursor_take_lit(&rest, SLICE_LIT("] ")))
        return SLICE_NONE;
    *cur = rest;
    return pid;
}

/* Words that nobody but Exim begins a line with, once times and ids are off. */
static bool is_exims(slice text)
{
    static const char *const rows[] = {"<= ",
                                       "=> ",
                                       "-> ",
                                       "** ",
                                       "== ",
                                       ">> ",
                                       "*> ",
                                       "Completed",
                                       "H=",
                                       "U=",
                                       "F=",
                                       "SMTP command timeout on ",
                                       "SMTP data timeout ",
                                       "Start queue run: pid=",
                                       "End queue run: pid=",
                                       "SMTP call from ",
                                       "SMTP connection from ",
                                       "SMTP protocol ",
                                       "SMTP syntax error in ",
                                       "unqualified sender rejected: <",
                                       "unqualified recipient rejected: <",
                                       "no MAIL in SMTP connection from ",
                                       "no host name found for IP address ",
                                       "no IP address found for host ",
                                       "unexpected disconnection while reading SMTP command",
                                       "TLS error on connection ",
                                       "Frozen",
                                       "Connection from [",
                                       NULL};

    return mail_starts_any(text, rows) ||
           (slice_starts(text, SLICE_LIT("exim ")) &&
            slice_has(text, SLICE_LIT(" daemon started: "))) ||
           slice_has(slice_first(text, 80), SLICE_LIT(" authenticator failed for "));
}

/* [HOST " "] "exim[" N "]: " at the cursor, as in files that a collector wrote: passes it. */
static bool skip_program(slice *cur)
{
    slice rest = *cur, word;

    for (int i = 0; i < 3 && cursor_take_token(&rest, &word); i++) {
        bool ours = slice_starts(word, SLICE_LIT("exim[")) && slice_ends(word, SLICE_LIT("]:"));
        if (!cursor_take_byte(&rest, ' '))
            return false;
        if (!ours)
            continue;
        *cur = rest;
        return true;
    }
    return false;
}

static bool is_exim_line(slice line)
{
    slice cur = line, id;
    bool program = skip_program(&cur);

    if (!looks_like_time(cur))
        return false;
    cur = slice_from(cur, slice_find_byte(slice_from(cur, 11), ' ') + 12);
    if (has_zone(slice_from(line, (size_t)(cur.ptr - line.ptr) - 1)))
        cur = slice_from(cur, 6);
    program |= skip_program(&cur);
    bool pid = take_pid(&cur).len > 0;
    return exim_take_message_id(&cur, &id) || is_exims(cur) || (program && pid);
}

/* The first lines with a time decide: any of some will do. */
static unsigned exim_probe(slice head)
{
    for (int lines = 0; lines < 20 && head.len > 0; lines++) {
        size_t eol = slice_find_byte(head, '\n');
        if (is_exim_line(slice_first(head, eol)))
            return 90;
        head = slice_from(head, eol + 1);
    }
    return 0;
}

/* Of a reject log, below the line with the time: the envelope, and the headers with a mark in front
 * or blanks. All of it is the sender's text. */
static bool is_message_text(slice line)
{
    if (line.len == 0 || line.ptr[0] == ' ' || line.ptr[0] == '\t')
        return true;
    if (line.len > 1 && line.ptr[1] == ' ' && (is_alnum(line.ptr[0]) || line.ptr[0] == '*'))
        return true;
    return slice_starts(line, SLICE_LIT("Envelope-from: ")) ||
           slice_starts(line, SLICE_LIT("Envelope-to: ")) ||
           slice_starts(line, SLICE_LIT("----------")) ||
           slice_starts(line, SLICE_LIT("Recipients: "));
}

/* HOST " " NAME "[" PID "]:" at the cursor, of a program that is not Exim, in a log of several. */
static bool is_elses(slice cur)
{
    slice host, tag;

    if (!cursor_take_token(&cur, &host) || !cursor_take_byte(&cur, ' ') ||
        !cursor_take_token(&cur, &tag) || !slice_ends(tag, SLICE_LIT("]:")))
        return false;
    size_t open = slice_rfind_byte(tag, '['), digits = 0;
    while (open + 1 + digits < tag.len && is_digit(tag.ptr[open + 1 + digits]))
        digits++;
    return open > 0 && digits > 0 && open + 1 + digits + 2 == tag.len &&
           (is_alnum(tag.ptr[0]) && !is_digit(tag.ptr[0]));
}

static enum record_status exim_read(void *state, slice line, struct record *rec)
{
    struct exim_state *s = state;
    slice cur = line;

    if (line.ptr == NULL)
        return RECORD_SKIP;
    if (line.len > 0 && line.ptr[line.len - 1] == '\r')
        cur.len--;
    (void)skip_program(&cur);
    if (!take_time(&s->time, &cur, &rec->time_us))
        return is_message_text(line) ? RECORD_SKIP : RECORD_FOREIGN;
    if (!skip_program(&cur) && is_elses(cur))
        return RECORD_FOREIGN;
    rec->has_time = true;
    rec->host = rec->tag = rec->pid = SLICE_NONE;
    rec->text = cur;
    rec->repeat = 1;
    rec->note = 0;
    return RECORD_READY;
}

static bool exim_claims(slice tag)
{
    static const char *const rows[] = {"exim", "exim4", "exim-in", "exim-out", "exim-daemon"};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (slice_eq(tag, slice_of(rows[i])))
            return true;
    return false;
}

/* ---- one line ---- */

/* Has another file told this line before, as often as this one has by now? */
static bool told_elsewhere(struct exim_shared *shared, const struct record *rec, slice text)
{
    slice time = {(const char *)&rec->time_us, sizeof rec->time_us};
    uint64_t hash = mail_hash(time, text);
    struct exim_told *t = &shared->told[hash % EXIM_TOLD];

    if (t->hash != hash)
        *t = (struct exim_told){.hash = hash};
    for (size_t i = 0; i < EXIM_LOGS; i++) {
        if (t->log[i].count > 0 && t->log[i].source != rec->pos.source)
            continue;
        t->log[i].source = rec->pos.source;
        if (++t->log[i].count <= t->most)
            return true;
        t->most = t->log[i].count;
        return false;
    }
    return true;
}

void exim_note_fate(struct exim_shared *shared, slice queue_id, enum dsn_action action)
{
    uint64_t hash = mail_hash(queue_id, SLICE_NONE);
    struct exim_fate *f = &shared->fate[hash % EXIM_FATES];

    /* what is worse for one recipient is what the sender is told */
    if (f->hash == hash && (f->action == DSN_FAILED || action == DSN_DELIVERED))
        return;
    *f = (struct exim_fate){hash, action};
}

/* "[1/3] " or "[1\3] " of a record that syslog got in pieces: 1 for the first, more for the rest, 0
 * for a whole one. */
static uint64_t take_piece(slice *cur)
{
    slice rest = *cur;
    uint64_t part, of;

    if (!cursor_take_byte(&rest, '[') || !cursor_take_uint(&rest, 999, &part) ||
        (!cursor_take_byte(&rest, '\\') && !cursor_take_byte(&rest, '/')) ||
        !cursor_take_uint(&rest, 999, &of) || !cursor_take_lit(&rest, SLICE_LIT("] ")))
        return 0;
    *cur = rest;
    return part;
}

static enum parse_result read_text(struct mail_line *line)
{
    static const char *const restarts[] = {"daemon started: ", "daemon restarted"};
    enum parse_result result = exim_message_read(line);

    if (result != PARSE_FOREIGN)
        return result;
    if ((result = exim_reject_read(line)) != PARSE_FOREIGN)
        return result;
    if (slice_starts(line->text, SLICE_LIT("exim ")))
        for (size_t i = 0; i < sizeof restarts / sizeof restarts[0]; i++)
            if (slice_has(line->text, slice_of(restarts[i])))
                return mail_emit_text(line, EVENT_RESTART, OUTCOME_NONE, NULL, line->text);
    return exim_session_read(line);
}

static enum parse_result exim_parse(void *state, const struct record *rec, struct event *ev,
                                    const struct event_sink *sink)
{
    struct exim_state *s = state;
    struct mail_line line = {.rec = rec,
                             .ev = ev,
                             .sink = sink,
                             .shared = s->shared,
                             .instance = SLICE_LIT("exim"),
                             .program = SLICE_LIT("exim"),
                             .queue_id = SLICE_NONE,
                             .text = rec->text};
    int64_t inner_us;
    slice id = SLICE_NONE;

    if (rec->tag.len > 0) {
        struct timestamp scratch = s->time;
        (void)take_time(&scratch, &line.text, &inner_us);
        if (take_piece(&line.text) > 1)
            return PARSE_SKIP;
        (void)take_time(&scratch, &line.text, &inner_us);
    }
    (void)take_pid(&line.text);
    if (exim_take_message_id(&line.text, &id))
        line.queue_id = id;
    if (told_elsewhere(s->shared, rec, rec->text))
        return PARSE_SKIP;
    return read_text(&line);
}

static void exim_start(void *state, const struct parser_env *env)
{
    struct exim_state *s = state;

    timestamp_init(&s->time, env->zone, env->year, env->reference_us);
    s->shared = env->shared;
}

static void persist(void *state, struct state_io *io)
{
    static const struct state_hole holes[] = {STATE_HOLE(struct exim_state, time.zone),
                                              STATE_HOLE(struct exim_state, shared)};

    state_struct(io, "exim", state, sizeof(struct exim_state), STATE_HOLES(holes));
}

const struct parser parser_exim = {
    .name = "exim",
    .summary = "Exim 4 main log, reject log, or syslog; also as cPanel and Debian write it",
    .source = "Exim 4.100-dev",
    .claims = exim_claims,
    .parse = exim_parse,
    .state_size = sizeof(struct exim_state),
    .shared_size = sizeof(struct exim_shared),
    .start = exim_start,
    .probe = exim_probe,
    .read = exim_read,
    .persist = persist,
};
