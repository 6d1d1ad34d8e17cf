/* test_ip_addr.c - addresses and networks: parse, format, mask */
#include "base/ip_addr.h"

#include <arpa/inet.h>

#include "test.h"

static void check_format(const char *in, const char *want)
{
    char buf[IP_ADDR_TEXT];
    struct ip_addr ip;

    if (!ip_addr_parse(slice_of(in), &ip)) {
        CHECK_STR(in, "an address");
        return;
    }
    CHECK_SLICE(ip_addr_format(&ip, buf), want);
    CHECK_STR(buf, want);
}

static void addresses_are_written_in_the_canonical_form(void)
{
    static const char *const rows[][2] = {
        {"192.0.2.1", "192.0.2.1"},
        {"0.0.0.0", "0.0.0.0"},
        {"255.255.255.255", "255.255.255.255"},
        {"2001:DB8::1", "2001:db8::1"},
        {"2001:0db8:0000:0000:0000:0000:0000:0001", "2001:db8::1"},
        {"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"}, /* a single zero is not shortened */
        {"2001:db8::1:1:1:1:1", "2001:db8:0:1:1:1:1:1"},
        {"2001:0:0:1:0:0:0:1", "2001:0:0:1::1"},       /* the longer run */
        {"2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"}, /* the first of equal runs */
        {"::", "::"},
        {"::1", "::1"},
        {"1::", "1::"},
        {"0:0:0:0:0:0:0:0", "::"},
        {"0:1:0:0:0:0:0:0", "0:1::"},
        {"2001:db8:1:2:3:4:5:0", "2001:db8:1:2:3:4:5:0"},
        {"2001:db8:1:2:3:4:0:0", "2001:db8:1:2:3:4::"},
        {"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
        {"2001:db8::192.0.2.1", "2001:db8::c000:201"},
        {"64:ff9b::192.0.2.1", "64:ff9b::c000:201"},
        {"::ffff:192.0.2.1", "192.0.2.1"},
        {"::FFFF:c000:0201", "192.0.2.1"},
        {"::192.0.2.1", "::c000:201"},
        {"IPv6:2001:db8::1", "2001:db8::1"},
        {"ipv6:::1", "::1"},
        {"IPv6:::ffff:192.0.2.1", "192.0.2.1"},
        {"fe80::1%eth0", "fe80::1"},
        {"1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"},
        {"::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"},
        {"1:2:3:4:5:6:192.0.2.1", "1:2:3:4:5:6:c000:201"},
    };

    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        check_format(rows[i][0], rows[i][1]);
}

static void other_text_is_no_address(void)
{
    static const char *const rows[] = {
        "",
        " ",
        "192.0.2",
        "192.0.2.",
        "192.0.2.1.",
        "192.0.2.1 ",
        " 192.0.2.1",
        "192.0.2.256",
        "192.0.2.01",
        "192.0.2.00",
        "192.0.2.-1",
        "192.0.2.0x1",
        "1921.0.2.1",
        ".192.0.2.1",
        "192.0.2.1:25",
        "[192.0.2.1]",
        "192.0.2.1%eth0",
        "example.org",
        "unknown",
        ":",
        ":::",
        "1",
        "1:",
        ":1",
        "1::2::3",
        "::1::",
        "12345::",
        "g::1",
        "1:2:3:4:5:6:7",
        "1:2:3:4:5:6:7:",
        "1:2:3:4:5:6:7:8:9",
        "1:2:3:4:5:6:7:8::",
        "::1:2:3:4:5:6:7:8",
        "1:2:3:4::5:6:7:8",
        "1:2:3:4:5:6:7:192.0.2.1",
        "::192.0.2",
        "::192.0.2.1:1",
        "192.0.2.1::",
        "::1 ",
        "[::1]",
        "IPv6:",
        "IPv6:192.0.2.1",
        "IPv6:IPv6:::1",
        "IPv4:192.0.2.1",
        "%eth0",
        "1:2:3:4:5:6:7:8:",
        "2001:db8:::1",
        "2001:db8::1:",
        "::ffff:192.0.2.256",
        "1:192.0.2.1",
        "1.2.3.4:5::",
    };

    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct ip_addr ip = {.family = 99};
        if (ip_addr_parse(slice_of(rows[i]), &ip))
            CHECK_STR(rows[i], "no address");
        CHECK_INT(ip.family, 99);
    }
    struct ip_addr ip;
    CHECK(!ip_addr_parse(SLICE_NONE, &ip));
    CHECK(!ip_addr_parse(SLICE_LIT("192.0.2.1\0"), &ip));
}

