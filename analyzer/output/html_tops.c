/* html_tops.c - who sent most, and from where: a table for each dimension, with bars
 *
 * Columns without a value in any row are left out.
 * limits:  counts come from bounded sketches: an error bound is shown where it is not zero; the
 *          tables of places know only the heaviest clients, see alert/summary.h */
#include "output/html.h"

#include <stdio.h>

#include "output/text_format.h"

static const struct {
    const char *title, *key, *unit;
} tables[TOP_COUNT] = {
    [TOP_CLIENTS] = {"Clients", "client", "recipients"},
    [TOP_ACCOUNTS] = {"Accounts", "account", "recipients"},
    [TOP_SENDERS] = {"Senders", "sender", "recipients"},
    [TOP_SENDER_DOMAINS] = {"Sender domains", "domain", "recipients"},
    [TOP_RECIPIENT_DOMAINS] = {"Recipient domains", "domain", "recipients"},
    [TOP_NDR_VICTIMS] = {"Victims of our bounces", "address", "bounces"},
    [TOP_RELAY_DENIED] = {"Relaying refused", "client", "refusals"},
    [TOP_AUTH_FAILED] = {"Logins failed", "client", "failures"},
};

/* Which columns have a value. */
struct columns {
    bool error, messages, bad, size;
};

static struct columns columns_of(const struct top_table *t, unsigned rows)
{
    struct columns c = {false, false, false, false};
    for (unsigned i = 0; i < rows; i++) {
        c.error |= t->rows[i].error > 0;
        c.messages |= t->rows[i].messages > 0 && t->rows[i].messages != t->rows[i].recipients;
        c.bad |= t->rows[i].bad > 0;
        c.size |= t->rows[i].bytes > 0;
    }
    return c;
}

static void put_number(struct html *h, bool shown, uint64_t sort, const char *words)
{
    if (shown)
        outbuf_printf(h->out, "<td class=\"num\" data-v=\"%llu\">%s</td>", (unsigned long long)sort,
                      words);
}

static void put_heading(struct html *h, bool shown, const char *words)
{
    if (shown)
        outbuf_printf(h->out, "<th scope=\"col\" class=\"num\">%s</th>", words);
}

static void put_head(struct html *h, enum top_dimension dim, const struct columns *c)
{
    outbuf_printf(h->out, "<thead><tr><th scope=\"col\">%s</th>", tables[dim].key);
    put_heading(h, true, tables[dim].unit);
    put_heading(h, c->error, "<abbr title=\"too high by at most\">\xc2\xb1</abbr>");
    put_heading(h, true, "share");
    put_heading(h, c->messages, "messages");
    put_heading(h, c->bad, "<abbr title=\"refused or bounced, of the recipients\">bad</abbr>");
    put_heading(h, c->size, "size");
    html_raw(h, "</tr></thead>\n");
}

/* A mark for a key that has incidents; their names are its tooltip and are read out. */
static void put_rules(struct html *h, uint32_t rules)
{
    bool first = true;
    if (rules == 0)
        return;
    html_raw(h, " <span class=\"flag\" title=\"");
    for (unsigned rule = 0; rule < RULE_COUNT; rule++) {
        if ((rules >> rule & 1U) == 0)
            continue;
        html_raw(h, first ? "" : ", ");
        html_attr(h->out, slice_of(rule_info((enum rule)rule)->name), 80);
        first = false;
    }
    html_raw(h, "\">incident</span>");
}

/* What gave a client away: the plainest in full, the others when pointed at. */
static void put_marks(struct html *h, const struct top_row *row)
{
    if (row->marks_count == 0)
        return;
    html_raw(h, "<small class=\"caught\">");
    html_words(h, row->marks[0].meaning);
    html_raw(h, ": ");
    html_value(h->out, slice_of(row->marks[0].title), 80);
    for (unsigned i = 1; i < row->marks_count; i++) {
        html_raw(h, i == 1 ? " <abbr title=\"" : "; ");
        html_attr(h->out, slice_of(row->marks[i].title), 80);
    }
    if (row->marks_count > 1)
        outbuf_printf(h->out, "\">+%u</abbr>", row->marks_count - 1);
    html_raw(h, "</small>");
}

static void put_key(struct html *h, const struct top_row *row, uint64_t most)
{
    html_raw(h, "<th scope=\"row\">");
    html_value(h->out, slice_of(row->key[0] == '\0' ? "<>" : row->key), HTML_VALUE_MAX);
    html_place(h, &row->place);
    put_rules(h, row->rules);
    if (row->name[0] != '\0') {
        html_raw(h, " <small>");
        html_value(h->out, slice_of(row->name), sizeof row->name);
        html_raw(h, "</small>");
    }
    put_marks(h, row);
    html_bar(h, (double)row->recipients, (double)most);
    html_raw(h, "</th>");
}

