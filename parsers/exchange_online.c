/* exchange_online.c - what Exchange Online and the cmdlets of Exchange give out about messages
 *
 * Grammar:  a table whose first row names its columns (exchange_csv.h), or JSON
 *           (exchange_online_json.c). The columns tell what a row is:
 *             event_id                          message tracking: the extended historical search,
 *                                               Get-MessageTrackingLog | Export-Csv
 *             MessageTraceId                    message trace: Get-MessageTrace | Export-Csv
 *             recipient_status, no event_id     the enhanced summary of the historical search
 *           Lists that a cmdlet printed are "{a, b}", or joined by whoever made the export;
 *           "System.String[]" means that the list was lost.
 * Times are UTC, but Get-MessageTrackingLog gives the time of the machine it ran on (--tz).
 * source:   Microsoft "Run a message trace and view the results", Get-MessageTrace,
 *           Get-MessageTrackingLog; real objects of the reporting web service
 * limits:   no real row of the two downloads was at hand: columns are found by name only. */
#include "exchange_online.h"

#include "base/cursor.h"
#include "base/state.h"
#include "exchange_list.h"
#include "exchange_tracking.h"

/* Times first, then the columns of message tracking, in their order, then the others. */
enum online_column {
    ONLINE_TIMESTAMP, /* local */
    ONLINE_DATE_TIME_UTC,
    ONLINE_ORIGIN,
    ONLINE_ORIGIN_UTC,
    ONLINE_RECEIVED,
    ONLINE_TIMES,
    ONLINE_TRACKING = ONLINE_TIMES,
    ONLINE_RECIPIENTS = ONLINE_TRACKING + TRACKING_COLUMNS,
    ONLINE_SENDER,
    ONLINE_EVENT_DATA,
    ONLINE_TRACE_ID,
    ONLINE_STATUS,
    ONLINE_FROM_IP,
    ONLINE_TO_IP,
    ONLINE_SIZE,
    ONLINE_ORGANIZATION,
    ONLINE_UNREAD, /* names that help to know the header */
    ONLINE_COLUMNS = ONLINE_UNREAD + 10
};
_Static_assert((int)ONLINE_COLUMNS <= (int)CSV_CELLS, "a layout holds them all");

