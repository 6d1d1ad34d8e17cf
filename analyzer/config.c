/* config.c - all settings, of the command line and of the file, as one configuration
 * source:   the option table options.def; what a value means is config_setting.c
 * limits:   the hash key comes from the machine's id, so that two runs on one machine evict
 *           alike and an outsider cannot guess it; where there is no machine id it is random */
#include "config.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/panic.h"
#include "base/state.h"
#include "config_setting.h"
#include "match/signature_set.h"

/* A key that is the same in every run on this machine and unknown outside it. */
static struct hash_key machine_key(void)
{
    static const char id_path[] = "/etc/machine-id";
    const struct hash_key salt = {UINT64_C(0x72656c6179776174), UINT64_C(0x6368206861736820)};
    struct hash_key key = {0};
    char id[64] = "";
    FILE *f = fopen(id_path, "re");
    size_t n = f == NULL ? 0 : fread(id, 1, sizeof id, f);

    if (f != NULL)
        fclose(f);
    if (n >= 32) {
        key.k0 = siphash24(&salt, id, n);
        key.k1 = siphash24(&key, id, n);
    } else if (getrandom(&key, sizeof key, 0) != sizeof key) {
        key = salt;
    }
    return key;
}

/* -c FILE, $RELAYWATCH_CONFIG, the user's own, the system's: the first that is named or exists. */
static const char *config_path(const struct settings *s, char *buf, size_t size)
{
    const char *env = getenv("RELAYWATCH_CONFIG"), *xdg = getenv("XDG_CONFIG_HOME"),
               *home = getenv("HOME");
    const char *path = NULL;

    for (unsigned i = 0; i < s->count; i++) {
        if (s->list[i].id == OPTION_NO_CONFIG)
            return NULL;
        if (s->list[i].id == OPTION_CONFIG)
            path = s->list[i].value;
    }
    if (path != NULL)
        return path;
    if (env != NULL && env[0] != '\0')
        return env;
    if (geteuid() != 0 && (xdg != NULL || home != NULL)) {
        snprintf(buf, size, "%s%s/relaywatch/relaywatch.conf", xdg != NULL ? xdg : home,
                 xdg != NULL ? "" : "/.config");
        if (access(buf, R_OK) == 0)
            return buf;
    }
    return access("/etc/relaywatch/relaywatch.conf", R_OK) == 0 ? "/etc/relaywatch/relaywatch.conf"
                                                                : NULL;
}

/* The system's own folder of signatures, where there is one; --no-config leaves it out as well. */
static const char *system_signatures(const struct settings *s)
{
    static const char folder[] = "/etc/relaywatch/signatures";

    for (unsigned i = 0; i < s->count; i++)
        if (s->list[i].id == OPTION_NO_CONFIG)
            return NULL;
    return access(folder, F_OK) == 0 ? folder : NULL;
}

/* Time limits need the zone, so the zone is read before everything else. */
static bool take_all(struct config *c, const struct settings *s, struct error *reterr)
{
    for (int pass = 0; pass < 2; pass++)
        for (unsigned i = 0; i < s->count; i++)
            if ((s->list[i].id == OPTION_TZ) == (pass == 0) && !config_take(c, &s->list[i], reterr))
                return false;
    return true;
}

/* An abuse report that does not say who reports is nothing. */
static bool outputs_have_reporter(const struct config *c, struct error *reterr)
{
    for (unsigned i = 0; i < c->outputs_count; i++)
        if (c->outputs[i].writer->needs_reporter && c->block.reporter_address == NULL)
            return error_set(reterr, ERROR_USAGE, "output %s needs --reporter \"NAME <ADDRESS>\"",
                             c->outputs[i].writer->name);
    return true;
}

/* A batch is over before anybody could look. In a configuration file it is meant for other runs. */
static bool serves_while_following(const struct config *c, const struct settings *settings,
                                   struct error *reterr)
{
    for (unsigned i = 0; i < settings->count && !c->follow; i++) {
        const struct setting *s = &settings->list[i];
        if ((s->id == OPTION_METRICS_LISTEN || s->id == OPTION_SERVE) &&
            strcmp(s->origin, "command line") == 0)
            return error_set(reterr, ERROR_USAGE, "--%s needs --follow",
                             s->id == OPTION_SERVE ? "serve" : "metrics-listen");
    }
    return true;
}

/* What was read last comes first. */
static void put_file_first(struct settings *s, unsigned from_line)
{
    struct setting *copy = panic_calloc(s->count + 1, sizeof *copy);

    memcpy(copy, s->list + from_line, (s->count - from_line) * sizeof *copy);
    memcpy(copy + (s->count - from_line), s->list, from_line * sizeof *copy);
    memcpy(s->list, copy, s->count * sizeof *copy);
    free(copy);
}

