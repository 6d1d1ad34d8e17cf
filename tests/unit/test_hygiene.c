/* test_hygiene.c - log lines to rows of the scorecard: for each row a log that is well and one that
 * is not */
#include "flow_fixture.h"

static struct scorecard_row row_of(const struct flow *f, const char *number)
{
    static struct scorecard_row rows[SCORECARD_ROWS_MAX];
    struct scorecard_facts facts;
    unsigned n;

    hygiene_facts(f->hygiene, &facts);
    facts.dialogue_visible = true; /* as the summary adds it */
    n = scorecard_fill(&facts, rows);
    for (unsigned i = 0; i < n; i++)
        if (strcmp(rows[i].number, number) == 0)
            return rows[i];
    test_fail(__FILE__, __LINE__, "such a row");
    return (struct scorecard_row){.number = number, .result = "", .title = ""};
}

/* One row of a log of its own. */
static void check_row(const char *number, const char *lines, const char *result,
                      const char *evidence)
{
    struct flow *f = flow_start();
    struct scorecard_row row;

    flow_lines(f, lines);
    row = row_of(f, number);
    CHECK_STR(row.result, result);
    CHECK_STR(row.evidence, evidence);
    flow_end(f);
}

/* The same line many times. */
static void repeat(struct flow *f, unsigned times, const char *lines)
{
    for (unsigned i = 0; i < times; i++)
        flow_lines(f, lines);
}

static const char quiet[] = "09:00:00 smtpd[1]: connect from unknown[203.0.113.5]\n";

/* A message from outside to a mailbox of ours; ID, sender, recipient, outcome. */
static void deliver(struct flow *f, const char *id, const char *from, const char *to,
                    const char *outcome)
{
    char text[1024];

    snprintf(text, sizeof text,
             "09:00:00 smtpd[1]: %s: client=mx.example[203.0.113.5]\n"
             "09:00:01 qmgr[2]: %s: from=<%s>, size=900, nrcpt=1 (queue active)\n"
             "09:00:02 lmtp[3]: %s: to=<%s>, relay=mx1[private/lmtp], delay=1, delays=1/0/0/0, %s\n"
             "09:00:03 qmgr[2]: %s: removed\n",
             id, id, from, id, to, outcome, id);
    flow_lines(f, text);
}

static const char sent[] = "dsn=2.0.0, status=sent (250 2.0.0 Ok)";
static const char no_user[] =
    "dsn=5.1.1, status=bounced (host mx1[private/lmtp] said: 550 5.1.1 User unknown in local "
    "recipient table (in reply to RCPT TO command))";

static void test_received(void)
{
    struct flow *f = flow_start();

    flow_lines(f, quiet);
    CHECK_STR(row_of(f, "2").result, "UNKNOWN");
    deliver(f, "AAAAAAAA01", "a@example.net", "joe@example.org", sent);
    CHECK_STR(row_of(f, "2").result, "UNKNOWN"); /* no HELO seen yet */
    flow_lines(f, "09:01:00 smtpd[1]: NOQUEUE: reject: RCPT from unknown[203.0.113.5]: 554 5.7.1 "
                  "<x@example.net>: Relay access denied; from=<a@example.net> to=<x@example.net> "
                  "proto=SMTP helo=<there>\n");
    CHECK_STR(row_of(f, "2").result, "INDIRECT");
    CHECK_STR(row_of(f, "2").evidence, "headers are not logged; client address known for all 1 "
                                       "messages, HELO for all 1 refusals");
    flow_end(f);
}

