/* exchange_ims_dialogue.c - records of the Internet Mail Service log to events
 * algorithm: a session's role comes from its opening line, or from the first line that only one
 *            role can have. A raw line ("IO: |") waits for the line that tells it again; when
 *            another one comes, it is read itself.
 * source:    as exchange_ims.c; Q258999 (<unknown> in the place of the null sender)
 * limits:    the client's address is known when the log writes an address for its name, or from our
 *            answer to EHLO; otherwise the client has a name only */
#include "exchange_ims.h"

#include <stdio.h>

#include "base/cursor.h"

/* ---- the parts of a line ---- */

void exchange_ims_split(slice text, struct ims_text *ret)
{
    *ret = (struct ims_text){.arrow = IMS_NO_ARROW};
    if (cursor_take_lit(&text, SLICE_LIT("<<< ")))
        ret->arrow = IMS_RECEIVED;
    else if (cursor_take_lit(&text, SLICE_LIT(">>> ")))
        ret->arrow = IMS_SENT;
    ret->raw = cursor_take_lit(&text, SLICE_LIT("IO: |"));
    ret->text = text;
}

static slice without_full_stop(slice peer)
{
    peer = slice_trim(peer);
    if (slice_ends(peer, SLICE_LIT(".")))
        peer.len--;
    return peer;
}

enum ims_role exchange_ims_opening(slice text, slice *ret_peer)
{
    const slice end = SLICE_LIT(" was established");
    size_t at;

    if (cursor_take_lit(&text, SLICE_LIT("A connection was accepted from "))) {
        *ret_peer = without_full_stop(text);
        return IMS_ROLE_SERVER;
    }
    if (!cursor_take_lit(&text, SLICE_LIT("A connection to ")))
        return IMS_ROLE_UNKNOWN;
    at = slice_find(text, end);
    if (at == text.len)
        return IMS_ROLE_UNKNOWN;
    *ret_peer = slice_trim(slice_first(text, at));
    return IMS_ROLE_CLIENT;
}

/* The address in "192.0.2.1", "[192.0.2.1]", "name [192.0.2.1]", "name (192.0.2.1)"; ret_name is
 * what stands before it. */
static bool peer_address(slice peer, slice *ret_name, struct ip_addr *ret)
{
    size_t open = slice_rfind_byte(peer, '[');

    *ret_name = SLICE_NONE;
    if (ip_addr_parse(peer, ret))
        return true;
    if (open == peer.len)
        open = slice_rfind_byte(peer, '(');
    if (open == peer.len || peer.len - open < 3)
        return false;
    *ret_name = slice_trim(slice_first(peer, open));
    return ip_addr_parse(slice_first(slice_from(peer, open + 1), peer.len - open - 2), ret);
}

/* ---- sessions ---- */

static struct ims_dialogue *find(struct ims_dialogues *all, uint32_t number)
{
    struct ims_dialogue *oldest = &all->list[0];

    for (unsigned i = 0; i < IMS_DIALOGUES; i++) {
        if (all->list[i].number == number)
            return &all->list[i];
        if (all->list[i].number < oldest->number)
            oldest = &all->list[i];
    }
    memset(oldest, 0, sizeof *oldest);
    oldest->number = number;
    return oldest;
}

static void name_session(struct ims_dialogue *d, const struct record *rec)
{
    snprintf(d->in.id, sizeof d->in.id, "%llx.%x.%x", (unsigned long long)(rec->time_us / 1000000),
             rec->pos.source, d->number);
}

/* A session is over when the next one in the file begins; nothing else tells it. */
static void close_earlier(struct ims_dialogues *all, uint32_t number, struct smtp_out *out)
{
    for (unsigned i = 0; i < IMS_DIALOGUES; i++) {
        struct ims_dialogue *d = &all->list[i];
        if (d->number == 0 || d->number >= number)
            continue;
        if (d->opened)
            smtp_session_close(&d->in, out);
        memset(d, 0, sizeof *d);
    }
}

static void be_server(struct ims_dialogue *d, slice peer, struct smtp_out *out)
{
    slice name;

    d->role = IMS_ROLE_SERVER;
    name_session(d, out->rec);
    if (!peer_address(peer, &name, &d->in.client)) {
        d->in.client = (struct ip_addr){0};
        name = peer;
    }
    if (d->in.client.family == 0)
        slice_keep(name, d->in.client_name, sizeof d->in.client_name);
    d->opened = true;
    smtp_session_open(&d->in, out);
}

static void be_client(struct ims_dialogue *d, slice peer)
{
    slice name;

    d->role = IMS_ROLE_CLIENT;
    smtp_outbound_open(&d->out);
    (void)peer_address(peer, &name, &d->out.remote);
    slice_keep(d->out.remote.family != 0 && name.len > 0 ? name : peer, d->out.relay,
               sizeof d->out.relay);
}

/* The beginning of the session lies before the file: what only one role can send or receive. */
static void guess_role(struct ims_dialogue *d, const struct ims_text *t, struct smtp_out *out)
{
    struct smtp_reply r;
    bool reply = smtp_reply_read(t->text, &r);

    if (t->arrow == IMS_NO_ARROW)
        return;
    if ((t->arrow == IMS_SENT) == reply) {
        d->role = IMS_ROLE_SERVER;
        name_session(d, out->rec);
        d->opened = true;
    } else {
        be_client(d, SLICE_NONE);
    }
}

