/* world.h - where a country lies on the map of the HTML report, and its shape
 *
 * source:  world.def, made by script/world-map */
#ifndef OUTPUT_WORLD_H
#define OUTPUT_WORLD_H

struct world_shape {
    char code[3];     /* ISO 3166-1 alpha-2; "" for land without one */
    short x, y;       /* where its mark goes */
    const char *path; /* data of an SVG path; "" for a country that is too small for one */
};

enum {
#define WORLD_SIZE(width, height) WORLD_WIDTH = (width), WORLD_HEIGHT = (height),
#define WORLD(code, x, y, path)
#include "output/world.def"
#undef WORLD_SIZE
#undef WORLD
};

/* world_shapes - all of them in the order of their codes */
const struct world_shape *world_shapes(unsigned *count);

/* world_find - the shape of a country; NULL for a code that the map does not know */
const struct world_shape *world_find(const char *code);

#endif
