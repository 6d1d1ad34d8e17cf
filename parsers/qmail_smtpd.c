/* qmail_smtpd.c - around qmail-smtpd: tcpserver, rblsmtpd, s/qmail, vpopmail
 *
 * Grammar:  "tcpserver: pid " P " from " IP | "tcpserver: end " P " status " N
 *           "rblsmtpd: " IP " pid " P [" " LIST] ": " REPLY | "rblsmtpd: " LIST " blocked " IP ...
 *           "qmail-smtpd: " REPLY "badiprbl: ip " IP ...
 *           ["qmail-smtpd: "] "pid " P " " ("Accept" | "Reject") "::" TYPE "::" CONDITION " P:"
 * PROTO " S:" IP ":" NAME " H:" HELO " F:" SENDER [" T:" RCPT] [" '" INFO "'"] "vchkpw-" SERVICE ":
 * " WORDS " " USER ":" IP In the lines of s/qmail the client stands before all that it says itself;
 * SENDER goes up to the last " T:". USER may hold anything: the address is what follows as a whole.
 * source:   ucspi-tcp tcpserver.c, rblsmtpd.c; s/qmail qmail-log(5), qmail-smtpd.c (smtp_loga);
 *           vpopmail vchkpw.c
 * limits:   the lines of s/qmail are read after its manual */
#include "qmail.h"

#include "base/cursor.h"

static enum parse_result read_tcpserver(struct mail_line *line, slice cur)
{
    struct mail_host host = {0};
    slice pid;

    bool begins = cursor_take_lit(&cur, SLICE_LIT("pid "));
    if (!begins && !cursor_take_lit(&cur, SLICE_LIT("end ")))
        return PARSE_SKIP;
    if (!cursor_take_token(&cur, &pid))
        return PARSE_REJECT;
    if (begins &&
        (!cursor_take_lit(&cur, SLICE_LIT(" from ")) || !ip_addr_parse(slice_trim(cur), &host.ip)))
        return PARSE_REJECT;
    struct event *ev = mail_begin(line, begins ? EVENT_CONNECT : EVENT_DISCONNECT);
    ev->stage = begins ? STAGE_CONNECT : STAGE_NONE;
    event_set(ev, EF_SESSION, pid);
    mail_set_client(ev, &host);
    return mail_emit(line);
}

static enum parse_result refuse_connection(struct mail_line *line, slice ip, slice text)
{
    struct mail_host host = {0};

    if (!ip_addr_parse(ip, &host.ip))
        return PARSE_REJECT;
    struct event *ev = mail_begin(line, EVENT_REFUSAL);
    ev->stage = STAGE_CONNECT;
    mail_set_client(ev, &host);
    mail_set_reply(ev, text);
    ev->outcome = mail_refusal_outcome(ev);
    event_set(ev, EF_TEXT, text);
    return mail_emit(line);
}

static enum parse_result read_rblsmtpd(struct mail_line *line, slice cur)
{
    slice first, word;

    if (!cursor_take_token(&cur, &first))
        return PARSE_REJECT;
    if (cursor_take_lit(&cur, SLICE_LIT(" blocked ")) && cursor_take_token(&cur, &word))
        return refuse_connection(line, word, line->text);
    if (!slice_starts(cur, SLICE_LIT(" pid ")))
        return PARSE_SKIP;
    slice reply = mail_after(cur, SLICE_LIT(": "));
    return reply.ptr == NULL ? PARSE_SKIP : refuse_connection(line, first, reply);
}

/* ---- s/qmail ---- */

struct verdict {
    slice type, condition, helo, sender, rcpt;
    struct mail_host host;
    bool accepted;
};

/* IP ":" NAME up to a blank; an IPv6 address has colons itself. */
static bool take_server(slice *cur, struct mail_host *ret)
{
    slice word;

    if (!cursor_take_token(cur, &word))
        return false;
    for (size_t end = slice_find_byte(word, ':');;) {
        if (ip_addr_parse(slice_first(word, end), &ret->ip))
            return true;
        if (end >= word.len)
            return false;
        end += 1 + slice_find_byte(slice_from(word, end + 1), ':');
    }
}

