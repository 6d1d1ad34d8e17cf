/* test_space_saving.c - heavy hitters: bounds of the theory, order, takeover, merge */
#include "base/space_saving.h"

#include <stdlib.h>

#include "test.h"

static struct ss_row *add(struct space_saving *s, const char *key, uint64_t weight, int64_t t_us)
{
    uint64_t hash = 5381;

    for (const char *p = key; *p != '\0'; p++)
        hash = (hash ^ (uint8_t)*p) * UINT64_C(0x9e3779b97f4a7c15);
    return space_saving_add(s, hash, slice_of(key), weight, t_us);
}

static void few_keys_are_counted_exactly(void)
{
    struct space_saving *s = space_saving_new(4);
    const struct ss_row *top[4];

    add(s, "a.example", 1, 10);
    add(s, "b.example", 5, 20)->value[1] += 3;
    add(s, "a.example", 1, 5);
    struct ss_row *b = add(s, "b.example", 1, 30);
    b->value[1] += 4;
    CHECK_INT(b->value[1], 7);
    CHECK_INT(space_saving_total(s), 8);
    CHECK_INT(space_saving_count(s), 2);
    CHECK_INT(space_saving_top(s, top, 4), 2);
    CHECK_STR(top[0]->key, "b.example");
    CHECK_INT(top[0]->weight, 6);
    CHECK_INT(top[0]->first_us, 20);
    CHECK_INT(top[0]->last_us, 30);
    CHECK_INT(top[1]->weight, 2);
    CHECK_INT(top[1]->error, 0);
    CHECK_INT(top[1]->first_us, 5);
    CHECK_INT(top[1]->last_us, 10);
    CHECK(space_saving_find(s, b->hash) == b && space_saving_find(s, 1) == NULL);
    s = space_saving_free(s);
    CHECK(s == NULL && space_saving_free(NULL) == NULL);
}

static void a_takeover_inherits_weight_as_error_and_starts_afresh(void)
{
    struct space_saving *s = space_saving_new(2);
    const struct ss_row *top[2];

    add(s, "heavy.example", 10, 1);
    struct ss_row *light = add(s, "light.example", 3, 1);
    light->value[0] = 9;
    light->flags = 1;
    space_saving_note(light, SLICE_LIT("note"));
    struct ss_row *r = add(s, "new.example", 2, 50);
    CHECK(r == light);
    CHECK_INT(r->weight, 5);
    CHECK_INT(r->error, 3);
    CHECK_INT(r->value[0], 0);
    CHECK_INT(r->flags, 0);
    CHECK_INT(r->first_us, 50);
    CHECK_STR(r->note, "");
    CHECK_STR(r->key, "new.example");
    CHECK_INT(space_saving_top(s, top, 1), 1);
    CHECK_STR(top[0]->key, "heavy.example");
    CHECK_INT(space_saving_total(s), 15);
    space_saving_free(s);
}

/* The row of the least (weight, number), whichever way the weights came about. */
static void the_row_is_that_of_a_search_of_all(void)
{
    enum { K = 130 };
    struct space_saving *s = space_saving_new(K);
    uint64_t weights[K];
    const struct ss_row *rows[K];
    uint32_t seed = 7;

    for (uint64_t i = 0; i < K; i++)
        rows[i] = space_saving_add(s, i + 1, SLICE_NONE, weights[i] = i % 5, 0);
    for (uint64_t i = 0; i < 20000; i++) {
        unsigned lightest = 0, known = (seed = seed * 1664525 + 1013904223) >> 8;
        for (unsigned n = 1; n < K; n++)
            lightest = weights[n] < weights[lightest] ? n : lightest;
        uint64_t weight = known % 3 == 0 ? known % 50 : known % 2;
        unsigned row = i % 2 == 0 ? known / 64 % K : lightest;
        uint64_t hash = i % 2 == 0 ? rows[row]->hash : 1000 + i;
        CHECK(space_saving_add(s, hash, SLICE_NONE, weight, 0) == rows[row]);
        weights[row] += weight;
        CHECK_INT(rows[row]->weight, weights[row]);
    }
    space_saving_free(s);
}

