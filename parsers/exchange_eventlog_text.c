/* exchange_eventlog_text.c - descriptions of MSExchangeIMC and MSExchangeTransport to events
 *
 * Grammar: 4188 "Refused to relay " ADDRESS " for " HOST "(" IP ")" 2001 ... "from " S " in
 * temporary file " F " was attempted to host(s) " H ["[For " D "]"] " with " N " recipients
 * delivered and " M " undeliverable." 2002 "A message from " S " in temporary file " F " was
 * received from " H " with " N 4031 ... "The destination server reported: " REPLY 4192 ... "The
 * 821 originator was " S 1708 ... "client " Q ... "authentication method was " Q " and the
 * username was " Q 7002, 7004, 7010 the dialogue with a remote host, or a client, that went wrong
 * What outsiders write stands inside: each piece is read from the end that is the server's own,
 * and a text that could be cut in two ways is rejected.
 * source:    Microsoft KB Q185108, Q166558, Q193922, Q193926, Q245787, 818530; event pages of
 *            EventTracker (4188) and eventid.net (7002)
 * limits:    1708 and 7010 from memory of real logs: no text was at hand. Spool files are the
 *            queue ids. Entries about deliveries name no recipient */
#include "exchange_eventlog.h"

#include "base/cursor.h"
#include "smtp_out.h"

/* ---- pieces ---- */

/* What stands between two fixed words; the first of `from`, then the first of `to`. */
static slice between(slice text, slice from, slice to)
{
    size_t at = slice_find(text, from);
    slice rest = slice_from(text, at + from.len);

    if (at == text.len)
        return SLICE_NONE;
    at = slice_find(rest, to);
    return at == rest.len ? SLICE_NONE : slice_first(rest, at);
}

/* The last place of needle, or text.len. */
static size_t find_last(slice text, slice needle)
{
    for (size_t at = text.len; at > 0; at--)
        if (slice_starts(slice_from(text, at - 1), needle))
            return at - 1;
    return text.len;
}

static bool occurs_twice(slice text, slice needle)
{
    size_t at = slice_find(text, needle);
    return at < text.len && slice_has(slice_from(text, at + 1), needle);
}

static slice without_angles(slice s)
{
    s = slice_trim(s);
    if (s.len >= 2 && s.ptr[0] == '<' && s.ptr[s.len - 1] == '>')
        return slice_first(slice_from(s, 1), s.len - 2);
    return s;
}

/* Behind the last back slash. */
static slice base_name(slice path)
{
    size_t at = slice_rfind_byte(path, '\\');
    path = slice_trim(path);
    return at < path.len ? slice_from(path, at + 1) : path;
}

static uint32_t number_after(slice text, slice words)
{
    size_t at = slice_find(text, words);
    slice cur = slice_from(text, at + words.len);
    uint64_t n;

    return at < text.len && cursor_take_uint(&cur, UINT32_MAX, &n) ? (uint32_t)n : 0;
}

/* ---- the Internet Mail Service ---- */

/* HOST "(" IP ")" at the cursor; the host's name holds no blank. */
static bool take_host(slice cur, struct ip_addr *ret)
{
    slice host, ip;

    return cursor_take_past(&cur, '(', &host) && slice_find_byte(host, ' ') == host.len &&
           cursor_take_past(&cur, ')', &ip) && ip_addr_parse(ip, ret);
}

/* The client stands behind the address, in words of the server's own: its last place counts, and
 * what is in front of it must be a whole address. */
static enum parse_result read_refused(slice text, struct smtp_out *out)
{
    const slice mark = SLICE_LIT(" for ");
    slice cur = text;
    size_t at;
    struct event *ev;

