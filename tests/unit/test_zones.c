/* test_zones.c - explicit and learnt zones */
#include "event/zones.h"

#include "test.h"

static const struct hash_key key = {1, 2};

static struct ip_addr ip(const char *text)
{
    struct ip_addr a = {0};

    CHECK(ip_addr_parse(slice_of(text), &a));
    return a;
}

static void explicit_lists_decide(void)
{
    struct zones *z = zones_new(&key);
    struct ip_net net;
    struct ip_addr inside = ip("198.51.100.7"), outside = ip("203.0.113.7"),
                   private_ip = ip("10.0.0.1");

    CHECK(zones_add_domain(z, slice_of("Example.ORG"), DOMAIN_LOCAL));
    CHECK(zones_add_domain(z, slice_of("backup.example"), DOMAIN_RELAY));
    CHECK(!zones_add_domain(z, slice_of("not a domain"), DOMAIN_LOCAL));
    CHECK(ip_net_parse(slice_of("198.51.100.0/24"), &net));
    zones_add_network(z, &net, CLIENT_TRUSTED);
    CHECK_INT(zones_domain(z, slice_of("example.org")), DOMAIN_LOCAL);
    CHECK_INT(zones_domain(z, slice_of("MX1.example.org.")), DOMAIN_LOCAL);
    CHECK_INT(zones_domain(z, slice_of("notexample.org")), DOMAIN_FOREIGN);
    CHECK_INT(zones_domain(z, slice_of("backup.example")), DOMAIN_RELAY);
    CHECK_INT(zones_domain(z, slice_of("")), DOMAIN_UNKNOWN);
    CHECK_INT(zones_client(z, &inside, SLICE_NONE), CLIENT_TRUSTED);
    CHECK_INT(zones_client(z, &outside, slice_of("mx.example.org")), CLIENT_OUTSIDE);
    CHECK_INT(zones_client(z, &private_ip, SLICE_NONE), CLIENT_OUTSIDE);
    zones_learn_domain(z, slice_of("learnt.example"), DOMAIN_LOCAL);
    CHECK_INT(zones_domain(z, slice_of("learnt.example")), DOMAIN_FOREIGN);
    zones_free(z);
}

static void what_is_missing_is_learnt(void)
{
    struct zones *z = zones_new(&key);
    struct ip_addr outside = ip("203.0.113.7"), private_ip = ip("10.0.0.1"), loopback = ip("::1"),
                   none = {0};
    char proposals[4][256];

    zones_learn_domain(z, slice_of("example.org"), DOMAIN_LOCAL);
    zones_learn_domain(z, slice_of("example.org"), DOMAIN_LOCAL);
    zones_learn_domain(z, slice_of("mx.example.org"), DOMAIN_LOCAL);
    zones_learn_domain(z, slice_of("$(reboot).example"), DOMAIN_LOCAL);
    CHECK_INT(zones_domain(z, slice_of("example.org")), DOMAIN_LOCAL);
    CHECK_INT(zones_client(z, &private_ip, SLICE_NONE), CLIENT_TRUSTED);
    CHECK_INT(zones_client(z, &loopback, SLICE_NONE), CLIENT_LOOPBACK);
    CHECK_INT(zones_client(z, &none, SLICE_NONE), CLIENT_UNKNOWN);
    CHECK_INT(zones_client(z, &outside, slice_of("news.example.org")), CLIENT_TRUSTED);
    CHECK_INT(zones_client(z, &outside, slice_of("news.example.com")), CLIENT_OUTSIDE);
    CHECK_INT(zones_proposals(z, proposals, 4), 1);
    CHECK_STR(proposals[0], "example.org");
    zones_free(z);
}

static void a_smart_host_proves_nothing(void)
{
    struct zones *z = zones_new(&key);
    struct ip_addr gateway = ip("10.0.0.25");
    char domain[32];

    zones_learn_gateway(z, &gateway, slice_of("inner.example"));
    CHECK_INT(zones_domain(z, slice_of("inner.example")), DOMAIN_RELAY);
    for (int i = 0; i < 25; i++) {
        snprintf(domain, sizeof domain, "d%d.example", i);
        zones_learn_gateway(z, &gateway, slice_of(domain));
    }
    CHECK_INT(zones_domain(z, slice_of("inner.example")), DOMAIN_FOREIGN);
    zones_free(z);
}

