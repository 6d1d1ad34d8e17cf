/* test_address.c - what an address says on the outside and where it would go
 * source:   the relay-test batteries of nmap (16 forms), abuse.net, Nessus, MailRadar and DSBL; KB
 * 189492, KB 264330 */
#include "event/address.h"

#include <stdlib.h>

#include "test.h"

struct form_case {
    const char *text;
    const char *domain; /* outer; NULL absent */
    const char *inner;  /* decoded; NULL none */
    uint32_t forms;
};

static const struct form_case form_cases[] = {
    {"relaytest@target.example", "target.example", NULL, 0},
    {"<relaytest@target.example>", "target.example", NULL, 0},
    {"user@target.example.", "target.example", NULL, 0},
    {"", NULL, NULL, 0},
    {"postmaster", NULL, NULL, FORM_BARE},
    {"relaytest%target.example@[192.0.2.1]", "[192.0.2.1]", "relaytest@target.example",
     FORM_PERCENT | FORM_LITERAL},
    {"relaytest%target.example@mx.example.org", "mx.example.org", "relaytest@target.example",
     FORM_PERCENT},
    {"\"relaytest@target.example\"", NULL, "relaytest@target.example", FORM_QUOTED_AT | FORM_BARE},
    {"\"relaytest%target.example\"", NULL, "relaytest@target.example", FORM_PERCENT | FORM_BARE},
    {"relaytest%target.example", NULL, "relaytest@target.example", FORM_PERCENT | FORM_BARE},
    {"relaytest@target.example@[192.0.2.1]", "[192.0.2.1]", "relaytest@target.example",
     FORM_DOUBLE_AT | FORM_LITERAL},
    {"\"relaytest@target.example\"@[192.0.2.1]", "[192.0.2.1]", "relaytest@target.example",
     FORM_QUOTED_AT | FORM_LITERAL},
    {"relaytest@target.example@mx.example.org", "mx.example.org", "relaytest@target.example",
     FORM_DOUBLE_AT},
    {"@[192.0.2.1]:relaytest@target.example", "[192.0.2.1]", "relaytest@target.example",
     FORM_SOURCE_ROUTE},
    {"@mx.example.org:relaytest@target.example", "mx.example.org", "relaytest@target.example",
     FORM_SOURCE_ROUTE},
    {"@a.example,@b.example:u@target.example", "a.example", "u@target.example", FORM_SOURCE_ROUTE},
    {"target.example!relaytest", NULL, "relaytest@target.example", FORM_BANG | FORM_BARE},
    {"target.example!relaytest@[192.0.2.1]", "[192.0.2.1]", "relaytest@target.example",
     FORM_BANG | FORM_LITERAL},
    {"target.example!relaytest@mx.example.org", "mx.example.org", "relaytest@target.example",
     FORM_BANG},
    {"u%target.example@", NULL, "u@target.example", FORM_PERCENT | FORM_TRAILING_AT},
    {"u@target.example@", NULL, "u@target.example", FORM_DOUBLE_AT | FORM_TRAILING_AT},
    {"IMCEASMTP-user+40target+2Eexample@example.org", "example.org", "user@target.example",
     FORM_IMCEA},
    {"imceasmtp-user+40target+2eexample@example.org", "example.org", "user@target.example",
     FORM_IMCEA},
    {"\"IMCEA user@target.example\"@example.org", "example.org", "user@target.example",
     FORM_IMCEA_QUOTED},
    {"u%t.example%b.example@example.org", "example.org", "u@t.example", FORM_PERCENT},
    {"b.example!u%t.example@example.org", "example.org", "u@b.example", FORM_PERCENT | FORM_BANG},
    {"u%[198.51.100.9]@", NULL, "u@[198.51.100.9]", FORM_PERCENT | FORM_TRAILING_AT},
    {"u@[198.51.100.9]@", NULL, "u@[198.51.100.9]", FORM_DOUBLE_AT | FORM_TRAILING_AT},
    {"u%target.example@192.0.2.1", "192.0.2.1", "u@target.example", FORM_PERCENT},
    {"\"u@target.example\"[192.0.2.1]", NULL, "u@target.example", FORM_QUOTED_AT | FORM_BARE},
    {"\"u\"@target.example@mx.example.org", "mx.example.org", "\"u\"@target.example",
     FORM_DOUBLE_AT},
    {"<@mx.example.org:u%target.example@b.example>", "mx.example.org", "u@target.example",
     FORM_SOURCE_ROUTE | FORM_PERCENT},
    {"a.example!b.example!u@example.org", "example.org", "u@b.example", FORM_BANG},
    {"\"a\\\"@b\"@example.org", "example.org", "a\"@b", FORM_QUOTED_AT},
    {"user@[192.0.2.1]", "[192.0.2.1]", NULL, FORM_LITERAL},
    {"user@[IPv6:2001:db8::1]", "[IPv6:2001:db8::1]", NULL, FORM_LITERAL},
    /* nothing stands on one side of the sign */
    {"u%@example.org", "example.org", NULL, 0},
    {"%t@example.org", "example.org", NULL, 0},
    {"!u@example.org", "example.org", NULL, 0},
    {"100%@example.org", "example.org", NULL, 0},
    /* harmless: SRS, BATV, VERP, sub-addresses, quoted names, replies inside Exchange */
    {"SRS0=HHH=TT=orig.example=user@example.org", "example.org", NULL, 0},
    {"prvs=0123456789=user@example.org", "example.org", NULL, 0},
    {"list-bounce-user=their.example@example.org", "example.org", NULL, 0},
    {"user+tag@example.org", "example.org", NULL, 0},
    {"\"john doe\"@example.org", "example.org", NULL, 0},
    {"IMCEAEX-_O=ORG_OU=SITE_CN=USER@example.org", "example.org", NULL, 0},
};

