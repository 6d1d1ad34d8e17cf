/* exchange_session.c - a pool of sessions and commands without a pointer in it
 * algorithm: sessions by hash of their key in chains, with the whole key compared; a list from the
 *            session silent longest to the newest; commands in singly linked lists; places that
 *            were given back are used first
 * limits:    2,048 sessions, 16,384 commands. The hash has no secret: an attacker can make chains
 *            longer by choosing ports, up to the number of sessions, but forge none */
#include "exchange_session.h"

#include "base/siphash.h"

/* ---- the key ---- */

static uint64_t hash_of(slice id, slice peer, bool sending)
{
    static const struct hash_key key = {UINT64_C(0x65786368), UINT64_C(0x616e6765)};

    return hash_mix(siphash13(&key, id.ptr, id.len), siphash13(&key, peer.ptr, peer.len)) + sending;
}

static bool is_key(const struct exchange_session *s, uint64_t hash, slice id, slice peer)
{
    return s->hash == hash && slice_eq(slice_of(s->id), id) && slice_eq(slice_of(s->peer), peer);
}

static uint16_t place_of(const struct exchange_sessions *all, const struct exchange_session *s)
{
    return (uint16_t)(s - all->session + 1);
}

/* ---- by age ---- */

static void unlink_age(struct exchange_sessions *all, const struct exchange_session *s)
{
    if (s->older != 0)
        all->session[s->older - 1].newer = s->newer;
    else
        all->oldest = s->newer;
    if (s->newer != 0)
        all->session[s->newer - 1].older = s->older;
    else
        all->newest = s->older;
}

static void link_newest(struct exchange_sessions *all, struct exchange_session *s)
{
    uint16_t place = place_of(all, s);

    s->older = all->newest;
    s->newer = 0;
    if (all->newest != 0)
        all->session[all->newest - 1].newer = place;
    else
        all->oldest = place;
    all->newest = place;
}

/* ---- commands ---- */

struct exchange_command *exchange_session_first(struct exchange_sessions *all,
                                                const struct exchange_list *list)
{
    return list->first == 0 ? NULL : &all->command[list->first - 1];
}

/* Take the head off; its place is the caller's. */
static uint16_t take_first(struct exchange_sessions *all, struct exchange_list *list)
{
    uint16_t place = list->first;

    list->first = all->command[place - 1].next;
    if (list->first == 0)
        list->last = 0;
    list->count--;
    return place;
}

static void put_last(struct exchange_sessions *all, struct exchange_list *list, uint16_t place)
{
    all->command[place - 1].next = 0;
    if (list->last != 0)
        all->command[list->last - 1].next = place;
    else
        list->first = place;
    list->last = place;
    list->count++;
}

void exchange_session_drop(struct exchange_sessions *all, struct exchange_list *list)
{
    uint16_t place;

    if (list->first == 0)
        return;
    place = take_first(all, list);
    all->command[place - 1].next = all->free_command;
    all->free_command = place;
}

void exchange_session_clear(struct exchange_sessions *all, struct exchange_list *list)
{
    while (list->first != 0)
        exchange_session_drop(all, list);
}

void exchange_session_accept(struct exchange_sessions *all, struct exchange_session *s)
{
    if (s->waiting.first != 0)
        put_last(all, &s->accepted, take_first(all, &s->waiting));
}

/* A free place; the oldest sessions but `keep` give way for it. 0 when keep has all. */
static uint16_t free_command(struct exchange_sessions *all, const struct exchange_session *keep)
{
    while (all->free_command == 0 && all->used_commands == EXCHANGE_COMMANDS) {
        struct exchange_session *victim = &all->session[all->oldest - 1];
        if (victim == keep) {
            if (victim->newer == 0)
                return 0;
            victim = &all->session[victim->newer - 1];
        }
        exchange_session_end(all, victim);
        all->evictions++;
    }
    if (all->free_command == 0)
        return ++all->used_commands;
    uint16_t place = all->free_command;
    all->free_command = all->command[place - 1].next;
    return place;
}

void exchange_session_push(struct exchange_sessions *all, struct exchange_session *s,
                           enum exchange_verb verb, slice text)
{
    struct exchange_command *c;
    uint16_t place;

