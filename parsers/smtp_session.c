/* smtp_session.c - commands and answers of one session to events
 * algorithm: a transaction opens with an accepted MAIL and gets a queue id of its own, since
 *            protocol logs name none; it ends with the answer to the message, RSET, a new greeting
 *            or the session. A refused recipient belongs to no message and carries no id.
 * source:    RFC 5321 4.1.4 (order of commands), RFC 4954 4 (AUTH)
 * limits:    addresses are cut at SMTP_ADDRESS_MAX, names at SMTP_NAME_MAX. AUTH with 500 to 504 is
 *            a mechanism that is not known, not a wrong password, and is no AUTH event */
#include "smtp_session.h"

#include <stdio.h>

static bool is_ok(const struct smtp_reply *r)
{
    return r->code >= 200 && r->code <= 299;
}

static enum event_outcome outcome_of(const struct smtp_reply *r)
{
    if (is_ok(r))
        return OUTCOME_ACCEPTED;
    return r->code / 100 == 4 ? OUTCOME_TEMPFAIL : OUTCOME_REFUSED;
}

struct event *smtp_session_event(const struct smtp_session *s, enum event_kind kind,
                                 struct smtp_out *out)
{
    struct event *ev = smtp_out_begin(out, kind);

    ev->client = s->client;
    ev->client_port = s->client_port;
    ev->listener_port = s->listener_port;
    ev->auth_hidden = s->auth_hidden && !s->authed &&
                      (kind == EVENT_MAIL || kind == EVENT_RCPT || kind == EVENT_QUEUED);
    event_set(ev, EF_SESSION, slice_of(s->id));
    if (s->client_name[0] != '\0')
        event_set(ev, EF_CLIENT_NAME, slice_of(s->client_name));
    if (s->helo[0] != '\0')
        event_set(ev, EF_HELO, slice_of(s->helo));
    return ev;
}

static void set_sender(const struct smtp_session *s, struct event *ev)
{
    if (s->has_sender)
        event_set_sender(ev, slice_of(s->sender));
}

static void set_account(const struct smtp_session *s, struct event *ev)
{
    if (s->mechanism[0] != '\0')
        event_set(ev, EF_MECHANISM, slice_of(s->mechanism));
    if (s->user[0] != '\0')
        event_set(ev, EF_USER, slice_of(s->user));
}

void smtp_session_open(struct smtp_session *s, struct smtp_out *out)
{
    smtp_session_event(s, EVENT_CONNECT, out)->stage = STAGE_CONNECT;
    smtp_out_emit(out);
}

static void end_transaction(struct smtp_session *s)
{
    s->in_transaction = s->in_data = s->has_sender = false;
    s->sender[0] = '\0';
    s->recipients = 0;
    s->size = s->chunks = 0;
}

static slice without_brackets(slice path)
{
    if (path.len >= 2 && path.ptr[0] == '<' && path.ptr[path.len - 1] == '>')
        return slice_first(slice_from(path, 1), path.len - 2);
    return path;
}

static void refuse_at(struct smtp_session *s, enum smtp_stage stage, const struct smtp_command *c,
                      const struct smtp_reply *r, struct smtp_out *out)
{
    struct event *ev = smtp_session_event(s, EVENT_REFUSAL, out);

    ev->stage = stage;
    ev->outcome = outcome_of(r);
    smtp_out_reply(ev, c, r);
    if (stage == STAGE_MAIL && c->path.ptr != NULL)
        event_set_sender(ev, c->path);
    else
        set_sender(s, ev);
    if (stage == STAGE_VRFY && c->args.len > 0)
        event_set(ev, EF_RCPT, without_brackets(c->args));
    smtp_out_emit(out);
}

static void refuse(struct smtp_session *s, const struct smtp_command *c, const struct smtp_reply *r,
                   struct smtp_out *out)
{
    refuse_at(s, smtp_stage_of(c->verb), c, r, out);
}

/* A message that was begun and will not be. */
static void cancel(struct smtp_session *s, struct smtp_out *out)
{
    struct event *ev;

    if (!s->in_transaction)
        return;
    ev = smtp_session_event(s, EVENT_DONE, out);
    ev->done = DONE_CANCELLED;
    event_set(ev, EF_QUEUE_ID, slice_of(s->queue_id));
    smtp_out_emit(out);
    end_transaction(s);
}

void smtp_session_close(struct smtp_session *s, struct smtp_out *out)
{
    struct event *ev;

    cancel(s, out);
    ev = smtp_session_event(s, EVENT_DISCONNECT, out);
    ev->counters = s->counters;
    ev->counters.present = !s->blind;
    smtp_out_emit(out);
    *s = (struct smtp_session){0};
}

