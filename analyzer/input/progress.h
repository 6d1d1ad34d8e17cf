/* progress.h - one line on the terminal that says how far the run is
 *
 *     mail.log.2.gz  43%  118.2 MB/s  12,345,678 lines
 *
 * The only part of the input stage that looks at the wall clock; nothing the program finds depends
 * on it. Whoever prints to the same terminal calls progress_clear() first; the next update draws
 * the line again. */
#ifndef INPUT_PROGRESS_H
#define INPUT_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum progress_mode { PROGRESS_AUTO, PROGRESS_ALWAYS, PROGRESS_NEVER };

struct progress {
    int fd;
    bool enabled, drawn;
    uint64_t total_bytes;      /* 0 not known: amount instead of percent */
    int64_t start_us, next_us; /* monotonic clock */
};

/* What to say. Bytes are compressed bytes over all inputs, done and current. */
struct progress_state {
    const char *name; /* of the current input; may be NULL */
    uint64_t consumed_bytes;
    uint64_t lines;
};

/* progress_init - decide whether to show anything
 *
 *   in        fd           where, STDERR_FILENO
 *             mode         AUTO: only when fd is a terminal that is not dumb; -q means NEVER
 *             total_bytes  of all inputs; 0 not known */
void progress_init(struct progress *progress, int fd, enum progress_mode mode,
                   uint64_t total_bytes);

/* progress_update - draw the line, at most four times a second
 *
 *   cost      a branch when disabled, else one clock read: call it every few thousand lines */
void progress_update(struct progress *progress, const struct progress_state *state);

/* progress_clear - erase the line if one is drawn */
void progress_clear(struct progress *progress);

/* progress_format - the text of the line, printable ASCII only
 *
 *   in        elapsed_us  since the start
 *   out       buf         NUL-terminated, cut to size
 *   result    its length */
size_t progress_format(const struct progress *progress, const struct progress_state *state,
                       int64_t elapsed_us, char *buf, size_t size);

#endif
