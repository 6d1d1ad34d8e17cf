/* summarize_servers.c - the answers for each server, by the same rules as those for the run
 * algorithm: the summary's own verdicts, made from what is known of one server: its relay board,
 *            its figures of coverage and the incidents whose first event it wrote
 * limits:    an incident is of one entity and rule: somebody who troubles several servers has one,
 *            which counts where it began. Relaying is counted where it was seen */
#include "summarize.h"

#include <stdlib.h>

#include "base/panic.h"

/* Is this row the server that wrote the alert's first event? 0: no; more: the better fit. */
static unsigned fit(const struct server *s, const struct alert *a)
{
    bool family = slice_eq(server_family(s->mta), server_family(a->mta));
    bool host = slice_ieq(slice_of(s->host), slice_of(a->host));
    slice directory = slice_of(s->directory);
    slice source = a->samples_count == 0 ? SLICE_NONE : slice_of(a->samples[0].source);

    if (s->others > 0)
        return 1;
    if (a->host[0] != '\0')
        return host ? 2U + family : 0;
    if (!family)
        return 0;
    if (directory.len == 0 || source.len == 0)
        return 2U + host;
    return 2U + host +
           2U * slice_starts(source, slice_first(directory, sizeof a->samples[0].source - 1));
}

static unsigned server_of(const struct summarize_from *from, const struct alert *a)
{
    unsigned best = from->servers_count, best_fit = 0;

    for (unsigned i = 0; i < from->servers_count; i++) {
        unsigned f = fit(&from->servers[i], a);
        if (f > best_fit) {
            best = i;
            best_fit = f;
        }
    }
    return best;
}

static unsigned incidents_of(const struct summarize_from *from, const unsigned *owner,
                             unsigned server, const struct alert **ret)
{
    unsigned n = 0;

    for (unsigned i = 0; i < from->incidents_count; i++)
        if (owner[i] == server)
            ret[n++] = from->incidents[i];
    return n;
}

static double share(uint64_t part, uint64_t whole)
{
    return whole == 0 ? -1 : (double)part / (double)whole;
}

static void fill_names(const struct server *s, struct server_row *row)
{
    slice_keep(slice_of(s->host), row->host, sizeof row->host);
    if (s->host[0] == '\0')
        slice_keep(slice_of(s->directory), row->source, sizeof row->source);
    slice_keep(server_family(s->mta), row->mta, sizeof row->mta);
    row->others = s->others;
}

static void fill_row(const struct summarize_from *part, const struct server *s,
                     enum zones_origin zones, struct server_row *row)
{
    struct verdict *verdicts = panic_calloc(TOPIC_COUNT, sizeof *verdicts);

    fill_names(s, row);
    row->events = s->events;
    row->last_us = s->last_us < part->now_us ? s->last_us : part->now_us; /* broken clocks */
    row->first_us = s->first_us < row->last_us ? s->first_us : row->last_us;
    row->rcpt_decisions_visible = share(s->stats.sessions_with_rcpt, s->stats.sessions);
    row->client_known = share(s->stats.queued_client_known, s->stats.queued);
    row->unjudged = s->stats.unjudged;
    summarize_verdicts(part, zones, verdicts);
    row->relay = verdicts[TOPIC_RELAY];
    for (unsigned i = 0; i < TOPIC_COUNT; i++) {
        const struct verdict *v = &verdicts[i];
        row->topic[i] = (struct server_topic){.state = v->state,
                                              .no_evidence = v->no_evidence,
                                              .since_us = v->since_us,
                                              .last_us = v->last_us,
                                              .count = v->count,
                                              .unit = v->unit,
                                              .advice = v->advice};
    }
    free(verdicts);
}

static enum verdict_state worst(const struct server_row *row)
{
    enum verdict_state state = VERDICT_NO;

    for (unsigned i = 0; i < TOPIC_COUNT; i++)
        state = row->topic[i].state > state ? row->topic[i].state : state;
    return state;
}

/* The worst answer first; relaying decides between equals, then how much of it. */
static int by_urgency(const void *a, const void *b)
{
    const struct server_row *x = a, *y = b;
    int order;

    if (worst(x) != worst(y))
        return worst(x) < worst(y) ? 1 : -1;
    if (x->relay.state != y->relay.state)
        return x->relay.state < y->relay.state ? 1 : -1;
    if (x->relay.count != y->relay.count)
        return x->relay.count < y->relay.count ? 1 : -1;
    order = strcmp(x->host, y->host);
    order = order != 0 ? order : strcmp(x->mta, y->mta);
    return order != 0 ? order : strcmp(x->source, y->source);
}

void summarize_servers(const struct summarize_from *from, struct summary *s)
{
    unsigned *owner = panic_calloc((size_t)from->incidents_count + 1, sizeof *owner);
    const struct alert **list = panic_calloc((size_t)from->incidents_count + 1, sizeof *list);
    struct relay_board *nothing = relay_board_new_small();

    for (unsigned i = 0; i < from->incidents_count; i++)
        owner[i] = server_of(from, from->incidents[i]);
    s->servers = panic_calloc((size_t)from->servers_count + 1, sizeof *s->servers);
    s->servers_count = from->servers_count;
    for (unsigned i = 0; i < from->servers_count; i++) {
        const struct server *server = &from->servers[i];
        struct summarize_from part = *from;
        part.board = server->board != NULL ? server->board : nothing;
        part.stats = &server->stats;
        part.mta = server->mta;
        part.host = server->host;
        part.incidents = list;
        part.incidents_count = incidents_of(from, owner, i, list);
        fill_row(&part, server, s->coverage.zones, &s->servers[i]);
    }
    qsort(s->servers, s->servers_count, sizeof *s->servers, by_urgency);
    relay_board_free(nothing);
    free(list);
    free(owner);
}
