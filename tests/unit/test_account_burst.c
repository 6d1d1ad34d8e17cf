/* test_account_burst.c - D3: each family of evidence, both stages, and the hard rules with their
 * near misses */
#include "detect/account_burst.h"

#include "detect/account_burst_report.h"
#include "detect_world.h"

enum { MEMORY = 4 << 20 };

static const char anna[] = "anna@example.org", home[] = "198.51.100.7", thief[] = "203.0.113.66";

struct sending {
    const char *ip, *user, *sender; /* NULL: home, anna, the user */
    const char *to;                 /* "someone%u@far.example" */
    unsigned n, first;              /* numbers first to first + n - 1 */
    int64_t begin_us, gap_us;
    unsigned bad_of_ten; /* so many of ten are refused as unknown */
};

static const struct world_mail refused = {.route = ROUTE_REMOTE,
                                          .outcome = OUTCOME_BOUNCED,
                                          .code = 550,
                                          .text = "host mx.far.example[198.18.0.9] said: 550 5.1.1 "
                                                  "User unknown (in reply to RCPT TO command)",
                                          .relay = "mx.far.example",
                                          .remote = "198.18.0.9"};
static const struct world_mail taken = {.route = ROUTE_REMOTE,
                                        .outcome = OUTCOME_DELIVERED,
                                        .text = "250 2.0.0 Ok",
                                        .relay = "mx.far.example",
                                        .remote = "198.18.0.9"};

static void send_run(struct world *w, const struct sending *s)
{
    char to[96];

    for (unsigned i = 0; i < s->n; i++) {
        struct world_mail m = i % 10 < s->bad_of_ten ? refused : taken;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        snprintf(to, sizeof to, s->to, s->first + i);
#pragma GCC diagnostic pop
        m.ip = s->ip != NULL ? s->ip : home;
        m.user = s->user != NULL ? s->user : anna;
        m.sender = s->sender != NULL ? s->sender : m.user;
        m.rcpt = to;
        world_mail(w, day_start + s->begin_us + (int64_t)i * s->gap_us, &m);
    }
}

/* Three weeks of somebody who writes to twenty people, again and again. */
static void live(struct world *w, const char *user)
{
    for (unsigned day = 0; day < 21; day++)
        send_run(w, &(struct sending){.user = user,
                                      .to = "friend%u@far.example",
                                      .first = day % 4 * 5,
                                      .n = 5,
                                      .begin_us = day * DAY + 9 * HOUR,
                                      .gap_us = HOUR});
}

static const int64_t later = 22 * DAY + 9 * HOUR;

static int stage_of(const struct world *w)
{
    return world_severity(w, RULE_ACCOUNT_BURST, anna);
}

static void a_stolen_account_is_found_early(void)
{
    struct world w;

    world_start(&w, "account_burst", MEMORY);
    live(&w, anna);
    CHECK_INT(stage_of(&w), -1);
    send_run(&w, &(struct sending){.ip = thief,
                                   .to = "victim%u@far.example",
                                   .n = 25,
                                   .begin_us = later,
                                   .gap_us = 3 * SECOND,
                                   .bad_of_ten = 3});
    CHECK_INT(stage_of(&w), SEVERITY_HIGH);
    CHECK_INT(world_count(&w, SEVERITY_INFO), 1);
    world_end(&w);
}

static void an_owner_who_writes_much_is_silent(void)
{
    struct world w;

    world_start(&w, "account_burst", MEMORY);
    live(&w, anna);
    send_run(&w,
             &(struct sending){
                 .to = "friend%u@far.example", .n = 20, .begin_us = later, .gap_us = 3 * SECOND});
    send_run(&w, &(struct sending){.to = "friend%u@far.example",
                                   .n = 20,
                                   .begin_us = later + HOUR,
                                   .gap_us = 3 * SECOND,
                                   .bad_of_ten = 1});
    CHECK_INT(world_count(&w, SEVERITY_INFO), 0);
    world_end(&w);
}

