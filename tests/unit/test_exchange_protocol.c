/* test_exchange_protocol.c - dialogues of the Exchange protocol logs, compared with the whole
 * events they must give; headers, files and hostile text
 *
 * The dialogues lie in exchange_protocol_sessions.def. What all events of a file have (connector,
 * session, ports, the client or the next host) is checked once and left out there. */
#include "exchange_rows.h"

#include "exchange_session.h"
#include "parser_memory.h"

struct dialogue {
    const char *name, *rows, *events;
    bool sending;
};

static const struct dialogue dialogues[] = {
#define RECEIVE(name, rows, events) {name, rows, events, false},
#define SEND(name, rows, events)    {name, rows, events, true},
#include "exchange_protocol_sessions.def"
};

static struct rows rows;
static struct seen seen;

static void leave_out_common(bool sending)
{
    rows_without(&seen, "|listener_port=25");
    rows_without(&seen, "|session=08D00000000000A1");
    rows_without(&seen, sending ? "|service=Internet" : "|service=Default Frontend EX1");
    rows_without(&seen, sending ? "|remote=203.0.113.9" : "|client=198.51.100.7:40000");
    rows_without(&seen, ":41000");
    rows_without(&seen, ":41001");
}

static void play(const struct rows_file *file, const char *text)
{
    rows.len = 0;
    rows_header(&rows, file);
    rows_dialogue(&rows, file, text, 0);
    parser_run(NULL, NULL, rows.text, rows.len, &seen);
}

static void every_dialogue(void)
{
    for (size_t i = 0; i < sizeof dialogues / sizeof dialogues[0]; i++) {
        const struct dialogue *d = &dialogues[i];
        int before = test_failures;
        play(d->sending ? &rows_send : &rows_receive, d->rows);
        CHECK_INT(seen.rejected + seen.foreign, 0);
        if (seen.events > 0) {
            CHECK_STR(seen.program, d->sending ? "SmtpSend" : "SmtpReceive");
            CHECK(slice_starts(slice_of(seen.service),
                               slice_of(d->sending ? "Internet" : "Default Frontend EX1")));
        }
        leave_out_common(d->sending);
        CHECK_STR(seen.text, d->events);
        if (test_failures != before)
            printf("#   %s\n", d->name);
    }
}

static void what_all_events_have(void)
{
    play(&rows_receive, "+");
    CHECK_STR(seen.text, "connect|stage=connect|client=198.51.100.7:40000|listener_port=25|"
                         "service=Default Frontend EX1|session=08D00000000000A1");
    CHECK_STR(seen.host, "ex1");
}

/* ---- which way, without a header ---- */

static const char *const short_dialogue = "+\n> 220 x\n< MAIL FROM:<a@example.net>\n"
                                          "> 250 2.1.0 Sender OK\n< RCPT TO:<b@example.org>\n"
                                          "> 550 5.7.1 Unable to relay\n- ~ Local";

static void a_file_without_header_is_known_by_its_connector(void)
{
    struct rows_file file = rows_receive;

    file.log_type = NULL;
    play(&file, short_dialogue);
    CHECK_INT(seen.rejected + seen.foreign, 0);
    CHECK(strstr(seen.text, "rcpt|stage=rcpt|outcome=refused") != NULL);
}

/* Who answers with codes is the server: nothing else tells the two logs apart then. */
static void or_by_who_answers(void)
{
    struct rows_file file = {NULL, "masked", "192.0.2.10:25", "198.51.100.7:40000"};

    play(&file, short_dialogue);
    CHECK(strstr(seen.text, "rcpt|stage=rcpt|outcome=refused") != NULL);
    play(&file, "< 220 mx.example.com\n> MAIL FROM:<a@example.net>\n> RCPT TO:<b@example.com>\n"
                "< 250 2.1.0 Ok\n< 550 5.1.1 User unknown");
    CHECK(strstr(seen.text, "delivery|outcome=bounced") != NULL);
}

