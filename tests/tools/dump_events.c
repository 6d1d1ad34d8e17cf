/* dump_events.c - developer's view of the parsers: log lines on stdin, events or unread line shapes
 * on stdout
 *
 * usage: dump_events [--unparsed | --skipped] [--counts] [--year N] [--tz ZONE] [--reference
 * SECONDS] [--wrap TAG] < LOG (no option)   one tab-separated line per event: kind, then key=value
 * of everything that is present
 *   --unparsed    lines that a parser claimed and rejected, and lines without an envelope, as
 * shapes (numbers, ids and addresses masked), most frequent first, with counts
 *   --skipped     the same for lines that a parser knew to be of no interest
 *   --counts      only the totals
 *   --wrap TAG    stdin holds message texts only: put "Jan  1 00:00:00 host TAG[1]: " in front of
 * each line Not installed, not part of the product. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/panic.h"
#include "envelope.h"
#include "parsers.h"

enum { SHAPES = 4096, SHAPE_TEXT = 160 };

struct shape {
    char text[SHAPE_TEXT];
    unsigned long count;
};

struct dump {
    const char *wrap;
    bool unparsed, show_skipped, counts, print;
    unsigned long lines, no_envelope, skipped_lines, foreign, claimed, events, skipped, rejected;
    struct shape *shapes;
    size_t shape_count;
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

/* Letters and punctuation stay; words that hold a digit or an "@" become N or ADDR; quoted <...>
 * become <>. */
static void mask(slice text, char *out)
{
    size_t n = 0, i = 0;

    while (i < text.len && n + 8 < SHAPE_TEXT) {
        size_t end = i;
        bool digit = false, at = false;
        if (text.ptr[i] == '<') {
            size_t close = slice_find_byte(slice_from(text, i), '>');
            i += close < text.len - i ? close + 1 : 1;
            memcpy(out + n, "<>", 2);
            n += 2;
            continue;
        }
        while (end < text.len && strchr(" ,:;()[]{}<>=\"'", text.ptr[end]) == NULL) {
            digit |= text.ptr[end] >= '0' && text.ptr[end] <= '9';
            at |= text.ptr[end] == '@';
            end++;
        }
        if (digit || at) {
            out[n++] = at ? 'A' : 'N';
        } else {
            for (; i < end && n + 8 < SHAPE_TEXT; i++)
                out[n++] = text.ptr[i];
        }
        i = end;
        if (i < text.len && text.ptr[i] != '<')
            out[n++] = text.ptr[i++];
    }
    out[n] = '\0';
}

static void note_shape(struct dump *d, slice tag, slice text)
{
    char shape[SHAPE_TEXT] = "", label[48];

    mask(text, shape);
    (void)slice_keep(tag, label, sizeof label);
    char whole[SHAPE_TEXT];
    snprintf(whole, sizeof whole, "%.40s: %.110s", label, shape);
    for (size_t i = 0; i < d->shape_count; i++)
        if (strcmp(d->shapes[i].text, whole) == 0) {
            d->shapes[i].count++;
            return;
        }
    if (d->shape_count == SHAPES)
        return;
    memcpy(d->shapes[d->shape_count].text, whole, sizeof whole);
    d->shapes[d->shape_count++].count = 1;
}

static void feed(struct dump *d, struct envelope *envelope, struct parser_choices *choices,
                 slice line)
{
    struct record rec = {0};
    const struct event_sink sink = {take_event, d};

    d->lines++;
    switch (envelope_read(envelope, line, &rec)) {
    case ENVELOPE_SKIP:
        d->skipped_lines++;
        return;
    case ENVELOPE_REJECT:
        d->no_envelope++;
        if (d->unparsed)
            note_shape(d, SLICE_LIT("(no envelope)"), line);
        return;
    case ENVELOPE_RECORD:
        break;
    }
    const struct parser *parser = parsers_for_tag(choices, rec.tag);
    if (parser == NULL) {
        d->foreign++;
        return;
    }
    d->claimed++;
    rec.pos.text = line;
    rec.pos.number = d->lines;
    enum parse_result result = parser->parse(NULL, &rec, &d->ev, &sink);
    d->skipped += result == PARSE_SKIP;
    d->rejected += result == PARSE_REJECT;
    if ((d->unparsed && result == PARSE_REJECT) || (d->show_skipped && result == PARSE_SKIP))
        note_shape(d, rec.tag, rec.text);
}

static int by_count(const void *a, const void *b)
{
    const struct shape *x = a, *y = b;

    return x->count < y->count ? 1 : x->count > y->count ? -1 : strcmp(x->text, y->text);
}

static void print_shapes(struct dump *d)
{
    qsort(d->shapes, d->shape_count, sizeof *d->shapes, by_count);
    for (size_t i = 0; i < d->shape_count; i++)
        printf("%lu\t%s\n", d->shapes[i].count, d->shapes[i].text);
}

static void read_all(struct dump *d, struct envelope *envelope)
{
    struct parser_choices choices = {0};
    char *line = NULL, *wrapped = NULL;
    size_t room = 0;
    ssize_t len;

    while ((len = getline(&line, &room, stdin)) >= 0) {
        if (len > 0 && line[len - 1] == '\n')
            len--;
        slice text = {line, (size_t)len};
        if (d->wrap != NULL) {
            int n = asprintf(&wrapped, "Jan  1 00:00:00 host %s[1]: %.*s", d->wrap, (int)len, line);
            text = (slice){wrapped, (size_t)n};
        }
        feed(d, envelope, &choices, text);
        free(wrapped);
        wrapped = NULL;
    }
    free(line);
}

int main(int argc, char **argv)
{
    static struct envelope envelope;
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
    d.shapes = panic_calloc(SHAPES, sizeof *d.shapes);
    envelope_init(&envelope, &zone, year, reference_s * 1000000);
    read_all(&d, &envelope);
    if (d.unparsed || d.show_skipped)
        print_shapes(&d);
    if (!d.print)
        printf("# lines %lu, no envelope %lu, blank %lu, foreign %lu, claimed %lu: events %lu, "
               "skipped %lu, rejected %lu\n",
               d.lines, d.no_envelope, d.skipped_lines, d.foreign, d.claimed, d.events, d.skipped,
               d.rejected);
    free(d.shapes);
    return 0;
}
