/* csv.c - cells of a row, and layouts by name
 * Grammar:  ROW  = CELL *(SEP CELL)
 *           CELL = '"' *(any but '"' / '""') '"' *(any but SEP) / *(any but SEP)
 *           Text between a closing quote and the next separator is dropped.
 * source:   RFC 4180; Exchange logs
 * limits:   64 cells, 16 KiB of cells with doubled quotes a row */
#include "csv.h"

/* The position of the quote that closes a cell whose body begins at `at`; row.len when none does.
 */
static size_t find_close(slice row, size_t at)
{
    while ((at += slice_find_byte(slice_from(row, at), '"')) + 1 < row.len)
        if (row.ptr[at + 1] == '"')
            at += 2;
        else
            return at;
    return at < row.len ? at : row.len;
}

/* A quoted cell whose body begins at `at`; the position behind its closing quote. */
static size_t take_quoted(slice row, size_t at, struct csv_row *ret, slice *cell)
{
    size_t close = find_close(row, at);

    ret->open = close == row.len;
    *cell = slice_between(row.ptr + at, row.ptr + close);
    if (slice_find_byte(*cell, '"') < cell->len) {
        char *out = ret->room + ret->room_used;
        size_t n = 0, max = CSV_ROOM - ret->room_used;
        for (size_t k = 0; k < cell->len && n < max; k++) {
            out[n++] = cell->ptr[k];
            k += cell->ptr[k] == '"'; /* of a pair the second is passed */
        }
        ret->room_used += n;
        *cell = (slice){out, n};
    }
    return close + 1;
}

void csv_split(slice row, char separator, struct csv_row *ret)
{
    struct bytes_walk separators = bytes_walk_begin(row.ptr, row.len, separator);
    size_t at = 0;

    ret->count = 0;
    ret->open = false;
    ret->room_used = 0;
    while (ret->count < CSV_CELLS) {
        slice *cell = &ret->cell[ret->count++];
        size_t end;
        if (at < row.len && row.ptr[at] == '"') {
            size_t behind = take_quoted(row, at + 1, ret, cell);
            if (behind >= row.len)
                return;
            bytes_walk_skip(&separators, behind);
            end = bytes_walk_next(&separators);
        } else {
            end = bytes_walk_next(&separators);
            *cell = slice_between(row.ptr + at, row.ptr + end);
        }
        if (end >= row.len)
            return;
        at = end + 1;
    }
}

bool csv_is_open(slice row, char separator)
{
    size_t at = 0; /* outside quotes */

    while ((at += slice_find_byte(slice_from(row, at), '"')) < row.len) {
        if (at > 0 && row.ptr[at - 1] != separator) { /* in the middle of a cell it is text */
            at++;
            continue;
        }
        at = find_close(row, at + 1);
        if (at == row.len)
            return true;
        at += slice_find_byte(slice_from(row, at), separator); /* what follows is dropped */
    }
    return false;
}

unsigned csv_layout_make(struct csv_layouts *layouts, const struct csv_row *names,
                         const char *const *columns, unsigned count)
{
    struct csv_layout *layout = &layouts->list[layouts->made % CSV_LAYOUTS];
    unsigned found = 0;

    memset(layout, 0, sizeof *layout);
    for (unsigned column = 0; column < count && column < CSV_CELLS; column++)
        for (unsigned i = 0; i < names->count && layout->place[column] == 0; i++)
            if (slice_ieq(slice_trim(names->cell[i]), slice_of(columns[column]))) {
                layout->place[column] = (uint8_t)(i + 1);
                found++;
            }
    layouts->made++;
    return found;
}

slice csv_cell(const struct csv_layouts *layouts, uint32_t note, const struct csv_row *row,
               unsigned column)
{
    unsigned place;

    if (note == 0 || column >= CSV_CELLS)
        return SLICE_NONE;
    place = layouts->list[(note - 1) % CSV_LAYOUTS].place[column];
    return place == 0 || place > row->count ? SLICE_NONE : row->cell[place - 1];
}
