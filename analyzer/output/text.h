/* text.h - the sections of the text report in the order of printing; inside of output/ only */
#ifndef OUTPUT_TEXT_H
#define OUTPUT_TEXT_H

#include "output/page.h"
#include "output/writer.h"

/* Advice texts that were printed already: the same one is not said twice. */
struct advice_seen {
    const char *text[RULE_COUNT + TOPIC_COUNT];
    unsigned count;
};

/* text_advice_new - remember an advice text; false when it is empty or was seen before */
bool text_advice_new(struct advice_seen *seen, const char *text);

/* text_severity - the name of a severity in capitals and colour */
void text_severity(struct page *p, enum severity severity);

/* text_heading - start a section: a blank line and its title */
void text_heading(struct page *p, const char *title);

/* text_verdict - the answer: relay with its sentence and what to do, then four questions more */
void text_verdict(struct page *p, const struct summary *s, struct advice_seen *seen);

/* text_servers - one line a server, most urgent first; nothing for a single one */
void text_servers(struct page *p, const struct summary *s);

/* text_cases - the cases in the order given with their stories; nothing when there is none */
void text_cases(struct page *p, const struct case_list *list);

/* text_incidents - the incidents in the order given, at most `most`, then what to do about their
 * rules */
void text_incidents(struct page *p, const struct alert *const *incidents, unsigned count,
                    unsigned most, struct advice_seen *seen);

/* text_alert_line - one alert in two lines, for a follow run */
void text_alert_line(struct page *p, const struct alert *alert);

/* text_timeline - traffic over time, a line for each thing counted; nothing when nothing was */
void text_timeline(struct page *p, const struct timeline_view *v);

/* text_tops - a table for each dimension that has rows, at most `most` rows each (0 = all) */
void text_tops(struct page *p, const struct summary *s, unsigned most);

/* text_log - what was read and how far the answer can be trusted; proposals for zones */
void text_log(struct page *p, const struct run_info *run, const struct summary *s);

/* text_scorecard - the rows of RFC 2505 and of the hygiene list, when there are any */
void text_scorecard(struct page *p, const struct summary *s);

/* text_scenarios - the scenarios of this site, when there are any */
void text_scenarios(struct page *p, const struct summary *s);

#endif
