/* test_advice.c - every rule and verdict has advice of the right family, in the promised form */
#include "test.h"

#include "alert/advice.h"

static const char *const mtas[] = {NULL,           "",     "postfix",  "exchange",  "exchange_2003",
                                   "exchange_ims", "exim", "sendmail", "opensmtpd", "qmail",
                                   "dovecot"};
enum { MTA_COUNT = sizeof(mtas) / sizeof(mtas[0]) };

static void test_every_rule(void)
{
    for (unsigned rule = 0; rule < RULE_COUNT; rule++)
        for (unsigned i = 0; i < MTA_COUNT; i++) {
            const char *text = advice_for_rule((enum rule)rule, mtas[i]);
            CHECK(text != NULL && strlen(text) > 40);
        }
}

/* Lines that start with two blanks are commands: short; all lines are printable ASCII. */
static void test_form(void)
{
    for (unsigned rule = 0; rule < RULE_COUNT; rule++)
        for (unsigned i = 0; i < MTA_COUNT; i++) {
            slice rest = slice_of(advice_for_rule((enum rule)rule, mtas[i]));
            while (rest.len > 0) {
                slice line = slice_first(rest, slice_find_byte(rest, '\n'));
                CHECK(line.len > 0);
                CHECK(!slice_starts(line, SLICE_LIT("  ")) || line.len <= 70);
                for (size_t c = 0; c < line.len; c++)
                    CHECK(line.ptr[c] >= ' ' && line.ptr[c] <= '~');
                rest = slice_from(rest, line.len + 1);
            }
        }
}

