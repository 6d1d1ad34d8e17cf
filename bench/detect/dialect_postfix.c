/* dialect_postfix.c - the log of Postfix 3.x: smtpd, postscreen, cleanup, qmgr, delivery agents
 *
 * Grammar: that of parsers/postfix*.c, written instead of read. An accepted RCPT opens the message
 * ("client="), the end of data shows as cleanup's and qmgr's lines, a session is one smtpd process
 * from connect to disconnect.
 * source:    Postfix 3.12 src/smtpd/smtpd.c, smtpd_check.c, smtpd_sasl_glue.c,
 *            src/global/log_adhoc.c, src/smtp/smtp_trouble.c, src/bounce/, src/qmgr/,
 *            src/postscreen/
 * limits:    no TLS lines, no milters; stamps RFC 3164 (or 3339 on demand), UTC */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "rng.h"
#include "stream.h"

enum { SLOTS_FIRST = 2000, SLOTS_MAX = 30000, HEAD_MAX = 160, PEER_MAX = 128 };

static struct {
    struct dialect_options options;
    uint32_t spare[SLOTS_MAX]; /* process ids that are free */
    uint32_t spare_count, next;
    int64_t stamp_second;
    char stamp[40];
} postfix;

static void dialect_postfix_begin(struct stream *out, const struct dialect_options *options)
{
    (void)out;
    memset(&postfix, 0, sizeof postfix);
    postfix.options = *options;
    postfix.stamp_second = -1;
}

static const char *stamp(int64_t time_us)
{
    int64_t second = time_us / 1000000;
    time_t t = (time_t)second;
    struct tm tm;
    size_t n;

    if (second == postfix.stamp_second && !postfix.options.rfc3339)
        return postfix.stamp;
    postfix.stamp_second = second;
    gmtime_r(&t, &tm);
    if (postfix.options.rfc3339) {
        n = strftime(postfix.stamp, sizeof postfix.stamp, "%Y-%m-%dT%H:%M:%S", &tm);
        snprintf(postfix.stamp + n, sizeof postfix.stamp - n, ".%06u+00:00",
                 (unsigned)(time_us % 1000000));
    } else {
        strftime(postfix.stamp, sizeof postfix.stamp, "%b %e %H:%M:%S", &tm);
    }
    return postfix.stamp;
}

static void head(char *buf, int64_t time_us, const char *daemon, unsigned pid)
{
    snprintf(buf, HEAD_MAX, "%s %s postfix/%s[%u]:", stamp(time_us), postfix.options.host, daemon,
             pid);
}

/* ---- ids and names ---- */

static uint32_t take_slot(void)
{
    if (postfix.spare_count > 0)
        return postfix.spare[--postfix.spare_count];
    return SLOTS_FIRST + postfix.next++ % SLOTS_MAX;
}

static void give_slot(uint32_t slot)
{
    if (postfix.spare_count < SLOTS_MAX)
        postfix.spare[postfix.spare_count++] = slot;
}

static const char *queue_id(const struct mail_message *m, char buf[24])
{
    snprintf(buf, 24, "%05X%06" PRIX64, (unsigned)(rng_hash(m->number, 7) & 0xfffff),
             m->number & 0xffffff);
    return buf;
}

static void peer(const struct mail_session *s, char buf[PEER_MAX])
{
    snprintf(buf, PEER_MAX, "%s[%s]", s->client.name[0] ? s->client.name : "unknown", s->client.ip);
}

static const char *daemon_of(const struct mail_session *s)
{
    return s->submission ? "submission/smtpd" : "smtpd";
}

static void session_head(const struct mail_event *ev, char buf[HEAD_MAX])
{
    head(buf, ev->time_us, daemon_of(ev->session), ev->session->slot);
}

/* ---- sessions ---- */

static void connect_line(struct stream *out, const struct mail_event *ev)
{
    struct mail_session *s = ev->session;
    char start[HEAD_MAX], who[PEER_MAX];

    peer(s, who);
    if (s->screened) {
        head(start, ev->time_us, "postscreen", 1990);
        stream_line(out, ev->time_us, "%s CONNECT from [%s]:%u to [192.0.2.1]:25", start,
                    s->client.ip, 20000 + s->number % 40000);
        return;
    }
    s->slot = take_slot();
    session_head(ev, start);
    stream_line(out, ev->time_us, "%s connect from %s", start, who);
}

static void add_counter(char *buf, size_t size, const char *name, unsigned ok, unsigned all)
{
    size_t n = strlen(buf);

    if (all > ok)
        snprintf(buf + n, size - n, " %s=%u/%u", name, ok, all);
    else if (all > 0)
        snprintf(buf + n, size - n, " %s=%u", name, all);
}

