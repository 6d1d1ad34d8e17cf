/* world.c - see world.h */
#include "output/world.h"

#include <stddef.h>
#include <string.h>

#define WORLD_SIZE(width, height)
#define WORLD(code, x, y, path) {code, x, y, path},
static const struct world_shape shapes[] = {
#include "output/world.def"
};
#undef WORLD_SIZE
#undef WORLD

enum { SHAPES = sizeof shapes / sizeof shapes[0] };

const struct world_shape *world_shapes(unsigned *count)
{
    *count = SHAPES;
    return shapes;
}

const struct world_shape *world_find(const char *code)
{
    unsigned low = 0, high = SHAPES;

    while (low < high) {
        unsigned mid = (low + high) / 2;
        int order = strcmp(shapes[mid].code, code);
        if (order == 0)
            return code[0] != '\0' ? &shapes[mid] : NULL;
        if (order < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return NULL;
}