static void test_trace(void)
{
    struct flow *f = flow_start();
    char id[16];

    for (unsigned i = 0; i < 19; i++) {
        snprintf(id, sizeof id, "BBBBBBBB%02X", i);
        deliver(f, id, "a@example.net", "joe@example.org", sent);
    }
    CHECK_STR(row_of(f, "3").result, "UNKNOWN");
    deliver(f, "BBBBBBBBFF", "a@example.net", "joe@example.org", sent);
    CHECK_STR(row_of(f, "3").result, "PASS");
    CHECK_STR(row_of(f, "3").evidence, "all 20 recipients with client, sender and outcome");
    /* without the line that has the client */
    flow_lines(f, "09:10:00 qmgr[2]: CCCCCCCC01: from=<a@example.net>, size=900, nrcpt=1 (queue "
                  "active)\n"
                  "09:10:01 lmtp[3]: CCCCCCCC01: to=<joe@example.org>, relay=mx1[private/lmtp], "
                  "delay=1, delays=1/0/0/0, dsn=2.0.0, status=sent (250 Ok)\n"
                  "09:10:02 qmgr[2]: CCCCCCCC01: removed\n");
    CHECK_STR(row_of(f, "3").result, "WARN");
    CHECK_STR(row_of(f, "3").evidence,
              "20 of 21 recipients (95.2%) with client, sender and outcome");
    /* gone without an outcome */
    repeat(f, 2,
           "09:20:00 smtpd[1]: CCCCCCCC02: client=mx.example[203.0.113.5]\n"
           "09:20:01 qmgr[2]: CCCCCCCC02: from=<a@example.net>, size=900, nrcpt=1 (queue active)\n"
           "09:20:02 qmgr[2]: CCCCCCCC02: removed\n");
    CHECK_STR(row_of(f, "3").result, "FAIL");
    flow_end(f);
}

/* Neither mail from before the log nor a notification of our own, whose origin is told late, counts
 * against the log. */
static void test_trace_left_out(void)
{
    struct scorecard_facts facts;
    struct flow *f = flow_start();

    flow_lines(f, "09:00:00 qmgr[2]: DDDDDDDD01: from=<a@example.net>, size=900, nrcpt=1 (queue "
                  "active)\n"
                  "09:00:01 lmtp[3]: DDDDDDDD01: to=<joe@example.org>, relay=mx1[private/lmtp], "
                  "delay=86400, delays=86400/0/0/0, dsn=2.0.0, status=sent (250 Ok)\n"
                  "09:00:01 lmtp[3]: DDDDDDDD01: to=<ann@example.org>, relay=mx1[private/lmtp], "
                  "delay=922337203685477, dsn=2.0.0, status=sent (250 Ok)\n"
                  "09:00:02 qmgr[2]: DDDDDDDD02: from=<>, size=900, nrcpt=1 (queue active)\n"
                  "09:00:03 lmtp[3]: DDDDDDDD02: to=<joe@example.org>, relay=mx1[private/lmtp], "
                  "delay=1, delays=1/0/0/0, dsn=2.0.0, status=sent (250 Ok)\n"
                  "09:00:04 bounce[4]: DDDDDDDD03: sender non-delivery notification: DDDDDDDD02\n");
    hygiene_facts(f->hygiene, &facts);
    CHECK_INT(facts.outcomes, 0);
    flow_end(f);
}

static void test_refusal_log(void)
{
    const char full[] = "09:00:00 smtpd[1]: NOQUEUE: reject: RCPT from unknown[203.0.113.5]: 554 "
                        "5.7.1 <x@example.net>: Relay access denied; from=<a@example.net> "
                        "to=<x@example.net> proto=SMTP helo=<there>\n";
    struct flow *f = flow_start();

    repeat(f, 19, full);
    CHECK_STR(row_of(f, "4").result, "UNKNOWN");
    repeat(f, 1, full);
    CHECK_STR(row_of(f, "4").result, "PASS");
    CHECK_STR(row_of(f, "4").evidence, "all 20 refusals with time, reason, recipient and client");
    repeat(f, 1,
           "09:00:00 smtpd[1]: NOQUEUE: reject: RCPT from unknown[203.0.113.5]: 554 5.7.1 "
           "Relay access denied\n");
    CHECK_STR(row_of(f, "4").result, "WARN");
    flow_end(f);
}

