/* line_text.h - text of a log inside one line of a format that has its own special bytes
 *
 * The text is first made plain (control characters, bidirectional controls and ill-formed UTF-8
 * become '?'), so that no line can be broken, ended or forged; then what the format itself treats
 * specially is escaped or replaced. */
#ifndef OUTPUT_LINE_TEXT_H
#define OUTPUT_LINE_TEXT_H

#include "base/outbuf.h"

/* line_text - append text for one field
 *
 *   in        max       most bytes before escaping; longer text ends in "..."
 *             escaped   bytes that get a backslash in front
 *             replaced  bytes that become a blank
 *   result    no blank at either end */
void line_text(struct outbuf *out, slice text, size_t max, const char *escaped,
               const char *replaced);

/* line_word - append text as printable ASCII without blanks, cut to max bytes; "-" when nothing is
 * left
 *
 *   source    the header fields of RFC 5424 6 */
void line_word(struct outbuf *out, slice text, size_t max);

#endif
