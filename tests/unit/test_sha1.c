/* test_sha1.c - SHA-1 vectors of the standard, any chunking */
#include "base/sha1.h"

#include "test.h"

static void check_digest(const void *data, size_t len, size_t step, const char *want)
{
    uint8_t digest[SHA1_SIZE];
    char text[2 * SHA1_SIZE + 1];
    struct sha1 c;

    sha1_init(&c);
    for (size_t at = 0; at < len; at += step)
        sha1_add(&c, (const char *)data + at, len - at < step ? len - at : step);
    sha1_final(&c, digest);
    for (unsigned i = 0; i < SHA1_SIZE; i++)
        snprintf(text + 2 * i, 3, "%02x", digest[i]);
    CHECK_STR(text, want);
}

static void digests_are_those_of_the_standard(void)
{
    static const char two_blocks[] = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
    static char million[1000000];

    memset(million, 'a', sizeof(million));
    for (size_t step = 1; step <= 64; step += 9) {
        check_digest("", 0, step, "da39a3ee5e6b4b0d3255bfef95601890afd80709");
        check_digest("abc", 3, step, "a9993e364706816aba3e25717850c26c9cd0d89d");
        check_digest(two_blocks, 56, step, "84983e441c3bd26ebaae4aa1f95129e5e54670f1");
    }
    check_digest(million, sizeof(million), 4093, "34aa973cd4c4daa4f61eeb2bdbad27316534016f");
}

static void every_length_around_a_block_is_padded_right(void)
{
    /* digests of n times 'x', made with another implementation */
    static const struct {
        size_t n;
        const char *digest;
    } rows[] = {
        {55, "cef734ba81a024479e09eb5a75b6ddae62e6abf1"},
        {56, "901305367c259952f4e7af8323f480d59f81335b"},
        {57, "025ecbd5d70f8fb3c5457cd96bab13fda305dc59"},
        {63, "0ddc4e0cccd9a12850deb5abb0853a4425559fec"},
        {64, "bb2fa3ee7afb9f54c6dfb5d021f14b1ffe40c163"},
        {65, "78c741ddc482e4cdf8c474a0876347a0905b6233"},
        {119, "4300320394f7ee239bcdce7d3b8bcee173a0cd5c"},
        {120, "ceb2821639c4b6dcb10bce0e522ca2e608ce056d"},
        {128, "150fa3fbdc899bd0b8f95a9fb6027f564d953762"},
    };
    char text[130];

    memset(text, 'x', sizeof(text));
    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        check_digest(text, rows[i].n, 130, rows[i].digest);
}

static const struct test_case cases[] = {
    {"digests are those of the standard, in any chunks", digests_are_those_of_the_standard},
    {"lengths around a block boundary are padded right",
     every_length_around_a_block_is_padded_right},
};
TEST_MAIN(cases)
