/* population.h - the benign actors of a site, one file a kind; each puts itself on the agenda
 *
 * How many there are follows from the number of users. Those whom a detector could blame are
 * named in the truth with their class. */
#ifndef POPULATION_H
#define POPULATION_H

#include "life.h"

/* population_people - users who write, some from many places, some with a wrong password;
 * population_inbound - mail servers, lists and forwarders that write to us;
 * population_bulk - newsletters and invitations sent through accounts;
 * population_devices - inside machines, monitoring, service providers;
 * population_extra - classes of set B */
void population_people(struct world *w);
void population_inbound(struct world *w);
void population_bulk(struct world *w);
void population_devices(struct world *w);
void population_extra(struct world *w);

/* population_contact - address number k that this user knows; returns its domain's number, or
 * UINT32_MAX and *ret_user for a colleague */
uint32_t population_contact(const struct world *w, uint32_t user, uint32_t k, uint32_t *ret_user,
                            char buf[MAIL_ADDRESS_MAX]);

/* population_contact_fate - what becomes of mail to that contact */
void population_contact_fate(const struct world *w, struct rng *rng, uint32_t user, uint32_t k,
                             double bad, int64_t now_us, struct fate *ret);

/* population_home - where this user sends from: place 0 is the usual one; true when it is inside */
bool population_home(const struct world *w, uint32_t user, unsigned place, struct mail_client *ret);

/* population_stranger - somebody nobody here knows: number n of a list of strangers */
uint32_t population_stranger(uint64_t list, uint64_t n, char buf[MAIL_ADDRESS_MAX]);

/* population_of - how many of something a site of this size has, at one for `users` of them */
uint32_t population_of(const struct world *w, double users, uint32_t least);

#endif
