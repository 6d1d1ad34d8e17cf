/* block_set.c - candidates, refusals, aggregation
 *
 * Entries are disjoint: what lies in a wider entry goes into it, and two halves of a network become
 * one when both are listed. An entry made of several lasts as long as the longest of them and names
 * the most severe.
 * source:   shared_senders.def; the rules of block_names_attackers().
 * limits:   that an address is shared (NAT, a provider's server) shows in its verified name only,
 *           which is that of an alert's first client. An account's own address is never listed for
 *           what the account did: it may be its owner's. */
#include "output/block_set.h"

#include <stdlib.h>

#include "base/panic.h"
#include "output/alert_view.h"

enum { CANDIDATES_MAX = 4 * BLOCK_ENTRIES_MAX };
static const int64_t day_us = INT64_C(86400) * 1000000;

static const char *const shared_senders[] = {
#define SHARED(suffix) suffix,
#include "output/shared_senders.def"
#undef SHARED
};

const char block_shared[] = "a provider's server that others send through";

/* ---- who ---- */

int64_t block_expire_us(const struct block_policy *policy, enum severity severity)
{
    if (policy->expire_us > 0)
        return policy->expire_us;
    return severity >= SEVERITY_HIGH ? 7 * day_us : day_us;
}

bool block_names_attackers(const struct alert *a)
{
    switch (a->rule) {
    case RULE_RELAY_PROBE:
    case RULE_RELAY_ACCEPTED:
    case RULE_SASL_BRUTE:
    case RULE_SASL_SPRAY:
    case RULE_SASL_DISTRIBUTED:
    case RULE_SASL_BRUTE_SUCCESS:
    case RULE_REVERSE_NDR:
    case RULE_HARVEST:
    case RULE_PROTOCOL:
        return true;
    default: /* innocent, our own, or an address that may be the account owner's */
        return false;
    }
}

static bool overlaps(const struct ip_net *a, const struct ip_net *b)
{
    return ip_net_contains(a, &b->base) || ip_net_contains(b, &a->base);
}

static bool is_allowed(const struct block_policy *policy, const struct ip_net *net)
{
    for (unsigned i = 0; i < policy->allow_count; i++)
        if (overlaps(&policy->allow[i], net))
            return true;
    return false;
}

/* The verified name, when it is that of an address in the network. */
static slice name_of(const struct alert *a, const struct ip_net *net)
{
    return ip_net_contains(net, &a->client) ? slice_of(a->client_name) : SLICE_NONE;
}

static bool is_shared(slice name)
{
    for (size_t i = 0; i < sizeof shared_senders / sizeof shared_senders[0]; i++) {
        slice suffix = slice_of(shared_senders[i]), end;
        if (name.len < suffix.len)
            continue;
        end = slice_from(name, name.len - suffix.len);
        if (slice_ieq(end, suffix) &&
            (end.len == name.len || name.ptr[name.len - end.len - 1] == '.'))
            return true;
    }
    return false;
}

static const char *zone_refusal(const struct zones *zones, const struct ip_net *net, slice name)
{
    if (zones == NULL)
        return NULL;
    switch (zones_network(zones, net)) {
    case CLIENT_TRUSTED:
        return "trusted network";
    case CLIENT_FRONTEND:
        return "front end: others are behind it";
    default:
        return name.len > 0 && zones_domain(zones, name) == DOMAIN_LOCAL
                   ? "its verified name is in a domain of ours"
                   : NULL;
    }
}

const char *block_refusal(const struct block_policy *policy, const struct alert *a,
                          const struct ip_net *net)
{
    slice name = name_of(a, net);
    const char *why;
    unsigned floor = net->base.family == 6 ? BLOCK_V6_FLOOR : BLOCK_V4_FLOOR;

    if (ip_addr_is_private(&net->base))
        return "inside address";
    if ((why = zone_refusal(policy->zones, net, name)) != NULL)
        return why;
    if (is_allowed(policy, net))
        return "on the allow list";
    if (is_shared(name))
        return block_shared;
    if (net->bits < floor)
        return "network too wide";
    return NULL;
}

