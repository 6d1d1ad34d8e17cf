/* test_bytes.c - loads, rotation, and the short searches against plain loops */
#include "base/bytes.h"

#include <stdlib.h>

#include "test.h"

static void loads_are_little_endian_at_any_alignment(void)
{
    static const uint8_t bytes[] = {9, 1, 2, 3, 4, 5, 6, 7, 8};

    CHECK(bytes_load_le64(bytes + 1) == UINT64_C(0x0807060504030201));
    CHECK(bytes_rotl64(UINT64_C(0x8000000000000001), 4) == 0x18);
}

static void a_newline_is_found_inside_the_range_only(void)
{
    static const char text[] = "ab\ncd\n";

    CHECK(bytes_newline(text, text + 6) == text + 2);
    CHECK(bytes_newline(text + 3, text + 6) == text + 5);
    CHECK(bytes_newline(text, text + 2) == NULL);
    CHECK(bytes_newline(text, text) == NULL && bytes_newline(NULL, NULL) == NULL);
}

enum { LONGEST = 70 };

/* n bytes of filler on the heap, so that the sanitizer sees one byte too far. */
static char *filled(size_t n)
{
    char *p = malloc(n + (n == 0));

    for (size_t i = 0; i < n; i++)
        p[i] = (char)('a' + i % 7);
    return p;
}

static void a_byte_is_found_at_every_place(void)
{
    for (size_t n = 0; n <= LONGEST; n++) {
        char *p = filled(n);
        CHECK_INT(bytes_find(p, n, '@'), n);
        CHECK_INT(bytes_rfind(p, n, '@'), n);
        CHECK_INT(bytes_find_any(p, n, "@[ ,"), n);
        for (size_t i = 0; i < n; i++) {
            p[i] = '@';
            CHECK_INT(bytes_find(p, n, '@'), i);
            CHECK_INT(bytes_rfind(p, n, '@'), i);
            p[n - 1] = '@';
            CHECK_INT(bytes_find(p, n, '@'), i); /* the first of two */
            CHECK_INT(bytes_rfind(p, n, '@'), n - 1);
            p[n - 1] = ',';
            p[i] = "@[ ,"[i % 4];
            CHECK_INT(bytes_find_any(p, n, "@[ ,"), i);
            p[i] = p[n - 1] = 'x';
        }
        free(p);
    }
}

/* Every length, and places at all distances from 1 to 20. */
static void a_walk_finds_every_place_once(void)
{
    for (size_t n = 0; n <= LONGEST; n++)
        for (size_t step = 1; step <= 20; step++) {
            char *p = filled(n);
            for (size_t i = step - 1; i < n; i += step)
                p[i] = ',';
            struct bytes_walk w = bytes_walk_begin(p, n, ',');
            for (size_t i = step - 1; i < n; i += step)
                CHECK_INT(bytes_walk_next(&w), i);
            CHECK_INT(bytes_walk_next(&w), n);
            free(p);
        }
}

static void a_walk_skips_to_every_place(void)
{
    char *p = filled(LONGEST);

    for (size_t i = 1; i < LONGEST; i += 2)
        p[i] = ',';
    for (size_t first = 0; first < 40; first++)
        for (size_t from = 2 * first + 2; from < LONGEST; from++) {
            struct bytes_walk w = bytes_walk_begin(p, LONGEST, ',');
            for (size_t i = 0; i <= first; i++)
                CHECK_INT(bytes_walk_next(&w), 2 * i + 1);
            bytes_walk_skip(&w, from);
            CHECK_INT(bytes_walk_next(&w), from | 1);
        }
    free(p);
}

static void one_different_byte_is_seen(void)
{
    for (size_t n = 0; n <= LONGEST; n++) {
        char *a = filled(n), *b = filled(n);
        CHECK(bytes_eq(a, b, n));
        for (size_t i = 0; i < n; i++) {
            b[i] ^= 1;
            CHECK(!bytes_eq(a, b, n));
            b[i] ^= 1;
        }
        free(a);
        free(b);
    }
}

static void spans_end_at_the_first_other_byte(void)
{
    for (int c = 0; c < 256; c++) {
        bool hex = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'F');
        char text[17];
        memset(text, '7', sizeof text);
        text[9] = (char)c;
        CHECK_INT(bytes_hex_span(text), hex ? 16 : 9);
        CHECK_INT(bytes_digits_before(text + 16), c >= '0' && c <= '9' ? 16 : 6);
    }
}

static void zeroing_stops_at_the_end(void)
{
    char bytes[60];

    memset(bytes, 1, sizeof bytes);
    bytes_zero(bytes + 1, 55);
    CHECK(bytes[0] == 1 && bytes[56] == 1);
    for (size_t i = 1; i < 56; i++)
        CHECK(bytes[i] == 0);
}

static const struct test_case cases[] = {
    {"a byte is found at every place", a_byte_is_found_at_every_place},
    {"a walk finds every place once", a_walk_finds_every_place_once},
    {"a walk skips to every place", a_walk_skips_to_every_place},
    {"one different byte is seen", one_different_byte_is_seen},
    {"spans end at the first other byte", spans_end_at_the_first_other_byte},
    {"zeroing stops at the end", zeroing_stops_at_the_end},
    {"loads are little-endian at any alignment", loads_are_little_endian_at_any_alignment},
    {"a newline is found inside the range only", a_newline_is_found_inside_the_range_only},
};
TEST_MAIN(cases)