static void test_client_refused(void)
{
    check_row("5",
              "09:00:00 smtpd[1]: NOQUEUE: reject: RCPT from unknown[203.0.113.5]: 554 5.7.1 "
              "<unknown[203.0.113.5]>: Client host rejected: Access denied; from=<a@example.net> "
              "to=<joe@example.org> proto=SMTP helo=<there>\n"
              "09:00:01 postscreen[1]: NOQUEUE: reject: RCPT from [203.0.113.6]:40000: 550 5.7.1 "
              "Service unavailable; client [203.0.113.6] blocked using zen.spamhaus.org; "
              "from=<a@example.net>, to=<joe@example.org>, proto=SMTP, helo=<there>\n",
              "SEEN", "2 refusals of a client by address, name or list");
    /* the sender and the HELO are other things */
    check_row("5",
              "09:00:00 smtpd[1]: NOQUEUE: reject: RCPT from unknown[203.0.113.5]: 554 5.7.1 "
              "<a@example.net>: Sender address rejected: Access denied; from=<a@example.net> "
              "to=<joe@example.org> proto=SMTP helo=<there>\n"
              "09:00:01 smtpd[1]: NOQUEUE: reject: RCPT from unknown[203.0.113.5]: 504 5.5.2 "
              "<there>: Helo command rejected: need fully-qualified hostname; "
              "from=<a@example.net> to=<joe@example.org> proto=SMTP helo=<there>\n",
              "NOT SEEN", "no refusal of a client by address, name or list");
}

static void test_null_sender(void)
{
    struct flow *f = flow_start();

    flow_lines(f, quiet);
    CHECK_STR(row_of(f, "6a").result, "UNKNOWN");
    deliver(f, "AAAAAAAA01", "", "joe@example.org", sent);
    CHECK_STR(row_of(f, "6a").result, "PASS");
    CHECK_STR(row_of(f, "6a").evidence, "1 message of <> taken from outside, none refused for it");
    /* an unknown recipient and a listed client are no reasons against <> */
    flow_lines(f, "09:01:00 smtpd[1]: NOQUEUE: reject: RCPT from unknown[203.0.113.5]: 550 5.1.1 "
                  "<nobody@example.org>: Recipient address rejected: User unknown in local "
                  "recipient table; from=<> to=<nobody@example.org> proto=SMTP helo=<there>\n"
                  "09:01:01 smtpd[1]: NOQUEUE: reject: RCPT from unknown[203.0.113.5]: 554 5.7.1 "
                  "Service unavailable; Client host [203.0.113.5] blocked using zen.spamhaus.org; "
                  "from=<> to=<joe@example.org> proto=SMTP helo=<there>\n");
    CHECK_STR(row_of(f, "6a").result, "PASS");
    /* with warn_if_reject nothing is refused */
    flow_lines(f, "09:02:00 smtpd[1]: NOQUEUE: reject_warning: RCPT from unknown[203.0.113.5]: 554 "
                  "5.7.1 <>: Sender address rejected: Access denied; from=<> to=<joe@example.org> "
                  "proto=SMTP helo=<there>\n");
    CHECK_STR(row_of(f, "6a").result, "PASS");
    flow_lines(f, "09:03:00 smtpd[1]: NOQUEUE: reject: MAIL from unknown[203.0.113.5]: 554 5.7.1 "
                  "<>: Sender address rejected: Access denied; from=<> proto=SMTP helo=<there>\n");
    CHECK_STR(row_of(f, "6a").result, "FAIL");
    CHECK_STR(row_of(f, "6a").evidence, "1 refusal of <> as a sender");
    flow_end(f);
}

static void test_null_sender_second_recipient(void)
{
    check_row("6a",
              "09:00:00 smtpd[1]: NOQUEUE: reject: DATA from unknown[203.0.113.5]: 550 5.5.3 "
              "<DATA>: Data command rejected: Multi-recipient bounce; from=<> proto=ESMTP "
              "helo=<there>\n",
              "FAIL", "1 refusal of <> with more than one recipient");
}