static void counters_text(const struct mail_counters *c, char *buf, size_t size)
{
    unsigned ok = c->helo + c->auth_ok + c->mail_ok + c->rcpt_ok + c->data_ok + c->rset + c->quit;
    unsigned all = c->helo + c->auth_all + c->mail_all + c->rcpt_all + c->data_all + c->rset +
                   c->quit + c->vrfy_all + c->unknown_all;

    buf[0] = '\0';
    add_counter(buf, size, "ehlo", c->helo, c->helo);
    add_counter(buf, size, "auth", c->auth_ok, c->auth_all);
    add_counter(buf, size, "mail", c->mail_ok, c->mail_all);
    add_counter(buf, size, "rcpt", c->rcpt_ok, c->rcpt_all);
    add_counter(buf, size, "data", c->data_ok, c->data_all);
    add_counter(buf, size, "rset", c->rset, c->rset);
    add_counter(buf, size, "vrfy", 0, c->vrfy_all);
    add_counter(buf, size, "quit", c->quit, c->quit);
    add_counter(buf, size, "unknown", 0, c->unknown_all);
    add_counter(buf, size, "commands", ok, all);
    if (c->bare_lf)
        snprintf(buf + strlen(buf), size - strlen(buf), " notes=bare_lf");
}

static void disconnect_line(struct stream *out, const struct mail_event *ev)
{
    struct mail_session *s = ev->session;
    char start[HEAD_MAX], who[PEER_MAX], counters[200];

    if (s->screened) {
        head(start, ev->time_us, "postscreen", 1990);
        stream_line(out, ev->time_us, "%s DISCONNECT [%s]:%u", start, s->client.ip,
                    20000 + s->number % 40000);
        return;
    }
    session_head(ev, start);
    peer(s, who);
    counters_text(&s->count, counters, sizeof counters);
    stream_line(out, ev->time_us, "%s disconnect from %s%s", start, who, counters);
    give_slot(s->slot);
}

static void lost_line(struct stream *out, const struct mail_event *ev)
{
    char start[HEAD_MAX], who[PEER_MAX];

    session_head(ev, start);
    peer(ev->session, who);
    stream_line(out, ev->time_us, "%s lost connection after %s from %s", start, ev->text, who);
}

static void auth_line(struct stream *out, const struct mail_event *ev)
{
    char start[HEAD_MAX], who[PEER_MAX];
    const char *mechanism = ev->session->mechanism;
    const char *reason = strcmp(mechanism, "LOGIN") == 0 ? "UGFzc3dvcmQ6" : "(reason unavailable)";

    if (ev->verdict == MAIL_OK)
        return;
    if (ev->why == WHY_BACKEND)
        reason = "Connection lost to authentication server";
    session_head(ev, start);
    peer(ev->session, who);
    stream_line(out, ev->time_us, "%s warning: %s: SASL %s authentication failed: %s%s%s", start,
                who, mechanism, reason, postfix.options.names_in_failures ? ", sasl_username=" : "",
                postfix.options.names_in_failures ? ev->rcpt : "");
}

/* ---- transactions ---- */

static void client_line(struct stream *out, const struct mail_event *ev)
{
    const struct mail_session *s = ev->session;
    char start[HEAD_MAX], who[PEER_MAX], id[24];

    ev->message->opened = true;
    session_head(ev, start);
    peer(s, who);
    if (s->user[0] != '\0')
        stream_line(out, ev->time_us, "%s %s: client=%s, sasl_method=%s, sasl_username=%s", start,
                    queue_id(ev->message, id), who, s->mechanism, s->user);
    else
        stream_line(out, ev->time_us, "%s %s: client=%s", start, queue_id(ev->message, id), who);
}

static void refusal_text(const struct mail_event *ev, char *buf, size_t size)
{
    switch (ev->why) {
    case WHY_RCPT_UNKNOWN:
        snprintf(
            buf, size,
            "550 5.1.1 <%s>: Recipient address rejected: User unknown in virtual mailbox table",
            ev->rcpt);
        break;
    case WHY_RELAY_DENIED:
        snprintf(buf, size, "%s <%s>: Relay access denied",
                 ev->verdict == MAIL_LATER ? "454 4.7.1" : "554 5.7.1", ev->rcpt);
        break;
    case WHY_GREYLISTED:
        snprintf(buf, size, "450 4.2.0 <%s>: Recipient address rejected: Greylisted", ev->rcpt);
        break;
    case WHY_MAILBOX_FULL:
        snprintf(buf, size, "552 5.2.2 <%s>: Recipient address rejected: Mailbox is full",
                 ev->rcpt);
        break;
    case WHY_BLOCK_LIST:
        snprintf(buf, size,
                 "554 5.7.1 Service unavailable; Client host [%s] blocked using zen.spamhaus.org; "
                 "https://www.spamhaus.org/query/ip/%s",
                 ev->session->client.ip, ev->session->client.ip);
        break;
    case WHY_BARE_LF:
        snprintf(buf, size, "550 5.5.2 bare <LF> received");
        break;
    default:
        snprintf(buf, size, "554 5.7.1 Message content rejected, spam");
        break;
    }
}

