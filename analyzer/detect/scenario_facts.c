/* scenario_facts.c - the table of scenario_facts.def and how each of its values is read
 * source:    event/event.h, correlate/correlate.h
 * limits:    words are numbered from 0; a table has at most 32 of them */
#include "detect/scenario_facts.h"

#include <stdio.h>

#include "match/reason.h"

#define KIND(id) (1U << EVENT_##id)
#define EVERY    ((1U << EVENT_KIND_COUNT) - 1)
/* events that have a client of their own or by their session or message */
#define JOINED                                                                                     \
    (EVERY & ~(KIND(RESTART) | KIND(ENVELOPE) | KIND(REWRITE) | KIND(SPLIT) | KIND(MESSAGE_ID)))
#define DIALOGUE                                                                                   \
    (KIND(CONNECT) | KIND(DISCONNECT) | KIND(LOST) | KIND(AUTH) | KIND(MAIL) | KIND(RCPT) |        \
     KIND(REFUSAL) | KIND(PROTOCOL))
#define ENVELOPE                                                                                   \
    (KIND(MAIL) | KIND(RCPT) | KIND(REFUSAL) | KIND(QUEUED) | KIND(DELIVERY) | KIND(DSN) |         \
     KIND(DONE) | KIND(ACTION))
#define RECIPIENT                                                                                  \
    (KIND(RCPT) | KIND(REFUSAL) | KIND(DELIVERY) | KIND(DSN) | KIND(ACTION) | KIND(ENVELOPE) |     \
     KIND(REWRITE))
#define JUDGED (KIND(RCPT) | KIND(DELIVERY) | KIND(ENVELOPE) | KIND(REWRITE))
#define DECIDED                                                                                    \
    (KIND(RCPT) | KIND(REFUSAL) | KIND(AUTH) | KIND(ACTION) | KIND(DELIVERY) | KIND(LOST) |        \
     KIND(PROTOCOL))

static const struct {
    const char *name;
    enum fact_type type;
    uint32_t kinds;
} facts[FACT_COUNT] = {
    {"", FACT_TYPE_TEXT, 0},
#define FACT(id, name, type, kinds, meaning) [FACT_##id] = {name, FACT_TYPE_##type, kinds},
#include "detect/scenario_facts.def"
#undef FACT
};

enum fact fact_find(slice name)
{
    for (unsigned i = FACT_NONE + 1; i < FACT_COUNT; i++)
        if (slice_eq(name, slice_of(facts[i].name)))
            return (enum fact)i;
    return FACT_NONE;
}

const char *fact_name(enum fact fact)
{
    return facts[fact].name;
}

enum fact_type fact_type(enum fact fact)
{
    return facts[fact].type;
}

uint32_t fact_kinds(enum fact fact)
{
    return facts[fact].kinds;
}

/* ---- words ---- */

static const char *zone_word(unsigned n)
{
    return n <= DOMAIN_RELAY ? domain_zone_name((enum domain_zone)n) : NULL;
}

static const char *client_word(unsigned n)
{
    return n <= CLIENT_FRONTEND ? client_zone_name((enum client_zone)n) : NULL;
}

static const char *class_word(unsigned n)
{
    return n <= RCPT_TRICK ? rcpt_class_name((enum rcpt_class)n) : NULL;
}

/* Bit 0 stands for an address without any form. */
static const char *form_word(unsigned n)
{
    return n > ADDRESS_FORM_COUNT ? NULL : address_form_name(n == 0 ? 0 : 1U << (n - 1));
}

static const char *event_word(enum fact fact, unsigned n)
{
    switch (fact) {
    case FACT_STAGE:
        return n < STAGE_COUNT ? event_stage_name((enum smtp_stage)n) : NULL;
    case FACT_OUTCOME:
        return n < OUTCOME_COUNT ? event_outcome_name((enum event_outcome)n) : NULL;
    case FACT_ROUTE:
        return n < ROUTE_COUNT ? event_route_name((enum route)n) : NULL;
    case FACT_DSN:
        return n <= DSN_POSTMASTER ? event_dsn_name((enum dsn_action)n) : NULL;
    case FACT_DONE:
        return n <= DONE_REQUEUED ? event_done_name((enum done_how)n) : NULL;
    case FACT_ANOMALY:
        return n < ANOMALY_COUNT ? event_anomaly_name((enum anomaly)n) : NULL;
    default:
        return n < REASON_COUNT ? reason_name((enum reason)n) : NULL;
    }
}

