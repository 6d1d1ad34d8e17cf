/* html_verdict.c - the answer: one sentence in large letters, then the five questions, then what to
 * do with the evidence for it
 *
 * The head of the page is the verdict that is worst; relaying decides between equals.
 * limits:  evidence is one log line of the most severe incident that answers the question */
#include "output/html.h"

#include <stdio.h>

#include "output/text_format.h"

enum { PARTIES_MOST = 5 };

#define RULE_SET(id) (1U << RULE_##id)

static const struct {
    const char *title, *question;
    uint32_t rules; /* whose incidents answer it */
} topics[TOPIC_COUNT] = {
    [TOPIC_RELAY] = {"Relay", "Do strangers send mail through this server?",
                     RULE_SET(RELAY_ACCEPTED) | RULE_SET(RELAY_PROBE)},
    [TOPIC_BACKSCATTER] = {"Backscatter", "Do its bounces hit people who wrote nothing?",
                           RULE_SET(BACKSCATTER) | RULE_SET(REVERSE_NDR) | RULE_SET(QUEUE_NDR)},
    [TOPIC_VICTIM] = {"Victim", "Do bounces flood in for mail forged in its name?",
                      RULE_SET(NDR_FLOOD)},
    [TOPIC_ACCOUNT] = {"Account", "Is an account in wrong hands, or being guessed?",
                       RULE_SET(ACCOUNT_BURST) | RULE_SET(SASL_BRUTE_SUCCESS) |
                           RULE_SET(SASL_BRUTE) | RULE_SET(SASL_SPRAY) |
                           RULE_SET(SASL_DISTRIBUTED)},
    [TOPIC_INSIDE] = {"Inside", "Does a machine inside send abuse?", RULE_SET(HOST_BURST)},
};

/* Class, mark and word of a verdict. */
struct look {
    const char *css, *word;
};

static struct look look_of(const struct verdict *v)
{
    static const struct look looks[] = {[VERDICT_NO] = {"no", "No"},
                                        [VERDICT_ATTEMPTED] = {"tried", "Attempted"},
                                        [VERDICT_EXPOSED] = {"open", "Exposed"},
                                        [VERDICT_YES] = {"yes", "Yes"}};
    return v->state == VERDICT_NO && v->no_evidence ? (struct look){"blind", "No evidence"}
                                                    : looks[v->state];
}

static unsigned worst_topic(const struct summary *s)
{
    unsigned worst = TOPIC_RELAY;
    for (unsigned topic = 0; topic < TOPIC_COUNT; topic++)
        if (s->verdict[topic].state > s->verdict[worst].state)
            worst = topic;
    return worst;
}

/* The incident with a log line that is about the first party; else the most severe one. */
static const struct alert *evidence_of(const struct html *h, unsigned topic)
{
    const struct verdict *v = &h->s->verdict[topic];
    const struct alert *first = NULL;
    for (unsigned i = 0; i < h->incidents_count; i++) {
        const struct alert *a = h->incidents[i];
        if ((topics[topic].rules >> a->rule & 1U) == 0 || a->samples_count == 0)
            continue;
        if (v->by_count > 0 && strcmp(a->entity, v->by[0].value) == 0)
            return a;
        first = first == NULL ? a : first;
    }
    return first;
}

/* "mx1.example.net, postfix, 2026-03-02 ... " */
static void put_server(struct html *h)
{
    const struct coverage *c = &h->s->coverage;
    const char *mta = c->server_mta == NULL ? "" : c->server_mta;
    html_raw(h, "<p class=\"server\"><b>");
    html_value(h->out, slice_of(c->server_host[0] != '\0' ? c->server_host : "Mail server"), 80);
    html_raw(h, "</b>");
    if (mta[0] != '\0') {
        html_raw(h, " <span>");
        html_words(h, mta);
        html_raw(h, "</span>");
    }
    if (h->s->input.first_us != 0) {
        html_raw(h, " <span>");
        html_span(h, h->s->input.first_us, h->s->input.last_us);
        html_raw(h, "</span>");
    }
    html_raw(h, "</p>\n");
}

static void put_fact(struct html *h, const char *name)
{
    outbuf_printf(h->out, "<div><dt>%s</dt><dd>", name);
}

static void put_facts(struct html *h, const struct verdict *v)
{
    html_raw(h, "<dl class=\"facts\">");
    if (v->since_us != 0) {
        put_fact(h, "Since");
        html_time(h, v->since_us);
        html_raw(h, "</dd></div>");
    }
    if (v->last_us != 0 && v->last_us != v->since_us) {
        put_fact(h, "Last seen");
        html_time(h, v->last_us);
        html_raw(h, "</dd></div>");
    }
    if (v->how_count > 0) {
        put_fact(h, "How");
        for (unsigned i = 0; i < v->how_count; i++) {
            if (strcmp(v->how[i], v->tester) == 0) /* that has a sentence of its own */
                continue;
            html_raw(h, i > 0 ? ", " : "");
            html_value(h->out, slice_of(v->how[i]), sizeof v->how[i]);
        }
        html_raw(h, "</dd></div>");
    }
    if (h->s->risk_score >= 0) {
        put_fact(h, "Risk");
        outbuf_printf(h->out, "%.0f of 100</dd></div>", h->s->risk_score);
    }
    html_raw(h, "</dl>\n");
}