static void an_attacker_cannot_push_our_domains_out(void)
{
    struct zones *z = zones_new(&key);
    char domain[32];

    zones_learn_domain(z, slice_of("example.org"), DOMAIN_LOCAL);
    for (int i = 0; i < 20000; i++) {
        snprintf(domain, sizeof domain, "x%d.example", i);
        zones_learn_domain(z, slice_of(domain), DOMAIN_LOCAL);
    }
    CHECK_INT(zones_learnt_count(z), 4096);
    CHECK_INT(zones_domain(z, slice_of("example.org")), DOMAIN_LOCAL);
    zones_free(z);
}

struct domain_case {
    const char *domain;
    enum domain_zone want;
};

static void subdomains_belong_to_their_parent(void)
{
    static const struct domain_case domains[] = {
        {"example.org", DOMAIN_LOCAL},
        {"EXAMPLE.ORG..", DOMAIN_LOCAL},
        {"a.b.c.d.example.org", DOMAIN_LOCAL},
        {"xexample.org", DOMAIN_FOREIGN},
        {"org", DOMAIN_FOREIGN},
        {"example.org.evil.example", DOMAIN_FOREIGN},
        {"sub.backup.example", DOMAIN_RELAY},
        {"inner.backup.example", DOMAIN_LOCAL}, /* the longest that matches decides */
        {"x.inner.backup.example", DOMAIN_LOCAL},
        {".", DOMAIN_UNKNOWN},
        {"[192.0.2.1]", DOMAIN_LOCAL},
        {"[192.0.2.2]", DOMAIN_FOREIGN},
        {"[192.0.2.1].example.org", DOMAIN_FOREIGN}, /* a literal has no parent */
    };
    struct zones *z = zones_new(&key);

    CHECK(zones_add_domain(z, slice_of("example.org."), DOMAIN_LOCAL));
    CHECK(zones_add_domain(z, slice_of("backup.example"), DOMAIN_RELAY));
    CHECK(zones_add_domain(z, slice_of("inner.backup.example"), DOMAIN_LOCAL));
    CHECK(zones_add_domain(z, slice_of("[192.0.2.1]"), DOMAIN_LOCAL));
    for (size_t i = 0; i < sizeof domains / sizeof domains[0]; i++)
        CHECK_STR(domain_zone_name(zones_domain(z, slice_of(domains[i].domain))),
                  domain_zone_name(domains[i].want));
    zones_free(z);
}

static void what_is_no_domain_is_refused(void)
{
    static const char *const bad[] = {"",    ".",  ".example.org", "a b",  "user@example.org",
                                      "a/b", "[]", "x,y",          "$HOME"};
    struct zones *z = zones_new(&key);
    char big[5000];

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (zones_add_domain(z, slice_of(bad[i]), DOMAIN_LOCAL)) {
            CHECK(0 == 1); /* it was taken */
            printf("#   %s\n", bad[i]);
        }
    for (size_t n = 250; n < 260; n++) {
        memset(big, 'a', n);
        CHECK_INT(zones_add_domain(z, (slice){big, n}, DOMAIN_LOCAL), n < 256);
        big[0] = '[';
        CHECK_INT(zones_add_domain(z, (slice){big, n}, DOMAIN_LOCAL), n < 256);
    }
    memset(big, '[', sizeof big);
    CHECK(!zones_add_domain(z, (slice){big, sizeof big}, DOMAIN_LOCAL));
    CHECK_INT(zones_domain(z, (slice){big, sizeof big}), DOMAIN_FOREIGN);
    memset(big, '.', sizeof big);
    CHECK_INT(zones_domain(z, (slice){big, sizeof big}), DOMAIN_UNKNOWN);
    for (size_t i = 0; i < sizeof big; i += 2)
        big[i] = 'a';
    CHECK_INT(zones_domain(z, (slice){big, sizeof big}), DOMAIN_FOREIGN);
    zones_free(z);
}

