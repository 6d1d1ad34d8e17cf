/* test_text.c - the text report: the answer first, lines within the page, hostile text harmless */
#include "test.h"

#include "base/utf8.h"
#include "output/page.h"
#include "output/text_format.h"
#include "output_fixture.h"

enum { OUT_MAX = 1 << 20 };

static slice report(const struct fixture *f, struct outbuf *out)
{
    outbuf_clear(out);
    writer_find(SLICE_LIT("text"))->summary(&f->run, &f->summary, f->incidents, 4, out);
    return outbuf_slice(out);
}

static slice first_line(slice text)
{
    return slice_first(text, slice_find_byte(text, '\n'));
}

static unsigned count_of(slice text, slice needle)
{
    unsigned count = 0;
    for (size_t found; (found = slice_find(text, needle)) < text.len; count++)
        text = slice_from(text, found + needle.len);
    return count;
}

static void test_answer_first(void)
{
    struct fixture *f = fixture_new();
    struct outbuf out;
    outbuf_init(&out, OUT_MAX);
    slice text = report(f, &out);
    CHECK_SLICE(first_line(text),
                "RELAY        YES  since 2026-03-02 03:00:32Z by 203.0.113.71 (and 3 more),");
    static const char *const in_order[] = {
        "plain, percent",
        "mx1.example.net relayed mail of 4 outside clients",
        "  What to do\n",
        "      smtpd_relay_restrictions = permit_mynetworks,\n",
        "\nBACKSCATTER  no   no bounces to strangers\n",
        "\nVICTIM       YES  since 2026-03-02 03:01:32Z, 6,200 bounces\n",
        "\nACCOUNT      no   ",
        "\nINSIDE       no   ",
        "\nCASES  incidents that belong together\n",
        "\nCRITICAL  2026-03-02 03:00:32Z - 05:10:00Z, 3 incidents\n",
        "\n             03:00 203.0.113.71 relays 312 recipients\n",
        "\n          -> 03:00 2001:db8:5::9 logs in as alice@example.net\n",
        "\n          RW-RELAY-ACCEPTED, RW-SASL-BRUTE-SUCCESS, RW-NDR-FLOOD\n",
        "\nINCIDENTS  2 critical, 1 high, 1 medium\n",
        "\nCRITICAL  RW-RELAY-ACCEPTED      ip 203.0.113.71 (host71.pool.example)\n",
        "2026-03-02 03:00:32Z - 05:10:00Z, 312 relayed recipients (threshold 1)\n",
        "messages 61, recipients 2,440, recipient domains 118\n",
        "> Mar  2 03:00:32 mx1",
        "with carol@example.net, 198.51.100.90 (and 55 more)\n",
        "What to do: RW-HARVEST\n",
        "\nTOP CLIENTS ",
        "\n! 203.0.113.71 ",
        "all: 5,000 recipients\n",
        "\nRELAYING REFUSED ",
        "\n    bot: HELO is a random name\n",
        "\nLOG\n",
        "  server      mx1.example.net (postfix)\n",
        "  coverage    recipient decisions 100%, client known 98%",
        "\n  risk score  87 of 100 (relay 80, victim 25, account 15)\n",
        ("    relaywatch --local-domain example.net \\\n      --local-domain example.org \\\n"
         "      --trusted 192.0.2.0/24\n"),
        "\nRFC 2505 SCORECARD  1 fail, 1 pass\n",
        "  1   FAIL      restricts unauthorised use as relay: 412 recipients relayed,",
        "\nMAIL HYGIENE  1 warn\n",
        "  H1  WARN      mail for postmaster is taken\n",
    };
    for (size_t i = 0; i < sizeof(in_order) / sizeof(in_order[0]); i++) {
        size_t found = slice_find(text, slice_of(in_order[i]));
        if (found >= text.len)
            test_fail(__FILE__, __LINE__, in_order[i]);
        else
            text = slice_from(text, found);
    }
    outbuf_fini(&out);
    free(f);
}

