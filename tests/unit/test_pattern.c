/* test_pattern.c - patterns: when they are asked, what hits, and what a bad expression costs */
#include "match/signatures.h"

#include "test.h"

static struct signatures *signatures;

/* Patterns of one entry, as an admin writes them. */
struct own {
    struct signature_set set;
    struct patterns *patterns;
    struct pattern_run run;
    struct pattern_bits hits, tried;
};
static struct own own;

static bool own_begin(const char *members, struct error *reterr)
{
    char text[1000];

    own = (struct own){.set = {.count = 1}};
    snprintf(text, sizeof text,
             "{\"schema\": 1, \"kind\": \"patterns\", \"title\": \"t\", \"entries\": [{\"id\": "
             "\"own\", \"title\": \"t\", \"meaning\": \"bot\", \"source\": \"s\", %s}]}",
             members);
    CHECK(signature_file_parse("own.json", slice_of(text), &own.set.files[0], reterr));
    own.patterns = patterns_new(&own.set, reterr);
    return own.patterns != NULL;
}

static void own_end(void)
{
    patterns_free(own.patterns);
    signature_set_free(&own.set);
}

/* Did the first pattern hit? *off: was it switched off just now. */
static bool ask(enum pattern_field field, slice text, enum pattern_occasion occasion, bool *off)
{
    struct pattern_subject subject = {.occasion = occasion};

    subject.field[field] = text;
    own.hits = own.tried = (struct pattern_bits){{0}};
    *off = patterns_match(own.patterns, &own.run, &subject, &own.hits, &own.tried);
    return pattern_bits_has(&own.hits, 0);
}

static void literal_and_expression_must_both_be_there(void)
{
    struct error error = {0};
    bool off;

    CHECK(own_begin("\"field\": \"helo\", \"literal\": \"ylmf\", \"regex\": \"^ylmf-pc$\", "
                    "\"match\": [\"ylmf-pc\"]",
                    &error));
    CHECK(ask(PATTERN_HELO, SLICE_LIT("YLMF-pc"), ON_REFUSED, &off));
    CHECK(!ask(PATTERN_HELO, SLICE_LIT("ylmf-pc\n"), ON_REFUSED, &off));
    CHECK(!ask(PATTERN_HELO, SLICE_LIT("xylmf-pc"), ON_REFUSED, &off));
    CHECK(pattern_bits_has(&own.tried, 0));
    CHECK_INT(own.run.each[0].tried, 3);
    CHECK(!ask(PATTERN_HELO, SLICE_LIT("mail.example.com"), ON_REFUSED, &off));
    CHECK(!ask(PATTERN_SENDER, SLICE_LIT("ylmf-pc"), ON_REFUSED, &off));
    CHECK_INT(own.run.each[0].tried, 3); /* nothing ran without the literal, or on another field */
    own_end();
}

static void occasions_keep_it_silent(void)
{
    struct error error = {0};
    bool off;

    CHECK(own_begin("\"field\": \"user\", \"on\": [\"auth_failed\"], \"regex\": \"^x[0-9]$\", "
                    "\"match\": [\"x1\"]",
                    &error));
    CHECK(ask(PATTERN_USER, SLICE_LIT("x1"), ON_AUTH_FAILED, &off));
    CHECK(!ask(PATTERN_USER, SLICE_LIT("x1"), ON_RELAY, &off));
    CHECK_INT(own.run.each[0].tried, 1);
    own_end();
}

static void any_byte_is_a_text(void)
{
    struct error error = {0};
    char bytes[700];
    bool off;

    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (char)i;
    CHECK(own_begin("\"field\": \"helo\", \"on\": [\"refused\"], \"regex\": \"\\\\xff$\", "
                    "\"match\": [\"x\"]",
                    &error));
    CHECK(ask(PATTERN_HELO, (slice){bytes, sizeof bytes}, ON_REFUSED, &off)); /* cut at byte 512 */
    CHECK(!ask(PATTERN_HELO, (slice){bytes, PATTERN_TEXT_MAX - 1}, ON_REFUSED, &off));
    CHECK(ask(PATTERN_HELO, (slice){bytes, 256}, ON_REFUSED, &off));
    CHECK_INT(own.run.each[0].limited, 0);
    own_end();
}

