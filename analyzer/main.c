/* main.c - argv -> config -> pipeline -> exit status; nothing else
 * source:   sysexits(3) for 66, 74, 78; exit 10 for --fail-on
 * limits:   signals only set a flag: what was read until then is reported */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cjson/cJSON.h>
#include <maxminddb.h>
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "base/geo.h"
#include "base/resident.h"
#include "base/state.h"
#include "check_examples.h"
#include "config.h"
#include "confine.h"
#include "explain.h"
#include "http_server.h"
#include "input/decoder.h"
#include "input/follow.h"
#include "input/input_set.h"
#include "match/signatures.h"
#include "merge.h"
#include "options.h"
#include "output/tls.h"
#include "parsers.h"
#include "pipeline.h"
#include "reload.h"
#include "service.h"
#include "sinks.h"

enum {
    EXIT_FAILED = 1,
    EXIT_USAGE = 2,
    EXIT_FAIL_ON = 10,
    EXIT_NO_INPUT = 66,
    EXIT_NO_OUTPUT = 74,
    EXIT_CONFIG = 78
};

static int fail(const struct error *e)
{
    static const int status[] = {[ERROR_NONE] = EXIT_FAILED,      [ERROR_USAGE] = EXIT_USAGE,
                                 [ERROR_CONFIG] = EXIT_CONFIG,    [ERROR_INPUT] = EXIT_NO_INPUT,
                                 [ERROR_OUTPUT] = EXIT_NO_OUTPUT, [ERROR_RUNTIME] = EXIT_FAILED};

    fprintf(stderr, "relaywatch: %s\n", e->text);
    return status[e->code];
}

/* "reads gzip (ISA-L 2.30.0), gzip (zlib 1.2.13), ...; not zstd" */
static void show_decoders(void)
{
    const struct decoder *d, *before = NULL;
    const char *between = "reads ", *journal = journal_library();

    for (unsigned i = 0; (d = decoder_at(i)) != NULL; before = d, i++) {
        if (d == before || d->version == NULL)
            continue;
        const char *version = d->version();
        printf("%s%s (%s %.*s)", between, d->name, d->library, (int)strcspn(version, ","), version);
        between = ", ";
    }
    before = NULL;
    between = "; not ";
    for (unsigned i = 0; (d = decoder_at(i)) != NULL; before = d, i++) {
        if (d == before || d->tool == NULL || d->version != NULL)
            continue;
        printf("%s%s", between, d->name);
        between = ", ";
    }
    printf("%s\n", journal == NULL ? "; the journal is left out" : "");
    if (journal != NULL)
        printf("the journal by %s\n", journal);
}

static int show_version(void)
{
    char pcre2[64] = "";
    uint32_t jit = 0;

    pcre2_config(PCRE2_CONFIG_VERSION, pcre2);
    pcre2_config(PCRE2_CONFIG_JIT, &jit);
    printf("relaywatch %s\nPCRE2 %s (JIT %s), libmaxminddb %s, cJSON %s, libmicrohttpd %s, GnuTLS "
           "%s\n",
           RELAYWATCH_VERSION, pcre2, jit ? "on" : "off", MMDB_lib_version(), cJSON_Version(),
           http_version() == NULL ? "left out" : http_version(),
           tls_version() == NULL ? "left out" : tls_version());
    show_decoders();
    return 0;
}

static int list_formats(void)
{
    for (size_t i = 0; i < parsers_count(); i++)
        printf("%-12s %s\n", parsers_at(i)->name, parsers_at(i)->summary);
    return 0;
}

/* Without operands standard input is read, unless that is a terminal: then somebody forgot to name
 * a file. */
