/* test_tester.c - relay-test batteries: shapes, marks, counts, what is no battery */
#include "match/signatures.h"

#include "event/address.h"
#include "test.h"

static struct signatures *signatures;

static struct tester_try try_of(const char *sender, const char *rcpt, const char *target)
{
    return (struct tester_try){
        .sender = slice_of(sender), .rcpt = slice_of(rcpt), .target = slice_of(target)};
}

static void shapes_forget_names(void)
{
    static const struct {
        const char *sender, *rcpt, *shape;
    } rows[] = {
        {"a@t.example", "b@t.example", "u@t u@t"},
        {"a@T.EXAMPLE", "b@t.example.", "u@t u@t"},
        {"", "b@t.example", " u@t"},
        {"a", "b@t.example", "u@r u@t"},
        {"a@mx.example.org", "\"b@t.example\"", "u@r u@t"},
        {"a@[192.0.2.1]", "@[192.0.2.1],@mx.example.org:b@t.example", "u@i u@t"},
        {"a@localhost", "b%t.example@[IPv6:2001:db8::1]", "u@l u%t@i"},
        {"postmaster@mx.example.org", "t.example!b@192.0.2.1", "p@r t!u@b"},
        {"a@t.example", "\"b@t.example\"@mx.example.org", "u@t u@t@r"},
        {"a@t.example", "b%[t.example]@", "u@t u%t@"},
        {"a@t.example", "IMCEASMTP-b+40t+2Eexample@example.org", "u@t m@r"},
        {"a@t.example", "\"IMCEA b@t.example\"@example.org", "u@t m u@t@r"},
    };
    char shape[96];

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        CHECK(tester_shape(slice_of(rows[i].sender), slice_of(rows[i].rcpt), SLICE_LIT("t.example"),
                           shape, sizeof shape));
        CHECK_STR(shape, rows[i].shape);
    }
}

static void hostile_addresses_have_no_shape(void)
{
    char shape[96], many[400], byte[2] = "";

    memset(many, '@', sizeof many - 1);
    many[sizeof many - 1] = '\0';
    CHECK(!tester_shape(slice_of(many), SLICE_LIT("a@b"), SLICE_LIT("b"), shape, sizeof shape));
    CHECK(!tester_shape(SLICE_LIT("a@b"), slice_of(many), SLICE_LIT("b"), shape, sizeof shape));
    CHECK(!tester_shape(SLICE_LIT("a@["), SLICE_LIT("a@b"), SLICE_LIT("b"), shape, sizeof shape));
    for (int c = 0; c < 256; c++) {
        byte[0] = (char)c;
        tester_shape((slice){byte, 1}, (slice){byte, 1}, (slice){byte, 1}, shape, sizeof shape);
    }
    CHECK(tester_shape(SLICE_NONE, SLICE_NONE, SLICE_NONE, shape, sizeof shape));
}

static bool is_named(const struct tester_seen *seen, const char *want)
{
    char text[TESTER_TEXT_MAX];
    struct tester_hit hit;

    if (!testers_judge(signatures->testers, seen, &hit))
        return want == NULL;
    if (want == NULL)
        return false;
    CHECK_SLICE(tester_hit_text(&hit, text), want);
    return true;
}

static void note(struct tester_seen *seen, const char *sender, const char *rcpt, const char *target,
                 enum tester_answer answer)
{
    struct tester_try try = try_of(sender, rcpt, target);
    testers_note(signatures->testers, &try, answer, seen);
}

static void three_tests_and_the_marks_name_a_battery(void)
{
    struct tester_seen seen = {.count = 0};

    note(&seen, "spamtest@abuse.net", "securitytest@abuse.net", "abuse.net", TESTER_REFUSED);
    note(&seen, "spamtest", "securitytest@abuse.net", "abuse.net", TESTER_REFUSED);
    CHECK(is_named(&seen, NULL));
    note(&seen, "spamtest@[192.0.2.1]", "securitytest@abuse.net", "abuse.net", TESTER_ACCEPTED);
    CHECK(is_named(&seen, "abuse.net relay test, 3 of 17 tried: 2 refused, 1 accepted"));
}

