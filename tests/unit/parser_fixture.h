/* parser_fixture.h - events as one line of text, and lines through a parser, for the tests of
 * parsers
 *
 * An event is its kind and every present member as key=value, joined by "|": a member that is set
 * without being expected shows as well as one that is missing. HOST, INSTANCE and PROGRAM, which
 * nearly every event has, are kept apart. */
#ifndef TESTS_UNIT_PARSER_FIXTURE_H
#define TESTS_UNIT_PARSER_FIXTURE_H

#include "test.h"

#include <stdarg.h>
#include <stdlib.h>

#include "parsers.h"
#include "record_reader.h"

enum { EVENT_TEXT = 8192 };

/* What the sink saw: one event a line. */
struct seen {
    char text[EVENT_TEXT];
    size_t len;
    unsigned events;
    char instance[64], program[64], service[64], host[64];
    uint32_t repeat;
    int64_t time_us;                            /* of the last event */
    unsigned lines, skipped, rejected, foreign; /* of parser_run() */
};

__attribute__((format(printf, 2, 3))) static inline void seen_add(struct seen *seen,
                                                                  const char *format, ...)
{
    va_list args;

    va_start(args, format);
    int n = vsnprintf(seen->text + seen->len, sizeof seen->text - seen->len, format, args);
    va_end(args);
    if (n > 0)
        seen->len += (size_t)n;
    if (seen->len >= sizeof seen->text)
        seen->len = sizeof seen->text - 1;
}

static inline void seen_add_name(struct seen *seen, const char *key, const char *name)
{
    if (name[0] != '\0')
        seen_add(seen, "|%s=%s", key, name);
}

static inline void seen_add_ip(struct seen *seen, const char *key, const struct ip_addr *ip,
                               unsigned port)
{
    char buf[IP_ADDR_TEXT];

    if (ip->family == 0)
        return;
    (void)ip_addr_format(ip, buf);
    seen_add(seen, "|%s=%s", key, buf);
    if (port != 0)
        seen_add(seen, ":%u", port);
}

static inline void seen_add_numbers(struct seen *seen, const struct event *ev)
{
    if (ev->reply_code != 0)
        seen_add(seen, "|reply_code=%u", ev->reply_code);
    if (ev->status[0] != 0)
        seen_add(seen, "|status=%u.%u.%u", ev->status[0], ev->status[1], ev->status[2]);
    if (ev->repeat != 1)
        seen_add(seen, "|repeat=%u", ev->repeat);
    if (ev->nrcpt != 0)
        seen_add(seen, "|nrcpt=%u", ev->nrcpt);
    if (ev->size != 0)
        seen_add(seen, "|size=%" PRIu64, ev->size);
    if (ev->delay_ms >= 0)
        seen_add(seen, "|delay_ms=%" PRId64, ev->delay_ms);
    if (ev->uid >= 0)
        seen_add(seen, "|uid=%" PRId64, ev->uid);
    if (ev->listener_port != 0)
        seen_add(seen, "|listener_port=%u", ev->listener_port);
    seen_add_name(seen, "flags", ev->null_sender ? "null_sender" : "");
    seen_add_name(seen, "flags", ev->soft ? "soft" : "");
    seen_add_name(seen, "flags", ev->local_submit ? "local_submit" : "");
    seen_add_name(seen, "flags", ev->auth_hidden ? "auth_hidden" : "");
}

static inline void seen_add_counters(struct seen *seen, const struct session_counters *c)
{
    if (!c->present)
        return;
    seen_add(seen, "|counters=auth %u/%u mail %u/%u rcpt %u/%u data %u/%u commands %u/%u",
             c->auth_ok, c->auth_all, c->mail_ok, c->mail_all, c->rcpt_ok, c->rcpt_all, c->data_ok,
             c->data_all, c->commands_ok, c->commands_all);
    seen_add(seen, " vrfy %u etrn %u rset %u%s", c->vrfy_all, c->etrn_all, c->rset_all,
             c->bare_lf ? " bare_lf" : "");
}

static inline bool seen_is_common(enum event_field f)
{
    return f == EF_HOST || f == EF_INSTANCE || f == EF_PROGRAM;
}

