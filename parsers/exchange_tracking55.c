/* exchange_tracking55.c - message tracking log of Exchange 4.0 to 5.5 (System Attendant)
 *
 * Grammar:  RECORD = HEAD LF *(RECIPIENT LF [STATUS] LF)
 *           HEAD   = 12(FIELD TAB) FIELD
 *           FIELD  = "c=" CC ";a=" ADMD ";p=" PRMD ";l=" ID, in either case; number;
 *                    yyyy.m.d h:m:s GMT; gateway; partner; remote id; originator; priority;
 *                    length; seconds; cost; report id; number of recipients
 * No header line. As many recipients follow as the head says, whatever they look like: an
 * outsider's address never begins a record.
 * source:   Microsoft KB Q173280 (fields), Q317908 (bytes), Q153188 (4.0), Q173364 (numbers)
 * samples:  samples/exchange_tracking55/
 * limits:   one record with one recipient was all there was to see of real bytes; what stands
 *           between recipients is read defensively. The transfer agent's times can be an hour
 *           ahead of the others' (Q152886). The print of an article, in lines of 60 columns, is
 *           known but not read. No client address, no refusal and no login is ever told */
#include "base/cursor.h"
#include "base/state.h"
#include "exchange_attendant.h"

enum { FIELDS = 13, RECORD_ROOM = 16384, ID_MAX = 160 };

struct tracked {
    bool open;
    bool after_recipient;    /* the next line can be a status */
    uint32_t expected, seen; /* recipients */
    struct line_pos begun;
    size_t len;
    char text[RECORD_ROOM]; /* the head and what follows, with line feeds */
};

struct tracking {
    struct tracked record[2]; /* one is filled while the other is read */
    unsigned present;
    struct attendant attendant;
};

static slice strip(slice line)
{
    while (line.len > 0 && (line.ptr[line.len - 1] == '\r' || line.ptr[line.len - 1] == '\n'))
        line.len--;
    return line;
}

/* "c=US;a= ;p=ORG;l=SERVER-..." */
static bool is_id(slice id)
{
    static const char *const parts[] = {"c=", "a=", "p=", "l="};
    slice part;

    for (unsigned i = 0; i < 4; i++) {
        if (!slice_ieq(slice_first(id, 2), slice_of(parts[i])))
            return false;
        if (i < 3 && !cursor_take_past(&id, ';', &part))
            return false;
    }
    return true;
}

/* The fields of a head; false when there are fewer, or the first is no id. */
static bool split_head(slice line, slice ret[FIELDS])
{
    for (unsigned i = 0; i < FIELDS; i++) {
        size_t end = slice_find_byte(line, '\t');
        if (end == line.len && i < FIELDS - 1)
            return false;
        ret[i] = slice_trim(slice_first(line, end));
        line = slice_from(line, end + 1);
    }
    return is_id(ret[0]);
}

static bool read_time(slice stamp, int64_t *ret_us)
{
    slice date;

    return cursor_take_past(&stamp, ' ', &date) && exchange_attendant_time(date, stamp, ret_us);
}

static uint64_t number(slice text)
{
    uint64_t n;

    return cursor_take_uint(&text, UINT32_MAX, &n) && text.len == 0 ? n : 0;
}

/* ---- records ---- */

static void add_line(struct tracked *r, slice line)
{
    if (line.len + 1 > sizeof r->text - r->len)
        return; /* a list longer than the room: its rest is left out */
    if (r->len > 0)
        r->text[r->len++] = '\n';
    if (line.len > 0)
        memcpy(r->text + r->len, line.ptr, line.len);
    r->len += line.len;
}

static bool is_status(slice line)
{
    line = slice_trim(line);
    return line.len == 0 || slice_eq(line, SLICE_LIT("0")) || slice_eq(line, SLICE_LIT("1"));
}

/* A line behind the head; false when it is a recipient too many. "1" is a status behind a recipient
 * only: elsewhere somebody has such an address. */
static bool add_to_list(struct tracked *r, slice line)
{
    bool status = is_status(line) && (r->after_recipient || slice_trim(line).len == 0);

    if (!status && r->seen >= r->expected)
        return false;
    r->after_recipient = !status && slice_find_byte(line, '\t') == line.len;
    r->seen += !status;
    add_line(r, line);
    return true;
}

static void begin(struct tracked *r, slice line, slice recipients, const struct line_pos *pos)
{
    r->open = true;
    r->expected = (uint32_t)number(recipients);
    r->seen = 0;
    r->after_recipient = false;
    r->begun = *pos;
    r->len = 0;
    add_line(r, line);
}

static enum record_status finish(struct tracked *r, struct record *rec)
{
    slice text = {r->text, r->len}, field[FIELDS];
    int64_t us;

    r->open = false;
    if (!split_head(slice_first(text, slice_find_byte(text, '\n')), field) ||
        !read_time(field[2], &us))
        return RECORD_REJECT;
    rec->time_us = us;
    rec->has_time = true;
    rec->host = rec->tag = rec->pid = SLICE_NONE;
    rec->text = text;
    rec->repeat = 1;
    rec->note = 0;
    rec->pos = r->begun;
    rec->pos.text = text;
    return RECORD_READY;
}

