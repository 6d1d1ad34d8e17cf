/* qmail_send.c - the queue of qmail
 *
 * Grammar:  "new msg " N | "end msg " N
 *           "info msg " N ": bytes " B " from <" SENDER "> qp " Q " uid " U
 *           "starting delivery " D ": msg " N " to " ("local" | "remote") " " RCPT
 *           "delivery " D ": " ("success" | "deferral" | "failure") ": " TEXT
 *           "bounce msg " N " qp " Q
 *           "triple bounce: discarding " ...
 * N is an inode, used again as soon as "end msg N"; Q is the process that put a message into the
 * queue. TEXT has "_" for a blank and "/" for a newline; another system's words may be in it.
 * source:   notqmail qmail-send.c, qmail-local.c ("did_F+W+P/qp_Q/"), qmail-remote.c
 * algorithm: a bounce or a forwarded copy is found by Q, in either order of the lines
 * limits:   SENDER is not escaped: qp and uid are the last of the line. No client is logged */
#include "qmail.h"

#include "base/cursor.h"

static uint64_t key_of(const struct mail_line *line, slice text)
{
    return mail_hash(line->rec->host, text) | 1;
}

static slice take_number(slice *cur)
{
    slice whole = *cur;
    uint64_t n;

    if (!cursor_take_uint(cur, UINT64_MAX, &n))
        return SLICE_NONE;
    return slice_first(whole, whole.len - cur->len);
}

/* ---- who made which message ---- */

static struct qmail_process *process_of(struct mail_line *line, slice qp)
{
    static const int64_t life_us = INT64_C(3600) * 1000000;
    struct qmail_shared *sh = line->shared;
    uint64_t key = key_of(line, qp);
    struct qmail_process *p = &sh->process[key % QMAIL_PROCESSES];

    /* a process id comes again */
    if (p->key != key || line->rec->time_us - p->time_us > life_us)
        *p = (struct qmail_process){.key = key};
    p->time_us = line->rec->time_us;
    return p;
}

/* Both ends are known: say so, and forget it. */
static void tie(struct mail_line *line, struct qmail_process *p)
{
    slice id = line->queue_id;

    if (p->made[0] == '\0' || p->cause[0] == '\0')
        return;
    line->queue_id = slice_of(p->cause);
    struct event *ev = mail_begin(line, p->is_bounce ? EVENT_DSN : EVENT_SPLIT);
    line->queue_id = id;
    if (p->is_bounce)
        ev->dsn = DSN_FAILED;
    event_set(ev, EF_CHILD_ID, slice_of(p->made));
    (void)mail_emit(line);
    p->key = 0;
}

static enum parse_result read_info(struct mail_line *line, slice cur)
{
    slice msg = take_number(&cur), size, sender, qp, uid;
    uint64_t bytes = 0, number;

    if (msg.len == 0 || !cursor_take_lit(&cur, SLICE_LIT(": bytes ")))
        return PARSE_REJECT;
    size = take_number(&cur);
    if (size.len == 0 || !cursor_take_lit(&cur, SLICE_LIT(" from <")))
        return PARSE_REJECT;
    size_t close = slice_rfind_byte(cur, '>');
    sender = slice_first(cur, close);
    cur = slice_from(cur, close + 1);
    if (!cursor_take_lit(&cur, SLICE_LIT(" qp ")) || (qp = take_number(&cur)).len == 0 ||
        !cursor_take_lit(&cur, SLICE_LIT(" uid ")) || (uid = take_number(&cur)).len == 0)
        return PARSE_REJECT;
    (void)cursor_take_uint(&size, UINT64_MAX / 16, &bytes);
    if (slice_eq(sender, SLICE_LIT("#@[]"))) /* of a bounce that bounced */
        sender = slice_first(sender, 0);
    line->queue_id = msg;
    struct event *ev = mail_begin(line, EVENT_MAIL);
    ev->stage = STAGE_MAIL;
    event_set_sender(ev, sender);
    if (cursor_take_uint(&uid, UINT32_MAX, &number))
        ev->uid = (int64_t)number;
    (void)mail_emit(line);
    struct qmail_process *p = process_of(line, qp);
    slice_keep(msg, p->made, sizeof p->made);
    tie(line, p);
    ev = mail_begin(line, EVENT_QUEUED);
    event_set_sender(ev, sender);
    ev->size = bytes;
    return mail_emit(line);
}

static enum parse_result note_cause(struct mail_line *line, slice msg, slice qp, bool is_bounce)
{
    struct qmail_process *p = process_of(line, qp);

    slice_keep(msg, p->cause, sizeof p->cause);
    p->is_bounce = is_bounce;
    bool known = p->made[0] != '\0';
    tie(line, p);
    return known ? PARSE_EVENT : PARSE_SKIP;
}

static enum parse_result read_bounce(struct mail_line *line, slice cur)
{
    slice msg = take_number(&cur), qp;

    if (msg.len == 0 || !cursor_take_lit(&cur, SLICE_LIT(" qp ")))
        return PARSE_REJECT;
    qp = take_number(&cur);
    return qp.len == 0 ? PARSE_REJECT : note_cause(line, msg, qp, true);
}

/* ---- deliveries ---- */

static enum parse_result read_start(struct mail_line *line, slice cur)
{
    struct qmail_shared *sh = line->shared;
    slice number = take_number(&cur), msg;
    uint64_t n = 0;

