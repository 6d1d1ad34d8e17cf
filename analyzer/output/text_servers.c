/* text_servers.c - one line a server: is it a relay, and what else is wrong with it
 *
 *   SERVERS                      relay        since
 *     mx1.example.org postfix    YES          2026-03-02 09:00Z, by 203.0.113.71 +3
 *     /var/log/exim4  exim       no           backscatter YES
 *
 * limits:  a server whose log names no host is called by the directory of its log; what does not
 *          fit the line is cut, by whom first */
#include "output/text.h"

#include <stdio.h>

#include "output/text_format.h"

enum { NAME_COLUMN = 2, NAME_MOST = 40, NAME_LEAST = 12, MTA_WIDTH = 11, STATE_WIDTH = 13 };

static const char *state_word(enum verdict_state state, bool no_evidence)
{
    static const char *const words[] = {[VERDICT_NO] = "no",
                                        [VERDICT_ATTEMPTED] = "ATTEMPTED",
                                        [VERDICT_EXPOSED] = "EXPOSED",
                                        [VERDICT_YES] = "YES"};
    return state == VERDICT_NO && no_evidence ? "NO EVIDENCE" : words[state];
}

static enum tint state_tint(const struct verdict *v)
{
    if (v->state == VERDICT_YES || v->state == VERDICT_EXPOSED)
        return TINT_ALARM;
    return v->state == VERDICT_ATTEMPTED || v->no_evidence ? TINT_YELLOW : TINT_GREEN;
}

/* What a server is called, into buf. */
static slice name_of(const struct server_row *row, char *buf, size_t size)
{
    char number[TEXT_NUMBER];

    if (row->others > 0)
        snprintf(buf, size, "%s more", text_count(row->others, number));
    else if (row->host[0] != '\0')
        snprintf(buf, size, "%s", row->host);
    else
        snprintf(buf, size, "%s", row->source[0] != '\0' ? row->source : "(not named)");
    return slice_of(buf);
}

static unsigned name_width(const struct page *p, const struct summary *s)
{
    unsigned most = p->columns < 100 ? NAME_MOST / 2 + 4 : NAME_MOST, width = NAME_LEAST;
    char buf[sizeof s->servers[0].host];

    for (unsigned i = 0; i < s->servers_count; i++) {
        unsigned columns = page_columns(name_of(&s->servers[i], buf, sizeof buf));
        width = columns > width ? columns : width;
    }
    return width < most ? width : most;
}

/* "2026-03-02 09:00Z", or nothing */
static void add_since(char *text, size_t size, const struct verdict *v)
{
    char time[TEXT_TIME];

    if (v->state == VERDICT_NO || v->since_us == 0)
        return;
    text_add(text, size, "%s", text_time(v->since_us, time));
    if (strlen(text) > sizeof ":00Z" - 1)
        snprintf(text + strlen(text) - (sizeof ":00Z" - 1), sizeof "Z", "Z");
}

static const char *comma(const char *text)
{
    return text[0] == '\0' ? "" : ", ";
}

/* Since when, what else is wrong, and by whom. */
static void put_detail(struct page *p, const struct server_row *row)
{
    char text[512] = "", number[TEXT_NUMBER];
    const struct verdict *v = &row->relay;

    add_since(text, sizeof text, v);
    for (unsigned i = TOPIC_RELAY + 1; i < TOPIC_COUNT; i++)
        if (row->topic[i].state != VERDICT_NO)
            text_add(text, sizeof text, "%s%s %s", comma(text),
                     verdict_topic_name((enum verdict_topic)i),
                     state_word(row->topic[i].state, false));
    if (v->state != VERDICT_NO && v->by_count > 0)
        text_add(text, sizeof text, "%sby %s", comma(text), v->by[0].value);
    if (v->state != VERDICT_NO && v->by_count > 0 && v->by_total > 1)
        text_add(text, sizeof text, " +%s", text_count(v->by_total - 1, number));
    if (text[0] == '\0')
        text_add(text, sizeof text, "%s events", text_count(row->events, number));
    page_safe(p, slice_of(text), p->columns - p->at, CUT_END);
}

static void put_row(struct page *p, const struct server_row *row, unsigned width)
{
    char buf[sizeof row->host];
    unsigned at = NAME_COLUMN + width + 2;

    page_to(p, NAME_COLUMN);
    page_safe(p, name_of(row, buf, sizeof buf), width, CUT_MIDDLE);
    page_to(p, at);
    page_safe(p, slice_of(row->mta), MTA_WIDTH - 1, CUT_END);
    page_to(p, at + MTA_WIDTH);
    page_tinted(p, state_tint(&row->relay), state_word(row->relay.state, row->relay.no_evidence));
    page_to(p, at + MTA_WIDTH + STATE_WIDTH);
    put_detail(p, row);
    page_newline(p);
}

void text_servers(struct page *p, const struct summary *s)
{
    unsigned width;

    if (s->servers_count < 2)
        return;
    width = name_width(p, s);
    page_tinted(p, TINT_BOLD, "SERVERS");
    page_to(p, NAME_COLUMN + width + 2 + MTA_WIDTH);
    page_put(p, "relay");
    page_to(p, NAME_COLUMN + width + 2 + MTA_WIDTH + STATE_WIDTH);
    page_put(p, "since");
    page_newline(p);
    for (unsigned i = 0; i < s->servers_count; i++)
        put_row(p, &s->servers[i], width);
    page_newline(p);
}
