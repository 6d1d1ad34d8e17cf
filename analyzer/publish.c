/* publish.c - snapshots of a run for people and machines who look on
 * algorithm: a snapshot is made every five seconds, or one second after the last when there are
 *            new alerts, but never sooner than fifty times what the last one cost. Every third one
 *            goes into the text file
 * source:    node exporter's textfile collector: written beside its place and renamed, a name that
 *            does not end in ".prom" meanwhile; systemd.exec(5) CREDENTIALS_DIRECTORY; proc(5)
 *            statm
 * limits:    a page has at most PAGE_MAX bytes */
#include "publish.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "base/cursor.h"
#include "base/outbuf.h"
#include "base/panic.h"
#include "http_server.h"
#include "sinks.h"

enum { PAGE_MAX = 8 << 20, COST_SHARE = 50 };
static const int64_t every_us = 5000000, news_us = 1000000, file_us = 15000000;

struct publisher {
    const struct config *config;
    int statm; /* /proc/self/statm, kept open; -1: there is none */
    struct http_server *metrics, *report;
    const struct writer *html;
    struct outbuf out;
    struct pipeline *pipeline;           /* during a snapshot */
    int64_t made_us, cost_us, filed_us;  /* monotonic */
    int64_t started_us;                  /* wall clock */
    int64_t configured_us;               /* ... when a configuration was good last */
    bool misconfigured;                  /* the one read last was not */
    uint64_t first_number, alerts;       /* of the last snapshot */
    bool made, file_failed, final, good; /* good: the text file was written */
};

static int64_t clock_us(clockid_t which)
{
    struct timespec now;

    clock_gettime(which, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* ---- tokens ---- */

/* The token in a file, without blanks at its ends. */
static bool read_token(const char *path, char *ret, size_t size, struct error *reterr)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, ret, size - 1);

    if (n < 0)
        error_set(reterr, ERROR_CONFIG, "cannot read the token in %s: %s", path, strerror(errno));
    if (fd >= 0)
        close(fd);
    if (n < 0)
        return false;
    ret[n] = '\0';
    n = (ssize_t)strcspn(ret, " \t\r\n");
    if (ret[n + (ssize_t)strspn(ret + n, " \t\r\n")] != '\0' || n < HTTP_TOKEN_MIN ||
        n > HTTP_TOKEN_MAX)
        return error_set(reterr, ERROR_CONFIG, "%s: a token is one word of %d to %d characters",
                         path, HTTP_TOKEN_MIN, HTTP_TOKEN_MAX);
    ret[n] = '\0';
    return true;
}

/* From --serve-token, or what the service manager hands over; "" when there is none. */
static bool find_token(const struct config *c, char *ret, size_t size, struct error *reterr)
{
    const char *folder = getenv("CREDENTIALS_DIRECTORY");
    char path[4096];

    ret[0] = '\0';
    if (c->serve_token != NULL)
        return read_token(c->serve_token, ret, size, reterr);
    if (folder == NULL)
        return true;
    snprintf(path, sizeof path, "%s/serve-token", folder);
    return access(path, F_OK) != 0 || read_token(path, ret, size, reterr);
}

/* ---- opening ---- */

static struct http_server *open_server(const struct publisher *p, enum http_kind kind,
                                       const struct http_address *address, const char *token,
                                       struct error *reterr)
{
    struct http_server *s = http_open(kind, address, token, reterr);

    if (s != NULL && p->config->quiet < 2)
        fprintf(stderr, "relaywatch: %s by HTTP at port %u%s\n",
                kind == HTTP_METRICS ? "metrics" : "the report", http_port(s),
                address->loopback ? ", for this machine only" : "");
    return s;
}

static bool open_report(struct publisher *p, struct error *reterr)
{
    const struct config *c = p->config;
    char token[HTTP_TOKEN_MAX + 8];

    if (!find_token(c, token, sizeof token, reterr))
        return false;
    if (token[0] == '\0' && !c->serve.loopback)
        return error_set(reterr, ERROR_USAGE,
                         "--serve beyond this machine needs --serve-token FILE: the report names "
                         "addresses and accounts");
    p->html = writer_find(SLICE_LIT("html"));
    p->report = open_server(p, HTTP_REPORT, &c->serve, token[0] == '\0' ? NULL : token, reterr);
    return p->report != NULL;
}

struct publisher *publish_open(const struct config *config, struct error *reterr)
{
    bool metrics = config->follow && config->metrics_listen.given;
    bool report = config->follow && config->serve.given;
    struct publisher *p;

    if (config->metrics_path == NULL && !metrics && !report)
        return NULL;
    p = panic_calloc(1, sizeof *p);
    p->config = config;
    p->statm = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    p->started_us = clock_us(CLOCK_REALTIME);
    p->configured_us = p->started_us;
    p->first_number = (uint64_t)(p->started_us / 1000000);
    outbuf_init(&p->out, PAGE_MAX);
    if (metrics)
        p->metrics = open_server(p, HTTP_METRICS, &config->metrics_listen, NULL, reterr);
    if ((metrics && p->metrics == NULL) || (report && !open_report(p, reterr)))
        publish_close(&p);
    return p;
}

void publish_close(struct publisher **publisher)
{
    struct publisher *p = *publisher;

    *publisher = NULL;
    if (p == NULL)
        return;
    if (p->statm >= 0)
        (void)close(p->statm);
    http_close(&p->metrics);
    http_close(&p->report);
    outbuf_fini(&p->out);
    free(p);
}

