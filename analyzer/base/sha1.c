/* sha1.c - SHA-1
 * algorithm: 512-bit blocks, 80 rounds over five 32-bit words, big-endian, length in bits at the
 *            end
 * source:    FIPS 180-4 6.1
 * limits:    broken as a protection against forgery; used for names only */
#include "base/sha1.h"

#include <string.h>

static uint32_t rotl32(uint32_t x, unsigned n)
{
    return x << n | x >> (32 - n);
}

static uint32_t load_be32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

void sha1_init(struct sha1 *c)
{
    *c = (struct sha1){.h = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0}};
}

static uint32_t choose(unsigned round, uint32_t b, uint32_t c, uint32_t d)
{
    if (round < 20)
        return ((b & c) | (~b & d)) + 0x5a827999;
    if (round < 40)
        return (b ^ c ^ d) + 0x6ed9eba1;
    if (round < 60)
        return ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdc;
    return (b ^ c ^ d) + 0xca62c1d6;
}

static void digest_block(struct sha1 *s)
{
    uint32_t w[80], a = s->h[0], b = s->h[1], c = s->h[2], d = s->h[3], e = s->h[4];

    for (unsigned i = 0; i < 16; i++)
        w[i] = load_be32(s->block + 4 * i);
    for (unsigned i = 16; i < 80; i++)
        w[i] = rotl32(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
    for (unsigned i = 0; i < 80; i++) {
        uint32_t next = rotl32(a, 5) + choose(i, b, c, d) + e + w[i];
        e = d;
        d = c;
        c = rotl32(b, 30);
        b = a;
        a = next;
    }
    s->h[0] += a;
    s->h[1] += b;
    s->h[2] += c;
    s->h[3] += d;
    s->h[4] += e;
}

void sha1_add(struct sha1 *c, const void *data, size_t len)
{
    const uint8_t *p = data;

    while (len > 0) {
        size_t used = c->len % SHA1_BLOCK, n = SHA1_BLOCK - used < len ? SHA1_BLOCK - used : len;
        memcpy(c->block + used, p, n);
        c->len += n;
        p += n;
        len -= n;
        if (c->len % SHA1_BLOCK == 0)
            digest_block(c);
    }
}

void sha1_final(struct sha1 *c, uint8_t ret_digest[SHA1_SIZE])
{
    static const uint8_t padding[SHA1_BLOCK] = {0x80};
    uint64_t bits = c->len * 8;
    uint8_t length[8];

    for (unsigned i = 0; i < 8; i++)
        length[i] = (uint8_t)(bits >> (56 - 8 * i));
    size_t used = c->len % SHA1_BLOCK;
    sha1_add(c, padding, used < 56 ? 56 - used : 120 - used);
    sha1_add(c, length, sizeof(length));
    for (unsigned i = 0; i < SHA1_SIZE; i++)
        ret_digest[i] = (uint8_t)(c->h[i / 4] >> (24 - 8 * (i % 4)));
}
