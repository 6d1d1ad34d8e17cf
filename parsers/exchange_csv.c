/* exchange_csv.c - header lines, rows over several lines, layouts
 * Grammar:  FILE   = *(NAMES / HEADER / ROW)
 *           HEADER = "#" KEY ": " VALUE     KEY = Software / Version / Log-type / Date / Fields
 *           NAMES  = a row that names columns: exports have it instead of a header, and some logs
 *                    have one before it
 * algorithm: a row that ends inside quotes is held until the quote closes. What then follows the
 *            quote must be a separator or the end: Exchange doubles quotes in text, so anything
 *            else means that the row was torn (the service died) and that the present line is a
 *            row of its own.
 * source:    Microsoft "Message tracking", "Protocol logging"; RFC 4180
 * limits:    32 KiB for a row over several lines. A row torn inside quotes takes the rows up to
 *            the next quote with it */
#include "exchange_csv.h"

enum { NAMES_LEAST = 3, NAME_LONGEST = 40 };

static const struct time_zone utc;

void exchange_csv_start(struct exchange_csv *f, const struct exchange_csv_spec *spec,
                        const struct time_zone *zone)
{
    f->spec = spec;
    timestamp_init(&f->time, zone == NULL ? &utc : zone, 0, 0);
    regional_time_init(&f->regional, f->time.zone);
}

/* ---- layouts ---- */

static unsigned slot_of(uint32_t note)
{
    return (note - 1) % CSV_LAYOUTS;
}

static slice next_letter(slice s)
{
    while (s.len > 0 && (s.ptr[0] == '-' || s.ptr[0] == '_'))
        s = slice_from(s, 1);
    return s;
}

static bool is_name(slice cell, const char *column)
{
    slice a = next_letter(slice_trim(cell)), b = next_letter(slice_of(column));

    while (a.len > 0 && b.len > 0 && slice_lower(a.ptr[0]) == slice_lower(b.ptr[0])) {
        a = next_letter(slice_from(a, 1));
        b = next_letter(slice_from(b, 1));
    }
    return a.len == 0 && b.len == 0;
}

/* Which cell holds which column; the result is how many were found. */
static unsigned find_columns(const struct exchange_csv_spec *spec, const struct csv_row *names,
                             struct csv_layout *ret)
{
    unsigned found = 0;

    memset(ret, 0, sizeof *ret);
    for (unsigned column = 0; column < spec->count; column++)
        for (unsigned i = 0; i < names->count && ret->place[column] == 0; i++)
            if (is_name(names->cell[i], spec->columns[column])) {
                ret->place[column] = (uint8_t)(i + 1);
                found++;
            }
    return found;
}

/* The first of the time columns that a layout has; spec->count when it has none. */
static unsigned time_column(const struct exchange_csv_spec *spec, const struct csv_layout *layout)
{
    unsigned times = spec->times == 0 ? 1 : spec->times;

    for (unsigned column = 0; column < times; column++)
        if (layout->place[column] != 0)
            return column;
    return spec->count;
}

/* Is this a row of names? A cell that an outsider writes may hold one, half of a row cannot. */
static bool is_names(const struct exchange_csv_spec *spec, const struct csv_row *row)
{
    struct csv_layout layout;
    unsigned known = find_columns(spec, row, &layout);

    return known >= NAMES_LEAST && known * 2 >= row->count &&
           time_column(spec, &layout) < spec->count;
}

static void adopt(struct exchange_csv *f, const struct csv_row *names, char separator, bool named)
{
    struct csv_layouts *all = &f->layouts;

    unsigned before = slot_of(all->made), now = slot_of(++all->made);
    find_columns(f->spec, names, &all->list[now]);
    f->named = named;
    if (all->made > 1 && f->names[before] == names->count && f->separators[before] == separator &&
        memcmp(&all->list[now], &all->list[before], sizeof all->list[now]) == 0) {
        all->made--; /* the same header again */
        return;
    }
    f->names[now] = (uint8_t)names->count;
    f->separators[now] = separator;
}

/* The names of the documented layout with as many columns; NULL when there is none. */
static const char *header_of(const struct exchange_csv_spec *spec, unsigned cells)
{
    for (const char *const *h = spec->headers; *h != NULL; h++) {
        unsigned names = 1;
        for (const char *p = *h; *p != '\0'; p++)
            names += *p == ',';
        if (names == cells)
            return *h;
    }
    return NULL;
}

static bool begins_with_year(slice line)
{
    return line.len >= 5 && line.ptr[0] >= '0' && line.ptr[0] <= '9' && line.ptr[4] == '-';
}

/* A layout for a row of a file without header: by its number of cells. */
static bool adopt_by_shape(struct exchange_csv *f, slice line)
{
    const char *header;

    if (!begins_with_year(line))
        return false;
    csv_split(line, ',', &f->row);
    if (f->layouts.made > 0 && f->row.count == f->names[slot_of(f->layouts.made)])
        return true;
    header = header_of(f->spec, f->row.count);
    if (header == NULL || !f->spec->is_row(&f->row))
        return false;
    csv_split(slice_of(header), ',', &f->row);
    adopt(f, &f->row, ',', false);
    return true;
}