    if (s->waiting.count + s->accepted.count >= EXCHANGE_COMMANDS_EACH) {
        exchange_session_clear(all, &s->waiting);
        exchange_session_clear(all, &s->accepted);
        all->evictions++;
    }
    place = free_command(all, s);
    if (place == 0)
        return;
    c = &all->command[place - 1];
    c->verb = (uint8_t)verb;
    c->missing = text.ptr == NULL || text.len > sizeof c->text;
    c->len = (uint16_t)slice_first(text, sizeof c->text).len;
    if (c->len > 0)
        memcpy(c->text, text.ptr, c->len);
    put_last(all, &s->waiting, place);
}

/* ---- sessions ---- */

void exchange_session_reset(struct exchange_sessions *all, struct exchange_session *s)
{
    exchange_session_clear(all, &s->accepted);
    s->flags &= ~(uint32_t)EXCHANGE_HAS_SENDER;
    s->sender[0] = '\0';
    s->nrcpt = 0;
    s->size = 0;
}

void exchange_session_restart(struct exchange_sessions *all, struct exchange_session *s)
{
    struct exchange_session fresh = {.hash = s->hash,
                                     .sending = s->sending,
                                     .older = s->older,
                                     .newer = s->newer,
                                     .chain = s->chain};

    exchange_session_clear(all, &s->waiting);
    exchange_session_clear(all, &s->accepted);
    memcpy(fresh.id, s->id, sizeof fresh.id);
    memcpy(fresh.peer, s->peer, sizeof fresh.peer);
    *s = fresh;
}

void exchange_session_end(struct exchange_sessions *all, struct exchange_session *s)
{
    uint16_t place = place_of(all, s), *link = &all->chain[s->hash % EXCHANGE_SESSIONS];

    exchange_session_clear(all, &s->waiting);
    exchange_session_clear(all, &s->accepted);
    while (*link != place)
        link = &all->session[*link - 1].chain;
    *link = s->chain;
    unlink_age(all, s);
    s->chain = all->free_session;
    all->free_session = place;
}

static struct exchange_session *free_session(struct exchange_sessions *all)
{
    struct exchange_session *s;

    if (all->free_session == 0 && all->used_sessions < EXCHANGE_SESSIONS)
        return &all->session[all->used_sessions++];
    if (all->free_session == 0) {
        exchange_session_end(all, &all->session[all->oldest - 1]);
        all->evictions++;
    }
    s = &all->session[all->free_session - 1];
    all->free_session = s->chain;
    return s;
}

static struct exchange_session *find(struct exchange_sessions *all, uint64_t hash, slice id,
                                     slice peer)
{
    for (uint16_t place = all->chain[hash % EXCHANGE_SESSIONS]; place != 0;
         place = all->session[place - 1].chain)
        if (is_key(&all->session[place - 1], hash, id, peer))
            return &all->session[place - 1];
    return NULL;
}

struct exchange_session *exchange_session_get(struct exchange_sessions *all, slice id, slice peer,
                                              bool sending, bool *ret_new)
{
    struct exchange_session *s;
    uint64_t hash;

    id = slice_first(id, sizeof s->id - 1);
    peer = slice_first(peer, sizeof s->peer - 1);
    hash = hash_of(id, peer, sending);
    s = find(all, hash, id, peer);
    if (ret_new != NULL)
        *ret_new = s == NULL;
    if (s != NULL) {
        if (s->newer != 0) {
            unlink_age(all, s);
            link_newest(all, s);
        }
        return s;
    }
    s = free_session(all);
    memset(s, 0, sizeof *s);
    s->hash = hash;
    s->sending = sending;
    slice_keep(id, s->id, sizeof s->id);
    slice_keep(peer, s->peer, sizeof s->peer);
    s->chain = all->chain[hash % EXCHANGE_SESSIONS];
    all->chain[hash % EXCHANGE_SESSIONS] = place_of(all, s);
    link_newest(all, s);
    return s;
}

/* ---- hosts ---- */

void exchange_session_learn_host(struct exchange_sessions *all, const struct ip_addr *ip,
                                 slice name)
{
    unsigned i = 0;

    if (ip->family == 0 || name.len == 0)
        return;
    while (i < all->hosts && !ip_addr_eq(&all->host[i].ip, ip))
        i++;
    if (i == EXCHANGE_HOSTS)
        return;
    all->hosts = i == all->hosts ? i + 1 : all->hosts;
    all->host[i].ip = *ip;
    slice_keep(name, all->host[i].name, sizeof all->host[i].name);
}

slice exchange_session_host(const struct exchange_sessions *all, const struct ip_addr *ip)
{
    for (unsigned i = 0; i < all->hosts; i++)
        if (ip_addr_eq(&all->host[i].ip, ip))
            return slice_of(all->host[i].name);
    return SLICE_NONE;
}
