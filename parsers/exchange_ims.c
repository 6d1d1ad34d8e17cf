/* exchange_ims.c - SMTP protocol log of the Internet Mail Service, Exchange 4.0 to 5.5 (L*.LOG)
 *
 * Grammar:  STAMP " : " ("<<< " | ">>> ") ["IO: |"] (COMMAND | REPLY)
 *           STAMP " : " "A connection was accepted from " NAME ["."]
 *           STAMP " : " "A connection to " NAME " was established."
 *           further lines of a reply, and the text of messages, bare; blank lines mean nothing
 *           STAMP is the server's regional date and clock in local time
 * Between our 354 and our answer to the message everything is an outsider's text, which may look
 * like any of these lines. It ends with a stamped reply of ours, behind a line with a lone dot once
 * the file has shown that it logs them. A session that begins inside message text, in a file that
 * logs such text, is rejected: it may be text, and is taken for that
 * when the text turns out to go on. Nothing in the file makes it another format's.
 * source:   Microsoft KB Q154505 (levels), Q262945, Q295725, Q245787, Q228725 (lines), Q250507
 * samples:  samples/exchange_ims/
 * limits:   the first message of a file may forge the end of its own text, where no line before it
 *           told the level. A stream that goes on with another kind of log is not noticed. Articles
 *           print the log with an indent, and without stamps or arrows: read as well as can be */
#include "exchange_ims.h"

#include "base/cursor.h"
#include "base/state.h"
#include "event/regional_time.h"

struct ims {
    struct regional_time time;
    int64_t last_us;
    uint32_t session;  /* number of the present one; 0 before the first line */
    uint32_t before;   /* of the one whose text this one may be */
    bool stamped;      /* a line with a time was seen: bare lines say nothing then */
    bool arrowed;      /* a line with an arrow was seen: lines without one go on with a reply */
    bool in_message;   /* between 354 and the answer to the message */
    bool dot;          /* the last line of it was a lone dot */
    bool dots_logged;  /* such a dot was seen where a message ended */
    bool texts_logged; /* message text or raw packets were seen */
    bool passing_over; /* the present session began inside message text */
    struct ims_dialogues dialogues;
};

static slice strip(slice line)
{
    while (line.len > 0 && (line.ptr[line.len - 1] == '\r' || line.ptr[line.len - 1] == '\n'))
        line.len--;
    return line;
}

static slice without_indent(slice line)
{
    (void)cursor_take_blanks(&line);
    (void)cursor_take_byte(&line, '"'); /* an article's */
    return line;
}

static bool is_reply(slice text)
{
    struct smtp_reply r;

    return smtp_reply_read(text, &r);
}

/* ---- what a line is ---- */

/* A stamp and what follows its " : "; the state of the clock is the caller's to keep. */
static bool take_stamp(struct regional_time *time, slice line, int64_t *ret_us, slice *ret_text)
{
    slice cur = without_indent(line);

    if (cur.len < 10 || cur.ptr[0] < '0' || cur.ptr[0] > '9' ||
        !regional_time_take(time, &cur, ret_us) || !cursor_take_byte(&cur, ' ') ||
        !cursor_take_byte(&cur, ':') || !cursor_take_byte(&cur, ' '))
        return false;
    *ret_text = cur;
    return true;
}

/* A line of a dialogue that an article printed without its stamp. */
static bool is_bare_dialogue(slice text)
{
    struct ims_text t;
    slice peer;

    exchange_ims_split(text, &t);
    if (t.arrow != IMS_NO_ARROW)
        return t.text.len > 0;
    return exchange_ims_opening(text, &peer) != IMS_ROLE_UNKNOWN;
}

/* Without arrows too: commands and replies alone. */
static bool is_naked(slice text)
{
    struct smtp_command c;

    if (is_reply(text))
        return true;
    smtp_command_read(text, &c);
    return c.verb == SMTP_HELO || c.verb == SMTP_EHLO || c.verb == SMTP_DATA ||
           c.verb == SMTP_QUIT || c.verb == SMTP_RSET || c.path.ptr != NULL;
}

/* ---- which session, and is it message text ---- */

static void begin_session(struct ims *s)
{
    bool inside = s->in_message && s->texts_logged;

    if (!s->passing_over)
        s->before = s->session;
    s->session++;
    s->in_message = s->dot = false;
    s->passing_over = inside;
}

/* Our answer to a message ends its text; a dot must stand before it where the file logs dots. */
static bool ends_message(struct ims *s, const struct ims_text *t)
{
    if (t->arrow != IMS_SENT || !is_reply(t->text) || (s->dots_logged && !s->dot))
        return false;
    s->dots_logged |= s->dot;
    s->in_message = s->dot = false;
    return true;
}

static bool is_354(const struct ims_text *t)
{
    return t->arrow == IMS_SENT && slice_starts(t->text, SLICE_LIT("354"));
}

static bool is_dot(slice line)
{
    return slice_eq(line, SLICE_LIT(".")) || slice_ends(line, SLICE_LIT("IO: |."));
}

/* The session that seemed to begin inside message text was a part of it: here is its end. */
static void go_back(struct ims *s)
{
    s->session = s->before;
    s->passing_over = false;
    s->in_message = s->dot = true;
}