static void test_own_sender(void)
{
    struct flow *f = flow_start();

    flow_lines(f, quiet);
    CHECK_STR(row_of(f, "6b").result, "UNKNOWN");
    deliver(f, "AAAAAAAA01", "boss@example.org", "joe@example.org", sent);
    CHECK_STR(row_of(f, "6b").result, "PASS");
    /* a sender that does not exist is not refused for being ours */
    flow_lines(f, "09:01:00 smtpd[1]: NOQUEUE: reject: RCPT from unknown[203.0.113.5]: 550 5.1.0 "
                  "<no@example.org>: Sender address rejected: User unknown in local recipient "
                  "table; from=<no@example.org> to=<joe@example.org> proto=SMTP helo=<there>\n");
    CHECK_STR(row_of(f, "6b").result, "PASS");
    flow_lines(f, "09:02:00 smtpd[1]: NOQUEUE: reject: RCPT from unknown[203.0.113.5]: 553 5.7.1 "
                  "<boss@example.org>: Sender address rejected: not logged in; "
                  "from=<boss@example.org> to=<joe@example.org> proto=SMTP helo=<there>\n");
    CHECK_STR(row_of(f, "6b").result, "WARN");
    flow_end(f);
}

static void test_sender_refused(void)
{
    struct flow *f = flow_start();
    const char one[] = "09:00:00 smtpd[1]: NOQUEUE: reject: RCPT from unknown[203.0.113.5]: 554 "
                       "5.7.1 <spam@bad.example>: Sender address rejected: Access denied; "
                       "from=<spam@bad.example> to=<joe@example.org> proto=SMTP helo=<there>\n";

    flow_lines(f, quiet);
    CHECK_STR(row_of(f, "7a").result, "NOT SEEN");
    repeat(f, 2, one);
    CHECK_STR(row_of(f, "7a").result, "SEEN");
    CHECK_STR(row_of(f, "7a").evidence, "2 refusals of a sender by policy");
    CHECK_STR(row_of(f, "7b").result, "NOT SEEN");
    flow_lines(f, "09:00:00 smtpd[1]: NOQUEUE: reject: RCPT from unknown[203.0.113.5]: 554 5.7.1 "
                  "<more@bad.example>: Sender address rejected: Access denied; "
                  "from=<more@bad.example> to=<joe@example.org> proto=SMTP helo=<there>\n");
    CHECK_STR(row_of(f, "7b").result, "SEEN");
    flow_end(f);
}

static void test_rate(void)
{
    check_row("8",
              "09:00:00 smtpd[1]: warning: Connection rate limit exceeded: 31 from "
              "unknown[203.0.113.5] for service smtp\n"
              "09:00:01 smtpd[1]: NOQUEUE: reject: RCPT from unknown[203.0.113.5]: 450 4.7.1 "
              "<joe@example.org>: Recipient address rejected: rate limit, come back later; "
              "from=<a@example.net> to=<joe@example.org> proto=SMTP helo=<there>\n",
              "SEEN", "2 rate limits reached");
    /* a full disk is no limit on clients */
    check_row("8",
              "09:00:00 smtpd[1]: warning: not enough free space in mail queue: 1 bytes < 1.5*2 "
              "message size limit\n",
              "NOT SEEN", "no rate limit reached");
}

static void refuse_sender(struct flow *f, uint16_t code, const char *text)
{
    struct event ev = {.kind = EVENT_RCPT,
                       .time_us = INT64_C(1772442000000000),
                       .repeat = 1,
                       .stage = STAGE_RCPT,
                       .outcome = code / 100 == 4 ? OUTCOME_TEMPFAIL : OUTCOME_REFUSED,
                       .reply_code = code};

    CHECK(ip_addr_parse(SLICE_LIT("203.0.113.5"), &ev.client));
    event_set_sender(&ev, SLICE_LIT("a@nowhere.example"));
    event_set(&ev, EF_RCPT, SLICE_LIT("joe@example.org"));
    event_set(&ev, EF_TEXT, slice_of(text));
    flow_event(f, &ev);
}

