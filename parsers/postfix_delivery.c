/* postfix_delivery.c - one line per recipient and attempt, from whichever agent made it
 *
 * Grammar:  "to=<" A ">" [", orig_to=<" A ">"] ", relay=" R *(", " KEY "=" VALUE)
 *               [", dsn=" D] ", status=" W " (" TEXT ")"
 *           R = "none" | NAME | NAME "[" (IP | PATH) "]" [":" PORT]
 * The KEYs are conn_use, delay, delays, tls and whatever later versions add; status= counts only as
 * the key after them. TEXT is another system's words. Before 2.3 there was no delays= and no dsn=.
 * source:   Postfix src/global/log_adhoc.c, src/local/forward.c ("forwarded as"),
 *           src/smtp/smtp_trouble.c ("said:").
 * limits:   before 3.5 a recipient's local part with ">, relay=..." in it can imitate the rest. */
#include "postfix.h"

#include "base/bytes.h"
#include "base/cursor.h"
#include "postfix_text.h"

struct delivery {
    slice to, orig_to, relay, delay, dsn, status, text;
};

enum { KEY_MAX = 24 };

/* Where a value is kept, by its key; NULL for what is of no interest. */
static slice *find_member(struct delivery *d, slice key)
{
    switch (key.len * 256 + (unsigned char)key.ptr[0]) {
    case 5 * 256 + 'r':
        return slice_eq(key, SLICE_LIT("relay")) ? &d->relay : NULL;
    case 5 * 256 + 'd':
        return slice_eq(key, SLICE_LIT("delay")) ? &d->delay : NULL;
    case 3 * 256 + 'd':
        return slice_eq(key, SLICE_LIT("dsn")) ? &d->dsn : NULL;
    case 6 * 256 + 's':
        return slice_eq(key, SLICE_LIT("status")) ? &d->status : NULL;
    default:
        return NULL;
    }
}

/* ", KEY=" VALUE between relay= and status=; what is unknown is passed over. A value goes up to the
 * next comma or blank. */
static bool take_member(slice *cur, struct delivery *d)
{
    const char *p = cur->ptr;
    size_t key_at = 2, key_max = cur->len < key_at + KEY_MAX + 1 ? cur->len : key_at + KEY_MAX + 1;

    if (cur->len < 4 || p[0] != ',' || p[1] != ' ')
        return false;
    size_t equals = key_at + bytes_find(p + key_at, key_max - key_at, '=');
    if (equals == key_max)
        return false;
    size_t at = equals + 1, len = bytes_find_any(p + at, cur->len - at, ", , ");
    slice *member = equals == key_at ? NULL : find_member(d, (slice){p + key_at, equals - key_at});
    if (member != NULL)
        *member = (slice){p + at, len};
    *cur = (slice){p + at + len, cur->len - at - len};
    return len > 0;
}

/* " (" TEXT ")" where TEXT may hold brackets, and a collector's trailer may follow the last. */
static slice take_text(slice cur)
{
    if (!cursor_take_lit(&cur, SLICE_LIT(" (")))
        return SLICE_NONE;
    return slice_first(cur, slice_rfind_byte(cur, ')'));
}

static bool take_delivery(slice cur, struct delivery *d)
{
    *d = (struct delivery){0};
    if (!cursor_take_lit(&cur, SLICE_LIT("to=")) || !postfix_take_address(&cur, &d->to))
        return false;
    if (cursor_take_lit(&cur, SLICE_LIT(", orig_to=")) && !postfix_take_address(&cur, &d->orig_to))
        return false;
    if (!slice_starts(cur, SLICE_LIT(", relay=")))
        return false;
    while (d->status.ptr == NULL)
        if (!take_member(&cur, d))
            return false;
    d->text = take_text(cur);
    return true;
}

struct status_row {
    const char *word;
    enum event_outcome outcome;
    bool soft;
};

