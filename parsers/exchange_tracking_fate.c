/* exchange_tracking_fate.c - what became of recipients: SEND, SENDEXTERNAL, DELIVER, FAIL, DEFER,
 * BADMAIL
 *
 * Grammar:  source-context of SEND and SENDEXTERNAL = ";" REPLY ";ClientSubmitTime:" [TIME]
 *           status of FAIL = REPLY / "[{LED=" REPLY "};{MSG=...};{FQDN=...};{IP=...};{LRT=...}]"
 * SEND over the connector inside the organisation is no delivery when the answer is "Queued mail
 * for delivery", or not shown: the next server logs what becomes of it. Any other answer there is
 * the mailbox service's, which then logs DELIVER for the same recipients. Before SENDEXTERNAL there
 * was (2016), SEND over any other connector leads out.
 * source:   Microsoft "Message tracking"; real rows of 2016 and 2019
 * limits:   REPLY is the other server's text. */
#include "base/cursor.h"
#include "exchange_list.h"
#include "exchange_tracking.h"
#include "postfix_text.h"

struct fate {
    enum event_outcome outcome;
    enum route route;
    slice text; /* of all recipients; absent: each has its own in recipient-status */
};

/* "EdgeSync - Inbound to SITE" leads from the edge to the servers inside. */
static bool is_inside(const struct exchange_tracking *row)
{
    slice connector = row->cell[TRACKING_CONNECTOR];

    return slice_starts(connector, SLICE_LIT("Intra-Organization ")) ||
           slice_starts(connector, SLICE_LIT("EdgeSync - Inbound to "));
}

static slice reply_of(const struct exchange_tracking *row)
{
    slice context = row->cell[TRACKING_SOURCE_CONTEXT];
    const slice tail = SLICE_LIT(";ClientSubmitTime:");
    slice reply;

    if (!cursor_take_byte(&context, ';'))
        return SLICE_NONE;
    reply = context;
    for (size_t at = 0; (at = slice_find(slice_from(context, at), tail) + at) < context.len; at++)
        reply = slice_first(context, at);
    return reply.len == 0 ? SLICE_NONE : reply;
}

/* Inside, only the words of the mailbox service tell a mailbox from the next server's queue. */
static enum route route_of(const struct exchange_tracking *row)
{
    if (exchange_tracking_is(row->cell[TRACKING_SOURCE], "STOREDRIVER"))
        return ROUTE_MAILBOX;
    if (!exchange_tracking_is(row->cell[TRACKING_SOURCE], "SMTP"))
        return ROUTE_NONE;
    if (!is_inside(row))
        return ROUTE_REMOTE;
    return slice_has(row->cell[TRACKING_STATUS], SLICE_LIT("STOREDRV.")) ? ROUTE_MAILBOX
                                                                         : ROUTE_NONE;
}

/* ---- one recipient ---- */

static void set_text(struct event *ev, slice status)
{
    slice led = exchange_list_detail(status, SLICE_LIT("LED"));
    slice cur = led.ptr != NULL ? led : status;

    if (cur.len == 0)
        return;
    event_set(ev, EF_TEXT, cur);
    postfix_take_reply(&cur, ev);
}

/* Who answered: told by the status of a failure, or by the row. */
static void set_remote(const struct exchange_tracking *row, struct event *ev, slice status)
{
    slice name = exchange_list_detail(status, SLICE_LIT("FQDN"));
    slice address = exchange_list_detail(status, SLICE_LIT("IP"));

    if (name.len == 0)
        name = row->cell[TRACKING_SERVER_HOSTNAME];
    if (address.len == 0)
        address = row->cell[TRACKING_SERVER_IP];
    if (ev->route == ROUTE_REMOTE)
        (void)ip_addr_parse(address, &ev->remote);
    if (ev->route != ROUTE_NONE && name.len > 0)
        event_set(ev, EF_RELAY, name);
}

