/* test_exchange_tracking.c - rows of every kind and version, text that imitates rows, rows that are
 * cut, and what relaying and backscatter look like in this log */
#include "flow_fixture.h"
#include "parser_fixture.h"

extern const struct parser parser_exchange_tracking;

struct row {
    const char *cells, *events;
};

static const struct row rows[] = {
#define ROW(cells, events) {cells, events},
#include "exchange_tracking_rows.def"
};

static const struct row hostile[] = {
#include "exchange_tracking_hostile.def"
#undef ROW
};

#define NAMES_2007_HEAD                                                                            \
    "date-time,client-ip,client-hostname,server-ip,server-hostname,source-context,connector-id,"   \
    "source,event-id,internal-message-id,message-id,"
#define NAMES_2007_TAIL                                                                            \
    "recipient-address,recipient-status,total-bytes,recipient-count,related-recipient-address,"    \
    "reference,message-subject,sender-address,return-path,message-info"
#define NAMES_2010 ",directionality,tenant-id,original-client-ip,original-server-ip,custom-data"
#define NAMES_2016 ",transport-traffic-type,log-id,schema-version"

static const char names_now[] =
    NAMES_2007_HEAD "network-message-id," NAMES_2007_TAIL NAMES_2010 NAMES_2016;

/* The cell of a name in "NAME=VALUE|NAME=VALUE"; VALUE ends before "|NAME=". */
static slice value_of(slice cells, slice name)
{
    while (cells.len > 0) {
        slice pair = slice_first(cells, slice_find_byte(cells, '|'));
        if (slice_starts(pair, name) && pair.len > name.len && pair.ptr[name.len] == '=')
            return slice_from(pair, name.len + 1);
        cells = slice_from(cells, pair.len + 1);
    }
    return SLICE_NONE;
}

static size_t put_cell(char *out, slice value)
{
    size_t n = 0;
    bool quoted =
        slice_find_byte(value, ',') < value.len || slice_find_byte(value, '"') < value.len;

    if (quoted)
        out[n++] = '"';
    for (size_t i = 0; i < value.len; i++) {
        out[n++] = value.ptr[i];
        if (value.ptr[i] == '"')
            out[n++] = '"';
    }
    if (quoted)
        out[n++] = '"';
    return n;
}

/* A row of these cells under these names, as Exchange writes it. */
static size_t make_row(char *out, const char *names, const char *cells)
{
    size_t n = (size_t)sprintf(out, "2024-03-05T10:00:00.000Z");
    slice rest = slice_of(names + sizeof "date-time");

    while (rest.len > 0) {
        slice name = slice_first(rest, slice_find_byte(rest, ','));
        out[n++] = ',';
        n += put_cell(out + n, value_of(slice_of(cells), name));
        rest = slice_from(rest, name.len + 1);
    }
    out[n] = '\0';
    return n;
}

static void run(const char *names, const char *row, size_t len, struct seen *seen)
{
    static char file[EVENT_TEXT * 2];
    int n = names == NULL ? 0
                          : sprintf(file,
                                    "#Software: Microsoft Exchange Server\r\n#Log-type: Message "
                                    "Tracking Log\r\n#Fields: %s\r\n",
                                    names);

    memcpy(file + n, row, len);
    parser_run(NULL, NULL, file, (size_t)n + len, seen);
}

static void check_rows(const struct row *list, size_t count)
{
    static struct seen seen;
    char row[EVENT_TEXT];

    for (size_t i = 0; i < count; i++) {
        size_t len = make_row(row, names_now, list[i].cells);
        run(names_now, row, len, &seen);
        CHECK_INT(seen.rejected, strcmp(list[i].events, "reject") == 0);
        CHECK_INT(seen.foreign, 0);
        if (seen.events > 0 ||
            (strcmp(list[i].events, "skip") != 0 && strcmp(list[i].events, "reject") != 0))
            CHECK_STR(seen.text, list[i].events);
    }
}

static void every_kind_of_row(void)
{
    check_rows(rows, sizeof rows / sizeof rows[0]);
}

static void hostile_rows(void)
{
    check_rows(hostile, sizeof hostile / sizeof hostile[0]);
}

