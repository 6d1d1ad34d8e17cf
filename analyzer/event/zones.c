/* zones.c - explicit and learnt zones of domains and clients
 * algorithm: explicit domains and learnt ones are keyed tables; a name is looked up from its
 *            full form up through its parent domains. Networks are short lists, searched
 *            linearly (an admin's mynetworks has a handful).
 * source:    RFC 2505 2.1
 * limits:    4,096 explicit and 4,096 learnt domains, 64 inner gateways, 1,024 learnt networks;
 *            what does not fit is ignored, never evicted: an attacker cannot push our own
 *            domains out */
#include "event/zones.h"

#include <stdlib.h>

#include "base/bytes.h"
#include "base/panic.h"
#include "base/state.h"
#include "base/table.h"

enum {
    DOMAINS_MAX = 4096,
    NETWORKS_MAX = 1024,
    LEARNT_NETWORKS_MAX = 1024,
    GATEWAYS_MAX = 64,
    GATEWAY_DOMAINS_MAX = 20,
    LABELS_MAX = 16,
    DOMAIN_TEXT = 256,
    RECENT_ROWS = 512,
    RECENT_TEXT = 46
};

struct domain_entry {
    uint64_t evidence;
    uint8_t zone;
    int8_t gateway; /* index of the gateway that taught it, -1 = final delivery here */
    char text[DOMAIN_TEXT];
};

struct network_entry {
    struct ip_net net;
    enum client_zone zone;
    uint64_t evidence;
};

struct gateway {
    struct ip_addr ip;
    unsigned domains;
};

/* Domains that were asked for lately, as they were written: a mail server meets a few again and
 * again. Direct-mapped by their bytes, so an attacker can make it useless and no more. */
struct recent_domain {
    uint64_t hash;    /* siphash13_lower of the text */
    uint32_t version; /* of the zones when it was judged; older is void */
    uint8_t len, zone;
    char text[RECENT_TEXT];
};

struct zones {
    struct hash_key key;
    uint32_t version; /* counts the changes that may change the zone of a domain */
    struct recent_domain *recent;
    struct table *explicit_domains, *learnt_domains;
    struct network_entry *networks;
    unsigned networks_count;
    bool trusted_given;
    struct network_entry *learnt_networks;
    unsigned learnt_networks_count;
    struct gateway gateways[GATEWAYS_MAX];
    unsigned gateways_count;
};

static struct table *domain_table(const char *name)
{
    struct table_spec spec = {
        .name = name, .capacity = DOMAINS_MAX, .entry_size = sizeof(struct domain_entry)};
    return table_new(&spec);
}

struct zones *zones_new(const struct hash_key *key)
{
    struct zones *z = panic_calloc(1, sizeof *z);

    z->key = *key;
    z->version = 1;
    z->recent = panic_calloc(RECENT_ROWS, sizeof *z->recent);
    z->explicit_domains = domain_table("explicit domains");
    z->learnt_domains = domain_table("learnt domains");
    z->networks = panic_calloc(NETWORKS_MAX, sizeof *z->networks);
    z->learnt_networks = panic_calloc(LEARNT_NETWORKS_MAX, sizeof *z->learnt_networks);
    return z;
}

struct zones *zones_free(struct zones *z)
{
    if (z == NULL)
        return NULL;
    table_free(z->explicit_domains);
    table_free(z->learnt_domains);
    free(z->recent);
    free(z->networks);
    free(z->learnt_networks);
    free(z);
    return NULL;
}

static slice normal_domain(slice domain)
{
    while (domain.len > 0 && domain.ptr[domain.len - 1] == '.')
        domain.len--;
    return domain;
}

static bool domain_text_ok(slice d)
{
    if (d.len == 0 || d.len >= DOMAIN_TEXT || d.ptr[0] == '.')
        return false;
    for (size_t i = 0; i < d.len; i++) {
        char c = d.ptr[i];
        bool ok = c == '.' || c == '-' || c == '_' || (c >= '0' && c <= '9') || (c & 0x80) != 0 ||
                  (slice_lower(c) >= 'a' && slice_lower(c) <= 'z');
        if (!ok)
            return false;
    }
    return true;
}

static struct domain_entry *entry_add(struct zones *z, struct table *t, slice domain)
{
    uint64_t hash = siphash13_lower(&z->key, domain);
    struct domain_entry *e = table_find(t, hash);
    bool created;

