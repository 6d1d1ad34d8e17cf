/* exchange_protocol_login.c - logins in receive logs: ok, wrong password, could not be checked
 *
 * Grammar:  "<" ("AUTH" / "X-EXPS") MECHANISM, ">" 334 ..., then of "*" rows by their context
 *           "authenticated"                     data: the account
 *           "Inbound ... failed because ..."    a login failed
 *           "User Name: " NAME                  ... as whom
 *           and ">" 235 / 535 / 454 / another refusal
 * algorithm: the first row that shows the outcome tells it, the others are about the same login.
 *            Only 535 is a wrong password: 504 means that the mechanism is not offered.
 * source:    RFC 4954; MS-SMTPNTLM 2.2.1 (535 5.7.3 against other failures); real rows of 2013 and
 *            2016
 * limits:    a failed login is told without its account where the log has no "User Name" row */
#include "exchange_protocol.h"

static void tell_login(struct exchange_row *row, enum event_outcome outcome, slice text)
{
    struct exchange_session *s = row->s;
    struct event *ev = exchange_protocol_client_event(row, EVENT_AUTH, STAGE_AUTH);
    struct exchange_reply reply;

    s->flags |= EXCHANGE_AUTH_TOLD;
    s->counters.auth_all++;
    s->counters.auth_ok += outcome == OUTCOME_ACCEPTED;
    ev->outcome = outcome;
    if (exchange_text_reply(text, &reply))
        exchange_text_set_reply(ev, &reply, text);
    else if (text.len > 0)
        event_set(ev, EF_TEXT, text);
    if (s->user[0] != '\0')
        event_set(ev, EF_USER, slice_of(s->user));
    if (s->mechanism[0] != '\0')
        event_set(ev, EF_MECHANISM, slice_of(s->mechanism));
    if (!exchange_protocol_is_doors(row->s))
        exchange_protocol_emit(row);
}

/* Another server of ours: by its command, or by the account of a machine. */
static bool is_server(const struct exchange_command *c, slice user)
{
    return (c != NULL && c->verb == EXCHANGE_EXPS) || slice_ends(user, SLICE_LIT("$"));
}

void exchange_protocol_authenticated(struct exchange_row *row)
{
    struct exchange_session *s = row->s;
    struct exchange_command *c = exchange_session_first(row->all, &s->waiting);

    if (row->data.len == 0 || slice_has(row->data, SLICE_LIT("ANONYMOUS LOGON")))
        return;
    if (is_server(c, row->data)) {
        s->flags |= EXCHANGE_MUTE;
        return;
    }
    slice_keep(row->data, s->user, sizeof s->user);
    s->flags |= EXCHANGE_AUTHED;
    tell_login(row, OUTCOME_ACCEPTED, SLICE_NONE);
}

/* What a directory that cannot be asked says; all else is the client's fault. */
static enum event_outcome failure_of(slice why)
{
    return slice_has(why, SLICE_LIT("NoAuthenticatingAuthority")) ||
                   slice_has(why, SLICE_LIT("InternalError"))
               ? OUTCOME_TEMPFAIL
               : OUTCOME_REFUSED;
}

static void tell_failure(struct exchange_row *row)
{
    slice why = slice_of(row->s->why);

    tell_login(row, failure_of(why), why);
    row->s->why[0] = '\0';
}

void exchange_protocol_login_note(struct exchange_row *row)
{
    static const slice name = SLICE_INIT("User Name: ");
    struct exchange_session *s = row->s;

    if (slice_starts(row->context, name)) {
        if (s->why[0] == '\0' || (s->flags & EXCHANGE_AUTH_TOLD))
            return;
        slice_keep(slice_from(row->context, name.len), s->user, sizeof s->user);
        tell_failure(row);
        s->user[0] = '\0';
    } else if (!(s->flags & EXCHANGE_AUTH_TOLD)) {
        slice_keep(row->context, s->why, sizeof s->why);
    }
}

/* Not a wrong password: a mechanism that is not offered, a cancelled login, a wrong order. */
static void tell_no_login(struct exchange_row *row, const struct exchange_reply *reply, slice text)
{
    struct event *ev = exchange_protocol_client_event(row, EVENT_REFUSAL, STAGE_AUTH);

    ev->outcome = exchange_text_outcome(reply->code);
    exchange_text_set_reply(ev, reply, text);
    event_set(ev, EF_COMMAND, SLICE_LIT("AUTH"));
    if (row->s->mechanism[0] != '\0')
        event_set(ev, EF_MECHANISM, slice_of(row->s->mechanism));
    exchange_protocol_emit(row);
}

/* What a reply says of a login; OUTCOME_NONE: nothing. */
static enum event_outcome login_outcome(uint16_t code)
{
    switch (code) {
    case 235:
        return OUTCOME_ACCEPTED;
    case 535:
        return OUTCOME_REFUSED;
    case 454:
        return OUTCOME_TEMPFAIL;
    default:
        return OUTCOME_NONE;
    }
}

void exchange_protocol_login_end(struct exchange_row *row, const struct exchange_command *c,
                                 const struct exchange_reply *reply, slice text)
{
    struct exchange_session *s = row->s;
    enum event_outcome outcome = login_outcome(reply->code);

    if (reply->code == 235 && c->verb == EXCHANGE_EXPS)
        s->flags |= EXCHANGE_MUTE;
    if (!(s->flags & EXCHANGE_AUTH_TOLD)) {
        if (outcome != OUTCOME_NONE)
            tell_login(row, outcome, text);
        else if (reply->code >= 400)
            tell_no_login(row, reply, text);
    }
    s->flags &= ~(uint32_t)(EXCHANGE_IN_AUTH | EXCHANGE_AUTH_TOLD);
    s->why[0] = '\0';
    if (!(s->flags & EXCHANGE_AUTHED))
        s->user[0] = '\0';
}

void exchange_protocol_login_begin(struct exchange_session *s, slice argument)
{
    s->flags &= ~(uint32_t)(EXCHANGE_AUTH_TOLD | EXCHANGE_AUTHED);
    s->user[0] = s->why[0] = '\0';
    slice_keep(slice_first(argument, slice_find_byte(argument, ' ')), s->mechanism,
               sizeof s->mechanism);
}

void exchange_protocol_login_broken(struct exchange_row *row)
{
    if (row->s->why[0] != '\0' && !(row->s->flags & EXCHANGE_AUTH_TOLD))
        tell_failure(row);
}
