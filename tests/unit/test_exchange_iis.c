/* test_exchange_iis.c - the three text formats of the IIS SMTP service: sessions with all their
 * events, and what clients try to forge in them */
#include "iis_smtp.h"
#include "parser_fixture.h"

struct session_row {
    const char *what, *log, *events;
};

#define H                                                                                          \
    "#Software: Microsoft Internet Information Services 5.0\n"                                     \
    "#Version: 1.0\n"                                                                              \
    "#Date: 2006-10-09 05:00:15\n"                                                                 \
    "#Fields: date time c-ip cs-username s-sitename s-computername s-ip s-port cs-method "         \
    "cs-uri-stem cs-uri-query sc-status sc-win32-status sc-bytes cs-bytes time-taken cs-version "  \
    "cs-host cs(User-Agent) cs(Cookie) cs(Referer) \n"
#define SESSION(what, log, events) {what, log, events},

static const struct session_row sessions[] = {
#include "exchange_iis_sessions.def"
#include "exchange_w3c_sessions.def"
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
    for (size_t i = 0; i < SESSIONS; i++)
        for (size_t n = 0; n < strlen(sessions[i].log); n++)
            parser_run(NULL, NULL, sessions[i].log, n, &seen);
}

static void crlf_and_a_row_without_header_are_read(void)
{
    run("2006-10-09 14:04:46 198.51.100.7 - SMTPSVC1 EXSRV 192.0.2.1 0 HELO - +x 250 0 32 23 0 "
        "SMTP - - - -\r\n");
    CHECK_INT(seen.events, 1);
    run("2006-10-09 14:04:46 198.51.100.7 - W3SVC1 EXSRV 192.0.2.1 0 GET - +x 200 0 32 23 0 "
        "HTTP/1.1 - - - -\r\n");
    CHECK_INT(seen.events, 0);
    CHECK_INT(seen.foreign, 1);
}

static void rows_of_other_services_are_foreign(void)
{
    run(H "2006-10-09 05:00:15 198.51.100.7 x SMTPSVC1 EXSRV 192.0.2.1 0 HELO - +x 250 0 48 13 0 "
          "SMTP - - - -\n"
          "2006-10-09 05:00:16 198.51.100.7 - W3SVC1 EXSRV 192.0.2.1 80 GET /x - 200 0 1 1 0 "
          "HTTP/1.1 - - - -\n"
          "#Software: Microsoft Exchange Server\n");
    CHECK_INT(seen.events, 1);
    CHECK_INT(seen.foreign, 2);
}

/* Both the name and the parameters are the client's: of two ways to cut a line, one is his. */
static void a_native_line_with_two_services_is_rejected(void)
{
    run("198.51.100.7, x, 4/23/2009, 9:47:02, SMTPSVC1, EXSRV, 192.0.2.1, 0, 1, 1, 250, 0, HELO, "
        "-, +x,\n"
        "203.0.113.66, y, 4/23/2009, 9:47:02, SMTPSVC1, E, 192.0.2.1, 0, 1, 1, 235, 0, AUTH, -, "
        "LOGIN, 4/23/2009, 9:47:02, SMTPSVC1, EXSRV, 192.0.2.1, 0, 1, 1, 250, 0, HELO, -, +x,\n");
    CHECK_INT(seen.rejected, 1);
    CHECK(strstr(seen.text, "auth") == NULL);
}

static void native_time_is_local_in_the_zone_that_is_said(void)
{
    static const char log[] = "198.51.100.7, x, 23.04.2009, 09:47:02, SMTPSVC1, EXSRV, 192.0.2.1, "
                              "0, 1, 1, 250, 0, HELO, -, +x,\n";
    struct error error = {0};
    struct time_zone zone;

    CHECK(time_zone_parse("+02:00", &zone, &error));
    parser_run(NULL, &zone, log, sizeof log - 1, &seen);
    CHECK(strstr(seen.text, "session=49f01cf6.") != NULL); /* 07:47:02 UTC */
}

/* More clients than there are places: the silent ones give way, the busy one keeps its sender. */
static void many_sessions_do_not_push_a_busy_one_out(void)
{
    static char log[400000];
    size_t n = (size_t)sprintf(log, "%s", H);
    const char *row = "2006-10-09 05:00:16 %s %s SMTPSVC1 EXSRV 192.0.2.1 0 %s - %s 250 0 38 45 0 "
                      "SMTP - - - -\n";
    char peer[32];

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    n += (size_t)sprintf(log + n, row, "198.51.100.7", "x", "HELO", "+x");
    n += (size_t)sprintf(log + n, row, "198.51.100.7", "x", "MAIL", "+FROM:<a@example.net>");
    for (unsigned i = 0; i < 2 * IIS_INBOUND; i++) {
        sprintf(peer, "203.0.113.%u", i % 250);
        n += (size_t)sprintf(log + n, row, peer, i < 250 ? "y" : "z", "HELO", "+y");
        if (i % 20 == 0)
            n += (size_t)sprintf(log + n, row, "198.51.100.7", "x", "NOOP", "-");
    }
    n += (size_t)sprintf(log + n, row, "198.51.100.7", "x", "RCPT", "+TO:<b@example.org>");
#pragma GCC diagnostic pop
    parser_run(NULL, NULL, log, n, &seen);
    CHECK_INT(seen.events, 2 + 2 * IIS_INBOUND + 1);
    seen.len = 0;
    CHECK_INT(seen.rejected, 0);
}

