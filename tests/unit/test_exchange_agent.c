/* test_exchange_agent.c - rows of the agent log, compared with the whole events they must give
 *
 * A row of these tests leaves out the time, the session and the end points, which play() puts in
 * front: it begins with MessageId. The wordings are those of real rows and of Microsoft's pages. */
#include "parser_fixture.h"

static struct seen seen;

#define COLUMNS                                                                                    \
    "Timestamp,SessionId,LocalEndpoint,RemoteEndpoint,EnteredOrgFromIP,MessageId,P1FromAddress,"   \
    "P2FromAddresses,Recipient,NumRecipients,Agent,Event,Action,SmtpResponse,Reason,ReasonData"
#define WITH_DIAGNOSTICS    COLUMNS ",Diagnostics"
#define WITH_DIRECTIONALITY WITH_DIAGNOSTICS ",NetworkMsgID,TenantID,Directionality"
#define HEADER(columns)                                                                            \
    "#Software: Microsoft Exchange Server\n#Version: 15.0.0.0\n#Log-type: Agent Log\n"             \
    "#Date: 2026-03-02T10:00:00.000Z\n#Fields: " columns "\n"
#define FRONT                                                                                      \
    "2026-03-02T10:00:01.000Z,08D00000000000A1,192.0.2.10:25,203.0.113.5:40000,198.51.100.7,"

static void play(const char *header, const char *rows)
{
    char text[4096];
    size_t len = 0;
    slice rest = slice_of(rows);

    len += (size_t)snprintf(text, sizeof text, "%s", header);
    while (rest.len > 0) {
        slice row = slice_first(rest, slice_find_byte(rest, '\n'));
        len +=
            (size_t)snprintf(text + len, sizeof text - len, FRONT "%.*s\n", (int)row.len, row.ptr);
        rest = slice_from(rest, row.len + 1);
    }
    parser_run(NULL, NULL, text, len, &seen);
    CHECK_INT(seen.rejected + seen.foreign, 0);
}

/* What all rows have, once. */
#define CLIENT "|client=198.51.100.7"
#define PORT   "|listener_port=25"