    (void)cursor_take_byte(&cur, '"');
    if (!cursor_take_lit(&cur, SLICE_LIT("Refused to relay ")))
        return PARSE_REJECT;
    ev = smtp_out_begin(out, EVENT_RCPT);
    ev->stage = STAGE_RCPT;
    ev->outcome = OUTCOME_REFUSED;
    ev->reply_code = 550;
    at = find_last(cur, mark);
    for (unsigned tries = 0; tries < 8 && at < cur.len; tries++) {
        if (take_host(slice_from(cur, at + mark.len), &ev->client))
            break;
        slice before = slice_first(cur, at);
        size_t earlier = find_last(before, mark);
        at = earlier == before.len ? cur.len : earlier;
    }
    if (!smtp_path_is_whole(slice_first(cur, at)))
        ev->client = (struct ip_addr){0};
    else
        event_set(ev, EF_RCPT, without_angles(slice_first(cur, at)));
    event_set(ev, EF_TEXT, SLICE_LIT("Refused to relay"));
    smtp_out_emit(out);
    return PARSE_EVENT;
}

static void tell_attempt(slice text, enum event_outcome outcome, uint32_t count,
                         struct smtp_out *out)
{
    struct event *ev;
    slice file, host;

    if (count == 0)
        return;
    ev = smtp_out_begin(out, EVENT_DELIVERY);
    ev->route = ROUTE_REMOTE;
    ev->outcome = outcome;
    ev->repeat = count;
    file = between(text, SLICE_LIT(" in temporary file "), SLICE_LIT(" was attempted"));
    event_set(ev, EF_QUEUE_ID, base_name(file));
    event_set_sender(
        ev, without_angles(between(text, SLICE_LIT("> from "), SLICE_LIT(" in temporary file "))));
    host = between(text, SLICE_LIT("to host(s) "), SLICE_LIT(" with "));
    host = slice_first(host, slice_find(host, SLICE_LIT(" [")));
    if (!ip_addr_parse(host, &ev->remote))
        event_set(ev, EF_RELAY, without_angles(host));
    smtp_out_emit(out);
}

static enum parse_result read_attempt(slice text, struct smtp_out *out)
{
    tell_attempt(text, OUTCOME_DELIVERED, number_after(text, SLICE_LIT(" with ")), out);
    tell_attempt(text, OUTCOME_BOUNCED, number_after(text, SLICE_LIT(" delivered and ")), out);
    return smtp_out_result(out);
}

static enum parse_result read_received(slice text, struct smtp_out *out)
{
    slice sender = between(text, SLICE_LIT("message from "), SLICE_LIT(" in temporary file "));
    slice file = between(text, SLICE_LIT(" in temporary file "), SLICE_LIT(" was received from "));
    slice host = between(text, SLICE_LIT(" was received from "), SLICE_LIT(" with "));
    struct event *ev;

    if (sender.ptr == NULL || file.ptr == NULL || host.ptr == NULL ||
        occurs_twice(text, SLICE_LIT(" in temporary file ")))
        return PARSE_REJECT;
    for (unsigned i = 0; i < 2; i++) {
        ev = smtp_out_begin(out, i == 0 ? EVENT_MAIL : EVENT_QUEUED);
        ev->auth_hidden = true;
        if (!ip_addr_parse(host, &ev->client))
            event_set(ev, EF_CLIENT_NAME, host);
        event_set(ev, EF_QUEUE_ID, base_name(file));
        event_set_sender(ev, without_angles(sender));
        if (i == 1)
            ev->nrcpt = number_after(text, SLICE_LIT(" with "));
        smtp_out_emit(out);
    }
    return PARSE_EVENT;
}

static enum parse_result tell_failure(slice text, enum event_outcome outcome, enum route route,
                                      struct smtp_out *out)
{
    struct smtp_reply r = {.whole = text};
    size_t at = slice_find(text, SLICE_LIT("reported: "));
    struct event *ev = smtp_out_begin(out, EVENT_DELIVERY);

    if (at < text.len && smtp_reply_read(slice_from(text, at + 10), &r)) {
        ev->reply_code = r.code;
        memcpy(ev->status, r.status, sizeof ev->status);
    }
    ev->outcome = outcome;
    ev->route = route;
    event_set(ev, EF_TEXT, r.whole);
    smtp_out_emit(out);
    return PARSE_EVENT;
}

