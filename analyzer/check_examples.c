/* check_examples.c - one pipeline for each example, watched for an alert with the entry's id
 * source:    pipeline.h (struct pipeline_watch)
 * limits:    an example is read as one file; its format is recognised as that of any file is. Those
 * of built-in files are run on the built-in files alone: what a site adds may change them */
#include "check_examples.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cjson/cJSON.h>

#include "detect/policy.h"
#include "detect/scenario_file.h"
#include "pipeline.h"

enum { MEMORY_MIB = 16, EXAMPLES_YEAR = 2026 };

struct example {
    const struct config *config;
    const char *id;  /* of the rule that is looked for */
    unsigned alerts; /* with it */
    unsigned events;
    bool all; /* also those of built-in files */
};

/* ---- looking on ---- */

static void on_event(void *arg, const struct event *ev, const struct context *cx,
                     const struct pipeline_detector *wanted)
{
    struct example *x = arg;

    (void)ev;
    (void)cx;
    (void)wanted;
    x->events++;
}

static void on_alert(void *arg, const struct alert *alert)
{
    struct example *x = arg;

    x->alerts += strcmp(alert_rule(alert)->id, x->id) == 0;
}

/* ---- one example ---- */

static struct zones *example_zones(const struct hash_key *key)
{
    static const char *const domains[] = {"example.org", "example.net"};
    static const char *const networks[] = {"192.0.2.0/24", "127.0.0.0/8"};
    struct zones *zones = zones_new(key);
    struct ip_net net;

    for (unsigned i = 0; i < 2; i++) {
        zones_add_domain(zones, slice_of(domains[i]), DOMAIN_LOCAL);
        if (ip_net_parse(slice_of(networks[i]), &net))
            zones_add_network(zones, &net, CLIENT_TRUSTED);
    }
    return zones;
}

static struct source *example_source(slice lines, struct error *reterr)
{
    int fd = memfd_create("example", MFD_CLOEXEC);
    bool good = fd >= 0;

    while (good && lines.len > 0) {
        ssize_t n = write(fd, lines.ptr, lines.len);
        good = n > 0;
        lines = slice_from(lines, good ? (size_t)n : 0);
    }
    if (good && lseek(fd, 0, SEEK_SET) == 0)
        return source_open_fd(fd, "example", reterr);
    if (fd >= 0)
        close(fd);
    error_set(reterr, ERROR_RUNTIME, "no memory for an example");
    return NULL;
}

static bool run_lines(struct example *x, struct config *config, slice lines, struct error *reterr)
{
    static const int never;
    const struct pipeline_watch watch = {.arg = x, .event = on_event, .alert = on_alert};
    struct source *source = example_source(lines, reterr);
    struct input_set inputs;
    struct pipeline *p;

    if (source == NULL)
        return false;
    input_set_init(&inputs);
    input_set_add_source(&inputs, source);
    p = pipeline_new(
        &(struct pipeline_options){
            .config = config, .inputs = &inputs, .watch = &watch, .unshadow = true},
        reterr);
    if (p != NULL)
        pipeline_run(p, &never);
    pipeline_free(p);
    input_set_fini(&inputs);
    return p != NULL;
}

static bool take_example(void *arg, const struct signature_entry *e, const char *member,
                         unsigned number, bool fires, slice lines, struct error *reterr)
{
    struct example *x = arg;
    const char *folder = e->file->is_builtin ? NULL : x->config->signatures;
    struct config config = {.hash_key = x->config->hash_key,
                            .signatures = folder,
                            .year = EXAMPLES_YEAR,
                            .since_us = INT64_MIN,
                            .until_us = INT64_MAX,
                            .memory_bytes = (size_t)MEMORY_MIB << 20,
                            .progress = PROGRESS_NEVER,
                            .quiet = 2,
                            .fail_on = -1};
    bool ran;

    x->alerts = x->events = 0;
    config.zones = example_zones(&config.hash_key);
    ran = run_lines(x, &config, lines, reterr);
    zones_free(config.zones);
    if (!ran)
        return false;
    if (x->events == 0)
        return signature_entry_error(e, reterr,
                                     "\"%s\" %u has no line that is understood; \"relaywatch "
                                     "explain\" shows what a line is taken for",
                                     member, number);
    if ((x->alerts > 0) == fires)
        return true;
    return signature_entry_error(e, reterr,
                                 fires
                                     ? "\"%s\" %u does not fire; \"relaywatch explain --signatures "
                                       "DIR -f FILE\" with its lines in FILE shows why"
                                     : "\"%s\" %u fires, and must not",
                                 member, number);
}

static bool check_entry(void *arg, const struct signature_entry *e, unsigned from, unsigned index,
                        struct error *reterr)
{
    struct example *x = arg;

    (void)from, (void)index;
    if (e->file->is_builtin && !x->all)
        return true;
    x->id = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(e->object, "id"));
    return x->id == NULL || scenario_examples(e, take_example, x, reterr);
}

bool check_examples(const struct config *config, const struct signature_set *files, bool all,
                    struct error *reterr)
{
    struct scenario_set *set = scenarios_load(files, reterr);
    struct policy policy;
    struct example x = {.config = config, .all = all};
    bool good = set != NULL && policy_load(files, &policy, reterr);

    scenarios_free(set);
    return good && signature_set_each(files, SIGNATURE_SCENARIOS, check_entry, &x, reterr) &&
           signature_set_each(files, SIGNATURE_POLICIES, check_entry, &x, reterr);
}