/* Any zeros pattern, written out in full and by the C library, is the same address. */
static void all_patterns_of_zero_groups_round_trip(void)
{
    for (unsigned pattern = 0; pattern < 256; pattern++) {
        struct in6_addr raw = {0};
        struct ip_addr a, b;
        char full[64], library[INET6_ADDRSTRLEN], buf[IP_ADDR_TEXT];
        for (unsigned i = 0; i < 8; i++)
            raw.s6_addr[2 * i + 1] = (pattern >> i & 1) != 0 ? (uint8_t)(i + 1) : 0;
        snprintf(full, sizeof(full), "%x:%x:%x:%x:%x:%x:%x:%x", raw.s6_addr[1], raw.s6_addr[3],
                 raw.s6_addr[5], raw.s6_addr[7], raw.s6_addr[9], raw.s6_addr[11], raw.s6_addr[13],
                 raw.s6_addr[15]);
        inet_ntop(AF_INET6, &raw, library, sizeof(library));
        CHECK(ip_addr_parse(slice_of(full), &a) && ip_addr_parse(slice_of(library), &b));
        CHECK(ip_addr_eq(&a, &b));
        slice text = ip_addr_format(&a, buf);
        if (strchr(library, '.') == NULL) /* the library writes ::a.b.c.d */
            CHECK_SLICE(text, library);
        CHECK(ip_addr_parse(text, &b) && ip_addr_eq(&a, &b));
    }
}

/* Random short texts of the alphabet: the C library accepts what we accept, but for our extensions.
 */
static void random_text_is_judged_as_by_the_c_library(void)
{
    uint32_t random = 11;
    unsigned accepted = 0;

    for (int round = 0; round < 300000; round++) {
        char text[24], v6[16];
        struct ip_addr ip;
        size_t len = 0;
        random = random * 1664525 + 1013904223;
        for (size_t want = 2 + (random >> 28); len < want; len++) {
            random = random * 1664525 + 1013904223;
            text[len] = "::::..10fF25"[(random >> 16) % 12];
        }
        text[len] = '\0';
        bool known = inet_pton(AF_INET6, text, v6) == 1 || inet_pton(AF_INET, text, v6) == 1;
        if (ip_addr_parse((slice){text, len}, &ip) != known)
            CHECK_STR(text, known ? "an address" : "no address");
        accepted += known;
    }
    CHECK(accepted > 100);
}

static void networks_are_parsed_masked_and_written(void)
{
    static const char *const rows[][2] = {
        {"192.0.2.77/24", "192.0.2.0/24"},
        {"192.0.2.77", "192.0.2.77/32"},
        {"192.0.2.77/32", "192.0.2.77/32"},
        {"255.255.255.255/1", "128.0.0.0/1"},
        {"198.51.100.1/0", "0.0.0.0/0"},
        {"2001:db8:1:2:3:4:5:6/64", "2001:db8:1:2::/64"},
        {"2001:db8:ffff::/33", "2001:db8:8000::/33"},
        {"2001:db8::ffff/120", "2001:db8::ff00/120"},
        {"2001:db8::1", "2001:db8::1/128"},
        {"::/0", "::/0"},
        {"ffff::1/127", "ffff::/127"},
        {"::ffff:192.0.2.77/120", "192.0.2.0/24"},
        {"::ffff:192.0.2.77", "192.0.2.77/32"},
    };
    static const char *const bad[] = {"",
                                      "/",
                                      "192.0.2.0/",
                                      "192.0.2.0/33",
                                      "192.0.2.0/-1",
                                      "192.0.2.0/24 ",
                                      "192.0.2.0/24/1",
                                      "2001:db8::/129",
                                      "/24",
                                      "::ffff:192.0.2.0/90",
                                      "192.0.2.0/a",
                                      "example.org/24"};
    char buf[IP_NET_TEXT];
    struct ip_net net;

    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        CHECK(ip_net_parse(slice_of(rows[i][0]), &net));
        CHECK_SLICE(ip_net_format(&net, buf), rows[i][1]);
        CHECK_STR(buf, rows[i][1]);
    }
    for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if (ip_net_parse(slice_of(bad[i]), &net))
            CHECK_STR(bad[i], "no network");
}

static bool inside(const char *net_text, const char *ip_text)
{
    struct ip_net net;
    struct ip_addr ip;

    CHECK(ip_net_parse(slice_of(net_text), &net) && ip_addr_parse(slice_of(ip_text), &ip));
    return ip_net_contains(&net, &ip);
}