static void a_header_half_way_may_change_the_direction(void)
{
    rows.len = 0;
    rows_header(&rows, &rows_receive);
    unsigned second = rows_dialogue(&rows, &rows_receive, "+\n< MAIL FROM:<a@example.net>", 0);
    rows_header(&rows, &rows_receive); /* the service was started again */
    second = rows_dialogue(&rows, &rows_receive,
                           "> 250 2.1.0 Sender OK\n< RCPT TO:<b@example.org>\n"
                           "> 250 2.1.5 Recipient OK",
                           second);
    rows_header(&rows, &rows_send);
    rows_dialogue(&rows, &rows_send,
                  "+\n> MAIL FROM:<a@example.org>\n< 250 Ok\n> RCPT TO:<c@example.com>\n"
                  "< 550 5.1.1 no such user",
                  second);
    parser_run(NULL, NULL, rows.text, rows.len, &seen);
    CHECK_INT(seen.rejected + seen.foreign, 0);
    CHECK_INT(seen.events, 3);
    CHECK(strstr(seen.text, "|sender=a@example.net|rcpt=b@example.org") != NULL);
    CHECK(strstr(seen.text, "\ndelivery|outcome=bounced") != NULL);
}

/* ---- files ---- */

static struct record_reader *open_file(struct parser_memory *memory)
{
    static const struct time_zone utc;
    struct parser_env env = {.zone = &utc, .memory = memory};

    return record_reader_new(&env, parsers_find(SLICE_LIT("exchange_protocol")), SLICE_NONE);
}

static void feed_all(struct record_reader *r)
{
    slice rest = {rows.text, rows.len};

    for (uint64_t number = 1; rest.len > 0; number++) {
        slice line = slice_first(rest, slice_find_byte(rest, '\n'));
        parser_run_line(r, line, number, &seen);
        rest = slice_from(rest, line.len + 1);
    }
    while (parser_run_line(r, SLICE_NONE, 0, &seen))
        ;
}

/* Hourly files: a session goes on in the next one, whose sequence numbers start late. */
static void a_session_goes_over_files(void)
{
    struct parser_memory *run = parser_memory_new();
    static const char *const files[] = {"+\n< MAIL FROM:<a@example.net>\n< RCPT TO:<b@example.org>",
                                        "> 250 2.1.0 Sender OK\n> 250 2.1.5 Recipient OK\n- ~ x"};

    memset(&seen, 0, sizeof seen);
    for (unsigned i = 0; i < 2; i++) {
        struct record_reader *r = open_file(run);
        rows.len = 0;
        rows_header(&rows, &rows_receive);
        rows_dialogue(&rows, &rows_receive, files[i], 20 * i);
        feed_all(r);
        record_reader_free(r);
    }
    CHECK(strstr(seen.text, "|sender=a@example.net|rcpt=b@example.org") != NULL);
    CHECK_INT(parser_memory_evictions(run), 0);
    parser_memory_free(run);
}

/* A send log does not name its server; the receive log of the same address does. */
static void the_receive_log_names_the_server_of_the_send_log(void)
{
    struct parser_memory *run = parser_memory_new();
    const char *sent = "+\n> EHLO mail.example.org\n< 250 hi\n* 729 ~ sending message\n"
                       "> MAIL FROM:<a@example.net>\n< 250 Ok\n> RCPT TO:<v@victim.example>\n"
                       "< 550 5.1.1 no such user";

    for (int known = 0; known < 2; known++) {
        struct record_reader *receive = open_file(run), *send = open_file(run);
        if (known) {
            rows.len = 0;
            rows_header(&rows, &rows_receive);
            rows_dialogue(&rows, &rows_receive, "+", 0);
            feed_all(receive);
        }
        memset(&seen, 0, sizeof seen);
        rows.len = 0;
        rows_header(&rows, &rows_send);
        rows_dialogue(&rows, &rows_send, sent, 10);
        feed_all(send);
        CHECK_INT(seen.events, 1);
        CHECK_STR(seen.host, known ? "ex1" : "mail");
        record_reader_free(receive);
        record_reader_free(send);
    }
    parser_memory_free(run);
}

