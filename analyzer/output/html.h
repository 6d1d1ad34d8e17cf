/* html.h - the sections of the HTML report in the order of the page; inside of output/ only
 *
 * Sections write into page->out. What is not a constant of this program goes through
 * html_escape.h, numbers and times through text_format.h or the functions below. There is no style
 * attribute and no handler anywhere: the policy of the page forbids them. */
#ifndef OUTPUT_HTML_H
#define OUTPUT_HTML_H

#include "output/html_escape.h"
#include "output/writer.h"

enum {
    HTML_VALUE_MAX = 256,       /* code points of a value shown whole */
    HTML_LINKS_MOST = 200,      /* incidents that the timeline links to */
    HTML_PAGE_MOST = 400 << 10, /* bytes after which an incident is told in one row */
    HTML_ROWS_MOST = 440 << 10, /* bytes after which the rest is only counted */
    HTML_PLACES_ROOM = 48 << 10 /* bytes less for both where a map and its tables follow */
};

struct html {
    struct outbuf *out;
    const struct run_info *run;
    const struct summary *s;
    const struct alert *const *incidents; /* most severe first */
    unsigned incidents_count;
};

/* html_raw - our own markup, as it is */
void html_raw(struct html *h, const char *markup);

/* html_words - our own or foreign words as text, escaped */
void html_words(struct html *h, const char *words);

/* html_count - "1,234,567" */
void html_count(struct html *h, uint64_t n);

/* html_time - a <time> element in UTC; nothing for 0 */
void html_time(struct html *h, int64_t time_us);

/* html_span - from and to as two <time> elements; one when they are equal */
void html_span(struct html *h, int64_t first_us, int64_t last_us);

/* html_lasted - "1 h 27 min", "40 s", "3 days": how long it went on; nothing when under a second */
void html_lasted(struct html *h, int64_t first_us, int64_t last_us);

/* html_bar - part of whole as a bar; what it shows stands beside it as a number */
void html_bar(struct html *h, double part, double whole);

/* html_severity - the severity as a mark with its name: shape and word, not by colour alone */
void html_severity(struct html *h, enum severity severity);

/* html_place - "NL" with the name of the country as a tooltip; nothing when it is not known */
void html_place(struct html *h, const struct geo_place *place);

/* html_section - open <section> with a heading of this id; html_end closes it */
void html_section(struct html *h, const char *id, const char *title);
void html_end(struct html *h);

/* html_advice - a text of advice.h as paragraphs and commands */
void html_advice(struct html *h, const char *advice);

/* html_answer - the worst verdict as the head of the page, html_topics - all five beside each
 * other, html_todo - what to do and the evidence for it */
void html_answer(struct html *h);
void html_topics(struct html *h);
void html_todo(struct html *h);

/* html_servers - the answers for each server, most urgent first; nothing for a single one */
void html_servers(struct html *h);

/* html_timeline - traffic and incidents over one axis of time */
void html_timeline(struct html *h);

/* html_cases, html_incidents - as stories, and one by one with log lines and advice */
void html_cases(struct html *h);
void html_incidents(struct html *h);

/* html_tops - who sent most */
void html_tops(struct html *h);

/* html_places - by country and network; nothing without a GeoIP database */
void html_places(struct html *h);

/* html_world - the map of html_places */
void html_world(struct html *h);

/* html_scorecard - RFC 2505 and the hygiene list */
void html_scorecard(struct html *h);

/* html_coverage - what was read, how far to trust it, and what this log cannot show */
void html_coverage(struct html *h);

#endif