static enum record_status tracking_read(void *state, slice line, struct record *rec)
{
    struct tracking *t = state;
    struct tracked *r = &t->record[t->present], *done = NULL;
    struct line_pos here = rec->pos;
    slice field[FIELDS];

    if (line.ptr == NULL)
        return r->open ? finish(r, rec) : RECORD_SKIP;
    line = strip(line);
    if ((!r->open || r->seen >= r->expected) && split_head(line, field)) {
        if (r->open) {
            done = r;
            t->present ^= 1;
            r = &t->record[t->present];
        }
        begin(r, line, field[FIELDS - 1], &here);
        return done == NULL ? RECORD_SKIP : finish(done, rec);
    }
    if (!r->open) /* an article's print, or the middle of a record */
        return RECORD_SKIP;
    if (add_to_list(r, line) || is_id(slice_first(line, slice_find_byte(line, '\t'))))
        return RECORD_SKIP; /* the latter: a head that is cut */
    return RECORD_REJECT;
}

/* ---- events ---- */

static slice without_type(slice address)
{
    return slice_ieq(slice_first(address, 5), SLICE_LIT("SMTP:")) ? slice_from(address, 5)
                                                                  : address;
}

/* Ids are written in either case. */
static slice lower(slice id, char *buf)
{
    size_t n = id.len < ID_MAX ? id.len : ID_MAX;

    for (size_t i = 0; i < n; i++)
        buf[i] = slice_lower(id.ptr[i]);
    return (slice){buf, n};
}

static slice take_line(slice *cur)
{
    slice line = slice_first(*cur, slice_find_byte(*cur, '\n'));

    *cur = slice_from(*cur, line.len + 1);
    return line;
}

/* The next recipient of the list at the cursor with its status, which is the line behind it, or
 * stands behind a TAB. */
static bool take_recipient(slice *cur, slice *ret_rcpt, slice *ret_status)
{
    slice line = SLICE_NONE;
    size_t tab;

    while (cur->len > 0 && slice_trim(line).len == 0)
        line = take_line(cur);
    if (slice_trim(line).len == 0)
        return false;
    tab = slice_find_byte(line, '\t');
    *ret_rcpt = without_type(slice_trim(slice_first(line, tab)));
    *ret_status = slice_trim(slice_from(line, tab + 1));
    if (tab == line.len && is_status(slice_first(*cur, slice_find_byte(*cur, '\n'))))
        *ret_status = slice_trim(take_line(cur));
    return true;
}

static enum parse_result tracking_parse(void *state, const struct record *rec, struct event *ev,
                                        const struct event_sink *sink)
{
    struct tracking *t = state;
    struct attendant_row row = {0};
    struct smtp_out out = {.rec = rec, .ev = ev, .sink = sink};
    slice head = slice_first(rec->text, slice_find_byte(rec->text, '\n')), field[FIELDS];
    slice list = slice_from(rec->text, head.len + 1);
    char id[ID_MAX], report[ID_MAX];

    if (!split_head(head, field))
        return PARSE_REJECT;
    row.number = (unsigned)number(field[1]);
    row.id = lower(field[0], id);
    row.linked = is_id(field[11]) ? lower(field[11], report) : SLICE_NONE;
    row.client = row.partner = field[4];
    row.sender = without_type(field[6]);
    row.size = number(field[8]);
    row.recipients = (uint32_t)number(field[12]);
    if (!take_recipient(&list, &row.rcpt, &row.status))
        return exchange_attendant_tell(&t->attendant, &row, &out);
    do
        (void)exchange_attendant_tell(&t->attendant, &row, &out);
    while (take_recipient(&list, &row.rcpt, &row.status));
    return smtp_out_result(&out);
}

static unsigned tracking_probe(slice head)
{
    slice line = strip(slice_first(head, slice_find_byte(head, '\n'))), field[FIELDS], word;

    if (split_head(line, field))
        return 90;
    line = slice_trim(line); /* an article's print: blanks for TABs */
    if (!is_id(line))
        return 0;
    line = slice_from(line, slice_rfind_byte(line, ';'));
    return cursor_take_past(&line, ' ', &word) && line.len > 0 && line.ptr[0] >= '0' &&
                   line.ptr[0] <= '9'
               ? 60
               : 0;
}

static void persist(void *state, struct state_io *io)
{
    static const struct state_hole holes[] = {STATE_HOLE(struct tracking, record[0].begun.text),
                                              STATE_HOLE(struct tracking, record[1].begun.text)};

    state_struct(io, "exchange_tracking55", state, sizeof(struct tracking), STATE_HOLES(holes));
}

const struct parser parser_exchange_tracking55 = {
    .name = "exchange_tracking55",
    .summary = "Exchange 4.0, 5.0, 5.5: message tracking log of the System Attendant",
    .source = "Microsoft KB Q173280, Q173364, Q174078, Q317908",
    .parse = tracking_parse,
    .state_size = sizeof(struct tracking),
    .probe = tracking_probe,
    .read = tracking_read,
    .persist = persist,
};
