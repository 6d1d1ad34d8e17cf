/* exchange_tracking.c - message tracking of Exchange 2007 to Subscription Edition
 *
 * Grammar:  a file of exchange_csv.h with the columns of headers[] below, by version; one row an
 *           event, told by source and event-id. Rows that are no mail traffic (shadow copies HA*,
 *           AGENTINFO, the steps of a mailbox submission) and events not known are passed over.
 * Which server's queue a row is about: internal-message-id is a number of the server that logs the
 * row, except for a delivery to a mailbox, which has the number of the transport server that hands
 * the message over. client-hostname is that server on the rows of sending and delivering,
 * server-hostname on all others.
 * source:   Microsoft "Message tracking" (columns, events); real rows of 2010, 2013, 2016, 2019.
 * limits:   refused recipients, connections and logins never reach this log. Before 2013 a message
 *           is not followed from one server to the next. */
#include "exchange_tracking.h"

#include "base/cursor.h"
#include "base/state.h"
#include "exchange_csv.h"

const char *const exchange_tracking_columns[TRACKING_COLUMNS] = {
    [TRACKING_TIME] = "date-time",
    [TRACKING_CLIENT_IP] = "client-ip",
    [TRACKING_CLIENT_HOSTNAME] = "client-hostname",
    [TRACKING_SERVER_IP] = "server-ip",
    [TRACKING_SERVER_HOSTNAME] = "server-hostname",
    [TRACKING_SOURCE_CONTEXT] = "source-context",
    [TRACKING_CONNECTOR] = "connector-id",
    [TRACKING_SOURCE] = "source",
    [TRACKING_EVENT] = "event-id",
    [TRACKING_INTERNAL_ID] = "internal-message-id",
    [TRACKING_MESSAGE_ID] = "message-id",
    [TRACKING_NETWORK_ID] = "network-message-id",
    [TRACKING_RECIPIENTS] = "recipient-address",
    [TRACKING_STATUS] = "recipient-status",
    [TRACKING_BYTES] = "total-bytes",
    [TRACKING_COUNT] = "recipient-count",
    [TRACKING_RELATED] = "related-recipient-address",
    [TRACKING_REFERENCE] = "reference",
    [TRACKING_SENDER] = "sender-address",
    [TRACKING_RETURN_PATH] = "return-path",
    [TRACKING_INFO] = "message-info",
    [TRACKING_DIRECTIONALITY] = "directionality",
    [TRACKING_ORIGINAL_CLIENT] = "original-client-ip",
    [TRACKING_ORIGINAL_SERVER] = "original-server-ip",
    [TRACKING_CUSTOM] = "custom-data",
};

/* By version; a file without header is read by one of them. */
static const char *const headers[] = {
    /* 2007 */
    "date-time,client-ip,client-hostname,server-ip,server-hostname,source-context,"
    "connector-id,source,event-id,internal-message-id,message-id,recipient-address,"
    "recipient-status,total-bytes,recipient-count,related-recipient-address,reference,"
    "message-subject,sender-address,return-path,message-info",
    /* 2010 */
    "date-time,client-ip,client-hostname,server-ip,server-hostname,source-context,"
    "connector-id,source,event-id,internal-message-id,message-id,recipient-address,"
    "recipient-status,total-bytes,recipient-count,related-recipient-address,reference,"
    "message-subject,sender-address,return-path,message-info,directionality,tenant-id,"
    "original-client-ip,original-server-ip,custom-data",
    /* 2013 */
    "date-time,client-ip,client-hostname,server-ip,server-hostname,source-context,"
    "connector-id,source,event-id,internal-message-id,message-id,network-message-id,"
    "recipient-address,recipient-status,total-bytes,recipient-count,"
    "related-recipient-address,reference,message-subject,sender-address,return-path,"
    "message-info,directionality,tenant-id,original-client-ip,original-server-ip,"
    "custom-data",
    /* 2016 and later */
    "date-time,client-ip,client-hostname,server-ip,server-hostname,source-context,"
    "connector-id,source,event-id,internal-message-id,message-id,network-message-id,"
    "recipient-address,recipient-status,total-bytes,recipient-count,"
    "related-recipient-address,reference,message-subject,sender-address,return-path,"
    "message-info,directionality,tenant-id,original-client-ip,original-server-ip,"
    "custom-data,transport-traffic-type,log-id,schema-version",
    NULL,
};

