/* text_incidents.c - incidents as blocks with their evidence, and single alerts for a follow run
 *
 *   CRITICAL  RW-RELAY-ACCEPTED  ip 203.0.113.71 (host71.example)
 *             2026-03-02 03:00:32Z - 05:10:00Z, 61 relayed recipients (threshold 1)
 *             why; counters; members; where the source is
 *             > the log line
 * limits:  two evidence lines of at most two rows each; a longer line loses its middle. */
#include "output/text.h"

#include <stdio.h>

#include "output/text_format.h"

enum {
    INDENT = 10,
    ENTITY_COLUMN = 33,
    EVIDENCE_MOST = 2,
    EVIDENCE_ROWS = 2,
    MEMBERS_MOST = 6,
    NAME_LEAST = 20,
    NARROW_PAGE = 72
};

/* "61 relayed recipients (threshold 1)" */
static void add_observed(char *buf, size_t size, const struct alert *a)
{
    char observed[TEXT_NUMBER], threshold[TEXT_NUMBER];
    text_add(buf, size, "%s %s", text_real(a->observed, observed), a->unit == NULL ? "" : a->unit);
    if (a->threshold > 0)
        text_add(buf, size, " (threshold" TEXT_NBSP "%s)", text_real(a->threshold, threshold));
}

static void put_text(struct page *p, const char *text)
{
    if (text[0] == '\0')
        return;
    page_to(p, INDENT);
    page_wrap(p, slice_of(text), INDENT);
    page_newline(p);
}

static void put_entity(struct page *p, const struct alert *a)
{
    struct ip_addr ip;
    bool named = a->client_name[0] != '\0' && a->entity_type == ENTITY_IP &&
                 ip_addr_parse(slice_of(a->entity), &ip) && ip_addr_eq(&ip, &a->client);
    page_put(p, entity_type_name(a->entity_type));
    page_put(p, " ");
    page_safe(p, slice_of(a->entity), p->columns, CUT_MIDDLE);
    if (!named || p->at + NAME_LEAST > p->columns)
        return;
    page_put(p, " (");
    page_safe(p, slice_of(a->client_name), p->columns - p->at - 1, CUT_MIDDLE);
    page_put(p, ")");
}

static void put_header(struct page *p, const struct alert *a)
{
    text_severity(p, a->severity);
    page_to(p, INDENT);
    page_tinted(p, TINT_BOLD, alert_rule(a)->id);
    page_to(p, p->columns < NARROW_PAGE ? p->at + 2 : ENTITY_COLUMN);
    put_entity(p, a);
    page_newline(p);
}

static void put_when(struct page *p, const struct alert *a)
{
    char text[256] = "", span[TEXT_SPAN];
    text_add(text, sizeof(text), "%s%s, ", text_span(a->first_us, a->last_us, span),
             a->state == ALERT_ENDED ? ", ended" : "");
    add_observed(text, sizeof(text), a);
    put_text(p, text);
}

/* Counter names are lower_snake words. */
static void add_counters(char *buf, size_t size, const struct alert *a)
{
    char number[TEXT_NUMBER], name[64];
    for (unsigned i = 0; i < a->counters_count; i++) {
        snprintf(name, sizeof(name), "%s", a->counters[i].name);
        for (char *c = name; *c != '\0'; c++)
            *c = *c == '_' ? ' ' : *c;
        text_add(buf, size, "%s%s" TEXT_NBSP "%s", i == 0 ? "" : ", ", name,
                 text_count(a->counters[i].value, number));
    }
}

/* Why it is an incident and what else is known: the story in a few lines. */
static void put_story(struct page *p, const struct alert *a)
{
    char text[1024] = "";
    text_add(text, sizeof(text), "%s", a->reason[0] != '\0' ? a->reason : alert_rule(a)->name);
    if (a->how[0] != '\0' && strstr(a->reason, a->how) == NULL)
        text_add(text, sizeof(text), " [%s]", a->how);
    put_text(p, text);
    text[0] = '\0';
    for (unsigned i = 0; i < a->marks_count; i++)
        text_add(text, sizeof(text), "%s%s (%s)", i == 0 ? "" : ", ", a->marks[i]->title,
                 a->marks[i]->meaning);
    put_text(p, text);
    text[0] = '\0';
    add_counters(text, sizeof(text), a);
    put_text(p, text);
}

static void put_members(struct page *p, const struct alert *a)
{
    char text[1024] = "with", number[TEXT_NUMBER];
    unsigned shown = a->related_count < MEMBERS_MOST ? a->related_count : MEMBERS_MOST;
    uint32_t total = a->related_total > a->related_count ? a->related_total : a->related_count;
    for (unsigned i = 0; i < shown; i++)
        text_add(text, sizeof(text), "%s %s", i == 0 ? "" : ",", a->related[i].value);
    if (total > shown)
        text_add(text, sizeof(text), " (and" TEXT_NBSP "%s" TEXT_NBSP "more)",
                 text_count(total - shown, number));
    if (shown > 0)
        put_text(p, text);
}

