/* test_exchange_online.c - message trace as JSON in all its wrappings, downloads and cmdlet exports
 */
#include "parser_fixture.h"

#define OBJECT_IN                                                                                  \
    "{\"__metadata\":{\"id\":\"https://reports.example/MessageTrace(0)\",\"type\":\"x\"},"         \
    "\"Organization\":\"tenant.example\",\"MessageId\":\"\\u003cm1@example.net\\u003e\","          \
    "\"Received\":\"/Date(1658751973240)/\",\"SenderAddress\":\"ann@example.net\","                \
    "\"RecipientAddress\":\"joe@example.org\",\"Subject\":\"a } { \\\"MessageTraceId\\\" [\","     \
    "\"Status\":\"Delivered\",\"ToIP\":null,\"FromIP\":\"198.51.100.7\",\"Size\":87680,"           \
    "\"MessageTraceId\":\"3b4fc661-180d-4c2f-60c9-08da6e38dd10\",\"Index\":0}"
#define EVENTS_IN                                                                                  \
    "mail|stage=mail|client=198.51.100.7|flags=auth_hidden|sender=ann@example.net|trace_id="       \
    "3b4fc661-180d-4c2f-60c9-08da6e38dd10\n"                                                       \
    "message_id|message_id=m1@example.net|trace_id=3b4fc661-180d-4c2f-60c9-08da6e38dd10\n"         \
    "queued|size=87680|sender=ann@example.net|trace_id=3b4fc661-180d-4c2f-60c9-08da6e38dd10\n"     \
    "delivery|outcome=delivered|route=mailbox|rcpt=joe@example.org|command=Delivered|trace_id="    \
    "3b4fc661-180d-4c2f-60c9-08da6e38dd10"
#define OBJECT_OUT                                                                                 \
    "{\"Received\":\"2022-09-05T18:10:13.4907658\",\"SenderAddress\":\"joe@example.org\","         \
    "\"RecipientAddress\":\"x@example.com\",\"Status\":\"Failed\",\"ToIP\":\"203.0.113.26\","      \
    "\"FromIP\":\"\",\"MessageTraceId\":\"t2\"}"
#define EVENTS_OUT                                                                                 \
    "mail|stage=mail|flags=local_submit|user=joe@example.org|sender=joe@example.org|trace_id=t2\n" \
    "queued|sender=joe@example.org|trace_id=t2\n"                                                  \
    "delivery|outcome=bounced|remote=203.0.113.26|rcpt=x@example.com|command=Failed|trace_id=t2"
#define PRINTED_OUT                                                                                \
    "    {\n        \"Received\":  \"2022-09-05T18:10:13.4907658\",\n"                             \
    "        \"More\": {\n            \"a\": 1\n        },\n"                                      \
    "        \"SenderAddress\": \"joe@example.org\",\n"                                            \
    "        \"Subject\": \"} {\",\n        \"RecipientAddress\": \"x@example.com\",\n"            \
    "        \"Status\": \"Failed\",\n        \"ToIP\": \"203.0.113.26\",\n"                       \
    "        \"FromIP\": \"\",\n        \"MessageTraceId\": \"t2\"\n    }"

static const struct {
    const char *text, *events;
} json_files[] = {
    {OBJECT_IN "\n" OBJECT_OUT "\n", EVENTS_IN "\n" EVENTS_OUT},
    {"[" OBJECT_IN "," OBJECT_OUT "]", EVENTS_IN "\n" EVENTS_OUT},
    {"[\n" OBJECT_IN ",\n" OBJECT_OUT "\n]\n", EVENTS_IN "\n" EVENTS_OUT},
    {"{\"value\":[" OBJECT_IN "," OBJECT_OUT "]}", EVENTS_IN "\n" EVENTS_OUT},
    {"{\"d\":{\"results\":[" OBJECT_IN "]}}", EVENTS_IN},
    {PRINTED_OUT "\n", EVENTS_OUT},
    {"[\r\n" PRINTED_OUT ",\r\n" PRINTED_OUT "\r\n]\r\n", EVENTS_OUT "\n" EVENTS_OUT},
    {"{\n  \"value\": [\n" PRINTED_OUT ", {\n  \"MessageTraceId\": \"t3\"\n },\n" PRINTED_OUT
     "\n  ]\n}\n",
     EVENTS_OUT "\n" EVENTS_OUT},
};

