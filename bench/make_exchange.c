/* make_exchange.c - a seeded synthetic Exchange log for speed measurements
 * usage:    make_exchange LINES SEED tracking|protocol > FILE.log
 * grammar:  tracking: lives of messages as a mailbox server of Exchange 2019 tells them (RECEIVE,
 *           HAREDIRECT, AGENTINFO, then DELIVER, SENDEXTERNAL or FAIL), 70 % inbound, a tenth
 * fails. protocol: receive sessions of a front end, half of them with STARTTLS, a tenth of the
 *           recipients unknown
 * source:   columns and wordings of samples/exchange_tracking and samples/exchange_protocol
 * limits:   one server, UTC, documentation addresses; for speed, not for detection quality */
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t state;
static long lines, wanted;
static int64_t now_ms; /* since 2026-03-02 00:00:00 UTC */
static uint64_t serial = 70912345566401;

static uint32_t rnd(uint32_t n)
{
    state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)((state >> 33) % n);
}

static void stamp(char *buf, size_t size)
{
    int64_t s = now_ms / 1000;

    snprintf(buf, size, "2026-03-%02dT%02d:%02d:%02d.%03dZ", (int)(2 + s / 86400 % 28),
             (int)(s / 3600 % 24), (int)(s / 60 % 60), (int)(s % 60), (int)(now_ms % 1000));
}

static void guid(char *buf, size_t size)
{
    snprintf(buf, size,
             "%08" PRIx32 "-%04" PRIx32 "-%04" PRIx32 "-%04" PRIx32 "-%06" PRIx32 "%06" PRIx32,
             rnd(UINT32_MAX), rnd(1 << 16), rnd(1 << 16), rnd(1 << 16), rnd(1 << 24), rnd(1 << 24));
}

/* ---- tracking ---- */

struct mail {
    char id[64], network[40], subject[48], sender[48], rcpt[48], client[24];
    uint64_t internal;
    uint32_t size;
    bool inbound;
};

/* What the events of one message share: columns from internal-message-id to network-message-id. */
static void head(const char *front, const struct mail *m)
{
    char time[32];

    stamp(time, sizeof time);
    printf("%s,%s,%" PRIu64 ",<%s>,%s,", time, front, m->internal, m->id, m->network);
    lines++;
    now_ms += 5 + rnd(10);
}

static void tail(const char *original_client, const char *custom)
{
    char log[40];

    guid(log, sizeof log);
    printf("%s,192.0.2.10,%s,Email,%s,15.02.1118.040\n", original_client, custom, log);
}

static void new_mail(struct mail *m)
{
    m->inbound = rnd(10) < 7;
    m->internal = serial++;
    m->size = 3000 + rnd(60000);
    guid(m->network, sizeof m->network);
    snprintf(m->client, sizeof m->client, "198.51.100.%u", 1 + rnd(250));
    snprintf(m->subject, sizeof m->subject, "\"Meeting %u, room \"\"%u\"\"\"", rnd(900), rnd(40));
    if (m->inbound) {
        snprintf(m->sender, sizeof m->sender, "person%u@remote%u.example.com", rnd(3000), rnd(300));
        snprintf(m->rcpt, sizeof m->rcpt, "user%u@example.org", rnd(5000));
    } else {
        snprintf(m->sender, sizeof m->sender, "user%u@example.org", rnd(5000));
        snprintf(m->rcpt, sizeof m->rcpt, "person%u@remote%u.example.com", rnd(3000), rnd(300));
    }
    snprintf(m->id, sizeof m->id, "%08" PRIX32 "%08" PRIX32 "@%s", rnd(UINT32_MAX), rnd(UINT32_MAX),
             m->inbound ? "remote.example.com" : "mail.example.org");
}

