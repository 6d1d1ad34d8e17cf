/* page.c - fits hostile text into lines of a given width
 *
 * Text is decoded into glyphs (a safe code point and its width) first, so that cutting and wrapping
 * never split a UTF-8 sequence and never let a control character through.
 * source:  Unicode 15: UAX 11 for wide characters (ranges rounded to blocks), UAX 9 for direction
 *          controls.
 * limits:  combining marks are shown as "?"; text beyond GLYPHS_MAX characters is cut. */
#include "output/page.h"

#include "base/utf8.h"

enum { GLYPHS_MAX = 1024 };

struct glyphs {
    uint32_t point[GLYPHS_MAX];
    unsigned count;
    bool more; /* the text went on */
};

struct range {
    uint32_t first, last;
};

static const struct range wide_ranges[] = {
    {0x1100, 0x115F},   {0x2E80, 0x303E},   {0x3041, 0xA4CF},   {0xA960, 0xA97F},
    {0xAC00, 0xD7A3},   {0xF900, 0xFAFF},   {0xFE30, 0xFE6F},   {0xFF00, 0xFF60},
    {0xFFE0, 0xFFE6},   {0x1F300, 0x1F64F}, {0x1F680, 0x1F6FF}, {0x1F900, 0x1FAFF},
    {0x20000, 0x3FFFD},
};

/* Controls, marks without a width of their own, invisible and direction-changing characters. */
static const struct range unsafe_ranges[] = {
    {0x00, 0x1F},       {0x7F, 0x9F},        {0xAD, 0xAD},     {0x0300, 0x036F}, {0x0483, 0x0489},
    {0x0591, 0x05BD},   {0x0610, 0x061C},    {0x064B, 0x065F}, {0x180B, 0x180F}, {0x1AB0, 0x1AFF},
    {0x1DC0, 0x1DFF},   {0x200B, 0x200F},    {0x2028, 0x202E}, {0x2060, 0x206F}, {0x20D0, 0x20FF},
    {0xE000, 0xF8FF},   {0xFE00, 0xFE0F},    {0xFE20, 0xFE2F}, {0xFEFF, 0xFEFF}, {0xFFF0, 0xFFFB},
    {0xE0000, 0xE0FFF}, {0xF0000, 0x10FFFF},
};

static const char *const tint_codes[] = {
    [TINT_BOLD] = "\x1b[1m",     [TINT_DIM] = "\x1b[2m",     [TINT_RED] = "\x1b[31m",
    [TINT_ALARM] = "\x1b[1;31m", [TINT_YELLOW] = "\x1b[33m", [TINT_GREEN] = "\x1b[32m",
    [TINT_CYAN] = "\x1b[36m",
};

static bool in_ranges(uint32_t point, const struct range *ranges, size_t count)
{
    for (size_t i = 0; i < count && point >= ranges[i].first; i++)
        if (point <= ranges[i].last)
            return true;
    return false;
}

static unsigned width_of(uint32_t point)
{
    if (point < 0x1100)
        return 1;
    return in_ranges(point, wide_ranges, sizeof(wide_ranges) / sizeof(wide_ranges[0])) ? 2 : 1;
}

bool page_is_unsafe(uint32_t point)
{
    return point == UTF8_BAD ||
           in_ranges(point, unsafe_ranges, sizeof(unsafe_ranges) / sizeof(unsafe_ranges[0]));
}

static uint32_t safe_point(uint32_t point)
{
    if (point == '\t')
        return ' ';
    return page_is_unsafe(point) ? '?' : point;
}

static void decode(slice text, struct glyphs *ret)
{
    ret->count = 0;
    while (text.len > 0 && ret->count < GLYPHS_MAX)
        ret->point[ret->count++] = safe_point(utf8_take(&text));
    ret->more = text.len > 0;
}

static unsigned columns_between(const struct glyphs *g, unsigned from, unsigned to)
{
    unsigned columns = 0;
    for (unsigned i = from; i < to; i++)
        columns += width_of(g->point[i]);
    return columns;
}

static void put_point(struct page *p, uint32_t point)
{
    char bytes[4];
    size_t n = 0;
    if (point == 0xA0) /* our no-break space has done its duty */
        point = ' ';
    p->at += width_of(point);
    if (point < 0x80) {
        outbuf_putc(p->out, (char)point);
        return;
    }
    if (point < 0x800) {
        bytes[n++] = (char)(0xC0U | point >> 6);
    } else if (point < 0x10000) {
        bytes[n++] = (char)(0xE0U | point >> 12);
        bytes[n++] = (char)(0x80U | (point >> 6 & 0x3FU));
    } else {
        bytes[n++] = (char)(0xF0U | point >> 18);
        bytes[n++] = (char)(0x80U | (point >> 12 & 0x3FU));
        bytes[n++] = (char)(0x80U | (point >> 6 & 0x3FU));
    }
    bytes[n++] = (char)(0x80U | (point & 0x3FU));
    outbuf_put(p->out, (slice){bytes, n});
}

static void put_points(struct page *p, const struct glyphs *g, unsigned from, unsigned to)
{
    for (unsigned i = from; i < to; i++)
        put_point(p, g->point[i]);
}

/* The first glyph after those from `from` on that fit into max columns. */
static unsigned fit_head(const struct glyphs *g, unsigned from, unsigned to, unsigned max)
{
    unsigned used = 0;
    while (from < to && used + width_of(g->point[from]) <= max)
        used += width_of(g->point[from++]);
    return from;
}

/* The first of the last glyphs before `to` that fit into max columns. */
static unsigned fit_tail(const struct glyphs *g, unsigned from, unsigned to, unsigned max)
{
    unsigned used = 0;
    while (to > from && used + width_of(g->point[to - 1]) <= max)
        used += width_of(g->point[--to]);
    return to;
}

