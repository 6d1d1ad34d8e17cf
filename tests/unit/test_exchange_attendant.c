/* test_exchange_attendant.c - tracking logs of the System Attendant: one message in several rows,
 * what an outsider's subject or address can do to a row, and files that are cut */
#include "parser_fixture.h"

#include "exchange_attendant.h"

extern const struct parser parser_exchange_tracking2000, parser_exchange_tracking55;

static void check_run(const struct parser *parser, const char *text, const char *events,
                      unsigned rejected, unsigned foreign)
{
    struct seen seen;

    parser_run(parser, NULL, text, strlen(text), &seen);
    CHECK_STR(seen.text, events);
    CHECK_INT(seen.rejected, rejected);
    CHECK_INT(seen.foreign, foreign);
}

/* ---- Exchange 2000 and 2003 ---- */

#define HEAD2000                                                                                   \
    "# Message Tracking Log File\r\n# Exchange System Attendant Version 6.5.7226.0\r\n"            \
    "# Date\tTime\tclient-ip\tClient-hostname\tPartner-Name\tServer-hostname\tserver-IP\t"         \
    "Recipient-Address\tEvent-ID\tMSGID\tPriority\tRecipient-Report-Status\ttotal-bytes\t"         \
    "Number-Recipients\tOrigination-Time\tEncryption\tservice-Version\tLinked-MSGID\t"             \
    "Message-Subject\tSender-Address\r\n"
#define CLIENT  "203.0.113.9\tmail.example.net\t-\tEX1\t192.0.2.25\t"
#define NOBODY  "-\t-\t-\tEX1\t192.0.2.25\t"
#define TO_HOST "-\t-\tmx.example.com\tEX1\t192.0.2.25\t"
#define ROW(clock, hosts, rcpt, number, id, rest)                                                  \
    "2003-8-12\t" clock " GMT\t" hosts rcpt "\t" number "\t" id "\t0\t0\t4281\t2\t"                \
    "2003-8-12 0:58:14 GMT\t0\tVersion: 6.0.3790.0\t" rest "\r\n"
#define PLAIN "-\t Hello\ta@example.net\t-"
#define CAME(id, sender)                                                                           \
    "mail|client=203.0.113.9|flags=auth_hidden|queue_id=" id "|helo=mail.example.net|sender="      \
    "" sender "\n"                                                                                 \
    "queued|client=203.0.113.9|nrcpt=2|size=4281|flags=auth_hidden|queue_id=" id                   \
    "|helo=mail.example.net|sender=" sender
#define ACCEPTED(id, sender, rcpt)                                                                 \
    "rcpt|stage=rcpt|outcome=accepted|client=203.0.113.9|flags=auth_hidden|queue_id=" id           \
    "|helo=mail.example.net|sender=" sender "|rcpt=" rcpt

static void test_one_message_in_rows(void)
{
    check_run(NULL,
              HEAD2000 ROW("0:58:14", CLIENT, "b@example.com", "1019", "1@example.net", PLAIN)
                  ROW("0:58:14", CLIENT, "c@example.org", "1019", "1@example.net",
                      PLAIN) ROW("0:58:15", NOBODY, "b@example.com", "1024", "1@example.net", PLAIN)
                      ROW("0:58:17", TO_HOST, "b@example.com", "1031", "1@example.net", PLAIN)
                          ROW("0:58:18", NOBODY, "c@example.org", "1028", "1@example.net", PLAIN),
              CAME("1@example.net", "a@example.net") "\n" ACCEPTED(
                  "1@example.net", "a@example.net",
                  "b@example.com") "\n" ACCEPTED("1@example.net", "a@example.net",
                                                 "c@example.org") "\n"
                                                                  "delivery|outcome=delivered|"
                                                                  "route=remote|queue_id=1@example."
                                                                  "net|sender=a@example.net|rcpt=b@"
                                                                  "example.com|relay=mx.example."
                                                                  "com\n"
                                                                  "delivery|outcome=delivered|"
                                                                  "route=mailbox|queue_id=1@"
                                                                  "example.net|sender=a@example."
                                                                  "net|rcpt=c@example.org",
              0, 0);
}

struct number_row {
    const char *what, *number, *events;
};

#define DELIVERY(rest)                                                                             \
    "delivery|" rest "|queue_id=1@example.net|sender=a@example.net|rcpt=b@example.com"

