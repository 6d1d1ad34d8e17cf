/* exchange_protocol_send.c - dialogues with the next host: what became of each recipient
 *
 * Grammar:  ">" COMMAND / "<" REPLY as in SMTP, and of "*" rows by their context:
 *           "sending message"                                 data: N, the queue id (2007, 2010)
 *           "sending message with RecordId " N " and InternetMessageId <" ID ">"
 *           "Proxying inbound session with session id " ID    a front end's hop to its server
 *           "Failed to connect. ... Destination domain: " D ", Error Message: ..."
 * algorithm: a recipient's fate is its own reply when that is a refusal, else the reply to the end
 *            of the message. A refused sender is the fate of all recipients written ahead. Replies
 *            are another system's words: they are matched by order alone.
 * source:    Microsoft "Protocol logging"; real rows of 2010 to 2019; RFC 5321 3.3, 4.2
 * limits:    which server sends is not in these rows: it is the one whose address a receive log
 *            has told, or the name it greets with. A connection that breaks tells no fate */
#include "exchange_protocol.h"

#include "base/cursor.h"
#include "exchange_csv.h"

enum { PORT_DELIVERY = 475 };

/* ---- events ---- */

static void set_host(struct exchange_row *row)
{
    struct exchange_session *s = row->s;
    slice known = exchange_session_host(row->all, &row->local);

    if (known.len > 0)
        slice_keep(known, s->host, sizeof s->host);
    row->host = s->host[0] != '\0' ? slice_of(s->host) : SLICE_NONE;
}

static enum route route_of(const struct exchange_row *row, bool contact)
{
    if (!contact)
        return ROUTE_NONE;
    if (row->remote_port == PORT_DELIVERY)
        return ROUTE_MAILBOX;
    return row->s->flags & EXCHANGE_INSIDE ? ROUTE_LOOPBACK : ROUTE_REMOTE;
}

static struct event *begin_delivery(struct exchange_row *row, enum event_outcome outcome,
                                    bool contact)
{
    struct exchange_session *s = row->s;
    struct event *ev;

    set_host(row);
    ev = exchange_protocol_begin(row, EVENT_DELIVERY);
    ev->may_repeat = true;
    ev->outcome = outcome;
    ev->route = route_of(row, contact);
    if (!(s->flags & EXCHANGE_PASSED_ON))
        ev->remote = row->remote;
    if (s->queue_id[0] != '\0')
        event_set(ev, EF_QUEUE_ID, slice_of(s->queue_id));
    if (s->message_id[0] != '\0')
        event_set(ev, EF_MESSAGE_ID, slice_of(s->message_id));
    if (s->relay[0] != '\0')
        event_set(ev, EF_RELAY, slice_of(s->relay));
    if (s->flags & EXCHANGE_HAS_SENDER)
        event_set_sender(ev, slice_of(s->sender));
    return ev;
}

static enum event_outcome fate_of(uint16_t code)
{
    if (code < 400)
        return OUTCOME_DELIVERED;
    return code < 500 ? OUTCOME_DEFERRED : OUTCOME_BOUNCED;
}

static void tell_fate(struct exchange_row *row, slice rcpt, const struct exchange_reply *reply,
                      slice text)
{
    struct event *ev = begin_delivery(row, fate_of(reply->code), true);

    exchange_text_set_reply(ev, reply, text);
    event_set(ev, EF_RCPT, rcpt);
    exchange_protocol_emit(row);
}

/* One fate for all recipients of a list; without one the refusal is told alone. */
static void tell_all(struct exchange_row *row, struct exchange_list *list,
                     const struct exchange_reply *reply, slice text)
{
    struct exchange_command *c;
    bool any = false;

    while ((c = exchange_session_first(row->all, list)) != NULL) {
        any = true;
        tell_fate(row, exchange_protocol_command_text(c), reply, text);
        exchange_session_drop(row->all, list);
    }
    if (!any && reply->code >= 400)
        tell_fate(row, SLICE_NONE, reply, text);
}

/* ---- commands and replies ---- */

/* The name a server greets with is its own, unless the connector has another. */
static void take_name(struct exchange_session *s, slice name)
{
    char room[EXCHANGE_HOST_TEXT];

    if (s->host[0] == '\0' && name.len > 0 && name.ptr[0] != '[')
        slice_keep(exchange_csv_host(name, room, sizeof room), s->host, sizeof s->host);
}