static void a_long_key_is_cut_but_keeps_its_identity(void)
{
    struct space_saving *s = space_saving_new(4);
    char key[200];

    memset(key, 'x', sizeof(key));
    struct ss_row *a = space_saving_add(s, 1, (slice){key, sizeof(key)}, 1, 0);
    struct ss_row *b = space_saving_add(s, 2, (slice){key, sizeof(key)}, 1, 0);
    CHECK(a != b);
    CHECK_INT(strlen(a->key), 119);
    space_saving_free(s);
}

static void equal_weights_are_ordered_by_key(void)
{
    static const char *const keys[] = {"d", "a", "c", "e", "b"};
    struct space_saving *s = space_saving_new(5);
    const struct ss_row *top[3];

    for (unsigned i = 0; i < 5; i++)
        add(s, keys[i], keys[i][0] == 'e' ? 8 : 7, 0);
    CHECK_INT(space_saving_top(s, top, 3), 3);
    CHECK_STR(top[0]->key, "e");
    CHECK_STR(top[1]->key, "a");
    CHECK_STR(top[2]->key, "b");
    CHECK_INT(space_saving_top(s, top, 0), 0);
    space_saving_free(s);
}

enum { KEYS = 3000, EVENTS = 60000, ROWS = 64 };

/* Zipf-like: key i is drawn about in proportion to 1/(i+1). */
static uint32_t random_state;

static unsigned draw_key(void)
{
    random_state = random_state * 1664525 + 1013904223;
    double u = (random_state >> 8) / 16777216.0;
    return (unsigned)(pow(KEYS, u) - 1);
}

static void feed(struct space_saving *s, uint64_t *truth, uint32_t seed)
{
    char key[16];

    random_state = seed;
    for (int i = 0; i < EVENTS; i++) {
        unsigned k = draw_key();
        uint64_t weight = 1 + (uint64_t)i % 3;
        snprintf(key, sizeof(key), "k%u", k);
        add(s, key, weight, i);
        truth[k] += weight;
    }
}

static void check_bounds(const struct space_saving *s, const uint64_t *truth)
{
    const struct ss_row *top[ROWS];
    unsigned count = space_saving_top(s, top, ROWS);
    uint64_t bound = space_saving_total(s) / ROWS;
    bool held[KEYS] = {0};

    for (unsigned i = 0; i < count; i++) {
        unsigned k = (unsigned)strtoul(top[i]->key + 1, NULL, 10);
        held[k] = true;
        CHECK(top[i]->weight >= truth[k] && top[i]->weight - top[i]->error <= truth[k]);
        CHECK(top[i]->error <= bound);
        CHECK(i == 0 || top[i]->weight <= top[i - 1]->weight);
    }
    for (unsigned k = 0; k < KEYS; k++)
        CHECK(held[k] || truth[k] <= bound);
}

static void the_bounds_of_the_theory_hold(void)
{
    struct space_saving *s = space_saving_new(ROWS);
    static uint64_t truth[KEYS];

    feed(s, truth, 1);
    CHECK_INT(space_saving_count(s), ROWS);
    check_bounds(s, truth);
    space_saving_free(s);
}

static void the_lightest_row_is_always_the_one_taken(void)
{
    struct space_saving *s = space_saving_new(ROWS);
    char key[16];

    random_state = 3;
    for (int i = 0; i < 5000; i++) {
        const struct ss_row *top[ROWS];
        snprintf(key, sizeof(key), "k%u", draw_key());
        unsigned count = space_saving_top(s, top, ROWS);
        uint64_t least = count < ROWS ? 0 : top[count - 1]->weight;
        const struct ss_row *r = add(s, key, 2, i);
        if (r->first_us == i)
            CHECK_INT(r->error, least);
    }
    space_saving_free(s);
}

