/* test_sasl_guess.c - D11: guessing by one client, over many accounts, at one account, and the
 * login after it, each with what looks like it and is not */
#include "sasl_world.h"

enum { MEMORY = 4 << 20 };

static const char guesser[] = "203.0.113.66", phone[] = "198.51.100.7", anna[] = "anna@example.org";

static void start(struct world *w)
{
    world_start(w, "sasl_guess", MEMORY);
}

static int brute(const struct world *w)
{
    return world_severity(w, RULE_SASL_BRUTE, guesser);
}

/* ---- one client ---- */

static void six_failures_are_enough_at_any_tempo(void)
{
    static const int64_t gaps[] = {30 * SECOND, 10 * MINUTE, 2 * HOUR};

    for (size_t i = 0; i < sizeof gaps / sizeof gaps[0]; i++) {
        struct world w;
        start(&w);
        sasl_run(&w, &(struct sasl_run){guesser, anna, .n = 5, .gap_us = gaps[i]});
        CHECK_INT(brute(&w), -1);
        sasl_run(
            &w, &(struct sasl_run){guesser, anna, .n = 3, .at_us = 5 * gaps[i], .gap_us = gaps[i]});
        CHECK_INT(brute(&w), SEVERITY_LOW); /* one account, slowly: perhaps its owner's device */
        world_end(&w);
    }
}

static void faster_than_a_person_types_is_medium_and_twenty_are_high(void)
{
    struct world w;

    start(&w);
    sasl_run(&w, &(struct sasl_run){guesser, anna, .n = 12, .gap_us = 2 * SECOND});
    CHECK_INT(brute(&w), SEVERITY_MEDIUM);
    sasl_run(&w,
             &(struct sasl_run){guesser, anna, .n = 8, .at_us = 30 * SECOND, .gap_us = 2 * SECOND});
    CHECK_INT(brute(&w), SEVERITY_HIGH);
    world_end(&w);
}

static void three_accounts_are_more_than_a_device(void)
{
    for (unsigned accounts = 2; accounts <= 3; accounts++) {
        struct world w;
        start(&w);
        for (unsigned i = 0; i < 8; i++) {
            char user[32];
            snprintf(user, sizeof user, "u%u@example.org", i % accounts);
            sasl_fail(&w, i * 30 * MINUTE, guesser, user);
        }
        CHECK_INT(brute(&w), accounts == 3 ? SEVERITY_MEDIUM : SEVERITY_LOW);
        world_end(&w);
    }
}

static void five_accounts_are_spraying(void)
{
    static const struct {
        unsigned accounts;
        int severity;
    } rows[] = {{4, -1}, {5, SEVERITY_MEDIUM}, {10, SEVERITY_HIGH}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct world w;
        start(&w);
        sasl_run(&w, &(struct sasl_run){guesser, "u%u@example.org", .n = rows[i].accounts,
                                        .gap_us = HOUR});
        CHECK_INT(world_severity(&w, RULE_SASL_SPRAY, guesser), rows[i].severity);
        world_end(&w);
    }
}

/* An office behind one address, the day the passwords expire: everybody logs in as well. */
static void an_office_that_logs_in_is_no_sprayer(void)
{
    struct world w;
    char user[32];

    start(&w);
    for (unsigned i = 0; i < 30; i++) {
        snprintf(user, sizeof user, "u%u@example.org", i);
        sasl_login(&w, i * MINUTE, phone, user);
    }
    for (unsigned i = 0; i < 30; i++) {
        snprintf(user, sizeof user, "u%u@example.org", i);
        if (i % 3 == 0)
            sasl_fail(&w, HOUR + i * MINUTE, phone, user);
        sasl_login(&w, HOUR + i * MINUTE + 20 * SECOND, phone, user);
    }
    CHECK_INT(world_count(&w, SEVERITY_LOW), 0);
    world_end(&w);
}

/* The log names who failed, and says at the end of the session only that somebody got in. */
static void session_of(struct world *w, int64_t at_us, const char *ip, const char *user,
                       bool gets_in)
{
    struct event ev;

    world_begin(&ev, day_start + at_us, EVENT_CONNECT);
    world_client(&ev, ip);
    event_set(&ev, EF_SESSION, SLICE_LIT("9"));
    world_event(w, &ev);
    world_begin(&ev, day_start + at_us + SECOND, EVENT_AUTH);
    world_client(&ev, ip);
    event_set(&ev, EF_SESSION, SLICE_LIT("9"));
    event_set(&ev, EF_USER, slice_of(user));
    ev.stage = STAGE_AUTH;
    ev.outcome = OUTCOME_REFUSED;
    ev.reply_code = 535;
    world_event(w, &ev);
    world_begin(&ev, day_start + at_us + 2 * SECOND, EVENT_DISCONNECT);
    world_client(&ev, ip);
    event_set(&ev, EF_SESSION, SLICE_LIT("9"));
    ev.counters =
        (struct session_counters){.present = true, .auth_ok = gets_in, .auth_all = gets_in ? 2 : 1};
    world_event(w, &ev);
}

