/* siphash.h - keyed hashing: the sender of a log line chooses our keys, so the hash must not be
 * guessable
 *
 * source: Aumasson and Bernstein, "SipHash: a fast short-input PRF" (2012). SipHash-1-3 serves
 * tables and filters, SipHash-2-4 anything that leaves the process. */
#ifndef BASE_SIPHASH_H
#define BASE_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

/* 128 secret bits; random per process, fixed in tests. k0 holds key bytes 0..7, k1 bytes 8..15,
 * little-endian. */
struct hash_key {
    uint64_t k0, k1;
};

/* siphash13 - SipHash-1-3 of len bytes
 *
 *   in        data    may be NULL when len is 0
 *   result    64 bits, each usable as an index or a tag
 *   cost      about 1 ns per byte for short keys; no allocation */
uint64_t siphash13(const struct hash_key *key, const void *data, size_t len);

/* siphash13_lower - siphash13 of the ASCII lower-cased bytes of s; copies nothing */
uint64_t siphash13_lower(const struct hash_key *key, slice s);

/* siphash24 - SipHash-2-4, for values that are exported */
uint64_t siphash24(const struct hash_key *key, const void *data, size_t len);

/* hash_mix - one hash of a pair of hashes; (a, b) and (b, a) differ
 *
 *   in        a, b    both already keyed (siphash13 or hash_mix): the mixing itself is not secret
 */
static inline uint64_t hash_mix(uint64_t a, uint64_t b)
{
    uint64_t x = (a << 29 | a >> 35) * UINT64_C(0x9e3779b97f4a7c15) + b;

    x = (x ^ x >> 32) * UINT64_C(0xd6e8feb86659fd93);
    x = (x ^ x >> 32) * UINT64_C(0xd6e8feb86659fd93);
    return x ^ x >> 32;
}

#endif