/* Each of these takes time that doubles, or grows with a high power, by every byte. */
static void a_bad_expression_is_stopped_and_switched_off(void)
{
    static const char *const bad[] = {"^(a+)+$",
                                      "(a|a)*b$",
                                      "(a*)*(a*)*(a*)*bb",
                                      "^(a|aa)+$",
                                      "(.*)(.*)(.*)(.*)(.*)x$",
                                      "(?:(?:a?){30}){30}b$"};
    char members[200], text[PATTERN_TEXT_MAX * 2];
    struct error error = {0};
    bool off;

    memset(text, 'a', sizeof text);
    memcpy(text + PATTERN_TEXT_MAX - 3, "bx!", 3); /* all that the expressions want, but the end */
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        snprintf(members, sizeof members,
                 "\"field\": \"helo\", \"on\": [\"refused\"], \"regex\": \"%s\", \"match\": "
                 "[\"ab\"]",
                 bad[i]);
        CHECK(own_begin(members, &error));
        for (int line = 1; line <= 1000; line++) {
            CHECK(!ask(PATTERN_HELO, (slice){text, sizeof text}, ON_REFUSED, &off));
            CHECK(off == (line == PATTERN_LIMITS_TO_OFF));
        }
        CHECK_INT(own.run.each[0].tried, PATTERN_LIMITS_TO_OFF);
        CHECK_INT(own.run.each[0].limited, PATTERN_LIMITS_TO_OFF);
        CHECK(own.run.each[0].off);
        CHECK_STR(patterns_info(own.patterns, 0)->file, "own.json");
        own_end();
    }
}

/* Texts made against the built-in expressions: no client may switch one off. */
static void built_in_expressions_stay_far_from_the_limit(void)
{
    static const char *const made_of[] = {
        "bounce-", "bounce=",     "return+a=", "1.1-",        "203-0-113-", "prvs=",  "srs0=",
        "' or a=", "dsl-",        "a=b.",      "imceasmtp-+", "win-",       "${run{", "xl-20",
        "=+-.",    "get / http/", "dyn-ip.",   "desktop-",    "btv1==",     "--'"};
    static struct pattern_run run;
    struct pattern_subject subject;
    struct pattern_bits hits = {{0}};
    char text[2 * PATTERN_TEXT_MAX];

    for (size_t a = 0; a < sizeof made_of / sizeof made_of[0]; a++)
        for (size_t b = 0; b < sizeof made_of / sizeof made_of[0]; b++)
            for (unsigned on = 0; on < ON_COUNT; on++) {
                size_t n = 0;
                while (n + 40 < sizeof text)
                    n += (size_t)snprintf(text + n, sizeof text - n, "%s",
                                          made_of[n < PATTERN_TEXT_MAX / 2 ? a : b]);
                for (unsigned f = 0; f < PATTERN_FIELD_COUNT; f++)
                    subject.field[f] = (slice){text, n};
                subject.occasion = (enum pattern_occasion)on;
                CHECK(!patterns_match(signatures->patterns, &run, &subject, &hits, NULL));
            }
    for (unsigned i = 0; i < patterns_count(signatures->patterns); i++) {
        CHECK_INT(run.each[i].limited, 0);
        if (run.each[i].limited > 0)
            printf("# %s\n", patterns_info(signatures->patterns, i)->id);
    }
}

static void built_in_patterns_are_told_by_id(void)
{
    static const struct {
        enum pattern_field field;
        const char *text, *id;
        enum pattern_occasion on;
    } rows[] = {
        {PATTERN_HELO, "ylmf-pc", "helo-ylmf-pc", ON_PROTOCOL},
        {PATTERN_HELO, "WIN-9QL4SDRB93L", "helo-windows-name", ON_RELAY},
        {PATTERN_HELO_KIND, "inside_address", "helo-inside-address", ON_REFUSED},
        {PATTERN_CLIENT_NAME, "scan-12b.shadowserver.org", "scan-shadowserver", ON_REFUSED},
        {PATTERN_SENDER_LOCAL, "prvs=1234567890=ann", "sender-batv", ON_REFUSED},
        {PATTERN_ENVELOPE_KIND, "self_foreign", "envelope-self", ON_REFUSED},
        {PATTERN_TEXT, "GET / HTTP/1.0", "scan-http", ON_PROTOCOL},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct pattern_subject subject = {.occasion = rows[i].on};
        struct pattern_run run = {0};
        struct pattern_bits hits = {{0}};
        bool found = false;
        subject.field[rows[i].field] = slice_of(rows[i].text);
        patterns_match(signatures->patterns, &run, &subject, &hits, NULL);
        for (unsigned p = 0; p < patterns_count(signatures->patterns); p++)
            found |= pattern_bits_has(&hits, p) &&
                     strcmp(patterns_info(signatures->patterns, p)->id, rows[i].id) == 0;
        CHECK(found);
    }
}

static const struct test_case cases[] = {
    {"literal and expression must both be there", literal_and_expression_must_both_be_there},
    {"occasions keep it silent", occasions_keep_it_silent},
    {"any byte is a text", any_byte_is_a_text},
    {"a bad expression is stopped and switched off", a_bad_expression_is_stopped_and_switched_off},
    {"built-in expressions stay far from the limit", built_in_expressions_stay_far_from_the_limit},
    {"built-in patterns are told by id", built_in_patterns_are_told_by_id},
};

int main(void)
{
    int result;

    signatures = signatures_load(NULL, NULL);
    result = test_main(cases, sizeof cases / sizeof cases[0]);
    signatures_free(signatures);
    return result;
}
