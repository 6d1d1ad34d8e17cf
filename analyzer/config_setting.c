/* config_setting.c - what each option's value means, and where it goes
 * algorithm: a row an option: a function that reads it, or the place of a text or a switch
 * source:    the option table options.def; RFC 3339 for times
 * limits:    texts are borrowed from the settings */
#include "config_setting.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cursor.h"
#include "base/panic.h"
#include "event/timestamp.h"
#include "parsers.h"

/* ---- lists ---- */

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

static bool add_domain(struct config *c, slice part, const struct setting *s, struct error *reterr)
{
    enum domain_zone zone = s->id == OPTION_LOCAL_DOMAIN ? DOMAIN_LOCAL : DOMAIN_RELAY;

    return zones_add_domain(c->zones, part, zone) ||
           setting_bad(s, reterr, "is not a list of domains (example.org,example.net)");
}

static bool add_network(struct config *c, slice part, const struct setting *s, struct error *reterr)
{
    struct ip_net net;

    if (!ip_net_parse(part, &net))
        return setting_bad(s, reterr, "is not a list of networks (192.0.2.0/24,2001:db8::/32)");
    zones_add_network(c->zones, &net, s->id == OPTION_TRUSTED ? CLIENT_TRUSTED : CLIENT_FRONTEND);
    return true;
}

static bool add_honey_user(struct config *c, slice part, const struct setting *s,
                           struct error *reterr)
{
    return honey_users_add(c->honey_users, part) ||
           setting_bad(s, reterr, "is one account too many (256)");
}

static bool take_domains(struct config *c, const struct setting *s, struct error *reterr)
{
    return each_part(s, c, add_domain, reterr);
}

static bool take_networks(struct config *c, const struct setting *s, struct error *reterr)
{
    return each_part(s, c, add_network, reterr);
}

static bool take_honey_users(struct config *c, const struct setting *s, struct error *reterr)
{
    return each_part(s, c, add_honey_user, reterr);
}

/* ---- names of something ---- */

static bool take_output(struct config *c, const struct setting *s, struct error *reterr)
{
    slice value = slice_of(s->value);
    size_t colon = slice_find_byte(value, ':');
    const struct writer *writer = writer_find(slice_first(value, colon));
    char message[512];

    if (writer == NULL) {
        snprintf(message, sizeof message, "names no output format; there are: %s", writer_names());
        return setting_bad(s, reterr, message);
    }
    if (c->outputs_count == CONFIG_OUTPUTS_MAX)
        return setting_bad(s, reterr, "is one output too many (16 at most)");
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
    return setting_bad(s, reterr, message);
}

static bool take_fail_on(struct config *c, const struct setting *s, struct error *reterr)
{
    enum severity severity;

    if (!severity_parse(slice_of(s->value), &severity))
        return setting_bad(s, reterr, "is none of info, low, medium, high, critical");
    c->fail_on = (int)severity;
    return true;
}

/* Which of three words it is; -1 with *reterr: none. */
static int take_word(const struct setting *s, const char *const words[3], struct error *reterr)
{
    char message[64];

    for (int i = 0; i < 3; i++)
        if (slice_eq(slice_of(s->value), slice_of(words[i])))
            return i;
    snprintf(message, sizeof message, "is none of %s, %s, %s", words[0], words[1], words[2]);
    setting_bad(s, reterr, message);
    return -1;
}

static const char *const when_words[] = {"auto", "always", "never"};

static bool take_color(struct config *c, const struct setting *s, struct error *reterr)
{
    int when = take_word(s, when_words, reterr);

    c->color = when < 0 ? WHEN_AUTO : (enum when)when;
    return when >= 0;
}

static bool take_progress(struct config *c, const struct setting *s, struct error *reterr)
{
    int when = take_word(s, when_words, reterr);

    c->progress = when < 0 ? PROGRESS_AUTO : (enum progress_mode)when;
    return when >= 0;
}

static bool take_sandbox(struct config *c, const struct setting *s, struct error *reterr)
{
    static const char *const words[] = {"auto", "on", "off"};
    int when = take_word(s, words, reterr);

    c->sandbox = when < 0 ? WHEN_AUTO : (enum when)when;
    return when >= 0;
}

/* ---- numbers and sizes ---- */

/* An unsigned int from min to max. */
static bool take_unsigned(const struct setting *s, unsigned min, unsigned max, unsigned *ret)
{
    slice cur = slice_of(s->value);
    uint64_t n = 0;

    if (!cursor_take_uint(&cur, max, &n) || cur.len > 0 || n < min)
        return false;
    *ret = (unsigned)n;
    return true;
}

