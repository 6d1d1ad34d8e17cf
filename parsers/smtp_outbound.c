/* smtp_outbound.c - what became of the recipients of an outgoing session
 * source:   RFC 5321 4.2.1 (reply classes), 4.5.5 (null reverse-path)
 * limits:   recipients beyond SMTP_OUTBOUND_RCPTS or SMTP_OUTBOUND_TEXT bytes of one transaction
 * are not reported when they were accepted; the refused ones always are */
#include "smtp_outbound.h"

void smtp_outbound_open(struct smtp_outbound *o)
{
    o->remote = (struct ip_addr){0};
    o->relay[0] = o->sender[0] = '\0';
    o->has_sender = o->in_transaction = o->in_data = o->ended = o->mixed = false;
    o->rcpts = o->used = 0;
}

static bool is_ok(const struct smtp_reply *r)
{
    return r->code >= 200 && r->code <= 299;
}

static enum event_outcome outcome_of(const struct smtp_reply *r)
{
    if (is_ok(r))
        return OUTCOME_DELIVERED;
    return r->code / 100 == 5 ? OUTCOME_BOUNCED : OUTCOME_DEFERRED;
}

static void end_transaction(struct smtp_outbound *o)
{
    o->has_sender = o->in_transaction = o->in_data = false;
    o->sender[0] = '\0';
    o->rcpts = o->used = 0;
}

/* ---- events ---- */

static struct event *begin(const struct smtp_outbound *o, enum event_kind kind, slice rcpt,
                           struct smtp_out *out)
{
    struct event *ev = smtp_out_begin(out, kind);

    ev->remote = o->remote;
    if (o->relay[0] != '\0')
        event_set(ev, EF_RELAY, slice_of(o->relay));
    if (o->has_sender && !o->mixed)
        event_set_sender(ev, slice_of(o->sender));
    event_set(ev, EF_RCPT, rcpt);
    return ev;
}

static bool is_notification(const struct smtp_outbound *o)
{
    return o->has_sender && !o->mixed && o->sender[0] == '\0';
}

static void tell(const struct smtp_outbound *o, slice rcpt, const struct smtp_reply *r,
                 struct smtp_out *out)
{
    struct event *ev;

    if (is_notification(o) && rcpt.len > 0) {
        (void)begin(o, EVENT_DSN, rcpt, out);
        smtp_out_emit(out);
    }
    ev = begin(o, EVENT_DELIVERY, rcpt, out);
    ev->route = ROUTE_REMOTE;
    ev->outcome = outcome_of(r);
    ev->reply_code = r->code;
    memcpy(ev->status, r->status, sizeof ev->status);
    event_set(ev, EF_TEXT, r->whole);
    smtp_out_emit(out);
}

static slice recipient(const struct smtp_outbound *o, unsigned i)
{
    size_t end = i + 1U < o->rcpts ? o->at[i + 1] : o->used;
    return (slice){o->text + o->at[i], end - o->at[i]};
}

static void tell_all(struct smtp_outbound *o, const struct smtp_reply *r, struct smtp_out *out)
{
    for (unsigned i = 0; i < o->rcpts; i++)
        tell(o, recipient(o, i), r, out);
}

/* ---- answers ---- */

static void keep_recipient(struct smtp_outbound *o, slice rcpt)
{
    if (rcpt.len == 0)
        return;
    if (o->rcpts == SMTP_OUTBOUND_RCPTS || rcpt.len > sizeof o->text - o->used) {
        o->dropped++;
        return;
    }
    o->at[o->rcpts++] = o->used;
    memcpy(o->text + o->used, rcpt.ptr, rcpt.len);
    o->used = (uint16_t)(o->used + rcpt.len);
}

static void answer_mail(struct smtp_outbound *o, const struct smtp_command *c,
                        const struct smtp_reply *r, struct smtp_out *out)
{
    end_transaction(o);
    o->has_sender = c->path.ptr != NULL;
    slice_keep(c->path, o->sender, sizeof o->sender);
    o->in_transaction = is_ok(r);
    if (o->in_transaction)
        return;
    tell(o, SLICE_NONE, r, out);
    end_transaction(o);
}

/* After a refused MAIL the remote refuses the recipients that were sent ahead: RFC 2920 3.1. */
static void answer_rcpt(struct smtp_outbound *o, const struct smtp_command *c,
                        const struct smtp_reply *r, struct smtp_out *out)
{
    if (is_ok(r))
        keep_recipient(o, c->path);
    else if (o->in_transaction || r->code != 503)
        tell(o, c->path, r, out);
}

static void answer_message(struct smtp_outbound *o, const struct smtp_reply *r,
                           struct smtp_out *out)
{
    tell_all(o, r, out);
    end_transaction(o);
}

void smtp_outbound_answer(struct smtp_outbound *o, const struct smtp_command *c,
                          const struct smtp_reply *r, struct smtp_out *out)
{
    if (o->in_data) {
        answer_message(o, r, out);
        return;
    }
    switch (c->verb) {
    case SMTP_MAIL:
        answer_mail(o, c, r, out);
        break;
    case SMTP_RCPT:
        answer_rcpt(o, c, r, out);
        break;
    case SMTP_DATA:
        o->in_data = r->code / 100 == 3;
        if (!o->in_data)
            answer_message(o, r, out);
        break;
    case SMTP_BDAT:
        if (c->last || !is_ok(r))
            answer_message(o, r, out);
        break;
    case SMTP_RSET:
    case SMTP_HELO:
    case SMTP_EHLO:
        end_transaction(o);
        break;
    case SMTP_QUIT:
        end_transaction(o);
        o->ended = true;
        break;
    default:
        break;
    }
}

void smtp_outbound_fail(struct smtp_outbound *o, slice text, struct smtp_out *out)
{
    struct smtp_reply none = {.whole = text};

    answer_message(o, &none, out);
}
