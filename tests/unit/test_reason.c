/* test_reason.c - refusals as servers word them, and what they mean */
#include "match/signatures.h"

#include "test.h"

struct wording_case {
    enum reason_direction direction;
    uint16_t code;
    uint8_t status[3];
    const char *text;
    enum reason want;
};

static const struct wording_case wording_cases[] = {
    {DIRECTION_OWN, 554, {5, 7, 1}, "<a@b.example>: Relay access denied", REASON_RELAY_DENIED},
    {DIRECTION_OWN, 454, {4, 7, 1}, "<a@b.example>: Relay access denied", REASON_RELAY_DENIED},
    {DIRECTION_OWN, 550, {5, 7, 1}, "Unable to relay for a@b.example", REASON_RELAY_DENIED},
    {DIRECTION_OWN, 550, {5, 7, 1}, "a@b.example... Relaying denied", REASON_RELAY_DENIED},
    {DIRECTION_OWN, 550, {0, 0, 0}, "relay not permitted", REASON_RELAY_DENIED},
    {DIRECTION_OWN, 550, {0, 0, 0}, "Relaying is prohibited", REASON_RELAY_DENIED},
    {DIRECTION_OWN,
     553,
     {0, 0, 0},
     "sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)",
     REASON_RELAY_DENIED},
    {DIRECTION_OWN,
     550,
     {5, 1, 1},
     "<x@example.org>: Recipient address rejected: User unknown in local recipient table",
     REASON_RCPT_UNKNOWN},
    {DIRECTION_OWN, 450, {4, 1, 1}, "User unknown in virtual mailbox table", REASON_RCPT_UNKNOWN},
    {DIRECTION_REMOTE,
     550,
     {5, 1, 1},
     "The email account that you tried to reach does not exist.",
     REASON_RCPT_UNKNOWN},
    {DIRECTION_REMOTE,
     550,
     {5, 1, 10},
     "RESOLVER.ADR.RecipientNotFound; not found",
     REASON_RCPT_UNKNOWN},
    {DIRECTION_REMOTE, 556, {5, 1, 10}, "no mail here", REASON_DOMAIN_UNKNOWN},
    {DIRECTION_OWN,
     550,
     {5, 7, 54},
     "550 5.7.54 SMTP; Unable to relay recipient in non-accepted domain",
     REASON_RELAY_DENIED},
    {DIRECTION_OWN,
     550,
     {5, 7, 60},
     "550 5.7.60 SMTP; Client does not have permissions to send as this sender",
     REASON_SENDER_LOGIN},
    {DIRECTION_OWN,
     530,
     {5, 7, 57},
     "530 5.7.57 SMTP; Client was not authenticated to send anonymous mail during MAIL FROM",
     REASON_AUTH_REQUIRED},
    {DIRECTION_OWN,
     421,
     {4, 4, 2},
     "421 4.4.2 Message submission rate for this client has exceeded the configured limit",
     REASON_RATE},
    {DIRECTION_OWN,
     452,
     {4, 3, 1},
     "452 4.3.1 Insufficient system resources",
     REASON_LOCAL_TROUBLE},
    {DIRECTION_OWN, 554, {5, 1, 0}, "554 5.1.0 Sender denied", REASON_POLICY},
    {DIRECTION_REMOTE,
     554,
     {5, 7, 1},
     "Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org",
     REASON_BLOCKLIST},
    {DIRECTION_REMOTE,
     550,
     {5, 7, 1},
     "Unfortunately, messages from [192.0.2.1] weren't sent. Please contact your "
     "Internet service provider since part of their network is on our block list (S3140).",
     REASON_BLOCKLIST},
    {DIRECTION_REMOTE,
     421,
     {4, 7, 28},
     "Our system has detected an unusual rate of unsolicited mail",
     REASON_RATE},
    {DIRECTION_REMOTE, 450, {4, 7, 1}, "Greylisted, see http://postgrey.example/", REASON_GREYLIST},
    {DIRECTION_OWN,
     450,
     {4, 2, 0},
     "Greylisting in action, please come back later",
     REASON_GREYLIST},
    {DIRECTION_REMOTE, 552, {5, 2, 2}, "user is over quota", REASON_MAILBOX_FULL},
    {DIRECTION_OWN,
     553,
     {5, 7, 1},
     "<ceo@example.org>: Sender address rejected: not owned by user joe",
     REASON_SENDER_LOGIN},
    {DIRECTION_OWN,
     450,
     {4, 1, 8},
     "<a@none.example>: Sender address rejected: Domain not found",
     REASON_SENDER_BAD},
    {DIRECTION_OWN,
     550,
     {5, 5, 3},
     "<DATA>: Data command rejected: Multi-recipient bounce",
     REASON_MULTI_RCPT_BOUNCE},
    {DIRECTION_OWN,
     450,
     {4, 7, 1},
     "Client host rejected: cannot find your reverse hostname, [192.0.2.1]",
     REASON_RDNS},
    {DIRECTION_REMOTE,
     0,
     {4, 4, 1},
     "connect to mx.example[192.0.2.1]:25: Connection timed out",
     REASON_UNREACHABLE},
    {DIRECTION_OWN,
     0,
     {5, 4, 4},
     "Host or domain name not found. Name service error for name=x.example",
     REASON_DOMAIN_UNKNOWN},
    {DIRECTION_REMOTE, 550, {5, 7, 26}, "unauthenticated mail is not accepted", REASON_SENDER_AUTH},
    {DIRECTION_OWN, 535, {5, 7, 8}, "", REASON_AUTH_FAIL},
    {DIRECTION_OWN, 454, {4, 7, 0}, "", REASON_POLICY},
    {DIRECTION_OWN, 250, {2, 0, 0}, "Ok", REASON_NONE},
};

static void wordings_have_their_meaning(void)
{
    struct signatures *signatures = signatures_load(NULL, NULL);
    const struct reasons *r = signatures->reasons;

    for (size_t i = 0; i < sizeof wording_cases / sizeof wording_cases[0]; i++) {
        const struct wording_case *c = &wording_cases[i];
        enum reason got = reason_classify(r, c->direction, c->code, c->status, slice_of(c->text));
        if (got != c->want)
            printf("#   %s: %s, want %s\n", c->text, reason_name(got), reason_name(c->want));
        CHECK_INT(got, c->want);
    }
    signatures_free(signatures);
}

static void a_remote_only_wording_is_not_ours(void)
{
    struct signatures *signatures = signatures_load(NULL, NULL);
    const struct reasons *r = signatures->reasons;
    const uint8_t none[3] = {0};

    CHECK_INT(reason_classify(r, DIRECTION_REMOTE, 0, none, slice_of("banned sending IP")),
              REASON_BLOCKLIST);
    CHECK_INT(reason_classify(r, DIRECTION_OWN, 0, none, slice_of("banned sending IP")),
              REASON_NONE);
    signatures_free(signatures);
}

static const struct test_case cases[] = {
    {"wordings have their meaning, text before codes", wordings_have_their_meaning},
    {"what only remote servers say is not taken from our own", a_remote_only_wording_is_not_ours},
};

TEST_MAIN(cases)
