/* principal_cache.c - one row for every value of six bits of the multiplied address
 * source:   Knuth, The Art of Computer Programming 6.4, multiplicative hashing */
#include "correlate/principal_cache.h"

#include "correlate/correlate.h"

uint64_t principal_cache_of(struct principal_cache *cache, const struct hash_key *key,
                            const struct ip_addr *ip)
{
    uint64_t spread = (ip->hi ^ ip->lo) * UINT64_C(0x9e3779b97f4a7c15);
    unsigned slot = (unsigned)(spread >> 58);

    if (cache->rows[slot].hash == 0 || !ip_addr_eq(&cache->rows[slot].ip, ip)) {
        cache->rows[slot].ip = *ip;
        cache->rows[slot].hash = correlate_principal(key, ip);
    }
    return cache->rows[slot].hash;
}