static void test_place(void)
{
    static const struct {
        struct geo_place place;
        const char *line;
    } rows[] = {
        {{.country = "VN", .city_name = "Hanoi", .as_number = 64496, .as_name = "Example"},
         "          from VN Hanoi, AS64496 Example\n"},
        {{.country_name = "Canada"}, "          from Canada\n"},
        {{.as_number = 64496}, "          from AS64496\n"},
        {{.city_name = "Hanoi"}, NULL},
    };
    struct fixture *f = fixture_new();
    struct outbuf out;
    outbuf_init(&out, OUT_MAX);
    CHECK(!slice_has(report(f, &out), SLICE_LIT("\n          from ")));
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        f->alerts[0].place = rows[i].place;
        CHECK(slice_has(report(f, &out), slice_of(rows[i].line != NULL ? rows[i].line : "")));
        CHECK_INT(count_of(report(f, &out), SLICE_LIT("\n          from ")), rows[i].line != NULL);
    }
    outbuf_fini(&out);
    free(f);
}

static void test_said_once(void)
{
    struct fixture *f = fixture_new();
    struct outbuf out;
    outbuf_init(&out, OUT_MAX);
    slice text = report(f, &out);
    CHECK_INT(count_of(text, SLICE_LIT("smtpd_relay_restrictions = permit")), 1);
    CHECK_INT(count_of(text, SLICE_LIT("Do not block the servers")), 1);
    CHECK_INT(count_of(text, SLICE_LIT("smtpd_hard_error_limit")), 1);
    outbuf_fini(&out);
    free(f);
}

/* Columns of every line, counted independently of the writer: one for each code point below U+1100,
 * two above. */
static void check_lines(slice text, unsigned columns)
{
    while (text.len > 0) {
        slice line = first_line(text), rest = line;
        unsigned width = 0;
        while (rest.len > 0) {
            uint32_t point = utf8_take(&rest);
            if (point < 0x20 || point == UTF8_BAD || (point >= 0x7F && point < 0xA0) ||
                (point >= 0x202A && point <= 0x202E))
                test_fail(__FILE__, __LINE__, "a control character came through");
            width += point < 0x1100 ? 1 : 2;
        }
        if (width > columns) {
            test_fail(__FILE__, __LINE__, "a line is wider than the page");
            printf("#   %u > %u: %.*s\n", width, columns, (int)line.len, line.ptr);
        }
        CHECK(line.len == 0 || line.ptr[line.len - 1] != ' ');
        text = slice_from(text, line.len + 1);
    }
}

static void test_width(void)
{
    struct fixture *f = fixture_new();
    struct outbuf out;
    outbuf_init(&out, OUT_MAX);
    for (unsigned columns = 60; columns <= 240; columns++) {
        f->run.columns = columns;
        check_lines(report(f, &out), columns);
    }
    f->run.columns = 0;
    check_lines(report(f, &out), 80);
    outbuf_fini(&out);
    free(f);
}

static void fill(char *field, size_t size, const char *pattern)
{
    size_t length = strlen(pattern);
    for (size_t i = 0; i + 1 < size; i++)
        field[i] = pattern[i % length];
    field[size - 1] = '\0';
}
#define FILL(field, pattern) fill((field), sizeof(field), (pattern))

static void fill_run(struct fixture *f, const char *pattern)
{
    for (unsigned i = 0; i < 4; i++) {
        struct alert *a = &f->alerts[i];
        FILL(a->entity, pattern);
        FILL(a->reason, pattern);
        FILL(a->how, pattern);
        FILL(a->client_name, pattern);
        FILL(a->place.country_name, pattern);
        FILL(a->place.city_name, pattern);
        FILL(a->place.as_name, pattern);
        a->place.as_number = UINT32_MAX;
        a->samples_count = ALERT_SAMPLES_MAX;
        for (unsigned s = 0; s < ALERT_SAMPLES_MAX; s++)
            FILL(a->samples[s].text, pattern);
    }
    FILL(f->related[0].value, pattern);
    for (unsigned i = 0; i < TOPIC_COUNT; i++) {
        struct verdict *v = &f->summary.verdict[i];
        v->by_count = v->by_count == 0 ? 1 : v->by_count;
        FILL(v->by[0].value, pattern);
        FILL(v->by[0].name, pattern);
        FILL(v->how[0], pattern);
        FILL(v->sentence, pattern);
        FILL(v->tester, pattern);
    }
    FILL(f->clients[0].key, pattern);
    FILL(f->clients[1].name, pattern);
    FILL(f->summary.coverage.server_host, pattern);
    FILL(f->summary.coverage.learnt_domains[0], pattern);
    FILL(f->summary.coverage.learnt_networks[0], pattern);
    FILL(f->summary.scorecard[0].evidence, pattern);
    FILL(f->cases[0].story, pattern);
}

