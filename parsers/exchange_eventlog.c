/* exchange_eventlog.c - exports of the Windows application event log with Exchange's entries
 *
 * Grammar:  DATE SEP CLOCK SEP SOURCE SEP TYPE SEP CATEGORY SEP ID SEP USER SEP COMPUTER SEP TEXT
 *               Event Viewer's archive, SEP = "," or TAB, no header, TEXT to the end of the line
 *           rows under names: Event Viewer ("Level,Date and Time,..."), PowerShell, Log Parser
 *           paragraphs of "Key: value": exchange_eventlog_block.c
 *           DATE and CLOCK in the server's regional format, local time
 * source:   Windows Server 2003 documentation of archived logs; Log Parser EVT fields; PowerShell
 *           Get-EventLog and Get-WinEvent
 * samples:  samples/exchange_eventlog/
 * limits:   entries of other programs are passed over. A row goes on in the next line while its
 *           description is inside quotes, 8 KiB at most */
#include "exchange_eventlog.h"

#include "base/cursor.h"
#include "base/state.h"
#include "csv.h"
#include "event/regional_time.h"
#include "event/timestamp.h"

enum column {
    C_DATE,
    C_TIME,
    C_STAMP,
    C_STAMP_GENERATED,
    C_STAMP_CREATED,
    C_SOURCE,
    C_SOURCE_NAME,
    C_PROVIDER,
    C_EVENT,
    C_EVENT_ID,
    C_EVENTID,
    C_ID,
    C_COMPUTER,
    C_COMPUTER_NAME,
    C_MACHINE,
    C_DESCRIPTION,
    C_MESSAGE,
    COLUMNS
};

static const char *const columns[COLUMNS] = {
    "date",       "time",         "date and time", "timegenerated", "timecreated", "source",
    "sourcename", "providername", "event",         "event id",      "eventid",     "id",
    "computer",   "computername", "machinename",   "description",   "message"};

enum { ARCHIVE_CELLS = 8 }; /* in front of the description */
enum mode { MODE_UNKNOWN, MODE_ARCHIVE, MODE_NAMED, MODE_BLOCKS };

struct eventlog {
    struct regional_time regional;
    struct timestamp iso;
    enum mode mode;
    char separator;
    unsigned names; /* of the header: what stands behind them is the description */
    int64_t last_us;
    struct csv_layouts layouts;
    struct csv_row row;
    struct eventlog_block block[2]; /* paragraphs; the first also a row of several lines */
    unsigned present;
};

static slice strip(slice line)
{
    while (line.len > 0 && (line.ptr[line.len - 1] == '\r' || line.ptr[line.len - 1] == '\n'))
        line.len--;
    return line;
}

slice exchange_eventlog_source(slice name)
{
    static const char *const sources[] = {"MSExchangeIMC", "MSExchangeTransport"};

    for (size_t i = 0; i < sizeof sources / sizeof sources[0]; i++)
        if (slice_ieq(name, slice_of(sources[i])))
            return slice_of(sources[i]);
    return SLICE_NONE;
}

/* ---- rows ---- */

static slice first_of(const struct eventlog *s, enum column first, enum column last)
{
    for (enum column c = first; c <= last; c++) {
        slice found = csv_cell(&s->layouts, csv_layout_now(&s->layouts), &s->row, c);
        if (found.ptr != NULL)
            return slice_trim(found);
    }
    return SLICE_NONE;
}

/* Where the description of an archived row begins: no cell in front of it is quoted or holds a
 * separator, but the user's name may. 0: there are not enough cells. */
static size_t archive_text(slice line, char separator)
{
    size_t at = 0;

    for (unsigned i = 0; i < ARCHIVE_CELLS; i++) {
        size_t end = slice_find_byte(slice_from(line, at), separator);
        if (at + end >= line.len)
            return 0;
        at += end + 1;
    }
    return at;
}

static bool is_number(slice s)
{
    uint64_t n;

    s = slice_trim(s);
    return cursor_take_uint(&s, UINT32_MAX, &n) && s.len == 0;
}