    if (e != NULL || table_count(t) == table_capacity(t))
        return e;
    e = table_get(t, hash, 0, &created);
    z->version++;
    e->gateway = -1;
    for (size_t i = 0; i < domain.len; i++)
        e->text[i] = slice_lower(domain.ptr[i]);
    return e;
}

/* Is bracketed: an address literal such as [192.0.2.1]. */
static bool is_literal(slice domain)
{
    return domain.len > 2 && domain.len < DOMAIN_TEXT && domain.ptr[0] == '[';
}

bool zones_add_domain(struct zones *z, slice domain, enum domain_zone zone)
{
    struct domain_entry *e;

    domain = normal_domain(domain);
    if (!domain_text_ok(domain) && !is_literal(domain))
        return false;
    e = entry_add(z, z->explicit_domains, domain);
    if (e == NULL)
        return false;
    e->zone = (uint8_t)zone;
    z->version++;
    return true;
}

void zones_add_network(struct zones *z, const struct ip_net *net, enum client_zone zone)
{
    if (z->networks_count == NETWORKS_MAX)
        return;
    z->networks[z->networks_count++] = (struct network_entry){.net = *net, .zone = zone};
    z->trusted_given |= zone == CLIENT_TRUSTED;
}

/* Look domain and its parents up in t. */
static const struct domain_entry *lookup(const struct zones *z, struct table *t, slice domain)
{
    if (table_count(t) == 0 || domain.len >= DOMAIN_TEXT)
        return NULL;
    for (unsigned label = 0; label < LABELS_MAX; label++) {
        const struct domain_entry *e = table_find(t, siphash13_lower(&z->key, domain));
        size_t dot;
        if (e != NULL)
            return e;
        dot = slice_find_byte(domain, '.');
        if (dot == domain.len || is_literal(domain))
            return NULL;
        domain = slice_from(domain, dot + 1);
    }
    return NULL;
}

static bool gateway_is_ours(const struct zones *z, int index)
{
    return index < 0 || z->gateways[index].domains <= GATEWAY_DOMAINS_MAX;
}

static enum domain_zone judge_domain(const struct zones *z, slice domain)
{
    const struct domain_entry *e;

    domain = normal_domain(domain);
    if (domain.len == 0)
        return DOMAIN_UNKNOWN;
    e = lookup(z, z->explicit_domains, domain);
    if (e == NULL && !zones_explicit_domains(z))
        e = lookup(z, z->learnt_domains, domain);
    if (e == NULL || !gateway_is_ours(z, e->gateway))
        return DOMAIN_FOREIGN;
    return (enum domain_zone)e->zone;
}

/* The row of a domain of 1 to RECENT_TEXT bytes, judged as things stand now. */
static const struct recent_domain *recent_domain(const struct zones *z, slice domain)
{
    uint64_t head = 0;

    memcpy(&head, domain.ptr, domain.len < sizeof head ? domain.len : sizeof head);
    head = (head + domain.len) * UINT64_C(0x9e3779b97f4a7c15);
    struct recent_domain *r = &z->recent[(head >> 48) % RECENT_ROWS];
    if (r->version == z->version && r->len == domain.len &&
        bytes_eq(r->text, domain.ptr, domain.len))
        return r;
    r->hash = siphash13_lower(&z->key, domain);
    r->version = z->version;
    r->len = (uint8_t)domain.len;
    r->zone = (uint8_t)judge_domain(z, domain);
    memcpy(r->text, domain.ptr, domain.len);
    return r;
}

enum domain_zone zones_domain(const struct zones *z, slice domain)
{
    if (domain.len == 0 || domain.len > RECENT_TEXT)
        return judge_domain(z, domain);
    return (enum domain_zone)recent_domain(z, domain)->zone;
}

uint64_t zones_domain_hash(const struct zones *z, slice domain)
{
    if (domain.len == 0 || domain.len > RECENT_TEXT)
        return siphash13_lower(&z->key, domain);
    return recent_domain(z, domain)->hash;
}