static void forms_are_decoded(void)
{
    for (size_t i = 0; i < sizeof form_cases / sizeof form_cases[0]; i++) {
        const struct form_case *c = &form_cases[i];
        struct address a;
        int before = test_failures;
        address_parse(slice_of(c->text), &a);
        if (c->domain == NULL)
            CHECK(a.domain.ptr == NULL || a.domain.len == 0);
        else
            CHECK_SLICE(a.domain, c->domain);
        CHECK(a.has_inner == (c->inner != NULL));
        if (c->inner != NULL) {
            CHECK_STR(a.inner, c->inner);
            CHECK_SLICE(a.inner_domain, strrchr(c->inner, '@') + 1);
        }
        CHECK_INT(a.forms, c->forms);
        if (test_failures != before)
            printf("#   in: %s (inner \"%s\", forms %#x)\n", c->text, a.inner, a.forms);
    }
}

/* Put one more wrapping around deep: a quoted string (with its quoted pairs), a second at-sign, a
 * source route. */
static void wrap(char *deep, size_t size, int how)
{
    char wrapped[4 * ADDRESS_INNER_MAX];
    size_t n = 0;

    if (how == 1) {
        snprintf(wrapped, sizeof wrapped, "%s@c.example", deep);
    } else if (how == 2) {
        snprintf(wrapped, sizeof wrapped, "@c.example:%s", deep);
    } else {
        wrapped[n++] = '"';
        for (const char *p = deep; *p != '\0' && n + 20 < sizeof wrapped; p++) {
            if (*p == '"' || *p == '\\')
                wrapped[n++] = '\\';
            wrapped[n++] = *p;
        }
        snprintf(wrapped + n, sizeof wrapped - n, "\"@c.example");
    }
    slice_keep(slice_of(wrapped), deep, size);
}

static void four_levels_are_taken_off(void)
{
    for (int how = 0; how < 3; how++) {
        char deep[ADDRESS_INNER_MAX] = "u@t.example";
        struct address a;
        for (int level = 1; level <= 6; level++) {
            wrap(deep, sizeof deep, how);
            address_parse(slice_of(deep), &a);
            CHECK(a.has_inner);
            if (level <= ADDRESS_LEVELS_MAX || how == 2) /* routes come off at once */
                CHECK_STR(a.inner, "u@t.example");
            else
                CHECK(strcmp(a.inner, "u@t.example") != 0);
        }
    }
}

static void an_inner_address_is_cut_at_its_limit(void)
{
    char text[2000];
    struct address a;

    for (size_t n = 295; n < 340; n++) {
        memset(text, 'x', n);
        snprintf(text + n, sizeof text - n, "@target.example@example.org");
        address_parse(slice_of(text), &a);
        CHECK(a.has_inner);
        CHECK_INT(strlen(a.inner),
                  n + 15 < ADDRESS_INNER_MAX ? n + 15 : (size_t)ADDRESS_INNER_MAX - 1);
        if (n + 15 < ADDRESS_INNER_MAX)
            CHECK_SLICE(a.inner_domain, "target.example");
    }
}

