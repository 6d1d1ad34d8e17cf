/* iis_smtp.c - rows of the IIS SMTP service to events
 * algorithm: an incoming row finds its session by (peer, name, service), and before HELO by peer
 *            and service alone; the first row of a session opens it, QUIT ends it. Outgoing rows
 *            find theirs by (peer, service); when a second greeting comes before the first session
 *            has ended, the two cannot be told apart, and who sent what is left open.
 *            The reply to a refused RCPT is not logged, but its length is: two texts of the service
 *            are told by it.
 * source:    rows of real logs; Microsoft KB Q304897 ("550 5.7.1 Unable to relay for ADDR")
 * limits:    connections of one client with the same name at the same time are one session. Whether
 *            AUTH is logged is not known until a row shows it: until then a client that greeted
 *            with EHLO may have logged in. An event sink can answer with other texts */
#include "iis_smtp.h"

#include <stdio.h>

#include "base/cursor.h"

bool iis_smtp_is_service(slice service)
{
    return service.len > 7 && slice_ieq(slice_first(service, 7), SLICE_LIT("SMTPSVC"));
}

static bool is_dash(slice s)
{
    return s.len == 1 && s.ptr[0] == '-';
}

static slice value(slice cell)
{
    return is_dash(cell) ? SLICE_NONE : cell;
}

static uint64_t number(slice cell)
{
    uint64_t n;

    return cursor_take_uint(&cell, UINT64_MAX / 16, &n) && cell.len == 0 ? n : 0;
}

/* ---- text ---- */

/* Where the address of "FROM:a+b@c+SIZE=1", which has no brackets, ends: its plus signs are its
 * own up to the at-sign. 0: there is no such address. */
static size_t bare_address_end(slice text)
{
    size_t colon = slice_find_byte(text, ':'), at = slice_find_byte(text, '@');

    if (slice_find_byte(text, '<') < text.len || colon == text.len || at == text.len || at < colon)
        return 0;
    return at;
}

slice iis_smtp_text(slice text, char *buf)
{
    size_t n = text.len < IIS_TEXT ? text.len : IIS_TEXT, keep_to = bare_address_end(text);
    size_t keep_from = keep_to == 0 ? 0 : slice_find_byte(text, ':') + 1;
    bool inside = false;

    if (slice_find_byte(text, '+') == text.len)
        return text;
    while (keep_from < keep_to && text.ptr[keep_from] == '+')
        keep_from++;
    for (size_t i = 0; i < n; i++) {
        bool own = inside || (i >= keep_from && i < keep_to);
        buf[i] = text.ptr[i] == '+' && !own ? ' ' : text.ptr[i];
        if (text.ptr[i] == '<')
            inside = true;
        else if (text.ptr[i] == '>')
            inside = false;
    }
    return (slice){buf, n};
}

void iis_smtp_refusal(slice rcpt, uint64_t sent, char *buf, struct smtp_reply *ret)
{
    const slice relay = SLICE_LIT("550 5.7.1 Unable to relay for ");
    const slice unknown = SLICE_LIT("550 5.1.1 User unknown");
    slice whole;

    if (ret->code != 550 || rcpt.len == 0 || relay.len + rcpt.len > IIS_TEXT)
        return;
    if (sent == unknown.len + 2) {
        smtp_reply_read(unknown, ret);
    } else if (sent == relay.len + rcpt.len + 2) {
        memcpy(buf, relay.ptr, relay.len);
        memcpy(buf + relay.len, rcpt.ptr, rcpt.len);
        whole = (slice){buf, relay.len + rcpt.len};
        smtp_reply_read(whole, ret);
    }
}

/* ---- places for sessions ---- */

/* The place used longest ago. */
static unsigned oldest(const uint32_t *use, unsigned count)
{
    unsigned best = 0;

    for (unsigned i = 1; i < count; i++)
        if (use[i] < use[best])
            best = i;
    return best;
}

static bool is_kept(const char *kept, size_t size, slice text)
{
    return slice_eq(slice_of(kept), slice_first(text, size - 1));
}

static struct iis_inbound *find_inbound(struct iis_sessions *all, const struct iis_row *row,
                                        slice name)
{
    for (unsigned i = 0; i < IIS_INBOUND; i++) {
        struct iis_inbound *s = &all->inbound[i];
        if (all->inbound_use[i] != 0 && is_kept(s->peer, sizeof s->peer, row->peer) &&
            is_kept(s->name, sizeof s->name, name) &&
            is_kept(s->service, sizeof s->service, row->service)) {
            all->inbound_use[i] = ++all->use;
            return s;
        }
    }
    return NULL;
}

