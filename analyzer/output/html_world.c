/* html_world.c - where it comes from, as a map: countries by their worst incident, circles by the
 * attempts that were turned away
 *
 * The tables below the map say the same in numbers and are its text. A circle's area is relaying
 * refused and logins failed, as the bars of the table; a country without any has none. Names of
 * countries that have a circle stand in it or beside it where there is room, the worst first. On a
 * narrow page fewer are left, in larger letters.
 *
 * limits:  countries that the table of shapes does not know are in the tables only; a log does not
 *          say where the victims are */
#include "output/html.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/panic.h"
#include "output/text_format.h"
#include "output/world.h"

enum {
    RADIUS_MOST = 22, /* all in units of the map, of which it is WORLD_WIDTH wide */
    RADIUS_LEAST = 4,
    INSIDE = 13,        /* from this radius on a name stands in its circle */
    INSIDE_NARROW = 18, /* and this when the page is narrow */
    LETTER = 10,        /* width of a letter at the size of report.css */
    NARROW = 18,        /* and when the page is narrow */
    NAMED_MOST = 24,    /* countries that get a name */
    SPOKEN_MOST = 5     /* countries in the text for those who do not see the map */
};

/* A country that something came from, on the map. */
struct spot {
    const struct place_row *row;
    const struct world_shape *shape;
    uint64_t attempts;
    double radius; /* 0: no circle */
};

struct box {
    double left, top, right, bottom;
};

struct map {
    struct spot spots[PLACE_COUNTRIES_MAX]; /* most attempts first */
    unsigned count, missing;
    uint64_t most; /* attempts */
};

static int by_attempts(const void *a, const void *b)
{
    const struct spot *x = a, *y = b;
    if (x->attempts != y->attempts)
        return x->attempts < y->attempts ? 1 : -1;
    return x->row < y->row ? -1 : 1;
}

static void find_spots(const struct places *p, struct map *map)
{
    for (unsigned i = 0; i < p->countries_count; i++) {
        const struct place_row *row = &p->countries[i];
        const struct world_shape *shape = world_find(row->country);
        if (shape == NULL) {
            map->missing++;
            continue;
        }
        map->spots[map->count++] =
            (struct spot){.row = row, .shape = shape, .attempts = row->denied + row->auth_failed};
    }
    if (map->count > 0)
        qsort(map->spots, map->count, sizeof map->spots[0], by_attempts);
    map->most = map->count > 0 ? map->spots[0].attempts : 0;
    for (unsigned i = 0; i < map->count; i++) {
        struct spot *s = &map->spots[i];
        double r = map->most == 0 ? 0 : RADIUS_MOST * sqrt((double)s->attempts / (double)map->most);
        bool has = s->attempts > 0 || s->row->incidents > 0 || s->shape->path[0] == '\0';
        s->radius = !has ? 0 : r < RADIUS_LEAST ? RADIUS_LEAST : r;
    }
}

/* The class of a country and its circle in report.css. */
static const char *kind_of(const struct spot *s)
{
    if (s->row->incidents > 0)
        return severity_name(s->row->worst);
    return s->attempts > 0 ? "tried" : "mail";
}

static void put_title(struct html *h, const struct spot *s)
{
    char text[TEXT_NUMBER];
    html_raw(h, "<title>");
    html_attr(h->out, slice_of(s->row->name), sizeof s->row->name);
    outbuf_printf(h->out, ": %u incidents, %u addresses, ", s->row->incidents, s->row->clients);
    outbuf_printf(h->out, "%s attempts refused, ", text_count(s->attempts, text));
    outbuf_printf(h->out, "%s recipients</title>", text_count(s->row->recipients, text));
}

static bool is_spot(const struct map *map, const struct world_shape *shape)
{
    for (unsigned i = 0; i < map->count; i++)
        if (map->spots[i].shape == shape)
            return true;
    return false;
}

