/* text_verdict.c - the first lines of the report: am I a relay, since when, by whom, what do I do?
 *
 *   RELAY        YES  since 2026-03-02 03:00:32Z by 203.0.113.71 (and 3 more), plain, percent
 *   (the sentence, the first parties, what to do)
 *   BACKSCATTER  no   no bounces to strangers
 *   ...
 * limits:  "no" takes one line; its meaning is in fixed words unless the verdict's own sentence
 *          is as short; RELAY always says its sentence. */
#include "output/text.h"

#include <stdio.h>

#include "output/text_format.h"

enum { TOPIC_COLUMNS = 13, PARTIES_MOST = 5 };

static const struct {
    const char *title, *none;
} topics[TOPIC_COUNT] = {
    [TOPIC_RELAY] = {"RELAY", "nobody relayed through this server"},
    [TOPIC_BACKSCATTER] = {"BACKSCATTER", "no bounces to strangers"},
    [TOPIC_VICTIM] = {"VICTIM", "no flood of bounces for mail forged in our name"},
    [TOPIC_ACCOUNT] = {"ACCOUNT", "no account sends abuse"},
    [TOPIC_INSIDE] = {"INSIDE", "no inside host sends abuse"},
};

static const char *state_word(const struct verdict *v)
{
    static const char *const words[] = {[VERDICT_NO] = "no",
                                        [VERDICT_ATTEMPTED] = "ATTEMPTED",
                                        [VERDICT_EXPOSED] = "EXPOSED",
                                        [VERDICT_YES] = "YES"};
    return v->state == VERDICT_NO && v->no_evidence ? "NO EVIDENCE" : words[v->state];
}

static enum tint state_tint(const struct verdict *v)
{
    if (v->state == VERDICT_YES || v->state == VERDICT_EXPOSED)
        return TINT_ALARM;
    return v->state == VERDICT_ATTEMPTED || v->no_evidence ? TINT_YELLOW : TINT_GREEN;
}

/* Where the details of all five lines begin. */
static unsigned detail_column(const struct summary *s)
{
    size_t widest = 0;
    for (unsigned i = 0; i < TOPIC_COUNT; i++) {
        size_t length = strlen(state_word(&s->verdict[i]));
        widest = length > widest ? length : widest;
    }
    return TOPIC_COLUMNS + (unsigned)widest + 2;
}

/* "since T by X (and 3 more), plain, percent" */
static void put_facts(struct page *p, const struct verdict *v, unsigned indent)
{
    char text[1024] = "", time[TEXT_TIME], number[TEXT_NUMBER];
    unsigned more = v->by_total > 1 ? v->by_total - 1 : 0;
    if (v->since_us != 0)
        text_add(text, sizeof(text), "since" TEXT_NBSP "%s", text_time(v->since_us, time));
    if (v->by_count > 0)
        text_add(text, sizeof(text), "%sby" TEXT_NBSP "%s", text[0] == '\0' ? "" : " ",
                 v->by[0].value);
    if (v->by_count > 0 && more > 0)
        text_add(text, sizeof(text), " (and" TEXT_NBSP "%s" TEXT_NBSP "more)",
                 text_count(more, number));
    for (unsigned i = 0; i < v->how_count; i++)
        if (strcmp(v->how[i], v->tester) != 0) /* that has a sentence of its own */
            text_add(text, sizeof(text), "%s%s", text[0] == '\0' ? "" : ", ", v->how[i]);
    if (v->by_count == 0 && v->count > 0)
        text_add(text, sizeof(text), "%s%s %s", text[0] == '\0' ? "" : ", ",
                 text_count(v->count, number), v->unit == NULL ? "" : v->unit);
    page_wrap(p, slice_of(text), indent);
}

