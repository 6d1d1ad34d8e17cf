/* event_keys.c - hashes of what stands in an event, most of them from a cache of the lines before
 * source:   base/siphash.h, correlate/key_cache.h
 * limits:   ids that few events have (the other message of a notification) are hashed by those who
 *           ask for them */
#include "correlate/event_keys.h"

static bool has_judged_recipient(const struct event *ev)
{
    return ev->kind == EVENT_RCPT || ev->kind == EVENT_DELIVERY || ev->kind == EVENT_ENVELOPE;
}

void event_keys_of(struct event_keyer *k, const struct event *ev, struct event_keys *ret)
{
    const struct hash_key *key = &k->key;
    slice instance = event_field(ev, EF_INSTANCE);

    ret->scope = ret->queue_scope = scope_hash(&k->scope, key, event_field(ev, EF_HOST), instance);
    if (!event_is_joined(ev)) {
        *ret = (struct event_keys){.scope = ret->scope, .queue_scope = ret->scope};
        return;
    }
    if (event_has(ev, EF_QUEUE_HOST))
        ret->queue_scope = scope_hash(&k->scope, key, event_field(ev, EF_QUEUE_HOST), instance);
    ret->session = event_key_of_id(k, ret->scope, event_field(ev, EF_SESSION));
    ret->queue = event_key_of_id(k, ret->queue_scope, event_field(ev, EF_QUEUE_ID));
    ret->client = ev->client.family == 0 ? 0 : principal_cache_of(&k->clients, key, &ev->client);
    ret->user = event_key_of_text(key, event_field(ev, EF_USER));
    ret->sender = event_key_of_text(key, event_field(ev, EF_SENDER));
    ret->rcpt = has_judged_recipient(ev) ? event_key_of_text(key, event_field(ev, EF_RCPT)) : 0;
}