static void a_network_contains_its_addresses_only(void)
{
    CHECK(inside("192.0.2.0/24", "192.0.2.255") && !inside("192.0.2.0/24", "192.0.3.0"));
    CHECK(inside("192.0.2.128/25", "192.0.2.128") && !inside("192.0.2.128/25", "192.0.2.127"));
    CHECK(inside("0.0.0.0/0", "198.51.100.1") && !inside("0.0.0.0/0", "2001:db8::1"));
    CHECK(inside("::/0", "2001:db8::1") && !inside("::/0", "198.51.100.1"));
    CHECK(inside("2001:db8::/32", "2001:db8:ffff::1") && !inside("2001:db8::/32", "2001:db9::"));
    CHECK(inside("2001:db8::/65", "2001:db8::7fff:0:0:1"));
    CHECK(!inside("2001:db8::/65", "2001:db8::8000:0:0:1"));
    CHECK(inside("192.0.2.0/24", "::ffff:192.0.2.9"));
    CHECK(!inside("2001:db8::/128", "192.0.2.1"));
    struct ip_net all = {.base = {.family = 4}};
    CHECK(!ip_net_contains(&all, &(struct ip_addr){.family = 0}));
    CHECK(!ip_net_contains(&(struct ip_net){.bits = 0}, &(struct ip_addr){.family = 0}));
}

static void the_principal_network_follows_the_family(void)
{
    char buf[IP_NET_TEXT];
    struct ip_addr v4, v6, none = {.family = 0};

    CHECK(ip_addr_parse(SLICE_LIT("203.0.113.77"), &v4));
    CHECK(ip_addr_parse(SLICE_LIT("2001:db8:1:2:3::4"), &v6));
    struct ip_net net = ip_net_of(&v4, 24, 64);
    CHECK_SLICE(ip_net_format(&net, buf), "203.0.113.0/24");
    net = ip_net_of(&v6, 24, 64);
    CHECK_SLICE(ip_net_format(&net, buf), "2001:db8:1:2::/64");
    net = ip_net_of(&v4, 99, 64);
    CHECK_SLICE(ip_net_format(&net, buf), "203.0.113.77/32");
    net = ip_net_of(&none, 24, 64);
    CHECK_SLICE(ip_net_format(&net, buf), "");
    CHECK_SLICE(ip_addr_format(&none, buf), "");
}

static void private_ranges_end_where_they_should(void)
{
    static const struct {
        const char *ip;
        bool is_private, is_loopback;
    } rows[] = {
        {"127.0.0.1", true, true},
        {"127.255.255.255", true, true},
        {"128.0.0.0", false, false},
        {"10.0.0.0", true, false},
        {"10.255.255.255", true, false},
        {"11.0.0.0", false, false},
        {"9.255.255.255", false, false},
        {"172.15.255.255", false, false},
        {"172.16.0.0", true, false},
        {"172.31.255.255", true, false},
        {"172.32.0.0", false, false},
        {"192.167.255.255", false, false},
        {"192.168.0.0", true, false},
        {"192.168.255.255", true, false},
        {"192.169.0.0", false, false},
        {"169.254.1.1", true, false},
        {"169.255.0.0", false, false},
        {"100.63.255.255", false, false},
        {"100.64.0.0", true, false},
        {"100.127.255.255", true, false},
        {"100.128.0.0", false, false},
        {"192.0.2.1", false, false},
        {"::1", true, true},
        {"::2", false, false},
        {"::", false, false},
        {"fbff::1", false, false},
        {"fc00::", true, false},
        {"fdff::1", true, false},
        {"fe00::1", false, false},
        {"fe7f::1", false, false},
        {"fe80::1", true, false},
        {"febf::1", true, false},
        {"fec0::1", false, false},
        {"2001:db8::1", false, false},
        {"::ffff:127.0.0.1", true, true},
    };

    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct ip_addr ip;
        CHECK(ip_addr_parse(slice_of(rows[i].ip), &ip));
        if (ip_addr_is_private(&ip) != rows[i].is_private ||
            ip_addr_is_loopback(&ip) != rows[i].is_loopback)
            CHECK_STR(rows[i].ip, rows[i].is_private ? "private" : "not private");
    }
    CHECK(!ip_addr_is_private(&(struct ip_addr){.family = 0}));
}

static const struct test_case cases[] = {
    {"addresses are written in the canonical form", addresses_are_written_in_the_canonical_form},
    {"other text is no address and sets nothing", other_text_is_no_address},
    {"all patterns of zero groups round-trip", all_patterns_of_zero_groups_round_trip},
    {"random text is judged as by the C library", random_text_is_judged_as_by_the_c_library},
    {"networks are parsed, masked and written", networks_are_parsed_masked_and_written},
    {"a network contains its addresses only", a_network_contains_its_addresses_only},
    {"the principal network follows the family", the_principal_network_follows_the_family},
    {"private ranges end where they should", private_ranges_end_where_they_should},
};
TEST_MAIN(cases)
