/* test_envelope.c - every wrapper a line can have, and what must not be taken for one */
#include "test.h"

#include <stdlib.h>

#include "envelope.h"

static const struct time_zone utc;

struct row {
    const char *line;
    int64_t time_s; /* UTC */
    const char *host, *tag, *pid, *text;
};

static const struct row rows[] = {
    {"Nov  5 09:11:01 mail postfix/smtpd[1234]: connect from x", 1762333861, "mail",
     "postfix/smtpd", "1234", "connect from x"},
    {"Nov 05 09:11:01 mail postfix/smtpd[1234]: connect", 1762333861, "mail", "postfix/smtpd",
     "1234", "connect"},
    {"<22>Nov  5 09:11:01 mail postfix/smtpd[1234]: connect", 1762333861, "mail", "postfix/smtpd",
     "1234", "connect"},
    {"Nov  5 09:11:01 <mail.info> mail sm-mta[9]: x", 1762333861, "mail", "sm-mta", "9", "x"},
    {"Nov  5 09:11:01 mail postfix/smtpd[7]: [ID 197553 mail.info] A1: client=x", 1762333861,
     "mail", "postfix/smtpd", "7", "A1: client=x"},
    {"Nov  5 09:11:01 2001:db8::1 postfix/smtpd[7]: y", 1762333861, "2001:db8::1", "postfix/smtpd",
     "7", "y"},
    {"Nov  5 09:11:01 postfix/smtpd[7]: no host", 1762333861, NULL, "postfix/smtpd", "7",
     "no host"},
    {"Nov  5 09:11:01 mail postfix-example.com/smtpd[7]: z", 1762333861, "mail",
     "postfix-example.com/smtpd", "7", "z"},
    {"Nov  5 09:11:01 mail postfix/192.0.2.1:25/smtpd[7]: z", 1762333861, "mail",
     "postfix/192.0.2.1:25/smtpd", "7", "z"},
    {"Nov  5 09:11:01 mail imapd: Connection", 1762333861, "mail", "imapd", NULL, "Connection"},
    {"Nov  5 09:11:01 mail postfix/smtpd[7] A1: client=x", 1762333861, "mail", "postfix/smtpd", "7",
     "A1: client=x"},
    {"2024-08-29T01:08:59.764590+00:00 h postfix/smtpd[7]: t", 1724893739, "h", "postfix/smtpd",
     "7", "t"},
    {"2018-11-21T15:18:44+0000 h postfix/smtpd[7]: t", 1542813524, "h", "postfix/smtpd", "7", "t"},
    {"2013 Jun 16 16:05:07.123 h postfix/qmgr[6273]: t", 1371398707, "h", "postfix/qmgr", "6273",
     "t"},
    {"1546300800.123456 h postfix/qmgr[1]: t", 1546300800, "h", "postfix/qmgr", "1", "t"},
    {"<22>1 2024-08-29T01:08:59.764590+00:00 h postfix/smtpd 1234 - - connect from x", 1724893739,
     "h", "postfix/smtpd", "1234", "connect from x"},
    {"<22>1 2024-08-29T01:08:59Z h postfix/smtpd 12 ID1 [a@1 k=\"v ] \\\" \\]\"][b] "
     "\xef\xbb\xbfhello",
     1724893739, "h", "postfix/smtpd", "12", "hello"},
    {"<22>1 2024-08-29T01:08:59Z - postfix/smtpd - - - t", 1724893739, NULL, "postfix/smtpd", NULL,
     "t"},
    {"smtp_1       | Nov  5 09:11:01 mail postfix/smtpd[7]: t", 1762333861, "mail", "postfix/smtpd",
     "7", "t"},
    {"2024-07-03T17:18:06.808991376Z Jul 03 19:18:06 mail postfix/smtpd[7]: t", 1720027086, "mail",
     "postfix/smtpd", "7", "t"},
    {"2024-07-03T17:18:06.808991376Z stdout F Jul 03 19:18:06 mail postfix/smtpd[7]: t", 1720027086,
     "mail", "postfix/smtpd", "7", "t"},
    {"{\"log\":\"Jul 03 19:18:06 mail postfix/smtpd[7]: a "
     "\\\"b\\\"\\n\",\"stream\":\"stdout\",\"time\":\"2024-07-03T17:18:06.8Z\"}",
     1720027086, "mail", "postfix/smtpd", "7", "a \"b\""},
    {"{\"MESSAGE\":\"connect from "
     "x\",\"SYSLOG_IDENTIFIER\":\"postfix/"
     "smtpd\",\"SYSLOG_PID\":\"7\",\"_HOSTNAME\":\"h\",\"__REALTIME_TIMESTAMP\":"
     "\"1724893739764590\",\"_COMM\":\"smtpd\"}",
     1724893739, "h", "postfix/smtpd", "7", "connect from x"},
    {"{ \"__REALTIME_TIMESTAMP\" : \"1724893739000000\", "
     "\"_SOURCE_REALTIME_TIMESTAMP\":\"1724893738000000\", \"_PID\":\"8\", "
     "\"SYSLOG_IDENTIFIER\":\"postfix/smtpd\", \"MESSAGE\" : [104,105,255] }",
     1724893738, NULL, "postfix/smtpd", "8", "hi\xff"},
    {"{\"MESSAGE\":[\"one\",\"two\"],\"SYSLOG_IDENTIFIER\":\"a\",\"__REALTIME_TIMESTAMP\":"
     "\"1724893739000000\"}",
     1724893739, NULL, "a", NULL, "one"},
    {"{\"MESSAGE\":\"\\u00e9\\ud83d\\ude00\\t\\/"
     "\",\"x\":{\"y\":[1,\"]}\"]},\"SYSLOG_IDENTIFIER\":\"a\",\"__REALTIME_TIMESTAMP\":"
     "\"1724893739000000\"}",
     1724893739, NULL, "a", NULL, "\xc3\xa9\xf0\x9f\x98\x80\t/"},
    {"Nov  5 09:11:01 mail postfix/qmgr[7]: A1B2C3: removed,,,,,,,,", 1762333861, "mail",
     "postfix/qmgr", "7", "A1B2C3: removed"},
    {"Nov  5 09:11:01 mail postfix/qmgr[7]: with CR\r", 1762333861, "mail", "postfix/qmgr", "7",
     "with CR"},
    {"Nov  5 09:11:01 mail postfix/qmgr[7]: tab#011and#012", 1762333861, "mail", "postfix/qmgr",
     "7", "tab#011and#012"},
};