static const char *const columns[ONLINE_COLUMNS] = {
    [ONLINE_TIMESTAMP] = "Timestamp",
    [ONLINE_DATE_TIME_UTC] = "date_time_utc",
    [ONLINE_ORIGIN] = "origin_timestamp",
    [ONLINE_ORIGIN_UTC] = "origin_timestamp_utc",
    [ONLINE_RECEIVED] = "Received",
    [ONLINE_TRACKING + TRACKING_TIME] = "date_time",
    [ONLINE_TRACKING + TRACKING_CLIENT_IP] = "client_ip",
    [ONLINE_TRACKING + TRACKING_CLIENT_HOSTNAME] = "client_hostname",
    [ONLINE_TRACKING + TRACKING_SERVER_IP] = "server_ip",
    [ONLINE_TRACKING + TRACKING_SERVER_HOSTNAME] = "server_hostname",
    [ONLINE_TRACKING + TRACKING_SOURCE_CONTEXT] = "source_context",
    [ONLINE_TRACKING + TRACKING_CONNECTOR] = "connector_id",
    [ONLINE_TRACKING + TRACKING_SOURCE] = "source",
    [ONLINE_TRACKING + TRACKING_EVENT] = "event_id",
    [ONLINE_TRACKING + TRACKING_INTERNAL_ID] = "internal_message_id",
    [ONLINE_TRACKING + TRACKING_MESSAGE_ID] = "message_id",
    [ONLINE_TRACKING + TRACKING_NETWORK_ID] = "network_message_id",
    [ONLINE_TRACKING + TRACKING_RECIPIENTS] = "recipient_address",
    [ONLINE_TRACKING + TRACKING_STATUS] = "recipient_status",
    [ONLINE_TRACKING + TRACKING_BYTES] = "total_bytes",
    [ONLINE_TRACKING + TRACKING_COUNT] = "recipient_count",
    [ONLINE_TRACKING + TRACKING_RELATED] = "related_recipient_address",
    [ONLINE_TRACKING + TRACKING_REFERENCE] = "reference",
    [ONLINE_TRACKING + TRACKING_SENDER] = "sender_address",
    [ONLINE_TRACKING + TRACKING_RETURN_PATH] = "return_path",
    [ONLINE_TRACKING + TRACKING_INFO] = "message_info",
    [ONLINE_TRACKING + TRACKING_DIRECTIONALITY] = "directionality",
    [ONLINE_TRACKING + TRACKING_ORIGINAL_CLIENT] = "original_client_ip",
    [ONLINE_TRACKING + TRACKING_ORIGINAL_SERVER] = "original_server_ip",
    [ONLINE_TRACKING + TRACKING_CUSTOM] = "custom_data",
    [ONLINE_RECIPIENTS] = "Recipients",
    [ONLINE_SENDER] = "Sender",
    [ONLINE_EVENT_DATA] = "EventData",
    [ONLINE_TRACE_ID] = "MessageTraceId",
    [ONLINE_STATUS] = "Status",
    [ONLINE_FROM_IP] = "FromIP",
    [ONLINE_TO_IP] = "ToIP",
    [ONLINE_SIZE] = "Size",
    [ONLINE_ORGANIZATION] = "Organization",
    [ONLINE_UNREAD] = "PSComputerName",
    [ONLINE_UNREAD + 1] = "RunspaceId",
    [ONLINE_UNREAD + 2] = "PSShowComputerName",
    [ONLINE_UNREAD + 3] = "Subject",
    [ONLINE_UNREAD + 4] = "message_subject",
    [ONLINE_UNREAD + 5] = "StartDate",
    [ONLINE_UNREAD + 6] = "EndDate",
    [ONLINE_UNREAD + 7] = "Index",
    [ONLINE_UNREAD + 8] = "tenant_id",
    [ONLINE_UNREAD + 9] = "delivery_priority",
};

static const struct time_zone utc;

static bool take_date_ms(slice text, int64_t *ret_us)
{
    uint64_t ms;

    return cursor_take_lit(&text, SLICE_LIT("/Date(")) &&
           cursor_take_uint(&text, INT64_MAX / 1000, &ms) && (*ret_us = (int64_t)ms * 1000, true);
}

static bool take_any(struct exchange_csv *f, slice text, int64_t *ret_us)
{
    slice iso = text, regional = text;

    if (timestamp_take_iso(&f->time, &iso, ret_us))
        return iso.len == 0;
    if (regional_time_take(&f->regional, &regional, ret_us))
        return regional.len == 0;
    return take_date_ms(text, ret_us);
}

bool exchange_online_time(struct exchange_csv *f, bool local, slice text, int64_t *ret_us)
{
    const struct time_zone *zone = f->time.zone;
    bool taken;

    f->time.zone = f->regional.zone = local ? zone : &utc;
    taken = take_any(f, text, ret_us);
    f->time.zone = f->regional.zone = zone;
    return taken;
}

static bool take_time(struct exchange_csv *f, unsigned column, slice cell, int64_t *ret_us)
{
    return exchange_online_time(f, column == ONLINE_TIMESTAMP, cell, ret_us);
}

static bool is_row(const struct csv_row *row)
{
    (void)row;
    return false; /* without its names a row could be anything */
}

static const char *const no_names[] = {NULL};

static const struct exchange_csv_spec spec = {.columns = columns,
                                              .count = ONLINE_COLUMNS,
                                              .headers = no_names,
                                              .log_types = no_names,
                                              .is_row = is_row,
                                              .take_time = take_time,
                                              .times = ONLINE_TIMES};

/* ---- which file, which record ---- */

static void start(void *state, const struct parser_env *env)
{
    struct exchange_online *s = state;

    exchange_csv_start(&s->csv, &spec, env->zone);
}

