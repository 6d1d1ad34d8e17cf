/* test_refused.c - at what a refusal is aimed */
#include "match/refused.h"

#include "test.h"

static const struct {
    const char *text;
    enum reason reason;
    uint8_t status[3];
    enum refused want;
} rows[] = {
    /* the reason is enough, whatever the words are */
    {"anything", REASON_RCPT_UNKNOWN, {5, 1, 1}, REFUSED_RECIPIENT},
    {": Relay access denied", REASON_RELAY_DENIED, {5, 7, 1}, REFUSED_RECIPIENT},
    {"Client host rejected", REASON_SENDER_LOGIN, {5, 7, 1}, REFUSED_SENDER_LOGIN},
    /* Postfix */
    {": Client host rejected: Access denied", REASON_POLICY, {5, 7, 1}, REFUSED_CLIENT},
    {"Client host rejected: cannot find your hostname, [203.0.113.5]",
     REASON_RDNS,
     {4, 7, 25},
     REFUSED_CLIENT},
    {"Service unavailable; Client host [203.0.113.5] blocked using zen.spamhaus.org",
     REASON_BLOCKLIST,
     {5, 7, 1},
     REFUSED_CLIENT},
    {"Service unavailable; Sender address [a@example.net] blocked using dbl.spamhaus.org",
     REASON_BLOCKLIST,
     {5, 7, 1},
     REFUSED_SENDER},
    {"your address is on a list", REASON_BLOCKLIST, {5, 7, 1}, REFUSED_CLIENT},
    {": Helo command rejected: Host not found", REASON_RDNS, {4, 7, 1}, REFUSED_HELO},
    {": Sender address rejected: Access denied", REASON_SENDER_BAD, {5, 7, 1}, REFUSED_SENDER},
    {": Sender address rejected: Domain not found",
     REASON_SENDER_BAD,
     {4, 1, 8},
     REFUSED_SENDER_DOMAIN},
    {": Sender address rejected: Domain nomail.example does not accept mail (nullMX)",
     REASON_SENDER_BAD,
     {5, 7, 27},
     REFUSED_SENDER_DOMAIN},
    {": Sender address rejected: User unknown in local recipient table",
     REASON_SENDER_BAD,
     {5, 1, 0},
     REFUSED_SENDER_PART},
    {": Sender address rejected: not logged in", REASON_NONE, {5, 7, 1}, REFUSED_SENDER_LOGIN},
    {": Recipient address rejected: come back later", REASON_POLICY, {4, 7, 1}, REFUSED_RECIPIENT},
    /* others */
    {"Domain of sender address a@example.net does not resolve",
     REASON_SENDER_BAD,
     {4, 1, 8},
     REFUSED_SENDER_DNS},
    {"Domain of sender address a@example.net does not exist",
     REASON_SENDER_BAD,
     {5, 1, 8},
     REFUSED_SENDER_DOMAIN},
    {"Sender denied", REASON_POLICY, {5, 1, 0}, REFUSED_SENDER},
    /* the code speaks when the words do not */
    {"no", REASON_SENDER_BAD, {5, 1, 8}, REFUSED_SENDER_DOMAIN},
    {"", REASON_POLICY, {5, 1, 8}, REFUSED_SENDER_DOMAIN},
    {"no", REASON_POLICY, {5, 7, 1}, REFUSED_NOTHING},
    {"", REASON_NONE, {0, 0, 0}, REFUSED_NOTHING},
};

static void test_rows(void)
{
    struct refused_texts *t = refused_texts_new();

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        enum refused got = refused_what(t, rows[i].reason, rows[i].status, slice_of(rows[i].text));
        if (got != rows[i].want)
            printf("# \"%s\"\n", rows[i].text);
        CHECK_INT(got, rows[i].want);
    }
    refused_texts_free(t);
}

static const struct test_case cases[] = {{"wordings and codes", test_rows}};

TEST_MAIN(cases)
