/* parsers.h - the table of parsers and the choice of one for a syslog tag */
#ifndef PARSERS_PARSERS_H
#define PARSERS_PARSERS_H

#include "event/parser.h"

enum { PARSERS_CHOICES = 16, PARSERS_TAG = 46 };

/* The last tags of a source and who claimed them; zeroed at start. A source has few tags. */
struct parser_choices {
    struct parser_choice {
        const struct parser *parser; /* NULL: nobody's */
        unsigned char len;           /* 0: empty */
        char tag[PARSERS_TAG];
    } rows[PARSERS_CHOICES];
};

/* parsers_count, parsers_at - the rows of parsers.def in order; i < parsers_count() */
size_t parsers_count(void);
const struct parser *parsers_at(size_t i);

/* parsers_find - the parser called `name` ("postfix"), or NULL */
const struct parser *parsers_find(slice name);

/* parsers_for_tag - the first parser that claims a syslog tag, or NULL
 *
 *   in/out    choices   of this source, or NULL to ask every parser
 *             tag       may be absent: nobody's */
const struct parser *parsers_for_tag(struct parser_choices *choices, slice tag);

#endif
