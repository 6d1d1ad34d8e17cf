/* exchange_tracking_receive.c - a message enters a queue, and by whom
 *
 * Who sent: behind a front end client-ip is the front end; the client is original-client-ip, else
 * ProxiedClientIPAddress in custom-data, else client-ip. client-hostname and ProxiedClientHostname
 * are the client's own words.
 * May he: the log shows no login. "Incoming" and an A in message-info (anonymous) say that there
 * was none. "Originating" may be a login, another server, or a connector that trusts addresses: the
 * log does not tell which. A mailbox is its owner's, after a login elsewhere: STOREDRIVER, and from
 * 2013 on, where the mailbox service hands over by SMTP, a session at the first server
 * (FirstForestHop) from the one that took the message (original-server-ip is client-ip) without a
 * client that it passes on. On a later server the same could be mail of anybody.
 * Whom to: the recipients of the first RECEIVE are the client's; a stranger's address that comes up
 * later was put in by this organisation (transport rules, forwards), whether a row says so or not.
 * Grammar:  INFO = 2HEXDIG LETTER ":" any    LETTER = "A" anonymous / "I" internal / others
 * source:   Microsoft "Message tracking"; real rows of 2013 to 2019 (INFO agrees with
 *           directionality in all of them). */
#include "base/cursor.h"
#include "exchange_csv.h"
#include "exchange_list.h"
#include "exchange_tracking.h"

static bool is_hex(char c)
{
    return (c >= '0' && c <= '9') || (slice_lower(c) >= 'a' && slice_lower(c) <= 'f');
}

/* Does the row say that nobody had logged in? */
static bool is_anonymous(const struct exchange_tracking *row)
{
    slice info = row->cell[TRACKING_INFO];

    if (info.len >= 4 && is_hex(info.ptr[0]) && is_hex(info.ptr[1]) && info.ptr[3] == ':')
        return info.ptr[2] == 'A';
    return exchange_tracking_is(row->cell[TRACKING_DIRECTIONALITY], "Incoming") ||
           slice_eq(row->cell[TRACKING_DIRECTIONALITY], SLICE_LIT("1"));
}

static void set_client(const struct exchange_tracking *row, struct event *ev)
{
    slice custom = row->cell[TRACKING_CUSTOM];
    slice name = exchange_list_value(custom, SLICE_LIT("S:ProxiedClientHostname="));

    if (!ip_addr_parse(row->cell[TRACKING_ORIGINAL_CLIENT], &ev->client) &&
        !ip_addr_parse(exchange_list_value(custom, SLICE_LIT("S:ProxiedClientIPAddress=")),
                       &ev->client) &&
        ip_addr_parse(row->cell[TRACKING_CLIENT_IP], &ev->client))
        name = row->cell[TRACKING_CLIENT_HOSTNAME];
    if (name.len > 0)
        event_set(ev, EF_HELO, name);
}

/* NAME of "SERVER\NAME" */
static slice connector_name(slice connector)
{
    size_t at = slice_find_byte(connector, '\\');

    return at == connector.len ? connector : slice_from(connector, at + 1);
}

/* A person at a mailbox, and no assistant of the server. */
static bool is_person(slice context)
{
    static const char *const types[] = {"MOMT", "OWA",     "AirSync", "WebServices", "User",
                                        "Rest", "RpcHttp", "Imap",    "Pop"};
    size_t at = slice_find(context, SLICE_LIT("ClientType:"));
    slice type = slice_from(context, at + sizeof "ClientType:" - 1);

    if (at == context.len)
        return slice_has(context, SLICE_LIT("Mailbox:"));
    type = slice_first(type, slice_find_byte(type, ','));
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (slice_ieq(type, slice_of(types[i])))
            return true;
    return false;
}

static void set_sender(const struct exchange_tracking *row, struct event *ev)
{
    slice path = row->cell[TRACKING_RETURN_PATH];

    if (path.len > 0) /* an empty cell is no null sender */
        event_set_sender(ev, exchange_tracking_bare(path));
}