static void a_merge_keeps_the_bounds(void)
{
    struct space_saving *a = space_saving_new(ROWS), *b = space_saving_new(ROWS);
    static uint64_t truth[KEYS];

    feed(a, truth, 1);
    feed(b, truth, 2);
    uint64_t total = space_saving_total(a) + space_saving_total(b);
    space_saving_merge(a, b);
    CHECK_INT(space_saving_total(a), total);
    CHECK_INT(space_saving_count(a), ROWS);
    check_bounds(a, truth);
    add(a, "k0", 1000000, 0); /* index and heap are in order afterwards */
    truth[0] += 1000000;
    check_bounds(a, truth);
    space_saving_free(a);
    space_saving_free(b);
}

static void a_merge_of_small_tables_is_exact(void)
{
    struct space_saving *a = space_saving_new(8), *b = space_saving_new(8);
    const struct ss_row *top[8];

    add(a, "x", 3, 10)->value[2] = 1;
    add(b, "x", 4, 5)->value[2] = 2;
    space_saving_note(add(b, "x", 0, 5), SLICE_LIT("host"));
    add(b, "y", 9, 7);
    space_saving_merge(a, b);
    CHECK_INT(space_saving_top(a, top, 8), 2);
    CHECK_STR(top[0]->key, "y");
    CHECK_INT(top[0]->error, 0);
    CHECK_INT(top[1]->weight, 7);
    CHECK_INT(top[1]->value[2], 3);
    CHECK_INT(top[1]->first_us, 5);
    CHECK_INT(top[1]->last_us, 10);
    CHECK_STR(top[1]->note, "host");
    space_saving_free(a);
    space_saving_free(b);
}

/* A key that a full side lacks may have had the least weight of that side. */
static void a_merge_allows_for_what_the_other_side_forgot(void)
{
    struct space_saving *a = space_saving_new(2), *b = space_saving_new(2);
    const struct ss_row *top[2];

    add(a, "x", 10, 0);
    add(a, "y", 4, 0);
    add(b, "z", 7, 0);
    add(b, "w", 6, 0);
    space_saving_merge(a, b);
    CHECK_INT(space_saving_top(a, top, 2), 2);
    CHECK_STR(top[0]->key, "x");
    CHECK_INT(top[0]->weight, 16);
    CHECK_INT(top[0]->error, 6);
    CHECK_STR(top[1]->key, "z");
    CHECK_INT(top[1]->weight, 11);
    CHECK_INT(top[1]->error, 4);
    space_saving_free(a);
    space_saving_free(b);
}

static void the_same_stream_gives_the_same_rows(void)
{
    static uint64_t truth[KEYS];
    struct space_saving *a = space_saving_new(ROWS), *b = space_saving_new(ROWS);
    const struct ss_row *x[ROWS], *y[ROWS];

    feed(a, truth, 9);
    feed(b, truth, 9);
    space_saving_top(a, x, ROWS);
    space_saving_top(b, y, ROWS);
    for (unsigned i = 0; i < ROWS; i++)
        CHECK(x[i]->hash == y[i]->hash && x[i]->error == y[i]->error);
    space_saving_free(a);
    space_saving_free(b);
}

static const struct test_case cases[] = {
    {"few keys are counted exactly", few_keys_are_counted_exactly},
    {"a takeover inherits the weight as error and starts afresh",
     a_takeover_inherits_weight_as_error_and_starts_afresh},
    {"the row taken over is that of a search of all rows", the_row_is_that_of_a_search_of_all},
    {"a long key is cut but keeps its identity", a_long_key_is_cut_but_keeps_its_identity},
    {"equal weights are ordered by key", equal_weights_are_ordered_by_key},
    {"the bounds of the theory hold", the_bounds_of_the_theory_hold},
    {"the lightest row is the one taken over", the_lightest_row_is_always_the_one_taken},
    {"a merge keeps the bounds", a_merge_keeps_the_bounds},
    {"a merge of tables that are not full is exact", a_merge_of_small_tables_is_exact},
    {"a merge allows for what the other side forgot",
     a_merge_allows_for_what_the_other_side_forgot},
    {"the same stream gives the same rows", the_same_stream_gives_the_same_rows},
};
TEST_MAIN(cases)