/* Those who bounce a flood at us look like attackers: they offer recipients that do not exist. */
bool block_is_flood_sender(const struct alert *a, const struct alert *const *incidents,
                           unsigned count)
{
    if (!a->null_sender || alert_is_login(a))
        return false;
    for (unsigned i = 0; i < count; i++) {
        const struct alert *f = incidents[i];
        if (f->rule == RULE_NDR_FLOOD && f->first_us - day_us <= a->last_us &&
            a->first_us <= f->last_us + day_us)
            return true;
    }
    return false;
}

/* ---- candidates ---- */

struct builder {
    const struct block_policy *policy;
    const struct alert *const *incidents;
    unsigned incidents_count;
    struct block_set *set;
};

static void skip(struct block_set *set, slice what, const struct alert *a, const char *why)
{
    struct block_skip *s = &set->skips[set->skips_count];

    for (unsigned i = 0; i < set->skips_count; i++)
        if (slice_eq(slice_of(set->skips[i].what), what) && set->skips[i].why == why)
            return;
    set->skips_total++;
    if (set->skips_count == BLOCK_SKIPS_MAX)
        return;
    slice_keep(what, s->what, sizeof s->what);
    s->rule = alert_rule(a)->id;
    s->why = why;
    set->skips_count++;
}

static void add(struct block_set *set, const struct block_entry *e)
{
    if (set->count == set->capacity) {
        set->capacity = set->capacity == 0 ? 64 : 2 * set->capacity;
        struct block_entry *grown = panic_calloc(set->capacity, sizeof *grown);
        if (set->count > 0)
            memcpy(grown, set->entries, set->count * sizeof *grown);
        free(set->entries);
        set->entries = grown;
    }
    set->entries[set->count++] = *e;
}

static void candidate(struct builder *b, const struct alert *a, const struct ip_net *net,
                      bool whole)
{
    char text[IP_NET_TEXT];
    const char *why = block_refusal(b->policy, a, net);
    struct block_entry e = {.net = *net,
                            .severity = a->severity,
                            .rules = {alert_rule(a)->id},
                            .rules_count = 1,
                            .last_us = a->last_us,
                            .expires_us = a->last_us + block_expire_us(b->policy, a->severity),
                            .merged = 1,
                            .whole = whole};

    if (why == NULL && block_is_flood_sender(a, b->incidents, b->incidents_count))
        why = "sends bounces while a flood of them comes in";
    if (why == NULL && whole && !b->policy->networks)
        why = "a whole network; --block-networks lists it";
    if (why != NULL) {
        skip(b->set, block_net_text(net, text), a, why);
        return;
    }
    memcpy(e.id, a->id, sizeof e.id);
    if (b->set->count < CANDIDATES_MAX)
        add(b->set, &e);
    else
        b->set->dropped++;
}

/* An address or network of an alert; IPv6 clients count as their /64. */
static void take_entity(struct builder *b, const struct alert *a, enum entity_type type, slice text)
{
    struct ip_net net;

    if ((type != ENTITY_IP && type != ENTITY_NETWORK) || !ip_net_parse(text, &net))
        return;
    if (type == ENTITY_IP && net.base.family == 6 && net.bits > BLOCK_V6_CLIENT)
        net = ip_net_of(&net.base, 32, BLOCK_V6_CLIENT);
    candidate(b, a, &net, type == ENTITY_NETWORK);
}

static void take_alert(struct builder *b, const struct alert *a)
{
    if (!block_names_attackers(a) || a->severity < b->policy->min_severity ||
        a->last_us + block_expire_us(b->policy, a->severity) <= b->set->now_us)
        return;
    take_entity(b, a, a->entity_type, slice_of(a->entity));
    for (unsigned i = 0; i < a->related_count; i++)
        take_entity(b, a, a->related[i].type, slice_of(a->related[i].value));
}

/* ---- order and aggregation ---- */

static int compare_u64(uint64_t a, uint64_t b)
{
    return a < b ? -1 : a > b;
}

/* By place: what contains comes before what it contains. Equal places: most severe first. */
static int by_place(const void *x, const void *y)
{
    const struct block_entry *a = x, *b = y;
    int c = (int)a->net.base.family - (int)b->net.base.family;

    if (c == 0)
        c = compare_u64(a->net.base.hi, b->net.base.hi);
    if (c == 0)
        c = compare_u64(a->net.base.lo, b->net.base.lo);
    if (c == 0)
        c = (int)a->net.bits - (int)b->net.bits;
    if (c == 0)
        c = (int)b->severity - (int)a->severity;
    return c == 0 ? strcmp(a->id, b->id) : c;
}

