/* html_escape.h - text of a log into HTML: nothing in it can be markup, move other text or hide
 *
 * Three functions, and no byte of a log reaches a page but through one of them. The five characters
 * of HTML become references. What cannot be seen, or changes how its neighbours are seen, is
 * spelled out: "\x1b" for a control or an ill-formed byte, "\u202e" for a code point. */
#ifndef OUTPUT_HTML_ESCAPE_H
#define OUTPUT_HTML_ESCAPE_H

#include "base/outbuf.h"

/* html_text - for the content of an element
 *
 * What is spelled out stands in <b class="x">, so that a log which holds the characters \x1b can be
 * told from one that holds the byte.
 *
 *   in        max     code points; a longer text is cut there and ends in an ellipsis */
void html_text(struct outbuf *out, slice s, size_t max);

/* html_attr - for a value in double quotes, and for the elements that may hold text only (title)
 *
 *   in        max     as above */
void html_attr(struct outbuf *out, slice s, size_t max);

/* html_value - html_text() in <bdi>: text that may run from right to left does not move what stands
 * beside it */
void html_value(struct outbuf *out, slice s, size_t max);

#endif
