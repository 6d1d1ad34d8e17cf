/* mutate.c - log lines gone wrong: mutate SEED BYTES [--utf16] FILE... > LOG
 * Writes BYTES or somewhat more of what is left when the lines of FILEs are damaged: bits flipped,
 * ends and middles cut, lines joined, fields doubled, exchanged, taken from another line or blown
 * up, numbers out of every range, control bytes, NULs, bytes of other encodings, lines repeated,
 * lost and out of order. A fifth of the lines stay as they are, so that the tables behind the
 * parsers fill; the first lines of a file, which name columns, stay in three of four rounds.
 *
 * --utf16: the same as UTF-16 with a mark, little endian; surrogates may stand alone.
 * The last word on standard error is the number of lines: line feeds, and an end without one.
 * source:    what collectors, full disks, copies by FTP, editors and attackers do to a log
 * limits:    seeded, the same in every run; a UTF-16 log as input is made bytes first (Latin-1) */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_MAX_BYTES = 200 * 1000, HEAD_LINES = 6, SHUFFLED = 64, FIELDS = 64 };

struct text {
    char *bytes;
    size_t len;
};

struct log {
    struct text all;
    struct text *lines;
    size_t count;
};

static uint64_t state;
static struct log *logs;
static size_t logs_count;
static uint64_t written, lines;
static bool utf16, open_line;

static uint64_t rnd(uint64_t n)
{
    state += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t z = state;
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return (z ^ z >> 31) % n;
}

static _Noreturn void fail(const char *what, const char *name)
{
    fprintf(stderr, "mutate: %s: %s\n", name, what);
    exit(1);
}

static void *need(void *memory)
{
    if (memory == NULL)
        fail("no memory", "");
    return memory;
}

/* ---- what is read ---- */

static struct text read_all(const char *name)
{
    FILE *file = fopen(name, "rb");
    struct text t = {NULL, 0};
    size_t got, room = 0;

    if (file == NULL)
        fail("cannot be opened", name);
    do {
        room = 2 * room + 65536;
        t.bytes = need(realloc(t.bytes, room));
        got = fread(t.bytes + t.len, 1, room - t.len, file);
        t.len += got;
    } while (t.len == room);
    fclose(file);
    return t;
}

/* The low bytes of a UTF-16 log. */
static void make_bytes(struct text *t)
{
    size_t n = 0;

    if (t->len < 2 || memcmp(t->bytes, "\xff\xfe", 2) != 0)
        return;
    for (size_t i = 2; i + 1 < t->len; i += 2)
        t->bytes[n++] = t->bytes[i];
    t->len = n;
}

static struct log read_log(const char *name)
{
    struct log log = {read_all(name), NULL, 0};
    size_t room = 1;

    make_bytes(&log.all);
    for (size_t i = 0; i < log.all.len; i++)
        room += log.all.bytes[i] == '\n';
    log.lines = need(calloc(room, sizeof *log.lines));
    for (size_t at = 0; at < log.all.len;) {
        char *start = log.all.bytes + at, *end = memchr(start, '\n', log.all.len - at);
        size_t len = end == NULL ? log.all.len - at : (size_t)(end - start);
        log.lines[log.count++] = (struct text){start, len};
        at += len + 1;
    }
    return log;
}

static struct text any_line(void)
{
    const struct log *log = &logs[rnd(logs_count)];
    return log->lines[rnd(log->count)];
}

/* ---- what is written ---- */

static void put(const char *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        open_line = bytes[i] != '\n';
        lines += bytes[i] == '\n';
        if (!utf16)
            continue;
        char high = '\0';
        if (rnd(4000) == 0)
            high = (char)(rnd(2) == 0 ? 0xd8 + rnd(8) : rnd(256)); /* a lone surrogate, or any */
        if (high != '\0' && bytes[i] == '\n')
            high = '\0';
        putchar(bytes[i]);
        putchar(high);
    }
    if (!utf16)
        fwrite(bytes, 1, len, stdout);
    written += utf16 ? 2 * len : len;
}

/* ---- one damage each: the line in buf, of len bytes, room for LINE_MAX_BYTES; the new length ---- */

static size_t insert(char *buf, size_t len, size_t at, const char *what, size_t n)
{
    if (at > len || len + n > LINE_MAX_BYTES)
        return len;
    memmove(buf + at + n, buf + at, len - at);
    memcpy(buf + at, what, n);
    return len + n;
}

static size_t flip_bits(char *buf, size_t len)
{
    for (uint64_t n = 1 + rnd(8); len > 0 && n > 0; n--)
        buf[rnd(len)] ^= (char)(1 << rnd(8));
    return len;
}

static size_t cut_end(char *buf, size_t len)
{
    (void)buf;
    return rnd(len + 1);
}

static size_t cut_middle(char *buf, size_t len)
{
    size_t from = rnd(len + 1), n = rnd(len - from + 1);

    if (rnd(2) == 0 && n > 12)
        n = 1 + rnd(12);
    memmove(buf + from, buf + from + n, len - from - n);
    return len - n;
}

