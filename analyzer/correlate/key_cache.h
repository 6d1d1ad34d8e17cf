/* key_cache.h - keyed hashes of short texts that come again within a few lines
 *
 * The lines of one message repeat its queue id, those of one session its process id; a comparison
 * costs a fifth of SipHash. The cache is direct-mapped by the text itself, without a secret:
 * whoever chooses texts that collide only makes it useless, never wrong. */
#ifndef CORRELATE_KEY_CACHE_H
#define CORRELATE_KEY_CACHE_H

#include "base/bytes.h"
#include "base/siphash.h"

enum { KEY_CACHE_ROWS = 128, KEY_CACHE_TEXT = 24 };

/* All zero is the empty cache. */
struct key_cache {
    struct key_cache_row {
        uint64_t salt, hash;
        size_t len; /* 0: empty */
        char text[KEY_CACHE_TEXT];
    } rows[KEY_CACHE_ROWS];
};

/* key_cache_slot - where a text of at least one byte belongs: its last bytes differ most */
static inline size_t key_cache_slot(slice text)
{
    uint64_t end = 0;

    if (text.len >= sizeof end)
        end = bytes_load_le64(text.ptr + text.len - sizeof end);
    else
        memcpy(&end, text.ptr, text.len);
    return (end * UINT64_C(0x9e3779b97f4a7c15) >> 48) % KEY_CACHE_ROWS;
}

/* key_cache_fill - hash and remember: the slow way of key_cache_mixed() */
OUT_OF_LINE uint64_t key_cache_fill(struct key_cache *cache, const struct hash_key *key,
                                    uint64_t salt, slice text);

/* key_cache_mixed - hash_mix(salt, siphash13(key, text))
 *
 *   in        cache  always used with the same key
 *             salt   already keyed, such as the hash of host and instance
 *             text   at least one byte */
static inline uint64_t key_cache_mixed(struct key_cache *cache, const struct hash_key *key,
                                       uint64_t salt, slice text)
{
    const struct key_cache_row *row = &cache->rows[key_cache_slot(text)];

    if (row->len == text.len && row->salt == salt && bytes_eq(row->text, text.ptr, text.len))
        return row->hash;
    return key_cache_fill(cache, key, salt, text);
}

#endif
