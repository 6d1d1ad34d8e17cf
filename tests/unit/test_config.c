/* test_config.c - what each setting means, and what is said of one that means nothing */
#include "config_setting.h"

#include <stdlib.h>

#include "input_fixtures.h"
#include "test.h"

enum { WORDS = 24 };
static const int64_t midnight_s = 1772409600; /* 2026-03-02 00:00 UTC */

struct run {
    char text[1024], path[64];
    char *argv[WORDS + 1];
    struct settings settings;
    struct config config;
    struct error error;
    bool ok;
};

/* Words with a bar between each; file: content of a configuration file, or NULL to read none. */
static void run_begin(struct run *r, const char *words, const char *file)
{
    char *save = NULL;
    int argc = 0;

    memset(r, 0, sizeof *r);
    if (file != NULL) {
        int fd;
        strcpy(r->path, "/tmp/relaywatch-test-XXXXXX");
        fd = mkstemp(r->path);
        ASSERT(fd >= 0);
        write_fully(fd, slice_of(file));
        close(fd);
    }
    snprintf(r->text, sizeof r->text, "relaywatch|%s%s|%s", file ? "-c|" : "--no-config", r->path,
             words);
    for (char *w = strtok_r(r->text, "|", &save); w != NULL && argc < WORDS;
         w = strtok_r(NULL, "|", &save))
        r->argv[argc++] = w;
    r->ok = options_parse(argc, r->argv, &r->settings, &r->error) &&
            config_make(&r->settings, &r->config, &r->error);
}

static void run_end(struct run *r)
{
    config_fini(&r->config);
    options_free(&r->settings);
    if (r->path[0] != '\0')
        unlink(r->path);
}

static void sizes_have_units(void)
{
    static const struct {
        const char *text;
        bool ok;
        size_t bytes;
    } rows[] = {
        {"300000000", true, 300000000},
        {"64M", true, (size_t)64 << 20},
        {"64m", true, (size_t)64 << 20},
        {"1G", true, (size_t)1 << 30},
        {"65536K", true, (size_t)64 << 20},
        {"2T", true, (size_t)2 << 40},
        {"16MiB", true, (size_t)16 << 20},
        {"2kB", true, 2048},
        {"0", true, 0},
        {"", false, 0},
        {"M", false, 0},
        {"-1", false, 0},
        {"64X", false, 0},
        {"64 M", false, 0},
        {"1.5G", false, 0},
        {"1KK", false, 0},
        {"1000000000000T", false, 0},
        {"99999999999999999999", false, 0},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        size_t got = 0;
        int before = test_failures;
        CHECK_INT(config_size(slice_of(rows[i].text), &got), rows[i].ok);
        if (rows[i].ok)
            CHECK_INT(got, rows[i].bytes);
        if (test_failures != before)
            printf("#   in: \"%s\"\n", rows[i].text);
    }
}

static void times_have_zones(void)
{
    static const struct {
        const char *text, *zone;
        bool ok;
        int64_t after_midnight_s;
    } rows[] = {
        {"2026-03-02", "UTC", true, 0},
        {"2026-03-02", "+02:00", true, -7200},
        {"2026-03-02T04:00", "UTC", true, 14400},
        {"2026-03-02 04:00", "UTC", true, 14400},
        {"2026-03-02T04:00:05", "UTC", true, 14405},
        {"2026-03-02T04:00:05Z", "+02:00", true, 14405},
        {"2026-03-02T04:00Z", "+02:00", true, 14400},
        {"2026-03-02T04:00+02:00", "UTC", true, 7200},
        {"2026-03-02T04:00:05+02:00", "UTC", true, 7205},
        {"2026-03-02T04:00:05", "+02:00", true, 7205},
        {"@1772409600", "+02:00", true, 0},
        {"", "UTC", false, 0},
        {"yesterday", "UTC", false, 0},
        {"@", "UTC", false, 0},
        {"@12x", "UTC", false, 0},
        {"2026-13-01", "UTC", false, 0},
        {"2026-02-30", "UTC", false, 0},
        {"2026-03-02T25:00", "UTC", false, 0},
        {"2026-03-02T04:00:05 or so", "UTC", false, 0},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct time_zone zone;
        int64_t got = 0;
        int before = test_failures;
        CHECK(time_zone_parse(rows[i].zone, &zone, NULL));
        CHECK_INT(config_time(slice_of(rows[i].text), &zone, &got), rows[i].ok);
        if (rows[i].ok)
            CHECK_INT(got, (midnight_s + rows[i].after_midnight_s) * 1000000);
        if (test_failures != before)
            printf("#   in: \"%s\"\n", rows[i].text);
    }
}