static void put_line(struct page *p, const struct verdict *v, enum verdict_topic topic,
                     unsigned detail)
{
    page_tinted(p, TINT_BOLD, topics[topic].title);
    page_to(p, TOPIC_COLUMNS);
    page_tinted(p, state_tint(v), state_word(v));
    page_to(p, detail);
    slice sentence = slice_of(v->sentence);
    if (v->state != VERDICT_NO)
        put_facts(p, v, detail);
    else if (sentence.len > 0 &&
             (topic == TOPIC_RELAY || page_columns(sentence) <= p->columns - detail))
        page_wrap(p, sentence, detail);
    else
        page_wrap(
            p, slice_of(v->no_evidence ? "the log shows too little to say no" : topics[topic].none),
            detail);
    page_newline(p);
}

/* A paragraph of its own under a line of the five. */
static void put_paragraph(struct page *p, slice text, unsigned indent)
{
    if (text.len == 0)
        return;
    page_to(p, indent);
    page_wrap(p, text, indent);
    page_newline(p);
}

/* "203.0.113.71 (host71.example)", cut in the middle where it is too long for `max` columns */
static void put_named(struct page *p, const char *value, const char *name, unsigned max)
{
    unsigned used = page_safe(p, slice_of(value), max, CUT_MIDDLE);
    if (name[0] == '\0' || used + 8 > max)
        return;
    page_put(p, " (");
    page_safe(p, slice_of(name), max - used - 3, CUT_MIDDLE);
    page_put(p, ")");
}

/* The parties and their counts, when there is more than one to tell apart. */
static void put_parties(struct page *p, const struct verdict *v, unsigned indent)
{
    char number[TEXT_NUMBER];
    unsigned shown = v->by_count < PARTIES_MOST ? v->by_count : PARTIES_MOST;
    const char *unit = v->unit == NULL ? "" : v->unit;
    size_t tail = 14 + strlen(unit);
    bool with_unit = tail + indent + 24 < p->columns;
    unsigned column = p->columns - (unsigned)(with_unit ? tail - 13 : 0);
    if (v->by_count < 2)
        return;
    for (unsigned i = 0; i < shown; i++) {
        page_to(p, indent);
        put_named(p, v->by[i].value, v->by[i].name, column - 13 - indent);
        page_right(p, text_count(v->by[i].count, number), column);
        if (with_unit && i == 0) {
            page_put(p, " ");
            page_put(p, unit);
        }
        page_newline(p);
    }
}

static void put_advice(struct page *p, const char *title, const char *advice,
                       struct advice_seen *seen)
{
    if (!text_advice_new(seen, advice))
        return;
    page_newline(p);
    page_to(p, 2);
    page_tinted(p, TINT_BOLD, title);
    page_newline(p);
    page_lines(p, advice, 4);
}

static void put_relay(struct page *p, const struct verdict *v, unsigned detail,
                      struct advice_seen *seen)
{
    char note[256];
    put_line(p, v, TOPIC_RELAY, detail);
    if (v->state != VERDICT_NO)
        put_paragraph(p, slice_of(v->sentence), 2);
    if (v->tester[0] != '\0') {
        snprintf(note, sizeof(note), "The requests are those of a relay test: %s.", v->tester);
        put_paragraph(p, slice_of(note), 2);
    }
    put_parties(p, v, 4);
    put_advice(p, "What to do", v->advice, seen);
    if (v->state != VERDICT_NO)
        page_newline(p);
}

void text_verdict(struct page *p, const struct summary *s, struct advice_seen *seen)
{
    char title[64];
    unsigned detail = detail_column(s);
    put_relay(p, &s->verdict[TOPIC_RELAY], detail, seen);
    for (unsigned topic = TOPIC_RELAY + 1; topic < TOPIC_COUNT; topic++) {
        const struct verdict *v = &s->verdict[topic];
        put_line(p, v, (enum verdict_topic)topic, detail);
        if (v->state != VERDICT_NO)
            put_paragraph(p, slice_of(v->sentence), detail);
    }
    for (unsigned topic = TOPIC_RELAY + 1; topic < TOPIC_COUNT; topic++) {
        snprintf(title, sizeof(title), "What to do: %s",
                 verdict_topic_name((enum verdict_topic)topic));
        if (s->verdict[topic].state != VERDICT_NO)
            put_advice(p, title, s->verdict[topic].advice, seen);
    }
}
