/* test_pages.c - large memory: zeroed, aligned, usable to its last byte, small or large */
#include "base/pages.h"

#include <stdint.h>

#include "test.h"

static void check_size(size_t bytes)
{
    unsigned char *p = pages_new(bytes);

    CHECK((uintptr_t)p % 64 == 0);
    for (size_t i = 0; i < bytes; i += 4096)
        CHECK(p[i] == 0);
    CHECK(p[bytes - 1] == 0);
    p[0] = p[bytes - 1] = 1;
    CHECK(pages_free(p) == NULL);
}

static void memory_is_zeroed_and_all_there(void)
{
    static const size_t sizes[] = {
        1,       64,      4096, (128 << 10) + (2 << 20) - 1, 1 << 20, (128 << 10) + (2 << 20),
        5000001, 64 << 20};

    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        check_size(sizes[i]);
    CHECK(pages_free(NULL) == NULL);
}

static const struct test_case cases[] = {
    {"memory is zeroed and all there", memory_is_zeroed_and_all_there},
};
TEST_MAIN(cases)
