/* test_harvest.c - D7: harvesters at every tempo are found, and nobody whose mail mostly arrives */
#include "detect_world.h"

enum { MEMORY = 8 << 20 };

static uint64_t random_state;

/* xorshift64*: the same numbers in every run */
static double uniform(void)
{
    random_state ^= random_state >> 12;
    random_state ^= random_state << 25;
    random_state ^= random_state >> 27;
    return (double)((random_state * UINT64_C(0x2545F4914F6CDD1D)) >> 11) / 9007199254740992.0;
}

static void try_names(struct world *w, const char *ip, unsigned from, unsigned count, int64_t start,
                      int64_t gap)
{
    char rcpt[64];

    for (unsigned i = 0; i < count; i++) {
        snprintf(rcpt, sizeof rcpt, "name%u@example.org", from + i);
        world_unknown(w, start + i * gap, ip, "x@sender.example", rcpt);
    }
}

static void straight_unknown_names_warn_at_nine_and_alarm_at_twelve(void)
{
    /* steps of ln(.85/.30) = 1.0415: 9 > 9.2 / 1.0415 > 8, and 12 > 11.5 / 1.0415 > 11 */
    struct world w;

    world_start(&w, "harvest", MEMORY);
    try_names(&w, "203.0.113.9", 0, 8, day_start, SECOND);
    CHECK_INT(world_severity(&w, RULE_HARVEST, "203.0.113.9"), -1);
    try_names(&w, "203.0.113.9", 8, 1, day_start + 8 * SECOND, SECOND);
    CHECK_INT(world_severity(&w, RULE_HARVEST, "203.0.113.9"), SEVERITY_LOW);
    try_names(&w, "203.0.113.9", 9, 2, day_start + 9 * SECOND, SECOND);
    CHECK_INT(world_severity(&w, RULE_HARVEST, "203.0.113.9"), SEVERITY_LOW);
    try_names(&w, "203.0.113.9", 11, 1, day_start + 11 * SECOND, SECOND);
    CHECK_INT(world_severity(&w, RULE_HARVEST, "203.0.113.9"), SEVERITY_MEDIUM);
    CHECK(world_alert(&w, RULE_HARVEST, "203.0.113.9")->first_us == day_start);
    world_end(&w);
}

static void every_tempo_is_found_within_thirteen_names(void)
{
    static const int64_t gaps[] = {SECOND, 30 * SECOND, 10 * MINUTE};

    for (unsigned i = 0; i < 3; i++) {
        struct world w;
        world_start(&w, "harvest", MEMORY);
        try_names(&w, "203.0.113.9", 0, 13, day_start, gaps[i]);
        CHECK_INT(world_severity(&w, RULE_HARVEST, "203.0.113.9"), SEVERITY_MEDIUM);
        world_end(&w);
    }
}

static void the_same_name_again_is_not_counted(void)
{
    struct world w;

    world_start(&w, "harvest", MEMORY);
    for (int i = 0; i < 200; i++)
        world_unknown(&w, day_start + i * MINUTE, "203.0.113.9", "x@sender.example",
                      i % 2 ? "gone@example.org" : "Left@example.org");
    CHECK_INT(world_count(&w, SEVERITY_INFO), 0);
    world_end(&w);
}

static void bounces_and_probes_of_other_servers_never_count(void)
{
    struct world w;
    char rcpt[64];

    world_start(&w, "harvest", MEMORY);
    for (int i = 0; i < 300; i++) {
        snprintf(rcpt, sizeof rcpt, "forged%d@example.org", i);
        world_unknown(&w, day_start + i * SECOND, "203.0.113.9", "", rcpt);
        world_unknown(&w, day_start + i * SECOND, "203.0.113.10", "double-bounce@mx.example", rcpt);
    }
    CHECK_INT(world_count(&w, SEVERITY_INFO), 0);
    world_end(&w);
}

static void inside_and_greylisted_clients_never_count(void)
{
    struct world w;
    char rcpt[64];

    world_start(&w, "harvest", MEMORY);
    for (int i = 0; i < 50; i++) {
        snprintf(rcpt, sizeof rcpt, "name%d@example.org", i);
        world_unknown(&w, day_start + i * SECOND, "192.0.2.7", "x@example.org", rcpt);
        world_refuse(&w, day_start + i * SECOND, "203.0.113.9", "x@sender.example", rcpt, 450,
                     "Recipient address rejected: Greylisted");
        world_refuse(&w, day_start + i * SECOND, "203.0.113.9", "x@sender.example", rcpt, 450,
                     "Recipient address rejected: unverified address: Address verification in "
                     "progress");
    }
    CHECK_INT(world_count(&w, SEVERITY_INFO), 0);
    world_end(&w);
}

