/* exchange_ncsa.c - NCSA common log of the SMTP service (Exchange 2000 and 2003, IIS)
 *
 * Grammar:  PEER " - " NAME " [" dd/Mon/yyyy:hh:mm:ss SP ZONE "] " DQUOTE VERB SP "-" ["?" QUERY]
 *           SP "SMTP" DQUOTE SP STATUS SP BYTES
 *           "+" for a blank; a quote inside is not escaped: the last one counts
 * source:   rows of real logs (IIS 5)
 * samples:  samples/exchange_ncsa/
 * limits:   IIS writes daylight time with the offset of standard time: times can be an hour late.
 *           Neither service nor server is told */
#include "base/cursor.h"
#include "base/state.h"
#include "event/time_zone.h"
#include "event/year_rule.h"
#include "iis_smtp.h"

struct ncsa {
    struct iis_sessions sessions;
};

/* The parts of a line; slices are borrowed. */
struct ncsa_line {
    int64_t time_us;
    struct iis_row row;
};

static bool take_two(slice *cur, unsigned max, unsigned *ret)
{
    slice digits = slice_first(*cur, 2);
    uint64_t n;

    if (digits.len != 2 || !cursor_take_uint(&digits, max, &n) || digits.len > 0)
        return false;
    *ret = (unsigned)n;
    *cur = slice_from(*cur, 2);
    return true;
}

static unsigned month_of(slice name)
{
    static const char names[] = "janfebmaraprmayjunjulaugsepoctnovdec";

    for (unsigned m = 0; m < 12; m++)
        if (slice_ieq(name, (slice){names + (size_t)m * 3, 3}))
            return m + 1;
    return 0;
}

/* "-0600": seconds east. */
static bool take_offset(slice *cur, int64_t *ret_s)
{
    bool west = cur->len > 0 && cur->ptr[0] == '-';
    unsigned hours, minutes;

    (void)cursor_take_byte(cur, ' '); /* some print a blank behind the sign */
    if (!cursor_take_byte(cur, '-') && !cursor_take_byte(cur, '+'))
        return false;
    (void)cursor_take_byte(cur, ' ');
    if (!take_two(cur, 14, &hours) || !take_two(cur, 59, &minutes))
        return false;
    *ret_s = (int64_t)(hours * 3600 + minutes * 60) * (west ? -1 : 1);
    return true;
}

/* "11/Oct/2006:13:16:39 -0600" */
static bool take_time(slice cur, int64_t *ret_us)
{
    unsigned day, hour, minute, second, month;
    uint64_t year;
    int64_t east_s;
    slice name;

    if (!take_two(&cur, 31, &day) || !cursor_take_byte(&cur, '/') ||
        !cursor_take_past(&cur, '/', &name) || (month = month_of(name)) == 0 ||
        !cursor_take_uint(&cur, 9999, &year) || year < 1970 || !cursor_take_byte(&cur, ':') ||
        !take_two(&cur, 23, &hour) || !cursor_take_byte(&cur, ':') ||
        !take_two(&cur, 59, &minute) || !cursor_take_byte(&cur, ':') ||
        !take_two(&cur, 60, &second) || !cursor_take_byte(&cur, ' ') || day == 0 ||
        !take_offset(&cur, &east_s))
        return false;
    *ret_us = (year_rule_days((int64_t)year, month, day) * 86400 + hour * 3600 + minute * 60 +
               second - east_s) *
              1000000;
    return true;
}

/* STATUS and BYTES behind the last quote; they are the server's, so the last quote is too. */
static bool take_numbers(slice tail, struct iis_row *row)
{
    if (!cursor_take_byte(&tail, ' ') || !cursor_take_token(&tail, &row->status) ||
        row->status.ptr[0] < '0' || row->status.ptr[0] > '9')
        return false;
    (void)cursor_take_blanks(&tail);
    row->sent = SLICE_NONE;
    (void)cursor_take_token(&tail, &row->sent);
    return true;
}

/* VERB SP "-" ["?" QUERY] SP "SMTP" */
static bool take_request(slice request, struct iis_row *row)
{
    const slice end = SLICE_LIT(" SMTP");

    if (!slice_ends(request, end))
        return false;
    request.len -= end.len;
    if (!cursor_take_token(&request, &row->verb) || !cursor_take_lit(&request, SLICE_LIT(" -")))
        return false;
    row->query = cursor_take_byte(&request, '?') ? request : SLICE_NONE;
    return true;
}

static bool read_line(slice line, struct ncsa_line *ret)
{
    struct iis_row *row = &ret->row;
    slice cur = slice_trim(line), time;
    size_t quote;

    *ret = (struct ncsa_line){.row = {.plus = true}};
    if (!cursor_take_token(&cur, &row->peer) || !cursor_take_lit(&cur, SLICE_LIT(" - ")) ||
        !cursor_take_token(&cur, &row->name) || !cursor_take_lit(&cur, SLICE_LIT(" [")) ||
        !cursor_take_past(&cur, ']', &time) || !take_time(time, &ret->time_us) ||
        !cursor_take_lit(&cur, SLICE_LIT(" \"")))
        return false;
    quote = slice_rfind_byte(cur, '"');
    return quote < cur.len && take_numbers(slice_from(cur, quote + 1), row) &&
           take_request(slice_first(cur, quote), row);
}

static enum record_status ncsa_read(void *state, slice line, struct record *rec)
{
    struct ncsa_line parts;

    (void)state;
    if (line.ptr == NULL || slice_trim(line).len == 0)
        return RECORD_SKIP;
    if (!read_line(line, &parts))
        return RECORD_FOREIGN;
    *rec = (struct record){
        .time_us = parts.time_us, .has_time = true, .text = line, .repeat = 1, .pos = rec->pos};
    return RECORD_READY;
}

static enum parse_result ncsa_parse(void *state, const struct record *rec, struct event *ev,
                                    const struct event_sink *sink)
{
    struct ncsa *s = state;
    struct ncsa_line parts;

    if (!read_line(rec->text, &parts))
        return PARSE_REJECT;
    return iis_smtp_read(&s->sessions, &parts.row, rec, ev, sink);
}

static unsigned ncsa_probe(slice head)
{
    struct ncsa_line parts;

    return read_line(slice_first(head, slice_find_byte(head, '\n')), &parts) ? 80 : 0;
}

static void persist(void *state, struct state_io *io)
{
    state_struct(io, "exchange_ncsa", state, sizeof(struct ncsa), NULL, 0);
}

const struct parser parser_exchange_ncsa = {
    .name = "exchange_ncsa",
    .summary = "Exchange 2000, 2003 and IIS: NCSA common log of the SMTP service",
    .source = "rows of IIS 5",
    .parse = ncsa_parse,
    .state_size = sizeof(struct ncsa),
    .probe = ncsa_probe,
    .read = ncsa_read,
    .persist = persist,
};
