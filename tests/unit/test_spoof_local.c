/* test_spoof_local.c - D8: forged senders of ours stand out, forwards and service providers do not
 */
#include "detect_world.h"

enum { MEMORY = 1 << 20 };

static void send(struct world *w, int64_t at, const char *ip, const char *local, unsigned rcpt)
{
    char sender[64], to[64];

    snprintf(sender, sizeof sender, "%s@example.org", local);
    snprintf(to, sizeof to, "user%u@example.org", rcpt);
    world_inbound(w, at, ip, sender, to);
}

static int severity(const struct world *w)
{
    return world_severity(w, RULE_SPOOF_LOCAL, "203.0.113.9");
}

static void several_departments_from_one_client_are_medium(void)
{
    static const char *const roles[] = {"ceo", "it-support", "payroll"};
    struct world w;

    world_start(&w, "spoof_local", MEMORY);
    for (unsigned i = 0; i < 4; i++)
        send(&w, day_start + i * 2 * MINUTE, "203.0.113.9", roles[i % 3], i);
    CHECK_INT(severity(&w), SEVERITY_LOW);
    send(&w, day_start + 8 * MINUTE, "203.0.113.9", roles[1], 4);
    CHECK_INT(severity(&w), SEVERITY_MEDIUM);
    CHECK_INT(world_alert(&w, RULE_SPOOF_LOCAL, "203.0.113.9")->observed, 5);
    world_end(&w);
}

static void slow_forgery_of_departments_is_found_too(void)
{
    struct world w;

    world_start(&w, "spoof_local", MEMORY);
    for (unsigned i = 0; i < 6; i++)
        send(&w, day_start + i * 3 * HOUR, "203.0.113.9", i % 2 ? "CEO" : "Help.Desk1", i);
    CHECK_INT(severity(&w), SEVERITY_MEDIUM);
    world_end(&w);
}

static void many_senders_within_the_hour_need_ten_recipients_for_medium(void)
{
    struct world w;
    char local[16];

    world_start(&w, "spoof_local", MEMORY);
    for (unsigned i = 0; i < 10; i++) {
        snprintf(local, sizeof local, "person%u", i % 5);
        send(&w, day_start + i * MINUTE, "203.0.113.9", local, i);
        CHECK_INT(severity(&w), i < 4 ? SEVERITY_INFO : i < 9 ? SEVERITY_LOW : SEVERITY_MEDIUM);
    }
    world_end(&w);
}

static void the_same_over_a_day_stays_low(void)
{
    struct world w;
    char local[16];

    world_start(&w, "spoof_local", MEMORY);
    for (unsigned i = 0; i < 20; i++) { /* a forwarder of mail among colleagues */
        snprintf(local, sizeof local, "person%u", i % 10);
        send(&w, day_start + i * HOUR, "203.0.113.9", local, i % 3);
    }
    CHECK(severity(&w) <= SEVERITY_LOW);
    world_end(&w);
}

static void one_sender_to_everybody_stays_low(void)
{
    struct world w;

    world_start(&w, "spoof_local", MEMORY);
    for (unsigned i = 0; i < 200; i++)
        send(&w, day_start + i * SECOND, "203.0.113.9", "payroll", i);
    CHECK_INT(severity(&w), SEVERITY_LOW);
    world_end(&w);
    world_start(&w, "spoof_local", MEMORY);
    for (unsigned i = 0; i < 200; i++)
        send(&w, day_start + i * SECOND, "203.0.113.9", "newsletter", i);
    CHECK_INT(severity(&w), SEVERITY_LOW);
    world_end(&w);
}

static void who_may_use_our_senders_is_not_reported(void)
{
    struct world w;
    struct world_mail mail = {.ip = "192.0.2.7",
                              .sender = "ceo@example.org",
                              .rcpt = "user1@example.org",
                              .route = ROUTE_MAILBOX,
                              .outcome = OUTCOME_DELIVERED};

    world_start(&w, "spoof_local", MEMORY);
    world_mail(&w, day_start, &mail); /* inside */
    mail.ip = "203.0.113.9";
    mail.user = "ceo@example.org"; /* authenticated */
    world_mail(&w, day_start, &mail);
    mail.user = NULL;
    mail.name = "mx2.example.org"; /* verified name of ours */
    world_mail(&w, day_start, &mail);
    mail.name = NULL;
    mail.sender = ""; /* bounce */
    world_mail(&w, day_start, &mail);
    mail.sender = "SRS0=abcd=xy=example.org=ceo@forward.example"; /* rewritten by a forwarder */
    world_mail(&w, day_start, &mail);
    mail.sender = "ceo@other.example";
    world_mail(&w, day_start, &mail);
    CHECK_INT(world_count(&w, SEVERITY_INFO), 0);
    world_end(&w);
}

