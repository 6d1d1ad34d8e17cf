/* flood_log.c - a seeded Postfix log of slow scanners under a flood of fresh clients
 * usage:     flood_log KIND SEED MINUTES SCANNERS RATE REPEAT APART BARE > mail.log
 *            KIND relay, auth, harvest or mixed; SCANNERS of each kind, one visit a minute each
 *            with exponential gaps; RATE fresh clients a second, each REPEAT visits, APART seconds
 *            from one to the next; BARE 1: only the line that tells, no connect and disconnect
 * grammar:   Postfix smtpd: connect, reject, SASL warning, disconnect
 * addresses: scanners 198.18.N.10/20/30 (RFC 2544) and 2001:db8:8NNN:K::1; the flood 240.0.0.0/4
 *            and the other /64 of 2001:db8::/32 in equal parts, none twice
 * limits:    stamps of whole seconds; flood.py knows the addresses of the scanners as well */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum kind { RELAY, AUTH, HARVEST, KINDS };
enum { SCANNERS_MAX = 2000, PROCESSES = 400 };
static const char *const kind_names[KINDS + 1] = {"relay", "auth", "harvest", "mixed"};

static uint64_t state;

static uint64_t rnd(void)
{
    uint64_t z = (state += UINT64_C(0x9e3779b97f4a7c15));

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static double gap_s(void)
{
    return -60 * log((double)(rnd() >> 11) / 9007199254740992.0 + 1e-12);
}

static long second; /* since midnight */
static int bare;
static unsigned process;

static void head(unsigned pid)
{
    printf("Mar  2 %02ld:%02ld:%02ld mx1 postfix/smtpd[%u]: ", second / 3600, second / 60 % 60,
           second % 60, pid);
}

static void tell(enum kind kind, const char *ip, uint64_t name)
{
    unsigned n = (unsigned)(name % 1000000007), d = (unsigned)(name >> 40) % 50;

    if (kind == AUTH)
        printf("warning: unknown[%s]: SASL LOGIN authentication failed: (reason unavailable), "
               "sasl_username=user%u@example.org\n",
               ip, n % 5000);
    else if (kind == RELAY)
        printf("NOQUEUE: reject: RCPT from unknown[%s]: 554 5.7.1 <r%u@d%u.example>: Relay access "
               "denied; from=<s%u@x%u.example> to=<r%u@d%u.example> proto=ESMTP helo=<pc>\n",
               ip, n, d, n % 977, d, n, d);
    else
        printf("NOQUEUE: reject: RCPT from unknown[%s]: 550 5.1.1 <n%u@example.org>: Recipient "
               "address rejected: User unknown in local recipient table; from=<s%u@x%u.example> "
               "to=<n%u@example.org> proto=ESMTP helo=<pc>\n",
               ip, n, n % 977, d, n);
}

static void visit(enum kind kind, const char *ip)
{
    unsigned pid = 20000 + process++ % PROCESSES;

    if (!bare) {
        head(pid);
        printf("connect from unknown[%s]\n", ip);
    }
    head(pid);
    tell(kind, ip, rnd());
    if (bare)
        return;
    head(pid);
    if (kind == AUTH)
        printf("disconnect from unknown[%s] ehlo=1 auth=0/1 quit=1 commands=2/3\n", ip);
    else
        printf("disconnect from unknown[%s] ehlo=1 mail=1 rcpt=0/1 quit=1 commands=3/4\n", ip);
}

static void scanner_ip(enum kind kind, unsigned i, char *ip, size_t size)
{
    if (i % 2 == 0)
        snprintf(ip, size, "198.%u.%u.%u", 18 + i / 2 / 256, i / 2 % 256, 10 * (kind + 1U));
    else
        snprintf(ip, size, "2001:db8:%x:%u::1", 0x8000 + i, kind + 1U);
}

/* Odd factors: each n gives another address. */
static void fresh_visit(enum kind kind, uint64_t n)
{
    char ip[48];
    uint32_t h = (uint32_t)(n / 2) * UINT32_C(0x9e3779b1);

    if (n % 2 == 0) {
        uint32_t v4 = (h >> 4) % UINT32_C(0x0f000000);
        snprintf(ip, sizeof ip, "%u.%u.%u.%u", 240 + (v4 >> 24), v4 >> 16 & 255, v4 >> 8 & 255,
                 v4 & 255);
    } else {
        snprintf(ip, sizeof ip, "2001:db8:%x:%x::9", h >> 17, h & 0xffff);
    }
    visit(kind == KINDS ? (enum kind)(n / 2 % KINDS) : kind, ip);
}

struct scanner {
    enum kind kind;
    double next_s;
    char ip[48];
};

static unsigned scanners_of(enum kind kind, unsigned each, struct scanner *ret)
{
    unsigned n = 0;

    for (unsigned k = 0; k < KINDS; k++)
        for (unsigned i = 0; i < each && (kind == KINDS || kind == k); i++, n++) {
            ret[n].kind = (enum kind)k;
            ret[n].next_s = gap_s();
            scanner_ip((enum kind)k, i, ret[n].ip, sizeof ret[n].ip);
        }
    return n;
}

int main(int argc, char **argv)
{
    static struct scanner scanners[KINDS * SCANNERS_MAX];
    unsigned kind = 0, count;

    if (argc != 9) {
        fprintf(stderr, "usage: flood_log KIND SEED MINUTES SCANNERS RATE REPEAT APART BARE\n");
        return 2;
    }
    while (kind < KINDS && strcmp(kind_names[kind], argv[1]) != 0)
        kind++;
    state = strtoull(argv[2], NULL, 10);
    long end = 60 * atol(argv[3]), rate = atol(argv[5]), repeat = atol(argv[6]);
    long apart = atol(argv[7]);
    bare = atoi(argv[8]);
    if (atol(argv[4]) > SCANNERS_MAX)
        return 2;
    count = scanners_of((enum kind)kind, (unsigned)atol(argv[4]), scanners);
    for (long s = 0; s < end; s++) {
        second = 8 * 3600 + s;
        for (long r = repeat - 1; r >= 0; r--)
            for (long i = 0; i < rate && s >= r * apart; i++)
                fresh_visit((enum kind)kind, (uint64_t)((s - r * apart) * rate + i));
        for (unsigned i = 0; i < count; i++)
            for (; scanners[i].next_s < (double)s + 1; scanners[i].next_s += gap_s())
                visit(scanners[i].kind, scanners[i].ip);
    }
    return 0;
}