static bool take_year(struct config *c, const struct setting *s, struct error *reterr)
{
    unsigned year = 0;

    if (!take_unsigned(s, 1980, 2200, &year))
        return setting_bad(s, reterr, "is no year from 1980 to 2200");
    c->year = (int)year;
    return true;
}

static bool take_top(struct config *c, const struct setting *s, struct error *reterr)
{
    return take_unsigned(s, 0, TOP_ROWS_MAX, &c->top) ||
           setting_bad(s, reterr, "is no number from 0 to 100");
}

static bool take_jobs(struct config *c, const struct setting *s, struct error *reterr)
{
    return take_unsigned(s, 1, CONFIG_JOBS_MAX, &c->jobs) ||
           setting_bad(s, reterr, "is no number from 1 to 64");
}

static bool take_state_every(struct config *c, const struct setting *s, struct error *reterr)
{
    return take_unsigned(s, 1, 3600, &c->state_every_s) ||
           setting_bad(s, reterr, "is no number of seconds from 1 to 3600");
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

static bool take_memory(struct config *c, const struct setting *s, struct error *reterr)
{
    if (!config_size(slice_of(s->value), &c->memory_bytes))
        return setting_bad(s, reterr, "is no size (64M, 1G)");
    return c->memory_bytes >= (size_t)CONFIG_MEMORY_MIN_MIB << 20 ||
           setting_bad(s, reterr, "is less than 16M");
}

static bool take_spool_max(struct config *c, const struct setting *s, struct error *reterr)
{
    return (config_size(slice_of(s->value), &c->spool_max) && c->spool_max >= (size_t)1 << 20 &&
            c->spool_max <= (size_t)1 << 40) ||
           setting_bad(s, reterr, "is no size from 1M to 1T");
}

static bool take_hash_key(struct config *c, const struct setting *s, struct error *reterr)
{
    char first[17] = "";

    /* digits only: strtoull() would also take signs and blanks */
    if (strlen(s->value) != 32 || strspn(s->value, "0123456789abcdefABCDEF") != 32)
        return setting_bad(s, reterr, "is not 32 hexadecimal digits");
    memcpy(first, s->value, 16);
    c->hash_key = (struct hash_key){strtoull(first, NULL, 16), strtoull(s->value + 16, NULL, 16)};
    return true;
}

/* ---- times ---- */

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

static bool take_tz(struct config *c, const struct setting *s, struct error *reterr)
{
    return time_zone_parse(s->value, &c->zone, NULL) ||
           setting_bad(s, reterr, "is no time zone (UTC, +02:00, Europe/Berlin)");
}

static bool take_limit(struct config *c, const struct setting *s, struct error *reterr)
{
    int64_t *to = s->id == OPTION_SINCE ? &c->since_us : &c->until_us;

    return config_time(slice_of(s->value), &c->zone, to) ||
           setting_bad(s, reterr, "is no time (2026-03-02T04:00)");
}

/* ---- others ---- */

static bool take_listen(struct config *c, const struct setting *s, struct error *reterr)
{
    struct http_address *to = s->id == OPTION_SERVE ? &c->serve : &c->metrics_listen;

    return http_address_parse(slice_of(s->value), to) ||
           setting_bad(s, reterr, "is no address to listen at (9469, 127.0.0.1:9469, [::1]:9469)");
}

static bool take_block(struct config *c, const struct setting *s, struct error *reterr)
{
    return block_settings_take(&c->block, s, reterr);
}

static bool take_quiet(struct config *c, const struct setting *s, struct error *reterr)
{
    (void)s, (void)reterr;
    c->quiet++;
    return true;
}

/* ---- the options ---- */

enum place { NOWHERE, TEXT, SWITCH, ELSEWHERE };

static const struct {
    bool (*take)(struct config *c, const struct setting *s, struct error *reterr);
    enum place place;
    size_t offset; /* in struct config, of a const char * or a bool */
} options[OPTION_COUNT] = {
    [OPTION_LOCAL_DOMAIN] = {.take = take_domains},
    [OPTION_RELAY_DOMAIN] = {.take = take_domains},
    [OPTION_TRUSTED] = {.take = take_networks},
    [OPTION_FRONTEND] = {.take = take_networks},
    [OPTION_HONEY_USER] = {.take = take_honey_users},
    [OPTION_OUTPUT] = {.take = take_output},
    [OPTION_TLS_CA] = {NULL, TEXT, offsetof(struct config, tls.ca)},
    [OPTION_TLS_CERT] = {NULL, TEXT, offsetof(struct config, tls.cert)},
    [OPTION_TLS_KEY] = {NULL, TEXT, offsetof(struct config, tls.key)},
    [OPTION_TLS_FINGERPRINT] = {NULL, TEXT, offsetof(struct config, tls.fingerprint)},
    [OPTION_EVENTS] = {NULL, TEXT, offsetof(struct config, events_path)},
    [OPTION_METRICS_TEXTFILE] = {NULL, TEXT, offsetof(struct config, metrics_path)},
    [OPTION_METRICS_LISTEN] = {.take = take_listen},
    [OPTION_SERVE] = {.take = take_listen},
    [OPTION_SERVE_TOKEN] = {NULL, TEXT, offsetof(struct config, serve_token)},
    [OPTION_SIGNATURES] = {NULL, TEXT, offsetof(struct config, signatures)},
    [OPTION_CONFIG] = {.place = ELSEWHERE},
    [OPTION_NO_CONFIG] = {.place = ELSEWHERE},
    [OPTION_CHECK_CONFIG] = {NULL, SWITCH, offsetof(struct config, check_only)},
    [OPTION_FOLLOW] = {NULL, SWITCH, offsetof(struct config, follow)},
    [OPTION_FROM_END] = {NULL, SWITCH, offsetof(struct config, from_end)},
    [OPTION_STATE] = {NULL, TEXT, offsetof(struct config, state_path)},
    [OPTION_STATE_EVERY] = {.take = take_state_every},
    [OPTION_SPOOL] = {NULL, TEXT, offsetof(struct config, spool_dir)},
    [OPTION_SPOOL_MAX] = {.take = take_spool_max},
    [OPTION_SANDBOX] = {.take = take_sandbox},
    [OPTION_USER] = {NULL, TEXT, offsetof(struct config, user)},
    [OPTION_FORMAT] = {.take = take_format},
    [OPTION_YEAR] = {.take = take_year},
    [OPTION_TZ] = {.take = take_tz},
    [OPTION_SINCE] = {.take = take_limit},
    [OPTION_UNTIL] = {.take = take_limit},
    [OPTION_TOP] = {.take = take_top},
    [OPTION_GEOIP_CITY] = {NULL, TEXT, offsetof(struct config, geoip_city)},
    [OPTION_GEOIP_COUNTRY] = {NULL, TEXT, offsetof(struct config, geoip_country)},
    [OPTION_GEOIP_ASN] = {NULL, TEXT, offsetof(struct config, geoip_asn)},
    [OPTION_MEMORY] = {.take = take_memory},
    [OPTION_JOBS] = {.take = take_jobs},
    [OPTION_FAIL_ON] = {.take = take_fail_on},
    [OPTION_BLOCK_ALLOW] = {.take = take_block},
    [OPTION_BLOCK_SEVERITY] = {.take = take_block},
    [OPTION_BLOCK_EXPIRE] = {.take = take_block},
    [OPTION_BLOCK_NETWORKS] = {.take = take_block},
    [OPTION_REPORTER] = {.take = take_block},
    [OPTION_COLOR] = {.take = take_color},
    [OPTION_PROGRESS] = {.take = take_progress},
    [OPTION_HASH_KEY] = {.take = take_hash_key},
    [OPTION_FILE] = {.place = ELSEWHERE},
    [OPTION_UNPARSED] = {.place = ELSEWHERE},
    [OPTION_LIST_FORMATS] = {NULL, SWITCH, offsetof(struct config, list_formats)},
    [OPTION_QUIET] = {.take = take_quiet},
    [OPTION_HELP] = {NULL, SWITCH, offsetof(struct config, help)},
    [OPTION_VERSION] = {NULL, SWITCH, offsetof(struct config, version)},
};

bool config_take(struct config *c, const struct setting *s, struct error *reterr)
{
    char *place = (char *)c + options[s->id].offset;

    if (options[s->id].take != NULL)
        return options[s->id].take(c, s, reterr);
    ASSERT(options[s->id].place != NOWHERE); /* an option of options.def without a row here */
    if (options[s->id].place == TEXT)
        *(const char **)(void *)place = s->value;
    if (options[s->id].place == SWITCH)
        *(bool *)place = true;
    return true;
}
