/* html_timeline.c - traffic and incidents over one axis of time, as SVG without a script
 *
 * One strip for each thing that was counted, each on its own scale with its peak named: they differ
 * by orders of magnitude. Below them a lane for each rule with its incidents, each a link. Text is
 * in pixels and only the shapes stretch with the page, so that it stays readable on a telephone.
 *
 * limits:  the first HTML_LINKS_MOST incidents have a bar, LANES_MOST rules a lane; the table of
 *          numbers has the buckets in which something was counted */
#include "output/html.h"

#include <stdio.h>

#include "output/page.h"
#include "output/text_format.h"

enum {
    STRIP_LABEL = 18, /* pixels */
    STRIP_HEIGHT = 44,
    STRIP_GAP = 14,
    LANE_LABEL = 18,
    LANE_HEIGHT = 12,
    LANE_GAP = 10,
    AXIS_HEIGHT = 22,
    TICKS_MOST = 8,
    LANES_MOST = 20
};

static const int64_t day_us = INT64_C(86400000000);

static const char *const titles[TRAFFIC_COUNT] = {
    [TRAFFIC_ACCEPTED] = "Messages accepted",  [TRAFFIC_DELIVERED] = "Recipients delivered",
    [TRAFFIC_REFUSED] = "Refused at the door", [TRAFFIC_BOUNCED] = "Recipients bounced",
    [TRAFFIC_AUTH_FAILED] = "Logins failed",   [TRAFFIC_NULL_IN] = "Null sender from outside",
};

/* The axis: the buckets, and incidents that reach beyond them. */
struct axis {
    int64_t start_us, end_us, tick_us;
    unsigned ticks;
    int64_t first_tick_us;
};

static struct axis axis_of(const struct timeline_view *v)
{
    static const int64_t steps_s[] = {10,    30,    60,    300,   600,    1800,   3600,    7200,
                                      10800, 21600, 43200, 86400, 172800, 604800, 2419200, 9676800};
    enum { STEPS = sizeof steps_s / sizeof steps_s[0] };
    struct axis a = {.start_us = v->start_us, .end_us = v->start_us + v->count * v->width_us};
    unsigned step = 0;
    while (step + 1 < STEPS && (a.end_us - a.start_us) / (steps_s[step] * 1000000) > TICKS_MOST)
        step++;
    a.tick_us = steps_s[step] * 1000000;
    if ((a.end_us - a.start_us) / a.tick_us > 64) /* beyond a lifetime */
        a.tick_us = (a.end_us - a.start_us) / TICKS_MOST;
    a.first_tick_us = (a.start_us + a.tick_us - 1) / a.tick_us * a.tick_us;
    return a;
}

static double percent_at(const struct axis *a, int64_t time_us)
{
    double at = 100.0 * (double)(time_us - a->start_us) / (double)(a->end_us - a->start_us);
    return at < 0 ? 0 : at > 100 ? 100 : at;
}

/* A time of the form of text_time(), whose blank has two bytes. */
enum { MONTH_AT = 5, DAY_AT = 8, CLOCK_AT = 12, TIME_LENGTH = 21 };

/* "2 Mar" */
static void put_day(struct html *h, const char *time)
{
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    unsigned month = (unsigned)(time[MONTH_AT] - '0') * 10 + (unsigned)(time[MONTH_AT + 1] - '0');
    unsigned day = (unsigned)(time[DAY_AT] - '0') * 10 + (unsigned)(time[DAY_AT + 1] - '0');
    outbuf_printf(h->out, "%u" TEXT_NBSP "%s", day, months[(month + 11) % 12]);
}

/* "03:00", or "2 Mar" at midnight and on an axis of days; times of no calendar have none. */
static void put_tick_words(struct html *h, const struct axis *a, int64_t time_us)
{
    char time[TEXT_TIME];
    text_time(time_us, time);
    if (strlen(time) < TIME_LENGTH)
        return;
    if (a->tick_us % day_us == 0 || memcmp(time + CLOCK_AT, "00:00", 5) == 0)
        put_day(h, time);
    else
        outbuf_put(h->out, (slice){time + CLOCK_AT, a->tick_us < 60000000 ? 8 : 5});
}