/* The warning stage may speak of invitations; an alarm needs a confirmation. */
static void invitations_to_strangers_are_no_alarm(void)
{
    struct world w;

    world_start(&w, "account_burst", MEMORY);
    live(&w, anna);
    send_run(&w,
             &(struct sending){
                 .to = "guest%u@far.example", .n = 60, .begin_us = later, .gap_us = 5 * SECOND});
    CHECK_INT(stage_of(&w), SEVERITY_LOW);
    world_end(&w);
}

/* From where she always sends it may also be a mailing of hers with an old list: that is said. */
static void volume_confirms_only_where_mail_is_refused(void)
{
    for (unsigned bad = 0; bad < 2; bad++) {
        struct world w;
        world_start(&w, "account_burst", MEMORY);
        live(&w, anna);
        send_run(&w, &(struct sending){.to = "guest%u@far.example",
                                       .n = 120,
                                       .begin_us = later,
                                       .gap_us = 5 * SECOND,
                                       .bad_of_ten = bad});
        CHECK_INT(stage_of(&w), bad == 0 ? SEVERITY_LOW : SEVERITY_MEDIUM);
        world_end(&w);
    }
}

/* Eight times in a day from four networks, among 200 that leave from where she always is. */
static void a_mailing_of_a_traveller_is_no_thief(void)
{
    static const char *const ips[] = {home, "203.0.113.66", "198.18.0.1", "198.19.0.1"};

    for (unsigned spread = 0; spread < 2; spread++) {
        struct world w;
        world_start(&w, "account_burst", MEMORY);
        live(&w, anna);
        for (unsigned i = 0; i < 200; i++)
            send_run(&w, &(struct sending){.ip = ips[spread || i % 25 == 24 ? i % 4 : 0],
                                           .to = "guest%u@far.example",
                                           .first = i,
                                           .n = 1,
                                           .begin_us = later + i * 20 * SECOND,
                                           .bad_of_ten = i % 10 == 0 ? 10 : 0});
        CHECK_INT(stage_of(&w), spread ? SEVERITY_HIGH : SEVERITY_MEDIUM);
        CHECK((strstr(world_alert(&w, RULE_ACCOUNT_BURST, anna)->reason, "bulk mailer") != NULL) ==
              !spread);
        world_end(&w);
    }
}

/* An owner on leave; a thief whose list is cleaner than most mailings, from a few places in turn.
 * Of an account without a history the places are the second piece of evidence, beside the refusals.
 */
static void three_places_in_turn_send_no_mailing(void)
{
    static const char *const ips[] = {"203.0.113.66", "198.18.0.1", "198.19.0.1"};

    for (unsigned n = 0; n < 6; n++) {
        unsigned places = 1 + n / 2;
        bool known = n % 2 == 0;
        struct world w;
        world_start(&w, "account_burst", MEMORY);
        if (known)
            live(&w, anna);
        for (unsigned i = 0; i < 120; i++)
            send_run(&w,
                     &(struct sending){.ip = ips[i % places],
                                       .to = "guest%u@far.example",
                                       .first = i,
                                       .n = 1,
                                       .begin_us = later + 2 * DAY + i * 30 * SECOND,
                                       .bad_of_ten = (known ? i % 30 == 4 : i % 5 < 2) ? 10 : 0});
        CHECK_INT(stage_of(&w), places == 3 ? SEVERITY_HIGH : SEVERITY_LOW);
        world_end(&w);
    }
}

/* An account never seen before: under its own name it may be a mailing; under another domain's, or
 * that of a customer of ours, which is no other, it may not. */
static void a_foreign_sender_sends_no_mailing(void)
{
    static const struct {
        const char *user, *sender;
        int severity;
    } rows[] = {{anna, anna, SEVERITY_MEDIUM},
                {anna, "offer@shop.example", SEVERITY_HIGH},
                {"post@customer.example", "news@customer.example", SEVERITY_MEDIUM}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct world w;
        int before = test_failures;
        world_start(&w, "account_burst", MEMORY);
        send_run(&w, &(struct sending){.ip = thief,
                                       .user = rows[i].user,
                                       .sender = rows[i].sender,
                                       .to = "guest%u@far.example",
                                       .n = 300,
                                       .begin_us = later,
                                       .gap_us = 2 * SECOND,
                                       .bad_of_ten = 1});
        CHECK_INT(world_severity(&w, RULE_ACCOUNT_BURST, rows[i].user), rows[i].severity);
        if (test_failures != before)
            printf("#   row %zu\n", i);
        world_end(&w);
    }
}

