/* sinks.c - render into one buffer, hand to the transport
 * source:   output/writer.h, output/transport.h
 * limits:   one rendered document is at most 64 MiB (a report with 4,000 incidents has some 4 MiB)
 */
#include "sinks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/outbuf.h"
#include "base/panic.h"
#include "output/events.h"
#include "output/transport.h"

enum { DOCUMENT_MAX = 64 << 20, EVENTS_BATCH = 256 << 10 };

struct sink {
    const struct writer *writer;
    char *path; /* as configured; NULL: standard output; owned */
    struct transport *transport;
    struct run_info info;
    uint64_t errors; /* writes that failed */
};

/* Standard output gets its document once, at the end. */
static bool is_live(const struct sink *k)
{
    return k->writer->live && transport_is_whole(k->transport);
}

struct sinks {
    const struct config *config;
    struct sink list[CONFIG_OUTPUTS_MAX];
    unsigned count;
    struct sink retired[CONFIG_OUTPUTS_MAX]; /* configured no more, but not rid of all yet */
    unsigned retired_count;
    struct metrics_output closed[METRICS_ROWS_MAX]; /* what those had that are closed, by format */
    unsigned closed_count;
    struct transport *events;
    char *events_path; /* owned */
    struct outbuf out, events_out;
    bool failed;
    int worst;
    uint64_t alerts;
    uint64_t told[RULE_COUNT][SEVERITY_COUNT]; /* those that were new */
    bool news;                                 /* alerts were told since sinks_live() */
};

static unsigned terminal_columns(int fd)
{
    struct winsize size;
    const char *env = getenv("COLUMNS");
    unsigned long n = env == NULL ? 0 : strtoul(env, NULL, 10);

    if (n == 0 && ioctl(fd, TIOCGWINSZ, &size) == 0)
        n = size.ws_col;
    return n < 40 || n > 200 ? 80 : (unsigned)n;
}

static bool may_colour(enum when when, bool terminal)
{
    const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");

    if (when != WHEN_AUTO)
        return when == WHEN_ALWAYS;
    return terminal && !(no_color != NULL && no_color[0] != '\0') && term != NULL &&
           strcmp(term, "dumb") != 0;
}

struct run_info sinks_run_info(const struct config *config, const char *path)
{
    bool out = path == NULL || strcmp(path, "-") == 0;
    bool terminal = out && isatty(STDOUT_FILENO);

    return (struct run_info){.version = RELAYWATCH_VERSION,
                             .tenant = "default",
                             .columns = out ? terminal_columns(STDOUT_FILENO) : 80,
                             .colour = may_colour(config->color, terminal),
                             .top = config->top,
                             .block = &config->block.policy,
                             .reporter_name = config->block.reporter_name,
                             .reporter_address = config->block.reporter_address};
}

static void send(struct sinks *s, struct sink *k)
{
    if (s->out.overflow)
        sinks_warn(s, "a document was larger than 64 MiB and is cut");
    if ((s->out.len == 0 && !k->writer->whole) ||
        transport_write(k->transport, (slice){s->out.ptr, s->out.len}) ||
        transport_stopped(k->transport))
        return;
    k->errors++;
    s->failed = true;
}

/* What a file begins with; one that is added to has it already. */
static void begin(struct sinks *s, struct sink *k)
{
    if (k->writer->begin == NULL || !transport_is_empty(k->transport))
        return;
    outbuf_clear(&s->out);
    k->writer->begin(&k->info, &s->out);
    send(s, k);
}

static struct transport *open_transport(const struct config *config, const struct config_output *o,
                                        struct error *reterr)
{
    if (o->writer->whole)
        return transport_open_whole(o->path, reterr);
    if (o->path == NULL || !net_sink_is(o->path))
        return transport_open(o->path, reterr);
    if (o->writer->frame != FRAME_NONE)
        return transport_open_net(o->path, o->writer->frame, &config->tls, reterr);
    error_set(reterr, ERROR_OUTPUT, "output %s goes to files, not to %s", o->writer->name, o->path);
    return NULL;
}

/* ... with its spool, where there is to be one */
static struct transport *open_spooled(const struct config *config, const char *format,
                                      const char *path, struct transport *t, struct error *reterr)
{
    char name[4200];

    if (t == NULL || config->spool_dir == NULL)
        return t;
    snprintf(name, sizeof name, "%s:%s", format, path == NULL ? "-" : path);
    if (!transport_spool(t, config->spool_dir, name, config->spool_max, reterr))
        transport_close(&t);
    return t;
}

static struct transport *open_output(const struct config *config, const struct config_output *o,
                                     struct error *reterr)
{
    return open_spooled(config, o->writer->name, o->path, open_transport(config, o, reterr),
                        reterr);
}

