/* signature_file.c - bytes -> checked JSON -> entries
 * grammar:  RFC 8259, one object; here no NUL, no member twice, at most 12 levels
 * algorithm: depth is counted before the parser sees the text, since the parser recurses
 * source:   cJSON.h (cJSON_ParseWithLengthOpts tells where it stopped)
 * limits:   the sizes of signature_file.h */
#include "match/signature_file.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/panic.h"
#include "base/utf8.h"

static const char *const kinds[SIGNATURE_KIND_COUNT] = {"reasons",  "block-lists", "scenarios",
                                                        "policies", "testers",     "patterns"};

/* A message quotes what the file says: on one line, and without control bytes for a terminal. */
static bool make_plain(struct error *error)
{
    for (char *c = error == NULL ? NULL : error->text; c != NULL && *c != '\0'; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7f)
            *c = '?';
    return false;
}

static bool file_error(const struct signature_file *f, struct error *reterr, const char *what)
{
    return error_set(reterr, ERROR_CONFIG, "%s: %s", f->path, what);
}

/* ---- bytes ---- */

static bool place_error(const struct signature_file *f, slice text, size_t at, const char *what,
                        struct error *reterr)
{
    size_t line = 1, column = 1;

    for (size_t i = 0; i < at && i < text.len; i++) {
        column = text.ptr[i] == '\n' ? 1 : column + 1;
        line += text.ptr[i] == '\n';
    }
    return error_set(reterr, ERROR_CONFIG, "%s:%zu:%zu: %s", f->path, line, column, what);
}

/* What the parser would not survive or not tell: deep nesting, NUL, bytes that are no UTF-8. */
static bool check_bytes(const struct signature_file *f, slice text, struct error *reterr)
{
    bool quoted = false;
    unsigned depth = 0;

    for (slice rest = text; rest.len > 0;) {
        size_t at = text.len - rest.len;
        uint32_t c = (unsigned char)rest.ptr[0];
        if (c < 0x80)
            rest = slice_from(rest, 1);
        else
            c = utf8_take(&rest);
        if (c == UTF8_BAD || c == 0)
            return place_error(f, text, at, "not UTF-8 text", reterr);
        if (quoted && c == '\\') {
            if (slice_starts(rest, SLICE_LIT("u0000")))
                return place_error(f, text, at, "no string may contain \\u0000", reterr);
            rest = slice_from(rest, 1);
        } else if (c == '"') {
            quoted = !quoted;
        } else if (!quoted && (c == '[' || c == '{')) {
            if (++depth > SIGNATURE_DEPTH_MAX)
                return place_error(f, text, at, "nested too deep (12 levels at most)", reterr);
        } else if (!quoted && (c == ']' || c == '}') && depth > 0) {
            depth--;
        }
    }
    return true;
}

static bool parse_json(struct signature_file *f, slice text, struct error *reterr)
{
    const char *end = text.ptr;

    if (!check_bytes(f, text, reterr))
        return false;
    f->root = cJSON_ParseWithLengthOpts(text.ptr, text.len, &end, false);
    if (f->root == NULL)
        return place_error(f, text, (size_t)(end - text.ptr), "not JSON from here on", reterr);
    if (slice_trim(slice_from(text, (size_t)(end - text.ptr))).len > 0)
        return place_error(f, text, (size_t)(end - text.ptr), "text after the JSON object", reterr);
    return cJSON_IsObject(f->root) || file_error(f, reterr, "is not one JSON object {...}");
}

/* ---- outline ---- */

/* The first member that is not in names, or that stands there twice; NULL when there is none. */
static const cJSON *wrong_member(const cJSON *object, const char *const *names, bool *ret_twice)
{
    const cJSON *m, *before;

    cJSON_ArrayForEach(m, object)
    {
        unsigned i = 0;
        while (names[i] != NULL && strcmp(names[i], m->string) != 0)
            i++;
        for (before = object->child; before != m && strcmp(before->string, m->string) != 0;)
            before = before->next;
        *ret_twice = before != m;
        if (names[i] == NULL || *ret_twice)
            return m;
    }
    return NULL;
}

static void join(const char *const *names, unsigned count, char *buf, size_t size)
{
    size_t n = 0;

    buf[0] = '\0';
    for (unsigned i = 0; i < count && names[i] != NULL && n < size; i++)
        if (names[i][0] != '\0')
            n += (size_t)snprintf(buf + n, size - n, "%s%s", n == 0 ? "" : ", ", names[i]);
}

static bool check_kind(struct signature_file *f, struct error *reterr)
{
    char allowed[200];
    const char *kind = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(f->root, "kind"));

    for (unsigned i = 0; kind != NULL && i < SIGNATURE_KIND_COUNT; i++) {
        f->kind = (enum signature_kind)i;
        if (strcmp(kind, kinds[i]) == 0)
            return true;
    }
    join(kinds, SIGNATURE_KIND_COUNT, allowed, sizeof allowed);
    return error_set(reterr, ERROR_CONFIG, "%s: \"kind\" is none of %s", f->path, allowed);
}

