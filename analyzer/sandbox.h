/* sandbox.h - give up for good what a run does not need any more
 *
 * Landlock: no file but those under the places named can be opened, no TCP port but those named be
 * connected to. seccomp, where it was built in: no system call but those of reading, writing and
 * waiting; others fail with EPERM. Both hold for the process and all it may start, and cannot be
 * undone.
 *
 * limits: for the calling thread and those that it begins; what is open stays open. Sockets of this
 * machine are not bound to places. */
#ifndef SANDBOX_H
#define SANDBOX_H

#include <stdbool.h>

#include "base/error.h"

enum { SANDBOX_PLACES_MAX = 128, SANDBOX_PORTS_MAX = 16 };

struct sandbox {
    struct {
        char *path; /* owned */
        bool write;
    } places[SANDBOX_PLACES_MAX];
    unsigned places_count;
    unsigned ports[SANDBOX_PORTS_MAX]; /* TCP */
    unsigned ports_count;
    bool any_port; /* a port is not known by its number */
    bool listens;  /* a server thread will begin, and listen at a TCP port */
};

/* sandbox_may_read - everything under a directory, or one file; what is not there counts as the
 * nearest directory above it */
void sandbox_may_read(struct sandbox *s, const char *path);

/* sandbox_may_write - ... and files may be made, replaced and removed there; of what is not there
 * nothing */
void sandbox_may_write(struct sandbox *s, const char *path);

/* sandbox_enter - from now on nothing else may be done
 *
 *   result    false with *reterr (ERROR_CONFIG) when the system cannot do it, or there are more
 *             places than fit; what was entered until then holds */
bool sandbox_enter(const struct sandbox *s, struct error *reterr);

/* sandbox_holds - has this process entered one */
bool sandbox_holds(void);

/* sandbox_refuses_port - ... that lets it connect to no TCP port of this number */
bool sandbox_refuses_port(unsigned port);

/* sandbox_fini - forget the places; the sandbox holds */
void sandbox_fini(struct sandbox *s);

/* sandbox_has_filter - is the filter of system calls built in */
bool sandbox_has_filter(void);

/* sandbox_become - go on as another user, if this is root: groups, group, user, none to come back
 *
 *   in        paths   files made as root that are to be the user's; those that are missing, links
 *                     or no plain files are left alone
 *   result    false with *reterr (ERROR_CONFIG): no such user, or this is neither root nor he */
bool sandbox_become(const char *user, const char *const *paths, unsigned paths_count,
                    struct error *reterr);

#endif
