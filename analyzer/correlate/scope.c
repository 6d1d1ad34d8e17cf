/* scope.c - the hash of (host, instance)
 * source:   base/siphash.h
 * limits:   a host and instance of more than 192 bytes together are hashed at every line */
#include "correlate/scope.h"

#include "base/bytes.h"

static bool is_kept(const struct scope_cache *cache, slice host, slice instance)
{
    return cache->hash != 0 && host.len == cache->host_len && instance.len == cache->instance_len &&
           bytes_eq(host.ptr, cache->text, host.len) &&
           bytes_eq(instance.ptr, cache->text + host.len, instance.len);
}

static OUT_OF_LINE uint64_t hash_anew(struct scope_cache *cache, const struct hash_key *key,
                                      slice host, slice instance)
{
    uint64_t hash =
        hash_mix(siphash13(key, host.ptr, host.len), siphash13(key, instance.ptr, instance.len)) |
        1;

    if (host.len + instance.len > sizeof cache->text)
        return hash;
    if (host.len > 0)
        memcpy(cache->text, host.ptr, host.len);
    if (instance.len > 0)
        memcpy(cache->text + host.len, instance.ptr, instance.len);
    cache->host_len = host.len;
    cache->instance_len = instance.len;
    return cache->hash = hash;
}

uint64_t scope_hash(struct scope_cache *cache, const struct hash_key *key, slice host,
                    slice instance)
{
    return is_kept(cache, host, instance) ? cache->hash : hash_anew(cache, key, host, instance);
}