/* DATE SEP CLOCK SEP ... with a number in the sixth place. */
static bool is_archive_row(slice line, char separator)
{
    slice cell[ARCHIVE_CELLS], cur = line;
    struct regional_date date;
    int64_t clock_s;
    bool half;

    for (unsigned i = 0; i < ARCHIVE_CELLS; i++)
        if (!cursor_take_past(&cur, separator, &cell[i]))
            return false;
    return regional_time_take_date(&cell[0], &date) && cell[0].len == 0 &&
           regional_time_take_clock(&cell[1], &clock_s, &half) && is_number(cell[5]);
}

static char archive_separator(slice line)
{
    if (is_archive_row(line, '\t'))
        return '\t';
    return is_archive_row(line, ',') ? ',' : '\0';
}

static bool has_any(const struct csv_layouts *layouts, enum column first, enum column last)
{
    for (enum column c = first; c <= last; c++)
        if (layouts->list[0].place[c] != 0)
            return true;
    return false;
}

/* A first row with names, ours for source and number among them; 0 when it is none. */
static unsigned count_names(slice line, char separator, struct csv_layouts *layouts,
                            struct csv_row *row)
{
    struct csv_layouts tried = {0};

    csv_split(line, separator, row);
    if (csv_layout_make(&tried, row, columns, COLUMNS) < 3 ||
        !has_any(&tried, C_SOURCE, C_PROVIDER) || !has_any(&tried, C_EVENT, C_ID))
        return 0;
    csv_layout_make(layouts, row, columns, COLUMNS);
    return row->count;
}

static bool read_stamp(struct eventlog *s, slice date, slice clock, int64_t *ret_us)
{
    struct regional_date d;
    int64_t clock_s;
    bool half;
    slice cur = date;

    if (clock.ptr == NULL)
        return timestamp_take_iso(&s->iso, &cur, ret_us) ||
               regional_time_take(&s->regional, &cur, ret_us);
    return regional_time_take_date(&cur, &d) && regional_time_take_clock(&clock, &clock_s, &half) &&
           regional_time_us(&s->regional, &d, clock_s, half, ret_us);
}

static void set_time(struct eventlog *s, slice date, slice clock, struct record *rec)
{
    int64_t us;

    rec->has_time = date.len > 0 && read_stamp(s, date, clock, &us);
    if (rec->has_time)
        s->last_us = us;
    rec->time_us = s->last_us;
}

static void fill(struct record *rec, slice source, slice id, slice computer, slice text)
{
    slice ours = exchange_eventlog_source(source);

    rec->tag = ours.ptr != NULL ? ours : source;
    rec->pid = id;
    rec->host = computer.len > 0 ? computer : SLICE_NONE;
    rec->text = text;
    rec->repeat = 1;
    rec->note = 0;
}

static slice unquoted(slice text)
{
    text = slice_trim(text);
    if (text.len >= 2 && text.ptr[0] == '"' && text.ptr[text.len - 1] == '"')
        return slice_first(slice_from(text, 1), text.len - 2);
    return text;
}

static enum record_status make_archived(struct eventlog *s, slice line, struct record *rec)
{
    size_t at = archive_text(line, s->separator);
    slice cell[ARCHIVE_CELLS], cur = line;

    if (at == 0 || !is_archive_row(line, s->separator))
        return RECORD_SKIP; /* goes on with the description before */
    for (unsigned i = 0; i < ARCHIVE_CELLS; i++)
        (void)cursor_take_past(&cur, s->separator, &cell[i]);
    fill(rec, slice_trim(cell[2]), slice_trim(cell[5]), slice_trim(cell[7]),
         unquoted(slice_from(line, at)));
    set_time(s, slice_trim(cell[0]), slice_trim(cell[1]), rec);
    return RECORD_READY;
}

static enum record_status make_named(struct eventlog *s, slice line, struct record *rec)
{
    slice text, date, clock;