const char *fact_word(enum fact fact, unsigned number)
{
    switch (fact) {
    case FACT_SENDER_ZONE:
        return zone_word(number);
    case FACT_CLIENT_ZONE:
        return client_word(number);
    case FACT_RCPT_CLASS:
        return class_word(number);
    case FACT_ADDRESS_FORM:
        return form_word(number);
    default:
        return event_word(fact, number);
    }
}

/* ---- values ---- */

static void set_text(struct fact_value *v, slice text)
{
    v->text = text;
    v->present = text.ptr != NULL;
}

static void set_word(struct fact_value *v, unsigned n)
{
    v->words = 1U << n;
    v->present = n != 0;
}

static void set_number(struct fact_value *v, double number, bool present)
{
    v->number = number;
    v->present = present;
}

static void set_flag(struct fact_value *v, bool flag)
{
    v->words = flag;
    v->present = true;
}

static void set_address(struct fact_value *v, const struct ip_addr *ip)
{
    v->ip = *ip;
    v->present = ip->family != 0;
}

static slice helo_of(const struct event *ev, const struct context *cx)
{
    slice helo = event_field(ev, EF_HELO);

    if (helo.len == 0 && cx->message != NULL && cx->message->helo[0] != '\0')
        return slice_of(cx->message->helo);
    if (helo.len == 0 && cx->session != NULL && cx->session->helo[0] != '\0')
        return slice_of(cx->session->helo);
    return helo;
}

static slice rcpt_domain_of(const struct event *ev, const struct context *cx)
{
    if (cx->rcpt_domain.ptr != NULL)
        return cx->rcpt_domain;
    return address_domain(event_field(ev, EF_RCPT));
}

static slice network_of(const struct context *cx, char *buf)
{
    struct ip_net net = ip_net_of(&cx->client, 24, 48);

    return cx->client.family == 0 ? SLICE_NONE : ip_net_format(&net, buf);
}

static slice status_of(const struct event *ev, char *buf, size_t size)
{
    if (ev->status[0] == 0)
        return SLICE_NONE;
    snprintf(buf, size, "%u.%u.%u", ev->status[0], ev->status[1], ev->status[2]);
    return slice_of(buf);
}

/* Bit 0 stands for an address without any form. */
static void set_forms(struct fact_value *v, const struct context *cx)
{
    v->present = cx->rcpt_class != RCPT_NONE;
    if (v->present)
        v->words = cx->rcpt->forms == 0 ? 1 : cx->rcpt->forms << 1;
}

static double hour_of(int64_t time_us)
{
    const int64_t hour_us = INT64_C(3600000000);
    int64_t hours = time_us / hour_us - (time_us % hour_us < 0);

    return (double)((hours % 24 + 24) % 24);
}

static void read_text(enum fact fact, const struct event *ev, const struct context *cx,
                      struct fact_value *v)
{
    static const enum event_field fields[FACT_COUNT] = {
        [FACT_HOST] = EF_HOST,         [FACT_INSTANCE] = EF_INSTANCE,
        [FACT_SERVICE] = EF_SERVICE,   [FACT_PROGRAM] = EF_PROGRAM,
        [FACT_SESSION] = EF_SESSION,   [FACT_MECHANISM] = EF_MECHANISM,
        [FACT_RCPT] = EF_RCPT,         [FACT_ORIG_RCPT] = EF_ORIG_RCPT,
        [FACT_QUEUE_ID] = EF_QUEUE_ID, [FACT_MESSAGE_ID] = EF_MESSAGE_ID,
        [FACT_RELAY] = EF_RELAY,       [FACT_TEXT] = EF_TEXT,
        [FACT_COMMAND] = EF_COMMAND};

    switch (fact) {
    case FACT_CLIENT_NETWORK:
        set_text(v, network_of(cx, v->buf));
        break;
    case FACT_CLIENT_NAME:
        set_text(v, cx->client_name);
        break;
    case FACT_HELO:
        set_text(v, helo_of(ev, cx));
        break;
    case FACT_USER:
        set_text(v, cx->user.ptr != NULL ? cx->user : event_field(ev, EF_USER));
        break;
    case FACT_SENDER:
        set_text(v, cx->sender.ptr != NULL ? cx->sender : event_field(ev, EF_SENDER));
        break;
    case FACT_SENDER_DOMAIN:
        set_text(v, address_domain(cx->sender));
        break;
    case FACT_RCPT_DOMAIN:
        set_text(v, rcpt_domain_of(ev, cx));
        break;
    case FACT_STATUS:
        set_text(v, status_of(ev, v->buf, sizeof v->buf));
        break;
    default:
        set_text(v, event_field(ev, fields[fact]));
        break;
    }
}

