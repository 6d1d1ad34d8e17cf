/* test_message_table.c - the life of a message record, and what a full table gives up */
#include "correlate/message_table.h"

#include "test.h"

static void a_record_is_made_once_and_found_again(void)
{
    struct message_table *t = message_table_new(16);
    struct message *m = message_table_get(t, 7, 1000);

    CHECK(message_table_find(t, 8) == NULL);
    CHECK_INT(m->first_us, 1000);
    m->nrcpt = 5;
    CHECK(message_table_get(t, 7, 2000) == m);
    CHECK_INT(m->nrcpt, 5);
    CHECK_INT(m->first_us, 1000);
    CHECK_INT(m->last_us, 2000);
    message_table_get(t, 7, 1500);
    CHECK_INT(m->last_us, 2000);
    CHECK_INT(message_table_key(m), 7);
    CHECK_INT(message_table_count(t), 1);
    message_table_free(t);
}

static void a_restart_keeps_the_key_only(void)
{
    struct message_table *t = message_table_new(16);
    struct message *m = message_table_get(t, 7, 1000);
    uint32_t handle = message_table_handle(t, m);

    m->flags = MESSAGE_DONE | MESSAGE_AUTHED;
    snprintf(m->sender, sizeof m->sender, "a@example.net");
    message_table_restart(m, 5000);
    CHECK_INT(m->flags, 0);
    CHECK_STR(m->sender, "");
    CHECK_INT(m->first_us, 5000);
    CHECK(message_table_find(t, 7) == m);
    CHECK(message_table_at(t, handle, 7) == m);
    CHECK(message_table_at(t, handle, 8) == NULL);
    CHECK(message_table_at(t, 0, 7) == NULL);
    message_table_free(t);
}

/* A finished record stays for the next 512 that finish. */
static void a_finished_record_stays_a_while(void)
{
    struct message_table *t = message_table_new(4096);

    for (uint64_t key = 1; key <= 600; key++) {
        message_table_done(t, message_table_get(t, key, (int64_t)key));
        CHECK((message_table_find(t, 1) != NULL) == (key <= 512));
    }
    CHECK(message_table_find(t, 88) == NULL);
    CHECK(message_table_find(t, 89) != NULL);
    CHECK_INT(message_table_count(t), 512);
    CHECK_INT(message_table_evictions(t), 0);
    message_table_free(t);
}

/* Its id was opened again: the place in the line of finished ones says nothing about the new life.
 */
static void a_reopened_record_is_not_dropped_with_its_former_life(void)
{
    struct message_table *t = message_table_new(4096);
    struct message *m = message_table_get(t, 1, 0);

    message_table_done(t, m);
    message_table_restart(m, 10);
    m->flags = MESSAGE_QUEUED;
    for (uint64_t key = 2; key < 2000; key++)
        message_table_done(t, message_table_get(t, key, (int64_t)key));
    CHECK(message_table_find(t, 1) != NULL);
    message_table_done(t, message_table_find(t, 1));
    message_table_done(t, message_table_find(t, 1)); /* said twice does no harm */
    for (uint64_t key = 2000; key < 2600; key++)
        message_table_done(t, message_table_get(t, key, (int64_t)key));
    CHECK(message_table_find(t, 1) == NULL);
    message_table_free(t);
}

static void a_full_table_gives_up_what_is_finished_first(void)
{
    struct message_table *t = message_table_new(64);
    unsigned kept = 0;

    for (uint64_t key = 1; key <= 8; key++)
        message_table_get(t, key, 0)->flags = MESSAGE_RELAY_JUDGED | MESSAGE_QUEUED;
    for (uint64_t key = 100; key < 1100; key++)
        message_table_get(t, key, (int64_t)key)->flags = key % 2 ? MESSAGE_DONE : 0;
    for (uint64_t key = 1; key <= 8; key++)
        kept += message_table_find(t, key) != NULL;
    CHECK_INT(kept, 8);
    CHECK_INT(message_table_count(t), 64);
    CHECK_INT(message_table_evictions(t), 1008 - 64);
    message_table_free(t);
}

static void making_a_child_never_drops_its_parent(void)
{
    struct message_table *t = message_table_new(8);

    for (uint64_t key = 1; key < 500; key++) {
        struct message *parent = message_table_get(t, key, (int64_t)key);
        struct message *child;
        parent->flags = MESSAGE_DONE; /* the first to go */
        child = message_table_get_beside(t, 100000 + key, (int64_t)key, parent);
        CHECK(child != parent);
        CHECK(message_table_find(t, key) == parent);
        CHECK(message_table_find(t, 100000 + key) == child);
    }
    CHECK(message_table_get_beside(t, 1, 1, NULL) != NULL);
    message_table_free(t);
}

static void all_records_are_walked(void)
{
    struct message_table *t = message_table_new(64);
    uint32_t cursor = 0;
    uint64_t sum = 0;

    for (uint64_t key = 1; key <= 40; key++)
        message_table_get(t, key, 0);
    for (struct message *m; (m = message_table_next(t, &cursor)) != NULL;)
        sum += message_table_key(m);
    CHECK_INT(sum, 40 * 41 / 2);
    CHECK(message_table_bytes(t) >= 64 * sizeof(struct message));
    message_table_free(t);
}

static const struct test_case cases[] = {
    {"a record is made once and found again", a_record_is_made_once_and_found_again},
    {"a restart keeps the key only", a_restart_keeps_the_key_only},
    {"a finished record stays a while", a_finished_record_stays_a_while},
    {"a reopened record is not dropped with its former life",
     a_reopened_record_is_not_dropped_with_its_former_life},
    {"a full table gives up what is finished first", a_full_table_gives_up_what_is_finished_first},
    {"making a child never drops its parent", making_a_child_never_drops_its_parent},
    {"all records are walked", all_records_are_walked},
};

TEST_MAIN(cases)
