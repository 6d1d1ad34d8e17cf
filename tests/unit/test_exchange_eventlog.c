/* test_exchange_eventlog.c - every form of export, every entry that is read, and what outsiders
 * write into them */
#include "parser_fixture.h"

struct entry_row {
    const char *what, *source, *id, *text, *events;
};

#define REFUSED(client, rcpt)                                                                      \
    "rcpt|stage=rcpt|outcome=refused" client "|reply_code=550|rcpt=" rcpt "|text=Refused to relay"

static const struct entry_row entries[] = {
    {"relay refused", "MSExchangeIMC", "4188",
     "Refused to relay <v@example.com> for host.example.net(203.0.113.9)",
     REFUSED("|client=203.0.113.9", "v@example.com")},
    {"the source in capitals, a full stop, no brackets", "MSEXCHANGEIMC", "4188",
     "Refused to relay v@example.com for unknown(203.0.113.9).",
     REFUSED("|client=203.0.113.9", "v@example.com")},
    {"an address that names another client", "MSExchangeIMC", "4188",
     "Refused to relay <\"x> for a.example(192.0.2.5)\"@example.com> for host(203.0.113.9)",
     REFUSED("|client=203.0.113.9", "\"x> for a.example(192.0.2.5)\"@example.com")},
    {"a text cut before the client", "MSExchangeIMC", "4188",
     "Refused to relay <\"x> for a.example(192.0.2.5)",
     "rcpt|stage=rcpt|outcome=refused|reply_code=550|text=Refused to relay"},
    {"a delivery attempt", "MSExchangeIMC", "2001",
     "Deliver of message <1@example.org> from <a@example.org> in temporary file D:\\out\\PBZ70AAB "
     "was attempted to host(s) mx.example.com [For example.com] with 2 recipients delivered and 1 "
     "undeliverable.",
     "delivery|outcome=delivered|route=remote|repeat=2|queue_id=PBZ70AAB|sender=a@example.org|relay"
     "=mx.example.com\n"
     "delivery|outcome=bounced|route=remote|queue_id=PBZ70AAB|sender=a@example.org|relay=mx."
     "example."
     "com"},
    {"mail received", "MSExchangeIMC", "2002",
     "A message from <a@example.net> in temporary file D:\\exchsrvr\\imcdata\\in\\KPFYMCMQB was "
     "received from mail.example.net with 3 local recipients.",
     "mail|flags=auth_hidden|queue_id=KPFYMCMQB|client_name=mail.example.net|sender=a@example.net\n"
     "queued|nrcpt=3|flags=auth_hidden|queue_id=KPFYMCMQB|client_name=mail.example.net|sender=a@"
     "example.net"},
    {"a host without address", "MSExchangeIMC", "2006",
     "Can't resolve the Host <unknown> [for example.com] in order to deliver one or more messages.",
     "delivery|outcome=deferred|text=Can't resolve the Host <unknown> [for example.com] in order "
     "to "
     "deliver one or more messages."},
    {"refused by the remote", "MSExchangeIMC", "4031",
     "The message could not be delivered. The destination server reported: 550 Invalid Domain.",
     "delivery|outcome=bounced|route=remote|reply_code=550|text=550 Invalid Domain."},
    {"turf", "MSExchangeIMC", "4192",
     "Delivery of a message was aborted. The 821 originator was joe@example.info. Either this.",
     "action|stage=end_of_data|outcome=discarded|sender=joe@example.info|text=unwanted bulk mail "
     "or "
     "impersonation: TurfTable"},
    {"an entry of no interest", "MSExchangeIMC", "4120", "In the process of creating", "skip"},
    {"a login", "MSExchangeTransport", "1708",
     "SMTP Authentication was performed successfully with client \"friend\". The authentication "
     "method was \"LOGIN\" and the username was \"EXAMPLE\\guest\".",
     "auth|stage=auth|outcome=accepted|reply_code=235|helo=friend|user=EXAMPLE\\guest|mechanism="
     "LOGIN"},
    {"a client whose name imitates a login", "MSExchangeTransport", "1708",
     "SMTP Authentication was performed successfully with client \"x\". The authentication method "
     "was \"NTLM\" and the username was \"boss\". y\". The authentication method was \"LOGIN\" and "
     "the username was \"EXAMPLE\\guest\".",
     "auth|stage=auth|outcome=accepted|reply_code=235|helo=x|user=EXAMPLE\\guest|mechanism=LOGIN"},
    {"mail without login", "MSExchangeTransport", "1709",
     "The SMTP client \"192.0.2.9\" did not authenticate before attempting to send mail. Access "
     "was "
     "denied.",
     "refusal|stage=mail|outcome=refused|reply_code=530|helo=192.0.2.9|text=did not authenticate "
     "before attempting to send mail"},
    {"a remote refuses a recipient", "MSExchangeTransport", "7004",
     "This is an SMTP protocol error log for virtual server ID 1, connection #6. The remote host "
     "\"mx.example.com\", responded to the SMTP command \"rcpt\" with \"550 5.1.1 no such user  "
     "\". "
     "The full command sent was \"RCPT TO:<v@example.com>  \".  This will probably cause the "
     "connection to fail.",
     "delivery|outcome=bounced|route=remote|reply_code=550|status=5.1.1|rcpt=v@example.com|relay="
     "mx."
     "example.com|text=550 5.1.1 no such user"},
    {"a remote does not know a verb", "MSExchangeTransport", "7002",
     "This is an SMTP protocol error log for virtual server ID 1, connection #6. The remote host "
     "\"\", responded to the SMTP command \"xexch50\" with \"504 Need to authenticate first \". "
     "The "
     "full command sent was \"XEXCH50 1028 2 \". This will probably cause the connection to fail.",
     "skip"},
    {"an answer that imitates the command", "MSExchangeTransport", "7002",
     "The remote host \"x\", responded to the SMTP command \"rcpt\" with \"550 no\". The full "
     "command sent was \"RCPT TO:<victim@example.com>\". \". The full command sent was \"RCPT "
     "TO:<v@example.com>\".",
     "reject"},
    {"a client is refused", "MSExchangeTransport", "7010",
     "This is an SMTP protocol log for virtual server ID 1, connection #4. The client at "
     "\"203.0.113.9\" sent a \"rcpt\" command, and the SMTP server responded with \"550 5.7.1 "
     "Unable "
     "to relay for v@example.com  \". The full command sent was \"rcpt TO:<v@example.com>  \".  "
     "This "
     "will probably cause the connection to fail.",
     "rcpt|stage=rcpt|outcome=refused|client=203.0.113.9|reply_code=550|status=5.7.1|rcpt=v@"
     "example."
     "com|text=Unable to relay for v@example.com|command=rcpt"},
    {"another program", "ESE", "100", "The database engine started.", "foreign"},
};