static bool check_outline(struct signature_file *f, struct error *reterr)
{
    static const char *const names[] = {"schema", "kind", "title", "entries", NULL};
    const cJSON *schema = cJSON_GetObjectItemCaseSensitive(f->root, "schema"),
                *title = cJSON_GetObjectItemCaseSensitive(f->root, "title"),
                *entries = cJSON_GetObjectItemCaseSensitive(f->root, "entries");
    bool twice;
    const cJSON *wrong = wrong_member(f->root, names, &twice);

    if (wrong != NULL) {
        error_set(reterr, ERROR_CONFIG,
                  "%s: %s member \"%.60s\"; allowed: schema, kind, title, entries", f->path,
                  twice ? "repeated" : "unknown", wrong->string);
        return make_plain(reterr);
    }
    if (!cJSON_IsNumber(schema) || schema->valueint != 1)
        return file_error(f, reterr, "\"schema\" must be 1");
    if (!cJSON_IsString(title) || title->valuestring[0] == '\0')
        return file_error(f, reterr, "\"title\" must be a text that says what the file is");
    if (!check_kind(f, reterr))
        return false;
    if (!cJSON_IsArray(entries))
        return file_error(f, reterr, "\"entries\" must be a list [{...}, ...]");
    f->count = (unsigned)cJSON_GetArraySize(entries);
    return f->count <= SIGNATURE_ENTRIES_MAX ||
           file_error(f, reterr, "more than 2048 entries; split the file");
}

bool signature_file_parse(const char *path, slice text, struct signature_file *ret,
                          struct error *reterr)
{
    *ret = (struct signature_file){.count = 0};
    slice_keep(slice_of(path), ret->path, sizeof ret->path);
    return parse_json(ret, text, reterr) && check_outline(ret, reterr);
}

bool signature_file_read(const char *path, struct signature_file *ret, struct error *reterr)
{
    FILE *f = NULL;
    struct stat st;
    char *buf;
    size_t n;
    bool ok;

    *ret = (struct signature_file){.count = 0};
    /* looked at before it is opened: a FIFO would block */
    if (stat(path, &st) != 0 || (S_ISREG(st.st_mode) && (f = fopen(path, "re")) == NULL))
        return error_set(reterr, ERROR_CONFIG, "%s: cannot open: %s", path, strerror(errno));
    if (f == NULL)
        return error_set(reterr, ERROR_CONFIG, "%s: is not a regular file", path);
    buf = panic_calloc(1, SIGNATURE_FILE_BYTES_MAX + 1);
    n = fread(buf, 1, SIGNATURE_FILE_BYTES_MAX + 1, f);
    if (ferror(f))
        ok = error_set(reterr, ERROR_CONFIG, "%s: cannot read: %s", path, strerror(errno));
    else if (n > SIGNATURE_FILE_BYTES_MAX)
        ok = error_set(reterr, ERROR_CONFIG, "%s: is larger than 1 MiB", path);
    else
        ok = signature_file_parse(path, (slice){buf, n}, ret, reterr);
    free(buf);
    fclose(f);
    return ok;
}

void signature_file_free(struct signature_file *f)
{
    cJSON_Delete(f->root);
    f->root = NULL;
}

/* ---- entries ---- */

struct signature_entry signature_file_first(const struct signature_file *f)
{
    const cJSON *entries = cJSON_GetObjectItemCaseSensitive(f->root, "entries");

    return (struct signature_entry){f, 1, entries == NULL ? NULL : entries->child};
}

void signature_file_next(struct signature_entry *e)
{
    e->object = e->object->next;
    e->number++;
}

static const cJSON *member(const struct signature_entry *e, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(e->object, name);
}

/* By what a person finds the entry; NULL: by nothing but its number. */
static const char *entry_name(const struct signature_entry *e)
{
    static const char *const members[] = {"id", "literal", "mark", "name"};
    const char *name = NULL;

    for (size_t i = 0; name == NULL && i < sizeof members / sizeof members[0]; i++)
        name = cJSON_GetStringValue(member(e, members[i]));
    return name;
}

bool signature_entry_error(const struct signature_entry *e, struct error *reterr,
                           const char *format, ...)
{
    char what[900];
    const char *name = entry_name(e);
    va_list args;

    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    error_set(reterr, ERROR_CONFIG, "%s: entry %u%s%.60s%s: %s", e->file->path, e->number,
              name == NULL ? "" : " (\"", name == NULL ? "" : name, name == NULL ? "" : "\")",
              what);
    return make_plain(reterr);
}

bool signature_entry_members(const struct signature_entry *e, const char *const *names,
                             struct error *reterr)
{
    bool twice;
    char allowed[300];
    const cJSON *wrong;