/* ---- text ---- */

static void plus_signs_become_blanks_where_they_are_none(void)
{
    static const char *const rows[][2] = {
        {"+FROM:+<a+b@example.net>+SIZE=1", " FROM: <a+b@example.net> SIZE=1"},
        {"+FROM:a+b@example.net+SIZE=1", " FROM:a+b@example.net SIZE=1"},
        {"+FROM:++a+b@example.net", " FROM:  a+b@example.net"},
        {"+TO:<\"a+b\"@example.net", " TO:<\"a+b\"@example.net"},
        {"250+2.1.0+x....Sender+OK", "250 2.1.0 x....Sender OK"},
        {"FROM:<a@b>", "FROM:<a@b>"},
        {"", ""},
        {"+", " "},
        {"+TO:", " TO:"},
        {"a@b:c+d", "a@b:c d"},
    };
    char buf[IIS_TEXT];

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        CHECK_SLICE(iis_smtp_text(slice_of(rows[i][0]), buf), rows[i][1]);
}

static void a_refusal_is_told_by_its_exact_length_only(void)
{
    static const struct {
        const char *rcpt;
        unsigned code;
        uint64_t sent;
        const char *text; /* NULL: left open */
    } rows[] = {
        {"v@example.com", 550, 45, "Unable to relay for v@example.com"},
        {"v@example.com", 550, 44, NULL},
        {"v@example.com", 550, 46, NULL},
        {"v@example.com", 550, 24, "User unknown"},
        {"v@example.com", 554, 45, NULL},
        {"v@example.com", 550, 0, NULL},
        {"", 550, 32, NULL},
    };
    char buf[IIS_TEXT];

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct smtp_reply r = {.code = (uint16_t)rows[i].code};
        iis_smtp_refusal(slice_of(rows[i].rcpt), rows[i].sent, buf, &r);
        CHECK_INT(r.code, rows[i].code);
        CHECK_INT(r.text.ptr == NULL, rows[i].text == NULL);
        if (rows[i].text != NULL)
            CHECK_SLICE(r.text, rows[i].text);
    }
}

/* ---- which format ---- */

static unsigned score(const char *parser, const char *head)
{
    return parsers_find(slice_of(parser))->probe(slice_of(head));
}

static void the_first_lines_tell_the_format(void)
{
    CHECK(score("exchange_w3c", H) >= 50);
    CHECK(score("exchange_w3c", "#Software: Microsoft Internet Information Services 6.0") >= 50);
    CHECK_INT(score("exchange_w3c", "#Software: Microsoft Exchange Server\n"), 0);
    CHECK_INT(score("exchange_w3c",
                    H "2006-10-09 05:00:16 198.51.100.7 - W3SVC1 X 192.0.2.1 80 GET "
                      "/x - 200 0 1 1 0 HTTP/1.1 - - - -\n"),
              0);
    CHECK_INT(score("exchange_w3c", "#Software: Microsoft Internet Information Services 6.0\n"
                                    "#Fields: time c-ip cs-method cs-uri-stem sc-status\n"
                                    "1:2:3 198.51.100.7 [1]USER anonymous 331 MSFTPSVC1\n"),
              0);
    CHECK(score("exchange_ncsa", "198.51.100.7 - x [11/Oct/2006:13:16:40 -0600] \"HELO -?+x "
                                 "SMTP\" 250 46\n") >= 50);
    CHECK_INT(score("exchange_ncsa", "198.51.100.7 - x [11/Oct/2006:13:16:40 -0600] \"GET / "
                                     "HTTP/1.1\" 200 46\n"),
              0);
    CHECK(score("exchange_iis", "198.51.100.7, x, 4/23/2009, 9:47:02, SMTPSVC1, E, 192.0.2.1, 0, "
                                "1, 1, 250, 0, HELO, -, +x,\n") >= 50);
    CHECK_INT(score("exchange_iis", "198.51.100.7, -, 4/23/2009, 9:47:02, W3SVC1, E, 192.0.2.1, 0, "
                                    "1, 1, 200, 0, GET, /, -,\n"),
              0);
}

static const struct test_case cases[] = {
    {"every session gives exactly its events", every_session_gives_exactly_its_events},
    {"a file cut anywhere is survived", a_file_cut_anywhere_is_survived},
    {"CRLF and a row without header are read", crlf_and_a_row_without_header_are_read},
    {"rows of other services are foreign", rows_of_other_services_are_foreign},
    {"a native line with two services is rejected", a_native_line_with_two_services_is_rejected},
    {"native time is local in the zone that is said",
     native_time_is_local_in_the_zone_that_is_said},
    {"many sessions do not push a busy one out", many_sessions_do_not_push_a_busy_one_out},
    {"plus signs become blanks where they are none", plus_signs_become_blanks_where_they_are_none},
    {"a refusal is told by its exact length only", a_refusal_is_told_by_its_exact_length_only},
    {"the first lines tell the format", the_first_lines_tell_the_format},
};

TEST_MAIN(cases)
