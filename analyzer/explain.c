/* explain.c - a watcher of the pipeline that writes down what it sees
 * algorithm: begin() opens a document, the first event says that the parser knew the line, end()
 *            adds the alerts that came in between and writes it out. With --unparsed only the
 *            shapes of lines that gave nothing, and of refusals without a known reason, are kept,
 *            and told at the end
 * source:    pipeline.h (struct pipeline_watch)
 * limits:    lines out of order are explained in the order of their times, as they are counted;
 *            ALERTS_MAX alerts a line */
#include "explain.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/panic.h"
#include "envelope.h"
#include "explain_event.h"
#include "line_shapes.h"
#include "output/transport.h"
#include "sinks.h"

enum { ALERTS_MAX = 8 };

struct raised {
    const char *rule, *severity, *state, *entity_type, *unit;
    char entity[ALERT_ENTITY_MAX], reason[ALERT_TEXT_MAX];
    double observed, threshold;
};

struct explain {
    const struct input_set *inputs;
    struct explain_out out;
    struct transport *transport;
    struct signatures *signatures;
    struct line_shapes *shapes; /* NULL: every line is told */
    struct envelope *envelope;  /* to read again what the pipeline passed over */
    const struct log_record *rec;
    bool known; /* the parser has made an event of rec */
    bool lost;  /* bytes were not written */
    struct raised alerts[ALERTS_MAX];
    unsigned alerts_count;
};

/* ---- one line ---- */

static void begin_line(struct explain *x, const struct line_pos *pos)
{
    const char *name =
        pos->source < x->inputs->count ? x->inputs->inputs[pos->source].name : "(line)";
    char title[4200];

    snprintf(title, sizeof title, "line %llu of %s", (unsigned long long)pos->number, name);
    explain_out_begin(&x->out, slice_of(title));
    if (x->out.json) {
        explain_out_text(&x->out, "source", slice_of(name));
        explain_out_number(&x->out, "line", pos->number);
    }
    explain_out_text(&x->out, x->out.json ? "raw" : "text", pos->text);
}

static void write_out(struct explain *x)
{
    if (x->out.buf.len > 0 && !transport_write(x->transport, outbuf_slice(&x->out.buf)))
        x->lost |= !transport_stopped(x->transport);
    outbuf_clear(&x->out.buf);
}

static void end_line(struct explain *x)
{
    explain_out_end(&x->out);
    write_out(x);
}

static void put_record(struct explain *x, const struct record *rec, const char *form)
{
    explain_out_open(&x->out, "envelope", "envelope", form);
    if (x->out.json)
        explain_out_words(&x->out, "form", form);
    explain_out_time(&x->out, "time", rec->time_us);
    explain_out_text(&x->out, "host", rec->host);
    explain_out_text(&x->out, "tag", rec->tag);
    explain_out_text(&x->out, "pid", rec->pid);
    if (rec->repeat > 1)
        explain_out_number(&x->out, "repeat", rec->repeat);
    explain_out_close(&x->out);
}

static void put_result(struct explain *x, const char *parser, const char *result, const char *why)
{
    explain_out_open(&x->out, "parser", "parser", parser);
    if (x->out.json)
        explain_out_words(&x->out, "name", parser);
    explain_out_words(&x->out, "result", result);
    explain_out_words(&x->out, "why", why);
    explain_out_close(&x->out);
}

/* ---- lines without a record ---- */

static void explain_passed(struct explain *x, enum record_status status, const char *format,
                           const struct record *rec)
{
    switch (status) {
    case RECORD_READY:
        put_result(x, format, "skip", "outside --since and --until");
        break;
    case RECORD_SKIP:
        put_result(x, format, "skip",
                   format == NULL ? "blank, a banner, or the rest of a line that was cut"
                                  : "a header, or part of a record that comes with a later line");
        break;
    case RECORD_REJECT:
        put_result(x, format, "reject", "of this format, but broken");
        break;
    default:
        put_result(x, NULL, "foreign",
                   rec == NULL ? "no syslog, journal or container wrapper, and no file format "
                                 "that is known (see --list-formats)"
                   : rec->tag.len > 0 ? "no parser reads what this program writes"
                                      : "no program name in front of the text");
        break;
    }
}