static void nothing_said_gives_the_defaults(void)
{
    struct run r;

    run_begin(&r, "", NULL);
    CHECK(r.ok);
    CHECK_INT(r.config.outputs_count, 1);
    CHECK_STR(r.config.outputs[0].writer->name, "text");
    CHECK(r.config.outputs[0].path == NULL);
    CHECK(r.config.format == NULL);
    CHECK_INT(r.config.top, 10);
    CHECK_INT(r.config.memory_bytes, 256 << 20);
    CHECK_INT(r.config.fail_on, -1);
    CHECK(r.config.since_us == INT64_MIN && r.config.until_us == INT64_MAX);
    CHECK(!zones_explicit_domains(r.config.zones) && !zones_explicit_networks(r.config.zones));
    run_end(&r);
}

static void settings_are_understood(void)
{
    struct run r;
    struct ip_addr relay, webmail;

    run_begin(&r,
              "--local-domain=example.org,example.net|--relay-domain=backup.example|"
              "--trusted=192.0.2.0/24 2001:db8::/32|--frontend=198.51.100.7|--top=0|--qui|"
              "--since=2026-03-02|--tz=+02:00|--fail-on=high|--format=postfix|-ojson:x.json|"
              "--hash-key=000102030405060708090a0b0c0d0eff|--geoip-city=c.mmdb|--geoip-asn=a.mmdb|"
              "--honey-user=backup,old@example.org",
              NULL);
    CHECK(r.ok);
    CHECK(honey_users_has(r.config.honey_users, SLICE_LIT("Backup@example.net")));
    CHECK(honey_users_has(r.config.honey_users, SLICE_LIT("old@example.org")));
    CHECK(!honey_users_has(r.config.honey_users, SLICE_LIT("old@example.net")));
    CHECK(!honey_users_has(r.config.honey_users, SLICE_NONE));
    CHECK_STR(r.config.geoip_city, "c.mmdb");
    CHECK(r.config.geoip_country == NULL);
    CHECK_STR(r.config.geoip_asn, "a.mmdb");
    CHECK_STR(r.error.text, "");
    CHECK_INT(zones_domain(r.config.zones, SLICE_LIT("example.net")), DOMAIN_LOCAL);
    CHECK_INT(zones_domain(r.config.zones, SLICE_LIT("backup.example")), DOMAIN_RELAY);
    CHECK_INT(zones_domain(r.config.zones, SLICE_LIT("example.com")), DOMAIN_FOREIGN);
    CHECK(ip_addr_parse(SLICE_LIT("2001:db8::5"), &relay));
    CHECK(ip_addr_parse(SLICE_LIT("198.51.100.7"), &webmail));
    CHECK_INT(zones_client(r.config.zones, &relay, SLICE_NONE), CLIENT_TRUSTED);
    CHECK_INT(zones_client(r.config.zones, &webmail, SLICE_NONE), CLIENT_FRONTEND);
    CHECK_INT(r.config.top, 0);
    CHECK_INT(r.config.quiet, 1);
    CHECK_INT(r.config.fail_on, SEVERITY_HIGH);
    CHECK_INT(r.config.since_us, (midnight_s - 7200) * 1000000); /* the zone may follow the time */
    CHECK(r.config.format != NULL && strcmp(r.config.format->name, "postfix") == 0);
    CHECK_STR(r.config.outputs[0].writer->name, "json");
    CHECK_STR(r.config.outputs[0].path, "x.json");
    CHECK(r.config.hash_key.k0 == UINT64_C(0x0001020304050607));
    CHECK(r.config.hash_key.k1 == UINT64_C(0x08090a0b0c0d0eff));
    run_end(&r);
}

