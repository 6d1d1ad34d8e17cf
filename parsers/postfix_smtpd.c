/* postfix_smtpd.c - the SMTP server: sessions, transactions, and how sessions end
 *
 * Grammar:  "connect from " PEER | "disconnect from " PEER *(" " WORD "=" N ["/" N])
 *           ID "client=" PEER [", sasl_method=" M] [", sasl_username=" U]
 *               [", sasl_sender=" S] [", orig_queue_id=" ID] [", orig_client=" PEER]
 *           ("lost connection" | "timeout" | "too many errors") " after " WHERE " from " PEER
 *           "improper command pipelining after " WHERE " from " PEER [": " DATA]
 * and those of postfix_policy.c. The client is only ever what stands at these places.
 * source:   Postfix src/smtpd/smtpd.c, smtpd_chat.c.
 * limits:   that AUTH succeeded is not logged; it shows as a user on client= or as auth=1. */
#include "postfix.h"

#include "base/cursor.h"
#include "postfix_text.h"

static enum parse_result read_connect(struct postfix_line *line, slice cur)
{
    struct postfix_peer peer;

    if (!postfix_take_peer(&cur, &peer))
        return PARSE_REJECT;
    struct event *ev = postfix_begin(line, EVENT_CONNECT);
    ev->stage = STAGE_CONNECT;
    postfix_set_client(ev, &peer);
    return postfix_emit(line);
}

/* Where one " name=ok[/total]" of the counters is kept; false for a name of no interest. */
static bool find_counter(struct session_counters *c, slice name, uint32_t **ret_ok,
                         uint32_t **ret_all)
{
    uint32_t *ok = NULL, *all = NULL;

    switch (name.len * 256 + (unsigned char)name.ptr[0]) {
    case 4 * 256 + 'a': /* auth */
        ok = &c->auth_ok, all = &c->auth_all;
        break;
    case 4 * 256 + 'm': /* mail */
        ok = &c->mail_ok, all = &c->mail_all;
        break;
    case 4 * 256 + 'r': /* rcpt, rset */
        if (name.ptr[1] == 'c')
            ok = &c->rcpt_ok, all = &c->rcpt_all;
        else
            all = &c->rset_all;
        break;
    case 4 * 256 + 'd': /* data */
    case 4 * 256 + 'b': /* bdat */
        ok = &c->data_ok, all = &c->data_all;
        break;
    case 4 * 256 + 'v': /* vrfy */
        ok = &c->vrfy_ok, all = &c->vrfy_all;
        break;
    case 4 * 256 + 'e': /* etrn; ehlo is of no interest */
        if (name.ptr[1] == 't')
            ok = &c->etrn_ok, all = &c->etrn_all;
        break;
    case 8 * 256 + 'c': /* commands */
        ok = &c->commands_ok, all = &c->commands_all;
        break;
    default:
        break;
    }
    *ret_ok = ok;
    *ret_all = all;
    return all != NULL;
}

static void count_commands(struct session_counters *c, slice name, uint32_t ok, uint32_t all)
{
    uint32_t *to_ok, *to_all;

    c->present = true;
    if (name.len == 0 || !find_counter(c, name, &to_ok, &to_all))
        return;
    if (to_ok != NULL)
        *to_ok += ok;
    *to_all += all;
}

static void take_counters(slice cur, struct session_counters *c)
{
    uint64_t ok, all;
    slice name;

    while (cursor_take_byte(&cur, ' ') && cursor_take_past(&cur, '=', &name)) {
        if (slice_eq(name, SLICE_LIT("notes"))) {
            c->bare_lf = slice_starts(cur, SLICE_LIT("bare_lf"));
            return;
        }
        if (!cursor_take_uint(&cur, UINT32_MAX, &ok))
            return;
        all = ok;
        if (cursor_take_byte(&cur, '/') && !cursor_take_uint(&cur, UINT32_MAX, &all))
            return;
        count_commands(c, name, (uint32_t)ok, (uint32_t)all);
    }
}

static enum parse_result read_disconnect(struct postfix_line *line, slice cur)
{
    struct postfix_peer peer;

    if (!postfix_take_peer(&cur, &peer))
        return PARSE_REJECT;
    struct event *ev = postfix_begin(line, EVENT_DISCONNECT);
    postfix_set_client(ev, &peer);
    take_counters(cur, &ev->counters);
    return postfix_emit(line);
}