static void test_sender_domain(void)
{
    struct flow *f = flow_start();

    flow_lines(f, quiet);
    CHECK_STR(row_of(f, "9").result, "NOT SEEN");
    refuse_sender(f, 450, "Sender address rejected: Domain not found");
    refuse_sender(f, 451, "Domain of sender address a@nowhere.example does not resolve");
    refuse_sender(f, 553, "Domain of sender address a@nowhere.example does not exist");
    CHECK_STR(row_of(f, "9").result, "SEEN");
    CHECK_STR(row_of(f, "9").evidence, "3 senders refused because of the domain in DNS");
    refuse_sender(f, 553, "Domain of sender address a@nowhere.example does not resolve");
    CHECK_STR(row_of(f, "9").result, "FAIL");
    flow_end(f);
}

/* A message of an account. */
static void submit(struct flow *f, const char *id, const char *user, const char *from)
{
    char text[512];

    snprintf(text, sizeof text,
             "09:00:00 smtpd[1]: %s: client=home.example[203.0.113.5], sasl_method=PLAIN, "
             "sasl_username=%s\n"
             "09:00:01 qmgr[2]: %s: from=<%s>, size=900, nrcpt=1 (queue active)\n",
             id, user, id, from);
    flow_lines(f, text);
}

static void test_login_sender(void)
{
    struct flow *f = flow_start();

    flow_lines(f, quiet);
    CHECK_STR(row_of(f, "10").result, "UNKNOWN");
    submit(f, "AAAAAAAA01", "joe@example.org", "Joe@example.org");
    submit(f, "AAAAAAAA02", "joe", "joe@example.org");
    CHECK_STR(row_of(f, "10").result, "UNKNOWN");
    submit(f, "AAAAAAAA03", "joe@example.org", "boss@example.org");
    submit(f, "AAAAAAAA04", "jo", "joe@example.org");
    CHECK_STR(row_of(f, "10").result, "NOT SEEN");
    CHECK_STR(row_of(f, "10").evidence, "2 of 4 messages (50.0%) with a login have another sender "
                                        "than the login, none refused");
    flow_lines(f, "09:01:00 smtpd[1]: NOQUEUE: reject: RCPT from unknown[203.0.113.5]: 553 5.7.1 "
                  "<boss@example.org>: Sender address rejected: not owned by user joe; "
                  "from=<boss@example.org> to=<x@example.net> proto=ESMTP helo=<there>\n");
    CHECK_STR(row_of(f, "10").result, "SEEN");
    flow_end(f);
}

/* A server that logs its answers: the client asked, and got this code. */
static void answer(struct flow *f, enum smtp_stage stage, uint16_t code)
{
    struct event ev = {.kind = EVENT_ACTION,
                       .time_us = INT64_C(1772442000000000),
                       .repeat = 1,
                       .stage = stage,
                       .outcome = OUTCOME_ACCEPTED,
                       .reply_code = code};

    CHECK(ip_addr_parse(SLICE_LIT("203.0.113.5"), &ev.client));
    flow_event(f, &ev);
}

static void test_vrfy(void)
{
    struct flow *f = flow_start();

    /* our own people may ask */
    flow_lines(f, "09:00:00 smtpd[1]: disconnect from desk[192.0.2.7] helo=1 vrfy=2 commands=3\n");
    CHECK_STR(row_of(f, "11").result, "UNKNOWN");
    flow_lines(f, "09:00:00 smtpd[1]: disconnect from unknown[203.0.113.5] helo=1 vrfy=0/2 "
                  "commands=1/3\n");
    CHECK_STR(row_of(f, "11").result, "PASS");
    CHECK_STR(row_of(f, "11").evidence, "2 VRFY of strangers, none told a mailbox");
    flow_lines(f, "09:00:00 smtpd[1]: disconnect from unknown[203.0.113.5] helo=1 vrfy=1 "
                  "commands=2\n");
    CHECK_STR(row_of(f, "11").result, "WARN");
    answer(f, STAGE_VRFY, 0); /* a restriction let it pass: not the answer */
    CHECK_STR(row_of(f, "11").result, "WARN");
    answer(f, STAGE_VRFY, 252);
    CHECK_STR(row_of(f, "11").result, "WARN");
    answer(f, STAGE_VRFY, 250);
    CHECK_STR(row_of(f, "11").result, "FAIL");
    flow_end(f);
}

