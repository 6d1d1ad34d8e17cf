/* scope.h - ids of sessions and queues are unique within one mail system: (host, instance)
 *
 * The hash of the scope is mixed into every key. Nearly every line has the scope of the line
 * before, so the last one is kept. */
#ifndef CORRELATE_SCOPE_H
#define CORRELATE_SCOPE_H

#include "base/siphash.h"

/* Zeroed: nothing kept yet. */
struct scope_cache {
    char text[192];
    size_t host_len, instance_len;
    uint64_t hash;
};

/* scope_hash - of host and instance, either may be absent; never 0 */
uint64_t scope_hash(struct scope_cache *cache, const struct hash_key *key, slice host,
                    slice instance);

#endif
