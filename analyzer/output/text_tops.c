/* text_tops.c - who sent most: one aligned table per dimension
 *
 *   TOP CLIENTS                      recipients  share            messages   bad
 *   ! 203.0.113.71 (host71.example)       2,440  48% ##########         61   30%
 *     bot: HELO is a Windows setup's random name
 *
 * Columns without a value in any row are left out; wider pages get sizes and rule names too.
 * limits:  counts come from bounded sketches: an error bound is shown where it is not zero. */
#include "output/text.h"

#include <stdio.h>

#include "output/text_format.h"

enum {
    COUNT_COLUMNS = 12,
    ERROR_COLUMNS = 8,
    SHARE_COLUMNS = 7,
    BAR_COLUMNS = 10,
    MESSAGES_COLUMNS = 10,
    BAD_COLUMNS = 6,
    SIZE_COLUMNS = 9,
    WIDE_PAGE = 96,
    RULES_PAGE = 112,
    RULES_COLUMNS = 24,
    KEY_LEAST = 20,
    KEY_MAX = 56
};

static const struct {
    const char *title, *unit;
} tables[TOP_COUNT] = {
    [TOP_CLIENTS] = {"TOP CLIENTS", "recipients"},
    [TOP_ACCOUNTS] = {"TOP ACCOUNTS", "recipients"},
    [TOP_SENDERS] = {"TOP SENDERS", "recipients"},
    [TOP_SENDER_DOMAINS] = {"TOP SENDER DOMAINS", "recipients"},
    [TOP_RECIPIENT_DOMAINS] = {"TOP RECIPIENT DOMAINS", "recipients"},
    [TOP_NDR_VICTIMS] = {"VICTIMS OF OUR BOUNCES", "bounces"},
    [TOP_RELAY_DENIED] = {"RELAYING REFUSED", "refusals"},
    [TOP_AUTH_FAILED] = {"LOGINS FAILED", "failures"},
};

/* The columns of one table; 0 = left out. */
struct layout {
    unsigned key, count, error, share, bar, messages, bad, size, rules;
    uint64_t most; /* recipients of the first row: a full bar */
    uint64_t total;
};

/* What the legend has to explain. */
struct marks {
    bool incident, error, bad;
};

static struct layout layout_of(const struct page *p, const struct top_table *t, unsigned rows)
{
    bool error = false, messages = false, bad = false, size = false, rules = false;
    struct layout l = {.count = COUNT_COLUMNS, .share = SHARE_COLUMNS, .bar = BAR_COLUMNS + 1};
    for (unsigned i = 0; i < rows; i++) {
        error |= t->rows[i].error > 0;
        messages |= t->rows[i].messages > 0;
        bad |= t->rows[i].bad > 0;
        size |= t->rows[i].bytes > 0;
        rules |= t->rows[i].rules != 0;
    }
    l.error = error ? ERROR_COLUMNS : 0;
    l.messages = messages ? MESSAGES_COLUMNS : 0;
    l.bad = bad ? BAD_COLUMNS : 0;
    l.size = size && p->columns >= WIDE_PAGE ? SIZE_COLUMNS : 0;
    l.rules = rules && p->columns >= RULES_PAGE ? RULES_COLUMNS : 0;
    unsigned *const by_worth[] = {&l.bar, &l.size, &l.messages, &l.bad, &l.share};
    unsigned others =
        2 + l.count + l.error + l.share + l.bar + l.messages + l.bad + l.size + l.rules;
    /* on a narrow page columns go, the least worth first, until the key has room */
    for (size_t i = 0; i < 5 && others + KEY_LEAST > p->columns; i++) {
        others -= *by_worth[i];
        *by_worth[i] = 0;
    }
    l.key = p->columns - others;
    l.key = l.key > KEY_MAX ? KEY_MAX : l.key;
    l.most = rows > 0 ? t->rows[0].recipients : 0;
    l.total = t->total;
    return l;
}

static void put_cell(struct page *p, unsigned *column, unsigned width, const char *words)
{
    if (width == 0)
        return;
    *column += width;
    page_right(p, words, *column);
}

static void put_title(struct page *p, const struct layout *l, enum top_dimension dim)
{
    unsigned column = 2 + l->key;
    text_heading(p, tables[dim].title);
    put_cell(p, &column, l->count, tables[dim].unit);
    put_cell(p, &column, l->error, "+/-");
    put_cell(p, &column, l->share, "share");
    column += l->bar;
    put_cell(p, &column, l->messages, "messages");
    put_cell(p, &column, l->bad, "bad");
    put_cell(p, &column, l->size, "size");
    if (l->rules > 0) {
        page_to(p, column + 2);
        page_put(p, "incidents");
    }
    page_newline(p);
}

