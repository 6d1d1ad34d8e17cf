/* places.c - clients and incidents by country and by network
 * algorithm: the rows of the tables of clients, sorted by address and joined, are looked up and
 *            added to the row of their country and of their AS
 * limits:    clients that are in none of the three tables are not counted, CLIENTS_MOST in each;
 *            PLACES_MOST places are told apart */
#include "places.h"

#include <stdlib.h>
#include <string.h>

#include "base/geo.h"
#include "base/panic.h"

enum { CLIENTS_MOST = 1024, PLACES_MOST = 4096 };

static const enum top_dimension tables[] = {TOP_CLIENTS, TOP_RELAY_DENIED, TOP_AUTH_FAILED};
enum { TABLES = sizeof tables / sizeof tables[0] };

/* One client with what all tables know of it. */
struct client {
    char key[IP_NET_TEXT];
    uint64_t recipients, bad, denied, auth_failed;
};

struct place_set {
    struct place_row *rows;
    unsigned count;
};

static int by_key(const void *a, const void *b)
{
    return strcmp(((const struct client *)a)->key, ((const struct client *)b)->key);
}

static void take_table(const struct originators *o, enum top_dimension dim, struct client *clients,
                       unsigned *count)
{
    struct top_table t;

    originators_top(o, dim, CLIENTS_MOST, &t);
    for (unsigned i = 0; i < t.count; i++) {
        struct client *c = &clients[(*count)++];
        slice_keep(slice_of(t.rows[i].key), c->key, sizeof c->key);
        if (dim == TOP_CLIENTS) {
            c->recipients = t.rows[i].recipients;
            c->bad = t.rows[i].bad;
        } else if (dim == TOP_RELAY_DENIED) {
            c->denied = t.rows[i].recipients;
        } else {
            c->auth_failed = t.rows[i].recipients;
        }
    }
    originators_top_free(&t);
}

/* Rows of the same address become one; how many are left. */
static unsigned join(struct client *clients, unsigned count)
{
    unsigned kept = 0;

    if (count > 0)
        qsort(clients, count, sizeof *clients, by_key);
    for (unsigned i = 0; i < count; i++) {
        if (kept == 0 || strcmp(clients[kept - 1].key, clients[i].key) != 0) {
            clients[kept++] = clients[i];
            continue;
        }
        clients[kept - 1].recipients += clients[i].recipients;
        clients[kept - 1].bad += clients[i].bad;
        clients[kept - 1].denied += clients[i].denied;
        clients[kept - 1].auth_failed += clients[i].auth_failed;
    }
    return kept;
}

/* The row of a country, or of a network where as_number is not 0; NULL when there is no room. */
static struct place_row *row_of(struct place_set *set, const char *country, uint32_t as_number,
                                const char *name)
{
    struct place_row *r;

    for (unsigned i = 0; i < set->count; i++)
        if (set->rows[i].as_number == as_number &&
            (as_number != 0 || strcmp(set->rows[i].country, country) == 0))
            return &set->rows[i];
    if (set->count == PLACES_MOST)
        return NULL;
    r = &set->rows[set->count++];
    r->as_number = as_number;
    slice_keep(slice_of(country), r->country, sizeof r->country);
    slice_keep(slice_of(name), r->name, sizeof r->name);
    return r;
}

static void rows_of(struct place_set *countries, struct place_set *networks,
                    const struct geo_place *place, struct place_row *ret[2])
{
    const char *name = place->country_name[0] != '\0' ? place->country_name : place->country;

    ret[0] = place->country[0] == '\0' ? NULL : row_of(countries, place->country, 0, name);
    ret[1] = place->as_number == 0
                 ? NULL
                 : row_of(networks, place->country, place->as_number, place->as_name);
}

static void add_client(struct place_row *r, const struct client *c)
{
    if (r == NULL)
        return;
    r->clients++;
    r->recipients += c->recipients;
    r->bad += c->bad;
    r->denied += c->denied;
    r->auth_failed += c->auth_failed;
}

static void add_incident(struct place_row *r, const struct alert *a)
{
    if (r == NULL)
        return;
    if (r->incidents++ == 0 || a->severity > r->worst)
        r->worst = a->severity;
}

static int compare(uint64_t a, uint64_t b)
{
    return a < b ? 1 : a > b ? -1 : 0; /* the larger first */
}

static int by_trouble(const void *a, const void *b)
{
    const struct place_row *x = a, *y = b;
    int order = compare(x->incidents > 0 ? x->worst + 1U : 0, y->incidents > 0 ? y->worst + 1U : 0);

    if (order == 0)
        order = compare(x->incidents, y->incidents);
    if (order == 0)
        order = compare(x->denied + x->auth_failed, y->denied + y->auth_failed);
    if (order == 0)
        order = compare(x->recipients, y->recipients);
    if (order == 0)
        order = strcmp(x->country, y->country);
    return order != 0 ? order : compare(y->as_number, x->as_number);
}

static unsigned keep_first(struct place_set *set, struct place_row *ret, unsigned max)
{
    unsigned count = set->count < max ? set->count : max;

    if (set->count > 0)
        qsort(set->rows, set->count, sizeof *set->rows, by_trouble);
    memcpy(ret, set->rows, count * sizeof *ret);
    return count;
}

static void add_all(struct geo *geo, const struct originators *o, struct place_set *countries,
                    struct place_set *networks)
{
    struct client *clients = panic_calloc((size_t)CLIENTS_MOST * TABLES, sizeof *clients);
    struct place_row *rows[2];
    struct geo_place place;
    struct ip_addr ip;
    unsigned count = 0;

    for (unsigned i = 0; i < TABLES; i++)
        take_table(o, tables[i], clients, &count);
    count = join(clients, count);
    for (unsigned i = 0; i < count; i++) {
        if (!ip_addr_parse(slice_of(clients[i].key), &ip) || !geo_find(geo, &ip, &place))
            continue;
        rows_of(countries, networks, &place, rows);
        add_client(rows[0], &clients[i]);
        add_client(rows[1], &clients[i]);
    }
    free(clients);
}

void places_collect(struct geo *geo, const struct originators *o,
                    const struct alert *const *incidents, unsigned incidents_count,
                    struct places *ret)
{
    struct place_set countries = {0}, networks = {0};
    struct place_row *rows[2];

    if (!geo_has(geo))
        return;
    countries.rows = panic_calloc(PLACES_MOST, sizeof *countries.rows);
    networks.rows = panic_calloc(PLACES_MOST, sizeof *networks.rows);
    add_all(geo, o, &countries, &networks);
    for (unsigned i = 0; i < incidents_count; i++) {
        rows_of(&countries, &networks, &incidents[i]->place, rows);
        add_incident(rows[0], incidents[i]);
        add_incident(rows[1], incidents[i]);
    }
    ret->countries_total = countries.count;
    ret->networks_total = networks.count;
    ret->countries_count = keep_first(&countries, ret->countries, PLACE_COUNTRIES_MAX);
    ret->networks_count = keep_first(&networks, ret->networks, PLACE_NETWORKS_MAX);
    free(countries.rows);
    free(networks.rows);
}
