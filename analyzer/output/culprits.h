/* culprits.h - the addresses that reports to others may name, and for what
 *
 * The same decision as for block lists: attackers only, never ours, trusted or allowed, never a
 * sender of bounces during a flood. */
#ifndef OUTPUT_CULPRITS_H
#define OUTPUT_CULPRITS_H

#include "output/writer.h"

struct culprit {
    struct ip_addr ip;
    const struct alert *alert; /* borrowed */
    bool is_source; /* the alert is about it: it has log lines and a place; else a member */
    bool shared;    /* a provider's server: to be reported, not to be blocked */
};

struct culprits {
    struct culprit *list;
    unsigned count, capacity;
};

/* culprits_build - by incident, in the order of the incidents; each address once an incident
 *
 *   out       ret   free with culprits_free(); borrows the incidents */
void culprits_build(const struct run_info *run, const struct alert *const *incidents,
                    unsigned count, struct culprits *ret);
void culprits_free(struct culprits *c);

/* culprits_by_address - by address; of one address first what an alert is about, then the most
 * severe */
void culprits_by_address(struct culprits *c);

/* culprits_is_first - is i the first of its address, after culprits_by_address() */
bool culprits_is_first(const struct culprits *c, unsigned i);

/* culprits_expire_us - until when a report about this alert holds */
int64_t culprits_expire_us(const struct run_info *run, const struct alert *a);

#endif