/* ---- our server answers ---- */

/* "server Hello [192.0.2.7]": the address that our server saw, unless it echoes what the client
 * said. */
static void learn_client(struct smtp_session *s, const struct smtp_reply *r)
{
    size_t at = slice_find(r->text, SLICE_LIT(" Hello ["));
    slice inner = slice_from(r->text, at + sizeof " Hello [" - 1);
    struct ip_addr ip, said;
    slice name;

    if (s->client.family != 0 || at == r->text.len || !slice_ends(inner, SLICE_LIT("]")))
        return;
    inner.len--;
    if (!ip_addr_parse(inner, &ip) ||
        (peer_address(slice_of(s->helo), &name, &said) && ip_addr_eq(&ip, &said)))
        return;
    s->client = ip;
    s->client_name[0] = '\0';
}

/* Before SP4 a null sender could be forwarded as <unknown>: Q258999. */
static void read_unknown(struct smtp_command *c)
{
    if (c->verb == SMTP_MAIL && slice_ieq(c->path, SLICE_LIT("unknown")))
        c->path = slice_first(c->path, 0);
}

static void server_reply(struct ims_dialogue *d, const struct smtp_reply *r, struct smtp_out *out)
{
    struct smtp_command c;

    if (d->in.in_data && r->code != 221) {
        smtp_session_data_end(&d->in, r, SLICE_NONE, 0, out);
        return;
    }
    smtp_pending_take(&d->pending, &c);
    read_unknown(&c);
    smtp_session_answer(&d->in, &c, r, out);
    if (c.verb == SMTP_EHLO)
        learn_client(&d->in, r);
    if (r->code == 221 && c.verb != SMTP_QUIT && d->in.id[0] != '\0')
        smtp_session_close(&d->in, out);
    d->opened = d->in.id[0] != '\0';
}

/* ---- our server sends ---- */

static void client_reply(struct ims_dialogue *d, const struct smtp_reply *r, struct smtp_out *out)
{
    struct smtp_command c = {.path = SLICE_NONE};

    if (r->code == 499) { /* the service's own words, when no answer came */
        smtp_outbound_fail(&d->out, r->whole, out);
        return;
    }
    if (!d->out.in_data)
        smtp_pending_take(&d->pending, &c);
    read_unknown(&c);
    smtp_outbound_answer(&d->out, &c, r, out);
}

/* ---- one line ---- */

static bool is_answer(const struct ims_dialogue *d, const struct ims_text *t)
{
    struct smtp_reply r;

    if (t->arrow == IMS_NO_ARROW)
        return smtp_reply_read(t->text, &r);
    return (t->arrow == IMS_SENT) == (d->role == IMS_ROLE_SERVER);
}

static void read_turn(struct ims_dialogue *d, const struct ims_text *t, struct smtp_out *out)
{
    struct smtp_reply r;

    if (d->role == IMS_ROLE_UNKNOWN)
        guess_role(d, t, out);
    if (d->role == IMS_ROLE_UNKNOWN || (d->role == IMS_ROLE_SERVER && !d->opened))
        return;
    if (!is_answer(d, t)) {
        smtp_pending_put(&d->pending, t->text);
        return;
    }
    if (!smtp_reply_read(t->text, &r))
        return;
    if (d->role == IMS_ROLE_SERVER)
        server_reply(d, &r, out);
    else
        client_reply(d, &r, out);
}

/* A raw line that was not told again counts itself. */
static void read_held(struct ims_dialogue *d, const struct ims_text *next, struct smtp_out *out)
{
    struct ims_text held = {.arrow = d->held_arrow, .text = {d->held, d->held_len}};

    if (d->held_len == 0)
        return;
    d->held_len = 0;
    if (!next->raw && next->arrow == held.arrow &&
        slice_starts(slice_trim(next->text), slice_first(slice_trim(held.text), 3)))
        return;
    read_turn(d, &held, out);
}

static void hold(struct ims_dialogue *d, const struct ims_text *t)
{
    d->held_arrow = t->arrow;
    d->held_len = (uint16_t)slice_first(t->text, sizeof d->held).len;
    if (d->held_len > 0)
        memcpy(d->held, t->text.ptr, d->held_len);
}

enum parse_result exchange_ims_dialogue_read(struct ims_dialogues *all, const struct record *rec,
                                             struct event *ev, const struct event_sink *sink)
{
    struct smtp_out out = {.rec = rec, .ev = ev, .sink = sink};
    struct ims_dialogue *d;
    struct ims_text t;
    slice peer = SLICE_NONE;
    enum ims_role role;

    exchange_ims_split(rec->text, &t);
    role = exchange_ims_opening(rec->text, &peer);
    if (role != IMS_ROLE_UNKNOWN)
        close_earlier(all, rec->note, &out);
    d = find(all, rec->note);
    if (role == IMS_ROLE_SERVER) {
        be_server(d, peer, &out);
    } else if (role == IMS_ROLE_CLIENT) {
        be_client(d, peer);
    } else {
        read_held(d, &t, &out);
        if (t.raw)
            hold(d, &t);
        else
            read_turn(d, &t, &out);
    }
    return smtp_out_result(&out);
}
