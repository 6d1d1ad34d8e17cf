/* test_signature_file.c - files of wordings: the shape, the bounds, hostile bytes */
#include "match/signature_file.h"

#include "match/signatures.h"
#include "test.h"

#define HEAD "{\"schema\": 1, \"kind\": \"reasons\", \"title\": \"t\", \"entries\": ["
#define GOOD                                                                                       \
    HEAD "{\"literal\": \"no thank you\", \"reason\": \"policy\", \"direction\": \"both\", "       \
         "\"source\": \"s\", \"match\": [\"550 No thank you\"]}]}"

/* Parse a copy that ends where its block ends, so that a byte too many is seen. */
static bool parse(slice text, struct error *reterr)
{
    struct signature_file f;
    char *copy = malloc(text.len + (text.len == 0));
    bool ok;

    memcpy(copy, text.ptr, text.len);
    ok = signature_file_parse("x.json", (slice){copy, text.len}, &f, reterr);
    free(copy);
    signature_file_free(&f);
    return ok;
}

static void check_error(slice text, const char *want)
{
    struct error error = {0};

    CHECK(!parse(text, &error));
    CHECK_INT(error.code, ERROR_CONFIG);
    CHECK_STR(error.text, want);
}

static void the_outline_is_checked(void)
{
    struct error error = {0};

    CHECK(parse(slice_of(GOOD), &error));
    CHECK(parse(slice_of(GOOD " \n"), &error));
    check_error(slice_of(""), "x.json:1:1: not JSON from here on");
    check_error(slice_of("[]"), "x.json: is not one JSON object {...}");
    check_error(slice_of(GOOD "x"), "x.json:1:176: text after the JSON object");
    check_error(slice_of("{\"schema\": 1,\n \"kind\" 2}"), "x.json:2:9: not JSON from here on");
    check_error(slice_of("{\"schema\": 2}"), "x.json: \"schema\" must be 1");
    check_error(
        slice_of("{\"schema\": 1, \"title\": \"t\", \"kind\": \"regex\"}"),
        "x.json: \"kind\" is none of reasons, block-lists, scenarios, policies, testers, patterns");
    check_error(slice_of("{\"schema\": 1, \"schema\": 1}"),
                "x.json: repeated member \"schema\"; allowed: schema, kind, title, entries");
    check_error(slice_of("{\"schema\": 1, \"title\": \"t\", \"kind\": \"reasons\"}"),
                "x.json: \"entries\" must be a list [{...}, ...]");
}

static void hostile_bytes_are_refused(void)
{
    check_error(SLICE_LIT("{\"schema\": 1\0}"), "x.json:1:13: not UTF-8 text");
    check_error(SLICE_LIT("{\"a\": \"\xff\"}"), "x.json:1:8: not UTF-8 text");
    check_error(slice_of("{\"a\": \"b\\u0000c\"}"), "x.json:1:9: no string may contain \\u0000");
    check_error(slice_of("[[[[[[[[[[[[["), "x.json:1:13: nested too deep (12 levels at most)");
    check_error(slice_of("\"[[[[[[[[[[[[[\""), "x.json: is not one JSON object {...}");
}

static void a_file_cut_anywhere_is_refused(void)
{
    slice good = slice_of(GOOD);

    for (size_t n = 0; n < good.len; n++) {
        struct error error = {0};
        CHECK(!parse(slice_first(good, n), &error));
    }
}

static void too_many_entries_are_refused(void)
{
    static char text[SIGNATURE_ENTRIES_MAX * 4 + 200] = HEAD;
    size_t n = strlen(text);

    for (unsigned i = 0; i <= SIGNATURE_ENTRIES_MAX; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, "%s{}", i == 0 ? "" : ",");
    snprintf(text + n, sizeof text - n, "]}");
    check_error(slice_of(text), "x.json: more than 2048 entries; split the file");
}

/* One entry, as the only one of a set of one file. */
static void check_entry_error(const char *entry, const char *want)
{
    static struct signature_set set;
    char text[1024];
    struct error error = {0};
    struct reasons *r;

    snprintf(text, sizeof text, HEAD "%s]}", entry);
    set = (struct signature_set){.count = 1};
    CHECK(signature_file_parse("x.json", slice_of(text), &set.files[0], &error));
    r = reasons_new(&set, &error);
    if (r != NULL)
        CHECK(!reasons_check(r, &set, &error));
    CHECK_STR(error.text, want);
    reasons_free(r);
    signature_set_free(&set);
}

static void entries_are_checked(void)
{
    check_entry_error("7", "x.json: entry 1: is not an object {...}");
    check_entry_error("{\"literal\": \"abcd\", \"literal\": \"abcd\"}",
                      "x.json: entry 1 (\"abcd\"): repeated member \"literal\"; allowed: literal, "
                      "reason, direction, source, short_because, match, nomatch");
    check_entry_error("{\"literal\": [\"abcd\"]}",
                      "x.json: entry 1: \"literal\" must be a text of 0 to 500 bytes");
    check_entry_error("{\"literal\": \"caf\xc3\xa9\"}",
                      "x.json: entry 1 (\"caf\xc3\xa9\"): \"literal\" must be printable ASCII");
    check_entry_error("{\"literal\": \"a\", \"short_because\": \"I like it\"}",
                      "x.json: entry 1 (\"a\"): \"literal\" must have 2 to 128 bytes");
    check_entry_error("{\"literal\": \"abcd\", \"reason\": \"policy\", \"direction\": \"own\", "
                      "\"source\": \"s\", \"match\": []}",
                      "x.json: entry 1 (\"abcd\"): \"match\" must have at least 1 text");
    check_entry_error("{\"literal\": \"abcd\", \"reason\": \"policy\", \"direction\": \"own\", "
                      "\"source\": \"s\", \"match\": [\"abcd\", 5]}",
                      "x.json: entry 1 (\"abcd\"): \"match\" 2 must be a text of 1 to 500 bytes");
}

static void messages_are_one_plain_line(void)
{
    check_error(slice_of("{\"a\\n\\u001b[2J\": 1}"),
                "x.json: unknown member \"a??[2J\"; allowed: schema, kind, title, entries");
    check_entry_error("{\"literal\": \"ab\\ncd\"}",
                      "x.json: entry 1 (\"ab?cd\"): \"literal\" must be printable ASCII");
}

static void the_built_in_files_keep_their_promises(void)
{
    struct error error = {0};
    struct signatures *s = signatures_load(NULL, &error);

    CHECK(signatures_check(s, &error));
    CHECK_STR(error.text, "");
    signatures_free(s);
}

static const struct test_case cases[] = {
    {"the outline of a file is checked", the_outline_is_checked},
    {"hostile bytes are refused, with their place", hostile_bytes_are_refused},
    {"a file cut anywhere is refused", a_file_cut_anywhere_is_refused},
    {"too many entries are refused", too_many_entries_are_refused},
    {"entries are checked by member", entries_are_checked},
    {"what a file says is quoted on one plain line", messages_are_one_plain_line},
    {"the built-in files give what their texts promise", the_built_in_files_keep_their_promises},
};

TEST_MAIN(cases)
