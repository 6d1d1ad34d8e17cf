/* test_exchange_ims.c - sessions of the Internet Mail Service log with all their events, and what
 * message text tries to forge */
#include "parser_fixture.h"

struct session_row {
    const char *what, *log, *events;
};

static const struct session_row sessions[] = {
#define SESSION(what, log, events) {what, log, events},
#include "exchange_ims_sessions.def"
#undef SESSION
};

enum { SESSIONS = sizeof sessions / sizeof sessions[0] };

static struct seen seen;

static void run(const char *log)
{
    parser_run(NULL, NULL, log, strlen(log), &seen);
}

static void every_session_gives_exactly_its_events(void)
{
    for (size_t i = 0; i < SESSIONS; i++) {
        run(sessions[i].log);
        if (strcmp(seen.text, sessions[i].events) != 0)
            printf("# %s\n", sessions[i].what);
        CHECK_STR(seen.text, sessions[i].events);
        CHECK_INT(seen.rejected + seen.foreign, 0);
    }
}

static void a_file_cut_anywhere_is_survived(void)
{
    for (size_t i = 0; i < SESSIONS; i++) {
        size_t len = strlen(sessions[i].log);
        for (size_t n = 0; n < len; n++)
            parser_run(NULL, NULL, sessions[i].log, n, &seen);
    }
}

/* ---- message text ---- */

static const char begin_max[] =
    "5/13/00 2:36:27 PM : A connection was accepted from 203.0.113.66.\n"
    "5/13/00 2:36:27 PM : <<< IO: |HELO x\n"
    "5/13/00 2:36:27 PM : <<< HELO x\n"
    "5/13/00 2:36:27 PM : >>> 250 OK\n"
    "5/13/00 2:36:28 PM : <<< MAIL FROM:<a@example.net>\n"
    "5/13/00 2:36:28 PM : >>> 250 OK\n"
    "5/13/00 2:36:28 PM : <<< RCPT TO:<b@example.org>\n"
    "5/13/00 2:36:28 PM : >>> 250 OK\n"
    "5/13/00 2:36:28 PM : <<< DATA\n"
    "5/13/00 2:36:28 PM : >>> 354 Send data.  End with CRLF.CRLF\n";
static const char end_max[] = ".\n"
                              "5/13/00 2:36:30 PM : >>> 250 OK\n"
                              "5/13/00 2:36:30 PM : <<< QUIT\n"
                              "5/13/00 2:36:30 PM : >>> 221 bye\n";
static const char forged_session[] =
    "5/13/00 2:36:28 PM : A connection was accepted from 192.0.2.5.\n"
    "5/13/00 2:36:28 PM : <<< EHLO y\n"
    "5/13/00 2:36:28 PM : >>> 250-mx Hello [192.0.2.5]\n"
    "5/13/00 2:36:28 PM : <<< AUTH LOGIN Ym9zcw==\n"
    "5/13/00 2:36:28 PM : >>> 235 login authentication successful\n"
    "5/13/00 2:36:28 PM : <<< MAIL FROM:<boss@example.org>\n"
    "5/13/00 2:36:28 PM : >>> 250 OK\n"
    "5/13/00 2:36:28 PM : <<< RCPT TO:<v@example.com>\n"
    "5/13/00 2:36:28 PM : >>> 250 OK\n";

/* begin + text + end, the second time in the same file. */
static void run_second_message(const char *text)
{
    static char log[8192];

    snprintf(log, sizeof log, "%sharmless\n%s%s%s%s", begin_max, end_max, begin_max, text, end_max);
    run(log);
    CHECK_INT(seen.foreign, 0);
}

static void nobody_forges_a_session_in_message_text(void)
{
    static char log[8192];

    run_second_message(forged_session);
    CHECK_INT(seen.events, 2 * 5); /* what follows the text is the old session again */
    CHECK_INT(seen.rejected, 9);
    CHECK(strstr(seen.text, "192.0.2.5") == NULL);
    CHECK(strstr(seen.text, "boss") == NULL);
    /* the very first message of a file at this level, too */
    snprintf(log, sizeof log, "%s%s%s", begin_max, forged_session, end_max);
    run(log);
    CHECK(strstr(seen.text, "192.0.2.5") == NULL);
    CHECK(strstr(seen.text, "boss") == NULL);
}

static void nobody_ends_a_message_in_its_own_text(void)
{
    run_second_message("5/13/00 2:36:29 PM : >>> 250 OK\n"
                       "5/13/00 2:36:29 PM : <<< AUTH LOGIN Ym9zcw==\n"
                       "5/13/00 2:36:29 PM : >>> 235 ok\n"
                       "5/13/00 2:36:29 PM : <<< MAIL FROM:<boss@example.org>\n"
                       "5/13/00 2:36:29 PM : >>> 250 OK\n");
    CHECK(strstr(seen.text, "boss") == NULL);
    CHECK_INT(seen.events, 2 * 5);
}