static void test_hostile(void)
{
    static const char *const patterns[] = {"\x1b[31m",
                                           "\x01",
                                           "a",
                                           "\xe6\xbc\xa2",
                                           "\xff",
                                           "a\nb ",
                                           "\xe2\x80\xae"
                                           "x",
                                           "\xcc\x81",
                                           "\xf0\x9f\x98\x80 ",
                                           "\xc2\x9b"
                                           "31m",
                                           "\t",
                                           "$(reboot) "};
    static const unsigned widths[] = {60, 71, 80, 120, 240};
    static struct server_row rows[3];
    struct outbuf out;
    outbuf_init(&out, OUT_MAX);
    for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++)
        for (size_t w = 0; w < sizeof(widths) / sizeof(widths[0]); w++) {
            struct fixture *f = fixture_new();
            fill_run(f, patterns[i]);
            fixture_servers(&f->summary, rows);
            FILL(rows[0].host, patterns[i]);
            FILL(rows[1].source, patterns[i]);
            FILL(rows[1].mta, patterns[i]);
            f->run.columns = widths[w];
            slice text = report(f, &out);
            check_lines(text, widths[w]);
            CHECK(!slice_has(text, SLICE_LIT("--local-domain $")));
            outbuf_clear(&out);
            f->run.live = true;
            writer_find(SLICE_LIT("text"))->alert(&f->run, &f->alerts[0], &out);
            check_lines(outbuf_slice(&out), widths[w]);
            CHECK_INT(count_of(outbuf_slice(&out), SLICE_LIT("\n")), 2);
            free(f);
        }
    outbuf_fini(&out);
}

/* Coloured output without its escape sequences is the plain output. */
static void test_colour(void)
{
    struct fixture *f = fixture_new();
    struct outbuf plain, colour, stripped;
    outbuf_init(&plain, OUT_MAX);
    outbuf_init(&colour, OUT_MAX);
    outbuf_init(&stripped, OUT_MAX);
    CHECK(!slice_has(report(f, &plain), SLICE_LIT("\x1b")));
    f->run.colour = true;
    slice text = report(f, &colour);
    CHECK(slice_has(text, SLICE_LIT("\x1b[1;31mCRITICAL\x1b[0m")));
    CHECK(slice_has(text, SLICE_LIT("\x1b[1;31mYES\x1b[0m")));
    while (text.len > 0) {
        size_t esc = slice_find_byte(text, '\x1b');
        outbuf_put(&stripped, slice_first(text, esc));
        text = slice_from(text, esc);
        text = slice_from(text, slice_find_byte(text, 'm') + 1);
    }
    CHECK(slice_eq(outbuf_slice(&stripped), outbuf_slice(&plain)));
    outbuf_fini(&plain);
    outbuf_fini(&colour);
    outbuf_fini(&stripped);
    free(f);
}

static void test_live(void)
{
    struct fixture *f = fixture_new();
    struct outbuf out;
    outbuf_init(&out, OUT_MAX);
    const struct writer *writer = writer_find(SLICE_LIT("text"));
    writer->alert(&f->run, &f->alerts[1], &out);
    CHECK_INT(out.len, 0);
    f->run.live = true;
    writer->alert(&f->run, &f->alerts[1], &out);
    CHECK_SLICE(
        outbuf_slice(&out),
        "2026-03-02 05:10:00Z HIGH RW-NDR-FLOOD ongoing domain example.net\n"
        "                     6,200 bounces (threshold 50): bounces from many networks...\n");
    outbuf_fini(&out);
    free(f);
}

