/* text_log.c - what was read, how far to trust the answer, zones to confirm
 *
 * limits:  a learnt domain with characters that a shell would read is not proposed as an option. */
#include "output/text.h"

#include <stdio.h>

#include "output/text_format.h"

enum { LABEL_COLUMN = 2, VALUE_COLUMN = 14, RISKS_MOST = 4 };

static void put_row(struct page *p, const char *label, const char *text)
{
    if (text[0] == '\0')
        return;
    page_to(p, LABEL_COLUMN);
    page_put(p, label);
    page_to(p, VALUE_COLUMN);
    page_wrap(p, slice_of(text), VALUE_COLUMN);
    page_newline(p);
}

static void put_server(struct page *p, const struct coverage *c)
{
    char text[256] = "";
    const char *mta = c->server_mta == NULL ? "" : c->server_mta;
    text_add(text, sizeof(text), "%s", c->server_host);
    if (mta[0] != '\0')
        text_add(text, sizeof(text), text[0] == '\0' ? "%s" : " (%s)", mta);
    put_row(p, "server", text[0] == '\0' ? "no mail server recognised in the log" : text);
}

static void put_time(struct page *p, const struct input_totals *in)
{
    char span[TEXT_SPAN];
    if (in->first_us != 0)
        put_row(p, "time", text_span(in->first_us, in->last_us, span));
}

static void add_count(char *buf, size_t size, uint64_t n, const char *words)
{
    char number[TEXT_NUMBER];
    if (n > 0)
        text_add(buf, size, "%s%s %s", buf[0] == '\0' ? "" : ", ", text_count(n, number), words);
}

static void put_lines(struct page *p, const struct input_totals *in)
{
    char text[256] = "", number[TEXT_NUMBER], size[TEXT_NUMBER];
    text_add(text, sizeof(text), "%s lines, %s", text_count(in->lines, number),
             text_size(in->bytes, size));
    text_add(text, sizeof(text), " from %u source%s", in->sources, in->sources == 1 ? "" : "s");
    if (in->sources_failed > 0)
        text_add(text, sizeof(text), ", %u of them failed", in->sources_failed);
    put_row(p, "input", text);
    text[0] = '\0';
    add_count(text, sizeof(text), in->parsed, "parsed");
    add_count(text, sizeof(text), in->skipped, "of no interest");
    add_count(text, sizeof(text), in->foreign, "of other programs");
    add_count(text, sizeof(text), in->rejected, "rejected (not understood)");
    put_row(p, "lines", text);
}

/* Everything that was lost or set aside, so that nobody has to guess. */
static unsigned patterns_off(const struct signature_totals *t)
{
    unsigned n = 0;

    for (unsigned i = 0; i < t->rows_count; i++)
        n += t->rows[i].off;
    return n;
}

static void put_losses(struct page *p, const struct summary *s)
{
    char text[384] = "";
    const struct input_totals *in = &s->input;
    add_count(text, sizeof(text), in->lines_cut, "over-long lines cut");
    add_count(text, sizeof(text), in->gzip_truncated, "compressed files cut short");
    add_count(text, sizeof(text), in->late_ignored, "late lines ignored");
    add_count(text, sizeof(text), in->wild_time, "impossible times");
    add_count(text, sizeof(text), in->reorder_overflow, "lines out of order");
    add_count(text, sizeof(text), s->evictions, "table entries dropped (see --memory)");
    add_count(text, sizeof(text), patterns_off(&s->signatures),
              "patterns switched off (too many steps)");
    put_row(p, "losses", text);
}

static void add_share(char *buf, size_t size, double share, const char *words)
{
    char number[TEXT_NUMBER];
    if (share >= 0)
        text_add(buf, size, "%s" TEXT_NBSP "%s, ", words, text_percent(share, 1, number));
}