static void reject_line(struct stream *out, const struct mail_event *ev, const char *stage)
{
    const struct mail_session *s = ev->session;
    const char *sender = ev->message != NULL ? ev->message->sender : "";
    char start[HEAD_MAX], who[PEER_MAX], id[24], text[400], to[MAIL_ADDRESS_MAX + 8] = "";
    char login[MAIL_USER_MAX + 48] = "";

    session_head(ev, start);
    peer(s, who);
    refusal_text(ev, text, sizeof text);
    if (ev->rcpt[0] != '\0')
        snprintf(to, sizeof to, "to=<%s> ", ev->rcpt);
    if (s->user[0] != '\0')
        snprintf(login, sizeof login, " sasl_method=%s sasl_username=<%s>", s->mechanism, s->user);
    stream_line(out, ev->time_us,
                "%s %s: reject: %s from %s: %s; from=<%s> %sproto=ESMTP helo=<%s>%s", start,
                ev->message != NULL && ev->message->opened ? queue_id(ev->message, id) : "NOQUEUE",
                stage, who, text, sender, to, s->client.helo, login);
}

static void rcpt_line(struct stream *out, const struct mail_event *ev)
{
    if (ev->verdict != MAIL_OK)
        reject_line(out, ev, "RCPT");
    else if (!ev->message->opened)
        client_line(out, ev);
}

/* ---- the queue ---- */

static void queued_lines(struct stream *out, const struct mail_event *ev)
{
    const struct mail_message *m = ev->message;
    char start[HEAD_MAX], id[24];

    queue_id(m, id);
    head(start, ev->time_us, "cleanup", 1002);
    stream_line(out, ev->time_us, "%s %s: message-id=<%016" PRIx64 "@%s>", start, id,
                rng_hash(m->number, 3), m->session != NULL ? "client.example" : "mx.example.org");
    head(start, ev->time_us, "qmgr", 1001);
    stream_line(out, ev->time_us, "%s %s: from=<%s>, size=%u, nrcpt=%u (queue active)", start, id,
                m->sender, m->size, m->nrcpt);
}

static const char *mailbox_text(enum mail_why why)
{
    switch (why) {
    case WHY_NONE:
        return "250 2.0.0 Ok: Saved";
    case WHY_MAILBOX_FULL:
        return "host mail.example.org[private/dovecot-lmtp] said: 552 5.2.2 Quota exceeded "
               "(mailbox for user is full) (in reply to end of DATA command)";
    case WHY_CONTENT:
        return "host mail.example.org[private/dovecot-lmtp] said: 554 5.7.1 rejected as spam "
               "(in reply to end of DATA command)";
    default:
        return "host mail.example.org[private/dovecot-lmtp] said: 550 5.1.1 User doesn't exist "
               "(in reply to RCPT TO command)";
    }
}

/* relay=, dsn= and the text between the brackets. */
static void result_text(const struct mail_event *ev, char *relay, size_t relay_size,
                        const char **ret_status, char *text, size_t text_size)
{
    static const char *const words[] = {"2.0.0", "5.0.0", "4.0.0"};

    *ret_status = ev->status[0] != '\0' ? ev->status : words[ev->verdict];
    if (ev->place == PLACE_MAILBOX) {
        snprintf(relay, relay_size, "mail.example.org[private/dovecot-lmtp]");
        snprintf(text, text_size, "%s", mailbox_text(ev->why));
    } else if (ev->place == PLACE_NOBODY) {
        snprintf(relay, relay_size, "none");
        snprintf(text, text_size, "%s", ev->text);
    } else {
        snprintf(relay, relay_size, "%s[%s]:25", ev->host, ev->ip);
        if (ev->verdict == MAIL_OK)
            snprintf(text, text_size, "%s", ev->text[0] ? ev->text : "250 2.0.0 Ok: queued");
        else
            snprintf(text, text_size, "host %s[%s] said: %s (in reply to RCPT TO command)",
                     ev->host, ev->ip, ev->text);
    }
}

