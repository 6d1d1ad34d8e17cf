/* options.h - the command line and the configuration file as a list of settings, from one table
 *
 * options_parse() knows the syntax only: names, arguments, repetition, the nearest name for a wrong
 * one. What the values mean is config.c's. */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <stdio.h>

#include "base/error.h"
#include "base/slice.h"

enum option_id {
#define OPTION(id, long_name, short_name, argument, where, help) OPTION_##id,
#include "options.def"
#undef OPTION
    OPTION_COUNT
};

/* Where an option may stand: anywhere, on the command line, on that of "relaywatch explain". */
enum option_where { OPT_ANY, OPT_LINE, OPT_EXPLAIN };

/* One setting: from the command line (line 0) or from a file. Strings live as long as argv or the
 * list. */
struct setting {
    enum option_id id;
    char *value;      /* owned copy; NULL for a switch */
    char origin[256]; /* "command line" or "FILE:LINE" */
};

struct settings {
    struct setting *list;
    unsigned count, capacity;
    char **operands; /* FILE arguments, borrowed from argv */
    int operand_count;
    bool explain; /* the first word was "explain" */
    bool merge;   /* ... was "merge" */
};

/* options_parse - read argv; settings of the file come first, so that the command line wins
 *
 * The word "explain" in front of everything else chooses that command; a log of this name is given
 * as "./explain".
 *
 *   result    false with *reterr (ERROR_USAGE) on an unknown option or a missing argument */
bool options_parse(int argc, char **argv, struct settings *ret, struct error *reterr);

/* options_read_file - append the settings of a configuration file: "name = value" lines, # comments
 *
 *   result    false with *reterr (ERROR_CONFIG): names file, line and the nearest known key */
bool options_read_file(const char *path, struct settings *ret, struct error *reterr);

/* setting_bad - say what is wrong with a setting's value, and where it was set
 *
 *   in        what   "is no number from 1 to 64"
 *   result    false, with *reterr: ERROR_USAGE of the command line, ERROR_CONFIG of a file */
bool setting_bad(const struct setting *s, struct error *reterr, const char *what);

/* options_free - release the list */
void options_free(struct settings *s);

/* options_help - write the help text to a stdio stream */
void options_help(FILE *out);

/* options_shape_state - do the tables of a run depend on this option: a state of another value is
 * of no use */
bool options_shape_state(enum option_id id);

/* options_change_at_once - can it be another while a run goes on: no table, input or right of the
 * process depends on it */
bool options_change_at_once(enum option_id id);

/* options_name - its long name */
const char *options_name(enum option_id id);

/* options_nearest - the known name with the smallest edit distance to a wrong one, or NULL when
 * none is near */
const char *options_nearest(slice wrong, const char *const *names, unsigned count);

#endif
