/* siphash.c - SipHash-1-3 and SipHash-2-4
 * algorithm: four 64-bit words of state, add-rotate-xor rounds; c rounds per 8-byte word, d at the
 *            end
 * source:    Aumasson and Bernstein (2012), section 2; test vectors of its appendix A
 * limits:    64-bit output only; lower-casing is ASCII, eight bytes at a time */
#include "base/siphash.h"

#include "base/bytes.h"

struct state {
    uint64_t v0, v1, v2, v3;
};

static inline void sip_round(struct state *s)
{
    s->v0 += s->v1;
    s->v1 = bytes_rotl64(s->v1, 13) ^ s->v0;
    s->v0 = bytes_rotl64(s->v0, 32);
    s->v2 += s->v3;
    s->v3 = bytes_rotl64(s->v3, 16) ^ s->v2;
    s->v0 += s->v3;
    s->v3 = bytes_rotl64(s->v3, 21) ^ s->v0;
    s->v2 += s->v1;
    s->v1 = bytes_rotl64(s->v1, 17) ^ s->v2;
    s->v2 = bytes_rotl64(s->v2, 32);
}

static inline void absorb(struct state *s, uint64_t word, int rounds)
{
    s->v3 ^= word;
    for (int i = 0; i < rounds; i++)
        sip_round(s);
    s->v0 ^= word;
}

/* Eight bytes at once. The sums are made of 7-bit values, so they cannot carry into the next byte;
 * their high bit says
 * ">= 'A'" and "> 'Z'". Bytes with the high bit set are no letters. */
static inline uint64_t lower_word(uint64_t word)
{
    const uint64_t high = UINT64_C(0x8080808080808080), one = UINT64_C(0x0101010101010101);
    uint64_t low7 = word & ~high;
    uint64_t from_a = low7 + (0x80 - 'A') * one;
    uint64_t above_z = low7 + (0x7f - 'Z') * one;

    return word | ((from_a ^ above_z) & ~word & high) >> 2;
}

/* The last 0..7 bytes, at p. When there is a whole word before them, one load ends with them. */
static inline uint64_t tail_word(const unsigned char *p, size_t len)
{
    uint64_t word = 0;

    if (len >= 8 && (len & 7) != 0)
        return bytes_load_le64(p + (len & 7) - 8) >> (64 - 8 * (len & 7));
    for (size_t i = 0; i < (len & 7); i++)
        word |= (uint64_t)p[i] << (8 * i);
    return word;
}

static inline uint64_t sip(const struct hash_key *key, const unsigned char *p, size_t len, int c,
                           int d, bool lower)
{
    struct state s = {
        key->k0 ^ UINT64_C(0x736f6d6570736575), key->k1 ^ UINT64_C(0x646f72616e646f6d),
        key->k0 ^ UINT64_C(0x6c7967656e657261), key->k1 ^ UINT64_C(0x7465646279746573)};

    for (size_t words = len / 8; words > 0; words--, p += 8) {
        uint64_t word = bytes_load_le64(p);
        absorb(&s, lower ? lower_word(word) : word, c);
    }
    uint64_t tail = tail_word(p, len);
    absorb(&s, (lower ? lower_word(tail) : tail) | (uint64_t)len << 56, c);
    s.v2 ^= 0xff;
    for (int i = 0; i < d; i++)
        sip_round(&s);
    return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}

uint64_t siphash13(const struct hash_key *key, const void *data, size_t len)
{
    return sip(key, data, len, 1, 3, false);
}

uint64_t siphash13_lower(const struct hash_key *key, slice s)
{
    return sip(key, (const unsigned char *)s.ptr, s.len, 1, 3, true);
}

uint64_t siphash24(const struct hash_key *key, const void *data, size_t len)
{
    return sip(key, data, len, 2, 4, false);
}
