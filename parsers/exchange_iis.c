/* exchange_iis.c - Microsoft's own log format of the SMTP service (Exchange 2000 and 2003, IIS)
 *
 * Grammar: PEER ", " NAME ", " DATE ", " CLOCK ", " SERVICE ", " COMPUTER ", " SERVER-IP ", " MS
 * ", " RECEIVED ", " SENT ", " STATUS ", " WIN32 ", " VERB ", " TARGET ", " PARAMETERS "," DATE
 * and CLOCK in the server's regional format, local time; nothing is quoted A client's name and
 * parameters may hold commas. A line that can be cut in two ways, since SERVICE stands in it
 * twice, is rejected: one of the two would be the client's.
 * source:    rows of real logs; IIS documentation of the columns samples: samples/exchange_iis/ */
#include "base/cursor.h"
#include "base/state.h"
#include "event/regional_time.h"
#include "iis_smtp.h"

enum { NATIVE_CELLS = 14 };

struct native {
    struct regional_time time;
    struct iis_sessions sessions;
};

struct native_line {
    slice cell[NATIVE_CELLS];
    slice parameters;
};

/* Cut at ", " up to the last cell, which goes to the end. */
static bool split(slice line, struct native_line *ret)
{
    slice cur = slice_trim(line);

    for (unsigned i = 0; i < NATIVE_CELLS; i++) {
        size_t end = slice_find(cur, SLICE_LIT(", "));
        if (end == cur.len && i == NATIVE_CELLS - 1 && slice_ends(cur, SLICE_LIT(",")))
            end = cur.len - 1; /* no parameters at all */
        else if (end == cur.len)
            return false;
        ret->cell[i] = slice_trim(slice_first(cur, end));
        cur = slice_from(cur, end + 2);
    }
    if (slice_ends(cur, SLICE_LIT(",")))
        cur.len--;
    ret->parameters = slice_trim(cur);
    return true;
}

static bool is_row(const struct native_line *l)
{
    slice date = l->cell[2];
    struct regional_date d;

    return iis_smtp_is_service(l->cell[4]) && regional_time_take_date(&date, &d) && date.len == 0;
}

/* Could another cut of the line be a row as well? */
static bool is_ambiguous(slice line)
{
    const slice service = SLICE_LIT(", SMTPSVC");
    size_t first = slice_find(line, service);

    return slice_has(slice_from(line, first + 1), service);
}

static bool read_time(struct regional_time *time, const struct native_line *l, int64_t *ret_us)
{
    slice date_text = l->cell[2], clock = l->cell[3];
    struct regional_date date;
    int64_t clock_s;
    bool half;

    return regional_time_take_date(&date_text, &date) &&
           regional_time_take_clock(&clock, &clock_s, &half) && clock.len == 0 &&
           regional_time_us(time, &date, clock_s, half, ret_us);
}

static enum record_status native_read(void *state, slice line, struct record *rec)
{
    struct native *s = state;
    struct native_line parts;
    int64_t us;

    if (line.ptr == NULL || slice_trim(line).len == 0)
        return RECORD_SKIP;
    if (is_ambiguous(line))
        return RECORD_REJECT;
    if (!split(line, &parts) || !is_row(&parts))
        return RECORD_FOREIGN;
    if (!read_time(&s->time, &parts, &us))
        return RECORD_REJECT;
    *rec = (struct record){
        .time_us = us, .has_time = true, .text = line, .repeat = 1, .pos = rec->pos};
    return RECORD_READY;
}

static enum parse_result native_parse(void *state, const struct record *rec, struct event *ev,
                                      const struct event_sink *sink)
{
    struct native *s = state;
    struct native_line l;
    struct iis_row row;

    if (!split(rec->text, &l))
        return PARSE_REJECT;
    row = (struct iis_row){.peer = l.cell[0],
                           .name = l.cell[1],
                           .service = l.cell[4],
                           .computer = l.cell[5],
                           .server_ip = l.cell[6],
                           .received = l.cell[8],
                           .sent = l.cell[9],
                           .status = l.cell[10],
                           .verb = l.cell[12],
                           .query = l.parameters};
    return iis_smtp_read(&s->sessions, &row, rec, ev, sink);
}

static void native_start(void *state, const struct parser_env *env)
{
    struct native *s = state;

    regional_time_init(&s->time, env->zone);
}

static unsigned native_probe(slice head)
{
    slice line = slice_first(head, slice_find_byte(head, '\n'));
    struct native_line parts;

    return !is_ambiguous(line) && split(line, &parts) && is_row(&parts) ? 80 : 0;
}

static void persist(void *state, struct state_io *io)
{
    static const struct state_hole holes[] = {STATE_HOLE(struct native, time.zone)};

    state_struct(io, "exchange_iis", state, sizeof(struct native), STATE_HOLES(holes));
}

const struct parser parser_exchange_iis = {
    .name = "exchange_iis",
    .summary = "Exchange 2000, 2003 and IIS: Microsoft's own log format of the SMTP service",
    .source = "IIS documentation, rows of IIS 6",
    .parse = native_parse,
    .state_size = sizeof(struct native),
    .start = native_start,
    .probe = native_probe,
    .read = native_read,
    .persist = persist,
};
