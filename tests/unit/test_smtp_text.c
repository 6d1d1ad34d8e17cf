/* test_smtp_text.c - SMTP commands and replies as clients and servers really write them */
#include "smtp_text.h"
#include "test.h"

#include <stdlib.h>

struct command_row {
    const char *line;
    enum smtp_verb verb;
    const char *args, *path; /* path NULL: absent */
    uint64_t size;
};

static const struct command_row commands[] = {
    {"MAIL FROM:<a@example.net> SIZE=1460 RET=FULL", SMTP_MAIL,
     "FROM:<a@example.net> SIZE=1460 RET=FULL", "a@example.net", 1460},
    {"MAIL From:<a@example.net>", SMTP_MAIL, "From:<a@example.net>", "a@example.net", 0},
    {"mail from: <a@example.net>", SMTP_MAIL, "from: <a@example.net>", "a@example.net", 0},
    {"MAIL FROM:a@example.net", SMTP_MAIL, "FROM:a@example.net", "a@example.net", 0},
    {"MAIL FROM:a@example.net SIZE=7", SMTP_MAIL, "FROM:a@example.net SIZE=7", "a@example.net", 7},
    {"MAIL  FROM : <a@example.net>", SMTP_MAIL, "FROM : <a@example.net>", "a@example.net", 0},
    {"MAIL FROM:<>", SMTP_MAIL, "FROM:<>", "", 0},
    {"MAIL FROM: <>", SMTP_MAIL, "FROM: <>", "", 0},
    {"MAIL FROM:", SMTP_MAIL, "FROM:", NULL, 0},
    {"MAIL", SMTP_MAIL, "", NULL, 0},
    {"MAIL a@example.net", SMTP_MAIL, "a@example.net", NULL, 0},
    {"MAIL FROM:<a@example.net", SMTP_MAIL, "FROM:<a@example.net", "a@example.net", 0},
    {"MAIL FROM:<a> SIZE=99999999999999999999999", SMTP_MAIL,
     "FROM:<a> SIZE=99999999999999999999999", "a", 0},
    {"MAIL FROM:<a> XSIZE=5 SIZE=6x", SMTP_MAIL, "FROM:<a> XSIZE=5 SIZE=6x", "a", 6},
    {"RCPT TO:<\"a > b\"@example.org> NOTIFY=NEVER", SMTP_RCPT,
     "TO:<\"a > b\"@example.org> NOTIFY=NEVER", "\"a > b\"@example.org", 0},
    {"RCPT TO:<\"a\\\"> b\"@example.org>", SMTP_RCPT, "TO:<\"a\\\"> b\"@example.org>",
     "\"a\\\"> b\"@example.org", 0},
    {"RCPT TO:<\"open@example.org> x", SMTP_RCPT, "TO:<\"open@example.org> x", "\"open@example.org",
     0},
    {"RCPT TO:<@example.org:v@example.com>", SMTP_RCPT, "TO:<@example.org:v@example.com>",
     "@example.org:v@example.com", 0},
    {"HELO mail.example.net", SMTP_HELO, "mail.example.net", NULL, 0},
    {"EHLO [192.0.2.1]\r", SMTP_EHLO, "[192.0.2.1]", NULL, 0},
    {"BDAT 1000 LAST", SMTP_BDAT, "1000 LAST", NULL, 1000},
    {"X-EXPS GSSAPI", SMTP_AUTH, "GSSAPI", NULL, 0},
    {"xxxx mail.example.net", SMTP_MASKED, "mail.example.net", NULL, 0},
    {"get / HTTP/1.0", SMTP_HTTP, "/ HTTP/1.0", NULL, 0},
    {"User-Agent: x", SMTP_HTTP, "x", NULL, 0},
    {"VGhlIHF1aWNr", SMTP_OTHER, "", NULL, 0},
    {"", SMTP_NONE, "", NULL, 0},
    {"   ", SMTP_NONE, "", NULL, 0},
};

