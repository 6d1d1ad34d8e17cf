/* signatures.h - all wordings of a run, read and compiled once, shared by those who look at replies
 *
 * docs/signatures.md says how the files are written. */
#ifndef MATCH_SIGNATURES_H
#define MATCH_SIGNATURES_H

#include "match/block_list.h"
#include "match/pattern.h"
#include "match/reason.h"
#include "match/tester.h"

/* Read-only once loaded. */
struct signatures {
    struct signature_set *files;
    struct reasons *reasons;
    struct block_lists *block_lists;
    struct testers *testers;
    struct patterns *patterns;
};

/* signatures_load - the built-in files and those of a folder
 *
 *   in        folder   NULL: the built-in files only
 *             reterr   NULL: what is wrong ends the program; for the built-in files
 *   result    NULL with *reterr (ERROR_CONFIG): file, entry, member, and what is allowed */
struct signatures *signatures_load(const char *folder, struct error *reterr);

/* signatures_free - release; NULL is allowed; result NULL */
struct signatures *signatures_free(struct signatures *s);

/* signatures_check - run every match and nomatch text of every file
 *
 *   result    false with *reterr for the first that does not give what it promises */
bool signatures_check(const struct signatures *s, struct error *reterr);

#endif
