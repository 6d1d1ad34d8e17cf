/* line_shapes.h - which kinds of lines occur, and how often: texts with their changing parts masked
 *
 * Letters and punctuation stay; words that hold a digit become N, those with an "@" A, and what is
 * quoted in <...> becomes <>. Bounded: when full, the rarest shapes give way and are counted. */
#ifndef LINE_SHAPES_H
#define LINE_SHAPES_H

#include <stdint.h>

#include "base/siphash.h"
#include "base/slice.h"

enum { LINE_SHAPES_MAX = 4096, LINE_SHAPE_TEXT = 160 };

struct line_shape {
    const char *kind; /* as given to line_shapes_add() */
    uint64_t count;
    char text[LINE_SHAPE_TEXT]; /* "label: masked text", cut; bytes of the log */
};

struct line_shapes;

/* line_shapes_new - none yet; key is copied. line_shapes_free: NULL is allowed, result NULL */
struct line_shapes *line_shapes_new(const struct hash_key *key);
struct line_shapes *line_shapes_free(struct line_shapes *s);

/* line_shapes_add - count one line
 *
 *   in        kind    why it is counted, static text: shapes of different kinds are different
 *             label   who wrote it, a tag say; kept as it is */
void line_shapes_add(struct line_shapes *s, const char *kind, slice label, slice text);

/* line_shapes_list - all shapes, most frequent first, ties in the order of the text
 *
 *   out       ret    LINE_SHAPES_MAX pointers, valid until the next add
 *   result    how many */
unsigned line_shapes_list(struct line_shapes *s, const struct line_shape **ret);

/* line_shapes_dropped - shapes that gave way */
uint64_t line_shapes_dropped(const struct line_shapes *s);

/* line_shape_mask - the masked text as a C string, cut
 *
 *   out       ret    LINE_SHAPE_TEXT bytes */
void line_shape_mask(slice text, char *ret);

#endif
