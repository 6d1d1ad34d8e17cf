/* signature_file.h - one JSON file of wordings, read with suspicion and with errors for a person
 *
 * A file is one object: "schema": 1, "kind", "title", "entries": [{...}]. What the members of an
 * entry mean is the reader's of its kind (reason.c, block_list.c); this file knows the shape, the
 * bounds, and how to say what is wrong: file, entry by number and literal, member, what is allowed.
 * Used at start only.
 *
 * source: RFC 8259; signatures/schema.json says the same as a JSON Schema. */
#ifndef MATCH_SIGNATURE_FILE_H
#define MATCH_SIGNATURE_FILE_H

#include "base/error.h"
#include "base/slice.h"

enum {
    SIGNATURE_FILE_BYTES_MAX = 1 << 20,
    SIGNATURE_ENTRIES_MAX = 2048, /* a file */
    SIGNATURE_DEPTH_MAX = 12,
    SIGNATURE_LITERAL_MIN = 4, /* bytes: a shorter one occurs by chance */
    SIGNATURE_LITERAL_MAX = 128,
    SIGNATURE_TEXT_MAX = 500 /* of any other string */
};

enum signature_kind {
    SIGNATURE_REASONS,
    SIGNATURE_BLOCK_LISTS,
    SIGNATURE_SCENARIOS,
    SIGNATURE_POLICIES,
    SIGNATURE_TESTERS,
    SIGNATURE_PATTERNS,
    SIGNATURE_KIND_COUNT
};

struct cJSON;

struct signature_file {
    char path[256]; /* as messages name it */
    enum signature_kind kind;
    struct cJSON *root; /* owned */
    unsigned count;     /* of entries */
    bool is_builtin;    /* as it came with the program: set by the set, after parsing */
};

/* One entry: borrowed from its file. */
struct signature_entry {
    const struct signature_file *file;
    unsigned number; /* from 1 */
    const struct cJSON *object;
};

/* signature_file_parse - text to a checked outline; entries are not looked into
 *
 *   in        path   for messages; cut at 255 bytes
 *             text   borrowed for the call; any bytes
 *   out       ret    signature_file_free() in any case
 *   result    false with *reterr (ERROR_CONFIG) */
bool signature_file_parse(const char *path, slice text, struct signature_file *ret,
                          struct error *reterr);

/* signature_file_read - the same from a regular file of at most SIGNATURE_FILE_BYTES_MAX */
bool signature_file_read(const char *path, struct signature_file *ret, struct error *reterr);

/* signature_file_free - release; a file of zeroes is allowed */
void signature_file_free(struct signature_file *f);

/* signature_file_first, signature_file_next - walk the entries: for (e = first(f); e.object;
 * next(&e)) */
struct signature_entry signature_file_first(const struct signature_file *f);
void signature_file_next(struct signature_entry *e);

/* signature_entry_error - "PATH: entry 3 ("relay access denied"): ..." in *reterr; result false
 * An entry is called by its id, literal, mark or name, the first that it has. */
bool signature_entry_error(const struct signature_entry *e, struct error *reterr,
                           const char *format, ...) __attribute__((format(printf, 3, 4)));

/* signature_entry_members - is the entry an object that has members of this list only, each once?
 *
 *   in        names   ends with NULL
 *   result    false with *reterr, which names the members that are allowed */
bool signature_entry_members(const struct signature_entry *e, const char *const *names,
                             struct error *reterr);

/* signature_entry_has - is there such a member? */
bool signature_entry_has(const struct signature_entry *e, const char *name);

/* signature_entry_text - a string of min to SIGNATURE_TEXT_MAX bytes that must be there
 *
 *   out       ret   borrows from the file */
bool signature_entry_text(const struct signature_entry *e, const char *name, size_t min, slice *ret,
                          struct error *reterr);

/* signature_entry_label - what a report will show: a text of 1 to max bytes, no control bytes */
bool signature_entry_label(const struct signature_entry *e, const char *name, size_t max,
                           slice *ret, struct error *reterr);

/* signature_entry_literal - the member `name` as a literal: SIGNATURE_LITERAL_MIN to _MAX bytes of
 * ASCII, or at least 2 when "short_because" says why */
bool signature_entry_literal(const struct signature_entry *e, const char *name, slice *ret,
                             struct error *reterr);

/* signature_entry_choice - a string that is one of names
 *
 *   in        names   of which the empty ones cannot be chosen
 *   out       ret     index in names
 *   result    false with *reterr, which lists them all */
bool signature_entry_choice(const struct signature_entry *e, const char *name,
                            const char *const *names, unsigned count, unsigned *ret,
                            struct error *reterr);

/* signature_entry_lines - call take for every text of a list of strings
 *
 *   in        min    how many there must be
 *             take   NULL: check the shape only; false ends the walk
 *   result    false with *reterr, of the shape or by take */
bool signature_entry_lines(const struct signature_entry *e, const char *name, unsigned min,
                           bool (*take)(void *arg, unsigned number, slice text,
                                        struct error *reterr),
                           void *arg, struct error *reterr);

/* signature_entry_examples - call take for every text of "match", of which there must be one, and
 * then of "nomatch"
 *
 *   out       wanted   what the text at hand is to do: true for "match"
 *   result    as of signature_entry_lines() */
bool signature_entry_examples(const struct signature_entry *e, bool *wanted,
                              bool (*take)(void *arg, unsigned number, slice text,
                                           struct error *reterr),
                              void *arg, struct error *reterr);

#endif
