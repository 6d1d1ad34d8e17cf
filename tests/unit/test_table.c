/* test_table.c - pool, index, eviction, doorkeeper; random operations against a plain array */
#include "base/table.h"

#include <stdlib.h>

#include "test.h"

struct entry {
    uint64_t mark;
    float score;
    uint32_t number;
};

static uint64_t random_state;

static uint64_t random_u64(void)
{
    uint64_t z = (random_state += UINT64_C(0x9e3779b97f4a7c15));

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static struct table *plain_table(uint32_t capacity)
{
    return table_new(&(struct table_spec){
        .name = "test", .capacity = capacity, .entry_size = sizeof(struct entry)});
}

static void an_entry_is_found_until_removed(void)
{
    struct table *t = plain_table(10);
    bool created = false;
    struct entry *e = table_get(t, 77, 5, &created);

    CHECK(created && e != NULL && e->mark == 0);
    e->mark = 1;
    CHECK(table_get(t, 77, 9, &created) == (void *)e && !created && e->mark == 1);
    CHECK(table_find(t, 77) == (void *)e && table_find(t, 78) == NULL);
    CHECK(table_key_of(e) == 77);
    CHECK_INT(table_last_us(e), 9);
    table_touch(t, e, 3);
    CHECK_INT(table_last_us(e), 9);
    table_touch(t, e, 12);
    CHECK_INT(table_last_us(e), 12);
    CHECK_INT(table_count(t), 1);
    table_remove(t, e);
    CHECK(table_find(t, 77) == NULL);
    CHECK_INT(table_count(t), 0);
    CHECK_INT(table_capacity(t), 10);
    CHECK_STR(table_name(t), "test");
    t = table_free(t);
    CHECK(t == NULL && table_free(NULL) == NULL);
}

static void a_removed_slot_is_used_again_first_and_zeroed(void)
{
    struct table *t = plain_table(100);
    struct entry *a = table_get(t, 1, 0, NULL), *b = table_get(t, 2, 0, NULL);

    a->mark = b->mark = 9;
    table_remove(t, a);
    table_remove(t, b);
    struct entry *first = table_get(t, 3, 0, NULL), *second = table_get(t, 4, 0, NULL);
    CHECK(first == b && second == a);
    CHECK(first->mark == 0 && second->mark == 0);
    table_free(t);
}

static void a_handle_dies_with_its_key(void)
{
    struct table *t = plain_table(4);
    struct entry *e = table_get(t, 5, 0, NULL);
    uint32_t handle = table_handle(t, e);

    CHECK(handle != TABLE_NO_HANDLE);
    CHECK(table_at(t, handle, 5) == (void *)e);
    CHECK(table_at(t, handle, 6) == NULL);
    CHECK(table_at(t, TABLE_NO_HANDLE, 5) == NULL && table_at(t, 99, 5) == NULL);
    table_remove(t, e);
    CHECK(table_at(t, handle, 5) == NULL);
    CHECK(table_get(t, 6, 0, NULL) == (void *)e);
    CHECK(table_at(t, handle, 5) == NULL && table_at(t, handle, 6) == (void *)e);
    table_free(t);
}

static void a_full_small_table_evicts_the_longest_idle(void)
{
    struct table *t = plain_table(8);

    for (uint64_t key = 1; key <= 8; key++)
        table_get(t, key, (int64_t)(100 + key), NULL);
    table_get(t, 1, 200, NULL);
    table_get(t, 9, 201, NULL);
    CHECK(table_find(t, 2) == NULL && table_find(t, 1) != NULL && table_find(t, 9) != NULL);
    CHECK_INT(table_count(t), 8);
    CHECK_INT(table_evictions(t), 1);
    table_free(t);
}

static float score_of(const void *entry, int64_t now_us)
{
    (void)now_us;
    return ((const struct entry *)entry)->score;
}

static void note_eviction(void *arg, void *entry)
{
    *(struct entry *)arg = *(struct entry *)entry;
}

static void the_lowest_score_goes_first_and_the_owner_is_told(void)
{
    struct entry gone = {0};
    struct table *t = table_new(&(struct table_spec){.name = "scored",
                                                     .capacity = 4,
                                                     .entry_size = sizeof(struct entry),
                                                     .score = score_of,
                                                     .evict = note_eviction,
                                                     .evict_arg = &gone});

    for (uint32_t i = 0; i < 4; i++) {
        struct entry *e = table_get(t, i, i, NULL);
        e->score = i == 2 ? 1 : 5;
        e->number = i;
    }
    table_get(t, 50, 10, NULL);
    CHECK_INT(gone.number, 2);
    ((struct entry *)table_find(t, 50))->score = 9;
    table_get(t, 51, 11, NULL); /* equal scores: the longest idle */
    CHECK_INT(gone.number, 0);
    table_free(t);
}

static void pinned_entries_stay_and_are_a_quarter_at_most(void)
{
    struct table *t = plain_table(40);
    struct entry *e[40];

    for (uint64_t i = 0; i < 40; i++)
        e[i] = table_get(t, i, (int64_t)i, NULL);
    for (unsigned i = 0; i < 10; i++)
        CHECK(table_pin(t, e[i]) && table_is_pinned(e[i]));
    CHECK(!table_pin(t, e[10]) && !table_is_pinned(e[10]));
    CHECK(table_pin(t, e[3])); /* again */
    CHECK_INT(table_pinned(t), 10);
    for (uint64_t i = 100; i < 1000; i++)
        table_get(t, i, (int64_t)i, NULL);
    for (uint64_t i = 0; i < 10; i++)
        CHECK(table_find(t, i) == (void *)e[i]);
    table_unpin(t, e[0]);
    table_unpin(t, e[0]);
    CHECK_INT(table_pinned(t), 9);
    table_remove(t, e[1]);
    CHECK_INT(table_pinned(t), 8);
    table_free(t);
}

static void sampling_keeps_recent_entries_and_repeats_itself(void)
{
    struct table *a = plain_table(1000), *b = plain_table(1000);
    unsigned recent = 0;
    uint32_t cursor_a = 0, cursor_b = 0;

    for (uint64_t key = 1; key <= 5000; key++) {
        table_get(a, key * UINT64_C(0x9e3779b97f4a7c15), (int64_t)key, NULL);
        table_get(b, key * UINT64_C(0x9e3779b97f4a7c15), (int64_t)key, NULL);
    }
    for (void *e; (e = table_next(a, &cursor_a)) != NULL;) {
        void *same = table_next(b, &cursor_b);
        CHECK(same != NULL && table_key_of(e) == table_key_of(same));
        recent += table_last_us(e) > 3000;
    }
    CHECK(recent > 950); /* of 1000; choosing blindly would leave about 860 */
    CHECK_INT(table_evictions(a), 4000);
    table_free(a);
    table_free(b);
}

static void a_doorkeeper_admits_at_the_second_sight(void)
{
    struct table *t = table_new(&(struct table_spec){.name = "guarded",
                                                     .capacity = 100,
                                                     .entry_size = 8,
                                                     .doorkeeper = true,
                                                     .doorkeeper_rotate_us = 1000});
    bool created = true;
    uint64_t key = UINT64_C(0x123456789abcdef1);

    CHECK(table_get(t, key, 10, &created) == NULL && !created);
    CHECK_INT(table_count(t), 0);
    CHECK(table_get(t, key, 20, &created) != NULL && created);
    CHECK(table_get(t, ~key, 30, NULL) == NULL);
    CHECK(table_get(t, ~key, 5030, NULL) == NULL); /* forgotten meanwhile */
    CHECK(table_get(t, ~key, 5040, NULL) != NULL);
    table_free(t);
}

static void a_flood_of_single_keys_does_not_push_out_scorers(void)
{
    struct table *t = table_new(&(struct table_spec){.name = "flooded",
                                                     .capacity = 500,
                                                     .entry_size = sizeof(struct entry),
                                                     .doorkeeper = true,
                                                     .doorkeeper_rotate_us = INT64_C(600000000),
                                                     .score = score_of});
    unsigned kept = 0;

    random_state = 4;
    for (uint64_t key = 1; key <= 50; key++)
        for (int sight = 0; sight < 2; sight++) {
            struct entry *e = table_get(t, key << 40 | key, 0, NULL);
            if (e != NULL)
                e->score = 3;
        }
    for (int i = 0; i < 20000; i++) {
        uint64_t key = random_u64();
        table_get(t, key, i, NULL);
        table_get(t, key, i, NULL); /* twice: defeats the doorkeeper, not the score */
    }
    for (uint64_t key = 1; key <= 50; key++)
        kept += table_find(t, key << 40 | key) != NULL;
    CHECK_INT(kept, 50);
    table_free(t);
}

static struct table *tallied_table(uint32_t capacity, struct tally *tally)
{
    return table_new(&(struct table_spec){.name = "tallied",
                                          .capacity = capacity,
                                          .entry_size = sizeof(struct entry),
                                          .score = score_of,
                                          .tally = tally});
}

static const int64_t second = 1000000;

static void uses_apart_are_counted_and_uses_at_once_are_not(void)
{
    struct tally *tally = tally_new(1 << 16);
    struct table *t = tallied_table(10, tally);
    struct entry *e = table_get(t, 1, 100 * second, NULL);

    CHECK_INT(table_spread(e), 1);
    table_get(t, 1, 109 * second, NULL);
    CHECK_INT(table_spread(e), 1);
    table_get(t, 1, 110 * second, NULL);
    table_get(t, 1, 111 * second, NULL);
    CHECK_INT(table_spread(e), 2);
    table_get(t, 1, 90 * second, NULL); /* late */
    CHECK_INT(table_spread(e), 2);
    for (int i = 0; i < 40; i++)
        table_get(t, 1, (200 + 30 * i) * second, NULL);
    CHECK_INT(table_spread(e), TALLY_LEVEL_MAX);
    CHECK(!table_is_full(t));
    table_free(t);
    tally_free(tally);
}

static void a_newcomer_waits_outside_a_table_of_those_who_recur(void)
{
    struct tally *tally = tally_new(1 << 16);
    struct table *t = tallied_table(4, tally);
    bool created;

    for (uint64_t key = 1; key <= 4; key++)
        for (int use = 0; use < 3; use++)
            table_get(t, key, (100 + 30 * use) * second, NULL);
    CHECK(table_is_full(t));
    struct entry *e = table_get(t, 99, 170 * second, &created);
    CHECK(created && e != NULL && e->mark == 0 && table_key_of(e) == 99);
    e->mark = 5;
    CHECK(table_find(t, 99) == NULL && table_at(t, table_handle(t, e), 99) == NULL);
    CHECK(!table_pin(t, e));
    table_unpin(t, e);
    table_remove(t, e);
    CHECK_INT(table_count(t), 4);
    CHECK_INT(table_evictions(t), 1);
    e = table_get(t, 99, 200 * second, &created);
    CHECK(created && e->mark == 0 && table_find(t, 99) == NULL);
    e = table_get(t, 99, 230 * second, &created); /* as often as those inside by now */
    CHECK(created && table_find(t, 99) == (void *)e);
    CHECK_INT(table_spread(e), 3);
    uint64_t gone = 0;
    for (uint64_t key = 1; key <= 4; key++)
        gone = table_find(t, key) == NULL ? key : gone;
    e = table_get(t, gone, 235 * second, &created); /* evicted, but not unknown */
    CHECK_INT(table_spread(e), 3);
    table_free(t);
    tally_free(tally);
}

/* 500 slow keys and a table of 800, under 300 keys a second that come twice. */
static void a_flood_does_not_keep_the_slow_ones_out(void)
{
    enum { SLOW = 500, MINUTES = 12 };
    struct tally *tally = tally_new(1 << 17);
    struct table *t = tallied_table(800, tally);
    uint64_t slow[SLOW];
    unsigned found = 0;

    random_state = 8;
    for (unsigned i = 0; i < SLOW; i++)
        slow[i] = random_u64();
    for (int64_t s = 0; s < MINUTES * 60; s++) {
        for (unsigned i = 0; i < 300; i++) {
            uint64_t key = random_u64();
            for (int sight = 0; sight < 2; sight++)
                ((struct entry *)table_get(t, key, s * second, NULL))->score += 1;
        }
        for (unsigned i = (unsigned)s % 60; i < SLOW; i += 60)
            ((struct entry *)table_get(t, slow[i], s * second, NULL))->score += 1;
    }
    for (unsigned i = 0; i < SLOW; i++) {
        struct entry *e = table_find(t, slow[i]);
        found += e != NULL && e->score >= 6;
    }
    CHECK(found >= 495);
    CHECK(table_evictions(t) > 0);
    table_free(t);
    tally_free(tally);
}

static void what_rested_long_is_no_loss(void)
{
    struct table *t = plain_table(4);

    for (uint64_t key = 1; key <= 4; key++)
        table_get(t, key, 0, NULL);
    table_get(t, 5, 3600 * second, NULL);
    CHECK_INT(table_evictions(t), 0);
    for (uint64_t key = 6; key <= 9; key++)
        table_get(t, key, 3600 * second, NULL);
    CHECK_INT(table_evictions(t), 1);
    table_free(t);
}

enum { MODEL_KEYS = 300 };

/* Keys that share tags and homes, so that shifting back is exercised. */
static uint64_t model_key(unsigned i)
{
    uint64_t low = i % 40;

    return (uint64_t)(i / 40) << 32 | (low ^ (i / 40));
}

static void what_showed_nothing_is_no_loss(void)
{
    struct table_spec spec = {.name = "test",
                              .capacity = 4,
                              .entry_size = sizeof(struct entry),
                              .score = score_of,
                              .worth = .5F};
    struct table *t = table_new(&spec);

    for (uint64_t key = 1; key <= 8; key++)
        table_get(t, key, (int64_t)key, NULL);
    CHECK_INT(table_evictions(t), 0);
    for (uint64_t key = 5; key <= 8; key++)
        ((struct entry *)table_find(t, key))->score = 1;
    table_get(t, 9, 9, NULL);
    CHECK_INT(table_evictions(t), 1);
    table_get(t, 10, 10, NULL); /* in place of 9 */
    CHECK_INT(table_evictions(t), 1);
    table_free(t);
}

static void random_operations_agree_with_a_plain_array(void)
{
    struct table *t = plain_table(MODEL_KEYS);
    uint64_t model[MODEL_KEYS] = {0};
    uint32_t live = 0;

    random_state = 1;
    for (int step = 0; step < 60000; step++) {
        unsigned i = (unsigned)(random_u64() % MODEL_KEYS);
        struct entry *e = table_find(t, model_key(i));
        CHECK((e != NULL) == (model[i] != 0) && (e == NULL || e->mark == model[i]));
        if (e == NULL && random_u64() % 2 == 0) {
            e = table_get(t, model_key(i), step, NULL);
            model[i] = e->mark = random_u64() | 1;
            live++;
        } else if (e != NULL && random_u64() % 2 == 0) {
            table_remove(t, e);
            model[i] = 0;
            live--;
        }
        CHECK_INT(table_count(t), live);
    }
    table_free(t);
}

static void a_walk_sees_each_entry_once_and_may_remove(void)
{
    struct table *t = plain_table(64);
    uint32_t cursor = 0;
    unsigned seen = 0;

    for (uint64_t key = 0; key < 50; key++)
        table_get(t, key, 0, NULL);
    for (void *e; (e = table_next(t, &cursor)) != NULL; seen++)
        if (table_key_of(e) % 2 == 0)
            table_remove(t, e);
    CHECK_INT(seen, 50);
    CHECK_INT(table_count(t), 25);
    CHECK(table_find(t, 3) != NULL && table_find(t, 4) == NULL);
    CHECK(table_bytes(t) >= 64 * sizeof(struct entry));
    table_free(t);
}

static void a_table_of_one_works(void)
{
    struct table *t = plain_table(1);
    void *e = table_get(t, 1, 0, NULL);

    CHECK(!table_pin(t, e));
    CHECK(table_get(t, 2, 1, NULL) != NULL && table_find(t, 1) == NULL);
    table_free(t);
}

static const struct test_case cases[] = {
    {"an entry is found until it is removed", an_entry_is_found_until_removed},
    {"a removed slot is used again first, and zeroed",
     a_removed_slot_is_used_again_first_and_zeroed},
    {"a handle is valid for its key only", a_handle_dies_with_its_key},
    {"a full small table evicts the longest idle entry",
     a_full_small_table_evicts_the_longest_idle},
    {"the lowest score is evicted first and its owner is told",
     the_lowest_score_goes_first_and_the_owner_is_told},
    {"pinned entries stay, and they are a quarter at most",
     pinned_entries_stay_and_are_a_quarter_at_most},
    {"sampled eviction keeps recent entries and is deterministic",
     sampling_keeps_recent_entries_and_repeats_itself},
    {"a doorkeeper admits a key at its second sight", a_doorkeeper_admits_at_the_second_sight},
    {"a flood of new keys does not push out entries with a score",
     a_flood_of_single_keys_does_not_push_out_scorers},
    {"uses apart are counted, uses at once are not",
     uses_apart_are_counted_and_uses_at_once_are_not},
    {"a newcomer waits outside a table of those who recur",
     a_newcomer_waits_outside_a_table_of_those_who_recur},
    {"a flood does not keep the slow ones out", a_flood_does_not_keep_the_slow_ones_out},
    {"what rested for an hour is no loss", what_rested_long_is_no_loss},
    {"what showed nothing is no loss", what_showed_nothing_is_no_loss},
    {"random operations agree with a plain array", random_operations_agree_with_a_plain_array},
    {"a walk sees each entry once and may remove it", a_walk_sees_each_entry_once_and_may_remove},
    {"a table of one entry works", a_table_of_one_works},
};
TEST_MAIN(cases)