/* One refusal, told by its own line and by the counters, is one. */
static void test_vrfy_once(void)
{
    check_row("11",
              "09:00:00 smtpd[1]: connect from unknown[203.0.113.5]\n"
              "09:00:01 smtpd[1]: NOQUEUE: reject: VRFY from unknown[203.0.113.5]: 550 5.1.1 "
              "<joe>: Recipient address rejected: User unknown in local recipient table; to=<joe> "
              "proto=SMTP helo=<there>\n"
              "09:00:02 smtpd[1]: disconnect from unknown[203.0.113.5] helo=1 vrfy=0/1 "
              "commands=1/2\n",
              "PASS", "1 VRFY of strangers, none told a mailbox");
}

static void test_etrn(void)
{
    struct flow *f = flow_start();

    flow_lines(f, "09:00:00 smtpd[1]: disconnect from desk[192.0.2.7] helo=1 etrn=2 commands=3\n");
    CHECK_STR(row_of(f, "12").result, "UNKNOWN");
    flow_lines(f, "09:00:00 smtpd[1]: disconnect from unknown[203.0.113.5] ehlo=1 etrn=0/1 "
                  "commands=1/2\n");
    answer(f, STAGE_ETRN, 0);
    CHECK_STR(row_of(f, "12").result, "PASS");
    flow_lines(f, "09:00:00 smtpd[1]: disconnect from unknown[203.0.113.5] ehlo=1 etrn=1 "
                  "commands=2\n");
    CHECK_STR(row_of(f, "12").result, "FAIL");
    CHECK_STR(row_of(f, "12").evidence, "1 ETRN of strangers obeyed");
    flow_end(f);
}

static void test_codes(void)
{
    struct flow *f = flow_start();

    flow_lines(f, "09:00:00 smtpd[1]: NOQUEUE: reject: RCPT from unknown[203.0.113.5]: 554 5.7.1 "
                  "<x@example.net>: Relay access denied; from=<a@example.net> to=<x@example.net> "
                  "proto=SMTP helo=<there>\n"
                  /* no policy: the mailbox is not there, the queue is full */
                  "09:00:01 smtpd[1]: NOQUEUE: reject: RCPT from unknown[203.0.113.5]: 452 4.3.1 "
                  "Insufficient system storage; from=<a@example.net> to=<joe@example.org> "
                  "proto=SMTP helo=<there>\n");
    CHECK_STR(row_of(f, "13").result, "NOT SEEN");
    CHECK_STR(row_of(f, "13").evidence, "policy answers: 0 with 4xx, 1 with 5xx");
    flow_lines(f, "09:00:02 smtpd[1]: NOQUEUE: reject: RCPT from unknown[203.0.113.5]: 450 4.2.0 "
                  "<joe@example.org>: Recipient address rejected: Greylisted; from=<a@example.net> "
                  "to=<joe@example.org> proto=SMTP helo=<there>\n");
    CHECK_STR(row_of(f, "13").result, "SEEN");
    flow_end(f);
}