static const struct {
    const char *row, *event;
} rows[] = {
    {",ret@example.net,,foo@example.org,1,Connection Filtering Agent,OnRcptCommand,RejectCommand,"
     "\"550 5.7.1 Recipient not authorized, your IP has been found on a block list\","
     "BlockListProvider,Example SBL-XBL,",
     "rcpt|stage=rcpt|outcome=refused" CLIENT "|reply_code=550|status=5.7.1" PORT "|"
     "service=Connection Filtering Agent|session=08D00000000000A1|sender=ret@example.net|"
     "rcpt=foo@example.org|text=550 5.7.1 Recipient not authorized, your IP has been found on a "
     "block list (BlockListProvider: Example SBL-XBL)|command=OnRcptCommand"},
    {",<>,,no@example.org,1,Recipient Filter Agent,OnRcptCommand,RejectCommand,"
     "550 5.1.1 User unknown,RecipientDoesNotExist,,",
     "rcpt|stage=rcpt|outcome=refused" CLIENT "|reply_code=550|status=5.1.1" PORT
     "|flags=null_sender|"
     "service=Recipient Filter Agent|session=08D00000000000A1|sender=|rcpt=no@example.org|"
     "text=550 5.1.1 User unknown (RecipientDoesNotExist)|command=OnRcptCommand"},
    {",bad@example.net,,,0,Sender Filter Agent,OnMailCommand,RejectCommand,554 5.1.0 Sender denied,"
     "BlockedSender,bad@example.net,",
     "refusal|stage=mail|outcome=refused" CLIENT "|reply_code=554|status=5.1.0" PORT "|"
     "service=Sender Filter Agent|session=08D00000000000A1|sender=bad@example.net|"
     "text=554 5.1.0 Sender denied (BlockedSender)|command=OnMailCommand"},
    {",,,,0,Connection Filtering Agent,OnConnect,Disconnect,,BlockList,local block list,",
     "refusal|stage=connect|outcome=refused" CLIENT PORT "|service=Connection Filtering Agent|"
     "session=08D00000000000A1|text=(BlockList: local block list)|command=OnConnect"},
    {",a@example.net,,bob@example.org,1,Protocol Analysis Agent,OnMailCommand,RejectCommand,"
     "421 4.3.2 Service not available,,,",
     "refusal|stage=mail|outcome=tempfail" CLIENT "|reply_code=421|status=4.3.2" PORT "|"
     "service=Protocol Analysis Agent|session=08D00000000000A1|sender=a@example.net|"
     "rcpt=bob@example.org|"
     "text=421 4.3.2 Service not available|command=OnMailCommand"},
    {"<m1@example.net>,a@example.net,a@example.net;,bob@example.org,1,Content Filter Agent,"
     "OnEndOfData,RejectMessage,550 5.7.1 Message rejected as spam by Content Filtering.,"
     "SclAtOrAboveRejectThreshold,7,",
     "refusal|stage=end_of_data|outcome=refused" CLIENT "|reply_code=550|status=5.7.1" PORT "|"
     "service=Content Filter Agent|session=08D00000000000A1|sender=a@example.net|"
     "message_id=m1@example.net|text=550 5.7.1 Message rejected as spam by Content Filtering. "
     "(SclAtOrAboveRejectThreshold: 7)|command=OnEndOfData"},
    {"<m1@example.net>,a@example.net,,bob@example.org,1,Content Filter Agent,OnEndOfData,"
     "QuarantineMessage,,SclAtOrAboveQuarantineThreshold,6,",
     "action|stage=end_of_data|outcome=held" CLIENT PORT "|service=Content Filter Agent|"
     "session=08D00000000000A1|sender=a@example.net|message_id=m1@example.net|"
     "text=(SclAtOrAboveQuarantineThreshold: 6)|command=OnEndOfData"},
    {"<m1@example.net>,a@example.net,,bob@example.org,1,Content Filter Agent,OnEndOfData,"
     "DeleteMessage,,SclAtOrAboveDeleteThreshold,9,",
     "action|stage=end_of_data|outcome=discarded" CLIENT PORT "|service=Content Filter Agent|"
     "session=08D00000000000A1|sender=a@example.net|message_id=m1@example.net|"
     "text=(SclAtOrAboveDeleteThreshold: 9)|command=OnEndOfData"},
    {"<m1@example.net>,a@example.net,,b@example.org;c@example.org,2,Edge Rules Agent,OnEndOfData,"
     "RejectRecipients,550 5.7.1 Not here,,,",
     "rcpt|stage=end_of_data|outcome=refused" CLIENT "|reply_code=550|status=5.7.1" PORT "|"
     "service=Edge Rules Agent|session=08D00000000000A1|sender=a@example.net|rcpt=b@example.org|"
     "message_id=m1@example.net|text=550 5.7.1 Not here|command=OnEndOfData\n"
     "rcpt|stage=end_of_data|outcome=refused" CLIENT "|reply_code=550|status=5.7.1" PORT "|"
     "service=Edge Rules Agent|session=08D00000000000A1|sender=a@example.net|rcpt=c@example.org|"
     "message_id=m1@example.net|text=550 5.7.1 Not here|command=OnEndOfData"},
};

static void every_decision(void)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        play(HEADER(WITH_DIAGNOSTICS), rows[i].row);
        CHECK_STR(seen.text, rows[i].event);
        CHECK_STR(seen.host, "192.0.2.10");
    }
}

static void what_lets_mail_pass_is_no_decision(void)
{
    static const char *const actions[] = {"AcceptMessage", "ModifyHeaders", "", "AddHeader"};
    char row[256];

    for (size_t i = 0; i < sizeof actions / sizeof actions[0]; i++) {
        snprintf(row, sizeof row,
                 ",a@example.net,,b@example.org,1,Inbound Trust Agent,OnEndOfHeaders,%s,,,,",
                 actions[i]);
        play(HEADER(WITH_DIAGNOSTICS), row);
        CHECK_INT(seen.events, 0);
        CHECK_INT(seen.skipped, 6);
    }
}

#define REJECTED(id, rcpt, n)                                                                      \
    id ",a@example.net,," rcpt "@example.org," n ",Content Filter Agent,OnEndOfData,"              \
       "RejectMessage,550 5.7.1 spam,SclAtOrAboveRejectThreshold,7,\n"

