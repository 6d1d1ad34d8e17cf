/* test_host_burst.c - D4: an inside host that sends abuse, and inside hosts that do not */
#include "detect_world.h"

enum { MEMORY = 4 << 20 };

static const char desk[] = "192.0.2.77";

struct sending {
    const char *sender; /* "a%u@forged.example"; "" the null sender */
    const char *to;
    const char *ip; /* NULL: desk */
    unsigned n;
    int64_t begin_us, gap_us;
    unsigned bad_of_ten;
    uint32_t nrcpt;
};

static const char unknown[] = "host mx.far.example[198.18.0.9] said: 550 5.1.1 User unknown (in "
                              "reply to RCPT TO command)";

static void send_run(struct world *w, const struct sending *s)
{
    char from[96], to[96];

    for (unsigned i = 0; i < s->n; i++) {
        bool bad = i % 10 < s->bad_of_ten;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        snprintf(from, sizeof from, s->sender, i);
        snprintf(to, sizeof to, s->to, i);
#pragma GCC diagnostic pop
        world_mail(w, day_start + s->begin_us + (int64_t)i * s->gap_us,
                   &(struct world_mail){.ip = s->ip != NULL ? s->ip : desk,
                                        .sender = from,
                                        .rcpt = to,
                                        .nrcpt = s->nrcpt,
                                        .route = ROUTE_REMOTE,
                                        .outcome = bad ? OUTCOME_BOUNCED : OUTCOME_DELIVERED,
                                        .code = bad ? 550 : 250,
                                        .text = bad ? unknown : "250 2.0.0 Ok",
                                        .relay = "mx.far.example",
                                        .remote = "198.18.0.9"});
    }
}

static int severity_of(const struct sending *s)
{
    struct world w;
    int severity;

    world_start(&w, "host_burst", MEMORY);
    send_run(&w, s);
    severity = world_severity(&w, RULE_HOST_BURST, s->ip != NULL ? s->ip : desk);
    world_end(&w);
    return severity;
}

static void refusals_and_many_senders_are_high(void)
{
    CHECK_INT(severity_of(&(struct sending){.sender = "a%u@forged.example",
                                            .to = "victim%u@far.example",
                                            .n = 30,
                                            .gap_us = 10 * SECOND,
                                            .bad_of_ten = 4}),
              SEVERITY_HIGH);
}

static void one_sender_of_ours_needs_more(void)
{
    struct sending s = {.sender = "anna@example.org",
                        .to = "victim%u@far.example",
                        .n = 40,
                        .gap_us = 2 * MINUTE,
                        .bad_of_ten = 8};

    CHECK_INT(severity_of(&s), SEVERITY_MEDIUM);
    s.bad_of_ten = 2; /* an old list, or an infected machine: nothing tells them apart */
    s.n = 200;
    CHECK_INT(severity_of(&s), SEVERITY_MEDIUM);
    s.bad_of_ten = 1;
    CHECK_INT(severity_of(&s), -1);
}

/* An application that has sent for hours meets a page of an old address book. */
static void a_bad_spell_of_an_application_is_a_note(void)
{
    for (unsigned before = 0; before <= 600; before += 600) {
        struct world w;
        world_start(&w, "host_burst", MEMORY);
        send_run(&w, &(struct sending){.sender = "app@example.org",
                                       .to = "customer%u@far.example",
                                       .n = before,
                                       .gap_us = 2 * MINUTE});
        send_run(&w, &(struct sending){.sender = "app@example.org",
                                       .to = "former%u@far.example",
                                       .n = 100,
                                       .begin_us = 20 * HOUR,
                                       .gap_us = 2 * MINUTE,
                                       .bad_of_ten = 2});
        CHECK_INT(world_count(&w, SEVERITY_LOW), 1);
        CHECK_INT(world_count(&w, SEVERITY_MEDIUM), before == 0);
        world_end(&w);
    }
}

/* It marks each sender with the reader: one sender, and a list by its own word. */
static void an_old_list_of_a_list_manager_is_a_note(void)
{
    struct sending s = {.sender = "club-bounces+reader%u=far.example@example.org",
                        .to = "reader%u@far.example",
                        .n = 200,
                        .gap_us = 2 * MINUTE,
                        .bad_of_ten = 2};

    CHECK_INT(severity_of(&s), SEVERITY_LOW);
    s.bad_of_ten = 5; /* no list is that old */
    CHECK_INT(severity_of(&s), SEVERITY_MEDIUM);
}