/* What follows a mailing on the same day, and is less, is still told as one. */
static void after_a_mailing_the_words_stay(void)
{
    const struct alert *a;
    struct world w;

    world_start(&w, "account_burst", MEMORY);
    live(&w, anna);
    send_run(&w, &(struct sending){.to = "guest%u@far.example",
                                   .n = 120,
                                   .begin_us = later,
                                   .gap_us = 5 * SECOND,
                                   .bad_of_ten = 1});
    CHECK_INT(stage_of(&w), SEVERITY_MEDIUM);
    for (unsigned i = 0; i < 15; i++) /* back to quiet */
        send_run(&w, &(struct sending){.to = "friend%u@far.example",
                                       .n = 20,
                                       .begin_us = later + HOUR + i * 10 * MINUTE,
                                       .gap_us = 10 * SECOND});
    send_run(&w, &(struct sending){.to = "visitor%u@far.example",
                                   .n = 30,
                                   .begin_us = later + 6 * HOUR,
                                   .gap_us = 5 * SECOND,
                                   .bad_of_ten = 2});
    a = world_alert(&w, RULE_ACCOUNT_BURST, anna);
    CHECK(a != NULL && strstr(a->reason, "bulk mailer") != NULL);
    world_end(&w);
}

/* Strangers, one a minute, a tenth of whom refuse: not quite enough of an account that lives, but
 * of one that had been forgotten. */
static void a_forgotten_account_that_wakes_up_is_a_note(void)
{
    for (unsigned days = 60; days <= 100; days += 40) {
        const struct alert *a;
        struct world w;
        world_start(&w, "account_burst", MEMORY);
        live(&w, anna);
        send_run(&w, &(struct sending){.to = "guest%u@far.example",
                                       .n = 28,
                                       .begin_us = later + days * DAY,
                                       .gap_us = MINUTE,
                                       .bad_of_ten = 1});
        a = world_alert(&w, RULE_ACCOUNT_BURST, anna);
        CHECK((a != NULL) == (days > 90));
        CHECK(a == NULL || (a->severity == SEVERITY_LOW && strstr(a->reason, "silence") != NULL));
        world_end(&w);
    }
}

static void refusals_alone_are_a_note(void)
{
    struct world w;

    world_start(&w, "account_burst", MEMORY);
    send_run(&w, &(struct sending){.to = "member%u@far.example",
                                   .n = 40,
                                   .begin_us = later,
                                   .gap_us = MINUTE,
                                   .bad_of_ten = 3});
    CHECK_INT(stage_of(&w), SEVERITY_LOW);
    world_end(&w);
}

/* A list that this server is on says nothing about one of its accounts. */
static unsigned notes_when_listed(unsigned accounts)
{
    static const char *const users[] = {"u1@example.org", "u2@example.org", "u3@example.org",
                                        "u4@example.org"};
    struct world_mail m = refused;
    struct world w;
    unsigned notes;

    m.text = "host mx.far.example[198.18.0.9] said: 554 5.7.1 Service unavailable; Client host "
             "[192.0.2.1] blocked using zen.spamhaus.org (in reply to RCPT TO command)";
    m.code = 554;
    m.ip = home;
    world_start(&w, "account_burst", MEMORY);
    for (unsigned i = 0; i < 160; i++) {
        char to[64];
        m.user = m.sender = users[i % accounts];
        m.rcpt = to;
        snprintf(to, sizeof to, "r%u@far.example", i);
        world_mail(&w, day_start + i * MINUTE, &m);
    }
    notes = world_count(&w, SEVERITY_INFO);
    world_end(&w);
    return notes;
}

static void a_listing_that_several_meet_is_no_evidence(void)
{
    CHECK_INT(notes_when_listed(4), 0);
    CHECK_INT(notes_when_listed(1), 1);
}

/* A newsletter of 200 readers, a week apart; in the last run a tenth of the addresses fails and
 * half are new. */
