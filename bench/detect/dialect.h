/* dialect.h - how one mail program writes events into its log: the interface of dialects.def
 *
 * A new dialect is one file, dialect_<name>.c, and one row. It is handed every event in the order
 * of time and writes lines with stream_line(); events its program does not log it passes over. */
#ifndef DIALECT_H
#define DIALECT_H

#include "mail_event.h"

struct stream;

/* What a dialect may vary from site to site. */
struct dialect_options {
    const char *host;       /* name of the server in its log */
    bool names_in_failures; /* failed logins name the account */
    bool rfc3339;           /* stamps with microseconds, for dialects that have both forms */
};

struct dialect {
    const char *name, *summary;
    void (*begin)(struct stream *out, const struct dialect_options *options); /* may be NULL */
    void (*render)(struct stream *out, const struct mail_event *ev);
};

/* dialect_find - by name, or NULL; dialect_at - the rows in order, NULL after the last */
const struct dialect *dialect_find(const char *name);
const struct dialect *dialect_at(unsigned index);

#endif