static void who_mistypes_and_gets_in_is_no_sprayer(void)
{
    for (unsigned gets_in = 0; gets_in < 2; gets_in++) {
        struct world w;
        char user[32];
        start(&w);
        for (unsigned i = 0; i < 25; i++) {
            snprintf(user, sizeof user, "u%u@example.org", i);
            session_of(&w, i * 4 * MINUTE, phone, user, gets_in);
        }
        CHECK_INT(world_severity(&w, RULE_SASL_SPRAY, phone), gets_in ? -1 : SEVERITY_HIGH);
        CHECK_INT(world_count(&w, SEVERITY_LOW), gets_in ? 0 : 1);
        world_end(&w);
    }
}

/* An old password in a phone: once known, never more than a note. */
static void a_stale_phone_is_never_an_alarm(void)
{
    for (unsigned known = 0; known < 2; known++) {
        struct world w;
        start(&w);
        if (known)
            sasl_login(&w, 0, phone, anna);
        for (unsigned i = 0; i < 3 * 96; i++)
            sasl_fail(&w, HOUR + i * 15 * MINUTE, phone, anna);
        CHECK_INT(world_severity(&w, RULE_SASL_BRUTE, phone), known ? SEVERITY_INFO : SEVERITY_LOW);
        CHECK_INT(world_count(&w, SEVERITY_INFO), 1);
        world_end(&w);
    }
}

/* 454: nobody looked at a password. */
static void an_outage_of_the_backend_never_counts(void)
{
    struct world w;

    start(&w);
    for (unsigned i = 0; i < 200; i++) {
        char ip[32], user[32];
        snprintf(ip, sizeof ip, "203.0.113.%u", i % 50);
        snprintf(user, sizeof user, "u%u@example.org", i % 40);
        sasl_event(&w, i * SECOND, ip, user, OUTCOME_TEMPFAIL);
    }
    CHECK_INT(world_count(&w, SEVERITY_INFO), 0);
    world_end(&w);
}

static void this_host_and_front_ends_are_never_blamed(void)
{
    static const char *const ips[] = {"127.0.0.1", "198.51.100.200"};
    struct ip_net net;
    struct world w;

    start(&w);
    CHECK(ip_net_parse(SLICE_LIT("198.51.100.200"), &net));
    zones_add_network(w.zones, &net, CLIENT_FRONTEND);
    for (unsigned i = 0; i < 2; i++)
        sasl_run(&w, &(struct sasl_run){ips[i], "u%u@example.org", .n = 60, .gap_us = SECOND});
    CHECK_INT(world_count(&w, SEVERITY_INFO), 0);
    world_end(&w);
}

/* Some logs show failures only as counts at the end of a session. */
static void failures_without_a_line_are_counted_at_the_end(void)
{
    struct event ev;
    struct world w;

    start(&w);
    world_begin(&ev, day_start, EVENT_CONNECT);
    world_client(&ev, guesser);
    event_set(&ev, EF_SESSION, SLICE_LIT("9"));
    world_event(&w, &ev);
    world_begin(&ev, day_start + 20 * SECOND, EVENT_DISCONNECT);
    world_client(&ev, guesser);
    event_set(&ev, EF_SESSION, SLICE_LIT("9"));
    ev.counters = (struct session_counters){.present = true, .auth_all = 12};
    world_event(&w, &ev);
    CHECK_INT(brute(&w), SEVERITY_MEDIUM);
    world_end(&w);
}

/* ---- one account ---- */

static void eight_networks_at_one_account_are_distributed_guessing(void)
{
    static const struct {
        unsigned networks;
        int severity;
    } rows[] = {{7, -1}, {9, SEVERITY_MEDIUM}, {24, SEVERITY_HIGH}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct alert *a;
        struct world w;
        start(&w);
        sasl_run(&w, &(struct sasl_run){"2001:db8:%u::5", anna, .n = rows[i].networks,
                                        .gap_us = 20 * MINUTE});
        a = world_alert(&w, RULE_SASL_DISTRIBUTED, anna);
        CHECK_INT(a == NULL ? -1 : (int)a->severity, rows[i].severity);
        if (a != NULL) { /* the very first failure only opens the account */
            CHECK_INT(a->entity_type, ENTITY_USER);
            CHECK(a->related_count >= rows[i].networks - 1);
        }
        CHECK_INT(world_count(&w, SEVERITY_INFO), a != NULL);
        world_end(&w);
    }
}