static const char *const log_types[] = {"Message Tracking Log", NULL};

/* An upper-case word, as sources and events are. */
static bool is_word(slice cell)
{
    for (size_t i = 0; i < cell.len; i++)
        if ((cell.ptr[i] < 'A' || cell.ptr[i] > 'Z') && (cell.ptr[i] < '0' || cell.ptr[i] > '9'))
            return false;
    return cell.len >= 3;
}

static bool is_row(const struct csv_row *row)
{
    slice time = row->cell[0];

    return time.len >= 20 && time.ptr[4] == '-' && time.ptr[10] == 'T' &&
           is_word(row->cell[TRACKING_SOURCE]) && is_word(row->cell[TRACKING_EVENT]);
}

static const struct exchange_csv_spec spec = {.columns = exchange_tracking_columns,
                                              .count = TRACKING_COLUMNS,
                                              .headers = headers,
                                              .log_types = log_types,
                                              .is_row = is_row};

/* ---- what all rows have ---- */

bool exchange_tracking_is(slice cell, const char *word)
{
    return slice_ieq(cell, slice_of(word));
}

slice exchange_tracking_bare(slice text)
{
    if (text.len >= 2 && text.ptr[0] == '<' && text.ptr[text.len - 1] == '>')
        return slice_first(slice_from(text, 1), text.len - 2);
    return text;
}

size_t exchange_tracking_recipients(const struct exchange_tracking *row)
{
    slice cell = row->cell[TRACKING_COUNT];
    uint64_t n;

    return cursor_take_uint(&cell, 1000000, &n) && cell.len == 0 ? (size_t)n : 0;
}

struct event *exchange_tracking_begin(struct exchange_tracking *row, enum event_kind kind)
{
    struct event *ev = row->ev;

    event_reset(ev);
    ev->kind = kind;
    ev->time_us = row->rec->time_us;
    ev->pos = row->rec->pos;
    ev->may_repeat = true;
    event_set(ev, EF_HOST, row->host);
    event_set(ev, EF_PROGRAM, row->cell[TRACKING_SOURCE]);
    if (row->cell[TRACKING_INTERNAL_ID].len > 0)
        event_set(ev, EF_QUEUE_ID, row->cell[TRACKING_INTERNAL_ID]);
    if (row->cell[TRACKING_NETWORK_ID].len > 0)
        event_set(ev, EF_TRACE_ID, row->cell[TRACKING_NETWORK_ID]);
    return ev;
}

enum parse_result exchange_tracking_give(struct exchange_tracking *row)
{
    row->sink->take(row->sink->arg, row->ev);
    return PARSE_EVENT;
}

static void find_host(struct exchange_tracking *row)
{
    slice source = row->cell[TRACKING_SOURCE];
    bool sends =
        !exchange_tracking_is(row->cell[TRACKING_EVENT], "RECEIVE") &&
        (exchange_tracking_is(source, "SMTP") || exchange_tracking_is(source, "STOREDRIVER"));
    slice first = row->cell[sends ? TRACKING_CLIENT_HOSTNAME : TRACKING_SERVER_HOSTNAME];
    slice second = row->cell[sends ? TRACKING_SERVER_HOSTNAME : TRACKING_CLIENT_HOSTNAME];

    row->host =
        exchange_csv_host(first.len > 0 ? first : second, row->host_room, sizeof row->host_room);
}

/* ---- which event ---- */

static enum parse_result act(struct exchange_tracking *row, enum event_outcome outcome)
{
    struct event *ev = exchange_tracking_begin(row, EVENT_ACTION);

    ev->outcome = outcome;
    event_set(ev, EF_COMMAND, row->cell[TRACKING_EVENT]);
    event_set(ev, EF_TEXT, row->cell[TRACKING_SOURCE_CONTEXT]);
    return exchange_tracking_give(row);
}

static enum parse_result discard(struct exchange_tracking *row)
{
    return act(row, OUTCOME_DISCARDED);
}

static enum parse_result hold(struct exchange_tracking *row)
{
    return act(row, OUTCOME_HELD);
}

