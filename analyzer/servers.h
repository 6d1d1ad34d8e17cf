/* servers.h - the servers that a run's logs come from, and what is told of each apart
 *
 * A server is the host that wrote the line and the family of its mail system (all logs of Exchange
 * are one). Where the format names no host (Exim's main log, qmail), it is the directory of the
 * log. Each has its count of events, its time, its figures of coverage and, from its first relay
 * evidence on, a relay board of its own; relay_board_mirror() feeds that, so that what is said of
 * the servers and what is said of the run cannot disagree.
 *
 * limits: SERVERS_MAX servers in the order they come; all others share one row, which says how many
 *         they are (within 3 %). Names are cut at SERVER_NAME_MAX, but told apart by all of them */
#ifndef SERVERS_H
#define SERVERS_H

#include "alert/relay_board.h"
#include "correlate/correlate.h"
#include "event/event.h"
#include "event/parser.h"

struct state_io;

enum { SERVERS_MAX = 64, SERVER_NAME_MAX = 128 };

/* What is known of one server. */
struct server {
    uint64_t hash;                                          /* of host or directory, and family */
    char host[SERVER_NAME_MAX], directory[SERVER_NAME_MAX]; /* host as first written; or "" */
    char mta[24];                                           /* the parser of its first event */
    bool logins_only;                                       /* no mail server: Dovecot, say */
    uint32_t others; /* how many servers share this row; 0: it is one */
    uint64_t events;
    int64_t first_us, last_us;
    struct correlate_stats stats; /* without evictions */
    struct relay_board *board;    /* NULL: nothing of relaying was seen */
};

struct servers;

struct servers_config {
    struct hash_key key;
    const struct correlate *correlate; /* whose figures are told apart; outlives it */
    const uint64_t *events;            /* how many there were, with the present one; outlives it */
    const char *(*source_name)(void *arg, uint32_t source);
    void *source_arg;
};

/* servers_new - none known; servers_free returns NULL */
struct servers *servers_new(const struct servers_config *config);
struct servers *servers_free(struct servers *s);

/* servers_turn - this event is, or may be, of another server than the one before; ahead of all
 * that counts it
 *
 * To be called when the host, the log or the parser is another one. Events in between are of the
 * same server and cost nothing.
 *
 *   in        last_us  time of the event before */
void servers_turn(struct servers *s, const struct event *ev, const struct parser *parser,
                  int64_t last_us);

/* servers_board - the relay board of the present server, for relay_board_mirror()
 *
 *   in        arg  struct servers */
struct relay_board *servers_board(void *arg);

/* servers_list - what is known of each, in the order of their first event; those that share a row
 * last
 *
 * Logs of login daemons count for the mail server on the same host, and a log that names no host
 * for the only named server of its family in the same directory.
 *
 *   in        last_us  time of the last event
 *   out       ret    room for SERVERS_MAX + 1; the boards are borrowed or owned, see
 *                    servers_list_free()
 *   result    how many were set */
unsigned servers_list(struct servers *s, int64_t last_us, struct server *ret);

/* servers_list_free - release what servers_list() made */
void servers_list_free(const struct servers *s, struct server *list, unsigned count);

/* server_family - "exchange" for all its logs, else the parser's name; borrows mta */
slice server_family(const char *mta);

/* servers_persist - to a state or back, see base/state.h */
void servers_persist(struct servers *s, int64_t last_us, struct state_io *io);

/* servers_merge - add what another run knows; both come from states, and need the same hash key */
void servers_merge(struct servers *dst, struct servers *src);

#endif