static void usual_places_do_not_guess(void)
{
    struct world w;
    char ip[32];

    start(&w);
    for (unsigned i = 0; i < 12; i++) {
        snprintf(ip, sizeof ip, "2001:db8:%u::5", i);
        sasl_login(&w, i * HOUR, ip, anna);
    }
    for (unsigned i = 0; i < 12; i++) {
        snprintf(ip, sizeof ip, "2001:db8:%u::5", i);
        sasl_fail(&w, DAY + i * MINUTE, ip, anna);
        sasl_fail(&w, DAY + i * MINUTE + SECOND, ip, anna);
    }
    CHECK_INT(world_count(&w, SEVERITY_INFO), 0);
    world_end(&w);
}

/* ---- the login after it ---- */

static int success(const struct world *w)
{
    return world_severity(w, RULE_SASL_BRUTE_SUCCESS, anna);
}

static void a_login_of_the_guesser_is_high(void)
{
    struct world w;

    start(&w);
    sasl_run(&w, &(struct sasl_run){guesser, anna, .n = 15, .gap_us = 2 * SECOND});
    sasl_login(&w, MINUTE, guesser, anna);
    CHECK_INT(success(&w), SEVERITY_HIGH);
    world_end(&w);
    start(&w); /* sprayed many, and found one */
    sasl_run(&w, &(struct sasl_run){guesser, "u%u@example.org", .n = 8, .gap_us = HOUR});
    sasl_login(&w, 9 * HOUR, guesser, anna);
    CHECK_INT(success(&w), SEVERITY_HIGH);
    world_end(&w);
}

static void an_owner_who_mistyped_is_no_news(void)
{
    struct world w;

    start(&w);
    sasl_run(&w, &(struct sasl_run){phone, anna, .n = 4, .gap_us = 10 * SECOND});
    sasl_login(&w, MINUTE, phone, anna);
    CHECK_INT(world_count(&w, SEVERITY_INFO), 0);
    for (unsigned i = 0; i < 30; i++) /* the place is usual now: later mistakes do not matter */
        sasl_fail(&w, DAY + i * MINUTE, phone, anna);
    sasl_login(&w, DAY + HOUR, phone, anna);
    CHECK_INT(success(&w), -1);
    world_end(&w);
    start(&w); /* seven times, slowly, from a new place: a hint */
    sasl_run(&w, &(struct sasl_run){phone, anna, .n = 7, .gap_us = MINUTE});
    sasl_login(&w, 10 * MINUTE, phone, anna);
    CHECK_INT(success(&w), SEVERITY_LOW);
    world_end(&w);
}

static void a_login_from_a_new_place_while_guessed_is_a_hint(void)
{
    for (unsigned networks = 2; networks <= 5; networks += 3) {
        struct world w;
        start(&w);
        sasl_login(&w, 0, phone, anna);
        sasl_run(&w, &(struct sasl_run){"2001:db8:%u::5", anna, .n = networks, .at_us = DAY,
                                        .gap_us = MINUTE});
        sasl_login(&w, DAY + HOUR, phone, anna);
        CHECK_INT(success(&w), -1);
        sasl_login(&w, DAY + HOUR, "203.0.113.200", anna);
        CHECK_INT(success(&w), networks == 5 ? SEVERITY_LOW : -1);
        world_end(&w);
    }
}

/* ---- traps ---- */

static void one_try_at_a_trap_is_medium_and_a_login_high(void)
{
    struct hash_key key = {1, 2};
    struct honey_users *traps = honey_users_new(&key);
    struct world w;

    CHECK(honey_users_add(traps, SLICE_LIT("Backup")));
    CHECK(honey_users_add(traps, SLICE_LIT("old@example.org")));
    world_start_env(&w, "sasl_guess",
                    &(struct detect_env){.memory_bytes = MEMORY, .honey_users = traps});
    sasl_fail(&w, 0, phone, "old@example.net");
    sasl_fail(&w, 0, phone, "backups@example.org");
    CHECK_INT(world_count(&w, SEVERITY_INFO), 0);
    sasl_fail(&w, 0, guesser, "backup@example.org");
    CHECK_INT(brute(&w), SEVERITY_MEDIUM);
    sasl_fail(&w, 0, "203.0.113.67", "OLD@example.org");
    CHECK_INT(world_severity(&w, RULE_SASL_BRUTE, "203.0.113.67"), SEVERITY_MEDIUM);
    sasl_login(&w, MINUTE, "203.0.113.68", "backup");
    CHECK_INT(world_severity(&w, RULE_SASL_BRUTE_SUCCESS, "backup"), SEVERITY_HIGH);
    world_end(&w);
    honey_users_free(traps);
}

/* ---- very many ---- */

