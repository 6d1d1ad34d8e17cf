/* case.c - chain incidents into cases
 * algorithm: each incident gives off its principals; sorted by principal and time, a run of
 *            incidents that overlap or follow within an hour is united (union-find). Then each
 *            consequence is united with the causes that began before it. A set of two or more is a
 *            case
 * source:    design section on alert aggregation, second level (shared principal, one hour)
 * limits:    members of a campaign beyond those listed do not link; an address that many accounts
 *            share (a webmail host) links what happens to them in the same hour */
#include "alert/case.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alert/alert_id.h"
#include "base/panic.h"

static const int64_t link_us = (int64_t)3600 * 1000000;

enum space { SPACE_IP, SPACE_ACCOUNT, SPACE_BOUNCE_DOMAIN };

/* What an incident is about or by: two with equal tokens share a principal. */
struct token {
    enum space space;
    struct ip_addr ip; /* SPACE_IP: IPv4 whole, IPv6 the /64 */
    slice text;        /* else; compared without case */
    const struct alert *alert;
    unsigned index; /* of the incident */
};

struct chain {
    const struct alert *const *incidents;
    unsigned count;
    unsigned *parent; /* union-find */
    struct token *tokens;
    size_t tokens_count;
};

/* ---- union-find ---- */

static unsigned root_of(struct chain *c, unsigned i)
{
    while (c->parent[i] != i)
        i = c->parent[i] = c->parent[c->parent[i]];
    return i;
}

static void unite(struct chain *c, unsigned a, unsigned b)
{
    a = root_of(c, a);
    b = root_of(c, b);
    c->parent[a > b ? a : b] = a > b ? b : a;
}

/* ---- principals ---- */

static struct token *add_token(struct chain *c, unsigned index, enum space space)
{
    struct token *t = &c->tokens[c->tokens_count++];

    *t = (struct token){.space = space, .alert = c->incidents[index], .index = index};
    return t;
}

static void add_ip(struct chain *c, unsigned index, const struct ip_addr *ip)
{
    add_token(c, index, SPACE_IP)->ip = ip_net_of(ip, 32, 64).base;
}

static void add_network(struct chain *c, unsigned index, slice text)
{
    struct ip_net net;

    /* The /64 is one principal, as for an address in it; an IPv4 network is many. */
    if (ip_net_parse(text, &net) && net.base.family == 6 && net.bits == 64)
        add_ip(c, index, &net.base);
}

static bool makes_bounces(enum rule rule)
{
    return rule == RULE_BACKSCATTER || rule == RULE_REVERSE_NDR || rule == RULE_QUEUE_NDR;
}

static void add_domain(struct chain *c, unsigned index, slice domain)
{
    if (makes_bounces(c->incidents[index]->rule) && domain.len > 0)
        add_token(c, index, SPACE_BOUNCE_DOMAIN)->text = domain;
}

static void add_principal(struct chain *c, unsigned index, enum entity_type type, slice value)
{
    struct ip_addr ip;

    switch (type) {
    case ENTITY_IP: /* those that bounce a forged sender's mail back are innocent and unrelated */
        if (c->incidents[index]->rule != RULE_NDR_FLOOD && ip_addr_parse(value, &ip))
            add_ip(c, index, &ip);
        break;
    case ENTITY_NETWORK:
        add_network(c, index, value);
        break;
    case ENTITY_USER:
    case ENTITY_ADDRESS:
        add_token(c, index, SPACE_ACCOUNT)->text = value;
        add_domain(c, index, slice_from(value, slice_rfind_byte(value, '@') + 1));
        break;
    case ENTITY_DOMAIN: /* our own domains and other sites have no part in it */
        add_domain(c, index, value);
        break;
    default:
        break;
    }
}

/* A value that fills its buffer was cut: another one may begin alike. */
static void add_principals(struct chain *c, unsigned index)
{
    const struct alert *a = c->incidents[index];
    slice entity = slice_of(a->entity);

    if (entity.len + 1 < sizeof a->entity && a->entity_type != ENTITY_DOMAIN)
        add_principal(c, index, a->entity_type, entity);
    for (unsigned i = 0; i < a->related_count; i++) {
        slice value = slice_of(a->related[i].value);
        if (value.len + 1 < sizeof a->related[i].value)
            add_principal(c, index, a->related[i].type, value);
    }
}

static int compare_u64(uint64_t a, uint64_t b)
{
    return a < b ? -1 : a > b;
}

static int compare_text(slice a, slice b)
{
    for (size_t i = 0; i < a.len && i < b.len; i++) {
        unsigned char x = (unsigned char)slice_lower(a.ptr[i]),
                      y = (unsigned char)slice_lower(b.ptr[i]);
        if (x != y)
            return x < y ? -1 : 1;
    }
    return compare_u64(a.len, b.len);
}

static int compare_principals(const struct token *a, const struct token *b)
{
    int order = compare_u64(a->space, b->space);

    if (order != 0 || a->space != SPACE_IP)
        return order != 0 ? order : compare_text(a->text, b->text);
    if ((order = compare_u64(a->ip.family, b->ip.family)) != 0 ||
        (order = compare_u64(a->ip.hi, b->ip.hi)) != 0)
        return order;
    return compare_u64(a->ip.lo, b->ip.lo);
}

static int by_principal(const void *x, const void *y)
{
    const struct token *a = x, *b = y;
    int order = compare_principals(a, b);

    if (order != 0)
        return order;
    if (a->alert->first_us != b->alert->first_us)
        return a->alert->first_us < b->alert->first_us ? -1 : 1;
    return compare_u64(a->index, b->index);
}