struct nmap_test {
    const char *sender, *rcpt;
    bool hidden;
    const char *form;
};

/* The sixteen tests of nmap's smtp-open-relay, towards mx.example.org [192.0.2.1]. */
static const struct nmap_test nmap_tests[] = {
    {"", "relaytest@nmap.example", false, "plain"},
    {"antispam@nmap.example", "relaytest@nmap.example", false, "plain"},
    {"antispam@mx.example.org", "relaytest@nmap.example", false, "plain"},
    {"antispam@[192.0.2.1]", "relaytest@nmap.example", false, "plain"},
    {"antispam@[192.0.2.1]", "relaytest%nmap.example@[192.0.2.1]", true, "percent"},
    {"antispam@[192.0.2.1]", "relaytest%nmap.example@mx.example.org", true, "percent"},
    {"antispam@[192.0.2.1]", "\"relaytest@nmap.example\"", true, "quoted_at"},
    {"antispam@[192.0.2.1]", "\"relaytest%nmap.example\"", true, "percent"},
    {"antispam@[192.0.2.1]", "relaytest@nmap.example@[192.0.2.1]", true, "double_at"},
    {"antispam@[192.0.2.1]", "\"relaytest@nmap.example\"@[192.0.2.1]", true, "quoted_at"},
    {"antispam@[192.0.2.1]", "relaytest@nmap.example@mx.example.org", true, "double_at"},
    {"antispam@[192.0.2.1]", "@[192.0.2.1]:relaytest@nmap.example", true, "source_route"},
    {"antispam@[192.0.2.1]", "@mx.example.org:relaytest@nmap.example", true, "source_route"},
    {"antispam@[192.0.2.1]", "nmap.example!relaytest", true, "bang"},
    {"antispam@[192.0.2.1]", "nmap.example!relaytest@[192.0.2.1]", true, "bang"},
    {"antispam@[192.0.2.1]", "nmap.example!relaytest@mx.example.org", true, "bang"},
};

static void the_sixteen_tests_of_nmap_are_named(void)
{
    uint32_t forms = 0;

    for (size_t i = 0; i < sizeof nmap_tests / sizeof nmap_tests[0]; i++) {
        const struct nmap_test *t = &nmap_tests[i];
        struct address a;
        slice domain;
        address_parse(slice_of(t->rcpt), &a);
        CHECK(a.has_inner == t->hidden);
        if (t->hidden) {
            CHECK_STR(a.inner, "relaytest@nmap.example");
            CHECK_SLICE(a.inner_domain, "nmap.example");
        }
        CHECK_STR(address_form_name(address_trick_form(a.forms)), t->form);
        CHECK(!address_untag(slice_of(t->sender), &domain));
        forms |= address_trick_form(a.forms);
    }
    CHECK_INT(__builtin_popcount(forms), 5);
}

static void hostile_bytes_are_survived(void)
{
    enum { LONG = 65536 };
    static const char *const odd[] = {"\"",
                                      "@",
                                      "@@",
                                      "%",
                                      "!",
                                      "@:",
                                      "\"\\\"@x",
                                      "<",
                                      "<>",
                                      "a@",
                                      "[",
                                      "a@[",
                                      "a@[]",
                                      "+40",
                                      "x%@y",
                                      "%x@y",
                                      "!@y",
                                      "a@b@",
                                      "\"@\"@@",
                                      "IMCEASMTP-@x",
                                      "IMCEASMTP-+4",
                                      "IMCEA @",
                                      "\"IMCEA @\"@x",
                                      "@a,:b",
                                      "@:@",
                                      "::@",
                                      "\"\"@\"\"",
                                      "\"[@",
                                      "\"[\"[",
                                      "\\"};
    char *big = malloc(LONG);
    struct address a;

    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
        size_t len = strlen(odd[i]);
        char *exact = malloc(len + (len == 0)); /* a sanitizer sees one byte too far */
        memcpy(exact, odd[i], len);
        address_parse((slice){exact, len}, &a);
        CHECK(a.local.len <= len && a.domain.len <= len);
        free(exact);
    }
    for (int c = 0; c < 256; c++) {
        memset(big, c, LONG);
        address_parse((slice){big, LONG}, &a);
        CHECK(memchr(a.inner, 0, sizeof a.inner) != NULL);
        big[LONG - 1] = '@';
        address_parse((slice){big, LONG}, &a);
        big[0] = '@';
        big[LONG / 2] = ':';
        address_parse((slice){big, LONG}, &a);
        CHECK(memchr(a.inner, 0, sizeof a.inner) != NULL);
    }
    free(big);
}