static void put_coverage(struct page *p, const struct coverage *c)
{
    char text[256] = "";
    add_share(text, sizeof(text), c->rcpt_decisions_visible, "recipient decisions");
    add_share(text, sizeof(text), c->client_known, "client known");
    add_share(text, sizeof(text), c->remote_reply_visible, "remote replies");
    text_add(text, sizeof(text), c->auth_visible ? "logins visible" : "logins not visible");
    put_row(p, "coverage", text);
    put_row(p, "domains",
            c->zones == ZONES_EXPLICIT ? "as configured"
            : c->zones == ZONES_LEARNT ? "guessed from the log: see below"
                                       : "not known: say --local-domain");
}

/* The kind that adds most, not yet named; RISK_KINDS when no other counts. */
static unsigned next_risk(const struct summary *s, const bool *named)
{
    unsigned best = RISK_KINDS;
    for (unsigned kind = 0; kind < RISK_KINDS; kind++)
        if (!named[kind] && s->risk_share[kind] >= 0.5 &&
            (best == RISK_KINDS || s->risk_share[kind] > s->risk_share[best]))
            best = kind;
    return best;
}

/* "99 of 100 (account 90, inside 80, listed 60)": what each would be alone */
static void put_risk(struct page *p, const struct summary *s)
{
    char text[160] = "";
    bool named[RISK_KINDS] = {false};
    unsigned kind, count = 0;
    if (s->risk_score < 0)
        return;
    text_add(text, sizeof(text), "%.0f of 100", s->risk_score);
    for (; count < RISKS_MOST && (kind = next_risk(s, named)) != RISK_KINDS; count++) {
        named[kind] = true;
        text_add(text, sizeof(text), "%s%s" TEXT_NBSP "%.0f", count == 0 ? " (" : ", ",
                 risk_kind_name((enum risk_kind)kind), s->risk_share[kind]);
    }
    text_add(text, sizeof(text), "%s", count > 0 ? ")" : "");
    put_row(p, "risk score", text);
}

/* Only what no shell can misread, whole on its line: the text came from a log. */
static bool is_plain_word(const struct page *p, const char *text)
{
    return text[0] != '\0' && text[0] != '-' && strlen(text) + 32 <= p->columns &&
           text[strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                             "0123456789.-_:/")] == '\0';
}

/* One option a line, so that a command that is copied survives the width of the page. */
static void put_option(struct page *p, bool *first, const char *option, const char *value)
{
    if (!is_plain_word(p, value))
        return;
    if (!*first)
        page_put(p, " \\");
    page_newline(p);
    page_to(p, *first ? 4 : 6);
    if (*first)
        page_put(p, "relaywatch ");
    page_put(p, option);
    page_put(p, " ");
    page_put(p, value);
    *first = false;
}

static void put_proposals(struct page *p, const struct coverage *c)
{
    bool first = true;
    if (c->zones == ZONES_EXPLICIT || c->learnt_domains_count + c->learnt_networks_count == 0)
        return;
    page_newline(p);
    page_to(p, LABEL_COLUMN);
    page_wrap(p,
              SLICE_LIT("These were guessed. To make the answer certain, run again with those "
                        "that are yours:"),
              LABEL_COLUMN);
    for (unsigned i = 0; i < c->learnt_domains_count; i++)
        put_option(p, &first, "--local-domain", c->learnt_domains[i]);
    for (unsigned i = 0; i < c->learnt_networks_count; i++)
        put_option(p, &first, "--trusted", c->learnt_networks[i]);
    page_newline(p);
}

void text_log(struct page *p, const struct run_info *run, const struct summary *s)
{
    text_heading(p, "LOG");
    page_newline(p);
    put_server(p, &s->coverage);
    put_time(p, &s->input);
    put_lines(p, &s->input);
    put_losses(p, s);
    put_coverage(p, &s->coverage);
    put_risk(p, s);
    if (run->version != NULL) {
        char text[64];
        snprintf(text, sizeof(text), "relaywatch %s", run->version);
        put_row(p, "made by", text);
    }
    put_proposals(p, &s->coverage);
}
