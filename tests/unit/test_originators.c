/* test_originators.c - what a message, a recipient and a failure add to the top tables */
#include "flow_fixture.h"

static struct top_table top_of(const struct flow *f, enum top_dimension dim)
{
    struct top_table t;

    originators_top(f->originators, dim, TOP_ROWS_MAX, &t);
    return t;
}

static struct top_row row_of(const struct flow *f, enum top_dimension dim, const char *key)
{
    struct top_table t = top_of(f, dim);
    struct top_row found = {0};

    for (unsigned i = 0; i < t.count; i++)
        if (strcmp(t.rows[i].key, key) == 0)
            found = t.rows[i];
    originators_top_free(&t);
    return found;
}

static unsigned rows_of(const struct flow *f, enum top_dimension dim)
{
    struct top_table t = top_of(f, dim);
    unsigned n = t.count;

    originators_top_free(&t);
    return n;
}

#define MESSAGE                                                                                    \
    "10:00:00 smtpd[11]: 4A1F000: client=mail.example.net[198.51.100.7]\n"                         \
    "10:00:01 qmgr[12]: 4A1F000: from=<A@Example.net>, size=700, nrcpt=3 (queue active)\n"
#define BOUNCE                                                                                     \
    "10:00:02 smtp[13]: 4A1F000: to=<g@victim.example>, relay=mx[203.0.113.9]:25, delay=1, "       \
    "dsn=5.1.1, status=bounced (host mx[203.0.113.9] said: 550 5.1.1 no such user)\n"

static void a_message_counts_once_with_its_recipients(void)
{
    struct flow *f = flow_start();
    struct top_row r;

    flow_lines(
        f, MESSAGE BOUNCE
        "10:30:00 qmgr[12]: 4A1F000: from=<A@Example.net>, size=700, nrcpt=3 (queue active)\n"
        "10:30:02 smtp[13]: 4A1F000: to=<h@victim.example>, relay=mx[203.0.113.9]:25, "
        "delay=1, dsn=2.0.0, status=sent (250 Ok)\n");
    r = row_of(f, TOP_CLIENTS, "198.51.100.7");
    CHECK_INT(r.messages, 1);
    CHECK_INT(r.recipients, 3);
    CHECK_INT(r.bytes, 700);
    CHECK_INT(r.bad, 1);
    CHECK_INT(r.error, 0);
    CHECK_STR(r.name, "mail.example.net");
    r = row_of(f, TOP_SENDERS, "A@Example.net");
    CHECK_INT(r.recipients, 3);
    CHECK_INT(r.bad, 1);
    CHECK_INT(row_of(f, TOP_SENDER_DOMAINS, "Example.net").bad, 1);
    r = row_of(f, TOP_RECIPIENT_DOMAINS, "victim.example");
    CHECK_INT(r.recipients, 2);
    CHECK_INT(r.bad, 1);
    CHECK_INT(rows_of(f, TOP_ACCOUNTS), 0);
    flow_end(f);
}

static void case_does_not_make_another_sender(void)
{
    struct flow *f = flow_start();
    struct top_table t;

    flow_lines(f, MESSAGE "10:01:00 smtpd[11]: 4B2F000: client=mail.example.net[198.51.100.7]\n"
                          "10:01:01 qmgr[12]: 4B2F000: from=<a@example.NET>, size=1, nrcpt=1 "
                          "(queue active)\n");
    t = top_of(f, TOP_SENDERS);
    CHECK_INT(t.count, 1);
    CHECK_INT(t.rows[0].messages, 2);
    CHECK_INT(t.total, 4);
    originators_top_free(&t);
    flow_end(f);
}

static void accounts_and_the_null_sender_have_rows(void)
{
    struct flow *f = flow_start();

    flow_lines(f, "10:00:00 submission/smtpd[11]: 4A1F000: client=unknown[203.0.113.50], "
                  "sasl_method=PLAIN, sasl_username=joe@example.org\n"
                  "10:00:01 qmgr[12]: 4A1F000: from=<joe@example.org>, size=5, nrcpt=2 (queue "
                  "active)\n" BOUNCE
                  "10:00:03 qmgr[12]: 4C3F000: from=<>, size=9, nrcpt=1 (queue active)\n");
    CHECK_INT(row_of(f, TOP_ACCOUNTS, "joe@example.org").recipients, 2);
    CHECK_INT(row_of(f, TOP_ACCOUNTS, "joe@example.org").bad, 1);
    CHECK_INT(row_of(f, TOP_SENDERS, "<>").messages, 1);
    CHECK_INT(rows_of(f, TOP_SENDER_DOMAINS), 1);
    flow_end(f);
}

