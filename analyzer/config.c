/* config.c - the meaning of each setting
 * source:   the option table options.def; RFC 3339 for times
 * limits:   the hash key comes from the machine's id, so that two runs on one machine evict
 *           alike and an outsider cannot guess it; where there is no machine id it is random */
#include "config.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/cursor.h"
#include "base/panic.h"
#include "base/state.h"
#include "event/timestamp.h"
#include "match/signature_set.h"
#include "parsers.h"

static bool bad(const struct setting *s, struct error *reterr, const char *what)
{
    bool line = slice_eq(slice_of(s->origin), SLICE_LIT("command line"));

    return error_set(reterr, line ? ERROR_USAGE : ERROR_CONFIG, "%s: \"%s\" %s", s->origin,
                     s->value == NULL ? "" : s->value, what);
}

/* Call take for each part between commas or blanks; stops at the first that is refused. */
static bool each_part(const struct setting *s, struct config *c,
                      bool (*take)(struct config *, slice, const struct setting *, struct error *),
                      struct error *reterr)
{
    slice rest = slice_of(s->value);

    while (rest.len > 0) {
        size_t n = 0;
        while (n < rest.len && rest.ptr[n] != ',' && rest.ptr[n] != ' ' && rest.ptr[n] != '\t')
            n++;
        if (n > 0 && !take(c, slice_first(rest, n), s, reterr))
            return false;
        rest = slice_from(rest, n + 1);
    }
    return true;
}

static bool take_domain(struct config *c, slice part, const struct setting *s, struct error *reterr)
{
    enum domain_zone zone = s->id == OPTION_LOCAL_DOMAIN ? DOMAIN_LOCAL : DOMAIN_RELAY;

    return zones_add_domain(c->zones, part, zone) ||
           bad(s, reterr, "is not a list of domains (example.org,example.net)");
}

static bool take_network(struct config *c, slice part, const struct setting *s,
                         struct error *reterr)
{
    struct ip_net net;

    if (!ip_net_parse(part, &net))
        return bad(s, reterr, "is not a list of networks (192.0.2.0/24,2001:db8::/32)");
    zones_add_network(c->zones, &net, s->id == OPTION_TRUSTED ? CLIENT_TRUSTED : CLIENT_FRONTEND);
    return true;
}

static bool take_honey_user(struct config *c, slice part, const struct setting *s,
                            struct error *reterr)
{
    return honey_users_add(c->honey_users, part) || bad(s, reterr, "is one account too many (256)");
}

static bool take_output(struct config *c, const struct setting *s, struct error *reterr)
{
    slice value = slice_of(s->value);
    size_t colon = slice_find_byte(value, ':');
    const struct writer *writer = writer_find(slice_first(value, colon));
    char message[512];

    if (writer == NULL) {
        snprintf(message, sizeof message, "names no output format; there are: %s", writer_names());
        return bad(s, reterr, message);
    }
    if (c->outputs_count == CONFIG_OUTPUTS_MAX)
        return bad(s, reterr, "is one output too many (16 at most)");
    c->outputs[c->outputs_count++] =
        (struct config_output){writer, colon < value.len ? s->value + colon + 1 : NULL};
    return true;
}

static bool take_format(struct config *c, const struct setting *s, struct error *reterr)
{
    char message[512] = "names no log format; there are: auto";

    if (slice_eq(slice_of(s->value), SLICE_LIT("auto")))
        return true;
    c->format = parsers_find(slice_of(s->value));
    if (c->format != NULL)
        return true;
    for (size_t i = 0; i < parsers_count(); i++) {
        size_t n = strlen(message);
        snprintf(message + n, sizeof message - n, ", %s", parsers_at(i)->name);
    }
    return bad(s, reterr, message);
}

static bool take_number(const struct setting *s, uint64_t min, uint64_t max, uint64_t *ret)
{
    slice cur = slice_of(s->value);
    return cursor_take_uint(&cur, max, ret) && cur.len == 0 && *ret >= min;
}

bool config_size(slice text, size_t *ret_bytes)
{
    static const char units[] = "KMGT";
    uint64_t n;
    const char *unit;

    if (!cursor_take_uint(&text, (uint64_t)1 << 50, &n))
        return false;
    if (text.len > 0 && text.ptr[0] != 'i' && (unit = strchr(units, text.ptr[0] & ~0x20)) != NULL &&
        *unit != '\0') {
        for (const char *u = units; u <= unit; u++) {
            if (n > SIZE_MAX / 1024)
                return false;
            n *= 1024;
        }
        text = slice_from(text, 1);
    }
    if (slice_eq(text, SLICE_LIT("iB")) || slice_eq(text, SLICE_LIT("B")))
        text.len = 0;
    *ret_bytes = n;
    return text.len == 0;
}

