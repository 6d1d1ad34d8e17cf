/* echo.c - a cache of tellings by what they are about
 * algorithm: direct-mapped by hash; a cell counts how often each teller has told. What happened is
 *            the largest of these counts: a telling that does not raise it is an echo. A newer
 *            subject takes the cell of an older one.
 * limits:    the session id names the event together with recipient and outcome; the host does not,
 *            since not every log knows it. Of two subjects that share a cell within ten minutes the
 *            first loses its memory, and its echo is counted */
#include "correlate/echo.h"

#include <stdlib.h>

#include "base/panic.h"
#include "base/state.h"

enum { CELLS = 16384 };
static const int64_t window_us = INT64_C(10) * 60 * 1000000;

struct cell {
    uint64_t hash;
    int64_t time_us;
    uint16_t told[TELLER_COUNT];
};

struct echo {
    struct cell cell[CELLS];
};

struct echo *echo_new(void)
{
    return panic_calloc(1, sizeof(struct echo));
}

struct echo *echo_free(struct echo *e)
{
    free(e);
    return NULL;
}

static uint64_t add_text(const struct hash_key *key, uint64_t hash, slice text)
{
    return hash_mix(hash, siphash13_lower(key, text));
}

/* What the event is about; 0: nothing that could be told twice. */
static uint64_t subject_of(const struct hash_key *key, const struct event *ev)
{
    uint64_t words[3] = {ev->kind, ev->outcome, ev->kind == EVENT_REFUSAL ? ev->stage : 0};
    uint64_t hash = siphash13(key, words, sizeof words);
    slice session = event_field(ev, EF_SESSION);

    if ((ev->kind != EVENT_RCPT && ev->kind != EVENT_REFUSAL) || session.len == 0)
        return 0;
    hash = add_text(key, hash, session);
    hash = add_text(key, hash, ev->kind == EVENT_REFUSAL ? SLICE_NONE : event_field(ev, EF_RCPT));
    return hash | 1;
}

static bool is_present(const struct cell *c, uint64_t hash, int64_t now_us)
{
    return c->hash == hash && now_us - c->time_us < window_us && c->time_us - now_us < window_us;
}

static uint16_t most(const uint16_t told[TELLER_COUNT])
{
    uint16_t best = 0;

    for (unsigned i = 0; i < TELLER_COUNT; i++)
        best = told[i] > best ? told[i] : best;
    return best;
}

bool echo_heard(struct echo *e, const struct hash_key *key, const struct event *ev)
{
    uint64_t hash = ev->teller == TELLER_ONLY ? 0 : subject_of(key, ev);
    struct cell *c = &e->cell[hash % CELLS];
    uint16_t happened;

    if (hash == 0)
        return false;
    if (!is_present(c, hash, ev->time_us))
        *c = (struct cell){.hash = hash};
    happened = most(c->told);
    c->time_us = ev->time_us;
    c->told[ev->teller] = (uint16_t)(c->told[ev->teller] + (c->told[ev->teller] < UINT16_MAX));
    return c->told[ev->teller] <= happened && happened < UINT16_MAX;
}

void echo_persist(struct echo *e, struct state_io *io)
{
    state_bytes(io, "echo", e, sizeof *e, 1);
}
