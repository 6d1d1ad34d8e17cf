/* relay_tests.c - tries counted per client; judged anew only when what is known changes
 * source:   match/tester.h
 * limits:   4,096 clients, those with fewest different tests give way; a client that was quiet for
 *           two days begins anew. A recipient that waits is told again and again: its first
 *           attempt counts */
#include "detect/relay_tests.h"

#include <stdlib.h>

#include "base/panic.h"
#include "base/state.h"
#include "base/table.h"

enum { CLIENTS_MAX = 4096 };
static const int64_t forget_us = (int64_t)48 * 3600 * 1000000;

struct client_tests {
    int64_t last_us;
    struct tester_seen seen;
    struct tester_hit hit;
    bool named;
    bool dialogue; /* the log shows what was accepted: what became of it is no other try */
};

struct relay_tests {
    const struct testers *testers;
    struct relay_board *board;
    struct table *clients;
};

static float tests_score(const void *entry, int64_t now_us)
{
    const struct client_tests *c = entry;

    (void)now_us;
    return (float)c->seen.count + (c->named ? 100 : 0);
}

struct relay_tests *relay_tests_new(const struct testers *testers, struct relay_board *board)
{
    struct relay_tests *t = panic_calloc(1, sizeof *t);
    struct table_spec spec = {.name = "relay tests",
                              .capacity = CLIENTS_MAX,
                              .entry_size = sizeof(struct client_tests),
                              .score = tests_score};

    t->testers = testers;
    t->board = board;
    t->clients = table_new(&spec);
    return t;
}

struct relay_tests *relay_tests_free(struct relay_tests *t)
{
    if (t != NULL)
        table_free(t->clients);
    free(t);
    return NULL;
}

void relay_tests_renew(struct relay_tests *t, const struct testers *testers, bool same)
{
    struct client_tests *c;
    uint32_t cursor = 0;

    t->testers = testers;
    while ((c = table_next(t->clients, &cursor)) != NULL) {
        if (!same)
            *c = (struct client_tests){.named = false};
        c->named = testers_judge(testers, &c->seen, &c->hit);
    }
}

static struct tester_try try_of(const struct event *ev, const struct context *cx)
{
    bool before = ev->kind == EVENT_DELIVERY && event_field(ev, EF_ORIG_RCPT).len > 0;
    slice helo = event_field(ev, EF_HELO);
    slice target = cx->rcpt_class == RCPT_OURS ? SLICE_NONE : cx->rcpt_domain;

    if (cx->rcpt->has_inner && cx->rcpt->inner_domain.len > 0) /* whosever the outside is */
        target = cx->rcpt->inner_domain;
    if (helo.len == 0 && cx->session != NULL)
        helo = slice_of(cx->session->helo);
    return (struct tester_try){.helo = helo,
                               .sender = cx->sender,
                               .rcpt = event_field(ev, before ? EF_ORIG_RCPT : EF_RCPT),
                               .target = target};
}

static void note(struct relay_tests *t, struct client_tests *c, const struct event *ev,
                 const struct context *cx, enum tester_answer answer)
{
    struct tester_try try = try_of(ev, cx);

    if (ev->time_us - c->last_us > forget_us && c->last_us != 0)
        *c = (struct client_tests){.named = false};
    if (ev->time_us > c->last_us)
        c->last_us = ev->time_us;
    c->dialogue |= ev->kind == EVENT_RCPT && answer != TESTER_REFUSED;
    if (ev->kind == EVENT_DELIVERY && c->dialogue)
        return;
    if (testers_note(t->testers, &try, answer, &c->seen))
        c->named = testers_judge(t->testers, &c->seen, &c->hit);
}

slice relay_tests_note(struct relay_tests *t, const struct event *ev, const struct context *cx,
                       enum tester_answer answer, char *buf)
{
    struct client_tests *c;
    slice text;

    if (t == NULL || cx->client_hash == 0)
        return SLICE_NONE;
    c = table_get(t->clients, cx->client_hash, ev->time_us, NULL);
    note(t, c, ev, cx, answer);
    if (!c->named)
        return SLICE_NONE;
    text = tester_hit_text(&c->hit, buf);
    relay_board_tester(t->board, cx->client_hash, text, c->hit.refused + c->hit.accepted);
    return text;
}

slice relay_tests_text(const struct relay_tests *t, const struct context *cx, char *buf)
{
    const struct client_tests *c = t == NULL ? NULL : table_find(t->clients, cx->client_hash);

    return c == NULL || !c->named ? SLICE_NONE : tester_hit_text(&c->hit, buf);
}

void relay_tests_note_own(struct relay_tests *t, const struct event *ev, const struct context *cx)
{
    struct client_tests *c;

    if (t == NULL || cx->rcpt_class != RCPT_OURS || !(cx->rcpt->forms & FORM_LITERAL))
        return;
    c = table_find(t->clients, cx->client_hash);
    if (c == NULL)
        return;
    note(t, c, ev, cx, ev->outcome == OUTCOME_REFUSED ? TESTER_REFUSED : TESTER_OWN);
}

void relay_tests_explain(const struct relay_tests *t, const struct context *cx, struct outbuf *out)
{
    const struct client_tests *c = t == NULL ? NULL : table_find(t->clients, cx->client_hash);
    char text[TESTER_TEXT_MAX];
    struct tester_hit hit;

    if (c == NULL)
        return;
    hit = c->hit;
    if (!c->named && !testers_nearest(t->testers, &c->seen, &hit))
        return;
    outbuf_puts(out, c->named ? "; tester: " : "; tester not known yet, nearest: ");
    outbuf_put(out, tester_hit_text(&hit, text));
    outbuf_printf(out, " (%s, entry %u)", hit.file, hit.entry);
}

uint64_t relay_tests_evictions(const struct relay_tests *t)
{
    return t == NULL ? 0 : table_evictions(t->clients);
}

size_t relay_tests_bytes(const struct relay_tests *t)
{
    return t == NULL ? 0 : table_bytes(t->clients) + sizeof *t;
}

void relay_tests_persist(struct relay_tests *t, struct state_io *io)
{
    static const struct state_hole holes[] = {STATE_HOLE(struct client_tests, hit)};
    struct client_tests *c;
    uint32_t cursor = 0;

    table_persist_holes(t->clients, io, STATE_HOLES(holes));
    while (state_loading(io) && (c = table_next(t->clients, &cursor)) != NULL)
        if (c->named)
            c->named = testers_judge(t->testers, &c->seen, &c->hit);
}