static struct envelope *fresh(void)
{
    static struct envelope state;

    envelope_init(&state, &utc, 2025, 0);
    return &state;
}

/* Read from a block of exactly the line's size, so that a sanitizer sees one byte too far. */
static enum envelope_result read_exact(struct envelope *state, const char *line, size_t len,
                                       struct record *rec, char **block)
{
    *block = malloc(len == 0 ? 1 : len);
    memcpy(*block, line, len);
    return envelope_read(state, (slice){*block, len}, rec);
}

static void check_row(struct envelope *state, const struct row *row)
{
    struct record rec = {0};
    char *block;

    CHECK_INT(read_exact(state, row->line, strlen(row->line), &rec, &block), ENVELOPE_RECORD);
    CHECK(rec.has_time);
    CHECK_INT(rec.repeat, 1);
    CHECK_INT(rec.time_us / 1000000, row->time_s);
    CHECK_SLICE(rec.host, row->host);
    CHECK_SLICE(rec.tag, row->tag);
    CHECK_SLICE(rec.pid, row->pid);
    CHECK_SLICE(rec.text, row->text);
    free(block);
}

static void every_form_alone(void)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        check_row(fresh(), &rows[i]);
}

static void every_form_after_every_other(void)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        for (size_t k = 0; k < sizeof rows / sizeof rows[0]; k++) {
            struct envelope *state = fresh();
            check_row(state, &rows[i]);
            check_row(state, &rows[k]);
        }
}

static void every_prefix_is_read_without_going_too_far(void)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        for (size_t n = 0; n < strlen(rows[i].line); n++) {
            struct record rec = {0};
            char *block;
            (void)read_exact(fresh(), rows[i].line, n, &rec, &block);
            free(block);
        }
}

static void noise_is_skipped(void)
{
    static const char *const lines[] = {
        "",
        "   ",
        "\r",
        "==> /var/log/mail.log <==",
        "-- Reboot --",
        "-- Journal begins at Mon 2024-07-01. --",
        "{\"MESSAGE\":null,\"__REALTIME_TIMESTAMP\":\"1724893739000000\"}"};
    struct record rec;

    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
        CHECK_INT(envelope_read(fresh(), slice_of(lines[i]), &rec), ENVELOPE_SKIP);
}

static void other_text_is_refused(void)
{
    static const char *const lines[] = {
        "hello world this is no log line",
        "# comment",
        "=== not a tail header ===",
        "021-02-06T10:57:57+01:00 h t[1]: x",
        "at Nov  5 09:11:01 mail postfix/smtpd[1]: time further right",
        "{\"MESSAGE\":\"x\"",
        "{\"a\":1}",
        "{\"MESSAGE\":\"x\"}",
        "{\"MESSAGE\":\"x\",\"__REALTIME_TIMESTAMP\":\"17\"} trailing",
        "<22>",
        "<22>1 ",
        "<999>Nov  5 09:11:01 mail a[1]: x",
        "Nov  5 09:11:01",
        "2024-08-29T01:08:59Zhost tag[1]: x",
    };
    struct record rec;

    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
        if (envelope_read(fresh(), slice_of(lines[i]), &rec) != ENVELOPE_REJECT) {
            CHECK_INT(envelope_read(fresh(), slice_of(lines[i]), &rec), ENVELOPE_REJECT);
            printf("# %s\n", lines[i]);
        }
}