/* When a bucket begins: "03:00", with the day on an axis of more than one, the day alone where it
 * is as wide as that. */
static void put_moment(struct html *h, const struct timeline_view *v, unsigned bucket)
{
    char time[TEXT_TIME];
    text_time(v->start_us + bucket * v->width_us, time);
    if (strlen(time) < TIME_LENGTH || v->width_us >= day_us) {
        outbuf_put(h->out, slice_first(slice_of(time), sizeof "2026-03-02" - 1));
        return;
    }
    if (v->count * v->width_us > day_us) {
        put_day(h, time);
        html_raw(h, TEXT_NBSP);
    }
    outbuf_put(h->out, (slice){time + CLOCK_AT, 5});
}

static void put_grid(struct html *h, const struct axis *a)
{
    for (int64_t t = a->first_tick_us; t <= a->end_us; t += a->tick_us)
        outbuf_printf(h->out, "<line class=\"grid\" x1=\"%.3f%%\" x2=\"%.3f%%\" y2=\"100%%\"/>",
                      percent_at(a, t), percent_at(a, t));
}

static void put_ticks(struct html *h, const struct axis *a, unsigned y)
{
    for (int64_t t = a->first_tick_us; t <= a->end_us; t += a->tick_us) {
        double at = percent_at(a, t);
        outbuf_printf(h->out, "<text class=\"tick\" x=\"%.3f%%\" y=\"%u\" text-anchor=\"%s\">", at,
                      y,
                      at < 3    ? "start"
                      : at > 97 ? "end"
                                : "middle");
        put_tick_words(h, a, t);
        html_raw(h, "</text>");
    }
}

/* ---- strips ---- */

static unsigned peak_of(const struct timeline_view *v, enum traffic what)
{
    unsigned peak = 0;
    for (unsigned b = 1; b < v->count; b++)
        if (v->bucket[b][what] > v->bucket[peak][what])
            peak = b;
    return peak;
}

/* Height in 0..100; what is there can be seen. */
static unsigned height_of(uint64_t n, uint64_t most)
{
    unsigned height = most == 0 ? 0 : (unsigned)(100.0 * (double)n / (double)most + 0.5);
    return n > 0 && height < 3 ? 3 : height;
}

/* Steps over the buckets, one unit wide each. */
static void put_steps(struct html *h, const struct timeline_view *v, enum traffic what,
                      uint64_t most)
{
    unsigned before = 0;
    html_raw(h, "<path d=\"M0 100");
    for (unsigned b = 0; b < v->count; b++) {
        unsigned height = height_of(v->bucket[b][what], most);
        if (height != before)
            outbuf_printf(h->out, "H%uV%u", b, 100 - height);
        before = height;
    }
    outbuf_printf(h->out, "H%uV100Z\"/>", v->count);
}

static void put_strip(struct html *h, const struct timeline_view *v, enum traffic what, unsigned y)
{
    char number[TEXT_NUMBER];
    unsigned peak = peak_of(v, what);
    uint64_t most = v->bucket[peak][what];

    outbuf_printf(h->out, "<text class=\"label\" y=\"%u\">%s <tspan class=\"n\">%s</tspan></text>",
                  y + 12, titles[what], text_count(v->total[what], number));
    outbuf_printf(h->out,
                  "<text class=\"peak\" x=\"100%%\" y=\"%u\" text-anchor=\"end\">peak %s at ",
                  y + 12, text_count(most, number));
    put_moment(h, v, peak);
    outbuf_printf(h->out,
                  "</text><line class=\"base\" x2=\"100%%\" y1=\"%u\" y2=\"%u\"/>"
                  "<svg class=\"%s\" y=\"%u\" width=\"100%%\" height=\"%u\" viewBox=\"0 0 %u 100\" "
                  "preserveAspectRatio=\"none\">",
                  y + STRIP_LABEL + STRIP_HEIGHT, y + STRIP_LABEL + STRIP_HEIGHT,
                  what <= TRAFFIC_DELIVERED ? "mail" : "bad", y + STRIP_LABEL, STRIP_HEIGHT,
                  v->count);
    put_steps(h, v, what, most);
    html_raw(h, "</svg>\n");
}

