/* test_literal_set.c - many literals at once against one search per literal */
#include "base/literal_set.h"

#include <stdint.h>

#include "test.h"

enum { MAX_LITERALS = 40 };

static void count_hit(void *arg, unsigned index)
{
    ((unsigned *)arg)[index]++;
}

/* Occurrences by trying every place. */
static unsigned plain_count(slice text, slice literal)
{
    unsigned count = 0;

    for (size_t i = 0; literal.len > 0 && i + literal.len <= text.len; i++)
        count += slice_ieq((slice){text.ptr + i, literal.len}, literal);
    return count;
}

static void compare(const slice *literals, unsigned count, const struct literal_set *set,
                    slice text)
{
    unsigned hits[MAX_LITERALS] = {0};
    int first = -1;

    literal_set_scan(set, text, count_hit, hits);
    for (unsigned i = 0; i < count; i++) {
        unsigned want = plain_count(text, literals[i]);
        CHECK_INT(hits[i], want);
        if (want > 0 && first < 0)
            first = (int)i;
    }
    CHECK_INT(literal_set_first(set, text), first);
}

static void overlapping_literals_are_all_found(void)
{
    const slice literals[] = {SLICE_LIT("hers"), SLICE_LIT("his"),      SLICE_LIT("SHE"),
                              SLICE_LIT("he"),   SLICE_LIT(""),         SLICE_LIT("he"),
                              SLICE_LIT("e"),    SLICE_LIT("\xff\x00z")};
    const slice texts[] = {
        SLICE_LIT("ushers"),  SLICE_LIT("uSHErS this HE"), SLICE_LIT(""),
        SLICE_LIT("nothing"), SLICE_LIT("\xff\x00Z h"),    SLICE_LIT("hhhhisheHE")};
    struct literal_set *set = literal_set_new(literals, 8);

    for (unsigned i = 0; i < 6; i++)
        compare(literals, 8, set, texts[i]);
    compare(literals, 8, set, SLICE_NONE);
    CHECK(literal_set_bytes(set) > 0);
    set = literal_set_free(set);
    CHECK(set == NULL && literal_set_free(NULL) == NULL);
}

static void random_literals_agree_with_plain_search(void)
{
    static char bytes[MAX_LITERALS][6], text[200];
    slice literals[MAX_LITERALS];
    uint32_t random = 5;

    for (int round = 0; round < 200; round++) {
        for (unsigned i = 0; i < MAX_LITERALS; i++) {
            for (unsigned j = 0; j < 6; j++) {
                random = random * 1664525 + 1013904223;
                bytes[i][j] = "abAB"[random >> 30];
            }
            literals[i] = (slice){bytes[i], (random >> 16) % 7};
        }
        for (unsigned j = 0; j < sizeof(text); j++) {
            random = random * 1664525 + 1013904223;
            text[j] = "abABcd"[(random >> 16) % 6];
        }
        struct literal_set *set = literal_set_new(literals, MAX_LITERALS);
        compare(literals, MAX_LITERALS, set, (slice){text, sizeof(text)});
        literal_set_free(set);
    }
}

static void every_byte_value_may_be_in_a_literal(void)
{
    char all[256];
    slice literal = {all, sizeof(all)};

    for (unsigned i = 0; i < 256; i++)
        all[i] = (char)i;
    struct literal_set *set = literal_set_new(&literal, 1);
    CHECK_INT(literal_set_first(set, literal), 0);
    CHECK_INT(literal_set_first(set, slice_first(literal, 255)), -1);
    literal_set_free(set);
}

static void a_set_of_none_finds_nothing(void)
{
    struct literal_set *set = literal_set_new(NULL, 0);

    CHECK_INT(literal_set_first(set, SLICE_LIT("text")), -1);
    literal_set_free(set);
}

static const struct test_case cases[] = {
    {"overlapping and equal literals are all found", overlapping_literals_are_all_found},
    {"random literals agree with a plain search", random_literals_agree_with_plain_search},
    {"every byte value may be in a literal", every_byte_value_may_be_in_a_literal},
    {"a set of none finds nothing", a_set_of_none_finds_nothing},
};
TEST_MAIN(cases)
