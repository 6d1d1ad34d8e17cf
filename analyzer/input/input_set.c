/* input_set.c - command-line arguments to an ordered list of logs
 * algorithm: stat decides file, directory or pipe; a regular file is opened once to see that it can
 *            be read and how old it is; a directory is listed, sorted with strcmp, added by file
 * limits:    not recursive; duplicates are searched linearly (hundreds of files, not millions) */
#include "input/input_set.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/panic.h"

enum { HEAD_BYTES = 1024 /* enough to see whether a file is text */ };

void input_set_init(struct input_set *set)
{
    *set = (struct input_set){.size_known = true};
}

void input_set_fini(struct input_set *set)
{
    for (unsigned i = 0; i < set->count; i++) {
        source_free(&set->inputs[i].pending);
        free(set->inputs[i].path);
    }
    for (unsigned i = 0; i < set->note_count; i++)
        free(set->notes[i]);
    free(set->inputs);
    free(set->notes);
    input_set_init(set);
}

/* An array with room for one more; capacity doubles. */
static void *grow(void *array, unsigned count, unsigned *capacity, size_t item_bytes)
{
    if (count < *capacity)
        return array;
    unsigned larger_capacity = *capacity == 0 ? 16 : *capacity * 2;
    void *larger = panic_calloc(larger_capacity, item_bytes);
    if (count > 0)
        memcpy(larger, array, count * item_bytes);
    free(array);
    *capacity = larger_capacity;
    return larger;
}

static char *keep_string(const char *text)
{
    size_t size = strlen(text) + 1;

    return memcpy(panic_calloc(1, size), text, size);
}

static void add_note(struct input_set *set, const char *text)
{
    set->notes = grow(set->notes, set->note_count, &set->note_capacity, sizeof *set->notes);
    set->notes[set->note_count++] = keep_string(text);
}

static bool is_duplicate(const struct input_set *set, const struct stat *facts)
{
    for (unsigned i = 0; i < set->count; i++)
        if (set->inputs[i].device == facts->st_dev && set->inputs[i].inode == facts->st_ino)
            return true;
    return false;
}

static void append_input(struct input_set *set, const char *path, struct input input,
                         const struct stat *facts)
{
    input.path = keep_string(path);
    input.name = input.kind == INPUT_STDIN ? "(stdin)" : input.path;
    input.device = facts->st_dev;
    input.inode = facts->st_ino;
    set->inputs = grow(set->inputs, set->count, &set->capacity, sizeof *set->inputs);
    set->inputs[set->count++] = input;
    set->size_bytes += input.size_bytes;
    set->size_known = set->size_known && S_ISREG(facts->st_mode);
}

/* Log text has no control bytes to speak of; NULs only ahead of it, where a crash left them. */
static bool looks_binary(slice head)
{
    unsigned controls = 0;

    while (head.len > 0 && head.ptr[0] == '\0')
        head = slice_from(head, 1);
    for (size_t i = 0; i < head.len; i++) {
        unsigned char c = (unsigned char)head.ptr[i];
        if (c == '\0')
            return true;
        controls += (c < ' ' && strchr("\t\n\v\f\r\033", c) == NULL) || c == 0x7F;
    }
    return head.len == 0 || controls * 10 > head.len;
}

/* What a directory has beside logs: databases, login records, archives. An empty file is text. */
static bool is_unwanted(struct source *source)
{
    slice head;

    if (!source_peek(source, HEAD_BYTES, &head))
        return true;
    return head.len > 0 && looks_binary(head);
}

static bool add_regular(struct input_set *set, const char *path, const struct stat *facts,
                        bool only_text, struct error *reterr)
{
    if (is_duplicate(set, facts)) {
        set->duplicates++;
        return true;
    }
    struct source *source = source_open_with(path, &set->how, reterr);
    if (source == NULL)
        return false;
    bool wanted = !only_text || !is_unwanted(source), slow = source_is_slow(source);
    struct input input = {.mtime_us = source_mtime_us(source),
                          .size_bytes = source_size_bytes(source),
                          .kind = INPUT_FILE};
    source_free(&source);
    if (!wanted)
        return error_set(reterr, ERROR_INPUT, "%s: not a text file", path);
    append_input(set, path, input, facts);
    set->slow = set->slow || slow;
    return true;
}

