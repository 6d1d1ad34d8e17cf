/* soak_log.c - a mail log that is written while somebody follows it, no faster than he reads
 * usage:     soak_log LOG LINES PID HOURS ROTATE_BYTES MARK_EVERY LAG_BYTES
 *            writes LINES lines that tell of HOURS hours to LOG, renames it to LOG.1 (the one of
 *            before is deleted) each ROTATE_BYTES, and waits while process PID has more than
 *            LAG_BYTES of it to read; each MARK_EVERY lines there is an attack by an address of its
 *            own
 * stdout:    "mark KIND ADDRESS MICROSECONDS": the attack is written, by the monotonic clock;
 *            "lines N" each million; "rotated N"; at the end "done LINES BYTES ROTATIONS WAITS"
 * grammar:   Postfix smtpd, cleanup, qmgr, lmtp, smtp as bench/make_log.c has it, with RFC 3339
 *            stamps; no queue id, message id or process comes twice
 * addresses: clients that come again 198.18.0.0/15 (RFC 2544), clients that come once 240.0.0.0/4,
 *            attackers 203.0.113.0/24 and 2001:db8::/32
 * source:    proc(5): /proc/PID/fd, /proc/PID/fdinfo ("pos:"), which is how far it has read
 * limits:    SIGTERM ends it early, in order; text is put together by hand, since printf() takes
 * longer than the reader */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    BUFFER = 1 << 20,
    WRITE_AT = 128 << 10,
    REGULARS = 100000,
    USERS = 200000,
    HOSTS = 4096,
    RELAYS = 60
};
enum mark { RELAYED, GUESSED, PROBED, HARVESTED, MARKS };
static const char *const mark_names[MARKS] = {"relayed", "guessed", "probed", "harvested"};

static char buffer[BUFFER];
static size_t fill;
static uint64_t lines, bytes, file_bytes, rotations, waits, ids, marks;
static int64_t event_ns, step_ns;
static uint64_t state = 1;
static int fd = -1;

static struct {
    const char *log;
    char moved[4096];
    long pid;
    uint64_t lines, rotate, mark_every, lag;
} want;

static volatile sig_atomic_t ended;

static void end_early(int number)
{
    ended = number;
}

static uint64_t rnd(uint64_t n)
{
    uint64_t z = (state += UINT64_C(0x9e3779b97f4a7c15));

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return (z ^ z >> 31) % n;
}

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

/* ---- text ---- */

static void put(const char *text)
{
    size_t n = strlen(text);

    memcpy(buffer + fill, text, n);
    fill += n;
}

static void put_number(uint64_t n)
{
    char digits[20];
    unsigned at = sizeof digits;

    do {
        digits[--at] = (char)('0' + n % 10);
        n /= 10;
    } while (n > 0);
    memcpy(buffer + fill, digits + at, sizeof digits - at);
    fill += sizeof digits - at;
}

static void put_padded(unsigned width, uint64_t n, unsigned base)
{
    for (unsigned i = width; i-- > 0; n /= base)
        buffer[fill + i] = "0123456789ABCDEF"[n % base];
    fill += width;
}

static void put_ip(uint32_t ip)
{
    for (int shift = 24; shift >= 0; shift -= 8) {
        put_number(ip >> shift & 255);
        if (shift > 0)
            put(".");
    }
}

/* "2026-03-02T00:00:00.000000+00:00 mx1 postfix/": days of March only */
static void put_head(const char *daemon, uint64_t process)
{
    static char second[32];
    static int64_t second_of = -1;
    int64_t now = event_ns / 1000000000;

    if (now != second_of) {
        snprintf(second, sizeof second, "2026-03-%02dT%02d:%02d:%02d.", (int)(2 + now / 86400 % 30),
                 (int)(now / 3600 % 24), (int)(now / 60 % 60), (int)(now % 60));
        second_of = now;
    }
    put(second);
    put_padded(6, (uint64_t)(event_ns / 1000 % 1000000), 10);
    put("+00:00 mx1 postfix/");
    put(daemon);
    put("[");
    put_number(process);
    put("]: ");
    event_ns += step_ns;
    lines++;
}

struct client {
    uint32_t ip;
    uint64_t process;
    const char *text; /* instead of the address; NULL */
};

static void put_client(const struct client *c)
{
    if (c->text != NULL) {
        put("unknown[");
        put(c->text);
    } else if (c->ip % 4 == 0) {
        put("unknown[");
        put_ip(c->ip);
    } else {
        put("mail.h");
        put_number(c->ip % HOSTS);
        put(".example[");
        put_ip(c->ip);
    }
    put("]");
}

/* Seven of ten are clients that come again, all others never came before and never will. */
static struct client next_client(void)
{
    struct client c = {0, 20000 + rnd(20000), NULL};

    if (rnd(10) < 7)
        c.ip = UINT32_C(0xc6120000) + (uint32_t)rnd(REGULARS);
    else
        c.ip = UINT32_C(0xf0000000) | ((uint32_t)ids * UINT32_C(0x9e3779b1) >> 4) % 0x0f000000u;
    return c;
}