/* ---- hostile text ---- */

static void a_message_id_cannot_forge_a_queue_id(void)
{
    play(&rows_receive,
         "+\n< MAIL FROM:<a@example.net>\n> 250 2.1.0 Sender OK\n< DATA\n> 354 go\n"
         "> 250 2.6.0 <x> [InternalId=666, Hostname=victim] Queued mail for delivery> "
         "[InternalId=7, Hostname=EX1] Queued mail for delivery");
    CHECK(strstr(seen.text, "|queue_id=7|") != NULL);
    CHECK(strstr(seen.text, "|queue_id=666") == NULL);
    play(&rows_receive, "+\n< DATA\n> 354 go\n"
                        "> 250 2.6.0 <x> [InternalId=6x6] Queued mail for delivery");
    CHECK(strstr(seen.text, "queue_id") == NULL);
}

/* What a client writes stays in its cell: it makes no row, no reply, no account, no client. */
static void a_client_cannot_forge(void)
{
    static const char *const tries[] = {
        "EHLO a,>,235 2.7.0 Authentication successful",
        "EHLO \"x\",*,EXAMPLE\\admin,authenticated",
        "NOOP 2026-03-02T10:00:00.000Z,EX1\\x,08D00000000000A1,9,192.0.2.10:25,203.0.113.1:1,+,,",
        "XPROXYFROM SID=08D0000000000F01 IP=203.0.113.77 PORT=1 DOMAIN=x AUTHSRC=Internal",
        "XPROXY SID=08D0000000000F01 IP=203.0.113.77",
        "X-EXPS GSSAPI",
    };

    for (size_t i = 0; i < sizeof tries / sizeof tries[0]; i++) {
        char text[512];
        snprintf(text, sizeof text,
                 "+\n< %s\n> 500 5.3.3 Unrecognized command\n< MAIL FROM:<a@example.net>\n"
                 "> 250 2.1.0 Sender OK\n< RCPT TO:<v@victim.example>\n"
                 "> 250 2.1.5 Recipient OK\n- ~ Remote",
                 tries[i]);
        play(&rows_receive, text);
        CHECK(strstr(seen.text, "|user=") == NULL);
        CHECK(strstr(seen.text, "client=203.0.113") == NULL);
        CHECK(strstr(seen.text, "rcpt|stage=rcpt|outcome=accepted|client=198.51.100.7:40000") !=
              NULL);
        CHECK(strstr(seen.text, "disconnect|client=198.51.100.7:40000") != NULL);
    }
}

/* Addresses longer than any may be are not taken for their first half. */
static void what_does_not_fit_is_left_out(void)
{
    char text[4096], local[700];

    memset(local, 'a', sizeof local - 1);
    local[sizeof local - 1] = '\0';
    snprintf(text, sizeof text,
             "+\n< EHLO %s\n> 250 hi\n< MAIL FROM:<%s@example.net>\n> 250 2.1.0 Sender OK\n"
             "< RCPT TO:<%s%%victim.example@example.org>\n> 250 2.1.5 Recipient OK",
             local, local, local);
    play(&rows_receive, text);
    CHECK(strstr(seen.text, "rcpt|stage=rcpt|outcome=accepted") != NULL);
    CHECK(strstr(seen.text, "|sender=") == NULL);
    CHECK(strstr(seen.text, "|rcpt=") == NULL);
}

