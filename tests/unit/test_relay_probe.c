/* test_relay_probe.c - who tries to relay and is refused: alone, slowly, from many places, by
 * mistake */
#include "flow_fixture.h"

#define SECOND ((int64_t)1000000)
#define HOUR   (3600 * SECOND)
static const int64_t start_us = INT64_C(1772409600) * 1000000; /* 2026-03-02 00:00 UTC */

struct attempt {
    const char *ip, *sender, *rcpt, *text, *user;
    uint16_t code;
    bool soft;
};

static void try_at(struct flow *f, int64_t time_us, const struct attempt *a)
{
    struct event ev = {0};
    uint16_t code = a->code ? a->code : 554;

    event_reset(&ev);
    ev.kind = EVENT_RCPT;
    ev.time_us = time_us;
    ev.stage = STAGE_RCPT;
    ev.reply_code = code;
    ev.outcome = code < 300 ? OUTCOME_ACCEPTED : code < 500 ? OUTCOME_TEMPFAIL : OUTCOME_REFUSED;
    ev.soft = a->soft;
    CHECK(ip_addr_parse(slice_of(a->ip ? a->ip : "198.51.100.7"), &ev.client));
    event_set_sender(&ev, slice_of(a->sender ? a->sender : "s@sender.example"));
    event_set(&ev, EF_RCPT, slice_of(a->rcpt));
    event_set(&ev, EF_USER, slice_of(a->user));
    event_set(&ev, EF_TEXT, slice_of(a->text ? a->text : "Relay access denied"));
    flow_event(f, &ev);
}

static int severity_of(const struct flow *f, const char *entity)
{
    const struct flow_told *t = flow_told(f, RULE_RELAY_PROBE, entity);
    return t == NULL ? -1 : (int)t->severity;
}

static void plain(struct flow *f, int64_t time_us, unsigned n)
{
    char rcpt[64];

    snprintf(rcpt, sizeof rcpt, "u%u@victim%u.example", n, n);
    try_at(f, time_us, &(struct attempt){.rcpt = rcpt});
}

static void three_recipients_are_a_probe(void)
{
    struct flow *f = flow_start();

    plain(f, start_us, 1);
    plain(f, start_us + SECOND, 2);
    CHECK_INT(severity_of(f, NULL), -1);
    plain(f, start_us + 2 * SECOND, 3);
    CHECK_INT(severity_of(f, "198.51.100.7"), SEVERITY_LOW);
    CHECK_INT(flow_verdict(f), VERDICT_ATTEMPTED);
    CHECK_INT(relay_board_count(f->board, RELAY_REFUSED), 3);
    flow_end(f);
}

static void the_same_recipient_again_and_again_is_no_probe(void)
{
    struct flow *f = flow_start();

    for (int i = 0; i < 10; i++)
        try_at(f, start_us + i * HOUR, &(struct attempt){.rcpt = "old@customer.example"});
    CHECK_INT(severity_of(f, NULL), -1);
    CHECK_INT(flow_verdict(f), VERDICT_ATTEMPTED);
    flow_end(f);
}

static void one_trick_is_enough(void)
{
    struct flow *f = flow_start();

    try_at(f, start_us,
           &(struct attempt){.rcpt = "u%victim.example@example.org", .text = "no thanks"});
    CHECK_INT(severity_of(f, "198.51.100.7"), SEVERITY_LOW);
    CHECK_STR(flow_told(f, RULE_RELAY_PROBE, NULL)->how, "percent");
    flow_end(f);
}

static void four_forms_are_a_battery(void)
{
    static const char *const forms[] = {"u@victim.example", "u%victim.example@example.org",
                                        "victim.example!u@example.org",
                                        "\"u@victim.example\"@example.org"};
    struct flow *f = flow_start();

    for (int i = 0; i < 3; i++)
        try_at(f, start_us + i, &(struct attempt){.rcpt = forms[i]});
    CHECK_INT(severity_of(f, NULL), SEVERITY_LOW);
    try_at(f, start_us + 4, &(struct attempt){.rcpt = forms[3]});
    CHECK_INT(severity_of(f, NULL), SEVERITY_MEDIUM);
    flow_end(f);
}