static void a_temporary_refusal_of_an_unknown_name_counts(void)
{
    struct world w;
    char rcpt[64];

    world_start(&w, "harvest", MEMORY);
    for (int i = 0; i < 12; i++) {
        snprintf(rcpt, sizeof rcpt, "name%d@example.org", i);
        world_refuse(&w, day_start + i * SECOND, "203.0.113.9", "x@sender.example", rcpt, 450,
                     "Recipient address rejected: User unknown in local recipient table");
    }
    CHECK_INT(world_severity(&w, RULE_HARVEST, "203.0.113.9"), SEVERITY_MEDIUM);
    world_end(&w);
}

/* One sender with a share of unknown recipients, all different. */
static void send_list(struct world *w, const char *ip, unsigned from, unsigned count, double stale,
                      int64_t start, int64_t gap)
{
    char rcpt[64];

    for (unsigned i = 0; i < count; i++) {
        snprintf(rcpt, sizeof rcpt, "reader%u@example.org", from + i);
        if (uniform() < stale)
            world_unknown(w, start + i * gap, ip, "list@news.example", rcpt);
        else
            world_inbound(w, start + i * gap, ip, "list@news.example", rcpt);
    }
}

static void stale_lists_and_forwarders_do_not_alarm(void)
{
    struct world w;
    char ip[32];

    random_state = 42;
    world_start(&w, "harvest", MEMORY);
    for (unsigned i = 0; i < 40; i++) {
        snprintf(ip, sizeof ip, "198.18.%u.1", i);
        send_list(&w, ip, i * 1000, 400, .10, day_start + i * 10 * MINUTE, SECOND);
        snprintf(ip, sizeof ip, "198.19.%u.1", i);
        send_list(&w, ip, 100000 + i * 1000, 200, .10 + .30 * i / 40, day_start + i * 10 * MINUTE,
                  2 * MINUTE);
    }
    CHECK_INT(world_count(&w, SEVERITY_MEDIUM), 0);
    CHECK(world_count(&w, SEVERITY_INFO) <= 2); /* a warning about the worst forwarders, at most */
    world_end(&w);
}

/* A server under its own name, most of whose readers have left; and the same tries by a stranger.
 */
static void old_list(struct world *w, bool own_name, bool shared, unsigned unknown, unsigned known)
{
    char rcpt[64];
    const char *name = own_name ? "mail.news.example" : NULL;

    for (unsigned i = 0; i < unknown; i++) {
        struct event ev;
        snprintf(rcpt, sizeof rcpt, "left%u@example.org", i);
        if (shared && i % 2 == 0)
            world_unknown(w, day_start + i * MINUTE, i % 4 ? "198.18.0.7" : "198.19.0.7",
                          "x@sender.example", rcpt);
        world_begin(&ev, day_start + i * MINUTE + SECOND, EVENT_RCPT);
        world_client(&ev, "203.0.113.9");
        event_set(&ev, EF_CLIENT_NAME, slice_of(name));
        ev.stage = STAGE_RCPT;
        ev.outcome = OUTCOME_REFUSED;
        ev.reply_code = 550;
        event_set_sender(&ev, SLICE_LIT("club@news.example"));
        event_set(&ev, EF_RCPT, slice_of(rcpt));
        event_set(&ev, EF_TEXT, SLICE_LIT("User unknown in local recipient table"));
        world_event(w, &ev);
        if (i < known) {
            snprintf(rcpt, sizeof rcpt, "reader%u@example.org", i);
            world_inbound(w, day_start + i * MINUTE + 2 * SECOND, "203.0.113.9",
                          "club@news.example", rcpt);
        }
    }
}

static void an_old_list_under_its_own_name_is_a_note(void)
{
    static const struct {
        bool own_name, shared;
        unsigned unknown, known;
        int severity;
    } rows[] = {{false, false, 20, 1, SEVERITY_MEDIUM},   {false, false, 20, 3, SEVERITY_LOW},
                {false, false, 110, 12, SEVERITY_MEDIUM}, {true, false, 20, 0, SEVERITY_LOW},
                {true, false, 25, 0, SEVERITY_MEDIUM},    {true, false, 45, 1, SEVERITY_LOW},
                {true, false, 55, 1, SEVERITY_MEDIUM},    {true, true, 200, 1, SEVERITY_LOW},
                {false, true, 40, 1, SEVERITY_MEDIUM}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct world w;
        int before = test_failures;
        world_start(&w, "harvest", MEMORY);
        old_list(&w, rows[i].own_name, rows[i].shared, rows[i].unknown, rows[i].known);
        CHECK_INT(world_severity(&w, RULE_HARVEST, "203.0.113.9"), rows[i].severity);
        if (test_failures != before)
            printf("#   row %zu\n", i);
        world_end(&w);
    }
}