static int is_listed(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

/* Byte order, whatever the locale: alphasort() would ask strcoll(). */
static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

/* An entry that cannot be used is a note, not a failure: nobody asked for it by name. */
static void add_entry(struct input_set *set, const char *directory, const char *name)
{
    char path[PATH_MAX];
    struct stat facts;
    struct error reason = {0};
    size_t len = strlen(directory);
    const char *slash = len > 0 && directory[len - 1] == '/' ? "" : "/";
    int n = snprintf(path, sizeof path, "%s%s%s", directory, slash, name);

    if (n < 0 || (size_t)n >= sizeof path)
        error_set(&reason, ERROR_INPUT, "%s: path too long", name);
    else if (stat(path, &facts) != 0)
        error_set(&reason, ERROR_INPUT, "%s: cannot open: %s", path, strerror(errno));
    else if (S_ISREG(facts.st_mode))
        add_regular(set, path, &facts, true, &reason);
    if (reason.code != ERROR_NONE)
        add_note(set, reason.text);
}

static bool add_directory(struct input_set *set, const char *directory, struct error *reterr)
{
    struct dirent **entries;
    unsigned before = set->count + set->duplicates;
    int count = scandir(directory, &entries, is_listed, by_name);

    if (count < 0)
        return error_set(reterr, ERROR_INPUT, "%s: cannot open: %s", directory, strerror(errno));
    for (int i = 0; i < count; i++) {
        add_entry(set, directory, entries[i]->d_name);
        free(entries[i]);
    }
    free(entries);
    if (set->count + set->duplicates == before)
        return error_set(reterr, ERROR_INPUT, "%s: no log files in this directory", directory);
    return true;
}

/* Stdin, named pipes and devices are opened when they are needed: it may take long until something
 * comes. */
static bool add_stream(struct input_set *set, const char *path, const struct stat *facts,
                       enum input_kind kind)
{
    struct input input = {.kind = kind};

    if (is_duplicate(set, facts)) {
        set->duplicates++;
        return true;
    }
    if (S_ISREG(facts->st_mode)) { /* relaywatch - < mail.log */
        input.size_bytes = (uint64_t)facts->st_size;
        input.mtime_us = (int64_t)facts->st_mtim.tv_sec * 1000000 + facts->st_mtim.tv_nsec / 1000;
    }
    append_input(set, path, input, facts);
    return true;
}

/* It is opened here to see that it can be, and has something that may be read: who has no right to
 * a file of a journal is not told so by the system. */
static bool add_journal(struct input_set *set, const char *name, struct error *reterr)
{
    struct stat nowhere = {.st_mode = S_IFIFO};
    struct source *source;
    slice head;

    for (unsigned i = 0; i < set->count; i++) {
        if (strcmp(set->inputs[i].path, name) == 0) {
            set->duplicates++;
            return true;
        }
    }
    source = source_open(name, reterr);
    if (source == NULL)
        return false;
    bool good = source_peek(source, 1, &head) && head.len > 0;
    source_free(&source);
    if (!good)
        return error_set(reterr, ERROR_INPUT,
                         "%s has no entry that may be read (the group systemd-journal may)", name);
    append_input(set, name, (struct input){.kind = INPUT_FILE}, &nowhere);
    return true;
}

bool input_set_add(struct input_set *set, const char *arg, struct error *reterr)
{
    struct stat facts;
    bool is_stdin = strcmp(arg, "-") == 0;

    if (journal_is(arg))
        return add_journal(set, arg, reterr);
    if ((is_stdin ? fstat(STDIN_FILENO, &facts) : stat(arg, &facts)) != 0)
        return error_set(reterr, ERROR_INPUT, "%s: cannot open: %s", is_stdin ? "(stdin)" : arg,
                         strerror(errno));
    if (is_stdin)
        return add_stream(set, arg, &facts, INPUT_STDIN);
    if (S_ISDIR(facts.st_mode))
        return add_directory(set, arg, reterr);
    if (S_ISREG(facts.st_mode))
        return add_regular(set, arg, &facts, false, reterr);
    return add_stream(set, arg, &facts, INPUT_PIPE);
}

void input_set_add_source(struct input_set *set, struct source *source)
{
    struct input input = {.mtime_us = source_mtime_us(source),
                          .size_bytes = source_size_bytes(source),
                          .kind = INPUT_PIPE,
                          .pending = source};
    struct stat nowhere = {.st_mode = S_IFIFO};

    append_input(set, source_name(source), input, &nowhere);
}

void input_set_name(struct input_set *set, unsigned i, const char *path)
{
    struct stat nowhere = {.st_mode = S_IFREG};

    ASSERT(i <= set->count);
    if (i == set->count) {
        append_input(set, path, (struct input){.kind = INPUT_FILE}, &nowhere);
        return;
    }
    struct input *input = &set->inputs[i];
    if (strcmp(input->path, path) == 0)
        return;
    free(input->path);
    input->name = input->path = keep_string(path);
}

/* Open for good, or hand out what a look ahead has opened. */
static struct source *open_input(struct input_set *set, unsigned i, struct error *reterr)
{
    struct input *input = &set->inputs[i];
    struct source *source = input->pending;

    input->pending = NULL;
    if (source == NULL)
        source = source_open_with(input->path, &set->how, reterr);
    if (source != NULL)
        input->mtime_us = source_mtime_us(source);
    return source;
}

ssize_t input_set_head(struct input_set *set, unsigned i, char *buf, size_t size)
{
    ASSERT(i < set->count);
    struct input *input = &set->inputs[i];
    struct source *source = open_input(set, i, NULL);
    ssize_t result = -1;
    slice head;

    if (source == NULL)
        return -1;
    if (source_peek(source, size, &head)) {
        memcpy(buf, head.ptr, head.len);
        result = (ssize_t)head.len;
    }
    if (input->kind == INPUT_FILE)
        source_free(&source);
    else
        input->pending = source;
    return result;
}

struct source *input_set_open(struct input_set *set, unsigned i, struct error *reterr)
{
    ASSERT(i < set->count);
    return open_input(set, i, reterr);
}
