/* postfix_queue.c - how messages enter and leave the queue
 *
 * Grammar:  cleanup    ID "message-id=" TEXT | ID "removed (canceled)"
 *                      ID ACTION ": " ("header" | "body" | ...) " " TEXT
 *           pickup     ID "uid=" N " from=<" SENDER ">" [" orig_id=" ID]
 *           qmgr       ID "from=<" SENDER ">, size=" N ", nrcpt=" N " (queue active)"
 *                      ID "from=<" SENDER ">, status=expired, returned to sender" | ID "removed"
 *           bounce     ID ("sender" | "postmaster") " " WHAT " notification: " ID
 *           postsuper  ID ("removed" | "requeued" | "placed on hold")
 *           master     the starting, reloading and stopping of the mail system
 * Header and body checks quote the mail in front of the true origin, so no client is read from
 * them: the id leads to the smtpd line that has it.
 * source:   Postfix src/cleanup/, src/pickup/pickup.c, src/qmgr/qmgr_active.c, src/bounce/,
 *           src/postsuper/, src/master/. */
#include "postfix.h"

#include "base/cursor.h"
#include "postfix_text.h"

static enum parse_result emit_done(struct postfix_line *line, enum done_how how)
{
    postfix_begin(line, EVENT_DONE)->done = how;
    return postfix_emit(line);
}

static enum parse_result emit_text(struct postfix_line *line, enum event_kind kind,
                                   enum event_outcome outcome)
{
    struct event *ev = postfix_begin(line, kind);

    ev->outcome = outcome;
    event_set(ev, EF_TEXT, line->text);
    return postfix_emit(line);
}

static enum parse_result read_message_id(struct postfix_line *line, slice value)
{
    if (value.len >= 2 && value.ptr[0] == '<' && value.ptr[value.len - 1] == '>')
        value = slice_first(slice_from(value, 1), value.len - 2);
    event_set(postfix_begin(line, EVENT_MESSAGE_ID), EF_MESSAGE_ID, value);
    return postfix_emit(line);
}

/* ACTION ": " PART " " text of the mail: the words of the header and body checks. */
static enum parse_result read_content_check(struct postfix_line *line)
{
    static const char *const parts[] = {"header", "body", "content", "mime-error", "nested-header"};
    slice cur = line->text, action, part;
    bool known = false;

    if (!cursor_take_past(&cur, ':', &action) || !cursor_take_byte(&cur, ' ') ||
        !cursor_take_token(&cur, &part))
        return PARSE_REJECT;
    for (size_t i = 0; i < 5; i++)
        known |= slice_eq(part, slice_of(parts[i]));
    if (!known)
        return PARSE_REJECT;
    bool reject = slice_ends(action, SLICE_LIT("reject"));
    struct event *ev = postfix_begin(line, reject ? EVENT_REFUSAL : EVENT_ACTION);
    ev->stage = STAGE_END_OF_DATA;
    ev->outcome = reject                                     ? OUTCOME_REFUSED
                  : slice_ends(action, SLICE_LIT("hold"))    ? OUTCOME_HELD
                  : slice_ends(action, SLICE_LIT("discard")) ? OUTCOME_DISCARDED
                                                             : OUTCOME_WARNED;
    event_set(ev, EF_COMMAND, part);
    event_set(ev, EF_TEXT, line->text);
    return postfix_emit(line);
}

enum parse_result postfix_cleanup_read(struct postfix_line *line)
{
    slice cur = line->text;
    enum parse_result result;

    if (!line->has_id)
        return PARSE_REJECT;
    if (cursor_take_lit(&cur, SLICE_LIT("message-id=")))
        return read_message_id(line, cur);
    if (slice_starts(cur, SLICE_LIT("resent-message-id=")))
        return PARSE_SKIP;
    if (slice_starts(cur, SLICE_LIT("to=")))
        return postfix_delivery_read(line);
    if (slice_starts(cur, SLICE_LIT("removed (discarded)")))
        return emit_done(line, DONE_DELETED);
    if (slice_starts(cur, SLICE_LIT("removed")))
        return emit_done(line, DONE_CANCELLED);
    /* A check first: a subject may imitate a milter line, a milter line cannot begin like a check.
     */
    if ((result = read_content_check(line)) != PARSE_REJECT)
        return result;
    return postfix_policy_read(line);
}

/* What stands before ">" and, for a requeued message, the old id. The sender is any text a local
 * user likes, but the line ends after it. */
