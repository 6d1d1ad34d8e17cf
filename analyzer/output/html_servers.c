/* html_servers.c - the answers for each server as a table, most urgent first
 *
 * limits:  a server whose log names no host is called by the directory of its log */
#include "output/html.h"

static const char *state_word(enum verdict_state state, bool no_evidence)
{
    static const char *const words[] = {[VERDICT_NO] = "No",
                                        [VERDICT_ATTEMPTED] = "Attempted",
                                        [VERDICT_EXPOSED] = "Exposed",
                                        [VERDICT_YES] = "Yes"};
    return state == VERDICT_NO && no_evidence ? "No evidence" : words[state];
}

static void put_name(struct html *h, const struct server_row *row)
{
    html_raw(h, "<tr><th scope=\"row\">");
    if (row->others > 0) {
        html_count(h, row->others);
        html_raw(h, " more");
    } else if (row->host[0] != '\0') {
        html_value(h->out, slice_of(row->host), HTML_VALUE_MAX);
    } else if (row->source[0] != '\0') {
        html_value(h->out, slice_of(row->source), HTML_VALUE_MAX);
    } else {
        html_raw(h, "(not named)");
    }
    html_raw(h, "</th><td>");
    html_value(h->out, slice_of(row->mta), sizeof row->mta);
    html_raw(h, "</td>");
}

/* What is wrong stands out by weight, not by colour alone. */
static void put_state(struct html *h, enum verdict_state state, bool no_evidence)
{
    bool strong = state != VERDICT_NO;
    html_raw(h, strong ? "<td><b>" : "<td>");
    html_raw(h, state_word(state, no_evidence));
    html_raw(h, strong ? "</b></td>" : "</td>");
}

static void put_row(struct html *h, const struct server_row *row)
{
    const struct verdict *v = &row->relay;
    put_name(h, row);
    for (unsigned i = 0; i < TOPIC_COUNT; i++)
        put_state(h, row->topic[i].state, row->topic[i].no_evidence);
    html_raw(h, "<td>");
    html_time(h, v->since_us);
    html_raw(h, "</td><td>");
    if (v->by_count > 0)
        html_value(h->out, slice_of(v->by[0].value), HTML_VALUE_MAX);
    if (v->by_total > 1) {
        html_raw(h, " and ");
        html_count(h, v->by_total - 1);
        html_raw(h, " more");
    }
    html_raw(h, "</td><td class=\"num\">");
    html_count(h, row->events);
    html_raw(h, "</td></tr>\n");
}

void html_servers(struct html *h)
{
    static const char *const head[] = {"server",  "mail system", "relay", "backscatter", "victim",
                                       "account", "inside",      "since", "by whom",     "events"};
    if (h->s->servers_count < 2)
        return;
    html_section(h, "servers", "Each server");
    html_raw(h,
             "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"Servers\"><table>"
             "<caption>Most urgent first</caption><thead><tr>");
    for (unsigned i = 0; i < sizeof head / sizeof head[0]; i++) {
        html_raw(h, i + 1 == sizeof head / sizeof head[0] ? "<th scope=\"col\" class=\"num\">"
                                                          : "<th scope=\"col\">");
        html_raw(h, head[i]);
        html_raw(h, "</th>");
    }
    html_raw(h, "</tr></thead><tbody>\n");
    for (unsigned i = 0; i < h->s->servers_count; i++)
        put_row(h, &h->s->servers[i]);
    html_raw(h, "</tbody></table></div>\n");
    html_end(h);
}