static struct iis_inbound *new_inbound(struct iis_sessions *all, const struct iis_row *row,
                                       slice name, struct smtp_out *out)
{
    unsigned place = oldest(all->inbound_use, IIS_INBOUND);
    struct iis_inbound *s = &all->inbound[place];

    memset(s, 0, sizeof *s);
    all->inbound_use[place] = ++all->use;
    slice_keep(row->peer, s->peer, sizeof s->peer);
    slice_keep(name, s->name, sizeof s->name);
    slice_keep(row->service, s->service, sizeof s->service);
    snprintf(s->session.id, sizeof s->session.id, "%llx.%x.%x",
             (unsigned long long)(out->rec->time_us / 1000000), out->rec->pos.source,
             ++all->serial);
    (void)ip_addr_parse(row->peer, &s->session.client);
    slice_keep(name, s->session.helo, sizeof s->session.helo);
    s->session.auth_hidden = !all->auth_logged;
    s->session.blind = row->status.ptr == NULL;
    smtp_session_open(&s->session, out);
    return s;
}

/* The session of a row. What stood without a name so far is the one that now says it. */
static struct iis_inbound *inbound_of(struct iis_sessions *all, const struct iis_row *row,
                                      struct smtp_out *out)
{
    slice name = value(row->name);
    struct iis_inbound *s;

    if (name.ptr == NULL)
        name = (slice){"", 0};
    s = find_inbound(all, row, name);
    if (s == NULL && name.len > 0 && (s = find_inbound(all, row, (slice){"", 0})) != NULL)
        slice_keep(name, s->name, sizeof s->name);
    return s != NULL ? s : new_inbound(all, row, name, out);
}

static void release(struct iis_sessions *all, const struct iis_inbound *s)
{
    all->inbound_use[s - all->inbound] = 0;
}

/* ---- incoming rows ---- */

static slice message_id(slice query)
{
    query = slice_trim(query);
    if (query.len > 2 && query.ptr[0] == '<' && query.ptr[query.len - 1] == '>')
        return slice_first(slice_from(query, 1), query.len - 2);
    return SLICE_NONE;
}

/* The row of a message: its Message-ID, and as bytes received its size. */
static void read_message(struct smtp_session *s, const struct iis_row *row,
                         const struct smtp_command *c, const struct smtp_reply *r,
                         struct smtp_out *out)
{
    struct smtp_reply taken = *r;
    slice id = message_id(c->args);

    if (s->blind && id.ptr != NULL)
        taken.code = 250; /* only a message that was taken has an id */
    if (taken.code != 0)
        smtp_session_data_end(s, &taken, id, number(row->received), out);
}

/* AUTH stands in one row, whatever was said in between. */
static void read_auth(struct iis_sessions *all, struct smtp_session *s,
                      const struct smtp_command *c, const struct smtp_reply *r,
                      struct smtp_out *out)
{
    all->auth_logged = true;
    s->auth_hidden = false;
    smtp_session_answer(s, c, r, out);
    s->in_auth = false;
}

static enum parse_result read_inbound(struct iis_sessions *all, const struct iis_row *row,
                                      struct smtp_out *out)
{
    slice query = value(row->query);
    struct smtp_reply r = {.code = (uint16_t)(number(row->status) % 1000)};
    struct smtp_command c;
    struct iis_inbound *in;

    smtp_command_of(value(row->verb), row->plus ? iis_smtp_text(query, all->text) : query, &c);
    if (c.verb == SMTP_NONE)
        return PARSE_SKIP;
    in = inbound_of(all, row, out);
    if (c.verb == SMTP_RCPT)
        iis_smtp_refusal(c.path, number(row->sent), all->reply, &r);
    if (c.verb == SMTP_AUTH)
        read_auth(all, &in->session, &c, &r, out);
    else if (c.verb == SMTP_DATA)
        read_message(&in->session, row, &c, &r, out);
    else
        smtp_session_answer(&in->session, &c, &r, out);
    if (c.verb == SMTP_QUIT)
        release(all, in);
    else if (c.verb == SMTP_HELO) /* AUTH needs EHLO */
        in->session.auth_hidden = false;
    else if (c.verb == SMTP_EHLO)
        in->session.auth_hidden = !all->auth_logged;
    return smtp_out_result(out);
}

/* ---- outgoing rows ---- */

