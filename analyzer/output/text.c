/* text.c - the "text" writer: the report for people, and one alert at a time in a follow run
 *
 * Order: the answer first, then why (cases, incidents), then when (traffic) and who (tops), then
 * how far to trust it (log, scorecard). A batch run prints the report only; a follow run prints
 * each alert as it comes and the report at its end.
 * limits:    at most INCIDENTS_MOST incidents are shown in full; the JSON output has them all. */
#include "output/text.h"

#include "output/writers.h"

enum { INCIDENTS_MOST = 25 };

bool text_advice_new(struct advice_seen *seen, const char *text)
{
    if (text == NULL || text[0] == '\0')
        return false;
    for (unsigned i = 0; i < seen->count; i++)
        if (strcmp(seen->text[i], text) == 0)
            return false;
    if (seen->count < sizeof(seen->text) / sizeof(seen->text[0]))
        seen->text[seen->count++] = text;
    return true;
}

void text_severity(struct page *p, enum severity severity)
{
    switch (severity) {
    case SEVERITY_CRITICAL:
        page_tinted(p, TINT_ALARM, "CRITICAL");
        break;
    case SEVERITY_HIGH:
        page_tinted(p, TINT_RED, "HIGH");
        break;
    case SEVERITY_MEDIUM:
        page_tinted(p, TINT_YELLOW, "MEDIUM");
        break;
    case SEVERITY_LOW:
        page_tinted(p, TINT_CYAN, "LOW");
        break;
    default:
        page_put(p, "INFO");
        break;
    }
}

void text_heading(struct page *p, const char *title)
{
    page_blank(p);
    page_tinted(p, TINT_BOLD, title);
}

static void write_alert(const struct run_info *run, const struct alert *alert, struct outbuf *out)
{
    if (!run->live)
        return;
    struct page page = page_begin(out, run->columns, run->colour);
    text_alert_line(&page, alert);
}

static void write_summary(const struct run_info *run, const struct summary *summary,
                          const struct alert *const *incidents, unsigned incidents_count,
                          struct outbuf *out)
{
    struct page page = page_begin(out, run->columns, run->colour);
    struct advice_seen seen = {.count = 0};
    text_servers(&page, summary);
    text_verdict(&page, summary, &seen);
    text_cases(&page, &summary->cases);
    text_incidents(&page, incidents, incidents_count, INCIDENTS_MOST, &seen);
    text_timeline(&page, &summary->timeline);
    text_tops(&page, summary, run->top);
    text_log(&page, run, summary);
    text_scorecard(&page, summary);
    text_scenarios(&page, summary);
    if (page.at > 0)
        page_newline(&page);
}

const struct writer text_writer = {
    .name = "text",
    .media_type = "text/plain; charset=utf-8",
    .alert = write_alert,
    .summary = write_summary,
};
