/* exim_reject.c - what Exim refused in the SMTP dialogue
 *
 * Grammar:  [ORIGIN] ["temporarily "] "rejected " WHAT [": " REASON]
 *           [ORIGIN] "RCPT <" A ">: discarded by " ...
 *           ORIGIN = ["H=" HOST " "] *(KEY "=" VALUE " ") ["F=<" SENDER "> "], in any order
 *           WHAT   = "RCPT " A | "MAIL " A | ("EHLO or HELO " | "connection" | "after DATA" |
 *                    "DATA" | "VRFY " | "EXPN " | "ETRN " | "by local_scan()" ...) TEXT
 *           [ORIGIN] "sender verify " ("fail" | "defer") " for <" A ">" [": " REASON]
 *           [ORIGIN] "dropped by 'connect' ACL" [": " REASON]
 *           DRIVER " authenticator failed for " ["H="] HOST *(" " KEY "=" VALUE)
 *               ": " CODE " " REASON [" (set_id=" USER ")"]
 * HOST, F= and WHAT stand before any free text and are read from the left, quotes in addresses
 * heeded. REASON is the administrator's text and may quote the client; USER is the client's.
 * source:   Exim src/src/acl.c, smtp_in.c, verify.c, auths/; host_and_ident() in smtp_in.c
 * limits:   why something was refused is in the words of the administrator. Where a HELO may hold
 *           anything (helo_accept_junk_hosts), one that imitates the whole end of a failed login is
 *           believed: the account behind it could imitate the same */
#include "exim.h"

#include "base/cursor.h"

struct origin {
    struct mail_host host;
    bool has_host;
    slice sender; /* absent: none */
};

static bool at_verb(slice cur)
{
    static const char *const rows[] = {"rejected ",
                                       "temporarily rejected ",
                                       "sender verify ",
                                       "dropped by ",
                                       "RCPT ",
                                       "MAIL ",
                                       "DATA ",
                                       "VRFY ",
                                       NULL};
    return mail_starts_any(cur, rows);
}

/* One "KEY=VALUE " of ORIGIN. */
static bool take_member(slice *cur, struct origin *ret)
{
    slice rest = *cur, value;
    size_t n = 0;

    while (n < rest.len && n < 8 && rest.ptr[n] != '=' && rest.ptr[n] != ' ')
        n++;
    if (n == rest.len || n == 0 || rest.ptr[n] != '=')
        return false;
    char key = n == 1 ? rest.ptr[0] : '\0';
    rest = slice_from(rest, n + 1);
    if (key == 'H') {
        ret->has_host = true;
        if (!exim_take_host(&rest, &ret->host))
            return false;
    } else if (key == 'F') {
        if (!mail_take_address(&rest, &ret->sender))
            return false;
    } else if (rest.len > 0 && rest.ptr[0] == '"') { /* DN="C=XX,L=Here" */
        size_t end = 1 + slice_find_byte(slice_from(rest, 1), '"');
        rest = slice_from(rest, end + 1);
    } else if (!cursor_take_token(&rest, &value)) {
        return false;
    }
    if (!cursor_take_byte(&rest, ' '))
        return false;
    *cur = rest;
    return true;
}

static bool take_origin(slice *cur, struct origin *ret)
{
    slice rest = *cur;

    *ret = (struct origin){.sender = SLICE_NONE};
    while (!at_verb(rest))
        if (!take_member(&rest, ret))
            return false;
    *cur = rest;
    return true;
}

/* A HELO that holds blanks and brackets, let in by helo_accept_junk_hosts, can imitate the rest of
 * a line: then a second host part with another address follows, and a second verdict. */
static bool is_doubtful(slice rest, const struct origin *o)
{
    struct mail_host other;

    for (slice cur = mail_after(rest, SLICE_LIT(") [")); cur.ptr != NULL;
         cur = mail_after(cur, SLICE_LIT(") ["))) {
        slice host = {cur.ptr - 1, cur.len + 1};
        if (exim_take_host(&host, &other) && !ip_addr_eq(&other.ip, &o->host.ip) &&
            slice_has(host, SLICE_LIT(" rejected ")))
            return true;
    }
    return false;
}

/* No address holds a blank outside quotes: a HELO of junk ended inside it. */
static bool is_torn(slice address)
{
    bool quoted = false;

    for (size_t i = 0; i < address.len; i++) {
        if (address.ptr[i] == '\\')
            i++;
        else if (address.ptr[i] == '"')
            quoted = !quoted;
        else if (address.ptr[i] == ' ' && !quoted)
            return true;
    }
    return false;
}

