/* servers.c - one row a server: told apart by a keyed hash of host and family
 * algorithm: figures of the run are read when the server changes, and what was added in between is
 *            the server's that was the present one: stages count once, and know of no servers
 * limits:    see servers.h. What one server's log shows about mail that another took is of the one
 *            that shows it; refusals held back (a user who forgot to log in, it seemed) are of the
 *            server that made it clear */
#include "servers.h"

#include <stdlib.h>

#include "base/hll.h"
#include "base/panic.h"
#include "base/state.h"

struct servers {
    struct servers_config config;
    struct server *present;      /* NULL: none yet */
    struct correlate_stats mark; /* the figures when it became that */
    uint64_t events_mark;
    struct server list[SERVERS_MAX + 1]; /* the last one is the rest */
    uint32_t count;                      /* without the rest */
    struct hll rest;                     /* the different servers of it */
};

struct servers *servers_new(const struct servers_config *config)
{
    struct servers *s = panic_calloc(1, sizeof *s);

    s->config = *config;
    return s;
}

struct servers *servers_free(struct servers *s)
{
    if (s == NULL)
        return NULL;
    for (unsigned i = 0; i <= SERVERS_MAX; i++)
        relay_board_free(s->list[i].board);
    free(s);
    return NULL;
}

slice server_family(const char *mta)
{
    const slice exchange = SLICE_LIT("exchange");
    slice name = slice_of(mta);

    return slice_starts(name, exchange) ? slice_first(name, exchange.len) : name;
}

/* ---- which server ---- */

/* The directory of a log; empty for a pipe, and for a name without one. */
static slice directory_of(const struct servers *s, uint32_t source)
{
    slice name = slice_of(s->config.source_name(s->config.source_arg, source));
    size_t slash = slice_rfind_byte(name, '/');

    return slash == name.len ? SLICE_LIT("") : slice_first(name, slash == 0 ? 1 : slash);
}

static uint64_t hash_of(const struct servers *s, slice host, slice directory, const char *mta)
{
    uint64_t family = siphash13_lower(&s->config.key, server_family(mta));

    if (host.len > 0)
        return hash_mix(family, siphash13_lower(&s->config.key, host));
    return hash_mix(family + 1, siphash13(&s->config.key, directory.ptr, directory.len));
}

static struct server *find(struct servers *s, uint64_t hash)
{
    for (unsigned i = 0; i < s->count; i++)
        if (s->list[i].hash == hash)
            return &s->list[i];
    return NULL;
}

/* A row for a server that has none: its own, or that of the rest. */
static struct server *row_for(struct servers *s, uint64_t hash)
{
    if (s->count == SERVERS_MAX) {
        hll_add(&s->rest, hash);
        return &s->list[SERVERS_MAX];
    }
    s->list[s->count].hash = hash;
    return &s->list[s->count++];
}

static struct server *server_of(struct servers *s, const struct event *ev,
                                const struct parser *parser)
{
    slice host = event_field(ev, EF_HOST), directory = directory_of(s, ev->pos.source);
    uint64_t hash = hash_of(s, host, directory, parser->name);
    struct server *row = find(s, hash);

    if (row != NULL)
        return row;
    row = row_for(s, hash);
    if (row == &s->list[SERVERS_MAX])
        return row;
    slice_keep(host, row->host, sizeof row->host);
    slice_keep(directory, row->directory, sizeof row->directory);
    slice_keep(slice_of(parser->name), row->mta, sizeof row->mta);
    row->logins_only = parser->logins_only;
    return row;
}

/* ---- counting ---- */

static void widen(struct server *row, int64_t first_us, int64_t last_us)
{
    if (row->events == 0 || first_us < row->first_us)
        row->first_us = first_us;
    if (row->events == 0 || last_us > row->last_us)
        row->last_us = last_us;
}