/* M of ", sasl_method=M, sasl_username=": letters, digits, "-" and "_". */
static bool take_mechanism(slice *cur, slice *ret)
{
    size_t n = 0;

    while (n < cur->len && cur->ptr[n] != ',' && cur->ptr[n] != ' ') {
        char c = slice_lower(cur->ptr[n]);
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_'))
            return false;
        n++;
    }
    *ret = slice_first(*cur, n);
    *cur = slice_from(*cur, n);
    return n > 0;
}

/* The first of these that occurs ends a user name. */
static size_t user_end(slice s)
{
    static const char *const next[] = {", sasl_sender=", ", orig_queue_id=", ", orig_client="};

    if (slice_find_byte(s, ',') == s.len)
        return s.len;
    for (size_t i = 0; i < 3; i++) {
        size_t at = slice_find(s, slice_of(next[i]));
        if (at < s.len)
            return at;
    }
    return s.len;
}

static void take_login(slice *cur, struct event *ev)
{
    slice rest = *cur, mechanism, user;

    if (!cursor_take_lit(&rest, SLICE_LIT(", sasl_method=")) ||
        !take_mechanism(&rest, &mechanism) ||
        !cursor_take_lit(&rest, SLICE_LIT(", sasl_username=")))
        return;
    user = slice_first(rest, user_end(rest));
    if (user.len == 0)
        return;
    event_set(ev, EF_MECHANISM, mechanism);
    event_set(ev, EF_USER, user);
    *cur = slice_from(rest, user.len);
}

static void take_client_tail(slice rest, struct event *ev)
{
    struct postfix_peer peer;
    slice id;

    take_login(&rest, ev);
    /* sasl_sender= is the client's own text and may imitate all that could follow: nothing is read
     * after it. */
    if (cursor_take_lit(&rest, SLICE_LIT(", orig_queue_id="))) {
        id = slice_first(rest, slice_find_byte(rest, ','));
        if (postfix_is_queue_id(id))
            event_set(ev, EF_CHILD_ID, id);
        rest = slice_from(rest, id.len);
    }
    if (cursor_take_lit(&rest, SLICE_LIT(", orig_client=")) && postfix_take_peer(&rest, &peer)) {
        ev->orig_client = peer.ip;
        event_set(ev, EF_ORIG_CLIENT_NAME, peer.name);
    }
}

static enum parse_result read_client(struct postfix_line *line, slice cur)
{
    struct postfix_peer peer;

    if (!postfix_take_peer(&cur, &peer))
        return PARSE_REJECT;
    struct event *ev = postfix_begin(line, EVENT_MAIL);
    ev->stage = STAGE_MAIL;
    postfix_set_client(ev, &peer);
    if (cur.len > 0)
        take_client_tail(cur, ev);
    return postfix_emit(line);
}

/* WHAT " after " WHERE " from " PEER; WHERE is a word of smtpd's own, perhaps with a count in
 * brackets. */
static enum parse_result read_lost(struct postfix_line *line)
{
    static const char *const what[] = {"lost connection", "timeout", "too many errors",
                                       "bare <LF> received"};
    struct postfix_peer peer;
    slice cur = line->text, where;
    size_t i = 0;

    while (i < 4 && !slice_starts(cur, slice_of(what[i])))
        i++;
    if (i == 4)
        return PARSE_REJECT;
    cur = slice_from(cur, strlen(what[i]));
    if (!cursor_take_lit(&cur, SLICE_LIT(" after ")) || !cursor_take_token(&cur, &where))
        return PARSE_REJECT;
    size_t from = slice_find(cur, SLICE_LIT(" from "));
    cur = slice_from(cur, from + 6);
    if (!postfix_take_peer(&cur, &peer))
        return PARSE_REJECT;
    struct event *ev = postfix_begin(line, i == 3 ? EVENT_PROTOCOL : EVENT_LOST);
    ev->stage = postfix_stage(where);
    ev->anomaly = i == 3 ? ANOMALY_BARE_LF : ANOMALY_NONE;
    event_set(ev, EF_COMMAND, where);
    event_set(ev, EF_TEXT, slice_of(what[i]));
    postfix_set_client(ev, &peer);
    return postfix_emit(line);
}

/* "improper command pipelining after " WHERE " from " PEER [": " what the client had sent] */
static enum parse_result read_pipelining(struct postfix_line *line, slice cur)
{
    struct postfix_peer peer;
    slice where;