static int severity_after_runs(unsigned runs)
{
    static const char news[] = "news@example.org";
    struct world w;
    int severity;

    world_start(&w, "account_burst", MEMORY);
    for (unsigned run = 0; run <= runs; run++)
        send_run(&w, &(struct sending){.user = news,
                                       .to = "reader%u@far.example",
                                       .n = 200,
                                       .begin_us = run * 7 * DAY,
                                       .gap_us = SECOND / 2,
                                       .first = run == runs ? 100 : 0,
                                       .bad_of_ten = run == runs});
    severity = world_severity(&w, RULE_ACCOUNT_BURST, news);
    world_end(&w);
    return severity;
}

static void clean_bulk_runs_are_learnt(void)
{
    CHECK_INT(severity_after_runs(4), -1);
    CHECK(severity_after_runs(1) >= SEVERITY_LOW);
}

/* ---- families, on the account itself ---- */

static struct account acquainted(void)
{
    struct account a = {0};

    for (unsigned i = 0; i < 200; i++) {
        account_burst_begin(&a, day_start);
        account_burst_contact(&a, false, day_start);
    }
    account_burst_sender(&a, UINT64_C(0x1111111111111111), day_start);
    account_burst_begin(&a, day_start + DAY);
    return a;
}

static double level_of(const struct account *a)
{
    return account_burst_judge(a, a->joint.t_us).level;
}

static void networks_beyond_the_second_are_evidence(void)
{
    struct account a = acquainted();
    int64_t t = day_start + DAY;

    CHECK(account_burst_place(&a, UINT64_C(1) << 40, t));
    CHECK(!account_burst_place(&a, UINT64_C(1) << 40, t));
    CHECK(account_burst_place(&a, UINT64_C(2) << 40, t));
    CHECK_NEAR(level_of(&a), 0, 0);
    CHECK(account_burst_place(&a, UINT64_C(3) << 40, t));
    CHECK_NEAR(level_of(&a), 2.30, 0.01);
    CHECK_INT(account_burst_places(&a, t), 3);
    CHECK_INT(account_burst_places(&a, t + DAY), 0);
    CHECK(account_burst_place(&a, UINT64_C(4) << 40, t + DAY)); /* the day after: a first place */
    CHECK_INT(a.now.new_places, 1);
}

static void a_new_sender_is_evidence_once(void)
{
    struct account a = acquainted();
    int64_t t = day_start + DAY;

    CHECK(!account_burst_sender(&a, UINT64_C(0x1111111111111111), t));
    CHECK(account_burst_sender(&a, UINT64_C(0x2222222222222222), t));
    CHECK(!account_burst_sender(&a, UINT64_C(0x2222222222222222), t));
    CHECK_NEAR(level_of(&a), 2.48, 0.05);
}

static void guessing_before_is_evidence_once(void)
{
    struct account a = acquainted();

    account_burst_after_guessing(&a, day_start + DAY);
    account_burst_after_guessing(&a, day_start + DAY);
    CHECK_NEAR(level_of(&a), 3.5, 0.01);
}

static void haste_and_strangers_are_evidence_where_there_is_history(void)
{
    struct account a = acquainted(), stranger = {0};
    int64_t t = day_start + DAY;

    account_burst_message(&a, t);
    account_burst_message(&a, t + SECOND);
    CHECK_NEAR(level_of(&a), 0.3 * log(.80 / .25), 0.01);
    account_burst_contact(&a, true, t + SECOND);
    CHECK_NEAR(level_of(&a), 0.3 * log(.80 / .25) + log(.95 / .40), 0.02);
    account_burst_begin(&stranger, t); /* nothing is known of this one: nothing is strange */
    account_burst_message(&stranger, t);
    account_burst_message(&stranger, t + SECOND);
    account_burst_contact(&stranger, true, t + SECOND);
    CHECK_NEAR(level_of(&stranger), 0, 0.01);
}

static void late_bounces_count_less(void)
{
    struct account a = acquainted(), b = acquainted();
    int64_t t = day_start + DAY;

    account_burst_outcome(&a, 1, 0, t);
    account_burst_outcome(&b, 1, 6 * HOUR, t);
    CHECK_NEAR(level_of(&a), 1.79, 0.01);
    CHECK_NEAR(level_of(&b), 1.79 / 2, 0.01);
}

