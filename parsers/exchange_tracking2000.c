/* exchange_tracking2000.c - message tracking log of Exchange 2000 and 2003 (System Attendant)
 *
 * Grammar:  "# Message Tracking Log File" | "# Exchange System Attendant Version " V
 *           "# Date" TAB "Time" TAB NAME *(TAB NAME)
 *           CELL *(TAB CELL)      one row a recipient and event, "-" for nothing, times GMT
 * The subject stands in front of the sender and is an outsider's: with a TAB in it, it could look
 * like one. So the sender is read from the end of the row, and all else from its beginning.
 * source:   Microsoft KB 246959; a row in awstats' maillogconvert; the names as a public logstash
 *           configuration has them
 * samples:  samples/exchange_tracking2000/
 * limits:   the header could not be compared with a real file byte by byte: without one, or with
 *           other names, the usual order holds. Message ids are the senders' own: two messages with
 *           one id are one. The log does not say who had authenticated */
#include "base/cursor.h"
#include "base/state.h"
#include "csv.h"
#include "exchange_attendant.h"

enum column {
    C_DATE,
    C_TIME,
    C_CLIENT_IP,
    C_CLIENT_NAME,
    C_PARTNER,
    C_SERVER,
    C_RECIPIENT,
    C_EVENT,
    C_MSGID,
    C_STATUS,
    C_SIZE,
    C_RECIPIENTS,
    C_LINKED,
    COLUMNS
};

static const char *const columns[COLUMNS] = {"Date",
                                             "Time",
                                             "client-ip",
                                             "Client-hostname",
                                             "Partner-Name",
                                             "Server-hostname",
                                             "Recipient-Address",
                                             "Event-ID",
                                             "MSGID",
                                             "Recipient-Report-Status",
                                             "total-bytes",
                                             "Number-Recipients",
                                             "Linked-MSGID"};

static const char usual_names[] =
    "Date\tTime\tclient-ip\tClient-hostname\tPartner-Name\tServer-hostname\tserver-IP\t"
    "Recipient-Address\tEvent-ID\tMSGID\tPriority\tRecipient-Report-Status\ttotal-bytes\t"
    "Number-Recipients\tOrigination-Time\tEncryption\tservice-Version\tLinked-MSGID\t"
    "Message-Subject\tSender-Address";
enum { USUAL_CELLS = 20 };

struct tracking {
    struct csv_layouts layouts;
    struct csv_row row;
    struct attendant attendant;
};

static slice strip(slice line)
{
    while (line.len > 0 && (line.ptr[line.len - 1] == '\r' || line.ptr[line.len - 1] == '\n'))
        line.len--;
    return line;
}

/* No cell is quoted. */
static void split(slice line, struct csv_row *row)
{
    row->count = 0;
    row->open = false;
    while (row->count < CSV_CELLS) {
        size_t end = slice_find_byte(line, '\t');
        row->cell[row->count++] = slice_trim(slice_first(line, end));
        if (end == line.len)
            return;
        line = slice_from(line, end + 1);
    }
}

static slice value(slice cell)
{
    return cell.len == 1 && cell.ptr[0] == '-' ? SLICE_NONE : cell;
}

static slice cell(const struct tracking *t, uint32_t note, enum column column)
{
    return value(csv_cell(&t->layouts, note, &t->row, column));
}

static void use_names(struct tracking *t, slice names)
{
    struct csv_layouts kept = t->layouts;

    split(names, &t->row);
    if (csv_layout_make(&t->layouts, &t->row, columns, COLUMNS) < COLUMNS - 2)
        t->layouts = kept; /* names that are not known: the order before, or the usual one */
}

static bool is_number(slice text, uint64_t max, uint64_t *ret)
{
    return cursor_take_uint(&text, max, ret) && text.len == 0;
}

static uint64_t number(slice text)
{
    uint64_t n;

    return is_number(text, UINT32_MAX, &n) ? n : 0;
}

/* Does a row begin as only this log's do? */
static bool is_row(const struct csv_row *row)
{
    int64_t us;
    uint64_t n;

    return row->count >= USUAL_CELLS - 2 &&
           exchange_attendant_time(row->cell[0], row->cell[1], &us) &&
           slice_ends(row->cell[1], SLICE_LIT("GMT")) && is_number(row->cell[8], 9999, &n);
}

