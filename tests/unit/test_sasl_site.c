/* test_sasl_site.c - D11 for the site: many clients that each guess a little, and ordinary days */
#include "sasl_world.h"

enum { MEMORY = 1 << 20 };

/* Fifty people log in once each half hour, and one of a hundred logins is mistyped at first. */
static void live(struct world *w, int64_t from_us, int64_t to_us)
{
    char ip[32], user[32];
    unsigned n = 0;

    for (int64_t t = from_us; t < to_us; t += 36 * SECOND, n++) {
        snprintf(ip, sizeof ip, "198.51.100.%u", n % 50);
        snprintf(user, sizeof user, "u%u@example.org", n % 50);
        if (n % 100 == 7)
            sasl_fail(w, t, ip, user);
        sasl_login(w, t + SECOND, ip, user);
    }
}

static int site(const struct world *w)
{
    return world_severity(w, RULE_SASL_DISTRIBUTED, "mx1");
}

/* One failure each from n networks, every gap. */
static void guess(struct world *w, unsigned n, int64_t from_us, int64_t gap_us)
{
    sasl_run(w, &(struct sasl_run){"2001:db8:%x::7", "anna%u@example.org", .n = n, .first = 1,
                                   .at_us = from_us, .gap_us = gap_us});
}

static void one_failure_each_of_many_clients_is_found(void)
{
    const struct alert *a;
    struct world w;

    world_start(&w, "sasl_site", MEMORY);
    live(&w, 0, 8 * HOUR);
    CHECK_INT(site(&w), -1);
    guess(&w, 80, 8 * HOUR, 10 * SECOND);
    a = world_alert(&w, RULE_SASL_DISTRIBUTED, "mx1");
    CHECK(a != NULL);
    if (a != NULL) {
        CHECK_INT(a->severity, SEVERITY_HIGH);
        CHECK_INT(a->entity_type, ENTITY_HOST);
        CHECK_NEAR(a->related_total, 80, 6);
        CHECK_INT(a->related_count, ALERT_RELATED_MAX);
    }
    CHECK_INT(world_count(&w, SEVERITY_INFO), 1);
    world_end(&w);
}

/* A tenth of all attempts: six epochs of a hundred are enough. */
static void a_tenth_of_the_attempts_is_found_within_six_epochs(void)
{
    const int64_t nine_logins_us = 9 * 36 * SECOND;
    struct world w;
    unsigned n = 0;

    world_start(&w, "sasl_site", MEMORY);
    live(&w, 0, 8 * HOUR);
    for (; n < 60 && site(&w) < 0; n++) {
        char ip[40];
        snprintf(ip, sizeof ip, "2001:db8:%x::7", n);
        live(&w, 8 * HOUR + n * nine_logins_us, 8 * HOUR + (n + 1) * nine_logins_us);
        sasl_fail(&w, 8 * HOUR + (n + 1) * nine_logins_us - SECOND, ip, "anna@example.org");
    }
    CHECK(site(&w) >= SEVERITY_MEDIUM);
    world_end(&w);
}

/* Meanwhile somebody mails to a list: thirty logins of one client to each try of the guessers. */
static void a_mailing_does_not_hide_it(void)
{
    const int64_t nine_logins_us = 9 * 36 * SECOND;
    struct world w;

    world_start(&w, "sasl_site", MEMORY);
    live(&w, 0, 8 * HOUR);
    for (unsigned n = 0; n < 60 && site(&w) < 0; n++) {
        int64_t from_us = 8 * HOUR + n * nine_logins_us;
        char ip[40];
        snprintf(ip, sizeof ip, "2001:db8:%x::7", n);
        live(&w, from_us, from_us + nine_logins_us);
        for (unsigned i = 0; i < 30; i++)
            sasl_login(&w, from_us + i * SECOND, "198.51.100.77", "news@example.org");
        sasl_fail(&w, from_us + nine_logins_us - SECOND, ip, "anna@example.org");
    }
    CHECK(site(&w) >= SEVERITY_MEDIUM);
    world_end(&w);
}

static void ordinary_days_are_silent(void)
{
    struct world w;

    world_start(&w, "sasl_site", MEMORY);
    live(&w, 0, 3 * DAY);
    CHECK_INT(world_count(&w, SEVERITY_INFO), 0);
    guess(&w, 15, 3 * DAY, HOUR); /* background noise of the Internet */
    CHECK_INT(world_count(&w, SEVERITY_INFO), 0);
    world_end(&w);
}

/* The day after: everybody mistypes once and then logs in, from a new address. */
static void who_logs_in_afterwards_takes_no_part(void)
{
    struct world w;
    char ip[40], user[32];

    world_start(&w, "sasl_site", MEMORY);
    live(&w, 0, 8 * HOUR);
    for (unsigned i = 0; i < 60; i++) {
        snprintf(ip, sizeof ip, "2001:db8:%x::7", i);
        snprintf(user, sizeof user, "v%u@example.org", i);
        sasl_fail(&w, 8 * HOUR + i * MINUTE, ip, user);
        sasl_login(&w, 8 * HOUR + i * MINUTE + SECOND, ip, user);
    }
    CHECK_INT(world_count(&w, SEVERITY_INFO), 0);
    world_end(&w);
}

static void an_outage_of_the_backend_is_no_guessing(void)
{
    struct world w;
    char ip[40];

    world_start(&w, "sasl_site", MEMORY);
    live(&w, 0, 8 * HOUR);
    for (unsigned i = 0; i < 200; i++) {
        snprintf(ip, sizeof ip, "2001:db8:%x::7", i);
        sasl_event(&w, 8 * HOUR + i * SECOND, ip, "anna@example.org", OUTCOME_TEMPFAIL);
    }
    CHECK_INT(world_count(&w, SEVERITY_INFO), 0);
    world_end(&w);
}

/* One client that guesses loudly, and stale phones of people who are known, are no crowd. */
static void few_clients_are_no_crowd(void)
{
    struct world w;
    char ip[32];

    world_start(&w, "sasl_site", MEMORY);
    live(&w, 0, 8 * HOUR);
    sasl_run(&w, &(struct sasl_run){"203.0.113.66", "u%u@example.org", .n = 500, .at_us = 8 * HOUR,
                                    .gap_us = SECOND});
    for (unsigned i = 0; i < 500; i++) {
        snprintf(ip, sizeof ip, "198.51.100.%u", i % 50);
        sasl_fail(&w, 9 * HOUR + i * SECOND, ip, "u1@example.org");
    }
    CHECK_INT(world_count(&w, SEVERITY_INFO), 0);
    world_end(&w);
}

static const struct test_case cases[] = {
    {"one failure each of many clients is found", one_failure_each_of_many_clients_is_found},
    {"a tenth of the attempts is found within six epochs",
     a_tenth_of_the_attempts_is_found_within_six_epochs},
    {"a mailing does not hide it", a_mailing_does_not_hide_it},
    {"ordinary days are silent", ordinary_days_are_silent},
    {"who logs in afterwards takes no part", who_logs_in_afterwards_takes_no_part},
    {"an outage of the backend is no guessing", an_outage_of_the_backend_is_no_guessing},
    {"few clients are no crowd", few_clients_are_no_crowd},
};

TEST_MAIN(cases)