    if (!cJSON_IsObject(e->object))
        return signature_entry_error(e, reterr, "is not an object {...}");
    wrong = wrong_member(e->object, names, &twice);
    if (wrong == NULL)
        return true;
    join(names, 64, allowed, sizeof allowed);
    return signature_entry_error(e, reterr, "%s member \"%.60s\"; allowed: %s",
                                 twice ? "repeated" : "unknown", wrong->string, allowed);
}

bool signature_entry_has(const struct signature_entry *e, const char *name)
{
    return member(e, name) != NULL;
}

bool signature_entry_text(const struct signature_entry *e, const char *name, size_t min, slice *ret,
                          struct error *reterr)
{
    const cJSON *m = member(e, name);

    if (m == NULL)
        return signature_entry_error(e, reterr, "\"%s\" is missing", name);
    *ret = slice_of(cJSON_GetStringValue(m));
    if (ret->ptr == NULL || ret->len < min || ret->len > SIGNATURE_TEXT_MAX)
        return signature_entry_error(e, reterr, "\"%s\" must be a text of %zu to %d bytes", name,
                                     min, SIGNATURE_TEXT_MAX);
    return true;
}

bool signature_entry_label(const struct signature_entry *e, const char *name, size_t max,
                           slice *ret, struct error *reterr)
{
    bool good;

    if (!signature_entry_text(e, name, 0, ret, reterr))
        return false;
    good = ret->len > 0 && ret->len <= max;
    for (size_t i = 0; i < ret->len; i++)
        good &= (unsigned char)ret->ptr[i] >= ' ' && ret->ptr[i] != 0x7f;
    return good ||
           signature_entry_error(e, reterr, "\"%s\" must have 1 to %zu bytes and no control bytes",
                                 name, max);
}

bool signature_entry_literal(const struct signature_entry *e, const char *name, slice *ret,
                             struct error *reterr)
{
    size_t min = SIGNATURE_LITERAL_MIN;
    slice why;

    if (signature_entry_has(e, "short_because")) {
        if (!signature_entry_text(e, "short_because", 1, &why, reterr))
            return false;
        min = 2;
    }
    if (!signature_entry_text(e, name, 0, ret, reterr))
        return false;
    for (size_t i = 0; i < ret->len; i++)
        if (ret->ptr[i] < ' ' || ret->ptr[i] > '~')
            return signature_entry_error(e, reterr, "\"%s\" must be printable ASCII", name);
    if (ret->len >= min && ret->len <= SIGNATURE_LITERAL_MAX)
        return true;
    return signature_entry_error(e, reterr, "\"%s\" must have %zu to %d bytes%s", name, min,
                                 SIGNATURE_LITERAL_MAX,
                                 min == 2 ? "" : "; a shorter one needs \"short_because\"");
}

bool signature_entry_choice(const struct signature_entry *e, const char *name,
                            const char *const *names, unsigned count, unsigned *ret,
                            struct error *reterr)
{
    slice value = SLICE_NONE;
    char allowed[400];

    if (!signature_entry_text(e, name, 0, &value, reterr))
        return false;
    for (*ret = 0; *ret < count; ++*ret)
        if (value.len > 0 && slice_eq(value, slice_of(names[*ret])))
            return true;
    join(names, count, allowed, sizeof allowed);
    return signature_entry_error(e, reterr, "\"%s\" is \"%.40s\"; allowed: %s", name, value.ptr,
                                 allowed);
}

bool signature_entry_lines(const struct signature_entry *e, const char *name, unsigned min,
                           bool (*take)(void *arg, unsigned number, slice text,
                                        struct error *reterr),
                           void *arg, struct error *reterr)
{
    const cJSON *list = member(e, name), *line;
    unsigned number = 0;

    if (list != NULL && !cJSON_IsArray(list))
        return signature_entry_error(e, reterr, "\"%s\" must be a list of texts", name);
    cJSON_ArrayForEach(line, list)
    {
        slice text = slice_of(cJSON_GetStringValue(line));
        number++;
        if (text.len == 0 || text.len > SIGNATURE_TEXT_MAX)
            return signature_entry_error(e, reterr, "\"%s\" %u must be a text of 1 to %d bytes",
                                         name, number, SIGNATURE_TEXT_MAX);
        if (take != NULL && !take(arg, number, text, reterr))
            return false;
    }
    return number >= min || signature_entry_error(e, reterr, "\"%s\" must have at least %u text%s",
                                                  name, min, min == 1 ? "" : "s");
}

bool signature_entry_examples(const struct signature_entry *e, bool *wanted,
                              bool (*take)(void *arg, unsigned number, slice text,
                                           struct error *reterr),
                              void *arg, struct error *reterr)
{
    *wanted = true;
    if (!signature_entry_lines(e, "match", 1, take, arg, reterr))
        return false;
    *wanted = false;
    return signature_entry_lines(e, "nomatch", 0, take, arg, reterr);
}
