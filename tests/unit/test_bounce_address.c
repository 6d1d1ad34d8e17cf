/* test_bounce_address.c - tags of mailing systems taken off an address */
#include "detect/bounce_address.h"

#include "test.h"

static void tags_are_taken_off(void)
{
    static const struct {
        const char *address, *local;
    } rows[] = {
        {"anna@example.org", "anna"},
        {"prvs=0123456789=anna@example.org", "anna"},
        {"PRVS=0123456789=anna@example.org", "anna"},
        {"btv1==0123==anna@example.org", "anna"},
        {"prvs=anna@example.org", "prvs"},
        {"prvs=0123456789=@example.org", "prvs"},
        {"list-bounce+anna=x.example@example.org", "list-bounce"},
        {"list-bounce-1234@example.org", "list-bounce"},
        {"news.a1b2.77@example.org", "news"},
        {"anna-maria@example.org", "anna-maria"},
        {"a.b+c@d@example.org", "a.b"},
        {"anna", "anna"},
        {"@example.org", ""},
        {"", ""},
        {"-1@example.org", "-1"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        CHECK_SLICE(bounce_address_local(slice_of(rows[i].address)), rows[i].local);
}

static void rewritten_senders_are_known(void)
{
    CHECK(bounce_address_is_forward(SLICE_LIT("SRS0=hash=tt=x.example=a@example.org")));
    CHECK(bounce_address_is_forward(SLICE_LIT("srs1+x@example.org")));
    CHECK(!bounce_address_is_forward(SLICE_LIT("srs@example.org")));
    CHECK(!bounce_address_is_forward(SLICE_LIT("SRS0")));
    CHECK(!bounce_address_is_forward(SLICE_NONE));
}

static const struct test_case cases[] = {
    {"tags are taken off", tags_are_taken_off},
    {"rewritten senders are known", rewritten_senders_are_known},
};

TEST_MAIN(cases)
