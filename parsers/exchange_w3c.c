/* exchange_w3c.c - W3C extended log of the SMTP service (Exchange 2000 and 2003, IIS 5 to 10)
 *
 * Grammar:  "#Software: Microsoft Internet Information Services " N     at each start, also
 * half-way
 *           "#Date: " yyyy-mm-dd hh:mm:ss
 *           "#Fields: " NAME *(SP NAME)      any of the fields in any order
 *           CELL *(SP CELL)                  "-" for nothing, "+" for a blank, no quoting
 *           all times UTC
 * source:   W3C extended log format; IIS documentation of the fields; rows of real logs
 * samples:  samples/exchange_w3c/
 * limits:   without date and time columns the last #Date is all the time there is. Rows without a
 *           header are read in the usual order of 21 fields */
#include "base/cursor.h"
#include "base/state.h"
#include "csv.h"
#include "event/timestamp.h"
#include "iis_smtp.h"

enum column {
    DATE,
    TIME,
    C_IP,
    CS_USERNAME,
    S_SITENAME,
    S_COMPUTERNAME,
    S_IP,
    S_PORT,
    CS_METHOD,
    CS_URI_QUERY,
    SC_STATUS,
    SC_BYTES,
    CS_BYTES,
    CS_VERSION,
    COLUMNS
};

static const char *const columns[COLUMNS] = {
    "date",           "time",     "c-ip",     "cs-username", "s-sitename",
    "s-computername", "s-ip",     "s-port",   "cs-method",   "cs-uri-query",
    "sc-status",      "sc-bytes", "cs-bytes", "cs-version"};

static const char usual_fields[] =
    "date time c-ip cs-username s-sitename s-computername s-ip s-port cs-method cs-uri-stem "
    "cs-uri-query sc-status sc-win32-status sc-bytes cs-bytes time-taken cs-version cs-host "
    "cs(User-Agent) cs(Cookie) cs(Referer)";
enum { USUAL_FIELDS = 21 };

static const int64_t day_us = (int64_t)86400 * 1000000;

struct w3c {
    struct timestamp time;
    struct csv_layouts layouts;
    struct csv_row row;
    int64_t header_us; /* of the last #Date; 0 none */
    int64_t last_us;
    bool foreign; /* the last header was another service's */
    struct iis_sessions sessions;
};

/* No cell is quoted: a quote is a byte like any other. */
static void split(slice line, struct csv_row *row)
{
    row->count = 0;
    row->open = false;
    while (line.len > 0 && row->count < CSV_CELLS) {
        size_t end = slice_find_byte(line, ' ');
        if (end > 0)
            row->cell[row->count++] = slice_first(line, end);
        line = slice_from(line, end + 1);
    }
}

static slice cell(const struct w3c *s, uint32_t note, enum column column)
{
    return csv_cell(&s->layouts, note, &s->row, column);
}

/* ---- time ---- */

static bool read_iso(struct timestamp *time, slice text, int64_t *ret_us)
{
    return timestamp_take_iso(time, &text, ret_us);
}

/* "hh:mm:ss" alone: on the day of the header, or the one after midnight. */
static bool read_clock(struct w3c *s, slice clock, int64_t *ret_us)
{
    int64_t base_us = s->last_us > s->header_us ? s->last_us : s->header_us;
    char text[32] = "1970-01-01 ";

    if (clock.len != 8)
        return false;
    memcpy(text + 11, clock.ptr, 8);
    if (!read_iso(&s->time, (slice){text, 19}, ret_us))
        return false;
    *ret_us += base_us - base_us % day_us;
    if (*ret_us < base_us - day_us / 2)
        *ret_us += day_us;
    return true;
}

/* false: a row that ought to have a time has none. */
static bool read_time(struct w3c *s, uint32_t note, struct record *rec)
{
    slice date = cell(s, note, DATE), clock = cell(s, note, TIME);
    char text[24];

    rec->has_time = clock.ptr != NULL;
    rec->time_us = s->last_us > s->header_us ? s->last_us : s->header_us;
    if (clock.ptr == NULL)
        return true;
    if (date.ptr == NULL)
        return read_clock(s, clock, &rec->time_us);
    if (date.len != 10 || clock.len != 8)
        return false;
    memcpy(text, date.ptr, 10);
    text[10] = ' ';
    memcpy(text + 11, clock.ptr, 8);
    return read_iso(&s->time, (slice){text, 19}, &rec->time_us);
}

/* ---- lines ---- */

static slice strip(slice line)
{
    while (line.len > 0 && strchr(" \r\n", line.ptr[line.len - 1]) != NULL &&
           line.ptr[line.len - 1] != '\0')
        line.len--;
    return line;
}

static void use_fields(struct w3c *s, slice names)
{
    split(names, &s->row);
    csv_layout_make(&s->layouts, &s->row, columns, COLUMNS);
}

static enum record_status read_header(struct w3c *s, slice line)
{
    int64_t us;