enum client_zone zones_client(const struct zones *z, const struct ip_addr *ip, slice name)
{
    if (ip->family == 0)
        return CLIENT_UNKNOWN;
    if (ip_addr_is_loopback(ip))
        return CLIENT_LOOPBACK;
    for (unsigned i = 0; i < z->networks_count; i++)
        if (ip_net_contains(&z->networks[i].net, ip))
            return z->networks[i].zone;
    if (z->trusted_given)
        return CLIENT_OUTSIDE;
    if (ip_addr_is_private(ip))
        return CLIENT_TRUSTED;
    if (name.len > 0 && zones_domain(z, name) == DOMAIN_LOCAL)
        return CLIENT_TRUSTED;
    return CLIENT_OUTSIDE;
}

static bool overlaps(const struct ip_net *a, const struct ip_net *b)
{
    return ip_net_contains(a, &b->base) || ip_net_contains(b, &a->base);
}

enum client_zone zones_network(const struct zones *z, const struct ip_net *net)
{
    for (unsigned i = 0; i < z->networks_count; i++)
        if (overlaps(&z->networks[i].net, net))
            return z->networks[i].zone;
    for (unsigned i = 0; !z->trusted_given && i < z->learnt_networks_count; i++)
        if (overlaps(&z->learnt_networks[i].net, net))
            return CLIENT_TRUSTED;
    return CLIENT_OUTSIDE;
}

void zones_learn_domain(struct zones *z, slice domain, enum domain_zone zone)
{
    struct domain_entry *e;

    domain = normal_domain(domain);
    if (!domain_text_ok(domain))
        return;
    e = entry_add(z, z->learnt_domains, domain);
    if (e == NULL)
        return;
    e->evidence++;
    if (e->gateway >= 0 || e->zone == DOMAIN_UNKNOWN) {
        e->zone = (uint8_t)zone;
        z->version++;
    }
    e->gateway = -1;
}

static int gateway_index(struct zones *z, const struct ip_addr *ip)
{
    for (unsigned i = 0; i < z->gateways_count; i++)
        if (ip_addr_eq(&z->gateways[i].ip, ip))
            return (int)i;
    if (z->gateways_count == GATEWAYS_MAX)
        return -1;
    z->gateways[z->gateways_count] = (struct gateway){.ip = *ip};
    return (int)z->gateways_count++;
}

/* What a teacher says counts while it does not say too much. */
static void learn_by(struct zones *z, const struct ip_addr *teacher, slice domain,
                     enum domain_zone zone)
{
    int index = gateway_index(z, teacher);
    struct domain_entry *e;

    domain = normal_domain(domain);
    if (index < 0 || !domain_text_ok(domain) || !gateway_is_ours(z, index))
        return;
    e = entry_add(z, z->learnt_domains, domain);
    if (e == NULL)
        return;
    e->evidence++;
    if (e->zone != DOMAIN_UNKNOWN)
        return;
    e->zone = (uint8_t)zone;
    e->gateway = (int8_t)index;
    z->gateways[index].domains++;
    z->version++;
}

void zones_learn_gateway(struct zones *z, const struct ip_addr *next_hop, slice domain)
{
    learn_by(z, next_hop, domain, DOMAIN_RELAY);
}

void zones_learn_served(struct zones *z, slice domain)
{
    static const struct ip_addr server = {.family = UINT8_MAX - 1}; /* no address is this */

    learn_by(z, &server, domain, DOMAIN_LOCAL);
}

void zones_learn_client(struct zones *z, const struct ip_addr *ip)
{
    struct ip_net net = ip_net_of(ip, 24, 64);

    for (unsigned i = 0; i < z->learnt_networks_count; i++) {
        struct network_entry *e = &z->learnt_networks[i];
        if (e->net.bits == net.bits && ip_addr_eq(&e->net.base, &net.base)) {
            e->evidence++;
            return;
        }
    }
    if (z->learnt_networks_count < LEARNT_NETWORKS_MAX)
        z->learnt_networks[z->learnt_networks_count++] =
            (struct network_entry){.net = net, .evidence = 1};
}

bool zones_explicit_domains(const struct zones *z)
{
    return table_count(z->explicit_domains) > 0;
}

bool zones_explicit_networks(const struct zones *z)
{
    return z->trusted_given;
}

unsigned zones_learnt_count(const struct zones *z)
{
    return table_count(z->learnt_domains);
}