static void test_roles(void)
{
    struct flow *f = flow_start();

    flow_lines(f, quiet);
    CHECK_STR(row_of(f, "H1").result, "UNKNOWN");
    deliver(f, "AAAAAAAA01", "a@example.net", "Postmaster@example.org", sent);
    deliver(f, "AAAAAAAA02", "a@example.net", "abuse@example.org", sent);
    CHECK_STR(row_of(f, "H1").result, "PASS");
    CHECK_STR(row_of(f, "H1").evidence, "1 taken, none refused");
    CHECK_STR(row_of(f, "H2").result, "PASS");
    /* a listed client is refused for itself; somebody else's postmaster is not ours */
    flow_lines(f, "09:01:00 smtpd[1]: NOQUEUE: reject: RCPT from unknown[203.0.113.5]: 554 5.7.1 "
                  "Service unavailable; Client host [203.0.113.5] blocked using zen.spamhaus.org; "
                  "from=<a@example.net> to=<postmaster@example.org> proto=SMTP helo=<there>\n"
                  "09:01:01 smtpd[1]: NOQUEUE: reject: RCPT from unknown[203.0.113.5]: 554 5.7.1 "
                  "<abuse@example.net>: Relay access denied; from=<a@example.net> "
                  "to=<abuse@example.net> proto=SMTP helo=<there>\n");
    CHECK_STR(row_of(f, "H1").result, "WARN");
    CHECK_STR(row_of(f, "H2").result, "PASS");
    flow_lines(f, "09:02:00 smtpd[1]: NOQUEUE: reject: RCPT from unknown[203.0.113.5]: 550 5.1.1 "
                  "<postmaster@example.org>: Recipient address rejected: User unknown in local "
                  "recipient table; from=<a@example.net> to=<postmaster@example.org> proto=SMTP "
                  "helo=<there>\n");
    deliver(f, "AAAAAAAA03", "a@example.net", "abuse@example.org", no_user);
    CHECK_STR(row_of(f, "H1").result, "FAIL");
    CHECK_STR(row_of(f, "H1").evidence, "1 refused, 1 taken");
    CHECK_STR(row_of(f, "H2").result, "FAIL");
    flow_end(f);
}

static void test_double_bounce(void)
{
    struct flow *f = flow_start();

    deliver(f, "AAAAAAAA01", "a@example.net", "nobody@example.org", no_user);
    flow_lines(f, "09:00:03 bounce[4]: AAAAAAAA01: sender non-delivery notification: AAAAAAAA09\n");
    CHECK_STR(row_of(f, "H3").result, "UNKNOWN");
    deliver(f, "AAAAAAAA02", "", "nobody@example.org", no_user);
    /* a note to our own postmaster is allowed */
    flow_lines(f, "09:00:03 bounce[4]: AAAAAAAA02: postmaster non-delivery notification: "
                  "AAAAAAAA08\n");
    CHECK_STR(row_of(f, "H3").result, "PASS");
    CHECK_STR(row_of(f, "H3").evidence, "1 recipient of <> failed, nobody was notified");
    flow_lines(f, "09:00:04 bounce[4]: AAAAAAAA02: sender non-delivery notification: AAAAAAAA07\n");
    CHECK_STR(row_of(f, "H3").result, "FAIL");
    flow_end(f);
}

static void test_unknown_recipients(void)
{
    const char refused[] =
        "09:00:00 smtpd[1]: NOQUEUE: reject: RCPT from unknown[203.0.113.5]: 550 5.1.1 "
        "<no@example.org>: Recipient address rejected: User unknown in local recipient table; "
        "from=<a@example.net> to=<no@example.org> proto=SMTP helo=<there>\n";
    struct flow *f = flow_start();
    char id[16];

    repeat(f, 19, refused);
    CHECK_STR(row_of(f, "H4").result, "UNKNOWN");
    repeat(f, 1, refused);
    CHECK_STR(row_of(f, "H4").result, "PASS");
    deliver(f, "AAAAAAAA01", "a@example.net", "no@example.org", no_user);
    CHECK_STR(row_of(f, "H4").result, "WARN");
    for (unsigned i = 0; i < 19; i++) {
        snprintf(id, sizeof id, "BBBBBBBB%02X", i);
        deliver(f, id, "a@example.net", "no@example.org", no_user);
    }
    CHECK_STR(row_of(f, "H4").result, "FAIL");
    CHECK_STR(row_of(f, "H4").evidence, "20 refused in the dialogue, 20 taken and bounced later");
    flow_end(f);
}

