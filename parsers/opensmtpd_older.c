/* opensmtpd_older.c - OpenSMTPD up to 5.8, and the queue's lines of every version
 *
 * Grammar: "smtp-in: New session " SID " from host " NAME " [" (IP | "local") "]" "smtp-in:
 * Accepted message " MSGID " on session " SID ": from=<" A ">, to=<" A ">, size=" N ", ndest=" N
 * ", proto=" P "smtp-in: Failed command on session " SID ': "' COMMAND '" => ' REPLY "smtp-in: "
 * ("Accepted authentication for user " | "Authentication failed for user ") USER " on session "
 * SID "smtp-in: " ("Closing session " | "Disconnecting session " | "Received disconnect from
 * session ") SID [": " REASON] ("delivery" | "relay") ": " RESULT " for " EVPID ": " [...]
 * "from=<" A ">, to=<" A ">" *(", " KEY "=" VALUE) ", stat=" TEXT
 * source:    OpenSMTPD usr.sbin/smtpd/smtp_session.c, mta.c, mda.c of 5.4 to 5.8; queue.c
 *            (queue_log)
 * limits:    a client's address is in the first line of its session only */
#include "opensmtpd.h"

#include "base/cursor.h"

enum { SID = 16 };

static slice take_sid(slice *cur)
{
    slice id = slice_first(*cur, SID);

    *cur = slice_from(*cur, SID);
    return id.len == SID ? id : SLICE_NONE;
}

static enum parse_result read_new(struct mail_line *line, slice cur)
{
    slice id = take_sid(&cur), name, address;

    if (!cursor_take_lit(&cur, SLICE_LIT(" from host ")) || !cursor_take_token(&cur, &name) ||
        !cursor_take_lit(&cur, SLICE_LIT(" [")) || !cursor_take_past(&cur, ']', &address))
        return PARSE_REJECT;
    return opensmtpd_connected(line, id, address);
}

static slice value_of(slice text, slice key)
{
    slice cur = mail_after(text, key);
    return slice_first(cur, slice_find_byte(cur, ','));
}

static uint64_t number_of(slice text, slice key)
{
    slice cur = mail_after(text, key);
    uint64_t n = 0;

    (void)cursor_take_uint(&cur, UINT64_MAX / 16, &n);
    return n;
}

static enum parse_result read_accepted(struct mail_line *line, slice cur)
{
    slice msgid, sender, rcpt, id;

    if (!cursor_take_token(&cur, &msgid) || msgid.len != OPENSMTPD_MSGID ||
        !cursor_take_lit(&cur, SLICE_LIT(" on session ")))
        return PARSE_REJECT;
    id = take_sid(&cur);
    if (!cursor_take_lit(&cur, SLICE_LIT(": from=")) || !mail_take_angle(&cur, &sender) ||
        !cursor_take_lit(&cur, SLICE_LIT(", to=")) || !mail_take_angle(&cur, &rcpt))
        return PARSE_REJECT;
    struct opensmtpd_session *s = opensmtpd_session(line, id);
    slice_keep(msgid, s->msgid, sizeof s->msgid);
    s->size = number_of(cur, SLICE_LIT(", size="));
    s->nrcpt = (uint32_t)number_of(cur, SLICE_LIT(", ndest="));
    if (sender.len == 0)
        opensmtpd_notice(line, s, msgid, rcpt);
    return opensmtpd_accepted(line, id, sender);
}

static enum parse_result read_failed(struct mail_line *line, slice cur)
{
    const slice key = SLICE_LIT("\" => ");
    slice id = take_sid(&cur), found = SLICE_NONE;

    if (!cursor_take_lit(&cur, SLICE_LIT(": \"")))
        return PARSE_REJECT;
    for (slice at = mail_after(cur, key); at.ptr != NULL; at = mail_after(at, key))
        found = at;
    if (found.ptr == NULL)
        return PARSE_REJECT;
    slice command = slice_first(cur, (size_t)(found.ptr - cur.ptr) - key.len);
    return opensmtpd_failed(line, id, slice_trim(command), found);
}

