/* exchange_protocol.c - SMTP receive and send protocol logs of Exchange 2007 to SE
 *
 * Grammar:  ROW = date-time,connector-id,session-id,sequence-number,local-endpoint,
 *                 remote-endpoint,event,data,context
 *           connector-id    "SERVER\NAME" of a receive connector, "NAME" of a send connector
 *           event           "+" connect, "-" disconnect, ">" sent by this server, "<" received by
 *                           it, "*" information
 *           data            the SMTP line; of "*" rows a value
 *           context         of "*" rows what the value is; of "-" who closed: Local or Remote
 * algorithm: each session keeps the commands that wait for a reply, in their order: clients may
 *            write ahead. Rows of many sessions interleave, sequence numbers are not trusted.
 * source:    Microsoft "Protocol logging in Exchange Server"; real rows of 2010, 2013, 2016, 2019
 * limits:    verbose protocol logging must be on for the connector. The credentials of AUTH are
 *            masked by the server; that a client wrote ahead is normal and not told */
#include "exchange_protocol.h"

#include "base/state.h"
#include "exchange_csv.h"

enum column {
    COL_TIME,
    COL_CONNECTOR,
    COL_SESSION,
    COL_SEQUENCE,
    COL_LOCAL,
    COL_REMOTE,
    COL_EVENT,
    COL_DATA,
    COL_CONTEXT,
    COL_COUNT
};

static const char *const columns[COL_COUNT] = {
    "date-time",       "connector-id", "session-id", "sequence-number", "local-endpoint",
    "remote-endpoint", "event",        "data",       "context"};

static const char *const headers[] = {
    "date-time,connector-id,session-id,sequence-number,local-endpoint,remote-endpoint,event,data,"
    "context",
    NULL};

static const char *const log_types[] = {"SMTP Receive Protocol Log", "SMTP Send Protocol Log",
                                        NULL};

/* What the header says, kept in the top bits of a record's note. */
enum direction { DIRECTION_UNKNOWN, DIRECTION_RECEIVE, DIRECTION_SEND };
enum { DIRECTION_SHIFT = 30 };

/* An end of a connection as it was read last. */
struct endpoint {
    char text[48]; /* an IPv6 address in brackets with its port */
    size_t len;    /* 0: none yet */
    struct ip_addr ip;
    uint16_t port;
};

struct protocol {
    struct exchange_csv file;
    struct endpoint local, remote;
    enum direction direction;
    struct exchange_sessions *all;
    char host[EXCHANGE_HOST_TEXT];
};

static bool is_hex(slice s)
{
    for (size_t i = 0; i < s.len; i++) {
        char c = slice_lower(s.ptr[i]);
        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')))
            return false;
    }
    return s.len > 0;
}

/* The sign of a row; some copies of logs have lost the asterisk. '\0': none. */
static char sign_of(slice cell)
{
    cell = slice_trim(cell);
    if (cell.len == 0)
        return '*';
    return cell.len == 1 && strchr("+-<>*", cell.ptr[0]) != NULL ? cell.ptr[0] : '\0';
}

static bool is_row(const struct csv_row *row)
{
    slice id = slice_trim(row->cell[COL_SESSION]);

    return id.len >= 8 && id.len <= 20 && is_hex(id) && is_hex(row->cell[COL_SEQUENCE]) &&
           slice_find_byte(row->cell[COL_REMOTE], ':') < row->cell[COL_REMOTE].len &&
           sign_of(row->cell[COL_EVENT]) != '\0';
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
    struct protocol *p = state;

    exchange_csv_start(&p->file, &spec, NULL);
    p->all = env->shared;
}

/* A new header may be another log's: only its own #Log-type tells the direction. */
static void note_header(struct protocol *p, slice line)
{
    static const slice software = SLICE_INIT("#Software:"), type = SLICE_INIT("#Log-type:");

    if (slice_ieq(slice_first(line, software.len), software))
        p->direction = DIRECTION_UNKNOWN;
    if (!slice_ieq(slice_first(line, type.len), type))
        return;
    line = slice_trim(slice_from(line, type.len));
    if (slice_ieq(slice_first(line, 12), SLICE_LIT("SMTP Receive")))
        p->direction = DIRECTION_RECEIVE;
    else if (slice_ieq(slice_first(line, 9), SLICE_LIT("SMTP Send")))
        p->direction = DIRECTION_SEND;
}