static void on_passed(void *arg, enum record_status status, const struct line_pos *pos,
                      const struct parser *format)
{
    struct explain *x = arg;
    struct record rec = {0};
    const char *name = format == NULL ? NULL : format->name;
    bool enveloped = (format == NULL || status == RECORD_FOREIGN) &&
                     envelope_read(x->envelope, pos->text, &rec) == ENVELOPE_RECORD;

    if (x->shapes == NULL) {
        begin_line(x, pos);
        if (enveloped)
            put_record(x, &rec, envelope_form(pos->text));
        explain_passed(x, status, name, enveloped ? &rec : NULL);
        end_line(x);
    } else if (status == RECORD_REJECT) {
        line_shapes_add(x->shapes, "rejected", slice_of(name == NULL ? "(broken)" : name),
                        pos->text);
    } else if (status == RECORD_FOREIGN) {
        line_shapes_add(x->shapes, "foreign",
                        !enveloped        ? SLICE_LIT("(no envelope)")
                        : rec.tag.len > 0 ? rec.tag
                                          : SLICE_LIT("(no tag)"),
                        enveloped ? rec.text : pos->text);
    }
}

/* ---- records ---- */

static void on_begin(void *arg, const struct log_record *rec)
{
    struct explain *x = arg;
    bool enveloped = rec->rec.tag.len > 0 && rec->parser->claims != NULL;

    x->rec = rec;
    x->known = false;
    x->alerts_count = 0;
    if (x->shapes != NULL)
        return;
    begin_line(x, &rec->rec.pos);
    put_record(x, &rec->rec,
               enveloped ? envelope_form(rec->rec.pos.text) : "a file format of its own");
}

/* A refusal whose words no entry knows: what signatures/reasons.json lacks. */
static void note_reason(struct explain *x, const struct event *ev, const struct context *cx)
{
    bool may = ev->kind == EVENT_RCPT || ev->kind == EVENT_REFUSAL || ev->kind == EVENT_DELIVERY;
    bool refused = ev->outcome == OUTCOME_REFUSED || ev->outcome == OUTCOME_TEMPFAIL;
    slice text = event_field(ev, EF_TEXT);

    if (may && refused && cx->reason == REASON_NONE && text.len > 0)
        line_shapes_add(x->shapes, "no reason", slice_of(x->rec->parser->name), text);
}

static void on_event(void *arg, const struct event *ev, const struct context *cx,
                     const struct pipeline_detector *wanted)
{
    struct explain *x = arg;

    if (x->shapes != NULL) {
        note_reason(x, ev, cx);
        return;
    }
    if (!x->known) {
        put_result(x, x->rec->parser->name, "event", NULL);
        explain_out_list(&x->out, "events");
        x->known = true;
    }
    explain_out_open(&x->out, NULL, "event", event_kind_name(ev->kind));
    explain_event(&x->out, ev);
    explain_meaning(&x->out, ev, cx, x->signatures);
    explain_patterns(&x->out, cx);
    explain_detectors(&x->out, ev, cx, wanted);
    explain_out_close(&x->out);
}

static void on_alert(void *arg, const struct alert *a)
{
    struct explain *x = arg;
    struct raised *r;

    if (x->alerts_count == ALERTS_MAX)
        return;
    r = &x->alerts[x->alerts_count++];
    *r = (struct raised){.rule = alert_rule(a)->id,
                         .severity = severity_name(a->severity),
                         .state = alert_state_name(a->state),
                         .entity_type = entity_type_name(a->entity_type),
                         .unit = a->unit,
                         .observed = a->observed,
                         .threshold = a->threshold};
    memcpy(r->entity, a->entity, sizeof r->entity);
    memcpy(r->reason, a->reason, sizeof r->reason);
}

static void put_alert(struct explain_out *o, const struct raised *r)
{
    explain_out_open(o, NULL, "alert", r->rule);
    if (o->json)
        explain_out_words(o, "rule", r->rule);
    explain_out_words(o, "severity", r->severity);
    explain_out_words(o, "state", r->state);
    explain_out_words(o, "entity_type", r->entity_type);
    explain_out_text(o, "entity", slice_of(r->entity));
    explain_out_real(o, "observed", r->observed);
    explain_out_real(o, "threshold", r->threshold);
    explain_out_words(o, "unit", r->unit);
    explain_out_text(o, "reason", slice_of(r->reason));
    explain_out_close(o);
}