    if (!cursor_take_token(&cur, &where) || !cursor_take_lit(&cur, SLICE_LIT(" from ")) ||
        !postfix_take_peer(&cur, &peer))
        return PARSE_REJECT;
    return postfix_emit_protocol(line, ANOMALY_PIPELINING, where, &peer, postfix_after_colon(cur));
}

/* ... for recipient "R" from client "name[addr]": a relay that only the built-in default of old
 * versions lets through, worth a word to the administrator. R is the client's text and stands
 * before the client, so a cut line could show whatever client R names: neither is read, the session
 * has both. */
static enum parse_result read_legacy_default(struct postfix_line *line)
{
    size_t end = slice_find(line->text, SLICE_LIT(" for recipient \""));

    if (end == line->text.len)
        return PARSE_SKIP;
    struct event *ev = postfix_begin(line, EVENT_ACTION);
    ev->stage = STAGE_RCPT;
    ev->outcome = OUTCOME_WARNED;
    event_set(ev, EF_COMMAND, SLICE_LIT("RCPT"));
    event_set(ev, EF_TEXT, slice_first(line->text, end));
    return postfix_emit(line);
}

/* TLS, SASL library and table notes: they name no transaction and decide nothing. */
static bool is_silent(slice text)
{
    static const char *const words[] = {
        "SSL_accept",
        "SSL3 alert",
        "Anonymous TLS",
        "Untrusted TLS",
        "Trusted TLS",
        "Verified TLS",
        "TLS ",
        "setting up TLS",
        "starting TLS engine",
        "initializing the server-side TLS",
        "abort: TLS",
        "certificate ",
        "Certificate",
        "client certificate",
        "subject=",
        "issuer=",
        "fingerprint=",
        "Peer ",
        "Unverified:",
        "Verified:",
        "read from ",
        "write to ",
        "cannot load",
        "discarding EHLO",
        "table ",
        "auxpropfunc",
        "sql_select",
        "ldapdb",
        "looking for plugins",
        "could not find auxprop",
        "DIGEST-MD5",
    };

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (slice_starts(text, slice_of(words[i])))
            return true;
    return false;
}

/* Texts that begin with name[addr]: the EHLO filter and the command filter. */
static bool is_about_peer(slice text)
{
    struct postfix_peer peer;

    return postfix_take_peer(&text, &peer) && cursor_take_lit(&text, SLICE_LIT(": "));
}

/* Texts after a queue id that are neither policy nor the end of a session. */
static enum parse_result read_with_id(struct postfix_line *line)
{
    slice text = line->text;

    if (slice_starts(text, SLICE_LIT("too much BDAT")) ||
        slice_starts(text, SLICE_LIT("BDAT request from "))) {
        event_set(postfix_begin(line, EVENT_LIMIT), EF_TEXT, text);
        return postfix_emit(line);
    }
    return slice_starts(text, SLICE_LIT("malformed BDAT")) ||
                   slice_starts(text, SLICE_LIT("null BDAT")) ||
                   slice_starts(text, SLICE_LIT("abort: TLS")) || is_about_peer(text)
               ? PARSE_SKIP
               : PARSE_REJECT;
}

enum parse_result postfix_smtpd_read(struct postfix_line *line)
{
    slice cur = line->text;
    enum parse_result result;

    switch (cur.len == 0 ? '\0' : cur.ptr[0]) {
    case 'c':
        if (line->has_id && cursor_take_lit(&cur, SLICE_LIT("client=")))
            return read_client(line, cur);
        if (cursor_take_lit(&cur, SLICE_LIT("connect from ")))
            return read_connect(line, cur);
        break;
    case 'd':
        if (cursor_take_lit(&cur, SLICE_LIT("disconnect from ")))
            return read_disconnect(line, cur);
        break;
    case 'i':
        if (cursor_take_lit(&cur, SLICE_LIT("improper command pipelining after ")))
            return read_pipelining(line, cur);
        break;
    default:
        break;
    }
    if ((result = read_lost(line)) != PARSE_REJECT ||
        (result = postfix_policy_read(line)) != PARSE_REJECT)
        return result;
    if (slice_starts(cur, SLICE_LIT("using backwards-compatible")))
        return read_legacy_default(line);
    if (line->has_id)
        return read_with_id(line);
    return is_silent(cur) || is_about_peer(cur) ? PARSE_SKIP : PARSE_REJECT;
}
