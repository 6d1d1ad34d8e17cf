/* exchange_protocol_receive.c - dialogues with clients: who came, what he wanted, what he was told
 *
 * Grammar:  "<" COMMAND / ">" REPLY as in SMTP; of "*" rows with context "Set Session Permissions"
 *           the data is what the session may do
 * algorithm: events are made of commands when their replies come. Behind a front end the client is
 *            whom XPROXYFROM names, once the server has agreed to it; a session that a server of
 *            ours has logged in to is a hop and told elsewhere.
 * source:    Microsoft "Protocol logging"; real rows
 * limits:    the relay right is only known where the log has "Set Session Permissions" rows; of
 *            XPROXYFROM no real row was at hand, its words are read as KEY=VALUE */
#include "exchange_protocol.h"

#include "exchange_csv.h"

enum { PORT_DELIVERY = 475, PORT_OUTBOUND_FRONT = 717, PORT_BEHIND_FRONT = 2525 };

/* ---- events ---- */

static bool client_is_known(const struct exchange_session *s)
{
    return !(s->flags & EXCHANGE_VOUCHED) || (s->flags & EXCHANGE_AUTHED);
}

/* Whose client nobody names is left out: then nobody is blamed. */
struct event *exchange_protocol_client_event(struct exchange_row *row, enum event_kind kind,
                                             enum smtp_stage stage)
{
    struct event *ev = exchange_protocol_begin(row, kind);
    struct exchange_session *s = row->s;

    ev->stage = stage;
    ev->teller = s->flags & EXCHANGE_BEHIND ? TELLER_BEHIND : TELLER_DOOR;
    ev->listener_port = row->local_port;
    if (client_is_known(s)) {
        ev->client = s->client;
        ev->client_port = s->client_port;
    }
    if (s->helo[0] != '\0')
        event_set(ev, EF_HELO, slice_of(s->helo));
    return ev;
}

void exchange_protocol_set_login(struct event *ev, const struct exchange_session *s)
{
    if (!(s->flags & EXCHANGE_AUTHED))
        return;
    event_set(ev, EF_USER, slice_of(s->user));
    if (s->mechanism[0] != '\0')
        event_set(ev, EF_MECHANISM, slice_of(s->mechanism));
}

void exchange_protocol_set_sender(struct event *ev, const struct exchange_session *s)
{
    if (s->flags & EXCHANGE_HAS_SENDER)
        event_set_sender(ev, slice_of(s->sender));
}

/* ---- commands ---- */

/* What is kept of a command until its reply. */
static slice kept_of(enum exchange_verb verb, slice line, slice argument, slice *ret_parameters)
{
    slice path;

    *ret_parameters = SLICE_NONE;
    switch (verb) {
    case EXCHANGE_MAIL:
    case EXCHANGE_RCPT:
        exchange_text_path(argument, &path, ret_parameters);
        return path;
    case EXCHANGE_OTHER:
        return line;
    case EXCHANGE_AUTH: /* may hold a password */
        return SLICE_NONE;
    default:
        return argument;
    }
}

static void count_command(struct session_counters *n, enum exchange_verb verb)
{
    n->commands_all++;
    n->mail_all += verb == EXCHANGE_MAIL;
    n->rcpt_all += verb == EXCHANGE_RCPT;
    n->data_all += verb == EXCHANGE_DATA || verb == EXCHANGE_BDAT || verb == EXCHANGE_BDAT_LAST;
    n->vrfy_all += verb == EXCHANGE_VRFY;
    n->rset_all += verb == EXCHANGE_RSET;
}

static void on_command(struct exchange_row *row)
{
    struct exchange_session *s = row->s;
    slice argument, parameters;
    enum exchange_verb verb = exchange_text_verb(row->data, &argument);

    if ((s->flags & EXCHANGE_IN_AUTH) && verb == EXCHANGE_OTHER)
        return; /* the client's part of the login, masked */
    count_command(&s->counters, verb);
    if (verb == EXCHANGE_AUTH || verb == EXCHANGE_EXPS)
        exchange_protocol_login_begin(s, argument);
    exchange_session_push(row->all, s, verb, kept_of(verb, row->data, argument, &parameters));
    if (verb == EXCHANGE_MAIL)
        s->size = exchange_text_size(parameters);
}

