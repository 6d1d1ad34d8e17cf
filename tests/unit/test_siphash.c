/* test_siphash.c - official vectors of SipHash-2-4, and a plain second implementation for 1-3 */
#include "base/siphash.h"

#include "test.h"

static const struct hash_key key = {UINT64_C(0x0706050403020100), UINT64_C(0x0f0e0d0c0b0a0908)};

/* Byte by byte, straight from the definition: slow, and shares nothing with the code under test. */
static uint64_t rotated(uint64_t x, int n)
{
    return x << n | x >> (64 - n);
}

static void plain_rounds(uint64_t v[4], int n)
{
    for (int i = 0; i < n; i++) {
        v[0] += v[1], v[1] = rotated(v[1], 13), v[1] ^= v[0], v[0] = rotated(v[0], 32);
        v[2] += v[3], v[3] = rotated(v[3], 16), v[3] ^= v[2];
        v[0] += v[3], v[3] = rotated(v[3], 21), v[3] ^= v[0];
        v[2] += v[1], v[1] = rotated(v[1], 17), v[1] ^= v[2], v[2] = rotated(v[2], 32);
    }
}

static uint64_t plain_sip(const uint8_t *p, size_t len, int c, int d)
{
    const char *magic = "somepseudorandomlygeneratedbytes";
    uint64_t v[4] = {0};

    for (int i = 0; i < 32; i++)
        v[i / 8] = v[i / 8] << 8 | (uint8_t)magic[i];
    v[0] ^= key.k0, v[1] ^= key.k1, v[2] ^= key.k0, v[3] ^= key.k1;
    for (size_t block = 0; block <= len / 8; block++) {
        uint64_t m = 0;
        for (size_t i = 0; i < 8; i++) {
            size_t at = 8 * block + i;
            uint64_t byte = at < len ? p[at] : i == 7 ? len & 0xff : 0;
            m |= byte << (8 * i);
        }
        v[3] ^= m;
        plain_rounds(v, c);
        v[0] ^= m;
    }
    v[2] ^= 0xff;
    plain_rounds(v, d);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

static void matches_the_official_vectors(void)
{
    uint8_t data[64];

    for (unsigned i = 0; i < sizeof(data); i++)
        data[i] = (uint8_t)i;
    CHECK(siphash24(&key, data, 15) == UINT64_C(0xa129ca6149be45e5));
    CHECK(siphash24(&key, NULL, 0) == UINT64_C(0x726fdb47dd0e0e31));
    CHECK(siphash24(&key, data, 1) == UINT64_C(0x74f839c593dc67fd));
    CHECK(siphash24(&key, data, 63) == UINT64_C(0x958a324ceb064572));
}

static void agrees_with_a_plain_implementation(void)
{
    uint8_t data[300];

    for (unsigned i = 0; i < sizeof(data); i++)
        data[i] = (uint8_t)(i * 37 + 11);
    for (size_t len = 0; len < sizeof(data); len++) {
        CHECK(siphash13(&key, data, len) == plain_sip(data, len, 1, 3));
        CHECK(siphash24(&key, data, len) == plain_sip(data, len, 2, 4));
    }
}

static void lower_hash_is_the_hash_of_the_lower_text(void)
{
    char text[256], lower[256];

    for (unsigned i = 0; i < 256; i++) {
        text[i] = (char)(i * 7); /* every byte value, in every place of a word */
        lower[i] = slice_lower(text[i]);
    }
    for (size_t from = 0; from < 9; from++)
        for (size_t len = 0; from + len <= sizeof(text); len++)
            CHECK(siphash13_lower(&key, (slice){text + from, len}) ==
                  siphash13(&key, lower + from, len));
    CHECK(siphash13_lower(&key, SLICE_LIT("Bob@Example.ORG")) ==
          siphash13_lower(&key, SLICE_LIT("bob@example.org")));
    CHECK(siphash13_lower(&key, SLICE_LIT("bob[")) != siphash13_lower(&key, SLICE_LIT("bob{")));
    CHECK(siphash13_lower(&key, SLICE_NONE) == siphash13(&key, NULL, 0));
}

static void the_key_matters(void)
{
    struct hash_key other = {key.k0, key.k1 ^ 1};

    CHECK(siphash13(&key, "example", 7) != siphash13(&other, "example", 7));
}

static void a_mix_depends_on_the_order_and_spreads_bits(void)
{
    uint64_t a = siphash13(&key, "a", 1), b = siphash13(&key, "b", 1);

    CHECK(hash_mix(a, b) != hash_mix(b, a));
    CHECK(hash_mix(a, b) == hash_mix(a, b));
    for (int bit = 0; bit < 64; bit++) {
        uint64_t first = hash_mix(a, b) ^ hash_mix(a ^ UINT64_C(1) << bit, b);
        uint64_t second = hash_mix(a, b) ^ hash_mix(a, b ^ UINT64_C(1) << bit);
        CHECK(__builtin_popcountll(first) > 12 && __builtin_popcountll(first) < 52);
        CHECK(__builtin_popcountll(second) > 12 && __builtin_popcountll(second) < 52);
    }
}

static const struct test_case cases[] = {
    {"SipHash-2-4 gives the values of its paper", matches_the_official_vectors},
    {"1-3 and 2-4 agree with a second implementation at all lengths",
     agrees_with_a_plain_implementation},
    {"the lower-casing hash equals the hash of the lower-cased text",
     lower_hash_is_the_hash_of_the_lower_text},
    {"another key gives another hash", the_key_matters},
    {"hash_mix depends on the order and on every bit", a_mix_depends_on_the_order_and_spreads_bits},
};
TEST_MAIN(cases)
