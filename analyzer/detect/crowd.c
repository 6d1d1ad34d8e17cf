/* crowd.c - members of a crowd, counted and remembered
 * source:  Javed and Paxson, "Detecting stealthy, distributed SSH brute-forcing" (2013): detect in
 *          aggregate, then name the participants
 * limits:  the first 48 members are remembered, later ones are named as they come; which members
 *          get an alert of their own is a matter of who comes first */
#include "detect/crowd.h"

enum { SPREAD_MIN = 4, FLOOD_CLIENTS = 1000 };
static const int64_t hour_us = INT64_C(3600) * 1000000;

void crowd_begin(struct crowd *c, int64_t time_us)
{
    *c = (struct crowd){.first_us = time_us, .last_us = time_us};
}

void crowd_add(struct crowd *c, const struct context *cx, uint32_t events, int64_t time_us)
{
    struct ip_net net = ip_net_of(&cx->client, 24, 48);
    uint64_t words[2] = {net.base.hi, net.base.lo};

    c->events += events;
    if (time_us > c->last_us)
        c->last_us = time_us;
    distinct_add(&c->networks, siphash13(cx->key, words, sizeof words));
    if (distinct_add(&c->clients, cx->client_hash) && c->members < CROWD_MEMBERS)
        c->member[c->members++] = cx->client;
}

static void put_member(const struct ip_addr *ip, struct alert_related *ret)
{
    char text[IP_NET_TEXT];

    ret->type = ENTITY_IP;
    slice_keep(correlate_principal_text(ip, text), ret->value, sizeof ret->value);
}

unsigned crowd_related(const struct crowd *c, const struct context *cx, struct alert_related *ret)
{
    unsigned n = 0;

    for (; !c->told && n < c->members; n++)
        put_member(&c->member[n], &ret[n]);
    put_member(&cx->client, &ret[n]);
    return n + 1;
}

bool crowd_stands_out(unsigned spread, double others)
{
    return spread >= SPREAD_MIN && others >= FLOOD_CLIENTS;
}

bool crowd_covers(struct crowd *c, int64_t time_us, unsigned spread)
{
    if (!c->told || time_us - c->last_us > hour_us)
        return false;
    if (crowd_stands_out(spread, distinct_count(&c->clients)) &&
        c->outstanding < CROWD_OUTSTANDING) {
        c->outstanding++;
        return false;
    }
    if (c->named >= CROWD_NAMED)
        return true;
    c->named++;
    return false;
}