static void test_relay_code(void)
{
    struct flow *f = flow_start();

    flow_lines(f, quiet);
    CHECK_STR(row_of(f, "H5").result, "UNKNOWN");
    flow_lines(f, "09:00:00 smtpd[1]: NOQUEUE: reject: RCPT from unknown[203.0.113.5]: 554 5.7.1 "
                  "<x@example.net>: Relay access denied; from=<a@example.net> to=<x@example.net> "
                  "proto=SMTP helo=<there>\n");
    CHECK_STR(row_of(f, "H5").result, "PASS");
    flow_lines(f, "09:00:01 smtpd[1]: NOQUEUE: reject: RCPT from unknown[203.0.113.5]: 454 4.7.1 "
                  "<x@example.net>: Relay access denied; from=<a@example.net> to=<x@example.net> "
                  "proto=SMTP helo=<there>\n");
    CHECK_STR(row_of(f, "H5").result, "WARN");
    CHECK_STR(row_of(f, "H5").evidence, "1 of 2 answered 4xx: they come again");
    flow_end(f);
}

static void test_repute(void)
{
    struct flow *f = flow_start();
    const char spf[] =
        "09:00:02 smtp[3]: %s: to=<x@example.net>, relay=mx.example.net[198.51.100.9]:25, delay=1, "
        "delays=1/0/0/0, dsn=5.7.26, status=bounced (host mx.example.net[198.51.100.9] said: 550 "
        "5.7.26 This mail is unauthenticated email; SPF did not pass)\n";
    char text[512];

    submit(f, "AAAAAAAA01", "joe@example.org", "joe@example.org");
    flow_lines(f, "09:00:02 smtp[3]: AAAAAAAA01: to=<y@example.net>, "
                  "relay=mx.example.net[198.51.100.9]:25, delay=1, delays=1/0/0/0, dsn=2.0.0, "
                  "status=sent (250 2.0.0 Ok)\n");
    CHECK_STR(row_of(f, "H6").result, "UNKNOWN");
    CHECK_STR(row_of(f, "H6").evidence, "no complaint in 1 reply of other servers");
    /* forwarded mail of others fails SPF by nature */
    submit(f, "AAAAAAAA02", "joe@example.org", "friend@example.net");
    snprintf(text, sizeof text, spf, "AAAAAAAA02");
    flow_lines(f, text);
    CHECK_STR(row_of(f, "H6").result, "UNKNOWN");
    snprintf(text, sizeof text, spf, "AAAAAAAA01");
    flow_lines(f, text);
    CHECK_STR(row_of(f, "H6").result, "WARN");
    flow_end(f);
}

static void test_empty(void)
{
    struct flow *f = flow_start();
    struct scorecard_row rows[SCORECARD_ROWS_MAX];
    struct scorecard_facts facts;

    hygiene_facts(f->hygiene, &facts);
    CHECK_INT(scorecard_fill(&facts, rows), 0);
    flow_end(f);
}

static const struct test_case cases[] = {
    {"2: what goes into Received lines is indirect evidence", test_received},
    {"3: outcomes join to client and sender, or they do not", test_trace},
    {"3: mail from before the log and own notifications are left out", test_trace_left_out},
    {"4: refusals with all that a complaint needs", test_refusal_log},
    {"5: a client is refused by address or list", test_client_refused},
    {"6a: the null sender is taken, until it is refused as such", test_null_sender},
    {"6a: a second recipient of the null sender is refused", test_null_sender_second_recipient},
    {"6b: senders of ours from outside", test_own_sender},
    {"7a, 7b: a sender, and a second address of its domain", test_sender_refused},
    {"8: rates are limited", test_rate},
    {"9: the sender's domain, and DNS that does not answer", test_sender_domain},
    {"10: senders of logged-in users", test_login_sender},
    {"11: VRFY of strangers", test_vrfy},
    {"11: a refusal that is told twice is one", test_vrfy_once},
    {"12: ETRN of strangers", test_etrn},
    {"13: 4xx and 5xx by policy", test_codes},
    {"H1, H2: postmaster and abuse", test_roles},
    {"H3: no notification about the null sender", test_double_bounce},
    {"H4: unknown recipients in the dialogue or by bounce", test_unknown_recipients},
    {"H5: relaying refused with 4xx", test_relay_code},
    {"H6: others refuse our mail for SPF", test_repute},
    {"no event, no scorecard", test_empty},
};

TEST_MAIN(cases)
