/* opensmtpd_current.c - OpenSMTPD 5.9 and later: one session id, then events
 *
 * Grammar:  SID " smtp " ["event="] EVENT *(" " KEY "=" VALUE)
 *           SID (" mta " | " mda ") ["event="] "delivery evpid=" EVPID *(" " KEY "=" VALUE)
 *           SID, EVPID = 16 hexadecimal digits
 *           VALUE = "<" ADDRESS ">" | '"' TEXT '"' | WORD
 * In a failed command the client's text comes first and its quotes are not escaped: the reply is
 * what follows the last '" result="'. In a delivery the remote server's words come last.
 * source:   OpenSMTPD usr.sbin/smtpd/smtp_session.c, mta.c (mta_log), mda.c (mda_log) */
#include "opensmtpd.h"

#include "base/cursor.h"

enum { SID = 16 };

static bool is_hex(slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')))
            return false;
    }
    return true;
}

/* VALUE of KEY, which is looked for from the left; absent when there is none. */
static slice value_of(slice text, slice key)
{
    slice cur = mail_after(text, key), value;

    if (cur.ptr == NULL || cur.len == 0)
        return cur;
    if (cur.ptr[0] == '<' && mail_take_angle(&cur, &value))
        return value;
    if (cur.ptr[0] == '"') {
        cur = slice_from(cur, 1);
        return slice_first(cur, slice_find_byte(cur, '"'));
    }
    return slice_first(cur, slice_find_byte(cur, ' '));
}

/* The reply of a failed command, and the command before it. */
static bool split_result(slice text, slice *ret_command, slice *ret_result)
{
    const slice key = SLICE_LIT("\" result=\"");
    slice found = SLICE_NONE, cur = mail_after(text, SLICE_LIT("command=\""));

    if (cur.ptr == NULL)
        return false;
    for (slice at = mail_after(cur, key); at.ptr != NULL; at = mail_after(at, key))
        found = at;
    if (found.ptr == NULL)
        return false;
    *ret_command = slice_first(cur, (size_t)(found.ptr - cur.ptr) - key.len);
    *ret_result = slice_first(found, slice_rfind_byte(found, '"'));
    return true;
}

static uint64_t number_of(slice text)
{
    uint64_t n = 0;

    (void)cursor_take_uint(&text, UINT64_MAX / 16, &n);
    return n;
}

static enum parse_result read_message(struct mail_line *line, slice id, slice cur)
{
    struct opensmtpd_session *s = opensmtpd_session(line, id);
    slice msgid = value_of(cur, SLICE_LIT("msgid="));

    if (msgid.len != OPENSMTPD_MSGID || !is_hex(msgid))
        return PARSE_REJECT;
    slice_keep(msgid, s->msgid, sizeof s->msgid);
    slice from = mail_after(cur, SLICE_LIT(" from=")), sender;
    if (from.ptr == NULL) { /* the envelopes follow, and name the sender */
        s->size = number_of(value_of(cur, SLICE_LIT(" size=")));
        s->nrcpt = (uint32_t)number_of(value_of(cur, SLICE_LIT(" nrcpt=")));
        return PARSE_SKIP;
    }
    slice to, rest = from;
    if (!mail_take_angle(&rest, &sender) || !cursor_take_lit(&rest, SLICE_LIT(" to=")) ||
        !mail_take_angle(&rest, &to))
        return PARSE_REJECT;
    s->size = number_of(value_of(rest, SLICE_LIT(" size=")));
    s->nrcpt = (uint32_t)number_of(value_of(rest, SLICE_LIT(" ndest=")));
    if (sender.len == 0)
        opensmtpd_notice(line, s, msgid, to);
    return opensmtpd_accepted(line, id, sender);
}

static enum parse_result read_envelope(struct mail_line *line, slice id, slice cur)
{
    struct opensmtpd_session *s = opensmtpd_session(line, id);
    slice evpid = value_of(cur, SLICE_LIT("evpid=")), sender, rcpt;
    slice rest = mail_after(cur, SLICE_LIT(" from="));

    if (evpid.len != SID || !is_hex(evpid) || !mail_take_angle(&rest, &sender) ||
        !cursor_take_lit(&rest, SLICE_LIT(" to=")) || !mail_take_angle(&rest, &rcpt))
        return PARSE_REJECT;
    slice msgid = slice_first(evpid, OPENSMTPD_MSGID);
    if (slice_eq(slice_of(s->msgid), msgid)) { /* the first one of its message */
        if (sender.len == 0)
            opensmtpd_notice(line, s, msgid, rcpt);
        (void)opensmtpd_accepted(line, id, sender);
    }
    line->queue_id = msgid;
    struct event *ev = opensmtpd_begin(line, EVENT_ENVELOPE, id, s);
    event_set_sender(ev, sender);
    event_set(ev, EF_RCPT, rcpt);
    return mail_emit(line);
}

