/* html_scorecard.c - the scorecard, and how far the log can be trusted
 *
 * source:  RFC 2505 (BCP 30) section 2 for the numbers
 * limits:  a learnt domain that is no plain host name is not proposed as an option */
#include "output/html.h"

#include <stdio.h>

#include "alert/scorecard.h"
#include "output/text_format.h"

/* ---- scorecard ---- */

static const char *result_class(const char *result)
{
    static const char *const pairs[][2] = {
        {"PASS", "pass"}, {"FAIL", "fail"}, {"WARN", "warn"}, {"SEEN", "pass"}};
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++)
        if (strcmp(pairs[i][0], result) == 0)
            return pairs[i][1];
    return "none";
}

static void put_result(struct html *h, const struct scorecard_row *row)
{
    html_raw(h, "<tr><td class=\"no\">");
    html_words(h, row->number);
    outbuf_printf(h->out, "</td><td><span class=\"result %s\">", result_class(row->result));
    html_words(h, row->result);
    html_raw(h, "</span></td><th scope=\"row\">");
    html_words(h, row->title);
    html_raw(h, "</th><td>");
    html_words(h, row->evidence);
    html_raw(h, "</td></tr>\n");
}

static void put_card(struct html *h, const char *title, bool hygiene)
{
    bool any = false;
    for (unsigned i = 0; i < h->s->scorecard_count; i++) {
        const struct scorecard_row *row = &h->s->scorecard[i];
        if (scorecard_is_hygiene(row) != hygiene)
            continue;
        if (!any)
            outbuf_printf(h->out,
                          "<div class=\"scroll\" role=\"region\" tabindex=\"0\" "
                          "aria-label=\"%s\"><table class=\"card\"><caption>%s</caption>"
                          "<thead><tr><th scope=\"col\">no.</th><th scope=\"col\">result</th>"
                          "<th scope=\"col\">this server</th><th scope=\"col\">evidence</th></tr>"
                          "</thead><tbody>\n",
                          title, title);
        any = true;
        put_result(h, row);
    }
    html_raw(h, any ? "</tbody></table></div>\n" : "");
}

void html_scorecard(struct html *h)
{
    if (h->s->scorecard_count == 0)
        return;
    html_section(h, "scorecard", "Scorecard");
    html_raw(h, "<p class=\"note\">PASS and FAIL need evidence. UNKNOWN: this log cannot show it. "
                "SEEN: the server did it at least once.</p>\n");
    put_card(h, "RFC 2505", false);
    put_card(h, "Mail hygiene", true);
    html_end(h);
}

/* ---- coverage ---- */

static void put_share(struct html *h, double share, const char *words)
{
    char number[TEXT_NUMBER];
    if (share < 0)
        return;
    html_raw(h, "<tr><th scope=\"row\">");
    html_raw(h, words);
    outbuf_printf(h->out, "</th><td class=\"num\">%s</td><td class=\"barcell\">",
                  text_percent(share, 1, number));
    html_bar(h, share, 1);
    html_raw(h, "</td></tr>\n");
}

static void put_shares(struct html *h, const struct coverage *c)
{
    html_raw(h, "<table class=\"shares\"><caption>What this log shows</caption><thead><tr>"
                "<th scope=\"col\">of</th><th scope=\"col\" class=\"num\">shown</th><td></td></tr>"
                "</thead><tbody>\n");
    put_share(h, c->rcpt_decisions_visible, "sessions: which recipients were accepted or refused");
    put_share(h, c->client_known, "messages: which client handed them in");
    put_share(h, c->remote_reply_visible, "deliveries: what the other server answered");
    html_raw(h, "<tr><th scope=\"row\">logins</th><td class=\"num\">");
    html_raw(h, c->auth_visible ? "yes" : "no, or not all");
    html_raw(h, "</td><td></td></tr>\n");
    html_raw(h, "</tbody></table>\n");
}

static void put_gap(struct html *h, bool is, const char *words)
{
    if (!is)
        return;
    html_raw(h, "<li>");
    html_raw(h, words);
    html_raw(h, "</li>\n");
}

static void put_loss(struct html *h, uint64_t n, const char *words)
{
    if (n == 0)
        return;
    html_raw(h, "<li>");
    html_count(h, n);
    html_raw(h, " ");
    html_raw(h, words);
    html_raw(h, "</li>\n");
}

