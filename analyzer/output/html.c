/* html.c - the "html" writer: the report as one page for people
 *
 * The page asks for nothing from outside and says so in its policy: style and script are named by
 * their digests, everything else is forbidden. All of it can be read without the script, which only
 * sorts and filters. Order: the answer, what to do, when, why, who, how far to trust it.
 * source:  WHATWG HTML, Content Security Policy Level 3, WCAG 2.2 AA
 * limits:  the clock of the wall is not in it, so the same log gives the same page */
#include "output/html.h"

#include <inttypes.h>
#include <stdio.h>

#include "output/html_assets.h"
#include "output/page.h"
#include "output/text_format.h"
#include "output/writers.h"

/* ---- pieces ---- */

void html_raw(struct html *h, const char *markup)
{
    outbuf_puts(h->out, markup);
}

void html_words(struct html *h, const char *words)
{
    html_text(h->out, slice_of(words), SIZE_MAX);
}

void html_count(struct html *h, uint64_t n)
{
    char number[TEXT_NUMBER];
    html_raw(h, text_count(n, number));
}

static void put_time(struct html *h, int64_t time_us, slice shown)
{
    html_raw(h, "<time datetime=\"");
    outbuf_time_iso(h->out, time_us);
    html_raw(h, "\">");
    outbuf_put(h->out, shown);
    html_raw(h, "</time>");
}

void html_time(struct html *h, int64_t time_us)
{
    char text[TEXT_TIME];
    if (time_us != 0)
        put_time(h, time_us, slice_of(text_time(time_us, text)));
}

void html_span(struct html *h, int64_t first_us, int64_t last_us)
{
    char first[TEXT_TIME], last[TEXT_TIME];
    const size_t date = sizeof("2026-03-02" TEXT_NBSP) - 1;
    text_time(first_us, first);
    text_time(last_us, last);
    bool same_day = strlen(first) > date && strncmp(first, last, date) == 0;
    put_time(h, first_us, slice_of(first));
    if (strcmp(first, last) == 0)
        return;
    html_raw(h, " \xe2\x80\x93 ");
    put_time(h, last_us, slice_from(slice_of(last), same_day ? date : 0));
}

void html_lasted(struct html *h, int64_t first_us, int64_t last_us)
{
    static const struct {
        long long seconds;
        const char *name;
    } units[] = {{86400, "d"}, {3600, "h"}, {60, "min"}, {1, "s"}};
    long long left = (long long)((last_us - first_us) / 1000000);
    unsigned told = 0;
    for (unsigned i = 0; i < 4 && told < 2; i++) {
        long long n = left / units[i].seconds;
        left %= units[i].seconds;
        if (n == 0 && told == 0)
            continue;
        if (n > 0)
            outbuf_printf(h->out, "%s%lld" TEXT_NBSP "%s", told > 0 ? TEXT_NBSP : "", n,
                          units[i].name);
        told++;
    }
}

void html_bar(struct html *h, double part, double whole)
{
    double percent = whole > 0 ? 100 * part / whole : 0;
    percent = percent > 100 ? 100 : percent;
    outbuf_printf(h->out,
                  "<svg class=\"bar\" aria-hidden=\"true\"><rect width=\"%.1f%%\" "
                  "height=\"100%%\"/></svg>",
                  percent);
}

void html_severity(struct html *h, enum severity severity)
{
    outbuf_printf(h->out, "<span class=\"sev %s\">%s</span>", severity_name(severity),
                  severity_name(severity));
}

void html_place(struct html *h, const struct geo_place *place)
{
    if (place->country[0] == '\0')
        return;
    html_raw(h, " <abbr class=\"cc\" title=\"");
    html_attr(h->out,
              slice_of(place->country_name[0] != '\0' ? place->country_name : place->country),
              HTML_VALUE_MAX);
    html_raw(h, "\">");
    html_words(h, place->country);
    html_raw(h, "</abbr>");
}

void html_section(struct html *h, const char *id, const char *title)
{
    outbuf_printf(h->out, "\n<section aria-labelledby=\"%s\">\n<h2 id=\"%s\">%s</h2>\n", id, id,
                  title);
}

void html_end(struct html *h)
{
    html_raw(h, "</section>\n");
}

/* Lines that begin with two blanks are commands: those that follow each other are one block. */
void html_advice(struct html *h, const char *advice)
{
    slice rest = slice_of(advice);
    bool open = false;
    while (rest.len > 0) {
        size_t end = slice_find_byte(rest, '\n');
        slice line = slice_first(rest, end);
        bool command = slice_starts(line, SLICE_LIT("  "));
        rest = slice_from(rest, end + 1);
        if (open && !command)
            html_raw(h, "</code></pre>\n");
        html_raw(h, !command ? "<p>" : open ? "\n" : "<pre tabindex=\"0\"><code>");
        html_text(h->out, command ? slice_from(line, 2) : line, SIZE_MAX);
        html_raw(h, command ? "" : "</p>\n");
        open = command;
    }
    html_raw(h, open ? "</code></pre>\n" : "");
}

/* ---- the page ---- */