static void frontends_and_explicit_networks_decide_in_order(void)
{
    struct zones *z = zones_new(&key);
    struct ip_net net;
    struct ip_addr webmail = ip("192.0.2.10"), pc = ip("192.0.2.11"), v6 = ip("2001:db8::5"),
                   lo = ip("127.0.0.5");

    CHECK(ip_net_parse(slice_of("192.0.2.10"), &net));
    zones_add_network(z, &net, CLIENT_FRONTEND);
    CHECK(!zones_explicit_networks(z)); /* a frontend alone says nothing of who may relay */
    CHECK(ip_net_parse(slice_of("192.0.2.0/24"), &net));
    zones_add_network(z, &net, CLIENT_TRUSTED);
    CHECK(ip_net_parse(slice_of("2001:db8::/32"), &net));
    zones_add_network(z, &net, CLIENT_TRUSTED);
    CHECK(zones_explicit_networks(z));
    CHECK_STR(client_zone_name(zones_client(z, &webmail, SLICE_NONE)), "frontend");
    CHECK_STR(client_zone_name(zones_client(z, &pc, SLICE_NONE)), "trusted");
    CHECK_STR(client_zone_name(zones_client(z, &v6, SLICE_NONE)), "trusted");
    CHECK_STR(client_zone_name(zones_client(z, &lo, SLICE_NONE)), "loopback");
    zones_free(z);
}

static void twenty_domains_are_a_mail_server_and_one_more_is_not(void)
{
    struct zones *z = zones_new(&key);
    struct ip_addr gateway = ip("10.0.0.25"), other = ip("10.0.0.26");
    char domain[32];

    for (int i = 1; i <= 20; i++) {
        snprintf(domain, sizeof domain, "d%d.example", i);
        zones_learn_gateway(z, &gateway, slice_of(domain));
        zones_learn_gateway(z, &gateway, slice_of(domain));
    }
    CHECK_INT(zones_domain(z, slice_of("d20.example")), DOMAIN_RELAY);
    zones_learn_gateway(z, &gateway, slice_of("d21.example"));
    CHECK_INT(zones_domain(z, slice_of("d1.example")), DOMAIN_FOREIGN);
    /* final delivery is another kind of proof, and another next hop another server */
    zones_learn_domain(z, slice_of("d1.example"), DOMAIN_LOCAL);
    CHECK_INT(zones_domain(z, slice_of("d1.example")), DOMAIN_LOCAL);
    zones_learn_gateway(z, &other, slice_of("inner.example"));
    CHECK_INT(zones_domain(z, slice_of("inner.example")), DOMAIN_RELAY);
    zones_free(z);
}

/* A server that takes every domain for its own is an open relay, not a big site. */
static void twenty_domains_accepted_as_ours_are_ours_and_one_more_is_not(void)
{
    struct zones *z = zones_new(&key);
    struct ip_addr gateway = ip("10.0.0.25");
    char domain[32];

    zones_learn_gateway(z, &gateway, slice_of("inner.example"));
    for (int i = 1; i <= 20; i++) {
        snprintf(domain, sizeof domain, "D%d.example", i);
        zones_learn_served(z, slice_of(domain));
        zones_learn_served(z, slice_of(domain));
    }
    CHECK_INT(zones_domain(z, slice_of("d1.example")), DOMAIN_LOCAL);
    CHECK_INT(zones_domain(z, slice_of("d20.example")), DOMAIN_LOCAL);
    zones_learn_served(z, slice_of("d21.example"));
    CHECK_INT(zones_domain(z, slice_of("d1.example")), DOMAIN_FOREIGN);
    CHECK_INT(zones_domain(z, slice_of("inner.example")), DOMAIN_RELAY);
    zones_free(z);
}

static void next_hops_beyond_64_prove_nothing(void)
{
    struct zones *z = zones_new(&key);
    struct ip_addr hop = ip("10.0.0.1");
    char domain[32];

    for (unsigned i = 0; i < 100; i++) {
        hop.lo++;
        snprintf(domain, sizeof domain, "d%u.example", i);
        zones_learn_gateway(z, &hop, slice_of(domain));
        CHECK_INT(zones_domain(z, slice_of(domain)), i < 64 ? DOMAIN_RELAY : DOMAIN_FOREIGN);
    }
    zones_free(z);
}