static void put_bar(struct page *p, const struct layout *l, unsigned *column, uint64_t value)
{
    char bar[BAR_COLUMNS + 1] = "";
    if (l->bar == 0)
        return;
    *column += l->bar;
    if (l->most == 0 || value == 0)
        return;
    double part = (double)value / (double)l->most * BAR_COLUMNS;
    unsigned length = part < 1 ? 1 : (unsigned)(part + 0.5);
    length = length > BAR_COLUMNS ? BAR_COLUMNS : length;
    memset(bar, '#', length);
    page_to(p, *column - BAR_COLUMNS);
    page_tinted(p, TINT_CYAN, bar);
}

/* "RELAY-ACCEPTED, SASL-BRUTE" */
static void put_rules(struct page *p, uint32_t rules)
{
    char text[512] = "";
    for (unsigned rule = 0; rule < RULE_COUNT; rule++)
        if ((rules >> rule & 1U) != 0)
            text_add(text, sizeof(text), "%s%s", text[0] == '\0' ? "" : ", ",
                     rule_info((enum rule)rule)->id + sizeof("RW-") - 1);
    page_safe(p, slice_of(text), p->columns, CUT_END);
}

static void put_key(struct page *p, const struct top_row *row, unsigned width)
{
    slice key = row->key[0] == '\0' ? SLICE_LIT("<>") : slice_of(row->key);
    unsigned used;
    if (row->rules != 0)
        page_tinted(p, TINT_RED, "!");
    page_to(p, 2);
    used = page_safe(p, key, width, CUT_MIDDLE);
    if (row->name[0] == '\0' || used + 16 > width)
        return;
    page_put(p, " (");
    page_safe(p, slice_of(row->name), width - used - 3, CUT_MIDDLE);
    page_put(p, ")");
}

/* "bot: HELO is a Windows setup's random name", on a line of its own: the plainest one */
static void put_mark(struct page *p, const struct top_row *row)
{
    if (row->marks_count == 0)
        return;
    page_to(p, 4);
    page_put(p, row->marks[0].meaning);
    page_put(p, ": ");
    page_safe(p, slice_of(row->marks[0].title), p->columns, CUT_END);
    page_newline(p);
}

static void put_row(struct page *p, const struct layout *l, const struct top_row *row)
{
    char text[TEXT_NUMBER];
    unsigned column = 2 + l->key;
    put_key(p, row, l->key);
    put_cell(p, &column, l->count, text_count(row->recipients, text));
    put_cell(p, &column, l->error, row->error > 0 ? text_count(row->error, text) : "");
    put_cell(p, &column, l->share, text_percent((double)row->recipients, (double)l->total, text));
    put_bar(p, l, &column, row->recipients);
    put_cell(p, &column, l->messages, text_count(row->messages, text));
    put_cell(p, &column, l->bad, text_percent((double)row->bad, (double)row->recipients, text));
    put_cell(p, &column, l->size, text_size(row->bytes, text));
    if (l->rules > 0 && row->rules != 0) {
        page_to(p, column + 2);
        put_rules(p, row->rules);
    }
    page_newline(p);
    put_mark(p, row);
}

static void put_table(struct page *p, const struct top_table *t, enum top_dimension dim,
                      unsigned most, struct marks *marks)
{
    char text[96], number[TEXT_NUMBER];
    unsigned rows = most != 0 && most < t->count ? most : t->count;
    if (rows == 0)
        return;
    struct layout l = layout_of(p, t, rows);
    put_title(p, &l, dim);
    for (unsigned i = 0; i < rows; i++) {
        put_row(p, &l, &t->rows[i]);
        marks->incident |= t->rows[i].rules != 0;
    }
    marks->error |= l.error > 0;
    marks->bad |= l.bad > 0;
    snprintf(text, sizeof(text), "all: %s %s", text_count(t->total, number), tables[dim].unit);
    page_to(p, 2);
    page_tinted(p, TINT_DIM, text);
    page_newline(p);
}

void text_tops(struct page *p, const struct summary *s, unsigned most)
{
    char text[256] = "";
    struct marks marks = {.incident = false};
    for (unsigned dim = 0; dim < TOP_COUNT; dim++)
        put_table(p, &s->top[dim], (enum top_dimension)dim, most, &marks);
    if (marks.incident)
        text_add(text, sizeof(text), "! has incidents. ");
    if (marks.bad)
        text_add(text, sizeof(text), "bad: share of the recipients refused or bounced. ");
    if (marks.error)
        text_add(text, sizeof(text), "+/-: the count may be too high by this. ");
    if (text[0] == '\0')
        return;
    page_newline(p);
    page_to(p, 2);
    page_wrap(p, slice_of(text), 2);
    page_newline(p);
}
