/* cyrus.h - the text of Cyrus and UW login daemons, whose tags others use as well */
#ifndef PARSERS_CYRUS_H
#define PARSERS_CYRUS_H

#include "mail_line.h"

/* cyrus_parse_text - a line of imapd or pop3d; PARSE_SKIP when it is no login */
enum parse_result cyrus_parse_text(struct mail_line *line);

#endif
