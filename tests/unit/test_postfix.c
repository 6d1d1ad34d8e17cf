/* test_postfix.c - every kind of Postfix line through envelope and parser, compared with the whole
 * event it must give
 *
 * The rows lie in postfix_lines.def and postfix_hostile.def. A member that is set without being
 * expected fails as well as one that is missing: that is how forged text would show. */
#include "envelope.h"
#include "parser_fixture.h"
#include "parsers.h"
#include "postfix_text.h"

struct row {
    const char *tag, *text, *event;
};

static const struct row lines[] = {
#define LINE(tag, text, event) {tag, text, event},
#include "postfix_lines.def"
};

static const struct row hostile[] = {
#include "postfix_hostile.def"
#undef LINE
};

static const struct time_zone utc;

/* Read one line, from a heap block of exactly its size, into an event dirtied by the line before.
 */
static void run_line(const char *line, size_t len, struct seen *seen)
{
    static struct envelope envelope;
    static struct event ev;
    const struct event_sink sink = {seen_take, seen};
    struct record rec = {0};
    char *block = malloc(len == 0 ? 1 : len);

    memset(seen, 0, sizeof *seen);
    memcpy(block, line, len);
    memset(&ev, 0xa5, sizeof ev);
    envelope_init(&envelope, &utc, 2026, 0);
    if (envelope_read(&envelope, (slice){block, len}, &rec) == ENVELOPE_RECORD) {
        rec.pos.text = (slice){block, len};
        const struct parser *parser = parsers_for_tag(NULL, rec.tag);
        bool ours = parser != NULL && strcmp(parser->name, "postfix") == 0;
        enum parse_result result = ours ? parser->parse(NULL, &rec, &ev, &sink) : PARSE_FOREIGN;
        static const char *const words[] = {"", "skip", "reject", "foreign"};
        CHECK((result == PARSE_EVENT) == (seen->events > 0));
        if (result != PARSE_EVENT)
            seen_add(seen, "%s", words[result]);
    }
    free(block);
}

static void run_row(const struct row *row, struct seen *seen)
{
    char line[EVENT_TEXT];
    int n = snprintf(line, sizeof line, "Mar  2 08:00:00 mx1 %s[7]: %s", row->tag, row->text);

    run_line(line, (size_t)n, seen);
}

static void check_rows(const struct row *rows, size_t count)
{
    struct seen seen;

    for (size_t i = 0; i < count; i++) {
        run_row(&rows[i], &seen);
        CHECK(seen.events <= 1);
        CHECK_STR(seen.text, rows[i].event);
        if (seen.events == 0)
            continue;
        const char *slash = strrchr(rows[i].tag, '/');
        CHECK_STR(seen.host, "mx1");
        CHECK_STR(seen.instance, "postfix");
        CHECK_STR(seen.program, slash == NULL ? rows[i].tag : slash + 1);
    }
}

static void every_kind_of_line(void)
{
    check_rows(lines, sizeof lines / sizeof lines[0]);
}

static void hostile_lines(void)
{
    check_rows(hostile, sizeof hostile / sizeof hostile[0]);
}

static void cut_lines(const struct row *rows, size_t count)
{
    struct seen seen;
    char line[EVENT_TEXT];

    for (size_t i = 0; i < count; i++) {
        int n =
            snprintf(line, sizeof line, "Mar  2 08:00:00 mx1 %s[7]: %s", rows[i].tag, rows[i].text);
        for (size_t len = 0; len < (size_t)n; len++) {
            run_line(line, len, &seen);
            CHECK(seen.events <= 1);
        }
    }
}

static void a_line_cut_anywhere(void)
{
    cut_lines(lines, sizeof lines / sizeof lines[0]);
    cut_lines(hostile, sizeof hostile / sizeof hostile[0]);
}

/* No cut of a hostile line may show a client, user or id that the whole line does not truly have.
 */
static void a_hostile_line_cut_anywhere_forges_nothing(void)
{
    static const char *const forged[] = {
        "|client=192.0.2.",     "user=admin",         "user=ceo",       "|queue_id=AAAA",
        "|queue_id=BBBB",       "|queue_id=CCCC",     "|child_id=AAAA", "|child_id=BBBB",
        "|child_id=CCCC",       "|child_id=FFFF",     "route=loopback", "|orig_client=",
        "sender=f@example.org", "rcpt=v@example.org", "helo=z",
    };
    struct seen seen;
    char line[EVENT_TEXT];

    for (size_t i = 0; i < sizeof hostile / sizeof hostile[0]; i++) {
        int n = snprintf(line, sizeof line, "Mar  2 08:00:00 mx1 %s[7]: %s", hostile[i].tag,
                         hostile[i].text);
        run_line(line, (size_t)n, &seen);
        for (size_t k = 0; k < sizeof forged / sizeof forged[0]; k++)
            if (strstr(seen.text, forged[k]) != NULL) {
                CHECK_STR(seen.text, forged[k]);
                printf("#   whole line %zu\n", i);
            }
        for (size_t len = 0; len < (size_t)n; len++) {
            run_line(line, len, &seen);
            for (size_t k = 0; k < 9; k++) /* client, user and ids */
                if (strstr(seen.text, forged[k]) != NULL) {
                    CHECK_STR(seen.text, forged[k]);
                    printf("#   line %zu cut at %zu\n", i, len);
                }
        }
    }
}

