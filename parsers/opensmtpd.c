/* opensmtpd.c - OpenSMTPD log text to events: sessions, messages, deliveries of every version
 *
 * The readers of opensmtpd_current.c (5.9 and later) and opensmtpd_older.c take lines apart; here
 * is what they have in common.
 * source:   OpenSMTPD 7.8.0p1, and its history back to 5.4: usr.sbin/smtpd/smtp_session.c, mta.c,
 *           mda.c, queue.c (queue_log), bounce.c
 * algorithm: a message is known by the first half of its envelope ids. The client stands in the
 *           line of the connection only, so the open sessions are kept. Which message a
 *           notification is about is not logged: it is the newest failed message of the sender it
 *           goes to, and the notification comes from this host itself and has the null sender
 * limits:   host= is whatever the client's reverse DNS says, unconfirmed: it is not read. No line
 *           says that a message is done; refused relaying and unknown users have the same reply;
 *           MAIL FROM is not logged when it is taken */
#include "opensmtpd.h"

#include "base/cursor.h"

static const int64_t notice_us = INT64_C(600) * 1000000;

struct opensmtpd_state {
    struct opensmtpd_shared *shared;
};

static uint64_t key_of(const struct mail_line *line, slice text)
{
    return mail_hash(line->rec->host, text) | 1;
}

/* ---- sessions ---- */

struct opensmtpd_session *opensmtpd_session(struct mail_line *line, slice id)
{
    struct opensmtpd_shared *sh = line->shared;
    uint64_t key = key_of(line, id);
    struct opensmtpd_session *base = sh->session, *oldest = NULL;

    for (unsigned i = 0; i < 8; i++) { /* a bucket of eight */
        struct opensmtpd_session *s = &base[(key + i) % OPENSMTPD_SESSIONS];
        if (s->key == key) {
            s->last_us = line->rec->time_us;
            return s;
        }
        if (oldest == NULL || s->key == 0 || (oldest->key != 0 && s->last_us < oldest->last_us))
            oldest = s;
    }
    sh->lost += oldest->key != 0;
    *oldest = (struct opensmtpd_session){.key = key, .last_us = line->rec->time_us};
    return oldest;
}

struct mail_host opensmtpd_client(const struct opensmtpd_session *s)
{
    return (struct mail_host){.ip = s->ip};
}

struct event *opensmtpd_begin(struct mail_line *line, enum event_kind kind, slice id,
                              const struct opensmtpd_session *s)
{
    struct event *ev = mail_begin(line, kind);
    struct mail_host host = opensmtpd_client(s);

    event_set(ev, EF_SESSION, id);
    mail_set_client(ev, &host);
    return ev;
}

enum parse_result opensmtpd_connected(struct mail_line *line, slice id, slice address)
{
    struct opensmtpd_session *s = opensmtpd_session(line, id);

    *s = (struct opensmtpd_session){.key = s->key, .last_us = s->last_us};
    s->local = slice_eq(address, SLICE_LIT("local"));
    if (address.len > 2 && address.ptr[0] == '[')
        address = slice_first(slice_from(address, 1), address.len - 2);
    if (!s->local)
        (void)ip_addr_parse(address, &s->ip);
    opensmtpd_begin(line, EVENT_CONNECT, id, s)->stage = STAGE_CONNECT;
    return mail_emit(line);
}

enum parse_result opensmtpd_closed(struct mail_line *line, slice id, slice reason)
{
    struct opensmtpd_session *s = opensmtpd_session(line, id);

    if (!slice_starts(reason, SLICE_LIT("quit"))) {
        event_set(opensmtpd_begin(line, EVENT_LOST, id, s), EF_TEXT, reason);
        (void)mail_emit(line);
    }
    opensmtpd_begin(line, EVENT_DISCONNECT, id, s);
    (void)mail_emit(line);
    s->key = 0;
    return PARSE_EVENT;
}