static enum record_status tracking_read(void *state, slice line, struct record *rec)
{
    struct tracking *t = state;
    int64_t us;

    if (line.ptr == NULL)
        return RECORD_SKIP;
    line = strip(line);
    if (line.len == 0)
        return RECORD_SKIP;
    if (slice_starts(line, SLICE_LIT("# Date\t")))
        use_names(t, slice_from(line, 2));
    if (slice_starts(line, SLICE_LIT("# ")))
        return RECORD_SKIP;
    if (line.ptr[0] == '#')
        return RECORD_FOREIGN;
    if (t->layouts.made == 0)
        use_names(t, slice_of(usual_names));
    split(line, &t->row);
    if (!exchange_attendant_time(t->row.cell[0], t->row.count > 1 ? t->row.cell[1] : SLICE_NONE,
                                 &us))
        return RECORD_FOREIGN;
    *rec = (struct record){.time_us = us,
                           .has_time = true,
                           .text = line,
                           .repeat = 1,
                           .note = csv_layout_now(&t->layouts),
                           .pos = rec->pos};
    return RECORD_READY;
}

/* The last cell but for one that is "-" and has no name. */
static slice sender_of(const struct csv_row *row)
{
    slice last = row->cell[row->count - 1];

    if (row->count < USUAL_CELLS)
        return SLICE_NONE;
    return value(last).ptr == NULL ? value(row->cell[row->count - 2]) : last;
}

static slice without_angles(slice s)
{
    if (s.len > 2 && s.ptr[0] == '<' && s.ptr[s.len - 1] == '>')
        return slice_first(slice_from(s, 1), s.len - 2);
    return s;
}

static enum parse_result tracking_parse(void *state, const struct record *rec, struct event *ev,
                                        const struct event_sink *sink)
{
    struct tracking *t = state;
    uint32_t note = rec->note;
    struct attendant_row row = {0};
    struct smtp_out out = {.rec = rec, .ev = ev, .sink = sink};
    slice sender;
    uint64_t event;

    split(rec->text, &t->row);
    if (!is_number(cell(t, note, C_EVENT), 9999, &event) || cell(t, note, C_MSGID).len == 0)
        return PARSE_REJECT;
    sender = sender_of(&t->row);
    row.number = (unsigned)event;
    row.id = cell(t, note, C_MSGID);
    row.linked = cell(t, note, C_LINKED);
    row.client = cell(t, note, C_CLIENT_IP);
    row.name = cell(t, note, C_CLIENT_NAME);
    row.partner = cell(t, note, C_PARTNER);
    row.rcpt = without_angles(cell(t, note, C_RECIPIENT));
    row.status = SLICE_NONE; /* a number of other meaning here */
    row.size = number(cell(t, note, C_SIZE));
    row.recipients = (uint32_t)number(cell(t, note, C_RECIPIENTS));
    row.null_sender = slice_eq(sender, SLICE_LIT("<>"));
    row.sender = row.null_sender ? SLICE_NONE : without_angles(sender);
    out.host = cell(t, note, C_SERVER);
    return exchange_attendant_tell(&t->attendant, &row, &out);
}

static unsigned tracking_probe(slice head)
{
    slice line = strip(slice_first(head, slice_find_byte(head, '\n')));
    struct csv_row row;

    if (slice_starts(line, SLICE_LIT("# Message Tracking Log File")))
        return 95;
    if (slice_starts(line, SLICE_LIT("# Exchange System Attendant")) ||
        slice_starts(line, SLICE_LIT("# Date\tTime\t")))
        return 80;
    split(line, &row);
    return is_row(&row) ? 80 : 0;
}

static void persist(void *state, struct state_io *io)
{
    static const struct state_hole holes[] = {STATE_HOLE(struct tracking, row)};

    state_struct(io, "exchange_tracking2000", state, sizeof(struct tracking), STATE_HOLES(holes));
}

const struct parser parser_exchange_tracking2000 = {
    .name = "exchange_tracking2000",
    .summary = "Exchange 2000, 2003: message tracking log of the System Attendant",
    .source = "Microsoft KB 246959, 311739, 821905",
    .parse = tracking_parse,
    .state_size = sizeof(struct tracking),
    .probe = tracking_probe,
    .read = tracking_read,
    .persist = persist,
};