static unsigned probe(slice head)
{
    slice text = slice_trim(head);

    if (text.len == 0 || (text.ptr[0] != '{' && text.ptr[0] != '['))
        return exchange_csv_probe(&spec, head);
    return slice_has(text, SLICE_LIT("\"MessageTraceId\"")) &&
                   slice_has(text, SLICE_LIT("\"RecipientAddress\""))
               ? 90
               : 0;
}

static enum record_status read_line(void *state, slice line, struct record *rec)
{
    struct exchange_online *s = state;
    slice text = slice_trim(line);

    if (!s->csv.open && (s->depth > 0 || s->reopened ||
                         (text.len > 0 && strchr("{}[]", text.ptr[0]) && text.ptr[0] != '\0')))
        return exchange_online_read_json(s, line, rec);
    return exchange_csv_read(&s->csv, line, rec);
}

/* ---- rows ---- */

static slice cell(const struct exchange_online *s, const struct record *rec, unsigned column)
{
    return exchange_csv_cell(&s->csv, rec, column);
}

/* "{a, b}" or "System.String[]" */
static slice unwrap(slice list)
{
    if (slice_starts(list, SLICE_LIT("System.")))
        return SLICE_NONE;
    if (list.len >= 2 && list.ptr[0] == '{' && list.ptr[list.len - 1] == '}')
        return slice_first(slice_from(list, 1), list.len - 2);
    return list;
}

static char separator_of(slice list)
{
    static const char separators[] = ";,| ";

    for (const char *s = separators; *s != '\0'; s++)
        if (slice_find_byte(list, *s) < list.len)
            return *s;
    return ';';
}

static void fill(const struct exchange_online *s, const struct record *rec,
                 struct exchange_tracking *row)
{
    slice *c = row->cell;

    for (unsigned column = 0; column < TRACKING_COLUMNS; column++)
        c[column] = cell(s, rec, ONLINE_TRACKING + column);
    if (c[TRACKING_RECIPIENTS].ptr == NULL)
        c[TRACKING_RECIPIENTS] = cell(s, rec, ONLINE_RECIPIENTS);
    if (c[TRACKING_SENDER].ptr == NULL)
        c[TRACKING_SENDER] = cell(s, rec, ONLINE_SENDER);
    if (c[TRACKING_CUSTOM].ptr == NULL)
        c[TRACKING_CUSTOM] = cell(s, rec, ONLINE_EVENT_DATA);
    c[TRACKING_RECIPIENTS] = unwrap(c[TRACKING_RECIPIENTS]);
    c[TRACKING_REFERENCE] = unwrap(c[TRACKING_REFERENCE]);
    if (slice_starts(c[TRACKING_STATUS], SLICE_LIT("{LED=")))
        return;
    c[TRACKING_STATUS] = unwrap(c[TRACKING_STATUS]);
}

static enum parse_result parse_tracking(struct exchange_online *s, const struct record *rec,
                                        struct event *ev, const struct event_sink *sink)
{
    struct exchange_tracking row = {.rec = rec, .ev = ev, .sink = sink};

    fill(s, rec, &row);
    row.separator = separator_of(row.cell[TRACKING_RECIPIENTS]);
    return exchange_tracking_emit(&row);
}

static slice first_of(slice a, slice b)
{
    return a.ptr != NULL ? a : b;
}