/* Mail servers of many names that each have a few old addresses are no botnet. */
static void servers_under_their_own_names_are_no_campaign(void)
{
    for (unsigned own = 0; own < 2; own++) {
        struct world w;
        struct event ev;
        char ip[32], rcpt[64], name[64];
        world_start(&w, "harvest", MEMORY);
        for (unsigned i = 0; i < 300; i++) {
            snprintf(ip, sizeof ip, "198.18.%u.5", i % 60);
            snprintf(name, sizeof name, "mail%u.%s.example", i % 60, own ? "sender" : "other");
            snprintf(rcpt, sizeof rcpt, "left%u@example.org", i);
            world_begin(&ev, day_start + i * 20 * SECOND, EVENT_RCPT);
            world_client(&ev, ip);
            event_set(&ev, EF_CLIENT_NAME, slice_of(name));
            ev.stage = STAGE_RCPT;
            ev.outcome = OUTCOME_REFUSED;
            ev.reply_code = 550;
            event_set_sender(&ev, SLICE_LIT("person@sender.example"));
            event_set(&ev, EF_RCPT, slice_of(rcpt));
            event_set(&ev, EF_TEXT, SLICE_LIT("User unknown in local recipient table"));
            world_event(&w, &ev);
        }
        CHECK_INT(world_severity(&w, RULE_HARVEST, "example.org"),
                  own ? SEVERITY_LOW : SEVERITY_MEDIUM);
        world_end(&w);
    }
}

static void a_typing_mistake_here_and_there_does_not_alarm(void)
{
    struct world w;
    char ip[32], rcpt[64];

    random_state = 7;
    world_start(&w, "harvest", MEMORY);
    for (unsigned i = 0; i < 3000; i++) {
        int64_t at = day_start + i * DAY / 3000;
        snprintf(ip, sizeof ip, "198.18.%u.%u", i % 200, 1 + i / 200);
        snprintf(rcpt, sizeof rcpt, "person%u@example.org", i);
        if (uniform() < .02)
            world_unknown(&w, at, ip, "friend@sender.example", rcpt);
        else
            world_inbound(&w, at, ip, "friend@sender.example", rcpt);
    }
    CHECK_INT(world_count(&w, SEVERITY_INFO), 0);
    world_end(&w);
}

static void a_busy_site_has_more_mistakes_without_alarm(void)
{
    struct world w;
    char ip[32], rcpt[64];

    random_state = 11;
    world_start(&w, "harvest", MEMORY);
    for (unsigned i = 0; i < 60000; i++) { /* 100 a minute, 4 of them mistaken, from everywhere */
        int64_t at = day_start + i * (MINUTE / 100);
        snprintf(ip, sizeof ip, "198.%u.%u.%u", 18 + i % 2, i / 2 % 250, 1 + i % 251);
        snprintf(rcpt, sizeof rcpt, "person%u@example.org", i);
        if (uniform() < .04)
            world_unknown(&w, at, ip, "friend@sender.example", rcpt);
        else
            world_inbound(&w, at, ip, "friend@sender.example", rcpt);
    }
    CHECK_INT(world_count(&w, SEVERITY_INFO), 0);
    world_end(&w);
}

static void a_network_of_quiet_clients_is_found_as_network(void)
{
    struct world w;
    const struct alert *a;
    char ip[32];

    world_start(&w, "harvest", MEMORY);
    for (unsigned i = 0; i < 30; i++) {
        snprintf(ip, sizeof ip, "203.0.113.%u", 10 + i % 10);
        try_names(&w, ip, i, 1, day_start + i * MINUTE, SECOND);
    }
    a = world_alert(&w, RULE_HARVEST, "203.0.113.0/24");
    CHECK(a != NULL);
    if (a != NULL) {
        CHECK_INT(a->entity_type, ENTITY_NETWORK);
        CHECK_INT(a->severity, SEVERITY_MEDIUM);
        CHECK_INT(a->related_count, 10);
    }
    CHECK_INT(world_count(&w, SEVERITY_INFO), 1);
    world_end(&w);
}

