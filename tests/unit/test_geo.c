/* test_geo.c - what the layouts of several publishers answer, and what broken files do not */
#include "base/geo.h"

#include <stdlib.h>

#include "test.h"

struct warnings {
    unsigned count;
    char last[512];
};

static void take_warning(void *arg, const char *text)
{
    struct warnings *w = arg;

    w->count++;
    slice_keep(slice_of(text), w->last, sizeof w->last);
}

static struct geo *open_one(const char *name, struct warnings *w)
{
    static char path[512];

    *w = (struct warnings){0};
    snprintf(path, sizeof path, "%s/%s", TEST_DATA, name);
    return geo_open(&(struct geo_config){.city = path, .warn = take_warning, .warn_arg = w});
}

static bool find(struct geo *g, const char *ip, struct geo_place *ret)
{
    struct ip_addr addr = {0};

    CHECK(ip_addr_parse(slice_of(ip), &addr));
    return geo_find(g, &addr, ret);
}

static void a_city_file_answers_everything_it_has(void)
{
    struct warnings w;
    struct geo *g = open_one("geo-city.mmdb", &w);
    struct geo_place p;

    CHECK(find(g, "203.0.113.7", &p));
    CHECK_STR(p.country, "VN");
    CHECK_STR(p.country_name, "Viet Nam");
    CHECK_STR(p.continent, "AS");
    CHECK_STR(p.continent_name, "Asia");
    CHECK_STR(p.region_name, "Hanoi Region");
    CHECK_STR(p.city_name, "Hanoi");
    CHECK(p.located);
    CHECK_NEAR(p.lat, 21.03, 1e-9);
    CHECK_NEAR(p.lon, 105.85, 1e-9);
    CHECK_INT(p.as_number, 0);
    CHECK(find(g, "2001:db8:2:77::1", &p));
    CHECK_STR(p.city_name, "Potsdam");
    CHECK(!find(g, "192.0.2.1", &p));
    CHECK_STR(p.country, "");
    CHECK_INT(w.count, 0);
    geo_close(g);
}

/* A cached answer must not speak for the other half of a network, nor for another family. */
static void a_cached_answer_holds_for_its_own_network(void)
{
    struct warnings w;
    struct geo *g = open_one("geo-city.mmdb", &w);
    struct geo_place p;

    for (int round = 0; round < 2; round++) {
        CHECK(find(g, "203.0.113.127", &p));
        CHECK_STR(p.country, "VN");
        CHECK(find(g, "203.0.113.128", &p));
        CHECK_STR(p.country, "PE");
        CHECK(find(g, "2001:db8:1::7", &p));
        CHECK_STR(p.country, "DE");
        CHECK(!find(g, "2001:db8:9::7", &p));
    }
    geo_close(g);
}

static void flat_layouts_are_read(void)
{
    struct warnings w;
    struct geo *g = open_one("geo-flat.mmdb", &w);
    struct geo_place p;

    CHECK(find(g, "203.0.113.7", &p));
    CHECK_STR(p.country, "CA");
    CHECK_STR(p.country_name, "Canada");
    CHECK_STR(p.continent, "NA");
    CHECK_STR(p.continent_name, "North America");
    CHECK_INT(p.as_number, 64511);
    CHECK_STR(p.as_name, "Example ISP");
    CHECK(!p.located);
    geo_close(g);
}

static void a_file_of_ipv4_knows_no_ipv6_and_is_not_broken(void)
{
    struct warnings w;
    struct geo *g = open_one("geo-country-v4.mmdb", &w);
    struct geo_place p;

    CHECK(find(g, "198.51.100.9", &p));
    CHECK_STR(p.country, "NL");
    CHECK(!find(g, "2001:db8:1::7", &p));
    CHECK_INT(w.count, 0);
    geo_close(g);
}

static void files_complete_each_other(void)
{
    struct geo *g = geo_open(&(struct geo_config){.city = TEST_DATA "/geo-city.mmdb",
                                                  .country = TEST_DATA "/geo-country-v4.mmdb",
                                                  .as = TEST_DATA "/geo-as.mmdb"});
    struct geo_place p;

    CHECK(find(g, "203.0.113.7", &p));
    CHECK_STR(p.country, "VN");
    CHECK_INT(p.as_number, 64496);
    CHECK_STR(p.as_name, "Example Hosting B.V.");
    CHECK(find(g, "198.51.100.9", &p)); /* the city file is asked first */
    CHECK_STR(p.country, "DE");
    CHECK_INT(p.as_number, 0);
    CHECK(find(g, "2001:db8:9::1", &p)); /* known to one of them only */
    CHECK_INT(p.as_number, 64496);
    CHECK_STR(p.country, "");
    geo_close(g);
}

