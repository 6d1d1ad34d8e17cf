/* test_world.c - the table of the map: order, bounds, and paths that every browser reads alike */
#include "test.h"

#include <string.h>

#include "output/world.h"

static void test_order(void)
{
    unsigned count;
    const struct world_shape *all = world_shapes(&count);

    CHECK(count > 240);
    for (unsigned i = 1; i < count; i++)
        CHECK(strcmp(all[i - 1].code, all[i].code) < 0);
    for (unsigned i = 0; i < count; i++)
        CHECK(world_find(all[i].code) == (all[i].code[0] == '\0' ? NULL : &all[i]));
    CHECK(world_find("ZZ") == NULL && world_find("a\"") == NULL && world_find("\xff") == NULL);
}

/* Whoever draws a mark there sees it; longitudes and latitudes are not mixed up. */
static void test_places(void)
{
    unsigned count;
    const struct world_shape *all = world_shapes(&count);

    for (unsigned i = 0; i < count; i++)
        CHECK(all[i].x > 0 && all[i].x < WORLD_WIDTH && all[i].y >= 0 && all[i].y < WORLD_HEIGHT);
    CHECK(world_find("US")->x < world_find("BR")->x && world_find("BR")->x < world_find("DE")->x);
    CHECK(world_find("DE")->x < world_find("CN")->x && world_find("CN")->x < world_find("JP")->x);
    CHECK(world_find("SE")->y < world_find("NG")->y && world_find("NG")->y < world_find("ZA")->y);
    CHECK(world_find("SG")->path[0] == '\0' && world_find("FR")->path[0] == 'M');
}

/* "M4 5l1 2-3 4z" and so on: whole numbers that stay on the map. */
static bool is_path(const char *p)
{
    long x = 0, y = 0;

    while (*p != '\0') {
        char *end, command = *p++;
        if (command == 'z')
            continue;
        if (command != 'M' && command != 'l')
            return false;
        bool first = true;
        while ((*p >= '0' && *p <= '9') || *p == '-' || (!first && *p == ' ')) {
            long dx = strtol(p, &end, 10), dy = strtol(end, &end, 10);
            x = command == 'M' ? dx : x + dx;
            y = command == 'M' ? dy : y + dy;
            first = false;
            p = end;
        }
        if (first || x < -20 || x > WORLD_WIDTH + 40 || y < -1 || y > WORLD_HEIGHT + 8)
            return false;
    }
    return true;
}

static void test_paths(void)
{
    unsigned count;
    size_t bytes = 0;
    const struct world_shape *all = world_shapes(&count);

    for (unsigned i = 0; i < count; i++) {
        if (!is_path(all[i].path))
            test_fail(__FILE__, __LINE__, all[i].code);
        bytes += strlen(all[i].path);
    }
    CHECK(bytes > 20000 && bytes < 40 << 10);
}

static const struct test_case cases[] = {
    {"codes are in order and found", test_order},
    {"countries lie where they lie", test_places},
    {"shapes are paths of whole numbers on the map", test_paths},
};

TEST_MAIN(cases)
