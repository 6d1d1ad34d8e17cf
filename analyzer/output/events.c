/* events.c - one normalised event as one line of JSON
 *
 * The order of members is fixed, so that the events of two runs or two versions can be compared
 * with cmp and diff.
 * source:  event/event.h, event_fields.def, event_kinds.def.
 * limits:  a line is as long as the log line makes it; nothing is cut. */
#include "output/events.h"

#include <stdio.h>

#include "output/json_build.h"

static void put_fields(struct json *j, const struct event *ev)
{
    for (unsigned f = 0; f < EF_COUNT; f++)
        if (event_has(ev, (enum event_field)f))
            json_text_kept(j, event_field_name((enum event_field)f),
                           event_field(ev, (enum event_field)f));
}

static void put_names(struct json *j, const struct event *ev)
{
    json_string(j, "stage", event_stage_name(ev->stage));
    json_string(j, "outcome", event_outcome_name(ev->outcome));
    json_string(j, "route", event_route_name(ev->route));
    json_string(j, "dsn", event_dsn_name(ev->dsn));
    json_string(j, "done", event_done_name(ev->done));
    json_string(j, "anomaly", event_anomaly_name(ev->anomaly));
    json_string(j, "ground", event_ground_name(ev->ground));
    json_string(j, "teller", event_teller_name(ev->teller));
}

static void put_positive(struct json *j, const char *key, uint64_t value)
{
    if (value > 0)
        json_u64(j, key, value);
}

static void put_numbers(struct json *j, const struct event *ev)
{
    put_positive(j, "reply_code", ev->reply_code);
    if (ev->status[0] != 0) {
        char status[16];
        snprintf(status, sizeof(status), "%u.%u.%u", ev->status[0], ev->status[1], ev->status[2]);
        json_string(j, "status", status);
    }
    if (ev->repeat > 1)
        json_u64(j, "repeat", ev->repeat);
    put_positive(j, "nrcpt", ev->nrcpt);
    put_positive(j, "size", ev->size);
    if (ev->delay_ms >= 0)
        json_i64(j, "delay_ms", ev->delay_ms);
    if (ev->uid >= 0)
        json_i64(j, "uid", ev->uid);
    put_positive(j, "client_port", ev->client_port);
    put_positive(j, "listener_port", ev->listener_port);
}

static void put_true(struct json *j, const char *key, bool value)
{
    if (value)
        json_bool(j, key, true);
}

static void put_flags(struct json *j, const struct event *ev)
{
    put_true(j, "null_sender", ev->null_sender);
    put_true(j, "soft", ev->soft);
    put_true(j, "local_submit", ev->local_submit);
    put_true(j, "late_delivery", ev->late_delivery);
    put_true(j, "may_repeat", ev->may_repeat);
    put_true(j, "auth_hidden", ev->auth_hidden);
}

static void put_counters(struct json *j, const struct session_counters *c)
{
    if (!c->present)
        return;
    struct json_mark counters = json_object(j, "counters");
    put_positive(j, "auth_ok", c->auth_ok);
    put_positive(j, "auth_all", c->auth_all);
    put_positive(j, "mail_ok", c->mail_ok);
    put_positive(j, "mail_all", c->mail_all);
    put_positive(j, "rcpt_ok", c->rcpt_ok);
    put_positive(j, "rcpt_all", c->rcpt_all);
    put_positive(j, "data_ok", c->data_ok);
    put_positive(j, "data_all", c->data_all);
    put_positive(j, "commands_ok", c->commands_ok);
    put_positive(j, "commands_all", c->commands_all);
    put_positive(j, "vrfy_ok", c->vrfy_ok);
    put_positive(j, "vrfy_all", c->vrfy_all);
    put_positive(j, "etrn_ok", c->etrn_ok);
    put_positive(j, "etrn_all", c->etrn_all);
    put_positive(j, "rset_all", c->rset_all);
    put_true(j, "bare_lf", c->bare_lf);
    json_close_kept(j, counters);
}

void events_write(const struct event *ev, const char *parser_name, struct outbuf *out)
{
    struct json json = json_begin(out, SIZE_MAX), *j = &json;
    struct json_mark line = json_object(j, NULL);
    json_time(j, "@timestamp", ev->time_us);
    json_string(j, "kind", event_kind_name(ev->kind));
    json_string(j, "parser", parser_name);
    put_fields(j, ev);
    put_names(j, ev);
    put_numbers(j, ev);
    json_ip(j, "client", &ev->client);
    json_ip(j, "orig_client", &ev->orig_client);
    json_ip(j, "remote", &ev->remote);
    put_flags(j, ev);
    put_counters(j, &ev->counters);
    json_u64(j, "source", ev->pos.source);
    json_u64(j, "line", ev->pos.number);
    json_close_kept(j, line);
    outbuf_putc(out, '\n');
}