static void test_families(void)
{
    slice any = slice_of(advice_for_rule(RULE_RELAY_ACCEPTED, NULL));
    static const struct {
        const char *mta, *word;
    } cases[] = {
        {"postfix", "smtpd_relay_restrictions = permit_mynetworks,"},
        {"postfix", "reject_unauth_destination"},
        {"exchange", "ms-Exch-SMTP-Accept-Any-Recipient"},
        {"exchange_2007", "Get-ReceiveConnector"},
        {"exchange_2003", "SMTP virtual server"},
        {"exchange_w3c", "SMTP virtual server"},
        {"exchange55", "Routing tab"},
        {"exchange_ims", "leave the list empty"},
        {"exim", "relay_from_hosts"},
        {"sendmail", "relay-domains"},
        {"opensmtpd", "match from local for any action"},
        {"qmail", "RELAYCLIENT"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        CHECK(slice_has(slice_of(advice_for_rule(RULE_RELAY_ACCEPTED, cases[i].mta)),
                        slice_of(cases[i].word)));
    CHECK(!slice_has(any, SLICE_LIT("smtpd_")));
    CHECK_SLICE(slice_of(advice_for_rule(RULE_RELAY_ACCEPTED, "dovecot")),
                advice_for_rule(RULE_RELAY_ACCEPTED, ""));
}

/* What to set in which dialog or with which cmdlet: a word for each rule and generation. */
static void test_settings(void)
{
    static const struct {
        enum rule rule;
        const char *mta, *word;
    } rows[] = {
        {RULE_RELAY_PROBE, "exchange55", "Routing tab"},
        {RULE_RELAY_PROBE, "exchange_2003", "recipient policy"},
        {RULE_SASL_BRUTE, "postfix", "smtpd_client_auth_rate_limit = 10"},
        {RULE_SASL_BRUTE, "exchange", "Set-ReceiveConnector -AuthMechanism Tls"},
        {RULE_SASL_BRUTE, "exchange_2003", "Access > Authentication"},
        {RULE_SASL_BRUTE, "exchange55", "Guest"},
        {RULE_SASL_SPRAY, "exchange", "Add-IPBlockListEntry"},
        {RULE_SASL_DISTRIBUTED, "exchange", "Set-ReceiveConnector NAME -AuthMechanism Tls"},
        {RULE_SASL_BRUTE_SUCCESS, "postfix", "change it, end open sessions"},
        {RULE_SASL_BRUTE_SUCCESS, "exchange", "Get-InboxRule -Mailbox USER"},
        {RULE_SASL_BRUTE_SUCCESS, "exchange_2003", "event 1708"},
        {RULE_ACCOUNT_BURST, "postfix", "reject_sender_login_mismatch"},
        {RULE_ACCOUNT_BURST, "exchange", "Set-Mailbox -ForwardingSmtpAddress"},
        {RULE_ACCOUNT_BURST, "exchange55", "disable Guest"},
        {RULE_HOST_BURST, "exchange", "Set-ReceiveConnector -RemoteIPRanges"},
        {RULE_HOST_BURST, "exchange55", "Routing Restrictions"},
        {RULE_BACKSCATTER, "postfix", "relay_recipient_maps"},
        {RULE_BACKSCATTER, "exchange",
         "Set-RecipientFilterConfig -RecipientValidationEnabled $true"},
        {RULE_BACKSCATTER, "exchange_2003", "Filter recipients who are not in the Directory"},
        {RULE_REVERSE_NDR, "exchange_2003", "TarpitTime"},
        {RULE_REVERSE_NDR, "exchange55", "put a server in front"},
        {RULE_HARVEST, "postfix", "disable_vrfy_command = yes"},
        {RULE_HARVEST, "sendmail", "confPRIVACY_FLAGS"},
        {RULE_BACKSCATTER, "exim", "require verify = recipient"},
        {RULE_BACKSCATTER, "sendmail", "LUSER_RELAY"},
        {RULE_BACKSCATTER, "qmail", "validrcptto"},
        {RULE_PROTOCOL, "exim", "smtp_enforce_sync"},
        {RULE_ACCOUNT_BURST, "exim", "ratelimit = 100"},
        {RULE_HARVEST, "exchange_2003", "TarpitTime"},
        {RULE_QUEUE_NDR, "postfix", "bounce_queue_lifetime = 1d"},
        {RULE_QUEUE_NDR, "exchange", "Remove-Message -WithNDR $false"},
        {RULE_QUEUE_NDR, "exchange55", "Queues tab"},
        {RULE_LISTED, "postfix", "smtp_helo_name"},
        {RULE_LISTED, "exchange", "Get-SendConnector"},
        {RULE_PROTOCOL, "postfix", "smtpd_forbid_bare_newline = normalize"},
        {RULE_PROTOCOL, "exchange", "-MaxProtocolErrors"},
        {RULE_SPOOF_LOCAL, "exchange", "ms-Exch-SMTP-Accept-Authoritative-Domain-Sender"},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (!slice_has(slice_of(advice_for_rule(rows[i].rule, rows[i].mta)),
                       slice_of(rows[i].word))) {
            CHECK_STR(rows[i].word, "in the advice");
            printf("#   %s for %s\n", rule_info(rows[i].rule)->id, rows[i].mta);
        }
}

/* Each says whom a block would hit, or that there is nobody to block; no text names the settings of
 * another mail system. */
static void test_blocks(void)
{
    for (unsigned rule = 0; rule < RULE_COUNT; rule++)
        for (unsigned i = 0; i < MTA_COUNT; i++) {
            slice text = slice_of(advice_for_rule((enum rule)rule, mtas[i]));
            bool postfix = mtas[i] != NULL && strcmp(mtas[i], "postfix") == 0;
            bool exchange = mtas[i] != NULL && strcmp(mtas[i], "exchange") == 0;
            bool speaks = slice_has(text, SLICE_LIT("nnocents")) ||
                          slice_has(text, SLICE_LIT("lock")) || slice_has(text, SLICE_LIT("efus"));
            if (rule == RULE_STATE_PRESSURE)
                continue;
            if (!speaks || (!postfix && slice_has(text, SLICE_LIT("smtpd_"))) ||
                (!exchange && slice_has(text, SLICE_LIT("Set-")))) {
                CHECK_SLICE(text, "advice that speaks of blocks, in its own words");
                printf("#   %s for %s\n", rule_info((enum rule)rule)->id,
                       mtas[i] == NULL ? "no one" : mtas[i]);
            }
        }
}

static void test_innocents(void)
{
    for (unsigned i = 0; i < MTA_COUNT; i++) {
        slice text = slice_of(advice_for_rule(RULE_NDR_FLOOD, mtas[i]));
        CHECK(slice_starts(text, SLICE_LIT("Do not block the servers that send these bounces")));
    }
}

static void test_topics(void)
{
    for (unsigned topic = 0; topic < TOPIC_COUNT; topic++) {
        CHECK_STR(advice_for_topic((enum verdict_topic)topic, VERDICT_NO, "postfix"), "");
        for (unsigned state = VERDICT_ATTEMPTED; state <= VERDICT_YES; state++)
            CHECK(advice_for_topic((enum verdict_topic)topic, (enum verdict_state)state,
                                   "postfix")[0] != '\0');
    }
    CHECK_STR(advice_for_topic(TOPIC_RELAY, VERDICT_YES, "postfix"),
              advice_for_rule(RULE_RELAY_ACCEPTED, "postfix"));
    CHECK_STR(advice_for_topic(TOPIC_RELAY, VERDICT_ATTEMPTED, "postfix"),
              advice_for_rule(RULE_RELAY_PROBE, "postfix"));
    CHECK_STR(advice_for_topic(TOPIC_VICTIM, VERDICT_YES, NULL),
              advice_for_rule(RULE_NDR_FLOOD, NULL));
}

static void test_names(void)
{
    enum severity severity = SEVERITY_INFO;
    static const unsigned scores[SEVERITY_COUNT] = {1, 21, 47, 73, 99};
    for (unsigned i = 0; i < SEVERITY_COUNT; i++) {
        CHECK_INT(severity_score((enum severity)i), scores[i]);
        CHECK(severity_parse(slice_of(severity_name((enum severity)i)), &severity));
        CHECK_INT(severity, i);
    }
    CHECK(severity_parse(SLICE_LIT("HIGH"), &severity) && severity == SEVERITY_HIGH);
    CHECK(!severity_parse(SLICE_LIT("urgent"), &severity) && severity == SEVERITY_HIGH);
    CHECK_STR(rule_info(RULE_RELAY_PROBE)->id, "RW-RELAY-PROBE");
    CHECK_STR(rule_info(RULE_STATE_PRESSURE)->type, "state_pressure");
    CHECK_STR(entity_type_name(ENTITY_LIST), "list");
    CHECK_STR(alert_state_name(ALERT_ENDED), "ended");
    CHECK_STR(verdict_state_name(VERDICT_EXPOSED), "exposed");
    CHECK_STR(verdict_topic_name(TOPIC_INSIDE), "inside");
    CHECK_STR(top_dimension_name(TOP_AUTH_FAILED), "auth_failed");
}

static const struct test_case cases[] = {
    {"every rule has advice for every mail system, known or not", test_every_rule},
    {"advice is printable ASCII and its commands are short", test_form},
    {"advice names the settings of the mail system at hand", test_families},
    {"each rule names the setting of each generation", test_settings},
    {"each says whom a block would hit", test_blocks},
    {"the advice on a bounce flood begins by sparing the innocent", test_innocents},
    {"a verdict repeats the advice of its rule and a no asks for nothing", test_topics},
    {"names and scores are those of the contract", test_names},
};

TEST_MAIN(cases)
