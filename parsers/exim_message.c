/* exim_message.c - the life of a message in an Exim log, by the flag after its id
 *
 * Grammar:  ID "<= " (SENDER | "<>") *(" " KEY "=" VALUE)      arrival
 *           ID ("=>" | "->" | ">>") " " ADDR [" <" ORIGINAL ">"] *(" " KEY "=" VALUE)
 *           ID "** " ADDR [" <" ORIGINAL ">"] [" " KEYS] ": " REASON
 *           ID "== " ADDR [" <" ORIGINAL ">"] [" " KEYS] " defer (" N ")" [" H=" HOST]
 *               [": " REASON]
 *           ID "Completed"
 * KEYs have a fixed order: R= U= H= I= P= X= CV= DN= SNI= A= S= DKIM= id= T=. What the sender
 * writes freely (id=, T=) comes after S=, and nothing behind S= but id= is read; A= is believed
 * only when P= says that the session had authenticated.
 * source:   Exim src/src/receive.c, deliver.c (delivery_log, failure_log, deferral_log),
 *           transports/smtp.c ("SMTP error from remote mail server after ...")
 * limits:   whether mail without H= came from a process is told by H= alone. Which recipients a
 *           client asked for shows only in the original addresses of deliveries */
#include "exim.h"

#include "base/cursor.h"

/* ---- host part ---- */