static enum parse_result read_turf(slice text, struct smtp_out *out)
{
    slice sender = between(text, SLICE_LIT("The 821 originator was "), SLICE_LIT(". "));
    struct event *ev = smtp_out_begin(out, EVENT_ACTION);

    ev->stage = STAGE_END_OF_DATA;
    ev->outcome = OUTCOME_DISCARDED;
    if (sender.ptr != NULL)
        event_set_sender(ev, without_angles(sender));
    event_set(ev, EF_TEXT, SLICE_LIT("unwanted bulk mail or impersonation: TurfTable"));
    smtp_out_emit(out);
    return PARSE_EVENT;
}

static enum parse_result read_imc(unsigned id, slice text, struct smtp_out *out)
{
    switch (id) {
    case 2001:
        return read_attempt(text, out);
    case 2002:
        return read_received(text, out);
    case 2006: /* the host has no address */
    case 3010: /* cannot be reached */
    case 3011: /* refuses the connection */
        return tell_failure(text, OUTCOME_DEFERRED, ROUTE_NONE, out);
    case 4031:
        return tell_failure(text, OUTCOME_BOUNCED, ROUTE_REMOTE, out);
    case 4098: /* too many hops */
        return tell_failure(text, OUTCOME_BOUNCED, ROUTE_NONE, out);
    case 4188:
        return read_refused(text, out);
    case 4192:
        return read_turf(text, out);
    default:
        return PARSE_SKIP;
    }
}

/* ---- the SMTP service of Exchange 2000 and 2003 ---- */

/* The name is the client's own word; the account stands last. */
static enum parse_result read_login(slice text, struct smtp_out *out)
{
    const slice user_mark = SLICE_LIT("username was \"");
    size_t at = find_last(text, user_mark);
    slice user = slice_from(text, at + user_mark.len), head = slice_first(text, at), mechanism;
    struct event *ev;

    if (at == text.len)
        return PARSE_REJECT;
    ev = smtp_out_begin(out, EVENT_AUTH);
    ev->stage = STAGE_AUTH;
    ev->outcome = OUTCOME_ACCEPTED;
    ev->reply_code = 235;
    event_set(ev, EF_USER, slice_first(user, slice_find_byte(user, '"')));
    at = find_last(head, SLICE_LIT("method was \""));
    mechanism = slice_from(head, at + 12);
    if (at < head.len)
        event_set(ev, EF_MECHANISM, slice_first(mechanism, slice_find_byte(mechanism, '"')));
    event_set(ev, EF_HELO, between(text, SLICE_LIT("client \""), SLICE_LIT("\"")));
    smtp_out_emit(out);
    return PARSE_EVENT;
}

static enum parse_result read_no_login(slice text, struct smtp_out *out)
{
    struct event *ev = smtp_out_begin(out, EVENT_REFUSAL);

    ev->stage = STAGE_MAIL;
    ev->outcome = OUTCOME_REFUSED;
    ev->reply_code = 530;
    event_set(ev, EF_HELO, between(text, SLICE_LIT("client \""), SLICE_LIT("\"")));
    event_set(ev, EF_TEXT, SLICE_LIT("did not authenticate before attempting to send mail"));
    smtp_out_emit(out);
    return PARSE_EVENT;
}

/* A command and its answer, out of an entry about a dialogue that went wrong. */
struct exchange {
    slice reply;
    struct smtp_command command;
    struct smtp_reply answer;
};

/* ... MARK "REPLY". The full command sent was "COMMAND". ... Both can hold anything. */
static bool take_exchange(slice text, slice mark, struct exchange *ret)
{
    const slice full = SLICE_LIT("\". The full command sent was \"");
    slice rest;
    size_t end;

    if (occurs_twice(text, full) || occurs_twice(text, mark))
        return false;
    ret->reply = slice_trim(between(text, mark, full));
    rest = slice_from(text, slice_find(text, full) + full.len);
    end = find_last(rest, SLICE_LIT("\".  This will"));
    if (end == rest.len)
        end = find_last(rest, SLICE_LIT("\". This will"));
    if (end == rest.len)
        end = slice_rfind_byte(rest, '"');
    smtp_command_read(slice_first(rest, end), &ret->command);
    return smtp_reply_read(ret->reply, &ret->answer);
}

