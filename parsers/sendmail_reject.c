/* sendmail_reject.c - what Sendmail refused, and authentication
 *
 * Grammar:  "ruleset=" R ", arg1=" A [", arg2=" B] ", relay=" HOST ", " VERDICT
 *           VERDICT = "reject=" REPLY | "discard" | "quarantine=" TEXT
 *           "<" RCPT ">... " TEXT
 *           "Milter: " ["to=" A | "from=" A | "data" ...] ", " VERDICT
 *           "milter=" NAME ", action=" STAGE ", " VERDICT
 *           "AUTH failure (" MECH "): " TEXT [", user=" USER] ", relay=" HOST
 *           "AUTH=server, relay=" HOST ", authid=" USER ", mech=" MECH ", bits=" N
 * A, USER and REPLY hold the client's text unescaped. The client is relay= directly before the
 * verdict, where the quotes of A are heeded; when the rest of the line has a further relay= that A
 * does not explain, nobody is named. In "AUTH failure" it is the last one, at the end of the line.
 * source:   Sendmail sendmail/srvrsmtp.c, milter.c, envelope.c (rscheck)
 * limits:   check_rcpt names no sender */
#include "sendmail.h"

#include "base/cursor.h"

/* A or B up to ", KEY=": an address in brackets with its quotes, else all up to the key. */
static bool take_argument(slice *cur, slice next, slice *ret)
{
    slice rest = *cur;

    if (mail_take_angle(&rest, ret) && slice_starts(rest, next)) {
        *cur = rest;
        return true;
    }
    size_t at = slice_find(*cur, next);
    if (at == cur->len)
        return false;
    *ret = slice_first(*cur, at);
    *cur = slice_from(*cur, at);
    return true;
}

static enum smtp_stage stage_of(slice ruleset)
{
    static const struct {
        slice name;
        enum smtp_stage stage;
    } rows[] = {
        {SLICE_INIT("check_rcpt"), STAGE_RCPT},       {SLICE_INIT("check_mail"), STAGE_MAIL},
        {SLICE_INIT("check_relay"), STAGE_CONNECT},   {SLICE_INIT("check_vrfy"), STAGE_VRFY},
        {SLICE_INIT("check_expn"), STAGE_VRFY},       {SLICE_INIT("check_etrn"), STAGE_ETRN},
        {SLICE_INIT("check_data"), STAGE_DATA},       {SLICE_INIT("check_compat"), STAGE_RCPT},
        {SLICE_INIT("check_eoh"), STAGE_END_OF_DATA}, {SLICE_INIT("check_eom"), STAGE_END_OF_DATA}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (slice_eq(ruleset, rows[i].name))
            return rows[i].stage;
    return slice_starts(ruleset, SLICE_LIT("check_header")) ? STAGE_END_OF_DATA : STAGE_OTHER;
}

struct verdict {
    enum event_outcome outcome; /* NONE: no verdict was read */
    slice text;
};

static struct verdict read_verdict(slice cur)
{
    if (cursor_take_lit(&cur, SLICE_LIT("reject=")))
        return (struct verdict){OUTCOME_REFUSED, cur};
    if (slice_starts(cur, SLICE_LIT("discard")))
        return (struct verdict){OUTCOME_DISCARDED, SLICE_NONE};
    if (cursor_take_lit(&cur, SLICE_LIT("quarantine=")))
        return (struct verdict){OUTCOME_HELD, cur};
    return (struct verdict){OUTCOME_NONE, SLICE_NONE};
}

static enum parse_result emit_verdict(struct mail_line *line, enum smtp_stage stage, slice arg,
                                      const struct mail_host *host, const struct verdict *v)
{
    bool refused = v->outcome == OUTCOME_REFUSED;
    struct event *ev = mail_begin(line, !refused              ? EVENT_ACTION
                                        : stage == STAGE_RCPT ? EVENT_RCPT
                                                              : EVENT_REFUSAL);

    ev->stage = stage;
    mail_set_client(ev, host);
    if (stage == STAGE_RCPT)
        event_set(ev, EF_RCPT, arg);
    else if (stage == STAGE_MAIL && arg.ptr != NULL)
        event_set_sender(ev, arg);
    event_set(ev, EF_TEXT, v->text);
    mail_set_reply(ev, v->text);
    ev->outcome = refused ? mail_refusal_outcome(ev) : v->outcome;
    return mail_emit(line);
}

static enum parse_result read_ruleset(struct mail_line *line, slice cur)
{
    const slice relay = SLICE_LIT(", relay=");
    slice ruleset, arg1 = SLICE_NONE, arg2;
    struct mail_host host;

    if (!cursor_take_past(&cur, ',', &ruleset) || !cursor_take_lit(&cur, SLICE_LIT(" arg1=")))
        return PARSE_REJECT;
    bool relay_check = slice_eq(ruleset, SLICE_LIT("check_relay"));
    if (relay_check) {
        if (!take_argument(&cur, SLICE_LIT(", arg2="), &arg1) ||
            !cursor_take_lit(&cur, SLICE_LIT(", arg2=")) || !take_argument(&cur, relay, &arg2))
            return PARSE_REJECT;
    } else if (!take_argument(&cur, relay, &arg1)) {
        return PARSE_REJECT;
    }
    (void)cursor_take_lit(&cur, relay);
    if (!sendmail_take_host(&cur, &host))
        cur = slice_from(cur, slice_find_byte(cur, ','));
    if (slice_has(cur, relay) && !slice_has(arg1, relay))
        host = (struct mail_host){0}; /* one of the two was written by the client */
    struct verdict v = read_verdict(slice_from(cur, 2));
    if (v.outcome == OUTCOME_NONE)
        return PARSE_REJECT;
    return emit_verdict(line, stage_of(ruleset), relay_check ? SLICE_NONE : arg1, &host, &v);
}

/* ---- milters ---- */

static enum parse_result read_milter(struct mail_line *line, slice cur)
{
    static const struct mail_host nobody;
    enum smtp_stage stage = STAGE_END_OF_DATA;
    slice arg = SLICE_NONE, rest;

