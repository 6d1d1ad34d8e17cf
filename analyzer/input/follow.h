/* follow.h - names of logs that may appear, grow, be rotated and vanish
 *
 * A followed name is a path, whether or not there is a file of it now. A directory, or a path whose
 * last part is a pattern ("MSGTRK*.LOG"), stands for the files that it has at the moment: their
 * names come and go. Changes are told by inotify(7) where the kernel does so, and found by looking
 * once a second everywhere (network file systems, symbolic links into other directories).
 *
 * What to do about a change is the reader's business (log_follow.c): this is names and waiting. */
#ifndef INPUT_FOLLOW_H
#define INPUT_FOLLOW_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/error.h"

enum { FOLLOW_LOOK_MS = 1000, FOLLOW_NAMES_MAX = 8192 };

struct follow;

/* follow_new - nothing followed yet; follow_free returns NULL */
struct follow *follow_new(void);
struct follow *follow_free(struct follow *f);

/* follow_add - follow a path, a directory, a pattern or a journal; a path that does not exist yet
 * is waited for
 *
 *   result    false and *reterr for what cannot be followed: a pipe, a device, too many names */
bool follow_add(struct follow *f, const char *arg, struct error *reterr);

/* follow_scan - look into the directories again
 *
 *   result    number of slots: names are numbered from 0 and keep their number; a number whose name
 *             has gone is used again */
unsigned follow_scan(struct follow *f);

/* follow_path - the name in a slot; NULL: the slot is free
 *
 *   lifetime  until follow_release() of the slot */
const char *follow_path(const struct follow *f, unsigned slot);

/* follow_release - give a slot back if its name was found in a directory and is there no more; true
 * if so */
bool follow_release(struct follow *f, unsigned slot);

/* follow_add_once - a slot for a file that is read once, to its end
 *
 *   result    the slot, or -1 when there is none left */
int follow_add_once(struct follow *f, const char *path);

/* follow_forget - give back a slot of follow_add_once(); other slots stay */
void follow_forget(struct follow *f, unsigned slot);

/* follow_is_once - is it a slot of follow_add_once() */
bool follow_is_once(const struct follow *f, unsigned slot);

/* follow_is_found - was the name found in a directory, not asked for by the user */
bool follow_is_found(const struct follow *f, unsigned slot);

/* follow_is_journal - is it no file but a journal (journal.h), which is always there */
bool follow_is_journal(const struct follow *f, unsigned slot);

/* follow_listen - follow_wait() ends as well when this descriptor can be read; -1: nothing */
void follow_listen(struct follow *f, int fd);

/* follow_stat - the regular file of a name, symbolic links followed; false when there is none */
bool follow_stat(const struct follow *f, unsigned slot, struct stat *ret);

/* follow_wait - sleep until something may have changed, a signal came, or the time is over
 *
 *   result    true: names may have come or gone, so look into the directories */
bool follow_wait(struct follow *f, int timeout_ms);

/* follow_siblings - the files that log rotation may have made of a path: "mail.log.1",
 * "mail.log-20260302.gz", "mail-20260302.log" for mail.log, and for a symbolic link those beside
 * its file whose names differ from that file's in digits only. Oldest first, without the path
 * itself
 *
 *   in        since_ns  only those modified then or later; 0 all
 *   out       ret    array of ret_count texts, each and the array itself to be freed by the caller
 *   cost      one pass over the directory */
unsigned follow_siblings(const char *path, int64_t since_ns, char ***ret);

#endif
