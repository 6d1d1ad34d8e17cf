/* signature_set.c - a folder's files by name, then the built-in ones that none of them replaces
 * source:   scandir(3)
 * limits:   64 files */
#include "match/signature_set.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <cjson/cJSON.h>

#include "base/siphash.h"

static bool is_builtin(const char *name)
{
    for (unsigned i = 0; i < signature_builtins_count; i++)
        if (strcmp(signature_builtins[i].name, name) == 0)
            return true;
    return false;
}

static int is_candidate(const struct dirent *d)
{
    slice name = slice_of(d->d_name);

    return name.ptr[0] != '.' && slice_ends(name, SLICE_LIT(".json")) &&
           !slice_eq(name, SLICE_LIT("schema.json"));
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static bool read_one(struct signature_set *s, const char *folder, const char *name,
                     struct error *reterr)
{
    char path[4096];

    if (s->count == SIGNATURE_FILES_MAX)
        return error_set(reterr, ERROR_CONFIG, "%s: more than 64 signature files", folder);
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return signature_file_read(path, &s->files[s->count++], reterr);
}

static bool builtin_one(struct signature_set *s, const struct signature_builtin *b,
                        struct error *reterr)
{
    char path[256];

    if (s->count == SIGNATURE_FILES_MAX)
        return error_set(reterr, ERROR_CONFIG, "more than 64 signature files");
    snprintf(path, sizeof path, "built-in %s", b->name);
    if (!signature_file_parse(path, (slice){(const char *)b->text, b->size}, &s->files[s->count++],
                              reterr))
        return false;
    s->files[s->count - 1].is_builtin = true;
    return true;
}

static bool load(struct signature_set *s, const char *folder, struct dirent **names, int count,
                 struct error *reterr)
{
    bool ok = true;

    for (int i = 0; ok && i < count; i++)
        if (!is_builtin(names[i]->d_name))
            ok = read_one(s, folder, names[i]->d_name, reterr);
    for (unsigned b = 0; ok && b < signature_builtins_count; b++) {
        bool replaced = false;
        for (int i = 0; i < count; i++)
            replaced |= strcmp(names[i]->d_name, signature_builtins[b].name) == 0;
        ok = replaced ? read_one(s, folder, signature_builtins[b].name, reterr)
                      : builtin_one(s, &signature_builtins[b], reterr);
    }
    return ok;
}

bool signature_set_load(const char *folder, struct signature_set *ret, struct error *reterr)
{
    struct dirent **names = NULL;
    int count = 0;
    bool ok;

    *ret = (struct signature_set){.count = 0};
    if (folder != NULL && (count = scandir(folder, &names, is_candidate, by_name)) < 0)
        return error_set(reterr, ERROR_CONFIG, "%s: cannot read the folder of signatures: %s",
                         folder, strerror(errno));
    ok = load(ret, folder, names, count, reterr);
    for (int i = 0; i < count; i++)
        free(names[i]);
    free(names);
    return ok;
}

void signature_set_free(struct signature_set *s)
{
    for (unsigned i = 0; i < s->count; i++)
        signature_file_free(&s->files[i]);
    s->count = 0;
}

unsigned signature_set_count(const struct signature_set *s, enum signature_kind kind)
{
    unsigned n = 0;

    for (unsigned i = 0; i < s->count; i++)
        n += s->files[i].kind == kind ? s->files[i].count : 0;
    return n;
}

static const struct signature_file *next_of(const struct signature_set *s, enum signature_kind kind,
                                            unsigned *at)
{
    while (*at < s->count && s->files[*at].kind != kind)
        ++*at;
    return *at < s->count ? &s->files[(*at)++] : NULL;
}

bool signature_set_same(const struct signature_set *a, const struct signature_set *b,
                        enum signature_kind kind)
{
    unsigned at_a = 0, at_b = 0;

    for (;;) {
        const struct signature_file *x = next_of(a, kind, &at_a), *y = next_of(b, kind, &at_b);
        if (x == NULL || y == NULL)
            return x == y;
        if (!cJSON_Compare(x->root, y->root, true))
            return false;
    }
}

bool signature_set_each(const struct signature_set *s, enum signature_kind kind,
                        bool (*take)(void *arg, const struct signature_entry *e, unsigned from,
                                     unsigned index, struct error *reterr),
                        void *arg, struct error *reterr)
{
    unsigned index = 0;

    for (unsigned i = 0; i < s->count; i++) {
        unsigned from = index;
        if (s->files[i].kind != kind)
            continue;
        for (struct signature_entry e = signature_file_first(&s->files[i]); e.object != NULL;
             signature_file_next(&e), index++)
            if (!take(arg, &e, from, index, reterr))
                return false;
    }
    return true;
}

static uint64_t file_hash(const char *folder, const char *name)
{
    static const struct hash_key fixed = {UINT64_C(0x7369676e61), UINT64_C(0x7475726573)};
    uint64_t sum = siphash13(&fixed, name, strlen(name));
    char path[4096], piece[8192];
    struct stat st;
    size_t n;

    snprintf(path, sizeof path, "%s/%s", folder, name);
    /* looked at before it is opened: a FIFO would block */
    FILE *f = stat(path, &st) == 0 && S_ISREG(st.st_mode) ? fopen(path, "re") : NULL;
    while (f != NULL && (n = fread(piece, 1, sizeof piece, f)) > 0)
        sum = hash_mix(sum, siphash13(&fixed, piece, n));
    if (f != NULL)
        fclose(f);
    return sum;
}

uint64_t signature_set_hash(const char *folder)
{
    struct dirent **names = NULL;
    int count = folder == NULL ? 0 : scandir(folder, &names, is_candidate, by_name);
    uint64_t sum = 0;

    for (int i = 0; i < count; i++) {
        sum += file_hash(folder, names[i]->d_name);
        free(names[i]);
    }
    free(names);
    return sum;
}
