/* exchange_connectivity.c - connectivity logs of Exchange 2007 to SE: destinations that cannot be
 * reached
 *
 * Grammar:  ROW = date-time,session,source,Destination,direction,description
 *           direction  "+" a connection is wanted, ">" name resolution and contact, "-" the end
 *           the end:   "Messages: " N " Bytes: " N " (" [WHY] ")", WHY begins with "Retry" where
 *                      the mail stays in the queue
 * algorithm: only the end of a connection that delivered nothing and will be tried again is told,
 *            as a delivery that was deferred; these rows name no message and no recipient.
 * source:    Microsoft "Connectivity logging in Exchange Server"; real rows of 2016 and 2020
 * limits:    deliveries are left to the message tracking and protocol logs */
#include "exchange_csv.h"
#include "exchange_text.h"

#include "base/cursor.h"
#include "base/state.h"

enum column {
    COL_TIME,
    COL_SESSION,
    COL_SOURCE,
    COL_DESTINATION,
    COL_DIRECTION,
    COL_TEXT,
    COL_COUNT
};

static const char *const columns[COL_COUNT] = {"date-time",   "session",   "source",
                                               "Destination", "direction", "description"};

static const char *const headers[] = {"date-time,session,source,Destination,direction,description",
                                      NULL};

static const char *const log_types[] = {"Transport Connectivity Log", NULL};

struct connectivity {
    struct exchange_csv file;
};

static bool is_row(const struct csv_row *row)
{
    slice direction = slice_trim(row->cell[COL_DIRECTION]);

    return direction.len == 1 && strchr("+->*", direction.ptr[0]) != NULL &&
           slice_trim(row->cell[COL_SESSION]).len >= 8 && row->cell[COL_SOURCE].len > 0;
}

static const struct exchange_csv_spec spec = {
    .columns = columns,
    .count = COL_COUNT,
    .headers = headers,
    .log_types = log_types,
    .is_row = is_row,
};

static unsigned probe(slice head)
{
    return exchange_csv_probe(&spec, head);
}

static void start(void *state, const struct parser_env *env)
{
    struct connectivity *c = state;

    (void)env;
    exchange_csv_start(&c->file, &spec, NULL);
}

static enum record_status read(void *state, slice line, struct record *rec)
{
    struct connectivity *c = state;
    return exchange_csv_read(&c->file, line, rec);
}

/* "Messages: 0 Bytes: N (Retry...)": what stands in the brackets. */
static bool take_failure(slice text, slice *ret_why)
{
    uint64_t messages, bytes;

    if (!cursor_take_lit(&text, SLICE_LIT("Messages: ")) ||
        !cursor_take_uint(&text, UINT64_MAX, &messages) || messages > 0 ||
        !cursor_take_lit(&text, SLICE_LIT(" Bytes: ")) ||
        !cursor_take_uint(&text, UINT64_MAX, &bytes) || !cursor_take_lit(&text, SLICE_LIT(" (")))
        return false;
    *ret_why = slice_ends(text, SLICE_LIT(")")) ? slice_first(text, text.len - 1) : text;
    return slice_starts(*ret_why, SLICE_LIT("Retry"));
}

static enum parse_result parse(void *state, const struct record *rec, struct event *ev,
                               const struct event_sink *sink)
{
    struct connectivity *c = state;
    slice cell[COL_COUNT], why;

    exchange_csv_split(&c->file, rec);
    for (unsigned i = 0; i < COL_COUNT; i++)
        cell[i] = exchange_csv_cell(&c->file, rec, i);
    if (cell[COL_SESSION].len == 0 || cell[COL_DIRECTION].ptr == NULL)
        return PARSE_REJECT;
    if (!slice_eq(cell[COL_DIRECTION], SLICE_LIT("-")) ||
        !slice_ieq(cell[COL_SOURCE], SLICE_LIT("SMTP")) || !take_failure(cell[COL_TEXT], &why))
        return PARSE_SKIP;
    event_reset(ev);
    ev->kind = EVENT_DELIVERY;
    ev->time_us = rec->time_us;
    ev->pos = rec->pos;
    ev->outcome = OUTCOME_DEFERRED;
    event_set(ev, EF_PROGRAM, SLICE_LIT("Connectivity"));
    event_set(ev, EF_SESSION, cell[COL_SESSION]);
    event_set(ev, EF_RELAY, cell[COL_DESTINATION]);
    event_set(ev, EF_TEXT, why);
    sink->take(sink->arg, ev);
    return PARSE_EVENT;
}

static void persist(void *state, struct state_io *io)
{
    static const struct state_hole holes[] = {STATE_HOLE(struct connectivity, file.spec),
                                              STATE_HOLE(struct connectivity, file.time.zone),
                                              STATE_HOLE(struct connectivity, file.regional.zone),
                                              STATE_HOLE(struct connectivity, file.row),
                                              STATE_HOLE(struct connectivity, file.begun.text)};

    state_struct(io, "exchange_connectivity", state, sizeof(struct connectivity),
                 STATE_HOLES(holes));
}

const struct parser parser_exchange_connectivity = {
    .name = "exchange_connectivity",
    .summary = "Microsoft Exchange 2007 to SE: connectivity logs (destinations not reached)",
    .source = "Microsoft \"Connectivity logging in Exchange Server\"; rows of 2016 and 2020",
    .parse = parse,
    .state_size = sizeof(struct connectivity),
    .start = start,
    .probe = probe,
    .read = read,
    .persist = persist,
};