static void learn_times(struct zones *z, const char *domain, enum domain_zone zone, unsigned times)
{
    for (unsigned i = 0; i < times; i++)
        zones_learn_domain(z, slice_of(domain), zone);
}

static void proposals_are_ordered_by_evidence(void)
{
    struct zones *z = zones_new(&key);
    struct ip_addr gateway = ip("10.0.0.25");
    char got[4][256], networks[2][IP_NET_TEXT];

    learn_times(z, "third.example", DOMAIN_LOCAL, 3);
    learn_times(z, "First.example", DOMAIN_LOCAL, 9);
    learn_times(z, "second.example", DOMAIN_RELAY, 5);
    learn_times(z, "bb.example", DOMAIN_LOCAL, 1);
    learn_times(z, "aa.example", DOMAIN_LOCAL, 1);
    learn_times(z, "sub.first.example", DOMAIN_LOCAL, 1);
    for (int i = 0; i < 100; i++) {
        char domain[32];
        snprintf(domain, sizeof domain, "s%d.example", i); /* a smart host: nothing to propose */
        zones_learn_gateway(z, &gateway, slice_of(domain));
    }
    CHECK_INT(zones_proposals(z, got, 4), 4);
    CHECK_STR(got[0], "first.example");
    CHECK_STR(got[1], "second.example");
    CHECK_STR(got[2], "third.example");
    CHECK_STR(got[3], "aa.example");
    for (unsigned i = 0; i < 6; i++) {
        struct ip_addr client = ip(i < 4 ? "10.1.2.3" : "fd00:1:2:3::9");
        client.lo += i % 4;
        zones_learn_client(z, &client);
    }
    CHECK_INT(zones_network_proposals(z, networks, 2), 2);
    CHECK_STR(networks[0], "10.1.2.0/24");
    CHECK_STR(networks[1], "fd00:1:2:3::/64");
    zones_free(z);
}

static void a_flood_of_clients_to_learn_is_bounded(void)
{
    struct zones *z = zones_new(&key);
    char networks[8][IP_NET_TEXT];

    for (unsigned i = 0; i < 3000; i++) {
        struct ip_addr client = ip("10.0.0.1");
        client.lo += (uint64_t)i << 8;
        zones_learn_client(z, &client);
    }
    CHECK_INT(zones_network_proposals(z, networks, 8), 8);
    for (unsigned i = 0; i < 2000; i++) {
        struct ip_net net = {.base = {.family = 4, .lo = 0xCB007100U}, .bits = 24};
        zones_add_network(z, &net, CLIENT_TRUSTED);
    }
    zones_free(z);
}

static const struct test_case cases[] = {
    {"explicit lists decide and are never mixed with what is learnt", explicit_lists_decide},
    {"what is missing is learnt", what_is_missing_is_learnt},
    {"a next hop with many domains is a smart host and proves nothing",
     a_smart_host_proves_nothing},
    {"an attacker cannot push our own domains out", an_attacker_cannot_push_our_domains_out},
    {"subdomains belong to their parent", subdomains_belong_to_their_parent},
    {"what is no domain is refused", what_is_no_domain_is_refused},
    {"frontends and explicit networks decide in order",
     frontends_and_explicit_networks_decide_in_order},
    {"twenty domains are a mail server and one more is not",
     twenty_domains_are_a_mail_server_and_one_more_is_not},
    {"twenty domains accepted as ours are ours, and one more is not",
     twenty_domains_accepted_as_ours_are_ours_and_one_more_is_not},
    {"next hops beyond 64 prove nothing", next_hops_beyond_64_prove_nothing},
    {"proposals are ordered by evidence", proposals_are_ordered_by_evidence},
    {"a flood of clients to learn is bounded", a_flood_of_clients_to_learn_is_bounded},
};

TEST_MAIN(cases)
