/* zones.h - whose domain, whose address: what the site says of itself, or what is learnt from the
 * log
 *
 * A recipient or sender domain is local, relay (we are its MX or backup MX) or foreign. A client is
 * on this host, trusted (may relay by its address), or outside. The admin's lists decide. Where a
 * list is missing, it is learnt: a domain with final delivery here, or with a refusal "user
 * unknown" from our own tables, is local; a client on a private address, or whose verified name
 * lies in a local domain, is trusted. What is learnt is used, shown as a proposal, and marks the
 * coverage of the verdict; it is never mixed into an explicit list.
 *
 * source: RFC 2505 2.1; Postfix mydestination, relay_domains, mynetworks. */
#ifndef EVENT_ZONES_H
#define EVENT_ZONES_H

#include <stdint.h>

#include "base/ip_addr.h"
#include "base/siphash.h"
#include "base/slice.h"

struct state_io;

enum domain_zone { DOMAIN_UNKNOWN, DOMAIN_FOREIGN, DOMAIN_LOCAL, DOMAIN_RELAY };
enum client_zone {
    CLIENT_UNKNOWN,
    CLIENT_OUTSIDE,
    CLIENT_LOOPBACK,
    CLIENT_TRUSTED,
    CLIENT_FRONTEND
};

/* domain_zone_name, client_zone_name - for explain and --events */
const char *domain_zone_name(enum domain_zone zone);
const char *client_zone_name(enum client_zone zone);

struct zones;

/* zones_new - empty zones; key is copied. zones_free returns NULL. */
struct zones *zones_new(const struct hash_key *key);
struct zones *zones_free(struct zones *z);

/* zones_add_domain - an explicit domain ("example.org": it and its subdomains); false when text is
 * no domain */
bool zones_add_domain(struct zones *z, slice domain, enum domain_zone zone);
/* zones_add_network - an explicit network for CLIENT_TRUSTED or CLIENT_FRONTEND */
void zones_add_network(struct zones *z, const struct ip_net *net, enum client_zone zone);

/* zones_domain - zone of a domain (any case, with or without a dot at the end)
 *
 *   result    DOMAIN_UNKNOWN for an absent domain; an address literal is FOREIGN unless explicit */
enum domain_zone zones_domain(const struct zones *z, slice domain);

/* zones_domain_hash - siphash13_lower() of the domain as it is written, with the key of the zones;
 * a domain that was asked about lately costs a comparison */
uint64_t zones_domain_hash(const struct zones *z, slice domain);

/* zones_client - zone of a client
 *
 *   in        ip     family 0 gives CLIENT_UNKNOWN
 *             name   verified host name, absent when none */
enum client_zone zones_client(const struct zones *z, const struct ip_addr *ip, slice name);

/* zones_network - the zone of the first explicit or learnt network that shares an address with net;
 * CLIENT_OUTSIDE when none does */
enum client_zone zones_network(const struct zones *z, const struct ip_net *net);

/* zones_learn_domain - the log shows that domain is served here; weight counts the evidence
 * No effect once domains are explicit, but the proposal is kept for the report. Bounded: 4,096
 * domains. */
void zones_learn_domain(struct zones *z, slice domain, enum domain_zone zone);
/* zones_learn_gateway - mail for domain was handed to a private address: perhaps the mail server
 * behind this one
 *
 * A private next hop that serves at most 20 domains is taken as our own inner server and its
 * domains as relay domains; one that sees more is a smart host and proves nothing. */
void zones_learn_gateway(struct zones *z, const struct ip_addr *next_hop, slice domain);
/* zones_learn_served - the server's own decision about a recipient shows that it serves domain
 *
 * Believed for at most 20 domains: a server that takes more for its own may be one that takes all,
 * which is what an open relay does. */
void zones_learn_served(struct zones *z, slice domain);
/* zones_learn_client - a client was taken as trusted by a learnt rule: remember it for the proposal
 */
void zones_learn_client(struct zones *z, const struct ip_addr *ip);

/* zones_explicit_domains / zones_explicit_networks - has the admin given any? */
bool zones_explicit_domains(const struct zones *z);
bool zones_explicit_networks(const struct zones *z);

/* zones_learnt_count - how many domains were learnt */
unsigned zones_learnt_count(const struct zones *z);
/* zones_proposals - the learnt domains with most evidence first; domains that lie under another
 * proposal are left out
 *
 *   out       ret    max buffers of 256 bytes; result = how many were filled */
unsigned zones_proposals(const struct zones *z, char (*ret)[256], unsigned max);
/* zones_network_proposals - learnt trusted clients, grouped by /24 or /64; result as above,
 * IP_NET_TEXT bytes each */
unsigned zones_network_proposals(const struct zones *z, char (*ret)[IP_NET_TEXT], unsigned max);

/* zones_renew - the explicit domains and networks become those of another; what was learnt stays
 *
 *   in,out    from   with the same key; has what was given before, afterwards */
void zones_renew(struct zones *z, struct zones *from);

/* zones_persist - what was learnt, to a state or back, see base/state.h; what was given is the
 * configuration's */
void zones_persist(struct zones *z, struct state_io *io);

#endif
