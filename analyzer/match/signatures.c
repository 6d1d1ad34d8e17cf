/* signatures.c - load, compile, check: what a kind of file means is for the file of its name
 * limits:   where nobody takes an error, the built-in files are good or the program ends */
#include "match/signatures.h"

#include <stdlib.h>

#include "base/panic.h"
#include "match/signature_set.h"

struct signatures *signatures_load(const char *folder, struct error *reterr)
{
    struct signatures *s = panic_calloc(1, sizeof *s);
    struct error own = {0};

    if (reterr == NULL)
        reterr = &own;
    s->files = panic_calloc(1, sizeof *s->files);
    if (signature_set_load(folder, s->files, reterr) &&
        (s->reasons = reasons_new(s->files, reterr)) != NULL &&
        (s->block_lists = block_lists_new(s->files, reterr)) != NULL &&
        (s->testers = testers_new(s->files, reterr)) != NULL &&
        (s->patterns = patterns_new(s->files, reterr)) != NULL)
        return s;
    if (reterr == &own)
        fprintf(stderr, "relaywatch: %s\n", own.text);
    ASSERT(reterr != &own);
    return signatures_free(s);
}

struct signatures *signatures_free(struct signatures *s)
{
    if (s == NULL)
        return NULL;
    reasons_free(s->reasons);
    block_lists_free(s->block_lists);
    testers_free(s->testers);
    patterns_free(s->patterns);
    signature_set_free(s->files);
    free(s->files);
    free(s);
    return NULL;
}

bool signatures_check(const struct signatures *s, struct error *reterr)
{
    return reasons_check(s->reasons, s->files, reterr) &&
           block_lists_check(s->block_lists, s->files, reterr) &&
           testers_check(s->testers, s->files, reterr) &&
           patterns_check(s->patterns, s->files, reterr);
}
