/* test_cyrus.c - every kind of line of cyrus, and lines made to forge, compared with the whole
 * events they must give */
#include "line_rows.h"

static const struct line_row lines[] = {
#define ROW(lines, events) {lines, events},
#include "cyrus_lines.def"
};

static const struct line_row hostile[] = {
#include "cyrus_hostile.def"
#undef ROW
};

static void every_kind_of_line(void)
{
    check_line_rows("cyrus", lines, sizeof lines / sizeof lines[0]);
}

static void hostile_lines(void)
{
    static const char *const forged[] = {"client=192.0.2.200", "remote=192.0.2.200", "user=ceo|"};
    static struct seen seen;

    check_line_rows("cyrus", hostile, sizeof hostile / sizeof hostile[0]);
    for (size_t i = 0; i < sizeof hostile / sizeof hostile[0]; i++) {
        run_line_row("cyrus", hostile[i].lines, strlen(hostile[i].lines), &seen);
        for (size_t k = 0; k < sizeof forged / sizeof forged[0]; k++)
            CHECK(strstr(seen.text, forged[k]) == NULL);
    }
}

static void lines_cut_anywhere(void)
{
    cut_line_rows("cyrus", lines, sizeof lines / sizeof lines[0], NULL);
    cut_line_rows("cyrus", hostile, sizeof hostile / sizeof hostile[0], NULL);
}

static const struct test_case cases[] = {
    {"every kind of line gives the events it must give", every_kind_of_line},
    {"forged text is never taken for a client, user or id", hostile_lines},
    {"a line cut anywhere does no harm", lines_cut_anywhere},
};

TEST_MAIN(cases)