static bool add_inputs(const struct settings *settings, struct input_set *inputs,
                       unsigned *ret_failed, struct error *reterr)
{
    if (settings->operand_count == 0) {
        if (isatty(STDIN_FILENO))
            return error_set(reterr, ERROR_USAGE,
                             "no input: name a log file, or pipe a log in (see --help)");
        return input_set_add(inputs, "-", reterr);
    }
    for (int i = 0; i < settings->operand_count; i++) {
        struct error one = {0};
        if (input_set_add(inputs, settings->operands[i], &one))
            continue;
        if (one.code == ERROR_CONFIG)
            return error_set(reterr, one.code, "%s", one.text);
        fprintf(stderr, "relaywatch: %s\n", one.text);
        ++*ret_failed;
    }
    return true;
}

static void say_totals(const struct pipeline *p)
{
    struct input_totals t;

    pipeline_totals(p, &t);
    fprintf(stderr,
            "relaywatch: %llu lines, %llu parsed, %llu skipped, %llu rejected, %llu of other "
            "programs; %llu alerts\n",
            (unsigned long long)t.lines, (unsigned long long)t.parsed,
            (unsigned long long)t.skipped, (unsigned long long)t.rejected,
            (unsigned long long)t.foreign, (unsigned long long)pipeline_alerts(p));
    if (t.lines > 0 && t.parsed + t.rejected == 0)
        fprintf(stderr,
                "relaywatch: nothing here is a mail server's log in a format that is known; "
                "--list-formats names them\n");
}

static int exit_status(const struct pipeline *p, const struct config *config,
                       unsigned inputs_failed)
{
    struct input_totals t;

    pipeline_totals(p, &t);
    if (*service_stop() != 0)
        return 128 + *service_stop();
    if (pipeline_output_failed(p))
        return EXIT_NO_OUTPUT;
    if (inputs_failed + t.sources_failed > 0)
        return EXIT_NO_INPUT;
    if (config->fail_on >= 0 && pipeline_worst(p) >= config->fail_on)
        return EXIT_FAIL_ON;
    return 0;
}

static int64_t now_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* While a pipe is silent: go on waiting unless a signal asks for the end. */
static bool keep_waiting(void *arg)
{
    if (arg != NULL)
        service_run(arg);
    return *service_stop() == 0;
}

/* The logs to be followed; NULL: none are, or *reterr. Standard input alone is a pipe, which gives
 * its lines as they come in any case. */
static struct follow *followed(const struct settings *settings, const struct config *config,
                               struct error *reterr)
{
    bool only_pipe = settings->operand_count == 0 ||
                     (settings->operand_count == 1 && strcmp(settings->operands[0], "-") == 0);
    struct follow *f = config->follow && !only_pipe ? follow_new() : NULL;

    for (int i = 0; f != NULL && i < settings->operand_count; i++)
        if (!follow_add(f, settings->operands[i], reterr))
            return follow_free(f);
    return f;
}

static int analyse(const struct settings *settings, const struct config *config,
                   struct input_set *inputs, struct follow *follow, struct service *service,
                   unsigned inputs_failed)
{
    struct error error = {0};
    struct pipeline_options options = {.config = config,
                                       .inputs = inputs,
                                       .now_us = now_us(),
                                       .follow = follow,
                                       .service = service_run,
                                       .service_arg = service};
    struct pipeline *p = NULL;
    int status;

    p = pipeline_new(&options, &error);
    if (p == NULL) {
        follow_free(follow); /* it was not taken over yet */
        return fail(&error);
    }
    resident_trim();
    /* before the first thread: a sandbox is for those that begin in it */
    if (confine(settings, config, &error))
        service->publisher = publish_open(config, &error);
    if (error.code != ERROR_NONE) {
        publish_close(&service->publisher);
        pipeline_free(p);
        return fail(&error);
    }
    service->pipeline = p;
    pipeline_run(p, service_stop());
    service_end(service);
    if (config->state_path == NULL)
        pipeline_drain(p);
    pipeline_finish(p);
    bool saved = service_save(service);
    saved = publish_end(service->publisher, p) && saved;
    if (config->quiet == 0)
        say_totals(p);
    status = exit_status(p, config, inputs_failed);
    status = status == 0 && !saved ? EXIT_NO_OUTPUT : status;
    service->pipeline = NULL;
    publish_close(&service->publisher);
    pipeline_free(p);
    return status;
}

