/* originators.c - top tables by Space-Saving
 * algorithm: a message counts once, when it is queued for the first time, for its client,
 *            account, sender and sender domain; a recipient counts for its domain when its fate
 *            is known; failures are added to the message's rows
 * source:    base/space_saving.h
 * limits:    a key that never was among the k heaviest is not shown; the error bound of each
 *            row is. Mail a program sends to 127.0.0.1 by SMTP is not told from a filter's
 *            second life and counts for nobody */
#include "correlate/originators.h"

#include <stdlib.h>

#include "base/panic.h"
#include "base/space_saving.h"
#include "base/state.h"

enum { VALUE_MESSAGES, VALUE_BYTES, VALUE_BAD };

struct originators {
    struct space_saving *top[TOP_COUNT];
};

struct originators *originators_new(uint32_t k)
{
    struct originators *o = panic_calloc(1, sizeof *o);

    for (unsigned d = 0; d < TOP_COUNT; d++)
        o->top[d] = space_saving_new(k);
    return o;
}

struct originators *originators_free(struct originators *o)
{
    if (o == NULL)
        return NULL;
    for (unsigned d = 0; d < TOP_COUNT; d++)
        space_saving_free(o->top[d]);
    free(o);
    return NULL;
}

/* What one event adds to one row. */
struct amount {
    uint64_t recipients, messages, bytes;
    int64_t time_us;
};

static struct ss_row *add(struct originators *o, enum top_dimension dim, uint64_t hash, slice key,
                          const struct amount *a)
{
    struct ss_row *row = space_saving_add(o->top[dim], hash, key, a->recipients, a->time_us);

    row->value[VALUE_MESSAGES] += a->messages;
    row->value[VALUE_BYTES] += a->bytes;
    return row;
}

_Static_assert((int)IP_NET_TEXT <= (int)SS_KEY_SIZE, "an address is written into a row");

static void add_client(struct originators *o, enum top_dimension dim, const struct context *cx,
                       const struct amount *a)
{
    struct ss_row *row = add(o, dim, cx->client_hash, SLICE_NONE, a);

    if (row->value[VALUE_MESSAGES] == a->messages) /* its first: the row is new */
        (void)correlate_principal_text(&cx->client, row->key);
    space_saving_note(row, cx->client_name);
}

static void add_domain(struct originators *o, enum top_dimension dim, const struct zones *zones,
                       slice domain, const struct amount *a)
{
    if (domain.len > 0)
        add(o, dim, zones_domain_hash(zones, domain), domain, a);
}

static slice sender_key(const struct context *cx)
{
    return cx->null_sender ? SLICE_LIT("<>") : cx->sender;
}

static void on_queued(struct originators *o, const struct event *ev, const struct context *cx)
{
    struct amount a = {ev->nrcpt == 0 ? 1 : ev->nrcpt, 1, ev->size, ev->time_us};

    if (!cx->new_message)
        return;
    if (cx->client_hash != 0)
        add_client(o, TOP_CLIENTS, cx, &a);
    if (cx->user_hash != 0)
        add(o, TOP_ACCOUNTS, cx->user_hash, cx->user, &a);
    add(o, TOP_SENDERS, cx->sender_hash, sender_key(cx), &a);
    add_domain(o, TOP_SENDER_DOMAINS, cx->zones, address_domain(cx->sender), &a);
}

static void add_bad(struct space_saving *top, uint64_t hash)
{
    struct ss_row *row = hash == 0 ? NULL : space_saving_find(top, hash);
    if (row != NULL)
        row->value[VALUE_BAD]++;
}

static void on_delivery(struct originators *o, const struct event *ev, const struct context *cx)
{
    bool bad = ev->outcome == OUTCOME_BOUNCED || ev->outcome == OUTCOME_EXPIRED;
    slice domain = cx->rcpt_domain;
    struct amount a = {1, 1, 0, ev->time_us};

    if ((ev->outcome != OUTCOME_DELIVERED && !bad) || ev->route == ROUTE_LOOPBACK ||
        ev->route == ROUTE_FORWARD)
        return;
    if (cx->rcpt_class != RCPT_NONE)
        add_domain(o, TOP_RECIPIENT_DOMAINS, cx->zones, domain, &a);
    if (!bad)
        return;
    add_bad(o->top[TOP_CLIENTS], cx->client_hash);
    add_bad(o->top[TOP_ACCOUNTS], cx->authed ? cx->user_hash : 0);
    add_bad(o->top[TOP_SENDERS], cx->sender_hash);
    if (domain.len > 0)
        add_bad(o->top[TOP_RECIPIENT_DOMAINS], zones_domain_hash(cx->zones, domain));
    domain = address_domain(cx->sender);
    if (domain.len > 0)
        add_bad(o->top[TOP_SENDER_DOMAINS], zones_domain_hash(cx->zones, domain));
}