static void put_base64(struct outbuf *out, const unsigned char *bytes, size_t size)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < size; i += 3) {
        uint32_t v = (uint32_t)bytes[i] << 16 | (uint32_t)(i + 1 < size ? bytes[i + 1] : 0) << 8 |
                     (uint32_t)(i + 2 < size ? bytes[i + 2] : 0);
        outbuf_putc(out, digits[v >> 18]);
        outbuf_putc(out, digits[v >> 12 & 63]);
        outbuf_putc(out, i + 1 < size ? digits[v >> 6 & 63] : '=');
        outbuf_putc(out, i + 2 < size ? digits[v & 63] : '=');
    }
}

static slice asset_text(const struct html_asset *asset)
{
    return (slice){(const char *)asset->bytes, asset->size};
}

static void put_policy(struct html *h)
{
    html_raw(h, "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
                "style-src 'sha256-");
    put_base64(h->out, html_style.sha256, sizeof html_style.sha256);
    html_raw(h, "'; script-src 'sha256-");
    put_base64(h->out, html_script.sha256, sizeof html_script.sha256);
    if (h->run->page_number > 0) {
        html_raw(h, "' 'sha256-");
        put_base64(h->out, html_live.sha256, sizeof html_live.sha256);
        html_raw(h, "'; connect-src 'self");
    }
    html_raw(h, "'; img-src data:; base-uri 'none'; form-action 'none'\">\n");
}

static void put_head(struct html *h)
{
    const char *host = h->s->coverage.server_host;
    html_raw(h, "<!DOCTYPE html>\n<html lang=\"en\"");
    if (h->run->page_number > 0)
        outbuf_printf(h->out, " data-page=\"%" PRIu64 "\"", h->run->page_number);
    html_raw(h, ">\n<head>\n<meta charset=\"utf-8\">\n");
    put_policy(h);
    html_raw(h, "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                "<meta name=\"color-scheme\" content=\"light dark\">\n"
                "<meta name=\"robots\" content=\"noindex, nofollow\">\n"
                "<meta name=\"referrer\" content=\"no-referrer\">\n<title>relaywatch: ");
    html_attr(h->out, slice_of(host[0] != '\0' ? host : "report"), 80);
    html_raw(h, "</title>\n<link rel=\"icon\" href=\"data:,\">\n<style>");
    outbuf_put(h->out, asset_text(&html_style));
    html_raw(h, "</style>\n</head>\n<body>\n<a class=\"skip\" href=\"#main\">Skip to the report"
                "</a>\n");
}

static void put_link(struct html *h, const char *id, const char *title, uint64_t count)
{
    outbuf_printf(h->out, "<li><a href=\"#%s\">%s", id, title);
    if (count > 0) {
        html_raw(h, " <span class=\"n\">");
        html_count(h, count);
        html_raw(h, "</span>");
    }
    html_raw(h, "</a></li>\n");
}

static bool any_place(const struct html *h)
{
    return h->s->places.countries_count + h->s->places.networks_count > 0;
}

static void put_nav(struct html *h)
{
    html_raw(h, "<nav aria-label=\"Sections\"><ul>\n");
    if (h->s->servers_count > 1)
        put_link(h, "servers", "Servers", h->s->servers_count);
    put_link(h, "answers", "Answers", 0);
    if (h->s->timeline.count > 0)
        put_link(h, "timeline", "Timeline", 0);
    if (h->s->cases.count > 0)
        put_link(h, "cases", "Cases", h->s->cases.total);
    put_link(h, "incidents", "Incidents", h->incidents_count);
    put_link(h, "tops", "Who", 0);
    if (any_place(h))
        put_link(h, "places", "Where", 0);
    put_link(h, "trust", "Trust", 0);
    if (h->s->scorecard_count > 0)
        put_link(h, "scorecard", "Scorecard", 0);
    html_raw(h, "</ul></nav>\n");
}

static void put_foot(struct html *h)
{
    html_raw(h, "</main>\n<footer><p>Made by relaywatch ");
    html_words(h, h->run->version == NULL ? "" : h->run->version);
    html_raw(h, " from the log alone. All times are UTC.</p></footer>\n<script>");
    outbuf_put(h->out, asset_text(&html_script));
    if (h->run->page_number > 0) {
        html_raw(h, "</script>\n<script>");
        outbuf_put(h->out, asset_text(&html_live));
    }
    html_raw(h, "</script>\n</body>\n</html>\n");
}

static void write_summary(const struct run_info *run, const struct summary *summary,
                          const struct alert *const *incidents, unsigned incidents_count,
                          struct outbuf *out)
{
    struct html page = {.out = out,
                        .run = run,
                        .s = summary,
                        .incidents = incidents,
                        .incidents_count = incidents_count},
                *h = &page;
    put_head(h);
    html_answer(h);
    put_nav(h);
    html_raw(h, "<main id=\"main\" tabindex=\"-1\">\n");
    html_servers(h);
    html_topics(h);
    html_todo(h);
    html_timeline(h);
    html_cases(h);
    html_incidents(h);
    html_tops(h);
    html_places(h);
    html_coverage(h);
    html_scorecard(h);
    put_foot(h);
}

const struct writer html_writer = {
    .name = "html",
    .media_type = "text/html; charset=utf-8",
    .whole = true,
    .summary = write_summary,
};