static void alike_batteries_are_both_named(void)
{
    struct tester_seen seen = {.count = 0};

    note(&seen, "", "relaytest@probe.example", "probe.example", TESTER_REFUSED);
    note(&seen, "antispam@probe.example", "relaytest@probe.example", "probe.example",
         TESTER_REFUSED);
    note(&seen, "antispam@mx.example.org", "relaytest@probe.example", "probe.example",
         TESTER_REFUSED);
    CHECK(is_named(
        &seen, "nmap smtp-open-relay or MailRadar open relay test, 3 of 16 tried, all refused"));
    note(&seen, "antispam@[192.0.2.1]", "relaytest%probe.example@[192.0.2.1]", "probe.example",
         TESTER_REFUSED);
    CHECK(is_named(&seen, "nmap smtp-open-relay, 4 of 16 tried, all refused"));
}

static void spam_is_no_battery(void)
{
    struct tester_seen seen = {.count = 0};
    char sender[80], rcpt[80], target[40];

    for (int i = 0; i < 300; i++) {
        snprintf(target, sizeof target, "t%d.example", i % 7);
        snprintf(sender, sizeof sender, "s%d@%s", i, i % 3 ? "bulk.example" : target);
        snprintf(rcpt, sizeof rcpt, "r%d@%s", i, target);
        note(&seen, sender, rcpt, target, TESTER_REFUSED);
        note(&seen, "", rcpt, target, TESTER_REFUSED);
        note(&seen, "s@[192.0.2.1]", rcpt, target, TESTER_REFUSED);
        note(&seen, "s!q", "x%y%z@a@b@c", "c", TESTER_REFUSED);
    }
    CHECK(is_named(&seen, NULL));
    CHECK(seen.count <= TESTER_SHAPES_SEEN);
    CHECK_INT(seen.shapes[0].refused, TESTER_TESTS_MAX);
}

static void a_repeated_test_counts_once(void)
{
    struct tester_seen seen = {.count = 0};

    for (int i = 0; i < 100; i++) {
        note(&seen, "spamtest@abuse.net", "relaytest@abuse.net", "abuse.net", TESTER_REFUSED);
        note(&seen, "", "relaytest@abuse.net", "abuse.net", TESTER_REFUSED);
        note(&seen, "spamtest@[192.0.2.1]", "relaytest%abuse.net@mx.example.org", "abuse.net",
             TESTER_REFUSED);
    }
    CHECK(is_named(&seen, "abuse.net relay test, 3 of 17 tried, all refused"));
}

static void a_single_envelope_needs_mailbox_and_domain(void)
{
    struct tester_seen seen = {.count = 0}, other = {.count = 0};

    note(&seen, "anyone@example.com", "Admin@TestExchangeConnectivity.com",
         "TestExchangeConnectivity.com", TESTER_REFUSED);
    CHECK(is_named(&seen, "Microsoft Remote Connectivity Analyzer, 1 of 1 refused"));
    note(&other, "anyone@example.com", "Admin@there.example", "there.example", TESTER_REFUSED);
    CHECK(is_named(&other, NULL));
}

static void an_own_mailbox_is_a_test_and_no_relaying(void)
{
    struct tester_seen seen = {.count = 0};

    note(&seen, "", "target@example.com", "example.com", TESTER_REFUSED);
    note(&seen, "sender@example.com", "target@example.com", "example.com", TESTER_REFUSED);
    note(&seen, "sender@[192.0.2.1]", "target@[192.0.2.1]", NULL, TESTER_OWN);
    note(&seen, "sender@mx.example.org", "target@example.com", "example.com", TESTER_REFUSED);
    CHECK(is_named(&seen, "Metasploit smtp_relay, 4 of 16 tried: 3 refused, 0 accepted, 1 "
                          "addressed to us"));
}

static const struct test_case cases[] = {
    {"shapes forget names, quotes and routes", shapes_forget_names},
    {"hostile addresses have no shape", hostile_addresses_have_no_shape},
    {"three tests and the marks name a battery", three_tests_and_the_marks_name_a_battery},
    {"alike batteries are both named", alike_batteries_are_both_named},
    {"spam is no battery", spam_is_no_battery},
    {"a repeated test counts once", a_repeated_test_counts_once},
    {"a single envelope needs mailbox and domain", a_single_envelope_needs_mailbox_and_domain},
    {"an own mailbox is a test and no relaying", an_own_mailbox_is_a_test_and_no_relaying},
};

int main(void)
{
    int result;

    signatures = signatures_load(NULL, NULL);
    result = test_main(cases, sizeof cases / sizeof cases[0]);
    signatures_free(signatures);
    return result;
}