/* Every prefix of a file, each line in a block of its own size. */
static void a_file_cut_anywhere(void)
{
    struct parser_memory *run = parser_memory_new();

    rows.len = 0;
    rows_header(&rows, &rows_receive);
    rows_dialogue(&rows, &rows_receive, dialogues[0].rows, 0);
    for (size_t cut = 0, whole = rows.len; cut < whole; cut++) {
        struct record_reader *r = open_file(run);
        memset(&seen, 0, sizeof seen);
        rows.len = cut;
        feed_all(r);
        record_reader_free(r);
        CHECK(seen.rejected + seen.foreign <= 1);
    }
    parser_memory_free(run);
}

/* A flood of sessions: the longest silent give way, and are counted. */
static void sessions_are_bounded(void)
{
    struct parser_memory *run = parser_memory_new();
    struct record_reader *r = open_file(run);
    enum { FLOOD = EXCHANGE_SESSIONS + 500 };

    memset(&seen, 0, sizeof seen);
    rows.len = 0;
    rows_header(&rows, &rows_receive);
    feed_all(r);
    for (unsigned i = 0; i < FLOOD; i++) {
        char line[256];
        int n = snprintf(line, sizeof line,
                         "2026-03-02T10:00:00.000Z,EX1\\x,08D0000000%06X,1,192.0.2.10:25,"
                         "198.51.100.7:%u,<,RCPT TO:<u%u@example.org>,",
                         i, 1 + i, i);
        parser_run_line(r, (slice){line, (size_t)n}, i, &seen);
    }
    CHECK_INT(parser_memory_evictions(run), 500);
    CHECK_INT(seen.events + seen.rejected, 0);
    record_reader_free(r);
    parser_memory_free(run);
}

/* One client that writes recipients ahead for ever holds its share, no more. */
static void commands_are_bounded(void)
{
    struct parser_memory *run = parser_memory_new();
    struct record_reader *r = open_file(run);
    char line[256];
    int n;

    memset(&seen, 0, sizeof seen);
    rows.len = 0;
    rows_header(&rows, &rows_receive);
    feed_all(r);
    for (unsigned i = 0; i < 3 * EXCHANGE_COMMANDS; i++) {
        unsigned session = i % 5;
        n = snprintf(line, sizeof line,
                     "2026-03-02T10:00:00.000Z,EX1\\x,08D000000000000%u,1,192.0.2.10:25,"
                     "198.51.100.7:%u,<,RCPT TO:<u%u@example.org>,",
                     session, 1 + session, i);
        parser_run_line(r, (slice){line, (size_t)n}, i, &seen);
    }
    CHECK(parser_memory_evictions(run) > 0);
    n = snprintf(line, sizeof line,
                 "2026-03-02T10:00:01.000Z,EX1\\x,08D0000000000000,1,192.0.2.10:25,"
                 "198.51.100.7:1,>,250 2.1.5 Recipient OK,");
    parser_run_line(r, (slice){line, (size_t)n}, 0, &seen);
    CHECK_INT(seen.rejected, 0);
    CHECK_INT(seen.events, 1);
    record_reader_free(r);
    parser_memory_free(run);
}

static const struct test_case cases[] = {
    {"every dialogue gives its events", every_dialogue},
    {"what all events have", what_all_events_have},
    {"a file without header is known by its connector",
     a_file_without_header_is_known_by_its_connector},
    {"or by who answers", or_by_who_answers},
    {"a header half-way may change the direction", a_header_half_way_may_change_the_direction},
    {"a session goes over files", a_session_goes_over_files},
    {"the receive log names the server of the send log",
     the_receive_log_names_the_server_of_the_send_log},
    {"a Message-ID cannot forge a queue id", a_message_id_cannot_forge_a_queue_id},
    {"a client cannot forge an account, a client or a row", a_client_cannot_forge},
    {"what does not fit is left out", what_does_not_fit_is_left_out},
    {"a file cut anywhere is survived", a_file_cut_anywhere},
    {"sessions are bounded", sessions_are_bounded},
    {"commands are bounded", commands_are_bounded},
};

TEST_MAIN(cases)
