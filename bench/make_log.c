/* make_log.c - a seeded synthetic Postfix log for speed measurements: make_log LINES [SEED
 * [benign]] > mail.log
 * grammar:   whole message lives as Postfix 3.x logs them: 70 % inbound to mailboxes, 15 %
 *            authenticated outbound, 5 % trusted outbound, 6 % refused recipients, 2 % failed
 *            logins, 2 % bounces
 * source:    line templates of Postfix's smtpd, cleanup, qmgr, lmtp, smtp and bounce
 * limits:    one server, RFC 3164 stamps, documentation addresses; for speed, not for detection
 *            quality */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static uint64_t state;

static uint32_t rnd(uint32_t n)
{
    state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)((state >> 33) % n);
}

static const char *const words[] = {"alpha", "bravo",  "delta", "echo",  "golf",  "hotel",
                                    "india", "kilo",   "lima",  "mike",  "oscar", "papa",
                                    "romeo", "sierra", "tango", "victor"};

static long lines, wanted;
static int benign;
static int64_t now = 1772409600; /* 2026-03-02 00:00:00 UTC */
static int64_t part;

static void head(const char *daemon, unsigned pid)
{
    static const char *const months[] = {"Mar", "Apr", "May", "Jun", "Jul",
                                         "Aug", "Sep", "Oct", "Nov", "Dec"};
    static const int lengths[] = {31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int64_t day = (now - 1772409600) / 86400 + 2, s = now % 86400;
    int month = 0;

    while (month < 9 && day > lengths[month])
        day -= lengths[month++];
    printf("%s %2d %02d:%02d:%02d mx1 postfix/%s[%u]: ", months[month], (int)day, (int)(s / 3600),
           (int)(s / 60 % 60), (int)(s % 60), daemon, pid);
    lines++;
    if (++part % 37 == 0)
        now++;
}

struct client {
    char text[96];
};

static struct client client(void)
{
    struct client c;
    uint32_t n = rnd(20000);

    if (rnd(4) == 0)
        snprintf(c.text, sizeof c.text, "unknown[198.18.%u.%u]", n >> 8 & 255, n & 255);
    else
        snprintf(c.text, sizeof c.text, "mail%u.%s-%s.example[198.19.%u.%u]", n % 7, words[n % 16],
                 words[n / 16 % 16], n >> 8 & 255, n & 255);
    return c;
}

static void domain(char *buf, size_t size)
{
    uint32_t n = rnd(256);
    snprintf(buf, size, "%s-%s.example", words[n % 16], words[n / 16]);
}

static void message(const char *service, const struct client *c, unsigned pid, const char *login,
                    int bounce)
{
    char id[24], remote[48], user[64];

    domain(remote, sizeof remote);
    snprintf(id, sizeof id, "%05X%06X", rnd(1000000), rnd(1 << 24));
    snprintf(user, sizeof user, "user%u@example.org", rnd(5000));
    head(service, pid);
    printf("%s: client=%s", id, c->text);
    if (login)
        printf(", sasl_method=PLAIN, sasl_username=%s", login);
    putchar('\n');
    head("cleanup", pid + 1);
    printf("%s: message-id=<%08X.%08X@%s>\n", id, rnd(UINT32_MAX), rnd(UINT32_MAX),
           login ? "example.org" : remote);
    head("qmgr", 1200);
    printf("%s: from=<%s%u@%s>, size=%u, nrcpt=1 (queue active)\n", id, login ? "user" : "person",
           rnd(5000), login ? "example.org" : remote, 800 + rnd(60000));
    if (login) {
        head("smtp", pid + 2);
        printf("%s: to=<person%u@%s>, relay=mx1.%s[198.18.7.%u]:25, delay=1.%u, "
               "delays=0.08/0.02/0.85/0.14, "
               "dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as %05X%06X)\n",
               id, rnd(9000), remote, remote, rnd(255), rnd(9), rnd(1000000), rnd(1 << 24));
    } else if (bounce) {
        head("smtp", pid + 2);
        printf(
            "%s: to=<gone%u@example.org>, relay=mail.example.org[private/dovecot-lmtp], delay=0.4, "
            "delays=0.08/0.02/0.1/0.14, dsn=5.1.1, status=bounced (host "
            "mail.example.org[private/dovecot-lmtp] said: "
            "550 5.1.1 User unknown (in reply to RCPT TO command))\n",
            id, rnd(100));
        head("bounce", pid + 3);
        printf("%s: sender non-delivery notification: %05X%06X\n", id, rnd(1000000), rnd(1 << 24));
    } else {
        head("lmtp", pid + 2);
        printf("%s: to=<%s>, relay=mail.example.org[private/dovecot-lmtp], delay=0.%u, "
               "delays=0.08/0.02/0.01/0.14, "
               "dsn=2.0.0, status=sent (250 2.0.0 Ok)\n",
               id, user, rnd(99));
    }
    head("qmgr", 1200);
    printf("%s: removed\n", id);
}

static void session(void)
{
    unsigned pid = 20000 + rnd(200) * 4, kind = rnd(benign ? 90 : 100);
    struct client c = client();
    const char *service = kind >= 70 && kind < 85 ? "submission/smtpd" : "smtpd";
    char login[48];

    snprintf(login, sizeof login, "user%u@example.org", rnd(5000));
    head(service, pid);
    printf("connect from %s\n", c.text);
    if (kind < 70) {
        message(service, &c, pid, NULL, 0);
    } else if (kind < 85) {
        message(service, &c, pid, login, 0);
    } else if (kind < 90) {
        snprintf(c.text, sizeof c.text, "app%u.example.org[192.0.2.%u]", rnd(9), 1 + rnd(50));
        message(service, &c, pid, NULL, 0);
    } else if (kind < 96) {
        head(service, pid);
        printf("NOQUEUE: reject: RCPT from %s: 550 5.1.1 <%s%u@example.org>: Recipient address "
               "rejected: User unknown in "
               "local recipient table; from=<x%u@%s.example> to=<%s%u@example.org> proto=ESMTP "
               "helo=<mail.%s.example>\n",
               c.text, words[rnd(16)], rnd(40), rnd(100), words[rnd(16)], words[rnd(16)], rnd(40),
               words[rnd(16)]);
    } else if (kind < 98) {
        head(service, pid);
        printf("warning: %s: SASL LOGIN authentication failed: (reason unavailable), "
               "sasl_username=%s\n",
               c.text, login);
    } else {
        message(service, &c, pid, NULL, 1);
    }
    head(service, pid);
    printf("disconnect from %s ehlo=1 mail=1 rcpt=1 data=1 quit=1 commands=5\n", c.text);
}

int main(int argc, char **argv)
{
    wanted = argc > 1 ? atol(argv[1]) : 1000000;
    state = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
    benign = argc > 3;
    while (lines < wanted)
        session();
    return 0;
}