static void twenty_an_hour_are_medium_and_so_are_twenty_in_half_a_day(void)
{
    static const int64_t pauses[] = {60 * SECOND, 900 * SECOND};

    for (int i = 0; i < 2; i++) {
        struct flow *f = flow_start();
        unsigned n = 0;
        for (; n < 19; n++)
            plain(f, start_us + n * pauses[i], n);
        CHECK_INT(severity_of(f, NULL), SEVERITY_LOW);
        for (; n < 40; n++)
            plain(f, start_us + n * pauses[i], n);
        CHECK_INT(severity_of(f, NULL), SEVERITY_MEDIUM);
        flow_end(f);
    }
}

/* One refusal every five hours: no window of minutes ever sees two of them. */
static void a_slow_prober_is_found(void)
{
    struct flow *f = flow_start();

    for (unsigned n = 0; n < 3; n++)
        plain(f, start_us + n * 5 * HOUR, n);
    CHECK_INT(severity_of(f, "198.51.100.7"), SEVERITY_LOW);
    flow_end(f);
}

static void two_days_of_silence_forget_a_client(void)
{
    struct flow *f = flow_start();

    plain(f, start_us, 1);
    plain(f, start_us + SECOND, 2);
    plain(f, start_us + 49 * HOUR, 3);
    CHECK_INT(severity_of(f, NULL), -1);
    flow_end(f);
}

struct harmless {
    const char *what;
    struct attempt attempt;
};

static const struct harmless harmless[] = {
    {"a trusted client", {.ip = "192.0.2.9", .rcpt = "u%v.example@example.org"}},
    {"this host", {.ip = "127.0.0.1", .rcpt = "u%v.example@example.org"}},
    {"an authenticated client", {.user = "joe", .rcpt = "u%v.example@example.org"}},
    {"a refusal that was only logged", {.soft = true, .rcpt = "u%v.example@example.org"}},
    {"greylisting of a trick",
     {.code = 450, .text = "Greylisted, try later", .rcpt = "u%v.example@example.org"}},
    {"a block list",
     {.text = "Client host [198.51.100.7] blocked using zen.dnsbl.example",
      .rcpt = "u%v.example@example.org"}},
    {"a recipient unknown here",
     {.code = 550, .text = "User unknown in local recipient table", .rcpt = "g@example.org"}},
    {"an SRS address of ours",
     {.code = 550,
      .text = "User unknown in local recipient table",
      .rcpt = "SRS0=AbCd=XY=v.example=u@example.org"}},
    {"a VERP address of ours",
     {.code = 550,
      .text = "User unknown in local recipient table",
      .rcpt = "list-bounces+u=v.example@example.org"}},
    {"a BATV address of ours",
     {.code = 550,
      .text = "User unknown in local recipient table",
      .rcpt = "prvs=0123abcdef=u@example.org"}},
};

static void what_is_no_probe_is_never_counted(void)
{
    for (size_t i = 0; i < sizeof harmless / sizeof harmless[0]; i++) {
        struct flow *f = flow_start();
        for (int n = 0; n < 30; n++)
            try_at(f, start_us + n * SECOND, &harmless[i].attempt);
        if (f->told_count != 0 || flow_verdict(f) != VERDICT_NO) {
            test_fail(__FILE__, __LINE__, "it is harmless");
            printf("#   %s\n", harmless[i].what);
        }
        flow_end(f);
    }
}

/* Newer Postfix refuses relaying with a temporary code. */
static void a_temporary_code_for_relaying_counts(void)
{
    struct flow *f = flow_start();
    char rcpt[64];

    for (unsigned n = 0; n < 3; n++) {
        snprintf(rcpt, sizeof rcpt, "u%u@victim.example", n);
        try_at(f, start_us + n, &(struct attempt){.rcpt = rcpt, .code = 454});
    }
    CHECK_INT(severity_of(f, NULL), SEVERITY_LOW);
    flow_end(f);
}