/* A column over all strips for each bucket with something in it: what stands in it is its tooltip.
 */
static void put_tips(struct html *h, const struct timeline_view *v)
{
    char time[TEXT_TIME], number[TEXT_NUMBER];
    outbuf_printf(h->out,
                  "<svg class=\"tips\" width=\"100%%\" height=\"100%%\" viewBox=\"0 0 %u 1\" "
                  "preserveAspectRatio=\"none\">",
                  v->count);
    for (unsigned b = 0; b < v->count; b++) {
        bool any = false;
        for (unsigned i = 0; i < TRAFFIC_COUNT; i++)
            any |= v->bucket[b][i] > 0;
        if (!any)
            continue;
        outbuf_printf(h->out, "<rect x=\"%u\" width=\"1\" height=\"1\"><title>%s", b,
                      text_time(v->start_us + b * v->width_us, time));
        for (unsigned i = 0; i < TRAFFIC_COUNT; i++)
            if (v->bucket[b][i] > 0)
                outbuf_printf(h->out, "\n%s %s", titles[i], text_count(v->bucket[b][i], number));
        html_raw(h, "</title></rect>");
    }
    html_raw(h, "</svg>\n");
}

static void put_strips(struct html *h, const struct axis *a)
{
    const struct timeline_view *v = &h->s->timeline;
    unsigned y = 0, strips = 0;
    for (unsigned i = 0; i < TRAFFIC_COUNT; i++)
        strips += v->total[i] > 0;
    unsigned height = strips * (STRIP_LABEL + STRIP_HEIGHT + STRIP_GAP) + AXIS_HEIGHT;
    outbuf_printf(h->out,
                  "<svg class=\"chart\" role=\"img\" aria-labelledby=\"tl-t tl-d\" width=\"100%%\" "
                  "height=\"%u\"><title id=\"tl-t\">Traffic over time</title><desc id=\"tl-d\">"
                  "%u strips over the same time; the numbers are in the table below.</desc>\n",
                  height, strips);
    put_grid(h, a);
    for (unsigned i = 0; i < TRAFFIC_COUNT; i++) {
        if (v->total[i] == 0)
            continue;
        put_strip(h, v, (enum traffic)i, y);
        y += STRIP_LABEL + STRIP_HEIGHT + STRIP_GAP;
    }
    put_ticks(h, a, height - 6);
    put_tips(h, v);
    html_raw(h, "</svg>\n");
}

/* ---- incidents ---- */

struct lane {
    const struct rule_info *rule;
    unsigned count;
};

static bool in_lane(const struct lane *lane, const struct alert *a)
{
    return strcmp(lane->rule->id, alert_rule(a)->id) == 0;
}

static unsigned lanes_of(const struct html *h, struct lane *lanes)
{
    unsigned count = 0;
    for (unsigned i = 0; i < h->incidents_count; i++) {
        unsigned k = 0;
        while (k < count && !in_lane(&lanes[k], h->incidents[i]))
            k++;
        if (k == LANES_MOST)
            continue;
        if (k == count)
            lanes[count++] = (struct lane){.rule = alert_rule(h->incidents[i])};
        lanes[k].count++;
    }
    return count;
}

/* The higher the more severe, so that it shows without colours. */
static void put_bar(struct html *h, const struct axis *a, unsigned i, unsigned y)
{
    const struct alert *alert = h->incidents[i];
    double from = percent_at(a, alert->first_us), to = percent_at(a, alert->last_us);
    char time[TEXT_SPAN];
    unsigned height = LANE_HEIGHT - 2 * (SEVERITY_CRITICAL - alert->severity);
    outbuf_printf(h->out,
                  "<a href=\"#i%u\"><rect class=\"%s\" x=\"%.3f%%\" y=\"%u\" width=\"%.3f%%\" "
                  "height=\"%u\"/><title>%s ",
                  i + 1, severity_name(alert->severity), from > 99.6 ? 99.6 : from,
                  y + LANE_HEIGHT - height, to - from < 0.4 ? 0.4 : to - from, height,
                  severity_name(alert->severity));
    html_attr(h->out, slice_of(alert->entity), 64);
    outbuf_printf(h->out, ", %s</title></a>\n", text_span(alert->first_us, alert->last_us, time));
}

