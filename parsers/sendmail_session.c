/* sendmail_session.c - SMTP sessions in a Sendmail log: how they end, and misuse
 *
 * Grammar:  HOST " did not issue MAIL/EXPN/VRFY/ETRN during connection to " DAEMON
 *           HOST ": " ("possible SMTP attack: command=" WORD ", count=" N |
 *                "probable open proxy: command=" TEXT | "Possible SMTP RCPT flood, throttling." |
 *                ("VRFY" | "EXPN" | "ETRN") " " TEXT " [rejected]")
 *           "rejecting commands from " HOST " due to pre-greeting traffic" ...
 *           ("lost input channel" | "timeout waiting for input") " from " HOST ... " after " WORD
 *           "connect from " HOST
 *           "starting daemon (" VERSION "): " ...
 * source:   Sendmail sendmail/srvrsmtp.c, collect.c, daemon.c, main.c
 * limits:   a connection is logged with a LogLevel above the default only */
#include "sendmail.h"

#include "base/cursor.h"

static enum parse_result read_attack(struct mail_line *line, const struct mail_host *host,
                                     slice cur)
{
    slice command = slice_first(cur, slice_find_byte(cur, ','));

    if (mail_stage_of(command) != STAGE_AUTH)
        return mail_emit_text(line, EVENT_LIMIT, OUTCOME_NONE, host, line->text);
    struct event *ev = mail_begin(line, EVENT_AUTH);
    ev->stage = STAGE_AUTH;
    ev->outcome = OUTCOME_REFUSED;
    mail_set_client(ev, host);
    event_set(ev, EF_TEXT, SLICE_LIT("possible SMTP attack"));
    return mail_emit(line);
}

static enum parse_result read_verify(struct mail_line *line, const struct mail_host *host,
                                     slice cur)
{
    slice command = slice_first(cur, slice_find_byte(cur, ' '));
    struct event *ev = mail_begin(line, EVENT_REFUSAL);

    ev->stage = mail_stage_of(command);
    ev->outcome = OUTCOME_REFUSED;
    mail_set_client(ev, host);
    event_set(ev, EF_COMMAND, command);
    event_set(ev, EF_TEXT, cur);
    return mail_emit(line);
}

/* What follows HOST. */
static enum parse_result read_about(struct mail_line *line, const struct mail_host *host, slice cur)
{
    if (slice_starts(cur, SLICE_LIT(" did not issue MAIL"))) {
        struct event *ev = mail_begin(line, EVENT_DISCONNECT);
        slice daemon = mail_after(cur, SLICE_LIT("during connection to "));
        mail_set_client(ev, host);
        event_set(ev, EF_SERVICE, daemon);
        event_set(ev, EF_TEXT, SLICE_LIT("did not issue MAIL/EXPN/VRFY/ETRN"));
        return mail_emit(line);
    }
    if (!cursor_take_lit(&cur, SLICE_LIT(": ")))
        return PARSE_FOREIGN;
    if (cursor_take_lit(&cur, SLICE_LIT("possible SMTP attack: command=")))
        return read_attack(line, host, cur);
    if (cursor_take_lit(&cur, SLICE_LIT("probable open proxy: command=")))
        return mail_emit_protocol(line, ANOMALY_NON_SMTP, SLICE_NONE, host, cur);
    if (slice_starts(cur, SLICE_LIT("Possible SMTP RCPT flood")))
        return mail_emit_text(line, EVENT_LIMIT, OUTCOME_NONE, host, cur);
    if (slice_ends(cur, SLICE_LIT("[rejected]")))
        return read_verify(line, host, cur);
    return PARSE_FOREIGN;
}

static enum parse_result read_lost(struct mail_line *line, slice cur, slice text)
{
    struct mail_host host;
    slice where;

    if (!sendmail_take_host(&cur, &host))
        return PARSE_SKIP; /* of a connection of our own to another server */
    where = mail_after(cur, SLICE_LIT(" after "));
    struct event *ev = mail_begin(line, EVENT_LOST);
    mail_set_client(ev, &host);
    if (where.len > 0) {
        ev->stage = mail_stage_of(where);
        event_set(ev, EF_COMMAND, where);
    }
    event_set(ev, EF_TEXT, text);
    return mail_emit(line);
}

enum parse_result sendmail_session_read(struct mail_line *line)
{
    slice cur = line->text;
    struct mail_host host;

    if (cursor_take_lit(&cur, SLICE_LIT("rejecting commands"))) {
        bool known = cursor_take_lit(&cur, SLICE_LIT(" from ")) && sendmail_take_host(&cur, &host);
        if (!known)
            host = (struct mail_host){0};
        return mail_emit_protocol(line, ANOMALY_PREGREET, SLICE_NONE, &host, slice_trim(cur));
    }
    if (cursor_take_lit(&cur, SLICE_LIT("lost input channel from ")))
        return read_lost(line, cur, SLICE_LIT("lost input channel"));
    if (cursor_take_lit(&cur, SLICE_LIT("timeout waiting for input from ")))
        return read_lost(line, cur, SLICE_LIT("timeout"));
    if (cursor_take_lit(&cur, SLICE_LIT("connect from ")) && sendmail_take_host(&cur, &host)) {
        mail_begin(line, EVENT_CONNECT)->stage = STAGE_CONNECT;
        mail_set_client(line->ev, &host);
        return mail_emit(line);
    }
    if (slice_starts(cur, SLICE_LIT("starting daemon (")))
        return mail_emit_text(line, EVENT_RESTART, OUTCOME_NONE, NULL, cur);
    cur = line->text;
    if (!sendmail_take_host(&cur, &host))
        return PARSE_FOREIGN;
    return read_about(line, &host, cur);
}