static void a_roaming_user_is_told_mildly(void)
{
    struct flow *f = flow_start();
    struct attempt a = {.sender = "joe@example.org"};
    char rcpt[64];

    for (unsigned n = 0; n < 4; n++) {
        snprintf(rcpt, sizeof rcpt, "friend%u@friend.example", n);
        a.rcpt = rcpt;
        try_at(f, start_us + n * SECOND, &a);
    }
    CHECK_INT(severity_of(f, "198.51.100.7"), SEVERITY_INFO);
    a.sender = "else@spam.example";
    try_at(f, start_us + 10 * SECOND, &a);
    CHECK_INT(severity_of(f, "198.51.100.7"), SEVERITY_LOW);
    flow_end(f);
}

static void log_in(struct flow *f, int64_t time_us)
{
    struct event ev = {0};

    event_reset(&ev);
    ev.kind = EVENT_AUTH;
    ev.time_us = time_us;
    ev.stage = STAGE_AUTH;
    ev.outcome = OUTCOME_ACCEPTED;
    ev.reply_code = 235;
    CHECK(ip_addr_parse(SLICE_LIT("198.51.100.7"), &ev.client));
    event_set(&ev, EF_USER, SLICE_LIT("joe@example.org"));
    flow_event(f, &ev);
}

/* Forty a day without authenticating, and one login: not without the login, not under the sender of
 * others, not with tricks, not when the login came days later. */
static void who_logs_in_later_is_misconfigured(void)
{
    static const struct {
        const char *sender, *rcpt;
        int64_t login_us; /* 0: none */
        int severity;
        bool words;
    } rows[] = {{"joe@example.org", "u%u@far.example", HOUR, SEVERITY_INFO, true},
                {"joe@example.org", "u%u@far.example", 0, SEVERITY_MEDIUM, false},
                {"joe@example.org", "u%u@far.example", 60 * HOUR, SEVERITY_MEDIUM, false},
                {"joe@spam.example", "u%u@far.example", HOUR, SEVERITY_MEDIUM, false},
                {"joe@example.org", "u%u%%far.example@example.org", HOUR, SEVERITY_MEDIUM, false}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct flow *f = flow_start();
        int before = test_failures;
        char rcpt[64];
        try_at(f, start_us, &(struct attempt){.rcpt = "u0@far.example", .sender = rows[i].sender});
        if (rows[i].login_us != 0)
            log_in(f, start_us + rows[i].login_us);
        for (unsigned n = 1; n < 40; n++) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
            snprintf(rcpt, sizeof rcpt, rows[i].rcpt, n);
#pragma GCC diagnostic pop
            try_at(f, start_us + (rows[i].login_us == HOUR ? 2 : 61) * HOUR + n * SECOND,
                   &(struct attempt){.rcpt = rcpt, .sender = rows[i].sender});
        }
        CHECK_INT(severity_of(f, NULL), rows[i].severity);
        CHECK((strstr(flow_told(f, RULE_RELAY_PROBE, NULL)->reason, "misconfigured") != NULL) ==
              rows[i].words);
        if (test_failures != before)
            printf("#   row %zu\n", i);
        flow_end(f);
    }
}

static void the_null_sender_is_no_roaming_user(void)
{
    struct flow *f = flow_start();
    struct attempt a = {.sender = ""};
    char rcpt[64];

    for (unsigned n = 0; n < 3; n++) {
        snprintf(rcpt, sizeof rcpt, "u%u@victim.example", n);
        a.rcpt = rcpt;
        try_at(f, start_us + n, &a);
    }
    CHECK_INT(severity_of(f, NULL), SEVERITY_LOW);
    flow_end(f);
}

/* ---- many clients ---- */

static void from_network(struct flow *f, const char *format, unsigned clients)
{
    char ip[64], rcpt[64];

    for (unsigned n = 1; n <= clients; n++) {
        snprintf(rcpt, sizeof rcpt, "u@victim%u.example", n);
        snprintf(ip, sizeof ip, "%s%x", format, n);
        try_at(f, start_us + n * 60 * SECOND, &(struct attempt){.ip = ip, .rcpt = rcpt});
    }
}

