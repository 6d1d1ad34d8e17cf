/* test_line_shapes.c - masks, counts, order and the bound of line_shapes */
#include "line_shapes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "test.h"

static const struct hash_key key = {1, 2};

static void changing_parts_are_masked(void)
{
    static const struct {
        const char *text, *mask;
    } rows[] = {
        {"", ""},
        {"connect from h[192.0.2.1]", "connect from h[N]"},
        {"to=<u@v.example>, delay=1.5", "to=<>, delay=N"},
        {"user u@v.example: no", "user A: no"},
        {"an open <bracket", "an open <>bracket"},
        {"plain words", "plain words"},
    };
    char mask[LINE_SHAPE_TEXT];

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        line_shape_mask(slice_of(rows[i].text), mask);
        CHECK_SLICE(slice_of(mask), rows[i].mask);
    }
}

static void any_length_is_cut(void)
{
    char text[1000], mask[LINE_SHAPE_TEXT];

    for (size_t n = 0; n < sizeof text; n++) {
        memset(text, n % 3 == 0 ? '<' : n % 3 == 1 ? '1' : 'a', sizeof text);
        line_shape_mask((slice){text, n}, mask);
        CHECK(strlen(mask) < LINE_SHAPE_TEXT);
    }
}

static void most_frequent_comes_first(void)
{
    const struct line_shape *list[LINE_SHAPES_MAX];
    struct line_shapes *s = line_shapes_new(&key);

    line_shapes_add(s, "foreign", SLICE_LIT("b"), SLICE_LIT("x 1"));
    line_shapes_add(s, "foreign", SLICE_LIT("a"), SLICE_LIT("x 1"));
    line_shapes_add(s, "foreign", SLICE_LIT("c"), SLICE_LIT("x 1"));
    line_shapes_add(s, "foreign", SLICE_LIT("c"), SLICE_LIT("x 22"));
    line_shapes_add(s, "rejected", SLICE_LIT("c"), SLICE_LIT("x 22"));
    CHECK_INT(line_shapes_list(s, list), 4);
    CHECK_INT(list[0]->count, 2);
    CHECK_SLICE(slice_of(list[0]->text), "c: x N");
    CHECK_SLICE(slice_of(list[1]->text), "a: x N");
    CHECK_SLICE(slice_of(list[2]->text), "b: x N");
    CHECK_SLICE(slice_of(list[3]->kind), "rejected");
    line_shapes_free(s);
}

static void the_rare_give_way(void)
{
    static const struct line_shape *list[LINE_SHAPES_MAX];
    struct line_shapes *s = line_shapes_new(&key);
    char label[16];

    for (unsigned i = 0; i < 3; i++)
        line_shapes_add(s, "foreign", SLICE_LIT("often"), SLICE_LIT("x"));
    for (unsigned i = 0; i < 2 * LINE_SHAPES_MAX; i++) {
        snprintf(label, sizeof label, "l%u", i);
        line_shapes_add(s, "foreign", slice_of(label), SLICE_LIT("x"));
    }
    CHECK_INT(line_shapes_list(s, list), LINE_SHAPES_MAX);
    CHECK_SLICE(slice_of(list[0]->text), "often: x");
    CHECK_INT(line_shapes_dropped(s), LINE_SHAPES_MAX + 1);
    line_shapes_free(s);
}

static const struct test_case cases[] = {
    {"changing parts are masked", changing_parts_are_masked},
    {"a text of any length is cut", any_length_is_cut},
    {"the most frequent comes first", most_frequent_comes_first},
    {"the rare give way", the_rare_give_way},
};
TEST_MAIN(cases)
