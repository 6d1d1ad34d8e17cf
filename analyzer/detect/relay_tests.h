/* relay_tests.h - the relay-test battery each client runs, over all its connections
 *
 * Shared by those who see recipients refused and those who see them accepted. All functions take
 * NULL for "nobody asks". */
#ifndef DETECT_RELAY_TESTS_H
#define DETECT_RELAY_TESTS_H

#include "alert/relay_board.h"
#include "base/outbuf.h"
#include "correlate/correlate.h"
#include "event/event.h"
#include "match/tester.h"

struct relay_tests;
struct state_io;

/* relay_tests_new - all memory at once, some 1.5 MiB of which what is used counts; _free returns
 * NULL
 *
 *   in        testers   outlives it
 *             board     is told the name of what was recognised; outlives it */
struct relay_tests *relay_tests_new(const struct testers *testers, struct relay_board *board);
struct relay_tests *relay_tests_free(struct relay_tests *t);

/* relay_tests_renew - from now on other batteries; what was tried so far is judged by them no more
 *
 *   in        testers   outlives it; those of before are not needed any more afterwards
 *             same      they say the same: nothing is forgotten */
void relay_tests_renew(struct relay_tests *t, const struct testers *testers, bool same);

/* relay_tests_note - one recipient tried by the client of the event
 *
 *   out       buf   TESTER_TEXT_MAX bytes
 *   result    "nmap smtp-open-relay, 9 of 16 tried, all refused" once it is known, borrows buf;
 *             absent before */
slice relay_tests_note(struct relay_tests *t, const struct event *ev, const struct context *cx,
                       enum tester_answer answer, char *buf);

/* relay_tests_text - the same without a new try: another line about one that was noted */
slice relay_tests_text(const struct relay_tests *t, const struct context *cx, char *buf);

/* relay_tests_note_own - a recipient at an address literal of ours: a test only if the client has
 * tried others
 *
 *   cost      nothing but a look at the recipient's form, for ordinary mail */
void relay_tests_note_own(struct relay_tests *t, const struct event *ev, const struct context *cx);

/* relay_tests_explain - what is known of the client of the event: "nmap smtp-open-relay, ...", or
 * what is nearest and missing; nothing when nothing is */
void relay_tests_explain(const struct relay_tests *t, const struct context *cx, struct outbuf *out);

/* relay_tests_evictions, relay_tests_bytes - as of a table */
uint64_t relay_tests_evictions(const struct relay_tests *t);
size_t relay_tests_bytes(const struct relay_tests *t);

/* relay_tests_persist - to a state or back, see base/state.h */
void relay_tests_persist(struct relay_tests *t, struct state_io *io);

#endif