/* The command out of a heap block of exactly its size. */
static void read_exactly(const char *line, size_t len, struct smtp_command *c, char **block)
{
    *block = malloc(len == 0 ? 1 : len);
    memcpy(*block, line, len);
    smtp_command_read((slice){*block, len}, c);
}

static void commands_are_split(void)
{
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        const struct command_row *row = &commands[i];
        struct smtp_command c;
        char *block;

        read_exactly(row->line, strlen(row->line), &c, &block);
        CHECK_INT(c.verb, row->verb);
        CHECK_SLICE(c.args, row->args);
        CHECK_INT(c.path.ptr == NULL, row->path == NULL);
        if (row->path != NULL)
            CHECK_SLICE(c.path, row->path);
        CHECK_INT(c.size, row->size);
        free(block);
    }
}

static void a_command_cut_anywhere_is_survived(void)
{
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
        for (size_t len = 0; len <= strlen(commands[i].line); len++) {
            struct smtp_command c;
            char *block;
            read_exactly(commands[i].line, len, &c, &block);
            CHECK(c.path.len <= len && c.args.len <= len);
            free(block);
        }
}

static void the_last_chunk_is_known(void)
{
    struct smtp_command c;

    smtp_command_read(SLICE_LIT("BDAT 10 last"), &c);
    CHECK(c.last);
    smtp_command_read(SLICE_LIT("BDAT 10"), &c);
    CHECK(!c.last);
}

static void replies_are_split(void)
{
    static const struct {
        const char *line;
        unsigned code;
        uint8_t status[3];
        const char *text;
    } rows[] = {
        {"250 OK", 250, {0}, "OK"},
        {"250", 250, {0}, ""},
        {"250-server.example.org Hello [192.0.2.7]",
         250,
         {0},
         "server.example.org Hello [192.0.2.7]"},
        {"550 5.7.1 Unable to relay for v@example.com\r",
         550,
         {5, 7, 1},
         "Unable to relay for v@example.com"},
        {"550 5.7.54 SMTP; Unable to relay", 550, {5, 7, 54}, "SMTP; Unable to relay"},
        {"250 2.1.5 v@example.org ", 250, {2, 1, 5}, "v@example.org"},
        {"250 2.0.0", 250, {2, 0, 0}, ""},
        {"250 2.0.0x", 250, {0}, "2.0.0x"},
        {"250 3.0.0 x", 250, {0}, "3.0.0 x"},
        {"250 2.1 x", 250, {0}, "2.1 x"},
        {"550 5.300.1 x", 550, {5, 255, 1}, "x"},
        {"250-first\n250 second", 250, {0}, "first"},
        {" 354 Send data.", 354, {0}, "Send data."},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct smtp_reply r;
        CHECK(smtp_reply_read(slice_of(rows[i].line), &r));
        CHECK_INT(r.code, rows[i].code);
        CHECK_INT(memcmp(r.status, rows[i].status, 3), 0);
        CHECK_SLICE(r.text, rows[i].text);
    }
}

static void what_is_no_reply_is_none(void)
{
    static const char *const rows[] = {"",      "25",     "25x",   "2500 x", "150 x",
                                       "650 x", "OK 250", "250_x", "MAIL",   "TlRMTVNT"};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct smtp_reply r = {.code = 9};
        CHECK(!smtp_reply_read(slice_of(rows[i]), &r));
        CHECK_INT(r.code, 0);
    }
}

static const struct test_case cases[] = {
    {"commands are split into verb, arguments and path", commands_are_split},
    {"a command cut anywhere is survived", a_command_cut_anywhere_is_survived},
    {"the last chunk is known", the_last_chunk_is_known},
    {"replies are split into codes and text", replies_are_split},
    {"what is no reply is none", what_is_no_reply_is_none},
};

TEST_MAIN(cases)
