/* test_smtp_session.c - dialogues of both directions, and the events they give in full
 *
 * A script has a line for each command ("C: ") and reply ("S: "). Commands wait for their replies
 * as in a protocol log. */
#include "parser_fixture.h"
#include "smtp_outbound.h"
#include "smtp_pending.h"
#include "smtp_session.h"

struct talk {
    struct smtp_session session;
    struct smtp_outbound outbound;
    struct smtp_pending pending;
    bool out; /* our server is the client */
};

static void inbound_reply(struct talk *t, slice text, struct smtp_out *out)
{
    struct smtp_command c;
    struct smtp_reply r;

    smtp_reply_read(text, &r);
    if (t->session.in_data) {
        smtp_session_data_end(&t->session, &r, SLICE_NONE, 0, out);
        return;
    }
    smtp_pending_take(&t->pending, &c);
    smtp_session_answer(&t->session, &c, &r, out);
}

static void outbound_reply(struct talk *t, slice text, struct smtp_out *out)
{
    struct smtp_command c = {.path = SLICE_NONE};
    struct smtp_reply r;

    smtp_reply_read(text, &r);
    if (!t->outbound.in_data)
        smtp_pending_take(&t->pending, &c);
    smtp_outbound_answer(&t->outbound, &c, &r, out);
}

static void run(bool outbound, const char *script, struct seen *seen)
{
    static struct talk t;
    static struct event ev;
    const struct event_sink sink = {seen_take, seen};
    struct record rec = {.time_us = 1};
    struct smtp_out out = {&rec, &ev, &sink, SLICE_NONE, SLICE_NONE, 0};
    slice rest = slice_of(script);

    memset(seen, 0, sizeof *seen);
    memset(&ev, 0xa5, sizeof ev);
    memset(&t, 0, sizeof t);
    t.out = outbound;
    slice_keep(SLICE_LIT("s1"), t.session.id, sizeof t.session.id);
    smtp_outbound_open(&t.outbound);
    while (rest.len > 0) {
        slice line = slice_first(rest, slice_find_byte(rest, '\n'));
        rest = slice_from(rest, line.len + 1);
        slice text = slice_from(line, 3);
        if (line.ptr[0] == 'C')
            smtp_pending_put(&t.pending, text);
        else if (outbound)
            outbound_reply(&t, text, &out);
        else
            inbound_reply(&t, text, &out);
    }
}

static void check(bool outbound, const char *script, const char *want)
{
    struct seen seen;

    run(outbound, script, &seen);
    CHECK_STR(seen.text, want);
}

static void a_message_comes_in(void)
{
    check(false,
          "C: EHLO mail.example.net\nS: 250-mx.example.org Hello [192.0.2.7]\n"
          "C: MAIL FROM:<a@example.net> SIZE=1460\nS: 250 OK\n"
          "C: RCPT TO:<b@example.org>\nS: 250 OK - Recipient <b@example.org>\n"
          "C: RCPT TO:<v@example.com>\nS: 550 Relaying is prohibited\n"
          "C: DATA\nS: 354 Send data.\nS: 250 OK\nC: QUIT\nS: 221 bye\n",
          "mail|stage=mail|session=s1|queue_id=s1.1|helo=mail.example.net|sender=a@example.net\n"
          "rcpt|stage=rcpt|outcome=accepted|reply_code=250|session=s1|queue_id=s1.1|helo=mail."
          "example.net|sender=a@example.net|rcpt=b@example.org|text=OK - Recipient "
          "<b@example.org>|command=RCPT\n"
          "rcpt|stage=rcpt|outcome=refused|reply_code=550|session=s1|helo=mail.example.net|sender="
          "a@example.net|rcpt=v@example.com|text=Relaying is prohibited|command=RCPT\n"
          "queued|nrcpt=1|size=1460|session=s1|queue_id=s1.1|helo=mail.example.net|sender=a@example"
          ".net\n"
          "disconnect|counters=auth 0/0 mail 1/1 rcpt 1/2 data 1/1 commands 5/6 vrfy 0 etrn 0 rset "
          "0|session=s1|helo=mail.example.net");
}