static void many_unrelated_clients_are_found_as_one_campaign(void)
{
    struct world w;
    const struct alert *a = NULL;
    char ip[32];
    unsigned tries = 0;

    world_start(&w, "harvest", MEMORY);
    for (; tries < 300; tries++) { /* 200 clients, over three hours */
        snprintf(ip, sizeof ip, "198.18.%u.5", tries % 200);
        try_names(&w, ip, tries, 1, day_start + tries * 36 * SECOND, SECOND);
        if (tries == 60) /* one try each may be mistakes */
            CHECK_INT(world_severity(&w, RULE_HARVEST, "example.org"), SEVERITY_LOW);
    }
    a = world_alert(&w, RULE_HARVEST, "example.org");
    CHECK(a != NULL);
    if (a != NULL) { /* second tries are not */
        CHECK_INT(a->severity, SEVERITY_MEDIUM);
        CHECK_INT(a->related_count, ALERT_RELATED_MAX);
    }
    CHECK_INT(world_count(&w, SEVERITY_INFO), 1);
    world_end(&w);
}

static void one_loud_harvester_is_no_campaign(void)
{
    struct world w;

    world_start(&w, "harvest", MEMORY);
    try_names(&w, "203.0.113.9", 0, 500, day_start, SECOND);
    CHECK_INT(world_count(&w, SEVERITY_INFO), 1);
    CHECK_INT(world_severity(&w, RULE_HARVEST, "203.0.113.9"), SEVERITY_MEDIUM);
    world_end(&w);
}

/* 120 clients with twelve names each, one after the other; one of them goes on. */
static void a_campaign_is_one_alert_and_a_few_of_its_clients(void)
{
    const struct alert *a;
    struct world w;
    char ip[40];

    world_start(&w, "harvest", MEMORY);
    for (unsigned i = 0; i < 12 * 120; i++) {
        snprintf(ip, sizeof ip, "198.18.%u.5", i % 120);
        try_names(&w, ip, i, 1, day_start + i * 2 * SECOND, SECOND);
    }
    a = world_alert(&w, RULE_HARVEST, "example.org");
    CHECK(a != NULL && a->severity == SEVERITY_MEDIUM);
    if (a != NULL) {
        CHECK_NEAR(a->related_total, 120, 12);
        CHECK_INT(a->related_count, ALERT_RELATED_MAX);
    }
    CHECK_INT(world_count(&w, SEVERITY_INFO), 1 + 16);
    CHECK_INT(world_severity(&w, RULE_HARVEST, "198.18.119.5"), -1);
    try_names(&w, "198.18.119.5", 2000, 100, day_start + HOUR, SECOND);
    CHECK_INT(world_severity(&w, RULE_HARVEST, "198.18.119.5"), SEVERITY_MEDIUM);
    try_names(&w, "203.0.113.200", 3000, 12, day_start + 4 * HOUR, SECOND); /* when it is over */
    CHECK_INT(world_severity(&w, RULE_HARVEST, "203.0.113.200"), SEVERITY_MEDIUM);
    world_end(&w);
}

static void bounce(struct world *w, int64_t at, const char *sender, const char *rcpt)
{
    world_mail(w, at,
               &(struct world_mail){.ip = "203.0.113.9",
                                    .sender = sender,
                                    .rcpt = rcpt,
                                    .route = ROUTE_MAILBOX,
                                    .outcome = OUTCOME_BOUNCED,
                                    .code = 550,
                                    .text = "550 5.1.1 User unknown"});
}

static void names_accepted_first_are_worth_low_at_most(void)
{
    struct world w;
    char rcpt[64], sender[64];

    world_start(&w, "harvest", MEMORY);
    for (int i = 0; i < 100; i++) {
        snprintf(rcpt, sizeof rcpt, "name%d@example.org", i);
        bounce(&w, day_start + i * MINUTE, "one@sender.example", rcpt);
    }
    CHECK_INT(world_severity(&w, RULE_HARVEST, "203.0.113.9"), SEVERITY_LOW);
    world_end(&w);
    world_start(&w, "harvest", MEMORY);
    for (int i = 0; i < 100; i++) { /* the answers go to a hundred strangers */
        snprintf(rcpt, sizeof rcpt, "name%d@example.org", i);
        snprintf(sender, sizeof sender, "forged%d@sender.example", i);
        bounce(&w, day_start + i * MINUTE, sender, rcpt);
    }
    CHECK_INT(world_severity(&w, RULE_HARVEST, "203.0.113.9"), SEVERITY_INFO);
    world_end(&w);
}

