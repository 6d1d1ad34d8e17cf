/* test_relay_board.c - the verdict is the highest level reached, and names who reached it */
#include "alert/relay_board.h"

#include "event/address.h"
#include "test.h"

#define DAY ((int64_t)86400 * 1000000)
static const int64_t start_us = INT64_C(1772409600) * 1000000; /* 2026-03-02 00:00 UTC */

static void note(struct relay_board *b, enum relay_level level, const char *client, uint32_t forms,
                 int64_t time_us, uint32_t count)
{
    const struct hash_key key = {1, 2};

    relay_board_note(b, &(struct relay_note){.level = level,
                                             .time_us = time_us,
                                             .client_hash = siphash13_lower(&key, slice_of(client)),
                                             .client = slice_of(client),
                                             .forms = forms,
                                             .count = count});
}

struct level_case {
    const char *levels; /* one letter a note: r t a q d b p */
    enum verdict_state state;
    uint64_t count;
    const char *unit;
};

static const struct level_case level_cases[] = {
    {"", VERDICT_NO, 0, "refused recipients"},
    {"rrr", VERDICT_ATTEMPTED, 3, "refused recipients"},
    {"b", VERDICT_ATTEMPTED, 1, "refused recipients"},
    {"t", VERDICT_EXPOSED, 1, "accepted recipients"},
    {"a", VERDICT_EXPOSED, 1, "accepted recipients"},
    {"q", VERDICT_EXPOSED, 1, "accepted recipients"},
    {"rrraq", VERDICT_EXPOSED, 2, "accepted recipients"},
    {"raad", VERDICT_YES, 1, "relayed recipients"},
    {"d", VERDICT_YES, 1, "relayed recipients"},
    {"rtaqdd", VERDICT_YES, 2, "relayed recipients"},
    /* an accepted trick is settled by its bounce, whichever line comes first */
    {"tb", VERDICT_ATTEMPTED, 1, "refused recipients"},
    {"bt", VERDICT_ATTEMPTED, 1, "refused recipients"},
    {"ttb", VERDICT_EXPOSED, 1, "accepted recipients"},
    {"tbt", VERDICT_EXPOSED, 1, "accepted recipients"},
    {"btrt", VERDICT_EXPOSED, 1, "accepted recipients"},
    {"bbb", VERDICT_ATTEMPTED, 3, "refused recipients"},
    {"tbd", VERDICT_YES, 1, "relayed recipients"},
    /* the bounce of a hidden recipient settles nothing that was accepted openly */
    {"ab", VERDICT_EXPOSED, 1, "accepted recipients"},
    {"ap", VERDICT_ATTEMPTED, 1, "refused recipients"},
    {"pa", VERDICT_ATTEMPTED, 1, "refused recipients"},
    {"aap", VERDICT_EXPOSED, 1, "accepted recipients"},
    {"tp", VERDICT_EXPOSED, 1, "accepted recipients"},
    {"apq", VERDICT_EXPOSED, 1, "accepted recipients"},
    {"apd", VERDICT_YES, 1, "relayed recipients"},
};

static enum relay_level level_of(char c)
{
    switch (c) {
    case 'r':
        return RELAY_REFUSED;
    case 't':
        return RELAY_TRICK_ACCEPTED;
    case 'a':
        return RELAY_RCPT_ACCEPTED;
    case 'q':
        return RELAY_QUEUED;
    case 'd':
        return RELAY_DELIVERED;
    case 'p':
        return RELAY_PLAIN_BOUNCED;
    default:
        return RELAY_TRICK_BOUNCED;
    }
}

static void the_highest_level_is_the_verdict(void)
{
    for (size_t i = 0; i < sizeof level_cases / sizeof level_cases[0]; i++) {
        const struct level_case *c = &level_cases[i];
        struct relay_board *b = relay_board_new();
        struct verdict v = {0};
        int before = test_failures;
        for (const char *p = c->levels; *p != '\0'; p++)
            note(b, level_of(*p), "198.51.100.1", 0, start_us + (p - c->levels), 1);
        relay_board_verdict(b, &v);
        CHECK_STR(verdict_state_name(v.state), verdict_state_name(c->state));
        CHECK_INT(v.count, c->count);
        CHECK_STR(v.unit, c->unit);
        if (test_failures != before)
            printf("#   levels %s\n", c->levels);
        relay_board_free(b);
    }
}