static inline void seen_take(void *arg, struct event *ev)
{
    struct seen *seen = arg;

    if (seen->events++ > 0)
        seen_add(seen, "\n");
    seen_add(seen, "%s", event_kind_name(ev->kind));
    seen_add_name(seen, "stage", event_stage_name(ev->stage));
    seen_add_name(seen, "outcome", event_outcome_name(ev->outcome));
    seen_add_name(seen, "route", event_route_name(ev->route));
    seen_add_name(seen, "dsn", event_dsn_name(ev->dsn));
    seen_add_name(seen, "done", event_done_name(ev->done));
    seen_add_name(seen, "anomaly", event_anomaly_name(ev->anomaly));
    seen_add_name(seen, "ground", event_ground_name(ev->ground));
    seen_add_ip(seen, "client", &ev->client, ev->client_port);
    seen_add_ip(seen, "orig_client", &ev->orig_client, 0);
    seen_add_ip(seen, "remote", &ev->remote, 0);
    seen_add_numbers(seen, ev);
    seen_add_counters(seen, &ev->counters);
    for (enum event_field f = 0; f < EF_COUNT; f++)
        if (event_has(ev, f) && !seen_is_common(f))
            seen_add(seen, "|%s=%.*s", event_field_name(f), (int)ev->field[f].len,
                     ev->field[f].ptr);
    (void)slice_keep(event_field(ev, EF_INSTANCE), seen->instance, sizeof seen->instance);
    (void)slice_keep(event_field(ev, EF_SERVICE), seen->service, sizeof seen->service);
    (void)slice_keep(event_field(ev, EF_PROGRAM), seen->program, sizeof seen->program);
    (void)slice_keep(event_field(ev, EF_HOST), seen->host, sizeof seen->host);
    seen->repeat = ev->repeat;
    seen->time_us = ev->time_us;
}

/* One line, from a heap block of exactly its size, into an event dirtied by the line before. */
static inline bool parser_run_line(struct record_reader *records, slice line, uint64_t number,
                                   struct seen *seen)
{
    static struct event ev;
    const struct event_sink sink = {seen_take, seen};
    char *block = line.ptr == NULL ? NULL : malloc(line.len == 0 ? 1 : line.len);
    struct line_pos pos = {.number = number, .text = {block, line.len}};
    struct log_record rec;
    enum parse_result result = PARSE_SKIP;

    if (block != NULL && line.len > 0)
        memcpy(block, line.ptr, line.len);
    enum record_status status = record_reader_next(records, pos.text, &pos, &rec);
    if (status == RECORD_READY) {
        memset(&ev, 0xa5, sizeof ev);
        result = rec.parser->parse(rec.state, &rec.rec, &ev, &sink);
    }
    seen->rejected += status == RECORD_REJECT || result == PARSE_REJECT;
    seen->foreign += status == RECORD_FOREIGN || result == PARSE_FOREIGN;
    seen->skipped += line.ptr != NULL &&
                     (status == RECORD_SKIP || (status == RECORD_READY && result == PARSE_SKIP));
    free(block);
    return status == RECORD_READY;
}

/* A whole file through the reader of formats.
 *   in        parser   NULL: the file's first lines decide
 *             zone     of times that carry none; NULL: UTC */
static inline void parser_run(const struct parser *parser, const struct time_zone *zone,
                              const char *text, size_t len, struct seen *seen)
{
    static const struct time_zone utc_zone;
    struct parser_env env = {.zone = zone == NULL ? &utc_zone : zone, .year = 2026};
    slice rest = {text, len};
    struct record_reader *records =
        record_reader_new(&env, parser, slice_first(rest, RECORD_READER_HEAD));

    memset(seen, 0, sizeof *seen);
    while (rest.len > 0) {
        size_t eol = slice_find_byte(rest, '\n');
        parser_run_line(records, slice_first(rest, eol), ++seen->lines, seen);
        rest = slice_from(rest, eol + 1);
    }
    while (parser_run_line(records, SLICE_NONE, seen->lines, seen))
        ;
    record_reader_free(records);
}

#endif