/* What came since it is the present one, up to so many events, is its own. */
static void settle(struct servers *s, uint64_t events, int64_t last_us)
{
    const struct correlate_stats *live = correlate_live(s->config.correlate);

    if (s->present != NULL && events > s->events_mark) {
        correlate_stats_add(&s->present->stats, live, &s->mark);
        widen(s->present, s->present->first_us, last_us);
        s->present->events += events - s->events_mark;
    }
    s->mark = *live;
    s->events_mark = events;
}

void servers_turn(struct servers *s, const struct event *ev, const struct parser *parser,
                  int64_t last_us)
{
    struct server *row = server_of(s, ev, parser);

    if (row == s->present)
        return;
    settle(s, *s->config.events - 1, last_us);
    s->present = row;
    if (row->events == 0 || ev->time_us < row->first_us)
        row->first_us = ev->time_us;
    if (row->events == 0)
        row->last_us = ev->time_us;
}

struct relay_board *servers_board(void *arg)
{
    struct servers *s = arg;

    ASSERT(s->present != NULL);
    if (s->present->board == NULL)
        s->present->board = relay_board_new_small();
    return s->present->board;
}

/* ---- reading ---- */

static bool is_own_board(const struct servers *s, const struct relay_board *board)
{
    for (unsigned i = 0; i <= SERVERS_MAX; i++)
        if (s->list[i].board == board)
            return true;
    return false;
}

static void add_board(const struct servers *s, struct server *to, const struct relay_board *board)
{
    struct relay_board *sum;

    if (board == NULL)
        return;
    if (to->board == NULL || is_own_board(s, to->board)) { /* that one is only borrowed */
        sum = relay_board_new_small();
        if (to->board != NULL)
            relay_board_merge(sum, to->board);
        to->board = sum;
    }
    relay_board_merge(to->board, board);
}

static void add_figures(struct server *to, const struct server *from)
{
    const struct correlate_stats zero = {0};

    if (from->events == 0)
        return;
    widen(to, from->first_us, from->last_us);
    to->events += from->events;
    correlate_stats_add(&to->stats, &from->stats, &zero);
}

static bool is_nameless(const struct server *a)
{
    return a->host[0] == '\0';
}

static bool share_directory(const struct server *a, const struct server *b)
{
    return strcmp(a->directory, b->directory) == 0;
}

/* A login daemon is of the mail server on its host, or beside its log. */
static bool serves_logins_of(const struct server *guest, const struct server *home)
{
    if (!guest->logins_only || home->logins_only)
        return false;
    return is_nameless(guest) ? share_directory(home, guest)
                              : slice_ieq(slice_of(home->host), slice_of(guest->host));
}

/* A log without a name, beside one of the same family that has one. */
static bool is_named_by(const struct server *guest, const struct server *home)
{
    return is_nameless(guest) && !is_nameless(home) && share_directory(home, guest) &&
           slice_eq(server_family(home->mta), server_family(guest->mta));
}

/* The only one that `fits`; NULL: none, or it might be several. */
static struct server *home_of(const struct server *guest, struct server *list, unsigned count,
                              bool (*fits)(const struct server *guest, const struct server *home))
{
    struct server *home = NULL;

    for (unsigned i = 0; i < count; i++) {
        if (&list[i] == guest || list[i].others > 0 || !fits(guest, &list[i]))
            continue;
        if (home != NULL)
            return NULL;
        home = &list[i];
    }
    return home;
}

static bool comes_before(const struct server *a, const struct server *b)
{
    int order;

    if (a->others != b->others)
        return a->others == 0;
    if (a->first_us != b->first_us)
        return a->first_us < b->first_us;
    order = strcmp(a->host, b->host);
    order = order != 0 ? order : strcmp(a->mta, b->mta);
    return (order != 0 ? order : strcmp(a->directory, b->directory)) < 0;
}

static void sort(struct server *list, unsigned count)
{
    for (unsigned i = 1; i < count; i++) {
        struct server moved = list[i];
        unsigned at = i;
        for (; at > 0 && comes_before(&moved, &list[at - 1]); at--)
            list[at] = list[at - 1];
        list[at] = moved;
    }
}