static void on_command(struct exchange_row *row)
{
    struct exchange_session *s = row->s;
    slice argument, path, parameters;
    enum exchange_verb verb = exchange_text_verb(row->data, &argument);

    if ((s->flags & EXCHANGE_IN_AUTH) && verb == EXCHANGE_OTHER)
        return;
    s->counters.commands_all++;
    if (verb == EXCHANGE_XPROXY || verb == EXCHANGE_XPROXYFROM)
        s->flags |= EXCHANGE_MUTE; /* the client's own session is in the receive log */
    if (verb == EXCHANGE_EXPS || verb == EXCHANGE_ANONYMOUSTLS)
        s->flags |= EXCHANGE_INSIDE;
    if (verb == EXCHANGE_OTHER && slice_ieq(slice_first(row->data, 9), SLICE_LIT("XPROXYTO ")))
        s->flags |= EXCHANGE_PASSED_ON;
    if (verb == EXCHANGE_EHLO)
        take_name(s, argument);
    if (verb == EXCHANGE_MAIL || verb == EXCHANGE_RCPT) {
        exchange_text_path(argument, &path, &parameters);
        argument = path;
    }
    exchange_session_push(row->all, s, verb, verb == EXCHANGE_AUTH ? SLICE_NONE : argument);
}

/* MAIL was written: what follows is of this message. */
static void on_mail(struct exchange_row *row, const struct exchange_command *c,
                    const struct exchange_reply *reply, slice text)
{
    struct exchange_session *s = row->s;
    slice sender = exchange_protocol_command_text(c);

    exchange_session_reset(row->all, s);
    if (sender.ptr != NULL) {
        slice_keep(sender, s->sender, sizeof s->sender);
        s->flags |= EXCHANGE_HAS_SENDER;
    }
    exchange_session_drop(row->all, &s->waiting);
    if (reply->code < 400)
        return;
    /* The recipients that were written ahead; their own replies will find nothing to tell. */
    bool any = false;
    for (struct exchange_command *r = exchange_session_first(row->all, &s->waiting);
         r != NULL && (r->verb == EXCHANGE_RCPT || r->verb == EXCHANGE_OTHER);
         r = r->next == 0 ? NULL : &row->all->command[r->next - 1]) {
        any |= r->verb == EXCHANGE_RCPT;
        if (r->verb == EXCHANGE_RCPT)
            tell_fate(row, exchange_protocol_command_text(r), reply, text);
        r->verb = EXCHANGE_OTHER;
    }
    if (!any)
        tell_fate(row, SLICE_NONE, reply, text);
}

static void on_rcpt(struct exchange_row *row, const struct exchange_command *c,
                    const struct exchange_reply *reply, slice text)
{
    if (reply->code < 400) {
        exchange_session_accept(row->all, row->s);
        return;
    }
    tell_fate(row, exchange_protocol_command_text(c), reply, text);
    exchange_session_drop(row->all, &row->s->waiting);
}

static void end_of_data(struct exchange_row *row, const struct exchange_reply *reply, slice text)
{
    struct exchange_session *s = row->s;

    exchange_session_drop(row->all, &s->waiting);
    if (s->accepted.count > 0)
        tell_all(row, &s->accepted, reply, text);
    exchange_session_reset(row->all, s);
}

/* The name in a greeting, if it looks like one. */
static void take_banner(struct exchange_session *s, slice text)
{
    slice name = slice_first(text, slice_find_byte(text, ' '));

    for (size_t i = 0; i < name.len; i++) {
        char c = slice_lower(name.ptr[i]);
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-'))
            return;
    }
    slice_keep(name, s->relay, sizeof s->relay);
}

/* A greeting, or the last word of a host that has had enough. */
static void on_unasked(struct exchange_row *row, const struct exchange_reply *reply, slice text)
{
    struct exchange_session *s = row->s;

    if (reply->code == 220)
        take_banner(s, reply->text);
    else if (reply->code >= 400 && (s->counters.commands_all == 0 || s->accepted.count > 0))
        tell_all(row, &s->accepted, reply, text);
}

/* A host that does not know EHLO is asked again with HELO; one that does not want us says so. */
static bool is_unwanted(const struct exchange_reply *r)
{
    return r->code >= 400 && (r->code < 500 || r->code > 504);
}