enum { ENTRIES = sizeof entries / sizeof entries[0] };

static struct seen seen;

static void run(const char *log)
{
    parser_run(NULL, NULL, log, strlen(log), &seen);
}

static void say_outcome(void)
{
    if (seen.events == 0)
        seen_add(&seen, "%s", seen.rejected ? "reject" : seen.foreign ? "foreign" : "skip");
}

static void every_entry_gives_exactly_its_events(void)
{
    static char log[4096];

    for (size_t i = 0; i < ENTRIES; i++) {
        snprintf(log, sizeof log,
                 "5/13/2000\t2:36:27 PM\t%s\tWarning\tSMTP Interface Events\t%s\tN/A\tEXSRV\t%s\n",
                 entries[i].source, entries[i].id, entries[i].text);
        run(log);
        say_outcome();
        if (strcmp(seen.text, entries[i].events) != 0)
            printf("# %s\n", entries[i].what);
        CHECK_STR(seen.text, entries[i].events);
        if (seen.events > 0)
            CHECK_STR(seen.host, "EXSRV");
    }
}

/* ---- forms of export ---- */

#define TEXT "Refused to relay <v@example.com> for h(203.0.113.9)"

static const struct {
    const char *what, *log;
    unsigned events;
} forms[] = {
    {"Event Viewer, CSV: commas in the text",
     "5/13/2000,2:36:20 PM,EventLog,Information,None,6005,N/A,EXSRV,The Event log service was "
     "started.\r\n"
     "5/13/2000,2:36:27 PM,MSExchangeIMC,Warning,SMTP Interface Events ,4188,N/A,EXSRV,Refused to "
     "relay <\"a,b\"@example.com> for h(203.0.113.9)\r\n",
     1},
    {"Event Viewer, text: a description of several lines",
     "13.05.2000\t14:36:27\tMSExchangeIMC\tWarning\tSMTP Interface Events\t4188\tN/A\tEXSRV\t" TEXT
     "\nmore of it\n13.05.2000\t14:36:28\tMSExchangeIMC\tWarning\tx\t4188\tN/A\tEXSRV\t" TEXT "\n",
     2},
    {"Event Viewer of Vista and later: the description has no name",
     "Level,Date and Time,Source,Event ID,Task Category\n"
     "Warning,5/13/2010 2:36:27 PM,MSExchangeIMC,4188,SMTP,\"" TEXT "\nData: 0\"\n"
     "Warning,5/13/2010 2:36:27 PM,MSExchangeIMC,4188,SMTP," TEXT "\n",
     2},
    {"PowerShell",
     "#TYPE System.Diagnostics.EventLogEntry\n"
     "\"EventID\",\"MachineName\",\"Data\",\"Index\",\"Category\",\"EntryType\",\"Message\","
     "\"Source\","
     "\"TimeGenerated\"\n"
     "\"4188\",\"EXSRV\",\"System.Byte[]\",\"1\",\"x\",\"Warning\",\"" TEXT
     "\",\"MSExchangeIMC\",\"5/13/2000 2:36:27 PM\"\n",
     1},
    {"Log Parser",
     "EventLog,RecordNumber,TimeGenerated,TimeWritten,EventID,EventType,SourceName,ComputerName,"
     "Message\n"
     "Application,1,2000-05-13 14:36:27,2000-05-13 "
     "14:36:27,4188,2,MSExchangeIMC,EXSRV," TEXT "\n",
     1},
    {"paragraphs of Event Viewer",
     "Event Type:\tWarning\nEvent Source:\tMSExchangeIMC\nEvent Category:\tSMTP Interface "
     "Events\nEvent "
     "ID:\t4188\nDate:\t\t5/13/2000\nTime:\t\t2:36:27 "
     "PM\nUser:\t\tN/A\nComputer:\tEXSRV\nDescription:\nRefused to relay "
     "<v@example.com>\nfor h(203.0.113.9)\n\n"
     "Event Type:\tWarning\nEvent Source:\tMSExchangeIMC\nEvent ID:\t4188\nDate:\t\t5/13/2000\n"
     "Time:\t\t2:36:28 PM\nComputer:\tEXSRV\nDescription:\n" TEXT "\n",
     2},
    {"wevtutil",
     "Event[0]:\n  Log Name: Application\n  Source: MSExchangeIMC\n  Date: "
     "2010-05-13T14:36:27.000\n  Event ID: 4188\n  Task: x\n  Level: Warning\n  Computer: EXSRV\n  "
     "Description: \n" TEXT "\n\nEvent[1]:\n  Log Name: Application\n  Source: ESE\n  Event ID: "
     "100\n  Description: \nx\n",
     1},
    {"articles",
     "== Q1\n   Event ID 4188\n   Source MSExchangeIMC\n   Type Warning\n\n   Description: Refused "
     "to relay\n   <v@example.com> for h(203.0.113.9)\n\n"
     "   Event ID 4188      MSExchangeIMC        SMTP\n   " TEXT "\n\n4188 MSExchangeIMC \"" TEXT
     "\"\n",
     3},
};

