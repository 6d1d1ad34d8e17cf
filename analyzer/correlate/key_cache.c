/* key_cache.c - hash and remember
 * source:   base/siphash.h
 * limits:   texts of more than KEY_CACHE_TEXT bytes are hashed every time */
#include "correlate/key_cache.h"

uint64_t key_cache_fill(struct key_cache *cache, const struct hash_key *key, uint64_t salt,
                        slice text)
{
    uint64_t hash = hash_mix(salt, siphash13(key, text.ptr, text.len));
    struct key_cache_row *row = &cache->rows[key_cache_slot(text)];

    if (text.len > KEY_CACHE_TEXT)
        return hash;
    row->salt = salt;
    row->hash = hash;
    row->len = text.len;
    memcpy(row->text, text.ptr, text.len);
    return hash;
}