static enum parse_result read_remote(slice text, struct smtp_out *out)
{
    slice host = between(text, SLICE_LIT("remote host \""), SLICE_LIT("\""));
    struct exchange x;
    struct event *ev;

    if (!take_exchange(text, SLICE_LIT("\" with \""), &x))
        return PARSE_REJECT;
    if (x.command.verb != SMTP_RCPT && x.command.verb != SMTP_MAIL && x.command.verb != SMTP_DATA)
        return PARSE_SKIP;
    ev = smtp_out_begin(out, EVENT_DELIVERY);
    ev->route = ROUTE_REMOTE;
    ev->outcome = x.answer.code / 100 == 5 ? OUTCOME_BOUNCED : OUTCOME_DEFERRED;
    ev->reply_code = x.answer.code;
    memcpy(ev->status, x.answer.status, sizeof ev->status);
    if (host.len > 0 && !ip_addr_parse(host, &ev->remote))
        event_set(ev, EF_RELAY, host);
    if (x.command.verb == SMTP_RCPT)
        event_set(ev, EF_RCPT, x.command.path);
    else if (x.command.verb == SMTP_MAIL && x.command.path.ptr != NULL)
        event_set_sender(ev, x.command.path);
    event_set(ev, EF_TEXT, x.answer.whole);
    smtp_out_emit(out);
    return PARSE_EVENT;
}

static enum parse_result read_client(slice text, struct smtp_out *out)
{
    slice client = between(text, SLICE_LIT("The client at \""), SLICE_LIT("\""));
    struct exchange x;
    struct event *ev;
    bool rcpt;

    if (!take_exchange(text, SLICE_LIT("responded with \""), &x))
        return PARSE_REJECT;
    rcpt = x.command.verb == SMTP_RCPT;
    ev = smtp_out_begin(out, rcpt ? EVENT_RCPT : EVENT_REFUSAL);
    ev->stage = smtp_stage_of(x.command.verb);
    ev->outcome = x.answer.code / 100 == 4 ? OUTCOME_TEMPFAIL : OUTCOME_REFUSED;
    smtp_out_reply(ev, &x.command, &x.answer);
    (void)ip_addr_parse(client, &ev->client);
    if (rcpt)
        event_set(ev, EF_RCPT, x.command.path);
    else if (x.command.verb == SMTP_MAIL && x.command.path.ptr != NULL)
        event_set_sender(ev, x.command.path);
    smtp_out_emit(out);
    return PARSE_EVENT;
}

static enum parse_result read_transport(unsigned id, slice text, struct smtp_out *out)
{
    switch (id) {
    case 1708:
        return read_login(text, out);
    case 1709:
        return read_no_login(text, out);
    case 7002:
    case 7004:
        return read_remote(text, out);
    case 7010:
        return read_client(text, out);
    default:
        return PARSE_SKIP;
    }
}

enum parse_result exchange_eventlog_parse(void *state, const struct record *rec, struct event *ev,
                                          const struct event_sink *sink)
{
    struct smtp_out out = {.rec = rec, .ev = ev, .sink = sink, .host = rec->host};
    slice id = rec->pid;
    uint64_t number;

    (void)state;
    if (!cursor_take_uint(&id, 65535, &number))
        return PARSE_FOREIGN;
    if (slice_eq(rec->tag, SLICE_LIT("MSExchangeIMC")))
        return read_imc((unsigned)number, rec->text, &out);
    if (slice_eq(rec->tag, SLICE_LIT("MSExchangeTransport")))
        return read_transport((unsigned)number, rec->text, &out);
    return PARSE_FOREIGN;
}