static void of_very_many_clients_sixty_four_are_named(void)
{
    const struct alert *a;
    struct world w;
    unsigned named;

    start(&w);
    for (unsigned i = 0; i < 200; i++) {
        char ip[32];
        snprintf(ip, sizeof ip, "203.0.113.%u", i);
        sasl_run(&w, &(struct sasl_run){ip, anna, .n = 14, .at_us = i * MINUTE, .gap_us = SECOND});
    }
    named = world_count(&w, SEVERITY_INFO) - 2; /* the server, and the account that was guessed */
    CHECK_NEAR(named, 64, 8);
    a = world_alert(&w, RULE_SASL_DISTRIBUTED, "mx1");
    CHECK(a != NULL);
    if (a != NULL) {
        CHECK_INT(a->entity_type, ENTITY_HOST);
        CHECK_NEAR(a->related_total, 136, 20);
    }
    /* who does much has an alert all the same */
    sasl_run(&w, &(struct sasl_run){"203.0.113.199", anna, .n = 20, .at_us = 4 * HOUR,
                                    .gap_us = SECOND});
    CHECK_INT(world_severity(&w, RULE_SASL_BRUTE, "203.0.113.199"), SEVERITY_HIGH);
    world_end(&w);
}

/* A big site has hundreds of devices with an old password. */
static void many_devices_with_an_old_password_are_a_note(void)
{
    struct world w;

    start(&w);
    for (unsigned i = 0; i < 200; i++) {
        char ip[32], user[32];
        snprintf(ip, sizeof ip, "203.0.113.%u", i);
        snprintf(user, sizeof user, "u%u@example.org", i);
        sasl_run(&w,
                 &(struct sasl_run){ip, user, .n = 8, .at_us = i * MINUTE, .gap_us = 15 * MINUTE});
    }
    CHECK_INT(world_severity(&w, RULE_SASL_DISTRIBUTED, "mx1"), SEVERITY_LOW);
    CHECK_INT(world_count(&w, SEVERITY_MEDIUM), 0);
    world_end(&w);
}

static void while_the_site_is_told_sixteen_are_enough(void)
{
    struct world w;
    unsigned named;

    start(&w);
    incident_report(w.incidents, &(struct finding){.rule = RULE_SASL_DISTRIBUTED,
                                                   .severity = SEVERITY_MEDIUM,
                                                   .entity_type = ENTITY_HOST,
                                                   .entity = SLICE_LIT("mx1"),
                                                   .first_us = day_start,
                                                   .time_us = day_start,
                                                   .unit = "clients"});
    for (unsigned i = 0; i < 100; i++) {
        char ip[32], user[32];
        snprintf(ip, sizeof ip, "203.0.113.%u", i);
        snprintf(user, sizeof user, "u%u@example.org", i);
        sasl_run(&w, &(struct sasl_run){ip, user, .n = 8, .at_us = i * MINUTE, .gap_us = SECOND});
    }
    named = world_count(&w, SEVERITY_INFO) - 1;
    CHECK_NEAR(named, 16, 2);
    CHECK_INT(world_alert(&w, RULE_SASL_DISTRIBUTED, "mx1")->related_count, 0);
    world_end(&w);
}

static const struct test_case cases[] = {
    {"six failures are enough at any tempo", six_failures_are_enough_at_any_tempo},
    {"faster than a person types is medium and twenty are high",
     faster_than_a_person_types_is_medium_and_twenty_are_high},
    {"three accounts are more than a device", three_accounts_are_more_than_a_device},
    {"five accounts are spraying", five_accounts_are_spraying},
    {"an office that logs in is no sprayer", an_office_that_logs_in_is_no_sprayer},
    {"who mistypes and gets in is no sprayer", who_mistypes_and_gets_in_is_no_sprayer},
    {"a stale phone is never an alarm", a_stale_phone_is_never_an_alarm},
    {"an outage of the backend never counts", an_outage_of_the_backend_never_counts},
    {"this host and front ends are never blamed", this_host_and_front_ends_are_never_blamed},
    {"failures without a line are counted at the end",
     failures_without_a_line_are_counted_at_the_end},
    {"eight networks at one account are distributed guessing",
     eight_networks_at_one_account_are_distributed_guessing},
    {"usual places do not guess", usual_places_do_not_guess},
    {"a login of the guesser is high", a_login_of_the_guesser_is_high},
    {"an owner who mistyped is no news", an_owner_who_mistyped_is_no_news},
    {"a login from a new place while guessed is a hint",
     a_login_from_a_new_place_while_guessed_is_a_hint},
    {"one try at a trap is medium and a login high", one_try_at_a_trap_is_medium_and_a_login_high},
    {"of very many clients sixty-four are named", of_very_many_clients_sixty_four_are_named},
    {"many devices with an old password are a note", many_devices_with_an_old_password_are_a_note},
    {"while the site is told sixteen are enough", while_the_site_is_told_sixteen_are_enough},
};

TEST_MAIN(cases)
