/* test_sasl_clients.c - what a client is charged with that a full table kept outside for a while */
#include "detect/sasl_clients.h"

#include "test.h"

#define SECOND INT64_C(1000000)
enum { ROOM = 16 }; /* the least that a table has */

static const struct ip_addr ip = {.family = 4};

static struct sasl_client *fail(struct sasl_clients *c, uint64_t who, int64_t second)
{
    return sasl_clients_fail(c, who * UINT64_C(0x9e3779b97f4a7c15), &ip, 0, 1, second * SECOND);
}

/* As many as have room, each at so many times, half a minute apart. */
static struct sasl_clients *filled(struct tally *tally, int times)
{
    struct sasl_clients *c = sasl_clients_new(1, tally);

    for (int i = 0; i < times; i++)
        for (uint64_t who = 1; who <= ROOM; who++)
            fail(c, who, 1000 + 30 * i);
    return c;
}

static void who_was_kept_outside_begins_with_what_the_tally_knows(void)
{
    struct tally *tally = tally_new(1 << 16);
    struct sasl_clients *c = filled(tally, 3);

    CHECK_INT(fail(c, 99, 1070)->failures, 1); /* forgotten at once */
    CHECK_INT(fail(c, 99, 1071)->failures, 1);
    CHECK_INT(fail(c, 99, 1090)->failures, 2); /* at a second time */
    CHECK_INT(fail(c, 99, 1110)->failures, 3); /* in the place of one that recurs no more */
    CHECK_INT(fail(c, 99, 1111)->failures, 4);
    CHECK(sasl_client_level(fail(c, 99, 1112), 1112 * SECOND) > 5 * 1.7);
    sasl_clients_free(c);
    tally_free(tally);
}

static void no_more_than_three_are_believed(void)
{
    struct tally *tally = tally_new(1 << 16);
    struct sasl_clients *c = filled(tally, TALLY_LEVEL_MAX);
    struct sasl_client *k = NULL;

    for (int i = 0; i < TALLY_LEVEL_MAX; i++)
        k = fail(c, 99, 1200 + 30 * i);
    CHECK_INT(k->failures, TALLY_BELIEVED + 1);
    sasl_clients_free(c);
    tally_free(tally);
}

static void without_a_tally_a_client_begins_with_nothing(void)
{
    struct sasl_clients *c = filled(NULL, 3);

    CHECK_INT(fail(c, 99, 1100)->failures, 1);
    CHECK_INT(fail(c, 99, 1101)->failures, 2);
    sasl_clients_free(c);
}

static const struct test_case cases[] = {
    {"who was kept outside begins with what the tally knows",
     who_was_kept_outside_begins_with_what_the_tally_knows},
    {"no more than three are believed", no_more_than_three_are_believed},
    {"without a tally a client begins with nothing", without_a_tally_a_client_begins_with_nothing},
};

TEST_MAIN(cases)
