/* postfix_smtpd_warning.c - what the SMTP server warns of: authentication, limits, bad syntax
 *
 * Grammar:  "warning: " PEER ": SASL " M " authentication failed: " REASON [", sasl_username=" U]
 *           "warning: " WHAT " limit exceeded: " N " from " PEER " for service " NAME
 *           "warning: non-SMTP command from " PEER ": " DATA
 *           "warning: Illegal address syntax from " PEER " in " COMMAND " command: " DATA
 *           "warning: " PEER ": request longer than " N ": " DATA
 * M, U and DATA are the client's own text: nothing that they may imitate is read from the line.
 * source:   Postfix src/smtpd/smtpd.c, smtpd_sasl_glue.c, smtpd_chat.c.
 * limits:   lines of the SASL library itself name no client and come with one of these. */
#include "postfix.h"

#include "base/cursor.h"
#include "postfix_text.h"

/* Reasons that speak of our own authentication back end, not of the client's password: the client
 * cannot cause them and its password was never looked at. "generic failure" is Cyrus SASL's
 * SASL_FAIL, logged when saslauthd is away. */
static bool is_local_fault(slice reason)
{
    static const char *const faults[] = {
        "Connection lost to authentication server",
        "generic failure",
        "Temporary authentication failure",
        "Temporary internal failure",
        "Internal authentication failure",
        "internal error",
        "out of memory",
    };

    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++)
        if (slice_eq(reason, slice_of(faults[i])))
            return true;
    return false;
}

/* After PEER ": SASL ": M " authentication failed: " REASON [", sasl_username=" U], or M "
 * authentication aborted". M and U are the client's text, and nothing that they may imitate is read
 * from this line. */
static enum parse_result read_auth(struct postfix_line *line, const struct postfix_peer *peer,
                                   slice cur)
{
    const slice verb = SLICE_LIT(" authentication "), key = SLICE_LIT(", sasl_username=");
    slice mechanism = slice_first(cur, slice_find(cur, verb));
    bool aborted;

    if (mechanism.len == cur.len)
        return PARSE_REJECT;
    cur = slice_from(cur, mechanism.len + verb.len);
    aborted = cursor_take_lit(&cur, SLICE_LIT("aborted"));
    if (!aborted && !cursor_take_lit(&cur, SLICE_LIT("failed")))
        return PARSE_REJECT;
    slice text = postfix_after_colon(cur);
    size_t at = slice_find(text, key);
    slice user = at < text.len ? slice_from(text, at + key.len) : SLICE_NONE;
    text = slice_first(text, at);

    struct event *ev = postfix_begin(line, EVENT_AUTH);
    bool fault = is_local_fault(text);
    ev->stage = STAGE_AUTH;
    ev->outcome = fault ? OUTCOME_TEMPFAIL : OUTCOME_REFUSED;
    ev->reply_code = fault ? 454 : aborted ? 501 : 535;
    postfix_set_client(ev, peer);
    event_set(ev, EF_MECHANISM, mechanism);
    event_set(ev, EF_TEXT, aborted ? SLICE_LIT("aborted") : text);
    if (user.len > 0 && !slice_eq(user, SLICE_LIT("(unavailable)")))
        event_set(ev, EF_USER, user);
    return postfix_emit(line);
}

/* "Connection rate limit exceeded: 31 from " PEER " for service smtpd" and its kin. */
static enum parse_result read_limit(struct postfix_line *line)
{
    const slice exceeded = SLICE_LIT(" limit exceeded: ");
    struct postfix_peer peer;
    slice cur = line->text;
    size_t at = slice_find(slice_first(cur, 64), exceeded);
    uint64_t n;

