/* relay_board.c - levels of the relay verdict with their parties and forms
 * algorithm: count, first and last time a level; Space-Saving over clients, one table for what
 *            was refused, one for what was accepted and one for what was delivered; a counter a
 *            form. A recipient that was accepted is settled by a bounce of one of its kind
 *            (hidden, plain), whichever line is first
 * source:    RFC 2505 2.1
 * limits:    the heaviest 256 clients of each table are known by name (16 on the board of one of
 *            several servers); totals are exact. A recipient whose acceptance and queueing are both
 * logged counts at both levels */
#include "alert/relay_board.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/hll.h"
#include "base/panic.h"
#include "base/space_saving.h"
#include "base/state.h"
#include "event/address.h"

enum {
    BOARD_CLIENTS = 256,
    SMALL_CLIENTS = 16,
    FORMS = ADDRESS_FORM_COUNT + 1,
    CLOSED_REFUSALS = 20
};
static const int64_t closed_after_us = (int64_t)7 * 86400 * 1000000;

struct party_table {
    struct space_saving *clients;
    uint32_t rows; /* room of it */
    struct hll distinct;
    uint64_t form_count[FORMS]; /* index 0 = plain, 1 + bit otherwise */
};

struct relay_board {
    uint64_t count[RELAY_LEVELS];
    int64_t first_us[RELAY_LEVELS], last_us[RELAY_LEVELS];
    struct party_table refused, accepted,
        delivered; /* delivered: again, by what was delivered alone */
    uint64_t refused_since_accepted;
    char tester[160];
    uint64_t tester_client;
    unsigned tester_tests;
    struct relay_board *(*mirror)(void *arg); /* NULL: none */
    void *mirror_arg;
};

static void start_parties(struct party_table *t, uint32_t rows)
{
    t->clients = space_saving_new(rows);
    t->rows = rows;
}

static struct relay_board *board_with(uint32_t rows)
{
    struct relay_board *b = panic_calloc(1, sizeof *b);

    start_parties(&b->refused, rows);
    start_parties(&b->accepted, rows);
    start_parties(&b->delivered, rows);
    return b;
}

struct relay_board *relay_board_new(void)
{
    return board_with(BOARD_CLIENTS);
}

struct relay_board *relay_board_new_small(void)
{
    return board_with(SMALL_CLIENTS);
}

void relay_board_mirror(struct relay_board *b, struct relay_board *(*mirror)(void *arg), void *arg)
{
    b->mirror = mirror;
    b->mirror_arg = arg;
}

struct relay_board *relay_board_free(struct relay_board *b)
{
    if (b == NULL)
        return NULL;
    space_saving_free(b->refused.clients);
    space_saving_free(b->accepted.clients);
    space_saving_free(b->delivered.clients);
    free(b);
    return NULL;
}

static unsigned form_index(uint32_t forms)
{
    uint32_t form = address_trick_form(forms);

    for (unsigned bit = 0; bit < ADDRESS_FORM_COUNT; bit++)
        if (form == 1U << bit)
            return bit + 1;
    return 0;
}

static bool is_acceptance(enum relay_level level)
{
    return level == RELAY_RCPT_ACCEPTED || level == RELAY_QUEUED || level == RELAY_DELIVERED ||
           level == RELAY_TRICK_ACCEPTED;
}

static void count_party(struct party_table *t, const struct relay_note *note)
{
    struct ss_row *row =
        space_saving_add(t->clients, note->client_hash, note->client, note->count, note->time_us);

    space_saving_note(row, note->client_name);
    hll_add(&t->distinct, note->client_hash);
    t->form_count[form_index(note->forms)] += note->count;
}

void relay_board_note(struct relay_board *b, const struct relay_note *note)
{
    uint64_t *count = &b->count[note->level];

    count_party(is_acceptance(note->level) ? &b->accepted : &b->refused, note);
    if (note->level == RELAY_DELIVERED)
        count_party(&b->delivered, note);
    if (*count == 0 || note->time_us < b->first_us[note->level])
        b->first_us[note->level] = note->time_us;
    if (note->time_us > b->last_us[note->level])
        b->last_us[note->level] = note->time_us;
    *count += note->count;
    if (is_acceptance(note->level))
        b->refused_since_accepted = 0;
    else
        b->refused_since_accepted += note->count;
    if (b->mirror != NULL)
        relay_board_note(b->mirror(b->mirror_arg), note);
}