static const struct number_row numbers[] = {
    {"out", "1031", DELIVERY("outcome=delivered|route=remote")},
    {"local", "1028", DELIVERY("outcome=delivered|route=mailbox")},
    {"local again", "1037", DELIVERY("outcome=deferred")},
    {"bad mail", "1021", DELIVERY("outcome=expired")},
    {"a report of failure", "1030",
     DELIVERY("outcome=bounced") "\ndsn|dsn=failed|queue_id=1@example.net|sender=a@example.net"},
    {"from a mailbox", "1027",
     "mail|flags=local_submit|queue_id=1@example.net|sender=a@example.net\n"
     "queued|nrcpt=2|size=4281|queue_id=1@example.net|sender=a@example.net"},
    {"into the queue, by no client", "1019",
     "mail|flags=local_submit|queue_id=1@example.net|sender=a@example.net\n"
     "queued|nrcpt=2|size=4281|queue_id=1@example.net|sender=a@example.net"},
    {"spam deleted", "1039",
     "action|stage=end_of_data|outcome=discarded|queue_id=1@example.net|sender=a@example.net|rcpt="
     "b@example.com|text=Intelligent Message Filter: spam"},
    {"spam refused", "1040",
     "refusal|stage=end_of_data|outcome=refused|queue_id=1@example.net|sender=a@example.net|rcpt="
     "b@example.com|text=Intelligent Message Filter"},
    {"spam kept", "1041",
     "action|stage=end_of_data|outcome=held|queue_id=1@example.net|sender=a@example.net|rcpt=b@"
     "example.com|text=Intelligent Message Filter: spam"},
    {"into the categorizer", "1024", ""},
    {"a number of later years", "1099", ""},
};

static void test_numbers(void)
{
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        char text[2048];
        snprintf(text, sizeof text, "%s",
                 HEAD2000 ROW("0:58:14", NOBODY, "b@example.com", "NUMB", "1@example.net", PLAIN));
        memcpy(strstr(text, "NUMB"), numbers[i].number, 4);
        check_run(NULL, text, numbers[i].events, 0, 0);
    }
}

static void test_subject_is_not_the_sender(void)
{
    check_run(
        NULL,
        HEAD2000 ROW("0:58:14", CLIENT, "b@example.com", "1019", "2@x",
                     "-\t Hi\tboss@example.org\t-\tspam@example.info\t-"),
        CAME("2@x", "spam@example.info") "\n" ACCEPTED("2@x", "spam@example.info", "b@example.com"),
        0, 0);
    check_run(NULL,
              HEAD2000 ROW("0:58:14", NOBODY, "b@example.com", "1031", "3@x",
                           "-\t Delivery Status Notification (Failure)\t<>\t-"),
              "delivery|outcome=delivered|route=remote|flags=null_sender|queue_id=3@x|sender=|rcpt="
              "b@example.com",
              0, 0);
}

static void test_without_header(void)
{
    /* 20 cells, LF, and the row alone tells what it is */
    check_run(NULL,
              "2003-8-12\t0:58:14 GMT\t-\t-\t-\tEX1\t-\tb@example.com\t1028\t4@x\t0\t0\t1\t1\t"
              "2003-8-12 0:58:14 GMT\t0\tVersion: 6\t-\t Hi\t<a@example.net>\n",
              "delivery|outcome=delivered|route=mailbox|queue_id=4@x|sender=a@example.net|rcpt=b@"
              "example.com",
              0, 0);
}

static void test_what_is_no_row(void)
{
    check_run(&parser_exchange_tracking2000,
              HEAD2000 "2003-8-12\t0:58:14 GMT\t203.0.113.9\r\n"
                       "2003-8-12\t0:58:14 GMT\t-\t-\t-\tEX1\t-\tb@example.com\tten\t4@x\r\n"
                       "2003-8-12\t0:58:14 GMT\t-\t-\t-\tEX1\t-\tb@example.com\t1028\t-\r\n"
                       "2003-13-12\t0:58:14 GMT\tx\r\nHello\r\n\r\n",
              "", 3, 2);
}

/* ---- Exchange 4.0 to 5.5 ---- */

#define ID55  "c=US;a= ;p=EXAMPLE;l=EX1-020429185047Z-7"
#define LOW55 "c=us;a= ;p=example;l=ex1-020429185047z-7"
#define IMS55 "/o=EXAMPLE/ou=SITE/cn=Connections/cn=Internet Mail Connector (EX1)"
#define HEAD55(id, number, partner, sender, report, recipients)                                    \
    id "\t" number "\t2002.4.29 18:5:7\t" IMS55 "\t" partner "\t<1@example.net>[PBZ70AAB]\t"       \
       "" sender "\t0\t1497\t0\t1\t" report "\t" recipients

