/* test_account_places.c - D3: which network is strange to an account: one it came to long after
 * another */
#include "detect/account_burst.h"

#include "test.h"

#define MINUTES(n) ((int64_t)(n)*60 * 1000000)

static const int64_t morning = INT64_C(1772438400) * 1000000;
static const uint64_t office = UINT64_C(1) << 40, elsewhere = UINT64_C(2) << 40;

/* So many messages from the office, and so much later one from elsewhere. */
static uint32_t strange_after(unsigned messages, int64_t later_us)
{
    struct account a = {0};

    account_burst_begin(&a, morning);
    for (unsigned i = 0; i < messages; i++)
        account_burst_place(&a, office, morning);
    account_burst_place(&a, elsewhere, morning + later_us);
    return a.now.strange;
}

static void a_place_is_strange_beside_an_older_one(void)
{
    CHECK_INT(strange_after(0, MINUTES(0)), 0);
    CHECK_INT(strange_after(2, MINUTES(60)), 0); /* a phone on its way */
    CHECK_INT(strange_after(3, MINUTES(60)), 1); /* well used */
    CHECK_INT(strange_after(1, MINUTES(119)), 0);
    CHECK_INT(strange_after(1, MINUTES(120)), 1); /* or long before */
}

static void the_older_place_is_not_strange(void)
{
    struct account a = {0};

    account_burst_begin(&a, morning);
    account_burst_place(&a, office, morning);
    account_burst_place(&a, elsewhere, morning + MINUTES(180));
    account_burst_place(&a, office, morning + MINUTES(181));
    CHECK_INT(a.now.placed, 3);
    CHECK_INT(a.now.strange, 1);
}

static const struct test_case cases[] = {
    {"a place is strange beside an older one", a_place_is_strange_beside_an_older_one},
    {"the older place is not strange", the_older_place_is_not_strange},
};

TEST_MAIN(cases)