static size_t join(char *buf, size_t len)
{
    struct text other = any_line();
    size_t from = rnd(2) == 0 ? 0 : rnd(other.len + 1);

    return insert(buf, len, rnd(2) == 0 ? len : rnd(len + 1), other.bytes + from, other.len - from);
}

/* Fields lie between delimiters of one kind. */
static size_t find_fields(const char *buf, size_t len, struct text *fields, char *delimiter)
{
    static const char kinds[] = "    ,,,;\t=:<>()[]\"";
    size_t count = 0, from = 0;

    *delimiter = kinds[rnd(sizeof kinds - 1)];
    for (size_t i = 0; i <= len && count < FIELDS; i++)
        if (i == len || buf[i] == *delimiter) {
            fields[count++] = (struct text){(char *)(uintptr_t)buf + from, i - from};
            from = i + 1;
        }
    return count;
}

static size_t copy_field(char *buf, size_t len, uint64_t times, bool others)
{
    struct text fields[FIELDS], from = {buf, len};
    static char held[LINE_MAX_BYTES];
    char delimiter;

    if (others)
        from = any_line();
    size_t count = find_fields(from.bytes, from.len, fields, &delimiter);
    struct text field = fields[rnd(count)];
    size_t n = field.len < sizeof held - 1 ? field.len : sizeof held - 1;
    memcpy(held, field.bytes, n);
    held[n] = delimiter;
    size_t at = others ? rnd(len + 1) : (size_t)(field.bytes - buf);
    for (; times > 0; times--)
        len = insert(buf, len, at, held, n + 1);
    return len;
}

static size_t double_field(char *buf, size_t len)
{
    return copy_field(buf, len, rnd(20) == 0 ? rnd(300) : 1 + rnd(3), false);
}

static size_t foreign_field(char *buf, size_t len)
{
    return copy_field(buf, len, 1, true);
}

static size_t swap_fields(char *buf, size_t len)
{
    struct text f[FIELDS];
    static char held[LINE_MAX_BYTES];
    char delimiter;
    size_t count = find_fields(buf, len, f, &delimiter), a = rnd(count), b = rnd(count), n = 0;

    for (size_t i = 0; i < count; i++) {
        struct text field = f[i == a ? b : i == b ? a : i];
        memcpy(held + n, field.bytes, field.len);
        n += field.len;
        if (i + 1 < count)
            held[n++] = delimiter;
    }
    memcpy(buf, held, n);
    return n;
}

/* One byte, or one word, very many times: beyond every buffer of a parser, at times beyond a line. */
static size_t huge_field(char *buf, size_t len)
{
    static const char *const words[] = {"a",  "<",    "@", "a@", "\"", "\\",   "[", "%", "1.",
                                        "::", "\xff", ",", " ",  "'",  "\xc3", "(", ";", "{\"a\":"};
    static const size_t sizes[] = {255, 256, 320, 1023, 1025, 4096, 8192, 65535, 65536, 120000};
    const char *word = words[rnd(sizeof words / sizeof *words)];
    static char held[130 * 1000];
    size_t size = sizes[rnd(rnd(8) == 0 ? sizeof sizes / sizeof *sizes : 6)], n = strlen(word);

    for (size_t i = 0; i + n <= size; i += n)
        memcpy(held + i, word, n);
    return insert(buf, len, rnd(len + 1), held, size - size % n);
}

static size_t control_bytes(char *buf, size_t len)
{
    for (uint64_t n = 1 + rnd(4); n > 0; n--) {
        char c = (char)(rnd(8) == 0 ? 0x7f : rnd(0x20));
        len = insert(buf, len, rnd(3) == 0 ? 0 : rnd(len + 1), &c, 1);
    }
    return len;
}

static size_t wrong_encoding(char *buf, size_t len)
{
    static const char *const bits[] = {
        "\xc0\xaf", "\xed\xa0\x80", "\xf8\x88\x80\x80\x80", "\xf4\x90\x80\x80", "\xe2\x82",
        "\xff\xfe", "\xfe\xff",     "\xef\xbb\xbf",         "\xe4\xf6\xfc",     "\xe2\x80\xae",
        "\xc2\x85", "\xe2\x80\xa8", "\xf0\x9f\x93\xa7",     "\x1b[31m",         "\xa4@\xb3"};
    const char *what = bits[rnd(sizeof bits / sizeof *bits)];

    if (rnd(20) != 0 || 2 * len > LINE_MAX_BYTES)
        return insert(buf, len, rnd(len + 1), what, strlen(what));
    for (size_t i = len; i-- > 0;) { /* one line of a file is UTF-16 */
        buf[2 * i] = buf[i];
        buf[2 * i + 1] = '\0';
    }
    return 2 * len;
}

