/* csv.h - one row of comma or tab separated text into cells, and a row's columns by name
 *
 * Quoting is RFC 4180's: a cell that begins with a quote ends at the next lone quote, two of them
 * stand for one, and it may hold separators and line breaks. Cells without a doubled quote are
 * borrowed from the row. Files name their columns themselves and may change them half-way, so a
 * layout is made of each list of names, and a row is read by the layout that held when it came. */
#ifndef PARSERS_CSV_H
#define PARSERS_CSV_H

#include <stdint.h>

#include "base/slice.h"

enum { CSV_CELLS = 64, CSV_LAYOUTS = 8, CSV_ROOM = 16384 };

/* Cells of one row; borrows from the row and from its own room. */
struct csv_row {
    slice cell[CSV_CELLS];
    unsigned count; /* cells beyond CSV_CELLS are dropped */
    bool open;      /* the row ends inside a quoted cell: it goes on in the next line */
    size_t room_used;
    char room[CSV_ROOM]; /* cells in which quotes were doubled; what does not fit is cut */
};

/* csv_split - cut a row into cells; not initialised by the caller
 *
 *   cost      one pass; no allocation */
void csv_split(slice row, char separator, struct csv_row *ret);

/* csv_is_open - does the row end inside a quoted cell? Cheaper than csv_split. */
bool csv_is_open(slice row, char separator);

/* Which cell holds which of a parser's columns. */
struct csv_layout {
    uint8_t place[CSV_CELLS]; /* of column i: its cell + 1; 0: this file does not have it */
};

/* The layouts of one input: the present one and those before it that sorted records may still
 * refer to. */
struct csv_layouts {
    struct csv_layout list[CSV_LAYOUTS];
    uint32_t made; /* how many were made so far; 0: no names were seen yet */
};

/* csv_layout_make - from a row of names
 *
 *   in        names    the row, already split
 *             columns  what the parser knows, compared without case; at most CSV_CELLS
 *             count    how many
 *   result    how many of them the file has */
unsigned csv_layout_make(struct csv_layouts *layouts, const struct csv_row *names,
                         const char *const *columns, unsigned count);

/* csv_layout_now - the note that a record read under the present layout carries */
static inline uint32_t csv_layout_now(const struct csv_layouts *layouts)
{
    return layouts->made;
}

/* csv_cell - the cell of a column; absent when the file, or this row, has none
 *
 *   in        note   csv_layout_now() when the record was read */
slice csv_cell(const struct csv_layouts *layouts, uint32_t note, const struct csv_row *row,
               unsigned column);

#endif