    if (number.len == 0 || !cursor_take_lit(&cur, SLICE_LIT(": msg ")) ||
        (msg = take_number(&cur)).len == 0 || !cursor_take_lit(&cur, SLICE_LIT(" to ")))
        return PARSE_REJECT;
    bool remote = cursor_take_lit(&cur, SLICE_LIT("remote "));
    if (!remote && !cursor_take_lit(&cur, SLICE_LIT("local ")))
        return PARSE_REJECT;
    slice digits = number;
    (void)cursor_take_uint(&digits, UINT64_MAX, &n);
    struct qmail_delivery *d = &sh->delivery[n % QMAIL_DELIVERIES];
    sh->lost += d->key != 0;
    *d = (struct qmail_delivery){.key = key_of(line, number), .remote = remote};
    slice_keep(msg, d->msg, sizeof d->msg);
    slice_keep(cur, d->rcpt, sizeof d->rcpt);
    return PARSE_SKIP;
}

/* TEXT as it was meant. */
static slice readable(slice text, char *room)
{
    size_t n = text.len < QMAIL_TEXT ? text.len : QMAIL_TEXT;

    for (size_t i = 0; i < n; i++)
        room[i] = text.ptr[i] == '_' || text.ptr[i] == '/' ? ' ' : text.ptr[i];
    return slice_trim((slice){room, n});
}

/* "(#5.1.1)" of qmail's own words. */
static void set_status(struct event *ev, slice text)
{
    slice status = mail_after(text, SLICE_LIT("(#"));

    if (status.ptr != NULL)
        mail_set_reply(ev, slice_first(status, slice_find_byte(status, ')')));
}

/* The address that the text names: at its beginning, or behind "Connected to ". */
static void set_remote(struct event *ev, slice text)
{
    slice cur = text, word;

    (void)cursor_take_lit(&cur, SLICE_LIT("Connected to "));
    if (cursor_take_token(&cur, &word))
        (void)ip_addr_parse(word, &ev->remote);
}

static enum event_outcome take_outcome(slice *cur)
{
    if (cursor_take_lit(cur, SLICE_LIT("success: ")))
        return OUTCOME_DELIVERED;
    if (cursor_take_lit(cur, SLICE_LIT("deferral: ")))
        return OUTCOME_DEFERRED;
    return cursor_take_lit(cur, SLICE_LIT("failure: ")) ? OUTCOME_BOUNCED : OUTCOME_NONE;
}

static void fill(struct event *ev, const struct qmail_delivery *d, slice text)
{
    slice reply = mail_after(text, SLICE_LIT("Remote host said: "));

    event_set(ev, EF_RCPT, slice_of(d->rcpt));
    event_set(ev, EF_TEXT, reply.len > 0 ? reply : text);
    mail_set_reply(ev, reply);
    if (ev->status[0] == 0)
        set_status(ev, text);
    if (!d->remote) {
        ev->route = ROUTE_MAILBOX;
        return;
    }
    set_remote(ev, text);
    bool met = ev->remote.family != 0 || ev->outcome == OUTCOME_DELIVERED;
    ev->route = !met                               ? ROUTE_NONE
                : ip_addr_is_loopback(&ev->remote) ? ROUTE_LOOPBACK
                                                   : ROUTE_REMOTE;
}

static enum parse_result read_delivery(struct mail_line *line, slice cur, char *room)
{
    struct qmail_shared *sh = line->shared;
    slice number = take_number(&cur), digits = number;
    enum event_outcome outcome;
    uint64_t n = 0;

    if (number.len == 0 || !cursor_take_lit(&cur, SLICE_LIT(": ")) ||
        (outcome = take_outcome(&cur)) == OUTCOME_NONE)
        return PARSE_REJECT;
    (void)cursor_take_uint(&digits, UINT64_MAX, &n);
    struct qmail_delivery *d = &sh->delivery[n % QMAIL_DELIVERIES];
    if (d->key != key_of(line, number))
        return PARSE_SKIP; /* begun before this log */
    line->queue_id = slice_of(d->msg);
    struct event *ev = mail_begin(line, EVENT_DELIVERY);
    ev->outcome = outcome;
    fill(ev, d, readable(cur, room));
    (void)mail_emit(line);
    d->key = 0;
    slice qp = d->remote ? SLICE_NONE : mail_after(cur, SLICE_LIT("/qp_"));
    if (outcome == OUTCOME_DELIVERED && qp.len > 0)
        (void)note_cause(line, slice_of(d->msg), take_number(&qp), false);
    return PARSE_EVENT;
}

enum parse_result qmail_send_read(struct mail_line *line, char *room)
{
    static const char *const quiet[] = {
        "new msg ", "status: ", "warning: ", "alert: ", "running", "exiting", NULL};
    slice cur = line->text;

    if (cursor_take_lit(&cur, SLICE_LIT("info msg ")))
        return read_info(line, cur);
    if (cursor_take_lit(&cur, SLICE_LIT("starting delivery ")))
        return read_start(line, cur);
    if (cursor_take_lit(&cur, SLICE_LIT("delivery ")))
        return read_delivery(line, cur, room);
    if (cursor_take_lit(&cur, SLICE_LIT("bounce msg ")))
        return read_bounce(line, cur);
    if (cursor_take_lit(&cur, SLICE_LIT("end msg "))) {
        line->queue_id = take_number(&cur);
        mail_begin(line, EVENT_DONE)->done = DONE_REMOVED;
        return mail_emit(line);
    }
    if (slice_starts(cur, SLICE_LIT("triple bounce: ")) ||
        slice_starts(cur, SLICE_LIT("double bounce: ")))
        return mail_emit_text(line, EVENT_ACTION, OUTCOME_DISCARDED, NULL, cur);
    return mail_starts_any(cur, quiet) ? PARSE_SKIP : PARSE_FOREIGN;
}