/* ---- AUTH ---- */

static void claim_user(struct smtp_session *s, slice data)
{
    char user[SASL_USER_MAX];
    slice name;

    if (data.len == 0)
        return;
    s->auth_step++;
    if (s->user[0] != '\0')
        return;
    name = sasl_text_user(slice_of(s->mechanism), s->auth_step, data, user);
    slice_keep(name, s->user, sizeof s->user);
}

static void begin_auth(struct smtp_session *s, slice args)
{
    size_t end = slice_find_byte(args, ' ');

    if (s->authed)
        return; /* once is all RFC 4954 allows */
    slice_keep(slice_first(args, end), s->mechanism, sizeof s->mechanism);
    s->user[0] = '\0';
    s->auth_step = 0;
    claim_user(s, slice_trim(slice_from(args, end)));
}

static bool is_password_refusal(const struct smtp_session *s, const struct smtp_reply *r)
{
    return r->code == 535 || r->code == 534 || (s->auth_step > 0 && r->code / 100 == 5);
}

static void end_auth(struct smtp_session *s, const struct smtp_command *c,
                     const struct smtp_reply *r, struct smtp_out *out)
{
    bool ok = is_ok(r);
    struct event *ev;

    s->in_auth = false;
    if (!ok && r->code / 100 == 5 && !is_password_refusal(s, r)) {
        refuse(s, c, r, out);
        return;
    }
    s->counters.auth_ok += ok;
    s->counters.auth_all += r->code / 100 != 4;
    ev = smtp_session_event(s, EVENT_AUTH, out);
    ev->stage = STAGE_AUTH;
    ev->outcome = outcome_of(r);
    smtp_out_reply(ev, NULL, r);
    set_account(s, ev);
    s->authed |= ok;
    smtp_out_emit(out);
}

static void answer_auth(struct smtp_session *s, const struct smtp_command *c,
                        const struct smtp_reply *r, struct smtp_out *out)
{
    if (s->in_auth)
        claim_user(s, c->args.len > 0 ? c->args : c->word);
    else
        begin_auth(s, c->args);
    s->in_auth = r->code / 100 == 3;
    if (!s->in_auth)
        end_auth(s, c, r, out);
}

/* ---- the mail transaction ---- */

static void greet(struct smtp_session *s, const struct smtp_command *c, const struct smtp_reply *r,
                  struct smtp_out *out)
{
    slice_keep(c->args, s->helo, sizeof s->helo);
    if (!is_ok(r) && r->code != 0) {
        refuse(s, c, r, out);
        return;
    }
    s->esmtp = c->verb == SMTP_EHLO;
    cancel(s, out);
    end_transaction(s);
}

static void answer_mail(struct smtp_session *s, const struct smtp_command *c,
                        const struct smtp_reply *r, struct smtp_out *out)
{
    bool ok = is_ok(r) || r->code == 0;
    struct event *ev;

    s->counters.mail_all++;
    s->counters.mail_ok += ok;
    if (!ok) {
        refuse(s, c, r, out);
        return;
    }
    cancel(s, out);
    s->in_transaction = true;
    s->has_sender = c->path.ptr != NULL;
    slice_keep(c->path, s->sender, sizeof s->sender);
    s->size = c->size;
    s->transactions++;
    snprintf(s->queue_id, sizeof s->queue_id, "%s.%u", s->id, s->transactions);
    ev = smtp_session_event(s, EVENT_MAIL, out);
    ev->stage = STAGE_MAIL;
    event_set(ev, EF_QUEUE_ID, slice_of(s->queue_id));
    if (s->authed)
        set_account(s, ev);
    set_sender(s, ev);
    smtp_out_emit(out);
}

static void answer_rcpt(struct smtp_session *s, const struct smtp_command *c,
                        const struct smtp_reply *r, struct smtp_out *out)
{
    bool ok = is_ok(r) || r->code == 0;
    struct event *ev = smtp_session_event(s, EVENT_RCPT, out);

    s->counters.rcpt_all++;
    s->counters.rcpt_ok += ok;
    ev->stage = STAGE_RCPT;
    ev->outcome = r->code == 0 ? OUTCOME_NONE : outcome_of(r);
    smtp_out_reply(ev, c, r);
    set_sender(s, ev);
    event_set(ev, EF_RCPT, c->path);
    if (ok && s->in_transaction) {
        s->recipients++;
        event_set(ev, EF_QUEUE_ID, slice_of(s->queue_id));
    }
    smtp_out_emit(out);
}