static void on_refused(struct originators *o, const struct event *ev, const struct context *cx)
{
    struct amount a = {ev->repeat, ev->repeat, 0, ev->time_us};

    if (cx->reason == REASON_RELAY_DENIED && cx->client_hash != 0)
        add_client(o, TOP_RELAY_DENIED, cx, &a);
}

static void on_auth(struct originators *o, const struct event *ev, const struct context *cx)
{
    struct amount a = {ev->repeat, ev->repeat, 0, ev->time_us};

    if (ev->outcome == OUTCOME_REFUSED && cx->client_hash != 0)
        add_client(o, TOP_AUTH_FAILED, cx, &a);
}

/* Only what went to strangers on behalf of strangers: a bounce to our own user is service. */
static void on_dsn(struct originators *o, const struct event *ev, const struct context *cx)
{
    struct amount a = {1, 1, 0, ev->time_us};

    if (ev->dsn != DSN_FAILED && ev->dsn != DSN_DELAYED && ev->dsn != DSN_NONE)
        return;
    if (cx->client_zone == CLIENT_OUTSIDE && !cx->authed && cx->sender.len > 0 &&
        cx->sender_zone == DOMAIN_FOREIGN)
        add(o, TOP_NDR_VICTIMS, cx->sender_hash, cx->sender, &a);
}

void originators_warm(const struct originators *o, const struct event *ev, const struct context *cx)
{
    if (ev->kind != EVENT_QUEUED)
        return;
    space_saving_warm(o->top[TOP_CLIENTS], cx->client_hash);
    space_saving_warm(o->top[TOP_SENDERS], cx->sender_hash);
    if (cx->user_hash != 0)
        space_saving_warm(o->top[TOP_ACCOUNTS], cx->user_hash);
}

void originators_event(struct originators *o, const struct event *ev, const struct context *cx)
{
    switch (ev->kind) {
    case EVENT_QUEUED:
        on_queued(o, ev, cx);
        break;
    case EVENT_DELIVERY:
        on_delivery(o, ev, cx);
        break;
    case EVENT_RCPT:
        on_refused(o, ev, cx);
        break;
    case EVENT_AUTH:
        on_auth(o, ev, cx);
        break;
    case EVENT_DSN:
        on_dsn(o, ev, cx);
        break;
    default:
        break;
    }
}

void originators_top(const struct originators *o, enum top_dimension dim, unsigned max,
                     struct top_table *ret)
{
    const struct ss_row **rows = panic_calloc((size_t)max + 1, sizeof *rows);
    unsigned n = space_saving_top(o->top[dim], rows, max);

    ret->rows = panic_calloc((size_t)n + 1, sizeof *ret->rows);
    ret->count = n;
    ret->total = space_saving_total(o->top[dim]);
    for (unsigned i = 0; i < n; i++) {
        struct top_row *r = &ret->rows[i];
        slice_keep(slice_of(rows[i]->key), r->key, sizeof r->key);
        slice_keep(slice_of(rows[i]->note), r->name, sizeof r->name);
        r->hash = rows[i]->hash;
        r->messages = rows[i]->value[VALUE_MESSAGES];
        r->recipients = rows[i]->weight;
        r->bytes = rows[i]->value[VALUE_BYTES];
        r->bad = rows[i]->value[VALUE_BAD];
        r->error = rows[i]->error;
        r->first_us = rows[i]->first_us;
        r->last_us = rows[i]->last_us;
    }
    free(rows);
}

void originators_top_free(struct top_table *t)
{
    free(t->rows);
    *t = (struct top_table){0};
}

size_t originators_bytes(const struct originators *o)
{
    size_t sum = 0;

    for (unsigned d = 0; d < TOP_COUNT; d++)
        sum += space_saving_bytes(o->top[d]);
    return sum;
}

void originators_persist(struct originators *o, struct state_io *io)
{
    for (unsigned d = 0; d < TOP_COUNT; d++)
        space_saving_persist(o->top[d], io);
}

void originators_merge(struct originators *dst, const struct originators *src)
{
    for (unsigned d = 0; d < TOP_COUNT; d++)
        space_saving_merge(dst->top[d], src->top[d]);
}
