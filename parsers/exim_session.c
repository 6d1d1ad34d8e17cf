/* exim_session.c - SMTP sessions in an Exim log: connections, how they end, and misuse
 *
 * Grammar:  "SMTP connection from " HOST (" (TCP/IP connection count = " N ")" | " lost" ... |
 *                " closed by " ("QUIT" | "DROP in ACL" | "EOF"))
 *           "no MAIL in SMTP connection from " HOST ...
 *           "SMTP call from " HOST ... " dropped: " REASON
 *           "unexpected disconnection while reading SMTP command from " HOST
 *           "SMTP protocol synchronization error (" WHY "): rejected " WHAT " H=" HOST ...
 *           "SMTP " ("protocol" | "syntax") " error in " QUOTED COMMAND " H=" HOST " " REASON
 *           "unqualified " ("sender" | "recipient") " rejected: <" A "> H=" HOST [" (" WHY ")"]
 *           "Connection from " HOST " refused: " REASON
 * The quoted command is the client's text and its quotes are not escaped: the host part behind it
 * is the last one of the line.
 * source:   Exim src/src/smtp_in.c, daemon.c
 * limits:   connections are logged with +smtp_connection only; "no MAIL" by default since 4.88 */
#include "exim.h"

#include "base/cursor.h"

static enum parse_result emit_lost(struct mail_line *line, const struct mail_host *host, slice text)
{
    return mail_emit_text(line, EVENT_LOST, OUTCOME_NONE, host, text);
}

/* What follows HOST: " I=[ip]:port", " Ci=7326", " D=2s" and the like are passed over. */
static slice after_members(slice cur)
{
    slice word, rest;

    for (rest = cur; cursor_take_byte(&rest, ' ') && cursor_take_token(&rest, &word); cur = rest) {
        size_t equals = slice_find_byte(slice_first(word, 6), '=');
        if (equals == 0 || equals >= 6 || equals == word.len)
            return slice_from(cur, 1);
    }
    return slice_trim(cur);
}

static enum parse_result read_connection(struct mail_line *line, slice cur)
{
    struct mail_host host;

    if (!exim_take_host(&cur, &host))
        return PARSE_SKIP; /* of a process of this system, or a HELO of junk */
    slice tail = after_members(cur);
    if (slice_starts(tail, SLICE_LIT("(TCP/IP connection count"))) {
        mail_begin(line, EVENT_CONNECT)->stage = STAGE_CONNECT;
        mail_set_client(line->ev, &host);
        return mail_emit(line);
    }
    if (slice_starts(tail, SLICE_LIT("closed by QUIT")))
        return mail_emit_text(line, EVENT_DISCONNECT, OUTCOME_NONE, &host, SLICE_NONE);
    return emit_lost(line, &host, tail);
}

/* The last word of "C=EHLO,AUTH,QUIT", or "", which stands at the end of the line. */
static enum parse_result read_no_mail(struct mail_line *line, slice cur)
{
    struct mail_host host;

    if (!exim_take_host(&cur, &host))
        return PARSE_SKIP;
    slice commands = mail_after(cur, SLICE_LIT(" C="));
    struct event *ev = mail_begin(line, EVENT_DISCONNECT);
    mail_set_client(ev, &host);
    event_set(ev, EF_TEXT, SLICE_LIT("no MAIL in SMTP connection"));
    if (commands.len > 0)
        event_set(ev, EF_COMMAND, slice_first(commands, slice_find_byte(commands, ' ')));
    return mail_emit(line);
}

static enum parse_result read_dropped(struct mail_line *line, slice cur)
{
    struct mail_host host;

    if (!exim_take_host(&cur, &host))
        return PARSE_SKIP;
    slice text = mail_after(cur, SLICE_LIT(" dropped: "));
    return emit_lost(line, &host, slice_trim(slice_first(text, slice_find_byte(text, '('))));
}

/* Behind a quoted command: the last " H=" HOST. */
static bool take_last_host(slice cur, struct mail_host *ret, slice *rest)
{
    const slice key = SLICE_LIT(" H=");
    bool found = false;

    for (slice at = mail_after(cur, key); at.ptr != NULL; at = mail_after(at, key)) {
        slice tail = at;
        if (exim_take_host(&tail, ret)) {
            *rest = tail;
            found = true;
        }
    }
    return found;
}

