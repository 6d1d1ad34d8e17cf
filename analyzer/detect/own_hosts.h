/* own_hosts.h - our own mail servers seen in the log, as small numbers, for detectors that judge a
 * host
 *
 * A log may hold the lines of several servers; each is judged by itself. The first 31 get a number
 * of their own, any further ones share the last. */
#ifndef DETECT_OWN_HOSTS_H
#define DETECT_OWN_HOSTS_H

#include "alert/alert.h"
#include "event/event.h"
#include "event/zones.h"

enum { OWN_HOSTS_MAX = 32 };

/* All zero is empty. */
struct own_hosts {
    unsigned count;
    slice last; /* borrows the name of the host found last: nearly every line has the same */
    unsigned last_slot;
    char name[OWN_HOSTS_MAX][128];
};

/* own_hosts_slot - the number of the host that wrote the line: 0 .. OWN_HOSTS_MAX - 1 */
unsigned own_hosts_slot(struct own_hosts *h, const struct event *ev);

/* own_hosts_entity - what an alert calls it: its name, else our main domain where the log names no
 * host
 *
 *   out       buf   ALERT_ENTITY_MAX bytes; result borrows it, or h */
slice own_hosts_entity(const struct own_hosts *h, unsigned slot, const struct zones *zones,
                       char *buf);

/* own_hosts_forget_last - after the list was read from a state: the name found last is not its own
 */
static inline void own_hosts_forget_last(struct own_hosts *h)
{
    h->last = SLICE_NONE;
    h->last_slot = h->count;
}

#endif
