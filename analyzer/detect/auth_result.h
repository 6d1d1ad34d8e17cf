/* auth_result.h - what an event says about passwords: a login, or failures, of whom and from where
 *
 * Used by the detectors that look at logins; knows nothing of rules. */
#ifndef DETECT_AUTH_RESULT_H
#define DETECT_AUTH_RESULT_H

#include "correlate/correlate.h"
#include "event/event.h"

struct auth_result {
    bool ok;            /* a login; else failures */
    bool first;         /* of a login: the first sign of it in its session */
    uint32_t count;     /* failures, >= 1 */
    uint64_t user_hash; /* 0: the log does not name the account */
    uint64_t place;     /* hash of the client's network, /16 or /48 */
};

/* auth_result_of - read an AUTH, MAIL or DISCONNECT event
 *
 *   result    false when it says nothing: no client, a temporary failure of our own, an
 * unauthenticated MAIL or one of a login that AUTH has told, a client on this host or a front end
 * that stands for many people */
bool auth_result_of(const struct event *ev, const struct context *cx, struct auth_result *ret);

/* auth_result_is_silent_login - does the DISCONNECT show a login that left no line of its own, and
 * no mail that names the account? */
bool auth_result_is_silent_login(const struct event *ev, const struct context *cx);

/* auth_result_place - hash of the network a client belongs to, wide enough for a provider's pool:
 * /16, IPv6 /48 */
uint64_t auth_result_place(const struct hash_key *key, const struct ip_addr *client);

#endif