/* ---- the text file ---- */

static bool write_all(int fd, slice bytes)
{
    while (bytes.len > 0) {
        ssize_t n = write(fd, bytes.ptr, bytes.len);
        if (n < 0 && errno != EINTR)
            return false;
        bytes = slice_from(bytes, n < 0 ? 0 : (size_t)n);
    }
    return true;
}

/* Whoever collects it is another user: all may read it, it names nobody. */
static bool replace_file(const char *path, slice bytes)
{
    char beside[4096];
    int fd = -1;

    if (snprintf(beside, sizeof beside, "%s.%ld", path, (long)getpid()) < (int)sizeof beside) {
        (void)unlink(beside);
        fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    }
    if (fd < 0)
        return false;
    bool good = write_all(fd, bytes) && fchmod(fd, 0644) == 0;
    good = close(fd) == 0 && good;
    good = good && rename(beside, path) == 0;
    if (!good)
        (void)unlink(beside);
    return good;
}

static void file_metrics(struct publisher *p)
{
    const char *path = p->config->metrics_path;

    p->good = replace_file(path, outbuf_slice(&p->out));
    if (!p->good && !p->file_failed)
        fprintf(stderr, "relaywatch: cannot write %s: %s\n", path, strerror(errno));
    p->file_failed = !p->good;
}

/* ---- a snapshot ---- */

/* The second number of /proc/self/statm, in pages. */
static uint64_t resident_bytes(const struct publisher *p)
{
    char text[128];
    ssize_t n = p->statm < 0 ? -1 : pread(p->statm, text, sizeof text, 0);
    slice cur = {text, n > 0 ? (size_t)n : 0};
    uint64_t all, pages;

    if (!cursor_take_uint(&cur, UINT64_MAX, &all) || !cursor_take_byte(&cur, ' ') ||
        !cursor_take_uint(&cur, UINT64_MAX, &pages))
        return 0;
    return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

static void make_metrics(struct publisher *p, const struct summary *summary,
                         const struct alert *const *incidents, unsigned count)
{
    char pcre2[64] = "";
    uint32_t jit = 0;
    struct metrics_figures f = {.version = RELAYWATCH_VERSION,
                                .pcre2_version = pcre2,
                                .memory_bytes = resident_bytes(p),
                                .started_us = p->started_us,
                                .configured = !p->misconfigured,
                                .configured_us = p->configured_us,
                                .now_us = p->config->follow ? clock_us(CLOCK_REALTIME) : 0};

    pcre2_config(PCRE2_CONFIG_VERSION, pcre2);
    pcre2_config(PCRE2_CONFIG_JIT, &jit);
    f.pcre2_jit = jit != 0;
    pipeline_figures(p->pipeline, &f);
    outbuf_clear(&p->out);
    metrics_write(&f, summary, incidents, count, &p->out);
}

static void show(void *arg, const struct summary *summary, const struct alert *const *incidents,
                 unsigned count)
{
    struct publisher *p = arg;
    int64_t now = clock_us(CLOCK_MONOTONIC);
    bool file = p->config->metrics_path != NULL &&
                (p->final || p->filed_us == 0 || now - p->filed_us >= file_us);

    if (file || p->metrics != NULL)
        make_metrics(p, summary, incidents, count);
    if (file) {
        p->filed_us = now;
        file_metrics(p);
    }
    if (p->metrics != NULL)
        http_publish(p->metrics, outbuf_slice(&p->out), 0);
    if (p->report == NULL)
        return;
    struct run_info info = sinks_run_info(p->config, "report.html");
    info.page_number = p->first_number + p->alerts;
    outbuf_clear(&p->out);
    p->html->summary(&info, summary, incidents, count, &p->out);
    http_publish(p->report, outbuf_slice(&p->out), info.page_number);
}

static void snapshot(struct publisher *p, struct pipeline *pipeline)
{
    int64_t began = clock_us(CLOCK_MONOTONIC);

    p->pipeline = pipeline;
    p->alerts = pipeline_alerts(pipeline);
    pipeline_look(pipeline, show, p);
    p->made_us = clock_us(CLOCK_MONOTONIC);
    p->cost_us = p->made_us - began;
    p->made = true;
}

void publish_run(struct publisher *p, struct pipeline *pipeline)
{
    int64_t age, wait;

    if (p == NULL || !p->config->follow)
        return;
    if (p->metrics != NULL)
        http_alive(p->metrics);
    if (p->report != NULL)
        http_alive(p->report);
    age = clock_us(CLOCK_MONOTONIC) - p->made_us;
    wait = pipeline_alerts(pipeline) != p->alerts ? news_us : every_us;
    if (wait < p->cost_us * COST_SHARE)
        wait = p->cost_us * COST_SHARE;
    if (!p->made || age >= wait)
        snapshot(p, pipeline);
}

void publish_reloaded(struct publisher *p, bool good)
{
    if (p == NULL)
        return;
    p->misconfigured = !good;
    if (good)
        p->configured_us = clock_us(CLOCK_REALTIME);
}

bool publish_end(struct publisher *p, struct pipeline *pipeline)
{
    if (p == NULL || p->config->metrics_path == NULL)
        return true;
    p->final = true;
    snapshot(p, pipeline);
    return p->good;
}
