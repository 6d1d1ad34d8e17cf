/* test_exchange_connectivity.c - which rows of the connectivity log tell that mail waits */
#include "parser_fixture.h"

static struct seen seen;

#define HEADER                                                                                     \
    "#Software: Microsoft Exchange Server\n#Version: 15.0.0.0\n"                                   \
    "#Log-type: Transport Connectivity Log\n#Date: 2026-03-02T10:00:00.000Z\n"                     \
    "#Fields: date-time,session,source,Destination,direction,description\n"
#define ROW(source, rest) "2026-03-02T10:00:01.000Z,08D00000000000C1," source "," rest "\n"

static void play(const char *text)
{
    parser_run(NULL, NULL, text, strlen(text), &seen);
    CHECK_INT(seen.rejected + seen.foreign, 0);
}

static void a_destination_that_is_not_reached_defers(void)
{
    play(HEADER ROW("SMTP", "example.com,+,DnsConnectorDelivery 20ea587d;QueueLength=TQ=1;RN=1;")
             ROW("SMTP", "example.com,>,mx.example.com[203.0.113.9]")
                 ROW("SMTP", "example.com,>,Failed connection to 203.0.113.9:25 (TimedOut:0000274C)"
                             "[TargetHost:mx.example.com:25|MarkedUnhealthy|FailureCount:15]")
                     ROW("SMTP", "example.com,-,Messages: 0 Bytes: 0 (Retry : Unable to connect)"));
    CHECK_STR(seen.text, "delivery|outcome=deferred|session=08D00000000000C1|relay=example.com|"
                         "text=Retry : Unable to connect");
    play(ROW("SMTP", "example.com,-,Messages: 0 Bytes: 42 (Retry)"));
    CHECK_STR(seen.text,
              "delivery|outcome=deferred|session=08D00000000000C1|relay=example.com|text=Retry");
}

static void all_else_tells_nothing(void)
{
    static const char *const rows[] = {
        HEADER ROW("SMTP", "example.com,-,Messages: 1 Bytes: 28272 ()"),
        HEADER ROW("SMTP", "example.com,-,Messages: 1 Bytes: 28272 (Retry)"),
        HEADER ROW("SMTP", "example.com,-,Messages: 0 Bytes: 0 (No messages to deliver)"),
        HEADER ROW("SMTP", "example.com,>,Messages: 0 Bytes: 0 (Retry)"),
        HEADER ROW("MAPI", "mbx1,-,Messages: 0 Bytes: 0 (Retry)"),
        HEADER ROW("SMTP", "example.com,-,Messages: x Bytes: 0 (Retry)"),
        HEADER ROW("SMTP", "example.com,-,Messages: 0 Bytes: 0"),
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        play(rows[i]);
        CHECK_INT(seen.events, 0);
        CHECK_INT(seen.skipped, 6);
    }
}

static void a_file_cut_anywhere(void)
{
    static const char text[] =
        HEADER ROW("SMTP", "example.com,-,Messages: 0 Bytes: 0 (Retry : Unable to connect)");

    for (size_t cut = 0; cut < sizeof text; cut++) {
        parser_run(parsers_find(SLICE_LIT("exchange_connectivity")), NULL, text, cut, &seen);
        CHECK(seen.rejected + seen.foreign <= 1);
        CHECK(seen.events <= 1);
    }
}

static const struct test_case cases[] = {
    {"a destination that is not reached defers", a_destination_that_is_not_reached_defers},
    {"all else tells nothing", all_else_tells_nothing},
    {"a file cut anywhere is survived", a_file_cut_anywhere},
};

TEST_MAIN(cases)
