/* test_html_escape.c - every byte string as text and as a value of an attribute */
#include "test.h"

#include "output/html_escape.h"

enum { ALL = 1 << 20 };

static void check_both(slice in, const char *text, const char *attr)
{
    struct outbuf out;

    outbuf_init(&out, 1 << 16);
    html_text(&out, in, ALL);
    CHECK_SLICE(outbuf_slice(&out), text);
    outbuf_clear(&out);
    html_attr(&out, in, ALL);
    CHECK_SLICE(outbuf_slice(&out), attr);
    outbuf_fini(&out);
}

static void check_same(slice in, const char *want)
{
    check_both(in, want, want);
}

static void test_markup(void)
{
    check_same(SLICE_LIT("<script>alert(1)</script>"), "&lt;script&gt;alert(1)&lt;/script&gt;");
    check_same(SLICE_LIT("\" onload='x' &amp;"), "&quot; onload=&#39;x&#39; &amp;amp;");
    check_same(SLICE_LIT("-->]]>"), "--&gt;]]&gt;");
    check_same(SLICE_LIT(""), "");
    check_same(SLICE_NONE, "");
}

static void test_controls(void)
{
    check_both(SLICE_LIT("a\x1b[31m"), "a<b class=\"x\">\\x1b</b>[31m", "a\\x1b[31m");
    check_both(SLICE_LIT("a\0b"), "a<b class=\"x\">\\x00</b>b", "a\\x00b");
    check_both(SLICE_LIT("\x7f\n"), "<b class=\"x\">\\x7f</b><b class=\"x\">\\x0a</b>",
               "\\x7f\\x0a");
    check_same(SLICE_LIT("a\tb"), "a b");
    check_same(SLICE_LIT("\\x1b"), "\\x1b"); /* the characters themselves are not marked */
    check_both(SLICE_LIT("\xc2\x85"), "<b class=\"x\">\\u0085</b>", "\\u0085");
}

static void test_direction(void)
{
    check_both(SLICE_LIT("a\xe2\x80\xae"
                         "gpj.exe"),
               "a<b class=\"x\">\\u202e</b>gpj.exe", "a\\u202egpj.exe");
    check_both(SLICE_LIT("\xe2\x81\xa6x\xe2\x81\xa9"),
               "<b class=\"x\">\\u2066</b>x<b class=\"x\">\\u2069</b>", "\\u2066x\\u2069");
    check_both(SLICE_LIT("\xe2\x80\x8b\xef\xbb\xbf"),
               "<b class=\"x\">\\u200b</b><b class=\"x\">\\ufeff</b>", "\\u200b\\ufeff");
    check_both(SLICE_LIT("e\xcc\x81"), "e<b class=\"x\">\\u0301</b>", "e\\u0301");
    check_both(SLICE_LIT("\xf3\xa0\x81\x81"), "<b class=\"x\">\\u{e0041}</b>", "\\u{e0041}");
    check_same(SLICE_LIT("\xd7\x90\xd7\x91"), "\xd7\x90\xd7\x91"); /* letters pass */
}

static void test_ill_formed(void)
{
    check_both(SLICE_LIT("\xff"
                         "a"),
               "<b class=\"x\">\\xff</b>a", "\\xffa");
    check_both(SLICE_LIT("\xc0\xbcscript"),
               "<b class=\"x\">\\xc0</b><b class=\"x\">\\xbc</b>script", "\\xc0\\xbcscript");
    check_both(SLICE_LIT("\xe2\x80"), "<b class=\"x\">\\xe2\\x80</b>", "\\xe2\\x80");
    check_both(SLICE_LIT("\xed\xa0\x80"), /* a surrogate */
               "<b class=\"x\">\\xed</b><b class=\"x\">\\xa0</b><b class=\"x\">\\x80</b>",
               "\\xed\\xa0\\x80");
    check_both(SLICE_LIT("\xef\xbf\xbe\xef\xb7\x90"),
               "<b class=\"x\">\\ufffe</b><b class=\"x\">\\ufdd0</b>", "\\ufffe\\ufdd0");
    check_same(SLICE_LIT("\xef\xbf\xbd"), "\xef\xbf\xbd");
}

static void test_cut(void)
{
    struct outbuf out;

    outbuf_init(&out, 1 << 16);
    html_text(&out, SLICE_LIT("abc<\xc3\xa4z"), 4);
    CHECK_SLICE(outbuf_slice(&out), "abc&lt;\xe2\x80\xa6");
    outbuf_clear(&out);
    html_text(&out, SLICE_LIT("abc<"), 4);
    CHECK_SLICE(outbuf_slice(&out), "abc&lt;");
    outbuf_clear(&out);
    html_value(&out, SLICE_LIT("ab"), 1);
    CHECK_SLICE(outbuf_slice(&out), "<bdi>a\xe2\x80\xa6</bdi>");
    outbuf_fini(&out);
}

/* Of all byte pairs and all single bytes none gives a character that HTML knows. */
static void test_every_byte(void)
{
    struct outbuf out;

    outbuf_init(&out, 1 << 16);
    for (unsigned n = 0; n < 0x10000; n++) {
        char in[2] = {(char)(n >> 8), (char)(n & 0xff)};
        outbuf_clear(&out);
        html_attr(&out, (slice){in, 2}, ALL);
        slice got = outbuf_slice(&out);
        CHECK(got.len > 0);
        for (size_t i = 0; i < got.len; i++)
            if ((uint8_t)got.ptr[i] < ' ' || strchr("<>\"'\x7f", got.ptr[i]) != NULL)
                test_fail(__FILE__, __LINE__, "a safe byte");
    }
    outbuf_fini(&out);
}

static const struct test_case cases[] = {
    {"markup becomes references", test_markup},
    {"controls are spelled out, and told from their spelling", test_controls},
    {"what changes direction, hides or piles up is spelled out", test_direction},
    {"ill-formed bytes are spelled out one by one", test_ill_formed},
    {"a long text ends in an ellipsis at a code point", test_cut},
    {"no pair of bytes gives markup", test_every_byte},
};

TEST_MAIN(cases)