static bool is_name_char(char c)
{
    char l = slice_lower(c);
    return (l >= 'a' && l <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_' ||
           c == '/' || (unsigned char)c >= 0x80;
}

static bool is_helo_char(char c)
{
    return c > ' ' && c != '(' && c != ')' && c != '<' && c != '>' && c != '"';
}

static bool take_chars(slice *cur, bool (*is)(char), slice *ret)
{
    size_t n = 0;

    while (n < cur->len && is(cur->ptr[n]))
        n++;
    if (n == 0)
        return false;
    *ret = slice_first(*cur, n);
    *cur = slice_from(*cur, n);
    return true;
}

/* "[" something that is no address "]", as in logs made anonymous: there is a host, but not known.
 */
static bool take_masked(slice *cur)
{
    slice rest = *cur, word;

    if (!cursor_take_byte(&rest, '[') || !cursor_take_past(&rest, ']', &word) || word.len > 64 ||
        slice_find_byte(word, ' ') < word.len)
        return false;
    *cur = rest;
    return true;
}

bool exim_take_host(slice *cur, struct mail_host *ret)
{
    slice rest = *cur, word;
    uint64_t port;

    *ret = (struct mail_host){0};
    if (take_chars(&rest, is_name_char, &word)) {
        ret->name = word;
        if (!cursor_take_byte(&rest, ' '))
            return false;
    }
    if (cursor_take_byte(&rest, '(')) {
        if (!take_chars(&rest, is_helo_char, &ret->helo) ||
            !cursor_take_lit(&rest, SLICE_LIT(") ")))
            return false;
    }
    if (!mail_take_ip(&rest, &ret->ip) && !take_masked(&rest))
        return false;
    word = rest;
    if (cursor_take_byte(&word, ':') && cursor_take_uint(&word, UINT16_MAX, &port)) {
        ret->port = (uint16_t)port;
        rest = word;
    }
    *cur = rest;
    return true;
}

/* ---- arrival ---- */

struct arrival {
    slice reference, mechanism, user, message_id;
    struct mail_host host;
    bool has_host, host_read, authed; /* authed: P= says so */
    uint64_t size;
};

/* VALUE up to a blank; one in quotes up to its end. */
static slice take_value(slice *cur)
{
    size_t n = 0;

    if (cur->len > 0 && cur->ptr[0] == '"') {
        for (n = 1; n < cur->len && cur->ptr[n] != '"'; n++)
            n += cur->ptr[n] == '\\';
        n++;
    }
    if (n > cur->len)
        n = cur->len;
    n += slice_find_byte(slice_from(*cur, n), ' ');
    slice value = slice_first(*cur, n);
    *cur = slice_from(*cur, n);
    return value;
}

/* P=esmtpsa, P=utf8esmtpa ...: the "a" is RFC 3848's, for AUTH. */
static bool is_authed_protocol(slice p)
{
    slice tail = slice_from(p, slice_find(p, SLICE_LIT("smtp")) + 4);
    return slice_find_byte(tail, 'a') < tail.len;
}

static void read_login(slice value, struct arrival *a)
{
    size_t colon = slice_find_byte(value, ':');

    if (!a->authed)
        return;
    a->mechanism = slice_first(value, colon);
    if (colon < value.len)
        a->user = slice_from(value, colon + 1);
}

/* One " KEY=VALUE" of an arrival; false at the end of what may be read. */
static bool take_member(slice *cur, struct arrival *a)
{
    slice key, value;

    (void)cursor_take_blanks(cur);
    size_t n = 0;
    while (n < cur->len && cur->ptr[n] != '=' && cur->ptr[n] != ' ')
        n++;
    if (n >= cur->len)
        return false;
    if (cur->ptr[n] == ' ') { /* a mark without a value: PRDR, RDNS, L ... */
        *cur = slice_from(*cur, n);
        return true;
    }
    key = slice_first(*cur, n);
    *cur = slice_from(*cur, n + 1);
    if (slice_eq(key, SLICE_LIT("H"))) {
        a->has_host = true;
        a->host_read = exim_take_host(cur, &a->host);
        return a->host_read;
    }
    value = take_value(cur);
    if (slice_eq(key, SLICE_LIT("R")) && !a->has_host)
        a->reference = value;
    else if (slice_eq(key, SLICE_LIT("P")))
        a->authed = is_authed_protocol(value);
    else if (slice_eq(key, SLICE_LIT("A")))
        read_login(value, a);
    else if (slice_eq(key, SLICE_LIT("S")) && cursor_take_uint(&value, UINT64_MAX / 16, &a->size))
        return false;
    return true;
}

static void read_message_id(slice cur, struct arrival *a)
{
    if (slice_starts(cur, SLICE_LIT(" DKIM=")))
        cur = slice_from(cur, 1 + slice_find_byte(slice_from(cur, 1), ' '));
    if (cursor_take_lit(&cur, SLICE_LIT(" id=")))
        a->message_id = slice_first(cur, slice_find_byte(cur, ' '));
}

static enum dsn_action fate_of(const struct exim_shared *shared, slice queue_id)
{
    uint64_t hash = mail_hash(queue_id, SLICE_NONE);
    const struct exim_fate *f = &shared->fate[hash % EXIM_FATES];

    return f->hash == hash ? f->action : DSN_FAILED;
}

/* "<= <> R=PARENT": this server made it about PARENT. */
static void emit_notice(struct mail_line *line, const struct arrival *a)
{
    slice child = line->queue_id;

    line->queue_id = a->reference;
    struct event *ev = mail_begin(line, EVENT_DSN);
    line->queue_id = child;
    ev->dsn = fate_of(line->shared, a->reference);
    event_set(ev, EF_CHILD_ID, child);
    (void)mail_emit(line);
}

static void emit_mail(struct mail_line *line, const struct arrival *a, slice sender)
{
    struct event *ev = mail_begin(line, EVENT_MAIL);

    ev->stage = STAGE_MAIL;
    ev->local_submit = !a->has_host;
    event_set_sender(ev, sender);
    if (a->has_host)
        mail_set_client(ev, &a->host);
    if (a->user.len > 0) {
        event_set(ev, EF_USER, a->user);
        event_set(ev, EF_MECHANISM, a->mechanism);
    }
    (void)mail_emit(line);
}

static bool is_own_notice(const struct arrival *a, slice sender)
{
    slice parent = a->reference, id;
    char buf[40];

    if (sender.len > 0 || a->has_host || parent.len == 0 || parent.len > 30)
        return false;
    memcpy(buf, parent.ptr, parent.len);
    buf[parent.len] = ' ';
    slice word = {buf, parent.len + 1};
    return exim_take_message_id(&word, &id);
}

static enum parse_result read_arrival(struct mail_line *line, slice cur)
{
    struct arrival a = {0};
    slice sender;

    if (!mail_take_address(&cur, &sender))
        return PARSE_REJECT;
    while (take_member(&cur, &a))
        ;
    if (a.has_host && !a.host_read)
        return PARSE_REJECT;
    read_message_id(cur, &a);
    if (is_own_notice(&a, sender))
        emit_notice(line, &a);
    else
        emit_mail(line, &a, sender);
    if (a.message_id.len > 0) {
        event_set(mail_begin(line, EVENT_MESSAGE_ID), EF_MESSAGE_ID, a.message_id);
        (void)mail_emit(line);
    }
    struct event *ev = mail_begin(line, EVENT_QUEUED);
    event_set_sender(ev, sender);
    ev->size = a.size;
    return mail_emit(line);
}

/* ---- deliveries ---- */

struct delivery {
    slice to, orig, transport, confirmation, reason;
    struct mail_host host;
    bool defer; /* "defer (N)" was passed */
};

/* " (PARENT)" of all_parents, and " <ORIGINAL>". */
static void take_original(slice *cur, struct delivery *d)
{
    slice rest = *cur, word;

    while (cursor_take_lit(&rest, SLICE_LIT(" (")) && cursor_take_past(&rest, ')', &word))
        *cur = rest;
    rest = *cur;
    if (cursor_take_byte(&rest, ' ') && mail_take_angle(&rest, &d->orig))
        *cur = rest;
}

/* ": REASON" at the cursor, or of what ends a value. */
static bool take_reason(slice *cur, struct delivery *d)
{
    slice rest = *cur;

    if (!cursor_take_byte(&rest, ':') || (rest.len > 0 && rest.ptr[0] != ' '))
        return false;
    d->reason = slice_trim(rest);
    return true;
}

/* A value with the ":" before the reason on it. */
static bool ends_with_colon(slice *value, slice *cur)
{
    if (value->len == 0 || value->ptr[value->len - 1] != ':')
        return false;
    value->len--;
    *cur = (slice){value->ptr + value->len, cur->len + 1};
    return true;
}

static bool take_delivery_member(slice *cur, struct delivery *d)
{
    slice key, value;
    size_t n = 0;

    if (take_reason(cur, d))
        return false;
    (void)cursor_take_blanks(cur);
    if (cursor_take_lit(cur, SLICE_LIT("defer ("))) {
        d->defer = true;
        return cursor_take_past(cur, ')', &value);
    }
    while (n < cur->len && cur->ptr[n] != '=' && cur->ptr[n] != ' ' && cur->ptr[n] != ':')
        n++;
    if (n == cur->len)
        return false;
    key = slice_first(*cur, n);
    if (cur->ptr[n] != '=') {
        *cur = slice_from(*cur, n == 0 ? 1 : n); /* a stray colon */
        return true;
    }
    *cur = slice_from(*cur, n + 1);
    if (slice_eq(key, SLICE_LIT("H")) && exim_take_host(cur, &d->host)) {
        (void)cursor_take_byte(cur, '*');
        return true;
    }
    if (mail_take_angle(cur, &value)) /* F=<SENDER>, P=<RETURN PATH> */
        return true;
    value = take_value(cur);
    (void)ends_with_colon(&value, cur);
    if (slice_eq(key, SLICE_LIT("T")))
        d->transport = value;
    else if (slice_eq(key, SLICE_LIT("C")))
        d->confirmation = value;
    return true;
}

static bool take_delivery(slice cur, struct delivery *d)
{
    *d = (struct delivery){0};
    if (slice_starts(cur, SLICE_LIT("|")) || slice_starts(cur, SLICE_LIT("/"))) {
        size_t end = slice_find(cur, SLICE_LIT(" <")); /* a command or a file: any text */
        d->to = slice_first(cur, end);
        cur = slice_from(cur, end);
    } else if (!mail_take_address(&cur, &d->to)) {
        return false;
    }
    if (d->to.len > 1 && ends_with_colon(&d->to, &cur) && d->to.len > 0 && d->to.ptr[0] == ':')
        d->to.len++, cur = slice_from(cur, 1); /* :blackhole: */
    take_original(&cur, d);
    while (take_delivery_member(&cur, d))
        ;
    return true;
}

/* The next host's words: behind what the reason says of the command and the host. */
static slice remote_reply(struct delivery *d)
{
    static const char *const heads[] = {"SMTP error from remote mail server after ",
                                        "SMTP error from remote mailer after ", "LMTP error after ",
                                        NULL};
    slice cur = d->reason;
    struct mail_host host;

    if (!mail_starts_any(cur, heads))
        return d->reason;
    cur = mail_after(cur, SLICE_LIT(" after "));
    size_t angle = slice_find_byte(cur, '<'), colon = slice_find(cur, SLICE_LIT(": "));
    if (angle < colon) {
        slice rest = slice_from(cur, angle), addr;
        if (mail_take_angle(&rest, &addr))
            cur = rest;
    }
    cur = mail_after(cur, SLICE_LIT(": "));
    if (cursor_take_lit(&cur, SLICE_LIT("host ")) && exim_take_host(&cur, &host)) {
        if (d->host.ip.family == 0)
            d->host = host;
        (void)cursor_take_lit(&cur, SLICE_LIT(": "));
    }
    return cur.len > 0 ? cur : d->reason;
}

/* The id under which an Exim or Postfix on this host carries on. */
static slice next_id(slice confirmation)
{
    slice id = mail_after(confirmation, SLICE_LIT("OK id="));

    if (id.ptr == NULL)
        id = mail_after(confirmation, SLICE_LIT("queued as "));
    size_t n = 0;
    while (n < id.len && (id.ptr[n] == '-' || is_name_char(id.ptr[n])))
        n++;
    return slice_first(id, n);
}

static void set_route(struct event *ev, const struct delivery *d, bool delivered)
{
    slice confirmation = d->confirmation;

    if (d->host.ip.family != 0) {
        ev->remote = d->host.ip;
        ev->route = ip_addr_is_loopback(&d->host.ip) ? ROUTE_LOOPBACK : ROUTE_REMOTE;
        event_set(ev, EF_RELAY, d->host.name);
        if (delivered && ev->route == ROUTE_LOOPBACK)
            event_set(ev, EF_CHILD_ID, next_id(confirmation));
        return;
    }
    event_set(ev, EF_RELAY, d->transport);
    if (delivered)
        ev->route = d->to.ptr[0] == '|' ? ROUTE_COMMAND : ROUTE_MAILBOX;
}

static void set_recipient(struct event *ev, const struct delivery *d)
{
    bool address = slice_find_byte(d->to, '@') < d->to.len;

    if (d->orig.len == 0 || slice_ieq(d->orig, d->to)) {
        event_set(ev, EF_RCPT, d->to);
        return;
    }
    /* a mailbox, a file, a command: the address is the original one */
    event_set(ev, EF_RCPT, address ? d->to : d->orig);
    if (address)
        event_set(ev, EF_ORIG_RCPT, d->orig);
}

static enum event_outcome outcome_of(char flag, const struct delivery *d)
{
    if (flag == '*')
        return slice_starts(d->reason, SLICE_LIT("retry timeout exceeded")) ? OUTCOME_EXPIRED
                                                                            : OUTCOME_BOUNCED;
    if (flag == '=')
        return OUTCOME_DEFERRED;
    return slice_starts(d->to, SLICE_LIT(":blackhole:")) ||
                   slice_starts(d->to, SLICE_LIT("blackhole"))
               ? OUTCOME_DISCARDED
               : OUTCOME_DELIVERED;
}

static void note_fate(struct mail_line *line, enum event_outcome outcome)
{
    enum dsn_action action = outcome == OUTCOME_DEFERRED    ? DSN_DELAYED
                             : outcome == OUTCOME_DELIVERED ? DSN_DELIVERED
                                                            : DSN_FAILED;

    if (outcome != OUTCOME_DISCARDED)
        exim_note_fate(line->shared, line->queue_id, action);
}

/* flag: '>' delivered, '*' failed, '=' deferred. */
static enum parse_result read_delivery(struct mail_line *line, slice cur, char flag)
{
    struct delivery d;

    if (!take_delivery(cur, &d))
        return PARSE_REJECT;
    slice reply = flag == '>' ? d.confirmation : remote_reply(&d);
    if (reply.len >= 2 && reply.ptr[0] == '"' && flag == '>')
        reply = slice_first(slice_from(reply, 1), reply.len - 2);
    struct event *ev = mail_begin(line, EVENT_DELIVERY);
    ev->outcome = outcome_of(flag, &d);
    note_fate(line, ev->outcome);
    set_recipient(ev, &d);
    if (reply.len > 0)
        event_set(ev, EF_TEXT, reply);
    mail_set_reply(ev, reply);
    set_route(ev, &d, ev->outcome == OUTCOME_DELIVERED);
    return mail_emit(line);
}

static enum parse_result read_end(struct mail_line *line, enum done_how how)
{
    mail_begin(line, EVENT_DONE)->done = how;
    return mail_emit(line);
}

/* Lines about a message that are no result. */
static bool is_intermediate(slice text)
{
    static const char *const rows[] = {"SMTP error from remote ",
                                       "Unfrozen",
                                       "Message is frozen",
                                       "Spool file ",
                                       "retry ",
                                       "no immediate delivery",
                                       "no recipients found",
                                       "error ignored",
                                       "DKIM: ",
                                       "original recipients ignored",
                                       "failed to ",
                                       NULL};
    return mail_starts_any(text, rows);
}

enum parse_result exim_message_read(struct mail_line *line)
{
    slice cur = line->text;

    if (line->queue_id.len == 0)
        return PARSE_FOREIGN;
    if (cursor_take_lit(&cur, SLICE_LIT("<= ")))
        return read_arrival(line, cur);
    if (cursor_take_lit(&cur, SLICE_LIT("=> ")) || cursor_take_lit(&cur, SLICE_LIT("-> ")) ||
        cursor_take_lit(&cur, SLICE_LIT(">> ")))
        return read_delivery(line, cur, '>');
    if (cursor_take_lit(&cur, SLICE_LIT("** ")))
        return read_delivery(line, cur, '*');
    if (cursor_take_lit(&cur, SLICE_LIT("== ")))
        return read_delivery(line, cur, '=');
    if (slice_starts(cur, SLICE_LIT("*> ")))
        return PARSE_SKIP; /* -N: nothing is delivered in fact */
    if (slice_starts(cur, SLICE_LIT("Completed")))
        return read_end(line, DONE_REMOVED);
    if (slice_starts(cur, SLICE_LIT("removed by ")) ||
        slice_starts(cur, SLICE_LIT("cancelled by ")))
        return read_end(line, DONE_DELETED);
    if (slice_starts(cur, SLICE_LIT("Frozen")) || slice_starts(cur, SLICE_LIT("frozen by ")))
        return mail_emit_text(line, EVENT_ACTION, OUTCOME_HELD, NULL, cur);
    return is_intermediate(cur) ? PARSE_SKIP : PARSE_FOREIGN;
}