static void vrfy_counted_at_the_end_of_the_session_alarms(void)
{
    struct world w;
    struct event ev;

    world_start(&w, "harvest", MEMORY);
    world_begin(&ev, day_start, EVENT_DISCONNECT);
    world_client(&ev, "203.0.113.9");
    ev.counters = (struct session_counters){.present = true, .vrfy_all = 30};
    world_event(&w, &ev);
    CHECK_INT(world_severity(&w, RULE_HARVEST, "203.0.113.9"), SEVERITY_MEDIUM);
    CHECK_STR(world_alert(&w, RULE_HARVEST, "203.0.113.9")->how, "VRFY");
    world_end(&w);
}

/* Refused as such, without a word about the name. */
static void vrfy_of_different_names_alarms(void)
{
    for (unsigned names = 1; names <= 12; names += 11) {
        struct world w;
        char rcpt[64];
        world_start(&w, "harvest", MEMORY);
        for (unsigned i = 0; i < 12; i++) {
            struct event ev;
            world_begin(&ev, day_start + i * SECOND, EVENT_REFUSAL);
            world_client(&ev, "203.0.113.9");
            ev.stage = STAGE_VRFY;
            ev.outcome = OUTCOME_REFUSED;
            ev.reply_code = 502;
            snprintf(rcpt, sizeof rcpt, "name%u@example.org", i % names);
            event_set(&ev, EF_RCPT, slice_of(rcpt));
            event_set(&ev, EF_TEXT, SLICE_LIT("502 5.5.1 VRFY command is disabled"));
            world_event(&w, &ev);
        }
        CHECK_INT(world_severity(&w, RULE_HARVEST, "203.0.113.9"),
                  names == 12 ? SEVERITY_MEDIUM : -1);
        world_end(&w);
    }
}

static void a_flood_of_fresh_clients_does_not_hide_a_slow_harvester(void)
{
    struct world w;
    char ip[40];

    world_start(&w, "harvest", 1 << 18);
    for (unsigned round = 0; round < 13; round++) {
        try_names(&w, "203.0.113.9", round, 1, day_start + round * MINUTE, SECOND);
        for (unsigned i = 0; i < 1000; i++) {
            snprintf(ip, sizeof ip, "2001:db8:%x:%x::1", round, i);
            try_names(&w, ip, 1000 + i, 1, day_start + round * MINUTE + i * 50000, SECOND);
        }
    }
    CHECK(w.detector->evictions(w.state) > 0);
    CHECK(w.detector->bytes(w.state) <= (1 << 18) + (1 << 16));
    CHECK_INT(world_severity(&w, RULE_HARVEST, "203.0.113.9"), SEVERITY_MEDIUM);
    world_end(&w);
}

static const struct test_case cases[] = {
    {"straight unknown names warn at nine and alarm at twelve",
     straight_unknown_names_warn_at_nine_and_alarm_at_twelve},
    {"every tempo is found within thirteen names", every_tempo_is_found_within_thirteen_names},
    {"the same name again is not counted", the_same_name_again_is_not_counted},
    {"bounces and probes of other servers never count",
     bounces_and_probes_of_other_servers_never_count},
    {"inside and greylisted clients never count", inside_and_greylisted_clients_never_count},
    {"a temporary refusal of an unknown name counts",
     a_temporary_refusal_of_an_unknown_name_counts},
    {"stale lists and forwarders do not alarm", stale_lists_and_forwarders_do_not_alarm},
    {"an old list under its own name is a note", an_old_list_under_its_own_name_is_a_note},
    {"servers under their own names are no campaign",
     servers_under_their_own_names_are_no_campaign},
    {"a typing mistake here and there does not alarm",
     a_typing_mistake_here_and_there_does_not_alarm},
    {"a busy site has more mistakes without alarm", a_busy_site_has_more_mistakes_without_alarm},
    {"a network of quiet clients is found as network",
     a_network_of_quiet_clients_is_found_as_network},
    {"many unrelated clients are found as one campaign",
     many_unrelated_clients_are_found_as_one_campaign},
    {"a campaign is one alert and a few of its clients",
     a_campaign_is_one_alert_and_a_few_of_its_clients},
    {"one loud harvester is no campaign", one_loud_harvester_is_no_campaign},
    {"names accepted first are worth low at most", names_accepted_first_are_worth_low_at_most},
    {"vrfy counted at the end of the session alarms",
     vrfy_counted_at_the_end_of_the_session_alarms},
    {"VRFY of different names alarms", vrfy_of_different_names_alarms},
    {"a flood of fresh clients does not hide a slow harvester",
     a_flood_of_fresh_clients_does_not_hide_a_slow_harvester},
};

TEST_MAIN(cases)
