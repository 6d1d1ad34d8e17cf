/* principal_cache.h - keyed hashes of the last clients: a session repeats its client three times or
 * more
 *
 * Direct-mapped by the address, without a secret: whoever chooses addresses that collide only makes
 * it useless, never wrong. */
#ifndef CORRELATE_PRINCIPAL_CACHE_H
#define CORRELATE_PRINCIPAL_CACHE_H

#include "base/ip_addr.h"
#include "base/siphash.h"

enum { PRINCIPAL_CACHE_ROWS = 64 };

/* All zero is the empty cache. */
struct principal_cache {
    struct {
        struct ip_addr ip;
        uint64_t hash;
    } rows[PRINCIPAL_CACHE_ROWS];
};

/* principal_cache_of - correlate_principal() of the address
 *
 *   in        cache  always used with the same key */
uint64_t principal_cache_of(struct principal_cache *cache, const struct hash_key *key,
                            const struct ip_addr *ip);

#endif
