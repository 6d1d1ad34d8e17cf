/* sasl_clients.h - clients that fail to log in: how often, how fast, against how many accounts
 *
 * State of the detector sasl_guess; knows nothing of rules or severities. */
#ifndef DETECT_SASL_CLIENTS_H
#define DETECT_SASL_CLIENTS_H

#include <stdint.h>

#include "base/cusum.h"
#include "base/decay.h"
#include "base/distinct.h"
#include "base/ip_addr.h"
#include "base/tally.h"

struct state_io;

enum { SASL_TRIED_MAX = 6, SASL_FAST = 10 };

struct sasl_tried { /* failures against one account; tag 0: unused */
    uint32_t tag, failures;
};

struct sasl_client {
    int64_t first_us, last_us; /* failures; starts over after two quiet days */
    struct cusum s;            /* bad = failed, good = login */
    struct decayed burst;      /* failures, half-life 5 minutes: is a person typing? */
    struct decayed day;        /* failures, half-life a day */
    struct distinct users;     /* accounts failed against, where the log names them */
    struct ip_addr ip;         /* address seen first */
    uint32_t failures, unnamed;
    struct distinct logins; /* accounts that logged in since first_us */
    struct sasl_tried tried[SASL_TRIED_MAX];
    bool fast; /* burst once passed SASL_FAST: no person types so */
    bool told, told_spray;
    bool honey; /* tried an account that is a trap */
};

struct sasl_clients;

/* sasl_clients_new - as many clients as fit into bytes
 *
 *   in        tally  who came lately, see table.h; borrowed; NULL: none
 * sasl_clients_free: NULL is allowed, result NULL */
struct sasl_clients *sasl_clients_new(size_t bytes, struct tally *tally);
struct sasl_clients *sasl_clients_free(struct sasl_clients *c);

/* sasl_clients_fail - count failures
 *
 *   in        principal  see correlate_principal()
 *             user_hash  0 when the log does not name the account
 *   result    the client, valid until the next call */
struct sasl_client *sasl_clients_fail(struct sasl_clients *c, uint64_t principal,
                                      const struct ip_addr *ip, uint64_t user_hash, uint32_t count,
                                      int64_t time_us);

/* sasl_clients_login - count a login that arouses no suspicion; user_hash 0: of nobody knows whom
 */
void sasl_clients_login(struct sasl_clients *c, uint64_t principal, uint64_t user_hash,
                        int64_t time_us);

/* sasl_clients_recent - the client, if it failed within the last 24 hours, or NULL */
const struct sasl_client *sasl_clients_recent(struct sasl_clients *c, uint64_t principal,
                                              int64_t time_us);

/* sasl_client_against - its failures against one account; those without a name are not in it */
uint32_t sasl_client_against(const struct sasl_client *k, uint64_t user_hash);

/* sasl_client_spread - at how many separate times it failed, see table_spread() */
unsigned sasl_client_spread(const struct sasl_client *k);

/* sasl_client_level - S of the CUSUM as of time_us */
double sasl_client_level(const struct sasl_client *k, int64_t time_us);

/* sasl_clients_evictions - entries given up for want of room */
uint64_t sasl_clients_evictions(const struct sasl_clients *c);
/* sasl_clients_bytes - memory reserved */
size_t sasl_clients_bytes(const struct sasl_clients *c);

/* sasl_clients_persist - to a state or back, see base/state.h */
void sasl_clients_persist(struct sasl_clients *c, struct state_io *io);

#endif