static void put_row(struct html *h, const struct top_table *t, const struct top_row *row,
                    const struct columns *c)
{
    char text[TEXT_NUMBER];
    uint64_t bad = row->recipients == 0 ? 0 : row->bad * 10000 / row->recipients;
    html_raw(h, "<tr>");
    put_key(h, row, t->rows[0].recipients);
    put_number(h, true, row->recipients, text_count(row->recipients, text));
    put_number(h, c->error, row->error, row->error > 0 ? text_count(row->error, text) : "");
    put_number(h, true, row->recipients,
               text_percent((double)row->recipients, (double)t->total, text));
    put_number(h, c->messages, row->messages, text_count(row->messages, text));
    put_number(h, c->bad, bad, text_percent((double)row->bad, (double)row->recipients, text));
    put_number(h, c->size, row->bytes, text_size(row->bytes, text));
    html_raw(h, "</tr>\n");
}

static void put_table(struct html *h, const struct top_table *t, enum top_dimension dim)
{
    unsigned most = h->run->top, rows = most != 0 && most < t->count ? most : t->count;
    struct columns c = columns_of(t, rows);
    if (rows == 0)
        return;
    outbuf_printf(h->out,
                  "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"%s\"><table "
                  "class=\"sort\"><caption>%s <span class=\"n\">",
                  tables[dim].title, tables[dim].title);
    html_count(h, t->total);
    outbuf_printf(h->out, " %s in all</span></caption>\n", tables[dim].unit);
    put_head(h, dim, &c);
    html_raw(h, "<tbody>\n");
    for (unsigned i = 0; i < rows; i++)
        put_row(h, t, &t->rows[i], &c);
    html_raw(h, "</tbody></table></div>\n");
}

void html_tops(struct html *h)
{
    bool any = false;
    for (unsigned dim = 0; dim < TOP_COUNT; dim++)
        any |= h->s->top[dim].count > 0;
    html_section(h, "tops", "Who");
    html_raw(h, any ? "<div class=\"tables flow\">\n" : "<p>Nobody sent anything.</p>\n");
    for (unsigned dim = 0; dim < TOP_COUNT; dim++)
        put_table(h, &h->s->top[dim], (enum top_dimension)dim);
    html_raw(h, any ? "</div>\n" : "");
    html_end(h);
}

/* ---- places ---- */

enum { ROWS_MOST = 40 };

static void put_place(struct html *h, const struct place_row *row, uint64_t most)
{
    uint64_t trouble = row->denied + row->auth_failed;
    html_raw(h, "<tr><th scope=\"row\">");
    if (row->as_number != 0)
        outbuf_printf(h->out, "AS%u ", (unsigned)row->as_number);
    html_value(h->out, slice_of(row->name), sizeof row->name);
    html_raw(h, "</th><td>");
    if (row->incidents > 0)
        html_severity(h, row->worst);
    html_raw(h, "</td>");
    char text[TEXT_NUMBER];
    put_number(h, true, row->incidents, text_count(row->incidents, text));
    put_number(h, true, row->clients, text_count(row->clients, text));
    put_number(h, true, row->denied, text_count(row->denied, text));
    put_number(h, true, row->auth_failed, text_count(row->auth_failed, text));
    html_raw(h, "<td class=\"barcell\">");
    html_bar(h, (double)trouble, (double)most);
    html_raw(h, "</td>");
    put_number(h, true, row->recipients, text_count(row->recipients, text));
    put_number(h, true, row->bad, text_count(row->bad, text));
    html_raw(h, "</tr>\n");
}

static void put_places(struct html *h, const struct place_row *rows, unsigned count, unsigned total,
                       const char *title)
{
    uint64_t most = 0;
    if (count == 0)
        return;
    count = count < ROWS_MOST ? count : ROWS_MOST;
    for (unsigned i = 0; i < count; i++)
        if (rows[i].denied + rows[i].auth_failed > most)
            most = rows[i].denied + rows[i].auth_failed;
    outbuf_printf(h->out,
                  "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"%s\"><table "
                  "class=\"sort\"><caption>%s <span class=\"n\">%u</span></caption>\n"
                  "<thead><tr><th scope=\"col\">place</th><td></td>"
                  "<th scope=\"col\" class=\"num\">incidents</th>"
                  "<th scope=\"col\" class=\"num\">addresses</th>"
                  "<th scope=\"col\" class=\"num\">relaying refused</th>"
                  "<th scope=\"col\" class=\"num\">logins failed</th><td></td>"
                  "<th scope=\"col\" class=\"num\">recipients</th>"
                  "<th scope=\"col\" class=\"num\">bad</th></tr></thead>\n<tbody>\n",
                  title, title, total);
    for (unsigned i = 0; i < count; i++)
        put_place(h, &rows[i], most);
    html_raw(h, "</tbody></table></div>\n");
}

void html_places(struct html *h)
{
    const struct places *p = &h->s->places;
    if (p->countries_count + p->networks_count == 0)
        return;
    html_section(h, "places", "Where");
    html_raw(h, "<p class=\"note\">All incidents, and the clients that sent most, were refused "
                "most, or failed to log in most. A place is where a network is registered, not who "
                "is at fault.</p>\n");
    html_world(h);
    html_raw(h, "<div class=\"tables wide\">\n");
    put_places(h, p->countries, p->countries_count, p->countries_total, "Countries");
    put_places(h, p->networks, p->networks_count, p->networks_total, "Networks");
    html_raw(h, "</div>\n");
    html_end(h);
}
