/* pattern.h - what bots, scanners and forgers give themselves away by: literals and expressions on
 * single fields
 *
 * A pattern looks at one field. Its literal is found in one pass with all others of the field; its
 * PCRE2 expression, if it has one, runs behind the literal only, or on the occasions it names.
 * Patterns are not asked at all about mail as it should be. An expression has a bounded number of
 * steps a field; one that reaches the bound some times is switched off for the run and named.
 *
 * source: signatures/patterns.json; docs/signatures.md says how an entry is written. */
#ifndef MATCH_PATTERN_H
#define MATCH_PATTERN_H

#include "base/error.h"
#include "match/signature_set.h"

enum pattern_field {
#define PATTERN_FIELD(id, name, meaning) PATTERN_##id,
#include "match/pattern_fields.def"
#undef PATTERN_FIELD
    PATTERN_FIELD_COUNT
};

enum pattern_occasion {
#define PATTERN_OCCASION(id, name, meaning) ON_##id,
#include "match/pattern_occasions.def"
#undef PATTERN_OCCASION
    ON_COUNT
};

enum pattern_meaning {
#define PATTERN_MEANING(id, name, meaning) MEANS_##id,
#include "match/pattern_meanings.def"
#undef PATTERN_MEANING
    MEANS_COUNT
};

enum {
    PATTERNS_MAX = 256,       /* over all files: sets of them are bits */
    PATTERN_TEXT_MAX = 512,   /* bytes of a field that are looked at */
    PATTERN_STEPS = 20000,    /* PCRE2's match limit, a field and expression */
    PATTERN_LIMITS_TO_OFF = 3 /* how often an expression may reach it in a run */
};

/* A set of patterns, by index. */
struct pattern_bits {
    uint64_t word[PATTERNS_MAX / 64];
};

static inline void pattern_bits_add(struct pattern_bits *b, unsigned index)
{
    b->word[index / 64] |= UINT64_C(1) << index % 64;
}

static inline bool pattern_bits_has(const struct pattern_bits *b, unsigned index)
{
    return (b->word[index / 64] >> index % 64 & 1) != 0;
}

/* What stands in the file; texts borrowed from it and ended by NUL. */
struct pattern_info {
    const char *id, *title, *literal, *regex; /* literal, regex: NULL when there is none */
    enum pattern_field field;
    enum pattern_meaning meaning;
    int severity;     /* as enum severity of alert/alert.h; -1: none */
    const char *file; /* as messages name it */
    unsigned entry;   /* number in it */
};

/* What is asked about: absent fields are no fields. */
struct pattern_subject {
    slice field[PATTERN_FIELD_COUNT];
    enum pattern_occasion occasion;
};

/* Counts of one run; of zeroes at first. */
struct pattern_counts {
    uint32_t tried, hits, limited; /* expressions run or literals found; hits of them; limit met */
    bool off;
};
struct pattern_run {
    struct pattern_counts each[PATTERNS_MAX];
};

struct patterns;

/* patterns_new - read and compile the patterns of all files of the kind
 *
 *   in        files   outlives the result
 *   result    NULL with *reterr (ERROR_CONFIG): file, entry, member, what is allowed */
struct patterns *patterns_new(const struct signature_set *files, struct error *reterr);

/* patterns_free - release; NULL is allowed; result NULL */
struct patterns *patterns_free(struct patterns *p);

/* patterns_check - does every match text hit, and no nomatch text? On every occasion of the entry
 *
 *   result    false with *reterr */
bool patterns_check(const struct patterns *p, const struct signature_set *files,
                    struct error *reterr);

/* patterns_count, patterns_info - how many; one by its index */
unsigned patterns_count(const struct patterns *p);
const struct pattern_info *patterns_info(const struct patterns *p, unsigned index);

/* patterns_match - ask all patterns about one subject
 *
 *   in/out    run    counts; an expression that is off does not run
 *   out       hits   bits are added
 *             tried  bits are added for what was found by literal or occasion, hit or not; NULL
 *                    allowed
 *   result    did an expression reach its limit for the last time, and is off from now on
 *   cost      a pass over each field; PATTERN_STEPS at most for each expression that is run */
bool patterns_match(const struct patterns *p, struct pattern_run *run,
                    const struct pattern_subject *subject, struct pattern_bits *hits,
                    struct pattern_bits *tried);

/* pattern_field_name, pattern_meaning_name - the words of the tables */
const char *pattern_field_name(enum pattern_field field);
const char *pattern_meaning_name(enum pattern_meaning meaning);

#endif
