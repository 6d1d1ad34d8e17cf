/* exchange_online_trace.c - message trace: one object, or one row, a message and recipient
 *
 * FromIP is empty for mail that left a mailbox of the organisation, ToIP for mail that stayed in
 * it. Whether a client had authenticated is not shown, so nobody outside is accused of relaying;
 * who sends from a mailbox has logged in to it.
 * Grammar:  summary = MEMBER *(";" MEMBER)   MEMBER = ADDRESS "##" WORD *("," WORD)
 *           its last WORD is what became of the recipient
 * source:   Microsoft "Message trace", Get-MessageTrace, reporting web service; real objects.
 * limits:   no reply texts, no reasons, no notifications. */
#include "base/cursor.h"
#include "exchange_list.h"
#include "exchange_online.h"

static struct event *begin(const struct exchange_online_out *out,
                           const struct exchange_online_trace *t, enum event_kind kind)
{
    struct event *ev = out->ev;

    event_reset(ev);
    ev->kind = kind;
    ev->time_us = out->time_us;
    ev->pos = out->rec->pos;
    ev->may_repeat = true;
    if (t->organization.len > 0)
        event_set(ev, EF_HOST, t->organization);
    event_set(ev, EF_TRACE_ID, t->id);
    return ev;
}

static enum parse_result give(const struct exchange_online_out *out)
{
    out->sink->take(out->sink->arg, out->ev);
    return PARSE_EVENT;
}

static slice bare(slice text)
{
    if (text.len >= 2 && text.ptr[0] == '<' && text.ptr[text.len - 1] == '>')
        return slice_first(slice_from(text, 1), text.len - 2);
    return text;
}

static void set_sender(struct event *ev, const struct exchange_online_trace *t)
{
    if (t->sender.len > 0)
        event_set_sender(ev, bare(t->sender));
}

static void give_message(const struct exchange_online_out *out,
                         const struct exchange_online_trace *t)
{
    struct event *ev = begin(out, t, EVENT_MAIL);
    slice size = t->size;

    ev->stage = STAGE_MAIL;
    set_sender(ev, t);
    if (ip_addr_parse(t->from_ip, &ev->client)) {
        ev->auth_hidden = true;
    } else {
        ev->local_submit = true;
        if (event_field(ev, EF_SENDER).len > 0)
            event_set(ev, EF_USER, event_field(ev, EF_SENDER));
    }
    (void)give(out);
    if (t->message_id.len > 0) {
        event_set(begin(out, t, EVENT_MESSAGE_ID), EF_MESSAGE_ID, bare(t->message_id));
        (void)give(out);
    }
    ev = begin(out, t, EVENT_QUEUED);
    set_sender(ev, t);
    (void)cursor_take_uint(&size, UINT64_MAX / 16, &ev->size);
    (void)give(out);
}

/* Inbound mail has no next host, outbound no client; both at once can be either. */
static enum route route_of(const struct exchange_online_trace *t)
{
    if (t->to_ip.len > 0)
        return t->from_ip.len > 0 ? ROUTE_NONE : ROUTE_REMOTE;
    return t->from_ip.len > 0 ? ROUTE_MAILBOX : ROUTE_NONE;
}

static const struct {
    const char *word; /* without blanks */
    enum event_kind kind;
    enum event_outcome outcome;
    enum route route;
} fates[] = {
    {"Delivered", EVENT_DELIVERY, OUTCOME_DELIVERED, ROUTE_COUNT}, /* see route_of() */
    {"Failed", EVENT_DELIVERY, OUTCOME_BOUNCED, ROUTE_NONE},
    {"Pending", EVENT_DELIVERY, OUTCOME_DEFERRED, ROUTE_NONE},
    {"Quarantined", EVENT_ACTION, OUTCOME_HELD, ROUTE_NONE},
    {"FilteredAsSpam", EVENT_ACTION, OUTCOME_DISCARDED, ROUTE_NONE},
    /* of the summary: the events of message tracking */
    {"Deliver", EVENT_DELIVERY, OUTCOME_DELIVERED, ROUTE_MAILBOX},
    {"Send", EVENT_DELIVERY, OUTCOME_DELIVERED, ROUTE_REMOTE},
    {"SendExternal", EVENT_DELIVERY, OUTCOME_DELIVERED, ROUTE_REMOTE},
    {"Fail", EVENT_DELIVERY, OUTCOME_BOUNCED, ROUTE_NONE},
    {"Defer", EVENT_DELIVERY, OUTCOME_DEFERRED, ROUTE_NONE},
    {"Drop", EVENT_ACTION, OUTCOME_DISCARDED, ROUTE_NONE},
};

/* "Filtered as spam" and FilteredAsSpam are one word. */
static bool same_word(slice status, const char *word)
{
    size_t n = 0;

    for (size_t i = 0; i < status.len; i++) {
        if (status.ptr[i] == ' ')
            continue;
        if (word[n] == '\0' || slice_lower(status.ptr[i]) != slice_lower(word[n]))
            return false;
        n++;
    }
    return word[n] == '\0';
}

/* Expanded, Resolved, Getting status and words not known say nothing of the recipient. */
static void give_fate(const struct exchange_online_out *out, const struct exchange_online_trace *t)
{
    for (size_t i = 0; i < sizeof fates / sizeof fates[0]; i++) {
        if (!same_word(t->status, fates[i].word))
            continue;
        struct event *ev = begin(out, t, fates[i].kind);
        ev->outcome = fates[i].outcome;
        ev->route = fates[i].route == ROUTE_COUNT ? route_of(t) : fates[i].route;
        (void)ip_addr_parse(t->to_ip, &ev->remote);
        event_set(ev, EF_RCPT, bare(t->recipient));
        event_set(ev, EF_COMMAND, t->status);
        (void)give(out);
        return;
    }
}

enum parse_result exchange_online_give_trace(const struct exchange_online_out *out,
                                             const struct exchange_online_trace *t)
{
    if (t->id.len == 0 || t->recipient.len == 0)
        return PARSE_REJECT;
    give_message(out, t);
    give_fate(out, t);
    return PARSE_EVENT;
}

enum parse_result exchange_online_give_summary(const struct exchange_online_out *out,
                                               const struct exchange_online_trace *trace,
                                               slice statuses)
{
    struct exchange_online_trace t = *trace;
    struct exchange_list list = exchange_list_begin(statuses, ';', 0);

    if (t.id.len == 0)
        return PARSE_REJECT;
    give_message(out, &t);
    for (slice member; exchange_list_next(&list, &member);) {
        size_t mark = slice_find(member, SLICE_LIT("##"));
        t.recipient = slice_trim(slice_first(member, mark));
        t.status = slice_from(member, mark + 2);
        t.status = slice_from(t.status, slice_rfind_byte(t.status, ',') == t.status.len
                                            ? 0
                                            : slice_rfind_byte(t.status, ',') + 1);
        t.status = slice_trim(t.status);
        if (t.recipient.len > 0)
            give_fate(out, &t);
    }
    return PARSE_EVENT;
}