static void the_row_names_its_server(void)
{
    static const struct {
        const char *cells, *host;
    } list[] = {
        {"source=SMTP|event-id=RECEIVE|client-hostname=x|server-hostname=MAIL1.example.org|"
         "internal-message-id=1|return-path=a@b",
         "mail1"},
        {"source=SMTP|event-id=SENDEXTERNAL|client-hostname=MAIL1|server-hostname=mx.example.com|"
         "internal-message-id=1|recipient-address=a@b",
         "mail1"},
        {"source=STOREDRIVER|event-id=DELIVER|client-hostname=HUB.example.org|server-hostname=mbx|"
         "internal-message-id=1|recipient-address=a@b",
         "hub"},
        {"source=ROUTING|event-id=FAIL|server-hostname=HUB|internal-message-id=1|"
         "recipient-address=a@b",
         "hub"},
        {"source=SMTP|event-id=RECEIVE|client-hostname=x|server-hostname=192.0.2.5|"
         "internal-message-id=1|return-path=a@b",
         "192.0.2.5"},
    };
    static struct seen seen;
    char row[EVENT_TEXT];

    for (size_t i = 0; i < sizeof list / sizeof list[0]; i++) {
        run(names_now, row, make_row(row, names_now, list[i].cells), &seen);
        CHECK_STR(seen.host, list[i].host);
    }
}

/* 21, 26, 27 and 30 columns; with a header, after another one, and without any. */
static void every_version_with_and_without_its_header(void)
{
    static const char *const versions[] = {
        NAMES_2007_HEAD NAMES_2007_TAIL,
        NAMES_2007_HEAD NAMES_2007_TAIL NAMES_2010,
        NAMES_2007_HEAD "network-message-id," NAMES_2007_TAIL NAMES_2010,
        names_now,
    };
    static const char cells[] =
        "source=SMTP|event-id=RECEIVE|client-ip=198.51.100.7|server-hostname=HUB|"
        "internal-message-id=6|recipient-address=joe@example.org|recipient-count=1|"
        "return-path=a@example.net|message-info=00A: ";
    static struct seen seen;
    char row[EVENT_TEXT], all[4 * EVENT_TEXT] = "";

    for (size_t i = 0; i < sizeof versions / sizeof versions[0]; i++) {
        size_t len = make_row(row, versions[i], cells);
        strcat(strcat(all, row), "\n");
        for (int headed = 0; headed < 2; headed++) {
            run(headed ? versions[i] : NULL, row, len, &seen);
            CHECK_STR(seen.text,
                      "mail|stage=mail|client=198.51.100.7|queue_id=6|sender=a@example.net\n"
                      "envelope|queue_id=6|rcpt=joe@example.org\n"
                      "queued|nrcpt=1|queue_id=6|sender=a@example.net");
        }
    }
    run(NULL, all, strlen(all), &seen);
    CHECK_INT(seen.events, 12);
    CHECK_INT(seen.rejected + seen.foreign, 0);
}

/* A cut row gives no events, or no other ones; never a client, user or recipient of its own. */
static void a_row_cut_anywhere_forges_nothing(void)
{
    static const char *const forged[] = {"client=192.0.2.66", "user=admin", "rcpt=v@victim",
                                         "host=evil"};
    static struct seen seen;
    char row[EVENT_TEXT];

    for (size_t i = 0; i < sizeof rows / sizeof rows[0] + sizeof hostile / sizeof hostile[0]; i++) {
        size_t n = sizeof rows / sizeof rows[0];
        size_t len = make_row(row, names_now, i < n ? rows[i].cells : hostile[i - n].cells);
        for (size_t cut = 0; cut < len; cut++) {
            run(names_now, row, cut, &seen);
            for (size_t k = 0; k < sizeof forged / sizeof forged[0]; k++)
                if (strstr(seen.text, forged[k]) != NULL) {
                    CHECK_STR(seen.text, forged[k]);
                    printf("#   row %zu cut at %zu\n", i, cut);
                }
        }
    }
}

/* ---- what it means ---- */