static enum parse_result read_bad_input(struct mail_line *line, slice id, slice cur)
{
    struct mail_host host = opensmtpd_client(opensmtpd_session(line, id));
    slice text = value_of(cur, SLICE_LIT("result="));
    bool pipelining = slice_has(text, SLICE_LIT("Pipelining"));

    return mail_emit_protocol(line, pipelining ? ANOMALY_PIPELINING : ANOMALY_BAD_SYNTAX,
                              SLICE_NONE, &host, text);
}

static enum parse_result read_smtp(struct mail_line *line, slice id, slice cur)
{
    slice event, command, result;

    (void)cursor_take_lit(&cur, SLICE_LIT("event="));
    if (!cursor_take_token(&cur, &event))
        return PARSE_REJECT;
    if (slice_eq(event, SLICE_LIT("connected")))
        return opensmtpd_connected(line, id, value_of(cur, SLICE_LIT(" address=")));
    if (slice_eq(event, SLICE_LIT("disconnected")) || slice_eq(event, SLICE_LIT("closed")))
        return opensmtpd_closed(line, id, value_of(cur, SLICE_LIT(" reason=")));
    if (slice_eq(event, SLICE_LIT("authentication"))) {
        slice user = value_of(cur, SLICE_LIT(" user="));
        return opensmtpd_login(line, id, user, slice_from(cur, slice_rfind_byte(cur, '=') + 1));
    }
    if (slice_eq(event, SLICE_LIT("failed-command")))
        return split_result(cur, &command, &result) ? opensmtpd_failed(line, id, command, result)
                                                    : PARSE_REJECT;
    if (slice_eq(event, SLICE_LIT("bad-input")))
        return read_bad_input(line, id, cur);
    if (slice_eq(event, SLICE_LIT("message")))
        return read_message(line, id, cur);
    if (slice_eq(event, SLICE_LIT("envelope")))
        return read_envelope(line, id, cur);
    /* "proxy" has an id of its own; "connected" follows with the client that the proxy named */
    static const char *const quiet[] = {"tls",  "starttls", "cert-check", "client-cert-check",
                                        "link", "proxy",    NULL};
    return mail_starts_any(event, quiet) ? PARSE_SKIP : PARSE_REJECT;
}

/* Addresses first, quotes heeded; then the keys that follow. */
static enum parse_result read_delivery(struct mail_line *line, slice cur, bool local)
{
    struct opensmtpd_delivery d = {.local = local};

    d.evpid = value_of(cur, SLICE_LIT("evpid="));
    slice rest = mail_after(cur, SLICE_LIT(" from="));
    if (d.evpid.len != SID || !is_hex(d.evpid) || !mail_take_angle(&rest, &d.from) ||
        !cursor_take_lit(&rest, SLICE_LIT(" to=")) || !mail_take_angle(&rest, &d.to))
        return PARSE_REJECT;
    if (cursor_take_lit(&rest, SLICE_LIT(" rcpt=")) && !mail_take_angle(&rest, &d.rcpt))
        return PARSE_REJECT;
    d.stat = mail_after(rest, SLICE_LIT(" stat="));
    rest = mail_before(rest, SLICE_LIT(" stat="));
    d.relay = value_of(rest, SLICE_LIT(" relay="));
    d.delay = value_of(rest, SLICE_LIT(" delay="));
    d.result = value_of(rest, SLICE_LIT(" result="));
    if (d.stat.len > 1 && d.stat.ptr[0] == '"')
        d.stat = slice_first(slice_from(d.stat, 1), slice_rfind_byte(d.stat, '"') - 1);
    return opensmtpd_delivered(line, &d);
}

enum parse_result opensmtpd_current_read(struct mail_line *line)
{
    slice cur = line->text, id = slice_first(cur, SID);

    if (cur.len <= SID || cur.ptr[SID] != ' ' || !is_hex(id))
        return PARSE_FOREIGN;
    cur = slice_from(cur, SID + 1);
    if (cursor_take_lit(&cur, SLICE_LIT("smtp ")))
        return read_smtp(line, id, cur);
    bool local = slice_starts(cur, SLICE_LIT("mda "));
    if (!local && !slice_starts(cur, SLICE_LIT("mta ")))
        return PARSE_REJECT;
    cur = slice_from(cur, 4);
    (void)cursor_take_lit(&cur, SLICE_LIT("event="));
    return cursor_take_lit(&cur, SLICE_LIT("delivery ")) ? read_delivery(line, cur, local)
                                                         : PARSE_SKIP;
}