static void delivery_line(struct stream *out, const struct mail_event *ev)
{
    static const char *const words[] = {"sent", "bounced", "deferred"};
    char start[HEAD_MAX], id[24], relay[MAIL_HOST_MAX + MAIL_IP_MAX + 8], text[400];
    char orig[MAIL_ADDRESS_MAX + 16] = "";
    const char *status;

    result_text(ev, relay, sizeof relay, &status, text, sizeof text);
    if (ev->orig[0] != '\0')
        snprintf(orig, sizeof orig, " orig_to=<%s>,", ev->orig);
    head(start, ev->time_us, ev->place == PLACE_MAILBOX ? "lmtp" : "smtp",
         1100 + (unsigned)(ev->message->number % 40));
    stream_line(out, ev->time_us,
                "%s %s: to=<%s>,%s relay=%s, delay=%.2f, delays=0.05/0.01/0.1/%.2f, dsn=%s, "
                "status=%s (%s)",
                start, queue_id(ev->message, id), ev->rcpt, orig, relay, ev->delay_s, ev->delay_s,
                status, words[ev->verdict], text);
}

static void queue_line(struct stream *out, const struct mail_event *ev)
{
    char start[HEAD_MAX], id[24], child[24];

    queue_id(ev->message, id);
    head(start, ev->time_us, ev->kind == MAIL_DSN ? "bounce" : "qmgr",
         ev->kind == MAIL_DSN ? 1003 : 1001);
    if (ev->kind == MAIL_DONE)
        stream_line(out, ev->time_us, "%s %s: removed", start, id);
    else if (ev->kind == MAIL_EXPIRED)
        stream_line(out, ev->time_us, "%s %s: from=<%s>, status=expired, returned to sender", start,
                    id, ev->message->sender);
    else
        stream_line(out, ev->time_us, "%s %s: sender %s notification: %s", start, id,
                    ev->verdict == MAIL_LATER ? "delay" : "non-delivery",
                    queue_id(ev->child, child));
}

/* ---- anomalies ---- */

static void anomaly_line(struct stream *out, const struct mail_event *ev)
{
    const struct mail_session *s = ev->session;
    char start[HEAD_MAX], who[PEER_MAX];

    if (ev->anomaly == ANOMALY_PREGREET) {
        head(start, ev->time_us, "postscreen", 1990);
        stream_line(out, ev->time_us, "%s PREGREET %zu after 0.11 from [%s]:%u: %s\\r\\n", start,
                    strlen(ev->text) + 2, s->client.ip, 20000 + s->number % 40000, ev->text);
        return;
    }
    session_head(ev, start);
    peer(s, who);
    if (ev->anomaly == ANOMALY_NON_SMTP)
        stream_line(out, ev->time_us, "%s warning: non-SMTP command from %s: %s", start, who,
                    ev->text);
    else if (ev->anomaly == ANOMALY_BARE_LF)
        stream_line(out, ev->time_us, "%s bare <LF> received after %s from %s", start, ev->text,
                    who);
    else
        stream_line(out, ev->time_us, "%s improper command pipelining after %s from %s: %s", start,
                    ev->anomaly == ANOMALY_PIPELINE_DATA ? "DATA" : "EHLO", who, ev->text);
}

static void limit_line(struct stream *out, const struct mail_event *ev)
{
    char start[HEAD_MAX], who[PEER_MAX];

    session_head(ev, start);
    peer(ev->session, who);
    stream_line(out, ev->time_us,
                "%s warning: Connection concurrency limit exceeded: 51 from %s for service smtp",
                start, who);
}

static void dialect_postfix_render(struct stream *out, const struct mail_event *ev)
{
    switch (ev->kind) {
    case MAIL_CONNECT:
        connect_line(out, ev);
        break;
    case MAIL_DISCONNECT:
        disconnect_line(out, ev);
        break;
    case MAIL_LOST:
        lost_line(out, ev);
        break;
    case MAIL_AUTH:
        auth_line(out, ev);
        break;
    case MAIL_OPEN: /* shows with the first accepted recipient */
        break;
    case MAIL_RCPT:
        rcpt_line(out, ev);
        break;
    case MAIL_VRFY:
        if (ev->verdict != MAIL_OK)
            reject_line(out, ev, "VRFY");
        break;
    case MAIL_QUEUED:
        queued_lines(out, ev);
        break;
    case MAIL_DATA_NO:
        reject_line(out, ev, "END-OF-MESSAGE");
        break;
    case MAIL_DELIVERY:
        delivery_line(out, ev);
        break;
    case MAIL_EXPIRED:
    case MAIL_DSN:
    case MAIL_DONE:
        queue_line(out, ev);
        break;
    case MAIL_ANOMALY:
        anomaly_line(out, ev);
        break;
    case MAIL_LIMIT:
        limit_line(out, ev);
        break;
    }
}

const struct dialect dialect_postfix = {
    .name = "postfix",
    .summary = "Postfix 3.x, one server, syslog",
    .begin = dialect_postfix_begin,
    .render = dialect_postfix_render,
};
