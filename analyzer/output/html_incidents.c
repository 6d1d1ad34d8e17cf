/* html_incidents.c - cases as stories, incidents one by one with log lines, advice once a rule
 *
 * An incident is a <details>: its first line says how bad, what, who, how much, when; inside are
 * the reason, the counts, the others involved and the log lines. The target of a link lies inside,
 * so that a browser opens it.
 *
 * limits:  OPEN_MOST severe incidents are open at first. When the page has grown to HTML_PAGE_MOST
 *          the rest has one row each, up to HTML_ROWS_MOST; the JSON output has them all */
#include "output/html.h"

#include <stdio.h>

#include "output/text_format.h"

enum {
    OPEN_MOST = 3,
    MEMBERS_MOST = 16,
    CASES_MOST = 24,
    EVIDENCE_MOST = 3,  /* of the first incidents */
    EVIDENCE_LATER = 1, /* of those behind EVIDENCE_FULL */
    EVIDENCE_FULL = 60,
    ADVICE_MOST = 64
};

/* ---- cases ---- */

static void put_story(struct html *h, const char *story)
{
    const slice arrow = SLICE_LIT(" -> ");
    slice rest = slice_of(story);
    html_raw(h, "<ol class=\"story\">\n");
    while (rest.len > 0) {
        size_t end = slice_find(rest, arrow);
        html_raw(h, "<li>");
        html_value(h->out, slice_first(rest, end), SIZE_MAX);
        html_raw(h, "</li>\n");
        rest = slice_from(rest, end + arrow.len);
    }
    html_raw(h, "</ol>\n");
}

static void put_case(struct html *h, const struct alert_case *k)
{
    html_raw(h, "<article class=\"case\"><h3>");
    html_severity(h, k->severity);
    html_raw(h, " ");
    html_span(h, k->first_us, k->last_us);
    html_raw(h, " <span class=\"n\">");
    html_count(h, k->alerts_count);
    html_raw(h, " incidents</span></h3>\n");
    put_story(h, k->story);
    html_raw(h, "</article>\n");
}

void html_cases(struct html *h)
{
    const struct case_list *list = &h->s->cases;
    unsigned shown = list->count < CASES_MOST ? list->count : CASES_MOST;
    if (shown == 0)
        return;
    html_section(h, "cases", "Cases");
    html_raw(h, "<p class=\"note\">Incidents that belong together. The first step is where repairs "
                "begin, the last is what it has cost.</p>\n<div class=\"cases\">\n");
    for (unsigned i = 0; i < shown; i++)
        put_case(h, &list->cases[i]);
    html_raw(h, "</div>\n");
    if (list->total > shown) {
        html_raw(h, "<p class=\"note\">And ");
        html_count(h, list->total - shown);
        html_raw(h, " more: see the JSON output.</p>\n");
    }
    html_end(h);
}

/* ---- one incident ---- */

static void put_entity(struct html *h, const struct alert *a)
{
    struct ip_addr ip;
    bool named = a->client_name[0] != '\0' && a->entity_type == ENTITY_IP &&
                 ip_addr_parse(slice_of(a->entity), &ip) && ip_addr_eq(&ip, &a->client);
    html_raw(h, "<span class=\"who\">");
    html_value(h->out, slice_of(a->entity), HTML_VALUE_MAX);
    html_place(h, &a->place);
    if (named) {
        html_raw(h, " <small>");
        html_value(h->out, slice_of(a->client_name), sizeof a->client_name);
        html_raw(h, "</small>");
    }
    html_raw(h, "</span>");
}

static void put_observed(struct html *h, const struct alert *a)
{
    char number[TEXT_NUMBER];
    outbuf_printf(h->out, "<span class=\"much\"><b>%s</b> ", text_real(a->observed, number));
    html_words(h, a->unit == NULL ? "" : a->unit);
    html_raw(h, "</span>");
}

static void put_line(struct html *h, const struct alert *a)
{
    html_severity(h, a->severity);
    html_raw(h, "<span class=\"what\">");
    html_words(h, alert_rule(a)->name);
    html_raw(h, "</span>");
    put_entity(h, a);
    put_observed(h, a);
    html_raw(h, "<span class=\"when\">");
    html_time(h, a->first_us);
    if (a->last_us - a->first_us >= 1000000) {
        html_raw(h, " <span>");
        html_lasted(h, a->first_us, a->last_us);
        html_raw(h, "</span>");
    }
    html_raw(h, "</span>");
}

static void put_term(struct html *h, const char *name)
{
    outbuf_printf(h->out, "<dt>%s</dt><dd>", name);
}

static void put_pair(struct html *h, const char *name, const char *value, size_t max)
{
    if (value[0] == '\0')
        return;
    put_term(h, name);
    html_value(h->out, slice_of(value), max);
    html_raw(h, "</dd>\n");
}