/* Three buckets, and as many columns as there is room for. */
static void test_traffic(void)
{
    struct fixture *f = fixture_new();
    struct outbuf out;
    outbuf_init(&out, OUT_MAX);
    slice text = report(f, &out);
    CHECK(slice_has(text, SLICE_LIT("\nTRAFFIC  from 2026-03-02 03:00:00Z, a column is 10 min\n"
                                    "  accepted                61  #\n"
                                    "  delivered              312  #\n"
                                    "  null sender in       6,200    #\n")));
    struct timeline_view *v = &f->summary.timeline;
    v->count = 100;
    v->bucket[98][TRAFFIC_ACCEPTED] = 29;
    v->bucket[99][TRAFFIC_ACCEPTED] = 1;
    v->total[TRAFFIC_ACCEPTED] = 91;
    text = report(f, &out);
    CHECK(slice_has(text, SLICE_LIT("a column is 20 min\n  accepted                91  #      ")));
    CHECK(slice_has(text, SLICE_LIT("    -\n  delivered")));
    v->count = 0;
    CHECK(!slice_has(report(f, &out), SLICE_LIT("TRAFFIC")));
    outbuf_fini(&out);
    free(f);
}

static void test_quiet_run(void)
{
    struct fixture *f = calloc(1, sizeof(*f));
    struct outbuf out;
    outbuf_init(&out, OUT_MAX);
    f->run.columns = 80;
    f->summary.risk_score = -1;
    f->summary.verdict[TOPIC_RELAY].no_evidence = true;
    for (unsigned i = 0; i < TOPIC_COUNT; i++)
        f->summary.verdict[i].advice = "";
    writer_find(SLICE_LIT("text"))->summary(&f->run, &f->summary, NULL, 0, &out);
    slice text = outbuf_slice(&out);
    CHECK_SLICE(first_line(text), "RELAY        NO EVIDENCE  the log shows too little to say no");
    CHECK(slice_has(text, SLICE_LIT("\nINCIDENTS  none\n")));
    CHECK(!slice_has(text, SLICE_LIT("TOP")) && !slice_has(text, SLICE_LIT("What to do")));
    CHECK(!slice_has(text, SLICE_LIT("risk score")) && !slice_has(text, SLICE_LIT("2505")));
    CHECK(!slice_has(text, SLICE_LIT("CASES")) && !slice_has(text, SLICE_LIT("HYGIENE")));
    check_lines(text, 80);
    outbuf_fini(&out);
    free(f);
}

static void test_error_column(void)
{
    struct fixture *f = fixture_new();
    struct outbuf out;
    outbuf_init(&out, OUT_MAX);
    CHECK_INT(count_of(report(f, &out), SLICE_LIT("+/-")), 2);
    f->clients[0].error = 0;
    CHECK_INT(count_of(report(f, &out), SLICE_LIT("+/-")), 0);
    f->run.top = 1;
    CHECK(!slice_has(report(f, &out), SLICE_LIT("192.0.2.10")));
    outbuf_fini(&out);
    free(f);
}

