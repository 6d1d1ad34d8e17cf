/* exchange_agent.c - agent logs of Exchange 2007 to SE: what the anti-spam agents decided
 *
 * Grammar:  ROW    = Timestamp,SessionId,LocalEndpoint,RemoteEndpoint,EnteredOrgFromIP,MessageId,
 *                    P1FromAddress,P2FromAddresses,Recipient,NumRecipients,Agent,Event,Action,
 *                    SmtpResponse,Reason,ReasonData[,Diagnostics[,NetworkMsgID,TenantID,
 *                    Directionality]]
 *           Event  = "On" ("Connect" / "HeloCommand" / "MailCommand" / "RcptCommand" /
 *                    "DataCommand" / "EndOfHeaders" / "EndOfData" ...)
 *           Action = "Reject" ("Command" / "Connection" / "Message" / "Recipients" /
 *                    "Authentication") / "Disconnect" / ("Delete" / "Quarantine") ("Message" /
 *                    "Recipients") / what lets the mail pass
 * algorithm: one event a row. A decision about a whole message is written once for each of its
 *            recipients: as many rows after the first are passed over.
 * source:    Microsoft "Anti-spam agent logging"; exchangepedia.com 2007, exchangeinbox.com 2012,
 *            real rows of 2016 and 2018
 * limits:    no server name in these rows: the host is the local address. Of a null sender no real
 *            row was at hand: "<>" is one, an empty cell is not known to be */
#include "base/cursor.h"
#include "base/siphash.h"
#include "base/state.h"
#include "exchange_csv.h"
#include "exchange_text.h"

enum column {
    COL_TIME,
    COL_SESSION,
    COL_LOCAL,
    COL_REMOTE,
    COL_ENTERED,
    COL_MESSAGE_ID,
    COL_SENDER,
    COL_RCPT,
    COL_NRCPT,
    COL_AGENT,
    COL_EVENT,
    COL_ACTION,
    COL_RESPONSE,
    COL_REASON,
    COL_DATA,
    COL_COUNT
};

static const char *const columns[COL_COUNT] = {
    "Timestamp", "SessionId",     "LocalEndpoint", "RemoteEndpoint", "EnteredOrgFromIP",
    "MessageId", "P1FromAddress", "Recipient",     "NumRecipients",  "Agent",
    "Event",     "Action",        "SmtpResponse",  "Reason",         "ReasonData"};

#define NAMES                                                                                      \
    "Timestamp,SessionId,LocalEndpoint,RemoteEndpoint,EnteredOrgFromIP,MessageId,P1FromAddress,"   \
    "P2FromAddresses,Recipient,NumRecipients,Agent,Event,Action,SmtpResponse,Reason,ReasonData"

static const char *const headers[] = {
    NAMES, NAMES ",Diagnostics", NAMES ",Diagnostics,NetworkMsgID,TenantID,Directionality", NULL};

static const char *const log_types[] = {"Agent Log", NULL};

enum { TEXT_ROOM = 1024, HOST_ROOM = 64 };

struct agent {
    struct exchange_csv file;
    uint64_t last; /* the last decision about a whole message */
    uint64_t left; /* rows of other recipients that follow it */
    char text[TEXT_ROOM], host[HOST_ROOM];
};

static slice cell_at(const struct csv_row *row, unsigned i)
{
    return i < row->count ? slice_trim(row->cell[i]) : SLICE_NONE;
}

static bool is_row(const struct csv_row *row)
{
    return slice_starts(cell_at(row, 11), SLICE_LIT("On")) && cell_at(row, 12).len > 0 &&
           cell_at(row, 1).len >= 8;
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
    struct agent *a = state;

    (void)env;
    exchange_csv_start(&a->file, &spec, NULL);
}

static enum record_status read(void *state, slice line, struct record *rec)
{
    struct agent *a = state;
    return exchange_csv_read(&a->file, line, rec);
}

/* ---- what was decided ---- */

struct decision {
    const char *action;
    enum event_kind kind;
    enum event_outcome outcome;
    bool whole; /* about the whole message */
};

static const struct decision decisions[] = {
    {"RejectCommand", EVENT_REFUSAL, OUTCOME_REFUSED, false},
    {"RejectConnection", EVENT_REFUSAL, OUTCOME_REFUSED, false},
    {"Disconnect", EVENT_REFUSAL, OUTCOME_REFUSED, false},
    {"RejectAuthentication", EVENT_REFUSAL, OUTCOME_REFUSED, false},
    {"RejectMessage", EVENT_REFUSAL, OUTCOME_REFUSED, true},
    {"RejectRecipients", EVENT_RCPT, OUTCOME_REFUSED, false},
    {"DeleteMessage", EVENT_ACTION, OUTCOME_DISCARDED, true},
    {"DeleteRecipients", EVENT_ACTION, OUTCOME_DISCARDED, false},
    {"QuarantineMessage", EVENT_ACTION, OUTCOME_HELD, true},
    {"QuarantineRecipients", EVENT_ACTION, OUTCOME_HELD, false}};

