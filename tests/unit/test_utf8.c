/* test_utf8.c - decoding: round trip of every code point, maximal ill-formed parts */
#include "base/utf8.h"

#include "test.h"

static size_t encode(uint32_t code, char *out)
{
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    size_t n = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    for (size_t i = n; --i > 0; code >>= 6)
        out[i] = (char)(0x80 | (code & 0x3f));
    out[0] = (char)((0xf00U >> n & 0xf0) | code);
    return n;
}

static void every_scalar_value_round_trips(void)
{
    char bytes[4];

    for (uint32_t code = 0; code <= 0x10ffff; code++) {
        slice s = {bytes, encode(code, bytes)};
        bool surrogate = code >= 0xd800 && code <= 0xdfff;
        uint32_t got = utf8_take(&s);
        if (got != (surrogate ? UTF8_BAD : code) || (!surrogate && s.len != 0)) {
            CHECK_INT(got, code);
            return;
        }
    }
}

static void an_ill_formed_part_is_taken_as_one(void)
{
    static const struct {
        const char *bytes;
        size_t len, left; /* left after one take */
    } rows[] = {
        {"\x80", 1, 0},
        {"\xc0\x80", 2, 1}, /* overlong: no lead byte */
        {"\xc3", 1, 0},     /* cut */
        {"\xc3z", 2, 1},    /* the z is kept */
        {"\xe2\x82", 2, 0}, /* cut after two of three */
        {"\xe2\x82z", 3, 1},
        {"\xe0\x9f\x80", 3, 2},     /* overlong: the lead stands alone */
        {"\xed\xa0\x80", 3, 2},     /* surrogate */
        {"\xf0\x9f\x98", 3, 0},     /* cut after three of four */
        {"\xf4\x90\x80\x80", 4, 3}, /* above 10FFFF */
        {"\xf5\x80", 2, 1},
        {"\xff", 1, 0},
    };

    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        slice s = {rows[i].bytes, rows[i].len};
        CHECK(utf8_take(&s) == UTF8_BAD);
        CHECK_INT(s.len, rows[i].left);
    }
}

static const struct test_case cases[] = {
    {"every scalar value round-trips, surrogates do not", every_scalar_value_round_trips},
    {"a maximal ill-formed part is taken as one", an_ill_formed_part_is_taken_as_one},
};
TEST_MAIN(cases)