static void put_id(uint64_t id)
{
    put_padded(11, id * 0x10001, 16);
    put(": ");
}

static void put_domain(uint64_t n)
{
    put("h");
    put_number(n % HOSTS);
    put(".example");
}

/* ---- mail ---- */

static void connected(const struct client *c)
{
    put_head("smtpd", c->process);
    put("connect from ");
    put_client(c);
    put("\n");
}

static void disconnected(const struct client *c)
{
    put_head("smtpd", c->process);
    put("disconnect from ");
    put_client(c);
    put(" ehlo=1 mail=1 rcpt=1 data=1 quit=1 commands=5\n");
}

static void queued(const struct client *c, uint64_t id, uint64_t user, uint64_t domain, bool login)
{
    put_head(login ? "submission/smtpd" : "smtpd", c->process);
    put_id(id);
    put("client=");
    put_client(c);
    if (login) {
        put(", sasl_method=PLAIN, sasl_username=user");
        put_number(user);
        put("@example.org");
    }
    put("\n");
    put_head("cleanup", c->process + 1);
    put_id(id);
    put("message-id=<");
    put_padded(16, id * UINT64_C(0x9e3779b97f4a7c15), 16);
    put("@");
    if (login)
        put("example.org");
    else
        put_domain(domain);
    put(">\n");
    put_head("qmgr", 1200);
    put_id(id);
    put(login ? "from=<user" : "from=<person");
    put_number(user);
    put("@");
    if (login)
        put("example.org");
    else
        put_domain(domain);
    put(">, size=");
    put_number(800 + rnd(60000));
    put(", nrcpt=1 (queue active)\n");
}

static void sent_out(uint64_t process, uint64_t id, uint64_t person, uint64_t domain)
{
    put_head("smtp", process);
    put_id(id);
    put("to=<person");
    put_number(person);
    put("@");
    put_domain(domain);
    put(">, relay=mx1.");
    put_domain(domain);
    put("[192.0.2.200]:25, delay=1.2, delays=0.08/0.02/0.85/0.14, dsn=2.0.0, status=sent (250 "
        "2.0.0 Ok: queued as ");
    put_padded(11, person * 77, 16);
    put(")\n");
}

static void delivered(uint64_t process, uint64_t id, uint64_t user)
{
    put_head("lmtp", process);
    put_id(id);
    put("to=<user");
    put_number(user);
    put("@example.org>, relay=mail.example.org[private/dovecot-lmtp], delay=0.3, "
        "delays=0.08/0.02/0.01/0.14, dsn=2.0.0, status=sent (250 2.0.0 Ok)\n");
}

static void removed(uint64_t id)
{
    put_head("qmgr", 1200);
    put_id(id);
    put("removed\n");
}

static void denied(const struct client *c, uint64_t n)
{
    put_head("smtpd", c->process);
    put("NOQUEUE: reject: RCPT from ");
    put_client(c);
    put(": 554 5.7.1 <victim");
    put_number(n);
    put("@far.example>: Relay access denied; from=<s@x.example> to=<victim");
    put_number(n);
    put("@far.example> proto=ESMTP helo=<x>\n");
}

static void unknown_user(const struct client *c, uint64_t n)
{
    put_head("smtpd", c->process);
    put("NOQUEUE: reject: RCPT from ");
    put_client(c);
    put(": 550 5.1.1 <name");
    put_number(n);
    put("@example.org>: Recipient address rejected: User unknown in local recipient table; "
        "from=<s@x.example> to=<name");
    put_number(n);
    put("@example.org> proto=ESMTP helo=<x>\n");
}

static void wrong_password(const struct client *c, uint64_t user)
{
    put_head("smtpd", c->process);
    put("warning: ");
    put_client(c);
    put(": SASL LOGIN authentication failed: (reason unavailable), sasl_username=user");
    put_number(user);
    put("@example.org\n");
}

/* 80 % mail from outside, 19 % by users, and some who err. */
static void session(void)
{
    struct client c = next_client();
    uint64_t kind = rnd(1000), id = ++ids, user = rnd(USERS), domain = c.ip % HOSTS;

    if ((kind >= 800 && kind < 990) || kind >= 995) /* a user at home: his own network */
        c.ip = UINT32_C(0xc6130000) + (uint32_t)user % 65536;
    connected(&c);
    if (kind < 800) {
        queued(&c, id, rnd(20), domain, false);
        delivered(c.process + 2, id, user);
        removed(id);
    } else if (kind < 990) {
        queued(&c, id, user, domain, true);
        sent_out(c.process + 2, id, user % 50, user + user % 7);
        removed(id);
    } else if (kind < 995) {
        unknown_user(&c, rnd(1000));
    } else {
        wrong_password(&c, user);
    }
    disconnected(&c);
}

/* ---- the file ---- */

static int64_t now_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void create(void)
{
    fd = open(want.log, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0644);
    if (fd < 0)
        fail(want.log);
    file_bytes = 0;
}

