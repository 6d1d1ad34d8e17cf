/* sendmail.c - Sendmail log text to events: queue id, then the reader; and what lines share
 *
 * Grammar:  TAG  = "sendmail" | "sm-mta" | "sm-msp-queue" | "sm-" ANY
 *           TEXT = [ID ["[" PIECE "]"] ": " | "NOQUEUE: "] MESSAGE
 *           ID   = 7 or 8 letters and digits (time and sequence), then the process id in decimal
 * source:   Sendmail 8.17 sendmail/srvrsmtp.c, deliver.c, envelope.c, daemon.c; cf/README
 * algorithm: one process serves one connection, so a login belongs to the mail that the same
 *           process takes from the same address within an hour. "User unknown" names no client: it
 *           is held until the line that ends the transaction
 * limits:   there is no line when a message is done, and none that an alias led outside: only
 *           ctladdr= of a .forward shows that. Of a record cut into pieces the first is read */
#include "sendmail.h"

#include "base/cursor.h"

static const int64_t session_us = INT64_C(3600) * 1000000;

struct sendmail_state {
    struct sendmail_shared *shared;
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_id(slice id)
{
    size_t digits = 0;

    if (id.len < 12 || id.len > 20)
        return false;
    for (size_t i = 0; i < id.len; i++) {
        char l = slice_lower(id.ptr[i]);
        if (!is_digit(l) && (l < 'a' || l > 'z'))
            return false;
        digits = is_digit(l) ? digits + 1 : 0;
    }
    return digits >= 4;
}

bool sendmail_take_id(slice *cur, slice *ret, uint64_t *ret_part)
{
    slice rest = *cur, word;

    *ret_part = 0;
    *ret = SLICE_NONE;
    if (cursor_take_lit(cur, SLICE_LIT("NOQUEUE: ")))
        return true;
    size_t n = 0;
    while (n < rest.len && n <= 20 && rest.ptr[n] != ':' && rest.ptr[n] != '[')
        n++;
    word = slice_first(rest, n);
    if (!is_id(word))
        return false;
    rest = slice_from(rest, n);
    if (cursor_take_byte(&rest, '[') &&
        (!cursor_take_uint(&rest, 999, ret_part) || !cursor_take_byte(&rest, ']')))
        return false;
    if (!cursor_take_lit(&rest, SLICE_LIT(": ")))
        return false;
    *ret = word;
    *cur = rest;
    return true;
}

bool sendmail_take_host(slice *cur, struct mail_host *ret)
{
    slice rest = *cur, name = SLICE_NONE;

    *ret = (struct mail_host){0};
    (void)cursor_take_blanks(&rest); /* an empty name is printed as such */
    if (rest.len > 0 && rest.ptr[0] != '[') {
        if (!cursor_take_token(&rest, &name) || !cursor_take_byte(&rest, ' '))
            return false;
        size_t at = slice_rfind_byte(name, '@'); /* RFC 1413: what the client's host says */
        if (at < name.len)
            name = slice_from(name, at + 1);
    }
    if (!mail_take_ip(&rest, &ret->ip))
        return false;
    if (cursor_take_lit(&rest, SLICE_LIT(" (may be forged)")))
        name = SLICE_NONE;
    ret->name = name;
    *cur = rest;
    return true;
}

/* ---- what lines share ---- */

uint64_t sendmail_key(const struct mail_line *line, slice text)
{
    return mail_hash(line->rec->host, text) | 1;
}

static void emit_held(struct mail_line *line, struct sendmail_held *h, const struct mail_host *host,
                      slice sender)
{
    slice id = line->queue_id;

    line->queue_id = slice_of(h->id);
    struct event *ev = mail_begin(line, EVENT_RCPT);
    line->queue_id = id;
    ev->stage = STAGE_RCPT;
    if (host == NULL && h->host[0] != '\0')
        event_set(ev, EF_HOST, slice_of(h->host));
    if (host != NULL)
        mail_set_client(ev, host);
    if (sender.ptr != NULL)
        event_set_sender(ev, sender);
    event_set(ev, EF_RCPT, slice_of(h->rcpt));
    event_set(ev, EF_TEXT, slice_of(h->why));
    mail_set_reply(ev, slice_of(h->why));
    ev->outcome = mail_refusal_outcome(ev);
    ev->repeat = 1;
    (void)mail_emit(line);
    h->key = 0;
}

void sendmail_hold(struct mail_line *line, slice rcpt, slice why)
{
    struct sendmail_shared *s = line->shared;
    struct sendmail_held *h = &s->held[s->next_held++ % SENDMAIL_HELD];

    if (h->key != 0) {
        s->lost++;
        emit_held(line, h, NULL, SLICE_NONE);
    }
    h->key = sendmail_key(line, line->queue_id);
    slice_keep(rcpt, h->rcpt, sizeof h->rcpt);
    slice_keep(why, h->why, sizeof h->why);
    slice_keep(line->queue_id, h->id, sizeof h->id);
    slice_keep(line->rec->host, h->host, sizeof h->host);
}

unsigned sendmail_release(struct mail_line *line, const struct mail_host *host, slice sender)
{
    struct sendmail_shared *s = line->shared;
    uint64_t key = sendmail_key(line, line->queue_id);
    unsigned count = 0;

    for (unsigned i = 0; i < SENDMAIL_HELD; i++) {
        struct sendmail_held *h = &s->held[(s->next_held + i) % SENDMAIL_HELD];
        if (h->key != key)
            continue;
        emit_held(line, h, host, sender);
        count++;
    }
    return count;
}

/* The login of this key, else the one to give up for it: the oldest of its bucket. */
static struct sendmail_login *login_slot(struct sendmail_shared *s, uint64_t key)
{
    struct sendmail_login *bucket = &s->login[key % SENDMAIL_LOGINS & ~(SENDMAIL_LOGIN_WAYS - 1u)];
    struct sendmail_login *oldest = bucket;