static struct transport *open_events(const struct config *config, struct error *reterr)
{
    return open_spooled(config, "events", config->events_path,
                        transport_open(config->events_path, reterr), reterr);
}

bool sinks_check(const struct config *config, struct error *reterr)
{
    struct tls_credentials *credentials;

    for (unsigned i = 0; i < config->outputs_count; i++) {
        const char *path = config->outputs[i].path;
        if (path == NULL || !net_sink_is_tls(path))
            continue;
        credentials = tls_credentials_new(&config->tls, path, reterr);
        tls_credentials_free(credentials);
        return credentials != NULL; /* all have the same */
    }
    return true;
}

static char *keep_path(const char *path)
{
    size_t size = path == NULL ? 0 : strlen(path) + 1;
    char *copy = path == NULL ? NULL : panic_calloc(1, size);

    if (path != NULL)
        memcpy(copy, path, size);
    return copy;
}

/* False with *reterr: it cannot be opened. */
static bool open_sink(const struct config *config, const struct config_output *o, struct sink *ret,
                      struct error *reterr)
{
    *ret = (struct sink){.writer = o->writer, .transport = open_output(config, o, reterr)};
    if (ret->transport == NULL)
        return false;
    ret->path = keep_path(o->path);
    ret->info = sinks_run_info(config, o->path);
    return true;
}

static void close_sink(struct sink *k)
{
    transport_close(&k->transport);
    free(k->path);
    *k = (struct sink){.writer = NULL};
}

struct sinks *sinks_new(const struct config *config, struct error *reterr)
{
    struct sinks *s = panic_calloc(1, sizeof *s);

    s->config = config;
    s->worst = -1;
    outbuf_init(&s->out, DOCUMENT_MAX);
    outbuf_init(&s->events_out, DOCUMENT_MAX);
    for (unsigned i = 0; i < config->outputs_count; i++) {
        if (!open_sink(config, &config->outputs[i], &s->list[s->count], reterr))
            return sinks_free(s);
        begin(s, &s->list[s->count++]);
    }
    if (config->events_path != NULL && (s->events = open_events(config, reterr)) == NULL)
        return sinks_free(s);
    s->events_path = keep_path(config->events_path);
    return s;
}

static void flush_events(struct sinks *s)
{
    if (s->events == NULL || s->events_out.len == 0)
        return;
    if (!transport_write(s->events, (slice){s->events_out.ptr, s->events_out.len}))
        s->failed |= !transport_stopped(s->events);
    outbuf_clear(&s->events_out);
}

/* ---- outputs that are configured no more ---- */

static struct metrics_output *row_of(struct metrics_output *rows, unsigned *count, const char *name)
{
    for (unsigned i = 0; i < *count; i++)
        if (strcmp(rows[i].name, name) == 0)
            return &rows[i];
    ASSERT(*count < METRICS_ROWS_MAX);
    rows[*count] = (struct metrics_output){.name = name};
    return &rows[(*count)++];
}

/* What it failed at is not forgotten: counters do not fall. */
static void close_retired(struct sinks *s, unsigned i)
{
    struct sink *k = &s->retired[i];
    struct metrics_output *row = row_of(s->closed, &s->closed_count, k->writer->name);

    s->failed |= !transport_settle(k->transport);
    row->errors += k->errors;
    row->dropped += transport_lost(k->transport);
    close_sink(k);
    memmove(k, k + 1, (--s->retired_count - i) * sizeof *k);
}

static void retire(struct sinks *s, struct sink *k)
{
    if (s->retired_count == CONFIG_OUTPUTS_MAX)
        close_retired(s, 0);
    s->retired[s->retired_count++] = *k;
}

static void poll_retired(struct sinks *s)
{
    for (unsigned i = s->retired_count; i-- > 0;) {
        transport_poll(s->retired[i].transport);
        if (transport_is_idle(s->retired[i].transport))
            close_retired(s, i);
    }
}

void sinks_flush(struct sinks *s)
{
    flush_events(s);
    for (unsigned i = 0; i < s->count; i++)
        transport_poll(s->list[i].transport);
    poll_retired(s);
    if (s->events != NULL)
        transport_poll(s->events);
}

void sinks_settle(struct sinks *s)
{
    flush_events(s);
    for (unsigned i = 0; i < s->count; i++)
        s->failed |= !transport_settle(s->list[i].transport);
    while (s->retired_count > 0)
        close_retired(s, s->retired_count - 1);
    if (s->events != NULL)
        s->failed |= !transport_settle(s->events);
}

static void report_one(const char *format, const struct transport *t, struct summary *ret)
{
    struct transport_report r;

    transport_report(t, &r);
    if (r.failures + r.lost + r.waiting + r.spooled_bytes == 0 ||
        ret->outputs_count == OUTPUT_ROWS_MAX)
        return;
    ret->outputs[ret->outputs_count++] = (struct output_row){.format = format,
                                                             .path = r.path,
                                                             .failures = r.failures,
                                                             .lost = r.lost,
                                                             .waiting = r.waiting,
                                                             .spooled_bytes = r.spooled_bytes};
}

