/* postfix_policy.c - lines that tell what was decided about a client's command
 *
 * Grammar:  ACTION ": " STAGE " from " PEER ": " TEXT ";" CONTEXT
 *               of smtpd, of postscreen, and of milters in cleanup
 *           ("proxy-accept" | "proxy-reject") ": " STAGE ": " TEXT ";" CONTEXT
 *               no client: the session has it
 * ACTION is one of the words below, perhaps after "milter-". A reject's TEXT begins with the
 * reply's codes, but for cleanup, which prints only the enhanced one.
 * source:   Postfix src/smtpd/smtpd_check.c (log_whatsup), src/smtpd/smtpd.c,
 *           src/smtpd/smtpd_proxy.c, src/postscreen/postscreen_smtpd.c,
 *           src/cleanup/cleanup_milter.c. */
#include "postfix.h"

#include "base/cursor.h"
#include "postfix_text.h"

struct action {
    const char *word;
    enum event_outcome outcome;
    bool reject; /* the client was told no: RCPT or REFUSAL */
    bool soft;
};

static const struct action actions[] = {
    {"reject", OUTCOME_REFUSED, true, false},
    {"milter-reject", OUTCOME_REFUSED, true, false},
    {"reject_warning", OUTCOME_REFUSED, true, true},
    {"hangup", OUTCOME_REFUSED, true, false},
    {"defer", OUTCOME_TEMPFAIL, true, false},
    {"proxy-reject", OUTCOME_REFUSED, true, false},
    {"proxy-accept", OUTCOME_ACCEPTED, false, false},
    {"permit", OUTCOME_ACCEPTED, false, false},
    {"hold", OUTCOME_HELD, false, false},
    {"milter-hold", OUTCOME_HELD, false, false},
    {"quarantine", OUTCOME_HELD, false, false},
    {"milter-quarantine", OUTCOME_HELD, false, false},
    {"discard", OUTCOME_DISCARDED, false, false},
    {"milter-discard", OUTCOME_DISCARDED, false, false},
    {"redirect", OUTCOME_WARNED, false, false},
    {"filter", OUTCOME_WARNED, false, false},
    {"warn", OUTCOME_WARNED, false, false},
    {"warning", OUTCOME_WARNED, false, false},
    {"info", OUTCOME_WARNED, false, false},
    {"delay", OUTCOME_WARNED, false, false},
    {"bcc", OUTCOME_WARNED, false, false},
    {"prepend", OUTCOME_WARNED, false, false},
    {"replace", OUTCOME_WARNED, false, false},
};

static const struct action *find_action(slice word)
{
    for (size_t i = 0; i < sizeof actions / sizeof actions[0]; i++)
        if (slice_eq(word, slice_of(actions[i].word)))
            return &actions[i];
    return NULL;
}

/* The head of the line up to TEXT; from_client: was there a client? */
struct policy {
    const struct action *action;
    slice stage;
    struct postfix_peer peer;
    bool from_client;
};

static bool take_head(slice *cur, struct policy *ret)
{
    slice word;

    if (!cursor_take_past(cur, ':', &word) || (ret->action = find_action(word)) == NULL ||
        !cursor_take_byte(cur, ' '))
        return false;
    size_t n = 0;
    while (n < cur->len && cur->ptr[n] != ' ' && cur->ptr[n] != ':')
        n++;
    ret->stage = slice_first(*cur, n);
    *cur = slice_from(*cur, n);
    ret->from_client = cursor_take_lit(cur, SLICE_LIT(" from "));
    if (ret->from_client && !postfix_take_peer(cur, &ret->peer))
        return false;
    if (ret->stage.len == 0 || (!ret->from_client && !slice_starts(word, SLICE_LIT("proxy-"))))
        return false;
    if (cur->len == 0)
        return true;
    return cursor_take_byte(cur, ':') && (cursor_take_byte(cur, ' ') || cur->len == 0);
}

/* 4xx is temporary whatever the word says; postscreen's limits have no code and are temporary too.
 */
static enum event_outcome reject_outcome(const struct event *ev, enum postfix_dialect dialect)
{
    if (ev->reply_code != 0)
        return ev->reply_code / 100 == 4 ? OUTCOME_TEMPFAIL : OUTCOME_REFUSED;
    if (ev->status[0] != 0)
        return ev->status[0] == 4 ? OUTCOME_TEMPFAIL : OUTCOME_REFUSED;
    return dialect == POSTFIX_POSTSCREEN ? OUTCOME_TEMPFAIL : OUTCOME_REFUSED;
}

static void set_context(struct event *ev, const struct postfix_context *cx)
{
    if (cx->from.ptr != NULL)
        event_set_sender(ev, cx->from);
    event_set(ev, EF_RCPT, cx->to);
    event_set(ev, EF_HELO, cx->helo);
    event_set(ev, EF_MECHANISM, cx->mechanism);
    event_set(ev, EF_USER, cx->user);
}

/* May the end of the line be missing? Then the last context on it may be one that a client wrote
 * into an address, with the true one cut off. Lines are cut at 2000 bytes of text by Postfix, at
 * 800 by rsyslog when it repeats them, and at 1024 in all, with a head that may have been rewritten
 * since, by receivers that follow RFC 3164 4.1. */
static bool may_be_cut(const struct record *rec)
{
    size_t text = rec->text.len, line = rec->pos.text.len;

    return text >= 1990 || (rec->repeat > 1 && text >= 795) || (line >= 1000 && line <= 1030);
}

/* A proxy's acceptance names the next queue's id at its end. */
static void set_proxy_child(struct event *ev, slice text)
{
    size_t at = slice_find(text, SLICE_LIT("queued as "));
    slice id = slice_from(text, at + sizeof "queued as " - 1);

    if (at < text.len && postfix_is_queue_id(id))
        event_set(ev, EF_CHILD_ID, id);
}

enum parse_result postfix_policy_read(struct postfix_line *line)
{
    enum postfix_dialect dialect =
        line->daemon == POSTFIX_D_POSTSCREEN ? POSTFIX_POSTSCREEN : POSTFIX_SMTPD;
    struct policy policy = {0};
    struct postfix_context cx;
    slice cur = line->text;

    if (!take_head(&cur, &policy))
        return PARSE_REJECT;
    enum smtp_stage stage = postfix_stage(policy.stage);
    bool reject = policy.action->reject;
    struct event *ev = postfix_begin(line, !reject               ? EVENT_ACTION
                                           : stage == STAGE_RCPT ? EVENT_RCPT
                                                                 : EVENT_REFUSAL);

    if (may_be_cut(line->rec))
        cx = (struct postfix_context){.text = cur};
    else
        postfix_read_context(cur, dialect, &cx);
    ev->stage = stage;
    ev->soft = policy.action->soft;
    event_set(ev, EF_COMMAND, policy.stage);
    if (policy.from_client)
        postfix_set_client(ev, &policy.peer);
    set_context(ev, &cx);
    postfix_take_reply(&cx.text, ev);
    event_set(ev, EF_TEXT, cx.text);
    ev->outcome = !reject                                      ? policy.action->outcome
                  : policy.action->outcome == OUTCOME_TEMPFAIL ? OUTCOME_TEMPFAIL
                                                               : reject_outcome(ev, dialect);
    if (!reject && policy.action->outcome == OUTCOME_ACCEPTED)
        set_proxy_child(ev, cx.text);
    return postfix_emit(line);
}