/* ---- replies ---- */

static bool is_unknown_recipient(const struct exchange_reply *r)
{
    return r->status[0] == 5 && r->status[1] == 1 && (r->status[2] == 1 || r->status[2] == 10);
}

static void on_rcpt(struct exchange_row *row, const struct exchange_command *c,
                    const struct exchange_reply *reply, slice text)
{
    struct exchange_session *s = row->s;
    bool ok = reply->code < 300;
    struct event *ev;

    if (exchange_protocol_is_syntax(reply)) {
        exchange_protocol_refuse(row, c, reply, text);
        return;
    }
    ev = exchange_protocol_client_event(row, EVENT_RCPT, STAGE_RCPT);
    ev->outcome = ok ? OUTCOME_ACCEPTED : exchange_text_outcome(reply->code);
    if (ok)
        ev->ground = s->ground;
    else if (is_unknown_recipient(reply))
        ev->ground = GROUND_SERVED;
    exchange_text_set_reply(ev, reply, text);
    event_set(ev, EF_COMMAND, SLICE_LIT("RCPT"));
    event_set(ev, EF_RCPT, exchange_protocol_command_text(c));
    exchange_protocol_set_sender(ev, s);
    exchange_protocol_set_login(ev, s);
    s->counters.rcpt_ok += ok;
    s->nrcpt += ok;
    exchange_protocol_emit(row);
}

static void on_mail(struct exchange_row *row, const struct exchange_command *c,
                    const struct exchange_reply *reply, slice text)
{
    struct exchange_session *s = row->s;
    uint64_t size = s->size;

    if (reply->code >= 400) {
        exchange_protocol_refuse(row, c, reply, text);
        return;
    }
    exchange_session_reset(row->all, s);
    s->size = size;
    s->counters.mail_ok++;
    if (exchange_protocol_command_text(c).ptr == NULL)
        return;
    slice_keep(exchange_protocol_command_text(c), s->sender, sizeof s->sender);
    s->flags |= EXCHANGE_HAS_SENDER;
}

/* An event of the message that was accepted, which other logs tell of as well. */
static struct event *begin_message(struct exchange_row *row, enum event_kind kind, slice host,
                                   slice id)
{
    struct event *ev = exchange_protocol_begin(row, kind);

    ev->may_repeat = true;
    event_set(ev, EF_HOST, host);
    event_set(ev, EF_QUEUE_ID, id);
    return ev;
}

static void tell_mail(struct exchange_row *row, slice host, slice id)
{
    struct exchange_session *s = row->s;
    struct event *ev = exchange_protocol_client_event(row, EVENT_MAIL, STAGE_MAIL);

    ev->may_repeat = true;
    ev->auth_hidden = !client_is_known(s);
    ev->client = s->client;
    ev->client_port = s->client_port;
    event_set(ev, EF_QUEUE_ID, id);
    if (!slice_eq(host, row->host))
        event_set(ev, EF_QUEUE_HOST, host);
    exchange_protocol_set_sender(ev, s);
    exchange_protocol_set_login(ev, s);
    exchange_protocol_emit(row);
}

/* Accepted for delivery: the queue's own id, and whose queue. */
static void tell_queued(struct exchange_row *row, const struct exchange_reply *reply)
{
    slice id, host, message_id;
    char room[EXCHANGE_HOST_TEXT];
    struct event *ev;

    if (!exchange_text_queued(reply->text, &id, &host, &message_id))
        return;
    host = exchange_csv_host(host, room, sizeof room);
    if (host.ptr == NULL)
        host = row->host;
    tell_mail(row, host, id);
    ev = begin_message(row, EVENT_MESSAGE_ID, host, id);
    event_set(ev, EF_MESSAGE_ID, message_id);
    exchange_protocol_emit(row);
    ev = begin_message(row, EVENT_QUEUED, host, id);
    exchange_protocol_set_sender(ev, row->s);
    ev->nrcpt = row->s->nrcpt;
    ev->size = row->s->size;
    exchange_protocol_emit(row);
}