void sinks_report(const struct sinks *s, struct summary *ret)
{
    _Static_assert(OUTPUT_ROWS_MAX == CONFIG_OUTPUTS_MAX + 1,
                   "a row an output, and the events; retired ones where there is room");

    for (unsigned i = 0; i < s->count; i++)
        report_one(s->list[i].writer->name, s->list[i].transport, ret);
    for (unsigned i = 0; i < s->retired_count; i++)
        report_one(s->retired[i].writer->name, s->retired[i].transport, ret);
    if (s->events != NULL)
        report_one("events", s->events, ret);
}

void sinks_sync(struct sinks *s)
{
    flush_events(s);
    for (unsigned i = 0; i < s->count; i++)
        transport_sync(s->list[i].transport);
    for (unsigned i = 0; i < s->retired_count; i++)
        transport_sync(s->retired[i].transport);
    if (s->events != NULL)
        transport_sync(s->events);
}

static void reopen(struct sinks *s, struct transport *t)
{
    struct error error = {0};

    if (t != NULL && !transport_reopen(t, &error))
        sinks_warn(s, error.text);
}

void sinks_reopen(struct sinks *s)
{
    flush_events(s);
    for (unsigned i = 0; i < s->count; i++) {
        reopen(s, s->list[i].transport);
        if (s->list[i].path != NULL && strcmp(s->list[i].path, "-") != 0)
            begin(s, &s->list[i]);
    }
    reopen(s, s->events);
}

/* ---- another configuration ---- */

struct sinks_change {
    struct sink opened[CONFIG_OUTPUTS_MAX];   /* transport NULL: not by this */
    struct sink *goes_on[CONFIG_OUTPUTS_MAX]; /* one that is there; NULL: opened */
    unsigned count;
    bool other_events;
    struct transport *events;
};

