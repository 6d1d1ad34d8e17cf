/* dump_events.c - developer's view of the parsers: log lines on stdin, events or unread line shapes
 * on stdout
 *
 * usage: dump_events [--unparsed | --skipped] [--counts] [--year N] [--tz ZONE] [--reference
 * SECONDS] [--wrap TAG] < LOG (no option)   one tab-separated line per event: kind, then key=value
 * of everything that is present
 *   --unparsed    lines that a parser claimed and rejected, and lines without an envelope, as
 * shapes (numbers, ids and addresses masked), most frequent first, with counts
 *   --skipped     the same for lines that a parser knew to be of no interest
 *   --foreign     --unparsed, and lines that no parser claims
 *   --counts      only the totals
 *   --wrap TAG    stdin holds message texts only: put "Jan  1 00:00:00 host TAG[1]: " in front of
 * each line Not installed, not part of the product. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/panic.h"
#include "line_shapes.h"
#include "parsers.h"
#include "record_reader.h"

struct dump {
    const char *wrap;
    bool unparsed, show_skipped, show_foreign, counts, print;
    unsigned long lines, skipped_lines, foreign, broken, claimed, events, skipped, rejected;
    struct line_shapes *shapes;
    struct event ev;
};

static void print_slice(const char *key, slice value)
{
    printf("\t%s=", key);
    for (size_t i = 0; i < value.len; i++) {
        unsigned char c = (unsigned char)value.ptr[i];
        if (c < 0x20 || c == 0x7f)
            printf("\\x%02x", c);
        else
            putchar(c);
    }
}

static void print_name(const char *key, const char *name)
{
    if (name[0] != '\0')
        printf("\t%s=%s", key, name);
}

static void print_ip(const char *key, const struct ip_addr *ip, unsigned port)
{
    char buf[IP_ADDR_TEXT];

    if (ip->family == 0)
        return;
    print_slice(key, ip_addr_format(ip, buf));
    if (port != 0)
        printf(":%u", port);
}

static void print_counters(const struct session_counters *c)
{
    if (!c->present)
        return;
    printf("\tcounters=auth %u/%u mail %u/%u rcpt %u/%u data %u/%u commands %u/%u", c->auth_ok,
           c->auth_all, c->mail_ok, c->mail_all, c->rcpt_ok, c->rcpt_all, c->data_ok, c->data_all,
           c->commands_ok, c->commands_all);
    printf(" vrfy %u etrn %u rset %u%s", c->vrfy_all, c->etrn_all, c->rset_all,
           c->bare_lf ? " bare_lf" : "");
}

static void print_numbers(const struct event *ev)
{
    if (ev->reply_code != 0)
        printf("\treply_code=%u", ev->reply_code);
    if (ev->status[0] != 0)
        printf("\tstatus=%u.%u.%u", ev->status[0], ev->status[1], ev->status[2]);
    if (ev->repeat > 1)
        printf("\trepeat=%u", ev->repeat);
    if (ev->nrcpt != 0)
        printf("\tnrcpt=%u", ev->nrcpt);
    if (ev->size != 0)
        printf("\tsize=%" PRIu64, ev->size);
    if (ev->delay_ms >= 0)
        printf("\tdelay_ms=%" PRId64, ev->delay_ms);
    if (ev->uid >= 0)
        printf("\tuid=%" PRId64, ev->uid);
    if (ev->listener_port != 0)
        printf("\tlistener_port=%u", ev->listener_port);
    print_name("flags", ev->null_sender ? "null_sender" : "");
    print_name("flags", ev->soft ? "soft" : "");
    print_name("flags", ev->local_submit ? "local_submit" : "");
    print_name("flags", ev->auth_hidden ? "auth_hidden" : "");
}

static void take_event(void *arg, struct event *ev)
{
    struct dump *d = arg;

    d->events++;
    if (!d->print)
        return;
    printf("%s\ttime=%" PRId64 ".%06d", event_kind_name(ev->kind), ev->time_us / 1000000,
           (int)(ev->time_us % 1000000));
    print_name("stage", event_stage_name(ev->stage));
    print_name("outcome", event_outcome_name(ev->outcome));
    print_name("route", event_route_name(ev->route));
    print_name("dsn", event_dsn_name(ev->dsn));
    print_name("done", event_done_name(ev->done));
    print_name("anomaly", event_anomaly_name(ev->anomaly));
    print_name("ground", event_ground_name(ev->ground));
    print_name("teller", event_teller_name(ev->teller));
    print_ip("client", &ev->client, ev->client_port);
    print_ip("orig_client", &ev->orig_client, 0);
    print_ip("remote", &ev->remote, 0);
    print_numbers(ev);
    print_counters(&ev->counters);
    for (enum event_field f = 0; f < EF_COUNT; f++)
        if (event_has(ev, f))
            print_slice(event_field_name(f), event_field(ev, f));
    putchar('\n');
}

static void parse(struct dump *d, const struct log_record *rec)
{
    const struct event_sink sink = {take_event, d};
    enum parse_result result = rec->parser->parse(rec->state, &rec->rec, &d->ev, &sink);

    d->claimed++;
    d->skipped += result == PARSE_SKIP;
    d->rejected += result == PARSE_REJECT;
    if ((d->unparsed && result == PARSE_REJECT) || (d->show_skipped && result == PARSE_SKIP))
        line_shapes_add(d->shapes, "",
                        rec->rec.tag.len > 0 ? rec->rec.tag : slice_of(rec->parser->name),
                        rec->rec.text);
}

/* One line, or SLICE_NONE for what is held at the end; false when nothing came. */
static bool feed(struct dump *d, struct record_reader *records, slice line)
{
    struct line_pos pos = {.number = d->lines + 1, .text = line};
    struct log_record rec;
    enum record_status status = record_reader_next(records, line, &pos, &rec);

    d->lines += line.ptr != NULL;
    d->skipped_lines += status == RECORD_SKIP && line.ptr != NULL;
    d->foreign += status == RECORD_FOREIGN;
    d->broken += status == RECORD_REJECT;
    if (d->unparsed && status == RECORD_REJECT)
        line_shapes_add(d->shapes, "", SLICE_LIT("(broken record)"), line);
    if (d->unparsed && status == RECORD_FOREIGN && d->show_foreign)
        line_shapes_add(d->shapes, "", SLICE_LIT("(foreign)"), line);
    if (status == RECORD_READY)
        parse(d, &rec);
    return status == RECORD_READY;
}