static void test_came_in_and_rerouted(void)
{
    check_run(NULL,
              HEAD55(ID55, "1012", "mail.example.net", "SMTP:a@example.net", "",
                     "2") "\nSMTP:b@example.com\n\nSMTP:c@example."
                          "com\n\n" HEAD55("C=US;A= "
                                           ";P=EXAMPLE;L=EX1-020429185047Z-7",
                                           "1014", "", "a@example.net", "",
                                           "1") "\nb@example."
                                                "com\n\n" HEAD55(ID55, "1011",
                                                                 "mx."
                                                                 "example."
                                                                 "com",
                                                                 "a@"
                                                                 "example."
                                                                 "net",
                                                                 "", "1") "\nb@"
                                                                          "exam"
                                                                          "ple."
                                                                          "com"
                                                                          "\n",
              "mail|flags=auth_hidden|queue_id=" LOW55
              "|client_name=mail.example.net|sender=a@example."
              "net\n"
              "queued|nrcpt=2|size=1497|flags=auth_hidden|queue_id=" LOW55
              "|client_name=mail.example.net|sender=a@example.net\n"
              "rcpt|stage=rcpt|outcome=accepted|flags=auth_hidden|queue_id=" LOW55
              "|client_name=mail.example.net|sender=a@example.net|rcpt=b@example.com\n"
              "rcpt|stage=rcpt|outcome=accepted|flags=auth_hidden|queue_id=" LOW55
              "|client_name=mail.example.net|sender=a@example.net|rcpt=c@example.com\n"
              "delivery|outcome=delivered|route=remote|queue_id=" LOW55
              "|sender=a@example.net|rcpt=b@example.com|relay=mx.example.com",
              0, 0);
}

static void test_rerouted_alone(void)
{
    static const char literal[] = HEAD55(ID55, "1012", "[192.0.2.7]", "", "", "0") "\n";
    struct seen seen;

    parser_run(NULL, NULL, literal, strlen(literal), &seen);
    CHECK(strstr(seen.text, "mail|client=192.0.2.7|") == seen.text);

    check_run(NULL, HEAD55(ID55, "1014", "", "a@example.net", "", "1") "\nb@example.com\n\n",
              "rcpt|stage=rcpt|outcome=accepted|flags=auth_hidden|queue_id=" LOW55
              "|sender=a@example.net|rcpt=b@example.com",
              0, 0);
}

/* The status of a recipient: on the next line, or behind a TAB. */
static void test_reports(void)
{
    static const char events[] =
        "delivery|outcome=bounced|queue_id=" LOW55 "|sender=a@example.net|rcpt=b@example.com\n"
        "dsn|dsn=failed|queue_id=" LOW55 "|child_id=c=us;a= ;p=example;l=ex1-9|sender=a@example."
        "net";

    check_run(&parser_exchange_tracking55,
              HEAD55(ID55, "1017", "", "a@example.net", "c=US;a= ;p=EXAMPLE;l=EX1-9",
                     "2") "\nb@example.com\n1\nc@example.com\n0\n",
              events, 0, 0);
    check_run(&parser_exchange_tracking55,
              HEAD55(ID55, "1017", "", "a@example.net", "c=US;a= ;p=EXAMPLE;l=EX1-9",
                     "2") "\r\nb@example.com\t1\r\nc@example.com\t0\r\n",
              events, 0, 0);
    check_run(&parser_exchange_tracking55,
              HEAD55(ID55, "34", "", "a@example.net", "", "1") "\nb@example.com\n0\n",
              "dsn|dsn=delivered|queue_id=" LOW55 "|sender=a@example.net", 0, 0);
}

/* An address of an outsider that looks like a record is an address. */
static void test_recipient_is_no_record(void)
{
    struct seen seen;
    static const char text[] = HEAD55(ID55, "9", "", "a@example.net", "", "1") "\n" HEAD55(
        "c=XX;a= ;p=EVIL;l=X-1", "1012", "192.0.2.9", "boss@example.org", "", "1") "\n\n";

    parser_run(&parser_exchange_tracking55, NULL, text, strlen(text), &seen);
    CHECK_INT(seen.events, 1);
    CHECK(strstr(seen.text, "delivery|outcome=delivered|route=mailbox|queue_id=" LOW55) ==
          seen.text);
}

/* Nor does an address that looks like a status take the place of the next record. */
static void test_recipient_is_no_status(void)
{
    check_run(&parser_exchange_tracking55,
              HEAD55(ID55, "9", "", "", "", "2") "\nb@example.com\n\n1\n\n" HEAD55(
                  ID55, "9", "", "", "", "1") "\nc@example.com\n\n",
              "delivery|outcome=delivered|route=mailbox|queue_id=" LOW55 "|rcpt=b@example.com\n"
              "delivery|outcome=delivered|route=mailbox|queue_id=" LOW55 "|rcpt=1\n"
              "delivery|outcome=delivered|route=mailbox|queue_id=" LOW55 "|rcpt=c@example.com",
              0, 0);
}