static void relay_attempts_with_our_sender_are_not_counted_here(void)
{
    struct world w;

    world_start(&w, "spoof_local", MEMORY);
    world_refuse(&w, day_start, "203.0.113.9", "spamtest@example.org", "victim@other.example", 554,
                 "Relay access denied");
    world_refuse(&w, day_start, "203.0.113.9", "spamtest@example.org",
                 "victim%other.example@example.org", 554, "Relay access denied");
    CHECK_INT(world_count(&w, SEVERITY_INFO), 0);
    world_end(&w);
}

static void refused_forgeries_count_but_alone_are_no_alarm(void)
{
    struct world w;
    char sender[64];

    world_start(&w, "spoof_local", MEMORY);
    for (unsigned i = 0; i < 50; i++) {
        snprintf(sender, sizeof sender, "person%u@example.org", i);
        world_refuse(&w, day_start + i * SECOND, "203.0.113.9", sender, "user1@example.org", 550,
                     "Recipient address rejected: SPF fail");
    }
    CHECK_INT(severity(&w), SEVERITY_LOW);
    world_end(&w);
}

static int severity_with_helo(const char *helo)
{
    struct world w;
    struct event ev;
    int result;

    world_start(&w, "spoof_local", MEMORY);
    world_begin(&ev, day_start, EVENT_RCPT);
    world_client(&ev, "203.0.113.9");
    ev.outcome = OUTCOME_REFUSED;
    event_set_sender(&ev, SLICE_LIT("user2@example.org"));
    event_set(&ev, EF_RCPT, SLICE_LIT("user1@example.org"));
    event_set(&ev, EF_HELO, slice_of(helo));
    event_set(&ev, EF_TEXT, SLICE_LIT("Recipient address rejected: SPF fail"));
    world_event(&w, &ev);
    result = severity(&w);
    world_end(&w);
    return result;
}

static void our_own_name_in_the_greeting_is_low(void)
{
    static const char *const ours[] = {"mail.example.org", "EXAMPLE.org", "mx1",
                                       "[192.0.2.25]",     "192.0.2.25",  "[127.0.0.1]"};
    static const char *const theirs[] = {"mail.example.net", "[203.0.113.9]", "[]", "[192.168.1.4]",
                                         "192.0.2.25.example.net"};

    for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++)
        CHECK_INT(severity_with_helo(ours[i]), SEVERITY_LOW);
    for (size_t i = 0; i < sizeof theirs / sizeof theirs[0]; i++)
        CHECK_INT(severity_with_helo(theirs[i]), SEVERITY_INFO);
}

static void what_was_delivered_on_five_days_is_known(void)
{
    struct world w;

    world_start(&w, "spoof_local", MEMORY);
    for (unsigned day = 0; day < 4; day++)
        send(&w, day_start + day * DAY, "203.0.113.9", "crm", day);
    uint64_t told = w.told;
    for (unsigned i = 0; i < 50; i++) /* the fifth day and later: not a word more */
        send(&w, day_start + (4 + i / 10) * DAY + i * MINUTE, "203.0.113.9", "crm", i);
    CHECK_INT(w.told, told);
    CHECK_INT(severity(&w), SEVERITY_INFO);
    world_end(&w);
}

static const struct test_case cases[] = {
    {"several departments from one client are medium",
     several_departments_from_one_client_are_medium},
    {"slow forgery of departments is found too", slow_forgery_of_departments_is_found_too},
    {"many senders within the hour need ten recipients for medium",
     many_senders_within_the_hour_need_ten_recipients_for_medium},
    {"the same over a day stays low", the_same_over_a_day_stays_low},
    {"one sender to everybody stays low", one_sender_to_everybody_stays_low},
    {"who may use our senders is not reported", who_may_use_our_senders_is_not_reported},
    {"relay attempts with our sender are not counted here",
     relay_attempts_with_our_sender_are_not_counted_here},
    {"refused forgeries count but alone are no alarm",
     refused_forgeries_count_but_alone_are_no_alarm},
    {"our own name in the greeting is low", our_own_name_in_the_greeting_is_low},
    {"what was delivered on five days is known", what_was_delivered_on_five_days_is_known},
};

TEST_MAIN(cases)