/* The hand-over to a filter is no delivery, and the second life behind it no second message. */
static void a_content_filter_does_not_count_twice(void)
{
    struct flow *f = flow_start();

    flow_lines(
        f, MESSAGE
        "10:00:01 10025/smtpd[16]: 4B2F000: client=localhost[127.0.0.1]\n"
        "10:00:01 qmgr[12]: 4B2F000: from=<A@Example.net>, size=900, nrcpt=3 (queue active)\n"
        "10:00:01 smtp[13]: 4A1F000: to=<v@victim.example>, relay=127.0.0.1[127.0.0.1]:10024, "
        "delay=1, dsn=2.0.0, status=sent (250 Ok: queued as 4B2F000)\n"
        "10:00:02 smtp[13]: 4B2F000: to=<v@victim.example>, relay=mx[203.0.113.9]:25, "
        "delay=1, dsn=2.0.0, status=sent (250 Ok)\n");
    CHECK_INT(row_of(f, TOP_CLIENTS, "198.51.100.7").messages, 1);
    CHECK_INT(row_of(f, TOP_SENDERS, "A@Example.net").messages, 1);
    CHECK_INT(row_of(f, TOP_RECIPIENT_DOMAINS, "victim.example").recipients, 1);
    flow_end(f);
}

static void refusals_logins_and_bounces_to_strangers_have_tables(void)
{
    struct flow *f = flow_start();

    flow_lines(f, "10:00:00 smtpd[11]: NOQUEUE: reject: RCPT from unknown[203.0.113.5]: 554 5.7.1 "
                  "<x@v.example>: Relay access denied; from=<s@n.example> to=<x@v.example> "
                  "proto=ESMTP helo=<x>\n"
                  "10:00:01 smtpd[11]: NOQUEUE: reject: RCPT from unknown[203.0.113.6]: 550 5.1.1 "
                  "<x@example.org>: Recipient address rejected: User unknown in local recipient "
                  "table; from=<s@n.example> to=<x@example.org> proto=ESMTP helo=<x>\n"
                  "10:00:02 smtpd[11]: warning: unknown[203.0.113.7]: SASL LOGIN authentication "
                  "failed: UGFzc3dvcmQ6\n" MESSAGE
                  "10:00:03 bounce[14]: 4A1F000: sender non-delivery notification: 4C3F000\n");
    CHECK_INT(rows_of(f, TOP_RELAY_DENIED), 1);
    CHECK_INT(row_of(f, TOP_RELAY_DENIED, "203.0.113.5").recipients, 1);
    CHECK_INT(rows_of(f, TOP_AUTH_FAILED), 1);
    CHECK_INT(row_of(f, TOP_AUTH_FAILED, "203.0.113.7").recipients, 1);
    CHECK_INT(row_of(f, TOP_NDR_VICTIMS, "A@Example.net").recipients, 1);
    flow_end(f);
}

static void a_bounce_to_our_own_user_has_no_victim(void)
{
    struct flow *f = flow_start();

    flow_lines(
        f, "10:00:00 smtpd[11]: 4A1F000: client=pc.example.org[192.0.2.9]\n"
           "10:00:01 qmgr[12]: 4A1F000: from=<joe@example.org>, size=5, nrcpt=1 (queue active)\n"
           "10:00:03 bounce[14]: 4A1F000: sender non-delivery notification: 4C3F000\n");
    CHECK_INT(rows_of(f, TOP_NDR_VICTIMS), 0);
    flow_end(f);
}

/* Exact counts of a heavy sender among many light ones: Space-Saving keeps what is heavier than
 * total / k. */
static void a_heavy_client_is_found_among_many(void)
{
    struct flow *f = flow_start();
    struct top_row r;
    char line[256];

    for (unsigned i = 0; i < 2000; i++) {
        bool heavy = i % 10 == 0;
        snprintf(line, sizeof line, "10:00:00 smtpd[11]: 4A%06X: client=unknown[198.18.%u.%u]\n", i,
                 heavy ? 0 : 1 + i / 250, heavy ? 0 : i % 250);
        flow_lines(f, line);
        snprintf(line, sizeof line,
                 "10:00:00 qmgr[12]: 4A%06X: from=<s@n.example>, size=1, nrcpt=%u (queue active)\n",
                 i, heavy ? 10 : 1);
        flow_lines(f, line);
    }
    r = row_of(f, TOP_CLIENTS, "198.18.0.0");
    CHECK(r.recipients >= 2000);
    CHECK(r.recipients - r.error <= 2000);
    CHECK_INT(row_of(f, TOP_SENDERS, "s@n.example").recipients, 200 * 10 + 1800);
    flow_end(f);
}

static const struct test_case cases[] = {
    {"a message counts once with its recipients", a_message_counts_once_with_its_recipients},
    {"case does not make another sender", case_does_not_make_another_sender},
    {"accounts and the null sender have rows", accounts_and_the_null_sender_have_rows},
    {"a content filter does not count twice", a_content_filter_does_not_count_twice},
    {"refusals, logins and bounces to strangers have tables",
     refusals_logins_and_bounces_to_strangers_have_tables},
    {"a bounce to our own user has no victim", a_bounce_to_our_own_user_has_no_victim},
    {"a heavy client is found among many", a_heavy_client_is_found_among_many},
};

TEST_MAIN(cases)