static void end_of_data(struct exchange_row *row, const struct exchange_command *c,
                        const struct exchange_reply *reply, slice text)
{
    if (reply->code < 300) {
        row->s->counters.data_ok++;
        tell_queued(row, reply);
    } else {
        exchange_protocol_refuse(row, c, reply, text);
    }
    exchange_session_reset(row->all, row->s);
}

/* A front end passes a client on. Its own login to this server is no client's. */
static void on_proxy(struct exchange_row *row, const struct exchange_command *c)
{
    slice words = exchange_protocol_command_text(c);
    slice source = exchange_text_value(words, SLICE_LIT("AUTHSRC"));
    struct exchange_session *s = row->s;
    bool vouched = c->verb == EXCHANGE_XPROXY ||
                   (source.len > 0 && !slice_ieq(source, SLICE_LIT("Anonymous")));

    s->flags &= ~(uint32_t)(EXCHANGE_MUTE | EXCHANGE_AUTHED | EXCHANGE_VOUCHED);
    s->flags |= EXCHANGE_BEHIND | (vouched ? EXCHANGE_VOUCHED : 0U);
    s->ground = GROUND_UNKNOWN;
    s->user[0] = s->helo[0] = '\0';
    exchange_text_endpoint(exchange_text_value(words, SLICE_LIT("IP")), &s->client,
                           &s->client_port);
    slice_keep(exchange_text_value(words, SLICE_LIT("SID")), s->front, sizeof s->front);
    slice_keep(exchange_text_value(words, SLICE_LIT("DOMAIN")), s->helo, sizeof s->helo);
}

static void on_ok_or_refused(struct exchange_row *row, const struct exchange_command *c,
                             const struct exchange_reply *reply, slice text)
{
    struct exchange_session *s = row->s;

    if (reply->code >= 400) {
        exchange_protocol_refuse(row, c, reply, text);
    } else if (c->verb == EXCHANGE_EHLO) {
        slice_keep(exchange_protocol_command_text(c), s->helo, sizeof s->helo);
        exchange_session_reset(row->all, s);
    } else if (c->verb == EXCHANGE_RSET) {
        exchange_session_reset(row->all, s);
    } else if (c->verb == EXCHANGE_VRFY) {
        s->counters.vrfy_ok += reply->code == 250; /* 252 says nothing */
    } else if (c->verb == EXCHANGE_XPROXY || c->verb == EXCHANGE_XPROXYFROM) {
        on_proxy(row, c);
    }
}

/* What ended the session, or was said before any command. */
static void on_unasked(struct exchange_row *row, const struct exchange_reply *reply, slice text)
{
    bool greeting = (row->s->flags & EXCHANGE_BEGUN) && row->s->counters.commands_all == 0;
    struct event *ev;

    if (reply->code < 400)
        return;
    ev = exchange_protocol_client_event(
        row, reply->code == 421 && !greeting ? EVENT_LOST : EVENT_REFUSAL,
        greeting ? STAGE_CONNECT : STAGE_OTHER);
    ev->outcome = exchange_text_outcome(reply->code);
    exchange_text_set_reply(ev, reply, text);
    if (greeting)
        event_set(ev, EF_COMMAND, SLICE_LIT("CONNECT"));
    exchange_protocol_emit(row);
}

static void answer(struct exchange_row *row, struct exchange_command *c,
                   const struct exchange_reply *reply, slice text)
{
    switch ((enum exchange_verb)c->verb) {
    case EXCHANGE_AUTH:
    case EXCHANGE_EXPS:
        exchange_protocol_login_end(row, c, reply, text);
        break;
    case EXCHANGE_MAIL:
        on_mail(row, c, reply, text);
        break;
    case EXCHANGE_RCPT:
        on_rcpt(row, c, reply, text);
        break;
    case EXCHANGE_DATA:
    case EXCHANGE_END_OF_DATA:
    case EXCHANGE_BDAT_LAST:
        end_of_data(row, c, reply, text);
        break;
    default:
        on_ok_or_refused(row, c, reply, text);
        break;
    }
}

