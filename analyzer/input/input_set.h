/* input_set.h - command-line arguments to an ordered list of logs
 *
 * Files, "-" (stdin), directories and journals (journal.h). Of a directory: its regular files in
 * byte order of their names, not recursive, without hidden and binary ones; what was left out is
 * told by notes. The same file twice (device and inode) is read once. Regular files are opened only
 * to look at them and by input_set_open(); a pipe is opened once and kept, since what has been read
 * from it cannot be read again. */
#ifndef INPUT_INPUT_SET_H
#define INPUT_INPUT_SET_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "input/source.h"

enum input_kind {
    INPUT_FILE,  /* regular file, by path */
    INPUT_STDIN, /* "-", whatever is behind it */
    INPUT_PIPE   /* named pipe, /dev/fd/N, device */
};

struct input {
    char *path;          /* as to be opened; "-" for stdin */
    const char *name;    /* for messages and evidence: the path, or "(stdin)" */
    int64_t mtime_us;    /* see source_mtime_us(); of a pipe 0 until it has been opened */
    uint64_t size_bytes; /* on disk; 0 not known */
    enum input_kind kind;
    /* private */
    dev_t device;
    ino_t inode;
    struct source *pending; /* pipes: opened by input_set_head(), handed over by input_set_open() */
};

struct input_set {
    struct input *inputs;
    unsigned count;
    uint64_t size_bytes; /* sum over the inputs */
    bool size_known;     /* no input is a pipe: size_bytes is all there is to read */
    bool slow;           /* some input is, see source_is_slow() */
    unsigned duplicates; /* arguments or files dropped */
    char **notes;        /* directory entries left out, with the reason, one line each */
    unsigned note_count;
    struct source_options how; /* to read them; set it after init or not */
    /* private */
    unsigned capacity, note_capacity;
};

/* input_set_init - the empty set */
void input_set_init(struct input_set *set);

/* input_set_fini - close what is still pending and free all */
void input_set_fini(struct input_set *set);

/* input_set_add - add one argument
 *
 *   in        arg     file, directory, "-" or "journal:..."; copied
 *   result    false and *reterr when nothing can be read from it; the set is as before (but for
 *             notes) and further arguments may be added. A duplicate is dropped, counted, and true.
 *   cost      opens each regular file once (decoder, gzip time); never waits for a pipe */
bool input_set_add(struct input_set *set, const char *arg, struct error *reterr);

/* input_set_add_source - add an input that is open already; it is the set's from now on */
void input_set_add_source(struct input_set *set, struct source *source);

/* input_set_name - give the input of a number a path, which need not exist now; for logs that are
 * followed
 *
 *   in        i   at most set->count: then it is a new one */
void input_set_name(struct input_set *set, unsigned i, const char *path);

/* input_set_head - the first bytes of an input, decompressed and as UTF-8, leaving the input as it
 * was
 *
 *   in        i       < set->count; of a pipe, before input_set_open()
 *   out       buf     at most size bytes, not NUL-terminated
 *   result    number of bytes (0: empty), -1 when it cannot be read: input_set_open() says why
 *   note      on a pipe this waits for data, see source_peek() */
ssize_t input_set_head(struct input_set *set, unsigned i, char *buf, size_t size);

/* input_set_open - open an input for reading from its first byte
 *
 *   result    a source the caller frees, or NULL and *reterr
 *   note      a pipe can be opened once */
struct source *input_set_open(struct input_set *set, unsigned i, struct error *reterr);

#endif