/* Whatever makes the answer less certain, in the order of weight. */
static void put_gaps(struct html *h)
{
    const struct coverage *c = &h->s->coverage;
    const struct input_totals *in = &h->s->input;
    size_t before;

    html_raw(h, "<h3>What this log cannot show</h3>\n<ul class=\"gaps\">\n");
    before = h->out->len;
    put_loss(
        h, c->unjudged,
        "recipients elsewhere were accepted from clients that this log does not name, or whose "
        "login it hides: nobody can say whether that was relaying.");
    put_gap(
        h, c->zones == ZONES_MISSING,
        "Which domains are ours: none were given and none could be learnt. Say --local-domain.");
    put_gap(h, c->zones == ZONES_LEARNT,
            "Which domains are ours: they were guessed from the log, see below.");
    put_gap(h, c->rcpt_decisions_visible < 0,
            "SMTP sessions: a refused attempt leaves no trace in a log of queues.");
    put_gap(h, c->rcpt_decisions_visible >= 0 && c->rcpt_decisions_visible < 0.9,
            "Many recipient decisions: \xe2\x80\x9cno\xe2\x80\x9d would be a guess.");
    put_gap(h, c->client_known >= 0 && c->client_known < 0.9,
            "Who handed in many of the messages: those cannot be judged.");
    put_gap(h, c->remote_reply_visible >= 0 && c->remote_reply_visible < 0.9,
            "What other servers answered to many deliveries: whether the mail arrived is open.");
    put_gap(h, !c->auth_visible,
            "Logins, or not all: a user who relays after a login looks like a stranger.");
    put_loss(h, in->rejected, "lines were not understood.");
    put_loss(h, in->lines_cut, "over-long lines were cut.");
    put_loss(h, in->gzip_truncated, "compressed files were cut short.");
    put_loss(h, in->late_ignored, "late lines were ignored.");
    put_loss(h, in->wild_time, "lines had impossible times.");
    put_loss(h, in->reorder_overflow, "lines were too far out of order to be sorted.");
    put_loss(h, in->sources_failed, "sources could not be read.");
    put_loss(h, h->s->evictions, "entries were dropped from full tables: give more --memory.");
    html_raw(h, h->out->len == before ? "<li>Nothing that matters for these answers.</li>\n" : "");
    html_raw(h, "</ul>\n");
}

/* Only what no shell can misread: the text came from a log. */
static bool is_plain_word(const char *text)
{
    return text[0] != '\0' && text[0] != '-' && strlen(text) <= 253 &&
           text[strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                             "0123456789.-_:/")] == '\0';
}

static void put_option(struct html *h, bool *first, const char *option, const char *value)
{
    if (!is_plain_word(value))
        return;
    html_raw(h, *first ? "<p>These were guessed. To make the answer certain, run again with those "
                         "that are yours:</p>\n<pre tabindex=\"0\"><code>relaywatch "
                       : " \\\n  ");
    html_raw(h, option);
    html_raw(h, " ");
    html_words(h, value);
    *first = false;
}

static void put_proposals(struct html *h, const struct coverage *c)
{
    bool first = true;
    if (c->zones == ZONES_EXPLICIT)
        return;
    for (unsigned i = 0; i < c->learnt_domains_count; i++)
        put_option(h, &first, "--local-domain", c->learnt_domains[i]);
    for (unsigned i = 0; i < c->learnt_networks_count; i++)
        put_option(h, &first, "--trusted", c->learnt_networks[i]);
    html_raw(h, first ? "" : "</code></pre>\n");
}

static void put_sources(struct html *h)
{
    const struct summary *s = h->s;
    if (s->source_names_count == 0)
        return;
    outbuf_printf(h->out, "<details><summary>%u source%s</summary><ul>\n", s->source_names_count,
                  s->source_names_count == 1 ? "" : "s");
    for (unsigned i = 0; i < s->source_names_count && i < 200; i++) {
        html_raw(h, "<li>");
        html_value(h->out, slice_of(s->source_names[i]), HTML_VALUE_MAX);
        html_raw(h, "</li>\n");
    }
    html_raw(h, "</ul></details>\n");
}

static void put_input(struct html *h)
{
    const struct input_totals *in = &h->s->input;
    char size[TEXT_NUMBER];
    html_raw(h, "<p class=\"note\">");
    html_count(h, in->lines);
    outbuf_printf(h->out, " lines, %s: ", text_size(in->bytes, size));
    html_count(h, in->parsed);
    html_raw(h, " parsed, ");
    html_count(h, in->skipped);
    html_raw(h, " of no interest, ");
    html_count(h, in->foreign);
    html_raw(h, " of other programs, ");
    html_count(h, in->rejected);
    html_raw(h, " not understood.</p>\n");
}

void html_coverage(struct html *h)
{
    html_section(h, "trust", "How far to trust this");
    html_raw(h, "<div class=\"two\">\n<div>\n");
    put_shares(h, &h->s->coverage);
    put_input(h);
    put_sources(h);
    html_raw(h, "</div>\n<div>\n");
    put_gaps(h);
    put_proposals(h, &h->s->coverage);
    html_raw(h, "</div>\n</div>\n");
    html_end(h);
}
