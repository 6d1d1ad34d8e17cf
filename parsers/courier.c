/* courier.c - Courier: logins of imapd and pop3d, refusals of its SMTP server
 *
 * Grammar:  "LOGIN FAILED" *(", " KEY "=" VALUE) ", ip=[" IP "]" [", port=[" N "]"]
 *           "LOGIN" ", user=" USER ", ip=[" IP "]" ...
 *           "error,relay=" IP [",port=" N] [",ident=" I] ",msg=" '"' REPLY '"' ",cmd: " TEXT
 *           "error,relay=" IP [",port=" N] [",ident=" I] ",from=<" A ">,to=<" A ">: " REPLY
 * USER and TEXT are the client's: the address is the last ip= of a login line.
 * source:   Courier-MTA courier/module.esmtp/courieresmtpd.c, imap/imaplogin.c, authlib; lines of
 *           its users
 * limits:   messages and deliveries of Courier itself are not read */
#include "cyrus.h"

#include "base/cursor.h"

static const char *const tags[] = {"imapd",
                                   "pop3d",
                                   "imapd-ssl",
                                   "pop3d-ssl",
                                   "courierpop3login",
                                   "imaplogin",
                                   "courierimaplogin",
                                   "courieresmtpd",
                                   "courieresmtpd-msa",
                                   "courieresmtpd-ssl",
                                   NULL};

static bool courier_claims(slice tag)
{
    for (const char *const *t = tags; *t != NULL; t++)
        if (slice_eq(tag, slice_of(*t)))
            return true;
    return false;
}

/* The last "ip=[" IP "]". */
static slice last_ip(slice text, struct ip_addr *ret)
{
    const slice key = SLICE_LIT("ip=[");
    slice found = SLICE_NONE;

    for (slice at = mail_after(text, key); at.ptr != NULL; at = mail_after(at, key))
        found = at;
    (void)ip_addr_parse(slice_first(found, slice_find_byte(found, ']')), ret);
    return found;
}

static enum parse_result read_login(struct mail_line *line, slice cur, bool failed)
{
    struct ip_addr ip = {0};
    slice at = last_ip(cur, &ip), user = mail_after(cur, SLICE_LIT(", user="));

    if (at.ptr == NULL)
        return PARSE_REJECT;
    struct event *ev = mail_begin(line, EVENT_AUTH);
    ev->stage = STAGE_AUTH;
    ev->outcome = failed ? OUTCOME_REFUSED : OUTCOME_ACCEPTED;
    ev->client = ip;
    event_set(ev, EF_SERVICE, line->rec->tag);
    if (user.ptr != NULL && user.ptr < at.ptr)
        event_set(ev, EF_USER, slice_first(user, (size_t)(at.ptr - user.ptr) - 6));
    event_set(ev, EF_TEXT, failed ? SLICE_LIT("LOGIN FAILED") : SLICE_NONE);
    return mail_emit(line);
}

/* The account in "AUTH LOGIN name"; what stands there is the client's. */
static enum parse_result read_message(struct mail_line *line, const struct mail_host *host,
                                      slice cur)
{
    slice reply;

    if (!cursor_take_past(&cur, '"', &reply))
        return PARSE_REJECT;
    bool login = slice_starts(reply, SLICE_LIT("535"));
    struct event *ev = mail_begin(line, login ? EVENT_AUTH : EVENT_REFUSAL);
    ev->stage = login ? STAGE_AUTH : STAGE_OTHER;
    mail_set_client(ev, host);
    mail_set_reply(ev, reply);
    ev->outcome = mail_refusal_outcome(ev);
    event_set(ev, EF_TEXT, reply);
    return mail_emit(line);
}

static enum parse_result read_recipient(struct mail_line *line, const struct mail_host *host,
                                        slice cur)
{
    slice sender, rcpt;

    if (!mail_take_angle(&cur, &sender) || !cursor_take_lit(&cur, SLICE_LIT(",to=")) ||
        !mail_take_angle(&cur, &rcpt) || !cursor_take_lit(&cur, SLICE_LIT(": ")))
        return PARSE_REJECT;
    struct event *ev = mail_begin(line, rcpt.len > 0 ? EVENT_RCPT : EVENT_REFUSAL);
    ev->stage = rcpt.len > 0 ? STAGE_RCPT : STAGE_MAIL;
    mail_set_client(ev, host);
    event_set_sender(ev, sender);
    if (rcpt.len > 0)
        event_set(ev, EF_RCPT, rcpt);
    event_set(ev, EF_TEXT, cur);
    mail_set_reply(ev, cur);
    ev->outcome = mail_refusal_outcome(ev);
    return mail_emit(line);
}

static enum parse_result read_error(struct mail_line *line, slice cur)
{
    struct mail_host host = {0};
    slice ip = slice_first(cur, slice_find_byte(cur, ',')), word;
    uint64_t port;

    if (!ip_addr_parse(ip, &host.ip))
        return PARSE_REJECT;
    cur = slice_from(cur, ip.len);
    if (cursor_take_lit(&cur, SLICE_LIT(",port=")) && cursor_take_uint(&cur, UINT16_MAX, &port))
        host.port = (uint16_t)port;
    if (cursor_take_lit(&cur, SLICE_LIT(",ident=")) && !cursor_take_until(&cur, ',', &word))
        return PARSE_REJECT;
    if (cursor_take_lit(&cur, SLICE_LIT(",msg=\"")))
        return read_message(line, &host, cur);
    return cursor_take_lit(&cur, SLICE_LIT(",from=")) ? read_recipient(line, &host, cur)
                                                      : PARSE_REJECT;
}

static enum parse_result courier_parse(void *state, const struct record *rec, struct event *ev,
                                       const struct event_sink *sink)
{
    struct mail_line line = {.rec = rec,
                             .ev = ev,
                             .sink = sink,
                             .instance = SLICE_LIT("courier"),
                             .program = rec->tag,
                             .queue_id = SLICE_NONE,
                             .text = rec->text};
    slice cur = rec->text;
    (void)state;

    if (cursor_take_lit(&cur, SLICE_LIT("LOGIN FAILED")))
        return read_login(&line, cur, true);
    if (cursor_take_lit(&cur, SLICE_LIT("LOGIN,")))
        return read_login(&line, rec->text, false);
    if (cursor_take_lit(&cur, SLICE_LIT("error,relay=")))
        return read_error(&line, cur);
    return cyrus_parse_text(&line); /* imapd and pop3d are names of other servers' daemons, too */
}

const struct parser parser_courier = {
    .name = "courier",
    .summary = "Courier: logins of imapd and pop3d, refusals of its SMTP server",
    .source = "Courier 1.x",
    .logins_only = true,
    .claims = courier_claims,
    .parse = courier_parse,
};