/* Rows as in the .def files, a line each, through correlator and relay detectors. */
static void feed(struct flow *f, const char *const *cells)
{
    static const struct time_zone utc_zone;
    struct parser_env env = {.zone = &utc_zone};
    struct event_sink sink = {flow_event, f};
    struct record_reader *records = record_reader_new(&env, &parser_exchange_tracking, SLICE_NONE);
    struct event ev;
    char row[EVENT_TEXT];

    for (; *cells != NULL; cells++) {
        slice line = {row, make_row(row, names_now, *cells)};
        struct line_pos pos = {.number = 1, .text = line};
        struct log_record rec;
        CHECK(record_reader_next(records, line, &pos, &rec) == RECORD_READY);
        CHECK(rec.parser->parse(rec.state, &rec.rec, &ev, &sink) != PARSE_REJECT);
    }
    record_reader_free(records);
}

#define IN_TO(rcpt, info, directionality)                                                          \
    "source=SMTP|event-id=RECEIVE|server-hostname=HUB|internal-message-id=1|network-message-id=t1" \
    "|client-ip=10.0.0.5|original-client-ip=198.51.100.7|recipient-count=1|return-path="           \
    "a@example.net|recipient-address=" rcpt "|message-info=" info                                  \
    "|directionality=" directionality
#define OUT_TO(rcpt)                                                                               \
    "source=SMTP|event-id=SENDEXTERNAL|client-hostname=EDGE|internal-message-id=9|"                \
    "network-message-id=t1|server-ip=203.0.113.26|server-hostname=mx.victim.example|"              \
    "recipient-count=1|return-path=a@example.net|recipient-address=" rcpt

static enum verdict_state verdict_of(const char *const *cells)
{
    struct flow *f = flow_start();
    enum verdict_state state;

    feed(f, cells);
    state = flow_verdict(f);
    flow_end(f);
    return state;
}

static void strangers_mail_to_strangers_is_relaying(void)
{
    CHECK_INT(verdict_of((const char *const[]){IN_TO("v@victim.example", "0cA: ", "Incoming"),
                                               OUT_TO("v@victim.example"), NULL}),
              VERDICT_YES);
    CHECK_INT(
        verdict_of((const char *const[]){IN_TO("v%victim.example@example.org", "0cA: ", "Incoming"),
                                         OUT_TO("v@victim.example"), NULL}),
        VERDICT_YES);
    CHECK_INT(verdict_of((const char *const[]){
                  IN_TO("v@victim.example", "0cA: ", "Incoming"),
                  "source=SMTP|event-id=DEFER|client-hostname=HUB|server-ip=203.0.113.26|"
                  "internal-message-id=1|network-message-id=t1|recipient-address=v@victim.example|"
                  "recipient-status=451 4.7.1 later|recipient-count=1",
                  NULL}),
              VERDICT_EXPOSED);
}

static void what_is_no_relaying(void)
{
    /* the log does not say whether the client had logged in */
    CHECK_INT(verdict_of((const char *const[]){IN_TO("v@victim.example", "06I: ", "Originating"),
                                               OUT_TO("v@victim.example"), NULL}),
              VERDICT_NO);
    /* our user forwards his mail */
    CHECK_INT(verdict_of((const char *const[]){
                  IN_TO("joe@example.org", "0cA: ", "Incoming"),
                  "source=ROUTING|event-id=REDIRECT|server-hostname=HUB|internal-message-id=1|"
                  "network-message-id=t1|recipient-address=joe@private.example|recipient-count=1|"
                  "related-recipient-address=joe@example.org",
                  OUT_TO("joe@private.example"), NULL}),
              VERDICT_NO);
    /* a rule adds a recipient, and no row says so */
    CHECK_INT(verdict_of((const char *const[]){IN_TO("joe@example.org", "0cA: ", "Incoming"),
                                               OUT_TO("archive@private.example"), NULL}),
              VERDICT_NO);
    /* a shadow copy is no mail */
    CHECK_INT(verdict_of((const char *const[]){
                  IN_TO("joe@example.org", "0cA: ", "Incoming"),
                  "source=SMTP|event-id=HARECEIVE|client-hostname=HUB|server-hostname=HUB2|"
                  "internal-message-id=5|network-message-id=t1|recipient-address=v@victim.example|"
                  "recipient-count=1|return-path=a@example.net",
                  NULL}),
              VERDICT_NO);
    /* the mailbox of a user */
    CHECK_INT(verdict_of((const char *const[]){
                  "source=STOREDRIVER|event-id=RECEIVE|server-hostname=HUB|internal-message-id=1|"
                  "network-message-id=t1|source-context=MDB:1, Mailbox:2, ClientType:OWA|"
                  "original-client-ip=198.51.100.7|return-path=joe@example.org|recipient-count=1",
                  OUT_TO("v@victim.example"), NULL}),
              VERDICT_NO);
}

