/* exchange_tracking_notice.c - notifications, and what the server does with recipients
 *
 * Grammar:  a DSN row is the notification: its ids are the notification's, its recipient is the
 *           sender of the message it is about, whose Message-ID stands in reference. source-context
 *           names the kind; where it does not, message-info has "<RECIPIENT>:<STATUS TEXT>".
 *           EXPAND, REDIRECT and RESOLVE name the recipient that was replaced in
 *           related-recipient-address. TRANSFER has the id of the message the copy was made of in
 *           reference.
 * source:   Microsoft "Message tracking" (reference, related-recipient-address); real rows. */
#include "base/cursor.h"
#include "exchange_list.h"
#include "exchange_tracking.h"

/* "<a@example.net>:<400 4.4.7 Message delayed>": the first digit behind the last "<". */
static enum dsn_action action_of_status(slice info)
{
    size_t at = slice_rfind_byte(info, '<');
    slice status = slice_from(info, at + 1);

    if (at == info.len || status.len == 0)
        return DSN_FAILED;
    return status.ptr[0] == '4' ? DSN_DELAYED : status.ptr[0] == '2' ? DSN_DELIVERED : DSN_FAILED;
}

static enum dsn_action action_of(const struct exchange_tracking *row)
{
    static const struct {
        const char *word;
        enum dsn_action action;
    } kinds[] = {{"Delay", DSN_DELAYED},     {"Fail", DSN_FAILED},   {"Deliver", DSN_DELIVERED},
                 {"Success", DSN_DELIVERED}, {"Relay", DSN_RELAYED}, {"Expan", DSN_EXPANDED},
                 {"Quarantine", DSN_NONE},   {"NDR", DSN_FAILED}};
    slice kind = row->cell[TRACKING_SOURCE_CONTEXT];

    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (slice_ieq(slice_first(kind, strlen(kinds[i].word)), slice_of(kinds[i].word)))
            return kinds[i].action;
    return action_of_status(row->cell[TRACKING_INFO]);
}

static enum parse_result give_quarantined(struct exchange_tracking *row)
{
    struct event *ev = exchange_tracking_begin(row, EVENT_ACTION);

    ev->outcome = OUTCOME_HELD;
    event_set(ev, EF_TEXT, row->cell[TRACKING_SOURCE_CONTEXT]);
    return exchange_tracking_give(row);
}

static void give_notice(struct exchange_tracking *row, enum dsn_action action)
{
    struct event *ev = exchange_tracking_begin(row, EVENT_DSN);
    slice reference = exchange_tracking_bare(row->cell[TRACKING_REFERENCE]);

    /* the row's ids are the notification's */
    ev->present &= ~(1U << EF_QUEUE_ID | 1U << EF_TRACE_ID);
    event_set(ev, EF_CHILD_ID, row->cell[TRACKING_INTERNAL_ID]);
    ev->dsn = action;
    event_set(ev, EF_RCPT, exchange_tracking_bare(row->cell[TRACKING_RECIPIENTS]));
    event_set(ev, EF_MESSAGE_ID, exchange_tracking_bare(row->cell[TRACKING_MESSAGE_ID]));
    if (reference.len > 0)
        event_set(ev, EF_REFERENCE, reference);
    if (row->cell[TRACKING_INFO].len > 0)
        event_set(ev, EF_TEXT, row->cell[TRACKING_INFO]);
    (void)exchange_tracking_give(row);
}

enum parse_result exchange_tracking_dsn(struct exchange_tracking *row)
{
    enum dsn_action action = action_of(row);
    slice bytes = row->cell[TRACKING_BYTES];
    struct event *ev;

    if (action == DSN_NONE)
        return give_quarantined(row);
    if (row->cell[TRACKING_INTERNAL_ID].len == 0 || row->cell[TRACKING_RECIPIENTS].len == 0)
        return PARSE_REJECT;
    ev = exchange_tracking_begin(row, EVENT_MESSAGE_ID);
    event_set(ev, EF_MESSAGE_ID, exchange_tracking_bare(row->cell[TRACKING_MESSAGE_ID]));
    (void)exchange_tracking_give(row);
    give_notice(row, action);
    ev = exchange_tracking_begin(row, EVENT_QUEUED);
    event_set_sender(ev, SLICE_LIT(""));
    ev->nrcpt = (uint32_t)exchange_tracking_recipients(row);
    (void)cursor_take_uint(&bytes, UINT64_MAX / 16, &ev->size);
    return exchange_tracking_give(row);
}

enum parse_result exchange_tracking_rewrite(struct exchange_tracking *row)
{
    slice all = row->cell[TRACKING_RECIPIENTS], related = row->cell[TRACKING_RELATED];
    size_t count = exchange_list_count(all, row->separator, exchange_tracking_recipients(row));
    struct exchange_list list = exchange_list_begin(all, row->separator, count);
    struct exchange_list olds = exchange_list_begin(related, row->separator, count);
    bool each = exchange_list_count(related, row->separator, count) == count;
    enum parse_result result = PARSE_SKIP;

    if (count == 0 || related.len == 0)
        return PARSE_SKIP;
    for (slice address, old = related; exchange_list_next(&list, &address);) {
        struct event *ev = exchange_tracking_begin(row, EVENT_REWRITE);
        if (each)
            (void)exchange_list_next(&olds, &old);
        if (slice_ieq(address, old))
            continue;
        result = PARSE_EVENT;
        event_set(ev, EF_RCPT, exchange_tracking_bare(address));
        event_set(ev, EF_ORIG_RCPT, exchange_tracking_bare(old));
        event_set(ev, EF_COMMAND, row->cell[TRACKING_EVENT]);
        (void)exchange_tracking_give(row);
    }
    return result;
}

enum parse_result exchange_tracking_split(struct exchange_tracking *row)
{
    slice from = row->cell[TRACKING_REFERENCE];
    struct event *ev;

    if (from.len == 0 || row->cell[TRACKING_INTERNAL_ID].len == 0)
        return PARSE_SKIP;
    ev = exchange_tracking_begin(row, EVENT_SPLIT);
    event_set(ev, EF_CHILD_ID, row->cell[TRACKING_INTERNAL_ID]);
    event_set(ev, EF_QUEUE_ID, from);
    event_set(ev, EF_TEXT, row->cell[TRACKING_SOURCE_CONTEXT]);
    return exchange_tracking_give(row);
}