static const struct decision *find_decision(slice action)
{
    for (size_t i = 0; i < sizeof decisions / sizeof decisions[0]; i++)
        if (slice_ieq(action, slice_of(decisions[i].action)))
            return &decisions[i];
    return NULL;
}

static enum smtp_stage stage_of(slice event)
{
    static const struct {
        const char *event;
        enum smtp_stage stage;
    } stages[] = {{"OnConnect", STAGE_CONNECT},   {"OnHelo", STAGE_HELO},
                  {"OnEhlo", STAGE_HELO},         {"OnAuth", STAGE_AUTH},
                  {"OnEndOfAuth", STAGE_AUTH},    {"OnMail", STAGE_MAIL},
                  {"OnRcpt", STAGE_RCPT},         {"OnData", STAGE_DATA},
                  {"OnEndOf", STAGE_END_OF_DATA}, {"OnBdat", STAGE_DATA}};

    for (size_t i = 0; i < sizeof stages / sizeof stages[0]; i++)
        if (slice_starts(event, slice_of(stages[i].event)))
            return stages[i].stage;
    return STAGE_OTHER;
}

/* ---- a row ---- */

/* What tells one decision about a message from the next. */
static uint64_t message_of(const slice cell[])
{
    static const struct hash_key key = {UINT64_C(0x6167656e), UINT64_C(0x74)};
    uint64_t hash = siphash13(&key, cell[COL_SESSION].ptr, cell[COL_SESSION].len);

    hash = hash_mix(hash, siphash13(&key, cell[COL_MESSAGE_ID].ptr, cell[COL_MESSAGE_ID].len));
    hash = hash_mix(hash, siphash13(&key, cell[COL_AGENT].ptr, cell[COL_AGENT].len));
    return hash_mix(hash, siphash13(&key, cell[COL_ACTION].ptr, cell[COL_ACTION].len)) | 1;
}

/* Was the decision of this row told with an earlier one? */
static bool is_told(struct agent *a, const slice cell[])
{
    uint64_t message = message_of(cell), recipients = 0;
    slice number = cell[COL_NRCPT];

    if (message == a->last && a->left > 0) {
        a->left--;
        return true;
    }
    (void)cursor_take_uint(&number, UINT32_MAX, &recipients);
    a->last = message;
    a->left = recipients > 0 ? recipients - 1 : 0;
    return false;
}

static bool is_word(slice s)
{
    for (size_t i = 0; i < s.len; i++)
        if (slice_lower(s.ptr[i]) < 'a' || slice_lower(s.ptr[i]) > 'z')
            return false;
    return s.len > 0;
}

/* What the administrator named, or a number, explains a reason; an address could pretend to. */
static bool explains(slice reason, slice data)
{
    if (slice_starts(reason, SLICE_LIT("BlockList")))
        return data.len > 0;
    for (size_t i = 0; i < data.len; i++)
        if (data.ptr[i] < '0' || data.ptr[i] > '9')
            return false;
    return data.len > 0 && data.len <= 3;
}

static slice append(char *room, size_t size, size_t *len, slice part)
{
    size_t n = part.len < size - *len ? part.len : size - *len;

    if (n > 0)
        memcpy(room + *len, part.ptr, n);
    *len += n;
    return (slice){room, *len};
}

/* "RESPONSE (REASON: DATA)" */
static slice text_of(struct agent *a, const slice cell[])
{
    slice reason = cell[COL_REASON], data = cell[COL_DATA], text = cell[COL_RESPONSE];
    size_t len = 0;

    if (!is_word(reason))
        return text.len > 0 ? text : SLICE_NONE;
    append(a->text, TEXT_ROOM / 2, &len, text);
    append(a->text, TEXT_ROOM, &len, len > 0 ? SLICE_LIT(" (") : SLICE_LIT("("));
    append(a->text, TEXT_ROOM, &len, reason);
    if (explains(reason, data)) {
        append(a->text, TEXT_ROOM, &len, SLICE_LIT(": "));
        append(a->text, TEXT_ROOM, &len, data);
    }
    return append(a->text, TEXT_ROOM, &len, SLICE_LIT(")"));
}

