/* test_reorder.c - the sorting window: order, ownership, and its limits */
#include "reorder.h"

#include <stdlib.h>

#include "log_stream.h"
#include "parsers.h"
#include "test.h"

static const int64_t start_us = INT64_C(1772409600) * 1000000;

/* Put a Postfix record; its bytes are spoilt afterwards, so that a borrowed slice would show. */
static void put(struct reorder *r, double at_s, const char *tag, const char *text)
{
    struct log_record rec = {.parser = parsers_find(SLICE_LIT("postfix"))};
    char line[512], host[] = "mx", pid[] = "77";
    size_t tag_len = strlen(tag), line_len;

    snprintf(line, sizeof line, "%s %s", tag, text);
    line_len = strlen(line);
    rec.rec = (struct record){.time_us = start_us + (int64_t)(at_s * 1e6),
                              .has_time = true,
                              .host = {host, 2}, /* outside the line, as of a JSON record */
                              .tag = {line, tag_len},
                              .pid = {pid, 2},
                              .text = {line + tag_len + 1, line_len - tag_len - 1},
                              .repeat = 1,
                              .pos.text = {line, line_len}};
    reorder_put(r, &rec);
    memset(line, '#', sizeof line);
    memset(host, '#', 2);
    memset(pid, '#', 2);
}

static void put_id(struct reorder *r, double at_s, const char *id)
{
    put(r, at_s, "postfix/qmgr", id);
}

/* The texts that come out, each followed by a blank; ready ones only, or all. */
static const char *take(struct reorder *r, bool all, char *buf, size_t size)
{
    struct log_record rec;
    size_t n = 0;

    buf[0] = '\0';
    while ((all || reorder_ready(r)) && reorder_take(r, &rec)) {
        n += (size_t)snprintf(buf + n, size - n, "%.*s ", (int)rec.rec.text.len, rec.rec.text.ptr);
        CHECK_SLICE(rec.rec.host, "mx");
        CHECK_SLICE(rec.rec.pid, "77");
        CHECK(slice_starts(rec.rec.pos.text, rec.rec.tag));
        CHECK(slice_ends(rec.rec.pos.text, rec.rec.text));
    }
    return buf;
}

static void records_come_out_by_time(void)
{
    struct reorder *r = reorder_new(start_us);
    char buf[256];

    put_id(r, 30, "d");
    put_id(r, 10, "b");
    put_id(r, 0, "a");
    put_id(r, 20, "c");
    CHECK_STR(take(r, true, buf, sizeof buf), "a b c d ");
    CHECK_INT(reorder_late(r), 0);
    CHECK_INT(reorder_overflowed(r), 0);
    reorder_free(r);
}

static void equal_records_keep_their_order(void)
{
    struct reorder *r = reorder_new(start_us);
    char buf[256];

    for (const char *const *id = (const char *const[]){"c", "a", "b", "d", NULL}; *id; id++)
        put_id(r, 5, *id);
    CHECK_STR(take(r, true, buf, sizeof buf), "c a b d ");
    reorder_free(r);
}

static void they_wait_two_minutes(void)
{
    struct reorder *r = reorder_new(start_us);
    char buf[256];

    put_id(r, 0, "a");
    put_id(r, 119, "b");
    CHECK_STR(take(r, false, buf, sizeof buf), "");
    put_id(r, 120, "c");
    CHECK_STR(take(r, false, buf, sizeof buf), "a ");
    put_id(r, 1000, "d");
    CHECK_STR(take(r, false, buf, sizeof buf), "b c ");
    CHECK_STR(take(r, true, buf, sizeof buf), "d ");
    CHECK(!reorder_ready(r));
    reorder_free(r);
}

