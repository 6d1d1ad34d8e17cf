/* exchange_rows.h - dialogues in short form, made into files of the protocol log
 *
 * One line a row: "+", "-", "> TEXT" and "< TEXT" as in the log, "* DATA ~ CONTEXT"; a leading
 * "#2 " puts the row into the second session. The rows get one second each. */
#ifndef TESTS_UNIT_EXCHANGE_ROWS_H
#define TESTS_UNIT_EXCHANGE_ROWS_H

#include "parser_fixture.h"

enum { ROWS_TEXT = 65536 };

/* Which log the rows are put into, and what stands in front of the sign. */
struct rows_file {
    const char *log_type; /* NULL: no header */
    const char *connector, *local, *remote;
};

static const struct rows_file rows_receive = {"SMTP Receive Protocol Log",
                                              "EX1\\Default Frontend EX1", "192.0.2.10:25",
                                              "198.51.100.7:40000"};
static const struct rows_file rows_send = {"SMTP Send Protocol Log", "Internet", "192.0.2.10:50000",
                                           "203.0.113.9:25"};

struct rows {
    char text[ROWS_TEXT];
    size_t len;
};

__attribute__((format(printf, 2, 3))) static inline void rows_add(struct rows *r,
                                                                  const char *format, ...)
{
    va_list args;

    va_start(args, format);
    int n = vsnprintf(r->text + r->len, sizeof r->text - r->len, format, args);
    va_end(args);
    if (n > 0 && r->len + (size_t)n < sizeof r->text)
        r->len += (size_t)n;
}

static inline void rows_cell(struct rows *r, slice cell)
{
    bool quoted = slice_find_byte(cell, ',') < cell.len || slice_find_byte(cell, '"') < cell.len;

    rows_add(r, quoted ? ",\"" : ",");
    for (size_t i = 0; i < cell.len; i++)
        rows_add(r, cell.ptr[i] == '"' ? "\"\"" : "%c", cell.ptr[i]);
    rows_add(r, quoted ? "\"" : "");
}

static inline void rows_header(struct rows *r, const struct rows_file *file)
{
    if (file->log_type != NULL)
        rows_add(r,
                 "#Software: Microsoft Exchange Server\n#Version: 15.0.0.0\n#Log-type: %s\n"
                 "#Date: 2026-03-02T10:00:00.000Z\n#Fields: date-time,connector-id,session-id,"
                 "sequence-number,local-endpoint,remote-endpoint,event,data,context\n",
                 file->log_type);
}

/* Append a dialogue; returns the second after its last row. */
static inline unsigned rows_dialogue(struct rows *r, const struct rows_file *file, const char *text,
                                     unsigned second)
{
    slice rest = slice_of(text);

    for (; rest.len > 0; second++) {
        slice line = slice_first(rest, slice_find_byte(rest, '\n'));
        bool other = slice_starts(line, SLICE_LIT("#2 "));
        slice row = slice_from(line, other ? 3 : 0), data = slice_from(row, 1);
        size_t bar = row.ptr[0] == '*' ? slice_find(data, SLICE_LIT(" ~ ")) : data.len;
        rows_add(r, "2026-03-02T10:%02u:%02u.000Z,%s,08D00000000000A%d,%u,%s,%s,%c", second / 60,
                 second % 60, file->connector, other ? 2 : 1, second, file->local, file->remote,
                 row.ptr[0]);
        rows_cell(r, slice_trim(slice_first(data, bar)));
        rows_cell(r, slice_trim(slice_from(data, bar + 3)));
        rows_add(r, "\n");
        rest = slice_from(rest, line.len + 1);
    }
    return second;
}

/* Take a constant member out of every event, for the sake of the reader. */
static inline void rows_without(struct seen *seen, const char *member)
{
    size_t n = strlen(member);
    char *at;

    while ((at = strstr(seen->text, member)) != NULL)
        memmove(at, at + n, strlen(at + n) + 1);
    seen->len = strlen(seen->text);
}

#endif
