/* text_timeline.c - traffic over time as a line of characters for each thing that was counted
 *
 *   TRAFFIC  from 2026-03-02 00:00:00Z, a column is 30 min
 *   accepted            1,612  ..::---=++**#**+=--::..
 *   refused               145                  :#.
 *
 * Each line has its own scale: # is its peak, . the least that is not nothing.
 * source:  alert/summary.h for what is counted */
#include "output/text.h"

#include "output/text_format.h"

enum { LABEL_COLUMN = 2, COUNT_END = 28, LINE_COLUMN = 30 };

static const char *const titles[TRAFFIC_COUNT] = {
    [TRAFFIC_ACCEPTED] = "accepted",         [TRAFFIC_DELIVERED] = "delivered",
    [TRAFFIC_REFUSED] = "refused",           [TRAFFIC_BOUNCED] = "bounced",
    [TRAFFIC_AUTH_FAILED] = "logins failed", [TRAFFIC_NULL_IN] = "null sender in",
};

/* Buckets that share a column, so that all fit. */
static unsigned buckets_a_column(const struct page *p, const struct timeline_view *v)
{
    unsigned room = p->columns - LINE_COLUMN;
    return (v->count + room - 1) / room;
}

static uint64_t column_sum(const struct timeline_view *v, enum traffic what, unsigned first,
                           unsigned each)
{
    uint64_t sum = 0;
    for (unsigned b = first; b < first + each && b < v->count; b++)
        sum += v->bucket[b][what];
    return sum;
}

static void put_line(struct page *p, const struct timeline_view *v, enum traffic what,
                     unsigned each)
{
    static const char levels[] = ".:-=+*#";
    char number[TEXT_NUMBER], line[TIMELINE_MAX + 1];
    uint64_t most = 0;
    unsigned columns = 0;
    for (unsigned b = 0; b < v->count; b += each) {
        uint64_t sum = column_sum(v, what, b, each);
        most = sum > most ? sum : most;
    }
    for (unsigned b = 0; b < v->count; b += each) {
        double part = (double)column_sum(v, what, b, each) / (double)most;
        line[columns++] = part > 0 ? levels[(unsigned)(part * (sizeof levels - 2))] : ' ';
    }
    while (columns > 0 && line[columns - 1] == ' ')
        columns--;
    line[columns] = '\0';
    page_to(p, LABEL_COLUMN);
    page_put(p, titles[what]);
    page_right(p, text_count(v->total[what], number), COUNT_END);
    page_to(p, LINE_COLUMN);
    page_tinted(p, what <= TRAFFIC_DELIVERED ? TINT_CYAN : TINT_YELLOW, line);
    page_newline(p);
}

void text_timeline(struct page *p, const struct timeline_view *v)
{
    char time[TEXT_TIME], width[TEXT_NUMBER];
    if (v->count == 0)
        return;
    unsigned each = buckets_a_column(p, v);
    text_heading(p, "TRAFFIC");
    page_put(p, "  from ");
    page_safe(p, slice_of(text_time(v->start_us, time)), TEXT_TIME, CUT_END);
    page_put(p, ", a column is ");
    page_put(p, text_width(v->width_us * each, width));
    page_newline(p);
    for (unsigned i = 0; i < TRAFFIC_COUNT; i++)
        if (v->total[i] > 0)
            put_line(p, v, (enum traffic)i, each);
}