static void pipelined_commands_meet_their_replies(void)
{
    check(
        false,
        "C: MAIL FROM:<>\nC: RCPT TO:<b@example.org>\nC: RCPT TO:<c@example.org>\nC: DATA\n"
        "S: 250 2.1.0 OK\nS: 250 2.1.5 OK\nS: 550 5.1.1 User unknown\nS: 354 go\nS: 250 2.6.0 x\n",
        "mail|stage=mail|flags=null_sender|session=s1|queue_id=s1.1|sender=\n"
        "rcpt|stage=rcpt|outcome=accepted|reply_code=250|status=2.1.5|flags=null_sender|session="
        "s1|queue_id=s1.1|sender=|rcpt=b@example.org|text=OK|command=RCPT\n"
        "rcpt|stage=rcpt|outcome=refused|reply_code=550|status=5.1.1|flags=null_sender|session=s1"
        "|sender=|rcpt=c@example.org|text=User unknown|command=RCPT\n"
        "queued|nrcpt=1|flags=null_sender|session=s1|queue_id=s1.1|sender=");
}

static void logins_show_the_account(void)
{
    check(false,
          "C: EHLO x\nS: 250 OK\nC: AUTH LOGIN\nS: 334 VXNlcm5hbWU6\nC: YWxpY2U=\nS: 334 "
          "UGFzc3dvcmQ6\n"
          "C: c2VjcmV0\nS: 535 5.7.3 Authentication unsuccessful\n"
          "C: AUTH PLAIN AGFsaWNlAHNlY3JldA==\nS: 235 ok\nC: MAIL FROM:<alice@example.org>\nS: 250 "
          "OK\n",
          "auth|stage=auth|outcome=refused|reply_code=535|status=5.7.3|session=s1|helo=x|user=alice"
          "|mechanism=LOGIN|text=Authentication unsuccessful\n"
          "auth|stage=auth|outcome=accepted|reply_code=235|session=s1|helo=x|user=alice|mechanism="
          "PLAIN|text=ok\n"
          "mail|stage=mail|session=s1|queue_id=s1.1|helo=x|user=alice|mechanism=PLAIN|sender=alice@"
          "example.org");
}

/* A password in the place of a name must never be shown. */
static void a_password_is_never_shown(void)
{
    struct seen seen;

    run(false,
        "C: AUTH LOGIN YWxpY2U=\nS: 334 UGFzc3dvcmQ6\nC: c2VjcmV0\nS: 535 no\n"
        "C: AUTH LOGIN ???\nS: 334 x\nC: c2VjcmV0\nS: 535 no\n",
        &seen);
    CHECK_INT(seen.events, 2);
    CHECK(strstr(seen.text, "user=alice") != NULL);
    CHECK(strstr(seen.text, "secret") == NULL);
}

static void an_unknown_mechanism_is_no_wrong_password(void)
{
    check(false, "C: AUTH FOO\nS: 504 5.7.4 Unrecognized authentication type\n",
          "refusal|stage=auth|outcome=refused|reply_code=504|status=5.7.4|session=s1|text="
          "Unrecognized authentication type|command=AUTH");
    check(false, "C: AUTH LOGIN\nS: 454 4.7.0 Temporary authentication failure\n",
          "auth|stage=auth|outcome=tempfail|reply_code=454|status=4.7.0|session=s1|mechanism=LOGIN|"
          "text=Temporary authentication failure");
}