static void the_order_of_notes_does_not_matter(void)
{
    static const char *const orders[] = {"trabqd", "dqbart", "bdtqra"};
    struct verdict first = {0};

    for (size_t i = 0; i < sizeof orders / sizeof orders[0]; i++) {
        struct relay_board *b = relay_board_new();
        struct verdict v = {0};
        for (const char *p = orders[i]; *p != '\0'; p++)
            note(b, level_of(*p), "198.51.100.1", 0, start_us + *p, 1);
        relay_board_verdict(b, &v);
        if (i == 0)
            first = v;
        CHECK_INT(v.state, first.state);
        CHECK_INT(v.count, first.count);
        CHECK_INT(v.since_us, start_us + 'd');
        CHECK_INT(v.last_us, start_us + 'd');
        CHECK_INT(v.by[0].count, first.by[0].count);
        relay_board_free(b);
    }
}

/* A client whose mail only waits must not stand among those for whom mail was carried. */
static void yes_names_those_whose_mail_was_delivered(void)
{
    struct relay_board *b = relay_board_new();
    struct verdict v = {0};

    note(b, RELAY_QUEUED, "198.51.100.1", 0, start_us, 50);
    note(b, RELAY_RCPT_ACCEPTED, "198.51.100.2", 0, start_us, 70);
    note(b, RELAY_QUEUED, "198.51.100.3", 0, start_us, 30);
    note(b, RELAY_DELIVERED, "198.51.100.3", 0, start_us + 1, 2);
    note(b, RELAY_DELIVERED, "198.51.100.4", FORM_PERCENT, start_us + 2, 5);
    relay_board_verdict(b, &v);
    CHECK_INT(v.state, VERDICT_YES);
    CHECK_INT(v.count, 7);
    CHECK_INT(v.by_count, 2);
    CHECK_INT(v.by_total, 2);
    CHECK_STR(v.by[0].value, "198.51.100.4");
    CHECK_INT(v.by[0].count, 5);
    CHECK_STR(v.by[1].value, "198.51.100.3");
    CHECK_INT(v.by[1].count, 2);
    CHECK_INT(v.how_count, 2);
    CHECK_STR(v.how[0], "percent");
    CHECK_STR(v.how[1], "plain");
    CHECK_INT(v.since_us, start_us + 1);
    CHECK_INT(v.last_us, start_us + 2);
    relay_board_free(b);
}

static void many_clients_are_counted_beyond_the_table(void)
{
    struct relay_board *b = relay_board_new();
    struct verdict v = {0};
    char client[32];

    for (unsigned i = 0; i < 5000; i++) {
        snprintf(client, sizeof client, "198.18.%u.%u", i / 256, i % 256);
        note(b, RELAY_DELIVERED, client, 0, start_us, 1);
    }
    relay_board_verdict(b, &v);
    CHECK_INT(v.count, 5000);
    CHECK_INT(v.by_count, VERDICT_BY_MAX);
    CHECK_NEAR(v.by_total, 5000, 5000 * .1);
    relay_board_free(b);
}

static void forms_are_named_by_their_trick(void)
{
    static const struct {
        uint32_t forms;
        const char *name;
    } forms[] = {{0, "plain"},
                 {FORM_PERCENT | FORM_LITERAL, "percent"},
                 {FORM_BANG | FORM_BARE, "bang"},
                 {FORM_DOUBLE_AT | FORM_TRAILING_AT, "double_at"},
                 {FORM_SOURCE_ROUTE, "source_route"},
                 {FORM_QUOTED_AT, "quoted_at"},
                 {FORM_IMCEA | FORM_PERCENT, "imcea"}};

    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        struct relay_board *b = relay_board_new();
        struct verdict v = {0};
        note(b, RELAY_REFUSED, "198.51.100.1", forms[i].forms, start_us, 1);
        relay_board_verdict(b, &v);
        CHECK_INT(v.how_count, 1);
        CHECK_STR(v.how[0], forms[i].name);
        relay_board_free(b);
    }
}

