/* test_exchange_text.c - commands, replies and end points as clients and copies of logs write them
 * source:   RFC 5321 4.1.2, 4.2; real rows */
#include "exchange_text.h"

#include "test.h"

static const struct {
    const char *line;
    enum exchange_verb verb;
    const char *argument;
} verbs[] = {{"MAIL FROM:<a@example.net>", EXCHANGE_MAIL, "FROM:<a@example.net>"},
             {"rcpt  to: b", EXCHANGE_RCPT, "to: b"},
             {"BDAT 100", EXCHANGE_BDAT, "100"},
             {"BDAT 100 last", EXCHANGE_BDAT_LAST, "100 last"},
             {"BDAT LASTING", EXCHANGE_BDAT, "LASTING"},
             {"DATA", EXCHANGE_DATA, ""},
             {"DATABASE", EXCHANGE_OTHER, ""},
             {"", EXCHANGE_OTHER, ""},
             {"  quit ", EXCHANGE_QUIT, ""},
             {"X-EXPS GSSAPI", EXCHANGE_EXPS, "GSSAPI"},
             {"XPROXY SID=1", EXCHANGE_XPROXY, "SID=1"},
             {"XPROXYTO SID=1", EXCHANGE_OTHER, "SID=1"}};

static void verbs_in_any_case(void)
{
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++) {
        slice argument;
        CHECK_INT(exchange_text_verb(slice_of(verbs[i].line), &argument), verbs[i].verb);
        CHECK_SLICE(argument, verbs[i].argument);
    }
}

static const struct {
    const char *argument, *path, *rest; /* NULL: absent */
} paths[] = {{"FROM:<a@example.net> SIZE=10", "a@example.net", " SIZE=10"},
             {"from : <a@example.net>", "a@example.net", ""},
             {"TO: b@example.org NOTIFY=NEVER", "b@example.org", " NOTIFY=NEVER"},
             {"FROM:<>", "", ""},
             {"FROM:<> AUTH=<>", "", " AUTH=<>"},
             {"TO:<\"a>b\"@example.org>", "\"a>b\"@example.org", ""},
             {"TO:<\"a\\\">b\"@example.org> X", "\"a\\\">b\"@example.org", " X"},
             {"TO:<\"open@example.org>", "\"open@example.org", ""},
             {"TO:<b@example.org", "b@example.org", ""},
             {"FROM:", NULL, NULL},
             {"FROM", NULL, NULL},
             {"b@example.org", NULL, NULL},
             {"BY:<b@example.org>", NULL, NULL}};

static void check_absent_or(slice got, const char *want)
{
    CHECK_INT(got.ptr == NULL, want == NULL);
    if (want != NULL)
        CHECK_SLICE(got, want);
}

static void paths_with_and_without_brackets(void)
{
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        slice path, rest;
        exchange_text_path(slice_of(paths[i].argument), &path, &rest);
        check_absent_or(path, paths[i].path);
        check_absent_or(rest, paths[i].rest);
    }
}

static void parameters(void)
{
    CHECK_INT(exchange_text_size(SLICE_LIT(" BODY=8BITMIME size=1234 RET=HDRS")), 1234);
    CHECK_INT(exchange_text_size(SLICE_LIT(" SIZE=12x")), 0);
    CHECK_INT(exchange_text_size(SLICE_LIT(" XSIZE=12")), 0);
    CHECK_SLICE(exchange_text_value(SLICE_LIT("SID=1 ip=203.0.113.7"), SLICE_LIT("IP")),
                "203.0.113.7");
    CHECK(exchange_text_value(SLICE_LIT("SIP=1 IP"), SLICE_LIT("IP")).ptr == NULL);
}

static const struct {
    const char *line;
    uint16_t code;
    uint8_t status[3];
    bool more;
    const char *text;
} replies[] = {{"550 5.7.54 SMTP; no", 550, {5, 7, 54}, false, "SMTP; no"},
               {"250-ex1 Hello", 250, {0}, true, "ex1 Hello"},
               {"250  ex1 Hello", 250, {0}, false, "ex1 Hello"},
               {"221", 221, {0}, false, ""},
               {"250 2.0", 250, {0}, false, "2.0"},
               {"250 2.1.5x", 250, {0}, false, "2.1.5x"},
               {"550 5.7.999 x", 550, {5, 7, 255}, false, "x"},
               {"550 9.1.1 x", 550, {0}, false, "9.1.1 x"}};