/* Land that nothing came from is one shape, the others have one each. */
static void put_land(struct html *h, const struct map *map)
{
    unsigned count;
    const struct world_shape *shapes = world_shapes(&count);
    html_raw(h, "<path class=\"land\" d=\"");
    for (unsigned i = 0; i < count; i++)
        if (!is_spot(map, &shapes[i]))
            html_raw(h, shapes[i].path);
    html_raw(h, "\"/>\n");
    for (unsigned i = 0; i < map->count; i++) {
        const struct spot *s = &map->spots[i];
        if (s->shape->path[0] == '\0')
            continue;
        outbuf_printf(h->out, "<path class=\"land %s\" d=\"%s\">", kind_of(s), s->shape->path);
        put_title(h, s);
        html_raw(h, "</path>\n");
    }
}

static void put_circles(struct html *h, const struct map *map)
{
    for (unsigned i = 0; i < map->count; i++) {
        const struct spot *s = &map->spots[i];
        if (s->radius <= 0)
            continue;
        outbuf_printf(h->out, "<circle class=\"%s\" cx=\"%d\" cy=\"%d\" r=\"%.1f\">", kind_of(s),
                      s->shape->x, s->shape->y, s->radius);
        put_title(h, s);
        html_raw(h, "</circle>\n");
    }
}

/* ---- names ---- */

enum side { SIDE_IN, SIDE_RIGHT, SIDE_LEFT };

static bool overlap(const struct box *a, const struct box *b)
{
    return a->left < b->right && b->left < a->right && a->top < b->bottom && b->top < a->bottom;
}

/* Where a name stands: in a large circle, else beside it, to the right if there is room. */
static struct box name_box(const struct spot *s, enum side side, double letter)
{
    double x = s->shape->x, y = s->shape->y, half = letter * .7, far = s->radius + 2 + 2 * letter;
    if (side == SIDE_IN)
        return (struct box){x - letter, y - half, x + letter, y + half};
    if (side == SIDE_LEFT)
        return (struct box){x - far, y - half, x - s->radius - 2, y + half};
    return (struct box){x + s->radius + 2, y - half, x + far, y + half};
}

static bool is_free(const struct map *map, const struct spot *own, const struct box *box,
                    const struct box *taken, unsigned taken_count)
{
    for (unsigned i = 0; i < taken_count; i++)
        if (overlap(box, &taken[i]))
            return false;
    for (unsigned i = 0; i < map->count; i++) {
        const struct spot *s = &map->spots[i];
        double x = s->shape->x, y = s->shape->y;
        double r = s->radius * (own->radius >= INSIDE ? .5 : .8);
        if (s != own && s->radius > 0 && overlap(box, &(struct box){x - r, y - r, x + r, y + r}))
            return false;
    }
    return box->left > 0 && box->right < WORLD_WIDTH;
}

static void put_name(struct html *h, const struct spot *s, enum side side, bool narrow)
{
    static const char *const anchors[] = {[SIDE_IN] = " text-anchor=\"middle\"",
                                          [SIDE_RIGHT] = "",
                                          [SIDE_LEFT] = " text-anchor=\"end\""};
    double beside = side == SIDE_IN ? 0 : side == SIDE_LEFT ? -s->radius - 3 : s->radius + 3;
    outbuf_printf(h->out, "<text class=\"%s%s\" x=\"%.0f\" y=\"%d\" dy=\".35em\"%s>",
                  side == SIDE_IN ? "in" : "by", narrow ? "" : " wide", s->shape->x + beside,
                  s->shape->y, anchors[side]);
    html_words(h, s->row->country);
    html_raw(h, "</text>\n");
}

static const struct spot *spot_of(const struct map *map, const struct place_row *row)
{
    for (unsigned i = 0; i < map->count; i++)
        if (map->spots[i].row == row)
            return &map->spots[i];
    return NULL;
}