static void one_moment_is_in_the_order_of_a_message(void)
{
    static const struct {
        const char *tag, *text;
    } life[] = {
        {"postfix/smtpd", "connect from mx.example.com[192.0.2.1]"},
        {"postfix/smtpd", "4F1A2B3C4D: client=mx.example.com[192.0.2.1]"},
        {"postfix/cleanup", "4F1A2B3C4D: message-id=<x@example.com>"},
        {"postfix/qmgr", "4F1A2B3C4D: from=<a@example.com>, size=500, nrcpt=1 (queue active)"},
        {"postfix/smtp", "4F1A2B3C4D: to=<b@example.net>, relay=mx.example.net[198.51.100.1]:25, "
                         "delay=0.1, delays=0/0/0/0.1, dsn=2.0.0, status=sent (250 ok)"},
        {"postfix/qmgr", "4F1A2B3C4D: removed"},
        {"postfix/smtpd", "disconnect from mx.example.com[192.0.2.1] mail=1 rcpt=1 commands=2"},
    };
    enum { LIFE = sizeof life / sizeof life[0] };
    struct reorder *r = reorder_new(start_us);
    struct log_record rec;

    for (size_t i = LIFE; i-- > 0;)
        put(r, 5, life[i].tag, life[i].text);
    for (size_t i = 0; i < LIFE; i++) {
        CHECK(reorder_take(r, &rec));
        CHECK_SLICE(rec.rec.text, life[i].text);
    }
    CHECK(!reorder_take(r, &rec));
    reorder_free(r);
}

static void what_comes_too_late_is_counted(void)
{
    struct reorder *r = reorder_new(start_us);
    char buf[256];

    put_id(r, 100, "b");
    put_id(r, 300, "c");
    CHECK_STR(take(r, false, buf, sizeof buf), "b ");
    put_id(r, 99, "a");
    CHECK_INT(reorder_late(r), 1);
    CHECK_STR(take(r, true, buf, sizeof buf), "a c ");
    reorder_free(r);
}

static void a_jump_back_by_hours_is_another_log(void)
{
    struct reorder *r = reorder_new(start_us);
    char buf[256];

    put_id(r, 86400, "b");
    put_id(r, 86410, "c");
    put_id(r, 5, "x"); /* a day before */
    CHECK_STR(take(r, false, buf, sizeof buf), "b c ");
    put_id(r, 1, "w");
    CHECK_STR(take(r, true, buf, sizeof buf), "w x ");
    CHECK_INT(reorder_late(r), 0);
    reorder_free(r);
}

static void a_full_window_gives_its_oldest_early(void)
{
    enum { FULL = 65536 };
    struct reorder *r = reorder_new(start_us);
    struct log_record rec;

    for (int i = 0; i < FULL - 1; i++)
        put_id(r, 60 - i * 0.0005, "x");
    CHECK(!reorder_ready(r));
    put_id(r, 1, "oldest");
    CHECK(reorder_ready(r));
    CHECK(reorder_take(r, &rec));
    CHECK_SLICE(rec.rec.text, "oldest");
    CHECK_INT(reorder_overflowed(r), 1);
    CHECK(!reorder_ready(r));
    reorder_free(r);
}

static void a_shuffle_is_undone(void)
{
    enum { COUNT = 5000 };
    struct reorder *r = reorder_new(start_us);
    struct log_record rec;
    uint64_t seed = 42;
    int64_t last = INT64_MIN;
    unsigned seen = 0;

    for (int i = 0; i < COUNT; i++) {
        seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407U;
        put_id(r, i + (double)(seed >> 40) / (1 << 24) * 119, "x");
        while (reorder_ready(r) && reorder_take(r, &rec)) {
            seen++;
            CHECK(rec.rec.time_us >= last);
            last = rec.rec.time_us;
        }
    }
    while (reorder_take(r, &rec)) {
        seen++;
        CHECK(rec.rec.time_us >= last);
        last = rec.rec.time_us;
    }
    CHECK_INT(seen, COUNT);
    CHECK_INT(reorder_late(r), 0);
    reorder_free(r);
}

static const struct test_case cases[] = {
    {"records come out by time and own their bytes", records_come_out_by_time},
    {"records alike keep the order in which they stood", equal_records_keep_their_order},
    {"they wait two minutes of event time", they_wait_two_minutes},
    {"one moment is in the order of a message's life", one_moment_is_in_the_order_of_a_message},
    {"what comes too late is counted and not lost", what_comes_too_late_is_counted},
    {"a jump back by hours is another log", a_jump_back_by_hours_is_another_log},
    {"a full window gives its oldest early", a_full_window_gives_its_oldest_early},
    {"a shuffle within the window is undone", a_shuffle_is_undone},
};

TEST_MAIN(cases)