/* "from VN Hanoi, AS64496 Example Hosting": only with a GeoIP database. */
static void put_place(struct page *p, const struct alert *a)
{
    const struct geo_place *g = &a->place;
    const char *country = g->country[0] != '\0' ? g->country : g->country_name;
    char text[256] = "";

    if (country[0] != '\0')
        text_add(text, sizeof(text), "from %s%s%s", country, g->city_name[0] != '\0' ? " " : "",
                 g->city_name);
    if (g->as_number != 0)
        text_add(text, sizeof(text), "%sAS%u%s%s", country[0] != '\0' ? ", " : "from ",
                 g->as_number, g->as_name[0] != '\0' ? " " : "", g->as_name);
    put_text(p, text);
}

/* The log line over at most EVIDENCE_ROWS rows: its beginning, and its end where most dialects say
 * the result. */
static void put_sample(struct page *p, const struct alert_sample *sample)
{
    page_to(p, INDENT);
    page_tinted(p, TINT_DIM, ">");
    page_to(p, INDENT + 2);
    page_split(p, slice_of(sample->text), INDENT + 2, EVIDENCE_ROWS);
    page_newline(p);
}

static void put_incident(struct page *p, const struct alert *a)
{
    page_blank(p);
    put_header(p, a);
    put_when(p, a);
    put_story(p, a);
    put_members(p, a);
    put_place(p, a);
    for (unsigned i = 0; i < a->samples_count && i < EVIDENCE_MOST; i++)
        put_sample(p, &a->samples[i]);
}

static void put_title(struct page *p, const struct alert *const *incidents, unsigned count)
{
    unsigned by_severity[SEVERITY_COUNT] = {0};
    char text[128] = "", number[TEXT_NUMBER];
    for (unsigned i = 0; i < count; i++)
        by_severity[incidents[i]->severity]++;
    text_heading(p, "INCIDENTS");
    for (unsigned i = SEVERITY_COUNT; i-- > 0;)
        if (by_severity[i] > 0)
            text_add(text, sizeof(text), "%s%s %s", text[0] == '\0' ? "  " : ", ",
                     text_count(by_severity[i], number), severity_name((enum severity)i));
    page_put(p, text[0] == '\0' ? "  none" : text);
    page_newline(p);
}

/* What to do about each rule that no verdict spoke of yet. */
static void put_advice(struct page *p, const struct alert *const *incidents, unsigned count,
                       struct advice_seen *seen)
{
    for (unsigned i = 0; i < count; i++) {
        if (!text_advice_new(seen, incidents[i]->advice))
            continue;
        page_newline(p);
        page_to(p, 2);
        page_tinted(p, TINT_BOLD, "What to do: ");
        page_tinted(p, TINT_BOLD, alert_rule(incidents[i])->id);
        page_newline(p);
        page_lines(p, incidents[i]->advice, 4);
    }
}

void text_incidents(struct page *p, const struct alert *const *incidents, unsigned count,
                    unsigned most, struct advice_seen *seen)
{
    char text[96], number[TEXT_NUMBER];
    unsigned shown = count < most ? count : most;
    put_title(p, incidents, count);
    for (unsigned i = 0; i < shown; i++)
        put_incident(p, incidents[i]);
    if (count > shown) {
        page_newline(p);
        snprintf(text, sizeof(text), "and %s more: see the json output",
                 text_count(count - shown, number));
        put_text(p, text);
    }
    put_advice(p, incidents, count, seen);
}

void text_alert_line(struct page *p, const struct alert *alert)
{
    char text[1024] = "", time[TEXT_TIME];
    const unsigned indent = sizeof("2026-03-02 03:00:32Z ") - 1;
    page_safe(p, slice_of(text_time(alert->last_us, time)), indent, CUT_END);
    page_to(p, indent);
    text_severity(p, alert->severity);
    page_put(p, " ");
    page_tinted(p, TINT_BOLD, alert_rule(alert)->id);
    if (alert->state != ALERT_NEW) {
        page_put(p, " ");
        page_put(p, alert_state_name(alert->state));
    }
    if (p->columns >= NARROW_PAGE) {
        page_to(p, p->at + 1);
        put_entity(p, alert);
    } else {
        text_add(text, sizeof(text), "%s %s: ", entity_type_name(alert->entity_type),
                 alert->entity);
    }
    page_newline(p);
    add_observed(text, sizeof(text), alert);
    if (alert->reason[0] != '\0')
        text_add(text, sizeof(text), ": %s", alert->reason);
    page_to(p, indent);
    page_safe(p, slice_of(text), p->columns, CUT_END);
    page_newline(p);
}
