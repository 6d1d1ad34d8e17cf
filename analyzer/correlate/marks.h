/* marks.h - which patterns each client was caught by
 *
 * Patterns are asked about events that are not mail as it should be: refusals, failed logins,
 * relaying, protocol anomalies. What hits is remembered for the client, so that an alert that a
 * later line raises knows it. */
#ifndef CORRELATE_MARKS_H
#define CORRELATE_MARKS_H

#include "correlate/correlate.h"
#include "match/pattern.h"

struct marks;
struct state_io;

/* marks_new - room for 4,096 clients; _free returns NULL
 *
 *   in        patterns   outlives it
 *             warn       told once of every expression that is switched off */
struct marks *marks_new(const struct patterns *patterns, void (*warn)(void *arg, const char *text),
                        void *warn_arg);
struct marks *marks_free(struct marks *m);

/* marks_renew - from now on other patterns; what a client was caught by is kept where one of the
 * same id is among them, and an expression that was switched off may try again
 *
 *   in        patterns   outlives it; those of before are not needed any more afterwards */
void marks_renew(struct marks *m, const struct patterns *patterns);

/* marks_event - ask the patterns about one event
 *
 *   cost      a look at its kind and outcome, when it is mail as it should be */
void marks_event(struct marks *m, const struct event *ev, const struct context *cx);

/* marks_of - the patterns a client was caught by; NULL: none */
const struct pattern_bits *marks_of(const struct marks *m, uint64_t client_hash);

/* marks_tried, marks_hit - of the event that was told last; none when it was not asked about */
const struct pattern_bits *marks_tried(const struct marks *m);
const struct pattern_bits *marks_hit(const struct marks *m);

/* marks_run - the counts so far; marks_clients: how many clients a pattern has caught */
const struct pattern_run *marks_run(const struct marks *m);
uint32_t marks_clients(const struct marks *m, unsigned pattern);

/* marks_patterns - those given at the start */
const struct patterns *marks_patterns(const struct marks *m);

/* marks_evictions - clients forgotten for want of room */
uint64_t marks_evictions(const struct marks *m);

/* marks_persist - to a state or back, see base/state.h */
void marks_persist(struct marks *m, struct state_io *io);

#endif
