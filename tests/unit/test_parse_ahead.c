/* test_parse_ahead.c - records and events of a thread are those that come without it, and it rests
 * and ends wherever it is asked to */
#include "parse_ahead.h"

#include "input_fixtures.h"
#include "test.h"

static const struct hash_key hash_key = {1, 2};

enum { LINES = 30000, RECIPIENTS = 2500 };

struct world {
    char folder[40], path[64];
    struct config config;
    struct input_set inputs;
    struct log_stream *stream;
};

/* What came, in order. */
struct seen {
    uint64_t sum;
    unsigned records, events, warnings, rests;
    uint64_t rejected, lines;
};

static void begin(struct world *w, const char *name, slice content)
{
    memset(w, 0, sizeof *w);
    strcpy(w->folder, "/tmp/relaywatch-test-XXXXXX");
    ASSERT(mkdtemp(w->folder) != NULL);
    ASSERT(time_zone_parse("UTC", &w->config.zone, NULL));
    w->config.since_us = INT64_MIN;
    w->config.until_us = INT64_MAX;
    snprintf(w->path, sizeof w->path, "%s/%s", w->folder, name);
    int fd = open(w->path, O_CREAT | O_WRONLY | O_EXCL, 0600);
    ASSERT(fd >= 0);
    write_fully(fd, content);
    close(fd);
}

static void open_stream(struct world *w)
{
    input_set_init(&w->inputs);
    CHECK(input_set_add(&w->inputs, w->path, NULL));
    w->stream = log_stream_new(&w->config, &w->inputs, INT64_C(1772409600000000), 0);
}

static void close_stream(struct world *w)
{
    w->stream = log_stream_free(w->stream);
    input_set_fini(&w->inputs);
}

static void end(struct world *w)
{
    unlink(w->path);
    rmdir(w->folder);
}

static void add(struct seen *s, const void *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        s->sum = (s->sum ^ ((const unsigned char *)bytes)[i]) * UINT64_C(0x100000001b3);
}

static void add_event(struct seen *s, const struct event *ev)
{
    s->events++;
    add(s, ev, offsetof(struct event, field));
    add(s, &ev->pos.number, sizeof ev->pos.number);
    add(s, ev->pos.text.ptr, ev->pos.text.len);
    for (unsigned i = 0; i < EF_COUNT; i++) {
        slice text = event_field(ev, (enum event_field)i);
        add(s, text.ptr, text.len);
    }
}

static void add_record(struct seen *s, int64_t time_us, const struct parser *parser,
                       enum parse_result result)
{
    s->records++;
    add(s, &time_us, sizeof time_us);
    add(s, parser->name, strlen(parser->name));
    add(s, &result, sizeof result);
}

static void take(void *arg, struct event *ev)
{
    add_event(arg, ev);
}

static void warned(void *arg, const char *text)
{
    struct seen *s = arg;

    s->warnings++;
    add(s, text, strlen(text));
}

static void add_totals(struct world *w, struct seen *s)
{
    struct input_totals t;

    log_stream_totals(w->stream, &t);
    s->rejected = t.rejected;
    s->lines = t.lines;
}

static struct seen without_thread(struct world *w)
{
    struct seen s = {0};
    const struct event_sink sink = {take, &s};
    struct log_record rec;
    struct event ev;

    open_stream(w);
    log_stream_on_warning(w->stream, warned, &s);
    while (log_stream_next(w->stream, &rec)) {
        enum parse_result result = rec.parser->parse(rec.state, &rec.rec, &ev, &sink);
        if (result == PARSE_REJECT)
            log_stream_reject(w->stream, &rec);
        add_record(&s, rec.rec.time_us, rec.parser, result);
    }
    add_totals(w, &s);
    close_stream(w);
    return s;
}

static void take_part(struct parse_ahead *a, const struct parse_ahead_part *part, struct seen *s)
{
    struct event_keyer keyer = {.key = hash_key};
    struct event_keys keys;

    if (part->warning != NULL) {
        warned(s, part->warning);
        return;
    }
    for (unsigned i = 0; i < part->events; i++) {
        const struct event_keys *taken;
        const struct event *ev = parse_ahead_event(a, &taken);
        event_keys_of(&keyer, ev, &keys);
        CHECK(memcmp(&keys, taken, sizeof keys) == 0);
        add_event(s, ev);
    }
    if (part->ends)
        add_record(s, part->time_us, part->parser, part->result);
}

/* It rests after each rest_every parts (0: never). */
static struct seen with_thread(struct world *w, unsigned rest_every)
{
    struct seen s = {0};
    struct parse_ahead_part part;
    unsigned parts = 0;

    open_stream(w);
    struct parse_ahead *a = parse_ahead_start(w->stream, &hash_key);
    ASSERT(a != NULL);
    for (;;) {
        if (parse_ahead_next(a, &part)) {
            take_part(a, &part, &s);
            if (rest_every > 0 && ++parts % rest_every == 0)
                parse_ahead_rest(a);
            continue;
        }
        add_totals(w, &s); /* nobody else looks at the stream now */
        CHECK(s.records <= s.lines);
        if (!parse_ahead_go_on(a))
            break;
        s.rests++;
    }
    CHECK(parse_ahead_stop(a) == NULL);
    close_stream(w);
    return s;
}