static size_t wild_number(char *buf, size_t len)
{
    static const char *const numbers[] = {"0",
                                          "-1",
                                          "4294967296",
                                          "18446744073709551616",
                                          "2147483648",
                                          "99",
                                          "65536",
                                          "00000000",
                                          "9223372036854775807",
                                          "1e400",
                                          "-2147483649",
                                          "0x7fffffff",
                                          "255.256",
                                          "24:60:61",
                                          "9999-99-99"};
    const char *what = numbers[rnd(sizeof numbers / sizeof *numbers)];
    size_t at = rnd(len + 1), end;

    while (at < len && (buf[at] < '0' || buf[at] > '9'))
        at++;
    for (end = at; end < len && buf[end] >= '0' && buf[end] <= '9';)
        end++;
    memmove(buf + at, buf + end, len - end);
    return insert(buf, len - (end - at), at, what, strlen(what));
}

static size_t punctuate(char *buf, size_t len)
{
    static const char marks[] = "\"'<>[](){}=:;,@%\\ \t.-";

    for (uint64_t n = 1 + rnd(3); n > 0 && len > 0; n--) {
        size_t at = rnd(len);
        if (rnd(2) == 0)
            buf[at] = marks[rnd(sizeof marks - 1)];
        else
            len = insert(buf, len, at, &marks[rnd(sizeof marks - 1)], 1);
    }
    return len;
}

static size_t carriage_return(char *buf, size_t len)
{
    return insert(buf, len, rnd(4) == 0 ? rnd(len + 1) : len, "\r\r\r", 1 + rnd(3));
}

static size_t nothing_left(char *buf, size_t len)
{
    (void)buf;
    (void)len;
    return 0;
}

static size_t damage(char *buf, size_t len)
{
    static size_t (*const ways[])(char *, size_t) = {
        flip_bits,     flip_bits,      cut_end,     cut_middle,    cut_middle,  join,
        double_field,  foreign_field,  swap_fields, swap_fields,   wild_number, wild_number,
        control_bytes, wrong_encoding, punctuate,   foreign_field, punctuate,   carriage_return};

    if (rnd(400) == 0)
        return huge_field(buf, len);
    if (rnd(400) == 0)
        return nothing_left(buf, len);
    for (uint64_t n = rnd(3) == 0 ? 1 + rnd(5) : 1; n > 0; n--)
        len = ways[rnd(sizeof ways / sizeof *ways)](buf, len);
    return len;
}

static void put_damaged(struct text line, bool as_it_is)
{
    static char buf[LINE_MAX_BYTES + 1];
    size_t len = line.len < LINE_MAX_BYTES ? line.len : LINE_MAX_BYTES;

    memcpy(buf, line.bytes, len);
    if (!as_it_is && rnd(5) != 0)
        len = damage(buf, len);
    buf[len] = '\n';
    put(buf, len + 1);
}

/* ---- the order of lines ---- */

/* A stretch of a log, its first lines at times in front of it. */
static void put_stretch(bool first)
{
    const struct log *log = &logs[rnd(logs_count)];
    size_t from = first ? 0 : rnd(log->count), order[SHUFFLED], n = log->count - from;
    bool shuffled = rnd(4) == 0;

    for (size_t i = 0; from > 0 && rnd(4) == 0 && i < HEAD_LINES && i < log->count; i++)
        put_damaged(log->lines[i], rnd(4) != 0);
    if (n > SHUFFLED)
        n = SHUFFLED;
    for (size_t i = 0; i < n; i++)
        order[i] = from + i;
    for (size_t i = n; shuffled && !first && i > 1; i--) {
        size_t other = rnd(i), held = order[i - 1];
        order[i - 1] = order[other];
        order[other] = held;
    }
    for (size_t i = 0; i < n; i++) {
        uint64_t fate = rnd(60);
        bool head = first && i < HEAD_LINES;
        for (uint64_t k = head || fate > 1 ? 1 : fate * (1 + rnd(20)); k > 0; k--)
            put_damaged(log->lines[order[i]], head);
    }
}

int main(int argc, char **argv)
{
    int at = 3;

    if (argc > 3 && strcmp(argv[3], "--utf16") == 0)
        utf16 = at++ > 0;
    if (argc <= at)
        fail("mutate SEED BYTES [--utf16] FILE... > LOG", "usage");
    state = strtoull(argv[1], NULL, 10);
    uint64_t wanted = strtoull(argv[2], NULL, 10);
    logs = need(calloc((size_t)(argc - at), sizeof *logs));
    for (; at < argc; at++) {
        logs[logs_count] = read_log(argv[at]);
        logs_count += logs[logs_count].count > 0;
    }
    if (logs_count == 0)
        fail("no lines", "all files");
    if (utf16)
        fwrite("\xff\xfe", 1, 2, stdout);
    written = utf16 ? 2 : 0;
    for (bool first = true; written < wanted; first = false)
        put_stretch(first);
    if (rnd(4) == 0) { /* a log that ends within a line */
        struct text line = any_line();
        put(line.bytes, rnd(line.len + 1));
    }
    fprintf(stderr, "%llu\n", (unsigned long long)(lines + open_line));
    return fflush(stdout) != 0 || ferror(stdout);
}
