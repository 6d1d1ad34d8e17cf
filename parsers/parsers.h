/* parsers.h - the table of parsers and the choice of one for a syslog tag */
#ifndef PARSERS_PARSERS_H
#define PARSERS_PARSERS_H

#include "event/parser.h"

enum { PARSERS_CHOICES = 32, PARSERS_TAG = 48 };

/* The last tags of a source and who claimed them; zeroed at start. A source has few tags. */
struct parser_choices {
    struct parser_choice {
        const struct parser *parser; /* NULL: nobody's */
        uint32_t note;               /* tag_note() of that parser */
        uint32_t len;                /* 0: empty */
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

/* parsers_choose - as parsers_for_tag, with what the parser says of the tag
 *
 *   out       ret_note   for rec->note; 0 when there is nothing to say */
const struct parser *parsers_choose(struct parser_choices *choices, slice tag, uint32_t *ret_note);

#endif
