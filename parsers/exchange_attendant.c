/* exchange_attendant.c - numbers of the System Attendant's tracking to events
 *
 *   comes in by SMTP            MAIL, QUEUED at its first row; RCPT accepted for each
 *   comes from a mailbox        MAIL (local), QUEUED
 *   leaves by SMTP, gateway     DELIVERY delivered, remote
 *   into a mailbox              DELIVERY delivered, mailbox
 *   tried again                 DELIVERY deferred
 *   reported undeliverable      DELIVERY bounced; DSN at the first row
 *   rerouted                    RCPT accepted, by nobody knows whom: a relay candidate
 *   spam filter                 ACTION, REFUSAL
 *
 * algorithm: a small table remembers the messages whose first row was told
 * source:    as exchange_attendant.h
 * limits:    whether a client had authenticated is nowhere told. A message whose rows are more than
 *            some hundred messages apart begins anew */
#include "exchange_attendant.h"

#include "base/cursor.h"
#include "base/siphash.h"
#include "event/year_rule.h"

enum what {
    NOTHING,
    CAME_BY_SMTP,
    CAME_FROM_MAILBOX,
    LEFT,
    INTO_MAILBOX,
    RETRIED,
    UNDELIVERABLE, /* a report of failure */
    REPORTED,      /* a report of some kind */
    REROUTED,
    GIVEN_UP,
    FILTER_DELETED,
    FILTER_REFUSED,
    FILTER_KEPT
};

static enum what what_is(const struct attendant_row *row)
{
    switch (row->number) {
    case 1012: /* SMTP received inbound */
        return CAME_BY_SMTP;
    case 1019: /* submit to the advanced queue: without a client not by SMTP */
        return row->client.len > 0 ? CAME_BY_SMTP : CAME_FROM_MAILBOX;
    case 4:    /* submission by a client */
    case 1027: /* submit to the store driver */
        return CAME_FROM_MAILBOX;
    case 1003: /* gateway transfer out */
    case 1011: /* SMTP transferred outbound */
    case 1031: /* outbound transfer complete */
        return LEFT;
    case 9:    /* delivered */
    case 1000: /* local delivery */
    case 1028: /* delivered to the local store */
        return INTO_MAILBOX;
    case 1032: /* categorisation retried */
    case 1035: /* routing retried */
    case 1037: /* local delivery retried */
        return RETRIED;
    case 1007: /* gateway generated a report of failure */
    case 1030:
        return UNDELIVERABLE;
    case 34:   /* report generated */
    case 1017: /* SMTP report generated */
        return REPORTED;
    case 1014: /* SMTP message rerouted */
        return REROUTED;
    case 1021: /* bad mail */
        return GIVEN_UP;
    case 1039:
        return FILTER_DELETED;
    case 1040:
        return FILTER_REFUSED;
    case 1041:
        return FILTER_KEPT;
    default:
        return NOTHING;
    }
}

/* ---- first rows ---- */

/* Where this kind of row about this message is remembered; kept is as the place would hold it. Cut
 * ids are compared as they are kept. */
static char *place_of(struct attendant *a, enum what what, slice id, char kept[ATTENDANT_ID])
{
    static const struct hash_key key = {UINT64_C(0x61747465), UINT64_C(0x6e64616e)};

    memset(kept, 0, ATTENDANT_ID);
    kept[0] = (char)('A' + what);
    slice_keep(id, kept + 1, ATTENDANT_ID - 1);
    return a->recent[siphash13(&key, kept, strlen(kept)) % ATTENDANT_RECENT];
}

static bool was_told(struct attendant *a, enum what what, slice id)
{
    char kept[ATTENDANT_ID];

    return strcmp(place_of(a, what, id, kept), kept) == 0;
}

static bool is_first(struct attendant *a, enum what what, slice id)
{
    char kept[ATTENDANT_ID], *place = place_of(a, what, id, kept);

    if (strcmp(place, kept) == 0)
        return false;
    memcpy(place, kept, sizeof kept);
    return true;
}

/* ---- events ---- */

static struct event *begin(const struct attendant_row *row, enum event_kind kind,
                           struct smtp_out *out)
{
    struct event *ev = smtp_out_begin(out, kind);

    event_set(ev, EF_QUEUE_ID, row->id);
    if (row->null_sender)
        event_set_sender(ev, (slice){"", 0});
    else if (row->sender.len > 0)
        event_set_sender(ev, row->sender);
    return ev;
}

static slice without_brackets(slice host)
{
    return host.len > 2 && host.ptr[0] == '[' && host.ptr[host.len - 1] == ']'
               ? slice_first(slice_from(host, 1), host.len - 2)
               : host;
}

static void set_client(const struct attendant_row *row, struct event *ev)
{
    ev->auth_hidden = true;
    if (!ip_addr_parse(without_brackets(row->client), &ev->client) && row->client.len > 0)
        event_set(ev, EF_CLIENT_NAME, row->client);
    event_set(ev, EF_HELO, row->name);
}

/* Local mail of nobody is this server's own report. */
static void come_in(const struct attendant_row *row, bool local, struct smtp_out *out)
{
    for (unsigned i = 0; i < 2; i++) {
        struct event *ev = begin(row, i == 0 ? EVENT_MAIL : EVENT_QUEUED, out);
        ev->local_submit = local && !row->null_sender && i == 0;
        if (i == 1) {
            ev->nrcpt = row->recipients;
            ev->size = row->size;
        }
        if (!local)
            set_client(row, ev);
        smtp_out_emit(out);
    }
}