    for (size_t i = 0; i < SENDMAIL_LOGIN_WAYS; i++) {
        if (bucket[i].key == key)
            return &bucket[i];
        if (bucket[i].time_us < oldest->time_us)
            oldest = &bucket[i];
    }
    return oldest;
}

void sendmail_keep_login(struct mail_line *line, const struct mail_host *host, slice user,
                         slice mechanism)
{
    struct sendmail_shared *s = line->shared;
    uint64_t key = sendmail_key(line, line->rec->pid);
    struct sendmail_login *l = login_slot(s, key);

    *l = (struct sendmail_login){.key = key, .time_us = line->rec->time_us, .ip = host->ip};
    slice_keep(user, l->user, sizeof l->user);
    slice_keep(mechanism, l->mechanism, sizeof l->mechanism);
}

const struct sendmail_login *sendmail_login_of(const struct mail_line *line,
                                               const struct mail_host *host)
{
    uint64_t key = sendmail_key(line, line->rec->pid);
    const struct sendmail_login *l = login_slot(line->shared, key);
    int64_t age_us = line->rec->time_us - l->time_us;

    return l->key == key && ip_addr_eq(&l->ip, &host->ip) && age_us >= 0 && age_us <= session_us
               ? l
               : NULL;
}

/* ---- one line ---- */

static bool sendmail_claims(slice tag)
{
    return slice_eq(tag, SLICE_LIT("sendmail")) || slice_starts(tag, SLICE_LIT("sm-"));
}

/* Lines of any process that tell nothing about mail. */
static bool is_silent(slice text)
{
    static const char *const rows[] = {"STARTTLS",
                                       "alias database ",
                                       "/etc/",
                                       "Authentication-Warning",
                                       "SYSERR",
                                       "NOQUEUE",
                                       "Milter add",
                                       "Milter change",
                                       "Milter delete",
                                       "Milter insert",
                                       "Milter (",
                                       "Milter: ",
                                       "milter=",
                                       "--- ",
                                       "<-- ",
                                       "locked",
                                       "gethostbyaddr(",
                                       "Losing ",
                                       "WARNING",
                                       "collect: ",
                                       "error connecting to ",
                                       "daemon ",
                                       "runqueue: ",
                                       "tls_",
                                       "TLS ",
                                       "restarting ",
                                       "alias ",
                                       "started as: ",
                                       "could not ",
                                       "unable to ",
                                       "grew WorkList",
                                       "file ",
                                       "hash map ",
                                       "split: ",
                                       "AUTH: ",
                                       "AUTH=client",
                                       "auth=client",
                                       "SMTP outgoing connect",
                                       "makeconnection ",
                                       "timeout waiting for input from ",
                                       NULL};
    return mail_starts_any(text, rows);
}

static enum parse_result sendmail_parse(void *state, const struct record *rec, struct event *ev,
                                        const struct event_sink *sink)
{
    struct sendmail_state *s = state;
    struct mail_line line = {.rec = rec,
                             .ev = ev,
                             .sink = sink,
                             .shared = s->shared,
                             .instance = SLICE_LIT("sendmail"),
                             .program = rec->tag,
                             .queue_id = SLICE_NONE,
                             .text = rec->text};
    enum parse_result result;
    uint64_t part;

    (void)sendmail_take_id(&line.text, &line.queue_id, &part);
    if (part > 1)
        return PARSE_SKIP;
    if ((result = sendmail_message_read(&line)) != PARSE_FOREIGN ||
        (result = sendmail_reject_read(&line)) != PARSE_FOREIGN ||
        (result = sendmail_session_read(&line)) != PARSE_FOREIGN)
        return result;
    return is_silent(line.text) ? PARSE_SKIP : PARSE_REJECT;
}

static void sendmail_start(void *state, const struct parser_env *env)
{
    ((struct sendmail_state *)state)->shared = env->shared;
}

static uint64_t sendmail_evictions(const void *shared)
{
    return ((const struct sendmail_shared *)shared)->lost;
}

const struct parser parser_sendmail = {
    .name = "sendmail",
    .summary = "Sendmail 8, syslog",
    .source = "Sendmail 8.17",
    .claims = sendmail_claims,
    .parse = sendmail_parse,
    .state_size = sizeof(struct sendmail_state),
    .shared_size = sizeof(struct sendmail_shared),
    .evictions = sendmail_evictions,
    .start = sendmail_start,
};