static void five_clients_of_a_network_are_a_campaign(void)
{
    static const char *const nets[][2] = {{"198.51.100.", "198.51.100.0/24"},
                                          {"2001:db8:7:", NULL}};
    struct flow *f = flow_start();
    const struct flow_told *t;

    from_network(f, nets[0][0], 4);
    CHECK_INT(f->told_count, 0);
    from_network(f, nets[0][0], 5);
    t = flow_told(f, RULE_RELAY_PROBE, nets[0][1]);
    CHECK(t != NULL);
    if (t != NULL) {
        CHECK_INT(t->type, ENTITY_NETWORK);
        CHECK_INT(t->severity, SEVERITY_MEDIUM);
        CHECK_INT(t->related_total, 5);
        CHECK_INT(t->related_count, 5);
    }
    flow_end(f);
}

static void subnets_of_an_ipv6_network_are_a_campaign(void)
{
    struct flow *f = flow_start();
    char ip[64], rcpt[64];

    for (unsigned n = 1; n <= 5; n++) {
        snprintf(ip, sizeof ip, "2001:db8:7:%x::1", n);
        snprintf(rcpt, sizeof rcpt, "u@victim%u.example", n);
        try_at(f, start_us + n, &(struct attempt){.ip = ip, .rcpt = rcpt});
    }
    CHECK(flow_told(f, RULE_RELAY_PROBE, "2001:db8:7::/48") != NULL);
    flow_end(f);
}

static void ten_networks_with_one_aim_are_a_campaign(void)
{
    struct flow *f = flow_start();
    const struct flow_told *t;
    char ip[64];

    for (unsigned n = 1; n <= 10; n++) {
        CHECK(flow_told(f, RULE_RELAY_PROBE, NULL) == NULL);
        snprintf(ip, sizeof ip, "203.%u.113.5", n);
        try_at(f, start_us + n * HOUR, &(struct attempt){.ip = ip, .rcpt = "u@Target.example"});
    }
    t = flow_told(f, RULE_RELAY_PROBE, "target.example");
    CHECK(t != NULL);
    if (t != NULL) {
        CHECK_INT(t->type, ENTITY_DOMAIN);
        CHECK_INT(t->severity, SEVERITY_LOW);
        CHECK_INT(t->related_count, 10);
        CHECK_INT(t->related_total, 10);
    }
    flow_end(f);
}

/* n networks, a client each, within half an hour; each to a domain of its own, or all to one. */
static void from_everywhere(struct flow *f, unsigned n, const char *target, const char *local)
{
    char ip[64], rcpt[96];

    for (unsigned i = 0; i < n; i++) {
        snprintf(ip, sizeof ip, "203.%u.113.5", i + 1);
        if (target != NULL)
            snprintf(rcpt, sizeof rcpt, "%s@%s", local, target);
        else
            snprintf(rcpt, sizeof rcpt, "%s%%victim%u.example@example.org", local, i);
        f->seen_count = 0;
        try_at(f, start_us + (int64_t)i * 1800 * SECOND / n,
               &(struct attempt){.ip = ip, .rcpt = rcpt, .sender = "x@spam.example"});
    }
}

static unsigned alerts_about_clients(const struct flow *f)
{
    unsigned n = 0;

    for (unsigned i = 0; i < f->told_count; i++)
        n += f->told[i].state == ALERT_NEW && f->told[i].type == ENTITY_IP;
    return n;
}

static void probes_from_everywhere_to_everywhere_are_one_campaign(void)
{
    struct flow *f = flow_start();
    const struct flow_told *t;

    from_everywhere(f, 200, NULL, "u");
    incidents_flush(f->incidents);
    t = flow_told(f, RULE_RELAY_PROBE, "server");
    CHECK(t != NULL);
    if (t != NULL) {
        CHECK_INT(t->type, ENTITY_HOST);
        CHECK_INT(t->severity, SEVERITY_MEDIUM);
        CHECK_NEAR(t->related_total, 200, 20);
        CHECK_INT(t->related_count, ALERT_RELATED_MAX);
    }
    /* each of them tried a trick, and the first sixteen are told beside those before */
    CHECK(alerts_about_clients(f) >= 16);
    CHECK(alerts_about_clients(f) < 60);
    CHECK(flow_told(f, RULE_RELAY_PROBE, "203.200.113.5") == NULL);
    flow_end(f);
}

