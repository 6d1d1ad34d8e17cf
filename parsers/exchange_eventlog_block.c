/* exchange_eventlog_block.c - entries of the event log as paragraphs of "Key: value"
 *
 * Grammar:  *(KEY ":" VALUE) "Description:" [TEXT] *(TEXT)       Event Viewer's copy
 *           "Event[" N "]:" *(SP KEY ":" SP VALUE)              wevtutil
 *           "Event ID" SP N [SP SOURCE ...] *(TEXT)             articles
 *           N SP SOURCE SP TEXT | "event" SP N SP "(" SOURCE ")" ...
 * source:   Event Viewer, wevtutil qe /f:text; Microsoft Knowledge Base
 * limits:   what outsiders write into a description never begins a line of it */
#include "exchange_eventlog.h"

#include "base/cursor.h"

enum key {
    KEY_NONE,
    KEY_BEGIN, /* of an entry, without a value of interest */
    KEY_ID,
    KEY_SOURCE,
    KEY_DATE,
    KEY_CLOCK,
    KEY_COMPUTER,
    KEY_TEXT,
    KEY_OTHER
};

static const struct key_row {
    const char *name;
    enum key key;
} keys[] = {
    {"Event ID", KEY_ID},          {"EventID", KEY_ID},       {"Event Source", KEY_SOURCE},
    {"Source", KEY_SOURCE},        {"Event Type", KEY_BEGIN}, {"Log Name", KEY_BEGIN},
    {"Event Category", KEY_OTHER}, {"Category", KEY_OTHER},   {"Type", KEY_OTHER},
    {"Level", KEY_OTHER},          {"Task", KEY_OTHER},       {"Opcode", KEY_OTHER},
    {"Keyword", KEY_OTHER},        {"Keywords", KEY_OTHER},   {"User", KEY_OTHER},
    {"User Name", KEY_OTHER},      {"Date", KEY_DATE},        {"Time", KEY_CLOCK},
    {"Computer", KEY_COMPUTER},    {"Description", KEY_TEXT},
};

/* "KEY:" or "Event ID N" at the cursor; the value is what follows. */
static enum key take_key(slice *cur)
{
    slice rest = *cur;

    if (slice_starts(rest, SLICE_LIT("Event[")))
        return KEY_BEGIN;
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        slice name = slice_of(keys[i].name), after = slice_from(rest, name.len);
        if (!slice_ieq(slice_first(rest, name.len), name))
            continue;
        bool bare_id = keys[i].key == KEY_ID && after.len > 1 && after.ptr[0] == ' ' &&
                       after.ptr[1] >= '0' && after.ptr[1] <= '9';
        bool bare_source = keys[i].key == KEY_SOURCE && after.len > 1 && after.ptr[0] == ' ' &&
                           exchange_eventlog_source(slice_trim(after)).ptr != NULL;
        if (!cursor_take_byte(&after, ':') && !bare_id && !bare_source)
            continue;
        *cur = slice_trim(after);
        return keys[i].key;
    }
    return KEY_NONE;
}

static bool take_id(slice *cur, slice *ret)
{
    slice rest = *cur;
    uint64_t n;

    if (!cursor_take_uint(&rest, 65535, &n))
        return false;
    *ret = slice_first(*cur, cur->len - rest.len);
    *cur = rest;
    return true;
}

/* N SP SOURCE SP TEXT */
static bool is_short_form(slice line, slice *ret_id, slice *ret_source, slice *ret_text)
{
    slice word;

    if (!take_id(&line, ret_id) || !cursor_take_blanks(&line) || !cursor_take_token(&line, &word))
        return false;
    *ret_source = exchange_eventlog_source(word);
    *ret_text = slice_trim(line);
    return ret_source->ptr != NULL;
}