void relay_board_tester(struct relay_board *b, uint64_t client_hash, slice text, unsigned tests)
{
    if (b->mirror != NULL)
        relay_board_tester(b->mirror(b->mirror_arg), client_hash, text, tests);
    if (client_hash != b->tester_client && tests <= b->tester_tests)
        return;
    b->tester_client = client_hash;
    b->tester_tests = tests;
    slice_keep(text, b->tester, sizeof b->tester);
}

/* Recipients accepted at one level whose fate is not known: those not bounced at the other. */
static uint64_t unsettled(const struct relay_board *b, enum relay_level taken,
                          enum relay_level bounced)
{
    return b->count[taken] > b->count[bounced] ? b->count[taken] - b->count[bounced] : 0;
}

static uint64_t unsettled_hidden(const struct relay_board *b)
{
    return unsettled(b, RELAY_TRICK_ACCEPTED, RELAY_TRICK_BOUNCED);
}

static uint64_t unsettled_plain(const struct relay_board *b)
{
    return unsettled(b, RELAY_RCPT_ACCEPTED, RELAY_PLAIN_BOUNCED);
}

static uint64_t exposed_count(const struct relay_board *b)
{
    return unsettled_plain(b) + b->count[RELAY_QUEUED] + unsettled_hidden(b);
}

static uint64_t refused_count(const struct relay_board *b)
{
    return b->count[RELAY_REFUSED] + b->count[RELAY_TRICK_BOUNCED] + b->count[RELAY_PLAIN_BOUNCED];
}

uint64_t relay_board_count(const struct relay_board *b, enum relay_level level)
{
    return b->count[level];
}

static enum verdict_state board_state(const struct relay_board *b)
{
    if (b->count[RELAY_DELIVERED] > 0)
        return VERDICT_YES;
    if (exposed_count(b) > 0)
        return VERDICT_EXPOSED;
    if (refused_count(b) > 0)
        return VERDICT_ATTEMPTED;
    return VERDICT_NO;
}

/* Earliest and latest time over a set of levels (bits 1 << level). */
static void span(const struct relay_board *b, unsigned levels, int64_t *ret_first,
                 int64_t *ret_last)
{
    *ret_first = *ret_last = 0;
    for (unsigned level = 0; level < RELAY_LEVELS; level++) {
        if (!(levels >> level & 1) || b->count[level] == 0)
            continue;
        if (*ret_first == 0 || b->first_us[level] < *ret_first)
            *ret_first = b->first_us[level];
        if (b->last_us[level] > *ret_last)
            *ret_last = b->last_us[level];
    }
}

static void name_parties(const struct party_table *t, struct verdict *v)
{
    const struct ss_row *rows[VERDICT_BY_MAX];
    unsigned n = space_saving_top(t->clients, rows, VERDICT_BY_MAX);

    for (unsigned i = 0; i < n; i++) {
        struct verdict_party *p = &v->by[i];
        p->type = ENTITY_IP;
        slice_keep(slice_of(rows[i]->key), p->value, sizeof p->value);
        slice_keep(slice_of(rows[i]->note), p->name, sizeof p->name);
        p->count = rows[i]->weight;
    }
    v->by_count = n;
    v->by_total = space_saving_count(t->clients);
    if (v->by_total == t->rows) /* the table is full: the sketch knows better */
        v->by_total = (uint32_t)hll_count(&t->distinct);
}

static void name_forms(const struct party_table *t, struct verdict *v)
{
    bool taken[FORMS] = {false};

    for (v->how_count = 0; v->how_count < VERDICT_HOW_MAX; v->how_count++) {
        unsigned best = FORMS;
        for (unsigned i = 0; i < FORMS; i++)
            if (!taken[i] && t->form_count[i] > 0 &&
                (best == FORMS || t->form_count[i] > t->form_count[best]))
                best = i;
        if (best == FORMS)
            return;
        taken[best] = true;
        snprintf(v->how[v->how_count], sizeof v->how[0], "%s",
                 address_form_name(best == 0 ? 0 : 1U << (best - 1)));
    }
}

