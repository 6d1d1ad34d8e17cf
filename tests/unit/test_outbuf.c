/* test_outbuf.c - growth and overflow, JSON and terminal escapes, ISO times */
#include "base/outbuf.h"

#include <stdlib.h>

#include "test.h"

static void a_buffer_grows_to_its_limit_and_no_further(void)
{
    struct outbuf b;

    outbuf_init(&b, 1000);
    CHECK(b.ptr == NULL);
    CHECK_SLICE(outbuf_slice(&b), "");
    for (int i = 0; i < 1000; i++)
        outbuf_putc(&b, (char)('a' + i % 26));
    CHECK(!b.overflow);
    CHECK_INT(b.len, 1000);
    CHECK(b.ptr[0] == 'a' && b.ptr[999] == (char)('a' + 999 % 26));
    outbuf_putc(&b, 'x');
    CHECK(b.overflow);
    CHECK_INT(b.len, 1000);
    outbuf_clear(&b);
    CHECK(!b.overflow && b.len == 0 && b.cap == 1000);
    outbuf_fini(&b);
    outbuf_puts(&b, "again");
    CHECK_SLICE(outbuf_slice(&b), "again");
    outbuf_fini(&b);
}

static void what_does_not_fit_is_dropped_whole_with_all_that_follows(void)
{
    struct outbuf b;

    outbuf_init(&b, 10);
    outbuf_puts(&b, "12345678");
    outbuf_puts(&b, "abc");
    outbuf_putc(&b, 'd');
    outbuf_printf(&b, "%d", 5);
    CHECK(b.overflow);
    CHECK_SLICE(outbuf_slice(&b), "12345678");
    outbuf_fini(&b);
}

static void numbers_and_formats_are_written(void)
{
    char wide[400];
    struct outbuf b;

    outbuf_init(&b, 10000);
    outbuf_u64(&b, 0);
    outbuf_putc(&b, ' ');
    outbuf_u64(&b, UINT64_MAX);
    outbuf_putc(&b, ' ');
    outbuf_i64(&b, INT64_MIN);
    outbuf_putc(&b, ' ');
    outbuf_i64(&b, 42);
    outbuf_puts(&b, NULL);
    outbuf_put(&b, SLICE_NONE);
    outbuf_printf(&b, " %s-%03d", "x", 7);
    CHECK_SLICE(outbuf_slice(&b), "0 18446744073709551615 -9223372036854775808 42 x-007");
    outbuf_clear(&b);
    memset(wide, ' ', sizeof(wide));
    memcpy(wide + 395, "77777", 5);
    outbuf_printf(&b, "%400d", 77777); /* longer than the small buffer */
    CHECK(slice_eq(outbuf_slice(&b), (slice){wide, 400}));
    outbuf_fini(&b);
}

static void json_strings_are_escaped(void)
{
    const struct {
        slice in;
        const char *want;
    } rows[] = {
        {SLICE_LIT(""), "\"\""},
        {SLICE_LIT("plain <a@example.org>"), "\"plain <a@example.org>\""},
        {SLICE_LIT("q\"b\\s/"), "\"q\\\"b\\\\s/\""},
        {SLICE_LIT("\b\f\n\r\t"), "\"\\b\\f\\n\\r\\t\""},
        {SLICE_LIT("\0\x1b[31m\x7f"), "\"\\u0000\\u001b[31m\\u007f\""},
        {SLICE_LIT("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"),
         "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\""},
        {SLICE_LIT("\xc2\x80\xc2\x9b\xc2\xa0"), "\"\\u0080\\u009b\xc2\xa0\""},
        {SLICE_LIT("\xe2\x80\xa8\xe2\x80\xa9"), "\"\\u2028\\u2029\""},
        {SLICE_LIT("\xff"
                   "a\xe2\x82"),
         "\"\xef\xbf\xbd"
         "a\xef\xbf\xbd\""},
        {SLICE_LIT("\xc0\xaf"), "\"\xef\xbf\xbd\xef\xbf\xbd\""},
    };
    struct outbuf b;

    outbuf_init(&b, 1000);
    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        outbuf_clear(&b);
        outbuf_json_string(&b, rows[i].in);
        CHECK_SLICE(outbuf_slice(&b), rows[i].want);
    }
    outbuf_clear(&b);
    outbuf_json_key(&b, SLICE_LIT("k"));
    outbuf_json_string(&b, SLICE_NONE);
    CHECK_SLICE(outbuf_slice(&b), "\"k\":\"\"");
    outbuf_fini(&b);
}

static void any_bytes_give_ascii_safe_or_valid_json(void)
{
    struct outbuf b;
    char in[64];
    uint32_t random = 1;

    outbuf_init(&b, 1000);
    for (int round = 0; round < 5000; round++) {
        for (unsigned i = 0; i < sizeof(in); i++) {
            random = random * 1664525 + 1013904223;
            in[i] = (char)(random >> 24);
        }
        outbuf_clear(&b);
        outbuf_json_string(&b, (slice){in, sizeof(in)});
        bool ok = b.len >= 2 && b.ptr[0] == '"' && b.ptr[b.len - 1] == '"';
        for (size_t i = 1; ok && i + 1 < b.len; i++) {
            ok = (uint8_t)b.ptr[i] >= ' ' && b.ptr[i] != '"' && b.ptr[i] != 0x7f;
            i += b.ptr[i] == '\\';
        }
        CHECK(ok);
    }
    outbuf_fini(&b);
}