static bool take_verdict(slice cur, struct verdict *v)
{
    slice pid, action, word;

    *v = (struct verdict){.helo = SLICE_NONE};
    if (!cursor_take_lit(&cur, SLICE_LIT("pid ")) || !cursor_take_token(&cur, &pid) ||
        !cursor_take_byte(&cur, ' ') || !cursor_take_token(&cur, &action))
        return false;
    v->accepted = slice_starts(action, SLICE_LIT("Accept::"));
    if (!v->accepted && !slice_starts(action, SLICE_LIT("Reject::")))
        return false;
    action = slice_from(action, 8);
    v->type = mail_before(action, SLICE_LIT("::"));
    v->condition = mail_after(action, SLICE_LIT("::"));
    if (cursor_take_lit(&cur, SLICE_LIT(" P:")))
        (void)cursor_take_token(&cur, &word);
    if (!cursor_take_lit(&cur, SLICE_LIT(" S:")) || !take_server(&cur, &v->host))
        return false;
    slice helo = mail_after(cur, SLICE_LIT(" H:")), from = mail_after(cur, SLICE_LIT(" F:"));
    v->helo = slice_first(helo, slice_find_byte(helo, ' '));
    for (slice at = mail_after(from, SLICE_LIT(" T:")); at.ptr != NULL;
         at = mail_after(at, SLICE_LIT(" T:")))
        v->rcpt = at;
    v->sender = v->rcpt.ptr == NULL ? slice_first(from, slice_find_byte(from, ' '))
                                    : slice_first(from, (size_t)(v->rcpt.ptr - from.ptr) - 3);
    cur = v->rcpt;
    if (cur.ptr != NULL && !mail_take_address(&cur, &v->rcpt))
        v->rcpt = SLICE_NONE;
    return true;
}

static enum smtp_stage stage_of(const struct verdict *v)
{
    static const struct {
        slice type;
        enum smtp_stage stage;
    } rows[] = {{SLICE_INIT("SNDR"), STAGE_HELO}, {SLICE_INIT("ORIG"), STAGE_MAIL},
                {SLICE_INIT("RCPT"), STAGE_RCPT}, {SLICE_INIT("DATA"), STAGE_END_OF_DATA},
                {SLICE_INIT("AUTH"), STAGE_AUTH}, {SLICE_INIT("TLS"), STAGE_STARTTLS}};

    if (slice_eq(v->condition, SLICE_LIT("Invalid_Relay")))
        return STAGE_RCPT;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (slice_eq(v->type, rows[i].type))
            return rows[i].stage;
    return STAGE_OTHER;
}

static enum parse_result emit_login(struct mail_line *line, const struct verdict *v, slice text)
{
    struct event *ev = mail_begin(line, EVENT_AUTH);
    slice user = mail_after(text, SLICE_LIT("?~ '"));

    ev->stage = STAGE_AUTH;
    ev->outcome = v->accepted ? OUTCOME_ACCEPTED : OUTCOME_REFUSED;
    mail_set_client(ev, &v->host);
    event_set(ev, EF_MECHANISM, v->condition);
    if (user.len > 0)
        event_set(ev, EF_USER, slice_first(user, slice_rfind_byte(user, '\'')));
    return mail_emit(line);
}

static enum parse_result read_verdict(struct mail_line *line, slice cur)
{
    struct verdict v;