/* The battery stands behind the forms, in the last place when there is none left. */
static void name_tester(const struct relay_board *b, struct verdict *v)
{
    if (b->tester[0] == '\0')
        return;
    v->how_count -= v->how_count == VERDICT_HOW_MAX;
    slice_keep(slice_of(b->tester), v->how[v->how_count++], sizeof v->how[0]);
    slice_keep(slice_of(b->tester), v->tester, sizeof v->tester);
}

static const struct party_table *parties_of(const struct relay_board *b, enum verdict_state state)
{
    if (state == VERDICT_ATTEMPTED)
        return &b->refused;
    return state == VERDICT_YES ? &b->delivered : &b->accepted;
}

void relay_board_verdict(const struct relay_board *b, struct verdict *v)
{
    const unsigned refused =
        1U << RELAY_REFUSED | 1U << RELAY_TRICK_BOUNCED | 1U << RELAY_PLAIN_BOUNCED;
    const unsigned exposed = 1U << RELAY_QUEUED |
                             (unsettled_plain(b) > 0 ? 1U << RELAY_RCPT_ACCEPTED : 0U) |
                             (unsettled_hidden(b) > 0 ? 1U << RELAY_TRICK_ACCEPTED : 0U);

    v->state = board_state(b);
    v->unit = "refused recipients";
    if (v->state == VERDICT_NO)
        return;
    if (v->state == VERDICT_ATTEMPTED) {
        span(b, refused, &v->since_us, &v->last_us);
        v->count = refused_count(b);
    } else if (v->state == VERDICT_EXPOSED) {
        span(b, exposed, &v->since_us, &v->last_us);
        v->count = exposed_count(b);
        v->unit = "accepted recipients";
    } else {
        span(b, 1U << RELAY_DELIVERED, &v->since_us, &v->last_us);
        v->count = b->count[RELAY_DELIVERED];
        v->unit = "relayed recipients";
    }
    name_parties(parties_of(b, v->state), v);
    name_forms(parties_of(b, v->state), v);
    name_tester(b, v);
}

bool relay_board_closed(const struct relay_board *b, int64_t now_us)
{
    int64_t first, last;

    span(b, 1U << RELAY_RCPT_ACCEPTED | 1U << RELAY_QUEUED | 1U << RELAY_DELIVERED, &first, &last);
    return last > 0 && now_us - last >= closed_after_us &&
           b->refused_since_accepted >= CLOSED_REFUSALS;
}

void relay_board_persist(struct relay_board *b, struct state_io *io)
{
    static const struct state_hole holes[] = {STATE_HOLE(struct relay_board, refused.clients),
                                              STATE_HOLE(struct relay_board, accepted.clients),
                                              STATE_HOLE(struct relay_board, delivered.clients),
                                              STATE_HOLE(struct relay_board, mirror),
                                              STATE_HOLE(struct relay_board, mirror_arg)};

    state_struct(io, "relay board", b, sizeof *b, STATE_HOLES(holes));
    space_saving_persist(b->refused.clients, io);
    space_saving_persist(b->accepted.clients, io);
    space_saving_persist(b->delivered.clients, io);
}

static void merge_parties(struct party_table *dst, const struct party_table *src)
{
    space_saving_merge(dst->clients, src->clients);
    hll_merge(&dst->distinct, &src->distinct);
    for (unsigned i = 0; i < FORMS; i++)
        dst->form_count[i] += src->form_count[i];
}

void relay_board_merge(struct relay_board *dst, const struct relay_board *src)
{
    for (unsigned i = 0; i < RELAY_LEVELS; i++) {
        bool first =
            dst->count[i] == 0 || (src->count[i] > 0 && src->first_us[i] < dst->first_us[i]);
        bool last = dst->count[i] == 0 || (src->count[i] > 0 && src->last_us[i] > dst->last_us[i]);
        dst->first_us[i] = first ? src->first_us[i] : dst->first_us[i];
        dst->last_us[i] = last ? src->last_us[i] : dst->last_us[i];
        dst->count[i] += src->count[i];
    }
    merge_parties(&dst->refused, &src->refused);
    merge_parties(&dst->accepted, &src->accepted);
    merge_parties(&dst->delivered, &src->delivered);
    dst->refused_since_accepted += src->refused_since_accepted;
    if (dst->tester[0] == '\0')
        slice_keep(slice_of(src->tester), dst->tester, sizeof dst->tester);
}