/* Counter names are lower_snake words. */
static void put_counters(struct html *h, const struct alert *a)
{
    if (a->counters_count == 0)
        return;
    put_term(h, "Counts");
    for (unsigned i = 0; i < a->counters_count; i++) {
        char name[64];
        snprintf(name, sizeof(name), "%s", a->counters[i].name);
        for (char *c = name; *c != '\0'; c++)
            *c = *c == '_' ? ' ' : *c;
        html_raw(h, i > 0 ? ", " : "");
        html_words(h, name);
        html_raw(h, " <b>");
        html_count(h, a->counters[i].value);
        html_raw(h, "</b>");
    }
    html_raw(h, "</dd>\n");
}

static void put_members(struct html *h, const struct alert *a)
{
    unsigned shown = a->related_count < MEMBERS_MOST ? a->related_count : MEMBERS_MOST;
    uint32_t total = a->related_total > a->related_count ? a->related_total : a->related_count;
    if (shown == 0)
        return;
    put_term(h, "Others involved");
    for (unsigned i = 0; i < shown; i++) {
        html_raw(h, i > 0 ? ", " : "");
        html_value(h->out, slice_of(a->related[i].value), sizeof a->related[i].value);
    }
    if (total > shown) {
        html_raw(h, " and ");
        html_count(h, total - shown);
        html_raw(h, " more");
    }
    html_raw(h, "</dd>\n");
}

static void put_source(struct html *h, const struct geo_place *g)
{
    if (g->country[0] == '\0' && g->as_number == 0)
        return;
    put_term(h, "From");
    html_value(h->out, slice_of(g->city_name), sizeof g->city_name);
    html_raw(h, g->city_name[0] != '\0' ? ", " : "");
    html_value(h->out, slice_of(g->country_name[0] != '\0' ? g->country_name : g->country),
               sizeof g->country_name);
    if (g->as_number != 0) {
        outbuf_printf(h->out, "%sAS%u ", g->country[0] != '\0' ? ", " : "", (unsigned)g->as_number);
        html_value(h->out, slice_of(g->as_name), sizeof g->as_name);
    }
    html_raw(h, "</dd>\n");
}

/* The patterns that its client was caught by. */
static void put_marks(struct html *h, const struct alert *a)
{
    if (a->marks_count == 0)
        return;
    put_term(h, "Caught by");
    for (unsigned i = 0; i < a->marks_count; i++) {
        html_raw(h, i > 0 ? ", " : "");
        html_value(h->out, slice_of(a->marks[i]->title), ALERT_TEXT_MAX);
        html_raw(h, " (");
        html_words(h, a->marks[i]->meaning);
        html_raw(h, ")");
    }
    html_raw(h, "</dd>\n");
}

static void put_samples(struct html *h, const struct alert *a, unsigned most)
{
    for (unsigned i = 0; i < a->samples_count && i < most; i++) {
        const struct alert_sample *s = &a->samples[i];
        html_raw(h, "<figure class=\"log\"><figcaption>");
        html_value(h->out, slice_of(s->source), sizeof s->source);
        outbuf_printf(h->out, ":%llu</figcaption><code>", (unsigned long long)s->line);
        html_text(h->out, slice_of(s->text), ALERT_SAMPLE_MAX);
        html_raw(h, "</code></figure>\n");
    }
}

static void put_facts(struct html *h, const struct alert *a)
{
    char number[TEXT_NUMBER];
    html_raw(h, "<dl>\n");
    put_pair(h, "Why", a->reason[0] != '\0' ? a->reason : alert_rule(a)->description,
             ALERT_TEXT_MAX);
    if (strstr(a->reason, a->how) == NULL)
        put_pair(h, "How", a->how, sizeof a->how);
    put_marks(h, a);
    put_term(h, "When");
    html_span(h, a->first_us, a->last_us);
    html_raw(h, a->state == ALERT_ENDED ? ", ended</dd>\n" : "</dd>\n");
    if (a->threshold > 0) {
        put_term(h, "Threshold");
        outbuf_printf(h->out, "%s</dd>\n", text_real(a->threshold, number));
    }
    put_counters(h, a);
    put_source(h, &a->place);
    put_members(h, a);
    put_term(h, "Rule");
    html_words(h, alert_rule(a)->id);
    if (a->advice != NULL && a->advice[0] != '\0') {
        html_raw(h, ", <a href=\"#do-");
        html_attr(h->out, slice_of(alert_rule(a)->id), 80);
        html_raw(h, "\">what to do</a>");
    }
    outbuf_printf(h->out, "</dd>\n<dt>Alert</dt><dd class=\"id\">%s</dd>\n</dl>\n", a->id);
}

