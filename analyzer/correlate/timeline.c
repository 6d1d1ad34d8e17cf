/* timeline.c - a ring of buckets whose width grows with the log
 * algorithm: bucket number n of width w counts the times from n*w on, and lies at n mod
 *            TIMELINE_MAX. What lies outside of first..last is zero, so the span grows at both ends
 *            without work. When it gets too long, the buckets are added up into those of the next
 *            width, which is a multiple of the old one: 30 times at most in a run
 * source:    widths that people read a clock by; beyond a day they double
 * limits:    with the widest buckets (64 days) the ends of 33 years; what is outside of them counts
 *            at the end */
#include "correlate/timeline.h"

#include <stdlib.h>
#include <string.h>

#include "base/panic.h"
#include "base/state.h"

/* Seconds; each divides the next one. */
static const int64_t widths_s[] = {10,     30,     60,      300,     600,    1800,
                                   3600,   7200,   14400,   43200,   86400,  172800,
                                   345600, 691200, 1382400, 2764800, 5529600};
enum { WIDTHS = sizeof widths_s / sizeof widths_s[0] };

struct bucket {
    uint64_t n[TRAFFIC_COUNT];
};

struct timeline {
    int64_t from_us, to_us; /* the bucket used last: times from..to-1 */
    struct bucket *last;    /* NULL before the first */
    int64_t low, high;      /* numbers of the first and the last bucket */
    unsigned width;         /* index into widths_s */
    struct bucket ring[TIMELINE_MAX];
};

struct timeline *timeline_new(void)
{
    return panic_calloc(1, sizeof(struct timeline));
}

struct timeline *timeline_free(struct timeline *t)
{
    free(t);
    return NULL;
}

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

static int64_t width_us(const struct timeline *t)
{
    return widths_s[t->width] * 1000000;
}

static unsigned slot_of(int64_t number)
{
    int64_t slot = number % TIMELINE_MAX;

    return (unsigned)(slot < 0 ? slot + TIMELINE_MAX : slot);
}

/* The same counts in buckets of the next width. */
static void widen(struct timeline *t)
{
    struct bucket old[TIMELINE_MAX];
    int64_t factor = widths_s[t->width + 1] / widths_s[t->width];

    for (int64_t n = t->low; n <= t->high; n++)
        old[n - t->low] = t->ring[slot_of(n)];
    memset(t->ring, 0, sizeof t->ring);
    for (int64_t n = t->low; n <= t->high; n++)
        for (unsigned i = 0; i < TRAFFIC_COUNT; i++)
            t->ring[slot_of(floor_div(n, factor))].n[i] += old[n - t->low].n[i];
    t->low = floor_div(t->low, factor);
    t->high = floor_div(t->high, factor);
    t->width++;
}

static int64_t larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* Make the bucket of a time the present one. */
static void move_to(struct timeline *t, int64_t time_us)
{
    int64_t n = floor_div(time_us, width_us(t));

    if (t->last == NULL)
        t->low = t->high = n;
    while (larger(n, t->high) - smaller(n, t->low) >= TIMELINE_MAX && t->width + 1 < WIDTHS) {
        widen(t);
        n = floor_div(time_us, width_us(t));
    }
    n = larger(n, t->high - TIMELINE_MAX + 1);
    n = smaller(n, t->low + TIMELINE_MAX - 1);
    t->low = smaller(n, t->low);
    t->high = larger(n, t->high);
    t->last = &t->ring[slot_of(n)];
    t->from_us = n * width_us(t);
    t->to_us = t->from_us + width_us(t);
}

static void count(struct timeline *t, const struct event *ev, enum traffic what)
{
    if (ev->time_us < t->from_us || ev->time_us >= t->to_us)
        move_to(t, ev->time_us);
    t->last->n[what] += ev->repeat;
}

static void take_queued(struct timeline *t, const struct event *ev, const struct context *cx)
{
    if (!cx->new_message)
        return;
    count(t, ev, TRAFFIC_ACCEPTED);
    if (cx->null_sender && cx->outside)
        count(t, ev, TRAFFIC_NULL_IN);
}

/* A hand-over to a filter or an alias of this host is no end of the way. */
static void take_delivery(struct timeline *t, const struct event *ev)
{
    if (ev->outcome == OUTCOME_BOUNCED || ev->outcome == OUTCOME_EXPIRED)
        count(t, ev, TRAFFIC_BOUNCED);
    else if (ev->outcome == OUTCOME_DELIVERED && ev->route != ROUTE_LOOPBACK &&
             ev->route != ROUTE_FORWARD)
        count(t, ev, TRAFFIC_DELIVERED);
}

void timeline_event(struct timeline *t, const struct event *ev, const struct context *cx)
{
    switch (ev->kind) {
    case EVENT_QUEUED:
        take_queued(t, ev, cx);
        break;
    case EVENT_DELIVERY:
        take_delivery(t, ev);
        break;
    case EVENT_RCPT:
    case EVENT_REFUSAL:
        if ((ev->outcome == OUTCOME_REFUSED || ev->outcome == OUTCOME_TEMPFAIL) && !ev->soft)
            count(t, ev, TRAFFIC_REFUSED);
        break;
    case EVENT_AUTH:
        if (ev->outcome == OUTCOME_REFUSED)
            count(t, ev, TRAFFIC_AUTH_FAILED);
        break;
    default:
        break;
    }
}

void timeline_view_of(const struct timeline *t, struct timeline_view *ret)
{
    *ret = (struct timeline_view){.width_us = width_us(t)};
    if (t->last == NULL)
        return;
    ret->start_us = t->low * width_us(t);
    ret->count = (unsigned)(t->high - t->low + 1);
    for (unsigned b = 0; b < ret->count; b++)
        for (unsigned i = 0; i < TRAFFIC_COUNT; i++) {
            ret->bucket[b][i] = t->ring[slot_of(t->low + b)].n[i];
            ret->total[i] += ret->bucket[b][i];
        }
}

void timeline_persist(struct timeline *t, struct state_io *io)
{
    static const struct state_hole holes[] = {STATE_HOLE(struct timeline, last)};
    bool begun = state_number(io, "timeline begun", t->last != NULL) != 0;

    state_struct(io, "timeline", t, sizeof *t, STATE_HOLES(holes));
    if (!state_loading(io))
        return;
    t->last = begun ? &t->ring[0] : NULL;
    t->from_us = t->to_us = 0; /* the next event looks for its bucket */
    if (t->width >= WIDTHS || (uint64_t)t->high - (uint64_t)t->low >= TIMELINE_MAX) {
        state_fail(io, "a timeline of another size");
        t->width = 0;
        t->low = t->high = 0;
    }
}

void timeline_merge(struct timeline *dst, const struct timeline *src)
{
    for (int64_t n = src->low; src->last != NULL && n <= src->high; n++) {
        const struct bucket *from = &src->ring[slot_of(n)];
        move_to(dst, n * width_us(src));
        for (unsigned i = 0; i < TRAFFIC_COUNT; i++)
            dst->last->n[i] += from->n[i];
    }
}