static void every_wrapping_gives_the_same_events(void)
{
    static struct seen seen;

    for (size_t i = 0; i < sizeof json_files / sizeof json_files[0]; i++) {
        parser_run(NULL, NULL, json_files[i].text, strlen(json_files[i].text), &seen);
        CHECK_STR(seen.text, json_files[i].events);
        CHECK_INT(seen.foreign, 0);
    }
}

/* An object that is not whole gives nothing; one cut elsewhere gives the objects before. */
static void json_cut_anywhere_gives_whole_objects_only(void)
{
    static struct seen seen;

    for (size_t i = 0; i < sizeof json_files / sizeof json_files[0]; i++) {
        size_t len = strlen(json_files[i].text);
        for (size_t cut = 0; cut < len; cut++) {
            parser_run(NULL, NULL, json_files[i].text, cut, &seen);
            CHECK_SLICE(slice_first(slice_of(json_files[i].events), seen.len), seen.text);
        }
    }
}

static void other_json_is_not_ours(void)
{
    static const char *const files[] = {
        "{\"MESSAGE\":\"x\",\"SYSLOG_IDENTIFIER\":\"postfix/smtpd\"}\n",
        "{\"MessageTraceId\":\"x\"}\n",
        "[1,2,3]\n",
    };
    static struct seen seen;

    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        parser_run(NULL, NULL, files[i], strlen(files[i]), &seen);
        CHECK_STR(seen.text, "");
    }
}

/* ---- tables ---- */

#define TRACKING_EVENTS                                                                            \
    "mail|stage=mail|client=198.51.100.7|service=Default MAIL|queue_id=7|helo=mx.example.net|"     \
    "sender=a@example.net|trace_id=t7\n"                                                           \
    "message_id|queue_id=7|message_id=m7@example.net|trace_id=t7\n"                                \
    "envelope|queue_id=7|rcpt=joe@example.org|trace_id=t7\n"                                       \
    "envelope|queue_id=7|rcpt=ann@example.org|trace_id=t7\n"                                       \
    "queued|nrcpt=2|size=500|queue_id=7|sender=a@example.net|trace_id=t7\n"                        \
    "delivery|outcome=delivered|route=mailbox|queue_id=7|rcpt=joe@example.org|relay=mail|"         \
    "trace_id=t7\n"                                                                                \
    "delivery|outcome=delivered|route=mailbox|queue_id=7|rcpt=ann@example.org|relay=mail|"         \
    "trace_id=t7"

static const char extended[] =
    "date_time_utc,client_ip,client_hostname,server_ip,server_hostname,source_context,"
    "connector_id,source,event_id,internal_message_id,message_id,network_message_id,"
    "recipient_address,recipient_status,total_bytes,recipient_count,related_recipient_address,"
    "reference,message_subject,sender_address,return_path,message_info,directionality,tenant_id,"
    "original_client_ip,original_server_ip,custom_data\r\n"
    "2024-03-05T10:00:00.0000000Z,198.51.100.7,mx.example.net,192.0.2.10,mail,ctx,MAIL\\Default "
    "MAIL,SMTP,RECEIVE,7,<m7@example.net>,t7,joe@example.org;ann@example.org,,500,2,,,\"one\r\n"
    "two\",a@example.net,a@example.net,00A: ,Incoming,,,,\r\n"
    "2024-03-05T10:00:01.0000000Z,,,,mail,ctx,,STOREDRIVER,DELIVER,7,<m7@example.net>,t7,"
    "joe@example.org;ann@example.org,;,500,2,,,one,a@example.net,a@example.net,,Incoming,,,,\r\n";

