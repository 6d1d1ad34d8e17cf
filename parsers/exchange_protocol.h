/* exchange_protocol.h - what the files of the protocol log parser share: the row in hand
 *
 * exchange_protocol.c cuts a row into its cells, finds its session and tells which way mail goes.
 * The two readers pair commands with replies and emit events. */
#ifndef PARSERS_EXCHANGE_PROTOCOL_H
#define PARSERS_EXCHANGE_PROTOCOL_H

#include "event/parser.h"
#include "exchange_session.h"
#include "exchange_text.h"

struct exchange_row {
    const struct record *rec;
    struct event *ev;
    const struct event_sink *sink;
    struct exchange_sessions *all;
    struct exchange_session *s;
    slice connector; /* without the server in front of it */
    slice host;      /* server, lower case, without domain; absent when the row has none */
    slice session_id, data, context;
    char sign; /* "+ - < > *" */
    struct ip_addr local, remote;
    uint16_t local_port, remote_port;
    bool emitted;
};

/* exchange_protocol_begin - empty the event and set its kind and what every event of the session
 * carries */
struct event *exchange_protocol_begin(struct exchange_row *row, enum event_kind kind);

/* exchange_protocol_emit - hand the event over, unless the session is a hop inside */
void exchange_protocol_emit(struct exchange_row *row);

/* exchange_protocol_gather - keep the lines of a refusal of several lines
 *
 *   in        line    of the reply, as it stands in the row
 *   out       ret     the last line read
 *             ret_text  all of the refusal; borrowed from line or the session
 *   result    false while more lines follow, and for what is no reply */
bool exchange_protocol_gather(struct exchange_row *row, slice line, struct exchange_reply *ret,
                              slice *ret_text);

/* exchange_protocol_command_text - what a command holds; absent when it is not known */
slice exchange_protocol_command_text(const struct exchange_command *c);

/* ---- sessions with clients ---- */

/* exchange_protocol_client_event - begin an event with the client and what he called himself
 *
 * Whose client nobody names is left out: then nobody is blamed. */
struct event *exchange_protocol_client_event(struct exchange_row *row, enum event_kind kind,
                                             enum smtp_stage stage);

/* exchange_protocol_set_login, exchange_protocol_set_sender - what the session knows of them */
void exchange_protocol_set_login(struct event *ev, const struct exchange_session *s);
void exchange_protocol_set_sender(struct event *ev, const struct exchange_session *s);

/* exchange_protocol_is_syntax - does the reply blame the order or form of a command? */
bool exchange_protocol_is_syntax(const struct exchange_reply *r);

/* exchange_protocol_refuse - tell that a command other than RCPT and AUTH was refused */
void exchange_protocol_refuse(struct exchange_row *row, const struct exchange_command *c,
                              const struct exchange_reply *reply, slice text);

/* exchange_protocol_answered - the command that a reply belongs to, now at the head of those that
 * wait; NULL when it answers none */
struct exchange_command *exchange_protocol_answered(struct exchange_row *row,
                                                    const struct exchange_reply *r);

/* exchange_protocol_is_doors - a front end has told of the connection and the login itself */
static inline bool exchange_protocol_is_doors(const struct exchange_session *s)
{
    return (s->flags & EXCHANGE_BEHIND) != 0;
}

/* exchange_protocol_login_begin - AUTH was written: what was known of an earlier login is gone
 * exchange_protocol_login_end - its last reply: the outcome, if no row before told it
 * exchange_protocol_login_broken - the session ends: what is known of a login in hand
 * exchange_protocol_login_note - a row about a login that fails
 * exchange_protocol_authenticated - a row that names who has logged in */
void exchange_protocol_login_begin(struct exchange_session *s, slice argument);
void exchange_protocol_login_end(struct exchange_row *row, const struct exchange_command *c,
                                 const struct exchange_reply *reply, slice text);
void exchange_protocol_login_broken(struct exchange_row *row);
void exchange_protocol_login_note(struct exchange_row *row);
void exchange_protocol_authenticated(struct exchange_row *row);

/* exchange_protocol_receive, exchange_protocol_send - one row of a session with a client, or with
 * the next host */
void exchange_protocol_receive(struct exchange_row *row);
void exchange_protocol_send(struct exchange_row *row);

#endif