static void nonsense_is_refused_for_a_reason(void)
{
    static const struct {
        const char *words, *says;
    } rows[] = {
        {"--memory=1M", "command line: memory \"1M\" is less than 16M"},
        {"--memory=much", "command line: memory \"much\" is no size (64M, 1G)"},
        {"--top=101", "command line: top \"101\" is no number from 0 to 100"},
        {"--top=-1", "command line: top \"-1\" is no number from 0 to 100"},
        {"--top=5x", "command line: top \"5x\" is no number from 0 to 100"},
        {"--year=1979", "command line: year \"1979\" is no year from 1980 to 2200"},
        {"--tz=Mars/Phobos", "command line: tz \"Mars/Phobos\" is no time zone"},
        {"--since=yesterday", "command line: since \"yesterday\" is no time"},
        {"--fail-on=urgent", "command line: fail-on \"urgent\" is none of info, low, medium"},
        {"--color=green", "command line: color \"green\" is none of auto, always, never"},
        {"--progress=1", "command line: progress \"1\" is none of auto, always, never"},
        {"--hash-key=12", "command line: hash-key \"12\" is not 32 hexadecimal digits"},
        {"--hash-key=0001020304050607 8090a0b0c0d0e0f", "is not 32 hexadecimal digits"},
        {"--hash-key=-001020304050607+8090a0b0c0d0e0f", "is not 32 hexadecimal digits"},
        {"--trusted=192.0.2.0/33", "is not a list of networks"},
        {"--local-domain=exam$ple.org", "is not a list of domains"},
        {"--output=paper", "command line: output \"paper\" names no output format; there are: "},
        {"--format=paper", "command line: format \"paper\" names no log format; there are: auto, "},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct run r;
        run_begin(&r, rows[i].words, NULL);
        CHECK(!r.ok);
        CHECK_INT(r.error.code, ERROR_USAGE);
        if (!slice_has(slice_of(r.error.text), slice_of(rows[i].says))) {
            CHECK_STR(r.error.text, rows[i].says);
        }
        run_end(&r);
    }
}

static void a_file_is_blamed_by_line(void)
{
    struct run r;
    char says[160];

    run_begin(&r, "", "# sizes\nmemory = 1M\n");
    snprintf(says, sizeof says, "%s:2: memory \"1M\" is less than 16M", r.path);
    CHECK(!r.ok);
    CHECK_INT(r.error.code, ERROR_CONFIG);
    CHECK_STR(r.error.text, says);
    run_end(&r);
}

static void the_line_wins_over_the_file(void)
{
    struct run r;

    run_begin(&r, "--top=7",
              "top = 5\nmemory = 32M\nlocal-domain = example.org\ngeoip-country = a b.mmdb\n");
    CHECK(r.ok);
    CHECK_STR(r.config.geoip_country, "a b.mmdb");
    CHECK_INT(r.config.top, 7);
    CHECK_INT(r.config.memory_bytes, 32 << 20);
    CHECK_INT(zones_domain(r.config.zones, SLICE_LIT("example.org")), DOMAIN_LOCAL);
    run_end(&r);
}

static void outputs_are_at_most_sixteen(void)
{
    char file[17 * 32] = "";
    struct run r;

    for (int i = 1; i <= 17; i++) {
        run_begin(&r, "", strcat(file, "output = json:x\n"));
        CHECK_INT(r.ok, i <= CONFIG_OUTPUTS_MAX);
        run_end(&r);
    }
}

static const struct test_case cases[] = {
    {"sizes have units of 1,024", sizes_have_units},
    {"times have the zone they name, else the given one", times_have_zones},
    {"nothing said gives the defaults", nothing_said_gives_the_defaults},
    {"settings are understood", settings_are_understood},
    {"nonsense on the line is refused for a reason", nonsense_is_refused_for_a_reason},
    {"nonsense in a file is blamed by file and line", a_file_is_blamed_by_line},
    {"the command line wins over the file", the_line_wins_over_the_file},
    {"outputs are at most sixteen", outputs_are_at_most_sixteen},
};

TEST_MAIN(cases)
