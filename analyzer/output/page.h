/* page.h - the page of the text report: columns, wrapping, cutting, colour
 *
 * Whatever comes from a log is made safe for a terminal here: control characters, invisible and
 * direction-changing characters and bad UTF-8 become "?", and no line gets wider than the page.
 * Columns are terminal columns, not bytes: East Asian wide characters take two. */
#ifndef OUTPUT_PAGE_H
#define OUTPUT_PAGE_H

#include "base/outbuf.h"

#define TEXT_NBSP "\xc2\xa0" /* a blank at which page_wrap() does not break; shown as " " */

enum { TEXT_COLUMNS_MIN = 60, TEXT_COLUMNS_MAX = 240 };

struct page {
    struct outbuf *out;
    unsigned columns; /* width */
    unsigned at;      /* column of the next character */
    bool colour;
};

enum tint { TINT_BOLD, TINT_DIM, TINT_RED, TINT_ALARM, TINT_YELLOW, TINT_GREEN, TINT_CYAN };
enum cut { CUT_MIDDLE, CUT_END };

/* page_begin - a page of `columns` (0 = 80; kept between TEXT_COLUMNS_MIN and _MAX) at column 0 */
struct page page_begin(struct outbuf *out, unsigned columns, bool colour);

/* page_newline - end the line; page_blank - end the line and leave an empty one */
void page_newline(struct page *p);
void page_blank(struct page *p);

/* page_to - blanks up to a column; at least one when the line is already there or beyond */
void page_to(struct page *p, unsigned column);

/* page_put - our own ASCII words, as they are: the caller knows that they fit */
void page_put(struct page *p, const char *words);

/* page_tinted - our own ASCII words in colour, when colour is allowed */
void page_tinted(struct page *p, enum tint tint, const char *words);

/* page_safe - text from a log on this line: at most max columns, and what is left of the line
 *
 *   in        cut    where "..." goes when it is longer: the middle (values), the end (sentences)
 *   result    the columns used */
unsigned page_safe(struct page *p, slice text, unsigned max, enum cut cut);

/* page_right - our own ASCII words, right-aligned to end before `column` */
void page_right(struct page *p, const char *words, unsigned column);

/* page_wrap - text wrapped between the words from here on, later lines at column `indent`; ends on
 * the last line
 *
 * A word longer than a line is cut in the middle. */
void page_wrap(struct page *p, slice text, unsigned indent);

/* page_split - text from a log broken at any character, from here on over at most `rows` lines,
 * later ones at column `indent`; ends on the last line
 *
 * What is too long for that loses its middle. */
void page_split(struct page *p, slice text, unsigned indent, unsigned rows);

/* page_lines - our own text with line ends, as advice.h defines it, from column `indent` on */
void page_lines(struct page *p, const char *text, unsigned indent);

/* page_is_unsafe - is it a control, a mark without a width of its own, an invisible or a
 * direction-changing character, or UTF8_BAD: something that no page may pass on as it is */
bool page_is_unsafe(uint32_t point);

/* page_columns - the columns that text would take */
unsigned page_columns(slice text);

#endif