bool config_time(slice text, const struct time_zone *zone, int64_t *ret_us)
{
    char full[40];
    struct timestamp ts;
    slice cur;
    uint64_t epoch;

    if (text.len > 1 && text.ptr[0] == '@') {
        cur = slice_from(text, 1);
        if (!cursor_take_uint(&cur, (uint64_t)1 << 40, &epoch) || cur.len != 0)
            return false;
        *ret_us = (int64_t)epoch * 1000000;
        return true;
    }
    if (text.len == 10)
        snprintf(full, sizeof full, "%.*sT00:00:00", (int)text.len, text.ptr);
    else if (text.len >= 16 && text.len < 32 && (text.len == 16 || text.ptr[16] != ':'))
        snprintf(full, sizeof full, "%.16s:00%.*s", text.ptr, (int)text.len - 16, text.ptr + 16);
    else if (!slice_keep(text, full, sizeof full))
        return false;
    timestamp_init(&ts, zone, 0, 0);
    cur = slice_of(full);
    return timestamp_take_iso(&ts, &cur, ret_us) && cur.len == 0;
}

static bool take_when(const struct setting *s, int *ret, struct error *reterr)
{
    static const char *const names[] = {"auto", "always", "never"}, *const sandbox[] = {
                                                                        "auto", "on", "off"};
    bool is_sandbox = s->id == OPTION_SANDBOX;

    for (int i = 0; i < 3; i++) {
        if (slice_eq(slice_of(s->value), slice_of(is_sandbox ? sandbox[i] : names[i]))) {
            *ret = i;
            return true;
        }
    }
    return bad(s, reterr,
               is_sandbox ? "is none of auto, on, off" : "is none of auto, always, never");
}

static bool take_hash_key(struct config *c, const struct setting *s, struct error *reterr)
{
    unsigned long long k0, k1;

    /* digits only: scanf would also take signs and blanks */
    if (strlen(s->value) == 32 && strspn(s->value, "0123456789abcdefABCDEF") == 32 &&
        sscanf(s->value, "%16llx%16llx", &k0, &k1) == 2) {
        c->hash_key = (struct hash_key){k0, k1};
        return true;
    }
    return bad(s, reterr, "is not 32 hexadecimal digits");
}

static bool take_limit(struct config *c, const struct setting *s, struct error *reterr)
{
    uint64_t n = 0;

    if (s->id == OPTION_YEAR) {
        if (!take_number(s, 1980, 2200, &n))
            return bad(s, reterr, "is no year from 1980 to 2200");
        c->year = (int)n;
        return true;
    }
    if (s->id == OPTION_STATE_EVERY) {
        if (!take_number(s, 1, 3600, &n))
            return bad(s, reterr, "is no number of seconds from 1 to 3600");
        c->state_every_s = (unsigned)n;
        return true;
    }
    if (s->id == OPTION_SPOOL_MAX) {
        if (!config_size(slice_of(s->value), &c->spool_max) || c->spool_max < (size_t)1 << 20 ||
            c->spool_max > (size_t)1 << 40)
            return bad(s, reterr, "is no size from 1M to 1T");
        return true;
    }
    if (s->id == OPTION_TOP) {
        if (!take_number(s, 0, TOP_ROWS_MAX, &n))
            return bad(s, reterr, "is no number from 0 to 100");
        c->top = (unsigned)n;
        return true;
    }
    if (s->id == OPTION_JOBS) {
        if (!take_number(s, 1, CONFIG_JOBS_MAX, &n))
            return bad(s, reterr, "is no number from 1 to 64");
        c->jobs = (unsigned)n;
        return true;
    }
    if (!config_size(slice_of(s->value), &c->memory_bytes))
        return bad(s, reterr, "is no size (64M, 1G)");
    return c->memory_bytes >= (size_t)CONFIG_MEMORY_MIN_MIB << 20 ||
           bad(s, reterr, "is less than 16M");
}

static bool take_path(struct config *c, const struct setting *s)
{
    const char **to = s->id == OPTION_EVENTS             ? &c->events_path
                      : s->id == OPTION_METRICS_TEXTFILE ? &c->metrics_path
                      : s->id == OPTION_SERVE_TOKEN      ? &c->serve_token
                      : s->id == OPTION_STATE            ? &c->state_path
                      : s->id == OPTION_SPOOL            ? &c->spool_dir
                      : s->id == OPTION_USER             ? &c->user
                      : s->id == OPTION_SIGNATURES       ? &c->signatures
                      : s->id == OPTION_TLS_CA           ? &c->tls.ca
                      : s->id == OPTION_TLS_CERT         ? &c->tls.cert
                      : s->id == OPTION_TLS_KEY          ? &c->tls.key
                      : s->id == OPTION_TLS_FINGERPRINT  ? &c->tls.fingerprint
                      : s->id == OPTION_GEOIP_CITY       ? &c->geoip_city
                      : s->id == OPTION_GEOIP_COUNTRY    ? &c->geoip_country
                                                         : &c->geoip_asn;

    *to = s->value;
    return true;
}

