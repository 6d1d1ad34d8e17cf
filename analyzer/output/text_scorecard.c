/* text_scorecard.c - the scorecard: a row each of RFC 2505 and of the hygiene list
 *
 *   1   PASS      does not relay for strangers: 145 attempts refused, none accepted
 * source:  RFC 2505 (BCP 30) section 2 for the numbers. */
#include "output/text.h"

#include <stdio.h>

#include "alert/scorecard.h"
#include "output/text_format.h"

enum { NUMBER_COLUMN = 2, RESULT_COLUMN = 6, WORDS_COLUMN = 16 };

static enum tint result_tint(const char *result)
{
    if (strcmp(result, "FAIL") == 0)
        return TINT_RED;
    if (strcmp(result, "WARN") == 0)
        return TINT_YELLOW;
    return strcmp(result, "PASS") == 0 || strcmp(result, "SEEN") == 0 ? TINT_GREEN : TINT_DIM;
}

static void put_row(struct page *p, const struct scorecard_row *row)
{
    char text[320] = "";
    page_to(p, NUMBER_COLUMN);
    page_put(p, row->number);
    page_to(p, RESULT_COLUMN);
    page_tinted(p, result_tint(row->result), row->result);
    page_to(p, WORDS_COLUMN);
    text_add(text, sizeof(text), "%s%s%s", row->title, row->evidence[0] == '\0' ? "" : ": ",
             row->evidence);
    page_wrap(p, slice_of(text), WORDS_COLUMN);
    page_newline(p);
}

/* "RFC 2505 SCORECARD  1 fail, 2 pass" */
static void put_title(struct page *p, const struct summary *s, const char *title, bool hygiene)
{
    static const char *const results[] = {"FAIL", "WARN", "PASS"};
    static const char *const words[] = {"fail", "warn", "pass"};
    char text[96] = "";
    text_heading(p, title);
    for (unsigned i = 0; i < 3; i++) {
        unsigned count = 0;
        for (unsigned k = 0; k < s->scorecard_count; k++)
            count += scorecard_is_hygiene(&s->scorecard[k]) == hygiene &&
                     strcmp(s->scorecard[k].result, results[i]) == 0;
        if (count > 0)
            text_add(text, sizeof(text), "%s%u %s", text[0] == '\0' ? "  " : ", ", count, words[i]);
    }
    page_put(p, text);
    page_newline(p);
}

static void put_list(struct page *p, const struct summary *s, const char *title, bool hygiene)
{
    bool any = false;
    for (unsigned i = 0; i < s->scorecard_count; i++) {
        if (scorecard_is_hygiene(&s->scorecard[i]) != hygiene)
            continue;
        if (!any)
            put_title(p, s, title, hygiene);
        any = true;
        put_row(p, &s->scorecard[i]);
    }
}

void text_scorecard(struct page *p, const struct summary *s)
{
    put_list(p, s, "RFC 2505 SCORECARD", false);
    put_list(p, s, "MAIL HYGIENE", true);
    if (s->scorecard_count == 0)
        return;
    page_newline(p);
    page_to(p, NUMBER_COLUMN);
    page_wrap(p,
              SLICE_LIT("PASS and FAIL need evidence; UNKNOWN: this log cannot show it. SEEN: the "
                        "server did it at least once."),
              NUMBER_COLUMN);
    page_newline(p);
}