static void find_homes(struct server *list, unsigned count, struct server **homes)
{
    for (unsigned i = 0; i < count; i++) {
        homes[i] = NULL;
        if (list[i].others == 0)
            homes[i] = home_of(&list[i], list, count, serves_logins_of);
        if (list[i].others == 0 && homes[i] == NULL)
            homes[i] = home_of(&list[i], list, count, is_named_by);
    }
    for (unsigned i = 0; i < count; i++) /* a guest's guest */
        if (homes[i] != NULL && homes[homes[i] - list] != NULL)
            homes[i] = homes[homes[i] - list];
}

/* Guests move into their homes; what is left closes up. */
static unsigned fold(const struct servers *s, struct server *list, unsigned count)
{
    struct server *homes[SERVERS_MAX + 1];
    unsigned kept = 0;

    find_homes(list, count, homes);
    for (unsigned i = 0; i < count; i++) {
        if (homes[i] == NULL)
            continue;
        add_figures(homes[i], &list[i]);
        add_board(s, homes[i], list[i].board);
    }
    for (unsigned i = 0; i < count; i++)
        if (homes[i] == NULL)
            list[kept++] = list[i];
    return kept;
}

unsigned servers_list(struct servers *s, int64_t last_us, struct server *ret)
{
    unsigned count = s->count;

    settle(s, *s->config.events, last_us);
    memcpy(ret, s->list, count * sizeof *ret);
    if (s->list[SERVERS_MAX].events > 0) {
        double others = hll_count(&s->rest);
        ret[count] = s->list[SERVERS_MAX];
        ret[count++].others = others < 1.5 ? 1 : (uint32_t)(others + 0.5);
    }
    count = fold(s, ret, count);
    sort(ret, count);
    return count;
}

void servers_list_free(const struct servers *s, struct server *list, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        if (list[i].board != NULL && !is_own_board(s, list[i].board))
            relay_board_free(list[i].board);
}

/* ---- going on, adding up ---- */

void servers_persist(struct servers *s, int64_t last_us, struct state_io *io)
{
    static const struct state_hole holes[] = {STATE_HOLE(struct server, board)};
    uint64_t boards[2] = {0}; /* which rows have one */

    settle(s, *s->config.events, last_us);
    for (unsigned i = 0; i <= SERVERS_MAX; i++)
        boards[i / 64] |= (uint64_t)(s->list[i].board != NULL) << i % 64;
    s->count = (uint32_t)state_number(io, "servers known", s->count);
    if (s->count > SERVERS_MAX) {
        s->count = 0;
        state_fail(io, "servers");
        return;
    }
    state_array(io, "servers", s->list, sizeof s->list[0], SERVERS_MAX + 1, STATE_HOLES(holes));
    state_bytes(io, "servers beyond", &s->rest, sizeof s->rest, 1);
    state_bytes(io, "servers with a board", boards, sizeof boards, 1);
    for (unsigned i = 0; i <= SERVERS_MAX && state_good(io); i++) {
        if (!(boards[i / 64] >> i % 64 & 1))
            continue;
        if (s->list[i].board == NULL)
            s->list[i].board = relay_board_new_small();
        relay_board_persist(s->list[i].board, io);
    }
}

void servers_merge(struct servers *dst, struct servers *src)
{
    for (unsigned i = 0; i <= SERVERS_MAX; i++) {
        const struct server *from = &src->list[i];
        struct server *to = i == SERVERS_MAX ? &dst->list[SERVERS_MAX] : find(dst, from->hash);
        if (from->events == 0)
            continue;
        if (to == NULL)
            to = row_for(dst, from->hash);
        if (to->events == 0 && to != &dst->list[SERVERS_MAX]) {
            *to = *from;
            to->events = 0;
            to->stats = (struct correlate_stats){0};
            to->board = NULL;
        }
        add_figures(to, from);
        if (from->board != NULL && to->board == NULL)
            to->board = relay_board_new_small();
        if (from->board != NULL)
            relay_board_merge(to->board, from->board);
    }
    hll_merge(&dst->rest, &src->rest);
}