/* Glyphs from..to within max columns, with "..." for what is left out. */
static void put_cut(struct page *p, const struct glyphs *g, unsigned from, unsigned to,
                    unsigned max, enum cut cut, bool more)
{
    if (!more && columns_between(g, from, to) <= max) {
        put_points(p, g, from, to);
        return;
    }
    unsigned dots = max < 8 ? 1 : 3, room = max > dots ? max - dots : 0;
    unsigned tail = cut == CUT_MIDDLE ? room * 2 / 5 : 0;
    put_points(p, g, from, fit_head(g, from, to, room - tail));
    for (unsigned i = 0; i < dots && i < max; i++)
        put_point(p, '.');
    put_points(p, g, fit_tail(g, from, to, tail), to);
}

struct page page_begin(struct outbuf *out, unsigned columns, bool colour)
{
    if (columns == 0)
        columns = 80;
    if (columns < TEXT_COLUMNS_MIN)
        columns = TEXT_COLUMNS_MIN;
    if (columns > TEXT_COLUMNS_MAX)
        columns = TEXT_COLUMNS_MAX;
    return (struct page){.out = out, .columns = columns, .colour = colour};
}

void page_newline(struct page *p)
{
    while (p->out->len > 0 && p->out->ptr[p->out->len - 1] == ' ')
        p->out->len--;
    outbuf_putc(p->out, '\n');
    p->at = 0;
}

void page_blank(struct page *p)
{
    if (p->at > 0)
        page_newline(p);
    page_newline(p);
}

static void pad_to(struct page *p, unsigned column)
{
    for (; p->at < column; p->at++)
        outbuf_putc(p->out, ' ');
}

void page_to(struct page *p, unsigned column)
{
    pad_to(p, p->at > 0 && p->at >= column ? p->at + 1 : column);
}

void page_put(struct page *p, const char *words)
{
    outbuf_puts(p->out, words);
    p->at += (unsigned)strlen(words);
}

void page_tinted(struct page *p, enum tint tint, const char *words)
{
    if (p->colour)
        outbuf_puts(p->out, tint_codes[tint]);
    page_put(p, words);
    if (p->colour)
        outbuf_puts(p->out, "\x1b[0m");
}

unsigned page_safe(struct page *p, slice text, unsigned max, enum cut cut)
{
    struct glyphs g;
    unsigned start = p->at, left = p->at < p->columns ? p->columns - p->at : 0;
    decode(text, &g);
    put_cut(p, &g, 0, g.count, max < left ? max : left, cut, g.more);
    return p->at - start;
}

void page_right(struct page *p, const char *words, unsigned column)
{
    unsigned length = (unsigned)strlen(words);
    if (column > length)
        page_to(p, column - length);
    page_put(p, words);
}

void page_wrap(struct page *p, slice text, unsigned indent)
{
    struct glyphs g;
    bool first = true;
    decode(text, &g);
    for (unsigned from = 0, to; from < g.count; from = to) {
        while (from < g.count && g.point[from] == ' ')
            from++;
        for (to = from; to < g.count && g.point[to] != ' ';)
            to++;
        if (to == from)
            break;
        unsigned blank = first || p->at <= indent ? 0 : 1, word = columns_between(&g, from, to);
        if (p->at + blank + word > p->columns && p->at > indent) {
            page_newline(p);
            blank = 0;
        }
        pad_to(p, p->at + blank < indent ? indent : p->at + blank);
        put_cut(p, &g, from, to, p->columns - p->at, CUT_MIDDLE, false);
        first = false;
    }
    if (g.more)
        page_safe(p, SLICE_LIT("..."), 3, CUT_END);
}

/* The glyphs of a text that fit into max columns: a head, "...", a tail. */
static void cut_glyphs(struct glyphs *g, unsigned max)
{
    if (!g->more && columns_between(g, 0, g->count) <= max)
        return;
    unsigned tail_columns = max * 2 / 5;
    unsigned head = fit_head(g, 0, g->count, max - 3 - tail_columns);
    unsigned tail = fit_tail(g, head, g->count, tail_columns);
    for (unsigned i = 0; i < 3; i++)
        g->point[head++] = '.';
    while (tail < g->count)
        g->point[head++] = g->point[tail++];
    g->count = head;
}

void page_split(struct page *p, slice text, unsigned indent, unsigned rows)
{
    struct glyphs g;
    decode(text, &g);
    /* one column less a row: a wide character may not fit into the last one */
    unsigned first = p->columns - p->at, other = p->columns - indent;
    cut_glyphs(&g, first + (rows - 1) * other - rows);
    for (unsigned from = 0, to; from < g.count; from = to) {
        if (from > 0) {
            page_newline(p);
            pad_to(p, indent);
        }
        to = fit_head(&g, from, g.count, p->columns - p->at);
        put_points(p, &g, from, to);
    }
}

void page_lines(struct page *p, const char *text, unsigned indent)
{
    slice rest = slice_of(text);
    while (rest.len > 0) {
        size_t end = slice_find_byte(rest, '\n');
        slice line = slice_first(rest, end);
        rest = slice_from(rest, end + 1);
        unsigned extra = 0;
        while (extra < line.len && line.ptr[extra] == ' ')
            extra++;
        pad_to(p, indent + extra);
        page_wrap(p, slice_from(line, extra), indent + extra);
        page_newline(p);
    }
}

unsigned page_columns(slice text)
{
    struct glyphs g;
    decode(text, &g);
    return columns_between(&g, 0, g.count);
}
