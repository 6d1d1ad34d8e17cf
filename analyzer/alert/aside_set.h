/* aside_set.h - what was told of incidents that gave way to others, for very many in fixed memory
 *
 * An incident takes some kilobytes, so that few thousands fit into a small budget; what keeps it
 * from being announced as new a second time takes 32 bytes: its key, when it began and was last
 * seen, the day of its id, how far it was told. Whoever lays it aside takes it out again when the
 * incident goes on. What has rested for more than a day is of no use and gives way without a word;
 * else the one seen longest ago goes, and is counted as forgotten: should it go on, it is announced
 * again.
 *
 * Times are kept in whole seconds, rounded down; figures with 24 bits. */
#ifndef ALERT_ASIDE_SET_H
#define ALERT_ASIDE_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "alert/alert.h"

struct state_io;
struct aside_set;

struct aside {
    int64_t first_us, last_us; /* contributing events */
    int64_t window_start_us;   /* the day that its id is made of */
    int64_t told_us;           /* last_us when it was last told; known within 68 hours of last_us */
    double observed, told_observed;
    const char *unit;  /* given to aside_set_put(); of aside_set_take() NULL */
    uint16_t unit_tag; /* of aside_set_take(): see aside_unit_tag() */
    enum severity severity;
    uint32_t sequence; /* at most 65535 */
    bool closed;
};

/* aside_set_new - a set in so many bytes (at least 512), all reserved here; untouched pages cost
 * nothing. aside_set_free: NULL is allowed; result NULL */
struct aside_set *aside_set_new(size_t bytes);
struct aside_set *aside_set_free(struct aside_set *s);

/* aside_set_put - keep it, instead of what was kept under the key
 *
 *   in        key   64-bit keyed hash
 *   cost      eight cache lines
 *   limits    times before 1970 and after 2106 have no room: counted as forgotten */
void aside_set_put(struct aside_set *s, uint64_t key, const struct aside *a);

/* aside_set_take - the one of the key, which is taken out; false: it is not there */
bool aside_set_take(struct aside_set *s, uint64_t key, struct aside *ret);

/* aside_unit_tag - a number for the text of a unit; 0 for NULL. Equal texts have equal numbers */
uint16_t aside_unit_tag(const char *unit);

/* aside_set_count - incidents laid aside now */
uint32_t aside_set_count(const struct aside_set *s);
/* aside_set_forgotten - those that had to go less than a day after they were last seen */
uint64_t aside_set_forgotten(const struct aside_set *s);
/* aside_set_bytes - memory reserved */
size_t aside_set_bytes(const struct aside_set *s);

/* aside_set_persist - to a state or back, see base/state.h */
void aside_set_persist(struct aside_set *s, struct state_io *io);

#endif
