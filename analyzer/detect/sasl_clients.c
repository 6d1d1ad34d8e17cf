/* sasl_clients.c - one entry a client that failed to log in
 * algorithm: Bernoulli CUSUM of failures and logins, P(fail) .15 of people, .90 of guessers,
 *            half-life a day, so that six failures in a row reach 9.2 at any tempo; distinct
 *            accounts by linear counting
 * source:    Jung et al., "Fast portscan detection using sequential hypothesis testing" (2004):
 *            TRW; the design's D11
 * limits:    the first six accounts are counted one by one; the least suspicious client is dropped
 *            when full; of failures before a full table let a client in three at most are known,
 *            and not of which accounts */
#include "detect/sasl_clients.h"

#include <math.h>
#include <stdlib.h>

#include "base/panic.h"
#include "base/state.h"
#include "base/table.h"
#include "detect/capacity.h"

enum { COUNT_MAX = 32 }; /* repeats of one line beyond this change no verdict */

static const double s_half_life_us = 24 * 3600e6;
static const double burst_half_life_us = 300e6;
static const int64_t idle_us = INT64_C(48) * 3600 * 1000000;
static const int64_t recent_us = INT64_C(24) * 3600 * 1000000;
static const double told_score = 100;

struct sasl_clients {
    struct table *table;
    struct bernoulli_llr llr;
};

static float score(const void *entry, int64_t now_us)
{
    const struct sasl_client *k = entry;
    return (float)(sasl_client_level(k, now_us) + (k->told ? told_score : 0));
}

struct sasl_clients *sasl_clients_new(size_t bytes, struct tally *tally)
{
    struct sasl_clients *c = panic_calloc(1, sizeof *c);
    struct table_spec spec = {.name = "password guessers",
                              .capacity = capacity_of(bytes, sizeof(struct sasl_client)),
                              .entry_size = sizeof(struct sasl_client),
                              .score = score,
                              .tally = tally};

    c->table = table_new(&spec);
    c->llr = bernoulli_llr_of(.15, .90);
    return c;
}

struct sasl_clients *sasl_clients_free(struct sasl_clients *c)
{
    if (c != NULL)
        table_free(c->table);
    free(c);
    return NULL;
}

static uint32_t tag_of(uint64_t user_hash)
{
    return (uint32_t)(user_hash >> 32) | 1U;
}

static void count_against(struct sasl_client *k, uint64_t user_hash, uint32_t count)
{
    for (unsigned i = 0; i < SASL_TRIED_MAX; i++) {
        struct sasl_tried *t = &k->tried[i];
        if (t->tag != 0 && t->tag != tag_of(user_hash))
            continue;
        t->tag = tag_of(user_hash);
        t->failures += count;
        return;
    }
}

/* Whoever was kept outside by a flood begins with the failures that the tally knows of. */
static void believe(const struct sasl_clients *c, struct sasl_client *k, int64_t time_us)
{
    unsigned spread = table_spread(k);
    unsigned n = spread <= TALLY_BELIEVED ? spread - 1 : TALLY_BELIEVED;

    if (n == 0)
        return;
    k->failures = n;
    cusum_add(&k->s, time_us, s_half_life_us, n * (double)c->llr.bad);
    decayed_add(&k->day, time_us, s_half_life_us, n);
}

static struct sasl_client *open_client(struct sasl_clients *c, uint64_t principal,
                                       const struct ip_addr *ip, int64_t time_us)
{
    bool created;
    struct sasl_client *k = table_get(c->table, principal, time_us, &created);

    if (created)
        believe(c, k, time_us);
    if (!created && time_us - k->last_us > idle_us) {
        *k = (struct sasl_client){0};
        created = true;
    }
    if (created)
        k->ip = *ip;
    if (created || time_us < k->first_us)
        k->first_us = time_us;
    if (time_us > k->last_us)
        k->last_us = time_us;
    return k;
}

struct sasl_client *sasl_clients_fail(struct sasl_clients *c, uint64_t principal,
                                      const struct ip_addr *ip, uint64_t user_hash, uint32_t count,
                                      int64_t time_us)
{
    struct sasl_client *k = open_client(c, principal, ip, time_us);
    uint32_t n = count < COUNT_MAX ? count : COUNT_MAX;

    k->failures += count;
    cusum_add(&k->s, time_us, s_half_life_us, n * (double)c->llr.bad);
    k->fast |= decayed_add(&k->burst, time_us, burst_half_life_us, n) >= SASL_FAST;
    decayed_add(&k->day, time_us, s_half_life_us, count);
    if (user_hash == 0) {
        k->unnamed += count;
        return k;
    }
    distinct_add(&k->users, user_hash);
    count_against(k, user_hash, count);
    return k;
}

void sasl_clients_login(struct sasl_clients *c, uint64_t principal, uint64_t user_hash,
                        int64_t time_us)
{
    struct sasl_client *k = table_find(c->table, principal);

    if (k == NULL)
        return;
    if (user_hash != 0)
        distinct_add(&k->logins, user_hash);
    cusum_add(&k->s, time_us, s_half_life_us, c->llr.good);
}

const struct sasl_client *sasl_clients_recent(struct sasl_clients *c, uint64_t principal,
                                              int64_t time_us)
{
    const struct sasl_client *k = table_find(c->table, principal);
    return k == NULL || time_us - k->last_us > recent_us ? NULL : k;
}

uint32_t sasl_client_against(const struct sasl_client *k, uint64_t user_hash)
{
    for (unsigned i = 0; i < SASL_TRIED_MAX; i++)
        if (k->tried[i].tag == tag_of(user_hash))
            return k->tried[i].failures;
    return 0;
}

unsigned sasl_client_spread(const struct sasl_client *k)
{
    return table_spread(k);
}

double sasl_client_level(const struct sasl_client *k, int64_t time_us)
{
    return (double)cusum_at(&k->s, time_us, s_half_life_us);
}

uint64_t sasl_clients_evictions(const struct sasl_clients *c)
{
    return table_evictions(c->table);
}

size_t sasl_clients_bytes(const struct sasl_clients *c)
{
    return table_bytes(c->table) + sizeof *c;
}

void sasl_clients_persist(struct sasl_clients *c, struct state_io *io)
{
    table_persist(c->table, io);
}