static void put_unread(struct explain *x, enum parse_result result)
{
    const char *name = x->rec->parser->name;

    if (result == PARSE_REJECT)
        put_result(x, name, "reject", "of this program or format, but of no shape that is known");
    else if (result == PARSE_FOREIGN)
        put_result(x, name, "foreign", "another program's line");
    else
        put_result(x, name, "skip", "well formed, and no event in it");
}

static void on_end(void *arg, enum parse_result result)
{
    struct explain *x = arg;
    const struct record *rec = &x->rec->rec;

    if (x->shapes != NULL) {
        if (result == PARSE_REJECT)
            line_shapes_add(x->shapes, "rejected",
                            rec->tag.len > 0 ? rec->tag : slice_of(x->rec->parser->name),
                            rec->text);
        return;
    }
    if (x->known)
        explain_out_close(&x->out);
    else
        put_unread(x, result);
    if (x->alerts_count > 0) {
        explain_out_list(&x->out, "alerts");
        for (unsigned i = 0; i < x->alerts_count; i++)
            put_alert(&x->out, &x->alerts[i]);
        explain_out_close(&x->out);
    }
    end_line(x);
}

static bool is_stopped(void *arg)
{
    struct explain *x = arg;
    return transport_stopped(x->transport);
}

/* ---- shapes ---- */

static void put_shape_text(struct explain *x, const struct line_shape *shape)
{
    struct page page = page_begin(&x->out.buf, x->out.columns, x->out.colour);
    char count[24];

    snprintf(count, sizeof count, "%llu", (unsigned long long)shape->count);
    page_right(&page, count, 8);
    page_to(&page, 9);
    page_tinted(&page, TINT_CYAN, shape->kind);
    page_to(&page, 19);
    page_split(&page, slice_of(shape->text), 19, 4);
    page_newline(&page);
}

static void put_shape_json(struct explain *x, const struct line_shape *shape)
{
    struct json j = json_begin(&x->out.buf, SIZE_MAX);
    struct json_mark line = json_object(&j, NULL);

    json_u64(&j, "count", shape->count);
    json_string(&j, "result", shape->kind);
    json_text_kept(&j, "shape", slice_of(shape->text));
    json_close_kept(&j, line);
    outbuf_putc(&x->out.buf, '\n');
}

static void put_shapes(struct explain *x)
{
    const struct line_shape **list = panic_calloc(LINE_SHAPES_MAX, sizeof *list);
    unsigned n = line_shapes_list(x->shapes, list);

    for (unsigned i = 0; i < n; i++) {
        if (x->out.json)
            put_shape_json(x, list[i]);
        else
            put_shape_text(x, list[i]);
    }
    if (line_shapes_dropped(x->shapes) > 0)
        fprintf(stderr, "relaywatch: more than %d shapes; %llu rare ones were left out\n",
                LINE_SHAPES_MAX, (unsigned long long)line_shapes_dropped(x->shapes));
    write_out(x);
    free(list);
}

/* ---- what to explain ---- */

static bool has(const struct settings *settings, enum option_id id)
{
    for (unsigned i = 0; i < settings->count; i++)
        if (settings->list[i].id == id)
            return true;
    return false;
}

static bool check_use(const struct settings *settings, const struct config *config,
                      struct error *reterr)
{
    bool file = has(settings, OPTION_FILE);
    const char *format = config->outputs[0].writer->name;

    if (file && settings->operand_count > 0)
        return error_set(reterr, ERROR_USAGE, "explain takes a LINE or -f FILE, not both");
    if (has(settings, OPTION_UNPARSED) && !file)
        return error_set(reterr, ERROR_USAGE, "explain --unparsed needs -f FILE");
    if (!file && settings->operand_count != 1)
        return error_set(reterr, ERROR_USAGE,
                         settings->operand_count == 0
                             ? "nothing to explain: give a LINE, or -f FILE (- is standard input)"
                             : "explain takes one LINE: put it in quotes");
    if (config->outputs_count > 1)
        return error_set(reterr, ERROR_USAGE, "explain writes one output");
    if (strcmp(format, "text") != 0 && strcmp(format, "json") != 0)
        return error_set(reterr, ERROR_USAGE, "explain writes text or json, not %s", format);
    return true;
}

