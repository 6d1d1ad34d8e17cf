/* test_scorecard.c - rows that hang on more than one fact, and that no PASS comes without evidence
 */
#include "alert/scorecard.h"

#include "test.h"

static struct scorecard_row row_of(const struct scorecard_facts *f, const char *number)
{
    static struct scorecard_row rows[SCORECARD_ROWS_MAX];
    unsigned n = scorecard_fill(f, rows);

    for (unsigned i = 0; i < n; i++)
        if (strcmp(rows[i].number, number) == 0)
            return rows[i];
    test_fail(__FILE__, __LINE__, "such a row");
    return (struct scorecard_row){.number = number, .result = "", .title = ""};
}

static void check(const struct scorecard_facts *f, const char *number, const char *result,
                  const char *evidence)
{
    struct scorecard_row row = row_of(f, number);

    CHECK_STR(row.result, result);
    CHECK_STR(row.evidence, evidence);
}

static void test_relay(void)
{
    struct scorecard_facts f = {.events = 1, .coverage_enough = true, .relay_refused = 20};

    check(&f, "1", "PASS", "20 attempts refused, none accepted");
    f.relay_refused = 19;
    check(&f, "1", "UNKNOWN", "19 attempts refused, none accepted; 20 would prove it");
    f.relay_refused = 500;
    f.coverage_enough = false;
    check(&f, "1", "UNKNOWN", "the log shows too little to tell");
    f.relay_bounced = 3; /* no relay, but "none accepted" would be untrue */
    check(&f, "1", "WARN", "3 recipients for strangers taken, then bounced here, none relayed");
    f.relay_unsettled = 2;
    check(&f, "1", "WARN", "2 hidden foreign recipients accepted, what became of it is not logged");
    f.relay_accepted = 1; /* L3 alone is a failure: acceptance is responsibility */
    check(&f, "1", "FAIL", "0 recipients relayed for strangers, 1 more accepted");
    f.relay_delivered = 54;
    f.relay_accepted = 27;
    check(&f, "1", "FAIL", "54 recipients relayed for strangers, 27 more accepted");
}

static void test_share_rounds_down(void)
{
    struct scorecard_facts f = {.events = 1, .outcomes = 100000, .outcomes_joined = 99999};

    check(&f, "3", "PASS", "99999 of 100000 recipients (99.9%) with client, sender and outcome");
    f.outcomes_joined = 98999;
    check(&f, "3", "WARN", "98999 of 100000 recipients (98.9%) with client, sender and outcome");
    f.outcomes_joined = 89999;
    check(&f, "3", "FAIL", "89999 of 100000 recipients (89.9%) with client, sender and outcome");
}

/* Our own tables were too small: that says nothing about the log. */
static void test_lost_joins(void)
{
    struct scorecard_facts f = {
        .events = 1, .outcomes = 100, .outcomes_joined = 50, .joins_lost = 1};

    check(&f, "3", "UNKNOWN",
          "50 of 100 recipients (50.0%) traceable, but our own tables were too small (--memory)");
    f.outcomes_joined = 100;
    check(&f, "3", "PASS", "all 100 recipients with client, sender and outcome");
}

static void test_unknown_recipients(void)
{
    struct scorecard_facts f = {
        .events = 1, .dialogue_visible = true, .unknown_refused = 1000, .unknown_bounced = 9};

    check(&f, "H4", "PASS", "1000 refused in the dialogue, 9 taken and bounced later");
    f.unknown_bounced = 11;
    CHECK_STR(row_of(&f, "H4").result, "WARN");
    f.unknown_bounced = 112;
    CHECK_STR(row_of(&f, "H4").result, "FAIL");
    f = (struct scorecard_facts){
        .events = 1, .dialogue_visible = true, .unknown_refused = 1, .unknown_bounced = 19};
    CHECK_STR(row_of(&f, "H4").result, "WARN"); /* too few for a failure */
}

/* What a server's own tracking cannot show is not held against it: no ability is missing, and the
 * share of the bounces is not known. */
static void test_queues_only(void)
{
    static const char *const abilities[] = {"5", "7a", "7b", "8", "9", "13"};
    struct scorecard_facts f = {.events = 1, .coverage_enough = true, .unknown_bounced = 70};

    for (size_t i = 0; i < sizeof abilities / sizeof abilities[0]; i++)
        check(&f, abilities[i], "UNKNOWN", "this log shows no SMTP sessions");
    check(&f, "H4", "WARN", "70 taken and bounced later; how many were refused is not logged");
    f.dialogue_visible = true;
    for (size_t i = 0; i < sizeof abilities / sizeof abilities[0]; i++)
        CHECK_STR(row_of(&f, abilities[i]).result, "NOT SEEN");
    check(&f, "H4", "FAIL", "0 refused in the dialogue, 70 taken and bounced later");
}

/* An empty log proves nothing: neither PASS nor FAIL anywhere. */
static void test_no_evidence(void)
{
    struct scorecard_row rows[SCORECARD_ROWS_MAX];
    struct scorecard_facts f = {.events = 1, .coverage_enough = true, .dialogue_visible = true};
    unsigned n = scorecard_fill(&f, rows), hygiene = 0;

    CHECK_INT(n, 21);
    for (unsigned i = 0; i < n; i++) {
        CHECK(strcmp(rows[i].result, "UNKNOWN") == 0 || strcmp(rows[i].result, "NOT SEEN") == 0);
        CHECK(rows[i].evidence[0] != '\0');
        hygiene += scorecard_is_hygiene(&rows[i]);
    }
    CHECK_INT(hygiene, 6);
    CHECK_STR(rows[0].number, "1");
    CHECK_STR(rows[14].number, "13");
    CHECK_STR(rows[15].number, "H1");
}

/* The longest figures there are fit into the row. */
static void test_large(void)
{
    struct scorecard_facts f;
    struct scorecard_row rows[SCORECARD_ROWS_MAX];
    unsigned n;

    memset(&f, 0x7f, sizeof f);
    f.dialogue_visible = true;
    f.coverage_enough = false;
    n = scorecard_fill(&f, rows);
    for (unsigned i = 0; i < n; i++)
        CHECK(strlen(rows[i].evidence) + 1 < sizeof rows[i].evidence);
}

static const struct test_case cases[] = {
    {"1: PASS needs 20 refusals, none accepted, and coverage", test_relay},
    {"3: shares are rounded down, 99% passes", test_share_rounds_down},
    {"3: records lost by ourselves make it unknown", test_lost_joins},
    {"H4: one percent, ten percent", test_unknown_recipients},
    {"a log of queues only cannot show what is refused", test_queues_only},
    {"without evidence nothing passes and nothing fails", test_no_evidence},
    {"large figures fit", test_large},
};

TEST_MAIN(cases)