static enum parse_result parse_trace(const struct exchange_online *s,
                                     const struct exchange_online_out *out, bool summary)
{
    const struct record *rec = out->rec;
    struct exchange_online_trace t = {
        .organization = cell(s, rec, ONLINE_ORGANIZATION),
        .message_id = cell(s, rec, ONLINE_TRACKING + TRACKING_MESSAGE_ID),
        .sender = cell(s, rec, ONLINE_TRACKING + TRACKING_SENDER),
        .recipient = cell(s, rec, ONLINE_TRACKING + TRACKING_RECIPIENTS),
        .status = cell(s, rec, ONLINE_STATUS),
        .to_ip = cell(s, rec, ONLINE_TO_IP),
        .from_ip = first_of(cell(s, rec, ONLINE_FROM_IP),
                            cell(s, rec, ONLINE_TRACKING + TRACKING_ORIGINAL_CLIENT)),
        .size = first_of(cell(s, rec, ONLINE_SIZE), cell(s, rec, ONLINE_TRACKING + TRACKING_BYTES)),
        .id = first_of(cell(s, rec, ONLINE_TRACE_ID),
                       cell(s, rec, ONLINE_TRACKING + TRACKING_NETWORK_ID))};

    if (!summary)
        return exchange_online_give_trace(out, &t);
    return exchange_online_give_summary(out, &t, cell(s, rec, ONLINE_TRACKING + TRACKING_STATUS));
}

static enum parse_result parse_row(struct exchange_online *s, const struct record *rec,
                                   struct event *ev, const struct event_sink *sink)
{
    const struct exchange_online_out out = {rec, ev, sink, rec->time_us};

    exchange_csv_split(&s->csv, rec);
    if (exchange_csv_ends_before(&s->csv, rec, ONLINE_TRACKING + TRACKING_RETURN_PATH) ||
        exchange_csv_ends_before(&s->csv, rec, ONLINE_TRACKING + TRACKING_RECIPIENTS) ||
        exchange_csv_ends_before(&s->csv, rec, ONLINE_TRACKING + TRACKING_STATUS))
        return PARSE_REJECT; /* cut */
    if (cell(s, rec, ONLINE_TRACE_ID).ptr != NULL)
        return parse_trace(s, &out, false);
    if (cell(s, rec, ONLINE_TRACKING + TRACKING_EVENT).ptr != NULL)
        return parse_tracking(s, rec, ev, sink);
    if (cell(s, rec, ONLINE_TRACKING + TRACKING_STATUS).ptr != NULL)
        return parse_trace(s, &out, true);
    return PARSE_REJECT;
}

static enum parse_result parse_json(struct exchange_online *s, const struct record *rec,
                                    struct event *ev, const struct event_sink *sink)
{
    struct exchange_online_walk walk = {.text = rec->text};
    enum parse_result result = PARSE_REJECT;

    for (slice object; exchange_online_next(&walk, &object);) {
        struct json_room room = {s->unescaped, sizeof s->unescaped, 0};
        struct exchange_online_out out = {rec, ev, sink, rec->time_us};
        struct exchange_online_trace trace;
        if (!exchange_online_object(object, &room, &trace))
            continue;
        (void)exchange_online_time(&s->csv, false, trace.received, &out.time_us);
        if (exchange_online_give_trace(&out, &trace) == PARSE_EVENT)
            result = PARSE_EVENT;
    }
    return result;
}

static enum parse_result parse(void *state, const struct record *rec, struct event *ev,
                               const struct event_sink *sink)
{
    return rec->note == 0 ? parse_json(state, rec, ev, sink) : parse_row(state, rec, ev, sink);
}

static void persist(void *state, struct state_io *io)
{
    static const struct state_hole holes[] = {STATE_HOLE(struct exchange_online, csv.spec),
                                              STATE_HOLE(struct exchange_online, csv.time.zone),
                                              STATE_HOLE(struct exchange_online, csv.regional.zone),
                                              STATE_HOLE(struct exchange_online, csv.row),
                                              STATE_HOLE(struct exchange_online, csv.begun.text),
                                              STATE_HOLE(struct exchange_online, begun.text)};

    state_struct(io, "exchange_online", state, sizeof(struct exchange_online), STATE_HOLES(holes));
}

const struct parser parser_exchange_online = {
    .name = "exchange_online",
    .summary = "Exchange Online message trace and historical search, exports of Exchange cmdlets",
    .source = "Microsoft documentation of message trace; real objects of the reporting service",
    .parse = parse,
    .state_size = sizeof(struct exchange_online),
    .start = start,
    .probe = probe,
    .read = read_line,
    .persist = persist,
};
