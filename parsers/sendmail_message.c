/* sendmail_message.c - the life of a message in a Sendmail log
 *
 * Grammar:  ID "from=" SENDER ", size=" N ", class=" N [", pri=" N] ", nrcpts=" N
 *               *(", " KEY "=" V) ", relay=" (HOST | USER "@localhost")
 *           ID "to=" RCPT *("," RCPT) [", ctladdr=" ADDR " (" UID "/" GID ")"] *(", " KEY "=" V)
 *               ", stat=" STATUS
 *           ID NEWID ": " ("DSN: " | "return to sender: " | "sender notify: " |
 *               "postmaster notify: " | "clone: ") TEXT
 *           ID "done; " ...
 * In from= the sender writes msgid=, so relay= is the last of the line. In to= all that stands
 * before stat= is Sendmail's but the recipients, whose quotes are heeded; STATUS is another
 * system's words. A from= with nrcpts=0 ends a transaction of which nothing was taken: it names
 * the client of the recipients that were refused as unknown.
 * source:   Sendmail sendmail/envelope.c, deliver.c (logdelivery), savemail.c, recipient.c
 * limits:   values are cut by Sendmail at 40 to 200 bytes; recipients before alias expansion are
 *           not logged, but for ctladdr= of a user with a .forward */
#include "sendmail.h"

#include "base/cursor.h"

/* ---- from= ---- */

struct arrival {
    slice sender, msgid, daemon;
    uint64_t size, nrcpts;
    struct mail_host host;
    bool local;
    bool authed; /* proto=ESMTPA, ESMTPSA: the "A" is RFC 3848's, for AUTH */
};

/* The last ", relay=" of the line. */
static bool take_last_relay(slice text, slice *ret_head, slice *ret_relay)
{
    const slice key = SLICE_LIT(", relay=");
    slice head = text;

    for (size_t at = slice_rfind_byte(head, ','); at < head.len; at = slice_rfind_byte(head, ',')) {
        if (slice_starts(slice_from(text, at), key)) {
            *ret_head = slice_first(text, at);
            *ret_relay = slice_from(text, at + key.len);
            return true;
        }
        head = slice_first(head, at);
    }
    return false;
}

/* SENDER up to the ", size=" that belongs to it. */
static bool take_sender(slice *cur, slice *ret)
{
    slice rest = *cur;

    if (mail_take_address(&rest, ret) && slice_starts(rest, SLICE_LIT(", size="))) {
        *cur = rest;
        return true;
    }
    size_t at = slice_find(*cur, SLICE_LIT(", size="));
    if (at == cur->len)
        return false;
    *ret = slice_first(*cur, at);
    *cur = slice_from(*cur, at);
    return true;
}

static bool take_number(slice *cur, slice key, uint64_t *ret)
{
    slice rest = *cur;

    if (!cursor_take_lit(&rest, key) || !cursor_take_uint(&rest, UINT64_MAX / 16, ret))
        return false;
    *cur = rest;
    return true;
}

static bool take_arrival(slice cur, struct arrival *a)
{
    slice head, relay, rest;
    uint64_t ignored;

    *a = (struct arrival){0};
    if (!take_sender(&cur, &a->sender) || !take_number(&cur, SLICE_LIT(", size="), &a->size))
        return false;
    rest = cur;
    if (cursor_take_lit(&rest, SLICE_LIT(", class=-")) && cursor_take_uint(&rest, 9999, &ignored))
        cur = rest;
    else
        (void)take_number(&cur, SLICE_LIT(", class="), &ignored);
    (void)take_number(&cur, SLICE_LIT(", pri="), &ignored);
    if (!take_number(&cur, SLICE_LIT(", nrcpts="), &a->nrcpts))
        return false;
    if (!take_last_relay(cur, &head, &relay))
        return false;
    rest = relay;
    if (!sendmail_take_host(&rest, &a->host)) {
        a->local =
            slice_find_byte(relay, '@') < relay.len && slice_find_byte(relay, '[') == relay.len;
        a->host = (struct mail_host){0};
    }
    rest = mail_after(cur, SLICE_LIT(", msgid="));
    if (rest.len > 0 && !mail_take_angle(&rest, &a->msgid))
        a->msgid = slice_first(rest, slice_find_byte(rest, ','));
    for (rest = mail_after(head, SLICE_LIT(", daemon=")); rest.ptr != NULL;
         rest = mail_after(rest, SLICE_LIT(", daemon=")))
        a->daemon = rest;
    slice proto = SLICE_NONE;
    for (rest = mail_after(head, SLICE_LIT(", proto=")); rest.ptr != NULL;
         rest = mail_after(rest, SLICE_LIT(", proto=")))
        proto = slice_first(rest, slice_find_byte(rest, ','));
    a->authed = slice_eq(proto, SLICE_LIT("ESMTPA")) || slice_eq(proto, SLICE_LIT("ESMTPSA"));
    return true;
}

