/* sasl_targets.c - one entry an account that is being guessed
 * algorithm: two-generation distinct counts of clients and of their /16 (IPv6 /48); the first
 *            clients by address
 * source:    Javed and Paxson, "Detecting stealthy, distributed SSH brute-forcing" (2013)
 * limits:    a name gets its entry at its second failure; the account with fewest networks is
 *            dropped when full */
#include "detect/sasl_targets.h"

#include <stdlib.h>

#include "base/panic.h"
#include "base/state.h"
#include "base/table.h"
#include "detect/capacity.h"

static const int64_t turn_us = INT64_C(12) * 3600 * 1000000;
static const int64_t idle_us = INT64_C(24) * 3600 * 1000000;
static const float told_score = 1000;

struct sasl_targets {
    struct table *table;
};

static float score(const void *entry, int64_t now_us)
{
    const struct sasl_target *k = entry;
    return (float)sasl_target_places(k, now_us) + (k->told ? told_score : 0);
}

struct sasl_targets *sasl_targets_new(size_t bytes)
{
    struct sasl_targets *t = panic_calloc(1, sizeof *t);
    struct table_spec spec = {.name = "guessed accounts",
                              .capacity = capacity_of(bytes, sizeof(struct sasl_target)),
                              .entry_size = sizeof(struct sasl_target),
                              .doorkeeper = true,
                              .doorkeeper_rotate_us = idle_us,
                              .score = score};

    t->table = table_new(&spec);
    return t;
}

struct sasl_targets *sasl_targets_free(struct sasl_targets *t)
{
    if (t != NULL)
        table_free(t->table);
    free(t);
    return NULL;
}

static void keep_lower(slice user, char *buf, size_t size)
{
    slice_keep(user, buf, size);
    for (size_t i = 0; buf[i] != '\0'; i++)
        buf[i] = slice_lower(buf[i]);
}

struct sasl_target *sasl_targets_fail(struct sasl_targets *t, const struct sasl_attempt *a)
{
    bool created;
    struct sasl_target *k = table_get(t->table, a->user_hash, a->time_us, &created);

    if (k == NULL)
        return NULL;
    if (!created && a->time_us - k->last_us > idle_us) {
        *k = (struct sasl_target){0};
        created = true;
    }
    if (created)
        keep_lower(a->user, k->user, sizeof k->user);
    if (created || a->time_us < k->first_us)
        k->first_us = a->time_us;
    if (a->time_us > k->last_us)
        k->last_us = a->time_us;
    k->failures += a->count;
    recent_set_add(&k->places, a->place, a->time_us, turn_us);
    if (recent_set_add(&k->clients, a->principal, a->time_us, turn_us) &&
        k->early_count < SASL_EARLY_MAX)
        k->early[k->early_count++] = *a->ip;
    return k;
}

const struct sasl_target *sasl_targets_find(struct sasl_targets *t, uint64_t user_hash)
{
    return table_find(t->table, user_hash);
}

unsigned sasl_target_clients(const struct sasl_target *k, int64_t time_us)
{
    return (unsigned)recent_set_count(&k->clients, time_us, turn_us);
}

unsigned sasl_target_places(const struct sasl_target *k, int64_t time_us)
{
    return (unsigned)recent_set_count(&k->places, time_us, turn_us);
}

uint64_t sasl_targets_evictions(const struct sasl_targets *t)
{
    return table_evictions(t->table);
}

size_t sasl_targets_bytes(const struct sasl_targets *t)
{
    return table_bytes(t->table) + sizeof *t;
}

void sasl_targets_persist(struct sasl_targets *t, struct state_io *io)
{
    table_persist(t->table, io);
}