/* As Get-MessageTrackingLog | Export-Csv prints it, in the format and the time of Berlin. */
static const char cmdlet[] =
    "#TYPE Microsoft.Exchange.Management.TransportLogSearchTasks.MessageTrackingEvent\r\n"
    "\"PSComputerName\";\"RunspaceId\";\"Timestamp\";\"ClientIp\";\"ClientHostname\";\"ServerIp\";"
    "\"ServerHostname\";\"SourceContext\";\"ConnectorId\";\"Source\";\"EventId\";"
    "\"InternalMessageId\";\"MessageId\";\"NetworkMessageId\";\"Recipients\";\"RecipientStatus\";"
    "\"TotalBytes\";\"RecipientCount\";\"RelatedRecipientAddress\";\"Reference\";"
    "\"MessageSubject\";\"Sender\";\"ReturnPath\";\"Directionality\";\"TenantId\";"
    "\"OriginalClientIp\";\"MessageInfo\";\"MessageLatency\";\"EventData\"\r\n"
    "\"mail\";\"x\";\"05.03.2024 11:00:00\";\"198.51.100.7\";\"mx.example.net\";\"192.0.2.10\";"
    "\"mail\";\"ctx\";\"MAIL\\Default MAIL\";\"SMTP\";\"RECEIVE\";\"7\";\"<m7@example.net>\";"
    "\"t7\";\"{joe@example.org, ann@example.org}\";\"{}\";\"500\";\"2\";\"\";\"\";"
    "\"say \"\"hi\"\"; there\";\"a@example.net\";\"a@example.net\";\"Incoming\";\"\";\"\";\"00A: "
    "\";\"\";\"{[a, b]}\"\r\n"
    "\"mail\";\"x\";\"05.03.2024 11:00:01\";\"\";\"\";\"\";\"mail\";\"ctx\";\"\";\"STOREDRIVER\";"
    "\"DELIVER\";\"7\";\"<m7@example.net>\";\"t7\";\"{joe@example.org, ann@example.org}\";\"{, "
    "}\";\"500\";\"2\";\"\";\"\";\"s\";\"a@example.net\";\"a@example.net\";\"Incoming\";\"\";\"\";"
    "\"\";\"\";\"\"\r\n";

static void tracking_rows_come_in_two_other_spellings(void)
{
    static struct seen seen;
    struct time_zone berlin;
    struct error error = {0};

    parser_run(NULL, NULL, extended, sizeof extended - 1, &seen);
    CHECK_STR(seen.text, TRACKING_EVENTS);
    CHECK_INT(seen.rejected + seen.foreign, 0);
    CHECK(time_zone_parse("+01:00", &berlin, &error));
    parser_run(NULL, &berlin, cmdlet, sizeof cmdlet - 1, &seen);
    CHECK_STR(seen.text, TRACKING_EVENTS);
    CHECK_INT(seen.rejected + seen.foreign, 0);
    CHECK_INT(seen.time_us / 1000000, 1709632801); /* 10:00:01 UTC */
}

/* Export-Csv without a joining expression writes the type of a list for the list. */
static void a_lost_list_of_recipients_is_no_recipient(void)
{
    static struct seen seen;
    static const char text[] =
        "\"Timestamp\",\"Source\",\"EventId\",\"InternalMessageId\",\"Recipients\","
        "\"RecipientCount\",\"ReturnPath\"\n"
        "\"3/5/2024 10:00:00 "
        "AM\",\"STOREDRIVER\",\"DELIVER\",\"7\",\"System.String[]\",\"2\",\"a@b\"\n"
        "\"3/5/2024 10:00:00 AM\",\"SMTP\",\"RECEIVE\",\"7\",\"System.String[]\",\"2\",\"a@b\"\n";

    parser_run(NULL, NULL, text, sizeof text - 1, &seen);
    CHECK_STR(seen.text, "mail|stage=mail|flags=auth_hidden|queue_id=7|sender=a@b\n"
                         "queued|nrcpt=2|queue_id=7|sender=a@b");
    CHECK_INT(seen.rejected, 1);
}

static void trace_rows(void)
{
    static struct seen seen;
    static const char text[] =
        "\"PSComputerName\",\"RunspaceId\",\"Organization\",\"MessageId\",\"Received\","
        "\"SenderAddress\",\"RecipientAddress\",\"Subject\",\"Status\",\"ToIP\",\"FromIP\","
        "\"Size\",\"MessageTraceId\",\"StartDate\",\"EndDate\",\"Index\"\n"
        "\"x\",\"y\",\"t\",\"<m@b>\",\"9/5/2022 6:10:13 PM\",\"<>\",\"joe@example.org\",\"NDR\","
        "\"Quarantined\",\"\",\"198.51.100.7\",\"1\",\"t1\",\"\",\"\",\"0\"\n"
        "\"x\",\"y\",\"t\",\"\",\"9/5/2022 6:10:13 PM\",\"a@b\",\"joe@example.org\",\"x\","
        "\"Filtered as spam\",\"\",\"198.51.100.7\",\"1\",\"t2\",\"\",\"\",\"0\"\n"
        "\"x\",\"y\",\"t\",\"\",\"9/5/2022 6:10:13 PM\",\"a@b\",\"team@example.org\",\"x\","
        "\"Expanded\",\"\",\"198.51.100.7\",\"1\",\"t3\",\"\",\"\",\"0\"\n";

    parser_run(NULL, NULL, text, sizeof text - 1, &seen);
    CHECK_STR(seen.text,
              "mail|stage=mail|client=198.51.100.7|flags=null_sender|flags=auth_hidden|sender=|"
              "trace_id=t1\n"
              "message_id|message_id=m@b|trace_id=t1\n"
              "queued|size=1|flags=null_sender|sender=|trace_id=t1\n"
              "action|outcome=held|rcpt=joe@example.org|command=Quarantined|trace_id=t1\n"
              "mail|stage=mail|client=198.51.100.7|flags=auth_hidden|sender=a@b|trace_id=t2\n"
              "queued|size=1|sender=a@b|trace_id=t2\n"
              "action|outcome=discarded|rcpt=joe@example.org|command=Filtered as spam|trace_id=t2\n"
              "mail|stage=mail|client=198.51.100.7|flags=auth_hidden|sender=a@b|trace_id=t3\n"
              "queued|size=1|sender=a@b|trace_id=t3");
    CHECK_INT(seen.time_us / 1000000, 1662401413); /* message trace is UTC */
}