static void changing_senders_without_refusals_are_a_note(void)
{
    CHECK_INT(severity_of(&(struct sending){.sender = "a%u@customer.example",
                                            .to = "reader%u@far.example",
                                            .n = 100,
                                            .gap_us = 20 * SECOND}),
              SEVERITY_LOW);
}

static void a_few_refusals_of_many_are_silent(void)
{
    struct world w;

    world_start(&w, "host_burst", MEMORY);
    for (unsigned day = 0; day < 5; day++) {
        send_run(&w, &(struct sending){.sender = "anna@example.org",
                                       .to = "friend%u@far.example",
                                       .n = 40,
                                       .begin_us = day * DAY,
                                       .gap_us = 10 * MINUTE});
        send_run(&w, &(struct sending){.sender = "ben@example.org",
                                       .to = "typo@far.example",
                                       .n = 1,
                                       .begin_us = day * DAY + HOUR,
                                       .bad_of_ten = 10});
    }
    CHECK_INT(world_count(&w, SEVERITY_INFO), 0);
    world_end(&w);
}

static void who_is_not_inside_is_not_judged(void)
{
    struct sending s = {.sender = "a%u@forged.example",
                        .to = "victim%u@far.example",
                        .n = 60,
                        .gap_us = 10 * SECOND,
                        .bad_of_ten = 5};

    s.ip = "203.0.113.5";
    CHECK_INT(severity_of(&s), -1);
    s.ip = "127.0.0.1";
    CHECK_INT(severity_of(&s), -1);
    s.ip = desk;
    s.to = "user%u@example.org";
    CHECK_INT(severity_of(&s), -1);
}

/* ---- the null sender ---- */

/* Strangers write to us, so that mail is known to come in here. */
static void strangers_write(struct world *w, unsigned n)
{
    char from[64];

    for (unsigned i = 0; i < n; i++) {
        snprintf(from, sizeof from, "writer%u@far.example", i);
        world_inbound(w, day_start + i * SECOND, "203.0.113.20", from, "anna@example.org");
    }
}

static void bounces_to_strangers_are_abuse(void)
{
    static const struct {
        const char *to;
        unsigned bad_of_ten, n;
        int severity;
    } rows[] = {
        {"victim%u@far.example", 4, 30, SEVERITY_HIGH},
        {"victim%u@far.example", 0, 60, SEVERITY_LOW},
        {"victim%u@far.example", 0, 12, -1},
        {"writer%u@far.example", 4, 60, -1}, /* they wrote: our bounces, receipts, replies */
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct world w;
        int before = test_failures;
        world_start(&w, "host_burst", MEMORY);
        strangers_write(&w, 60);
        send_run(&w, &(struct sending){.sender = "",
                                       .to = rows[i].to,
                                       .n = rows[i].n,
                                       .begin_us = HOUR,
                                       .gap_us = 20 * SECOND,
                                       .bad_of_ten = rows[i].bad_of_ten});
        CHECK_INT(world_severity(&w, RULE_HOST_BURST, desk), rows[i].severity);
        if (test_failures != before)
            printf("#   row %zu\n", i);
        world_end(&w);
    }
}

/* Mail comes in by another server: its bounces leave through this one, and nobody wrote to us. */
static void without_inbound_mail_nobody_can_have_written(void)
{
    struct sending s = {.sender = "",
                        .to = "victim%u@far.example",
                        .n = 40,
                        .gap_us = 20 * SECOND,
                        .bad_of_ten = 4};

    CHECK_INT(severity_of(&s), -1);
    s.nrcpt = 20; /* but a notification has one recipient */
    CHECK_INT(severity_of(&s), SEVERITY_HIGH);
}

static void a_few_unasked_bounces_are_silent(void)
{
    struct world w;

    world_start(&w, "host_burst", MEMORY);
    strangers_write(&w, 10);
    send_run(&w, &(struct sending){.sender = "",
                                   .to = "reader%u@far.example",
                                   .n = 15,
                                   .begin_us = HOUR,
                                   .gap_us = 20 * MINUTE,
                                   .bad_of_ten = 1});
    CHECK_INT(world_count(&w, SEVERITY_INFO), 0);
    world_end(&w);
}

/* ---- verdicts of our own filter ---- */