static const struct geo_place berlin = {.country = "DE", .located = true, .lat = 52.5, .lon = 13.4},
                              potsdam = {.country = "DE", .located = true, .lat = 52.4, .lon = 13},
                              hanoi = {.country = "VN", .located = true, .lat = 21, .lon = 105.8};

/* Login in Berlin, then so long after it in the other place. */
static struct account travelled(const struct geo_place *to, int64_t after_us)
{
    struct account a = acquainted();
    int64_t t = day_start + DAY;

    account_burst_place(&a, UINT64_C(1) << 40, t);
    account_burst_locate(&a, &berlin, t);
    account_burst_place(&a, UINT64_C(2) << 40, t + after_us);
    account_burst_locate(&a, to, t + after_us);
    return a;
}

static void impossible_travel_is_evidence(void)
{
    struct account a = travelled(&hanoi, 2 * HOUR);

    CHECK_INT(a.now.travels, 1);
    CHECK_NEAR(level_of(&a), 1.5, 0.01);
    CHECK_INT(account_burst_countries(&a, day_start + DAY + 2 * HOUR), 2);
    a = travelled(&potsdam, 2 * HOUR); /* near */
    CHECK_INT(a.now.travels, 0);
    CHECK_INT(account_burst_countries(&a, day_start + DAY + 2 * HOUR), 1);
    a = travelled(&hanoi, 3 * HOUR); /* there are aeroplanes */
    CHECK_INT(a.now.travels, 0);
    a = travelled(&(struct geo_place){.country = "VN"}, HOUR); /* a country has no place */
    CHECK_INT(a.now.travels, 0);
    CHECK_INT(account_burst_countries(&a, day_start + DAY + HOUR), 2);
}

/* A tunnel at home and a phone outside: back and forth is one observation. */
static void known_places_are_no_travel(void)
{
    struct account a = travelled(&hanoi, HOUR);
    int64_t t = day_start + DAY + HOUR;

    for (unsigned i = 1; i < 9; i++)
        CHECK(!account_burst_place(&a, (uint64_t)(1 + i % 2) << 40, t + i * MINUTE));
    CHECK_INT(a.now.travels, 1);
}

/* Much evidence of where from, none of what is sent: no stage. */
static void travel_and_networks_alone_never_warn(void)
{
    struct account a = travelled(&hanoi, HOUR);
    int64_t t = day_start + DAY + HOUR;

    for (uint64_t i = 3; i < 9; i++) {
        account_burst_place(&a, i << 40, t);
        account_burst_locate(&a, i % 2 ? &berlin : &hanoi, t);
    }
    for (unsigned i = 0; i < 15; i++)
        a.now.recipients++;
    CHECK(level_of(&a) > 13.8);
    CHECK_INT(account_burst_judge(&a, t).stage, ACCOUNT_QUIET);
    account_burst_outcome(&a, 1, 0, t);
    CHECK_INT(account_burst_judge(&a, t).stage, ACCOUNT_QUIET);
    account_burst_outcome(&a, 1, 0, t); /* the second refusal makes it a family */
    CHECK_INT(account_burst_judge(&a, t).stage, ACCOUNT_HIGH);
}

static void places_come_from_the_database(void)
{
    struct geo *geo = geo_open(&(struct geo_config){.city = TEST_DATA "/geo-city.mmdb"});
    const struct alert *a;
    struct world w;

    for (unsigned with = 0; with < 2; with++) {
        world_start_env(&w, "account_burst",
                        &(struct detect_env){.memory_bytes = MEMORY, .geo = with ? geo : NULL});
        live(&w, anna);
        send_run(&w, &(struct sending){.ip = "2001:db8:1::7",
                                       .to = "friend%u@far.example",
                                       .n = 1,
                                       .begin_us = later});
        send_run(&w, &(struct sending){.ip = "2001:db8:3::7",
                                       .to = "victim%u@far.example",
                                       .n = 20,
                                       .begin_us = later + HOUR,
                                       .gap_us = MINUTE,
                                       .bad_of_ten = 3});
        a = world_alert(&w, RULE_ACCOUNT_BURST, anna);
        CHECK(a != NULL);
        if (a != NULL)
            CHECK_INT(slice_has(slice_of(a->reason), SLICE_LIT("places too far apart")), with);
        world_end(&w);
    }
    geo_close(geo);
}