/* USER " on session " SID, where USER is the client's text. */
static enum parse_result read_login(struct mail_line *line, slice cur, slice result)
{
    const slice key = SLICE_LIT(" on session ");

    if (cur.ptr == NULL || cur.len < key.len + SID)
        return PARSE_REJECT;
    slice id = slice_from(cur, cur.len - SID);
    slice head = slice_first(cur, cur.len - SID);
    if (!slice_ends(head, key))
        return PARSE_REJECT;
    return opensmtpd_login(line, id, slice_first(head, head.len - key.len), result);
}

static enum parse_result read_smtp_in(struct mail_line *line, slice cur)
{
    if (cursor_take_lit(&cur, SLICE_LIT("New session ")))
        return read_new(line, cur);
    if (cursor_take_lit(&cur, SLICE_LIT("Accepted message ")))
        return read_accepted(line, cur);
    if (cursor_take_lit(&cur, SLICE_LIT("Failed command on session ")))
        return read_failed(line, cur);
    if (cursor_take_lit(&cur, SLICE_LIT("Accepted authentication for user ")))
        return read_login(line, cur, SLICE_LIT("ok"));
    if (cursor_take_lit(&cur, SLICE_LIT("Authentication failed for user ")))
        return read_login(line, cur, SLICE_LIT("permfail"));
    if (cursor_take_lit(&cur, SLICE_LIT("Closing session ")))
        return opensmtpd_closed(line, take_sid(&cur), SLICE_LIT("quit"));
    if (cursor_take_lit(&cur, SLICE_LIT("Received disconnect from session ")))
        return opensmtpd_closed(line, take_sid(&cur), SLICE_LIT("disconnect"));
    if (cursor_take_lit(&cur, SLICE_LIT("Disconnecting session "))) {
        slice id = take_sid(&cur);
        (void)cursor_take_lit(&cur, SLICE_LIT(": "));
        return opensmtpd_closed(line, id, cur);
    }
    return PARSE_SKIP;
}

static enum parse_result read_delivery(struct mail_line *line, slice cur, bool local)
{
    struct opensmtpd_delivery d = {.local = local};

    if (!cursor_take_token(&cur, &d.result) || !cursor_take_lit(&cur, SLICE_LIT(" for ")))
        return PARSE_SKIP; /* about routes, sources, sessions */
    d.evpid = take_sid(&cur);
    if (slice_eq(d.result, SLICE_LIT("Remove")))
        return PARSE_SKIP;
    slice rest = mail_after(cur, SLICE_LIT(" from="));
    if (rest.ptr == NULL || !mail_take_angle(&rest, &d.from) ||
        !cursor_take_lit(&rest, SLICE_LIT(", to=")) || !mail_take_angle(&rest, &d.to))
        return PARSE_REJECT;
    if (cursor_take_lit(&rest, SLICE_LIT(", rcpt=")) && !mail_take_angle(&rest, &d.rcpt))
        return PARSE_REJECT;
    d.stat = mail_after(rest, SLICE_LIT(", stat="));
    rest = mail_before(rest, SLICE_LIT(", stat="));
    d.relay = value_of(rest, SLICE_LIT(", relay="));
    d.delay = value_of(rest, SLICE_LIT(", delay="));
    return opensmtpd_delivered(line, &d);
}

enum parse_result opensmtpd_older_read(struct mail_line *line)
{
    slice cur = line->text;

    if (cursor_take_lit(&cur, SLICE_LIT("smtp-in: ")))
        return read_smtp_in(line, cur);
    if (cursor_take_lit(&cur, SLICE_LIT("relay: ")))
        return read_delivery(line, cur, false);
    if (cursor_take_lit(&cur, SLICE_LIT("delivery: ")))
        return read_delivery(line, cur, true);
    return PARSE_FOREIGN;
}
