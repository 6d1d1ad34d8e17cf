/* test_http_address.c - addresses to listen at, and names that a loopback server answers to */
#include "http_address.h"
#include "test.h"

struct row {
    const char *text;
    bool good, ipv6, loopback;
    unsigned port;
};

static void addresses(void)
{
    static const struct row rows[] = {
        {"9469", true, false, true, 9469},
        {":9469", true, false, true, 9469},
        {"0", true, false, true, 0},
        {"127.0.0.1:65535", true, false, true, 65535},
        {"127.9.9.9:1", true, false, true, 1},
        {"localhost:80", true, false, true, 80},
        {"0.0.0.0:80", true, false, false, 80},
        {"192.0.2.1:80", true, false, false, 80},
        {"[::1]:80", true, true, true, 80},
        {"[::]:80", true, true, false, 80},
        {"[2001:db8::1]:80", true, true, false, 80},
        {"", false, false, false, 0},
        {":", false, false, false, 0},
        {"65536", false, false, false, 0},
        {"127.0.0.1", false, false, false, 0},
        {"127.0.0.1:", false, false, false, 0},
        {"127.0.0.1:80x", false, false, false, 0},
        {"127.0.0.1:-1", false, false, false, 0},
        {"127.1:80", false, false, false, 0},
        {"::1:80", false, false, false, 0},
        {"[::1]", false, false, false, 0},
        {"[::1", false, false, false, 0},
        {"[]:80", false, false, false, 0},
        {"[127.0.0.1]:80", false, false, false, 0},
        {"mail.example.org:80", false, false, false, 0},
        {"localhost.example.org.a.name.longer.than.any.address.there.is:80", false, false, false,
         0},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct http_address a = {0};
        bool good = http_address_parse(slice_of(rows[i].text), &a);
        if (good != rows[i].good ||
            (good && (!a.given || a.ipv6 != rows[i].ipv6 || a.loopback != rows[i].loopback ||
                      a.port != rows[i].port)))
            test_fail(__FILE__, __LINE__, rows[i].text);
    }
}

static void hosts(void)
{
    static const struct {
        const char *text;
        bool local;
    } rows[] = {{"localhost", true},
                {"localhost:9470", true},
                {"127.0.0.1", true},
                {"127.0.0.1:9470", true},
                {"[::1]", true},
                {"[::1]:9470", true},
                {"", false},
                {"localhost.example.com", false},
                {"127.0.0.1.example.com", false},
                {"example.com:80", false},
                {"192.0.2.1", false},
                {"[2001:db8::1]", false},
                {"localhost:x", false},
                {"127.0.0.1@example.com", false}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (http_host_is_local(slice_of(rows[i].text)) != rows[i].local)
            test_fail(__FILE__, __LINE__, rows[i].text);
    CHECK(!http_host_is_local((slice){"localhost\0.example.com", 22}));
    CHECK(!http_host_is_local((slice){"127.0.0.1\0", 10}));
}

static const struct test_case cases[] = {
    {"an address to listen at is a literal with a port, loopback unless it says else", addresses},
    {"only names that no other site can have are local", hosts},
};

TEST_MAIN(cases)