enum parse_result opensmtpd_login(struct mail_line *line, slice id, slice user, slice result)
{
    struct opensmtpd_session *s = opensmtpd_session(line, id);
    struct event *ev = opensmtpd_begin(line, EVENT_AUTH, id, s);

    ev->stage = STAGE_AUTH;
    event_set(ev, EF_USER, user);
    if (slice_starts(result, SLICE_LIT("ok"))) {
        ev->outcome = OUTCOME_ACCEPTED;
        slice_keep(user, s->user, sizeof s->user);
        return mail_emit(line);
    }
    ev->outcome = slice_starts(result, SLICE_LIT("permfail")) ? OUTCOME_REFUSED : OUTCOME_TEMPFAIL;
    ev->reply_code = ev->outcome == OUTCOME_REFUSED ? 535 : 421;
    s->auth_refused++; /* its reply is logged as a failed command as well */
    return mail_emit(line);
}

/* ---- refusals ---- */

static slice argument_of(slice command)
{
    slice path = mail_after(command, SLICE_LIT(":")), ret;

    path = slice_trim(path);
    return path.len > 0 && mail_take_address(&path, &ret) ? ret : SLICE_NONE;
}

enum parse_result opensmtpd_failed(struct mail_line *line, slice id, slice command, slice reply)
{
    struct opensmtpd_session *s = opensmtpd_session(line, id);
    slice word = slice_first(command, slice_find_byte(command, ' '));
    enum smtp_stage stage = command.len == 0 ? STAGE_CONNECT : mail_stage_of(word);
    struct event *ev;

    word = slice_first(word, slice_find_byte(word, ':'));
    if (stage == STAGE_AUTH && s->auth_refused > 0) {
        s->auth_refused--;
        return PARSE_SKIP;
    }
    bool login = stage == STAGE_AUTH && slice_starts(reply, SLICE_LIT("535"));
    if (stage == STAGE_OTHER)
        stage = mail_stage_of(word);
    if (stage == STAGE_OTHER) {
        struct mail_host host = opensmtpd_client(s);
        return mail_emit_protocol(line, ANOMALY_BAD_SYNTAX, word, &host, command);
    }
    ev = opensmtpd_begin(line,
                         login                 ? EVENT_AUTH
                         : stage == STAGE_RCPT ? EVENT_RCPT
                                               : EVENT_REFUSAL,
                         id, s);
    ev->stage = stage;
    mail_set_reply(ev, reply);
    ev->outcome = mail_refusal_outcome(ev);
    event_set(ev, EF_TEXT, reply);
    if (word.len > 0)
        event_set(ev, EF_COMMAND, word);
    if (stage == STAGE_RCPT)
        event_set(ev, EF_RCPT, argument_of(command));
    if (stage == STAGE_MAIL && argument_of(command).ptr != NULL)
        event_set_sender(ev, argument_of(command));
    return mail_emit(line);
}

/* ---- messages ---- */

enum parse_result opensmtpd_accepted(struct mail_line *line, slice id, slice sender)
{
    struct opensmtpd_session *s = opensmtpd_session(line, id);
    struct event *ev;

    line->queue_id = slice_of(s->msgid);
    ev = opensmtpd_begin(line, EVENT_MAIL, id, s);
    ev->stage = STAGE_MAIL;
    ev->local_submit = s->local;
    event_set_sender(ev, sender);
    if (s->user[0] != '\0')
        event_set(ev, EF_USER, slice_of(s->user));
    (void)mail_emit(line);
    ev = mail_begin(line, EVENT_QUEUED);
    event_set_sender(ev, sender);
    ev->size = s->size;
    ev->nrcpt = s->nrcpt;
    (void)mail_emit(line);
    s->msgid[0] = '\0';
    return PARSE_EVENT;
}

static void note_failure(struct mail_line *line, slice sender)
{
    struct opensmtpd_shared *sh = line->shared;
    uint64_t key = key_of(line, sender);
    struct opensmtpd_failure *f = &sh->failure[key % OPENSMTPD_FAILURES];

    *f = (struct opensmtpd_failure){.key = key, .time_us = line->rec->time_us};
    slice_keep(line->queue_id, f->msgid, sizeof f->msgid);
}