static void a_message_is_rejected_once_for_all_its_recipients(void)
{
    play(HEADER(WITH_DIAGNOSTICS),
         REJECTED("<m1@x>", "b", "3") REJECTED("<m1@x>", "c", "3") REJECTED("<m1@x>", "d", "3"));
    CHECK_INT(seen.events, 1);
    play(HEADER(WITH_DIAGNOSTICS),
         REJECTED("<m1@x>", "b", "2") REJECTED("<m1@x>", "c", "2") REJECTED("<m2@x>", "b", "1"));
    CHECK_INT(seen.events, 2);
    /* the same message once more: its rows are counted, not its names compared */
    play(HEADER(WITH_DIAGNOSTICS), REJECTED("", "b", "2") REJECTED("", "c", "2")
                                       REJECTED("", "b", "1") REJECTED("", "b", "1"));
    CHECK_INT(seen.events, 3);
}

static void columns_of_every_version(void)
{
    static const char *const headers[] = {HEADER(COLUMNS), HEADER(WITH_DIAGNOSTICS),
                                          HEADER(WITH_DIRECTIONALITY), ""};
    static const char *const tails[] = {"", ",diagnostics", ",d,77aa,,Incoming", ",d"};
    char row[256];

    for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++) {
        snprintf(row, sizeof row,
                 ",a@example.net,,no@example.org,1,Recipient Filter Agent,OnRcptCommand,"
                 "RejectCommand,550 5.1.1 User unknown,RecipientDoesNotExist,%s",
                 tails[i]);
        play(headers[i], row);
        CHECK_INT(seen.events, 1);
        CHECK(strstr(seen.text, "|rcpt=no@example.org|") != NULL);
    }
}

/* ReasonData may be what the client wrote: it must not turn one refusal into another. */
static void a_client_cannot_word_the_reason(void)
{
    static const char *const data[] = {"\"relay access denied\"@example.net",
                                       "\"a,b\n550 5.7.54 Unable to relay\"", "12345", ""};
    char row[512];

    for (size_t i = 0; i < sizeof data / sizeof data[0]; i++) {
        snprintf(row, sizeof row,
                 ",a@example.net,,b@example.org,1,Sender Filter Agent,OnMailCommand,RejectCommand,"
                 "554 5.1.0 Sender denied,BlockedSender,%s",
                 data[i]);
        char text[2048];
        int n = snprintf(text, sizeof text, HEADER(WITH_DIAGNOSTICS) FRONT "%s\n", row);
        parser_run(NULL, NULL, text, (size_t)n, &seen);
        CHECK_INT(seen.events, 1);
        CHECK(strstr(seen.text, "|text=554 5.1.0 Sender denied (BlockedSender)|") != NULL);
    }
}

static void the_first_hop_is_the_client(void)
{
    char text[2048];
    static const char *const ends[] = {"203.0.113.5:40000,", "203.0.113.5:40000,203.0.113.5",
                                       "203.0.113.5:40000,not an address"};

    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        int n = snprintf(text, sizeof text,
                         HEADER(COLUMNS) "2026-03-02T10:00:01.000Z,08D00000000000A1,192.0.2.10,%s,"
                                         ",a@example.net,,b@example.org,1,Sender Id Agent,"
                                         "OnEndOfHeaders,RejectMessage,550 5.7.1 x,,\n",
                         ends[i]);
        parser_run(NULL, NULL, text, (size_t)n, &seen);
        CHECK_INT(seen.events + seen.rejected, 1);
        CHECK(strstr(seen.text, "|client=203.0.113.5:40000|") != NULL);
    }
}

static void a_file_cut_anywhere(void)
{
    char text[2048];
    int n = snprintf(text, sizeof text, HEADER(WITH_DIAGNOSTICS) FRONT "%s\n" FRONT "%s\n",
                     rows[0].row, rows[1].row);

    for (size_t cut = 0; cut < (size_t)n; cut++) {
        parser_run(parsers_find(SLICE_LIT("exchange_agent")), NULL, text, cut, &seen);
        CHECK(seen.rejected + seen.foreign <= 1);
        CHECK(seen.events <= 2);
    }
}

static const struct test_case cases[] = {
    {"every decision", every_decision},
    {"what lets mail pass is no decision", what_lets_mail_pass_is_no_decision},
    {"a message is rejected once for all its recipients",
     a_message_is_rejected_once_for_all_its_recipients},
    {"columns of every version", columns_of_every_version},
    {"a client cannot word the reason", a_client_cannot_word_the_reason},
    {"the first hop is the client", the_first_hop_is_the_client},
    {"a file cut anywhere is survived", a_file_cut_anywhere},
};

TEST_MAIN(cases)