    csv_split(line, s->separator, &s->row);
    text = first_of(s, C_DESCRIPTION, C_MESSAGE);
    if (text.ptr == NULL && s->row.count > s->names)
        text = s->row.cell[s->names];
    date = first_of(s, C_STAMP, C_STAMP_CREATED);
    clock = SLICE_NONE;
    if (date.ptr == NULL) {
        date = first_of(s, C_DATE, C_DATE);
        clock = first_of(s, C_TIME, C_TIME);
    }
    fill(rec, first_of(s, C_SOURCE, C_PROVIDER), first_of(s, C_EVENT, C_ID),
         first_of(s, C_COMPUTER, C_MACHINE), text);
    if (rec->pid.len == 0)
        return RECORD_REJECT;
    set_time(s, date, clock, rec);
    return RECORD_READY;
}

/* Does the row go on in the next line? */
static bool goes_on(const struct eventlog *s, slice line)
{
    size_t at;

    if (s->mode == MODE_NAMED)
        return csv_is_open(line, s->separator);
    at = archive_text(line, s->separator);
    return at > 0 && is_archive_row(line, s->separator) && csv_is_open(slice_from(line, at), '\n');
}

static void keep_line(struct eventlog_block *b, slice line, const struct record *rec)
{
    if (!b->open)
        b->begun = rec->pos;
    else if (b->len < sizeof b->text)
        b->text[b->len++] = ' ';
    b->open = true;
    line = slice_first(line, sizeof b->text - b->len);
    if (line.len > 0)
        memcpy(b->text + b->len, line.ptr, line.len);
    b->len += line.len;
}

static enum record_status read_row(struct eventlog *s, slice line, struct record *rec)
{
    struct eventlog_block *b = &s->block[0];
    bool held = b->open;
    slice whole = line;

    if (held || goes_on(s, line)) {
        if (!held)
            exchange_eventlog_block_clear(b);
        keep_line(b, line, rec);
        whole = (slice){b->text, b->len};
        if (goes_on(s, whole) && b->len < sizeof b->text)
            return RECORD_SKIP;
        b->open = false;
        rec->pos.offset = b->begun.offset;
        rec->pos.number = b->begun.number;
        rec->pos.text = whole;
    }
    return s->mode == MODE_NAMED ? make_named(s, whole, rec) : make_archived(s, whole, rec);
}

/* ---- paragraphs ---- */

static enum record_status finish_block(struct eventlog *s, struct eventlog_block *b,
                                       struct record *rec)
{
    if (b->id[0] == '\0' || b->source[0] == '\0')
        return RECORD_SKIP;
    rec->pos.offset = b->begun.offset;
    rec->pos.number = b->begun.number;
    rec->pos.text = (slice){b->text, b->len};
    fill(rec, slice_of(b->source), slice_of(b->id), slice_of(b->computer), rec->pos.text);
    set_time(s, slice_of(b->date), b->clock[0] != '\0' ? slice_of(b->clock) : SLICE_NONE, rec);
    return RECORD_READY;
}

/* The block that ends is handed out from its own place while the next one is filled. */
static enum record_status read_block(struct eventlog *s, slice line, struct record *rec)
{
    struct eventlog_block *b = &s->block[s->present], *done = b;
    struct line_pos here = rec->pos;
    enum record_status status = RECORD_SKIP;

    line = slice_trim(line);
    if (b->open && exchange_eventlog_block_starts(b, line)) {
        status = finish_block(s, done, rec);
        s->present ^= 1;
        b = &s->block[s->present];
        exchange_eventlog_block_clear(b);
    }
    if (!b->open)
        b->begun = here;
    exchange_eventlog_block_add(b, line);
    return status;
}

/* ---- which ---- */

static enum mode mode_of(struct eventlog *s, slice line)
{
    static const char separators[] = {',', '\t', ';'};
    char separator = archive_separator(line);

    if (separator != '\0') {
        s->separator = separator;
        return MODE_ARCHIVE;
    }
    for (size_t i = 0; i < sizeof separators; i++) {
        s->names = count_names(line, separators[i], &s->layouts, &s->row);
        s->separator = separators[i];
        if (s->names > 0)
            return MODE_NAMED;
    }
    return slice_trim(line).len > 0 ? MODE_BLOCKS : MODE_UNKNOWN;
}

