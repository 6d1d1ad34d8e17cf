/* relay_board.h - the relay question as a lattice: what was seen at each level, by whom, how
 *
 * Each recipient that an outside, unauthenticated client names for somebody else's domain reaches a
 * level. The verdict is the highest level reached; counts, times and parties are kept per level.
 * Merging two boards is adding counts and taking minima and maxima, so the state does not depend on
 * the order of lines.
 *
 * source: RFC 2505 2.1, RFC 5321 6.1 (acceptance is responsibility). */
#ifndef ALERT_RELAY_BOARD_H
#define ALERT_RELAY_BOARD_H

#include <stdint.h>

#include "alert/summary.h"
#include "base/siphash.h"

struct state_io;

enum relay_level {
    RELAY_REFUSED,        /* L1: refused at RCPT */
    RELAY_TRICK_ACCEPTED, /* L2: a hidden foreign recipient was accepted; delivery or bounce will
                             tell */
    RELAY_RCPT_ACCEPTED,  /* L3: a plain foreign recipient was accepted at RCPT */
    RELAY_QUEUED,         /* L4: queued for a foreign recipient; delivery was tried, or waits */
    RELAY_DELIVERED,      /* L5: handed to a remote host */
    RELAY_TRICK_BOUNCED,  /* L5n: accepted, then bounced here: no relay */
    RELAY_PLAIN_BOUNCED,  /* L5n of a plain recipient: a server that takes all and relays nothing */
    RELAY_LEVELS
};

struct relay_note {
    enum relay_level level;
    int64_t time_us;
    uint64_t client_hash;
    slice client;      /* formatted address */
    slice client_name; /* verified host name, absent */
    uint32_t forms;    /* address forms of the recipient, see event/address.h; 0 = plain */
    uint32_t count;    /* recipients, >= 1 */
};

struct relay_board;

/* relay_board_new - empty board; relay_board_free returns NULL */
struct relay_board *relay_board_new(void);
struct relay_board *relay_board_free(struct relay_board *b);

/* relay_board_new_small - the same for one server of several: 16 clients by name, 16 KiB */
struct relay_board *relay_board_new_small(void);

/* relay_board_mirror - what is noted on b is noted on another board as well, in the same order
 *
 *   in        mirror  called for each note; gives that board, never NULL and never b */
void relay_board_mirror(struct relay_board *b, struct relay_board *(*mirror)(void *arg), void *arg);

/* relay_board_note - one recipient reached a level; copies what it keeps */
void relay_board_note(struct relay_board *b, const struct relay_note *note);

/* relay_board_tester - a relay-test battery was recognised; the client that tried most is kept
 *
 *   in  text    "nmap smtp-open-relay, 16 of 16 refused": copied
 *       tests   how many of the battery's tests were tried; more of them, or another answer of the
 *               same client, replace what was told before */
void relay_board_tester(struct relay_board *b, uint64_t client_hash, slice text, unsigned tests);

/* relay_board_count - recipients that reached exactly this level */
uint64_t relay_board_count(const struct relay_board *b, enum relay_level level);

/* relay_board_verdict - fill state, times, parties, forms, count and unit of the relay verdict (not
 * its texts) */
void relay_board_verdict(const struct relay_board *b, struct verdict *ret);

/* relay_board_closed - was there a YES that ended: seven days without acceptance and 20 refusals
 * since, until now_us */
bool relay_board_closed(const struct relay_board *b, int64_t now_us);

/* relay_board_persist - to a state or back, see base/state.h */
void relay_board_persist(struct relay_board *b, struct state_io *io);

/* relay_board_merge - add what another run has on its board; both need the same hash key */
void relay_board_merge(struct relay_board *dst, const struct relay_board *src);

#endif
