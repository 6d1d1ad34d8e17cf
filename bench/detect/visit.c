/* visit.c - the steps of an SMTP session
 * source: RFC 5321 3, 4.1; RFC 4954 (AUTH) */
#include "visit.h"

#include <string.h>

static void take_time(struct visit *v)
{
    v->now_us += 2000 + SECONDS(rng_exp(v->rng, v->step_s));
}

static struct mail_event *event(struct visit *v, enum mail_kind kind, struct mail_message *m)
{
    return stream_event(v->w->stream, kind, v->now_us, v->s, m);
}

void visit_begin(struct visit *v, struct world *w, struct rng *rng,
                 const struct mail_client *client, bool submission, int64_t at_us)
{
    *v = (struct visit){.w = w, .rng = rng, .now_us = at_us, .step_s = .03};
    v->s = mail_session_new(client);
    v->s->number = ++w->next_session;
    v->s->submission = submission;
    stream_put(w->stream, event(v, MAIL_CONNECT, NULL));
    take_time(v);
    v->s->count.helo = 1;
}

static void disconnect(struct visit *v)
{
    stream_put(v->w->stream, event(v, MAIL_DISCONNECT, NULL));
    mail_session_drop(v->s);
    v->s = NULL;
}

void visit_end(struct visit *v)
{
    take_time(v);
    v->s->count.quit = 1;
    disconnect(v);
}

void visit_hang_up(struct visit *v, const char *stage)
{
    struct mail_event *ev;

    take_time(v);
    ev = event(v, MAIL_LOST, NULL);
    mail_copy(ev->text, sizeof ev->text, stage);
    stream_put(v->w->stream, ev);
    disconnect(v);
}

void visit_login(struct visit *v, const char *user, bool ok)
{
    struct mail_event *ev;

    take_time(v);
    v->s->count.auth_all++;
    v->s->count.auth_ok += ok;
    if (ok)
        mail_copy(v->s->user, sizeof v->s->user, user);
    ev = event(v, MAIL_AUTH, NULL);
    ev->verdict = ok ? MAIL_OK : MAIL_NO;
    ev->why = ok ? WHY_NONE : WHY_PASSWORD;
    mail_copy(ev->rcpt, sizeof ev->rcpt, user);
    stream_put(v->w->stream, ev);
    truth_login(v->w->truth, v->now_us);
}

struct mail_message *visit_mail(struct visit *v, const char *sender)
{
    struct mail_message *m = mail_message_new(v->s, sender, ++v->w->next_message);

    take_time(v);
    m->size = 900 + rng_below(v->rng, 40000);
    v->s->count.mail_ok++;
    v->s->count.mail_all++;
    stream_put(v->w->stream, event(v, MAIL_OPEN, m));
    return m;
}

void visit_rcpt(struct visit *v, struct mail_message *m, const char *rcpt,
                enum mail_verdict verdict, enum mail_why why)
{
    struct mail_event *ev;

    take_time(v);
    v->s->count.rcpt_all++;
    v->s->count.rcpt_ok += verdict == MAIL_OK;
    ev = event(v, MAIL_RCPT, m);
    ev->verdict = verdict;
    ev->why = why;
    mail_copy(ev->rcpt, sizeof ev->rcpt, rcpt);
    stream_put(v->w->stream, ev);
}

void visit_data(struct visit *v, struct mail_message *m, const struct fate *fates, unsigned count,
                enum life_bounce bounce)
{
    take_time(v);
    v->s->count.data_ok++;
    v->s->count.data_all++;
    life_run(v->w, m, fates, count, v->now_us, bounce);
    take_time(v);
}

void visit_anomaly(struct visit *v, enum mail_anomaly anomaly, const char *text)
{
    struct mail_event *ev;

    take_time(v);
    ev = event(v, MAIL_ANOMALY, NULL);
    ev->anomaly = anomaly;
    mail_copy(ev->text, sizeof ev->text, text);
    stream_put(v->w->stream, ev);
}

void visit_send(struct visit *v, const char *sender, const struct fate *fates, unsigned count,
                enum life_bounce bounce)
{
    struct mail_message *m = visit_mail(v, sender);

    for (unsigned i = 0; i < count; i++)
        visit_rcpt(v, m, fates[i].orig[0] != '\0' ? fates[i].orig : fates[i].rcpt, MAIL_OK,
                   WHY_NONE);
    visit_data(v, m, fates, count, bounce);
    mail_message_drop(m);
}
