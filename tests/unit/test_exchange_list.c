/* test_exchange_list.c - lists with structures, quoted addresses and text that is out of balance */
#include <stdlib.h>

#include "exchange_list.h"
#include "test.h"

static const struct {
    const char *cell, *members; /* joined with '|' */
    size_t expected;
} lists[] = {
    {"", "", 0},
    {"a@b", "a@b", 1},
    {"a@b;c@d", "a@b|c@d", 2},
    {" a@b ; c@d ", "a@b|c@d", 0},
    {";", "|", 2},
    {"To;;Cc", "To||Cc", 3},
    {"'S:TRA=a;b';S:X=1", "'S:TRA=a;b'|S:X=1", 0},
    {"[{LED=1;2};{MSG=}];250 ok", "[{LED=1;2};{MSG=}]|250 ok", 2},
    {"'[{LED=1;2}]';'[{LED=3;4}]'", "'[{LED=1;2}]'|'[{LED=3;4}]'", 2},
    {"\"a;b\"@x;c@d", "\"a;b\"@x|c@d", 2},
    {"\"a\\\";b\"@x;c@d", "\"a\\\";b\"@x|c@d", 2},
    {"it's;it's", "it's|it's", 2},
    /* structures that do not end part plainly */
    {"[a;b", "[a|b", 0},
    {"'a;b", "'a|b", 0},
    {"\"a;b", "\"a|b", 0},
    {"{a;{b};c", "{a|{b}|c", 0},
    /* the number of members decides between two readings; when neither fits, the first holds */
    {"'a;b'", "'a|b'", 2},
    {"'a;b'", "'a;b'", 1},
    {"'a;b'", "'a;b'", 7},
};

static void lists_are_cut_into_members(void)
{
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        size_t len = strlen(lists[i].cell), used = 0, count = 0;
        char *exact = malloc(len + (len == 0)), got[256] = "";
        memcpy(exact, lists[i].cell, len);
        slice cell = {exact, len};
        struct exchange_list list = exchange_list_begin(cell, ';', lists[i].expected);
        for (slice member; exchange_list_next(&list, &member); count++)
            used += (size_t)snprintf(got + used, sizeof got - used, "%s%.*s", count > 0 ? "|" : "",
                                     (int)member.len, member.ptr);
        CHECK_STR(got, lists[i].members);
        CHECK_INT(exchange_list_count(cell, ';', lists[i].expected), count);
        free(exact);
    }
}

static void values_are_found_by_their_key(void)
{
    slice custom = SLICE_LIT("S:A=1;'S:B=x;S:C=no';S:C=2;S:C=3;S:Empty=;S:CC=4");

    CHECK_SLICE(exchange_list_value(custom, SLICE_LIT("S:A=")), "1");
    CHECK_SLICE(exchange_list_value(custom, SLICE_LIT("S:C=")), "2");
    CHECK_SLICE(exchange_list_value(custom, SLICE_LIT("S:Empty=")), "");
    CHECK(exchange_list_value(custom, SLICE_LIT("S:Empty=")).ptr != NULL);
    CHECK(exchange_list_value(custom, SLICE_LIT("S:D=")).ptr == NULL);
    CHECK(exchange_list_value(SLICE_LIT(""), SLICE_LIT("S:D=")).ptr == NULL);
}

static void details_are_found_in_a_structured_status(void)
{
    slice status =
        SLICE_LIT("'[{LED=554 5.2.2 full; {x} more};{MSG=};{FQDN=mx.example};{IP=192.0.2.1}]'");

    CHECK_SLICE(exchange_list_detail(status, SLICE_LIT("LED")), "554 5.2.2 full; {x} more");
    CHECK_SLICE(exchange_list_detail(status, SLICE_LIT("MSG")), "");
    CHECK_SLICE(exchange_list_detail(status, SLICE_LIT("IP")), "192.0.2.1");
    CHECK(exchange_list_detail(status, SLICE_LIT("LRT")).ptr == NULL);
    CHECK(exchange_list_detail(SLICE_LIT("550 5.1.1 {IP=192.0.2.66}"), SLICE_LIT("IP")).ptr ==
          NULL);
    for (size_t cut = 0; cut < status.len; cut++) {
        char *exact = malloc(cut + 1);
        memcpy(exact, status.ptr, cut);
        (void)exchange_list_detail((slice){exact, cut}, SLICE_LIT("IP"));
        free(exact);
    }
    CHECK_SLICE(exchange_list_detail(SLICE_LIT("[{LED=550 cut"), SLICE_LIT("LED")), "550 cut");
}

/* One pass, however many structures begin and do not end: 64 KiB of "[;" would take minutes else.
 */
static void a_list_of_open_brackets_is_read_in_one_pass(void)
{
    enum { LEN = 65536 };
    char *cell = malloc(LEN);

    for (size_t i = 0; i < LEN; i++)
        cell[i] = i % 2 == 0 ? '[' : ';';
    CHECK_INT(exchange_list_count((slice){cell, LEN}, ';', 0), LEN / 2 + 1);
    free(cell);
}

static const struct test_case cases[] = {
    {"lists are cut into members", lists_are_cut_into_members},
    {"values are found by their key", values_are_found_by_their_key},
    {"details are found in a structured status", details_are_found_in_a_structured_status},
    {"a list of open brackets is read in one pass", a_list_of_open_brackets_is_read_in_one_pass},
};

TEST_MAIN(cases)