static void text_for_a_terminal_has_no_controls_and_a_limit(void)
{
    const struct {
        slice in;
        size_t max;
        const char *want;
    } rows[] = {
        {SLICE_LIT("hello"), 5, "hello"},
        {SLICE_LIT("hello"), 80, "hello"},
        {SLICE_LIT("hello!"), 5, "he..."},
        {SLICE_LIT("hello"), 2, ".."},
        {SLICE_LIT("hello"), 0, ""},
        {SLICE_LIT(""), 0, ""},
        {SLICE_LIT("a\x1b[2Jb\0c\x7f\n\t"), 80, "a?[2Jb?c???"},
        {SLICE_LIT("\xc2\x9b"
                   "1m"),
         80, "?1m"},
        {SLICE_LIT("x\xe2\x80\xaey\xe2\x81\xa6\xd8\x9c\xe2\x80\x8f"), 80, "x?y???"},
        {SLICE_LIT("\xc3\xa9\xff\xe2\x82\xac"), 80, "\xc3\xa9?\xe2\x82\xac"},
        {SLICE_LIT("\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9"), 8, "\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9"},
        {SLICE_LIT("\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9"), 7, "\xc3\xa9\xc3\xa9..."},
        {SLICE_LIT("\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9"), 6, "\xc3\xa9..."}, /* no half of a letter */
        {SLICE_LIT("\xff\xff\xff\xff"), 4, "????"},
    };
    struct outbuf b;

    outbuf_init(&b, 1000);
    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        outbuf_clear(&b);
        outbuf_plain(&b, rows[i].in, rows[i].max);
        CHECK_SLICE(outbuf_slice(&b), rows[i].want);
        CHECK(b.len <= rows[i].max);
    }
    outbuf_fini(&b);
}

static void times_are_written_in_iso_form(void)
{
    static const struct {
        int64_t time_us;
        const char *want;
    } rows[] = {
        {0, "1970-01-01T00:00:00.000Z"},
        {1795498198731999, "2026-11-24T05:29:58.731Z"},
        {951782400000000, "2000-02-29T00:00:00.000Z"},
        {951868800000000, "2000-03-01T00:00:00.000Z"},
        {4107542399999999, "2100-02-28T23:59:59.999Z"},
        {4107542400000000, "2100-03-01T00:00:00.000Z"},
        {-1, "1969-12-31T23:59:59.999Z"},
        {-62135596800000000, "0001-01-01T00:00:00.000Z"},
        {253402300799999999, "9999-12-31T23:59:59.999Z"},
        {253402300800000000, "+10000-01-01T00:00:00.000Z"},
        {-62167219200000000, "0000-01-01T00:00:00.000Z"},
        {-62167219200000001, "-0001-12-31T23:59:59.999Z"},
    };
    struct outbuf b;

    outbuf_init(&b, 1000);
    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        outbuf_clear(&b);
        outbuf_time_iso(&b, rows[i].time_us);
        CHECK_SLICE(outbuf_slice(&b), rows[i].want);
    }
    outbuf_fini(&b);
}

/* Counts the days one by one over 800 years. */
static void every_day_has_its_date(void)
{
    static const unsigned lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    unsigned year = 1600, month = 1, day = 1;
    struct outbuf b;

    outbuf_init(&b, 100);
    for (int64_t days = -135140; year < 2400; days++) {
        char want[48];
        snprintf(want, sizeof(want), "%04u-%02u-%02uT12:00:00.000Z", year, month, day);
        outbuf_clear(&b);
        outbuf_time_iso(&b, days * INT64_C(86400000000) + INT64_C(43200000000));
        if (!slice_eq(outbuf_slice(&b), slice_of(want))) {
            CHECK_SLICE(outbuf_slice(&b), want);
            break;
        }
        bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
        if (++day > lengths[month - 1] + (month == 2 && leap)) {
            day = 1;
            month = month % 12 + 1;
            year += month == 1;
        }
    }
    outbuf_fini(&b);
}

static const struct test_case cases[] = {
    {"a buffer grows to its limit and no further", a_buffer_grows_to_its_limit_and_no_further},
    {"what does not fit is dropped whole, with all that follows",
     what_does_not_fit_is_dropped_whole_with_all_that_follows},
    {"numbers and formats are written", numbers_and_formats_are_written},
    {"JSON strings are escaped", json_strings_are_escaped},
    {"any bytes give a closed JSON string without controls",
     any_bytes_give_ascii_safe_or_valid_json},
    {"text for a terminal has no controls and keeps its limit",
     text_for_a_terminal_has_no_controls_and_a_limit},
    {"times are written in ISO form", times_are_written_in_iso_form},
    {"every day of 800 years has its date", every_day_has_its_date},
};
TEST_MAIN(cases)