static slice unquote(slice text)
{
    text = slice_first(text, slice_rfind_byte(text, '"'));
    return text.len > 0 && text.ptr[0] == '"' ? slice_from(text, 1) : text;
}

static enum parse_result read_sync_error(struct mail_line *line, slice cur)
{
    struct mail_host host;
    slice why, rest;

    if (!cursor_take_past(&cur, ')', &why))
        return PARSE_REJECT;
    bool greeting = slice_has(why, SLICE_LIT("without waiting for greeting"));
    slice command = mail_before(mail_after(cur, SLICE_LIT(": rejected ")), SLICE_LIT(" H="));
    /* what the client sent follows the host: here the first one is Exim's */
    slice at = mail_after(cur, SLICE_LIT(" H="));
    rest = at;
    if (!exim_take_host(&rest, &host) && !take_last_host(cur, &host, &rest))
        return PARSE_SKIP;
    slice input = mail_after(rest, SLICE_LIT("input="));
    if (greeting)
        return mail_emit_protocol(line, ANOMALY_PREGREET, SLICE_NONE, &host, unquote(input));
    return mail_emit_protocol(line, ANOMALY_PIPELINING, unquote(command), &host, unquote(input));
}

static enum parse_result read_protocol_error(struct mail_line *line, slice cur)
{
    struct mail_host host;
    slice rest;

    if (!take_last_host(cur, &host, &rest))
        return PARSE_SKIP;
    slice command = slice_from(cur, cur.len > 0 && cur.ptr[0] == '"');
    slice word = slice_first(command, slice_find_byte(command, ' '));
    word = slice_first(word, slice_find_byte(word, '"'));
    if (mail_stage_of(word) != STAGE_AUTH)
        return mail_emit_protocol(line, ANOMALY_BAD_SYNTAX, word, &host, after_members(rest));
    struct event *ev = mail_begin(line, EVENT_REFUSAL);
    ev->stage = STAGE_AUTH;
    ev->outcome = OUTCOME_REFUSED;
    mail_set_client(ev, &host);
    event_set(ev, EF_COMMAND, SLICE_LIT("AUTH"));
    event_set(ev, EF_TEXT, after_members(rest));
    return mail_emit(line);
}

/* An address without a domain, refused because of that. A is the client's and may hold " H=" in
 * quotes: the host is the last one. */
static enum parse_result read_unqualified(struct mail_line *line, slice cur)
{
    struct mail_host host;
    slice rest, address;
    bool rcpt = slice_starts(cur, SLICE_LIT("recipient"));

    cur = mail_after(cur, SLICE_LIT(" rejected: "));
    if (!take_last_host(cur, &host, &rest) || !mail_take_angle(&cur, &address))
        return PARSE_SKIP;
    struct event *ev = mail_begin(line, rcpt ? EVENT_RCPT : EVENT_REFUSAL);
    ev->stage = rcpt ? STAGE_RCPT : STAGE_MAIL;
    ev->outcome = OUTCOME_REFUSED;
    mail_set_client(ev, &host);
    if (rcpt)
        event_set(ev, EF_RCPT, address);
    else
        event_set_sender(ev, address);
    event_set(ev, EF_COMMAND, rcpt ? SLICE_LIT("RCPT") : SLICE_LIT("MAIL"));
    event_set(ev, EF_TEXT,
              rcpt ? SLICE_LIT("unqualified recipient") : SLICE_LIT("unqualified sender"));
    return mail_emit(line);
}

static enum parse_result read_refused(struct mail_line *line, slice cur)
{
    struct mail_host host;

    if (!exim_take_host(&cur, &host) || !slice_has(cur, SLICE_LIT("refused: ")))
        return PARSE_SKIP;
    return mail_emit_text(line, EVENT_LIMIT, OUTCOME_NONE, &host,
                          mail_after(cur, SLICE_LIT("refused: ")));
}

static enum parse_result read_timeout(struct mail_line *line, slice cur)
{
    struct mail_host host;
    slice what = mail_before(cur, SLICE_LIT(" connection from "));

    cur = mail_after(cur, SLICE_LIT(" connection from "));
    if (!exim_take_host(&cur, &host))
        return PARSE_SKIP;
    return emit_lost(line, &host, what);
}