static enum smtp_stage stage_of(slice what)
{
    static const struct {
        const char *text;
        enum smtp_stage stage;
    } rows[] = {
        {"RCPT", STAGE_RCPT},
        {"MAIL", STAGE_MAIL},
        {"EHLO or HELO", STAGE_HELO},
        {"EHLO", STAGE_HELO},
        {"HELO", STAGE_HELO},
        {"connection", STAGE_CONNECT},
        {"after DATA", STAGE_END_OF_DATA},
        {"DATA", STAGE_DATA},
        {"VRFY", STAGE_VRFY},
        {"EXPN", STAGE_VRFY},
        {"ETRN", STAGE_ETRN},
        {"AUTH", STAGE_AUTH},
        {"STARTTLS", STAGE_STARTTLS},
        {"by ", STAGE_END_OF_DATA},
        {"DKIM", STAGE_END_OF_DATA},
        {"during MIME", STAGE_END_OF_DATA},
        {"predata", STAGE_DATA},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (slice_starts(what, slice_of(rows[i].text)))
            return rows[i].stage;
    return STAGE_OTHER;
}

/* REASON, without the quotes that cPanel puts around it. */
static slice reason_of(slice cur)
{
    slice text = mail_after(cur, SLICE_LIT(": "));

    if (text.len > 1 && text.ptr[0] == '"' && text.ptr[text.len - 1] == '"')
        text = slice_first(slice_from(text, 1), text.len - 2);
    return text;
}

static void set_origin(struct event *ev, const struct origin *o)
{
    mail_set_client(ev, &o->host);
    if (o->sender.ptr != NULL)
        event_set_sender(ev, slice_eq(o->sender, SLICE_LIT("<>")) ? slice_first(o->sender, 0)
                                                                  : o->sender);
}

static slice command_of(slice what)
{
    slice word = slice_first(what, slice_find_byte(what, ' '));
    return slice_first(word, slice_find_byte(word, ':'));
}

/* "rejected " WHAT, at WHAT; or "discarded". */
static enum parse_result read_verdict(struct mail_line *line, struct origin *o, slice what,
                                      bool temporary)
{
    enum smtp_stage stage = stage_of(what);
    slice rcpt = SLICE_NONE, sender = SLICE_NONE, rest = slice_from(what, 5);

    if (stage == STAGE_RCPT && !mail_take_address(&rest, &rcpt))
        return PARSE_REJECT;
    if (stage == STAGE_MAIL && mail_take_address(&rest, &sender))
        o->sender = sender;
    if (rcpt.len > 0 && rcpt.ptr[rcpt.len - 1] == ':') /* "rejected RCPT a@b: reason" */
        rcpt.len--, rest = (slice){rest.ptr - 1, rest.len + 1};
    if (stage != STAGE_RCPT && sender.ptr == NULL)
        rest = what;
    if (is_doubtful(rest, o) || is_torn(rcpt) || is_torn(o->sender))
        o->host = (struct mail_host){0};
    struct event *ev = mail_begin(line, rcpt.ptr != NULL ? EVENT_RCPT : EVENT_REFUSAL);
    ev->stage = stage;
    set_origin(ev, o);
    event_set(ev, EF_RCPT, rcpt);
    event_set(ev, EF_COMMAND, command_of(what));
    slice reason = reason_of(rest);
    event_set(ev, EF_TEXT, reason.len > 0 ? reason : rest);
    mail_set_reply(ev, reason);
    ev->outcome = temporary || mail_refusal_outcome(ev) == OUTCOME_TEMPFAIL ? OUTCOME_TEMPFAIL
                                                                            : OUTCOME_REFUSED;
    return mail_emit(line);
}

/* "sender verify fail for <A>: REASON": no refusal by itself, one of a recipient follows. */
static enum parse_result read_sender_verify(struct mail_line *line, const struct origin *o)
{
    struct event *ev = mail_begin(line, EVENT_ACTION);
    slice rest = mail_after(line->text, SLICE_LIT(" for ")), sender;

    ev->stage = STAGE_MAIL;
    ev->outcome = OUTCOME_WARNED;
    set_origin(ev, o);
    if (mail_take_angle(&rest, &sender))
        event_set_sender(ev, sender);
    event_set(ev, EF_COMMAND, SLICE_LIT("sender verify"));
    event_set(ev, EF_TEXT, reason_of(rest));
    return mail_emit(line);
}

static enum parse_result read_discarded(struct mail_line *line, const struct origin *o, slice cur)
{
    slice rcpt = SLICE_NONE, word;
    struct event *ev = mail_begin(line, EVENT_ACTION);