static void test_formats(void)
{
    char buf[TEXT_SPAN];
    CHECK_STR(text_count(0, buf), "0");
    CHECK_STR(text_count(999, buf), "999");
    CHECK_STR(text_count(1000, buf), "1,000");
    CHECK_STR(text_count(UINT64_MAX, buf), "18,446,744,073,709,551,615");
    CHECK_STR(text_real(6200, buf), "6,200");
    CHECK_STR(text_real(212.5, buf), "212.50");
    CHECK_STR(text_size(999, buf), "999 B");
    CHECK_STR(text_size(1830022, buf), "1.8 MB");
    CHECK_STR(text_size(999999, buf), "1.0 MB");
    CHECK_STR(text_size(173000000, buf), "173 MB");
    CHECK_STR(text_percent(1, 3, buf), "33%");
    CHECK_STR(text_percent(0, 0, buf), "0%");
    CHECK_STR(text_percent(3, 5000, buf), "<0.1%");
    CHECK_STR(text_percent(16, 1416, buf), "1.1%");
    CHECK_STR(text_time(0, buf), "?");
    CHECK_STR(text_time(INT64_MAX, buf), "?");
    CHECK_STR(text_time(FIXTURE_START_US, buf), "2026-03-02" TEXT_NBSP "03:00:32Z");
    CHECK_STR(text_span(FIXTURE_START_US, FIXTURE_START_US + 400000, buf),
              "2026-03-02" TEXT_NBSP "03:00:32Z");
    CHECK_STR(text_span(FIXTURE_START_US, FIXTURE_START_US + INT64_C(86400000000), buf),
              "2026-03-02" TEXT_NBSP "03:00:32Z" TEXT_NBSP "- 2026-03-03" TEXT_NBSP "03:00:32Z");
}

static void test_cutting(void)
{
    struct outbuf out;
    outbuf_init(&out, OUT_MAX);
    struct page page = page_begin(&out, 80, false);
    CHECK_INT(page_safe(&page, SLICE_LIT("abcdefghijklmnopqrstuvwxyz"), 13, CUT_MIDDLE), 13);
    CHECK_SLICE(outbuf_slice(&out), "abcdef...wxyz");
    outbuf_clear(&out);
    CHECK_INT(page_safe(&page, SLICE_LIT("abcdefghijklmnopqrstuvwxyz"), 13, CUT_END), 13);
    CHECK_SLICE(outbuf_slice(&out), "abcdefghij...");
    outbuf_clear(&out);
    CHECK_INT(page_safe(&page, SLICE_LIT("\xe6\xbc\xa2\xe5\xad\x97"), 9, CUT_END), 4);
    CHECK_SLICE(outbuf_slice(&out), "\xe6\xbc\xa2\xe5\xad\x97");
    outbuf_clear(&out);
    page.at = 0;
    page_wrap(&page, SLICE_LIT("one two" TEXT_NBSP "three"), 0);
    CHECK_SLICE(outbuf_slice(&out), "one two three");
    CHECK_INT(page.at, 13);
    outbuf_fini(&out);
}

static void test_servers(void)
{
    static struct server_row rows[3];
    struct fixture *f = fixture_new();
    struct outbuf out;
    outbuf_init(&out, OUT_MAX);
    fixture_servers(&f->summary, rows);
    slice text = report(f, &out);
    CHECK_SLICE(slice_first(text, slice_find(text, SLICE_LIT("\n\n"))),
                "SERVERS                       relay        since\n"
                "  mx1.example.net  postfix    YES          2026-03-02 03:00Z, by 203.0.113.71 +3\n"
                "  /var/log/exim4   exim       ATTEMPTED    2026-03-02 03:00Z, backscatter YES...\n"
                "  7 more                      no           998 events");
    f->summary.servers_count = 1;
    CHECK(slice_starts(report(f, &out), SLICE_LIT("RELAY  ")));
    outbuf_fini(&out);
    free(f);
}

static const struct test_case cases[] = {
    {"several servers are a line each before the answer", test_servers},
    {"the answer comes first and the sections keep their order", test_answer_first},
    {"the place of a source is told where it is known", test_place},
    {"advice that was given is not repeated", test_said_once},
    {"no line is wider than the page at any width", test_width},
    {"hostile text is harmless and still fits", test_hostile},
    {"colour adds nothing but colour", test_colour},
    {"a follow run prints an alert in two lines, a batch run none", test_live},
    {"a run without findings is short and admits thin evidence", test_quiet_run},
    {"traffic is a line of characters with its peak as #", test_traffic},
    {"error bounds are shown only when there are any", test_error_column},
    {"numbers, sizes, shares and times read well", test_formats},
    {"long values lose their middle, sentences their end", test_cutting},
};

TEST_MAIN(cases)