static void every_form_of_export_is_read(void)
{
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        run(forms[i].log);
        if (seen.events != forms[i].events)
            printf("# %s: %s\n", forms[i].what, seen.text);
        CHECK_INT(seen.events, forms[i].events);
        if (strncmp(seen.text, "rcpt|stage=rcpt|outcome=refused|client=203.0.113.9|", 51) != 0)
            printf("# %s: %s\n", forms[i].what, seen.text);
        CHECK(strncmp(seen.text, "rcpt|stage=rcpt|outcome=refused|client=203.0.113.9|", 51) == 0);
        CHECK_INT(seen.rejected, 0);
    }
}

static void a_file_cut_anywhere_is_survived(void)
{
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++)
        for (size_t n = 0; n < strlen(forms[i].log); n++)
            parser_run(NULL, NULL, forms[i].log, n, &seen);
}

/* A comma and a quote in an address must not open a quoted cell that hides the rows after it. */
static void a_quote_in_an_unquoted_text_hides_nothing(void)
{
    run("5/13/2000,2:36:27 PM,MSExchangeIMC,Warning,x,4188,N/A,EXSRV,Refused to relay "
        "<a,\"b@example.com> for h(203.0.113.9)\n"
        "5/13/2000,2:36:28 PM,MSExchangeIMC,Warning,x,4188,N/A,EXSRV," TEXT "\n");
    CHECK_INT(seen.events, 2);
}