static void a_message_refused_at_its_end_is_cancelled(void)
{
    check(false,
          "C: MAIL FROM:<a@example.net>\nS: 250 OK\nC: RCPT TO:<b@example.org>\nS: 250 OK\n"
          "C: DATA\nS: 354 go\nS: 554 Mailbox is not local: a@example.net\n",
          "mail|stage=mail|session=s1|queue_id=s1.1|sender=a@example.net\n"
          "rcpt|stage=rcpt|outcome=accepted|reply_code=250|session=s1|queue_id=s1.1|sender=a@"
          "example.net|rcpt=b@example.org|text=OK|command=RCPT\n"
          "refusal|stage=end_of_data|outcome=refused|reply_code=554|session=s1|sender=a@example.net"
          "|text=Mailbox is not local: a@example.net|command=DATA\n"
          "done|done=cancelled|session=s1|queue_id=s1.1");
}

static void a_second_mail_that_is_refused_ends_nothing(void)
{
    struct seen seen;

    run(false,
        "C: MAIL FROM:<a@example.net>\nS: 250 OK\nC: MAIL FROM:<x@example.net>\nS: 503 Sender "
        "already specified\nC: RCPT TO:<b@example.org>\nS: 250 OK\n",
        &seen);
    CHECK_INT(seen.events, 3);
    CHECK(strstr(seen.text, "refusal|stage=mail|outcome=refused|reply_code=503|session=s1|sender=x@"
                            "example.net") != NULL);
    CHECK(strstr(seen.text, "queue_id=s1.1|sender=a@example.net|rcpt=b@example.org") != NULL);
}

static void what_is_no_smtp_is_told(void)
{
    check(
        false,
        "C: GET / HTTP/1.0\nS: 500 5.3.3 Unrecognized command\nC: foo bar\nS: 500 x\n"
        "C: xxxx mail.example.net\nS: 500 x\nC: VRFY <ghost@example.org>\nS: 550 User unknown\n"
        "C: XEXCH50 1028 2\nS: 504 Need to authenticate first\n",
        "protocol|stage=other|anomaly=non_smtp|reply_code=500|status=5.3.3|session=s1|text=/ "
        "HTTP/1.0|command=GET\n"
        "protocol|stage=other|anomaly=bad_syntax|reply_code=500|session=s1|text=bar|command=foo\n"
        "refusal|stage=vrfy|outcome=refused|reply_code=550|session=s1|rcpt=ghost@example.org|text="
        "User unknown|command=VRFY\n"
        "refusal|stage=other|outcome=refused|reply_code=504|session=s1|text=Need to authenticate "
        "first|command=XEXCH50");
}

static void chunks_end_with_the_last(void)
{
    struct seen seen;

    run(false,
        "C: MAIL FROM:<a@example.net>\nS: 250 OK\nC: RCPT TO:<b@example.org>\nS: 250 OK\n"
        "C: BDAT 1000\nS: 250 x\nC: BDAT 23 LAST\nS: 250 x\n",
        &seen);
    CHECK_INT(seen.events, 3);
    CHECK(strstr(seen.text, "queued|nrcpt=1|size=1023|") != NULL);
}

static void mail_goes_out(void)
{
    check(true,
          "S: 220 mx.example.com\nC: EHLO mx.example.org\nS: 250-x\n"
          "C: MAIL FROM:<a@example.org>\nS: 250 OK\nC: RCPT TO:<v@example.com>\nS: 250 OK\n"
          "C: RCPT TO:<w@example.com>\nS: 550 5.1.1 no such user\nC: RCPT TO:<x@example.com>\nS: "
          "250 OK\n"
          "C: DATA\nS: 354 go\nS: 250 2.0.0 queued as 1\nC: QUIT\nS: 221 bye\n",
          "delivery|outcome=bounced|route=remote|reply_code=550|status=5.1.1|sender=a@example.org|"
          "rcpt=w@example.com|text=550 5.1.1 no such user\n"
          "delivery|outcome=delivered|route=remote|reply_code=250|status=2.0.0|sender=a@example.org"
          "|rcpt=v@example.com|text=250 2.0.0 queued as 1\n"
          "delivery|outcome=delivered|route=remote|reply_code=250|status=2.0.0|sender=a@example.org"
          "|rcpt=x@example.com|text=250 2.0.0 queued as 1");
}

