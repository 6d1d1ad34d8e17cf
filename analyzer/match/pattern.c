/* pattern.c - literals of each field in one automaton, PCRE2 behind them
 * algorithm: a set of candidates from one pass over the field, and those that need no literal on
 *            this occasion; each candidate's expression, compiled by JIT where that is allowed
 * source:    pcre2api(3): pcre2_set_match_limit, pcre2_set_depth_limit, pcre2_set_heap_limit;
 *            pcre2jit(3)
 * limits:    bytes, not characters: a field is whatever the client wrote; ASCII case is ignored.
 *            256 patterns, 512 bytes of a field */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "match/pattern.h"

#include <pcre2.h>
#include <stdlib.h>

#include "base/literal_set.h"
#include "base/panic.h"

enum {
    DEPTH_MAX = 2000,   /* nested steps without JIT */
    HEAP_KIB_MAX = 256, /* memory without JIT */
    NESTED_PARENS_MAX = 16,
    ID_MAX = 40,
    TITLE_MAX = 100
};

struct pattern {
    struct pattern_info info;
    slice literal;      /* empty: none */
    uint32_t occasions; /* set of 1 << enum pattern_occasion; all when none are named */
    pcre2_code *code;   /* NULL: the literal is enough */
};

struct patterns {
    struct pattern *list;
    unsigned count;
    struct literal_set *literals[PATTERN_FIELD_COUNT];
    unsigned *index_of[PATTERN_FIELD_COUNT];       /* of a literal: its pattern */
    struct pattern_bits bare[PATTERN_FIELD_COUNT]; /* those without a literal */
    bool looked_at[PATTERN_FIELD_COUNT];
    pcre2_match_context *limits;
    pcre2_match_data *data;
};

static const char *const field_names[] = {
#define PATTERN_FIELD(id, name, meaning) name,
#include "match/pattern_fields.def"
#undef PATTERN_FIELD
};
static const char *const occasion_names[] = {
#define PATTERN_OCCASION(id, name, meaning) name,
#include "match/pattern_occasions.def"
#undef PATTERN_OCCASION
};
static const char *const meaning_names[] = {
#define PATTERN_MEANING(id, name, meaning) name,
#include "match/pattern_meanings.def"
#undef PATTERN_MEANING
};
static const char *const severity_names[] = {"info", "low", "medium", "high", "critical"};

const char *pattern_field_name(enum pattern_field field)
{
    return field_names[field];
}

const char *pattern_meaning_name(enum pattern_meaning meaning)
{
    return meaning_names[meaning];
}

/* ---- from the files ---- */