static bool write_all(int fd, slice bytes)
{
    while (bytes.len > 0) {
        ssize_t n = write(fd, bytes.ptr, bytes.len);
        if (n <= 0)
            return false;
        bytes = slice_from(bytes, (size_t)n);
    }
    return true;
}

/* The LINE as a log of one line. */
static bool add_line(struct input_set *inputs, const char *line, struct error *reterr)
{
    int fd = memfd_create("line", MFD_CLOEXEC);
    struct source *source;

    if (fd < 0 || !write_all(fd, slice_of(line)) || !write_all(fd, SLICE_LIT("\n")) ||
        lseek(fd, 0, SEEK_SET) != 0) {
        if (fd >= 0)
            close(fd);
        return error_set(reterr, ERROR_RUNTIME, "no memory for the line");
    }
    source = source_open_fd(fd, "(line)", reterr);
    if (source == NULL)
        return false;
    input_set_add_source(inputs, source);
    return true;
}

static bool add_file(struct input_set *inputs, const char *path, struct error *reterr)
{
    if (strcmp(path, "-") == 0 && isatty(STDIN_FILENO))
        return error_set(reterr, ERROR_USAGE, "explain -f - reads a pipe, not a terminal");
    return input_set_add(inputs, path, reterr);
}

static bool add_inputs(const struct settings *settings, struct input_set *inputs,
                       struct error *reterr)
{
    for (unsigned i = 0; i < settings->count; i++)
        if (settings->list[i].id == OPTION_FILE &&
            !add_file(inputs, settings->list[i].value, reterr))
            return false;
    return settings->operand_count == 0 || add_line(inputs, settings->operands[0], reterr);
}

/* ---- the run ---- */

static bool explain_start(struct explain *x, const struct settings *settings,
                          const struct config *config, int64_t now_us, struct error *reterr)
{
    const struct config_output *output = &config->outputs[0];
    struct run_info info = sinks_run_info(config, output->path);

    explain_out_init(&x->out, strcmp(output->writer->name, "json") == 0, info.columns, info.colour);
    x->signatures = signatures_load(config->signatures, reterr);
    if (x->signatures == NULL)
        return false;
    x->envelope = panic_calloc(1, sizeof *x->envelope);
    envelope_init(x->envelope, &config->zone, config->year, now_us);
    if (has(settings, OPTION_UNPARSED))
        x->shapes = line_shapes_new(&config->hash_key);
    x->transport = transport_open(output->path, reterr);
    return x->transport != NULL;
}

static bool explain_finish(struct explain *x)
{
    bool written = transport_close(&x->transport) && !x->lost;

    explain_out_fini(&x->out);
    signatures_free(x->signatures);
    line_shapes_free(x->shapes);
    free(x->envelope);
    return written;
}

static bool explain_lines(struct explain *x, const struct config *config, struct input_set *inputs,
                          int64_t now_us, const volatile int *stop, struct error *reterr)
{
    const struct pipeline_watch watch = {x,      on_passed, on_begin,  on_event,
                                         on_end, on_alert,  is_stopped};
    struct config quiet = *config;
    struct pipeline *p;
    struct input_totals totals;

    quiet.outputs_count = 0;
    quiet.progress = PROGRESS_NEVER;
    p = pipeline_new(
        &(struct pipeline_options){
            .config = &quiet, .inputs = inputs, .now_us = now_us, .watch = &watch},
        reterr);
    if (p == NULL)
        return false;
    pipeline_run(p, stop);
    pipeline_totals(p, &totals);
    pipeline_free(p);
    if (x->shapes != NULL)
        put_shapes(x);
    return totals.sources_failed == 0 ||
           error_set(reterr, ERROR_INPUT, "not every file could be read");
}

bool explain_run(const struct settings *settings, const struct config *config,
                 struct input_set *inputs, int64_t now_us, const volatile int *stop,
                 struct error *reterr)
{
    struct explain *x;
    bool ok;

    if (!check_use(settings, config, reterr) || !add_inputs(settings, inputs, reterr))
        return false;
    x = panic_calloc(1, sizeof *x);
    x->inputs = inputs;
    ok = explain_start(x, settings, config, now_us, reterr) &&
         explain_lines(x, config, inputs, now_us, stop, reterr);
    if (!explain_finish(x) && ok)
        ok = error_set(reterr, ERROR_OUTPUT, "not everything could be written");
    free(x);
    return ok;
}