static void nul_bytes_end_nothing_but_the_copy(void)
{
    static const char text[] = "u\0v%target.example@example.org";
    struct address a;

    address_parse((slice){text, sizeof text - 1}, &a);
    CHECK_SLICE(a.domain, "example.org");
    CHECK_INT(a.local.len, 18);
    CHECK(a.has_inner);
    CHECK_SLICE(a.inner_domain, "target.example"); /* the user is cut, the domain is not lost */
}

static void unbalanced_quotes_hide_nothing(void)
{
    static const char *const texts[] = {"\"u@target.example", "\"u@target.example\\\"@example.org",
                                        "u\"@target.example@example.org"};

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct address a;
        address_parse(slice_of(texts[i]), &a);
        CHECK(a.has_inner);
        CHECK(a.inner_domain.len > 0);
    }
}

/* Every short address of the bytes that mean something: no reading beyond it. */
static void all_short_addresses_are_survived(void)
{
    static const char alphabet[] = "a@%!\"[]:<>\\. +,";
    enum { LENGTH = 5, LETTERS = sizeof alphabet - 1 };
    unsigned hidden = 0;

    for (unsigned n = 0; n < LETTERS * LETTERS * LETTERS * LETTERS; n++) {
        char *exact = malloc(LENGTH);
        struct address a;
        unsigned rest = n;
        for (int i = 0; i < LENGTH - 1; i++, rest /= LETTERS)
            exact[i] = alphabet[rest % LETTERS];
        exact[LENGTH - 1] = alphabet[n % 7];
        address_parse((slice){exact, LENGTH}, &a);
        hidden += a.has_inner;
        free(exact);
    }
    CHECK(hidden > 0);
}

static void sender_tags_give_the_person_behind(void)
{
    slice domain;

    CHECK(address_untag(slice_of("SRS0=abcd=XY=orig.example=joe@fwd.example"), &domain));
    CHECK_SLICE(domain, "orig.example");
    CHECK(address_untag(slice_of("SRS1=hash=fwd.example==abcd=XY=orig.example=joe@two.example"),
                        &domain));
    CHECK_SLICE(domain, "orig.example");
    CHECK(address_untag(slice_of("prvs=0042abcdef=joe@example.org"), &domain));
    CHECK_SLICE(domain, "example.org");
    CHECK(address_untag(slice_of("srs0+abcd=XY=orig.example=joe@fwd.example"), &domain));
    CHECK_SLICE(domain, "orig.example");
    CHECK(!address_untag(slice_of("SRS0=abcd@fwd.example"), &domain)); /* no such fields */
    CHECK_SLICE(domain, "fwd.example");
    CHECK(!address_untag(slice_of("SRS0=a=b==joe@fwd.example"), &domain)); /* no domain */
    CHECK(address_untag(slice_of("list-bounces+joe=their.example@list.example"), &domain));
    CHECK_SLICE(domain, "list.example");
    CHECK(!address_untag(slice_of("srs0@example.org"), &domain));
    CHECK(!address_untag(slice_of("joe"), &domain));
    CHECK_SLICE(domain, "");
    CHECK(!address_untag(slice_of("joe@example.org"), &domain));
    CHECK_SLICE(domain, "example.org");
    CHECK(!address_untag(slice_of(""), &domain));
}

static const struct test_case cases[] = {
    {"every form of the relay tests is decoded", forms_are_decoded},
    {"four levels are taken off", four_levels_are_taken_off},
    {"an inner address is cut at its limit", an_inner_address_is_cut_at_its_limit},
    {"the sixteen tests of nmap are named", the_sixteen_tests_of_nmap_are_named},
    {"hostile bytes are survived", hostile_bytes_are_survived},
    {"NUL bytes end nothing but the copy", nul_bytes_end_nothing_but_the_copy},
    {"unbalanced quotes hide nothing", unbalanced_quotes_hide_nothing},
    {"all short addresses are survived", all_short_addresses_are_survived},
    {"SRS, BATV and VERP give the domain behind the tag", sender_tags_give_the_person_behind},
};

TEST_MAIN(cases)