static void one_delivery_in_two_logs_counts_once(void)
{
    struct flow *f = flow_start();
    struct top_table top;

    feed(f, (const char *const[]){
                IN_TO("joe@example.org", "0cA: ", "Incoming"),
                "source=SMTP|event-id=SEND|client-hostname=HUB|server-hostname=hub.example.org|"
                "connector-id=Intra-Organization SMTP Send Connector|source-context=;250 2.0.0 OK "
                "<m> [Hostname=hub.example.org];ClientSubmitTime:|internal-message-id=1|"
                "network-message-id=t1|recipient-address=joe@example.org|recipient-count=1",
                "source=STOREDRIVER|event-id=DELIVER|client-hostname=hub.example.org|"
                "server-hostname=HUB|internal-message-id=1|network-message-id=t1|"
                "recipient-address=joe@example.org|recipient-count=1",
                IN_TO("joe@example.org", "0cA: ", "Incoming"), NULL});
    originators_top(f->originators, TOP_RECIPIENT_DOMAINS, 5, &top);
    CHECK_INT(top.count, 1);
    CHECK_INT(top.rows[0].messages, 1);
    originators_top_free(&top);
    originators_top(f->originators, TOP_CLIENTS, 5, &top);
    CHECK_INT(top.rows[0].messages, 1);
    originators_top_free(&top);
    flow_end(f);
}

static void a_bounce_knows_what_it_is_about(void)
{
    struct flow *f = flow_start();
    const struct flow_seen *s;

    feed(f, (const char *const[]){
                IN_TO("no@example.org", "0cA: ", "Incoming"),
                "source=ROUTING|event-id=FAIL|server-hostname=HUB|internal-message-id=1|"
                "network-message-id=t1|recipient-address=no@example.org|recipient-count=1|"
                "recipient-status=550 5.1.1 RESOLVER.ADR.RecipNotFound; not found|"
                "reference=<d1@hub.example.org>|return-path=a@example.net",
                "source=DSN|event-id=DSN|server-hostname=HUB|source-context=Failure|"
                "internal-message-id=2|network-message-id=t2|message-id=<d1@hub.example.org>|"
                "recipient-address=a@example.net|recipient-count=1|reference=<m@example.net>|"
                "return-path=<>",
                NULL});
    s = flow_last(f, EVENT_DSN, NULL);
    CHECK_STR(s->sender, "a@example.net");
    CHECK(s->outside && s->has_child);
    CHECK(s->flags & MESSAGE_LOCAL_FAILED);
    CHECK(flow_last(f, EVENT_QUEUED, "2")->flags & MESSAGE_IS_DSN);
    CHECK_INT(flow_last(f, EVENT_DELIVERY, NULL)->reason, REASON_RCPT_UNKNOWN);
    flow_end(f);
}

static const struct test_case cases[] = {
    {"every kind of row", every_kind_of_row},
    {"text of outsiders imitates nothing", hostile_rows},
    {"the row names its server", the_row_names_its_server},
    {"every version, with and without its header", every_version_with_and_without_its_header},
    {"a row cut anywhere forges nothing", a_row_cut_anywhere_forges_nothing},
    {"strangers' mail to strangers is relaying", strangers_mail_to_strangers_is_relaying},
    {"what is no relaying", what_is_no_relaying},
    {"one delivery in two logs counts once", one_delivery_in_two_logs_counts_once},
    {"a bounce knows what it is about", a_bounce_knows_what_it_is_about},
};

TEST_MAIN(cases)