static bool take_pickup_sender(slice cur, slice *ret_sender, slice *ret_orig)
{
    const slice key = SLICE_LIT("> orig_id=");
    size_t at = slice_rfind_byte(cur, '>');

    *ret_orig = SLICE_NONE;
    if (at == cur.len)
        return false;
    *ret_sender = slice_first(cur, at);
    if (slice_starts(slice_from(cur, at), key)) {
        slice id = slice_from(cur, at + key.len);
        *ret_orig = postfix_is_queue_id(id) ? id : SLICE_NONE;
    }
    return true;
}

enum parse_result postfix_pickup_read(struct postfix_line *line)
{
    slice cur = line->text, sender, orig;
    uint64_t uid;

    if (!line->has_id || !cursor_take_lit(&cur, SLICE_LIT("uid=")) ||
        !cursor_take_uint(&cur, UINT32_MAX, &uid) || !cursor_take_lit(&cur, SLICE_LIT(" from=")))
        return PARSE_REJECT;
    if (!cursor_take_byte(&cur, '<'))
        sender = cur, orig = SLICE_NONE; /* an edited log */
    else if (!take_pickup_sender(cur, &sender, &orig))
        return PARSE_REJECT;
    struct event *ev = postfix_begin(line, EVENT_MAIL);
    ev->stage = STAGE_MAIL;
    ev->local_submit = true;
    ev->uid = (int64_t)uid;
    event_set_sender(ev, sender);
    event_set(ev, EF_CHILD_ID, orig);
    return postfix_emit(line);
}

/* ", size=N, nrcpt=N (queue active)" up to the end; a collector's number may follow. */
static bool take_queue_size(slice cur, uint64_t *ret_size, uint64_t *ret_nrcpt)
{
    if (!cursor_take_lit(&cur, SLICE_LIT(", size=")) ||
        !cursor_take_uint(&cur, UINT64_MAX / 16, ret_size) ||
        !cursor_take_lit(&cur, SLICE_LIT(", nrcpt=")) ||
        !cursor_take_uint(&cur, UINT32_MAX, ret_nrcpt))
        return false;
    if (cur.len == 0)
        return true;
    if (!cursor_take_lit(&cur, SLICE_LIT(" (queue ")))
        return false;
    size_t close = slice_find_byte(cur, ')');
    slice rest = slice_from(cur, close + 1);
    while (rest.len > 0 && (rest.ptr[0] == ' ' || (rest.ptr[0] >= '0' && rest.ptr[0] <= '9')))
        rest = slice_from(rest, 1);
    return close < cur.len && rest.len == 0;
}

/* SENDER of "from=<SENDER>, size=": quotes first; else the last ">, size=" of the line, since only
 * numbers follow it. */
static bool take_queued(slice cur, slice *ret_sender, uint64_t *ret_size, uint64_t *ret_nrcpt)
{
    slice rest = cur;

    if (postfix_take_address(&rest, ret_sender) && take_queue_size(rest, ret_size, ret_nrcpt))
        return true;
    size_t at = slice_rfind_byte(cur, '>');
    if (at == cur.len || cur.ptr[0] != '<' ||
        !take_queue_size(slice_from(cur, at + 1), ret_size, ret_nrcpt))
        return false;
    *ret_sender = slice_first(slice_from(cur, 1), at - 1);
    return true;
}

static enum parse_result read_expired(struct postfix_line *line, slice cur)
{
    slice sender, what;
    size_t at = slice_rfind_byte(cur, '=');

    /* the last "=" is that of status=: only Postfix's own words follow it */
    if (at == cur.len || at < 8 || !slice_ends(slice_first(cur, at + 1), SLICE_LIT(", status=")))
        return PARSE_REJECT;
    what = slice_from(cur, at + 1);
    sender = slice_first(cur, at + 1 - sizeof ", status=" + 1);
    if (sender.len >= 2 && sender.ptr[0] == '<' && sender.ptr[sender.len - 1] == '>')
        sender = slice_first(slice_from(sender, 1), sender.len - 2);
    if (!slice_starts(what, SLICE_LIT("expired")) &&
        !slice_starts(what, SLICE_LIT("force-expired")))
        return PARSE_SKIP;
    struct event *ev = postfix_begin(line, EVENT_DELIVERY);
    ev->outcome = OUTCOME_EXPIRED;
    event_set_sender(ev, sender);
    event_set(ev, EF_TEXT, what);
    return postfix_emit(line);
}

static enum parse_result read_from(struct postfix_line *line, slice cur)
{
    uint64_t size, nrcpt;
    slice sender;

    if (!take_queued(cur, &sender, &size, &nrcpt))
        return read_expired(line, cur);
    struct event *ev = postfix_begin(line, EVENT_QUEUED);
    event_set_sender(ev, sender);
    ev->size = size;
    ev->nrcpt = (uint32_t)nrcpt;
    return postfix_emit(line);
}