static bool same_path(const char *a, const char *b)
{
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static bool is_claimed(const struct sinks_change *c, const struct sink *k)
{
    for (unsigned i = 0; i < c->count; i++)
        if (c->goes_on[i] == k)
            return true;
    return false;
}

/* An output of the configuration that is open already. */
static struct sink *find_open(struct sink *list, unsigned count, const struct sinks_change *c,
                              const struct config_output *o)
{
    for (unsigned i = 0; i < count; i++)
        if (list[i].writer == o->writer && same_path(list[i].path, o->path) &&
            !is_claimed(c, &list[i]))
            return &list[i];
    return NULL;
}

struct sinks_change *sinks_prepare(struct sinks *s, const struct config *config,
                                   struct error *reterr)
{
    struct sinks_change *c = panic_calloc(1, sizeof *c);
    bool good = true;

    for (unsigned i = 0; good && i < config->outputs_count; i++) {
        const struct config_output *o = &config->outputs[i];
        struct sink *k = find_open(s->list, s->count, c, o);
        if (k == NULL)
            k = find_open(s->retired, s->retired_count, c, o);
        good = k != NULL || open_sink(config, o, &c->opened[i], reterr);
        c->goes_on[c->count++] = k;
    }
    c->other_events = !same_path(s->events_path, config->events_path);
    if (good && c->other_events && config->events_path != NULL)
        good = (c->events = open_events(config, reterr)) != NULL;
    if (good)
        return c;
    sinks_abandon(c);
    return NULL;
}

void sinks_abandon(struct sinks_change *c)
{
    if (c == NULL)
        return;
    for (unsigned i = 0; i < CONFIG_OUTPUTS_MAX; i++)
        if (c->opened[i].transport != NULL)
            close_sink(&c->opened[i]);
    transport_close(&c->events);
    free(c);
}

static void take_events(struct sinks *s, struct sinks_change *c)
{
    if (!c->other_events)
        return;
    s->failed |= s->events != NULL && !transport_settle(s->events);
    transport_close(&s->events);
    free(s->events_path);
    s->events = c->events;
    s->events_path = keep_path(s->config->events_path);
}

/* The outputs of before that do not go on. */
static unsigned take_out(const struct sinks_change *c, const struct sink *list, unsigned count,
                         struct sink *ret)
{
    unsigned n = 0;

    for (unsigned i = 0; i < count; i++)
        if (!is_claimed(c, &list[i]))
            ret[n++] = list[i];
    return n;
}

static void take_list(struct sinks *s, const struct sinks_change *c)
{
    struct sink fresh[CONFIG_OUTPUTS_MAX] = {0}, rest[2 * CONFIG_OUTPUTS_MAX];
    unsigned count = take_out(c, s->retired, s->retired_count, rest);

    count += take_out(c, s->list, s->count, rest + count);
    for (unsigned i = 0; i < c->count; i++)
        fresh[i] = c->goes_on[i] != NULL ? *c->goes_on[i] : c->opened[i];
    s->count = c->count;
    s->retired_count = 0;
    memcpy(s->list, fresh, c->count * sizeof *fresh);
    for (unsigned i = 0; i < count; i++)
        retire(s, &rest[i]);
}

void sinks_take(struct sinks *s, struct sinks_change *c)
{
    flush_events(s);
    take_list(s, c);
    take_events(s, c);
    for (unsigned i = 0; i < s->count; i++) {
        s->list[i].info = sinks_run_info(s->config, s->list[i].path);
        if (c->goes_on[i] == NULL)
            begin(s, &s->list[i]);
    }
    sinks_reopen(s);
    poll_retired(s);
    free(c);
}

struct sinks *sinks_free(struct sinks *s)
{
    if (s == NULL)
        return NULL;
    flush_events(s);
    for (unsigned i = 0; i < s->count; i++)
        close_sink(&s->list[i]);
    for (unsigned i = 0; i < s->retired_count; i++)
        close_sink(&s->retired[i]);
    transport_close(&s->events);
    free(s->events_path);
    outbuf_fini(&s->out);
    outbuf_fini(&s->events_out);
    free(s);
    return NULL;
}

void sinks_event(struct sinks *s, const struct event *ev, const char *parser)
{
    if (s->events == NULL)
        return;
    events_write(ev, parser, &s->events_out);
    if (s->events_out.len >= EVENTS_BATCH)
        flush_events(s);
}

void sinks_alert(struct sinks *s, const struct alert *alert)
{
    s->alerts += alert->state == ALERT_NEW;
    s->told[alert->rule][alert->severity] += alert->state == ALERT_NEW;
    s->news = true;
    if ((int)alert->severity > s->worst)
        s->worst = (int)alert->severity;
    for (unsigned i = 0; i < s->count; i++) {
        struct sink *k = &s->list[i];
        if (k->writer->alert == NULL)
            continue;
        outbuf_clear(&s->out);
        k->writer->alert(&k->info, alert, &s->out);
        send(s, k);
    }
}

static void summarise_to(struct sinks *s, bool live_only, const struct summary *summary,
                         const struct alert *const *incidents, unsigned incidents_count)
{
    for (unsigned i = 0; i < s->count; i++) {
        struct sink *k = &s->list[i];
        if (k->writer->summary == NULL || (live_only && !is_live(k)))
            continue;
        outbuf_clear(&s->out);
        k->writer->summary(&k->info, summary, incidents, incidents_count, &s->out);
        send(s, k);
    }
}

void sinks_summary(struct sinks *s, const struct summary *summary,
                   const struct alert *const *incidents, unsigned incidents_count)
{
    flush_events(s);
    summarise_to(s, false, summary, incidents, incidents_count);
}

bool sinks_has_live(const struct sinks *s, bool with_news)
{
    for (unsigned i = 0; i < s->count; i++)
        if (is_live(&s->list[i]))
            return s->news || !with_news;
    return false;
}

void sinks_live(struct sinks *s, const struct summary *summary,
                const struct alert *const *incidents, unsigned incidents_count)
{
    summarise_to(s, true, summary, incidents, incidents_count);
    s->news = false;
}

void sinks_warn(void *arg, const char *text)
{
    const struct sinks *s = arg;

    if (s->config->quiet < 2)
        fprintf(stderr, "relaywatch: %s\n", text);
}

bool sinks_stopped(const struct sinks *s)
{
    if (s->events != NULL || s->count == 0)
        return false;
    for (unsigned i = 0; i < s->count; i++)
        if (!transport_stopped(s->list[i].transport))
            return false;
    return true;
}

bool sinks_failed(const struct sinks *s)
{
    return s->failed;
}

int sinks_worst(const struct sinks *s)
{
    return s->worst;
}

uint64_t sinks_alerts(const struct sinks *s)
{
    return s->alerts;
}

static void add_figures(struct metrics_figures *f, const char *name, uint64_t errors,
                        uint64_t dropped)
{
    struct metrics_output *row = row_of(f->outputs, &f->outputs_count, name);

    row->errors += errors;
    row->dropped += dropped;
}

static void add_sinks(struct metrics_figures *f, const struct sink *list, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        add_figures(f, list[i].writer->name, list[i].errors, transport_lost(list[i].transport));
}

void sinks_figures(const struct sinks *s, struct metrics_figures *ret)
{
    memcpy(ret->alerts, s->told, sizeof ret->alerts);
    add_sinks(ret, s->list, s->count);
    add_sinks(ret, s->retired, s->retired_count);
    for (unsigned i = 0; i < s->closed_count; i++)
        add_figures(ret, s->closed[i].name, s->closed[i].errors, s->closed[i].dropped);
}