static void accept(const struct attendant_row *row, struct smtp_out *out)
{
    struct event *ev;

    if (row->rcpt.len == 0)
        return;
    ev = begin(row, EVENT_RCPT, out);
    ev->stage = STAGE_RCPT;
    ev->outcome = OUTCOME_ACCEPTED;
    set_client(row, ev);
    event_set(ev, EF_RCPT, row->rcpt);
    smtp_out_emit(out);
}

static void deliver(const struct attendant_row *row, enum event_outcome outcome, enum route route,
                    struct smtp_out *out)
{
    struct event *ev = begin(row, EVENT_DELIVERY, out);

    ev->outcome = outcome;
    ev->route = route;
    event_set(ev, EF_RCPT, row->rcpt);
    if (route == ROUTE_REMOTE && !ip_addr_parse(row->partner, &ev->remote))
        event_set(ev, EF_RELAY, row->partner);
    smtp_out_emit(out);
}

/* A report: the kind is told by the recipient's status, where there is one. */
static void report(struct attendant *a, const struct attendant_row *row, enum dsn_action action,
                   struct smtp_out *out)
{
    struct event *ev;

    if (slice_eq(row->status, SLICE_LIT("1")))
        action = DSN_FAILED;
    else if (slice_eq(row->status, SLICE_LIT("0")) && action == DSN_NONE)
        action = DSN_DELIVERED;
    if (action == DSN_FAILED)
        deliver(row, OUTCOME_BOUNCED, ROUTE_NONE, out);
    if (!is_first(a, UNDELIVERABLE, row->id))
        return;
    ev = begin(row, EVENT_DSN, out);
    ev->dsn = action;
    event_set(ev, EF_CHILD_ID, row->linked);
    smtp_out_emit(out);
}

static void act(const struct attendant_row *row, enum event_kind kind, enum event_outcome outcome,
                struct smtp_out *out)
{
    struct event *ev = begin(row, kind, out);

    ev->stage = STAGE_END_OF_DATA;
    ev->outcome = outcome;
    event_set(ev, EF_RCPT, row->rcpt);
    event_set(ev, EF_TEXT,
              kind == EVENT_REFUSAL ? SLICE_LIT("Intelligent Message Filter")
                                    : SLICE_LIT("Intelligent Message Filter: spam"));
    smtp_out_emit(out);
}

enum parse_result exchange_attendant_tell(struct attendant *a, const struct attendant_row *row,
                                          struct smtp_out *out)
{
    enum what what = what_is(row);

    if (what == NOTHING || row->id.len == 0)
        return PARSE_SKIP;
    switch (what) {
    case CAME_BY_SMTP:
    case CAME_FROM_MAILBOX:
        if (is_first(a, CAME_BY_SMTP, row->id))
            come_in(row, what == CAME_FROM_MAILBOX, out);
        if (what == CAME_BY_SMTP)
            accept(row, out);
        break;
    case REROUTED:
        if (!was_told(a, CAME_BY_SMTP, row->id)) /* else its recipients are known */
            accept(row, out);
        break;
    case LEFT:
        deliver(row, OUTCOME_DELIVERED, ROUTE_REMOTE, out);
        break;
    case INTO_MAILBOX:
        deliver(row, OUTCOME_DELIVERED, ROUTE_MAILBOX, out);
        break;
    case RETRIED:
        deliver(row, OUTCOME_DEFERRED, ROUTE_NONE, out);
        break;
    case UNDELIVERABLE:
    case REPORTED:
        report(a, row, what == REPORTED ? DSN_NONE : DSN_FAILED, out);
        break;
    case GIVEN_UP:
        deliver(row, OUTCOME_EXPIRED, ROUTE_NONE, out);
        break;
    case FILTER_REFUSED:
        act(row, EVENT_REFUSAL, OUTCOME_REFUSED, out);
        break;
    default:
        act(row, EVENT_ACTION, what == FILTER_KEPT ? OUTCOME_HELD : OUTCOME_DISCARDED, out);
        break;
    }
    return smtp_out_result(out);
}

/* ---- time ---- */

/* Three numbers with one separator between them. */
static bool take_three(slice cur, const char *separators, unsigned ret[3])
{
    uint64_t n;

    for (unsigned i = 0; i < 3; i++) {
        if (i > 0) {
            if (cur.len == 0 || cur.ptr[0] == '\0' || strchr(separators, cur.ptr[0]) == NULL)
                return false;
            cur = slice_from(cur, 1);
        }
        if (!cursor_take_uint(&cur, 9999, &n))
            return false;
        ret[i] = (unsigned)n;
    }
    return true;
}

bool exchange_attendant_time(slice date, slice clock, int64_t *ret_us)
{
    unsigned d[3], c[3];

    if (!take_three(slice_trim(date), "-./", d) || !take_three(slice_trim(clock), ":", c) ||
        d[0] < 1990 || d[1] < 1 || d[1] > 12 || d[2] < 1 || d[2] > 31 || c[0] > 23 || c[1] > 59 ||
        c[2] > 60)
        return false;
    *ret_us = (year_rule_days(d[0], d[1], d[2]) * 86400 + (int64_t)c[0] * 3600 +
               (int64_t)c[1] * 60 + c[2]) *
              1000000;
    return true;
}
