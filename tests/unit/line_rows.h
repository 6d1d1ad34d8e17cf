/* line_rows.h - rows of (log lines, events) for the tests of parsers
 *
 * Each row is a small file of its own, read through the reader of formats, and every member of
 * every event it gives is compared: what is set without being expected fails as well as what is
 * missing. Each row is then cut anywhere, which must do no harm and, for hostile rows, blame nobody
 * else. */
#ifndef TESTS_UNIT_LINE_ROWS_H
#define TESTS_UNIT_LINE_ROWS_H

#include "parser_fixture.h"

struct line_row {
    const char *lines, *events; /* "skip", "reject", "foreign" when there is no event */
};

static inline void run_line_row(const char *parser, const char *lines, size_t len,
                                struct seen *seen)
{
    parser_run(parsers_find(slice_of(parser)), NULL, lines, len, seen);
    if (seen->events == 0)
        seen_add(seen, "%s",
                 seen->rejected > 0  ? "reject"
                 : seen->skipped > 0 ? "skip"
                                     : "foreign");
}

static inline void check_line_rows(const char *parser, const struct line_row *rows, size_t count)
{
    static struct seen seen;

    for (size_t i = 0; i < count; i++) {
        run_line_row(parser, rows[i].lines, strlen(rows[i].lines), &seen);
        CHECK_STR(seen.text, rows[i].events);
    }
}

/* No cut of a row gives more events than the row, nor any of the words in `forged`, which may be
 * NULL and ends with NULL. */
static inline void cut_line_rows(const char *parser, const struct line_row *rows, size_t count,
                                 const char *const *forged)
{
    static struct seen whole, seen;

    for (size_t i = 0; i < count; i++) {
        run_line_row(parser, rows[i].lines, strlen(rows[i].lines), &whole);
        for (size_t len = 0; len <= strlen(rows[i].lines); len++) {
            run_line_row(parser, rows[i].lines, len, &seen);
            CHECK(seen.events <= whole.events || whole.events == 0);
            for (size_t k = 0; forged != NULL && forged[k] != NULL; k++)
                if (strstr(seen.text, forged[k]) != NULL) {
                    CHECK_STR(seen.text, forged[k]);
                    printf("#   row %zu cut at %zu\n", i, len);
                }
        }
    }
}

#endif