static bool take_address(struct http_address *to, const struct setting *s, struct error *reterr)
{
    return http_address_parse(slice_of(s->value), to) ||
           bad(s, reterr, "is no address to listen at (9469, 127.0.0.1:9469, [::1]:9469)");
}

static bool take_switch(struct config *c, const struct setting *s)
{
    c->check_only |= s->id == OPTION_CHECK_CONFIG;
    c->help |= s->id == OPTION_HELP;
    c->version |= s->id == OPTION_VERSION;
    c->list_formats |= s->id == OPTION_LIST_FORMATS;
    c->follow |= s->id == OPTION_FOLLOW;
    c->from_end |= s->id == OPTION_FROM_END;
    c->quiet += s->id == OPTION_QUIET;
    return true;
}

static bool take(struct config *c, const struct setting *s, struct error *reterr)
{
    int when = 0;
    enum severity severity;

    switch (s->id) {
    case OPTION_LOCAL_DOMAIN:
    case OPTION_RELAY_DOMAIN:
        return each_part(s, c, take_domain, reterr);
    case OPTION_TRUSTED:
    case OPTION_FRONTEND:
        return each_part(s, c, take_network, reterr);
    case OPTION_HONEY_USER:
        return each_part(s, c, take_honey_user, reterr);
    case OPTION_OUTPUT:
        return take_output(c, s, reterr);
    case OPTION_EVENTS:
    case OPTION_STATE:
    case OPTION_METRICS_TEXTFILE:
    case OPTION_SERVE_TOKEN:
    case OPTION_SPOOL:
    case OPTION_USER:
    case OPTION_SIGNATURES:
    case OPTION_TLS_CA:
    case OPTION_TLS_CERT:
    case OPTION_TLS_KEY:
    case OPTION_TLS_FINGERPRINT:
    case OPTION_GEOIP_CITY:
    case OPTION_GEOIP_COUNTRY:
    case OPTION_GEOIP_ASN:
        return take_path(c, s);
    case OPTION_METRICS_LISTEN:
        return take_address(&c->metrics_listen, s, reterr);
    case OPTION_SERVE:
        return take_address(&c->serve, s, reterr);
    case OPTION_FORMAT:
        return take_format(c, s, reterr);
    case OPTION_TZ:
        return time_zone_parse(s->value, &c->zone, NULL) ||
               bad(s, reterr, "is no time zone (UTC, +02:00, Europe/Berlin)");
    case OPTION_SINCE:
        return config_time(slice_of(s->value), &c->zone, &c->since_us) ||
               bad(s, reterr, "is no time (2026-03-02T04:00)");
    case OPTION_UNTIL:
        return config_time(slice_of(s->value), &c->zone, &c->until_us) ||
               bad(s, reterr, "is no time (2026-03-02T04:00)");
    case OPTION_YEAR:
    case OPTION_STATE_EVERY:
    case OPTION_SPOOL_MAX:
    case OPTION_TOP:
    case OPTION_JOBS:
    case OPTION_MEMORY:
        return take_limit(c, s, reterr);
    case OPTION_FAIL_ON:
        if (!severity_parse(slice_of(s->value), &severity))
            return bad(s, reterr, "is none of info, low, medium, high, critical");
        c->fail_on = (int)severity;
        return true;
    case OPTION_COLOR:
        if (!take_when(s, &when, reterr))
            return false;
        c->color = (enum when)when;
        return true;
    case OPTION_SANDBOX:
        if (!take_when(s, &when, reterr))
            return false;
        c->sandbox = (enum when)when;
        return true;
    case OPTION_PROGRESS:
        if (!take_when(s, &when, reterr))
            return false;
        c->progress = (enum progress_mode)when;
        return true;
    case OPTION_HASH_KEY:
        return take_hash_key(c, s, reterr);
    case OPTION_BLOCK_ALLOW:
    case OPTION_BLOCK_SEVERITY:
    case OPTION_BLOCK_EXPIRE:
    case OPTION_BLOCK_NETWORKS:
    case OPTION_REPORTER:
        return block_settings_take(&c->block, s, reterr);
    default:
        return take_switch(c, s);
    }
}

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
            if ((s->list[i].id == OPTION_TZ) == (pass == 0) && !take(c, &s->list[i], reterr))
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
        if (settings->list[i].id == OPTION_HASH_KEY &&
            !take_hash_key(c, &settings->list[i], reterr))
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
