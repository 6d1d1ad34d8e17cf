/* exchange_csv.h - the file container that all transport logs of Exchange 2007 and later share
 *
 * Header lines (#Software, #Version, #Log-type, #Date, #Fields) that may come again half-way, rows
 * of comma separated cells under the names of the last #Fields, in UTF-8. The same reader takes
 * exports whose first row holds the names (PowerShell, portal downloads), with ; or tab as well.
 * Names are compared without case, "-" and "_": client-ip, client_ip and ClientIp are one.
 * A file that lost its header is read in the documented order of columns if a row has exactly as
 * many cells. A row goes on in the next line while a quote is open, whatever that line looks like:
 * what stands inside quotes can be an outsider's text and never begins a row.
 *
 * source: Microsoft "Message tracking", "Protocol logging" (columns and header); RFC 4180. */
#ifndef PARSERS_EXCHANGE_CSV_H
#define PARSERS_EXCHANGE_CSV_H

#include "csv.h"
#include "event/parser.h"
#include "event/regional_time.h"
#include "event/timestamp.h"

enum {
    EXCHANGE_CSV_ROOM = 32768, /* bytes of a row that spans several lines */
    EXCHANGE_CSV_LINE = 65536  /* a line as long as this was cut by the input */
};

struct exchange_csv;

/* What one kind of log looks like; static, outlives every reader. */
struct exchange_csv_spec {
    const char *const *columns;   /* names the parser knows, the time first, <= CSV_CELLS */
    unsigned count;               /* of columns */
    const char *const *headers;   /* documented lists of names, "a,b,c"; NULL at the end */
    const char *const *log_types; /* what #Log-type may begin with; NULL at the end */
    /* Is this row, in the order of one of `headers`, surely of this log? */
    bool (*is_row)(const struct csv_row *row);
    /* The time of a cell of column `column`; NULL: an RFC 3339 time. */
    bool (*take_time)(struct exchange_csv *f, unsigned column, slice cell, int64_t *ret_us);
    unsigned times; /* so many columns from the first on are times, the first one present counts;
                       0: one */
};

/* State of one input; the parser's state holds it. Some 50 KB. */
struct exchange_csv {
    const struct exchange_csv_spec *spec;
    struct timestamp time;
    struct regional_time regional; /* for take_time() */
    struct csv_layouts layouts;
    uint8_t names[CSV_LAYOUTS]; /* how many columns each layout's file has */
    char separators[CSV_LAYOUTS];
    bool foreign;          /* the last header was another log's */
    bool named;            /* the present layout is the file's own */
    bool open;             /* a row goes on in the next line */
    bool too_long;         /* what is held of it was cut */
    size_t held;           /* bytes in room */
    struct line_pos begun; /* where that row began */
    struct csv_row row;    /* cells of the record in hand: exchange_csv_split() */
    char room[EXCHANGE_CSV_ROOM];
};

/* exchange_csv_start - set up a zeroed state
 *
 *   in        spec   borrowed
 *             zone   of times without one, borrowed; NULL: UTC */
void exchange_csv_start(struct exchange_csv *f, const struct exchange_csv_spec *spec,
                        const struct time_zone *zone);

/* exchange_csv_probe - a parser's probe(): 100 a header with its #Log-type; 90 its names; 70 a row
 * without header, in which is_row() has the last word; 0 none of these */
unsigned exchange_csv_probe(const struct exchange_csv_spec *spec, slice head);

/* exchange_csv_read - a parser's read()
 *
 *   out       rec   text is the row, with its line breaks; pos is set to where it began
 *   result    RECORD_FOREIGN for the header of another log and all that follows it, and for lines
 *             without a time while there is no header either */
enum record_status exchange_csv_read(struct exchange_csv *f, slice line, struct record *rec);

/* exchange_csv_split - first step of a parser's parse(): the cells of rec->text into f->row
 *
 * The last cell of a row with fewer cells than the file has columns may be cut: it is dropped. */
void exchange_csv_split(struct exchange_csv *f, const struct record *rec);

/* exchange_csv_cell - a cell of the row split last, without blanks around it
 *
 *   in        column   index into spec->columns
 *   result    absent when the file or the row has none; may be empty
 *   lifetime  borrowed from the record's text or f->row: until the next split */
slice exchange_csv_cell(const struct exchange_csv *f, const struct record *rec, unsigned column);

/* exchange_csv_cells - the same for columns 0 .. count - 1 */
void exchange_csv_cells(const struct exchange_csv *f, const struct record *rec, slice *ret,
                        unsigned count);

/* exchange_csv_ends_before - the file has the column, but the row split last was cut before or in
 * it */
bool exchange_csv_ends_before(const struct exchange_csv *f, const struct record *rec,
                              unsigned column);

/* exchange_csv_host - a server's name as all logs of one organisation share it: lower case,
 * without domain; an address stays whole
 *
 *   in        room, size   for the copy; a name that does not fit is cut
 *   result    absent when name is empty */
slice exchange_csv_host(slice name, char *room, size_t size);

#endif
