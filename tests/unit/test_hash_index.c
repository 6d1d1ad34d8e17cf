/* test_hash_index.c - insertion and backward-shift removal against a plain list */
#include "base/hash_index.h"

#include "test.h"

enum { SLOTS = 64 };

/* Few homes, many equal tags: long runs, also over the end of the array. */
static uint64_t hash_of(uint32_t slot)
{
    return slot % 3 == 0 ? 126 : UINT64_C(120) + slot % 9;
}

static bool holds(const struct hash_index *x, uint64_t hash, uint32_t slot)
{
    uint32_t tag = hash_index_tag(hash), pos = tag;

    for (const struct hash_cell *c; (c = hash_index_cell(x, tag, &pos)) != NULL; pos++)
        if (c->slot1 == slot + 1)
            return true;
    return false;
}

static void removal_never_hides_another_slot(void)
{
    struct hash_index x;
    bool live[SLOTS] = {false};
    uint32_t random = 3;

    hash_index_init(&x, SLOTS);
    CHECK_INT(hash_index_bytes(&x), 2 * 128 * 8);
    for (int step = 0; step < 20000; step++) {
        random = random * 1664525 + 1013904223;
        uint32_t slot = random >> 26;
        if (live[slot])
            hash_index_remove(&x, hash_of(slot), slot);
        else
            hash_index_insert(&x, hash_of(slot), slot);
        live[slot] = !live[slot];
        for (uint32_t i = 0; i < SLOTS; i++)
            if (holds(&x, hash_of(i), i) != live[i]) {
                CHECK_INT(step, -1);
                break;
            }
    }
    hash_index_fini(&x);
}

static const struct test_case cases[] = {
    {"a removal never hides another slot", removal_never_hides_another_slot},
};
TEST_MAIN(cases)