struct reload_args {
    struct settings *settings;
    struct config *config;
    const struct service *service;
};

static bool reload_now(void *arg)
{
    struct reload_args *r = arg;

    return reload(r->settings, r->config, r->service->pipeline);
}

/* Batch: the operands, or standard input. Followed: none of them need be there yet. */
static int analyse_inputs(struct settings *settings, struct config *config,
                          struct input_set *inputs)
{
    struct error error = {0};
    struct service service;
    struct reload_args reload_args = {settings, config, &service};
    struct follow *follow = followed(settings, config, &error);
    unsigned failed = 0;
    int status = EXIT_NO_INPUT;

    if (error.code != ERROR_NONE)
        return fail(&error);
    int lock = config->state_path == NULL ? -1 : state_lock(config->state_path, &error);
    if (config->state_path != NULL && lock < 0) {
        follow_free(follow);
        return fail(&error);
    }
    service_start(&service, config);
    service.reload = reload_now;
    service.reload_arg = &reload_args;
    inputs->how.waiter = (struct feed_waiter){.on_wait = keep_waiting, .arg = &service};
    if (follow == NULL && !add_inputs(settings, inputs, &failed, &error))
        status = fail(&error);
    else if (follow != NULL || inputs->count > 0)
        status = analyse(settings, config, inputs, follow, &service, failed);
    inputs->how.waiter = (struct feed_waiter){0}; /* it is of this function */
    return status;
}

static int explain(const struct settings *settings, const struct config *config,
                   struct input_set *inputs)
{
    struct error error = {0};

    if (!explain_run(settings, config, inputs, now_us(), service_stop(), &error))
        return fail(&error);
    return *service_stop() != 0 ? 128 + *service_stop() : 0;
}

static void say_warning(void *arg, const char *text)
{
    (void)arg;
    fprintf(stderr, "relaywatch: %s\n", text);
}

static int check_config(const struct config *config)
{
    struct error error = {0};
    struct signatures *signatures = signatures_load(config->signatures, &error);
    bool good = signatures != NULL && signatures_check(signatures, &error) &&
                check_examples(config, signatures->files, true, &error) &&
                sinks_check(config, &error);

    signatures_free(signatures);
    if (!good)
        return fail(&error);
    geo_close(geo_open(&(struct geo_config){.city = config->geoip_city,
                                            .country = config->geoip_country,
                                            .as = config->geoip_asn,
                                            .warn = say_warning}));
    puts("configuration is good");
    return 0;
}

static int merge(const struct settings *settings, const struct config *config)
{
    struct error error = {0};

    return merge_run(settings, config, &error) ? 0 : fail(&error);
}

static int run(struct settings *settings, struct config *config)
{
    struct error error = {0};
    struct input_set inputs;
    int status;

    if (!config_make(settings, config, &error))
        return fail(&error);
    if (config->help)
        return options_help(stdout), 0;
    if (config->version)
        return show_version();
    if (config->list_formats)
        return list_formats();
    if (config->check_only)
        return check_config(config);
    unsigned threads_left = config->jobs - 1;
    input_set_init(&inputs);
    inputs.how = (struct source_options){.waiter = {.on_wait = keep_waiting},
                                         .memory_bytes = config->memory_bytes,
                                         .threads_left = &threads_left,
                                         .since_us = config->since_us > 0 ? config->since_us : 0};
    if (settings->explain)
        status = explain(settings, config, &inputs);
    else if (settings->merge)
        status = merge(settings, config);
    else
        status = analyse_inputs(settings, config, &inputs);
    input_set_fini(&inputs);
    return status;
}

int main(int argc, char **argv)
{
    struct settings settings = {0};
    struct config config = {0};
    struct error error = {0};
    int status;

    resident_begin();
    service_catch();
    if (options_parse(argc, argv, &settings, &error))
        status = run(&settings, &config);
    else
        status = fail(&error);
    config_fini(&config);
    options_free(&settings);
    return status;
}