void html_answer(struct html *h)
{
    unsigned topic = worst_topic(h->s);
    const struct verdict *v = &h->s->verdict[topic];
    struct look look = look_of(v);
    outbuf_printf(h->out, "<header class=\"answer %s\"><div class=\"in\">\n", look.css);
    put_server(h);
    outbuf_printf(h->out, "<p class=\"state\">%s: %s</p>\n<h1>", topics[topic].title, look.word);
    html_words(h, v->sentence[0] != '\0' ? v->sentence : topics[topic].question);
    html_raw(h, "</h1>\n");
    put_facts(h, v);
    html_raw(h, "</div></header>\n");
}

/* The one at the head of the page has said its sentence. */
static void put_topic(struct html *h, unsigned topic, bool at_head)
{
    const struct verdict *v = &h->s->verdict[topic];
    struct look look = look_of(v);
    outbuf_printf(h->out,
                  "<li class=\"topic %s\"><h3>%s</h3><p class=\"word\">%s</p><p class=\"ask\">%s"
                  "</p>",
                  look.css, topics[topic].title, look.word, topics[topic].question);
    if (!at_head) {
        html_raw(h, "<p>");
        html_words(h, v->sentence);
        html_raw(h, "</p>");
    }
    if (v->state != VERDICT_NO && v->since_us != 0) {
        html_raw(h, "<p class=\"when\">since ");
        html_time(h, v->since_us);
        html_raw(h, "</p>");
    }
    html_raw(h, "</li>\n");
}

void html_topics(struct html *h)
{
    html_section(h, "answers", "Five questions");
    html_raw(h, "<ul class=\"topics\">\n");
    for (unsigned topic = 0; topic < TOPIC_COUNT; topic++)
        put_topic(h, topic, topic == worst_topic(h->s));
    html_raw(h, "</ul>\n");
    html_end(h);
}

/* ---- what to do, and why ---- */

static void put_party(struct html *h, const struct verdict_party *p, uint64_t most)
{
    html_raw(h, "<tr><th scope=\"row\">");
    html_value(h->out, slice_of(p->value), HTML_VALUE_MAX);
    if (p->name[0] != '\0') {
        html_raw(h, " <small>");
        html_value(h->out, slice_of(p->name), sizeof p->name);
        html_raw(h, "</small>");
    }
    html_raw(h, "</th><td class=\"num\">");
    html_count(h, p->count);
    html_raw(h, "</td><td class=\"barcell\">");
    html_bar(h, (double)p->count, (double)most);
    html_raw(h, "</td></tr>\n");
}

static void put_parties(struct html *h, const struct verdict *v)
{
    unsigned shown = v->by_count < PARTIES_MOST ? v->by_count : PARTIES_MOST;
    uint64_t most = 0;
    if (shown == 0)
        return;
    for (unsigned i = 0; i < shown; i++)
        most = v->by[i].count > most ? v->by[i].count : most;
    html_raw(h, "<table><caption>By whom</caption><thead><tr><th scope=\"col\">who</th>"
                "<th scope=\"col\" class=\"num\">");
    html_words(h, v->unit == NULL ? "count" : v->unit);
    html_raw(h, "</th><td></td></tr></thead><tbody>\n");
    for (unsigned i = 0; i < shown; i++)
        put_party(h, &v->by[i], most);
    html_raw(h, "</tbody></table>\n");
    if (v->by_total > shown) {
        html_raw(h, "<p class=\"note\">and ");
        html_count(h, v->by_total - shown);
        html_raw(h, " more</p>\n");
    }
}

static void put_evidence(struct html *h, unsigned topic)
{
    const struct verdict *v = &h->s->verdict[topic];
    const struct alert *a = evidence_of(h, topic);
    html_raw(h, "<div class=\"why\">\n");
    put_parties(h, v);
    if (v->tester[0] != '\0') {
        html_raw(h, "<p>The requests are those of a relay test: ");
        html_value(h->out, slice_of(v->tester), sizeof v->tester);
        html_raw(h, ".</p>\n");
    }
    if (a != NULL) {
        html_raw(h, "<figure class=\"log\"><figcaption>Evidence, ");
        html_value(h->out, slice_of(a->samples[0].source), sizeof a->samples[0].source);
        outbuf_printf(h->out, ":%llu</figcaption><code>", (unsigned long long)a->samples[0].line);
        html_text(h->out, slice_of(a->samples[0].text), ALERT_SAMPLE_MAX);
        html_raw(h, "</code></figure>\n");
    }
    html_raw(h, "</div>\n");
}

void html_todo(struct html *h)
{
    unsigned topic = worst_topic(h->s);
    const struct verdict *v = &h->s->verdict[topic];
    if (v->state == VERDICT_NO)
        return;
    html_section(h, "todo", "What to do now");
    html_raw(h, "<div class=\"two\">\n<div class=\"do\">\n");
    html_advice(h, v->advice == NULL ? "" : v->advice);
    html_raw(h, "</div>\n");
    put_evidence(h, topic);
    html_raw(h, "</div>\n");
    for (unsigned i = 0; i < TOPIC_COUNT; i++) {
        const struct verdict *other = &h->s->verdict[i];
        if (i == topic || other->state == VERDICT_NO || other->advice == NULL ||
            other->advice[0] == '\0')
            continue;
        outbuf_printf(h->out,
                      "<details><summary>And for: %s</summary>\n<div class=\"two\">\n"
                      "<div class=\"do\">\n",
                      topics[i].title);
        html_advice(h, other->advice);
        html_raw(h, "</div>\n");
        put_evidence(h, i);
        html_raw(h, "</div>\n</details>\n");
    }
    html_end(h);
}