static void keep_sender(struct mail_line *line, slice sender)
{
    struct sendmail_shared *s = line->shared;
    uint64_t key = sendmail_key(line, line->queue_id);

    s->sender[key % SENDMAIL_SENDERS] =
        (struct sendmail_sender){key, mail_hash(sender, SLICE_NONE)};
}

static void emit_mail(struct mail_line *line, const struct arrival *a)
{
    const struct sendmail_login *login = a->local ? NULL : sendmail_login_of(line, &a->host);
    struct event *ev = mail_begin(line, EVENT_MAIL);

    ev->stage = STAGE_MAIL;
    ev->local_submit = a->local;
    event_set_sender(ev, a->sender);
    mail_set_client(ev, &a->host);
    event_set(ev, EF_SERVICE, a->daemon);
    if (login != NULL) {
        event_set(ev, EF_USER, slice_of(login->user));
        event_set(ev, EF_MECHANISM, slice_of(login->mechanism));
    }
    /* a login that no line told (LogLevel below 9, or before the log began): nobody to accuse */
    ev->auth_hidden = a->authed && login == NULL;
    (void)mail_emit(line);
}

static enum parse_result read_from(struct mail_line *line, slice cur)
{
    struct arrival a;

    if (line->queue_id.len == 0 || !take_arrival(cur, &a))
        return PARSE_REJECT;
    unsigned released = sendmail_release(line, &a.host, a.sender);
    if (a.nrcpts == 0)
        return released > 0 ? PARSE_EVENT : PARSE_SKIP;
    keep_sender(line, a.sender);
    emit_mail(line, &a);
    if (a.msgid.len > 0) {
        event_set(mail_begin(line, EVENT_MESSAGE_ID), EF_MESSAGE_ID, a.msgid);
        (void)mail_emit(line);
    }
    struct event *ev = mail_begin(line, EVENT_QUEUED);
    event_set_sender(ev, a.sender);
    ev->size = a.size;
    ev->nrcpt = a.nrcpts > UINT32_MAX ? UINT32_MAX : (uint32_t)a.nrcpts;
    return mail_emit(line);
}

/* ---- to= ---- */

struct delivery {
    slice rcpts, ctladdr, delay, mailer, relay, dsn, reply, stat;
};

/* RCPT *("," RCPT), which ends at ", KEY=": passes it. */
static bool take_recipients(slice *cur, slice *ret)
{
    slice rest = *cur, addr;

    do {
        if (!mail_take_address(&rest, &addr))
            return false;
        if (slice_starts(rest, SLICE_LIT(", ")) || rest.len == 0)
            break;
    } while (cursor_take_byte(&rest, ','));
    *ret = slice_first(*cur, cur->len - rest.len);
    *cur = rest;
    return slice_starts(rest, SLICE_LIT(", "));
}