/* ---- hard rules ---- */

static void log_in(struct world *w, const char *ip, const char *user, enum event_outcome outcome)
{
    struct event ev;

    world_begin(&ev, day_start + HOUR, EVENT_AUTH);
    world_client(&ev, ip);
    event_set(&ev, EF_USER, slice_of(user));
    ev.outcome = outcome;
    world_event(w, &ev);
}

static void the_login_of_a_guest_is_high_at_once(void)
{
    static const struct {
        const char *ip, *user;
        enum event_outcome outcome;
        int severity;
    } rows[] = {
        {"203.0.113.9", "guest", OUTCOME_ACCEPTED, SEVERITY_HIGH},
        {"203.0.113.9", "scanner2@example.org", OUTCOME_ACCEPTED, SEVERITY_HIGH},
        {"203.0.113.9", "corp\\copier-1", OUTCOME_ACCEPTED, SEVERITY_HIGH},
        {"203.0.113.9", "test", OUTCOME_ACCEPTED, SEVERITY_HIGH},
        {"203.0.113.9", "guest", OUTCOME_REFUSED, -1},
        {"192.0.2.9", "scanner", OUTCOME_ACCEPTED, -1}, /* inside */
        {"203.0.113.9", "guester@example.org", OUTCOME_ACCEPTED, -1},
        {"203.0.113.9", "anna.test@example.org", OUTCOME_ACCEPTED, -1},
        {"203.0.113.9", "007", OUTCOME_ACCEPTED, -1},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct world w;
        int before = test_failures;
        world_start(&w, "account_burst", MEMORY);
        log_in(&w, rows[i].ip, rows[i].user, rows[i].outcome);
        CHECK_INT(world_severity(&w, RULE_ACCOUNT_BURST, rows[i].user), rows[i].severity);
        if (test_failures != before)
            printf("#   %s from %s\n", rows[i].user, rows[i].ip);
        world_end(&w);
    }
}

static void postfix_shows_the_login_with_the_message(void)
{
    struct world w;

    world_start(&w, "account_burst", MEMORY);
    send_run(&w, &(struct sending){.user = "guest", .to = "a%u@far.example", .n = 1});
    CHECK_INT(world_severity(&w, RULE_ACCOUNT_BURST, "guest"), SEVERITY_HIGH);
    CHECK_INT(world_count(&w, SEVERITY_INFO), 1);
    world_end(&w);
}

/* n messages, each from another address; so many addresses a network */
static void spread(struct world *w, const char *to, unsigned n, unsigned a_network, int64_t gap_us)
{
    for (unsigned i = 0; i < n; i++) {
        char ip[48];
        snprintf(ip, sizeof ip, "2001:db8:%x:%x::1", 1 + i / a_network, i);
        send_run(
            w,
            &(struct sending){
                .ip = ip, .to = to, .first = i, .n = 1, .begin_us = later + (int64_t)i * gap_us});
    }
}

/* Two refusals in a day of a phone on its way are nothing. */
static void a_phone_on_its_way_may_mistype(void)
{
    struct world w;

    world_start(&w, "account_burst", MEMORY);
    live(&w, anna);
    for (unsigned i = 0; i < 40; i++) {
        char ip[48];
        snprintf(ip, sizeof ip, "2001:db8:%x:%x::1", 1 + i % 5, i);
        send_run(&w, &(struct sending){.ip = ip,
                                       .to = "friend%u@far.example",
                                       .first = i % 20,
                                       .n = 1,
                                       .begin_us = later + (int64_t)i * 15 * MINUTE,
                                       .bad_of_ten = i % 16 == 5 ? 10 : 0});
    }
    CHECK_INT(stage_of(&w), SEVERITY_LOW);
    world_end(&w);
}