static void put_incident(struct html *h, unsigned i, bool open)
{
    const struct alert *a = h->incidents[i];
    outbuf_printf(h->out, "<details class=\"incident %s\"%s><summary>", severity_name(a->severity),
                  open ? " open" : "");
    put_line(h, a);
    outbuf_printf(h->out, "</summary>\n<div class=\"body\" id=\"i%u\">\n", i + 1);
    put_facts(h, a);
    put_samples(h, a, i < EVIDENCE_FULL ? EVIDENCE_MOST : EVIDENCE_LATER);
    html_raw(h, "</div></details>\n");
}

static void put_row(struct html *h, unsigned i)
{
    outbuf_printf(h->out, "<p class=\"incident row %s\" id=\"i%u\">",
                  severity_name(h->incidents[i]->severity), i + 1);
    put_line(h, h->incidents[i]);
    html_raw(h, "</p>\n");
}

/* ---- advice ---- */

/* Was this text told for this rule; *ret_rule: was anything told for it? */
static bool was_told(const struct alert *const *told, unsigned count, const struct alert *a,
                     bool *ret_rule)
{
    *ret_rule = false;
    for (unsigned i = 0; i < count; i++) {
        if (strcmp(alert_rule(told[i])->id, alert_rule(a)->id) != 0)
            continue;
        *ret_rule = true;
        if (strcmp(told[i]->advice, a->advice) == 0)
            return true;
    }
    return false;
}

static void put_advice(struct html *h, const struct alert *a, bool first_of_rule)
{
    html_raw(h, "<details class=\"advice\"><summary>");
    html_words(h, alert_rule(a)->name);
    html_raw(h, "</summary>\n<div class=\"do\"");
    if (first_of_rule) {
        html_raw(h, " id=\"do-");
        html_attr(h->out, slice_of(alert_rule(a)->id), 80);
        html_raw(h, "\"");
    }
    html_raw(h, ">\n<p class=\"note\">");
    html_words(h, alert_rule(a)->description);
    html_raw(h, "</p>\n");
    html_advice(h, a->advice);
    html_raw(h, "</div></details>\n");
}

/* One for each rule and text: a site may have more than one kind of server. */
static void put_all_advice(struct html *h)
{
    const struct alert *told[ADVICE_MOST];
    unsigned count = 0;
    bool rule_told;
    html_raw(h, "<h3>What to do</h3>\n");
    for (unsigned i = 0; i < h->incidents_count && count < ADVICE_MOST; i++) {
        const struct alert *a = h->incidents[i];
        if (a->advice == NULL || a->advice[0] == '\0' || was_told(told, count, a, &rule_told))
            continue;
        told[count++] = a;
        put_advice(h, a, !rule_told);
    }
}

static void put_counts(struct html *h)
{
    unsigned by_severity[SEVERITY_COUNT] = {0};
    for (unsigned i = 0; i < h->incidents_count; i++)
        by_severity[h->incidents[i]->severity]++;
    html_raw(h, "<ul class=\"counts\">");
    for (unsigned i = SEVERITY_COUNT; i-- > 0;) {
        if (by_severity[i] == 0)
            continue;
        html_raw(h, "<li>");
        html_severity(h, (enum severity)i);
        html_raw(h, " <b>");
        html_count(h, by_severity[i]);
        html_raw(h, "</b></li>");
    }
    html_raw(h, "</ul>\n");
}

void html_incidents(struct html *h)
{
    unsigned i = 0;
    const size_t room = h->s->places.countries_count > 0 ? HTML_PLACES_ROOM : 0;
    html_section(h, "incidents", "Incidents");
    if (h->incidents_count == 0) {
        html_raw(h, "<p>None.</p>\n");
        html_end(h);
        return;
    }
    put_counts(h);
    html_raw(h, "<div class=\"list\">\n");
    for (; i < h->incidents_count && h->out->len < HTML_PAGE_MOST - room; i++)
        put_incident(h, i, i < OPEN_MOST && h->incidents[i]->severity >= SEVERITY_HIGH);
    for (; i < h->incidents_count && h->out->len < HTML_ROWS_MOST - room; i++)
        put_row(h, i);
    html_raw(h, "</div>\n");
    if (i < h->incidents_count) {
        html_raw(h, "<p class=\"note\">And ");
        html_count(h, h->incidents_count - i);
        html_raw(h, " more: see the JSON output.");
        for (; i < h->incidents_count && i < HTML_LINKS_MOST; i++)
            outbuf_printf(h->out, "<span id=\"i%u\"></span>", i + 1);
        html_raw(h, "</p>\n");
    }
    put_all_advice(h);
    html_end(h);
}