static enum record_status read(void *state, slice line, struct record *rec)
{
    struct protocol *p = state;
    enum record_status status;

    if (line.len > 0 && line.ptr[0] == '#' && !p->file.open)
        note_header(p, line);
    status = exchange_csv_read(&p->file, line, rec);
    if (status == RECORD_READY)
        rec->note |= (uint32_t)p->direction << DIRECTION_SHIFT;
    return status;
}

/* ---- which way ---- */

static bool is_reply(slice data)
{
    struct exchange_reply reply;

    return exchange_text_reply(data, &reply);
}

/* The header says it; else a receive connector has its server in front of its name; else who
 * answers does: in a receive log replies go out. */
static bool is_sending(enum direction direction, slice connector, char sign, slice data)
{
    if (direction != DIRECTION_UNKNOWN)
        return direction == DIRECTION_SEND;
    if (slice_find_byte(connector, '\\') < connector.len)
        return false;
    if (sign == '<' || sign == '>')
        return is_reply(data) == (sign == '<');
    return true;
}

/* ---- what the readers share ---- */

struct event *exchange_protocol_begin(struct exchange_row *row, enum event_kind kind)
{
    struct event *ev = row->ev;
    const struct exchange_session *s = row->s;

    event_reset(ev);
    ev->kind = kind;
    ev->time_us = row->rec->time_us;
    ev->pos = row->rec->pos;
    event_set(ev, EF_HOST, row->host);
    event_set(ev, EF_PROGRAM, s->sending ? SLICE_LIT("SmtpSend") : SLICE_LIT("SmtpReceive"));
    if (row->connector.len > 0)
        event_set(ev, EF_SERVICE, row->connector);
    event_set(ev, EF_SESSION, s->front[0] != '\0' ? slice_of(s->front) : row->session_id);
    return ev;
}

void exchange_protocol_emit(struct exchange_row *row)
{
    if (row->s->flags & EXCHANGE_MUTE)
        return;
    row->emitted = true;
    row->sink->take(row->sink->arg, row->ev);
}

static void keep_line(struct exchange_session *s, slice text)
{
    size_t room = sizeof s->reply - s->reply_len;
    slice part = slice_first(text, room > 0 ? room - 1 : 0);

    if (part.len == 0)
        return;
    if (s->reply_len > 0)
        s->reply[s->reply_len++] = ' ';
    part = slice_first(part, sizeof s->reply - s->reply_len);
    memcpy(s->reply + s->reply_len, part.ptr, part.len);
    s->reply_len = (uint16_t)(s->reply_len + part.len);
}

bool exchange_protocol_gather(struct exchange_row *row, slice line, struct exchange_reply *ret,
                              slice *ret_text)
{
    struct exchange_session *s = row->s;

    *ret_text = line;
    if (!exchange_text_reply(line, ret))
        return false;
    if (ret->more) {
        if (ret->code >= 400)
            keep_line(s, s->reply_len == 0 ? line : ret->text);
        if (s->reply_len > 3)
            s->reply[3] = ' ';
        return false;
    }
    if (s->reply_len == 0)
        return true;
    if (ret->code >= 400) {
        keep_line(s, ret->text);
        *ret_text = (slice){s->reply, s->reply_len};
    }
    s->reply_len = 0;
    return true;
}

slice exchange_protocol_command_text(const struct exchange_command *c)
{
    return c->missing ? SLICE_NONE : (slice){c->text, c->len};
}

/* ---- rows ---- */