static void answer_data(struct smtp_session *s, const struct smtp_command *c,
                        const struct smtp_reply *r, struct smtp_out *out)
{
    if (r->code / 100 == 3) {
        s->in_data = true;
        return;
    }
    s->counters.data_all++;
    refuse(s, c, r, out);
}

static void emit_message_id(struct smtp_session *s, slice message_id, struct smtp_out *out)
{
    struct event *ev;

    if (message_id.len == 0)
        return;
    ev = smtp_session_event(s, EVENT_MESSAGE_ID, out);
    event_set(ev, EF_QUEUE_ID, slice_of(s->queue_id));
    event_set(ev, EF_MESSAGE_ID, message_id);
    smtp_out_emit(out);
}

static void emit_queued(struct smtp_session *s, struct smtp_out *out)
{
    struct event *ev = smtp_session_event(s, EVENT_QUEUED, out);

    ev->nrcpt = s->recipients;
    ev->size = s->size;
    event_set(ev, EF_QUEUE_ID, slice_of(s->queue_id));
    set_sender(s, ev);
    smtp_out_emit(out);
}

void smtp_session_data_end(struct smtp_session *s, const struct smtp_reply *r, slice message_id,
                           uint64_t size, struct smtp_out *out)
{
    const struct smtp_command end = {.word = SLICE_INIT("DATA")};

    s->counters.data_all++;
    s->counters.data_ok += is_ok(r);
    if (size > 0)
        s->size = size;
    if (!is_ok(r)) {
        refuse_at(s, STAGE_END_OF_DATA, &end, r, out);
        cancel(s, out);
    } else if (s->in_transaction) {
        emit_message_id(s, message_id, out);
        emit_queued(s, out);
    }
    end_transaction(s);
}

/* ---- the rest ---- */

static void speak_no_smtp(struct smtp_session *s, const struct smtp_command *c,
                          const struct smtp_reply *r, struct smtp_out *out)
{
    struct event *ev = smtp_session_event(s, EVENT_PROTOCOL, out);

    ev->stage = STAGE_OTHER;
    ev->anomaly = c->verb == SMTP_HTTP ? ANOMALY_NON_SMTP : ANOMALY_BAD_SYNTAX;
    smtp_out_reply(ev, c, r);
    event_set(ev, EF_TEXT, c->args);
    smtp_out_emit(out);
}

static void answer_other(struct smtp_session *s, const struct smtp_command *c,
                         const struct smtp_reply *r, struct smtp_out *out)
{
    bool unknown = r->code == 500 || r->code == 502;

    if (c->verb == SMTP_VRFY || c->verb == SMTP_EXPN)
        s->counters.vrfy_all++;
    s->counters.etrn_all += c->verb == SMTP_ETRN;
    if (c->verb == SMTP_MASKED || r->code / 100 != 5)
        return;
    if (c->verb == SMTP_HTTP || (c->verb == SMTP_OTHER && unknown))
        speak_no_smtp(s, c, r, out);
    else
        refuse(s, c, r, out);
}

static void answer(struct smtp_session *s, const struct smtp_command *c, const struct smtp_reply *r,
                   struct smtp_out *out)
{
    switch (c->verb) {
    case SMTP_HELO:
    case SMTP_EHLO:
        greet(s, c, r, out);
        break;
    case SMTP_AUTH:
        answer_auth(s, c, r, out);
        break;
    case SMTP_MAIL:
        answer_mail(s, c, r, out);
        break;
    case SMTP_RCPT:
        answer_rcpt(s, c, r, out);
        break;
    case SMTP_DATA:
        answer_data(s, c, r, out);
        break;
    case SMTP_BDAT:
        s->chunks += c->size;
        if (c->last || !is_ok(r))
            smtp_session_data_end(s, r, SLICE_NONE, s->chunks, out);
        break;
    default:
        answer_other(s, c, r, out);
        break;
    }
}

void smtp_session_answer(struct smtp_session *s, const struct smtp_command *c,
                         const struct smtp_reply *r, struct smtp_out *out)
{
    s->counters.commands_all++;
    s->counters.commands_ok += r->code >= 200 && r->code <= 399;
    if (s->in_auth) {
        answer_auth(s, c, r, out);
        return;
    }
    if (c->verb == SMTP_RSET) {
        s->counters.rset_all++;
        cancel(s, out);
        end_transaction(s);
    } else if (c->verb == SMTP_QUIT) {
        smtp_session_close(s, out);
    } else if (r->code != 0 || (s->blind && (c->verb == SMTP_HELO || c->verb == SMTP_EHLO ||
                                             c->verb == SMTP_MAIL || c->verb == SMTP_RCPT))) {
        answer(s, c, r, out);
    }
}