static void a_yes_is_closed_by_a_week_of_refusals(void)
{
    struct relay_board *b = relay_board_new();

    CHECK(!relay_board_closed(b, start_us + 30 * DAY));
    note(b, RELAY_REFUSED, "198.51.100.1", 0, start_us, 100);
    note(b, RELAY_DELIVERED, "198.51.100.1", 0, start_us + DAY, 1);
    note(b, RELAY_REFUSED, "198.51.100.1", 0, start_us + 2 * DAY, 19);
    CHECK(!relay_board_closed(b, start_us + 20 * DAY));
    note(b, RELAY_REFUSED, "198.51.100.1", 0, start_us + 3 * DAY, 1);
    CHECK(!relay_board_closed(b, start_us + 8 * DAY - 1));
    CHECK(relay_board_closed(b, start_us + 8 * DAY));
    note(b, RELAY_RCPT_ACCEPTED, "198.51.100.1", 0, start_us + 9 * DAY, 1);
    CHECK(!relay_board_closed(b, start_us + 30 * DAY));
    relay_board_free(b);
}

static void the_fullest_tester_is_kept(void)
{
    struct relay_board *b = relay_board_new();
    struct verdict v = {0};

    note(b, RELAY_REFUSED, "198.51.100.1", 0, start_us, 1);
    relay_board_tester(b, 1, SLICE_LIT("nmap smtp-open-relay, 3 of 16 tried, all refused"), 3);
    relay_board_tester(b, 1, SLICE_LIT("nmap smtp-open-relay, 16 of 16 refused"), 16);
    relay_board_tester(b, 2, SLICE_LIT("another, 4 of 20 tried, all refused"), 4);
    relay_board_verdict(b, &v);
    CHECK_STR(v.tester, "nmap smtp-open-relay, 16 of 16 refused");
    CHECK_INT(v.how_count, 2);
    CHECK_STR(v.how[0], "plain");
    CHECK_STR(v.how[1], v.tester);
    relay_board_free(b);
}

static struct relay_board *mirror_of(void *arg)
{
    struct relay_board **now = arg;
    return *now;
}

/* Two servers' boards behind that of the run: each knows its own, and they add up. */
static void what_is_noted_is_noted_on_the_mirror(void)
{
    struct relay_board *all = relay_board_new(), *each[2], *now;
    struct verdict v[3] = {{0}};

    relay_board_mirror(all, mirror_of, &now);
    now = each[0] = relay_board_new_small();
    note(all, RELAY_REFUSED, "198.51.100.1", 0, start_us, 3);
    relay_board_tester(all, 1, SLICE_LIT("nmap smtp-open-relay, 16 of 16 refused"), 16);
    now = each[1] = relay_board_new_small();
    note(all, RELAY_DELIVERED, "198.51.100.2", 0, start_us + 1, 2);
    for (unsigned i = 0; i < 40; i++) { /* more than it knows by name */
        char client[32];
        snprintf(client, sizeof client, "203.0.113.%u", i);
        note(all, RELAY_DELIVERED, client, 0, start_us + 2 + i, 1);
    }
    relay_board_verdict(all, &v[0]);
    relay_board_verdict(each[0], &v[1]);
    relay_board_verdict(each[1], &v[2]);
    CHECK_INT(v[0].state, VERDICT_YES);
    CHECK_INT(v[0].count, 42);
    CHECK_INT(v[1].state, VERDICT_ATTEMPTED);
    CHECK_INT(v[1].count, 3);
    CHECK_STR(v[1].tester, v[0].tester);
    CHECK_INT(v[2].state, VERDICT_YES);
    CHECK_INT(v[2].count, 42);
    CHECK(v[2].by_total >= 38 && v[2].by_total <= 44); /* by the sketch: 41 */
    CHECK_STR(v[2].tester, "");
    relay_board_free(each[0]);
    relay_board_free(each[1]);
    relay_board_free(all);
}

static const struct test_case cases[] = {
    {"what is noted is noted on the mirror", what_is_noted_is_noted_on_the_mirror},
    {"the highest level is the verdict", the_highest_level_is_the_verdict},
    {"the order of notes does not matter", the_order_of_notes_does_not_matter},
    {"YES names those whose mail was delivered", yes_names_those_whose_mail_was_delivered},
    {"many clients are counted beyond the table", many_clients_are_counted_beyond_the_table},
    {"forms are named by their trick", forms_are_named_by_their_trick},
    {"a YES is closed by a week of refusals", a_yes_is_closed_by_a_week_of_refusals},
    {"the tester with most tests is kept, behind the forms", the_fullest_tester_is_kept},
};

TEST_MAIN(cases)