static void test_middle_of_a_record(void)
{
    check_run(&parser_exchange_tracking55,
              "b@example.com\n\n" HEAD55(ID55, "9", "", "", "", "0") "\n" HEAD55(
                  ID55, "1000", "", "", "", "1") "\nb@example.com\n",
              "delivery|outcome=delivered|route=mailbox|queue_id=" LOW55 "\n"
              "delivery|outcome=delivered|route=mailbox|queue_id=" LOW55 "|rcpt=b@example.com",
              0, 0);
    /* a recipient more than the head says */
    check_run(&parser_exchange_tracking55,
              HEAD55(ID55, "9", "", "", "", "1") "\nb@example.com\n\nc@example.com\n",
              "delivery|outcome=delivered|route=mailbox|queue_id=" LOW55 "|rcpt=b@example.com", 1,
              0);
    /* no time */
    check_run(&parser_exchange_tracking55,
              ID55 "\t9\t2002.13.1 1:1:1\t\t\t\t\t0\t1\t0\t0\t\t1\nb@example.com\n", "", 1, 0);
}

/* ---- both ---- */

static const char *const files[] = {
    HEAD2000 ROW("0:58:14", CLIENT, "b@example.com", "1019", "1@example.net", PLAIN),
    HEAD55(ID55, "1017", "", "a@example.net", "c=US;a= ;p=EXAMPLE;l=EX1-9",
           "2") "\nb@example.com\t1\nc@example.com\n1\n"};

static void test_cut_anywhere(void)
{
    struct seen seen;

    for (size_t i = 0; i < 2; i++)
        for (size_t n = 0; n <= strlen(files[i]); n++) {
            parser_run(i == 0 ? &parser_exchange_tracking2000 : &parser_exchange_tracking55, NULL,
                       files[i], n, &seen);
            CHECK(seen.events <= 4);
        }
}

/* Ids are the senders': one too long for the table of what was told is still told once. */
static void test_long_id(void)
{
    char line[4096], id[1000];
    struct seen seen;

    memset(id, 'x', sizeof id - 1);
    id[sizeof id - 1] = '\0';
    snprintf(line, sizeof line,
             "2003-8-12\t0:58:14 GMT\t-\t-\t-\tEX1\t-\tb@example.com\t1027\t%s\t0\t0\t1\t1\t"
             "2003-8-12 0:58:14 GMT\t0\tVersion: 6\t-\t Hi\ta@example.net\n"
             "2003-8-12\t0:58:14 GMT\t-\t-\t-\tEX1\t-\tb@example.com\t1027\t%s\t0\t0\t1\t1\t"
             "2003-8-12 0:58:14 GMT\t0\tVersion: 6\t-\t Hi\ta@example.net\n",
             id, id);
    parser_run(NULL, NULL, line, strlen(line), &seen);
    CHECK_INT(seen.events, 2);
}

static void test_probe(void)
{
    const struct parser *new = &parser_exchange_tracking2000, *old = &parser_exchange_tracking55;

    CHECK(new->probe(slice_of(files[0])) >= 90);
    CHECK(old->probe(slice_of(files[1])) >= 90);
    CHECK_INT(new->probe(slice_of(files[1])), 0);
    CHECK_INT(old->probe(slice_of(files[0])), 0);
    CHECK_INT(new->probe(slice_of("2003-8-12\t0:58:14 GMT\t-\t-\n")), 0);
    CHECK_INT(new->probe(slice_of("#Software: Microsoft Exchange Server\n")), 0);
    CHECK_INT(old->probe(slice_of("c=US;a= ;p=X;l=Y-1\t1012\n")), 0);
    CHECK_INT(old->probe(slice_of("")), 0);
}

static const struct test_case cases[] = {
    {"one message in rows is one message", test_one_message_in_rows},
    {"what the numbers mean", test_numbers},
    {"a subject is not the sender", test_subject_is_not_the_sender},
    {"a row alone tells the format", test_without_header},
    {"what is no row is rejected", test_what_is_no_row},
    {"5.5: came in, rerouted, sent on", test_came_in_and_rerouted},
    {"5.5: rerouted alone", test_rerouted_alone},
    {"5.5: the status of a recipient", test_reports},
    {"5.5: a recipient never begins a record", test_recipient_is_no_record},
    {"5.5: a recipient is no status", test_recipient_is_no_status},
    {"5.5: the middle of a record", test_middle_of_a_record},
    {"files cut anywhere", test_cut_anywhere},
    {"a long id is told once", test_long_id},
    {"the first lines tell the format", test_probe},
};

TEST_MAIN(cases)