static void replies_with_and_without_status(void)
{
    static const char *const none[] = {"",      "RCPT TO:<b>", "25 x", "2500 x",
                                       "199 x", "250x",        "600 x"};

    for (size_t i = 0; i < sizeof replies / sizeof replies[0]; i++) {
        struct exchange_reply r;
        CHECK(exchange_text_reply(slice_of(replies[i].line), &r));
        CHECK_INT(r.code, replies[i].code);
        CHECK(memcmp(r.status, replies[i].status, 3) == 0);
        CHECK_INT(r.more, replies[i].more);
        CHECK_SLICE(r.text, replies[i].text);
    }
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
        struct exchange_reply r;
        CHECK(!exchange_text_reply(slice_of(none[i]), &r));
    }
}

static const struct {
    const char *text, *id, *host, *message_id; /* id NULL: not queued */
} queued[] = {
    {"<m@x> [InternalId=7, Hostname=EX1.example.org] Queued mail for delivery", "7",
     "EX1.example.org", "m@x"},
    {"<m@x> [InternalId=7] Queued mail for delivery", "7", NULL, "m@x"},
    {"<m@x> [InternalId=7, Hostname=EX1] 1502 bytes in 0.101, 14.5 KB/sec Queued mail for delivery",
     "7", "EX1", "m@x"},
    {"<[InternalId=9] Queued mail for delivery> [InternalId=7] Queued mail for delivery", "7", NULL,
     "[InternalId=9] Queued mail for delivery"},
    {"<[InternalId=9] Queued mail for delivery> thank you", NULL, NULL, NULL},
    {"<m@x> [InternalId=7, Hostname=EX1] Queued mail for", NULL, NULL, NULL},
    {"<m@x> [InternalId=, Hostname=EX1] Queued mail for delivery", NULL, NULL, NULL},
    {"CHUNK received OK, 100 octets", NULL, NULL, NULL}};

static void only_the_servers_own_tail_is_a_queue_id(void)
{
    for (size_t i = 0; i < sizeof queued / sizeof queued[0]; i++) {
        slice id, host, message_id;
        bool got = exchange_text_queued(slice_of(queued[i].text), &id, &host, &message_id);
        CHECK_INT(got, queued[i].id != NULL);
        if (!got)
            continue;
        CHECK_SLICE(id, queued[i].id);
        check_absent_or(host, queued[i].host);
        CHECK_SLICE(message_id, queued[i].message_id);
    }
}

static const struct {
    const char *endpoint, *ip; /* NULL: none */
    uint16_t port;
} endpoints[] = {{"192.0.2.1:25", "192.0.2.1", 25},
                 {"192.0.2.1", "192.0.2.1", 0},
                 {"[2001:db8::1]:25", "2001:db8::1", 25},
                 {"[2001:db8::1]", "2001:db8::1", 0},
                 {"2001:db8::1", "2001:db8::1", 0},
                 {"x.x.x.x:25", NULL, 25},
                 {"mail.example.org:25", NULL, 25},
                 {"192.0.2.1:99999", "192.0.2.1", 0},
                 {"", NULL, 0},
                 {":", NULL, 0},
                 {"[", NULL, 0}};

static void endpoints_of_both_families(void)
{
    for (size_t i = 0; i < sizeof endpoints / sizeof endpoints[0]; i++) {
        struct ip_addr ip;
        uint16_t port;
        char text[IP_ADDR_TEXT];
        int before = test_failures;
        exchange_text_endpoint(slice_of(endpoints[i].endpoint), &ip, &port);
        CHECK_INT(ip.family != 0, endpoints[i].ip != NULL);
        if (endpoints[i].ip != NULL && ip.family != 0)
            CHECK_SLICE(ip_addr_format(&ip, text), endpoints[i].ip);
        CHECK_INT(port, endpoints[i].port);
        if (test_failures != before)
            printf("#   %s\n", endpoints[i].endpoint);
    }
}

static const struct test_case cases[] = {
    {"verbs in any case", verbs_in_any_case},
    {"paths with and without brackets", paths_with_and_without_brackets},
    {"parameters", parameters},
    {"replies with and without status", replies_with_and_without_status},
    {"only the server's own tail is a queue id", only_the_servers_own_tail_is_a_queue_id},
    {"endpoints of both families", endpoints_of_both_families},
};

TEST_MAIN(cases)
