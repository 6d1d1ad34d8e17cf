/* explain_event.c - the fields of an event, and the detectors that want it
 * source:   event/event.h, event_fields.def; the keys are those of output/events.c
 * limits:   a detector without an explain() is named and no more */
#include "explain_event.h"

#include <stdio.h>

static void put_names(struct explain_out *o, const struct event *ev)
{
    explain_out_words(o, "stage", event_stage_name(ev->stage));
    explain_out_words(o, "outcome", event_outcome_name(ev->outcome));
    explain_out_words(o, "route", event_route_name(ev->route));
    explain_out_words(o, "dsn", event_dsn_name(ev->dsn));
    explain_out_words(o, "done", event_done_name(ev->done));
    explain_out_words(o, "anomaly", event_anomaly_name(ev->anomaly));
    explain_out_words(o, "ground", event_ground_name(ev->ground));
    explain_out_words(o, "teller", event_teller_name(ev->teller));
}

static void put_numbers(struct explain_out *o, const struct event *ev)
{
    char status[16];

    explain_out_positive(o, "reply_code", ev->reply_code);
    if (ev->status[0] != 0) {
        snprintf(status, sizeof status, "%u.%u.%u", ev->status[0], ev->status[1], ev->status[2]);
        explain_out_words(o, "status", status);
    }
    if (ev->repeat > 1)
        explain_out_number(o, "repeat", ev->repeat);
    explain_out_positive(o, "nrcpt", ev->nrcpt);
    explain_out_positive(o, "size", ev->size);
    if (ev->delay_ms >= 0)
        explain_out_number(o, "delay_ms", (uint64_t)ev->delay_ms);
    if (ev->uid >= 0)
        explain_out_number(o, "uid", (uint64_t)ev->uid);
    explain_out_positive(o, "client_port", ev->client_port);
    explain_out_positive(o, "listener_port", ev->listener_port);
}

static void put_flags(struct explain_out *o, const struct event *ev)
{
    explain_out_true(o, "null_sender", ev->null_sender);
    explain_out_true(o, "soft", ev->soft);
    explain_out_true(o, "local_submit", ev->local_submit);
    explain_out_true(o, "late_delivery", ev->late_delivery);
    explain_out_true(o, "may_repeat", ev->may_repeat);
    explain_out_true(o, "auth_hidden", ev->auth_hidden);
}

static void put_counters(struct explain_out *o, const struct session_counters *c)
{
    const struct {
        const char *key;
        uint32_t value;
    } rows[] = {{"auth_ok", c->auth_ok},         {"auth_all", c->auth_all},
                {"mail_ok", c->mail_ok},         {"mail_all", c->mail_all},
                {"rcpt_ok", c->rcpt_ok},         {"rcpt_all", c->rcpt_all},
                {"data_ok", c->data_ok},         {"data_all", c->data_all},
                {"commands_ok", c->commands_ok}, {"commands_all", c->commands_all},
                {"vrfy_ok", c->vrfy_ok},         {"vrfy_all", c->vrfy_all},
                {"etrn_ok", c->etrn_ok},         {"etrn_all", c->etrn_all},
                {"rset_all", c->rset_all}};

    if (!c->present)
        return;
    explain_out_open(o, "counters", "counters", NULL);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        explain_out_positive(o, rows[i].key, rows[i].value);
    explain_out_true(o, "bare_lf", c->bare_lf);
    explain_out_close(o);
}

void explain_event(struct explain_out *o, const struct event *ev)
{
    if (o->json)
        explain_out_words(o, "kind", event_kind_name(ev->kind));
    explain_out_time(o, "time", ev->time_us);
    for (unsigned f = 0; f < EF_COUNT; f++)
        explain_out_text(o, event_field_name((enum event_field)f),
                         event_field(ev, (enum event_field)f));
    put_names(o, ev);
    put_numbers(o, ev);
    explain_out_ip(o, "client", &ev->client);
    explain_out_ip(o, "orig_client", &ev->orig_client);
    explain_out_ip(o, "remote", &ev->remote);
    put_flags(o, ev);
    put_counters(o, &ev->counters);
}

static void put_detector(struct explain_out *o, const char *name, const char *says)
{
    if (!o->json) {
        explain_out_words(o, name, says);
        return;
    }
    explain_out_open(o, NULL, "", NULL);
    explain_out_words(o, "name", name);
    explain_out_words(o, "says", says);
    explain_out_close(o);
}

void explain_detectors(struct explain_out *o, const struct event *ev, const struct context *cx,
                       const struct pipeline_detector *wanted)
{
    char says[512];
    struct outbuf text;

    if (wanted->detector == NULL)
        return;
    if (!o->json)
        explain_out_open(o, NULL, "detectors", "that want this kind of event");
    else
        explain_out_list(o, "detectors");
    outbuf_init(&text, sizeof says);
    for (; wanted->detector != NULL; wanted++) {
        outbuf_clear(&text);
        if (wanted->detector->explain != NULL && !cx->repeated)
            wanted->detector->explain(wanted->state, ev, cx, &text);
        if (text.len > 0)
            slice_keep(outbuf_slice(&text), says, sizeof says);
        else
            snprintf(says, sizeof says, "%s",
                     wanted->detector->explain == NULL ? "looks at it" : "does not count here");
        put_detector(o, wanted->detector->name, says);
    }
    outbuf_fini(&text);
    explain_out_close(o);
}
