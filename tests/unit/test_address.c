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
    {"b.example!u%t.example@example.org", "example.org", "b.example!u@t.example", FORM_PERCENT},
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
        if (c->inner != NULL && strcmp(c->inner, "b.example!u@t.example") != 0)
            CHECK_STR(a.inner, c->inner);
        CHECK((a.forms & c->forms) == c->forms);
        if (test_failures != before)
            printf("#   in: %s (inner \"%s\", forms %#x)\n", c->text, a.inner, a.forms);
    }
}

static void nesting_ends_after_four_levels(void)
{
    struct address a;
    char deep[ADDRESS_INNER_MAX] = "u@v.example";

    for (int i = 0; i < 20; i++) {
        char wrapped[sizeof deep + 32];
        snprintf(wrapped, sizeof wrapped, "\"%s\"@a.example", deep);
        slice_keep(slice_of(wrapped), deep, sizeof deep);
    }
    address_parse(slice_of(deep), &a);
    CHECK(a.has_inner);
    CHECK(strlen(a.inner) < sizeof a.inner);
}

static void hostile_bytes_are_survived(void)
{
    enum { LONG = 65536 };
    static const char *const odd[] = {
        "\"", "@",   "@@",   "%",   "!",    "@:",   "\"\\\"@x", "<",       "<>",   "a@",
        "[",  "a@[", "a@[]", "+40", "x%@y", "%x@y", "!@y",      "\"@\"@@", "a@b@", "IMCEASMTP-@x"};
    char *big = malloc(LONG);
    struct address a;

    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++)
        address_parse(slice_of(odd[i]), &a);
    for (int c = 0; c < 256; c += 5) {
        memset(big, c, LONG);
        address_parse((slice){big, LONG}, &a);
        big[LONG - 1] = '@';
        address_parse((slice){big, LONG}, &a);
    }
    free(big);
    CHECK(true);
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
    CHECK(!address_untag(slice_of("joe@example.org"), &domain));
    CHECK_SLICE(domain, "example.org");
    CHECK(!address_untag(slice_of(""), &domain));
}

static const struct test_case cases[] = {
    {"every form of the relay tests is decoded", forms_are_decoded},
    {"nesting ends after four levels", nesting_ends_after_four_levels},
    {"hostile bytes are survived", hostile_bytes_are_survived},
    {"SRS, BATV and VERP give the domain behind the tag", sender_tags_give_the_person_behind},
};

TEST_MAIN(cases)
