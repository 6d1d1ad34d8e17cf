/* honey_users.c - a short list of hashed names
 * limits: 256 names; looked through one by one, and only for logins and failures */
#include "detect/honey_users.h"

#include <stdint.h>
#include <stdlib.h>

#include "base/panic.h"

struct honey_users {
    struct hash_key key;
    unsigned count;
    uint64_t hash[HONEY_USERS_MAX];
};

struct honey_users *honey_users_new(const struct hash_key *key)
{
    struct honey_users *h = panic_calloc(1, sizeof *h);

    h->key = *key;
    return h;
}

struct honey_users *honey_users_free(struct honey_users *h)
{
    free(h);
    return NULL;
}

bool honey_users_add(struct honey_users *h, slice name)
{
    if (name.len == 0 || h->count == HONEY_USERS_MAX)
        return false;
    h->hash[h->count++] = siphash13_lower(&h->key, name);
    return true;
}

void honey_users_renew(struct honey_users *h, const struct honey_users *from)
{
    *h = *from;
}

static bool is_listed(const struct honey_users *h, slice name)
{
    uint64_t hash = siphash13_lower(&h->key, name);

    for (unsigned i = 0; i < h->count; i++)
        if (h->hash[i] == hash)
            return true;
    return false;
}

bool honey_users_has(const struct honey_users *h, slice user)
{
    if (h == NULL || h->count == 0 || user.len == 0)
        return false;
    return is_listed(h, user) || is_listed(h, slice_first(user, slice_rfind_byte(user, '@')));
}