static int by_evidence(const void *a, const void *b)
{
    const struct domain_entry *const *x = a, *const *y = b;
    if ((*x)->evidence != (*y)->evidence)
        return (*x)->evidence < (*y)->evidence ? 1 : -1;
    return strcmp((*x)->text, (*y)->text);
}

/* Does a proposal already cover this domain (itself a parent of it)? */
static bool covered(slice domain, char (*chosen)[256], unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        slice parent = slice_of(chosen[i]);
        if (slice_ends(domain, parent) && domain.len > parent.len &&
            domain.ptr[domain.len - parent.len - 1] == '.')
            return true;
    }
    return false;
}

unsigned zones_proposals(const struct zones *z, char (*ret)[256], unsigned max)
{
    uint32_t cursor = 0, total = table_count(z->learnt_domains), n = 0;
    const struct domain_entry **all = panic_calloc(total + 1, sizeof *all);
    unsigned count = 0;

    for (struct domain_entry *e; (e = table_next(z->learnt_domains, &cursor)) != NULL && n < total;)
        if (gateway_is_ours(z, e->gateway))
            all[n++] = e;
    qsort(all, n, sizeof *all, by_evidence);
    for (uint32_t i = 0; i < n && count < max; i++) {
        if (covered(slice_of(all[i]->text), ret, count))
            continue;
        slice_keep(slice_of(all[i]->text), ret[count++], 256);
    }
    free(all);
    return count;
}

static int by_network_evidence(const void *a, const void *b)
{
    const struct network_entry *x = a, *y = b;
    if (x->evidence != y->evidence)
        return x->evidence < y->evidence ? 1 : -1;
    if (x->net.base.hi != y->net.base.hi)
        return x->net.base.hi < y->net.base.hi ? -1 : 1;
    return x->net.base.lo < y->net.base.lo ? -1 : x->net.base.lo > y->net.base.lo;
}

unsigned zones_network_proposals(const struct zones *z, char (*ret)[IP_NET_TEXT], unsigned max)
{
    struct network_entry *all = panic_calloc(z->learnt_networks_count + 1, sizeof *all);
    unsigned count = 0;

    memcpy(all, z->learnt_networks, z->learnt_networks_count * sizeof *all);
    qsort(all, z->learnt_networks_count, sizeof *all, by_network_evidence);
    for (unsigned i = 0; i < z->learnt_networks_count && count < max; i++)
        ip_net_format(&all[i].net, ret[count++]);
    free(all);
    return count;
}

const char *domain_zone_name(enum domain_zone zone)
{
    static const char *const names[] = {"", "foreign", "local", "relay"};
    return names[zone];
}

const char *client_zone_name(enum client_zone zone)
{
    static const char *const names[] = {"", "outside", "loopback", "trusted", "frontend"};
    return names[zone];
}

void zones_renew(struct zones *z, struct zones *from)
{
    const struct zones given = *z;

    z->explicit_domains = from->explicit_domains;
    z->networks = from->networks;
    z->networks_count = from->networks_count;
    z->trusted_given = from->trusted_given;
    from->explicit_domains = given.explicit_domains;
    from->networks = given.networks;
    from->networks_count = given.networks_count;
    from->trusted_given = given.trusted_given;
    z->version++;
    from->version++;
}

void zones_persist(struct zones *z, struct state_io *io)
{
    static const struct state_hole holes[] = {STATE_HOLE(struct zones, key),
                                              STATE_HOLE(struct zones, recent),
                                              STATE_HOLE(struct zones, networks),
                                              STATE_HOLE(struct zones, explicit_domains),
                                              STATE_HOLE(struct zones, trusted_given),
                                              STATE_HOLE(struct zones, learnt_domains),
                                              STATE_HOLE(struct zones, networks_count),
                                              STATE_HOLE(struct zones, learnt_networks)};

    state_struct(io, "zones", z, sizeof *z, STATE_HOLES(holes));
    if (z->learnt_networks_count > LEARNT_NETWORKS_MAX) {
        state_fail(io, "too many networks");
        z->learnt_networks_count = 0;
    }
    state_bytes(io, "learnt networks", z->learnt_networks, sizeof *z->learnt_networks,
                z->learnt_networks_count);
    table_persist(z->learnt_domains, io);
    if (state_loading(io)) /* judged by what was known before */
        memset(z->recent, 0, RECENT_ROWS * sizeof *z->recent);
}