    ev->stage = stage_of(cur);
    ev->outcome = OUTCOME_DISCARDED;
    set_origin(ev, o);
    (void)cursor_take_token(&cur, &word);
    if (cursor_take_byte(&cur, ' ') && ev->stage == STAGE_RCPT && mail_take_address(&cur, &rcpt))
        event_set(ev, EF_RCPT, rcpt);
    event_set(ev, EF_TEXT, reason_of(cur));
    return mail_emit(line);
}

/* ---- authentication ---- */

/* " KEY=VALUE" pairs up to ": ". */
static bool skip_members(slice *cur)
{
    slice value;

    while (cur->len > 0 && cur->ptr[0] == ' ') {
        *cur = slice_from(*cur, 1);
        size_t n = slice_find_byte(slice_first(*cur, 8), '=');
        if (n >= 8 || n >= cur->len || !cursor_take_token(cur, &value))
            return false;
        if (value.ptr[value.len - 1] == ':') {
            *cur = (slice){value.ptr + value.len - 1, cur->len + 1};
            return true;
        }
    }
    return cur->len > 0 && cur->ptr[0] == ':';
}

static slice set_id(slice cur)
{
    slice id = mail_after(cur, SLICE_LIT(" (set_id="));
    size_t end = slice_rfind_byte(id, ')');

    return end < id.len ? slice_first(id, end) : id;
}

static enum parse_result read_auth(struct mail_line *line, slice driver, slice cur)
{
    struct mail_host host;

    (void)cursor_take_lit(&cur, SLICE_LIT("H="));
    bool known = exim_take_host(&cur, &host) && skip_members(&cur);
    if (!known) { /* a HELO of junk: who it was is not certain */
        host = (struct mail_host){0};
        cur = mail_after(cur, SLICE_LIT(": "));
    } else {
        cur = slice_from(cur, 2);
    }
    slice user = set_id(cur), text = mail_before(cur, SLICE_LIT(" (set_id="));
    struct event *ev = mail_begin(line, EVENT_AUTH);
    ev->stage = STAGE_AUTH;
    mail_set_reply(ev, text);
    ev->outcome = mail_refusal_outcome(ev);
    mail_set_client(ev, &host);
    event_set(ev, EF_MECHANISM, driver);
    if (user.len > 0)
        event_set(ev, EF_USER, user);
    event_set(ev, EF_TEXT, text);
    return mail_emit(line);
}

/* DRIVER is a name of the configuration: one word. */
static bool take_authenticator(slice *cur, slice *ret)
{
    const slice verb = SLICE_LIT(" authenticator failed for ");
    size_t at = slice_find_byte(*cur, ' ');

    if (at == 0 || !slice_starts(slice_from(*cur, at), verb))
        return false;
    *ret = slice_first(*cur, at);
    if (slice_find_byte(*ret, '(') < at || slice_find_byte(*ret, '=') < at) /* "H=(plain" */
        return false;
    *cur = slice_from(*cur, at + verb.len);
    return true;
}

enum parse_result exim_reject_read(struct mail_line *line)
{
    slice cur = line->text, driver;
    struct origin origin;

    if (take_authenticator(&cur, &driver))
        return read_auth(line, driver, cur);
    if (!take_origin(&cur, &origin)) {
        bool ours = slice_starts(cur, SLICE_LIT("H=")) && slice_has(cur, SLICE_LIT(" rejected "));
        return ours ? PARSE_REJECT : PARSE_FOREIGN;
    }
    if (slice_starts(cur, SLICE_LIT("sender verify ")))
        return read_sender_verify(line, &origin);
    bool temporary = cursor_take_lit(&cur, SLICE_LIT("temporarily "));
    if (cursor_take_lit(&cur, SLICE_LIT("rejected ")))
        return read_verdict(line, &origin, cur, temporary);
    if (slice_starts(cur, SLICE_LIT("dropped by "))) {
        struct event *ev = mail_begin(line, EVENT_REFUSAL);
        ev->stage = STAGE_CONNECT;
        ev->outcome = OUTCOME_REFUSED;
        set_origin(ev, &origin);
        event_set(ev, EF_TEXT, reason_of(cur));
        return mail_emit(line);
    }
    return slice_has(cur, SLICE_LIT(": discarded by ")) ? read_discarded(line, &origin, cur)
                                                        : PARSE_FOREIGN;
}