static void set_client(struct event *ev, const slice cell[])
{
    uint16_t port, none;
    struct ip_addr peer;

    exchange_text_endpoint(cell[COL_REMOTE], &peer, &port);
    exchange_text_endpoint(cell[COL_ENTERED], &ev->client, &none);
    if (ev->client.family == 0)
        ev->client = peer;
    if (ip_addr_eq(&ev->client, &peer))
        ev->client_port = port;
}

static void set_row(struct agent *a, const struct record *rec, const slice cell[], struct event *ev)
{
    struct exchange_reply reply;
    struct ip_addr local;
    char text[IP_ADDR_TEXT];

    ev->time_us = rec->time_us;
    ev->pos = rec->pos;
    ev->teller = TELLER_FILTER;
    exchange_text_endpoint(cell[COL_LOCAL], &local, &ev->listener_port);
    if (local.family != 0)
        event_set(ev, EF_HOST,
                  exchange_csv_host(ip_addr_format(&local, text), a->host, sizeof a->host));
    set_client(ev, cell);
    event_set(ev, EF_PROGRAM, SLICE_LIT("AgentLog"));
    event_set(ev, EF_SERVICE, cell[COL_AGENT]);
    event_set(ev, EF_SESSION, cell[COL_SESSION]);
    event_set(ev, EF_COMMAND, cell[COL_EVENT]);
    if (cell[COL_SENDER].len > 0)
        event_set_sender(ev, exchange_text_angle(cell[COL_SENDER]));
    if (cell[COL_MESSAGE_ID].len > 0)
        event_set(ev, EF_MESSAGE_ID, exchange_text_angle(cell[COL_MESSAGE_ID]));
    if (exchange_text_reply(cell[COL_RESPONSE], &reply)) {
        ev->reply_code = reply.code;
        memcpy(ev->status, reply.status, sizeof ev->status);
    }
    event_set(ev, EF_TEXT, text_of(a, cell));
}

/* One event for each recipient in the cell, at least one. */
static void emit(const slice cell[], bool whole, struct event *ev, const struct event_sink *sink)
{
    slice rest = cell[COL_RCPT];

    do {
        size_t end = slice_find_byte(rest, ';');
        slice rcpt = exchange_text_angle(slice_trim(slice_first(rest, end)));
        if (rcpt.len > 0 && !whole)
            event_set(ev, EF_RCPT, rcpt);
        sink->take(sink->arg, ev);
        rest = slice_trim(slice_from(rest, end + 1));
    } while (rest.len > 0 && !whole && ev->kind == EVENT_RCPT);
}

static enum parse_result parse(void *state, const struct record *rec, struct event *ev,
                               const struct event_sink *sink)
{
    struct agent *a = state;
    const struct decision *d;
    slice cell[COL_COUNT];
    enum smtp_stage stage;

    exchange_csv_split(&a->file, rec);
    for (unsigned i = 0; i < COL_COUNT; i++)
        cell[i] = exchange_csv_cell(&a->file, rec, i);
    if (cell[COL_SESSION].len == 0 || cell[COL_ACTION].ptr == NULL)
        return PARSE_REJECT;
    d = find_decision(cell[COL_ACTION]);
    if (d == NULL || (d->whole && is_told(a, cell)))
        return PARSE_SKIP;
    stage = stage_of(cell[COL_EVENT]);
    event_reset(ev);
    ev->kind = d->kind == EVENT_REFUSAL && stage == STAGE_RCPT ? EVENT_RCPT : d->kind;
    ev->stage = stage;
    set_row(a, rec, cell, ev);
    ev->outcome = d->outcome == OUTCOME_REFUSED && ev->reply_code != 0
                      ? exchange_text_outcome(ev->reply_code)
                      : d->outcome;
    emit(cell, d->whole, ev, sink);
    return PARSE_EVENT;
}

static void persist(void *state, struct state_io *io)
{
    static const struct state_hole holes[] = {
        STATE_HOLE(struct agent, file.spec), STATE_HOLE(struct agent, file.time.zone),
        STATE_HOLE(struct agent, file.regional.zone), STATE_HOLE(struct agent, file.row),
        STATE_HOLE(struct agent, file.begun.text)};

    state_struct(io, "exchange_agent", state, sizeof(struct agent), STATE_HOLES(holes));
}

const struct parser parser_exchange_agent = {
    .name = "exchange_agent",
    .summary = "Microsoft Exchange 2007 to SE: agent logs (anti-spam decisions)",
    .source = "Microsoft \"Anti-spam agent logging\"; rows of 2016 and 2018",
    .parse = parse,
    .state_size = sizeof(struct agent),
    .start = start,
    .probe = probe,
    .read = read,
    .persist = persist,
};
