/* campaign.c - distinct members per shared key
 * algorithm: keyed table, linear-counting distinct counter, the first twelve members by address
 * source:    Javed and Paxson, "Detecting stealthy, distributed SSH brute-forcing" (2013):
 *            detect in aggregate, then name the participants
 * limits:    capacity fixed; the campaign with fewest members goes first */
#include "detect/campaign.h"

#include <stdlib.h>

#include "base/panic.h"
#include "base/state.h"

struct campaigns {
    struct table *table;
    int64_t idle_us;
};

static float size_score(const void *entry, int64_t now_us)
{
    const struct campaign *c = entry;
    return (float)distinct_count(&c->members) - (float)((double)(now_us - c->last_us) / 3600e6);
}

struct campaigns *campaigns_new(const char *name, uint32_t capacity, int64_t idle_us)
{
    struct campaigns *c = panic_calloc(1, sizeof *c);
    struct table_spec spec = {.name = name,
                              .capacity = capacity,
                              .entry_size = sizeof(struct campaign),
                              .score = size_score};

    c->table = table_new(&spec);
    c->idle_us = idle_us;
    return c;
}

struct campaigns *campaigns_free(struct campaigns *c)
{
    if (c != NULL)
        table_free(c->table);
    free(c);
    return NULL;
}

struct campaign *campaigns_add(struct campaigns *c, uint64_t key, uint64_t member_hash,
                               const struct ip_addr *member, int64_t time_us)
{
    bool created;
    struct campaign *k = table_get(c->table, key, time_us, &created);

    if (!created && time_us - k->last_us > c->idle_us) {
        memset(k, 0, sizeof *k);
        created = true;
    }
    if (created || time_us < k->first_us)
        k->first_us = time_us;
    if (time_us > k->last_us)
        k->last_us = time_us;
    k->events++;
    if (distinct_add(&k->members, member_hash) && k->early_count < CAMPAIGN_EARLY_MEMBERS)
        k->early[k->early_count++] = *member;
    return k;
}

static void put_member(const struct ip_addr *ip, struct alert_related *ret)
{
    char text[IP_ADDR_TEXT];

    ret->type = ENTITY_IP;
    slice_keep(ip_addr_format(ip, text), ret->value, sizeof ret->value);
}

unsigned campaign_members(const struct campaign *c, const struct ip_addr *present,
                          struct alert_related *ret)
{
    unsigned n = 0;

    for (; n < c->early_count; n++)
        put_member(&c->early[n], &ret[n]);
    put_member(present, &ret[n]);
    return n + 1;
}

bool campaign_covers(struct campaign *c, unsigned spread)
{
    if (crowd_stands_out(spread, distinct_count(&c->members)) &&
        c->outstanding < CROWD_OUTSTANDING) {
        c->outstanding++;
        return false;
    }
    if (c->named >= CAMPAIGN_NAMED)
        return true;
    c->named++;
    return false;
}

uint64_t campaigns_evictions(const struct campaigns *c)
{
    return table_evictions(c->table);
}

size_t campaigns_bytes(const struct campaigns *c)
{
    return table_bytes(c->table) + sizeof *c;
}

void campaigns_persist(struct campaigns *c, struct state_io *io)
{
    table_persist(c->table, io);
}