static void probes_of_one_domain_are_no_campaign_of_the_site(void)
{
    struct flow *f = flow_start();

    from_everywhere(f, 200, "once-ours.example", "u");
    CHECK(flow_told(f, RULE_RELAY_PROBE, "server") == NULL);
    CHECK(flow_told(f, RULE_RELAY_PROBE, "once-ours.example") != NULL);
    flow_end(f);
    f = flow_start();
    from_everywhere(f, 19, NULL, "u"); /* too few */
    CHECK(flow_told(f, RULE_RELAY_PROBE, "server") == NULL);
    CHECK_INT(alerts_about_clients(f), 19);
    flow_end(f);
}

/* Whoever does much in a campaign is told of all the same. */
static void a_battery_in_a_campaign_has_its_own_alert(void)
{
    struct flow *f = flow_start();
    char rcpt[64];

    from_everywhere(f, 100, "one.example", "a%b.example");
    CHECK(flow_told(f, RULE_RELAY_PROBE, "203.100.113.5") == NULL);
    for (unsigned i = 0; i < 25; i++) {
        snprintf(rcpt, sizeof rcpt, "v%u@one.example", i);
        try_at(f, start_us + 1801 * SECOND + i,
               &(struct attempt){.ip = "203.100.113.5", .rcpt = rcpt});
    }
    CHECK_INT(severity_of(f, "203.100.113.5"), SEVERITY_MEDIUM);
    flow_end(f);
}

static void a_flood_of_clients_does_not_push_out_who_is_raised(void)
{
    struct flow *f = flow_start();
    char ip[64];

    for (unsigned n = 0; n < 25; n++)
        plain(f, start_us + n, n);
    f->seen_count = 0;
    for (unsigned n = 0; n < 60000; n++) {
        snprintf(ip, sizeof ip, "10.%u.%u.%u", n % 200, n / 200 % 200, n / 40000);
        f->seen_count = f->told_count = 0;
        try_at(f, start_us + HOUR + n, &(struct attempt){.ip = ip, .rcpt = "u@victim.example"});
    }
    f->seen_count = f->told_count = 0;
    plain(f, start_us + 2 * HOUR, 100);
    incidents_flush(f->incidents);
    CHECK_NEAR(flow_told(f, RULE_RELAY_PROBE, "198.51.100.7")->observed, 26, 0);
    flow_end(f);
}

static const struct test_case cases[] = {
    {"three recipients are a probe", three_recipients_are_a_probe},
    {"the same recipient again and again is no probe",
     the_same_recipient_again_and_again_is_no_probe},
    {"one trick is enough", one_trick_is_enough},
    {"four forms are a battery", four_forms_are_a_battery},
    {"twenty an hour are medium, and so are twenty in half a day",
     twenty_an_hour_are_medium_and_so_are_twenty_in_half_a_day},
    {"a slow prober is found", a_slow_prober_is_found},
    {"two days of silence forget a client", two_days_of_silence_forget_a_client},
    {"what is no probe is never counted", what_is_no_probe_is_never_counted},
    {"a temporary code for relaying counts", a_temporary_code_for_relaying_counts},
    {"a roaming user is told mildly", a_roaming_user_is_told_mildly},
    {"who logs in later is misconfigured", who_logs_in_later_is_misconfigured},
    {"the null sender is no roaming user", the_null_sender_is_no_roaming_user},
    {"five clients of a network are a campaign", five_clients_of_a_network_are_a_campaign},
    {"subnets of an IPv6 network are a campaign", subnets_of_an_ipv6_network_are_a_campaign},
    {"ten networks with one aim are a campaign", ten_networks_with_one_aim_are_a_campaign},
    {"probes from everywhere to everywhere are one campaign",
     probes_from_everywhere_to_everywhere_are_one_campaign},
    {"probes of one domain are no campaign of the site",
     probes_of_one_domain_are_no_campaign_of_the_site},
    {"a battery in a campaign has its own alert", a_battery_in_a_campaign_has_its_own_alert},
    {"a flood of clients does not push out who is raised",
     a_flood_of_clients_does_not_push_out_who_is_raised},
};

TEST_MAIN(cases)