static void a_null_sender_is_a_notification(void)
{
    check(true,
          "C: MAIL FROM:<>\nS: 250 OK\nC: RCPT TO:<v@example.com>\nS: 250 OK\nC: DATA\nS: 354 go\n"
          "S: 451 later\n",
          "dsn|flags=null_sender|sender=|rcpt=v@example.com\n"
          "delivery|outcome=deferred|route=remote|reply_code=451|flags=null_sender|sender=|rcpt=v@"
          "example.com|text=451 later");
}

static void a_refused_sender_fails_without_recipient(void)
{
    check(true,
          "C: MAIL FROM:<a@example.org>\nC: RCPT TO:<v@example.com>\nS: 421 4.7.0 deferred\nS: 503 "
          "x\n",
          "delivery|outcome=deferred|route=remote|reply_code=421|status=4.7.0|sender=a@example.org|"
          "text=421 4.7.0 deferred");
}

static void too_many_recipients_are_counted_not_kept(void)
{
    static struct seen seen;
    static char script[16384];
    size_t n = 0;

    n += (size_t)sprintf(script + n, "C: MAIL FROM:<a@example.org>\nS: 250 OK\n");
    for (unsigned i = 0; i < SMTP_OUTBOUND_RCPTS + 5; i++)
        n += (size_t)sprintf(script + n, "C: RCPT TO:<v%u@example.com>\nS: 250 OK\n", i);
    sprintf(script + n, "C: DATA\nS: 354 go\nS: 250 x\n");
    run(true, script, &seen);
    CHECK_INT(seen.events, SMTP_OUTBOUND_RCPTS);
}

static void too_many_commands_keep_the_step(void)
{
    static struct smtp_pending p;
    struct smtp_command c;
    char line[400];
    unsigned with_path = 0;

    memset(line, 'x', sizeof line);
    memcpy(line, "RCPT TO:<", 9);
    line[399] = '>';
    for (unsigned i = 0; i < SMTP_PENDING_MAX; i++)
        smtp_pending_put(&p, (slice){line, sizeof line});
    CHECK(p.dropped > 0);
    for (unsigned i = 0; i < SMTP_PENDING_MAX; i++) {
        CHECK(smtp_pending_take(&p, &c));
        with_path += c.path.len > 0;
    }
    CHECK(with_path >= 7);
    CHECK(!smtp_pending_take(&p, &c));
    smtp_pending_put(&p, SLICE_LIT("RCPT TO:<b@example.org>"));
    CHECK(smtp_pending_take(&p, &c));
    CHECK_SLICE(c.path, "b@example.org");
}

static const struct test_case cases[] = {
    {"a message comes in", a_message_comes_in},
    {"pipelined commands meet their replies", pipelined_commands_meet_their_replies},
    {"logins show the account", logins_show_the_account},
    {"a password is never shown", a_password_is_never_shown},
    {"an unknown mechanism is no wrong password", an_unknown_mechanism_is_no_wrong_password},
    {"a message refused at its end is cancelled", a_message_refused_at_its_end_is_cancelled},
    {"a second MAIL that is refused ends nothing", a_second_mail_that_is_refused_ends_nothing},
    {"what is no SMTP is told", what_is_no_smtp_is_told},
    {"chunks end with the last", chunks_end_with_the_last},
    {"mail goes out", mail_goes_out},
    {"a null sender is a notification", a_null_sender_is_a_notification},
    {"a refused sender fails without recipient", a_refused_sender_fails_without_recipient},
    {"too many recipients are counted, not kept", too_many_recipients_are_counted_not_kept},
    {"too many commands keep the step", too_many_commands_keep_the_step},
};

TEST_MAIN(cases)