enum parse_result postfix_qmgr_read(struct postfix_line *line)
{
    slice cur = line->text;

    if (!line->has_id)
        return slice_starts(cur, SLICE_LIT("qmgr")) || slice_starts(cur, SLICE_LIT("table "))
                   ? PARSE_SKIP
                   : PARSE_REJECT;
    if (cursor_take_lit(&cur, SLICE_LIT("from=")))
        return read_from(line, cur);
    if (slice_starts(cur, SLICE_LIT("removed")))
        return emit_done(line, DONE_REMOVED);
    if (slice_starts(cur, SLICE_LIT("to=")))
        return postfix_delivery_read(line);
    return slice_starts(cur, SLICE_LIT("skipped,")) ||
                   slice_starts(cur, SLICE_LIT("status=deferred")) ||
                   slice_starts(cur, SLICE_LIT("recipient limit")) ||
                   slice_starts(cur, SLICE_LIT("resubmit"))
               ? PARSE_SKIP
               : PARSE_REJECT;
}

static enum dsn_action notification_action(slice text)
{
    static const struct {
        const char *text;
        enum dsn_action action;
    } rows[] = {
        {"sender non-delivery notification: ", DSN_FAILED},
        {"sender delay notification: ", DSN_DELAYED},
        {"sender delivery status notification: ", DSN_DELIVERED},
        {"postmaster non-delivery notification: ", DSN_POSTMASTER},
        {"postmaster delay notification: ", DSN_POSTMASTER},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (slice_starts(text, slice_of(rows[i].text)))
            return rows[i].action;
    return DSN_NONE;
}

enum parse_result postfix_bounce_read(struct postfix_line *line)
{
    enum dsn_action action = notification_action(line->text);

    if (!line->has_id)
        return PARSE_REJECT;
    if (action == DSN_NONE)
        return slice_starts(line->text, SLICE_LIT("not sending trace")) ? PARSE_SKIP : PARSE_REJECT;
    slice child = slice_from(line->text, slice_find_byte(line->text, ':') + 2);
    child = slice_first(child, slice_find_byte(child, ' '));
    if (!postfix_is_queue_id(child))
        return PARSE_REJECT;
    struct event *ev = postfix_begin(line, EVENT_DSN);
    ev->dsn = action;
    event_set(ev, EF_CHILD_ID, child);
    return postfix_emit(line);
}

enum parse_result postfix_postsuper_read(struct postfix_line *line)
{
    if (!line->has_id)
        return PARSE_SKIP; /* "Deleted: 3 messages" and the like */
    if (slice_starts(line->text, SLICE_LIT("removed")))
        return emit_done(line, DONE_DELETED);
    if (slice_starts(line->text, SLICE_LIT("requeued")))
        return emit_done(line, DONE_REQUEUED);
    if (slice_starts(line->text, SLICE_LIT("placed on hold")))
        return emit_text(line, EVENT_ACTION, OUTCOME_HELD);
    return slice_starts(line->text, SLICE_LIT("released from hold")) ||
                   slice_starts(line->text, SLICE_LIT("expired"))
               ? PARSE_SKIP
               : PARSE_REJECT;
}

enum parse_result postfix_master_read(struct postfix_line *line)
{
    static const char *const restarts[] = {
        "daemon started --",
        "reload --",
        "terminating on signal",
        "starting the Postfix mail system",
        "refreshing the Postfix mail system",
        "stopping the Postfix mail system",
    };

    for (size_t i = 0; i < sizeof restarts / sizeof restarts[0]; i++)
        if (slice_starts(line->text, slice_of(restarts[i])))
            return emit_text(line, EVENT_RESTART, OUTCOME_NONE);
    return PARSE_SKIP;
}

enum parse_result postfix_queue_warning(struct postfix_line *line)
{
    slice text = line->text;

    if (line->has_id && slice_starts(text, SLICE_LIT("queue file size limit exceeded")))
        return emit_text(line, EVENT_LIMIT, OUTCOME_NONE);
    if (line->has_id && slice_starts(text, SLICE_LIT("message rejected: hopcount exceeded")))
        return emit_text(line, EVENT_REFUSAL, OUTCOME_REFUSED);
    /* "mail for DOMAIN is using up N of N active queue entries", 'service "smtp" (25) has reached
     * its process limit' */
    if (!line->has_id && ((slice_starts(text, SLICE_LIT("mail for ")) &&
                           slice_has(text, SLICE_LIT(" is using up "))) ||
                          (slice_starts(text, SLICE_LIT("service ")) &&
                           slice_has(text, SLICE_LIT(" has reached its process limit")))))
        return emit_text(line, EVENT_LIMIT, OUTCOME_NONE);
    return PARSE_SKIP;
}