static void received(const struct mail *m)
{
    char front[200], custom[200];

    snprintf(front, sizeof front,
             "%s,mail.example.org,192.0.2.10,MAIL,08DC1DB12C%06X;2026-03-02T08:00:00.113Z;0,"
             "MAIL\\Default MAIL,SMTP,RECEIVE",
             m->inbound ? m->client : "192.0.2.10", rnd(1 << 24));
    head(front, m);
    printf("%s,,%u,1,,,%s,%s,%s,0cA: ,%s,,", m->rcpt, m->size, m->subject, m->sender, m->sender,
           m->inbound ? "Incoming" : "Originating");
    snprintf(custom, sizeof custom,
             "S:ProxyHop1=mail.example.org(192.0.2.10);S:FirstForestHop=mail.example.org;"
             "S:FromEntity=%s;S:DeliveryPriority=Normal",
             m->inbound ? "Internet" : "Hosted");
    tail(m->inbound ? m->client : "192.0.2.77", custom);
}

static void handled(const struct mail *m)
{
    head(",,,MAIL,\"mail2.example.org=250 2.6.0 [InternalId=27921582391424, "
         "Hostname=mail2.example.org] Queued mail for redundancy\",,SMTP,HAREDIRECT",
         m);
    printf("%s,,,1,,,,,%s,,,,", m->rcpt, m->sender);
    tail("", "");
    head(",MAIL,,,CatContentConversion,,AGENT,AGENTINFO", m);
    printf("%s,,,1,,,,,%s,,,,", m->rcpt, m->sender);
    tail(m->client, "\"S:AMA=SUM|v=0|action=|error=|atch=0;'S:TRA=ETRP|ruleId=7b1ea1e8|"
                    "Conditions=ISUP,M.F,0;CP,M.B,0'\"");
}

static void ended(const struct mail *m)
{
    bool failed = rnd(10) == 0;

    if (failed) {
        head(",,,MAIL,,,ROUTING,FAIL", m);
        printf("%s,550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address "
               "lookup,,1,,,%s,%s,,,%s,,",
               m->rcpt, m->subject, m->sender, m->inbound ? "Incoming" : "Originating");
    } else if (m->inbound) {
        head(",mail.example.org,,MAIL,08DB2A365544E439;2026-03-02T07:59:48.313Z;ClientSubmitTime:"
             ",,STOREDRIVER,DELIVER",
             m);
        printf("%s,Inbox,%u,1,,,%s,%s,,,Incoming,,", m->rcpt, m->size + 100, m->subject, m->sender);
    } else {
        head("192.0.2.10,MAIL,198.51.100.9,mx.example.com,;250 2.0.0 OK queued;ClientSubmitTime:,"
             "To Internet,SMTP,SENDEXTERNAL",
             m);
        printf("%s,250 2.1.5 Recipient OK,%u,1,,,%s,%s,,,Originating,,", m->rcpt, m->size,
               m->subject, m->sender);
    }
    tail("", "S:E2ELatency=0.482;S:MsgRecipCount=1");
}

static void tracking(void)
{
    struct mail m;

    printf("#Software: Microsoft Exchange Server\n#Version: 15.02.1118.040\n"
           "#Log-type: Message Tracking Log\n#Date: 2026-03-02T00:00:00.000Z\n"
           "#Fields: date-time,client-ip,client-hostname,server-ip,server-hostname,source-context,"
           "connector-id,source,event-id,internal-message-id,message-id,network-message-id,"
           "recipient-address,recipient-status,total-bytes,recipient-count,"
           "related-recipient-address,reference,message-subject,sender-address,return-path,"
           "message-info,directionality,tenant-id,original-client-ip,original-server-ip,"
           "custom-data,transport-traffic-type,log-id,schema-version\n");
    for (lines = 5; lines < wanted;) {
        new_mail(&m);
        received(&m);
        handled(&m);
        ended(&m);
    }
}

/* ---- protocol ---- */

struct session {
    char client[24];
    uint64_t id;
    unsigned port, sequence;
};

static void row(struct session *s, char event, const char *data, const char *context)
{
    char time[32];

    stamp(time, sizeof time);
    printf("%s,EX1\\Default Frontend EX1,%016" PRIX64 ",%u,192.0.2.10:25,%s:%u,%c,%s,%s\n", time,
           s->id, s->sequence++, s->client, s->port, event, data, context);
    lines++;
    now_ms += 1 + rnd(8);
}