static bool read_id(const struct signature_entry *e, struct pattern *p, struct error *reterr)
{
    slice id;

    if (!signature_entry_text(e, "id", 1, &id, reterr))
        return false;
    for (size_t i = 0; i < id.len; i++) {
        char c = id.ptr[i];
        if (id.len > ID_MAX || !((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'))
            return signature_entry_error(
                e, reterr, "\"id\" must have 1 to %d bytes of a to z, 0 to 9 and \"-\"", ID_MAX);
    }
    p->info.id = id.ptr;
    return true;
}

static bool read_title(const struct signature_entry *e, struct pattern *p, struct error *reterr)
{
    slice title, source;

    if (!signature_entry_label(e, "title", TITLE_MAX, &title, reterr) ||
        !signature_entry_text(e, "source", 1, &source, reterr))
        return false;
    p->info.title = title.ptr;
    return true;
}

struct reading {
    const struct signature_entry *entry;
    uint32_t occasions;
};

static bool read_occasion(void *arg, unsigned number, slice text, struct error *reterr)
{
    struct reading *r = arg;
    char allowed[120];
    size_t n = 0;

    for (unsigned i = 0; i < ON_COUNT; i++) {
        if (slice_eq(text, slice_of(occasion_names[i]))) {
            r->occasions |= 1U << i;
            return true;
        }
        n += (size_t)snprintf(allowed + n, sizeof allowed - n, "%s%s", i == 0 ? "" : ", ",
                              occasion_names[i]);
    }
    return signature_entry_error(r->entry, reterr, "\"on\" %u is \"%.40s\"; allowed: %s", number,
                                 text.ptr, allowed);
}

static bool read_when(const struct signature_entry *e, struct pattern *p, struct error *reterr)
{
    struct reading r = {.entry = e};

    if (signature_entry_has(e, "literal")) {
        if (!signature_entry_literal(e, "literal", &p->literal, reterr))
            return false;
        p->info.literal = p->literal.ptr;
    } else if (!signature_entry_has(e, "on") || !signature_entry_has(e, "regex")) {
        return signature_entry_error(
            e, reterr,
            "without \"literal\" it needs both \"regex\" and \"on\": an expression runs "
            "behind a literal or on named occasions only");
    }
    if (!signature_entry_lines(e, "on", signature_entry_has(e, "on"), read_occasion, &r, reterr))
        return false;
    p->occasions = r.occasions == 0 ? (1U << ON_COUNT) - 1 : r.occasions;
    return true;
}

static bool compile(const struct signature_entry *e, struct pattern *p, pcre2_compile_context *how,
                    struct error *reterr)
{
    const uint32_t options = PCRE2_CASELESS | PCRE2_DOLLAR_ENDONLY | PCRE2_NEVER_UTF |
                             PCRE2_NEVER_BACKSLASH_C | PCRE2_NO_AUTO_CAPTURE;
    PCRE2_UCHAR why[120];
    PCRE2_SIZE at = 0;
    uint32_t empty = 0;
    int error = 0;
    slice regex;

    if (!signature_entry_label(e, "regex", SIGNATURE_TEXT_MAX, &regex, reterr))
        return false;
    p->info.regex = regex.ptr;
    p->code = pcre2_compile((PCRE2_SPTR)regex.ptr, regex.len, options, &error, &at, how);
    if (p->code == NULL) {
        pcre2_get_error_message(error, why, sizeof why);
        return signature_entry_error(e, reterr, "\"regex\", byte %zu: %s", (size_t)at + 1,
                                     (const char *)why);
    }
    pcre2_pattern_info(p->code, PCRE2_INFO_MATCHEMPTY, &empty);
    if (empty != 0)
        return signature_entry_error(
            e, reterr, "\"regex\" matches where nothing stands; say what must be there");
    (void)pcre2_jit_compile(p->code, PCRE2_JIT_COMPLETE); /* without it, it is slower: no error */
    return true;
}

static bool read_regex(const struct signature_entry *e, struct pattern *p, struct error *reterr)
{
    pcre2_compile_context *how;
    bool ok;

    if (!signature_entry_has(e, "regex"))
        return true;
    how = pcre2_compile_context_create(NULL);
    ASSERT(how != NULL);
    pcre2_set_parens_nest_limit(how, NESTED_PARENS_MAX);
    ok = compile(e, p, how, reterr);
    pcre2_compile_context_free(how);
    return ok;
}

static bool read_entry(const struct signature_entry *e, struct pattern *p, struct error *reterr)
{
    static const char *const members[] = {
        "id",       "title",  "field",         "literal", "on",      "regex", "meaning",
        "severity", "source", "short_because", "match",   "nomatch", NULL};
    unsigned field = 0, meaning = 0, severity = 0;

    p->info.file = e->file->path;
    p->info.entry = e->number;
    p->info.severity = -1;
    if (!signature_entry_members(e, members, reterr) || !read_id(e, p, reterr) ||
        !read_title(e, p, reterr) ||
        !signature_entry_choice(e, "field", field_names, PATTERN_FIELD_COUNT, &field, reterr) ||
        !signature_entry_choice(e, "meaning", meaning_names, MEANS_COUNT, &meaning, reterr) ||
        !read_when(e, p, reterr) || !read_regex(e, p, reterr))
        return false;
    p->info.field = (enum pattern_field)field;
    p->info.meaning = (enum pattern_meaning)meaning;
    if (signature_entry_has(e, "severity")) {
        if (!signature_entry_choice(e, "severity", severity_names, 5, &severity, reterr))
            return false;
        p->info.severity = (int)severity;
    }
    return signature_entry_lines(e, "match", 1, NULL, NULL, reterr) &&
           signature_entry_lines(e, "nomatch", 0, NULL, NULL, reterr);
}

static bool check_id(const struct patterns *p, const struct signature_entry *e,
                     struct error *reterr)
{
    const struct pattern_info *own = &p->list[p->count - 1].info;

    for (unsigned i = 0; i + 1 < p->count; i++)
        if (strcmp(p->list[i].info.id, own->id) == 0)
            return signature_entry_error(e, reterr, "\"id\" is that of %s, entry %u, already",
                                         p->list[i].info.file, p->list[i].info.entry);
    return true;
}

static bool keep_entry(void *arg, const struct signature_entry *e, unsigned from, unsigned index,
                       struct error *reterr)
{
    struct patterns *p = arg;

    (void)from;
    if (index == PATTERNS_MAX)
        return signature_entry_error(e, reterr, "more than %d patterns in all files", PATTERNS_MAX);
    p->count = index + 1; /* a half-read one is released with the rest */
    return read_entry(e, &p->list[index], reterr) && check_id(p, e, reterr);
}

static void index_field(struct patterns *p, unsigned field)
{
    slice *literals = panic_calloc(p->count + 1, sizeof *literals);
    unsigned n = 0;

    p->index_of[field] = panic_calloc(p->count + 1, sizeof *p->index_of[field]);
    for (unsigned i = 0; i < p->count; i++) {
        if (p->list[i].info.field != field)
            continue;
        p->looked_at[field] = true;
        if (p->list[i].literal.len == 0) {
            pattern_bits_add(&p->bare[field], i);
            continue;
        }
        p->index_of[field][n] = i;
        literals[n++] = p->list[i].literal;
    }
    p->literals[field] = literal_set_new(literals, n);
    free(literals);
}

struct patterns *patterns_new(const struct signature_set *files, struct error *reterr)
{
    struct patterns *p = panic_calloc(1, sizeof *p);

    p->list = panic_calloc(PATTERNS_MAX, sizeof *p->list);
    if (!signature_set_each(files, SIGNATURE_PATTERNS, keep_entry, p, reterr))
        return patterns_free(p);
    for (unsigned f = 0; f < PATTERN_FIELD_COUNT; f++)
        index_field(p, f);
    p->limits = pcre2_match_context_create(NULL);
    p->data = pcre2_match_data_create(1, NULL);
    ASSERT(p->limits != NULL && p->data != NULL);
    pcre2_set_match_limit(p->limits, PATTERN_STEPS);
    pcre2_set_depth_limit(p->limits, DEPTH_MAX);
    pcre2_set_heap_limit(p->limits, HEAP_KIB_MAX);
    return p;
}

struct patterns *patterns_free(struct patterns *p)
{
    if (p == NULL)
        return NULL;
    for (unsigned i = 0; i < p->count; i++)
        pcre2_code_free(p->list[i].code);
    for (unsigned f = 0; f < PATTERN_FIELD_COUNT; f++) {
        literal_set_free(p->literals[f]);
        free(p->index_of[f]);
    }
    pcre2_match_context_free(p->limits);
    pcre2_match_data_free(p->data);
    free(p->list);
    free(p);
    return NULL;
}

unsigned patterns_count(const struct patterns *p)
{
    return p->count;
}

const struct pattern_info *patterns_info(const struct patterns *p, unsigned index)
{
    return &p->list[index].info;
}

/* ---- matching ---- */

struct candidates {
    const unsigned *index_of;
    struct pattern_bits bits;
};

static void take_literal(void *arg, unsigned index)
{
    struct candidates *c = arg;
    pattern_bits_add(&c->bits, c->index_of[index]);
}

/* Does the expression match? *ret_limited: it was stopped. */
static bool run_regex(const struct patterns *p, const struct pattern *pattern, slice text,
                      bool *ret_limited)
{
    int result =
        pcre2_match(pattern->code, (PCRE2_SPTR)text.ptr, text.len, 0, 0, p->data, p->limits);

    *ret_limited = result < 0 && result != PCRE2_ERROR_NOMATCH;
    return result >= 0;
}

static bool try_one(const struct patterns *p, unsigned index, slice text, struct pattern_run *run,
                    struct pattern_bits *hits)
{
    const struct pattern *pattern = &p->list[index];
    struct pattern_counts *counts = &run->each[index];
    bool limited = false, hit;

    counts->tried++;
    hit = pattern->code == NULL || run_regex(p, pattern, text, &limited);
    counts->hits += hit;
    counts->limited += limited;
    if (hit)
        pattern_bits_add(hits, index);
    counts->off = counts->limited >= PATTERN_LIMITS_TO_OFF;
    return counts->off;
}

static bool match_field(const struct patterns *p, unsigned field, slice text,
                        enum pattern_occasion occasion, struct pattern_run *run,
                        struct pattern_bits *hits, struct pattern_bits *tried)
{
    struct candidates c = {p->index_of[field], p->bare[field]};
    bool off = false;

    text = slice_first(text, PATTERN_TEXT_MAX);
    literal_set_scan(p->literals[field], text, take_literal, &c);
    for (unsigned w = 0; w < PATTERNS_MAX / 64; w++)
        for (uint64_t left = c.bits.word[w]; left != 0; left &= left - 1) {
            unsigned index = w * 64 + (unsigned)__builtin_ctzll(left);
            if (!(p->list[index].occasions >> occasion & 1) || run->each[index].off)
                continue;
            if (tried != NULL)
                pattern_bits_add(tried, index);
            off |= try_one(p, index, text, run, hits);
        }
    return off;
}

bool patterns_match(const struct patterns *p, struct pattern_run *run,
                    const struct pattern_subject *subject, struct pattern_bits *hits,
                    struct pattern_bits *tried)
{
    bool off = false;

    for (unsigned f = 0; f < PATTERN_FIELD_COUNT; f++)
        if (p->looked_at[f] && subject->field[f].len > 0)
            off |= match_field(p, f, subject->field[f], subject->occasion, run, hits, tried);
    return off;
}

/* ---- the texts of the files ---- */

struct check {
    const struct patterns *patterns;
    const struct signature_entry *entry;
    unsigned index;
    bool wanted;
};

/* The entry alone: what others say of the text does not matter. */
static bool check_text(void *arg, unsigned number, slice text, struct error *reterr)
{
    const struct check *c = arg;
    const struct pattern *p = &c->patterns->list[c->index];
    const char *member = c->wanted ? "match" : "nomatch";
    struct candidates found = {c->patterns->index_of[p->info.field], {{0}}};
    bool limited = false, hit;

    literal_set_scan(c->patterns->literals[p->info.field], slice_first(text, PATTERN_TEXT_MAX),
                     take_literal, &found);
    hit = (p->literal.len == 0 || pattern_bits_has(&found.bits, c->index)) &&
          (p->code == NULL || run_regex(c->patterns, p, text, &limited));
    if (limited)
        return signature_entry_error(
            c->entry, reterr, "\"%s\" %u \"%.120s\": the expression needs more than %d steps",
            member, number, text.ptr, PATTERN_STEPS);
    return hit == c->wanted ||
           signature_entry_error(c->entry, reterr, "\"%s\" %u \"%.120s\" %s", member, number,
                                 text.ptr, c->wanted ? "does not match" : "matches");
}

static bool check_entry(void *arg, const struct signature_entry *e, unsigned from, unsigned index,
                        struct error *reterr)
{
    struct check *c = arg;

    c->entry = e;
    (void)from;
    c->index = index;
    return signature_entry_examples(e, &c->wanted, check_text, c, reterr);
}

bool patterns_check(const struct patterns *p, const struct signature_set *files,
                    struct error *reterr)
{
    struct check c = {.patterns = p};

    return signature_set_each(files, SIGNATURE_PATTERNS, check_entry, &c, reterr);
}
