/* text_scenarios.c - the scenarios of this site and what became of them
 *
 *   LOCAL-RELAY-1   fired 3 times, 41 events: Relaying tried twice
 * limits:  a scenario that saw nothing is in the list too: a rule that never counts may be wrong */
#include "output/text.h"

#include "output/text_format.h"

enum { ID_COLUMN = 2, WORDS_INDENT = 4 };

static void put_row(struct page *p, const struct scenario_tally *t)
{
    char text[512] = "", fired[TEXT_NUMBER], counted[TEXT_NUMBER], dropped[TEXT_NUMBER];

    text_count(t->fired, fired);
    text_count(t->counted, counted);
    page_to(p, ID_COLUMN);
    page_tinted(p, TINT_BOLD, t->id);
    page_newline(p);
    text_add(text, sizeof text, "%s%s %s, %s events", t->shadow ? "only counts: " : "fired ", fired,
             t->fired == 1 ? "time" : "times", counted);
    if (t->groups_dropped > 0)
        text_add(text, sizeof text, ", %s groups given up for want of room",
                 text_count(t->groups_dropped, dropped));
    text_add(text, sizeof text, ": %s", t->name);
    page_to(p, WORDS_INDENT);
    page_wrap(p, slice_of(text), WORDS_INDENT);
    page_newline(p);
}

void text_scenarios(struct page *p, const struct summary *s)
{
    if (s->scenarios_count == 0)
        return;
    text_heading(p, "SCENARIOS");
    page_newline(p);
    for (unsigned i = 0; i < s->scenarios_count; i++)
        put_row(p, &s->scenarios[i]);
}