static bool is_name_byte(char c)
{
    return (slice_lower(c) >= 'a' && slice_lower(c) <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '"';
}

/* Most lines that are no names end this way, at a blank or a dot, before they are split. */
static bool begins_with_name(slice line, const char *separators)
{
    size_t n = 0;

    while (n < line.len && n < NAME_LONGEST && is_name_byte(line.ptr[n]))
        n++;
    return n > 0 && n < line.len && line.ptr[n] != '\0' && strchr(separators, line.ptr[n]) != NULL;
}

/* Names parted by one of the separators that exports use; '\0': no names. */
static char split_names(const struct exchange_csv_spec *spec, slice line, struct csv_row *row)
{
    static const char separators[] = ",;\t";

    if (!begins_with_name(line, separators))
        return '\0';
    for (const char *s = separators; *s != '\0'; s++) {
        csv_split(line, *s, row);
        if (is_names(spec, row))
            return *s;
    }
    return '\0';
}

/* ---- header lines ---- */

/* "#KEY:" without case at the start of line; *ret is what follows. */
static bool take_key(slice line, const char *key, slice *ret)
{
    size_t n = strlen(key);

    if (!slice_ieq(slice_first(line, n), slice_of(key)))
        return false;
    *ret = slice_trim(slice_from(line, n));
    return true;
}

static bool is_log_type(const struct exchange_csv_spec *spec, slice type)
{
    for (const char *const *t = spec->log_types; *t != NULL; t++)
        if (slice_ieq(slice_first(type, strlen(*t)), slice_of(*t)))
            return true;
    return false;
}

static enum record_status read_header(struct exchange_csv *f, slice line)
{
    slice value;

    if (take_key(line, "#Software:", &value)) {
        f->foreign = !slice_starts(value, SLICE_LIT("Microsoft Exchange"));
        f->named = false;
    } else if (take_key(line, "#Log-type:", &value)) {
        f->foreign = !is_log_type(f->spec, value);
    } else if (!f->foreign && take_key(line, "#Fields:", &value)) {
        csv_split(value, ',', &f->row);
        f->foreign = !is_names(f->spec, &f->row);
        if (!f->foreign)
            adopt(f, &f->row, ',', true);
    }
    return f->foreign ? RECORD_FOREIGN : RECORD_SKIP;
}

/* ---- rows ---- */

static char separator_now(const struct exchange_csv *f)
{
    return f->layouts.made == 0 ? ',' : f->separators[slot_of(f->layouts.made)];
}

/* Mostly the time is the first cell, bare: then the row needs no splitting yet. */
static slice time_cell(struct exchange_csv *f, slice row, unsigned column)
{
    char separator = separator_now(f);
    uint8_t place = f->layouts.list[slot_of(f->layouts.made)].place[column];

    if (place == 1 && row.len > 0 && row.ptr[0] != '"')
        return slice_first(row, slice_find_byte(row, separator));
    csv_split(row, separator, &f->row);
    return csv_cell(&f->layouts, csv_layout_now(&f->layouts), &f->row, column);
}

static bool take_time(struct exchange_csv *f, slice row, int64_t *ret_us)
{
    unsigned column = time_column(f->spec, &f->layouts.list[slot_of(f->layouts.made)]);
    slice cell = slice_trim(time_cell(f, row, column));

    if (f->spec->take_time != NULL)
        return f->spec->take_time(f, column, cell, ret_us);
    return timestamp_take_iso(&f->time, &cell, ret_us) && cell.len == 0;
}

/* A row of names makes a layout; false when it is none. */
static bool read_names(struct exchange_csv *f, slice line)
{
    char separator = split_names(f->spec, line, &f->row);

    if (separator == '\0')
        return false;
    adopt(f, &f->row, separator, true);
    return true;
}

/* Names are looked for where they may stand: in front of all rows, and in place of a time. */
static enum record_status make_record(struct exchange_csv *f, slice row, struct record *rec)
{
    int64_t time_us;

    if (!f->named && !adopt_by_shape(f, row))
        return read_names(f, row) ? RECORD_SKIP : RECORD_FOREIGN;
    if (!take_time(f, row, &time_us)) {
        if (read_names(f, row))
            return RECORD_SKIP;
        return begins_with_year(row) || f->spec->take_time != NULL ? RECORD_REJECT : RECORD_FOREIGN;
    }
    *rec = (struct record){.time_us = time_us,
                           .has_time = true,
                           .text = row,
                           .repeat = 1,
                           .note = csv_layout_now(&f->layouts),
                           .pos = rec->pos};
    return RECORD_READY;
}

static enum record_status read_first(struct exchange_csv *f, slice line, struct record *rec)
{
    if (f->foreign)
        return RECORD_FOREIGN;
    if (memchr(line.ptr, '"', line.len) == NULL || line.len >= EXCHANGE_CSV_LINE ||
        !csv_is_open(line, separator_now(f)))
        return make_record(f, line, rec);
    f->open = true;
    f->too_long = line.len > sizeof f->room;
    f->held = f->too_long ? 0 : line.len;
    f->begun = rec->pos;
    memcpy(f->room, line.ptr, f->held);
    return RECORD_SKIP;
}

static void hold(struct exchange_csv *f, slice line)
{
    if (f->too_long || line.len + 1 > sizeof f->room - f->held) {
        f->too_long = true;
        return;
    }
    f->room[f->held] = '\n';
    memcpy(f->room + f->held + 1, line.ptr, line.len);
    f->held += line.len + 1;
}

/* What follows the quote that closes in this line; absent when none does. */
static slice behind_close(slice line)
{
    for (size_t i = 0; i < line.len; i++) {
        if (line.ptr[i] != '"')
            continue;
        if (i + 1 == line.len || line.ptr[i + 1] != '"')
            return slice_from(line, i + 1);
        i++;
    }
    return SLICE_NONE;
}

static enum record_status read_more(struct exchange_csv *f, slice line, struct record *rec)
{
    slice rest = behind_close(line);
    char separator = separator_now(f);

    if (rest.len > 0 && rest.ptr[0] != separator) {
        f->open = false; /* torn */
        return read_first(f, line, rec);
    }
    hold(f, line);
    if (rest.ptr == NULL || csv_is_open(slice_from(rest, 1), separator))
        return RECORD_SKIP;
    f->open = false;
    if (f->too_long)
        return RECORD_REJECT;
    rec->pos = f->begun;
    rec->pos.text = (slice){f->room, f->held};
    return make_record(f, rec->pos.text, rec);
}

enum record_status exchange_csv_read(struct exchange_csv *f, slice line, struct record *rec)
{
    if (line.ptr == NULL) {
        f->open = false; /* the last row was being written */
        return RECORD_SKIP;
    }
    while (line.len > 0 && (line.ptr[line.len - 1] == '\r' || line.ptr[line.len - 1] == '\0'))
        line.len--;
    if (f->open)
        return read_more(f, line, rec);
    if (line.len == 0)
        return RECORD_SKIP;
    return line.ptr[0] == '#' ? read_header(f, line) : read_first(f, line, rec);
}

void exchange_csv_split(struct exchange_csv *f, const struct record *rec)
{
    unsigned slot = slot_of(rec->note);

    csv_split(rec->text, f->separators[slot], &f->row);
    if (f->row.count < f->names[slot])
        f->row.count--;
}

slice exchange_csv_cell(const struct exchange_csv *f, const struct record *rec, unsigned column)
{
    return slice_trim(csv_cell(&f->layouts, rec->note, &f->row, column));
}

void exchange_csv_cells(const struct exchange_csv *f, const struct record *rec, slice *ret,
                        unsigned count)
{
    const struct csv_layout *layout = &f->layouts.list[slot_of(rec->note)];

    for (unsigned column = 0; column < count; column++) {
        unsigned place = layout->place[column];
        ret[column] =
            place == 0 || place > f->row.count ? SLICE_NONE : slice_trim(f->row.cell[place - 1]);
    }
}

bool exchange_csv_ends_before(const struct exchange_csv *f, const struct record *rec,
                              unsigned column)
{
    return f->layouts.list[slot_of(rec->note)].place[column] > f->row.count;
}

/* ---- which file is this ---- */

static unsigned probe_line(const struct exchange_csv_spec *spec, slice line, struct csv_row *row)
{
    slice value;

    if (take_key(line, "#Log-type:", &value))
        return is_log_type(spec, value) ? 100 : 0;
    if (take_key(line, "#Fields:", &value)) {
        csv_split(value, ',', row);
        return is_names(spec, row) ? 90 : 0;
    }
    if (split_names(spec, line, row) != '\0')
        return 90;
    if (!begins_with_year(line))
        return 0;
    csv_split(line, ',', row);
    return header_of(spec, row->count) != NULL && spec->is_row(row) ? 70 : 0;
}

unsigned exchange_csv_probe(const struct exchange_csv_spec *spec, slice head)
{
    unsigned best = 0;
    struct csv_row row;

    while (head.ptr != NULL && head.len > 0) {
        size_t n = slice_find_byte(head, '\n');
        slice line = slice_trim(slice_first(head, n)), type;
        unsigned score = probe_line(spec, line, &row);
        if (take_key(line, "#Log-type:", &type))
            return score;
        best = score > best ? score : best;
        head = slice_from(head, n + 1);
    }
    return best;
}

slice exchange_csv_host(slice name, char *room, size_t size)
{
    size_t dot = slice_find_byte(name, '.'), n;
    bool address = name.len > 0 &&
                   (slice_find_byte(name, ':') < name.len ||
                    (name.ptr[0] >= '0' && name.ptr[0] <= '9' && name.ptr[name.len - 1] >= '0' &&
                     name.ptr[name.len - 1] <= '9' && dot < name.len));

    if (name.len == 0)
        return SLICE_NONE;
    n = address ? name.len : dot;
    n = n < size ? n : size;
    for (size_t i = 0; i < n; i++)
        room[i] = slice_lower(name.ptr[i]);
    return (slice){room, n};
}