void opensmtpd_notice(struct mail_line *line, const struct opensmtpd_session *s, slice msgid,
                      slice rcpt)
{
    struct opensmtpd_shared *sh = line->shared;
    uint64_t key = key_of(line, rcpt);
    const struct opensmtpd_failure *f = &sh->failure[key % OPENSMTPD_FAILURES];

    if (!s->local || f->key != key || line->rec->time_us - f->time_us > notice_us)
        return;
    line->queue_id = slice_of(f->msgid);
    struct event *ev = mail_begin(line, EVENT_DSN);
    ev->dsn = DSN_FAILED;
    event_set(ev, EF_CHILD_ID, msgid);
    event_set(ev, EF_RCPT, rcpt);
    (void)mail_emit(line);
}

/* "1d2h3m4s" in any part, as milliseconds; -1 when it is none. */
static int64_t delay_ms(slice cur)
{
    int64_t seconds = 0;
    uint64_t n;

    if (cur.len == 0)
        return -1;
    while (cursor_take_uint(&cur, 100000, &n) && cur.len > 0) {
        int64_t unit = cur.ptr[0] == 'd'   ? 86400
                       : cur.ptr[0] == 'h' ? 3600
                       : cur.ptr[0] == 'm' ? 60
                                           : 1;
        seconds += (int64_t)n * unit;
        cur = slice_from(cur, 1);
    }
    return seconds * 1000;
}

/* "IP (NAME)", "IP" */
static void set_relay(struct event *ev, slice relay)
{
    slice ip = slice_first(relay, slice_find_byte(relay, ' ')), name = slice_from(relay, ip.len);

    if (ip.len > 2 && ip.ptr[0] == '[')
        ip = slice_first(slice_from(ip, 1), ip.len - 2);
    (void)ip_addr_parse(ip, &ev->remote);
    if (cursor_take_lit(&name, SLICE_LIT(" (")))
        event_set(ev, EF_RELAY, slice_first(name, slice_find_byte(name, ')')));
    else if (relay.len > 0 && !slice_eq(relay, SLICE_LIT("-")))
        event_set(ev, EF_RELAY, relay);
}

/* The word before " Message accepted", of an OpenSMTPD on this host; or "queued as ID". */
static slice next_id(slice stat)
{
    slice head = mail_before(stat, SLICE_LIT(" Message accepted"));

    if (head.len < stat.len)
        return slice_from(head, slice_rfind_byte(head, ' ') + 1);
    slice id = mail_after(stat, SLICE_LIT("queued as "));
    return slice_first(id, slice_find_byte(id, ' '));
}

static enum event_outcome outcome_of(slice result)
{
    if (slice_ieq(result, SLICE_LIT("Ok")))
        return OUTCOME_DELIVERED;
    if (slice_ieq(result, SLICE_LIT("TempFail")))
        return OUTCOME_DEFERRED;
    if (slice_ieq(result, SLICE_LIT("PermFail")))
        return OUTCOME_BOUNCED;
    return slice_ieq(result, SLICE_LIT("Expire")) ? OUTCOME_EXPIRED : OUTCOME_NONE;
}

static void set_route(struct event *ev, const struct opensmtpd_delivery *d)
{
    bool delivered = ev->outcome == OUTCOME_DELIVERED;

    if (d->local) {
        ev->route = ROUTE_MAILBOX;
        return;
    }
    set_relay(ev, d->relay);
    if (ev->remote.family == 0)
        ev->route = delivered ? ROUTE_REMOTE : ROUTE_NONE;
    else
        ev->route = ip_addr_is_loopback(&ev->remote) ? ROUTE_LOOPBACK : ROUTE_REMOTE;
    if (delivered && ev->route == ROUTE_LOOPBACK)
        event_set(ev, EF_CHILD_ID, next_id(d->stat));
}

