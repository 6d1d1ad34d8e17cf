/* test_cursor.c - every take moves on success and only then */
#include "base/cursor.h"

#include "test.h"

static void literals_and_bytes_are_passed(void)
{
    slice cur = SLICE_LIT("to=<a>");

    CHECK(!cursor_take_lit(&cur, SLICE_LIT("from=")));
    CHECK_SLICE(cur, "to=<a>");
    CHECK(cursor_take_lit(&cur, SLICE_LIT("to=")));
    CHECK(!cursor_take_byte(&cur, '>'));
    CHECK(cursor_take_byte(&cur, '<'));
    CHECK_SLICE(cur, "a>");
    CHECK(cursor_take_lit(&cur, SLICE_LIT("a>")));
    CHECK_INT(cur.len, 0);
    CHECK(!cursor_take_byte(&cur, 'a') && !cursor_take_lit(&cur, SLICE_LIT("a")));
}

static void numbers_stop_at_their_limit(void)
{
    static const struct {
        const char *in;
        uint64_t max;
        bool ok;
        uint64_t n;
        const char *left;
    } rows[] = {
        {"0", 0, true, 0, ""},
        {"25]", 65535, true, 25, "]"},
        {"007x", 7, true, 7, "x"},
        {"8", 7, false, 0, "8"},
        {"65536", 65535, false, 0, "65536"},
        {"18446744073709551615", UINT64_MAX, true, UINT64_MAX, ""},
        {"18446744073709551616", UINT64_MAX, false, 0, "18446744073709551616"},
        {"99999999999999999999999", UINT64_MAX, false, 0, "99999999999999999999999"},
        {"", 9, false, 0, ""},
        {"-1", 9, false, 0, "-1"},
    };

    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        slice cur = slice_of(rows[i].in);
        uint64_t n = 77;
        CHECK(cursor_take_uint(&cur, rows[i].max, &n) == rows[i].ok);
        CHECK(n == (rows[i].ok ? rows[i].n : 77));
        CHECK_SLICE(cur, rows[i].left);
    }
}

static void pieces_are_cut_at_a_byte(void)
{
    slice cur = SLICE_LIT("mx.example[192.0.2.1]:25"), got = SLICE_NONE;

    CHECK(!cursor_take_until(&cur, '<', &got) && !cursor_take_past(&cur, '<', &got));
    CHECK(got.ptr == NULL);
    CHECK_SLICE(cur, "mx.example[192.0.2.1]:25");
    CHECK(cursor_take_until(&cur, '[', &got));
    CHECK_SLICE(got, "mx.example");
    CHECK_SLICE(cur, "[192.0.2.1]:25");
    CHECK(cursor_take_byte(&cur, '[') && cursor_take_past(&cur, ']', &got));
    CHECK_SLICE(got, "192.0.2.1");
    CHECK_SLICE(cur, ":25");
    CHECK(cursor_take_past(&cur, ':', &got));
    CHECK_INT(got.len, 0);
}

static void tokens_end_at_a_blank(void)
{
    slice cur = SLICE_LIT("one \ttwo"), got = SLICE_NONE;

    CHECK(!cursor_take_blanks(&cur));
    CHECK(cursor_take_token(&cur, &got));
    CHECK_SLICE(got, "one");
    CHECK(!cursor_take_token(&cur, &got));
    CHECK(cursor_take_blanks(&cur));
    CHECK(cursor_take_token(&cur, &got));
    CHECK_SLICE(got, "two");
    CHECK(!cursor_take_token(&cur, &got) && !cursor_take_blanks(&cur));
}

static void seconds_become_milliseconds(void)
{
    static const struct {
        const char *in;
        bool ok;
        int64_t ms;
        const char *left;
    } rows[] = {
        {"0.05,", true, 50, ","},
        {"63495", true, 63495000, ""},
        {"1.2/3", true, 1200, "/3"},
        {"0", true, 0, ""},
        {"0.0004", true, 0, ""},
        {"0.0005", true, 1, ""},
        {"0.99951", true, 1000, ""},
        {"3.1234999999999999999999", true, 3123, ""},
        {"5.", true, 5000, "."},
        {"5.x", true, 5000, ".x"},
        {".5", false, 0, ".5"},
        {"", false, 0, ""},
        {"-1", false, 0, "-1"},
        {"9223372036854774", true, INT64_C(9223372036854774000), ""},
        {"9223372036854776", false, 0, "9223372036854776"},
        {"9223372036854774.9999", true, INT64_C(9223372036854775000), ""},
    };

    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        slice cur = slice_of(rows[i].in);
        int64_t ms = -1;
        CHECK(cursor_take_decimal_ms(&cur, &ms) == rows[i].ok);
        CHECK_INT(ms, rows[i].ok ? rows[i].ms : -1);
        CHECK_SLICE(cur, rows[i].left);
    }
}

static void an_absent_slice_gives_nothing(void)
{
    slice cur = SLICE_NONE, got = SLICE_NONE;
    uint64_t n;
    int64_t ms;

    CHECK(!cursor_take_byte(&cur, 'a') && !cursor_take_lit(&cur, SLICE_LIT("a")));
    CHECK(!cursor_take_uint(&cur, 9, &n) && !cursor_take_decimal_ms(&cur, &ms));
    CHECK(!cursor_take_until(&cur, 'a', &got) && !cursor_take_past(&cur, 'a', &got));
    CHECK(!cursor_take_token(&cur, &got) && !cursor_take_blanks(&cur));
}

static const struct test_case cases[] = {
    {"literals and bytes are passed or left", literals_and_bytes_are_passed},
    {"numbers are read up to their limit", numbers_stop_at_their_limit},
    {"pieces are cut at a byte", pieces_are_cut_at_a_byte},
    {"tokens end at a blank", tokens_end_at_a_blank},
    {"seconds become milliseconds", seconds_become_milliseconds},
    {"an absent slice gives nothing", an_absent_slice_gives_nothing},
};
TEST_MAIN(cases)