static void hello(struct session *s)
{
    row(s, '<', "EHLO mx.example.com", "");
    row(s, '>',
        "250  ex1.example.org Hello [198.51.100.20] SIZE 37748736 PIPELINING DSN "
        "ENHANCEDSTATUSCODES STARTTLS X-ANONYMOUSTLS AUTH NTLM LOGIN 8BITMIME BINARYMIME CHUNKING",
        "");
}

static void transaction(struct session *s)
{
    char text[256];

    snprintf(text, sizeof text, "MAIL FROM:<person%u@remote%u.example.com> SIZE=%u BODY=8BITMIME",
             rnd(3000), rnd(300), 900 + rnd(60000));
    row(s, '<', text, "");
    row(s, '>', "250 2.1.0 Sender OK", "");
    snprintf(text, sizeof text, "RCPT TO:<user%u@example.org>", rnd(5000));
    row(s, '<', text, "");
    if (rnd(10) == 0) {
        row(s, '>',
            "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup",
            "");
        return;
    }
    row(s, '>', "250 2.1.5 Recipient OK", "");
    row(s, '<', "DATA", "");
    row(s, '>', "354 Start mail input; end with <CRLF>.<CRLF>", "");
    snprintf(text, sizeof text, "%016" PRIX64 ";2026-03-02T08:00:01.000Z;1", s->id);
    row(s, '*', text, "receiving message");
    snprintf(text, sizeof text,
             "\"250 2.6.0 <%08" PRIX32 "@mx.example.com> [InternalId=%" PRIu64
             ", Hostname=EX1.corp.example.org] 5211 bytes in 0.204, 24.9 KB/sec Queued mail for "
             "delivery\"",
             rnd(UINT32_MAX), serial++);
    row(s, '>', text, "");
}

static void session(void)
{
    struct session s = {.id = UINT64_C(0x08DE780000000000) + serial++, .port = 1024 + rnd(60000)};

    snprintf(s.client, sizeof s.client, "198.18.%u.%u", rnd(79), 1 + rnd(250));
    row(&s, '+', "", "");
    row(&s, '>',
        "\"220 ex1.example.org Microsoft ESMTP MAIL Service ready at Mon, 2 Mar 2026 09:00:00 "
        "+0100\"",
        "");
    hello(&s);
    if (rnd(2) == 0) {
        row(&s, '<', "STARTTLS", "");
        row(&s, '>', "220 2.0.0 SMTP server ready", "");
        row(&s, '*', "",
            "\"TLS protocol SP_PROT_TLS1_2_SERVER negotiation succeeded using bulk encryption "
            "algorithm CALG_AES_256 with strength 256 bits, MAC hash algorithm CALG_SHA_384\"");
        hello(&s);
    }
    transaction(&s);
    row(&s, '<', "QUIT", "");
    row(&s, '>', "221 2.0.0 Service closing transmission channel", "");
    row(&s, '-', "", "Local");
}

static void protocol(void)
{
    printf("#Software: Microsoft Exchange Server\n#Version: 15.0.0.0\n"
           "#Log-type: SMTP Receive Protocol Log\n#Date: 2026-03-02T00:00:00.000Z\n"
           "#Fields: date-time,connector-id,session-id,sequence-number,local-endpoint,"
           "remote-endpoint,event,data,context\n");
    for (lines = 5; lines < wanted;)
        session();
}

int main(int argc, char **argv)
{
    if (argc != 4 || (strcmp(argv[3], "tracking") != 0 && strcmp(argv[3], "protocol") != 0)) {
        fputs("usage: make_exchange LINES SEED tracking|protocol\n", stderr);
        return 2;
    }
    wanted = atol(argv[1]);
    state = strtoull(argv[2], NULL, 10);
    if (argv[3][0] == 't')
        tracking();
    else
        protocol();
    return 0;
}
