/* sha1.h - SHA-1, for name-based UUIDs only; it protects nothing
 *
 * source: FIPS 180-4, RFC 3174 */
#ifndef BASE_SHA1_H
#define BASE_SHA1_H

#include <stddef.h>
#include <stdint.h>

enum { SHA1_SIZE = 20, SHA1_BLOCK = 64 };

struct sha1 {
    uint32_t h[5];
    uint64_t len; /* bytes so far */
    uint8_t block[SHA1_BLOCK];
};

/* sha1_init - start a digest */
void sha1_init(struct sha1 *c);

/* sha1_add - append len bytes; data may be NULL when len is 0 */
void sha1_add(struct sha1 *c, const void *data, size_t len);

/* sha1_final - write the digest; c is used up */
void sha1_final(struct sha1 *c, uint8_t ret_digest[SHA1_SIZE]);

#endif