    if (slice_starts(cur, SLICE_LIT("not enough free space in mail queue"))) {
        event_set(postfix_begin(line, EVENT_LIMIT), EF_TEXT, cur);
        return postfix_emit(line);
    }
    if (at >= 64 || at == cur.len)
        return PARSE_SKIP;
    cur = slice_from(cur, at + exceeded.len);
    if (!cursor_take_uint(&cur, UINT32_MAX, &n) || !cursor_take_lit(&cur, SLICE_LIT(" from ")) ||
        !postfix_take_peer(&cur, &peer))
        return PARSE_SKIP;
    struct event *ev = postfix_begin(line, EVENT_LIMIT);
    postfix_set_client(ev, &peer);
    event_set(ev, EF_TEXT, slice_first(line->text, at + sizeof " limit exceeded" - 1));
    return postfix_emit(line);
}

/* "Illegal address syntax from " PEER " in MAIL command: " text of the client */
static enum parse_result read_bad_syntax(struct postfix_line *line, slice cur)
{
    struct postfix_peer peer;
    slice command;

    if (!postfix_take_peer(&cur, &peer) || !cursor_take_lit(&cur, SLICE_LIT(" in ")) ||
        !cursor_take_token(&cur, &command) || !cursor_take_lit(&cur, SLICE_LIT(" command")))
        return PARSE_REJECT;
    return postfix_emit_protocol(line, ANOMALY_BAD_SYNTAX, command, &peer,
                                 postfix_after_colon(cur));
}

static enum parse_result read_non_smtp(struct postfix_line *line, slice cur)
{
    struct postfix_peer peer;

    if (!postfix_take_peer(&cur, &peer))
        return PARSE_REJECT;
    return postfix_emit_protocol(line, ANOMALY_NON_SMTP, SLICE_NONE, &peer,
                                 postfix_after_colon(cur));
}

/* ("reject: " | "bad ") "ETRN " text of the client "... from " PEER. The client stands behind its
 * own text, where a cut line could show another one, so it is left to the session. */
static enum parse_result read_etrn(struct postfix_line *line, bool reject)
{
    struct event *ev = postfix_begin(line, reject ? EVENT_REFUSAL : EVENT_PROTOCOL);

    ev->stage = STAGE_ETRN;
    ev->outcome = reject ? OUTCOME_REFUSED : OUTCOME_NONE;
    ev->anomaly = reject ? ANOMALY_NONE : ANOMALY_BAD_SYNTAX;
    event_set(ev, EF_COMMAND, SLICE_LIT("ETRN"));
    event_set(ev, EF_TEXT, line->text);
    return postfix_emit(line);
}

static enum parse_result read_warning_about_id(struct postfix_line *line)
{
    if (!slice_starts(line->text, SLICE_LIT("queue file size limit exceeded")))
        return PARSE_SKIP;
    event_set(postfix_begin(line, EVENT_LIMIT), EF_TEXT, line->text);
    return postfix_emit(line);
}

enum parse_result postfix_smtpd_warning(struct postfix_line *line)
{
    struct postfix_peer peer;
    slice cur = line->text, rest = cur;

    if (line->has_id)
        return read_warning_about_id(line);
    if (cursor_take_lit(&cur, SLICE_LIT("non-SMTP command from ")))
        return read_non_smtp(line, cur);
    if (cursor_take_lit(&cur, SLICE_LIT("Illegal address syntax from ")))
        return read_bad_syntax(line, cur);
    if (slice_starts(cur, SLICE_LIT("reject: ETRN ")) || slice_starts(cur, SLICE_LIT("bad ETRN ")))
        return read_etrn(line, cur.ptr[0] == 'r');
    if (!postfix_take_peer(&rest, &peer) || !cursor_take_lit(&rest, SLICE_LIT(": ")))
        return read_limit(line);
    if (cursor_take_lit(&rest, SLICE_LIT("SASL ")))
        return read_auth(line, &peer, rest);
    if (slice_starts(rest, SLICE_LIT("request longer than ")))
        return postfix_emit_protocol(line, ANOMALY_COMMAND_LIMIT, SLICE_NONE, &peer, rest);
    return PARSE_SKIP;
}