static void impossible_facts_are_left_out(void)
{
    struct warnings w;
    struct geo *g = open_one("geo-odd.mmdb", &w);
    struct geo_place p;

    CHECK(!find(g, "203.0.113.7", &p));
    CHECK_STR(p.country, "");
    CHECK(!p.located);
    CHECK_INT(p.as_number, 0);
    CHECK_STR(p.city_name, "");
    geo_close(g);
}

static void a_missing_or_broken_file_is_one_warning(void)
{
    static const char *const names[] = {"no-such-file.mmdb", "geo-text.mmdb", "geo-torn.mmdb"};
    struct warnings w;
    struct geo_place p;

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct geo *g = open_one(names[i], &w);
        CHECK(g == NULL);
        CHECK_INT(w.count, 1);
        CHECK(slice_has(slice_of(w.last), slice_of(names[i])));
        CHECK(!find(g, "203.0.113.7", &p));
        geo_close(g);
    }
}

static void a_broken_entry_is_told_once_and_the_rest_stays_in_use(void)
{
    struct warnings w;
    struct geo *g = open_one("geo-bad-entry.mmdb", &w);
    struct geo_place p;

    CHECK(g != NULL);
    for (int i = 0; i < 3; i++) {
        char ip[32];
        snprintf(ip, sizeof ip, "203.0.113.%d", i);
        CHECK(!find(g, ip, &p));
        CHECK(!find(g, "198.51.100.1", &p));
    }
    CHECK_INT(w.count, 1);
    geo_close(g);
}

static void private_and_absent_addresses_are_not_asked(void)
{
    struct warnings w;
    struct geo *g = open_one("geo-city.mmdb", &w);
    struct ip_addr absent = {0};
    struct geo_place p;

    CHECK(!find(g, "10.1.2.3", &p));
    CHECK(!find(g, "::1", &p));
    CHECK(!geo_find(g, &absent, &p));
    CHECK(!geo_find(NULL, &absent, &p));
    geo_close(g);
}

static void distances_are_those_of_a_globe(void)
{
    struct geo_place berlin = {.located = true, .lat = 52.52, .lon = 13.4},
                     hanoi = {.located = true, .lat = 21.03, .lon = 105.85},
                     west = {.located = true, .lat = 0, .lon = 179.9},
                     east = {.located = true, .lat = 0, .lon = -179.9},
                     pole = {.located = true, .lat = 90, .lon = 0},
                     south = {.located = true, .lat = -90, .lon = 77}, nowhere = {0};

    CHECK_NEAR(geo_km(&berlin, &hanoi), 8318, 40);
    CHECK_NEAR(geo_km(&hanoi, &berlin), geo_km(&berlin, &hanoi), 1e-6);
    CHECK_NEAR(geo_km(&west, &east), 22.2, 0.1); /* across the date line */
    CHECK_NEAR(geo_km(&pole, &south), 20015, 1);
    CHECK_NEAR(geo_km(&berlin, &berlin), 0, 1e-9);
    CHECK_NEAR(geo_km(&berlin, &nowhere), 0, 0);
}

static const struct test_case cases[] = {
    {"a city file answers everything it has", a_city_file_answers_everything_it_has},
    {"a cached answer holds for its own network", a_cached_answer_holds_for_its_own_network},
    {"flat layouts are read", flat_layouts_are_read},
    {"a file of IPv4 knows no IPv6 and is not broken",
     a_file_of_ipv4_knows_no_ipv6_and_is_not_broken},
    {"files complete each other", files_complete_each_other},
    {"impossible facts are left out", impossible_facts_are_left_out},
    {"a missing or broken file is one warning", a_missing_or_broken_file_is_one_warning},
    {"a broken entry is told once and the rest stays in use",
     a_broken_entry_is_told_once_and_the_rest_stays_in_use},
    {"private and absent addresses are not asked", private_and_absent_addresses_are_not_asked},
    {"distances are those of a globe", distances_are_those_of_a_globe},
};

TEST_MAIN(cases)