/* "SERVER\NAME"; the name may end in blanks. */
static void take_connector(struct protocol *p, slice cell, bool sending, struct exchange_row *row)
{
    size_t bar = slice_find_byte(cell, '\\');

    row->connector = cell;
    if (sending || bar == cell.len)
        return;
    row->host = exchange_csv_host(slice_first(cell, bar), p->host, sizeof p->host);
    row->connector = slice_trim(slice_from(cell, bar + 1));
}

/* exchange_text_endpoint(), which the rows of a session repeat. */
static void take_endpoint(struct endpoint *last, slice cell, struct ip_addr *ret_ip,
                          uint16_t *ret_port)
{
    if (cell.len == 0 || cell.len > sizeof last->text) {
        exchange_text_endpoint(cell, ret_ip, ret_port);
        return;
    }
    if (cell.len != last->len || !bytes_eq(cell.ptr, last->text, cell.len)) {
        exchange_text_endpoint(cell, &last->ip, &last->port);
        memcpy(last->text, cell.ptr, cell.len);
        last->len = cell.len;
    }
    *ret_ip = last->ip;
    *ret_port = last->port;
}

static bool take_row(struct protocol *p, const struct record *rec, struct exchange_row *row)
{
    enum direction direction = (enum direction)(rec->note >> DIRECTION_SHIFT);
    struct record plain = *rec;
    slice cell[COL_COUNT], sign;
    bool sending;

    plain.note &= (UINT32_C(1) << DIRECTION_SHIFT) - 1;
    exchange_csv_split(&p->file, &plain);
    exchange_csv_cells(&p->file, &plain, cell, COL_COUNT);
    sign = cell[COL_EVENT];
    row->sign = sign.ptr == NULL ? '\0' : sign_of(sign);
    if (cell[COL_SESSION].len == 0 || row->sign == '\0')
        return false;
    row->session_id = cell[COL_SESSION];
    row->data = cell[COL_DATA];
    row->context = cell[COL_CONTEXT];
    sending = is_sending(direction, cell[COL_CONNECTOR], row->sign, row->data);
    take_connector(p, cell[COL_CONNECTOR], sending, row);
    take_endpoint(&p->local, cell[COL_LOCAL], &row->local, &row->local_port);
    take_endpoint(&p->remote, cell[COL_REMOTE], &row->remote, &row->remote_port);
    row->s = exchange_session_get(p->all, row->session_id, cell[COL_REMOTE], sending, NULL);
    return true;
}

static enum parse_result parse(void *state, const struct record *rec, struct event *ev,
                               const struct event_sink *sink)
{
    struct protocol *p = state;
    struct exchange_row row = {.rec = rec, .ev = ev, .sink = sink, .all = p->all};

    if (!take_row(p, rec, &row))
        return PARSE_REJECT;
    if (row.s->sending)
        exchange_protocol_send(&row);
    else
        exchange_protocol_receive(&row);
    return row.emitted ? PARSE_EVENT : PARSE_SKIP;
}

static uint64_t evictions(const void *shared)
{
    const struct exchange_sessions *all = shared;
    return all->evictions;
}

static void persist(void *state, struct state_io *io)
{
    static const struct state_hole holes[] = {STATE_HOLE(struct protocol, file.spec),
                                              STATE_HOLE(struct protocol, file.time.zone),
                                              STATE_HOLE(struct protocol, file.regional.zone),
                                              STATE_HOLE(struct protocol, file.row),
                                              STATE_HOLE(struct protocol, file.begun.text),
                                              STATE_HOLE(struct protocol, all)};

    state_struct(io, "exchange_protocol", state, sizeof(struct protocol), STATE_HOLES(holes));
}

const struct parser parser_exchange_protocol = {
    .name = "exchange_protocol",
    .summary = "Microsoft Exchange 2007 to SE: SMTP receive and send protocol logs",
    .source = "Microsoft \"Protocol logging in Exchange Server\"; rows of 2010 to 2019",
    .parse = parse,
    .state_size = sizeof(struct protocol),
    .shared_size = sizeof(struct exchange_sessions),
    .evictions = evictions,
    .start = start,
    .probe = probe,
    .read = read,
    .persist = persist,
};