static void ten_addresses_of_four_networks_are_high(void)
{
    static const struct {
        const char *to;
        unsigned n, a_network;
        int64_t gap_us;
        int severity;
    } rows[] = {
        {"stranger%u@far.example", 10, 3, 20 * MINUTE, SEVERITY_HIGH},
        {"friend%u@far.example", 10, 3, 20 * MINUTE,
         SEVERITY_LOW}, /* a phone on its way, to people it knows */
        {"stranger%u@far.example", 9, 3, 20 * MINUTE, -1},
        {"stranger%u@far.example", 10, 3, 6 * HOUR, -1},             /* a year abroad, not a day */
        {"friend%u@far.example", 10, 4, 20 * MINUTE, SEVERITY_LOW},  /* three networks: a phone */
        {"friend%u@far.example", 10, 10, 20 * MINUTE, SEVERITY_LOW}, /* one */
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct world w;
        int before = test_failures;
        world_start(&w, "account_burst", MEMORY);
        live(&w, anna);
        spread(&w, rows[i].to, rows[i].n, rows[i].a_network, rows[i].gap_us);
        CHECK_INT(stage_of(&w), rows[i].severity);
        if (test_failures != before)
            printf("#   row %zu\n", i);
        world_end(&w);
    }
}

static void five_networks_are_a_note_when_much_is_sent(void)
{
    for (unsigned networks = 4; networks <= 5; networks++) {
        struct world w;
        world_start(&w, "account_burst", MEMORY);
        live(&w, anna);
        for (unsigned i = 0; i < 20; i++) {
            char ip[48];
            snprintf(ip, sizeof ip, "2001:db8:%x::1", 1 + i % networks);
            send_run(&w, &(struct sending){.ip = ip,
                                           .to = "friend1@far.example",
                                           .n = 1,
                                           .begin_us = later + (int64_t)i * 30 * MINUTE});
        }
        CHECK_INT(stage_of(&w), networks == 5 ? SEVERITY_LOW : -1);
        world_end(&w);
    }
}

static void addresses_of_a_front_end_are_nobodys(void)
{
    struct ip_net net;
    struct world w;

    world_start(&w, "account_burst", MEMORY);
    CHECK(ip_net_parse(SLICE_LIT("2001:db8::/32"), &net));
    zones_add_network(w.zones, &net, CLIENT_FRONTEND);
    live(&w, anna);
    spread(&w, "stranger%u@far.example", 12, 3, 20 * MINUTE);
    CHECK_INT(world_count(&w, SEVERITY_INFO), 0);
    world_end(&w);
}

/* One message as an account, with the null sender. */
static void null_sender(struct world *w, uint32_t nrcpt, int64_t at_us)
{
    struct world_mail m = taken;

    m.ip = thief;
    m.user = anna;
    m.sender = "";
    m.rcpt = "victim@far.example";
    m.nrcpt = nrcpt;
    world_mail(w, day_start + at_us, &m);
}

static void an_account_sends_no_bounces(void)
{
    static const struct {
        unsigned messages;
        uint32_t nrcpt;
        int64_t gap_us;
        int severity;
    } rows[] = {
        {1, 10, 0, SEVERITY_MEDIUM},      {1, 9, 0, -1},
        {6, 2, SECOND, SEVERITY_MEDIUM},  {12, 1, MINUTE, -1}, /* receipts after a holiday */
        {40, 1, SECOND, SEVERITY_MEDIUM}, {40, 1, HOUR, -1},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct world w;
        int before = test_failures;
        world_start(&w, "account_burst", MEMORY);
        for (unsigned n = 0; n < rows[i].messages; n++)
            null_sender(&w, rows[i].nrcpt, (int64_t)n * rows[i].gap_us + 1);
        CHECK_INT(stage_of(&w), rows[i].severity);
        if (test_failures != before)
            printf("#   row %zu\n", i);
        world_end(&w);
    }
}