static const struct status_row *find_status(slice word)
{
    static const struct status_row rows[] = {
        {"sent", OUTCOME_DELIVERED, false},
        {"deferred", OUTCOME_DEFERRED, false},
        {"bounced", OUTCOME_BOUNCED, false},
        {"SOFTBOUNCE", OUTCOME_DEFERRED, true},
        {"deliverable", OUTCOME_PROBED, false},
        {"undeliverable", OUTCOME_PROBED, false},
        {"undeliverable-but-not-cached", OUTCOME_PROBED, false},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (word.len > 0 && word.ptr[0] == rows[i].word[0] &&
            slice_eq(word, slice_of(rows[i].word)))
            return &rows[i];
    return NULL;
}

/* The last "queued as ID" of a reply: with a filter in between, the earlier ones are the filter's
 * quotes. */
static slice queued_as(slice text)
{
    const slice key = SLICE_LIT("queued as ");
    slice id = SLICE_NONE;

    for (size_t at = slice_find(text, key); at < text.len; at = slice_find(text, key)) {
        text = slice_from(text, at + key.len);
        size_t n = 0;
        while (n < text.len && text.ptr[n] != ' ' && text.ptr[n] != ')' && text.ptr[n] != ';' &&
               text.ptr[n] != ',')
            n++;
        id = slice_first(text, n);
    }
    return id;
}

/* The reply another server gave: at the start of TEXT, or after "host NAME[IP] said: ". */
static slice quoted_reply(slice text)
{
    struct postfix_peer peer;
    slice cur = text;

    if (text.len > 0 && text.ptr[0] >= '0' && text.ptr[0] <= '9')
        return text;
    (void)cursor_take_lit(&cur, SLICE_LIT("delivery temporarily suspended: "));
    if (!cursor_take_lit(&cur, SLICE_LIT("host ")))
        return text;
    if (!postfix_take_peer(&cur, &peer) ||
        (!cursor_take_lit(&cur, SLICE_LIT(" said: ")) &&
         !cursor_take_lit(&cur, SLICE_LIT(" refused to talk to me: "))))
        return text;
    return cur;
}

static uint16_t reply_code(slice text)
{
    uint64_t code;
    slice cur = quoted_reply(text);

    if (cur.len < 3 || (cur.len > 3 && cur.ptr[3] != ' ' && cur.ptr[3] != '-') ||
        !cursor_take_uint(&cur, 599, &code) || code < 200)
        return 0;
    return (uint16_t)code;
}

static enum route network_route(const struct event *ev, bool lmtp)
{
    bool loopback = ip_addr_is_loopback(&ev->remote);

    /* A filter may be fed by LMTP as well as by SMTP; a mailbox store never names a queue id. */
    if (lmtp)
        return loopback && event_has(ev, EF_CHILD_ID) ? ROUTE_LOOPBACK : ROUTE_MAILBOX;
    return loopback ? ROUTE_LOOPBACK : ROUTE_REMOTE;
}

/* Where it went, and the id under which it goes on. */
static void set_route(struct postfix_line *line, const struct delivery *d)
{
    struct event *ev = line->ev;
    bool network = line->daemon == POSTFIX_D_SMTP || line->daemon == POSTFIX_D_LMTP;
    bool sent = ev->outcome == OUTCOME_DELIVERED;
    slice text = d->text;

    if (slice_eq(d->relay, SLICE_LIT("none")))
        return;
    if (network) {
        if (sent && (ip_addr_is_loopback(&ev->remote)))
            event_set(ev, EF_CHILD_ID, queued_as(text));
        ev->route = network_route(ev, line->daemon == POSTFIX_D_LMTP);
        return;
    }
    ev->route = line->daemon == POSTFIX_D_PIPE ? ROUTE_COMMAND : ROUTE_MAILBOX;
    if (sent && cursor_take_lit(&text, SLICE_LIT("forwarded as "))) {
        event_set(ev, EF_CHILD_ID, slice_first(text, slice_find_byte(text, ' ')));
        ev->route = ROUTE_FORWARD;
    }
}

static void set_relay(struct event *ev, slice relay)
{
    struct postfix_peer peer;
    slice host = slice_first(relay, slice_find_byte(relay, '['));

    event_set(ev, EF_RELAY, host.len > 0 ? host : relay);
    if (host.len < relay.len && postfix_take_peer(&relay, &peer))
        ev->remote = peer.ip;
}

static enum parse_result emit_delivery(struct postfix_line *line, const struct delivery *d,
                                       const struct status_row *row)
{
    struct event *ev = postfix_begin(line, EVENT_DELIVERY);
    slice dsn = d->dsn, delay = d->delay;

    /* "sent" by discard, or by qmgr for the end of a double bounce, went nowhere. */
    bool nowhere = line->daemon == POSTFIX_D_DISCARD || line->daemon == POSTFIX_D_QMGR;
    ev->outcome = nowhere && row->outcome == OUTCOME_DELIVERED ? OUTCOME_DISCARDED : row->outcome;
    ev->soft = row->soft;
    event_set(ev, EF_RCPT, d->to);
    event_set(ev, EF_ORIG_RCPT, d->orig_to);
    event_set(ev, EF_TEXT, d->text);
    set_relay(ev, d->relay);
    (void)postfix_take_status(&dsn, ev->status);
    (void)cursor_take_decimal_ms(&delay, &ev->delay_ms);
    ev->reply_code = reply_code(d->text);
    set_route(line, d);
    return postfix_emit(line);
}

static bool begins_with_any(slice text, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (slice_starts(text, slice_of(words[i])))
            return true;
    return false;
}

/* Lines of one message that are no result: one of several hosts failed, and the attempt goes on. */
static bool is_intermediate(slice text)
{
    static const char *const words[] = {
        "host ",
        "lost connection with ",
        "conversation with ",
        "enabling PIX",
        "disabling PIX",
        "passing <",
        "Sender requested ",
        "Used TLS",
        "SASL authentication failed",
        "Cannot start TLS",
        "replacing ",
        "Host ",
        "Server certificate ",
        "TLS is required",
        "breaking line",
        "connect to ",
        "defer ",
        "bounce or trace",
    };

    return begins_with_any(text, words, sizeof words / sizeof words[0]);
}

/* Lines without an id: connections that failed, certificates, TLS sessions. */
static bool is_connection(slice text)
{
    static const char *const words[] = {
        "connect to ",
        "SSL_connect",
        "SSL3 alert",
        "Untrusted TLS",
        "Trusted TLS",
        "Verified TLS",
        "Anonymous TLS",
        "TLS ",
        "certificate ",
        "Certificate",
        "Host offered STARTTLS",
        "setting up TLS",
        "starting TLS engine",
        "initializing the client-side TLS",
        "host ",
        "lost connection with ",
        "server cert",
        "Server certificate",
        "remote certificate",
        "Cannot start TLS",
        "looking for session",
        "save session",
        "removing session",
        "reloading session",
        "subject=",
        "issuer=",
        "fingerprint",
        "CommonName",
        "Peer ",
        "Unverified:",
        "Verified:",
        "read from ",
        "write to ",
        "mail for ",
        "table ",
        "using backwards-compatible",
        "SASL",
        "DANE",
        "depth=",
    };

    return begins_with_any(text, words, sizeof words / sizeof words[0]);
}

enum parse_result postfix_delivery_read(struct postfix_line *line)
{
    struct delivery d;

    if (!line->has_id)
        return is_connection(line->text) ? PARSE_SKIP : PARSE_REJECT;
    if (!slice_starts(line->text, SLICE_LIT("to=")))
        return is_intermediate(line->text) ? PARSE_SKIP : PARSE_REJECT;
    if (!take_delivery(line->text, &d))
        return PARSE_REJECT;
    const struct status_row *row = find_status(d.status);
    return row == NULL ? PARSE_REJECT : emit_delivery(line, &d, row);
}
