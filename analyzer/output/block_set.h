/* block_set.h - who may be blocked, for every block list alike
 *
 * Of the incidents of a run, the addresses of those who did something to this server, less all that
 * must never be blocked: what is ours or trusted, what the admin allows, who sends the bounces of a
 * flood (they are innocent), servers that many share, whole networks unless asked for. Each entry
 * has an end; what is over is not in the list. Times are those of the log: the same log gives the
 * same list.
 *
 * source: the product's rule on block lists; RFC 4632 3.1 for aggregation. */
#ifndef OUTPUT_BLOCK_SET_H
#define OUTPUT_BLOCK_SET_H

#include "alert/alert.h"
#include "base/ip_addr.h"
#include "event/zones.h"

enum {
    BLOCK_ENTRIES_MAX = 65536, /* beyond that the least severe and oldest are left out */
    BLOCK_RULES_MAX = 3,       /* rules named for an entry */
    BLOCK_SKIPS_MAX = 50,      /* told in full; the rest is counted */
    BLOCK_V4_FLOOR = 24,       /* no entry is wider */
    BLOCK_V6_FLOOR = 48,
    BLOCK_V6_CLIENT = 64 /* an IPv6 client has a whole /64 */
};

struct block_policy {
    const struct zones *zones;  /* borrowed; NULL: private addresses only are ours */
    const struct ip_net *allow; /* borrowed; always wins */
    unsigned allow_count;
    enum severity min_severity;
    int64_t expire_us; /* since the last contributing line; 0: by severity, block_expire_us() */
    bool networks;     /* list the network that an alert is about, not only its known members */
};

struct block_entry {
    struct ip_net net;
    enum severity severity;
    const char *rules[BLOCK_RULES_MAX]; /* static ids, that of the most severe alert first */
    unsigned rules_count;
    char id[37]; /* alert id of the most severe */
    int64_t last_us, expires_us;
    uint32_t merged; /* entries that became this one */
    bool whole;      /* a network as such: others in it are blocked with it */
};

/* One that is not listed though an alert names it. */
struct block_skip {
    char what[72]; /* address or network */
    const char *rule, *why;
};

struct block_set {
    struct block_entry *entries; /* by family and address; disjoint */
    unsigned count, capacity;
    struct block_skip skips[BLOCK_SKIPS_MAX];
    unsigned skips_count;
    uint32_t skips_total, dropped; /* dropped: beyond BLOCK_ENTRIES_MAX */
    int64_t now_us;                /* end of the log */
};

/* block_expire_us - how long an entry of this severity lasts when nothing else is said: a day, from
 * high on a week */
int64_t block_expire_us(const struct block_policy *policy, enum severity severity);

/* block_names_attackers - do the addresses of this rule's alerts belong to who did it */
bool block_names_attackers(const struct alert *a);

/* block_refusal - why a network must not be listed for an alert; NULL when it may
 *
 *   result    static text: "trusted network" ... */
const char *block_refusal(const struct block_policy *policy, const struct alert *a,
                          const struct ip_net *net);

/* what block_refusal() says of a server that many send through: no reason not to report it */
extern const char block_shared[];

/* block_is_flood_sender - is the alert about bounces while a flood of them came in
 *
 *   in        incidents   all of the run */
bool block_is_flood_sender(const struct alert *a, const struct alert *const *incidents,
                           unsigned count);

/* block_set_build - the list of a run
 *
 *   in        incidents   borrowed for the call; any order gives the same list
 *             now_us      end of the log
 *   out       ret         free with block_set_free()
 *   cost      O(n log n) over incidents and members */
void block_set_build(const struct block_policy *policy, const struct alert *const *incidents,
                     unsigned count, int64_t now_us, struct block_set *ret);
void block_set_free(struct block_set *set);

/* block_net_text - "192.0.2.10" or "198.51.100.0/24"
 *
 *   result    over buf, IP_NET_TEXT bytes */
slice block_net_text(const struct ip_net *net, char *buf);

/* block_is_single - is it one address */
bool block_is_single(const struct ip_net *net);

/* block_left_s - seconds from the end of the log to the end of an entry, at least 1 */
int64_t block_left_s(const struct block_set *set, const struct block_entry *e);

#endif