/* The joint evidence stays where a login was guessed before. */
/* Without a history, and with a list that nobody refuses, it takes more of them. */
static void a_guessed_login_confirms(void)
{
    static const struct {
        bool guessed, known;
        unsigned n;
        int severity;
    } rows[] = {{false, true, 22, SEVERITY_LOW},
                {true, true, 22, SEVERITY_HIGH},
                {true, false, 22, -1},
                {true, false, 40, SEVERITY_HIGH},
                {false, false, 40, -1}};
    struct world w;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        world_start(&w, "account_burst", MEMORY);
        if (rows[i].known)
            live(&w, anna);
        if (rows[i].guessed)
            incident_report(w.incidents, &(struct finding){.rule = RULE_SASL_BRUTE_SUCCESS,
                                                           .severity = SEVERITY_LOW,
                                                           .entity_type = ENTITY_USER,
                                                           .entity = slice_of(anna),
                                                           .first_us = day_start + later,
                                                           .time_us = day_start + later,
                                                           .unit = "failures"});
        send_run(&w, &(struct sending){.to = "victim%u@far.example",
                                       .n = rows[i].n,
                                       .begin_us = later + MINUTE,
                                       .gap_us = 3 * SECOND});
        CHECK_INT(stage_of(&w), rows[i].severity);
        world_end(&w);
    }
}

static void what_is_no_account_is_not_judged(void)
{
    struct world w;
    struct world_mail m = refused;

    world_start(&w, "account_burst", MEMORY);
    m.ip = thief;
    m.sender = "a@x.example";
    for (unsigned i = 0; i < 60; i++) {
        char to[64];
        snprintf(to, sizeof to, "r%u@far.example", i);
        m.rcpt = to;
        world_mail(&w, day_start + i * SECOND, &m);
    }
    CHECK_INT(world_count(&w, SEVERITY_INFO), 0);
    CHECK(w.detector->bytes(w.state) <= MEMORY);
    world_end(&w);
}

static const struct test_case cases[] = {
    {"a stolen account is found early", a_stolen_account_is_found_early},
    {"an owner who writes much is silent", an_owner_who_writes_much_is_silent},
    {"invitations to strangers are no alarm", invitations_to_strangers_are_no_alarm},
    {"volume confirms only where mail is refused", volume_confirms_only_where_mail_is_refused},
    {"a mailing of a traveller is no thief", a_mailing_of_a_traveller_is_no_thief},
    {"three places in turn send no mailing", three_places_in_turn_send_no_mailing},
    {"a foreign sender sends no mailing", a_foreign_sender_sends_no_mailing},
    {"after a mailing the words stay", after_a_mailing_the_words_stay},
    {"a forgotten account that wakes up is a note", a_forgotten_account_that_wakes_up_is_a_note},
    {"refusals alone are a note", refusals_alone_are_a_note},
    {"a listing that several meet is no evidence", a_listing_that_several_meet_is_no_evidence},
    {"clean bulk runs are learnt", clean_bulk_runs_are_learnt},
    {"networks beyond the second are evidence", networks_beyond_the_second_are_evidence},
    {"a new sender is evidence once", a_new_sender_is_evidence_once},
    {"guessing before is evidence once", guessing_before_is_evidence_once},
    {"haste and strangers are evidence where there is history",
     haste_and_strangers_are_evidence_where_there_is_history},
    {"late bounces count less", late_bounces_count_less},
    {"impossible travel is evidence", impossible_travel_is_evidence},
    {"known places are no travel", known_places_are_no_travel},
    {"travel and networks alone never warn", travel_and_networks_alone_never_warn},
    {"places come from the database", places_come_from_the_database},
    {"the login of a guest is high at once", the_login_of_a_guest_is_high_at_once},
    {"Postfix shows the login with the message", postfix_shows_the_login_with_the_message},
    {"a phone on its way may mistype", a_phone_on_its_way_may_mistype},
    {"ten addresses of four networks are high", ten_addresses_of_four_networks_are_high},
    {"five networks are a note when much is sent", five_networks_are_a_note_when_much_is_sent},
    {"addresses of a front end are nobody's", addresses_of_a_front_end_are_nobodys},
    {"an account sends no bounces", an_account_sends_no_bounces},
    {"a guessed login confirms", a_guessed_login_confirms},
    {"what is no account is not judged", what_is_no_account_is_not_judged},
};

TEST_MAIN(cases)