/* How far a descriptor of the reader's is in our file; -1: it is of another. */
static int64_t position_of(const struct stat *ours, const char *number)
{
    char path[300], text[256];
    struct stat st;
    long long pos = -1;
    FILE *f;

    snprintf(path, sizeof path, "/proc/%ld/fd/%s", want.pid, number);
    if (stat(path, &st) != 0 || st.st_ino != ours->st_ino || st.st_dev != ours->st_dev)
        return -1;
    snprintf(path, sizeof path, "/proc/%ld/fdinfo/%s", want.pid, number);
    f = fopen(path, "re");
    if (f != NULL && fgets(text, sizeof text, f) != NULL)
        (void)sscanf(text, "pos: %lld", &pos);
    if (f != NULL)
        fclose(f);
    return pos;
}

static uint64_t read_so_far(void)
{
    static char number[16] = "";
    char path[64];
    struct stat ours;
    int64_t pos = -1;

    if (fstat(fd, &ours) != 0)
        fail("fstat");
    if (number[0] != '\0' && (pos = position_of(&ours, number)) >= 0)
        return (uint64_t)pos;
    snprintf(path, sizeof path, "/proc/%ld/fd", want.pid);
    DIR *dir = opendir(path);
    if (dir == NULL)
        fail(path);
    for (struct dirent *e; pos < 0 && (e = readdir(dir)) != NULL;)
        if (e->d_name[0] != '.' && (pos = position_of(&ours, e->d_name)) >= 0)
            snprintf(number, sizeof number, "%.15s", e->d_name);
    closedir(dir);
    return pos < 0 ? 0 : (uint64_t)pos;
}

static void wait_for_reader(uint64_t lag)
{
    const struct timespec pause = {0, 500000};

    while (file_bytes > read_so_far() + lag) {
        waits++;
        nanosleep(&pause, NULL);
    }
}

static void rotate(void)
{
    close(fd);
    if (rename(want.log, want.moved) != 0)
        fail("rename");
    create();
    printf("rotated %llu\n", (unsigned long long)++rotations);
}

/* ... and wait while the reader is too far behind, unless it is the time that counts. */
static void write_out(bool patient)
{
    for (size_t done = 0; done < fill;) {
        ssize_t n = write(fd, buffer + done, fill - done);
        if (n < 0)
            fail("write");
        done += (size_t)n;
    }
    bytes += fill;
    file_bytes += fill;
    fill = 0;
    if (patient)
        wait_for_reader(want.lag);
}

/* Of an open relay the first 64 clients are named, and all others in one alert. */
static enum mark kind_of(uint64_t n)
{
    return n < MARKS * RELAYS ? (enum mark)(n % MARKS) : (enum mark)(1 + n % (MARKS - 1));
}

/* The attack and nothing after it: then the clock is looked at. */
static void write_mark(void)
{
    enum mark kind = kind_of(marks);
    char ip[48];
    struct client c = {0, 40000 + marks % 1000, ip};
    uint64_t id = ++ids;

    snprintf(ip, sizeof ip, "2001:db8:%llx:%llx::1", (unsigned long long)(marks >> 12) + 0x1000,
             (unsigned long long)(marks & 0xfff));
    if (kind == RELAYED) {
        queued(&c, id, marks, marks, false);
        sent_out(c.process + 2, id, marks, marks);
    }
    for (uint64_t i = 0; kind != RELAYED && i < 40; i++) {
        if (kind == GUESSED)
            wrong_password(&c, marks % USERS);
        else if (kind == PROBED)
            denied(&c, i);
        else
            unknown_user(&c, i * 1000 + marks);
    }
    write_out(false);
    printf("mark %s %s %lld\n", mark_names[kind], ip, (long long)now_us());
    marks++;
}

int main(int argc, char **argv)
{
    uint64_t told = 0;

    if (argc != 8) {
        fprintf(stderr, "usage: soak_log LOG LINES PID HOURS ROTATE_BYTES MARK_EVERY LAG_BYTES\n");
        return 2;
    }
    want.log = argv[1];
    snprintf(want.moved, sizeof want.moved, "%s.1", want.log);
    want.lines = strtoull(argv[2], NULL, 10);
    want.pid = atol(argv[3]);
    step_ns = (int64_t)(atof(argv[4]) * 3600e9 / (double)want.lines);
    want.rotate = strtoull(argv[5], NULL, 10);
    want.mark_every = strtoull(argv[6], NULL, 10);
    want.lag = strtoull(argv[7], NULL, 10);
    signal(SIGTERM, end_early);
    setvbuf(stdout, NULL, _IOLBF, 4096);
    create();
    while (lines < want.lines && !ended) {
        session();
        if (lines / want.mark_every > marks) {
            write_out(true);
            write_mark();
        }
        if (fill >= WRITE_AT)
            write_out(true);
        if (file_bytes >= want.rotate)
            rotate();
        if (lines / 1000000 > told)
            printf("lines %llu\n", 1000000 * (unsigned long long)++told);
    }
    write_out(false);
    wait_for_reader(0);
    printf("done %llu %llu %llu %llu\n", (unsigned long long)lines, (unsigned long long)bytes,
           (unsigned long long)rotations, (unsigned long long)waits);
    return 0;
}
