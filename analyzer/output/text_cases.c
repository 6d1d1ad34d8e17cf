/* text_cases.c - incidents that belong together, as short stories
 *
 *   HIGH      2026-03-02 13:00:27Z - 18:45:47Z, 4 incidents
 *             13:00 203.0.113.150 guesses passwords, 80 failed
 *             -> 13:08 logs in as joe@example.org
 *             RW-SASL-BRUTE, RW-SASL-BRUTE-SUCCESS
 * limits:  at most CASES_MOST cases; the JSON output has them all. */
#include "output/text.h"

#include <stdio.h>

#include "output/text_format.h"

enum { INDENT = 10, CASES_MOST = 10 };

static void put_line(struct page *p, slice text, unsigned indent)
{
    page_to(p, INDENT);
    page_wrap(p, text, indent);
    page_newline(p);
}

/* A line for each step, so that the eye can go down the times. */
static void put_story(struct page *p, const char *story)
{
    const slice arrow = SLICE_LIT(" -> ");
    slice rest = slice_of(story);
    for (bool first = true; rest.len > 0; first = false) {
        size_t end = slice_find(rest, arrow);
        slice step = slice_first(rest, end);
        rest = slice_from(rest, end + arrow.len);
        page_to(p, INDENT);
        if (!first)
            page_put(p, "-> ");
        page_wrap(p, step, INDENT + 3);
        page_newline(p);
    }
}

static void put_rules(struct page *p, const struct alert_case *k)
{
    char text[1024] = "";
    uint32_t told = 0;
    for (unsigned i = 0; i < k->alerts_count; i++) {
        enum rule rule = k->alerts[i]->rule;
        if (rule == RULE_SCENARIO ? alert_scenario_is_new(k->alerts, i) : (told >> rule & 1U) == 0)
            text_add(text, sizeof(text), "%s%s", text[0] == '\0' ? "" : ", ",
                     alert_rule(k->alerts[i])->id);
        told |= 1U << rule;
    }
    put_line(p, slice_of(text), INDENT);
}

static void put_case(struct page *p, const struct alert_case *k)
{
    char text[160] = "", span[TEXT_SPAN], number[TEXT_NUMBER];
    page_blank(p);
    text_severity(p, k->severity);
    text_add(text, sizeof(text), "%s, %s incidents", text_span(k->first_us, k->last_us, span),
             text_count(k->alerts_count, number));
    put_line(p, slice_of(text), INDENT);
    put_story(p, k->story);
    put_rules(p, k);
}

void text_cases(struct page *p, const struct case_list *list)
{
    char text[96], number[TEXT_NUMBER];
    unsigned shown = list->count < CASES_MOST ? list->count : CASES_MOST;
    if (list->count == 0)
        return;
    text_heading(p, "CASES");
    page_put(p, "  incidents that belong together");
    page_newline(p);
    for (unsigned i = 0; i < shown; i++)
        put_case(p, &list->cases[i]);
    if (list->total > shown) {
        page_newline(p);
        snprintf(text, sizeof(text), "and %s more: see the json output",
                 text_count(list->total - shown, number));
        put_line(p, slice_of(text), INDENT);
    }
}
