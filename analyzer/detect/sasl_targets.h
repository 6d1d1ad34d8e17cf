/* sasl_targets.h - accounts whose password is tried: from how many clients and networks
 *
 * State of the detector sasl_guess; knows nothing of rules or severities. */
#ifndef DETECT_SASL_TARGETS_H
#define DETECT_SASL_TARGETS_H

#include <stdint.h>

#include "base/ip_addr.h"
#include "base/slice.h"
#include "detect/recent_set.h"

struct state_io;

enum { SASL_EARLY_MAX = 16, SASL_USER_MAX = 80 };

struct sasl_target {
    int64_t first_us, last_us; /* failures; starts over after a quiet day */
    uint32_t failures;
    uint32_t early_count;
    bool told;
    struct recent_set clients, places; /* of 12 to 24 hours */
    struct ip_addr early[SASL_EARLY_MAX];
    char user[SASL_USER_MAX]; /* lower case, cut */
};

struct sasl_targets;

/* sasl_targets_new - as many accounts as fit into bytes; sasl_targets_free: NULL is allowed, result
 * NULL */
struct sasl_targets *sasl_targets_new(size_t bytes);
struct sasl_targets *sasl_targets_free(struct sasl_targets *t);

struct sasl_attempt {
    uint64_t user_hash, principal,
        place; /* place: hash of the client's network, see auth_result_place() */
    slice user;
    const struct ip_addr *ip;
    uint32_t count;
    int64_t time_us;
};

/* sasl_targets_fail - count failures against an account from a place that is not its usual one
 *
 *   result    the account, valid until the next call; NULL at the first sight of a name (names cost
 * an attacker nothing, entries cost us memory) */
struct sasl_target *sasl_targets_fail(struct sasl_targets *t, const struct sasl_attempt *a);

/* sasl_targets_find - the account, or NULL */
const struct sasl_target *sasl_targets_find(struct sasl_targets *t, uint64_t user_hash);

/* sasl_target_clients, sasl_target_places - different clients and networks that failed within 12 to
 * 24 hours */
unsigned sasl_target_clients(const struct sasl_target *k, int64_t time_us);
unsigned sasl_target_places(const struct sasl_target *k, int64_t time_us);

/* sasl_targets_evictions - entries given up for want of room */
uint64_t sasl_targets_evictions(const struct sasl_targets *t);
/* sasl_targets_bytes - memory reserved */
size_t sasl_targets_bytes(const struct sasl_targets *t);

/* sasl_targets_persist - to a state or back, see base/state.h */
void sasl_targets_persist(struct sasl_targets *t, struct state_io *io);

#endif