/* The worst country chooses first. */
static void put_names(struct html *h, const struct map *map)
{
    struct box taken[NAMED_MOST], narrow_taken[NAMED_MOST];
    unsigned count = 0, narrow_count = 0;
    for (unsigned i = 0; i < h->s->places.countries_count && count < NAMED_MOST; i++) {
        const struct spot *s = spot_of(map, &h->s->places.countries[i]);
        if (s == NULL || s->radius <= 0)
            continue;
        enum side side = s->radius >= INSIDE ? SIDE_IN : SIDE_RIGHT;
        struct box box = name_box(s, side, LETTER);
        if (side == SIDE_RIGHT && !is_free(map, s, &box, taken, count)) {
            side = SIDE_LEFT;
            box = name_box(s, side, LETTER);
        }
        if (!is_free(map, s, &box, taken, count))
            continue;
        struct box large = name_box(s, side, NARROW);
        bool narrow = is_free(map, s, &large, narrow_taken, narrow_count) &&
                      (side != SIDE_IN || s->radius >= INSIDE_NARROW);
        put_name(h, s, side, narrow);
        taken[count++] = box;
        if (narrow)
            narrow_taken[narrow_count++] = large;
    }
}

/* ---- words ---- */

/* What is seen, for those who do not see it. */
static void put_spoken(struct html *h, const struct places *p)
{
    outbuf_printf(h->out, "Map of the world with %u countries, as in the table. Worst first: ",
                  p->countries_count);
    for (unsigned i = 0; i < p->countries_count && i < SPOKEN_MOST; i++) {
        char text[TEXT_NUMBER];
        const struct place_row *row = &p->countries[i];
        html_raw(h, i > 0 ? "; " : "");
        html_attr(h->out, slice_of(row->name), sizeof row->name);
        outbuf_printf(h->out, ", %u incidents, %s attempts refused", row->incidents,
                      text_count(row->denied + row->auth_failed, text));
    }
    html_raw(h, ".");
}

static bool any_kind(const struct map *map, const char *kind)
{
    for (unsigned i = 0; i < map->count; i++)
        if (strcmp(kind_of(&map->spots[i]), kind) == 0)
            return true;
    return false;
}

static void put_key(struct html *h, const struct map *map, const char *kind, const char *words)
{
    if (any_kind(map, kind))
        outbuf_printf(h->out, "<li class=\"%s\">%s</li>\n", kind, words);
}

static void put_legend(struct html *h, const struct map *map)
{
    char words[32], text[TEXT_NUMBER];
    html_raw(h, "<figcaption><ul class=\"keys\">\n");
    for (unsigned i = SEVERITY_COUNT; i-- > 0;) {
        snprintf(words, sizeof words, "worst incident: %s", severity_name((enum severity)i));
        put_key(h, map, severity_name((enum severity)i), words);
    }
    put_key(h, map, "tried", "attempts, no incident");
    put_key(h, map, "mail", "mail only");
    html_raw(h, "</ul>\n<p class=\"note\">");
    if (map->most > 0)
        outbuf_printf(
            h->out, "The area of a circle is relaying refused and logins failed, the largest %s. ",
            text_count(map->most, text));
    if (map->missing > 0)
        outbuf_printf(h->out, "%u in the table that the map does not know. ", map->missing);
    html_raw(h, "Where the victims are, a log does not say.</p></figcaption>");
}

void html_world(struct html *h)
{
    struct map *map;
    if (h->s->places.countries_count == 0)
        return;
    map = panic_calloc(1, sizeof *map);
    find_spots(&h->s->places, map);
    html_raw(h, "<figure class=\"world\">\n<svg role=\"img\" aria-label=\"");
    put_spoken(h, &h->s->places);
    outbuf_printf(h->out, "\" viewBox=\"0 0 %d %d\">\n", WORLD_WIDTH, WORLD_HEIGHT);
    put_land(h, map);
    put_circles(h, map);
    put_names(h, map);
    html_raw(h, "</svg>\n");
    put_legend(h, map);
    html_raw(h, "</figure>\n");
    free(map);
}