static void put_lane(struct html *h, const struct axis *a, const struct lane *lane, unsigned y)
{
    char number[TEXT_NUMBER];
    outbuf_printf(h->out, "<text class=\"label\" y=\"%u\">", y + 12);
    html_words(h, lane->rule->name);
    outbuf_printf(h->out, " <tspan class=\"n\">%s</tspan></text>", text_count(lane->count, number));
    /* the most severe come first in the list and lie on top of the others */
    for (unsigned i = h->incidents_count; i-- > 0;)
        if (in_lane(lane, h->incidents[i]) && i < HTML_LINKS_MOST)
            put_bar(h, a, i, y + LANE_LABEL);
}

static void put_lanes(struct html *h, const struct axis *a)
{
    struct lane lanes[LANES_MOST];
    unsigned count = lanes_of(h, lanes);
    const unsigned each = LANE_LABEL + LANE_HEIGHT + LANE_GAP;
    if (count == 0)
        return;
    outbuf_printf(h->out,
                  "<svg class=\"chart lanes\" role=\"group\" aria-label=\"Incidents over time\" "
                  "width=\"100%%\" height=\"%u\">\n",
                  count * each + AXIS_HEIGHT);
    put_grid(h, a);
    for (unsigned i = 0; i < count; i++)
        put_lane(h, a, &lanes[i], i * each);
    put_ticks(h, a, count * each + AXIS_HEIGHT - 6);
    html_raw(h, "</svg>\n");
}

/* ---- the numbers ---- */

static void put_numbers(struct html *h)
{
    const struct timeline_view *v = &h->s->timeline;
    html_raw(h, "<details class=\"numbers\"><summary>The numbers</summary>\n<div class=\"scroll\" "
                "tabindex=\"0\" role=\"region\" aria-label=\"Traffic over time, numbers\"><table>"
                "<thead><tr><th scope=\"col\">from</th>");
    for (unsigned i = 0; i < TRAFFIC_COUNT; i++)
        if (v->total[i] > 0)
            outbuf_printf(h->out, "<th scope=\"col\" class=\"num\">%s</th>", titles[i]);
    html_raw(h, "</tr></thead><tbody>\n");
    for (unsigned b = 0; b < v->count; b++) {
        uint64_t all = 0;
        for (unsigned i = 0; i < TRAFFIC_COUNT; i++)
            all += v->bucket[b][i];
        if (all == 0)
            continue;
        char time[TEXT_TIME];
        outbuf_printf(h->out, "<tr><th scope=\"row\">%s</th>",
                      text_time(v->start_us + b * v->width_us, time));
        for (unsigned i = 0; i < TRAFFIC_COUNT; i++) {
            if (v->total[i] == 0)
                continue;
            html_raw(h, "<td class=\"num\">");
            html_count(h, v->bucket[b][i]);
            html_raw(h, "</td>");
        }
        html_raw(h, "</tr>\n");
    }
    html_raw(h, "</tbody></table></div></details>\n");
}

static void put_note(struct html *h)
{
    const struct timeline_view *v = &h->s->timeline;
    char width[TEXT_NUMBER];
    bool first = true;
    outbuf_printf(h->out, "<p class=\"note\">Counted per %s, UTC; each strip has its own scale.",
                  text_width(v->width_us, width));
    for (unsigned i = 0; i < TRAFFIC_COUNT; i++) {
        if (v->total[i] > 0)
            continue;
        html_raw(h, first ? " None seen: " : ", ");
        outbuf_printf(h->out, "%c%s", titles[i][0] | 0x20, titles[i] + 1);
        first = false;
    }
    html_raw(h, first ? "</p>\n" : ".</p>\n");
}

void html_timeline(struct html *h)
{
    if (h->s->timeline.count == 0)
        return;
    struct axis axis = axis_of(&h->s->timeline);
    html_section(h, "timeline", "Timeline");
    put_note(h);
    put_strips(h, &axis);
    put_lanes(h, &axis);
    put_numbers(h);
    html_end(h);
}