    if (cursor_take_lit(&cur, SLICE_LIT("to="))) {
        stage = STAGE_RCPT;
        if (!mail_take_address(&cur, &arg))
            return PARSE_SKIP;
    } else if (cursor_take_lit(&cur, SLICE_LIT("from="))) {
        stage = STAGE_MAIL;
        if (!mail_take_address(&cur, &arg))
            return PARSE_SKIP;
    } else if (slice_starts(cur, SLICE_LIT("connect")) || slice_starts(cur, SLICE_LIT("helo"))) {
        stage = cur.ptr[0] == 'c' ? STAGE_CONNECT : STAGE_HELO;
    }
    rest = slice_from(cur, slice_find_byte(cur, ',') + 2);
    for (struct verdict v; rest.len > 0; rest = slice_from(rest, slice_find_byte(rest, ',') + 2)) {
        v = read_verdict(rest);
        if (v.outcome != OUTCOME_NONE)
            return emit_verdict(line, stage, arg, &nobody, &v);
    }
    return PARSE_SKIP;
}

/* ---- authentication ---- */

static slice last_relay(slice text, slice *ret_head)
{
    const slice key = SLICE_LIT(", relay=");
    slice found = SLICE_NONE;

    *ret_head = text;
    for (slice at = mail_after(text, key); at.ptr != NULL; at = mail_after(at, key)) {
        found = at;
        *ret_head = slice_first(text, (size_t)(at.ptr - text.ptr) - key.len);
    }
    return found;
}

static enum parse_result read_auth_failure(struct mail_line *line, slice cur)
{
    const slice key = SLICE_LIT(", user=");
    slice mechanism, head, relay, user;
    struct mail_host host = {0};

    if (!cursor_take_past(&cur, ')', &mechanism) || !cursor_take_lit(&cur, SLICE_LIT(": ")))
        return PARSE_REJECT;
    relay = last_relay(cur, &head);
    if (relay.ptr == NULL || !sendmail_take_host(&relay, &host) || relay.len > 0)
        host = (struct mail_host){0};
    user = mail_after(head, key);
    struct event *ev = mail_begin(line, EVENT_AUTH);
    slice text = mail_before(head, key);
    ev->stage = STAGE_AUTH;
    /* SASL_FAIL of the library: its back end is away, and no password was looked at */
    ev->outcome =
        slice_has(text, SLICE_LIT("generic failure (-1)")) ? OUTCOME_TEMPFAIL : OUTCOME_REFUSED;
    ev->reply_code = ev->outcome == OUTCOME_TEMPFAIL ? 454 : 535;
    mail_set_client(ev, &host);
    event_set(ev, EF_MECHANISM, mechanism);
    if (user.len > 0)
        event_set(ev, EF_USER, user);
    event_set(ev, EF_TEXT, text);
    return mail_emit(line);
}

static enum parse_result read_auth_success(struct mail_line *line, slice cur)
{
    struct mail_host host;
    slice user, mechanism;

    if (!sendmail_take_host(&cur, &host) || !cursor_take_lit(&cur, SLICE_LIT(", authid=")))
        return PARSE_REJECT;
    size_t at = slice_find(cur, SLICE_LIT(", mech="));
    user = slice_first(cur, at);
    mechanism = slice_from(cur, at + sizeof ", mech=" - 1);
    mechanism = slice_first(mechanism, slice_find_byte(mechanism, ','));
    sendmail_keep_login(line, &host, user, mechanism);
    struct event *ev = mail_begin(line, EVENT_AUTH);
    ev->stage = STAGE_AUTH;
    ev->outcome = OUTCOME_ACCEPTED;
    mail_set_client(ev, &host);
    event_set(ev, EF_USER, user);
    event_set(ev, EF_MECHANISM, mechanism);
    return mail_emit(line);
}

/* "<RCPT>... TEXT": held, since it names no client. */
static enum parse_result read_recipient(struct mail_line *line, slice cur)
{
    slice rcpt;

    if (line->queue_id.len == 0 || !mail_take_angle(&cur, &rcpt) ||
        !cursor_take_lit(&cur, SLICE_LIT("... ")))
        return PARSE_FOREIGN;
    sendmail_hold(line, rcpt, cur);
    return PARSE_SKIP;
}

enum parse_result sendmail_reject_read(struct mail_line *line)
{
    slice cur = line->text;

    if (cursor_take_lit(&cur, SLICE_LIT("ruleset=")))
        return read_ruleset(line, cur);
    if (cur.len > 0 && cur.ptr[0] == '<')
        return read_recipient(line, cur);
    if (cursor_take_lit(&cur, SLICE_LIT("AUTH failure (")))
        return read_auth_failure(line, cur);
    if (cursor_take_lit(&cur, SLICE_LIT("AUTH=server, relay=")))
        return read_auth_success(line, cur);
    if (cursor_take_lit(&cur, SLICE_LIT("Milter: ")))
        return read_milter(line, cur);
    if (slice_starts(cur, SLICE_LIT("milter=")) &&
        cursor_take_lit(&cur, slice_first(cur, slice_find(cur, SLICE_LIT("action=")) + 7)))
        return read_milter(line, cur);
    return PARSE_FOREIGN;
}
