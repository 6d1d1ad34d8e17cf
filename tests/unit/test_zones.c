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

static const struct test_case cases[] = {
    {"explicit lists decide and are never mixed with what is learnt", explicit_lists_decide},
    {"what is missing is learnt", what_is_missing_is_learnt},
    {"a next hop with many domains is a smart host and proves nothing",
     a_smart_host_proves_nothing},
    {"an attacker cannot push our own domains out", an_attacker_cannot_push_our_domains_out},
};

TEST_MAIN(cases)
