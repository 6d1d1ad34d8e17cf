/* culprits.c - who may be named to others
 * source:   block_set.h
 * limits:   of a network only the members that the alert lists */
#include "output/culprits.h"

#include <stdlib.h>

#include "base/panic.h"
#include "output/block_set.h"

static const struct block_policy default_policy = {.min_severity = SEVERITY_MEDIUM};

static const struct block_policy *policy_of(const struct run_info *run)
{
    return run->block != NULL ? run->block : &default_policy;
}

static bool is_known(const struct culprits *c, const struct alert *a, const struct ip_addr *ip)
{
    for (unsigned i = c->count; i > 0 && c->list[i - 1].alert == a; i--)
        if (ip_addr_eq(&c->list[i - 1].ip, ip))
            return true;
    return false;
}

static void add(struct culprits *c, const struct culprit *one)
{
    if (c->count == c->capacity) {
        struct culprit *grown;
        c->capacity = c->capacity == 0 ? 64 : 2 * c->capacity;
        grown = panic_calloc(c->capacity, sizeof *grown);
        if (c->count > 0)
            memcpy(grown, c->list, c->count * sizeof *grown);
        free(c->list);
        c->list = grown;
    }
    c->list[c->count++] = *one;
}

static void take(struct culprits *c, const struct block_policy *policy, const struct alert *a,
                 const struct ip_addr *ip, bool is_source)
{
    struct ip_net net = ip_net_of(ip, 32, 128);
    const char *why;

    if (ip->family == 0 || is_known(c, a, ip))
        return;
    why = block_refusal(policy, a, &net);
    if (why == NULL || why == block_shared)
        add(c, &(struct culprit){*ip, a, is_source, why == block_shared});
}

void culprits_build(const struct run_info *run, const struct alert *const *incidents,
                    unsigned count, struct culprits *ret)
{
    const struct block_policy *policy = policy_of(run);

    *ret = (struct culprits){0};
    for (unsigned i = 0; i < count; i++) {
        const struct alert *a = incidents[i];
        struct ip_addr ip = alert_source(a);
        if (!block_names_attackers(a) || a->severity < policy->min_severity ||
            block_is_flood_sender(a, incidents, count))
            continue;
        take(ret, policy, a, &ip, true);
        for (unsigned k = 0; k < a->related_count; k++)
            if (a->related[k].type == ENTITY_IP &&
                ip_addr_parse(slice_of(a->related[k].value), &ip))
                take(ret, policy, a, &ip, false);
    }
}

void culprits_free(struct culprits *c)
{
    free(c->list);
    *c = (struct culprits){0};
}

static int by_address(const void *x, const void *y)
{
    const struct culprit *a = x, *b = y;

    if (a->ip.family != b->ip.family)
        return (int)a->ip.family - (int)b->ip.family;
    if (a->ip.hi != b->ip.hi)
        return a->ip.hi < b->ip.hi ? -1 : 1;
    if (a->ip.lo != b->ip.lo)
        return a->ip.lo < b->ip.lo ? -1 : 1;
    if (a->is_source != b->is_source)
        return a->is_source ? -1 : 1;
    if (a->alert->severity != b->alert->severity)
        return (int)b->alert->severity - (int)a->alert->severity;
    return strcmp(a->alert->id, b->alert->id);
}

void culprits_by_address(struct culprits *c)
{
    if (c->count > 1)
        qsort(c->list, c->count, sizeof *c->list, by_address);
}

bool culprits_is_first(const struct culprits *c, unsigned i)
{
    return i == 0 || !ip_addr_eq(&c->list[i].ip, &c->list[i - 1].ip);
}

int64_t culprits_expire_us(const struct run_info *run, const struct alert *a)
{
    return a->last_us + block_expire_us(policy_of(run), a->severity);
}
