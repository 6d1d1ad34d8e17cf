/* test_bytes.c - loads, rotation, newline search */
#include "base/bytes.h"

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

static const struct test_case cases[] = {
    {"loads are little-endian at any alignment", loads_are_little_endian_at_any_alignment},
    {"a newline is found inside the range only", a_newline_is_found_inside_the_range_only},
};
TEST_MAIN(cases)
