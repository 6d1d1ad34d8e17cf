/* event_keys.h - the keyed hashes of an event that follow from the event alone
 *
 * Correlation looks everything up by them. They depend on nothing that was seen before, so a thread
 * that parses ahead may take them ahead as well, and whoever judges need not hash. */
#ifndef CORRELATE_EVENT_KEYS_H
#define CORRELATE_EVENT_KEYS_H

#include "correlate/key_cache.h"
#include "correlate/principal_cache.h"
#include "correlate/scope.h"
#include "event/event.h"

struct event_keys {
    uint64_t scope;          /* of host and instance; never 0 */
    uint64_t queue_scope;    /* of the host of its queue id, and the instance; never 0 */
    uint64_t session, queue; /* of SESSION and QUEUE_ID, each in its scope; 0: none */
    uint64_t client;         /* principal, see correlate_principal(); 0: none */
    uint64_t user, sender;   /* of the lower-cased text; 0: none, or empty */
    uint64_t rcpt;           /* the same of RCPT, where the event judges a recipient */
};

/* Zeroed but for the key: nothing hashed yet. Each thread has its own. */
struct event_keyer {
    struct hash_key key;
    struct scope_cache scope;
    struct key_cache ids;
    struct principal_cache clients;
};

/* event_is_joined - false: the event is joined to no session and no message, and has no keys but
 * its scope */
static inline bool event_is_joined(const struct event *ev)
{
    return ev->kind != EVENT_MESSAGE_ID || ev->may_repeat;
}

/* event_keys_of - all keys of ev */
void event_keys_of(struct event_keyer *k, const struct event *ev, struct event_keys *ret);

/* event_key_of_id - of a queue or session id within a scope; 0 for an absent or empty one */
static inline uint64_t event_key_of_id(struct event_keyer *k, uint64_t scope, slice id)
{
    return id.len == 0 ? 0 : key_cache_mixed(&k->ids, &k->key, scope, id) | 1;
}

/* event_key_of_text - of an address or account, whatever its case; 0 for an absent or empty one */
static inline uint64_t event_key_of_text(const struct hash_key *key, slice text)
{
    return text.len == 0 ? 0 : siphash13_lower(key, text) | 1;
}

#endif