static struct iis_outbound *outbound_of(struct iis_sessions *all, const struct iis_row *row)
{
    struct iis_outbound *o;
    unsigned place;

    for (unsigned i = 0; i < IIS_OUTBOUND; i++) {
        o = &all->outbound[i];
        if (all->outbound_use[i] != 0 && is_kept(o->peer, sizeof o->peer, row->peer) &&
            is_kept(o->service, sizeof o->service, row->service)) {
            all->outbound_use[i] = ++all->use;
            return o;
        }
    }
    place = oldest(all->outbound_use, IIS_OUTBOUND);
    o = &all->outbound[place];
    memset(o, 0, sizeof *o);
    all->outbound_use[place] = ++all->use;
    slice_keep(row->peer, o->peer, sizeof o->peer);
    slice_keep(row->service, o->service, sizeof o->service);
    return o;
}

static void name_remote(struct iis_outbound *o)
{
    (void)ip_addr_parse(slice_of(o->peer), &o->out.remote);
    slice_keep(slice_of(o->peer), o->out.relay, sizeof o->out.relay);
}

/* A greeting begins a session; while another one lives, their rows are mixed. */
static void greet(struct iis_outbound *o)
{
    bool mixed = o->live > 0 && (o->pending.count > 0 || o->out.in_transaction || o->out.mixed);

    if (mixed) {
        o->out.mixed = true;
        o->live++;
        return;
    }
    smtp_outbound_open(&o->out);
    smtp_pending_clear(&o->pending);
    name_remote(o);
    o->live = 1;
}

static void end_one(struct iis_outbound *o)
{
    o->live -= o->live > 0;
    if (o->live > 0)
        return;
    smtp_outbound_open(&o->out);
    smtp_pending_clear(&o->pending);
    name_remote(o);
}

static void read_answer(struct iis_outbound *o, slice text, struct smtp_out *out)
{
    struct smtp_command c = {.path = SLICE_NONE};
    struct smtp_reply r;

    if (!smtp_reply_read(text, &r))
        return;
    if (!o->out.in_data)
        smtp_pending_take(&o->pending, &c);
    if (c.verb == SMTP_NONE && !o->out.in_data && r.code == 220) {
        greet(o);
        return;
    }
    smtp_outbound_answer(&o->out, &c, &r, out);
    if (r.code == 221 || r.code == 421)
        end_one(o);
}

static enum parse_result read_outbound(struct iis_sessions *all, const struct iis_row *row,
                                       struct smtp_out *out)
{
    struct iis_outbound *o = outbound_of(all, row);
    slice query = value(row->query);
    char line[SMTP_PENDING_LINE];
    int n;

    if (o->out.relay[0] == '\0')
        name_remote(o);
    if (row->plus)
        query = iis_smtp_text(query, all->text);
    if (!slice_ends(row->name, SLICE_LIT("Command"))) {
        read_answer(o, query, out);
        return smtp_out_result(out);
    }
    n = snprintf(line, sizeof line, "%.*s %.*s", (int)slice_first(row->verb, 64).len,
                 row->verb.ptr == NULL ? "" : row->verb.ptr,
                 (int)slice_first(query, sizeof line).len, query.ptr == NULL ? "" : query.ptr);
    if (n > 0)
        smtp_pending_put(&o->pending, slice_first((slice){line, sizeof line - 1}, (size_t)n));
    return PARSE_SKIP;
}

/* ---- which ---- */

/* The name alone proves nothing: a client can greet with it. */
static bool is_outbound(const struct iis_row *row)
{
    if (!slice_eq(row->name, SLICE_LIT("OutboundConnectionCommand")) &&
        !slice_eq(row->name, SLICE_LIT("OutboundConnectionResponse")))
        return false;
    return (row->server_ip.ptr == NULL || is_dash(row->server_ip)) &&
           !slice_eq(row->port, SLICE_LIT("0")) && number(row->status) == 0;
}

enum parse_result iis_smtp_read(struct iis_sessions *all, const struct iis_row *row,
                                const struct record *rec, struct event *ev,
                                const struct event_sink *sink)
{
    struct smtp_out out = {.rec = rec,
                           .ev = ev,
                           .sink = sink,
                           .host = value(row->computer),
                           .service = value(row->service)};

    if (value(row->peer).len == 0 || row->name.len == 0)
        return PARSE_REJECT;
    return is_outbound(row) ? read_outbound(all, row, &out) : read_inbound(all, row, &out);
}