static int by_weight(const void *x, const void *y)
{
    const struct block_entry *a = x, *b = y;

    if (a->severity != b->severity)
        return (int)b->severity - (int)a->severity;
    if (a->last_us != b->last_us)
        return a->last_us > b->last_us ? -1 : 1;
    return by_place(x, y);
}

static void name_rule(struct block_entry *e, const char *rule)
{
    for (unsigned i = 0; i < e->rules_count; i++)
        if (strcmp(e->rules[i], rule) == 0)
            return;
    if (e->rules_count < BLOCK_RULES_MAX)
        e->rules[e->rules_count++] = rule;
}

/* into takes over from, whatever the place of either. */
static void absorb(struct block_entry *into, const struct block_entry *from)
{
    bool same = into->net.bits == from->net.bits && ip_addr_eq(&into->net.base, &from->net.base);
    struct block_entry first = from->severity > into->severity ? *from : *into;
    const struct block_entry second = from->severity > into->severity ? *into : *from;

    first.net = into->net;
    first.whole = into->whole;
    first.merged = same ? into->merged : into->merged + from->merged;
    for (unsigned i = 0; i < second.rules_count; i++)
        name_rule(&first, second.rules[i]);
    if (second.last_us > first.last_us)
        first.last_us = second.last_us;
    if (second.expires_us > first.expires_us)
        first.expires_us = second.expires_us;
    *into = first;
}

static struct ip_net parent_of(const struct ip_net *net)
{
    return ip_net_of(&net->base, net->bits - 1U, net->bits - 1U);
}

static bool are_halves(const struct ip_net *a, const struct ip_net *b)
{
    unsigned floor = a->base.family == 6 ? BLOCK_V6_FLOOR : BLOCK_V4_FLOOR;
    struct ip_net pa, pb;

    if (a->base.family != b->base.family || a->bits != b->bits || a->bits <= floor)
        return false;
    pa = parent_of(a);
    pb = parent_of(b);
    return ip_addr_eq(&pa.base, &pb.base);
}

/* One pass over sorted entries, the done ones as a stack. */
static void aggregate(struct block_set *set)
{
    unsigned top = 0; /* entries done */

    for (unsigned i = 0; i < set->count; i++) {
        struct block_entry e = set->entries[i];
        if (top > 0 && ip_net_contains(&set->entries[top - 1].net, &e.net.base)) {
            absorb(&set->entries[top - 1], &e);
            continue;
        }
        set->entries[top++] = e;
        while (top > 1 && are_halves(&set->entries[top - 2].net, &set->entries[top - 1].net)) {
            struct block_entry *low = &set->entries[top - 2];
            bool whole = low->whole || low[1].whole;
            absorb(low, &low[1]);
            low->net = parent_of(&low->net);
            low->whole = whole;
            top--;
        }
    }
    set->count = top;
}

static void sort(struct block_set *set, int (*order)(const void *, const void *))
{
    if (set->count > 1)
        qsort(set->entries, set->count, sizeof *set->entries, order);
}

void block_set_build(const struct block_policy *policy, const struct alert *const *incidents,
                     unsigned count, int64_t now_us, struct block_set *ret)
{
    struct builder b = {policy, incidents, count, ret};

    *ret = (struct block_set){.now_us = now_us};
    for (unsigned i = 0; i < count; i++)
        take_alert(&b, incidents[i]);
    sort(ret, by_place);
    aggregate(ret);
    if (ret->count <= BLOCK_ENTRIES_MAX)
        return;
    sort(ret, by_weight);
    ret->dropped += ret->count - BLOCK_ENTRIES_MAX;
    ret->count = BLOCK_ENTRIES_MAX;
    sort(ret, by_place);
}

void block_set_free(struct block_set *set)
{
    free(set->entries);
    set->entries = NULL;
    set->count = set->capacity = 0;
}

bool block_is_single(const struct ip_net *net)
{
    return net->bits == (net->base.family == 6 ? 128 : 32);
}

slice block_net_text(const struct ip_net *net, char *buf)
{
    return block_is_single(net) ? ip_addr_format(&net->base, buf) : ip_net_format(net, buf);
}

int64_t block_left_s(const struct block_set *set, const struct block_entry *e)
{
    int64_t left = (e->expires_us - set->now_us) / 1000000;
    return left < 1 ? 1 : left;
}