static void check_same(const struct seen *want, const struct seen *got)
{
    CHECK_INT(got->records, want->records);
    CHECK_INT(got->events, want->events);
    CHECK_INT(got->warnings, want->warnings);
    CHECK_INT(got->rejected, want->rejected);
    CHECK_INT(got->lines, want->lines);
    CHECK(got->sum == want->sum);
}

static struct bytes many_lines(void)
{
    struct bytes b = {0};
    char line[200];

    for (unsigned i = 0; i < LINES; i++) {
        snprintf(line, sizeof line, "2026-03-02T%02u:%02u:%02u+00:00 mx postfix/%s\n", i / 3600,
                 i / 60 % 60, i % 60,
                 i % 7 == 0 ? "smtpd[9]: NOQUEUE: reject: RCPT from" : "qmgr[1]: 4F1B2: removed");
        bytes_add(&b, slice_of(line));
    }
    return b;
}

static void many_records_come_in_order(void)
{
    struct bytes b = many_lines();
    struct world w;

    begin(&w, "mail.log", bytes_slice(&b));
    struct seen want = without_thread(&w), got = with_thread(&w, 0), rested = with_thread(&w, 997);
    CHECK_INT(want.records, LINES);
    CHECK(want.rejected > 0);
    check_same(&want, &got);
    check_same(&want, &rested);
    CHECK(rested.rests >= 2); /* how far the thread is when it is asked is its own affair */
    end(&w);
    bytes_free(&b);
}

/* One line, one record, more events than a batch holds. */
static void a_record_may_be_longer_than_a_batch(void)
{
    static const char head[] =
        "#Software: Microsoft Exchange Server\r\n#Version: 15.01.2507.006\r\n"
        "#Log-type: Message Tracking Log\r\n#Date: 2026-03-02T00:00:00.000Z\r\n"
        "#Fields: date-time,client-ip,client-hostname,server-ip,server-hostname,source-context,"
        "connector-id,source,event-id,internal-message-id,message-id,recipient-address,"
        "recipient-status,total-bytes,recipient-count,sender-address,return-path\r\n";
    struct bytes b = {0};
    char text[100];
    struct world w;

    bytes_add(&b, slice_of(head));
    for (unsigned message = 0; message < 3; message++) {
        snprintf(text, sizeof text,
                 "2026-03-02T00:00:0%u.000Z,203.0.113.9,x,192.0.2.1,EX,,EX\\Default,SMTP,RECEIVE,%"
                 "u,<m%u@x.example>,\"",
                 message, message, message);
        bytes_add(&b, slice_of(text));
        for (unsigned i = 0; i < RECIPIENTS; i++) {
            snprintf(text, sizeof text, "%sv%u@far.example", i == 0 ? "" : ";", i);
            bytes_add(&b, slice_of(text));
        }
        bytes_add(&b, SLICE_LIT("\",,900,2500,s@x.example,s@x.example\r\n"));
    }
    begin(&w, "MSGTRK20260302-1.LOG", bytes_slice(&b));
    struct seen want = without_thread(&w), got = with_thread(&w, 0), rested = with_thread(&w, 2);
    CHECK_INT(want.records, 3);
    CHECK(want.events > 3 * RECIPIENTS);
    check_same(&want, &got);
    check_same(&want, &rested);
    end(&w);
    bytes_free(&b);
}

static void a_warning_keeps_its_place(void)
{
    struct bytes plain = many_lines(), packed = {0};
    struct world w;

    bytes_add_gzip(&packed, bytes_slice(&plain), 0);
    begin(&w, "mail.log.gz", slice_first(bytes_slice(&packed), packed.len / 2));
    struct seen want = without_thread(&w), got = with_thread(&w, 0);
    CHECK_INT(want.warnings, 1); /* it ends in the middle */
    check_same(&want, &got);
    end(&w);
    bytes_free(&plain);
    bytes_free(&packed);
}

static void it_ends_wherever_it_is(void)
{
    struct bytes b = many_lines();
    struct parse_ahead_part part;
    struct world w;

    begin(&w, "mail.log", bytes_slice(&b));
    for (unsigned after = 0; after < 3000; after += 311) {
        open_stream(&w);
        struct parse_ahead *a = parse_ahead_start(w.stream, &hash_key);
        for (unsigned i = 0; i < after; i++)
            CHECK(parse_ahead_next(a, &part));
        CHECK(parse_ahead_stop(a) == NULL);
        close_stream(&w);
    }
    end(&w);
    bytes_free(&b);
}

static const struct test_case cases[] = {
    {"many records come in order", many_records_come_in_order},
    {"a record may be longer than a batch", a_record_may_be_longer_than_a_batch},
    {"a warning keeps its place", a_warning_keeps_its_place},
    {"it ends wherever it is", it_ends_wherever_it_is},
};
TEST_MAIN(cases)