static void print_shapes(struct dump *d)
{
    const struct line_shape **list = panic_calloc(LINE_SHAPES_MAX, sizeof *list);
    unsigned n = line_shapes_list(d->shapes, list);

    for (unsigned i = 0; i < n; i++)
        printf("%" PRIu64 "\t%s\n", list[i]->count, list[i]->text);
    free(list);
}

static char *read_stdin(size_t *ret_len)
{
    char *bytes = NULL;
    size_t len = 0, n;

    do {
        bytes = realloc(bytes, len + 65536);
        ASSERT(bytes != NULL);
        n = fread(bytes + len, 1, 65536, stdin);
        len += n;
    } while (n > 0);
    *ret_len = len;
    return bytes;
}

static void feed_wrapped(struct dump *d, struct record_reader *records, slice line)
{
    char *wrapped;
    int n =
        asprintf(&wrapped, "Jan  1 00:00:00 host %s[1]: %.*s", d->wrap, (int)line.len, line.ptr);

    ASSERT(n > 0);
    feed(d, records, (slice){wrapped, (size_t)n});
    free(wrapped);
}

static void read_all(struct dump *d, const struct parser_env *env)
{
    size_t len;
    char *bytes = read_stdin(&len);
    slice rest = {bytes, len};
    struct record_reader *records = record_reader_new(
        env, NULL, d->wrap == NULL ? slice_first(rest, RECORD_READER_HEAD) : SLICE_NONE);

    while (rest.len > 0) {
        size_t eol = slice_find_byte(rest, '\n');
        if (d->wrap != NULL)
            feed_wrapped(d, records, slice_first(rest, eol));
        else
            feed(d, records, slice_first(rest, eol));
        rest = slice_from(rest, eol + 1);
    }
    while (feed(d, records, SLICE_NONE))
        ;
    record_reader_free(records);
    free(bytes);
}

int main(int argc, char **argv)
{
    static struct time_zone zone;
    struct dump d = {0};
    struct error error = {0};
    int year = 0;
    int64_t reference_s = 1796000000; /* 2026-11-29: fixed, so that two runs agree */

    for (int i = 1; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : "";
        if (strcmp(argv[i], "--unparsed") == 0)
            d.unparsed = true;
        else if (strcmp(argv[i], "--skipped") == 0)
            d.show_skipped = true;
        else if (strcmp(argv[i], "--foreign") == 0)
            d.unparsed = d.show_foreign = true;
        else if (strcmp(argv[i], "--counts") == 0)
            d.counts = true;
        else if (strcmp(argv[i], "--year") == 0)
            year = atoi(value), i++;
        else if (strcmp(argv[i], "--reference") == 0)
            reference_s = atoll(value), i++;
        else if (strcmp(argv[i], "--wrap") == 0)
            d.wrap = value, i++;
        else if (strcmp(argv[i], "--tz") == 0 && time_zone_parse(value, &zone, &error))
            i++;
        else {
            fprintf(stderr, "dump_events: %s: %s\n", argv[i],
                    error.code != 0 ? error.text : "see the head of the source");
            return 2;
        }
    }
    d.print = !d.unparsed && !d.show_skipped && !d.counts;
    d.shapes = line_shapes_new(&(struct hash_key){1, 2});
    read_all(&d, &(struct parser_env){
                     .zone = &zone, .year = year, .reference_us = reference_s * 1000000});
    if (d.unparsed || d.show_skipped)
        print_shapes(&d);
    if (!d.print)
        printf("# lines %lu, passed over %lu, foreign %lu, broken %lu, claimed %lu: events %lu, "
               "skipped %lu, rejected %lu\n",
               d.lines, d.skipped_lines, d.foreign, d.broken, d.claimed, d.events, d.skipped,
               d.rejected);
    line_shapes_free(d.shapes);
    return 0;
}