/* "no host name found for IP address IP", "no IP address found for host NAME (during SMTP
 * connection from HOST)": NAME is what reverse DNS says, so that the address is what follows the
 * last "from ". */
static enum parse_result read_lookup(struct mail_line *line, slice cur)
{
    const slice key = SLICE_LIT("(during SMTP connection from ");
    struct mail_host host = {0};

    if (slice_starts(cur, SLICE_LIT("no host name found for IP address "))) {
        slice ip = slice_from(cur, slice_rfind_byte(cur, ' ') + 1);
        if (!ip_addr_parse(ip, &host.ip))
            return PARSE_SKIP;
    } else {
        cur = mail_after(cur, key);
        if (!exim_take_host(&cur, &host) || slice_has(cur, key))
            return PARSE_SKIP;
    }
    struct event *ev = mail_begin(line, EVENT_ACTION);
    ev->stage = STAGE_CONNECT;
    ev->outcome = OUTCOME_WARNED;
    mail_set_client(ev, &host);
    event_set(ev, EF_TEXT, mail_before(line->text, SLICE_LIT(" for ")));
    return mail_emit(line);
}

/* sa-exim: "SA: Action: WHAT: ... From <SENDER> (host=NAME [IP]) for RCPTS" */
static enum parse_result read_sa_exim(struct mail_line *line, slice cur)
{
    const slice key = SLICE_LIT(" (host=");
    slice host = SLICE_NONE, action = slice_first(cur, slice_find_byte(cur, ':'));
    struct ip_addr ip;

    for (slice at = mail_after(cur, key); at.ptr != NULL; at = mail_after(at, key))
        host = at;
    host = slice_from(host, slice_find_byte(host, '['));
    if (!mail_take_ip(&host, &ip))
        return PARSE_SKIP;
    bool refused = slice_has(action, SLICE_LIT("rejected"));
    struct event *ev = mail_begin(line, refused ? EVENT_REFUSAL : EVENT_ACTION);
    ev->stage = STAGE_END_OF_DATA;
    ev->outcome = refused                                  ? OUTCOME_REFUSED
                  : slice_has(action, SLICE_LIT("tossed")) ? OUTCOME_DISCARDED
                                                           : OUTCOME_WARNED;
    ev->client = ip;
    event_set(ev, EF_COMMAND, SLICE_LIT("content"));
    event_set(ev, EF_TEXT, action);
    return mail_emit(line);
}

enum parse_result exim_session_read(struct mail_line *line)
{
    slice cur = line->text;
    struct mail_host host;

    if (cursor_take_lit(&cur, SLICE_LIT("SMTP connection from ")))
        return read_connection(line, cur);
    if (cursor_take_lit(&cur, SLICE_LIT("no MAIL in SMTP connection from ")))
        return read_no_mail(line, cur);
    if (cursor_take_lit(&cur, SLICE_LIT("SMTP call from ")))
        return read_dropped(line, cur);
    if (cursor_take_lit(&cur, SLICE_LIT("SMTP protocol synchronization error (")))
        return read_sync_error(line, cur);
    if (cursor_take_lit(&cur, SLICE_LIT("SMTP protocol error in ")) ||
        cursor_take_lit(&cur, SLICE_LIT("SMTP syntax error in ")))
        return read_protocol_error(line, cur);
    if (cursor_take_lit(&cur, SLICE_LIT("unqualified ")))
        return read_unqualified(line, cur);
    if (cursor_take_lit(&cur, SLICE_LIT("Connection from ")))
        return read_refused(line, cur);
    if (cursor_take_lit(&cur, SLICE_LIT("SA: Action: ")))
        return read_sa_exim(line, cur);
    if (slice_starts(cur, SLICE_LIT("no host name found for IP address ")) ||
        slice_starts(cur, SLICE_LIT("no IP address found for host ")))
        return read_lookup(line, cur);
    if (slice_starts(cur, SLICE_LIT("SMTP command timeout on ")) ||
        slice_starts(cur, SLICE_LIT("SMTP data timeout ")))
        return read_timeout(line, cur);
    if (cursor_take_lit(&cur,
                        SLICE_LIT("unexpected disconnection while reading SMTP command from "))) {
        if (exim_take_host(&cur, &host))
            return emit_lost(line, &host, SLICE_LIT("unexpected disconnection"));
    }
    return PARSE_SKIP;
}