/* One line of message text. */
static enum record_status pass_text(struct ims *s, slice line)
{
    if (line.len > 0)
        s->texts_logged = true;
    s->dot = is_dot(line);
    return RECORD_SKIP;
}

/* A line of the log itself: does it belong to what may be read? */
static bool belongs(struct ims *s, slice text)
{
    struct ims_text t;
    slice peer;

    exchange_ims_split(text, &t);
    if (exchange_ims_opening(text, &peer) != IMS_ROLE_UNKNOWN)
        begin_session(s);
    else if (s->in_message && !ends_message(s, &t))
        return false;
    else if (s->session == 0)
        s->session = 1;
    s->texts_logged |= t.raw; /* the level that logs all */
    s->arrowed |= t.arrow != IMS_NO_ARROW;
    s->in_message |= is_354(&t);
    return true;
}

static enum record_status make_record(struct ims *s, slice text, bool has_time, struct record *rec)
{
    if (s->passing_over)
        return RECORD_REJECT;
    rec->time_us = s->last_us;
    rec->has_time = has_time;
    rec->host = rec->tag = rec->pid = SLICE_NONE;
    rec->text = text;
    rec->repeat = 1;
    rec->note = s->session;
    return RECORD_READY;
}

static enum record_status read_bare(struct ims *s, slice line, struct record *rec)
{
    slice text = without_indent(line);

    if (s->stamped || text.len == 0)
        return s->in_message ? pass_text(s, line) : RECORD_SKIP;
    if (!is_bare_dialogue(text) && (s->arrowed || !is_naked(text)))
        return s->in_message ? pass_text(s, line) : RECORD_SKIP;
    return belongs(s, text) ? make_record(s, text, false, rec) : pass_text(s, line);
}

static enum record_status ims_read(void *state, slice line, struct record *rec)
{
    struct ims *s = state;
    struct regional_time time = s->time;
    slice text;
    int64_t us;

    if (line.ptr == NULL)
        return RECORD_SKIP;
    line = strip(line);
    if (s->passing_over && !s->in_message && is_dot(line))
        go_back(s);
    if (!take_stamp(&time, line, &us, &text))
        return read_bare(s, line, rec);
    if (!belongs(s, text))
        return pass_text(s, line);
    s->time = time;
    s->last_us = us;
    s->stamped = true;
    return make_record(s, text, true, rec);
}

static enum parse_result ims_parse(void *state, const struct record *rec, struct event *ev,
                                   const struct event_sink *sink)
{
    struct ims *s = state;

    return exchange_ims_dialogue_read(&s->dialogues, rec, ev, sink);
}

static void ims_start(void *state, const struct parser_env *env)
{
    struct ims *s = state;

    regional_time_init(&s->time, env->zone);
}

/* ---- is it one? ---- */

/* A stamped line as only this log has it. */
static bool is_stamped_line(slice line)
{
    static const struct time_zone utc;
    struct regional_time time;
    struct ims_text t;
    slice text, peer;
    int64_t us;

    regional_time_init(&time, &utc);
    if (!take_stamp(&time, line, &us, &text))
        return false;
    exchange_ims_split(text, &t);
    return t.arrow != IMS_NO_ARROW || t.raw ||
           exchange_ims_opening(text, &peer) != IMS_ROLE_UNKNOWN || is_naked(text);
}

/* How surely is a line without a stamp one that an article printed? */
static unsigned bare_score(slice text)
{
    struct ims_text t;
    slice peer;

    if (exchange_ims_opening(text, &peer) != IMS_ROLE_UNKNOWN)
        return 60;
    exchange_ims_split(text, &t);
    if (t.arrow == IMS_NO_ARROW)
        return is_naked(text) ? 30 : 0;
    return t.raw || is_naked(t.text) ? 50 : 0;
}

static unsigned ims_probe(slice head)
{
    unsigned naked = 0, lines = 0;

    while (head.len > 0 && lines < 10) {
        size_t eol = slice_find_byte(head, '\n');
        slice line = strip(slice_first(head, eol)), text = without_indent(line);
        head = slice_from(head, eol + 1);
        if (text.len == 0)
            continue;
        if (is_stamped_line(line))
            return 80;
        unsigned score = bare_score(text);
        if (score >= 50)
            return score;
        if (score == 0) /* the first line decides, and a naked file is naked all through */
            return 0;
        naked++;
        lines++;
    }
    return naked >= 2 ? 50 : 0;
}

static void persist(void *state, struct state_io *io)
{
    static const struct state_hole holes[] = {STATE_HOLE(struct ims, time.zone)};

    state_struct(io, "exchange_ims", state, sizeof(struct ims), STATE_HOLES(holes));
}

const struct parser parser_exchange_ims = {
    .name = "exchange_ims",
    .summary = "Exchange 4.0, 5.0, 5.5: SMTP protocol log of the Internet Mail Service",
    .source = "Microsoft Knowledge Base Q154505, Q262945, Q295725, Q245787, Q228725",
    .parse = ims_parse,
    .state_size = sizeof(struct ims),
    .start = ims_start,
    .probe = ims_probe,
    .read = ims_read,
    .persist = persist,
};