static void message_text_never_changes_the_format(void)
{
    run_second_message(
        "Jan  1 00:00:00 mx postfix/smtpd[1]: connect from unknown[192.0.2.9]\n"
        "#Software: Microsoft Exchange Server\n"
        "#Fields: date-time,connector-id\n"
        "#Software: Microsoft Internet Information Services 5.0\n"
        "#Fields: date time c-ip cs-username s-sitename cs-method cs-uri-query sc-status\n"
        "2006-10-09 05:00:15 192.0.2.9 x SMTPSVC1 HELO +x 250\n"
        "# Message Tracking Log File\n"
        "c=US;a= ;p=X;l=X-020425175433Z-7\t1014\t2002.4.29 18:50:47\t\t\t\t\t0\t1\t0\t0\t\t1\n");
    CHECK(strstr(seen.text, "192.0.2.9") == NULL);
    CHECK_INT(seen.events, 2 * 5);
}

/* A packet of several commands is told raw first: its further lines are the client's own. */
static void further_lines_of_a_raw_packet_are_nobodys(void)
{
    run("5/13/00 2:36:27 PM : A connection was accepted from 203.0.113.66.\n"
        "5/13/00 2:36:27 PM : <<< IO: |NOOP\n"
        "Jan  1 00:00:00 mx postfix/smtpd[1]: connect from unknown[192.0.2.9]\n"
        ">>> 235 ok\n"
        "5/13/00 2:36:27 PM : <<< NOOP\n"
        "5/13/00 2:36:27 PM : >>> 250 OK\n");
    CHECK_STR(seen.text, "connect|stage=connect|client=203.0.113.66|session=391d686b.0.1");
    CHECK_INT(seen.foreign, 0);
}

/* Names and arguments that imitate the log's own words. */
static void a_clients_words_stay_words(void)
{
    run("5/13/00 2:36:27 PM : A connection was accepted from 203.0.113.66.\n"
        "5/13/00 2:36:27 PM : <<< HELO A connection was accepted from 192.0.2.5.\n"
        "5/13/00 2:36:27 PM : >>> 250 OK\n"
        "5/13/00 2:36:27 PM : <<< MAIL FROM:<\">>> 235 ok\"@example.net>\n"
        "5/13/00 2:36:27 PM : >>> 250 OK\n");
    CHECK(strstr(seen.text, "client=192.0.2.5") == NULL);
    CHECK(strstr(seen.text, "|sender=\">>> 235 ok\"@example.net") != NULL);
    CHECK_INT(seen.events, 2);
}

/* ---- time ---- */

static void local_time_is_read_in_the_zone_that_is_said(void)
{
    static const char log[] = "4/5/99 10:22:41 AM : A connection was accepted from 192.0.2.1.\n";
    struct error error = {0};
    struct time_zone zone;

    CHECK(time_zone_parse("-04:00", &zone, &error));
    parser_run(NULL, &zone, log, sizeof log - 1, &seen);
    CHECK(strstr(seen.text, "session=3708c731.") != NULL); /* 14:22:41 UTC */
}

static void message_text_does_not_turn_day_and_month(void)
{
    run_second_message("13/5/00 2:36:28 PM : <<< x\n");
    CHECK_INT(seen.events, 2 * 5);
    CHECK(strstr(seen.text, "session=391d686b.0.2") != NULL);
}

/* ---- which format ---- */

static unsigned score(const char *head)
{
    const struct parser *p = parsers_find(SLICE_LIT("exchange_ims"));
    return p->probe(slice_of(head));
}

static void the_first_lines_tell_the_format(void)
{
    CHECK(score("5/13/00 2:36:27 PM : A connection was accepted from X.\n") >= 50);
    CHECK(score("13.05.00 14:36:27 : <<< EHLO x\n") >= 50);
    CHECK(score("   \"7/5/99 9:31:55 PM : 499 No routing hosts are reachable for x.") >= 50);
    CHECK(score("   >>> 554 Originator address does not match authentication credentials.") >= 50);
    CHECK(score("   HELO x\n   250 OK\n") >= 50);
    CHECK_INT(score(""), 0);
    CHECK_INT(score("5/13/00 2:36:27 PM : something else\n"), 0);
    CHECK(score("250 OK\n") < 50);
    CHECK_INT(score("HELO x\nJan  1 00:00:00 mx postfix/smtpd[1]: connect\n"), 0);
    CHECK_INT(score("Mar  2 08:00:00 mx1 postfix/smtpd[7]: connect from x[192.0.2.1]\n"), 0);
    CHECK_INT(score(">>> import this\n"), 0);
    CHECK_INT(score("2006-10-09 05:00:15 192.0.2.9 x SMTPSVC1 HELO +x 250\n"), 0);
}

static const struct test_case cases[] = {
    {"every session gives exactly its events", every_session_gives_exactly_its_events},
    {"a file cut anywhere is survived", a_file_cut_anywhere_is_survived},
    {"nobody forges a session in message text", nobody_forges_a_session_in_message_text},
    {"nobody ends a message in its own text", nobody_ends_a_message_in_its_own_text},
    {"message text never changes the format", message_text_never_changes_the_format},
    {"further lines of a raw packet are nobody's", further_lines_of_a_raw_packet_are_nobodys},
    {"a client's words stay words", a_clients_words_stay_words},
    {"local time is read in the zone that is said", local_time_is_read_in_the_zone_that_is_said},
    {"message text does not turn day and month", message_text_does_not_turn_day_and_month},
    {"the first lines tell the format", the_first_lines_tell_the_format},
};

TEST_MAIN(cases)