static void read_word(enum fact fact, const struct event *ev, const struct context *cx,
                      struct fact_value *v)
{
    switch (fact) {
    case FACT_CLIENT_ZONE:
        set_word(v, cx->client_zone);
        break;
    case FACT_SENDER_ZONE:
        set_word(v, cx->sender_zone);
        break;
    case FACT_RCPT_CLASS:
        set_word(v, cx->rcpt_class);
        break;
    case FACT_REASON:
        set_word(v, cx->reason);
        break;
    case FACT_STAGE:
        set_word(v, ev->stage);
        break;
    case FACT_OUTCOME:
        set_word(v, ev->outcome);
        break;
    case FACT_ROUTE:
        set_word(v, ev->route);
        break;
    case FACT_DSN:
        set_word(v, ev->dsn);
        break;
    case FACT_DONE:
        set_word(v, ev->done);
        break;
    default:
        set_word(v, ev->anomaly);
        break;
    }
}

static void read_number(enum fact fact, const struct event *ev, struct fact_value *v)
{
    const struct session_counters *c = &ev->counters;

    switch (fact) {
    case FACT_HOUR:
        set_number(v, hour_of(ev->time_us), true);
        break;
    case FACT_LISTENER_PORT:
        set_number(v, ev->listener_port, ev->listener_port != 0);
        break;
    case FACT_REPLY_CODE:
        set_number(v, ev->reply_code, ev->reply_code != 0);
        break;
    case FACT_DELAY:
        set_number(v, (double)ev->delay_ms / 1000, ev->delay_ms >= 0);
        break;
    case FACT_SIZE:
        set_number(v, (double)ev->size, ev->size != 0);
        break;
    case FACT_NRCPT:
        set_number(v, ev->nrcpt, ev->nrcpt != 0);
        break;
    case FACT_AUTH_OK:
        set_number(v, c->auth_ok, c->present);
        break;
    case FACT_AUTH_ALL:
        set_number(v, c->auth_all, c->present);
        break;
    case FACT_MAIL_ALL:
        set_number(v, c->mail_all, c->present);
        break;
    case FACT_RCPT_OK:
        set_number(v, c->rcpt_ok, c->present);
        break;
    case FACT_RCPT_ALL:
        set_number(v, c->rcpt_all, c->present);
        break;
    default:
        set_number(v, c->commands_all, c->present);
        break;
    }
}

static bool flag_of(enum fact fact, const struct event *ev, const struct context *cx)
{
    switch (fact) {
    case FACT_OUTSIDE:
        return cx->outside;
    case FACT_AUTHENTICATED:
        return cx->authed;
    case FACT_NULL_SENDER:
        return cx->null_sender || ev->null_sender;
    case FACT_SOFT:
        return ev->soft;
    case FACT_LOCAL_SUBMIT:
        return ev->local_submit;
    default:
        return ev->counters.bare_lf;
    }
}

void fact_read(enum fact fact, const struct event *ev, const struct context *cx,
               struct fact_value *ret)
{
    ret->present = false;
    ret->words = 0;
    switch (facts[fact].type) {
    case FACT_TYPE_TEXT:
        read_text(fact, ev, cx, ret);
        break;
    case FACT_TYPE_WORD:
        read_word(fact, ev, cx, ret);
        break;
    case FACT_TYPE_NUMBER:
        read_number(fact, ev, ret);
        break;
    case FACT_TYPE_ADDRESS:
        set_address(ret, fact == FACT_CLIENT ? &cx->client : &ev->remote);
        break;
    case FACT_TYPE_FLAG:
        set_flag(ret, flag_of(fact, ev, cx));
        break;
    case FACT_TYPE_SET:
        set_forms(ret, cx);
        break;
    }
}

uint64_t fact_hash(enum fact fact, const struct event *ev, const struct context *cx)
{
    struct fact_value v = {0};
    uint64_t number;

    if (fact == FACT_CLIENT)
        return cx->client_hash;
    fact_read(fact, ev, cx, &v);
    if (!v.present)
        return 0;
    switch (facts[fact].type) {
    case FACT_TYPE_TEXT:
        return siphash13_lower(cx->key, v.text) | 1;
    case FACT_TYPE_ADDRESS:
        return correlate_principal(cx->key, &v.ip);
    case FACT_TYPE_NUMBER:
        memcpy(&number, &v.number, sizeof number);
        return hash_mix(FACT_COUNT, number) | 1;
    default:
        return hash_mix(FACT_COUNT, v.words) | 1;
    }
}