static void a_quote_that_never_closes_ends_somewhere(void)
{
    static char log[60000];
    size_t n = (size_t)sprintf(log, "Level,Date and Time,Source,Event ID,Task Category\n"
                                    "Warning,5/13/2010 2:36:27 PM,ESE,1,x,\"open\n");

    for (unsigned i = 0; i < 400; i++)
        n += (size_t)sprintf(log + n,
                             "Warning,5/13/2010 2:36:27 PM,MSExchangeIMC,4188,SMTP," TEXT "\n");
    parser_run(NULL, NULL, log, n, &seen);
    CHECK(seen.events > 200);
}

static unsigned score(const char *head)
{
    return parsers_find(SLICE_LIT("exchange_eventlog"))->probe(slice_of(head));
}

static void the_first_lines_tell_the_format(void)
{
    CHECK(score("5/13/2000,2:36:20 PM,EventLog,Information,None,6005,N/A,EXSRV,started\n") >= 50);
    CHECK_INT(score("5/13/2000,2:36:20 PM,a,b,c,6005,d,e,f\n"), 0);
    CHECK(score("Level,Date and Time,Source,Event ID,Task Category\n") >= 50);
    CHECK_INT(score("date-time,client-ip,source,event-id,message-id\n"), 0);
    CHECK_INT(score("Event Type:\tWarning\nEvent Source:\tESE\n"), 0);
    CHECK(score("Event Type:\tWarning\nEvent Source:\tMSExchangeIMC\n") >= 50);
    CHECK_INT(score("Mar  2 08:00:00 mx1 MSExchangeIMC: x\n"), 0);
    CHECK_INT(score(""), 0);
}

static const struct test_case cases[] = {
    {"every entry gives exactly its events", every_entry_gives_exactly_its_events},
    {"every form of export is read", every_form_of_export_is_read},
    {"a file cut anywhere is survived", a_file_cut_anywhere_is_survived},
    {"a quote in an unquoted text hides nothing", a_quote_in_an_unquoted_text_hides_nothing},
    {"a quote that never closes ends somewhere", a_quote_that_never_closes_ends_somewhere},
    {"the first lines tell the format", the_first_lines_tell_the_format},
};

TEST_MAIN(cases)