static void on_reply(struct exchange_row *row)
{
    struct exchange_session *s = row->s;
    struct exchange_command *c;
    struct exchange_reply reply;
    slice text;

    if (!exchange_protocol_gather(row, row->data, &reply, &text))
        return;
    c = exchange_protocol_answered(row, &reply);
    if (c == NULL || (reply.code == 421 && c->verb == EXCHANGE_END_OF_DATA)) {
        on_unasked(row, &reply, text);
        return;
    }
    if (reply.code == 334) {
        s->flags |= EXCHANGE_IN_AUTH;
        return;
    }
    if (reply.code == 354) {
        c->verb = c->verb == EXCHANGE_DATA ? EXCHANGE_END_OF_DATA : c->verb;
        return;
    }
    s->counters.commands_ok += reply.code < 400;
    answer(row, c, &reply, text);
    exchange_session_drop(row->all, &s->waiting);
}

/* ---- other rows ---- */

static bool is_inner_port(uint16_t port)
{
    return port == PORT_DELIVERY || port == PORT_OUTBOUND_FRONT || port == PORT_BEHIND_FRONT;
}

static void on_connect(struct exchange_row *row)
{
    struct exchange_session *s = row->s;

    if (s->counters.commands_all > 0 || (s->flags & EXCHANGE_BEGUN))
        exchange_session_restart(row->all, s);
    s->flags |= EXCHANGE_BEGUN;
    s->client = row->remote;
    s->client_port = row->remote_port;
    if (is_inner_port(row->local_port))
        s->flags |= EXCHANGE_MUTE;
    exchange_session_learn_host(row->all, &row->local, row->host);
    exchange_protocol_client_event(row, EVENT_CONNECT, STAGE_CONNECT);
    exchange_protocol_emit(row);
}

/* The connection itself, whose beginning was told before it proved a hop inside. */
static void close_hop(struct exchange_row *row)
{
    struct exchange_session *s = row->s;

    if (!(s->flags & EXCHANGE_BEGUN) || is_inner_port(row->local_port))
        return;
    s->flags = 0;
    s->front[0] = s->helo[0] = '\0';
    s->client = row->remote;
    s->client_port = row->remote_port;
    exchange_protocol_client_event(row, EVENT_DISCONNECT, STAGE_NONE);
    exchange_protocol_emit(row);
}

static void on_disconnect(struct exchange_row *row)
{
    struct exchange_session *s = row->s;
    struct event *ev;

    exchange_protocol_login_broken(row);
    if (s->flags & (EXCHANGE_BEHIND | EXCHANGE_MUTE)) {
        close_hop(row);
    } else {
        ev = exchange_protocol_client_event(row, EVENT_DISCONNECT, STAGE_NONE);
        ev->counters = s->counters;
        ev->counters.present = true;
        exchange_protocol_emit(row);
    }
    exchange_session_end(row->all, s);
}

static void on_note(struct exchange_row *row)
{
    struct exchange_session *s = row->s;
    slice context = row->context;

    if (slice_eq(context, SLICE_LIT("Set Session Permissions")))
        s->ground = slice_has(row->data, SLICE_LIT("SMTPAcceptAnyRecipient")) ? GROUND_RIGHT
                                                                              : GROUND_SERVED;
    else if (slice_eq(context, SLICE_LIT("authenticated")))
        exchange_protocol_authenticated(row);
    else if (slice_starts(context, SLICE_LIT("User Name: ")) ||
             (slice_starts(context, SLICE_LIT("Inbound ")) &&
              slice_has(context, SLICE_LIT(" failed because "))))
        exchange_protocol_login_note(row);
}

/* The log may begin in the middle of a session: who the client is stands in every row. */
static void take_client(struct exchange_row *row)
{
    struct exchange_session *s = row->s;

    if (s->client.family != 0 || (s->flags & EXCHANGE_BEHIND))
        return;
    s->client = row->remote;
    s->client_port = row->remote_port;
    exchange_session_learn_host(row->all, &row->local, row->host);
    if (is_inner_port(row->local_port))
        s->flags |= EXCHANGE_MUTE;
}

void exchange_protocol_receive(struct exchange_row *row)
{
    take_client(row);
    switch (row->sign) {
    case '+':
        on_connect(row);
        break;
    case '-':
        on_disconnect(row);
        break;
    case '<':
        on_command(row);
        break;
    case '>':
        on_reply(row);
        break;
    default:
        on_note(row);
        break;
    }
}