static void rsyslog_repetition(void)
{
    struct record rec = {0};
    slice line = slice_of("Nov  5 09:11:05 mail postfix/smtpd[123]: message repeated 3 times: [ "
                          "warning: x[192.0.2.1]: SASL]");

    CHECK_INT(envelope_read(fresh(), line, &rec), ENVELOPE_RECORD);
    CHECK_INT(rec.repeat, 3);
    CHECK_SLICE(rec.text, "warning: x[192.0.2.1]: SASL");
    line = slice_of(
        "Nov  5 09:11:05 mail postfix/smtpd[123]: warning: message repeated 3 times: [ x]");
    CHECK_INT(envelope_read(fresh(), line, &rec), ENVELOPE_RECORD);
    CHECK_INT(rec.repeat, 1);
}

static void bsd_repetition_gives_the_line_before_again(void)
{
    struct envelope *state = fresh();
    struct record rec = {0};

    CHECK_INT(
        envelope_read(state, slice_of("Nov  5 09:11:05 mail last message repeated 2 times"), &rec),
        ENVELOPE_SKIP);
    CHECK_INT(
        envelope_read(state, slice_of("Nov  5 09:11:01 mail postfix/smtpd[1]: warning: y"), &rec),
        ENVELOPE_RECORD);
    CHECK_INT(
        envelope_read(state, slice_of("Nov  5 09:11:05 mail last message repeated 4 times"), &rec),
        ENVELOPE_RECORD);
    CHECK_INT(rec.repeat, 4);
    CHECK_SLICE(rec.tag, "postfix/smtpd");
    CHECK_SLICE(rec.pid, "1");
    CHECK_SLICE(rec.text, "warning: y");
    CHECK_INT(rec.time_us / 1000000, 1762333865);
    CHECK_INT(
        envelope_read(state, slice_of("Nov  5 09:11:06 other last message repeated 4 times"), &rec),
        ENVELOPE_SKIP);
}

static void split_container_lines_count_once(void)
{
    struct envelope *state = fresh();
    struct record rec = {0};

    CHECK_INT(envelope_read(
                  state, slice_of("2024-07-03T17:18:06Z stdout P Jul 03 19:18:06 mail a[7]: begin"),
                  &rec),
              ENVELOPE_RECORD);
    CHECK_INT(envelope_read(state, slice_of("2024-07-03T17:18:06Z stdout F the rest"), &rec),
              ENVELOPE_SKIP);
    CHECK_INT(
        envelope_read(
            state, slice_of("2024-07-03T17:18:07Z stdout F Jul 03 19:18:07 mail a[7]: next"), &rec),
        ENVELOPE_RECORD);
    CHECK_SLICE(rec.text, "next");
}

static void nul_padding_is_ignored(void)
{
    static const char line[] = "\0\0\0\0Nov  5 09:11:01 mail a[1]: x\0\0";
    struct record rec = {0};

    CHECK_INT(envelope_read(fresh(), (slice){line, sizeof line - 1}, &rec), ENVELOPE_RECORD);
    CHECK_SLICE(rec.text, "x");
}

static void long_json_text_is_cut(void)
{
    struct record rec = {0};
    size_t size = 40000;
    char *line = malloc(size + 200);
    int n = sprintf(line, "{\"__REALTIME_TIMESTAMP\":\"1724893739000000\",\"SYSLOG_IDENTIFIER\":"
                          "\"a\",\"MESSAGE\":\"\\n");

    memset(line + n, 'x', size);
    memcpy(line + n + size, "\"}", 3);
    CHECK_INT(envelope_read(fresh(), slice_of(line), &rec), ENVELOPE_RECORD);
    CHECK_INT(rec.text.len, ENVELOPE_ROOM);
    free(line);
}

static const struct test_case cases[] = {
    {"every form of wrapper gives time, host, tag, pid and text", every_form_alone},
    {"forms may follow each other in one file", every_form_after_every_other},
    {"a line cut anywhere is read within its bytes", every_prefix_is_read_without_going_too_far},
    {"blank lines, tail headers and journal banners are skipped", noise_is_skipped},
    {"text without a wrapper at its first byte is refused", other_text_is_refused},
    {"rsyslog's repetition counts only at the start of the text", rsyslog_repetition},
    {"last message repeated gives the line before again, for the same host",
     bsd_repetition_gives_the_line_before_again},
    {"a line that a container runtime split counts once", split_container_lines_count_once},
    {"NUL padding after a crash is ignored", nul_padding_is_ignored},
    {"JSON text beyond the room is cut", long_json_text_is_cut},
};

TEST_MAIN(cases)