static enum record_status eventlog_read(void *state, slice line, struct record *rec)
{
    struct eventlog *s = state;

    if (line.ptr == NULL) {
        struct eventlog_block *b = &s->block[s->present];
        bool ready = s->mode == MODE_BLOCKS && b->open;
        b->open = false;
        return ready ? finish_block(s, b, rec) : RECORD_SKIP;
    }
    line = strip(line);
    if (slice_starts(line, SLICE_LIT("#TYPE ")))
        return RECORD_SKIP; /* PowerShell's first line */
    if (s->mode == MODE_UNKNOWN && (s->mode = mode_of(s, line)) != MODE_ARCHIVE &&
        s->mode != MODE_BLOCKS)
        return RECORD_SKIP;
    if (s->mode == MODE_BLOCKS)
        return read_block(s, line, rec);
    return slice_trim(line).len == 0 && !s->block[0].open ? RECORD_SKIP : read_row(s, line, rec);
}

static void eventlog_start(void *state, const struct parser_env *env)
{
    struct eventlog *s = state;

    regional_time_init(&s->regional, env->zone);
    timestamp_init(&s->iso, env->zone, 0, env->reference_us);
}

/* ---- is it one? ---- */

static bool names_us(slice head)
{
    slice found;

    while ((found = slice_from(head, slice_find(head, SLICE_LIT("MSE")))).len >= 13) {
        if (exchange_eventlog_source(slice_first(found, 13)).ptr != NULL ||
            exchange_eventlog_source(slice_first(found, 19)).ptr != NULL)
            return true;
        head = slice_from(found, 3);
    }
    return false;
}

/* The fourth cell of an archived row, in English. */
static bool is_event_type(slice line)
{
    static const char *const types[] = {"Information", "Warning", "Error", "None"};
    char separator = archive_separator(line);
    slice cell = SLICE_NONE;

    for (unsigned i = 0; i < 4; i++)
        (void)cursor_take_past(&line, separator, &cell);
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (slice_ieq(slice_trim(cell), slice_of(types[i])))
            return true;
    return false;
}

/* An archived log may have no entry of ours for long; paragraphs must name us. */
static unsigned eventlog_probe(slice head)
{
    static const struct eventlog_block ended = {.has_text = true};
    struct csv_layouts layouts = {0};
    struct csv_row row;
    slice line = strip(slice_first(head, slice_find_byte(head, '\n')));

    if (slice_starts(line, SLICE_LIT("#TYPE System.Diagnostics.E")))
        return 70;
    if (archive_separator(line) != '\0')
        return is_event_type(line) || names_us(head) ? 75 : 0;
    if (count_names(line, ',', &layouts, &row) + count_names(line, '\t', &layouts, &row) > 0)
        return 75;
    if (!names_us(head))
        return 0;
    while (slice_trim(line).len == 0 && head.len > 0) {
        head = slice_from(head, line.len + 1);
        line = strip(slice_first(head, slice_find_byte(head, '\n')));
    }
    return exchange_eventlog_block_starts(&ended, slice_trim(line)) ? 60 : 0;
}

static void persist(void *state, struct state_io *io)
{
    static const struct state_hole holes[] = {
        STATE_HOLE(struct eventlog, regional.zone), STATE_HOLE(struct eventlog, iso.zone),
        STATE_HOLE(struct eventlog, row), STATE_HOLE(struct eventlog, block[0].begun.text),
        STATE_HOLE(struct eventlog, block[1].begun.text)};

    state_struct(io, "exchange_eventlog", state, sizeof(struct eventlog), STATE_HOLES(holes));
}

const struct parser parser_exchange_eventlog = {
    .name = "exchange_eventlog",
    .summary = "Exchange 5.5 to 2003: application event log, exported as text or CSV",
    .source = "Windows Server 2003 \"File formats for archived logs\", Microsoft Knowledge Base",
    .parse = exchange_eventlog_parse,
    .state_size = sizeof(struct eventlog),
    .start = eventlog_start,
    .probe = eventlog_probe,
    .read = eventlog_read,
    .persist = persist,
};