enum parse_result opensmtpd_delivered(struct mail_line *line, const struct opensmtpd_delivery *d)
{
    enum event_outcome outcome = outcome_of(d->result);
    bool known = d->rcpt.len > 0 && !slice_eq(d->rcpt, SLICE_LIT("-"));

    if (outcome == OUTCOME_NONE || d->evpid.len < OPENSMTPD_MSGID || d->to.len == 0)
        return PARSE_REJECT;
    line->queue_id = slice_first(d->evpid, OPENSMTPD_MSGID);
    struct event *ev = mail_begin(line, EVENT_DELIVERY);
    ev->outcome = outcome;
    event_set_sender(ev, slice_eq(d->from, SLICE_LIT("@")) ? slice_first(d->from, 0) : d->from);
    event_set(ev, EF_RCPT, d->to);
    if (known && !slice_ieq(d->rcpt, d->to))
        event_set(ev, EF_ORIG_RCPT, d->rcpt);
    event_set(ev, EF_TEXT, d->stat);
    mail_set_reply(ev, d->stat);
    ev->delay_ms = delay_ms(d->delay);
    set_route(ev, d);
    if ((outcome == OUTCOME_BOUNCED || outcome == OUTCOME_EXPIRED) && !ev->null_sender)
        note_failure(line, d->from);
    return mail_emit(line);
}

/* ---- one line ---- */

static bool opensmtpd_claims(slice tag)
{
    return slice_eq(tag, SLICE_LIT("smtpd")) || slice_eq(tag, SLICE_LIT("opensmtpd"));
}

/* Lines that tell nothing about mail. */
static bool is_silent(slice text)
{
    static const char *const rows[] = {
        "info: ",     "debug: ", "warn: ",  "fatal: ",   "queue: ", "scheduler: ", "smtp-out: ",
        "setup done", "mta: ",   "mda: ",   "control: ", "lka: ",   "table: ",     "pony: ",
        "filter: ",   "proc ",   "server ", "starting",  "exiting", NULL};
    return mail_starts_any(text, rows) || slice_has(text, SLICE_LIT(" exiting"));
}

static enum parse_result opensmtpd_parse(void *state, const struct record *rec, struct event *ev,
                                         const struct event_sink *sink)
{
    struct opensmtpd_state *s = state;
    struct mail_line line = {.rec = rec,
                             .ev = ev,
                             .sink = sink,
                             .shared = s->shared,
                             .instance = SLICE_LIT("opensmtpd"),
                             .program = rec->tag,
                             .queue_id = SLICE_NONE,
                             .text = rec->text};
    enum parse_result result;

    if (slice_starts(line.text, SLICE_LIT("info: OpenSMTPD ")) &&
        slice_has(line.text, SLICE_LIT(" starting")))
        return mail_emit_text(&line, EVENT_RESTART, OUTCOME_NONE, NULL, line.text);
    if ((result = opensmtpd_current_read(&line)) != PARSE_FOREIGN ||
        (result = opensmtpd_older_read(&line)) != PARSE_FOREIGN)
        return result;
    return is_silent(line.text) ? PARSE_SKIP : PARSE_REJECT;
}

static void opensmtpd_start(void *state, const struct parser_env *env)
{
    ((struct opensmtpd_state *)state)->shared = env->shared;
}

static uint64_t opensmtpd_evictions(const void *shared)
{
    return ((const struct opensmtpd_shared *)shared)->lost;
}

const struct parser parser_opensmtpd = {
    .name = "opensmtpd",
    .summary = "OpenSMTPD 5.4 to 7, syslog",
    .source = "OpenSMTPD 7.8.0p1",
    .claims = opensmtpd_claims,
    .parse = opensmtpd_parse,
    .state_size = sizeof(struct opensmtpd_state),
    .shared_size = sizeof(struct opensmtpd_shared),
    .evictions = opensmtpd_evictions,
    .start = opensmtpd_start,
};