static void answer(struct exchange_row *row, struct exchange_command *c,
                   const struct exchange_reply *reply, slice text)
{
    struct exchange_session *s = row->s;

    switch ((enum exchange_verb)c->verb) {
    case EXCHANGE_MAIL:
        on_mail(row, c, reply, text);
        return;
    case EXCHANGE_RCPT:
        on_rcpt(row, c, reply, text);
        return;
    case EXCHANGE_DATA:
    case EXCHANGE_END_OF_DATA:
    case EXCHANGE_BDAT_LAST:
        end_of_data(row, reply, text);
        return;
    case EXCHANGE_EHLO:
    case EXCHANGE_RSET:
        if (c->verb == EXCHANGE_EHLO && is_unwanted(reply))
            tell_fate(row, SLICE_NONE, reply, text);
        exchange_session_reset(row->all, s);
        break;
    default:
        break;
    }
    s->flags &= ~(uint32_t)EXCHANGE_IN_AUTH;
    exchange_session_drop(row->all, &s->waiting);
}

static void on_reply(struct exchange_row *row)
{
    struct exchange_session *s = row->s;
    struct exchange_command *c;
    struct exchange_reply reply;
    slice text;

    if (!exchange_protocol_gather(row, row->data, &reply, &text))
        return;
    c = exchange_session_first(row->all, &s->waiting);
    if (c == NULL) {
        on_unasked(row, &reply, text);
    } else if (reply.code == 334) {
        s->flags |= EXCHANGE_IN_AUTH;
    } else if (reply.code >= 300 && reply.code < 400) {
        c->verb = c->verb == EXCHANGE_DATA ? EXCHANGE_END_OF_DATA : c->verb;
    } else {
        answer(row, c, &reply, text);
    }
}

/* ---- other rows ---- */

/* "sending message with RecordId N and InternetMessageId <ID>" */
static void take_message(struct exchange_session *s, slice data, slice context)
{
    static const slice with_id = SLICE_INIT(" and InternetMessageId ");
    slice rest = slice_from(context, sizeof "sending message" - 1), id = data;
    uint64_t number;

    s->queue_id[0] = s->message_id[0] = '\0';
    if (cursor_take_lit(&rest, SLICE_LIT(" with RecordId "))) {
        size_t end = slice_find(rest, with_id);
        id = slice_first(rest, end);
        slice_keep(exchange_text_angle(slice_from(rest, end + with_id.len)), s->message_id,
                   sizeof s->message_id);
    }
    rest = id;
    if (cursor_take_uint(&rest, UINT64_MAX, &number) && rest.len == 0)
        slice_keep(id, s->queue_id, sizeof s->queue_id);
}

/* Nobody was reached: told without a recipient, since the row names none. */
static void tell_no_contact(struct exchange_row *row)
{
    static const slice mark = SLICE_INIT("Destination domain: ");
    slice domain = slice_from(row->context, slice_find(row->context, mark) + mark.len);
    struct event *ev;

    domain = slice_first(domain, slice_find_byte(domain, ','));
    if (domain.len == 0 || slice_eq(domain, SLICE_LIT("internalproxy")))
        return;
    ev = begin_delivery(row, OUTCOME_DEFERRED, false);
    event_set(ev, EF_RELAY, domain);
    event_set(ev, EF_TEXT, row->context);
    exchange_protocol_emit(row);
}

static bool is_proxying(slice context)
{
    return slice_starts(context, SLICE_LIT("Proxying ")) &&
           slice_has(context, SLICE_LIT(" session with session id "));
}

static void on_note(struct exchange_row *row)
{
    struct exchange_session *s = row->s;

    if (slice_starts(row->context, SLICE_LIT("sending message")))
        take_message(s, row->data, row->context);
    else if (is_proxying(row->context))
        s->flags |= EXCHANGE_MUTE;
    else if (slice_starts(row->context, SLICE_LIT("Failed to connect")))
        tell_no_contact(row);
}

void exchange_protocol_send(struct exchange_row *row)
{
    struct exchange_session *s = row->s;

    switch (row->sign) {
    case '+':
        if (s->flags & EXCHANGE_BEGUN)
            exchange_session_restart(row->all, s);
        s->flags |= EXCHANGE_BEGUN;
        break;
    case '-':
        exchange_session_end(row->all, s);
        break;
    case '>':
        on_command(row);
        break;
    case '<':
        on_reply(row);
        break;
    default:
        on_note(row);
        break;
    }
}
