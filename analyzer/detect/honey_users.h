/* honey_users.h - accounts that exist as a trap only: whoever tries one is guessing
 *
 * Names come from the configuration. A name without a domain stands for that local part in every
 * domain. */
#ifndef DETECT_HONEY_USERS_H
#define DETECT_HONEY_USERS_H

#include <stdbool.h>

#include "base/siphash.h"
#include "base/slice.h"

enum { HONEY_USERS_MAX = 256 };

struct honey_users;

/* honey_users_new - no names yet; key is copied. honey_users_free returns NULL */
struct honey_users *honey_users_new(const struct hash_key *key);
struct honey_users *honey_users_free(struct honey_users *h);

/* honey_users_add - a name, in any case; false when it is empty or there are too many */
bool honey_users_add(struct honey_users *h, slice name);

/* honey_users_renew - from now on the names of another list of the same key */
void honey_users_renew(struct honey_users *h, const struct honey_users *from);

/* honey_users_has - is this account one of them; false for NULL and for an absent name */
bool honey_users_has(const struct honey_users *h, slice user);

#endif