static void filter_says(struct world *w, int64_t at_us, const char *text)
{
    struct event ev;

    world_begin(&ev, day_start + at_us, EVENT_REFUSAL);
    world_client(&ev, desk);
    ev.stage = STAGE_END_OF_DATA;
    ev.outcome = OUTCOME_REFUSED;
    ev.reply_code = 550;
    event_set_sender(&ev, SLICE_LIT("anna@example.org"));
    event_set(&ev, EF_TEXT, slice_of(text));
    world_event(w, &ev);
}

static void four_spam_verdicts_in_a_row_are_high(void)
{
    for (unsigned n = 3; n <= 4; n++) {
        struct world w;
        world_start(&w, "host_burst", MEMORY);
        for (unsigned i = 0; i < n; i++)
            filter_says(&w, i * MINUTE, "550 5.7.1 Spam message rejected");
        CHECK_INT(world_severity(&w, RULE_HOST_BURST, desk), n == 4 ? SEVERITY_HIGH : -1);
        world_end(&w);
    }
}

static void what_passes_the_filter_speaks_for_the_host(void)
{
    struct world w;

    world_start(&w, "host_burst", MEMORY);
    for (unsigned i = 0; i < 8; i++) {
        filter_says(&w, i * HOUR, "550 5.7.1 Spam message rejected");
        send_run(&w, &(struct sending){.sender = "anna@example.org",
                                       .to = "friend%u@far.example",
                                       .n = 2,
                                       .begin_us = i * HOUR + MINUTE,
                                       .gap_us = MINUTE});
    }
    CHECK(world_severity(&w, RULE_HOST_BURST, desk) < SEVERITY_HIGH);
    world_end(&w);
    world_start(&w, "host_burst", MEMORY);
    for (unsigned i = 0; i < 8; i++) /* other refusals are no verdict */
        filter_says(&w, i * MINUTE, "552 5.3.4 Message size exceeds fixed limit");
    CHECK_INT(world_count(&w, SEVERITY_INFO), 0);
    world_end(&w);
}

/* A list that this server is on says nothing about one of its clients. */
static int severity_when_listed(unsigned hosts)
{
    struct world w;
    int severity;

    world_start(&w, "host_burst", MEMORY);
    for (unsigned i = 0; i < 80; i++) {
        char ip[32], to[64];
        snprintf(ip, sizeof ip, "192.0.2.%u", 77 + i % hosts);
        snprintf(to, sizeof to, "friend%u@far.example", i);
        world_mail(&w, day_start + i * MINUTE,
                   &(struct world_mail){.ip = ip,
                                        .sender = "anna@example.org",
                                        .rcpt = to,
                                        .route = ROUTE_REMOTE,
                                        .outcome = OUTCOME_BOUNCED,
                                        .code = 554,
                                        .text = "554 5.7.1 Client host [192.0.2.1] blocked using "
                                                "zen.spamhaus.org",
                                        .relay = "mx.far.example"});
    }
    severity = world_severity(&w, RULE_HOST_BURST, desk);
    world_end(&w);
    return severity;
}

static void a_listing_that_several_hosts_meet_is_no_evidence(void)
{
    CHECK_INT(severity_when_listed(4), -1);
    CHECK_INT(severity_when_listed(1), SEVERITY_HIGH);
}

static const struct test_case cases[] = {
    {"refusals and many senders are high", refusals_and_many_senders_are_high},
    {"one sender of ours needs more", one_sender_of_ours_needs_more},
    {"a bad spell of an application is a note", a_bad_spell_of_an_application_is_a_note},
    {"an old list of a list manager is a note", an_old_list_of_a_list_manager_is_a_note},
    {"changing senders without refusals are a note", changing_senders_without_refusals_are_a_note},
    {"a few refusals of many are silent", a_few_refusals_of_many_are_silent},
    {"who is not inside is not judged", who_is_not_inside_is_not_judged},
    {"bounces to strangers are abuse", bounces_to_strangers_are_abuse},
    {"without inbound mail nobody can have written", without_inbound_mail_nobody_can_have_written},
    {"a few unasked bounces are silent", a_few_unasked_bounces_are_silent},
    {"four spam verdicts in a row are high", four_spam_verdicts_in_a_row_are_high},
    {"what passes the filter speaks for the host", what_passes_the_filter_speaks_for_the_host},
    {"a listing that several hosts meet is no evidence",
     a_listing_that_several_hosts_meet_is_no_evidence},
};

TEST_MAIN(cases)