/* ... "event" SP N SP "(" SOURCE ")" */
static bool is_heading(slice line, slice *ret_id, slice *ret_source)
{
    slice word;
    size_t at = slice_find(line, SLICE_LIT("event "));

    if (at == line.len)
        return false;
    line = slice_from(line, at + 6);
    if (!take_id(&line, ret_id) || !cursor_take_lit(&line, SLICE_LIT(" (")) ||
        !cursor_take_past(&line, ')', &word))
        return false;
    *ret_source = exchange_eventlog_source(word);
    return ret_source->ptr != NULL;
}

static slice without_bullet(slice line)
{
    (void)cursor_take_lit(&line, SLICE_LIT("- "));
    return line;
}

bool exchange_eventlog_block_starts(const struct eventlog_block *b, slice line)
{
    slice id, source, text, cur = without_bullet(line);

    if (is_short_form(line, &id, &source, &text) || is_heading(line, &id, &source) ||
        slice_starts(line, SLICE_LIT("== ")))
        return true;
    switch (take_key(&cur)) {
    case KEY_BEGIN:
        return b->has_text || slice_starts(line, SLICE_LIT("Event["));
    case KEY_ID:
        return b->has_text || b->id[0] != '\0';
    case KEY_SOURCE:
        return b->has_text || b->source[0] != '\0';
    default:
        return false;
    }
}

static void add_text(struct eventlog_block *b, slice line)
{
    line = slice_trim(line);
    b->has_text = true;
    if (line.len == 0)
        return;
    if (b->len > 0 && b->len < sizeof b->text)
        b->text[b->len++] = ' ';
    line = slice_first(line, sizeof b->text - b->len);
    memcpy(b->text + b->len, line.ptr, line.len);
    b->len += line.len;
}

static void set_source(struct eventlog_block *b, slice name)
{
    slice ours = exchange_eventlog_source(name);

    slice_keep(ours.ptr != NULL ? ours : name, b->source, sizeof b->source);
}

/* N, and in some articles the source behind it. */
static void set_id(struct eventlog_block *b, slice value)
{
    slice id, word;

    if (!take_id(&value, &id))
        return;
    slice_keep(id, b->id, sizeof b->id);
    (void)cursor_take_blanks(&value);
    if (cursor_take_token(&value, &word) && exchange_eventlog_source(word).ptr != NULL)
        set_source(b, word);
}

static void set_value(struct eventlog_block *b, enum key key, slice value)
{
    if (key == KEY_ID)
        set_id(b, value);
    else if (key == KEY_SOURCE)
        set_source(b, value);
    else if (key == KEY_DATE)
        slice_keep(value, b->date, sizeof b->date);
    else if (key == KEY_CLOCK)
        slice_keep(value, b->clock, sizeof b->clock);
    else if (key == KEY_COMPUTER)
        slice_keep(value, b->computer, sizeof b->computer);
    else if (key == KEY_TEXT)
        add_text(b, value);
}

void exchange_eventlog_block_add(struct eventlog_block *b, slice line)
{
    slice id, source, text = SLICE_NONE, cur = without_bullet(line);
    bool heading = is_heading(line, &id, &source);

    b->open = true;
    if (!b->has_text && (heading || is_short_form(line, &id, &source, &text))) {
        slice_keep(id, b->id, sizeof b->id);
        slice_keep(source, b->source, sizeof b->source);
        add_text(b, text);
        return;
    }
    enum key key = take_key(&cur);
    if (key == KEY_TEXT)
        b->len = 0; /* what stood before it were keys in an unknown form */
    else if (b->has_text)
        key = KEY_NONE;
    if (key != KEY_NONE)
        set_value(b, key, cur);
    else if (b->has_text || (b->id[0] != '\0' && b->source[0] != '\0'))
        add_text(b, line);
}

void exchange_eventlog_block_clear(struct eventlog_block *b)
{
    b->open = b->has_text = false;
    b->source[0] = b->id[0] = b->computer[0] = b->date[0] = b->clock[0] = '\0';
    b->len = 0;
}