static void summary_rows(void)
{
    static struct seen seen;
    static const char text[] =
        "origin_timestamp_utc,sender_address,recipient_status,message_subject,total_bytes,"
        "message_id,network_message_id,original_client_ip,directionality,connector_id,"
        "delivery_priority\r\n"
        "2024-03-05T10:00:00.0000000Z,a@example.net,\"joe@example.org##Receive, "
        "Deliver;no@example.org##Receive, Fail;team@example.org##Receive, Expand\",s,500,<m@b>,t7,"
        "198.51.100.7,1,,\r\n"
        "2024-03-05T10:00:01.0000000Z,joe@example.org,\"x@example.com##Receive, "
        "Send\",s,500,,t8,,2,,\r\n";

    parser_run(NULL, NULL, text, sizeof text - 1, &seen);
    CHECK_STR(
        seen.text,
        "mail|stage=mail|client=198.51.100.7|flags=auth_hidden|sender=a@example.net|trace_id=t7\n"
        "message_id|message_id=m@b|trace_id=t7\n"
        "queued|size=500|sender=a@example.net|trace_id=t7\n"
        "delivery|outcome=delivered|route=mailbox|rcpt=joe@example.org|command=Deliver|trace_id="
        "t7\n"
        "delivery|outcome=bounced|rcpt=no@example.org|command=Fail|trace_id=t7\n"
        "mail|stage=mail|flags=local_submit|user=joe@example.org|sender=joe@example.org|trace_id="
        "t8\n"
        "queued|size=500|sender=joe@example.org|trace_id=t8\n"
        "delivery|outcome=delivered|route=remote|rcpt=x@example.com|command=Send|trace_id=t8");
}

/* What a cut row still says: the whole, or without the cell that shows that nobody had logged in.
 */
static bool is_beginning(const struct seen *seen)
{
    static const char hidden[] =
        "mail|stage=mail|client=198.51.100.7|flags=auth_hidden|service=Default MAIL|queue_id=7|"
        "helo=mx.example.net|sender=a@example.net|trace_id=t7\n";
    slice got = slice_of(seen->text), all = slice_of(TRACKING_EVENTS);

    if (!slice_starts(got, slice_of(hidden)))
        return slice_starts(all, got);
    got = slice_from(got, sizeof hidden - 1);
    all = slice_from(all, slice_find_byte(all, '\n') + 1);
    return slice_starts(all, got);
}

static void tables_cut_anywhere_are_survived(void)
{
    static struct seen seen;

    for (size_t cut = 0; cut < sizeof extended - 1; cut++) {
        parser_run(NULL, NULL, extended, cut, &seen);
        CHECK(is_beginning(&seen));
    }
    for (size_t cut = 0; cut < sizeof cmdlet - 1; cut++) {
        parser_run(NULL, NULL, cmdlet, cut, &seen);
        CHECK(is_beginning(&seen));
    }
}

static const struct test_case cases[] = {
    {"every wrapping gives the same events", every_wrapping_gives_the_same_events},
    {"JSON cut anywhere gives whole objects only", json_cut_anywhere_gives_whole_objects_only},
    {"other JSON is not ours", other_json_is_not_ours},
    {"tracking rows come in two other spellings", tracking_rows_come_in_two_other_spellings},
    {"a lost list of recipients is no recipient", a_lost_list_of_recipients_is_no_recipient},
    {"trace rows", trace_rows},
    {"summary rows", summary_rows},
    {"tables cut anywhere are survived", tables_cut_anywhere_are_survived},
};

TEST_MAIN(cases)