static void link_by_principal(struct chain *c)
{
    int64_t until = 0;

    for (unsigned i = 0; i < c->count; i++)
        add_principals(c, i);
    qsort(c->tokens, c->tokens_count, sizeof *c->tokens, by_principal);
    for (size_t i = 0; i < c->tokens_count; i++) {
        const struct token *t = &c->tokens[i], *before = t - 1;
        bool same = i > 0 && compare_principals(before, t) == 0;
        if (same && t->alert->first_us <= until + link_us)
            unite(c, before->index, t->index);
        if (!same || t->alert->last_us > until)
            until = t->alert->last_us;
    }
}

/* ---- consequences ---- */

#define RULE_SET(id) (1U << RULE_##id)

/* What brings a rule about, without a principal in common. */
static uint32_t causes_of(enum rule rule)
{
    if (rule == RULE_LISTED)
        return RULE_SET(RELAY_ACCEPTED) | RULE_SET(ACCOUNT_BURST) | RULE_SET(HOST_BURST) |
               RULE_SET(BACKSCATTER) | RULE_SET(REVERSE_NDR);
    return rule == RULE_QUEUE_NDR ? RULE_SET(BACKSCATTER) : 0;
}

static bool is_consequence(const struct alert *effect, const struct alert *cause)
{
    return (causes_of(effect->rule) >> cause->rule & 1) != 0 &&
           cause->severity >= SEVERITY_MEDIUM && cause->first_us <= effect->first_us &&
           effect->first_us <= cause->last_us + link_us;
}

static void link_consequences(struct chain *c)
{
    for (unsigned i = 0; i < c->count; i++) {
        if (causes_of(c->incidents[i]->rule) == 0)
            continue;
        for (unsigned k = 0; k < c->count; k++)
            if (is_consequence(c->incidents[i], c->incidents[k]))
                unite(c, i, k);
    }
}

/* ---- cases ---- */

struct member {
    unsigned root;
    const struct alert *alert;
};

static int by_root(const void *x, const void *y)
{
    const struct member *a = x, *b = y;

    if (a->root != b->root)
        return a->root < b->root ? -1 : 1;
    if (a->alert->first_us != b->alert->first_us)
        return a->alert->first_us < b->alert->first_us ? -1 : 1;
    if (a->alert->rule != b->alert->rule)
        return a->alert->rule < b->alert->rule ? -1 : 1;
    return strcmp(a->alert->dedup_key, b->alert->dedup_key);
}

static int by_rank(const void *x, const void *y)
{
    const struct alert_case *a = x, *b = y;

    if (a->severity != b->severity)
        return a->severity < b->severity ? 1 : -1;
    if (a->first_us != b->first_us)
        return a->first_us < b->first_us ? -1 : 1;
    return strcmp(a->id, b->id);
}

static void fill_case(struct alert_case *k)
{
    char name[64];

    k->first_us = k->alerts[0]->first_us;
    for (unsigned i = 0; i < k->alerts_count; i++) {
        const struct alert *a = k->alerts[i];
        k->last_us = a->last_us > k->last_us ? a->last_us : k->last_us;
        k->severity = a->severity > k->severity ? a->severity : k->severity;
    }
    snprintf(name, sizeof name, "case/%s", k->alerts[0]->id);
    alert_id_of(name, k->id);
}

/* The sets of two or more as cases without their stories. */
static void collect(struct chain *c, struct case_list *ret)
{
    struct member *all = panic_calloc((size_t)c->count + 1, sizeof *all);

    for (unsigned i = 0; i < c->count; i++)
        all[i] = (struct member){root_of(c, i), c->incidents[i]};
    qsort(all, c->count, sizeof *all, by_root);
    for (unsigned i = 0; i < c->count; i++)
        ret->members[i] = all[i].alert;
    for (unsigned from = 0, to; from < c->count; from = to) {
        for (to = from; to < c->count && all[to].root == all[from].root;)
            to++;
        if (to - from < 2)
            continue;
        struct alert_case *k = &ret->cases[ret->total++];
        k->alerts = ret->members + from;
        k->alerts_count = to - from;
        fill_case(k);
    }
    free(all);
}

static size_t tokens_most(const struct chain *c)
{
    size_t n = 0;

    for (unsigned i = 0; i < c->count; i++) /* an address gives two */
        n += 2 * (1 + (size_t)c->incidents[i]->related_count);
    return n;
}

void case_chain(const struct alert *const *incidents, unsigned count, struct case_list *ret)
{
    struct chain c = {.incidents = incidents, .count = count};

    c.parent = panic_calloc((size_t)count + 1, sizeof *c.parent);
    c.tokens = panic_calloc(tokens_most(&c) + 1, sizeof *c.tokens);
    for (unsigned i = 0; i < count; i++)
        c.parent[i] = i;
    link_by_principal(&c);
    link_consequences(&c);
    *ret = (struct case_list){.cases = panic_calloc((size_t)count / 2 + 1, sizeof *ret->cases),
                              .members = panic_calloc((size_t)count + 1, sizeof *ret->members)};
    collect(&c, ret);
    qsort(ret->cases, ret->total, sizeof *ret->cases, by_rank);
    ret->count = ret->total < CASES_MAX ? ret->total : CASES_MAX;
    for (unsigned i = 0; i < ret->count; i++)
        case_story(ret->cases[i].alerts, ret->cases[i].alerts_count, ret->cases[i].story,
                   sizeof ret->cases[i].story);
    free(c.parent);
    free(c.tokens);
}

void case_free(struct case_list *list)
{
    free(list->cases);
    free(list->members);
    *list = (struct case_list){0};
}