    if (!take_verdict(cur, &v))
        return PARSE_REJECT;
    enum smtp_stage stage = stage_of(&v);
    bool login = stage == STAGE_AUTH && !slice_eq(v.condition, SLICE_LIT("missing"));
    if (login)
        return emit_login(line, &v, cur);
    if (v.accepted && !slice_eq(v.type, SLICE_LIT("RCPT")))
        return PARSE_SKIP;
    struct event *ev = mail_begin(line, stage == STAGE_RCPT ? EVENT_RCPT : EVENT_REFUSAL);
    ev->stage = stage;
    ev->outcome = v.accepted ? OUTCOME_ACCEPTED : OUTCOME_REFUSED;
    ev->ground = v.accepted ? GROUND_SERVED : GROUND_UNKNOWN;
    mail_set_client(ev, &v.host);
    event_set(ev, EF_HELO, v.helo);
    if (v.sender.ptr != NULL)
        event_set_sender(ev, v.sender);
    if (stage == STAGE_RCPT && v.rcpt.ptr != NULL)
        event_set(ev, EF_RCPT, v.rcpt);
    event_set(ev, EF_TEXT, v.condition);
    return mail_emit(line);
}

static enum parse_result read_qmail_smtpd(struct mail_line *line, slice cur)
{
    slice ip = mail_after(cur, SLICE_LIT("badiprbl: ip "));

    if (slice_starts(cur, SLICE_LIT("pid ")))
        return read_verdict(line, cur);
    return ip.ptr == NULL ? PARSE_SKIP
                          : refuse_connection(line, slice_first(ip, slice_find_byte(ip, ' ')), cur);
}

/* ---- vpopmail ---- */

/* USER ":" IP: the first colon that an address follows to the end. */
static bool split_user(slice text, slice *ret_user, struct ip_addr *ret)
{
    for (size_t at = slice_find_byte(text, ':'); at < text.len;
         at += 1 + slice_find_byte(slice_from(text, at + 1), ':'))
        if (ip_addr_parse(slice_from(text, at + 1), ret)) {
            *ret_user = slice_first(text, at);
            return true;
        }
    return false;
}

static enum parse_result read_vchkpw(struct mail_line *line, slice cur)
{
    slice service, user;
    struct ip_addr ip = {0};

    if (!cursor_take_past(&cur, ':', &service) || !split_user(cur, &user, &ip))
        return PARSE_SKIP;
    bool success = slice_has(slice_first(user, 32), SLICE_LIT("login success"));
    slice words = user;
    user = slice_from(user, slice_rfind_byte(user, ' ') + 1);
    struct event *ev = mail_begin(line, EVENT_AUTH);
    ev->stage = STAGE_AUTH;
    ev->outcome = success ? OUTCOME_ACCEPTED : OUTCOME_REFUSED;
    ev->client = ip;
    event_set(ev, EF_SERVICE, service);
    event_set(ev, EF_USER, user);
    if (!success)
        event_set(ev, EF_TEXT,
                  slice_has(words, SLICE_LIT("not found")) ? SLICE_LIT("user not found")
                                                           : SLICE_LIT("password fail"));
    return mail_emit(line);
}

/* PROGRAM ": " in the text, or the tag itself. */
static bool is_program(const struct mail_line *line, slice *cur, slice name)
{
    slice rest = *cur;

    if (cursor_take_lit(&rest, name) && cursor_take_lit(&rest, SLICE_LIT(": "))) {
        *cur = rest;
        return true;
    }
    return slice_eq(line->rec->tag, name);
}

enum parse_result qmail_smtpd_read(struct mail_line *line)
{
    slice cur = line->text;

    if (is_program(line, &cur, SLICE_LIT("tcpserver")) ||
        is_program(line, &cur, SLICE_LIT("sslserver")))
        return read_tcpserver(line, cur);
    if (is_program(line, &cur, SLICE_LIT("rblsmtpd")))
        return read_rblsmtpd(line, cur);
    if (is_program(line, &cur, SLICE_LIT("qmail-smtpd")))
        return read_qmail_smtpd(line, cur);
    if (cursor_take_lit(&cur, SLICE_LIT("vchkpw-")))
        return read_vchkpw(line, cur);
    return PARSE_SKIP;
}
