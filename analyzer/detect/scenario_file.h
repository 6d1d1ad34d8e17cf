/* scenario_file.h - files of the kind "scenarios" -> compiled scenarios
 *
 * Everything that can be wrong is found here, at the start, and said with file, entry, member and
 * what is allowed. docs/signatures.md has the members. */
#ifndef DETECT_SCENARIO_FILE_H
#define DETECT_SCENARIO_FILE_H

#include "detect/scenario.h"
#include "match/signature_set.h"

/* scenarios_load - compile the scenarios of all files, in the order of the files
 *
 *   in        files   outlives the result, which borrows its texts
 *   result    NULL with *reterr (ERROR_CONFIG) */
struct scenario_set *scenarios_load(const struct signature_set *files, struct error *reterr);

/* scenarios_free - release; NULL is allowed; result NULL */
struct scenario_set *scenarios_free(struct scenario_set *set);

/* scenario_kind_name - "trigger" "leaky" ... */
const char *scenario_kind_name(enum scenario_kind kind);

/* scenario_examples - call take for every example of "match" and "nomatch" of a scenario
 *
 *   in        take   lines: the log lines of one example, each ending in a newline; false ends the
 *                    walk. What is true of `fires` is promised
 *   result    false with *reterr by take */
bool scenario_examples(const struct signature_entry *e,
                       bool (*take)(void *arg, const struct signature_entry *e, const char *member,
                                    unsigned number, bool fires, slice lines, struct error *reterr),
                       void *arg, struct error *reterr);

#endif
