/* auth_result.c - logins and failures from three kinds of event
 * algorithm: AUTH says it plainly; MAIL with an account is the login of servers that log no other,
 *            and says nothing new in a session whose AUTH was seen; what the counters of DISCONNECT
 *            have beyond the failures seen in the session left no line of its own and is added,
 *            once.
 * source:    RFC 4954 (535 is a wrong password, 454 our own trouble)
 * limits:    the unseen failures of a session whose beginning was not seen are not counted */
#include "detect/auth_result.h"

uint64_t auth_result_place(const struct hash_key *key, const struct ip_addr *client)
{
    struct ip_net net = ip_net_of(client, 16, 48);
    uint64_t words[3] = {net.base.hi, net.base.lo, net.bits};

    return siphash13(key, words, sizeof words);
}

static bool from_auth(const struct event *ev, struct auth_result *ret)
{
    ret->ok = ev->outcome == OUTCOME_ACCEPTED;
    ret->first = true;
    ret->count = ev->repeat;
    return ret->ok || ev->outcome == OUTCOME_REFUSED;
}

static bool from_mail(const struct context *cx, struct auth_result *ret)
{
    ret->ok = true;
    ret->first = cx->session == NULL || cx->session->transactions <= 1;
    if (cx->session != NULL && (cx->session->flags & SESSION_LOGGED_IN))
        return false;
    return cx->authed && cx->user_hash != 0;
}

static bool from_disconnect(const struct event *ev, const struct context *cx,
                            struct auth_result *ret)
{
    const struct session_counters *n = &ev->counters;
    uint32_t failed = n->auth_all > n->auth_ok ? n->auth_all - n->auth_ok : 0;

    if (!n->present || cx->session == NULL || failed <= cx->session->auth_failures)
        return false;
    ret->count = failed - cx->session->auth_failures;
    return true;
}

bool auth_result_is_silent_login(const struct event *ev, const struct context *cx)
{
    return ev->kind == EVENT_DISCONNECT && ev->counters.present && ev->counters.auth_ok > 0 &&
           cx->session != NULL && cx->session->user[0] == '\0' && cx->client.family != 0 &&
           cx->client_zone != CLIENT_LOOPBACK && cx->client_zone != CLIENT_FRONTEND;
}

/* Most mail comes without a login, most sessions end without a failed one. */
static bool says_nothing(const struct event *ev, const struct context *cx)
{
    return (ev->kind == EVENT_MAIL && !cx->authed) ||
           (ev->kind == EVENT_DISCONNECT && ev->counters.auth_all <= ev->counters.auth_ok);
}

bool auth_result_of(const struct event *ev, const struct context *cx, struct auth_result *ret)
{
    bool says_something;

    if (says_nothing(ev, cx))
        return false;
    *ret = (struct auth_result){.count = 1};
    if (cx->client.family == 0 || cx->client_zone == CLIENT_LOOPBACK ||
        cx->client_zone == CLIENT_FRONTEND)
        return false;
    switch (ev->kind) {
    case EVENT_AUTH:
        says_something = from_auth(ev, ret);
        break;
    case EVENT_MAIL:
        says_something = from_mail(cx, ret);
        break;
    default:
        says_something = from_disconnect(ev, cx, ret);
        break;
    }
    if (!says_something)
        return false;
    ret->user_hash = ev->kind == EVENT_DISCONNECT ? 0 : cx->user_hash;
    ret->place = auth_result_place(cx->key, &cx->client);
    return true;
}