static void tags(void)
{
    static const struct {
        const char *tag, *instance, *service, *program; /* program NULL: not ours */
    } rows[] = {
        {"postfix/smtpd", "postfix", "", "smtpd"},
        {"postfix/submission/smtpd", "postfix", "submission", "smtpd"},
        {"postfix/192.0.2.1:25/smtpd", "postfix", "192.0.2.1:25", "smtpd"},
        {"postfix/a/b/smtpd", "postfix", "a/b", "smtpd"},
        {"postfix-out/smtp", "postfix-out", "", NULL},
        {"postfix-example.com/smtpd", "postfix-example.com", "", "smtpd"},
        {"mx1/smtpd", "mx1", "", "smtpd"},
        {"postfix/smtpdx", NULL, NULL, NULL},
        {"postfix/policy-spf", NULL, NULL, NULL},
        {"smtpd", NULL, NULL, NULL},
        {"sendmail", NULL, NULL, NULL},
        {"dovecot", NULL, NULL, NULL},
    };
    struct seen seen;

    CHECK(parsers_for_tag(NULL, SLICE_LIT("postfix")) != NULL);
    CHECK(parsers_for_tag(NULL, SLICE_LIT("postfix-out/smtp")) != NULL);
    CHECK(parsers_for_tag(NULL, SLICE_NONE) == NULL);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct row row = {rows[i].tag, "connect from unknown[192.0.2.1]", ""};
        run_row(&row, &seen);
        CHECK_INT(seen.events, rows[i].program != NULL);
        if (rows[i].program == NULL)
            continue;
        CHECK_STR(seen.instance, rows[i].instance);
        CHECK_STR(seen.service, rows[i].service);
        CHECK_STR(seen.program, rows[i].program);
    }
}

static void remembered_tags_agree_with_asking(void)
{
    struct parser_choices choices = {0};
    char tag[40];

    for (unsigned i = 0; i < 3000; i++) {
        snprintf(tag, sizeof tag, "%s/%s%u", i % 3 == 0 ? "postfix" : "x",
                 i % 2 == 0 ? "smtpd" : "cleanup", i % 7);
        if (i % 5 == 0)
            tag[strlen(tag) - 1] = '\0';
        CHECK(parsers_for_tag(&choices, slice_of(tag)) == parsers_for_tag(NULL, slice_of(tag)));
    }
}

/* A line whose true context was cut off, so that it ends with one that a client wrote into the
 * recipient. */
static void a_cut_line_shows_no_forged_context(void)
{
    static const char tail[] =
        "; from=<f@example.org> to=<v@example.org> proto=ESMTP helo=<z> sasl_method=LOGIN "
        "sasl_username=ceo";
    static const size_t sizes[] = {1024, 2040};
    struct seen seen;

    for (size_t i = 0; i < 2; i++) {
        char line[EVENT_TEXT];
        int n = sprintf(line, "Mar  2 08:00:00 mx1 postfix/smtpd[7]: NOQUEUE: reject: RCPT from "
                              "unknown[192.0.2.1]: 554 <\"");
        memset(line + n, 'x', sizes[i] - (size_t)n);
        memcpy(line + sizes[i] - (sizeof tail - 1), tail, sizeof tail);
        run_line(line, sizes[i], &seen);
        CHECK_INT(seen.events, 1);
        CHECK(strstr(seen.text, "|client=192.0.2.1|reply_code=554") != NULL);
        CHECK(strstr(seen.text, "|user=") == NULL && strstr(seen.text, "|rcpt=") == NULL);
    }
}

/* More candidates of a context than are tried, each of which would need a scan of the rest. */
static void many_semicolons_do_not_slow_it_down(void)
{
    static char text[1 << 20];
    struct postfix_context cx;

    for (size_t i = 0; i + 9 <= sizeof text; i += 9)
        memcpy(text + i, "; from=<\"", 9);
    for (int i = 0; i < 20; i++)
        postfix_read_context((slice){text, sizeof text}, POSTFIX_SMTPD, &cx);
    CHECK_INT(cx.text.len, sizeof text);
    CHECK(cx.from.ptr == NULL);
}

static const struct test_case cases[] = {
    {"every kind of line gives exactly its event", every_kind_of_line},
    {"forged text never changes client, user or queue id", hostile_lines},
    {"a line cut anywhere is read within its bytes and gives at most one event",
     a_line_cut_anywhere},
    {"a hostile line, whole or cut, forges nothing", a_hostile_line_cut_anywhere_forges_nothing},
    {"tags are split into instance, service and program", tags},
    {"remembered tags agree with asking each parser", remembered_tags_agree_with_asking},
    {"a cut line shows no context that a client wrote", a_cut_line_shows_no_forged_context},
    {"thousands of semicolons do not slow a line down", many_semicolons_do_not_slow_it_down},
};

TEST_MAIN(cases)
