/* signature_set.h - the files of wordings a run uses: those in the program and those of a folder
 *
 * A file of the folder with the name of a built-in one replaces it; the others stand, in the order
 * of their names, before the built-in ones, so that what an admin adds decides first. "schema.json"
 * and names that do not end in ".json" are not read. */
#ifndef MATCH_SIGNATURE_SET_H
#define MATCH_SIGNATURE_SET_H

#include "match/signature_file.h"

enum { SIGNATURE_FILES_MAX = 64 };

/* A file of signatures/ as the build put it into the program; the table is made by CMake. */
struct signature_builtin {
    const char *name;
    const unsigned char *text;
    size_t size;
};
extern const struct signature_builtin signature_builtins[];
extern const unsigned signature_builtins_count;

struct signature_set {
    struct signature_file files[SIGNATURE_FILES_MAX]; /* in the order in which they decide */
    unsigned count;
};

/* signature_set_load - read all; entries are not looked into
 *
 *   in        folder   NULL: the built-in files only
 *   out       ret      signature_set_free() in any case
 *   result    false with *reterr (ERROR_CONFIG) for the first file that is wrong */
bool signature_set_load(const char *folder, struct signature_set *ret, struct error *reterr);

/* signature_set_free - release; a set of zeroes is allowed */
void signature_set_free(struct signature_set *s);

/* signature_set_hash - of the names and bytes of a folder's files; 0 for NULL or an empty folder.
 * The built-in files are the program's */
uint64_t signature_set_hash(const char *folder);

/* signature_set_count - entries of all files of a kind */
unsigned signature_set_count(const struct signature_set *s, enum signature_kind kind);

/* signature_set_same - do the files of a kind say the same in two sets */
bool signature_set_same(const struct signature_set *a, const struct signature_set *b,
                        enum signature_kind kind);

/* signature_set_each - call take for every entry of the files of a kind
 *
 *   in        take   index: of the entry among all of the kind, from 0; from: of the first of its
 *                    file. False ends the walk
 *   result    false when take said so */
bool signature_set_each(const struct signature_set *s, enum signature_kind kind,
                        bool (*take)(void *arg, const struct signature_entry *e, unsigned from,
                                     unsigned index, struct error *reterr),
                        void *arg, struct error *reterr);

#endif