static enum parse_result limit(struct exchange_tracking *row)
{
    event_set(exchange_tracking_begin(row, EVENT_LIMIT), EF_TEXT, row->cell[TRACKING_REFERENCE]);
    return exchange_tracking_give(row);
}

struct event_row {
    slice name;
    enum parse_result (*read)(struct exchange_tracking *row);
};

static const struct event_row events[] = {
    {SLICE_INIT("RECEIVE"), exchange_tracking_receive},
    {SLICE_INIT("SEND"), exchange_tracking_fate},
    {SLICE_INIT("SENDEXTERNAL"), exchange_tracking_fate},
    {SLICE_INIT("DELIVER"), exchange_tracking_fate},
    {SLICE_INIT("FAIL"), exchange_tracking_fate},
    {SLICE_INIT("DEFER"), exchange_tracking_fate},
    {SLICE_INIT("BADMAIL"), exchange_tracking_fate},
    {SLICE_INIT("DSN"), exchange_tracking_dsn},
    {SLICE_INIT("EXPAND"), exchange_tracking_rewrite},
    {SLICE_INIT("REDIRECT"), exchange_tracking_rewrite},
    {SLICE_INIT("RESOLVE"), exchange_tracking_rewrite},
    {SLICE_INIT("TRANSFER"), exchange_tracking_split},
    {SLICE_INIT("DROP"), discard},
    {SLICE_INIT("POISONMESSAGE"), hold},
    {SLICE_INIT("THROTTLE"), limit},
};

static const struct event_row *find_event(slice name)
{
    for (size_t i = 0; i < sizeof events / sizeof events[0]; i++)
        if (slice_ieq(name, events[i].name))
            return &events[i];
    return NULL;
}

enum parse_result exchange_tracking_emit(struct exchange_tracking *row)
{
    const struct event_row *event = find_event(row->cell[TRACKING_EVENT]);

    if (row->cell[TRACKING_EVENT].len == 0)
        return PARSE_REJECT;
    if (event == NULL)
        return PARSE_SKIP;
    find_host(row);
    return event->read(row);
}

/* ---- the parser ---- */

static void start(void *state, const struct parser_env *env)
{
    (void)env;
    exchange_csv_start(state, &spec, NULL);
}

static unsigned probe(slice head)
{
    return exchange_csv_probe(&spec, head);
}

static enum record_status read_line(void *state, slice line, struct record *rec)
{
    return exchange_csv_read(state, line, rec);
}

static enum parse_result parse(void *state, const struct record *rec, struct event *ev,
                               const struct event_sink *sink)
{
    struct exchange_csv *file = state;
    struct exchange_tracking row = {.rec = rec, .ev = ev, .sink = sink, .separator = ';'};

    exchange_csv_split(file, rec);
    if (exchange_csv_ends_before(file, rec, TRACKING_RETURN_PATH))
        return PARSE_REJECT; /* cut: recipients may be missing or half */
    slice event = exchange_csv_cell(file, rec, TRACKING_EVENT);
    if (event.len > 0 && find_event(event) == NULL)
        return PARSE_SKIP; /* as half of the rows are: their other cells do not matter */
    exchange_csv_cells(file, rec, row.cell, TRACKING_COLUMNS);
    return exchange_tracking_emit(&row);
}

static void persist(void *state, struct state_io *io)
{
    static const struct state_hole holes[] = {
        STATE_HOLE(struct exchange_csv, spec), STATE_HOLE(struct exchange_csv, time.zone),
        STATE_HOLE(struct exchange_csv, regional.zone), STATE_HOLE(struct exchange_csv, row),
        STATE_HOLE(struct exchange_csv, begun.text)};

    state_struct(io, "exchange_tracking", state, sizeof(struct exchange_csv), STATE_HOLES(holes));
}

const struct parser parser_exchange_tracking = {
    .name = "exchange_tracking",
    .summary = "message tracking of Exchange 2007, 2010, 2013, 2016, 2019, Subscription Edition",
    .source = "Microsoft documentation of message tracking; real logs of 2010 to 2019",
    .parse = parse,
    .state_size = sizeof(struct exchange_csv),
    .start = start,
    .probe = probe,
    .read = read_line,
    .persist = persist,
};