bool config_read_file(const char *path, struct settings *settings, struct error *reterr)
{
    unsigned from_line = settings->count;

    if (!options_read_file(path, settings, reterr))
        return false;
    if (from_line > 0 && settings->count > from_line)
        put_file_first(settings, from_line);
    return true;
}

/* The tables of a state are those of its key, which is random where a machine has no id. */
static void adopt_key(const struct settings *settings, struct config *c)
{
    for (unsigned i = 0; i < settings->count; i++)
        if (settings->list[i].id == OPTION_STATE)
            (void)state_read_key(settings->list[i].value, &c->hash_key);
}

/* Settings that tables and positions depend on; the order in which they are given is not one. */
static uint64_t fingerprint(const struct settings *settings, const struct config *c)
{
    static const struct hash_key fixed = {UINT64_C(0x7374617465), UINT64_C(0x636f6e666967)};
    uint64_t sum = signature_set_hash(c->signatures);

    for (unsigned i = 0; i < settings->count; i++) {
        const struct setting *s = &settings->list[i];
        const char *name = options_name(s->id); /* its number may be another after an upgrade */
        if (options_shape_state(s->id) && s->value != NULL)
            sum += hash_mix(siphash13(&fixed, name, strlen(name)),
                            siphash13(&fixed, s->value, strlen(s->value)));
    }
    return sum;
}

/* What this process may run on. */
static unsigned processors(void)
{
    cpu_set_t set;

    if (sched_getaffinity(0, sizeof set, &set) != 0 || CPU_COUNT(&set) < 1)
        return 1;
    return CPU_COUNT(&set) > CONFIG_JOBS_MAX ? CONFIG_JOBS_MAX : (unsigned)CPU_COUNT(&set);
}

static char *keep_path(const char *path)
{
    size_t size = path == NULL ? 0 : strlen(path) + 1;
    char *copy = path == NULL ? NULL : panic_calloc(1, size);

    if (path != NULL)
        memcpy(copy, path, size);
    return copy;
}

static void set_defaults(struct config *c, const char *path, const struct hash_key *key)
{
    *c = (struct config){.since_us = INT64_MIN,
                         .until_us = INT64_MAX,
                         .top = 10,
                         .memory_bytes = (size_t)CONFIG_MEMORY_DEFAULT_MIB << 20,
                         .jobs = processors(),
                         .fail_on = -1,
                         .state_every_s = 60,
                         .spool_max = (size_t)64 << 20,
                         .hash_key = *key,
                         .file = keep_path(path)};
}

/* The key is known: nothing before needs it. */
static bool make_sense(const struct settings *settings, struct config *c, struct error *reterr)
{
    c->zones = zones_new(&c->hash_key);
    block_settings_init(&c->block, c->zones);
    c->honey_users = honey_users_new(&c->hash_key);
    if (!take_all(c, settings, reterr))
        return false;
    if (c->signatures == NULL)
        c->signatures = system_signatures(settings);
    c->fingerprint = fingerprint(settings, c);
    if (c->outputs_count == 0)
        c->outputs[c->outputs_count++] =
            (struct config_output){writer_find(SLICE_LIT("text")), NULL};
    return serves_while_following(c, settings, reterr) && outputs_have_reporter(c, reterr);
}

bool config_make(struct settings *settings, struct config *c, struct error *reterr)
{
    char buf[4096];
    const char *path = config_path(settings, buf, sizeof buf);
    const struct hash_key key = machine_key();

    set_defaults(c, path, &key);
    if (path != NULL && !config_read_file(path, settings, reterr))
        return false;
    adopt_key(settings, c);
    for (unsigned i = 0; i < settings->count; i++)
        if (settings->list[i].id == OPTION_HASH_KEY && !config_take(c, &settings->list[i], reterr))
            return false;
    return make_sense(settings, c, reterr);
}

bool config_make_again(const struct settings *settings, const struct config *before,
                       struct config *c, struct error *reterr)
{
    const struct hash_key key = before->hash_key; /* one that is wrong is found by take_all() */

    set_defaults(c, before->file, &key);
    c->jobs = before->jobs; /* a sandbox hides how many processors there are */
    if (!make_sense(settings, c, reterr))
        return false;
    c->hash_key = key;
    return true;
}

void config_fini(struct config *c)
{
    c->zones = zones_free(c->zones);
    c->honey_users = honey_users_free(c->honey_users);
    block_settings_fini(&c->block);
    free(c->file);
    c->file = NULL;
}