/* Failed at a temporary error: the time to try was over. */
static void set_expired(struct event *ev)
{
    if (ev->outcome != OUTCOME_BOUNCED)
        return;
    if (ev->status[0] == 4 || ev->reply_code / 100 == 4 ||
        slice_has(event_field(ev, EF_TEXT), SLICE_LIT("QUEUE.Expired")))
        ev->outcome = OUTCOME_EXPIRED;
}

static void give_recipient(struct exchange_tracking *row, const struct fate *fate, slice address,
                           slice status)
{
    struct event *ev = exchange_tracking_begin(row, EVENT_DELIVERY);
    slice reference = exchange_tracking_bare(row->cell[TRACKING_REFERENCE]);

    ev->outcome = fate->outcome;
    ev->route = fate->route;
    event_set(ev, EF_RCPT, exchange_tracking_bare(address));
    set_text(ev, fate->text.ptr != NULL ? fate->text : status);
    set_remote(row, ev, status);
    set_expired(ev);
    if (fate->outcome == OUTCOME_BOUNCED && reference.len > 0)
        event_set(ev, EF_REFERENCE, reference);
    (void)exchange_tracking_give(row);
}

/* A bounce has one recipient: with it the message is done. */
static void give_done(struct exchange_tracking *row, size_t recipients)
{
    if (recipients != 1 || !slice_eq(row->cell[TRACKING_RETURN_PATH], SLICE_LIT("<>")))
        return;
    exchange_tracking_begin(row, EVENT_DONE)->done = DONE_REMOVED;
    (void)exchange_tracking_give(row);
}

static enum parse_result give_all(struct exchange_tracking *row, const struct fate *fate)
{
    size_t expected = exchange_tracking_recipients(row);
    slice all = row->cell[TRACKING_RECIPIENTS], statuses = row->cell[TRACKING_STATUS];
    struct exchange_list list = exchange_list_begin(all, row->separator, expected);
    size_t count = exchange_list_count(all, row->separator, expected);
    struct exchange_list status = exchange_list_begin(statuses, row->separator, count);
    bool each = exchange_list_count(statuses, row->separator, count) == count;

    if (count == 0 || (expected != 0 && count != expected))
        return PARSE_REJECT; /* an address that imitates several, or a row that was cut */
    for (slice address, one = statuses; exchange_list_next(&list, &address);) {
        if (each)
            (void)exchange_list_next(&status, &one);
        give_recipient(row, fate, address, one);
    }
    if (fate->outcome != OUTCOME_DEFERRED)
        give_done(row, count);
    return PARSE_EVENT;
}

/* ---- which fate ---- */

static enum parse_result sent(struct exchange_tracking *row)
{
    struct fate fate = {OUTCOME_DELIVERED, ROUTE_REMOTE, reply_of(row)};

    if (exchange_tracking_is(row->cell[TRACKING_EVENT], "SENDEXTERNAL") || !is_inside(row))
        return give_all(row, &fate);
    if (fate.text.ptr == NULL || slice_ends(fate.text, SLICE_LIT("Queued mail for delivery")))
        return PARSE_SKIP;
    fate.route = ROUTE_MAILBOX;
    return give_all(row, &fate);
}

static enum parse_result not_sent(struct exchange_tracking *row, enum event_outcome outcome)
{
    struct fate fate = {outcome, route_of(row), SLICE_NONE};

    if (row->cell[TRACKING_STATUS].len == 0)
        fate.text = row->cell[TRACKING_SOURCE_CONTEXT];
    return give_all(row, &fate);
}

enum parse_result exchange_tracking_fate(struct exchange_tracking *row)
{
    slice event = row->cell[TRACKING_EVENT];

    if (slice_ieq(slice_first(event, 4), SLICE_LIT("SEND"))) /* and SENDEXTERNAL */
        return sent(row);
    if (exchange_tracking_is(event, "DELIVER"))
        return give_all(row, &(struct fate){OUTCOME_DELIVERED, ROUTE_MAILBOX, SLICE_LIT("")});
    return not_sent(row, exchange_tracking_is(event, "DEFER") ? OUTCOME_DEFERRED : OUTCOME_BOUNCED);
}