static void set_mailbox(const struct exchange_tracking *row, struct event *ev)
{
    slice sender = event_field(ev, EF_SENDER);

    if (sender.len == 0)
        return;
    event_set(ev, EF_USER, sender);
    (void)ip_addr_parse(row->cell[TRACKING_ORIGINAL_CLIENT], &ev->client);
}

static bool is_first_server(const struct exchange_tracking *row)
{
    slice first = exchange_list_value(row->cell[TRACKING_CUSTOM], SLICE_LIT("S:FirstForestHop="));
    char room[sizeof row->host_room];

    return first.len > 0 && slice_eq(exchange_csv_host(first, room, sizeof room), row->host);
}

static bool is_from_mailbox_service(const struct exchange_tracking *row)
{
    return row->cell[TRACKING_CLIENT_IP].len > 0 &&
           slice_eq(row->cell[TRACKING_ORIGINAL_SERVER], row->cell[TRACKING_CLIENT_IP]) &&
           exchange_list_value(row->cell[TRACKING_CUSTOM], SLICE_LIT("S:Proxied")).ptr == NULL &&
           is_first_server(row);
}

/* A session: of a client, or of the mailbox service. */
static void set_session(const struct exchange_tracking *row, struct event *ev)
{
    if (is_anonymous(row)) {
        set_client(row, ev);
    } else if (is_from_mailbox_service(row)) {
        set_mailbox(row, ev);
        ev->local_submit = ev->client.family == 0;
    } else {
        set_client(row, ev);
        ev->auth_hidden = true;
    }
}

static void give_mail(struct exchange_tracking *row)
{
    struct event *ev = exchange_tracking_begin(row, EVENT_MAIL);
    slice service = connector_name(row->cell[TRACKING_CONNECTOR]);

    ev->stage = STAGE_MAIL;
    set_sender(row, ev);
    if (service.len > 0)
        event_set(ev, EF_SERVICE, service);
    if (exchange_tracking_is(row->cell[TRACKING_SOURCE], "SMTP")) {
        set_session(row, ev);
    } else {
        if (exchange_tracking_is(row->cell[TRACKING_SOURCE], "STOREDRIVER") &&
            is_person(row->cell[TRACKING_SOURCE_CONTEXT]))
            set_mailbox(row, ev);
        ev->local_submit = ev->client.family == 0;
    }
    (void)exchange_tracking_give(row);
}

/* The recipients that the client gave: at the first server only, later ones have what became of
 * them. An edge server is in no forest. */
static void give_envelope(struct exchange_tracking *row)
{
    size_t expected = exchange_tracking_recipients(row);
    slice all = row->cell[TRACKING_RECIPIENTS];
    struct exchange_list list = exchange_list_begin(all, row->separator, expected);
    size_t count = exchange_list_count(all, row->separator, expected);

    if (!exchange_tracking_is(row->cell[TRACKING_SOURCE], "SMTP") || count != expected ||
        (exchange_list_value(row->cell[TRACKING_CUSTOM], SLICE_LIT("S:FirstForestHop=")).len > 0 &&
         !is_first_server(row)))
        return;
    for (slice address; exchange_list_next(&list, &address);) {
        event_set(exchange_tracking_begin(row, EVENT_ENVELOPE), EF_RCPT,
                  exchange_tracking_bare(address));
        (void)exchange_tracking_give(row);
    }
}

enum parse_result exchange_tracking_receive(struct exchange_tracking *row)
{
    slice bytes = row->cell[TRACKING_BYTES];
    struct event *ev;

    give_mail(row);
    if (row->cell[TRACKING_MESSAGE_ID].len > 0) {
        ev = exchange_tracking_begin(row, EVENT_MESSAGE_ID);
        event_set(ev, EF_MESSAGE_ID, exchange_tracking_bare(row->cell[TRACKING_MESSAGE_ID]));
        (void)exchange_tracking_give(row);
    }
    give_envelope(row);
    ev = exchange_tracking_begin(row, EVENT_QUEUED);
    set_sender(row, ev);
    ev->nrcpt = (uint32_t)exchange_tracking_recipients(row);
    (void)cursor_take_uint(&bytes, UINT64_MAX / 16, &ev->size);
    return exchange_tracking_give(row);
}