    if (cursor_take_lit(&line, SLICE_LIT("#Software: "))) {
        s->foreign = !slice_starts(line, SLICE_LIT("Microsoft Internet Information Services"));
        return s->foreign ? RECORD_FOREIGN : RECORD_SKIP;
    }
    if (s->foreign)
        return RECORD_FOREIGN;
    if (cursor_take_lit(&line, SLICE_LIT("#Fields:"))) {
        use_fields(s, line);
    } else if (cursor_take_lit(&line, SLICE_LIT("#Date: ")) && read_iso(&s->time, line, &us)) {
        s->header_us = us;
        s->last_us = us > s->last_us ? us : s->last_us;
    }
    return RECORD_SKIP;
}

/* Is this row of the SMTP service? Web and FTP logs have the same header. */
static bool is_smtp(const struct w3c *s, uint32_t note)
{
    slice site = cell(s, note, S_SITENAME), version = cell(s, note, CS_VERSION);

    return iis_smtp_is_service(site) || slice_eq(version, SLICE_LIT("SMTP"));
}

static bool looks_usual(const struct csv_row *row)
{
    return row->count >= USUAL_FIELDS && row->cell[0].len == 10 && row->cell[1].len == 8 &&
           row->cell[0].ptr[4] == '-' && row->cell[1].ptr[2] == ':' &&
           iis_smtp_is_service(row->cell[4]) && slice_eq(row->cell[16], SLICE_LIT("SMTP"));
}

static enum record_status w3c_read(void *state, slice line, struct record *rec)
{
    struct w3c *s = state;

    if (line.ptr == NULL)
        return RECORD_SKIP;
    line = strip(line);
    if (line.len == 0)
        return RECORD_SKIP;
    if (line.ptr[0] == '#')
        return read_header(s, line);
    if (s->layouts.made == 0)
        use_fields(s, slice_of(usual_fields));
    split(line, &s->row);
    if (s->foreign || !is_smtp(s, csv_layout_now(&s->layouts)))
        return RECORD_FOREIGN;
    *rec = (struct record){
        .text = line, .repeat = 1, .note = csv_layout_now(&s->layouts), .pos = rec->pos};
    if (!read_time(s, rec->note, rec))
        return RECORD_REJECT;
    s->last_us = rec->time_us;
    return RECORD_READY;
}

static enum parse_result w3c_parse(void *state, const struct record *rec, struct event *ev,
                                   const struct event_sink *sink)
{
    struct w3c *s = state;
    uint32_t note = rec->note;
    struct iis_row row = {.plus = true};

    split(rec->text, &s->row);
    row.peer = cell(s, note, C_IP);
    row.name = cell(s, note, CS_USERNAME);
    row.service = cell(s, note, S_SITENAME);
    row.computer = cell(s, note, S_COMPUTERNAME);
    row.server_ip = cell(s, note, S_IP);
    row.port = cell(s, note, S_PORT);
    row.verb = cell(s, note, CS_METHOD);
    row.query = cell(s, note, CS_URI_QUERY);
    row.status = cell(s, note, SC_STATUS);
    row.sent = cell(s, note, SC_BYTES);
    row.received = cell(s, note, CS_BYTES);
    return iis_smtp_read(&s->sessions, &row, rec, ev, sink);
}

static void w3c_start(void *state, const struct parser_env *env)
{
    static const struct time_zone utc;
    struct w3c *s = state;

    timestamp_init(&s->time, &utc, 0, env->reference_us);
}

/* The header is that of web and FTP logs too: their rows, if there are any yet, say so. */
static unsigned header_score(slice head)
{
    if (slice_has(head, SLICE_LIT(" SMTPSVC")) || slice_has(head, SLICE_LIT(" SMTP ")))
        return 90;
    if (slice_has(head, SLICE_LIT("SVC")) || slice_has(head, SLICE_LIT("HTTP/")) ||
        slice_has(head, SLICE_LIT("cs-uri-stem sc-status")))
        return 0;
    return 60;
}

static unsigned w3c_probe(slice head)
{
    static struct csv_row row;
    slice line = strip(slice_first(head, slice_find_byte(head, '\n')));

    if (slice_starts(line, SLICE_LIT("#Software: Microsoft Internet Information Services")))
        return header_score(head);
    split(line, &row);
    return looks_usual(&row) ? 80 : 0;
}

static void persist(void *state, struct state_io *io)
{
    static const struct state_hole holes[] = {STATE_HOLE(struct w3c, time.zone),
                                              STATE_HOLE(struct w3c, row)};

    state_struct(io, "exchange_w3c", state, sizeof(struct w3c), STATE_HOLES(holes));
}

const struct parser parser_exchange_w3c = {
    .name = "exchange_w3c",
    .summary = "Exchange 2000, 2003 and IIS: W3C extended log of the SMTP service",
    .source = "IIS documentation, rows of IIS 5, 6 and 7",
    .parse = w3c_parse,
    .state_size = sizeof(struct w3c),
    .start = w3c_start,
    .probe = w3c_probe,
    .read = w3c_read,
    .persist = persist,
};