static slice *find_member(struct delivery *d, slice key)
{
    struct {
        slice key;
        slice *value;
    } rows[] = {{SLICE_INIT("delay"), &d->delay},
                {SLICE_INIT("mailer"), &d->mailer},
                {SLICE_INIT("relay"), &d->relay},
                {SLICE_INIT("dsn"), &d->dsn}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (slice_eq(key, rows[i].key))
            return rows[i].value;
    return NULL;
}

/* ", KEY=VALUE"; false at the end. */
static bool take_member(slice *cur, struct delivery *d)
{
    slice rest = *cur, key;

    if (!cursor_take_lit(&rest, SLICE_LIT(", ")) || !cursor_take_past(&rest, '=', &key) ||
        key.len > 12)
        return false;
    if (slice_eq(key, SLICE_LIT("stat"))) {
        d->stat = rest;
        return false;
    }
    if (slice_eq(key, SLICE_LIT("ctladdr"))) {
        if (!mail_take_address(&rest, &d->ctladdr))
            return false;
        rest = slice_from(rest, slice_find_byte(rest, ','));
    } else {
        size_t end = slice_eq(key, SLICE_LIT("reply")) ? slice_find(rest, SLICE_LIT(", stat="))
                                                       : slice_find_byte(rest, ',');
        slice *member = slice_eq(key, SLICE_LIT("reply")) ? &d->reply : find_member(d, key);
        if (member != NULL)
            *member = slice_first(rest, end);
        rest = slice_from(rest, end);
    }
    *cur = rest;
    return true;
}

/* [DAYS "+"] hh ":" mm ":" ss, as milliseconds; -1 when it is none. */
static int64_t delay_ms(slice cur)
{
    uint64_t days = 0, hours, minutes, seconds;
    slice rest = cur;

    if (cursor_take_uint(&rest, 9999, &days) && cursor_take_byte(&rest, '+'))
        cur = rest;
    else
        days = 0;
    if (!cursor_take_uint(&cur, 9999, &hours) || !cursor_take_byte(&cur, ':') ||
        !cursor_take_uint(&cur, 59, &minutes) || !cursor_take_byte(&cur, ':') ||
        !cursor_take_uint(&cur, 60, &seconds))
        return -1;
    return (int64_t)(((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1000;
}

static enum event_outcome outcome_of(const struct delivery *d, const struct event *ev)
{
    if (slice_starts(d->stat, SLICE_LIT("Sent")))
        return OUTCOME_DELIVERED;
    if (slice_starts(d->stat, SLICE_LIT("Deferred")) || slice_starts(d->stat, SLICE_LIT("queued")))
        return OUTCOME_DEFERRED;
    switch (ev->status[0]) {
    case 2:
        return OUTCOME_DELIVERED;
    case 4:
        return OUTCOME_DEFERRED;
    default:
        return OUTCOME_BOUNCED;
    }
}

/* The next server's words: in brackets after "Sent", after "Deferred: ", or all of it. */
static slice words_of(const struct delivery *d)
{
    slice text = d->reply.len > 0 ? d->reply : d->stat;

    if (d->reply.len > 0)
        return text;
    if (cursor_take_lit(&text, SLICE_LIT("Sent (")))
        return slice_first(text, slice_rfind_byte(text, ')'));
    (void)cursor_take_lit(&text, SLICE_LIT("Deferred: "));
    return text;
}

/* The id under which the next queue of this host carries on. */
static slice next_id(slice text)
{
    slice id = mail_after(text, SLICE_LIT("queued as "));
    size_t blank = slice_find_byte(text, ' ');

    if (id.ptr == NULL && slice_starts(slice_from(text, blank), SLICE_LIT(" Message accepted")))
        return slice_first(text, blank);
    return slice_first(id, slice_find_byte(id, ' '));
}

static bool is_network(slice mailer)
{
    return slice_has(mailer, SLICE_LIT("smtp")) || slice_eq(mailer, SLICE_LIT("relay"));
}

static void set_route(struct event *ev, const struct delivery *d, slice words)
{
    size_t open = slice_rfind_byte(d->relay, '[');
    slice host = slice_from(d->relay, open), name = slice_first(d->relay, open);

    if (host.len > 0)
        (void)mail_take_ip(&host, &ev->remote);
    name = slice_trim(name);
    if (name.len > 1 && name.ptr[name.len - 1] == '.')
        name.len--;
    event_set(ev, EF_RELAY, name.len > 0 ? name : d->mailer);
    if (ip_addr_is_loopback(&ev->remote)) {
        ev->route = ROUTE_LOOPBACK;
        if (ev->outcome == OUTCOME_DELIVERED)
            event_set(ev, EF_CHILD_ID, next_id(words));
    } else if (ev->remote.family != 0 || is_network(d->mailer)) {
        bool met = ev->remote.family != 0 || ev->outcome == OUTCOME_DELIVERED;
        ev->route = met ? ROUTE_REMOTE : ROUTE_NONE;
    } else if (slice_eq(d->mailer, SLICE_LIT("prog"))) {
        ev->route = ROUTE_COMMAND;
    } else if (d->mailer.len > 0) {
        ev->route = ROUTE_MAILBOX;
    }
}

/* ctladdr= is the user on whose behalf it goes: a recipient with a .forward, or the sender himself.
 */
static bool is_forwarded(const struct mail_line *line, slice ctladdr)
{
    const struct sendmail_shared *s = line->shared;
    uint64_t key = sendmail_key(line, line->queue_id);
    const struct sendmail_sender *e = &s->sender[key % SENDMAIL_SENDERS];

    return ctladdr.len > 0 && e->key == key && e->sender != mail_hash(ctladdr, SLICE_NONE);
}

static void emit_delivery(struct mail_line *line, const struct delivery *d, slice rcpt)
{
    struct event *ev = mail_begin(line, EVENT_DELIVERY);
    slice words = words_of(d);

    bool file = rcpt.len > 1 && strchr("|/", rcpt.ptr[rcpt.ptr[0] == '"']) != NULL;
    event_set(ev, EF_RCPT, file && d->ctladdr.len > 0 ? d->ctladdr : rcpt);
    if (!file && is_forwarded(line, d->ctladdr))
        event_set(ev, EF_ORIG_RCPT, d->ctladdr);
    mail_set_reply(ev, words);
    mail_set_reply(ev, ev->reply_code == 0 ? d->dsn : words);
    if (ev->status[0] == 0)
        mail_set_reply(ev, d->dsn);
    ev->outcome = outcome_of(d, ev);
    event_set(ev, EF_TEXT, words);
    ev->delay_ms = delay_ms(d->delay);
    set_route(ev, d, words);
    (void)mail_emit(line);
}

static enum parse_result read_to(struct mail_line *line, slice cur)
{
    struct delivery d = {0};
    slice rcpt;

    if (line->queue_id.len == 0 || !take_recipients(&cur, &d.rcpts))
        return PARSE_REJECT;
    while (take_member(&cur, &d))
        ;
    if (d.stat.ptr == NULL)
        return PARSE_REJECT;
    for (cur = d.rcpts; mail_take_address(&cur, &rcpt); (void)cursor_take_byte(&cur, ','))
        emit_delivery(line, &d, rcpt);
    return PARSE_EVENT;
}

/* ---- notifications ---- */

static enum parse_result emit_notice(struct mail_line *line, slice child, enum dsn_action action,
                                     slice text)
{
    struct event *ev = mail_begin(line, EVENT_DSN);

    ev->dsn = action;
    event_set(ev, EF_CHILD_ID, child);
    event_set(ev, EF_TEXT, text);
    (void)mail_emit(line);
    /* no line says so, but a notification has the null sender: RFC 3464 2 */
    line->queue_id = child;
    ev = mail_begin(line, EVENT_QUEUED);
    event_set_sender(ev, slice_first(child, 0));
    return mail_emit(line);
}

static enum parse_result read_two_ids(struct mail_line *line)
{
    static const struct {
        const char *text;
        enum dsn_action action;
    } rows[] = {
        {"return to sender: ", DSN_FAILED},      {"sender notify: ", DSN_DELAYED},
        {"postmaster notify: ", DSN_POSTMASTER}, {"DSN: Return receipt", DSN_DELIVERED},
        {"DSN: Warning: ", DSN_DELAYED},         {"DSN: ", DSN_FAILED},
    };
    slice cur = line->text, child;
    uint64_t part;

    if (line->queue_id.len == 0 || !sendmail_take_id(&cur, &child, &part) || child.len == 0)
        return PARSE_FOREIGN;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (slice_starts(cur, slice_of(rows[i].text)))
            return emit_notice(line, child, rows[i].action, mail_after(cur, SLICE_LIT(": ")));
    if (!slice_starts(cur, SLICE_LIT("clone: ")))
        return PARSE_REJECT;
    event_set(mail_begin(line, EVENT_SPLIT), EF_CHILD_ID, child);
    return mail_emit(line);
}

enum parse_result sendmail_message_read(struct mail_line *line)
{
    slice cur = line->text;

    if (cursor_take_lit(&cur, SLICE_LIT("from=")))
        return read_from(line, cur);
    if (cursor_take_lit(&cur, SLICE_LIT("to=")))
        return read_to(line, cur);
    if (line->queue_id.len > 0 && slice_starts(cur, SLICE_LIT("done; "))) {
        mail_begin(line, EVENT_DONE)->done = DONE_REMOVED;
        return mail_emit(line);
    }
    return read_two_ids(line);
}
