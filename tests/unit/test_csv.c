/* test_csv.c - rows into cells, layouts by name */
#include <stdlib.h>

#include "csv.h"
#include "test.h"

struct row_case {
    const char *row, *cells; /* cells joined with '|' */
    char separator;
    bool open;
};

static const struct row_case row_cases[] = {
    {"a,b,c", "a|b|c", ',', false},
    {"", "", ',', false},
    {",", "|", ',', false},
    {"a,,c,", "a||c|", ',', false},
    {"\"a,b\",c", "a,b|c", ',', false},
    {"\"say \"\"hi\"\"\",c", "say \"hi\"|c", ',', false},
    {"\"\",x", "|x", ',', false},
    {"\"\"\"\",x", "\"|x", ',', false},
    {"a\"b,c", "a\"b|c", ',', false}, /* a quote inside a bare cell is a byte */
    {"\"a\"tail,c", "a|c", ',', false},
    {"a\tb,c\td", "a|b,c|d", '\t', false},
    {"a,\"not closed", "a|not closed", ',', true},
    {"a,\"ends doubled\"\"", "a|ends doubled\"", ',', true},
    {"\"", "", ',', true},
    {"\"a\"tail\"more,\"b", "a|b", ',', true}, /* quotes in what is dropped are bytes */
    {"a\"\",\"b,c\",\"\"", "a\"\"|b,c|", ',', false},
    {"one cell of more than sixteen bytes,\"x\",tail", "one cell of more than sixteen bytes|x|tail",
     ',', false},
};

static void rows_are_cut_into_cells(void)
{
    for (size_t i = 0; i < sizeof row_cases / sizeof row_cases[0]; i++) {
        const struct row_case *c = &row_cases[i];
        static struct csv_row row;
        size_t len = strlen(c->row), used = 0;
        char *exact = malloc(len + (len == 0)), got[256] = "";
        memcpy(exact, c->row, len);
        csv_split((slice){exact, len}, c->separator, &row);
        for (unsigned k = 0; k < row.count; k++)
            used += (size_t)snprintf(got + used, sizeof got - used, "%s%.*s", k ? "|" : "",
                                     (int)row.cell[k].len, row.cell[k].ptr);
        CHECK_STR(got, c->cells);
        CHECK(row.open == c->open);
        CHECK(csv_is_open((slice){exact, len}, c->separator) == c->open);
        free(exact);
    }
}

static void too_much_is_cut_and_never_overrun(void)
{
    enum { LONG = 70000 };
    static struct csv_row row;
    char *big = malloc(LONG);

    memset(big, ',', LONG);
    csv_split((slice){big, LONG}, ',', &row);
    CHECK_INT(row.count, CSV_CELLS);
    memset(big, '"', LONG);
    csv_split((slice){big, LONG}, ',', &row);
    CHECK_INT(row.count, 1);
    CHECK_INT(row.cell[0].len, CSV_ROOM);
    free(big);
}

static void columns_are_found_by_name_and_by_layout(void)
{
    static const char *const columns[] = {"date-time", "client-ip", "event-id"};
    static struct csv_row row;
    struct csv_layouts layouts = {0};
    uint32_t first;

    CHECK_INT(csv_cell(&layouts, 0, &row, 0).len, 0);
    csv_split(SLICE_LIT("event-id,DATE-TIME,other"), ',', &row);
    CHECK_INT(csv_layout_make(&layouts, &row, columns, 3), 2);
    first = csv_layout_now(&layouts);
    csv_split(SLICE_LIT("date-time,client-ip"), ',', &row);
    CHECK_INT(csv_layout_make(&layouts, &row, columns, 3), 2);
    csv_split(SLICE_LIT("x,y"), ',', &row);
    CHECK_SLICE(csv_cell(&layouts, first, &row, 0), "y");
    CHECK_SLICE(csv_cell(&layouts, first, &row, 2), "x");
    CHECK(csv_cell(&layouts, first, &row, 1).ptr == NULL);
    CHECK_SLICE(csv_cell(&layouts, csv_layout_now(&layouts), &row, 1), "y");
    CHECK(csv_cell(&layouts, csv_layout_now(&layouts), &row, 2).ptr == NULL);
    csv_split(SLICE_LIT("short"), ',', &row);
    CHECK(csv_cell(&layouts, csv_layout_now(&layouts), &row, 1).ptr == NULL);
}

static const struct test_case cases[] = {
    {"rows are cut into cells", rows_are_cut_into_cells},
    {"too much is cut and never overrun", too_much_is_cut_and_never_overrun},
    {"columns are found by name, each row by its own layout",
     columns_are_found_by_name_and_by_layout},
};

TEST_MAIN(cases)
